//! What the inventory says about the past, against itself.

use super::authority::Cas;
use super::doctor::Findings;
use super::{Error, Pki};
use crate::keys::{KeyError, sha256};
use crate::store::{Filter, Record, Transaction};
use crate::x509::{Certificate, read_certificate};

/// Clocks of machines that work on one PKI may differ by so much.
const SKEW_SECONDS: i64 = 300;
/// After so many findings of one kind the rest is not worth reading.
const MOST_FINDINGS: usize = 20;

impl Pki {
    /// Whether the clock went back: what is issued now would look older than what was issued before.
    pub(super) fn check_clock(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let now = self.now();
        if let Some(newest) = self.read()?.newest_act()?.filter(|at| at.since(now) > SKEW_SECONDS) {
            let message = format!("the clock says {now}, and the inventory was changed at {newest}");
            findings.add("clock", message, None, Some("set the clock of this machine"));
        }
        Ok(())
    }

    /// Everything that was ever recorded: whether the database holds together, whether every certificate is the one that
    /// its row describes and its issuer signed, whether the numbers and dates of CRLs only grew.
    pub(super) fn check_history(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let transaction = self.read()?;
        for problem in transaction.integrity()? {
            findings.add("inventory", format!("the database is damaged: {problem}"), None, Some(LOST));
        }
        let cas = Cas::load(&*transaction)?;
        let mut wrong = 0;
        let everything = Filter { all_generations: true, ..Filter::default() };
        transaction.walk(&everything, &mut |record| {
            if let Some(problem) = problem_of(&record, &cas) {
                wrong += 1;
                let message = format!("the certificate {} of `{}` {problem}", record.serial, record.handle);
                findings.add("history", message, None, Some(LOST));
            }
            wrong < MOST_FINDINGS
        })?;
        for ca in cas.iter() {
            check_crls(&*transaction, ca.id(), ca.handle().as_str(), findings)?;
        }
        Ok(())
    }
}

const LOST: &str = "bring inventory.db back from a backup, or remake it with `rootlet doctor --salvage`";

/// What is wrong with one record.
fn problem_of(record: &Record, cas: &Cas) -> Option<String> {
    let certificate = match read_certificate(&record.der) {
        Ok(certificate) => certificate,
        Err(e) => return Some(format!("cannot be read: {e}")),
    };
    let described = certificate.serial == Some(record.serial)
        && (certificate.not_before, certificate.not_after) == (record.not_before, record.not_after)
        && sha256(&certificate.public_key) == record.spki_sha256
        && certificate.is_ca() == record.profile.is_ca();
    if !described {
        return Some("is not what the inventory says of it".into());
    }
    let Some(issuer) = cas.by_id(record.issuer) else { return Some("has an issuer that the inventory lacks".into()) };
    (!is_signed_by(&certificate, &issuer.certificate))
        .then(|| format!("was not signed by `{}`, as the inventory says", issuer.handle()))
}

/// A root that was made elsewhere may be signed by itself with an algorithm that this build does not check.
fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    match super::lineage::issued(issuer, certificate) {
        Ok(()) => true,
        Err(KeyError::UnsupportedAlgorithm { .. }) => certificate.der() == issuer.der(),
        Err(_) => false,
    }
}

fn check_crls(
    transaction: &dyn Transaction,
    ca: crate::store::AuthorityId,
    handle: &str,
    findings: &mut Findings,
) -> Result<(), Error> {
    let newest_event = transaction.last_event(ca)?;
    let mut before: Option<crate::store::CrlRecord> = None;
    transaction.crls(ca, &mut |crl| {
        // One from elsewhere knows nothing of those of ours.
        let before_ours = before.as_ref().filter(|_| crl.follows.is_some());
        let fell = before_ours.is_some_and(|b| crl.this_update < b.this_update || crl.last_event < b.last_event);
        let problem = if fell {
            Some("is older than the one before it")
        } else if crl.next_update <= crl.this_update {
            Some("ended before it began")
        } else if crl.last_event > newest_event {
            Some("lists revocations that the inventory lacks")
        } else {
            None
        };
        if let Some(problem) = problem {
            findings.add("history", format!("the CRL {} of `{handle}` {problem}", crl.number), None, Some(LOST));
        }
        before = Some(crl);
        problem.is_none()
    })?;
    Ok(())
}
