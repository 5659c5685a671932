//! Python's ssl module, with `VERIFY_X509_STRICT` and a CRL for every certificate.

use super::handshakes::{Words, judge};
use super::pki::{KeyAlgorithm, Pki};
use super::program::{Program, present, source};

pub const PYTHON: Program = Program {
    name: "python3",
    version: &[
        "python3",
        "-c",
        "import sys, ssl; print('Python', sys.version.split()[0], 'with', ssl.OPENSSL_VERSION)",
    ],
};

fn handshakes(algorithm: KeyAlgorithm) {
    if !present(&[&PYTHON]) {
        return;
    }
    let words = Words {
        revoked: "certificate verify failed: certificate revoked",
        unknown_client: "certificate verify failed: unable to get local issuer certificate",
        no_certificate: "peer did not return a certificate",
        wrong_purpose: "certificate purpose",
        wrong_name: "Hostname mismatch, certificate is not valid for 'wrong.example'",
        unknown_server: "client: [SSL: CERTIFICATE_VERIFY_FAILED]",
    };
    judge(PYTHON.command().arg("-I").arg(source("python/handshakes.py")), Pki::of(algorithm), &words);
}
for_each_key_algorithm!(handshakes);
