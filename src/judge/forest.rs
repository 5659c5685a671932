//! Who signed whom in a heap of certificates: names and key identifiers suggest it, signatures prove it.
//!
//! Nothing is judged beyond that: dates, constraints and purposes are of no matter for where a certificate stands. What is
//! given is anybody's, so everything that could be counted up is bounded.

use super::key_fit::KeyFit;
use crate::keys::{KeyError, sha256, verify_signature};
use crate::x509::{Certificate, NameKey, public_key_of, read_certificate, signed_parts_of};
use std::collections::{HashMap, HashSet};

/// The most certificates of a heap: every trust store and every chain fits many times.
pub const MAX_CERTIFICATES: usize = 20_000;
/// Signatures that are checked; links beyond stand unproven. A few seconds of work.
const MAX_CHECKS: usize = 40_000;
/// A check of a large certificate counts as one more for every so many bytes that are hashed.
const BYTES_OF_A_CHECK: usize = 16 << 10;
/// Certificates of one name that are tried as somebody's issuer.
const MAX_CANDIDATES: usize = 64;
/// Issuers of one certificate that are drawn: its cross-certificates.
const MAX_ISSUERS: usize = 4;
/// Deeper than any chain in use; what is deeper stands at the top again. Readers of JSON take no more than twice as much.
const MAX_DEPTH: usize = 32;

/// Why a certificate stands at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    /// It is signed with its own key.
    SelfSigned,
    /// Issuer and subject are one name, and its own key did not sign it, or that cannot be checked here.
    SelfIssued,
    /// Nothing with the name of its issuer is in the heap.
    IssuerMissing,
    /// Something with the name of its issuer is there, at this place, and did not sign it.
    NotSigned(usize),
    /// Its issuers stand below it: a loop.
    Loop,
    /// It continues below this one, too deep to be drawn there.
    Continued(usize),
}

/// How a certificate hangs below another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Signed with the key of what is above it.
    Signed,
    /// By name and key identifier; the signature is of a kind that cannot be checked here, or too many were checked.
    Unchecked,
}

/// Where a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// At the top, and why.
    Top(Top),
    /// Below another one.
    Below(Link),
    /// Below another one, while it and what is below it stand elsewhere.
    Again(Link),
    /// Below one of those that stand below it: a loop.
    Loop(Link),
}

/// A certificate where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// Its place in the heap.
    pub index: usize,
    /// How it came here.
    pub place: Standing,
    /// What is below it.
    pub children: Vec<Stand>,
}

/// A heap of certificates. It keeps their DER and little more: what is made of names takes many times that.
#[derive(Debug, Default)]
pub struct Forest {
    members: Vec<Member>,
    by_digest: HashMap<[u8; 32], usize>,
    by_subject: HashMap<NameKey, Vec<usize>>,
    checks: usize,
}

#[derive(Debug)]
struct Member {
    der: Vec<u8>,
    subject: NameKey,
    issuer: NameKey,
    subject_key_id: Option<[u8; 32]>,
    authority_key_id: Option<[u8; 32]>,
    copies: usize,
}

impl Member {
    fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The key identifiers do not speak against it.
    fn may_be_of(&self, issuer: &Member) -> bool {
        KeyFit::of(self.authority_key_id.as_ref(), issuer.subject_key_id.as_ref()).is_possible()
    }
}

impl Forest {
    /// Adds a certificate; one that is there already is counted. Returns its place; nothing when there is no room for
    /// more.
    pub fn add(&mut self, certificate: &Certificate) -> Option<usize> {
        let digest = sha256(certificate.der());
        if let Some(&index) = self.by_digest.get(&digest) {
            if let Some(member) = self.members.get_mut(index) {
                member.copies += 1;
            }
            return Some(index);
        }
        let index = self.members.len();
        if index == MAX_CERTIFICATES {
            return None;
        }
        let subject = certificate.subject.key();
        self.members.push(Member {
            der: certificate.der().to_vec(),
            subject,
            issuer: certificate.issuer.key(),
            subject_key_id: certificate.subject_key_id.as_deref().map(sha256),
            authority_key_id: certificate.authority_key_id.as_deref().map(sha256),
            copies: 1,
        });
        self.by_digest.insert(digest, index);
        self.by_subject.entry(subject).or_default().push(index);
        Some(index)
    }

    /// How many different certificates there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A certificate, and how often it was added. It is read anew.
    pub fn get(&self, index: usize) -> Option<(Certificate, usize)> {
        let member = self.members.get(index)?;
        read_certificate(&member.der).ok().map(|c| (c, member.copies))
    }

    /// Where each one stands: issuers above what they issued, everything once in full.
    pub fn grow(&mut self) -> Vec<Stand> {
        let links: Vec<Links> = (0..self.members.len()).map(|i| self.links_of(i)).collect();
        let mut below: Vec<Vec<(usize, Link)>> = vec![Vec::new(); links.len()];
        for (child, found) in links.iter().enumerate() {
            for (issuer, link) in &found.issuers {
                if let Some(all) = below.get_mut(*issuer) {
                    all.push((child, *link));
                }
            }
        }
        let mut growth = Growth { below, drawn: vec![false; links.len()], path: HashSet::new(), deferred: Vec::new() };
        let mut tops = Vec::new();
        // Those without an issuer first, then whatever a loop keeps from having a top.
        for (index, found) in links.iter().enumerate() {
            if let Some(top) = found.top {
                growth.top(index, top, &mut tops);
            }
        }
        for index in 0..links.len() {
            growth.top(index, Top::Loop, &mut tops);
        }
        tops
    }

    fn links_of(&mut self, index: usize) -> Links {
        let mut links = Links::default();
        let Some(member) = self.members.get(index) else { return links };
        let self_issued = member.is_self_issued();
        if self_issued && member.may_be_of(member) {
            match self.check(index, index) {
                Some(true) => return Links { top: Some(Top::SelfSigned), ..links },
                Some(false) => {}
                None => return Links { top: Some(Top::SelfIssued), ..links },
            }
        }
        let Some(member) = self.members.get(index) else { return links };
        let candidates = self.by_subject.get(&member.issuer).map(Vec::as_slice).unwrap_or_default();
        let mut candidates: Vec<(bool, usize)> = candidates
            .iter()
            .filter(|c| **c != index)
            .filter_map(|c| Some((!member.may_be_of(self.members.get(*c)?), *c)))
            .collect();
        // Those that the key identifier means come first; a wrong one does not make a signature wrong.
        candidates.sort_unstable();
        candidates.truncate(MAX_CANDIDATES);
        let first = candidates.first().map(|(_, c)| *c);
        for (is_odd, candidate) in candidates {
            if links.issuers.len() == MAX_ISSUERS {
                break;
            }
            match self.check(index, candidate) {
                Some(true) => links.issuers.push((candidate, Link::Signed)),
                // One that names itself is not hung below a namesake without proof.
                None if !is_odd && !self_issued => links.issuers.push((candidate, Link::Unchecked)),
                Some(false) | None => {}
            }
        }
        if links.issuers.is_empty() {
            links.top = Some(match first {
                _ if self_issued => Top::SelfIssued,
                Some(other) => Top::NotSigned(other),
                None => Top::IssuerMissing,
            });
        }
        links
    }

    /// Whether one signed the other; nothing when that cannot be told.
    fn check(&mut self, child: usize, issuer: usize) -> Option<bool> {
        let (child, issuer) = (self.members.get(child)?, self.members.get(issuer)?);
        if self.checks >= MAX_CHECKS {
            return None;
        }
        self.checks += 1 + child.der.len() / BYTES_OF_A_CHECK;
        let child = signed_parts_of(&child.der).ok()?;
        match verify_signature(public_key_of(&issuer.der).ok()?, child.algorithm, child.tbs, child.signature) {
            Ok(()) => Some(true),
            Err(KeyError::BadSignature) => Some(false),
            Err(_) => None,
        }
    }
}

#[derive(Debug, Default)]
struct Links {
    issuers: Vec<(usize, Link)>,
    top: Option<Top>,
}

struct Growth {
    below: Vec<Vec<(usize, Link)>>,
    drawn: Vec<bool>,
    /// What stands above the one that is being drawn, and itself.
    path: HashSet<usize>,
    deferred: Vec<(usize, usize)>,
}

impl Growth {
    fn top(&mut self, index: usize, top: Top, tops: &mut Vec<Stand>) {
        let mut next = Some((index, top));
        while let Some((index, top)) = next {
            if !self.is_drawn(index) {
                tops.push(self.stand(index, Standing::Top(top)));
            }
            next = self.deferred.pop().map(|(index, above)| (index, Top::Continued(above)));
        }
    }

    fn is_drawn(&self, index: usize) -> bool {
        self.drawn.get(index).copied().unwrap_or(true)
    }

    fn stand(&mut self, index: usize, place: Standing) -> Stand {
        if let Some(drawn) = self.drawn.get_mut(index) {
            *drawn = true;
        }
        self.path.insert(index);
        let below = self.below.get_mut(index).map(std::mem::take).unwrap_or_default();
        let mut children = Vec::new();
        for (child, link) in below {
            if self.path.contains(&child) {
                children.push(Stand { index: child, place: Standing::Loop(link), children: Vec::new() });
            } else if self.is_drawn(child) {
                children.push(Stand { index: child, place: Standing::Again(link), children: Vec::new() });
            } else if self.path.len() == MAX_DEPTH {
                self.deferred.push((child, index));
            } else {
                children.push(self.stand(child, Standing::Below(link)));
            }
        }
        self.path.remove(&index);
        Stand { index, place, children }
    }
}
