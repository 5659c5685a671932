//! Bundles of certificates and CRLs in PKCS#7 (RFC 2315) and CMS (RFC 5652): what is in them, not who signed them.

use super::X509Error;
use super::der::{self, Reader};
use crate::model::Oid;

const WHAT: &str = "the PKCS#7 bundle";
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];

/// What signed data carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs7<'a> {
    /// Certificates in DER, in order.
    pub certificates: Vec<&'a [u8]>,
    /// CRLs in DER, in order.
    pub crls: Vec<&'a [u8]>,
    /// Certificates and CRLs of other kinds (attribute certificates and the like), which are not read.
    pub others: usize,
    /// How many signed it; none in a plain bundle.
    pub signers: usize,
}

impl<'a> Pkcs7<'a> {
    /// Reads a bundle in DER; nothing may follow it. The certificates and CRLs are not looked at, nor are signatures.
    ///
    /// # Errors
    /// [`X509Error`] when it is none, holds something else than signed data, or is in BER with indefinite lengths.
    pub fn read(bytes: &'a [u8]) -> Result<Self, X509Error> {
        let mut outer = Reader::new(bytes, WHAT);
        let info = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut info = outer.inside(info);
        let kind = der::read_oid(info.expect(der::OID)?.content).ok_or_else(|| info.fail("a broken OID"))?;
        if kind.arcs() != SIGNED_DATA {
            return Err(info.fail(&format!("content of the type {}, which is not signed data", shown(&kind))));
        }
        let explicit = info.expect(der::context_constructed(0))?;
        info.end()?;
        let mut content = info.inside(explicit);
        let signed = content.expect(der::SEQUENCE)?;
        content.end()?;
        let mut fields = content.inside(signed);
        fields.expect(der::INTEGER)?;
        fields.expect(der::SET)?;
        fields.expect(der::SEQUENCE)?;
        let mut found = Pkcs7 { certificates: Vec::new(), crls: Vec::new(), others: 0, signers: 0 };
        if let Some(set) = fields.optional(der::context_constructed(0))? {
            found.others += collect(&mut fields.inside(set), &mut found.certificates)?;
        }
        if let Some(set) = fields.optional(der::context_constructed(1))? {
            found.others += collect(&mut fields.inside(set), &mut found.crls)?;
        }
        let signers = fields.expect(der::SET)?;
        fields.end()?;
        let mut signers = fields.inside(signers);
        while !signers.is_empty() {
            signers.any()?;
            found.signers += 1;
        }
        Ok(found)
    }
}

fn collect<'a>(set: &mut Reader<'a>, into: &mut Vec<&'a [u8]>) -> Result<usize, X509Error> {
    let mut others = 0;
    while !set.is_empty() {
        let value = set.any()?;
        if value.tag == der::SEQUENCE { into.push(value.whole) } else { others += 1 }
    }
    Ok(others)
}

fn shown(kind: &Oid) -> String {
    match kind.arcs() {
        [1, 2, 840, 113549, 1, 7, 1] => "data".into(),
        [1, 2, 840, 113549, 1, 7, 3] => "enveloped data".into(),
        [1, 2, 840, 113549, 1, 7, 6] => "encrypted data".into(),
        _ => kind.to_string(),
    }
}
