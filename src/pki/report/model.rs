//! What a report shows, before it is drawn.

use crate::issue::Warning;
use crate::model::Timestamp;
use crate::pki::census::{LeafCounts, Month};
use crate::pki::findings::StatusFinding;
use crate::pki::status::Due;
use crate::pki::tree::CaState;
use crate::pki::view::{CertificateView, Status};
use std::collections::BTreeMap;

/// A whole report.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub title: String,
    /// The second that everything in it is told of.
    pub now: Timestamp,
    /// Every leaf.
    pub leaves: LeafCounts,
    pub cas: CaCounts,
    pub due: Vec<Due>,
    pub findings: Vec<StatusFinding>,
    /// What was left out of the findings.
    pub remarks: Vec<Warning>,
    pub roots: Vec<Authority>,
    /// Leaves that are neither revoked nor expired, by the month in which they end.
    pub months: BTreeMap<Month, u64>,
    /// Leaves by profile.
    pub profiles: Vec<(String, LeafCounts)>,
    /// Certificates that are valid, by the algorithm of their key: leaves, and CAs.
    pub keys: BTreeMap<String, (u64, u64)>,
}

/// How the CAs stand, every generation by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CaCounts {
    pub total: u64,
    pub valid: u64,
    pub expiring: u64,
    pub expired: u64,
    pub revoked: u64,
    pub foreign: u64,
}

/// A CA with what is below it.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    pub certificate: CertificateView,
    pub expiring: bool,
    pub state: CaState,
    pub groups: Vec<Group>,
    pub below: Vec<Authority>,
}

impl Authority {
    /// It and those below it, each before what is below it.
    pub fn walk<'a>(all: &'a [Authority], visit: &mut dyn FnMut(&'a Authority)) {
        for one in all {
            visit(one);
            Authority::walk(&one.below, visit);
        }
    }
}

/// Leaves of a CA that end in one month.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Nothing for what has ended.
    pub month: Option<Month>,
    pub counts: LeafCounts,
    /// Those that end first.
    pub leaves: Vec<Leaf>,
}

/// A leaf.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub name: String,
    pub profile: &'static str,
    /// The first of its names.
    pub names: Vec<String>,
    /// How many more there are.
    pub more_names: usize,
    pub subject: String,
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub status: Status,
    pub expiring: bool,
    pub reason: Option<&'static str>,
}
