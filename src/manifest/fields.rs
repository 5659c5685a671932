//! Typed reading of a table: each key at most once, and what is wrong goes to the list of problems.

use super::entry::Given;
use super::error::{ProblemKind, Problems};
use super::nearest::nearest;
use super::node::{Key, Node, Place, Value};
use crate::model::ModelError;

/// A table that is being read.
pub(super) struct Fields<'m> {
    /// Where the whole stands.
    pub at: Place,
    table: &'m [(Key, Node)],
    problems: &'m mut Problems,
}

impl<'m> Fields<'m> {
    pub fn new(at: &Place, table: &'m [(Key, Node)], problems: &'m mut Problems) -> Self {
        Fields { at: at.clone(), table, problems }
    }

    pub fn problem(&mut self, at: &Place, kind: ProblemKind) {
        self.problems.add(at, kind);
    }

    /// Where a key stands.
    pub fn place(&self, key: &str) -> Option<Place> {
        self.table.iter().find(|(k, _)| k.text == key).map(|(k, _)| k.at.clone())
    }

    fn find(&self, key: &str) -> Option<&'m Node> {
        self.table.iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    fn wrong(&mut self, node: &Node, key: &str, wanted: &'static str) {
        let is = node.value.kind();
        self.problems.add(&node.at, ProblemKind::WrongType { key: key.into(), wanted, is });
    }

    /// Refuses keys that are not among `known`; `elsewhere` are those that other profiles have.
    pub fn only(&mut self, known: &[&'static str], elsewhere: &[&'static str], profile: &'static str) {
        for (key, _) in self.table {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            match elsewhere.iter().find(|k| **k == key.text) {
                Some(key_of_another) => {
                    self.problems.add(&key.at, ProblemKind::NotOfProfile { key: key_of_another, profile })
                }
                None => self.unknown(key, known),
            }
        }
    }

    pub fn unknown(&mut self, key: &Key, known: &[&'static str]) {
        let near = nearest(&key.text, known.iter().copied());
        let near = near.and_then(|n| known.iter().find(|k| **k == n).copied());
        let kind = ProblemKind::UnknownKey { key: key.text.clone(), nearest: near, known: known.to_vec() };
        self.problems.add(&key.at, kind);
    }

    /// At most one of some keys.
    pub fn exclude(&mut self, keys: &[&'static str]) {
        let mut there = keys.iter().filter_map(|k| self.place(k).map(|at| (*k, at)));
        if let (Some((other, _)), Some((key, at))) = (there.next(), there.next()) {
            self.problems.add(&at, ProblemKind::Together { key, other });
        }
    }

    pub fn text(&mut self, key: &'static str) -> Option<Given<String>> {
        let node = self.find(key)?;
        match &node.value {
            Value::Text(text) => Some(Given { at: node.at.clone(), value: text.clone() }),
            _ => {
                self.wrong(node, key, "a text");
                None
            }
        }
    }

    /// A text that says something; one of blanks alone is none of what `hint` asks for.
    pub fn words(&mut self, key: &'static str, hint: &str) -> Option<Given<String>> {
        let text = self.text(key)?;
        if text.value.trim().is_empty() {
            let message = format!("`{key}` is empty");
            self.problems.add(&text.at, ProblemKind::Refused { message, hints: vec![hint.into()] });
            return None;
        }
        Some(text)
    }

    /// A list of texts; a single one may stand without its list.
    pub fn texts(&mut self, key: &'static str) -> Vec<Given<String>> {
        const WANTED: &str = "a text, or a list of texts";
        let Some(node) = self.find(key) else { return Vec::new() };
        let nodes = match &node.value {
            Value::List(nodes) => &nodes[..],
            _ => std::slice::from_ref(node),
        };
        let mut all = Vec::new();
        for node in nodes {
            match &node.value {
                Value::Text(text) => all.push(Given { at: node.at.clone(), value: text.clone() }),
                _ => self.wrong(node, key, WANTED),
            }
        }
        all
    }

    pub fn whole(&mut self, key: &'static str) -> Option<Given<i64>> {
        let node = self.find(key)?;
        match node.value {
            Value::Integer(n) => Some(Given { at: node.at.clone(), value: n }),
            _ => {
                self.wrong(node, key, "a whole number");
                None
            }
        }
    }

    pub fn flag(&mut self, key: &'static str) -> bool {
        let Some(node) = self.find(key) else { return false };
        match node.value {
            Value::Bool(b) => b,
            _ => {
                self.wrong(node, key, "true or false");
                false
            }
        }
    }

    pub fn parsed<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, ModelError>) -> Option<Given<T>> {
        let text = self.text(key)?;
        self.accept(key, &text, parse)
    }

    pub fn each<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, ModelError>) -> Vec<T> {
        let texts = self.texts(key);
        texts.iter().filter_map(|t| self.accept(key, t, &parse)).map(|g| g.value).collect()
    }

    fn accept<T>(
        &mut self,
        key: &'static str,
        text: &Given<String>,
        parse: impl Fn(&str) -> Result<T, ModelError>,
    ) -> Option<Given<T>> {
        match parse(&text.value) {
            Ok(value) => Some(Given { at: text.at.clone(), value }),
            Err(source) => {
                self.problems.add(&text.at, ProblemKind::Value { key, source: Box::new(source) });
                None
            }
        }
    }
}
