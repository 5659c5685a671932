//! Any certificate and any CRL that the types allow.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rootlet::model::{
    Attribute, AttributeType, ExtendedKeyUsage, KeyUsage, NameConstraints, Rdn, Reason, San, SanSet, Serial, Subject,
    Subtree, Timestamp, UriName, Validity,
};
use rootlet::x509::{CertificateFields, CrlFields, NameDer, RevokedEntry, SignatureAlgorithm};

/// SubjectPublicKeyInfo of a P-256 key, the golden tests' own.
pub const P256_SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3,
    0x42, 0, 4,
];

pub fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (Timestamp::MIN.unix()..=Timestamp::MAX.unix()).prop_map(Timestamp::clamped),
        // 2049 and 2050, where the form changes.
        (2_524_607_000..2_524_609_000i64).prop_map(Timestamp::clamped),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
    ]
}

fn any_validity() -> impl Strategy<Value = Validity> {
    (any_time(), any_time()).prop_map(|(a, b)| Validity::new(a.min(b), a.max(b)).unwrap())
}

pub fn any_serial() -> impl Strategy<Value = Serial> {
    vec(any::<u8>(), 1..=20).prop_map(|mut octets| {
        octets[0] = octets[0] & 0x7f | 1;
        Serial::from_unsigned(&octets).unwrap()
    })
}

fn any_attribute() -> impl Strategy<Value = Attribute> {
    let of = |names: &'static [&'static str], values: &'static str| {
        (proptest::sample::select(names), values)
            .prop_map(|(n, v)| Attribute::new(AttributeType::named(n).unwrap(), &v).unwrap())
    };
    prop_oneof![
        of(&["CN", "O", "OU", "title", "1.2.3.4", "2.999.7"], "[a-zA-Z0-9 ,+=#\"\\\\/üß漢🔑*@_-]{1,40}"),
        of(&["DC", "emailAddress"], "[a-z0-9@._-]{1,20}"),
        of(&["serialNumber", "dnQualifier"], "[a-zA-Z0-9 '()+,./:=?-]{1,30}"),
        of(&["C"], "[A-Z]{2}"),
    ]
}

/// Multi-valued RDNs have two attributes, in the order of their encoding.
fn any_rdn() -> impl Strategy<Value = Rdn> {
    let two = (any_attribute(), "[A-Z]{2}").prop_filter_map("two of one type", |(other, c)| {
        let country = Attribute::new(AttributeType::named("C").unwrap(), &c).unwrap();
        // DER sorts by length first: behind a country stands what is longer.
        let longer = other.kind() != country.kind() && other.value().len() > c.len();
        longer.then(|| Rdn::new(vec![country, other]).unwrap())
    });
    prop_oneof![4 => any_attribute().prop_map(|a| Rdn::new(vec![a]).unwrap()), 1 => two]
}

pub fn any_subject() -> impl Strategy<Value = Subject> {
    vec(any_rdn(), 0..6).prop_map(Subject::new)
}

fn any_san() -> impl Strategy<Value = San> {
    prop_oneof![
        "(\\*\\.)?[a-z]{1,8}\\.[a-z]{1,8}".prop_map(|t| San::Dns(t.parse().unwrap())),
        any::<[u8; 4]>().prop_map(|o| San::host(&std::net::Ipv4Addr::from(o).to_string()).unwrap()),
        // 2000::/3 holds no address in IPv4's clothes.
        any::<[u8; 16]>().prop_map(|mut o| {
            o[0] = 0x20;
            San::host(&std::net::Ipv6Addr::from(o).to_string()).unwrap()
        }),
        "[a-z]{1,8}@[a-z]{1,8}\\.org".prop_map(|t| San::Email(t.parse().unwrap())),
        "https://[a-z]{1,8}\\.org/[a-z]{0,8}".prop_map(|t| San::uri(&t).unwrap()),
    ]
}

fn any_names() -> impl Strategy<Value = SanSet> {
    let spiffe = option::of("spiffe://[a-z]{1,8}/[a-z]{1,8}".prop_map(|t| San::uri(&t).unwrap()));
    (vec(any_san(), 0..6), spiffe).prop_map(|(all, id)| SanSet::new(all.into_iter().chain(id)).unwrap())
}

fn any_subtree() -> impl Strategy<Value = Subtree> {
    prop_oneof![
        "dns:[a-z]{1,8}\\.[a-z]{1,8}",
        (any::<[u8; 4]>(), 0u8..=32).prop_map(|(o, p)| {
            let bits = u32::from_be_bytes(o) & u32::MAX.checked_shl(32 - u32::from(p)).unwrap_or(0);
            format!("ip:{}/{p}", std::net::Ipv4Addr::from(bits))
        }),
        (0u8..=128).prop_map(|p| {
            let bits = u128::MAX.checked_shl(128 - u32::from(p)).unwrap_or(0);
            format!("ip:{}/{p}", std::net::Ipv6Addr::from(bits))
        }),
        "email:([a-z]{1,8}@|\\.)?[a-z]{1,8}\\.org",
        "uri:\\.?[a-z]{1,8}\\.org",
        "dn:/O=[a-zA-Z ]{1,4}x/CN=[a-z]{1,8}",
    ]
    .prop_map(|t| t.parse().unwrap())
}

fn any_constraints() -> impl Strategy<Value = NameConstraints> {
    let list = || vec(any_subtree(), 0..4);
    (list(), list()).prop_map(|(permitted, excluded)| NameConstraints { permitted, excluded })
}

fn any_purposes() -> impl Strategy<Value = Vec<ExtendedKeyUsage>> {
    let one = prop_oneof![
        proptest::sample::select(&["serverAuth", "clientAuth", "codeSigning", "OCSPSigning", "ipsecIKE"][..])
            .prop_map(str::to_string),
        any::<u32>().prop_map(|n| format!("1.3.6.1.4.1.{n}")),
        any::<u32>().prop_map(|n| format!("2.{n}.1")),
    ];
    vec(one, 0..4).prop_map(|all| {
        let mut purposes: Vec<ExtendedKeyUsage> = all.iter().map(|t| t.parse().unwrap()).collect();
        purposes.sort();
        purposes.dedup();
        purposes
    })
}

fn any_urls() -> impl Strategy<Value = Vec<UriName>> {
    vec("http://[a-z]{1,8}\\.org/[a-z]{1,8}".prop_map(|t| UriName::published_at(&t).unwrap()), 0..3)
}

fn any_algorithm() -> impl Strategy<Value = SignatureAlgorithm> {
    use SignatureAlgorithm as A;
    proptest::sample::select(
        &[A::EcdsaSha256, A::EcdsaSha384, A::RsaSha256, A::RsaSha384, A::RsaSha512, A::Ed25519][..],
    )
}

prop_compose! {
    /// Any certificate that our types can state, sensible or not.
    pub fn any_certificate()(
        (serial, signature_algorithm, issuer, validity) in (any_serial(), any_algorithm(), any_subject(), any_validity()),
        (subject, point, ca) in (any_subject(), any::<[u8; 32]>(), option::of(option::of(any::<u8>()))),
        (usage, extended_key_usage, names) in (1u16..0x200, any_purposes(), any_names()),
        (name_constraints, subject_key_id) in (any_constraints(), vec(any::<u8>(), 1..32)),
        authority_key_id in option::of(vec(any::<u8>(), 1..32)),
        (crl_urls, issuer_urls, ocsp_urls) in (any_urls(), any_urls(), any_urls()),
    ) -> CertificateFields {
        CertificateFields {
            serial,
            signature_algorithm,
            issuer: NameDer::of(&issuer),
            validity,
            subject: NameDer::of(&subject),
            public_key: [&P256_SPKI_PREFIX[..], &point, &point].concat(),
            ca,
            key_usage: KeyUsage::from_bits(usage),
            extended_key_usage,
            names,
            name_constraints,
            subject_key_id,
            authority_key_id,
            crl_urls,
            issuer_urls,
            ocsp_urls,
        }
    }
}

prop_compose! {
    pub fn any_entry()(
        serial in any_serial(),
        revoked_at in any_time(),
        code in proptest::sample::select(&[0u8, 1, 2, 3, 4, 5, 6, 9, 10][..]),
        invalidity_date in option::of(any_time()),
    ) -> RevokedEntry {
        RevokedEntry { serial, revoked_at, reason: Reason::from_code(code).unwrap(), invalidity_date }
    }
}

prop_compose! {
    pub fn any_crl()(
        signature_algorithm in any_algorithm(),
        issuer in any_subject(),
        (this_update, next_update) in (any_time(), any_time()),
        authority_key_id in vec(any::<u8>(), 1..32),
        number in any::<u64>(),
    ) -> CrlFields {
        CrlFields { signature_algorithm, issuer: NameDer::of(&issuer), this_update, next_update, authority_key_id, number }
    }
}
