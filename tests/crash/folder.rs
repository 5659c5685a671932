//! What lies in a PKI folder, looked at without the program.

use super::program::Program;
use rootlet::disk::decode_pem;
use rootlet::keys::sha256;
use rootlet::x509::Crl;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// File systems in memory, and the room that one must have.
const MEMORY: &str = "/dev/shm";
const ROOM: u64 = 256 << 20;

/// A folder for one test: in memory where there is room, because a kill, other than a power cut, leaves nothing on its way
/// to the disk, and syncing tens of thousands of files takes minutes.
pub fn scratch() -> TempDir {
    let room = rustix::fs::statvfs(MEMORY).is_ok_and(|s| s.f_bavail * s.f_frsize >= ROOM);
    let in_memory = if room { TempDir::new_in(MEMORY).ok() } else { None };
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

/// Copies a folder with its modes.
pub fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
            fs::set_permissions(&target, entry.metadata().unwrap().permissions()).unwrap();
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Every file below a folder; none where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path()) {
        if entry.is_dir() { all.extend(files(&entry)) } else { all.push(entry) }
    }
    all.sort();
    all
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// The files of a PKI.
pub struct State {
    root: PathBuf,
    files: Vec<PathBuf>,
}

impl State {
    pub fn of(pki: &Path) -> Self {
        State { root: pki.into(), files: files(pki) }
    }

    /// No certificate stands in its place, or is published, that the inventory does not know; and no key is open.
    pub fn assert_known(&self, program: &Program, when: &str) {
        // First, because the program removes SQLite's own files when it is done.
        self.assert_closed(when);
        let released = |f: &&PathBuf| !f.starts_with(self.root.join("pending"));
        let mut found = Vec::new();
        for file in self.files.iter().filter(released) {
            let bytes = fs::read(file).unwrap();
            match file.extension().and_then(|e| e.to_str()) {
                Some("crt") => found.push((file, bytes)),
                // A PKI without a CA yet publishes empty bundles.
                Some("pem") if bytes.is_empty() => {}
                Some("pem") => {
                    let blocks = decode_pem(&bytes).unwrap_or_else(|e| panic!("{when}: {}: {e}", file.display()));
                    found.extend(blocks.into_iter().filter(|b| b.label == "CERTIFICATE").map(|b| (file, b.der)));
                }
                _ => {}
            }
        }
        let inventory = self.root.join("inventory.db").exists();
        let known = if inventory { program.known() } else { Vec::new() };
        let known: Vec<Vec<u8>> =
            known.iter().flat_map(|(_, pem)| decode_pem(pem.as_bytes()).unwrap()).map(|b| b.der).collect();
        for (file, der) in found {
            assert!(known.contains(&der), "{when}: {} holds an unknown certificate", file.display());
        }
    }

    /// Keys are for their owner alone wherever they lie, and so are the folders that hold them.
    fn assert_closed(&self, when: &str) {
        for file in &self.files {
            let is_key = fs::read(file).unwrap().windows(11).any(|w| w == b"PRIVATE KEY");
            let is_inventory = file.file_name().is_some_and(|n| n.to_string_lossy().starts_with("inventory.db"));
            if is_key || is_inventory {
                assert_eq!(mode(file), 0o600, "{when}: {}", file.display());
            }
            if is_key {
                let folder = file.parent().unwrap();
                assert_eq!(mode(folder), 0o700, "{when}: {}", folder.display());
                let public = file.starts_with(self.root.join("public"));
                assert!(!public, "{when}: a key in public/: {}", file.display());
            }
        }
    }

    /// Nothing half-made is left.
    pub fn assert_clean(&self, when: &str) {
        let left: Vec<_> = fs::read_dir(self.root.join("pending")).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "{when}: pending/ holds {left:?}");
        let temporary = |f: &&PathBuf| f.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let left: Vec<_> = self.files.iter().filter(temporary).collect();
        assert!(left.is_empty(), "{when}: temporary files {left:?}");
    }
}

/// The CRL numbers of each CA, as the files say from one look to the next.
#[derive(Default)]
pub struct Numbers {
    /// By CA: the first number that was seen, and the last.
    seen: BTreeMap<String, (u64, u64)>,
    /// Number and digest of each CRL, by CA: a number is never used for another CRL.
    contents: BTreeMap<(String, u64), [u8; 32]>,
}

impl Numbers {
    /// Looks at every CRL file of the PKI.
    pub fn see(&mut self, pki: &Path, when: &str) {
        for file in files(&pki.join("ca")).into_iter().filter(|f| f.ends_with("crl.pem")) {
            let ca = file.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
            let number = self.keep(&ca, &fs::read(&file).unwrap(), when);
            let (_, last) = self.seen.entry(ca.clone()).or_insert((number, number));
            assert!(number >= *last, "{when}: the CRL number of {ca} fell from {last} to {number}");
            *last = number;
        }
        for file in files(&pki.join("public")).into_iter().filter(|f| f.extension().is_some_and(|e| e == "crl")) {
            let ca = file.file_stem().unwrap().to_string_lossy().into_owned();
            let pem = rootlet::disk::encode_pem("X509 CRL", &fs::read(&file).unwrap());
            self.keep(&ca, pem.as_bytes(), when);
        }
    }

    fn keep(&mut self, ca: &str, pem: &[u8], when: &str) -> u64 {
        let block = decode_pem(pem).unwrap().remove(0);
        let crl = Crl::read(block.der).unwrap_or_else(|e| panic!("{when}: the CRL of {ca}: {e}"));
        let number = crl.number_u64().unwrap();
        let digest = sha256(crl.der());
        let before = self.contents.insert((ca.to_string(), number), digest);
        assert!(before.is_none_or(|b| b == digest), "{when}: two CRLs of {ca} have number {number}");
        number
    }

    /// Whether the last CRL of a CA is newer than the first that was seen.
    pub fn has_grown(&self, ca: &str) -> bool {
        self.seen.get(ca).is_some_and(|(first, last)| last > first)
    }
}
