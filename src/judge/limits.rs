//! What CAs impose on everything below them: how deep, which names, what for.

use super::names::{self, Budget};
use super::{Violation, shown};
use crate::x509::{Certificate, TbsFacts};

/// pathLenConstraint of every CA (RFC 5280 6.1.4 (l), (m)). `path` runs downward from the anchor and holds CAs only;
/// those that are self-issued do not count.
pub(super) fn check_path_lengths<'a>(path: impl Iterator<Item = &'a TbsFacts>) -> Result<(), Violation> {
    let mut tightest: Option<(u32, &TbsFacts, u32)> = None;
    for ca in path {
        if let Some((left, issuer, limit)) = tightest
            && !ca.is_self_issued()
        {
            let Some(left) = left.checked_sub(1) else {
                let (certificate, issuer) = (shown::certificate(ca), shown::certificate(issuer));
                return Err(Violation::PathLength { certificate, issuer, limit });
            };
            tightest = Some((left, issuer, limit));
        }
        if let Some(own) = ca.basic_constraints.and_then(|b| b.path_len)
            && tightest.is_none_or(|(left, ..)| own < left)
        {
            tightest = Some((own, ca, own));
        }
    }
    Ok(())
}

/// The name constraints of every issuer on the intermediates below it. Self-issued ones are exempt (RFC 5280 6.1.3 (b)).
pub(super) fn check_names_of_issuers(issuers: &[&Certificate], budget: &mut Budget) -> Result<(), Violation> {
    for (depth, issuer) in issuers.iter().enumerate() {
        for below in issuers.iter().take(depth).filter(|c| !c.is_self_issued()) {
            check_names_under(below, issuer, budget)?;
        }
    }
    Ok(())
}

/// The name constraints of every issuer on the certificate at the end, which is never exempt (RFC 5280 6.1.3 (b), (c)).
pub(super) fn check_names_of_end(
    end: &TbsFacts,
    issuers: &[&Certificate],
    budget: &mut Budget,
) -> Result<(), Violation> {
    issuers.iter().try_for_each(|issuer| check_names_under(end, issuer, budget))
}

/// The name constraints of one CA on one certificate below it.
pub(super) fn check_names_under(child: &TbsFacts, issuer: &TbsFacts, budget: &mut Budget) -> Result<(), Violation> {
    let Some(constraints) = &issuer.name_constraints else { return Ok(()) };
    let names = child.names.as_deref().unwrap_or_default();
    names::check_within(constraints, &child.subject, names, budget).map_err(|problem| Violation::NameConstraints {
        certificate: shown::certificate(child),
        issuer: shown::certificate(issuer),
        problem,
    })
}

/// Each purpose of the certificate at the end is a purpose of every issuer that names its own. One that names none may
/// do whatever the issuers may; anyExtendedKeyUsage at the end is more than a limited issuer has (RFC 5280 4.2.1.12).
pub(super) fn check_purposes(end: &TbsFacts, issuers: &[&Certificate]) -> Result<(), Violation> {
    for issuer in issuers {
        if let Some(purpose) = end.purposes_beyond(issuer).first() {
            return Err(Violation::ExtendedKeyUsage {
                certificate: shown::certificate(end),
                issuer: shown::certificate(issuer),
                purpose: (*purpose).clone(),
            });
        }
    }
    Ok(())
}
