//! What rootlet takes, beside others that do the same: `docs/performance.md` explains the tables.
//!
//!     cargo bench --bench performance -- all
//!     cargo bench --bench performance -- inventory 1000 1000000
//!     cargo bench --bench performance -- bulk 10000
//!     cargo bench --bench performance -- crl | leaf | start | root
//!     cargo bench --bench performance -- reading [ENTRIES]
//!     cargo bench --bench performance -- fill FOLDER COUNT [revoked]
//!
//! `PERFORMANCE_RUNS=N` repeats every command N times. Peers that are not installed are left out; nothing is installed.
//! Work is done in a folder of its own below `TMPDIR`, which goes at the end.

mod bulk;
mod crl;
mod fill;
mod inventory;
mod measure;
mod openssl;
mod process;
mod reading;

use std::path::Path;

type Failure = Box<dyn std::error::Error>;

/// The command that is measured.
const ROOTLET: &str = env!("CARGO_BIN_EXE_rootlet");
/// How many leaves one run issues.
const LEAVES: usize = 10_000;
const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn main() -> Result<(), Failure> {
    // `cargo bench` adds `--bench`; `cargo test --benches` does not, and nothing is measured then.
    let all: Vec<String> = std::env::args().skip(1).collect();
    if let Some((measure::ONE, command)) = all.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return measure::one(command);
    }
    let words: Vec<&str> = all.iter().map(String::as_str).filter(|a| *a != "--bench").collect();
    let Some((what, rest)) = words.split_first() else {
        println!(
            "say what to measure: all, bulk, inventory, crl, leaf, start, root, reading, or fill (see benches/performance/main.rs)"
        );
        return Ok(());
    };
    if *what == "fill" {
        let (folder, count) = (rest.first().ok_or("which folder?")?, rest.get(1).ok_or("how many?")?.parse()?);
        fill::root(Path::new(folder))?;
        return fill::fill(Path::new(folder), count, rest.get(2) == Some(&"revoked"));
    }
    let sizes: Vec<u32> = rest.iter().map(|s| s.parse()).collect::<Result<_, _>>()?;
    let entries = sizes.first().copied();
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let runs = std::env::var("PERFORMANCE_RUNS").ok().map(|r| r.parse::<usize>()).transpose()?;
    match *what {
        "inventory" => inventory::table(folder, &sizes, runs.unwrap_or(15)),
        "crl" => crl::table(folder, &sizes, runs.unwrap_or(3)),
        "bulk" => bulk::table(folder, rest.first().map_or(Ok(LEAVES), |n| n.parse())?, runs.unwrap_or(5)),
        "leaf" => process::leaf(folder, runs.unwrap_or(41)),
        "start" => process::start(folder, runs.unwrap_or(41)),
        "root" => process::root(folder, runs.unwrap_or(21)),
        "reading" => reading::table(folder, runs.unwrap_or(21), entries),
        "all" => {
            process::start(folder, runs.unwrap_or(41))?;
            process::leaf(folder, runs.unwrap_or(41))?;
            process::root(folder, runs.unwrap_or(21))?;
            bulk::table(folder, LEAVES, runs.unwrap_or(5))?;
            inventory::table(folder, &sizes, runs.unwrap_or(15))?;
            crl::table(folder, &sizes, runs.unwrap_or(3))?;
            reading::table(folder, runs.unwrap_or(21), None)
        }
        other => Err(format!("what is `{other}`?").into()),
    }
}
