//! `doctor --backup`: a copy of the inventory while it is in use, and `list` filters that look into it.

use crate::common::Sandbox;
use std::fs;

#[test]
fn a_backup_is_a_whole_inventory_for_its_owner_alone() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    let before = s.json(&["list", "--all"]);
    let written = s.json(&["doctor", "--backup", "copy.db"]);
    assert_eq!(written["action"], "written");
    assert_eq!(s.mode("copy.db"), 0o600);
    // What came later is lost with the inventory; the copy brings the rest back.
    s.ok(&["server", "later.internal"]);
    for file in ["inventory.db", "inventory.db-wal", "inventory.db-shm"] {
        drop(fs::remove_file(s.path(&format!("pki/{file}"))));
    }
    fs::copy(s.path("copy.db"), s.path("pki/inventory.db")).unwrap();
    assert_eq!(s.json(&["list", "--all"]), before);
    // The next CRL's number is beyond every one that was signed after the copy was made.
    let was = s.json(&["crl", "--check"])["results"][0]["number"].as_u64().unwrap();
    assert!(s.json(&["crl"])["results"][0]["number"].as_u64().unwrap() > was);
}

#[test]
fn a_backup_replaces_nothing_and_leaves_nothing_half() {
    let s = Sandbox::with_issuing_ca();
    s.write("copy.db", "mine");
    s.refuses(&["doctor", "--backup", "copy.db"], 1, "io");
    assert_eq!(s.bytes("copy.db"), b"mine");
    s.refuses(&["doctor", "--backup", "nowhere/copy.db"], 1, "io");
    s.refuses(&["doctor", "--backup", "other.db", "--repair"], 2, "usage");
    assert!(!s.path("other.db").exists());
}

#[test]
fn certificates_are_listed_by_name_and_time() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "10.0.0.7"]);
    s.ok(&["client", "alice", "--email", "alice@example.org"]);
    let names = |arguments: &[&str]| {
        let all = s.json(&[&["list"], arguments].concat());
        let all = all["certificates"].as_array().unwrap();
        all.iter().map(|c| c["name"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--san", "API.internal"]), ["api.internal"]);
    assert_eq!(names(&["--san", "10.0.0.7"]), ["api.internal"]);
    assert_eq!(names(&["--san", "alice@example.org"]), ["alice"]);
    assert!(names(&["--san", "internal"]).is_empty(), "a whole name, not a part");
    assert_eq!(names(&["--since", &s.time(-3_600)]).len(), 4);
    assert!(names(&["--since", &s.time(3_600)]).is_empty());
    s.refuses(&["list", "--since", "yesterday"], 2, "invalid-value");
}
