use super::node::Place;
use crate::model::ModelError;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// More problems than these are counted only.
pub(super) const MAX_PROBLEMS: usize = 50;

/// Why a manifest is refused: everything that is wrong with it, in the order of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// What is wrong; never empty, and at most 50 of them.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.problems.first() else { return f.write_str("the manifest is wrong") };
        let others = self.problems.len() + self.more - 1;
        match others {
            0 => write!(f, "{first}"),
            1 => write!(f, "{first}, and one more problem"),
            n => write!(f, "{first}, and {n} more problems"),
        }
    }
}

impl std::error::Error for ManifestError {}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Place,
    /// What.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.kind)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shape = serializer.serialize_struct("Problem", 5)?;
        shape.serialize_field("file", &*self.at.file)?;
        shape.serialize_field("line", &self.at.line)?;
        shape.serialize_field("column", &self.at.column)?;
        shape.serialize_field("message", &self.kind.to_string())?;
        shape.serialize_field("hints", &self.kind.hints())?;
        shape.end()
    }
}

/// What can be wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is not TOML, or not JSON.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// A file with nothing in it, or nothing but comments.
    #[error("it declares nothing")]
    Blank,
    /// A key that nothing has.
    #[error("there is no key `{key}` here")]
    UnknownKey {
        /// The key.
        key: String,
        /// The known one that is nearest.
        nearest: Option<&'static str>,
        /// All that could stand here.
        known: Vec<&'static str>,
    },
    /// A key that another profile has.
    #[error("a {profile} has no `{key}`")]
    NotOfProfile {
        /// The key.
        key: &'static str,
        /// The profile.
        profile: &'static str,
    },
    /// A profile that stands in the wrong table.
    #[error("a {profile} does not belong in `[{table}]`")]
    WrongTable {
        /// The profile.
        profile: &'static str,
        /// `ca` or `cert`.
        table: &'static str,
    },
    /// A value of another type.
    #[error("`{key}` is {wanted}, not {is}")]
    WrongType {
        /// The key.
        key: String,
        /// What it takes.
        wanted: &'static str,
        /// What was given.
        is: &'static str,
    },
    /// A key that must be there.
    #[error("`{key}` is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// Two keys of which one can be true.
    #[error("`{key}` and `{other}` exclude each other")]
    Together {
        /// The key.
        key: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// A key that changes nothing without another one.
    #[error("`{key}` says nothing without `{needs}`")]
    Alone {
        /// The key.
        key: &'static str,
        /// What it goes with.
        needs: &'static str,
    },
    /// A value that is not what it should be.
    #[error("`{key}`: {source}")]
    Value {
        /// The key.
        key: &'static str,
        /// Why not.
        source: Box<ModelError>,
    },
    /// A value that is refused, or an entry that contradicts itself.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
        /// What would mend it.
        hints: Vec<String>,
    },
    /// Two entries of one handle.
    #[error("`{handle}` is declared twice; first at {first}")]
    Duplicate {
        /// The handle, or the key.
        handle: String,
        /// Where it was declared first.
        first: Place,
    },
    /// An issuer that is neither declared nor in the PKI.
    #[error("there is no CA `{issuer}`, neither in the manifest nor in the PKI")]
    NoIssuer {
        /// The issuer.
        issuer: String,
        /// A CA whose handle is near.
        nearest: Option<String>,
    },
    /// An issuer that cannot issue.
    #[error("`{issuer}` is a {profile} and issues nothing")]
    IssuerIsLeaf {
        /// The issuer.
        issuer: String,
        /// What it is.
        profile: &'static str,
    },
    /// CAs that issue each other.
    #[error("these CAs issue each other: {}", ring.join(" ← "))]
    Cycle {
        /// From one to the same again.
        ring: Vec<String>,
    },
    /// `${…}` of something unknown.
    #[error("there is no `${{{name}}}` here")]
    UnknownVariable {
        /// What stood between the braces.
        name: String,
        /// What would mend it.
        hint: &'static str,
    },
    /// A variable of the environment that is not set.
    #[error("the environment has no `{name}`")]
    NoEnvironment {
        /// Its name.
        name: String,
    },
    /// `${…}` of a list or a table inside a text.
    #[error("`${{{name}}}` is {is}, and cannot stand inside a text")]
    NotAText {
        /// What stood between the braces.
        name: String,
        /// What it is.
        is: &'static str,
    },
    /// `${` without its `}`.
    #[error("a `${{` has no `}}`")]
    OpenBrace,
    /// A list without values, or a file without any.
    #[error("`for_each` has no values")]
    NoValues,
    /// A file of values that cannot be read.
    #[error("`{file}` cannot be read: {message}")]
    Values {
        /// The file.
        file: String,
        /// Why.
        message: String,
    },
}

impl ProblemKind {
    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        let one = |s: &str| vec![s.to_string()];
        match self {
            ProblemKind::Blank => one("declare CAs as `[ca.NAME]` and leaves as `[cert.NAME]`"),
            ProblemKind::UnknownKey { key, nearest: Some(nearest), .. } if key.replace('-', "_") == *nearest => {
                vec![format!("keys are written with `_`: `{nearest}`")]
            }
            ProblemKind::UnknownKey { nearest: Some(nearest), .. } => vec![format!("is `{nearest}` meant?")],
            ProblemKind::UnknownKey { known, .. } => vec![format!("known here: {}", known.join(", "))],
            ProblemKind::Syntax { message } if message.starts_with("duplicate key") => {
                one("say it once; entries that differ need keys that differ")
            }
            ProblemKind::Syntax { .. } => one("the file is TOML, or JSON when its name ends in `.json`"),
            ProblemKind::NotOfProfile { key, .. } => vec![format!("leave `{key}` away, or choose another `profile`")],
            ProblemKind::WrongType { wanted, .. } => vec![format!("write {wanted}{}", example(wanted))],
            ProblemKind::Together { key, other } => vec![format!("leave `{key}` or `{other}` away")],
            ProblemKind::Alone { key, needs } => vec![format!("add `{needs}`, or leave `{key}` away")],
            ProblemKind::Values { .. } => one("its name is relative to the manifest; it holds one JSON value a line"),
            ProblemKind::NoValues => one("leave the entry away where nothing is wanted"),
            ProblemKind::Missing { key } if *key != "profile" => vec![format!("add `{key}`")],
            ProblemKind::WrongTable { table: "ca", .. } => one("leaves are declared as `[cert.NAME]`"),
            ProblemKind::WrongTable { .. } => one("CAs are declared as `[ca.NAME]`"),
            ProblemKind::Missing { key: "profile" } => one("one of root, intermediate, server, client, peer, workload"),
            // It is no duration with a unit.
            ProblemKind::Value { key: "days", .. } => vec![format!("write {}", form("days"))],
            ProblemKind::Value { key, source } => match source.hints() {
                hints if hints.is_empty() => vec![format!("write {}", form(key))],
                hints => hints,
            },
            ProblemKind::Refused { hints, .. } => hints.clone(),
            ProblemKind::Duplicate { .. } => {
                one("give one of them another key; entries of a `for_each` need `${each}` in theirs")
            }
            ProblemKind::NoIssuer { nearest: Some(nearest), .. } => vec![format!("is `{nearest}` meant?")],
            ProblemKind::NoIssuer { .. } => one("declare it as `[ca.NAME]`"),
            ProblemKind::IssuerIsLeaf { .. } => one("name a CA"),
            ProblemKind::Cycle { .. } => one("one of them must be issued by a root"),
            ProblemKind::UnknownVariable { hint, .. } => one(hint),
            ProblemKind::NoEnvironment { name } => vec![format!("set it: {name}=… rootlet …")],
            ProblemKind::NotAText { .. } => one("write it alone, as the whole value"),
            ProblemKind::OpenBrace => one("write `$${` for a dollar sign and a brace"),
            _ => Vec::new(),
        }
    }
}

/// How a value of a type is written, where that needs to be said.
fn example(wanted: &str) -> &'static str {
    match wanted {
        "a text" => ": \"…\"",
        "a text, or a list of texts" => ": \"…\", or [\"…\", \"…\"]",
        _ => "",
    }
}

/// What a key takes, where the value itself has no better hint.
fn form(key: &str) -> &'static str {
    match key {
        "profile" => "one of root, intermediate, server, client, peer, workload",
        "key" => "one of p256, p384, ed25519, rsa-2048, rsa-3072, rsa-4096",
        "dns" => "a name as `api.internal` or `*.internal`",
        "ip" => "an address as `10.0.0.7` or `2001:db8::7`",
        "email" => "an address as `alice@example.org`",
        "uri" | "crl_url" | "issuer_url" | "ocsp_url" => "an address as `http://pki.example.org/ca.crl`",
        "spiffe" => "an ID as `spiffe://example.org/api`, of a CA without a path",
        "subject" => "a name as `CN=api,O=Example`",
        "days" => "a number of days, 1 at least",
        "lifetime" => "a duration as `90d`",
        "renew_within" => "a duration as `30d`, or a part of the life as `33%`",
        "not_before" | "not_after" => "a time as `2030-01-31T00:00:00Z`; it ends after it starts",
        "eku" => "a purpose as `codeSigning`, or an OID",
        "permit" | "exclude" => "names as `dns:lab.internal`, `ip:10.0.0.0/8`, `email:example.org` or `dn:O=Example`",
        "layout" => "`folder` or `combined`",
        _ => "another value",
    }
}

/// Collects problems, and counts those that are too many.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    more: usize,
    /// The files in the order in which they were read.
    files: Vec<Arc<str>>,
}

impl Problems {
    /// What is wrong in this file is told behind what is wrong in those before it.
    pub fn reading(&mut self, file: &Arc<str>) {
        self.files.push(file.clone());
    }

    pub fn add(&mut self, at: &Place, kind: ProblemKind) {
        let problem = Problem { at: at.clone(), kind };
        if self.found.contains(&problem) {
            // A template is wrong once, however often it is expanded.
        } else if self.found.len() < MAX_PROBLEMS {
            self.found.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Nothing is wrong, or everything that is.
    pub fn settle(mut self) -> Result<(), ManifestError> {
        let files = std::mem::take(&mut self.files);
        let file = |p: &Problem| files.iter().position(|f| *f == p.at.file).unwrap_or(usize::MAX);
        self.found.sort_by_key(|p| (file(p), p.at.clone()));
        if self.found.is_empty() { Ok(()) } else { Err(ManifestError { problems: self.found, more: self.more }) }
    }
}
