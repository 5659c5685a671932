//! Certificates that break the rules of the standards about fields, names and keys.

use super::Case;
use super::sample::{foreign_key, key_of, name_facts, public_key, rsa_key};
use crate::model::KeyAlgorithm;
use crate::model::Profile::{self, Client, Intermediate, Root, Server};
use crate::x509::der::{self, tlv};
use crate::x509::{GeneralName, SignatureAlgorithm, oid, spki};

const fn case(lint: &'static str, of: Profile, breaks: fn(&mut super::Sample)) -> Case {
    Case { lint, of, breaks }
}

const CN: &str = "2.5.4.3";
const C: &str = "2.5.4.6";
const O: &str = "2.5.4.10";
const EMAIL: &str = "1.2.840.113549.1.9.1";
const UTF8: u8 = der::UTF8_STRING;
const PRINTABLE: u8 = der::PRINTABLE_STRING;
/// Places of fields in a tbsCertificate.
const VALIDITY: usize = 4;
const EXTENSIONS: usize = 7;

fn algorithm(oid: &str, parameters: &[u8]) -> Vec<u8> {
    der::constructed(der::SEQUENCE, &[&der::oid(&oid.parse().unwrap()), parameters])
}

/// RSASSA-PSS with SHA-256, a salt of this length, a mask with the hash of this number, and something behind it.
fn pss(salt: u8, mask: u8, behind: &[u8]) -> Vec<u8> {
    let hash = |n: u8| [&[0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2][..], &[n, 5, 0]].concat();
    let mgf = [&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8][..], &hash(mask)].concat();
    let parts = [
        tlv(der::context_constructed(0), &hash(1)),
        tlv(der::context_constructed(1), &tlv(der::SEQUENCE, &mgf)),
        vec![0xa2, 3, 2, 1, salt],
        behind.to_vec(),
    ];
    algorithm("1.2.840.113549.1.1.10", &tlv(der::SEQUENCE, &parts.concat()))
}

#[test]
fn pss_as_it_should_be() {
    let mut sample = super::Sample::new(Server);
    sample.facts.signature_algorithm = pss(32, 1, &[]);
    let found = super::lint_certificate(&sample.facts, &sample.context());
    // The issuer's key is an EC key.
    assert_eq!(super::ids(&found), ["signature-key"]);
}

/// 2048 bits, and other sizes for the rules about them.
fn modulus(first: u8, octets: usize) -> Vec<u8> {
    [&[first][..], &vec![0x55; octets - 1]].concat()
}

pub(super) static CASES: &[Case] = &[
    case("version", Server, |s| s.facts.version = 1),
    case("unique-ids", Server, |s| s.facts.has_unique_ids = true),
    case("serial-positive", Server, |s| s.facts.raw_serial = vec![0x80; 16]),
    case("serial-positive", Server, |s| s.facts.raw_serial = vec![0]),
    case("serial-length", Server, |s| s.facts.raw_serial = vec![1; 21]),
    case("serial-entropy", Server, |s| s.facts.raw_serial = vec![1; 7]),
    case("extension-duplicate", Server, |s| {
        let first = s.facts.extensions[0].clone();
        s.facts.extensions.push(first);
    }),
    case("extension-unknown-critical", Root, |s| s.critical(&[1, 2, 3], true)),
    case("extension-malformed", Server, |s| s.extension(oid::SUBJECT_ALT_NAME).malformed = true),
    case("extensions-empty", Server, |s| {
        s.raw_field(EXTENSIONS, |_| vec![der::context_constructed(3), 2, der::SEQUENCE, 0]);
        s.facts.extensions.clear();
    }),
    case("extension-criticality", Root, |s| s.critical(oid::POLICY_CONSTRAINTS, false)),
    case("extension-criticality", Server, |s| s.critical(&[2, 5, 29, 46], true)),
    case("extension-netscape", Server, |s| s.critical(&[2, 16, 840, 1, 113_730, 1, 1], false)),
    case("policies-empty", Server, |s| s.critical(oid::CERTIFICATE_POLICIES, false)),
    case("policies-duplicate", Server, |s| {
        s.extension(oid::CERTIFICATE_POLICIES).value = vec![0x30, 12, 0x30, 4, 6, 2, 0x2a, 3, 0x30, 4, 6, 2, 0x2a, 3];
    }),
    case("policy-mapping-any", Intermediate, |s| {
        s.extension(oid::POLICY_MAPPINGS).value = vec![0x30, 12, 0x30, 10, 6, 2, 0x2a, 3, 6, 4, 0x55, 0x1d, 0x20, 0];
    }),
    case("policy-constraints-empty", Intermediate, |s| s.critical(oid::POLICY_CONSTRAINTS, true)),
    case("policies-of-ca-on-leaf", Server, |s| s.critical(oid::INHIBIT_ANY_POLICY, true)),
    case("must-staple", Server, |s| s.critical(&[1, 3, 6, 1, 5, 5, 7, 1, 24], false)),
    case("der-default", Root, |s| s.extension(oid::BASIC_CONSTRAINTS).value = vec![0x30, 3, 1, 1, 1]),
    case("der-default", Server, |s| s.extension(oid::BASIC_CONSTRAINTS).value = vec![0x30, 3, 1, 1, 0]),
    case("der-default", Server, |s| {
        s.raw_field(EXTENSIONS, |_| {
            let one = der::constructed(der::SEQUENCE, &[&[6, 2, 0x2a, 3], &[1, 1, 0], &[4, 0]]);
            tlv(der::context_constructed(3), &tlv(der::SEQUENCE, &one))
        });
    }),
    case("der-minimal", Server, |s| s.facts.raw_serial.insert(0, 0)),
    case("der-minimal", Root, |s| {
        s.extension(oid::BASIC_CONSTRAINTS).value = vec![0x30, 7, 1, 1, 0xff, 2, 2, 0, 1];
    }),
    case("der-minimal", Server, |s| s.extension(oid::KEY_USAGE).value = vec![3, 2, 6, 0x80]),
    case("validity-encoding", Server, |s| {
        s.raw_field(VALIDITY, |_| {
            let at = |t: &str| der::generalized_time(t.parse().unwrap());
            tlv(der::SEQUENCE, &[at("2026-01-01"), at("2027-01-01")].concat())
        });
    }),
    case("validity-form", Server, |s| {
        s.raw_field(VALIDITY, |_| {
            tlv(der::SEQUENCE, &[tlv(der::UTC_TIME, b"2601010000Z"), tlv(der::UTC_TIME, b"270101000000Z")].concat())
        });
    }),
    case("validity-form", Server, |s| {
        s.raw_field(VALIDITY, |_| {
            let fraction = tlv(der::GENERALIZED_TIME, b"20600101000000.5Z");
            tlv(der::SEQUENCE, &[tlv(der::UTC_TIME, b"260101000000Z"), fraction].concat())
        });
    }),
    case("validity-ended", Server, |s| s.today = Some(s.facts.not_after.plus(1))),
    case("validity-future", Server, |s| s.today = Some(s.facts.not_before.plus(-1))),
    case("validity-server-year", Server, |s| s.lifetime(399)),
    case("validity-order", Server, |s| s.facts.not_after = s.facts.not_before.plus(-1)),
    case("validity-past", Server, |s| s.now = Some(s.facts.not_after.plus(1))),
    case("validity-backdated", Server, |s| s.now = Some(s.facts.not_before.plus(3601))),
    case("validity-issuer-end", Server, |s| s.issuer().not_after = s.facts.not_after.plus(-1)),
    case("validity-issuer-start", Server, |s| s.issuer().not_before = s.facts.not_before.plus(1)),
    case("validity-server-days", Server, |s| s.lifetime(826)),
    case("issuer-empty", Server, |s| s.facts.issuer = name_facts(&[0x30, 0])),
    case("ca-subject-empty", Intermediate, |s| s.subject(&[])),
    case("holder-unnamed", Client, |s| s.subject(&[])),
    case("subject-string-type", Client, |s| s.subject(&[&[(C, UTF8, b"DE")]])),
    case("subject-string-type", Client, |s| s.subject(&[&[(EMAIL, UTF8, b"a@b.c")]])),
    case("subject-string-legacy", Client, |s| s.subject(&[&[(CN, der::BMP_STRING, b"\0a")]])),
    case("subject-characters", Client, |s| s.subject(&[&[(CN, PRINTABLE, b"a@b")]])),
    case("subject-characters", Client, |s| s.subject(&[&[(CN, UTF8, b"\xff")]])),
    case("subject-control", Client, |s| s.subject(&[&[(CN, UTF8, b"a\0b")]])),
    case("subject-value-empty", Client, |s| s.subject(&[&[(CN, UTF8, b"")]])),
    case("subject-bounds", Client, |s| s.subject(&[&[(CN, PRINTABLE, &[b'a'; 65])]])),
    case("subject-country", Client, |s| s.subject(&[&[(C, PRINTABLE, b"DEU")]])),
    case("subject-country-case", Client, |s| s.subject(&[&[(C, PRINTABLE, b"de")]])),
    case("subject-order", Client, |s| s.subject(&[&[(CN, UTF8, b"a")], &[(O, UTF8, b"b")]])),
    case("subject-duplicate-in-rdn", Client, |s| s.subject(&[&[(CN, UTF8, b"a"), (CN, UTF8, b"b")]])),
    case("subject-set-order", Client, |s| s.subject(&[&[(O, UTF8, b"a"), (CN, UTF8, b"b")]])),
    case("subject-email", Client, |s| s.subject(&[&[(EMAIL, der::IA5_STRING, b"a@b.c")]])),
    case("ca-subject-email", Root, |s| s.subject(&[&[(EMAIL, der::IA5_STRING, b"a@b.c")]])),
    case("common-name-repeats", Server, |s| s.subject(&[&[(CN, UTF8, b"www.lab.internal")]])),
    case("key-malformed", Server, |s| s.facts.public_key = vec![0x30, 0]),
    case("key-malformed", Server, |s| {
        let end = s.facts.public_key.len() - 65;
        s.facts.public_key[end] = 5;
    }),
    case("key-algorithm", Server, |s| s.facts.public_key = foreign_key("1.2.840.10040.4.1", &[])),
    case("key-algorithm", Server, |s| {
        // secp256k1, and a curve given by its parameters.
        s.facts.public_key = foreign_key("1.2.840.10045.2.1", &der::oid(&"1.3.132.0.10".parse().unwrap()));
    }),
    case("key-algorithm", Server, |s| s.facts.public_key = foreign_key("1.2.840.10045.2.1", &[0x30, 0])),
    case("key-malformed", Server, |s| s.facts.public_key = key_of("1.3.101.113", &[], &[1; 56])),
    case("key-parameters", Server, |s| {
        // RSA without NULL, Ed25519 with it.
        let rsa = der::constructed(der::SEQUENCE, &[&der::unsigned(&modulus(0xc0, 256)), &der::unsigned(&[1, 0, 1])]);
        s.facts.public_key = key_of("1.2.840.113549.1.1.1", &[], &rsa);
    }),
    case("key-parameters", Server, |s| s.facts.public_key = key_of("1.3.101.112", &[5, 0], &[1; 32])),
    case("key-compressed", Server, |s| {
        s.facts.public_key = spki(KeyAlgorithm::P256, &[&[2][..], &[7; 32]].concat());
    }),
    case("rsa-modulus", Server, |s| {
        let even = [modulus(0xc0, 255), vec![0x54]].concat();
        s.facts.public_key = rsa_key(&even, &[1, 0, 1]);
    }),
    case("rsa-size-most", Server, |s| s.facts.public_key = rsa_key(&modulus(0xc0, 1025), &[1, 0, 1])),
    case("rsa-size", Server, |s| s.facts.public_key = rsa_key(&modulus(0xc0, 128), &[1, 0, 1])),
    case("rsa-size-octets", Server, |s| s.facts.public_key = rsa_key(&modulus(0x40, 257), &[1, 0, 1])),
    case("rsa-exponent", Server, |s| s.facts.public_key = rsa_key(&modulus(0xc0, 256), &[1, 0, 0])),
    case("rsa-exponent-usual", Server, |s| s.facts.public_key = rsa_key(&modulus(0xc0, 256), &[3])),
    case("rsa-ca-size", Root, |s| s.facts.public_key = public_key(KeyAlgorithm::Rsa2048, 1)),
    case("signature-weak", Server, |s| s.facts.signature_algorithm = algorithm("1.2.840.113549.1.1.5", &[5, 0])),
    case("signature-weak", Server, |s| s.facts.signature_algorithm = algorithm("1.2.840.10045.4.1", &[])),
    case("signature-parameters", Server, |s| s.facts.signature_algorithm = algorithm("1.2.840.113549.1.1.11", &[])),
    case("signature-parameters", Server, |s| s.facts.signature_algorithm = algorithm("1.3.101.113", &[5, 0])),
    case("signature-weak", Server, |s| {
        s.facts.signature_algorithm = algorithm("2.16.840.1.101.3.4.3.2", &[]);
    }),
    case("signature-unknown", Server, |s| {
        // ECDSA with SHA3-256, and HashML-DSA.
        s.facts.signature_algorithm = algorithm("2.16.840.1.101.3.4.3.10", &[]);
    }),
    case("signature-unknown", Server, |s| s.facts.signature_algorithm = algorithm("2.16.840.1.101.3.4.3.32", &[])),
    case("signature-unknown", Server, |s| s.facts.signature_algorithm = algorithm("1.2.3", &[])),
    case("signature-key", Server, |s| s.facts.signature_algorithm = SignatureAlgorithm::RsaSha256.der().to_vec()),
    case("signature-key", Root, |s| s.facts.signature_algorithm = SignatureAlgorithm::Ed25519.der().to_vec()),
    case("signature-hash", Server, |s| s.facts.signature_algorithm = SignatureAlgorithm::EcdsaSha384.der().to_vec()),
    case("signature-hash", Server, |s| s.facts.signature_algorithm = algorithm("1.2.840.10045.4.3.4", &[])),
    case("signature-pss", Server, |s| s.facts.signature_algorithm = algorithm("1.2.840.113549.1.1.10", &[])),
    case("signature-pss", Server, |s| s.facts.signature_algorithm = algorithm("1.2.840.113549.1.1.10", &[0x30, 0])),
    case("signature-pss", Server, |s| s.facts.signature_algorithm = pss(32, 2, &[])),
    case("signature-pss", Server, |s| s.facts.signature_algorithm = pss(20, 1, &[])),
    case("signature-pss", Server, |s| s.facts.signature_algorithm = pss(32, 1, &[0xa3, 3, 2, 1, 1])),
    case("algorithms-differ", Server, |s| {
        s.signed.as_mut().unwrap().0 = SignatureAlgorithm::EcdsaSha384.der().to_vec();
    }),
    case("signature-form", Server, |s| s.signed.as_mut().unwrap().1 = vec![1; 64]),
    case("signature-form", Server, |s| s.signed.as_mut().unwrap().1 = vec![0x30, 7, 2, 2, 0, 1, 2, 1, 1]),
    case("signature-wrong", Server, |s| s.facts.der[40] ^= 1),
    case("authority-key-id", Server, |s| s.facts.authority_key_id = None),
    case("authority-key-id-critical", Server, |s| s.critical(oid::AUTHORITY_KEY_ID, true)),
    case("authority-key-id-form", Server, |s| s.facts.authority_names_serial = true),
    case("authority-key-id-issuer", Server, |s| s.facts.authority_key_id = Some(vec![9; 20])),
    case("authority-key-id-empty", Server, |s| s.facts.authority_key_id = Some(Vec::new())),
    case("ca-subject-key-id", Intermediate, |s| s.facts.subject_key_id = None),
    case("leaf-subject-key-id", Server, |s| s.facts.subject_key_id = None),
    case("subject-key-id-critical", Server, |s| s.critical(oid::SUBJECT_KEY_ID, true)),
    case("subject-key-id-empty", Server, |s| s.facts.subject_key_id = Some(Vec::new())),
    case("names-empty", Server, |s| s.names(Vec::new())),
    case("names-empty", Client, |s| s.extension(oid::SUBJECT_ALT_NAME).value = vec![0x30, 0]),
    case("names-critical", Server, |s| s.subject(&[])),
    case("names-critical-needless", Server, |s| s.critical(oid::SUBJECT_ALT_NAME, true)),
    case("names-duplicate", Server, |s| s.dns("api.lab.internal")),
    case("server-names", Server, |s| s.names(vec![GeneralName::Uri("https://a.example/".into())])),
    case("server-names", Server, |s| {
        s.profile = None;
        s.drop_extension(oid::SUBJECT_ALT_NAME);
        s.facts.names = None;
    }),
    case("leaf-names", Client, |s| {
        s.profile = None;
        s.facts.extended_key_usage = None;
    }),
    case("dns-syntax", Server, |s| s.dns("a b")),
    case("dns-syntax", Server, |s| s.dns("10.0.0.1")),
    case("dns-syntax", Server, |s| s.dns("bücher.example")),
    case("dns-underscore", Server, |s| s.dns("a_b.example")),
    case("dns-trailing-dot", Server, |s| s.dns("a.example.")),
    case("dns-wildcard", Server, |s| s.dns("w*.example")),
    case("dns-wildcard", Server, |s| s.dns("*.com")),
    case("dns-lower-case", Server, |s| s.dns("A.example")),
    case("ip-octets", Server, |s| s.names(vec![GeneralName::Ip(vec![10, 0, 0, 0, 255, 0, 0, 0])])),
    case("ip-mapped", Server, |s| {
        s.names(vec![GeneralName::Ip([&[0; 10][..], &[0xff, 0xff, 10, 0, 0, 1]].concat())]);
    }),
    case("uri-syntax", Client, |s| s.names(vec![GeneralName::Uri("/relative".into())])),
    case("email-syntax", Client, |s| s.names(vec![GeneralName::Email("Alice <a@b.c>".into())])),
    case("directory-name-empty", Client, |s| s.names(vec![GeneralName::Directory(name_facts(&[0x30, 0]))])),
    case("address-syntax", Server, |s| s.facts.crl_urls = vec!["ca.crl".into()]),
    case("address-http", Server, |s| s.facts.crl_urls = vec!["ldap://pki.lab/cn=ca".into()]),
    case("crl-points-critical", Server, |s| s.critical(oid::CRL_DISTRIBUTION_POINTS, true)),
    case("crl-points-unnamed", Server, |s| s.facts.crl_urls.clear()),
    case("crl-points-empty", Server, |s| s.extension(oid::CRL_DISTRIBUTION_POINTS).value = vec![0x30, 0]),
    case("crl-points-reasons", Server, |s| {
        s.extension(oid::CRL_DISTRIBUTION_POINTS).value = vec![0x30, 6, 0x30, 4, 0x81, 2, 1, 2];
    }),
    case("crl-points-relative", Server, |s| {
        s.extension(oid::CRL_DISTRIBUTION_POINTS).value = vec![0x30, 6, 0x30, 4, 0xa0, 2, 0xa1, 0];
    }),
    case("crl-points-indirect", Server, |s| {
        s.extension(oid::CRL_DISTRIBUTION_POINTS).value = vec![0x30, 4, 0x30, 2, 0xa2, 0];
    }),
    case("access-empty", Server, |s| s.extension(oid::AUTHORITY_INFO_ACCESS).value = vec![0x30, 0]),
    case("access-pem", Server, |s| s.facts.issuer_urls = vec!["http://pki.lab/ca.PEM".into()]),
    case("access-critical", Server, |s| s.critical(oid::AUTHORITY_INFO_ACCESS, true)),
];
