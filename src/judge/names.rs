use super::subtree::{Kind, Named, Prepared};
use super::{NameViolation, PermittedList, shown};
use crate::model::AttributeType;
use crate::x509::{Constraints, GeneralName, NameFacts};

/// The most comparisons of a name with a constraint in one judgment: rustls-webpki's bound, which no honest chain nears.
pub(super) const MAX_COMPARISONS: usize = 250_000;

/// How many comparisons are left.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub fn new() -> Self {
        Budget(MAX_COMPARISONS)
    }

    fn spend(&mut self, constraints: usize, names: usize) -> Result<(), NameViolation> {
        // Preparing a constraint costs as much as comparing it once, hence the one more.
        let cost = constraints.saturating_mul(names.saturating_add(1));
        self.0 = self.0.checked_sub(cost).ok_or(NameViolation::TooMany { most: MAX_COMPARISONS })?;
        Ok(())
    }
}

/// Checks the names of one certificate against the name constraints of a CA above it (RFC 5280 4.2.1.10, 6.1.3 (b), (c)).
///
/// `subject` and `names` are the certificate's; the subject's emailAddress attributes count as email names whether or not
/// there is a subjectAltName. A permitted subtree constrains names of its own type only. A wildcard must be permitted
/// with all that it stands for, and is excluded with any of it.
/// Whatever cannot be compared (a constraint or a name of an unknown or malformed kind) is a violation, never a pass.
///
/// # Errors
/// [`NameViolation`], the first one found.
pub fn check_names(constraints: &Constraints, subject: &NameFacts, names: &[GeneralName]) -> Result<(), NameViolation> {
    check_within(constraints, subject, names, &mut Budget::new())
}

/// As [`check_names`], on a budget that several checks share.
pub(super) fn check_within(
    constraints: &Constraints,
    subject: &NameFacts,
    names: &[GeneralName],
    budget: &mut Budget,
) -> Result<(), NameViolation> {
    if constraints.permitted.is_empty() && constraints.excluded.is_empty() {
        return Err(NameViolation::Empty);
    }
    let emails = subject.subject.values(&AttributeType::email_address());
    let whole = (!subject.subject.is_empty()).then_some(Named::Subject(subject));
    let all = whole
        .into_iter()
        .chain(emails.iter().copied().map(Named::SubjectEmail))
        .chain(names.iter().map(Named::Alternative));
    budget.spend(
        constraints.permitted.len() + constraints.excluded.len(),
        usize::from(whole.is_some()) + emails.len() + names.len(),
    )?;
    let permitted = constraints.permitted.iter().map(Prepared::new).collect::<Result<Vec<_>, _>>()?;
    let excluded = constraints.excluded.iter().map(Prepared::new).collect::<Result<Vec<_>, _>>()?;
    for name in all {
        check_one(name, &permitted, &excluded)?;
    }
    Ok(())
}

fn check_one(name: Named<'_>, permitted: &[Prepared<'_>], excluded: &[Prepared<'_>]) -> Result<(), NameViolation> {
    let kind = name.kind();
    let of_kind = |c: &&Prepared<'_>| c.kind.applies_to(kind);
    let Some(first) = excluded.iter().chain(permitted).find(of_kind) else {
        return Ok(());
    };
    if let Kind::Other(kind) = kind {
        return Err(NameViolation::UnknownType { kind });
    }
    let readable = name.read().map_err(|problem| NameViolation::UnreadableName {
        name: name.shown(),
        constraint: shown::subtree(first.subtree),
        problem,
    })?;
    if let Some(c) = excluded.iter().filter(of_kind).find(|c| c.covers_any_of(&readable)) {
        return Err(NameViolation::InsideExcluded { name: name.shown(), excluded: shown::subtree(c.subtree) });
    }
    let mut permitting = permitted.iter().filter(of_kind).peekable();
    if permitting.peek().is_some() && !permitting.any(|c| c.covers_all_of(&readable)) {
        let permitted = PermittedList::of(permitted.iter().filter(of_kind).map(|c| shown::subtree(c.subtree)));
        return Err(NameViolation::OutsidePermitted { name: name.shown(), permitted });
    }
    Ok(())
}
