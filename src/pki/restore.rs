//! Writing again what was recorded: certificates and chains, never a key.

use super::authority::Cas;
use super::held::chain_of;
use super::issuing::read;
use super::material::{ca_files, leaf_files};
use super::{Error, Pki};
use crate::disk::{Access, exists};
use crate::model::Handle;
use crate::store;
use std::path::PathBuf;

impl Pki {
    /// Brings the certificate files of a handle in line with the inventory. Returns the folders that were delivered to;
    /// nothing when the newest certificate waits to be released: its files and its key come together, by who made it.
    pub(super) fn restore(&mut self, handle: &Handle) -> Result<Option<Vec<PathBuf>>, Error> {
        let not_found = || Error::NotFound { target: handle.to_string(), similar: Vec::new() };
        let is_ca = self.read()?.holder(handle)?.ok_or_else(not_found)?.profile.is_ca();
        // The lock first, then the inventory: the newest certificate is the one that is written.
        let lock = if is_ca { self.lock_public()? } else { self.lock_leaves()? };
        let (record, cas) = {
            let transaction = self.store.begin(store::Access::Read)?;
            let holder = transaction.holder(handle)?.ok_or_else(not_found)?;
            (transaction.certificate(holder.current)?.ok_or_else(not_found)?, Cas::load(&*transaction)?)
        };
        if self.place.is_pending(&record.serial) {
            return Ok(None);
        }
        let (folder, files) = match cas.named(handle) {
            Some(ca) => (self.place.ca_generation_folder(ca), ca_files(None, &chain_of(&cas, ca), None)),
            None => {
                let chain: Vec<_> = cas.chain(record.issuer).into_iter().map(|c| c.certificate.clone()).collect();
                (self.place.leaf_folder(handle), leaf_files(&read(&record)?, None, &super::material::Above::of(&chain)))
            }
        };
        let disk = self.place.disk;
        if !exists(&folder) {
            disk.create_folder_all(&folder, Access::Private)?;
        }
        for file in &files {
            disk.replace_if_changed(&folder.join(file.name), &file.bytes, file.access)?;
        }
        drop(lock);
        if is_ca {
            self.publish()?;
            return Ok(Some(Vec::new()));
        }
        self.deliver(handle).map(Some)
    }
}
