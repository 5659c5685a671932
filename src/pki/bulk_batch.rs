//! One batch of many leaves: looked up, made by the threads, recorded, released.

use super::authority::Cas;
use super::bulk::{Claims, Run};
use super::folder::Place;
use super::issuing::{ATTEMPTS, back_off, still_issuing};
use super::leaf::{Found, Made, Recorded};
use super::leaf_request::Wanted;
use super::leaf_steps::{Before, Scene};
use super::material::{Above, files_in};
use super::pending::PendingBatch;
use super::release::ENCRYPTED;
use super::state::Decision;
use super::{Error, LeafRequest};
use crate::issue::{Issuer, Warning};
use crate::model::Layout;
use crate::store::{self, AuthorityId, NewCertificate};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A request that waits.
pub(super) struct Queued {
    pub index: usize,
    /// How often other commands overtook it.
    pub attempt: usize,
    pub wanted: Wanted<'static>,
}

/// A leaf to be made.
pub(super) struct Job {
    queued: Queued,
    found: Found,
    ready: Ready,
    /// The folder of the batch.
    folder: Arc<PathBuf>,
    reply: Sender<Reply>,
}

/// A CA that is ready to issue.
#[derive(Clone)]
struct Ready {
    issuer: Arc<Issuer>,
    above: Arc<Above>,
}

/// What became of a job.
struct Reply {
    queued: Queued,
    found: Found,
    result: Result<Written, Failed>,
}

/// A leaf whose files are written and not synced.
struct Written {
    made: Made,
    new: NewCertificate,
    layout: Layout,
    files: usize,
}

enum Failed {
    /// The request cannot be met.
    Request(Error),
    /// The disk cannot take it, nor anything else.
    Disk(Error),
}

/// A batch that is being made.
pub(super) struct Flight {
    pub claims: Claims,
    pending: PendingBatch,
    replies: Receiver<Reply>,
    cas: Arc<Cas>,
}

impl Flight {
    /// Gives up a batch of which nothing was recorded, when nobody writes to it any more.
    pub fn abandon(self, place: &Place) {
        self.replies.iter().for_each(drop);
        self.pending.abandon(place);
    }
}

/// What a thread does until there are no more jobs.
pub(super) fn work(place: &Place, queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { queued, found, ready, folder, reply }) = next else { return };
        let result = make(place, &queued.wanted, &found, &ready, &folder);
        // Who waits for it may have given up.
        let _ = reply.send(Reply { queued, found, result });
    }
}

fn make(place: &Place, wanted: &Wanted<'_>, found: &Found, ready: &Ready, batch: &Path) -> Result<Written, Failed> {
    let made = place.make_leaf(wanted, found, &ready.issuer, &ready.above).map_err(Failed::Request)?;
    let new = place.new_leaf(wanted, found, &made).map_err(Failed::Request)?;
    let key_pem = made.key_pem.as_deref().map(Vec::as_slice);
    let layout = if key_pem.is_some() { place.layout_of(wanted) } else { Layout::Folder };
    let files = files_in(layout, made.signed.certificate(), key_pem, &made.above);
    let files = PendingBatch::write(place, batch, &new.serial, &files).map_err(|e| Failed::Disk(e.into()))?;
    Ok(Written { made, new, layout, files })
}

impl<I: Iterator<Item = LeafRequest>> Run<'_, I> {
    /// Looks everything up in one view of the inventory, and gives the threads what is to be made. Nothing when there is
    /// nothing to be made.
    pub(super) fn launch(&mut self, batch: Vec<Queued>) -> Result<Option<Flight>, Error> {
        if batch.is_empty() {
            return Ok(None);
        }
        let mut looked = self.look(&batch)?;
        if looked.0.unfinished {
            self.pki.recover()?;
            looked = self.look(&batch)?;
        }
        let (scene, found) = looked;
        let mut issuers: HashMap<AuthorityId, Ready> = HashMap::new();
        let mut flight: Option<(Flight, Arc<PathBuf>)> = None;
        let (reply, replies) = channel();
        let mut replies = Some(replies);
        for (queued, found) in batch.into_iter().zip(found) {
            let found = match found {
                Ok(found) => found,
                Err(e) => {
                    self.tell(queued.index, Err(e));
                    continue;
                }
            };
            if let Decision::Keep { due } = found.decision {
                let kept = self.pki.keep(&queued.wanted, &found, due);
                self.tell(queued.index, kept);
                continue;
            }
            let ready = match self.ready(&scene.cas, &found, &mut issuers) {
                Ok(ready) => ready,
                Err(e) => {
                    self.tell(queued.index, Err(e));
                    continue;
                }
            };
            if let (None, Some(replies)) = (&flight, replies.take()) {
                let pending = PendingBatch::create(&self.pki.place)?;
                let folder = Arc::new(pending.folder().to_path_buf());
                let flying = Flight { claims: Claims::default(), pending, replies, cas: scene.cas.clone() };
                flight = Some((flying, folder));
            }
            if let Some((flying, folder)) = &mut flight {
                flying.claims.add(&queued);
                let job = Job { queued, found, ready, folder: folder.clone(), reply: reply.clone() };
                self.jobs.send(job).map_err(|_| Error::Internal("the threads that make leaves are gone".into()))?;
            }
        }
        Ok(flight.map(|(flying, _)| flying))
    }

    fn look(&mut self, batch: &[Queued]) -> Result<(Scene, Vec<Result<Found, Error>>), Error> {
        let place = self.pki.place.clone();
        let before: Vec<Before> = batch.iter().map(|q| Before::look(&place, &q.wanted)).collect();
        let transaction = self.pki.read()?;
        let scene = Scene::load(&*transaction)?;
        let mut all = Vec::with_capacity(batch.len());
        for (queued, before) in batch.iter().zip(&before) {
            match place.look_at(&*transaction, &scene, &queued.wanted, before) {
                Err(e @ Error::Store(_)) => return Err(e),
                found => all.push(found),
            }
        }
        Ok((scene, all))
    }

    /// The CA that issues, opened once for a batch.
    fn ready(&mut self, cas: &Cas, found: &Found, issuers: &mut HashMap<AuthorityId, Ready>) -> Result<Ready, Error> {
        let id = found.issuer.ok_or_else(|| Error::Internal("no issuer was chosen".into()))?;
        if let Some(ready) = issuers.get(&id) {
            return Ok(ready.clone());
        }
        if let Some(error) = self.refused.get(&id) {
            return Err(Error::Shared(error.clone()));
        }
        let issuer = self.pki.place.issuer(cas, id).map_err(|e| {
            let error = Arc::new(e);
            self.refused.insert(id, error.clone());
            Error::Shared(error)
        })?;
        let above = Arc::new(Above::of(issuer.chain()));
        let ready = Ready { issuer: Arc::new(issuer), above };
        issuers.insert(id, ready.clone());
        Ok(ready)
    }

    /// Makes a batch durable, records it, releases it, and tells of it.
    pub(super) fn finish(&mut self, flight: Flight) -> Result<(), Error> {
        let Flight { pending, replies, cas, .. } = flight;
        let place = self.pki.place.clone();
        let (mut written, mut refused, mut files, mut broken) = (Vec::new(), Vec::new(), 0, None);
        for Reply { queued, found, result } in replies {
            match result {
                Ok(w) => {
                    files += w.files;
                    written.push((queued, found, w));
                }
                Err(Failed::Request(e)) => refused.push((queued.index, e)),
                Err(Failed::Disk(e)) => broken = broken.or(Some(e)),
            }
        }
        if let Some(e) = broken {
            pending.abandon(&place);
            return Err(e);
        }
        // Recorded in the order of the requests, whichever thread was faster.
        written.sort_by_key(|(queued, ..)| queued.index);
        let recorded = match self.record(&pending, &cas, &written, files) {
            Ok(recorded) => recorded,
            Err(e) => {
                pending.abandon(&place);
                return Err(e);
            }
        };
        let (mut done, mut overtaken) = (Vec::new(), 0);
        for ((queued, found, w), recorded) in written.into_iter().zip(recorded) {
            match recorded {
                Ok(Some(recorded)) => done.push((queued, found, w, recorded)),
                other => {
                    // What cannot be removed now is removed by the next command: it was never recorded.
                    drop(place.disk.remove(&pending.path_of(&w.new.serial, w.layout)));
                    match other {
                        Err(e) => refused.push((queued.index, e)),
                        Ok(_) if queued.attempt + 1 >= ATTEMPTS => {
                            let handle = queued.wanted.handle.clone();
                            refused.push((queued.index, Error::Overtaken { handle, attempts: ATTEMPTS }));
                        }
                        Ok(_) => {
                            overtaken = overtaken.max(queued.attempt + 1);
                            // Before whoever asks for the same later.
                            let at = self.later.partition_point(|q| q.index < queued.index);
                            self.later.insert(at, Queued { attempt: queued.attempt + 1, ..queued });
                        }
                    }
                }
            }
        }
        refused.into_iter().for_each(|(index, e)| self.tell(index, Err(e)));
        let waiting = |w: &Written| pending.path_of(&w.new.serial, w.layout);
        let leaves: Vec<_> = done.iter().map(|(q, _, w, r)| (&q.wanted.handle, r.id, waiting(w))).collect();
        let first = leaves.first().map(|l| l.0.to_string()).unwrap_or_default();
        let released = self.pki.release_leaves(pending, &leaves).map_err(Error::not_released(first))?;
        let mut to_settle = Vec::new();
        let delivered: Vec<_> = done
            .iter()
            .zip(released)
            .map(|((queued, _, _, recorded), released)| {
                released?;
                if !recorded.to_deliver {
                    return Ok(Vec::new());
                }
                let mut delivered = self.pki.deliver_unsettled(&queued.wanted.handle)?;
                let folders = std::mem::take(&mut delivered.folders);
                to_settle.push(delivered);
                Ok(folders)
            })
            .collect();
        // What stays due is delivered once more by the next command: it is told of all the same.
        let settled = self.pki.settle_deliveries(&to_settle);
        for ((queued, found, w, recorded), result) in done.into_iter().zip(delivered) {
            let index = queued.index;
            let result = match result {
                Ok(delivered) => {
                    let Written { mut made, new, .. } = w;
                    self.add_warnings(&found, &mut made);
                    Ok(place.outcome_of(&queued.wanted, &found, made, recorded.id, new, delivered))
                }
                Err(e) => Err(Error::not_released(&queued.wanted.handle)(e)),
            };
            self.tell(index, result);
        }
        settled?;
        back_off(overtaken);
        Ok(())
    }

    /// One sync of all files, one transaction. An error is one of the disk or the inventory: nothing was recorded.
    fn record(
        &mut self,
        pending: &PendingBatch,
        cas: &Cas,
        written: &[(Queued, Found, Written)],
        files: usize,
    ) -> Result<Vec<Result<Option<Recorded>, Error>>, Error> {
        if written.is_empty() {
            return Ok(Vec::new());
        }
        let place = self.pki.place.clone();
        pending.sync(&place, files)?;
        // An encrypted key was opened before it came here: what lies on the disk is the same.
        for (_, _, w) in written {
            if let Some(pem) = w.made.key_pem.as_ref().filter(|pem| pem.starts_with(ENCRYPTED)) {
                place.disk.verify(&pending.path_of(&w.new.serial, w.layout).join("key.pem"), pem)?;
            }
        }
        let transaction = self.pki.store.begin(store::Access::Write)?;
        let mut issuing: HashMap<AuthorityId, bool> = HashMap::new();
        let mut all = Vec::with_capacity(written.len());
        for (queued, found, w) in written {
            let still = match issuing.get(&w.made.issuer) {
                Some(still) => *still,
                None => {
                    let still = still_issuing(&*transaction, cas, w.made.issuer)?;
                    issuing.insert(w.made.issuer, still);
                    still
                }
            };
            let recorded = match still {
                true => place.record_leaf_in(&*transaction, &queued.wanted, found, &w.made, &w.new),
                false => Ok(None),
            };
            match recorded {
                Err(e @ Error::Store(_)) => return Err(e),
                recorded => all.push(recorded),
            }
        }
        if all.iter().any(|r| matches!(r, Ok(Some(_)))) {
            transaction.commit()?;
        }
        Ok(all)
    }

    /// What concerns the run, and not one leaf: said once.
    fn add_warnings(&mut self, found: &Found, made: &mut Made) {
        if !self.warned {
            self.warned = true;
            made.warnings.extend(self.pki.place.keyring.source.warnings());
        }
        if found.crl_is_old && self.fresh_crls.insert(made.issuer) {
            let mut warnings: Vec<Warning> = Vec::new();
            self.pki.refresh_crl_or_warn(&found.cas, made.issuer, &mut warnings);
            made.warnings.extend(warnings);
        }
    }
}
