//! A folder in which a recipe is followed, with the binary under test on the `PATH`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use tempfile::TempDir;

use super::super::pki::{scratch, text};
use super::super::program::{Ran, clean_command, run};
use super::page::Recipe;

const ROOTLET: &str = env!("CARGO_BIN_EXE_rootlet");

pub struct Place {
    folder: TempDir,
}

impl Place {
    /// With the files of a recipe in it.
    pub fn of(recipe: &Recipe) -> Self {
        let place = Self { folder: scratch() };
        recipe.write(place.path());
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, relative: &str) -> PathBuf {
        self.path().join(relative)
    }

    pub fn text(&self, relative: &str) -> String {
        text(&self.at(relative))
    }

    /// A program in this folder that finds `rootlet`, and before all others what lies in `bin`.
    pub fn command(&self, program: &str) -> Command {
        let mut command = clean_command(program);
        command.current_dir(self.path()).env("PATH", self.search_path()).env("HOME", self.path());
        command
    }

    pub fn search_path(&self) -> OsString {
        let mut folders = vec![self.at("bin"), Path::new(ROOTLET).parent().expect("a folder").to_path_buf()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        std::env::join_paths(folders).expect("folders without a colon")
    }

    /// Runs commands as a script does that stops at the first one that fails.
    pub fn bash(&self, commands: &str) -> Ran {
        run(self.command("bash").args(["-e", "-c", commands]))
    }

    pub fn rootlet(&self, arguments: &[&str]) -> Ran {
        run(self.command(ROOTLET).args(arguments))
    }

    /// One field of a certificate.
    pub fn field(&self, name: &str, field: &str) -> String {
        self.rootlet(&["show", name, "--field", field]).succeeds().stdout.trim_end().to_string()
    }

    /// Follows the recipe as it would have been followed some days ago: `apply`, with certificates that are as old.
    pub fn apply_long_ago(&self, manifest: &str, days: i64) {
        let then =
            time::OffsetDateTime::now_utc().replace_nanosecond(0).expect("no nanoseconds") - time::Duration::days(days);
        let then = then.format(&time::format_description::well_known::Rfc3339).expect("a time can be written");
        fs::write(self.at("past.toml"), format!("[defaults]\nnot_before = \"{then}\"\n"))
            .expect("a file can be written");
        self.rootlet(&["apply", manifest, "past.toml"]).succeeds();
        fs::remove_file(self.at("past.toml")).expect("a file can be removed");
    }

    /// A program in `bin`.
    pub fn program(&self, name: &str, script: &str) {
        fs::create_dir_all(self.at("bin")).expect("a folder can be made");
        let file = self.at("bin").join(name);
        fs::write(&file, script).expect("a file can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the mode can be set");
    }
}

/// Every file below a folder: bytes, mode, the time of its last change, and which file it is.
#[derive(PartialEq)]
pub struct Snapshot(BTreeMap<PathBuf, (Vec<u8>, u32, SystemTime, u64)>);

impl Snapshot {
    pub fn of(folder: &Path) -> Self {
        let mut all = BTreeMap::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let about = fs::metadata(&path).expect("it exists");
                let bytes = fs::read(&path).expect("a file can be read");
                let changed = about.modified().expect("the time of a change");
                all.insert(path, (bytes, about.permissions().mode(), changed, about.ino()));
            }
        }
        Self(all)
    }

    /// Nothing was written, removed, or put in the place of something.
    #[track_caller]
    pub fn assert_same(&self, later: &Self, what: &str) {
        let differs = |path: &&PathBuf| self.0.get(*path) != later.0.get(*path);
        let changed: Vec<_> = self.0.keys().chain(later.0.keys()).filter(differs).collect();
        assert!(changed.is_empty(), "{what} changes nothing, but here: {changed:?}");
    }
}
