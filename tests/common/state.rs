//! Everything a folder holds, for asking whether a refused command left it alone: every file's mode and bytes, and every
//! row of an inventory. The bytes of the database and SQLite's own files beside it are left out: they move without a row
//! changing.

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const INVENTORY: &str = "inventory.db";

#[derive(PartialEq, Eq)]
pub struct State {
    /// Path to mode and bytes; a folder has no bytes.
    files: BTreeMap<String, (u32, Option<Vec<u8>>)>,
    /// One text for each row of each inventory.
    rows: Vec<String>,
}

impl State {
    pub fn of(folder: &Path) -> Self {
        let mut state = State { files: BTreeMap::new(), rows: Vec::new() };
        state.walk(folder, "");
        state
    }

    fn walk(&mut self, folder: &Path, prefix: &str) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let entry = entry.expect("an entry");
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let shown = format!("{prefix}{name}");
            let mode = fs::symlink_metadata(&path).expect("it exists").permissions().mode();
            if path.is_dir() {
                self.files.insert(shown.clone(), (mode, None));
                self.walk(&path, &format!("{shown}/"));
            } else if name == INVENTORY {
                self.files.insert(shown, (mode, None));
                self.rows.extend(rows(&path));
            } else if !name.starts_with(INVENTORY) {
                self.files.insert(shown, (mode, fs::read(&path).ok()));
            }
        }
    }

    /// What changed, if anything did.
    pub fn compare(&self, after: &State) -> Result<(), String> {
        let paths: BTreeSet<_> = self.files.keys().chain(after.files.keys()).collect();
        let changed: Vec<_> = paths.into_iter().filter(|p| self.files.get(*p) != after.files.get(*p)).collect();
        if !changed.is_empty() {
            return Err(format!("changed {changed:?}"));
        }
        if self.rows != after.rows {
            let gone: Vec<_> = self.rows.iter().filter(|r| !after.rows.contains(r)).collect();
            let new: Vec<_> = after.rows.iter().filter(|r| !self.rows.contains(r)).collect();
            return Err(format!("changed the inventory\n- {gone:#?}\n+ {new:#?}"));
        }
        Ok(())
    }

    /// Panics with what changed.
    #[track_caller]
    pub fn assert_unchanged(&self, after: &State, what: &str) {
        if let Err(changes) = self.compare(after) {
            panic!("`{what}` {changes}");
        }
    }

    /// The paths of all files and folders.
    pub fn paths(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }
}

/// Every row of every table; nothing of a file that is no database.
fn rows(path: &Path) -> Vec<String> {
    let damaged = |e: rusqlite::Error| vec![format!("unreadable: {e}")];
    let Ok(connection) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return vec!["unreadable".into()];
    };
    read_rows(&connection).unwrap_or_else(damaged)
}

fn read_rows(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let cells: Vec<Value> = (0..columns).map(|i| row.get(i)).collect::<Result<_, _>>()?;
            all.push(format!("{table}: {cells:?}"));
        }
    }
    Ok(all)
}
