use super::{DnsName, EmailAddress, ModelError, Subject, TrustDomain};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: an address and a contiguous mask, host bits cleared (RFC 5280 4.2.1.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// A network.
    ///
    /// # Errors
    /// A sentence: the prefix is too long for the family, or host bits are set.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, &'static str> {
        let octets = octets(address);
        if usize::from(prefix) > octets.len() * 8 {
            return Err("its prefix is longer than the address");
        }
        let mask = mask(octets.len(), prefix);
        if octets.iter().zip(&mask).any(|(o, m)| o & !m != 0) {
            return Err("it has bits set behind its prefix");
        }
        Ok(Cidr { address, prefix })
    }

    /// Address and mask, 8 or 32 octets, as the extension carries them.
    pub fn octets(&self) -> Vec<u8> {
        let mut all = octets(self.address);
        let mask = mask(all.len(), self.prefix);
        all.extend(mask);
        all
    }

    /// The address of the network.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The length of the prefix in bits.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    }
}

fn mask(length: usize, prefix: u8) -> Vec<u8> {
    (0..length)
        .map(|i| {
            let bits = usize::from(prefix).saturating_sub(i * 8).min(8);
            if bits == 0 { 0 } else { 0xff << (8 - bits) }
        })
        .collect()
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// One permitted or excluded subtree of names (RFC 5280 4.2.1.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subtree {
    /// A domain and everything below it.
    Dns(DnsName),
    /// A network.
    Ip(Cidr),
    /// A mailbox, all mailboxes of a host, or with a leading dot those of every host below a domain.
    Email(String),
    /// A host of URIs, or with a leading dot every host below a domain but not itself.
    Uri(String),
    /// Every name that starts with these RDNs.
    Dn(Subject),
}

impl Subtree {
    /// The type's name in options and JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Subtree::Dns(_) => "dns",
            Subtree::Ip(_) => "ip",
            Subtree::Email(_) => "email",
            Subtree::Uri(_) => "uri",
            Subtree::Dn(_) => "dn",
        }
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind())?;
        match self {
            Subtree::Dns(n) => n.fmt(f),
            Subtree::Ip(n) => n.fmt(f),
            Subtree::Email(n) | Subtree::Uri(n) => f.write_str(n),
            Subtree::Dn(n) => n.fmt(f),
        }
    }
}

impl FromStr for Subtree {
    type Err = ModelError;

    /// `TYPE:VALUE` with the type one of dns, ip, email, uri, dn, spiffe.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem: String| ModelError::Constraint { value: text.into(), problem };
        let (kind, value) = text.split_once(':').ok_or_else(|| fail("it has no type".into()))?;
        let domain = |v: &str| match DnsName::parse(v) {
            Ok(d) if d.is_wildcard() => Err(fail("a domain covers all below it, without a wildcard".into())),
            Ok(d) => Ok(d),
            Err(p) => Err(fail(p.to_string())),
        };
        match kind {
            "dns" if value.starts_with('.') => {
                Err(fail("a domain covers itself and all below it, without a leading dot".into()))
            }
            "dns" => domain(value).map(Subtree::Dns),
            "ip" => cidr(value).map(Subtree::Ip).map_err(|p| fail(p.into())),
            "email" if value.contains('@') => match value.parse::<EmailAddress>() {
                Ok(mailbox) => Ok(Subtree::Email(mailbox.as_str().into())),
                Err(_) => Err(fail("it is not a mailbox".into())),
            },
            "email" => dotted(value, domain).map(Subtree::Email),
            "uri" if value.contains("://") => Err(fail("it is a host, without scheme or path".into())),
            "uri" => dotted(value, domain).map(Subtree::Uri),
            "spiffe" => match TrustDomain::from_str(value) {
                // URI constraints with an IP address as host fail every name (RFC 5280 4.2.1.10).
                Ok(td) if td.as_str().parse::<IpAddr>().is_ok() => {
                    Err(fail("a trust domain that reads as an IP address cannot be constrained".into()))
                }
                // A host of URIs: with a leading dot it would mean every host below, and trust domains have none below them.
                Ok(td) => match DnsName::parse(td.as_str()) {
                    Ok(host) if !host.is_wildcard() && host.as_str() == td.as_str() => {
                        Ok(Subtree::Uri(td.as_str().into()))
                    }
                    _ => Err(fail("only a trust domain that reads as a host name can be constrained".into())),
                },
                Err(ModelError::Spiffe { problem, .. }) => Err(fail(problem.to_string())),
                Err(e) => Err(fail(e.to_string())),
            },
            "dn" => match value.parse::<Subject>() {
                Ok(s) if s.is_empty() => Err(fail("it has no attribute".into())),
                Ok(s) => Ok(Subtree::Dn(s)),
                Err(ModelError::Subject { problem, .. }) => Err(fail(problem.to_string())),
                Err(e) => Err(e),
            },
            _ => Err(fail(format!("`{kind}` is none of dns, ip, email, uri, dn, spiffe"))),
        }
    }
}

fn cidr(value: &str) -> Result<Cidr, &'static str> {
    let (address, prefix) = value.split_once('/').ok_or("it has no prefix length, as /24")?;
    let address: IpAddr = address.parse().map_err(|_| "it is not an IP address")?;
    let plain = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    let prefix = if plain { prefix.parse().ok() } else { None };
    Cidr::new(address, prefix.ok_or("its prefix length is not a number")?)
}

fn dotted(value: &str, domain: impl Fn(&str) -> Result<DnsName, ModelError>) -> Result<String, ModelError> {
    match value.strip_prefix('.') {
        Some(rest) => domain(rest).map(|d| format!(".{d}")),
        None => domain(value).map(|d| d.to_string()),
    }
}

/// What a CA may name: nothing outside `permitted` of a type that it lists, nothing inside `excluded`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameConstraints {
    /// Names of these types must be inside one of these.
    pub permitted: Vec<Subtree>,
    /// No name may be inside one of these.
    pub excluded: Vec<Subtree>,
}

impl NameConstraints {
    /// Whether nothing is constrained; such an extension must not be encoded.
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees() {
        for (text, shown) in [
            ("dns:Lab.Internal", "dns:lab.internal"),
            ("ip:10.0.0.0/8", "ip:10.0.0.0/8"),
            ("ip:0.0.0.0/0", "ip:0.0.0.0/0"),
            ("ip:2001:db8::/32", "ip:2001:db8::/32"),
            ("email:example.org", "email:example.org"),
            ("email:.example.org", "email:.example.org"),
            ("email:ops@example.org", "email:ops@example.org"),
            ("uri:.example.org", "uri:.example.org"),
            ("spiffe:example.org", "uri:example.org"),
            ("spiffe:spiffe://example.org", "uri:example.org"),
            ("dn:OU=x,O=Example", "dn:OU=x,O=Example"),
        ] {
            assert_eq!(text.parse::<Subtree>().map(|s| s.to_string()), Ok(shown.to_string()), "{text}");
        }
        for text in [
            "",
            "lab.internal",
            "dns:",
            "dns:.a.b",
            "dns:*.a.b",
            "ip:10.0.0.1/8",
            "ip:10.0.0.0",
            "ip:10.0.0.0/33",
            "ip:::/129",
            "ip:10.0.0.0/+8",
            "email:a@b@c",
            "uri:https://a.b/",
            "dn:",
            "spiffe:A",
            "spiffe:10.0.0.1",
            "spiffe:a/b",
            "x:y",
        ] {
            assert!(text.parse::<Subtree>().is_err(), "{text}");
        }
    }

    #[test]
    fn masks() {
        let c = |t: &str| cidr(t).unwrap().octets();
        assert_eq!(c("10.128.0.0/9"), [10, 128, 0, 0, 255, 128, 0, 0]);
        assert_eq!(c("0.0.0.0/0"), [0; 8]);
        assert_eq!(c("::/0"), [0; 32]);
        assert_eq!(c("10.0.0.1/32")[4..], [255; 4]);
    }
}
