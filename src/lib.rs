//! rootlet: a private certificate authority.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod disk;
pub mod issue;
pub mod judge;
pub mod keys;
pub mod model;
pub mod pki;
pub mod policy;
pub mod store;
pub mod x509;
