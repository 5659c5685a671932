//! Keeping a PKI renewed, round after round. Who calls it sleeps in between, and nothing is held while it does.

use super::authority::Cas;
use super::crl::CrlReport;
use super::renew::{Attendant, Renewed, Run};
use super::renew_one::When;
use super::state::{life_of, wants_renewal};
use super::{Error, Pki, RenewOutcome, RenewRequest};
use crate::keys::sha256;
use crate::model::{Handle, Timestamp, Window};
use crate::store::{Access, Record};
use std::collections::{HashMap, HashSet};

/// Nobody sleeps longer: clocks are set, and others issue.
const LONGEST_SLEEP: i64 = 30;
/// A hold that was lifted, or a certificate that was due when it was made, waits for the next look at everything.
const LONGEST_QUIET: i64 = 600;
/// What is issued together is not renewed together: each name waits up to this part of its life longer, …
const JITTER_PERCENT: i64 = 3;
/// … up to this many seconds, …
const LONGEST_JITTER: i64 = 6 * 3_600;
/// … and up to this part of the window.
const WINDOW_FRACTION: i64 = 4;
/// The first pause after a failure, which doubles with each further one, and its bound.
const FIRST_PAUSE: i64 = 5;
const LONGEST_PAUSE: i64 = 3_600;

/// What a watch keeps in mind between its rounds.
#[derive(Debug)]
pub struct Watch {
    request: RenewRequest,
    within: Window,
    troubles: HashMap<String, Trouble>,
    /// What is in place, and whose command after it has not succeeded yet.
    owed: HashMap<String, Renewed>,
    /// What was said to be skipped: once is enough.
    skipped: HashSet<String>,
    /// When everything was looked at, and when that has to be done again by what was seen.
    looked: Option<(Timestamp, Option<Timestamp>)>,
}

/// What failed before.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    times: u32,
    again_at: Timestamp,
}

/// What a round did.
#[derive(Debug)]
pub struct Round {
    /// What was renewed, skipped for the first time, or failed; what is not due is not told.
    pub outcome: RenewOutcome,
    /// The CRLs that were written, or could not be.
    pub crls: Vec<CrlReport>,
    /// How many seconds to sleep before the next round.
    pub sleep: u64,
}

impl Watch {
    /// A watch over what a request names, or over everything. It renews what is due.
    pub fn new(mut request: RenewRequest) -> Self {
        let within = request.due.unwrap_or_default();
        request.due = Some(within);
        let (troubles, owed, skipped, looked) = Default::default();
        Watch { request, within, troubles, owed, skipped, looked }
    }

    /// Renews what is due now, and writes the CRLs that are due of CAs whose keys are here. Items that fail are in the
    /// outcome, and are tried again in a later round, after a pause that grows.
    ///
    /// # Errors
    /// What is wrong with a target, as [`Error::NotFound`], and [`Error::Store`].
    pub fn round(&mut self, pki: &mut Pki, attendant: &mut dyn Attendant) -> Result<Round, Error> {
        let now = pki.now();
        pki.recover()?;
        let request = self.request.clone();
        let mut next = None;
        let quiet = self.is_quiet(pki, now)?;
        let handles = if quiet { Vec::new() } else { self.handles(pki, now, &mut next)? };
        let waiting = next;
        let mut run = Run { request: &request, results: Vec::new(), old: Vec::new() };
        let mut go_on = self.settle(pki, &mut run, attendant, now)?;
        for handle in handles {
            // A command that fails keeps nobody from being renewed.
            let paused = self.is_paused(handle.as_str(), now) && !self.owed.contains_key(handle.as_str());
            if !go_on || paused {
                continue;
            }
            let is_due = |record: &Record| self.due_at(record) <= now;
            let done = run.one(pki, &handle, &When::Due(&is_due), attendant);
            if self.keep(&done, now) {
                go_on = attendant.done(&done);
                run.results.push(done);
            }
        }
        let crls = if go_on { self.crls(pki, now, &mut next)? } else { Vec::new() };
        let outcome = run.finish(pki)?;
        // What was not tried again is not due any more: somebody else has renewed it.
        self.troubles.retain(|_, t| t.again_at > now);
        if !quiet {
            let soonest = self.troubles.values().map(|t| t.again_at).chain(waiting).min();
            self.looked = Some((now, soonest));
        }
        let looked = self.looked.and_then(|(_, at)| at);
        let soonest = self.troubles.values().map(|t| t.again_at).chain(next).chain(looked).min();
        // What was just issued may be due before anything else.
        let issued = pki.read()?.next_due(now)?;
        let sleep = soonest.into_iter().chain(issued).map(|t| t.since(pki.now())).min().unwrap_or(LONGEST_SLEEP);
        Ok(Round { outcome, crls, sleep: u64::try_from(sleep.clamp(1, LONGEST_SLEEP)).unwrap_or(1) })
    }

    /// Whether nothing can have become due since everything was looked at: lapsed certificates may be many, and are not
    /// walked again and again.
    fn is_quiet(&self, pki: &mut Pki, now: Timestamp) -> Result<bool, Error> {
        let Some((at, again_at)) = self.looked.filter(|_| self.request.targets.is_empty()) else { return Ok(false) };
        let since = now.since(at);
        let over = again_at.is_some_and(|t| t <= now) || !(0..LONGEST_QUIET).contains(&since);
        Ok(!over && pki.read()?.next_due(at)?.is_none_or(|t| t > now))
    }

    /// The handles that are due; and when the next one is, of those that are looked at.
    fn handles(&self, pki: &mut Pki, now: Timestamp, next: &mut Option<Timestamp>) -> Result<Vec<Handle>, Error> {
        let mut soonest = |record: &Record| {
            let at = self.due_at(record);
            if at > now {
                *next = Some(next.map_or(at, |n| n.min(at)));
            }
            at <= now
        };
        if self.request.targets.is_empty() {
            let waiting = std::cell::RefCell::new(&mut soonest);
            // The last third begins before the window does: who waits for that is seen too.
            let wanted = |r: &Record| wants_renewal(r, Window::LastThird, now) && (waiting.borrow_mut())(r);
            return pki.due_handles(now, wanted);
        }
        let mut handles = Vec::new();
        for item in pki.named_handles(&self.request.targets)? {
            let handle = item?;
            let transaction = pki.read()?;
            let record =
                transaction.holder(&handle)?.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
            if record.is_some_and(|r| soonest(&r)) {
                handles.push(handle);
            }
        }
        Ok(handles)
    }

    /// When a certificate is renewed: when the window begins, and a while after that is its name's own.
    fn due_at(&self, record: &Record) -> Timestamp {
        let life = life_of(record);
        let window = self.within.seconds_at_most_a_third(life);
        let jitter = (life * JITTER_PERCENT / 100).min(LONGEST_JITTER).min(window / WINDOW_FRACTION);
        let digest = sha256(record.handle.as_str().as_bytes());
        let seed = i64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]));
        record.not_after.plus(1 - window + seed % (jitter + 1))
    }

    /// Deliveries and commands that failed after something was issued are tried again. Returns whether to go on.
    fn settle(
        &mut self,
        pki: &mut Pki,
        run: &mut Run<'_>,
        attendant: &mut dyn Attendant,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let ready: Vec<_> = self.owed.keys().filter(|name| !self.is_paused(name, now)).cloned().collect();
        for name in ready {
            let Some(mut done) = self.owed.remove(&name) else { continue };
            run.settle(pki, &mut done, attendant);
            self.keep(&done, now);
            let go_on = attendant.done(&done);
            run.results.push(done);
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Remembers what failed, and what did not. Returns whether it is worth a word.
    fn keep(&mut self, done: &Renewed, now: Timestamp) -> bool {
        self.owed.remove(&done.name);
        if done.error.is_some() {
            self.pause(&done.name, now);
            if done.is_new() {
                self.owed.insert(done.name.clone(), done.clone());
            }
            return true;
        }
        self.troubles.remove(&done.name);
        match done.action {
            "unchanged" => false,
            "skipped" => self.skipped.insert(done.name.clone()),
            _ => {
                self.skipped.remove(&done.name);
                true
            }
        }
    }

    fn pause(&mut self, name: &str, now: Timestamp) {
        let times = self.troubles.get(name).map_or(0, |t| t.times);
        let pause = FIRST_PAUSE.saturating_mul(1 << times.min(20)).min(LONGEST_PAUSE);
        self.troubles.insert(name.into(), Trouble { times: times + 1, again_at: now.plus(pause) });
    }

    fn is_paused(&self, name: &str, now: Timestamp) -> bool {
        // A clock that was set back must not make the pause longer than it can be.
        self.troubles.get(name).is_some_and(|t| t.again_at > now && t.again_at.since(now) <= LONGEST_PAUSE)
    }

    /// Writes the CRLs that are due, of CAs whose keys are here.
    fn crls(&mut self, pki: &mut Pki, now: Timestamp, next: &mut Option<Timestamp>) -> Result<Vec<CrlReport>, Error> {
        let mut due = Vec::new();
        let cas = {
            let transaction = pki.store.begin(Access::Read)?;
            let cas = Cas::load(&*transaction)?;
            for ca in cas.iter().filter(|c| c.authority.past_known && cas.problem(c.id(), now).is_none()) {
                let name = format!("crl {} {}", ca.handle(), ca.authority.generation);
                if !pki.place.key_is_at_hand(ca) || self.is_paused(&name, now) {
                    continue;
                }
                if let Some(reason) = pki.place.crl_due(&*transaction, ca)? {
                    due.push((name, ca.clone(), reason));
                } else if let Some(last) = transaction.last_crl(ca.id())? {
                    let third = Window::LastThird.seconds(last.next_update.since(last.this_update));
                    let at = last.next_update.plus(1 - third);
                    *next = Some(next.map_or(at, |n| n.min(at)));
                }
            }
            cas
        };
        let mut reports = Vec::new();
        for (name, ca, reason) in due {
            let written = pki.write_due_crl(&cas, &ca, reason);
            if written.error.is_some() {
                self.pause(&name, now);
            } else {
                self.troubles.remove(&name);
            }
            reports.push(written);
        }
        if reports.iter().any(|r| r.error.is_none()) {
            pki.publish().map_err(Error::not_released("the new CRL"))?;
        }
        Ok(reports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_a_bound() {
        let mut watch = Watch::new(RenewRequest::default());
        let now = Timestamp::clamped(1_900_000_000);
        let mut pauses = Vec::new();
        for _ in 0..40 {
            watch.pause("a", now);
            pauses.push(watch.troubles["a"].again_at.since(now));
        }
        assert_eq!(pauses[..4], [5, 10, 20, 40]);
        assert_eq!(pauses[39], LONGEST_PAUSE);
        assert!(watch.is_paused("a", now) && !watch.is_paused("b", now));
        assert!(!watch.is_paused("a", now.plus(LONGEST_PAUSE)), "it is over");
        assert!(!watch.is_paused("a", now.plus(-1)), "the clock was set back");
    }
}
