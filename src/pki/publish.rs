//! `public/`: everything that may be published and nothing else, always as the inventory says.

use super::authority::Cas;
use super::crl_file::GoodCrl;
use super::material::{certificate_pem, chain_pem};
use super::release::CA_FILES;
use super::{Error, Pki};
use crate::disk::{Access, Lock, exists, holds};
use crate::store::{self, AuthorityId, CrlRecord, KeyPlace};
use std::io::{self, Write};
use std::path::Path;

/// A file of `public/`.
pub(super) struct PublicFile {
    /// Its name.
    pub name: String,
    content: Content,
}

/// CRLs may be large: they are copied, never held.
enum Content {
    Bytes(Vec<u8>),
    /// The CRL of this place in the list, in DER.
    Crl(usize),
    /// Those of all CAs that are not expired, in PEM.
    Crls,
}

/// What `public/` is to hold.
pub(super) struct Published {
    /// The files.
    pub files: Vec<PublicFile>,
    crls: Vec<(GoodCrl, bool)>,
    /// The CAs that should have a CRL there and have no good one.
    pub missing: Vec<AuthorityId>,
}

impl Published {
    fn write(&self, file: &PublicFile, out: &mut dyn Write) -> io::Result<()> {
        match &file.content {
            Content::Bytes(bytes) => out.write_all(bytes),
            Content::Crl(i) => self.crls[*i].0.write_der(out),
            Content::Crls => self.crls.iter().filter(|c| c.1).try_for_each(|c| c.0.write_pem(out)),
        }
    }

    /// Whether a file of `public/` is as it should be.
    pub fn is_in(&self, folder: &Path, file: &PublicFile) -> bool {
        holds(&folder.join(&file.name), &|out| self.write(file, out))
    }
}

/// The largest CRL file that is published.
pub(super) const MAX_CRL_BYTES: u64 = 1 << 30;

impl Pki {
    /// Takes the lock under which CA folders and `public/` change: that of `ca/`, which nobody else can open. Nobody waits
    /// for it inside a transaction.
    pub(super) fn lock_public(&self) -> Result<Lock, Error> {
        let folder = self.place.root.join(super::folder::CA);
        self.place.disk.ensure_folder(&folder, Access::Private)?;
        Ok(Lock::exclusive(&folder)?)
    }

    /// Brings `public/`, and the chains in CA folders, in line with the inventory and the CRLs on disk.
    ///
    /// Several processes may do so at once: the lock orders them, and each reads the inventory after it has the lock, so
    /// that the last one writes the newest state.
    ///
    /// Returns the CAs that should have a CRL there and have no good one.
    pub(super) fn publish(&mut self) -> Result<Vec<AuthorityId>, Error> {
        self.publish_fresh(&[])
    }

    /// As [`Pki::publish`], after this command wrote these CRLs.
    pub(super) fn publish_fresh(&mut self, fresh: &[CrlRecord]) -> Result<Vec<AuthorityId>, Error> {
        let folder = self.place.public_folder();
        let _lock = self.lock_public()?;
        self.place.disk.ensure_folder(&folder, Access::Public)?;
        // Read before the state is: what changes from here on stays unpublished.
        let change = self.read()?.unpublished()?;
        let published = self.published(fresh)?;
        for file in &published.files {
            let path = folder.join(&file.name);
            self.place.disk.replace_streamed_if_changed(&path, &|out| published.write(file, out), Access::Public)?;
        }
        self.place.disk.sweep(&folder, |_| true)?;
        self.refresh_chains()?;
        if let Some(change) = change {
            let transaction = self.write()?;
            transaction.mark_published(change)?;
            transaction.commit()?;
        }
        Ok(published.missing)
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
    pub(super) fn published(&mut self, fresh: &[CrlRecord]) -> Result<Published, Error> {
        let transaction = self.store.begin(store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let now = self.place.now();
        let mut roots = String::new();
        let (mut files, mut crls, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        let mut add = |name: String, content| files.push(PublicFile { name, content });
        for ca in cas.iter() {
            let expired = now > ca.certificate.not_after;
            if ca.is_root() && !expired {
                roots.push_str(&certificate_pem(&ca.certificate));
            }
            if ca.active {
                add(format!("{}.crt", ca.handle()), Content::Bytes(ca.certificate.der().to_vec()));
            }
            let path = self.place.ca_generation_folder(ca).join("crl.pem");
            match GoodCrl::in_file(path, transaction.last_crl(ca.id())?.as_ref(), fresh, &ca.certificate) {
                Some(crl) => {
                    if ca.active {
                        add(format!("{}.crl", ca.handle()), Content::Crl(crls.len()));
                    }
                    crls.push((crl, !expired));
                }
                None if !expired => missing.push(ca.id()),
                None => {}
            }
        }
        add("roots.pem".into(), Content::Bytes(roots.into_bytes()));
        add("crls.pem".into(), Content::Crls);
        Ok(Published { files, crls, missing })
    }
}
