use super::{DiskError, unix};
use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a command waits for another one, unless somebody chose another time.
const WAIT: Duration = Duration::from_secs(30);
static CHOSEN_WAIT: OnceLock<Duration> = OnceLock::new();
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Chooses how long this process waits for others that work on the same PKI: once, before anything is locked.
pub fn set_patience(wait: Duration) {
    // The first choice holds.
    let _ = CHOSEN_WAIT.set(wait);
}

/// How long this process waits for others, for locks on folders and for the inventory alike.
pub fn patience() -> Duration {
    CHOSEN_WAIT.get().copied().unwrap_or(WAIT)
}

/// An advisory lock on a folder. It goes when this value or its process does.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for a lock that others may share.
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened, or others hold it for too long.
    pub fn shared(folder: &Path) -> Result<Self, DiskError> {
        Self::take(folder, false, true).map(|l| l.unwrap_or_else(|| unreachable!("a waiting lock is taken")))
    }

    /// Waits for a lock that nobody shares.
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened.
    pub fn exclusive(folder: &Path) -> Result<Self, DiskError> {
        Self::take(folder, true, true).map(|l| l.unwrap_or_else(|| unreachable!("a waiting lock is taken")))
    }

    /// Takes a lock that nobody shares, or returns `None` when somebody holds one.
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened.
    pub fn try_exclusive(folder: &Path) -> Result<Option<Self>, DiskError> {
        Self::take(folder, true, false)
    }

    fn take(folder: &Path, exclusive: bool, wait: bool) -> Result<Option<Self>, DiskError> {
        let fail = |e| DiskError::io("lock", folder, e);
        let file = File::open(folder).map_err(fail)?;
        let started = Instant::now();
        loop {
            if unix::lock(&file, exclusive).map_err(fail)? {
                return Ok(Some(Lock { _file: file }));
            }
            if !wait {
                return Ok(None);
            }
            // Whoever holds it may have been stopped: the wait has an end.
            if started.elapsed() > patience() {
                let (waited_seconds, holder) = (patience().as_secs(), super::holder::of_folder(folder));
                return Err(DiskError::Locked { path: folder.into(), waited_seconds, holder });
            }
            std::thread::sleep(PAUSE);
        }
    }
}
