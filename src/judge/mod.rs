//! Our own judgment of certification paths (RFC 5280 6): links, roles, path lengths, names, purposes, signatures.
//!
//! [`check_draft`] asks before a key is used what every validator will ask after; [`check_chain`] asks it of a
//! certificate that is signed. [`Checked`] keeps what does not change from one draft to the next.
//! Everything works on facts that were read; nothing here parses DER.

mod chain;
mod domain;
mod form;
mod host;
pub mod input;
mod limits;
mod link;
pub mod lint;
mod name_violation;
mod names;
mod shown;
mod subtree;
pub mod verify;
mod violation;

pub use chain::{Checked, check_chain, check_draft};
pub use host::matches_host;
pub use name_violation::{NameViolation, PermittedList};
pub use names::check_names;
pub use violation::Violation;

#[cfg(test)]
mod tests;
