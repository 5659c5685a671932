use super::{DnsName, EmailAddress, IpName, ModelError, SpiffeId, UriName};
use std::fmt;

/// One name of a subjectAltName extension (RFC 5280 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum San {
    /// dNSName
    Dns(DnsName),
    /// iPAddress
    Ip(IpName),
    /// rfc822Name
    Email(EmailAddress),
    /// uniformResourceIdentifier of any scheme but `spiffe`
    Uri(UriName),
    /// uniformResourceIdentifier that is a SPIFFE ID
    Spiffe(SpiffeId),
}

impl San {
    /// Reads a URI; one with the scheme `spiffe` must be a SPIFFE ID.
    ///
    /// # Errors
    /// [`ModelError::Uri`], [`ModelError::Spiffe`].
    pub fn uri(text: &str) -> Result<San, ModelError> {
        let uri: UriName = text.parse()?;
        if uri.scheme() == "spiffe" { text.parse().map(San::Spiffe) } else { Ok(San::Uri(uri)) }
    }

    /// Reads a host as a server is named: an IP address, else a DNS name.
    ///
    /// # Errors
    /// [`ModelError::Ip`], [`ModelError::Dns`].
    pub fn host(text: &str) -> Result<San, ModelError> {
        // An address in a form that is refused must be refused as an address: hence the look at the colon.
        let looks_like_address = text.parse::<std::net::IpAddr>().is_ok()
            || text.starts_with('[')
            || text.split_once('%').is_some_and(|(a, _)| a.parse::<std::net::Ipv6Addr>().is_ok());
        if looks_like_address { text.parse().map(San::Ip) } else { text.parse().map(San::Dns) }
    }

    /// The type's name in options and JSON: `dns`, `ip`, `email` or `uri`.
    pub fn kind(&self) -> &'static str {
        match self {
            San::Dns(_) => "dns",
            San::Ip(_) => "ip",
            San::Email(_) => "email",
            San::Uri(_) | San::Spiffe(_) => "uri",
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            San::Dns(n) => n.fmt(f),
            San::Ip(n) => n.fmt(f),
            San::Email(n) => n.fmt(f),
            San::Uri(n) => n.fmt(f),
            San::Spiffe(n) => n.fmt(f),
        }
    }
}

/// The names of a certificate: in the order given, none twice, one SPIFFE ID at most (X509-SVID 2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SanSet(Vec<San>);

impl SanSet {
    /// Collects names; repeated ones are dropped.
    ///
    /// # Errors
    /// [`ModelError::TwoSpiffeIds`].
    pub fn new(names: impl IntoIterator<Item = San>) -> Result<Self, ModelError> {
        let mut set: Vec<San> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for name in names {
            if !seen.insert(name.clone()) {
                continue;
            }
            if let San::Spiffe(second) = &name
                && let Some(San::Spiffe(first)) = set.iter().find(|n| matches!(n, San::Spiffe(_)))
            {
                return Err(ModelError::TwoSpiffeIds { first: first.to_string(), second: second.to_string() });
            }
            set.push(name);
        }
        Ok(SanSet(set))
    }

    /// The names in order.
    pub fn iter(&self) -> std::slice::Iter<'_, San> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The SPIFFE ID, if there is one.
    pub fn spiffe_id(&self) -> Option<&SpiffeId> {
        self.0.iter().find_map(|n| if let San::Spiffe(id) = n { Some(id) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_keep_order_and_drop_repeats() {
        let names = ["b.example", "a.example", "B.example"].map(|t| San::host(t).unwrap());
        let set = SanSet::new(names).unwrap();
        assert_eq!(set.iter().map(San::to_string).collect::<Vec<_>>(), ["b.example", "a.example"]);
    }

    #[test]
    fn one_spiffe_id() {
        let id = |p: &str| San::uri(&format!("spiffe://td/{p}")).unwrap();
        assert!(SanSet::new([id("a"), id("a")]).is_ok());
        assert!(matches!(SanSet::new([id("a"), id("b")]), Err(ModelError::TwoSpiffeIds { .. })));
        assert!(San::uri("spiffe://td/").is_err());
    }

    #[test]
    fn hosts() {
        assert!(matches!(San::host("::1"), Ok(San::Ip(_))));
        assert!(matches!(San::host("[::1]"), Err(ModelError::Ip { .. })));
        assert!(matches!(San::host("fe80::1%eth0"), Err(ModelError::Ip { .. })));
        assert!(matches!(San::host("a.example"), Ok(San::Dns(_))));
    }
}
