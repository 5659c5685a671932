use super::error::{ProblemKind, Problems};
use super::node::{Key, Lines, Node, Value};
use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use std::sync::Arc;

/// A manifest has four levels, and values may have some of their own. The parser calls itself for each.
const MAX_DEPTH: usize = 64;

/// Where the brackets of a text are nested deeper than they may be.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(offset);
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// RFC 8259 and nothing beside it.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Reads JSON into a tree with places.
pub(super) fn read(file: &Arc<str>, text: &str, problems: &mut Problems) -> Option<Node> {
    read_part(&Lines::new(file, text), text, 0, problems)
}

/// Reads one JSON value a line; empty lines are passed over.
pub(super) fn read_lines(file: &Arc<str>, text: &str, problems: &mut Problems) -> Vec<Node> {
    let (lines, mut start, mut all) = (Lines::new(file, text), 0, Vec::new());
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            all.extend(read_part(&lines, line, start, problems));
        }
        start += line.len();
    }
    all
}

fn read_part(lines: &Lines<'_>, text: &str, start: usize, problems: &mut Problems) -> Option<Node> {
    if let Some(offset) = too_deep(text) {
        let message = format!("it is nested deeper than {MAX_DEPTH} levels");
        problems.add(&lines.place(start + offset), ProblemKind::Syntax { message });
        return None;
    }
    let options = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    match parse_to_ast(text, &options, &strict()) {
        Ok(parsed) => match parsed.value {
            Some(value) => Some(node(lines, &value, start, problems)),
            None => {
                problems.add(&lines.place(start), ProblemKind::Syntax { message: "it is empty".into() });
                None
            }
        },
        Err(e) => {
            let message = e.kind().to_string().trim_end_matches('.').to_string();
            problems.add(&lines.place(start + e.range().start), ProblemKind::Syntax { message });
            None
        }
    }
}

fn node(lines: &Lines<'_>, value: &ast::Value<'_>, start: usize, problems: &mut Problems) -> Node {
    let at = lines.place(start + value.range().start);
    let value = match value {
        ast::Value::StringLit(s) => Value::Text(s.value.to_string()),
        ast::Value::NumberLit(n) => match n.value.parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("a number with a fraction, or a very large one"),
        },
        ast::Value::BooleanLit(b) => Value::Bool(b.value),
        ast::Value::NullKeyword(_) => Value::Other("null"),
        ast::Value::Array(all) => Value::List(all.elements.iter().map(|v| node(lines, v, start, problems)).collect()),
        ast::Value::Object(object) => {
            let mut table: Vec<(Key, Node)> = Vec::new();
            let mut seen = std::collections::HashMap::new();
            for property in &object.properties {
                let (text, range) = match &property.name {
                    ObjectPropName::String(s) => (s.value.to_string(), s.range),
                    ObjectPropName::Word(w) => (w.value.to_string(), w.range),
                };
                let key = Key { text, at: lines.place(start + range.start) };
                if let Some(first) = seen.insert(key.text.clone(), key.at.clone()) {
                    problems.add(&key.at, ProblemKind::Duplicate { handle: key.text.clone(), first });
                }
                let value = node(lines, &property.value, start, problems);
                table.push((key, value));
            }
            Value::Table(table)
        }
    };
    Node { at, value }
}
