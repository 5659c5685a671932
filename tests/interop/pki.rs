//! One PKI per key algorithm, made by the binary under test, and the paths of what it wrote.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::program::{Ran, clean_command, run};

pub const WORKLOAD: &str = "spiffe://example.org/ns/prod/sa/api";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    P256,
    P384,
    Ed25519,
    Rsa2048,
}

impl KeyAlgorithm {
    /// The algorithm of the two CAs. RSA ones are as strong as a CA should be and no stronger: primes take time.
    fn of_authorities(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-3072",
            _ => self.of_leaves(),
        }
    }

    fn of_leaves(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
        }
    }
}

/// A PKI folder.
pub struct Pki {
    pub folder: PathBuf,
}

impl Pki {
    /// The PKI of this algorithm, made once per test process.
    pub fn of(algorithm: KeyAlgorithm) -> &'static Self {
        static MADE: [OnceLock<Pki>; 4] = [const { OnceLock::new() }; 4];
        MADE[algorithm as usize].get_or_init(|| Self::new(algorithm))
    }

    /// Someone else's PKI whose names are all the same as ours, so that nothing but its keys can give it away, and so
    /// that no client program holds its certificate back because the server did not ask for its issuer.
    pub fn impostor() -> &'static Self {
        static MADE: OnceLock<Pki> = OnceLock::new();
        MADE.get_or_init(|| {
            let pki = Self::authorities(KeyAlgorithm::P256);
            pki.rootlet(&["client", "service-a"]).succeeds();
            pki
        })
    }

    /// A root, an intermediate, and a leaf of each kind; `service-b` is revoked.
    pub fn new(algorithm: KeyAlgorithm) -> Self {
        let pki = Self::authorities(algorithm);
        let key = algorithm.of_leaves();
        pki.rootlet(&["server", "localhost", "--ip", "127.0.0.1", "--key", key]).succeeds();
        pki.rootlet(&["client", "service-a", "--key", key]).succeeds();
        pki.rootlet(&["client", "service-b", "--key", key]).succeeds();
        pki.rootlet(&["peer", "node-1", "--dns", "localhost", "--ip", "127.0.0.1", "--key", key]).succeeds();
        pki.rootlet(&["workload", WORKLOAD, "--key", key]).succeeds();
        pki.rootlet(&["revoke", "service-b", "--reason", "key-compromise"]).succeeds();
        pki
    }

    /// A root and an intermediate that have issued nothing yet.
    pub fn authorities(algorithm: KeyAlgorithm) -> Self {
        let pki = Self { folder: scratch().keep() };
        let key = algorithm.of_authorities();
        pki.rootlet(&["root", "Interop Root", "--key", key]).succeeds();
        pki.rootlet(&["intermediate", "Interop Issuing", "--key", key]).succeeds();
        pki
    }

    /// The same files in another folder: what was there before something changes.
    pub fn copied(&self) -> Self {
        let copy = Self { folder: scratch().keep() };
        copy_folder(&self.folder, &copy.folder);
        copy
    }

    /// Runs the binary under test on this PKI.
    pub fn rootlet(&self, arguments: &[&str]) -> Ran {
        run(clean_command(env!("CARGO_BIN_EXE_rootlet")).arg("--pki").arg(self.pki_folder()).args(arguments))
    }

    fn pki_folder(&self) -> PathBuf {
        self.folder.join("pki")
    }

    /// All live roots in one PEM file.
    pub fn roots(&self) -> PathBuf {
        self.pki_folder().join("public/roots.pem")
    }

    /// The newest CRL of every CA in one PEM file.
    pub fn crls(&self) -> PathBuf {
        self.pki_folder().join("public/crls.pem")
    }

    /// A published file: `NAME.crt` or `NAME.crl`, in DER.
    pub fn public(&self, file: &str) -> PathBuf {
        self.pki_folder().join("public").join(file)
    }

    pub fn root(&self) -> Entry {
        self.authority("interop-root")
    }

    pub fn issuing(&self) -> Entry {
        self.authority("interop-issuing")
    }

    pub fn authority(&self, handle: &str) -> Entry {
        Entry { folder: self.pki_folder().join("ca").join(handle) }
    }

    pub fn server(&self) -> Entry {
        self.leaf("localhost")
    }

    pub fn client(&self) -> Entry {
        self.leaf("service-a")
    }

    pub fn revoked_client(&self) -> Entry {
        self.leaf("service-b")
    }

    pub fn peer(&self) -> Entry {
        self.leaf("node-1")
    }

    pub fn workload(&self) -> Entry {
        self.leaf("example.org.ns.prod.sa.api")
    }

    pub fn leaf(&self, handle: &str) -> Entry {
        Entry { folder: self.pki_folder().join("certs").join(handle) }
    }
}

/// The folder of a CA or of a leaf.
pub struct Entry {
    pub folder: PathBuf,
}

impl Entry {
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// Of a leaf: the intermediates. Of a CA: itself and the intermediates above it.
    pub fn chain(&self) -> PathBuf {
        self.folder.join("chain.pem")
    }

    /// Of a leaf: what it presents.
    pub fn full_chain(&self) -> PathBuf {
        self.folder.join("fullchain.pem")
    }

    /// Of a leaf: what the other side trusts.
    pub fn trust(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Of a CA.
    pub fn crl(&self) -> PathBuf {
        self.folder.join("crl.pem")
    }
}

/// A fresh folder of this test process. Those of a process that has ended are removed by the next one: a test process
/// has no moment of its own at which all of its tests are done.
pub fn scratch() -> TempDir {
    static MINE: OnceLock<PathBuf> = OnceLock::new();
    let mine = MINE.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
        remove_leftovers(&all);
        let mine = all.join(std::process::id().to_string());
        let _ = fs::remove_dir_all(&mine);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&mine).expect("a scratch folder can be made");
        mine
    });
    tempfile::Builder::new().prefix("").tempdir_in(mine).expect("a scratch folder can be made")
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder").map(|e| e.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&target).expect("a folder can be made");
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

fn remove_leftovers(all: &Path) {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() {
        return;
    }
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        if !processes.join(entry.file_name()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A file's text.
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
