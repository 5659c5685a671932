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
