//! rootlet: a private certificate authority.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod disk;
pub mod keys;
pub mod model;
pub mod x509;
