use super::{Access, Store, StoreError, Transaction, schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More statements than one command prepares.
const CACHED_STATEMENTS: usize = 32;

/// The inventory in one SQLite file (the only home of rusqlite, with its two neighbours).
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens an inventory, with the patience of [`crate::disk::patience`], and brings it to the newest format. The file must exist, be it empty: its mode was set when
    /// it was created.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with_patience(path, crate::disk::patience())
    }

    /// As [`SqliteStore::open`], and a writer waits this long for another one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_with_patience(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        // One thread uses a connection at a time: `&mut self` says so, SQLite's own mutexes need not.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let ready = |mut connection| {
            prepare(&connection, patience)?;
            schema::migrate(&mut connection, path).map_err(|e| e.naming_holder(path))?;
            Ok(connection)
        };
        let opened = Connection::open_with_flags(path, flags).map_err(StoreError::from).and_then(ready);
        let connection = match opened {
            Ok(connection) => connection,
            // SQLite says the same of every file that it cannot open.
            Err(_) if crate::disk::is_forbidden(path) => return Err(StoreError::Forbidden { path: path.into() }),
            Err(e) => match Self::open_unwritable(path) {
                Some(other) => ready(other?)?,
                None => return Err(e),
            },
        };
        Ok(SqliteStore { connection, path: path.into() })
    }

    /// An inventory where SQLite can make no files of its own, as on a read-only file system: it can be read when no
    /// writer left anything beside it.
    fn open_unwritable(path: &Path) -> Option<rusqlite::Result<Connection>> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if crate::disk::is_writable(folder) || crate::disk::exists(&beside(path, "-wal")) {
            return None;
        }
        // A path in a URI: what has a meaning there is written as hexadecimal.
        let escaped: String = std::path::absolute(path).ok()?.to_str()?.bytes().map(escape).collect();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        Some(Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags))
    }
}

fn prepare(connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(patience)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Plans that do not look at bound values: else every statement is prepared a second time when it is first run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02x}")
    }
}

impl Store for SqliteStore {
    fn begin(&mut self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let behavior = match access {
            Access::Read => TransactionBehavior::Deferred,
            Access::Write => TransactionBehavior::Immediate,
        };
        let path = &self.path;
        let begun = self.connection.transaction_with_behavior(behavior).map_err(StoreError::from);
        Ok(Box::new(SqliteTransaction(begun.map_err(|e| e.naming_holder(path))?, access)))
    }

    fn copy_to(&mut self, file: &Path) -> Result<(), StoreError> {
        let name = file.to_str().ok_or_else(|| StoreError::Database("the file's name is not UTF-8".into()))?;
        self.connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    }
}

/// A transaction of SQLite; dropped, it rolls back.
pub(super) struct SqliteTransaction<'a>(pub(super) rusqlite::Transaction<'a>, Access);

impl SqliteTransaction<'_> {
    /// Refuses a change inside a transaction that was begun to read.
    pub(super) fn writable(&self) -> Result<&rusqlite::Transaction<'_>, StoreError> {
        match self.1 {
            Access::Write => Ok(&self.0),
            Access::Read => Err(StoreError::ReadOnly),
        }
    }
}
