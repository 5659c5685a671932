//! `--out-dir`: the files of a leaf where a program wants them, now and at every renewal.

use crate::common::{DAY, Ran, Sandbox};
use std::process::Command;

const FILES: [&str; 5] = ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"];

fn delivered_is_current(s: &Sandbox, folder: &str, name: &str) {
    for file in FILES {
        let is = s.bytes(&format!("{folder}/{file}"));
        assert!(is == s.bytes(&format!("pki/certs/{name}/{file}")), "{folder}/{file}");
    }
    assert_eq!(s.names(folder), FILES);
}

#[test]
fn the_first_time_and_at_every_renewal() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "10y"]);
    s.ok(&["intermediate", "Lab Issuing", "--not-before", &s.time(-50 * DAY)]);
    let start = s.time(-8 * DAY);
    let made = s.json(&["server", "a.internal", "--out-dir", "etc/tls", "--not-before", &start, "--lifetime", "10d"]);
    assert_eq!(made["delivered"], serde_json::json!([s.path("etc/tls")]));
    delivered_is_current(&s, "etc/tls", "a.internal");
    for file in FILES {
        assert_eq!(s.mode(&format!("etc/tls/{file}")), if file == "key.pem" { 0o600 } else { 0o644 }, "{file}");
    }
    // Without the option: the folder is remembered.
    let renewed = s.json(&["server", "a.internal", "--renew-within"]);
    assert_eq!((&renewed["action"], &renewed["delivered"]), (&"renewed".into(), &made["delivered"]));
    delivered_is_current(&s, "etc/tls", "a.internal");
    // A second folder is added to the first.
    let both = s.json(&["server", "a.internal", "--force", "--out-dir", "srv/tls"]);
    assert_eq!(both["delivered"].as_array().unwrap().len(), 2);
    delivered_is_current(&s, "etc/tls", "a.internal");
    delivered_is_current(&s, "srv/tls", "a.internal");
}

#[test]
fn the_mode_of_the_key_is_kept() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--out-dir", "tls", "--key-mode", "0640"]);
    assert_eq!((s.mode("tls/key.pem"), s.mode("tls/cert.pem")), (0o640, 0o644));
    assert_eq!(s.mode("pki/certs/a.internal/key.pem"), 0o600, "in the PKI folder nobody else reads it");
    s.ok(&["server", "a.internal", "--force"]);
    assert_eq!(s.mode("tls/key.pem"), 0o640);
    delivered_is_current(&s, "tls", "a.internal");
}

#[test]
fn a_folder_with_files_of_somebody_else_is_refused() {
    for file in FILES {
        let s = Sandbox::with_issuing_ca();
        s.write(&format!("tls/{file}"), "precious\n");
        let error = s.refuses(&["server", "a.internal", "--out-dir", "tls"], 1, "exists");
        assert!(error["message"].as_str().unwrap().contains(file), "{error}");
        s.refuses(&["server", "a.internal", "--out-dir", "tls", "--if-missing"], 1, "exists");
        s.refuses(&["server", "a.internal", "--out-dir", "tls", "--force"], 1, "exists");
    }
    // Another leaf's delivery is somebody else's too.
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--out-dir", "tls"]);
    s.refuses(&["server", "b.internal", "--out-dir", "tls"], 1, "exists");
    // Other files do not matter.
    let s = Sandbox::with_issuing_ca();
    s.write("tls/nginx.conf", "");
    s.ok(&["server", "a.internal", "--out-dir", "tls"]);
    assert_eq!(s.text("tls/nginx.conf"), "");
}

#[test]
fn a_folder_in_the_place_of_a_file() {
    let s = Sandbox::with_issuing_ca();
    for (first, second) in [("o", "o/key.pem"), ("o", "o/chain.pem/x/y")] {
        let leaf = |name: &str, out: &str| format!("[cert.{name}]\nprofile = 'client'\nout = '{out}'\n");
        for (a, b, at) in [(first, second, "m.toml:4:7"), (second, first, "m.toml:1:7")] {
            s.write("m.toml", leaf("a", a) + &leaf("b", b));
            let error = s.refuses(&["apply", "m.toml"], 1, "manifest");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with(at) && message.contains("would lie where a file of"), "{error}");
        }
    }
    s.write("m.toml", "[cert.a]\nprofile = 'client'\nout = 'o'\n[cert.b]\nprofile = 'client'\nout = 'o/b'\n");
    s.ok(&["apply", "m.toml"]);
    s.refuses(&["server", "c.internal", "--out-dir", "o/cert.pem"], 1, "exists");
    std::fs::remove_dir_all(s.path("o")).unwrap();
    for folder in ["o/key.pem", "o/ca.pem/x"] {
        let error = s.refuses(&["server", "c.internal", "--out-dir", folder], 1, "exists");
        assert!(error["message"].as_str().unwrap().contains("files of `a` are delivered"), "{error}");
        s.refuses(&["client", "a", "--out-dir", folder, "--force"], 1, "exists");
    }
    s.ok(&["client", "a", "--force"]);
    s.ok(&["apply", "m.toml"]);
    assert_eq!(s.bytes("o/b/key.pem"), s.bytes("pki/certs/b/key.pem"));
}

/// The binary without what lets root give files away; who is not root runs it as it is.
fn without_chown(s: &Sandbox, words: &[&str]) -> Ran {
    let plain = s.command(&[words, &["--json"]].concat());
    if !nix::unistd::geteuid().is_root() {
        return Ran::of(plain);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-chown", "--inh-caps=-chown", "--"]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(s.path("")).env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH"));
    Ran::of(command)
}

/// It would be recorded, and could never be delivered.
#[test]
fn only_root_gives_files_to_others() {
    let s = Sandbox::with_issuing_ca();
    let own = format!("{}:{}", nix::unistd::geteuid(), nix::unistd::getegid());
    for (owner, what) in [("54321", "user `54321`"), ("54321:0", "user `54321`"), (":54321", "group `54321`")] {
        let before = s.state();
        let error = without_chown(&s, &["server", "a.internal", "--out-dir", "tls", "--owner", owner])
            .exits(1)
            .error("unknown-owner");
        assert_eq!(error["message"], format!("only root can give files to the {what}"));
        let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
        let group = if group.is_empty() { String::new() } else { format!("group = '{group}'\n") };
        let user = if user.is_empty() { String::new() } else { format!("owner = '{user}'\n") };
        s.write("m.toml", format!("[cert.a]\nprofile = 'client'\nout = 'tls'\n{user}{group}"));
        let plan = without_chown(&s, &["plan", "m.toml"]).exits(1).object();
        assert_eq!((&plan["steps"][0]["action"], &plan["steps"][0]["reason"]), (&"refused".into(), &error["message"]));
        let outcome = without_chown(&s, &["apply", "m.toml"]).exits(1).object();
        assert_eq!(outcome["results"][0]["error"]["code"], "unknown-owner");
        std::fs::remove_file(s.path("m.toml")).unwrap();
        before.assert_unchanged(&s.state(), owner);
    }
    without_chown(&s, &["server", "a.internal", "--out-dir", "tls", "--owner", &own]).exits(0);
    delivered_is_current(&s, "tls", "a.internal");
}

/// Who may not give it away leaves no folder behind that nobody else could use.
#[test]
fn a_folder_that_could_not_be_given_away() {
    use std::os::unix::fs::MetadataExt;
    if !nix::unistd::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "this test gives files away, and needs root");
        return;
    }
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--out-dir", "srv/tls", "--owner", "54321"]);
    std::fs::remove_dir_all(s.path("srv")).unwrap();
    without_chown(&s, &["renew", "a.internal"]).exits(1);
    assert!(!s.path("srv").exists());
    s.ok(&["renew", "a.internal"]);
    delivered_is_current(&s, "srv/tls", "a.internal");
    for folder in ["srv", "srv/tls"] {
        assert_eq!((s.path(folder).metadata().unwrap().uid(), s.mode(folder)), (54_321, 0o755), "{folder}");
    }
}

/// A re-run that changes nothing writes nothing, and one that finds a file gone delivers again.
#[test]
fn what_exists_is_delivered_again_when_it_is_asked_for() {
    let s = Sandbox::with_issuing_ca();
    let command = ["server", "a.internal", "--out-dir", "tls", "--if-missing"];
    assert_eq!(s.json(&command)["action"], "created");
    let before = s.state();
    let again = s.json(&command);
    assert_eq!(again["action"], "unchanged");
    assert!(again["delivered"].as_array().is_none_or(Vec::is_empty), "{again}");
    before.assert_unchanged(&s.state(), "the second run");

    std::fs::remove_file(s.path("tls/cert.pem")).unwrap();
    let again = s.json(&command);
    assert_eq!((&again["action"], again["delivered"].as_array().unwrap().len()), (&"unchanged".into(), 1));
    delivered_is_current(&s, "tls", "a.internal");

    // One that was issued before anybody spoke of a folder.
    s.ok(&["client", "c"]);
    let made = s.json(&["client", "c", "--out-dir", "client", "--if-missing"]);
    assert_eq!(made["action"], "unchanged");
    delivered_is_current(&s, "client", "c");
    s.ok(&["client", "c", "--force"]);
    delivered_is_current(&s, "client", "c");
}

/// What was issued exists, also where the files could not be put: the next run puts them there.
#[test]
fn a_folder_that_cannot_be_made() {
    let s = Sandbox::with_issuing_ca();
    s.write("file", "");
    let error = s.run(&["server", "a.internal", "--out-dir", "file/tls", "--json"]).exits(1).error("io");
    assert!(error["message"].as_str().unwrap().contains("file"), "{error}");
    std::fs::remove_file(s.path("file")).unwrap();
    s.ok(&["server", "a.internal", "--out-dir", "file/tls", "--if-missing"]);
    delivered_is_current(&s, "file/tls", "a.internal");
}

#[test]
fn a_leaf_right_below_its_root_has_no_chain_file() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root"]);
    s.ok(&["server", "a.internal", "--out-dir", "tls"]);
    assert_eq!(s.names("tls"), ["ca.pem", "cert.pem", "fullchain.pem", "key.pem"]);
}

/// Whoever owns the folder above could lead the next renewal into the PKI itself.
#[test]
fn a_link_that_was_not_there_is_not_followed() {
    let s = Sandbox::with_issuing_ca();
    let ca = "pki/ca/lab-issuing";
    for (folder, link, to) in
        [("app/tls", "app/tls", ca), ("app/x/tls", "app/x", "other"), ("app/x/y", "app/x", "pki/ca")]
    {
        let s = s.copied();
        s.write("other/tls/key.pem", "precious\n");
        s.ok(&["server", "a.internal", "--out-dir", folder]);
        std::fs::rename(s.path(link), s.path("aside")).unwrap();
        std::os::unix::fs::symlink(s.path(to), s.path(link)).unwrap();
        let kept =
            [ca, "other/tls"].map(|f| s.names(f).iter().map(|n| s.bytes(&format!("{f}/{n}"))).collect::<Vec<_>>());
        let ran = s.run(&["renew", "a.internal", "--json"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!((ran.stdout.clone() + &ran.stderr).contains("not delivered"), "{ran}");
        let now =
            [ca, "other/tls"].map(|f| s.names(f).iter().map(|n| s.bytes(&format!("{f}/{n}"))).collect::<Vec<_>>());
        assert!(kept == now, "{folder}");
        assert!(!s.path("pki/ca/y").exists(), "nothing is made behind the link either");
        // Where the folder is again what it was, the next command delivers.
        std::fs::remove_file(s.path(link)).unwrap();
        std::fs::rename(s.path("aside"), s.path(link)).unwrap();
        s.ok(&["server", "b.internal"]);
        delivered_is_current(&s, folder, "a.internal");
    }
}

/// A link that is there when the folder is chosen is the user's: what it leads to is remembered.
#[test]
fn a_link_that_is_there_is_resolved_once() {
    let s = Sandbox::with_issuing_ca();
    std::fs::create_dir(s.path("v1")).unwrap();
    std::fs::create_dir(s.path("v2")).unwrap();
    std::os::unix::fs::symlink("v1", s.path("current")).unwrap();
    let made = s.json(&["server", "a.internal", "--out-dir", "current"]);
    assert_eq!(made["delivered"], serde_json::json!([s.path("v1")]));
    s.refuses(&["server", "b.internal", "--out-dir", "v1"], 1, "exists");
    std::fs::remove_file(s.path("current")).unwrap();
    std::os::unix::fs::symlink("v2", s.path("current")).unwrap();
    s.ok(&["renew", "a.internal"]);
    delivered_is_current(&s, "v1", "a.internal");
    assert!(s.names("v2").is_empty());
}
