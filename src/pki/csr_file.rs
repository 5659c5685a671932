//! A CSR that somebody brings: read, and proven to be made by who has its key.

use super::Error;
use super::request::MAX_CSR_BYTES;
use crate::disk::decode_pem;
use crate::issue::check_possession;
use crate::keys::check_public_key;
use crate::x509::Csr;
use std::path::{Path, PathBuf};

/// What the PEM of a request is called: by the standard, and by older tools (RFC 7468 7).
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
/// The most octets of a request in DER: rustls-webpki, the second verifier, reads certificates of 65,535 octets, and what is
/// issued has a little more in it than the names that were asked for. Thousands of names fit.
const MAX_DER: usize = 48 << 10;
/// The first octet of a SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// A CSR with a signature of its own key, which is one that is certified here. Only [`read_csr`] makes one.
///
/// ```compile_fail,E0451
/// # use rootlet::{pki::ProvenCsr, x509::Csr};
/// fn unproven(csr: Csr) -> ProvenCsr {
///     ProvenCsr { csr, source: "a.csr".into() }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ProvenCsr {
    csr: Csr,
    source: PathBuf,
}

impl ProvenCsr {
    /// What it wishes for.
    pub fn csr(&self) -> &Csr {
        &self.csr
    }

    pub(super) fn refuse(&self, problem: impl ToString) -> Error {
        Error::Csr { path: self.source.clone(), problem: problem.to_string() }
    }
}

/// Reads a CSR in PEM or DER, and checks its key and that whoever made it has the key. `source` says where it came from.
///
/// # Errors
/// [`Error::Csr`] when it is none, is too large, its key is of no kind that is certified, or its signature is not of its
/// key.
pub fn read_csr(bytes: &[u8], source: &Path) -> Result<ProvenCsr, Error> {
    let refuse = |problem: String| Error::Csr { path: source.into(), problem };
    if bytes.len() as u64 > MAX_CSR_BYTES {
        return Err(refuse(format!("it is larger than {MAX_CSR_BYTES} bytes")));
    }
    let der = match bytes.first() {
        None => return Err(refuse("it is empty".into())),
        Some(&SEQUENCE) => bytes.to_vec(),
        Some(_) => from_pem(bytes).map_err(refuse)?,
    };
    if der.len() > MAX_DER {
        return Err(refuse(format!("it has {} bytes in DER, and {MAX_DER} is the most", der.len())));
    }
    let csr = Csr::read(&der).map_err(|e| refuse(e.to_string()))?;
    // A signature of a key that is not known here cannot be checked: the reason is the key.
    check_public_key(&csr.public_key).map_err(|e| refuse(format!("its key is not certified: {e}")))?;
    check_possession(&csr).map_err(|e| refuse(format!("it does not prove that its maker has the key: {e}")))?;
    Ok(ProvenCsr { csr, source: source.into() })
}

fn from_pem(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let blocks = decode_pem(bytes).map_err(|e| e.to_string())?;
    let mut requests = blocks.into_iter().filter(|b| LABELS.contains(&b.label.as_str()));
    match (requests.next(), requests.next()) {
        (Some(one), None) => Ok(one.der),
        (Some(_), Some(_)) => Err("it holds several requests".into()),
        (None, _) => Err("it holds no `CERTIFICATE REQUEST`".into()),
    }
}
