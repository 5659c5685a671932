//! Renewing one handle: the look before, and what is made in memory. Recording and releasing are those of issuing.

use super::authority::{Ca, Cas};
use super::ca_request::{self, CaRequest};
use super::create_ca;
use super::folder::Place;
use super::issuing::{ATTEMPTS, back_off, check_gain, check_key_is_free};
use super::keyring::is_encrypted;
use super::leaf::{self, ChosenKey, active_generation, key_of, same_key};
use super::leaf_request::{self, LeafKey, LeafRequest};
use super::material::Above;
use super::predecessor::{Predecessor, RenewedKey, not_renewable};
use super::renew::RenewRequest;
use super::state::{Decision, Outcome, is_final};
use super::{Error, Pki};
use crate::issue::{CertificateBody, CertificateDraft, End, Issuer, Signed, Warning};
use crate::keys::{PrivateKey, sha256};
use crate::model::{Handle, Identity, Lifetime, Profile};
use crate::store::{Access, AuthorityId, KeyPlace, Record};
use std::borrow::Cow;
use std::sync::Arc;
use zeroize::Zeroizing;

/// When a certificate is to be renewed.
pub(super) enum When<'w> {
    /// Now, whatever is left of it.
    Now,
    /// When it is due.
    Due(&'w dyn Fn(&Record) -> bool),
}

/// What became of one handle.
pub(super) enum Step {
    Issued(Box<Outcome>),
    Unchanged(Box<Record>),
    Skipped(String),
}

/// A handle as it was found: its newest certificate, who issues it, and what is needed to make the next.
struct Looked {
    cas: Cas,
    record: Record,
    identity: Identity,
    issuer: Option<AuthorityId>,
    lifetime: Lifetime,
    key_id: Option<Vec<u8>>,
    crl_is_old: bool,
}

enum Seen {
    Go(Box<Looked>),
    Stop(Step),
}

impl Pki {
    /// Renews what a handle has. A command that another one overtakes looks again.
    pub(super) fn renew_handle(
        &mut self,
        handle: &Handle,
        request: &RenewRequest,
        when: &When<'_>,
    ) -> Result<Step, Error> {
        for attempt in 0..ATTEMPTS {
            back_off(attempt);
            let looked = match self.look_again(handle, request, when)? {
                Seen::Stop(step) => return Ok(step),
                Seen::Go(looked) => *looked,
            };
            let (id, issuer, crl_is_old) = (looked.record.id, looked.issuer, looked.crl_is_old);
            let made = if looked.record.profile.is_ca() {
                self.renew_ca(looked, request)
            } else {
                self.renew_leaf(looked, request)
            };
            match made {
                Ok(Some(mut outcome)) => {
                    if let Some(issuer) = issuer.filter(|_| crl_is_old) {
                        let cas = Cas::load(&*self.read()?)?;
                        self.refresh_crl_or_warn(&cas, issuer, &mut outcome.warnings);
                    }
                    return Ok(Step::Issued(Box::new(outcome)));
                }
                Ok(None) => {}
                // Another command may be between its record and its release: then the key is about to change.
                Err(e @ Error::KeyFile { .. }) => {
                    let transaction = self.read()?;
                    let current = transaction.holder(handle)?.map(|h| h.current);
                    let serial = current.map(|c| transaction.certificate(c)).transpose()?.flatten().map(|r| r.serial);
                    drop(transaction);
                    let released = serial.is_none_or(|s| !self.place.is_pending(&s));
                    if current == Some(id) && released {
                        return Err(e);
                    }
                }
                Err(e) => return Err(e),
            }
        }
        Err(Error::Overtaken { handle: handle.clone(), attempts: ATTEMPTS })
    }

    fn look_again(&mut self, handle: &Handle, request: &RenewRequest, when: &When<'_>) -> Result<Seen, Error> {
        let place = &self.place;
        let transaction = self.store.begin(Access::Read)?;
        let holder = transaction.holder(handle)?;
        let not_found = || Error::NotFound { target: handle.to_string(), similar: Vec::new() };
        let holder = holder.ok_or_else(not_found)?;
        let record = transaction.certificate(holder.current)?.ok_or_else(not_found)?;
        let due = matches!(when, When::Due(_));
        if let Some(revocation) = &record.revocation {
            let (handle, serial, profile) = (handle.clone(), record.serial, record.profile);
            return match (is_final(revocation.reason), due) {
                (true, true) => Ok(Seen::Stop(Step::Skipped("it is revoked".into()))),
                (false, true) => Ok(Seen::Stop(Step::Skipped("it is on hold".into()))),
                (true, false) => Err(Error::Revoked { handle, serial, profile }),
                (false, false) => Err(Error::OnHold { handle, serial, may_force: false }),
            };
        }
        if let When::Due(is_due) = when
            && !is_due(&record)
        {
            return Ok(Seen::Stop(Step::Unchanged(Box::new(record))));
        }
        let cas = Cas::load(&*transaction)?;
        let issuer = issuer_of(&cas, &record)?;
        if due && let Some(text) = elsewhere(place, &cas, issuer.or_else(|| cas.named(handle).map(Ca::id))) {
            return Ok(Seen::Stop(Step::Skipped(text)));
        }
        check_request(&record, request)?;
        if matches!(request.rekey, Some(LeafKey::New(_))) && is_encrypted(&place.home(handle).key_path()) {
            let hint = "give an encrypted one with `--key-file FILE`, or decrypt it first with `rootlet key decrypt`";
            let problem = "its key is encrypted, and a new one would not be".into();
            return Err(Error::NotRenewable { handle: handle.clone(), problem, hint: hint.into() });
        }
        if request.rekey.is_none() && transaction.is_barred(&record.spki_sha256)? {
            return Err(Error::KeyBarred { handle: handle.clone() });
        }
        let unreadable =
            || not_renewable(&record, format!("the inventory's name for it, `{}`, cannot be read", holder.identity));
        let identity = Identity::from_key(&holder.identity).ok_or_else(unreadable)?;
        let lifetime = Predecessor::new(&record)?.lifetime(place, &*transaction)?;
        let spki = match &request.rekey {
            None => Some(record.spki_sha256),
            Some(key) => key.public_key().map(sha256),
        };
        let key_id = spki.map(|k| transaction.key_identifier(&k)).transpose()?.flatten();
        let crl_is_old = match issuer {
            Some(id) if record.profile.is_ca() => {
                transaction.last_crl(id)?.is_some_and(|crl| super::crl::is_past_half(&crl, place.now()))
            }
            Some(id) => place.crl_is_old(&*transaction, &cas, id)?,
            None => false,
        };
        drop(transaction);
        Ok(Seen::Go(Box::new(Looked { cas, record, identity, issuer, lifetime, key_id, crl_is_old })))
    }

    fn renew_leaf(&mut self, looked: Looked, request: &RenewRequest) -> Result<Option<Outcome>, Error> {
        let Looked { cas, record, identity, issuer, key_id, lifetime, .. } = looked;
        let id = issuer.ok_or_else(|| Error::Internal("a leaf without issuer".into()))?;
        if let Some(LeafKey::Given(file)) = &request.rekey {
            check_key_is_free(&*self.read()?, file.public_key(), None)?;
        }
        let before = Predecessor::new(&record)?;
        let place = &self.place;
        let key = match &request.rekey {
            None => same_key(place, &record)?,
            Some(key) => place.new_key(key, &record)?,
        };
        let issuer = place.issuer(&cas, id)?;
        let renewed = RenewedKey { public_key: key.public_key, id: key_id };
        let (signed, warnings) = place.sign_again(&before, request, lifetime, renewed, &issuer, Some((&cas, id)))?;
        let made =
            leaf::Made { key_pem: key.pem, issuer: id, above: Arc::new(Above::of(issuer.chain())), signed, warnings };
        let names = LeafRequest::of(record.profile, identity);
        let wanted = leaf_request::Wanted {
            handle: record.handle.clone(),
            subject: before.certificate.subject.subject.clone(),
            names: Default::default(),
            purposes: Vec::new(),
            warnings: Vec::new(),
            request: Cow::Borrowed(&names),
        };
        let found = leaf::Found {
            decision: match request.rekey {
                None => Decision::Renew,
                Some(_) => Decision::Issue { action: "reissued" },
            },
            issuer: Some(id),
            deliveries: Vec::new(),
            before: Some(record.serial.to_string()),
            key_id: None,
            crl_is_old: false,
            unfinished: false,
            current: Some(record),
            cas: Arc::new(cas),
        };
        self.record_leaf(&wanted, &found, made)
    }

    fn renew_ca(&mut self, looked: Looked, request: &RenewRequest) -> Result<Option<Outcome>, Error> {
        let Looked { cas, record, identity, issuer, key_id, lifetime, .. } = looked;
        let before = Predecessor::new(&record)?;
        let place = &self.place;
        let key = RenewedKey { public_key: before.certificate.public_key.clone(), id: key_id };
        let (signed, warnings, above) = match issuer {
            Some(id) => {
                let issuer = place.issuer(&cas, id)?;
                let (signed, warnings) =
                    place.sign_again(&before, request, lifetime, key, &issuer, Some((&cas, id)))?;
                (signed, warnings, issuer.chain().to_vec())
            }
            None => {
                let fail = || Error::issue(&record.handle);
                let own = cas.named(&record.handle);
                let signer = place.own_signer(own.ok_or_else(|| Error::Internal("a root that is gone".into()))?)?;
                let issuer = Issuer::for_root(Box::new(signer)).map_err(fail())?;
                let (signed, warnings) = place.sign_again(&before, request, lifetime, key, &issuer, None)?;
                (signed, warnings, Vec::new())
            }
        };
        let mut chain = vec![signed.certificate().clone()];
        chain.extend(above);
        let made = create_ca::Made { signed, crl: None, key_pem: Zeroizing::default(), chain, warnings };
        let names = CaRequest::new(record.profile, &identity.name())?;
        let wanted = ca_request::Wanted {
            request: &names,
            handle: record.handle.clone(),
            identity,
            subject: before.certificate.subject.subject.clone(),
            names: Default::default(),
        };
        let existing = cas.named(&record.handle).cloned();
        let found = create_ca::Found { existing, current: Some(record), decision: Decision::Renew, issuer, cas };
        self.record_ca(&wanted, &found, made)
    }
}

impl Place {
    /// Drafts, rehearses and signs the successor, and checks that it lasts longer than what it follows. A root has no
    /// issuer in the inventory but itself.
    fn sign_again(
        &self,
        before: &Predecessor<'_>,
        request: &RenewRequest,
        lifetime: Lifetime,
        key: RenewedKey,
        issuer: &Issuer,
        below: Option<(&Cas, AuthorityId)>,
    ) -> Result<(Signed<CertificateBody>, Vec<Warning>), Error> {
        let handle = &before.record.handle;
        let (draft, mut warnings) = self.draft_again(before, request, lifetime, key, issuer, below)?;
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(Error::issue(handle))?;
        warnings.extend(signed.warnings().iter().cloned());
        warnings.extend(before.dropped(signed.certificate()));
        Ok((signed, warnings))
    }

    /// The draft of the successor, which lasts longer than what it follows.
    pub(super) fn draft_again(
        &self,
        before: &Predecessor<'_>,
        request: &RenewRequest,
        lifetime: Lifetime,
        key: RenewedKey,
        issuer: &Issuer,
        below: Option<(&Cas, AuthorityId)>,
    ) -> Result<(CertificateDraft, Vec<Warning>), Error> {
        let (record, handle) = (before.record, &before.record.handle);
        let end = Some(request.end.unwrap_or(End::Default(lifetime)));
        let dates = self.dates(record.profile, request.not_before, end, issuer);
        let (dates, lifetime) = dates.map_err(Error::issue(handle))?;
        // A last second that was typed is meant, be it sooner than before.
        if let Some((cas, id)) = below.filter(|_| !matches!(request.end, Some(End::At(_)))) {
            check_gain(record, dates.validity.not_after(), lifetime, issuer, cas, id, self.now())?;
        }
        let issuer_handle = below.and_then(|(cas, id)| cas.by_id(id)).map_or(handle, Ca::handle);
        Ok((before.draft(self, issuer_handle, dates.validity, key)?, dates.warnings))
    }

    /// The new key of a leaf; of the same algorithm when none was named.
    fn new_key(&self, key: &LeafKey, record: &Record) -> Result<ChosenKey, Error> {
        Ok(match key {
            LeafKey::New(algorithm) => {
                let algorithm = match algorithm {
                    Some(algorithm) => *algorithm,
                    None => key_of(record).unwrap_or_else(|_| self.config.key(record.profile)),
                };
                let key = PrivateKey::generate(algorithm).map_err(|e| Error::issue(&record.handle)(e.into()))?;
                ChosenKey { public_key: key.public_key().to_vec(), pem: Some(key.to_pem()) }
            }
            LeafKey::Given(file) => ChosenKey {
                public_key: file.public_key().to_vec(),
                pem: Some(Zeroizing::new(file.pem().expose().to_vec())),
            },
            LeafKey::Foreign(public_key) => ChosenKey { public_key: public_key.clone(), pem: None },
        })
    }
}

/// Who issues the successor: the newest generation of who issued the predecessor; nobody but itself for a root.
fn issuer_of(cas: &Cas, record: &Record) -> Result<Option<AuthorityId>, Error> {
    if record.profile == Profile::Root { Ok(None) } else { active_generation(cas, record).map(Some) }
}

/// Why nobody here can issue it by itself: the key of its issuer is with somebody else.
fn elsewhere(place: &Place, cas: &Cas, issuer: Option<AuthorityId>) -> Option<String> {
    let ca = issuer.and_then(|id| cas.by_id(id))?;
    match ca.authority.key_place {
        KeyPlace::Foreign => {
            Some(format!("its issuer `{}` is not of this PKI: ask for a new certificate there", ca.handle()))
        }
        KeyPlace::Detached if !place.has_key(ca) => Some(format!(
            "the key of its issuer `{}` was detached: name its file with `--issuer-key-file`",
            ca.handle()
        )),
        _ => None,
    }
}

/// Refuses what cannot be done to this certificate.
fn check_request(record: &Record, request: &RenewRequest) -> Result<(), Error> {
    let refuse = |problem: &str, hint: String| {
        Err(Error::NotRenewable { handle: record.handle.clone(), problem: problem.into(), hint })
    };
    if record.profile.is_ca() {
        if request.rekey.is_some() {
            return refuse(
                "a CA keeps its key, which everything below it was signed with",
                "leave --rekey away; for a new key create another CA beside it".into(),
            );
        }
        if request.revoke_old && request.due.is_none() {
            return refuse(
                "the old certificate of a CA stands in the chains of what it issued, and is not revoked by a renewal",
                "leave --revoke-old away: with the same key both are good until the old one ends".into(),
            );
        }
    }
    if !record.key_here && matches!(request.rekey, Some(LeafKey::New(_))) {
        return refuse(
            "its key was never here, so no new one is made for it",
            "leave --rekey away, or let the owner of the key make a new request".into(),
        );
    }
    Ok(())
}
