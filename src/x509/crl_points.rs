use super::der::{self, Reader};
use super::issuing_point::{ALL_REASONS, FullNames, read_reasons};
use super::{TbsFacts, X509Error, oid};
use std::collections::HashMap;

/// The distribution points of a certificate: each name that its CRLs may lie under, and the reasons that are found there
/// (RFC 5280 4.2.1.13, 6.3.3 (d)). Points of other issuers' CRLs, which are indirect, are left out.
pub(crate) struct CrlPoints<'a>(HashMap<&'a [u8], u16>);

impl<'a> CrlPoints<'a> {
    /// Of a certificate; none where it has no such extension.
    ///
    /// # Errors
    /// [`X509Error`] when the extension cannot be read.
    pub fn of(certificate: &'a TbsFacts) -> Result<Self, X509Error> {
        let mut all = HashMap::new();
        let Some(extension) = certificate.extension(oid::CRL_DISTRIBUTION_POINTS) else { return Ok(CrlPoints(all)) };
        let mut outer = Reader::new(&extension.value, "the certificate");
        let sequence = outer.expect(der::SEQUENCE)?;
        let mut list = outer.inside(sequence);
        while !list.is_empty() {
            let point = list.expect(der::SEQUENCE)?;
            let mut fields = list.inside(point);
            let name = fields.optional(der::context_constructed(0))?;
            let reasons = fields.optional(der::context(1))?.map_or(ALL_REASONS, |v| read_reasons(v.content));
            let elsewhere = fields.optional(der::context_constructed(2))?.is_some();
            for name in name.iter().flat_map(|name| FullNames::of(name.content)) {
                let name = name?;
                if !elsewhere {
                    *all.entry(name.whole).or_default() |= reasons;
                }
            }
        }
        Ok(CrlPoints(all))
    }

    /// The reasons that are found under a name, as encoded; nothing where the certificate does not name it.
    pub fn reasons_at(&self, name: &[u8]) -> Option<u16> {
        self.0.get(name).copied()
    }

    /// The names, as encoded.
    pub fn names(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.0.keys().copied()
    }
}
