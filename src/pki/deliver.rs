//! Putting a leaf's files where a program wants them, besides the PKI folder.

use super::authority::Cas;
use super::folder::Place;
use super::home::Home;
use super::leaf_request::{LeafKey, LeafRequest};
use super::material::{Above, OutFile};
use super::{Error, Pki};
use crate::disk::{Access, Disk, DiskError, exists, may_give, real_path};
use crate::model::{Handle, Layout};
use crate::store::{CertificateId, Delivery, Transaction};
use std::path::{Component, Path, PathBuf};

/// Bits of a key file's mode that would let everybody read or run it.
const FOR_OTHERS: u32 = 0o007;
/// The bit without which a key file is of no use to whom it is delivered.
const READ_BY_OWNER: u32 = 0o400;
/// The mode of a delivered key when nobody said otherwise.
const KEY_MODE: u32 = 0o600;
const KEY: &str = "key.pem";
/// What is delivered; the key first, so that no certificate waits for its key.
const FILES: [&str; 5] = [KEY, "cert.pem", "chain.pem", "fullchain.pem", "ca.pem"];

impl Delivery {
    /// A delivery that keeps secrets: everybody is never let in.
    ///
    /// # Errors
    /// [`Error::Usage`] when the mode of the key would let everybody in or its owner out, or the folder's name is not UTF-8.
    pub fn checked(folder: PathBuf, owner: Option<String>, key_mode: Option<u32>) -> Result<Self, Error> {
        if key_mode.is_some_and(|m| m & FOR_OTHERS != 0 || m > 0o777) {
            return Err(Error::usage("a key file is never for everybody", "use a mode like 0600 or 0640"));
        }
        if key_mode.is_some_and(|m| m & READ_BY_OWNER == 0) {
            let message = "a key file that its owner cannot read is of no use";
            return Err(Error::usage(message, "use a mode like 0600 or 0640"));
        }
        if folder.to_str().is_none() {
            return Err(Error::usage(
                "the name of the delivery folder is not UTF-8",
                "rename it, or deliver elsewhere",
            ));
        }
        Ok(Delivery { folder, owner, key_mode, declared: false })
    }
}

/// The delivery folders in which files stood before the inventory was read.
pub(super) struct Seen(Option<PathBuf>);

/// Looks into a delivery folder. Before the inventory is read: whoever wrote files there had recorded it first.
pub(super) fn look(request: &LeafRequest) -> Seen {
    // Who has the key elsewhere may have it in the very folder where its certificate is wanted.
    let theirs = |f: &str| f == KEY && matches!(request.key, LeafKey::Foreign(_));
    let seen = |d: &Delivery| FILES.iter().filter(|f| !theirs(f)).map(|f| d.folder.join(f)).find(|p| exists(p));
    Seen(request.delivery.as_ref().and_then(seen))
}

/// The folders in whose place a delivered file would have to be, were a folder here one that files are delivered to: `o`
/// for `o/key.pem`, and for what lies below it.
pub(super) fn hidden_by(folder: &Path) -> impl Iterator<Item = &Path> {
    let is_file = |f: &&Path| f.file_name().is_some_and(|name| FILES.iter().any(|file| name == *file));
    folder.ancestors().filter(is_file).filter_map(Path::parent)
}

/// The request with the folder where it really is: links that lead there now are resolved, and one that stands there later
/// is somebody's.
pub(super) fn with_real_folder(request: &LeafRequest) -> LeafRequest {
    let mut request = request.clone();
    if let Some(delivery) = &mut request.delivery {
        let real = real_path(&delivery.folder);
        // A real name that the inventory cannot hold: what was typed is checked by itself at each delivery.
        if real.to_str().is_some() {
            delivery.folder = real;
        }
    }
    request
}

/// Before anything is issued: refuses folders of others, folders inside the PKI, and owners that do not exist. Without a
/// transaction there is no PKI yet.
pub(super) fn check(
    place: &Place,
    transaction: Option<&dyn Transaction>,
    handle: &Handle,
    delivery: &Delivery,
    seen: &Seen,
) -> Result<(), Error> {
    if inside(&delivery.folder, &place.root) {
        return Err(Error::DeliveryInside { path: delivery.folder.clone() });
    }
    if let Some(owner) = &delivery.owner {
        let (uid, gid) = resolve(owner)?;
        let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
        let not_ours = |what, name: &str| Error::OwnerNotOurs { what, name: name.into() };
        match may_give(uid, gid) {
            (false, _) => return Err(not_ours("user", user)),
            (_, false) => return Err(not_ours("group", group)),
            (true, true) => {}
        }
    }
    if let Some(transaction) = transaction {
        for other in hidden_by(&delivery.folder) {
            if let Some(handle) = transaction.delivered_to(other)? {
                return Err(Error::DeliveryTaken { path: delivery.folder.clone(), handle });
            }
        }
    }
    let known = transaction.map(|t| t.delivered_to(&delivery.folder)).transpose()?.flatten();
    match (known, &seen.0) {
        (Some(other), _) if other != *handle => {
            Err(Error::DeliveryTaken { path: delivery.folder.clone(), handle: other })
        }
        (None, Some(path)) => Err(Error::DeliveryOccupied { path: path.clone() }),
        _ => Ok(()),
    }
}

/// Whether a folder that may not exist yet would lie inside another one.
pub(super) fn inside(folder: &Path, outer: &Path) -> bool {
    let outer = outer.canonicalize().unwrap_or_else(|_| outer.to_path_buf());
    // Without `..`: what does not exist yet cannot be asked where it leads.
    let mut plain = PathBuf::new();
    for part in folder.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    let folder = plain.as_path();
    let real = folder.ancestors().find_map(|a| a.canonicalize().ok()).unwrap_or_default();
    real.starts_with(&outer) || folder.starts_with(&outer)
}

/// What was delivered of one leaf.
pub(super) struct Delivered {
    handle: Handle,
    /// The certificate whose files they are; nothing where it is not released yet.
    of: Option<CertificateId>,
    /// Where it is delivered to, as it was read.
    deliveries: Vec<Delivery>,
    /// The folders in which something was written.
    pub folders: Vec<PathBuf>,
}

impl Pki {
    /// Brings every folder that a leaf is delivered to in line with its newest files. Returns the folders in which
    /// something was written. One that fails does not keep the others from theirs.
    pub(super) fn deliver(&mut self, handle: &Handle) -> Result<Vec<PathBuf>, Error> {
        let delivered = self.deliver_unsettled(handle)?;
        self.settle_deliveries(std::slice::from_ref(&delivered))?;
        Ok(delivered.folders)
    }

    /// Forgets that these deliveries are due, together. One that somebody changed meanwhile stays due.
    pub(super) fn settle_deliveries(&mut self, all: &[Delivered]) -> Result<(), Error> {
        let due = {
            let transaction = self.read()?;
            let mut due = Vec::new();
            for one in all {
                if one.of.is_some() && transaction.is_delivery_due(&one.handle)? {
                    due.push(one);
                }
            }
            due
        };
        if due.is_empty() {
            return Ok(());
        }
        let transaction = self.write()?;
        for Delivered { handle, of, deliveries, .. } in due {
            let current = transaction.holder(handle)?.map(|h| h.current);
            if current == *of && transaction.deliveries(handle)? == *deliveries {
                transaction.set_deliveries_due(handle, false)?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// As [`Pki::deliver`]; the caller settles it.
    pub(super) fn deliver_unsettled(&mut self, handle: &Handle) -> Result<Delivered, Error> {
        let _lock = self.lock_leaves()?;
        let home = self.place.home(handle);
        let (deliveries, current, above) = {
            let transaction = self.read()?;
            let holder = transaction.holder(handle)?;
            let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
            let mut above = Above::default();
            if let Some(record) = current.as_ref().filter(|_| home.layout == Layout::Combined) {
                let cas = Cas::load(&*transaction)?;
                let chain: Vec<_> = cas.chain(record.issuer).into_iter().map(|c| c.certificate.clone()).collect();
                above = Above::of(&chain);
            }
            (transaction.deliveries(handle)?, current, above)
        };
        let files = existing_files(&home, &above)?;
        let key_here = current.as_ref().is_none_or(|r| r.key_here);
        let of = current.as_ref().map(|r| r.id);
        let newest = current.map(|r| crate::disk::encode_pem("CERTIFICATE", &r.der));
        if !files.iter().any(|f| f.name == "cert.pem" && Some(&f.bytes[..]) == newest.as_deref().map(str::as_bytes)) {
            // Not released yet: whoever releases it delivers it.
            return Ok(Delivered { handle: handle.clone(), of: None, deliveries, folders: Vec::new() });
        }
        let (mut done, mut failed) = (Vec::new(), None);
        for delivery in &deliveries {
            match self.place.deliver_to(handle, delivery, &files, key_here) {
                Ok(true) => done.push(delivery.folder.clone()),
                Ok(false) => {}
                Err(e) => failed = Some(e),
            }
        }
        if let Some(e) = failed {
            return Err(e);
        }
        Ok(Delivered { handle: handle.clone(), of, deliveries, folders: done })
    }
}

impl Place {
    fn deliver_to(
        &self,
        handle: &Handle,
        delivery: &Delivery,
        files: &[OutFile],
        key_here: bool,
    ) -> Result<bool, Error> {
        let fail = |source: DiskError| Error::Delivery { handle: handle.clone(), problem: source.to_string() };
        let disk = self.disk_for(delivery);
        let disk = disk.map_err(|e| Error::Delivery { handle: handle.clone(), problem: e.to_string() })?;
        // Whoever owns what is above the folder could put something else in its place, of the PKI itself: it is looked at
        // anew each time, and held while it is written to.
        if inside(&delivery.folder, &self.root) {
            let problem = Error::DeliveryInside { path: delivery.folder.clone() }.to_string();
            return Err(Error::Delivery { handle: handle.clone(), problem });
        }
        let folder = disk.anchor(&delivery.folder, Access::Public).map_err(fail)?;
        disk.sweep(folder.path(), |name| FILES.contains(&name)).map_err(fail)?;
        let mut wrote = false;
        for name in FILES {
            let path = folder.path().join(name);
            let fail = |e: DiskError| fail(e.about(&delivery.folder.join(name)));
            let Some(file) = files.iter().find(|f| f.name == name) else {
                // A leaf that moved below a root has no chain any more: an old one must not stay beside it.
                // A key that was never ours is not ours to remove.
                if exists(&path) && (name != KEY || key_here) {
                    disk.remove(&path).map_err(fail)?;
                    wrote = true;
                }
                continue;
            };
            let mode = mode_of(delivery, file.access);
            if !disk.is_as_wished(&path, &file.bytes, mode) {
                disk.replace_with_mode(&path, &file.bytes, mode).map_err(fail)?;
                wrote = true;
            }
        }
        Ok(wrote)
    }
}

impl Place {
    /// The writer whose files belong to whom they are delivered for.
    fn disk_for(&self, delivery: &Delivery) -> Result<Disk, Error> {
        Ok(match delivery.owner.as_deref().map(resolve).transpose()? {
            Some((Some(uid), gid)) => Disk::owned_by(uid, gid),
            Some((None, Some(gid))) => self.disk.in_group(gid),
            Some((None, None)) | None => self.disk,
        })
    }

    /// Whether everything that is delivered to a folder is there as it should be. Nothing is written.
    pub(super) fn is_delivered(
        &self,
        home: &Home,
        above: &Above,
        delivery: &Delivery,
        key_here: bool,
    ) -> Result<bool, Error> {
        let files = existing_files(home, above)?;
        // Who is unknown now is told of when it is delivered.
        let Ok(disk) = self.disk_for(delivery) else { return Ok(false) };
        Ok(FILES.iter().all(|name| {
            let path = delivery.folder.join(name);
            match files.iter().find(|f| f.name == *name) {
                Some(file) => disk.is_as_wished(&path, &file.bytes, mode_of(delivery, file.access)),
                None => !exists(&path) || (*name == KEY && !key_here),
            }
        }))
    }
}

/// The mode of a file that is delivered.
fn mode_of(delivery: &Delivery, access: Access) -> u32 {
    match access {
        Access::Private => delivery.key_mode.unwrap_or(KEY_MODE),
        Access::Public => Access::Public.file_mode(),
    }
}

/// What is delivered of a leaf: the files that are there. Of a combined file all five are made, the last with what stands
/// above the leaf.
fn existing_files(home: &Home, above: &Above) -> Result<Vec<OutFile>, Error> {
    if home.layout == Layout::Combined {
        return Ok(home.combined()?.map(|c| c.files(above)).unwrap_or_default());
    }
    let mut files = Vec::new();
    for name in FILES {
        if let Some(bytes) = crate::disk::read_optional(&home.path().join(name), super::authority::MAX_KEY_BYTES)? {
            let access = if name == "key.pem" { Access::Private } else { Access::Public };
            files.push(OutFile { name, bytes: zeroize::Zeroizing::new(bytes), access });
        }
    }
    Ok(files)
}

/// `USER`, `USER:GROUP` or `:GROUP`, names or numbers.
pub(super) fn resolve(owner: &str) -> Result<(Option<u32>, Option<u32>), Error> {
    let (user, group) = owner.split_once(':').map_or((owner, None), |(u, g)| (u, Some(g)));
    let unknown = |what, name: &str| Error::UnknownOwner { what, name: name.into() };
    // The largest number means "leave it as it is" to the system.
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n != u32::MAX);
    let uid = match number(user) {
        None if user.is_empty() && group.is_some() => None,
        None => {
            let user = nix::unistd::User::from_name(user).ok().flatten().ok_or_else(|| unknown("user", user))?;
            Some(user.uid.as_raw())
        }
        uid => uid,
    };
    let gid = match group.map(|g| (g, number(g))) {
        None => None,
        Some((_, Some(gid))) => Some(gid),
        Some((name, None)) => {
            let group = nix::unistd::Group::from_name(name).ok().flatten().ok_or_else(|| unknown("group", name))?;
            Some(group.gid.as_raw())
        }
    };
    Ok((uid, gid))
}
