//! Which certificates a CRL speaks of: issuingDistributionPoint (RFC 5280 5.2.5, 6.3.3 (b)).

use super::CrlProblem;
use crate::x509::der::{self, Reader};
use crate::x509::{Crl, TbsFacts, X509Error, oid};

/// issuingDistributionPoint
const ISSUING_POINT: &[u64] = &[2, 5, 29, 28];
/// deltaCRLIndicator
const DELTA: &[u64] = &[2, 5, 29, 27];
/// freshestCRL
const FRESHEST: &[u64] = &[2, 5, 29, 46];
/// issuerAltName
const ISSUER_ALT_NAME: &[u64] = &[2, 5, 29, 18];
/// ExpiredCertsOnCRL (X.509 9.5.2.8)
const EXPIRED_CERTS: &[u64] = &[2, 5, 29, 60];
/// Extensions of a CRL that are processed, or cannot change the answer.
const PROCESSED: [&[u64]; 7] = [
    oid::AUTHORITY_KEY_ID,
    oid::CRL_NUMBER,
    oid::AUTHORITY_INFO_ACCESS,
    ISSUING_POINT,
    FRESHEST,
    ISSUER_ALT_NAME,
    EXPIRED_CERTS,
];

/// Every reason but `unspecified`, bit n for bit n of ReasonFlags (RFC 5280 4.2.1.13).
pub(super) const ALL_REASONS: u16 = 0b1_1111_1110;

/// The extensions of a CRL that is of use by itself: complete, numbered, and nothing critical that is not known.
pub(super) fn check_extensions(crl: &Crl) -> Result<(), CrlProblem> {
    let find = |arcs: &[u64]| crl.extensions.iter().find(|e| e.oid.arcs() == arcs);
    if find(DELTA).is_some() {
        return Err(CrlProblem::Delta);
    }
    match find(oid::CRL_NUMBER) {
        None => return Err(CrlProblem::NoNumber),
        Some(e) if e.critical => return Err(CrlProblem::CriticalNumber),
        Some(_) => {}
    }
    if let Some(e) = crl.extensions.iter().find(|e| e.critical && !PROCESSED.contains(&e.oid.arcs())) {
        return Err(CrlProblem::UnknownCritical(e.oid.clone()));
    }
    Ok(())
}

/// Whether the CRL speaks of a certificate, and of which reasons.
pub(in crate::judge) fn reasons_for(crl: &Crl, certificate: &TbsFacts) -> Result<u16, CrlProblem> {
    let Some(point) = crl.extensions.iter().find(|e| e.oid.arcs() == ISSUING_POINT) else { return Ok(ALL_REASONS) };
    let point = IssuingPoint::read(&point.value).map_err(|_| CrlProblem::MalformedScope)?;
    if point.indirect {
        return Err(CrlProblem::Indirect);
    }
    let ca = certificate.is_ca();
    if point.attributes_only || ca && point.users_only || !ca && point.cas_only {
        return Err(CrlProblem::OtherKind);
    }
    if let Some(names) = point.names {
        let own = points_of(certificate).map_err(|_| CrlProblem::MalformedScope)?;
        if !own.iter().any(|name| names.contains(name)) {
            return Err(CrlProblem::OtherPoint);
        }
    }
    Ok(point.reasons.unwrap_or(ALL_REASONS))
}

/// issuingDistributionPoint as read.
struct IssuingPoint<'a> {
    /// The full names of its point, as encoded; nothing where it has no point. Names relative to the issuer equal nothing.
    names: Option<Vec<&'a [u8]>>,
    users_only: bool,
    cas_only: bool,
    attributes_only: bool,
    indirect: bool,
    reasons: Option<u16>,
}

impl<'a> IssuingPoint<'a> {
    fn read(value: &'a [u8]) -> Result<Self, X509Error> {
        let mut outer = Reader::new(value, "the CRL");
        let sequence = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut fields = outer.inside(sequence);
        let point = fields.optional(der::context_constructed(0))?;
        let names = match point {
            Some(point) => Some(full_names(&mut fields.inside(point))?),
            None => None,
        };
        let flag = |fields: &mut Reader<'a>, tag| -> Result<bool, X509Error> {
            Ok(fields.optional(der::context(tag))?.is_some_and(|v| v.content != [0]))
        };
        let users_only = flag(&mut fields, 1)?;
        let cas_only = flag(&mut fields, 2)?;
        let reasons = fields.optional(der::context(3))?.map(|v| bits(v.content));
        let indirect = flag(&mut fields, 4)?;
        let attributes_only = flag(&mut fields, 5)?;
        fields.end()?;
        Ok(IssuingPoint { names, users_only, cas_only, attributes_only, indirect, reasons })
    }
}

/// The names of a DistributionPointName, each as encoded.
fn full_names<'a>(name: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, X509Error> {
    let Some(full) = name.optional(der::context_constructed(0))? else { return Ok(Vec::new()) };
    let mut list = name.inside(full);
    let mut names = Vec::new();
    while !list.is_empty() {
        names.push(list.any()?.whole);
    }
    Ok(names)
}

/// The names of the distribution points of a certificate.
fn points_of(certificate: &TbsFacts) -> Result<Vec<&[u8]>, X509Error> {
    let Some(extension) = certificate.extension(oid::CRL_DISTRIBUTION_POINTS) else { return Ok(Vec::new()) };
    let mut outer = Reader::new(&extension.value, "the certificate");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut points = outer.inside(sequence);
    let mut names = Vec::new();
    while !points.is_empty() {
        let point = points.expect(der::SEQUENCE)?;
        let mut fields = points.inside(point);
        if let Some(name) = fields.optional(der::context_constructed(0))? {
            names.extend(full_names(&mut fields.inside(name))?);
        }
    }
    Ok(names)
}

/// A named bit list, bit n for bit n.
fn bits(content: &[u8]) -> u16 {
    let octets = content.get(1..).unwrap_or_default();
    (0..16).filter(|n| octets.get(n / 8).is_some_and(|b| b >> (7 - n % 8) & 1 == 1)).fold(0, |all, n| all | 1 << n)
}
