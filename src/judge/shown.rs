//! Text from certificates, made fit for a sentence.

use crate::model::Subject;
use crate::x509::{GeneralName, ReadSubtree, TbsFacts};

/// More characters than this of one name say nothing to a reader, and a hostile name has millions.
const MAX_SHOWN: usize = 256;

/// Escapes what is not printable, so that no name can steer a terminal or turn the reading direction, and cuts it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN));
    for (i, c) in text.chars().enumerate() {
        if i == MAX_SHOWN {
            out.push('…');
            break;
        }
        match c {
            ' '..='~' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().take(MAX_SHOWN / 2).map(|b| format!("{b:02x}")).collect()
}

/// A certificate in a sentence: its subject, else its first name, else its serial number.
pub(super) fn certificate(facts: &TbsFacts) -> String {
    match facts.names.iter().flatten().next() {
        _ if !facts.subject.subject.is_empty() => escaped(&facts.subject.subject.to_string()),
        Some(name) => general_name(name),
        None => format!("serial {}", hex(&facts.raw_serial)),
    }
}

pub(super) fn directory(subject: &Subject) -> String {
    format!("dn:{}", escaped(&subject.to_string()))
}

pub(super) fn email(text: &str) -> String {
    format!("email:{}", escaped(text))
}

pub(super) fn general_name(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(n) => format!("dns:{}", escaped(n)),
        GeneralName::Ip(octets) => format!("ip:{}", address(octets)),
        GeneralName::Email(n) => email(n),
        GeneralName::Uri(n) => format!("uri:{}", escaped(n)),
        GeneralName::Directory(n) => directory(&n.subject),
        GeneralName::Other(other) => other.kind.to_string(),
    }
}

pub(super) fn subtree(subtree: &ReadSubtree) -> String {
    match subtree {
        ReadSubtree::Dns(n) => format!("dns:{}", escaped(n)),
        ReadSubtree::Ip(octets) => format!("ip:{}", network(octets)),
        ReadSubtree::Email(n) => email(n),
        ReadSubtree::Uri(n) => format!("uri:{}", escaped(n)),
        ReadSubtree::Directory(n) => directory(n),
        ReadSubtree::Other(kind) => (*kind).to_string(),
    }
}

/// An address in its usual form; anything but 4 or 16 octets in hex.
pub(super) fn address(octets: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        std::net::Ipv4Addr::from(v4).to_string()
    } else if let Ok(v6) = <[u8; 16]>::try_from(octets) {
        std::net::Ipv6Addr::from(v6).to_string()
    } else {
        format!("#{}", hex(octets))
    }
}

/// A network as CIDR; with its mask written out when that is not contiguous.
pub(super) fn network(octets: &[u8]) -> String {
    if octets.len() != 8 && octets.len() != 32 {
        return format!("#{}", hex(octets));
    }
    let (base, mask) = octets.split_at(octets.len() / 2);
    match prefix_length(mask) {
        Some(length) => format!("{}/{length}", address(base)),
        None => format!("{}/{}", address(base), address(mask)),
    }
}

/// The number of leading ones of a contiguous mask.
pub(super) fn prefix_length(mask: &[u8]) -> Option<u32> {
    let ones = mask.iter().take_while(|b| **b == 0xff).count();
    let rest = mask.get(ones..).unwrap_or_default();
    let Some((edge, zeros)) = rest.split_first() else { return u32::try_from(ones * 8).ok() };
    let contiguous = edge.leading_ones() == edge.count_ones() && zeros.iter().all(|b| *b == 0);
    if contiguous { u32::try_from(ones * 8).ok().map(|n| n + edge.leading_ones()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(escaped("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\n");
        assert_eq!(escaped("bücher `x` \\, \"y\""), "bücher `x` \\, \"y\"");
        assert_eq!(escaped(&"ä".repeat(300)).chars().count(), MAX_SHOWN + 1);
    }

    #[test]
    fn networks() {
        for (octets, text) in [
            (&[10, 0, 0, 0, 255, 0, 0, 0][..], "10.0.0.0/8"),
            (&[10, 128, 0, 0, 255, 128, 0, 0], "10.128.0.0/9"),
            (&[0; 8], "0.0.0.0/0"),
            (&[1, 2, 3, 4, 255, 255, 255, 255], "1.2.3.4/32"),
            (&[0; 32], "::/0"),
            (&[10, 0, 0, 0, 255, 0, 255, 0], "10.0.0.0/255.0.255.0"),
            (&[10, 0, 0], "#0a0000"),
        ] {
            assert_eq!(network(octets), text);
        }
        assert_eq!(prefix_length(&[0xff, 0xfd]), None);
        assert_eq!(prefix_length(&[0x7f, 0]), None);
        assert_eq!(prefix_length(&[]), Some(0));
    }
}
