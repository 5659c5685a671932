//! Nor can it be had from the library's own constructor.
use rootlet::keys::{Approved, Signer, SoftwareSigner};

fn sign(signer: &SoftwareSigner, bytes: &[u8]) -> Vec<u8> {
    signer.sign(Approved::after_rehearsal(bytes)).unwrap()
}

fn main() {
    let _ = sign;
}
