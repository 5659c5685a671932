//! PEM blocks of a file one after the other, each where it stands: for files of any length and any quality.

use super::PemError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// The longest label that is taken for one; those of the standards have fewer than 30 characters.
const MAX_LABEL: usize = 64;
/// Columns of base64 that are decoded at once; whole groups of four.
const BATCH: usize = 64 << 10;

/// One block, not decoded yet.
#[derive(Clone, Copy)]
pub struct PemBlock<'a> {
    /// The label between `BEGIN` and the dashes, as it stands.
    pub label: &'a str,
    /// The line on which it begins, from 1 on.
    pub line: usize,
    /// All of it, boundaries included; it may hold a secret.
    pub text: &'a [u8],
    body: &'a [u8],
    complete: bool,
}

impl PemBlock<'_> {
    /// Its bytes. Header lines (RFC 1421) are damage, as is an end that is missing or has another label. White space may
    /// stand anywhere.
    ///
    /// Not for secrets: what it decodes through is not wiped.
    ///
    /// # Errors
    /// [`PemError::Damaged`].
    pub fn decode(&self) -> Result<Vec<u8>, PemError> {
        if !self.complete {
            return Err(PemError::Damaged);
        }
        let mut der = Vec::with_capacity(self.body.len() / 4 * 3);
        let (mut columns, mut padded) = (Vec::with_capacity(BATCH.min(self.body.len())), false);
        let mut decode = |columns: &[u8]| {
            if padded && !columns.is_empty() {
                return Err(PemError::Damaged);
            }
            // Padding ends the text, and each batch would take its own.
            padded = columns.ends_with(b"=");
            STANDARD.decode_vec(columns, &mut der).map_err(|_| PemError::Damaged)
        };
        let mut rest = Some(self.body);
        while let Some(text) = rest {
            let line = match position(text, b'\n') {
                Some(at) => {
                    rest = text.get(at + 1..);
                    &text[..at]
                }
                None => {
                    rest = None;
                    text
                }
            };
            let line = line.trim_ascii();
            // Hardly a line has white space in it, and asking of all at once is quicker than asking of each.
            if line.iter().fold(true, |solid, b| solid & (*b > b' ')) {
                columns.extend_from_slice(line);
            } else {
                columns.extend(line.iter().filter(|b| !b.is_ascii_whitespace()));
            }
            if columns.len() >= BATCH {
                let whole = columns.len() / 4 * 4;
                decode(&columns[..whole])?;
                columns.drain(..whole);
            }
        }
        decode(&columns)?;
        Ok(der)
    }
}

impl std::fmt::Debug for PemBlock<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PemBlock({}, line {}, …)", self.label, self.line)
    }
}

/// Walks the blocks of a file; text around them is ignored.
#[derive(Debug, Clone)]
pub struct PemWalk {
    position: usize,
    line: usize,
}

impl Default for PemWalk {
    fn default() -> Self {
        PemWalk { position: 0, line: 1 }
    }
}

impl PemWalk {
    /// The next block of the file. The same file is given each time: so whoever owns it can own the walk too.
    ///
    /// A block without an end reaches to the next `BEGIN`, or to the end of the file.
    pub fn next<'a>(&mut self, file: &'a [u8]) -> Option<PemBlock<'a>> {
        loop {
            let rest = file.get(self.position..)?;
            let start = find(rest, BEGIN)?;
            self.line += count_lines(&rest[..start]);
            let (block, line) = (&rest[start..], self.line);
            let Some(label) = label(&block[BEGIN.len()..]) else {
                self.position += start + BEGIN.len();
                continue;
            };
            let body = BEGIN.len() + label.len() + DASHES.len();
            let next = find(&block[body..], BEGIN).map_or(block.len(), |n| body + n);
            let (body, length, complete) = match find(&block[body..next], END) {
                Some(n) => {
                    let end = body + n + END.len();
                    let closes =
                        block[end..].starts_with(label.as_bytes()) && block[end + label.len()..].starts_with(DASHES);
                    let tail = find(&block[end..next], DASHES).map_or(0, |n| n + DASHES.len());
                    (&block[body..body + n], end + tail, closes)
                }
                None => (&block[body..next], next, false),
            };
            self.position += start + length;
            self.line += count_lines(&block[..length]);
            return Some(PemBlock { label, line, text: &block[..length], body, complete });
        }
    }
}

/// The label at the start of a text that follows `-----BEGIN `: one line of printable ASCII up to the dashes.
fn label(text: &[u8]) -> Option<&str> {
    let head = &text[..text.len().min(MAX_LABEL + DASHES.len())];
    let label = &head[..find(head, DASHES)?];
    let printable = label.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    std::str::from_utf8(label).ok().filter(|l| printable && !l.is_empty())
}

fn count_lines(text: &[u8]) -> usize {
    // Sums of one octet are many at once.
    let count = |piece: &[u8]| piece.iter().map(|b| u8::from(*b == b'\n')).sum::<u8>();
    text.chunks(usize::from(u8::MAX)).map(|piece| usize::from(count(piece))).sum()
}

/// Where an octet first stands: whole pieces are passed over in a few instructions.
fn position(text: &[u8], octet: u8) -> Option<usize> {
    const PIECE: usize = 32;
    let mut from = 0;
    for piece in text.chunks(PIECE) {
        if piece.iter().fold(false, |found, b| found | (*b == octet)) {
            return piece.iter().position(|b| *b == octet).map(|at| from + at);
        }
        from += piece.len();
    }
    None
}

/// Where a boundary begins; it is looked for from dash to dash, since texts have few of them.
fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + position(text.get(from..)?, b'-')?;
        if text[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode_pem;
    use super::*;

    fn walk(text: &[u8]) -> Vec<(String, usize, Result<Vec<u8>, PemError>)> {
        let mut walk = PemWalk::default();
        std::iter::from_fn(|| walk.next(text).map(|b| (b.label.to_string(), b.line, b.decode()))).collect()
    }

    #[test]
    fn blocks_where_they_stand() {
        let big: Vec<u8> = (0..200_001).map(|i| (i % 253) as u8).collect();
        let text = format!("some text\n\n{}between - and --\n{}", encode_pem("A B", &big), encode_pem("C", b"12"));
        let lines = encode_pem("A B", &big).lines().count();
        let expected = [("A B".into(), 3, Ok(big)), ("C".into(), 4 + lines, Ok(b"12".to_vec()))];
        assert_eq!(walk(text.as_bytes()), expected);
        assert_eq!(walk(text.replace('\n', "\r\n").as_bytes()), expected);
    }

    #[test]
    fn damage_ends_where_the_next_begins() {
        let good = encode_pem("X", b"good");
        for bad in [
            "-----BEGIN X-----\nQUJD\n",
            "-----BEGIN X-----\nQUJD\n-----END Y-----\n",
            "-----BEGIN X-----\nQUJD\n-----END X",
            "-----BEGIN X-----\nQUJ\n-----END X-----\n",
            "-----BEGIN X-----\nA: b\n\nQUJD\n-----END X-----\n",
            "-----BEGIN X-----\n\0\u{ff}\n-----END X-----\n",
        ] {
            let text = format!("{bad}\n{good}");
            let all = walk(text.as_bytes());
            assert_eq!(all[0].2, Err(PemError::Damaged), "{bad}");
            assert_eq!((all.len(), &all[1].2), (2, &Ok(b"good".to_vec())), "{bad}");
        }
    }

    #[test]
    fn padding_in_the_middle_is_damage() {
        let long = "QUJD".repeat(BATCH / 4 - 1);
        let text = format!("-----BEGIN X-----\n{long}QQ==\nQUJD\n-----END X-----\n");
        assert_eq!(walk(text.as_bytes())[0].2, Err(PemError::Damaged));
    }

    #[test]
    fn what_is_no_block() {
        for text in ["", "text", "-----BEGIN ", "-----BEGIN -----", "-----BEGIN a\nb-----", "----------BEGIN"] {
            assert!(walk(text.as_bytes()).is_empty(), "{text}");
        }
        let long = format!("-----BEGIN {}-----\n", "x".repeat(100_000));
        assert!(walk(long.repeat(20).as_bytes()).is_empty());
    }
}
