//! Failing when something is due: every exit code of the table.

use std::fs;

use super::super::program::{Ran, present, run};
use super::super::python::PYTHON;
use super::page::Recipe;
use super::place::{Place, Snapshot};

/// With the manifest of another recipe, whose leaves live for 90 days.
fn place() -> Option<Place> {
    if !present(&[&PYTHON]) {
        return None;
    }
    let place = Place::of(&Recipe::called("Failing when something is due"));
    fs::write(place.at("k8s.toml"), Recipe::called("Kubernetes secrets").file("k8s.toml")).expect("a file");
    Some(place)
}

#[track_caller]
fn python(place: &Place, arguments: &[&str], code: i32) -> Ran {
    let ran = run(place.command("python3").args(arguments));
    assert_eq!(ran.code, Some(code), "{ran}");
    assert_eq!(ran.stderr, "", "{ran}");
    ran
}

#[track_caller]
fn says(place: &Place, arguments: &[&str], code: i32) -> Ran {
    let ran = place.rootlet(arguments);
    assert_eq!(ran.code, Some(code), "{ran}");
    ran
}

#[test]
fn nothing_is_due() {
    let Some(place) = place() else { return };
    place.rootlet(&["apply", "k8s.toml"]).succeeds();
    let before = Snapshot::of(&place.at("pki"));
    assert_eq!(python(&place, &["due.py"], 0).stdout, "");
    assert_eq!(python(&place, &["todo.py", "k8s.toml"], 0).stdout, "");
    says(&place, &["apply", "k8s.toml", "--check"], 0);
    says(&place, &["apply", "k8s.toml"], 0);
    before.assert_same(&Snapshot::of(&place.at("pki")), "asking");
}

#[test]
fn something_is_due() {
    let Some(place) = place() else { return };
    let all = python(&place, &["todo.py", "k8s.toml"], 3);
    assert_eq!(all.stdout.lines().filter(|line| line.starts_with("create: ")).count(), 4, "{all}");
    place.apply_long_ago("k8s.toml", 75);
    let before = Snapshot::of(&place.at("pki"));
    for _ in 0..2 {
        let due = python(&place, &["due.py"], 3);
        assert_eq!(due.stdout.lines().count(), 2, "{due}");
        assert!(due.stdout.contains("due: certificate orders, 20"), "{due}");
        assert!(due.stdout.contains("`rootlet renew orders`"), "{due}");
        let todo = python(&place, &["todo.py", "k8s.toml"], 3);
        assert!(todo.stdout.contains("renew: server api.prod.svc: it ends in 1"), "{todo}");
        says(&place, &["apply", "k8s.toml", "--check"], 3);
    }
    before.assert_same(&Snapshot::of(&place.at("pki")), "asking");
    says(&place, &["apply", "k8s.toml"], 0);
    python(&place, &["due.py"], 0);

    if super::yaml::present() {
        let job = &super::yaml::read(&place.at(".gitlab-ci.yml"))["due"];
        assert_eq!(job["script"], serde_json::json!(["python3 due.py"]));
        assert_eq!(job["allow_failure"]["exit_codes"], 3, "what is due only warns");
    }
}

#[test]
fn a_fault_is_no_answer() {
    let Some(place) = place() else { return };
    let none = python(&place, &["due.py"], 1);
    assert!(none.stdout.starts_with("cannot tell: ") && none.stdout.ends_with("(no-pki)\n"), "{none}");
    python(&place, &["todo.py", "missing.toml"], 1);
    fs::write(place.at("wrong.toml"), "[cert.a]\nprofile = \"banana\"\n").expect("a file can be written");
    let wrong = python(&place, &["todo.py", "wrong.toml"], 1);
    assert!(wrong.stdout.contains("wrong.toml:2"), "{wrong}");
    for wrong in [&["status", "--within", "banana"][..], &["plan", "--banana"], &["apply", "--check", "--yes", "--x"]] {
        says(&place, wrong, 2);
    }
    let usage = python(&place, &["todo.py"], 2);
    assert!(usage.stdout.ends_with("(usage)\n"), "{usage}");

    // A step that is refused: a CA that is another one now.
    place.rootlet(&["apply", "k8s.toml"]).succeeds();
    let manifest = place.text("k8s.toml").replace("CN=Cluster Issuing CA", "CN=Other CA");
    fs::write(place.at("k8s.toml"), manifest).expect("a file can be written");
    let refused = python(&place, &["todo.py", "k8s.toml"], 1);
    assert!(refused.stdout.contains("refused: intermediate cluster-issuing: "), "{refused}");
    says(&place, &["apply", "k8s.toml"], 1);
}
