//! CRL files: read whole when they are small or strange, piece by piece when they are what we wrote.

use super::Error;
use super::publish::MAX_CRL_BYTES;
use crate::disk::{PemReader, copy_file, decode_pem, exists, first_pem_body, read_optional, write_pem};
use crate::keys::{Sha256, verify_signature};
use crate::store::CrlRecord;
use crate::x509::{Certificate, Crl};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The label of a CRL in PEM (RFC 7468 6).
pub(super) const LABEL: &str = "X509 CRL";
/// What is read at once.
const PIECE: usize = 48 << 10;

/// The CRL in a file, if this CA signed it.
pub(super) fn valid_crl(path: &Path, ca: &Certificate) -> Option<Crl> {
    read_crl(path).ok()?.filter(|crl| is_of(crl, ca))
}

/// As [`valid_crl`], of a file in DER.
pub(super) fn valid_der_crl(path: &Path, ca: &Certificate) -> Option<Crl> {
    let bytes = read_optional(path, MAX_CRL_BYTES).ok()??;
    Crl::read(bytes).ok().filter(|crl| is_of(crl, ca))
}

fn is_of(crl: &Crl, ca: &Certificate) -> bool {
    let signed = || verify_signature(&ca.public_key, &crl.outer_algorithm, crl.tbs(), crl.signature());
    crl.issuer.der == ca.subject.der && signed().is_ok()
}

/// Reads a CRL file in PEM; nothing when there is none.
pub(super) fn read_crl(path: &Path) -> Result<Option<Crl>, Error> {
    let Some(bytes) = read_optional(path, MAX_CRL_BYTES)? else { return Ok(None) };
    let malformed = |problem: String| Error::File {
        path: path.into(),
        source: crate::x509::X509Error::Malformed { what: "the CRL", problem },
    };
    // Our own files hold one block: read in one pass, whatever their size.
    if let Ok(mut der) = first_pem_body(&bytes, LABEL) {
        let der = std::mem::take(&mut *der);
        return Crl::read(der).map(Some).map_err(|source| Error::File { path: path.into(), source });
    }
    let blocks = decode_pem(&bytes).map_err(|e| malformed(e.to_string()))?;
    let block = blocks.into_iter().find(|b| b.label == LABEL).ok_or_else(|| malformed("no CRL in it".into()))?;
    Crl::read(block.der).map(Some).map_err(|source| Error::File { path: path.into(), source })
}

/// The CRL in a file as we write them, piece by piece, and its digest at the end.
pub(super) struct HashedCrl {
    pem: PemReader<std::fs::File>,
    hash: Sha256,
}

impl HashedCrl {
    /// Nothing when there is no such file.
    pub fn open(path: &Path) -> Option<Self> {
        Some(HashedCrl { pem: PemReader::open(path, LABEL).ok()??, hash: Sha256::new() })
    }

    /// SHA-256 of what was read.
    pub fn finish(self) -> [u8; 32] {
        self.hash.finish()
    }
}

impl Read for HashedCrl {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.pem.read(into)?;
        self.hash.update(&into[..count]);
        Ok(count)
    }
}

/// Whether a file holds the CRL that was recorded, in the form in which we write it.
pub(super) fn holds_recorded(path: &Path, record: &CrlRecord) -> bool {
    let Some(mut file) = HashedCrl::open(path) else { return false };
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return file.finish() == record.sha256,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// A CRL that may be published.
#[derive(Debug)]
pub(super) enum GoodCrl {
    /// A file that holds the one that was recorded, in the form in which we write it.
    Recorded(PathBuf),
    /// Another one that its CA signed.
    Signed(Box<Crl>),
}

impl GoodCrl {
    /// The CRL in a file, if it is the one that was recorded or its CA signed it. A `fresh` one was put there by this
    /// command a moment ago, and the lock under which that is done is held again: it is not read to its end for this.
    pub fn in_file(path: PathBuf, record: Option<&CrlRecord>, fresh: &[CrlRecord], ca: &Certificate) -> Option<Self> {
        if record.is_some_and(|r| fresh.contains(r) && exists(&path) || holds_recorded(&path, r)) {
            return Some(GoodCrl::Recorded(path));
        }
        valid_crl(&path, ca).map(|crl| GoodCrl::Signed(Box::new(crl)))
    }

    /// Writes it in PEM.
    pub fn write_pem(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            GoodCrl::Recorded(path) => copy_file(path, out),
            GoodCrl::Signed(crl) => write_pem(out, LABEL, crl.der()),
        }
    }

    /// Writes it in DER.
    pub fn write_der(&self, out: &mut dyn Write) -> io::Result<()> {
        let path = match self {
            GoodCrl::Recorded(path) => path,
            GoodCrl::Signed(crl) => return out.write_all(crl.der()),
        };
        let opened = PemReader::open(path, LABEL).map_err(io::Error::other)?;
        let mut der = opened.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut piece = vec![0; PIECE];
        loop {
            match der.read(&mut piece)? {
                0 => return Ok(()),
                count => out.write_all(&piece[..count])?,
            }
        }
    }
}
