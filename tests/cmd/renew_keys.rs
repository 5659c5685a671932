//! `renew` and keys: kept, replaced, given, encrypted, elsewhere, and those of an adopted CA.

use super::renew::{acts, leaf, old_lab, pairs, refuses, show};
use crate::common::ran::warnings;
use crate::common::{DAY, Sandbox};
use rootlet::keys::PrivateKey;
use rootlet::model::{KeyAlgorithm, Profile};
use rootlet::pki::{LeafKey, LeafRequest, Pki};
use serde_json::Value;

#[test]
fn a_new_key() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--key", "p384", "--out-dir", "tls"]);
    let before = show(&s, "a.internal");
    let outcome = s.json(&["renew", "a.internal", "--rekey"]);
    assert_eq!(acts(&outcome), pairs(&[("a.internal", "reissued")]));
    let after = &outcome["results"][0]["certificate"];
    assert_ne!(after["spki_sha256"], before["spki_sha256"]);
    assert_eq!((&after["key_algorithm"], &after["predecessor"]), (&"p384".into(), &before["serial"]));
    let outcome = s.json(&["renew", "a.internal", "--rekey", "--key", "ed25519"]);
    assert_eq!(outcome["results"][0]["certificate"]["key_algorithm"], "ed25519");
    assert_eq!(outcome["results"][0]["delivered"], serde_json::json!([s.path("tls")]));
    assert!(s.bytes("tls/key.pem") == s.bytes("pki/certs/a.internal/key.pem"));
    s.ok(&["doctor"]);
    refuses(&s, &["lab-issuing", "--rekey"], "not-renewable");
    refuses(&s, &["lab-root", "--rekey"], "not-renewable");
}

/// Of a key that was never here the public half is certified again.
#[test]
fn a_key_that_is_elsewhere() {
    let s = Sandbox::with_issuing_ca();
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let mut request = LeafRequest::new(Profile::Client, "far").unwrap();
    request.key = LeafKey::Foreign(key.public_key().to_vec());
    Pki::open(&s.path("pki")).unwrap().leaf(&request).unwrap();
    let before = show(&s, "far");
    let after = &s.json(&["renew", "far"])["results"][0]["certificate"];
    assert_eq!((&after["spki_sha256"], &after["files"]["key"]), (&before["spki_sha256"], &Value::Null));
    refuses(&s, &["far", "--rekey"], "not-renewable");
    // Somebody put the key there: it stays.
    std::fs::write(s.path("pki/certs/far/key.pem"), &key.to_pem()[..]).unwrap();
    s.set_mode("pki/certs/far/key.pem", 0o600);
    s.ok(&["renew", "far"]);
    assert!(s.bytes("pki/certs/far/key.pem") == key.to_pem()[..]);
    // Another one is not thrown away.
    let other = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    std::fs::write(s.path("pki/certs/far/key.pem"), &other.to_pem()[..]).unwrap();
    refuses(&s, &["far"], "key");
}

/// A barred key is never certified again; a new one is.
#[test]
fn a_compromised_key_needs_another() {
    let s = old_lab();
    leaf(&s, "stolen", 12);
    leaf(&s, "fine", 1);
    assert_eq!(s.field("stolen", "status"), "expired");
    // It ended before; another certificate with its key was compromised.
    s.ok(&["renew", "stolen", "--not-before", &s.time(-2 * DAY), "--not-after", &s.time(DAY)]);
    s.ok(&["renew", "stolen", "--not-before", &s.time(-2 * DAY), "--not-after", &s.time(-DAY)]);
    s.ok(&["revoke", &s.field("stolen", "predecessor"), "--reason", "key-compromise"]);
    assert_eq!(s.field("stolen", "status"), "expired");
    refuses(&s, &["stolen"], "key-barred");
    assert_eq!(acts(&s.json(&["renew", "stolen", "--rekey"])), pairs(&[("stolen", "reissued")]));
}

#[test]
fn a_new_key_that_is_given() {
    let s = old_lab();
    leaf(&s, "c", 5);
    let key = PrivateKey::generate(KeyAlgorithm::P384).unwrap();
    s.write("mine.pem", key.to_pem().as_slice());
    let line = ["renew", "c", "--rekey", "--key-file", "mine.pem"];
    assert_eq!(acts(&s.json(&line)), pairs(&[("c", "reissued")]));
    assert!(s.bytes("pki/certs/c/key.pem") == key.to_pem().as_slice());
    assert_eq!(show(&s, "c")["key_algorithm"], "p384");
    refuses(&s, &["c", "--rekey", "--key-file", "pki/ca/lab-issuing/key.pem"], "key-in-use");
    s.refuses(&["renew", "c", "--key-file", "mine.pem"], 2, "usage");
    s.refuses(&["renew", "--due", "--rekey", "--key-file", "mine.pem"], 2, "usage");
    s.refuses(&["renew", "c", "--rekey", "--key-file", "mine.pem", "--key", "p256"], 2, "usage");
    s.ok(&["doctor"]);
}

/// Keys that need a passphrase: a CA's to sign, a root's own, and a leaf's, which is only copied.
#[test]
fn encrypted_keys() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal"]);
    s.write("pass", "a good passphrase");
    for name in ["lab-root", "lab-issuing", "a.internal"] {
        s.ok(&["key", "encrypt", name, "--passphrase-file", "pass"]);
    }
    let key = s.bytes("pki/certs/a.internal/key.pem");
    refuses(&s, &["a.internal"], "key-encrypted");
    refuses(&s, &["lab-root"], "key-encrypted");
    refuses(&s, &["a.internal", "--rekey", "--issuer-passphrase-file", "pass"], "not-renewable");
    s.ok(&["renew", "a.internal", "lab-issuing", "lab-root", "--issuer-passphrase-file", "pass"]);
    s.ok(&["renew", "lab-root", "--passphrase-file", "pass"]);
    assert!(s.bytes("pki/certs/a.internal/key.pem") == key, "it goes along as it is");
    s.ok(&["doctor"]);
    // The key of a CA that lies elsewhere.
    s.ok(&["key", "detach", "lab-issuing", "--output", "away.pem", "--passphrase-file", "pass"]);
    refuses(&s, &["a.internal"], "issuer-unusable");
    s.ok(&["renew", "a.internal", "--issuer-key-file", "away.pem", "--issuer-passphrase-file", "pass"]);
    s.ok(&["renew", "lab-issuing", "--issuer-passphrase-file", "pass"]);
}

/// A CA that openssl made, with string types, a repeated attribute and a multi-valued RDN of its own, without key usage and
/// key identifier: renewed it has a clean certificate of the same name, byte for byte, and the same key.
#[test]
fn an_adopted_ca_gets_a_clean_certificate() {
    let openssl = std::process::Command::new("openssl").arg("version").output();
    if !openssl.is_ok_and(|o| o.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "there is no openssl");
        return;
    }
    let s = Sandbox::new();
    let config = "[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=MASK:0x1000\nx509_extensions=v3\n\
        [dn]\n0.DC=com\n1.DC=example\nO=Old Lab\nOU=a\n+CN=Old CA\n\
        [v3]\nbasicConstraints=CA:true\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n2.5.29.32=ASN1:SEQUENCE:p\n\
        [p]\np1=SEQUENCE:p2\n[p2]\no=OID:1.2.3.4\n";
    s.write("ca.cnf", config);
    let made = std::process::Command::new("openssl")
        .args(["req", "-new", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "400", "-config", "ca.cnf", "-keyout", "ca.key", "-out", "ca.crt"])
        .current_dir(s.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    s.ok(&["import", "old-ca", "--cert-file", "ca.crt", "--key-file", "ca.key", "--no-past"]);
    let read = |c: &Value| {
        let der = pem::parse(c["pem"].as_str().unwrap()).unwrap().into_contents();
        rootlet::x509::read_certificate(&der).unwrap()
    };
    let before = read(&show(&s, "old-ca"));
    assert!(before.key_usage.is_none() && before.subject_key_id.is_none());
    s.ok(&["client", "early"]);
    let outcome = s.json(&["renew", "old-ca"]);
    let result = &outcome["results"][0];
    assert_eq!(warnings(result), ["extension-dropped"]);
    let after = read(&result["certificate"]);
    assert_eq!(after.subject.der, before.subject.der, "byte for byte");
    assert_eq!(after.public_key, before.public_key);
    assert!(after.key_usage.is_some() && after.subject_key_id.is_some());
    s.ok(&["client", "late"]);
    s.ok(&["crl"]);
    s.ok(&["doctor"]);
    for name in ["early", "late"] {
        let leaf = format!("pki/certs/{name}/cert.pem");
        for root in ["ca.crt", "pki/public/roots.pem"] {
            let mut verify = std::process::Command::new("openssl");
            let ran = verify.args(["verify", "-CAfile", root, &leaf]).current_dir(s.path("")).output().unwrap();
            assert!(ran.status.success(), "{name} under {root}: {}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}
