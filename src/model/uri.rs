use super::ModelError;
use fluent_uri::Uri;
use fluent_uri::component::Host;
use std::fmt;
use std::str::FromStr;

/// The longest URI that is issued; SPIFFE bounds its own at the same length.
const MAX_URI: usize = 2048;

/// An absolute URI (RFC 3986 4.3) as a uniformResourceIdentifier name or a CRL, issuer or OCSP address carries it
/// (RFC 5280 4.2.1.6, 4.2.1.13, 4.2.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UriName(String);

impl UriName {
    /// The URI as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme in lower case.
    pub fn scheme(&self) -> String {
        self.0.split(':').next().unwrap_or("").to_ascii_lowercase()
    }

    /// The host in lower case, where the URI has an authority; an IP address stays in its URI form.
    pub fn host(&self) -> Option<String> {
        host_of(&self.0)
    }

    /// Reads an address where a CA publishes something: `http` or `https` with a host.
    ///
    /// # Errors
    /// [`ModelError::Uri`].
    pub fn published_at(text: &str) -> Result<Self, ModelError> {
        let uri: UriName = text.parse()?;
        match (uri.scheme().as_str(), uri.host()) {
            ("http" | "https", Some(host)) if !host.is_empty() => Ok(uri),
            _ => Err(ModelError::Uri {
                value: text.into(),
                problem: "an address to publish at is http:// or https:// with a host",
            }),
        }
    }
}

/// The host of any URI text in lower case; `None` without an authority or when it is not a URI.
pub(crate) fn host_of(text: &str) -> Option<String> {
    let uri = Uri::parse(text).ok()?;
    let authority = uri.authority()?;
    match authority.host_parsed() {
        Host::RegName(_) => Some(authority.host().to_ascii_lowercase()),
        _ => Some(authority.host().to_string()),
    }
}

impl fmt::Display for UriName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UriName {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Uri { value: text.into(), problem };
        if text.len() > MAX_URI {
            return Err(fail("it is longer than 2048 bytes"));
        }
        let uri = Uri::parse(text).map_err(|_| fail("it does not follow RFC 3986 with a scheme"))?;
        match uri.authority() {
            Some(a) if a.host().is_empty() && uri.scheme().as_str() != "file" => Err(fail("its authority has no host")),
            None if uri.path().as_str().is_empty() => Err(fail("nothing follows the scheme")),
            _ => Ok(UriName(text.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        for text in
            ["https://a.example/x", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "ldap://[2001:db8::7]/c=GB"]
        {
            assert!(text.parse::<UriName>().is_ok(), "{text}");
        }
        for text in ["", "a", "/a", "//a.example", "http://", "http:", "http://a b/", "http://ü.example/", "1a:b"] {
            assert!(text.parse::<UriName>().is_err(), "{text}");
        }
        assert_eq!("HTTPS://A.Example:8/x".parse::<UriName>().unwrap().host().as_deref(), Some("a.example"));
        assert!(UriName::published_at("http://pki.lab/root.crl").is_ok());
        assert!(UriName::published_at("ldap://pki.lab/cn=x").is_err() && UriName::published_at("urn:x:y").is_err());
    }
}
