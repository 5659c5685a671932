//! The constructors that the library uses are not anybody's.
use rootlet::issue::{CertificateBody, Issuer, Linted};

fn forge(issuer: &Issuer, body: CertificateBody) -> Linted<'_, CertificateBody> {
    Linted::new(issuer, body, Vec::new())
}

fn main() {
    let _ = forge;
}
