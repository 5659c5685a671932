//! The shapes of `status`, `history`, `tree` and `report`.

use super::shape::Shape::{self, Bool, Hex, Loose, Number, Object, Path as PathShape, Text, Time, Word};
use super::shape::{list, nullable};
use crate::common::ordered::Ordered;
use crate::{certificate, lab, prints, warnings};

fn status() -> Shape {
    let due = Object(vec![
        ("kind", Word(&["certificate", "ca", "crl", "past", "delivery", "public", "half-done"])),
        ("name", nullable(Text)),
        ("message", Text),
        ("at", nullable(Time)),
        ("hint", Text),
    ]);
    let finding = Object(vec![
        ("kind", Word(&["ca", "certificate"])),
        ("name", Text),
        ("serial", Hex),
        ("rule", Text),
        ("severity", Word(&["error", "warning"])),
        ("citation", Text),
        ("message", Text),
        ("hint", nullable(Text)),
    ]);
    Object(vec![("due", list(due)), ("findings", list(finding)), ("warnings", warnings())])
}

/// A node of `tree`: a certificate, what is said of a CA, and what is below it; `below` levels of it are looked at.
fn tree_node(below: usize) -> Shape {
    let Object(fields) = certificate(false) else { panic!("a certificate is an object") };
    let mut fields: Vec<_> = fields.into_iter().map(|(name, shape)| (name, false, shape)).collect();
    let month = Object(vec![("month", nullable(Text)), ("certificates", Number)]);
    let counts = ["total", "valid", "expiring", "not_yet_valid", "expired", "revoked", "on_hold", "replaced"];
    let mut leaves: Vec<_> = counts.map(|name| (name, Number)).into();
    leaves.extend([("listed", Bool), ("ends", list(month))]);
    let crl = Object(vec![
        ("state", Word(&["good", "due", "ended", "none"])),
        ("reason", nullable(Text)),
        ("number", nullable(Number)),
        ("next_update", nullable(Time)),
        ("entries", nullable(Number)),
    ]);
    fields.push(("expiring", false, Bool));
    fields.extend([
        ("generation", true, Number),
        ("newest", true, Bool),
        ("key_place", true, Word(&["here", "detached", "foreign"])),
        ("problem", true, nullable(Text)),
        ("crl", true, crl),
        ("leaves", true, Object(leaves)),
    ]);
    fields.push(("children", false, list(if below == 0 { Object(vec![]) } else { tree_node(below - 1) })));
    Loose(fields)
}

/// A node of `tree FILE`.
fn file_node(below: usize) -> Shape {
    let places =
        &["self-signed", "self-issued", "issuer-missing", "not-signed", "loop", "continued", "signed", "unchecked"];
    Object(vec![
        ("number", Number),
        ("copies", Number),
        ("ca", Bool),
        ("serial", Hex),
        ("subject", Text),
        ("issuer", Text),
        ("not_before", Time),
        ("not_after", Time),
        ("sans", list(Object(vec![("type", Text), ("value", Text)]))),
        ("sans_total", Number),
        ("key_algorithm", Text),
        ("signature_algorithm", Text),
        ("path_len", nullable(Number)),
        ("subject_key_id", nullable(Hex)),
        ("authority_key_id", nullable(Hex)),
        ("fingerprint_sha256", Hex),
        ("spki_sha256", Hex),
        ("status", Word(&["valid", "expired", "not-yet-valid"])),
        ("expiring", Bool),
        ("place", Word(places)),
        ("other", nullable(Number)),
        ("repeats", nullable(Word(&["elsewhere", "above"]))),
        ("children", list(if below == 0 { Object(vec![]) } else { file_node(below - 1) })),
    ])
}

fn report() -> Shape {
    Loose(vec![
        ("title", false, Text),
        ("generated_at", false, Time),
        ("authorities", false, Number),
        ("certificates", false, Number),
        ("due", false, Number),
        ("findings", false, Number),
        ("file", false, nullable(PathShape)),
        ("html", true, Text),
        ("warnings", false, warnings()),
    ])
}

fn act() -> Shape {
    Object(vec![("at", Time), ("action", Text), ("name", nullable(Text)), ("detail", Text)])
}

#[test]
fn status_and_history() {
    let s = lab();
    prints(&s, "status", 0, &status());
    s.ok(&["client", "late", "--not-before", &s.time(-100), "--not-after", &s.time(20)]);
    s.ok(&["revoke", "c", "--no-crl"]);
    prints(&s, "status", 3, &status());
    prints(&crate::common::hostile::adopted("example.org"), "status", 3, &status());
    let told = Object(vec![("acts", list(act())), ("warnings", warnings())]);
    prints(&s, "history", 0, &told);
    prints(&s, "history c", 0, &told);
    for line in s.ok(&["history", "--jsonl"]).stdout.lines() {
        act().check(&Ordered::parse(line), "").unwrap();
    }
}

#[test]
fn trees_and_reports() {
    let s = lab();
    let tree = Object(vec![("tree", list(tree_node(3))), ("warnings", warnings())]);
    prints(&s, "tree", 0, &tree);
    prints(&s, "tree --leaves", 0, &tree);
    let unreadable = Object(vec![("number", Number), ("line", nullable(Number)), ("problem", Text)]);
    let file = Object(vec![
        ("tree", list(file_node(3))),
        ("certificates", Number),
        ("others", Number),
        ("unreadable", list(unreadable)),
        ("warnings", warnings()),
    ]);
    prints(&s, "tree pki/certs/c/fullchain.pem", 0, &file);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    s.write("mixed.pem", s.text("pki/ca/lab-root/cert.pem") + &s.text("pki/certs/c/fullchain.pem") + broken);
    prints(&s, "tree mixed.pem", 0, &file);
    prints(&s, "report", 0, &report());
    prints(&s, "report --output pki.html", 0, &report());
}
