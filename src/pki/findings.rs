//! What the rules of the standards say against the CAs and certificates that are in use.

use super::Error;
use super::authority::{Ca, Cas};
use super::issuing::read;
use crate::issue::Warning;
use crate::model::Timestamp;
use crate::policy::{LintContext, Severity, lint_certificate};
use crate::store::{KeyPlace, Record, Transaction};
use crate::x509::TbsFacts;
use serde::Serialize;

/// Certificates made elsewhere that are judged: `status` answers in milliseconds, whatever was adopted.
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
    #[serde(rename = "rule")]
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

/// Judges the CAs that are in use, and the leaves that were made elsewhere, or signed for somebody who has their key. The
/// others passed every rule before they were signed. Rules that were allowed, and notices, tell
/// nothing. The heaviest come first.
pub(super) fn findings(
    transaction: &dyn Transaction,
    cas: &Cas,
    allowed: &[&'static str],
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<StatusFinding>, Error> {
    let mut all: Vec<StatusFinding> = Vec::new();
    let in_use = |c: &&Ca| c.authority.certificate.revocation.is_none() && now <= c.certificate.not_after;
    for ca in cas.iter().filter(in_use) {
        let first = all.len();
        judge("ca", &ca.authority.certificate, ca.certificate.facts(), cas, &mut all);
        if ca.authority.key_place != KeyPlace::Foreign {
            for finding in all.iter_mut().skip(first) {
                finding.hint.get_or_insert_with(|| renewal(ca));
            }
        }
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
    all.retain(|f| f.severity > Severity::Notice && !allowed.contains(&f.lint));
    all.sort_by_key(|f| std::cmp::Reverse(f.severity));
    if left_out {
        let text =
            format!("of the certificates that were made elsewhere or signed for others {MAX_JUDGED} were judged");
        warnings.push(Warning::new("findings-left-out", text));
    }
    if all.len() > MAX_TOLD {
        let text = format!("{} findings are not told: more than {MAX_TOLD} tell nothing", all.len() - MAX_TOLD);
        warnings.push(Warning::new("findings-left-out", text));
        all.truncate(MAX_TOLD);
    }
    Ok(all)
}

/// What a renewal does about findings of a CA whose key is ours.
fn renewal(ca: &Ca) -> String {
    format!(
        "`rootlet renew {}` makes a new certificate by the rules, of the same name and key; what it issued and names its \
         serial number, as easy-rsa does, verifies below the old one alone",
        ca.handle()
    )
}

fn judge(kind: &'static str, record: &Record, facts: &TbsFacts, cas: &Cas, all: &mut Vec<StatusFinding>) {
    let issuer = cas.by_id(record.issuer).map(|c| c.certificate.facts());
    // No profile: those are rules of this house, and the certificate may have been made by others.
    let context = LintContext { issuer, ..LintContext::default() };
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
