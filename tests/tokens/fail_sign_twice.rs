//! Signing consumes the token.
use rootlet::issue::{CertificateDraft, IssueError, Issuer};

fn twice(issuer: &Issuer, draft: CertificateDraft) -> Result<(), IssueError> {
    let linted = issuer.rehearse(draft)?;
    linted.sign()?;
    linted.sign()?;
    Ok(())
}

fn main() {
    let _ = twice;
}
