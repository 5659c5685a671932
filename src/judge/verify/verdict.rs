use super::search::{Found, No, Search};
use super::software::warnings;
use super::{Bag, Crls, Place, Question, Refusal, end};
use crate::judge::Violation;
use crate::model::SpiffeId;

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
        return Verdict {
            outcome: Outcome::Invalid,
            path: Vec::new(),
            statuses: Vec::new(),
            refusal: Some(Violation::EmptyChain.into()),
            about: None,
            warnings: Vec::new(),
            tried: Vec::new(),
            tries: 0,
            spiffe_id: None,
        };
    };
    let spiffe_id = end::svid(leaf).ok().filter(|_| !leaf.is_ca());
    let Found { answer, tried, tries } = Search::new(bag, crls, question).run(target);
    let (path, statuses, refusal) = match (answer, end::check(leaf, question).err()) {
        (Ok((path, statuses)), None) => (path, statuses, None),
        // What is wrong with the certificate itself, no path mends.
        (Ok((path, statuses)), Some(refusal)) => (path, statuses, Some((refusal, target))),
        (Err(_), Some(refusal)) => (vec![target], Vec::new(), Some((refusal, target))),
        (Err(No { path, statuses, refusal, about }), None) => (path, statuses, Some((refusal, about))),
    };
    let outcome = match &refusal {
        None => Outcome::Valid,
        Some((refusal, _)) if refusal.is_unknown() => Outcome::Unknown,
        Some(_) => Outcome::Invalid,
    };
    let warnings = if refusal.is_none() { warnings(bag, &path, question) } else { Vec::new() };
    let (refusal, about) = refusal.map_or((None, None), |(r, a)| (Some(r), Some(a)));
    Verdict { outcome, path, statuses, refusal, about, warnings, tried, tries, spiffe_id }
}
