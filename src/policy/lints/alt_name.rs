//! subjectAltName.

use super::usage::EMPTY;
use super::view::is_spiffe;
use super::{Cut, View, hex, rule};
use crate::model::{DnsProblem, EmailAddress, UriName};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::{GeneralName, oid};
use std::collections::HashSet;
use std::net::Ipv6Addr;

pub(super) static LINTS: &[Lint] = &[
    rule("names-empty", "RFC 5280 4.2.1.6", "subjectAltName holds at least one name", empty)
        .mend("issue it again with names there, or without the extension")
        .also_of(&[RuleSet::PythonStrict]),
    rule("names-critical", "RFC 5280 4.2.1.6", "subjectAltName is critical where the subject is empty", critical)
        .mend("issue it again with subjectAltName critical, or with a subject")
        .also_of(&[RuleSet::PythonStrict]),
    rule(
        "names-critical-needless",
        "CABF TLS BR 7.1.2.7.12",
        "subjectAltName is not critical beside a subject",
        needless,
    )
    .mend("issue it again with subjectAltName not critical")
    .warns(),
    rule("names-duplicate", "RFC 5280 4.2.1.6", "no name stands twice", duplicate)
        .mend("issue it again with each name once")
        .warns(),
    rule("server-names", "RFC 9525 2", "a server's DNS name or IP address is in subjectAltName", server_names)
        .mend("issue it again with the names that clients connect to: `--dns` or `--ip`")
        .also_of(&[RuleSet::Apple, RuleSet::Chromium, RuleSet::PythonStrict, RuleSet::Rustls]),
    rule("leaf-names", "RFC 9525 2, RFC 9110 4.3.4", "a leaf is named in subjectAltName", leaf_names)
        .mend("issue it again with its names in subjectAltName: nothing reads the common name any more")
        .also_of(&[RuleSet::Apple, RuleSet::Chromium, RuleSet::PythonStrict, RuleSet::Rustls])
        .notes(),
    rule("dns-syntax", "RFC 5280 4.2.1.6, RFC 1034 3.5", "a dNSName is a DNS name in A-labels", dns_syntax)
        .mend("issue it again with a host name: no address, other alphabets as A-labels (xn--…)"),
    rule("dns-underscore", "RFC 1123 2.1", "a dNSName has no underscore", dns_underscore)
        .mend("rename the host; a hyphen may stand where the underscore does"),
    rule("dns-trailing-dot", "RFC 5280 4.2.1.6", "a dNSName has no trailing dot", dns_trailing_dot)
        .mend("issue it again without the last dot"),
    rule("dns-wildcard", "RFC 9525 6.3", "a wildcard is the whole leftmost label, below a domain", dns_wildcard)
        .mend("write `*.` and a domain of at least two labels, as *.lab.internal"),
    rule(
        "dns-lower-case",
        "RFC 4343 3",
        "a dNSName is lower case, as names that differ in case are one",
        dns_lower_case,
    )
    .mend("issue it again in lower case")
    .warns(),
    rule("ip-octets", "RFC 5280 4.2.1.6", "an iPAddress has 4 or 16 octets", ip_octets)
        .mend("issue it again with the address alone, without a mask: 4 or 16 octets"),
    rule("ip-mapped", "RFC 5280 4.2.1.6", "an iPAddress holds IPv4 in 4 octets", ip_mapped)
        .mend("issue it again with the IPv4 address"),
    rule("uri-syntax", "RFC 5280 4.2.1.6", "a uniformResourceIdentifier is an absolute URI", uri_syntax)
        .mend("issue it again with a whole URI: scheme, colon, and what follows"),
    rule("email-syntax", "RFC 5280 4.2.1.6", "an rfc822Name is an ASCII mailbox", email_syntax)
        .mend("issue it again with the bare mailbox, as user@example.org"),
    rule("directory-name-empty", "RFC 5280 4.2.1.6", "a directoryName is not empty", directory_empty)
        .mend("issue it again without that name"),
];

fn empty(v: &View<'_>, report: &mut Report) {
    let raw = v.facts.extension(oid::SUBJECT_ALT_NAME).is_some_and(|e| e.value == EMPTY);
    if raw || v.facts.names.as_ref().is_some_and(Vec::is_empty) {
        report.say("subjectAltName is empty");
    }
}

fn critical(v: &View<'_>, report: &mut Report) {
    if v.facts.subject.der.is_empty() && v.is_critical(oid::SUBJECT_ALT_NAME) == Some(false) {
        report.say("the subject is empty, and subjectAltName is not critical");
    }
}

fn needless(v: &View<'_>, report: &mut Report) {
    if !v.facts.subject.der.is_empty() && v.is_critical(oid::SUBJECT_ALT_NAME) == Some(true) {
        report.say("subjectAltName is critical, and the subject is not empty");
    }
}

/// What makes two names the same one.
fn identity(name: &GeneralName) -> Option<(u8, &[u8])> {
    Some(match name {
        GeneralName::Dns(n) => (2, n.as_bytes()),
        GeneralName::Ip(n) => (7, n),
        GeneralName::Email(n) => (1, n.as_bytes()),
        GeneralName::Uri(n) => (6, n.as_bytes()),
        GeneralName::Directory(name) => (4, name.der.as_bytes()),
        GeneralName::Other(_) => return None,
    })
}

fn duplicate(v: &View<'_>, report: &mut Report) {
    let names = v.names();
    if names.len() < 2 {
        return;
    }
    let mut seen = HashSet::with_capacity(names.len());
    for name in names {
        if identity(name).is_some_and(|i| !seen.insert(i)) {
            report.say(format!("the name `{}` stands twice", Cut(&show(name))));
        }
    }
}

fn show(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(n) | GeneralName::Email(n) | GeneralName::Uri(n) => n.clone(),
        GeneralName::Ip(n) => hex(n),
        GeneralName::Directory(n) => n.subject.to_string(),
        GeneralName::Other(other) => other.kind.into(),
    }
}

fn server_names(v: &View<'_>, report: &mut Report) {
    let host = |n: &GeneralName| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_));
    if v.is_host() && !v.names().iter().any(host) {
        report.say_with(
            "it is for servers and names no DNS name or IP address in subjectAltName, where clients look",
            "pass `--dns` or `--ip`",
        );
    }
}

/// A leaf that may be a server's for all that it says, and names no host.
fn leaf_names(v: &View<'_>, report: &mut Report) {
    let anything = v.facts.extended_key_usage.is_none();
    if !v.ca && anything && !v.has_alt_names() && v.profile.is_none() {
        report.say("it has no subjectAltName, and no TLS client takes it for a server's, whatever its common name is");
    }
}

/// Every dNSName with what is wrong with it.
fn each_dns(v: &View<'_>, mut check: impl FnMut(&str, Option<DnsProblem>)) {
    for (name, problem) in &v.dns {
        check(name, *problem);
    }
}

fn dns_syntax(v: &View<'_>, report: &mut Report) {
    each_dns(v, |n, problem| match problem {
        Some(DnsProblem::Underscore | DnsProblem::Wildcard | DnsProblem::WildcardTooBroad) => {}
        Some(problem) => report.say(format!("`{}` is not a DNS name: {problem}", Cut(n))),
        None if !n.is_ascii() => report.say(format!("`{}` is not in A-labels", Cut(n))),
        None => {}
    });
}

fn dns_underscore(v: &View<'_>, report: &mut Report) {
    each_dns(v, |n, problem| {
        if problem == Some(DnsProblem::Underscore) {
            report.say(format!("`{}` has an underscore, which no host name has", Cut(n)));
        }
    });
}

fn dns_trailing_dot(v: &View<'_>, report: &mut Report) {
    each_dns(v, |n, _| {
        if n.len() > 1 && n.ends_with('.') {
            report.say(format!("`{}` ends in a dot", Cut(n)));
        }
    });
}

fn dns_wildcard(v: &View<'_>, report: &mut Report) {
    each_dns(v, |n, problem| {
        if let Some(p @ (DnsProblem::Wildcard | DnsProblem::WildcardTooBroad)) = problem {
            report.say(format!("`{}` matches nothing: {p}", Cut(n)));
        }
    });
}

fn dns_lower_case(v: &View<'_>, report: &mut Report) {
    each_dns(v, |n, problem| {
        if problem.is_none() && n.bytes().any(|b| b.is_ascii_uppercase()) {
            report.say(format!("`{}` is not lower case", Cut(n)));
        }
    });
}

fn ip_octets(v: &View<'_>, report: &mut Report) {
    for name in v.names() {
        if let GeneralName::Ip(octets) = name
            && !matches!(octets.len(), 4 | 16)
        {
            report.say(format!("the iPAddress `{}` has {} octets", hex(octets), octets.len()));
        }
    }
}

fn ip_mapped(v: &View<'_>, report: &mut Report) {
    for name in v.names() {
        if let GeneralName::Ip(octets) = name
            && let Ok(octets) = <[u8; 16]>::try_from(octets.as_slice())
            && let Some(v4) = Ipv6Addr::from(octets).to_ipv4_mapped()
        {
            report.say(format!("the iPAddress of `{v4}` is written as IPv6, and no verifier compares it"));
        }
    }
}

fn uri_syntax(v: &View<'_>, report: &mut Report) {
    for uri in v.facts.uris().filter(|u| !is_spiffe(u)) {
        if uri.parse::<UriName>().is_err() {
            report.say(format!("`{}` is not an absolute URI", Cut(uri)));
        }
    }
}

fn email_syntax(v: &View<'_>, report: &mut Report) {
    for name in v.names() {
        if let GeneralName::Email(n) = name
            && n.parse::<EmailAddress>().is_err()
        {
            report.say(format!("`{}` is not an ASCII mailbox", Cut(n)));
        }
    }
}

fn directory_empty(v: &View<'_>, report: &mut Report) {
    if v.names().iter().any(|n| matches!(n, GeneralName::Directory(d) if d.der.is_empty())) {
        report.say("a directoryName of subjectAltName is empty");
    }
}
