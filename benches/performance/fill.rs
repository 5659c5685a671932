//! Fills the inventory of a PKI with certificates that nobody waits for, as fast as the store takes them.

use crate::Failure;
use rootlet::model::{Handle, Reason, Serial, Timestamp};
use rootlet::pki::{CaRequest, LeafRequest, Pki};
use rootlet::store::{Access, NewCertificate, NewRevocation, Record, SqliteStore, Store};
use std::path::Path;

/// A name as long as those of all that follow, so that its certificate is a pattern for theirs.
const PATTERN: &str = "h0000000.scale.test";
/// The greatest number that such a name can say.
const MOST: u32 = 9_999_999;

/// Makes a PKI with one root.
pub fn root(folder: &Path) -> Result<(), Failure> {
    let request = CaRequest::new(rootlet::model::Profile::Root, "Root")?;
    Pki::root_ca(folder, &request)?;
    Ok(())
}

/// Records `count` certificates of the root in a PKI that has no others, and revokes them if asked to.
///
/// They are copies of one that was issued, each with its own serial, name and key: all but the signature is real.
pub fn fill(folder: &Path, count: u32, revoked: bool) -> Result<(), Failure> {
    if count > MOST {
        return Err(format!("{MOST} at most").into());
    }
    let mut pki = Pki::open(folder)?;
    pki.leaf(&LeafRequest::new(rootlet::model::Profile::Server, PATTERN)?)?;
    drop(pki);
    let mut store = SqliteStore::open(&folder.join("inventory.db"))?;
    let pattern = pattern(&mut store)?;
    let pieces = Pieces::of(&pattern)?;
    let transaction = store.begin(Access::Write)?;
    for number in 1..=count {
        let new = pieces.certificate(&pattern, number)?;
        transaction.record(&new)?;
        if revoked {
            transaction.revoke(&NewRevocation {
                issuer: new.issuer,
                serial: new.serial,
                not_after: new.not_after,
                at: pattern.recorded_at,
                reason: Some(Reason::KeyCompromise),
                invalidity_date: None,
            })?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn pattern(store: &mut SqliteStore) -> Result<Record, Failure> {
    let transaction = store.begin(Access::Read)?;
    let handle: Handle = PATTERN.parse()?;
    let holder = transaction.holder(&handle)?.ok_or("the pattern is gone")?;
    Ok(transaction.certificate(holder.current)?.ok_or("the pattern is gone")?)
}

/// Where in the pattern's DER lies what differs.
struct Pieces {
    serial: usize,
    names: Vec<usize>,
}

impl Pieces {
    fn of(pattern: &Record) -> Result<Self, Failure> {
        let places = |part: &[u8]| -> Vec<usize> {
            let all = pattern.der.windows(part.len()).enumerate();
            all.filter(|(_, w)| *w == part).map(|(i, _)| i).collect()
        };
        let serial = *places(pattern.serial.as_bytes()).first().ok_or("no serial in the pattern")?;
        Ok(Pieces { serial, names: places(PATTERN.as_bytes()) })
    }

    fn certificate(&self, pattern: &Record, number: u32) -> Result<NewCertificate, Failure> {
        // Spread over all serials and keys as random ones are, and the same in every run.
        let spread = number.wrapping_mul(2_654_435_761);
        let mut octets = [0; 16];
        octets[..4].copy_from_slice(&spread.to_be_bytes());
        octets[12..].copy_from_slice(&number.to_be_bytes());
        let serial = Serial::from_random(octets);
        let mut spki_sha256 = [0; 32];
        spki_sha256[..4].copy_from_slice(&spread.rotate_left(16).to_be_bytes());
        spki_sha256[28..].copy_from_slice(&number.to_be_bytes());
        let name = format!("h{number:07}.scale.test");
        let mut der = pattern.der.clone();
        der[self.serial..self.serial + 16].copy_from_slice(serial.as_bytes());
        for at in &self.names {
            der[*at..*at + name.len()].copy_from_slice(name.as_bytes());
        }
        // A second apart, as if they had been issued one after the other.
        let later = |t: Timestamp| t.plus(i64::from(number));
        Ok(NewCertificate {
            issuer: pattern.issuer,
            authority: None,
            serial,
            handle: name.parse()?,
            identity: format!("dns:{name}"),
            profile: pattern.profile,
            not_before: pattern.not_before,
            not_after: later(pattern.not_after),
            spki_sha256,
            subject_key_id: spki_sha256[..20].to_vec(),
            predecessor: None,
            recorded_at: pattern.recorded_at,
            key_here: true,
            der,
        })
    }
}
