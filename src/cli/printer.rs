//! Results on stdout, words on stderr. Text that came from certificates or the command line is escaped first.

use super::draw::{Span, Style};
use super::failure::{Failure, OutputLost};
use anyhow::Context as _;
use rootlet::issue::Warning;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// When words are colored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    quiet: bool,
    color: bool,
    /// Whether results are colored; words are by themselves, as they may go elsewhere.
    color_results: bool,
}

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[36m";
const GREEN: &str = "\x1b[32m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

impl Printer {
    pub fn new(json: bool, quiet: bool, color: Color) -> Self {
        let wanted = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let (color, color_results) = (wanted(io::stderr().is_terminal()), wanted(io::stdout().is_terminal()));
        Printer { json, quiet, color, color_results }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// One JSON object on stdout.
    pub fn object(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(value).context("the result could not be put into JSON")?;
        text.push('\n');
        self.raw(&text)
    }

    /// Text on stdout, escaped line by line.
    pub fn text(&self, text: &str) -> anyhow::Result<()> {
        self.raw(&text.lines().map(|line| safe(line) + "\n").collect::<String>())
    }

    /// Lines on stdout, escaped and colored.
    pub fn lines(&self, lines: &[Vec<Span>]) -> anyhow::Result<()> {
        let mut text = String::new();
        for line in lines {
            for span in line {
                let words = safe(&span.text);
                let color = match span.style {
                    Style::Plain => "",
                    Style::Name => BOLD,
                    Style::Dim => DIM,
                    Style::Good => GREEN,
                    Style::Soon => YELLOW,
                    Style::Bad => RED,
                };
                if self.color_results && !color.is_empty() {
                    text.push_str(&format!("{color}{words}{PLAIN}"));
                } else {
                    text.push_str(&words);
                }
            }
            text.push('\n');
        }
        self.raw(&text)
    }

    /// Text on stdout as it is: PEM and other things that we made.
    pub fn raw(&self, text: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| OutputLost(e).into())
    }

    /// Words on stderr, unless they are not wanted.
    pub fn say(&self, text: &str) {
        if !self.json && !self.quiet {
            for line in text.lines() {
                eprintln_ignoring(&safe(line));
            }
        }
    }

    /// Warnings on stderr; in JSON they are part of the object.
    pub fn warnings(&self, warnings: &[Warning]) {
        if !self.json {
            for w in warnings {
                eprintln_ignoring(&format!("{} {}", self.paint(YELLOW, "warning:"), safe(&w.message)));
            }
        }
    }

    /// Why the command failed.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            #[derive(Serialize)]
            struct Shape<'a> {
                error: &'a Failure,
            }
            let text = serde_json::to_string_pretty(&Shape { error: failure }).unwrap_or_default();
            eprintln_ignoring(&text);
            return;
        }
        eprintln_ignoring(&format!("{} {}", self.paint(RED, "error:"), safe(failure.message())));
        for hint in failure.hints() {
            eprintln_ignoring(&format!("{} {}", self.paint(CYAN, "hint:"), safe(hint)));
        }
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.color { format!("{color}{text}{PLAIN}") } else { text.to_string() }
    }
}

/// A terminal that went away is no reason to fail.
fn eprintln_ignoring(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Escapes what could steer a terminal or turn text around: controls, bidirectional marks, line separators.
pub fn safe(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    // Almost all text is plain, and that can be told of many letters at once.
    if text.bytes().fold(true, |plain, b| plain & matches!(b, b' '..=b'~')) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(safe("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(safe("a\u{202e}b\u{9b}c"), "a\\u{202e}b\\u{9b}c");
        assert_eq!(safe("Lü *.x"), "Lü *.x");
    }
}
