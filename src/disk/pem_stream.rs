//! PEM of any length, piece by piece: a CRL of a million entries is never held a second time as text.

use super::{DiskError, unix};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Octets of one line: 64 columns of base64 (RFC 7468 2).
const LINE_OCTETS: usize = 48;
const LINE_COLUMNS: usize = 64;
/// Lines that are read or written at once.
const LINES: usize = 1024;

/// Writes one public object.
///
/// # Errors
/// Those of the writer.
pub fn write_pem(out: &mut dyn Write, label: &str, der: &[u8]) -> io::Result<()> {
    writeln!(out, "-----BEGIN {label}-----")?;
    let mut text = vec![0; der.len().div_ceil(LINE_OCTETS).min(LINES) * (LINE_COLUMNS + 1)];
    for lines in der.chunks(LINES * LINE_OCTETS) {
        let mut length = 0;
        for line in lines.chunks(LINE_OCTETS) {
            // 48 octets are 64 columns: the buffer is never too short.
            length += STANDARD.encode_slice(line, &mut text[length..]).map_err(io::Error::other)?;
            text[length] = b'\n';
            length += 1;
        }
        out.write_all(&text[..length])?;
    }
    writeln!(out, "-----END {label}-----")
}

/// Reads the DER out of a file that holds one PEM block as [`write_pem`] writes it, and nothing else. Any other form is
/// an error of the kind `InvalidData`: [`super::decode_pem`] takes more.
#[derive(Debug)]
pub struct PemReader<R> {
    text: R,
    label: String,
    /// Text that was read and not decoded yet: from `start` to `end`.
    ahead: Vec<u8>,
    start: usize,
    end: usize,
    /// What the last line holds and nobody has taken yet, for readers that take less than a line.
    rest: Vec<u8>,
    state: State,
}

#[derive(Debug, PartialEq)]
enum State {
    New,
    Inside,
    Ended,
}

impl PemReader<File> {
    /// Opens a file; nothing when there is none.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn open(path: &Path, label: &str) -> Result<Option<Self>, DiskError> {
        let fail = |e| DiskError::io("read", path, e);
        match unix::open_to_read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(fail(e)),
            Ok(file) if !file.metadata().map_err(fail)?.is_file() => {
                Err(fail(io::Error::other("it is not a regular file")))
            }
            Ok(file) => Ok(Some(PemReader::new(file, label))),
        }
    }
}

impl<R: Read> PemReader<R> {
    /// Reads from a text.
    pub fn new(text: R, label: &str) -> Self {
        let (ahead, rest) = (vec![0; LINES * (LINE_COLUMNS + 1)], Vec::new());
        PemReader { text, label: label.into(), ahead, start: 0, end: 0, rest, state: State::New }
    }

    fn ahead(&self) -> &[u8] {
        &self.ahead[self.start..self.end]
    }

    /// Reads more text behind what is ahead, until there are some lines or the text ends; returns whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        self.ahead.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let before = self.end;
        while self.end < self.ahead.len() {
            match self.text.read(&mut self.ahead[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(self.end > before)
    }

    /// Decodes lines as long as there is room for whole ones; returns how many octets they hold, none at the end.
    fn decode(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.state == State::New {
            self.fill()?;
            self.expect("BEGIN")?;
            self.state = State::Inside;
        }
        let mut done = 0;
        while self.state == State::Inside {
            while let Some(columns) = whole_line(self.ahead()) {
                let Some(line) = into.get_mut(done..done + LINE_OCTETS) else { return Ok(done) };
                let count = STANDARD.decode_slice(columns, line).map_err(|_| damaged())?;
                self.start += LINE_COLUMNS + 1;
                done += count;
                if count < LINE_OCTETS {
                    self.end()?;
                    return Ok(done);
                }
            }
            if !self.fill()? {
                let Some(line) = into.get_mut(done..done + LINE_OCTETS) else { return Ok(done) };
                let count = self.last_line(line)?;
                return Ok(done + count);
            }
        }
        Ok(done)
    }

    /// The last line, shorter than the others, when nothing more is to be read.
    fn last_line(&mut self, line: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        if self.ahead().first() != Some(&b'-') {
            let length = self.ahead().iter().position(|b| *b == b'\n').filter(|l| *l < LINE_COLUMNS);
            let columns = &self.ahead()[..length.ok_or_else(damaged)?];
            count = STANDARD.decode_slice(columns, line).map_err(|_| damaged())?;
            self.start += columns.len() + 1;
        }
        self.end()?;
        Ok(count)
    }

    fn end(&mut self) -> io::Result<()> {
        self.state = State::Ended;
        self.fill()?;
        self.expect("END")?;
        if self.ahead().is_empty() && !self.fill()? { Ok(()) } else { Err(damaged()) }
    }

    fn expect(&mut self, word: &str) -> io::Result<()> {
        let line = format!("-----{word} {}-----\n", self.label);
        if !self.ahead().starts_with(line.as_bytes()) {
            return Err(damaged());
        }
        self.start += line.len();
        Ok(())
    }
}

/// The columns of a line of full length.
fn whole_line(text: &[u8]) -> Option<&[u8]> {
    let columns = text.get(..LINE_COLUMNS)?;
    // A short last line and the boundary behind it may be as long together.
    (text.get(LINE_COLUMNS) == Some(&b'\n') && columns[0] != b'-' && !columns.contains(&b'\n')).then_some(columns)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its PEM is damaged")
}

impl<R: Read> Read for PemReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            if into.len() >= LINE_OCTETS {
                return self.decode(into);
            }
            let mut line = [0; LINE_OCTETS];
            let count = self.decode(&mut line)?;
            self.rest.extend_from_slice(&line[..count]);
        }
        let count = into.len().min(self.rest.len());
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode_pem;
    use super::*;

    fn read(text: &[u8]) -> io::Result<Vec<u8>> {
        let mut der = Vec::new();
        PemReader::new(text, "X509 CRL").read_to_end(&mut der)?;
        Ok(der)
    }

    #[test]
    fn reads_what_it_writes_whatever_the_length() {
        let batch = LINES * LINE_OCTETS;
        for n in [0, 1, 2, 3, 46, 47, 48, 49, 95, 96, 97, batch - 1, batch, batch + 1, 3 * batch - 48, 3 * batch + 47] {
            let der: Vec<u8> = (0..n).map(|i| (i * 7 + i / 251) as u8).collect();
            let mut text = Vec::new();
            write_pem(&mut text, "X509 CRL", &der).unwrap();
            assert_eq!(std::str::from_utf8(&text).unwrap(), encode_pem("X509 CRL", &der), "{n}");
            assert_eq!(read(&text).unwrap(), der, "{n}");
        }
    }

    #[test]
    fn readers_may_take_little() {
        let der: Vec<u8> = (0..200).collect();
        let text = encode_pem("X509 CRL", &der);
        for step in [1, 2, 47, 48, 49, 95, 96, 97, 500] {
            let mut reader = PemReader::new(text.as_bytes(), "X509 CRL");
            let (mut all, mut piece) = (Vec::new(), vec![0; step]);
            loop {
                match reader.read(&mut piece).unwrap() {
                    0 => break,
                    count => all.extend_from_slice(&piece[..count]),
                }
            }
            assert_eq!(all, der, "{step}");
            assert_eq!(reader.read(&mut piece).unwrap(), 0);
        }
    }

    #[test]
    fn another_form_is_damage() {
        let der = [7; 200];
        let good = encode_pem("X509 CRL", &der);
        assert_eq!(read(good.as_bytes()).unwrap(), der);
        let mut bad = vec![
            String::new(),
            format!("text\n{good}"),
            format!("{good}\n"),
            format!("{good}{good}"),
            good.replace('\n', "\r\n"),
            good.replace("X509 CRL", "CERTIFICATE"),
            good.replacen("Bw", "B*", 1),
            good.replacen('\n', "\n\n", 2),
            good.replace("=\n", "\n"),
        ];
        bad.extend((0..good.len()).map(|cut| good[..cut].to_string()));
        for text in bad {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
