use super::authority::{Ca, Cas};
use super::crl_file::{holds_recorded, read_crl};
use super::crl_sign::{BACKDATE_SECONDS, UPPER_CA_LIFETIME};
use super::folder::Place;
use super::{Error, Pki};
use crate::disk::exists;
use crate::issue::Warning;
use crate::keys::sha256;
use crate::model::{Lifetime, Timestamp, Window};
use crate::store::{AuthorityId, CrlRecord, KeyPlace, Transaction};
use serde::Serialize;
use std::path::PathBuf;

/// What `crl` is asked for.
#[derive(Debug, Clone, Default)]
pub struct CrlRequest {
    /// Which CAs; all that have a key when empty.
    pub cas: Vec<String>,
    /// Only those that need one.
    pub due: bool,
    /// Write nothing; say which are due.
    pub check: bool,
    /// How long they are to be good for.
    pub next_update: Option<Lifetime>,
}

/// One CRL as scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlReport {
    /// The CA's handle.
    pub name: String,
    /// `written`, `unchanged`, `due` or `failed`.
    pub action: &'static str,
    /// cRLNumber; nothing when there is none.
    pub number: Option<u64>,
    /// thisUpdate
    pub this_update: Option<Timestamp>,
    /// nextUpdate
    pub next_update: Option<Timestamp>,
    /// How many certificates it lists.
    pub entries: Option<u64>,
    /// Why it is or was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file in PEM.
    pub file: Option<PathBuf>,
    /// Why it was not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<CrlError>,
}

/// Why one CRL of several was not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlError {
    /// A stable word.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// What would mend it.
    pub hints: Vec<String>,
}

/// What `crl` did.
#[derive(Debug, Clone, Serialize)]
pub struct CrlOutcome {
    /// One for each CA.
    pub results: Vec<CrlReport>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl CrlOutcome {
    /// Whether one of them failed.
    pub fn has_failed(&self) -> bool {
        self.results.iter().any(|r| r.error.is_some())
    }

    /// Whether one of them is due.
    pub fn has_due(&self) -> bool {
        self.results.iter().any(|r| r.action == "due")
    }
}

impl Pki {
    /// Writes CRLs. Goes on past a CA that fails.
    ///
    /// # Errors
    /// [`Error`] when a CA that was named does not exist, or the inventory fails.
    pub fn crl(&mut self, request: &CrlRequest) -> Result<CrlOutcome, Error> {
        if !request.check {
            self.recover()?;
        }
        let cas = Cas::load(&*self.read()?)?;
        let mut chosen: Vec<Ca> = Vec::new();
        for name in &request.cas {
            let ca = self.place.named_ca(&cas, name)?;
            if !chosen.iter().any(|c| c.id() == ca.id()) {
                chosen.push(ca.clone());
            }
        }
        if request.cas.is_empty() {
            let now = self.place.now();
            let transaction = self.store.begin(crate::store::Access::Read)?;
            for ca in cas.iter().filter(|c| cas.problem(c.id(), now).is_none()) {
                // A key that lies elsewhere, or that nobody opens, is no fault until its CRL is due; then it must not be
                // passed over.
                let at_hand = self.place.key_is_at_hand(ca);
                if ca.authority.key_place == KeyPlace::Foreign && !request.check {
                    continue;
                }
                if request.check || at_hand || self.place.crl_due(&*transaction, ca)?.is_some() {
                    chosen.push(ca.clone());
                }
            }
            drop(transaction);
            if cas.iter().next().is_none() {
                let hint = "create one with `rootlet root NAME`".into();
                return Err(Error::NoIssuer { what: "CRLs", hint });
            }
        }
        let mut results = Vec::new();
        let mut fresh = Vec::new();
        for ca in &chosen {
            let (due, last) = {
                let transaction = self.store.begin(crate::store::Access::Read)?;
                let asked = request.check || request.due;
                let due = if asked { self.place.crl_due(&*transaction, ca)? } else { Some("asked for".into()) };
                (due, transaction.last_crl(ca.id())?)
            };
            let (action, outcome) = match (&due, request.check, request.due) {
                (Some(_), true, _) => ("due", Ok(last)),
                (None, true, _) | (None, false, true) => ("unchanged", Ok(last)),
                _ => {
                    let written = self.write_crl(&cas, ca, request.next_update);
                    fresh.extend(written.as_ref().ok().cloned());
                    ("written", written.map(Some))
                }
            };
            results.push(self.place.report(ca, action, due, outcome));
        }
        let mut missing = Vec::new();
        if !fresh.is_empty() {
            missing = self.publish_fresh(&fresh).map_err(Error::not_released("the new CRL"))?;
        }
        let mut warnings = self.crl_warnings(&missing)?;
        warnings.extend(self.place.keyring.source.warnings());
        Ok(CrlOutcome { results, warnings })
    }

    fn write_crl(&mut self, cas: &Cas, ca: &Ca, lifetime: Option<Lifetime>) -> Result<CrlRecord, Error> {
        let Pki { place, store } = self;
        let issuer = place.issuer(cas, ca.id())?;
        let transaction = store.begin(crate::store::Access::Write)?;
        let signed = place.sign_crl(&*transaction, &issuer, ca, lifetime)?;
        let detail = format!("number {}", signed.record.number);
        let committed = transaction
            .mark_unpublished()
            .and_then(|()| transaction.note(place.now(), "crl", Some(ca.handle()), &detail))
            .and_then(|()| transaction.commit());
        signed.settle(self, committed)
    }
}

impl Pki {
    /// Writes a CRL that is due; whoever calls publishes it.
    pub(super) fn write_due_crl(&mut self, cas: &Cas, ca: &Ca, reason: String) -> CrlReport {
        let written = self.write_crl(cas, ca, None);
        self.place.report(ca, "written", Some(reason), written.map(Some))
    }
}

impl Place {
    fn report(
        &self,
        ca: &Ca,
        action: &'static str,
        reason: Option<String>,
        outcome: Result<Option<CrlRecord>, Error>,
    ) -> CrlReport {
        let file = Some(self.ca_generation_folder(ca).join("crl.pem")).filter(|p| exists(p));
        let (record, error) = match outcome {
            Ok(record) => (record, None),
            Err(e) => (None, Some(CrlError { code: e.code().into(), message: e.to_string(), hints: e.hints() })),
        };
        CrlReport {
            name: ca.handle().to_string(),
            action: if error.is_some() { "failed" } else { action },
            number: record.as_ref().map(|r| r.number),
            this_update: record.as_ref().map(|r| r.this_update),
            next_update: record.as_ref().map(|r| r.next_update),
            entries: record.as_ref().map(|r| r.entries),
            reason,
            file,
            error,
        }
    }

    /// Why a CA's CRL should be written now; nothing when it need not.
    pub(super) fn crl_due(&self, transaction: &dyn Transaction, ca: &Ca) -> Result<Option<String>, Error> {
        let foreign = ca.authority.key_place == KeyPlace::Foreign;
        let Some(last) = transaction.last_crl(ca.id())? else {
            // Of a CA of somebody else nobody may have one.
            return Ok((!foreign).then(|| "there is none yet".into()));
        };
        // What is recorded of a CA of somebody else comes from its CRL, from this one too.
        if !foreign && transaction.last_event(ca.id())? > last.last_event {
            return Ok(Some("it does not list the newest revocations".into()));
        }
        let path = self.ca_generation_folder(ca).join("crl.pem");
        if !exists(&path) {
            return Ok(Some("its file is missing".into()));
        }
        if !holds_recorded(&path, &last)
            && read_crl(&path).ok().flatten().is_none_or(|c| sha256(c.der()) != last.sha256)
        {
            return Ok(Some("its file is not the newest one that was signed".into()));
        }
        Ok(self.is_ending(&last).then(|| format!("it ends {}", last.next_update)))
    }

    /// Whether a CRL is in the last third of its life.
    pub(super) fn is_ending(&self, crl: &CrlRecord) -> bool {
        let life = crl.next_update.since(crl.this_update);
        crl.next_update.since(self.now()) < Window::LastThird.seconds_at_most_a_third(life)
    }
}

impl Pki {
    /// Signs the CRL of a CA again, because it is past half of its life: whoever holds the key keeps it fresh.
    pub(super) fn refresh_crl(&mut self, cas: &Cas, id: AuthorityId) -> Result<(), Error> {
        let Some(ca) = cas.by_id(id) else { return Ok(()) };
        let fresh = self.write_crl(cas, ca, None)?;
        self.publish_fresh(&[fresh]).map(drop)
    }

    /// Signs a CRL that lasts as long as one does whose key is not at hand, and returns its number.
    pub(super) fn write_long_crl(&mut self, cas: &Cas, ca: &Ca) -> Result<u64, Error> {
        self.write_crl(cas, ca, Some(UPPER_CA_LIFETIME)).map(|record| record.number)
    }

    /// As [`Pki::refresh_crl`], beside a command that has done its own work: what goes wrong is a warning.
    pub(super) fn refresh_crl_or_warn(&mut self, cas: &Cas, id: AuthorityId, warnings: &mut Vec<Warning>) {
        if let Err(e) = self.refresh_crl(cas, id) {
            let text = format!("the CRL of the issuer is past half of its life and could not be renewed: {e}");
            warnings.push(Warning::new("crl-stale", text));
        }
    }

    /// Which CAs have no CRL, or a stale one, in `public/crls.pem`; `missing` are those whose file was not published.
    pub(super) fn crl_warnings(&mut self, missing: &[AuthorityId]) -> Result<Vec<Warning>, Error> {
        let now = self.place.now();
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let mut warnings = Vec::new();
        for ca in cas.iter().filter(|c| now <= c.certificate.not_after) {
            let message = match transaction.last_crl(ca.id())? {
                None => format!("`{}` has no CRL, and servers that check revocation want one of every CA", ca.handle()),
                Some(crl) if crl.next_update < now => {
                    format!(
                        "the CRL of `{}` ended {}, and servers that check it refuse everybody",
                        ca.handle(),
                        crl.next_update
                    )
                }
                Some(_) if missing.contains(&ca.id()) => {
                    format!("the CRL file of `{}` is missing or damaged, and is not published", ca.handle())
                }
                Some(_) => continue,
            };
            warnings.push(Warning::new("crl-stale", message));
        }
        Ok(warnings)
    }
}

/// Whether more than half of a CRL's life is over.
pub(super) fn is_past_half(crl: &CrlRecord, now: Timestamp) -> bool {
    crl.next_update.since(now) < crl.next_update.since(crl.this_update) / 2
}

/// Whether it is the one that a CA got at birth, with the long life of a CA that signs CAs only: the first leaf ends that.
pub(super) fn is_long_birth_crl(crl: &CrlRecord, ca: &Ca) -> bool {
    let life = crl.next_update.since(crl.this_update) - UPPER_CA_LIFETIME.seconds();
    crl.this_update.since(ca.certificate.not_before) <= BACKDATE_SECONDS && (0..=BACKDATE_SECONDS).contains(&life)
}
