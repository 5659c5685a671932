//! One command that dies, or meets a full disk, at each of its writes in turn.

use super::folder::{Numbers, State, copy, scratch};
use super::program::{Fault, Program, Run};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A command that writes less often than this was not built to die: a commit alone is two.
pub const FEWEST_DEATHS: u32 = 2;
/// More than any command writes here: a scenario that reaches it does not end.
const MOST_DEATHS: u32 = 400;

/// One command, and what is there before it.
pub struct Scenario<'a> {
    pub before: &'a [&'a [&'a str]],
    pub command: &'a [&'a str],
    /// Whether a second run may find its work done, and say `exists`.
    pub creates: bool,
    /// The error of a second run that finds its work done, where it is another one.
    pub done: &'a str,
    /// CAs whose CRL the command writes.
    pub new_crl_of: &'a [&'a str],
    /// What else happens to the folder before it.
    pub prepare: fn(&Path),
}

pub const PLAIN: Scenario =
    Scenario { before: &[], command: &[], creates: false, done: "", new_crl_of: &[], prepare: |_| {} };

impl Scenario<'_> {
    pub fn run(&self) {
        self.run_with(|_, _| {});
    }

    /// Runs it; `after` looks at the folder around the PKI when the command was completed.
    pub fn run_with(&self, after: impl Fn(&Path, u32)) {
        let template = scratch();
        let program = |folder: &Path| Program { folder: folder.into() };
        for command in self.before {
            program(template.path()).run(command, Fault::None).succeeds();
        }
        (self.prepare)(template.path());
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
        // As many writes as it died at.
        for fault in (1..n).flat_map(|n| [Fault::Fails(n), Fault::FailsFrom(n)]) {
            let looked = catch_unwind(AssertUnwindSafe(|| self.fails(template.path(), fault, &findings)));
            problems.extend(looked.err().map(|p| p.downcast_ref::<String>().cloned().unwrap_or_default()));
        }
        assert!(problems.is_empty(), "{} of {} full disks:\n{}", problems.len(), 2 * (n - 1), problems.join("\n"));
    }

    /// A disk that is full for one write, or from one write on: the command says so and ends by itself. Unless it says
    /// that something is recorded, nothing is. When there is room again everything can be finished.
    fn fails(&self, template: &Path, fault: Fault, findings: &[String]) {
        let folder = scratch();
        copy(template, folder.path());
        let program = Program { folder: folder.path().into() };
        let (pki, when) = (program.pki(), format!("{fault:?}"));
        let known = |p: &Program| if p.has_pki() { p.known() } else { Vec::new() };
        let (before, mut numbers) = (known(&program), Numbers::default());
        numbers.see(&pki, &when);
        let outcome = program.run(self.command, fault);
        // What doctor could not mend is a finding.
        if !outcome.succeeded() && !outcome.found_something() {
            outcome.assert_refused();
            let code = outcome.error_code().unwrap_or_default();
            let recorded = code == "not-released"
                || outcome.to_string().contains("but not delivered")
                || outcome.issued_something();
            assert!(recorded || ["io", "inventory"].contains(&code.as_str()), "{when}: {outcome}");
            assert!(recorded || known(&program) == before, "{when}: something is recorded: {outcome}");
        }
        State::of(&pki).assert_known(&program, &when);
        if program.has_pki() {
            let new = |all: Vec<String>| all.into_iter().filter(|f| !findings.contains(f)).collect::<Vec<_>>();
            let left = new(program.repair());
            assert!(left.is_empty(), "{when}: doctor could not mend {left:#?} after {outcome}");
            State::of(&pki).assert_clean(&when);
        }
        let second = program.run(self.command, Fault::None);
        if !self.is_done(&second) {
            second.succeeds();
        }
        State::of(&pki).assert_known(&program, &when);
        numbers.see(&pki, &when);
    }

    /// Whether a second run was told that there is nothing left to do.
    fn is_done(&self, second: &Run) -> bool {
        second.error_code().is_some_and(|code| self.creates && code == "exists" || code == self.done)
    }

    /// Runs the command in a copy of the folder. Whether it died at its n-th write; then `look` looks at what is left.
    fn dies(&self, template: &Path, n: u32, look: impl FnOnce(&Program, &mut Numbers)) -> bool {
        let folder = scratch();
        copy(template, folder.path());
        let program = Program { folder: folder.path().into() };
        let mut numbers = Numbers::default();
        numbers.see(&program.pki(), "before");
        let outcome = program.run(self.command, Fault::Dies(n));
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

        let second = program.run(self.command, Fault::None);
        if !self.is_done(&second) {
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
