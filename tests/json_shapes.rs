//! The shape of everything that `--json` prints: each field, its type, and their order, as `docs/json.md` promises.
#![cfg(unix)]

mod common;

mod json_shapes {
    pub mod codes;
    pub mod inspect;
    pub mod judgment;
    pub mod manifest;
    pub mod shape;
    pub mod survey;
}

use common::ordered::Ordered;
use common::{REASONS, Sandbox};
use json_shapes::shape::Shape::{
    self, Bool, Hex, Loose, Map, Number, Object, Path as PathShape, Pem, Text, Time, Word,
};
use json_shapes::shape::{list, nullable};
use std::fs;

const PROFILES: &[&str] = &["root", "intermediate", "server", "client", "peer", "workload"];
const STATUSES: &[&str] = &["valid", "expired", "revoked", "on-hold", "not-yet-valid"];

fn warnings() -> Shape {
    list(Object(vec![("code", Text), ("message", Text)]))
}

/// A certificate, always the same; a list leaves `pem` out unless it was asked for.
fn certificate(pem: bool) -> Shape {
    let file = || nullable(PathShape);
    let mut fields = vec![
        ("name", Text),
        ("profile", Word(PROFILES)),
        ("ca", Bool),
        ("current", Bool),
        ("serial", Hex),
        ("subject", Text),
        ("issuer", Text),
        ("issuer_name", Text),
        ("not_before", Time),
        ("not_after", Time),
        ("sans", list(Object(vec![("type", Word(&["dns", "ip", "email", "uri"])), ("value", Text)]))),
        ("key_algorithm", Word(&["p256", "p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"])),
        ("signature_algorithm", Text),
        ("key_usage", list(Text)),
        ("eku", list(Text)),
        ("path_len", nullable(Number)),
        ("subject_key_id", nullable(Hex)),
        ("authority_key_id", nullable(Hex)),
        ("fingerprint_sha256", Hex),
        ("spki_sha256", Hex),
        ("status", Word(STATUSES)),
        (
            "revocation",
            nullable(Object(vec![
                ("reason", Word(&REASONS)),
                ("at", Time),
                ("invalidity_date", nullable(Time)),
                ("crl_number", nullable(Number)),
            ])),
        ),
        ("predecessor", nullable(Hex)),
        (
            "files",
            Object(vec![
                ("cert", file()),
                ("key", file()),
                ("chain", file()),
                ("fullchain", file()),
                ("ca", file()),
                ("crl", file()),
            ]),
        ),
    ];
    if pem {
        fields.push(("pem", Pem("CERTIFICATE")));
    }
    Object(fields)
}

/// What an issuing verb prints.
fn outcome() -> Shape {
    Loose(vec![
        ("action", false, Word(&["created", "renewed", "reissued", "unchanged"])),
        ("certificate", false, certificate(true)),
        ("warnings", false, warnings()),
        ("second_verifier", true, Text),
        ("delivered", true, list(PathShape)),
    ])
}

fn error() -> Shape {
    let problem =
        Object(vec![("file", Text), ("line", Number), ("column", Number), ("message", Text), ("hints", list(Text))]);
    let difference = Object(vec![("field", Text), ("is", Text), ("wished", Text)]);
    Object(vec![(
        "error",
        Loose(vec![
            ("code", false, Text),
            ("message", false, Text),
            ("hints", false, list(Text)),
            ("retryable", false, Bool),
            ("differences", true, list(difference)),
            ("problems", true, list(problem)),
        ]),
    )])
}

fn crl() -> Shape {
    let error = Object(vec![("code", Text), ("message", Text), ("hints", list(Text))]);
    let result = Loose(vec![
        ("name", false, Text),
        ("action", false, Word(&["written", "unchanged", "due", "failed"])),
        ("number", false, nullable(Number)),
        ("this_update", false, nullable(Time)),
        ("next_update", false, nullable(Time)),
        ("entries", false, nullable(Number)),
        ("reason", true, Text),
        ("file", false, nullable(PathShape)),
        ("error", true, error),
    ]);
    Object(vec![("results", list(result)), ("warnings", warnings())])
}

fn revoke() -> Shape {
    let result = Object(vec![
        ("name", nullable(Text)),
        ("action", Word(&["revoked", "released", "unchanged"])),
        ("ca", Text),
        ("serial", Hex),
        ("certificate", nullable(certificate(true))),
    ]);
    Object(vec![
        ("results", list(result)),
        ("crl", Word(&["written", "pending", "unchanged"])),
        ("crl_numbers", Map(Box::new(Number))),
        ("warnings", warnings()),
    ])
}

/// `key` with an action.
fn key() -> Shape {
    Loose(vec![
        ("action", false, Word(&["encrypted", "decrypted", "passphrase-changed", "detached", "attached", "unchanged"])),
        ("name", false, Text),
        ("profile", false, Word(PROFILES)),
        ("key", false, Word(&["here", "detached"])),
        ("encrypted", false, Bool),
        ("file", false, PathShape),
        ("crl_number", true, Number),
        ("delivered", true, list(PathShape)),
        ("warnings", false, warnings()),
    ])
}

fn renew() -> Shape {
    let revoked = Object(vec![
        ("name", nullable(Text)),
        ("action", Word(&["revoked"])),
        ("ca", Text),
        ("serial", Hex),
        ("certificate", nullable(certificate(true))),
    ]);
    Loose(vec![
        ("results", false, list(Loose(renewed()))),
        ("revoked", true, list(revoked)),
        ("error", true, item_error()),
        ("warnings", false, warnings()),
    ])
}

const ACTIONS: &[&str] = &[
    "create",
    "renew",
    "reissue",
    "rekey",
    "cascade",
    "replace",
    "restore",
    "deliver",
    "configure",
    "run",
    "refused",
    "nothing",
];

fn renewed() -> Vec<(&'static str, bool, Shape)> {
    vec![
        ("name", false, Text),
        ("action", false, Word(&["renewed", "reissued", "unchanged", "skipped", "failed"])),
        ("certificate", true, certificate(true)),
        ("reason", true, Text),
        ("error", true, item_error()),
        ("warnings", false, warnings()),
        ("second_verifier", true, Text),
        ("delivered", true, list(PathShape)),
    ]
}

fn item_error() -> Shape {
    Object(vec![("code", Text), ("message", Text), ("hints", list(Text)), ("retryable", Bool)])
}

fn bundle() -> Shape {
    Object(vec![
        ("certificates", list(Text)),
        ("crls", list(Text)),
        ("file", nullable(PathShape)),
        ("pem", Pem("CERTIFICATE")),
        ("warnings", warnings()),
    ])
}

fn doctor() -> Shape {
    let problem = Loose(vec![
        ("code", false, Text),
        ("message", false, Text),
        ("file", false, nullable(Text)),
        ("repaired", false, Bool),
        ("hint", true, Text),
    ]);
    Object(vec![("problems", list(problem)), ("certificates", Number), ("warnings", warnings())])
}

fn request_view() -> Shape {
    Object(vec![
        ("name", Text),
        ("profile", Text),
        ("subject", Text),
        ("sans", list(Object(vec![("type", Text), ("value", Text)]))),
        ("key_algorithm", Text),
        ("spki_sha256", Hex),
        ("requested_at", Time),
        ("files", Object(vec![("key", PathShape), ("csr", PathShape)])),
        ("pem", Pem("CERTIFICATE REQUEST")),
    ])
}

fn request() -> Shape {
    Object(vec![
        ("action", Word(&["created", "reissued", "unchanged"])),
        ("request", request_view()),
        ("warnings", warnings()),
    ])
}

fn salvage() -> Shape {
    Object(vec![
        ("action", Word(&["salvaged"])),
        ("file", PathShape),
        ("damaged", nullable(PathShape)),
        ("authorities", Number),
        ("leaves", Number),
        ("revocations", Number),
        ("requests", Number),
        ("warnings", warnings()),
    ])
}

/// Runs it with `--json`, and checks what it prints.
#[track_caller]
pub fn prints(s: &Sandbox, line: &str, exit: i32, shape: &Shape) {
    let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
    let ran = s.run(&words).exits(exit);
    assert_eq!(ran.stderr, "", "`{line}`");
    if let Err(problem) = shape.check(&Ordered::parse(&ran.stdout), "") {
        panic!("`{line}`: {problem}\n{}", ran.stdout);
    }
}

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "10.0.0.1"]);
    s.ok(&["client", "c", "--email", "c@example.org", "--uri", "https://c.example/"]);
    s.ok(&["client", "c", "--force"]);
    s.ok(&["client", "d"]);
    s.ok(&["revoke", "d", "--reason", "key-compromise", "--invalidity-date", "2026-01-02"]);
    s
}

#[test]
fn issuing_verbs() {
    let s = Sandbox::new();
    for line in [
        "root Lab",
        "root Lab --if-missing",
        "intermediate Issuing --path-len 0",
        "server api.internal --out-dir tls",
        "server api.internal --force",
        "server api.internal --if-missing",
        "client c --email c@example.org",
        "peer node.internal --ip 10.0.0.1",
        "workload spiffe://example.org/x --renew-within",
        "client rsa --key rsa-2048 --lifetime 1d",
    ] {
        prints(&s, line, 0, &outcome());
    }
    // With warnings.
    let (start, end) = (s.time(-60), s.time(-1));
    prints(&s, &format!("client old --not-before {start} --not-after {end}"), 0, &outcome());
}

#[test]
fn list_and_show() {
    let s = lab();
    let lists = |pem| Object(vec![("certificates", list(certificate(pem))), ("warnings", warnings())]);
    prints(&s, "list", 0, &lists(false));
    prints(&s, "list --all", 0, &lists(false));
    prints(&s, "list --all --pem", 0, &lists(true));
    prints(&s, "list --status expired", 0, &lists(false));
    let one = Object(vec![("certificate", certificate(true)), ("warnings", warnings())]);
    for name in ["api.internal", "c", "d", "lab-root", "lab-issuing"] {
        prints(&s, &format!("show {name}"), 0, &one);
    }
}

#[test]
fn json_lines() {
    let s = lab();
    for (line, pem) in [("list --all --jsonl", false), ("list --all --jsonl --pem", true)] {
        let ran = s.ok(&line.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (6, ""));
        for line in ran.stdout.lines() {
            certificate(pem).check(&Ordered::parse(line), "").unwrap();
        }
    }
}

#[test]
fn renewals() {
    let s = lab();
    s.ok(&["client", "held", "--out-dir", "out"]);
    s.ok(&["revoke", "held", "--reason", "certificate-hold"]);
    prints(&s, "renew api.internal lab-root lab-issuing", 0, &renew());
    prints(&s, "renew c --rekey --revoke-old", 0, &renew());
    prints(&s, "renew --due", 0, &renew());
    prints(&s, "renew c held --due", 0, &renew());
    prints(&s, "renew c nobody d held", 1, &renew());
    prints(&s, "renew c --exec false", 1, &renew());
    s.ok(&["revoke", "held", "--release"]);
    prints(&s, "renew held", 0, &renew());
    // One line each, with its time in front.
    let ran = s.run(&["renew", "c", "nobody", "--jsonl"]).exits(1);
    let mut line = vec![("at", false, Time)];
    line.extend(renewed());
    let line = Loose(line);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (2, ""));
    for text in ran.stdout.lines() {
        line.check(&Ordered::parse(text), "").unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    }
}

#[test]
fn revocations_and_crls() {
    let s = lab();
    prints(&s, "revoke c", 0, &revoke());
    prints(&s, "revoke c", 0, &revoke());
    prints(&s, "revoke --serial 0a --issuer lab-root", 0, &revoke());
    prints(&s, "revoke api.internal --reason certificate-hold --no-crl", 0, &revoke());
    prints(&s, "crl --check", 3, &crl());
    prints(&s, "revoke api.internal --release", 0, &revoke());
    prints(&s, "crl", 0, &crl());
    prints(&s, "crl --due", 0, &crl());
    fs::remove_file(s.path("pki/ca/lab-issuing/key.pem")).unwrap();
    prints(&s, "crl lab-root lab-issuing", 1, &crl());
}

#[test]
fn bundles_and_doctor() {
    let s = lab();
    prints(&s, "bundle", 0, &bundle());
    prints(&s, "bundle lab-issuing --with-intermediates --crls --output roots.pem", 0, &bundle());
    prints(&s, "doctor", 0, &doctor());
    fs::remove_file(s.path("pki/public/roots.pem")).unwrap();
    fs::remove_file(s.path("pki/certs/c/key.pem")).unwrap();
    s.write("pki/public/notes.txt", "");
    prints(&s, "doctor", 3, &doctor());
    prints(&s, "doctor --repair", 3, &doctor());
    prints(&s, "doctor --history", 3, &doctor());
    fs::remove_file(s.path("pki/inventory.db")).unwrap();
    prints(&s, "doctor --salvage", 0, &salvage());
}

#[test]
fn requests_and_signatures() {
    let s = lab();
    prints(&s, "request web.internal --profile server", 0, &request());
    prints(&s, "request web.internal --profile server --if-missing", 0, &request());
    prints(&s, "request web.internal --profile server --force", 0, &request());
    let waiting = Object(vec![("requests", list(request_view())), ("warnings", warnings())]);
    prints(&s, "list --requests", 0, &waiting);
    let other = Sandbox::new();
    other.ok(&["request", "web.example", "--profile", "peer"]);
    s.write("web.csr", other.bytes("pki/requests/web.example/request.csr"));
    let signed = s.json(&["sign", "web.csr", "--profile", "peer"]);
    let names: Vec<&str> = signed.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec!["action", "certificate", "warnings", "second_verifier", "taken", "dropped"];
    expected.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let wish =
        list(Object(vec![("kind", Word(&["key", "subject", "name", "extension", "attribute"])), ("value", Text)]));
    let text = s.ok(&["sign", "web.csr", "--profile", "peer", "--if-missing", "--json"]).stdout;
    let Ordered::Object(fields) = Ordered::parse(&text) else { panic!("{text}") };
    for (name, value) in fields.iter().filter(|(n, _)| ["taken", "dropped"].contains(&n.as_str())) {
        wish.check(value, name).unwrap();
    }
}

#[test]
fn keys() {
    let s = lab();
    s.write("one", "correct horse");
    s.write("two", "battery staple");
    s.ok(&["server", "delivered.internal", "--out-dir", "delivered"]);
    for line in [
        "key encrypt lab-root --passphrase-file one",
        "key encrypt lab-root --passphrase-file one",
        "key change-passphrase lab-root --passphrase-file one --new-passphrase-file two",
        "key detach lab-root --output root.key --passphrase-file two",
        "key detach lab-root --output root.key --passphrase-file two",
        "key attach lab-root --key-file root.key --passphrase-file two",
        "key decrypt lab-root --passphrase-file two",
        "key encrypt delivered.internal --passphrase-file one",
    ] {
        prints(&s, line, 0, &key());
    }
}

#[test]
fn imports() {
    let s = lab();
    let counts = ["revocations", "known", "certificates", "index_valid", "index_expired"];
    let past = Object(counts.map(|name| (name, Number)).into());
    let shape = Object(vec![
        ("action", Word(&["adopted", "recorded", "completed", "renewed", "updated", "unchanged"])),
        ("certificate", certificate(true)),
        ("authorities", list(Text)),
        ("past", nullable(past)),
        ("crl_number", nullable(Number)),
        ("warnings", warnings()),
    ]);
    let ca = "--cert-file pki/ca/lab-issuing/cert.pem --chain-file pki/ca/lab-root/cert.pem";
    let key = "--key-file pki/ca/lab-issuing/key.pem --crl-file pki/ca/lab-issuing/crl.pem";
    prints(&s, &format!("--pki other import issuing {ca} {key}"), 0, &shape);
    prints(&s, "--pki other import lab-root --crl-file pki/ca/lab-root/crl.pem", 0, &shape);
    prints(&s, "--pki other import c --cert-file pki/certs/c/cert.pem", 0, &shape);
}

#[test]
fn errors() {
    let s = lab();
    for (line, exit) in [
        ("server api.internal", 1),
        ("server api.internal --dns b.internal --if-missing", 1),
        ("show nobody", 1),
        ("server my_host", 2),
        ("server", 2),
        ("nonsense", 2),
        ("list --pki elsewhere", 1),
        ("revoke lab-root", 1),
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let ran = s.run(&words).exits(exit);
        assert_eq!(ran.stdout, "", "`{line}`");
        error().check(&Ordered::parse(&ran.stderr), "").unwrap_or_else(|problem| panic!("`{line}`: {problem}"));
    }
}

/// A certificate reads the same, whoever prints it.
#[test]
fn every_verb_prints_the_same_certificate() {
    let s = lab();
    let issued =
        Ordered::parse(&s.ok(&["server", "api.internal", "--ip", "10.0.0.1", "--if-missing", "--json"]).stdout);
    let shown = Ordered::parse(&s.ok(&["show", "api.internal", "--json"]).stdout);
    assert_eq!(issued.get("certificate"), shown.get("certificate"));
    let listed = Ordered::parse(&s.ok(&["list", "--pem", "--json"]).stdout);
    let listed = listed.get("certificates").items();
    let listed = listed.iter().find(|c| *c.get("name") == Ordered::Text("api.internal".into()));
    assert_eq!(listed, Some(shown.get("certificate")));
    let streamed = s.ok(&["list", "--pem", "--jsonl"]).stdout;
    assert!(streamed.lines().any(|line| Ordered::parse(line) == *shown.get("certificate")));
}
