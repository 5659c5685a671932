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

    /// What to write instead, where a text that names no file was meant for a server and is not of the form of one.
    pub fn hint(text: &str) -> Option<String> {
        let port_of = |scheme: &str| match scheme {
            "ldaps" => 636,
            "imaps" => 993,
            "smtps" => 465,
            _ => 443,
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            let place = rest.split(['/', '?', '#']).next()?;
            let authority = place.rsplit('@').next()?;
            let endpoint = match Endpoint::parse(authority) {
                Some(endpoint) => endpoint.ok()?,
                None => Endpoint::parse(&format!("{authority}:{}", port_of(scheme)))?.ok()?,
            };
            return Some(format!("a server is named by host and port alone: {endpoint}"));
        }
        if text.contains(['/', '\\']) {
            return None;
        }
        let (host, port) = text.rsplit_once(':')?;
        if host.parse::<std::net::Ipv6Addr>().is_ok() && port.parse::<u16>().is_ok_and(|p| p > 0) {
            return Some(format!("an IPv6 address stands in brackets before its port: [{host}]:{port}"));
        }
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let number = port.is_empty() || port.bytes().all(|b| b.is_ascii_digit());
        (number && San::host(host).is_ok())
            .then(|| format!("a server is named as HOST:PORT, and a port is a number from 1 to {}", u16::MAX))
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

    #[test]
    fn what_was_meant() {
        for (text, hint) in [
            ("https://a.example", Some("alone: a.example:443")),
            ("https://a.example:8443/path?x=http://b", Some("alone: a.example:8443")),
            ("https://user@a.example/", Some("alone: a.example:443")),
            ("ldaps://[::1]/", Some("alone: [::1]:636")),
            ("a.example:99999", Some("from 1 to 65535")),
            ("a.example:0", Some("from 1 to 65535")),
            ("a.example:", Some("from 1 to 65535")),
            ("[::1]:99999", Some("from 1 to 65535")),
            ("::1:443", Some("[::1]:443")),
            ("a.pem", None),
            ("dir/a:0", None),
            ("a.example:https", None),
            ("C:\\x", None),
            ("https://", None),
            ("https://a_b", None),
            (":443", None),
        ] {
            let found = Endpoint::hint(text);
            assert_eq!(found.is_some(), hint.is_some(), "{text}: {found:?}");
            assert!(found.unwrap_or_default().contains(hint.unwrap_or_default()), "{text}");
        }
    }
}
