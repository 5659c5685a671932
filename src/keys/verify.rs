use super::KeyError;
use crate::model::KeyAlgorithm;
use crate::x509::{PublicKeyKind, SignatureAlgorithm, public_key_bits, public_key_kind};
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
    let named = SignatureAlgorithm::from_der(algorithm).ok_or_else(unsupported)?;
    let is_rsa =
        matches!(&kind, PublicKeyKind::Rsa(_)) || matches!(&kind, PublicKeyKind::Known(a) if a.rsa_bits().is_some());
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
    let key = r::UnparsedPublicKey::new(verifier, public_key_bits(spki).map_err(broken)?);
    key.verify(message, signature).map_err(|_| KeyError::BadSignature)
}
