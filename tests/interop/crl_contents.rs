//! OpenSSL, GnuTLS and pyca/cryptography read our CRLs: empty ones, every reason, dates beyond 2049, and long ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use rootlet::model::{Clock, Reason, Serial, SystemClock};
use rootlet::store::{Access, NewRevocation, SqliteStore, Store};
use serde_json::{Value, json};

use super::gnutls::CERTTOOL;
use super::openssl::OPENSSL;
use super::pki::{Entry, KeyAlgorithm, Pki};
use super::program::{Program, Ran, clean_command, present, run, source};

/// A Python that has pyca/cryptography: `.ci/run` makes it.
static PYCA: LazyLock<Program> = LazyLock::new(|| {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("venv").join("bin/python");
    let python: &'static str = python.to_str().expect("a path in UTF-8").to_string().leak();
    let asked = vec![python, "-c", "import cryptography; print('cryptography', cryptography.__version__)"];
    Program { name: python, version: asked.leak() }
});

/// Our name, pyca's and OpenSSL's for each reason.
const REASONS: [(&str, Option<&str>, &str); 8] = [
    ("unspecified", None, ""),
    ("key-compromise", Some("key_compromise"), "Key Compromise"),
    ("affiliation-changed", Some("affiliation_changed"), "Affiliation Changed"),
    ("superseded", Some("superseded"), "Superseded"),
    ("cessation-of-operation", Some("cessation_of_operation"), "Cessation Of Operation"),
    ("certificate-hold", Some("certificate_hold"), "Certificate Hold"),
    ("privilege-withdrawn", Some("privilege_withdrawn"), "Privilege Withdrawn"),
    ("aa-compromise", Some("aa_compromise"), "AA Compromise"),
];

/// What pyca finds in a CRL, in PEM and in DER alike.
fn read_by_pyca(pki: &Pki, authority: &Entry, handle: &str) -> Value {
    let read = |crl: &Path| {
        let mut command = clean_command(PYCA.name);
        command.arg("-I").arg(source("python/crl.py")).arg(crl).arg(authority.certificate());
        let ran = run(&mut command).succeeds();
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"))
    };
    let (pem, der) = (read(&authority.crl()), read(&pki.public(&format!("{handle}.crl"))));
    assert_eq!(pem, der);
    pem
}

fn json_of(ran: Ran) -> Value {
    serde_json::from_str(&ran.succeeds().stdout).expect("JSON")
}

/// What we say ourselves of everything that is revoked under one CA, in pyca's words.
fn expected(pki: &Pki, issuer: &str) -> Value {
    let listed = json_of(pki.rootlet(&["list", "--all", "--issuer", issuer, "--json"]));
    let mut entries = serde_json::Map::new();
    for certificate in listed["certificates"].as_array().expect("a list") {
        let revocation = &certificate["revocation"];
        if revocation.is_null() {
            continue;
        }
        let known = REASONS.iter().find(|r| revocation["reason"] == r.0);
        let reason = known.map_or(Some("ca_compromise"), |r| r.1);
        let serial = certificate["serial"].as_str().expect("a serial").trim_start_matches('0').to_string();
        let (at, since) = (&revocation["at"], &revocation["invalidity_date"]);
        entries.insert(serial, json!({"at": at, "reason": Value::from(reason), "invalidity_date": since}));
    }
    Value::Object(entries)
}

fn every_reason(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL, &CERTTOOL, &PYCA]) {
        return;
    }
    let pki = Pki::authorities(algorithm);
    for (name, ..) in REASONS {
        pki.rootlet(&["client", name]).succeeds();
        let more: &[&str] = if name == "key-compromise" { &["--invalidity-date", "2021-03-04T05:06:07Z"] } else { &[] };
        pki.rootlet(&[&["revoke", name, "--reason", name], more].concat()).succeeds();
    }
    // A hold that was lifted leaves no trace; one that became final has its last reason.
    for (name, last) in [("released", None), ("held-then-final", Some("superseded"))] {
        pki.rootlet(&["client", name]).succeeds();
        pki.rootlet(&["revoke", name, "--reason", "certificate-hold"]).succeeds();
        let then: &[&str] = last.map_or(&["--release"], |_| &["--reason", "superseded"]);
        pki.rootlet(&[&["revoke", name], then].concat()).succeeds();
    }
    // A CA on its root's CRL.
    pki.rootlet(&["intermediate", "Second", "--issuer", "interop-root"]).succeeds();
    pki.rootlet(&["revoke", "second", "--reason", "ca-compromise"]).succeeds();

    for (authority, handle, count) in [(pki.issuing(), "interop-issuing", 9), (pki.root(), "interop-root", 1)] {
        let seen = read_by_pyca(&pki, &authority, handle);
        assert_eq!(seen["entries"], expected(&pki, handle), "{handle}");
        assert_eq!(seen["entries"].as_object().map(serde_json::Map::len), Some(count), "{handle}");
        let ours = json_of(pki.rootlet(&["crl", "--check", handle, "--json"]));
        for field in ["number", "this_update", "next_update"] {
            assert_eq!(seen[field], ours["results"][0][field], "{field} of {handle}");
        }
        verified_by_all(&authority, count);
    }
    // OpenSSL names every reason, and the one invalidity date.
    let shown = run(OPENSSL.command().args(["crl", "-noout", "-text", "-in"]).arg(pki.issuing().crl())).succeeds();
    let counts: BTreeMap<&str, usize> = REASONS.iter().map(|r| (r.2, shown.stdout.matches(r.2).count())).collect();
    for (_, _, name) in &REASONS[1..] {
        assert_eq!(counts[name], if *name == "Superseded" { 2 } else { 1 }, "{name}: {shown}");
    }
    assert_eq!(shown.stdout.matches("X509v3 CRL Reason Code:").count(), 8, "unspecified is not written: {shown}");
    assert!(shown.stdout.contains("Invalidity Date: \n                Mar  4 05:06:07 2021 GMT"), "{shown}");
}
for_each_key_algorithm!(every_reason);

/// The signature, and how many entries there are.
fn verified_by_all(authority: &Entry, count: usize) {
    verified_by_openssl_and_pyca(authority, count);
    let mut certtool = CERTTOOL.command();
    certtool.arg("--verify-crl").arg("--load-ca-certificate").arg(authority.certificate());
    run(certtool.arg("--infile").arg(authority.crl())).succeeds().says("Verification output: Verified.");
    let mut certtool = CERTTOOL.command();
    let counted = if count == 0 { "No revoked certificates".into() } else { format!("Revoked certificates ({count})") };
    run(certtool.arg("--crl-info").arg("--infile").arg(authority.crl())).succeeds().says(&counted);
}

fn verified_by_openssl_and_pyca(authority: &Entry, count: usize) {
    let mut openssl = OPENSSL.command();
    openssl.args(["crl", "-noout", "-verify", "-no-CAstore", "-no-CApath", "-in"]).arg(authority.crl());
    run(openssl.arg("-CAfile").arg(authority.certificate())).succeeds().says("verify OK");
    let mut pyca = clean_command(PYCA.name);
    pyca.arg("-I").arg(source("python/crl.py")).arg(authority.crl()).arg(authority.certificate()).arg("count");
    assert_eq!(run(&mut pyca).succeeds().stdout.trim(), count.to_string());
}

/// An empty one, and dates that UTCTime cannot say.
fn empty_and_far_away(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL, &CERTTOOL, &PYCA]) {
        return;
    }
    let pki = Pki::authorities(algorithm);
    verified_by_all(&pki.root(), 0);
    verified_by_all(&pki.issuing(), 0);
    pki.rootlet(&["root", "Far Root", "--lifetime", "60y"]).succeeds();
    pki.rootlet(&["client", "a", "--issuer", "far-root"]).succeeds();
    pki.rootlet(&["revoke", "a"]).succeeds();
    pki.rootlet(&["crl", "far-root", "--next-update", "50y"]).succeeds();
    let authority = pki.authority("far-root");
    verified_by_all(&authority, 1);
    let seen = read_by_pyca(&pki, &authority, "far-root");
    let year: u32 = seen["next_update"].as_str().and_then(|t| t[..4].parse().ok()).expect("a year");
    assert!(year >= 2050, "{seen}");
}
for_each_key_algorithm!(empty_and_far_away: p256 P256, rsa_2048 Rsa2048);

/// A hundred thousand entries.
#[test]
fn a_long_one() {
    if !present(&[&OPENSSL, &PYCA]) {
        return;
    }
    let pki = with_entries(100_000);
    verified_by_openssl_and_pyca(&pki.issuing(), 100_000);
    refuses_the_revoked(&pki, |pki, leaf| {
        let crls = pki.crls();
        let crls = crls.to_str().expect("a path in UTF-8");
        let ran = run(&mut super::openssl::verify(leaf, &pki.roots(), &["-crl_check_all", "-CRLfile", crls]));
        (ran.code == Some(0), ran)
    });
}

/// GnuTLS takes quadratic time: minutes for ten times as many.
#[test]
fn a_long_one_for_gnutls() {
    if !present(&[&CERTTOOL, &OPENSSL, &PYCA]) {
        return;
    }
    let pki = with_entries(5_000);
    verified_by_all(&pki.issuing(), 5_000);
    refuses_the_revoked(&pki, |pki, leaf| {
        let mut certtool = CERTTOOL.command();
        certtool.args(["--verify", "--verify-profile=medium", "--load-ca-certificate"]).arg(pki.roots());
        let ran = run(certtool.arg("--load-crl").arg(pki.issuing().crl()).arg("--infile").arg(leaf.full_chain()));
        (ran.stdout.contains("Chain verification output: Verified."), ran)
    });
}

/// Two clients, of which one is revoked, beside all the others.
fn refuses_the_revoked(pki: &Pki, judge: impl Fn(&Pki, &Entry) -> (bool, Ran)) {
    for name in ["good", "bad"] {
        pki.rootlet(&["client", name]).succeeds();
    }
    pki.rootlet(&["revoke", "bad"]).succeeds();
    for (name, trusted) in [("good", true), ("bad", false)] {
        let (said, ran) = judge(pki, &pki.leaf(name));
        assert_eq!(said, trusted, "{name}: {ran}");
        assert!(trusted || format!("{ran}").contains("revoked"), "{ran}");
    }
}

/// A PKI whose issuing CA has so many revocations on record, and a CRL of them. That many certificates need not be issued
/// for it.
fn with_entries(count: u32) -> Pki {
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let mut store = SqliteStore::open(&pki.folder.join("pki/inventory.db")).expect("an inventory");
    let transaction = store.begin(Access::Write).expect("a transaction");
    let authorities = transaction.authorities().expect("CAs");
    let issuing = authorities.iter().find(|a| a.handle.as_str() == "interop-issuing").expect("the issuing CA");
    let (issuer, not_after, at) = (issuing.id, issuing.certificate.not_after, SystemClock.now());
    for n in 0..count {
        // Not in the order of their numbers, and of every length that a serial may have.
        let octets = n.wrapping_mul(2_654_435_761).to_be_bytes();
        let serial = [&[0x11; 15][..(n % 16) as usize], &octets, &[1]].concat();
        let reason = Reason::from_code([0, 1, 3, 4, 5, 6, 9][n as usize % 7]);
        let serial = Serial::from_unsigned(&serial).expect("a serial");
        let invalidity_date = (n % 5 == 0).then_some(at);
        let new = NewRevocation { issuer, serial, not_after, at, reason, invalidity_date };
        transaction.revoke(&new).expect("it is recorded");
    }
    transaction.commit().expect("a commit");
    drop(store);
    let written = json_of(pki.rootlet(&["crl", "--due", "--json"]));
    assert_eq!(written["results"][1]["entries"], count, "{written}");
    pki
}
