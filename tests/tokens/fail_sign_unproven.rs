//! A CSR that only was read does not prove that its maker has the key: none is signed before that.
use rootlet::pki::{Pki, SignRequest};
use rootlet::x509::Csr;

fn sign(pki: &mut Pki, csr: &Csr, request: &SignRequest) {
    let _ = pki.sign(csr, request);
}

fn main() {
    let _ = sign;
}
