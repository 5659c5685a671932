//! What the rules of the standards say against the CAs and certificates that are in use.

use super::Error;
use super::authority::{Ca, Cas};
use super::issuing::read;
use crate::issue::Warning;
use crate::model::Timestamp;
use crate::policy::{LintContext, Severity, lint_certificate};
use crate::store::{Record, Transaction};
use crate::x509::TbsFacts;
use serde::Serialize;

/// Certificates whose key is elsewhere and that are judged: `status` answers in milliseconds, whatever was adopted.
const MAX_JUDGED: usize = 1_000;
/// Findings that are told.
const MAX_TOLD: usize = 200;

/// A rule that a CA or certificate in use breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusFinding {
    /// `ca` or `certificate`.
    pub kind: &'static str,
    /// Its handle.
    pub name: String,
    /// Its serial number.
    pub serial: String,
    /// The id of the rule.
    pub lint: &'static str,
    /// `error` or `warning`.
    pub severity: Severity,
    /// Where the rule is written.
    pub citation: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

/// Judges the CAs that are in use, and the leaves whose key was never here: signed for somebody else, or adopted. What was
/// issued with a key of its own here passed every rule before it was signed. Rules that were allowed, and notices, tell
/// nothing. The heaviest come first.
pub(super) fn findings(
    transaction: &dyn Transaction,
    cas: &Cas,
    allowed: &[&'static str],
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<StatusFinding>, Error> {
    let mut all = Vec::new();
    let in_use = |c: &&Ca| c.authority.certificate.revocation.is_none() && now <= c.certificate.not_after;
    for ca in cas.iter().filter(in_use) {
        judge("ca", &ca.authority.certificate, ca.certificate.facts(), cas, &mut all);
    }
    let (mut judged, mut left_out, mut failed) = (0, false, None);
    transaction.elsewhere(now, &mut |record| {
        if record.profile.is_ca() || record.revocation.is_some() {
            return true;
        }
        if judged == MAX_JUDGED {
            left_out = true;
            return false;
        }
        judged += 1;
        match read(&record) {
            Ok(certificate) => judge("certificate", &record, certificate.facts(), cas, &mut all),
            Err(e) => failed = Some(e),
        }
        failed.is_none()
    })?;
    if let Some(e) = failed {
        return Err(e);
    }
    all.retain(|f: &StatusFinding| f.severity > Severity::Notice && !allowed.contains(&f.lint));
    all.sort_by_key(|f| std::cmp::Reverse(f.severity));
    if left_out {
        let text = format!("of the certificates whose key is elsewhere the {MAX_JUDGED} that end first were judged");
        warnings.push(Warning::new("findings-left-out", text));
    }
    if all.len() > MAX_TOLD {
        let text = format!("{} findings are not told: more than {MAX_TOLD} tell nothing", all.len() - MAX_TOLD);
        warnings.push(Warning::new("findings-left-out", text));
        all.truncate(MAX_TOLD);
    }
    Ok(all)
}

fn judge(kind: &'static str, record: &Record, facts: &TbsFacts, cas: &Cas, all: &mut Vec<StatusFinding>) {
    let issuer = cas.by_id(record.issuer).map(|c| c.certificate.facts());
    // No profile: those are rules of this house, and the certificate may have been made by others.
    let context = LintContext { profile: None, issuer, now: None };
    all.extend(lint_certificate(facts, &context).into_iter().map(|f| StatusFinding {
        kind,
        name: record.handle.to_string(),
        serial: record.serial.to_string(),
        lint: f.lint,
        severity: f.severity,
        citation: f.citation,
        message: f.message,
        hint: f.hint,
    }));
}
