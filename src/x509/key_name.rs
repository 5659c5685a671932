//! What a public key is called, whether or not this build can use it.

use super::PublicKeyKind;
use super::algorithm::split_spki;
use super::der::{self, Reader};
use super::public_key_kind;

/// Algorithms that exist and are neither made nor used here (RFC 3279, 8410, 9881, 4055).
const ALGORITHMS: [(&str, &str); 10] = [
    ("1.2.840.113549.1.1.10", "rsa-pss"),
    ("1.2.840.10040.4.1", "dsa"),
    ("1.2.840.113549.1.3.1", "dh"),
    ("1.2.840.10046.2.1", "dh"),
    ("1.3.101.110", "x25519"),
    ("1.3.101.111", "x448"),
    ("1.3.101.113", "ed448"),
    ("2.16.840.1.101.3.4.3.17", "ml-dsa-44"),
    ("2.16.840.1.101.3.4.3.18", "ml-dsa-65"),
    ("2.16.840.1.101.3.4.3.19", "ml-dsa-87"),
];
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
/// Curves beside those of this build (RFC 5480 2.1.1.1, RFC 5639).
const CURVES: [(&str, &str); 9] = [
    ("1.3.132.0.35", "p521"),
    ("1.3.132.0.33", "p224"),
    ("1.2.840.10045.3.1.1", "p192"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpool-p256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpool-p384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpool-p512r1"),
    ("1.2.156.10197.1.301", "sm2"),
    ("1.3.132.0.34", "p384"),
];

/// The algorithm of a SubjectPublicKeyInfo as `--key` names it; of those that this build lacks the name in the same
/// style, else the OID. `unknown` when it is malformed.
pub fn public_key_name(spki: &[u8]) -> String {
    match public_key_kind(spki) {
        Ok(PublicKeyKind::Other(oid)) if oid == EC_PUBLIC_KEY => curve_name(spki),
        Ok(PublicKeyKind::Other(oid)) => {
            ALGORITHMS.iter().find(|(o, _)| *o == oid).map_or(oid, |(_, name)| (*name).to_string())
        }
        Ok(kind) => kind.to_string(),
        Err(_) => "unknown".into(),
    }
}

fn curve_name(spki: &[u8]) -> String {
    let parameters = split_spki(spki).ok().and_then(|(algorithm, _)| {
        let mut outer = Reader::new(algorithm, "an algorithm");
        let inner = outer.expect(der::SEQUENCE).ok()?;
        let mut fields = outer.inside(inner);
        fields.expect(der::OID).ok()?;
        fields.any().ok()
    });
    match parameters {
        Some(p) if p.tag == der::OID => {
            let oid = der::read_oid(p.content).map_or_else(|| "unknown".into(), |o| o.to_string());
            CURVES.iter().find(|(o, _)| *o == oid).map_or(format!("ec-{oid}"), |(_, name)| (*name).to_string())
        }
        Some(p) if p.tag == der::SEQUENCE => "ec-explicit-curve".into(),
        _ => "ec-without-curve".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: &[&[u8]]) -> Vec<u8> {
        let algorithm = der::constructed(der::SEQUENCE, algorithm);
        der::constructed(der::SEQUENCE, &[&algorithm, &der::tlv(der::BIT_STRING, &[0, 4, 1])])
    }

    fn oid(text: &str) -> Vec<u8> {
        der::oid(&text.parse().unwrap())
    }

    #[test]
    fn names() {
        for (parts, name) in [
            (vec![oid(EC_PUBLIC_KEY), oid("1.3.132.0.35")], "p521"),
            (vec![oid(EC_PUBLIC_KEY), oid("1.2.3.4")], "ec-1.2.3.4"),
            (vec![oid(EC_PUBLIC_KEY), der::tlv(der::SEQUENCE, &[])], "ec-explicit-curve"),
            (vec![oid(EC_PUBLIC_KEY)], "ec-without-curve"),
            (vec![oid("1.3.101.113")], "ed448"),
            (vec![oid("1.2.3.4")], "1.2.3.4"),
        ] {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            assert_eq!(public_key_name(&key(&parts)), name);
        }
        assert_eq!(public_key_name(&super::super::spki(crate::model::KeyAlgorithm::Ed25519, &[1; 32])), "ed25519");
        assert_eq!(public_key_name(b""), "unknown");
    }
}
