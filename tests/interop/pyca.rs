//! pyca/cryptography builds and judges the chains of leaves.

use super::crl_readers::PYCA;
use super::pki::{Entry, KeyAlgorithm, Pki};
use super::program::{clean_command, present, run, source};

const ACCEPTED: &str = "accepted";

/// It holds everybody to the rules of the web: a client must have a subjectAltName unless it is told otherwise.
fn chains(algorithm: KeyAlgorithm) {
    if !present(&[&PYCA]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let impostor = Pki::impostor().client();
    judge(
        pki,
        &[
            ("localhost", pki.server(), ACCEPTED),
            ("127.0.0.1", pki.server(), ACCEPTED),
            ("node-1", pki.peer(), ACCEPTED),
            ("as-client", pki.peer(), ACCEPTED),
            ("as-client", pki.workload(), ACCEPTED),
            ("as-nameless-client", pki.client(), ACCEPTED),
            ("as-client", pki.client(), "missing required extension"),
            ("wrong.example", pki.server(), "no matching subjectAltName"),
            ("127.0.0.2", pki.server(), "no matching subjectAltName"),
            ("as-client", pki.server(), "required EKU not found"),
            ("as-nameless-client", impostor, "candidates exhausted"),
        ],
    );
}
for_each_key_algorithm!(chains: p256 P256, p384 P384, rsa_2048 Rsa2048);

/// The one algorithm that it does not take, because the web does not. When it learns it this fails: judge Ed25519 like
/// the others.
#[test]
fn ed25519_is_refused() {
    if !present(&[&PYCA]) {
        return;
    }
    let pki = Pki::of(KeyAlgorithm::Ed25519);
    judge(pki, &[("localhost", pki.server(), "Forbidden public key algorithm")]);
}

fn judge(pki: &Pki, chains: &[(&str, Entry, &str)]) {
    let mut command = clean_command(PYCA.name);
    command.arg("-I").arg(source("python/chains.py")).arg(pki.roots());
    for (role, leaf, _) in chains {
        command.arg(role).arg(leaf.full_chain());
    }
    let ran = run(&mut command).succeeds();
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(said.len(), chains.len(), "{ran}");
    for ((role, leaf, verdict), said) in chains.iter().zip(said) {
        let good = if *verdict == ACCEPTED {
            said == ACCEPTED
        } else {
            said.starts_with("refused:") && said.contains(verdict)
        };
        assert!(good, "{} {role}: `{said}` and not `{verdict}`", leaf.folder.display());
    }
}
