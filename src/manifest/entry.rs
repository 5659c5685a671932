use super::node::Place;
use crate::issue::End;
use crate::model::{
    ExtendedKeyUsage, Handle, KeyAlgorithm, Layout, NameConstraints, Profile, San, SpiffeId, Subject, Timestamp,
    UriName, Window,
};
use std::path::{Path, PathBuf};

/// Everything that the files of a manifest declare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Its name: what it creates is marked with it, and only that is ever pruned.
    pub id: Option<String>,
    /// The CAs and leaves, in the order in which they were declared.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// Delivers every leaf that has no folder of its own below this one, each to a folder with the name of its handle.
    pub fn deliver_below(&mut self, folder: &Path) {
        for entry in &mut self.entries {
            if let Part::Leaf(leaf) = &mut entry.part
                && leaf.out_dir.is_none()
            {
                (leaf.out_dir, leaf.out_dir_beside) = (Some(folder.join(entry.handle.as_str())), true);
            }
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given<T> {
    /// Where it stands.
    pub at: Place,
    /// The value.
    pub value: T,
}

/// One CA or leaf that is to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is declared.
    pub at: Place,
    /// Its handle.
    pub handle: Handle,
    /// Its NAME, as the command takes it.
    pub name: String,
    /// What it is.
    pub profile: Profile,
    /// The CA that issues it; when nobody said, as the commands choose.
    pub issuer: Option<Given<Handle>>,
    /// A subject instead of the profile's.
    pub subject: Option<Subject>,
    /// Purposes besides the profile's.
    pub purposes: Vec<ExtendedKeyUsage>,
    /// A key algorithm instead of the default.
    pub key: Option<KeyAlgorithm>,
    /// A key that exists.
    pub key_file: Option<PathBuf>,
    /// What opens its own key.
    pub passphrase_file: Option<PathBuf>,
    /// What opens the key of its issuer.
    pub issuer_passphrase_file: Option<PathBuf>,
    /// Where the key of its issuer is.
    pub issuer_key_file: Option<PathBuf>,
    /// A start instead of now.
    pub not_before: Option<Timestamp>,
    /// An end instead of the default lifetime.
    pub end: Option<End>,
    /// How near its end is when it is renewed.
    pub renew_within: Window,
    /// The command that runs after it changed.
    pub exec: Option<String>,
    /// What only CAs, or only leaves have.
    pub part: Part,
}

/// What only CAs, or only leaves have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A CA.
    Ca(Box<CaEntry>),
    /// A leaf.
    Leaf(LeafEntry),
}

/// What only CAs have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaEntry {
    /// How many CAs may follow below.
    pub path_len: Option<u8>,
    /// What it may name.
    pub constraints: NameConstraints,
    /// The trust domain that it signs for.
    pub spiffe: Option<SpiffeId>,
    /// Where its CRL is published.
    pub crl_urls: Vec<UriName>,
    /// Where its certificate is published.
    pub issuer_urls: Vec<UriName>,
    /// Where its OCSP responder is.
    pub ocsp_urls: Vec<UriName>,
    /// Whether its key is encrypted.
    pub encrypt_key: bool,
}

/// What only leaves have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeafEntry {
    /// Names besides NAME.
    pub names: Vec<San>,
    /// Where its files are delivered; absolute.
    pub out_dir: Option<PathBuf>,
    /// Whether that was said beside the manifest: it is then not forgotten when nobody says it again.
    pub out_dir_beside: bool,
    /// Who gets them.
    pub owner: Option<String>,
    /// The mode of the delivered key.
    pub key_mode: Option<u32>,
    /// How its files lie in the PKI folder.
    pub layout: Layout,
}
