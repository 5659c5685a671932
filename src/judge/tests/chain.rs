use super::certificates::*;
use super::lab::*;
use crate::judge::{Checked, Violation, check_chain, check_draft, matches_host};
use crate::model::{KeyAlgorithm, KeyUsage, San, Subject, Timestamp, Validity};
use crate::x509::{CertificateFields, NameDer};

#[test]
fn three_levels() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519] {
        let root = party_with("CN=Root", algorithm);
        let middle = party_with("CN=Middle", algorithm);
        let leaf = party_with("CN=a.lab.internal", algorithm);
        let top = root.self_signed(Some(1));
        let ca = root.sign(&CertificateFields {
            name_constraints: limits(
                &["dns:lab.internal", "ip:10.0.0.0/8", "dn:CN=a.lab.internal"],
                &["dns:x.internal"],
            ),
            extended_key_usage: purposes(&["serverAuth", "clientAuth"]),
            ..middle.ca(Some(&root), Some(0))
        });
        let fields = CertificateFields {
            extended_key_usage: purposes(&["serverAuth"]),
            ..leaf.leaf(&middle, &["a.lab.internal", "*.lab.internal", "10.0.0.1"])
        };
        assert_eq!(rule(&check_draft(&draft(&fields), &[&ca, &top], at(0))), "good");
        let end = middle.sign(&fields);
        assert_eq!(rule(&check_chain(&[&end, &ca, &top], at(0))), "good");
        assert_eq!(rule(&check_chain(&[&ca, &top], at(0))), "good");
        assert_eq!(rule(&check_chain(&[&top], at(0))), "good");
        assert_eq!(rule(&check_draft(top.facts(), &[], at(0))), "good");
        let checked = Checked::new(&[&ca, &top]).unwrap();
        assert_eq!(checked.issuers().len(), 2);
        assert_eq!(rule(&checked.check_draft(&draft(&fields), at(0))), "good");
        assert!(matches_host(&end, &San::host("b.lab.internal").unwrap()));
        assert!(matches_host(&end, &San::host("10.0.0.1").unwrap()));
        assert!(!matches_host(&end, &San::host("10.0.0.2").unwrap()));
        assert!(!matches_host(&end, &San::host("a.b.lab.internal").unwrap()));
    }
}

#[test]
fn time() {
    let l = lab();
    let (root, middle) = (l.root.self_signed(None), l.root.sign(&l.middle_fields()));
    let leaf = l.middle.sign(&l.leaf_fields());
    let judge = |seconds| rule(&check_chain(&[&leaf, &middle, &root], at(seconds)));
    assert_eq!((judge(-DAY), judge(DAY)), ("good", "good"));
    assert_eq!((judge(-DAY - 1), judge(DAY + 1)), ("chain-not-yet-valid", "chain-expired"));
    // A draft's own time is not asked for, its issuers' is.
    let facts = draft(&l.leaf_fields());
    let judge = |seconds| rule(&check_draft(&facts, &[&middle, &root], at(seconds)));
    assert_eq!((judge(50 * DAY), judge(100 * DAY)), ("good", "good"));
    assert_eq!((judge(100 * DAY + 1), judge(-100 * DAY - 1)), ("chain-expired", "chain-not-yet-valid"));
    // The root expires before the intermediate does.
    let old = l
        .root
        .sign(&CertificateFields { validity: Validity::new(at(-9 * DAY), at(-1)).unwrap(), ..l.root.ca(None, None) });
    let verdict = check_chain(&[&leaf, &middle, &old], at(0));
    assert!(matches!(&verdict, Err(Violation::Expired { certificate, .. }) if certificate == "CN=Root,O=Lab"));
    assert_eq!(rule(&check_chain(&[&old], at(0))), "chain-expired");
}

#[test]
fn periods_nest() {
    let l = lab();
    let with = |from: i64, to: i64| {
        let validity = Validity::new(at(from), at(to)).unwrap();
        rule(&l.with_draft(&draft(&CertificateFields { validity, ..l.leaf_fields() })))
    };
    assert_eq!(with(-100 * DAY, 100 * DAY), "good");
    assert_eq!(with(-100 * DAY, 100 * DAY + 1), "chain-outlives-issuer");
    assert_eq!(with(-100 * DAY - 1, DAY), "chain-predates-issuer");
    let mut facts = draft(&l.leaf_fields());
    facts.not_after = Timestamp::from_unix(facts.not_before.unix() - 1).unwrap();
    assert_eq!(rule(&l.with_draft(&facts)), "chain-ends-before-start");
}

#[test]
fn names_and_key_ids_chain() {
    let l = lab();
    let issuer = |text: &str| NameDer::of(&text.parse::<Subject>().unwrap());
    let with = |name: &str| rule(&l.with_draft(&draft(&CertificateFields { issuer: issuer(name), ..l.leaf_fields() })));
    assert_eq!(with("CN=Middle,O=Lab"), "good");
    assert_eq!(with("CN=middle,O=LAB"), "good");
    assert_eq!(with("CN=Root,O=Lab"), "chain-issuer-name");
    assert_eq!(with("/CN=Middle/O=Lab"), "chain-issuer-name");
    let other = CertificateFields { authority_key_id: Some(vec![7; 20]), ..l.leaf_fields() };
    assert_eq!(rule(&l.with_draft(&draft(&other))), "chain-key-identifier");
    let none = CertificateFields { authority_key_id: None, ..l.leaf_fields() };
    assert_eq!(rule(&l.with_draft(&draft(&none))), "good");
    let between = CertificateFields { authority_key_id: Some(vec![7; 20]), ..l.middle_fields() };
    assert_eq!(rule(&l.with_middle(&between)), "chain-key-identifier");
    // A root whose authorityKeyIdentifier is not its own.
    let root = l.root.sign(&CertificateFields { authority_key_id: Some(vec![7; 20]), ..l.root.ca(None, None) });
    assert_eq!(rule(&check_chain(&[&root], at(0))), "chain-key-identifier");
}

#[test]
fn issuers_are_cas() {
    let l = lab();
    let leafy = CertificateFields { ca: None, key_usage: KeyUsage::DIGITAL_SIGNATURE, ..l.middle_fields() };
    assert_eq!(rule(&l.with_middle(&leafy)), "chain-not-a-ca");
    let usage = CertificateFields { key_usage: KeyUsage::CRL_SIGN, ..l.middle_fields() };
    assert_eq!(rule(&l.with_middle(&usage)), "chain-key-usage");
    let root = l.root.self_signed(None);
    let end = draft(&l.leaf_fields());
    // Without keyUsage a CA may do everything.
    let free = l.root.sign_bytes(&edit_extensions(&l.middle_fields(), |e| without(e, "2.5.29.15")));
    assert_eq!(free.key_usage, None);
    assert_eq!(rule(&check_draft(&end, &[&free, &root], at(0))), "good");
    let bare = l.root.sign_bytes(&edit_extensions(&l.middle_fields(), |e| without(e, "2.5.29.19")));
    assert_ne!(rule(&check_draft(&end, &[&bare, &root], at(0))), "good");
    // A root alone is a CA too.
    let selfish = CertificateFields { authority_key_id: None, ..l.leaf.leaf(&l.leaf, &["api.lab.internal"]) };
    assert_eq!(rule(&check_draft(&draft(&selfish), &[], at(0))), "chain-not-a-ca");
}

#[test]
fn the_anchor_is_a_root() {
    let l = lab();
    let (root, middle) = (l.root.self_signed(None), l.root.sign(&l.middle_fields()));
    let end = draft(&l.leaf_fields());
    assert_eq!(rule(&check_draft(&end, &[&middle], at(0))), "chain-no-anchor");
    assert_eq!(rule(&check_draft(&draft(&l.middle_fields()), &[], at(0))), "chain-no-anchor");
    assert_eq!(rule(&check_chain(&[&middle], at(0))), "chain-no-anchor");
    assert_eq!(rule(&check_chain(&[], at(0))), "chain-empty");
    let long = vec![&root; 129];
    assert_eq!(rule(&check_draft(&end, &long, at(0))), "chain-too-long");
    assert_eq!(Checked::new(&long).unwrap_err().rule(), "chain-too-long");
    // Self-issued, and signed by another key.
    let twin = party("CN=Root,O=Lab");
    let forged = twin.sign(&l.root.ca(None, None));
    assert_eq!(rule(&check_chain(&[&forged], at(0))), "chain-signature");
    assert_eq!(rule(&check_draft(&end, &[&middle, &forged], at(0))), "chain-signature");
}

#[test]
fn signatures() {
    let l = lab();
    let (root, middle) = (l.root.self_signed(None), l.root.sign(&l.middle_fields()));
    let stranger = party("CN=Stranger");
    let forged = stranger.sign(&l.leaf_fields());
    assert_eq!(rule(&check_chain(&[&forged, &middle, &root], at(0))), "chain-signature");
    // The draft alone would be fine.
    assert_eq!(rule(&check_draft(forged.facts(), &[&middle, &root], at(0))), "good");
    let forged = stranger.sign(&l.middle_fields());
    let verdict = check_draft(&draft(&l.leaf_fields()), &[&forged, &root], at(0));
    assert!(matches!(&verdict, Err(Violation::BadSignature { certificate, issuer })
        if certificate == "CN=Middle,O=Lab" && issuer == "CN=Root,O=Lab"));
    // Another algorithm outside than inside.
    let ed = party_with("CN=Ed", KeyAlgorithm::Ed25519);
    let mixed = ed.sign(&l.leaf_fields());
    assert_eq!(rule(&check_chain(&[&mixed, &middle, &root], at(0))), "chain-algorithm-mismatch");
    // The same one in both places, for another kind of key.
    let fields = CertificateFields { signature_algorithm: crate::x509::SignatureAlgorithm::Ed25519, ..l.leaf_fields() };
    let unfit = ed.sign(&fields);
    assert_eq!(rule(&check_chain(&[&unfit, &middle, &root], at(0))), "chain-signature-unchecked");
}

type Edit = &'static dyn Fn(&mut Vec<Vec<u8>>);

#[test]
fn extensions_anywhere() {
    let l = lab();
    let cases: [(&str, Edit); 7] = [
        ("good", &|e| e.push(extension("1.3.6.1.4.1.99999.1", false, b"x"))),
        ("chain-unknown-critical", &|e| e.push(extension("1.3.6.1.4.1.99999.1", true, b"x"))),
        ("chain-unknown-critical", &|e| e.push(extension("2.5.29.36", true, &[0x30, 3, 0x80, 1, 0]))),
        ("chain-repeated-extension", &|e| e.push(e[0].clone())),
        ("chain-malformed-extension", &|e| e.push(extension("2.5.29.37", false, b"\x05\x00"))),
        ("chain-malformed-extension", &|e| e.push(extension("2.5.29.37", false, &[0x30, 0]))),
        ("chain-critical-key-identifier", &|e| {
            without(e, "2.5.29.14");
            e.push(extension("2.5.29.14", true, &[4, 2, 1, 1]));
        }),
    ];
    for (verdict, edit) in cases {
        let edited = |by: &Party, fields: &CertificateFields| by.sign_bytes(&edit_extensions(fields, edit));
        let (root, middle) = (l.root.self_signed(None), l.root.sign(&l.middle_fields()));
        let end = edited(&l.middle, &l.leaf_fields());
        assert_eq!(rule(&check_chain(&[&end, &middle, &root], at(0))), verdict, "in the leaf");
        let plain = draft(&CertificateFields { authority_key_id: None, ..l.leaf_fields() });
        let middle = edited(&l.root, &l.middle_fields());
        assert_eq!(rule(&check_draft(&plain, &[&middle, &root], at(0))), verdict, "in the intermediate");
        let middle = l.root.sign(&CertificateFields { authority_key_id: None, ..l.middle_fields() });
        let root = edited(&l.root, &l.root.ca(None, None));
        assert_eq!(rule(&check_draft(&plain, &[&middle, &root], at(0))), verdict, "in the root");
        assert_eq!(rule(&check_chain(&[&root], at(0))), verdict, "root alone");
    }
}

#[test]
fn leaves_and_empty_subjects() {
    let l = lab();
    let signs = CertificateFields { key_usage: KeyUsage::KEY_CERT_SIGN, ..l.leaf_fields() };
    assert_eq!(rule(&l.with_draft(&draft(&signs))), "chain-leaf-signs");
    let limits = CertificateFields { name_constraints: limits(&["dns:a"], &[]), ..l.leaf_fields() };
    assert_eq!(rule(&l.with_draft(&draft(&limits))), "chain-constraints-on-leaf");
    let nobody = party("");
    let fields = nobody.leaf(&l.middle, &["a.lab.internal"]);
    assert_eq!(rule(&l.with_draft(&draft(&fields))), "good");
    let mut facts = draft(&fields);
    facts.extensions.iter_mut().for_each(|e| e.critical = false);
    let verdict = l.with_draft(&facts);
    assert_eq!(rule(&verdict), "chain-empty-subject");
    assert!(verdict.unwrap_err().to_string().starts_with("`dns:a.lab.internal` has an empty subject"));
    let nameless = nobody.leaf(&l.middle, &[]);
    assert_eq!(rule(&l.with_draft(&draft(&nameless))), "chain-empty-subject");
    assert_eq!(rule(&check_draft(&draft(&nobody.ca(None, None)), &[], at(0))), "chain-empty-subject");
    let mut facts = draft(&l.leaf_fields());
    facts.version = 1;
    assert_eq!(rule(&l.with_draft(&facts)), "chain-version");
}

#[test]
fn empty_constraints_are_refused() {
    let l = lab();
    let tbs = edit_extensions(&l.middle_fields(), |e| e.push(extension("2.5.29.30", true, &[0x30, 0])));
    let (root, middle) = (l.root.self_signed(None), l.root.sign_bytes(&tbs));
    let verdict = check_draft(&draft(&l.leaf_fields()), &[&middle, &root], at(0));
    assert_eq!(rule(&verdict), "chain-name-constraints");
}
