//! GnuTLS's certtool verifies chains and CRLs, and reads every certificate.

use std::path::Path;

use super::pki::{Entry, KeyAlgorithm, Pki, WORKLOAD};
use super::program::{Program, Ran, present, run};

pub const CERTTOOL: Program = Program { name: "certtool", version: &["certtool", "--version"] };

const AS_SERVER: &str = "--verify-purpose=1.3.6.1.5.5.7.3.1";
const AS_CLIENT: &str = "--verify-purpose=1.3.6.1.5.5.7.3.2";

/// certtool's verdict is in its words: its exit code is 0 for a bad chain too.
fn verify(presented: &Path, roots: &Path, options: &[&str], crls: Option<&Path>) -> Ran {
    let mut command = CERTTOOL.command();
    command.args(["--verify", "--verify-profile=medium", "--load-ca-certificate"]).arg(roots);
    command.args(options).arg("--infile").arg(presented);
    if let Some(crls) = crls {
        command.arg("--load-crl").arg(crls);
    }
    run(&mut command)
}

#[track_caller]
fn trusts(ran: Ran) {
    ran.succeeds().says("Chain verification output: Verified. The certificate is trusted.");
}

#[track_caller]
fn distrusts(ran: Ran, reason: &str) {
    ran.says("Chain verification output: Not verified. The certificate is NOT trusted.").says(reason);
}

fn chains(algorithm: KeyAlgorithm) {
    if !present(&[&CERTTOOL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let roots = pki.roots();
    let by_name = "--verify-hostname=localhost";
    for (leaf, options) in [
        (pki.server(), &[AS_SERVER, by_name][..]),
        (pki.client(), &[AS_CLIENT]),
        (pki.peer(), &[AS_SERVER, by_name]),
        (pki.peer(), &[AS_CLIENT]),
        (pki.workload(), &[AS_SERVER]),
        (pki.workload(), &[AS_CLIENT]),
    ] {
        trusts(verify(&leaf.full_chain(), &roots, options, None));
        trusts(verify(&leaf.full_chain(), &leaf.trust(), options, Some(&pki.crls())));
    }

    let impostor = Pki::impostor();
    let judge = |leaf: &Entry, roots: &Path, options: &[&str]| verify(&leaf.full_chain(), roots, options, None);
    distrusts(judge(&pki.server(), &roots, &["--verify-hostname=wrong.example"]), "does not match the expected");
    distrusts(judge(&pki.server(), &roots, &[AS_CLIENT]), "does not match the intended purpose");
    distrusts(judge(&pki.client(), &roots, &[AS_SERVER]), "does not match the intended purpose");
    distrusts(judge(&pki.server(), &impostor.roots(), &[AS_SERVER]), "issuer is unknown");
    distrusts(judge(&impostor.client(), &roots, &[AS_CLIENT]), "issuer is unknown");
}
for_each_key_algorithm!(chains);

fn revocation(algorithm: KeyAlgorithm) {
    if !present(&[&CERTTOOL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let revoked = pki.revoked_client().full_chain();
    trusts(verify(&revoked, &pki.roots(), &[AS_CLIENT], None));
    for crls in [pki.crls(), pki.issuing().crl()] {
        distrusts(verify(&revoked, &pki.roots(), &[AS_CLIENT], Some(&crls)), "The certificate chain is revoked.");
        trusts(verify(&pki.client().full_chain(), &pki.roots(), &[AS_CLIENT], Some(&crls)));
    }

    for (authority, other) in [(pki.root(), pki.issuing()), (pki.issuing(), pki.root())] {
        let judge = |by: &Entry| {
            let mut command = CERTTOOL.command();
            command.arg("--verify-crl").arg("--load-ca-certificate").arg(by.certificate());
            run(command.arg("--infile").arg(authority.crl()))
        };
        judge(&authority).succeeds().says("Verification output: Verified.");
        judge(&other).fails().says("Verification output: Not verified.");
    }
}
for_each_key_algorithm!(revocation);

fn reads_everything(algorithm: KeyAlgorithm) {
    if !present(&[&CERTTOOL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let read =
        |path: &Path, options: &[&str]| run(CERTTOOL.command().args(options).arg("--infile").arg(path)).succeeds();
    let authority = "Certificate Authority (CA): TRUE";
    let end_entity = "Certificate Authority (CA): FALSE";
    let identity = format!("URI: {WORKLOAD}");
    for (entry, words) in [
        (pki.root(), &["Subject: CN=Interop Root", authority, "Certificate signing.", "CRL signing."][..]),
        (pki.issuing(), &["Subject: CN=Interop Issuing", authority, "Path Length Constraint: 0"]),
        (pki.server(), &[end_entity, "DNSname: localhost", "IPAddress: 127.0.0.1", "TLS WWW Server."]),
        (pki.client(), &["Subject: CN=service-a", end_entity, "TLS WWW Client."]),
        (pki.peer(), &[end_entity, "DNSname: node-1", "TLS WWW Server.", "TLS WWW Client."]),
        (pki.workload(), &[end_entity, "Subject Alternative Name (critical)", &identity]),
    ] {
        let mut shown = read(&entry.certificate(), &["--certificate-info"]);
        for words in words {
            shown = shown.says(words);
        }
        // certtool prints an extension that it cannot read as bytes under this heading.
        assert!(!shown.stdout.contains("Unknown extension"), "certtool should know every extension: {shown}");
        read(&entry.key(), &["--key-info"]);
    }
    for (handle, entries) in
        [("interop-root", "No revoked certificates."), ("interop-issuing", "Revoked certificates (1):")]
    {
        let published = pki.public(&format!("{handle}.crl"));
        read(&published, &["--crl-info", "--inder"]).says("CRL Number (not critical)").says(entries);
        read(&pki.public(&format!("{handle}.crt")), &["--certificate-info", "--inder"]).says(authority);
    }
}
for_each_key_algorithm!(reads_everything);
