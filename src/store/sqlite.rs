use super::{Access, Store, StoreError, Transaction, schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// How long a writer waits for another one.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// More statements than one command prepares.
const CACHED_STATEMENTS: usize = 32;

/// The inventory in one SQLite file (the only home of rusqlite, with its two neighbours).
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
}

impl SqliteStore {
    /// Opens an inventory and brings it to the newest format. The file must exist, be it empty: its mode was set when
    /// it was created.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with_patience(path, PATIENCE)
    }

    /// As [`SqliteStore::open`], and a writer waits this long for another one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_with_patience(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        // One thread uses a connection at a time: `&mut self` says so, SQLite's own mutexes need not.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(patience)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Plans that do not look at bound values: else every statement is prepared a second time when it is first run.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        schema::migrate(&mut connection, path)?;
        Ok(SqliteStore { connection })
    }
}

impl Store for SqliteStore {
    fn begin(&mut self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let behavior = match access {
            Access::Read => TransactionBehavior::Deferred,
            Access::Write => TransactionBehavior::Immediate,
        };
        Ok(Box::new(SqliteTransaction(self.connection.transaction_with_behavior(behavior)?, access)))
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
