//! What every certificate of a path must have by itself, beside its form (RFC 5280 4.2).

use super::Refusal;
use crate::judge::domain::PresentedDomain;
use crate::judge::{Violation, form, link, shown};
use crate::model::Timestamp;
use crate::x509::{Certificate, GeneralName, TbsFacts, oid};

/// What must hold of each certificate of a path by itself. Policies are processed.
pub(super) fn check_form(facts: &TbsFacts) -> Result<(), Violation> {
    form::check_processing(facts, form::POLICIES)
}

/// A certificate above others: well formed, a CA's, and named by its key.
pub(super) fn check_issuer(issuer: &TbsFacts) -> Result<(), Refusal> {
    check_form(issuer)?;
    link::check_role(issuer)?;
    if issuer.subject_key_id.is_none() {
        return Err(Refusal::NoSubjectKeyId { certificate: shown::certificate(issuer) });
    }
    check_names(issuer)
}

/// Where it stands below another one.
///
/// A self-signed certificate may leave the key identifier out, and no other one: one that was signed with another key of
/// its own name, or by another issuer of that name, has it.
pub(super) fn check_below(child: &TbsFacts, issuer: &TbsFacts) -> Result<(), Refusal> {
    if child.authority_key_id.is_none() && child.public_key != issuer.public_key {
        return Err(Refusal::NoAuthorityKeyId { certificate: shown::certificate(child) });
    }
    Ok(())
}

/// A trust anchor: valid, and a root says critically that it is a CA. Who issued it does not matter (RFC 5280 6.1.1 (d)).
pub(super) fn check_anchor(anchor: &Certificate, at: Timestamp) -> Result<(), Refusal> {
    link::check_time(anchor, at)?;
    if anchor.is_self_issued() && anchor.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| !e.critical) {
        return Err(Refusal::RootConstraints { certificate: shown::certificate(anchor) });
    }
    Ok(())
}

/// Every name of subjectAltName is a name of its type. An underscore is none in a host name (RFC 5280 4.2.1.6, RFC 1034
/// 3.5), and whoever compares names must not have to guess.
pub(super) fn check_names(facts: &TbsFacts) -> Result<(), Refusal> {
    for name in facts.names.iter().flatten() {
        let problem = match name {
            GeneralName::Dns(text) if text.contains('_') => Some("an underscore stands in no host name"),
            GeneralName::Dns(text) => PresentedDomain::read(text).is_none().then_some("it is not a domain name"),
            GeneralName::Ip(octets) => (!matches!(octets.len(), 4 | 16)).then_some("an address has 4 or 16 octets"),
            GeneralName::Email(text) => {
                let whole = text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
                (!whole || !text.is_ascii()).then_some("it is not a mailbox in ASCII")
            }
            GeneralName::Uri(text) => {
                let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
                let letters = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
                let good = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(letters);
                (!good || !text.bytes().all(|b| b.is_ascii_graphic())).then_some("it is not an absolute URI in ASCII")
            }
            GeneralName::Directory(_) | GeneralName::Other(_) => None,
        };
        if let Some(problem) = problem {
            let (certificate, name) = (shown::certificate(facts), shown::general_name(name));
            return Err(Refusal::MalformedName { certificate, name, problem });
        }
    }
    Ok(())
}
