//! What an error is to scripts: its code, and whether another try may do.

use super::Error;
use crate::disk::DiskError;
use crate::keys::KeyError;
use crate::store::StoreError;

impl Error {
    /// Whether the request itself is wrong, seen without looking at any file or PKI: exit code 2.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Shared(e) => e.is_usage(),
            other => matches!(other, Error::Usage { .. } | Error::Model(_)),
        }
    }

    /// Whether the same command may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Store(e) => e.is_retryable(),
            Error::Shared(e) => e.is_retryable(),
            Error::NotReleased { .. } | Error::Overtaken { .. } | Error::Disk(DiskError::Locked { .. }) => true,
            _ => false,
        }
    }

    /// A stable word for scripts; one of the codes listed in `docs/json.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Usage { .. } => "usage",
            Error::Shared(e) => e.code(),
            Error::Model(e) => e.code(),
            Error::Disk(DiskError::Locked { .. }) | Error::Overtaken { .. } => "busy",
            Error::Disk(_) | Error::Delivery { .. } => "io",
            Error::NotReleased { .. } => "not-released",
            Error::Store(StoreError::Busy { .. }) => "busy",
            Error::Store(_) => "inventory",
            Error::Issue { source, .. } => source.code(),
            Error::File { .. } => "malformed",
            Error::KeyFile { source: KeyError::Encrypted, .. } => "key-encrypted",
            Error::KeyFile { source: KeyError::WrongPassphrase, .. } => "passphrase",
            Error::KeyFile { .. } => "key",
            Error::Custody(e) => e.code(),
            Error::Config { .. } => "config",
            Error::NoPki { .. } | Error::NotAPki { .. } => "no-pki",
            Error::NameTaken { .. } => "name-taken",
            Error::Exists { .. }
            | Error::FileExists { .. }
            | Error::UnknownFolder { .. }
            | Error::InTheWay { .. }
            | Error::DeliveryOccupied { .. }
            | Error::DeliveryTaken { .. } => "exists",
            Error::OnHold { .. } => "on-hold",
            Error::LostInventory { .. } => "inventory",
            Error::DeliveryInside { .. } => "delivery-inside",
            Error::Differs { .. } => "differs",
            Error::UnknownOwner { .. } | Error::OwnerNotOurs { .. } => "unknown-owner",
            Error::NoIssuer { .. } => "no-issuer",
            Error::SeveralIssuers { .. } => "several-issuers",
            Error::IssuerUnusable { .. } => "issuer-unusable",
            Error::SubjectTaken { .. } => "subject-taken",
            Error::KeyBarred { .. } => "key-barred",
            Error::NoGain { .. } => "no-gain",
            Error::NotFound { .. } | Error::NoAnswer { .. } | Error::NotIssuedHere { .. } => "not-found",
            Error::AmbiguousTarget { .. } => "ambiguous-target",
            Error::AlreadyRevoked { .. } => "already-revoked",
            Error::NotOnHold { .. } => "not-on-hold",
            Error::PastUnknown { .. } => "past-unknown",
            Error::NothingToSalvage { .. } => "exists",
            Error::RequestWaits { .. } => "exists",
            Error::Csr { .. } => "csr",
            Error::RootRevocation { .. } => "root-revocation",
            Error::Revoked { .. } => "revoked",
            Error::NotCurrent { .. } => "not-current",
            Error::NotRenewable { .. } => "not-renewable",
            Error::Exec { .. } => "exec",
            Error::NothingToRevoke { .. } => "nothing-to-revoke",
            Error::Manifest(_) | Error::NoManifest { .. } | Error::NoManifestId => "manifest",
            Error::CaChange { .. } => "ca-change",
            Error::Refused { .. } => "refused",
            Error::NotConfirmed { .. } => "not-confirmed",
            Error::Import(e) => e.code(),
            Error::Internal(_) => "internal",
        }
    }
}
