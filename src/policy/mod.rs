//! What a certificate must be: the rules of each profile, and the lints that guard them.
//!
//! [`rules`] says what a profile puts into a certificate. [`lint_certificate`] and [`lint_crl`] say, rule by rule, what
//! is wrong with one; every rule is a row of one table ([`all`]) with a stable id, a citation, a severity and what mends
//! it. [`RuleSet`] names what single platforms ask for.

mod judgment;
mod lint;
mod lints;
mod profile;
mod set;
#[cfg(test)]
mod tests;

pub use judgment::{CrlContext, LintContext, Signed, lint_certificate, lint_crl};
pub use lint::{Counts, Finding, Judged, Lint, MOST_OF_ONE_RULE, Severity, all, find, groups, near};
pub use lints::chain as chain_rules;
pub use profile::{NameRule, Rules, SubjectRule, rules};
pub use set::{Audience, RuleSet};
