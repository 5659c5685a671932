use std::fmt;
use std::sync::Arc;

/// Where something stands in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line; the first is 1.
    pub line: usize,
    /// The column in characters; the first is 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value of a manifest, whatever language it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub at: Place,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// true or false.
    Bool(bool),
    /// Values in order.
    List(Vec<Node>),
    /// Keys with values, in the order in which they were written.
    Table(Vec<(Key, Node)>),
    /// Something that no key takes: says what.
    Other(&'static str),
}

impl Value {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

/// A key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub at: Place,
}

/// Characters are counted up to every so many bytes of a file: a column behind that is counted from there.
const MARK: usize = 1 << 10;

/// The lines of a file: finds places by offset, each in the same time, also where the whole file is one line.
pub(super) struct Lines<'t> {
    file: Arc<str>,
    text: &'t str,
    starts: Vec<usize>,
    /// How many characters begin before each mark.
    counted: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub fn new(file: &Arc<str>, text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1)).collect();
        let pieces = text.as_bytes().chunks(MARK).map(characters);
        let counted = std::iter::once(0)
            .chain(pieces.scan(0, |all, more| {
                *all += more;
                Some(*all)
            }))
            .collect();
        Lines { file: file.clone(), text, starts, counted }
    }

    /// The place of an offset in bytes.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|s| *s <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.is_char_boundary(offset).then(|| self.before(offset).saturating_sub(self.before(start)));
        let column = before.unwrap_or(0) + 1;
        Place { file: self.file.clone(), line, column }
    }

    /// How many characters begin before an offset.
    fn before(&self, offset: usize) -> usize {
        let mark = offset / MARK;
        let rest = self.text.as_bytes().get(mark * MARK..offset).unwrap_or_default();
        self.counted.get(mark).copied().unwrap_or(0) + characters(rest)
    }
}

/// How many characters begin in some bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let lines = Lines::new(&"f".into(), "ab\nüx\n\n");
        for (offset, shown) in
            [(0, "f:1:1"), (1, "f:1:2"), (3, "f:2:1"), (5, "f:2:2"), (7, "f:3:1"), (8, "f:4:1"), (99, "f:4:1")]
        {
            assert_eq!(lines.place(offset).to_string(), shown);
        }
    }

    #[test]
    fn columns_behind_a_mark_are_counted_from_it() {
        let text = format!("{}\n{}", "ü€a𐍈".repeat(MARK / 3), "€b".repeat(MARK));
        let lines = Lines::new(&"f".into(), &text);
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = &text[..offset];
            let start = before.rfind('\n').map_or(0, |n| n + 1);
            let place = lines.place(offset);
            assert_eq!(place.line, before.matches('\n').count() + 1);
            assert_eq!(place.column, before[start..].chars().count() + 1, "{offset}");
        }
        let most = lines.counted.windows(2).map(|w| w[1] - w[0]).max();
        assert!(most <= Some(MARK) && lines.counted.len() == text.len().div_ceil(MARK) + 1, "{most:?}");
    }
}
