//! A lost inventory, made again from the certificates and CRLs that lie in the PKI folder.

use super::crl_file::{valid_crl, valid_der_crl};
use super::folder::{CA, CERTS, INVENTORY, PENDING, PUBLIC, REQUESTS, absolute};
use super::recover::crl_owner;
use super::revoke::UNKNOWN_END;
use super::salvage_pieces::{Piece, collect, identity_of, name_of, profile_of};
use super::salvage_requests::take_requests;
use super::{Error, Pki};
use crate::disk::{Access, Disk, Lock, entries, exists};
use crate::issue::Warning;
use crate::keys::{sha256, verify_signature};
use crate::model::{Clock, Handle, Reason, SystemClock, Timestamp};
use crate::store::{
    Access as StoreAccess, AuthorityId, CertificateId, CrlRecord, KeyPlace, NewAuthority, NewCertificate,
    NewRevocation, SqliteStore, Store, StoreError, Transaction,
};
use crate::x509::{Certificate, Crl};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// What `doctor --salvage` brought back.
#[derive(Debug, Clone, Serialize)]
pub struct SalvageOutcome {
    /// `salvaged`.
    pub action: &'static str,
    /// The new inventory.
    pub file: PathBuf,
    /// Where the damaged one was moved to, if there was one.
    pub damaged: Option<PathBuf>,
    /// How many certificates of CAs were found.
    pub authorities: u64,
    /// How many certificates of leaves were found.
    pub leaves: u64,
    /// How many revocations the CRLs on disk list.
    pub revocations: u64,
    /// How many requests were found that wait for a certificate from elsewhere.
    pub requests: u64,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

/// A CA key among the pieces, and what it becomes.
struct Issuer {
    handle: Handle,
    key_place: KeyPlace,
    public_key: Vec<u8>,
    generation: Option<u32>,
    id: Option<AuthorityId>,
    newest: Certificate,
}

impl Pki {
    /// Makes a lost inventory again from the certificates and CRLs on disk. What it cannot know: certificates whose files
    /// are gone, revocations that no CRL on disk lists, delivery folders. So no CA signs a CRL until somebody says what
    /// it revoked before.
    ///
    /// # Errors
    /// [`Error::NothingToSalvage`] when there is an inventory that can be read, [`Error::NoPki`] where nothing is found.
    /// The folder is then as it was.
    pub fn salvage(folder: &Path) -> Result<SalvageOutcome, Error> {
        let root = absolute(folder)?;
        let Some(locked) = [CA, CERTS].map(|f| root.join(f)).into_iter().find(|f| exists(f)) else {
            return Err(Error::NoPki { path: folder.into() });
        };
        let disk = Disk::following(&root);
        // Nobody makes an inventory here meanwhile.
        let _lock = Lock::exclusive(&locked)?;
        let inventory = root.join(INVENTORY);
        check_lost(folder, &inventory)?;
        let temporary = root.join(format!(".new-{INVENTORY}.{}", std::process::id()));
        disk.create(&temporary, b"", Access::Private)?;
        let filled = fill(&root, &temporary, SystemClock.now()).and_then(|outcome| {
            // What SQLite has not moved into the file itself would be lost with its name.
            match with_ending(&temporary, BESIDE[0]).metadata() {
                Ok(log) if log.len() > 0 => Err(Error::Internal("the new inventory is not in one file".into())),
                _ => Ok(outcome),
            }
        });
        let outcome = filled.and_then(|mut outcome| {
            disk.sync_file(&temporary)?;
            outcome.damaged = move_aside(&disk, &inventory)?;
            disk.rename_over(&temporary, &inventory)?;
            outcome.file = inventory.clone();
            Ok(outcome)
        });
        if outcome.is_err() {
            for left in BESIDE.iter().map(|e| with_ending(&temporary, e)).chain([temporary.clone()]) {
                // Why it failed is worth more than why its remains cannot be removed.
                drop(disk.remove(&left));
            }
        }
        outcome
    }
}

/// Refuses when there is a good inventory.
fn check_lost(folder: &Path, inventory: &Path) -> Result<(), Error> {
    if inventory.metadata().map_or(0, |m| m.len()) == 0 {
        return Ok(());
    }
    match SqliteStore::open(inventory).and_then(|mut s| s.begin(StoreAccess::Read)?.integrity()) {
        Ok(problems) if problems.is_empty() => Err(Error::NothingToSalvage { path: folder.into() }),
        Ok(_) | Err(StoreError::Damaged(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Keeps a damaged inventory under another name: perhaps somebody can read more of it. What SQLite kept beside a lost one
/// goes too: it must not be taken for the new one's.
fn move_aside(disk: &Disk, inventory: &Path) -> Result<Option<PathBuf>, Error> {
    let free = |n: &u32| !exists(&with_ending(inventory, &format!(".damaged-{n}")));
    let number = (1..u32::MAX).find(free).unwrap_or(u32::MAX);
    let aside = with_ending(inventory, &format!(".damaged-{number}"));
    let mut moved = false;
    for ending in BESIDE.into_iter().chain([""]) {
        let part = with_ending(inventory, ending);
        if exists(&part) {
            disk.rename_over(&part, &with_ending(&aside, ending))?;
            moved = true;
        }
    }
    Ok(moved.then_some(aside))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn fill(root: &Path, file: &Path, now: Timestamp) -> Result<SalvageOutcome, Error> {
    let mut warnings = Vec::new();
    let mut pieces = collect(root, &mut warnings)?;
    if pieces.is_empty() && entries(&root.join(REQUESTS))?.is_empty() {
        return Err(Error::NoPki { path: root.into() });
    }
    pieces.retain(|piece| {
        let good = piece.certificate.validity().is_some();
        if !good {
            let subject = &piece.certificate.subject.subject;
            let text = format!("the certificate of `{subject}` ends before it begins: it is left out");
            warnings.push(Warning::new("not-salvaged", text));
        }
        good
    });
    // The older ones first, and what lies in a folder of its own last: the last one is the newest of its handle.
    let rank = |p: &Piece| p.owner.as_ref().map(|o| o.generation.unwrap_or(u32::MAX));
    pieces.sort_by_key(|p| (rank(p), p.certificate.not_before, p.certificate.serial));
    let mut issuers = issuers_of(&pieces);
    let mut store = SqliteStore::open(file)?;
    let transaction = store.begin(StoreAccess::Write)?;
    let mut outcome = SalvageOutcome {
        action: "salvaged",
        file: file.into(),
        damaged: None,
        authorities: 0,
        leaves: 0,
        revocations: 0,
        requests: 0,
        warnings: Vec::new(),
    };
    let t = &*transaction;
    add_authorities(t, &mut issuers)?;
    let mut newest: HashMap<Handle, CertificateId> = HashMap::new();
    for piece in &pieces {
        let Some(above) = issuer_of(&piece.certificate, &issuers) else {
            let subject = &piece.certificate.subject.subject;
            let text = format!("no CA here signed the certificate of `{subject}`: it is left out");
            warnings.push(Warning::new("not-salvaged", text));
            continue;
        };
        let ca = piece.certificate.is_ca();
        let Some(new) = record_of(piece, above, &issuers, now) else { continue };
        let predecessor = newest.get(&new.handle).copied();
        let handle = new.handle.clone();
        newest.insert(handle, t.record(&NewCertificate { predecessor, ..new })?);
        *(if ca { &mut outcome.authorities } else { &mut outcome.leaves }) += 1;
    }
    for issuer in &issuers {
        outcome.revocations += take_crl(t, root, issuer, &pieces, now)?;
        if let Some(id) = issuer.id {
            t.set_past_known(id, false)?;
        }
    }
    outcome.requests = take_requests(t, root, now, &mut warnings)?;
    t.mark_unpublished()?;
    let detail = format!("{} certificates, {} revocations", outcome.authorities + outcome.leaves, outcome.revocations);
    t.note(now, "salvaged", None, &detail)?;
    transaction.commit()?;
    let lost = "what was delivered to folders outside is not known any more: issue with `--out-dir` again";
    warnings.push(Warning::new("deliveries-lost", lost));
    let held = "no CRL is signed until each CA's past is given: `rootlet import CA --crl-file FILE` or `--no-past`";
    warnings.push(Warning::new("past-unknown", held));
    Ok(SalvageOutcome { warnings, ..outcome })
}

/// The keys of CAs, roots first, each with its newest certificate.
fn issuers_of(pieces: &[Piece]) -> Vec<Issuer> {
    let mut issuers: Vec<Issuer> = Vec::new();
    for piece in pieces.iter().filter(|p| p.certificate.is_ca()) {
        let known = issuers.iter_mut().find(|i| i.public_key == piece.certificate.public_key);
        let generation = piece.owner.as_ref().and_then(|o| o.generation);
        match known {
            Some(issuer) => {
                issuer.newest = piece.certificate.clone();
                if let Some(owner) = &piece.owner {
                    (issuer.handle, issuer.generation) = (owner.handle.clone(), generation);
                    issuer.key_place = key_place(piece);
                }
            }
            None => issuers.push(Issuer {
                handle: piece.owner.as_ref().map_or_else(|| name_of(&piece.certificate), |o| o.handle.clone()),
                key_place: key_place(piece),
                public_key: piece.certificate.public_key.clone(),
                generation,
                id: None,
                newest: piece.certificate.clone(),
            }),
        }
    }
    let depths: Vec<usize> = issuers.iter().map(|i| depth(&i.newest, &issuers)).collect();
    let mut ordered: Vec<(usize, Issuer)> = depths.into_iter().zip(issuers).collect();
    ordered.sort_by_key(|(depth, _)| *depth);
    ordered.into_iter().map(|(_, issuer)| issuer).collect()
}

/// A CA that has a folder here is ours, if its key was moved away; of others only the certificate is here.
fn key_place(piece: &Piece) -> KeyPlace {
    match &piece.owner {
        Some(owner) if owner.has_key => KeyPlace::Here,
        Some(_) => KeyPlace::Detached,
        None => KeyPlace::Foreign,
    }
}

/// How many CAs are above a certificate.
fn depth(certificate: &Certificate, issuers: &[Issuer]) -> usize {
    let (mut depth, mut at) = (0, certificate);
    while let Some(above) = issuer_of(at, issuers).map(|i| &issuers[i]) {
        if above.public_key == at.public_key || depth > issuers.len() {
            break;
        }
        (depth, at) = (depth + 1, &above.newest);
    }
    depth
}

/// The CA whose key signed a certificate.
fn issuer_of(certificate: &Certificate, issuers: &[Issuer]) -> Option<usize> {
    issuers.iter().position(|i| {
        i.newest.subject.der == certificate.issuer.der
            && verify_signature(
                &i.public_key,
                &certificate.signature_algorithm,
                &certificate.der,
                certificate.signature(),
            )
            .is_ok()
    })
}

/// The folder of a CA holds the highest generation, `gen-N` the others.
fn add_authorities(transaction: &dyn Transaction, issuers: &mut [Issuer]) -> Result<(), Error> {
    let mut used: HashSet<(Handle, u32)> = HashSet::new();
    let numbered: Vec<_> = issuers.iter().filter_map(|i| i.generation.map(|g| (i.handle.clone(), g))).collect();
    used.extend(numbered);
    for issuer in issuers {
        let generation = issuer.generation.unwrap_or_else(|| {
            let highest = used.iter().filter(|(h, _)| *h == issuer.handle).map(|(_, g)| *g).max();
            highest.unwrap_or(0) + 1
        });
        used.insert((issuer.handle.clone(), generation));
        issuer.generation = issuer.generation.or(Some(generation));
        let id = transaction.add_authority(&NewAuthority { handle: issuer.handle.clone(), generation })?;
        transaction.set_key_place(id, issuer.key_place)?;
        issuer.id = Some(id);
    }
    Ok(())
}

fn record_of(piece: &Piece, above: usize, issuers: &[Issuer], now: Timestamp) -> Option<NewCertificate> {
    let certificate = &piece.certificate;
    let own = issuers.iter().find(|i| i.public_key == certificate.public_key && certificate.is_ca());
    let handle = match (own, &piece.owner) {
        (Some(issuer), _) => issuer.handle.clone(),
        (None, Some(owner)) => owner.handle.clone(),
        (None, None) => name_of(certificate),
    };
    let profile = profile_of(certificate, own.is_some_and(|i| std::ptr::eq(i, &raw const issuers[above])));
    Some(NewCertificate {
        issuer: issuers[above].id?,
        authority: own.and_then(|i| i.id),
        serial: certificate.serial?,
        identity: identity_of(certificate, profile, &handle).key(),
        handle,
        profile,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        spki_sha256: sha256(&certificate.public_key),
        subject_key_id: certificate.subject_key_id.clone().unwrap_or_default(),
        predecessor: None,
        recorded_at: now,
        // Without its key in the folder it is somebody else's, as far as one can see.
        key_here: piece.owner.as_ref().is_none_or(|o| o.has_key),
        der: certificate.der().to_vec(),
    })
}

/// Records the newest CRL of a CA that lies on disk, and what it lists. Returns how many certificates that are.
fn take_crl(
    transaction: &dyn Transaction,
    root: &Path,
    issuer: &Issuer,
    pieces: &[Piece],
    now: Timestamp,
) -> Result<u64, Error> {
    let Some(id) = issuer.id else { return Ok(0) };
    let folder = root.join(CA).join(issuer.handle.as_str());
    let generation = issuer.generation.map(|g| folder.join(format!("gen-{g}")).join("crl.pem"));
    let mut candidates: Vec<PathBuf> = [Some(folder.join("crl.pem")), generation].into_iter().flatten().collect();
    // One that was signed and had not come to its place, or is left where it was published.
    for name in entries(&root.join(PENDING))? {
        if crl_owner(&name).is_some_and(|(_, _, handle)| handle == issuer.handle) {
            candidates.push(root.join(PENDING).join(name).join("crl.pem"));
        }
    }
    let published = valid_der_crl(&root.join(PUBLIC).join(format!("{}.crl", issuer.handle)), &issuer.newest);
    let found = candidates.iter().filter_map(|p| valid_crl(p, &issuer.newest)).chain(published);
    let newest = found.max_by_key(Crl::number_u64);
    let Some(crl) = newest else { return Ok(0) };
    let issued: HashMap<_, _> = pieces
        .iter()
        .filter(|p| p.certificate.issuer.der == issuer.newest.subject.der)
        .filter_map(|p| p.certificate.serial.map(|s| (s, &p.certificate)))
        .collect();
    let mut count = 0;
    for entry in crl.entries() {
        let entry = entry.map_err(|source| Error::File { path: folder.join("crl.pem"), source })?;
        let certificate = issued.get(&entry.serial);
        transaction.revoke(&NewRevocation {
            issuer: id,
            serial: entry.serial,
            not_after: certificate.map_or(UNKNOWN_END, |c| c.not_after),
            at: entry.revoked_at,
            reason: Some(entry.reason),
            invalidity_date: entry.invalidity_date,
        })?;
        if let Some(certificate) = certificate.filter(|_| entry.reason == Reason::KeyCompromise) {
            transaction.bar_key(&sha256(&certificate.public_key), now)?;
        }
        count += 1;
    }
    if let (Some(number), Some(next_update)) = (crl.number_u64(), crl.next_update) {
        let last_event = transaction.last_event(id)?;
        let (this_update, sha256) = (crl.this_update, sha256(crl.der()));
        let record = CrlRecord {
            issuer: id,
            number,
            this_update,
            next_update,
            entries: count,
            last_event,
            sha256,
            follows: None,
        };
        transaction.record_crl(&record)?;
    }
    Ok(count)
}
