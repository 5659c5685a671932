//! Path building: from a certificate upward, the most promising way first (RFC 4158).
//!
//! What does not depend on the path below is found out once: who may have issued a certificate, whether one certificate
//! signed another, whether anything leads up from here. A CA whose constraints were seen to refuse a certificate is not
//! put above that certificate again. So a thicket of cross-certificates costs little more than its edges.

use super::bag::Candidates;
use super::whole::{Judged, Known};
use super::{Bag, Crls, Place, Question, Refusal, Status, Tried, strict};
use crate::judge::{Violation, link, shown};
use crate::x509::{Certificate, NameKey};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// So many paths that were tried are kept for the explanation.
const MAX_TRIED: usize = 200;

/// How near a path that is none came to being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
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
pub(super) struct Failed {
    pub nearness: Nearness,
    pub about: Place,
    pub refusal: Box<Refusal>,
    pub statuses: Vec<Status>,
}

impl Failed {
    pub fn new(nearness: Nearness, about: Place, refusal: impl Into<Refusal>) -> Self {
        Failed { nearness, about, refusal: Box::new(refusal.into()), statuses: Vec::new() }
    }
}

/// Why there is no good path.
pub(super) struct No {
    /// The most promising that was tried, as far as it came.
    pub path: Vec<Place>,
    pub statuses: Vec<Status>,
    pub refusal: Refusal,
    pub about: Place,
}

/// What came of a search.
pub(super) struct Found {
    /// The good path.
    pub answer: Result<(Vec<Place>, Vec<Status>), No>,
    /// What was tried besides, and failed.
    pub tried: Vec<Tried>,
    /// How many failures there were.
    pub tries: usize,
}

/// Whether there is any sense in coming this way again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nothing leads up from here, whatever is below.
    Dead,
    /// Something led to an anchor, or the path below stood in the way.
    Open,
}

pub(super) struct Search<'a> {
    bag: &'a Bag,
    question: &'a Question,
    distances: HashMap<NameKey, usize>,
    candidates: HashMap<Place, Rc<Candidates>>,
    /// Whether one certificate may stand above another.
    pairs: HashMap<(Place, Place), bool>,
    signatures: usize,
    dead: HashSet<Place>,
    known: Known<'a>,
    /// How far the path is to be shortened before anything else is tried.
    leave: Option<usize>,
    steps: usize,
    paths: usize,
    good: Option<(Vec<Place>, Vec<Status>)>,
    gave_up: Option<(&'static str, usize)>,
    /// The most promising failure: how near it came, and what is told of it.
    best: Option<(Nearness, Tried, Vec<Status>)>,
    tried: Vec<Tried>,
    tries: usize,
}

impl<'a> Search<'a> {
    pub fn new(bag: &'a Bag, crls: &'a Crls, question: &'a Question) -> Self {
        Search {
            bag,
            question,
            distances: bag.distances(),
            candidates: HashMap::new(),
            pairs: HashMap::new(),
            signatures: 0,
            dead: HashSet::new(),
            known: Known::new(bag, crls, question),
            leave: None,
            steps: 0,
            paths: 0,
            good: None,
            gave_up: None,
            best: None,
            tried: Vec::new(),
            tries: 0,
        }
    }

    pub fn run(mut self, target: Place) -> Found {
        self.climb(&mut vec![target]);
        let answer = match (self.good.take(), self.best.take()) {
            (Some(good), _) => Ok(good),
            (None, best) => Err(self.no(target, best)),
        };
        Found { answer, tried: self.tried, tries: self.tries }
    }

    /// The answer when there is no good path: that the search ended early, unless all that is left to find out is beyond it.
    fn no(&mut self, target: Place, best: Option<(Nearness, Tried, Vec<Status>)>) -> No {
        let ended = self.gave_up.map(|(what, tried)| Refusal::GaveUp { what, tried });
        match (ended, best) {
            (Some(refusal), Some((nearness, best, _))) if nearness < Nearness::Revoked => {
                let path = best.path.clone();
                self.tried.insert(0, best);
                No { path, statuses: Vec::new(), refusal, about: target }
            }
            (_, Some((_, Tried { path, about, refusal }, statuses))) => No { path, statuses, refusal, about },
            (ended, None) => {
                let refusal = ended.unwrap_or_else(|| Violation::EmptyChain.into());
                No { path: vec![target], statuses: Vec::new(), refusal, about: target }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.good.is_some() || self.gave_up.is_some()
    }

    /// Goes up from the last certificate of a path, each way in turn.
    fn climb(&mut self, path: &mut Vec<Place>) -> Way {
        let Some((last, child)) = path.last().and_then(|p| Some((*p, self.bag.get(*p)?))) else { return Way::Open };
        let anchor = self.bag.is_anchor(last);
        if anchor {
            self.judge(path);
            self.leave = self.known.dead_end(path);
            // A root has nothing above it; an anchor that was issued may have.
            if self.is_over() || self.leave.is_some() || child.is_self_issued() {
                return Way::Open;
            }
        }
        if path.len() > self.question.budgets.depth {
            self.fail(path, Failed::new(Nearness::Step, last, Refusal::TooDeep { most: self.question.budgets.depth }));
            return Way::Open;
        }
        let candidates = self.candidates(last, child);
        let (mut stepped, mut way) = (false, if anchor { Way::Open } else { Way::Dead });
        for issuer in candidates.places.iter().copied() {
            if self.is_over() {
                return Way::Open;
            }
            self.steps += 1;
            if self.steps > self.question.budgets.steps {
                self.gave_up = Some(("steps", self.question.budgets.steps));
                return Way::Open;
            }
            if self.is_in(path, issuer) {
                way = Way::Open;
                continue;
            }
            stepped = true;
            if self.known.refuses(path, issuer) {
                way = Way::Open;
                continue;
            }
            if self.dead.contains(&issuer) {
                continue;
            }
            match self.step(child, last, issuer) {
                Some(Ok(())) => {
                    path.push(issuer);
                    if self.climb(path) == Way::Open {
                        way = Way::Open;
                    }
                    path.pop();
                    if self.leave.is_some_and(|place| path.len() > place) {
                        return Way::Open;
                    }
                    self.leave = None;
                }
                Some(Err(failed)) => self.fail(path, failed),
                // It was told the first time.
                None => {}
            }
        }
        if candidates.left_out && !self.is_over() {
            self.gave_up = Some(("certificates of one name", candidates.places.len()));
        }
        if !stepped && !self.is_over() && !anchor {
            self.tell_where_it_ends(path);
        }
        if way == Way::Dead {
            self.dead.insert(last);
        }
        way
    }

    fn candidates(&mut self, last: Place, child: &Certificate) -> Rc<Candidates> {
        let (bag, question, distances) = (self.bag, self.question, &self.distances);
        let find = || Rc::new(bag.issuers_of(child, distances, question.at, question.budgets.signatures));
        Rc::clone(self.candidates.entry(last).or_insert_with(find))
    }

    /// Says what is missing: goes up by names alone from a path that leads to no anchor, as far as there are certificates.
    fn tell_where_it_ends(&mut self, path: &[Place]) {
        let mut path = path.to_vec();
        while let Some((last, child)) = path.last().and_then(|p| Some((*p, self.bag.get(*p)?))) {
            let next = self.bag.any_issuer_of(child).filter(|_| !child.is_self_issued());
            // Names are written out at the end of the way only: they may be long, and the way too.
            let (certificate, issuer) =
                (|| shown::certificate(child), || shown::escaped(&child.issuer.subject.to_string()));
            let refusal = match next {
                Some(next) if !self.is_in(&path, next) && path.len() <= self.question.budgets.depth => {
                    path.push(next);
                    continue;
                }
                Some(_) => Refusal::NoAnchor { certificate: certificate(), issuer: issuer() },
                None if child.is_self_issued() => Refusal::Untrusted { certificate: certificate() },
                None => Refusal::NoIssuer { certificate: certificate(), issuer: issuer() },
            };
            return self.fail(&path, Failed::new(Nearness::NothingAbove, last, refusal));
        }
    }

    /// Whether a path has a certificate already, or another one of the same name and key (RFC 4158 2.4.2).
    fn is_in(&self, path: &[Place], candidate: Place) -> bool {
        let Some(new) = self.bag.get(candidate) else { return true };
        path.iter().any(|p| {
            *p == candidate
                || self
                    .bag
                    .get(*p)
                    .is_some_and(|c| c.subject.key() == new.subject.key() && c.public_key == new.public_key)
        })
    }

    /// Whether one certificate may stand above another, whatever else is in the path; nothing when it may not and that was
    /// told before.
    fn step(&mut self, child: &Certificate, last: Place, above: Place) -> Option<Result<(), Failed>> {
        match self.pairs.get(&(last, above)) {
            Some(true) => return Some(Ok(())),
            Some(false) => return None,
            None => {}
        }
        let answer = self.first_step(child, last, above);
        if self.gave_up.is_none() {
            self.pairs.insert((last, above), answer.is_ok());
        }
        Some(answer)
    }

    fn first_step(&mut self, child: &Certificate, last: Place, above: Place) -> Result<(), Failed> {
        let Some(issuer) = self.bag.get(above) else {
            return Err(Failed::new(Nearness::OtherIssuer, above, Violation::EmptyChain));
        };
        link::check_names_chain(child, issuer).map_err(|v| Failed::new(Nearness::OtherIssuer, last, v))?;
        let near = if self.bag.is_anchor(above) { Nearness::Anchor } else { Nearness::Step };
        strict::check_issuer(issuer).map_err(|r| Failed::new(near, above, r))?;
        link::check_time(issuer, self.question.at).map_err(|v| Failed::new(near, above, v))?;
        strict::check_below(child, issuer).map_err(|r| Failed::new(Nearness::Step, last, r))?;
        let most = self.question.budgets.signatures;
        if self.signatures >= most {
            self.gave_up = Some(("signatures", most));
            return Err(Failed::new(Nearness::Signature, last, Refusal::GaveUp { what: "signatures", tried: most }));
        }
        self.signatures += 1;
        link::check_signature(child, issuer).map_err(|v| Failed::new(Nearness::Signature, last, v))
    }

    /// Judges a path that ends at an anchor.
    fn judge(&mut self, path: &[Place]) {
        self.paths += 1;
        if self.paths > self.question.budgets.paths {
            self.gave_up = Some(("paths", self.question.budgets.paths));
            return;
        }
        match self.known.whole(path) {
            Judged::Good(statuses) => self.good = Some((path.to_vec(), statuses)),
            Judged::Bad(failed) => self.fail(path, failed),
            Judged::TooMuch(what, most) => self.gave_up = Some((what, most)),
        }
    }

    fn fail(&mut self, path: &[Place], failed: Failed) {
        let Failed { nearness, about, refusal, statuses } = failed;
        self.tries += 1;
        let mut path = path.to_vec();
        if !path.contains(&about) {
            path.push(about);
        }
        let tried = Tried { path, about, refusal: *refusal };
        let better = self.best.as_ref().is_none_or(|(best, ..)| nearness > *best);
        let old = if better { self.best.replace((nearness, tried, statuses)).map(|(_, t, _)| t) } else { Some(tried) };
        if let Some(old) = old
            && self.tried.len() < MAX_TRIED
        {
            self.tried.push(old);
        }
    }
}
