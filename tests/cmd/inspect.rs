//! `inspect`: every kind of thing, what is broken, what is hostile, and the one value that a script wants.

use crate::common::Sandbox;
use crate::forge::{Maker, edit, extension, find, tlv};
use rcgen::{CertificateParams, CustomExtension, DnType, KeyPair, SanType};
use std::io::Write;
use std::process::Stdio;

const LEAF: &str = "pki/certs/api.internal/cert.pem";

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "10.0.0.1"]);
    s
}

/// A keystore of the fuzz corpus; those with a passphrase have `secret`.
fn keystore(s: &Sandbox, name: &str) {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    s.write(name, std::fs::read(corpus.join("keystore").join(name)).unwrap());
    s.write("pass", "secret\n");
    s.set_mode("pass", 0o600);
}

fn spiffe(s: &Sandbox, name: &str) {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    s.write(name, std::fs::read(corpus.join("spiffe_bundle").join(name)).unwrap());
}

#[test]
fn a_certificate_is_told_as_show_tells_it() {
    let s = lab();
    let shown = s.json(&["show", "api.internal"])["certificate"].clone();
    let told = s.json(&["inspect", LEAF])["objects"][0].clone();
    for field in [
        "ca",
        "serial",
        "subject",
        "issuer",
        "not_before",
        "not_after",
        "sans",
        "key_algorithm",
        "signature_algorithm",
        "key_usage",
        "eku",
        "path_len",
        "subject_key_id",
        "authority_key_id",
        "fingerprint_sha256",
        "spki_sha256",
        "status",
        "pem",
    ] {
        assert_eq!(told[field], shown[field], "{field}");
    }
    assert_eq!((&told["kind"], &told["line"]), (&"certificate".into(), &1.into()));
    let names: Vec<_> =
        told["extensions"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap_or_default()).collect();
    assert!(names.contains(&"extKeyUsage") && names.contains(&"subjectAltName"), "{names:?}");
}

#[test]
fn chains_say_how_they_hang_together() {
    let s = lab();
    let file = |name: &str| s.text(&format!("pki/{name}"));
    let (leaf, ca, root) =
        (file("certs/api.internal/cert.pem"), file("ca/lab-issuing/cert.pem"), file("ca/lab-root/cert.pem"));
    let key = file("certs/api.internal/key.pem");
    s.write("good.pem", format!("{key}{leaf}{ca}{root}"));
    s.ok(&["inspect", "good.pem"])
        .prints("in order: each certificate is signed by the next; 4 is the root")
        .prints("the private key 1 belongs to certificate 2");
    s.write("turned.pem", format!("{root}{ca}{leaf}{leaf}"));
    s.ok(&["inspect", "turned.pem"])
        .prints("no chain in order:")
        .prints("  1 signed itself")
        .prints("  2 is signed by 1")
        .prints("! 4 is a copy of 3");
    s.ok(&["client", "other"]);
    s.write("mixed.pem", format!("{}{leaf}", file("certs/other/key.pem")));
    s.ok(&["inspect", "mixed.pem"]).prints("! the private key 1 belongs to no certificate here");
    // Another CA of the same name signed nothing of ours.
    let other = Sandbox::with_issuing_ca();
    other.ok(&["renew", "lab-issuing"]);
    let impostor = Sandbox::new();
    impostor.ok(&["root", "Lab Issuing"]);
    s.write("impostor.pem", format!("{leaf}{}", impostor.text("pki/ca/lab-issuing/cert.pem")));
    let arrangement = s.json(&["inspect", "impostor.pem"])["arrangement"].clone();
    assert_eq!(arrangement["in_order"], false);
    assert_eq!(arrangement["certificates"][0]["signature"], "absent", "{arrangement}");
    assert_eq!(arrangement["certificates"][1]["signed_by"], 2);
}

#[test]
fn every_kind() {
    let s = lab();
    s.ok(&["request", "web.internal", "--profile", "server"]);
    s.ok(&["revoke", "api.internal", "--reason", "superseded"]);
    let kind = |file: &str| s.ok(&["inspect", file, "--field", "kind"]).stdout;
    assert_eq!(kind("pki/requests/web.internal/request.csr"), "csr\n");
    assert_eq!(kind("pki/ca/lab-issuing/key.pem"), "private-key\n");
    assert_eq!(kind("pki/public/crls.pem"), "crl\ncrl\n");
    assert_eq!(kind("pki/public/lab-root.crt"), "certificate\n");
    s.ok(&["inspect", "pki/requests/web.internal/request.csr"])
        .prints("names          dns web.internal")
        .prints("signature      good");
    let key = s.ok(&["inspect", "pki/certs/api.internal/key.pem"]).prints("private key\n").prints("key SHA-256");
    let body: String = s.text("pki/certs/api.internal/key.pem").lines().nth(1).unwrap().into();
    assert!(!key.stdout.contains(&body[..20]), "no secret is shown");
    let json = s.json(&["inspect", "pki/certs/api.internal/key.pem"]).to_string();
    assert!(!json.contains(&body[..20]) && !json.contains("PRIVATE"), "{json}");
    s.write("params.pem", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    assert_eq!(kind("params.pem"), "parameters\n");
}

#[test]
fn crls_and_one_serial_of_them() {
    let s = lab();
    s.ok(&["client", "c"]);
    s.ok(&["revoke", "c", "--reason", "key-compromise", "--invalidity-date", "2026-01-02"]);
    s.ok(&["revoke", "api.internal", "--reason", "superseded"]);
    let crl = "pki/ca/lab-issuing/crl.pem";
    let serial = s.field("c", "serial");
    s.ok(&["inspect", crl])
        .prints("entries        2")
        .prints("1 key-compromise")
        .prints("key suspect since 2026-01-02T00:00:00Z");
    let told = s.json(&["inspect", crl]);
    assert_eq!(told["objects"][0]["entries"].as_array().unwrap().len(), 2);
    assert_eq!(told["objects"][0]["reasons"]["superseded"], 1);
    s.ok(&["inspect", crl, "--serial", &serial]).prints("listed         ").prints("key-compromise");
    let upper = serial.to_uppercase();
    let found = s.json(&["inspect", crl, "--serial", &upper])["objects"][0].clone();
    assert_eq!((&found["lookup"]["listed"], &found["entries"]), (&true.into(), &serde_json::Value::Null));
    s.ok(&["inspect", crl, "--serial", "0a"]).prints("not listed     0a");
    assert_eq!(s.ok(&["inspect", crl, "--serial", "0a", "--field", "lookup.listed"]).stdout, "false\n");
    assert_eq!(s.ok(&["inspect", crl, "--field", "entries"]).stdout.lines().count(), 2);
    s.ok(&["inspect", crl, "--all"]).prints("  revoked        ");
    s.run(&["inspect", LEAF, "--serial", "0a"]).exits(1).says("holds no CRL");
    assert_eq!(s.run(&["inspect", LEAF, "--serial", "0a", "--json"]).exits(1).stderr, "");
}

/// Serials that no certificate ought to have are on lists all the same, and found as they are shown or as openssl writes them.
#[test]
fn odd_serials_are_found_however_they_are_written() {
    let s = lab();
    s.ok(&["revoke", "api.internal"]);
    let serial = s.field("api.internal", "serial");
    let octets: Vec<u8> =
        (0..serial.len()).step_by(2).map(|i| u8::from_str_radix(&serial[i..i + 2], 16).unwrap()).collect();
    let good = s.bytes("pki/public/lab-issuing.crl");
    let at = good.windows(octets.len()).position(|w| w == octets).unwrap();
    let odd = |name: &str, serial: &[u8]| {
        let mut crl = good.clone();
        crl[at..at + 16].copy_from_slice(serial);
        s.write(name, crl);
    };
    let listed = |file: &str, serial: &str| {
        s.ok(&["inspect", file, "--serial", serial, "--field", "lookup.listed"]).stdout.trim() == "true"
    };
    // -5 in sixteen octets.
    odd("negative.crl", &[&[0xff; 15][..], &[0xfb]].concat());
    for text in ["fb", "FF:FB", "-05", "-5", "serial=-05", "-0x5"] {
        assert!(listed("negative.crl", text), "{text}");
    }
    for text in ["5", "05", "-fb", "7b"] {
        assert!(!listed("negative.crl", text), "{text}");
    }
    let shown = s.json(&["inspect", "negative.crl"])["objects"][0]["entries"][0]["serial"].clone();
    assert!(listed("negative.crl", shown.as_str().unwrap()), "{shown}");
    assert_eq!(s.ok(&["inspect", "negative.crl", "--serial", "-0a"]).stdout.matches("not listed     -0a").count(), 1);
    odd("zero.crl", &[0; 16]);
    assert!(listed("zero.crl", "0") && listed("zero.crl", "00:00") && !listed("zero.crl", "1"));
    odd("padded.crl", &[&[0; 15][..], &[0xfb]].concat());
    assert!(listed("padded.crl", "fb") && !listed("padded.crl", "-05"));
    s.ok(&["inspect", "zero.crl", "--serial", &"41".repeat(30)]).prints("not listed");
    s.refuses(&["inspect", "zero.crl", "--serial", "--json"], 2, "invalid-value");
}

/// Names of every type have a value.
#[test]
fn names_of_other_types_are_told() {
    const SAN: &[u8] = &[0x55, 0x1d, 0x11];
    let s = Sandbox::new();
    let mut maker = Maker::new();
    // A user of Windows, a number, an ID, a party, and something that is no other name at all.
    let other = |oid: &[u8], value: &[u8]| tlv(0xa0, &[tlv(6, oid), tlv(0xa0, value)].concat());
    let upn = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];
    let names = [
        other(&upn, &tlv(0x0c, b"user@lab.internal")),
        other(&[0x2a, 3], &[2, 1, 5]),
        tlv(0x88, &[0x2a, 3, 4]),
        tlv(0xa5, &tlv(0xa1, &tlv(0x0c, b"party"))),
        tlv(0x82, b"a.example"),
    ];
    let tbs = rootlet::x509::encode_certificate(&maker.fields("CN=a.example", "CN=Root", false)).unwrap();
    let tbs = edit(&tbs, |all| {
        let at = find(all, SAN).unwrap();
        all[at] = extension(SAN, false, &tlv(0x30, &names.concat()));
    });
    s.write("names.der", maker.sign_bytes(&tbs));
    let sans = s.json(&["inspect", "names.der"])["objects"][0]["sans"].clone();
    let wanted = serde_json::json!([
        {"type": "otherName", "value": "user@lab.internal", "oid": "1.3.6.1.4.1.311.20.2.3", "hex": "0c1175736572406c61622e696e7465726e616c"},
        {"type": "otherName", "value": "#020105", "oid": "1.2.3", "hex": "020105"},
        {"type": "registeredID", "value": "1.2.3.4", "oid": "1.2.3.4", "hex": ""},
        {"type": "ediPartyName", "value": "#a1070c057061727479", "hex": "a1070c057061727479"},
        {"type": "dns", "value": "a.example"},
    ]);
    assert_eq!(sans, wanted);
    s.ok(&["inspect", "names.der"])
        .prints("other UPN user@lab.internal")
        .prints("other 1.2.3 #020105")
        .prints("other registeredID 1.2.3.4")
        .prints("ediPartyName #a1070c057061727479");
}

#[test]
fn keystores_without_and_with_the_passphrase() {
    let s = Sandbox::new();
    let kinds = |file: &str, more: &[&str]| {
        s.run(&[&["inspect", file, "--field", "kind"], more].concat()).stdout.lines().collect::<Vec<_>>().join(" ")
    };
    let opened = ["--passphrase-file", "pass"];
    for name in ["openssl3.p12", "legacy-rc2-3des.p12", "2des-rc2-128.p12", "nss-ber.p12", "keytool-truststore.p12"] {
        keystore(&s, name);
        assert_eq!(kinds(name, &[]), "pkcs12", "{name}");
        assert!(kinds(name, &opened).ends_with("certificate"), "{name}: {}", kinds(name, &opened));
    }
    s.ok(&["inspect", "openssl3.p12"])
        .prints("sealed with    hmac-sha256, 1 iterations")
        .prints("part 1         encrypted: aes-256-cbc, pbkdf2-hmac-sha256, 1 iterations")
        .prints("part 2         private key encrypted: aes-256-cbc, pbkdf2-hmac-sha256, 1 iterations")
        .prints("--passphrase-file opens it");
    s.ok(&["inspect", "legacy-rc2-3des.p12"]).prints("rc2-40-cbc, pkcs12-sha1").prints("3des-cbc, pkcs12-sha1");
    s.ok(&["inspect", "openssl3.p12", "--passphrase-file", "pass"])
        .prints("private key (2 of 3), in PKCS#12, `web`")
        .prints("the private key 2 belongs to certificate 3");
    keystore(&s, "empty-passphrase.p12");
    s.ok(&["inspect", "empty-passphrase.p12"]).prints("! the empty passphrase opens it");
    assert_eq!(kinds("empty-passphrase.p12", &[]), "pkcs12 private-key certificate");
    keystore(&s, "in-the-clear.p12");
    s.ok(&["inspect", "in-the-clear.p12"]).prints("! a private key in it is not encrypted");
    keystore(&s, "no-mac.p12");
    s.ok(&["inspect", "no-mac.p12"]).prints("! nothing seals it");
    keystore(&s, "certificate-in-the-clear.p12");
    assert_eq!(kinds("certificate-in-the-clear.p12", &[]), "pkcs12 certificate", "what anybody can read is shown");
    keystore(&s, "rc4.p12");
    // What it is can be told, as of a key of a kind that this build lacks.
    s.ok(&["inspect", "rc4.p12", "--passphrase-file", "pass"])
        .prints("private key encrypted: pbeWithSHA1And128BitRC4, which is not opened here")
        .prints("! it is encrypted with pbeWithSHA1And128BitRC4");
    s.write("wrong", "another");
    s.set_mode("wrong", 0o600);
    let ran = s.run(&["inspect", "openssl3.p12", "--passphrase-file", "wrong"]).exits(1);
    ran.prints("! the passphrase is wrong").says("cannot be read or opened");
    // A file whose passphrase everybody can read is told of.
    s.set_mode("pass", 0o644);
    let told = s.json(&["inspect", "openssl3.p12", "--passphrase-file", "pass"]);
    assert_eq!(told["warnings"][0]["code"], "passphrase-readable");
}

/// A passphrase is tried so often in one file, and what is left closed is told of.
#[test]
fn sixteen_are_opened_of_one_file() {
    let s = Sandbox::new();
    keystore(&s, "openssl3.p12");
    let der = s.bytes("openssl3.p12");
    let pem = |label: &str, der: &[u8]| rootlet::disk::encode_pem(label, der);
    s.write("stores.pem", pem("PKCS12", &der).repeat(17));
    let closed = |file: &str| {
        let ran = s.run(&["inspect", file, "--passphrase-file", "pass", "--json"]).exits(1);
        let objects = ran.object()["objects"].as_array().unwrap().clone();
        let problem = |o: &serde_json::Value| o["problem"] == "only 16 are opened of one file";
        objects.iter().filter(|o| problem(o)).count()
    };
    assert_eq!(closed("stores.pem"), 1);
    s.write("stores.pem", pem("PKCS12", &der).repeat(16));
    s.ok(&["inspect", "stores.pem", "--passphrase-file", "pass"]);
    let key = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/key/pbkdf2.pem");
    s.write("keys.pem", std::fs::read_to_string(key).unwrap().repeat(18));
    assert_eq!(closed("keys.pem"), 2);
    s.run(&["inspect", "keys.pem", "--passphrase-file", "pass"]).exits(1).prints("! only 16 are opened of one file");
}

/// It is no fault to give a passphrase that nothing needs, and not to be kept silent about.
#[test]
fn a_passphrase_that_nothing_needs() {
    let s = lab();
    s.write("pass", "secret");
    s.set_mode("pass", 0o600);
    for file in ["pki/certs/api.internal/key.pem", LEAF] {
        let words = format!("the passphrase was not used: nothing in `{file}` is encrypted");
        s.ok(&["inspect", file, "--passphrase-file", "pass"]).says(&words);
        s.ok(&["inspect", file, "--passphrase-file", "pass", "--field", "kind"]).says(&words);
        let told = s.json(&["inspect", file, "--passphrase-file", "pass"]);
        assert_eq!(told["warnings"][0]["code"], "passphrase-unused");
        assert_eq!(told["warnings"][0]["message"], words);
        assert!(!s.ok(&["inspect", file]).stderr.contains("passphrase"));
    }
    s.write("many.pem", s.text(LEAF).repeat(21));
    s.ok(&["inspect", "many.pem", "--passphrase-file", "pass"]).says("the passphrase was not used");
    keystore(&s, "openssl3.p12");
    let ran = s.ok(&["inspect", "openssl3.p12", "--passphrase-file", "pass"]);
    assert!(!ran.stderr.contains("not used"), "{ran}");
}

/// What cannot take effect is refused, in words.
#[test]
fn options_that_clash() {
    let s = lab();
    for (words, says) in [
        (&["inspect", LEAF, "--all", "--json"][..], "--all is for people: --json shows everything"),
        (&["inspect", "localhost:1", "--timeout", "3601s"], "a handshake does not take `3601s`"),
        (&["inspect", "localhost:1", "--timeout", "61m"], "an hour is the most"),
    ] {
        s.run(words).exits(2).says(says);
    }
    // An hour itself is taken.
    s.run(&["inspect", "localhost:1", "--timeout", "1h"]).exits(1).says("no connection to `localhost:1`");
}

#[test]
fn an_encrypted_key_is_opened_only_when_asked() {
    let s = lab();
    s.write("pass", "secret");
    s.set_mode("pass", 0o600);
    s.ok(&["key", "encrypt", "api.internal", "--passphrase-file", "pass"]);
    let key = "pki/certs/api.internal/key.pem";
    let mut command = s.command(&["inspect", key]);
    // The variable is for keys of the PKI: what is looked at is not tried with it.
    command.env("ROOTLET_PASSPHRASE", "wrong");
    let closed = crate::common::Ran::of(command).exits(0);
    closed.prints("encrypted      aes-256-cbc, pbkdf2-hmac-sha256, 600000 iterations");
    s.ok(&["inspect", key, "--passphrase-file", "pass"]).prints("key            p256");
    s.write("wrong", "another");
    s.run(&["inspect", key, "--passphrase-file", "wrong"]).exits(1).prints("! the passphrase is wrong");
}

#[test]
fn spiffe_bundles() {
    let s = Sandbox::new();
    for name in ["bundle.json", "map.json", "empty.json", "ignored.json", "twice.json", "no-certificate.json"] {
        spiffe(&s, name);
    }
    s.ok(&["inspect", "bundle.json"])
        .prints("trust anchors  1 of 2 keys")
        .prints("1 keys are for JWT-SVIDs")
        .prints("sequence       7")
        .prints("refresh        every 300 seconds")
        .prints("certificate (2 of 2), trust anchor");
    s.ok(&["inspect", "map.json"])
        .prints("trust domain   example.org")
        .prints("! key 1 has 2 certificates, and only the first is used")
        .prints("! key 1 has a `kid`");
    s.ok(&["inspect", "empty.json"]).prints("! without a trust anchor");
    s.ok(&["inspect", "ignored.json"]).prints("! key 1 is ignored: it has no `kty`").prints("its `x5c` is empty");
    s.run(&["inspect", "twice.json"]).exits(1).says("the name `keys` stands twice in one object");
    s.run(&["inspect", "no-certificate.json"]).exits(1).prints("unreadable (2 of 2), trust anchor");
    s.write("other.json", "{\"a\": 1}");
    s.run(&["inspect", "other.json"]).exits(1).says("JSON without the `keys` of a SPIFFE bundle");
}

/// What cannot be read is shown with its reason beside what can, and the command fails.
#[test]
fn damage_is_shown_and_fails() {
    let s = lab();
    let good = s.text(LEAF);
    let cut: String = good.lines().take(4).map(|l| format!("{l}\n")).collect();
    s.write("damaged.pem", format!("{cut}{good}"));
    let ran = s.run(&["inspect", "damaged.pem"]).exits(1);
    ran.prints("unreadable (1 of 2), line 1")
        .prints("! its PEM is damaged")
        .prints("certificate (2 of 2), line 5")
        .says("1 of 2 objects in `damaged.pem` cannot be read");
    let ran = s.run(&["inspect", "damaged.pem", "--json"]).exits(1);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.object()["objects"][0]["kind"], "unreadable");
    assert_eq!(ran.object()["objects"][1]["subject"], "CN=api.internal");
    let key = s.text("pki/certs/api.internal/key.pem").replace("PRIVATE KEY", "CERTIFICATE");
    s.write("label.pem", key);
    let told = s.run(&["inspect", "damaged.pem"]).stdout;
    assert!(!told.contains("size "), "nothing was decoded, so nothing has a size: {told}");
    s.run(&["inspect", "label.pem"]).exits(1).prints("its label promises a certificate, and it holds a private key");
}

#[test]
fn refusals() {
    let s = lab();
    s.write("empty", "");
    s.write("text", "hello\n");
    for (words, exit, code) in [
        (&["inspect", "empty"][..], 1, "malformed"),
        (&["inspect", "text"], 1, "malformed"),
        (&["inspect", "nothing.pem"], 1, "io"),
        (&["inspect", LEAF, "--field", "nope"], 2, "usage"),
        (&["inspect", LEAF, "--field", "signers"], 1, "not-found"),
        (&["inspect", LEAF, "--all"], 2, "usage"),
        (&["inspect", LEAF, "--servername", "a.example"], 2, "usage"),
        (&["inspect", LEAF, "--timeout", "3s"], 2, "usage"),
        (&["inspect", LEAF, "--serial", "xyz"], 2, "invalid-value"),
        (&["inspect", "localhost:1", "--passphrase-file", "empty"], 2, "usage"),
        (&["inspect", "localhost:1", "--serial", "0a"], 2, "usage"),
        (&["inspect", "localhost:1", "--timeout", "3h"], 2, "usage"),
        (&["inspect", "localhost:1", "--timeout", "3"], 2, "invalid-value"),
        (&["inspect", "my_host:443"], 2, "invalid-value"),
        (&["inspect", "localhost:1", "--servername", "my_host"], 2, "invalid-value"),
        (&["inspect", "-", "--passphrase-file", "-"], 2, "usage"),
        (&["inspect"], 2, "usage"),
    ] {
        s.refuses(words, exit, code);
    }
}

/// Who means a server and writes something else is told what to write.
#[test]
fn servers_that_are_named_otherwise() {
    let s = Sandbox::new();
    for (target, hint) in [
        ("host:99999", "a port is a number from 1 to 65535"),
        ("host:", "a port is a number from 1 to 65535"),
        ("https://host", "by host and port alone: host:443"),
        ("https://host:8443/path", "by host and port alone: host:8443"),
        ("::1:443", "[::1]:443"),
    ] {
        s.run(&["inspect", target]).exits(1).says("no such file").says("hint: a").says(hint);
        let error = s.run(&["inspect", target, "--json"]).exits(1).stderr;
        assert!(error.contains(hint), "{error}");
    }
    let plain = s.run(&["inspect", "nothing.pem"]).exits(1);
    assert!(!plain.stderr.contains("hint"), "{plain}");
}

#[test]
fn from_standard_input() {
    let s = lab();
    let mut child = s
        .command(&["inspect", "-", "--field", "subject"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&s.bytes("pki/certs/api.internal/fullchain.pem")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "CN=api.internal\nCN=Lab Issuing\n");
}

#[test]
fn one_value_of_each() {
    let s = lab();
    let value = |field: &str| s.ok(&["inspect", LEAF, "--field", field]).stdout;
    assert_eq!(value("sans"), "dns:api.internal\nip:10.0.0.1\n");
    assert_eq!(value("sans.1.value"), "10.0.0.1\n");
    assert_eq!(value("path_len"), "\n", "nothing is an empty line");
    assert_eq!(value("not_after").trim(), s.field("api.internal", "not_after"));
    assert_eq!(value("pem").trim_end(), s.text(LEAF).trim_end());
    s.write("both.pem", format!("{}{}", s.text("pki/certs/api.internal/key.pem"), s.text(LEAF)));
    let json = s.run(&["inspect", LEAF, "--field", "sans.0", "--json"]).exits(0);
    assert_eq!(json.stdout, "{\"type\":\"dns\",\"value\":\"api.internal\"}\n");
    // A key has no subject, and both have a public half.
    assert_eq!(s.ok(&["inspect", "both.pem", "--field", "subject"]).stdout, "CN=api.internal\n");
    let halves = s.ok(&["inspect", "both.pem", "--field", "spki_sha256"]).stdout;
    let halves: Vec<_> = halves.lines().collect();
    assert_eq!((halves.len(), halves[0]), (2, halves[1]));
}

/// More than a screen of things are a line each.
#[test]
fn many_are_a_line_each() {
    let s = lab();
    s.write("many.pem", s.text(LEAF).repeat(21));
    let ran = s.ok(&["inspect", "many.pem"]).says("--all shows them in full");
    assert_eq!(ran.stdout.lines().count(), 22, "{ran}");
    assert!(ran.stdout.starts_with("NO "), "{ran}");
    let ran = s.ok(&["inspect", "many.pem", "--all"]);
    assert_eq!(ran.stdout.matches("certificate (").count(), 21);
    assert_eq!(s.json(&["inspect", "many.pem"])["objects"].as_array().unwrap().len(), 21);
    // A damaged list is damage, however many things there are.
    s.ok(&["revoke", "api.internal"]);
    let serial = s.field("api.internal", "serial");
    let mut crl = s.bytes("pki/public/lab-issuing.crl");
    let octets: Vec<u8> =
        (0..serial.len()).step_by(2).map(|i| u8::from_str_radix(&serial[i..i + 2], 16).unwrap()).collect();
    let at = crl.windows(octets.len()).position(|w| w == octets).unwrap();
    let tag = crl[..at].iter().rposition(|b| *b == 2).unwrap();
    crl[tag] = 3;
    s.write("damaged.pem", s.text("many.pem") + &rootlet::disk::encode_pem("X509 CRL", &crl));
    s.run(&["inspect", "damaged.pem"]).exits(1);
    s.write("hundred.pem", s.text(LEAF).repeat(101));
    assert!(s.json(&["inspect", "hundred.pem"])["arrangement"].is_null());
}

/// Names steer no terminal, and a line break in one makes no line.
#[test]
fn hostile_names() {
    let s = Sandbox::new();
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, "x\n  issuer         CN=Trusted\u{1b}[31m\u{202e}");
    params.subject_alt_names = vec![SanType::URI("https://a/\u{1b}]0;b".replace('\u{1b}', "%").try_into().unwrap())];
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x0c, 3, b'a', 0x1b, b'b']), {
            let mut comment = vec![0x16, 10];
            comment.extend_from_slice(b"a\n! b\x1b[1mc");
            CustomExtension::from_oid_content(&[2, 16, 840, 1, 113_730, 1, 13], comment)
        }];
    let key = KeyPair::generate().unwrap();
    s.write("hostile.crt", params.self_signed(&key).unwrap().der());
    for more in [&[][..], &["--all"], &["--field", "subject"], &["--json"]] {
        let ran = s.run(&[&["inspect", "hostile.crt"], more].concat()).exits(0);
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(more == ["--json"] || !ran.stdout.contains(steers), "{ran}");
        assert!(!ran.stdout.contains('\u{1b}'), "{ran}");
        assert!(!ran.stdout.lines().any(|l| l.starts_with("  issuer         CN=Trusted")), "{ran}");
        assert!(!ran.stdout.lines().any(|l| l.starts_with("! b")), "{ran}");
    }
    s.ok(&["inspect", "hostile.crt"]).prints("extension      1.2.3.4: 0c03611b62");
}

#[test]
fn what_is_odd_is_marked() {
    let s = lab();
    s.ok(&["--pki", "old", "root", "Old", "--not-before", "2020-01-01", "--not-after", "2021-01-01"]);
    s.ok(&["inspect", "old/ca/old/cert.pem"]).prints("  ! expired ");
    let mut params = CertificateParams::new(vec!["a.example".into()]).unwrap();
    params.custom_extensions = vec![
        {
            let mut odd = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            odd.set_criticality(true);
            odd
        },
        CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![5, 0]),
    ];
    let key = KeyPair::generate().unwrap();
    s.write("odd.crt", params.self_signed(&key).unwrap().der());
    let ran = s.ok(&["inspect", "odd.crt"]);
    ran.prints("extension      1.2.3.4: critical, 0500").prints("! the extension keyUsage cannot be read");
    // It names itself as its issuer, and another key signed it.
    let other = KeyPair::generate().unwrap();
    let issuer = rcgen::Issuer::new(CertificateParams::new(vec!["a.example".into()]).unwrap(), other);
    let forged = CertificateParams::new(vec!["a.example".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    s.write("forged.crt", forged.der());
    s.ok(&["inspect", "forged.crt"]).prints("! 1 names itself as its issuer, and did not sign itself");
}

/// Ten thousand names are counted, and told when all is asked for.
#[test]
fn long_lists_are_cut() {
    let s = Sandbox::new();
    let names = (0..10_000).map(|n| format!("host-{n}.example")).collect::<Vec<_>>();
    let params = CertificateParams::new(names).unwrap();
    s.write("long.crt", params.self_signed(&KeyPair::generate().unwrap()).unwrap().der());
    let ran = s.ok(&["inspect", "long.crt"]).prints("and 9980 more (--all shows them)");
    assert!(ran.stdout.lines().count() < 100);
    s.ok(&["inspect", "long.crt", "--all"]).prints("dns host-9999.example");
}
