//! The next CRL of a CA: what it lists, its number and dates, its way from the signature to its place.

use super::authority::{Ca, Cas};
use super::crl_file::{HashedCrl, LABEL, holds_recorded, valid_crl};
use super::folder::Place;
use super::pending::Pending;
use super::recover::CRL_PREFIX;
use super::{Error, Pki};
use crate::disk::{Access, exists, write_pem};
use crate::issue::{CrlDraft, Issuer};
use crate::keys::sha256;
use crate::model::{Handle, Lifetime, Serial, Timestamp};
use crate::store::{CrlRecord, KeyPlace, Revocation, StoreError, Transaction};
use crate::x509::{Certificate, CrlEntries, RevokedEntry};
use std::path::Path;

/// thisUpdate lies this far before now at most.
pub(super) const BACKDATE_SECONDS: i64 = 300;
/// How long the CRL of a CA that signs leaves is good for.
const LEAF_CA_LIFETIME: Lifetime = Lifetime::days(30);
/// How long the CRL of a CA is good for that signs only CAs, or whose key is encrypted or not here.
pub(super) const UPPER_CA_LIFETIME: Lifetime = Lifetime::days(365);

/// With more changes than this the entries are read from the inventory, all of them: it takes about as long.
const MOST_CHANGES: usize = 50_000;

/// A CRL that was signed inside a transaction and waits for it to be committed.
pub(super) struct SignedCrl {
    pub handle: Handle,
    pub generation: u32,
    pub record: CrlRecord,
    pub pending: Pending,
}

impl SignedCrl {
    /// After the commit: puts the CRL in its place. When that fails the pending folder stays: the CRL is recorded, and the
    /// next command finishes it. When the commit failed it is forgotten.
    pub fn settle(self, pki: &mut Pki, committed: Result<(), StoreError>) -> Result<CrlRecord, Error> {
        if let Err(e) = committed {
            self.pending.abandon(&pki.place);
            return Err(Error::Store(e));
        }
        let released = pki.release_crl(&self.handle, self.generation, self.record.number, self.pending.folder());
        released.map_err(Error::not_released(format!("the CRL of {}", self.handle)))?;
        self.pending.abandon(&pki.place);
        Ok(self.record)
    }
}

impl Place {
    /// Signs the next CRL of a CA inside a writing transaction and puts it into `pending/`.
    pub(super) fn sign_crl(
        &self,
        transaction: &dyn Transaction,
        issuer: &Issuer,
        ca: &Ca,
        lifetime: Option<Lifetime>,
    ) -> Result<SignedCrl, Error> {
        if !ca.authority.past_known {
            return Err(Error::PastUnknown { handle: ca.handle().clone() });
        }
        let last = transaction.last_crl(ca.id())?;
        let (entries, on_disk) = self.next_entries(transaction, ca, last.as_ref())?;
        let lifetime = match lifetime {
            Some(l) => l,
            None => self.crl_lifetime(transaction, ca)?,
        };
        let draft = next_crl_of(&ca.certificate, last.as_ref(), on_disk, entries.newest(), lifetime, self.now());
        let count = entries.count();
        let crl = issuer
            .rehearse_crl(draft, entries)
            .and_then(|linted| linted.sign())
            .map_err(Error::issue(format!("the CRL of {}", ca.handle())))?
            .into_output();
        let record = CrlRecord {
            issuer: ca.id(),
            number: draft.number,
            this_update: draft.this_update,
            next_update: draft.next_update,
            entries: count,
            last_event: transaction.last_event(ca.id())?,
            sha256: sha256(crl.der()),
            follows: Some(last.map_or(0, |l| l.number)),
        };
        transaction.record_crl(&record)?;
        let generation = ca.authority.generation;
        let pending = Pending::create(self, &format!("{CRL_PREFIX}{}-{generation}-{}", record.number, ca.handle()))?;
        if let Err(e) = pending.write(self, "crl.pem", &|out| write_pem(out, LABEL, crl.der())) {
            pending.abandon(self);
            return Err(e);
        }
        Ok(SignedCrl { handle: ca.handle().clone(), generation, record, pending })
    }

    /// What the next CRL lists, and the number of the one on disk.
    ///
    /// Where that is the last one that was recorded, bit for bit, only what changed since comes from the inventory: the
    /// result is the same, and a CRL of a million entries takes half the time.
    fn next_entries(
        &self,
        transaction: &dyn Transaction,
        ca: &Ca,
        last: Option<&CrlRecord>,
    ) -> Result<(CrlEntries, Option<u64>), Error> {
        let path = self.ca_generation_folder(ca).join("crl.pem");
        if let Some(last) = last
            && let Some(entries) = carried_over(transaction, last, &path)?
        {
            return Ok((entries, Some(last.number)));
        }
        let on_disk = match last.filter(|l| holds_recorded(&path, l)) {
            Some(last) => Some(last.number),
            // A file that this CA did not sign says nothing about its numbers.
            None => valid_crl(&path, &ca.certificate).and_then(|c| c.number_u64()),
        };
        let mut entries = CrlEntries::with_room_for(last.map_or(0, |l| l.entries));
        transaction.revoked(ca.id(), &mut |r| entries.push(&entry(r)))?;
        Ok((entries, on_disk))
    }

    fn crl_lifetime(&self, transaction: &dyn Transaction, ca: &Ca) -> Result<Lifetime, Error> {
        if self.key_is_guarded(ca) {
            return Ok(UPPER_CA_LIFETIME);
        }
        if ca.certificate.basic_constraints.and_then(|b| b.path_len) == Some(0) {
            return Ok(LEAF_CA_LIFETIME);
        }
        let signs_leaves = transaction.signs_leaves(ca.id())?;
        Ok(if signs_leaves { LEAF_CA_LIFETIME } else { UPPER_CA_LIFETIME })
    }
}

/// The entries of the last CRL with what changed since; nothing when its file is another one, or too much changed.
fn carried_over(transaction: &dyn Transaction, last: &CrlRecord, path: &Path) -> Result<Option<CrlEntries>, Error> {
    let Some(changes) = transaction.changes(last, MOST_CHANGES)? else { return Ok(None) };
    let changes: Vec<(Serial, Option<RevokedEntry>)> = changes.into_iter().map(|(s, r)| (s, r.map(entry))).collect();
    let Some(mut file) = HashedCrl::open(path) else { return Ok(None) };
    // What was recorded was signed and judged here: with its digest, every entry is what it was then.
    let entries = CrlEntries::carried_over(&mut file, last.entries, &changes).ok();
    Ok(entries.filter(|_| file.finish() == last.sha256))
}

fn entry(r: Revocation) -> RevokedEntry {
    RevokedEntry { serial: r.serial, revoked_at: r.at, reason: r.reason, invalidity_date: r.invalidity_date }
}

/// Number and dates of the next CRL.
pub(super) fn next_crl_of(
    own: &Certificate,
    last: Option<&CrlRecord>,
    on_disk: Option<u64>,
    newest: Option<Timestamp>,
    lifetime: Lifetime,
    now: Timestamp,
) -> CrlDraft {
    // The clock in seconds is part of the maximum, so that a restored backup repeats no number.
    let clock = u64::try_from(now.unix()).unwrap_or(0);
    let after = |n: Option<u64>| n.unwrap_or(0).saturating_add(1);
    let number = after(last.map(|l| l.number)).max(after(on_disk)).max(clock);
    let floor = [Some(own.not_before), last.map(|l| l.this_update), newest].into_iter().flatten().max();
    let this_update = now.plus(-BACKDATE_SECONDS).max(floor.unwrap_or(now));
    let next_update = now.plus(lifetime.seconds()).min(own.not_after);
    CrlDraft { number, this_update, next_update }
}

impl Pki {
    /// Moves a pending CRL to the folder of its CA's generation, unless a newer one is there.
    pub(super) fn release_crl(
        &mut self,
        handle: &Handle,
        generation: u32,
        number: u64,
        pending: &Path,
    ) -> Result<(), Error> {
        let _lock = self.lock_public()?;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let ca = cas.iter().find(|c| c.handle() == handle && c.authority.generation == generation);
        let Some(ca) = ca else { return Ok(()) };
        // A newer one that was recorded meanwhile is released by whoever signed it.
        let from = pending.join("crl.pem");
        if ca.authority.key_place == KeyPlace::Foreign {
            self.place.disk.create_folder_all(&self.place.ca_generation_folder(ca), Access::Private)?;
        }
        // Without the file it was moved already, and only the empty folder is left of it.
        if exists(&from) && transaction.last_crl(ca.id())?.is_some_and(|last| last.number == number) {
            self.place.disk.rename_over(&from, &self.place.ca_generation_folder(ca).join("crl.pem"))?;
        }
        Ok(())
    }
}
