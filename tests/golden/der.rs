//! DER as lines of text, as `openssl asn1parse` shows it, so that a difference says which field it is in.

/// Columns of the offset in front of a line.
const OFFSET: usize = 6;

/// One line for each value: its offset, its depth, its type, its content where it holds no further values.
pub fn dump(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    walk(bytes, 0, 0, &mut lines);
    lines
}

/// The lines that only one of the two has, at most `shown` of them.
pub fn difference(old: &[u8], new: &[u8], shown: usize) -> String {
    let (old, new) = (dump(old), dump(new));
    // Offsets behind a change all move: the text after them is compared.
    let text = |line: &String| line.get(OFFSET..).map(str::to_string);
    let same = |i: usize, j: usize| text(&old[i]) == text(&new[j]);
    // The longest common subsequence from each pair of lines on: a certificate has a hundred lines.
    let mut common = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if same(i, j) { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && same(i, j) {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("-{}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+{}", new[j]));
            j += 1;
        }
    }
    if lines.len() > shown {
        let more = lines.len() - shown;
        lines.truncate(shown);
        lines.push(format!("… and {more} more"));
    }
    lines.join("\n")
}

fn walk(mut bytes: &[u8], mut offset: usize, depth: usize, lines: &mut Vec<String>) {
    let indent = ". ".repeat(depth);
    while !bytes.is_empty() {
        let Some((header, length)) = header(bytes).filter(|(h, l)| h + l <= bytes.len()) else {
            lines.push(format!("{offset:6}  {indent}NOT DER {}", hex(bytes)));
            return;
        };
        let (tag, content) = (bytes[0], &bytes[header..header + length]);
        if tag & 0x20 != 0 {
            lines.push(format!("{offset:6}  {indent}{}", name(tag)));
            walk(content, offset + header, depth + 1, lines);
        } else if tag == 4 && holds_der(content) {
            lines.push(format!("{offset:6}  {indent}OCTET STRING holding"));
            walk(content, offset + header, depth + 1, lines);
        } else {
            lines.push(format!("{offset:6}  {indent}{} {}", name(tag), shown(tag, content)));
        }
        offset += header + length;
        bytes = &bytes[header + length..];
    }
}

/// Octets of tag and length, and of the content.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let count = first & 0x7f;
    let octets = bytes.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
    Some((2 + count, octets.iter().fold(0, |n, b| n << 8 | usize::from(*b))))
}

fn holds_der(content: &[u8]) -> bool {
    matches!(content.first(), Some(0x30 | 2 | 3 | 4 | 10 | 24))
        && header(content).is_some_and(|(h, l)| h + l == content.len())
}

fn name(tag: u8) -> String {
    match tag {
        1 => "BOOLEAN".into(),
        2 => "INTEGER".into(),
        3 => "BIT STRING".into(),
        4 => "OCTET STRING".into(),
        5 => "NULL".into(),
        6 => "OID".into(),
        10 => "ENUMERATED".into(),
        12 => "UTF8String".into(),
        19 => "PrintableString".into(),
        22 => "IA5String".into(),
        23 => "UTCTime".into(),
        24 => "GeneralizedTime".into(),
        0x30 => "SEQUENCE".into(),
        0x31 => "SET".into(),
        t if t & 0xc0 == 0x80 => format!("[{}]", t & 0x1f),
        t => format!("tag {t:02x}"),
    }
}

fn shown(tag: u8, content: &[u8]) -> String {
    match std::str::from_utf8(content) {
        Ok(text) if matches!(tag, 12 | 19 | 22 | 23 | 24 | 0x81 | 0x82 | 0x86) => format!("{text:?}"),
        _ => hex(content),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
