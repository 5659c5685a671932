use super::item::{Content, Item, UnreadableReport};
use super::key::KeystoreReport;
use super::spiffe_bundle::{self, BundleRefusal};
use crate::judge::input::{InputError, Object, Objects, read_object};
use crate::keys::{KeyDocument, KeyError, KeyRefusal, Keystore, KeystoreContents};
use crate::model::Secret;
use crate::x509::DerKind;
use std::collections::VecDeque;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Passphrases are stretched at great cost: of so many keys and keystores in one file it is tried.
const MAX_OPENED: usize = 16;
const KEYSTORE: &str = "a PKCS#12 keystore";

/// Why there is nothing to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Neither PEM nor DER, empty, or too large.
    #[error(transparent)]
    Input(#[from] InputError),
    /// JSON that is no SPIFFE bundle.
    #[error(transparent)]
    Bundle(#[from] BundleRefusal),
}

/// Everything in a file, one after the other: what [`Objects`] finds, what is in keystores and SPIFFE bundles.
#[derive(Debug)]
pub struct Contents {
    objects: Option<Objects>,
    waiting: VecDeque<Item>,
    passphrase: Option<Arc<Secret>>,
    number: usize,
    opened: usize,
}

impl Contents {
    /// Looks at a file. A passphrase is tried on encrypted keys and keystores; without one, keystores are tried with none
    /// and with the empty one, as many truststores have it.
    ///
    /// # Errors
    /// [`OpenError`] when there is nothing in it that could be read.
    pub fn new(file: Vec<u8>, passphrase: Option<Arc<Secret>>) -> Result<Self, OpenError> {
        let mut contents = Contents { objects: None, waiting: VecDeque::new(), passphrase, number: 0, opened: 0 };
        if spiffe_bundle::looks_like_json(&file) {
            let (bundle, anchors) = spiffe_bundle::read(&file)?;
            contents.wait(None, None, Content::SpiffeBundle(bundle));
            for (der, domain) in anchors {
                let object = read_object(der, DerKind::Certificate);
                contents.wait(Some("spiffe-bundle"), domain, Content::Object(object));
            }
        } else {
            contents.objects = Some(Objects::new(file)?);
        }
        Ok(contents)
    }

    /// What a server presented, in DER.
    pub fn presented(certificates: Vec<Vec<u8>>) -> Self {
        let mut contents = Contents { objects: None, waiting: VecDeque::new(), passphrase: None, number: 0, opened: 0 };
        for der in certificates {
            contents.wait(Some("tls"), None, Content::Object(read_object(der, DerKind::Certificate)));
        }
        contents
    }

    /// Whether a passphrase was given and nothing so far was of a kind that has one.
    pub fn has_unused_passphrase(&self) -> bool {
        self.passphrase.is_some() && self.opened == 0
    }

    fn wait(&mut self, within: Option<&'static str>, name: Option<String>, content: Content) {
        self.number += 1;
        self.waiting.push_back(Item { number: self.number, line: None, within, name, content });
    }

    fn open_keystore(&mut self, der: Vec<u8>) -> Content {
        let der = Zeroizing::new(der);
        let keystore = match Keystore::read(&der) {
            Ok(keystore) => keystore,
            Err(refusal) => {
                let (claims, bytes) = (Some(KEYSTORE), der.len());
                return Content::Unreadable(UnreadableReport { claims, problem: words(&refusal), bytes });
            }
        };
        let mut report = KeystoreReport::closed(&keystore);
        self.opened += 1;
        if self.opened > MAX_OPENED {
            report.problem = self.passphrase.as_ref().map(|_| KeyError::TooMany { most: MAX_OPENED }.to_string());
            return Content::Keystore(report);
        }
        let opened = match &self.passphrase {
            Some(passphrase) => keystore.open(Some(passphrase)),
            // Some programs write a keystore without any passphrase, and some with the empty one.
            None => match keystore.open(Some(&Secret::new(Vec::new()))) {
                Err(KeyError::WrongPassphrase) => keystore.open(None),
                other => other,
            },
        };
        match opened {
            Ok(contents) => {
                report.open = true;
                report.empty_passphrase = self.passphrase.is_none() && contents.proven;
                report.others = contents.others;
                self.take_keystore(contents);
            }
            Err(KeyError::WrongPassphrase) if self.passphrase.is_none() => self.take_keystore(keystore.visible()),
            Err(KeyError::Refused(_)) if self.passphrase.is_none() => {
                // Nobody asked for it to be opened: how it is encrypted stands with its parts.
                self.take_keystore(keystore.visible());
            }
            Err(KeyError::Refused(refusal)) => report.problem = Some(words(&refusal)),
            Err(problem) => report.problem = Some(problem.to_string()),
        }
        Content::Keystore(report)
    }

    fn take_keystore(&mut self, contents: KeystoreContents) {
        let within = Some("pkcs12");
        for (key, name) in contents.keys {
            self.wait(within, name, Content::Object(Object::PrivateKey(key.map(Box::new))));
        }
        for (der, name) in contents.certificates {
            self.wait(within, name, Content::Object(read_object(der, DerKind::Certificate)));
        }
        for der in contents.crls {
            self.wait(within, None, Content::Object(read_object(der, DerKind::Crl)));
        }
    }

    fn open_key(&mut self, object: Object) -> Content {
        if let (Object::PrivateKey(Ok(key)), Some(passphrase)) = (&object, &self.passphrase)
            && let KeyDocument::Encrypted(key) = key.as_ref()
        {
            self.opened += 1;
            let too_many = self.opened > MAX_OPENED;
            let opened = if too_many { Err(KeyError::TooMany { most: MAX_OPENED }) } else { key.unlock(passphrase) };
            return Content::OpenedKey(object, opened);
        }
        Content::Object(object)
    }
}

/// What is wrong with a keystore, which is no key.
fn words(refusal: &KeyRefusal) -> String {
    match refusal {
        KeyRefusal::Damaged(problem) => problem.clone(),
        other => other.to_string(),
    }
}

impl Iterator for Contents {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.waiting.pop_front() {
            return Some(item);
        }
        let found = self.objects.as_mut()?.next()?;
        self.number += 1;
        let number = self.number;
        let content = match found.object {
            Object::Pkcs12(der) => self.open_keystore(der),
            object @ Object::PrivateKey(_) => self.open_key(object),
            object => Content::Object(object),
        };
        let within = found.bundled.then_some("pkcs7");
        Some(Item { number, line: found.line, within, name: None, content })
    }
}
