//! nameConstraints.

use super::usage::EMPTY;
use super::{Cut, View, rule};
use crate::model::{Cidr, DnsName, EmailAddress, TrustDomain};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::der::{self, Reader};
use crate::x509::{ReadSubtree, X509Error, oid};
use std::net::IpAddr;

pub(super) static LINTS: &[Lint] = &[
    rule("constraints-on-leaf", "RFC 5280 4.2.1.10", "only a CA has nameConstraints", on_leaf)
        .mend("issue it again without nameConstraints, or as a CA"),
    rule("constraints-critical", "RFC 5280 4.2.1.10", "nameConstraints is critical", critical)
        .mend("issue it again with nameConstraints critical"),
    rule("constraints-empty", "RFC 5280 4.2.1.10", "nameConstraints permits or excludes something", empty)
        .mend("issue it again with subtrees there, or without the extension"),
    rule("constraints-distance", "RFC 5280 4.2.1.10", "a subtree has no minimum and no maximum", distance)
        .mend("issue it again without minimum and maximum"),
    rule("constraints-dns", "RFC 5280 4.2.1.10", "a dNSName subtree is a domain without leading dot or wildcard", dns)
        .mend("write a bare domain: it covers itself and all below it")
        .also_of(&[RuleSet::Java, RuleSet::Rustls]),
    rule("constraints-ip", "RFC 5280 4.2.1.10", "an iPAddress subtree is a network with a contiguous mask", ip)
        .mend("write address and mask of the network, no bit set behind the mask: 8 octets, or 32"),
    rule("constraints-email", "RFC 5280 4.2.1.10", "an rfc822Name subtree is a mailbox, a host or .domain", email)
        .mend("write user@example.org, example.org for all its mailboxes, or .example.org for all below it"),
    rule("constraints-uri", "RFC 5280 4.2.1.10", "a URI subtree is a host or .domain, without scheme or address", uri)
        .mend("write the host alone: example.org, or .example.org for all below it"),
    rule("constraints-unsupported", "RFC 5280 4.2.1.10", "a subtree is of a type that validators compare", unsupported)
        .mend("constrain DNS names, addresses, mailboxes, URIs or directory names instead")
        .warns(),
    rule(
        "constraints-addresses-free",
        "RFC 5280 4.2.1.10",
        "who permits DNS names says something about addresses too",
        free,
    )
    .mend("exclude 0.0.0.0/0 and ::/0 to forbid addresses, or permit the networks that may occur")
    .notes(),
];

fn unsupported(v: &View<'_>, report: &mut Report) {
    each(v, |s| {
        if let ReadSubtree::Other(kind) = s {
            report
                .say(format!("nameConstraints has a subtree of the type {kind}, which hardly any validator compares"));
        }
    });
}

fn free(v: &View<'_>, report: &mut Report) {
    let Some(c) = &v.facts.name_constraints else { return };
    let dns = c.permitted.iter().any(|s| matches!(s, ReadSubtree::Dns(_)));
    let ip = c.permitted.iter().chain(&c.excluded).any(|s| matches!(s, ReadSubtree::Ip(_)));
    if dns && !ip {
        report.say(
            "nameConstraints permits DNS names and says nothing of IP addresses: every address is allowed below it",
        );
    }
}

fn each(v: &View<'_>, mut check: impl FnMut(&ReadSubtree)) {
    if let Some(c) = &v.facts.name_constraints {
        c.permitted.iter().chain(&c.excluded).for_each(&mut check);
    }
}

fn on_leaf(v: &View<'_>, report: &mut Report) {
    if !v.ca && v.facts.extension(oid::NAME_CONSTRAINTS).is_some() {
        report.say("it is not a CA and has nameConstraints");
    }
}

fn critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::NAME_CONSTRAINTS) == Some(false) {
        report.say("nameConstraints is not critical, and software that does not know it ignores it");
    }
}

fn empty(v: &View<'_>, report: &mut Report) {
    let raw = v.facts.extension(oid::NAME_CONSTRAINTS).is_some_and(|e| e.value == EMPTY);
    let read = v.facts.name_constraints.as_ref().is_some_and(|c| c.permitted.is_empty() && c.excluded.is_empty());
    if raw || read {
        report.say("nameConstraints is empty");
    }
}

/// Whether any subtree has a field beside its base.
fn has_distance(value: &[u8]) -> Result<bool, X509Error> {
    let mut outer = Reader::new(value, "nameConstraints");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut lists = outer.inside(sequence);
    while !lists.is_empty() {
        let list = lists.any()?;
        let mut subtrees = lists.inside(list);
        while !subtrees.is_empty() {
            let subtree = subtrees.expect(der::SEQUENCE)?;
            let mut fields = subtrees.inside(subtree);
            fields.any()?;
            if !fields.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn distance(v: &View<'_>, report: &mut Report) {
    if v.facts.extension(oid::NAME_CONSTRAINTS).is_some_and(|e| has_distance(&e.value) == Ok(true)) {
        report.say("a subtree of nameConstraints has a minimum or a maximum");
    }
}

fn is_domain(text: &str) -> bool {
    DnsName::parse(text).is_ok_and(|d| !d.is_wildcard() && d.as_str().eq_ignore_ascii_case(text))
}

fn dns(v: &View<'_>, report: &mut Report) {
    each(v, |s| {
        let ReadSubtree::Dns(name) = s else { return };
        // The empty name is every name: the usual way to forbid them all.
        if name.starts_with('.') {
            let bare = name.trim_start_matches('.');
            let hint = format!("write `{}`, which covers itself and all below it", Cut(bare));
            report.say_with(format!("the dNSName subtree `{}` has a leading dot", Cut(name)), hint);
        } else if !name.is_empty() && !is_domain(name) {
            report.say(format!("the dNSName subtree `{}` is not a domain", Cut(name)));
        }
    });
}

/// The network of an address and a mask of the same length.
fn network(octets: &[u8]) -> Result<Cidr, &'static str> {
    let (address, mask) = octets.split_at(octets.len() / 2);
    let address = match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(v4), _) if octets.len() == 8 => IpAddr::from(v4),
        (_, Ok(v6)) if octets.len() == 32 => IpAddr::from(v6),
        _ => return Err("is neither 8 nor 32 octets long"),
    };
    let prefix: u32 = mask.iter().map(|b| b.count_ones()).sum();
    let contiguous = mask.iter().flat_map(|b| (0..8).map(move |i| b << i & 0x80 != 0)).is_sorted_by(|a, b| a >= b);
    if !contiguous {
        return Err("has a mask with holes");
    }
    Cidr::new(address, prefix as u8).map_err(|_| "has bits set behind its mask")
}

fn ip(v: &View<'_>, report: &mut Report) {
    each(v, |s| {
        let ReadSubtree::Ip(octets) = s else { return };
        if let Err(problem) = network(octets) {
            report.say(format!("the iPAddress subtree `{}` {problem}", super::hex(octets)));
        }
    });
}

fn email(v: &View<'_>, report: &mut Report) {
    each(v, |s| {
        let ReadSubtree::Email(name) = s else { return };
        let fits = match name.contains('@') {
            true => name.parse::<EmailAddress>().is_ok(),
            false => name.is_empty() || is_domain(name.strip_prefix('.').unwrap_or(name)),
        };
        if !fits {
            report.say(format!("the rfc822Name subtree `{}` is neither a mailbox nor a host nor a domain", Cut(name)));
        }
    });
}

fn uri(v: &View<'_>, report: &mut Report) {
    each(v, |s| {
        let ReadSubtree::Uri(name) = s else { return };
        let host = name.strip_prefix('.').unwrap_or(name);
        // Trust domains may have underscores, which host names have not.
        let fits = is_domain(host) || TrustDomain::parse(host).is_ok() && host.parse::<IpAddr>().is_err();
        if !name.is_empty() && !fits {
            report.say(format!("the URI subtree `{}` is not a host", Cut(name)));
        }
    });
}
