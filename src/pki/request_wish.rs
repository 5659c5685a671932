use super::ca_request;
use super::folder::Place;
use super::issuing::{check_holder, check_key_is_free, sorted};
use super::leaf_request::{self, LeafKey};
use super::request::{CsrRequest, kind_of, unreadable};
use super::view::{hex, name_view};
use super::{Again, Difference, Error, KeyFile};
use crate::issue::Warning;
use crate::keys::sha256;
use crate::model::{ExtendedKeyUsage, Handle, Identity, KeyAlgorithm, Profile, SanSet, Subject};
use crate::store::{CertificateRequest, Transaction};
use crate::x509::{Csr, NameDer};
use std::sync::Arc;

/// What is wished for, with nothing left open but the key.
pub(super) struct Wish {
    pub handle: Handle,
    pub identity: Identity,
    pub profile: Profile,
    pub subject: Subject,
    pub names: SanSet,
    pub purposes: Vec<ExtendedKeyUsage>,
    pub algorithm: Option<KeyAlgorithm>,
    pub key_file: Option<Arc<KeyFile>>,
    pub encrypt_key: bool,
    pub again: Again,
    pub warnings: Vec<Warning>,
}

impl Wish {
    pub fn new(request: &CsrRequest, place: &Place) -> Result<Self, Error> {
        match request {
            CsrRequest::Leaf { request: leaf, encrypt_key } => {
                let (algorithm, key_file) = match &leaf.key {
                    LeafKey::New(algorithm) => (*algorithm, None),
                    LeafKey::Given(file) => (None, Some(file.clone())),
                    LeafKey::Foreign(_) => {
                        return Err(Error::usage(
                            "only who has a key can make a request for it",
                            "give the key itself",
                        ));
                    }
                };
                let encrypt_key = *encrypt_key;
                let wanted = leaf_request::Wanted::new(std::borrow::Cow::Borrowed(leaf), place)?;
                let (subject, names, purposes) = (wanted.subject, wanted.names, wanted.purposes);
                let (profile, identity, again) = (leaf.profile, leaf.identity.clone(), leaf.again);
                let (handle, warnings) = (wanted.handle, wanted.warnings);
                Ok(Wish {
                    handle,
                    identity,
                    profile,
                    subject,
                    names,
                    purposes,
                    algorithm,
                    key_file,
                    encrypt_key,
                    again,
                    warnings,
                })
            }
            CsrRequest::Authority(ca) => {
                if ca.profile == Profile::Root {
                    return Err(Error::usage("nobody signs a root but itself", "use `rootlet root`"));
                }
                let wanted = ca_request::Wanted::new(ca, &place.config)?;
                Ok(Wish {
                    handle: wanted.handle,
                    identity: wanted.identity,
                    profile: ca.profile,
                    subject: wanted.subject,
                    names: wanted.names,
                    purposes: ca.purposes.clone(),
                    algorithm: ca.key,
                    key_file: ca.key_file.clone(),
                    encrypt_key: ca.encrypt_key,
                    again: ca.again,
                    warnings: Vec::new(),
                })
            }
        }
    }

    /// That the handle is free for it, and its key, where it has one already.
    pub fn check(&self, transaction: &dyn Transaction) -> Result<(), Error> {
        check_holder(transaction, &self.handle, &self.identity.key(), self.profile)?;
        match &self.key_file {
            Some(file) => {
                let ca = self.profile.is_ca().then_some(&self.handle);
                check_key_is_free(transaction, file.public_key(), ca)
            }
            None => Ok(()),
        }
    }

    pub fn differences(&self, request: &CertificateRequest, csr: &Csr) -> Result<Vec<Difference>, Error> {
        let mut all = Vec::new();
        let mut compare = |field, is: String, wished: String| {
            if is != wished {
                all.push(Difference { field, is, wished });
            }
        };
        compare("profile", request.profile.to_string(), self.profile.to_string());
        if csr.subject.der != NameDer::of(&self.subject) {
            compare("subject", csr.subject.subject.to_string(), self.subject.to_string());
        }
        let is = csr.names.iter().map(name_view).map(|n| format!("{}:{}", n.kind, n.value));
        compare("names", sorted(is), sorted(self.names.iter().map(|n| format!("{}:{n}", n.kind()))));
        let purposes = csr.purposes().map_err(|e| unreadable(request, &e))?;
        let texts = |all: &[ExtendedKeyUsage]| sorted(all.iter().map(ToString::to_string));
        compare("eku", texts(&purposes), texts(&self.purposes));
        if let Some(key) = self.algorithm {
            compare("key", kind_of(csr), key.to_string());
        }
        if let Some(file) = &self.key_file {
            compare("public-key", hex(&sha256(&csr.public_key)), hex(&sha256(file.public_key())));
        }
        Ok(all)
    }
}
