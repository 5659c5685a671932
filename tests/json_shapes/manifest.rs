//! The shapes of `plan` and `apply`.

use super::shape::Shape::{self, Hex, Loose, Map, Number, Object, Path as PathShape, Text, Word};
use super::shape::{list, nullable};
use crate::common::ordered::Ordered;
use crate::{ACTIONS, PROFILES, certificate, error, item_error, lab, prints, renewed, warnings};

fn plan() -> Shape {
    let step = Loose(vec![
        ("name", false, Text),
        ("profile", false, Word(PROFILES)),
        ("action", false, Word(ACTIONS)),
        ("reason", false, nullable(Text)),
        ("issuer", false, nullable(Text)),
        ("differences", true, list(Object(vec![("field", Text), ("is", Text), ("wished", Text)]))),
        ("cascades", true, list(Text)),
        ("hints", true, list(Text)),
    ]);
    let unmanaged = Object(vec![("name", Text), ("profile", Word(PROFILES)), ("action", Word(&["keep", "revoke"]))]);
    Object(vec![
        ("changes", Number),
        ("summary", Map(Box::new(Number))),
        ("steps", list(step)),
        ("unmanaged", list(unmanaged)),
        ("warnings", warnings()),
    ])
}

fn apply() -> Shape {
    let mut result = renewed();
    result[1].2 = Word(&[
        "created",
        "renewed",
        "reissued",
        "restored",
        "delivered",
        "configured",
        "ran",
        "unchanged",
        "skipped",
        "failed",
    ]);
    let revoked = Object(vec![
        ("name", nullable(Text)),
        ("action", Word(&["revoked"])),
        ("ca", Text),
        ("serial", Hex),
        ("certificate", nullable(certificate(true))),
    ]);
    Loose(vec![
        ("summary", false, Map(Box::new(Number))),
        ("results", false, list(Loose(result))),
        ("pruned", true, list(revoked)),
        ("error", true, item_error()),
        ("warnings", false, warnings()),
    ])
}

#[test]
fn manifests() {
    let s = lab();
    let init = vec![
        ("action", Word(&["written"])),
        ("template", Word(&["lab", "mesh", "postgres", "fleet"])),
        ("files", list(PathShape)),
        ("next", Text),
    ];
    prints(&s, "init --template fleet", 0, &Object(init));
    let cas = "id = \"x\"\n[ca.lab-root]\nname = \"Lab Root\"\nprofile = \"root\"\n[ca.lab-issuing]\nname = \"Lab Issuing\"\nprofile = \"intermediate\"\n";
    let leaf = "[cert.a]\nprofile = \"client\"\n[cert.\"api.internal\"]\nprofile = \"server\"\nip = \"10.0.0.1\"\n";
    s.write("m.toml", format!("{cas}{leaf}"));
    prints(&s, "plan m.toml", 3, &plan());
    prints(&s, "apply m.toml --check", 3, &plan());
    prints(&s, "apply m.toml", 0, &apply());
    prints(&s, "plan m.toml", 0, &plan());
    s.write("m.toml", format!("{cas}{}", leaf.replace("\"client\"", "\"client\"\ndays = 3\nemail = \"a@b.example\"")));
    prints(&s, "plan m.toml", 3, &plan());
    s.ok(&["revoke", "a", "--reason", "certificate-hold"]);
    prints(&s, "apply m.toml", 1, &apply());
    s.ok(&["revoke", "a", "--release"]);
    s.write("m.toml", cas);
    prints(&s, "plan m.toml --prune", 3, &plan());
    prints(&s, "apply m.toml --prune --yes", 0, &apply());
    s.write("m.toml", cas.replace("intermediate\"", "intermediate\"\npermit = \"dns:x\""));
    prints(&s, "plan m.toml", 1, &plan());
    let refused = s.run(&["apply", "m.toml", "--json"]).exits(1);
    error().check(&Ordered::parse(&refused.stderr), "").unwrap();
    s.write("m.toml", "[ca.x]\nprofile = 1\nx = 2\n");
    let refused = s.run(&["apply", "m.toml", "--json"]).exits(1);
    error().check(&Ordered::parse(&refused.stderr), "").unwrap();
}
