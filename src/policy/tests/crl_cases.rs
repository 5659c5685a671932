//! CRLs that break the rules.

use super::CrlCase;
use super::sample::{CrlSample, entry, name_facts, now, raw_entry};
use crate::model::{KeyAlgorithm, KeyUsage};
use crate::x509::der::{self, tlv};
use crate::x509::{SignatureAlgorithm, oid};

const fn case(lint: &'static str, breaks: fn(&mut CrlSample)) -> CrlCase {
    CrlCase { lint, breaks }
}

/// expiredCertsOnCRL, deltaCRLIndicator.
const EXPIRED: &[u64] = &[2, 5, 29, 60];
const DELTA: &[u64] = &[2, 5, 29, 27];
const DATE: &str = "2026-01-02T00:00:00Z";
const REASON: u8 = 0x15;
const INVALIDITY: u8 = 0x18;
/// SHA-1 with RSA.
const WEAK: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0];

fn algorithm(s: &mut CrlSample, algorithm: SignatureAlgorithm) {
    s.crl.inner_algorithm = algorithm.der().to_vec();
    s.crl.outer_algorithm = algorithm.der().to_vec();
}

pub(super) static CASES: &[CrlCase] = &[
    case("crl-issuer-empty", |s| s.crl.issuer = name_facts(&[0x30, 0])),
    case("crl-issuer-name", |s| s.crl.issuer = s.issuer.issuer.clone()),
    case("crl-issuer-usage", |s| s.issuer.key_usage = Some(KeyUsage::KEY_CERT_SIGN)),
    case("crl-authority-key-id", |s| s.crl.authority_key_id = None),
    case("crl-authority-key-id-issuer", |s| s.crl.authority_key_id = Some(vec![9; 20])),
    case("crl-number", |s| s.crl.number = None),
    case("crl-number-critical", |s| s.extension(oid::CRL_NUMBER, true)),
    case("crl-dates-encoding", |s| s.rewrite(4, |_| der::generalized_time("2026-07-01".parse().unwrap()))),
    case("crl-next-update", |s| s.crl.next_update = None),
    case("crl-next-update-order", |s| s.crl.next_update = Some(now())),
    case("crl-outlives-issuer", |s| s.crl.next_update = Some(s.issuer.not_after.plus(1))),
    case("crl-lifetime", |s| s.crl.next_update = Some(now().plus(366 * 86_400 + 1))),
    case("crl-algorithms-differ", |s| s.crl.outer_algorithm = SignatureAlgorithm::EcdsaSha384.der().to_vec()),
    case("crl-signature-weak", |s| s.crl.inner_algorithm = WEAK.to_vec()),
    case("crl-signature-key", |s| algorithm(s, SignatureAlgorithm::Ed25519)),
    case("crl-signature-key", |s| s.issuer.public_key = super::sample::public_key(KeyAlgorithm::Rsa2048, 1)),
    case("crl-signature-hash", |s| algorithm(s, SignatureAlgorithm::EcdsaSha384)),
    case("crl-version", CrlSample::unversioned),
    case("crl-signature-wrong", |s| {
        s.sign();
        let other = CrlSample::new().crl;
        s.crl = other;
    }),
    case("crl-authority-key-id-form", |s| {
        s.value(oid::AUTHORITY_KEY_ID, false, &[0x30, 6, 0x80, 1, 1, 0x82, 1, 5]);
    }),
    case("crl-ended", |s| s.today = s.crl.next_update.map(|n| n.plus(1))),
    case("crl-issuer-is-ca", |s| s.issuer.basic_constraints = None),
    case("crl-expired-certificates", |s| s.value(EXPIRED, false, &tlv(der::UTC_TIME, b"260101000000Z"))),
    case("crl-scope-malformed", |s| s.scope(&[0x81, 1])),
    case("crl-scope-malformed", |s| s.scope(&[0x82, 1, 0xff, 0x81, 1, 0xff])),
    case("crl-scope-empty", |s| s.scope(&[])),
    case("crl-scope-empty", |s| s.scope(&[0x81, 1, 0])),
    case("crl-scope-default", |s| s.scope(&[0x81, 1, 0, 0x82, 1, 0xff])),
    case("crl-scope-kinds", |s| s.scope(&[0x81, 1, 0xff, 0x82, 1, 0xff])),
    case("crl-scope-reasons", |s| s.scope(&[0x83, 2, 1, 2])),
    case("crl-scope-relative", |s| s.scope(&[0xa0, 2, 0xa1, 0])),
    case("crl-indirect", |s| s.scope(&[0x84, 1, 0xff])),
    case("crl-delta-base", |s| s.value(DELTA, true, &[2, 2, 1, 0x2c])),
    case("crl-delta-base", |s| s.value(DELTA, true, &[2, 1, 0x80])),
    case("crl-delta-base", |s| s.value(DELTA, true, &[0x30, 0])),
    case("crl-delta-freshest", |s| {
        s.value(DELTA, true, &[2, 1, 9]);
        s.extension(&[2, 5, 29, 46], false);
    }),
    case("platform-crl-kind", |s| s.value(DELTA, true, &[2, 1, 9])),
    case("platform-crl-kind", |s| s.scope(&[0x84, 1, 0xff])),
    case("crl-entry-issuer", |s| s.one_entry(&[5], DATE, &[(0x1d, true, &[0x30, 0])])),
    case("crl-extension-duplicate", |s| {
        let first = s.crl.extensions[0].clone();
        s.crl.extensions.push(first);
    }),
    case("crl-extension-unknown-critical", |s| s.extension(&[1, 2, 3], true)),
    case("crl-extension-critical", |s| s.extension(oid::AUTHORITY_KEY_ID, true)),
    case("crl-extension-critical", |s| s.extension(&[2, 5, 29, 28], false)),
    case("crl-entries-empty", |s| s.set_entries(&[])),
    case("crl-entry-malformed", |s| s.set_entries(&[vec![0x30, 0]])),
    case("crl-entry-duplicate", |s| {
        s.set_entries(&[entry(&[5], DATE, &[]), entry(&[4], DATE, &[]), entry(&[5], DATE, &[])])
    }),
    case("crl-entry-serial", |s| s.one_entry(&[0x80], DATE, &[])),
    case("crl-entry-serial", |s| s.one_entry(&[1; 21], DATE, &[])),
    case("crl-entry-serial", |s| s.one_entry(&[0], DATE, &[])),
    case("crl-entry-serial", |s| s.one_entry(&[0, 5], DATE, &[])),
    case("crl-entry-date", |s| s.one_entry(&[5], "2026-06-01T00:00:01Z", &[])),
    case("crl-entry-date", |s| s.set_entries(&[raw_entry(&[5], &tlv(der::UTC_TIME, b"now"), &[])])),
    case("crl-entry-date-encoding", |s| {
        s.set_entries(&[raw_entry(&[5], &der::generalized_time(DATE.parse().unwrap()), &[])]);
    }),
    case("crl-entry-reason", |s| s.one_entry(&[5], DATE, &[(REASON, false, &[10, 1, 7])])),
    case("crl-entry-reason", |s| s.one_entry(&[5], DATE, &[(REASON, false, &[2, 1, 1])])),
    case("crl-entry-reason-delta", |s| s.one_entry(&[5], DATE, &[(REASON, false, &[10, 1, 8])])),
    case("crl-entry-reason-unspecified", |s| s.one_entry(&[5], DATE, &[(REASON, false, &[10, 1, 0])])),
    case("crl-entry-invalidity-date", |s| {
        s.one_entry(&[5], DATE, &[(INVALIDITY, false, &tlv(der::UTC_TIME, b"260101000000Z"))]);
    }),
    case("crl-entry-invalidity-date", |s| {
        s.one_entry(&[5], DATE, &[(INVALIDITY, false, &tlv(der::GENERALIZED_TIME, b"20260701000000Z"))]);
    }),
    case("crl-entry-critical", |s| s.one_entry(&[5], DATE, &[(REASON, true, &[10, 1, 1])])),
    case("crl-entry-critical", |s| s.one_entry(&[5], DATE, &[(0x1d, false, &[0x30, 0])])),
    case("crl-entry-extension-duplicate", |s| {
        let reason = (REASON, false, &[10, 1, 1][..]);
        s.one_entry(&[5], DATE, &[reason, reason]);
    }),
];
