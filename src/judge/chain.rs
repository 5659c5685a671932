use super::names::Budget;
use super::{Violation, form, limits, link, shown};
use crate::model::Timestamp;
use crate::x509::{Certificate, TbsFacts};

/// The most issuers above a certificate: chains of a hundred are odd but sound, and the work grows with the square.
const MAX_ISSUERS: usize = 128;

/// Judges a certificate that is not signed yet, at the end of the chain that it would have (RFC 5280 6).
///
/// `issuers` runs upward from the direct issuer to the trust anchor, a self-signed root, whose own limits count as every
/// other's. Everything is asked but the draft's signature; the issuers must be valid at `at`, and the draft's period must
/// lie inside its issuer's. A draft that is a CA counts toward the path lengths above it, since it would be of no use
/// otherwise. Without issuers the draft is a root that will sign itself.
///
/// Who judges many drafts under one chain makes a [`Checked`] first.
///
/// # Errors
/// [`Violation`], the first one found.
pub fn check_draft(draft: &TbsFacts, issuers: &[&Certificate], at: Timestamp) -> Result<(), Violation> {
    check_length(draft, issuers)?;
    check_issuers(issuers)?;
    check_end(draft, issuers, at)
}

/// Judges a signed certificate: `chain[0]`, with its issuers behind it upward to the trust anchor.
///
/// As [`check_draft`], and the certificate is itself valid at `at` and signed by `chain[1]`, or by itself when it is a
/// root alone.
///
/// # Errors
/// [`Violation`], the first one found.
pub fn check_chain(chain: &[&Certificate], at: Timestamp) -> Result<(), Violation> {
    let (end, issuers) = chain.split_first().ok_or(Violation::EmptyChain)?;
    check_draft(end, issuers, at)?;
    link::check_time(end, at)?;
    link::check_signature(end, issuers.first().unwrap_or(end))
}

/// A chain of issuers whose signatures, forms, links and limits among each other were found good, once for many drafts:
/// none of that depends on the time or on what is issued.
#[derive(Debug, Clone)]
pub struct Checked {
    issuers: Vec<Certificate>,
}

impl Checked {
    /// Checks the issuers, upward from the direct issuer to the trust anchor. Without any, drafts are roots.
    ///
    /// # Errors
    /// [`Violation`], the first one found.
    pub fn new(issuers: &[&Certificate]) -> Result<Self, Violation> {
        if let Some(first) = issuers.first() {
            check_length(first, issuers)?;
        }
        check_issuers(issuers)?;
        Ok(Checked { issuers: issuers.iter().map(|c| (*c).clone()).collect() })
    }

    /// As [`Checked::new`], without the signatures: for issuers whose signatures were checked before they were kept.
    ///
    /// # Errors
    /// [`Violation`], the first one found.
    pub(crate) fn with_known_signatures(issuers: &[&Certificate]) -> Result<Self, Violation> {
        if let Some(first) = issuers.first() {
            check_length(first, issuers)?;
        }
        check_limits_and_links(issuers)?;
        Ok(Checked { issuers: issuers.iter().map(|c| (*c).clone()).collect() })
    }

    /// The issuers, upward from the direct issuer.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }

    /// Gives [`check_draft`]'s answer without repeating what was checked.
    ///
    /// # Errors
    /// [`Violation`], the first one found.
    pub fn check_draft(&self, draft: &TbsFacts, at: Timestamp) -> Result<(), Violation> {
        check_end(draft, &self.issuers.iter().collect::<Vec<_>>(), at)
    }
}

fn check_length(end: &TbsFacts, issuers: &[&Certificate]) -> Result<(), Violation> {
    if issuers.len() > MAX_ISSUERS {
        let (certificate, length) = (shown::certificate(end), issuers.len());
        return Err(Violation::TooLong { certificate, length, most: MAX_ISSUERS });
    }
    Ok(())
}

/// Everything about the issuers that depends neither on the time nor on the end of the chain; the costly part last.
fn check_issuers(issuers: &[&Certificate]) -> Result<(), Violation> {
    check_limits_and_links(issuers)?;
    for pair in issuers.windows(2) {
        link::check_signature(pair[0], pair[1])?;
    }
    issuers.last().map_or(Ok(()), |anchor| link::check_signature(anchor, anchor))
}

fn check_limits_and_links(issuers: &[&Certificate]) -> Result<(), Violation> {
    let Some(anchor) = issuers.last() else { return Ok(()) };
    issuers.iter().try_for_each(|c| link::check_issuer(c))?;
    for pair in issuers.windows(2) {
        link::check_names_chain(pair[0], pair[1])?;
    }
    link::check_anchor(anchor)?;
    limits::check_path_lengths(issuers.iter().rev().map(|c| c.facts()))?;
    limits::check_names_of_issuers(issuers, &mut Budget::new())
}

/// Everything about the certificate at the end but its own time and signature.
fn check_end(end: &TbsFacts, issuers: &[&Certificate], at: Timestamp) -> Result<(), Violation> {
    issuers.iter().try_for_each(|c| link::check_time(c, at))?;
    let Some(issuer) = issuers.first() else {
        link::check_issuer(end)?;
        return link::check_anchor(end);
    };
    form::check(end)?;
    link::check_names_chain(end, issuer)?;
    link::check_nesting(end, issuer)?;
    if end.is_ca() {
        limits::check_path_lengths(issuers.iter().rev().map(|c| c.facts()).chain([end]))?;
    }
    limits::check_names_of_end(end, issuers, &mut Budget::new())?;
    limits::check_purposes(end, issuers)
}
