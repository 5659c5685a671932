//! The way that must compile, or the others prove nothing: rehearse, sign, take; also over threads.
use rootlet::issue::{CertificateDraft, CrlDraft, IssueError, Issuer};
use rootlet::x509::{Certificate, Crl};

fn certificates(issuer: &Issuer, drafts: Vec<CertificateDraft>) -> Vec<Result<Certificate, IssueError>> {
    std::thread::scope(|scope| {
        let one = |draft| scope.spawn(move || Ok(issuer.rehearse(draft)?.sign()?.certificate().clone()));
        let running: Vec<_> = drafts.into_iter().map(one).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn crl(issuer: &Issuer, draft: CrlDraft) -> Result<Crl, IssueError> {
    Ok(issuer.rehearse_crl(draft, Default::default())?.sign()?.into_output())
}

fn main() {
    let _ = (certificates, crl);
}
