//! Rules about a whole file: what its certificates and CRLs are to one another.

use super::shelf::Shelf;
use crate::judge::verify::check_kind;
use crate::policy::{Audience, Finding, chain_rules, find};
use crate::x509::{Certificate, Crl, CrlPoints, IssuingPoint, NameKey, oid};
use std::collections::{HashMap, HashSet};

/// So many CRLs of one issuer are looked at for a distribution point.
const CRLS_OF_ONE: usize = 16;
/// CRLs with more names than these, which nobody makes, are taken to be for any certificate: the names have to be held.
const MOST_NAMES: usize = 1_000_000;

fn finding(audience: &Audience, rule: &str, message: String) -> Option<Finding> {
    find(rule)?.finding(audience, message, None)
}

/// Which serial numbers of which issuers were seen, and in which certificate first.
#[derive(Default)]
pub(super) struct Serials(HashMap<(NameKey, Vec<u8>), (usize, [u8; 32])>);

impl Serials {
    /// Whether another certificate of the same issuer has the serial number; the same one twice is no matter.
    pub fn check(
        &mut self,
        shelf: &Shelf,
        place: usize,
        number: usize,
        certificate: &Certificate,
        audience: &Audience,
    ) -> Option<Finding> {
        let digest = shelf.fingerprint(place);
        let serial: Vec<u8> = certificate.raw_serial.iter().take(64).copied().collect();
        let key = (shelf.issuer_name(place)?, serial);
        let (first, other) = *self.0.entry(key).or_insert((number, digest));
        if other == digest {
            return None;
        }
        let message = format!("it has the serial number of object {first}, which the same issuer issued");
        finding(audience, chain_rules::SERIAL, message)
    }
}

/// A leaf that stands behind its issuer, in a file that is a chain: one with a single leaf.
pub(super) fn order(leaf: usize, issuer: usize, audience: &Audience) -> Option<Finding> {
    let message =
        format!("it stands behind its issuer, object {issuer}: who sends the file in this order sends the CA first");
    (issuer < leaf).then(|| finding(audience, chain_rules::ORDER, message)).flatten()
}

/// CRLs by the name of their issuer.
pub(super) struct CrlsByIssuer(HashMap<NameKey, Vec<usize>>);

/// What the CRLs of one issuer cover. Each is read once, and each of their names stands once: a file may have many
/// certificates, CRLs with many names, and certificates with many.
pub(super) struct Scopes<'a> {
    points: Vec<IssuingPoint<'a>>,
    /// The names of their distribution points, as encoded.
    names: HashSet<&'a [u8]>,
}

impl<'a> Scopes<'a> {
    /// Nothing unless each of the CRLs is for a distribution point: one that is for any speaks of every certificate.
    fn of(crls: &[&'a Crl]) -> Option<Self> {
        let mut all = Scopes { points: Vec::new(), names: HashSet::new() };
        for crl in crls {
            let point = IssuingPoint::of(crl)?.ok()?;
            for name in point.names()? {
                all.names.insert(name.ok()?.whole);
                if all.names.len() > MOST_NAMES {
                    return None;
                }
            }
            all.points.push(point);
        }
        Some(all)
    }

    /// Whether each of the CRLs would list a certificate, were it not for another distribution point.
    fn are_elsewhere(&self, certificate: &Certificate) -> bool {
        let Ok(own) = CrlPoints::of(certificate) else { return false };
        let fit = self.points.iter().all(|point| check_kind(point, certificate).is_ok());
        fit && own.names().all(|name| !self.names.contains(name))
    }
}

impl CrlsByIssuer {
    pub fn new(crls: &[Crl]) -> Self {
        let mut all: HashMap<NameKey, Vec<usize>> = HashMap::new();
        for (n, crl) in crls.iter().enumerate() {
            all.entry(crl.issuer.key()).or_default().push(n);
        }
        CrlsByIssuer(all)
    }

    /// What the CRLs of each issuer cover, by its name, where each of them is for a distribution point.
    pub fn scopes<'a>(&self, crls: &'a [Crl]) -> HashMap<NameKey, Scopes<'a>> {
        let of = |places: &Vec<usize>| {
            let crls: Vec<&Crl> = places.iter().take(CRLS_OF_ONE).map(|n| &crls[*n]).collect();
            Scopes::of(&crls)
        };
        self.0.iter().filter_map(|(name, places)| Some((*name, of(places)?))).collect()
    }

    /// CRLs of one issuer and scope of which a newer one has no greater number: the place of the newer one, and why.
    pub fn numbers(&self, crls: &[Crl], audience: &Audience) -> Vec<(usize, Finding)> {
        let mut found = Vec::new();
        for places in self.0.values() {
            let mut all: Vec<(usize, &Crl)> = places.iter().map(|n| (*n, &crls[*n])).collect();
            all.sort_by(|(_, a), (_, b)| scope(a).cmp(&scope(b)).then(a.this_update.cmp(&b.this_update)));
            for pair in all.windows(2) {
                let ((_, before), (place, after)) = (pair[0], pair[1]);
                let (Some(old), Some(new)) = (&before.number, &after.number) else { continue };
                let rises = (old.len(), old) < (new.len(), new);
                if scope(before) == scope(after) && !rises && before.der() != after.der() {
                    let message = format!(
                        "the CRL of {} has no greater number than the one of {} from the same issuer",
                        after.this_update, before.this_update
                    );
                    found.extend(finding(audience, chain_rules::CRL_NUMBER, message).map(|f| (place, f)));
                }
            }
        }
        found
    }
}

/// Whether there are CRLs of a certificate's issuer and each is for another distribution point than its own.
pub(super) fn points(scopes: &Scopes<'_>, certificate: &Certificate, audience: &Audience) -> Option<Finding> {
    if !scopes.are_elsewhere(certificate) {
        return None;
    }
    let message = "every CRL of its issuer here is for a distribution point that the certificate does not name";
    finding(audience, chain_rules::CRL_POINT, message.to_string())
}

/// What a CRL is for, as encoded: CRLs with one scope share their numbers. A delta shares those of the complete ones, and
/// comes with the same number as one of them, so it is not compared with them.
fn scope(crl: &Crl) -> Vec<&[u8]> {
    let value = |arcs: &[u64]| crl.extensions.iter().find(|e| e.oid.arcs() == arcs);
    let mut all: Vec<&[u8]> = value(oid::ISSUING_POINT).into_iter().map(|e| e.value.as_slice()).collect();
    if value(oid::DELTA_CRL_INDICATOR).is_some() {
        all.push(b"delta");
    }
    all
}
