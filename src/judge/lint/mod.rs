//! Rule by rule, what is wrong with the certificates and CRLs of a file: the table of [`crate::policy`] over each, and the
//! rules for which one has to see what stands above a certificate, or the whole file.
//!
//! [`lint_file`] takes what [`super::input::Objects`] finds and gives a [`LintReport`]. Issuers are looked for in the file
//! and among the issuers given beside it; what is not found is said, and the rules about it are left out.

mod path;
mod report;
mod run;
mod shelf;
mod whole;

pub use report::{LintCounts, LintNote, LintReport, LintRequest, LintedKind, LintedObject, ReportedFinding};
pub use run::{LintError, lint_file};

#[cfg(test)]
mod tests;
