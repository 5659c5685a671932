//! The inventory: every certificate ever issued, every revocation, every CRL. One trait in domain verbs.
//!
//! [`SqliteStore`] is the default. A store knows nothing of files, keys or rules: it keeps records, and it keeps them
//! consistent inside a transaction.

mod error;
mod record;
mod schema;
mod sqlite;
mod sqlite_read;
mod sqlite_revocations;
mod sqlite_survey;
mod sqlite_walk;
mod sqlite_write;

pub use error::StoreError;
pub use record::{
    Authority, AuthorityId, CertificateId, CertificateRequest, Change, CrlRecord, Delivery, Event, Filter, Holder,
    KeyPlace, NewAuthority, NewCertificate, NewRevocation, Record, Revocation, Standing,
};
pub use sqlite::SqliteStore;

use crate::model::{Handle, Serial, Timestamp};
use std::path::Path;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A consistent view; never waits for a writer.
    Read,
    /// The only writer until it ends; waits, with a bound, for another one.
    Write,
}

/// An inventory.
pub trait Store: Send {
    /// Starts a transaction. Dropping it undoes it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process writes for too long.
    fn begin(&mut self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError>;

    /// Writes a consistent copy of the whole inventory into an empty file, while others go on using it.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the file is not empty or cannot be written.
    fn copy_to(&mut self, file: &Path) -> Result<(), StoreError>;
}

/// A consistent view of the inventory, and with [`Access::Write`] the changes of one act.
///
/// Every method fails with a [`StoreError`] when the database does; readers say nothing else about it.
#[allow(clippy::missing_errors_doc)]
pub trait Transaction {
    /// Who has a handle.
    fn holder(&self, handle: &Handle) -> Result<Option<Holder>, StoreError>;

    /// The request that a handle waits with; it is taken by it as by a certificate.
    fn request(&self, handle: &Handle) -> Result<Option<CertificateRequest>, StoreError>;

    /// The request of a public key (SHA-256 of its SubjectPublicKeyInfo); the first by handle, should there be several.
    fn request_with_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRequest>, StoreError>;

    /// Every request, by handle.
    fn requests(&self) -> Result<Vec<CertificateRequest>, StoreError>;

    /// Every CA generation, in the order of creation.
    fn authorities(&self) -> Result<Vec<Authority>, StoreError>;

    /// One certificate.
    fn certificate(&self, id: CertificateId) -> Result<Option<Record>, StoreError>;

    /// Whether a serial of a CA is revoked or on hold.
    fn is_revoked(&self, issuer: AuthorityId, serial: &Serial) -> Result<bool, StoreError>;

    /// How a serial of a CA stands, whether or not its certificate is known; nothing when it is not revoked or on hold.
    fn revocation(&self, issuer: AuthorityId, serial: &Serial) -> Result<Option<Revocation>, StoreError>;

    /// When a serial of a CA was released from hold, where that is the newest that happened to it.
    fn released_at(&self, issuer: AuthorityId, serial: &Serial) -> Result<Option<Timestamp>, StoreError>;

    /// Every certificate of this serial, of whichever issuer.
    fn with_serial(&self, serial: &Serial) -> Result<Vec<Record>, StoreError>;

    /// Every certificate of this public key (SHA-256 of its SubjectPublicKeyInfo).
    fn with_key(&self, spki_sha256: &[u8; 32]) -> Result<Vec<Record>, StoreError>;

    /// Walks the certificates that a filter lets through, by handle and then oldest first. The visitor returns whether
    /// to go on.
    fn walk(&self, filter: &Filter, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError>;

    /// Walks every certificate in the order of recording, and says how each stands: once over the whole inventory, for
    /// counting. With `der` each comes with its DER, which reads several times as much. The visitor returns whether to go
    /// on.
    fn survey(&self, der: bool, visit: &mut dyn FnMut(Standing<'_>) -> bool) -> Result<(), StoreError>;

    /// Walks the newest certificates that are unexpired at `now` and whose key was never here: signed for somebody else,
    /// or adopted. Those that end first come first. Then those of handles that an import brought, as the history says
    /// (`recorded`, `completed`), keys and all. The visitor returns whether to go on.
    fn elsewhere(&self, now: Timestamp, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError>;

    /// Walks the newest certificates whose last third has begun, expired and revoked ones too, the most urgent first. The
    /// visitor returns whether to go on.
    fn due(&self, now: Timestamp, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError>;

    /// The first second after `now` at which the last third of a newest certificate begins.
    fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Whether a CA generation ever issued something else than CAs.
    fn signs_leaves(&self, issuer: AuthorityId) -> Result<bool, StoreError>;

    /// Walks what the next CRL of a CA must list, in the order of the serials' octets.
    ///
    /// An entry is listed until it has appeared on one CRL issued after the certificate expired (RFC 5280 5).
    fn revoked(&self, issuer: AuthorityId, visit: &mut dyn FnMut(Revocation)) -> Result<(), StoreError>;

    /// What the next CRL of a CA must list otherwise than its newest one, `since`, did: a serial with what is listed of it
    /// now, or with nothing when it leaves. In the order of the serials' octets; it may name serials that stay as they are,
    /// and some that were not listed either. With `since` they make up what [`Transaction::revoked`] walks.
    ///
    /// Nothing when more than `most` events speak of them, or when `since` was not written from this inventory.
    fn changes(&self, since: &CrlRecord, most: usize) -> Result<Option<Vec<Change>>, StoreError>;

    /// The newest CRL of a CA.
    fn last_crl(&self, issuer: AuthorityId) -> Result<Option<CrlRecord>, StoreError>;

    /// The number of the newest revocation event of a CA, which counts its own; 0 before the first.
    fn last_event(&self, issuer: AuthorityId) -> Result<i64, StoreError>;

    /// Whether a public key was compromised and may never be certified again.
    fn is_barred(&self, spki_sha256: &[u8; 32]) -> Result<bool, StoreError>;

    /// The key identifier that was first used for a public key.
    fn key_identifier(&self, spki_sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Where a leaf's files are delivered, besides the PKI folder.
    fn deliveries(&self, handle: &Handle) -> Result<Vec<Delivery>, StoreError>;

    /// The handles whose files were issued and perhaps not delivered, because a command died in between.
    fn due_deliveries(&self) -> Result<Vec<Handle>, StoreError>;

    /// Whether the files of a handle were issued and perhaps not delivered to every folder.
    fn is_delivery_due(&self, handle: &Handle) -> Result<bool, StoreError>;

    /// The commands that were to run after something changed, by whose change it was, and have not succeeded since.
    fn owed_commands(&self) -> Result<Vec<(Handle, String)>, StoreError>;

    /// The history, newest last; at most `limit` of the newest events.
    fn history(&self, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// Walks the history from its oldest event, of one handle or from one time on. The visitor returns whether to go on.
    fn acts(
        &self,
        handle: Option<&Handle>,
        since: Option<Timestamp>,
        visit: &mut dyn FnMut(Event) -> bool,
    ) -> Result<(), StoreError>;

    /// The newest time in the history; nothing before the first act.
    fn newest_act(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Walks the CRLs of a CA in the order of their numbers. The visitor returns whether to go on.
    fn crls(&self, issuer: AuthorityId, visit: &mut dyn FnMut(CrlRecord) -> bool) -> Result<(), StoreError>;

    /// What the store finds wrong with itself, in its own words; reads everything.
    fn integrity(&self) -> Result<Vec<String>, StoreError>;

    /// The newest change that `public/` has to show, if it does not show it yet: a command may have died.
    fn unpublished(&self) -> Result<Option<i64>, StoreError>;

    /// Whose files are delivered to a folder.
    fn delivered_to(&self, folder: &Path) -> Result<Option<Handle>, StoreError>;

    /// Adds a CA generation whose first certificate follows.
    fn add_authority(&self, new: &NewAuthority) -> Result<AuthorityId, StoreError>;

    /// Says whether what a CA generation revoked before is known.
    fn set_past_known(&self, authority: AuthorityId, known: bool) -> Result<(), StoreError>;

    /// Says where the key of a CA generation is.
    fn set_key_place(&self, authority: AuthorityId, place: KeyPlace) -> Result<(), StoreError>;

    /// Records a request, in place of one of the same handle.
    fn put_request(&self, request: &CertificateRequest) -> Result<(), StoreError>;

    /// Forgets the request of a handle: it was answered, or withdrawn.
    fn remove_request(&self, handle: &Handle) -> Result<(), StoreError>;

    /// Records a certificate and makes it the newest of its handle. A handle that nobody has is taken.
    fn record(&self, new: &NewCertificate) -> Result<CertificateId, StoreError>;

    /// Says which manifest created a handle.
    fn set_manifest(&self, handle: &Handle, id: &str) -> Result<(), StoreError>;

    /// Appends a revocation, or with no reason the release of a hold.
    fn revoke(&self, new: &NewRevocation) -> Result<(), StoreError>;

    /// Records a CRL.
    fn record_crl(&self, crl: &CrlRecord) -> Result<(), StoreError>;

    /// Bars a public key for ever.
    fn bar_key(&self, spki_sha256: &[u8; 32], at: Timestamp) -> Result<(), StoreError>;

    /// Remembers where a leaf's files are delivered.
    fn remember_delivery(&self, handle: &Handle, delivery: &Delivery) -> Result<(), StoreError>;

    /// Delivers a leaf's files no longer to a folder; what is in it stays.
    fn forget_delivery(&self, handle: &Handle, folder: &Path) -> Result<(), StoreError>;

    /// Sets whether the files of a handle are still to be delivered, to every folder that is remembered for it.
    fn set_deliveries_due(&self, handle: &Handle, due: bool) -> Result<(), StoreError>;

    /// Says which command is to run after a change of a handle; nothing when it has.
    fn owe_command(&self, handle: &Handle, command: Option<&str>) -> Result<(), StoreError>;

    /// Writes a line of history.
    fn note(&self, at: Timestamp, action: &str, handle: Option<&Handle>, detail: &str) -> Result<(), StoreError>;

    /// Says that `public/` has a change to show.
    fn mark_unpublished(&self) -> Result<(), StoreError>;

    /// Says that `public/` shows every change up to this one; later ones stay unpublished.
    fn mark_published(&self, change: i64) -> Result<(), StoreError>;

    /// Makes the changes durable.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
