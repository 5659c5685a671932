//! openssl's `index.txt`: one certificate a line, its fields divided by tabs (openssl-ca(1)).

use super::Error;
use super::import_error::ImportError;
use super::past::PastEntry;
use crate::disk::for_each_line;
use crate::model::{Reason, Serial, Timestamp};
use crate::x509::der::{self, Value};
use std::path::Path;

/// A subject of many names fits; a file without line ends does not.
const MAX_LINE: usize = 64 << 10;
/// State, end, revocation, serial, file name, subject.
const FIELDS: usize = 6;

/// What an index says.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Revoked certificates, in the order of the file.
    pub revoked: Vec<PastEntry>,
    /// How many lines are of certificates that are still valid.
    pub valid: u64,
    /// How many lines are of certificates that ended.
    pub expired: u64,
}

/// Reads an index line by line, whatever its length.
pub(super) fn read_index(path: &Path) -> Result<Index, Error> {
    let mut index = Index::default();
    let mut broken = None;
    for_each_line(path, MAX_LINE, &mut |number, line| {
        match read_line(line) {
            Ok(Some(Line::Revoked(entry))) => index.revoked.push(entry),
            Ok(Some(Line::Valid)) => index.valid += 1,
            Ok(Some(Line::Expired)) => index.expired += 1,
            Ok(None) => {}
            Err(problem) => broken = Some(ImportError::Index { path: path.into(), line: number, problem }),
        }
        broken.is_none()
    })?;
    match broken {
        Some(e) => Err(e.into()),
        None => Ok(index),
    }
}

#[derive(Debug, PartialEq)]
enum Line {
    Revoked(PastEntry),
    Valid,
    Expired,
}

/// One line; nothing for an empty one or a comment.
fn read_line(line: &[u8]) -> Result<Option<Line>, String> {
    if line.len() > MAX_LINE {
        return Err(format!("it is longer than {MAX_LINE} bytes"));
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    let fields = split(line);
    let [state, end, revoked, serial, _, _] = fields[..] else {
        return Err(format!("it is not {FIELDS} fields divided by tabs, but {}", fields.len()));
    };
    let not_after = time(end).ok_or_else(|| format!("`{}` is no time of its end", shown(end)))?;
    let serial = std::str::from_utf8(serial).ok().and_then(|s| s.parse::<Serial>().ok());
    let serial = serial.ok_or_else(|| format!("`{}` is no serial number", shown(fields[3])))?;
    match state {
        b"V" => Ok(Some(Line::Valid)),
        b"E" => Ok(Some(Line::Expired)),
        b"R" => revocation(revoked, serial, not_after).map(Some),
        other => Err(format!("it starts with `{}`, not with V, R or E", shown(other))),
    }
}

/// `TIME[,REASON[,ARGUMENT]]`; `keyTime` and `CAkeyTime` carry the date since when the key is suspect.
fn revocation(field: &[u8], serial: Serial, not_after: Timestamp) -> Result<Line, String> {
    let mut parts = field.splitn(3, |b| *b == b',');
    let at = parts.next().unwrap_or_default();
    let at = time(at).ok_or_else(|| format!("`{}` is no time of its revocation", shown(at)))?;
    let (name, argument) = (parts.next(), parts.next());
    let mut invalidity_date = None;
    let reason = match name {
        None => Reason::Unspecified,
        Some(b"keyTime" | b"CAkeyTime") => {
            let since = argument.unwrap_or_default();
            invalidity_date =
                Some(time(since).ok_or_else(|| format!("`{}` is no time of a compromise", shown(since)))?);
            if name == Some(b"keyTime") { Reason::KeyCompromise } else { Reason::CaCompromise }
        }
        Some(b"holdInstruction") => Reason::CertificateHold,
        // The hold was lifted: nothing is revoked any more.
        Some(b"removeFromCRL") => return Ok(Line::Valid),
        Some(other) => std::str::from_utf8(other)
            .ok()
            .and_then(|r| r.parse().ok())
            .ok_or_else(|| format!("`{}` is no reason", shown(other)))?,
    };
    Ok(Line::Revoked(PastEntry {
        serial,
        at,
        reason,
        invalidity_date,
        not_after: Some(not_after),
        on_crl: false,
        as_listed: false,
    }))
}

/// Divides at tabs that no backslash protects.
fn split(line: &[u8]) -> Vec<&[u8]> {
    let (mut fields, mut start, mut escaped) = (Vec::with_capacity(FIELDS), 0, false);
    for (i, b) in line.iter().enumerate() {
        if *b == b'\t' && !escaped {
            fields.push(&line[start..i]);
            start = i + 1;
        }
        escaped = *b == b'\\' && !escaped;
    }
    fields.push(&line[start..]);
    fields
}

/// As in a certificate: two digits of the year through 2049, four after.
fn time(text: &[u8]) -> Option<Timestamp> {
    let tag = if text.len() == 13 { der::UTC_TIME } else { der::GENERALIZED_TIME };
    der::read_time(Value { tag, content: text, whole: text })
}

/// A field as far as a message needs it.
fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(&field[..field.len().min(40)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revoked(line: &str) -> PastEntry {
        match read_line(line.as_bytes()) {
            Ok(Some(Line::Revoked(entry))) => entry,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn lines_as_openssl_writes_them() {
        assert_eq!(read_line(b"V\t301122220000Z\t\t01\tunknown\t/CN=a"), Ok(Some(Line::Valid)));
        assert_eq!(read_line(b"V\t20600101000000Z\t\tFF00\tunknown\t/CN=a\\\tb"), Ok(Some(Line::Valid)));
        assert_eq!(read_line(b"E\t201122220000Z\t\t01\tunknown\t/CN=\xfc\r"), Ok(Some(Line::Expired)));
        assert_eq!((read_line(b""), read_line(b"# x")), (Ok(None), Ok(None)));
        let entry = revoked("R\t301122220000Z\t241122210000Z,keyCompromise\t0A\tunknown\t/CN=a");
        assert_eq!((entry.serial.to_string(), entry.reason), ("0a".into(), Reason::KeyCompromise));
        assert_eq!(entry.at.to_string(), "2024-11-22T21:00:00Z");
        assert_eq!(entry.not_after.map(|t| t.to_string()).as_deref(), Some("2030-11-22T22:00:00Z"));
        let entry = revoked("R\t301122220000Z\t241122210000Z\t0A\tunknown\t/CN=a");
        assert_eq!((entry.reason, entry.invalidity_date), (Reason::Unspecified, None));
        let entry = revoked("R\t301122220000Z\t241122210000Z,keyTime,20240101000000Z\t0A\tunknown\t/CN=a");
        assert_eq!((entry.reason, entry.invalidity_date), (Reason::KeyCompromise, "2024-01-01".parse().ok()));
        let hold = "R\t301122220000Z\t241122210000Z,holdInstruction,holdInstructionReject\t0A\tunknown\t/CN=a";
        assert_eq!(revoked(hold).reason, Reason::CertificateHold);
        let lifted = b"R\t301122220000Z\t241122210000Z,removeFromCRL\t0A\tunknown\t/CN=a";
        assert_eq!(read_line(lifted), Ok(Some(Line::Valid)));
    }

    #[test]
    fn what_openssl_does_not_write_is_refused() {
        for (line, words) in [
            (&b"V"[..], "but 1"),
            (b"V\t301122220000Z\t\t01\tunknown\t/CN=a\tmore", "but 7"),
            (b"X\t301122220000Z\t\t01\tunknown\t/CN=a", "`X`"),
            (b"V\t30112222Z\t\t01\tunknown\t/CN=a", "end"),
            (b"V\t301322220000Z\t\t01\tunknown\t/CN=a", "end"),
            (b"V\t301122220000Z\t\t00\tunknown\t/CN=a", "serial"),
            (b"V\t301122220000Z\t\t-01\tunknown\t/CN=a", "serial"),
            (b"V\t301122220000Z\t\tzz\tunknown\t/CN=a", "serial"),
            (b"R\t301122220000Z\t\t01\tunknown\t/CN=a", "revocation"),
            (b"R\t301122220000Z\t241122210000Z,whim\t01\tunknown\t/CN=a", "`whim`"),
            (b"R\t301122220000Z\t241122210000Z,keyTime\t01\tunknown\t/CN=a", "compromise"),
            (b"\x30\x82\x01\x00\xff\x00", "but 1"),
        ] {
            let problem = read_line(line).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
        assert!(read_line(&[b'V'; MAX_LINE + 1]).is_err());
    }
}
