//! Custody of keys: making, storing and using them; digests and random numbers. The only home of the crypto provider.

mod container;
mod digest;
mod encryption;
mod error;
mod foreign;
mod forms;
mod key_document;
mod pkcs12;
mod pkcs12_kdf;
mod pkcs12_open;
mod pkcs12_scheme;
mod private_key;
mod public_half;
mod refusal;
mod rsa_generation;
mod signer;
mod verify;

pub use digest::{Sha256, key_identifier, random_serial, sha1, sha256};
pub use encryption::{EncryptedKey, PBKDF2_ITERATIONS, Protection};
pub use error::KeyError;
pub use foreign::check_public_key;
pub use key_document::KeyDocument;
pub use pkcs12::{Encryption, Keystore, KeystoreMac, KeystorePart};
pub use pkcs12_open::KeystoreContents;
pub use private_key::PrivateKey;
pub use refusal::KeyRefusal;
pub use signer::{Approved, Signer, SoftwareSigner, Unsigning};
pub use verify::verify_signature;
