//! Every form of a private key made into one: PKCS#8 version 1 as ring reads it and OpenSSL does.

use super::KeyRefusal;
use super::container::{Form, dsa};
use super::public_half;
use crate::model::KeyAlgorithm;
use crate::x509::der::{self, Reader, Value};
use crate::x509::{X509Error, algorithm_identifier};
use zeroize::Zeroizing;

pub(super) const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
pub(super) const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
pub(super) const ED25519: &str = "1.3.101.112";
pub(super) const DSA: &str = "1.2.840.10040.4.1";
/// Algorithms that exist and are not in this build.
const ELSEWHERE: [(&str, &str, &str); 14] = [
    (RSA_PSS, "an", "RSASSA-PSS"),
    ("1.3.132.0.35", "a", "p521"),
    ("1.3.132.0.33", "a", "p224"),
    ("1.3.132.0.10", "a", "secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "a", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "a", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "a", "brainpoolP512r1"),
    ("1.3.101.110", "an", "X25519"),
    ("1.3.101.111", "an", "X448"),
    ("1.3.101.113", "an", "Ed448"),
    ("1.2.840.113549.1.3.1", "a", "Diffie-Hellman"),
    ("2.16.840.1.101.3.4.3.17", "an", "ml-dsa-44"),
    ("2.16.840.1.101.3.4.3.18", "an", "ml-dsa-65"),
    ("2.16.840.1.101.3.4.3.19", "an", "ml-dsa-87"),
];

/// The only public exponent in use (FIPS 186-5 A.1.1 allows others; every CA has settled on this one).
pub(super) const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];
const ED25519_SEED: usize = 32;

/// A private key taken apart.
pub(super) struct Parts {
    pub algorithm: Family,
    /// PKCS#8 version 1 in DER.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// The octets of the public key that the file claims, to be compared with those that belong to the private one.
    pub claimed: Option<Vec<u8>>,
}

/// What ring is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Curve(KeyAlgorithm),
    Ed25519,
    Rsa,
}

/// Reads a key that is not encrypted.
pub(super) fn normalize(form: Form, bytes: &[u8]) -> Result<Parts, KeyRefusal> {
    let key = whole(bytes)?;
    match form {
        Form::Pkcs8 => pkcs8(key),
        Form::Pkcs1 => rsa(key),
        Form::Sec1 => ec(key, None),
        Form::Encrypted => Err(KeyRefusal::damaged("an encrypted key inside an encrypted key")),
    }
}

fn broken(e: X509Error) -> KeyRefusal {
    match e {
        X509Error::TrailingBytes { count, .. } => KeyRefusal::Trailing(count),
        other => KeyRefusal::damaged(other),
    }
}

fn whole(bytes: &[u8]) -> Result<Value<'_>, KeyRefusal> {
    let mut outer = Reader::new(bytes, "the key");
    let sequence = outer.expect(der::SEQUENCE).map_err(broken)?;
    outer.end().map_err(broken)?;
    Ok(sequence)
}

fn fields(value: Value<'_>) -> Reader<'_> {
    Reader::new(value.content, "the key")
}

/// PrivateKeyInfo, or OneAsymmetricKey with the public key (RFC 5958 2).
fn pkcs8(key: Value<'_>) -> Result<Parts, KeyRefusal> {
    let mut all = fields(key);
    let version = all.expect(der::INTEGER).map_err(broken)?;
    let algorithm = all.expect(der::SEQUENCE).map_err(broken)?;
    let inner = all.expect(der::OCTET_STRING).map_err(broken)?;
    all.optional(der::context_constructed(0)).map_err(broken)?;
    let public = all.optional(der::context(1)).map_err(broken)?;
    all.end().map_err(broken)?;
    match (version.content, public) {
        ([0], None) | ([1], _) => {}
        _ => return Err(KeyRefusal::damaged("its version does not fit its fields")),
    }
    let public = public.map(|p| bit_string(p.content)).transpose()?;
    let mut names = fields(algorithm);
    let name = names.expect(der::OID).map_err(broken)?;
    let name = der::read_oid(name.content).map_or_else(|| "unknown".into(), |o| o.to_string());
    let parameters = if names.is_empty() { None } else { Some(names.any().map_err(broken)?) };
    names.end().map_err(broken)?;
    let mut parts = match name.as_str() {
        RSA_ENCRYPTION => rsa(whole(inner.content)?),
        EC_PUBLIC_KEY => ec(whole(inner.content)?, Some(curve(parameters)?)),
        ED25519 => ed25519(inner.content),
        DSA => Err(dsa()),
        other => Err(elsewhere(other)),
    }?;
    parts.claimed = parts.claimed.or(public);
    Ok(parts)
}

pub(super) fn elsewhere(oid: &str) -> KeyRefusal {
    match ELSEWHERE.iter().find(|(o, ..)| *o == oid) {
        Some((_, article, name)) => KeyRefusal::Algorithm { article, name: (*name).into() },
        None => KeyRefusal::Algorithm { article: "a", name: oid.into() },
    }
}

pub(super) fn curve(parameters: Option<Value<'_>>) -> Result<KeyAlgorithm, KeyRefusal> {
    let Some(parameters) = parameters else { return Err(KeyRefusal::NoCurve) };
    match parameters.tag {
        der::OID => match der::read_oid(parameters.content).map(|o| o.to_string()).as_deref() {
            Some(P256) => Ok(KeyAlgorithm::P256),
            Some(P384) => Ok(KeyAlgorithm::P384),
            other => Err(elsewhere(other.unwrap_or("unknown"))),
        },
        der::SEQUENCE => Err(KeyRefusal::ExplicitCurve),
        _ => Err(KeyRefusal::NoCurve),
    }
}

/// RSAPrivateKey (RFC 8017 A.1.2).
fn rsa(key: Value<'_>) -> Result<Parts, KeyRefusal> {
    let mut all = fields(key);
    let version = all.expect(der::INTEGER).map_err(broken)?;
    let mut number = || all.expect(der::INTEGER).map(|v| v.content).map_err(broken);
    let (modulus, exponent) = (number()?, number()?);
    for _ in ["d", "p", "q", "d mod (p-1)", "d mod (q-1)", "1/q mod p"] {
        number()?;
    }
    if version.content != [0] {
        return Err(KeyRefusal::damaged("it has more than two primes"));
    }
    all.end().map_err(broken)?;
    let modulus = magnitude(modulus);
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize);
    if KeyAlgorithm::ALL.into_iter().all(|a| a.rsa_bits() != Some(bits)) {
        return Err(KeyRefusal::RsaBits(bits));
    }
    let exponent = magnitude(exponent);
    if exponent != PUBLIC_EXPONENT {
        return Err(KeyRefusal::exponent(exponent));
    }
    // The size is found again in the public key; the identifier is the same for all of them.
    let pkcs8 = private_key_info(algorithm_identifier(KeyAlgorithm::Rsa2048), &[key.whole]);
    Ok(Parts { algorithm: Family::Rsa, pkcs8, claimed: None })
}

fn magnitude(content: &[u8]) -> &[u8] {
    let first = content.iter().position(|b| *b != 0).unwrap_or(content.len());
    &content[first..]
}

/// ECPrivateKey (RFC 5915 3); its public key is optional, and so is its curve inside PKCS#8.
fn ec(key: Value<'_>, outer_curve: Option<KeyAlgorithm>) -> Result<Parts, KeyRefusal> {
    let mut all = fields(key);
    let version = all.expect(der::INTEGER).map_err(broken)?;
    let scalar = all.expect(der::OCTET_STRING).map_err(broken)?;
    let parameters = all.optional(der::context_constructed(0)).map_err(broken)?;
    let public = all.optional(der::context_constructed(1)).map_err(broken)?;
    all.end().map_err(broken)?;
    if version.content != [1] {
        return Err(KeyRefusal::damaged("its version does not fit its fields"));
    }
    let inner_curve = match parameters {
        Some(p) => {
            let mut inside = fields(p);
            let value = inside.any().map_err(broken)?;
            inside.end().map_err(broken)?;
            Some(curve(Some(value))?)
        }
        None => None,
    };
    let algorithm = match (outer_curve, inner_curve) {
        (Some(a), Some(b)) if a != b => return Err(KeyRefusal::damaged("it names two curves")),
        (Some(a), _) | (None, Some(a)) => a,
        (None, None) => return Err(KeyRefusal::NoCurve),
    };
    let claimed = match public {
        Some(p) => {
            let mut inside = fields(p);
            let bits = inside.expect(der::BIT_STRING).map_err(broken)?;
            inside.end().map_err(broken)?;
            Some(bit_string(bits.content)?)
        }
        None => None,
    };
    let size: usize = if algorithm == KeyAlgorithm::P256 { 32 } else { 48 };
    // Some writers drop leading zeros (RFC 5915 3 wants them), some add one.
    let digits = magnitude(scalar.content);
    let padding = size.checked_sub(digits.len()).ok_or_else(|| KeyRefusal::damaged("it is too long for its curve"))?;
    let mut scalar = Zeroizing::new(vec![0; size]);
    scalar[padding..].copy_from_slice(digits);
    let point = match &claimed {
        // ring compares it with the private half.
        Some(point) if point.first() == Some(&4) => point.clone(),
        _ => public_half::of(algorithm, &scalar).ok_or_else(|| KeyRefusal::damaged("it is not on its curve"))?,
    };
    let public = der::tlv(der::BIT_STRING, &[&[0], &point[..]].concat());
    let inner = secret_tlv(
        der::SEQUENCE,
        &[
            &[der::INTEGER, 1, 1],
            &secret_tlv(der::OCTET_STRING, &[&scalar]),
            &der::tlv(der::context_constructed(1), &public),
        ],
    );
    let pkcs8 = private_key_info(algorithm_identifier(algorithm), &[&inner]);
    Ok(Parts { algorithm: Family::Curve(algorithm), pkcs8, claimed: claimed.map(|c| public_half::expanded(c, &point)) })
}

/// CurvePrivateKey (RFC 8410 7).
fn ed25519(inner: &[u8]) -> Result<Parts, KeyRefusal> {
    let mut reader = Reader::new(inner, "the key");
    let seed = reader.expect(der::OCTET_STRING).map_err(broken)?;
    reader.end().map_err(broken)?;
    if seed.content.len() != ED25519_SEED {
        return Err(KeyRefusal::damaged("an Ed25519 key has 32 octets"));
    }
    let pkcs8 = private_key_info(algorithm_identifier(KeyAlgorithm::Ed25519), &[seed.whole]);
    Ok(Parts { algorithm: Family::Ed25519, pkcs8, claimed: None })
}

fn bit_string(content: &[u8]) -> Result<Vec<u8>, KeyRefusal> {
    match content.split_first() {
        Some((0, octets)) => Ok(octets.to_vec()),
        _ => Err(KeyRefusal::damaged("its public key has unused bits")),
    }
}

fn private_key_info(algorithm: &[u8], key: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    secret_tlv(der::SEQUENCE, &[&[der::INTEGER, 1, 0], algorithm, &secret_tlv(der::OCTET_STRING, key)])
}

/// One value of parts that are DER already, written once and without growing: no copy stays behind.
fn secret_tlv(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = parts.iter().map(|p| p.len()).sum();
    let header = der::header(tag, length);
    let mut out = Zeroizing::new(Vec::with_capacity(header.len() + length));
    out.extend_from_slice(&header);
    parts.iter().for_each(|p| out.extend_from_slice(p));
    out
}
