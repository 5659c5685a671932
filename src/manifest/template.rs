//! `${each}`, `${each.field}` and `${env:NAME}`: every text of an entry is expanded, nothing else of it.

use super::error::{ProblemKind, Problems};
use super::node::{Key, Node, Place, Value};

/// Looks a variable of the environment up.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What `${…}` may name.
pub(super) struct Scope<'s> {
    /// The value of this round of `for_each`.
    pub each: Option<&'s Node>,
    pub environment: Environment<'s>,
}

const EACH_HINT: &str = "`${each}` belongs to an entry with `for_each`";
const FIELD_HINT: &str = "`${each.FIELD}` names a field of each value";
const KNOWN_HINT: &str = "write `${each}`, `${each.FIELD}` or `${env:NAME}`; `$${` stands for itself";

impl Scope<'_> {
    /// The text with everything in it put in place.
    pub fn text(&self, text: &str, at: &Place, problems: &mut Problems) -> Option<String> {
        match self.expand(text) {
            Ok(expanded) => Some(expanded),
            Err(kind) => {
                problems.add(at, kind);
                None
            }
        }
    }

    /// A table with every text in it expanded. A text that is nothing but one `${each…}` becomes what that is.
    pub fn table(&self, table: &[(Key, Node)], problems: &mut Problems) -> Vec<(Key, Node)> {
        table.iter().map(|(key, node)| (key.clone(), self.node(node, problems))).collect()
    }

    fn node(&self, node: &Node, problems: &mut Problems) -> Node {
        let value = match &node.value {
            Value::Text(text) => match self.whole(text) {
                Some(value) => value.clone(),
                None => self.text(text, &node.at, problems).map_or_else(|| node.value.clone(), Value::Text),
            },
            Value::List(nodes) => {
                let mut all = Vec::new();
                for item in nodes {
                    let expanded = self.node(item, problems);
                    match (expanded.value, &item.value) {
                        // A list in place of one text is many.
                        (Value::List(several), Value::Text(_)) => {
                            all.extend(several.into_iter().map(|n| Node { at: item.at.clone(), value: n.value }));
                        }
                        (value, _) => all.push(Node { at: expanded.at, value }),
                    }
                }
                Value::List(all)
            }
            Value::Table(inner) => Value::Table(self.table(inner, problems)),
            other => other.clone(),
        };
        Node { at: node.at.clone(), value }
    }

    /// What a text is that is nothing but one variable, where that is no text itself.
    fn whole(&self, text: &str) -> Option<&Value> {
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        let value = self.each(name).ok()?;
        (!matches!(value, Value::Text(_))).then_some(value)
    }

    fn each(&self, name: &str) -> Result<&Value, ProblemKind> {
        let unknown = |hint| ProblemKind::UnknownVariable { name: name.into(), hint };
        let mut path = name.split('.');
        if path.next() != Some("each") {
            return Err(unknown(KNOWN_HINT));
        }
        let mut value = &self.each.ok_or_else(|| unknown(EACH_HINT))?.value;
        for field in path {
            let Value::Table(fields) = value else { return Err(unknown(FIELD_HINT)) };
            let found = fields.iter().find(|(key, _)| key.text == field);
            value = found.map(|(_, node)| &node.value).ok_or_else(|| unknown(FIELD_HINT))?;
        }
        Ok(value)
    }

    fn expand(&self, text: &str) -> Result<String, ProblemKind> {
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = from.get(2..).unwrap_or_default();
                continue;
            }
            out.push_str(before);
            let (name, after) = from.get(2..).and_then(|f| f.split_once('}')).ok_or(ProblemKind::OpenBrace)?;
            out.push_str(&self.variable(name)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn variable(&self, name: &str) -> Result<String, ProblemKind> {
        if let Some(variable) = name.strip_prefix("env:") {
            return (self.environment)(variable).ok_or_else(|| ProblemKind::NoEnvironment { name: variable.into() });
        }
        match self.each(name)? {
            Value::Text(text) => Ok(text.clone()),
            Value::Integer(n) => Ok(n.to_string()),
            Value::Bool(b) => Ok(b.to_string()),
            other => Err(ProblemKind::NotAText { name: name.into(), is: other.kind() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<String, ProblemKind> {
        let at = Place { file: "f".into(), line: 1, column: 1 };
        let node = |value| Node { at: at.clone(), value };
        let field = |name: &str, value| (Key { text: name.into(), at: at.clone() }, node(value));
        let each = node(Value::Table(vec![
            field("name", Value::Text("a".into())),
            field("n", Value::Integer(7)),
            field("all", Value::List(Vec::new())),
        ]));
        let environment = |name: &str| (name == "DOMAIN").then(|| "lab.internal".to_string());
        Scope { each: Some(&each), environment: &environment }.expand(text)
    }

    #[test]
    fn variables() {
        for (text, expanded) in [
            ("plain $ { }", "plain $ { }"),
            ("${each.name}-${each.n}.${env:DOMAIN}", "a-7.lab.internal"),
            ("$${each} $$${each}", "${each} $${each}"),
            ("", ""),
        ] {
            assert_eq!(expand(text).as_deref(), Ok(expanded), "{text}");
        }
        for text in
            ["${", "${each", "${each}", "${each.no}", "${each.all}", "${env:NO}", "${DOMAIN}", "${}", "${each.name.x}"]
        {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
