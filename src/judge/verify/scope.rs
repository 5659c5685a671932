//! Which certificates a CRL speaks of: issuingDistributionPoint (RFC 5280 5.2.5, 6.3.3 (b)).

use super::CrlProblem;
use crate::x509::{ALL_REASONS, Crl, CrlPoints, IssuingPoint, TbsFacts, X509Error, oid};
use std::cell::OnceCell;
use std::collections::HashSet;

/// issuerAltName
const ISSUER_ALT_NAME: &[u64] = &[2, 5, 29, 18];
/// ExpiredCertsOnCRL (X.509 9.5.2.8)
const EXPIRED_CERTS: &[u64] = &[2, 5, 29, 60];
/// Extensions of a CRL that are processed, or cannot change the answer.
const PROCESSED: [&[u64]; 8] = [
    oid::AUTHORITY_KEY_ID,
    oid::CRL_NUMBER,
    oid::AUTHORITY_INFO_ACCESS,
    oid::ISSUING_POINT,
    oid::DELTA_CRL_INDICATOR,
    oid::FRESHEST_CRL,
    ISSUER_ALT_NAME,
    EXPIRED_CERTS,
];

/// What the CRL speaks of, as encoded: that of a delta CRL and its base is one (RFC 5280 5.2.4).
pub(super) fn of(crl: &Crl) -> Option<&[u8]> {
    crl.extensions.iter().find(|e| e.oid.arcs() == oid::ISSUING_POINT).map(|e| e.value.as_slice())
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

/// Whether a CRL of this scope may list a certificate, its distribution points left aside.
pub(in crate::judge) fn check_kind(point: &IssuingPoint<'_>, certificate: &TbsFacts) -> Result<(), CrlProblem> {
    if point.is_indirect() {
        return Err(CrlProblem::Indirect);
    }
    let ca = certificate.is_ca();
    if point.is_for_attributes() || ca && point.is_for_users() || !ca && point.is_for_cas() {
        return Err(CrlProblem::OtherKind);
    }
    Ok(())
}

/// Whether the CRL speaks of a certificate with these distribution points, and of which reasons.
pub(super) fn reasons_for(crl: &Crl, certificate: &TbsFacts, points: &LazyPoints<'_>) -> Result<u16, CrlProblem> {
    let malformed = |_| CrlProblem::MalformedScope;
    let Some(point) = IssuingPoint::of(crl).transpose().map_err(malformed)? else { return Ok(ALL_REASONS) };
    check_kind(&point, certificate)?;
    let Some(names) = point.names() else { return Ok(point.reasons()) };
    let own = points.get().as_ref().map_err(|_| CrlProblem::MalformedScope)?;
    let mut met = None;
    for name in names {
        if let Some(reasons) = own.reasons_at(name.map_err(malformed)?.whole) {
            met = Some(met.unwrap_or(0) | reasons);
        }
    }
    met.map(|reasons| reasons & point.reasons()).ok_or(CrlProblem::OtherPoint)
}

/// The distribution points of a certificate, read when a CRL makes them matter, and once for all CRLs.
pub(super) struct LazyPoints<'a> {
    certificate: &'a TbsFacts,
    read: OnceCell<Result<CrlPoints<'a>, X509Error>>,
}

impl<'a> LazyPoints<'a> {
    pub fn of(certificate: &'a TbsFacts) -> Self {
        LazyPoints { certificate, read: OnceCell::new() }
    }

    fn get(&self) -> &Result<CrlPoints<'a>, X509Error> {
        self.read.get_or_init(|| CrlPoints::of(self.certificate))
    }
}
