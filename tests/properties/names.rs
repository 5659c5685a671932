//! Texts that people type.

use proptest::prelude::*;
use rootlet::keys::sha256;
use rootlet::model::{
    DnsName, EmailAddress, ExtendedKeyUsage, Handle, Identity, IpName, KeyAlgorithm, Lifetime, ModelError, Oid,
    Profile, Reason, San, SanSet, Serial, SpiffeId, Subject, Subtree, Timestamp, TrustDomain, UriName, Window,
};
use rootlet::x509::{encode_name, read_name};
use std::fmt::{Debug, Display};
use std::str::FromStr;

/// Texts without sense, and texts that look like one of our nouns with something wrong.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,80}",
        "[a-zA-Z0-9.:/@*_~%?#\\[\\]=+, \\\\\"-]{0,60}",
        "(\\*\\.)?([a-zA-Z0-9-]{1,8}\\.){0,4}[a-zA-Z0-9üß-]{1,8}\\.?",
        "[a-z.+_-]{0,10}@([a-z-]{1,5}\\.){0,3}[a-zA-Z]{0,4}",
        "(spiffe|https?|ldap|urn)://?[a-zA-Z0-9._:@\\[\\]-]{0,12}(/[a-zA-Z0-9._%-]{0,4}){0,4}[?#]?",
        "/?(C|CN|O|OU|DC|UID|emailAddress|1\\.2\\.3)=[a-zA-Z0-9 #+,;<>=\\\\\"é]{0,6}([,/+](CN|O|C|DC|2\\.5\\.4\\.97)=[a-zA-Z \\\\\"]{0,5}){0,4}",
        "(0x|0X|serial=)?[0-9a-fA-F: ]{0,50}",
        "[0-9]{0,22}[smhdwyMD%]?",
        "[0-9]{4,5}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9])?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?",
        "(dns|ip|email|uri|dn|spiffe):[a-z0-9.:/@_=,-]{0,24}",
        "[0-9a-f:.]{0,20}(/[0-9]{1,3})?",
        "([0-9]{1,3}\\.){0,6}[0-9]{0,22}",
    ]
}

/// What parses shows itself as a text that parses to the same.
fn reads_back<T: FromStr<Err = ModelError> + Display + PartialEq + Debug>(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<T>() {
        Ok(value) => {
            let shown = value.to_string();
            prop_assert_eq!(
                shown.parse::<T>().map_err(|e| e.to_string()),
                Ok(value),
                "{:?} shown as {:?}",
                text,
                shown
            );
        }
        // Its sentence and its hints are made of the text: they must not panic either.
        Err(e) => drop((e.to_string(), e.code(), e.hints())),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_parses_reads_back(text in any_text()) {
        reads_back::<DnsName>(&text)?;
        reads_back::<EmailAddress>(&text)?;
        reads_back::<UriName>(&text)?;
        reads_back::<SpiffeId>(&text)?;
        reads_back::<TrustDomain>(&text)?;
        reads_back::<IpName>(&text)?;
        reads_back::<Serial>(&text)?;
        reads_back::<Lifetime>(&text)?;
        reads_back::<Timestamp>(&text)?;
        reads_back::<Handle>(&text)?;
        reads_back::<Oid>(&text)?;
        reads_back::<ExtendedKeyUsage>(&text)?;
        reads_back::<Profile>(&text)?;
        reads_back::<Reason>(&text)?;
        reads_back::<KeyAlgorithm>(&text)?;
        let _ = (text.parse::<Window>(), SpiffeId::workload(&text), SpiffeId::signer(&text), San::host(&text));
        let _ = (San::uri(&text), UriName::published_at(&text), rootlet::pki::Target::parse(&text));
    }

    #[test]
    fn subjects_read_back(text in any_text()) {
        let Ok(subject) = text.parse::<Subject>() else { return Ok(()) };
        prop_assert_eq!(read_name(&encode_name(&subject)), Ok(sorted(&subject)));
        let slash = subject.to_slash_form();
        prop_assert_eq!(slash.parse::<Subject>(), Ok(subject.clone()), "{:?} shown as {:?}", text, slash);
        let shown = subject.to_string();
        match shown.parse::<Subject>() {
            // The comma form that ends in CN is refused on purpose: it looks pasted from openssl.
            Err(ModelError::SubjectOrder { .. }) => {}
            other => prop_assert_eq!(other, Ok(subject), "{:?} shown as {:?}", text, shown),
        }
    }

    #[test]
    fn subtrees_read_back(text in "(dns|ip|email|uri|spiffe|dn):[a-zA-Z0-9.:/@_=,-]{0,24}|\\PC{0,20}") {
        match text.parse::<Subtree>() {
            Ok(subtree) => {
                let shown = subtree.to_string();
                prop_assert_eq!(shown.parse::<Subtree>(), Ok(subtree), "{:?} shown as {:?}", text, shown);
            }
            Err(e) => drop((e.to_string(), e.hints())),
        }
    }

    /// Trust domains are compared whole (SPIFFE-ID 2.1), and a leading dot in a constraint means everything below.
    #[test]
    fn a_spiffe_subtree_is_one_trust_domain(domain in "[a-z._-]{1,6}") {
        if let Ok(Subtree::Uri(host)) = format!("spiffe:{domain}").parse() {
            prop_assert!(!host.starts_with('.'), "spiffe:{domain} covers every host below {host}");
        }
    }

    /// A DNS name is one in the form that verifiers compare: nothing of what was typed may slip through.
    #[test]
    fn dns_names_are_plain(text in any_text()) {
        let Ok(name) = text.parse::<DnsName>() else { return Ok(()) };
        let base = name.as_str().strip_prefix("*.").unwrap_or(name.as_str());
        prop_assert!(name.as_str().len() <= 253 && base.split('.').all(|l| (1..=63).contains(&l.len())), "{name}");
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        prop_assert!(base.split('.').all(|l| l.bytes().all(good) && !l.starts_with('-') && !l.ends_with('-')), "{name}");
        prop_assert!(name.as_str().parse::<std::net::IpAddr>().is_err(), "{name}");
    }

    /// Twenty octets without the sign octet: what others issued can be named; the lint `serial-length` guards ours.
    #[test]
    fn serials_are_short_and_positive(octets in proptest::collection::vec(any::<u8>(), 0..24)) {
        let Ok(serial) = Serial::from_unsigned(&octets) else { return Ok(()) };
        prop_assert!(serial.as_bytes()[0] != 0 && serial.as_bytes().len() <= 20, "{serial}");
        prop_assert!(octets.ends_with(serial.as_bytes()));
    }
}

/// The attributes of an RDN are a SET: DER keeps them in the order of their encoding.
fn sorted(subject: &Subject) -> Subject {
    use rootlet::model::Rdn;
    let rdn = |r: &Rdn| {
        let mut all = r.attributes().to_vec();
        all.sort_by_key(|a| {
            let alone = Subject::new(vec![Rdn::new(vec![a.clone()]).unwrap()]);
            // Behind the headers of SEQUENCE and SET, each of two octets or more, stands the attribute itself.
            let der = encode_name(&alone);
            let skip = |d: &[u8]| if d[1] < 0x80 { 2 } else { 2 + usize::from(d[1] & 0x7f) };
            let set = skip(&der);
            der[set + skip(&der[set..])..].to_vec()
        });
        Rdn::new(all).unwrap()
    };
    Subject::new(subject.rdns().iter().map(rdn).collect())
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        any_text(),
        "\\PC{90,300}",
        "(con|nul|aux|prn|com1|lpt2)(\\.[a-z]{0,130})?",
        "(\\*\\.)?[a-z./\\\\-]{100,140}",
        "[ ./~\\\\-]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_handle_never_leaves_the_folder(name in any_name()) {
        let derived = Handle::derive(&name, sha256);
        for handle in [Some(derived.clone()), name.parse::<Handle>().ok()].into_iter().flatten() {
            let text = handle.as_str();
            prop_assert!((1..=120).contains(&text.len()), "{:?}: {} bytes in {}", name, text.len(), text);
            prop_assert!(!text.starts_with(['.', '-', '~']) && !text.ends_with('.'), "{text}");
            let safe = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._@-~".contains(&b);
            prop_assert!(text.bytes().all(safe), "{text}");
            let path = std::path::Path::new(text);
            prop_assert_eq!(path.components().count(), 1, "{}", text);
            prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))), "{}", text);
        }
        prop_assert_eq!(derived.as_str().parse::<Handle>(), Ok(derived.clone()), "derived from {:?}", name);
        // Derived once more it stays what it is, so a handle can be typed where a name is taken.
        if !derived.as_str().contains('~') {
            prop_assert_eq!(Handle::derive(derived.as_str(), sha256), derived);
        }
    }

    /// Two identities that are not the same never have the same key.
    #[test]
    fn identities_are_told_apart(a in any_name(), b in any_name()) {
        let all = |name: &str| {
            let named = [San::host(name).ok(), San::uri(name).ok(), name.parse().ok().map(San::Email)];
            let mut all = vec![Identity::Authority(name.into()), Identity::CommonName(name.into())];
            all.extend(named.into_iter().flatten().map(Identity::Named));
            all
        };
        for x in all(&a) {
            for y in all(&b) {
                prop_assert_eq!(x.key() == y.key(), x == y, "{:?} and {:?}", x, y);
            }
        }
    }

    #[test]
    fn names_stand_once_and_in_order(picks in proptest::collection::vec(0usize..6, 0..12)) {
        let names: Vec<San> = ["a.example", "B.example", "b.example", "10.0.0.1", "::1", "c.example"]
            .map(|t| San::host(t).unwrap())
            .into();
        let set = SanSet::new(picks.iter().map(|i| names[*i].clone())).unwrap();
        let mut expected: Vec<San> = Vec::new();
        for i in &picks {
            if !expected.contains(&names[*i]) {
                expected.push(names[*i].clone());
            }
        }
        prop_assert_eq!(set.iter().cloned().collect::<Vec<_>>(), expected);
    }
}
