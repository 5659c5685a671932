//! Reading: showing and verifying one certificate, the system's trust store, and a serial in a large CRL.

use crate::measure::{Taken, cells, head, measure, row};
use crate::{Failure, ROOTLET, fill};
use std::path::Path;
use std::process::Command;

/// Where Debian and its kin keep the trust store.
const STORE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Entries of the CRL that a serial is looked up in.
const ENTRIES: u32 = 1_000_000;

type Rows<'a> = &'a [(&'a str, &'a str)];

pub fn table(folder: &Path, runs: usize, entries: Option<u32>) -> Result<(), Failure> {
    let pki = folder.join("reading");
    fill::root(&pki)?;
    fill::fill(&pki, entries.unwrap_or(ENTRIES), true)?;
    rootlet(&pki, &["crl"])?;
    rootlet(&pki, &["server", "l.test"])?;
    let files = folder.join("read");
    std::fs::create_dir_all(&files)?;
    std::fs::copy(pki.join("certs/l.test/cert.pem"), files.join("l.pem"))?;
    std::fs::copy(pki.join("public/roots.pem"), files.join("ca.pem"))?;
    std::fs::copy(pki.join("public/crls.pem"), files.join("crls.pem"))?;
    std::fs::remove_dir_all(&pki)?;
    section(
        &files,
        runs,
        "Showing one certificate",
        &[
            ("certtool -i", "certtool -i --infile l.pem"),
            ("openssl x509 -text", "openssl x509 -in l.pem -noout -text"),
            ("rootlet inspect", "@ inspect l.pem"),
            ("rootlet inspect --json", "@ --json inspect l.pem"),
            ("rootlet lint", "@ lint l.pem"),
        ],
    )?;
    let verify = "openssl verify -no-CApath -no-CAstore -CAfile";
    let one = format!("{verify} ca.pem l.pem");
    section(
        &files,
        runs,
        "Verifying one certificate below one root",
        &[("openssl verify", &one), ("rootlet verify", "@ verify l.pem --roots ca.pem")],
    )?;
    if let Ok(store) = std::fs::read(STORE) {
        let count = String::from_utf8_lossy(&store).matches("-----BEGIN CERTIFICATE").count();
        std::fs::write(files.join("store.pem"), &store)?;
        std::fs::write(files.join("plus.pem"), [store, std::fs::read(files.join("ca.pem"))?].concat())?;
        section(
            &files,
            runs,
            &format!("Showing the system's trust store, {count} certificates"),
            &[
                ("openssl storeutl", "openssl storeutl -certs -text -noout store.pem"),
                ("certtool -i", "certtool -i --infile store.pem"),
                ("rootlet inspect", "@ inspect store.pem --all"),
                ("rootlet inspect --json", "@ --json inspect store.pem"),
                ("rootlet lint", "@ lint store.pem --fail-on never"),
            ],
        )?;
        let plus = format!("{verify} plus.pem l.pem");
        section(
            &files,
            runs,
            "Verifying one certificate against the trust store and its root",
            &[("openssl verify", &plus), ("rootlet verify", "@ verify l.pem --roots plus.pem")],
        )?;
    }
    let checked = format!("{verify} ca.pem -crl_check -CRLfile crls.pem l.pem");
    let few = runs.min(5);
    section(
        &files,
        few,
        &format!("A CRL of {} entries", entries.unwrap_or(ENTRIES)),
        &[
            ("openssl verify -crl_check", &checked),
            ("rootlet verify --crl", "@ verify l.pem --roots ca.pem --crl crls.pem"),
            ("openssl crl -text", "openssl crl -in crls.pem -noout -text"),
            ("rootlet inspect", "@ inspect crls.pem"),
        ],
    )
}

/// One table; the first row is what the others are compared with. `@` stands for the command that is measured.
fn section(folder: &Path, runs: usize, title: &str, rows: Rows<'_>) -> Result<(), Failure> {
    let mut all: Vec<(&str, Option<Taken>)> = Vec::new();
    for (label, line) in rows {
        let command = |_| line.split_whitespace().map(|w| if w == "@" { ROOTLET } else { w }.to_string()).collect();
        all.push((label, measure(folder, runs, &|_| Ok(()), &command)?));
    }
    println!("\n## {title}");
    head(&["command", "wall", "CPU", "memory", "CPU beside the first"]);
    for (label, taken) in &all {
        row(&cells(label, *taken, all[0].1));
    }
    Ok(())
}

fn rootlet(pki: &Path, words: &[&str]) -> Result<(), Failure> {
    let output = Command::new(ROOTLET).arg("--pki").arg(pki).arg("-q").args(words).output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}
