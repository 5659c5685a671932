use super::ModelError;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An IP address as an iPAddress name carries it: no brackets, no zone, no IPv4 in IPv6's clothes (RFC 5280 4.2.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IpName(IpAddr);

impl IpName {
    /// From an address.
    ///
    /// # Errors
    /// [`ModelError::Ip`] for an IPv4-mapped IPv6 address, which no verifier compares with IPv4.
    pub fn new(address: IpAddr) -> Result<Self, ModelError> {
        match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Err(ModelError::Ip {
                value: address.to_string(),
                problem: "an IPv4-mapped address is not compared with the IPv4 address it holds",
            }),
            _ => Ok(IpName(address)),
        }
    }

    /// The address.
    pub fn address(&self) -> IpAddr {
        self.0
    }

    /// The 4 or 16 octets of the iPAddress name.
    pub fn octets(&self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(a) => a.octets().to_vec(),
            IpAddr::V6(a) => a.octets().to_vec(),
        }
    }
}

impl fmt::Display for IpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for IpName {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Ip { value: text.into(), problem };
        if text.starts_with('[') {
            return Err(fail("brackets belong to URLs"));
        }
        if text.contains('%') {
            return Err(fail("a zone id means nothing to another machine"));
        }
        if text.contains('/') {
            return Err(fail("a certificate names addresses, not networks"));
        }
        Self::new(text.parse().map_err(|_| fail("it is neither IPv4 nor IPv6"))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!("10.0.0.1".parse::<IpName>().unwrap().octets(), [10, 0, 0, 1]);
        assert_eq!("2001:DB8:0::1".parse::<IpName>().unwrap().to_string(), "2001:db8::1");
        for text in ["", "10.0.0", "010.0.0.1", "[::1]", "fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.0/8", "localhost"] {
            assert!(text.parse::<IpName>().is_err(), "{text}");
        }
    }
}
