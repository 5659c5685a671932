//! Files of a PKI against what the inventory says of them.

use super::Error;
use super::authority::{Ca, Cas, MAX_KEY_BYTES};
use super::doctor::{Findings, MAX_FILE};
use super::folder::Place;
use super::home::Home;
use super::issuing::read;
use super::material::{Above, OutFile, certificate_pem};
use crate::disk::{Access, Lock, decode_pem, entries, exists, read_optional};
use crate::keys::{KeyDocument, KeyError, PrivateKey, sha256};
use crate::model::Layout;
use crate::store::{KeyPlace, Record, Transaction};
use std::path::Path;
use zeroize::Zeroizing;

/// Whether a certificate in DER stands in the inventory.
fn recorded(transaction: &dyn Transaction, der: &[u8]) -> bool {
    let serial = crate::x509::read_certificate(der).ok().and_then(|c| c.serial);
    serial.and_then(|s| transaction.with_serial(&s).ok()).is_some_and(|all| all.iter().any(|r| r.der == der))
}

/// As [`check_leaf`]; one file that cannot be read, or mended, is a finding, and no reason to look at nothing else.
pub(super) fn look_at_leaf(
    transaction: &dyn Transaction,
    place: &Place,
    findings: &mut Findings,
    cas: &Cas,
    record: &Record,
) -> Result<(), Error> {
    match check_leaf(transaction, place, findings, cas, record) {
        Err(Error::Disk(e)) => {
            let (message, path) =
                (format!("a file of `{}` cannot be read: {e}", record.handle), place.home(&record.handle));
            let hint = "make it readable for who runs this, or put the right file back";
            findings.add("files", message, Some(path.path()), Some(hint));
            Ok(())
        }
        other => other,
    }
}

fn check_leaf(
    transaction: &dyn Transaction,
    place: &Place,
    findings: &mut Findings,
    cas: &Cas,
    record: &Record,
) -> Result<(), Error> {
    let home = place.home(&record.handle);
    let folder = home.path().to_path_buf();
    // The half-done work is a finding already.
    if place.is_pending(&record.serial) {
        return Ok(());
    }
    if !exists(&folder) && !record.key_here {
        // Only recorded, as what an adopted CA had issued: no files were ever made.
        return Ok(());
    }
    if !exists(&folder) {
        let message = format!("the files of `{}` are missing", record.handle);
        findings.add("missing", message, Some(&folder), Some("issue it again with --force, or revoke it"));
        return Ok(());
    }
    check_mode(place, findings, &folder, Access::Private)?;
    let chain: Vec<_> = cas.chain(record.issuer).into_iter().map(|c| c.certificate.clone()).collect();
    let above = super::material::Above::of(&chain);
    if home.layout == Layout::Combined {
        return check_combined(transaction, place, findings, record, &home, &above);
    }
    check_remains(place, findings, &folder)?;
    let certificate = read(record)?;
    let files = super::material::leaf_files(&certificate, None, &above);
    // A chain is as it was when the leaf was issued: its CAs may have been renewed since, and it is still good.
    check_files(place, findings, &folder, &files, |f| f.name == "cert.pem")?;
    for file in files.iter().filter(|f| f.name != "cert.pem") {
        let path = folder.join(file.name);
        // Every certificate in it must be one that this PKI recorded: its peers trust what stands here.
        let blocks = read_optional(&path, MAX_FILE)?.and_then(|b| decode_pem(&b).ok()).unwrap_or_default();
        let known = |b: &crate::disk::Block| recorded(transaction, &b.der);
        if blocks.is_empty() || !blocks.iter().all(known) {
            let message = format!("`{}` of `{}` is missing, damaged or not of this PKI", file.name, record.handle);
            findings.mend("files", message, &path, || Ok(place.disk.replace(&path, &file.bytes, file.access)?))?;
        }
    }
    let starts_with_leaf = read_optional(&folder.join("fullchain.pem"), MAX_FILE)?
        .is_none_or(|b| b.starts_with(certificate_pem(&certificate).as_bytes()));
    if !starts_with_leaf {
        let path = folder.join("fullchain.pem");
        let message = format!("`fullchain.pem` of `{}` does not start with its certificate", record.handle);
        if let Some(file) = files.iter().find(|f| f.name == "fullchain.pem") {
            findings.mend("files", message, &path, || Ok(place.disk.replace(&path, &file.bytes, file.access)?))?;
        }
    }
    check_mode(place, findings, &home.key_path(), Access::Private)?;
    check_key(findings, &home.key_path(), home.key_pem()?, record);
    Ok(())
}

/// A leaf in one file: what of it is public is read like `fullchain.pem`.
fn check_combined(
    transaction: &dyn Transaction,
    place: &Place,
    findings: &mut Findings,
    record: &Record,
    home: &Home,
    above: &Above,
) -> Result<(), Error> {
    if let Some(folder) = home.remains() {
        let message = format!("a command died before it had removed `{}`", folder.display());
        findings.mend("half-done", message, folder, || place.clear_folder(folder))?;
    }
    let Some(combined) = home.combined()? else { return Ok(()) };
    let blocks = decode_pem(&combined.chain).unwrap_or_default();
    let starts_with_leaf = blocks.first().is_some_and(|b| b.der == record.der);
    if !starts_with_leaf || !blocks.iter().all(|b| recorded(transaction, &b.der)) {
        let message = format!("the certificates in the combined file of `{}` are not what was recorded", record.handle);
        findings.mend("files", message, home.path(), || place.settle(record, above, home, Layout::Combined))?;
    }
    if combined.key.as_ref().is_some_and(|pem| KeyDocument::needs_passphrase(pem)) {
        let message =
            format!("the key in the combined file of `{}` is encrypted, and none that was made is", record.handle);
        findings.add("key", message, Some(home.path()), Some(key_hint(record)));
        return Ok(());
    }
    check_key(findings, home.path(), combined.key, record);
    Ok(())
}

pub(super) fn check_files(
    place: &Place,
    findings: &mut Findings,
    folder: &Path,
    files: &[OutFile],
    which: impl Fn(&OutFile) -> bool,
) -> Result<(), Error> {
    for file in files.iter().filter(|f| which(f)) {
        let path = folder.join(file.name);
        let is = read_optional(&path, MAX_FILE)?;
        if is.as_deref() != Some(&file.bytes[..]) {
            let what = if is.is_some() { "is not what was recorded" } else { "is missing" };
            let message = format!("`{}` {what}", path.display());
            findings.mend("files", message, &path, || {
                place.disk.create_folder_all(folder, Access::Private)?;
                Ok(place.disk.replace(&path, &file.bytes, file.access)?)
            })?;
        }
    }
    Ok(())
}

/// The key of a CA is where the inventory says it is.
pub(super) fn check_ca_key(place: &Place, findings: &mut Findings, ca: &Ca) -> Result<(), Error> {
    let path = place.ca_key_path(ca);
    match ca.authority.key_place {
        KeyPlace::Here => {
            check_mode(place, findings, &path, Access::Private)?;
            let pem = read_optional(&path, MAX_KEY_BYTES)?.map(Zeroizing::new);
            check_key(findings, &path, pem, &ca.authority.certificate);
            Ok(())
        }
        KeyPlace::Detached | KeyPlace::Foreign if !exists(&path) => Ok(()),
        KeyPlace::Detached | KeyPlace::Foreign => {
            let message =
                format!("the key of `{}` should not be in the PKI folder, and a key file is there", ca.handle());
            let hint = format!(
                "finish with `rootlet key detach {0} --output FILE`, or take it back with `rootlet key attach {0} --key-file FILE`",
                ca.handle()
            );
            findings.add("key", message, Some(&path), Some(&hint));
            check_mode(place, findings, &path, Access::Private)
        }
    }
}

fn check_key(findings: &mut Findings, path: &Path, pem: Option<Zeroizing<Vec<u8>>>, record: &Record) {
    let Some(pem) = pem else {
        if record.key_here {
            let message = format!("the key of `{}` is not in the PKI folder", record.handle);
            findings.add("key", message, Some(path), Some(key_hint(record)));
        }
        return;
    };
    let key = PrivateKey::from_pem(&pem).map_err(|source| Error::KeyFile { path: path.into(), source });
    match key {
        Ok(key) if sha256(key.public_key()) == record.spki_sha256 => {}
        // Whose it is shows when it is used: a passphrase is not asked for here.
        Err(Error::KeyFile { source: KeyError::Encrypted, .. }) => {}
        Ok(_) => {
            let message = format!("the key file of `{}` is not the key of its certificate", record.handle);
            findings.add("key", message, Some(path), Some(key_hint(record)));
        }
        Err(e) => findings.add(
            "key",
            e.to_string(),
            Some(path),
            Some("put the right key back, or issue it again with a new key"),
        ),
    }
}

pub(super) fn check_mode(place: &Place, findings: &mut Findings, path: &Path, access: Access) -> Result<(), Error> {
    if !exists(path) {
        return Ok(());
    }
    let is = place.disk.mode(path)?;
    let allowed = if path.is_dir() { access.folder_mode() } else { access.file_mode() };
    if is & !allowed & 0o777 != 0 {
        let message = format!("`{}` has mode {is:04o}, and {allowed:04o} is the most", path.display());
        findings.mend("mode", message, path, || Ok(place.disk.set_access(path, access)?))?;
    }
    Ok(())
}

/// What a command that died was writing.
pub(super) fn check_remains(place: &Place, findings: &mut Findings, folder: &Path) -> Result<(), Error> {
    for left in entries(folder)?.into_iter().filter(|n| n.starts_with(".new-")) {
        let path = folder.join(&left);
        let message = format!("a command died while it wrote `{left}`");
        findings.mend("half-done", message, &path, || Ok(place.disk.remove(&path)?))?;
    }
    Ok(())
}

fn key_hint(record: &Record) -> &'static str {
    if record.profile.is_ca() {
        "put the right key file back: without it this CA issues nothing and signs no CRL"
    } else {
        "put the right key file back, or issue it again with --force"
    }
}

/// A folder that is gone needs no lock, and looking must not make it.
pub(super) fn lock_if_there(folder: &Path) -> Result<Option<Lock>, Error> {
    if folder.is_dir() { Ok(Some(Lock::exclusive(folder)?)) } else { Ok(None) }
}
