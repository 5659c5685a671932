use super::ModelError;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The longest DNS name in presentation form without its trailing dot (RFC 1035 2.3.4).
const MAX_NAME: usize = 253;
/// The longest label (RFC 1035 2.3.4).
const MAX_LABEL: usize = 63;
/// Input longer than this cannot become a DNS name and is not worth converting.
const MAX_INPUT: usize = 4 * MAX_NAME;

/// A DNS name as certificates carry it: lower-case A-labels, no trailing dot, perhaps one wildcard as the whole
/// leftmost label (RFC 5280 4.2.1.6, RFC 5890, RFC 9525 6.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnsName(String);

/// Why a text is not a DNS name for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsProblem {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// Longer than 253 characters, or a label longer than 63.
    #[error("it, or one of its labels, is too long")]
    TooLong,
    /// Two dots in a row, or a dot in front.
    #[error("it has an empty label")]
    EmptyLabel,
    /// An underscore, which host names cannot have (RFC 952, RFC 1123 2.1).
    #[error("host names have no underscore")]
    Underscore,
    /// A wildcard elsewhere than as the whole leftmost label (RFC 9525 6.3).
    #[error("a wildcard must be the whole leftmost label")]
    Wildcard,
    /// A wildcard directly below a top-level domain, which OpenSSL and browsers refuse to match.
    #[error("a wildcard must stand below a domain, not below a top-level domain")]
    WildcardTooBroad,
    /// The text of an IP address.
    #[error("it is an IP address")]
    IpText,
    /// The last label is all digits, so that resolvers may take it for an address (RFC 1123 2.1).
    #[error("its last label is a number")]
    Numeric,
    /// Characters that no label can have, or a misplaced hyphen.
    #[error("it has characters that no host name has, or a hyphen where none may be")]
    Characters,
}

impl DnsProblem {
    pub(super) fn hint(self, value: &str) -> Option<String> {
        match self {
            DnsProblem::Underscore => {
                Some(format!("write `{}`, or name the host differently", value.replace('_', "-")))
            }
            DnsProblem::IpText => Some(format!("pass it with `--ip {value}`")),
            DnsProblem::Wildcard => Some("write `*.` and a domain, as *.lab.internal".into()),
            DnsProblem::WildcardTooBroad => {
                Some(format!("name a domain below it, as {}", value.replace("*.", "*.lab.")))
            }
            DnsProblem::Characters if value.contains("://") => {
                Some("pass the host name alone, or a URI with `--uri`".into())
            }
            DnsProblem::Characters if value.contains(':') => Some("pass the host name without a port".into()),
            _ => None,
        }
    }
}

impl DnsName {
    /// The name in A-label form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the leftmost label is a wildcard.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Reads a DNS name, converting international labels (UTS 46, non-transitional, with the STD3 rules).
    ///
    /// # Errors
    /// [`DnsProblem`], the first one found.
    pub fn parse(text: &str) -> Result<Self, DnsProblem> {
        if text.len() > MAX_INPUT {
            return Err(DnsProblem::TooLong);
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(DnsProblem::Empty);
        }
        let (wildcard, base) = match text.strip_prefix("*.") {
            Some(base) => (true, base),
            None => (false, text),
        };
        if base.contains('*') {
            return Err(DnsProblem::Wildcard);
        }
        if base.contains('_') {
            return Err(DnsProblem::Underscore);
        }
        if text.parse::<IpAddr>().is_ok() {
            return Err(DnsProblem::IpText);
        }
        if base.split('.').any(str::is_empty) {
            return Err(DnsProblem::EmptyLabel);
        }
        let ascii = to_a_labels(base)?;
        let longest = if wildcard { MAX_NAME - 2 } else { MAX_NAME };
        if ascii.len() > longest || ascii.split('.').any(|l| l.len() > MAX_LABEL) {
            return Err(DnsProblem::TooLong);
        }
        let last = ascii.rsplit('.').next().unwrap_or("");
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DnsProblem::Numeric);
        }
        if wildcard && !ascii.contains('.') {
            return Err(DnsProblem::WildcardTooBroad);
        }
        Ok(DnsName(if wildcard { format!("*.{ascii}") } else { ascii }))
    }
}

fn to_a_labels(name: &str) -> Result<String, DnsProblem> {
    // Lower-case LDH names without A-labels are already what they should be: the tables are not asked.
    let plain = |l: &str| {
        l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.get(2..4) != Some("--")
    };
    if name.split('.').all(plain) {
        return Ok(name.to_string());
    }
    let ascii = Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Ignore)
        .map_err(|_| DnsProblem::Characters)?;
    if ascii.split('.').any(|l| l.is_empty()) {
        return Err(DnsProblem::EmptyLabel);
    }
    Ok(ascii.into_owned())
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DnsName {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::parse(text).map_err(|problem| ModelError::Dns { value: text.into(), problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms() {
        for (text, name) in [
            ("API.Internal", "api.internal"),
            ("api.internal.", "api.internal"),
            ("*.lab.internal", "*.lab.internal"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("faß.example", "xn--fa-hia.example"),
            ("localhost", "localhost"),
            ("3com.example", "3com.example"),
        ] {
            assert_eq!(DnsName::parse(text).map(|n| n.0), Ok(name.to_string()), "{text}");
        }
    }

    #[test]
    fn refusals() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = ["a"; 130].join(".");
        for (text, problem) in [
            ("", DnsProblem::Empty),
            (".", DnsProblem::Empty),
            ("a..b", DnsProblem::EmptyLabel),
            (".a", DnsProblem::EmptyLabel),
            ("a_b.example", DnsProblem::Underscore),
            ("a.*.example", DnsProblem::Wildcard),
            ("w*.example", DnsProblem::Wildcard),
            ("*", DnsProblem::Wildcard),
            ("*.com", DnsProblem::WildcardTooBroad),
            ("10.0.0.1", DnsProblem::IpText),
            ("2001:db8::1", DnsProblem::IpText),
            ("10.0.0.256", DnsProblem::Numeric),
            ("-a.example", DnsProblem::Characters),
            ("a-.example", DnsProblem::Characters),
            ("ab--c.example", DnsProblem::Characters),
            ("xn--a.example", DnsProblem::Characters),
            ("a b", DnsProblem::Characters),
            ("a\0b.example", DnsProblem::Characters),
            ("https://a.example", DnsProblem::Characters),
            ("a.example:443", DnsProblem::Characters),
            (long_label.as_str(), DnsProblem::TooLong),
            (long_name.as_str(), DnsProblem::TooLong),
        ] {
            assert_eq!(DnsName::parse(text), Err(problem), "{text:?}");
        }
    }
}
