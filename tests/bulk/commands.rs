//! `apply` of thousands of entries that is killed at any instant: the next one goes on, and nothing is issued twice.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often it is killed, and how many leaves the manifest has; `ROOTLET_APPLY_KILLS` and `ROOTLET_APPLY_ENTRIES` say other
/// numbers, `ROOTLET_APPLY_SEED` the instants of a run that is to be seen again.
const KILLS: u64 = 6;
const ENTRIES: usize = 600;
/// Every so many rounds begin in a new folder.
const KINDS: u64 = 3;
/// The shortest time in which a whole `apply` is thought to be done, in microseconds.
const SHORTEST: u64 = 20_000;

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// A folder with a manifest, and a PKI that follows it.
struct Fleet {
    folder: PathBuf,
    entries: usize,
    key: &'static str,
    days: u64,
}

impl Fleet {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rootlet"));
        command.current_dir(&self.folder).args(words).stdin(Stdio::null());
        for setting in ["ROOTLET_PKI", "ROOTLET_FAULT_AT", "ROOTLET_FAIL_AT", "ROOTLET_LOCK_WAIT"] {
            command.env_remove(setting);
        }
        command
    }

    #[track_caller]
    fn ok(&self, words: &[&str], when: &str) {
        let output = self.command(words).output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().take(20).collect::<Vec<_>>().join("\n");
        assert!(output.status.success(), "{when}: {words:?}\n{}\n{}", said(&output.stdout), said(&output.stderr));
    }

    fn write(&self) {
        let Fleet { key, days, .. } = self;
        let cas = format!(
            "id = 'fleet'\n[ca.root]\nprofile = 'root'\nkey = '{key}'\n[ca.issuing]\nprofile = 'intermediate'\nissuer = 'root'\n"
        );
        let leaves = format!(
            "[cert.\"n${{each}}\"]\nfor_each = 'list.jsonl'\nprofile = 'client'\nissuer = 'issuing'\nlifetime = '{days}d'\n"
        );
        std::fs::write(self.folder.join("m.toml"), cas + &leaves).unwrap();
        let list: String = (0..self.entries).map(|n| format!("\"{n}\"\n")).collect();
        std::fs::write(self.folder.join("list.jsonl"), list).unwrap();
    }

    /// How many certificates each handle has: the smallest and the largest number, and how many handles there are.
    fn counts(&self) -> (i64, i64, usize) {
        let path = self.folder.join("pki/inventory.db");
        let inventory = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT min(n), max(n), count(*) FROM (SELECT count(*) AS n FROM certificate WHERE profile = 'client' GROUP BY handle)";
        inventory.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, i64>(2)? as usize))).unwrap()
    }

    /// Keys that stand in certificates of more than one handle.
    fn shared_keys(&self) -> i64 {
        let inventory = rusqlite::Connection::open(self.folder.join("pki/inventory.db")).unwrap();
        let sql =
            "SELECT count(*) FROM (SELECT 1 FROM certificate GROUP BY spki_sha256 HAVING count(DISTINCT handle) > 1)";
        inventory.query_row(sql, [], |r| r.get(0)).unwrap()
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn an_apply_that_is_killed() {
    let kills = setting("ROOTLET_APPLY_KILLS").unwrap_or(KILLS);
    let entries = setting("ROOTLET_APPLY_ENTRIES").unwrap_or(ENTRIES);
    let seed = setting("ROOTLET_APPLY_SEED")
        .unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    let (mut random, mut killed, mut half_done) = (seed, 0, 0);
    let scratch = tempfile::tempdir().unwrap();
    let mut fleet = Fleet { folder: scratch.path().into(), entries, key: "p256", days: 90 };
    // How long it takes when nobody kills it: kills come within about that.
    fleet.write();
    let started = Instant::now();
    fleet.ok(&["apply", "m.toml", "-q"], "undisturbed");
    let mut longest = u64::try_from(started.elapsed().as_micros()).unwrap().max(SHORTEST);
    let mut issued = 0;
    for round in 0..kills {
        // A new PKI; then every leaf is made anew, with a new key; then all of them below a new root, with the keys they have.
        match round % KINDS {
            0 => {
                drop(std::fs::remove_dir_all(fleet.folder.join("pki")));
                issued = 0;
            }
            1 => fleet.days = 91 + round,
            _ => fleet.key = if fleet.key == "p256" { "p384" } else { "p256" },
        }
        fleet.write();
        issued += 1;
        let words = ["apply", "m.toml", "--replace-ca", "root", "-q"];
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let delay = Duration::from_micros((random >> 33) % longest);
        let when = format!("ROOTLET_APPLY_SEED={seed}, round {round}, killed after {delay:?}");
        let mut child = fleet.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        let alive = child.try_wait().unwrap().is_none();
        killed += u64::from(alive && child.kill().is_ok());
        child.wait().unwrap();
        longest = if alive { longest * 9 / 8 } else { (longest * 7 / 8).max(SHORTEST) };
        let pending = fleet.folder.join("pki/pending");
        half_done += u64::from(pending.exists() && !is_empty(&pending));
        let started = Instant::now();
        fleet.ok(&words, &when);
        if !alive {
            // It was done before: this is no measure.
        } else if let Ok(took) = u64::try_from(started.elapsed().as_micros()) {
            longest = longest.min((took + delay.as_micros() as u64) * 9 / 8).max(SHORTEST);
        }
        assert_eq!(fleet.counts(), (issued, issued, entries), "{when}: each is issued once a round");
        assert_eq!(fleet.shared_keys(), 0, "{when}");
        assert!(is_empty(&pending), "{when}");
        fleet.ok(&["doctor"], &when);
        fleet.ok(&["apply", "m.toml", "--check"], &when);
    }
    println!("seed {seed}: {killed} of {kills} were killed, {half_done} of them left something half-done");
    assert!(killed * 2 >= kills, "seed {seed}: only {killed} of {kills} were killed while they worked");
}
