//! Where the files of a leaf lie in the PKI folder: in a folder of its own, or all in one file.

use super::Error;
use super::authority::MAX_KEY_BYTES;
use super::folder::{CERTS, Place};
use super::material::{Above, OutFile};
use super::release::{LEAF_FILES, SET_ASIDE};
use crate::disk::{Block, decode_pem, encode_pem, entries, exists, read_optional};
use crate::model::{Handle, Layout};
use std::fs::FileType;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How a combined file is named, after the handle.
const EXTENSION: &str = ".pem";
/// A key and a chain of many certificates still fit.
const MAX_COMBINED: u64 = 1 << 20;

/// Where the files of one leaf lie, as it was when that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    /// How they lie; of a leaf that has none, as they would.
    pub layout: Layout,
    folder: PathBuf,
    file: PathBuf,
    /// What stands at the name of the folder, and of the file.
    kinds: (Option<FileType>, Option<FileType>),
}

impl Place {
    /// Where a leaf's files lie now. Where both a file and a folder are, the file is the newer one: a command died before it
    /// had removed the other.
    pub(super) fn home(&self, leaf: &Handle) -> Home {
        let (folder, file) = (self.leaf_folder(leaf), self.combined_file(leaf));
        let kind = |path: &Path| path.symlink_metadata().ok().map(|m| m.file_type());
        let kinds = (kind(&folder), kind(&file));
        let layout = if kinds.1.is_some_and(|k| k.is_file()) { Layout::Combined } else { Layout::Folder };
        Home { layout, folder, file, kinds }
    }

    /// Where a leaf's files lie in one.
    pub(super) fn combined_file(&self, leaf: &Handle) -> PathBuf {
        self.root.join(CERTS).join(combined_name(leaf))
    }
}

/// How the combined file of a leaf is named.
pub(super) fn combined_name(leaf: &Handle) -> String {
    format!("{leaf}{EXTENSION}")
}

/// The leaf whose combined file has this name.
pub(super) fn owner_of_combined(name: &str) -> Option<Handle> {
    let stem = name.strip_suffix(EXTENSION)?;
    stem.parse().ok().filter(|handle: &Handle| handle.as_str() == stem)
}

impl Home {
    /// The folder or file.
    pub fn path(&self) -> &Path {
        match self.layout {
            Layout::Folder => &self.folder,
            Layout::Combined => &self.file,
        }
    }

    /// Whether anything is there.
    pub fn is_there(&self) -> bool {
        self.layout == Layout::Combined || self.kinds.0.is_some()
    }

    /// Whether nothing is there of either layout.
    pub fn is_free(&self) -> bool {
        self.kinds == (None, None)
    }

    /// Refuses what stands where the files of a layout would be made and is none of this leaf's.
    ///
    /// # Errors
    /// [`Error::InTheWay`], [`Error::UnknownFolder`].
    pub fn check_way(&self, layout: Layout) -> Result<(), Error> {
        let (path, other) = match self.kinds {
            // The combined file of a leaf whose handle is this one without its end.
            (Some(kind), _) if kind.is_file() => (&self.folder, name_of(&self.folder).and_then(owner_of_combined)),
            (Some(kind), _) if kind.is_symlink() => (&self.folder, None),
            // The folder of a leaf whose handle ends so.
            (_, Some(kind)) if layout == Layout::Combined && !kind.is_file() => {
                (&self.file, name_of(&self.file).filter(|_| kind.is_dir()).and_then(|n| n.parse().ok()))
            }
            _ => return Ok(()),
        };
        let path = path.clone();
        Err(match other {
            Some(other) => Error::InTheWay { path, other },
            None => Error::UnknownFolder { path },
        })
    }

    /// The file with the key.
    pub fn key_path(&self) -> PathBuf {
        match self.layout {
            Layout::Folder => self.folder.join("key.pem"),
            Layout::Combined => self.file.clone(),
        }
    }

    /// The file with what a file of the folder layout has; nothing where it is not there.
    pub fn path_of(&self, name: &str) -> Option<PathBuf> {
        match (self.layout, name) {
            (Layout::Folder, _) => Some(self.folder.join(name)).filter(|p| exists(p)),
            (Layout::Combined, "cert.pem" | "key.pem" | "fullchain.pem") => Some(self.file.clone()),
            (Layout::Combined, _) => None,
        }
    }

    /// The folder that a command which died left beside the combined file: with files of ours, or with nothing.
    pub fn remains(&self) -> Option<&Path> {
        if self.layout == Layout::Folder || self.kinds.0.is_none() {
            return None;
        }
        let ours = LEAF_FILES.into_iter().chain([SET_ASIDE]).any(|n| exists(&self.folder.join(n)));
        (ours || entries(&self.folder).is_ok_and(|all| all.is_empty())).then_some(&self.folder)
    }

    /// The combined file that a command which died left in the folder that took its place.
    pub fn set_aside(&self) -> Option<PathBuf> {
        (self.layout == Layout::Folder).then(|| self.folder.join(SET_ASIDE)).filter(|p| exists(p))
    }

    /// Reads the key file as it is: PEM, in the clear or encrypted. Nothing when there is none.
    pub fn key_pem(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self.layout {
            Layout::Folder => Ok(read_optional(&self.folder.join("key.pem"), MAX_KEY_BYTES)?.map(Zeroizing::new)),
            Layout::Combined => Ok(self.combined()?.and_then(|c| c.key)),
        }
    }

    /// Whether there is a key.
    pub fn has_key(&self) -> Result<bool, Error> {
        match self.layout {
            Layout::Folder => Ok(exists(&self.folder.join("key.pem"))),
            Layout::Combined => Ok(self.key_pem()?.is_some()),
        }
    }

    /// Reads the combined file. Nothing when it is not there.
    pub fn combined(&self) -> Result<Option<Combined>, Error> {
        let bytes = read_optional(&self.file, MAX_COMBINED)?.map(Zeroizing::new);
        Ok(bytes.map(|bytes| Combined::take_apart(&bytes)))
    }
}

/// A combined file, taken apart.
pub(super) struct Combined {
    /// The key in PEM, where there is one.
    pub key: Option<Zeroizing<Vec<u8>>>,
    /// Everything else: the certificate and those above it.
    pub chain: Vec<u8>,
}

impl Combined {
    /// Whatever order it is in.
    pub fn take_apart(bytes: &[u8]) -> Self {
        let (mut key, mut chain) = (Zeroizing::new(Vec::with_capacity(bytes.len())), Vec::new());
        let mut in_key = false;
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            in_key |= is_boundary(line, b"-----BEGIN ");
            if in_key {
                key.extend_from_slice(line)
            } else {
                chain.extend_from_slice(line)
            }
            in_key &= !is_boundary(line, b"-----END ");
        }
        Combined { key: Some(key).filter(|k| !k.is_empty()), chain }
    }
}

impl Combined {
    /// The five files that the folder layout would have of it. A chain that cannot be read gives none but the key. Only
    /// certificates are public: what else somebody put there, perhaps another key that was not seen as one, goes nowhere.
    pub fn files(&self, above: &Above) -> Vec<OutFile> {
        let mut files: Vec<OutFile> = self.key.as_ref().map(|pem| OutFile::key(pem)).into_iter().collect();
        let mut blocks = decode_pem(&self.chain).unwrap_or_default();
        blocks.retain(|b| b.label == "CERTIFICATE");
        let pem = |blocks: &[Block]| blocks.iter().map(|b| encode_pem(&b.label, &b.der)).collect::<String>();
        let Some((own, rest)) = blocks.split_first() else { return files };
        files.push(OutFile::public("cert.pem", pem(std::slice::from_ref(own))));
        if !rest.is_empty() {
            files.push(OutFile::public("chain.pem", pem(rest)));
        }
        files.push(OutFile::public("fullchain.pem", pem(&blocks)));
        files.push(above.root_file());
        files
    }
}

/// Whether a line begins, or ends, a private key of any kind.
fn is_boundary(line: &[u8], start: &[u8]) -> bool {
    line.starts_with(start) && line.trim_ascii_end().ends_with(b"PRIVATE KEY-----")
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combined_file_is_taken_apart_in_any_order() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let chain = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
        for text in [format!("{key}{chain}"), format!("{chain}{key}")] {
            let Combined { key: k, chain: c } = Combined::take_apart(text.as_bytes());
            assert_eq!((k.as_deref().map(Vec::as_slice), c.as_slice()), (Some(key.as_bytes()), chain.as_bytes()));
        }
        let Combined { key, chain: rest } = Combined::take_apart(chain.as_bytes());
        assert!(key.is_none() && rest == chain.as_bytes());
        // A key that does not end takes the rest with it: it cannot be read, and no part of it counts as public.
        let Combined { key, chain } = Combined::take_apart(b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n");
        assert!(key.is_some() && chain.is_empty());
    }

    #[test]
    fn nothing_but_certificates_is_public() {
        let own = "-----BEGIN CERTIFICATE-----\nQkJC\n-----END CERTIFICATE-----\n";
        // Indented, so that it does not count as the key, and neither may it count as part of the chain.
        let text = format!("{own} -----BEGIN PRIVATE KEY-----\nQUFB\n-----END PRIVATE KEY-----\n{own}");
        let files = Combined::take_apart(text.as_bytes()).files(&Above::default());
        assert!(files.iter().any(|f| f.name == "fullchain.pem"));
        for file in files {
            let text = String::from_utf8(file.bytes.to_vec()).unwrap();
            assert!(!text.contains("PRIVATE KEY") && !text.contains("QUFB"), "{}: {text}", file.name);
        }
    }

    #[test]
    fn names_of_combined_files() {
        assert_eq!(owner_of_combined("a.internal.pem").map(|h| h.to_string()).as_deref(), Some("a.internal"));
        for name in ["a.internal", ".pem", "A.pem", ".new-a.pem"] {
            assert_eq!(owner_of_combined(name), None, "{name}");
        }
    }
}
