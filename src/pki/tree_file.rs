//! The hierarchy of whatever certificates a file holds.

use super::census::is_expiring;
use super::view::{NameView, Status, hex, name_view};
use crate::issue::Warning;
use crate::judge::input::{Found, Object};
use crate::judge::{Forest, Link, Stand, Standing, Top};
use crate::keys::sha256;
use crate::model::Timestamp;
use crate::x509::{Certificate, SignatureAlgorithm, public_key_name};
use serde::Serialize;

/// Alternative names of one certificate that are told; a hostile one has a hundred thousand.
const MAX_NAMES: usize = 100;
/// Unreadable things of a file that are told one by one.
const MAX_UNREADABLE: usize = 100;

/// A certificate of a file, and what it signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct FileNode {
    pub number: usize,
    pub copies: usize,
    pub ca: bool,
    pub serial: String,
    pub subject: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub sans: Vec<NameView>,
    pub sans_total: usize,
    pub key_algorithm: String,
    pub signature_algorithm: String,
    pub path_len: Option<u32>,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub fingerprint_sha256: String,
    pub spki_sha256: String,
    pub status: Status,
    pub expiring: bool,
    /// Why it stands where it does.
    pub place: &'static str,
    /// The number of the certificate that `place` speaks of.
    pub other: Option<usize>,
    /// `elsewhere` or `above`, for a certificate that is drawn in full there.
    pub repeats: Option<&'static str>,
    pub children: Vec<FileNode>,
}

/// Something of a file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Which one of the file's things, from 1 on.
    pub number: usize,
    /// The line on which it begins; nothing in DER.
    pub line: Option<usize>,
    /// Why.
    pub problem: String,
}

/// The hierarchy of a file.
#[derive(Debug, Clone, Serialize)]
pub struct FileTree {
    /// Roots, and whatever has no issuer in the file.
    pub tree: Vec<FileNode>,
    /// How many different certificates the file holds.
    pub certificates: usize,
    /// How many things of other kinds it holds: keys, CRLs, requests.
    pub others: usize,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

/// Why a file has no hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileTreeError {
    /// No certificate in it.
    #[error("it holds no certificate")]
    NoCertificate,
    /// None in it that can be read: why the first one, or what may be one, cannot.
    #[error("there is no certificate in it that can be read: {0}")]
    Unreadable(String),
    /// Too many.
    #[error("it holds more than {} certificates", crate::judge::MAX_CERTIFICATES)]
    TooMany,
}

/// Draws the hierarchy of the certificates among the things of a file, in any order: who signed whom. Their validity is
/// told as of `now`; nothing else about them is judged.
///
/// # Errors
/// [`FileTreeError`].
pub fn tree_of(objects: impl Iterator<Item = Found>, now: Timestamp) -> Result<FileTree, FileTreeError> {
    let mut forest = Forest::default();
    // By place in the forest: the number of the first copy in the file.
    let mut numbers = Vec::new();
    let (mut others, mut unreadable, mut more) = (0, Vec::new(), 0_usize);
    for found in objects {
        match found.object {
            Object::Certificate(certificate) => {
                let index = forest.add(&certificate).ok_or(FileTreeError::TooMany)?;
                if index == numbers.len() {
                    numbers.push(found.number);
                }
            }
            Object::Unreadable { problem, .. } if unreadable.len() < MAX_UNREADABLE => {
                unreadable.push(Unreadable { number: found.number, line: found.line, problem: problem.to_string() });
            }
            Object::Unreadable { .. } => more += 1,
            _ => others += 1,
        }
    }
    if forest.is_empty() {
        return Err(match unreadable.first() {
            Some(Unreadable { line: Some(line), problem, .. }) => {
                FileTreeError::Unreadable(format!("line {line}: {problem}"))
            }
            Some(Unreadable { problem, .. }) => FileTreeError::Unreadable(problem.clone()),
            None => FileTreeError::NoCertificate,
        });
    }
    let stands = forest.grow();
    let reader = Reader { forest: &forest, numbers: &numbers, now };
    let tree = stands.iter().filter_map(|s| reader.node(s)).collect();
    let mut warnings = Vec::new();
    if !unreadable.is_empty() {
        let message = format!("{} things in the file cannot be read", unreadable.len() + more);
        warnings.push(Warning::new("unreadable", message));
    }
    Ok(FileTree { tree, certificates: forest.len(), others, unreadable, warnings })
}

struct Reader<'a> {
    forest: &'a Forest,
    numbers: &'a [usize],
    now: Timestamp,
}

impl Reader<'_> {
    fn number(&self, index: usize) -> Option<usize> {
        self.numbers.get(index).copied()
    }

    fn node(&self, stand: &Stand) -> Option<FileNode> {
        let (c, copies) = self.forest.get(stand.index)?;
        let linked = |link| if link == Link::Signed { "signed" } else { "unchecked" };
        let (place, other, repeats) = match stand.place {
            Standing::Top(Top::SelfSigned) => ("self-signed", None, None),
            Standing::Top(Top::SelfIssued) => ("self-issued", None, None),
            Standing::Top(Top::IssuerMissing) => ("issuer-missing", None, None),
            Standing::Top(Top::NotSigned(other)) => ("not-signed", self.number(other), None),
            Standing::Top(Top::Loop) => ("loop", None, None),
            Standing::Top(Top::Continued(above)) => ("continued", self.number(above), None),
            Standing::Below(link) => (linked(link), None, None),
            Standing::Again(link) => (linked(link), None, Some("elsewhere")),
            Standing::Loop(link) => (linked(link), None, Some("above")),
        };
        Some(FileNode {
            number: self.number(stand.index)?,
            copies,
            ca: c.is_ca(),
            serial: c.serial.map_or_else(|| hex(&c.raw_serial), |s| s.to_string()),
            subject: c.subject.subject.to_string(),
            issuer: c.issuer.subject.to_string(),
            not_before: c.not_before,
            not_after: c.not_after,
            sans: c.names.iter().flatten().take(MAX_NAMES).map(name_view).collect(),
            sans_total: c.names.as_ref().map_or(0, Vec::len),
            key_algorithm: public_key_name(&c.public_key),
            signature_algorithm: SignatureAlgorithm::name_of(c.outer_algorithm()),
            path_len: c.basic_constraints.and_then(|b| b.path_len),
            subject_key_id: c.subject_key_id.as_deref().map(hex),
            authority_key_id: c.authority_key_id.as_deref().map(hex),
            fingerprint_sha256: hex(&sha256(c.der())),
            spki_sha256: hex(&sha256(&c.public_key)),
            status: status(&c, self.now),
            expiring: status(&c, self.now) == Status::Valid && is_expiring(c.not_before, c.not_after, self.now),
            place,
            other,
            repeats,
            children: stand.children.iter().filter_map(|s| self.node(s)).collect(),
        })
    }
}

fn status(c: &Certificate, now: Timestamp) -> Status {
    match now {
        _ if now > c.not_after => Status::Expired,
        _ if now < c.not_before => Status::NotYetValid,
        _ => Status::Valid,
    }
}
