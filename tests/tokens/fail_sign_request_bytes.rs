//! What a key signs about itself is encoded by the library: it takes no bytes that could be something else.
use rootlet::issue::sign_csr;
use rootlet::keys::Signer;

fn sign(info: &[u8], signer: &dyn Signer) {
    let _ = sign_csr(info, signer);
}

fn main() {
    let _ = sign;
}
