use super::lints;
use super::set::{Audience, RuleSet};

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

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
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
    /// How much it weighs where one of its sets was asked for.
    pub severity_if_asked: Severity,
    /// The rule in one sentence.
    pub about: &'static str,
    /// What mends what breaks it, where a finding has nothing more precise to say.
    pub mend: &'static str,
    /// The sets that it is of; empty for what only the standards ask for.
    pub sets: &'static [RuleSet],
    /// When it counts.
    pub counts: Counts,
    pub(super) check: Check,
}

/// When a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Always: a standard or good practice asks for it.
    Always,
    /// For a platform: when one of its sets was asked for, and as advice on what is about to be issued.
    OnPlatforms,
    /// Only when one of its sets was asked for.
    WhenAsked,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// A certificate's to-be-signed part.
    Certificate(fn(&lints::View<'_>, &mut Report)),
    /// A CRL's headers.
    Crl(fn(&lints::CrlView<'_>, &mut Report)),
    /// One entry of a CRL, in the one walk over all of them.
    Entry(lints::EntryCheck),
    /// A certificate with all that stands above it, or a whole file: what a validator has to look at. The floor above
    /// checks it and reports it by this row ([`Lint::finding`]).
    Chain,
}

/// What kind of thing a rule judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// One certificate, with its issuer's where that is known.
    Certificate,
    /// One CRL, with its issuer's certificate where that is known.
    Crl,
    /// A file: what its certificates and CRLs are to one another, and what cannot be read.
    File,
}

impl Lint {
    pub(super) const fn new(id: &'static str, citation: &'static str, about: &'static str, check: Check) -> Self {
        let severity = Severity::Error;
        let counts = Counts::Always;
        Lint { id, citation, severity, severity_if_asked: severity, about, mend: "", sets: &[], counts, check }
    }

    pub(super) const fn warns(self) -> Self {
        Lint { severity: Severity::Warning, ..self }
    }

    pub(super) const fn notes(self) -> Self {
        Lint { severity: Severity::Notice, ..self }
    }

    pub(super) const fn mend(self, mend: &'static str) -> Self {
        Lint { mend, ..self }
    }

    /// It holds for everyone, and these ask for it too.
    pub(super) const fn also_of(self, sets: &'static [RuleSet]) -> Self {
        Lint { sets, ..self }
    }

    /// It holds for these platforms alone.
    pub(super) const fn on(self, sets: &'static [RuleSet]) -> Self {
        Lint { sets, counts: Counts::OnPlatforms, ..self }
    }

    /// Nobody hears of it who did not ask for one of these.
    pub(super) const fn when_asked_for(self, sets: &'static [RuleSet]) -> Self {
        Lint { sets, counts: Counts::WhenAsked, ..self }
    }

    /// It stays what it is when a set asks for it: a SHOULD of a specification.
    pub(super) const fn advises(self) -> Self {
        Lint { severity_if_asked: self.severity, ..self }
    }

    /// What it judges.
    pub fn judges(&self) -> Judged {
        match self.check {
            Check::Certificate(_) => Judged::Certificate,
            Check::Crl(_) | Check::Entry(_) => Judged::Crl,
            Check::Chain => Judged::File,
        }
    }

    /// How much breaking it weighs for somebody; `None` where it does not count.
    pub fn severity_for(&self, audience: &Audience) -> Option<Severity> {
        let asked = audience.asks_for(self.sets);
        match (self.counts, audience) {
            _ if asked => Some(self.severity.max(self.severity_if_asked)),
            (Counts::Always, _) | (Counts::OnPlatforms, Audience::Everyone) => Some(self.severity),
            _ => None,
        }
    }

    /// A finding of this rule, for those rules that another floor checks; `None` where it does not count.
    pub fn finding(
        &'static self,
        audience: &Audience,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Option<Finding> {
        let mut report = Report::default();
        report.begin(self, self.severity_for(audience)?);
        report.add(message.into(), hint);
        report.findings.pop()
    }
}

/// Every rule, in the order of the table: for certificates, for CRLs, for files.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    lints::TABLE.iter().flat_map(|g| g.lints)
}

/// The table in its groups: what they are about, and their rules.
pub fn groups() -> impl Iterator<Item = (&'static str, &'static [Lint])> {
    lints::TABLE.iter().map(|g| (g.about, g.lints))
}

/// The rule of this id.
pub fn find(id: &str) -> Option<&'static Lint> {
    all().find(|l| l.id == id)
}

/// Nobody types more of an id, and what is compared stays small.
const LONGEST: usize = 64;

/// The ids that somebody may have meant who typed one that does not exist; the nearest first, three at most.
pub fn near(id: &str) -> Vec<&'static str> {
    const MOST: usize = 3;
    let far = id.len().min(LONGEST) / 3 + 1;
    let mut all: Vec<(usize, &'static str)> = all()
        // A part of an id is as near as a typo.
        .map(|l| (if id.len() > 3 && l.id.contains(id) { 2 } else { distance(id, l.id) }, l.id))
        .filter(|(d, _)| *d <= far)
        .collect();
    all.sort();
    all.into_iter().take(MOST).map(|(_, id)| id).collect()
}

/// How many octets have to be put in, taken out or changed to make one of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let a = a.as_bytes().iter().take(LONGEST);
    let b = &b.as_bytes()[..b.len().min(LONGEST)];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let cheapest = (*cell + 1).min(left + 1).min(diagonal + usize::from(x != y));
            diagonal = std::mem::replace(cell, cheapest);
            left = cheapest;
        }
        row[0] = i + 1;
    }
    row.last().copied().unwrap_or_default()
}

/// A broken rule, with the data that breaks it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The id of the lint.
    #[serde(rename = "rule")]
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

/// So many findings of one rule about one object are kept; of the others it is said how many there are.
pub const MOST_OF_ONE_RULE: usize = 5;

/// Collects findings for the rule that is being checked.
#[derive(Debug, Default)]
pub(super) struct Report {
    rule: Option<(&'static Lint, Severity)>,
    said: usize,
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
        let Some((lint, severity)) = self.rule else { return };
        self.said += 1;
        if self.said > MOST_OF_ONE_RULE {
            return;
        }
        let hint = hint.or_else(|| (!lint.mend.is_empty()).then(|| lint.mend.to_string()));
        self.findings.push(Finding { lint: lint.id, citation: lint.citation, severity, message, hint });
    }

    pub(super) fn begin(&mut self, lint: &'static Lint, severity: Severity) {
        self.rule = Some((lint, severity));
        self.said = 0;
    }

    pub(super) fn end(&mut self) {
        let more = self.said.saturating_sub(MOST_OF_ONE_RULE);
        if let Some(last) = self.findings.last_mut().filter(|_| more > 0) {
            last.message.push_str(&format!(", and {more} more like it"));
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_understood() {
        assert_eq!(near("crl-numbr").first(), Some(&"crl-number"));
        assert_eq!(near("serial-entrpy").first(), Some(&"serial-entropy"));
        assert!(near("weak").contains(&"signature-weak"));
        assert_eq!(near("zzzzzzzzzzzzzzz"), [""; 0]);
        assert_eq!(near(&"x".repeat(10_000)), [""; 0]);
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("abc", "")), (3, 3, 3));
    }
}
