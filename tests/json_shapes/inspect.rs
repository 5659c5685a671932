//! The shapes of `inspect`: one for each kind of thing.

use super::shape::Shape::{self, Bool, Hex, Loose, Map, Number, Object, Pem, Text, Time, Word};
use super::shape::{list, nullable};
use crate::common::{REASONS, Sandbox};
use crate::prints;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

fn names() -> Shape {
    list(Object(vec![("type", Text), ("value", Text)]))
}

fn extensions() -> Shape {
    list(Object(vec![
        ("oid", Text),
        ("name", nullable(Text)),
        ("critical", Bool),
        ("malformed", Bool),
        ("details", list(Text)),
        ("value_hex", Hex),
    ]))
}

fn findings() -> Shape {
    list(Object(vec![
        ("rule", Text),
        ("citation", Text),
        ("severity", Word(&["warning", "error"])),
        ("message", Text),
        ("hint", nullable(Text)),
    ]))
}

fn certificate() -> Vec<(&'static str, Shape)> {
    let constraints = Object(vec![("permitted", names()), ("excluded", names())]);
    vec![
        ("version", Number),
        ("ca", Bool),
        ("serial", Hex),
        ("subject", Text),
        ("issuer", Text),
        ("self_issued", Bool),
        ("not_before", Time),
        ("not_after", Time),
        ("status", Word(&["valid", "expired", "not-yet-valid"])),
        ("sans", names()),
        ("key_algorithm", Text),
        ("signature_algorithm", Text),
        ("key_usage", list(Text)),
        ("eku", list(Text)),
        ("path_len", nullable(Number)),
        ("name_constraints", nullable(constraints)),
        ("subject_key_id", nullable(Hex)),
        ("authority_key_id", nullable(Hex)),
        ("crl_urls", list(Text)),
        ("ocsp_urls", list(Text)),
        ("issuer_urls", list(Text)),
        ("fingerprint_sha256", Hex),
        ("fingerprint_sha1", Hex),
        ("spki_sha256", Hex),
        ("extensions", extensions()),
        ("findings", findings()),
        ("pem", Pem("CERTIFICATE")),
    ]
}

fn crl() -> Vec<(&'static str, Shape)> {
    let entry =
        || Object(vec![("serial", Hex), ("at", Time), ("reason", Word(&REASONS)), ("invalidity_date", nullable(Time))]);
    let lookup = Object(vec![("serial", Hex), ("listed", Bool), ("entry", nullable(entry()))]);
    vec![
        ("issuer", Text),
        ("crl_number", nullable(Number)),
        ("crl_number_hex", nullable(Hex)),
        ("this_update", Time),
        ("next_update", nullable(Time)),
        ("status", Word(&["current", "overdue", "not-yet-valid"])),
        ("signature_algorithm", Text),
        ("authority_key_id", nullable(Hex)),
        ("bytes", Number),
        ("fingerprint_sha256", Hex),
        ("extensions", extensions()),
        ("entry_count", Number),
        ("reasons", Map(Box::new(Number))),
        ("other_critical", Number),
        ("newest", nullable(Time)),
        ("lookup", nullable(lookup)),
        ("problem", nullable(Text)),
        ("findings", findings()),
        ("entries", nullable(list(entry()))),
    ]
}

fn csr() -> Vec<(&'static str, Shape)> {
    vec![
        ("subject", Text),
        ("sans", names()),
        ("key_algorithm", Text),
        ("signature_algorithm", Text),
        ("signature_good", nullable(Bool)),
        ("eku", list(Text)),
        ("spki_sha256", Hex),
        ("extensions", extensions()),
        ("attributes", list(Text)),
        ("pem", Pem("CERTIFICATE REQUEST")),
    ]
}

fn encryption() -> Shape {
    Object(vec![
        ("cipher", nullable(Text)),
        ("kdf", nullable(Text)),
        ("work", nullable(Number)),
        ("problem", nullable(Text)),
    ])
}

fn key() -> Vec<(&'static str, Shape)> {
    vec![
        ("key_algorithm", nullable(Text)),
        ("encryption", nullable(encryption())),
        ("spki_sha256", nullable(Hex)),
        ("key_id", nullable(Hex)),
        ("problem", nullable(Text)),
    ]
}

fn keystore() -> Vec<(&'static str, Shape)> {
    let part = Object(vec![
        ("encryption", nullable(encryption())),
        ("certificates", Number),
        ("clear_keys", Number),
        ("keys", list(encryption())),
    ]);
    vec![
        ("mac", nullable(Object(vec![("algorithm", Text), ("iterations", Number)]))),
        ("parts", list(part)),
        ("open", Bool),
        ("empty_passphrase", Bool),
        ("others", Number),
        ("problem", nullable(Text)),
    ]
}

fn bundle() -> Vec<(&'static str, Shape)> {
    let domain = Object(vec![
        ("trust_domain", nullable(Text)),
        ("sequence", nullable(Number)),
        ("refresh_hint", nullable(Number)),
        ("keys", Number),
        ("trust_anchors", Number),
        ("jwt_keys", Number),
        ("ignored", list(Object(vec![("key", Number), ("reason", Text)]))),
        ("notes", list(Text)),
    ]);
    vec![("map", Bool), ("trust_domains", list(domain))]
}

fn server() -> Shape {
    Object(vec![
        ("host", Text),
        ("port", Number),
        ("address", Text),
        ("server_name", nullable(Text)),
        ("protocol", nullable(Word(&["TLSv1.2", "TLSv1.3"]))),
        ("cipher", nullable(Text)),
        ("client_certificate", Word(&["not-requested", "requested", "required"])),
        ("host_matches", Bool),
        ("ocsp_staple", Bool),
        ("presented", Number),
        ("refusal", nullable(Text)),
    ])
}

/// A thing of this kind.
fn of_kind(kind: &str) -> Shape {
    let (word, fields): (&'static [&'static str], _) = match kind {
        "certificate" => (&["certificate"], certificate()),
        "crl" => (&["crl"], crl()),
        "csr" => (&["csr"], csr()),
        "public-key" => (&["public-key"], key()),
        "private-key" => (&["private-key"], key()),
        "pkcs7" => (&["pkcs7"], vec![("signers", Number)]),
        "pkcs12" => (&["pkcs12"], keystore()),
        "spiffe-bundle" => (&["spiffe-bundle"], bundle()),
        "parameters" => (&["parameters"], Vec::new()),
        "unreadable" => (&["unreadable"], vec![("claims", nullable(Text)), ("problem", Text), ("bytes", Number)]),
        other => panic!("there is no kind `{other}`"),
    };
    let within = nullable(Word(&["pkcs7", "pkcs12", "spiffe-bundle", "tls"]));
    let head = vec![
        ("kind", Word(word)),
        ("number", Number),
        ("line", nullable(Number)),
        ("within", within),
        ("name", nullable(Text)),
    ];
    Object(head.into_iter().chain(fields).collect())
}

/// The whole answer: objects of these kinds.
fn answer(kinds: &[&str]) -> Shape {
    let place = Object(vec![
        ("number", Number),
        ("signed_by", nullable(Number)),
        ("signature", Word(&["good", "bad", "unchecked", "absent"])),
        ("copy_of", nullable(Number)),
    ]);
    let key = Object(vec![("number", Number), ("certificate", nullable(Number))]);
    let arrangement = Object(vec![("in_order", nullable(Bool)), ("certificates", list(place)), ("keys", list(key))]);
    Loose(vec![
        ("server", true, server()),
        ("objects", false, Shape::Row(kinds.iter().map(|k| of_kind(k)).collect())),
        ("arrangement", false, nullable(arrangement)),
        ("warnings", false, crate::warnings()),
    ])
}

#[test]
fn every_kind() {
    let s = crate::lab();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (folder, file) in [
        ("keystore", "openssl3.p12"),
        ("keystore", "rc4.p12"),
        ("keystore", "no-mac.p12"),
        ("spiffe_bundle", "bundle.json"),
        ("spiffe_bundle", "map.json"),
        ("spiffe_bundle", "no-certificate.json"),
    ] {
        s.write(file, fs::read(corpus.join(folder).join(file)).unwrap());
    }
    s.write("pass", "secret");
    s.ok(&["request", "web.internal", "--profile", "server"]);
    s.ok(&["intermediate", "Named", "--permit", "dns:a.example", "--exclude", "ip:0.0.0.0/0", "--issuer", "lab-root"]);
    s.write("params.pem", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    s.write("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let serial = s.field("d", "serial");
    for (line, exit, kinds) in [
        ("pki/certs/api.internal/fullchain.pem", 0, &["certificate", "certificate"][..]),
        ("pki/ca/named/chain.pem", 0, &["certificate"]),
        ("pki/ca/lab-issuing/key.pem", 0, &["private-key"]),
        ("pki/public/crls.pem", 0, &["crl", "crl", "crl"]),
        (&format!("pki/ca/lab-issuing/crl.pem --serial {serial}"), 0, &["crl"]),
        ("pki/requests/web.internal/request.csr", 0, &["csr"]),
        ("openssl3.p12", 0, &["pkcs12"]),
        ("openssl3.p12 --passphrase-file pass", 0, &["pkcs12", "private-key", "certificate"]),
        ("rc4.p12 --passphrase-file pass", 0, &["pkcs12", "private-key", "certificate"]),
        ("no-mac.p12", 0, &["pkcs12", "private-key", "certificate"]),
        ("bundle.json", 0, &["spiffe-bundle", "certificate"]),
        ("map.json", 0, &["spiffe-bundle", "certificate"]),
        ("no-certificate.json", 1, &["spiffe-bundle", "unreadable"]),
        ("params.pem", 0, &["parameters"]),
        ("damaged.pem", 1, &["unreadable"]),
    ] {
        prints(&s, &format!("inspect {line}"), exit, &answer(kinds));
    }
}

/// A public key and an empty PKCS#7 bundle, which no command here writes.
#[test]
fn of_elsewhere() {
    let s = Sandbox::new();
    // SignedData without certificates, CRLs and signers.
    s.write(
        "empty.p7b",
        [
            0x30, 35, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, 0xa0, 22, 0x30, 20, 2, 1, 1, 0x31, 0, 0x30,
            11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1, 0x31, 0,
        ],
    );
    prints(&s, "inspect empty.p7b", 0, &answer(&["pkcs7"]));
    let mut spki = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    spki.extend([7; 32]);
    s.write("public.der", spki);
    prints(&s, "inspect public.der", 0, &answer(&["public-key"]));
}

#[test]
fn of_a_server() {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let s = crate::lab();
    let folder = "pki/certs/api.internal";
    let chain =
        CertificateDer::pem_slice_iter(&s.bytes(&format!("{folder}/fullchain.pem"))).map(|c| c.unwrap()).collect();
    let key = PrivateKeyDer::from_pem_slice(&s.bytes(&format!("{folder}/key.pem"))).unwrap();
    let provider = rustls::crypto::ring::default_provider().into();
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(config.into()).unwrap();
        drop(tls.complete_io(&mut socket));
        drop(tls.complete_io(&mut socket));
    });
    let line = format!("inspect 127.0.0.1:{port}");
    prints(&s, &line, 0, &answer(&["certificate", "certificate"]));
}

/// Every field is documented, and every documented field is one that `--field` takes.
#[test]
fn every_field_is_documented() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let section = text.split("\n## inspect").nth(1).unwrap().split("\n## ").next().unwrap();
    let s = Sandbox::new();
    s.write("params.pem", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    for kind in ["certificate", "crl", "csr", "private-key", "pkcs7", "pkcs12", "spiffe-bundle", "unreadable"] {
        let Object(fields) = of_kind(kind) else { unreachable!() };
        for (field, _) in fields {
            assert!(section.contains(&format!("`{field}`")), "`{field}` of {kind} is not in docs/json.md");
            // Known, whether or not it is there: an unknown one is wrong usage.
            let code = s.run(&["inspect", "params.pem", "--field", field]).code;
            assert!(matches!(code, Some(0 | 1)), "--field {field}: {code:?}");
        }
    }
}
