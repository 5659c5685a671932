//! A token does not outlive its issuer.
use rootlet::issue::{CertificateBody, CertificateDraft, Issuer, Linted};

fn keep(issuer: Issuer, draft: CertificateDraft) -> Linted<'static, CertificateBody> {
    issuer.rehearse(draft).unwrap()
}

fn main() {
    let _ = keep;
}
