//! Certificates that break rules about powers: usages, constraints, issuers, SPIFFE, platforms, profiles.

use super::Case;
use super::sample::{Sample, key_of, public_key};
use crate::model::Profile::{self, Client, Intermediate, Root, Server, Workload};
use crate::model::{ExtendedKeyUsage, KeyAlgorithm, KeyUsage};
use crate::x509::der;
use crate::x509::{BasicConstraints, Constraints, GeneralName, ReadSubtree, oid};

const fn case(lint: &'static str, of: Profile, breaks: fn(&mut Sample)) -> Case {
    Case { lint, of, breaks }
}

fn add_usage(s: &mut Sample, usage: KeyUsage) {
    s.facts.key_usage = Some(s.facts.key_usage.unwrap_or_default().and(usage));
}

fn only(s: &mut Sample, usage: KeyUsage) {
    s.facts.key_usage = Some(usage);
}

fn permit(s: &mut Sample, subtree: ReadSubtree) {
    s.critical(oid::NAME_CONSTRAINTS, true);
    s.extension(oid::NAME_CONSTRAINTS).value = vec![0x30, 2, 0xa0, 0];
    s.facts.name_constraints = Some(Constraints { permitted: vec![subtree], excluded: Vec::new() });
}

fn uris(s: &mut Sample, all: &[&str]) {
    s.names(all.iter().map(|u| GeneralName::Uri((*u).into())).collect());
}

fn path_len(n: u32) -> Option<BasicConstraints> {
    Some(BasicConstraints { ca: true, path_len: Some(n) })
}

fn any_purpose() -> ExtendedKeyUsage {
    ExtendedKeyUsage::from_oid("2.5.29.37.0".parse().unwrap())
}

pub(super) static CASES: &[Case] = &[
    case("ca-basic-constraints-critical", Root, |s| s.critical(oid::BASIC_CONSTRAINTS, false)),
    case("path-len-without-ca", Server, |s| {
        s.facts.basic_constraints = Some(BasicConstraints { ca: false, path_len: Some(0) });
    }),
    case("ca-key-usage", Root, |s| s.drop_extension(oid::KEY_USAGE)),
    case("key-usage-critical", Server, |s| s.critical(oid::KEY_USAGE, false)),
    case("key-usage-empty", Server, |s| only(s, KeyUsage::default())),
    case("leaf-key-usage", Server, |s| s.drop_extension(oid::KEY_USAGE)),
    case("cert-sign-without-ca", Server, |s| add_usage(s, KeyUsage::KEY_CERT_SIGN)),
    case("ca-without-cert-sign", Intermediate, |s| only(s, KeyUsage::CRL_SIGN)),
    case("ca-without-crl-sign", Intermediate, |s| only(s, KeyUsage::KEY_CERT_SIGN)),
    case("leaf-crl-sign", Server, |s| add_usage(s, KeyUsage::CRL_SIGN)),
    case("ca-digital-signature", Root, |s| add_usage(s, KeyUsage::DIGITAL_SIGNATURE)),
    case("key-usage-ec", Server, |s| add_usage(s, KeyUsage::KEY_ENCIPHERMENT)),
    case("key-usage-ec", Server, |s| add_usage(s, KeyUsage::DATA_ENCIPHERMENT)),
    case("key-usage-signing-key", Server, |s| {
        s.facts.public_key = public_key(KeyAlgorithm::Ed25519, 1);
        add_usage(s, KeyUsage::KEY_AGREEMENT);
    }),
    case("key-usage-signing-key", Server, |s| {
        s.facts.public_key = key_of("2.16.840.1.101.3.4.3.18", &[], &[1; 1952]);
        add_usage(s, KeyUsage::KEY_ENCIPHERMENT);
    }),
    case("key-usage-pss", Server, |s| {
        // The same modulus under id-RSASSA-PSS.
        let (name, pss) = ([0x86, 0xf7, 0x0d, 1, 1, 1], 10);
        let mut key = public_key(KeyAlgorithm::Rsa2048, 1);
        let at = key.windows(name.len()).position(|w| w == name).unwrap();
        key[at + name.len() - 1] = pss;
        s.facts.public_key = key;
        add_usage(s, KeyUsage::KEY_ENCIPHERMENT);
    }),
    case("ca-key-usage-more", Root, |s| add_usage(s, KeyUsage::KEY_ENCIPHERMENT)),
    case("leaf-digital-signature", Client, |s| only(s, KeyUsage::KEY_AGREEMENT)),
    case("key-usage-rsa", Server, |s| {
        s.facts.public_key = public_key(KeyAlgorithm::Rsa2048, 1);
        add_usage(s, KeyUsage::KEY_AGREEMENT);
    }),
    case("ca-path-len", Intermediate, |s| {
        s.facts.basic_constraints = Some(BasicConstraints { ca: true, path_len: None });
    }),
    case("path-len-without-cert-sign", Intermediate, |s| only(s, KeyUsage::CRL_SIGN)),
    case("key-usage-agreement", Server, |s| add_usage(s, KeyUsage::from_bits(1 << 7))),
    case("purpose-empty", Server, |s| s.facts.extended_key_usage = Some(Vec::new())),
    case("purpose-any", Server, |s| s.facts.extended_key_usage.as_mut().unwrap().push(any_purpose())),
    case("purpose-duplicate", Server, |s| {
        s.facts.extended_key_usage.as_mut().unwrap().push(ExtendedKeyUsage::server_auth());
    }),
    case("purpose-critical", Server, |s| s.critical(oid::EXTENDED_KEY_USAGE, true)),
    case("leaf-purpose", Server, |s| s.drop_extension(oid::EXTENDED_KEY_USAGE)),
    case("constraints-on-leaf", Server, |s| permit(s, ReadSubtree::Dns("lab.internal".into()))),
    case("constraints-critical", Intermediate, |s| {
        permit(s, ReadSubtree::Dns("lab.internal".into()));
        s.critical(oid::NAME_CONSTRAINTS, false);
    }),
    case("constraints-empty", Intermediate, |s| s.critical(oid::NAME_CONSTRAINTS, true)),
    case("constraints-distance", Intermediate, |s| {
        // permitted dNSName `a` with minimum 0 written out.
        let value = vec![0x30, 10, 0xa0, 8, 0x30, 6, 0x82, 1, b'a', 0x80, 1, 0];
        s.critical(oid::NAME_CONSTRAINTS, true);
        s.extension(oid::NAME_CONSTRAINTS).value = value;
    }),
    case("constraints-dns", Intermediate, |s| permit(s, ReadSubtree::Dns(".lab.internal".into()))),
    case("constraints-dns", Intermediate, |s| permit(s, ReadSubtree::Dns("*.lab.internal".into()))),
    case("constraints-ip", Intermediate, |s| permit(s, ReadSubtree::Ip(vec![10, 0, 0, 0]))),
    case("constraints-ip", Intermediate, |s| permit(s, ReadSubtree::Ip(vec![10, 0, 0, 0, 255, 0, 255, 0]))),
    case("constraints-ip", Intermediate, |s| permit(s, ReadSubtree::Ip(vec![10, 1, 0, 0, 255, 0, 0, 0]))),
    case("constraints-email", Intermediate, |s| permit(s, ReadSubtree::Email("a b@c".into()))),
    case("constraints-uri", Intermediate, |s| permit(s, ReadSubtree::Uri("https://a.example".into()))),
    case("constraints-uri", Intermediate, |s| permit(s, ReadSubtree::Uri("10.0.0.1".into()))),
    case("constraints-unsupported", Intermediate, |s| permit(s, ReadSubtree::Other("registeredID"))),
    case("constraints-addresses-free", Intermediate, |s| permit(s, ReadSubtree::Dns("lab.internal".into()))),
    case("issuer-name", Server, |s| s.issuer().subject = s.facts.subject.clone()),
    case("issuer-is-ca", Server, |s| s.issuer().basic_constraints = None),
    case("issuer-cert-sign", Server, |s| s.issuer().key_usage = Some(KeyUsage::CRL_SIGN)),
    case("issuer-path-len", Intermediate, |s| s.issuer().basic_constraints = path_len(0)),
    case("issuer-path-len", Intermediate, |s| {
        s.issuer().basic_constraints = path_len(1);
        s.facts.basic_constraints = path_len(1);
    }),
    case("issuer-purpose", Server, |s| {
        s.issuer().extended_key_usage = Some(vec![ExtendedKeyUsage::client_auth()]);
    }),
    case("root-purpose", Root, |s| s.critical(oid::EXTENDED_KEY_USAGE, false)),
    case("root-addresses", Root, |s| s.critical(oid::CRL_DISTRIBUTION_POINTS, false)),
    case("root-names", Root, |s| s.dns("a.example")),
    case("root-policies", Root, |s| s.critical(oid::CERTIFICATE_POLICIES, false)),
    case("root-constraints", Root, |s| permit(s, ReadSubtree::Dns("lab.internal".into()))),
    case("spiffe-uri-count", Workload, |s| uris(s, &["spiffe://td/a", "https://a.example/"])),
    case("spiffe-id", Workload, |s| uris(s, &["spiffe://TD/a"])),
    case("spiffe-id", Workload, |s| uris(s, &["SPIFFE://td/a"])),
    case("spiffe-path-missing", Workload, |s| uris(s, &["spiffe://td"])),
    case("spiffe-path-on-ca", Root, |s| uris(s, &["spiffe://td/a"])),
    case("spiffe-key-usage", Workload, |s| s.critical(oid::KEY_USAGE, false)),
    case("spiffe-key-usage", Workload, |s| s.drop_extension(oid::KEY_USAGE)),
    case("spiffe-leaf-usage", Workload, |s| only(s, KeyUsage::KEY_AGREEMENT)),
    case("spiffe-leaf-usage", Workload, |s| add_usage(s, KeyUsage::CRL_SIGN)),
    case("spiffe-ca-usage", Root, |s| {
        uris(s, &["spiffe://td"]);
        only(s, KeyUsage::CRL_SIGN);
    }),
    case("spiffe-purposes", Workload, |s| s.facts.extended_key_usage = Some(vec![ExtendedKeyUsage::client_auth()])),
    case("spiffe-purposes-absent", Workload, |s| s.drop_extension(oid::EXTENDED_KEY_USAGE)),
    case("spiffe-trust-domain", Workload, |s| {
        s.issuer().names = Some(vec![GeneralName::Uri("spiffe://other.example".into())]);
    }),
    case("spiffe-ca-trust-domain", Intermediate, |s| {
        uris(s, &["spiffe://td"]);
        s.issuer().names = Some(vec![GeneralName::Uri("spiffe://other.example".into())]);
    }),
    case("platform-ed25519", Server, |s| s.facts.public_key = public_key(KeyAlgorithm::Ed25519, 1)),
    case("platform-rsa-server", Server, |s| s.facts.public_key = public_key(KeyAlgorithm::Rsa2048, 1)),
    case("platform-uri-constraints", Intermediate, |s| permit(s, ReadSubtree::Uri("example.org".into()))),
    case("platform-common-name", Client, |s| {
        let permitted = vec![ReadSubtree::Dns("lab.internal".into())];
        s.issuer().name_constraints = Some(Constraints { permitted, excluded: Vec::new() });
    }),
    case("spiffe-id-missing", Workload, |s| s.dns("a.example")),
    case("spiffe-signer-id", Root, |s| s.facts.names = None),
    case("spiffe-signer-slash", Root, |s| uris(s, &["spiffe://td/"])),
    case("spiffe-lifetime", Workload, |s| s.lifetime(32)),
    case("platform-p521", Server, |s| {
        let curve = der::oid(&"1.3.132.0.35".parse().unwrap());
        s.facts.public_key = key_of("1.2.840.10045.2.1", &curve, &[&[4][..], &[1; 132]].concat());
    }),
    case("platform-pss-key", Server, |s| {
        let rsa = der::constructed(der::SEQUENCE, &[&der::unsigned(&[0xc1; 256]), &der::unsigned(&[1, 0, 1])]);
        s.facts.public_key = key_of("1.2.840.113549.1.1.10", &[], &rsa);
    }),
    case("platform-critical-extension", Intermediate, |s| s.critical(oid::INHIBIT_ANY_POLICY, true)),
    case("platform-name-constraints", Intermediate, |s| permit(s, ReadSubtree::Email("lab.internal".into()))),
    case("platform-server-purpose", Server, |s| s.facts.extended_key_usage = None),
    case("platform-rsa-usage", Server, |s| {
        s.facts.public_key = public_key(KeyAlgorithm::Rsa2048, 1);
        only(s, KeyUsage::KEY_ENCIPHERMENT);
    }),
    case("profile-ca", Server, |s| s.profile = Some(Intermediate)),
    case("profile-ca", Root, |s| s.profile = Some(Client)),
    case("profile-issuer", Intermediate, |s| s.profile = Some(Root)),
    case("profile-issuer", Root, |s| s.profile = Some(Intermediate)),
    case("profile-key-usage", Root, |s| add_usage(s, KeyUsage::DIGITAL_SIGNATURE)),
    case("profile-key-usage", Intermediate, |s| only(s, KeyUsage::KEY_CERT_SIGN)),
    case("profile-key-usage", Server, |s| s.facts.public_key = public_key(KeyAlgorithm::Rsa2048, 1)),
    case("profile-key-usage", Client, |s| add_usage(s, KeyUsage::KEY_AGREEMENT)),
    case("profile-key-usage", Profile::Peer, |s| s.critical(oid::KEY_USAGE, false)),
    case("profile-key-usage", Workload, |s| add_usage(s, KeyUsage::KEY_AGREEMENT)),
    case("profile-purposes", Root, |s| s.facts.extended_key_usage = Some(vec![ExtendedKeyUsage::server_auth()])),
    case("profile-purposes", Intermediate, |s| s.facts.extended_key_usage = Some(vec![any_purpose()])),
    case("profile-purposes", Server, |s| s.profile = Some(Client)),
    case("profile-purposes", Client, |s| s.profile = Some(Server)),
    case("profile-purposes", Server, |s| s.profile = Some(Profile::Peer)),
    case("profile-purposes", Workload, |s| s.facts.extended_key_usage = None),
    case("profile-names", Root, |s| s.dns("a.example")),
    case("profile-names", Intermediate, |s| uris(s, &["spiffe://td/a"])),
    case("profile-names", Server, |s| s.facts.names = None),
    case("profile-names", Profile::Peer, |s| uris(s, &["spiffe://td/a"])),
    case("profile-names", Workload, |s| uris(s, &["https://a.example/"])),
    case("profile-names", Workload, |s| {
        let mut names = s.facts.names.clone().unwrap();
        names.push(GeneralName::Email("a@b.example".into()));
        s.names(names);
    }),
    case("profile-subject", Intermediate, |s| s.subject(&[])),
    case("profile-subject", Workload, |s| s.subject(&[&[("2.5.4.3", 0x0c, b"api")]])),
    case("profile-root-extensions", Root, |s| s.critical(oid::AUTHORITY_INFO_ACCESS, false)),
];
