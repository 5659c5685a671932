//! `import --crl-file` and `--index-file` for a CA that is here: what is known here is never taken back by them, and what
//! a CA of somebody else says is heeded, whenever its certificates come.

use super::import::{CHAIN, ISSUING, elsewhere, import, there};
use crate::common::Sandbox;
use crate::common::ran::warnings;
use rootlet::disk::{decode_pem, encode_pem};
use rootlet::issue::{CrlDraft, Issuer};
use rootlet::keys::{PrivateKey, SoftwareSigner};
use rootlet::x509::{CrlEntries, read_certificate};
use serde_json::Value;

/// The CRL that is published: its number, how many it lists, and whether it is good as it is.
fn newest(s: &Sandbox, ca: &str) -> (u64, u64, String) {
    let report = &s.json(&["crl", ca, "--check"])["results"][0];
    let number = |field: &str| report[field].as_u64().unwrap_or(0);
    (number("number"), number("entries"), report["action"].as_str().unwrap_or_default().into())
}

/// A CRL of `old-issuing` that lists what was revoked there, of a number that is greater than any here.
fn crl_from_there(s: &Sandbox) -> u64 {
    let all: Vec<Value> = (0..5).map(|_| s.json(&["--pki", "there", "crl", "old-issuing"])).collect();
    all[4]["results"][0]["number"].as_u64().unwrap()
}

const THEIRS: &[&str] = &["--crl-file", "there/ca/old-issuing/crl.pem"];

#[test]
fn a_crl_from_elsewhere_takes_nothing_back() {
    for revoked_first in [true, false] {
        for no_crl in [true, false] {
            let s = elsewhere();
            import(&s, "Old Issuing", &[ISSUING, CHAIN, THEIRS]);
            let alice = there(&s, "alice", "serial");
            let words = ["revoke", "--serial", &alice, "--issuer", "old-issuing", "--reason", "superseded"];
            let revoke = || drop(s.ok(&[&words[..], if no_crl { &["--no-crl"] } else { &[] }].concat()));
            let theirs = if revoked_first {
                revoke();
                crl_from_there(&s)
            } else {
                let number = crl_from_there(&s);
                revoke();
                number
            };
            // What was revoked there and is unknown here comes in, what was revoked here stays.
            s.ok(&["--pki", "there", "revoke", "web.internal"]);
            let theirs = theirs.max(crl_from_there(&s));
            let outcome = import(&s, "Old Issuing", &[THEIRS]);
            assert_eq!((&outcome["action"], &outcome["past"]["revocations"]), (&"updated".into(), &1.into()));
            let (number, entries, action) = newest(&s, "old-issuing");
            assert!(number > theirs, "{number} {theirs}");
            assert_eq!((entries, &action[..]), (4, "unchanged"), "{revoked_first} {no_crl}");
            assert_ne!(s.bytes("pki/public/old-issuing.crl"), s.bytes("there/public/old-issuing.crl"));
            s.ok(&["doctor", "--history"]);
            // The next one carries on from there.
            s.ok(&["crl", "old-issuing"]);
            assert_eq!(newest(&s, "old-issuing").1, 4);
        }
    }
}

/// One that says of a serial what is known otherwise here is not published as it is either.
#[test]
fn a_reason_that_is_known_better_here_stays() {
    let s = elsewhere();
    import(&s, "Old Issuing", &[ISSUING, CHAIN, THEIRS]);
    let eve = there(&s, "eve", "serial");
    s.ok(&["revoke", "--serial", &eve, "--issuer", "old-issuing", "--reason", "superseded", "--no-crl"]);
    let theirs = crl_from_there(&s);
    import(&s, "Old Issuing", &[THEIRS]);
    let (number, entries, action) = newest(&s, "old-issuing");
    assert!(number > theirs, "{number} {theirs}");
    assert_eq!((entries, &action[..]), (2, "unchanged"));
}

/// Without the key no CRL that lists all can follow: then what is published stays what it is.
#[test]
fn without_the_key_a_crl_that_leaves_something_out_is_refused() {
    let s = elsewhere();
    import(&s, "Old Issuing", &[ISSUING, CHAIN, THEIRS]);
    let alice = there(&s, "alice", "serial");
    s.ok(&["revoke", "--serial", &alice, "--issuer", "old-issuing"]);
    s.ok(&["key", "detach", "old-issuing", "--output", "away.pem"]);
    crl_from_there(&s);
    let error = s.refuses(&[&["import", "Old Issuing"], THEIRS].concat(), 1, "crl-refused");
    assert!(error["message"].as_str().unwrap().contains("leaves out"), "{error}");
    s.ok(&["key", "attach", "old-issuing", "--key-file", "away.pem"]);
    import(&s, "Old Issuing", &[THEIRS]);
    assert_eq!(newest(&s, "old-issuing").1, 3);
}

/// After the greatest number nothing could ever be signed any more.
#[test]
fn a_number_that_none_can_follow_is_refused() {
    let s = elsewhere();
    import(&s, "Old Issuing", &[ISSUING, CHAIN, THEIRS]);
    let pem = |path: &str| decode_pem(&s.bytes(path)).unwrap().remove(0).der;
    let chain =
        ["there/ca/old-issuing/cert.pem", "there/ca/old-root/cert.pem"].map(|p| read_certificate(&pem(p)).unwrap());
    let key = PrivateKey::from_pem(&s.bytes("there/ca/old-issuing/key.pem")).unwrap();
    let now = chain[0].not_before.plus(1);
    let issuer = Issuer::new(chain.to_vec(), Box::new(SoftwareSigner::new(key).unwrap()), now).unwrap();
    for (number, good) in [(1 << 63, false), ((1 << 63) - 1, false), ((1 << 63) - 2, true)] {
        let draft = CrlDraft { number, this_update: now, next_update: now.plus(86_400) };
        let crl = issuer.rehearse_crl(draft, CrlEntries::with_room_for(0)).unwrap().sign().unwrap().into_output();
        s.write("far.pem", encode_pem("X509 CRL", crl.der()));
        let words = &["import", "Old Issuing", "--crl-file", "far.pem"];
        if good {
            assert_eq!(s.json(words)["action"], "updated");
        } else {
            s.refuses(words, 1, "crl-refused");
        }
    }
}

/// A leaf or a CA may come after the CRL of its issuer did.
#[test]
fn what_a_foreign_crl_lists_already_is_revoked_from_the_start() {
    let s = elsewhere();
    s.ok(&["--pki", "there", "revoke", "old-issuing", "--reason", "certificate-hold"]);
    let root = &["--cert-file", "there/ca/old-root/cert.pem", "--crl-file", "there/public/old-root.crl"];
    import(&s, "Old Root", &[root]);
    let outcome = import(&s, "Old Issuing", &[&ISSUING[..2], THEIRS]);
    assert_eq!((&outcome["certificate"]["status"], warnings(&outcome)), (&"on-hold".into(), vec!["revoked"]));
    for (name, status) in [("mallory", "revoked"), ("eve", "on-hold"), ("alice", "valid")] {
        let outcome = s.json(&["import", name, "--cert-file", &format!("there/certs/{name}/cert.pem")]);
        assert_eq!(outcome["certificate"]["status"], status, "{name}");
        let expected: &[&str] = if status == "valid" { &[] } else { &["revoked"] };
        assert_eq!(warnings(&outcome), expected, "{name}");
        assert_eq!(s.field(name, "status"), status);
    }
    let revocation = &s.json(&["show", "mallory"])["certificate"]["revocation"];
    assert_eq!(
        (&revocation["reason"], &revocation["invalidity_date"]),
        (&"key-compromise".into(), &"2025-01-02T00:00:00Z".into())
    );
    // What is above it comes with it.
    let s = elsewhere();
    s.ok(&["request", "api.internal", "--profile", "server"]);
    s.ok(&["--pki", "there", "sign", "pki/requests/api.internal/request.csr", "--profile", "server"]);
    s.ok(&["--pki", "there", "revoke", "old-issuing", "--reason", "superseded"]);
    import(&s, "Old Root", &[root]);
    let answer = ["import", "api.internal", "--cert-file", "there/certs/api.internal/fullchain.pem"];
    let outcome = s.json(&answer);
    assert_eq!((&outcome["authorities"][0], warnings(&outcome)), (&"old-issuing".into(), vec!["revoked"]));
    assert_eq!(s.field("old-issuing", "status"), "revoked");
    s.ok(&["doctor", "--history"]);
}

/// Without the file nobody can tell, and it is said.
#[test]
fn a_foreign_crl_whose_file_is_lost_is_missed() {
    let s = elsewhere();
    let root = &["--cert-file", "there/ca/old-root/cert.pem", "--crl-file", "there/public/old-root.crl"];
    import(&s, "Old Root", &[root]);
    std::fs::remove_file(s.path("pki/ca/old-root/crl.pem")).unwrap();
    let outcome = import(&s, "Old Issuing", &[&ISSUING[..2]]);
    assert!(warnings(&outcome).contains(&"crl-stale"), "{outcome}");
    assert_eq!(outcome["warnings"][0]["code"], "crl-stale");
    assert!(outcome["warnings"][0]["message"].as_str().unwrap().contains("nobody can tell"), "{outcome}");
}

#[test]
fn a_hold_that_was_lifted_stays_lifted() {
    let s = elsewhere();
    let eve = there(&s, "eve", "serial");
    let at = s.json(&["--pki", "there", "show", "eve"])["certificate"]["revocation"]["at"].clone();
    let index_time: String = at.as_str().unwrap()[2..].chars().filter(char::is_ascii_digit).collect();
    s.write("index.txt", format!("R\t20991231235959Z\t{index_time}Z,certificateHold\t{eve}\tunknown\t/CN=eve\n"));
    s.write("old.pem", s.bytes("there/ca/old-issuing/crl.pem"));
    import(&s, "Old Issuing", &[ISSUING, CHAIN, THEIRS]);
    s.ok(&["revoke", "--serial", &eve, "--issuer", "old-issuing", "--release"]);
    assert_eq!(newest(&s, "old-issuing").1, 1);
    for past in [&["--index-file", "index.txt"], &["--crl-file", "old.pem"]] {
        let before = s.state();
        assert_eq!(import(&s, "Old Issuing", &[past])["action"], "unchanged", "{past:?}");
        before.assert_unchanged(&s.state(), "an older past");
    }
    // A newer CRL that still lists it, because nobody told them, changes nothing here either.
    let theirs = crl_from_there(&s);
    import(&s, "Old Issuing", &[THEIRS]);
    let (number, entries, action) = newest(&s, "old-issuing");
    assert!(number > theirs, "{number} {theirs}");
    assert_eq!((entries, &action[..]), (1, "unchanged"));
    // A hold that began after the release is a new one, and so is what is final.
    s.write("index.txt", format!("R\t20991231235959Z\t{index_time}Z,superseded\t{eve}\tunknown\t/CN=eve\n"));
    import(&s, "Old Issuing", &[&["--index-file", "index.txt"]]);
    assert_eq!(newest(&s, "old-issuing").1, 2);
}
