//! A token knows its issuer: no other one can be named.
use rootlet::issue::{CertificateBody, IssueError, Issuer, Linted};

fn with_another(token: Linted<'_, CertificateBody>, another: &Issuer) -> Result<(), IssueError> {
    token.sign(another)?;
    Ok(())
}

fn main() {
    let _ = with_another;
}
