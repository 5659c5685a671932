//! Plain values for the cases.

use rootlet::model::{Handle, Profile, Reason, Serial, Timestamp};
use rootlet::store::{
    Access, AuthorityId, CertificateId, CrlRecord, NewAuthority, NewCertificate, NewRevocation, Revocation, Store,
    Transaction,
};

pub const DAY: i64 = 86_400;

/// A time on a day counted from the first of June 2030.
pub fn day(n: i64) -> Timestamp {
    "2030-06-01T12:00:00Z".parse::<Timestamp>().unwrap().plus(n * DAY)
}

pub fn handle(text: &str) -> Handle {
    text.parse().unwrap()
}

pub fn serial(n: u64) -> Serial {
    Serial::from_unsigned(&n.to_be_bytes()).unwrap()
}

/// A server certificate that ends in a hundred days, its key and DER derived from the serial.
pub fn leaf(issuer: AuthorityId, name: &str, number: u64) -> NewCertificate {
    let mut spki_sha256 = [0; 32];
    spki_sha256[..8].copy_from_slice(&number.to_be_bytes());
    NewCertificate {
        issuer,
        authority: None,
        serial: serial(number),
        handle: handle(name),
        identity: format!("dns:{name}"),
        profile: Profile::Server,
        not_before: day(0),
        not_after: day(100),
        spki_sha256,
        subject_key_id: number.to_be_bytes().to_vec(),
        predecessor: None,
        recorded_at: day(0),
        key_here: true,
        der: number.to_be_bytes().repeat(20),
    }
}

/// Adds a root and returns its generation.
pub fn add_root(transaction: &dyn Transaction, name: &str, number: u64) -> AuthorityId {
    let id = transaction.add_authority(&NewAuthority { handle: handle(name), generation: 1 }).unwrap();
    let identity = format!("ca:{name}");
    let own = NewCertificate { authority: Some(id), identity, profile: Profile::Root, ..leaf(id, name, number) };
    transaction.record(&NewCertificate { not_after: day(3650), ..own }).unwrap();
    id
}

/// An inventory with one root, `ca`.
pub fn with_root(store: &mut dyn Store) -> AuthorityId {
    write(store, |t| add_root(t, "ca", 1_000_000))
}

/// One committed act.
pub fn write<R>(store: &mut dyn Store, act: impl FnOnce(&dyn Transaction) -> R) -> R {
    let transaction = store.begin(Access::Write).unwrap();
    let result = act(&*transaction);
    transaction.commit().unwrap();
    result
}

pub fn read<R>(store: &mut dyn Store, look: impl FnOnce(&dyn Transaction) -> R) -> R {
    look(&*store.begin(Access::Read).unwrap())
}

pub fn record(store: &mut dyn Store, new: &NewCertificate) -> CertificateId {
    write(store, |t| t.record(new).unwrap())
}

/// Records a leaf and revokes it at once.
pub fn revoked_leaf(store: &mut dyn Store, issuer: AuthorityId, number: u64, not_after: Timestamp, reason: Reason) {
    let new = NewCertificate { not_after, ..leaf(issuer, &format!("leaf-{number}"), number) };
    record(store, &new);
    revoke(store, issuer, number, not_after, Some(reason));
}

pub fn revoke(store: &mut dyn Store, issuer: AuthorityId, number: u64, not_after: Timestamp, reason: Option<Reason>) {
    let serial = serial(number);
    let new = NewRevocation { issuer, serial, not_after, at: day(1), reason, invalidity_date: None };
    write(store, |t| t.revoke(&new).unwrap());
}

/// The serials that the next CRL must list, in its order.
pub fn next_crl(store: &mut dyn Store, issuer: AuthorityId) -> Vec<Serial> {
    entries(store, issuer).into_iter().map(|r| r.serial).collect()
}

pub fn entries(store: &mut dyn Store, issuer: AuthorityId) -> Vec<Revocation> {
    let mut all = Vec::new();
    read(store, |t| t.revoked(issuer, &mut |r| all.push(r)).unwrap());
    all
}

/// Records a CRL that knows every event so far.
pub fn issue_crl(store: &mut dyn Store, issuer: AuthorityId, number: u64, this_update: Timestamp) {
    let last_event = read(store, |t| t.last_event(issuer).unwrap());
    write(store, |t| t.record_crl(&crl(issuer, number, this_update, last_event)).unwrap());
}

pub fn crl(issuer: AuthorityId, number: u64, this_update: Timestamp, last_event: i64) -> CrlRecord {
    let next_update = this_update.plus(30 * DAY);
    CrlRecord {
        issuer,
        number,
        this_update,
        next_update,
        entries: 3,
        last_event,
        sha256: [number as u8; 32],
        follows: None,
    }
}
