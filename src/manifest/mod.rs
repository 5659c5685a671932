//! A manifest: files that say which CAs and leaves are to exist. They are read, templates are expanded, and every entry is
//! typed; what is wrong is told with file, line and column, all of it at once.
//!
//! Nothing here looks at a PKI. What is to be done is decided above, in [`crate::pki`].

mod entry;
mod error;
mod fields;
mod files;
mod json;
mod nearest;
mod node;
mod order;
mod spec;
mod starter;
mod template;
mod toml;

pub use entry::{CaEntry, Entry, Given, LeafEntry, Manifest, Part};
pub(crate) use error::Problems;
pub use error::{ManifestError, Problem, ProblemKind};
pub use files::{LoadError, load, parse};
pub(crate) use nearest::nearest;
pub use node::{Key, Node, Place, Value};
pub(crate) use order::in_order;
pub use starter::Starter;
