//! The token of a CRL is not the token of a certificate.
use rootlet::issue::{CertificateBody, CrlBody, Linted};

fn confuse<'i>(token: Linted<'i, CrlBody>) -> Linted<'i, CertificateBody> {
    token
}

fn main() {
    let _ = confuse;
}
