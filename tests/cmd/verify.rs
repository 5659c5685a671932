//! `verify`: every answer, what it says, and how it ends.

use crate::common::{Ran, Sandbox};

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "10.0.0.1"]);
    s.ok(&["client", "alice", "--email", "alice@lab.internal"]);
    s.ok(&["workload", "spiffe://lab.internal/ns/a"]);
    s
}

const API: &str = "pki/certs/api.internal/cert.pem";
const ALICE: &str = "pki/certs/alice/cert.pem";
const WORKLOAD: &str = "pki/certs/lab.internal.ns.a/cert.pem";
const ROOT: &str = "pki/ca/lab-root/cert.pem";
const ISSUING: &str = "pki/ca/lab-issuing/cert.pem";

fn ask(s: &Sandbox, line: &str) -> Ran {
    let mut words = vec!["verify"];
    words.extend(line.split_whitespace());
    s.run(&words)
}

/// The answer, and the rule where it is not yes.
fn answer(s: &Sandbox, line: &str, code: i32) -> (String, String) {
    let ran = ask(s, &format!("{line} --json")).exits(code);
    assert!(ran.stderr.is_empty(), "{ran}");
    let report = ran.object();
    let rule = report["reason"]["rule"].as_str().unwrap_or("good").to_string();
    (report["verdict"].as_str().unwrap().to_string(), rule)
}

fn no(s: &Sandbox, line: &str, rule: &str) {
    assert_eq!(answer(s, line, 3), ("invalid".into(), rule.into()), "{line}");
}

fn yes(s: &Sandbox, line: &str) {
    assert_eq!(answer(s, line, 0), ("valid".into(), "good".into()), "{line}");
}

#[test]
fn the_roots_and_crls_of_the_pki() {
    let s = lab();
    let before = s.state();
    yes(&s, API);
    yes(&s, &format!("{API} --host api.internal"));
    yes(&s, &format!("{API} --host 10.0.0.1 --purpose server"));
    yes(&s, &format!("{ALICE} --purpose client --email alice@lab.internal"));
    yes(&s, &format!("{WORKLOAD} --spiffe spiffe://lab.internal/ns/a"));
    yes(&s, &format!("{WORKLOAD} --trust-domain lab.internal"));
    no(&s, &format!("{API} --host www.internal"), "name-mismatch");
    no(&s, &format!("{API} --purpose client"), "purpose");
    no(&s, &format!("{ALICE} --host alice"), "purpose");
    no(&s, &format!("{ALICE} --email bob@lab.internal"), "name-mismatch");
    no(&s, &format!("{WORKLOAD} --trust-domain internal"), "spiffe-trust-domain");
    no(&s, &format!("{API} --trust-domain lab.internal"), "spiffe-svid");
    no(&s, &format!("{API} --at 2000-01-01"), "chain-not-yet-valid");
    no(&s, ISSUING, "leaf-is-ca");
    before.assert_unchanged(&s.state(), "verify");
    ask(&s, API)
        .exits(0)
        .prints("CN=api.internal: valid")
        .prints("CN=Lab Root (")
        .prints("trusted")
        .prints("not revoked");
    let refused = ask(&s, &format!("{API} --host www.internal")).exits(3);
    refused
        .prints("CN=api.internal: not valid")
        .prints("`dns:api.internal`")
        .prints("RFC 9525")
        .says("hint: reach the host");
}

#[test]
fn revoked_and_not_known() {
    let s = lab();
    s.ok(&["revoke", "alice", "--reason", "key-compromise"]);
    no(&s, ALICE, "revoked");
    yes(&s, &format!("{ALICE} --no-crl"));
    ask(&s, ALICE).exits(3).prints("key-compromise").prints("was revoked by its issuer `CN=Lab Issuing`");
    yes(&s, API);
    // With CRLs that somebody gives, each CA of the path must have one.
    let own = format!("{API} --roots {ROOT} --untrusted {ISSUING}");
    yes(&s, &own);
    ask(&s, &own).exits(0).prints("revoked  not asked");
    yes(&s, &format!("{own} --crl pki/public/crls.pem"));
    let unknown = answer(&s, &format!("{own} --crl pki/ca/lab-root/crl.pem"), 3);
    assert_eq!(unknown, ("unknown".into(), "revocation-unknown".into()));
    ask(&s, &format!("{own} --crl pki/ca/lab-root/crl.pem"))
        .exits(3)
        .prints("not known to be valid")
        .prints("there is no CRL of its issuer `CN=Lab Issuing`");
    let late = answer(&s, &format!("{own} --crl pki/public/crls.pem --at {}", s.time(40 * 86_400)), 3);
    assert_eq!(late, ("unknown".into(), "revocation-unknown".into()));
    // What is recorded counts before a CRL lists it, and another one's CRLs do not know of it.
    s.ok(&["revoke", "api.internal", "--no-crl"]);
    no(&s, API, "revoked");
    yes(&s, &format!("{own} --crl pki/public/crls.pem"));
    yes(&s, WORKLOAD);
    // A revoked intermediate takes everything along.
    s.ok(&["revoke", "lab-issuing"]);
    no(&s, API, "revoked");
}

#[test]
fn chains_from_files() {
    let s = lab();
    let outside = |line: &str| format!("{line} --pki nowhere");
    yes(&s, &outside(&format!("pki/certs/api.internal/fullchain.pem --roots {ROOT}")));
    yes(&s, &outside(&format!("{API} --roots pki/public/roots.pem --untrusted pki/certs/api.internal/chain.pem")));
    yes(&s, &outside(&format!("{API} --roots {ISSUING}")));
    yes(&s, &outside("pki/certs/api.internal/fullchain.pem --roots pki/public/lab-root.crt"));
    no(&s, &outside(&format!("{API} --roots {ROOT}")), "path-no-issuer");
    no(&s, &outside(&format!("pki/certs/api.internal/fullchain.pem --roots {ALICE}")), "path-no-issuer");
    let all = s.text("pki/certs/api.internal/fullchain.pem") + &s.text(ROOT);
    s.write("all.pem", all);
    no(&s, &outside(&format!("all.pem --roots {ALICE}")), "path-untrusted-root");
    no(&s, &outside(&format!("all.pem --roots {ROOT} --max-depth 1")), "path-too-deep");
    // Another root of the same name: the reason is the key, and every path that was tried is told.
    s.ok(&["--pki", "other", "root", "Lab Root"]);
    let line = outside("pki/certs/api.internal/fullchain.pem --roots other/ca/lab-root/cert.pem");
    no(&s, &line, "chain-key-identifier");
    let told = ask(&s, &format!("{line} --explain --json")).exits(3).object();
    assert!(told["tried"].is_array() && told["tries"].as_u64() >= Some(1), "{told}");
    // From a pipe, and with a key beside it, as HAProxy has them.
    let combined = s.text("pki/certs/api.internal/key.pem") + &s.text("pki/certs/api.internal/fullchain.pem");
    s.write("combined.pem", combined);
    let mut piped = s.command(&["verify", "-", "--roots", ROOT]);
    piped.stdin(std::fs::File::open(s.path("combined.pem")).unwrap());
    let ran = Ran::of(piped).exits(0);
    ran.prints("CN=api.internal: valid");
}

#[test]
fn what_cannot_be_answered() {
    let s = lab();
    s.write("empty.pem", "");
    s.write("text.pem", "hello\n");
    s.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    for (line, code, words) in [
        (format!("{API} --pki nowhere"), "no-pki", "--roots FILE"),
        ("missing.pem".into(), "io", "missing.pem"),
        ("empty.pem".into(), "malformed", "it is empty"),
        ("text.pem".into(), "malformed", "neither PEM nor DER"),
        ("broken.pem".into(), "malformed", "broken.pem"),
        ("pki/certs/api.internal/key.pem".into(), "malformed", "no certificate"),
        ("pki/ca/lab-root/crl.pem".into(), "malformed", "no certificate"),
        (format!("{API} --roots empty.pem"), "malformed", "it is empty"),
        (format!("{API} --untrusted text.pem"), "malformed", "neither"),
        (format!("{API} --crl {ROOT}"), "malformed", "no CRL"),
        (format!("{API} --crl missing.crl"), "io", "missing.crl"),
    ] {
        let error = ask(&s, &format!("{line} --json")).exits(1).error(code);
        assert!(error.to_string().contains(words), "{line}: {error}");
    }
    for (line, code, words) in [
        ("", "usage", "FILE"),
        ("missing.pem --host *.lab.internal", "usage", "wildcard"),
        ("missing.pem --host a_b", "invalid-value", "a_b"),
        ("missing.pem --purpose email", "usage", "purpose"),
        ("missing.pem --at yesterday", "invalid-value", "yesterday"),
        ("missing.pem --email nobody", "invalid-value", "nobody"),
        ("missing.pem --spiffe spiffe://td", "invalid-value", "path"),
        ("missing.pem --trust-domain A.B", "invalid-value", "A.B"),
        ("missing.pem --spiffe spiffe://a/b --trust-domain b", "usage", "not in the trust domain"),
        ("missing.pem --max-depth 0", "usage", "1 to 1000"),
        ("missing.pem --max-depth many", "usage", "1 to 1000"),
        ("missing.pem --crl a --no-crl", "usage", "--no-crl"),
        ("- --roots -", "usage", "standard input is named twice"),
    ] {
        let error = ask(&s, &format!("{line} --json")).exits(2).error(code);
        assert!(error.to_string().contains(words), "{line}: {error}");
    }
}

/// Something that cannot be read beside the chain is told, and does not hide the answer.
#[test]
fn what_is_left_out_is_told() {
    let s = lab();
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    s.write("chain.pem", s.text("pki/certs/api.internal/fullchain.pem") + broken + broken);
    let report = ask(&s, &format!("chain.pem --roots {ROOT} --json")).exits(0).object();
    let codes: Vec<_> = report["warnings"].as_array().unwrap().iter().map(|w| w["code"].clone()).collect();
    assert_eq!(codes, ["left-out", "left-out"]);
}

/// A second has begun, or it has not: fractions of it say nothing.
#[test]
fn fractions_of_a_second() {
    let s = lab();
    let report = ask(&s, &format!("{API} --no-crl --json")).exits(0).object();
    let end = report["path"][0]["not_after"].as_str().unwrap().trim_end_matches('Z').to_string();
    let start = report["path"][0]["not_before"].as_str().unwrap().trim_end_matches('Z').to_string();
    yes(&s, &format!("{API} --no-crl --at {end}.999Z"));
    yes(&s, &format!("{API} --no-crl --at {start}.001Z"));
    let before: rootlet::model::Timestamp = format!("{start}Z").parse().unwrap();
    let before = rootlet::model::Timestamp::from_unix(before.unix() - 1).unwrap().to_string();
    no(&s, &format!("{API} --no-crl --at {}.999Z", before.trim_end_matches('Z')), "chain-not-yet-valid");
    for wrong in ["2030.5", "2030-01-01T00:00:00.Z", "2030-01-01.5", "1.5d"] {
        ask(&s, &format!("{API} --at {wrong} --json")).exits(2).error("invalid-value");
    }
}

/// With --explain every step is told, those that fail marked; the SPIFFE ID is told with its parts.
#[test]
fn steps_and_ids() {
    let s = lab();
    let told = ask(&s, &format!("{WORKLOAD} --trust-domain lab.internal --explain --json")).exits(0).object();
    assert_eq!(
        (told["spiffe_id"].as_str(), told["trust_domain"].as_str()),
        (Some("spiffe://lab.internal/ns/a"), Some("lab.internal"))
    );
    let steps = told["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["passed"] == true && step["rule"].is_null()), "{told}");
    let of = |name: &str| steps.iter().filter(|step| step["check"] == name).count();
    assert_eq!((of("signature"), of("revocation"), of("spiffe"), of("anchor")), (2, 2, 1, 1));
    ask(&s, WORKLOAD).exits(0).prints("spiffe   spiffe://lab.internal/ns/a (trust domain lab.internal, path /ns/a)");
    let refused = ask(&s, &format!("{API} --host www.internal --purpose client --explain")).exits(3);
    refused.prints("no purpose").prints("no host").prints("signed by the key of `CN=Lab Issuing`");
    let told = ask(&s, &format!("{API} --host www.internal --explain --json")).exits(3).object();
    let failed: Vec<_> = told["steps"].as_array().unwrap().iter().filter(|step| step["passed"] == false).collect();
    assert_eq!(failed.len(), 1, "{told}");
    assert_eq!((failed[0]["check"].as_str(), failed[0]["rule"].as_str()), (Some("host"), Some("name-mismatch")));
    assert!(ask(&s, &format!("{API} --json")).exits(0).object().get("steps").is_none());
}
