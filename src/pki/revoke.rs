use super::authority::{Ca, Cas};
use super::folder::Place;
use super::issuing::view_record;
use super::state::is_final;
use super::target::{Found, find, find_elsewhere};
use super::view::CertificateView;
use super::{CustodyError, Error, Pki, Target};
use crate::issue::{Issuer, Warning};
use crate::model::{Handle, Profile, Reason, Serial, Timestamp};
use crate::store::{AuthorityId, CertificateId, Filter, KeyPlace, NewRevocation, Record, Revocation, Transaction};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// What is to be revoked, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeRequest {
    /// Handles, serials, files.
    pub targets: Vec<Target>,
    /// Why; `None` releases holds.
    pub reason: Option<Reason>,
    /// When it was revoked, if not now: for what was decided elsewhere before.
    pub at: Option<Timestamp>,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
    /// Whether the CRL is left for later.
    pub no_crl: bool,
}

/// One certificate that was revoked or released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revoked {
    /// Its handle; nothing when it was made elsewhere.
    pub name: Option<String>,
    /// `revoked`, `released` or `unchanged`.
    pub action: &'static str,
    /// The handle of the CA that issued it.
    pub ca: String,
    /// Its serial.
    pub serial: String,
    /// The certificate; nothing when it was made elsewhere.
    pub certificate: Option<CertificateView>,
}

/// What `revoke` did.
#[derive(Debug, Clone, Serialize)]
pub struct RevokeOutcome {
    /// One for each certificate.
    pub results: Vec<Revoked>,
    /// `written`, `pending` or `unchanged`.
    pub crl: &'static str,
    /// The number of the new CRL of each CA.
    pub crl_numbers: BTreeMap<String, u64>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// Revokes certificates, or releases them from hold: every target resolves and every key is at hand, or nothing is
    /// recorded. A handle means every unexpired certificate of it; key-compromise reaches every unexpired certificate
    /// with that key and bars the key.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded.
    pub fn revoke(&mut self, request: &RevokeRequest) -> Result<RevokeOutcome, Error> {
        let now = self.now();
        if request.invalidity_date.is_some_and(|d| d > now) {
            return Err(Error::usage(
                "the invalidity date lies in the future",
                "it says since when the key is suspect",
            ));
        }
        if request.at.is_some_and(|t| t > now) {
            return Err(Error::usage("the time of revocation lies in the future", "revoke it when the time has come"));
        }
        self.recover()?;
        self.open_guarded_issuers(request, now)?;
        let Pki { place, store } = self;
        let transaction = store.begin(crate::store::Access::Write)?;
        let cas = Cas::load(&*transaction)?;
        let collected = collect_all(&*transaction, place, &cas, request, now)?;
        let mut touched: BTreeMap<AuthorityId, ()> = BTreeMap::new();
        let mut done: Vec<(Subject, &'static str)> = Vec::new();
        for subject in collected.subjects {
            check_ours(&cas, &subject)?;
            match judge(&subject, request)? {
                Act::Nothing => done.push((subject, "unchanged")),
                Act::Append => {
                    let issuer = append(&*transaction, &subject, request, now)?;
                    let action = if request.reason.is_some() { "revoked" } else { "released" };
                    let detail = format!("{} {}", subject.serial(), request.reason.map_or("release", Reason::name));
                    transaction.note(now, action, Some(subject.handle()), &detail)?;
                    touched.insert(issuer, ());
                    done.push((subject, action));
                }
            }
        }
        let mut crl_numbers = BTreeMap::new();
        let mut signed = Vec::new();
        let written = !request.no_crl && !touched.is_empty();
        // A CA that ended or was revoked signs nothing more, and nobody trusts what it issued: it does not keep the others
        // from telling of theirs. Alone it is refused, since nothing would be told at all.
        let (able, spent): (Vec<_>, Vec<_>) = touched.keys().partition(|id| cas.problem(**id, now).is_none());
        let (able, spent) = if able.is_empty() { (spent, able) } else { (able, spent) };
        if written {
            let result = place.sign_crls(&*transaction, &cas, able.into_iter().copied(), &mut signed);
            if let Err(e) = result.and_then(|()| Ok(transaction.mark_unpublished()?)) {
                signed.into_iter().for_each(|s| s.pending.abandon(place));
                return Err(e);
            }
        }
        let mut committed = transaction.commit();
        let mut fresh = Vec::new();
        for one in signed {
            let name = one.handle.to_string();
            let outcome = std::mem::replace(&mut committed, Ok(()));
            let record = one.settle(self, outcome)?;
            crl_numbers.insert(name, record.number);
            fresh.push(record);
        }
        committed?;
        let mut missing = Vec::new();
        if written {
            missing = self.publish_fresh(&fresh).map_err(Error::not_released("the revocation"))?;
        }
        let mut warnings = self.crl_warnings(&missing)?;
        if written {
            warnings.extend(spent.into_iter().filter_map(|id| Some(spent_ca(&cas, cas.by_id(*id)?, now))));
        }
        warnings.extend(self.place.keyring.source.warnings());
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let mut results = Vec::new();
        for (subject, action) in done {
            let (ca, serial) = (subject.issuer_handle().to_string(), subject.serial().to_string());
            let (name, certificate) = match subject {
                Subject::Here(record) => {
                    let fresh = transaction.certificate(record.id)?.unwrap_or(*record);
                    let view = view_record(&self.place, &*transaction, &fresh)?;
                    (Some(fresh.handle.to_string()), Some(view))
                }
                Subject::Elsewhere { .. } => {
                    let text =
                        format!("the inventory has no certificate {serial} of `{ca}`: it counts as made elsewhere");
                    warnings.push(Warning::new("made-elsewhere", text));
                    (None, None)
                }
            };
            results.push(Revoked { name, action, ca, serial, certificate });
        }
        let crl = match (touched.is_empty(), written) {
            (true, _) => "unchanged",
            (false, true) => "written",
            (false, false) => "pending",
        };
        Ok(RevokeOutcome { results, crl, crl_numbers, warnings })
    }
}

impl Pki {
    /// Opens the keys that take somebody's presence before anything is locked: who is asked for a passphrase must not
    /// keep others waiting.
    fn open_guarded_issuers(&mut self, request: &RevokeRequest, now: Timestamp) -> Result<(), Error> {
        let Pki { place, store } = self;
        let mut issuers = Vec::new();
        if !request.no_crl {
            let transaction = store.begin(crate::store::Access::Read)?;
            let cas = Cas::load(&*transaction)?;
            if cas.iter().any(|ca| place.key_is_guarded(ca)) {
                for subject in collect_all(&*transaction, place, &cas, request, now)?.subjects {
                    if matches!(judge(&subject, request)?, Act::Append) && !issuers.contains(&subject.issuer()) {
                        issuers.push(subject.issuer());
                    }
                }
            }
            drop(transaction);
            if issuers.iter().any(|id| cas.problem(*id, now).is_none()) {
                issuers.retain(|id| cas.problem(*id, now).is_none());
            }
            for id in issuers {
                place.crl_issuer(&cas, id)?;
            }
        }
        Ok(())
    }
}

fn spent_ca(cas: &Cas, ca: &Ca, now: Timestamp) -> Warning {
    let problem = cas.problem(ca.id(), now).unwrap_or_default();
    let (handle, generation) = (ca.handle(), ca.authority.generation);
    let text = format!("generation {generation} of `{handle}` signs no CRL any more: {problem}; its part is recorded");
    Warning::new("crl-stale", text)
}

/// What all targets mean.
fn collect_all(
    transaction: &dyn Transaction,
    place: &Place,
    cas: &Cas,
    request: &RevokeRequest,
    now: Timestamp,
) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    for target in &request.targets {
        match find_elsewhere(transaction, place, cas, target)? {
            Some((ca, serial)) => collected.add_elsewhere(transaction, ca, serial)?,
            None => collect(transaction, target, request, now, &mut collected)?,
        }
    }
    Ok(collected)
}

/// The end of a certificate that was made elsewhere and is not here. An entry leaves its CRL after the end: this one never
/// comes.
pub(super) const UNKNOWN_END: Timestamp = Timestamp::MAX;

/// What is revoked or released.
enum Subject {
    /// A certificate of the inventory.
    Here(Box<Record>),
    /// A serial of one of our CAs that was issued elsewhere, before it was adopted or after its inventory was lost.
    Elsewhere { issuer: AuthorityId, ca: Handle, serial: Serial, not_after: Timestamp, was: Option<Revocation> },
}

impl Subject {
    fn handle(&self) -> &Handle {
        match self {
            Subject::Here(record) => &record.handle,
            Subject::Elsewhere { ca, .. } => ca,
        }
    }

    fn issuer(&self) -> AuthorityId {
        match self {
            Subject::Here(record) => record.issuer,
            Subject::Elsewhere { issuer, .. } => *issuer,
        }
    }

    fn issuer_handle(&self) -> &Handle {
        match self {
            Subject::Here(record) => &record.issuer_handle,
            Subject::Elsewhere { ca, .. } => ca,
        }
    }

    fn serial(&self) -> Serial {
        match self {
            Subject::Here(record) => record.serial,
            Subject::Elsewhere { serial, .. } => *serial,
        }
    }

    fn revocation(&self) -> Option<&Revocation> {
        match self {
            Subject::Here(record) => record.revocation.as_ref(),
            Subject::Elsewhere { was, .. } => was.as_ref(),
        }
    }
}

/// What the targets mean, nothing twice.
#[derive(Default)]
struct Collected {
    seen: HashSet<CertificateId>,
    seen_elsewhere: HashSet<(AuthorityId, Serial)>,
    subjects: Vec<Subject>,
}

impl Collected {
    fn add(&mut self, record: Record) {
        if self.seen.insert(record.id) {
            self.subjects.push(Subject::Here(Box::new(record)));
        }
    }

    fn add_elsewhere(&mut self, transaction: &dyn Transaction, ca: &Ca, serial: Serial) -> Result<(), Error> {
        let issuer = ca.id();
        if self.seen_elsewhere.insert((issuer, serial)) {
            let was = transaction.revocation(issuer, &serial)?;
            // It stays listed for as long as its CA lives, however often that is renewed.
            let (ca, not_after) = (ca.handle().clone(), UNKNOWN_END);
            self.subjects.push(Subject::Elsewhere { issuer, ca, serial, not_after, was });
        }
        Ok(())
    }
}

/// What somebody else's CA issued only that CA revokes: its CRL says so, and is imported.
fn check_ours(cas: &Cas, subject: &Subject) -> Result<(), Error> {
    let issuer = subject.issuer_handle();
    match cas.named(issuer).filter(|ca| ca.authority.key_place == KeyPlace::Foreign) {
        None => Ok(()),
        Some(_) => Err(Error::IssuerUnusable {
            issuer: issuer.to_string(),
            problem: "its key is somebody else's, who alone can revoke what it issued".into(),
            hint: Some(format!("ask them, and bring their CRL: `rootlet import {issuer} --crl-file FILE`")),
        }),
    }
}

/// Records one event, and returns whose CRL changes by it.
fn append(
    transaction: &dyn Transaction,
    subject: &Subject,
    request: &RevokeRequest,
    now: Timestamp,
) -> Result<AuthorityId, Error> {
    // Another reason for the same revocation: it was revoked when it was, and what was known stays known.
    let before = subject.revocation().filter(|_| request.reason.is_some());
    let at = request.at.or(before.map(|r| r.at)).unwrap_or(now);
    let (issuer, not_after, at) = match subject {
        Subject::Here(record) => (record.issuer, record.not_after, at.max(record.not_before)),
        Subject::Elsewhere { issuer, not_after, .. } => (*issuer, *not_after, at),
    };
    transaction.revoke(&NewRevocation {
        issuer,
        serial: subject.serial(),
        not_after,
        at,
        reason: request.reason,
        invalidity_date: request.invalidity_date.or(before.and_then(|r| r.invalidity_date)),
    })?;
    if let (Subject::Here(record), Some(Reason::KeyCompromise)) = (subject, request.reason) {
        transaction.bar_key(&record.spki_sha256, now)?;
    }
    Ok(issuer)
}

/// The certificates of the inventory that a target means.
fn collect(
    transaction: &dyn Transaction,
    target: &Target,
    request: &RevokeRequest,
    now: Timestamp,
    collected: &mut Collected,
) -> Result<(), Error> {
    let mut found = Vec::new();
    match find(transaction, target)? {
        Found::Certificate(record) => found.push(*record),
        Found::Handle(handle) => {
            let unexpired_at = Some(now);
            let filter =
                Filter { handle: Some(handle.clone()), unexpired_at, all_generations: true, ..Filter::default() };
            transaction.walk(&filter, &mut |r| {
                found.push(r);
                true
            })?;
            if found.is_empty() {
                return Err(Error::NothingToRevoke { handle });
            }
            let open = |r: &Record| r.revocation.as_ref().is_none_or(|v| !is_final(v.reason));
            if request.reason.is_some_and(|r| r != Reason::KeyCompromise) && found.iter().any(open) {
                // The handle means what is still to be revoked of it; what was revoked before keeps its reason.
                found.retain(open);
            }
            let on_hold = |r: &Record| r.revocation.as_ref().is_some_and(|v| !is_final(v.reason));
            if request.reason.is_none() && found.iter().any(on_hold) {
                // Releasing a handle lifts what is on hold of it; what is not on hold stays as it is.
                found.retain(on_hold);
            }
        }
    }
    for record in found {
        if is_root(&record) {
            return Err(Error::RootRevocation { handle: record.handle });
        }
        if request.reason == Some(Reason::KeyCompromise) {
            for same in transaction.with_key(&record.spki_sha256)? {
                if same.not_after >= now && same.id != record.id && !is_root(&same) {
                    collected.add(same);
                }
            }
        }
        collected.add(record);
    }
    Ok(())
}

fn is_root(record: &Record) -> bool {
    record.profile == Profile::Root
}

enum Act {
    Nothing,
    Append,
}

/// Whether a reason may follow the one on record: the same is nothing new; key-compromise may always follow, and
/// anything may follow a hold (RFC 5280 5.3.1).
fn judge(subject: &Subject, request: &RevokeRequest) -> Result<Act, Error> {
    let was = subject.revocation().map(|r| r.reason);
    let (handle, serial) = (subject.handle().clone(), subject.serial());
    match (was, request.reason) {
        (None, Some(_)) => Ok(Act::Append),
        (Some(Reason::CertificateHold), None) => Ok(Act::Append),
        (_, None) => Err(Error::NotOnHold { handle, serial }),
        (Some(was), Some(is)) if was == is => {
            let known = subject.revocation().and_then(|r| r.invalidity_date);
            let new = request.invalidity_date.is_some() && request.invalidity_date != known;
            Ok(if new { Act::Append } else { Act::Nothing })
        }
        (Some(was), Some(is)) if !is_final(was) || is == Reason::KeyCompromise => Ok(Act::Append),
        (Some(was), Some(_)) => Err(Error::AlreadyRevoked { handle, serial, was: was.name().into() }),
    }
}

impl Place {
    /// Signs the next CRL of each CA; what was signed before a failure is in `signed`.
    fn sign_crls(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        ids: impl Iterator<Item = AuthorityId>,
        signed: &mut Vec<super::crl_sign::SignedCrl>,
    ) -> Result<(), Error> {
        for id in ids {
            let ca = cas.by_id(id).ok_or_else(|| Error::Internal("an issuer that is gone".into()))?;
            let issuer: Issuer = self.crl_issuer(cas, id)?;
            signed.push(self.sign_crl(transaction, &issuer, ca, None)?);
        }
        Ok(())
    }

    fn crl_issuer(&self, cas: &Cas, id: AuthorityId) -> Result<Issuer, Error> {
        self.issuer(cas, id).map_err(|e| match e {
            Error::IssuerUnusable { issuer, problem, hint } => {
                let later = "`--no-crl` records the revocation now and leaves the CRL for later";
                let hint = hint.filter(|h| h.contains("--issuer-key-file"));
                Error::IssuerUnusable {
                    issuer,
                    problem: format!("{problem}, so its CRL cannot be signed"),
                    hint: Some(hint.map_or(later.into(), |h| format!("{h}; or {later}"))),
                }
            }
            Error::Custody(CustodyError::KeyEncrypted { path, role, .. }) => {
                let otherwise = Some("`--no-crl` records the revocation now and leaves the CRL for later");
                CustodyError::KeyEncrypted { path, role, otherwise }.into()
            }
            other => other,
        })
    }
}
