//! Looking everything up that a report shows: one walk over the inventory, and the certificates that are listed.

use super::ReportRequest;
use super::model::{Authority, CaCounts, Group, Leaf, Report};
use crate::pki::authority::Cas;
use crate::pki::census::{Census, LeafCounts, Listed, Month, Questions, Tally, is_expiring};
use crate::pki::issuing::read;
use crate::pki::status::StatusRequest;
use crate::pki::tree::{Grower, TreeNode};
use crate::pki::view::{Status, name_view};
use crate::pki::{Error, Pki};
use crate::store::Transaction;
use crate::x509::Certificate;
use std::collections::{BTreeMap, HashSet};

/// Leaves of one CA and month that are listed by name: more of them are counted.
const LISTED_OF_A_MONTH: usize = 100;
/// Leaves that are listed on the whole page: a megabyte or two.
const LISTED_IN_ALL: usize = 5_000;
/// Names of one leaf that are listed.
const NAMES: usize = 4;

impl Pki {
    pub(super) fn gather(&mut self, request: &ReportRequest) -> Result<Report, Error> {
        let status = self.status(&StatusRequest { within: request.within, allowed: Vec::new() })?;
        let (place, now) = (&self.place, self.place.now());
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let census = Census::take(&*transaction, Questions { now, listed: LISTED_OF_A_MONTH, keys: true })?;
        let drawn = HashSet::new();
        let tree = Grower { place, transaction: &*transaction, cas: &cas, census: &census, listed: 0, drawn }.grow()?;

        let mut shelf = Shelf { transaction: &*transaction, census: &census, now, room: LISTED_IN_ALL };
        let roots = tree.into_iter().map(|n| shelf.authority(n)).collect::<Result<Vec<_>, Error>>()?;
        let mut report = Report {
            title: String::new(),
            now,
            leaves: LeafCounts::default(),
            cas: CaCounts::default(),
            due: status.due,
            findings: status.findings,
            remarks: status.warnings,
            roots,
            months: BTreeMap::new(),
            profiles: census.profiles.iter().map(|(p, c)| (p.name().to_string(), *c)).collect(),
            keys: census.keys.iter().map(|(k, n)| (k.clone(), (*n, 0))).collect(),
        };
        report.title = request.title.clone().unwrap_or_else(|| title(&cas));
        let Report { roots, leaves, cas: ca_counts, months, keys, .. } = &mut report;
        Authority::walk(roots, &mut |ca| {
            leaves.add(&ca.state.leaves.counts);
            ca_counts.count(ca);
            if ca.certificate.status == Status::Valid {
                keys.entry(ca.certificate.key_algorithm.clone()).or_default().1 += 1;
            }
            for group in &ca.groups {
                if let Some(month) = group.month {
                    *months.entry(month).or_default() += group.counts.valid + group.counts.not_yet_valid;
                }
            }
        });
        months.retain(|_, n| *n > 0);
        Ok(report)
    }
}

/// What the page is called when nobody said so: after the root, where there is one of our own.
fn title(cas: &Cas) -> String {
    let roots: HashSet<&str> = cas.iter().filter(|c| c.is_root()).map(|c| c.handle().as_str()).collect();
    let common = cas.iter().find(|c| c.is_root()).and_then(|c| c.certificate.subject.common_name());
    match (roots.len(), common) {
        (1, Some(name)) => format!("PKI of {name}"),
        (1, None) => format!("PKI of {}", roots.into_iter().next().unwrap_or_default()),
        (0, _) => "A PKI without a root".into(),
        (n, _) => format!("PKI of {n} roots"),
    }
}

impl CaCounts {
    fn count(&mut self, ca: &Authority) {
        self.total += 1;
        self.foreign += u64::from(ca.state.key_place == "foreign");
        self.expiring += u64::from(ca.expiring);
        match ca.certificate.status {
            Status::Valid => self.valid += 1,
            Status::Expired => self.expired += 1,
            Status::Revoked | Status::OnHold => self.revoked += 1,
            Status::NotYetValid => {}
        }
    }
}

struct Shelf<'a> {
    transaction: &'a dyn Transaction,
    census: &'a Census,
    now: crate::model::Timestamp,
    /// How many more leaves may be listed.
    room: usize,
}

impl Shelf<'_> {
    fn authority(&mut self, node: TreeNode) -> Result<Authority, Error> {
        let tally = node.id.and_then(|id| self.census.of(id));
        let endings = tally.into_iter().flat_map(Tally::endings);
        let groups = endings.map(|(month, e)| self.group(month, e.counts, &e.listed)).collect::<Result<_, _>>()?;
        let state = node.authority.ok_or_else(|| Error::Internal("a CA without its state".into()))?;
        let below = node.children.into_iter().filter(|c| c.authority.is_some());
        let below = below.map(|c| self.authority(c)).collect::<Result<_, _>>()?;
        Ok(Authority { certificate: node.certificate, expiring: node.expiring, state, groups, below })
    }

    fn group<'l>(
        &mut self,
        month: Option<Month>,
        counts: LeafCounts,
        listed: impl IntoIterator<Item = &'l Listed>,
    ) -> Result<Group, Error> {
        let mut leaves = Vec::new();
        for one in listed {
            if self.room == 0 {
                break;
            }
            if let Some(record) = self.transaction.certificate(one.id)? {
                let status = Status::of(&record, self.now);
                let certificate = read(&record)?;
                let (names, more_names) = names(&certificate);
                self.room -= 1;
                leaves.push(Leaf {
                    name: record.handle.to_string(),
                    profile: record.profile.name(),
                    names,
                    more_names,
                    subject: certificate.subject.subject.to_string(),
                    serial: record.serial.to_string(),
                    not_before: record.not_before,
                    not_after: record.not_after,
                    status,
                    expiring: status == Status::Valid && is_expiring(record.not_before, record.not_after, self.now),
                    reason: record.revocation.as_ref().map(|r| r.reason.name()),
                });
            }
        }
        Ok(Group { month, counts, leaves })
    }
}

fn names(certificate: &Certificate) -> (Vec<String>, usize) {
    let all = certificate.names.as_deref().unwrap_or_default();
    let shown = all.iter().take(NAMES).map(|n| {
        let view = name_view(n);
        if view.value.is_empty() { view.kind.to_string() } else { view.value }
    });
    (shown.collect(), all.len().saturating_sub(NAMES))
}
