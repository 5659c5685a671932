//! The codes of errors: the documentation lists those of the source, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The list of error codes in the documentation is closed: each is in the source, and each of the source is in it.
#[test]
fn every_error_code_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = fs::read_to_string(root.join("docs/json.md")) else { return };
    let documented = codes_of_table(&text);
    assert!(!documented.is_empty(), "docs/json.md lists no error codes");
    let mut used = BTreeSet::new();
    for_each_source(&root.join("src"), &mut |source| used.extend(codes_of_source(source)));
    let unknown: Vec<_> = documented.difference(&used).collect();
    let missing: Vec<_> = used.difference(&documented).collect();
    assert!(unknown.is_empty() && missing.is_empty(), "not in src/: {unknown:?}; not in docs/json.md: {missing:?}");
}

/// The first words in backticks of the rows under the heading that speaks of error codes.
fn codes_of_table(text: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut codes = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('#') {
            inside = line.to_lowercase().contains("error code");
        }
        let row = line.strip_prefix("| `").or_else(|| line.strip_prefix("- `"));
        if let (true, Some(row)) = (inside, row) {
            codes.extend(row.split('`').next().map(String::from));
        }
    }
    codes
}

/// The texts in the bodies of the functions `fn code(&self) -> &'static str`.
fn codes_of_source(source: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for part in source.split("pub fn code(&self) -> &'static str {").skip(1) {
        let body = part.split("\n    }\n").next().unwrap_or_default();
        for line in body.lines().filter(|l| !l.trim_start().starts_with("//")) {
            codes.extend(line.split('"').skip(1).step_by(2).map(String::from));
        }
    }
    codes
}

fn for_each_source(folder: &Path, visit: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() {
            for_each_source(&entry, visit);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            visit(&fs::read_to_string(&entry).expect("a source file"));
        }
    }
}
