//! The files of a certificate: names, bytes, and who may read them.

use crate::disk::{Access, encode_pem};
use crate::model::Layout;
use crate::x509::{Certificate, Crl};
use zeroize::Zeroizing;

/// What a combined file is called before it has a leaf's name.
pub(super) const COMBINED: &str = "combined file";

/// One file to be written.
pub(super) struct OutFile {
    pub name: &'static str,
    pub bytes: Zeroizing<Vec<u8>>,
    pub access: Access,
}

impl OutFile {
    pub fn public(name: &'static str, text: String) -> Self {
        OutFile { name, bytes: Zeroizing::new(text.into_bytes()), access: Access::Public }
    }

    pub fn key(key_pem: &[u8]) -> Self {
        OutFile { name: "key.pem", bytes: Zeroizing::new(key_pem.to_vec()), access: Access::Private }
    }
}

pub(super) fn certificate_pem(certificate: &Certificate) -> String {
    encode_pem("CERTIFICATE", certificate.der())
}

pub(super) fn crl_pem(crl: &Crl) -> String {
    encode_pem("X509 CRL", crl.der())
}

fn pems<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    certificates.into_iter().map(certificate_pem).collect()
}

/// What stands above a leaf, in PEM: encoded once for all that one CA issues.
#[derive(Debug, Clone, Default)]
pub(super) struct Above {
    /// Its issuer and those above it, without the root; empty below a root.
    intermediates: String,
    root: String,
}

impl Above {
    /// Of a chain with the issuer first and the root last.
    pub fn of(chain: &[Certificate]) -> Self {
        let (root, intermediates) = chain.split_last().map_or((None, &[][..]), |(r, i)| (Some(r), i));
        Above { intermediates: pems(intermediates), root: pems(root) }
    }

    /// The root alone.
    pub fn root_file(&self) -> OutFile {
        OutFile::public("ca.pem", self.root.clone())
    }
}

/// A leaf's files. Without intermediates there is no `chain.pem`, and no `key.pem` where the key is somebody else's.
pub(super) fn leaf_files(leaf: &Certificate, key_pem: Option<&[u8]>, above: &Above) -> Vec<OutFile> {
    let own = certificate_pem(leaf);
    let fullchain = [own.as_str(), &above.intermediates].concat();
    let mut files = vec![OutFile::public("cert.pem", own)];
    files.extend(key_pem.map(OutFile::key));
    if !above.intermediates.is_empty() {
        files.push(OutFile::public("chain.pem", above.intermediates.clone()));
    }
    files.push(OutFile::public("fullchain.pem", fullchain));
    files.push(above.root_file());
    files
}

/// All of a leaf in one file: the key, the certificate and the intermediates.
pub(super) fn combined_file(leaf: &Certificate, key_pem: &[u8], above: &Above) -> OutFile {
    let public = [certificate_pem(leaf).as_str(), &above.intermediates].concat();
    // One piece of memory, so that no copy of the key stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(key_pem.len() + public.len()));
    bytes.extend_from_slice(key_pem);
    bytes.extend_from_slice(public.as_bytes());
    OutFile { name: COMBINED, bytes, access: Access::Private }
}

/// What a leaf's files are in a layout. Where the key is somebody else's there is no combined file.
pub(super) fn files_in(layout: Layout, leaf: &Certificate, key_pem: Option<&[u8]>, above: &Above) -> Vec<OutFile> {
    match (layout, key_pem) {
        (Layout::Combined, Some(key_pem)) => vec![combined_file(leaf, key_pem, above)],
        _ => leaf_files(leaf, key_pem, above),
    }
}

/// A CA's `chain.pem`: itself and those above it, without the root unless it is the root.
pub(super) fn chain_pem(chain: &[Certificate]) -> String {
    pems(if chain.len() > 1 { &chain[..chain.len() - 1] } else { chain })
}

/// A CA's files. `chain` is the CA itself first and the root last; `chain.pem` leaves the root out unless it is the CA.
pub(super) fn ca_files(key_pem: Option<&[u8]>, chain: &[Certificate], crl: Option<&Crl>) -> Vec<OutFile> {
    let mut files =
        vec![OutFile::public("cert.pem", pems(chain.first())), OutFile::public("chain.pem", chain_pem(chain))];
    files.extend(key_pem.map(OutFile::key));
    if let Some(crl) = crl {
        files.push(OutFile::public("crl.pem", crl_pem(crl)));
    }
    files
}
