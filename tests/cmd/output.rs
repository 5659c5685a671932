//! What goes to stdout and what to stderr, with `--json`, with `--quiet`, and to a reader that goes away.

use crate::common::{Ran, Sandbox};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// With `--json` a success is one object on stdout and nothing on stderr, warnings and all.
#[test]
fn json_of_success() {
    let s = Sandbox::new();
    for line in [
        "root Lab --lifetime 30d",
        "intermediate Issuing",
        "server a.internal",
        "server a.internal --if-missing",
        "client c --key rsa-2048 --lifetime 1d",
        "peer b.internal --spiffe spiffe://example.org/b",
        "workload spiffe://example.org/x",
        "list",
        "list --all --pem",
        "show a.internal",
        "revoke c",
        "crl",
        "crl --due",
        "crl --check",
        "bundle",
        "bundle --with-intermediates --crls --output bundle.pem",
        "doctor",
        "doctor --repair",
        "inspect pki/public/crls.pem",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let object = s.json(&words);
        assert!(object["warnings"].is_array(), "`{line}` has no warnings: {object}");
    }
}

/// A check whose answer is no is no failure: the object is on stdout.
#[test]
fn json_of_a_no() {
    let s = Sandbox::with_issuing_ca();
    std::fs::remove_file(s.path("pki/public/roots.pem")).unwrap();
    let ran = s.run(&["doctor", "--json"]).exits(3);
    assert_eq!((ran.stderr.as_str(), &ran.object()["problems"][0]["code"]), ("", &"public".into()));
    s.ok(&["client", "c"]);
    s.ok(&["revoke", "c", "--no-crl"]);
    let ran = s.run(&["crl", "--check", "--json"]).exits(3);
    assert_eq!((ran.stderr.as_str(), &ran.object()["results"][0]["action"]), ("", &"unchanged".into()));
    assert_eq!(ran.object()["results"][1]["action"], "due");
}

/// Without `--json`: results on stdout, words and warnings on stderr.
#[test]
fn words_and_results() {
    let s = Sandbox::new();
    let ran = s.ok(&["root", "Lab", "--lifetime", "30d"]);
    assert_eq!(ran.stdout, "created root lab  pki/ca/lab/\n");
    let ran = s.ok(&["server", "a.internal"]);
    assert_eq!(ran.stdout, "created server a.internal  pki/certs/a.internal/\n");
    for words in
        ["issued by   lab", "renew it from", "fullchain.pem + key.pem", "ca.pem", "warning: it ends with its issuer"]
    {
        assert!(ran.stderr.contains(words), "{words}: {ran}");
    }
}

/// `--quiet` leaves the results, and what must be known.
#[test]
fn quiet() {
    let s = Sandbox::new();
    let said = |ran: Ran| (ran.stdout, ran.stderr);
    assert_eq!(said(s.ok(&["root", "Lab", "--quiet"])), ("pki/ca/lab\n".into(), String::new()));
    assert_eq!(said(s.ok(&["-q", "client", "c"])), ("pki/certs/c\n".into(), String::new()));
    assert_eq!(s.ok(&["doctor", "-q"]).stderr, "");
    let (out, words) = said(s.ok(&["bundle", "-q", "-o", "b.pem"]));
    assert_eq!((out.as_str(), words.as_str()), ("b.pem\n", ""));
    let ran = s.ok(&["--quiet", "revoke", "c"]);
    assert!(ran.stdout.starts_with("revoked c (serial ") && ran.stderr.is_empty(), "{ran}");
    // Warnings and errors are no words.
    let ran = s.ok(&["client", "d", "--not-after", &s.time(-1), "--not-before", &s.time(-10), "-q"]);
    assert!(ran.stderr.starts_with("warning: "), "{ran}");
    s.run(&["client", "c", "-q", "--name", "c", "--if-missing", "--issuer", "nobody"]).exits(1).says("error: ");
}

/// Usage errors are told as JSON too, wherever `--json` stands.
#[test]
fn json_of_wrong_usage() {
    let s = Sandbox::new();
    for line in [
        "--json server",
        "server --json --nope",
        "--json",
        "nonsense --json",
        "server a.internal --lifetime 365 --json",
        "--json completions",
        "crl --check --next-update 1d --json",
    ] {
        let error = s.run(&line.split(' ').collect::<Vec<_>>()).exits(2).read_error().unwrap();
        assert!(error["message"].as_str().is_some_and(|m| !m.is_empty() && !m.ends_with(':')), "`{line}`: {error}");
        assert_eq!(error["retryable"], false);
    }
}

#[test]
fn help_and_version_are_answers() {
    let s = Sandbox::new();
    let ran = s.ok(&["--version"]);
    assert!(ran.stdout.starts_with("rootlet ") && ran.stderr.is_empty(), "{ran}");
    s.ok(&["--help"]).prints("rootlet root \"Internal CA\"");
    for verb in [
        "root",
        "intermediate",
        "server",
        "client",
        "peer",
        "workload",
        "revoke",
        "crl",
        "bundle",
        "list",
        "show",
        "doctor",
        "completions",
    ] {
        let ran = s.ok(&[verb, "--help"]);
        assert!(ran.stdout.contains("Example:") && ran.stdout.contains("--pki") && ran.stderr.is_empty(), "{ran}");
    }
    // Nothing at all is wrong usage, and shows the help.
    let ran = s.run(&[]).exits(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("Usage:"), "{ran}");
}

/// A reader that has seen enough is no failure.
#[test]
fn a_closed_pipe() {
    let s = Sandbox::with_issuing_ca();
    for line in
        ["completions bash", "list --jsonl --pem", "list", "bundle", "--help", "show lab-root --json", "doctor --json"]
    {
        let mut command = s.command(&line.split(' ').collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && words.is_empty(), "`{line}`: {:?} {words}", output.status);
    }
    // As `rootlet completions bash | head -1`.
    let mut child = s.command(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "_rootlet() {\n");
    assert!(child.wait().unwrap().success());
    // Words that nobody reads are no failure either.
    let mut command = s.command(&["client", "c"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    assert_eq!(s.field("c", "status"), "valid");
}

/// A full disk is one.
#[test]
fn output_that_cannot_be_written() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let s = Sandbox::with_issuing_ca();
    for line in ["list --json", "list --jsonl", "bundle", "completions bash"] {
        let mut command = s.command(&line.split(' ').collect::<Vec<_>>());
        let output = command.stdout(full.try_clone().unwrap()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "`{line}`");
        assert!(String::from_utf8_lossy(&output.stderr).contains("could not be written"), "`{line}`");
    }
}

#[test]
fn colors_only_where_they_are_wanted() {
    let s = Sandbox::new();
    let red = "\u{1b}[1;31m";
    assert!(!s.run(&["list"]).stderr.contains('\u{1b}'));
    assert!(s.run(&["list", "--color", "always"]).stderr.starts_with(red));
    assert!(!s.run(&["list", "--color", "never"]).stderr.contains('\u{1b}'));
    assert!(!s.run(&["list", "--color", "always", "--json"]).stderr.contains('\u{1b}'));
}

/// Names cannot steer a terminal.
#[test]
fn text_from_certificates_is_escaped() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c", "--subject", "CN=a\u{202e}b"]);
    let shown = s.ok(&["show", "c"]).stdout;
    assert!(!shown.contains('\u{202e}') && shown.contains("\\u{202e}"), "{shown}");
    let ran = s.run(&["show", "no\u{1b}[31mbody"]).exits(1);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
}

/// No secret is printed.
#[test]
fn keys_are_never_printed() {
    let s = Sandbox::new();
    for line in ["root Lab", "server a.internal --json", "show a.internal --json", "list --json --pem", "doctor --json"]
    {
        let ran = s.ok(&line.split(' ').collect::<Vec<_>>());
        assert!(!ran.stdout.contains("PRIVATE KEY") && !ran.stderr.contains("PRIVATE KEY"), "{ran}");
    }
}

#[test]
fn list_filters() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal"]);
    s.ok(&["client", "c", "--lifetime", "5d"]);
    s.ok(&["client", "d", "--issuer", "lab-root"]);
    s.ok(&["revoke", "d"]);
    s.ok(&["client", "c", "--force", "--lifetime", "5d"]);
    let names = |options: &[&str]| {
        let list = s.json(&[&["list"], options].concat());
        let names = list["certificates"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "a.internal c d lab-issuing lab-root");
    assert_eq!(names(&["--all"]), "a.internal c c d lab-issuing lab-root");
    assert_eq!(names(&["--issuer", "Lab Issuing"]), "a.internal c");
    assert_eq!(names(&["--issuer", "lab-root"]), "d lab-issuing lab-root");
    assert_eq!(names(&["--profile", "client"]), "c d");
    assert_eq!(names(&["--profile", "root"]), "lab-root");
    assert_eq!(names(&["--status", "revoked"]), "d");
    assert_eq!(names(&["--status", "valid", "--profile", "client"]), "c");
    assert_eq!(names(&["--status", "expired"]), "");
    assert_eq!(names(&["--expires-within", "6d"]), "c");
    assert_eq!(names(&["--expires-within", "4d"]), "");
    assert_eq!(s.ok(&["list", "--status", "expired"]).stdout, "");
    // Only with --pem is the certificate in it.
    assert!(s.json(&["list"])["certificates"][0].get("pem").is_none());
    assert!(s.json(&["list", "--pem"])["certificates"][0]["pem"].as_str().unwrap().starts_with("-----BEGIN CERT"));
    let lines = s.ok(&["list", "--all", "--jsonl"]).stdout;
    assert_eq!(lines.lines().count(), 6);
}

#[test]
fn single_fields() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--ip", "10.0.0.1"]);
    let field = |field: &str| s.ok(&["show", "a.internal", "--field", field]).stdout;
    assert_eq!(field("name"), "a.internal\n");
    assert_eq!(field("ca"), "false\n");
    assert_eq!(field("eku"), "serverAuth\n");
    assert_eq!(field("sans"), "dns:a.internal\nip:10.0.0.1\n");
    assert_eq!(field("files.key"), format!("{}\n", s.path("pki/certs/a.internal/key.pem").display()));
    assert_eq!(field("files.crl").trim_end(), "");
    assert_eq!(field("revocation").trim_end(), "");
    assert_eq!(field("pem"), s.text("pki/certs/a.internal/cert.pem"));
}

#[test]
fn bundles() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["root", "Other Root"]);
    let pem = |ca: &str| s.text(&format!("pki/ca/{ca}/cert.pem"));
    let both = pem("lab-root") + &pem("other-root");
    assert_eq!(s.ok(&["bundle"]).stdout, both);
    assert_eq!(s.ok(&["bundle"]).stdout, s.text("pki/public/roots.pem"));
    // An intermediate's bundle is its root's.
    assert_eq!(s.ok(&["bundle", "lab-issuing"]).stdout, pem("lab-root"));
    assert_eq!(s.ok(&["bundle", "lab-issuing", "Lab Root"]).stdout, pem("lab-root"));
    let with = s.ok(&["bundle", "lab-root", "--with-intermediates"]).stdout;
    assert_eq!(with, pem("lab-root") + &pem("lab-issuing"));
    let crl = |ca: &str| s.text(&format!("pki/ca/{ca}/crl.pem"));
    let with = s.ok(&["bundle", "lab-root", "--crls"]).stdout;
    assert_eq!(with, pem("lab-root") + &crl("lab-root") + &crl("lab-issuing"));
    s.write("ca.pem", "old\n");
    assert_eq!(s.ok(&["bundle", "--output", "ca.pem"]).stdout, "ca.pem\n");
    assert_eq!((s.text("ca.pem"), s.mode("ca.pem")), (both, 0o644));
    let json = s.json(&["bundle", "other-root", "-o", "ca.pem"]);
    assert_eq!(json["file"], s.path("ca.pem").display().to_string());
    assert_eq!(json["certificates"], serde_json::json!(["other-root"]));
    assert_eq!(s.text("ca.pem"), pem("other-root"));
}

#[test]
fn completions_know_every_verb() {
    let s = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = s.ok(&["completions", shell]).stdout;
        for verb in ["root", "intermediate", "workload", "revoke", "--if-missing", "--pki"] {
            let word = if shell == "fish" { verb.trim_start_matches('-') } else { verb };
            assert!(script.contains(word), "{shell}: {verb}");
        }
    }
    assert!(s.names(".").is_empty());
}

/// A cron job mails what is printed: with `--quiet` that is what was done.
#[test]
fn quiet_jobs_say_nothing_when_nothing_is_due() {
    let s = Sandbox::with_issuing_ca();
    s.write("m.toml", "[cert.a]\nprofile = 'client'\n");
    s.ok(&["apply", "m.toml", "--quiet"]).prints("created client a");
    for words in [&["crl", "--due"][..], &["crl", "--check"], &["renew", "--due"], &["apply", "m.toml"], &["status"]] {
        let ran = s.ok(&[words, &["--quiet"]].concat());
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{words:?}");
    }
    s.ok(&["crl", "--quiet"]).prints("written ");
}
