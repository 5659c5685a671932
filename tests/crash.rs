//! A kill at any instant loses nothing and leaves nothing half-made.
//!
//! Built with the feature `fault-injection` the binary kills itself at its n-th write (`ROOTLET_FAULT_AT=n`). Each
//! scenario runs one command for n = 1, 2, 3, … until it survives, and looks at what every death left behind:
//!
//!     cargo test --features fault-injection --test crash
#![cfg(unix)]

mod crash {
    pub mod folder;
    pub mod program;
}

use crash::folder::{Numbers, State, copy};
use crash::program::Program;
use rootlet::model::{Clock, SystemClock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A command that writes less often than this was not built to die.
const FEWEST_DEATHS: u32 = 5;
/// More than any command writes here: a scenario that reaches it does not end.
const MOST_DEATHS: u32 = 400;

/// One command, and what is there before it.
struct Scenario<'a> {
    before: &'a [&'a [&'a str]],
    command: &'a [&'a str],
    /// Whether a second run may find its work done, and say `exists`.
    creates: bool,
    /// CAs whose CRL the command writes.
    new_crl_of: &'a [&'a str],
}

const ROOT: &[&str] = &["root", "Root", "--not-before", "2020-01-01", "--lifetime", "60y", "--path-len", "1"];
const ISSUING: &[&str] = &["intermediate", "Issuing", "--not-before", "2020-01-01", "--lifetime", "50y"];
const SERVER: &[&str] = &["server", "api.internal", "--dns", "api", "--ip", "10.0.0.1"];
const OTHER: &[&str] = &["client", "alice"];

#[test]
fn root() {
    Scenario { before: &[], command: ROOT, creates: true, new_crl_of: &[] }.run();
}

#[test]
fn intermediate() {
    let command = &["intermediate", "Issuing", "--crl-url", "http://pki.internal/issuing.crl"];
    Scenario { before: &[ROOT], command, creates: true, new_crl_of: &[] }.run();
}

#[test]
fn server() {
    Scenario { before: &[ROOT, ISSUING, OTHER], command: SERVER, creates: true, new_crl_of: &[] }.run();
}

#[test]
fn server_force() {
    let command = &[SERVER, &["--force"]].concat();
    Scenario { before: &[ROOT, ISSUING, SERVER], command, creates: false, new_crl_of: &[] }.run();
}

/// A cron job that renews: in time one of its runs finds the certificate due, and dies.
#[test]
fn server_renew_within() {
    let soon = SystemClock.now().plus(3 * 86_400).to_string();
    let due = &[SERVER, &["--not-before", "2020-01-01", "--not-after", &soon]].concat();
    let command = &[SERVER, &["--renew-within", "30d"]].concat();
    Scenario { before: &[ROOT, ISSUING, due], command, creates: false, new_crl_of: &[] }.run();
}

/// As above, with a folder that a server reads: `--out-dir` was said once, and holds for every renewal.
#[test]
fn server_renew_within_delivers() {
    let soon = SystemClock.now().plus(3 * 86_400).to_string();
    // Outside of the PKI, which is copied for each death: the inventory keeps where it lies.
    let delivered = tempfile::tempdir().unwrap();
    let out = delivered.path().to_str().unwrap();
    let due = &[SERVER, &["--not-before", "2020-01-01", "--not-after", &soon, "--out-dir", out]].concat();
    let command = &[SERVER, &["--renew-within", "30d"]].concat();
    let scenario = Scenario { before: &[ROOT, ISSUING, due], command, creates: false, new_crl_of: &[] };
    scenario.run_with(|folder, n| {
        let files = std::fs::read_dir(&delivered).unwrap().map(|e| e.unwrap().path());
        let left: Vec<_> = files.filter(|f| f.file_name().unwrap().to_string_lossy().starts_with('.')).collect();
        // The next death starts with what a good run leaves.
        left.iter().for_each(|f| std::fs::remove_file(f).unwrap());
        for file in ["cert.pem", "key.pem", "chain.pem", "fullchain.pem", "ca.pem"] {
            let at = |place: &Path| std::fs::read(place.join(file)).unwrap();
            let same = at(delivered.path()) == at(&folder.join("pki/certs/api.internal"));
            assert!(same, "dead at write {n}, repaired, run again: the delivered {file} is not the certificate's");
        }
        assert!(left.is_empty(), "dead at write {n}, repaired, run again: beside the delivered files lie {left:?}");
    });
}

#[test]
fn intermediate_renew_within() {
    let soon = SystemClock.now().plus(30 * 86_400).to_string();
    let due = &["intermediate", "Issuing", "--not-before", "2020-01-01", "--not-after", &soon];
    let command = &["intermediate", "Issuing", "--renew-within", "60d"];
    Scenario { before: &[ROOT, due, OTHER], command, creates: false, new_crl_of: &[] }.run();
}

#[test]
fn revoke() {
    let again = &[SERVER, &["--force"]].concat();
    // Two certificates of one handle, and with the CA's own revocation two CRLs in one act.
    let before = &[ROOT, ISSUING, SERVER, again, OTHER];
    let command = &["revoke", "api.internal", "--reason", "key-compromise"];
    Scenario { before, command, creates: false, new_crl_of: &["issuing"] }.run();
}

#[test]
fn revoke_under_two_cas() {
    let second = &["intermediate", "Second", "--issuer", "root"];
    let leaf = &["client", "bob", "--issuer", "second"];
    let alice = &["client", "alice", "--issuer", "issuing"];
    let before = &[ROOT, ISSUING, second, alice, leaf];
    let command = &["revoke", "alice", "bob", "--reason", "superseded"];
    Scenario { before, command, creates: false, new_crl_of: &["issuing", "second"] }.run();
}

#[test]
fn crl() {
    let revoked = &["revoke", "alice", "--reason", "superseded", "--no-crl"];
    let before = &[ROOT, ISSUING, OTHER, revoked];
    Scenario { before, command: &["crl"], creates: false, new_crl_of: &["root", "issuing"] }.run();
}

impl Scenario<'_> {
    fn run(&self) {
        self.run_with(|_, _| {});
    }

    /// Runs it; `after` looks at the folder around the PKI when the command was completed.
    fn run_with(&self, after: impl Fn(&Path, u32)) {
        let template = tempfile::tempdir().unwrap();
        let program = |folder: &Path| Program { folder: folder.into() };
        for command in self.before {
            program(template.path()).run(command, None).succeeds();
        }
        let findings = program(template.path()).findings();
        let mut problems = Vec::new();
        let mut n = 1;
        // Every death is looked at, whatever an earlier one left behind.
        while self.dies(template.path(), n, |program, numbers| {
            let looked = catch_unwind(AssertUnwindSafe(|| self.recovers(program, numbers, &findings, n, &after)));
            problems.extend(looked.err().map(|p| p.downcast_ref::<String>().cloned().unwrap_or_default()));
        }) {
            n += 1;
            assert!(n < MOST_DEATHS, "the command never survives");
        }
        assert!(n > FEWEST_DEATHS, "the command died {} times only: is it built with fault-injection?", n - 1);
        assert!(problems.is_empty(), "{} of {} deaths:\n{}", problems.len(), n - 1, problems.join("\n"));
    }

    /// Runs the command in a copy of the folder. Whether it died at its n-th write; then `look` looks at what is left.
    fn dies(&self, template: &Path, n: u32, look: impl FnOnce(&Program, &mut Numbers)) -> bool {
        let folder = tempfile::tempdir().unwrap();
        copy(template, folder.path());
        let program = Program { folder: folder.path().into() };
        let mut numbers = Numbers::default();
        numbers.see(&program.pki(), "before");
        let outcome = program.run(self.command, Some(n));
        if !outcome.was_killed() {
            outcome.succeeds();
            return false;
        }
        look(&program, &mut numbers);
        true
    }

    /// All that was promised for a command that died.
    fn recovers(
        &self,
        program: &Program,
        numbers: &mut Numbers,
        findings: &[String],
        n: u32,
        after: &dyn Fn(&Path, u32),
    ) {
        let pki = program.pki();
        let when = |what: &str| format!("dead at write {n}, {what}");
        // Even before anything is repaired nothing is released that the inventory does not know.
        State::of(&pki).assert_known(program, &when("not repaired"));
        numbers.see(&pki, &when("not repaired"));

        let new = |all: Vec<String>| all.into_iter().filter(|f| !findings.contains(f)).collect::<Vec<_>>();
        if program.has_pki() {
            let left = new(program.repair());
            assert!(left.is_empty(), "{}: doctor could not mend {left:#?}", when("repaired"));
            let left = new(program.findings());
            assert!(left.is_empty(), "{}: doctor finds {left:#?}", when("repaired"));
            State::of(&pki).assert_known(program, &when("repaired"));
            State::of(&pki).assert_clean(&when("repaired"));
        } else {
            // Only the first command of a PKI may leave a folder that is none yet.
            assert!(self.before.is_empty(), "{}: the inventory is gone", when("not repaired"));
        }
        numbers.see(&pki, &when("repaired"));

        let second = program.run(self.command, None);
        if !(self.creates && second.error_code() == Some("exists".into())) {
            second.succeeds();
        }
        let left = new(program.findings());
        assert!(left.is_empty(), "{}: doctor finds {left:#?}", when("completed"));
        State::of(&pki).assert_known(program, &when("completed"));
        State::of(&pki).assert_clean(&when("completed"));
        numbers.see(&pki, &when("completed"));
        for ca in self.new_crl_of {
            assert!(numbers.has_grown(ca), "{}: no new CRL of {ca}", when("completed"));
        }
        after(&program.folder, n);
    }
}
