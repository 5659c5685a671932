use super::KeyError;
use crate::model::KeyAlgorithm;
use crate::x509::{
    PssHash, PublicKeyKind, SignatureAlgorithm, pss_hash, pss_key_takes, public_key_bits, public_key_kind, rsa_key_bits,
};
use ring::signature as r;

/// Checks a signature: `spki` is the signer's SubjectPublicKeyInfo, `algorithm` the AlgorithmIdentifier in DER.
///
/// # Errors
/// [`KeyError::BadSignature`], [`KeyError::UnsupportedAlgorithm`] when this build cannot check it or the algorithm does
/// not fit the key, [`KeyError::PublicKey`].
pub fn verify_signature(spki: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
    let broken = |e: crate::x509::X509Error| KeyError::PublicKey { problem: e.to_string() };
    let kind = public_key_kind(spki).map_err(broken)?;
    let unsupported = || KeyError::UnsupportedAlgorithm { name: SignatureAlgorithm::name_of(algorithm) };
    let key = public_key_bits(spki).map_err(broken)?;
    if let Some(hash) = pss_hash(algorithm) {
        check_rsa_size(rsa_key_bits(key).map_err(broken)?)?;
        if !takes_pss(spki, &kind, algorithm) {
            return Err(unsupported());
        }
        let verifier = match hash {
            PssHash::Sha256 => &r::RSA_PSS_2048_8192_SHA256,
            PssHash::Sha384 => &r::RSA_PSS_2048_8192_SHA384,
            PssHash::Sha512 => &r::RSA_PSS_2048_8192_SHA512,
        };
        return r::UnparsedPublicKey::new(verifier, key).verify(message, signature).map_err(|_| KeyError::BadSignature);
    }
    let named = SignatureAlgorithm::from_der(algorithm).ok_or_else(unsupported)?;
    let is_rsa = kind.is_rsa();
    if is_rsa {
        check_rsa_size(rsa_key_bits(key).map_err(broken)?)?;
    }
    let verifier: &dyn r::VerificationAlgorithm = match (&kind, named) {
        (PublicKeyKind::Known(KeyAlgorithm::P256), SignatureAlgorithm::EcdsaSha256) => &r::ECDSA_P256_SHA256_ASN1,
        (PublicKeyKind::Known(KeyAlgorithm::P256), SignatureAlgorithm::EcdsaSha384) => &r::ECDSA_P256_SHA384_ASN1,
        (PublicKeyKind::Known(KeyAlgorithm::P384), SignatureAlgorithm::EcdsaSha256) => &r::ECDSA_P384_SHA256_ASN1,
        (PublicKeyKind::Known(KeyAlgorithm::P384), SignatureAlgorithm::EcdsaSha384) => &r::ECDSA_P384_SHA384_ASN1,
        (PublicKeyKind::Known(KeyAlgorithm::Ed25519), SignatureAlgorithm::Ed25519) => &r::ED25519,
        (_, SignatureAlgorithm::RsaSha256) if is_rsa => &r::RSA_PKCS1_2048_8192_SHA256,
        (_, SignatureAlgorithm::RsaSha384) if is_rsa => &r::RSA_PKCS1_2048_8192_SHA384,
        (_, SignatureAlgorithm::RsaSha512) if is_rsa => &r::RSA_PKCS1_2048_8192_SHA512,
        _ => return Err(unsupported()),
    };
    r::UnparsedPublicKey::new(verifier, key).verify(message, signature).map_err(|_| KeyError::BadSignature)
}

/// What ring checks; it would call every signature of another key a bad one.
fn check_rsa_size(bits: usize) -> Result<(), KeyError> {
    match bits {
        0..2048 => {
            Err(KeyError::PublicKey { problem: format!("an RSA key of {bits} bits is too weak to prove anything") })
        }
        2048..=8192 => Ok(()),
        _ => Err(KeyError::UnsupportedAlgorithm { name: format!("of RSA keys of {bits} bits") }),
    }
}

/// An ordinary RSA key takes any parameters; one that is for PSS only takes its own, if it names some (RFC 4055 3.3).
fn takes_pss(spki: &[u8], kind: &PublicKeyKind, algorithm: &[u8]) -> bool {
    kind.is_rsa() || pss_key_takes(spki, algorithm)
}
