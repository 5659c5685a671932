//! CRLs of many entries.

use crate::measure::{Taken, cells, head, measure, row};
use crate::{Failure, ROOTLET, fill, openssl};
use std::path::Path;

/// The same CRL by pyca/cryptography. Its public call copies the list each time: the list is set at once.
const PYTHON: &str = r#"
import sys, datetime as dt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as s
key = s.load_pem_private_key(open("ca.key", "rb").read(), None)
ca = x509.load_pem_x509_certificate(open("ca.crt", "rb").read())
now = dt.datetime.now(dt.timezone.utc)
builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now).next_update(now + dt.timedelta(30))
reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
builder._revoked_certificates = [
    x509.RevokedCertificateBuilder().serial_number(int(line.split("\t")[3], 16)).revocation_date(now)
    .add_extension(reason, False).build()
    for line in open("index.txt")
]
open("python.crl", "wb").write(builder.sign(key, hashes.SHA256()).public_bytes(s.Encoding.DER))
"#;

pub fn table(folder: &Path, sizes: &[u32], runs: usize) -> Result<(), Failure> {
    println!("\n## CRLs");
    head(&["command", "entries", "wall", "CPU", "memory", "CPU beside openssl", "DER"]);
    for size in sizes {
        let by_openssl = by_openssl(folder, *size, runs)?;
        let line = |label: &str, taken: Option<Taken>, file: &Path| {
            let mut cells = cells(label, taken, by_openssl);
            cells.insert(1, size.to_string());
            cells.push(file.metadata().map_or(String::new(), |m| format!("{:.1} MB", m.len() as f64 / 1e6)));
            row(&cells);
        };
        let ca = folder.join(format!("openssl-{size}"));
        line("openssl ca -gencrl", by_openssl, &ca.join("openssl.der"));
        let words = |_| ["python3", "-c", PYTHON].map(String::from).to_vec();
        let python = measure(&ca, runs, &|_| Ok(()), &words).ok().flatten();
        line("pyca/cryptography", python, &ca.join("python.crl"));
        if by_openssl.is_some() {
            let adopted = folder.join(format!("adopted-{size}"));
            let gone = |_| if adopted.exists() { Ok(std::fs::remove_dir_all(&adopted)?) } else { Ok(()) };
            for (label, past) in [("index.txt", "--index-file index.txt"), ("its CRL", "--crl-file openssl.crl")] {
                let import = format!("import root --cert-file ca.crt --key-file ca.key {past}");
                let words = |_: usize| {
                    let all = [ROOTLET.to_string(), "--pki".into(), adopted.display().to_string()];
                    all.into_iter().chain(import.split_whitespace().map(String::from)).collect::<Vec<_>>()
                };
                let taken = measure(&ca, runs, &gone, &words)?;
                line(&format!("rootlet import, with {label}"), taken, &adopted.join("public/root.crl"));
            }
            gone(0)?;
        }
        std::fs::remove_dir_all(&ca)?;
        let pki = folder.join(format!("crl-{size}"));
        fill::root(&pki)?;
        fill::fill(&pki, *size, true)?;
        let rootlet = |words: &str| -> Vec<String> {
            let all = [ROOTLET.to_string(), "--pki".into(), pki.display().to_string()];
            all.into_iter().chain(words.split_whitespace().map(String::from)).collect()
        };
        let public = pki.join("public/root.crl");
        // Without the last one on disk every entry comes from the inventory.
        let last = pki.join("ca/root/crl.pem");
        let forget = |_| Ok(std::fs::remove_file(&last)?);
        line("rootlet crl, all from the inventory", measure(folder, runs, &forget, &|_| rootlet("crl"))?, &public);
        line("rootlet crl, once more", measure(folder, runs, &|_| Ok(()), &|_| rootlet("crl"))?, &public);
        let issue = |n: usize| -> Result<(), Failure> {
            let words = rootlet(&format!("-q server more{n}.scale.test"));
            let made = std::process::Command::new(&words[0]).args(&words[1..]).output()?;
            if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into()) }
        };
        let revoke = |n: usize| rootlet(&format!("revoke more{n}.scale.test"));
        line("rootlet revoke NAME, with its CRL", measure(folder, runs, &issue, &revoke)?, &public);
        std::fs::remove_dir_all(&pki)?;
    }
    Ok(())
}

fn by_openssl(folder: &Path, size: u32, runs: usize) -> Result<Option<Taken>, Failure> {
    let Some(ca) = openssl::ca(folder, size, true)? else { return Ok(None) };
    let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    let command = |_| words("openssl ca -config ca.cnf -gencrl -out openssl.crl");
    let taken = measure(&ca, runs, &|_| Ok(()), &command)?;
    measure(&ca, 0, &|_| Ok(()), &|_| words("openssl crl -in openssl.crl -outform DER -out openssl.der"))?;
    Ok(taken)
}
