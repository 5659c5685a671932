use super::IssueError;
use crate::keys::{Approved, Signer, verify_signature};
use crate::x509::{Csr, CsrFields, SignatureAlgorithm, assemble_csr, encode_csr_info};

/// Signs a request with the key that it is about, which proves that whoever asks has it (RFC 2986 4.2).
///
/// # Errors
/// [`IssueError::NotAsRehearsed`] when the request names another key, or what was signed is not what was encoded;
/// [`IssueError::Key`] when the key cannot sign.
pub fn sign_csr(fields: &CsrFields, signer: &dyn Signer) -> Result<Csr, IssueError> {
    if fields.public_key != signer.public_key() {
        return Err(IssueError::NotAsRehearsed);
    }
    // certificationRequestInfo starts with a version of 0: it can be taken for no certificate and no CRL.
    let info = encode_csr_info(fields);
    let algorithm = SignatureAlgorithm::of_key(signer.algorithm());
    let signature = signer.sign(Approved::after_rehearsal(&info))?;
    let csr = Csr::read(&assemble_csr(&info, algorithm, &signature))?;
    if csr.info() != info || csr.subject.der != fields.subject || csr.public_key != fields.public_key {
        return Err(IssueError::NotAsRehearsed);
    }
    check_possession(&csr)?;
    Ok(csr)
}

/// Checks that a request was signed with the key that it names.
///
/// # Errors
/// [`IssueError::Key`] when it was not, or the signature cannot be checked here.
pub fn check_possession(csr: &Csr) -> Result<(), IssueError> {
    Ok(verify_signature(&csr.public_key, &csr.signature_algorithm, csr.info(), csr.signature())?)
}
