//! The judgment of a whole path: what CAs impose on everything below them, and what CRLs say (RFC 5280 6.1, 6.3).

use super::crls::{self, Answer};
use super::search::{Failed, Nearness};
use super::work::Work;
use super::{Bag, Crls, Place, Question, Refusal, Status, end, policies, strict};
use crate::judge::names::{Budget, MAX_COMPARISONS};
use crate::judge::{NameViolation, Violation, limits, shown};
use crate::model::SpiffeId;
use crate::x509::Certificate;
use std::collections::{HashMap, HashSet};

/// How a whole path was judged.
pub(super) enum Judged {
    Good(Vec<Status>),
    Bad(Failed),
    /// Nobody can tell within so much work: what was counted, and the most of it.
    TooMuch(&'static str, usize),
}

/// What is known of pairs of certificates from the paths that were judged.
pub(super) struct Known<'a> {
    bag: &'a Bag,
    crls: &'a Crls,
    question: &'a Question,
    names: Budget,
    work: Work,
    /// A certificate whose names a CA above it permits.
    permitted: HashSet<(Place, Place)>,
    /// A certificate that a CA above it refuses, by its name constraints or purposes: in whatever path.
    refused: HashSet<(Place, Place)>,
    /// A certificate that the CRLs do not clear below this issuer.
    shut: HashSet<(Place, Place)>,
    answers: HashMap<(Place, Place), Answer>,
    /// CAs that had more below them than they allow, in some path.
    limited: HashSet<Place>,
    /// The CA that makes every path bad that has the last one's certificates up to it.
    culprit: Option<Place>,
}

impl<'a> Known<'a> {
    pub fn new(bag: &'a Bag, crls: &'a Crls, question: &'a Question) -> Self {
        Known {
            bag,
            crls,
            question,
            names: Budget::new(),
            work: Work::new(),
            permitted: HashSet::new(),
            refused: HashSet::new(),
            shut: HashSet::new(),
            answers: HashMap::new(),
            limited: HashSet::new(),
            culprit: None,
        }
    }

    /// Whether a certificate that would stand above a path is known to refuse something in it.
    pub fn refuses(&self, path: &[Place], above: Place) -> bool {
        if self.limited.contains(&above) {
            let certificates: Vec<&Certificate> =
                path.iter().chain([&above]).filter_map(|p| self.bag.get(*p)).collect();
            if is_too_deep(&certificates) {
                return true;
            }
        }
        if self.refused.is_empty() && self.shut.is_empty() {
            return false;
        }
        path.last().is_some_and(|last| self.shut.contains(&(*last, above)))
            || path.iter().any(|below| self.refused.contains(&(*below, above)))
    }

    /// Where a path that was just judged bad is to be left: whatever stands above that place does not mend it.
    pub fn dead_end(&self, path: &[Place]) -> Option<usize> {
        path.iter().position(|place| Some(*place) == self.culprit)
    }

    /// Judges a path from the certificate up to the anchor, whose steps are good.
    pub fn whole(&mut self, path: &[Place]) -> Judged {
        self.culprit = None;
        match self.check(path) {
            Ok(statuses) => Judged::Good(statuses),
            Err(failed) => match failed.refusal.too_much() {
                Some((what, most)) => Judged::TooMuch(what, most),
                None => Judged::Bad(failed),
            },
        }
    }

    fn check(&mut self, path: &[Place]) -> Result<Vec<Status>, Failed> {
        let bag = self.bag;
        let certificates: Vec<&Certificate> = path.iter().filter_map(|p| bag.get(*p)).collect();
        let (Some((leaf, issuers)), Some((target, above)), Some((top, _))) =
            (certificates.split_first(), path.split_first(), path.split_last())
        else {
            return Ok(Vec::new());
        };
        let whole = |refusal: Refusal| Failed::new(Nearness::Whole, *target, refusal);
        let anchor = issuers.last().unwrap_or(leaf);
        strict::check_anchor(anchor, self.question.at).map_err(|r| Failed::new(Nearness::Anchor, *top, r))?;
        if let Err(violation) = limits::check_path_lengths(issuers.iter().rev().map(|c| c.facts())) {
            let too_deep = (1..certificates.len()).find(|n| is_too_deep(certificates.get(..=*n).unwrap_or_default()));
            self.culprit = too_deep.and_then(|n| path.get(n).copied());
            self.limited.extend(self.culprit);
            return Err(whole(violation.into()));
        }
        self.names(path, &certificates)?;
        if let Some(usage) = self.question.purpose.usage() {
            let lists = issuers.iter().filter_map(|i| i.extended_key_usage.as_ref());
            self.work.spend(lists.map(Vec::len).sum()).map_err(whole)?;
            let limiting = || above.iter().zip(issuers).filter(|(_, issuer)| !issuer.allows_purpose(&usage));
            if let Some((place, issuer)) = limiting().next() {
                self.culprit = Some(*place);
                self.refused.extend(limiting().map(|(place, _)| (*target, *place)));
                return Err(whole(end::purpose_above(leaf, issuer, usage.clone())));
            }
        } else if let Some(depth) = end::exhausted_at(leaf, issuers, &mut self.work).map_err(whole)? {
            self.culprit = above.get(depth).copied();
            return Err(whole(Refusal::NoPurposeLeft { certificate: shown::certificate(leaf) }));
        }
        policies::check(&certificates, &mut self.work).map_err(whole)?;
        let domain = self.question.trust_domain.as_ref().or(self.question.spiffe.as_ref().map(SpiffeId::trust_domain));
        if let Some(domain) = domain {
            end::check_anchor_domain(anchor, domain).map_err(|r| Failed::new(Nearness::Whole, *top, r))?;
        }
        self.revocation(path, &certificates)
    }

    /// The name constraints of every CA on everything below it: of intermediates those that are self-issued are exempt, the
    /// certificate at the end never is (RFC 5280 6.1.3 (b), (c)).
    fn names(&mut self, path: &[Place], certificates: &[&Certificate]) -> Result<(), Failed> {
        let all: Vec<(Place, &Certificate)> = path.iter().copied().zip(certificates.iter().copied()).collect();
        for (depth, (above, issuer)) in all.iter().enumerate().filter(|(_, (_, c))| c.name_constraints.is_some()) {
            for (height, (below, certificate)) in all.iter().enumerate().take(depth) {
                let pair = (*below, *above);
                if height > 0 && certificate.is_self_issued() || self.permitted.contains(&pair) {
                    continue;
                }
                match limits::check_names_under(certificate, issuer, &mut self.names) {
                    Ok(()) => self.permitted.insert(pair),
                    Err(violation) => {
                        self.refused.insert(pair);
                        self.culprit = Some(*above);
                        return Err(Failed::new(Nearness::Whole, *below, violation));
                    }
                };
            }
        }
        Ok(())
    }

    fn revocation(&mut self, path: &[Place], certificates: &[&Certificate]) -> Result<Vec<Status>, Failed> {
        let mut statuses = Vec::new();
        let mut worst: Option<(Nearness, Place, Refusal)> = None;
        for (places, pair) in path.windows(2).zip(certificates.windows(2)) {
            let ([place, above], [certificate, issuer]) = (places, pair) else { continue };
            if !self.question.revocation {
                statuses.push(Status::NotAsked);
                continue;
            }
            let (crls, at) = (self.crls, self.question.at);
            let answer =
                self.answers.entry((*place, *above)).or_insert_with(|| crls.ask(certificate, issuer, at)).clone();
            let (status, nearness) = match &answer {
                Answer::Good(number) => (Status::Good(*number), None),
                Answer::Revoked { .. } => (Status::Revoked, Some(Nearness::Revoked)),
                Answer::Unknown(_) => (Status::Unknown, Some(Nearness::Unknown)),
            };
            statuses.push(status);
            if nearness.is_some() {
                self.shut.insert((*place, *above));
                self.culprit = self.culprit.or(Some(*above));
            }
            // What is known to be bad weighs more than what is not known.
            if let (Some(nearness), Some(refusal)) = (nearness, crls::refusal(answer, certificate))
                && worst.as_ref().is_none_or(|(known, ..)| nearness < *known)
            {
                worst = Some((nearness, *place, refusal));
            }
        }
        statuses.push(Status::Anchor);
        match worst {
            None => Ok(statuses),
            Some((nearness, about, refusal)) => Err(Failed { statuses, ..Failed::new(nearness, about, refusal) }),
        }
    }
}

/// Whether the last certificate of a path that goes upward allows fewer CAs below it than there are.
fn is_too_deep(path: &[&Certificate]) -> bool {
    let Some((top, below)) = path.split_last() else { return false };
    let cas = below.iter().skip(1).filter(|c| !c.is_self_issued()).count();
    let most = top.basic_constraints.and_then(|b| b.path_len);
    most.is_some_and(|most| usize::try_from(most).is_ok_and(|most| cas > most))
}

impl Refusal {
    /// Of what it took more than is looked at, and how much that is.
    pub(super) fn too_much(&self) -> Option<(&'static str, usize)> {
        match self {
            Refusal::Chain(Violation::NameConstraints { problem: NameViolation::TooMany { .. }, .. }) => {
                Some(("comparisons of names", MAX_COMPARISONS))
            }
            Refusal::GaveUp { what, tried } => Some((what, *tried)),
            _ => None,
        }
    }
}
