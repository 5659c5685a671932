//! What is written is read back: every fact, and nothing else.

use super::fields::{any_certificate, any_crl, any_entry, any_subject};
use proptest::collection::vec;
use proptest::prelude::*;
use rootlet::disk::{decode_pem, encode_pem};
use rootlet::model::{San, Subtree};
use rootlet::x509::{
    CertificateFields, Crl, GeneralName, NameDer, ReadSubtree, TbsCrl, TbsFacts, assemble_certificate,
    encode_certificate, encode_name, oid, read_certificate, read_name, read_tbs,
};

fn general_name(san: &San) -> GeneralName {
    match san {
        San::Dns(n) => GeneralName::Dns(n.to_string()),
        San::Ip(n) => GeneralName::Ip(n.octets()),
        San::Email(n) => GeneralName::Email(n.to_string()),
        San::Uri(n) => GeneralName::Uri(n.to_string()),
        San::Spiffe(n) => GeneralName::Uri(n.to_string()),
    }
}

fn read_subtree(subtree: &Subtree) -> ReadSubtree {
    match subtree {
        Subtree::Dns(n) => ReadSubtree::Dns(n.to_string()),
        Subtree::Ip(n) => ReadSubtree::Ip(n.octets()),
        Subtree::Email(n) => ReadSubtree::Email(n.clone()),
        Subtree::Uri(n) => ReadSubtree::Uri(n.clone()),
        Subtree::Dn(n) => ReadSubtree::Directory(n.clone()),
    }
}

/// Every field of the certificate, as it should be read.
fn check(fields: &CertificateFields, facts: &TbsFacts) -> Result<(), TestCaseError> {
    prop_assert_eq!((facts.version, facts.has_unique_ids), (3, false));
    prop_assert_eq!(facts.serial.as_ref(), Some(&fields.serial));
    prop_assert_eq!(&facts.signature_algorithm[..], fields.signature_algorithm.der());
    prop_assert_eq!((&facts.issuer.der, &facts.subject.der), (&fields.issuer, &fields.subject));
    prop_assert_eq!(facts.validity(), Some(fields.validity));
    prop_assert_eq!(&facts.public_key, &fields.public_key);
    let basic = facts.basic_constraints.map(|b| (b.ca, b.path_len));
    let path_len = fields.ca.flatten().map(u32::from);
    prop_assert_eq!(basic, Some((fields.ca.is_some(), path_len)));
    prop_assert_eq!(facts.key_usage, Some(fields.key_usage));
    // Known purposes are read before others: the order says nothing.
    let mut purposes = facts.extended_key_usage.clone().unwrap_or_default();
    purposes.sort();
    prop_assert_eq!(&purposes, &fields.extended_key_usage);
    let names: Vec<GeneralName> = fields.names.iter().map(general_name).collect();
    prop_assert_eq!(facts.names.clone().unwrap_or_default(), names);
    let list = |l: &[Subtree]| l.iter().map(read_subtree).collect::<Vec<_>>();
    let read = facts.name_constraints.clone().unwrap_or_default();
    prop_assert_eq!(read.permitted, list(&fields.name_constraints.permitted));
    prop_assert_eq!(read.excluded, list(&fields.name_constraints.excluded));
    prop_assert_eq!(facts.subject_key_id.as_ref(), Some(&fields.subject_key_id));
    prop_assert_eq!(&facts.authority_key_id, &fields.authority_key_id);
    prop_assert!(!facts.authority_names_serial);
    for (read, written) in [
        (&facts.crl_urls, &fields.crl_urls),
        (&facts.issuer_urls, &fields.issuer_urls),
        (&facts.ocsp_urls, &fields.ocsp_urls),
    ] {
        prop_assert_eq!(read, &written.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    check_extensions(fields, facts)
}

/// Which extensions stand there, each once, and which are critical (RFC 5280 4.2.1, 4.2.2.1).
fn check_extensions(fields: &CertificateFields, facts: &TbsFacts) -> Result<(), TestCaseError> {
    let no_names = fields.names.is_empty();
    let expected = [
        (oid::AUTHORITY_KEY_ID, fields.authority_key_id.is_some(), false),
        (oid::SUBJECT_KEY_ID, true, false),
        (oid::SUBJECT_ALT_NAME, !no_names, fields.subject.is_empty()),
        (oid::BASIC_CONSTRAINTS, true, true),
        (oid::KEY_USAGE, true, true),
        (oid::EXTENDED_KEY_USAGE, !fields.extended_key_usage.is_empty(), false),
        (oid::NAME_CONSTRAINTS, !fields.name_constraints.is_empty(), true),
        (oid::CRL_DISTRIBUTION_POINTS, !fields.crl_urls.is_empty(), false),
        (oid::AUTHORITY_INFO_ACCESS, !fields.issuer_urls.is_empty() || !fields.ocsp_urls.is_empty(), false),
    ];
    let present = expected.iter().filter(|e| e.1).count();
    prop_assert_eq!(facts.extensions.len(), present);
    for (arcs, there, critical) in expected {
        let found: Vec<_> = facts.extensions.iter().filter(|e| e.oid.arcs() == arcs).collect();
        prop_assert_eq!(found.len(), usize::from(there), "{:?}", arcs);
        prop_assert!(found.iter().all(|e| e.critical == critical && !e.malformed), "{arcs:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_certificate_is_read_as_it_was_written(fields in any_certificate(), signature in vec(any::<u8>(), 0..80)) {
        let tbs = encode_certificate(&fields).unwrap();
        let facts = read_tbs(&tbs).unwrap();
        check(&fields, &facts)?;
        let der = assemble_certificate(&tbs, fields.signature_algorithm, &signature);
        let whole = read_certificate(&der).unwrap();
        prop_assert_eq!(whole.facts(), &facts);
        prop_assert_eq!((whole.signature(), whole.outer_algorithm()), (&signature[..], fields.signature_algorithm.der()));
        prop_assert_eq!(whole.der(), &der[..]);
        // The same fields are the same bytes: nothing of a certificate is left to chance but its signature.
        prop_assert_eq!(encode_certificate(&fields).unwrap(), tbs);
        let blocks = decode_pem(encode_pem("CERTIFICATE", &der).as_bytes()).unwrap();
        prop_assert_eq!((blocks.len(), &blocks[0].der), (1, &der));
    }

    #[test]
    fn a_crl_is_read_as_it_was_written(
        fields in any_crl(),
        entries in vec(any_entry(), 0..12),
        signature in vec(any::<u8>(), 0..80),
    ) {
        let tbs = TbsCrl::encode(&fields, entries.iter().collect());
        let signed = tbs.as_bytes().to_vec();
        let crl = Crl::read(tbs.assemble(&signature)).unwrap();
        prop_assert_eq!((crl.tbs(), crl.signature()), (&signed[..], &signature[..]));
        prop_assert_eq!(&crl.issuer.der, &fields.issuer);
        prop_assert_eq!((crl.this_update, crl.next_update), (fields.this_update, Some(fields.next_update)));
        prop_assert_eq!(crl.number_u64(), Some(fields.number));
        prop_assert_eq!(crl.authority_key_id.as_deref(), Some(&fields.authority_key_id[..]));
        prop_assert_eq!(&crl.inner_algorithm, &crl.outer_algorithm);
        prop_assert_eq!(crl.entries().collect::<Result<Vec<_>, _>>().unwrap(), entries);
        let names: Vec<_> = crl.extensions.iter().map(|e| (e.oid.arcs().to_vec(), e.critical)).collect();
        prop_assert_eq!(names.len(), 2);
        prop_assert!(names.iter().all(|(_, critical)| !critical));
    }

    #[test]
    fn a_subject_is_read_as_it_was_written(subject in any_subject()) {
        let der = encode_name(&subject);
        prop_assert_eq!(read_name(&der), Ok(subject.clone()));
        let name = NameDer::of(&subject);
        prop_assert_eq!(name.as_bytes(), &der[..]);
        prop_assert_eq!(name.is_empty(), subject.is_empty());
        let slash = subject.to_slash_form();
        prop_assert_eq!(slash.parse(), Ok(subject), "{:?}", slash);
    }
}
