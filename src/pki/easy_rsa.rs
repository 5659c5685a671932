//! The folder of an easy-rsa PKI: what lies where.

use super::Error;
use super::import_error::ImportError;
use crate::disk::{decode_pem, entries, exists, read};
use crate::issue::Warning;
use crate::x509::{Certificate, read_certificate};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// easy-rsa writes certificates with their text in front: a few kilobytes.
const MAX_CERTIFICATE_BYTES: u64 = 1 << 20;
/// Where certificates lie, the newest of each name last.
const FOLDERS: [&str; 7] = [
    "revoked/certs_by_serial",
    "renewed/certs_by_serial",
    "expired/certs_by_serial",
    "certs_by_serial",
    "renewed/issued",
    "expired",
    CURRENT,
];
const CURRENT: &str = "issued";
const INDEX: &str = "index.txt";

/// An easy-rsa PKI.
#[derive(Debug)]
pub(super) struct EasyRsa {
    folder: PathBuf,
    /// The CA's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// openssl's index.
    pub index: PathBuf,
    /// The CRL, if one was ever made.
    pub crl: Option<PathBuf>,
}

/// A certificate that was found, and whether it lies where the newest of each name are.
#[derive(Debug)]
pub(super) struct Issued {
    pub certificate: Certificate,
    pub current: bool,
}

impl EasyRsa {
    /// The PKI in a folder, or in its folder `pki`.
    pub fn at(folder: &Path) -> Result<Self, Error> {
        let inner = folder.join("pki");
        let folder = if !exists(&folder.join(INDEX)) && exists(&inner.join(INDEX)) { inner } else { folder.into() };
        for missing in [INDEX, "ca.crt"] {
            if !exists(&folder.join(missing)) {
                return Err(ImportError::NotEasyRsa { path: folder, missing }.into());
            }
        }
        Ok(EasyRsa {
            certificate: folder.join("ca.crt"),
            key: folder.join("private/ca.key"),
            index: folder.join(INDEX),
            crl: Some(folder.join("crl.pem")).filter(|p| exists(p)),
            folder,
        })
    }

    /// Every certificate that lies there, each once: the older ones of a name before the newest.
    pub fn issued(&self, warnings: &mut Vec<Warning>) -> Result<Vec<Issued>, Error> {
        let current = self.folder.join(CURRENT);
        // What is current also lies under its serial: it is told by the folder of its name.
        let mut newest = HashSet::new();
        for name in certificate_files(&current)? {
            newest.extend(certificate(&current.join(name), &mut Vec::new())?.map(|c| c.der().to_vec()));
        }
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for folder in FOLDERS.map(|f| self.folder.join(f)) {
            for name in certificate_files(&folder)? {
                let Some(certificate) = certificate(&folder.join(name), warnings)? else { continue };
                if seen.insert(certificate.der().to_vec()) {
                    let current = newest.contains(certificate.der());
                    all.push(Issued { certificate, current });
                }
            }
        }
        all.sort_by_key(|i| (i.current, i.certificate.not_before, i.certificate.serial));
        Ok(all)
    }
}

fn certificate_files(folder: &Path) -> Result<Vec<String>, Error> {
    let ours = |n: &String| n.ends_with(".crt") || n.ends_with(".pem");
    Ok(entries(folder)?.into_iter().filter(ours).collect())
}

fn certificate(path: &Path, warnings: &mut Vec<Warning>) -> Result<Option<Certificate>, Error> {
    let bytes = read(path, MAX_CERTIFICATE_BYTES)?;
    let blocks = decode_pem(&bytes).unwrap_or_default();
    let first = blocks.into_iter().find(|b| b.label == "CERTIFICATE");
    let certificate = first.and_then(|b| read_certificate(&b.der).ok());
    if certificate.is_none() {
        let text = format!("`{}` has no certificate that can be read: it is left out", path.display());
        warnings.push(Warning::new("not-recorded", text));
    }
    Ok(certificate)
}
