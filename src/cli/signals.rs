//! A clean end: what is in hand is finished, and nothing new begins.

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Signals that end a command that runs on and on.
const ENDING: [i32; 3] = [SIGTERM, SIGINT, SIGHUP];
/// How the process ends when a second signal comes before it is done.
const AT_ONCE: i32 = 1;

/// Whether somebody asked for the end.
pub struct Ending {
    asked: Arc<AtomicBool>,
    arrived: Receiver<()>,
}

impl Ending {
    /// From now on a signal asks; a second one ends the process at once.
    pub fn watch() -> anyhow::Result<Self> {
        const FAILED: &str = "signals cannot be watched";
        let asked = Arc::new(AtomicBool::new(false));
        for signal in ENDING {
            // In this order: the first signal finds the flag down and raises it.
            flag::register_conditional_shutdown(signal, AT_ONCE, Arc::clone(&asked)).context(FAILED)?;
            flag::register(signal, Arc::clone(&asked)).context(FAILED)?;
        }
        let mut signals = Signals::new(ENDING).context(FAILED)?;
        let (sender, arrived) = channel();
        std::thread::spawn(move || signals.forever().try_for_each(|_| sender.send(())));
        Ok(Ending { asked, arrived })
    }

    pub fn is_asked_for(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Sleeps, and wakes early when a signal comes. Returns whether to go on.
    pub fn sleep(&self, seconds: u64) -> bool {
        let waited = self.arrived.recv_timeout(Duration::from_secs(seconds));
        waited == Err(RecvTimeoutError::Timeout) && !self.is_asked_for()
    }
}
