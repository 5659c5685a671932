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
    /// Keep its key and issue it anew, whatever is left of it, if it is what was asked for: its issuer has a new key
    /// (`cascade` of `apply`).
    Renew,
    /// Replace it, with a new key (`--force`); leaves only.
    Force,
    /// Replace a CA by a new generation, with a new key (`apply --replace-ca`).
    Replace,
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
    let revoked = |r: &Record| r.revocation.as_ref().is_some_and(|v| is_final(v.reason));
    let Some(record) = current.filter(|r| !revoked(r)) else { return Ok(Decision::Issue { action: "created" }) };
    let handle: &Handle = &record.handle;
    if record.revocation.is_some() && !matches!(again, Again::Force | Again::Replace) && now <= record.not_after {
        // A hold may be lifted: until then it is neither good nor gone, and its key must not be thrown away.
        return Err(Error::OnHold { handle: handle.clone(), serial: record.serial, may_force });
    }
    if now > record.not_after {
        return match again {
            // The same key goes on only under the same name and powers.
            Again::RenewWithin(_) | Again::Renew => {
                same(handle, differences(record)?, may_force).map(|()| Decision::Renew)
            }
            Again::Force | Again::Replace => Ok(Decision::Issue { action: "reissued" }),
            Again::Refuse | Again::IfMissing => Ok(Decision::Issue { action: "created" }),
        };
    }
    let window = match again {
        Again::Force | Again::Replace => return Ok(Decision::Issue { action: "reissued" }),
        Again::Refuse => {
            let (serial, not_after) = (record.serial, record.not_after);
            return Err(Error::Exists { handle: handle.clone(), serial, not_after, may_force });
        }
        Again::IfMissing => Window::LastThird,
        Again::RenewWithin(window) => window,
        Again::Renew => return same(handle, differences(record)?, may_force).map(|()| Decision::Renew),
    };
    same(handle, differences(record)?, may_force)?;
    let due = is_due(record.not_before, record.not_after, window, now);
    Ok(match again {
        Again::RenewWithin(_) if due => Decision::Renew,
        _ => Decision::Keep { due },
    })
}

fn same(handle: &Handle, differences: Vec<Difference>, may_force: bool) -> Result<(), Error> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::Differs { handle: handle.clone(), differences, may_force })
}

/// Whether the end is nearer than the window.
pub(super) fn is_due(not_before: Timestamp, not_after: Timestamp, window: Window, now: Timestamp) -> bool {
    not_after.since(now) < window.seconds(not_after.since(not_before) + 1)
}

/// One that ended is still due for a third of its life, and for this many seconds at least: a machine may have been off
/// for some days. After that it counts as given up.
const GIVEN_UP_SECONDS: i64 = 7 * 86_400;

/// Whether nobody who looks after a PKI should let it be: neither revoked nor on hold, its end nearer than the window,
/// which is never more than the last third of its life, and not given up.
pub(super) fn wants_renewal(record: &Record, within: Window, now: Timestamp) -> bool {
    record.revocation.is_none() && is_in_window(record, within, now) && !is_given_up(record, now)
}

/// Whether the end is nearer than the window, which is never more than the last third of its life.
pub(super) fn is_in_window(record: &Record, within: Window, now: Timestamp) -> bool {
    record.not_after.since(now) < within.seconds_at_most_a_third(life_of(record))
}

fn is_given_up(record: &Record, now: Timestamp) -> bool {
    now.since(record.not_after) > Window::LastThird.seconds(life_of(record)).max(GIVEN_UP_SECONDS)
}

/// How long a certificate lives, in seconds.
pub(super) fn life_of(record: &Record) -> i64 {
    record.not_after.since(record.not_before) + 1
}

/// Revoked for a reason that is not a hold.
pub(super) fn is_final(reason: Reason) -> bool {
    reason != Reason::CertificateHold
}
