use super::authority::Cas;
use super::crl_file::read_crl;
use super::{Error, Pki};
use crate::store::{Access, Revocation};
use crate::x509::{Certificate, Crl};
use std::path::PathBuf;

/// What a PKI trusts, and what it knows to lie in between.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The roots that are not revoked, whenever they end: a question may be about the past.
    pub roots: Vec<Certificate>,
    /// The other CAs, revoked ones included: CRLs say so.
    pub others: Vec<Certificate>,
    /// The newest CRL of each CA, with its file.
    pub crls: Vec<(PathBuf, Crl)>,
    /// What is recorded of CAs whose CRL does not list the newest revocations: the CA's key (SubjectPublicKeyInfo in DER) and
    /// every revocation by it.
    pub recorded: Vec<(Vec<u8>, Revocation)>,
}

impl Pki {
    /// Collects what a verifier of this PKI trusts. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Disk`], [`Error::File`] for a CRL that cannot be read.
    pub fn trust(&mut self, with_crls: bool) -> Result<Trust, Error> {
        let transaction = self.store.begin(Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let mut trust = Trust::default();
        for ca in cas.iter() {
            let revoked = ca.authority.certificate.revocation.is_some();
            if !ca.is_root() {
                trust.others.push(ca.certificate.clone());
            } else if !revoked {
                trust.roots.push(ca.certificate.clone());
            }
            if with_crls {
                let path = self.place.ca_generation_folder(ca).join("crl.pem");
                trust.crls.extend(read_crl(&path)?.map(|crl| (path, crl)));
                let listed = transaction.last_crl(ca.id())?.map_or(0, |crl| crl.last_event);
                if transaction.last_event(ca.id())? > listed {
                    let key = &ca.certificate.public_key;
                    transaction.revoked(ca.id(), &mut |one| trust.recorded.push((key.clone(), one)))?;
                }
            }
        }
        Ok(trust)
    }
}
