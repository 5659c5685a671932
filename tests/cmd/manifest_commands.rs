//! `exec`: the commands that run after changes, and those that are still to run.

use super::manifest::{applied, done, map, planned, settles};
use crate::common::Sandbox;
use serde_json::{Value, json};

#[test]
fn commands_run_after_changes_and_once_each() {
    let s = Sandbox::new();
    let command = "echo $ROOTLET_NAME >> log";
    s.write("m.toml", format!("[defaults.cert]\nexec = '{command}'\n[ca.r]\nprofile = \"root\"\n[cert.a]\nprofile = \"client\"\n[cert.b]\nprofile = \"client\"\n[cert.c]\nprofile = \"client\"\nexec = 'exit 7'\n"));
    let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
    assert_eq!(s.text("log"), "a\n", "once for each distinct command");
    let c = outcome["results"].as_array().unwrap().iter().find(|r| r["name"] == "c").unwrap();
    assert_eq!((&c["action"], &c["error"]["code"]), (&json!("created"), &json!("exec")));
    // One that failed is due, and nothing but that.
    assert_eq!(planned(&s, &["m.toml"]), map([("c", "run")]));
    s.run(&["plan", "m.toml"]).exits(3).prints("`exit 7` has not succeeded since it changed").says("1 to run");
    let due = s.run(&["status", "--json"]).exits(3).object()["due"].clone();
    assert_eq!(due.as_array().unwrap().len(), 1, "{due}");
    assert_eq!((&due[0]["kind"], &due[0]["name"]), (&json!("command"), &json!("c")));
    let serial = s.field("c", "serial");
    let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
    assert_eq!(done(&outcome), map([("c", "failed")]));
    let ran = s.run(&["apply", "m.toml"]).exits(1).says("the command after it failed");
    assert_eq!(ran.stdout, "", "it did not run with success");
    let text = s.text("m.toml");
    s.write("m.toml", text.replace("exit 7", "echo $ROOTLET_ACTION >> log"));
    assert_eq!(applied(&s, &["m.toml"]), map([("c", "ran")]));
    assert_eq!((s.text("log"), s.field("c", "serial")), ("a\nran\n".to_string(), serial));
    settles(&s, "m.toml");
    s.ok(&["status"]);
    assert_eq!(s.text("log"), "a\nran\n", "nothing changed, nothing runs");
}

/// What people are told of is not held, but for what the command of each is told.
#[test]
fn commands_run_with_their_files_for_people_and_for_scripts() {
    for json in [&[][..], &["--json"]] {
        let s = Sandbox::new();
        let leaves: String = ["a", "b"].map(|n| format!("[cert.{n}]\nprofile = 'client'\n")).concat();
        let command = "echo $ROOTLET_NAME $ROOTLET_ACTION $ROOTLET_CERT >> log";
        s.write("m.toml", format!("[defaults.cert]\nexec = '{command}'\n[ca.r]\nprofile = 'root'\n{leaves}"));
        s.ok(&[&["apply", "m.toml"], json].concat());
        let cert = s.path("pki/certs/a/cert.pem");
        assert_eq!(s.text("log"), format!("a created {}\n", cert.display()), "{json:?}");
        settles(&s, "m.toml");
    }
}

/// Who fails for one fails for all whose command it is; what is no longer declared is forgotten.
#[test]
fn commands_that_are_still_to_run() {
    let s = Sandbox::new();
    let text = "[defaults.cert]\nexec = 'test -e ready && echo $ROOTLET_NAME >> log'\n[ca.r]\nprofile = \"root\"\n[cert.a]\nprofile = \"client\"\n[cert.b]\nprofile = \"client\"\n";
    s.write("m.toml", text);
    s.run(&["apply", "m.toml"]).exits(1).says("`a` is in place, but the command after it failed");
    assert_eq!(planned(&s, &["m.toml"]), map([("a", "run"), ("b", "run")]));
    let ran = s.run(&["apply", "m.toml"]).exits(1).says("`a` is in place, but the command after it failed");
    assert_eq!(ran.stdout, "");
    let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
    assert_eq!(done(&outcome), map([("a", "failed"), ("b", "failed")]));
    let errors: Vec<_> = outcome["results"].as_array().unwrap().iter().map(|r| &r["error"]["code"]).collect();
    assert_eq!(errors, [&Value::Null, &json!("exec"), &json!("exec")], "each says why");
    // What is changed anyway runs it once, for both.
    s.write("ready", "");
    s.ok(&["renew", "b"]);
    s.ok(&["apply", "m.toml"]);
    assert_eq!(s.text("log"), "a\n");
    settles(&s, "m.toml");
    // Killed before it: the command is still to run.
    std::fs::remove_file(s.path("ready")).unwrap();
    s.write("m.toml", text.replace("[cert.a]", "[cert.a]\nlifetime = '30d'"));
    s.run(&["apply", "m.toml"]).exits(1);
    s.write(
        "m.toml",
        text.replace("[cert.a]", "[cert.a]\nlifetime = '30d'")
            .replace("[defaults.cert]\nexec = 'test -e ready && echo $ROOTLET_NAME >> log'\n", ""),
    );
    assert_eq!(planned(&s, &["m.toml"]), map([("a", "run")]));
    s.run(&["plan", "m.toml"]).exits(3).prints("no longer declared");
    assert_eq!(applied(&s, &["m.toml"]), map([]));
    settles(&s, "m.toml");
    s.ok(&["status"]);
    // What is refused, or fails, owes nothing.
    s.write(
        "m.toml",
        format!("{text}[cert.z]\nprofile = \"client\"\nlifetime = \"40y\"\n")
            .replace("[cert.a]", "[cert.a]\nlifetime = '30d'"),
    );
    s.run(&["apply", "m.toml"]).exits(1);
    s.ok(&["status"]);
}

/// Killed after something was issued, and before its command ran: the next one runs it.
#[test]
fn a_command_outlives_the_apply_that_was_killed() {
    let s = Sandbox::new();
    s.write("m.toml", "[ca.r]\nprofile = \"root\"\n[cert.a]\nprofile = \"client\"\nexec = 'test -e ready || kill -9 $PPID; echo x >> log'\n");
    assert!(!s.command(&["apply", "m.toml"]).output().unwrap().status.success());
    assert!(s.path("pki/certs/a").exists());
    assert_eq!(planned(&s, &["m.toml"]), map([("a", "run")]));
    s.write("ready", "");
    let before = s.path("log").exists();
    assert_eq!(applied(&s, &["m.toml"]), map([("a", "ran")]));
    assert_eq!(s.text("log").lines().count(), 1 + usize::from(before));
    settles(&s, "m.toml");
}
