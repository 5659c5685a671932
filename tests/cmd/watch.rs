//! `renew --watch`: what it does by itself, and how it ends. Lives of seconds, and every wait has an end.

use crate::common::Sandbox;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// More than any of these tests waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

/// A watch in the background. What it prints goes to files, so that nobody waits for a pipe.
struct Watcher {
    child: Child,
    out: std::path::PathBuf,
}

impl Watcher {
    fn start(s: &Sandbox, name: &str, more: &[&str]) -> Self {
        let out = s.path(&format!("{name}.jsonl"));
        let file = |path: &std::path::Path| Stdio::from(fs::File::create(path).expect("a file"));
        let mut command = s.command(&[&["renew", "--watch", "--jsonl"], more].concat());
        command.stdout(file(&out)).stderr(file(&s.path(&format!("{name}.stderr"))));
        Watcher { child: command.spawn().expect("it starts"), out }
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.out).expect("its output");
        // The last line may be half-written.
        text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect()
    }

    fn count(&self, name: &str, action: &str) -> usize {
        self.lines().iter().filter(|l| l["name"] == name && l["action"] == action).count()
    }

    /// Waits until something is so.
    #[track_caller]
    fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !so(self) {
            assert!(started.elapsed() < PATIENCE, "no {what}: {:?}", self.lines());
            assert!(self.child.try_wait().expect("its state").is_none(), "it ended: {:?}", self.lines());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks it to end, and returns its exit code.
    fn end(mut self, signal: Signal) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("it runs");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status.code();
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // A test that failed leaves nobody behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn short_lives_are_renewed_again_and_again() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "long"]);
    s.ok(&["workload", "spiffe://example.org/x", "--name", "short", "--lifetime", "6s", "--out-dir", "svid"]);
    let first = s.field("short", "spki_sha256");
    let mut watcher = Watcher::start(&s, "w", &["--exec", "echo $ROOTLET_NAME >> ran.txt"]);
    watcher.until("second renewal", |w| w.count("short", "renewed") >= 2);
    // Before it ended: nobody ever saw an expired one.
    for line in watcher.lines().iter().filter(|l| l["name"] == "short") {
        assert!(line["at"].as_str() < line["certificate"]["not_after"].as_str(), "{line}");
        assert_eq!(line["delivered"][0], s.path("svid").display().to_string());
    }
    assert_eq!(watcher.count("long", "renewed"), 0);
    assert_eq!(watcher.end(Signal::TERM), Some(0));
    assert!(s.text("ran.txt").lines().count() >= 2);
    assert_eq!(s.field("short", "spki_sha256"), first, "the same key");
    assert_eq!(s.text("w.stderr"), "");
    s.ok(&["doctor"]);
}

/// A window that begins later than the last third is waited for to the second.
#[test]
fn a_window_of_its_own() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a", "--lifetime", "30s", "--not-before", &s.time(-22)]);
    let mut watcher = Watcher::start(&s, "w", &["--due", "4s"]);
    watcher.until("renewal", |w| w.count("a", "renewed") == 1);
    let line = watcher.lines().remove(0);
    let old =
        s.json(&["list", "--all"])["certificates"].as_array().unwrap().iter().find(|c| c["current"] == false).cloned();
    let end = old.expect("the old one")["not_after"].as_str().unwrap().to_string();
    let form = &time::format_description::well_known::Rfc3339;
    let unix = |text: &str| time::OffsetDateTime::parse(text, form).unwrap().unix_timestamp();
    let left = unix(&end) - unix(line["at"].as_str().unwrap());
    assert!((0..=4).contains(&left), "{left} seconds before its end");
    assert_eq!(watcher.end(Signal::TERM), Some(0));
}

/// What one renewed is not due for the other.
#[test]
fn two_watchers_share_the_work() {
    let s = Sandbox::with_issuing_ca();
    for n in 0..4 {
        s.ok(&["client", &format!("c{n}"), "--lifetime", "9s"]);
    }
    let mut one = Watcher::start(&s, "one", &[]);
    let mut two = Watcher::start(&s, "two", &["c0", "c1", "c2", "c3"]);
    let count = |w: &Watcher, path: &std::path::Path| {
        let other = fs::read_to_string(path).unwrap_or_default().lines().count();
        w.lines().len() + other
    };
    let other = two.out.clone();
    one.until("two renewals of each", |w| count(w, &other) >= 8);
    two.until("nothing", |_| true);
    let failed = |w: &Watcher| w.lines().iter().filter(|l| l["action"] != "renewed").count();
    assert_eq!((failed(&one), failed(&two)), (0, 0));
    assert_eq!((one.end(Signal::INT), two.end(Signal::TERM)), (Some(0), Some(0)));
    s.ok(&["doctor"]);
    // Each life of nine seconds was renewed once, not twice: between two certificates of a name lie five seconds.
    let all = s.json(&["list", "--all"]);
    let mut starts: Vec<_> = all["certificates"].as_array().unwrap().iter().filter(|c| c["name"] == "c0").collect();
    starts.sort_by_key(|c| c["not_before"].as_str().unwrap().to_string());
    for pair in starts.windows(2) {
        let time = |v: &Value| {
            let form = &time::format_description::well_known::Rfc3339;
            time::OffsetDateTime::parse(v["not_before"].as_str().unwrap(), form).unwrap().unix_timestamp()
        };
        assert!(time(pair[1]) - time(pair[0]) >= 5, "{pair:?}");
    }
}

/// A command that fails is tried again, and keeps nobody from being renewed.
#[test]
fn what_fails_is_tried_again() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a", "--lifetime", "24s", "--not-before", &s.time(-18)]);
    let mut watcher = Watcher::start(&s, "w", &["--exec", "test -e good"]);
    watcher.until("failure", |w| w.lines().iter().any(|l| l["name"] == "a" && l["error"]["code"] == "exec"));
    s.write("good", "");
    watcher.until("success", |w| w.lines().iter().any(|l| l["name"] == "a" && l.get("error").is_none()));
    let all = s.json(&["list", "--all"]);
    let made = all["certificates"].as_array().unwrap().iter().filter(|c| c["name"] == "a").count();
    assert_eq!(made, 2, "the command ran again, not the renewal");

    // A key that is away and comes back.
    s.ok(&["client", "b", "--lifetime", "100s", "--not-before", &s.time(-90)]);
    fs::rename(s.path("pki/certs/b/key.pem"), s.path("away")).unwrap();
    drop(watcher);
    let mut watcher = Watcher::start(&s, "w2", &["b"]);
    watcher.until("failure", |w| w.count("b", "failed") >= 1);
    fs::rename(s.path("away"), s.path("pki/certs/b/key.pem")).unwrap();
    watcher.until("renewal", |w| w.count("b", "renewed") == 1);
    assert_eq!(watcher.end(Signal::HUP), Some(0));
}

/// The item in hand is finished before the end, its command too.
#[test]
fn the_end_waits_for_what_is_in_hand() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a", "--lifetime", "100s", "--not-before", &s.time(-90)]);
    s.ok(&["client", "b", "--lifetime", "100s", "--not-before", &s.time(-80)]);
    let mut watcher = Watcher::start(&s, "w", &["--exec", "touch began; sleep 2; echo $ROOTLET_NAME >> done.txt"]);
    let began = s.path("began");
    watcher.until("beginning", |_| began.exists());
    assert_eq!(watcher.end(Signal::TERM), Some(0));
    assert_eq!(s.text("done.txt").lines().count(), 1, "one was finished, and no other begun");
    s.ok(&["doctor"]);
}

#[test]
fn crls_are_kept_fresh() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a"]);
    s.ok(&["revoke", "a", "--no-crl"]);
    s.run(&["crl", "--check"]).exits(3);
    let mut watcher = Watcher::start(&s, "w", &[]);
    watcher.until("CRL", |w| w.count("lab-issuing", "written") == 1);
    s.ok(&["crl", "--check"]);
    assert_eq!(watcher.end(Signal::TERM), Some(0));
}

#[test]
fn mistakes_are_seen_at_the_start() {
    let s = Sandbox::with_issuing_ca();
    s.run(&["renew", "--watch", "nobody"]).exits(1).says("nothing here is called `nobody`");
    s.run(&["renew", "--watch", "--pki", "nowhere"]).exits(1).says("there is no PKI");
    s.run(&["renew", "--watch", "--json"]).exits(2).says("use --jsonl");
}
