//! Putting a leaf's files where a program wants them, besides the PKI folder.

use super::Error;
use super::folder::Place;
use super::material::OutFile;
use crate::disk::{Access, Disk, exists};
use crate::model::Handle;
use crate::store::{Delivery, Transaction};
use std::path::PathBuf;

/// Bits of a key file's mode that would let everybody read or run it.
const FOR_OTHERS: u32 = 0o007;
/// The mode of a delivered key when nobody said otherwise.
const KEY_MODE: u32 = 0o600;

impl Delivery {
    /// A delivery that keeps secrets: everybody is never let in.
    ///
    /// # Errors
    /// [`Error::Usage`] when the mode of the key would let everybody in.
    pub fn checked(folder: PathBuf, owner: Option<String>, key_mode: Option<u32>) -> Result<Self, Error> {
        if key_mode.is_some_and(|m| m & FOR_OTHERS != 0 || m > 0o777) {
            return Err(Error::usage("a key file is never for everybody", "use a mode like 0600 or 0640"));
        }
        Ok(Delivery { folder, owner, key_mode })
    }
}

/// Before anything is issued: refuses folders in which files stand that this PKI did not deliver.
pub(super) fn check(transaction: &dyn Transaction, handle: &Handle, delivery: &Delivery) -> Result<(), Error> {
    let known = transaction.deliveries(handle)?.iter().any(|d| d.folder == delivery.folder);
    if let Some(owner) = &delivery.owner {
        resolve(owner)?;
    }
    if !known {
        for name in ["cert.pem", "key.pem", "chain.pem", "fullchain.pem", "ca.pem"] {
            let path = delivery.folder.join(name);
            if exists(&path) {
                return Err(Error::DeliveryOccupied { path });
            }
        }
    }
    Ok(())
}

/// Writes the files to every folder that was asked for now or before.
pub(super) fn deliver(
    place: &Place,
    handle: &Handle,
    deliveries: &[Delivery],
    files: &[OutFile],
) -> Result<Vec<PathBuf>, Error> {
    let fail = |source| Error::Delivery { handle: handle.clone(), source };
    let mut done = Vec::new();
    for delivery in deliveries {
        let owner = delivery.owner.as_deref().map(resolve).transpose()?;
        let disk = match owner {
            Some((uid, gid)) => Disk::owned_by(uid, gid),
            None => place.disk,
        };
        disk.create_folder_all(&delivery.folder, Access::Public).map_err(fail)?;
        for file in files {
            let path = delivery.folder.join(file.name);
            let mode = match file.access {
                Access::Private => delivery.key_mode.unwrap_or(KEY_MODE),
                Access::Public => Access::Public.file_mode(),
            };
            disk.replace_with_mode(&path, &file.bytes, mode).map_err(fail)?;
        }
        // A leaf that moved below a root has no chain any more: an old one must not stay beside the new certificate.
        if !files.iter().any(|f| f.name == "chain.pem") {
            disk.remove(&delivery.folder.join("chain.pem")).map_err(fail)?;
        }
        done.push(delivery.folder.clone());
    }
    Ok(done)
}

/// `USER` or `USER:GROUP`, names or numbers.
fn resolve(owner: &str) -> Result<(u32, Option<u32>), Error> {
    let (user, group) = owner.split_once(':').map_or((owner, None), |(u, g)| (u, Some(g)));
    let unknown = |what, name: &str| Error::UnknownOwner { what, name: name.into() };
    let uid = match user.parse::<u32>() {
        Ok(uid) => uid,
        Err(_) => nix::unistd::User::from_name(user).ok().flatten().ok_or_else(|| unknown("user", user))?.uid.as_raw(),
    };
    let gid = match group.map(|g| (g, g.parse::<u32>())) {
        None => None,
        Some((_, Ok(gid))) => Some(gid),
        Some((name, Err(_))) => {
            let group = nix::unistd::Group::from_name(name).ok().flatten().ok_or_else(|| unknown("group", name))?;
            Some(group.gid.as_raw())
        }
    };
    Ok((uid, gid))
}
