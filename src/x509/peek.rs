use super::X509Error;
use super::der::{self, Reader};

/// Where the public key of a certificate lies, without reading the rest of it: its SubjectPublicKeyInfo in DER. Whoever
/// counts the keys of a million certificates has no time for their names.
///
/// # Errors
/// [`X509Error`] when it does not begin as a certificate does.
pub fn public_key_of(certificate: &[u8]) -> Result<&[u8], X509Error> {
    let mut outer = Reader::new(certificate, "the certificate");
    let whole = outer.expect(der::SEQUENCE)?;
    let mut parts = outer.inside(whole);
    let tbs = parts.expect(der::SEQUENCE)?;
    let mut fields = parts.inside(tbs);
    if fields.peek() == Some(der::context_constructed(0)) {
        fields.any()?;
    }
    // serialNumber, signature, issuer, validity, subject
    for tag in [der::INTEGER, der::SEQUENCE, der::SEQUENCE, der::SEQUENCE, der::SEQUENCE] {
        fields.expect(tag)?;
    }
    Ok(fields.expect(der::SEQUENCE)?.whole)
}

/// The three parts of a certificate where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedParts<'a> {
    /// The to-be-signed bytes.
    pub tbs: &'a [u8],
    /// The AlgorithmIdentifier in DER.
    pub algorithm: &'a [u8],
    /// The octets of the signature.
    pub signature: &'a [u8],
}

/// Finds the three parts of a certificate without reading them.
///
/// # Errors
/// [`X509Error`] when it is not made of these.
pub fn signed_parts_of(certificate: &[u8]) -> Result<SignedParts<'_>, X509Error> {
    let mut outer = Reader::new(certificate, "the certificate");
    let whole = outer.expect(der::SEQUENCE)?;
    let mut parts = outer.inside(whole);
    let tbs = parts.expect(der::SEQUENCE)?;
    let algorithm = parts.expect(der::SEQUENCE)?;
    match parts.expect(der::BIT_STRING)?.content.split_first() {
        Some((0, signature)) => Ok(SignedParts { tbs: tbs.whole, algorithm: algorithm.whole, signature }),
        _ => Err(parts.fail("a signature with unused bits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_key_that_the_whole_reading_finds() {
        for der in [
            &include_bytes!("../../tests/golden/root-ed25519.der")[..],
            include_bytes!("../../tests/golden/server-rsa.der"),
        ] {
            let read = crate::x509::read_certificate(der).unwrap();
            assert_eq!(public_key_of(der).unwrap(), read.public_key);
            let (tbs, algorithm) = (&read.facts().der[..], read.outer_algorithm());
            let parts = SignedParts { tbs, algorithm, signature: read.signature() };
            assert_eq!(signed_parts_of(der).unwrap(), parts);
            for end in 0..der.len() {
                assert!(public_key_of(&der[..end]).is_err() && signed_parts_of(&der[..end]).is_err());
            }
        }
    }
}
