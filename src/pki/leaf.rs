use super::authority::{Cas, MAX_KEY_BYTES};
use super::deliver;
use super::folder::Place;
use super::issuing::{ATTEMPTS, back_off, read, renewed_key, still_issuing};
use super::leaf_request::{LeafKey, LeafRequest, Wanted};
use super::leaf_steps::{Before, Scene, forgotten_warnings};
use super::material::{Above, files_in};
use super::pending::PendingLeaf;
use super::state::{Decision, Outcome};
use super::{Error, Pki};
use crate::disk::exists;
use crate::issue::{CertificateBody, Signed, Warning};
use crate::keys::{KeyError, PrivateKey};
use crate::model::{KeyAlgorithm, Layout};
use crate::store::{AuthorityId, CertificateId, Delivery, Record, Transaction};
use crate::x509::{PublicKeyKind, public_key_kind};
use std::borrow::Cow;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What was found before anything was made.
pub(super) struct Found {
    pub cas: Arc<Cas>,
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
    pub above: Arc<Above>,
    pub warnings: Vec<Warning>,
}

/// A leaf that was recorded and waits to be released.
pub(super) struct Recorded {
    pub id: CertificateId,
    /// Whether there are folders that it is to be delivered to.
    pub to_deliver: bool,
}

impl Found {
    /// What will have been done when it is.
    pub fn action(&self) -> &'static str {
        match self.decision {
            Decision::Issue { action } => action,
            Decision::Renew => "renewed",
            Decision::Keep { .. } => "unchanged",
        }
    }
}

impl Pki {
    /// Issues a leaf, or leaves alone what exists, as the request says.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released, except for [`Error::Delivery`].
    pub fn leaf(&mut self, request: &LeafRequest) -> Result<Outcome, Error> {
        let request = &deliver::with_real_folder(request);
        let wanted = Wanted::new(Cow::Borrowed(request), &self.place)?;
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
        let before = Before::look(&self.place, wanted);
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let scene = Scene::load(&*transaction)?;
        self.place.look_at(&*transaction, &scene, wanted, &before)
    }

    fn make(&self, wanted: &Wanted<'_>, found: &Found) -> Result<Made, Error> {
        let id = found.issuer.ok_or_else(|| Error::Internal("no issuer was chosen".into()))?;
        let issuer = self.place.issuer(&found.cas, id)?;
        self.place.make_leaf(wanted, found, &issuer, &Arc::new(Above::of(issuer.chain())))
    }

    /// `None` when another command overtook this one, and the state has to be looked at again.
    pub(super) fn record_leaf(
        &mut self,
        wanted: &Wanted<'_>,
        found: &Found,
        made: Made,
    ) -> Result<Option<Outcome>, Error> {
        let Pki { place, store } = self;
        let certificate = made.signed.certificate();
        let key_pem = made.key_pem.as_deref().map(Vec::as_slice);
        let files = files_in(place.layout_of(wanted), certificate, key_pem, &made.above);
        let new = place.new_leaf(wanted, found, &made)?;
        let pending = PendingLeaf::create(place, &new.serial, &files)?;
        let recorded = (|| {
            let transaction = store.begin(crate::store::Access::Write)?;
            if !still_issuing(&*transaction, &found.cas, made.issuer)? {
                return Ok(None);
            }
            let recorded = place.record_leaf_in(&*transaction, wanted, found, &made, &new)?;
            if recorded.is_some() {
                transaction.commit()?;
            }
            Ok(recorded)
        })();
        let Recorded { id, to_deliver } = match recorded {
            Ok(Some(recorded)) => recorded,
            other => {
                pending.abandon(place);
                return other.map(|_| None);
            }
        };
        let released = self.release_leaf(&wanted.handle, id, &pending.path());
        released.and_then(|()| pending.close(&self.place)).map_err(Error::not_released(&wanted.handle))?;
        let delivered = if to_deliver { self.deliver(&wanted.handle) } else { Ok(Vec::new()) };
        let delivered = delivered.map_err(Error::not_released(&wanted.handle))?;
        Ok(Some(self.place.outcome_of(wanted, found, made, id, new, delivered)))
    }

    pub(super) fn keep(&mut self, wanted: &Wanted<'_>, found: &Found, due: bool) -> Result<Outcome, Error> {
        let record = found.current.as_ref().ok_or_else(|| Error::Internal("nothing to keep".into()))?;
        let mut warnings = Vec::new();
        if due {
            let text =
                format!("`{}` ends {} and is due: renew it with --renew-within", record.handle, record.not_after);
            warnings.push(Warning::new("due", text));
        }
        let mut delivered = Vec::new();
        if !found.deliveries.is_empty() {
            let request = &wanted.request;
            let new = found.deliveries.last().filter(|_| request.delivery.is_some());
            let deliveries = self.read()?.deliveries(&record.handle)?;
            let new = new.filter(|d| !deliveries.contains(d));
            if new.is_some() || request.forgotten(&deliveries).next().is_some() {
                let transaction = self.store.begin(crate::store::Access::Write)?;
                if let Some(delivery) = new {
                    if let Some(other) = transaction.delivered_to(&delivery.folder)?.filter(|h| *h != record.handle) {
                        return Err(Error::DeliveryTaken { path: delivery.folder.clone(), handle: other });
                    }
                    transaction.remember_delivery(&record.handle, delivery)?;
                    transaction.set_deliveries_due(&record.handle, true)?;
                }
                for gone in request.forgotten(&deliveries) {
                    transaction.forget_delivery(&record.handle, &gone.folder)?;
                }
                transaction.commit()?;
            }
            warnings.extend(forgotten_warnings(request, &deliveries));
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

    pub(super) fn leaf_key(&self, request: &LeafRequest, before: Option<&Record>) -> Result<ChosenKey, Error> {
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
    let home = place.home(&record.handle);
    let (path, public_key) = (home.key_path(), read(record)?.public_key.clone());
    if !record.key_here && !exists(&path) {
        return Ok(ChosenKey { public_key, pem: None });
    }
    let pem = match home.key_pem()? {
        Some(pem) => pem,
        // What is missing says so as it always does.
        None => Zeroizing::new(crate::disk::read(&path, MAX_KEY_BYTES)?),
    };
    match renewed_key(&pem, &path, record) {
        Err(e @ Error::KeyFile { source: KeyError::Encrypted, .. }) if home.layout == Layout::Combined => Err(e),
        Ok(_) | Err(Error::KeyFile { source: KeyError::Encrypted, .. }) => Ok(ChosenKey { public_key, pem: Some(pem) }),
        Err(e) => Err(e),
    }
}
