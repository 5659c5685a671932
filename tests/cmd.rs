//! Whole commands, as people and scripts run them: what they print, how they end, and what they leave on the disk.
//!
//! The transcripts in `tests/cmd/<verb>/` can be read as documents. Run with `TRYCMD=overwrite` to write them anew, and
//! then read what changed.
#![cfg(unix)]

mod common;
mod forge;

mod cmd {
    mod again;
    mod backup;
    mod combined;
    mod combined_damage;
    mod damage;
    mod dates;
    mod delivery;
    mod folders;
    mod import;
    mod import_past;
    mod inspect;
    mod inspect_server;
    mod keys;
    mod lint;
    mod manifest;
    mod manifest_commands;
    mod manifest_deliveries;
    mod manifest_drift;
    mod manifest_examples;
    mod manifest_refusals;
    mod manifest_rehearsal;
    mod manifest_trouble;
    mod output;
    mod refusals;
    mod renew;
    mod renew_keys;
    mod report;
    mod request;
    mod revocation;
    mod salvage;
    mod secrets;
    mod sign;
    mod status;
    mod tree;
    mod verify;
    mod watch;
}

/// Every transcript, in a folder of its own.
#[test]
fn transcripts() {
    let cases = trycmd::TestCases::new();
    cases.env("TZ", "UTC").env("LC_ALL", "C").env("NO_COLOR", "1");
    for folder in FOLDERS {
        cases.case(format!("tests/cmd/{folder}/*.md"));
    }
}

/// One for each verb.
const FOLDERS: [&str; 25] = [
    "root",
    "intermediate",
    "server",
    "client",
    "peer",
    "workload",
    "request",
    "sign",
    "renew",
    "revoke",
    "crl",
    "key",
    "bundle",
    "list",
    "show",
    "tree",
    "plan",
    "apply",
    "status",
    "report",
    "inspect",
    "history",
    "doctor",
    "import",
    "completions",
];
