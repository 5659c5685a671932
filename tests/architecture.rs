//! The house keeps its order: a floor uses only floors below it, and every foreign crate has one home.
//!
//! Code behind `#[cfg(test)]` may look anywhere.

use std::path::{Path, PathBuf};

/// The folders of `src/`, lowest first.
const FLOORS: [&str; 11] =
    ["model", "disk", "x509", "keys", "store", "policy", "judge", "issue", "export", "manifest", "pki"];

/// Foreign crates and the only files or folders that may name them.
const HOMES: [(&str, &[&str]); 19] = [
    ("rcgen", &["src/x509/encode.rs"]),
    ("x509_parser", &["src/x509/read.rs"]),
    ("rusqlite", &["src/store/"]),
    ("webpki", &["src/issue/second.rs"]),
    ("rustls_pki_types", &["src/issue/second.rs"]),
    ("ring", &["src/keys/"]),
    ("rsa", &["src/keys/rsa_generation.rs"]),
    ("pkcs5", &["src/keys/encryption.rs"]),
    ("p256", &["src/keys/public_half.rs"]),
    ("p384", &["src/keys/public_half.rs"]),
    ("rustls", &["src/judge/presented.rs"]),
    ("des", &["src/keys/pkcs12_scheme.rs"]),
    ("rc2", &["src/keys/pkcs12_scheme.rs"]),
    ("cbc", &["src/keys/pkcs12_scheme.rs"]),
    ("rpassword", &["src/cli/secrets.rs"]),
    ("crypto_primes", &["src/keys/rsa_generation.rs"]),
    ("crypto_bigint", &["src/keys/rsa_generation.rs"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("anyhow", &["src/cli/", "src/main.rs"]),
];

/// Calls that change the disk; only `src/disk/` makes them.
const WRITES: [&str; 16] = [
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::remove_file",
    "fs::remove_dir",
    "fs::remove_dir_all",
    "fs::create_dir",
    "fs::create_dir_all",
    "fs::hard_link",
    "fs::set_permissions",
    "fs::DirBuilder",
    "fs::OpenOptions",
    "fs::symlink",
    "File::create",
    "File::create_new",
    "File::options",
];

/// A source file below the manifest's folder: its path and its code without comments and tests.
struct Source {
    path: String,
    lines: Vec<(usize, String)>,
}

fn sources(folder: &Path, all: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_none_or(|n| n != "tests") {
                sources(&path, all);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_stem().is_none_or(|n| n != "tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            all.push(Source { path, lines: code(&text) });
        }
    }
}

/// What is built into the library, without comments: a statement that begins with `use` on one line, else line by line.
/// A test module with a body stands last in its file.
fn code(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let (mut in_use, mut lines) = (false, (1..).zip(text.lines()));
    while let Some((n, line)) = lines.next() {
        let line = line.split("//").next().unwrap_or("").trim();
        if line == "#[cfg(test)]" {
            match lines.next() {
                Some((_, item)) if item.ends_with(';') => continue,
                _ => break,
            }
        }
        match all.last_mut() {
            Some((_, statement)) if in_use => statement.push_str(line),
            _ => all.push((n, line.to_string())),
        }
        let begins = line.starts_with("use ") || line.starts_with("pub use ") || line.starts_with("pub(crate) use ");
        in_use = (in_use || begins) && !line.ends_with(';');
    }
    all
}

fn all_sources() -> Vec<Source> {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 50, "the sources were not found");
    all
}

/// Every place where `needle` stands as a whole path segment, not as the end of a longer word.
fn stands_in(line: &str, needle: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(needle)
        .any(|(at, _)| !line[..at].ends_with(is_word) && !line[at + needle.len()..].starts_with(is_word))
}

/// Whether a path on the line begins with this crate: `webpki::ring` begins with `webpki` alone.
fn names_crate(line: &str, krate: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(krate).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + krate.len()..]);
        let begins = !before.ends_with(is_word) && !before.ends_with("::");
        let is_use = matches!(before.trim(), "use" | "pub use" | "pub(crate) use") && !after.starts_with(is_word);
        begins && (after.starts_with("::") || is_use)
    })
}

/// What follows `crate::` on a line: one name, or those of a `{…}` list.
fn floors_named(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, marker) in line.match_indices("crate::") {
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &line[at + marker.len()..];
        let list = rest.strip_prefix('{').and_then(|l| l.split('}').next()).unwrap_or(rest);
        let parts = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
        let word =
            |p: &str| p.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_string();
        named.extend(parts.into_iter().map(word).filter(|w| !w.is_empty()));
    }
    named
}

#[test]
fn no_floor_uses_one_above_it() {
    let mut wrong = Vec::new();
    for source in all_sources() {
        let Some(folder) = source.path.strip_prefix("src/").and_then(|p| p.split_once('/')).map(|(f, _)| f) else {
            continue;
        };
        if folder == "cli" {
            continue;
        }
        let own = FLOORS.iter().position(|f| *f == folder);
        let own = own.unwrap_or_else(|| panic!("`src/{folder}/` has no place among the floors of this test"));
        for (n, line) in &source.lines {
            for named in floors_named(line) {
                if FLOORS.iter().position(|f| *f == named).is_some_and(|other| other > own) {
                    wrong.push(format!("{}:{n}: {folder} uses {named}, which is above it", source.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_foreign_crate_has_one_home() {
    let mut wrong = Vec::new();
    for source in all_sources() {
        for (n, line) in &source.lines {
            for (krate, homes) in HOMES {
                if names_crate(line, krate) && !homes.iter().any(|h| source.path.starts_with(h)) {
                    wrong.push(format!("{}:{n}: {krate} is at home in {}", source.path, homes.join(", ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_one_door_leads_to_the_disk() {
    let mut wrong = Vec::new();
    for source in all_sources().iter().filter(|s| !s.path.starts_with("src/disk/")) {
        for (n, line) in &source.lines {
            for call in WRITES.iter().filter(|w| stands_in(line, w)) {
                wrong.push(format!("{}:{n}: `{call}` belongs to src/disk/", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The binary sees what everybody sees: it may not reach into the library's files.
#[test]
fn the_command_line_is_built_from_the_public_library() {
    for source in all_sources().iter().filter(|s| s.path.starts_with("src/cli/") || s.path == "src/main.rs") {
        for (n, line) in &source.lines {
            let reached = floors_named(line).into_iter().find(|f| FLOORS.contains(&f.as_str()));
            assert_eq!(reached, None, "{}:{n}: that is the library's: write `rootlet::`", source.path);
            assert!(!line.contains("#[path"), "{}:{n}: a file of another folder", source.path);
        }
    }
}

#[test]
fn the_reader_of_this_test_reads() {
    assert_eq!(floors_named("use crate::{model::Handle, pki};"), ["model", "pki"]);
    assert_eq!(floors_named("pub(in crate::store) fn a() -> crate::x509::Crl {"), ["store", "x509"]);
    assert!(floors_named("use super::model;").is_empty());
    assert!(stands_in("std::fs::write(p)", "fs::write") && !stands_in("fs::writer()", "fs::write"));
    for line in ["use ring;", "use {ring::rand, x};", "let a = ring::digest::x();", "use ring as r;"] {
        assert!(names_crate(line, "ring"), "{line}");
    }
    for line in ["use webpki::ring::X;", "use webpki::{ring as a};", "string::from", "ring_buffer::x", "let ring = 1;"]
    {
        assert!(!names_crate(line, "ring"), "{line}");
    }
    assert_eq!(code("a // ring::b\n#[cfg(test)]\nmod tests {\nb"), [(1, "a".to_string())]);
    assert_eq!(code("#[cfg(test)]\nmod tests;\nb"), [(3, "b".to_string())]);
    assert_eq!(code("use crate::{\n    model,\n    pki,\n};\nb").len(), 2);
    assert_eq!(floors_named(&code("use crate::{\n    model,\n    pki,\n};")[0].1), ["model", "pki"]);
}
