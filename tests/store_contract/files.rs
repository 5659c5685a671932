//! What is special to the SQLite store: the file it is given may be anything.

use super::sample::{read, with_root, write};
use crate::Fresh;
use rootlet::store::{Access, SqliteStore, Store, StoreError};
use rusqlite::Connection;
use std::time::Duration;

/// The inventory's application_id: "rlet".
const APPLICATION_ID: i64 = 0x726c_6574;

fn pragma(fresh: &Fresh, name: &str) -> i64 {
    Connection::open(fresh.path()).unwrap().pragma_query_value(None, name, |r| r.get(0)).unwrap()
}

/// A database that some other program made.
fn foreign(user_version: i64) -> Fresh {
    let fresh = Fresh::sqlite();
    let connection = Connection::open(fresh.path()).unwrap();
    connection.execute_batch("CREATE TABLE bookmarks(url TEXT); INSERT INTO bookmarks VALUES('x');").unwrap();
    connection.pragma_update(None, "user_version", user_version).unwrap();
    drop(connection);
    fresh
}

#[test]
fn the_file_says_what_it_is() {
    let fresh = Fresh::sqlite();
    let _ = with_root(&mut *fresh.open());
    assert_eq!(pragma(&fresh, "application_id"), APPLICATION_ID);
    assert!(pragma(&fresh, "user_version") > 0);
    let mode: String =
        Connection::open(fresh.path()).unwrap().pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_newer_format_is_refused() {
    let fresh = Fresh::sqlite();
    drop(fresh.open());
    let known = pragma(&fresh, "user_version");
    Connection::open(fresh.path()).unwrap().pragma_update(None, "user_version", known + 7).unwrap();
    let error = SqliteStore::open(&fresh.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found, known: k } if (found, k) == (known + 7, known)), "{error}");
    assert!(!error.is_retryable() && !error.hints().is_empty());
    assert_eq!(pragma(&fresh, "user_version"), known + 7, "and it is left as it is");
}

/// Whatever version its own program gave it: 0 is most, and 1 is the next.
#[test]
fn a_foreign_database_is_refused() {
    for user_version in [0, 1, 70] {
        let fresh = foreign(user_version);
        let opened = SqliteStore::open(&fresh.path());
        let error = opened.err().unwrap_or_else(|| panic!("user_version {user_version} was taken for an inventory"));
        assert!(matches!(&error, StoreError::Foreign { path } if *path == fresh.path()), "{user_version}: {error}");
    }
}

#[test]
fn a_foreign_database_is_left_as_it_is() {
    let fresh = foreign(0);
    let before = std::fs::read(fresh.path()).unwrap();
    assert!(SqliteStore::open(&fresh.path()).is_err());
    assert!(std::fs::read(fresh.path()).unwrap() == before, "a file of somebody else was changed");
}

#[test]
fn what_is_no_database_is_refused() {
    for bytes in [&b"not a database, only text that is long enough to be one\n".repeat(40)[..], &[0x30; 5000]] {
        let fresh = Fresh::sqlite();
        std::fs::write(fresh.path(), bytes).unwrap();
        let error = SqliteStore::open(&fresh.path()).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. } | StoreError::Damaged(_)), "{error:?}");
        assert!(!error.is_retryable());
        assert_eq!(std::fs::read(fresh.path()).unwrap(), bytes);
    }
}

#[test]
fn what_is_missing_is_not_made() {
    let fresh = Fresh::sqlite();
    std::fs::remove_file(fresh.path()).unwrap();
    assert!(SqliteStore::open(&fresh.path()).is_err());
    assert!(!fresh.path().exists(), "the mode of the file is set by who creates it");
}

/// A page that a disk lost is an error, never a panic and never an answer.
#[test]
fn a_damaged_inventory_says_so() {
    let fresh = Fresh::sqlite();
    write(&mut *fresh.open(), |t| {
        for n in 1..200 {
            super::sample::add_root(t, &format!("ca-{n}"), n);
        }
    });
    Connection::open(fresh.path()).unwrap().pragma_update(None, "journal_mode", "delete").unwrap();
    let mut bytes = std::fs::read(fresh.path()).unwrap();
    let end = bytes.len();
    bytes[8192..end].fill(0x5a);
    std::fs::write(fresh.path(), bytes).unwrap();
    let failed = SqliteStore::open(&fresh.path())
        .and_then(|mut store| store.begin(Access::Read).and_then(|t| t.authorities().map(drop)));
    assert!(matches!(failed, Err(StoreError::Damaged(_))), "{failed:?}");
}

/// Values that no version writes are damage, with a word that says which.
#[test]
fn values_that_no_version_writes_are_damage() {
    for (sql, word) in [
        ("UPDATE certificate SET profile = 'wizard'", "profile"),
        ("UPDATE certificate SET serial = x''", "serial"),
        ("UPDATE certificate SET not_after = 999999999999999", "time"),
        ("UPDATE certificate SET spki_sha256 = x'00'", "digest"),
        ("UPDATE certificate SET handle = '../x'; UPDATE holder SET handle = '../x'", "handle"),
    ] {
        let fresh = Fresh::sqlite();
        let _ = with_root(&mut *fresh.open());
        Connection::open(fresh.path()).unwrap().execute_batch(sql).unwrap();
        let error = read(&mut *fresh.open(), |t| t.authorities().unwrap_err());
        assert!(matches!(&error, StoreError::Damaged(what) if what.contains(word)), "{sql}: {error}");
    }
}

#[test]
fn a_writer_that_waits_too_long_is_told_so() {
    let fresh = Fresh::sqlite();
    let mut a = fresh.open();
    let mut b = SqliteStore::open_with_patience(&fresh.path(), Duration::from_millis(100)).unwrap();
    let _writer = a.begin(Access::Write).unwrap();
    let error = b.begin(Access::Write).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert!(error.is_retryable() && !error.hints().is_empty());
}
