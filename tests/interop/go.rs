//! Go's crypto/tls and crypto/x509.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::handshakes::{Words, judge};
use super::pki::{KeyAlgorithm, Pki, scratch};
use super::program::{COMPILE_LIMIT, Program, clean_command, present, run_within, source};

pub const GO: Program = Program { name: "go", version: &["go", "version"] };

fn handshakes(algorithm: KeyAlgorithm) {
    if !present(&[&GO]) {
        return;
    }
    let words = Words {
        revoked: "server: revoked by CN=Interop Issuing",
        unknown_client: "x509: certificate signed by unknown authority",
        no_certificate: "server: tls: client didn't provide a certificate",
        wrong_purpose: "x509: certificate specifies an incompatible key usage",
        wrong_name: "x509: certificate is valid for localhost, not wrong.example",
        unknown_server: "client: x509: certificate signed by unknown authority",
    };
    judge(&mut clean_command(compiled()), Pki::of(algorithm), &words);
}
for_each_key_algorithm!(handshakes);

fn compiled() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| compile("handshakes"))
}

/// Compiles `go/NAME.go`.
pub fn compile(name: &str) -> PathBuf {
    let program = scratch().keep().join(name);
    let mut command = GO.command();
    // One file of the standard library's own packages: no module, no network.
    command.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GO111MODULE", "off").env("CGO_ENABLED", "0");
    command.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"));
    command.arg("build").arg("-o").arg(&program).arg(source(&format!("go/{name}.go")));
    run_within(&mut command, COMPILE_LIMIT).succeeds();
    program
}
