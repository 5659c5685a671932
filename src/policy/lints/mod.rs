//! The table of rules, one file for each thing that is judged.

mod address;
mod alt_name;
mod basic;
mod constraint;
mod crl;
mod crl_entry;
mod crl_view;
mod identifier;
mod issuer;
mod key;
mod name;
mod platform;
mod profile;
mod root;
mod signature;
mod spiffe;
mod usage;
mod validity;
mod view;

use super::lint::{Check, Lint, Report};
pub(super) use crl_view::{CrlView, EntryCheck};
pub(super) use view::View;

/// Every rule. Tests walk through it: a rule without a certificate that breaks it does not stay.
pub(super) static TABLE: &[&[Lint]] = &[
    basic::LINTS,
    validity::LINTS,
    name::LINTS,
    key::LINTS,
    signature::LINTS,
    identifier::LINTS,
    usage::LINTS,
    constraint::LINTS,
    alt_name::LINTS,
    address::LINTS,
    issuer::LINTS,
    root::LINTS,
    spiffe::LINTS,
    platform::LINTS,
    profile::LINTS,
    crl::LINTS,
    crl_entry::LINTS,
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

/// Octets in lower-case hexadecimal.
fn hex(octets: &[u8]) -> String {
    octets.iter().map(|b| format!("{b:02x}")).collect()
}
