//! Passphrases that a person types: on a terminal that Python makes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::program::{Ran, clean_command, present, run, source};
use super::python::PYTHON;

const ROOTLET: &str = env!("CARGO_BIN_EXE_rootlet");

/// Runs the binary on a terminal and types these lines, each when it asks for one.
fn on_terminal(folder: &Path, lines: &str, arguments: &[&str]) -> Ran {
    let mut command = PYTHON.command();
    command.arg("-I").arg(source("python/on_terminal.py")).arg(lines).arg(ROOTLET).args(arguments);
    run(command.env("NO_COLOR", "1").current_dir(folder)).succeeds()
}

/// Whether the key of the root is encrypted.
fn is_encrypted(folder: &Path) -> bool {
    let key = fs::read_to_string(folder.join("pki/ca/lab-root/key.pem")).expect("a key file");
    key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a scratch folder can be made")
}

#[test]
fn a_new_passphrase_is_typed_twice_and_an_old_one_once() {
    if !present(&[&PYTHON]) {
        return;
    }
    let folder = folder();
    let at = folder.path();
    let root = ["root", "Lab Root", "--encrypt-key"];
    let ran = on_terminal(at, "correct horse|correct horse", &root);
    let ran = ran.says("exit: 0").says("New passphrase for the key of Lab Root: ").says("The same again: ");
    assert!(!ran.stdout.contains("correct horse"), "it is not shown: {ran}");
    assert!(is_encrypted(at));

    on_terminal(at, "correct horse", &["intermediate", "Issuing"])
        .says("exit: 0")
        .says("Passphrase for the key of lab-root: ");
    on_terminal(at, "correct house", &["intermediate", "Other"])
        .says("exit: 1")
        .says("the passphrase is wrong: it does not open the key of `lab-root`");
    // Asked for once, however often the key is used: for the certificate, and for the CRL of a second act.
    on_terminal(at, "correct horse", &["revoke", "issuing"]).says("exit: 0");

    // The old one, then the new one twice.
    on_terminal(at, "correct horse|staple|staple", &["key", "change-passphrase", "lab-root"])
        .says("exit: 0")
        .says("passphrase changed lab-root");
    on_terminal(at, "staple", &["key", "decrypt", "lab-root"]).says("exit: 0");
    assert!(!is_encrypted(at));
}

#[test]
fn what_is_typed_wrong_changes_nothing() {
    if !present(&[&PYTHON]) {
        return;
    }
    let folder = folder();
    let at = folder.path();
    let root = ["root", "Lab Root", "--encrypt-key"];
    on_terminal(at, "one|two", &root).says("exit: 1").says("the two passphrases are not the same");
    on_terminal(at, "|", &root).says("exit: 1").says("no passphrase was typed");
    assert!(!at.join("pki").exists());
    on_terminal(at, "", &["root", "Lab Root"]).says("exit: 0");
    on_terminal(at, "one|two", &["key", "encrypt", "lab-root"]).says("exit: 1");
    assert!(!is_encrypted(at));
}

/// Without a terminal on stdin or on stderr nobody is asked, though there is one elsewhere.
#[test]
fn nothing_is_asked_without_a_terminal() {
    if !present(&[&PYTHON]) {
        return;
    }
    let folder = folder();
    let at = folder.path();
    let shell = format!("{ROOTLET} root 'Lab Root' --encrypt-key");
    for redirected in ["</dev/null", "2>errors", "</dev/null 2>errors"] {
        let mut command = PYTHON.command();
        command.arg("-I").arg(source("python/on_terminal.py")).arg("");
        command.args(["/bin/sh", "-c", &format!("{shell} {redirected}")]);
        let ran = run(command.env("NO_COLOR", "1").current_dir(at)).succeeds().says("exit: 1");
        assert!(!ran.stdout.contains("passphrase for the key"), "{redirected}: {ran}");
        assert!(!at.join("pki").exists());
    }
    // stdout may go anywhere.
    let mut command = PYTHON.command();
    command.arg("-I").arg(source("python/on_terminal.py")).arg("one|one");
    command.args(["/bin/sh", "-c", &format!("{shell} >out")]);
    run(command.current_dir(at)).succeeds().says("exit: 0");
    // And with no terminal at all, as in a job.
    let mut command: Command = clean_command(ROOTLET);
    command.args(["intermediate", "Issuing"]).current_dir(at).stdin(Stdio::null());
    run(&mut command).fails().says("the key of `lab-root` is encrypted");
}

/// A page of HTML is not for a terminal, and lines are colored there.
#[test]
fn a_terminal_gets_a_tree_and_no_page() {
    if !present(&[&PYTHON]) {
        return;
    }
    let folder = folder();
    let at = folder.path();
    run(clean_command(ROOTLET).args(["root", "Lab Root"]).current_dir(at)).succeeds();
    let on_terminal = |arguments: &[&str], no_color: &str| {
        let mut command = PYTHON.command();
        command.arg("-I").arg(source("python/on_terminal.py")).arg("").arg(ROOTLET).args(arguments);
        run(command.env("NO_COLOR", no_color).current_dir(at)).succeeds()
    };
    on_terminal(&["report"], "").says("exit: 2").says("add `--output pki.html`");
    on_terminal(&["report", "--output", "pki.html"], "").says("exit: 0");
    on_terminal(&["tree"], "").says("exit: 0").says("\u{1b}[1mlab-root\u{1b}[0m");
    let plain = on_terminal(&["tree"], "1").says("lab-root  root, p256");
    assert!(!plain.stdout.contains('\u{1b}'), "{plain}");
}

/// A bar while thousands are made, gone when they are told of; and no such thing where nobody looks.
#[test]
fn a_terminal_shows_how_far_apply_has_come() {
    if !present(&[&PYTHON]) {
        return;
    }
    let folder = folder();
    let at = folder.path();
    let cas = "[ca.root]\nprofile = 'root'\n[cert.'${each}']\nprofile = 'client'\nlayout = 'combined'\n";
    let devices: String = (0..2_000).map(|n| format!("\"dev-{n}\"\n")).collect();
    fs::write(at.join("devices.jsonl"), devices).expect("a file can be written");
    fs::write(at.join("fleet.toml"), format!("{cas}for_each = 'devices.jsonl'\n")).expect("a file can be written");
    let ran = on_terminal(at, "", &["apply", "fleet.toml"]).says("exit: 0");
    let shown = &ran.stdout;
    let bars: Vec<&str> = shown.split("\r\u{1b}[K").filter(|line| line.starts_with('[')).collect();
    assert!(bars.iter().any(|b| b.contains(" of 2001, ") && b.contains(" a second, ")), "{bars:?}");
    let last = bars.last().and_then(|bar| shown.find(bar).map(|at| at + bar.len())).expect("a bar");
    assert!(shown[last..].starts_with("\r\u{1b}[K"), "it is cleared");
    assert!(shown[last..].contains("created client dev-1999"), "and each is told of");

    let mut quiet = clean_command(ROOTLET);
    fs::remove_dir_all(at.join("pki")).expect("a folder can be removed");
    let ran = run(quiet.args(["apply", "fleet.toml", "--json"]).current_dir(at)).succeeds();
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
}
