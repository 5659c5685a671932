use super::lints::{self, CrlView, View};
use crate::model::{Profile, Timestamp};
use crate::x509::{Crl, TbsFacts};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing refuses it.
    Notice,
    /// A good practice is not followed, or some software refuses it.
    Warning,
    /// A rule of a standard or of the profile is broken: it must not be signed.
    Error,
}

/// One rule: a row of the table.
#[derive(Debug)]
pub struct Lint {
    /// Its stable name.
    pub id: &'static str,
    /// Where the rule is written.
    pub citation: &'static str,
    /// How much breaking it weighs.
    pub severity: Severity,
    /// The rule in one sentence.
    pub about: &'static str,
    /// The named sets it is of: the software that asks for it where no standard does (`apple`, `chromium`, `java`,
    /// `nss`, `rustls`), or `spiffe`. Empty for what holds for everything.
    pub sets: &'static [&'static str],
    pub(super) check: Check,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// A certificate's to-be-signed part.
    Certificate(fn(&View<'_>, &mut Report)),
    /// A CRL's headers.
    Crl(fn(&CrlView<'_>, &mut Report)),
    /// One entry of a CRL, in the one walk over all of them.
    Entry(lints::EntryCheck),
}

impl Lint {
    pub(super) const fn new(id: &'static str, citation: &'static str, about: &'static str, check: Check) -> Self {
        Lint { id, citation, severity: Severity::Error, about, sets: &[], check }
    }

    pub(super) const fn warns(self) -> Self {
        Lint { severity: Severity::Warning, ..self }
    }

    pub(super) const fn notes(self) -> Self {
        Lint { severity: Severity::Notice, ..self }
    }

    pub(super) const fn asked_by(self, sets: &'static [&'static str]) -> Self {
        Lint { sets, ..self }
    }

    /// Whether it judges CRLs; else it judges certificates.
    pub fn is_for_crls(&self) -> bool {
        !matches!(self.check, Check::Certificate(_))
    }
}

/// A broken rule, with the data that breaks it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The id of the lint.
    pub lint: &'static str,
    /// Where the rule is written.
    pub citation: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

/// What is known beside the certificate itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct LintContext<'a> {
    /// The profile it is to follow.
    pub profile: Option<Profile>,
    /// The certificate of its issuer.
    pub issuer: Option<&'a TbsFacts>,
    /// The moment of issuance; `None` for a certificate that exists already, whose dates then tell no mistake.
    pub now: Option<Timestamp>,
}

/// Collects findings for the rule that is being checked.
#[derive(Debug)]
pub(super) struct Report {
    lint: &'static Lint,
    findings: Vec<Finding>,
}

impl Report {
    pub fn say(&mut self, message: impl Into<String>) {
        self.add(message.into(), None);
    }

    pub fn say_with(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.add(message.into(), Some(hint.into()));
    }

    fn add(&mut self, message: String, hint: Option<String>) {
        let Lint { id: lint, citation, severity, .. } = *self.lint;
        self.findings.push(Finding { lint, citation, severity, message, hint });
    }
}

/// Every rule, for certificates first, then for CRLs.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    lints::TABLE.iter().copied().flatten()
}

/// Judges the to-be-signed part of a certificate by every rule for certificates, in the table's order (RFC 5280 4).
pub fn lint_certificate(facts: &TbsFacts, context: &LintContext<'_>) -> Vec<Finding> {
    let view = View::new(facts, context);
    run(|lint, report| {
        if let Check::Certificate(check) = lint.check {
            check(&view, report);
        }
    })
}

/// Judges a CRL by every rule for CRLs: its headers, and its entries in one walk (RFC 5280 5). The signature is not
/// checked.
pub fn lint_crl(crl: &Crl, issuer: Option<&TbsFacts>) -> Vec<Finding> {
    let entry_checks = all().filter_map(|l| if let Check::Entry(check) = l.check { Some((l.id, check)) } else { None });
    let view = CrlView::new(crl, issuer, entry_checks.collect());
    run(|lint, report| match lint.check {
        Check::Certificate(_) => {}
        Check::Crl(check) => check(&view, report),
        Check::Entry(_) => {
            if let Some(message) = view.entry_message(lint.id) {
                report.say(message);
            }
        }
    })
}

fn run(mut check: impl FnMut(&'static Lint, &mut Report)) -> Vec<Finding> {
    let mut report: Option<Report> = None;
    for lint in all() {
        let report = report.get_or_insert_with(|| Report { lint, findings: Vec::new() });
        report.lint = lint;
        check(lint, report);
    }
    report.map(|r| r.findings).unwrap_or_default()
}
