//! `openssl verify` at its strictest judges the chains, `openssl pkey` the keys.

use std::path::Path;
use std::process::Command;

use super::pki::{Entry, KeyAlgorithm, Pki};
use super::program::{Program, present, run};

pub const OPENSSL: Program = Program { name: "openssl", version: &["openssl", "version"] };

/// `openssl verify` of a leaf with the intermediates it came with. Nothing of the machine's own store takes part.
pub fn verify(leaf: &Entry, roots: &Path, options: &[&str]) -> Command {
    let mut command = OPENSSL.command();
    command.args(["verify", "-x509_strict", "-no-CAstore", "-no-CApath"]);
    command.arg("-CAfile").arg(roots).arg("-untrusted").arg(leaf.chain());
    command.args(options).arg(leaf.certificate());
    command
}

fn chains(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let roots = pki.roots();
    let as_server = ["-purpose", "sslserver", "-verify_hostname", "localhost", "-verify_ip", "127.0.0.1"];
    let as_client = ["-purpose", "sslclient"];

    for (leaf, options) in [
        (pki.server(), &as_server[..]),
        (pki.client(), &as_client),
        (pki.peer(), &as_server),
        (pki.peer(), &as_client),
        (pki.workload(), &as_server[..2]),
        (pki.workload(), &as_client),
    ] {
        run(&mut verify(&leaf, &roots, options)).succeeds();
        // What the leaf's folder calls its trust verifies as well as what is published.
        run(&mut verify(&leaf, &leaf.trust(), options)).succeeds();
    }

    let impostors = Pki::impostor().roots();
    for (leaf, roots, options, reason) in [
        (pki.server(), &roots, &["-verify_hostname", "wrong.example"][..], "hostname mismatch"),
        (pki.server(), &roots, &["-verify_ip", "127.0.0.2"], "IP address mismatch"),
        (pki.server(), &roots, &as_client, "certificate purpose"),
        (pki.client(), &roots, &as_server[..2], "certificate purpose"),
        (pki.server(), &impostors, &as_server, "unable to get local issuer certificate"),
        (Pki::impostor().client(), &roots, &as_client, "unable to get local issuer certificate"),
    ] {
        run(&mut verify(&leaf, roots, options)).fails().says(reason);
    }
}
for_each_key_algorithm!(chains);

/// What a server presents, as the only thing its peer gets to see: the leaf first, then the intermediates, no root.
fn presented_chain(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    for leaf in [pki.server(), pki.client(), pki.peer(), pki.workload()] {
        // The first certificate of the file is the one that is verified.
        let mut whole = OPENSSL.command();
        whole.args(["verify", "-x509_strict", "-no-CAstore", "-no-CApath", "-show_chain", "-nameopt", "RFC2253"]);
        whole.arg("-CAfile").arg(pki.roots()).arg("-untrusted").arg(leaf.full_chain()).arg(leaf.full_chain());
        run(&mut whole).succeeds().says("depth=2: CN=Interop Root");

        let count = |path: &Path| super::pki::text(path).matches("-----BEGIN CERTIFICATE-----").count();
        assert_eq!((count(&leaf.full_chain()), count(&leaf.chain()), count(&leaf.trust())), (2, 1, 1));

        let mut alone = OPENSSL.command();
        alone.args(["verify", "-no-CAstore", "-no-CApath", "-CAfile"]).arg(pki.roots()).arg(leaf.certificate());
        run(&mut alone).fails().says("unable to get local issuer certificate");
    }
}
for_each_key_algorithm!(presented_chain);

fn keys(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let entries =
        [pki.root(), pki.issuing(), pki.server(), pki.client(), pki.revoked_client(), pki.peer(), pki.workload()];
    let mut public_keys = entries.map(|entry| {
        run(OPENSSL.command().args(["pkey", "-noout", "-check", "-in"]).arg(entry.key()))
            .succeeds()
            .says("Key is valid");
        let of_key = run(OPENSSL.command().args(["pkey", "-pubout", "-in"]).arg(entry.key())).succeeds();
        let of_certificate =
            run(OPENSSL.command().args(["x509", "-noout", "-pubkey", "-in"]).arg(entry.certificate())).succeeds();
        assert_eq!(of_key.stdout, of_certificate.stdout, "the key of {}", entry.folder.display());
        of_key.stdout
    });
    public_keys.sort();
    assert!(public_keys.windows(2).all(|pair| pair[0] != pair[1]), "every key is another one");
}
for_each_key_algorithm!(keys);
