//! The key of an issuer cannot be taken out of it.
use rootlet::issue::Issuer;
use rootlet::keys::Signer;

fn steal(issuer: Issuer) -> Box<dyn Signer> {
    issuer.signer
}

fn main() {
    let _ = steal;
}
