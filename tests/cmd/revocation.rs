//! Revocations: whom they reach, which reason may follow which, and what the CRL then says.

use crate::common::ran::{Ran, warnings};
use crate::common::{DAY, REASONS, Sandbox};
use rootlet::x509::Crl;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// Number and serials of the CRL of a CA, as it lies in its folder; the published one is the same.
fn crl(s: &Sandbox, ca: &str) -> (u64, Vec<String>) {
    let pem = s.bytes(&format!("pki/ca/{ca}/crl.pem"));
    let der = pem::parse(&pem).expect("a CRL in PEM").into_contents();
    assert_eq!(s.bytes(&format!("pki/public/{ca}.crl")), der, "the published CRL is the newest one");
    assert!(s.text("pki/public/crls.pem").contains(std::str::from_utf8(&pem).unwrap()));
    let crl = Crl::read(der).expect("a CRL");
    let mut serials: Vec<String> = crl.entries().map(|e| e.expect("an entry").serial.to_string()).collect();
    serials.sort();
    (crl.number_u64().expect("a number"), serials)
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

fn serials(s: &Sandbox, name: &str) -> Vec<String> {
    let all = s.json(&["list", "--all"]);
    let mine = all["certificates"].as_array().unwrap().iter().filter(|c| c["name"] == name);
    mine.map(|c| c["serial"].as_str().unwrap().to_string()).collect()
}

fn actions(outcome: &Value) -> Vec<&str> {
    outcome["results"].as_array().unwrap().iter().map(|r| r["action"].as_str().unwrap()).collect()
}

#[test]
fn a_handle_means_every_unexpired_certificate_of_it() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "10y"]);
    s.ok(&["client", "c", "--not-before", &s.time(-20 * DAY), "--lifetime", "10d"]);
    s.ok(&["client", "c", "--not-before", &s.time(-8 * DAY), "--lifetime", "10d"]);
    s.ok(&["client", "c", "--renew-within"]);
    s.ok(&["client", "other"]);
    let all = serials(&s, "c");
    assert_eq!(all.len(), 3);

    let outcome = s.json(&["revoke", "c", "--reason", "superseded"]);
    assert_eq!((actions(&outcome), &outcome["crl"]), (vec!["revoked", "revoked"], &"written".into()));
    let (number, listed) = crl(&s, "lab-root");
    assert_eq!(listed, sorted(all[1..].to_vec()), "the expired one is not listed");
    assert_eq!(outcome["crl_numbers"]["lab-root"], number);
    for one in outcome["results"].as_array().unwrap() {
        assert_eq!(one["certificate"]["status"], "revoked");
        assert_eq!(one["certificate"]["revocation"]["reason"], "superseded");
        assert_eq!(one["certificate"]["revocation"]["crl_number"], number);
    }
    assert_eq!(s.field("other", "status"), "valid");
}

#[test]
fn a_serial_in_any_dress_or_a_file_means_one_certificate() {
    let dresses: [fn(&str) -> String; 7] = [
        |hex| hex.to_string(),
        |hex| hex.to_uppercase(),
        |hex| format!("0x{hex}"),
        |hex| format!("serial={}", hex.to_uppercase()),
        |hex| colons(hex),
        |hex| colons(hex).replace(':', " "),
        |hex| format!("00:{}", colons(&hex.to_uppercase())),
    ];
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c"]);
    for (n, dress) in dresses.into_iter().enumerate() {
        let serial = s.field("c", "serial");
        s.ok(&["client", "c", "--force"]);
        let word = dress(&serial);
        let outcome = if n % 2 == 0 { s.json(&["revoke", &word]) } else { s.json(&["revoke", "--serial", &word]) };
        assert_eq!(actions(&outcome), ["revoked"], "{word}");
        assert_eq!(outcome["results"][0]["certificate"]["serial"], serial.as_str(), "{word}");
    }
    assert_eq!(s.field("c", "status"), "valid");
    let serial = s.field("c", "serial");
    s.refuses(&["revoke", "--serial", &serial, "--issuer", "lab-root"], 1, "not-found");
    s.json(&["revoke", "--serial", &serial, "--issuer", "Lab Issuing"]);
    assert_eq!(s.field("c", "status"), "revoked");

    for (n, file) in ["cert.pem", "fullchain.pem"].into_iter().enumerate() {
        let name = format!("f{n}");
        s.ok(&["client", &name]);
        let outcome = s.json(&["revoke", &format!("pki/certs/{name}/{file}")]);
        assert_eq!(outcome["results"][0]["name"], name.as_str());
    }
    s.ok(&["client", "der"]);
    let der = pem::parse(s.bytes("pki/certs/der/cert.pem")).unwrap().into_contents();
    s.write("old.cer", der);
    assert_eq!(s.json(&["revoke", "old.cer"])["results"][0]["name"], "der");
}

fn colons(hex: &str) -> String {
    let pairs: Vec<&str> = (0..hex.len()).step_by(2).map(|i| &hex[i..i + 2]).collect();
    pairs.join(":")
}

#[test]
fn a_word_that_is_a_handle_and_a_serial_is_ambiguous() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c"]);
    let serial = s.field("c", "serial");
    s.ok(&["client", "d", "--name", &serial]);
    let error = s.refuses(&["revoke", &serial], 1, "ambiguous-target");
    assert!(error["hints"][0].as_str().unwrap().contains("--serial"), "{error}");
    s.refuses(&["show", &serial], 1, "ambiguous-target");
    let outcome = s.json(&["revoke", "--serial", &serial]);
    assert_eq!(outcome["results"][0]["name"], "c");
    assert_eq!(s.json(&["show", "--serial", &serial])["certificate"]["name"], "c");
}

#[test]
fn key_compromise_reaches_every_certificate_with_the_key_and_bars_it() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "10y"]);
    s.ok(&["client", "c", "--not-before", &s.time(-8 * DAY), "--lifetime", "10d"]);
    let first = s.field("c", "serial");
    s.ok(&["client", "c", "--renew-within"]);
    let second = s.field("c", "serial");
    s.ok(&["client", "other"]);

    // One serial is named; the renewal has the same key.
    let outcome = s.json(&["revoke", &first, "--reason", "key-compromise", "--invalidity-date", "2026-01-02"]);
    assert_eq!(actions(&outcome), ["revoked", "revoked"]);
    assert_eq!(crl(&s, "lab-root").1, sorted(vec![first.clone(), second]));
    let revocation = &outcome["results"][0]["certificate"]["revocation"];
    assert_eq!(revocation["invalidity_date"], "2026-01-02T00:00:00Z");
    assert_eq!(s.field("other", "status"), "valid");

    let key = s.bytes("pki/certs/c/key.pem");
    s.ok(&["client", "c", "--renew-within"]);
    assert_ne!(s.bytes("pki/certs/c/key.pem"), key);
}

#[test]
fn any_other_reason_leaves_the_other_certificates_of_a_key_alone() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "10y"]);
    s.ok(&["client", "c", "--not-before", &s.time(-8 * DAY), "--lifetime", "10d"]);
    let first = s.field("c", "serial");
    s.ok(&["client", "c", "--renew-within"]);
    assert_eq!(actions(&s.json(&["revoke", &first, "--reason", "superseded"])), ["revoked"]);
    assert_eq!(s.field("c", "status"), "valid");
}

#[test]
fn a_hold_can_be_released_and_nothing_else_can() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c"]);
    let serial = s.field("c", "serial");
    let outcome = s.json(&["revoke", "c", "--reason", "certificate-hold"]);
    assert_eq!((actions(&outcome), s.field("c", "status")), (vec!["revoked"], "on-hold".into()));
    assert_eq!(crl(&s, "lab-issuing").1, [serial.as_str()]);
    assert_eq!(s.json(&["list", "--status", "on-hold"])["certificates"].as_array().unwrap().len(), 1);

    let outcome = s.json(&["revoke", "c", "--release"]);
    assert_eq!((actions(&outcome), s.field("c", "status")), (vec!["released"], "valid".into()));
    assert!(crl(&s, "lab-issuing").1.is_empty());
    assert_eq!(outcome["results"][0]["certificate"]["revocation"], Value::Null);

    // From a hold every reason may follow, and then it is for good.
    s.ok(&["revoke", "c", "--reason", "certificate-hold"]);
    assert_eq!(actions(&s.json(&["revoke", "c", "--reason", "superseded"])), ["revoked"]);
    assert_eq!(s.field("c", "revocation.reason"), "superseded");
    s.run(&["revoke", "c", "--release"]).exits(1);
    assert_eq!(s.field("c", "status"), "revoked");
}

#[test]
fn what_is_revoked_already() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c"]);
    s.ok(&["revoke", "c", "--reason", "superseded"]);
    let (number, _) = crl(&s, "lab-issuing");
    let before = s.state();
    let outcome = s.json(&["revoke", "c", "--reason", "superseded"]);
    assert_eq!((actions(&outcome), &outcome["crl"]), (vec!["unchanged"], &"unchanged".into()));
    before.assert_unchanged(&s.state(), "the same reason");
    s.refuses(&["revoke", "c", "--reason", "privilege-withdrawn"], 1, "already-revoked");
    s.refuses(&["revoke", "c"], 1, "already-revoked");
    // The one upgrade that there is.
    assert_eq!(actions(&s.json(&["revoke", "c", "--reason", "key-compromise"])), ["revoked"]);
    assert_eq!(s.field("c", "revocation.reason"), "key-compromise");
    assert!(crl(&s, "lab-issuing").0 > number);
    s.refuses(&["revoke", "c", "--reason", "superseded"], 1, "already-revoked");
}

#[test]
fn every_reason_has_its_name_and_unspecified_is_not_written() {
    let s = Sandbox::with_issuing_ca();
    for (n, reason) in REASONS.into_iter().enumerate() {
        let name = format!("c{n}");
        s.ok(&["client", &name]);
        s.ok(&["revoke", &name, "--reason", reason, "--no-crl"]);
        assert_eq!(s.field(&name, "revocation.reason"), reason);
    }
    s.ok(&["crl"]);
    let pem = s.bytes("pki/ca/lab-issuing/crl.pem");
    let crl = Crl::read(pem::parse(&pem).unwrap().into_contents()).unwrap();
    assert_eq!(crl.entries().count(), 9);
    // id-ce-cRLReasons, in an OCTET STRING of an ENUMERATED.
    let with_reason = crl.der().windows(7).filter(|w| *w == [0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01]).count();
    assert_eq!(with_reason, 8);
}

#[test]
fn without_a_crl_it_is_recorded_and_the_crl_is_due() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c"]);
    let (number, _) = crl(&s, "lab-issuing");
    let outcome = s.json(&["revoke", "c", "--no-crl"]);
    assert_eq!((&outcome["crl"], &outcome["crl_numbers"]), (&"pending".into(), &serde_json::json!({})));
    assert_eq!(s.field("c", "status"), "revoked");
    assert_eq!(s.field("c", "revocation.crl_number"), "");
    assert_eq!(crl(&s, "lab-issuing"), (number, vec![]));
    let before = s.state();
    s.run(&["crl", "--check"]).exits(3).prints("due lab-issuing");
    before.assert_unchanged(&s.state(), "crl --check");
    s.run(&["doctor"]).exits(3).prints("crl-due");
    let outcome = s.json(&["crl", "--due"]);
    let by_name = |name: &str| {
        let found = outcome["results"].as_array().unwrap().iter().find(|r| r["name"] == name);
        found.map(|r| r["action"].as_str().unwrap().to_string())
    };
    assert_eq!((by_name("lab-root"), by_name("lab-issuing")), (Some("unchanged".into()), Some("written".into())));
    assert_eq!(crl(&s, "lab-issuing").1, serials(&s, "c"));
    assert_eq!(s.field("c", "revocation.crl_number"), crl(&s, "lab-issuing").0.to_string());
    s.ok(&["crl", "--check"]);
}

#[test]
fn a_revoked_intermediate_is_listed_by_its_root() {
    let s = Sandbox::with_issuing_ca();
    let serial = s.field("lab-issuing", "serial");
    s.ok(&["revoke", "Lab Issuing", "--reason", "ca-compromise"]);
    assert_eq!(crl(&s, "lab-root").1, [serial]);
    assert!(crl(&s, "lab-issuing").1.is_empty());
}

#[test]
fn several_targets_of_several_cas_in_one_command() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a"]);
    s.ok(&["client", "b", "--issuer", "lab-root"]);
    let serial = s.field("a", "serial");
    // The same certificate twice is one revocation.
    let outcome = s.json(&["revoke", "a", "b", &serial, "pki/certs/a/cert.pem"]);
    assert_eq!(actions(&outcome), ["revoked", "revoked"]);
    assert_eq!(outcome["crl_numbers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["lab-issuing", "lab-root"]);
    assert_eq!(crl(&s, "lab-issuing").1, serials(&s, "a"));
    assert_eq!(crl(&s, "lab-root").1, serials(&s, "b"));
}

/// Every key is at hand, or nothing is recorded.
#[test]
fn nothing_is_revoked_where_one_key_is_missing() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a"]);
    s.ok(&["client", "b", "--issuer", "lab-root"]);
    std::fs::rename(s.path("pki/ca/lab-root/key.pem"), s.path("away.pem")).unwrap();
    let error = s.refuses(&["revoke", "a", "b"], 1, "issuer-unusable");
    assert!(error["hints"][0].as_str().unwrap().contains("--no-crl"), "{error}");
    assert_eq!(s.json(&["revoke", "a", "b", "--no-crl"])["crl"], "pending");
}

/// A handle may have certificates of a CA that was revoked: that CA signs nothing more, and does not keep the others from
/// telling of theirs.
#[test]
fn a_spent_ca_does_not_keep_others_from_their_crls() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["intermediate", "Second", "--issuer", "lab-root"]);
    s.ok(&["server", "a.internal", "--issuer", "second"]);
    s.ok(&["revoke", "second"]);
    // Nothing could be told at all.
    s.refuses(&["revoke", "a.internal"], 1, "issuer-unusable");
    s.ok(&["server", "a.internal", "--issuer", "lab-issuing", "--force"]);
    let outcome = s.json(&["revoke", "a.internal", "--reason", "key-compromise"]);
    assert_eq!((actions(&outcome), &outcome["crl"]), (vec!["revoked", "revoked"], &json!("written")));
    let numbers: Vec<_> = outcome["crl_numbers"].as_object().unwrap().keys().cloned().collect();
    assert_eq!((numbers, &outcome["warnings"][0]["code"]), (vec!["lab-issuing".to_string()], &json!("crl-stale")));
    assert!(outcome["warnings"][0]["message"].as_str().unwrap().contains("`second` signs no CRL any more"));
    assert_eq!(crl(&s, "lab-issuing").1.len(), 1);
}

#[test]
fn numbers_only_grow() {
    let s = Sandbox::with_issuing_ca();
    let mut last = crl(&s, "lab-issuing").0;
    for _ in 0..3 {
        s.ok(&["crl", "lab-issuing"]);
        let (number, _) = crl(&s, "lab-issuing");
        assert!(number > last, "{number} after {last}");
        last = number;
    }
    // Also when the inventory is an older copy: the file on the disk counts.
    let old = s.copied();
    s.ok(&["crl", "lab-issuing"]);
    s.ok(&["crl", "lab-issuing"]);
    let (newest, _) = crl(&s, "lab-issuing");
    std::fs::copy(s.path("pki/ca/lab-issuing/crl.pem"), old.path("pki/ca/lab-issuing/crl.pem")).unwrap();
    old.ok(&["crl", "lab-issuing"]);
    assert!(crl(&old, "lab-issuing").0 > newest);
}

#[test]
fn how_long_a_crl_is_good_for() {
    let s = Sandbox::with_issuing_ca();
    let days = |outcome: &Value, n: usize| {
        let at = |field: &str| {
            let text = outcome["results"][n][field].as_str().unwrap();
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap().unix_timestamp()
        };
        (at("next_update") - at("this_update")) / DAY
    };
    let outcome = s.json(&["crl", "lab-root", "lab-issuing"]);
    assert_eq!((days(&outcome, 0), days(&outcome, 1)), (365, 30));
    let outcome = s.json(&["crl", "Lab Issuing", "--next-update", "7d"]);
    assert_eq!(days(&outcome, 0), 7);
    // It never outlives its CA.
    s.ok(&["intermediate", "Short", "--issuer", "lab-root", "--lifetime", "10d"]);
    let outcome = s.json(&["crl", "short"]);
    assert_eq!(outcome["results"][0]["next_update"], s.field("short", "not_after"));
    assert!(warnings(&outcome).is_empty());
}

/// `crl` goes on past a CA that fails, and then exits with 1.
#[test]
fn the_other_crls_are_written_where_one_fails() {
    let s = Sandbox::with_issuing_ca();
    std::fs::remove_file(s.path("pki/ca/lab-issuing/key.pem")).unwrap();
    let before = crl(&s, "lab-root").0;
    let ran = s.run(&["crl", "lab-issuing", "lab-root", "--json"]).exits(1);
    let outcome = ran.object();
    assert_eq!(outcome["results"][0]["error"]["code"], "issuer-unusable");
    assert_eq!(outcome["results"][1]["action"], "written");
    assert!(crl(&s, "lab-root").0 > before);
    s.run(&["crl", "lab-issuing", "lab-root"])
        .exits(1)
        .prints("written lab-root")
        .says("error: `lab-issuing` cannot issue");
}

/// Runs with targets on stdin.
fn with_stdin(s: &Sandbox, arguments: &[&str], text: &str) -> Ran {
    let mut command = s.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Ran::from_output(&command, child.wait_with_output().unwrap())
}

#[test]
fn many_targets_from_stdin_all_or_nothing() {
    let s = Sandbox::with_issuing_ca();
    for name in ["a.internal", "b.internal", "c.internal"] {
        s.ok(&["server", name]);
    }
    let before = s.state();
    with_stdin(&s, &["revoke", "--stdin", "--json"], "a.internal\nnobody.internal\n").exits(1).error("not-found");
    before.assert_unchanged(&s.state(), "revoke --stdin");
    with_stdin(&s, &["revoke", "--stdin", "--json"], "# nothing\n\n").exits(2).error("usage");
    let text = format!("# two of three\n  a.internal\n\n{}\r\na.internal\n", s.field("b.internal", "serial"));
    let done = with_stdin(&s, &["revoke", "--stdin", "--reason", "superseded", "--json"], &text).exits(0).object();
    assert_eq!(done["results"].as_array().unwrap().len(), 2, "none twice: {done}");
    assert_eq!(s.field("c.internal", "status"), "valid");
}

#[test]
fn the_time_of_a_revocation_can_be_typed() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--not-before", &s.time(-60)]);
    s.refuses(&["revoke", "a.internal", "--at", &s.time(3_600)], 2, "usage");
    s.refuses(&["revoke", "a.internal", "--at", "yesterday"], 2, "invalid-value");
    let at = s.time(-30);
    s.ok(&["revoke", "a.internal", "--at", &at]);
    assert_eq!(s.field("a.internal", "revocation.at"), at);
    // Turned into another reason it keeps its date, unless another one is typed.
    s.ok(&["revoke", "a.internal", "--reason", "key-compromise"]);
    assert_eq!(s.field("a.internal", "revocation.at"), at);
}

/// What a CA issued before its inventory began: a serial without certificate, under a CA that is named with it.
#[test]
fn a_serial_made_elsewhere_is_listed_when_its_ca_is_named() {
    let s = Sandbox::with_issuing_ca();
    s.refuses(&["revoke", "--serial", "0a0b0c"], 1, "not-found");
    assert_eq!(crl(&s, "lab-issuing").1, [] as [&str; 0]);

    let outcome = s.json(&[
        "revoke",
        "--issuer",
        "Lab Issuing",
        "--serial",
        "0a:0b:0c",
        "--reason",
        "certificate-hold",
        "--at",
        "2020-01-02",
    ]);
    let expected = serde_json::json!([
        {"name": null, "action": "revoked", "ca": "lab-issuing", "serial": "0a0b0c", "certificate": null}
    ]);
    assert_eq!(outcome["results"], expected);
    assert_eq!(warnings(&outcome), ["made-elsewhere"]);
    assert_eq!(crl(&s, "lab-issuing").1, ["0a0b0c"]);
    assert_eq!(crl(&s, "lab-root").1, [] as [&str; 0], "it is nobody else's");

    // It follows the rules of every other one.
    let again = s.json(&["revoke", "--issuer", "lab-issuing", "--serial", "0a0b0c", "--reason", "certificate-hold"]);
    assert_eq!(actions(&again), ["unchanged"]);
    let released = s.json(&["revoke", "--issuer", "lab-issuing", "--serial", "0a0b0c", "--release"]);
    assert_eq!(actions(&released), ["released"]);
    assert_eq!(crl(&s, "lab-issuing").1, [] as [&str; 0]);
    for (line, code) in [
        ("revoke --issuer lab-issuing --serial 0a0b0c --release", "not-on-hold"),
        ("revoke --issuer nobody --serial 0a0b0c", "not-found"),
    ] {
        s.refuses(&line.split(' ').collect::<Vec<_>>(), 1, code);
    }
    s.ok(&["revoke", "--issuer", "lab-issuing", "--serial", "0a0b0c", "--reason", "superseded"]);
    let other = ["revoke", "--issuer", "lab-issuing", "--serial", "0a0b0c", "--reason", "affiliation-changed"];
    s.refuses(&other, 1, "already-revoked");
    s.ok(&["revoke", "--issuer", "lab-issuing", "--serial", "0a0b0c", "--reason", "key-compromise"]);

    // A certificate that is here is revoked as itself.
    s.ok(&["client", "c"]);
    let serial = s.field("c", "serial");
    let outcome = s.json(&["revoke", "--issuer", "lab-issuing", "--serial", &serial]);
    assert_eq!(outcome["results"][0]["name"], "c");
    assert_eq!(s.field("c", "status"), "revoked");
}

/// Nobody here knows when it ends: its entry stays, however often its CA is renewed.
#[test]
fn a_serial_made_elsewhere_stays_listed() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "10y"]);
    let short = ["intermediate", "Lab Issuing", "--not-before", &s.time(-50 * DAY), "--not-after", &s.time(3)];
    s.ok(&short);
    s.ok(&["revoke", "--issuer", "lab-issuing", "--serial", "0a0b0c", "--reason", "superseded"]);
    // Its CA ended, and has another certificate of the same key.
    std::thread::sleep(std::time::Duration::from_secs(4));
    s.ok(&["renew", "lab-issuing", "--lifetime", "300d"]);
    for _ in 0..3 {
        s.ok(&["crl", "lab-issuing"]);
        assert_eq!(crl(&s, "lab-issuing").1, ["0a0b0c"]);
    }
}

/// A handle that ends as files do is meant where there is no such file.
#[test]
fn a_handle_that_ends_as_files_do() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root"]);
    for name in ["a.pem", "a.crt", "b.pem"] {
        s.ok(&["client", name]);
        assert_eq!(s.field(name, "name"), name);
    }
    s.ok(&["request", "w.der", "--profile", "client"]);
    let error = s.refuses(&["show", "w.der"], 1, "not-found");
    assert!(error["message"].as_str().unwrap().contains("it was requested"), "{error}");
    // To the letter, and never with a folder before it.
    for file in ["./a.pem", "A.pem", "c.pem", "pki/a.pem"] {
        let error = s.refuses(&["show", file], 1, "io");
        assert!(error["message"].as_str().unwrap().starts_with(&format!("cannot read `{file}`")), "{error}");
    }
    let serial = s.field("a.pem", "serial");
    assert_eq!(s.json(&["renew", "a.pem"])["results"][0]["name"], "a.pem");
    assert_ne!(s.field("a.pem", "serial"), serial);
    // A file that is there wins, whatever is in it.
    s.write("a.pem", s.bytes("pki/certs/b.pem/cert.pem"));
    assert_eq!(s.field("a.pem", "name"), "b.pem");
    assert_eq!(s.json(&["revoke", "a.pem"])["results"][0]["name"], "b.pem");
    assert_eq!(s.field("a.crt", "status"), "valid");
    s.write("a.crt", "");
    s.refuses(&["revoke", "a.crt"], 1, "malformed");
    std::fs::remove_file(s.path("a.pem")).unwrap();
    std::fs::remove_file(s.path("a.crt")).unwrap();
    for name in ["a.pem", "a.crt"] {
        s.ok(&["revoke", name]);
        assert_eq!(s.field(name, "status"), "revoked");
    }
}
