//! Custody of keys: making, storing and using them; digests and random numbers. The only home of the crypto provider.

mod digest;
mod error;
mod private_key;
mod rsa_generation;
mod signer;
mod verify;

pub use digest::{key_identifier, random_serial, sha256};
pub use error::KeyError;
pub use private_key::PrivateKey;
pub use signer::{Approved, Signer, SoftwareSigner};
pub use verify::verify_signature;
