//! `sign`: keys of others that are certified here.

use crate::common::Sandbox;
use rootlet::keys::{PrivateKey, SoftwareSigner, sha256};
use rootlet::model::{KeyAlgorithm, KeyUsage, San, SanSet};
use rootlet::x509::{CsrFields, NameDer, SignatureAlgorithm, assemble_csr, encode_csr_info};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// A CSR of somebody else, made by the library: its subject and names.
fn csr(algorithm: KeyAlgorithm, subject: &str, names: &[San]) -> (Vec<u8>, Vec<u8>) {
    let key = PrivateKey::generate(algorithm).unwrap();
    let pem = key.to_pem().to_vec();
    let fields = CsrFields {
        subject: NameDer::of(&subject.parse().unwrap()),
        public_key: key.public_key().to_vec(),
        ca: true,
        key_usage: KeyUsage::KEY_CERT_SIGN,
        extended_key_usage: Vec::new(),
        names: SanSet::new(names.iter().cloned()).unwrap(),
    };
    let signer = SoftwareSigner::new(key).unwrap();
    (rootlet::issue::sign_csr(&fields, &signer).unwrap().der().to_vec(), pem)
}

fn pem_of(der: &[u8], label: &str) -> String {
    rootlet::disk::encode_pem(label, der)
}

fn hosts(names: &[&str]) -> Vec<San> {
    names.iter().map(|n| San::host(n).unwrap()).collect()
}

fn values(all: &Value) -> Vec<String> {
    let one = |w: &Value| format!("{} {}", w["kind"].as_str().unwrap(), w["value"].as_str().unwrap());
    all.as_array().unwrap().iter().map(one).filter(|w| !w.starts_with("key ")).collect()
}

#[test]
fn what_is_signed_and_what_is_dropped() {
    let s = Sandbox::with_issuing_ca();
    let mut names = hosts(&["web.internal", "10.1.1.1"]);
    names.push(San::Email("ops@example.org".parse().unwrap()));
    names.push(San::uri("spiffe://example.org/web").unwrap());
    let (der, _) = csr(KeyAlgorithm::P256, "CN=web.internal,O=Example", &names);
    s.write("web.csr", pem_of(&der, "NEW CERTIFICATE REQUEST"));
    let signed = s.json(&["sign", "web.csr", "--profile", "server"]);
    let taken = ["name dns:web.internal", "name ip:10.1.1.1", "subject CN=web.internal,O=Example"];
    assert_eq!(values(&signed["taken"]), taken);
    let dropped = [
        "name email:ops@example.org",
        "name uri:spiffe://example.org/web",
        "extension basicConstraints",
        "extension keyUsage",
    ];
    assert_eq!(values(&signed["dropped"]), dropped);
    let c = &signed["certificate"];
    assert_eq!(
        (&c["ca"], &c["key_usage"], &c["eku"]),
        (&false.into(), &json!(["digitalSignature"]), &json!(["serverAuth"]))
    );
    assert_eq!(c["files"]["key"], Value::Null);
    assert_eq!(s.names("pki/certs/web.internal"), ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem"]);
    assert_eq!(c["spki_sha256"], signed["taken"][0]["value"]);
    s.ok(&["doctor"]).says("everything agrees");
    // It is revoked like any other.
    s.ok(&["revoke", "web.internal", "--reason", "key-compromise"]);
    s.refuses(&["sign", "web.csr", "--profile", "server"], 1, "key-barred");
}

#[test]
fn every_profile_takes_its_names() {
    let s = Sandbox::with_issuing_ca();
    let mut names = hosts(&["a.internal"]);
    names.push(San::Email("a@example.org".parse().unwrap()));
    names.push(San::uri("spiffe://example.org/a").unwrap());
    let (der, _) = csr(KeyAlgorithm::Ed25519, "CN=alice", &names);
    s.write("a.der", &der);
    let sans = |words: &[&str]| {
        let signed = s.json(&[&["sign", "a.der"], words].concat());
        let all = signed["certificate"]["sans"].as_array().unwrap().clone();
        let names: Vec<String> = all.iter().map(|n| n["value"].as_str().unwrap().to_string()).collect();
        (signed["certificate"]["name"].as_str().unwrap().to_string(), names.join(" "))
    };
    let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
    assert_eq!(sans(&["--profile", "client"]), pair("alice", "a.internal a@example.org"));
    assert_eq!(sans(&["--profile", "peer"]), pair("a.internal", "a.internal"));
    let workload = pair("example.org.a", "spiffe://example.org/a a.internal");
    assert_eq!(sans(&["--profile", "workload"]), workload);
    assert_eq!(s.field("example.org.a", "subject"), "");
    // Typed names replace those of the CSR; a SPIFFE ID is taken when it is the one that was typed.
    let typed = ["--profile", "server", "--dns", "b.internal", "--name", "b"];
    assert_eq!(sans(&typed), pair("b", "b.internal"));
    let typed = ["--profile", "client", "--spiffe", "spiffe://example.org/a", "--subject", "CN=bob"];
    assert_eq!(sans(&typed), pair("bob", "spiffe://example.org/a"));
}

/// Many tools encode the common name first, and Windows its strings in its own way: what is certified is what was read,
/// in the same order.
#[test]
fn a_subject_keeps_its_order() {
    let s = Sandbox::with_issuing_ca();
    for (n, subject) in ["/CN=a.internal/O=Example/C=DE", "/C=DE/O=L\u{fc}+CN=a.internal/OU=b/OU=a"].iter().enumerate()
    {
        s.write("a.csr", csr(KeyAlgorithm::P256, subject, &hosts(&["a.internal"])).0);
        let signed = s.json(&["sign", "a.csr", "--profile", "server", "--name", &format!("a{n}")]);
        let subject: rootlet::model::Subject = subject.parse().unwrap();
        assert_eq!(signed["certificate"]["subject"], subject.to_string());
        assert!(values(&signed["taken"]).contains(&format!("subject {subject}")));
    }
}

/// Requests of old tools have a common name and nothing else.
#[test]
fn a_common_name_becomes_a_name() {
    let s = Sandbox::with_issuing_ca();
    let (der, _) = csr(KeyAlgorithm::Rsa2048, "CN=old.internal", &[]);
    s.write("old.csr", pem_of(&der, "CERTIFICATE REQUEST"));
    let signed = s.json(&["sign", "old.csr", "--profile", "server"]);
    assert_eq!(signed["certificate"]["sans"], json!([{"type": "dns", "value": "old.internal"}]));
    let (der, _) = csr(KeyAlgorithm::P256, "CN=Not A Host", &[]);
    s.write("none.csr", der);
    s.refuses(&["sign", "none.csr", "--profile", "server"], 1, "csr");
    s.refuses(&["sign", "none.csr", "--profile", "workload"], 1, "csr");
    let (der, _) = csr(KeyAlgorithm::P256, "O=Example", &hosts(&["c.internal"]));
    s.write("nameless.csr", der);
    s.refuses(&["sign", "nameless.csr", "--profile", "client"], 1, "csr");
    s.ok(&["sign", "nameless.csr", "--profile", "client", "--subject", "CN=c"]);
}

#[test]
fn the_certificate_goes_to_stdout() {
    let s = Sandbox::with_issuing_ca();
    let (der, _) = csr(KeyAlgorithm::P256, "CN=alice", &[]);
    let mut command = s.command(&["sign", "-", "--profile", "client"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&der).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, s.bytes("pki/certs/alice/fullchain.pem"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("created client alice") && said.contains("dropped     extension basicConstraints"), "{said}");
    s.write("alice.csr", der);
    let quiet = s.ok(&["sign", "alice.csr", "--profile", "client", "--if-missing", "--quiet"]);
    assert_eq!(quiet.stdout, "pki/certs/alice\n");
}

#[test]
fn again_with_the_same_key_and_with_another() {
    let s = Sandbox::with_issuing_ca();
    let line = ["sign", "a.csr", "--profile", "client"];
    let with = |more: &'static str| [&line[..], &[more]].concat();
    s.write("a.csr", csr(KeyAlgorithm::P256, "CN=a", &[]).0);
    s.ok(&line);
    s.refuses(&line, 1, "exists");
    assert_eq!(s.json(&with("--if-missing"))["action"], "unchanged");
    assert_eq!(s.json(&with("--renew-within=100%"))["action"], "renewed");
    s.write("a.csr", csr(KeyAlgorithm::P256, "CN=a", &[]).0);
    let error = s.refuses(&with("--if-missing"), 1, "differs");
    assert_eq!(error["differences"][0]["field"], "public-key");
    assert_eq!(s.json(&with("--force"))["action"], "reissued");
    s.ok(&["doctor"]);
}

/// The key of whoever asked may lie where the certificate is delivered.
#[test]
fn a_delivery_leaves_the_key_alone() {
    let s = Sandbox::with_issuing_ca();
    let (der, key) = csr(KeyAlgorithm::P256, "CN=a", &[]);
    s.write("a.csr", der);
    s.write("tls/key.pem", &key);
    let line = ["sign", "a.csr", "--profile", "client", "--out-dir", "tls"];
    s.ok(&line);
    assert_eq!(s.names("tls"), ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"]);
    s.ok(&[&line[..], &["--renew-within=100%"]].concat());
    assert!(s.bytes("tls/key.pem") == key);
    assert_eq!(s.text("tls/cert.pem"), s.text("pki/certs/a/cert.pem"));
    s.ok(&["doctor"]);
}

#[test]
fn what_is_no_good_csr() {
    let s = Sandbox::with_issuing_ca();
    let (good, _) = csr(KeyAlgorithm::P256, "CN=a", &hosts(&["a.internal"]));
    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    s.write("empty.csr", "");
    s.write("binary.csr", [0xff; 100]);
    s.write("cut.csr", &good[..good.len() - 1]);
    s.write("long.csr", [&good[..], &[0]].concat());
    s.write("forged.csr", &forged);
    s.write("huge.csr", vec![b'x'; 10 << 20]);
    s.write("key.csr", s.bytes("pki/ca/lab-root/key.pem"));
    s.write("certificate.csr", s.bytes("pki/ca/lab-root/cert.pem"));
    s.write("two.csr", pem_of(&good, "CERTIFICATE REQUEST").repeat(2));
    s.refuses(&["sign", "huge.csr", "--profile", "server"], 1, "io");
    for file in ["empty", "binary", "cut", "long", "forged", "key", "certificate", "two"] {
        s.refuses(&["sign", &format!("{file}.csr"), "--profile", "server"], 1, "csr");
    }
    s.refuses(&["sign", "nowhere.csr", "--profile", "server"], 1, "io");
    s.refuses(&["sign", "pki", "--profile", "server"], 1, "io");
    s.write("good.csr", &good);
    s.write("large.csr", vec![b'x'; (1 << 20) + 1]);
    s.refuses(&["sign", "large.csr", "--profile", "server"], 1, "csr");
    s.refuses(&["sign", "good.csr", "--profile", "root"], 2, "usage");
    s.refuses(&["sign", "good.csr", "--profile", "server", "--path-len", "1"], 2, "usage");
    s.refuses(&["sign", "good.csr", "--profile", "intermediate", "--out-dir", "x"], 2, "usage");
    s.refuses(&["sign", "good.csr", "--profile", "intermediate", "--dns", "a.internal"], 2, "usage");
    s.refuses(&["sign", "good.csr"], 2, "usage");
    s.refuses(&["sign", "good.csr", "--profile", "workload", "--subject", "CN=x"], 2, "usage");
    s.refuses(&["sign", "good.csr", "--profile", "client", "--key-mode", "0640"], 2, "usage");
    // Of version 2, whatever that may be.
    let version = good.windows(3).position(|w| w == [2, 1, 0]).unwrap();
    s.write("version.csr", [&good[..version + 2], &[1], &good[version + 3..]].concat());
    let error = s.refuses(&["sign", "version.csr", "--profile", "server"], 1, "csr");
    assert!(error["message"].as_str().unwrap().contains("version"), "{error}");
}

/// As many names as a certificate can hold, and more.
#[test]
fn a_csr_of_very_many_names() {
    let s = Sandbox::with_issuing_ca();
    for (count, fits) in [(2_000, true), (4_000, false), (20_000, false)] {
        let names: Vec<San> = (0..count).map(|n| San::host(&format!("h{n}.lab.internal")).unwrap()).collect();
        s.write("many.csr", csr(KeyAlgorithm::Ed25519, "CN=h0.lab.internal", &names).0);
        let line = ["sign", "many.csr", "--profile", "server"];
        if fits {
            assert_eq!(s.json(&line)["certificate"]["sans"].as_array().unwrap().len(), count);
        } else {
            let error = s.refuses(&line, 1, "csr");
            assert!(error["message"].as_str().unwrap().contains("is the most"), "{error}");
        }
    }
}

/// Everything that can be wrong with the words is seen before the file is.
#[test]
fn wrong_words_are_wrong_whatever_the_file_holds() {
    let s = Sandbox::new();
    for (words, code) in [
        ("workload --ip 10.0.0.1", "usage"),
        ("workload --subject CN=x", "usage"),
        ("workload --spiffe spiffe://td", "invalid-value"),
        ("server --spiffe spiffe://td/a --spiffe spiffe://td/b", "invalid-value"),
        ("server --permit dns:a.internal", "usage"),
        ("server --dns my_host", "invalid-value"),
        ("intermediate --dns a.internal", "usage"),
        ("intermediate --spiffe spiffe://td/path", "invalid-value"),
        ("intermediate --subject O=Example", "usage"),
        ("intermediate --force", "usage"),
        ("root", "usage"),
        ("client --if-missing --force", "usage"),
        ("client --owner nobody", "usage"),
        ("client --days 1 --not-after 2040-01-01", "usage"),
    ] {
        let line: Vec<&str> = ["sign", "nowhere.csr", "--profile"].into_iter().chain(words.split(' ')).collect();
        s.refuses(&line, 2, code);
    }
}

/// Keys that prove nothing, or not for long, and how it is said.
#[test]
fn a_key_must_be_worth_its_certificate() {
    let s = Sandbox::with_issuing_ca();
    let modulus = [&[0, 0xc0][..], &[0x55; 254], &[1]].concat();
    let negative = &modulus[1..];
    for (modulus, exponent, words) in [
        (&modulus[..], &[1][..], "the exponent 1,"),
        (&modulus, &[3], "the exponent 3,"),
        (negative, &[1, 0, 1], "negative"),
        (&[&[0][..], &modulus[129..]].concat(), &[1, 0, 1], "bits"),
        (&[0], &[1, 0, 1], "0 bits"),
    ] {
        s.write("weak.csr", forged(modulus, exponent));
        let error = s.refuses(&["sign", "weak.csr", "--profile", "client"], 1, "csr");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    // A good key, whose owner did not sign.
    s.write("weak.csr", forged(&modulus, &[1, 0, 1]));
    let error = s.refuses(&["sign", "weak.csr", "--profile", "client"], 1, "csr");
    assert!(error["message"].as_str().unwrap().contains("has the key"), "{error}");
}

/// A request for an RSA key whose signature is the padded digest itself: with the exponent 1 that is a signature, and
/// nobody needs a key for it (RFC 8017 9.2).
fn forged(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let tlv = |tag: u8, content: &[u8]| {
        let length = content.len();
        let header = match length {
            0..0x80 => vec![tag, length as u8],
            0x80..0x100 => vec![tag, 0x81, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        [&header, content].concat()
    };
    let key = tlv(0x30, &[tlv(2, modulus), tlv(2, exponent)].concat());
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let info = encode_csr_info(&CsrFields {
        subject: NameDer::of(&"CN=a".parse().unwrap()),
        public_key: tlv(0x30, &[&algorithm[..], &tlv(3, &[&[0], &key[..]].concat())].concat()),
        ca: false,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: Vec::new(),
        names: SanSet::default(),
    });
    let sha256_prefix = [0x30, 0x31, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let digest_info = [&sha256_prefix[..], &sha256(&info)].concat();
    let padding = vec![0xff; 256 - 3 - digest_info.len()];
    let signature = [&[0, 1][..], &padding, &[0], &digest_info].concat();
    assemble_csr(&info, SignatureAlgorithm::RsaSha256, &signature)
}

/// What this PKI asked for is not its own to sign: the certificate would say that the key is elsewhere.
#[test]
fn a_key_that_waits_here_is_not_elsewhere() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["request", "Team CA", "--profile", "intermediate"]);
    s.ok(&["request", "api.internal", "--profile", "server"]);
    let csr = "pki/requests/api.internal/request.csr";
    let error = s.refuses(&["sign", csr, "--profile", "server"], 1, "key-in-use");
    assert!(error["hints"].to_string().contains("rootlet server 'api.internal' --key-file "), "{error}");
    let (csr, key) = ("pki/requests/team-ca/request.csr", "pki/requests/team-ca/key.pem");
    s.refuses(&["sign", csr, "--profile", "intermediate"], 1, "key-in-use");
    s.refuses(&["sign", csr, "--profile", "client"], 1, "key-in-use");
    // The key of a CA to be is nobody else's either.
    s.refuses(&["server", "x.internal", "--key-file", key], 1, "key-in-use");
    s.refuses(&["request", "x.internal", "--profile", "server", "--key-file", key], 1, "key-in-use");
    s.refuses(&["request", "Other CA", "--profile", "intermediate", "--key-file", key], 1, "key-in-use");
    let leafs = "pki/requests/api.internal/key.pem";
    s.refuses(&["intermediate", "Other CA", "--issuer", "lab-root", "--key-file", leafs], 1, "key-in-use");
    s.ok(&["server", "api.internal", "--key-file", leafs]);
    s.ok(&["intermediate", "Team CA", "--issuer", "lab-root", "--key-file", key]);
    s.ok(&["doctor"]);
}

/// A CA's key in a leaf would be a CA without its limits.
#[test]
fn the_key_of_a_ca_is_no_leafs() {
    let s = Sandbox::with_issuing_ca();
    let key = PrivateKey::from_pem(&s.bytes("pki/ca/lab-issuing/key.pem")).unwrap();
    let fields = CsrFields {
        subject: NameDer::of(&"CN=a".parse().unwrap()),
        public_key: key.public_key().to_vec(),
        ca: false,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: Vec::new(),
        names: SanSet::default(),
    };
    let made = rootlet::issue::sign_csr(&fields, &SoftwareSigner::new(key).unwrap()).unwrap();
    s.write("a.csr", made.der());
    s.refuses(&["sign", "a.csr", "--profile", "client"], 1, "key-in-use");
}

/// Whatever is changed in a good request, it is refused or nothing of it is.
#[test]
fn a_changed_csr_is_no_proof() {
    let (good, _) = csr(KeyAlgorithm::Ed25519, "CN=a", &hosts(&["a.internal"]));
    for i in 0..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 0x20;
        let read = rootlet::pki::read_csr(&bad, std::path::Path::new("x"));
        assert!(read.is_err(), "octet {i} does not count");
    }
    let read = rootlet::pki::read_csr(&good, std::path::Path::new("x")).unwrap();
    assert_eq!(read.csr().der(), good);
}

/// A team has its own CA; whose root signs it decides what it may do.
#[test]
fn a_ca_whose_key_is_elsewhere() {
    let (s, corp) = (Sandbox::new(), Sandbox::new());
    corp.ok(&["root", "Corp"]);
    s.ok(&["request", "Team CA", "--profile", "intermediate"]);
    corp.write("team.csr", s.bytes("pki/requests/team-ca/request.csr"));
    let line = ["sign", "team.csr", "--profile", "intermediate", "--permit", "dns:team.internal"];
    let signed = corp.json(&line);
    let c = &signed["certificate"];
    assert_eq!((&c["name"], &c["ca"], &c["path_len"]), (&"team-ca".into(), &true.into(), &0.into()));
    assert_eq!(c["files"]["key"], Value::Null);
    assert_eq!(values(&signed["taken"]), ["subject CN=Team CA"]);
    assert_eq!(values(&signed["dropped"]), ["extension basicConstraints", "extension keyUsage"]);
    corp.refuses(&line, 1, "exists");
    assert_eq!(corp.json(&[&line[..], &["--if-missing"]].concat())["action"], "unchanged");
    corp.refuses(&[&line[..4], &["--path-len", "1", "--if-missing"]].concat(), 1, "differs");
    // Nobody expects its key or its CRL here.
    corp.ok(&["doctor"]).says("everything agrees");
    corp.ok(&["status"]).says("nothing is due");
    assert_eq!(corp.json(&["crl"])["results"].as_array().unwrap().len(), 1);
    corp.refuses(&["client", "x", "--issuer", "team-ca"], 1, "issuer-unusable");
    // The same key is nobody else's.
    corp.refuses(&["sign", "team.csr", "--profile", "client"], 1, "key-in-use");
    corp.refuses(&["sign", "team.csr", "--profile", "intermediate", "--subject", "CN=Other"], 1, "key-in-use");

    s.write("team.pem", corp.text("pki/ca/team-ca/cert.pem"));
    s.write("corp.pem", corp.text("pki/ca/corp/cert.pem"));
    s.ok(&["import", "Team CA", "--cert-file", "team.pem", "--chain-file", "corp.pem"]);
    s.ok(&["server", "a.team.internal"]);
    s.refuses(&["server", "a.other.internal"], 1, "issuer-limits");
    // Its CRL goes to the root's PKI, and the root may revoke it.
    corp.write("team.crl", s.bytes("pki/ca/team-ca/crl.pem"));
    corp.ok(&["import", "Team CA", "--crl-file", "team.crl"]);
    assert_eq!(corp.text("pki/public/crls.pem").matches("BEGIN X509 CRL").count(), 2);
    corp.ok(&["revoke", "team-ca", "--reason", "ca-compromise"]);
    corp.ok(&["doctor"]);
}

/// Another certificate for the key, when the first one ends.
#[test]
fn a_ca_elsewhere_is_signed_again() {
    let s = Sandbox::new();
    s.ok(&["root", "Corp"]);
    let (der, _) = csr(KeyAlgorithm::P256, "CN=Team CA,O=Example", &[]);
    s.write("team.csr", der);
    let line = ["sign", "team.csr", "--profile", "intermediate"];
    s.ok(&[&line[..], &["--lifetime", "40d"]].concat());
    let first = s.field("team-ca", "serial");
    assert_eq!(s.json(&[&line[..], &["--renew-within=100%"]].concat())["action"], "renewed");
    assert_ne!(s.field("team-ca", "serial"), first);
    // Revoked for good, it may have another key.
    s.ok(&["revoke", "team-ca", "--reason", "superseded"]);
    s.write("team.csr", csr(KeyAlgorithm::P256, "CN=Team CA,O=Example", &[]).0);
    assert_eq!(s.json(&line)["action"], "created");
    assert_eq!(s.names("pki/ca/team-ca"), ["cert.pem", "chain.pem", "gen-1"]);
    s.ok(&["doctor", "--history"]);
}
