//! The table "again and again": what a command does with what exists already.

use super::view::CertificateView;
use super::{Difference, Error};
use crate::issue::{SecondVerifier, Warning};
use crate::model::{Handle, Reason, Timestamp, Window};
use crate::store::Record;
use serde::Serialize;
use std::path::PathBuf;

/// What to do when the certificate exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Again {
    /// Refuse.
    #[default]
    Refuse,
    /// Keep it if it is what was asked for (`--if-missing`).
    IfMissing,
    /// Keep it if it is what was asked for, and renew it with the same key when it is due (`--renew-within`).
    RenewWithin(Window),
    /// Replace it, with a new key (`--force`).
    Force,
}

/// What an issuing verb did.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// `created`, `renewed`, `reissued` or `unchanged`.
    pub action: &'static str,
    /// The certificate.
    pub certificate: CertificateView,
    /// What the user should know.
    pub warnings: Vec<Warning>,
    /// Who judged it besides ourselves; nothing when it is unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_verifier: Option<SecondVerifier>,
    /// Where its files were delivered, besides the PKI folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<PathBuf>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Issue with a new key.
    Issue { action: &'static str },
    /// Issue with the key that is there.
    Renew,
    /// Leave it.
    Keep { due: bool },
}

/// One row and one column of the table.
pub(super) fn decide(
    current: Option<&Record>,
    again: Again,
    now: Timestamp,
    may_force: bool,
    differences: impl FnOnce(&Record) -> Result<Vec<Difference>, Error>,
) -> Result<Decision, Error> {
    let live = |r: &Record| !is_revoked(r);
    let Some(record) = current.filter(|r| live(r)) else { return Ok(Decision::Issue { action: "created" }) };
    let handle: &Handle = &record.handle;
    if now > record.not_after {
        return Ok(match again {
            Again::RenewWithin(_) => Decision::Renew,
            Again::Force => Decision::Issue { action: "reissued" },
            Again::Refuse | Again::IfMissing => Decision::Issue { action: "created" },
        });
    }
    let window = match again {
        Again::Force => return Ok(Decision::Issue { action: "reissued" }),
        Again::Refuse => {
            let (serial, not_after) = (record.serial, record.not_after);
            return Err(Error::Exists { handle: handle.clone(), serial, not_after, may_force });
        }
        Again::IfMissing => Window::LastThird,
        Again::RenewWithin(window) => window,
    };
    let differences = differences(record)?;
    if !differences.is_empty() {
        return Err(Error::Differs { handle: handle.clone(), differences, may_force });
    }
    let due = is_due(record.not_before, record.not_after, window, now);
    Ok(match again {
        Again::RenewWithin(_) if due => Decision::Renew,
        _ => Decision::Keep { due },
    })
}

/// Whether the end is nearer than the window.
pub(super) fn is_due(not_before: Timestamp, not_after: Timestamp, window: Window, now: Timestamp) -> bool {
    not_after.since(now) < window.seconds(not_after.since(not_before) + 1)
}

/// Revoked for good; a hold may be lifted, but until then the certificate is refused as well.
pub(super) fn is_revoked(record: &Record) -> bool {
    record.revocation.is_some()
}

/// Revoked for a reason that is not a hold.
pub(super) fn is_final(reason: Reason) -> bool {
    reason != Reason::CertificateHold
}
