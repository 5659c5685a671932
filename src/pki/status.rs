//! What is due, or wrong at a glance.

use super::authority::{Ca, Cas};
use super::findings::{StatusFinding, findings};
use super::state::{is_final, wants_renewal};
use super::{Error, Pki};
use crate::disk::entries;
use crate::issue::Warning;
use crate::model::{Timestamp, Window};
use crate::policy::Severity;
use crate::store::{Filter, KeyPlace, Record, Transaction};
use serde::Serialize;

/// What `status` is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusRequest {
    /// How near an end must be; never more than the last third of a life.
    pub within: Window,
    /// Ids of rules ([`crate::policy::all`]) whose findings are known and accepted.
    pub allowed: Vec<&'static str>,
}

/// One thing that somebody should see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// `certificate`, `ca`, `crl`, `past`, `delivery`, `command`, `public` or `half-done`.
    pub kind: &'static str,
    /// The handle, or the entry of `pending/`; nothing for `public`.
    pub name: Option<String>,
    /// A sentence.
    pub message: String,
    /// When the certificate or CRL ends.
    pub at: Option<Timestamp>,
    /// What would mend it.
    pub hint: String,
}

/// What `status` found.
#[derive(Debug, Clone, Serialize)]
pub struct StatusOutcome {
    /// What is due: CAs, their CRLs and pasts, then leaves, the most urgent first, then what was left half-done.
    pub due: Vec<Due>,
    /// Rules that CAs and certificates in use break, errors first.
    pub findings: Vec<StatusFinding>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl StatusOutcome {
    /// Whether somebody should do something: something is due, or an error was found. Warnings alone are none: what was
    /// adopted may have some for as long as it lives.
    pub fn wants_attention(&self) -> bool {
        !self.due.is_empty() || self.findings.iter().any(|f| f.severity == Severity::Error)
    }
}

impl Pki {
    /// Looks for what is due: CAs and leaves in the last third of their lives, CRLs that should be written, and what a
    /// command left undone; and for rules that CAs break, or certificates that were made elsewhere or signed for others.
    /// Nothing is changed, and files of leaves are not looked at: that is [`Pki::doctor`]'s.
    ///
    /// A certificate that ended is due for another third of its life, and for a week at least; after that it counts as given
    /// up.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Disk`].
    pub fn status(&mut self, request: &StatusRequest) -> Result<StatusOutcome, Error> {
        let (place, now) = (&self.place, self.place.now());
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let mut due = Vec::new();
        let mut leaves = Vec::new();
        transaction.due(now, &mut |record| {
            if wants_renewal(&record, request.within, now) {
                let one = due_certificate(&record, now);
                if record.profile.is_ca() { due.push(one) } else { leaves.push(one) }
            }
            true
        })?;
        for ca in cas.iter().filter(|c| cas.problem(c.id(), now).is_none()) {
            if let Some(reason) = place.crl_due(&*transaction, ca)? {
                due.push(due_crl(ca, &reason, transaction.last_crl(ca.id())?.map(|c| c.next_update)));
            }
            if !ca.authority.past_known {
                let e = Error::PastUnknown { handle: ca.handle().clone() };
                due.push(one("past", Some(ca.handle().to_string()), e.to_string(), None, e.hints().concat()));
            }
        }
        for ca in cas.iter() {
            due.extend(stranded(&*transaction, &cas, ca, now)?);
        }
        due.append(&mut leaves);
        for handle in transaction.due_deliveries()? {
            let message = format!("the files of `{handle}` are not delivered yet");
            due.push(one("delivery", Some(handle.to_string()), message, None, NEXT_COMMAND.into()));
        }
        for (handle, command) in transaction.owed_commands()? {
            // One that was never made, or that is gone for good, has nothing to tell of.
            let current =
                transaction.holder(&handle)?.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
            if current.is_some_and(|r| r.revocation.is_none_or(|v| !is_final(v.reason))) {
                let message = format!("`{command}` has not succeeded since `{handle}` changed");
                let hint = "`rootlet apply` with the manifest that declares it runs it again";
                due.push(one("command", Some(handle.to_string()), message, None, hint.into()));
            }
        }
        if transaction.unpublished()?.is_some() {
            due.push(one("public", None, "`public/` is behind the inventory".into(), None, NEXT_COMMAND.into()));
        }
        for entry in entries(&place.pending_folder())? {
            let message = format!("a command died half-way, or is running: `{entry}`");
            due.push(one("half-done", Some(entry), message, None, NEXT_COMMAND.into()));
        }
        let mut warnings = Vec::new();
        let findings = findings(&*transaction, &cas, &request.allowed, now, &mut warnings)?;
        Ok(StatusOutcome { due, findings, warnings })
    }
}

const NEXT_COMMAND: &str = "the next command that writes sees to it; so does `rootlet doctor --repair`";

fn one(kind: &'static str, name: Option<String>, message: String, at: Option<Timestamp>, hint: String) -> Due {
    Due { kind, name, message, at, hint }
}

/// So many certificates below a revoked CA are counted.
const MOST_STRANDED: usize = 1_000;

/// What is in use below a CA that was revoked, or below one that is: whoever looks at CRLs refuses it.
fn stranded(transaction: &dyn Transaction, cas: &Cas, ca: &Ca, now: Timestamp) -> Result<Option<Due>, Error> {
    let Some(revoked) = cas.chain(ca.id()).into_iter().find(|c| c.authority.certificate.revocation.is_some()) else {
        return Ok(None);
    };
    let (mut count, mut first) = (0, None);
    let filter = Filter { issuer: Some(ca.id()), unexpired_at: Some(now), ..Filter::default() };
    transaction.walk(&filter, &mut |record| {
        if record.revocation.is_none() {
            count += 1;
            first.get_or_insert(record.handle);
        }
        count < MOST_STRANDED
    })?;
    let Some(first) = first else { return Ok(None) };
    let what = match count {
        1 => format!("`{first}` is in use"),
        MOST_STRANDED => format!("{MOST_STRANDED} certificates or more are in use, `{first}` among them,"),
        n => format!("{n} certificates are in use, `{first}` among them,"),
    };
    let message = format!("{what} below `{}`, which is revoked: whoever looks at CRLs refuses them", revoked.handle());
    let hint = "issue them again below another CA, with `--issuer CA --force`";
    Ok(Some(one("ca", Some(revoked.handle().to_string()), message, None, hint.into())))
}

fn due_certificate(record: &Record, now: Timestamp) -> Due {
    let (handle, end) = (&record.handle, record.not_after);
    let verb = if now > end { "ended" } else { "ends" };
    let message = format!("{} `{handle}` {verb} {end}", record.profile);
    let kind = if record.profile.is_ca() { "ca" } else { "certificate" };
    one(kind, Some(handle.to_string()), message, Some(end), format!("`rootlet renew {handle}`"))
}

fn due_crl(ca: &Ca, reason: &str, end: Option<Timestamp>) -> Due {
    let handle = ca.handle();
    let message = format!("the CRL of `{handle}` is due: {reason}");
    let hint = match ca.authority.key_place {
        KeyPlace::Foreign => format!("`rootlet import {handle} --crl-file FILE`"),
        KeyPlace::Here | KeyPlace::Detached => format!("`rootlet crl {handle}`"),
    };
    one("crl", Some(handle.to_string()), message, end, hint)
}
