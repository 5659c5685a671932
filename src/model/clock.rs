use super::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the library learns the time. Nothing else in it asks the system.
pub trait Clock: Send + Sync {
    /// The present second.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as 1970: every certificate is then "not yet valid", which is the safe answer.
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        Timestamp::clamped(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still: for reproducible output.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
