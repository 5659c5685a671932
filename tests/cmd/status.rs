//! `status` and `history`: what is due, and what was done.

use crate::common::{DAY, Sandbox, hostile};
use serde_json::Value;

/// Kind and name of what is due. `status` changes nothing.
fn due(s: &Sandbox, more: &[&str]) -> Vec<(String, String)> {
    let before = s.state();
    let ran = s.run(&[&["status", "--json"], more].concat());
    let object = ran.object();
    let all = object["due"].as_array().unwrap();
    ran.exits(if all.is_empty() { 0 } else { 3 });
    before.assert_unchanged(&s.state(), "status");
    let text = |v: &Value| v.as_str().unwrap_or("-").to_string();
    all.iter().map(|d| (text(&d["kind"]), text(&d["name"]))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

#[test]
fn nothing_is_due_at_first() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    assert_eq!(due(&s, &[]), []);
    s.ok(&["status"]).says("nothing is due");
}

#[test]
fn what_ends_comes_by_urgency_and_what_ended_long_ago_is_given_up() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-3000 * DAY), "--lifetime", "3600d"]);
    let leaf = |name: &str, from: i64, to: i64| {
        s.ok(&["client", name, "--not-before", &s.time(from * DAY), "--not-after", &s.time(to * DAY)]);
    };
    leaf("fresh", -1, 100);
    leaf("soon", -80, 10);
    leaf("sooner", -80, 5);
    leaf("ended", -100, -10);
    leaf("given-up", -200, -100);
    leaf("revoked", -80, 10);
    leaf("held", -80, 10);
    s.ok(&["revoke", "revoked", "--reason", "superseded"]);
    s.ok(&["revoke", "held", "--reason", "certificate-hold"]);
    let expected = [("ca", "lab-root"), ("certificate", "ended"), ("certificate", "sooner"), ("certificate", "soon")];
    let found = due(&s, &[]);
    assert_eq!(found[0], pairs(&expected)[0]);
    let mut names: Vec<_> = found[1..].to_vec();
    names.sort();
    let mut wanted = pairs(&expected[1..]);
    wanted.sort();
    assert_eq!(names, wanted);
    assert_eq!(due(&s, &["--within", "7d"]), pairs(&[("certificate", "ended"), ("certificate", "sooner")]));
    // Never more than the last third of a life.
    assert_eq!(due(&s, &["--within", "10000d"]), found);
    s.run(&["status"]).exits(3).prints("client `sooner` ends").says("`rootlet renew sooner`").says("4 things are due");
    s.refuses(&["status", "--within", "30"], 2, "invalid-value");
    s.refuses(&["status", "--pki", "nowhere"], 1, "no-pki");
    // Renewed, it is due no more.
    s.ok(&["client", "sooner", "--renew-within"]);
    assert!(!due(&s, &[]).contains(&pairs(&expected)[2]));
}

/// Long before it runs out, also where the key lies elsewhere.
#[test]
fn a_crl_is_due_in_its_last_third() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    s.ok(&["revoke", "api.internal", "--no-crl"]);
    assert_eq!(due(&s, &[]), pairs(&[("crl", "lab-issuing")]));
    std::fs::rename(s.path("pki/ca/lab-issuing/key.pem"), s.path("elsewhere.pem")).unwrap();
    assert_eq!(due(&s, &[]), pairs(&[("crl", "lab-issuing")]));
    std::fs::rename(s.path("elsewhere.pem"), s.path("pki/ca/lab-issuing/key.pem")).unwrap();
    s.ok(&["crl", "--due"]);
    assert_eq!(due(&s, &[]), []);
}

/// What was made elsewhere is held against the rules; what was issued here passed them before it was signed.
#[test]
fn findings_of_what_was_adopted() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    let none = s.json(&["status"]);
    assert_eq!(none["findings"], Value::Array(vec![]));
    let s = hostile::adopted("example.org");
    let ran = s.run(&["status", "--json"]).exits(3);
    let object = ran.object();
    assert_eq!(object["due"], Value::Array(vec![]));
    let findings = object["findings"].as_array().unwrap();
    let weights: Vec<&str> = findings.iter().map(|f| f["severity"].as_str().unwrap()).collect();
    assert!(
        weights.contains(&"error") && weights.is_sorted_by_key(|w| *w == "warning"),
        "errors come first: {weights:?}"
    );
    assert!(findings.iter().all(|f| f["citation"].as_str().is_some_and(|c| !c.is_empty())));
    let told = s.run(&["status"]).exits(3).says("nothing is due").says("`--allow RULE` accepts");
    assert!(told.stdout.chars().all(|c| c == '\n' || !c.is_control()), "{told}");
    // Errors alone make it say no, and those of rules that were accepted do not.
    let mut rules: Vec<&str> =
        findings.iter().filter(|f| f["severity"] == "error").map(|f| f["rule"].as_str().unwrap()).collect();
    rules.sort_unstable();
    rules.dedup();
    let (last, others) = rules.split_last().unwrap();
    fn allowing<'a>(rules: &[&'a str]) -> Vec<&'a str> {
        let options = rules.iter().flat_map(|r| ["--allow", *r]);
        ["status", "--json"].into_iter().chain(options).collect()
    }
    let left = s.run(&allowing(others)).exits(3).object();
    assert!(left["findings"].as_array().unwrap().iter().all(|f| f["severity"] == "warning" || f["rule"] == *last));
    s.run(&allowing(&rules)).exits(0);
    s.refuses(&["status", "--allow", "no-such-rule"], 2, "usage");
    s.refuses(&["status", "--allow", "no-such-rule", "--pki", "nowhere"], 2, "usage");
}

/// A leaf that came with its key is judged as one that came without.
#[test]
fn findings_of_what_came_with_its_key() {
    let s = Sandbox::new();
    hostile::write(&s, "example.org");
    s.ok(&["import", "hostile", "--cert-file", "hostile.pem", "--key-file", "hostile.key", "--no-past"]);
    s.ok(&["import", "leaf", "--cert-file", "leaf-0.pem", "--key-file", "leaf-0.key"]);
    let findings = s.run(&["status", "--json"]).exits(3).object()["findings"].clone();
    assert!(findings.as_array().unwrap().iter().any(|f| f["name"] == "leaf"), "{findings}");
}

/// What has ended, or is revoked, is nobody's concern.
#[test]
fn findings_are_of_what_is_in_use() {
    let s = hostile::adopted("example.org");
    let of = |name: &str| {
        let object = s.run(&["status", "--json"]).object();
        object["findings"].as_array().unwrap().iter().filter(|f| f["name"] == name).count()
    };
    assert!(of("leaf-0") > 0);
    s.ok(&["revoke", "leaf-0"]);
    assert_eq!(of("leaf-0"), 0);
}

/// Whoever looks at CRLs refuses what a revoked CA issued.
#[test]
fn what_is_in_use_below_a_revoked_ca_is_due() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["intermediate", "Second", "--issuer", "lab-root"]);
    s.ok(&["server", "a.internal", "--issuer", "second"]);
    s.ok(&["server", "b.internal", "--issuer", "second"]);
    s.ok(&["client", "c", "--issuer", "lab-issuing"]);
    s.ok(&["revoke", "second"]);
    assert_eq!(due(&s, &[]), pairs(&[("ca", "second")]));
    s.run(&["status"])
        .exits(3)
        .prints("2 certificates are in use, `a.internal` among them, below `second`, which is revoked");
    s.ok(&["server", "a.internal", "--issuer", "lab-issuing", "--force"]);
    s.run(&["status"]).exits(3).prints("`b.internal` is in use below `second`");
    // Revoked themselves, or issued again below another CA, they are in use no more.
    s.ok(&["revoke", "b.internal", "--no-crl"]);
    assert_eq!(due(&s, &[]), []);
}

#[test]
fn what_a_dead_command_left_is_due() {
    let s = Sandbox::with_issuing_ca();
    std::fs::create_dir(s.path("pki/pending/0a0b")).unwrap();
    assert_eq!(due(&s, &[]), pairs(&[("half-done", "0a0b")]));
    s.ok(&["doctor", "--repair"]);
    assert_eq!(due(&s, &[]), []);
}

#[test]
fn history_tells_what_was_done_in_order() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    s.ok(&["server", "api.internal", "--force"]);
    s.ok(&["revoke", "api.internal", "--reason", "superseded"]);
    let told = |more: &[&str]| {
        let object = s.json(&[&["history"], more].concat());
        let act = |a: &Value| format!("{} {}", a["action"].as_str().unwrap(), a["name"].as_str().unwrap_or("-"));
        object["acts"].as_array().unwrap().iter().map(act).collect::<Vec<_>>()
    };
    let of_api = ["created api.internal", "reissued api.internal", "revoked api.internal", "revoked api.internal"];
    assert_eq!(told(&["api.internal"]), of_api);
    let all = told(&[]);
    assert_eq!(all[..2], ["created lab-root", "created lab-issuing"]);
    assert_eq!(told(&["--last", "2"]), all[all.len() - 2..]);
    assert_eq!(told(&["--since", &s.time(3600)]), [] as [&str; 0]);
    assert_eq!(s.ok(&["history", "--jsonl"]).stdout.lines().count(), all.len());
    let text = s.ok(&["history", "API.internal", "--last", "1"]).stdout;
    assert!(text.contains("revoked") && text.trim_end().ends_with("superseded"), "{text}");
    s.refuses(&["history", "nobody"], 1, "not-found");
    s.refuses(&["history", "--since", "yesterday"], 2, "invalid-value");
    s.refuses(&["history", "--jsonl"], 2, "usage");
}
