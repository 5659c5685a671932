//! OpenSSL judges the CRLs, and chains under them.

use std::fs;
use std::path::Path;

use super::openssl::{OPENSSL, verify};
use super::pki::{Entry, KeyAlgorithm, Pki, text};
use super::program::{Ran, present, run};

fn chains(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let judge = |leaf: &Entry, crls: &Path| {
        let crls = crls.to_str().expect("a path in UTF-8");
        run(&mut verify(leaf, &pki.roots(), &["-crl_check_all", "-CRLfile", crls]))
    };
    for leaf in [pki.client(), pki.server(), pki.peer(), pki.workload()] {
        judge(&leaf, &pki.crls()).succeeds();
        // OpenSSL wants the root's CRL too, and takes no other PKI's for either.
        judge(&leaf, &pki.issuing().crl()).fails().says("unable to get certificate CRL");
        judge(&leaf, &Pki::impostor().crls()).fails();
    }
    judge(&pki.revoked_client(), &pki.crls()).fails().says("certificate revoked");
    // Nothing else is wrong with it.
    run(&mut verify(&pki.revoked_client(), &pki.roots(), &["-purpose", "sslclient"])).succeeds();
}
for_each_key_algorithm!(chains);

fn signatures(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let judge = |crl: &Path, authority: &Entry| {
        let mut command = OPENSSL.command();
        command.args(["crl", "-noout", "-verify", "-no-CAstore", "-no-CApath", "-in"]).arg(crl);
        run(command.arg("-CAfile").arg(authority.certificate()))
    };
    for (authority, other) in [(pki.root(), pki.issuing()), (pki.issuing(), pki.root())] {
        judge(&authority.crl(), &authority).succeeds().says("verify OK");
        // The exit code says nothing before OpenSSL 3.2.
        refuses(&judge(&authority.crl(), &other));
    }
    refuses(&judge(&pki.root().crl(), &Pki::impostor().root()));
}
for_each_key_algorithm!(signatures);

#[track_caller]
fn refuses(ran: &Ran) {
    assert!(!ran.stderr.contains("verify OK") && !ran.stdout.contains("verify OK"), "should not verify: {ran}");
}

fn contents(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let serial = |leaf: &Entry| {
        let ran = run(OPENSSL.command().args(["x509", "-noout", "-serial", "-in"]).arg(leaf.certificate())).succeeds();
        ran.stdout.trim().trim_start_matches("serial=").to_owned()
    };
    let shown = |authority: &Entry| {
        run(OPENSSL.command().args(["crl", "-noout", "-text", "-nameopt", "RFC2253", "-in"]).arg(authority.crl()))
            .succeeds()
    };

    let issuing = shown(&pki.issuing())
        .says("Version 2 (0x1)")
        .says("Issuer: CN=Interop Issuing")
        .says("Next Update: ")
        .says("X509v3 CRL Number: ")
        .says("X509v3 Authority Key Identifier: ")
        .says("X509v3 CRL Reason Code: \n                Key Compromise")
        .says(&format!("Serial Number: {}", serial(&pki.revoked_client())));
    assert_eq!(issuing.stdout.matches("Serial Number: ").count(), 1, "only one certificate is revoked: {issuing}");
    assert!(!issuing.stdout.contains("critical"), "no extension of a complete CRL is critical: {issuing}");

    shown(&pki.root()).says("Issuer: CN=Interop Root").says("X509v3 CRL Number: ").says("No Revoked Certificates.");
}
for_each_key_algorithm!(contents);

/// The same CRL in each of the places where a program may look for it.
fn copies(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let bundle = text(&pki.crls());
    assert_eq!(bundle.matches("-----BEGIN X509 CRL-----").count(), 2, "one CRL per CA:\n{bundle}");
    for (authority, handle) in [(pki.root(), "interop-root"), (pki.issuing(), "interop-issuing")] {
        let in_der = |noun: &str, path: &Path| {
            let der = path.with_extension("as-der");
            run(OPENSSL.command().args([noun, "-outform", "DER", "-in"]).arg(path).arg("-out").arg(&der)).succeeds();
            let bytes = fs::read(&der).expect("openssl wrote the file");
            fs::remove_file(&der).expect("the file can be removed");
            bytes
        };
        let published = |kind: &str| fs::read(pki.public(&format!("{handle}.{kind}"))).expect("it is published");
        assert_eq!(in_der("crl", &authority.crl()), published("crl"), "the CRL of {handle}");
        assert_eq!(in_der("x509", &authority.certificate()), published("crt"), "the certificate of {handle}");
        assert!(bundle.contains(text(&authority.crl()).trim()), "crls.pem has the newest CRL of {handle}");
    }
}
for_each_key_algorithm!(copies);
