use super::entry::Manifest;
use super::error::{ManifestError, ProblemKind, Problems};
use super::node::{Lines, Node, Place, Value};
use super::spec::Reader;
use super::{json, toml};
use crate::disk::{DiskError, entries, read_public};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Larger files are no manifests.
const MAX_FILE: u64 = 256 << 20;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A folder without a manifest in it.
    #[error("`{}` holds no .toml and no .json file", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads the files of a manifest; of a folder every `.toml` and `.json` in it, in the order of their names. `environment`
/// looks up what `${env:NAME}` names.
///
/// # Errors
/// [`LoadError`]; of what is wrong in the files, all is told.
pub fn load(paths: &[PathBuf], environment: &dyn Fn(&str) -> Option<String>) -> Result<Manifest, LoadError> {
    let mut problems = Problems::default();
    let mut trees = Vec::new();
    for path in files_of(paths)? {
        if let Some((file, text)) = text_of(&path, &mut problems)? {
            trees.extend(tree(&path, &file, &text, &mut problems));
        }
    }
    let manifest = Reader::new(environment, &mut problems).manifest(&trees);
    problems.settle()?;
    Ok(manifest)
}

/// Reads a manifest that is no file; `name` stands for it in what is told, and one that ends in `.json` is JSON.
///
/// # Errors
/// [`ManifestError`].
pub fn parse(name: &str, text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Manifest, ManifestError> {
    let mut problems = Problems::default();
    let trees: Vec<Node> = tree(Path::new(name), &name.into(), without_mark(text), &mut problems).into_iter().collect();
    let manifest = Reader::new(environment, &mut problems).manifest(&trees);
    problems.settle()?;
    Ok(manifest)
}

fn tree(path: &Path, file: &Arc<str>, text: &str, problems: &mut Problems) -> Option<Node> {
    let tree = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        json::read(file, text, problems)
    } else {
        toml::read(file, text, problems)
    };
    // One that was cut off, or is still to be written, is not one that wishes for nothing.
    if let Some(Node { value: Value::Table(table), .. }) = &tree
        && table.is_empty()
    {
        problems.add(&Lines::new(file, text).place(0), ProblemKind::Blank);
    }
    tree
}

fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let before = all.len();
        let mut names = entries(path)?;
        names.sort();
        let is_manifest = |n: &&String| n.ends_with(".toml") || n.ends_with(".json");
        all.extend(names.iter().filter(is_manifest).filter(|n| !n.starts_with('.')).map(|n| path.join(n)));
        if all.len() == before {
            return Err(LoadError::Empty { path: path.clone() });
        }
    }
    Ok(all)
}

fn text_of(path: &Path, problems: &mut Problems) -> Result<Option<(Arc<str>, String)>, DiskError> {
    let file: Arc<str> = path.to_string_lossy().into();
    problems.reading(&file);
    match String::from_utf8(read_public(path, MAX_FILE)?) {
        Ok(mut text) => {
            let mark = text.len() - without_mark(&text).len();
            text.drain(..mark);
            Ok(Some((file, text)))
        }
        Err(e) => {
            let good = String::from_utf8_lossy(e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default());
            let good = without_mark(&good);
            let at = Lines::new(&file, good).place(good.len());
            problems.add(&at, ProblemKind::Syntax { message: "it is not UTF-8".into() });
            Ok(None)
        }
    }
}

/// The text without the byte order mark that some editors write before it; RFC 8259 section 8.1 allows to ignore it in JSON,
/// and TOML to write it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The values of a JSONL file that a manifest names, relative to it. Nothing where it, or every line of it, was told to be wrong.
pub(super) fn values(path: &Path, at: &Place, problems: &mut Problems) -> Option<Vec<Node>> {
    match text_of(path, problems) {
        Ok(read) => {
            let (file, text) = read?;
            let all = json::read_lines(&file, &text, problems);
            (!all.is_empty() || text.trim().is_empty()).then_some(all)
        }
        Err(e) => {
            let file = path.to_string_lossy().into_owned();
            let message = e.to_string();
            problems.add(at, ProblemKind::Values { file, message });
            None
        }
    }
}
