use super::domain::{Domain, PresentedDomain};
use crate::model::San;
use crate::x509::{GeneralName, TbsFacts};

/// Whether a server's certificate is good for the host that a client meant to reach (RFC 9525 6).
///
/// Only subjectAltName is looked at, never the common name. A DNS name is compared with dNSName without case; a wildcard
/// is the whole leftmost label and stands for exactly one label. An address is compared with iPAddress, octet for octet.
/// Nothing else is a host, and no host has a wildcard.
pub fn matches_host(certificate: &TbsFacts, host: &San) -> bool {
    let mut names = certificate.names.iter().flatten();
    match host {
        San::Dns(name) => {
            let Some(wanted) = Domain::read(name.as_str()) else { return false };
            names.any(|n| matches!(n, GeneralName::Dns(text) if presented(text, &wanted)))
        }
        San::Ip(address) => {
            let wanted = address.octets();
            names.any(|n| matches!(n, GeneralName::Ip(octets) if *octets == wanted))
        }
        _ => false,
    }
}

fn presented(text: &str, wanted: &Domain) -> bool {
    match PresentedDomain::read(text) {
        Some(PresentedDomain { base, wildcard: true }) => wanted.is_child_of(&base),
        Some(PresentedDomain { base, wildcard: false }) => *wanted == base,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names() {
        for (text, host, good) in [
            ("a.example", "A.example", true),
            ("A.Example", "a.example.", true),
            ("a.example", "b.a.example", false),
            ("*.example", "a.example", true),
            ("*.example", "example", false),
            ("*.example", "b.a.example", false),
            ("a*.example", "ab.example", false),
            ("a.*.example", "a.b.example", false),
            ("*", "localhost", false),
            ("a.example.", "a.example", false),
            ("10.0.0.1", "a.example", false),
        ] {
            let wanted = Domain::read(host.trim_end_matches('.')).unwrap();
            assert_eq!(presented(text, &wanted), good, "{text} {host}");
        }
    }
}
