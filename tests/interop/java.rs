//! The JDK: JSSE with its PKIX validator, CRLs demanded, host names checked.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::handshakes::{Words, judge};
use super::pki::{KeyAlgorithm, Pki, scratch};
use super::program::{COMPILE_LIMIT, Program, present, run_within, source};

pub const JAVA: Program = Program { name: "java", version: &["java", "-version"] };
pub const JAVAC: Program = Program { name: "javac", version: &["javac", "-version"] };

/// Short-lived programs: no second compiler, one heap thread, no hunt for performance.
pub const QUICK: [&str; 4] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"];

fn handshakes(algorithm: KeyAlgorithm) {
    if !present(&[&JAVA, &JAVAC]) {
        return;
    }
    let words = Words {
        revoked: "Certificate has been revoked, reason: KEY_COMPROMISE",
        unknown_client: "Path does not chain with any of the trust anchors",
        no_certificate: "server: javax.net.ssl.SSLHandshakeException: Empty client certificate chain",
        wrong_purpose: "Extended key usage does not permit use for TLS client authentication",
        wrong_name: "name matching wrong.example found",
        unknown_server: "client: javax.net.ssl.SSLHandshakeException: PKIX path validation failed",
    };
    judge(JAVA.command().args(QUICK).arg("-cp").arg(compiled()).arg("Handshakes"), Pki::of(algorithm), &words);
}
for_each_key_algorithm!(handshakes);

fn compiled() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| compile_java("Handshakes"))
}

/// Compiles `java/NAME.java`; the folder of its classes.
pub fn compile_java(name: &str) -> PathBuf {
    let classes = scratch().keep();
    let mut command = JAVAC.command();
    command.args(QUICK.map(|option| format!("-J{option}")));
    command.args(["-Xlint:all", "-Werror", "--release", "17", "-d"]).arg(&classes);
    command.arg(source(&format!("java/{name}.java")));
    run_within(&mut command, COMPILE_LIMIT).succeeds();
    classes
}
