use super::KeyRefusal;
use super::container::dsa;
use super::forms::{DSA, EC_PUBLIC_KEY, ED25519, PUBLIC_EXPONENT, RSA_ENCRYPTION, curve, elsewhere};
use crate::x509::der::{self, Reader};
use crate::x509::{X509Error, public_key_bits};

/// The least bits of an RSA modulus (NIST SP 800-131A 3).
const LEAST_RSA_BITS: usize = 2048;
/// The most that signatures are checked with here: ring takes no more.
const MOST_RSA_BITS: usize = 8192;
const WHAT: &str = "its public key";

/// Checks that somebody else's public key, a SubjectPublicKeyInfo in DER, is of an algorithm and a size that is
/// certified: P-256, P-384, Ed25519, or RSA of 2048 to 8192 bits in whole octets with the exponent 65537 (RFC 8017 3.1,
/// NIST SP 800-131A 3, CABF TLS BR 6.1.5 and 6.1.6). Whether an EC point is on its curve shows when a signature is checked.
///
/// # Errors
/// [`KeyRefusal`], which names what it is.
pub fn check_public_key(spki: &[u8]) -> Result<(), KeyRefusal> {
    let broken = |e: X509Error| KeyRefusal::damaged(e);
    let bits = public_key_bits(spki).map_err(broken)?;
    let mut outer = Reader::new(spki, WHAT);
    let sequence = outer.expect(der::SEQUENCE).map_err(broken)?;
    let mut inner = outer.inside(sequence);
    let algorithm = inner.expect(der::SEQUENCE).map_err(broken)?;
    let mut fields = inner.inside(algorithm);
    let name = fields.expect(der::OID).map_err(broken)?;
    let name = der::read_oid(name.content).map_or_else(|| "unknown".into(), |o| o.to_string());
    let parameters = if fields.is_empty() { None } else { Some(fields.any().map_err(broken)?) };
    fields.end().map_err(broken)?;
    match name.as_str() {
        RSA_ENCRYPTION => check_rsa(bits),
        EC_PUBLIC_KEY => curve(parameters).map(drop),
        ED25519 => Ok(()),
        DSA => Err(dsa()),
        other => Err(elsewhere(other)),
    }
}

/// RSAPublicKey (RFC 8017 A.1.1).
fn check_rsa(bits: &[u8]) -> Result<(), KeyRefusal> {
    let broken = |e: X509Error| KeyRefusal::damaged(e);
    let mut outer = Reader::new(bits, WHAT);
    let sequence = outer.expect(der::SEQUENCE).map_err(broken)?;
    outer.end().map_err(broken)?;
    let mut fields = outer.inside(sequence);
    let modulus = magnitude(fields.expect(der::INTEGER).map_err(broken)?.content)?;
    let exponent = magnitude(fields.expect(der::INTEGER).map_err(broken)?.content)?;
    fields.end().map_err(broken)?;
    let size = modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize);
    if !(LEAST_RSA_BITS..=MOST_RSA_BITS).contains(&size) || !size.is_multiple_of(8) {
        return Err(KeyRefusal::ForeignRsaBits(size));
    }
    if exponent != PUBLIC_EXPONENT {
        return Err(KeyRefusal::exponent(exponent));
    }
    Ok(())
}

/// The octets of a positive INTEGER without its sign octet.
fn magnitude(content: &[u8]) -> Result<&[u8], KeyRefusal> {
    match content {
        [] | [0x80..=0xff, ..] => Err(KeyRefusal::damaged("a number in it is negative")),
        [0, rest @ ..] => Ok(rest),
        all => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::PrivateKey;
    use crate::model::KeyAlgorithm;
    use crate::x509::algorithm_identifier;

    fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let key =
            der::constructed(der::SEQUENCE, &[&der::tlv(der::INTEGER, modulus), &der::tlv(der::INTEGER, exponent)]);
        spki(algorithm_identifier(KeyAlgorithm::Rsa2048), &key)
    }

    fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
        der::constructed(der::SEQUENCE, &[algorithm, &der::tlv(der::BIT_STRING, &[&[0], key].concat())])
    }

    /// A modulus of so many octets, its highest bit as told.
    fn modulus(octets: usize, highest: u8) -> Vec<u8> {
        [&[0, highest][..], &vec![0xff; octets - 1]].concat()
    }

    #[test]
    fn keys_that_are_certified() {
        for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519] {
            check_public_key(PrivateKey::generate(algorithm).unwrap().public_key()).unwrap();
        }
        for octets in [256, 257, 384, 512, 1024] {
            check_public_key(&rsa(&modulus(octets, 0x80), &PUBLIC_EXPONENT)).unwrap();
        }
    }

    #[test]
    fn keys_that_are_not() {
        let says = |spki: &[u8], words: &str| {
            let said = check_public_key(spki).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        };
        says(&rsa(&modulus(128, 0x80), &PUBLIC_EXPONENT), "1024 bits");
        says(&rsa(&modulus(256, 0x80)[1..], &PUBLIC_EXPONENT), "negative");
        says(&rsa(&[&[0x40][..], &[0xff; 256]].concat(), &PUBLIC_EXPONENT), "2055 bits");
        says(&rsa(&modulus(1025, 0x80), &PUBLIC_EXPONENT), "8200 bits");
        for (exponent, shown) in [(&[1][..], "exponent 1,"), (&[3], "exponent 3,"), (&[1, 0, 2], "65538"), (&[0], "0,")]
        {
            says(&rsa(&modulus(256, 0x80), exponent), shown);
        }
        says(&rsa(&modulus(256, 0x80), &[0x7f; 9]), "of 72 bits");
        says(&rsa(&modulus(256, 0x80), &[0xff]), "negative");
        let algorithm = |oid: &str, parameters: &[u8]| {
            der::constructed(der::SEQUENCE, &[&der::oid(&oid.parse().unwrap()), parameters])
        };
        let ec = |parameters: &[u8]| spki(&algorithm(EC_PUBLIC_KEY, parameters), &[4; 65]);
        says(&ec(&der::oid(&"1.3.132.0.35".parse().unwrap())), "a p521 key");
        says(&ec(&der::tlv(der::SEQUENCE, &[])), "explicit parameters");
        says(&ec(&[]), "does not name its curve");
        says(&spki(&algorithm("1.3.101.113", &[]), &[4; 57]), "an Ed448 key");
        says(&spki(&algorithm(DSA, &[]), &[4; 57]), "DSA");
        says(&spki(&algorithm("1.2.3.4", &[]), &[4; 57]), "1.2.3.4");
        says(b"", "damaged");
    }
}
