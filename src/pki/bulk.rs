//! Many leaves at once: the same promises as for one, on all cores, recorded and synced by the hundred.
//!
//! Threads make what one thread, which has the inventory to itself, looks up before and records after. While it records
//! one batch, the threads make the next: two batches are all that is ever held.

use super::bulk_batch::{Flight, Job, Queued, work};
use super::deliver::with_real_folder;
use super::leaf_request::Wanted;
use super::state::Outcome;
use super::{Error, LeafRequest, Pki};
use crate::model::Handle;
use crate::store::AuthorityId;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many leaves are recorded in one transaction: a sync of the disk is shared by so many, and so much is lost when a
/// command dies.
const BATCH: usize = 512;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Requests that are done, whatever became of them.
    pub done: u64,
    /// How many of those failed.
    pub failed: u64,
    /// How many there are; nothing when nobody knows yet.
    pub total: Option<u64>,
    /// How long it has taken.
    pub elapsed: Duration,
}

impl Progress {
    /// Requests a second, so far.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// How long the rest takes at that rate.
    pub fn remaining(&self) -> Option<Duration> {
        let left = self.total?.checked_sub(self.done)?;
        Duration::try_from_secs_f64(left as f64 / self.rate()).ok()
    }
}

/// What became of one of many requests.
#[derive(Debug)]
pub struct Issued {
    /// Its place among the requests, from 0.
    pub index: usize,
    /// What [`Pki::leaf`] would have returned.
    pub result: Result<Outcome, Error>,
    /// How far the run has come with it.
    pub progress: Progress,
}

impl Pki {
    /// Issues many leaves, each as [`Pki::leaf`] would and with the same promises, and tells of each when it is recorded and
    /// its files are in their place: in no certain order, but requests for one handle, or one delivery folder, one after the
    /// other. Requests are taken as they are needed. One that is refused does not stop the others.
    ///
    /// Secrets' warnings, and those of a CRL that could not be renewed, stand in one outcome, not in all.
    ///
    /// # Errors
    /// [`Error`] when the inventory or the disk fails, which ends the run: what was told of stands, what was recorded is
    /// finished by the next command, the rest was not issued.
    pub fn leaves<I>(&mut self, requests: I, each: &mut dyn FnMut(Issued)) -> Result<Progress, Error>
    where
        I: IntoIterator<Item = LeafRequest>,
    {
        let requests = requests.into_iter();
        self.recover_pending()?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let place = self.place.clone();
        std::thread::scope(|scope| {
            let (jobs, queue) = channel::<Job>();
            let queue = Arc::new(Mutex::new(queue));
            for _ in 0..threads {
                let (place, queue) = (&*place, queue.clone());
                scope.spawn(move || work(place, &queue));
            }
            Run::new(self, requests, jobs, each).go()
        })
    }
}

/// One run, as the thread sees it that has the inventory.
pub(super) struct Run<'r, I> {
    pub pki: &'r mut Pki,
    requests: I,
    requests_ended: bool,
    taken: usize,
    /// Requests that wait for another one of the same handle or delivery folder, or were overtaken; in the order of
    /// the requests.
    pub later: Vec<Queued>,
    pub jobs: Sender<Job>,
    each: &'r mut dyn FnMut(Issued),
    started: Instant,
    progress: Progress,
    /// Why a CA cannot issue: found out once, not for each of its leaves.
    pub refused: HashMap<AuthorityId, Arc<Error>>,
    /// CAs whose CRL was renewed.
    pub fresh_crls: HashSet<AuthorityId>,
    /// Whether the warnings of secrets were told.
    pub warned: bool,
}

impl<'r, I: Iterator<Item = LeafRequest>> Run<'r, I> {
    fn new(pki: &'r mut Pki, requests: I, jobs: Sender<Job>, each: &'r mut dyn FnMut(Issued)) -> Self {
        let (least, most) = requests.size_hint();
        let total = most.filter(|m| *m == least).map(|m| m as u64);
        Run {
            pki,
            requests,
            requests_ended: false,
            taken: 0,
            later: Vec::new(),
            jobs,
            each,
            started: Instant::now(),
            progress: Progress { done: 0, failed: 0, total, elapsed: Duration::ZERO },
            refused: HashMap::new(),
            fresh_crls: HashSet::new(),
            warned: false,
        }
    }

    fn go(mut self) -> Result<Progress, Error> {
        let mut flying: Option<Flight> = None;
        loop {
            let batch = self.gather(flying.as_ref().map(|f| &f.claims));
            let idle = batch.is_empty() && flying.is_none();
            if idle && self.requests_ended && self.later.is_empty() {
                self.progress.elapsed = self.started.elapsed();
                return Ok(self.progress);
            }
            let next = self.launch(batch);
            let finished = flying.take().map_or(Ok(()), |flight| self.finish(flight));
            match (next, finished) {
                (Ok(next), Ok(())) => flying = next,
                // What is being made is not recorded: it is made in vain.
                (Ok(next), Err(e)) => {
                    next.into_iter().for_each(|flight| flight.abandon(&self.pki.place));
                    return Err(e);
                }
                (Err(e), _) => return Err(e),
            }
        }
    }

    /// The next batch: no two requests of it, or of the one that is being made, are about the same thing.
    fn gather(&mut self, flying: Option<&Claims>) -> Vec<Queued> {
        let (mut batch, mut claims) = (Vec::new(), Claims::default());
        let mut sort = |queued: Queued, batch: &mut Vec<Queued>, later: &mut Vec<Queued>| {
            let free = !flying.is_some_and(|f| f.overlaps(&queued)) && !claims.overlaps(&queued);
            claims.add(&queued);
            if free && batch.len() < BATCH { batch.push(queued) } else { later.push(queued) }
        };
        for queued in mem::take(&mut self.later) {
            sort(queued, &mut batch, &mut self.later);
        }
        while batch.len() < BATCH && self.later.len() < BATCH && !self.requests_ended {
            let Some(request) = self.requests.next() else {
                self.requests_ended = true;
                break;
            };
            let index = self.taken;
            self.taken += 1;
            let request = if request.delivery.is_some() { with_real_folder(&request) } else { request };
            match Wanted::new(Cow::Owned(request), &self.pki.place) {
                Ok(wanted) => sort(Queued { index, attempt: 0, wanted }, &mut batch, &mut self.later),
                Err(e) => self.tell(index, Err(e)),
            }
        }
        batch
    }

    pub(super) fn tell(&mut self, index: usize, result: Result<Outcome, Error>) {
        self.progress.done += 1;
        self.progress.failed += u64::from(result.is_err());
        self.progress.elapsed = self.started.elapsed();
        (self.each)(Issued { index, result, progress: self.progress });
    }
}

/// What the requests of a batch are about.
#[derive(Debug, Default)]
pub(super) struct Claims {
    handles: HashSet<Handle>,
    folders: HashSet<PathBuf>,
}

impl Claims {
    fn overlaps(&self, queued: &Queued) -> bool {
        let folder = queued.wanted.request.delivery.as_ref().map(|d| &d.folder);
        self.handles.contains(&queued.wanted.handle) || folder.is_some_and(|f| self.folders.contains(f))
    }

    pub(super) fn add(&mut self, queued: &Queued) {
        self.handles.insert(queued.wanted.handle.clone());
        self.folders.extend(queued.wanted.request.delivery.as_ref().map(|d| d.folder.clone()));
    }
}
