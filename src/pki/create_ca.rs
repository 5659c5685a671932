use super::authority::{Ca, Cas};
use super::ca_request::{CaRequest, Wanted};
use super::folder::Place;
use super::issuing::{ATTEMPTS, back_off, check_holder, check_key_is_free, is_taken, new_certificate, still_issuing};
use super::keyring::{Keyring, is_encrypted};
use super::material::ca_files;
use super::pending::Pending;
use super::secret_source::{NoSecrets, SecretSource};
use super::state::{Decision, Outcome, decide};
use super::{Config, Difference, Error, Pki};
use crate::disk::exists;
use crate::issue::{CertificateBody, Signed, Warning};
use crate::keys::{PrivateKey, sha256};
use crate::model::{KeyAlgorithm, Profile, Secret};
use crate::store::{AuthorityId, CrlRecord, KeyPlace, NewAuthority, NewCertificate, Record};
use crate::x509::{Certificate, Crl, NameDer, NameFacts};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

const KEY: &str = "key.pem";

/// What was found before anything was made.
pub(super) struct Found {
    pub cas: Cas,
    pub current: Option<Record>,
    /// The newest generation, when the CA exists.
    pub existing: Option<Ca>,
    pub decision: Decision,
    pub issuer: Option<AuthorityId>,
}

/// What was made and waits to be recorded.
pub(super) struct Made {
    pub signed: Signed<CertificateBody>,
    /// The CA ready to sign its first CRL, when it is valid now.
    pub crl: Option<Crl>,
    pub key_pem: Zeroizing<Vec<u8>>,
    /// The CA itself first, the root last.
    pub chain: Vec<Certificate>,
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// Creates a root CA, and the PKI folder where there is none. Nothing is written before the root is signed.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released.
    pub fn root_ca(folder: &Path, request: &CaRequest) -> Result<(Pki, Outcome), Error> {
        Self::root_ca_with(folder, request, Arc::new(NoSecrets))
    }

    /// As [`Pki::root_ca`], with a source of secrets.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released.
    pub fn root_ca_with(
        folder: &Path,
        request: &CaRequest,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<(Pki, Outcome), Error> {
        request.check()?;
        if !Self::exists(folder) {
            Self::rehearse_root(folder, request, &secrets)?;
        }
        let mut pki = Self::open_or_create(folder)?.with_secrets(secrets);
        let outcome = pki.ca(request)?;
        Ok((pki, outcome))
    }

    /// A rehearsal beside a folder that is no PKI yet: what would be refused is refused before the folder exists.
    pub(super) fn rehearse_root(
        folder: &Path,
        request: &CaRequest,
        secrets: &Arc<dyn SecretSource>,
    ) -> Result<(), Error> {
        Self::check_free(folder)?;
        let mut place = Place::unborn(folder);
        place.keyring = Keyring::new(secrets.clone());
        let wanted = Wanted::new(request, &place.config)?;
        if request.profile == Profile::Root {
            place.make_root(&wanted, KeyAlgorithm::P256, None)?;
            place.new_passphrase(&request.display_name, request.encrypt_key)?;
        }
        Ok(())
    }

    /// Creates a CA, or leaves alone or renews what exists, as the request says.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released.
    pub fn ca(&mut self, request: &CaRequest) -> Result<Outcome, Error> {
        let wanted = Wanted::new(request, &self.place.config)?;
        self.recover()?;
        for attempt in 0..ATTEMPTS {
            back_off(attempt);
            let found = self.look_for_ca(&wanted)?;
            if let (Decision::Keep { due }, Some(record)) = (&found.decision, &found.current) {
                let mut warnings = Vec::new();
                if *due {
                    let text = format!(
                        "`{}` ends {} and is due: renew it with --renew-within",
                        record.handle, record.not_after
                    );
                    warnings.push(Warning::new("due", text));
                }
                let certificate = self.view_of(record.id)?;
                warnings.extend(self.place.keyring.source.warnings());
                return Ok(Outcome {
                    action: "unchanged",
                    certificate,
                    warnings,
                    second_verifier: None,
                    delivered: Vec::new(),
                });
            }
            let now = self.now();
            let old_crl = match found.issuer {
                Some(id) => self.read()?.last_crl(id)?.is_some_and(|crl| super::crl::is_past_half(&crl, now)),
                None => false,
            };
            let issues = matches!(found.decision, Decision::Issue { .. });
            let passphrase = self.place.new_passphrase(&request.display_name, request.encrypt_key && issues)?;
            let mut made = self.place.make_ca(&wanted, &found, &*self.store.begin(crate::store::Access::Read)?)?;
            if let Some(passphrase) = passphrase {
                made.key_pem = encrypted_pem(&made.key_pem, &passphrase)?;
            }
            if let Some(mut outcome) = self.record_ca(&wanted, &found, made)? {
                outcome.warnings.extend(self.place.keyring.source.warnings());
                if let Some(id) = found.issuer.filter(|_| old_crl) {
                    self.refresh_crl_or_warn(&found.cas, id, &mut outcome.warnings);
                }
                return Ok(outcome);
            }
        }
        Err(Error::Overtaken { handle: wanted.handle.clone(), attempts: ATTEMPTS })
    }

    fn look_for_ca(&mut self, wanted: &Wanted<'_>) -> Result<Found, Error> {
        let (place, request) = (&self.place, wanted.request);
        // Looked at before the inventory is read: who made the folder had recorded it first.
        let folder = place.ca_folder(&wanted.handle);
        let folder_was_there = exists(&folder);
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let holder = check_holder(&*transaction, &wanted.handle, &wanted.identity.key(), request.profile)?;
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        let cas = Cas::load(&*transaction)?;
        let named = match &request.issuer {
            Some(name) => Some(place.named_ca(&cas, name)?),
            None => None,
        };
        let urls = place.config.urls(&wanted.handle);
        let decision = decide(current.as_ref(), request.again, place.now(), false, |record| {
            let mut all = wanted.differences(record, named.map(Ca::handle), &urls)?;
            let key = folder.join("key.pem");
            if request.encrypt_key && exists(&key) && !is_encrypted(&key) {
                all.push(Difference { field: "key-encryption", is: "none".into(), wished: "a passphrase".into() });
            }
            Ok(all)
        })?;
        check_subject(&cas, wanted)?;
        check_folder(&folder, current.is_some(), folder_was_there)?;
        if let (Some(public_key), Decision::Issue { .. }) = (request.given_key(), &decision) {
            check_key_is_free(&*transaction, public_key, Some(&wanted.handle))?;
        }
        let issuer = match (&decision, request.profile, &current) {
            (Decision::Keep { .. }, _, _) | (_, Profile::Root, _) => None,
            (_, _, _) if named.is_some() => named.map(Ca::id),
            (Decision::Renew, _, Some(record)) => cas.named(&record.issuer_handle).map(Ca::id),
            _ => Some(place.choose_ca_issuer(&cas, None)?.id()),
        };
        if issuer.is_some_and(|i| cas.by_id(i).is_some_and(|c| *c.handle() == wanted.handle)) {
            let problem = "a CA cannot issue itself".to_string();
            return Err(Error::IssuerUnusable { issuer: wanted.handle.to_string(), problem, hint: None });
        }
        Ok(Found { existing: cas.named(&wanted.handle).cloned(), cas, current, decision, issuer })
    }

    /// A CA that had ended has an old CRL, or none: it holds its key again, so it signs the next one.
    fn crl_after_renewal(&mut self, handle: &crate::model::Handle) -> Result<(), Error> {
        let (cas, due) = {
            let transaction = self.store.begin(crate::store::Access::Read)?;
            let cas = Cas::load(&*transaction)?;
            let due = match cas.named(handle) {
                // One whose past is not known signs none. A root has just signed with its key; that of another CA may take
                // somebody's presence.
                Some(ca) if ca.authority.past_known && (ca.is_root() || self.place.key_is_at_hand(ca)) => {
                    self.place.crl_due(&*transaction, ca)?.map(|_| ca.id())
                }
                _ => None,
            };
            (cas, due)
        };
        match due {
            Some(id) => self.refresh_crl(&cas, id),
            None => Ok(()),
        }
    }

    /// `None` when another command overtook this one.
    pub(super) fn record_ca(
        &mut self,
        wanted: &Wanted<'_>,
        found: &Found,
        made: Made,
    ) -> Result<Option<Outcome>, Error> {
        let Pki { place, store } = self;
        let renewing = found.decision == Decision::Renew;
        let action = match found.decision {
            Decision::Issue { action } => action,
            _ => "renewed",
        };
        let certificate = made.signed.certificate().clone();
        let second_verifier = Some(made.signed.second_verifier());
        // A renewal leaves key and CRL where they are.
        let foreign = wanted.request.foreign_key.is_some();
        let key_pem = (!renewing && !foreign).then_some(&made.key_pem[..]);
        let files = ca_files(key_pem, &made.chain, made.crl.as_ref());
        let serial = certificate.serial.as_ref().map(ToString::to_string).unwrap_or_default();
        let pending = Pending::create(place, &serial)?;
        let mut configured = None;
        let recorded = (|| {
            if let Some(existing) = &found.existing
                && !renewing
            {
                let name = format!("gen-{}", existing.authority.generation);
                pending.add_earlier(place, &name, &place.ca_folder(&wanted.handle))?;
            }
            pending.fill(place, &files)?;
            let transaction = store.begin(crate::store::Access::Write)?;
            let holder = transaction.holder(&wanted.handle)?;
            let same_issuer = match found.issuer {
                Some(id) => still_issuing(&*transaction, &found.cas, id)?,
                None => true,
            };
            let unchanged = holder.as_ref().map(|h| h.current) == found.current.as_ref().map(|r| r.id);
            if let Some(before) = &found.current
                && transaction.is_revoked(before.issuer, &before.serial)? != before.revocation.is_some()
            {
                return Ok(None);
            }
            let cas = Cas::load(&*transaction)?;
            let known = |id| found.cas.by_id(id).is_some();
            let rival = cas.iter().any(|c| !known(c.id()) && c.certificate.subject.matches(&certificate.subject));
            let taken = is_taken(&*transaction, &wanted.handle, &wanted.identity.key())?;
            if taken || !unchanged || !same_issuer || rival {
                return Ok(None);
            }
            let authority = match (&found.existing, renewing) {
                (Some(existing), true) => existing.id(),
                (existing, _) => {
                    let generation = existing.as_ref().map_or(1, |e| e.authority.generation + 1);
                    transaction.add_authority(&NewAuthority { handle: wanted.handle.clone(), generation })?
                }
            };
            if foreign && !renewing {
                transaction.set_key_place(authority, KeyPlace::Foreign)?;
            }
            let issuer = found.issuer.unwrap_or(authority);
            let profile = wanted.request.profile;
            let new = new_certificate(issuer, &wanted.handle, &wanted.identity, profile, &certificate, place.now())?;
            let predecessor = found.current.as_ref().map(|r| r.id);
            let key_here = found.current.as_ref().filter(|_| renewing).map_or(!foreign, |r| r.key_here);
            let new = NewCertificate { authority: Some(authority), predecessor, key_here, ..new };
            if let (Some(public_key), false) = (wanted.request.given_key(), renewing) {
                check_key_is_free(&*transaction, public_key, Some(&wanted.handle))?;
            }
            if transaction.is_barred(&new.spki_sha256)? {
                return Err(Error::KeyBarred { handle: wanted.handle.clone() });
            }
            let id = transaction.record(&new)?;
            if let (Some(manifest), None) = (&wanted.request.manifest, &holder) {
                transaction.set_manifest(&wanted.handle, manifest)?;
            }
            if let (Some(crl), false) = (&made.crl, renewing) {
                transaction.record_crl(&crl_record(authority, crl))?;
            }
            transaction.mark_unpublished()?;
            transaction.note(place.now(), action, Some(&wanted.handle), &serial)?;
            if !wanted.request.urls.is_empty() {
                let path = place.root.join(super::config::FILE);
                configured = Some((path.clone(), crate::disk::read_optional(&path, 1 << 20)?));
                Config::keep_urls(&place.root, &place.disk, &wanted.handle, &wanted.request.urls)?;
            }
            transaction.commit()?;
            Ok(Some(id))
        })();
        let id = match recorded {
            Ok(Some(id)) => id,
            other => {
                pending.abandon(place);
                if let Some((path, Some(old))) = configured {
                    place.disk.replace(&path, &old, crate::disk::Access::Public)?;
                }
                return other.map(|_| None);
            }
        };
        let config = Config::load(&place.root)?;
        // Nobody shares it: leaves that are made by threads are made in a run of their own.
        if let Some(place) = std::sync::Arc::get_mut(place) {
            place.config = config;
        }
        let released = self.release_ca(&wanted.handle, id, pending.folder());
        let published = released.and_then(|()| self.publish().map(drop));
        let signed = published.and_then(|()| if renewing { self.crl_after_renewal(&wanted.handle) } else { Ok(()) });
        signed.map_err(Error::not_released(&wanted.handle))?;
        let certificate = self.view_of(id)?;
        Ok(Some(Outcome { action, certificate, warnings: made.warnings, second_verifier, delivered: Vec::new() }))
    }
}

/// Refuses a subject that another CA has.
pub(super) fn check_subject(cas: &Cas, wanted: &Wanted<'_>) -> Result<(), Error> {
    let subject = NameFacts::new(NameDer::of(&wanted.subject), wanted.subject.clone());
    // As verifiers compare names: without case, white space folded (RFC 5280 7.1).
    let same_subject = |c: &&Ca| c.handle() != &wanted.handle && c.certificate.subject.matches(&subject);
    match cas.iter().find(same_subject) {
        Some(other) => Err(Error::SubjectTaken { handle: other.handle().clone(), subject: wanted.subject.to_string() }),
        None => Ok(()),
    }
}

/// Refuses a folder that nobody knows where that of a CA is to be.
pub(super) fn check_folder(folder: &Path, known: bool, was_there: bool) -> Result<(), Error> {
    let is_link = folder.symlink_metadata().is_ok_and(|m| m.is_symlink());
    if !known && was_there || is_link { Err(Error::UnknownFolder { path: folder.into() }) } else { Ok(()) }
}

/// A new key file, encrypted.
pub(super) fn encrypted_pem(pem: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, Error> {
    let encrypted = PrivateKey::from_pem(pem).and_then(|key| key.to_encrypted_pem(passphrase));
    encrypted.map_err(|source| Error::KeyFile { path: KEY.into(), source })
}

fn crl_record(issuer: AuthorityId, crl: &Crl) -> CrlRecord {
    CrlRecord {
        issuer,
        number: crl.number_u64().unwrap_or(0),
        this_update: crl.this_update,
        next_update: crl.next_update.unwrap_or(crl.this_update),
        entries: 0,
        last_event: 0,
        sha256: sha256(crl.der()),
        follows: Some(0),
    }
}
