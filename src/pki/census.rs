//! How many leaves each CA has, how they stand and when they end: counted in one walk over the inventory.

use super::Error;
use super::view::Status;
use crate::model::{Profile, Reason, Timestamp, Window};
use crate::store::{AuthorityId, CertificateId, Standing, Transaction};
use crate::x509::{public_key_kind, public_key_of};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How the leaves of one CA stand. Each handle counts once, by its newest certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeafCounts {
    /// All of them.
    pub total: u64,
    /// Valid now, those that end soon among them.
    pub valid: u64,
    /// Valid, and in the last third of their lives.
    pub expiring: u64,
    /// Their start is not reached.
    pub not_yet_valid: u64,
    /// Their end is past.
    pub expired: u64,
    /// Revoked for good.
    pub revoked: u64,
    /// On hold.
    pub on_hold: u64,
    /// Earlier certificates of the same handles, not among the others, that are neither expired nor revoked.
    pub replaced: u64,
}

impl LeafCounts {
    fn count(&mut self, status: Status, expiring: bool) {
        self.total += 1;
        match status {
            Status::Valid => {
                self.valid += 1;
                self.expiring += u64::from(expiring);
            }
            Status::NotYetValid => self.not_yet_valid += 1,
            Status::Expired => self.expired += 1,
            Status::Revoked => self.revoked += 1,
            Status::OnHold => self.on_hold += 1,
        }
    }

    /// The sum of both.
    pub(super) fn add(&mut self, other: &LeafCounts) {
        self.total += other.total;
        self.valid += other.valid;
        self.expiring += other.expiring;
        self.not_yet_valid += other.not_yet_valid;
        self.expired += other.expired;
        self.revoked += other.revoked;
        self.on_hold += other.on_hold;
        self.replaced += other.replaced;
    }
}

/// A month of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

impl Month {
    /// The month of a second, in UTC.
    pub fn of(at: Timestamp) -> Self {
        let (year, month, ..) = at.to_parts();
        Month(year * 12 + month - 1)
    }

    /// Its year.
    pub fn year(self) -> u32 {
        self.0 / 12
    }

    /// 1 to 12.
    pub fn number(self) -> u32 {
        self.0 % 12 + 1
    }

    /// So many months later.
    pub fn plus(self, months: u32) -> Self {
        Month(self.0 + months)
    }

    /// How many months it is after another one; 0 when it is before.
    pub fn since(self, other: Month) -> u32 {
        self.0.saturating_sub(other.0)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A leaf that may be listed, the one that ends first before the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub not_after: Timestamp,
    pub handle: String,
    pub id: CertificateId,
}

/// What ends in one month.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    pub counts: LeafCounts,
    /// Those that end first; at most as many as were asked for.
    pub listed: BTreeSet<Listed>,
}

/// The leaves of one CA generation.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub counts: LeafCounts,
    /// What has ended.
    pub ended: Ending,
    /// What ends when.
    pub months: BTreeMap<Month, Ending>,
}

impl Tally {
    /// What has ended, then month by month what ends.
    pub fn endings(&self) -> impl Iterator<Item = (Option<Month>, &Ending)> {
        let ended = Some((None, &self.ended)).filter(|(_, e)| e.counts.total > 0);
        ended.into_iter().chain(self.months.iter().map(|(m, e)| (Some(*m), e)))
    }

    /// Every leaf that may be listed, the one that ends first before the others.
    pub fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.endings().flat_map(|(_, e)| &e.listed)
    }
}

/// What a census is to find.
#[derive(Debug, Clone, Copy)]
pub(super) struct Questions {
    pub now: Timestamp,
    /// How many leaves of each CA and month are to be listed by name.
    pub listed: usize,
    /// Whether the keys are to be counted, which reads every certificate.
    pub keys: bool,
}

/// Every leaf counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Census {
    tallies: HashMap<AuthorityId, Tally>,
    /// Valid leaves by the algorithm of their key.
    pub keys: BTreeMap<String, u64>,
    /// Leaves by profile.
    pub profiles: BTreeMap<Profile, LeafCounts>,
}

impl Census {
    /// Walks the inventory once.
    pub fn take(transaction: &dyn Transaction, questions: Questions) -> Result<Self, Error> {
        let mut census = Census::default();
        transaction.survey(questions.keys, &mut |standing| {
            if !standing.profile.is_ca() {
                census.count(&standing, questions);
            }
            true
        })?;
        Ok(census)
    }

    /// The leaves of a CA generation; nothing where it has none.
    pub fn of(&self, issuer: AuthorityId) -> Option<&Tally> {
        self.tallies.get(&issuer)
    }

    fn count(&mut self, leaf: &Standing<'_>, questions: Questions) {
        let now = questions.now;
        let status = status_of(leaf, now);
        let tally = self.tallies.entry(leaf.issuer).or_default();
        if !leaf.is_current {
            tally.counts.replaced += u64::from(matches!(status, Status::Valid | Status::NotYetValid));
            return;
        }
        let expiring = is_expiring(leaf.not_before, leaf.not_after, now);
        tally.counts.count(status, expiring);
        self.profiles.entry(leaf.profile).or_default().count(status, expiring);
        let ending = match leaf.not_after < now {
            true => &mut tally.ended,
            false => tally.months.entry(Month::of(leaf.not_after)).or_default(),
        };
        ending.counts.count(status, expiring);
        let last = ending.listed.last().map(|l| (l.not_after, l.handle.as_str()));
        if ending.listed.len() < questions.listed || last.is_some_and(|l| (leaf.not_after, leaf.handle) < l) {
            let (not_after, handle, id) = (leaf.not_after, leaf.handle.to_string(), leaf.id);
            ending.listed.insert(Listed { not_after, handle, id });
            if ending.listed.len() > questions.listed {
                ending.listed.pop_last();
            }
        }
        if let (Some(der), Status::Valid) = (leaf.der, status) {
            let kind = public_key_of(der).and_then(public_key_kind);
            let name = kind.map_or_else(|_| "unknown".into(), |k| k.to_string());
            *self.keys.entry(name).or_default() += 1;
        }
    }
}

fn status_of(leaf: &Standing<'_>, now: Timestamp) -> Status {
    match leaf.revoked {
        Some(Reason::CertificateHold) => Status::OnHold,
        Some(_) => Status::Revoked,
        None if now > leaf.not_after => Status::Expired,
        None if now < leaf.not_before => Status::NotYetValid,
        None => Status::Valid,
    }
}

/// Whether the last third of a life has begun.
pub(super) fn is_expiring(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
    not_after.since(now) < Window::LastThird.seconds_at_most_a_third(not_after.since(not_before) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months() {
        let month = |t: &str| Month::of(t.parse().unwrap());
        assert_eq!(month("2026-12-31T23:59:59Z").to_string(), "2026-12");
        assert_eq!(month("2026-12-31T23:59:59Z").plus(1), month("2027-01-01"));
        assert_eq!(month("2028-03-01").since(month("2026-12-01")), 15);
        assert_eq!(month("2026-03-01").since(month("2026-12-01")), 0);
        assert_eq!((month("1950-01-01").year(), month("9999-12-31").number()), (1950, 12));
    }
}
