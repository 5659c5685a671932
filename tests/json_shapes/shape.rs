//! What a value may be, and whether one is.

use crate::common::ordered::Ordered;
use std::path::Path;

/// What a value may be.
pub enum Shape {
    Bool,
    Number,
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// RFC 3339, UTC, whole seconds.
    Time,
    /// Lower-case hexadecimal, an even number of digits.
    Hex,
    /// An absolute path.
    Path,
    /// PEM of this label.
    Pem(&'static str),
    Nullable(Box<Shape>),
    List(Box<Shape>),
    /// A list of just these.
    Row(Vec<Shape>),
    /// Any names, all values of one shape.
    Map(Box<Shape>),
    /// These fields in this order.
    Object(Vec<(&'static str, Shape)>),
    /// As `Object`; those with `true` may be left out.
    Loose(Vec<(&'static str, bool, Shape)>),
}
use Shape::{Bool, Hex, List, Loose, Map, Nullable, Number, Object, Path as PathShape, Pem, Row, Text, Time, Word};

impl Shape {
    pub fn check(&self, value: &Ordered, at: &str) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{at} should be {what}: {value:?}"));
        match (self, value) {
            (Bool, Ordered::Bool(_)) | (Number, Ordered::Number(_)) | (Text, Ordered::Text(_)) => Ok(()),
            (Nullable(_), Ordered::Null) => Ok(()),
            (Nullable(shape), value) => shape.check(value, at),
            (Word(words), Ordered::Text(t)) if words.contains(&t.as_str()) => Ok(()),
            (Time, Ordered::Text(t)) if is_time(t) => Ok(()),
            (Hex, Ordered::Text(t)) if is_hex(t) => Ok(()),
            (PathShape, Ordered::Text(t)) if Path::new(t).is_absolute() && Path::new(t).exists() => Ok(()),
            (Pem(label), Ordered::Text(t)) if t.starts_with(&format!("-----BEGIN {label}-----\n")) => Ok(()),
            (List(shape), Ordered::List(items)) => {
                items.iter().enumerate().try_for_each(|(n, item)| shape.check(item, &format!("{at}[{n}]")))
            }
            (Row(shapes), Ordered::List(items)) if shapes.len() == items.len() => {
                let both = shapes.iter().zip(items).enumerate();
                both.into_iter().try_for_each(|(n, (shape, item))| shape.check(item, &format!("{at}[{n}]")))
            }
            (Map(shape), Ordered::Object(fields)) => {
                fields.iter().try_for_each(|(name, v)| shape.check(v, &format!("{at}.{name}")))
            }
            (Object(shapes), Ordered::Object(fields)) => {
                let (is, should) = (names(fields), shapes.iter().map(|(n, _)| *n).collect::<Vec<_>>());
                if is != should {
                    return Err(format!("{at} should have {should:?}, and has {is:?}"));
                }
                let both = shapes.iter().zip(fields);
                both.into_iter().try_for_each(|((n, shape), (_, v))| shape.check(v, &format!("{at}.{n}")))
            }
            (Loose(shapes), Ordered::Object(fields)) => {
                let is = names(fields);
                let here = |(n, may_lack, _): &&(&str, bool, Shape)| !may_lack || is.contains(n);
                let should: Vec<_> = shapes.iter().filter(here).map(|(n, ..)| *n).collect();
                if is != should {
                    return Err(format!("{at} should have {should:?}, and has {is:?}"));
                }
                let both = shapes.iter().filter(here).zip(fields);
                both.into_iter().try_for_each(|((n, _, shape), (_, v))| shape.check(v, &format!("{at}.{n}")))
            }
            (Bool, _) => wrong("true or false"),
            (Number, _) => wrong("a number"),
            (Text, _) => wrong("text"),
            (Word(words), _) => wrong(&format!("one of {words:?}")),
            (Time, _) => wrong("a time"),
            (Hex, _) => wrong("lower-case hexadecimal"),
            (PathShape, _) => wrong("an absolute path of a file that exists"),
            (Pem(label), _) => wrong(&format!("PEM of a {label}")),
            (List(_), _) => wrong("a list"),
            (Row(shapes), _) => wrong(&format!("a list of {}", shapes.len())),
            (Map(_) | Object(_) | Loose(_), _) => wrong("an object"),
        }
    }
}

fn names(fields: &[(String, Ordered)]) -> Vec<&str> {
    fields.iter().map(|(name, _)| name.as_str()).collect()
}

fn is_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00Z";
    let alike = |(c, f): (char, char)| if f == '0' { c.is_ascii_digit() } else { c == f };
    text.len() == form.len() && text.chars().zip(form.chars()).all(alike)
}

fn is_hex(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    digits && !text.is_empty() && text.len().is_multiple_of(2)
}

pub fn nullable(shape: Shape) -> Shape {
    Nullable(Box::new(shape))
}

pub fn list(shape: Shape) -> Shape {
    List(Box::new(shape))
}
