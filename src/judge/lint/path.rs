//! Rules about a certificate and all that stands above it.

use super::shelf::Shelf;
use crate::judge::{limits, names::Budget, names::check_within, shown};
use crate::policy::{Audience, Finding, chain_rules, find};
use crate::x509::{Certificate, TbsFacts};
use std::collections::HashSet;
use std::rc::Rc;

/// Chains of a hundred are odd but sound; what is longer is judged so far.
const MOST_ABOVE: usize = 128;
/// So much is spent on looking upward in one file, counted in comparisons of a name with a constraint.
pub(super) const MOST_COMPARISONS: usize = 40_000_000;
/// What it costs to look at one certificate above: it may have to be read again.
const STEP: usize = 150;

/// The certificates above one, upward from its issuer; a loop ends them. `comparisons` is what is left for the whole file.
pub(super) fn above(
    shelf: &Shelf,
    issuers: &[Option<usize>],
    place: usize,
    comparisons: &mut usize,
) -> Vec<Rc<Certificate>> {
    let mut seen = HashSet::from([place]);
    let mut next = issuers.get(place).copied().flatten();
    let mut all = Vec::new();
    while let Some(one) = next.filter(|n| all.len() < MOST_ABOVE && seen.insert(*n)) {
        let Some(left) = comparisons.checked_sub(STEP) else { break };
        *comparisons = left;
        all.extend(shelf.get(one));
        next = issuers.get(one).copied().flatten();
    }
    all
}

/// Judges a certificate by what stands above it. `comparisons` is what is left for the whole file; the answer is `false`
/// when it does not suffice.
pub(super) fn check(
    certificate: &Certificate,
    above: &[Rc<Certificate>],
    audience: &Audience,
    comparisons: &mut usize,
    found: &mut Vec<Finding>,
) -> bool {
    let mut say = |rule: &str, message: String| {
        found.extend(find(rule).and_then(|r| r.finding(audience, message, None)));
    };
    let mut enough = true;
    let count = |c: &TbsFacts| c.extended_key_usage.as_ref().map_or(0, Vec::len);
    for ca in above.iter().skip(1).filter(|ca| ca.extended_key_usage.is_some()) {
        let Some(left) = comparisons.checked_sub(count(certificate) + count(ca)) else {
            enough = false;
            break;
        };
        *comparisons = left;
        if let Some(purpose) = certificate.purposes_beyond(ca).into_iter().find(|p| !p.is_any()) {
            let ca = shown::certificate(ca);
            say(chain_rules::PURPOSE, format!("it is for `{purpose}`, which `{ca}` further up does not allow"));
        }
    }
    let down = || above.iter().rev().map(|c| c.facts());
    if certificate.is_ca() && above.len() > 1 && limits::check_path_lengths(down()).is_ok() {
        let direct = above.first().and_then(|i| i.basic_constraints).and_then(|b| b.path_len) == Some(0);
        if let Err(problem) = limits::check_path_lengths(down().chain([certificate.facts()]))
            && !direct
        {
            say(chain_rules::PATH_LENGTH, problem.to_string());
        }
    }
    let exempt = certificate.is_ca() && certificate.is_self_issued();
    for ca in above.iter().filter(|_| !exempt) {
        let Some(constraints) = &ca.name_constraints else { continue };
        let cost = cost(certificate, constraints.permitted.len() + constraints.excluded.len());
        let Some(left) = comparisons.checked_sub(cost) else {
            enough = false;
            break;
        };
        *comparisons = left;
        let names = certificate.names.as_deref().unwrap_or_default();
        if let Err(problem) = check_within(constraints, &certificate.subject, names, &mut Budget::new()) {
            let ca = shown::certificate(ca);
            say(chain_rules::NAME_CONSTRAINTS, format!("the name constraints of `{ca}` forbid it: {problem}"));
        }
    }
    enough
}

fn cost(certificate: &TbsFacts, constraints: usize) -> usize {
    constraints.saturating_mul(certificate.names.as_ref().map_or(1, |n| n.len() + 2))
}
