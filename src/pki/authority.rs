//! The CAs of a PKI: their chains, how they stand, and their keys.

use super::Error;
use super::folder::Place;
use crate::disk::read;
use crate::issue::Issuer;
use crate::keys::{PrivateKey, SoftwareSigner};
use crate::model::{Handle, Timestamp};
use crate::store::{Authority, AuthorityId, Transaction};
use crate::x509::{Certificate, read_certificate};
use std::path::PathBuf;
use std::sync::Arc;

/// Key files are a few kilobytes.
pub(super) const MAX_KEY_BYTES: u64 = 64 << 10;

/// One CA generation with its certificate read.
#[derive(Debug, Clone)]
pub(super) struct Ca {
    pub authority: Authority,
    pub certificate: Certificate,
    /// Whether it is the newest generation of its handle.
    pub active: bool,
}

impl Ca {
    pub fn id(&self) -> AuthorityId {
        self.authority.id
    }

    pub fn handle(&self) -> &Handle {
        &self.authority.handle
    }

    pub fn is_root(&self) -> bool {
        self.authority.certificate.issuer == self.id()
    }
}

/// Every CA generation of a PKI.
#[derive(Debug, Clone, Default)]
pub(super) struct Cas(Vec<Ca>);

impl Cas {
    pub fn load(transaction: &dyn Transaction) -> Result<Self, Error> {
        let all = transaction.authorities()?;
        let newest = |h: &Handle| all.iter().filter(|a| a.handle == *h).map(|a| a.generation).max();
        let cas = all.iter().map(|a| {
            let certificate = read_certificate(&a.certificate.der)
                .map_err(|e| Error::Internal(format!("the certificate of `{}` cannot be read: {e}", a.handle)))?;
            Ok(Ca { active: newest(&a.handle) == Some(a.generation), certificate, authority: a.clone() })
        });
        cas.collect::<Result<_, Error>>().map(Cas)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Ca> {
        self.0.iter()
    }

    pub fn active(&self) -> impl Iterator<Item = &Ca> {
        self.0.iter().filter(|c| c.active)
    }

    pub fn named(&self, handle: &Handle) -> Option<&Ca> {
        self.active().find(|c| c.handle() == handle)
    }

    pub fn by_id(&self, id: AuthorityId) -> Option<&Ca> {
        self.0.iter().find(|c| c.id() == id)
    }

    /// The CA first, its root last.
    pub fn chain(&self, id: AuthorityId) -> Vec<&Ca> {
        let mut chain: Vec<&Ca> = Vec::new();
        let mut next = self.by_id(id);
        while let Some(ca) = next {
            chain.push(ca);
            // No CA stands twice in a chain: the inventory is a tree, and a damaged one must not hang us.
            let above = ca.authority.certificate.issuer;
            next = if chain.iter().any(|c| c.id() == above) { None } else { self.by_id(above) };
        }
        chain
    }

    /// Whether any generation of a CA issued another CA.
    pub fn issued_a_ca(&self, handle: &Handle) -> bool {
        self.0
            .iter()
            .any(|c| !c.is_root() && self.by_id(c.authority.certificate.issuer).is_some_and(|i| i.handle() == handle))
    }

    /// Why a CA cannot issue now; nothing when it can.
    pub fn problem(&self, id: AuthorityId, now: Timestamp) -> Option<String> {
        for ca in self.chain(id) {
            let record = &ca.authority.certificate;
            let who = if ca.id() == id { "it".into() } else { format!("`{}` above it", ca.handle()) };
            if record.revocation.is_some() {
                return Some(format!("{who} is revoked"));
            }
            if now > record.not_after {
                return Some(format!("{who} expired {}", record.not_after));
            }
            if now < record.not_before {
                return Some(format!("{who} is not valid before {}", record.not_before));
            }
        }
        None
    }

    /// How many more CAs may follow below this one, by every path length above; nothing when there is no limit.
    pub fn room_below(&self, id: AuthorityId) -> Option<u32> {
        let chain = self.chain(id);
        let limits = chain.iter().enumerate().filter_map(|(above, ca)| {
            let limit = ca.certificate.basic_constraints.and_then(|b| b.path_len)?;
            Some(limit.saturating_sub(u32::try_from(above).unwrap_or(u32::MAX)))
        });
        limits.min()
    }
}

impl Place {
    /// Where the key of a CA generation lies.
    pub(super) fn ca_key_path(&self, ca: &Ca) -> PathBuf {
        self.ca_generation_folder(ca).join("key.pem")
    }

    /// The folder of a CA generation.
    pub(super) fn ca_generation_folder(&self, ca: &Ca) -> PathBuf {
        let folder = self.ca_folder(ca.handle());
        if ca.active { folder } else { folder.join(format!("gen-{}", ca.authority.generation)) }
    }

    /// A CA ready to issue.
    pub(super) fn issuer(&self, cas: &Cas, id: AuthorityId) -> Result<Issuer, Error> {
        let ca = cas.by_id(id).ok_or_else(|| Error::Internal("an issuer that is not in the inventory".into()))?;
        if let Some(problem) = cas.problem(id, self.now()) {
            return Err(Error::cannot_issue(ca.handle(), problem));
        }
        self.issuer_with(cas, ca, self.ca_signer(ca)?)
    }

    /// A CA ready to issue, with a key that need not be in its place yet.
    pub(super) fn issuer_with(&self, cas: &Cas, ca: &Ca, signer: Arc<SoftwareSigner>) -> Result<Issuer, Error> {
        let unusable = |problem: String| Error::IssuerUnusable { issuer: ca.handle().to_string(), problem, hint: None };
        if let Some(problem) = cas.problem(ca.id(), self.now()) {
            return Err(unusable(problem));
        }
        let chain: Vec<&Certificate> = cas.chain(ca.id()).into_iter().map(|c| &c.certificate).collect();
        Issuer::from_inventory(&chain, Box::new(signer), self.now()).map_err(|e| unusable(e.to_string()))
    }
}

/// Reads a key file.
pub(super) fn read_key(path: &std::path::Path) -> Result<PrivateKey, Error> {
    let bytes = zeroize::Zeroizing::new(read(path, MAX_KEY_BYTES)?);
    PrivateKey::from_pem(&bytes).map_err(|source| Error::KeyFile { path: path.into(), source })
}
