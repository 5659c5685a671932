use crate::keys::{KeyDocument, KeyError};
use crate::x509::{Certificate, Crl, Csr, DerKind, X509Error};

/// One thing of a file.
#[derive(Debug)]
pub struct Found {
    /// Which one of the file's, from 1 on; what lies in a PKCS#7 bundle counts one by one.
    pub number: usize,
    /// The line on which its PEM block begins, from 1 on; nothing in DER.
    pub line: Option<usize>,
    /// The label of its PEM block; nothing in DER.
    pub label: Option<String>,
    /// Whether it lies in a PKCS#7 bundle.
    pub bundled: bool,
    /// The thing.
    pub object: Object,
}

/// What a thing is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Object {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// A CRL of version 1 or 2. Its entries are walked where they lie.
    Crl(Box<Crl>),
    /// A request for a certificate.
    Csr(Box<Csr>),
    /// A public key: its subjectPublicKeyInfo in DER.
    PublicKey(Vec<u8>),
    /// A private key, or why it is none that can be used here. An encrypted one is not opened.
    PrivateKey(Result<Box<KeyDocument>, KeyError>),
    /// A PKCS#7 bundle that carries neither certificates nor CRLs, by the number of its signers.
    EmptyPkcs7(usize),
    /// A PKCS#12 keystore, unopened.
    Pkcs12(Vec<u8>),
    /// Something well-formed that says nothing of interest: the parameters of a curve or of a key exchange.
    Parameters,
    /// Something that cannot be read.
    Unreadable {
        /// What it is or claims to be, where that can be told.
        kind: Option<DerKind>,
        /// Its DER, where there is some.
        der: Vec<u8>,
        /// Why it cannot be read.
        problem: Problem,
    },
}

/// Why a thing of a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A block that does not decode.
    #[error("its PEM is damaged: it has no end, another label at its end, or characters that are not base64")]
    Pem,
    /// Its structure is not what it should be.
    #[error(transparent)]
    Structure(#[from] X509Error),
    /// DER that is none of the structures known here.
    #[error("it is none of the structures that are known here")]
    Unknown,
    /// Its label promises something else.
    #[error("its label promises {promised}, and it holds {holds}")]
    Label {
        /// With its article.
        promised: &'static str,
        /// With its article.
        holds: &'static str,
    },
    /// It is larger than what is read.
    #[error("it has {length} bytes, and {limit} is the most that is read of {what}")]
    TooLarge {
        /// With its article.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The most that is read, in bytes.
        limit: usize,
    },
}
