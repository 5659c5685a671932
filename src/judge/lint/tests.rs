use super::*;
use crate::judge::input::{Found, Object, Objects};
use crate::judge::tests::certificates::*;
use crate::judge::tests::lab::{lab, limits, purposes, sans};
use crate::keys::{Approved, Signer};
use crate::model::{Serial, UriName};
use crate::policy::{Judged, RuleSet, Severity, all, chain_rules, find};
use crate::x509::der::{self, Reader, tlv};
use crate::x509::{Certificate, CrlFields, NameDer, SignatureAlgorithm, TbsCrl};
use std::collections::BTreeSet;

fn request() -> LintRequest {
    LintRequest::new(at(0))
}

fn objects(ders: &[&[u8]]) -> Objects {
    Objects::new(ders.concat()).unwrap()
}

fn judged(ders: &[&[u8]], request: &LintRequest) -> LintReport {
    let report = lint_file(objects(ders), None::<Objects>, request).unwrap();
    for f in &report.findings {
        assert!(f.hint.is_some() && !f.message.ends_with('.'), "{f:?}");
        assert!(find(f.rule).is_some());
    }
    report
}

fn errors(report: &LintReport) -> Vec<(usize, &'static str)> {
    report.findings.iter().filter(|f| f.severity != Severity::Notice).map(|f| (f.object, f.rule)).collect()
}

/// A CRL of a party.
fn crl(of: &Party, number: u64, this_update: i64) -> Vec<u8> {
    edited_crl(of, number, this_update, |_| {})
}

/// A CRL of a party with other extensions.
fn edited_crl(of: &Party, number: u64, this_update: i64, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let fields = CrlFields {
        signature_algorithm: SignatureAlgorithm::EcdsaSha256,
        issuer: NameDer::of(&of.name.parse().unwrap()),
        this_update: at(this_update),
        next_update: at(this_update + 30 * DAY),
        authority_key_id: of.key_id(),
        number,
    };
    let tbs = TbsCrl::encode(&fields, Default::default());
    let mut outer = Reader::new(tbs.as_bytes(), "test");
    let whole = outer.expect(der::SEQUENCE).unwrap();
    let mut parts = outer.inside(whole);
    let mut body = Vec::new();
    while parts.peek() != Some(der::context_constructed(0)) {
        body.extend_from_slice(parts.any().unwrap().whole);
    }
    let explicit = parts.any().unwrap();
    let list = parts.inside(explicit).expect(der::SEQUENCE).unwrap();
    let (mut list, mut extensions) = (parts.inside(list), Vec::new());
    while !list.is_empty() {
        extensions.push(list.any().unwrap().whole.to_vec());
    }
    edit(&mut extensions);
    body.extend(tlv(der::context_constructed(0), &tlv(der::SEQUENCE, &extensions.concat())));
    let tbs = tlv(der::SEQUENCE, &body);
    let signature = of.signer.sign(Approved::after_rehearsal(&tbs)).unwrap();
    let bits = tlv(der::BIT_STRING, &[&[0], &signature[..]].concat());
    der::constructed(der::SEQUENCE, &[&tbs, SignatureAlgorithm::EcdsaSha256.der(), &bits])
}

/// A CRL for one distribution point.
fn pointed_crl(of: &Party, url: &str) -> Vec<u8> {
    let name = tlv(der::context_constructed(0), &tlv(der::context(6), url.as_bytes()));
    let point = tlv(der::SEQUENCE, &tlv(der::context_constructed(0), &name));
    edited_crl(of, 7, -DAY, |all| all.push(extension("2.5.29.28", true, &point)))
}

struct Chain {
    root: Certificate,
    middle: Certificate,
    leaf: Certificate,
}

fn chain() -> (crate::judge::tests::lab::Lab, Chain) {
    let lab = lab();
    let mut leaf = lab.leaf_fields();
    leaf.extended_key_usage = purposes(&["serverAuth"]);
    let chain = Chain {
        root: lab.root.self_signed(None),
        middle: lab.root.sign(&lab.middle_fields()),
        leaf: lab.middle.sign(&leaf),
    };
    (lab, chain)
}

#[test]
fn a_good_chain_has_nothing() {
    let (lab, c) = chain();
    let list = crl(&lab.middle, 7, -DAY);
    let report = judged(&[c.leaf.der(), c.middle.der(), c.root.der(), &list], &request());
    assert_eq!((errors(&report), report.worst()), (Vec::new(), None));
    assert_eq!((report.counts.certificates, report.counts.crls), (3, 1));
    let issuers: Vec<_> = report.objects.iter().map(|o| o.issuer).collect();
    assert_eq!(issuers, [Some(2), Some(3), Some(3), Some(2)]);
    assert_eq!(report.warnings, []);
    // Without its issuer that is said; beside it, it counts the same.
    let alone = judged(&[c.leaf.der()], &request());
    assert_eq!(alone.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["issuer-unknown"]);
    let beside = lint_file(objects(&[c.leaf.der()]), Some(objects(&[c.middle.der()])), &request()).unwrap();
    assert_eq!((beside.counts.certificates, beside.warnings.len()), (1, 0));
    assert_eq!((beside.objects[0].issuer, beside.objects[0].issuer_known), (None, true));
}

/// Every rule about a whole file has a file that breaks it; the good chain above breaks none.
#[test]
fn rules_about_files() {
    let (lab, c) = chain();
    let mut seen = BTreeSet::new();
    let mut breaks = |ders: &[&[u8]], object: usize, rule: &'static str| {
        let report = judged(ders, &request());
        assert!(errors(&report).contains(&(object, rule)), "{rule}: {:?}", report.findings);
        seen.insert(rule);
    };
    // Unreadable: the rest is judged.
    breaks(&[c.middle.der(), &c.leaf.der()[..200]], 2, chain_rules::UNREADABLE);
    // A name outside the constraints of the root, two steps up.
    let mut fields = lab.root.ca(None, None);
    fields.name_constraints = limits(&["dns:elsewhere.internal"], &[]);
    let tight = lab.root.sign(&fields);
    breaks(&[c.leaf.der(), c.middle.der(), tight.der()], 1, chain_rules::NAME_CONSTRAINTS);
    // A purpose that a CA further up does not have.
    let mut fields = lab.root.ca(None, None);
    fields.extended_key_usage = purposes(&["clientAuth"]);
    let other_purpose = lab.root.sign(&fields);
    breaks(&[c.leaf.der(), c.middle.der(), other_purpose.der()], 1, chain_rules::PURPOSE);
    // A third CA below a root that allows one below it.
    let below = party("CN=Below,O=Lab");
    let short = lab.root.self_signed(Some(1));
    let open = lab.root.sign(&lab.middle.ca(Some(&lab.root), None));
    let third = lab.middle.sign(&below.ca(Some(&lab.middle), Some(0)));
    let lower = party("CN=Lower,O=Lab");
    let fourth = below.sign(&lower.ca(Some(&below), None));
    breaks(&[third.der(), open.der(), short.der(), fourth.der()], 4, "issuer-path-len");
    let free = lab.middle.sign(&below.ca(Some(&lab.middle), None));

    breaks(&[free.der(), open.der(), short.der()], 1, chain_rules::PATH_LENGTH);
    // One serial number twice.
    let mut twin = lab.leaf_fields();
    twin.serial = Serial::from_random([7; 16]);
    let first = lab.middle.sign(&twin);
    twin.names = sans(&["other.internal"]);
    let second = lab.middle.sign(&twin);
    breaks(&[c.middle.der(), first.der(), second.der()], 3, chain_rules::SERIAL);
    let same = judged(&[c.middle.der(), first.der(), first.der()], &request());
    assert!(!errors(&same).iter().any(|(_, rule)| *rule == chain_rules::SERIAL));
    // The leaf behind its issuer.
    breaks(&[c.middle.der(), c.leaf.der()], 2, chain_rules::ORDER);
    // A newer CRL with the number of the one before.
    let (old, new) = (crl(&lab.middle, 7, -2 * DAY), crl(&lab.middle, 7, -DAY));
    breaks(&[c.middle.der(), &new, &old], 2, chain_rules::CRL_NUMBER);
    let rising = crl(&lab.middle, 8, -DAY);
    assert_eq!(errors(&judged(&[c.middle.der(), &old, &rising], &request())), []);
    // A CRL for another distribution point.
    let mut fields = lab.leaf_fields();
    fields.crl_urls = vec!["http://pki.lab/a.crl".parse::<UriName>().unwrap()];
    let pointed = lab.middle.sign(&fields);
    let other = pointed_crl(&lab.middle, "http://pki.lab/b.crl");
    breaks(&[pointed.der(), c.middle.der(), &other], 1, chain_rules::CRL_POINT);
    let own = pointed_crl(&lab.middle, "http://pki.lab/a.crl");
    assert_eq!(errors(&judged(&[pointed.der(), c.middle.der(), &own], &request())), []);
    for lint in all().filter(|l| l.judges() == Judged::File) {
        assert!(seen.contains(lint.id), "no file breaks {}", lint.id);
    }
}

#[test]
fn the_issuer_is_the_one_that_signed() {
    let (lab, c) = chain();
    // Another CA of the same name stands first.
    let thief = party("CN=Middle,O=Lab");
    let other = lab.root.sign(&thief.ca(Some(&lab.root), Some(0)));
    let report = judged(&[c.leaf.der(), other.der(), c.middle.der(), c.root.der()], &request());
    assert_eq!((errors(&report), report.objects[0].issuer), (Vec::new(), Some(3)));
    // Alone, it is not the issuer, and that is said.
    let wrong = judged(&[c.leaf.der(), other.der()], &request());
    let rules: Vec<_> = errors(&wrong).into_iter().filter(|(n, _)| *n == 1).map(|(_, r)| r).collect();
    assert_eq!(rules, ["signature-wrong", "authority-key-id-issuer"]);
    // So it is of an issuer that was given, whatever its name.
    let given = lint_file(objects(&[c.leaf.der()]), Some(objects(&[c.root.der()])), &request()).unwrap();
    let rules: Vec<_> = errors(&given).into_iter().map(|(_, r)| r).collect();
    assert_eq!(rules, ["signature-wrong", "authority-key-id-issuer", "issuer-name"]);
    // A CRL without a key identifier is its signer's, whichever of one name stands first.
    let list = edited_crl(&lab.middle, 7, -DAY, |all| without(all, "2.5.29.35"));
    let report = judged(&[other.der(), c.middle.der(), &list], &request());
    assert_eq!(report.objects[2].issuer, Some(2));
    // A CRL is judged by its issuer too.
    let forged = crl(&thief, 7, -DAY);
    let report = lint_file(objects(&[&forged]), Some(objects(&[c.middle.der()])), &request()).unwrap();
    let rules: Vec<_> = errors(&report).into_iter().map(|(_, r)| r).collect();
    assert_eq!(rules, ["crl-authority-key-id-issuer", "crl-signature-wrong"]);
}

#[test]
fn what_is_allowed_is_told_and_not_counted() {
    let (_, c) = chain();
    let mut request = request();
    request.today = at(200 * DAY);
    let report = judged(&[c.root.der()], &request);
    assert_eq!((errors(&report), report.worst()), (vec![(1, "validity-ended")], Some(Severity::Warning)));
    request.allowed = vec![find("validity-ended").unwrap()];
    let report = judged(&[c.root.der()], &request);
    assert_eq!((report.worst(), report.counts.allowed, report.counts.warning), (None, 1, 0));
    assert!(report.findings[0].allowed);
}

#[test]
fn profiles_and_sets() {
    let (_, c) = chain();
    let mut request = request();
    request.profile = Some(crate::model::Profile::Client);
    let report = judged(&[c.leaf.der(), c.middle.der(), c.root.der()], &request);
    // The profile of a leaf says nothing about the CAs above it.
    assert!(errors(&report).iter().all(|(n, _)| *n == 1) && errors(&report).contains(&(1, "profile-purposes")));
    request.profile = None;
    request.sets = vec![RuleSet::Spiffe];
    let report = judged(&[c.leaf.der()], &request);
    assert!(errors(&report).contains(&(1, "spiffe-id-missing")));
}

#[test]
fn nothing_to_judge() {
    let key = crate::keys::PrivateKey::generate(crate::model::KeyAlgorithm::P256).unwrap().to_pem();
    let keys = || Objects::new(key.to_vec()).unwrap();
    let e = lint_file(keys(), None::<Objects>, &request()).unwrap_err();
    assert_eq!(e.to_string(), "there is neither a certificate nor a CRL in it, but a private key");
    let (_, c) = chain();
    let e = lint_file(objects(&[c.root.der()]), Some(keys()), &request()).unwrap_err();
    assert_eq!(e, LintError::NoIssuer);
    // Beside a certificate it is skipped, and that is said.
    let with_key = [keys(), objects(&[c.root.der()])].into_iter().flatten();
    let report = lint_file(with_key, None::<Objects>, &request()).unwrap();
    assert_eq!(report.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), ["skipped"]);
}

/// The certificates of a PKCS#7 bundle are a set.
#[test]
fn bundles_have_no_order() {
    let (_, c) = chain();
    let found = |bundled| {
        let all = [&c.middle, &c.leaf].into_iter().zip(1..).map(move |(certificate, number)| Found {
            number,
            line: None,
            label: None,
            bundled,
            object: Object::Certificate(Box::new(certificate.clone())),
        });
        errors(&lint_file(all, None::<Objects>, &request()).unwrap())
    };
    assert_eq!((found(false), found(true)), (vec![(2, chain_rules::ORDER)], Vec::new()));
}

/// Loops, and long chains of issuers with one name: an answer, and in time.
#[test]
fn odd_chains_end() {
    let lab = lab();
    let looped = lab.middle.sign(&lab.root.ca(Some(&lab.middle), None));
    let middle = lab.root.sign(&lab.middle_fields());
    let report = judged(&[looped.der(), middle.der()], &request());
    assert_eq!(report.objects.iter().map(|o| o.issuer).collect::<Vec<_>>(), [Some(2), Some(1)]);
    let same: Vec<Found> = (1..=2_000)
        .map(|number| Found {
            number,
            line: None,
            label: None,
            bundled: false,
            object: Object::Certificate(Box::new(if number % 2 == 0 { looped.clone() } else { middle.clone() })),
        })
        .collect();
    let report = lint_file(same.into_iter(), None::<Objects>, &request()).unwrap();
    assert_eq!(report.counts.certificates, 2_000);
}
