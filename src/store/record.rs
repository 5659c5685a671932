use crate::model::{Handle, Profile, Reason, Serial, Timestamp};
use std::path::PathBuf;

/// A CA generation in the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthorityId(pub(super) i64);

/// A certificate in the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId(pub(super) i64);

/// Who has a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The handle.
    pub handle: Handle,
    /// The typed identity that took it.
    pub identity: String,
    /// The profile of its newest certificate.
    pub profile: Profile,
    /// Its newest certificate.
    pub current: CertificateId,
    /// The id of the manifest that created it.
    pub manifest: Option<String>,
}

/// One generation of a CA: a name with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its place in the inventory.
    pub id: AuthorityId,
    /// The CA's handle.
    pub handle: Handle,
    /// 1 for the first key, 2 for the next.
    pub generation: u32,
    /// Whether what it revoked before is known; while it is not, it signs no CRL.
    pub past_known: bool,
    /// Where its key is.
    pub key_place: KeyPlace,
    /// The newest certificate of this key.
    pub certificate: Record,
}

/// Where the key of a CA generation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// In the CA's folder, encrypted or not.
    Here,
    /// Moved away by us: whoever has it brings it along.
    Detached,
    /// It was never here: the CA is one of somebody else.
    Foreign,
}

impl KeyPlace {
    /// Every place.
    pub const ALL: [KeyPlace; 3] = [KeyPlace::Here, KeyPlace::Detached, KeyPlace::Foreign];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            KeyPlace::Here => "here",
            KeyPlace::Detached => "detached",
            KeyPlace::Foreign => "foreign",
        }
    }
}

/// A key that waits for a certificate from a CA elsewhere (RFC 2986).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Its handle.
    pub handle: Handle,
    /// The typed identity that took the handle.
    pub identity: String,
    /// What the certificate is to be.
    pub profile: Profile,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// The PKCS#10 request in DER.
    pub csr: Vec<u8>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// A CA generation that is not in the inventory yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuthority {
    /// The CA's handle.
    pub handle: Handle,
    /// 1 for the first key, 2 for the next.
    pub generation: u32,
}

/// A certificate as the inventory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the inventory.
    pub id: CertificateId,
    /// The CA generation that issued it; a root's own for a root.
    pub issuer: AuthorityId,
    /// The handle of that CA.
    pub issuer_handle: Handle,
    /// Its serial number.
    pub serial: Serial,
    /// Whose it is.
    pub handle: Handle,
    /// What kind it is.
    pub profile: Profile,
    /// The first valid second.
    pub not_before: Timestamp,
    /// The last valid second.
    pub not_after: Timestamp,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// The certificate it renews or replaces.
    pub predecessor: Option<CertificateId>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Whether its key was here when it was recorded; else it is somebody else's.
    pub key_here: bool,
    /// Whether it is the newest of its handle.
    pub is_current: bool,
    /// Its revocation, if it is revoked or on hold.
    pub revocation: Option<Revocation>,
    /// The certificate in DER.
    pub der: Vec<u8>,
}

/// A certificate that is not in the inventory yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// The CA generation that issued it.
    pub issuer: AuthorityId,
    /// The CA generation that it is a certificate of, for CAs.
    pub authority: Option<AuthorityId>,
    /// Its serial number.
    pub serial: Serial,
    /// Whose it is.
    pub handle: Handle,
    /// The typed identity of the handle.
    pub identity: String,
    /// What kind it is.
    pub profile: Profile,
    /// The first valid second.
    pub not_before: Timestamp,
    /// The last valid second.
    pub not_after: Timestamp,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// Its subjectKeyIdentifier.
    pub subject_key_id: Vec<u8>,
    /// The certificate it renews or replaces.
    pub predecessor: Option<CertificateId>,
    /// Now.
    pub recorded_at: Timestamp,
    /// Whether its key is here.
    pub key_here: bool,
    /// The certificate in DER.
    pub der: Vec<u8>,
}

/// The revocation of a certificate, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The certificate's serial.
    pub serial: Serial,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
    /// The number of the event; a CRL whose `last_event` is not below it lists it.
    pub event: i64,
    /// The number of the first CRL that listed it; not looked up while walking what the next CRL must list.
    pub crl_number: Option<u64>,
}

/// What the next CRL lists of a serial; nothing when it does not list it.
pub type Change = (Serial, Option<Revocation>);

/// A revocation that is not in the inventory yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevocation {
    /// The CA generation that issued the certificate.
    pub issuer: AuthorityId,
    /// The certificate's serial.
    pub serial: Serial,
    /// The last valid second of the certificate, which decides how long it stays on CRLs.
    pub not_after: Timestamp,
    /// When it is revoked.
    pub at: Timestamp,
    /// Why; `None` releases a hold.
    pub reason: Option<Reason>,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
}

/// A CRL as the inventory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlRecord {
    /// Whose it is.
    pub issuer: AuthorityId,
    /// cRLNumber
    pub number: u64,
    /// thisUpdate
    pub this_update: Timestamp,
    /// nextUpdate
    pub next_update: Timestamp,
    /// How many certificates it lists.
    pub entries: u64,
    /// The newest revocation event it knows.
    pub last_event: i64,
    /// SHA-256 of the CRL in DER.
    pub sha256: [u8; 32],
    /// The number of the CRL before it, 0 for none, when its entries are what the inventory listed then; nothing for one
    /// that was not written from this inventory.
    pub follows: Option<u64>,
}

/// Where files are delivered besides the PKI folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The folder.
    pub folder: PathBuf,
    /// `USER` or `USER:GROUP` who gets the files.
    pub owner: Option<String>,
    /// The mode of the key file.
    pub key_mode: Option<u32>,
    /// Whether a manifest asked for it, and no command did: it is forgotten when the manifest no longer asks for it.
    pub declared: bool,
}

/// A line of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub action: String,
    /// To whom.
    pub handle: Option<String>,
    /// The rest.
    pub detail: String,
}

/// How one certificate stands, as far as counting needs it. What is borrowed lies in the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// Its place in the inventory.
    pub id: CertificateId,
    /// The CA generation that issued it; a root's own for a root.
    pub issuer: AuthorityId,
    /// Whose it is.
    pub handle: &'a str,
    /// What kind it is.
    pub profile: Profile,
    /// The first valid second.
    pub not_before: Timestamp,
    /// The last valid second.
    pub not_after: Timestamp,
    /// Whether it is the newest of its handle.
    pub is_current: bool,
    /// Why it is revoked or on hold, if it is.
    pub revoked: Option<Reason>,
    /// The certificate in DER, where it was asked for.
    pub der: Option<&'a [u8]>,
}

/// Which certificates a walk visits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those of this handle.
    pub handle: Option<Handle>,
    /// Only those of this issuer.
    pub issuer: Option<AuthorityId>,
    /// Only those that a CA of this handle issued, whichever generation of it.
    pub issuer_handle: Option<Handle>,
    /// Only those of this profile.
    pub profile: Option<Profile>,
    /// Only those that are still valid at this second.
    pub unexpired_at: Option<Timestamp>,
    /// Only those whose last valid second is before this one.
    pub ends_before: Option<Timestamp>,
    /// Only those that were recorded at this second or later.
    pub recorded_since: Option<Timestamp>,
    /// Only those that were ever revoked or on hold, released ones too.
    pub has_events: bool,
    /// Older ones too, not the newest of each handle alone.
    pub all_generations: bool,
}
