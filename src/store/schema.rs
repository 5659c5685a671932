//! The tables, and how one format becomes the next.

use super::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::time::{Duration, Instant};

/// Marks the file as ours (`file` and SQLite show it): "rlet".
const APPLICATION_ID: i64 = 0x726c_6574;

/// One script for each format, in order; a database of format n has run the first n.
const MIGRATIONS: [&str; 5] = [FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4, FORMAT_5];

/// Certificates are narrow rows with their DER beside them, so that walking states does not read megabytes.
/// Revocations are events, counted for each issuer: the newest row of a serial says how it stands, and no reason means
/// that a hold was lifted. They lie in the order in which a CRL lists them, so that writing one reads them once.
const FORMAT_1: &str = "
CREATE TABLE holder(
  handle TEXT PRIMARY KEY,
  identity TEXT NOT NULL,
  profile TEXT NOT NULL,
  current INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE authority(
  id INTEGER PRIMARY KEY,
  handle TEXT NOT NULL,
  generation INTEGER NOT NULL,
  certificate INTEGER,
  UNIQUE(handle, generation)
);
CREATE TABLE certificate(
  id INTEGER PRIMARY KEY,
  issuer INTEGER NOT NULL,
  serial BLOB NOT NULL,
  handle TEXT NOT NULL,
  profile TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  spki_sha256 BLOB NOT NULL,
  predecessor INTEGER,
  recorded_at INTEGER NOT NULL,
  UNIQUE(issuer, serial)
);
CREATE INDEX certificate_handle ON certificate(handle, id);
CREATE INDEX certificate_serial ON certificate(serial);
CREATE INDEX certificate_key ON certificate(spki_sha256);
CREATE INDEX certificate_end ON certificate(not_after);
CREATE TABLE certificate_der(id INTEGER PRIMARY KEY, der BLOB NOT NULL);
CREATE TABLE public_key(
  spki_sha256 BLOB PRIMARY KEY,
  key_identifier BLOB NOT NULL,
  barred_at INTEGER
) WITHOUT ROWID;
CREATE TABLE revocation(
  issuer INTEGER NOT NULL,
  serial BLOB NOT NULL,
  event INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  at INTEGER NOT NULL,
  reason INTEGER,
  invalidity_date INTEGER,
  PRIMARY KEY(issuer, serial, event)
) WITHOUT ROWID;
CREATE UNIQUE INDEX revocation_event ON revocation(issuer, event);
CREATE TABLE crl(
  issuer INTEGER NOT NULL,
  number INTEGER NOT NULL,
  this_update INTEGER NOT NULL,
  next_update INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  last_event INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY(issuer, number)
) WITHOUT ROWID;
CREATE TABLE delivery(
  handle TEXT NOT NULL,
  folder TEXT NOT NULL,
  owner TEXT,
  key_mode INTEGER,
  due INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(handle, folder)
) WITHOUT ROWID;
CREATE INDEX delivery_folder ON delivery(folder);
CREATE INDEX delivery_due ON delivery(handle) WHERE due;
CREATE TABLE history(
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  handle TEXT,
  detail TEXT NOT NULL
);
CREATE TABLE flag(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

/// What a CA generation is beyond its key being here, what a handle is before its first certificate, and who declared it.
///
/// - `past_known`: 0 while nobody has said what the CA revoked before; it signs no CRL until then.
/// - `key_place`: `here`, `detached` (ours, moved away) or `foreign` (never ours).
/// - `stage`: `prepared`, `active`, `retiring` or `retired`.
/// - `key_here`: 0 for a certificate whose key was never here, as one that was signed from a request.
/// - `due_at`: when the last third of the newest certificate begins.
/// - `request`: handles whose key waits for a certificate from elsewhere.
/// - `manifest`: the `id` of the manifest that created a handle.
/// - `follows`: the CRL before the one whose entries were those of this inventory; null for one that came from elsewhere.
const FORMAT_2: &str = "
ALTER TABLE authority ADD COLUMN past_known INTEGER NOT NULL DEFAULT 1;
ALTER TABLE authority ADD COLUMN key_place TEXT NOT NULL DEFAULT 'here';
ALTER TABLE authority ADD COLUMN stage TEXT NOT NULL DEFAULT 'active';
ALTER TABLE certificate ADD COLUMN key_here INTEGER NOT NULL DEFAULT 1;
ALTER TABLE holder ADD COLUMN manifest TEXT;
ALTER TABLE holder ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
UPDATE holder SET due_at =
  (SELECT not_after - (not_after - not_before + 1) / 3 FROM certificate WHERE id = holder.current);
CREATE INDEX holder_due ON holder(due_at);
CREATE TABLE request(
  handle TEXT PRIMARY KEY,
  identity TEXT NOT NULL,
  profile TEXT NOT NULL,
  spki_sha256 BLOB NOT NULL,
  csr BLOB NOT NULL,
  recorded_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX request_key ON request(spki_sha256);
ALTER TABLE crl ADD COLUMN follows INTEGER;
CREATE INDEX certificate_issuer ON certificate(issuer, not_after);
CREATE INDEX revocation_end ON revocation(issuer, not_after);
CREATE INDEX crl_event ON crl(issuer, last_event, number);
";

/// Certificates that were made elsewhere are found without looking at the others, of which nothing is kept: those whose
/// key was never here, and those that an import recorded.
const FORMAT_3: &str = "
CREATE INDEX certificate_elsewhere ON certificate(not_after) WHERE key_here = 0;
CREATE INDEX history_import ON history(handle) WHERE action IN ('recorded', 'completed');
";

/// Commands that a manifest wants to run after a change, and that have not succeeded since: a change that nobody was told of.
const FORMAT_4: &str = "
CREATE TABLE owed_command(handle TEXT PRIMARY KEY, command TEXT NOT NULL) WITHOUT ROWID;
";

/// Which deliveries only a manifest asked for.
const FORMAT_5: &str = "
ALTER TABLE delivery ADD COLUMN declared INTEGER NOT NULL DEFAULT 0;
";

/// Brings a database to the newest format; an empty file becomes an inventory.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as i64;
    let format = |c: &Connection| c.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0));
    let (found, mark, tables) = {
        // In one view: another process may be making the inventory at this moment.
        let view = connection.transaction()?;
        let found = format(&view)?;
        let mark: i64 = view.pragma_query_value(None, "application_id", |r| r.get(0))?;
        if found == known && mark == APPLICATION_ID {
            return Ok(());
        }
        let tables: i64 = view.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
        (found, mark, tables)
    };
    // Before anything is changed: only an empty file may become an inventory.
    if mark != APPLICATION_ID && (tables > 0 || found != 0 || mark != 0) {
        return Err(StoreError::Foreign { path: path.into() });
    }
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    // The change of journal mode cannot be made inside a transaction; it lasts with the file.
    switch_to_wal(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = format(&transaction)?;
    if found == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    for script in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// The switch takes the file alone and does not wait for others by itself.
fn switch_to_wal(connection: &Connection) -> Result<(), StoreError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal").map_err(StoreError::from) {
            Err(StoreError::Busy { .. }) if started.elapsed() < crate::disk::patience() => {
                std::thread::sleep(PAUSE);
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_format_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inventory.db");
        let mut connection = Connection::open(&path).unwrap();
        connection.execute_batch(FORMAT_1).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection.execute("INSERT INTO authority(handle, generation) VALUES('internal-ca', 1)", []).unwrap();
        migrate(&mut connection, &path).unwrap();
        let row: (String, i64, String, String) = connection
            .query_row("SELECT handle, past_known, key_place, stage FROM authority", [], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
            })
            .unwrap();
        assert_eq!(row, ("internal-ca".into(), 1, "here".into(), "active".into()));
        let format: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
        assert_eq!(format, MIGRATIONS.len() as i64);
        // A second time there is nothing to do.
        migrate(&mut connection, &path).unwrap();
    }
}
