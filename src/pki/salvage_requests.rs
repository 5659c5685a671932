//! Requests that wait, after the inventory was lost: the key and the CSR of each lie in their folder.

use super::Error;
use super::authority::MAX_KEY_BYTES;
use super::folder::{PENDING, REQUESTS};
use super::request::{CSR_FILE, MAX_CSR_BYTES, request_owner};
use super::salvage_pieces::Said;
use crate::disk::{decode_pem, entries, read_optional};
use crate::issue::{Warning, check_possession};
use crate::keys::{KeyDocument, sha256};
use crate::model::{Handle, Timestamp};
use crate::store::{CertificateRequest, Transaction};
use crate::x509::Csr;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Records the requests whose folders are there, after the certificates. Returns how many.
pub(super) fn take_requests(
    transaction: &dyn Transaction,
    root: &Path,
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) -> Result<u64, Error> {
    let mut count = 0;
    for (handle, folder) in candidates(root)? {
        match read_request(&folder)? {
            Ok(csr) => {
                let recorded = match handle.as_ref() {
                    Some(handle) => record(transaction, handle, &csr, now)?,
                    None => Err("lies in a folder whose name is no handle"),
                };
                match recorded {
                    Ok(new) => count += u64::from(new),
                    Err(why) => warnings.push(left_out(&folder, why)),
                }
            }
            Err(why) => warnings.push(left_out(&folder, &why)),
        }
    }
    Ok(count)
}

/// Those in their place first: one in `pending/` was never shown to anybody.
fn candidates(root: &Path) -> Result<Vec<(Option<Handle>, PathBuf)>, Error> {
    let (requests, pending) = (root.join(REQUESTS), root.join(PENDING));
    let mut all: Vec<_> = entries(&requests)?.into_iter().map(|n| (n.parse().ok(), requests.join(n))).collect();
    for name in entries(&pending)? {
        if let Some(handle) = request_owner(&name) {
            all.push((Some(handle), pending.join(name)));
        }
    }
    Ok(all)
}

/// The CSR in a folder, with its key beside it; or why there is none.
fn read_request(folder: &Path) -> Result<Result<Csr, String>, Error> {
    let Some(bytes) = read_optional(&folder.join(CSR_FILE), MAX_CSR_BYTES)? else {
        return Ok(Err(format!("has no `{CSR_FILE}`")));
    };
    let der = decode_pem(&bytes).ok().and_then(|b| b.into_iter().next()).map(|b| b.der).unwrap_or_default();
    let csr = match Csr::read(&der) {
        Ok(csr) if check_possession(&csr).is_ok() => csr,
        Ok(_) => return Ok(Err("is not signed by its own key".into())),
        Err(e) => return Ok(Err(format!("cannot be read: {e}"))),
    };
    let key = read_optional(&folder.join("key.pem"), MAX_KEY_BYTES)?.map(Zeroizing::new);
    Ok(match key.map(|k| KeyDocument::read(&k)) {
        None => Err("has no key".into()),
        Some(Err(e)) => Err(format!("has a key that cannot be read: {e}")),
        Some(Ok(KeyDocument::Plain(key))) if key.public_key() != csr.public_key => Err("has the key of another".into()),
        // Of one that is encrypted nobody can tell without its passphrase.
        Some(Ok(_)) => Ok(csr),
    })
}

/// Whether it is one that still waits.
fn record(
    transaction: &dyn Transaction,
    handle: &Handle,
    csr: &Csr,
    now: Timestamp,
) -> Result<Result<bool, &'static str>, Error> {
    let spki_sha256 = sha256(&csr.public_key);
    // It was answered, and the folder waits to be removed; or it is one that another one took the place of.
    if !transaction.with_key(&spki_sha256)?.is_empty() || transaction.request(handle)?.is_some() {
        return Ok(Ok(false));
    }
    let Ok(said) = Said::by_csr(csr) else { return Ok(Err("asks for purposes that cannot be read")) };
    let (identity, profile) = match transaction.holder(handle)? {
        Some(holder) if holder.profile.is_ca() != said.is_ca() => {
            return Ok(Err("asks for something else than what has its name"));
        }
        Some(holder) => (holder.identity, holder.profile),
        None => {
            let profile = said.profile(false);
            (said.identity(profile, handle).key(), profile)
        }
    };
    let (handle, csr) = (handle.clone(), csr.der().to_vec());
    transaction.put_request(&CertificateRequest { handle, identity, profile, spki_sha256, csr, recorded_at: now })?;
    Ok(Ok(true))
}

fn left_out(folder: &Path, why: &str) -> Warning {
    Warning::new("not-salvaged", format!("the request in `{}` {why}: it is left out", folder.display()))
}
