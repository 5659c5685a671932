use super::spiffe_bundle::BundleReport;
use super::{CertificateReport, CrlReport, CsrReport, KeyReport, KeystoreReport};
use crate::judge::input::Object;
use crate::keys::{KeyError, PrivateKey};
use crate::model::{SoughtSerial, Timestamp};
use serde::Serialize;

/// One thing of what was given.
#[derive(Debug)]
pub struct Item {
    /// Which one, from 1 on.
    pub number: usize,
    /// The line on which its PEM block begins, from 1 on.
    pub line: Option<usize>,
    /// What it lies in: `pkcs7`, `pkcs12`, `spiffe-bundle`, `tls` (presented by a server).
    pub within: Option<&'static str>,
    /// The name that what it lies in gives it: a keystore's friendly name, a trust domain.
    pub name: Option<String>,
    /// The thing.
    pub content: Content,
}

/// What a thing is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// Something that [`crate::judge::input`] read.
    Object(Object),
    /// A private key that was encrypted, and what a passphrase made of it.
    OpenedKey(Object, Result<PrivateKey, KeyError>),
    /// A keystore; what is in it follows.
    Keystore(KeystoreReport),
    /// A SPIFFE bundle; what is in it follows.
    SpiffeBundle(BundleReport),
    /// Something that cannot be read.
    Unreadable(UnreadableReport),
}

/// Why something cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableReport {
    /// What it is or claims to be, with its article.
    pub claims: Option<&'static str>,
    /// Why it cannot be read.
    pub problem: String,
    /// How many bytes of it there are.
    pub bytes: usize,
}

/// A thing as people and scripts see it.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// `certificate`, `crl`, `csr`, `public-key`, `private-key`, `pkcs7`, `pkcs12`, `spiffe-bundle`, `parameters`,
    /// `unreadable`.
    pub kind: &'static str,
    /// Which one, from 1 on.
    pub number: usize,
    /// The line on which its PEM block begins.
    pub line: Option<usize>,
    /// What it lies in.
    pub within: Option<&'static str>,
    /// The name that what it lies in gives it.
    pub name: Option<&'a str>,
    /// What it says.
    #[serde(flatten)]
    pub body: Body<'a>,
}

/// What a thing says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Body<'a> {
    /// A certificate.
    Certificate(Box<CertificateReport>),
    /// A CRL.
    Crl(Box<CrlReport<'a>>),
    /// A request.
    Csr(Box<CsrReport>),
    /// A public or private key.
    Key(KeyReport),
    /// A PKCS#7 bundle that carries neither certificates nor CRLs.
    EmptyPkcs7 {
        /// How many signed it.
        signers: usize,
    },
    /// A keystore.
    Keystore(&'a KeystoreReport),
    /// A SPIFFE bundle.
    SpiffeBundle(&'a BundleReport),
    /// Something that says nothing of interest.
    Parameters {},
    /// Something that cannot be read.
    Unreadable(UnreadableReport),
}

impl Report<'_> {
    /// Whether some of it could not be read, or not be opened with the passphrase that was given.
    pub fn is_damaged(&self) -> bool {
        match &self.body {
            Body::Unreadable(_) => true,
            Body::Key(key) => key.is_damaged,
            Body::Crl(crl) => crl.problem.is_some(),
            Body::Keystore(keystore) => keystore.problem.is_some(),
            _ => false,
        }
    }
}

impl Item {
    /// Its kind, as in [`Report::kind`].
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Keystore(_) => "pkcs12",
            Content::SpiffeBundle(_) => "spiffe-bundle",
            Content::Unreadable(_) => "unreadable",
            Content::Object(object) | Content::OpenedKey(object, _) => match object {
                Object::Certificate(_) => "certificate",
                Object::Crl(_) => "crl",
                Object::Csr(_) => "csr",
                Object::PublicKey(_) => "public-key",
                Object::PrivateKey(_) => "private-key",
                Object::EmptyPkcs7(_) => "pkcs7",
                Object::Pkcs12(_) => "pkcs12",
                Object::Parameters => "parameters",
                Object::Unreadable { .. } => "unreadable",
            },
        }
    }
}

/// What a thing says at a second. In CRLs `wanted` is looked for.
pub fn report<'a>(item: &'a Item, now: Timestamp, wanted: Option<&SoughtSerial>) -> Report<'a> {
    let body = match &item.content {
        Content::Keystore(report) => Body::Keystore(report),
        Content::SpiffeBundle(report) => Body::SpiffeBundle(report),
        Content::Unreadable(report) => Body::Unreadable(report.clone()),
        Content::OpenedKey(Object::PrivateKey(key), opened) => Body::Key(KeyReport::private(key, Some(opened))),
        Content::Object(object) | Content::OpenedKey(object, _) => match object {
            Object::Certificate(c) => Body::Certificate(Box::new(CertificateReport::new(c, now))),
            Object::Crl(crl) => Body::Crl(Box::new(CrlReport::new(crl, now, wanted))),
            Object::Csr(csr) => Body::Csr(Box::new(CsrReport::new(csr))),
            Object::PublicKey(spki) => Body::Key(KeyReport::public(spki)),
            Object::PrivateKey(key) => Body::Key(KeyReport::private(key, None)),
            Object::EmptyPkcs7(signers) => Body::EmptyPkcs7 { signers: *signers },
            Object::Parameters => Body::Parameters {},
            Object::Pkcs12(der) => Body::Unreadable(UnreadableReport {
                claims: Some("a PKCS#12 keystore"),
                problem: "it was not opened".into(),
                bytes: der.len(),
            }),
            Object::Unreadable { kind, der, problem } => Body::Unreadable(UnreadableReport {
                claims: kind.map(|k| k.with_article()),
                problem: problem.to_string(),
                bytes: der.len(),
            }),
        },
    };
    let Item { number, line, within, name, .. } = item;
    Report { kind: item.kind(), number: *number, line: *line, within: *within, name: name.as_deref(), body }
}
