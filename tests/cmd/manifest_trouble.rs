//! `apply` when something goes wrong in the middle of it, or somebody else is at work.

use super::manifest::{LAB, applied, done, map, planned, settles};
use crate::common::{Ran, Sandbox};
use rootlet::disk::Lock;
use rootlet::manifest;
use rootlet::pki::{NoSecrets, Pki, PlanRequest};
use std::sync::Arc;

const FLEET: &str = "[cert.'${each}']\nprofile = 'client'\nissuer = 'issuing'\nfor_each = ['n1', 'n2', 'n3']\n";

fn serials(s: &Sandbox) -> usize {
    s.json(&["list", "--all"])["certificates"].as_array().unwrap().len()
}

/// The leaves are recorded, and then the disk, or whoever holds a lock, ends it all.
#[test]
fn what_was_recorded_is_not_issued_again_by_the_same_apply() {
    let s = Sandbox::new();
    s.write("lab.toml", format!("{LAB}{FLEET}"));
    s.ok(&["apply", "lab.toml"]);
    let before = serials(&s);
    s.write("lab.toml", format!("{LAB}{FLEET}subject = 'CN=n,O=x'\n"));
    let lock = Lock::exclusive(&s.path("pki/certs")).unwrap();
    let mut command = s.command(&["apply", "lab.toml", "--json"]);
    command.env("ROOTLET_LOCK_WAIT", "0");
    let outcome = Ran::of(command).exits(1).object();
    drop(lock);
    assert_eq!(serials(&s), before + 3, "each once: {outcome}");
    assert_eq!((&outcome["error"]["code"], &outcome["error"]["retryable"]), (&"not-released".into(), &true.into()));
    assert!(outcome["results"].as_array().unwrap().iter().all(|r| r["action"] == "unchanged"), "{outcome}");
    assert_eq!(applied(&s, &["lab.toml"]), map([]), "the next command finishes it");
    assert_eq!(serials(&s), before + 3);
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
}

/// The largest case of all: everything below a CA that got a new key.
#[test]
fn what_cascades_is_made_together() {
    let s = Sandbox::new();
    s.write("lab.toml", format!("{LAB}{FLEET}"));
    s.ok(&["apply", "lab.toml"]);
    let keys = ["n1", "n2", "alice"].map(|n| s.field(n, "spki_sha256"));
    s.write("lab.toml", format!("{LAB}{FLEET}").replace("p384", "p256"));
    let lock = Lock::exclusive(&s.path("pki/certs")).unwrap();
    let mut command = s.command(&["apply", "lab.toml", "--replace-ca", "lab-root", "--json"]);
    command.env("ROOTLET_LOCK_WAIT", "0");
    let outcome = Ran::of(command).exits(1).object();
    drop(lock);
    assert_eq!(
        done(&outcome),
        map([("lab-root", "reissued"), ("issuing", "renewed")]),
        "one batch, and it ended there"
    );
    assert_eq!(applied(&s, &["lab.toml"]), map([]));
    assert_eq!(["n1", "n2", "alice"].map(|n| s.field(n, "spki_sha256")), keys, "with the keys that they had");
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
}

/// What a CA that is there and is refused keeps from being made is told as it is.
#[test]
fn below_a_ca_that_is_refused() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.write("lab.toml", format!("{LAB}{FLEET}").replace("permit =", "encrypt_key = true\npermit ="));
    assert_eq!(planned(&s, &["lab.toml"])["issuing"], "refused");
    let outcome = s.run(&["apply", "lab.toml", "--json"]).exits(1).object();
    let of = |name: &str| outcome["results"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap().clone();
    assert_eq!(of("n1")["action"], "skipped");
    assert_eq!(of("n1")["reason"], "its issuer `issuing` is refused");
    assert_eq!(of("alice")["action"], "unchanged");
}

fn read(s: &Sandbox, text: &str) -> manifest::Manifest {
    manifest::load(&[s.write("lab.toml", text)], &|_| None).unwrap()
}

/// Who was asked about one list of names has not agreed to another.
#[test]
fn what_changes_while_somebody_thinks_is_asked_about_again() {
    let s = Sandbox::new();
    s.write("lab.toml", format!("{LAB}{FLEET}"));
    s.ok(&["apply", "lab.toml"]);
    let manifest = read(&s, LAB);
    s.write("more.toml", format!("{LAB}{FLEET}").replace("'n3'", "'n3', 'n4'"));
    let request = PlanRequest { prune: true, ..PlanRequest::default() };
    let mut asked = Vec::new();
    let mut confirm = |plan: &rootlet::pki::Plan| {
        asked.push(plan.pruned());
        if asked.len() == 1 {
            s.ok(&["apply", "more.toml"]);
        }
        Ok(())
    };
    let outcome = Pki::apply(&s.path("pki"), &manifest, &request, Arc::new(NoSecrets), &mut confirm, &mut ()).unwrap();
    assert_eq!(asked, [vec!["n1", "n2", "n3"], vec!["n1", "n2", "n3", "n4"]]);
    assert_eq!(outcome.pruned.len(), 4);
}

#[test]
fn a_pki_that_appears_while_somebody_thinks_is_asked_about() {
    let s = Sandbox::new();
    let manifest = read(&s, LAB);
    s.write("more.toml", format!("{LAB}{FLEET}"));
    let request = PlanRequest { prune: true, ..PlanRequest::default() };
    let mut asked = Vec::new();
    let mut confirm = |plan: &rootlet::pki::Plan| {
        asked.push(plan.pruned());
        match asked.len() {
            1 => drop(s.ok(&["apply", "more.toml"])),
            _ => return Err(rootlet::pki::Error::NotConfirmed { names: plan.pruned() }),
        }
        Ok(())
    };
    let refused = Pki::apply(&s.path("pki"), &manifest, &request, Arc::new(NoSecrets), &mut confirm, &mut ());
    assert_eq!(refused.unwrap_err().code(), "not-confirmed");
    assert_eq!(asked, [vec![], vec!["n1", "n2", "n3"]]);
    assert_eq!(s.field("n1", "status"), "valid");
}

/// A root got a new key, and what was to be issued again below it was not, as after a kill: one `apply` does all of it.
#[test]
fn a_cascade_that_was_cut_off_is_completed_at_once() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    let start = LAB.find("[ca.issuing]").unwrap();
    s.write("root.toml", LAB[..start].replace("p384", "p256"));
    s.ok(&["apply", "root.toml", "--replace-ca", "lab-root"]);
    s.write("lab.toml", LAB.replace("p384", "p256"));
    let all = map([("issuing", "cascade"), ("a.internal", "cascade"), ("alice", "cascade")]);
    assert_eq!(planned(&s, &["lab.toml"]), all);
    s.ok(&["apply", "lab.toml"]);
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
}
