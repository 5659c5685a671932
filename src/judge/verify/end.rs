//! What is asked of the certificate at the end: its form, time, purpose and names.

use super::work::Work;
use super::{Purpose, Question, Refusal, strict};
use crate::judge::{link, matches_host, shown};
use crate::model::{ExtendedKeyUsage, KeyUsage, SpiffeId, TrustDomain};
use crate::x509::{Certificate, GeneralName, TbsFacts};
use std::collections::HashSet;

/// So many names or purposes are told in one sentence.
const LISTED: usize = 5;

/// Everything that can be said without a path, the first thing that is wrong.
pub(super) fn check(end: &Certificate, question: &Question) -> Result<(), Refusal> {
    strict::check_form(end)?;
    link::check_time(end, question.at)?;
    check_kind(end, question)?;
    strict::check_names(end)?;
    check_purpose(end, question.purpose)?;
    check_host(end, question)?;
    check_mailbox(end, question)?;
    check_svid(end, question)
}

/// It is no CA's.
pub(super) fn check_kind(end: &TbsFacts, question: &Question) -> Result<(), Refusal> {
    if !end.is_ca() {
        return Ok(());
    }
    let svid = question.is_spiffe() || end.uris().any(|uri| read_id(uri).is_ok_and(|id| !id.path().is_empty()));
    Err(Refusal::CaAsLeaf { certificate: shown::certificate(end), svid })
}

/// It is for the host that was asked for.
pub(super) fn check_host(end: &TbsFacts, question: &Question) -> Result<(), Refusal> {
    match &question.host {
        Some(host) if !matches_host(end, host) => {
            let of_kind = |n: &GeneralName| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_));
            Err(mismatch(end, &host.to_string(), of_kind, "it has no DNS name and no address"))
        }
        _ => Ok(()),
    }
}

/// It has the mailbox that was asked for.
pub(super) fn check_mailbox(end: &TbsFacts, question: &Question) -> Result<(), Refusal> {
    let Some(wanted) = &question.email else { return Ok(()) };
    let names = |n: &GeneralName| matches!(n, GeneralName::Email(text) if same_mailbox(text, wanted.as_str()));
    if end.names.iter().flatten().any(names) {
        return Ok(());
    }
    Err(mismatch(end, wanted.as_str(), |n| matches!(n, GeneralName::Email(_)), "it has no mailbox"))
}

/// It is the X.509-SVID that was asked for.
pub(super) fn check_svid(end: &TbsFacts, question: &Question) -> Result<(), Refusal> {
    if !question.is_spiffe() {
        return Ok(());
    }
    let id = svid(end).map_err(|problem| Refusal::Spiffe { certificate: shown::certificate(end), problem })?;
    check_id(end, &id, question)
}

fn mismatch(end: &TbsFacts, wanted: &str, of_kind: fn(&GeneralName) -> bool, none: &str) -> Refusal {
    let all: Vec<_> = end.names.iter().flatten().filter(|n| of_kind(n)).collect();
    let has = if all.is_empty() { none.to_string() } else { format!("it has {}", listed(all, shown::general_name)) };
    Refusal::Name { certificate: shown::certificate(end), wanted: shown::escaped(wanted), has }
}

/// "`a`, `b` and 3 more"
fn listed<T>(all: Vec<T>, text: impl Fn(T) -> String) -> String {
    let more = all.len().saturating_sub(LISTED);
    let shown: Vec<_> = all.into_iter().take(LISTED).map(|t| format!("`{}`", text(t))).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

/// The domain without case, the local part as it is (RFC 5280 7.5).
fn same_mailbox(a: &str, b: &str) -> bool {
    match (a.rsplit_once('@'), b.rsplit_once('@')) {
        (Some((a, at_a)), Some((b, at_b))) => a == b && at_a.eq_ignore_ascii_case(at_b),
        _ => false,
    }
}

/// It has the purpose that was asked for.
pub(super) fn check_purpose(end: &TbsFacts, purpose: Purpose) -> Result<(), Refusal> {
    let Some(usage) = purpose.usage() else { return Ok(()) };
    if end.allows_purpose(&usage) {
        return Ok(());
    }
    let all: Vec<_> = end.extended_key_usage.iter().flatten().collect();
    let has = format!("it is for {}", listed(all, ToString::to_string));
    Err(Refusal::Purpose { certificate: shown::certificate(end), purpose: usage, has })
}

/// Whether a CA above lets the certificate have the purpose that was asked for, or any of its own (RFC 5280 4.2.1.12; that
/// CAs limit what is below is what every program here does).
pub(super) fn check_purpose_below(end: &TbsFacts, issuer: &Certificate, purpose: Purpose) -> Result<(), Refusal> {
    match purpose.usage() {
        Some(usage) if issuer.allows_purpose(&usage) => Ok(()),
        Some(usage) => Err(purpose_above(end, issuer, usage)),
        None => match exhausted_at(end, &[issuer], &mut Work::new())? {
            Some(_) => Err(Refusal::NoPurposeLeft { certificate: shown::certificate(end) }),
            None => Ok(()),
        },
    }
}

/// That a CA above is not for the purpose that was asked for.
pub(super) fn purpose_above(end: &TbsFacts, issuer: &Certificate, purpose: ExtendedKeyUsage) -> Refusal {
    Refusal::PurposeAbove { certificate: shown::certificate(end), issuer: shown::certificate(issuer), purpose }
}

/// The first of the CAs above a certificate, upward, at which nothing is left that it and all of them up to there are for.
///
/// # Errors
/// [`Refusal::GaveUp`] when the lists are longer than `work` is.
pub(super) fn exhausted_at(
    end: &TbsFacts,
    issuers: &[&Certificate],
    work: &mut Work,
) -> Result<Option<usize>, Refusal> {
    let limits = |c: &TbsFacts| c.extended_key_usage.as_ref().is_some_and(|all| !all.iter().any(|e| e.is_any()));
    let mut left: Option<HashSet<&ExtendedKeyUsage>> = None;
    for (depth, facts) in std::iter::once(end).chain(issuers.iter().map(|i| i.facts())).enumerate() {
        let all = facts.extended_key_usage.as_deref().unwrap_or_default();
        work.spend(all.len())?;
        if !limits(facts) {
            continue;
        }
        let remain = all.iter().filter(|usage| left.as_ref().is_none_or(|left| left.contains(usage))).collect();
        if HashSet::is_empty(left.insert(remain)) {
            return Ok(Some(depth.saturating_sub(1)));
        }
    }
    Ok(None)
}

/// The SPIFFE ID of an X.509-SVID, or why it is none (X509-SVID 2, 4.1, 4.3, 5.2).
pub(super) fn svid(end: &TbsFacts) -> Result<SpiffeId, String> {
    if let Some(usage) = end.key_usage {
        for (bit, name) in [(KeyUsage::KEY_CERT_SIGN, "keyCertSign"), (KeyUsage::CRL_SIGN, "cRLSign")] {
            if usage.has(bit) {
                return Err(format!("it has the key usage {name}"));
            }
        }
    }
    let mut uris = end.uris();
    let (first, more) = (uris.next(), uris.count());
    let text = first.ok_or("it has no URI, and so no SPIFFE ID")?;
    if more > 0 {
        return Err(format!("it has {} URIs, and a SPIFFE ID stands alone", more + 1));
    }
    let id = read_id(text).map_err(|problem| format!("`{}`: {problem}", shown::escaped(text)))?;
    if id.path().is_empty() {
        return Err(format!("`{id}` names a trust domain and no workload"));
    }
    Ok(id)
}

/// Scheme and trust domain are read without case (SPIFFE-ID 2.1).
fn read_id(text: &str) -> Result<SpiffeId, String> {
    let normal = match text.split_once("://") {
        Some((scheme, rest)) => {
            let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{}://{}{path}", scheme.to_ascii_lowercase(), domain.to_ascii_lowercase())
        }
        None => text.to_string(),
    };
    SpiffeId::parse(&normal).map_err(|e| e.to_string())
}

fn check_id(end: &TbsFacts, id: &SpiffeId, question: &Question) -> Result<(), Refusal> {
    if let Some(wanted) = &question.trust_domain
        && wanted != id.trust_domain()
    {
        let (found, wanted) = (id.trust_domain().to_string(), wanted.to_string());
        return Err(Refusal::TrustDomain { id: id.to_string(), found, wanted });
    }
    match &question.spiffe {
        Some(wanted) if wanted != id => Err(Refusal::Name {
            certificate: shown::certificate(end),
            wanted: wanted.to_string(),
            has: format!("it has `{id}`"),
        }),
        _ => Ok(()),
    }
}

/// A trust anchor that carries the ID of another trust domain is another domain's (X509-SVID 5.1: never merge bundles).
pub(super) fn check_anchor_domain(anchor: &TbsFacts, domain: &TrustDomain) -> Result<(), Refusal> {
    for uri in anchor.uris() {
        // `spiffe://td/` is printed in an appendix of the standard: taken as the domain's.
        let Ok(id) = read_id(uri.trim_end_matches('/')) else { continue };
        if id.trust_domain() != domain {
            return Err(Refusal::AnchorTrustDomain {
                certificate: shown::certificate(anchor),
                found: id.trust_domain().to_string(),
                wanted: domain.to_string(),
            });
        }
    }
    Ok(())
}
