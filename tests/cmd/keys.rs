//! `key`: encrypting keys where they are, and keeping a CA's key elsewhere.

use crate::common::ran::warnings;
use crate::common::{Ran, Sandbox};
use std::fs;

const KEY: &str = "pki/ca/lab-root/key.pem";

fn private(s: &Sandbox, name: &str, content: &str) {
    s.write(name, content);
    s.set_mode(name, 0o600);
}

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    private(&s, "one.pass", "correct horse\n");
    private(&s, "two.pass", "battery staple\n");
    fs::create_dir(s.path("usb")).unwrap();
    s
}

#[test]
fn encrypting_changing_and_decrypting() {
    let s = lab();
    let plain = s.bytes(KEY);
    s.refuses(&["key", "encrypt", "lab-root"], 1, "passphrase");
    let made = s.json(&["key", "encrypt", "Lab Root", "--passphrase-file", "one.pass"]);
    assert_eq!((&made["action"], &made["encrypted"]), (&"encrypted".into(), &true.into()));
    assert!(s.text(KEY).contains("ENCRYPTED"));
    assert_eq!(s.mode(KEY), 0o600);
    // Its CRL lasts from now on: nobody need type the passphrase every month.
    assert!(made["crl_number"].is_u64(), "{made}");
    let locked = s.bytes(KEY);

    let again = s.json(&["key", "encrypt", "lab-root", "--passphrase-file", "one.pass"]);
    assert_eq!(again["action"], "unchanged");
    s.refuses(&["key", "encrypt", "lab-root", "--passphrase-file", "two.pass"], 1, "passphrase");
    assert_eq!(s.bytes(KEY), locked);

    let change = ["key", "change-passphrase", "lab-root", "--passphrase-file"];
    let error = s.refuses(&[&change[..], &["one.pass"]].concat(), 1, "passphrase");
    assert_eq!(error["message"], "no new passphrase was given for the key of `lab-root`");
    let wrong = [&change[..], &["/dev/null", "--new-passphrase-file", "two.pass"]].concat();
    s.refuses(&wrong, 1, "passphrase");
    let changed = s.json(&[&change[..], &["one.pass", "--new-passphrase-file", "two.pass"]].concat());
    assert_eq!(changed["action"], "passphrase-changed");
    let again = s.json(&[&change[..], &["one.pass", "--new-passphrase-file", "two.pass"]].concat());
    assert_eq!(again["action"], "unchanged");

    s.refuses(&["key", "decrypt", "lab-root"], 1, "key-encrypted");
    s.refuses(&["key", "decrypt", "lab-root", "--passphrase-file", "one.pass"], 1, "passphrase");
    s.ok(&["key", "decrypt", "lab-root", "--passphrase-file", "two.pass"]);
    assert_eq!(s.bytes(KEY), plain);
    assert_eq!(s.json(&["key", "decrypt", "lab-root"])["action"], "unchanged");
    let change = ["key", "change-passphrase", "lab-root", "--passphrase-file", "one.pass"];
    let new = ["--new-passphrase-file", "two.pass"];
    s.refuses(&[&change[..], &new].concat(), 1, "key-not-encrypted");
    s.ok(&["doctor"]);
}

#[test]
fn new_passphrases_from_the_environment() {
    let s = lab();
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = s.command(arguments);
        command.envs(variables.iter().copied());
        Ran::of(command)
    };
    run(&[("ROOTLET_PASSPHRASE", "one")], &["key", "encrypt", "lab-root"]).exits(0);
    let both = [("ROOTLET_PASSPHRASE", "one"), ("ROOTLET_NEW_PASSPHRASE", "two")];
    run(&both, &["key", "change-passphrase", "lab-root"]).exits(0);
    run(&[("ROOTLET_PASSPHRASE", "two")], &["key", "decrypt", "lab-root"]).exits(0);
    let twice = ["--passphrase-file", "-", "--new-passphrase-file", "-"];
    s.refuses(&[&["key", "change-passphrase", "lab-root"][..], &twice].concat(), 2, "usage");
}

#[test]
fn the_key_of_a_leaf_goes_to_its_deliveries_as_it_is() {
    let s = lab();
    s.ok(&["server", "a.internal", "--out-dir", "delivered", "--lifetime", "10d"]);
    let (key, copy) = ("pki/certs/a.internal/key.pem", "delivered/key.pem");
    let made = s.json(&["key", "encrypt", "a.internal", "--passphrase-file", "one.pass"]);
    assert_eq!(warnings(&made), ["delivered-encrypted"]);
    assert_eq!(made["delivered"].as_array().unwrap().len(), 1);
    assert!(s.text(key).contains("ENCRYPTED"));
    assert_eq!(s.bytes(copy), s.bytes(key));
    let locked = s.bytes(key);
    // A renewal needs no passphrase, and the key goes along as it is.
    let renewed = s.json(&["server", "a.internal", "--renew-within", "11d", "--lifetime", "10d"]);
    assert_eq!(renewed["action"], "renewed");
    assert_eq!((s.bytes(key), s.bytes(copy)), (locked.clone(), locked));
    s.ok(&["key", "decrypt", "a.internal", "--passphrase-file", "one.pass"]);
    assert!(s.text(copy).starts_with("-----BEGIN PRIVATE KEY-----"));
    s.ok(&["doctor"]);
    s.refuses(&["key", "encrypt", "nobody", "--passphrase-file", "one.pass"], 1, "not-found");
    s.refuses(&["key", "detach", "a.internal", "--output", "usb/key"], 1, "not-a-ca");
}

#[test]
fn a_detached_root() {
    let s = lab();
    let plain = s.bytes(KEY);
    let made = s.json(&["key", "detach", "lab-root", "--output", "usb/root.key"]);
    assert_eq!((&made["action"], &made["key"]), (&"detached".into(), &"detached".into()));
    assert_eq!(s.bytes("usb/root.key"), plain);
    assert_eq!(s.mode("usb/root.key"), 0o600);
    assert!(!s.path(KEY).exists());
    assert!(made["crl_number"].is_u64(), "{made}");
    let again = s.json(&["key", "detach", "lab-root", "--output", "usb/root.key"]);
    assert_eq!(again["action"], "unchanged");
    let error = s.refuses(&["key", "detach", "lab-root", "--output", "usb/other.key"], 1, "key-elsewhere");
    assert_eq!(error["message"], "the key of `lab-root` is not here: it is detached");

    // What does not need it goes on, and nobody misses it.
    s.ok(&["doctor"]);
    s.ok(&["status"]);
    s.ok(&["server", "a.internal"]);
    s.ok(&["revoke", "a.internal"]);
    s.ok(&["crl"]);
    s.ok(&["crl", "--due"]);
    s.ok(&["crl", "--check"]);
    // What needs it names the way.
    let error = s.refuses(&["intermediate", "Other", "--issuer", "lab-root"], 1, "issuer-unusable");
    assert_eq!(error["message"], "`lab-root` cannot issue: its key was detached");
    let error = s.refuses(&["revoke", "lab-issuing"], 1, "issuer-unusable");
    assert!(error.to_string().contains("--issuer-key-file"), "{error}");
    s.refuses(&["key", "encrypt", "lab-root", "--passphrase-file", "one.pass"], 1, "key-elsewhere");
    let with = ["--issuer-key-file", "usb/root.key"];
    s.ok(&[&["intermediate", "Other", "--issuer", "lab-root"][..], &with].concat());
    s.ok(&[&["revoke", "other"][..], &with].concat());
    let crl = s.json(&[&["crl", "lab-root"][..], &with].concat());
    assert_eq!(crl["results"][0]["entries"], 1);
    assert!(!s.path(KEY).exists());

    // Back again, and nothing but the right key.
    s.refuses(&["key", "attach", "lab-root", "--key-file", "pki/ca/lab-issuing/key.pem"], 1, "key");
    s.refuses(&["key", "attach", "lab-root", "--key-file", "missing"], 1, "io");
    let back = s.json(&["key", "attach", "lab-root", "--key-file", "usb/root.key"]);
    assert_eq!((&back["action"], &back["key"]), (&"attached".into(), &"here".into()));
    assert_eq!((s.bytes(KEY), s.mode(KEY)), (plain, 0o600));
    assert!(s.path("usb/root.key").exists());
    assert_eq!(s.json(&["key", "attach", "lab-root", "--key-file", "usb/root.key"])["action"], "unchanged");
    s.ok(&["intermediate", "Third", "--issuer", "lab-root"]);
    s.ok(&["doctor"]);
}

#[test]
fn where_a_key_may_go() {
    let s = lab();
    s.write("usb/taken", "something");
    let to = |file: &'static str| ["key", "detach", "lab-root", "--output", file];
    s.refuses(&to("usb/taken"), 1, "exists");
    s.refuses(&to("pki/root.key"), 1, "delivery-inside");
    s.refuses(&to("pki/ca/../root.key"), 1, "delivery-inside");
    s.refuses(&to("missing/root.key"), 1, "io");
    s.refuses(&to("usb"), 1, "io");
    s.run(&["key", "detach", "lab-root"]).exits(2);
    s.run(&["key"]).exits(2);
    // The key file is no copy of itself.
    fs::hard_link(s.path(KEY), s.path("usb/link.key")).unwrap();
    let error = s.refuses(&to("usb/link.key"), 1, "exists");
    assert!(error["message"].as_str().unwrap().contains("itself"), "{error}");
    std::os::unix::fs::symlink(s.path(KEY), s.path("usb/symlink.key")).unwrap();
    s.refuses(&to("usb/symlink.key"), 1, "delivery-inside");
    for link in ["usb/link.key", "usb/symlink.key"] {
        fs::remove_file(s.path(link)).unwrap();
    }
    // A copy that is there already, of a run that died, will do.
    fs::copy(s.path(KEY), s.path("usb/root.key")).unwrap();
    assert_eq!(s.json(&to("usb/root.key"))["action"], "detached");
    assert_eq!(s.names("usb"), ["root.key", "taken"]);
    assert_eq!(s.names("pki/pending"), [""; 0]);
}

#[test]
fn an_encrypted_key_is_detached_encrypted() {
    let s = lab();
    s.ok(&["key", "encrypt", "lab-root", "--passphrase-file", "one.pass"]);
    let locked = s.bytes(KEY);
    let detach = ["key", "detach", "lab-root", "--output", "usb/root.key"];
    s.refuses(&detach, 1, "key-encrypted");
    s.refuses(&[&detach[..], &["--passphrase-file", "two.pass"]].concat(), 1, "passphrase");
    s.ok(&[&detach[..], &["--passphrase-file", "one.pass"]].concat());
    assert_eq!(s.bytes("usb/root.key"), locked);
    // Asked for again, of that file and of the encrypted key of somebody else.
    s.refuses(&detach, 1, "key-encrypted");
    let again = |file| ["key", "detach", "lab-root", "--output", file, "--passphrase-file", "one.pass"];
    assert_eq!(s.json(&again("usb/root.key"))["action"], "unchanged");
    s.ok(&["key", "encrypt", "lab-issuing", "--passphrase-file", "one.pass"]);
    s.write("usb/other.key", s.bytes("pki/ca/lab-issuing/key.pem"));
    s.refuses(&again("usb/other.key"), 1, "key");
    s.write("usb/other.key", "nonsense");
    s.refuses(&again("usb/other.key"), 1, "key");
    let with = ["--issuer-key-file", "usb/root.key", "--issuer-passphrase-file", "one.pass"];
    s.ok(&[&["intermediate", "Other"][..], &with].concat());
    s.refuses(&["key", "attach", "lab-root", "--key-file", "usb/root.key"], 1, "key-encrypted");
    s.ok(&["key", "attach", "lab-root", "--key-file", "usb/root.key", "--passphrase-file", "one.pass"]);
    assert_eq!(s.bytes(KEY), locked);
}

#[test]
fn a_key_that_came_back_by_itself_is_told() {
    let s = lab();
    s.ok(&["key", "detach", "lab-root", "--output", "usb/root.key"]);
    fs::copy(s.path("usb/root.key"), s.path(KEY)).unwrap();
    let found = s.run(&["doctor", "--json"]).exits(3).object();
    assert_eq!(found["problems"][0]["code"], "key");
    assert!(found["problems"][0]["hint"].as_str().unwrap().contains("rootlet key attach lab-root"), "{found}");
    // Either way out.
    s.ok(&["key", "attach", "lab-root", "--key-file", "usb/root.key"]);
    s.ok(&["doctor"]);
    s.ok(&["key", "detach", "lab-root", "--output", "usb/root.key"]);
    fs::copy(s.path("usb/root.key"), s.path(KEY)).unwrap();
    s.ok(&["key", "detach", "lab-root", "--output", "usb/root.key"]);
    assert!(!s.path(KEY).exists());
    s.ok(&["doctor"]);
}

#[test]
fn damaged_and_foreign_key_files() {
    let s = lab();
    let whole = s.text(KEY);
    for damaged in ["", "nonsense", &whole[..60], &s.text("pki/ca/lab-root/cert.pem")] {
        s.write(KEY, damaged);
        s.refuses(&["key", "encrypt", "lab-root", "--passphrase-file", "one.pass"], 1, "key");
        s.refuses(&["key", "detach", "lab-root", "--output", "usb/x"], 1, "key");
        s.write("usb/good.key", &whole);
        s.refuses(&["key", "attach", "lab-root", "--key-file", "usb/good.key"], 1, "exists");
    }
    s.write(KEY, s.bytes("pki/ca/lab-issuing/key.pem"));
    let error = s.refuses(&["key", "encrypt", "lab-root", "--passphrase-file", "one.pass"], 1, "key");
    assert!(error["message"].as_str().unwrap().ends_with("it is not the key of `lab-root`"), "{error}");
    s.refuses(&["key", "detach", "lab-root", "--output", "usb/x"], 1, "key");
    fs::remove_file(s.path(KEY)).unwrap();
    s.refuses(&["key", "encrypt", "lab-root", "--passphrase-file", "one.pass"], 1, "io");
    s.write("usb/root.key", &whole);
    // Lost and found again.
    s.ok(&["key", "attach", "lab-root", "--key-file", "usb/root.key"]);
    s.ok(&["doctor"]);
}

#[test]
fn a_key_that_was_moved_by_hand_is_recorded() {
    let s = lab();
    fs::rename(s.path(KEY), s.path("usb/root.key")).unwrap();
    s.run(&["doctor"]).exits(3);
    s.write("usb/other", s.bytes("pki/ca/lab-issuing/key.pem"));
    s.refuses(&["key", "detach", "lab-root", "--output", "usb/other"], 1, "key");
    s.refuses(&["key", "detach", "lab-root", "--output", "usb/missing"], 1, "io");
    let made = s.json(&["key", "detach", "lab-root", "--output", "usb/root.key"]);
    assert_eq!(made["action"], "detached");
    s.ok(&["doctor"]);
}

/// A CA that was made again keeps its earlier key, which is a secret too.
#[test]
fn keys_of_earlier_generations_are_not_forgotten() {
    let s = lab();
    s.ok(&["revoke", "lab-issuing"]);
    s.ok(&["intermediate", "Lab Issuing"]);
    let earlier = s.text("pki/ca/lab-issuing/gen-1/key.pem");
    assert!(!earlier.contains("ENCRYPTED"));
    for action in ["encrypted", "unchanged"] {
        let made = s.json(&["key", "encrypt", "lab-issuing", "--passphrase-file", "one.pass"]);
        assert_eq!((&made["action"], warnings(&made)), (&action.into(), vec!["earlier-key"]));
        assert!(made["warnings"][0]["message"].as_str().unwrap().contains("gen-1/key.pem"), "{made}");
    }
    assert_eq!(s.text("pki/ca/lab-issuing/gen-1/key.pem"), earlier);
}
