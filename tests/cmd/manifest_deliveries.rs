//! What a manifest says of where files are delivered.

use super::manifest::{LAB, applied, done, map, planned, settles};
use crate::common::Sandbox;
use serde_json::{Value, json};
use std::fs;

#[test]
fn deliveries() {
    let s = Sandbox::new();
    s.write("conf/m.toml", "[ca.r]\nprofile = \"root\"\n[cert.\"${each}\"]\nfor_each = [\"a\", \"b\"]\nprofile = \"client\"\nout = \"../deploy/${each}\"\nkey_mode = \"0640\"\n");
    let made = s.json(&["apply", "conf/m.toml"]);
    assert_eq!(done(&made).len(), 3);
    assert_eq!(s.mode("deploy/a/key.pem"), 0o640);
    settles(&s, "conf/m.toml");
    fs::remove_file(s.path("deploy/a/ca.pem")).unwrap();
    fs::write(s.path("deploy/b/key.pem"), "x").unwrap();
    assert_eq!(planned(&s, &["conf/m.toml"]), map([("a", "deliver"), ("b", "deliver")]));
    assert_eq!(applied(&s, &["conf/m.toml"]), map([("a", "delivered"), ("b", "delivered")]));
    assert_eq!(s.bytes("deploy/b/key.pem"), s.bytes("pki/certs/b/key.pem"));
    settles(&s, "conf/m.toml");
    let text = s.text("conf/m.toml").replace("0640", "0600");
    s.write("conf/m.toml", text);
    assert_eq!(applied(&s, &["conf/m.toml"]), map([("a", "delivered"), ("b", "delivered")]));
    assert_eq!(s.mode("deploy/a/key.pem"), 0o600);
    settles(&s, "conf/m.toml");
}

#[test]
fn a_delivery_that_fails() {
    let s = Sandbox::new();
    s.write("m.toml", "[ca.r]\nprofile = \"root\"\n[cert.a]\nprofile = \"client\"\nout = \"file/tls\"\n");
    s.write("file", "");
    let outcome = s.run(&["apply", "m.toml", "--json"]).exits(1).object();
    let error = outcome["results"][1]["error"].clone();
    assert!(error["message"].as_str().unwrap().starts_with("`a` was issued, but not delivered: "), "{error}");
    assert_eq!(error["hints"], json!(["mend that, and run `rootlet apply` again: it delivers what is missing"]));
    fs::remove_file(s.path("file")).unwrap();
    s.ok(&["apply", "m.toml"]);
    assert_eq!(s.bytes("file/tls/key.pem"), s.bytes("pki/certs/a/key.pem"));
    settles(&s, "m.toml");
}

/// What a manifest asked for, and asks for no longer, is forgotten; what a command asked for stays.
#[test]
fn folders_that_are_no_longer_declared() {
    let s = Sandbox::new();
    let text = |out: &str| format!("[ca.r]\nprofile = \"root\"\n[cert.a]\nprofile = \"client\"\n{out}");
    let newest = |s: &Sandbox, folder: &str| s.bytes(&format!("{folder}/cert.pem")) == s.bytes("pki/certs/a/cert.pem");
    let warned = |outcome: &Value| outcome["results"][1]["warnings"].clone();
    s.write("m.toml", text("out = 'old'\n"));
    s.ok(&["apply", "m.toml"]);
    s.ok(&["client", "a", "--if-missing", "--out-dir", "typed"]);
    settles(&s, "m.toml");
    let deploy = ["m.toml", "--out-dir", "deploy"];
    assert_eq!(planned(&s, &deploy), map([]), "it has a folder of its own");

    // Nothing else is due.
    s.write("m.toml", text("out = 'new'\n"));
    let plan = s.run(&["plan", "m.toml", "--json"]).exits(3).object();
    let reason = plan["steps"][1]["reason"].as_str().unwrap();
    assert!(
        reason.contains("to be in") && reason.contains(", and no longer in") && reason.ends_with("old"),
        "{reason}"
    );
    let outcome = s.json(&["apply", "m.toml"]);
    assert_eq!(done(&outcome), map([("a", "delivered")]));
    assert_eq!(warned(&outcome)[0]["code"], "delivery-forgotten", "{outcome}");
    settles(&s, "m.toml");
    s.ok(&["renew", "a"]);
    assert_eq!(["old", "new", "typed"].map(|f| newest(&s, f)), [false, true, true]);
    assert_eq!(s.names("old").len(), 4, "what is there stays");
    // Free for somebody else, who does not overwrite it.
    s.refuses(&["client", "b", "--out-dir", "old"], 1, "exists");
    fs::remove_dir_all(s.path("old")).unwrap();
    s.ok(&["client", "b", "--out-dir", "old"]);

    // Together with a new certificate; and a manifest that is made from the PKI forgets nothing.
    let export = s.ok(&["plan", "--export"]).stdout;
    s.write("export.toml", export);
    assert_eq!(planned(&s, &["export.toml"]), map([]));
    s.write("m.toml", text("out = 'third'\nlifetime = '30d'\n"));
    let outcome = s.json(&["apply", "m.toml"]);
    assert_eq!(done(&outcome), map([("a", "reissued")]));
    assert!(warned(&outcome).to_string().contains("/new`; those there stay"), "{outcome}");
    assert_eq!(["new", "third", "typed"].map(|f| newest(&s, f)), [false, true, true]);
    settles(&s, "m.toml");

    // Without another one.
    s.write("m.toml", text("lifetime = '30d'\n"));
    s.run(&["plan", "m.toml"]).exits(3).prints("its files are no longer to be in").prints("third; those there stay");
    s.run(&["apply", "m.toml"]).exits(0).says("no longer delivered to");
    settles(&s, "m.toml");
    s.ok(&["renew", "a"]);
    assert_eq!(["third", "typed"].map(|f| newest(&s, f)), [false, true]);

    // An option of `apply` is no part of the manifest; what a command asked for stays when a manifest asked for it too.
    s.ok(&["apply", "m.toml", "--out-dir", "deploy"]);
    s.write("m.toml", text("lifetime = '30d'\nout = 'typed'\n"));
    assert_eq!(planned(&s, &["m.toml"]), map([]));
    s.write("m.toml", text("lifetime = '30d'\n"));
    assert_eq!(planned(&s, &["m.toml"]), map([]));
    s.ok(&["renew", "a"]);
    assert_eq!(["deploy/a", "typed"].map(|f| newest(&s, f)), [true, true]);
}

/// One that can never work is mended in the manifest.
#[test]
fn a_delivery_that_never_worked_is_forgotten() {
    let s = Sandbox::new();
    let text = |out: &str| format!("[ca.r]\nprofile = \"root\"\n[cert.a]\nprofile = \"client\"\nout = '{out}'\n");
    s.write("file", "");
    s.write("m.toml", text("file/tls"));
    s.run(&["apply", "m.toml"]).exits(1);
    s.run(&["apply", "m.toml"]).exits(1);
    s.write("m.toml", text("tls"));
    s.ok(&["apply", "m.toml"]);
    settles(&s, "m.toml");
    s.ok(&["status"]);
    s.ok(&["doctor"]);
}

#[test]
fn all_leaves_are_delivered_below_one_folder() {
    let s = Sandbox::new();
    let own = LAB.replace("profile = \"client\"", "profile = \"client\"\nout = \"own\"\nkey_mode = \"0640\"");
    s.write("lab.toml", own);
    let words = ["lab.toml", "--out-dir", "deploy"];
    assert_eq!(planned(&s, &words).len(), 4);
    assert_eq!(applied(&s, &words).len(), 4);
    assert_eq!(s.names("deploy"), ["a.internal"], "an entry's own folder counts");
    assert_eq!((s.names("own").len(), s.mode("own/key.pem")), (5, 0o640));
    assert_eq!(s.bytes("deploy/a.internal/key.pem"), s.bytes("pki/certs/a.internal/key.pem"));
    assert_eq!(planned(&s, &words), map([]));
    s.ok(&["apply", "lab.toml", "--out-dir", "deploy", "--check"]);
    // Remembered, as with the commands.
    settles(&s, "lab.toml");
    std::fs::remove_file(s.path("deploy/a.internal/ca.pem")).unwrap();
    assert_eq!(applied(&s, &["lab.toml"]), map([("a.internal", "delivered")]));
    let before = s.state();
    let refused = s.run(&["apply", "lab.toml", "--out-dir", "pki/certs", "--json"]).exits(1).object();
    let codes: Vec<_> = refused["results"].as_array().unwrap().iter().map(|r| r["error"]["code"].clone()).collect();
    assert!(codes.contains(&json!("delivery-inside")), "{codes:?}");
    before.assert_unchanged(&s.state(), "a refused folder");
}
