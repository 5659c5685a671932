//! `doctor`: damage is planted, found, and mended where nothing is lost by mending.

use crate::common::Sandbox;
use serde_json::Value;
use std::fs;

fn healthy() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    s
}

/// The codes of what `doctor` finds. It looks and touches nothing.
fn find(s: &Sandbox) -> Vec<Value> {
    let before = s.state();
    let ran = s.run(&["doctor", "--json"]).exits(3);
    assert_eq!(ran.stderr, "", "{ran}");
    before.assert_unchanged(&s.state(), "doctor");
    let found = ran.object()["problems"].as_array().unwrap().clone();
    assert!(found.iter().all(|p| p["repaired"] == false), "{found:?}");
    found
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().map(|p| p["code"].as_str().unwrap()).collect()
}

/// `--repair` mends all of it, once.
fn mends(s: &Sandbox) {
    let outcome = s.json(&["doctor", "--repair"]);
    let mended = outcome["problems"].as_array().unwrap();
    assert!(!mended.is_empty() && mended.iter().all(|p| p["repaired"] == true), "{outcome}");
    s.ok(&["doctor"]).says("everything agrees");
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let s = healthy();
    let before = s.state();
    s.ok(&["doctor"]).says("3 names looked at: everything agrees");
    s.ok(&["doctor", "--repair"]);
    let outcome = s.json(&["doctor"]);
    assert_eq!((&outcome["problems"], &outcome["certificates"]), (&serde_json::json!([]), &3.into()));
    before.assert_unchanged(&s.state(), "doctor");
}

#[test]
fn a_mode_that_lets_others_in() {
    for (path, mode) in [
        ("pki/certs/api.internal/key.pem", 0o644),
        ("pki/certs/api.internal", 0o755),
        ("pki/ca/lab-root/key.pem", 0o640),
        ("pki/ca/lab-root", 0o750),
        ("pki/inventory.db", 0o644),
    ] {
        let s = healthy();
        let good = s.mode(path);
        s.set_mode(path, mode);
        assert_eq!(codes(&find(&s)), ["mode"], "{path}");
        s.run(&["doctor"]).exits(3).prints("has mode").says("--repair");
        mends(&s);
        assert_eq!(s.mode(path), good, "{path}");
    }
}

/// The folders above the secrets.
#[test]
fn a_folder_mode_that_lets_others_in() {
    for path in ["pki/ca", "pki/certs", "pki/pending"] {
        let s = healthy();
        s.set_mode(path, 0o777);
        assert_eq!(codes(&find(&s)), ["mode"], "{path}");
        mends(&s);
        assert_eq!(s.mode(path), 0o700, "{path}");
    }
}

#[test]
fn a_file_that_is_gone_or_changed_and_can_be_derived() {
    for path in [
        "pki/certs/api.internal/cert.pem",
        "pki/certs/api.internal/chain.pem",
        "pki/certs/api.internal/fullchain.pem",
        "pki/certs/api.internal/ca.pem",
        "pki/ca/lab-issuing/cert.pem",
        "pki/ca/lab-issuing/chain.pem",
        "pki/public/roots.pem",
        "pki/public/crls.pem",
        "pki/public/lab-issuing.crt",
        "pki/public/lab-issuing.crl",
    ] {
        let s = healthy();
        let good = s.bytes(path);
        let code = if path.starts_with("pki/public/") { "public" } else { "files" };
        fs::remove_file(s.path(path)).unwrap();
        assert!(codes(&find(&s)).contains(&code), "{path}");
        mends(&s);
        assert!(s.bytes(path) == good, "{path}");

        s.write(path, "something else\n");
        assert!(codes(&find(&s)).contains(&code), "{path}");
        mends(&s);
        assert!(s.bytes(path) == good, "{path}");
    }
}

/// A chain that is some other chain: whole, and not this leaf's.
#[test]
fn a_chain_or_trust_file_of_somebody_else() {
    let other = Sandbox::new();
    other.ok(&["root", "Other Root"]);
    for file in ["chain.pem", "ca.pem"] {
        let s = healthy();
        let path = format!("pki/certs/api.internal/{file}");
        s.write(&path, other.bytes("pki/ca/other-root/cert.pem"));
        assert_eq!(codes(&find(&s)), ["files"], "{file}");
    }
}

#[test]
fn a_key_that_is_swapped_or_gone_is_never_mended() {
    let s = healthy();
    s.ok(&["client", "c"]);
    fs::copy(s.path("pki/certs/c/key.pem"), s.path("pki/certs/api.internal/key.pem")).unwrap();
    let found = find(&s);
    assert_eq!(codes(&found), ["key"]);
    assert!(found[0]["hint"].as_str().unwrap().contains("put the right key"), "{found:?}");
    let key = s.bytes("pki/certs/api.internal/key.pem");
    s.run(&["doctor", "--repair"]).exits(3);
    assert!(s.bytes("pki/certs/api.internal/key.pem") == key, "keys are never touched");

    let s = healthy();
    fs::remove_file(s.path("pki/ca/lab-issuing/key.pem")).unwrap();
    assert_eq!(codes(&find(&s)), ["key"]);
    s.run(&["doctor", "--repair"]).exits(3);
    s.write("pki/ca/lab-issuing/key.pem", "no key\n");
    s.set_mode("pki/ca/lab-issuing/key.pem", 0o600);
    assert_eq!(codes(&find(&s)), ["key"]);

    let s = healthy();
    fs::remove_dir_all(s.path("pki/certs/api.internal")).unwrap();
    assert_eq!(codes(&find(&s)), ["missing"]);
    s.run(&["doctor", "--repair"]).exits(3);
    assert!(!s.path("pki/certs/api.internal").exists());
}

#[test]
fn a_crl_that_is_not_the_one_on_record() {
    let s = healthy();
    s.ok(&["revoke", "api.internal"]);
    let old = s.bytes("pki/ca/lab-issuing/crl.pem");
    s.ok(&["crl", "lab-issuing"]);
    s.write("pki/ca/lab-issuing/crl.pem", &old);
    assert!(codes(&find(&s)).contains(&"crl"));
    s.ok(&["crl", "lab-issuing"]);
    s.ok(&["doctor"]);
    for content in ["", "garbage\n"] {
        s.write("pki/ca/lab-issuing/crl.pem", content);
        assert!(codes(&find(&s)).contains(&"crl"), "{content:?}");
    }
    fs::remove_file(s.path("pki/ca/lab-issuing/crl.pem")).unwrap();
    assert!(codes(&find(&s)).contains(&"crl"));
    s.ok(&["crl", "--due"]);
    s.ok(&["doctor"]);
}

/// A CRL file that cannot be read is what `crl` replaces.
#[test]
fn a_crl_file_that_is_damaged_is_written_again() {
    for content in ["", "garbage\n"] {
        let s = healthy();
        s.write("pki/ca/lab-issuing/crl.pem", content);
        s.ok(&["crl", "lab-issuing"]);
        s.ok(&["doctor"]);
    }
}

/// It stops no revocation, is due, and is never published.
#[test]
fn a_crl_file_that_is_damaged_does_no_harm() {
    let s = healthy();
    s.write("pki/ca/lab-issuing/crl.pem", "garbage\n");
    s.run(&["crl", "--check"]).exits(3).prints("due lab-issuing");
    s.ok(&["revoke", "api.internal"]);
    s.ok(&["doctor"]);

    let s = healthy();
    s.write("pki/ca/lab-issuing/crl.pem", "garbage\n");
    s.run(&["doctor", "--repair"]);
    s.ok(&["root", "Second"]);
    assert!(!s.text("pki/public/crls.pem").contains("garbage"), "{}", s.text("pki/public/crls.pem"));
}

#[test]
fn files_that_are_not_of_this_pki() {
    let s = healthy();
    s.write("pki/public/notes.txt", "secret\n");
    let found = find(&s);
    assert_eq!(codes(&found), ["public"]);
    assert!(found[0]["message"].as_str().unwrap().contains("would be published"), "{found:?}");
    s.run(&["doctor", "--repair"]).exits(3);
    assert_eq!(s.text("pki/public/notes.txt"), "secret\n", "nothing of others is removed");

    let s = healthy();
    s.write("pki/certs/stranger/cert.pem", "");
    s.write("pki/ca/stranger/cert.pem", "");
    assert_eq!(codes(&find(&s)), ["unknown", "unknown"]);
    s.run(&["doctor", "--repair"]).exits(3);
    assert!(s.path("pki/certs/stranger").exists() && s.path("pki/ca/stranger").exists());
    // A name whose folder is taken by files that nobody knows is not issued.
    s.refuses(&["client", "stranger"], 1, "exists");
    s.refuses(&["root", "Stranger"], 1, "exists");
}

#[test]
fn folders_of_the_pki_that_are_gone() {
    for folder in ["pki/pending", "pki/public"] {
        let s = healthy();
        fs::remove_dir_all(s.path(folder)).unwrap();
        assert!(codes(&find(&s)).contains(&"missing"), "{folder}");
        mends(&s);
    }
}

/// A command died before its certificate was recorded: it never existed, and what it left is removed.
#[test]
fn a_pending_folder_without_a_row_is_undone() {
    let plant = |s: &Sandbox| {
        let folder = "pki/pending/0123456789abcdef0123456789abcdef";
        for file in ["cert.pem", "key.pem"] {
            s.write(&format!("{folder}/{file}"), s.bytes(&format!("pki/certs/api.internal/{file}")));
        }
        s.write("pki/pending/crl-1-1-lab-issuing/crl.pem", "");
    };
    let s = healthy();
    let clean = s.state();
    plant(&s);
    assert_eq!(codes(&find(&s)), ["half-done", "half-done"]);
    let outcome = s.json(&["doctor", "--repair"]);
    assert!(outcome["problems"][0]["message"].as_str().unwrap().contains("undone"), "{outcome}");
    clean.assert_unchanged(&s.state(), "doctor --repair");

    // So does any command that writes.
    plant(&s);
    s.ok(&["client", "c"]);
    assert!(s.names("pki/pending").is_empty());
    s.ok(&["doctor"]);
}

/// A command died between the record and the release: the certificate exists, and its files are put in their place.
#[test]
fn a_pending_folder_with_a_row_is_finished() {
    let plant = |s: &Sandbox, name: &str, folder: &str| {
        let serial = s.field(name, "serial");
        fs::rename(s.path(&format!("{folder}/{name}")), s.path(&format!("pki/pending/{serial}"))).unwrap();
    };
    let s = healthy();
    let clean = s.state();
    plant(&s, "api.internal", "pki/certs");
    assert!(codes(&find(&s)).contains(&"half-done"));
    let outcome = s.json(&["doctor", "--repair"]);
    assert!(outcome["problems"][0]["message"].as_str().unwrap().contains("finished"), "{outcome}");
    clean.assert_unchanged(&s.state(), "doctor --repair");

    plant(&s, "api.internal", "pki/certs");
    plant(&s, "lab-issuing", "pki/ca");
    s.ok(&["client", "c"]);
    assert!(s.names("pki/pending").is_empty());
    s.ok(&["doctor"]);
    // What was half-made can be revoked and asked for again, whoever comes first.
    plant(&s, "c", "pki/certs");
    assert_eq!(s.json(&["client", "c", "--if-missing"])["action"], "unchanged");
    s.ok(&["doctor"]);
    plant(&s, "c", "pki/certs");
    s.ok(&["revoke", "c"]);
    assert!(s.path("pki/certs/c/key.pem").exists());
    s.ok(&["doctor"]);
}

/// A renewal that died before the swap: the newer certificate goes in, the older one out.
#[test]
fn a_pending_renewal_replaces_what_it_renews() {
    let s = healthy();
    let old = s.copied();
    s.ok(&["server", "api.internal", "--force"]);
    let serial = s.field("api.internal", "serial");
    let folder = s.path("pki/certs/api.internal");
    fs::rename(&folder, s.path(&format!("pki/pending/{serial}"))).unwrap();
    fs::rename(old.path("pki/certs/api.internal"), &folder).unwrap();
    assert!(codes(&find(&s)).contains(&"half-done"));
    mends(&s);
    assert_eq!(s.json(&["show", "pki/certs/api.internal/cert.pem"])["certificate"]["serial"], serial.as_str());
}

#[test]
fn an_inventory_that_is_none() {
    for content in ["no database, whatever its name says\n".repeat(100).as_bytes(), &[0xff; 4096]] {
        let s = healthy();
        for file in ["inventory.db-wal", "inventory.db-shm"] {
            drop(fs::remove_file(s.path("pki").join(file)));
        }
        s.write("pki/inventory.db", content);
        for command in [&["list"][..], &["doctor"], &["client", "c"], &["root", "X"], &["crl"], &["revoke", "c"]] {
            let error = s.refuses(command, 1, "inventory");
            assert!(error["message"].as_str().unwrap().contains("inventory"), "{error}");
        }
        assert!(s.bytes("pki/inventory.db") == content, "it is left alone");
    }
}

/// Something in `public/` that is no file neither stops nor hangs `doctor`: it is a finding like any other.
#[test]
fn what_is_no_file_in_the_published_folder() {
    let s = healthy();
    fs::remove_file(s.path("pki/public/roots.pem")).unwrap();
    fs::create_dir(s.path("pki/public/roots.pem")).unwrap();
    fs::write(s.path("pki/public/roots.pem/mine"), "mine").unwrap();
    assert_eq!(codes(&find(&s)), ["public"]);
    s.run(&["doctor", "--repair"]).exits(3);
    assert_eq!(s.bytes("pki/public/roots.pem/mine"), b"mine");
    // A command about something else goes on.
    s.ok(&["client", "c"]);
}

/// Where two folders cannot be swapped in one step, what was there lies aside in between: a kill loses nothing of it.
#[test]
fn what_a_swap_left_aside_is_put_away() {
    let mine = "notes.txt";
    for state in ["nothing came yet", "only the old one is gone", "the new one came"] {
        let s = healthy();
        s.write(&format!("pki/certs/api.internal/{mine}"), "mine");
        let before = s.copied();
        s.ok(&["server", "api.internal", "--force"]);
        let serial = s.field("api.internal", "serial");
        let (place, new) = (s.path("pki/certs/api.internal"), s.bytes("pki/certs/api.internal/cert.pem"));
        let aside = s.path(&format!("pki/pending/aside-{serial}"));
        match state {
            "nothing came yet" => {
                fs::rename(&place, s.path(&format!("pki/pending/{serial}"))).unwrap();
                fs::remove_file(s.path(&format!("pki/pending/{serial}/{mine}"))).unwrap();
                fs::rename(before.path("pki/certs/api.internal"), &aside).unwrap();
            }
            "only the old one is gone" => fs::rename(&place, &aside).unwrap(),
            _ => {
                fs::remove_file(place.join(mine)).unwrap();
                fs::rename(before.path("pki/certs/api.internal"), &aside).unwrap();
            }
        }
        assert!(codes(&find(&s)).contains(&"half-done"), "{state}");
        mends(&s);
        assert_eq!(s.bytes("pki/certs/api.internal/cert.pem"), new, "{state}");
        assert_eq!(s.text(&format!("pki/certs/api.internal/{mine}")), "mine", "{state}");
        assert!(s.names("pki/pending").is_empty(), "{state}");
    }
    // Of a request too, whose name may have dots.
    let s = Sandbox::with_issuing_ca();
    s.ok(&["request", "web.internal", "--profile", "server"]);
    let key = s.bytes("pki/requests/web.internal/key.pem");
    fs::rename(s.path("pki/requests/web.internal"), s.path("pki/pending/aside-csr-7-web.internal")).unwrap();
    s.ok(&["server", "other.internal"]);
    assert_eq!(s.bytes("pki/requests/web.internal/key.pem"), key);
    // What cannot be told apart is left alone, and named.
    fs::create_dir(s.path("pki/pending/aside-0a1b")).unwrap();
    let found = s.run(&["doctor", "--repair", "--json"]).exits(3).object();
    assert_eq!(found["problems"][0]["code"], "half-done", "{found}");
    assert!(s.path("pki/pending/aside-0a1b").exists());
}
