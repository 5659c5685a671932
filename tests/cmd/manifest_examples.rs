//! The manifests that people start from: those of the documentation, of `examples/manifests`, and what `init` writes.

use super::manifest::settles;
use crate::common::Sandbox;
use std::fs;

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
