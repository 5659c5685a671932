use super::{CustodyError, ImportError};
use crate::disk::DiskError;
use crate::issue::IssueError;
use crate::keys::KeyError;
use crate::model::{Handle, ModelError, Profile, Serial, Timestamp};
use crate::store::StoreError;
use crate::x509::X509Error;
use std::path::PathBuf;

/// Why a command was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request contradicts itself; seen without looking at any file.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What would mend it.
        hints: Vec<String>,
    },
    /// A value that is not what it should be.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The inventory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing was issued.
    #[error("`{name}` was not issued: {source}")]
    Issue {
        /// What was to be issued.
        name: String,
        /// Why not.
        source: Box<IssueError>,
    },
    /// A certificate or CRL in a file is malformed.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: X509Error,
    },
    /// A key file is not usable.
    #[error("`{}`: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The hand-edited configuration is wrong.
    #[error("`{}`: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no PKI here.
    #[error("there is no PKI in `{}`", path.display())]
    NoPki {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error("`{}` exists and is not a PKI folder", path.display())]
    NotAPki {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else has the handle.
    #[error("the name `{handle}` is taken by {profile} `{holder}`")]
    NameTaken {
        /// The handle.
        handle: Handle,
        /// The profile of who has it.
        profile: Profile,
        /// Who has it.
        holder: String,
        /// A handle that is free.
        free: String,
    },
    /// A live certificate of that handle exists.
    #[error("`{handle}` exists already: serial {serial}, valid until {not_after}")]
    Exists {
        /// The handle.
        handle: Handle,
        /// Its newest serial.
        serial: Serial,
        /// Its end.
        not_after: Timestamp,
        /// Whether `--force` may replace it.
        may_force: bool,
    },
    /// A live certificate of that handle exists and is not what was asked for.
    #[error("`{handle}` exists and differs: {}", list(differences))]
    Differs {
        /// The handle.
        handle: Handle,
        /// Which fields differ.
        differences: Vec<Difference>,
        /// Whether `--force` may replace it.
        may_force: bool,
    },
    /// The certificate is on hold.
    #[error("`{handle}` (serial {serial}) is on hold")]
    OnHold {
        /// The handle.
        handle: Handle,
        /// Its serial.
        serial: Serial,
        /// Whether `--force` may replace it.
        may_force: bool,
    },
    /// A PKI folder whose inventory is gone.
    #[error("`{}` has certificates, and its inventory is missing or empty", path.display())]
    LostInventory {
        /// The PKI folder.
        path: PathBuf,
    },
    /// A delivery folder inside the PKI folder.
    #[error("`{}` lies inside the PKI folder", path.display())]
    DeliveryInside {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else's files are delivered there.
    #[error("`{}` is where the files of `{handle}` are delivered", path.display())]
    DeliveryTaken {
        /// The folder.
        path: PathBuf,
        /// Whose files.
        handle: Handle,
    },
    /// A folder of that name exists that the inventory does not know.
    #[error("`{}` exists, and the inventory does not know it", path.display())]
    UnknownFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Files that this PKI did not write stand in a delivery folder.
    #[error("`{}` exists and was not delivered by this PKI", path.display())]
    DeliveryOccupied {
        /// The file.
        path: PathBuf,
    },
    /// The certificate exists; its files could not be delivered.
    #[error("`{handle}` was issued, but not delivered: {problem}")]
    Delivery {
        /// The handle.
        handle: Handle,
        /// What went wrong.
        problem: String,
    },
    /// It is recorded; its files are not all in place yet.
    #[error("`{name}` is recorded, but its files are not all in place: {problem}")]
    NotReleased {
        /// What was recorded.
        name: String,
        /// What went wrong.
        problem: String,
    },
    /// Others were faster again and again.
    #[error("`{handle}` was changed by other commands {attempts} times while this one worked")]
    Overtaken {
        /// The handle.
        handle: Handle,
        /// How often.
        attempts: usize,
    },
    /// A user or group that the system does not know.
    #[error("this system has no {what} `{name}`")]
    UnknownOwner {
        /// user or group.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// No CA can be the issuer.
    #[error("no CA here can issue {what}")]
    NoIssuer {
        /// `leaves` or `an intermediate`.
        what: &'static str,
        /// What would mend it.
        hint: String,
    },
    /// Several CAs could be the issuer.
    #[error("several CAs could issue {what}: {}", candidates.join(", "))]
    SeveralIssuers {
        /// `leaves` or `an intermediate`.
        what: &'static str,
        /// Each with how it stands.
        candidates: Vec<String>,
    },
    /// The CA that was named or chosen cannot issue.
    #[error("`{issuer}` cannot issue: {problem}")]
    IssuerUnusable {
        /// Its handle.
        issuer: String,
        /// Why not.
        problem: String,
        /// What would mend it.
        hint: Option<String>,
    },
    /// Another CA has that subject.
    #[error("the CA `{handle}` has the subject `{subject}` already")]
    SubjectTaken {
        /// Who has it.
        handle: Handle,
        /// The subject.
        subject: String,
    },
    /// The public key is barred.
    #[error("the key of `{handle}` was compromised and is never certified again")]
    KeyBarred {
        /// Whose key it is.
        handle: Handle,
    },
    /// The renewal would gain too little.
    #[error("renewing `{handle}` would gain only {gained}, because its issuer `{issuer}` ends {issuer_not_after}")]
    NoGain {
        /// The handle.
        handle: Handle,
        /// The issuer.
        issuer: String,
        /// The time gained.
        gained: String,
        /// The issuer's end.
        issuer_not_after: Timestamp,
    },
    /// Nothing of that name is known.
    #[error("nothing here is called `{target}`")]
    NotFound {
        /// What was looked for.
        target: String,
        /// Names that are close.
        similar: Vec<String>,
    },
    /// A name that waits for its certificate.
    #[error("`{handle}` has no certificate yet: it was requested")]
    NoAnswer {
        /// The handle.
        handle: Handle,
    },
    /// A file's certificate is not of this PKI.
    #[error("the certificate in `{}` was not issued here", path.display())]
    NotIssuedHere {
        /// The file.
        path: PathBuf,
    },
    /// A target has two readings.
    #[error("`{target}` can mean {}", readings.join(" or "))]
    AmbiguousTarget {
        /// What was given.
        target: String,
        /// Its readings.
        readings: Vec<String>,
    },
    /// The certificate is revoked for another reason.
    #[error("`{handle}` (serial {serial}) is revoked already, for {was}")]
    AlreadyRevoked {
        /// Whose it is.
        handle: Handle,
        /// Its serial.
        serial: Serial,
        /// The reason on record.
        was: String,
    },
    /// Only a hold can be released.
    #[error("`{handle}` (serial {serial}) is not on hold")]
    NotOnHold {
        /// Whose it is.
        handle: Handle,
        /// Its serial.
        serial: Serial,
    },
    /// What a CA revoked before is not known.
    #[error("what `{handle}` revoked before is not known, so it signs no CRL")]
    PastUnknown {
        /// The CA.
        handle: Handle,
    },
    /// The inventory is there.
    #[error("`{}` has an inventory that can be read: there is nothing to salvage", path.display())]
    NothingToSalvage {
        /// The PKI folder.
        path: PathBuf,
    },
    /// The same request waits already.
    #[error("`{handle}` waits for a certificate already")]
    RequestWaits {
        /// The handle.
        handle: Handle,
        /// What it is to be.
        profile: Profile,
    },
    /// A CSR that cannot be signed.
    #[error("the CSR in `{}` is refused: {problem}", path.display())]
    Csr {
        /// Where it was read.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// No CRL lists a root.
    #[error("`{handle}` is a root, and no CRL can list a root")]
    RootRevocation {
        /// The root.
        handle: Handle,
    },
    /// It is revoked for good.
    #[error("`{handle}` (serial {serial}) is revoked, and what is revoked is not renewed")]
    Revoked {
        /// Whose it is.
        handle: Handle,
        /// Its serial.
        serial: Serial,
        /// Its profile, which is the verb that issues it.
        profile: Profile,
    },
    /// An earlier certificate of a handle.
    #[error("the certificate {serial} is an earlier one of `{handle}`, and only the newest is renewed")]
    NotCurrent {
        /// Whose it is.
        handle: Handle,
        /// Its serial.
        serial: Serial,
    },
    /// It cannot be renewed in this way.
    #[error("`{handle}` is not renewed: {problem}")]
    NotRenewable {
        /// Whose it is.
        handle: Handle,
        /// Why not.
        problem: String,
        /// What would mend it.
        hint: String,
    },
    /// The command that was to run after a renewal failed.
    #[error("`{handle}` is in place, but the command after it failed: {problem}")]
    Exec {
        /// What was renewed.
        handle: String,
        /// What went wrong.
        problem: String,
    },
    /// Nothing is left to revoke.
    #[error("`{handle}` has no certificate that is still valid")]
    NothingToRevoke {
        /// The handle.
        handle: Handle,
    },
    /// Something that was made elsewhere was not taken over.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Something does not add up that only a fault of ours explains.
    #[error("internal error: {0}")]
    Internal(String),
    /// A key could not be opened, protected or moved.
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

/// One field in which a certificate is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The field.
    pub field: &'static str,
    /// What it is.
    pub is: String,
    /// What was asked for.
    pub wished: String,
}

fn list(differences: &[Difference]) -> String {
    let shown = |v: &str| if v.is_empty() { "nothing".to_string() } else { format!("`{v}`") };
    let one = |d: &Difference| format!("{} is {}, not {}", d.field, shown(&d.is), shown(&d.wished));
    differences.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint: String = hint.into();
        Error::Usage { message: message.into(), hints: if hint.is_empty() { Vec::new() } else { vec![hint] } }
    }

    /// What goes wrong after something was recorded: it must not read as if nothing had happened.
    pub(crate) fn not_released(name: impl std::fmt::Display) -> impl FnOnce(Error) -> Error {
        let name = name.to_string();
        move |e| match e {
            known @ (Error::NotReleased { .. } | Error::Delivery { .. }) => known,
            other => Error::NotReleased { name, problem: other.to_string() },
        }
    }

    pub(crate) fn issue(name: impl std::fmt::Display) -> impl FnOnce(IssueError) -> Error {
        let name = name.to_string();
        move |source| Error::Issue { name, source: Box::new(source) }
    }

    /// Whether the request itself is wrong, seen without looking at any file or PKI: exit code 2.
    pub fn is_usage(&self) -> bool {
        matches!(self, Error::Usage { .. } | Error::Model(_))
    }

    /// Whether the same command may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Store(e) => e.is_retryable(),
            Error::NotReleased { .. } | Error::Overtaken { .. } | Error::Disk(DiskError::Locked { .. }) => true,
            _ => false,
        }
    }

    /// A stable word for scripts; one of the codes listed in `docs/json.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Usage { .. } => "usage",
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
            | Error::UnknownFolder { .. }
            | Error::DeliveryOccupied { .. }
            | Error::DeliveryTaken { .. } => "exists",
            Error::OnHold { .. } => "on-hold",
            Error::LostInventory { .. } => "inventory",
            Error::DeliveryInside { .. } => "delivery-inside",
            Error::Differs { .. } => "differs",
            Error::UnknownOwner { .. } => "unknown-owner",
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
            Error::Import(e) => e.code(),
            Error::Internal(_) => "internal",
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        let one = |s: &str| vec![s.to_string()];
        match self {
            Error::Usage { hints, .. } => hints.clone(),
            Error::Model(e) => e.hints(),
            Error::Disk(e) => e.hints(),
            Error::Delivery { .. } => {
                one("mend that, and run the same command with --if-missing: it delivers what is missing")
            }
            Error::OnHold { may_force, .. } => {
                let mut hints =
                    one("lift the hold with `rootlet revoke NAME --release`, or revoke it for good with a --reason");
                if *may_force {
                    hints.push("`--force` replaces it with a new key".into());
                }
                hints
            }
            Error::LostInventory { .. } => vec![
                "bring inventory.db back from a backup; nothing was changed".into(),
                "`rootlet doctor --salvage` remakes it from the certificates and CRLs on disk".into(),
            ],
            Error::PastUnknown { handle } => vec![
                format!("give its CRL with `rootlet import {handle} --crl-file FILE`"),
                format!("or say that there is nothing but what is on record: `rootlet import {handle} --no-past`"),
                "a revocation can be recorded before: `rootlet revoke … --no-crl`".into(),
            ],
            Error::RequestWaits { handle, profile } => vec![
                format!("bring the answer in with `rootlet import {handle} --cert-file FILE`"),
                // The CSR of a CA may be on somebody's desk for a year: its key is not thrown away.
                if profile.is_ca() {
                    "`--if-missing` leaves it as it is; another `--name` asks beside it".into()
                } else {
                    "`--if-missing` leaves it as it is, `--force` makes a new key".into()
                },
            ],
            Error::Csr { .. } => one("have it made again; `rootlet request` or `openssl req -new` make good ones"),
            Error::NothingToSalvage { .. } => one("`rootlet doctor` checks it, `rootlet doctor --history` all of it"),
            Error::DeliveryInside { .. } | Error::DeliveryTaken { .. } => one("choose another --out-dir"),
            Error::Store(e) => e.hints(),
            Error::Issue { source, .. } => source.hints(),
            Error::Import(e) => e.hints(),
            Error::KeyFile { source: KeyError::Encrypted, path } => {
                vec![format!("decrypt it first: openssl pkey -in {0} -out {0}.plain", path.display())]
            }
            Error::KeyFile { source: KeyError::Refused(refusal), path } => {
                refusal.hint(&path.to_string_lossy()).into_iter().collect()
            }
            Error::Custody(e) => e.hints(),
            Error::NoPki { .. } => one("create one with `rootlet root NAME`, or name another folder with --pki"),
            Error::NotAPki { .. } => one("name an empty or a new folder with --pki"),
            Error::NameTaken { free, .. } => vec![format!("run the same command with `--name {free}`")],
            Error::Exists { may_force, .. } => {
                let mut hints = one("`--if-missing` keeps it, `--renew-within` renews it when it is due");
                if *may_force {
                    hints.push("`--force` replaces it with a new key".into());
                }
                hints
            }
            Error::Differs { may_force: true, .. } => {
                one("`--force` replaces it; `--name` makes another one beside it")
            }
            Error::Differs { .. } => {
                one("a CA is never replaced; choose another NAME, or drop the option that differs")
            }
            Error::UnknownFolder { path } => vec![format!("look at it and move it away: {}", path.display())],
            Error::DeliveryOccupied { .. } => one("move it away, or choose another --out-dir"),
            Error::NoIssuer { hint, .. } => vec![hint.clone()],
            Error::SeveralIssuers { what: "leaves", .. } => {
                one("choose one with `--issuer`, or set `issuer` in rootlet.toml")
            }
            Error::SeveralIssuers { .. } => one("choose one with `--issuer`"),
            Error::IssuerUnusable { hint, .. } => hint.iter().cloned().collect(),
            Error::SubjectTaken { .. } => one("choose another NAME or --subject: verifiers tell CAs apart by subject"),
            Error::KeyBarred { .. } => one("make a new key: `renew --rekey`, or issue it again with `--force`"),
            Error::NoGain { issuer, .. } => vec![format!("renew `{issuer}` first")],
            Error::NotFound { similar, .. } if !similar.is_empty() => {
                vec![format!("similar: {}", similar.join(", "))]
            }
            Error::NotFound { .. } => one("`rootlet list` shows what exists"),
            Error::NoAnswer { handle } => {
                vec![format!("bring the answer in with `rootlet import {handle} --cert-file FILE`")]
            }
            Error::NotIssuedHere { .. } => one("name the PKI that issued it with --pki"),
            Error::AmbiguousTarget { .. } => {
                one("say which: a handle, a file with its path, or `--serial HEX --issuer CA`")
            }
            Error::AlreadyRevoked { .. } => one("a recorded reason can only be turned into key-compromise"),
            Error::RootRevocation { .. } => one("take it out of every trust store, and revoke what it issued"),
            Error::Revoked { profile, .. } => {
                vec![format!("issue it again with `rootlet {profile} NAME`: it gets a new key")]
            }
            Error::NotCurrent { handle, .. } => vec![format!("`rootlet renew {handle}` renews the newest")],
            Error::NotRenewable { hint, .. } => vec![hint.clone()],
            Error::Exec { .. } => one("mend that and run the command by hand: the renewal stands"),
            Error::NothingToRevoke { .. } => one("name the serial to revoke an expired certificate"),
            Error::NotReleased { .. } => {
                one("mend that: the next command that writes finishes it, and `rootlet doctor` shows what is left")
            }
            Error::Overtaken { .. } => one("run the command again when the others have finished"),
            Error::UnknownOwner { .. } => one("write --owner USER or USER:GROUP, names or numbers"),
            Error::Internal(_) => one("this is a fault of rootlet: please report it with the command"),
            _ => Vec::new(),
        }
    }
}
