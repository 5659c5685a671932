use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// The longest handle in bytes, so that every file system takes it with room for suffixes.
const MAX_BYTES: usize = 120;
/// Hex digits of the hash that ends a handle which was cut.
const HASH_DIGITS: usize = 12;
/// Names that Windows keeps for devices; a PKI folder should survive being copied there.
fn is_reserved(handle: &str) -> bool {
    let stem = handle.split('.').next().unwrap_or("");
    let numbered =
        |prefix| stem.strip_prefix(prefix).is_some_and(|n: &str| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// The name by which a CA, leaf or request is known: lower case, safe as a file name on every system, never a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(String);

impl Handle {
    /// Derives the handle of a name as it was typed. `sha256` serves for names that are too long or leave nothing.
    pub fn derive(name: &str, sha256: impl Fn(&[u8]) -> [u8; 32]) -> Self {
        let name = name.trim();
        let (prefix, rest) = match name.strip_prefix("*.") {
            Some(rest) => ("_wildcard.", rest),
            None => ("", name.strip_prefix("spiffe://").unwrap_or(name)),
        };
        let safe: String = rest.chars().map(file_safe).collect();
        let mut handle =
            format!("{prefix}{}", safe.trim_start_matches(['.', '-', '~']).trim_end_matches(['.', '-', '~']));
        if is_reserved(&handle) {
            handle.insert(0, '_');
        }
        let lossy_to_nothing = handle.is_empty() || handle == prefix;
        if lossy_to_nothing || handle.len() > MAX_BYTES {
            let digest: String = sha256(name.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            handle.truncate(MAX_BYTES - HASH_DIGITS - 1);
            handle = format!("{handle}~{}", &digest[..HASH_DIGITS]);
            if handle.starts_with('~') {
                handle.insert(0, 'x');
            }
        }
        Handle(handle)
    }

    /// The handle's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn file_safe(c: char) -> char {
    match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '.' | '_' | '@' | '-') => c,
        '/' => '.',
        _ => '-',
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Handle {
    type Err = ModelError;

    /// Takes a handle that somebody chose; upper case is lowered, anything unsafe is refused.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| Err(ModelError::Handle { value: text.into(), problem });
        let lower = text.to_ascii_lowercase();
        if lower.is_empty() {
            return fail("it is empty");
        }
        if lower.len() > MAX_BYTES {
            return fail("it is longer than 120 bytes");
        }
        if !lower.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._@-~".contains(&b)) {
            return fail("it has characters that are not safe in a file name");
        }
        if lower.starts_with(['.', '-', '~']) || lower.ends_with('.') {
            return fail("it starts or ends with a character that a file name should not");
        }
        if is_reserved(&lower) {
            return fail("some systems keep it for a device");
        }
        Ok(Handle(lower))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derive(name: &str) -> String {
        Handle::derive(name, |_| [0xab; 32]).0
    }

    #[test]
    fn derived() {
        for (name, handle) in [
            ("Internal CA", "internal-ca"),
            ("*.lab.internal", "_wildcard.lab.internal"),
            ("2001:db8::1", "2001-db8--1"),
            ("::1", "1"),
            ("spiffe://example.org/ns/prod/sa/api", "example.org.ns.prod.sa.api"),
            ("ops@example.org", "ops@example.org"),
            ("../../etc/passwd", "etc.passwd"),
            ("根", "x~abababababab"),
            ("..", "x~abababababab"),
            ("", "x~abababababab"),
            ("con.example", "_con.example"),
            ("COM7", "_com7"),
            ("comx.example", "comx.example"),
        ] {
            assert_eq!(derive(name), handle, "{name}");
        }
        let long = derive(&"a".repeat(300));
        assert_eq!(long.len(), MAX_BYTES);
        assert!(long.ends_with("~abababababab"));
    }

    #[test]
    fn every_derived_handle_is_a_chosen_one() {
        for name in ["Internal CA", "*.x.y", "::", "a/../b", "NUL", "é", "-x-", "a\u{0}b", "a\nb"] {
            let handle = derive(name);
            assert_eq!(handle.parse::<Handle>().map(|h| h.0), Ok(handle), "{name}");
        }
    }

    #[test]
    fn chosen_ones_cannot_leave_the_folder() {
        for text in
            ["", ".", "..", "a/b", "/a", "../a", "a\\b", "a b", "a\0", "-rf", "~x", "nul", "x".repeat(121).as_str()]
        {
            assert!(text.parse::<Handle>().is_err(), "{text:?}");
        }
        assert_eq!("API-1".parse::<Handle>().unwrap().as_str(), "api-1");
    }
}
