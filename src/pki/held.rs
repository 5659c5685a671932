//! What a PKI has of what a manifest names: records, and how their files stand. Read once, before anything is compared.

use super::authority::{Ca, Cas, MAX_KEY_BYTES};
use super::doctor::MAX_FILE;
use super::folder::Place;
use super::issuing::read;
use super::keyring::is_encrypted;
use super::material::{Above, COMBINED, OutFile, ca_files, leaf_files};
use super::{Error, Pki};
use crate::disk::{decode_pem, exists, read_optional};
use crate::keys::{KeyDocument, sha256};
use crate::model::{Handle, Layout, Profile};
use crate::store::{Access, Delivery, Filter, KeyPlace, Record, Transaction};
use crate::x509::{Certificate, read_certificate};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Everything that a manifest is compared with.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub cas: Cas,
    /// CAs whose key can be had.
    pub with_key: HashSet<Handle>,
    /// What the PKI has of the handles that were asked about.
    pub held: HashMap<Handle, Held>,
    /// What is live and was not asked about.
    pub others: Vec<Other>,
    /// Key files here that others may read, and their modes: of CAs that sign, and of what was asked about.
    pub open_keys: Vec<(PathBuf, u32)>,
}

/// One handle.
#[derive(Debug)]
pub(super) struct Held {
    pub record: Record,
    pub identity: String,
    pub deliveries: Vec<Delivery>,
    /// The command that has not succeeded since it changed.
    pub owed: Option<String>,
    pub disk: OnDisk,
}

/// How the files of a handle stand.
#[derive(Debug, Default)]
pub(super) struct OnDisk {
    /// A file that is missing, or is not what was recorded.
    pub wrong: Option<&'static str>,
    pub key: KeyState,
    /// How a leaf's files lie.
    pub layout: Layout,
    /// Whether it is recorded and its files wait to be put in their place: another command is about to do that, or could not.
    pub waits: bool,
    /// Why a file of it cannot be read.
    pub unreadable: Option<String>,
    /// Whether a folder stands beside the combined file of a leaf, which a command that died did not remove.
    pub remains: bool,
    /// Whether the key file is encrypted.
    pub encrypted: bool,
    /// Whether its chain names CAs whose keys have been replaced.
    pub chain_is_old: bool,
    /// A folder that it is delivered to and whose files are not the newest.
    pub undelivered: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum KeyState {
    #[default]
    Good,
    Missing,
    Wrong,
    /// It was never here, or was moved away.
    Elsewhere,
}

/// Something live that nobody asked about.
#[derive(Debug, Clone)]
pub(super) struct Other {
    pub handle: Handle,
    pub profile: Profile,
    /// The manifest that created it.
    pub manifest: Option<String>,
}

impl Pki {
    /// Reads what there is of some handles. Nothing is written.
    pub(super) fn snapshot(&mut self, handles: &[&Handle]) -> Result<Snapshot, Error> {
        let (place, now) = (&self.place, self.place.now());
        let transaction = self.store.begin(Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let with_key = cas.active().filter(|c| place.has_key(c)).map(|c| c.handle().clone()).collect();
        let mut owed: HashMap<Handle, String> = transaction.owed_commands()?.into_iter().collect();
        let mut open_keys = Vec::new();
        for ca in cas.active() {
            open_keys.extend(place.open_key(place.ca_key_path(ca)));
        }
        // After the transaction began: what it shows was in `pending/` before, and is not any more when it was released.
        let waiting = place.waiting()?;
        let mut held = HashMap::with_capacity(handles.len());
        for handle in handles {
            let Some(holder) = transaction.holder(handle)? else { continue };
            let Some(record) = transaction.certificate(holder.current)? else { continue };
            let certificate = read(&record)?;
            let deliveries = transaction.deliveries(handle)?;
            let disk = if waiting.contains(&record.serial) {
                Ok(OnDisk { waits: true, ..OnDisk::default() })
            } else if record.profile.is_ca() {
                place.ca_on_disk(&cas, handle)
            } else {
                open_keys.extend(place.open_key(place.home(handle).key_path()));
                place.leaf_on_disk(&*transaction, &cas, &record, &certificate, &deliveries)
            };
            // One file that cannot be read is a matter of its entry, not of the others.
            let disk = match disk {
                Err(Error::Disk(e)) => OnDisk { unreadable: Some(e.to_string()), ..OnDisk::default() },
                other => other?,
            };
            held.insert(
                (*handle).clone(),
                Held { record, identity: holder.identity, deliveries, owed: owed.remove(handle), disk },
            );
        }
        let asked: HashSet<&Handle> = handles.iter().copied().collect();
        let mut others = Vec::new();
        let filter = Filter { unexpired_at: Some(now), ..Filter::default() };
        transaction.walk(&filter, &mut |record| {
            if record.revocation.is_none() && !asked.contains(&record.handle) {
                others.push(Other { handle: record.handle, profile: record.profile, manifest: None });
            }
            true
        })?;
        for other in &mut others {
            other.manifest = transaction.holder(&other.handle)?.and_then(|h| h.manifest);
        }
        Ok(Snapshot { cas, with_key, held, others, open_keys })
    }
}

impl Place {
    /// A key file with its mode, when others may read it; one that is not there is nobody's.
    fn open_key(&self, path: PathBuf) -> Option<(PathBuf, u32)> {
        let mode = self.disk.mode(&path).ok()? & 0o777;
        (mode & 0o077 != 0).then_some((path, mode))
    }

    fn ca_on_disk(&self, cas: &Cas, handle: &Handle) -> Result<OnDisk, Error> {
        let Some(ca) = cas.named(handle) else { return Ok(OnDisk::default()) };
        let folder = self.ca_generation_folder(ca);
        let mut state = OnDisk { key: self.ca_key_state(ca)?, ..OnDisk::default() };
        let path = folder.join("key.pem");
        state.encrypted = exists(&path) && is_encrypted(&path);
        for file in ca_files(None, &chain_of(cas, ca), None) {
            if read_optional(&folder.join(file.name), MAX_FILE)?.as_deref() != Some(&file.bytes[..]) {
                state.wrong = Some(file.name);
                break;
            }
        }
        Ok(state)
    }

    fn ca_key_state(&self, ca: &Ca) -> Result<KeyState, Error> {
        match ca.authority.key_place {
            KeyPlace::Here => {
                let pem = read_optional(&self.ca_key_path(ca), MAX_KEY_BYTES)?.map(Zeroizing::new);
                Ok(key_state(pem, &ca.authority.certificate).0)
            }
            KeyPlace::Detached | KeyPlace::Foreign => Ok(KeyState::Elsewhere),
        }
    }

    fn leaf_on_disk(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        record: &Record,
        certificate: &Certificate,
        deliveries: &[Delivery],
    ) -> Result<OnDisk, Error> {
        let home = self.home(&record.handle);
        let combined = if home.layout == Layout::Combined { home.combined()? } else { None };
        let (pem, chain_is) = match combined {
            Some(combined) => (combined.key, Some(combined.chain)),
            None => (home.key_pem()?, None),
        };
        let (key, encrypted) = match key_state(pem, record) {
            // None that was made in a combined file is encrypted.
            (_, true) if chain_is.is_some() => (KeyState::Wrong, false),
            other => other,
        };
        let (layout, remains) = (home.layout, home.remains().is_some() || home.set_aside().is_some());
        let mut state = OnDisk { key, encrypted, layout, remains, ..OnDisk::default() };
        if !record.key_here && !home.is_there() {
            // Only recorded, as what an adopted CA had issued: no files were ever made.
            return Ok(OnDisk { key: KeyState::Elsewhere, ..OnDisk::default() });
        }
        let chain: Vec<Certificate> = cas.chain(record.issuer).into_iter().map(|c| c.certificate.clone()).collect();
        let above = Above::of(&chain);
        for file in leaf_files(certificate, None, &above) {
            let is = match (&chain_is, file.name) {
                (None, name) => read_optional(&home.path().join(name), MAX_FILE)?,
                (Some(chain), "fullchain.pem") => Some(chain.clone()),
                (Some(_), _) => continue,
            };
            match is.as_deref().map(|bytes| compare(transaction, bytes, &file)) {
                Some(Chain::Same) => {}
                Some(Chain::OldKeys) => state.chain_is_old = true,
                _ => {
                    state.wrong = Some(if chain_is.is_some() { COMBINED } else { file.name });
                    return Ok(state);
                }
            }
        }
        for delivery in deliveries {
            if !self.is_delivered(&home, &above, delivery, record.key_here)? {
                state.undelivered = Some(delivery.folder.to_string_lossy().into_owned());
            }
        }
        Ok(state)
    }
}

/// How a key stands beside the record of its certificate, and whether it is encrypted.
fn key_state(pem: Option<Zeroizing<Vec<u8>>>, record: &Record) -> (KeyState, bool) {
    let Some(bytes) = pem else {
        return (if record.key_here { KeyState::Missing } else { KeyState::Elsewhere }, false);
    };
    match KeyDocument::read(&bytes) {
        Ok(KeyDocument::Plain(key)) if sha256(key.public_key()) == record.spki_sha256 => (KeyState::Good, false),
        // Whose it is shows when it is used: a passphrase is not asked for here.
        Ok(KeyDocument::Encrypted(_)) => (KeyState::Good, true),
        _ => (KeyState::Wrong, false),
    }
}

/// A CA and those above it.
pub(super) fn chain_of(cas: &Cas, ca: &Ca) -> Vec<Certificate> {
    cas.chain(ca.id()).into_iter().map(|c| c.certificate.clone()).collect()
}

enum Chain {
    /// What it should be, or the same with certificates that have been renewed since.
    Same,
    /// Certificates of this PKI, with keys that have been replaced.
    OldKeys,
    /// Anything else.
    Wrong,
}

/// What a file holds, beside what it would hold were it written now. A chain is as it was when the leaf was issued: CAs that
/// were renewed since make it none the worse.
fn compare(transaction: &dyn Transaction, is: &[u8], should: &OutFile) -> Chain {
    if is == &should.bytes[..] {
        return Chain::Same;
    }
    if should.name == "cert.pem" {
        return Chain::Wrong;
    }
    let read = |bytes: &[u8]| -> Option<Vec<Certificate>> {
        decode_pem(bytes).ok()?.iter().map(|b| read_certificate(&b.der).ok()).collect()
    };
    let (Some(is), Some(should_be)) = (read(is), read(&should.bytes)) else { return Chain::Wrong };
    let known = |c: &Certificate| {
        let records = c.serial.as_ref().and_then(|s| transaction.with_serial(s).ok()).unwrap_or_default();
        records.iter().any(|r| r.der == c.der())
    };
    let leaf_differs =
        should.name == "fullchain.pem" && is.first().map(Certificate::der) != should_be.first().map(Certificate::der);
    if is.is_empty() || leaf_differs || !is.iter().all(known) {
        return Chain::Wrong;
    }
    let keys = |all: &[Certificate]| all.iter().map(|c| c.public_key.clone()).collect::<Vec<_>>();
    if keys(&is) == keys(&should_be) { Chain::Same } else { Chain::OldKeys }
}
