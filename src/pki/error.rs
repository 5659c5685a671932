use super::{CustodyError, ImportError};
use crate::disk::DiskError;
use crate::issue::IssueError;
use crate::keys::KeyError;
use crate::manifest::{LoadError, ManifestError};
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
    /// The files of a leaf would be where those of another one are.
    #[error("`{}` is in the way: that is where the files of `{other}` belong", path.display())]
    InTheWay {
        /// The folder or file.
        path: PathBuf,
        /// Whose it is.
        other: Handle,
    },
    /// Files that this PKI did not write stand in a delivery folder.
    #[error("`{}` exists, and it is none that this PKI delivers", path.display())]
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
    /// A user or group that this process may not give its files to.
    #[error("only root can give files to the {what} `{name}`")]
    OwnerNotOurs {
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
    /// A manifest is wrong.
    #[error("{0}")]
    Manifest(Box<ManifestError>),
    /// A folder without a manifest in it.
    #[error("`{}` holds no .toml and no .json file", path.display())]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// A file that is in the way.
    #[error("`{}` exists already", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// A manifest that would replace a CA, and nobody said that it may.
    #[error("`{handle}`: {reason}{}", listed_after(differences))]
    CaChange {
        /// The CA.
        handle: Handle,
        /// Why.
        reason: String,
        /// What differs.
        differences: Vec<Difference>,
        /// What would be issued again, because it is below.
        cascades: Vec<String>,
    },
    /// An entry of a manifest that cannot be made.
    #[error("`{name}`: {reason}")]
    Refused {
        /// The handle.
        name: String,
        /// Why.
        reason: String,
        /// What would mend it.
        hints: Vec<String>,
    },
    /// What a manifest no longer names is revoked only when somebody said so.
    #[error("{} would be revoked, and nobody confirmed it", names.join(", "))]
    NotConfirmed {
        /// The handles.
        names: Vec<String>,
    },
    /// Pruning without knowing whose.
    #[error("the manifest has no `id`, so nothing is known to be its own")]
    NoManifestId,
    /// What was found out once, and concerns several.
    #[error(transparent)]
    Shared(std::sync::Arc<Error>),
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

fn listed_after(differences: &[Difference]) -> String {
    if differences.is_empty() { String::new() } else { format!(": {}", list(differences)) }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Disk(e) => e.into(),
            LoadError::Manifest(e) => e.into(),
            LoadError::Empty { path } => Error::NoManifest { path },
        }
    }
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint: String = hint.into();
        Error::Usage { message: message.into(), hints: if hint.is_empty() { Vec::new() } else { vec![hint] } }
    }

    /// A CA that has ended, or was revoked.
    pub(crate) fn cannot_issue(issuer: &Handle, problem: String) -> Self {
        let hint = Some("choose another CA with `--issuer`, or create one".into());
        Error::IssuerUnusable { issuer: issuer.to_string(), problem, hint }
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
}
