//! What somebody broke by hand is found by `plan` and mended by `apply`; and manifests of what exists.

use super::manifest::{LAB, applied, map, planned, settles};
use crate::common::Sandbox;
use std::fs;

fn lab() -> Sandbox {
    let s = Sandbox::new();
    s.write("lab.toml", LAB);
    s.ok(&["apply", "lab.toml"]);
    s
}

#[test]
fn certificate_files() {
    for file in ["cert.pem", "chain.pem", "fullchain.pem", "ca.pem"] {
        for content in
            [None, Some("garbage\n"), Some("pki/certs/alice/fullchain.pem"), Some("pki/ca/issuing/chain.pem")]
        {
            let s = lab();
            let path = s.path(&format!("pki/certs/a.internal/{file}"));
            let good = fs::read(&path).unwrap();
            match content {
                None => fs::remove_file(&path).unwrap(),
                Some(other) if other.ends_with(".pem") => drop(fs::copy(s.path(other), &path).unwrap()),
                Some(text) => fs::write(&path, text).unwrap(),
            }
            if fs::read(&path).is_ok_and(|is| is == good) {
                continue;
            }
            let serial = s.field("a.internal", "serial");
            let found = planned(&s, &["lab.toml"]);
            if file != "cert.pem" && file != "fullchain.pem" && content.is_some_and(|c| c.ends_with(".pem")) {
                // Certificates of this PKI, and not those: it gets a new chain, or the same again.
                assert!(
                    found == map([("a.internal", "cascade")]) || found == map([("a.internal", "restore")]),
                    "{found:?}"
                );
            } else {
                assert_eq!(found, map([("a.internal", "restore")]), "{file} {content:?}");
                assert_eq!(applied(&s, &["lab.toml"]), map([("a.internal", "restored")]));
                assert_eq!(s.field("a.internal", "serial"), serial, "nothing is issued");
                assert_eq!(fs::read(&path).unwrap(), good);
            }
            s.ok(&["apply", "lab.toml"]);
            settles(&s, "lab.toml");
            s.ok(&["doctor"]);
        }
    }
}

#[test]
fn keys_of_leaves() {
    let s = lab();
    let key = s.path("pki/certs/alice/key.pem");
    fs::remove_file(&key).unwrap();
    assert_eq!(planned(&s, &["lab.toml"]), map([("alice", "rekey")]));
    s.ok(&["apply", "lab.toml"]);
    settles(&s, "lab.toml");
    fs::copy(s.path("pki/certs/a.internal/key.pem"), &key).unwrap();
    assert_eq!(planned(&s, &["lab.toml"]), map([("alice", "rekey")]));
    assert_eq!(applied(&s, &["lab.toml"]), map([("alice", "reissued")]));
    settles(&s, "lab.toml");
    // The whole folder.
    fs::remove_dir_all(s.path("pki/certs/alice")).unwrap();
    assert_eq!(planned(&s, &["lab.toml"]), map([("alice", "rekey")]));
    s.ok(&["apply", "lab.toml"]);
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
}

#[test]
fn an_encrypted_key_is_not_replaced_by_a_plain_one() {
    let s = lab();
    s.write("pass", "correct horse\n");
    s.ok(&["key", "encrypt", "alice", "--passphrase-file", "pass"]);
    settles(&s, "lab.toml");
    s.write("lab.toml", LAB.replace("lifetime = \"90d\"", "lifetime = \"60d\""));
    assert_eq!(planned(&s, &["lab.toml"]), map([("alice", "refused")]));
    let before = s.state();
    s.run(&["apply", "lab.toml"]).exits(1).says("its key is encrypted");
    before.assert_unchanged(&s.state(), "a refused step");
}

#[test]
fn files_of_cas() {
    let s = lab();
    for file in ["cert.pem", "chain.pem"] {
        fs::write(s.path(&format!("pki/ca/issuing/{file}")), "x").unwrap();
        assert_eq!(planned(&s, &["lab.toml"]), map([("issuing", "restore")]));
        assert_eq!(applied(&s, &["lab.toml"]), map([("issuing", "restored")]));
        settles(&s, "lab.toml");
    }
    // Nobody makes another CA because a key is lost.
    let key = s.path("pki/ca/issuing/key.pem");
    fs::rename(&key, s.path("away")).unwrap();
    assert_eq!(planned(&s, &["lab.toml"]), map([("issuing", "refused")]));
    let error = s.refuses(&["apply", "lab.toml"], 1, "ca-change");
    assert!(error["message"].as_str().unwrap().contains("its key file is missing"), "{error}");
    fs::rename(s.path("away"), &key).unwrap();
    settles(&s, "lab.toml");
    s.ok(&["doctor"]);
}

#[test]
fn what_exists_is_exported_and_changes_nothing() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--subject", "/O=Lab, Inc./CN=Lab ${x}", "--lifetime", "12y", "--key", "p384"]);
    s.ok(&[
        "intermediate",
        "Mid",
        "--path-len",
        "1",
        "--permit",
        "dns:lab.internal",
        "--permit",
        "ip:10.0.0.0/8",
        "--exclude",
        "email:lab",
    ]);
    s.ok(&[
        "intermediate",
        "Low",
        "--issuer",
        "mid",
        "--eku",
        "serverAuth",
        "--eku",
        "clientAuth",
        "--eku",
        "codeSigning",
        "--crl-url",
        "http://pki.example/low.crl",
    ]);
    s.ok(&["intermediate", "Mesh", "--issuer", "lab-root", "--spiffe", "spiffe://example.org"]);
    s.ok(&[
        "server",
        "*.lab.internal",
        "--issuer",
        "low",
        "--ip",
        "10.0.0.1",
        "--lifetime",
        "90d",
        "--out-dir",
        "tls",
        "--key-mode",
        "0640",
    ]);
    s.ok(&["client", "Alice B", "--issuer", "low", "--email", "a@example.org", "--subject", "CN=Alice B,OU=x,O=y"]);
    s.ok(&["peer", "n1.lab.internal", "--issuer", "low", "--name", "node-1", "--eku", "codeSigning", "--days", "7"]);
    s.ok(&["workload", "spiffe://example.org/api", "--issuer", "mesh"]);
    s.ok(&["client", "gone", "--issuer", "low"]);
    s.ok(&["revoke", "gone", "--reason", "superseded"]);
    s.ok(&["request", "csr.lab.internal", "--profile", "server", "--pki", "theirs"]);
    s.ok(&["sign", "theirs/requests/csr.lab.internal/request.csr", "--profile", "server", "--issuer", "low"]);
    let export = s.ok(&["plan", "--export"]).stdout;
    assert!(export.contains("# not declared: csr.lab.internal: its key is not here\n"), "{export}");
    assert!(!export.contains("gone"), "{export}");
    s.write("all.toml", &export);
    settles(&s, "all.toml");
    let named = s.run(&["plan", "all.toml"]).exits(0);
    assert!(named.stderr.contains("left alone: csr.lab.internal"), "{named}");
    // Somewhere else it makes the same from nothing, once what it delivers is not in the way.
    let other = Sandbox::new();
    other.write("all.toml", export.replace(&*s.path("tls").to_string_lossy(), "tls"));
    let made = other.json(&["apply", "all.toml"]);
    assert_eq!(made["summary"]["create"], 8, "{made}");
    settles(&other, "all.toml");
    assert_eq!(other.field("node-1", "eku"), s.field("node-1", "eku"));
}

/// The file is there whole, or not at all, and never in place of another one.
#[test]
fn an_export_into_a_file() {
    let s = lab();
    let printed = s.ok(&["plan", "--export"]).stdout;
    s.ok(&["plan", "--export", "--output", "all.toml"]).prints("all.toml");
    assert_eq!(s.text("all.toml"), printed);
    settles(&s, "all.toml");
    let said = s.json(&["plan", "--export", "--output", "again.toml"]);
    assert_eq!((said["file"].as_str(), s.text("again.toml")), (s.path("again.toml").to_str(), printed));
    s.write("all.toml", "mine");
    s.refuses(&["plan", "--export", "--output", "all.toml"], 1, "exists");
    assert_eq!(s.text("all.toml"), "mine");
    s.refuses(&["plan", "--export", "--output", "none/all.toml"], 1, "io");
    s.refuses(&["plan", "lab.toml", "--output", "x.toml"], 2, "usage");
    let error = s.refuses(&["plan", "--export", "--output", "x.toml", "--pki", "none"], 1, "no-pki");
    assert!(!s.path("x.toml").exists(), "{error}");
    // A disk that takes no more: what was begun is gone.
    s.write(
        "many.toml",
        format!(
            "{LAB}[cert.'${{each}}']\nprofile = 'client'\nissuer = 'issuing'\nfor_each = [{}]\n",
            (0..40).map(|n| format!("'n{n}'")).collect::<Vec<_>>().join(",")
        ),
    );
    s.ok(&["apply", "many.toml"]);
    let before = s.names("");
    let mut command = std::process::Command::new("sh");
    command.current_dir(s.path("")).env("ROOTLET", crate::common::ROOTLET);
    command.args(["-c", "ulimit -f 1; trap '' XFSZ; exec \"$ROOTLET\" plan --export --output y.toml"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(s.names(""), before, "nothing is left of it");
}

#[test]
fn one_command_as_a_manifest() {
    let s = Sandbox::new();
    let commands: [&[&str]; 4] = [
        &["root", "Lab Root", "--lifetime", "4y", "--crl-url", "http://pki.example/r.crl"],
        &["intermediate", "Issuing", "--permit", "dns:lab"],
        &["server", "a.lab", "--dns", "b.lab", "--renew-within", "30d", "--key", "p384"],
        &["workload", "spiffe://example.org/x", "--issuer", "lab-root", "--lifetime", "1h"],
    ];
    for (n, command) in commands.into_iter().enumerate() {
        let before = s.state();
        let text = s.ok(&[command, &["--print-manifest"]].concat()).stdout;
        before.assert_unchanged(&s.state(), "--print-manifest");
        s.write("one.toml", &text);
        s.ok(command);
        assert_eq!(planned(&s, &["one.toml"]), map([]), "{n}: {text}");
        settles(&s, "one.toml");
    }
    s.run(&["server", "a.lab", "--print-manifest", "--json"]).exits(2).error("usage");
}

/// Others may read a key: `doctor` says so, and so do those who look at every key.
#[test]
fn keys_that_others_may_read() {
    let s = lab();
    s.write(
        "all.toml",
        format!(
            "{LAB}[cert.'${{each}}']\nprofile = 'client'\nissuer = 'issuing'\nfor_each = [{}]\n",
            (0..20).map(|n| format!("'n{n}'")).collect::<Vec<_>>().join(",")
        ),
    );
    for (file, mode) in [("pki/certs/alice/key.pem", 0o640), ("pki/ca/issuing/key.pem", 0o604)] {
        s.set_mode(file, mode);
        for command in [&["plan", "lab.toml"][..], &["apply", "lab.toml"], &["apply", "lab.toml", "--check"]] {
            let outcome = s.json(command);
            let told: Vec<_> = outcome["warnings"].as_array().unwrap().iter().collect();
            assert_eq!(told.len(), 1, "{outcome}");
            assert_eq!(told[0]["code"], "key-readable");
            let text = told[0]["message"].as_str().unwrap();
            assert!(text.contains(file) && text.contains(&format!("{mode:04o}")), "{text}");
            s.ok(command).says("so others can read it");
        }
        assert_eq!(s.mode(file), mode, "nobody asked for that");
        s.ok(&["doctor", "--repair"]);
        assert_eq!(s.json(&["plan", "lab.toml"])["warnings"].as_array().unwrap().len(), 0);
    }
    s.ok(&["apply", "all.toml"]);
    (0..20).for_each(|n| s.set_mode(&format!("pki/certs/n{n}/key.pem"), 0o644));
    let outcome = s.json(&["plan", "all.toml"]);
    assert_eq!(outcome["warnings"].as_array().unwrap().len(), 13, "a line for each has its end");
    s.ok(&["plan", "all.toml"]).says("others can read 8 more key files");
    // A passphrase that others can read is told by who reads it.
    s.write("pass", "correct horse\n");
    s.set_mode("pass", 0o644);
    let more = "[ca.q]\nprofile = 'root'\nencrypt_key = true\npassphrase_file = 'pass'\n";
    s.write("more.toml", format!("{LAB}{more}"));
    let plan = s.run(&["plan", "more.toml", "--json"]).exits(3).object();
    assert_eq!(plan["warnings"][0]["code"], "passphrase-readable");
}

/// What a command said of secrets its manifest says, or nothing is printed.
#[test]
fn secrets_of_one_command() {
    let s = Sandbox::new();
    for name in ["root.pass", "own.pass"] {
        s.write(name, "correct horse\n");
        s.set_mode(name, 0o600);
    }
    let root = ["root", "r", "--encrypt-key", "--passphrase-file", "root.pass"];
    let below = ["--issuer", "r", "--issuer-passphrase-file", "r=root.pass", "--issuer-key-file", "away.key"];
    let ca = [&["intermediate", "i", "--encrypt-key", "--passphrase-file", "own.pass"], &below[..]].concat();
    let leaf = [&["client", "x"], &below[..]].concat();
    let mut all = String::new();
    for command in [&root[..], &ca, &leaf] {
        let text = s.ok(&[command, &["--print-manifest"]].concat()).stdout;
        all += &text;
    }
    for line in [
        format!("passphrase_file = \"{}\"", s.path("root.pass").display()),
        format!("passphrase_file = \"{}\"", s.path("own.pass").display()),
        format!("issuer_passphrase_file = \"{}\"", s.path("root.pass").display()),
        format!("issuer_key_file = \"{}\"", s.path("away.key").display()),
    ] {
        assert!(all.contains(&format!("\n{line}\n")), "{line}\n{all}");
    }
    s.ok(&root);
    s.ok(&["key", "detach", "r", "--output", "away.key", "--passphrase-file", "root.pass"]);
    s.write("all.toml", &all);
    assert_eq!(applied(&s, &["all.toml"]), map([("i", "created"), ("x", "created")]));
    settles(&s, "all.toml");
    for (refused, said) in [
        (&["client", "y", "--issuer-passphrase-file", "p"][..], "--issuer"),
        (&["client", "y", "--issuer-key-file", "p"], "--issuer"),
        (&["client", "y", "--issuer", "i", "--issuer-passphrase-file", "r=p"], "leave it away"),
        (&["client", "y", "--issuer", "i", "--issuer-passphrase-file", "-"], "name a file"),
        (&["root", "y", "--encrypt-key", "--passphrase-file", "-"], "name a file"),
        (&["client", "y", "--force"], ""),
    ] {
        let before = s.state();
        let error = s.refuses(&[refused, &["--print-manifest"]].concat(), 2, "usage");
        assert!(error["hints"].to_string().contains(said), "{refused:?}: {error}");
        before.assert_unchanged(&s.state(), "a refusal");
    }
}

/// Killed at any moment: what the next one finds is one live certificate for each name, and it makes the rest.
#[test]
fn a_killed_apply_is_continued() {
    let s = Sandbox::new();
    let list: Vec<String> = (0..40).map(|n| format!("'n{n}'")).collect();
    let leaves =
        format!("[cert.'${{each}}']\nprofile = 'client'\nissuer = 'issuing'\nfor_each = [{}]\n", list.join(", "));
    s.write("lab.toml", format!("{LAB}{leaves}"));
    for pause in [5, 30, 60, 90, 120, 200] {
        let mut child = s.command(&["apply", "lab.toml", "-q"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(pause));
        drop(child.kill());
        child.wait().unwrap();
    }
    s.ok(&["apply", "lab.toml"]);
    settles(&s, "lab.toml");
    let all = s.json(&["list", "--all"])["certificates"].as_array().unwrap().clone();
    let names: std::collections::BTreeSet<_> = all.iter().map(|c| c["name"].to_string()).collect();
    assert_eq!((all.len(), names.len()), (44, 44), "one certificate for each name");
    assert_eq!(s.names("pki/pending"), Vec::<String>::new());
    s.ok(&["doctor"]);
}

/// Who gets the files, and in which group; as somebody else than root only the own group can be asked for.
#[test]
fn owners_and_groups_of_what_is_delivered() {
    use std::os::unix::fs::MetadataExt;
    let is_root = nix::unistd::geteuid().is_root();
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let (other, group) = if is_root { (12_345, 23_456) } else { (uid, gid) };
    let is = |s: &Sandbox| {
        let of = |file: &str| s.path(&format!("tls/{file}")).metadata().map(|m| (m.uid(), m.gid())).unwrap();
        assert_eq!(of("key.pem"), of("fullchain.pem"));
        of("key.pem")
    };
    for (lines, expected) in [
        (format!("group = '{group}'\nkey_mode = '0640'"), (uid, group)),
        (format!("owner = '{other}'\ngroup = '{group}'"), (other, group)),
        (format!("owner = '{other}:{group}'"), (other, group)),
        (format!("owner = ':{group}'"), (uid, group)),
    ] {
        let s = Sandbox::new();
        let cas = "[ca.root]\nprofile = 'root'\n";
        s.write("m.toml", format!("{cas}[cert.a]\nprofile = 'client'\nout = 'tls'\n{lines}\n"));
        s.ok(&["apply", "m.toml"]);
        assert_eq!(is(&s), expected, "{lines}");
        settles(&s, "m.toml");
        let export = s.ok(&["plan", "--export"]).stdout;
        s.write("export.toml", export);
        assert_eq!(planned(&s, &["export.toml"]), map([]), "{lines}");
        s.ok(&["renew", "a"]);
        assert_eq!(is(&s), expected, "{lines}");
        if is_root {
            // Somebody else's now: found, and given back.
            std::os::unix::fs::chown(s.path("tls/key.pem"), Some(0), Some(7)).unwrap();
            assert_eq!(planned(&s, &["m.toml"]), map([("a", "deliver")]), "{lines}");
            s.ok(&["apply", "m.toml"]);
            assert_eq!(is(&s), expected);
            settles(&s, "m.toml");
        }
    }
    if is_root {
        // In a PKI of somebody else, too.
        let s = Sandbox::new();
        s.write("m.toml", "[ca.root]\nprofile = 'root'\n");
        s.ok(&["apply", "m.toml"]);
        let chown = std::process::Command::new("chown").args(["-R", "34567:34567"]).arg(s.path("pki")).status();
        assert!(chown.unwrap().success());
        s.write("m.toml", "[ca.root]\nprofile = 'root'\n[cert.a]\nprofile = 'client'\nout = 'tls'\nowner = '12345'\n");
        s.ok(&["apply", "m.toml"]);
        assert_eq!(is(&s).0, 12_345);
        settles(&s, "m.toml");
    }
    let s = Sandbox::new();
    s.write(
        "m.toml",
        "[ca.root]\nprofile = 'root'\n[cert.a]\nprofile = 'client'\nout = 'x'\nowner = 'a:b'\ngroup = 'c'\n",
    );
    s.run(&["plan", "m.toml"]).exits(1).says("both name a group").says("keep one of them");
}
