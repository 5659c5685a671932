//! Subjects as text: RFC 4514's comma form, openssl's slash form, and the order trap between them.

use super::ModelError;
use super::subject::{Attribute, AttributeType, Rdn, Subject, SubjectProblem};
use std::fmt;
use std::str::FromStr;

/// Longer texts are not names.
const MAX_TEXT: usize = 8192;
/// A comma form that starts with one of these and ends in CN was pasted from `openssl x509 -subject`.
const GENERAL: [&str; 5] = ["C", "DC", "ST", "L", "O"];

impl FromStr for Subject {
    type Err = ModelError;

    /// `CN=a,O=b` (RFC 4514, most specific first) or `/O=b/CN=a` (openssl, encoding order); `+` joins a multi-valued
    /// RDN. The empty text is the empty name.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Subject { value: text.into(), problem };
        if text.len() > MAX_TEXT {
            let shown: String = text.chars().take(64).collect();
            return Err(ModelError::Subject {
                value: format!("{shown}…"),
                problem: SubjectProblem::Oversized(MAX_TEXT),
            });
        }
        if text.trim().is_empty() {
            return Ok(Subject::default());
        }
        if let Some(body) = text.strip_prefix('/') {
            return parse_rdns(body, &['/']).map(Subject::new).map_err(fail);
        }
        let mut rdns = parse_rdns(text, &[',', ';']).map_err(fail)?;
        let first = |r: &Rdn| r.attributes()[0].kind().name();
        if let (Some(head), Some(tail)) = (rdns.first(), rdns.last())
            && rdns.len() > 1
            && GENERAL.contains(&first(head).as_str())
            && first(tail) == "CN"
        {
            let typed = Subject::new(rdns.clone());
            return Err(ModelError::SubjectOrder {
                value: text.into(),
                as_typed: typed.to_slash_form(),
                reversed: typed.to_string(),
            });
        }
        rdns.reverse();
        Ok(Subject::new(rdns))
    }
}

fn parse_rdns(text: &str, separators: &[char]) -> Result<Vec<Rdn>, SubjectProblem> {
    let mut rdns = Vec::new();
    for part in split(text, separators)? {
        let attributes = split(part, &['+'])?.into_iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
        rdns.push(Rdn::new(attributes)?);
    }
    Ok(rdns)
}

/// Splits at unescaped, unquoted separators.
fn split<'a>(text: &'a str, separators: &[char]) -> Result<Vec<&'a str>, SubjectProblem> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next().ok_or_else(|| SubjectProblem::Escape(text[i..].into()))?;
            }
            '"' => quoted = !quoted,
            c if !quoted && separators.contains(&c) => {
                parts.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    if quoted {
        return Err(SubjectProblem::Escape(text.into()));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn attribute(text: &str) -> Result<Attribute, SubjectProblem> {
    let (name, value) = text.split_once('=').ok_or_else(|| SubjectProblem::Form(text.trim().into()))?;
    let name = name.trim();
    let kind = AttributeType::named(name).ok_or_else(|| SubjectProblem::UnknownType(name.into()))?;
    Attribute::new(kind, &unescape(value)?)
}

/// Undoes RFC 4514 2.4 escapes and RFC 2253's quotes; unescaped spaces at the ends do not belong to the value.
fn unescape(raw: &str) -> Result<String, SubjectProblem> {
    let raw = raw.trim_start_matches(' ');
    if raw.starts_with('#') {
        return Err(SubjectProblem::HexValue);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    // How much of `bytes` must survive trimming: everything up to the last escaped or quoted character.
    let (mut keep, mut quoted) = (0, false);
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        if c == '"' {
            quoted = !quoted;
            keep = bytes.len();
            continue;
        }
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            if quoted {
                keep = bytes.len();
            }
            continue;
        }
        let escape = || SubjectProblem::Escape(raw.into());
        let next = rest.next().ok_or_else(escape)?;
        match (next.to_digit(16), rest.clone().next().and_then(|d| d.to_digit(16))) {
            (Some(high), Some(low)) => {
                rest.next();
                bytes.push(u8::try_from(high * 16 + low).map_err(|_| escape())?);
            }
            (Some(_), None) => return Err(escape()),
            (None, _) => bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        keep = bytes.len();
    }
    while bytes.len() > keep && bytes.last() == Some(&b' ') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| SubjectProblem::Escape(raw.into()))
}

/// RFC 4514 2.4.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        match c {
            ' ' if i == 0 || i == last => out.push_str("\\ "),
            '#' if i == 0 => out.push_str("\\#"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                for b in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("\\{b:02x}"));
                }
            }
            c => out.push(c),
        }
    }
    out
}

impl fmt::Display for Subject {
    /// RFC 4514: most specific first, control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, rdn) in self.rdns().iter().rev().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            for (j, a) in rdn.attributes().iter().enumerate() {
                if j > 0 {
                    f.write_str("+")?;
                }
                write!(f, "{}={}", a.kind().name(), escape(a.value()))?;
            }
        }
        Ok(())
    }
}

impl Subject {
    /// openssl's form, `/O=b/CN=a`: encoding order.
    pub fn to_slash_form(&self) -> String {
        let mut out = String::new();
        for rdn in self.rdns() {
            for (j, a) in rdn.attributes().iter().enumerate() {
                out.push(if j == 0 { '/' } else { '+' });
                out.push_str(&a.kind().name());
                out.push('=');
                let last = a.value().chars().count().saturating_sub(1);
                for (i, c) in a.value().chars().enumerate() {
                    if matches!(c, '/' | '+' | '\\' | '"') || c == ' ' && (i == 0 || i == last) || c == '#' && i == 0 {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, ModelError> {
        text.parse::<Subject>().map(|s| s.to_slash_form())
    }

    #[test]
    fn both_forms_mean_the_same_name() {
        for (comma, slash) in [
            ("CN=api,O=Example", "/O=Example/CN=api"),
            ("cn=api, ou=b, ou=a, o=Example", "/O=Example/OU=a/OU=b/CN=api"),
            ("CN=ca,DC=corp,DC=example,DC=com", "/DC=com/DC=example/DC=corp/CN=ca"),
            ("CN=a+UID=b,O=c", "/O=c/CN=a+UID=b"),
            ("O=Example\\, Inc.", "/O=Example, Inc."),
            ("O=\"Example, Inc.\"", "/O=Example, Inc."),
            ("CN=L\\C3\\BC", "/CN=Lü"),
            ("CN=\\ a\\ ", "/CN=\\ a\\ "),
            ("CN= a b ", "/CN=a b"),
            ("1.2.3.4=x", "/1.2.3.4=x"),
            ("", ""),
        ] {
            assert_eq!(shown(comma).as_deref(), Ok(slash), "{comma}");
            assert_eq!(comma.parse::<Subject>(), slash.parse::<Subject>(), "{comma}");
        }
    }

    #[test]
    fn pasted_from_openssl() {
        let error = "C=DE, O=Example, CN=api".parse::<Subject>().unwrap_err();
        let ModelError::SubjectOrder { as_typed, reversed, .. } = &error else { panic!("{error}") };
        assert_eq!((as_typed.as_str(), reversed.as_str()), ("/C=DE/O=Example/CN=api", "CN=api,O=Example,C=DE"));
        assert_eq!(error.code(), "subject-order");
        assert!("OU=a,CN=b".parse::<Subject>().is_ok());
    }

    #[test]
    fn refusals() {
        for text in [
            "api",
            "CN",
            "CN=",
            "/CN=",
            "XX=a",
            "CN=a,",
            "CN=a\\",
            "CN=\\zz,O",
            "CN=\"a",
            "CN=#0500",
            "CN=a+CN=b",
            "/",
            "CN=\\ff",
            "CN=\\0",
        ] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
        assert!("CN=a".repeat(5000).parse::<Subject>().is_err());
    }

    #[test]
    fn display_reads_back() {
        for text in ["CN=a\\+b\\,c,O=\\#x\\ ", "CN=a\\\\b", "CN=\\\"q\\\"", "CN=é"] {
            let s: Subject = text.parse().unwrap();
            assert_eq!(s.to_string().parse::<Subject>(), Ok(s));
        }
    }
}
