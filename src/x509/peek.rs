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

/// The three parts of a certificate where they lie: the to-be-signed bytes, the AlgorithmIdentifier in DER, and the
/// octets of the signature.
///
/// # Errors
/// [`X509Error`] when it is not made of these.
pub fn signed_parts_of(certificate: &[u8]) -> Result<(&[u8], &[u8], &[u8]), X509Error> {
    let mut outer = Reader::new(certificate, "the certificate");
    let whole = outer.expect(der::SEQUENCE)?;
    let mut parts = outer.inside(whole);
    let tbs = parts.expect(der::SEQUENCE)?;
    let algorithm = parts.expect(der::SEQUENCE)?;
    match parts.expect(der::BIT_STRING)?.content.split_first() {
        Some((0, signature)) => Ok((tbs.whole, algorithm.whole, signature)),
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
            let parts = (&read.facts().der[..], read.outer_algorithm(), read.signature());
            assert_eq!(signed_parts_of(der).unwrap(), parts);
            for end in 0..der.len() {
                assert!(public_key_of(&der[..end]).is_err() && signed_parts_of(&der[..end]).is_err());
            }
        }
    }
}
