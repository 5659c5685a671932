//! The shapes of `verify` and `lint`.

use super::shape::Shape::{self, Bool, Hex, Number, Object, Text, Time, Word};
use super::shape::{list, nullable};
use crate::{lab, prints, warnings};

/// What `verify --explain` asks of each certificate of a path.
const CHECKS: &[&str] = &[
    "form",
    "time",
    "names",
    "leaf",
    "purpose",
    "host",
    "email",
    "spiffe",
    "ca",
    "path-length",
    "name-constraints",
    "issuer",
    "signature",
    "revocation",
    "anchor",
    "policies",
];
const SEVERITIES: &[&str] = &["error", "warning", "notice"];

fn verified(explain: bool) -> Shape {
    let path = || {
        list(Object(vec![
            ("subject", Text),
            ("issuer", Text),
            ("serial", Hex),
            ("not_before", Time),
            ("not_after", Time),
            ("fingerprint_sha256", Hex),
            ("trusted", Bool),
            ("revocation", nullable(Word(&["good", "revoked", "unknown"]))),
            ("crl_number", nullable(Number)),
        ]))
    };
    let reason = || {
        Object(vec![
            ("rule", Text),
            ("citation", Text),
            ("message", Text),
            ("hint", Text),
            ("certificate", nullable(Text)),
            ("fingerprint_sha256", nullable(Hex)),
        ])
    };
    let mut fields = vec![
        ("verdict", Word(&["valid", "invalid", "unknown"])),
        ("at", Time),
        ("spiffe_id", nullable(Text)),
        ("trust_domain", nullable(Text)),
        ("revocation_checked", Bool),
        ("path", path()),
        ("reason", nullable(reason())),
        ("tries", Number),
    ];
    if explain {
        let step = Object(vec![
            ("certificate", Text),
            ("check", Word(CHECKS)),
            ("passed", Bool),
            ("message", Text),
            ("rule", nullable(Text)),
            ("citation", nullable(Text)),
        ]);
        fields.push(("steps", list(step)));
        fields.push(("tried", list(Object(vec![("path", path()), ("reason", reason())]))));
    }
    fields.push(("warnings", warnings()));
    Object(fields)
}

#[test]
fn answers() {
    let s = lab();
    s.ok(&["server", "answer.internal"]);
    let file = "pki/certs/answer.internal/cert.pem";
    prints(&s, &format!("verify {file}"), 0, &verified(false));
    prints(&s, &format!("verify {file} --host other.internal"), 3, &verified(false));
    prints(&s, &format!("verify {file} --roots pki/ca/lab-root/cert.pem --explain"), 3, &verified(true));
    s.ok(&["revoke", "answer.internal"]);
    prints(&s, &format!("verify {file} --explain"), 3, &verified(true));
}

/// What `lint` prints.
fn linted() -> Shape {
    let finding = Object(vec![
        ("rule", Text),
        ("citation", Text),
        ("severity", Word(SEVERITIES)),
        ("allowed", Bool),
        ("message", Text),
        ("hint", nullable(Text)),
        ("object", Number),
        ("name", Text),
    ]);
    let object = Object(vec![
        ("number", Number),
        ("kind", Word(&["certificate", "crl", "unreadable", "skipped"])),
        ("name", Text),
        ("line", nullable(Number)),
        ("fingerprint_sha256", nullable(Hex)),
        ("issuer", nullable(Number)),
        ("issuer_known", Bool),
    ]);
    let counts = ["certificates", "crls", "error", "warning", "notice", "allowed"];
    Object(vec![
        ("findings", list(finding)),
        ("objects", list(object)),
        ("counts", Object(counts.map(|name| (name, Number)).into())),
        ("warnings", warnings()),
    ])
}

#[test]
fn lints() {
    let s = lab();
    s.ok(&["server", "lint.internal", "--key", "ed25519"]);
    prints(&s, "lint pki/certs/lint.internal/fullchain.pem", 0, &linted());
    prints(&s, "lint pki/certs/lint.internal/cert.pem --for chromium --profile client", 3, &linted());
    prints(&s, "lint pki/public/crls.pem", 0, &linted());
    let rule = Object(vec![
        ("id", Text),
        ("severity", Word(SEVERITIES)),
        ("severity_if_asked", Word(SEVERITIES)),
        ("counts", Word(&["always", "when-asked"])),
        ("judges", Word(&["certificate", "crl", "file"])),
        ("sets", list(Text)),
        ("citation", Text),
        ("about", Text),
        ("hint", Text),
    ]);
    let set = Object(vec![("name", Text), ("about", Text), ("source", Text)]);
    prints(&s, "lint --rules", 0, &Object(vec![("rules", list(rule)), ("sets", list(set))]));
}
