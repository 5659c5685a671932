use crate::judge::shown;
use crate::x509::{GeneralName, ReadSubtree};
use serde::Serialize;

/// A name of subjectAltName, or of nameConstraints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameReport {
    /// `dns`, `ip`, `email`, `uri`, `dn`, or the standard's name of another type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its text as it stands; an address in its usual form, a network as CIDR. Octets that are neither in hexadecimal, of
    /// other types behind `#`.
    pub value: String,
    /// Of another type: the type of an otherName, or the registeredID itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// Of another type: the octets of its value in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

impl NameReport {
    pub(super) fn of_subtree(subtree: &ReadSubtree) -> Self {
        let (kind, value) = match subtree {
            ReadSubtree::Dns(n) => ("dns", n.clone()),
            ReadSubtree::Ip(octets) => ("ip", shown::network(octets)),
            ReadSubtree::Email(n) => ("email", n.clone()),
            ReadSubtree::Uri(n) => ("uri", n.clone()),
            ReadSubtree::Directory(n) => ("dn", n.to_string()),
            ReadSubtree::Other(kind) => (*kind, String::new()),
        };
        NameReport { kind, value, oid: None, hex: None }
    }
}

impl From<&GeneralName> for NameReport {
    fn from(name: &GeneralName) -> Self {
        let (kind, value) = match name {
            GeneralName::Dns(n) => ("dns", n.clone()),
            GeneralName::Ip(octets) => ("ip", shown::address(octets)),
            GeneralName::Email(n) => ("email", n.clone()),
            GeneralName::Uri(n) => ("uri", n.clone()),
            GeneralName::Directory(n) => ("dn", n.subject.to_string()),
            GeneralName::Other(other) => {
                let oid = other.oid.as_ref().map(ToString::to_string);
                return NameReport { kind: other.kind, value: other.text(), oid, hex: Some(hex(&other.value)) };
            }
        };
        NameReport { kind, value, oid: None, hex: None }
    }
}

/// Octets in lower-case hexadecimal.
pub(super) fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(octets.len() * 2);
    for b in octets {
        for digit in [b >> 4, b & 15] {
            out.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    out
}
