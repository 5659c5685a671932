//! Our own judgment of certification paths (RFC 5280 6): links, roles, path lengths, names, purposes, signatures.
//!
//! [`check_draft`] asks before a key is used what every validator will ask after; [`check_chain`] asks it of a
//! certificate that is signed. [`Checked`] keeps what does not change from one draft to the next.
//! Everything works on facts that were read; nothing here parses DER. [`inspect`] tells what is in a file, and
//! [`presented()`] asks a TLS server for its certificates; neither judges.

mod chain;
mod domain;
mod endpoint;
mod forest;
mod form;
mod host;
pub mod input;
pub mod inspect;
mod key_fit;
mod limits;
mod link;
pub mod lint;
mod name_violation;
mod names;
mod presented;
mod shown;
mod subtree;
pub mod verify;
mod violation;

pub use chain::{Checked, check_chain, check_draft};
pub use endpoint::Endpoint;
pub use forest::{Forest, Link, MAX_CERTIFICATES, Stand, Standing, Top};
pub use host::matches_host;
pub use name_violation::{NameViolation, PermittedList};
pub use names::check_names;
pub use presented::{ClientCertificate, Presented, PresentedError, presented};
pub use violation::Violation;

#[cfg(test)]
mod tests;
