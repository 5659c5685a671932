use super::{DiskError, unix};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
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

/// As [`read_given`], for what is public and may be large: memory is taken as it is needed.
///
/// # Errors
/// [`DiskError`].
pub fn read_public(path: &Path, limit: u64) -> Result<Vec<u8>, DiskError> {
    let fail = |e| DiskError::io("read", path, e);
    let file = File::open(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(DiskError::TooLarge { path: path.into(), limit });
    }
    Ok(bytes)
}

/// Reads a file or pipe of any length line by line, each with its number from 1 on and without its line feed. The visitor returns
/// whether to go on. Of a line longer than `limit` it sees one byte more than that, and the walk ends there.
///
/// # Errors
/// [`DiskError`].
pub fn for_each_line(path: &Path, limit: usize, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), DiskError> {
    let file = File::open(path).map_err(|e| DiskError::io("read", path, e))?;
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(2);
        let read = reader.by_ref().take(most).read_until(b'\n', &mut line);
        if read.map_err(|e| DiskError::io("read", path, e))? == 0 {
            return Ok(());
        }
        number += 1;
        let whole = line.strip_suffix(b"\n").unwrap_or(&line);
        let too_long = whole.len() > limit;
        if !visit(number, &whole[..whole.len().min(limit + 1)]) || too_long {
            return Ok(());
        }
    }
}

/// Reads what somebody named on the command line: a file, or a pipe as `<(…)` makes one; of either at most `limit` bytes.
///
/// # Errors
/// [`DiskError`].
pub fn read_given(path: &Path, limit: u64) -> Result<Vec<u8>, DiskError> {
    let fail = |e| DiskError::io("read", path, e);
    let file = std::fs::File::open(path).map_err(fail)?;
    // One allocation, so that no copy of a secret stays behind when it grows.
    let mut bytes = Vec::with_capacity(usize::try_from(limit).unwrap_or(0).saturating_add(1));
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
