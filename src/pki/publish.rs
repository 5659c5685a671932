//! `public/`: everything that may be published and nothing else, always as the inventory says.

use super::authority::Cas;
use super::crl::valid_crl;
use super::material::{certificate_pem, chain_pem, crl_pem};
use super::release::CA_FILES;
use super::{Error, Pki};
use crate::disk::{Access, Lock, exists};
use crate::store::{AuthorityId, KeyPlace};

/// Names and bytes.
pub(super) type Files = Vec<(String, Vec<u8>)>;

/// The largest CRL file that is published.
pub(super) const MAX_CRL_BYTES: u64 = 1 << 30;

impl Pki {
    /// Takes the lock under which CA folders and `public/` change. Nobody waits for it inside a transaction.
    pub(super) fn lock_public(&self) -> Result<Lock, Error> {
        let folder = self.place.public_folder();
        self.place.disk.create_folder_all(&folder, Access::Public)?;
        Ok(Lock::exclusive(&folder)?)
    }

    /// Brings `public/`, and the chains in CA folders, in line with the inventory and the CRLs on disk.
    ///
    /// Several processes may do so at once: the lock orders them, and each reads the inventory after it has the lock, so
    /// that the last one writes the newest state.
    ///
    /// Returns the CAs that should have a CRL there and have no good one.
    pub(super) fn publish(&mut self) -> Result<Vec<AuthorityId>, Error> {
        let folder = self.place.public_folder();
        let _lock = self.lock_public()?;
        // Read before the state is: what changes from here on stays unpublished.
        let change = self.read()?.unpublished()?;
        let (files, missing) = self.published()?;
        for (name, bytes) in files {
            self.place.disk.replace_if_changed(&folder.join(&name), &bytes, Access::Public)?;
        }
        self.place.disk.sweep(&folder, |_| true)?;
        self.refresh_chains()?;
        if let Some(change) = change {
            let transaction = self.write()?;
            transaction.mark_published(change)?;
            transaction.commit()?;
        }
        Ok(missing)
    }

    /// A CA that was renewed changes the chains of the CAs below it. Of a CA whose key was never here the whole folder is
    /// what the inventory says.
    fn refresh_chains(&mut self) -> Result<(), Error> {
        let cas = Cas::load(&*self.read()?)?;
        for ca in cas.iter() {
            let folder = self.place.ca_generation_folder(ca);
            if ca.authority.key_place == KeyPlace::Foreign {
                self.place.disk.create_folder_all(&folder, Access::Private)?;
                let pem = certificate_pem(&ca.certificate);
                self.place.disk.replace_if_changed(&folder.join("cert.pem"), pem.as_bytes(), Access::Public)?;
            }
            // Without its folder it is being released, or lost: doctor tells.
            if exists(&folder) {
                self.place.disk.sweep(&folder, |name| CA_FILES.contains(&name))?;
                let chain: Vec<_> = cas.chain(ca.id()).into_iter().map(|c| c.certificate.clone()).collect();
                let path = folder.join("chain.pem");
                self.place.disk.replace_if_changed(&path, chain_pem(&chain).as_bytes(), Access::Public)?;
            }
        }
        Ok(())
    }

    /// What `public/` holds: each CA's certificate and CRL in DER, all live roots, and the newest CRL of every CA. A CRL
    /// file that its CA did not sign is not published.
    pub(super) fn published(&mut self) -> Result<(Files, Vec<AuthorityId>), Error> {
        let cas = Cas::load(&*self.read()?)?;
        let now = self.place.now();
        let (mut roots, mut crls) = (String::new(), String::new());
        let (mut files, mut missing) = (Files::new(), Vec::new());
        for ca in cas.iter() {
            let expired = now > ca.certificate.not_after;
            if ca.is_root() && !expired {
                roots.push_str(&certificate_pem(&ca.certificate));
            }
            let crl = valid_crl(&self.place.ca_generation_folder(ca).join("crl.pem"), &ca.certificate);
            if ca.active {
                files.push((format!("{}.crt", ca.handle()), ca.certificate.der().to_vec()));
                files.extend(crl.as_ref().map(|c| (format!("{}.crl", ca.handle()), c.der().to_vec())));
            }
            match crl {
                _ if expired => {}
                Some(crl) => crls.push_str(&crl_pem(&crl)),
                None => missing.push(ca.id()),
            }
        }
        files.extend([("roots.pem".to_string(), roots.into_bytes()), ("crls.pem".to_string(), crls.into_bytes())]);
        Ok((files, missing))
    }
}
