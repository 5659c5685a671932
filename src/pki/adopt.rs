//! A CA that was made elsewhere becomes one of this PKI: with its key ours, without it a foreign one.

use super::authority::{Ca, Cas};
use super::folder::Place;
use super::import::{Given, ImportOutcome, report_of};
use super::import_error::ImportError;
use super::import_leaf::known;
use super::import_past::NextCrl;
use super::issuing::{check_holder, check_key_is_free, new_certificate};
use super::key_custody::key_entry;
use super::lineage::Lineage;
use super::material::{OutFile, ca_files};
use super::past::{CheckedPast, PastReport, PastSources};
use super::pending::Pending;
use super::salvage_pieces::name_of;
use super::{Error, Pki};
use crate::disk::{Access, exists};
use crate::issue::Warning;
use crate::keys::sha256;
use crate::model::{Handle, Identity, Profile, Timestamp};
use crate::store::{AuthorityId, CertificateId, KeyPlace, NewAuthority, NewCertificate, Transaction};
use crate::x509::Certificate;
use zeroize::Zeroizing;

/// What the inventory knows of a CA that is imported.
enum Before {
    Nothing,
    /// This very certificate, perhaps renewed since.
    Same(Box<Ca>),
    /// An older certificate of the same key.
    Older(Box<Ca>),
}

/// What was recorded, and what is to be released.
struct Recorded {
    action: &'static str,
    id: CertificateId,
    pending: Option<Pending>,
    /// The key of a CA that was somebody else's.
    pending_key: Option<Pending>,
    generation: u32,
    staged: Option<super::crl_sign::SignedCrl>,
    authorities: Vec<String>,
    report: PastReport,
    warnings: Vec<Warning>,
}

impl Pki {
    /// Adopts a CA, or takes a newer certificate, the key or the past of one that is here.
    pub(super) fn adopt(
        &mut self,
        given: &Given,
        sources: &PastSources,
        mut past: CheckedPast,
    ) -> Result<ImportOutcome, Error> {
        let Pki { place, store } = self;
        let folder_was_there = exists(&place.ca_folder(&given.handle));
        let transaction = store.begin(crate::store::Access::Write)?;
        let recorded = place.record_adopted(&*transaction, given, sources, &mut past, folder_was_there)?;
        let Recorded { action, id, pending, pending_key, generation, staged, authorities, report, mut warnings } =
            recorded;
        if action == "unchanged" {
            drop(transaction);
            return self.import_outcome(action, id, warnings);
        }
        let committed = transaction.commit();
        if committed.is_err() {
            pending.into_iter().chain(pending_key).for_each(|p| p.abandon(place));
            staged.into_iter().for_each(|s| s.pending.abandon(place));
            committed?;
            return Err(Error::Internal("a commit that failed without an error".into()));
        }
        let key = match &pending_key {
            Some(pending) => self.settle_key(&given.handle, generation, pending.folder()).map(drop),
            None => Ok(()),
        };
        let released = key.and_then(|()| self.release_adopted(&given.handle, id, pending, staged, &mut warnings));
        released.map_err(Error::not_released(&given.handle))?;
        let mut outcome = self.import_outcome(action, id, warnings)?;
        outcome.authorities = authorities;
        outcome.past = report_of(sources, report);
        Ok(outcome)
    }

    fn release_adopted(
        &mut self,
        handle: &Handle,
        id: CertificateId,
        pending: Option<Pending>,
        staged: Option<super::crl_sign::SignedCrl>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Error> {
        if let Some(pending) = pending {
            self.release_ca(handle, id, pending.folder())?;
            self.remove_answered_request(handle)?;
        }
        if let Some(staged) = staged {
            staged.settle(self, Ok(()))?;
        }
        let missing = self.publish()?;
        warnings.extend(self.crl_warnings(&missing)?);
        Ok(())
    }
}

impl Place {
    /// Checks a CA against the inventory and records it, with the CAs above it and its past.
    fn record_adopted(
        &self,
        transaction: &dyn Transaction,
        given: &Given,
        sources: &PastSources,
        past: &mut CheckedPast,
        folder_was_there: bool,
    ) -> Result<Recorded, Error> {
        let now = self.now();
        let (handle, certificate) = (&given.handle, &given.certificate);
        let cas = Cas::load(transaction)?;
        let lineage = Lineage::find(certificate, &given.bag, &cas)?;
        let profile = if lineage.is_of_a_root() { Profile::Root } else { Profile::Intermediate };
        let identity = match transaction.request(handle)? {
            // Whatever NAME was typed now, the request's holds; whether it is its answer is asked below.
            Some(waiting) => waiting.identity,
            None => Identity::Authority(given.name.clone()).key(),
        };
        let before = self.before(transaction, &cas, given, &identity, profile)?;
        let same_key = |c: &Ca| c.certificate.public_key == certificate.public_key && c.handle() == handle;
        for new in lineage.new.iter().chain([certificate]) {
            let rival = cas.iter().find(|c| c.certificate.subject.matches(&new.subject) && !same_key(c));
            if let Some(other) = rival {
                let (handle, subject) = (other.handle().clone(), new.subject.subject.to_string());
                return Err(Error::SubjectTaken { handle, subject });
            }
        }
        if transaction.is_barred(&sha256(&certificate.public_key))? {
            return Err(Error::KeyBarred { handle: handle.clone() });
        }
        if matches!(before, Before::Nothing) {
            check_key_is_free(transaction, &certificate.public_key, Some(handle))?;
        }
        let answer = self.answered_key(transaction, given, profile)?;
        let known = match &before {
            Before::Nothing => None,
            Before::Same(ca) | Before::Older(ca) => Some(&**ca),
        };
        if known.is_none() && folder_was_there {
            return Err(Error::UnknownFolder { path: self.ca_folder(handle) });
        }
        let is_ours = known.is_some_and(|c| c.authority.key_place != KeyPlace::Foreign);
        // A CA of ours keeps the key and the past that it has; one that becomes ours brings them.
        let becomes_ours = !is_ours && (given.key.is_some() || answer.is_some());
        if answer.is_some() {
            if !sources.is_empty() {
                let (name, problem) = (given.name.clone(), "answers a request");
                return Err(ImportError::NoPast { name, problem }.into());
            }
        } else if !is_ours {
            given.check_past(sources)?;
        }
        let ours = is_ours || becomes_ours;
        let mut warnings = past.warnings.clone();
        let replaced = known.is_some_and(|c| c.certificate.not_before > certificate.not_before);
        let findings = if replaced { Vec::new() } else { given.findings(lineage.above.first()) };
        // Below a CA of somebody else only that CA can mend it.
        let issuer = lineage.known.filter(|_| lineage.new.is_empty()).and_then(|id| cas.by_id(id));
        let renewable = lineage.is_of_a_root() || issuer.is_some_and(|i| i.authority.key_place != KeyPlace::Foreign);
        let advice = (ours && renewable && !findings.is_empty()).then(|| given.renewal_advice(&past.issued));
        warnings.extend(findings.into_iter().chain(advice));
        let own = (!replaced).then_some(certificate);
        warnings.extend(own.into_iter().chain(&lineage.above).filter_map(|c| date_warning(c, now)));
        let (nearest, authorities) = self.record_above(transaction, &cas, &lineage, handle, now, &mut warnings)?;
        let key_here = ours && (known.is_none() || becomes_ours);
        let named = Identity::Authority(given.name.clone());
        let (authority, id) = match known {
            Some(ca) if matches!(before, Before::Same(_)) => (ca.id(), ca.authority.certificate.id),
            known => {
                let authority = match known {
                    Some(ca) => ca.id(),
                    None => transaction.add_authority(&NewAuthority { handle: handle.clone(), generation: 1 })?,
                };
                let issuer = nearest.unwrap_or(authority);
                let new = new_certificate(issuer, handle, &named, profile, certificate, now)?;
                let key_here = key_here || known.is_some_and(|c| c.authority.certificate.key_here);
                let predecessor = known.map(|c| c.authority.certificate.id);
                let new = NewCertificate { authority: Some(authority), identity, predecessor, key_here, ..new };
                let id = transaction.record(&new)?;
                self.heed_foreign_crl(transaction, &cas, &new, now, &mut warnings)?;
                (authority, id)
            }
        };
        if known.is_none() || becomes_ours {
            transaction.set_key_place(authority, if ours { KeyPlace::Here } else { KeyPlace::Foreign })?;
        }
        let taken = if ours {
            let certificates = self.record_issued(transaction, authority, certificate, past, now, &mut warnings)?;
            let mut taken = past.record(transaction, authority, now)?;
            taken.report.certificates = certificates;
            taken
        } else {
            past.record_foreign(transaction, authority, now)?
        };
        if ours && !sources.is_empty() {
            transaction.set_past_known(authority, true)?;
        }
        let was_unknown = known.is_some_and(|c| !c.authority.past_known);
        let changed = taken.report.has_changes() || taken.crl.is_some() || (was_unknown && !sources.is_empty());
        let action = match &before {
            Before::Nothing if answer.is_some() => "completed",
            Before::Nothing if ours => "adopted",
            Before::Nothing => "recorded",
            Before::Older(_) => "renewed",
            Before::Same(_) if becomes_ours => "adopted",
            Before::Same(_) if changed => "updated",
            Before::Same(_) => "unchanged",
        };
        let mut recorded = Recorded {
            action,
            id,
            pending: None,
            pending_key: None,
            generation: 1,
            staged: None,
            authorities,
            report: taken.report,
            warnings,
        };
        if action == "unchanged" {
            return Ok(recorded);
        }
        if answer.is_some() {
            transaction.remove_request(handle)?;
        }
        transaction.mark_unpublished()?;
        let serial = certificate.serial.map(|s| s.to_string()).unwrap_or_default();
        transaction.note(now, action, Some(handle), &serial)?;
        past.forget_entries();
        let chain: Vec<Certificate> = std::iter::once(certificate).chain(&lineage.above).cloned().collect();
        let answer_pem = answer.as_ref().map(|k| k.pem().expose());
        let key = answer_pem.or(given.key_pem.as_ref().map(|k| &k[..])).filter(|_| becomes_ours);
        let next = if ours {
            let signer = answer.as_ref().or(given.key.as_ref()).filter(|_| becomes_ours).map(|k| k.signer().clone());
            self.next_crl(transaction, handle, signer, taken, past, &mut recorded.warnings)?
        } else {
            taken.crl.map_or(NextCrl::Kept, NextCrl::Given)
        };
        let given_crl = past.crl.as_ref();
        match (&before, next) {
            (Before::Nothing, next) if ours => {
                // A CRL that was given lies in the folder from the start.
                let crl = given_crl.filter(|_| matches!(next, NextCrl::Given(_)));
                let files = ca_files(key, &chain, crl);
                if let NextCrl::Signed(signed) = next {
                    recorded.staged = Some(signed);
                }
                recorded.pending = Some(self.fill_pending(&serial, &files)?);
            }
            (before, next) => {
                if let (Some(key), false) = (key, matches!(before, Before::Nothing)) {
                    let bytes = Zeroizing::new(key.to_vec());
                    let file = OutFile { name: "key.pem", bytes, access: Access::Private };
                    self.disk.create_folder_all(&self.ca_folder(handle), Access::Private)?;
                    let generation = known.map_or(1, |c| c.authority.generation);
                    recorded.pending_key = Some(self.fill_pending(&key_entry(generation, handle), &[file])?);
                    recorded.generation = generation;
                }
                if matches!(before, Before::Older(_)) && ours {
                    recorded.pending = Some(self.fill_pending(&serial, &ca_files(None, &chain, None))?);
                }
                // The folder of a foreign CA is derived from the inventory when it is published.
                let generation = known.map_or(1, |c| c.authority.generation);
                recorded.staged = next.staged(self, handle, generation, given_crl)?;
            }
        }
        Ok(recorded)
    }

    /// Who has the handle: this CA with this key, or nobody. Anybody else is a reason to refuse.
    fn before(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        given: &Given,
        identity: &str,
        profile: Profile,
    ) -> Result<Before, Error> {
        let (handle, certificate) = (&given.handle, &given.certificate);
        let Some(ca) = cas.named(handle) else {
            check_holder(transaction, handle, identity, profile)?;
            return Ok(Before::Nothing);
        };
        if ca.certificate.public_key != certificate.public_key {
            check_holder(transaction, handle, identity, profile)?;
            return Err(ImportError::AnotherKey { handle: handle.clone() }.into());
        }
        // The one that is here, or one before it: what else is given is taken all the same.
        if known(transaction, certificate)?.is_some_and(|r| r.handle == *handle) {
            return Ok(Before::Same(Box::new(ca.clone())));
        }
        if certificate.not_before < ca.certificate.not_before {
            let not_before = ca.certificate.not_before;
            return Err(ImportError::Older { handle: handle.clone(), not_before }.into());
        }
        Ok(Before::Older(Box::new(ca.clone())))
    }

    /// Records the CAs above that are new here, the root first, as foreign ones. Returns the nearest of all.
    pub(super) fn record_above(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        lineage: &Lineage,
        taken: &Handle,
        now: Timestamp,
        warnings: &mut Vec<Warning>,
    ) -> Result<(Option<AuthorityId>, Vec<String>), Error> {
        let (mut nearest, mut names) = (lineage.known, Vec::new());
        for certificate in lineage.new.iter().rev() {
            let handle = self.free_handle(transaction, &name_of(certificate), true, Some(taken))?;
            let authority = transaction.add_authority(&NewAuthority { handle: handle.clone(), generation: 1 })?;
            transaction.set_key_place(authority, KeyPlace::Foreign)?;
            let profile = if nearest.is_none() { Profile::Root } else { Profile::Intermediate };
            let name = certificate.subject.common_name().map_or_else(|| handle.to_string(), ToString::to_string);
            let issuer = nearest.unwrap_or(authority);
            let identity = Identity::Authority(name);
            let new = new_certificate(issuer, &handle, &identity, profile, certificate, now)?;
            let new = NewCertificate { authority: Some(authority), key_here: false, ..new };
            transaction.record(&new)?;
            self.heed_foreign_crl(transaction, cas, &new, now, warnings)?;
            names.insert(0, handle.to_string());
            nearest = Some(authority);
        }
        Ok((nearest, names))
    }

    /// A handle that nobody has, neither in the inventory nor on the disk: the wished one, or one with a number.
    pub(super) fn free_handle(
        &self,
        transaction: &dyn Transaction,
        wished: &Handle,
        ca: bool,
        taken: Option<&Handle>,
    ) -> Result<Handle, Error> {
        let mut handle = wished.clone();
        for n in 2..10_000 {
            let folder = if ca { self.ca_folder(&handle) } else { self.leaf_folder(&handle) };
            let is_taken = taken == Some(&handle)
                || transaction.holder(&handle)?.is_some()
                || transaction.request(&handle)?.is_some()
                || exists(&folder);
            if !is_taken {
                return Ok(handle);
            }
            handle = Pki::handle_of(&format!("{wished}-{n}"));
        }
        Err(Error::Internal(format!("no handle like `{wished}` is free")))
    }

    pub(super) fn fill_pending(&self, serial: &str, files: &[OutFile]) -> Result<Pending, Error> {
        let pending = Pending::create(self, serial)?;
        match pending.fill(self, files) {
            Ok(()) => Ok(pending),
            Err(e) => {
                pending.abandon(self);
                Err(e)
            }
        }
    }
}

/// A CA outside of its dates is taken all the same: what it issued may have to be revoked, and it can be renewed.
fn date_warning(certificate: &Certificate, now: Timestamp) -> Option<Warning> {
    let name = &certificate.subject.subject;
    if now > certificate.not_after {
        let text =
            format!("`{name}` expired {}: nothing can be issued below it until it is renewed", certificate.not_after);
        return Some(Warning::new("expired", text));
    }
    (now < certificate.not_before).then(|| {
        let text = format!("`{name}` is not valid before {}", certificate.not_before);
        Warning::new("not-yet-valid", text)
    })
}
