//! What could not be issued is refused by `plan` already, in the words of the command that would issue it.

use super::manifest::{LAB, applied, done, map, planned};
use crate::common::{DAY, Sandbox};
use serde_json::Value;
use std::fs;

fn step(plan: &Value, name: &str) -> Value {
    plan["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap().clone()
}

/// An entry `x` of a manifest, and the command that asks for the same.
type Case<'a> = (&'a str, &'a [&'a str], &'a str);

/// With a PKI, and with none: what is refused of a CA that exists is refused of one that is planned.
#[test]
fn in_the_words_of_the_command() {
    let end = "not_after = 2040-01-01T00:00:00Z";
    let cases: [Case<'_>; 8] = [
        ("profile = 'server'\nname = 'x.example'", &["server", "x.example"], "issuer-limits"),
        (
            "profile = 'server'\nname = 'x.internal'\ndns = ['y.example']",
            &["server", "x.internal", "--dns", "y.example"],
            "issuer-limits",
        ),
        (
            &format!("profile = 'client'\n{end}"),
            &["client", "x", "--not-after", "2040-01-01T00:00:00Z"],
            "outlives-issuer",
        ),
        ("profile = 'client'\nlifetime = '30y'", &["client", "x", "--lifetime", "30y"], "outlives-issuer"),
        (
            "profile = 'client'\nnot_before = 2001-01-01T00:00:00Z",
            &["client", "x", "--not-before", "2001-01-01T00:00:00Z"],
            "outlives-issuer",
        ),
        (
            "profile = 'client'\nout = 'd'\nowner = 'nobody-of-that-name'",
            &["client", "x", "--out-dir", "d", "--owner", "nobody-of-that-name"],
            "unknown-owner",
        ),
        ("profile = 'client'\nout = 'pki/certs/d'", &["client", "x", "--out-dir", "pki/certs/d"], "delivery-inside"),
        ("profile = 'client'\nout = 'theirs'", &["client", "x", "--out-dir", "theirs"], "exists"),
    ];
    for (entry, command, code) in cases {
        let words = [command, &["--name", "x", "--issuer", "issuing"]].concat();
        let alone = Sandbox::new();
        alone.write("theirs/cert.pem", "");
        alone.write("lab.toml", LAB);
        alone.ok(&["apply", "lab.toml"]);
        let error = alone.refuses(&words, 1, code);
        for exists in [true, false] {
            let s = Sandbox::new();
            s.write("theirs/cert.pem", "");
            s.write("lab.toml", LAB);
            if exists {
                s.ok(&["apply", "lab.toml"]);
            }
            let name = if entry.contains("name =") { "" } else { "name = 'x'\n" };
            s.write(
                "lab.toml",
                format!("{LAB}[cert.entry]\nissuer = 'issuing'\n{name}{entry}\n").replace("[cert.entry]", "[cert.x]"),
            );
            let plan = s.run(&["plan", "lab.toml", "--json"]).exits(1).object();
            let x = plan["steps"].as_array().unwrap().last().unwrap().clone();
            let said = (&x["action"], plain(&s, &x["reason"]), plain(&s, &x["hints"]));
            let (message, hints) = (plain(&alone, &error["message"]), plain(&alone, &error["hints"]));
            assert_eq!(said.0, "refused", "{entry}: {plan}");
            assert_eq!(said.1, message, "{entry}");
            match entry.contains("out = ") {
                // A manifest has keys where a command has options.
                true => assert!(!said.2.contains("--") && said.2 != hints, "{entry}: {}", said.2),
                false => assert_eq!(said.2, hints, "{entry}"),
            }
            assert_eq!(s.path("pki").exists(), exists);
            let outcome = s.run(&["apply", "lab.toml", "--json"]).exits(1).object();
            let last = outcome["results"].as_array().unwrap().last().unwrap();
            assert_eq!((&last["action"], &last["error"]["code"]), (&"failed".into(), &code.into()), "{entry}");
            assert_eq!(plain(&s, &last["error"]["message"]), plain(&s, &x["reason"]), "{entry}");
            assert_eq!(plain(&s, &last["error"]["hints"]), plain(&s, &x["hints"]), "{entry}");
        }
    }
}

/// A text without the folder in which it was said, and the time.
fn plain(s: &Sandbox, value: &Value) -> String {
    // No hints, and no key for them.
    let text = if value.is_null() { "[]".into() } else { value.to_string() };
    let text = text.replace(&*s.path("").to_string_lossy(), "");
    text.split(' ').map(|w| if w.contains("20") && w.contains('T') && w.contains(':') { "TIME" } else { w }).collect()
}

#[test]
fn a_ca_without_a_passphrase() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB.replace("permit =", "encrypt_key = true\npermit ="));
    let plan = s.run(&["plan", "lab.toml", "--json"]).exits(1).object();
    let issuing = step(&plan, "issuing");
    assert_eq!(issuing["action"], "refused");
    let error = s.refuses(&["root", "x", "--encrypt-key", "--pki", "other"], 1, "passphrase");
    assert_eq!(issuing["reason"], error["message"].as_str().unwrap().replace("`x`", "`issuing`"));
    assert_eq!(issuing["hints"], error["hints"]);
    s.write("pass", "correct horse\n");
    s.set_mode("pass", 0o600);
    assert_eq!(
        s.run(&["plan", "lab.toml", "--passphrase-file", "pass", "--json"]).exits(3).object()["summary"]["create"],
        4
    );
    s.refuses(&["root", "x", "--encrypt-key", "--pki", "other", "--passphrase-file", "none"], 1, "io");
    let plan = s.run(&["plan", "lab.toml", "--passphrase-file", "none", "--json"]).exits(1).object();
    assert!(step(&plan, "issuing")["reason"].as_str().unwrap().contains("none"), "{plan}");
}

/// What stands below a CA that is about to change is judged by the CA as it will be.
#[test]
fn below_a_ca_as_it_will_be() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.write("lab.toml", LAB.replace("dns:internal", "dns:lab"));
    let found = planned(&s, &["lab.toml", "--replace-ca", "issuing"]);
    assert_eq!(found, map([("a.internal", "refused"), ("alice", "cascade"), ("issuing", "replace")]));
    let outcome = s.run(&["apply", "lab.toml", "--replace-ca", "issuing", "--json"]).exits(1).object();
    assert_eq!(done(&outcome)["a.internal"], "failed");
    // A CA that ended and is renewed issues again.
    let s = Sandbox::new();
    s.ok(&["root", "r", "--not-before", &s.time(-300 * DAY), "--lifetime", "299d"]);
    s.write(
        "m.toml",
        "[ca.r]\nprofile = 'root'\n[cert.x]\nprofile = 'client'\n[ca.i]\nprofile = 'intermediate'\nissuer = 'r'\n",
    );
    assert_eq!(planned(&s, &["m.toml"]), map([("r", "renew"), ("i", "create"), ("x", "create")]));
    assert_eq!(applied(&s, &["m.toml"]).len(), 3);
}

/// A name that waits for its certificate, a folder of nobody, a subject that another CA has, a CA whose key is away.
#[test]
fn what_stands_in_the_way() {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s.ok(&["request", "w", "--profile", "client"]);
    s.write("pki/certs/f/note", "");
    s.write("pki/ca/g/note", "");
    s.ok(&["intermediate", "Away", "--issuer", "lab-root", "--path-len", "0"]);
    s.ok(&["key", "detach", "away", "--output", "away.key"]);
    let more = "[cert.w]\nprofile = 'server'\nname = 'w.internal'\n[cert.f]\nprofile = 'client'\n[ca.g]\nprofile = 'root'\n[ca.h]\nprofile = 'root'\nname = 'Away'\n[cert.k]\nprofile = 'client'\nissuer = 'away'\n";
    s.write("lab.toml", format!("{LAB}{more}"));
    let found = planned(&s, &["lab.toml"]);
    assert_eq!(
        found,
        map([("f", "refused"), ("g", "refused"), ("h", "refused"), ("k", "refused"), ("w", "refused")]),
        "{found:?}"
    );
    let outcome = s.run(&["apply", "lab.toml", "--json"]).exits(1).object();
    let codes: Vec<_> =
        outcome["results"].as_array().unwrap().iter().filter_map(|r| r["error"]["code"].as_str()).collect();
    assert_eq!(codes, ["exists", "subject-taken", "name-taken", "exists", "issuer-unusable"]);
    s.run(&["plan", "lab.toml", "--issuer-key-file", "away=away.key"]).exits(1).prints("k ");
    fs::remove_dir_all(s.path("pki/ca/g")).unwrap();
    assert_eq!(planned(&s, &["lab.toml", "--issuer-key-file", "away=away.key"])["k"], "create");
    assert_eq!(planned(&s, &["lab.toml", "--issuer-key-file", "away=away.key"])["g"], "create");
}

/// Nothing is planned below a CA that is refused, however far below, in a PKI and where there is none yet.
#[test]
fn below_a_ca_that_is_refused() {
    // `i` would outlive its issuer.
    let text = "[ca.r]\nprofile = 'root'\npermit = ['dns:internal']\n[ca.i]\nprofile = 'intermediate'\nissuer = 'r'\nnot_after = 2099-01-01T00:00:00Z\npath_len = 1\n[ca.j]\nprofile = 'intermediate'\nissuer = 'i'\n[cert.x]\nprofile = 'client'\nissuer = 'j'\n[cert.y]\nprofile = 'client'\nissuer = 'r'\n";
    for exists in [false, true] {
        let s = Sandbox::new();
        s.write("m.toml", text);
        if exists {
            s.write("r.toml", &text[..text.find("[ca.i]").unwrap()]);
            s.ok(&["apply", "r.toml"]);
        }
        let plan = s.run(&["plan", "m.toml", "--json"]).exits(1).object();
        let created = if exists { 1 } else { 2 };
        assert_eq!((&plan["summary"]["refused"], &plan["summary"]["create"]), (&3.into(), &created.into()), "{plan}");
        for (name, issuer) in [("j", "i"), ("x", "j")] {
            let step = step(&plan, name);
            assert_eq!((&step["action"], &step["issuer"]), (&"refused".into(), &issuer.into()), "{step}");
            assert_eq!(step["reason"], format!("its issuer `{issuer}` is refused"));
            assert_eq!(step["hints"][0], format!("mend what is said of `{issuer}` first"));
        }
        assert!(step(&plan, "i")["reason"].as_str().unwrap().contains("it would end"), "{plan}");
        s.run(&["plan", "m.toml"]).exits(1).says("3 refused").prints("! refused   client x: its issuer `j` is refused");
        let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
        assert_eq!(outcome["summary"], plan["summary"]);
        let mut all = map([("i", "failed"), ("j", "skipped"), ("x", "skipped"), ("y", "created")]);
        all.extend((!exists).then(|| ("r".into(), "created".into())));
        assert_eq!(done(&outcome), all);
        let results = outcome["results"].as_array().unwrap();
        let x = results.iter().find(|r| r["name"] == "x").unwrap();
        assert_eq!((&x["reason"], &x["error"]), (&"its issuer `j` is refused".into(), &Value::Null), "{x}");
    }
    // What is further below one that is there is judged by it as it is.
    let s = Sandbox::new();
    let text = text.replace("not_after = 2099-01-01T00:00:00Z\n", "");
    s.write("m.toml", &text);
    s.ok(&["apply", "m.toml"]);
    s.ok(&["revoke", "i", "--reason", "certificate-hold"]);
    s.write("m.toml", format!("{text}[cert.new]\nprofile = 'client'\nissuer = 'j'\n"));
    let plan = s.run(&["plan", "m.toml", "--json"]).exits(1).object();
    assert_eq!(step(&plan, "i")["reason"], "it is on hold");
    let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
    let new = outcome["results"].as_array().unwrap().iter().find(|r| r["name"] == "new").unwrap().clone();
    assert_eq!(step(&plan, "new")["action"], "refused", "{plan}");
    assert_eq!((&new["action"], &new["error"]["message"]), (&"failed".into(), &step(&plan, "new")["reason"]), "{new}");
}
