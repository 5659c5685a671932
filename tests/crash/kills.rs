//! Kills at random instants, so also inside the database's commit and between any two system calls.

use super::folder::{Numbers, State, scratch};
use super::program::{Fault, Program};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often a command is killed.
const ROUNDS: u64 = 220;
/// Every so often a second command works beside the one that is killed.
const COMPANY: u64 = 4;
/// Kills come at some time up to this many microseconds at least.
const SHORTEST: u64 = 5_000;
/// The names that leaves have.
const NAMES: u64 = 24;

/// A sequence that looks random: SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// The seed of this run: of the clock, or `ROOTLET_KILL_SEED` to see one again.
fn seed() -> u64 {
    let given = std::env::var("ROOTLET_KILL_SEED").ok().and_then(|s| s.parse().ok());
    given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64)
}

/// One command of a mix; it need not succeed.
fn command(chance: &mut Chance) -> Vec<String> {
    let name = format!("n{}.internal", chance.below(NAMES));
    let line = match chance.below(10) {
        0 | 1 => format!("server {name} --if-missing"),
        2 => format!("server {name} --force"),
        3 => format!("server {name} --renew-within 100%"),
        4 => format!("revoke {name} --reason superseded"),
        5 => format!("revoke {name} --reason certificate-hold"),
        6 => format!("revoke {name} --release"),
        7 => format!("revoke {name} --reason key-compromise --no-crl"),
        8 => "crl".into(),
        _ => format!("intermediate Sub{} --issuer root --if-missing", chance.below(6)),
    };
    let more = if line.starts_with("server") { " --issuer issuing" } else { "" };
    (line + more).split(' ').map(str::to_string).collect()
}

fn start(program: &Program, words: &[String]) -> Child {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    program.command(&words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts one command after the other on one PKI and kills it. After each: doctor mends what is left, no certificate
/// exists that the inventory does not know, no CRL number falls or comes twice, no key is open to others.
pub fn run() {
    let seed = seed();
    let mut chance = Chance(seed);
    let folder = scratch();
    let program = Program { folder: folder.path().into() };
    program.run(&["root", "Root", "--path-len", "1"], Fault::None).succeeds();
    let started = Instant::now();
    program.run(&["intermediate", "Issuing"], Fault::None).succeeds();
    // From before its first write to after its last; how long that is changes with what else the machine does.
    let mut longest = started.elapsed().as_micros() as u64 * 3 / 2;
    let (mut numbers, mut killed, mut halves) = (Numbers::default(), 0, 0);
    for round in 0..ROUNDS {
        let (words, delay) = (command(&mut chance), chance.below(longest));
        let beside = (round % COMPANY == 0).then(|| command(&mut chance));
        let mut victim = start(&program, &words);
        let company = beside.as_ref().map(|w| start(&program, w));
        std::thread::sleep(Duration::from_micros(delay));
        let alive = victim.try_wait().unwrap().is_none();
        longest = if alive { longest * 17 / 16 } else { (longest * 15 / 16).max(SHORTEST) };
        killed += u64::from(alive && victim.kill().is_ok());
        drop(victim.wait());
        company.into_iter().for_each(|mut c| drop(c.wait()));
        let when =
            format!("seed {seed}, round {round}: `{}` beside {beside:?}, killed after {delay} µs", words.join(" "));
        numbers.see(&program.pki(), &when);
        State::of(&program.pki()).assert_known(&program, &when);
        // A revocation without a CRL makes that due: that is no damage.
        let damage = |all: Vec<String>| all.into_iter().filter(|f| !f.contains("is due")).collect::<Vec<_>>();
        halves += u64::from(std::fs::read_dir(program.pki().join("pending")).unwrap().count() > 0);
        let left = damage(program.repair());
        assert!(left.is_empty(), "{when}: doctor could not mend {left:#?}");
        let left = damage(program.findings());
        assert!(left.is_empty(), "{when}: doctor finds {left:#?}");
        State::of(&program.pki()).assert_clean(&when);
        State::of(&program.pki()).assert_known(&program, &when);
        numbers.see(&program.pki(), &when);
    }
    let history = damage_in_history(&program);
    assert!(history.is_empty(), "seed {seed}: {history:#?}");
    assert!(killed * 5 > ROUNDS, "only {killed} of {ROUNDS} were killed while they worked");
    assert!(halves * 40 > ROUNDS, "only {halves} of {ROUNDS} kills left something half-done: were they in time?");
    println!("{halves} of {ROUNDS} kills left something half-done");
}

fn damage_in_history(program: &Program) -> Vec<String> {
    program.doctor(&["doctor", "--history"]).into_iter().filter(|f| !f.contains("is due")).collect()
}
