//! The table of rules, one file for each thing that is judged.

mod address;
mod alt_name;
mod basic;
pub mod chain;
mod constraint;
mod crl;
mod crl_entry;
mod crl_scope;
mod crl_view;
mod extension;
mod identifier;
mod issuer;
mod key;
mod name;
mod platform;
mod profile;
mod root;
mod signature;
mod signed;
mod spiffe;
mod usage;
mod validity;
mod view;

use super::lint::{Check, Lint, Report};
use crate::model::Subject;
pub(super) use crl_view::{CrlView, EntryCheck};
use std::collections::HashSet;
pub(super) use view::View;

/// Rules about one thing.
pub(super) struct Group {
    pub about: &'static str,
    pub lints: &'static [Lint],
}

const fn group(about: &'static str, lints: &'static [Lint]) -> Group {
    Group { about, lints }
}

/// Every rule. Tests walk through it: a rule without a certificate that breaks it does not stay.
pub(super) static TABLE: &[Group] = &[
    group("Certificates: structure, serial number, extensions as such", basic::LINTS),
    group("Certificates: single extensions and how they are encoded", extension::LINTS),
    group("Certificates: validity", validity::LINTS),
    group("Certificates: subject and issuer", name::LINTS),
    group("Certificates: public key", key::LINTS),
    group("Certificates: signature algorithm", signature::LINTS),
    group("Certificates: signature", signed::LINTS),
    group("Certificates: key identifiers", identifier::LINTS),
    group("Certificates: CA or not, key usage, purposes", usage::LINTS),
    group("Certificates: name constraints", constraint::LINTS),
    group("Certificates: subjectAltName", alt_name::LINTS),
    group("Certificates: addresses", address::LINTS),
    group("Certificates: what the issuer's own certificate allows", issuer::LINTS),
    group("Certificates: roots", root::LINTS),
    group("Certificates: SPIFFE", spiffe::LINTS),
    group("Certificates: platforms", platform::LINTS),
    group("Certificates: profiles of rootlet (with `--profile`)", profile::LINTS),
    group("CRLs: headers", crl::LINTS),
    group("CRLs: scope and deltas", crl_scope::LINTS),
    group("CRLs: entries", crl_entry::LINTS),
    group("Files: what certificates and CRLs are to one another", chain::LINTS),
];

/// A rule for certificates; an error unless it is said otherwise.
const fn rule(
    id: &'static str,
    citation: &'static str,
    about: &'static str,
    check: fn(&View<'_>, &mut Report),
) -> Lint {
    Lint::new(id, citation, about, Check::Certificate(check))
}

/// A rule for CRLs as a whole.
const fn crl_rule(
    id: &'static str,
    citation: &'static str,
    about: &'static str,
    check: fn(&CrlView<'_>, &mut Report),
) -> Lint {
    Lint::new(id, citation, about, Check::Crl(check))
}

/// So many octets or characters of somebody's text are shown.
const MOST_SHOWN: usize = 128;

/// Octets in lower-case hexadecimal, cut where they would fill a page.
fn hex(octets: &[u8]) -> String {
    let shown: String = octets.iter().take(MOST_SHOWN / 2).map(|b| format!("{b:02x}")).collect();
    if octets.len() > MOST_SHOWN / 2 { shown + "…" } else { shown }
}

/// Somebody's text in a sentence, cut where it would fill a page. It is escaped where it is printed.
struct Cut<'a>(&'a str);

impl std::fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.char_indices().nth(MOST_SHOWN) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// A name in a sentence.
fn shown(subject: &Subject) -> String {
    Cut(&subject.to_string()).to_string()
}

/// Those of `all` that stand there for a second time, in order.
fn repeated<T: std::hash::Hash + Eq + Copy>(all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let mut seen = HashSet::new();
    all.filter(move |one| !seen.insert(*one))
}
