//! Writing again what was recorded: certificates and chains, never a key.

use super::authority::Cas;
use super::folder::Place;
use super::held::chain_of;
use super::home::Home;
use super::issuing::read;
use super::issuing::renewed_key;
use super::material::{Above, ca_files, files_in, leaf_files};
use super::pending::PendingLeaf;
use super::{Error, Pki};
use crate::disk::{Access, exists};
use crate::model::{Handle, Layout};
use crate::store::{self, Record};
use std::path::PathBuf;

impl Pki {
    /// Brings the certificate files of a handle in line with the inventory. Returns the folders that were delivered to;
    /// nothing when the newest certificate waits to be released: its files and its key come together, by who made it.
    ///
    /// A leaf's files come to lie as `layout` says, and as they do when nothing is said; its key goes along.
    pub(super) fn restore(&mut self, handle: &Handle, layout: Option<Layout>) -> Result<Option<Vec<PathBuf>>, Error> {
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
                let (above, home) = (Above::of(&chain), self.place.home(handle));
                let layout = layout.unwrap_or(home.layout);
                if (layout, home.layout) != (Layout::Folder, Layout::Folder) {
                    self.place.settle(&record, &above, &home, layout)?;
                    drop(lock);
                    return self.deliver(handle).map(Some);
                }
                if let Some(left) = home.set_aside() {
                    self.place.disk.remove(&left)?;
                }
                (home.path().to_path_buf(), leaf_files(&read(&record)?, None, &above))
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

impl Place {
    /// Writes a leaf's files anew in a layout, with the key that is there; what is as it should be stays. The caller holds the
    /// lock of the leaves.
    pub(super) fn settle(&self, record: &Record, above: &Above, home: &Home, layout: Layout) -> Result<(), Error> {
        home.check_way(layout)?;
        let key = home.key_pem()?;
        if key.is_some() || layout == Layout::Combined {
            // One that is missing cannot be read either.
            renewed_key(key.as_deref().map_or(&[], Vec::as_slice), &home.key_path(), record)?;
        }
        let files = files_in(layout, &read(record)?, key.as_deref().map(Vec::as_slice), above);
        if home.layout == layout
            && let [file] = &files[..]
            && self.disk.is_as_wished(home.path(), &file.bytes, file.access.file_mode())
        {
            return home.remains().map_or(Ok(()), |folder| self.clear_folder(folder));
        }
        let pending = PendingLeaf::create_again(self, &record.serial, &files)?;
        self.release_locked(&record.handle, true, &pending.path())?;
        pending.close(self)
    }
}
