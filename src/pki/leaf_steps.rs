//! The steps of one leaf, for who issues one and for who issues many: look, make, record.

use super::authority::{Ca, Cas};
use super::deliver;
use super::folder::Place;
use super::home::Home;
use super::issuing::{check_gain, check_holder, check_key_is_free, is_taken, new_certificate, record_of};
use super::leaf::{Found, Made, Recorded, active_generation, same_key};
use super::leaf_request::{LeafRequest, Wanted};
use super::material::Above;
use super::state::{Again, Decision, Outcome, decide};
use super::view::CertificateView;
use super::{Error, Urls};
use crate::issue::{CertificateDraft, Issuer, Warning};
use crate::keys::{key_identifier, random_serial, sha256};
use crate::model::{Layout, NameConstraints, Validity};
use crate::policy::rules;
use crate::store::{AuthorityId, CertificateId, Delivery, NewCertificate, Transaction};
use crate::x509::{NameDer, public_key_kind};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The state of the PKI that several requests are decided by: read once for all of them.
pub(super) struct Scene {
    pub cas: Arc<Cas>,
    /// Whether a command that died left something to publish or deliver.
    pub unfinished: bool,
    /// Who issues what names no issuer.
    default_issuer: OnceCell<AuthorityId>,
    old_crls: RefCell<HashMap<AuthorityId, bool>>,
}

/// What stood where the files of a request will be. Looked at before the inventory is read: who made it had recorded it
/// first.
pub(super) struct Before {
    home: Home,
    seen: deliver::Seen,
}

impl Before {
    pub fn look(place: &Place, wanted: &Wanted<'_>) -> Self {
        Before { home: place.home(&wanted.handle), seen: deliver::look(&wanted.request) }
    }
}

impl Scene {
    pub fn load(transaction: &dyn Transaction) -> Result<Self, Error> {
        Ok(Scene {
            cas: Arc::new(Cas::load(transaction)?),
            unfinished: transaction.unpublished()?.is_some() || !transaction.due_deliveries()?.is_empty(),
            default_issuer: OnceCell::new(),
            old_crls: RefCell::default(),
        })
    }

    fn default_issuer(&self, place: &Place) -> Result<AuthorityId, Error> {
        if let Some(id) = self.default_issuer.get() {
            return Ok(*id);
        }
        let id = place.choose_leaf_issuer(&self.cas, None)?.id();
        Ok(*self.default_issuer.get_or_init(|| id))
    }

    fn crl_is_old(&self, place: &Place, transaction: &dyn Transaction, id: AuthorityId) -> Result<bool, Error> {
        if let Some(old) = self.old_crls.borrow().get(&id) {
            return Ok(*old);
        }
        let old = place.crl_is_old(transaction, &self.cas, id)?;
        self.old_crls.borrow_mut().insert(id, old);
        Ok(old)
    }
}

impl Place {
    /// How the files of a leaf are to lie: as it was said, else as they do.
    pub(super) fn layout_of(&self, wanted: &Wanted<'_>) -> Layout {
        wanted.request.layout.unwrap_or_else(|| self.home(&wanted.handle).layout)
    }

    /// What there is of a leaf, and what is to be done about it.
    pub(super) fn look_at(
        &self,
        transaction: &dyn Transaction,
        scene: &Scene,
        wanted: &Wanted<'_>,
        before: &Before,
    ) -> Result<Found, Error> {
        let (request, cas) = (&*wanted.request, &scene.cas);
        let holder = check_holder(transaction, &wanted.handle, &request.identity.key(), request.profile)?;
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        // An issuer that nobody named now stays the one that issued: a PKI that grew must not make a re-run differ.
        let named = match &request.issuer {
            Some(name) => Some(self.named_ca(cas, name)?),
            None => None,
        };
        let decision = decide(current.as_ref(), request.again, self.now(), true, |record| {
            wanted.differences(record, named.map(Ca::handle))
        })?;
        let issuer = match (&decision, named, &current) {
            (Decision::Keep { .. }, _, _) => None,
            (_, Some(ca), _) => Some(ca.id()),
            (Decision::Renew, None, Some(record)) => Some(active_generation(cas, record)?),
            _ => Some(scene.default_issuer(self)?),
        };
        let keeps = matches!(decision, Decision::Keep { .. });
        self.check_surroundings(Some(transaction), wanted, before, current.is_some(), keeps)?;
        let mut deliveries = transaction.deliveries(&wanted.handle)?;
        if let Some(new) = &request.delivery {
            // What was said once about a folder holds until something else is said.
            let known = deliveries.iter().position(|d| d.folder == new.folder).map(|i| deliveries.remove(i));
            // A folder that a command asked for stays, whatever a manifest says later.
            let (owner, key_mode, declared) = known.map_or((None, None, true), |d| (d.owner, d.key_mode, d.declared));
            deliveries.push(Delivery {
                folder: new.folder.clone(),
                owner: new.owner.clone().or(owner),
                key_mode: new.key_mode.or(key_mode),
                declared: new.declared && declared,
            });
        }
        let known_key = match (&decision, &current) {
            (Decision::Renew, Some(record)) => Some(record.spki_sha256),
            _ => request.key.public_key().map(sha256),
        };
        let key_id = known_key.map(|k| transaction.key_identifier(&k)).transpose()?.flatten();
        let crl_is_old = match issuer {
            Some(id) => scene.crl_is_old(self, transaction, id)?,
            None => false,
        };
        let before = current.as_ref().map(|r| r.serial.to_string());
        let (cas, unfinished) = (cas.clone(), scene.unfinished);
        Ok(Found { cas, current, decision, issuer, deliveries, before, key_id, crl_is_old, unfinished })
    }

    /// Refuses what stands in the way of a leaf: a key that is somebody's, a delivery folder that is not for it, a folder
    /// that nobody knows. Without a transaction there is no PKI yet.
    pub(super) fn check_surroundings(
        &self,
        transaction: Option<&dyn Transaction>,
        wanted: &Wanted<'_>,
        before: &Before,
        exists: bool,
        keeps: bool,
    ) -> Result<(), Error> {
        let request = &wanted.request;
        if let (Some(transaction), Some(public_key), false) = (transaction, request.key.public_key(), keeps) {
            check_key_is_free(transaction, public_key, None)?;
        }
        if let Some(delivery) = &request.delivery {
            deliver::check(self, transaction, &wanted.handle, delivery, &before.seen)?;
        }
        let home = &before.home;
        home.check_way(request.layout.unwrap_or(home.layout))?;
        if !exists && home.is_there() {
            return Err(Error::UnknownFolder { path: home.path().into() });
        }
        Ok(())
    }

    /// Makes a leaf in memory: key, rehearsal, signature, second opinion.
    pub(super) fn make_leaf(
        &self,
        wanted: &Wanted<'_>,
        found: &Found,
        issuer: &Issuer,
        above: &Arc<Above>,
    ) -> Result<Made, Error> {
        let (place, request) = (self, &*wanted.request);
        let fail = || Error::issue(&request.identity);
        let id = found.issuer.ok_or_else(|| Error::Internal("no issuer was chosen".into()))?;
        let mut warnings = wanted.warnings.clone();
        let (dates, lifetime) = place.dates(request.profile, request.not_before, request.end, issuer).map_err(fail())?;
        warnings.extend(dates.warnings);
        let key = match (&found.decision, &found.current) {
            (Decision::Renew, Some(record)) => {
                // What is issued again because its issuer has a new key gains that.
                if request.again != Again::Renew {
                    check_gain(record, dates.validity.not_after(), lifetime, issuer, &found.cas, id, place.now())?;
                }
                same_key(place, record)?
            }
            (_, current) => place.leaf_key(request, current.as_ref())?,
        };
        let subject_key_id = match &found.key_id {
            Some(id) => id.clone(),
            None => key_identifier(&key.public_key).map_err(|e| fail()(e.into()))?,
        };
        let ca_handle = found.cas.by_id(id).map(|c| c.handle().clone());
        let urls = ca_handle.map(|h| place.config.urls(&h)).unwrap_or_default();
        let draft = leaf_draft(wanted, key.public_key, subject_key_id, dates.validity, urls)?;
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        warnings.extend(signed.warnings().iter().cloned());
        Ok(Made { key_pem: key.pem, issuer: id, above: above.clone(), signed, warnings })
    }

    /// The row of a leaf that was made.
    pub(super) fn new_leaf(&self, wanted: &Wanted<'_>, found: &Found, made: &Made) -> Result<NewCertificate, Error> {
        let request = &*wanted.request;
        let certificate = made.signed.certificate();
        let now = self.now();
        let new = new_certificate(made.issuer, &wanted.handle, &request.identity, request.profile, certificate, now)?;
        let (predecessor, key_here) = (found.current.as_ref().map(|r| r.id), made.key_pem.is_some());
        Ok(NewCertificate { predecessor, key_here, ..new })
    }

    /// Records a leaf, if nothing changed that it was made by: `None` when something did. The caller has asked about the
    /// CAs above it.
    pub(super) fn record_leaf_in(
        &self,
        transaction: &dyn Transaction,
        wanted: &Wanted<'_>,
        found: &Found,
        made: &Made,
        new: &NewCertificate,
    ) -> Result<Option<Recorded>, Error> {
        let request = &*wanted.request;
        if is_taken(transaction, &wanted.handle, &request.identity.key())? {
            return Ok(None);
        }
        let now_current = transaction.holder(&wanted.handle)?;
        if now_current.as_ref().map(|h| h.current) != found.current.as_ref().map(|r| r.id) {
            return Ok(None);
        }
        if let Some(before) = &found.current
            && transaction.is_revoked(before.issuer, &before.serial)? != before.revocation.is_some()
        {
            return Ok(None);
        }
        // A key that was encrypted or decrypted meanwhile is not put back as it was.
        if let (Decision::Renew, Some(pem)) = (&found.decision, &made.key_pem) {
            let now = self.home(&wanted.handle).key_pem()?;
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
            check_key_is_free(transaction, public_key, None)?;
        }
        if transaction.is_barred(&new.spki_sha256)? {
            return Err(Error::KeyBarred { handle: wanted.handle.clone() });
        }
        let id = transaction.record(new)?;
        if let (Some(manifest), None) = (&request.manifest, &now_current) {
            transaction.set_manifest(&wanted.handle, manifest)?;
        }
        if request.delivery.is_some()
            && let Some(delivery) = found.deliveries.last()
        {
            transaction.remember_delivery(&wanted.handle, delivery)?;
        }
        // All that are remembered now: another command may have added one meanwhile.
        let deliveries = transaction.deliveries(&wanted.handle)?;
        let mut to_deliver = !deliveries.is_empty();
        for (n, gone) in request.forgotten(&deliveries).enumerate() {
            transaction.forget_delivery(&wanted.handle, &gone.folder)?;
            to_deliver = n + 1 < deliveries.len();
        }
        if to_deliver {
            transaction.set_deliveries_due(&wanted.handle, true)?;
        }
        transaction.note(self.now(), found.action(), Some(&wanted.handle), &new.serial.to_string())?;
        Ok(Some(Recorded { id, to_deliver }))
    }

    /// What is said of a leaf that was released.
    pub(super) fn outcome_of(
        &self,
        wanted: &Wanted<'_>,
        found: &Found,
        made: Made,
        id: CertificateId,
        new: NewCertificate,
        delivered: Vec<PathBuf>,
    ) -> Outcome {
        let issuer_handle = found.cas.by_id(made.issuer).map(|c| c.handle().clone());
        let record = record_of(id, new, issuer_handle.unwrap_or_else(|| wanted.handle.clone()));
        let certificate = CertificateView::new(self, &record, made.signed.certificate(), found.before.clone());
        let second_verifier = Some(made.signed.second_verifier());
        let mut warnings = made.warnings;
        warnings.extend(forgotten_warnings(&wanted.request, &found.deliveries));
        Outcome { action: found.action(), certificate, warnings, second_verifier, delivered }
    }
}

/// What is said of folders that a manifest no longer asks for.
pub(super) fn forgotten_warnings(request: &LeafRequest, deliveries: &[Delivery]) -> Vec<Warning> {
    let said =
        |d: &Delivery| format!("its files are no longer delivered to `{}`; those there stay", d.folder.display());
    request.forgotten(deliveries).map(|d| Warning::new("delivery-forgotten", said(d))).collect()
}

/// A leaf before its issuer puts its own part in.
pub(super) fn leaf_draft(
    wanted: &Wanted<'_>,
    public_key: Vec<u8>,
    subject_key_id: Vec<u8>,
    validity: Validity,
    urls: Urls,
) -> Result<CertificateDraft, Error> {
    let request = &wanted.request;
    let rsa = matches!(public_key_kind(&public_key), Ok(k) if k.is_rsa());
    Ok(CertificateDraft {
        profile: request.profile,
        serial: random_serial().map_err(|e| Error::issue(&request.identity)(e.into()))?,
        validity,
        subject: NameDer::of(&wanted.subject),
        public_key,
        subject_key_id,
        path_len: None,
        key_usage: rules(request.profile).key_usage_of(rsa),
        extended_key_usage: wanted.purposes.clone(),
        names: wanted.names.clone(),
        name_constraints: NameConstraints::default(),
        crl_urls: urls.crl,
        issuer_urls: urls.issuer,
        ocsp_urls: urls.ocsp,
    })
}
