//! Running a command several times: what it took, in the median.

use crate::Failure;
use nix::sys::resource::{UsageWho, getrusage};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command is not repeated any more once all its runs have taken so long.
const BUDGET: Duration = Duration::from_secs(60);
/// The first argument of the process that runs one command: see [`one`].
pub const ONE: &str = "one";

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Milliseconds on the clock, median.
    pub wall: f64,
    /// Milliseconds of CPU, user and system, of the command and what it started, median.
    pub cpu: f64,
    /// The mean of the same.
    pub mean_cpu: f64,
    /// KiB of memory at most.
    pub memory: u64,
}

/// Runs a command in a folder `runs` times, and once before that to warm up. `prepare` comes before each run and is not
/// measured; both get the number of the run, so that each may have another name. Nothing when it cannot be started.
pub fn measure(
    folder: &Path,
    runs: usize,
    prepare: &dyn Fn(usize) -> Result<(), Failure>,
    command: &dyn Fn(usize) -> Vec<String>,
) -> Result<Option<Taken>, Failure> {
    let (mut all, started) = (Vec::new(), Instant::now());
    for run in 0..=runs {
        prepare(run)?;
        let command = command(run);
        // A small process between us and the command: memory is counted for all children of a process together.
        let mut between = Command::new(std::env::current_exe()?);
        between.arg(ONE).args(&command).current_dir(folder);
        // OpenSSL of some systems reads the whole trust store whenever it sees a certificate. It is spared that.
        between.env("SSL_CERT_FILE", "/nonexistent");
        let output = between.output()?;
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        match numbers[..] {
            [wall, cpu, memory, 0.0] => all.push((wall, cpu, memory as u64)),
            [_, _, _, 127.0] => return Ok(None),
            _ => {
                return Err(format!("{} failed: {}", command.join(" "), String::from_utf8_lossy(&output.stderr)).into());
            }
        }
        if started.elapsed() > BUDGET {
            break;
        }
    }
    if all.len() > 1 {
        all.remove(0);
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Ok(Some(Taken {
        wall: median(all.iter().map(|a| a.0).collect()),
        cpu: median(all.iter().map(|a| a.1).collect()),
        mean_cpu: all.iter().map(|a| a.1).sum::<f64>() / all.len() as f64,
        memory: all.iter().map(|a| a.2).max().unwrap_or(0),
    }))
}

/// Runs one command and says what it took: milliseconds on the clock and of CPU, KiB, and its exit code.
pub fn one(command: &[String]) -> Result<(), Failure> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let started = Instant::now();
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).output();
    let wall = started.elapsed().as_secs_f64() * 1e3;
    let code = match output {
        Ok(output) => {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            output.status.code().unwrap_or(1)
        }
        Err(_) => 127,
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 * 1e3 + t.tv_usec() as f64 / 1e3;
    println!("{wall} {} {} {code}", time(usage.user_time()) + time(usage.system_time()), usage.max_rss());
    Ok(())
}

/// A row of a table in Markdown.
pub fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// The head of one.
pub fn head(cells: &[&str]) {
    println!("\n| {} |\n|{}", cells.join(" | "), "---|".repeat(cells.len()));
}

/// Times and memory as cells, and how the CPU time compares.
pub fn cells(label: &str, taken: Option<Taken>, beside: Option<Taken>) -> Vec<String> {
    let Some(t) = taken else {
        return [label, "not here", "", "", ""].map(String::from).to_vec();
    };
    let ratio = beside.map_or(String::new(), |b| format!("{:.2}", t.cpu / b.cpu));
    vec![label.into(), milliseconds(t.wall), milliseconds(t.cpu), format!("{:.1} MB", t.memory as f64 / 1e3), ratio]
}

pub fn milliseconds(value: f64) -> String {
    if value < 1e3 { format!("{value:.1} ms") } else { format!("{:.2} s", value / 1e3) }
}
