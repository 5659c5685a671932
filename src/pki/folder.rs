use super::keyring::Keyring;
use super::{Config, Error};
use crate::disk::{Access, Disk, DiskError, Lock, exists};
use crate::keys;
use crate::model::{Clock, Handle, SystemClock, Timestamp};
use crate::store::{self, SqliteStore, Store, Transaction};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const INVENTORY: &str = "inventory.db";
pub(super) const PUBLIC: &str = "public";
pub(super) const CA: &str = "ca";
pub(super) const CERTS: &str = "certs";
pub(super) const PENDING: &str = "pending";
pub(super) const REQUESTS: &str = "requests";

/// An open PKI folder.
pub struct Pki {
    /// Shared with the threads that make leaves.
    pub(super) place: Arc<Place>,
    pub(super) store: Box<dyn Store>,
}

/// A PKI folder without its inventory: where things are, how they are written, what the defaults are.
pub(super) struct Place {
    pub root: PathBuf,
    pub disk: Disk,
    pub config: Config,
    pub clock: Box<dyn Clock>,
    pub keyring: Keyring,
}

impl std::fmt::Debug for Pki {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pki({})", self.place.root.display())
    }
}

impl Pki {
    /// Opens a PKI that exists.
    ///
    /// # Errors
    /// [`Error::NoPki`], [`Error::Config`], [`Error::Store`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let root = absolute(folder)?;
        let inventory = root.join(INVENTORY);
        if !exists(&inventory) {
            check_nothing_issued(&root)?;
            if !exists(&inventory) {
                return Err(Error::NoPki { path: folder.into() });
            }
        }
        // An empty file is a PKI that is just being made, or one whose inventory was lost.
        if inventory.metadata().is_ok_and(|m| m.len() == 0) {
            check_nothing_issued(&root)?;
        }
        let store = Box::new(SqliteStore::open(&inventory)?);
        Ok(Pki { place: Arc::new(Place::at(root)?), store })
    }

    /// Whether a folder holds a PKI.
    pub fn exists(folder: &Path) -> bool {
        exists(&folder.join(INVENTORY))
    }

    /// Opens a PKI, creating it where there is none. A folder that holds something else is refused.
    ///
    /// # Errors
    /// [`Error::NotAPki`], and as [`Pki::open`].
    pub fn open_or_create(folder: &Path) -> Result<Self, Error> {
        if !Self::exists(folder) {
            Self::create(folder)?;
        }
        Self::open(folder)
    }

    /// Refuses a folder that holds something else than a PKI.
    pub(super) fn check_free(folder: &Path) -> Result<(), Error> {
        if Self::exists(folder) || !exists(folder) {
            return Ok(());
        }
        if !folder.is_dir() {
            return Err(Error::NotAPki { path: folder.into() });
        }
        // What a creation that died, or one that runs beside us, may have left: nothing of it is lost by going on.
        let ours = [PUBLIC, CA, CERTS, PENDING, REQUESTS, super::config::FILE];
        let ours = |n: &str| ours.contains(&n) || n.starts_with(INVENTORY) || n.starts_with(".new-");
        let foreign = crate::disk::entries(folder)?.into_iter().any(|n| !ours(&n));
        if foreign {
            return Err(Error::NotAPki { path: folder.into() });
        }
        check_nothing_issued(folder)
    }

    fn create(folder: &Path) -> Result<(), Error> {
        Self::check_free(folder)?;
        Disk::following(folder.parent().unwrap_or(folder)).create_folder_all(folder, Access::Public)?;
        let root = absolute(folder)?;
        let disk = Disk::following(&root);
        // Not the PKI folder itself: everybody may open that, and hold a lock on it.
        disk.ensure_folder(&root.join(CA), Access::Private)?;
        let _lock = Lock::exclusive(&root.join(CA))?;
        if Self::exists(folder) {
            // Another command was faster.
            return Ok(());
        }
        disk.sweep(&root, |name| name == super::config::FILE)?;
        for (name, access) in
            [(PUBLIC, Access::Public), (CA, Access::Private), (CERTS, Access::Private), (PENDING, Access::Private)]
        {
            disk.create_folder_all(&root.join(name), access)?;
        }
        Config::write_starter(&root, &disk)?;
        // Last, because it makes the folder a PKI. Its mode is set before SQLite opens it; SQLite's own files follow it.
        match disk.create(&root.join(INVENTORY), b"", Access::Private) {
            Err(e) if e.kind() == Some(io::ErrorKind::AlreadyExists) => Ok(()),
            other => Ok(other?),
        }
    }

    /// The same PKI with another clock.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        if let Some(place) = Arc::get_mut(&mut self.place) {
            place.clock = Box::new(clock);
        }
        self
    }

    /// The PKI folder, absolute.
    pub fn root(&self) -> &Path {
        &self.place.root
    }

    /// Its defaults.
    pub fn config(&self) -> &Config {
        &self.place.config
    }

    /// The present second by this PKI's clock.
    pub fn now(&self) -> Timestamp {
        self.place.now()
    }

    /// The handle of a name as it was typed.
    pub fn handle_of(name: &str) -> Handle {
        Handle::derive(name, keys::sha256)
    }

    pub(super) fn read(&mut self) -> Result<Box<dyn Transaction + '_>, Error> {
        Ok(self.store.begin(store::Access::Read)?)
    }

    pub(super) fn write(&mut self) -> Result<Box<dyn Transaction + '_>, Error> {
        Ok(self.store.begin(store::Access::Write)?)
    }
}

impl Place {
    fn at(root: PathBuf) -> Result<Self, Error> {
        let (disk, config) = (Disk::following(&root), Config::load(&root)?);
        Ok(Place { root, disk, config, clock: Box::new(SystemClock), keyring: Keyring::default() })
    }

    /// A folder that does not exist yet, with built-in defaults.
    pub fn unborn(root: &Path) -> Self {
        let (disk, config) = (Disk::default(), Config::default());
        Place { root: root.into(), disk, config, clock: Box::new(SystemClock), keyring: Keyring::default() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn ca_folder(&self, ca: &Handle) -> PathBuf {
        self.root.join(CA).join(ca.as_str())
    }

    pub(super) fn leaf_folder(&self, leaf: &Handle) -> PathBuf {
        self.root.join(CERTS).join(leaf.as_str())
    }

    pub(super) fn request_folder(&self, handle: &Handle) -> PathBuf {
        self.root.join(REQUESTS).join(handle.as_str())
    }

    pub(super) fn public_folder(&self) -> PathBuf {
        self.root.join(PUBLIC)
    }

    pub(super) fn pending_folder(&self) -> PathBuf {
        self.root.join(PENDING)
    }
}

/// Refuses a folder that has certificates and no inventory: a new one would not know them.
fn check_nothing_issued(folder: &Path) -> Result<(), Error> {
    for name in [CA, CERTS, REQUESTS] {
        let made = || folder.join(INVENTORY).metadata().is_ok_and(|m| m.len() > 0);
        if !crate::disk::entries(&folder.join(name))?.is_empty() && !made() {
            return Err(Error::LostInventory { path: folder.into() });
        }
    }
    Ok(())
}

pub(super) fn absolute(folder: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(folder).map_err(|e| Error::Disk(DiskError::io("find", folder, e)))
}
