//! Passphrases and keys that somebody brings along.

use crate::common::ran::warnings;
use crate::common::{Ran, Sandbox};
use std::io::Write;
use std::process::Stdio;

fn private(s: &Sandbox, name: &str, content: &str) {
    s.write(name, content);
    s.set_mode(name, 0o600);
}

/// A root whose key is encrypted, and below it a CA whose key is not.
fn locked() -> Sandbox {
    let s = Sandbox::new();
    private(&s, "root.pass", "correct horse\n");
    private(&s, "wrong.pass", "correct house\n");
    s.ok(&["root", "Lab Root", "--encrypt-key", "--passphrase-file", "root.pass"]);
    s.ok(&["intermediate", "Lab Issuing", "--issuer-passphrase-file", "root.pass"]);
    s
}

fn with_variable(s: &Sandbox, name: &str, value: &str, arguments: &[&str]) -> Ran {
    let mut command = s.command(arguments);
    command.env(name, value);
    Ran::of(command)
}

fn with_stdin(s: &Sandbox, text: &str, arguments: &[&str]) -> Ran {
    let mut command = s.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses at once need not read it.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    Ran::from_output(&command, child.wait_with_output().unwrap())
}

#[test]
fn an_encrypted_root_signs_with_its_passphrase_only() {
    let s = locked();
    let key = s.text("pki/ca/lab-root/key.pem");
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{key}");
    assert_eq!(s.mode("pki/ca/lab-root/key.pem"), 0o600);
    assert!(s.text("pki/ca/lab-issuing/key.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));

    let error = s.refuses(&["intermediate", "Other"], 1, "key-encrypted");
    assert!(error["message"].as_str().unwrap().starts_with("the key of `lab-root` is encrypted: "));
    let hint = "give its passphrase with `--issuer-passphrase-file FILE` or $ROOTLET_ISSUER_PASSPHRASE, or run this on a terminal";
    assert_eq!(error["hints"][0], hint);
    let error = s.refuses(&["intermediate", "Other", "--issuer-passphrase-file", "wrong.pass"], 1, "passphrase");
    assert_eq!(error["message"], "the passphrase is wrong: it does not open the key of `lab-root`");

    // What needs no key, or another one, goes on.
    s.ok(&["server", "api.internal"]);
    s.ok(&["revoke", "api.internal"]);
    s.ok(&["crl", "lab-issuing"]);
    s.ok(&["list"]);
    s.ok(&["doctor"]);
    s.ok(&["status"]);
    let error = s.refuses(&["revoke", "lab-issuing"], 1, "key-encrypted");
    assert!(error["hints"][1].as_str().unwrap().starts_with("`--no-crl` records"), "{error}");
    let wrong = ["revoke", "lab-issuing", "--issuer-passphrase-file", "wrong.pass"];
    s.refuses(&wrong, 1, "passphrase");
    s.ok(&["revoke", "lab-issuing", "--issuer-passphrase-file", "root.pass"]);
}

#[test]
fn the_crl_of_a_guarded_key_lasts_a_year() {
    let s = locked();
    private(&s, "sub.pass", "p");
    let sub = ["intermediate", "Sub", "--encrypt-key", "--passphrase-file", "sub.pass"];
    s.ok(&[&sub[..], &["--issuer-passphrase-file", "root.pass"]].concat());
    let days = |name: &str, options: &[&str]| {
        let crl = s.json(&[&["crl", name], options].concat());
        let time = |field: &str| {
            let text = crl["results"][0][field].as_str().unwrap();
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
        };
        (time("next_update") - time("this_update")).whole_days()
    };
    assert_eq!(days("lab-issuing", &[]), 30);
    assert_eq!(days("sub", &["--issuer-passphrase-file", "sub.pass"]), 365);
    assert_eq!(days("sub", &["--issuer-passphrase-file", "sub.pass", "--next-update", "7d"]), 7);
    // All of them: those whose keys nobody opens are passed over until they are due.
    let all = s.json(&["crl"]);
    assert_eq!(all["results"].as_array().unwrap().len(), 1, "{all}");
    let all = s.json(&["crl", "--issuer-passphrase-file", "sub=sub.pass", "--issuer-passphrase-file", "root.pass"]);
    assert_eq!(all["results"].as_array().unwrap().len(), 3, "{all}");
    // A leaf does not shorten it again.
    let before = s.bytes("pki/ca/sub/crl.pem");
    s.ok(&["server", "api.internal", "--issuer", "sub", "--issuer-passphrase-file", "sub.pass"]);
    assert_eq!(s.bytes("pki/ca/sub/crl.pem"), before);
}

#[test]
fn passphrases_come_from_files_stdin_and_the_environment() {
    let s = locked();
    let other = ["intermediate", "Other"];
    with_variable(&s, "ROOTLET_ISSUER_PASSPHRASE", "correct horse", &other).exits(0);
    let third = ["intermediate", "Third", "--issuer-passphrase-file", "-"];
    with_stdin(&s, "correct horse\n", &third).exits(0);
    // The option wins over the variable.
    let fourth = ["intermediate", "Fourth", "--issuer-passphrase-file", "root.pass"];
    with_variable(&s, "ROOTLET_ISSUER_PASSPHRASE", "nonsense", &fourth).exits(0);
    // One line ending is taken off, of either kind, and no more.
    private(&s, "windows.pass", "correct horse\r\n");
    s.ok(&["intermediate", "Fifth", "--issuer-passphrase-file", "windows.pass"]);
    private(&s, "two.pass", "correct horse\n\n");
    s.refuses(&["intermediate", "Sixth", "--issuer-passphrase-file", "two.pass"], 1, "passphrase");
    let new = ["root", "Other Root", "--encrypt-key"];
    with_variable(&s, "ROOTLET_PASSPHRASE", "its own", &new).exits(0);
    with_stdin(&s, "its own", &["intermediate", "Below", "--issuer", "other-root", "--issuer-passphrase-file", "-"])
        .exits(0);
}

#[test]
fn passphrases_that_cannot_be_used() {
    let s = locked();
    private(&s, "empty", "");
    private(&s, "blank", "\n");
    private(&s, "long", &"x".repeat(1025));
    let with = |file: &'static str| ["intermediate", "Other", "--issuer-passphrase-file", file];
    let error = s.refuses(&with("empty"), 1, "passphrase");
    assert_eq!(error["message"], "the passphrase in `empty` is empty");
    s.refuses(&with("blank"), 1, "passphrase");
    let error = s.refuses(&with("long"), 1, "passphrase");
    assert_eq!(error["message"], "the passphrase in `long` is longer than 1024 bytes");
    let error = s.refuses(&with("missing"), 1, "io");
    assert_eq!(error["message"], "cannot read `missing`: no such file or directory");
    s.refuses(&["root", "New", "--encrypt-key"], 1, "passphrase");
    with_variable(&s, "ROOTLET_ISSUER_PASSPHRASE", "", &["intermediate", "Other", "--json"])
        .exits(1)
        .error("passphrase");

    // Wrong usage, seen without looking at anything.
    let both = ["--encrypt-key", "--passphrase-file", "-", "--issuer-passphrase-file", "-"];
    s.refuses(&[&["intermediate", "Other"][..], &both].concat(), 2, "usage");
    s.refuses(&["revoke", "x", "--stdin", "--issuer-passphrase-file", "-"], 2, "usage");
    s.refuses(&["root", "New", "--passphrase-file", "root.pass"], 2, "usage");
    s.refuses(&["server", "a.internal", "--passphrase-file", "root.pass"], 2, "usage");
    let twice = ["--issuer-passphrase-file", "root.pass", "--issuer-passphrase-file", "wrong.pass"];
    s.refuses(&[&["crl"][..], &twice].concat(), 2, "usage");
    let twice = ["--issuer-key-file", "a=x", "--issuer-key-file", "a=y"];
    s.refuses(&[&["crl"][..], &twice].concat(), 2, "usage");
    // No command takes a passphrase itself.
    for option in ["--passphrase", "--issuer-passphrase", "--password"] {
        s.run(&["intermediate", "Other", option, "correct horse"]).exits(2);
    }
}

#[test]
fn a_refused_root_makes_no_folder() {
    let s = Sandbox::new();
    s.refuses(&["root", "Lab Root", "--encrypt-key"], 1, "passphrase");
    s.refuses(&["root", "Lab Root", "--encrypt-key", "--passphrase-file", "missing"], 1, "io");
    assert!(!s.path("pki").exists());
}

#[test]
fn a_passphrase_file_that_everybody_reads_is_a_warning() {
    let s = locked();
    s.set_mode("root.pass", 0o644);
    let made = s.json(&["intermediate", "Other", "--issuer-passphrase-file", "root.pass"]);
    assert_eq!(warnings(&made), ["passphrase-readable"]);
    s.set_mode("root.pass", 0o640);
    let made = s.json(&["intermediate", "Third", "--issuer-passphrase-file", "root.pass"]);
    assert_eq!(warnings(&made), [""; 0]);
}

#[test]
fn renewing_an_encrypted_ca() {
    let s = Sandbox::new();
    private(&s, "root.pass", "correct horse");
    private(&s, "sub.pass", "battery staple");
    let root = ["root", "Lab Root", "--encrypt-key", "--lifetime", "100d"];
    s.ok(&[&root[..], &["--passphrase-file", "root.pass"]].concat());
    let sub = ["intermediate", "Sub", "--encrypt-key", "--lifetime", "90d"];
    s.ok(&[&sub[..], &["--passphrase-file", "sub.pass", "--issuer-passphrase-file", "root.pass"]].concat());
    let keys = || (s.bytes("pki/ca/lab-root/key.pem"), s.bytes("pki/ca/sub/key.pem"));
    let before = keys();

    // A root signs itself: its own passphrase is needed, and neither prints nor changes the key file.
    s.refuses(&["root", "Lab Root", "--renew-within", "101d"], 1, "key-encrypted");
    let renewed = s.json(&["root", "Lab Root", "--renew-within", "101d", "--passphrase-file", "root.pass"]);
    assert_eq!(renewed["action"], "renewed");
    // A CA below it is renewed with its issuer's passphrase alone.
    s.refuses(&["intermediate", "Sub", "--renew-within", "91d"], 1, "key-encrypted");
    let renewed = s.json(&["intermediate", "Sub", "--renew-within", "91d", "--issuer-passphrase-file", "root.pass"]);
    assert_eq!(renewed["action"], "renewed");
    assert_eq!(keys(), before);
    s.ok(&["doctor"]);
    // What is there and not encrypted is not what --encrypt-key asks for.
    s.ok(&["root", "Plain"]);
    let error =
        s.refuses(&["root", "Plain", "--encrypt-key", "--if-missing", "--passphrase-file", "root.pass"], 1, "differs");
    assert_eq!(error["differences"][0]["field"], "key-encryption");
    let same = s.json(&["root", "Lab Root", "--encrypt-key", "--if-missing"]);
    assert_eq!(same["action"], "unchanged");
}

#[test]
fn a_key_that_somebody_brings_is_certified() {
    let s = locked();
    // Keys of this very program, taken away before their owners were forgotten.
    let made = |name: &str| {
        let other = Sandbox::with_issuing_ca();
        other.ok(&["server", name]);
        let key = other.text(&format!("pki/certs/{name}/key.pem"));
        private(&s, &format!("{name}.key"), &key);
        key
    };
    let key = made("a.internal");
    s.ok(&["server", "a.internal", "--key-file", "a.internal.key"]);
    assert_eq!(s.text("pki/certs/a.internal/key.pem"), key);
    assert_eq!(s.mode("pki/certs/a.internal/key.pem"), 0o600);
    s.ok(&["doctor"]);

    // The table of what exists: the key is part of what is the same.
    s.refuses(&["server", "a.internal", "--key-file", "a.internal.key"], 1, "exists");
    let same = s.json(&["server", "a.internal", "--key-file", "a.internal.key", "--if-missing"]);
    assert_eq!(same["action"], "unchanged");
    let other = made("b.internal");
    let error = s.refuses(&["server", "a.internal", "--key-file", "b.internal.key", "--if-missing"], 1, "differs");
    assert_eq!(error["differences"][0]["field"], "public-key");
    let forced = s.json(&["server", "a.internal", "--key-file", "b.internal.key", "--force"]);
    assert_eq!(forced["action"], "reissued");
    assert_eq!(s.text("pki/certs/a.internal/key.pem"), other);

    // One key, one algorithm.
    s.run(&["server", "c.internal", "--key-file", "b.internal.key", "--key", "p384"]).exits(2);
    s.refuses(&["server", "c.internal", "--key-file", "missing"], 1, "io");
    s.refuses(&["server", "c.internal", "--key-file", "pki/ca/lab-root/cert.pem"], 1, "key");

    // The key of a CA is no leaf's, and that of a leaf or of another CA is no CA's.
    let issuing = "pki/ca/lab-issuing/key.pem";
    let error = s.refuses(&["server", "c.internal", "--key-file", issuing], 1, "key-in-use");
    assert_eq!(error["message"], "the key that was given is the key of the intermediate `lab-issuing`");
    s.refuses(&["root", "Other", "--key-file", issuing], 1, "key-in-use");
    s.refuses(&["root", "Other", "--key-file", "b.internal.key"], 1, "key-in-use");

    // A key that was compromised is never certified again.
    s.ok(&["revoke", "a.internal", "--reason", "key-compromise"]);
    s.refuses(&["server", "c.internal", "--key-file", "b.internal.key"], 1, "key-barred");
}

#[test]
fn a_ca_gets_a_key_that_somebody_brings() {
    let s = Sandbox::new();
    let other = Sandbox::new();
    private(&s, "p", "correct horse");
    private(&other, "p", "correct horse");
    other.ok(&["root", "Elsewhere", "--encrypt-key", "--passphrase-file", "p"]);
    other.ok(&["root", "Plain"]);
    private(&s, "locked.key", &other.text("pki/ca/elsewhere/key.pem"));
    private(&s, "plain.key", &other.text("pki/ca/plain/key.pem"));

    let error = s.refuses(&["root", "Lab Root", "--key-file", "locked.key"], 1, "key-encrypted");
    assert!(error["hints"][0].as_str().unwrap().contains("--passphrase-file"), "{error}");
    let locked = ["root", "Lab Root", "--key-file", "locked.key", "--passphrase-file", "p"];
    s.refuses(&[&locked[..], &["--encrypt-key"]].concat(), 1, "key-encrypted");
    let made = s.json(&locked);
    // As it was: not one byte is encrypted again.
    assert_eq!(s.bytes("pki/ca/lab-root/key.pem"), s.bytes("locked.key"));
    assert_eq!(made["certificate"]["spki_sha256"], other.field("elsewhere", "spki_sha256"));
    let below = ["intermediate", "Sub", "--key-file", "plain.key", "--encrypt-key", "--passphrase-file", "p"];
    s.ok(&[&below[..], &["--issuer-passphrase-file", "p"]].concat());
    assert!(s.text("pki/ca/sub/key.pem").contains("ENCRYPTED"));
    assert_eq!(s.field("sub", "spki_sha256"), other.field("plain", "spki_sha256"));
    s.ok(&["server", "a.internal", "--issuer-passphrase-file", "p"]);
    s.ok(&["doctor"]);
}

#[test]
fn an_encrypted_leaf_key_is_renewed_as_it_is() {
    let s = Sandbox::with_issuing_ca();
    let other = Sandbox::new();
    private(&other, "p", "correct horse");
    private(&s, "p", "correct horse");
    other.ok(&["root", "Elsewhere", "--encrypt-key", "--passphrase-file", "p"]);
    private(&s, "locked.key", &other.text("pki/ca/elsewhere/key.pem"));
    let leaf = ["server", "a.internal", "--key-file", "locked.key", "--passphrase-file", "p"];
    s.ok(&[&leaf[..], &["--lifetime", "10d", "--out-dir", "delivered"]].concat());
    assert_eq!(s.bytes("delivered/key.pem"), s.bytes("locked.key"));
    let before = s.field("a.internal", "serial");
    let renewed = s.json(&["server", "a.internal", "--lifetime", "10d", "--renew-within", "11d"]);
    assert_eq!(renewed["action"], "renewed");
    assert_ne!(s.field("a.internal", "serial"), before);
    assert_eq!(s.bytes("pki/certs/a.internal/key.pem"), s.bytes("locked.key"));
    assert_eq!(s.bytes("delivered/key.pem"), s.bytes("locked.key"));
    s.ok(&["doctor"]);
}

#[test]
fn a_key_that_is_elsewhere_is_named() {
    let s = Sandbox::with_issuing_ca();
    std::fs::create_dir(s.path("usb")).unwrap();
    std::fs::rename(s.path("pki/ca/lab-root/key.pem"), s.path("usb/root.key")).unwrap();
    s.refuses(&["intermediate", "Other", "--issuer", "lab-root"], 1, "issuer-unusable");
    s.ok(&["intermediate", "Other", "--issuer-key-file", "usb/root.key"]);
    s.ok(&["intermediate", "Third", "--issuer-key-file", "Lab Root=usb/root.key"]);
    // Nothing of it stays.
    assert!(!s.path("pki/ca/lab-root/key.pem").exists());
    let wrong = ["intermediate", "Fourth", "--issuer", "lab-root", "--issuer-key-file", "pki/ca/lab-issuing/key.pem"];
    let error = s.refuses(&wrong, 1, "key");
    assert!(error["message"].as_str().unwrap().ends_with("it is not the key of `lab-root`"), "{error}");
    s.ok(&["crl", "lab-root", "--issuer-key-file", "usb/root.key"]);
    s.ok(&["revoke", "third", "--issuer-key-file", "lab-root=usb/root.key"]);
}
