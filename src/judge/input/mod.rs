//! What is in a file that somebody gave: certificates, CRLs, requests, keys, bundles, in PEM or DER, of any quality.
//!
//! [`Objects`] walks a file and yields one [`Found`] after the other, so that a bundle of a hundred thousand certificates
//! is never held as facts at once. Nothing ends the walk: what cannot be read is [`Object::Unreadable`] and says why, and
//! the next block is looked at.

mod found;
mod objects;

pub use found::{Found, Object, Problem};
pub(super) use objects::read_object;
pub use objects::{InputError, MAX_INPUT, MAX_OBJECT, Objects};

#[cfg(test)]
mod tests;
