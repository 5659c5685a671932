//! Custody of keys: making, storing and using them; digests and random numbers. The only home of the crypto provider.

mod digest;
mod error;
mod private_key;
mod rsa_generation {
    pub(crate) fn generate(bits: usize) -> Result<zeroize::Zeroizing<Vec<u8>>, String> {
        use rsa::pkcs8::EncodePrivateKey;
        let mut r = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
        let k = rsa::RsaPrivateKey::new(&mut r, bits).map_err(|e| e.to_string())?;
        Ok(zeroize::Zeroizing::new(k.to_pkcs8_der().map_err(|e| e.to_string())?.as_bytes().to_vec()))
    }
}
mod signer;
mod verify;

pub use digest::{key_identifier, random_serial, sha256};
pub use error::KeyError;
pub use private_key::PrivateKey;
pub use signer::{Approved, Signer, SoftwareSigner};
pub use verify::verify_signature;
