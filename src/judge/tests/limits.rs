use super::certificates::*;
use super::lab::*;
use crate::judge::{NameViolation, Violation, check_chain, check_draft};
use crate::model::{ExtendedKeyUsage, NameConstraints};
use crate::x509::{Certificate, CertificateFields};

/// Name and path length of a CA.
type Level = (&'static str, Option<u8>);

/// A chain of CAs downward from the root with these path lengths; a name of `=` repeats the one above (self-issued).
fn tower(levels: &[Level]) -> (Vec<Party>, Vec<Certificate>) {
    let (mut parties, mut chain): (Vec<Party>, Vec<Certificate>) = (Vec::new(), Vec::new());
    for (name, path_len) in levels {
        let above = parties.last();
        let name = match above {
            Some(p) if *name == "=" => p.name.clone(),
            _ => format!("CN={name}"),
        };
        let new = party(&name);
        chain.insert(0, above.unwrap_or(&new).sign(&new.ca(above, *path_len)));
        parties.push(new);
    }
    (parties, chain)
}

#[test]
fn path_lengths() {
    // Levels of issuers, verdict on a leaf below them, verdict on one more CA below them.
    let table: [(&[Level], &str, &str); 12] = [
        (&[("r", None)], "good", "good"),
        (&[("r", Some(0))], "good", "chain-path-length"),
        (&[("r", None), ("a", Some(0))], "good", "chain-path-length"),
        (&[("r", None), ("a", Some(1))], "good", "good"),
        // The anchor's own limit counts.
        (&[("r", Some(0)), ("a", None)], "chain-path-length", "chain-path-length"),
        (&[("r", Some(1)), ("a", None)], "good", "chain-path-length"),
        (&[("r", Some(1)), ("a", Some(5))], "good", "chain-path-length"),
        (&[("r", Some(2)), ("a", Some(0)), ("b", None)], "chain-path-length", "chain-path-length"),
        (&[("r", None), ("a", None), ("b", None)], "good", "good"),
        // Self-issued CAs do not count.
        (&[("r", Some(1)), ("=", None), ("a", None)], "good", "chain-path-length"),
        (&[("r", Some(0)), ("=", Some(0))], "good", "chain-path-length"),
        (&[("r", None), ("a", Some(0)), ("=", Some(3))], "good", "chain-path-length"),
    ];
    for (levels, leaf_verdict, ca_verdict) in table {
        let (parties, chain) = tower(levels);
        let (bottom, chain) = (parties.last().unwrap(), chain.iter().collect::<Vec<_>>());
        let leaf = party("CN=leaf");
        let on_leaf = check_draft(&draft(&leaf.leaf(bottom, &["leaf"])), &chain, at(0));
        assert_eq!(rule(&on_leaf), leaf_verdict, "leaf below {levels:?}");
        let on_ca = check_draft(&draft(&leaf.ca(Some(bottom), None)), &chain, at(0));
        assert_eq!(rule(&on_ca), ca_verdict, "CA below {levels:?}");
    }
    // A new key for the same name is self-issued, and uses nothing up.
    let (parties, chain) = tower(&[("r", None), ("a", Some(0))]);
    let again = party(&parties[1].name);
    let cross = draft(&again.ca(Some(&parties[1]), Some(0)));
    assert_eq!(rule(&check_draft(&cross, &chain.iter().collect::<Vec<_>>(), at(0))), "good");
}

#[test]
fn path_length_names_the_limit() {
    let (parties, chain) = tower(&[("r", None), ("a", Some(1)), ("b", None)]);
    let c = party("CN=c");
    let verdict = check_draft(&draft(&c.ca(parties.last(), None)), &chain.iter().collect::<Vec<_>>(), at(0));
    assert_eq!(verdict.unwrap_err().to_string(), "`CN=a` allows 1 CAs below it, and `CN=c` is one too many");
}

#[test]
fn name_constraints_of_every_issuer() {
    let l = lab();
    let with = |root: NameConstraints, middle: NameConstraints, names: &[&str]| {
        let root = l.root.sign(&CertificateFields { name_constraints: root, ..l.root.ca(None, None) });
        let middle = l.root.sign(&CertificateFields { name_constraints: middle, ..l.middle_fields() });
        let end = CertificateFields { names: sans(names), ..l.leaf_fields() };
        check_draft(&draft(&end), &[&middle, &root], at(0))
    };
    let free = NameConstraints::default;
    let internal = || limits(&["dns:internal"], &[]);
    assert_eq!(rule(&with(internal(), internal(), &["a.internal"])), "good");
    assert_eq!(rule(&with(internal(), free(), &["a.example"])), "chain-name-constraints");
    assert_eq!(rule(&with(free(), internal(), &["a.example"])), "chain-name-constraints");
    assert_eq!(rule(&with(internal(), limits(&["dns:example"], &[]), &["a.example"])), "chain-name-constraints");
    assert_eq!(
        rule(&with(limits(&[], &["dns:x.b.internal"]), internal(), &["*.b.internal"])),
        "chain-name-constraints"
    );
    assert_eq!(rule(&with(limits(&[], &["ip:0.0.0.0/0", "ip:::/0"]), free(), &["::1"])), "chain-name-constraints");
    let verdict = with(free(), internal(), &["a.example"]).unwrap_err();
    assert!(matches!(&verdict, Violation::NameConstraints { problem: NameViolation::OutsidePermitted { .. }, .. }));
    assert_eq!(
        verdict.to_string(),
        "the name constraints of `CN=Middle,O=Lab` forbid `CN=api.lab.internal`: `dns:a.example` is outside the \
         permitted `dns:internal`"
    );
    // The subject is a name: the intermediate's own, and the leaf's.
    assert_eq!(rule(&with(limits(&["dn:O=Lab"], &[]), free(), &["a"])), "chain-name-constraints");
    assert_eq!(rule(&with(limits(&["dn:O=Other"], &[]), free(), &["a"])), "chain-name-constraints");
}

#[test]
fn self_issued_intermediates_are_exempt_and_the_end_is_not() {
    let old = party("CN=Root");
    let root = old.sign(&CertificateFields { name_constraints: limits(&["dn:O=Lab"], &[]), ..old.ca(None, None) });
    let new = party("CN=Root");
    let cross = old.sign(&new.ca(Some(&old), None));
    let leaf = party("CN=a,O=Lab");
    assert_eq!(rule(&check_draft(&draft(&leaf.leaf(&new, &["a"])), &[&cross, &root], at(0))), "good");
    let other = party("CN=Other");
    let middle = old.sign(&other.ca(Some(&old), None));
    let verdict = check_draft(&draft(&leaf.leaf(&other, &["a"])), &[&middle, &root], at(0));
    assert_eq!(rule(&verdict), "chain-name-constraints");
    assert_eq!(rule(&check_chain(&[&cross, &root], at(0))), "chain-name-constraints");
}

#[test]
fn purposes_nest() {
    let l = lab();
    let with = |middle: &[&str], end: &[&str]| {
        let middle = CertificateFields { extended_key_usage: purposes(middle), ..l.middle_fields() };
        let (root, middle) = (l.root.self_signed(None), l.root.sign(&middle));
        let end = CertificateFields { extended_key_usage: purposes(end), ..l.leaf_fields() };
        check_draft(&draft(&end), &[&middle, &root], at(0))
    };
    assert_eq!(rule(&with(&[], &["serverAuth"])), "good");
    assert_eq!(rule(&with(&["serverAuth", "clientAuth"], &["serverAuth"])), "good");
    assert_eq!(rule(&with(&["serverAuth"], &[])), "good");
    let verdict = with(&["serverAuth"], &["serverAuth", "clientAuth"]);
    assert_eq!(rule(&verdict), "chain-extended-key-usage");
    assert_eq!(
        verdict.unwrap_err().to_string(),
        "`CN=api.lab.internal` is for clientAuth, and `CN=Middle,O=Lab` above it is not"
    );
    let any = || vec![ExtendedKeyUsage::from_oid("2.5.29.37.0".parse().unwrap())];
    let middle = l.root.sign(&CertificateFields { extended_key_usage: any(), ..l.middle_fields() });
    let server = CertificateFields { extended_key_usage: purposes(&["serverAuth"]), ..l.leaf_fields() };
    let root = l.root.self_signed(None);
    assert_eq!(rule(&check_draft(&draft(&server), &[&middle, &root], at(0))), "good");
    // anyExtendedKeyUsage at the end is more than its issuer has.
    let narrow = CertificateFields { extended_key_usage: purposes(&["serverAuth"]), ..l.middle_fields() };
    let all = CertificateFields { extended_key_usage: any(), ..l.leaf_fields() };
    let verdict = check_draft(&draft(&all), &[&l.root.sign(&narrow), &root], at(0));
    assert_eq!(rule(&verdict), "chain-extended-key-usage");
    // The root's purposes count too, and a CA that names none is fine.
    let root =
        l.root.sign(&CertificateFields { extended_key_usage: purposes(&["clientAuth"]), ..l.root.ca(None, None) });
    let middle = l.root.sign(&l.middle_fields());
    assert_eq!(rule(&check_draft(&draft(&server), &[&middle, &root], at(0))), "chain-extended-key-usage");
    assert_eq!(rule(&check_draft(&draft(&l.middle_fields()), &[&root], at(0))), "good");
}
