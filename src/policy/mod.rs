//! What a certificate must be: the rules of each profile, and the lints that guard them.
//!
//! [`rules`] says what a profile puts into a certificate. [`lint_certificate`] and [`lint_crl`] say, rule by rule, what
//! is wrong with one; every rule is a row of one table ([`all`]) with a stable id, a citation and a severity.

mod lint;
mod lints;
mod profile;
#[cfg(test)]
mod tests;

pub use lint::{Finding, Lint, LintContext, Severity, all, lint_certificate, lint_crl};
pub use profile::{NameRule, Rules, SubjectRule, rules};
