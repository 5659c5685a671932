//! Files that are written and compared piece by piece, because they may be large.

use super::{Access, Disk, DiskError, unix};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// What is copied at once.
const PIECE: usize = 128 << 10;

/// What a file is to hold: it writes the same bytes each time it is asked.
pub type Source<'s> = &'s dyn Fn(&mut dyn Write) -> io::Result<()>;

impl Disk {
    /// As [`Disk::create`], from a source.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn create_streamed(&self, path: &Path, source: Source<'_>, access: Access) -> Result<(), DiskError> {
        self.create_from(path, access.file_mode(), source)
    }

    /// As [`Disk::replace_if_changed`], from a source.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn replace_streamed_if_changed(
        &self,
        path: &Path,
        source: Source<'_>,
        access: Access,
    ) -> Result<bool, DiskError> {
        if holds(path, source) {
            return Ok(false);
        }
        self.replace_from(path, access.file_mode(), source).map(|()| true)
    }
}

/// Whether a file holds exactly what a source writes; nothing behind the first difference is read.
pub fn holds(path: &Path, source: Source<'_>) -> bool {
    let Ok(file) = unix::open_to_read(path) else { return false };
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return false;
    }
    let mut same = Comparison { file, piece: Vec::new() };
    source(&mut same).is_ok() && same.file.read(&mut [0]).is_ok_and(|more| more == 0)
}

/// Writes a file's bytes.
///
/// # Errors
/// Those of the file and of the writer.
pub fn copy_file(path: &Path, out: &mut dyn Write) -> io::Result<()> {
    let mut file = unix::open_to_read(path)?;
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            count => out.write_all(&piece[..count])?,
        }
    }
}

/// Takes what a file holds, and fails at the first difference.
struct Comparison {
    file: File,
    piece: Vec<u8>,
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE);
        self.piece.resize(count, 0);
        self.file.read_exact(&mut self.piece)?;
        if self.piece == bytes[..count] { Ok(count) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_when_it_differs() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, path) = (Disk::default(), folder.path().join("f"));
        let long: Vec<u8> = (0..3 * PIECE + 5).map(|i| (i % 251) as u8).collect();
        let write = |bytes: &[u8]| {
            disk.replace_streamed_if_changed(
                &path,
                &|out| bytes.chunks(70_000).try_for_each(|c| out.write_all(c)),
                Access::Public,
            )
        };
        for bytes in [&long[..], &long[..long.len() - 1], b"", b"x", &long] {
            assert!(write(bytes).unwrap());
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
            assert!(!write(bytes).unwrap());
        }
        let mut copy = Vec::new();
        copy_file(&path, &mut copy).unwrap();
        assert_eq!(copy, long);
        assert_eq!(super::super::entries(folder.path()).unwrap(), ["f"]);
    }

    #[test]
    fn a_source_that_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, path) = (Disk::default(), folder.path().join("f"));
        let broken: Source<'_> = &|out| {
            out.write_all(b"begun")?;
            Err(io::Error::other("it broke"))
        };
        assert!(disk.create_streamed(&path, broken, Access::Public).is_err());
        assert!(!path.exists());
        disk.create(&path, b"old", Access::Public).unwrap();
        assert!(disk.replace_streamed_if_changed(&path, broken, Access::Public).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(super::super::entries(folder.path()).unwrap(), ["f"]);
    }
}
