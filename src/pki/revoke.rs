use super::authority::Cas;
use super::folder::Place;
use super::issuing::view_record;
use super::state::is_final;
use super::target::{Found, find};
use super::view::CertificateView;
use super::{Error, Pki, Target};
use crate::issue::{Issuer, Warning};
use crate::model::{Profile, Reason, Timestamp};
use crate::store::{AuthorityId, CertificateId, Filter, NewRevocation, Record, Transaction};
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
    /// Its handle.
    pub name: String,
    /// `revoked`, `released` or `unchanged`.
    pub action: &'static str,
    /// The certificate.
    pub certificate: CertificateView,
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
        let Pki { place, store } = self;
        let transaction = store.begin(crate::store::Access::Write)?;
        let (mut seen, mut records) = (HashSet::new(), Vec::new());
        for target in &request.targets {
            collect(&*transaction, target, request, now, &mut seen, &mut records)?;
        }
        let mut touched: BTreeMap<AuthorityId, ()> = BTreeMap::new();
        let mut done: Vec<(Record, &'static str)> = Vec::new();
        for record in records {
            match judge(&record, request)? {
                Act::Nothing => done.push((record, "unchanged")),
                Act::Append => {
                    // Another reason for the same revocation: it was revoked when it was, and what was known stays known.
                    let before = record.revocation.as_ref().filter(|_| request.reason.is_some());
                    transaction.revoke(&NewRevocation {
                        issuer: record.issuer,
                        serial: record.serial,
                        not_after: record.not_after,
                        at: request.at.or(before.map(|r| r.at)).unwrap_or(now).max(record.not_before),
                        reason: request.reason,
                        invalidity_date: request.invalidity_date.or(before.and_then(|r| r.invalidity_date)),
                    })?;
                    if request.reason == Some(Reason::KeyCompromise) {
                        transaction.bar_key(&record.spki_sha256, now)?;
                    }
                    let action = if request.reason.is_some() { "revoked" } else { "released" };
                    let detail = format!("{} {}", record.serial, request.reason.map_or("release", Reason::name));
                    transaction.note(now, action, Some(&record.handle), &detail)?;
                    touched.insert(record.issuer, ());
                    done.push((record, action));
                }
            }
        }
        let cas = Cas::load(&*transaction)?;
        let mut crl_numbers = BTreeMap::new();
        let mut signed = Vec::new();
        let written = !request.no_crl && !touched.is_empty();
        if written {
            let result = place.sign_crls(&*transaction, &cas, touched.keys().copied(), &mut signed);
            if let Err(e) = result.and_then(|()| Ok(transaction.mark_unpublished()?)) {
                signed.into_iter().for_each(|s| s.pending.abandon(place));
                return Err(e);
            }
        }
        let mut committed = transaction.commit();
        for one in signed {
            let name = one.handle.to_string();
            let outcome = std::mem::replace(&mut committed, Ok(()));
            let record = one.settle(self, outcome)?;
            crl_numbers.insert(name, record.number);
        }
        committed?;
        let mut missing = Vec::new();
        if written {
            missing = self.publish().map_err(Error::not_released("the revocation"))?;
        }
        let warnings = self.crl_warnings(&missing)?;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let mut results = Vec::new();
        for (record, action) in done {
            let fresh = transaction.certificate(record.id)?.unwrap_or(record);
            let certificate = view_record(&self.place, &*transaction, &fresh)?;
            results.push(Revoked { name: fresh.handle.to_string(), action, certificate });
        }
        let crl = match (touched.is_empty(), written) {
            (true, _) => "unchanged",
            (false, true) => "written",
            (false, false) => "pending",
        };
        Ok(RevokeOutcome { results, crl, crl_numbers, warnings })
    }
}

/// The certificates that a target means, none twice.
fn collect(
    transaction: &dyn Transaction,
    target: &Target,
    request: &RevokeRequest,
    now: Timestamp,
    seen: &mut HashSet<CertificateId>,
    records: &mut Vec<Record>,
) -> Result<(), Error> {
    let mut add = |record: Record| {
        if seen.insert(record.id) {
            records.push(record);
        }
    };
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
                    add(same);
                }
            }
        }
        add(record);
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
fn judge(record: &Record, request: &RevokeRequest) -> Result<Act, Error> {
    let was = record.revocation.as_ref().map(|r| r.reason);
    match (was, request.reason) {
        (None, Some(_)) => Ok(Act::Append),
        (Some(Reason::CertificateHold), None) => Ok(Act::Append),
        (_, None) => Err(Error::NotOnHold { handle: record.handle.clone(), serial: record.serial }),
        (Some(was), Some(is)) if was == is => {
            let known = record.revocation.as_ref().and_then(|r| r.invalidity_date);
            let new = request.invalidity_date.is_some() && request.invalidity_date != known;
            Ok(if new { Act::Append } else { Act::Nothing })
        }
        (Some(was), Some(is)) if !is_final(was) || is == Reason::KeyCompromise => Ok(Act::Append),
        (Some(was), Some(_)) => {
            Err(Error::AlreadyRevoked { handle: record.handle.clone(), serial: record.serial, was: was.name().into() })
        }
    }
}

impl Place {
    /// Signs the next CRL of each CA; what was signed before a failure is in `signed`.
    fn sign_crls(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        ids: impl Iterator<Item = AuthorityId>,
        signed: &mut Vec<super::crl::SignedCrl>,
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
            Error::IssuerUnusable { issuer, problem, .. } => Error::IssuerUnusable {
                issuer,
                problem: format!("{problem}, so its CRL cannot be signed"),
                hint: Some("`--no-crl` records the revocation now and leaves the CRL for later".into()),
            },
            other => other,
        })
    }
}
