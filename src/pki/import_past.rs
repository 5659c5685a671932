//! The past of a CA that is here: one that was salvaged or adopted gets its revocations, a foreign one its CRL.

use super::authority::Cas;
use super::crl_sign::SignedCrl;
use super::easy_rsa::Issued;
use super::folder::Place;
use super::import::{ImportOutcome, report_of};
use super::import_error::ImportError;
use super::issuing::new_certificate;
use super::lineage::issued;
use super::material::{OutFile, crl_pem};
use super::past::{CheckedPast, Past, PastSources, Taken};
use super::recover::CRL_PREFIX;
use super::salvage_pieces::{identity_of, name_of, profile_of};
use super::{Error, Pki};
use crate::disk::Access;
use crate::issue::Warning;
use crate::keys::SoftwareSigner;
use crate::model::{Handle, Identity, Timestamp};
use crate::store::{AuthorityId, CertificateId, CrlRecord, KeyPlace, NewAuthority, NewCertificate, Transaction};
use crate::x509::{Certificate, Crl};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

impl Pki {
    /// Gives a CA that is here what it revoked before, or if it is foreign its newest CRL. Nothing is taken back by it.
    pub(super) fn give_past(
        &mut self,
        name: &str,
        handle: Option<Handle>,
        sources: &PastSources,
        past: Past,
    ) -> Result<ImportOutcome, Error> {
        let Pki { place, store } = self;
        let now = place.now();
        let transaction = store.begin(crate::store::Access::Write)?;
        let cas = Cas::load(&*transaction)?;
        let ca = place.named_ca(&cas, handle.as_ref().map_or(name, Handle::as_str))?;
        let (id, generation, handle) = (ca.id(), ca.authority.generation, ca.handle().clone());
        let foreign = ca.authority.key_place == KeyPlace::Foreign;
        if foreign && (sources.none || sources.index.is_some()) {
            let (name, problem) = (handle.to_string(), "is a CA of somebody else");
            return Err(ImportError::PastUseless { name, problem }.into());
        }
        let mut past = past.check(&ca.certificate, now)?;
        let certificate = ca.authority.certificate.id;
        let taken =
            if foreign { past.record_foreign(&*transaction, id, now)? } else { past.record(&*transaction, id, now)? };
        let mut warnings = past.warnings.clone();
        let (report, newer) = (taken.report, taken.crl.clone());
        let changed = report.has_changes() || newer.is_some() || !ca.authority.past_known;
        if !changed {
            drop(transaction);
            let mut outcome = self.import_outcome("unchanged", certificate, warnings)?;
            outcome.past = report_of(sources, report);
            return Ok(outcome);
        }
        transaction.set_past_known(id, true)?;
        transaction.mark_unpublished()?;
        let detail = format!("{} revocations", report.revocations);
        transaction.note(now, "past", Some(&handle), &detail)?;
        past.forget_entries();
        let next = if foreign {
            newer.map_or(NextCrl::Kept, NextCrl::Given)
        } else {
            place.next_crl(&*transaction, &handle, None, taken, &past, &mut warnings)?
        };
        let staged = next.staged(place, &handle, generation, past.crl.as_ref())?;
        let mut committed = transaction.commit();
        if let Some(staged) = staged {
            let outcome = std::mem::replace(&mut committed, Ok(()));
            staged.settle(self, outcome)?;
        }
        committed?;
        let missing = self.publish().map_err(Error::not_released(format!("the past of {handle}")))?;
        warnings.extend(self.crl_warnings(&missing)?);
        let mut outcome = self.import_outcome("updated", certificate, warnings)?;
        outcome.past = report_of(sources, report);
        Ok(outcome)
    }
}

/// The CRL that a CA gets with its past.
pub(super) enum NextCrl {
    /// Signed here, because nothing that was given says all.
    Signed(SignedCrl),
    /// The one that was given, newer than any that was here.
    Given(CrlRecord),
    /// The one that is here goes on.
    Kept,
}

impl NextCrl {
    /// What is to be released.
    pub fn staged(
        self,
        place: &Place,
        handle: &Handle,
        generation: u32,
        given: Option<&Crl>,
    ) -> Result<Option<SignedCrl>, Error> {
        match (self, given) {
            (NextCrl::Signed(signed), _) => Ok(Some(signed)),
            (NextCrl::Given(record), Some(crl)) => place.stage_crl(handle, generation, record, crl).map(Some),
            _ => Ok(None),
        }
    }
}

impl Place {
    /// Signs the next CRL of a CA of ours, in the transaction that records its past, when the newest one does not list
    /// everything or ends soon. `key` is the key where it is not in its place yet. A CRL that was given and takes back what
    /// is revoked here is never published as it is: where none can be signed, it is refused.
    pub(super) fn next_crl(
        &self,
        transaction: &dyn Transaction,
        handle: &Handle,
        key: Option<Arc<SoftwareSigner>>,
        taken: Taken,
        past: &CheckedPast,
        warnings: &mut Vec<Warning>,
    ) -> Result<NextCrl, Error> {
        let Taken { crl: given, lists_less, .. } = taken;
        let given = given.map_or(NextCrl::Kept, NextCrl::Given);
        let cas = Cas::load(transaction)?;
        let Some(ca) = cas.named(handle) else { return Ok(given) };
        let last = transaction.last_crl(ca.id())?;
        let is_good = |l: &CrlRecord| !self.is_ending(l);
        let lists_all = match &last {
            Some(l) => transaction.last_event(ca.id())? <= l.last_event,
            None => false,
        };
        if !ca.authority.past_known || (lists_all && last.as_ref().is_some_and(is_good)) {
            return Ok(given);
        }
        let signer = key.map_or_else(|| self.own_signer(ca), Ok);
        let signed = signer
            .and_then(|s| self.issuer_with(&cas, ca, s))
            .and_then(|issuer| self.sign_crl(transaction, &issuer, ca, None));
        match signed {
            Ok(signed) => Ok(NextCrl::Signed(signed)),
            Err(e @ (Error::IssuerUnusable { .. } | Error::Issue { .. })) if lists_less => {
                Err(past.lists_less(&e.to_string()).into())
            }
            // It is not valid now, or may not sign CRLs: what it revoked is recorded, and waits for that.
            Err(e @ (Error::IssuerUnusable { .. } | Error::Issue { .. })) => {
                warnings.push(Warning::new("no-crl", format!("no CRL of `{handle}` could be signed: {e}")));
                Ok(given)
            }
            Err(e) => Err(e),
        }
    }

    /// Puts a CRL that somebody else signed into `pending/`, as one that was signed here.
    pub(super) fn stage_crl(
        &self,
        handle: &Handle,
        generation: u32,
        record: CrlRecord,
        crl: &Crl,
    ) -> Result<SignedCrl, Error> {
        let bytes = Zeroizing::new(crl_pem(crl).into_bytes());
        let file = OutFile { name: "crl.pem", bytes, access: Access::Public };
        let pending = self.fill_pending(&format!("{CRL_PREFIX}{}-{generation}-{handle}", record.number), &[file])?;
        Ok(SignedCrl { handle: handle.clone(), generation, record, pending })
    }

    /// Records what easy-rsa kept of what a CA issued: leaves without their files, CAs as foreign ones. Returns how many
    /// were new.
    pub(super) fn record_issued(
        &self,
        transaction: &dyn Transaction,
        authority: AuthorityId,
        ca: &Certificate,
        past: &CheckedPast,
        now: Timestamp,
        warnings: &mut Vec<Warning>,
    ) -> Result<u64, Error> {
        let mut count = 0;
        let mut newest: HashMap<String, (Handle, CertificateId)> = HashMap::new();
        for Issued { certificate, .. } in &past.issued {
            let subject = &certificate.subject.subject;
            let mut leave_out = |why: &str| {
                let text = format!("the certificate of `{subject}` {why}: it is left out");
                warnings.push(Warning::new("not-recorded", text));
            };
            if certificate.der() == ca.der() {
                continue;
            }
            let Some(serial) = certificate.serial else {
                leave_out("has a serial number that none should have");
                continue;
            };
            if let Err(e) = issued(ca, certificate) {
                leave_out(&format!("is not of this CA ({e})"));
                continue;
            }
            let known = transaction.with_serial(&serial)?.into_iter().find(|r| r.issuer == authority);
            match known {
                Some(r) if r.der == certificate.der() => continue,
                Some(_) => {
                    leave_out("shares its serial number with another one");
                    continue;
                }
                None => {}
            }
            let profile = profile_of(certificate, false);
            let wished = name_of(certificate);
            let identity = if profile.is_ca() {
                Identity::Authority(subject.to_string())
            } else {
                identity_of(certificate, profile, &wished)
            };
            let before = match newest.get(&identity.key()) {
                Some(known) => Some(known.clone()),
                None => self.earlier_import(transaction, authority, &wished, &identity, certificate)?,
            };
            let (handle, predecessor) = match before {
                Some((handle, id)) => (handle, Some(id)),
                None => (self.free_handle(transaction, &wished, profile.is_ca(), None)?, None),
            };
            let own = if profile.is_ca() {
                if predecessor.is_some() {
                    leave_out("is a second one of that CA");
                    continue;
                }
                let own = transaction.add_authority(&NewAuthority { handle: handle.clone(), generation: 1 })?;
                transaction.set_key_place(own, KeyPlace::Foreign)?;
                Some(own)
            } else {
                None
            };
            let new = new_certificate(authority, &handle, &identity, profile, certificate, now)?;
            let new = NewCertificate { authority: own, predecessor, key_here: false, ..new };
            newest.insert(identity.key(), (handle, transaction.record(&new)?));
            count += 1;
        }
        Ok(count)
    }

    /// What an earlier import recorded of the same name, if this certificate goes on from it.
    fn earlier_import(
        &self,
        transaction: &dyn Transaction,
        authority: AuthorityId,
        wished: &Handle,
        identity: &Identity,
        certificate: &Certificate,
    ) -> Result<Option<(Handle, CertificateId)>, Error> {
        let holder = transaction.holder(wished)?.filter(|h| h.identity == identity.key());
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        let goes_on =
            |r: &crate::store::Record| r.issuer == authority && !r.key_here && r.not_before <= certificate.not_before;
        Ok(current.filter(goes_on).map(|r| (r.handle, r.id)))
    }
}
