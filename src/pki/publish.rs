//! `public/`: everything that may be published and nothing else, always as the inventory says.

use super::authority::Cas;
use super::{Error, Pki};
use crate::disk::{Access, Lock, decode_pem, entries, read_optional};

/// The largest CRL file that is published.
pub(super) const MAX_CRL_BYTES: u64 = 1 << 30;

impl Pki {
    /// Brings `public/` in line with the inventory and the CRLs on disk.
    ///
    /// Several processes may do so at once: the lock orders them, and each reads the inventory after it has the lock, so
    /// that the last one writes the newest state.
    pub(super) fn publish(&mut self) -> Result<(), Error> {
        let folder = self.place.public_folder();
        self.place.disk.create_folder_all(&folder, Access::Public)?;
        let lock = Lock::exclusive(&folder)?;
        for (name, bytes) in self.published()? {
            self.place.disk.replace_if_changed(&folder.join(&name), &bytes, Access::Public)?;
        }
        for left in entries(&folder)?.into_iter().filter(|n| n.starts_with(".new-")) {
            self.place.disk.remove(&folder.join(left))?;
        }
        // The flag falls while the lock is held: who raises it later publishes later.
        let transaction = self.write()?;
        transaction.set_public_stale(false)?;
        transaction.commit()?;
        drop(lock);
        Ok(())
    }

    /// What `public/` holds: each CA's certificate and CRL in DER, all live roots, and the newest CRL of every CA.
    pub(super) fn published(&mut self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let cas = Cas::load(&*self.read()?)?;
        let now = self.place.now();
        let (mut roots, mut crls) = (Vec::new(), Vec::new());
        let mut files = Vec::new();
        for ca in cas.iter() {
            let expired = now > ca.certificate.not_after;
            if ca.is_root() && !expired {
                roots.extend_from_slice(super::material::certificate_pem(&ca.certificate).as_bytes());
            }
            let crl = read_optional(&self.place.ca_generation_folder(ca).join("crl.pem"), MAX_CRL_BYTES)?;
            if ca.active {
                files.push((format!("{}.crt", ca.handle()), ca.certificate.der().to_vec()));
                let der = crl.as_deref().and_then(|pem| decode_pem(pem).ok()).and_then(|b| b.into_iter().next());
                files.extend(der.map(|block| (format!("{}.crl", ca.handle()), block.der)));
            }
            if !expired && let Some(pem) = crl {
                crls.extend_from_slice(&pem);
            }
        }
        files.extend([("roots.pem".to_string(), roots), ("crls.pem".to_string(), crls)]);
        Ok(files)
    }
}
