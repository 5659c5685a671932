//! What CRLs say about a certificate (RFC 5280 6.3.3).

use super::scope::{self, LazyPoints};
use super::{CrlFault, Refusal};
use crate::judge::key_fit::KeyFit;
use crate::judge::shown;
use crate::keys::verify_signature;
use crate::model::{KeyUsage, Oid, Reason, Serial, Timestamp};
use crate::x509::{ALL_REASONS, Certificate, Crl, X509Error};
use std::cell::RefCell;
use std::collections::HashMap;

/// CRLs that may speak of revocation, each with where it comes from.
#[derive(Debug, Default)]
pub struct Crls {
    all: Vec<(String, Crl)>,
    /// What a CA recorded and no CRL lists yet, by its key.
    recorded: HashMap<Vec<u8>, HashMap<Serial, (Timestamp, Reason)>>,
    /// Whether a key signed a CRL, by the CRL and the key: a path is tried more than once.
    signed: RefCell<HashMap<(usize, Vec<u8>), bool>>,
}

/// Why a CRL cannot be used for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlProblem {
    /// Another key of that name signs it.
    #[error("is of another key with the name of the issuer")]
    OtherKey,
    /// The issuer has keyUsage without cRLSign.
    #[error("is signed by a CA that may not sign CRLs: its key usage lacks cRLSign")]
    MayNotSign,
    /// The issuer's key did not sign it.
    #[error("was not signed by the issuer's key")]
    BadSignature,
    /// It begins later.
    #[error("begins at {0}, after the time that is asked about")]
    NotYet(Timestamp),
    /// The next one is due.
    #[error("was to be replaced by {0}")]
    Stale(Timestamp),
    /// It does not say when the next one comes.
    #[error("does not say when the next one comes")]
    NoNextUpdate,
    /// It has no number.
    #[error("has no CRL number")]
    NoNumber,
    /// Its number is critical.
    #[error("has a critical CRL number")]
    CriticalNumber,
    /// It lists changes only.
    #[error("is a delta CRL, which lists changes only, and the complete CRL that it builds on is not here")]
    Delta,
    /// An extension stands twice.
    #[error("has the extension {0} more than once")]
    Repeated(Oid),
    /// It speaks for other issuers.
    #[error("is an indirect CRL, which is not read here")]
    Indirect,
    /// It speaks of other kinds of certificates.
    #[error("lists certificates of another kind only")]
    OtherKind,
    /// It speaks of another distribution point.
    #[error("belongs to a distribution point that the certificate does not name")]
    OtherPoint,
    /// It speaks of some reasons only, and no other one speaks of the rest.
    #[error("lists some reasons only")]
    SomeReasons,
    /// What it speaks of cannot be read.
    #[error("has a scope that cannot be read")]
    MalformedScope,
    /// A critical extension that is not processed.
    #[error("has the critical extension {0}, which is not understood")]
    UnknownCritical(Oid),
    /// An entry that cannot be read, or has a critical extension that is not processed.
    #[error("has an entry that cannot be used: {0}")]
    Entry(String),
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// On no CRL, by CRLs that speak of every reason; the number of the newest.
    Good(Option<u64>),
    Revoked {
        at: Timestamp,
        reason: Reason,
    },
    Unknown(Vec<CrlFault>),
}

impl Crls {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a CRL; `source` says where it comes from.
    pub fn add(&mut self, source: impl Into<String>, crl: Crl) {
        self.all.push((source.into(), crl));
    }

    /// Adds a revocation that no CRL lists yet, from the records of a CA: its key (SubjectPublicKeyInfo in DER), the serial,
    /// when, and why.
    pub fn add_recorded(&mut self, issuer_key: &[u8], serial: Serial, at: Timestamp, reason: Reason) {
        self.recorded.entry(issuer_key.to_vec()).or_default().insert(serial, (at, reason));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What the CRLs of the issuer say about a certificate.
    pub(super) fn ask(&self, certificate: &Certificate, issuer: &Certificate, at: Timestamp) -> Answer {
        let recorded = self.recorded.get(&issuer.public_key).zip(certificate.serial);
        if let Some((revoked_at, reason)) = recorded.and_then(|(all, serial)| all.get(&serial))
            && *revoked_at <= at
        {
            return Answer::Revoked { at: *revoked_at, reason: *reason };
        }
        let mut faults = Vec::new();
        let points = LazyPoints::of(certificate);
        let (mut complete, mut deltas): (Vec<Usable<'_>>, Vec<Usable<'_>>) = (Vec::new(), Vec::new());
        for (number, (source, crl)) in self.all.iter().enumerate() {
            if !crl.issuer.matches(&certificate.issuer) {
                continue;
            }
            match self.usable((number, source, crl), certificate, &points, issuer, at) {
                Ok(usable) if usable.base.is_some() => deltas.push(usable),
                Ok(usable) => complete.push(usable),
                Err(problem) => faults.push(CrlFault { source: source.clone(), problem }),
            }
        }
        // The newest first: an older one may not know of what was revoked, or released, since.
        complete.sort_by(|a, b| b.number().cmp(&a.number()));
        let (mut covered, mut newest) = (0u16, None);
        for usable in &complete {
            if covered & usable.reasons == usable.reasons {
                continue;
            }
            let delta = usable.newest_change(&deltas);
            match look_up(usable, delta, &certificate.raw_serial) {
                Ok(Some((at, reason))) => return Answer::Revoked { at, reason },
                Ok(None) => {
                    covered |= usable.reasons;
                    newest = newest.or(delta.unwrap_or(usable).crl.number_u64());
                }
                Err((source, e)) => {
                    let problem = CrlProblem::Entry(shown::escaped(&e.to_string()));
                    faults.push(CrlFault { source: source.into(), problem });
                }
            }
            if covered == ALL_REASONS {
                return Answer::Good(newest);
            }
        }
        if covered != 0 || !complete.is_empty() && faults.is_empty() {
            faults.push(CrlFault { source: "all".into(), problem: CrlProblem::SomeReasons });
        }
        if complete.is_empty() {
            faults.extend(deltas.iter().map(|d| CrlFault { source: d.source.into(), problem: CrlProblem::Delta }));
        }
        Answer::Unknown(faults)
    }

    fn usable<'c>(
        &self,
        (number, source, crl): (usize, &'c str, &'c Crl),
        certificate: &Certificate,
        points: &LazyPoints<'_>,
        issuer: &Certificate,
        at: Timestamp,
    ) -> Result<Usable<'c>, CrlProblem> {
        if !KeyFit::of(crl.authority_key_id.as_deref(), issuer.subject_key_id.as_deref()).is_possible() {
            return Err(CrlProblem::OtherKey);
        }
        scope::check_extensions(crl)?;
        let reasons = scope::reasons_for(crl, certificate, points)?;
        let base = crl.base().transpose().map_err(|_| CrlProblem::MalformedScope)?;
        if issuer.key_usage.is_some_and(|u| !u.has(KeyUsage::CRL_SIGN)) {
            return Err(CrlProblem::MayNotSign);
        }
        if at < crl.this_update {
            return Err(CrlProblem::NotYet(crl.this_update));
        }
        match crl.next_update {
            None => return Err(CrlProblem::NoNextUpdate),
            Some(next) if next < at => return Err(CrlProblem::Stale(next)),
            Some(_) => {}
        }
        let key = (number, issuer.public_key.clone());
        let known = self.signed.borrow().get(&key).copied();
        let signed = known.unwrap_or_else(|| {
            crl.inner_algorithm == crl.outer_algorithm
                && verify_signature(&issuer.public_key, &crl.outer_algorithm, crl.tbs(), crl.signature()).is_ok()
        });
        self.signed.borrow_mut().insert(key, signed);
        if signed { Ok(Usable { source, crl, reasons, base }) } else { Err(CrlProblem::BadSignature) }
    }
}

/// A CRL that speaks of a certificate.
#[derive(Debug)]
struct Usable<'c> {
    source: &'c str,
    crl: &'c Crl,
    /// Of which reasons.
    reasons: u16,
    /// Of a delta CRL the number of the complete one that it builds on.
    base: Option<Vec<u8>>,
}

impl Usable<'_> {
    /// Its number, in a form that compares.
    fn number(&self) -> Option<(usize, &[u8])> {
        self.crl.number.as_ref().map(|octets| (octets.len(), octets.as_slice()))
    }

    /// The newest delta CRL that tells what changed since this complete one: of the same scope and key, newer, and built
    /// upon this one or an older one (RFC 5280 5.2.4, 6.3.3 (c)).
    fn newest_change<'d>(&self, deltas: &'d [Self]) -> Option<&'d Self> {
        let fits = |d: &&Self| {
            let base = d.base.as_ref().map(|octets| (octets.len(), octets.as_slice()));
            base <= self.number()
                && d.number() > self.number()
                && scope::of(d.crl) == scope::of(self.crl)
                && d.crl.authority_key_id == self.crl.authority_key_id
        };
        deltas.iter().filter(fits).max_by(|a, b| a.number().cmp(&b.number()))
    }
}

/// When and why a serial was revoked: by what the delta CRL says of it, else by the complete one. A removal takes it off
/// (RFC 5280 6.3.3 (i) to (l)).
fn look_up<'c>(
    complete: &Usable<'c>,
    delta: Option<&Usable<'c>>,
    serial: &[u8],
) -> Result<Option<(Timestamp, Reason)>, (&'c str, X509Error)> {
    for usable in delta.into_iter().chain([complete]) {
        if let Some(entry) = usable.crl.find(serial).map_err(|e| (usable.source, e))? {
            // A reason that does not exist is one all the same.
            let reason = Reason::from_code(entry.reason).unwrap_or(Reason::Unspecified);
            return Ok((!entry.is_removal()).then_some((entry.revoked_at, reason)));
        }
    }
    Ok(None)
}

/// The refusal that an answer is; nothing where it is good.
pub(super) fn refusal(answer: Answer, certificate: &Certificate) -> Option<Refusal> {
    let issuer = shown::escaped(&certificate.issuer.subject.to_string());
    let certificate = shown::certificate(certificate);
    match answer {
        Answer::Good(_) => None,
        Answer::Revoked { at, reason } => Some(Refusal::Revoked { certificate, issuer, at, reason }),
        Answer::Unknown(faults) => Some(Refusal::RevocationUnknown { certificate, issuer, faults }),
    }
}
