//! Path building and the judgment of whole paths (RFC 5280 6.1, RFC 4158).

use super::crls::{self, Answer};
use super::{Bag, Crls, Place, Question, Refusal, end, strict};
use crate::judge::names::Budget;
use crate::judge::{Violation, limits, link, shown};
use crate::model::SpiffeId;
use crate::x509::{Certificate, oid};
use std::collections::{HashMap, HashSet};

/// So many paths that were tried are kept for the explanation.
const MAX_TRIED: usize = 200;

/// What the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is good.
    Valid,
    /// It is not.
    Invalid,
    /// Nobody can tell from what was given: revocation, a signature of an unknown kind, a search that was given up.
    Unknown,
}

impl Outcome {
    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Valid => "valid",
            Outcome::Invalid => "invalid",
            Outcome::Unknown => "unknown",
        }
    }
}

/// How a certificate of a path stands with the CRLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody asked.
    NotAsked,
    /// It is a trust anchor, which no CRL speaks of.
    Anchor,
    /// On no CRL; the number of the newest.
    Good(Option<u64>),
    /// On one.
    Revoked,
    /// No CRL could be used.
    Unknown,
}

/// A path that was tried, and why it is none.
#[derive(Debug)]
pub struct Tried {
    /// From the certificate upward, as far as it came.
    pub path: Vec<Place>,
    /// The certificate that the refusal is about.
    pub about: Place,
    /// Why it ended.
    pub refusal: Refusal,
}

/// The answer.
#[derive(Debug)]
pub struct Verdict {
    /// Yes, no or unknown.
    pub outcome: Outcome,
    /// The good path from the certificate up to the anchor; without one the most promising that was tried.
    pub path: Vec<Place>,
    /// How each certificate of the path stands with the CRLs, where the path is whole.
    pub statuses: Vec<Status>,
    /// Why the answer is not yes: of several paths the most promising one's reason.
    pub refusal: Option<Refusal>,
    /// The certificate that the refusal is about.
    pub about: Option<Place>,
    /// What some software refuses beyond the standard, of a path that is good.
    pub warnings: Vec<String>,
    /// Every path that was tried and is none, as many as are kept.
    pub tried: Vec<Tried>,
    /// How many were tried besides the good one.
    pub tries: usize,
    /// Its SPIFFE ID, where it is an X.509-SVID.
    pub spiffe_id: Option<SpiffeId>,
}

/// Judges the certificate at a place of the bag: whether a path leads from it to a trust anchor, and whether it is what was
/// asked for. `crls` are asked when the question says so.
pub fn verify(bag: &Bag, target: Place, crls: &Crls, question: &Question) -> Verdict {
    let Some(leaf) = bag.get(target) else {
        return verdict(Outcome::Invalid, Vec::new(), Some((Violation::EmptyChain.into(), target)));
    };
    let spiffe_id = end::svid(leaf).ok().filter(|_| !leaf.is_ca());
    let mut search = Search {
        bag,
        crls,
        question,
        leads_up: bag.names_below_anchors(),
        signatures: HashMap::new(),
        names: Budget::new(),
        steps: 0,
        paths: 0,
        good: None,
        gave_up: None,
        best: None,
        tried: Vec::new(),
        tries: 0,
    };
    search.climb(&mut vec![target]);
    let at_end = end::check(leaf, question).err();
    let mut verdict = match (search.good.take(), at_end) {
        (Some((path, statuses)), None) => {
            let warnings = warnings(bag, &path);
            Verdict { statuses, warnings, ..verdict(Outcome::Valid, path, None) }
        }
        (good, Some(refusal)) => {
            let (path, statuses) = good.unwrap_or_else(|| (vec![target], Vec::new()));
            let outcome = if refusal.is_unknown() { Outcome::Unknown } else { Outcome::Invalid };
            Verdict { statuses, ..verdict(outcome, path, Some((refusal, target))) }
        }
        (None, None) => search.failed(target),
    };
    (verdict.tried, verdict.tries, verdict.spiffe_id) = (search.tried, search.tries, spiffe_id);
    verdict
}

fn verdict(outcome: Outcome, path: Vec<Place>, refusal: Option<(Refusal, Place)>) -> Verdict {
    let (refusal, about) = refusal.map_or((None, None), |(r, a)| (Some(r), Some(a)));
    Verdict {
        outcome,
        path,
        statuses: Vec::new(),
        refusal,
        about,
        warnings: Vec::new(),
        tried: Vec::new(),
        tries: 0,
        spiffe_id: None,
    }
}

/// How near a path that is none came to being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// Another certificate of the right name.
    OtherIssuer,
    /// Nothing is above it.
    NothingAbove,
    /// The wrong signature.
    Signature,
    /// A certificate on the way is not what it should be.
    Step,
    /// The anchor is not.
    Anchor,
    /// The path is whole, and something about it is not.
    Whole,
    /// Revoked.
    Revoked,
    /// All is well but for what nobody knows.
    Unknown,
}

/// Why a step or a path fails: how near it came, which certificate it is about, and how each stands with the CRLs.
struct Failed {
    nearness: Nearness,
    about: Place,
    refusal: Box<Refusal>,
    statuses: Vec<Status>,
}

impl Failed {
    fn new(nearness: Nearness, about: Place, refusal: impl Into<Refusal>) -> Self {
        Failed { nearness, about, refusal: Box::new(refusal.into()), statuses: Vec::new() }
    }
}

struct Search<'a> {
    bag: &'a Bag,
    crls: &'a Crls,
    question: &'a Question,
    leads_up: HashSet<u64>,
    /// Whether one certificate signed another.
    signatures: HashMap<(Place, Place), bool>,
    names: Budget,
    steps: usize,
    paths: usize,
    good: Option<(Vec<Place>, Vec<Status>)>,
    gave_up: Option<(&'static str, usize)>,
    /// The most promising failure: how near it came, and what is told of it.
    best: Option<(Nearness, Tried, Vec<Status>)>,
    tried: Vec<Tried>,
    tries: usize,
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.good.is_some() || self.gave_up.is_some()
    }

    /// Goes up from the last certificate of a path, each way in turn.
    fn climb(&mut self, path: &mut Vec<Place>) {
        let Some((last, child)) = path.last().and_then(|p| Some((*p, self.bag.get(*p)?))) else { return };
        if self.bag.is_anchor(last) {
            self.judge(path);
            // A root has nothing above it; an anchor that was issued may have.
            if self.is_over() || child.is_self_issued() {
                return;
            }
        }
        if path.len() > self.question.budgets.depth {
            return self.fail(Nearness::Step, path, last, Refusal::TooDeep { most: self.question.budgets.depth });
        }
        let most = self.question.budgets.signatures;
        let candidates = self.bag.issuers_of(child, &self.leads_up, self.question.at, most);
        let mut stepped = false;
        for issuer in candidates {
            if self.is_over() {
                return;
            }
            self.steps += 1;
            if self.steps > self.question.budgets.steps {
                self.gave_up = Some(("steps", self.question.budgets.steps));
                return;
            }
            if self.is_in(path, issuer) {
                continue;
            }
            stepped = true;
            match self.step(child, last, issuer) {
                Ok(()) => {
                    path.push(issuer);
                    self.climb(path);
                    path.pop();
                }
                Err(f) => self.fail(f.nearness, path, f.about, *f.refusal),
            }
        }
        if !stepped && !self.is_over() && !self.bag.is_anchor(last) {
            self.tell_where_it_ends(path);
        }
    }

    /// Says what is missing: goes up by names alone from a path that leads to no anchor, as far as there are certificates.
    fn tell_where_it_ends(&mut self, path: &[Place]) {
        let mut path = path.to_vec();
        while let Some((last, child)) = path.last().and_then(|p| Some((*p, self.bag.get(*p)?))) {
            let (certificate, issuer) = (shown::certificate(child), shown::escaped(&child.issuer.subject.to_string()));
            let next = self.bag.any_issuer_of(child).filter(|_| !child.is_self_issued());
            let refusal = match next {
                Some(next) if !self.is_in(&path, next) && path.len() <= self.question.budgets.depth => {
                    path.push(next);
                    continue;
                }
                Some(_) => Refusal::NoAnchor { certificate, issuer },
                None if child.is_self_issued() => Refusal::Untrusted { certificate },
                None => Refusal::NoIssuer { certificate, issuer },
            };
            return self.fail(Nearness::NothingAbove, &path, last, refusal);
        }
    }

    /// Whether a path has a certificate already, or another one of the same name and key (RFC 4158 2.4.2).
    fn is_in(&self, path: &[Place], candidate: Place) -> bool {
        let Some(new) = self.bag.get(candidate) else { return true };
        path.iter().any(|p| {
            *p == candidate
                || self.bag.get(*p).is_some_and(|c| c.public_key == new.public_key && c.subject.matches(&new.subject))
        })
    }

    /// Whether one certificate may stand above another.
    fn step(&mut self, child: &Certificate, last: Place, above: Place) -> Result<(), Failed> {
        let Some(issuer) = self.bag.get(above) else {
            return Err(Failed::new(Nearness::OtherIssuer, above, Violation::EmptyChain));
        };
        link::check_names_chain(child, issuer).map_err(|v| Failed::new(Nearness::OtherIssuer, last, v))?;
        let near = if self.bag.is_anchor(above) { Nearness::Anchor } else { Nearness::Step };
        strict::check_issuer(issuer).map_err(|r| Failed::new(near, above, r))?;
        link::check_time(issuer, self.question.at).map_err(|v| Failed::new(near, above, v))?;
        strict::check_below(child).map_err(|r| Failed::new(Nearness::Step, last, r))?;
        match self.signatures.get(&(last, above)) {
            Some(true) => return Ok(()),
            // Said once already.
            Some(false) => {
                let (certificate, issuer) = (shown::certificate(child), shown::certificate(issuer));
                return Err(Failed::new(Nearness::Signature, last, Violation::BadSignature { certificate, issuer }));
            }
            None => {}
        }
        if self.signatures.len() >= self.question.budgets.signatures {
            let tried = self.signatures.len();
            self.gave_up = Some(("signatures", tried));
            return Err(Failed::new(Nearness::Signature, last, Refusal::GaveUp { what: "signatures", tried }));
        }
        let checked = link::check_signature(child, issuer);
        self.signatures.insert((last, above), checked.is_ok());
        checked.map_err(|v| Failed::new(Nearness::Signature, last, v))
    }

    /// Judges a path that ends at an anchor.
    fn judge(&mut self, path: &[Place]) {
        self.paths += 1;
        if self.paths > self.question.budgets.paths {
            self.gave_up = Some(("paths", self.question.budgets.paths));
            return;
        }
        match self.whole(path) {
            Ok(statuses) => self.good = Some((path.to_vec(), statuses)),
            Err(f) => {
                let is_best = self.best.as_ref().is_none_or(|(best, ..)| f.nearness > *best);
                self.fail(f.nearness, path, f.about, *f.refusal);
                if is_best && let Some((_, _, kept)) = &mut self.best {
                    *kept = f.statuses;
                }
            }
        }
    }

    fn whole(&mut self, path: &[Place]) -> Result<Vec<Status>, Failed> {
        let certificates: Vec<&Certificate> = path.iter().filter_map(|p| self.bag.get(*p)).collect();
        let (Some((leaf, issuers)), Some((top, _))) = (certificates.split_first(), path.split_last()) else {
            return Ok(Vec::new());
        };
        let fail = |refusal: Refusal| Failed::new(Nearness::Whole, path[0], refusal);
        let anchor = issuers.last().unwrap_or(leaf);
        strict::check_anchor(anchor, self.question.at).map_err(|r| Failed::new(Nearness::Anchor, *top, r))?;
        let violation = |v: Violation| fail(v.into());
        limits::check_path_lengths(issuers.iter().rev().map(|c| c.facts())).map_err(violation)?;
        limits::check_names_of_issuers(issuers, &mut self.names).map_err(violation)?;
        limits::check_names_of_end(leaf, issuers, &mut self.names).map_err(violation)?;
        end::check_purpose_above(leaf, issuers, self.question.purpose).map_err(fail)?;
        let domain = self.question.trust_domain.as_ref().or(self.question.spiffe.as_ref().map(SpiffeId::trust_domain));
        if let Some(domain) = domain {
            end::check_anchor_domain(anchor, domain).map_err(fail)?;
        }
        self.revocation(path, &certificates)
    }

    fn revocation(&self, path: &[Place], certificates: &[&Certificate]) -> Result<Vec<Status>, Failed> {
        let mut statuses = Vec::new();
        let mut worst: Option<(Nearness, Place, Refusal)> = None;
        for (pair, place) in certificates.windows(2).zip(path) {
            let [certificate, issuer] = pair else { continue };
            if !self.question.revocation {
                statuses.push(Status::NotAsked);
                continue;
            }
            let answer = self.crls.ask(certificate, issuer, self.question.at);
            let (status, nearness) = match &answer {
                Answer::Good(number) => (Status::Good(*number), None),
                Answer::Revoked(_) => (Status::Revoked, Some(Nearness::Revoked)),
                Answer::Unknown(_) => (Status::Unknown, Some(Nearness::Unknown)),
            };
            statuses.push(status);
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

    fn fail(&mut self, nearness: Nearness, path: &[Place], about: Place, refusal: Refusal) {
        self.tries += 1;
        let mut path = path.to_vec();
        if !path.contains(&about) {
            path.push(about);
        }
        let tried = Tried { path, about, refusal };
        let better = self.best.as_ref().is_none_or(|(best, ..)| nearness > *best);
        let old =
            if better { self.best.replace((nearness, tried, Vec::new())).map(|(_, t, _)| t) } else { Some(tried) };
        if let Some(old) = old
            && self.tried.len() < MAX_TRIED
        {
            self.tried.push(old);
        }
    }

    /// The answer when there is no good path.
    fn failed(&mut self, target: Place) -> Verdict {
        let best = self.best.take();
        if let Some((what, tried)) = self.gave_up
            && best.as_ref().is_none_or(|(nearness, ..)| *nearness < Nearness::Revoked)
        {
            let path = best.map_or_else(
                || vec![target],
                |(_, tried, _)| {
                    let path = tried.path.clone();
                    self.tried.insert(0, tried);
                    path
                },
            );
            return verdict(Outcome::Unknown, path, Some((Refusal::GaveUp { what, tried }, target)));
        }
        let Some((_, tried, statuses)) = best else {
            return verdict(Outcome::Invalid, vec![target], Some((Violation::EmptyChain.into(), target)));
        };
        let outcome = if tried.refusal.is_unknown() { Outcome::Unknown } else { Outcome::Invalid };
        Verdict { statuses, ..verdict(outcome, tried.path, Some((tried.refusal, tried.about))) }
    }
}

/// What strict modes refuse beyond the standard's validation, with the software that does.
fn warnings(bag: &Bag, path: &[Place]) -> Vec<String> {
    let mut all = Vec::new();
    for (place, above) in path.iter().filter_map(|p| bag.get(*p)).zip(0..) {
        let (name, issuer) = (shown::certificate(place), above > 0);
        if issuer && place.key_usage.is_none() {
            all.push(format!(
                "the CA `{name}` has no keyUsage, which `openssl verify -x509_strict` and Python 3.13 refuse"
            ));
        }
        if issuer && place.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| !e.critical) {
            all.push(format!(
                "the basicConstraints of `{name}` are not critical, which `openssl verify -x509_strict` and Python 3.13 refuse"
            ));
        }
        if !issuer && place.subject_key_id.is_none() {
            all.push(format!("`{name}` has no subjectKeyIdentifier, which `openssl verify -x509_strict` refuses"));
        }
        if place.serial.is_none() {
            all.push(format!("the serial number of `{name}` is not positive or too long, which Go and rustls refuse"));
        }
    }
    all
}
