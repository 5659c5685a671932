//! The manifests that people start from: those of the documentation, of `examples/manifests`, and what `init` writes.

use super::manifest::settles;
use crate::common::Sandbox;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Every example in the documentation, and every file in `examples/manifests`, is a manifest that can be applied.
#[test]
fn examples() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/manifest.md")).unwrap();
    let blocks = |language: &str| -> Vec<String> {
        let start = format!("```{language}\n");
        page.split(&start).skip(1).map(|b| b.split("```").next().unwrap().to_string()).collect()
    };
    let mut all = blocks("toml");
    assert!(all.len() >= 3 && blocks("json").len() == 1, "{page}");
    for entry in fs::read_dir(root.join("examples/manifests")).unwrap().map(|e| e.unwrap().path()) {
        if entry.extension().is_some_and(|e| e == "toml") {
            all.push(fs::read_to_string(entry).unwrap());
        }
    }
    assert!(all.len() >= 7);
    let devices = fs::read_to_string(root.join("examples/manifests/devices.jsonl")).unwrap();
    assert_eq!(devices.lines().count(), 1_000);
    let few: String = devices.lines().take(20).map(|l| format!("{l}\n")).collect();
    for text in all {
        let s = Sandbox::new();
        s.write("hosts.jsonl", &blocks("json")[0]);
        s.write("devices.jsonl", &few);
        s.write("m.toml", &text);
        s.ok(&["apply", "m.toml"]);
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
}

/// The files in `examples/manifests` are what `init` writes.
#[test]
fn starters() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let s = Sandbox::new();
    for name in ["lab", "mesh", "postgres", "fleet"] {
        let file = format!("{name}.toml");
        let written = s.json(&["init", "--template", name, "--organization", "Example"]);
        assert_eq!(written["next"], format!("rootlet apply {file}"));
        assert_eq!(s.text(&file), fs::read_to_string(root.join("examples/manifests").join(&file)).unwrap(), "{name}");
        assert!(!s.text(&file).contains("DOMAIN") && !s.text(&file).contains('@') || name == "lab");
        s.refuses(&["init", "--template", name], 1, "exists");
        let pki = format!("pki-{name}");
        let made = s.json(&["apply", &file, "--pki", &pki]);
        assert!(made["summary"]["create"].as_u64().unwrap() > 4, "{made}");
        s.ok(&["apply", &file, "--pki", &pki, "--check"]);
        drop(fs::remove_dir_all(s.path("deploy")));
    }
    // Whatever an organization is called.
    let odd = "A, B \"C\" = ${each} + #";
    s.ok(&["init", "--template", "mesh", "--domain", "example.org", "--organization", odd, "--output", "odd.toml"]);
    s.ok(&["apply", "odd.toml", "--pki", "odd"]);
    assert!(s.ok(&["show", "mesh-root", "--pki", "odd", "--field", "subject"]).stdout.contains("${each} \\+ #"));
    s.ok(&["init", "--template", "lab", "--organization", "A, B \"C\" = #", "--output", "even.toml"]);
    s.ok(&["apply", "even.toml", "--pki", "even"]);
    assert!(s.ok(&["show", "lab-root", "--pki", "even", "--field", "subject"]).stdout.contains("A\\, B"));
    s.refuses(&["init"], 2, "usage");
    s.refuses(&["init", "--template", "banana"], 2, "usage");
    s.refuses(&["init", "--template", "lab", "--domain", "a b"], 2, "invalid-value");
}

/// Copies the files of `examples/manifests` to where their reader would have them.
fn with_examples() -> Sandbox {
    let s = Sandbox::new();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/manifests")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, s.path(path.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    s
}

/// All thousand devices, as the file has them: made once, and revoked when they are no longer listed.
#[test]
fn the_whole_fleet() {
    let s = with_examples();
    assert_eq!(s.json(&["apply", "fleet.toml"])["summary"]["create"], 1_004);
    settles(&s, "fleet.toml");
    let devices = |s: &Sandbox, status: &str| {
        let list = s.json(&["list", "--issuer", "fleet-devices", "--status", status]);
        list["certificates"].as_array().unwrap().len()
    };
    assert_eq!((devices(&s, "valid"), devices(&s, "revoked")), (1_000, 0));
    assert_eq!(s.field("device-0123", "eku"), "clientAuth");
    assert!(s.field("device-0123", "sans").contains("device-0123.devices.lab.internal"));
    s.ok(&["verify", "pki/certs/device-0123/fullchain.pem", "--purpose", "client"]);
    s.run(&["verify", "pki/certs/device-0123/fullchain.pem", "--purpose", "server"]).exits(3);

    // As the comments of the manifest say: one is new, one is gone.
    let text = s.text("devices.jsonl").replace("{\"id\": \"device-0007\"}", "{\"id\": \"device-1001\"}");
    s.write("devices.jsonl", text);
    s.run(&["apply", "fleet.toml", "--prune", "--check"]).exits(3);
    let made = s.json(&["apply", "fleet.toml", "--prune", "--yes"]);
    assert_eq!(made["summary"]["create"], 1);
    assert_eq!(s.field("device-0007", "revocation.reason"), "cessation-of-operation");
    assert_eq!((devices(&s, "valid"), devices(&s, "revoked")), (1_000, 1));
    s.ok(&["doctor"]);
}

/// The files that the comments of the mesh hand to Istio are there, under the names that it looks for.
#[test]
fn files_for_istio() {
    let s = with_examples();
    s.ok(&["apply", "mesh.toml"]);
    let manifest = s.text("mesh.toml");
    let files: Vec<(&str, &str)> =
        manifest.split_whitespace().filter_map(|word| word.strip_prefix("--from-file=")?.split_once('=')).collect();
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]);
    for (_, file) in &files {
        assert!(s.path(file).is_file(), "{file}");
    }
    // What this CA issued is verified by what the other side gets.
    let leaf = "pki/certs/east.lab.internal/cert.pem";
    s.ok(&[
        "verify",
        leaf,
        "--roots",
        files[2].1,
        "--untrusted",
        files[3].1,
        "--host",
        "east.lab.internal",
        "--no-crl",
    ]);
}

/// What the comments offer can be had by taking their `#` away.
#[test]
fn what_is_commented_out() {
    for (name, lines) in [("mesh", &["encrypt_key", "passphrase_file"][..]), ("postgres", &["owner", "exec"])] {
        let s = with_examples();
        let file = format!("{name}.toml");
        let mut manifest = s.text(&file);
        for line in lines {
            let (off, on) = (format!("\n# {line} = "), format!("\n{line} = "));
            assert!(manifest.contains(&off), "{line}");
            manifest = manifest.replace(&off, &on);
        }
        // The user and the command of another machine.
        let me = format!("\"{}:{}\"", uid(&s), gid(&s));
        let manifest = manifest.replace("\"postgres:postgres\"", &me).replace("\"systemctl reload", "\"echo reload");
        s.write(&file, manifest);
        s.write("mesh-root.pass", "correct horse battery\n");
        let ran = s.ok(&["apply", &file]);
        assert_eq!(ran.stderr.matches("reload postgresql\n").count(), usize::from(name == "postgres"), "{ran}");
        settles(&s, &file);
    }
}

fn uid(s: &Sandbox) -> u32 {
    fs::metadata(s.path("postgres.toml")).unwrap().uid()
}

fn gid(s: &Sandbox) -> u32 {
    fs::metadata(s.path("postgres.toml")).unwrap().gid()
}
