//! What the library writes, byte for byte: fixed keys, a fixed clock, fixed serials.
//!
//! `UPDATE_GOLDEN=1 cargo test --test golden` writes the files in `tests/golden/` anew after a change that is meant.
//! ECDSA signatures differ each time, so the to-be-signed bytes stand for them; Ed25519 and RSA pin the whole.

mod golden {
    pub mod der;
    pub mod lab;
}

use golden::der;
use golden::lab::{self, Family, Lab};
use rootlet::model::Profile;
use std::path::PathBuf;

/// Differences that a person can still read.
const SHOWN: usize = 40;

/// Compares bytes with a golden file, or writes it where `UPDATE_GOLDEN` is set. The problem, if there is one.
fn compare(name: &str, bytes: &[u8]) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| !v.is_empty()) {
        std::fs::write(&path, bytes).unwrap();
        return None;
    }
    match std::fs::read(&path) {
        Ok(golden) if golden == bytes => None,
        Ok(golden) => Some(format!("{name} differs (- golden, + now):\n{}", der::difference(&golden, bytes, SHOWN))),
        Err(e) => Some(format!("{name}: {e}; `UPDATE_GOLDEN=1` writes it:\n{}", der::dump(bytes).join("\n"))),
    }
}

#[track_caller]
fn assert_golden(files: Vec<(String, Vec<u8>)>) {
    let problems: Vec<String> = files.iter().filter_map(|(name, bytes)| compare(name, bytes)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn certificates_of_a_p256_chain() {
    let lab = Lab::new(Family::P256);
    let files = Profile::ALL.map(|p| (format!("{p}-p256.tbs"), lab.certificate(p).facts().der.clone()));
    assert_golden(files.into());
}

#[test]
fn certificates_of_an_ed25519_chain() {
    let lab = Lab::new(Family::Ed25519);
    assert_golden(Profile::ALL.map(|p| (format!("{p}-ed25519.der"), lab.certificate(p).der().to_vec())).into());
}

/// RSA: the NULL parameters, keyEncipherment where a server may be asked to decrypt, and nowhere else.
#[test]
fn certificates_of_an_rsa_root() {
    let lab = Lab::new(Family::Rsa);
    let profiles = [Profile::Root, Profile::Server, Profile::Client, Profile::Peer, Profile::Workload];
    assert_golden(profiles.map(|p| (format!("{p}-rsa.der"), lab.certificate(p).der().to_vec())).into());
}

#[test]
fn crls() {
    let mut files = Vec::new();
    for family in [Family::P256, Family::Ed25519] {
        let lab = Lab::new(family);
        for (what, entries) in [("empty", vec![]), ("reasons", lab::every_reason())] {
            let crl = lab.crl(&entries, "2030-07-01T00:00:00Z");
            files.push(match family {
                Family::P256 => (format!("crl-{what}-p256.tbs"), crl.tbs().to_vec()),
                _ => (format!("crl-{what}-{}.der", family.name()), crl.der().to_vec()),
            });
        }
    }
    // Its nextUpdate lies behind 2049, and its root lives as long.
    let late = Lab::new(Family::Rsa).crl(&lab::early_invalidity(), "2049-12-20T00:00:00Z");
    files.push(("crl-late-rsa.der".into(), late.der().to_vec()));
    assert_golden(files);
}

/// The dump is what a person sees when a test fails: it must name the field, not only the offset.
#[test]
fn a_difference_can_be_read() {
    let (old, new) = ([0x30, 6, 2, 1, 5, 2, 1, 7], [0x30, 6, 2, 1, 5, 2, 1, 8]);
    let text = der::difference(&old, &new, SHOWN);
    assert_eq!(text, "-     5  . INTEGER 07\n+     5  . INTEGER 08");
    // Whatever is no DER is still shown.
    assert!(der::dump(&[0x30, 0x84, 0xff]).join("").contains("3084ff"));
}
