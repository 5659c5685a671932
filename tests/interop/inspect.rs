//! `inspect` of what other programs wrote, and of what their servers present.

use std::path::{Path, PathBuf};

use super::gnutls::CERTTOOL;
use super::nss::{CERTUTIL, Database};
use super::openssl::OPENSSL;
use super::pki::{Entry, KeyAlgorithm, Pki, scratch};
use super::program::{Program, Ran, present, run};
use super::server::Server;

const KEYTOOL: Program = Program { name: "keytool", version: &["java", "-version"] };
const PK12UTIL: Program =
    Program { name: "pk12util", version: &["dpkg-query", "-W", "-f", "${Package} ${Version}", "libnss3-tools"] };

const PASSPHRASE: &str = "correct horse";

fn inspect(arguments: &[&str]) -> Ran {
    run(super::program::clean_command(env!("CARGO_BIN_EXE_rootlet")).arg("inspect").args(arguments))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A folder with a file of the passphrase in it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = scratch();
    let pass = folder.path().join("pass");
    std::fs::write(&pass, format!("{PASSPHRASE}\n")).expect("a file can be made");
    (folder, pass)
}

/// Without the passphrase it tells how the keystore is protected; with it, what is in it.
fn opens(keystore: &Path, pass: &Path, protection: &str, entry: &Entry, kinds: &[&str]) {
    inspect(&[text(keystore)]).succeeds().says(protection).says("--passphrase-file opens it");
    let opened = ["--passphrase-file", text(pass)];
    let found = inspect(&[&[text(keystore), "--field", "kind"][..], &opened].concat()).succeeds();
    assert_eq!(found.stdout.lines().collect::<Vec<_>>(), kinds, "{found}");
    let serials = inspect(&[&[text(keystore), "--field", "spki_sha256"][..], &opened].concat()).succeeds();
    let ours = inspect(&[text(&entry.certificate()), "--field", "spki_sha256"]).succeeds();
    assert!(serials.stdout.lines().all(|l| l.len() == 64) && serials.stdout.contains(ours.stdout.trim()), "{serials}");
}

fn export(pki: &Pki, more: &[&str], out: &Path) {
    let (leaf, pass) = (pki.server(), format!("pass:{PASSPHRASE}"));
    let mut command = OPENSSL.command();
    command.args(["pkcs12", "-export", "-name", "web", "-passout", &pass, "-out", text(out), "-inkey"]);
    run(command.arg(leaf.key()).arg("-in").arg(leaf.full_chain()).args(more)).succeeds();
}

#[test]
fn keystores_of_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let (pki, (folder, pass)) = (Pki::of(KeyAlgorithm::P256), folder());
    let kinds = ["pkcs12", "private-key", "certificate", "certificate"];
    for (name, more, protection) in [
        ("modern", &[][..], "aes-256-cbc, pbkdf2-hmac-sha256, 2048 iterations"),
        ("legacy", &["-legacy"], "rc2-40-cbc, pkcs12-sha1, 2048 iterations"),
        ("3des", &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"], "3des-cbc, pkcs12-sha1"),
        ("many", &["-iter", "100000", "-macalg", "sha512"], "hmac-sha512, 100000 iterations"),
        ("unsealed", &["-nomac"], "nothing seals it"),
    ] {
        let file = folder.path().join(name);
        export(pki, more, &file);
        opens(&file, &pass, protection, &pki.server(), &kinds);
    }
}

#[test]
fn keystores_of_java() {
    if !present(&[&OPENSSL, &KEYTOOL]) {
        return;
    }
    let (pki, (folder, pass)) = (Pki::of(KeyAlgorithm::Rsa2048), folder());
    let (from, to) = (folder.path().join("from.p12"), folder.path().join("to.p12"));
    export(pki, &[], &from);
    for (legacy, protection) in [(false, "pbkdf2-hmac-sha256"), (true, "pkcs12-sha1")] {
        let _ = std::fs::remove_file(&to);
        let mut command = KEYTOOL.command();
        if legacy {
            command.arg("-J-Dkeystore.pkcs12.legacy");
        }
        command.args(["-importkeystore", "-noprompt", "-srckeystore", text(&from), "-destkeystore", text(&to)]);
        command.args(["-deststoretype", "PKCS12", "-srcstorepass", PASSPHRASE, "-deststorepass", PASSPHRASE]);
        run(&mut command).succeeds();
        opens(&to, &pass, protection, &pki.server(), &["pkcs12", "private-key", "certificate", "certificate"]);
    }
    let trust = folder.path().join("trust.p12");
    let mut command = KEYTOOL.command();
    command.args(["-importcert", "-noprompt", "-alias", "root", "-storetype", "PKCS12", "-storepass", PASSPHRASE]);
    run(command.arg("-keystore").arg(&trust).arg("-file").arg(pki.root().certificate())).succeeds();
    opens(&trust, &pass, "aes-256-cbc", &pki.root(), &["pkcs12", "certificate"]);
}

/// NSS writes BER, each layer of it.
#[test]
fn keystores_of_nss() {
    if !present(&[&OPENSSL, &CERTUTIL, &PK12UTIL]) {
        return;
    }
    let (pki, (folder, pass)) = (Pki::of(KeyAlgorithm::P256), folder());
    let (from, to) = (folder.path().join("from.p12"), folder.path().join("to.p12"));
    export(pki, &[], &from);
    let database = Database::empty();
    let util = |words: &[&str]| run(database.opened_by(&PK12UTIL).args(words).args(["-W", PASSPHRASE])).succeeds();
    util(&["-i", text(&from)]);
    util(&["-o", text(&to), "-n", "web"]);
    let bytes = std::fs::read(&to).expect("it was written");
    assert_eq!(bytes.get(..2), Some(&[0x30, 0x80][..]), "of indefinite length");
    opens(&to, &pass, "hmac-sha256", &pki.server(), &["pkcs12", "private-key", "certificate", "certificate"]);
}

#[test]
fn keystores_of_gnutls() {
    if !present(&[&CERTTOOL]) {
        return;
    }
    let (pki, (folder, pass)) = (Pki::of(KeyAlgorithm::P384), folder());
    let file = folder.path().join("gnutls.p12");
    let mut command = CERTTOOL.command();
    command.args(["--to-p12", "--outder", "--p12-name", "web", "--password", PASSPHRASE, "--outfile", text(&file)]);
    run(command
        .arg("--load-privkey")
        .arg(pki.server().key())
        .arg("--load-certificate")
        .arg(pki.server().certificate()))
    .succeeds();
    opens(&file, &pass, "pbkdf2-hmac-sha256", &pki.server(), &["pkcs12", "private-key", "certificate"]);
}

#[test]
fn bundles_and_keys_of_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let (pki, (folder, pass)) = (Pki::of(KeyAlgorithm::P256), folder());
    let leaf = pki.server();
    let out = |name: &str| folder.path().join(name);
    let openssl = |words: &[&str]| run(OPENSSL.command().args(words)).succeeds();
    let kinds = |file: &Path| inspect(&[text(file), "--field", "kind"]).succeeds().stdout;
    for form in ["PEM", "DER"] {
        let file = out("bundle.p7b");
        let fullchain = leaf.full_chain();
        openssl(&["crl2pkcs7", "-nocrl", "-certfile", text(&fullchain), "-outform", form, "-out", text(&file)]);
        assert_eq!(kinds(&file), "certificate\ncertificate\n", "{form}");
    }
    for (name, words, says) in [
        ("p521", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"][..], "p521"),
        ("ed448", &["genpkey", "-algorithm", "ED448"], "Ed448"),
        ("rsa1024", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "rsa-1024"),
    ] {
        let file = out(name);
        openssl(&[words, &["-out", text(&file)]].concat());
        // It is no key of ours, and what it is can be told.
        inspect(&[text(&file)]).succeeds().says(says);
        let public = out("public");
        openssl(&["pkey", "-in", text(&file), "-pubout", "-out", text(&public)]);
        inspect(&[text(&public)]).succeeds().says("public key").says(&says.to_lowercase());
    }
    let key = out("scrypt");
    let pass_word = format!("pass:{PASSPHRASE}");
    openssl(&["pkcs8", "-topk8", "-scrypt", "-in", text(&leaf.key()), "-out", text(&key), "-passout", &pass_word]);
    inspect(&[text(&key)]).succeeds().says("aes-256-cbc, scrypt, 16384 (N)");
    inspect(&[text(&key), "--passphrase-file", text(&pass)]).succeeds().says("key            p256");
    openssl(&["ec", "-aes128", "-in", text(&leaf.key()), "-out", text(&key), "-passout", &pass_word]);
    inspect(&[text(&key)]).succeeds().says("encrypted in the old way");
}

/// What openssl reads of a certificate, we read too.
#[test]
fn fingerprints_are_those_of_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
        let certificate = Pki::of(algorithm).server().certificate();
        for (field, option) in [("fingerprint_sha256", "-sha256"), ("fingerprint_sha1", "-sha1")] {
            let mut command = OPENSSL.command();
            command.args(["x509", "-noout", "-fingerprint", option, "-in", text(&certificate)]);
            let theirs = run(&mut command).succeeds().stdout;
            let theirs = theirs.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase();
            assert_eq!(inspect(&[text(&certificate), "--field", field]).succeeds().stdout.trim(), theirs);
        }
    }
}

fn s_server(pki: &Pki, more: &'static [&'static str]) -> Server {
    let leaf = pki.server();
    let (roots, chain) = (pki.roots(), leaf.chain());
    Server::start(move |_, port| {
        let mut command = OPENSSL.command();
        command
            .args(["s_server", "-www"])
            .arg("-accept")
            .arg(format!("127.0.0.1:{port}"))
            .arg("-cert")
            .arg(leaf.certificate());
        command.arg("-key").arg(leaf.key()).arg("-cert_chain").arg(&chain).arg("-CAfile").arg(&roots).args(more);
        command
    })
}

#[test]
fn servers_of_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(KeyAlgorithm::Rsa2048);
    for (more, says) in [
        (&["-tls1_3"][..], "spoke          TLSv1.3, TLS_"),
        (&["-tls1_2"], "spoke          TLSv1.2, TLS_ECDHE_RSA_"),
        (&["-verify", "3"], "asked for, and not required"),
        (&["-tls1_3", "-Verify", "3"], "client cert    required"),
        (&["-tls1_2", "-Verify", "3"], "client cert    required"),
    ] {
        let server = s_server(pki, more);
        let said = inspect(&[&format!("localhost:{}", server.port)]).succeeds().says(says);
        said.says("the certificate is for `localhost`").says("in order: each certificate is signed by the next");
    }
}

#[test]
fn servers_of_yesterday() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(KeyAlgorithm::Rsa2048);
    let old = s_server(pki, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    inspect(&[&format!("127.0.0.1:{}", old.port)]).fails().says("speaks neither TLS 1.3 nor TLS 1.2");
    let unlike = s_server(pki, &["-tls1_2", "-cipher", "AES128-SHA256"]);
    inspect(&[&format!("127.0.0.1:{}", unlike.port)]).fails().says("no cipher suite in common");
}
