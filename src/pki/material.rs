//! The files of a certificate: names, bytes, and who may read them.

use crate::disk::{Access, encode_pem};
use crate::x509::{Certificate, Crl};
use zeroize::Zeroizing;

/// One file to be written.
pub(super) struct OutFile {
    pub name: &'static str,
    pub bytes: Zeroizing<Vec<u8>>,
    pub access: Access,
}

impl OutFile {
    fn public(name: &'static str, text: String) -> Self {
        OutFile { name, bytes: Zeroizing::new(text.into_bytes()), access: Access::Public }
    }

    fn key(key_pem: &[u8]) -> Self {
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
#[derive(Debug, Clone)]
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
    files.push(OutFile::public("ca.pem", above.root.clone()));
    files
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
