use crate::model::{Profile, Timestamp};
use crate::policy::{Audience, Finding, Lint, RuleSet, Severity};

/// So many findings of one severity are kept; all are counted.
const MOST_FINDINGS: usize = 10_000;

/// By what a file is judged.
#[derive(Debug, Clone)]
pub struct LintRequest {
    /// The profile that its certificates are to follow: those that are CAs if it is a CA's, those that are not if it is not.
    pub profile: Option<Profile>,
    /// The sets that were asked for.
    pub sets: Vec<RuleSet>,
    /// Rules whose findings are told and do not count.
    pub allowed: Vec<&'static Lint>,
    /// The present.
    pub today: Timestamp,
}

impl LintRequest {
    /// By the standards alone.
    pub fn new(today: Timestamp) -> Self {
        LintRequest { profile: None, sets: Vec::new(), allowed: Vec::new(), today }
    }

    pub(super) fn audience(&self) -> Audience {
        Audience::Only(self.sets.clone())
    }
}

/// What an object of a file is to a lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LintedKind {
    /// A certificate.
    Certificate,
    /// A CRL.
    Crl,
    /// What cannot be read.
    Unreadable,
    /// What no rule is about: keys, requests, keystores.
    Skipped,
}

/// One object of the file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LintedObject {
    /// Which one of the file's, from 1 on.
    pub number: usize,
    /// What it is.
    pub kind: LintedKind,
    /// Its name in a sentence: the subject of a certificate, the issuer of a CRL, the kind of anything else.
    pub name: String,
    /// The line on which its PEM block begins.
    pub line: Option<usize>,
    /// The SHA-256 digest of a certificate.
    pub fingerprint_sha256: Option<String>,
    /// The number of the object that issued it; its own for a root. `None` where that is not in the file.
    pub issuer: Option<usize>,
    /// Whether its issuer is known, from the file or from beside it.
    pub issuer_known: bool,
}

/// One finding about one object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportedFinding {
    /// The id of the rule.
    pub rule: &'static str,
    /// Where the rule is written.
    pub citation: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Whether it was allowed, and so does not count.
    pub allowed: bool,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// The number of the object.
    pub object: usize,
    /// The name of the object.
    pub name: String,
}

/// How many findings there are; allowed ones count as such alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct LintCounts {
    /// Certificates that were judged.
    pub certificates: usize,
    /// CRLs that were judged.
    pub crls: usize,
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Notices.
    pub notice: usize,
    /// Findings of rules that were allowed.
    pub allowed: usize,
}

/// Something to know about the judgment itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LintNote {
    /// A stable word for scripts.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LintReport {
    /// Object by object, the heaviest first.
    pub findings: Vec<ReportedFinding>,
    /// What is in the file, in order.
    pub objects: Vec<LintedObject>,
    /// How much was found.
    pub counts: LintCounts,
    /// What else is to be known.
    pub warnings: Vec<LintNote>,
}

impl LintReport {
    pub(super) fn new() -> Self {
        let counts = LintCounts::default();
        LintReport { findings: Vec::new(), objects: Vec::new(), counts, warnings: Vec::new() }
    }

    /// The heaviest finding that counts.
    pub fn worst(&self) -> Option<Severity> {
        match self.counts {
            LintCounts { error: 1.., .. } => Some(Severity::Error),
            LintCounts { warning: 1.., .. } => Some(Severity::Warning),
            LintCounts { notice: 1.., .. } => Some(Severity::Notice),
            _ => None,
        }
    }

    /// The findings about one object, the heaviest first.
    pub fn findings_about(&self, object: usize) -> impl Iterator<Item = &ReportedFinding> {
        let start = self.findings.partition_point(|f| f.object < object);
        self.findings.iter().skip(start).take_while(move |f| f.object == object)
    }

    pub(super) fn note(&mut self, code: &'static str, message: impl Into<String>) {
        self.warnings.push(LintNote { code, message: message.into() });
    }

    /// Takes what was found about the object at this place of `objects`.
    pub(super) fn add(&mut self, place: usize, found: Vec<Finding>, allowed: &[&'static Lint]) {
        let Some(object) = self.objects.get(place) else { return };
        for f in found {
            let is_allowed = allowed.iter().any(|l| l.id == f.lint);
            let count = match (is_allowed, f.severity) {
                (true, _) => &mut self.counts.allowed,
                (_, Severity::Error) => &mut self.counts.error,
                (_, Severity::Warning) => &mut self.counts.warning,
                (_, Severity::Notice) => &mut self.counts.notice,
            };
            *count += 1;
            if *count > MOST_FINDINGS {
                continue;
            }
            self.findings.push(ReportedFinding {
                rule: f.lint,
                citation: f.citation,
                severity: f.severity,
                allowed: is_allowed,
                message: f.message,
                hint: f.hint,
                object: object.number,
                name: object.name.clone(),
            });
        }
    }

    pub(super) fn finish(mut self) -> Self {
        self.findings.sort_by_key(|f| (f.object, f.allowed, std::cmp::Reverse(f.severity)));
        let c = self.counts;
        let all = c.error + c.warning + c.notice + c.allowed;
        if all > self.findings.len() {
            let left = all - self.findings.len();
            self.note("findings-omitted", format!("{left} findings are counted and not listed"));
        }
        self
    }
}
