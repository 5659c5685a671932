//! Every rule has a certificate or CRL that breaks it and one that does not.

mod certificate_cases;
mod conformance_cases;
mod crl_cases;
mod sample;

use super::{Finding, Severity, all, lint_certificate, lint_crl, rules};
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

fn cases() -> impl Iterator<Item = &'static Case> {
    certificate_cases::CASES.iter().chain(conformance_cases::CASES)
}

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|f| f.lint).collect()
}

#[test]
fn every_rule_finds_what_breaks_it_and_spares_what_does_not() {
    for case in cases() {
        let mut sample = Sample::new(case.of);
        let good = lint_certificate(&sample.facts, &sample.context());
        assert!(!ids(&good).contains(&case.lint), "{} fires on a good certificate: {good:?}", case.lint);
        (case.breaks)(&mut sample);
        let bad = lint_certificate(&sample.facts, &sample.context());
        assert!(ids(&bad).contains(&case.lint), "{} ({}) does not fire: {bad:?}", case.lint, case.of);
    }
    for case in crl_cases::CASES {
        let mut sample = CrlSample::new();
        let good = lint_crl(&sample.crl, Some(&sample.issuer));
        assert_eq!(good, [], "a good CRL");
        (case.breaks)(&mut sample);
        let bad = lint_crl(&sample.crl, Some(&sample.issuer));
        assert!(ids(&bad).contains(&case.lint), "{} does not fire: {bad:?}", case.lint);
    }
}

#[test]
fn every_rule_has_a_case_and_a_well_formed_row() {
    let covered: HashSet<&str> = cases().map(|c| c.lint).chain(crl_cases::CASES.iter().map(|c| c.lint)).collect();
    let mut seen = HashSet::new();
    for lint in all() {
        assert!(covered.contains(lint.id), "no case breaks {}", lint.id);
        assert!(seen.insert(lint.id), "{} stands twice", lint.id);
        assert!(lint.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", lint.id);
        assert!(!lint.citation.is_empty() && !lint.about.is_empty() && !lint.about.ends_with('.'), "{}", lint.id);
        assert_eq!(
            lint.is_for_crls(),
            lint.id.starts_with("crl-") && !lint.id.starts_with("crl-points"),
            "{}",
            lint.id
        );
    }
    for id in covered {
        assert!(seen.contains(id), "{id} is not a rule");
    }
}

#[test]
fn messages_are_facts() {
    for case in cases() {
        let mut sample = Sample::new(case.of);
        (case.breaks)(&mut sample);
        for f in lint_certificate(&sample.facts, &sample.context()) {
            let first = f.message.chars().next().unwrap();
            let proper = ["CRL", "EC ", "RSA"].iter().any(|p| f.message.contains(p));
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
        assert_eq!(lint_certificate(&s.facts, &s.context()), []);
        let unknown = super::LintContext { profile: None, ..s.context() };
        assert_eq!(lint_certificate(&s.facts, &unknown), []);
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
            "lint": "version",
            "citation": "RFC 5280 4.1.2.1",
            "severity": "error",
            "message": "it is a version 1 certificate",
            "hint": null,
        }])
    );
    assert!(Severity::Notice < Severity::Warning && Severity::Warning < Severity::Error);
}

#[test]
fn entries_are_counted() {
    let mut sample = CrlSample::new();
    let late: Vec<_> = (1..=3).map(|n| sample::entry(&[n], "2026-06-02T00:00:00Z", &[])).collect();
    sample.set_entries(&late);
    let findings = lint_crl(&sample.crl, Some(&sample.issuer));
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
            let _ = lint_crl(&crl, Some(&good.issuer));
        }
    }
}
