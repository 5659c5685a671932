//! Many leaves at once, as for a fleet: `Pki::leaves` takes requests as it needs them and tells of each when it stands.
//!
//!     cargo run --release --example bulk -- COUNT [FOLDER]
//!
//! A run that was interrupted is started again with the same words: what exists is kept, the rest is issued. Without a
//! folder everything happens in one that goes at the end. The exit status is 0 only if every request was met.

use rootlet::model::Profile;
use rootlet::pki::{Again, CaRequest, Issued, LeafRequest, Pki, Progress};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often a line is written.
const EVERY: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let count: u32 = words.next().map_or(Ok(100), |w| w.parse())?;
    let scratch = tempfile::tempdir()?;
    let folder = words.next().map_or_else(|| scratch.path().join("pki"), PathBuf::from);

    let mut root = CaRequest::new(Profile::Root, "Fleet Root")?;
    root.again = Again::IfMissing;
    let (mut pki, _) = Pki::root_ca(&folder, &root)?;

    // Parsed once, here: a name that no certificate can hold ends the run before anything is issued.
    let mut pattern = LeafRequest::new(Profile::Client, "device-0")?;
    pattern.again = Again::IfMissing;
    let request = |n: u32| LeafRequest::new(Profile::Client, &format!("device-{n}"));
    (0..count).try_for_each(|n| request(n).map(drop))?;
    let requests = (0..count).filter_map(|n| request(n).ok()).map(|r| LeafRequest { again: pattern.again, ..r });

    let (mut actions, mut told) = (BTreeMap::<&str, u32>::new(), Instant::now());
    let end = pki.leaves(requests, &mut |Issued { result, progress, .. }| {
        match result {
            Ok(outcome) => *actions.entry(outcome.action).or_default() += 1,
            Err(e) => eprintln!("refused ({}): {e}", e.code()),
        }
        if told.elapsed() >= EVERY {
            told = Instant::now();
            show(&progress);
        }
    })?;
    show(&end);
    println!("{actions:?} in {}", folder.display());
    if end.failed == 0 { Ok(()) } else { Err(format!("{} failed", end.failed).into()) }
}

fn show(progress: &Progress) {
    let Progress { done, failed, .. } = progress;
    let left = progress.remaining().map_or(String::new(), |left| format!(", {} s left", left.as_secs()));
    eprintln!("{done} done, {failed} failed, {:.0} a second{left}", progress.rate());
}
