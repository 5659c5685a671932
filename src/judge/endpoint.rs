use crate::model::{ModelError, San};
use std::fmt;

/// A server: its host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    host: San,
    port: u16,
}

impl Endpoint {
    /// Reads `HOST:PORT`: a DNS name, an IPv4 address, or an IPv6 address in brackets. Nothing where the text is not of
    /// that form, and so may be the name of a file.
    ///
    /// # Errors
    /// [`ModelError`] when it is of that form, and the host is neither a DNS name nor an address.
    pub fn parse(text: &str) -> Option<Result<Self, ModelError>> {
        let (host, port) = text.rsplit_once(':')?;
        let digits = !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse::<u16>().ok().filter(|p| digits && *p > 0)?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        // A second colon outside of brackets is an address without a port, or a file.
        if host.is_empty() || host.contains(['/', '\\']) || (bracketed.is_none() && host.contains(':')) {
            return None;
        }
        Some(San::host(bracketed.unwrap_or(host)).map(|host| Endpoint { host, port }))
    }

    /// Who is asked.
    pub fn host(&self) -> &San {
        &self.host
    }

    /// Where.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host as text, without brackets.
    pub fn name(&self) -> String {
        self.host.to_string()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        if name.contains(':') { write!(f, "[{name}]:{}", self.port) } else { write!(f, "{name}:{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (text, shown) in [
            ("a.example:443", "a.example:443"),
            ("LOCALHOST:8443", "localhost:8443"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().unwrap().to_string(), shown);
        }
        for text in ["a.pem", "a:0", "a:65536", "a:", ":443", "::1", "::1:443", "a/b:443", "a:44x", "a:+44", "C:\\x:1"]
        {
            assert!(Endpoint::parse(text).is_none(), "{text}");
        }
        for text in ["a_b:443", "[a:443]:1", "a b:443"] {
            assert!(Endpoint::parse(text).unwrap().is_err(), "{text}");
        }
    }
}
