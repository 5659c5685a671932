use super::authority::{Ca, Cas, MAX_KEY_BYTES};
use super::deliver;
use super::folder::Place;
use super::issuing::{
    ATTEMPTS, back_off, check_gain, check_holder, check_key_is_free, is_taken, new_certificate, read, record_of,
    renewed_key, still_issuing,
};
use super::leaf_request::{LeafKey, LeafRequest, Wanted};
use super::material::leaf_files;
use super::release::Pending;
use super::state::{Decision, Outcome, decide};
use super::view::CertificateView;
use super::{Error, Pki};
use crate::disk::exists;
use crate::issue::{CertificateBody, CertificateDraft, Signed, Warning};
use crate::keys::{KeyError, PrivateKey, key_identifier, random_serial, sha256};
use crate::model::{KeyAlgorithm, NameConstraints};
use crate::policy::rules;
use crate::store::{AuthorityId, Delivery, NewCertificate, Record, Transaction};
use crate::x509::{Certificate, NameDer, PublicKeyKind, public_key_kind};
use zeroize::Zeroizing;

/// What was found before anything was made.
pub(super) struct Found {
    pub cas: Cas,
    pub current: Option<Record>,
    pub decision: Decision,
    pub issuer: Option<AuthorityId>,
    pub deliveries: Vec<Delivery>,
    /// The serial of the certificate that is there.
    pub before: Option<String>,
    /// The key identifier that was first used for the key, where the key is known already.
    pub key_id: Option<Vec<u8>>,
    /// Whether the issuer's CRL is past half of its life.
    pub crl_is_old: bool,
    /// Whether a command that died left something to publish or deliver.
    pub unfinished: bool,
}

/// What was made and waits to be recorded.
pub(super) struct Made {
    pub signed: Signed<CertificateBody>,
    pub issuer: AuthorityId,
    /// What `key.pem` holds; nothing when the key is somebody else's.
    pub key_pem: Option<Zeroizing<Vec<u8>>>,
    pub chain: Vec<Certificate>,
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// Issues a leaf, or leaves alone what exists, as the request says.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released, except for [`Error::Delivery`].
    pub fn leaf(&mut self, request: &LeafRequest) -> Result<Outcome, Error> {
        let request = &deliver::with_real_folder(request);
        let wanted = Wanted::new(request, &self.place)?;
        self.recover_pending()?;
        for attempt in 0..ATTEMPTS {
            back_off(attempt);
            let mut found = self.look(&wanted)?;
            if found.unfinished {
                self.recover()?;
                found = self.look(&wanted)?;
            }
            if let Decision::Keep { due } = found.decision {
                return self.keep(&wanted, &found, due);
            }
            let made = self.make(&wanted, &found)?;
            let issuer = made.issuer;
            if let Some(mut outcome) = self.record_leaf(&wanted, &found, made)? {
                outcome.warnings.extend(self.place.keyring.source.warnings());
                if found.crl_is_old {
                    self.refresh_crl_or_warn(&found.cas, issuer, &mut outcome.warnings);
                }
                return Ok(outcome);
            }
        }
        Err(Error::Overtaken { handle: wanted.handle.clone(), attempts: ATTEMPTS })
    }

    fn look(&mut self, wanted: &Wanted<'_>) -> Result<Found, Error> {
        let (place, request) = (&self.place, wanted.request);
        // Looked at before the inventory is read: who made a folder had recorded it first.
        let folder = place.leaf_folder(&wanted.handle);
        let (folder_was_there, seen) = (exists(&folder), deliver::look(request));
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let unfinished = transaction.unpublished()?.is_some() || !transaction.due_deliveries()?.is_empty();
        let holder = check_holder(&*transaction, &wanted.handle, &request.identity.key(), request.profile)?;
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        let cas = Cas::load(&*transaction)?;
        // An issuer that nobody named now stays the one that issued: a PKI that grew must not make a re-run differ.
        let named = match &request.issuer {
            Some(name) => Some(place.named_ca(&cas, name)?),
            None => None,
        };
        let decision = decide(current.as_ref(), request.again, place.now(), true, |record| {
            wanted.differences(record, named.map(Ca::handle))
        })?;
        let issuer = match (&decision, named, &current) {
            (Decision::Keep { .. }, _, _) => None,
            (_, Some(ca), _) => Some(ca.id()),
            (Decision::Renew, None, Some(record)) => Some(active_generation(&cas, record)?),
            _ => Some(place.choose_leaf_issuer(&cas, None)?.id()),
        };
        if let (Some(public_key), false) = (request.key.public_key(), matches!(decision, Decision::Keep { .. })) {
            check_key_is_free(&*transaction, public_key, None)?;
        }
        if let Some(delivery) = &request.delivery {
            deliver::check(place, &*transaction, &wanted.handle, delivery, &seen)?;
        }
        let is_link = folder.symlink_metadata().is_ok_and(|m| m.is_symlink());
        if current.is_none() && folder_was_there || is_link {
            return Err(Error::UnknownFolder { path: folder });
        }
        let mut deliveries = transaction.deliveries(&wanted.handle)?;
        if let Some(new) = &request.delivery {
            // What was said once about a folder holds until something else is said.
            let known = deliveries.iter().position(|d| d.folder == new.folder).map(|i| deliveries.remove(i));
            let (owner, key_mode) = known.map_or((None, None), |d| (d.owner, d.key_mode));
            deliveries.push(Delivery {
                folder: new.folder.clone(),
                owner: new.owner.clone().or(owner),
                key_mode: new.key_mode.or(key_mode),
            });
        }
        let known_key = match (&decision, &current) {
            (Decision::Renew, Some(record)) => Some(record.spki_sha256),
            _ => request.key.public_key().map(sha256),
        };
        let key_id = known_key.map(|k| transaction.key_identifier(&k)).transpose()?.flatten();
        let crl_is_old = match issuer {
            Some(id) => place.crl_is_old(&*transaction, &cas, id)?,
            None => false,
        };
        let before = current.as_ref().map(|r| r.serial.to_string());
        Ok(Found { cas, current, decision, issuer, deliveries, before, key_id, crl_is_old, unfinished })
    }

    fn make(&self, wanted: &Wanted<'_>, found: &Found) -> Result<Made, Error> {
        let (place, request) = (&self.place, wanted.request);
        let fail = || Error::issue(&request.identity);
        let id = found.issuer.ok_or_else(|| Error::Internal("no issuer was chosen".into()))?;
        let issuer = place.issuer(&found.cas, id)?;
        let mut warnings = wanted.warnings.clone();
        let (dates, lifetime) =
            place.dates(request.profile, request.not_before, request.end, &issuer).map_err(fail())?;
        warnings.extend(dates.warnings);
        let key = match (&found.decision, &found.current) {
            (Decision::Renew, Some(record)) => {
                check_gain(record, dates.validity.not_after(), lifetime, &issuer, &found.cas, id, place.now())?;
                same_key(place, record)?
            }
            (_, current) => place.leaf_key(request, current.as_ref())?,
        };
        let subject_key_id = match &found.key_id {
            Some(id) => id.clone(),
            None => key_identifier(&key.public_key).map_err(|e| fail()(e.into()))?,
        };
        let rsa = matches!(public_key_kind(&key.public_key), Ok(k) if k.is_rsa());
        let ca_handle = found.cas.by_id(id).map(|c| c.handle().clone());
        let urls = ca_handle.map(|h| place.config.urls(&h)).unwrap_or_default();
        let draft = CertificateDraft {
            profile: request.profile,
            serial: random_serial().map_err(|e| fail()(e.into()))?,
            validity: dates.validity,
            subject: NameDer::of(&wanted.subject),
            public_key: key.public_key,
            subject_key_id,
            path_len: None,
            key_usage: rules(request.profile).key_usage_of(rsa),
            extended_key_usage: wanted.purposes.clone(),
            names: wanted.names.clone(),
            name_constraints: NameConstraints::default(),
            crl_urls: urls.crl,
            issuer_urls: urls.issuer,
            ocsp_urls: urls.ocsp,
        };
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        warnings.extend(signed.warnings().iter().cloned());
        Ok(Made { key_pem: key.pem, issuer: id, chain: issuer.chain().to_vec(), signed, warnings })
    }

    /// `None` when another command overtook this one, and the state has to be looked at again.
    pub(super) fn record_leaf(
        &mut self,
        wanted: &Wanted<'_>,
        found: &Found,
        made: Made,
    ) -> Result<Option<Outcome>, Error> {
        let Pki { place, store } = self;
        let request = wanted.request;
        let certificate = made.signed.certificate().clone();
        let second_verifier = Some(made.signed.second_verifier());
        let files = leaf_files(&certificate, made.key_pem.as_deref().map(Vec::as_slice), &made.chain);
        let action = match found.decision {
            Decision::Issue { action } => action,
            _ => "renewed",
        };
        let new = new_certificate(
            made.issuer,
            &wanted.handle,
            &request.identity,
            request.profile,
            &certificate,
            place.now(),
        )?;
        let (predecessor, key_here) = (found.current.as_ref().map(|r| r.id), made.key_pem.is_some());
        let new = NewCertificate { predecessor, key_here, ..new };
        let pending = Pending::create(place, &new.serial.to_string())?;
        let mut to_deliver = false;
        let recorded = (|| {
            pending.fill(place, &files)?;
            let transaction = store.begin(crate::store::Access::Write)?;
            let now_current = transaction.holder(&wanted.handle)?;
            if is_taken(&*transaction, &wanted.handle, &request.identity.key())? {
                return Ok(None);
            }
            if now_current.map(|h| h.current) != found.current.as_ref().map(|r| r.id)
                || !still_issuing(&*transaction, &found.cas, made.issuer)?
            {
                return Ok(None);
            }
            if let Some(before) = &found.current
                && transaction.is_revoked(before.issuer, &before.serial)? != before.revocation.is_some()
            {
                return Ok(None);
            }
            // A key that was encrypted or decrypted meanwhile is not put back as it was.
            if let (Decision::Renew, Some(pem)) = (&found.decision, &made.key_pem) {
                let path = place.leaf_folder(&wanted.handle).join("key.pem");
                let now = crate::disk::read_optional(&path, MAX_KEY_BYTES)?.map(Zeroizing::new);
                if now.is_none_or(|now| *now != **pem) {
                    return Ok(None);
                }
            }
            if let Some(delivery) = &request.delivery
                && transaction.delivered_to(&delivery.folder)?.is_some_and(|h| h != wanted.handle)
            {
                return Ok(None);
            }
            if let Some(public_key) = request.key.public_key() {
                check_key_is_free(&*transaction, public_key, None)?;
            }
            if transaction.is_barred(&new.spki_sha256)? {
                return Err(Error::KeyBarred { handle: wanted.handle.clone() });
            }
            let id = transaction.record(&new)?;
            if request.delivery.is_some()
                && let Some(delivery) = found.deliveries.last()
            {
                transaction.remember_delivery(&wanted.handle, delivery)?;
            }
            // All that are remembered now: another command may have added one meanwhile.
            to_deliver = !transaction.deliveries(&wanted.handle)?.is_empty();
            if to_deliver {
                transaction.set_deliveries_due(&wanted.handle, true)?;
            }
            transaction.note(place.now(), action, Some(&wanted.handle), &new.serial.to_string())?;
            transaction.commit()?;
            Ok(Some(id))
        })();
        let id = match recorded {
            Ok(Some(id)) => id,
            other => {
                pending.abandon(place);
                return other.map(|_| None);
            }
        };
        let issuer_handle = found.cas.by_id(made.issuer).map(|c| c.handle().clone());
        let record = record_of(id, new, issuer_handle.unwrap_or_else(|| wanted.handle.clone()));
        let released = self.release_leaf(&wanted.handle, id, pending.folder());
        released.map_err(Error::not_released(&wanted.handle))?;
        let delivered = if to_deliver { self.deliver(&wanted.handle) } else { Ok(Vec::new()) };
        let delivered = delivered.map_err(Error::not_released(&wanted.handle))?;
        let view = CertificateView::new(&self.place, &record, &certificate, found.before.clone());
        Ok(Some(Outcome { action, certificate: view, warnings: made.warnings, second_verifier, delivered }))
    }

    fn keep(&mut self, wanted: &Wanted<'_>, found: &Found, due: bool) -> Result<Outcome, Error> {
        let record = found.current.as_ref().ok_or_else(|| Error::Internal("nothing to keep".into()))?;
        let mut warnings = Vec::new();
        if due {
            let text =
                format!("`{}` ends {} and is due: renew it with --renew-within", record.handle, record.not_after);
            warnings.push(Warning::new("due", text));
        }
        let mut delivered = Vec::new();
        if !found.deliveries.is_empty() {
            if wanted.request.delivery.is_some()
                && let Some(delivery) = found.deliveries.last()
            {
                let known = self.read()?.deliveries(&record.handle)?.contains(delivery);
                if !known {
                    let transaction = self.store.begin(crate::store::Access::Write)?;
                    if let Some(other) = transaction.delivered_to(&delivery.folder)?.filter(|h| *h != record.handle) {
                        return Err(Error::DeliveryTaken { path: delivery.folder.clone(), handle: other });
                    }
                    transaction.remember_delivery(&record.handle, delivery)?;
                    transaction.set_deliveries_due(&record.handle, true)?;
                    transaction.commit()?;
                }
            }
            delivered = self.deliver(&record.handle)?;
        }
        let certificate = self.view_of(record.id)?;
        Ok(Outcome { action: "unchanged", certificate, warnings, second_verifier: None, delivered })
    }
}

pub(super) fn active_generation(cas: &Cas, record: &Record) -> Result<AuthorityId, Error> {
    let ca = cas.named(&record.issuer_handle).ok_or_else(|| Error::Internal("an issuer that is gone".into()))?;
    Ok(ca.id())
}

pub(super) fn key_of(record: &Record) -> Result<KeyAlgorithm, Error> {
    match public_key_kind(&read(record)?.public_key) {
        Ok(PublicKeyKind::Known(algorithm)) => Ok(algorithm),
        _ => Err(Error::Internal("a key of an unknown kind".into())),
    }
}

/// The key that a leaf gets.
pub(super) struct ChosenKey {
    /// SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// What `key.pem` holds; nothing when the key is somebody else's.
    pub pem: Option<Zeroizing<Vec<u8>>>,
}

impl Place {
    /// Whether a CA that issues a leaf should write its CRL anew.
    pub(super) fn crl_is_old(&self, transaction: &dyn Transaction, cas: &Cas, id: AuthorityId) -> Result<bool, Error> {
        let (last, now) = (transaction.last_crl(id)?, self.now());
        Ok(last.zip(cas.by_id(id)).is_some_and(|(crl, ca)| {
            super::crl::is_past_half(&crl, now) || super::crl::is_long_birth_crl(&crl, ca) && !self.key_is_guarded(ca)
        }))
    }

    fn leaf_key(&self, request: &LeafRequest, before: Option<&Record>) -> Result<ChosenKey, Error> {
        Ok(match &request.key {
            LeafKey::New(algorithm) => {
                let before = before.and_then(|r| key_of(r).ok());
                let algorithm = algorithm.or(before).unwrap_or_else(|| self.config.key(request.profile));
                let key = PrivateKey::generate(algorithm).map_err(|e| Error::issue(&request.identity)(e.into()))?;
                ChosenKey { public_key: key.public_key().to_vec(), pem: Some(key.to_pem()) }
            }
            LeafKey::Given(file) => {
                let pem = Zeroizing::new(file.pem().expose().to_vec());
                ChosenKey { public_key: file.public_key().to_vec(), pem: Some(pem) }
            }
            LeafKey::Foreign(public_key) => ChosenKey { public_key: public_key.clone(), pem: None },
        })
    }
}

/// The key of a certificate that is renewed: its file goes along as it is, if it is still the key in the certificate. Of
/// a key that was never here the public half is enough.
pub(super) fn same_key(place: &Place, record: &Record) -> Result<ChosenKey, Error> {
    let path = place.leaf_folder(&record.handle).join("key.pem");
    let public_key = read(record)?.public_key.clone();
    if !record.key_here && !exists(&path) {
        return Ok(ChosenKey { public_key, pem: None });
    }
    let pem = Zeroizing::new(crate::disk::read(&path, MAX_KEY_BYTES)?);
    match renewed_key(&path, record) {
        Ok(_) | Err(Error::KeyFile { source: KeyError::Encrypted, .. }) => Ok(ChosenKey { public_key, pem: Some(pem) }),
        Err(e) => Err(e),
    }
}
