//! The hierarchy of a PKI: each CA with how it stands, its CRL, and the leaves below it.

use super::authority::{Ca, Cas};
use super::census::{Census, LeafCounts, Month, Questions, Tally, is_expiring};
use super::folder::Place;
use super::issuing::view_record;
use super::view::{CertificateView, Status};
use super::{Error, Pki};
use crate::issue::Warning;
use crate::model::Timestamp;
use crate::store::{AuthorityId, KeyPlace, Transaction};
use serde::Serialize;
use std::collections::HashSet;

/// So many leaves of a CA are listed by name; more are told month by month.
pub const MAX_LISTED_LEAVES: usize = 1_000;
/// No hierarchy in use is deeper; what is deeper stands at the top again. Readers of JSON take no more than twice as much,
/// and a damaged inventory must not take the stack.
const MAX_DEPTH: usize = 32;

/// What `tree` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeRequest {
    /// Leaves are listed below a CA that has at most so many; never more than [`MAX_LISTED_LEAVES`].
    pub leaves: usize,
}

/// The CRL of a CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlState {
    /// `good`, `due` (it should be written now), `ended` (whoever checks it refuses everybody) or `none`.
    pub state: &'static str,
    /// Why it is due.
    pub reason: Option<String>,
    /// cRLNumber of the newest one.
    pub number: Option<u64>,
    /// When it ends.
    pub next_update: Option<Timestamp>,
    /// How many certificates it lists.
    pub entries: Option<u64>,
}

/// How many leaves end in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MonthCount {
    /// The month in UTC; nothing for all that have ended.
    pub month: Option<Month>,
    /// How many end in it, revoked ones too.
    pub certificates: u64,
}

/// The leaves below a CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeafGroup {
    /// How they stand.
    #[serde(flatten)]
    pub counts: LeafCounts,
    /// Whether they stand one by one among the children.
    pub listed: bool,
    /// When they end.
    pub ends: Vec<MonthCount>,
}

/// What is said of a CA beside its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaState {
    /// 1 for its first key, 2 for the next.
    pub generation: u32,
    /// Whether it is the newest generation of its handle.
    pub newest: bool,
    /// `here`, `detached`, or `foreign` for a CA of somebody else.
    pub key_place: &'static str,
    /// Why it can issue nothing now, by itself or by what is above it.
    pub problem: Option<String>,
    /// Its CRL.
    pub crl: CrlState,
    /// The leaves below it.
    pub leaves: LeafGroup,
}

/// One certificate of the hierarchy, and what is below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TreeNode {
    /// The certificate.
    #[serde(flatten)]
    pub certificate: CertificateView,
    /// Whether it is valid and in the last third of its life.
    pub expiring: bool,
    /// What is said of a CA; nothing of a leaf.
    #[serde(flatten)]
    pub authority: Option<CaState>,
    /// What is below it: CAs, then leaves.
    pub children: Vec<TreeNode>,
    #[serde(skip)]
    pub(super) id: Option<AuthorityId>,
}

/// The hierarchy.
#[derive(Debug, Clone, Serialize)]
pub struct TreeOutcome {
    /// The roots, and whatever has nothing above it here.
    pub tree: Vec<TreeNode>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// The hierarchy of the PKI, in the order in which its CAs were made. Leaves are counted in one walk over the inventory.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Disk`].
    pub fn tree(&mut self, request: &TreeRequest) -> Result<TreeOutcome, Error> {
        let (place, now) = (&self.place, self.place.now());
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let listed = request.leaves.min(MAX_LISTED_LEAVES);
        let census = Census::take(&*transaction, Questions { now, listed, keys: false })?;
        let mut grower =
            Grower { place, transaction: &*transaction, cas: &cas, census: &census, listed, drawn: HashSet::new() };
        let tree = grower.grow()?;
        Ok(TreeOutcome { tree, warnings: Vec::new() })
    }
}

/// Makes the nodes of a hierarchy.
pub(super) struct Grower<'a> {
    pub place: &'a Place,
    pub transaction: &'a dyn Transaction,
    pub cas: &'a Cas,
    pub census: &'a Census,
    /// Leaves are listed below a CA that has at most so many.
    pub listed: usize,
    pub drawn: HashSet<AuthorityId>,
}

impl Grower<'_> {
    /// Every CA generation once: roots first, then what a damaged inventory leaves without a root.
    pub fn grow(&mut self) -> Result<Vec<TreeNode>, Error> {
        let mut tree = Vec::new();
        let cas = self.cas;
        for ca in cas.iter().filter(|c| c.is_root()).chain(cas.iter()) {
            if !self.drawn.contains(&ca.id()) {
                tree.push(self.ca(ca, 0)?);
            }
        }
        Ok(tree)
    }

    fn ca(&mut self, ca: &Ca, depth: usize) -> Result<TreeNode, Error> {
        self.drawn.insert(ca.id());
        let now = self.place.now();
        let record = &ca.authority.certificate;
        let tally = self.census.of(ca.id());
        let counts = tally.map(|t| t.counts).unwrap_or_default();
        let is_listed = usize::try_from(counts.total).is_ok_and(|n| n <= self.listed);
        let mut children = Vec::new();
        let cas = self.cas;
        if depth < MAX_DEPTH {
            for below in cas.iter().filter(|c| c.authority.certificate.issuer == ca.id()) {
                if !self.drawn.contains(&below.id()) {
                    children.push(self.ca(below, depth + 1)?);
                }
            }
        }
        if is_listed {
            for leaf in tally.into_iter().flat_map(Tally::listed) {
                if let Some(record) = self.transaction.certificate(leaf.id)? {
                    let mut certificate = view_record(self.place, self.transaction, &record)?;
                    certificate.pem = None;
                    let expiring = is_expiring_now(&certificate, now);
                    children.push(TreeNode { certificate, expiring, authority: None, children: Vec::new(), id: None });
                }
            }
        }
        let mut certificate = view_record(self.place, self.transaction, record)?;
        certificate.pem = None;
        let ends = tally.into_iter().flat_map(Tally::endings);
        let ends = ends.map(|(month, e)| MonthCount { month, certificates: e.counts.total }).collect();
        let authority = CaState {
            generation: ca.authority.generation,
            newest: ca.active,
            key_place: ca.authority.key_place.name(),
            problem: self.cas.problem(ca.id(), now),
            crl: self.crl(ca)?,
            leaves: LeafGroup { counts, listed: is_listed, ends },
        };
        let expiring = is_expiring_now(&certificate, now);
        Ok(TreeNode { certificate, expiring, authority: Some(authority), children, id: Some(ca.id()) })
    }

    fn crl(&self, ca: &Ca) -> Result<CrlState, Error> {
        let last = self.transaction.last_crl(ca.id())?;
        let now = self.place.now();
        // Nobody asks for the CRL of a CA that has ended, nor writes one of a CA below one that is revoked.
        let reason = match self.cas.problem(ca.id(), now) {
            None => self.place.crl_due(self.transaction, ca)?,
            Some(_) => None,
        };
        let state = match &last {
            None if ca.authority.key_place == KeyPlace::Foreign || reason.is_none() => "none",
            Some(crl) if crl.next_update < now => "ended",
            _ if reason.is_some() => "due",
            _ => "good",
        };
        Ok(CrlState {
            state,
            reason,
            number: last.as_ref().map(|c| c.number),
            next_update: last.as_ref().map(|c| c.next_update),
            entries: last.as_ref().map(|c| c.entries),
        })
    }
}

fn is_expiring_now(c: &CertificateView, now: Timestamp) -> bool {
    c.status == Status::Valid && is_expiring(c.not_before, c.not_after, now)
}
