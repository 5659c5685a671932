//! A run that is killed, at any instant or at every write, leaves a PKI from which the next one goes on.

use super::lab::{Lab, fleet};
use rootlet::pki::{DoctorRequest, LeafRequest};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FOLDER: &str = "ROOTLET_BULK_FOLDER";
const COUNT: &str = "ROOTLET_BULK_COUNT";
/// Leaves of one run, and how often it is killed; `ROOTLET_BULK_KILLS` says another number.
const LEAVES: usize = 5_000;
const KILLS: usize = 10;

/// What the child process is to do.
pub fn of_child() -> Option<(PathBuf, Vec<LeafRequest>)> {
    let (folder, count) = (std::env::var_os(FOLDER)?, std::env::var(COUNT).ok()?.parse().ok()?);
    Some((folder.into(), requests(count)))
}

/// With a handle twice, and with some that are replaced every time.
fn requests(count: usize) -> Vec<LeafRequest> {
    let mut all: Vec<LeafRequest> = fleet(0..count).collect();
    all.extend(fleet(0..1));
    all
}

fn command(root: &Path, count: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(FOLDER, root).env(COUNT, count.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn finish(root: &Path, count: usize) {
    let output = command(root, count).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a death left is finished or undone, and nothing else is wrong.
#[track_caller]
fn assert_only_half_done(lab: &Lab, when: &str) {
    let found = lab.open().doctor(&DoctorRequest { repair: true, history: false }).unwrap();
    let other: Vec<_> = found.problems.iter().filter(|p| p.code != "half-done" || !p.repaired).collect();
    assert!(other.is_empty(), "{when}: {other:#?}");
    assert!(lab.names("pending").is_empty(), "{when}");
    let (certs, current) = (lab.names("certs"), lab.current());
    let recorded: BTreeSet<String> = current.into_iter().map(|c| c.name).collect();
    assert_eq!(certs.into_iter().collect::<BTreeSet<_>>(), recorded, "{when}");
}

#[track_caller]
fn assert_all_there_once(lab: &Lab, count: usize) {
    let all = lab.all();
    let handles: BTreeSet<_> = all.iter().map(|c| &c.name).collect();
    let keys: BTreeSet<_> = all.iter().map(|c| &c.spki_sha256).collect();
    assert_eq!((all.len(), handles.len(), keys.len()), (count, count, count), "each is issued once");
    lab.assert_sound();
}

#[test]
fn killed_at_random_instants() {
    let lab = Lab::new();
    let kills = std::env::var("ROOTLET_BULK_KILLS").ok().map_or(KILLS, |k| k.parse().unwrap());
    let mut random = std::process::id().wrapping_mul(2_654_435_761);
    let (mut killed, mut before) = (0, 0);
    for round in 0..kills {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut child: Child = command(&lab.root(), LEAVES).spawn().unwrap();
        // Somewhere in the first batches that it still has to make.
        let (until, started) = (Duration::from_millis(u64::from(random >> 8) % 900), Instant::now());
        while started.elapsed() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 2 == 0 {
            assert_only_half_done(&lab, &format!("kill {round} after {until:?}"));
        }
        let now = lab.current().len();
        assert!(now >= before, "nothing is lost");
        before = now;
    }
    assert!(killed * 2 >= kills, "most runs are killed before their end: {killed}");
    finish(&lab.root(), LEAVES);
    assert_all_there_once(&lab, LEAVES);
}

/// With `fault-injection`: the n-th write is the last one, or fails, for every n.
#[cfg(feature = "fault-injection")]
#[test]
fn dead_or_refused_at_every_write() {
    const FEW: usize = 4;
    const FEWEST_WRITES: usize = 30;
    let clean = Lab::new();
    let mut writes = usize::MAX;
    for (variable, and_on) in [("ROOTLET_FAULT_AT", ""), ("ROOTLET_FAIL_AT", ""), ("ROOTLET_FAIL_AT", "+")] {
        for n in 1.. {
            let (lab, value) = (clean.copy(), format!("{n}{and_on}"));
            let output = command(&lab.root(), FEW).env(variable, &value).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() && variable == "ROOTLET_FAULT_AT" {
                writes = n;
            } else if !output.status.success() && variable == "ROOTLET_FAIL_AT" {
                let known = ["io", "not-released", "inventory"].iter().any(|c| said.contains(&format!("code {c}:")));
                assert!(known, "{value}: {said}");
            }
            if n >= writes {
                break;
            }
            assert_only_half_done(&lab, &format!("{variable}={value}"));
            finish(&lab.root(), FEW);
            assert_all_there_once(&lab, FEW);
        }
        assert!(writes > FEWEST_WRITES, "{writes}");
    }
}
