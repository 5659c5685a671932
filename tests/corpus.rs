//! The fuzz corpus, replayed: each file goes through its way in as it is, and then a few hundred times with damage that
//! a seed decides. A crash that a fuzzer finds is committed as a file of the corpus and stays mended.

#[path = "../fuzz/entries.rs"]
mod entries;

use entries::ENTRIES;
use std::fs;
use std::path::{Path, PathBuf};

/// How often each file is damaged; a local run may ask for more with `ROOTLET_CORPUS_ROUNDS`.
const ROUNDS: usize = 300;

/// A small generator (SplitMix64): the damage is the same in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn files(entry: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(entry);
    let list = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut all: Vec<_> = list.map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

/// A few octets changed, lost, doubled, or cut off; sometimes a piece of another file put in.
fn damaged(bytes: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut all = bytes.to_vec();
    for _ in 0..=chance.below(4) {
        let (at, kind) = (chance.below(all.len()), chance.below(8));
        match kind {
            _ if all.is_empty() => all.push(chance.next() as u8),
            0 | 1 => all[at] ^= 1 << chance.below(8),
            2 => all[at] = chance.next() as u8,
            3 => drop(all.remove(at)),
            4 => all.insert(at, [0, 0x7f, 0x80, 0xff, b'\n', b'-'][chance.below(6)]),
            5 => all.truncate(at),
            6 => {
                let end = at + chance.below(all.len() - at).min(64);
                let piece = all[at..end].to_vec();
                all.splice(at..at, piece);
            }
            _ => {
                let start = chance.below(other.len());
                let end = start + chance.below(other.len() - start).min(64);
                all.splice(at..at, other[start..end].iter().copied());
            }
        }
    }
    all
}

#[test]
fn the_corpus_gets_answers() {
    let rounds = std::env::var("ROOTLET_CORPUS_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
    for (name, entry) in ENTRIES {
        let all: Vec<Vec<u8>> = files(name).iter().map(|f| fs::read(f).unwrap()).collect();
        assert!(all.len() > 4, "the corpus of {name} has {} files", all.len());
        let mut chance = Chance(name.len() as u64);
        for file in &all {
            entry(file);
            // Large files are there for their size, and each round reads all of them.
            let rounds = rounds.min((4 << 20) / file.len().max(1));
            for _ in 0..rounds {
                entry(&damaged(file, &all[chance.below(all.len())], &mut chance));
            }
        }
    }
}

/// Every way in has a target for the fuzzer, and every target a way in.
#[test]
fn each_way_in_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut targets: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    targets.sort();
    let mut entries: Vec<_> = ENTRIES.iter().map(|(name, _)| name.to_string()).collect();
    entries.sort();
    assert_eq!(targets, entries);
}
