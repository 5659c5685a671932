//! How far a run of many has come: a line that is drawn again on a terminal, a line every few seconds elsewhere.

use super::printer::Printer;
use rootlet::pki::Progress as Come;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A terminal shows the newest state this often.
const REDRAWN: Duration = Duration::from_millis(100);
/// What is no terminal, as a log, gets a line this often; a shorter run says nothing.
const LOGGED: Duration = Duration::from_secs(5);
/// Cells of the bar.
const BAR: usize = 24;
/// To the start of the line, and clear it.
const AFRESH: &str = "\r\x1b[K";

/// What is shown of a run, on stderr.
pub struct Progress {
    wanted: bool,
    terminal: bool,
    shown: Instant,
    /// Whether a line stands on the terminal that the next one replaces.
    drawn: bool,
}

impl Progress {
    /// Nothing is shown where no words are wanted.
    pub fn new(printer: &Printer) -> Self {
        let wanted = !printer.is_json() && !printer.is_quiet();
        Progress { wanted, terminal: io::stderr().is_terminal(), shown: Instant::now(), drawn: false }
    }

    /// Shows how far the run has come, if the last time was long enough ago.
    pub fn show(&mut self, come: &Come) {
        let pause = if self.terminal { REDRAWN } else { LOGGED };
        if !self.wanted || self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let line =
            if self.terminal { format!("{AFRESH}{}{}", bar(come), sentence(come)) } else { sentence(come) + "\n" };
        write(&line);
        self.drawn = self.terminal;
    }

    /// Clears the line for other words, and at the end.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write(AFRESH);
        }
    }
}

/// A terminal that went away is no reason to fail.
fn write(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn bar(come: &Come) -> String {
    let Some(total) = come.total.filter(|t| *t > 0) else { return String::new() };
    let full = usize::try_from(come.done.min(total) * BAR as u64 / total).unwrap_or(BAR);
    format!("[{}{}] ", "#".repeat(full), "-".repeat(BAR - full))
}

fn sentence(come: &Come) -> String {
    let of = come.total.map_or(String::new(), |t| format!(" of {t}"));
    let failed = if come.failed > 0 { format!(", {} failed", come.failed) } else { String::new() };
    let left = come.remaining().filter(|_| come.done > 0).map_or(String::new(), |left| match left.as_secs() {
        s if s >= 120 => format!(", {} minutes left", s / 60),
        s => format!(", {s} s left"),
    });
    format!("{}{of}{failed}, {:.0} a second{left}", come.done, come.rate())
}

#[cfg(test)]
mod tests {
    use super::super::printer::Color;
    use super::*;

    fn come(done: u64, failed: u64, total: Option<u64>) -> Come {
        Come { done, failed, total, elapsed: Duration::from_secs(2) }
    }

    #[test]
    fn what_it_says() {
        assert_eq!(sentence(&come(4_000, 0, Some(10_000))), "4000 of 10000, 2000 a second, 3 s left");
        assert_eq!(sentence(&come(4_000, 3, None)), "4000, 3 failed, 2000 a second");
        assert_eq!(sentence(&come(10, 0, Some(2_010))), "10 of 2010, 5 a second, 6 minutes left");
        assert_eq!(sentence(&come(0, 0, Some(5))), "0 of 5, 0 a second");
        assert_eq!(bar(&come(5, 0, Some(10))), "[############------------] ");
        assert_eq!(bar(&come(5, 0, None)) + &bar(&come(0, 0, Some(0))), "");
    }

    #[test]
    fn silent_where_no_words_are_wanted() {
        for (json, quiet) in [(true, false), (false, true)] {
            let mut shown = Progress::new(&Printer::new(json, quiet, Color::Never));
            (shown.terminal, shown.shown) = (true, Instant::now() - Duration::from_secs(60));
            shown.show(&come(1, 0, None));
            shown.clear();
            assert!(!shown.drawn);
        }
    }
}
