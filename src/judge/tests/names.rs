use crate::judge::{NameViolation, check_names};
use crate::model::Subject;
use crate::x509::{Constraints, GeneralName, NameDer, NameFacts, OtherName, ReadSubtree};

pub fn other(kind: &'static str) -> GeneralName {
    GeneralName::Other(OtherName { kind, oid: None, value: Vec::new() })
}

pub fn facts(text: &str) -> NameFacts {
    let subject: Subject = text.parse().unwrap();
    NameFacts::new(NameDer::of(&subject), subject)
}

fn octets(text: &str) -> Vec<u8> {
    match text.parse::<std::net::IpAddr>().unwrap() {
        std::net::IpAddr::V4(a) => a.octets().to_vec(),
        std::net::IpAddr::V6(a) => a.octets().to_vec(),
    }
}

fn name(text: &str) -> GeneralName {
    let (kind, value) = text.split_once(':').unwrap();
    match kind {
        "dns" => GeneralName::Dns(value.into()),
        "email" => GeneralName::Email(value.into()),
        "uri" => GeneralName::Uri(value.into()),
        "ip" => GeneralName::Ip(octets(value)),
        "dn" => GeneralName::Directory(facts(value)),
        "mailbox" => other(crate::x509::UTF8_MAILBOX),
        _ => other("otherName"),
    }
}

/// `ip:ADDRESS/MASK` with the mask written as an address.
fn subtree(text: &str) -> ReadSubtree {
    let (kind, value) = text.split_once(':').unwrap();
    match kind {
        "dns" => ReadSubtree::Dns(value.into()),
        "email" => ReadSubtree::Email(value.into()),
        "uri" => ReadSubtree::Uri(value.into()),
        "dn" => ReadSubtree::Directory(value.parse().unwrap()),
        "ip" => {
            let (base, mask) = value.split_once('/').unwrap();
            ReadSubtree::Ip([octets(base), octets(mask)].concat())
        }
        "x400" => ReadSubtree::Other("x400Address"),
        "unknown" => ReadSubtree::Other("unknown"),
        _ => ReadSubtree::Other("otherName"),
    }
}

fn judge(permitted: &[&str], excluded: &[&str], subject: &str, names: &[&str]) -> Result<(), NameViolation> {
    let all = |list: &[&str]| list.iter().map(|t| subtree(t)).collect();
    let constraints = Constraints { permitted: all(permitted), excluded: all(excluded) };
    check_names(&constraints, &facts(subject), &names.iter().map(|t| name(t)).collect::<Vec<_>>())
}

/// What became of one name.
#[derive(Debug, PartialEq)]
enum Fate {
    Good,
    Outside,
    Inside,
    Unreadable,
    UnknownType,
    BadConstraint,
}
use Fate::*;

fn fate(result: Result<(), NameViolation>) -> Fate {
    match result {
        Ok(()) => Good,
        Err(NameViolation::OutsidePermitted { .. }) => Outside,
        Err(NameViolation::InsideExcluded { .. }) => Inside,
        Err(NameViolation::UnreadableName { .. }) => Unreadable,
        Err(NameViolation::UnknownType { .. }) => UnknownType,
        Err(NameViolation::MalformedConstraint { .. }) => BadConstraint,
        Err(e) => panic!("{e}"),
    }
}

/// One constraint against one name, permitted and excluded.
fn table(rows: &[(&str, &str, Fate, Fate)]) {
    for (constraint, name, permitted, excluded) in rows {
        assert_eq!(fate(judge(&[constraint], &[], "", &[name])), *permitted, "permitted {constraint}, {name}");
        assert_eq!(fate(judge(&[], &[constraint], "", &[name])), *excluded, "excluded {constraint}, {name}");
    }
}

#[test]
fn dns() {
    table(&[
        ("dns:lab.internal", "dns:lab.internal", Good, Inside),
        ("dns:lab.internal", "dns:a.lab.internal", Good, Inside),
        ("dns:lab.internal", "dns:a.b.LAB.Internal", Good, Inside),
        ("dns:LAB.internal", "dns:a.lab.internal", Good, Inside),
        ("dns:lab.internal", "dns:internal", Outside, Good),
        ("dns:lab.internal", "dns:badlab.internal", Outside, Good),
        ("dns:lab.internal", "dns:lab.internal.example", Outside, Good),
        ("dns:lab.internal", "dns:lab.internal.", Unreadable, Unreadable),
        ("dns:lab.internal", "dns:", Unreadable, Unreadable),
        ("dns:lab.internal", "dns:.lab.internal", Unreadable, Unreadable),
        ("dns:lab.internal", "dns:a..lab.internal", Unreadable, Unreadable),
        ("dns:lab.internal", "dns:a\0.lab.internal", Unreadable, Unreadable),
        ("dns:lab.internal", "dns:ü.lab.internal", Unreadable, Unreadable),
        ("dns:lab.internal", "dns:_x.lab.internal", Good, Inside),
        ("dns:", "dns:a.example", Good, Inside),
        ("dns:", "dns:*.example", Good, Inside),
        ("dns:", "dns:*", Unreadable, Unreadable),
        ("dns:.lab.internal", "dns:a.lab.internal", BadConstraint, BadConstraint),
        ("dns:.", "dns:a", BadConstraint, BadConstraint),
        ("dns:*.lab.internal", "dns:a.lab.internal", BadConstraint, BadConstraint),
        ("dns:lab.internal.", "dns:a.lab.internal", BadConstraint, BadConstraint),
        ("dns:lab..internal", "dns:a.lab.internal", BadConstraint, BadConstraint),
        ("dns:lab internal", "ip:10.0.0.1", BadConstraint, BadConstraint),
        // Other types are free.
        ("dns:lab.internal", "ip:10.0.0.1", Good, Good),
        ("dns:lab.internal", "uri:https://other.example/", Good, Good),
        ("dns:lab.internal", "email:a@other.example", Good, Good),
        ("dns:lab.internal", "other:x", Good, Good),
    ]);
}

#[test]
fn wildcards() {
    table(&[
        ("dns:a.example", "dns:*.a.example", Good, Inside),
        ("dns:example", "dns:*.a.example", Good, Inside),
        ("dns:A.EXAMPLE", "dns:*.a.example", Good, Inside),
        // One of the names that it stands for.
        ("dns:x.a.example", "dns:*.a.example", Outside, Inside),
        ("dns:X.A.example", "dns:*.a.example", Outside, Inside),
        // A wildcard reaches one label deep.
        ("dns:y.x.a.example", "dns:*.a.example", Outside, Good),
        ("dns:b.example", "dns:*.a.example", Outside, Good),
        ("dns:xa.example", "dns:*.a.example", Outside, Good),
        ("dns:a.example", "dns:*.example", Outside, Inside),
        ("dns:a.example", "dns:a.*.example", Unreadable, Unreadable),
        ("dns:a.example", "dns:b*.a.example", Unreadable, Unreadable),
        ("dns:a.example", "dns:*", Unreadable, Unreadable),
        ("dns:a.example", "dns:*.*.a.example", Unreadable, Unreadable),
        ("dns:a.example", "dns:*.", Unreadable, Unreadable),
    ]);
}

#[test]
fn ip() {
    table(&[
        ("ip:10.0.0.0/255.0.0.0", "ip:10.255.0.1", Good, Inside),
        ("ip:10.0.0.0/255.0.0.0", "ip:11.0.0.0", Outside, Good),
        ("ip:10.128.0.0/255.128.0.0", "ip:10.127.0.1", Outside, Good),
        ("ip:10.0.0.1/255.255.255.255", "ip:10.0.0.1", Good, Inside),
        ("ip:10.9.9.9/255.0.0.0", "ip:10.1.1.1", Good, Inside),
        ("ip:0.0.0.0/0.0.0.0", "ip:192.0.2.1", Good, Inside),
        // A family is of one type with the other, and inside none of its networks.
        ("ip:0.0.0.0/0.0.0.0", "ip:2001:db8::1", Outside, Good),
        ("ip:2001:db8::/ffff:ffff::", "ip:2001:db8:1::1", Good, Inside),
        ("ip:2001:db8::/ffff:ffff::", "ip:2001:db9::1", Outside, Good),
        ("ip:::/::", "ip:::1", Good, Inside),
        ("ip:::/::", "ip:10.0.0.1", Outside, Good),
        ("ip:10.0.0.0/255.0.255.0", "ip:10.0.0.1", BadConstraint, BadConstraint),
        ("ip:10.0.0.0/0.255.0.0", "dns:a", BadConstraint, BadConstraint),
        ("ip:10.0.0.0/255.0.0.0", "dns:10.0.0.1", Good, Good),
    ]);
    for length in [0, 4, 7, 9, 16, 31, 33, 64] {
        let c = Constraints { permitted: vec![ReadSubtree::Ip(vec![0; length])], excluded: vec![] };
        assert_eq!(fate(check_names(&c, &facts(""), &[])), BadConstraint, "{length}");
    }
    for length in [0, 3, 5, 8, 15, 17, 32] {
        let c = Constraints { permitted: vec![], excluded: vec![subtree("ip:10.0.0.0/255.0.0.0")] };
        let names = [GeneralName::Ip(vec![10; length])];
        assert_eq!(fate(check_names(&c, &facts(""), &names)), Unreadable, "{length}");
    }
}

#[test]
fn email() {
    table(&[
        ("email:example.org", "email:ops@example.org", Good, Inside),
        ("email:example.org", "email:ops@EXAMPLE.org", Good, Inside),
        ("email:example.org", "email:ops@mail.example.org", Outside, Good),
        ("email:.example.org", "email:ops@mail.example.org", Good, Inside),
        ("email:.example.org", "email:ops@a.b.example.org", Good, Inside),
        ("email:.example.org", "email:ops@example.org", Outside, Good),
        ("email:.example.org", "email:ops@badexample.org", Outside, Good),
        ("email:ops@example.org", "email:ops@Example.ORG", Good, Inside),
        ("email:ops@example.org", "email:Ops@example.org", Outside, Good),
        ("email:ops@example.org", "email:dev@example.org", Outside, Good),
        ("email:", "email:ops@example.org", Good, Inside),
        ("email:example.org", "email:example.org", Unreadable, Unreadable),
        ("email:example.org", "email:@example.org", Unreadable, Unreadable),
        ("email:example.org", "email:ops@", Unreadable, Unreadable),
        ("email:example.org", "email:\"ops\"@example.org", Unreadable, Unreadable),
        ("email:example.org", "email:a@b@example.org", Unreadable, Unreadable),
        ("email:example.org", "email:ops@[10.0.0.1]", Unreadable, Unreadable),
        ("email:example.org", "email:öps@example.org", Unreadable, Unreadable),
        ("email:example.org", "email:ops@*.example.org", Unreadable, Unreadable),
        ("email:@example.org", "email:ops@example.org", BadConstraint, BadConstraint),
        ("email:\"ops\"@example.org", "email:ops@example.org", BadConstraint, BadConstraint),
        ("email:*.example.org", "email:ops@a.example.org", BadConstraint, BadConstraint),
        ("email:..example.org", "dns:a", BadConstraint, BadConstraint),
        ("email:example.org", "dns:other.example", Good, Good),
    ]);
}

#[test]
fn email_in_the_subject() {
    let subject = "emailAddress=ops@example.org,CN=ops";
    assert_eq!(fate(judge(&["email:example.org"], &[], subject, &[])), Good);
    assert_eq!(fate(judge(&["email:other.example"], &[], subject, &[])), Outside);
    assert_eq!(fate(judge(&[], &["email:example.org"], subject, &[])), Inside);
    // Also beside a subjectAltName that is in range.
    assert_eq!(fate(judge(&["email:other.example"], &[], subject, &["email:a@other.example"])), Outside);
    assert_eq!(fate(judge(&["email:example.org"], &[], "emailAddress=nobody,CN=x", &[])), Unreadable);
    // Common names are no mailboxes and no hosts.
    assert_eq!(fate(judge(&["email:example.org", "dns:lab.internal"], &[], "CN=a@b.example", &[])), Good);
}

#[test]
fn uri() {
    table(&[
        ("uri:td.example", "uri:spiffe://td.example/ns/a", Good, Inside),
        ("uri:td.example", "uri:https://TD.example:8443/a?b#c", Good, Inside),
        ("uri:td.example", "uri:https://user@td.example/", Good, Inside),
        ("uri:td.example", "uri:https://td.example@evil.example/", Outside, Good),
        ("uri:td.example", "uri:spiffe://a.td.example/x", Outside, Good),
        ("uri:.td.example", "uri:spiffe://a.td.example/x", Good, Inside),
        ("uri:.td.example", "uri:spiffe://td.example/x", Outside, Good),
        ("uri:", "uri:spiffe://td.example/x", Good, Inside),
        ("uri:td", "uri:spiffe://td/x", Good, Inside),
        ("uri:td.example", "uri:spiffe://td.example.", Unreadable, Unreadable),
        ("uri:td.example", "uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", Unreadable, Unreadable),
        ("uri:td.example", "uri:mailto:ops@td.example", Unreadable, Unreadable),
        ("uri:td.example", "uri:file:///etc", Unreadable, Unreadable),
        ("uri:td.example", "uri:https://10.0.0.1/", Unreadable, Unreadable),
        ("uri:td.example", "uri:https://[2001:db8::1]/", Unreadable, Unreadable),
        ("uri:10.0.0.1", "uri:https://10.0.0.1/", Unreadable, Unreadable),
        ("uri:td.example", "uri:https://t%64.example/", Unreadable, Unreadable),
        ("uri:td.example", "uri://td.example/", Unreadable, Unreadable),
        ("uri:td.example", "uri:", Unreadable, Unreadable),
        ("uri:td.example", "uri:https://td.example/ü", Unreadable, Unreadable),
        ("uri:https://td.example", "uri:https://td.example/", BadConstraint, BadConstraint),
        ("uri:td.example:8443", "uri:https://td.example/", BadConstraint, BadConstraint),
        ("uri:.", "dns:a", BadConstraint, BadConstraint),
        ("uri:td.example", "dns:other.example", Good, Good),
    ]);
}

#[test]
fn directory() {
    table(&[
        ("dn:O=Example", "dn:CN=a,O=Example", Good, Inside),
        ("dn:O=Example", "dn:CN=a,O=EXAMPLE", Good, Inside),
        ("dn:O=Example  Inc", "dn:CN=a,OU=b,O=example inc", Good, Inside),
        ("dn:OU=b,O=Example", "dn:CN=a,OU=b,O=Example", Good, Inside),
        ("dn:OU=b,O=Example", "dn:CN=a,O=Example", Outside, Good),
        ("dn:O=Example", "dn:O=Example", Good, Inside),
        ("dn:O=Example", "dn:OU=x,CN=a", Outside, Good),
        // A prefix, not any part.
        ("dn:O=Example", "dn:CN=a,O=Example,C=DE", Outside, Good),
        ("dn:O=Example", "dn:CN=a,O=Examples", Outside, Good),
        ("dn:", "dn:CN=a", Good, Inside),
        ("dn:O=Example", "dns:a", Good, Good),
    ]);
    assert_eq!(fate(judge(&["dn:O=Example"], &[], "CN=a,O=Example", &["dns:a"])), Good);
    assert_eq!(fate(judge(&["dn:O=Example"], &[], "CN=a,O=Other", &[])), Outside);
    assert_eq!(fate(judge(&[], &["dn:O=Example"], "CN=a,O=example", &[])), Inside);
    // The empty subject is no name.
    assert_eq!(fate(judge(&["dn:O=Example"], &["dn:"], "", &["dns:a"])), Good);
}

#[test]
fn unknown_types() {
    table(&[
        ("other:x", "other:x", UnknownType, UnknownType),
        // Mailboxes in UTF-8 are mailboxes (RFC 9598 6), and nobody here compares them.
        ("email:lab.internal", "mailbox:x", UnknownType, UnknownType),
        ("other:x", "mailbox:x", UnknownType, UnknownType),
        ("dns:lab.internal", "mailbox:x", Good, Good),
        ("email:lab.internal", "other:x", Good, Good),
        ("unknown:x", "other:x", UnknownType, UnknownType),
        ("x400:x", "other:x", Good, Good),
        ("other:x", "dns:a", Good, Good),
    ]);
}

#[test]
fn lists() {
    let permitted = ["dns:a.example", "dns:b.example", "ip:10.0.0.0/255.0.0.0"];
    let good = ["dns:x.a.example", "dns:b.example", "ip:10.1.1.1", "uri:https://c.example/"];
    assert_eq!(fate(judge(&permitted, &["dns:secret.a.example"], "CN=x", &good)), Good);
    assert_eq!(fate(judge(&permitted, &["dns:secret.a.example"], "CN=x", &["dns:x.secret.a.example"])), Inside);
    assert_eq!(fate(judge(&permitted, &["dns:secret.a.example"], "CN=x", &["dns:*.a.example"])), Inside);
    // Every name is looked at, not only the first.
    assert_eq!(fate(judge(&permitted, &[], "CN=x", &["dns:b.example", "ip:11.1.1.1"])), Outside);
    // Excluded wins over permitted.
    assert_eq!(fate(judge(&["dns:a.example"], &["dns:a.example"], "CN=x", &["dns:a.example"])), Inside);
}

#[test]
fn nothing_and_too_much() {
    assert_eq!(judge(&[], &[], "CN=a", &["dns:a"]), Err(NameViolation::Empty));
    let constraints = Constraints { permitted: vec![subtree("dns:a"); 1000], excluded: vec![] };
    let names = |n| vec![name("dns:b.a"); n];
    assert_eq!(check_names(&constraints, &facts(""), &names(200)), Ok(()));
    let many = check_names(&constraints, &facts(""), &names(300));
    assert!(matches!(many, Err(NameViolation::TooMany { .. })), "{many:?}");
}

#[test]
fn sentences() {
    let text = |p: &[&str], e: &[&str], n: &str| judge(p, e, "", &[n]).unwrap_err().to_string();
    assert_eq!(
        text(&["dns:lab.internal"], &[], "dns:x.example"),
        "`dns:x.example` is outside the permitted `dns:lab.internal`"
    );
    assert_eq!(
        text(&["ip:10.0.0.0/255.0.0.0", "dns:z", "ip:2001:db8::/ffff:ffff::"], &[], "ip:192.0.2.1"),
        "`ip:192.0.2.1` is outside the permitted `ip:10.0.0.0/8`, `ip:2001:db8::/32`"
    );
    assert_eq!(
        text(&["dns:a", "dns:b", "dns:c", "dns:d", "dns:e"], &[], "dns:x"),
        "`dns:x` is outside the permitted `dns:a`, `dns:b`, `dns:c` and 2 more"
    );
    assert_eq!(
        text(&[], &["dns:x.a.example"], "dns:*.a.example"),
        "`dns:*.a.example` is inside the excluded `dns:x.a.example`"
    );
    assert_eq!(
        text(&[], &["uri:td"], "uri:urn:a:b"),
        "`uri:urn:a:b` cannot be compared with the constraint `uri:td`: it is not a URI with a host"
    );
    assert_eq!(
        text(&["dns:.a"], &[], "dns:a"),
        "the constraint `dns:.a` is malformed: a domain covers all below it without a leading dot"
    );
    assert_eq!(
        text(&["dns:a"], &[], "dns:\u{1b}[2J"),
        "`dns:\\u{1b}[2J` cannot be compared with the constraint `dns:a`: it is not a domain name"
    );
}
