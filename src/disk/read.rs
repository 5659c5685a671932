use super::{DiskError, unix};
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// [`DiskError`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, DiskError> {
    let fail = |e| DiskError::io("read", path, e);
    let file = unix::open_to_read(path).map_err(fail)?;
    let meta = file.metadata().map_err(fail)?;
    if meta.is_dir() {
        return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if !meta.is_file() {
        return Err(fail(io::Error::other("it is not a regular file")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(DiskError::TooLarge { path: path.into(), limit });
    }
    Ok(bytes)
}

/// As [`read`]; a file that does not exist is `None`.
///
/// # Errors
/// [`DiskError`].
pub fn read_optional(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, DiskError> {
    match read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == Some(io::ErrorKind::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Whether something of that name exists; a broken link does.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The names in a folder in order, as well as they can be shown; what is no folder has none.
///
/// # Errors
/// [`DiskError`].
pub fn entries(folder: &Path) -> Result<Vec<String>, DiskError> {
    let list = match std::fs::read_dir(folder) {
        Ok(list) => list,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(e) => return Err(DiskError::io("list", folder, e)),
    };
    let mut names = Vec::new();
    for entry in list {
        let entry = entry.map_err(|e| DiskError::io("list", folder, e))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
