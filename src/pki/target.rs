//! What a word on the command line means: a file, a handle, or a serial.

use super::authority::{Ca, Cas};
use super::folder::Place;
use super::{Error, Pki};
use crate::disk::{DiskError, decode_pem, read};
use crate::model::{Handle, Serial};
use crate::store::{Record, Transaction};
use crate::x509::read_certificate;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Endings that make a word a file.
const FILE_ENDINGS: [&str; 4] = [".pem", ".crt", ".cer", ".der"];
/// Certificate files are small; bundles of thousands still fit.
const MAX_FILE: u64 = 16 << 20;
/// Shorter serials may be counters, which several CAs use alike (CABF TLS BR 7.1 wants 64 random bits).
const RANDOM_SERIAL_OCTETS: usize = 8;

/// What is to be revoked, renewed, shown or exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A word: a handle, else a serial.
    Word(String),
    /// A certificate file; where there is none, a handle that is named so.
    File(PathBuf),
    /// A serial of a CA, typed as such.
    Serial {
        /// The serial.
        serial: Serial,
        /// The CA's handle or name.
        issuer: Option<String>,
    },
}

impl Target {
    /// A word: with a `/` or one of the endings .pem .crt .cer .der it is a file. SPIFFE IDs are names. Whether
    /// there is such a file is looked at when it is looked up.
    pub fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let is_file =
            (text.contains('/') && !lower.starts_with("spiffe://")) || FILE_ENDINGS.iter().any(|e| lower.ends_with(e));
        if is_file { Target::File(text.into()) } else { Target::Word(text.into()) }
    }
}

/// What a target was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Somebody's handle.
    Handle(Handle),
    /// One certificate.
    Certificate(Box<Record>),
}

/// Looks a target up.
pub(super) fn find(transaction: &dyn Transaction, target: &Target) -> Result<Found, Error> {
    match target {
        Target::File(path) => find_file(transaction, path),
        Target::Serial { serial, issuer } => {
            let issuer = issuer.as_deref().map(|i| i.parse::<Handle>().unwrap_or_else(|_| Pki::handle_of(i)));
            find_serial(transaction, serial, issuer.as_ref(), &serial.to_string())
        }
        Target::Word(word) => find_word(transaction, word),
    }
}

/// A serial under a CA that was named with it, when the inventory has no such certificate: it was made elsewhere.
pub(super) fn find_elsewhere<'c>(
    transaction: &dyn Transaction,
    place: &Place,
    cas: &'c Cas,
    target: &Target,
) -> Result<Option<(&'c Ca, Serial)>, Error> {
    let Target::Serial { serial, issuer: Some(issuer) } = target else { return Ok(None) };
    let ca = place.named_ca(cas, issuer)?;
    let records = transaction.with_serial(serial)?;
    // A serial this long is drawn at random and never twice: the wrong CA was named.
    let mistaken = !records.is_empty() && serial.as_bytes().len() >= RANDOM_SERIAL_OCTETS;
    let here = records.iter().any(|r| r.issuer_handle == *ca.handle());
    Ok((!here && !mistaken).then_some((ca, *serial)))
}

fn find_word(transaction: &dyn Transaction, word: &str) -> Result<Found, Error> {
    let handle = match word.parse::<Handle>() {
        Ok(h) if transaction.holder(&h)?.is_some() => Some(h),
        _ => Some(Pki::handle_of(word)).filter(|h| matches!(transaction.holder(h), Ok(Some(_)))),
    };
    let serial = word.parse::<Serial>().ok();
    let records = serial.as_ref().map_or(Ok(Vec::new()), |s| transaction.with_serial(s))?;
    match (handle, records.len()) {
        (Some(handle), 0) => Ok(Found::Handle(handle)),
        (Some(handle), _) => Err(Error::AmbiguousTarget {
            target: word.into(),
            readings: vec![format!("the handle `{handle}`"), "a serial".into()],
        }),
        (None, 0) => Err(match waiting(transaction, word)? {
            Some(handle) => Error::NoAnswer { handle },
            None => Error::NotFound { target: word.into(), similar: similar(transaction, word)? },
        }),
        (None, _) => find_serial(transaction, &records[0].serial, None, word),
    }
}

/// The handle of a request, where a word is one.
fn waiting(transaction: &dyn Transaction, word: &str) -> Result<Option<Handle>, Error> {
    for handle in word.parse::<Handle>().ok().into_iter().chain([Pki::handle_of(word)]) {
        if transaction.request(&handle)?.is_some() {
            return Ok(Some(handle));
        }
    }
    Ok(None)
}

fn find_serial(
    transaction: &dyn Transaction,
    serial: &Serial,
    issuer: Option<&Handle>,
    target: &str,
) -> Result<Found, Error> {
    let mut records = transaction.with_serial(serial)?;
    records.retain(|r| issuer.is_none_or(|i| r.issuer_handle == *i));
    match records.len() {
        0 => Err(Error::NotFound { target: target.into(), similar: Vec::new() }),
        1 => Ok(Found::Certificate(Box::new(records.remove(0)))),
        _ => Err(Error::AmbiguousTarget {
            target: target.into(),
            readings: records
                .iter()
                .map(|r| format!("the serial of `{}` by `{}`", r.handle, r.issuer_handle))
                .collect(),
        }),
    }
}

fn find_file(transaction: &dyn Transaction, path: &Path) -> Result<Found, Error> {
    let bytes = match read(path, MAX_FILE) {
        Err(DiskError::Io { source, .. }) if source.kind() == ErrorKind::NotFound && is_handle(transaction, path)? => {
            return find_word(transaction, &path.to_string_lossy());
        }
        read => read?,
    };
    let der = match decode_pem(&bytes) {
        Ok(blocks) => blocks.into_iter().find(|b| b.label == "CERTIFICATE").map(|b| b.der).unwrap_or_default(),
        Err(_) => bytes,
    };
    let malformed = |source| Error::File { path: path.into(), source };
    if der.is_empty() {
        let problem = "there is none in it".into();
        return Err(malformed(crate::x509::X509Error::Malformed { what: "the certificate", problem }));
    }
    let certificate = read_certificate(&der).map_err(malformed)?;
    let not_here = || Error::NotIssuedHere { path: path.into() };
    let serial = certificate.serial.as_ref().ok_or_else(not_here)?;
    let record = transaction.with_serial(serial)?.into_iter().find(|r| r.der == der).ok_or_else(not_here)?;
    Ok(Found::Certificate(Box::new(record)))
}

/// Whether a word that could be a file is exactly the handle of somebody, or of a request.
fn is_handle(transaction: &dyn Transaction, path: &Path) -> Result<bool, Error> {
    let Some((word, handle)) = path.to_str().and_then(|word| Some((word, word.parse::<Handle>().ok()?))) else {
        return Ok(false);
    };
    Ok(handle.as_str() == word && (transaction.holder(&handle)?.is_some() || transaction.request(&handle)?.is_some()))
}

/// A few handles that contain the word or begin like it.
fn similar(transaction: &dyn Transaction, word: &str) -> Result<Vec<String>, Error> {
    /// How many certificates are looked through for a suggestion.
    const LOOKED_THROUGH: usize = 1_000;
    let word = Pki::handle_of(word);
    let (mut found, mut seen) = (Vec::new(), 0);
    transaction.walk(&crate::store::Filter::default(), &mut |r| {
        seen += 1;
        let (a, b) = (r.handle.as_str(), word.as_str());
        if a.contains(b) || b.contains(a) || common_prefix(a, b) >= 3 {
            found.push(a.to_string());
        }
        seen < LOOKED_THROUGH && found.len() < 5
    })?;
    Ok(found)
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_files() {
        for file in ["a.pem", "./a", "certs/x", "A.CRT", "/x"] {
            assert!(matches!(Target::parse(file), Target::File(_)), "{file}");
        }
        for word in ["api.internal", "0a1b", "spiffe://td/x", "*.lab.internal", "2001:db8::1"] {
            assert!(matches!(Target::parse(word), Target::Word(_)), "{word}");
        }
    }
}
