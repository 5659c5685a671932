//! A signer does not take bytes.
use rootlet::keys::{Signer, SoftwareSigner};

fn sign(signer: &SoftwareSigner, bytes: &[u8]) -> Vec<u8> {
    signer.sign(bytes).unwrap()
}

fn main() {
    let _ = sign;
}
