//! Certificate policies (RFC 5280 6.1.2 to 6.1.5, as RFC 9618 has them): nobody asks for a policy here, so what counts is
//! whether one is left where a CA demands that one be.
//!
//! Of RFC 9618's graph only the newest level is kept. Its edges say which policies of the trust anchor's domain the leaf's
//! stand for; whether the level is empty, which is all that any-policy as the initial set asks, they do not change. So the
//! work grows with the length of the extensions, and not with the tree that RFC 5280 would have grown.

use super::Refusal;
use super::work::Work;
use crate::judge::shown;
use crate::x509::{ANY_POLICY, Certificate, PolicyFacts, X509Error};
use std::collections::{BTreeMap, BTreeSet};

type Policy<'a> = &'a [u8];

/// How many certificates may still follow before something holds, and which certificate says so; nothing without a demand.
type Demand = Option<(u32, usize)>;

/// The policies that are valid at one depth, each with those expected of the certificate below (RFC 9618 5.1).
#[derive(Default)]
struct Level<'a>(BTreeMap<Policy<'a>, BTreeSet<Policy<'a>>>);

impl<'a> Level<'a> {
    /// Before the first certificate, where any policy will do.
    fn initial() -> Self {
        Level(BTreeMap::from([(ANY_POLICY, BTreeSet::from([ANY_POLICY]))]))
    }

    fn has_any_policy(&self) -> bool {
        self.0.contains_key(ANY_POLICY)
    }

    /// 6.1.3 (d): the policies of a certificate that are expected.
    fn below(&self, policies: &[Policy<'a>], takes_any: bool) -> Self {
        let expected: BTreeSet<Policy<'a>> = self.0.values().flatten().copied().collect();
        let mut level = Level::default();
        for policy in policies.iter().filter(|p| **p != ANY_POLICY) {
            if expected.contains(policy) || self.has_any_policy() {
                level.0.insert(policy, BTreeSet::from([*policy]));
            }
        }
        if takes_any && policies.contains(&ANY_POLICY) {
            for policy in expected {
                level.0.entry(policy).or_insert_with(|| BTreeSet::from([policy]));
            }
        }
        level
    }

    /// 6.1.4 (b): a CA's policies under the names of the domain below.
    fn map(&mut self, mappings: &[(Policy<'a>, Policy<'a>)], allowed: bool) {
        let mut by_issuer: BTreeMap<Policy<'a>, BTreeSet<Policy<'a>>> = BTreeMap::new();
        for (issuer, subject) in mappings {
            by_issuer.entry(issuer).or_default().insert(subject);
        }
        let any = self.has_any_policy();
        for (policy, expected) in by_issuer {
            if !allowed {
                self.0.remove(policy);
            } else if self.0.contains_key(policy) || any {
                self.0.insert(policy, expected);
            }
        }
    }
}

/// What the CAs so far demand of the rest of the path: explicit_policy, policy_mapping and inhibit_anyPolicy.
#[derive(Default)]
struct Demands {
    explicit: Demand,
    no_mapping: Demand,
    no_any: Demand,
}

impl Demands {
    /// 6.1.4 (h): a certificate that is not self-issued uses one up of each.
    fn count(&mut self) {
        for (left, _) in [&mut self.explicit, &mut self.no_mapping, &mut self.no_any].into_iter().flatten() {
            *left = left.saturating_sub(1);
        }
    }

    /// 6.1.4 (i), (j): what a CA adds to them.
    fn tighten(&mut self, facts: &PolicyFacts<'_>, by: usize) {
        for (demand, said) in [
            (&mut self.explicit, facts.require_explicit),
            (&mut self.no_mapping, facts.inhibit_mapping),
            (&mut self.no_any, facts.inhibit_any),
        ] {
            if let Some(said) = said
                && demand.is_none_or(|(left, _)| said < left)
            {
                *demand = Some((said, by));
            }
        }
    }
}

/// Whether a demand holds when so many certificates at most may still follow.
fn holds(demand: Demand, left: u32) -> bool {
    demand.is_some_and(|(most, _)| most <= left)
}

/// Whether the policies of a path, from the certificate in question up to the anchor, are what the CAs in it demand.
///
/// # Errors
/// Among others [`Refusal::GaveUp`] when the lists are longer than `work` is.
pub(super) fn check(path: &[&Certificate], work: &mut Work) -> Result<(), Refusal> {
    let Some((anchor, below)) = path.split_last() else { return Ok(()) };
    let facts = path.iter().map(|c| read(c)).collect::<Result<Vec<_>, _>>()?;
    work.spend(facts.iter().map(|f| f.policies.as_ref().map_or(0, Vec::len) + f.mappings.len()).sum())?;
    // Most paths say nothing that could make them fail.
    if facts.iter().all(|f| f.require_explicit.is_none() && f.mappings.is_empty()) {
        return Ok(());
    }
    let mut demands = Demands::default();
    if let Some(top) = facts.last() {
        // What a root says holds for everything below it (RFC 5937 3.2).
        demands.tighten(top, below.len());
    }
    let mut level = Level::initial();
    for (index, (certificate, f)) in below.iter().zip(&facts).enumerate().rev() {
        let last = index == 0;
        let takes_any = !holds(demands.no_any, 0) || !last && certificate.is_self_issued();
        work.spend(level.0.values().map(BTreeSet::len).sum())?;
        level = match &f.policies {
            Some(policies) => level.below(policies, takes_any),
            None => Level::default(),
        };
        // 6.1.5 (a): what would be demanded of a certificate below the last one is demanded of the last one.
        if let Some((_, by)) = demands.explicit.filter(|_| holds(demands.explicit, u32::from(last)))
            && level.0.is_empty()
        {
            return Err(missing(certificate, path.get(by).unwrap_or(anchor)));
        }
        if last {
            // 6.1.5 (b): the last certificate can demand it of itself.
            return if f.require_explicit == Some(0) && level.0.is_empty() {
                Err(missing(certificate, certificate))
            } else {
                Ok(())
            };
        }
        if f.mappings.iter().any(|(a, b)| *a == ANY_POLICY || *b == ANY_POLICY) {
            return Err(Refusal::PolicyMapping { certificate: shown::certificate(certificate) });
        }
        level.map(&f.mappings, !holds(demands.no_mapping, 0));
        if !certificate.is_self_issued() {
            demands.count();
        }
        demands.tighten(f, index);
    }
    Ok(())
}

fn missing(certificate: &Certificate, by: &Certificate) -> Refusal {
    Refusal::NoPolicy { certificate: shown::certificate(certificate), by: shown::certificate(by) }
}

fn read(certificate: &Certificate) -> Result<PolicyFacts<'_>, Refusal> {
    PolicyFacts::of(certificate).map_err(|problem: X509Error| Refusal::MalformedPolicies {
        certificate: shown::certificate(certificate),
        problem: shown::escaped(&problem.to_string()),
    })
}
