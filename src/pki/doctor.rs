//! The PKI against itself: files, modes, keys, CRLs and the inventory.

use super::authority::{Ca, Cas, read_key};
use super::crl_file::{holds_recorded, read_crl};
use super::doctor_files::{check_ca_key, check_files, check_mode, check_remains, lock_if_there, look_at_leaf};
use super::home::owner_of_combined;
use super::{Error, Pki};
use crate::disk::{Access, DiskError, entries, exists, read_optional};
use crate::issue::Warning;
use crate::keys::{sha256, verify_signature};
use crate::store::{Filter, KeyPlace};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub(super) const MAX_FILE: u64 = 16 << 20;

/// What `doctor` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoctorRequest {
    /// Finish or undo half-done work, set modes, rewrite what can be derived.
    pub repair: bool,
    /// Look at everything that the inventory has ever recorded too.
    pub history: bool,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A stable word.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
    /// The file, where it is about one.
    pub file: Option<PathBuf>,
    /// Whether `--repair` mended it.
    pub repaired: bool,
    /// What would mend it, where `--repair` cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A backup that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupOutcome {
    /// `written`.
    pub action: &'static str,
    /// The copy of the inventory.
    pub file: PathBuf,
}

/// What `doctor` found.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorOutcome {
    /// What does not agree.
    pub problems: Vec<Problem>,
    /// How many certificates were looked at.
    pub certificates: u64,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl DoctorOutcome {
    /// Whether something is left that was not mended.
    pub fn has_findings(&self) -> bool {
        self.problems.iter().any(|p| !p.repaired)
    }
}

pub(super) struct Findings {
    problems: Vec<Problem>,
    repair: bool,
}

impl Findings {
    pub(super) fn add(&mut self, code: &'static str, message: String, file: Option<&Path>, hint: Option<&str>) {
        let (file, hint) = (file.map(Path::to_path_buf), hint.map(ToString::to_string));
        self.problems.push(Problem { code, message, file, repaired: false, hint });
    }

    /// Adds a problem that `mend` can mend, and mends it when that was asked for.
    pub(super) fn mend(
        &mut self,
        code: &'static str,
        message: String,
        file: &Path,
        mend: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let repaired = self.repair;
        if repaired {
            mend()?;
        }
        let hint = (!repaired).then(|| "`rootlet doctor --repair` mends it".to_string());
        self.problems.push(Problem { code, message, file: Some(file.into()), repaired, hint });
        Ok(())
    }
}

impl Pki {
    /// Checks the PKI against itself; with `repair` finishes or undoes half-done work and rewrites what can be derived.
    /// Keys are never made, changed or removed.
    ///
    /// # Errors
    /// [`Error`] when something cannot be read or mended; findings are no errors.
    pub fn doctor(&mut self, request: &DoctorRequest) -> Result<DoctorOutcome, Error> {
        let mut findings = Findings { problems: Vec::new(), repair: request.repair };
        self.check_pending(&mut findings)?;
        self.check_folders(&mut findings)?;
        self.check_cas(&mut findings)?;
        let certificates = self.check_leaves(&mut findings)?;
        self.check_requests(&mut findings)?;
        self.check_deliveries(&mut findings)?;
        self.check_unknown(&mut findings)?;
        self.check_public(&mut findings)?;
        self.check_clock(&mut findings)?;
        if request.history {
            self.check_history(&mut findings)?;
        }
        Ok(DoctorOutcome { problems: findings.problems, certificates, warnings: Vec::new() })
    }

    /// Writes a consistent copy of the inventory to a file that does not exist yet, readable by its owner alone, while
    /// others go on using the PKI.
    ///
    /// # Errors
    /// [`Error::Disk`] of kind `AlreadyExists` when the file exists, [`Error::Store`] when it cannot be written whole: it
    /// is then removed.
    pub fn backup(&mut self, file: &Path) -> Result<BackupOutcome, Error> {
        let disk = &self.place.disk;
        if exists(file) {
            let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(Error::Disk(DiskError::io("create", file, taken)));
        }
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
        // Under another name until it is whole. Its mode is set before SQLite writes into it.
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let temporary = file.with_file_name(format!(".new-{name}.{}", std::process::id()));
        disk.create(&temporary, b"", Access::Private).map_err(|e| e.about(&file))?;
        let copied = self.store.copy_to(&temporary).map_err(Error::from);
        let synced = copied.and_then(|()| Ok(disk.sync_file(&temporary)?));
        if let Err(e) = synced.and_then(|()| Ok(disk.rename_new(&temporary, &file)?)) {
            // Why it failed is worth more than why its remains cannot be removed.
            drop(disk.remove(&temporary));
            return Err(e);
        }
        Ok(BackupOutcome { action: "written", file })
    }

    fn check_pending(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let pending = self.place.pending_folder();
        let left = entries(&pending)?;
        if findings.repair {
            for done in self.recover()? {
                if let Some(problem) = done.failed {
                    let message = format!("`{}` cannot be finished: {problem}", done.entry);
                    findings.add("half-done", message, None, Some("mend that, and run this again"));
                    continue;
                }
                let what = if done.finished { "was finished" } else { "was undone" };
                let message = format!("a command died half-way: `{}` {what}", done.entry);
                let file = Some(pending.join(&done.entry));
                findings.problems.push(Problem { code: "half-done", message, file, repaired: true, hint: None });
            }
        } else {
            for entry in left {
                let message = format!("a command died half-way, or is running: `{entry}`");
                let hint =
                    Some("the next command that writes finishes or undoes it; so does `rootlet doctor --repair`");
                findings.add("half-done", message, Some(&pending.join(&entry)), hint);
            }
        }
        Ok(())
    }

    fn check_folders(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let place = &self.place;
        let inventory = place.root.join("inventory.db");
        for (path, access) in [
            (place.root.clone(), Access::Public),
            (place.root.join(super::folder::CA), Access::Private),
            (place.root.join(super::folder::CERTS), Access::Private),
            (place.pending_folder(), Access::Private),
            (place.public_folder(), Access::Public),
        ] {
            if !exists(&path) {
                let message = "a folder of the PKI is missing".to_string();
                findings.mend("missing", message, &path, || Ok(place.disk.create_folder_all(&path, access)?))?;
            }
            check_mode(place, findings, &path, access)?;
        }
        check_remains(place, findings, &place.root)?;
        check_mode(place, findings, &inventory, Access::Private)
    }

    fn check_ca(&mut self, findings: &mut Findings, cas: &Cas, ca: &Ca) -> Result<(), Error> {
        let place = &self.place;
        let folder = place.ca_generation_folder(ca);
        if place.is_pending(&ca.authority.certificate.serial) {
            return Ok(());
        }
        check_mode(place, findings, &folder, Access::Private)?;
        let chain: Vec<_> = cas.chain(ca.id()).into_iter().map(|c| c.certificate.clone()).collect();
        let files = super::material::ca_files(None, &chain, None);
        check_files(place, findings, &folder, &files, |_| true)?;
        check_ca_key(place, findings, ca)?;
        check_remains(place, findings, &folder)?;
        if !ca.authority.past_known {
            let e = Error::PastUnknown { handle: ca.handle().clone() };
            findings.add("past-unknown", e.to_string(), None, e.hints().first().map(String::as_str));
        }
        let path = folder.join("crl.pem");
        let last = self.store.begin(crate::store::Access::Read)?.last_crl(ca.id())?;
        let recorded = last.as_ref().is_some_and(|l| holds_recorded(&path, l));
        match (if recorded { Ok(None) } else { read_crl(&path) }, last) {
            // With the digest of what was signed and judged here there is nothing left to look at.
            _ if recorded => {}
            (_, None) => {}
            (Err(e), Some(_)) => {
                findings.add("crl", e.to_string(), Some(&path), Some("write it again: `rootlet crl`"));
            }
            (Ok(None), Some(_)) => {
                let message = format!("the CRL of `{}` is missing", ca.handle());
                findings.add("crl", message, Some(&path), Some("write it again: `rootlet crl`"));
            }
            (Ok(Some(crl)), Some(last)) => {
                let good =
                    verify_signature(&ca.certificate.public_key, &crl.outer_algorithm, crl.tbs(), crl.signature());
                if good.is_err() || sha256(crl.der()) != last.sha256 {
                    let message = format!(
                        "the CRL of `{}` is not the one that was recorded, number {}",
                        ca.handle(),
                        last.number
                    );
                    findings.add("crl", message, Some(&path), Some("write it again: `rootlet crl`"));
                }
            }
        }
        let due = place.crl_due(&*self.store.begin(crate::store::Access::Read)?, ca)?;
        if let Some(reason) = due.filter(|_| cas.problem(ca.id(), place.now()).is_none()) {
            let message = format!("the CRL of `{}` is due: {reason}", ca.handle());
            let hint = match ca.authority.key_place {
                KeyPlace::Foreign => format!("bring it: `rootlet import {} --crl-file FILE`", ca.handle()),
                KeyPlace::Here | KeyPlace::Detached => "write it: `rootlet crl --due`".into(),
            };
            findings.add("crl-due", message, Some(&path), Some(&hint));
        }
        Ok(())
    }

    /// Looks at every CA, and again under the lock at those that did not agree: a command may have been changing them.
    fn check_cas(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let cas = Cas::load(&*self.read()?)?;
        let mut look = Findings { problems: Vec::new(), repair: false };
        for ca in cas.iter() {
            self.check_ca(&mut look, &cas, ca)?;
        }
        if look.problems.is_empty() {
            return Ok(());
        }
        let _lock = lock_if_there(&self.place.root.join(super::folder::CA))?;
        let cas = Cas::load(&*self.read()?)?;
        for ca in cas.iter() {
            self.check_ca(findings, &cas, ca)?;
        }
        Ok(())
    }

    /// Looks at every leaf, and again under the lock at those that did not agree.
    fn check_leaves(&mut self, findings: &mut Findings) -> Result<u64, Error> {
        let (mut count, mut doubtful) = (0, Vec::new());
        {
            let place = &self.place;
            let transaction = self.store.begin(crate::store::Access::Read)?;
            let cas = Cas::load(&*transaction)?;
            let mut failed: Result<(), Error> = Ok(());
            transaction.walk(&Filter::default(), &mut |record| {
                count += 1;
                if !record.profile.is_ca() {
                    let mut look = Findings { problems: Vec::new(), repair: false };
                    failed = look_at_leaf(&*transaction, place, &mut look, &cas, &record);
                    if !look.problems.is_empty() {
                        doubtful.push(record.handle);
                    }
                }
                failed.is_ok()
            })?;
            failed?;
        }
        for handle in doubtful {
            let _lock = lock_if_there(&self.place.root.join(super::folder::CERTS))?;
            let place = &self.place;
            let transaction = self.store.begin(crate::store::Access::Read)?;
            let cas = Cas::load(&*transaction)?;
            let holder = transaction.holder(&handle)?;
            if let Some(record) = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten() {
                look_at_leaf(&*transaction, place, findings, &cas, &record)?;
            }
        }
        Ok(count)
    }

    fn check_requests(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let requests = self.read()?.requests()?;
        let place = &self.place;
        for request in requests {
            let folder = place.request_folder(&request.handle);
            check_mode(place, findings, &folder, Access::Private)?;
            let key = folder.join("key.pem");
            if !exists(&key) {
                let message = format!("the key of the request `{}` is missing", request.handle);
                findings.add("key", message, Some(&key), Some("put it back, or make another one with --force"));
                continue;
            }
            check_mode(place, findings, &key, Access::Private)?;
            if let Ok(read) = read_key(&key)
                && sha256(read.public_key()) != request.spki_sha256
            {
                let message = format!("the key file of the request `{}` is not its key", request.handle);
                findings.add("key", message, Some(&key), Some("put it back, or make another one with --force"));
            }
            let (path, bytes) = (folder.join(super::request::CSR_FILE), super::request::csr_file(&request));
            if read_optional(&path, MAX_FILE)?.as_deref() != Some(bytes.as_bytes()) {
                let message = format!("`{}` is not what was recorded", path.display());
                findings.mend("files", message, &path, || {
                    Ok(place.disk.replace(&path, bytes.as_bytes(), Access::Public)?)
                })?;
            }
        }
        Ok(())
    }

    fn check_deliveries(&mut self, findings: &mut Findings) -> Result<(), Error> {
        for handle in self.read()?.due_deliveries()? {
            let message = format!("the files of `{handle}` are not delivered yet");
            findings.add("delivery", message, None, Some("the next command that writes tries again"));
        }
        Ok(())
    }

    fn check_unknown(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let place = &self.place;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        for name in [super::folder::CA, super::folder::CERTS, super::folder::REQUESTS] {
            let folder = place.root.join(name);
            for entry in entries(&folder)? {
                let known = match entry.parse() {
                    Ok(handle) if name == super::folder::REQUESTS => transaction.request(&handle)?.is_some(),
                    Ok(handle) => transaction.holder(&handle)?.is_some(),
                    Err(_) => false,
                };
                let combined =
                    owner_of_combined(&entry).filter(|_| name == super::folder::CERTS && folder.join(&entry).is_file());
                let known = known || combined.is_some_and(|h| transaction.holder(&h).is_ok_and(|h| h.is_some()));
                if !known {
                    let path = folder.join(entry);
                    let message = format!("the inventory does not know `{}`", path.display());
                    findings.add("unknown", message, Some(&path), Some("look at it and move it away"));
                }
            }
        }
        Ok(())
    }

    fn check_public(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let folder = self.place.public_folder();
        let (is, should) = {
            // Under the lock, so that nobody publishes between the two looks.
            let _lock = lock_if_there(&self.place.root.join(super::folder::CA))?;
            let should = self.published(&[])?;
            let good: Vec<_> = should.files.iter().map(|f| (should.is_in(&folder, f), f.name.clone())).collect();
            (entries(&folder)?, good)
        };
        let published = if findings.repair { self.publish().map(|_| true) } else { Ok(false) };
        let repaired = matches!(published, Ok(true));
        for (_, name) in should.iter().filter(|f| !f.0) {
            let what = if is.contains(name) { "is not what the inventory says" } else { "is missing" };
            let hint = (!findings.repair).then(|| "`rootlet doctor --repair` mends it".into());
            let (message, file) = (format!("`public/{name}` {what}"), Some(folder.join(name)));
            findings.problems.push(Problem { code: "public", message, file, repaired, hint });
        }
        for name in is.iter().filter(|n| !should.iter().any(|(_, s)| s == *n)) {
            let path = folder.join(name);
            if name.starts_with(".new-") {
                // Publishing sweeps it.
                let repaired = repaired && !exists(&path);
                let message = format!("a command died while it wrote `public/{name}`");
                let hint = (!repaired).then(|| "`rootlet doctor --repair` mends it".into());
                findings.problems.push(Problem { code: "half-done", message, file: Some(path), repaired, hint });
                continue;
            }
            let message = format!("`public/{name}` is not of this PKI, and would be published");
            findings.add("public", message, Some(&path), Some("move it away"));
        }
        if let Err(e) = published {
            let message = format!("`public/` cannot be written: {e}");
            findings.add("public", message, Some(&folder), Some("mend that, and run this again"));
        }
        Ok(())
    }
}
