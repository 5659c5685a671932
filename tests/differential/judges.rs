//! Four who judge a chain.

use crate::case::{AT, Case};
use crate::forge::pem;
use rootlet::judge::verify::{Bag, Crls, Outcome, Purpose, Question, verify};
use rootlet::model::{San, Timestamp};
use rootlet::x509::read_certificate;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Ours, with its reason.
pub fn rootlet(case: &Case) -> Result<(), String> {
    let read = |der: &[u8]| read_certificate(der).map_err(|e| e.to_string());
    let mut bag = Bag::new();
    let target = bag.add_untrusted(&read(&case.leaf)?);
    for der in &case.between {
        bag.add_untrusted(&read(der)?);
    }
    bag.add_anchor(&read(&case.root)?);
    let host = case.host.map(|name| San::host(name).unwrap());
    let question = Question { purpose: Purpose::Server, host, ..Question::new(Timestamp::from_unix(AT).unwrap()) };
    let verdict = verify(&bag, target, &Crls::new(), &question);
    match (verdict.outcome, verdict.refusal) {
        (Outcome::Valid, _) => Ok(()),
        (_, refusal) => Err(refusal.map_or("no reason".into(), |r| format!("{}: {r}", r.rule()))),
    }
}

/// rustls-webpki, as rustls asks it.
pub fn webpki(case: &Case) -> Result<(), String> {
    let root = CertificateDer::from(case.root.as_slice());
    let text = |e: webpki::Error| format!("{e:?}").split(['(', ' ']).next().unwrap_or_default().to_string();
    let anchor = webpki::anchor_from_trusted_cert(&root).map_err(text)?;
    let leaf = CertificateDer::from(case.leaf.as_slice());
    let end = webpki::EndEntityCert::try_from(&leaf).map_err(text)?;
    let between: Vec<_> = case.between.iter().map(|d| CertificateDer::from(d.as_slice())).collect();
    end.verify_for_usage(
        &[webpki::ring::ECDSA_P256_SHA256],
        &[anchor],
        &between,
        UnixTime::since_unix_epoch(Duration::from_secs(AT as u64)),
        webpki::KeyUsage::server_auth(),
        None,
        None,
    )
    .map_err(text)?;
    let Some(host) = case.host else { return Ok(()) };
    end.verify_is_valid_for_subject_name(&ServerName::try_from(host).unwrap()).map_err(text)
}

/// `openssl verify -x509_strict`.
pub fn openssl(case: &Case, folder: &Path) -> Result<(), String> {
    run_openssl(case, folder, &["-x509_strict"])
}

/// `openssl verify`, as programs with OpenSSL judge unless they ask for more.
pub fn plain_openssl(case: &Case, folder: &Path) -> Result<(), String> {
    run_openssl(case, folder, &[])
}

fn run_openssl(case: &Case, folder: &Path, strict: &[&str]) -> Result<(), String> {
    let write = |name: &str, all: &[Vec<u8>]| std::fs::write(folder.join(name), pem(all)).unwrap();
    write("root.pem", std::slice::from_ref(&case.root));
    write("between.pem", &case.between);
    write("leaf.pem", std::slice::from_ref(&case.leaf));
    let mut command = Command::new("openssl");
    command.arg("verify").args(strict).args(["-purpose", "sslserver", "-attime", &AT.to_string()]);
    // Without a policy its initial set of policies is empty, and not any-policy.
    command.args(["-policy", "2.5.29.32.0", "-no-CApath", "-no-CAstore", "-CAfile", "root.pem"]);
    if let Some(host) = case.host {
        command.args(["-verify_hostname", host]);
    }
    if !case.between.is_empty() {
        command.args(["-untrusted", "between.pem"]);
    }
    let output = command.arg("leaf.pem").current_dir(folder).env("SSL_CERT_FILE", "/nonexistent").output();
    let output = output.unwrap_or_else(|e| panic!("openssl cannot be started: {e}"));
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|l| l.starts_with("error ")).unwrap_or_default();
    Err(line.rsplit(": ").next().unwrap_or_default().trim().to_string())
}
