use super::renew_one::{Step, When};
use super::revoke::{RevokeRequest, Revoked};
use super::state::{Outcome, is_in_window, wants_renewal};
use super::target::{Found, find};
use super::view::CertificateView;
use super::{Error, LeafKey, Pki, Progress, Target};
use crate::issue::{End, SecondVerifier, Warning};
use crate::model::{Handle, Reason, Timestamp, Window};
use crate::store::{Access, Record};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// What is to be renewed, and how.
#[derive(Debug, Clone, Default)]
pub struct RenewRequest {
    /// Handles, serials, files; with [`RenewRequest::due`] nothing means all.
    pub targets: Vec<Target>,
    /// Only what ends within this time, which is never more than the last third of a life.
    pub due: Option<Window>,
    /// Another key than the one that it has; leaves only.
    pub rekey: Option<LeafKey>,
    /// A start instead of now.
    pub not_before: Option<Timestamp>,
    /// An end instead of a life as long as it had.
    pub end: Option<End>,
    /// Whether the certificate that was renewed is revoked then, as superseded; leaves only.
    pub revoke_old: bool,
}

impl RenewRequest {
    /// Everything about the request that can be wrong without looking at a PKI.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn check(&self) -> Result<(), Error> {
        if self.targets.is_empty() && self.due.is_none() {
            return Err(Error::usage("nothing to renew was named", "name a handle, or renew what is due with --due"));
        }
        if self.targets.len() != 1 && matches!(self.rekey, Some(LeafKey::Given(_) | LeafKey::Foreign(_))) {
            return Err(Error::usage("one key is for one certificate", "name one handle, and no more"));
        }
        Ok(())
    }
}

/// Why one item of several failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemError {
    /// A stable word.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
    /// What would mend it.
    pub hints: Vec<String>,
    /// Whether the same command may succeed later.
    pub retryable: bool,
}

impl From<Error> for ItemError {
    fn from(e: Error) -> Self {
        ItemError { code: e.code(), message: e.to_string(), hints: e.hints(), retryable: e.is_retryable() }
    }
}

/// What became of one item.
#[derive(Debug, Clone, Serialize)]
pub struct Renewed {
    /// The handle; as it was typed, when there is none.
    pub name: String,
    /// `renewed`, `reissued` (with another key), `unchanged`, `skipped` or `failed`.
    pub action: &'static str,
    /// The certificate that the handle has now; nothing where it was skipped or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateView>,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What went wrong: nothing was issued where there is no certificate, else what followed failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ItemError>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
    /// Who judged it besides ourselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_verifier: Option<SecondVerifier>,
    /// Where its files were delivered, besides the PKI folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<PathBuf>,
}

impl Renewed {
    pub(super) fn bare(name: impl ToString, action: &'static str) -> Self {
        Renewed {
            name: name.to_string(),
            action,
            certificate: None,
            reason: None,
            error: None,
            warnings: Vec::new(),
            second_verifier: None,
            delivered: Vec::new(),
        }
    }

    pub(super) fn failed(name: impl ToString, error: Error) -> Self {
        Renewed { error: Some(error.into()), ..Self::bare(name, "failed") }
    }

    pub(super) fn issued(outcome: Outcome) -> Self {
        Renewed {
            certificate: Some(outcome.certificate.clone()),
            warnings: outcome.warnings,
            second_verifier: outcome.second_verifier,
            delivered: outcome.delivered,
            ..Self::bare(outcome.certificate.name, outcome.action)
        }
    }

    /// Whether anything is otherwise than before.
    pub fn is_change(&self) -> bool {
        !matches!(self.action, "unchanged" | "skipped" | "failed")
    }

    /// Whether a new certificate was issued.
    pub fn is_new(&self) -> bool {
        matches!(self.action, "renewed" | "reissued")
    }
}

/// What `renew` did.
#[derive(Debug, Clone, Serialize)]
pub struct RenewOutcome {
    /// One for each item, CAs first.
    pub results: Vec<Renewed>,
    /// The old certificates that were revoked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<Revoked>,
    /// Why they were not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ItemError>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl RenewOutcome {
    /// Whether anything failed.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.results.iter().any(|r| r.error.is_some())
    }
}

/// Who stands by while several items are renewed.
pub trait Attendant {
    /// Called when a new certificate is in place, and no lock is held. What goes wrong is told with the item; it undoes
    /// nothing, and the old certificate is then not revoked.
    ///
    /// # Errors
    /// [`Error::Exec`], as a rule.
    fn issued(&mut self, renewed: &Renewed) -> Result<(), Error> {
        let _ = renewed;
        Ok(())
    }

    /// Called as leaves are made together, long before each of them is done: how many of all items that change something
    /// are there by now.
    fn come(&mut self, come: &Progress) {
        let _ = come;
    }

    /// Called when an item is done. Returns whether to go on with the next.
    fn done(&mut self, renewed: &Renewed) -> bool {
        let _ = renewed;
        true
    }

    /// What of an item that was told of `apply` returns at its end: all of it, unless somebody who needs less says so. The
    /// name, the action and the error are to stay.
    fn keep(&mut self, renewed: Renewed) -> Renewed {
        renewed
    }
}

impl Attendant for () {}

/// A handle that is to be looked at; else what was typed, and why it is none.
pub(super) struct Unknown {
    name: String,
    error: Error,
}

impl From<Unknown> for Error {
    fn from(unknown: Unknown) -> Self {
        unknown.error
    }
}

pub(super) type Item = Result<Handle, Unknown>;

impl Pki {
    /// Renews certificates: a new serial and new dates; names, profile, key and everything else as before, by the same
    /// issuer. Goes on past an item that fails.
    ///
    /// # Errors
    /// [`Error::Usage`], or [`Error::Store`] when the inventory cannot be read at all.
    pub fn renew(&mut self, request: &RenewRequest, attendant: &mut dyn Attendant) -> Result<RenewOutcome, Error> {
        request.check()?;
        self.recover()?;
        let now = self.now();
        let items = match request.due {
            Some(within) if request.targets.is_empty() => {
                let all = self.due_handles(now, |record| wants_renewal(record, within, now))?;
                all.into_iter().map(Ok).collect()
            }
            _ => self.named_handles(&request.targets)?,
        };
        let mut run = Run { request, results: Vec::new(), old: Vec::new() };
        for item in items {
            let named = !request.targets.is_empty();
            let done = match item {
                Ok(handle) => match request.due {
                    None => run.one(self, &handle, &When::Now, attendant),
                    Some(within) => {
                        // Asked again for each: another command may have renewed it meanwhile.
                        let is_due = |r: &Record| match named {
                            true => is_in_window(r, within, now),
                            false => wants_renewal(r, within, now),
                        };
                        run.one(self, &handle, &When::Due(&is_due), attendant)
                    }
                },
                Err(unknown) => Renewed::failed(unknown.name, unknown.error),
            };
            let go_on = attendant.done(&done);
            run.results.push(done);
            if !go_on {
                break;
            }
        }
        run.finish(self)
    }

    /// The handles whose newest certificate `wanted` lets through: CAs first, upper ones before those below them, then
    /// leaves by urgency.
    pub(super) fn due_handles(
        &mut self,
        now: Timestamp,
        wanted: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Handle>, Error> {
        let transaction = self.store.begin(Access::Read)?;
        let (mut cas, mut leaves) = (Vec::new(), Vec::new());
        transaction.due(now, &mut |record| {
            if wanted(&record) {
                if record.profile.is_ca() { cas.push(record.handle) } else { leaves.push(record.handle) }
            }
            true
        })?;
        let known = super::authority::Cas::load(&*transaction)?;
        let depth = |handle: &Handle| known.named(handle).map_or(0, |ca| known.chain(ca.id()).len());
        cas.sort_by_key(depth);
        cas.append(&mut leaves);
        Ok(cas)
    }

    /// The handles that targets mean, each once.
    pub(super) fn named_handles(&mut self, targets: &[Target]) -> Result<Vec<Item>, Error> {
        let transaction = self.store.begin(Access::Read)?;
        let (mut seen, mut items) = (HashSet::new(), Vec::new());
        for target in targets {
            let handle = find(&*transaction, target).and_then(|found| match found {
                Found::Handle(handle) => Ok(handle),
                Found::Certificate(r) if r.is_current => Ok(r.handle),
                Found::Certificate(r) => Err(Error::NotCurrent { handle: r.handle, serial: r.serial }),
            });
            match handle {
                Ok(handle) if !seen.insert(handle.clone()) => {}
                Ok(handle) => items.push(Ok(handle)),
                Err(e @ Error::Store(_)) => return Err(e),
                Err(error) => items.push(Err(Unknown { name: shown(target), error })),
            }
        }
        let known = super::authority::Cas::load(&*transaction)?;
        let depth = |item: &Item| match item {
            Ok(handle) => known.named(handle).map_or(usize::MAX, |ca| known.chain(ca.id()).len()),
            Err(_) => usize::MAX,
        };
        // An issuer before what it issues, whatever the order in which they were typed.
        items.sort_by_key(depth);
        Ok(items)
    }
}

/// One run over several items.
pub(super) struct Run<'r> {
    pub request: &'r RenewRequest,
    pub results: Vec<Renewed>,
    /// What is to be revoked: the serial, and the handle of its issuer.
    pub old: Vec<Target>,
}

impl Run<'_> {
    /// Renews one handle and tells the attendant.
    pub fn one(&mut self, pki: &mut Pki, handle: &Handle, when: &When<'_>, attendant: &mut dyn Attendant) -> Renewed {
        let mut done = match pki.renew_handle(handle, self.request, when) {
            Ok(Step::Issued(outcome)) => Renewed::issued(*outcome),
            Ok(Step::Unchanged(record)) => match pki.view_of(record.id) {
                Ok(view) => Renewed { certificate: Some(view), ..Renewed::bare(handle, "unchanged") },
                Err(e) => Renewed::failed(handle, e),
            },
            Ok(Step::Skipped(reason)) => Renewed { reason: Some(reason), ..Renewed::bare(handle, "skipped") },
            // It exists; its files are not where they belong.
            Err(e @ (Error::Delivery { .. } | Error::NotReleased { .. })) => match pki.current_view(handle) {
                Ok(view) => Renewed {
                    certificate: Some(view),
                    error: Some(e.into()),
                    ..Renewed::bare(handle, if self.request.rekey.is_some() { "reissued" } else { "renewed" })
                },
                Err(_) => Renewed::failed(handle, e),
            },
            Err(e) => Renewed::failed(handle, e),
        };
        if done.is_new() && done.error.is_none() {
            self.attend(&mut done, attendant);
        }
        done
    }

    /// What is in place and was not told, or not with success, is told again when its files are where they belong.
    pub fn settle(&mut self, pki: &mut Pki, done: &mut Renewed, attendant: &mut dyn Attendant) {
        match done.name.parse::<Handle>().map_err(Error::from).and_then(|handle| pki.deliver(&handle)) {
            Ok(delivered) => {
                done.error = None;
                done.delivered.extend(delivered);
                self.attend(done, attendant);
            }
            Err(e) => done.error = Some(e.into()),
        }
    }

    fn attend(&mut self, done: &mut Renewed, attendant: &mut dyn Attendant) {
        match attendant.issued(done) {
            Ok(()) => self.old.extend(old_of(done).filter(|_| self.request.revoke_old)),
            Err(e) => done.error = Some(e.into()),
        }
    }

    /// Revokes what was renewed, if that was asked for: all of it in one act, so that each CA writes one CRL.
    pub fn finish(self, pki: &mut Pki) -> Result<RenewOutcome, Error> {
        let mut outcome =
            RenewOutcome { results: self.results, revoked: Vec::new(), error: None, warnings: Vec::new() };
        let targets = pki.revocable(self.old)?;
        if targets.is_empty() {
            outcome.warnings = pki.place.keyring.source.warnings();
            return Ok(outcome);
        }
        let reason = Some(Reason::Superseded);
        let request = RevokeRequest { targets, reason, at: None, invalidity_date: None, no_crl: false };
        match pki.revoke(&request) {
            Ok(revoked) => {
                outcome.revoked = revoked.results;
                outcome.warnings = revoked.warnings;
            }
            Err(e) => outcome.error = Some(e.into()),
        }
        Ok(outcome)
    }
}

impl Pki {
    /// The newest certificate of a handle.
    pub(super) fn current_view(&mut self, handle: &Handle) -> Result<CertificateView, Error> {
        let holder = self.read()?.holder(handle)?;
        let holder = holder.ok_or_else(|| Error::NotFound { target: handle.to_string(), similar: Vec::new() })?;
        self.view_of(holder.current)
    }

    /// Those that have neither ended nor been revoked meanwhile.
    fn revocable(&mut self, targets: Vec<Target>) -> Result<Vec<Target>, Error> {
        let now = self.now();
        let transaction = self.store.begin(Access::Read)?;
        let mut open = HashMap::new();
        for target in targets {
            if let Found::Certificate(record) = find(&*transaction, &target)?
                && record.not_after >= now
                && record.revocation.is_none()
            {
                open.insert(record.id, target);
            }
        }
        let mut open: Vec<_> = open.into_iter().collect();
        open.sort_by_key(|(id, _)| *id);
        Ok(open.into_iter().map(|(_, target)| target).collect())
    }
}

/// The certificate that a leaf's new one replaced.
fn old_of(done: &Renewed) -> Option<Target> {
    let certificate = done.certificate.as_ref().filter(|c| !c.ca)?;
    let serial = certificate.predecessor.as_deref()?.parse().ok()?;
    Some(Target::Serial { serial, issuer: Some(certificate.issuer_name.clone()) })
}

fn shown(target: &Target) -> String {
    match target {
        Target::Word(word) => word.clone(),
        Target::File(path) => path.display().to_string(),
        Target::Serial { serial, .. } => serial.to_string(),
    }
}
