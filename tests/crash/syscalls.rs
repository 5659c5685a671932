//! Kills and failures at every system call that writes, so also at each one inside the database's commit and its
//! checkpoint, where the feature `fault-injection` cannot stop.
//!
//! strace finds them; where it is not there, or may not trace, nothing is tested (with `CI` set it must be there).

use super::folder::{Numbers, State, copy, scratch};
use super::program::{Fault, Program, Run};
use std::path::Path;
use std::process::Command;

/// Whatever changes a file system, and what makes it durable.
const WRITING: [&str; 14] = [
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "rename",
    "renameat2",
    "mkdir",
    "unlink",
    "unlinkat",
    "rmdir",
    "fchmod",
    "fchown",
];
/// More often than any command makes one of these calls.
const MOST: u32 = 200;

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The process dies before it is made.
    Killed,
    /// It fails with this error, as strace names it.
    Fails(&'static str),
}

pub fn may_trace() -> bool {
    let there = Command::new("strace").arg("-V").output().is_ok();
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(there || !in_ci, "strace is not installed, and `CI` is set");
    there && Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|s| s.success())
}

/// Runs a command once for every system call that it makes, with that call ending so.
pub fn run(before: &[&[&str]], command: &[&str], end: End) {
    if !may_trace() {
        return;
    }
    let template = scratch();
    let program = Program { folder: template.path().into() };
    before.iter().for_each(|c| drop(program.run(c, Fault::None).succeeds()));
    let (mut met, mut problems) = (0, Vec::new());
    for call in WRITING {
        for n in 1..=MOST {
            match once(template.path(), command, call, n, end) {
                None => break,
                Some(found) => {
                    met += 1;
                    problems.extend(found.err());
                }
            }
            assert!(n < MOST, "{call} {n}: the command makes no end");
        }
    }
    assert!(met > 40, "only {met} system calls were met");
    assert!(problems.is_empty(), "{} of {met} calls:\n{}", problems.len(), problems.join("\n"));
}

/// Nothing when the command makes the call less often; else what is wrong after it.
fn once(template: &Path, command: &[&str], call: &str, n: u32, end: End) -> Option<Result<(), String>> {
    let folder = scratch();
    copy(template, folder.path());
    let program = Program { folder: folder.path().into() };
    let mut numbers = Numbers::default();
    numbers.see(&program.pki(), "before");
    let known = program.known();
    let how = match end {
        End::Killed => "signal=KILL".to_string(),
        End::Fails(error) => format!("error={error}"),
    };
    let log = folder.path().join("calls");
    let inject = format!("inject={call}:{how}:when={n}");
    let run = program.traced(command, &log, &[&format!("trace={call}"), &inject]);
    let injected = std::fs::read_to_string(&log).is_ok_and(|t| t.contains("INJECTED") || run.was_killed());
    std::fs::remove_file(&log).unwrap();
    if !injected {
        run.succeeds();
        return None;
    }
    let when = format!("{end:?} at {call} {n}");
    let looked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(&program, &mut numbers, &known, run, &when)));
    Some(looked.map_err(|p| p.downcast_ref::<String>().cloned().unwrap_or_default()))
}

fn look(program: &Program, numbers: &mut Numbers, known: &[(String, String)], run: Run, when: &str) {
    let when = format!("{when}: {run}");
    if !run.was_killed() && !run.succeeded() {
        run.assert_refused();
        // Unless it says that something is recorded, nothing is.
        let recorded = run.error_code().as_deref() == Some("not-released") || when.contains("the output could not");
        assert!(recorded || program.known() == known, "{when}: something is recorded");
    }
    State::of(&program.pki()).assert_known(program, &when);
    numbers.see(&program.pki(), &when);
    let left = program.repair();
    assert!(left.is_empty(), "{when}: doctor could not mend {left:#?}");
    let left = program.findings();
    assert!(left.is_empty(), "{when}: doctor finds {left:#?}");
    State::of(&program.pki()).assert_clean(&when);
    State::of(&program.pki()).assert_known(program, &when);
    numbers.see(&program.pki(), &when);
}
