//! Every rule has a certificate or CRL that breaks it and one that does not.

mod certificate_cases;
mod conformance_cases;
mod crl_cases;
mod sample;

use super::{Audience, Counts, Finding, Judged, RuleSet, Severity, all, find, lint_certificate, lint_crl, rules};
use crate::model::{ExtendedKeyUsage, KeyAlgorithm, KeyUsage, Profile};
use sample::{CrlSample, Sample};
use std::collections::HashSet;

/// A way to break one rule, starting from a good certificate of a profile.
struct Case {
    lint: &'static str,
    of: Profile,
    breaks: fn(&mut Sample),
}

/// A way to break one rule, starting from a good CRL.
struct CrlCase {
    lint: &'static str,
    breaks: fn(&mut CrlSample),
}

impl Case {
    /// A good certificate before those who ask for the rule.
    fn sample(&self) -> Sample {
        let lint = find(self.lint).unwrap_or_else(|| panic!("{} is not a rule", self.lint));
        let signed = ["algorithms-differ", "signature-form", "signature-wrong"].contains(&self.lint);
        let mut sample = if signed { Sample::signed() } else { Sample::new(self.of) };
        if lint.sets == [RuleSet::Spiffe] && self.of.is_ca() {
            sample = sample.rebuild(|f| f.names = sample::names(&["spiffe://example.org"]));
        }
        sample.audience = Audience::Only(lint.sets.to_vec());
        sample
    }
}

fn cases() -> impl Iterator<Item = &'static Case> {
    certificate_cases::CASES.iter().chain(conformance_cases::CASES)
}

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|f| f.lint).collect()
}

#[test]
fn every_rule_finds_what_breaks_it_and_spares_what_does_not() {
    for case in cases() {
        let lint = find(case.lint).unwrap();
        let mut sample = case.sample();
        let good = lint_certificate(&sample.facts, &sample.context());
        assert!(!ids(&good).contains(&case.lint), "{} fires on a good certificate: {good:?}", case.lint);
        (case.breaks)(&mut sample);
        let found = |sample: &Sample| {
            let bad = lint_certificate(&sample.facts, &sample.context());
            let severity = bad.iter().find(|f| f.lint == case.lint).map(|f| f.severity);
            assert!(bad.iter().all(|f| f.hint.is_some()), "{bad:?}");
            severity
        };
        let asked = lint.severity.max(lint.severity_if_asked);
        let wanted = if lint.sets.is_empty() { lint.severity } else { asked };
        assert_eq!(found(&sample), Some(wanted), "{} ({}) does not fire", case.lint, case.of);
        // Whoever asks for nothing hears of the standards; whoever issues, of platforms too.
        sample.audience = Audience::Only(Vec::new());
        let plain = (lint.counts == Counts::Always).then_some(lint.severity);
        assert_eq!(found(&sample), plain, "{} for nobody", case.lint);
        sample.audience = Audience::Everyone;
        let advised = (lint.counts != Counts::WhenAsked).then_some(lint.severity);
        assert_eq!(found(&sample), advised, "{} for everyone", case.lint);
    }
    for case in crl_cases::CASES {
        let lint = find(case.lint).unwrap();
        let mut sample = CrlSample::new();
        sample.audience = Audience::Only(lint.sets.to_vec());
        let good = lint_crl(&sample.crl, &sample.context());
        assert_eq!(good, [], "a good CRL");
        (case.breaks)(&mut sample);
        let bad = lint_crl(&sample.crl, &sample.context());
        assert!(ids(&bad).contains(&case.lint), "{} does not fire: {bad:?}", case.lint);
        assert!(bad.iter().all(|f| f.hint.is_some()), "{bad:?}");
    }
}

#[test]
fn every_rule_has_a_case_and_a_well_formed_row() {
    let covered: HashSet<&str> = cases().map(|c| c.lint).chain(crl_cases::CASES.iter().map(|c| c.lint)).collect();
    let mut seen = HashSet::new();
    for lint in all() {
        // What a whole file is needed for is tested where it is checked: `judge::lint_report`.
        let elsewhere = lint.judges() == Judged::File;
        assert!(elsewhere || covered.contains(lint.id), "no case breaks {}", lint.id);
        assert!(!lint.mend.is_empty() && !lint.mend.ends_with('.'), "{} does not say what mends it", lint.id);
        assert!(lint.counts == Counts::Always || !lint.sets.is_empty(), "{} never counts", lint.id);
        assert!(seen.insert(lint.id), "{} stands twice", lint.id);
        assert!(lint.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", lint.id);
        assert!(!lint.citation.is_empty() && !lint.about.is_empty() && !lint.about.ends_with('.'), "{}", lint.id);
    }
    for id in covered {
        assert!(seen.contains(id), "{id} is not a rule");
    }
}

#[test]
fn messages_are_facts() {
    for case in cases() {
        let mut sample = case.sample();
        (case.breaks)(&mut sample);
        for f in lint_certificate(&sample.facts, &sample.context()) {
            let first = f.message.chars().next().unwrap();
            let proper = ["CRL", "EC ", "RSA", "ECDSA"].iter().any(|p| f.message.contains(p));
            assert!(first.is_lowercase() || first == '`' || proper, "{}", f.message);
            assert!(!f.message.ends_with('.') && !f.message.contains('\n'), "{}", f.message);
        }
    }
}

/// Nothing at all is found on what the six profiles make with the default key; with any other key no error.
#[test]
fn good_certificates_are_clean() {
    for profile in Profile::ALL {
        for known in [true, false] {
            let mut sample = Sample::new(profile);
            sample.profile = known.then_some(profile);
            assert_eq!(lint_certificate(&sample.facts, &sample.context()), [], "{profile}");
        }
        for key in KeyAlgorithm::ALL {
            for issuer in KeyAlgorithm::ALL {
                let sample = Sample::with_keys(profile, key, issuer);
                let findings = lint_certificate(&sample.facts, &sample.context());
                let errors: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).collect();
                assert!(errors.is_empty(), "{profile} {key} {issuer}: {errors:?}");
                let edwards = key == KeyAlgorithm::Ed25519 || issuer == KeyAlgorithm::Ed25519;
                let plain = profile != Profile::Workload || key.rsa_bits().is_none();
                if !edwards && plain {
                    assert!(findings.iter().all(|f| f.severity == Severity::Notice), "{profile} {key}: {findings:?}");
                }
            }
        }
    }
}

#[test]
fn variants_of_good_certificates_are_clean() {
    // An IP address: no common name, an empty subject, a critical subjectAltName.
    let ip = Sample::new(Profile::Server).rebuild(|f| {
        f.subject = crate::x509::NameDer::of(&"".parse().unwrap());
        f.names = sample::names(&["10.0.0.1", "2001:db8::1"]);
    });
    // A SPIFFE ID on a client: both purposes.
    let svid = Sample::new(Profile::Client).rebuild(|f| {
        f.names = sample::names(&["spiffe://example.org/ns/prod/sa/api"]);
        f.extended_key_usage = vec![ExtendedKeyUsage::client_auth(), ExtendedKeyUsage::server_auth()];
    });
    // The signer of a trust domain.
    let signer = Sample::new(Profile::Root).rebuild(|f| f.names = sample::names(&["spiffe://example.org"]));
    // A constrained intermediate that may have CAs below it.
    let constrained = Sample::new(Profile::Intermediate).rebuild(|f| {
        f.ca = Some(Some(3));
        for c in ["dns:lab.internal", "ip:10.0.0.0/8", "email:lab.internal", "dn:O=Example"] {
            f.name_constraints.permitted.push(c.parse().unwrap());
        }
        f.name_constraints.excluded.push("ip:::/0".parse().unwrap());
    });
    // A new root, signed by the old one of the same name.
    let mut cross = Sample::new(Profile::Root);
    let old = cross.facts.clone();
    cross = cross.rebuild(|f| {
        f.public_key = sample::public_key(KeyAlgorithm::P256, 9);
        f.subject_key_id = vec![9; 20];
        f.authority_key_id = old.subject_key_id.clone();
        f.crl_urls = vec!["http://pki.lab/root.crl".parse().unwrap()];
    });
    cross.issuer = Some(old);
    for s in [ip, svid, signer, constrained, cross] {
        // What rustls does not compare is said to whoever constrains mailboxes and subjects.
        let good = |context| {
            let found = lint_certificate(&s.facts, &context);
            assert!(found.iter().all(|f| f.lint == "platform-name-constraints"), "{found:?}");
        };
        good(s.context());
        good(super::LintContext { profile: None, ..s.context() });
    }
}

#[test]
fn rules_of_the_profiles() {
    let usage = |p, k| rules(p).key_usage(k).names();
    for profile in Profile::ALL {
        let r = rules(profile);
        assert_eq!((r.profile, r.ca), (profile, profile.is_ca()));
        let wanted = if r.ca { vec!["keyCertSign", "cRLSign"] } else { vec!["digitalSignature"] };
        assert_eq!(usage(profile, KeyAlgorithm::P256), wanted);
        assert_eq!(r.key_algorithm_default, KeyAlgorithm::P256);
    }
    for profile in [Profile::Server, Profile::Peer] {
        assert_eq!(usage(profile, KeyAlgorithm::Rsa2048), ["digitalSignature", "keyEncipherment"]);
    }
    for profile in [Profile::Client, Profile::Workload] {
        assert_eq!(rules(profile).key_usage(KeyAlgorithm::Rsa4096), KeyUsage::DIGITAL_SIGNATURE);
    }
    let purposes = |p| rules(p).purposes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let table = Profile::ALL.map(|p| (rules(p).lifetime.to_string(), rules(p).default_path_len, purposes(p)));
    let row = |l: &str, n, p: &str| (l.to_string(), n, p.to_string());
    assert_eq!(
        table,
        [
            row("10y", None, ""),
            row("5y", Some(0), ""),
            row("1y", None, "serverAuth"),
            row("1y", None, "clientAuth"),
            row("1y", None, "serverAuth clientAuth"),
            row("1d", None, "serverAuth clientAuth"),
        ]
    );
}

#[test]
fn findings_as_json() {
    let mut sample = Sample::new(Profile::Server);
    sample.facts.version = 1;
    let findings = lint_certificate(&sample.facts, &sample.context());
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "rule": "version",
            "citation": "RFC 5280 4.1.2.1",
            "severity": "error",
            "message": "it is a version 1 certificate, which cannot say what it is for or whether it is a CA",
            "hint": find("version").unwrap().mend,
        }])
    );
    assert!(Severity::Notice < Severity::Warning && Severity::Warning < Severity::Error);
}

#[test]
fn every_reason_is_not_some() {
    for (bits, some) in [(&[7u8, 0x7f, 0x80][..], false), (&[7, 0xff, 0x80], false), (&[7, 0x3f, 0x80], true)] {
        let mut sample = CrlSample::new();
        sample.scope(&[&[0x83, bits.len() as u8], bits].concat());
        let found = lint_crl(&sample.crl, &sample.context());
        assert_eq!(ids(&found).contains(&"crl-scope-reasons"), some, "{bits:02x?}");
    }
}

#[test]
fn entries_are_counted() {
    let mut sample = CrlSample::new();
    let late: Vec<_> = (1..=3).map(|n| sample::entry(&[n], "2026-06-02T00:00:00Z", &[])).collect();
    sample.set_entries(&late);
    let findings = lint_crl(&sample.crl, &sample.context());
    assert_eq!(ids(&findings), ["crl-entry-date"]);
    assert!(findings[0].message.ends_with(", and 2 more"), "{}", findings[0].message);
}

#[test]
fn whatever_can_be_read_can_be_judged() {
    for profile in Profile::ALL {
        let sample = Sample::new(profile);
        for i in 0..sample.facts.der.len() {
            for flip in [0x01, 0x55, 0xff] {
                let mut der = sample.facts.der.clone();
                der[i] ^= flip;
                if let Ok(facts) = crate::x509::read_tbs(&der) {
                    // Whatever it says, it says it without a panic.
                    let _ = lint_certificate(&facts, &sample.context());
                }
            }
        }
    }
    let good = CrlSample::new();
    for i in 0..good.crl.der().len() {
        let mut der = good.crl.der().to_vec();
        der[i] ^= 0x55;
        if let Ok(crl) = crate::x509::Crl::read(der) {
            let _ = lint_crl(&crl, &good.context());
        }
    }
}

/// A signature that is right, one that is another key's, and one that cannot be judged here.
#[test]
fn signatures() {
    let good = Sample::signed();
    assert_eq!(lint_certificate(&good.facts, &good.context()), []);
    let mut weak = Sample::signed();
    weak.issuer().public_key = sample::rsa_key(&[0xc1; 128], &[1, 0, 1]);
    weak.facts.signature_algorithm = crate::x509::SignatureAlgorithm::RsaSha256.der().to_vec();
    assert!(!ids(&lint_certificate(&weak.facts, &weak.context())).contains(&"signature-wrong"));
    let mut crl = CrlSample::new();
    crl.sign();
    assert_eq!(lint_crl(&crl.crl, &crl.context()), []);
}

#[test]
fn many_findings_are_counted_and_long_names_cut() {
    let mut sample = Sample::new(Profile::Server);
    let long = "a".repeat(1 << 20);
    let names = (0..10_000).map(|n| crate::x509::GeneralName::Dns(format!("_{n}.{long}")));
    sample.names(names.take(20).collect());
    let found = lint_certificate(&sample.facts, &sample.context());
    assert!(found.iter().all(|f| f.message.len() < 1000), "{}", found[0].message.len());
    let of_one = found.iter().filter(|f| f.lint == "dns-syntax").collect::<Vec<_>>();
    assert_eq!(of_one.len(), super::MOST_OF_ONE_RULE);
    assert!(of_one[4].message.ends_with(", and 15 more like it"), "{}", of_one[4].message);
}

/// A certificate may hold very many extensions, purposes, attributes: nothing is compared with each other.
#[test]
fn hostile_lengths_take_no_time() {
    let mut sample = Sample::new(Profile::Server);
    let one = sample.facts.extensions[0].clone();
    for n in 0..200_000u64 {
        let oid = crate::model::Oid::from_arcs(&[1, 2, n]).unwrap();
        sample.facts.extensions.push(crate::x509::ExtensionFacts { oid, ..one.clone() });
        let purpose = format!("1.2.{n}").parse().unwrap();
        sample.facts.extended_key_usage.as_mut().unwrap().push(ExtendedKeyUsage::from_oid(purpose));
    }
    let _ = lint_certificate(&sample.facts, &sample.context());
    let mut crl = CrlSample::new();
    let extension = (0x15, false, &[10, 1, 1][..]);
    crl.one_entry(&[5], "2026-01-02T00:00:00Z", &vec![extension; 200_000]);
    assert!(ids(&lint_crl(&crl.crl, &crl.context())).contains(&"crl-entry-extension-duplicate"));
}
