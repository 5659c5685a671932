//! `lint`: what it finds, how it ends, and what it refuses.

use crate::common::{Ran, Sandbox};
use serde_json::Value;

const LEAF: &str = "pki/certs/api.internal/cert.pem";
const CHAIN: &str = "pki/certs/api.internal/fullchain.pem";
const ROOT: &str = "pki/ca/lab-root/cert.pem";
const ISSUING: &str = "pki/ca/lab-issuing/cert.pem";
const CRLS: &str = "pki/public/crls.pem";

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "10.0.0.1"]);
    s
}

fn lint(s: &Sandbox, line: &str) -> Ran {
    let words: Vec<&str> = ["lint"].into_iter().chain(line.split_whitespace()).collect();
    s.run(&words)
}

fn report(s: &Sandbox, line: &str, exit: i32) -> Value {
    let ran = lint(s, &format!("{line} --json")).exits(exit);
    assert!(ran.stderr.is_empty(), "{ran}");
    ran.object()
}

/// The rules that were broken, by object and severity.
fn found(report: &Value) -> Vec<(u64, String)> {
    let one = |f: &Value| (f["object"].as_u64().unwrap(), f["rule"].as_str().unwrap().to_string());
    report["findings"].as_array().unwrap().iter().map(one).collect()
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect()
}

#[test]
fn what_rootlet_makes_is_clean() {
    let s = lab();
    s.ok(&["client", "alice", "--key", "rsa-2048"]);
    s.ok(&["peer", "node.internal"]);
    s.ok(&["workload", "spiffe://lab.internal/ns/a"]);
    s.write("cas.pem", s.text(ROOT) + &s.text(ISSUING));
    let before = s.state();
    for (name, profile, sets) in [
        ("api.internal", "server", "apple,chromium,java,nss,python-strict,rustls"),
        ("alice", "client", "java,nss,python-strict,rustls"),
        ("node.internal", "peer", "apple,chromium,java,nss,python-strict,rustls"),
        ("lab.internal.ns.a", "workload", "java,nss,python-strict,rustls"),
    ] {
        let file = format!("pki/certs/{name}/fullchain.pem --issuer-file {ROOT}");
        let report = report(&s, &format!("{file} --profile {profile} --for {sets} --fail-on notice"), 0);
        assert_eq!((found(&report), codes(&report)), (Vec::new(), Vec::new()), "{name}");
    }
    let lists = report(&s, &format!("{CRLS} --issuer-file cas.pem --fail-on notice"), 0);
    assert_eq!((found(&lists), codes(&lists)), (Vec::new(), Vec::new()));
    let lists = report(&s, &format!("{CRLS} --issuer-file {ISSUING} --fail-on notice"), 0);
    assert_eq!((found(&lists), codes(&lists)), (Vec::new(), vec!["issuer-unknown"]));
    assert_eq!(lists["counts"]["crls"], 2);
    before.assert_unchanged(&s.state(), "lint");
    lint(&s, CHAIN).exits(0).prints("1. certificate CN=api.internal").prints("2 certificates: nothing is wrong");
}

#[test]
fn levels_and_what_is_allowed() {
    let s = lab();
    s.ok(&["server", "old.internal", "--key", "ed25519", "--not-before", &s.time(-100), "--not-after", &s.time(-10)]);
    let line = format!("pki/certs/old.internal/cert.pem --issuer-file {ISSUING}");
    let told = report(&s, &line, 0);
    assert_eq!(found(&told), [(1, "validity-ended".into())]);
    assert_eq!(told["counts"]["warning"], 1);
    report(&s, &format!("{line} --fail-on warning"), 3);
    report(&s, &format!("{line} --fail-on never"), 0);
    let allowed = report(&s, &format!("{line} --fail-on notice --allow validity-ended"), 0);
    assert_eq!((&allowed["counts"]["allowed"], &allowed["counts"]["warning"]), (&1.into(), &0.into()));
    assert_eq!(allowed["findings"][0]["allowed"], true);
    lint(&s, &format!("{line} --allow validity-ended")).exits(0).prints("allowed  it ended").prints("1 allowed");
    // A platform is asked for by name; what it refuses is then an error.
    let asked = report(&s, &format!("{line} --for nss,rustls"), 3);
    assert_eq!(found(&asked), [(1, "platform-ed25519".into()), (1, "validity-ended".into())]);
    let ran = lint(&s, &format!("{line} --for nss")).exits(3);
    ran.prints("error    the key is Ed25519").prints("hint: use p256").prints("1 certificate: 1 error, 1 warning");
    assert_eq!(lint(&s, &format!("{line} --for nss --quiet")).exits(3).stdout.lines().count(), 3);
    assert_eq!(found(&report(&s, &format!("{line} --profile client"), 3))[0], (1, "profile-purposes".into()));
}

#[test]
fn files_of_all_kinds() {
    let s = lab();
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let key = s.text("pki/certs/api.internal/key.pem");
    s.write("mixed.pem", key + broken + &s.text(CHAIN));
    let mixed = report(&s, &format!("mixed.pem --issuer-file {ROOT}"), 3);
    assert_eq!((found(&mixed), codes(&mixed)), (vec![(2, "unreadable".into())], vec!["skipped"]));
    let kinds: Vec<_> = mixed["objects"].as_array().unwrap().iter().map(|o| o["kind"].clone()).collect();
    assert_eq!(kinds, ["skipped", "unreadable", "certificate", "certificate"]);
    assert_eq!((&mixed["objects"][2]["issuer"], &mixed["objects"][3]["issuer"]), (&4.into(), &Value::Null));
    // The leaf behind its issuer; from a pipe.
    s.write("wrong-order.pem", s.text(ISSUING) + &s.text(LEAF));
    let mut piped = s.command(&["lint", "-", "--fail-on", "warning", "--issuer-file", ROOT]);
    piped.stdin(std::fs::File::open(s.path("wrong-order.pem")).unwrap());
    Ran::of(piped).exits(3).prints("it stands behind its issuer, object 1").prints("file-order, RFC 8446");
    // A leaf under another CA, one that is not younger than the leaf.
    s.ok(&["--pki", "other", "root", "Other Root", "--not-before", &s.time(-86_400)]);
    let wrong = report(&s, &format!("{LEAF} --issuer-file other/ca/other-root/cert.pem"), 3);
    let rules: Vec<_> = found(&wrong).into_iter().map(|(_, rule)| rule).collect();
    assert_eq!(rules, ["signature-wrong", "authority-key-id-issuer", "issuer-name"]);
    assert_eq!(codes(&report(&s, LEAF, 0)), ["issuer-unknown"]);
}

#[test]
fn what_cannot_be_judged() {
    let s = lab();
    s.write("empty.pem", "");
    s.write("text.pem", "hello\n");
    for (line, code, words) in [
        ("missing.pem".to_string(), "io", "missing.pem"),
        ("empty.pem".into(), "malformed", "it is empty"),
        ("text.pem".into(), "malformed", "neither PEM nor DER"),
        ("pki/certs/api.internal/key.pem".into(), "malformed", "but a private key"),
        (format!("{LEAF} --issuer-file {CRLS}"), "malformed", "no certificate in it"),
        (format!("{LEAF} --issuer-file missing.pem"), "io", "missing.pem"),
    ] {
        let error = lint(&s, &format!("{line} --json")).exits(1).error(code);
        assert!(error.to_string().contains(words), "{line}: {error}");
    }
    for (line, code, words) in [
        ("", "usage", "FILE"),
        ("missing.pem --for windows", "usage", "apple, chromium, java, nss, python-strict, rustls, spiffe"),
        ("missing.pem --allow serial-entrpy", "usage", "`serial-entropy`"),
        ("missing.pem --allow qqqqqqqqqqqqqqqqqqqq", "usage", "lint --rules"),
        ("missing.pem --fail-on nothing", "usage", "never"),
        ("missing.pem --profile web", "invalid-value", "web"),
        ("missing.pem --rules", "usage", "--rules"),
        ("- --issuer-file -", "usage", "standard input is named twice"),
    ] {
        let error = lint(&s, &format!("{line} --json")).exits(2).error(code);
        assert!(error.to_string().contains(words), "{line}: {error}");
    }
}

#[test]
fn the_table() {
    let s = Sandbox::new();
    lint(&s, "--rules").exits(0).prints("serial-entropy").prints("python-strict");
    let table = lint(&s, "--rules --json").exits(0).object();
    let rules = table["rules"].as_array().unwrap();
    assert!(rules.len() > 200 && table["sets"].as_array().unwrap().len() == 7);
    let platform = rules.iter().find(|r| r["id"] == "platform-ed25519").unwrap();
    assert_eq!((&platform["counts"], &platform["severity_if_asked"]), (&"when-asked".into(), &"error".into()));
}

/// Names are attacker text: nothing in them reaches the terminal as it is, or makes a line of its own.
#[test]
fn names_do_not_steer_the_terminal() {
    let s = lab();
    let mut der = pem_to_der(&s.text(LEAF));
    let name = b"api.internal";
    let evil = b"a\n1. \x1b[31mbad";
    let places: Vec<usize> = (0..der.len() - name.len()).filter(|i| der[*i..].starts_with(name)).collect();
    for at in places {
        let length = name.len().min(evil.len());
        der[at..at + length].copy_from_slice(&evil[..length]);
    }
    s.write("evil.der", der);
    let ran = lint(&s, &format!("evil.der --issuer-file {ISSUING}")).exits(3);
    assert!(!ran.stdout.contains('\x1b') && ran.stdout.contains("\\u{1b}"), "{ran}");
    assert!(ran.stdout.lines().all(|l| !l.starts_with("1. ") || l.starts_with("1. certificate")), "{ran}");
}

fn pem_to_der(pem: &str) -> Vec<u8> {
    rootlet::disk::decode_pem(pem.as_bytes()).unwrap().remove(0).der
}
