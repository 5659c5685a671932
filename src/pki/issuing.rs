//! What issuing a leaf and issuing a CA have in common.

use super::authority::Cas;
use super::folder::Place;
use super::view::CertificateView;
use super::{CustodyError, Error, Pki};
use crate::issue::{Dates, End, IssueError, Issuer, Wish, choose_dates};
use crate::keys::{KeyError, PrivateKey, sha256};
use crate::model::{Handle, Identity, Profile, Timestamp};
use crate::store::{AuthorityId, CertificateId, Holder, NewCertificate, Record, Transaction};
use crate::x509::{Certificate, GeneralName, read_certificate};
use std::path::Path;

/// How often a command that another one overtook starts again.
pub(super) const ATTEMPTS: usize = 40;
/// Each time it waits a little longer before, up to this many milliseconds.
const LONGEST_PAUSE: usize = 60;

/// Lets the others finish.
pub(super) fn back_off(attempt: usize) {
    // Processes that started together must not stay together: each has a pause of its own.
    let own = std::process::id() as usize % 7;
    let pause = if attempt == 0 { 0 } else { (attempt * (3 + own)).min(LONGEST_PAUSE) };
    std::thread::sleep(std::time::Duration::from_millis(pause as u64));
}
/// A renewal must gain at least this part of the lifetime.
const GAIN_FRACTION: i64 = 3;

pub(super) fn sorted(texts: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = texts.collect();
    all.sort();
    all.join(" ")
}

pub(super) fn names_of(certificate: &Certificate) -> String {
    sorted(certificate.names.iter().flatten().map(|n| match n {
        GeneralName::Dns(n) => format!("dns:{n}"),
        GeneralName::Ip(o) => format!("ip:{}", super::view::ip_text(o)),
        GeneralName::Email(n) => format!("email:{n}"),
        GeneralName::Uri(n) => format!("uri:{n}"),
        GeneralName::Directory(n) => format!("dn:{}", n.subject),
        GeneralName::Other(other) => other.kind.to_string(),
    }))
}

pub(super) fn purposes_of(certificate: &Certificate) -> String {
    sorted(certificate.extended_key_usage.iter().flatten().map(ToString::to_string))
}

/// The certificate of a record.
pub(super) fn read(record: &Record) -> Result<Certificate, Error> {
    read_certificate(&record.der)
        .map_err(|e| Error::Internal(format!("the recorded certificate of `{}` cannot be read: {e}", record.handle)))
}

/// Refuses a handle that another identity has; identities are written as [`Identity::key`] does.
pub(super) fn check_holder(
    transaction: &dyn Transaction,
    handle: &Handle,
    identity: &str,
    profile: Profile,
) -> Result<Option<Holder>, Error> {
    let holder = transaction.holder(handle)?;
    // A request takes a handle like a certificate.
    let waiting = transaction.request(handle)?.filter(|r| r.identity != identity);
    let (is, of) = match (&holder, &waiting) {
        (Some(h), _) if h.identity != identity => (h.identity.clone(), h.profile),
        (_, Some(w)) => (w.identity.clone(), w.profile),
        _ => return Ok(holder),
    };
    let mut free = format!("{handle}-{profile}");
    for n in 2..100 {
        match free.parse::<Handle>() {
            Ok(h) if transaction.holder(&h)?.is_some() || transaction.request(&h)?.is_some() => {
                free = format!("{handle}-{profile}-{n}")
            }
            _ => break,
        }
    }
    let shown = is.split_once(':').map_or(is.as_str(), |(_, name)| name).to_string();
    Err(Error::NameTaken { handle: handle.clone(), profile: of, holder: shown, free })
}

/// Whether another identity has or waits for a handle by now.
pub(super) fn is_taken(transaction: &dyn Transaction, handle: &Handle, identity: &str) -> Result<bool, Error> {
    Ok(transaction.holder(handle)?.is_some_and(|h| h.identity != identity)
        || transaction.request(handle)?.is_some_and(|r| r.identity != identity))
}

/// Refuses a key that was given where it would stand for two things: the key of a CA for a leaf, and for a CA, which is
/// `ca` then, one that anybody else has or had. A key that waits for its certificate counts too.
pub(super) fn check_key_is_free(
    transaction: &dyn Transaction,
    public_key: &[u8],
    ca: Option<&Handle>,
) -> Result<(), Error> {
    let spki_sha256 = sha256(public_key);
    for record in transaction.with_key(&spki_sha256)? {
        if transaction.is_barred(&spki_sha256)? {
            return Err(Error::KeyBarred { handle: record.handle });
        }
        if record.profile.is_ca() || ca.is_some() {
            return Err(CustodyError::KeyInUse { handle: record.handle, profile: record.profile }.into());
        }
    }
    match transaction.request_with_key(&spki_sha256)? {
        Some(r) if (r.profile.is_ca() || ca.is_some()) && ca != Some(&r.handle) => {
            Err(CustodyError::KeyInUse { handle: r.handle, profile: r.profile }.into())
        }
        _ => Ok(()),
    }
}

impl Pki {
    /// The view of a recorded certificate.
    pub(super) fn view_of(&mut self, id: CertificateId) -> Result<CertificateView, Error> {
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let record =
            transaction.certificate(id)?.ok_or_else(|| Error::Internal("a certificate that is gone".into()))?;
        view_record(&self.place, &*transaction, &record)
    }
}

/// The record that a certificate just became.
pub(super) fn record_of(id: CertificateId, new: NewCertificate, issuer_handle: Handle) -> Record {
    Record {
        id,
        issuer: new.issuer,
        issuer_handle,
        serial: new.serial,
        handle: new.handle,
        profile: new.profile,
        not_before: new.not_before,
        not_after: new.not_after,
        spki_sha256: new.spki_sha256,
        predecessor: new.predecessor,
        recorded_at: new.recorded_at,
        key_here: new.key_here,
        is_current: true,
        revocation: None,
        der: new.der,
    }
}

/// The view of a record.
pub(super) fn view_record(
    place: &Place,
    transaction: &dyn Transaction,
    record: &Record,
) -> Result<CertificateView, Error> {
    let predecessor = record.predecessor.map(|p| transaction.certificate(p)).transpose()?.flatten();
    Ok(CertificateView::new(place, record, &read(record)?, predecessor.map(|p| p.serial.to_string())))
}

impl Place {
    /// The dates of a certificate, and the lifetime that was meant.
    pub(super) fn dates(
        &self,
        profile: Profile,
        not_before: Option<Timestamp>,
        end: Option<End>,
        issuer: &Issuer,
    ) -> Result<(Dates, i64), IssueError> {
        let default = self.config.lifetime(profile);
        let wish = Wish { not_before, end: end.unwrap_or(End::Default(default)) };
        let outer = issuer.certificate().and_then(|c| c.validity().map(|v| (c.subject.subject.to_string(), v)));
        let dates = choose_dates(wish, outer.as_ref().map(|(n, v)| (n.as_str(), *v)), self.now())?;
        let lifetime = match end {
            Some(End::Lifetime(l) | End::Default(l)) => l.seconds(),
            Some(End::At(_)) => 0,
            None => default.seconds(),
        };
        Ok((dates, lifetime))
    }
}

/// Whether no CA of the issuer's chain was revoked meanwhile.
pub(super) fn still_issuing(transaction: &dyn Transaction, cas: &Cas, issuer: AuthorityId) -> Result<bool, Error> {
    for ca in cas.chain(issuer) {
        let own = &ca.authority.certificate;
        if transaction.is_revoked(own.issuer, &own.serial)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn new_certificate(
    issuer: AuthorityId,
    handle: &Handle,
    identity: &Identity,
    profile: Profile,
    certificate: &Certificate,
    now: Timestamp,
) -> Result<NewCertificate, Error> {
    let serial = certificate.serial.ok_or_else(|| Error::Internal("a certificate without a serial".into()))?;
    Ok(NewCertificate {
        issuer,
        authority: None,
        serial,
        handle: handle.clone(),
        identity: identity.key(),
        profile,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        spki_sha256: sha256(&certificate.public_key),
        subject_key_id: certificate.subject_key_id.clone().unwrap_or_default(),
        predecessor: None,
        recorded_at: now,
        key_here: true,
        der: certificate.der().to_vec(),
    })
}

pub(super) fn renewed_key(pem: &[u8], path: &Path, record: &Record) -> Result<PrivateKey, Error> {
    let key = PrivateKey::from_pem(pem).map_err(|source| Error::KeyFile { path: path.into(), source })?;
    if sha256(key.public_key()) != record.spki_sha256 {
        let whose = "the certificate that is to be renewed".into();
        return Err(Error::KeyFile { path: path.into(), source: KeyError::NotTheKey { whose } });
    }
    Ok(key)
}

/// A renewal that ends hardly later than what it renews only hides that the issuer is ending.
pub(super) fn check_gain(
    record: &Record,
    not_after: Timestamp,
    lifetime: i64,
    issuer: &Issuer,
    cas: &Cas,
    id: AuthorityId,
    now: Timestamp,
) -> Result<(), Error> {
    let gained = not_after.since(record.not_after.max(now));
    if let Some(own) = issuer.certificate()
        && not_after == own.not_after
        && gained < lifetime / GAIN_FRACTION
    {
        return Err(Error::NoGain {
            handle: record.handle.clone(),
            issuer: cas.by_id(id).map(|c| c.handle().to_string()).unwrap_or_default(),
            gained: format!("{} days", gained.max(0) / 86_400),
            issuer_not_after: own.not_after,
        });
    }
    Ok(())
}
