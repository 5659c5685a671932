//! What somebody named to be looked at: a file, a pipe, or standard input for `-`.

use super::failure::Failure;
use rootlet::disk::{DiskError, read_public};
use rootlet::judge::input::{InputError, MAX_INPUT, Objects};
use rootlet::pki::Error;
use std::io::Read;
use std::path::Path;

/// What stands for standard input.
pub const STDIN: &str = "-";

/// What a file is called in sentences.
pub fn name(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".into() } else { path.display().to_string() }
}

/// The bytes of it, at most [`MAX_INPUT`].
pub fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path != Path::new(STDIN) {
        return Ok(read_public(path, MAX_INPUT).map_err(Error::from)?);
    }
    let mut bytes = Vec::new();
    let fail = |source| Error::from(DiskError::Io { action: "read", path: name(path).into(), source });
    std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// The things in it, one after the other.
pub fn objects(path: &Path) -> Result<Objects, Failure> {
    let refuse = |e: InputError| Failure::unreadable(&name(path), &e);
    Objects::new(bytes(path)?).map_err(refuse)
}
