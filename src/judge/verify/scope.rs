//! Which certificates a CRL speaks of: issuingDistributionPoint (RFC 5280 5.2.5, 6.3.3 (b)).

use super::CrlProblem;
use crate::x509::der::{self, Reader};
use crate::x509::{Crl, TbsFacts, X509Error, oid};
use std::collections::HashSet;

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
const PROCESSED: [&[u64]; 8] = [
    oid::AUTHORITY_KEY_ID,
    oid::CRL_NUMBER,
    oid::AUTHORITY_INFO_ACCESS,
    ISSUING_POINT,
    DELTA,
    FRESHEST,
    ISSUER_ALT_NAME,
    EXPIRED_CERTS,
];

/// Every reason but `unspecified`, bit n for bit n of ReasonFlags (RFC 5280 4.2.1.13).
pub(super) const ALL_REASONS: u16 = 0b1_1111_1110;

/// The number of the complete CRL that a delta CRL builds on; nothing for a complete one.
pub(super) fn base_of(crl: &Crl) -> Option<Result<Vec<u8>, CrlProblem>> {
    let value = &crl.extensions.iter().find(|e| e.oid.arcs() == DELTA)?.value;
    Some(number(value).map_err(|_| CrlProblem::MalformedScope))
}

/// An INTEGER from 0 on, without leading zeros.
fn number(value: &[u8]) -> Result<Vec<u8>, X509Error> {
    let mut outer = Reader::new(value, "the CRL");
    let content = outer.expect(der::INTEGER)?.content;
    outer.end()?;
    if content.first().is_none_or(|b| b & 0x80 != 0) {
        return Err(outer.fail("a number that is negative"));
    }
    Ok(content.iter().copied().skip_while(|b| *b == 0).collect())
}

/// What the CRL speaks of, as encoded: that of a delta CRL and its base is one (RFC 5280 5.2.4).
pub(super) fn of(crl: &Crl) -> Option<&[u8]> {
    crl.extensions.iter().find(|e| e.oid.arcs() == ISSUING_POINT).map(|e| e.value.as_slice())
}

/// The extensions of a CRL that is of use: numbered, each once, and nothing critical that is not known.
pub(super) fn check_extensions(crl: &Crl) -> Result<(), CrlProblem> {
    let find = |arcs: &[u64]| crl.extensions.iter().find(|e| e.oid.arcs() == arcs);
    let mut seen = HashSet::new();
    if let Some(e) = crl.extensions.iter().find(|e| !seen.insert(e.oid.arcs())) {
        return Err(CrlProblem::Repeated(e.oid.clone()));
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
    let reasons = point.reasons.unwrap_or(ALL_REASONS);
    let Some(names) = point.names else { return Ok(reasons) };
    let own = points_of(certificate).map_err(|_| CrlProblem::MalformedScope)?;
    let met = own.iter().filter(|p| p.names.iter().any(|name| names.contains(name)));
    // Each point of the certificate tells which reasons are found there (6.3.3 (d)).
    match met.map(|p| p.reasons & reasons).reduce(|all, more| all | more) {
        None => Err(CrlProblem::OtherPoint),
        Some(reasons) => Ok(reasons),
    }
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

/// A distribution point of a certificate as read.
struct Point<'a> {
    names: Vec<&'a [u8]>,
    reasons: u16,
}

/// The distribution points of a certificate, without those where another issuer's CRLs lie, which are indirect.
fn points_of(certificate: &TbsFacts) -> Result<Vec<Point<'_>>, X509Error> {
    let Some(extension) = certificate.extension(oid::CRL_DISTRIBUTION_POINTS) else { return Ok(Vec::new()) };
    let mut outer = Reader::new(&extension.value, "the certificate");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut list = outer.inside(sequence);
    let mut points = Vec::new();
    while !list.is_empty() {
        let point = list.expect(der::SEQUENCE)?;
        let mut fields = list.inside(point);
        let names = match fields.optional(der::context_constructed(0))? {
            Some(name) => full_names(&mut fields.inside(name))?,
            None => Vec::new(),
        };
        let reasons = fields.optional(der::context(1))?.map_or(ALL_REASONS, |v| bits(v.content));
        let elsewhere = fields.optional(der::context_constructed(2))?.is_some();
        if !elsewhere {
            points.push(Point { names, reasons });
        }
    }
    Ok(points)
}

/// A named bit list, bit n for bit n.
fn bits(content: &[u8]) -> u16 {
    let octets = content.get(1..).unwrap_or_default();
    (0..16).filter(|n| octets.get(n / 8).is_some_and(|b| b >> (7 - n % 8) & 1 == 1)).fold(0, |all, n| all | 1 << n)
}
