use super::error::{ProblemKind, Problems};
use super::node::{Key, Lines, Node, Place, Value};
use std::sync::Arc;
use toml_edit::{Document, Item, TableLike};

/// Reads TOML into a tree with places.
pub(super) fn read(file: &Arc<str>, text: &str, problems: &mut Problems) -> Option<Node> {
    let lines = Lines::new(file, text);
    match Document::parse(text) {
        Ok(document) => {
            let at = lines.place(0);
            let value = table(&lines, document.as_table(), &at);
            Some(Node { at, value })
        }
        Err(e) => {
            let message = e.message().trim().replace('\n', ", ");
            let at = lines.place(e.span().map_or(0, |s| s.start));
            problems.add(&at, ProblemKind::Syntax { message });
            None
        }
    }
}

fn table(lines: &Lines<'_>, table: &dyn TableLike, above: &Place) -> Value {
    let one = |(text, item): (&str, &Item)| {
        let span = table.get_key_value(text).and_then(|(key, _)| key.span());
        let at = span.map_or_else(|| above.clone(), |s| lines.place(s.start));
        let node = node(lines, item, &at);
        (Key { text: text.into(), at }, node)
    };
    Value::Table(table.iter().map(one).collect())
}

/// Its place is that of its key where it has none of its own.
fn node(lines: &Lines<'_>, item: &Item, key: &Place) -> Node {
    let at = item.span().map_or_else(|| key.clone(), |s| lines.place(s.start));
    let value = match item {
        Item::Value(value) => scalar(lines, value, &at),
        Item::Table(inner) => table(lines, inner, &at),
        Item::ArrayOfTables(tables) => {
            let one = |t: &toml_edit::Table| {
                let at = t.span().map_or_else(|| at.clone(), |s| lines.place(s.start));
                Node { value: table(lines, t, &at), at }
            };
            Value::List(tables.iter().map(one).collect())
        }
        Item::None => Value::Other("nothing"),
    };
    Node { at, value }
}

fn scalar(lines: &Lines<'_>, value: &toml_edit::Value, at: &Place) -> Value {
    match value {
        toml_edit::Value::String(s) => Value::Text(s.value().clone()),
        toml_edit::Value::Integer(n) => Value::Integer(*n.value()),
        toml_edit::Value::Boolean(b) => Value::Bool(*b.value()),
        // A date without quotes is the text that it was written as.
        toml_edit::Value::Datetime(d) => Value::Text(d.value().to_string()),
        toml_edit::Value::Float(_) => Value::Other("a number with a fraction"),
        toml_edit::Value::Array(all) => {
            let one = |v: &toml_edit::Value| {
                let at = v.span().map_or_else(|| at.clone(), |s| lines.place(s.start));
                Node { value: scalar(lines, v, &at), at }
            };
            Value::List(all.iter().map(one).collect())
        }
        toml_edit::Value::InlineTable(inner) => table(lines, inner, at),
    }
}
