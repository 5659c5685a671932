//! What CRLs say about a certificate (RFC 5280 6.3.3).

use super::scope::{self, ALL_REASONS};
use super::{CrlFault, Refusal};
use crate::judge::shown;
use crate::keys::verify_signature;
use crate::model::{KeyUsage, Oid, Timestamp};
use crate::x509::{Certificate, Crl, RevokedEntry};
use std::cell::RefCell;
use std::collections::HashMap;

/// CRLs that may speak of revocation, each with where it comes from.
#[derive(Debug, Default)]
pub struct Crls {
    all: Vec<(String, Crl)>,
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
    #[error("is a delta CRL, which lists changes only")]
    Delta,
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
    Revoked(RevokedEntry),
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
        let mut faults = Vec::new();
        let mut usable: Vec<(usize, u16)> = Vec::new();
        for (number, (source, crl)) in self.all.iter().enumerate() {
            if !crl.issuer.matches(&certificate.issuer) {
                continue;
            }
            match self.usable(number, crl, certificate, issuer, at) {
                Ok(reasons) => usable.push((number, reasons)),
                Err(problem) => faults.push(CrlFault { source: source.clone(), problem }),
            }
        }
        // The newest first: an older one may not know of what was revoked, or released, since.
        let number = |n: usize| self.all.get(n).and_then(|(_, crl)| crl.number.as_ref());
        usable.sort_by_key(|(n, _)| std::cmp::Reverse(number(*n).map(|octets| (octets.len(), octets.clone()))));
        let (mut covered, mut newest) = (0u16, None);
        let octets = &certificate.raw_serial;
        for (number, reasons) in usable {
            let Some((source, crl)) = self.all.get(number) else { continue };
            if covered & reasons == reasons {
                continue;
            }
            match crl.find(octets) {
                Ok(Some(entry)) => return Answer::Revoked(entry),
                Ok(None) => {
                    covered |= reasons;
                    newest = newest.or(crl.number_u64());
                }
                Err(e) => {
                    let problem = CrlProblem::Entry(shown::escaped(&e.to_string()));
                    faults.push(CrlFault { source: source.clone(), problem });
                }
            }
            if covered == ALL_REASONS {
                return Answer::Good(newest);
            }
        }
        if covered != 0 {
            faults.push(CrlFault { source: "all".into(), problem: CrlProblem::SomeReasons });
        }
        Answer::Unknown(faults)
    }

    fn usable(
        &self,
        number: usize,
        crl: &Crl,
        certificate: &Certificate,
        issuer: &Certificate,
        at: Timestamp,
    ) -> Result<u16, CrlProblem> {
        if let (Some(named), Some(own)) = (&crl.authority_key_id, &issuer.subject_key_id)
            && named != own
        {
            return Err(CrlProblem::OtherKey);
        }
        scope::check_extensions(crl)?;
        let reasons = scope::reasons_for(crl, certificate)?;
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
        if signed { Ok(reasons) } else { Err(CrlProblem::BadSignature) }
    }
}

/// The refusal that an answer is; nothing where it is good.
pub(super) fn refusal(answer: Answer, certificate: &Certificate) -> Option<Refusal> {
    let issuer = shown::escaped(&certificate.issuer.subject.to_string());
    let certificate = shown::certificate(certificate);
    match answer {
        Answer::Good(_) => None,
        Answer::Revoked(entry) => {
            Some(Refusal::Revoked { certificate, issuer, at: entry.revoked_at, reason: entry.reason })
        }
        Answer::Unknown(faults) => Some(Refusal::RevocationUnknown { certificate, issuer, faults }),
    }
}
