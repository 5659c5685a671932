//! Bytes from anybody: an error is a sentence, never a panic.

use super::fields::{any_certificate, any_crl, any_entry};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rootlet::disk::{decode_pem, encode_pem};
use rootlet::issue::sign_csr;
use rootlet::judge::{check_chain, check_draft, check_names, matches_host};
use rootlet::keys::{PrivateKey, SoftwareSigner, check_public_key, key_identifier, verify_signature};
use rootlet::model::{KeyAlgorithm, Profile, San, Timestamp};
use rootlet::pki::read_csr;
use rootlet::policy::{CrlContext, LintContext, lint_certificate, lint_crl};
use rootlet::x509::{
    Certificate, Crl, Csr, CsrFields, TbsCrl, assemble_certificate, encode_certificate, public_key_kind,
    read_certificate, read_name, read_name_to_issue, read_tbs,
};
use std::path::Path;

/// What happens to bytes on their way: a bit flips, one is lost, one comes in, the end is cut.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Put(Index, u8),
    Lose(Index),
    Insert(Index, u8),
    Cut(Index),
}

fn any_damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        4 => (any::<Index>(), 0u8..8).prop_map(|(i, b)| Damage::Flip(i, b)),
        4 => (any::<Index>(), any::<u8>()).prop_map(|(i, b)| Damage::Put(i, b)),
        1 => any::<Index>().prop_map(Damage::Lose),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(i, b)| Damage::Insert(i, b)),
        1 => any::<Index>().prop_map(Damage::Cut),
    ];
    vec(one, 1..5)
}

fn damaged(bytes: &[u8], damage: &[Damage]) -> Vec<u8> {
    let mut all = bytes.to_vec();
    for one in damage {
        if all.is_empty() {
            break;
        }
        match one {
            Damage::Flip(i, bit) => {
                let at = i.index(all.len());
                all[at] ^= 1 << bit;
            }
            Damage::Put(i, b) => {
                let at = i.index(all.len());
                all[at] = *b;
            }
            Damage::Lose(i) => drop(all.remove(i.index(all.len()))),
            Damage::Insert(i, b) => all.insert(i.index(all.len()), *b),
            Damage::Cut(i) => all.truncate(i.index(all.len())),
        }
    }
    all
}

/// Everything that judges a certificate without a key.
fn judge(certificate: &Certificate, other: Option<&Certificate>) {
    let now = "2030-06-01".parse::<Timestamp>().unwrap();
    let issuers = [None, Some(certificate.facts()), other.map(|c| c.facts())];
    for profile in std::iter::once(None).chain(Profile::ALL.map(Some)) {
        for issuer in issuers {
            for finding in lint_certificate(
                certificate.facts(),
                &LintContext { profile, issuer, now: Some(now), ..LintContext::default() },
            ) {
                assert!(!finding.message.is_empty() && !finding.citation.is_empty(), "{}", finding.lint);
            }
        }
    }
    let chain: Vec<&Certificate> = std::iter::once(certificate).chain(other).collect();
    let _ = check_chain(&chain, now).map_err(|e| e.to_string());
    let _ = check_draft(certificate.facts(), &chain, now).map_err(|e| e.to_string());
    if let Some(constraints) = &certificate.name_constraints {
        let names = certificate.names.clone().unwrap_or_default();
        let _ = check_names(constraints, &certificate.subject, &names).map_err(|e| e.to_string());
    }
    let _ = matches_host(certificate.facts(), &San::host("api.example").unwrap());
    let key = &certificate.public_key;
    let _ = verify_signature(key, certificate.outer_algorithm(), &certificate.facts().der, certificate.signature());
    let _ = (public_key_kind(key), key_identifier(key));
    let _ = (certificate.is_self_issued(), certificate.subject.subject.to_string(), certificate.subject.common_name());
}

fn judge_crl(crl: &Crl) {
    crl.entries().for_each(|e| drop(e.map_err(|e| e.to_string())));
    let _ = (lint_crl(crl, &CrlContext::default()), crl.number_u64(), crl.issuer.subject.to_string());
}

fn anything(bytes: &[u8]) {
    if let Ok(certificate) = read_certificate(bytes) {
        judge(&certificate, None);
    }
    if let Ok(crl) = Crl::read(bytes.to_vec()) {
        judge_crl(&crl);
    }
    let _ = (read_name(bytes).map(|n| (n.to_string(), n.to_slash_form())), read_tbs(bytes).map_err(|e| e.to_string()));
    let _ = (decode_pem(bytes), public_key_kind(bytes), PrivateKey::from_pem(bytes).map_err(|e| e.to_string()));
    let _ = PrivateKey::from_pkcs8(bytes.to_vec().into()).map_err(|e| e.to_string());
    let _ = (read_csr(bytes, Path::new("a.csr")).map_err(|e| e.to_string()), check_public_key(bytes));
    if let Ok(csr) = Csr::read(bytes) {
        judge_csr(&csr);
    }
}

/// Everything that is looked at in a request before its signature is, and what would be after.
fn judge_csr(csr: &Csr) {
    let _ = check_public_key(&csr.public_key).map_err(|e| e.to_string());
    let _ = verify_signature(&csr.public_key, &csr.signature_algorithm, csr.info(), csr.signature());
    let _ = (csr.purposes(), read_name_to_issue(csr.subject.der.as_bytes()).map_err(|e| e.to_string()));
    assert!(csr.extensions.iter().all(|e| csr.extensions.iter().filter(|o| o.oid == e.oid).count() == 1));
}

fn any_csr() -> impl Strategy<Value = CsrFields> {
    (any_certificate(), any::<bool>()).prop_map(|(c, ca)| CsrFields {
        subject: c.subject,
        public_key: c.public_key,
        ca,
        key_usage: c.key_usage,
        extended_key_usage: c.extended_key_usage,
        names: c.names,
    })
}

/// Values inside values, the lengths right and the rest chance: deeper than plain bytes ever get.
fn any_der() -> impl Strategy<Value = Vec<u8>> {
    let leaf = (any::<u8>(), vec(any::<u8>(), 0..12)).prop_map(|(tag, content)| tlv(tag, &content));
    leaf.prop_recursive(6, 40, 6, |inner| {
        let tag = prop_oneof![3 => Just(0x30u8), 1 => Just(0x31), 1 => Just(0xa0), 1 => Just(0xa3), 1 => any::<u8>()];
        (tag, vec(inner, 0..6)).prop_map(|(tag, parts)| tlv(tag, &parts.concat()))
    })
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..0x80 => vec![tag, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&header, content].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..300)) {
        anything(&bytes);
    }

    #[test]
    fn any_der_gets_an_answer(bytes in any_der()) {
        anything(&bytes);
    }

    #[test]
    fn damaged_pem_gets_an_answer(der in vec(any::<u8>(), 0..200), label in "[A-Z0-9 ]{0,20}", damage in any_damage()) {
        anything(&damaged(encode_pem(&label, &der).as_bytes(), &damage));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_certificate_gets_an_answer(fields in any_certificate(), damage in any_damage()) {
        let der = assemble_certificate(&encode_certificate(&fields).unwrap(), fields.signature_algorithm, &[7; 64]);
        let whole = read_certificate(&der).unwrap();
        if let Ok(broken) = read_certificate(&damaged(&der, &damage)) {
            judge(&broken, Some(&whole));
            judge(&whole, Some(&broken));
        }
    }

    /// Nothing that was changed on its way proves a key.
    #[test]
    fn a_damaged_csr_gets_an_answer_and_proves_nothing(fields in any_csr(), damage in any_damage()) {
        let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
        let fields = CsrFields { public_key: key.public_key().to_vec(), ..fields };
        let csr = sign_csr(&fields, &SoftwareSigner::new(key).unwrap()).unwrap();
        prop_assert_eq!(&csr.subject.der, &fields.subject);
        prop_assert!(read_csr(csr.der(), Path::new("a.csr")).is_ok());
        let broken = damaged(csr.der(), &damage);
        if let Ok(broken) = Csr::read(&broken) {
            judge_csr(&broken);
        }
        // An ECDSA signature may be changed into another one of the same message: (r, s) into (r, n - s), by no such damage.
        prop_assert!(broken == csr.der() || read_csr(&broken, Path::new("a.csr")).is_err());
    }

    #[test]
    fn a_damaged_crl_gets_an_answer(fields in any_crl(), entries in vec(any_entry(), 0..6), damage in any_damage()) {
        let der = TbsCrl::encode(&fields, entries.iter().collect()).assemble(&[7; 64]);
        if let Ok(broken) = Crl::read(damaged(&der, &damage)) {
            judge_crl(&broken);
        }
    }
}
