//! `plan` and `apply`: each kind of step, and that the second time nothing happens.

use crate::common::{DAY, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;

pub const LAB: &str = r#"
id = "lab"

[defaults.cert]
issuer = "issuing"

[ca.lab-root]
profile = "root"
name = "Lab Root"
key = "p384"

[ca.issuing]
profile = "intermediate"
issuer = "lab-root"
permit = ["dns:internal"]

[cert."a.internal"]
profile = "server"
dns = ["a2.internal", "*.a.internal"]

[cert.alice]
profile = "client"
lifetime = "90d"
"#;

/// What a plan would do, by handle; without what stays as it is.
#[track_caller]
pub fn planned(s: &Sandbox, arguments: &[&str]) -> BTreeMap<String, String> {
    let before = s.state();
    let ran = s.run(&[&["plan"], arguments, &["--json"]].concat());
    assert_eq!(ran.stderr, "", "{ran}");
    let plan = ran.object();
    before.assert_unchanged(&s.state(), "a plan");
    let steps = plan["steps"].as_array().unwrap().iter();
    let mut all: BTreeMap<String, String> = steps
        .filter(|s| s["action"] != "nothing")
        .map(|s| (s["name"].as_str().unwrap().into(), s["action"].as_str().unwrap().into()))
        .collect();
    for gone in plan["unmanaged"].as_array().unwrap().iter().filter(|u| u["action"] == "revoke") {
        all.insert(gone["name"].as_str().unwrap().into(), "revoke".into());
    }
    assert_eq!(plan["changes"], all.len(), "{plan}");
    let refused = all.values().any(|a| a == "refused");
    ran.exits(if refused { 1 } else { 3 * i32::from(!all.is_empty()) });
    all
}

/// What was done, by handle; without what stayed as it was.
#[track_caller]
pub fn applied(s: &Sandbox, arguments: &[&str]) -> BTreeMap<String, String> {
    let outcome = s.json(&[&["apply"], arguments].concat());
    done(&outcome)
}

pub fn done(outcome: &Value) -> BTreeMap<String, String> {
    let results = outcome["results"].as_array().unwrap().iter();
    results
        .filter(|r| r["action"] != "unchanged")
        .map(|r| (r["name"].as_str().unwrap().into(), r["action"].as_str().unwrap().into()))
        .collect()
}

pub fn map<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.into_iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

/// Every file with its bytes and the time of its last change; folders change when SQLite opens the inventory.
pub fn times(s: &Sandbox) -> BTreeMap<String, (Vec<u8>, SystemTime, u64)> {
    let state = s.state();
    let files = state.paths().into_iter().filter(|p| s.path(p).is_file());
    files
        .map(|p| {
            let (path, meta) = (s.path(p), fs::metadata(s.path(p)).unwrap());
            (p.to_string(), (fs::read(path).unwrap(), meta.modified().unwrap(), meta.ino()))
        })
        .collect()
}

/// Applies, and sees that nothing is left to do.
#[track_caller]
pub fn settles(s: &Sandbox, file: &str) {
    assert_eq!(planned(s, &[file]), map([]));
    let before = times(s);
    assert_eq!(applied(s, &[file]), map([]));
    assert!(before == times(s), "the second time not a byte is written");
    s.ok(&["apply", file, "--check"]);
}

#[test]
fn a_pki_from_nothing() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    let all = map([("lab-root", "create"), ("issuing", "create"), ("a.internal", "create"), ("alice", "create")]);
    assert_eq!(planned(&s, &["lab.toml"]), all);
    assert!(!s.path("pki").exists(), "a plan makes no folder");
    s.run(&["apply", "lab.toml", "--check"]).exits(3).prints("create");
    let made = s.json(&["apply", "lab.toml"]);
    assert_eq!(done(&made).into_values().collect::<Vec<_>>(), ["created"; 4]);
    let of = |name: &str| made["results"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap().clone();
    assert_eq!(
        of("a.internal")["certificate"]["files"]["fullchain"],
        json!(s.path("pki/certs/a.internal/fullchain.pem"))
    );
    assert_eq!(of("lab-root")["certificate"]["key_algorithm"], "p384");
    assert_eq!(of("issuing")["certificate"]["issuer_name"], "lab-root");
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
    s.ok(&["apply", "lab.toml"]).says("nothing to do: 4 entries are as declared");
}

#[test]
fn json_and_folders_say_the_same() {
    let s = Sandbox::new();
    s.write("pki.d/20-leaves.json", r#"{"cert": {"a.internal": {"profile": "server", "dns": "b.internal"}}}"#);
    s.write("pki.d/10-cas.toml", "id = 'x'\n[ca.r]\nprofile = 'root'\n[ca.i]\nprofile = 'intermediate'\n");
    s.write("pki.d/README", "no manifest");
    assert_eq!(applied(&s, &["pki.d"]).len(), 3);
    assert_eq!(s.field("a.internal", "issuer_name"), "i", "the only CA that issues leaves");
    settles(&s, "pki.d");
    assert_eq!(planned(&s, &["pki.d/10-cas.toml", "pki.d/20-leaves.json"]), map([]));
}

#[test]
fn every_field_of_a_leaf() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    let changes = [
        ("[\"a2.internal\", \"*.a.internal\"]", "[\"a2.internal\"]", "a.internal", "reissue", "names"),
        ("profile = \"client\"", "profile = \"client\"\nsubject = \"CN=alice,O=B\"", "alice", "reissue", "subject"),
        ("profile = \"client\"", "profile = \"client\"\neku = [\"codeSigning\"]", "alice", "reissue", "eku"),
        ("lifetime = \"90d\"", "lifetime = \"60d\"", "alice", "reissue", "lifetime"),
        ("lifetime = \"90d\"", "days = 91", "alice", "reissue", "lifetime"),
        ("lifetime = \"90d\"", "not_after = 2029-01-31T00:00:00Z", "alice", "reissue", "not_after"),
        ("profile = \"server\"", "profile = \"peer\"", "a.internal", "reissue", "profile"),
        ("profile = \"client\"", "profile = \"client\"\nissuer = \"lab-root\"", "alice", "reissue", "issuer"),
        ("profile = \"client\"", "profile = \"client\"\nkey = \"p384\"", "alice", "rekey", "key"),
    ];
    for (old, new, name, action, field) in changes {
        assert!(LAB.contains(old));
        s.write("lab.toml", LAB.replace(old, new));
        let plan = s.run(&["plan", "lab.toml", "--json"]).exits(3).object();
        let step = plan["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap().clone();
        assert_eq!((&step["action"], plan["changes"].as_u64()), (&json!(action), Some(1)), "{new}: {plan}");
        let fields: Vec<_> = step["differences"].as_array().unwrap().iter().map(|d| d["field"].clone()).collect();
        assert!(fields.contains(&json!(field)), "{new}: {fields:?}");
        let (key, serial) = (s.field(name, "spki_sha256"), s.field(name, "serial"));
        assert_eq!(applied(&s, &["lab.toml"]), map([(name, "reissued")]), "{new}");
        assert!(key != s.field(name, "spki_sha256") && serial != s.field(name, "serial"), "a new key");
        settles(&s, "lab.toml");
        s.write("lab.toml", LAB);
        s.ok(&["apply", "lab.toml"]);
        settles(&s, "lab.toml");
    }
}

#[test]
fn what_is_due_is_renewed_with_its_key() {
    let s = Sandbox::new();
    s.ok(&["root", "r", "--not-before", &s.time(-300 * DAY), "--lifetime", "400d"]);
    s.ok(&["intermediate", "i", "--not-before", &s.time(-90 * DAY), "--lifetime", "180d"]);
    for (name, age) in [("old", 70), ("young", 10), ("ended", 89)] {
        let lifetime = if name == "ended" { "80d" } else { "90d" };
        s.ok(&["client", name, "--not-before", &s.time(-age * DAY), "--lifetime", lifetime]);
    }
    let entry = |name: &str, more: &str| format!("[cert.{name}]\nprofile = \"client\"\n{more}\n");
    let cas = "[ca.r]\nprofile = \"root\"\n[ca.i]\nprofile = \"intermediate\"\n";
    s.write(
        "m.toml",
        format!(
            "{cas}{}{}{}",
            entry("old", "lifetime = \"90d\""),
            entry("young", "renew_within = \"5d\""),
            entry("ended", "lifetime = \"80d\"")
        ),
    );
    let text = s.run(&["plan", "m.toml"]).exits(3);
    assert!(
        text.stdout.contains("it ends in 19 d, inside 30 d") || text.stdout.contains("it ends in 20 d, inside 30 d"),
        "{text}"
    );
    let due = map([("r", "renew"), ("old", "renew"), ("ended", "renew")]);
    assert_eq!(planned(&s, &["m.toml"]), due);
    let key = s.field("old", "spki_sha256");
    let renewed = map([("r", "renewed"), ("old", "renewed"), ("ended", "renewed")]);
    assert_eq!(applied(&s, &["m.toml"]), renewed);
    assert_eq!(key, s.field("old", "spki_sha256"));
    settles(&s, "m.toml");
    // A window that is longer than the life counts as its last third: else it would be renewed for ever.
    s.write("m.toml", format!("{cas}{}", entry("young", "renew_within = \"400d\"")));
    settles(&s, "m.toml");
}

#[test]
fn an_end_that_was_typed_stays() {
    let s = Sandbox::with_issuing_ca();
    let end = s.time(3600);
    s.write("m.toml", format!("[cert.x]\nprofile = \"client\"\nissuer = \"lab-issuing\"\nnot_after = \"{end}\"\n"));
    assert_eq!(applied(&s, &["m.toml"]), map([("x", "created")]));
    settles(&s, "m.toml");
}

#[test]
fn a_revoked_leaf_is_made_again_and_one_on_hold_is_refused() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.ok(&["revoke", "alice", "--reason", "superseded"]);
    s.ok(&["revoke", "a.internal", "--reason", "certificate-hold"]);
    assert_eq!(planned(&s, &["lab.toml"]), map([("alice", "create"), ("a.internal", "refused")]));
    let ran = s.run(&["apply", "lab.toml", "--json"]).exits(1);
    let outcome = ran.object();
    assert_eq!(done(&outcome), map([("alice", "created"), ("a.internal", "failed")]), "it goes on past what fails");
    s.ok(&["revoke", "a.internal", "--release"]);
    settles(&s, "lab.toml");
}

#[test]
fn a_ca_is_replaced_only_when_it_was_named() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.write("lab.toml", LAB.replace("dns:internal", "dns:lab"));
    let error = s.refuses(&["apply", "lab.toml"], 1, "ca-change");
    assert_eq!(error["differences"][0]["field"], "permit");
    assert!(error["hints"][0].as_str().unwrap().contains("--replace-ca issuing"), "{error}");
    assert!(error["hints"][1].as_str().unwrap().contains("a.internal, alice"), "{error}");
    s.run(&["plan", "lab.toml"]).exits(1).prints("refused").prints("below it     a.internal, alice");
    s.refuses(&["apply", "lab.toml", "--replace-ca", "alice"], 1, "not-found");
    // Its names are outside of what the new CA may certify: that leaf fails, the others go on.
    let outcome = s.run(&["apply", "lab.toml", "--replace-ca", "issuing", "--json"]).exits(1).object();
    let all = map([("issuing", "reissued"), ("a.internal", "failed"), ("alice", "renewed")]);
    assert_eq!(done(&outcome), all, "{outcome}");

    s.write("lab.toml", LAB.replace("dns:internal", "dns:a.internal").replace("\"a2.internal\", ", ""));
    let keys = ["lab-root", "issuing", "alice"].map(|n| s.field(n, "spki_sha256"));
    s.ok(&["apply", "lab.toml", "--replace-ca", "issuing"]);
    assert_eq!(s.field("lab-root", "spki_sha256"), keys[0]);
    assert_ne!(s.field("issuing", "spki_sha256"), keys[1]);
    assert_eq!(s.field("alice", "spki_sha256"), keys[2], "what is below keeps its key");
    settles(&s, "lab.toml");
    // A root, and everything below it.
    s.write(
        "lab.toml",
        LAB.replace("dns:internal", "dns:a.internal").replace("\"a2.internal\", ", "").replace("p384", "p256"),
    );
    let plan = s.run(&["plan", "lab.toml", "--replace-ca", "lab-root", "--json"]).exits(3).object();
    assert_eq!(plan["summary"], json!({"replace": 1, "cascade": 3}));
    s.ok(&["apply", "lab.toml", "--replace-ca", "lab-root"]);
    assert_ne!(s.field("lab-root", "spki_sha256"), keys[0]);
    let root = s.text("pki/ca/lab-root/cert.pem");
    assert_eq!(s.text("pki/certs/alice/ca.pem"), root, "the other side gets the new root");
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
}

/// The chain of a leaf names keys that were replaced: found even when nobody remembers why.
#[test]
fn a_replacement_that_died_half_way_goes_on() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    let new = LAB.replace("p384", "p256");
    // The CAs alone, as if the command had died before the leaves.
    s.write("cas.toml", new.split("[cert.\"a.").next().unwrap());
    s.ok(&["apply", "cas.toml", "--replace-ca", "lab-root"]);
    s.write("lab.toml", new);
    assert_eq!(planned(&s, &["lab.toml"]), map([("a.internal", "cascade"), ("alice", "cascade")]));
    s.ok(&["apply", "lab.toml"]);
    settles(&s, "lab.toml");
}

#[test]
fn the_dates_of_a_ca_change_with_its_key_kept() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.write("lab.toml", LAB.replace("key = \"p384\"", "key = \"p384\"\nlifetime = \"20y\""));
    let key = s.field("lab-root", "spki_sha256");
    assert_eq!(planned(&s, &["lab.toml"]), map([("lab-root", "renew")]));
    s.ok(&["apply", "lab.toml"]);
    assert_eq!(s.field("lab-root", "spki_sha256"), key);
    settles(&s, "lab.toml");
}

#[test]
fn where_a_ca_publishes() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    let url = "crl_url = \"http://pki.example/i.crl\"\n";
    s.write("lab.toml", LAB.replace("permit =", &format!("{url}permit =")));
    let serial = s.field("alice", "serial");
    assert_eq!(planned(&s, &["lab.toml"]), map([("issuing", "configure")]));
    assert_eq!(applied(&s, &["lab.toml"]), map([("issuing", "configured")]));
    assert!(s.text("pki/rootlet.toml").contains("http://pki.example/i.crl"));
    assert_eq!(s.field("alice", "serial"), serial, "it goes into what is issued from now on");
    settles(&s, "lab.toml");
}

#[test]
fn what_is_not_named_is_left_alone_unless_it_is_pruned() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.ok(&["client", "by-hand", "--issuer", "issuing"]);
    s.ok(&["renew", "alice"]);
    let shorter = LAB.split("[cert.alice]").next().unwrap();
    s.write("lab.toml", shorter);
    assert_eq!(planned(&s, &["lab.toml"]), map([]));
    s.run(&["plan", "lab.toml"]).exits(0).says("not in the manifest, and left alone: alice, by-hand");
    assert_eq!(planned(&s, &["lab.toml", "--prune"]), map([("alice", "revoke")]));
    let error = s.refuses(&["apply", "lab.toml", "--prune"], 1, "not-confirmed");
    assert!(error["message"].as_str().unwrap().contains("alice"), "{error}");
    // Another manifest, and one without a name.
    s.write("other.toml", shorter.replace("\"lab\"", "\"other\""));
    assert_eq!(planned(&s, &["other.toml", "--prune"]), map([]));
    s.write("nameless.toml", shorter.replace("id = \"lab\"", ""));
    s.refuses(&["plan", "nameless.toml", "--prune"], 1, "manifest");
    s.refuses(&["apply", "nameless.toml", "--prune", "--yes"], 1, "manifest");

    let pruned = s.json(&["apply", "lab.toml", "--prune", "--yes"]);
    let serials = pruned["pruned"].as_array().unwrap();
    assert_eq!(serials.len(), 2, "every unexpired certificate of it: {pruned}");
    assert!(serials.iter().all(|r| r["certificate"]["revocation"]["reason"] == "cessation-of-operation"), "{pruned}");
    assert!(s.path("pki/certs/alice/key.pem").exists(), "keys are never deleted");
    assert_eq!(s.field("by-hand", "status"), "valid");
    assert_eq!(planned(&s, &["lab.toml", "--prune"]), map([]));
    // A CA is never pruned.
    s.write("root.toml", "id = \"lab\"\n[ca.lab-root]\nprofile = \"root\"\nname = \"Lab Root\"\n");
    assert_eq!(planned(&s, &["root.toml", "--prune"]), map([("a.internal", "revoke")]));
}

#[test]
fn below_a_ca_that_fails_nothing_is_tried() {
    let s = Sandbox::new();
    s.ok(&["root", "r"]);
    s.ok(&["client", "i"]);
    // `i` is taken by a client, so no CA can be made of it.
    let text = "[ca.r]\nprofile = \"root\"\n[ca.i]\nprofile = \"intermediate\"\n[cert.x]\nprofile = \"client\"\nissuer = \"i\"\n[cert.y]\nprofile = \"client\"\nissuer = \"r\"\n";
    s.write("m.toml", text);
    assert_eq!(planned(&s, &["m.toml"]), map([("i", "refused"), ("x", "refused"), ("y", "create")]));
    let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
    assert_eq!(done(&outcome), map([("i", "failed"), ("x", "skipped"), ("y", "created")]));
    let skipped = outcome["results"].as_array().unwrap().iter().find(|r| r["name"] == "x").unwrap();
    assert_eq!(skipped["reason"], "its issuer `i` is refused");
}

#[test]
fn passphrases_and_keys_that_exist() {
    let s = Sandbox::new();
    s.write("root.pass", "correct horse\n");
    s.set_mode("root.pass", 0o600);
    s.write("m.toml", "[ca.r]\nprofile = \"root\"\nencrypt_key = true\npassphrase_file = \"root.pass\"\n[ca.i]\nprofile = \"intermediate\"\n[cert.x]\nprofile = \"client\"\nkey_file = \"x.key\"\n");
    s.ok(&["root", "Other", "--pki", "elsewhere"]);
    s.ok(&["client", "x", "--pki", "elsewhere"]);
    fs::copy(s.path("elsewhere/certs/x/key.pem"), s.path("x.key")).unwrap();
    assert_eq!(applied(&s, &["m.toml"]).len(), 3);
    assert!(s.text("pki/ca/r/key.pem").starts_with("-----BEGIN ENCRYPTED"));
    assert_eq!(s.bytes("pki/certs/x/key.pem"), s.bytes("x.key"));
    settles(&s, "m.toml");
    s.ok(&["client", "x", "--pki", "elsewhere", "--force"]);
    fs::copy(s.path("elsewhere/certs/x/key.pem"), s.path("x.key")).unwrap();
    assert_eq!(planned(&s, &["m.toml"]), map([("x", "rekey")]));
    s.ok(&["apply", "m.toml"]);
    assert_eq!(s.bytes("pki/certs/x/key.pem"), s.bytes("x.key"));
    settles(&s, "m.toml");
}

#[test]
fn values_from_a_file_and_from_the_environment() {
    let s = Sandbox::new();
    s.write("hosts.jsonl", "{\"name\": \"a\", \"dns\": [\"a1.lab\", \"a2.lab\"], \"days\": 30}\n\n{\"name\": \"b\", \"dns\": [], \"days\": 60}\n");
    s.write("m.toml", "[ca.r]\nprofile = \"root\"\n[cert.\"${each.name}.${env:DOMAIN}\"]\nfor_each = \"hosts.jsonl\"\nprofile = \"server\"\ndns = [\"${each.name}-x.lab\", \"${each.dns}\"]\ndays = \"${each.days}\"\n");
    let mut command = s.command(&["apply", "m.toml", "--json"]);
    command.env("DOMAIN", "lab");
    let outcome = crate::common::Ran::of(command).exits(0).object();
    assert_eq!(done(&outcome).keys().collect::<Vec<_>>(), ["a.lab", "b.lab", "r"]);
    let names = s.ok(&["show", "a.lab", "--json"]).object();
    let values: Vec<_> = names["certificate"]["sans"].as_array().unwrap().iter().map(|n| n["value"].clone()).collect();
    assert_eq!(values, ["a.lab", "a-x.lab", "a1.lab", "a2.lab"]);
    let error = s.refuses(&["apply", "m.toml"], 1, "manifest");
    assert!(error["message"].as_str().unwrap().starts_with("m.toml:3:7: the environment has no `DOMAIN`"), "{error}");
}

/// What editors write before a text.
#[test]
fn a_byte_order_mark_is_passed_over() {
    let s = Sandbox::new();
    s.write("values.jsonl", "\u{feff}\"a\"\n\"b\"\n");
    let toml = "\u{feff}[ca.r]\nprofile = 'root'\n[cert.'${each}']\nfor_each = 'values.jsonl'\nprofile = 'client'\n";
    let ca = "\u{feff}{\"ca\":{\"r\":{\"profile\":\"root\"}}";
    let json = format!("{ca},\"cert\":{{\"${{each}}\":{{\"profile\":\"client\",\"for_each\":\"values.jsonl\"}}}}}}");
    for (file, text, wrong) in [("m.toml", toml, "\u{feff}[cas.r]\n"), ("m.json", &json, "\u{feff}{\"cas\":{}}")] {
        s.write(file, text);
        assert_eq!(planned(&s, &[file]), map([("a", "create"), ("b", "create"), ("r", "create")]), "{file}");
        s.write(file, wrong);
        let error = s.refuses(&["plan", file], 1, "manifest");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{file}:1:2: there is no key `cas`")), "{message}");
    }
    // Only at the beginning.
    s.write("values.jsonl", "\"a\"\n\u{feff}\"b\"\n");
    s.write("m.toml", toml);
    let error = s.refuses(&["plan", "m.toml"], 1, "manifest");
    assert!(error["message"].as_str().unwrap().starts_with("values.jsonl:2:1: "), "{error}");
}

#[test]
fn defaults_are_overridden() {
    let s = Sandbox::new();
    s.write("m.toml", "[defaults]\nlifetime = \"30d\"\n[defaults.ca]\nlifetime = \"2y\"\n[defaults.root]\nlifetime = \"3y\"\n[defaults.cert]\nprofile = \"client\"\nkey = \"p384\"\n[ca.r]\nprofile = \"root\"\n[ca.i]\nprofile = \"intermediate\"\n[cert.x]\n[cert.y]\ndays = 7\nkey = \"p256\"\n");
    s.ok(&["apply", "m.toml"]);
    let days = |name: &str| {
        let view = s.json(&["show", name])["certificate"].clone();
        let time = |f: &str| {
            time::OffsetDateTime::parse(view[f].as_str().unwrap(), &time::format_description::well_known::Rfc3339)
                .unwrap()
        };
        ((time("not_after") - time("not_before")).whole_days() + 1, view["key_algorithm"].clone())
    };
    assert_eq!(days("r"), (3 * 365, json!("p256")));
    assert_eq!(days("i"), (2 * 365, json!("p256")));
    assert_eq!(days("x"), (30, json!("p384")));
    assert_eq!(days("y"), (7, json!("p256")));
    settles(&s, "m.toml");
}
