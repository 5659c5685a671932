//! CSRs that OpenSSL, GnuTLS, Java and Go made are signed, and ours are read by all of them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::gnutls::CERTTOOL;
use super::go::{GO, compile};
use super::openssl::{OPENSSL, verify};
use super::pki::{Entry, KeyAlgorithm, Pki, scratch};
use super::program::{Program, clean_command, present, run};

const KEYTOOL: Program = Program { name: "keytool", version: &["java", "-version"] };

/// Signs a request for a server, and OpenSSL judges what came of it.
fn signed(pki: &Pki, csr: &Path, name: &str) {
    let csr = csr.to_str().expect("a path in UTF-8");
    pki.rootlet(&["sign", csr, "--profile", "server", "--name", name]).succeeds();
    let leaf: Entry = pki.leaf(name);
    let options = ["-purpose", "sslserver", "-verify_hostname", "web.internal"];
    run(&mut verify(&leaf, &pki.roots(), &options)).succeeds();
}

/// With every key, in PEM under both names, and in DER.
#[test]
fn of_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let folder = scratch();
    let kinds: [(&str, &[&str]); 5] = [
        ("rsa", &["-newkey", "rsa:2048"]),
        ("p256", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-outform", "DER"]),
        ("p384", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-newhdr"]),
        ("ed25519", &["-newkey", "ed25519"]),
        ("sha512", &["-newkey", "rsa:3072", "-sha512"]),
    ];
    for (name, options) in kinds {
        let (key, csr) = (folder.path().join("key.pem"), folder.path().join(format!("{name}.csr")));
        let mut command = OPENSSL.command();
        command.args(["req", "-new", "-nodes", "-subj", "/O=Example/CN=web.internal"]).args(options);
        command.args(["-addext", "subjectAltName=DNS:web.internal,IP:10.1.1.1", "-addext", "keyUsage=keyCertSign"]);
        run(command.arg("-keyout").arg(&key).arg("-out").arg(&csr)).succeeds();
        signed(&pki, &csr, name);
    }
    // Windows and people with a pager send it with more around it.
    let text = run(OPENSSL.command().args(["req", "-text", "-in"]).arg(folder.path().join("rsa.csr"))).succeeds();
    let csr = folder.path().join("text.csr");
    std::fs::write(&csr, text.stdout.replace('\n', "\r\n")).expect("a file");
    signed(&pki, &csr, "text");
    // A point that is not on the curve: the last octet of the key is another one.
    let good = std::fs::read(folder.path().join("p256.csr")).expect("DER");
    let spki = good.windows(4).position(|w| w == [0x03, 0x42, 0x00, 0x04]).expect("a key");
    let mut bad = good.clone();
    bad[spki + 4 + 63] ^= 1;
    let csr = folder.path().join("off.csr");
    std::fs::write(&csr, bad).expect("it can be written");
    pki.rootlet(&["sign", csr.to_str().expect("UTF-8"), "--profile", "server"]).fails().says("has the key");
}

/// What is too weak, unknown here, or wished for and impossible, and how it is said.
#[test]
fn of_openssl_that_are_refused() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let folder = scratch();
    let (csr, key) = (folder.path().join("a.csr"), folder.path().join("key.pem"));
    let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let with = |more: &[&'static str]| [&p256[..], more].concat();
    let parameters = folder.path().join("dsa.pem");
    let mut command = OPENSSL.command();
    command.args(["genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:2048", "-out"]);
    run(command.arg(&parameters)).succeeds();
    let dsa = format!("dsa:{}", parameters.display());
    let cases: [(&[&str], &str); 17] = [
        (&["-newkey", "rsa:1024"], "an RSA key of 1024 bits"),
        (&["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"], "the exponent 3,"),
        (&["-newkey", &dsa], "a DSA key"),
        (&["-newkey", "rsa-pss"], "an RSASSA-PSS key"),
        (&["-newkey", "ed448"], "an Ed448 key"),
        (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "a p521 key"),
        (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "a secp256k1 key"),
        (&with(&["-pkeyopt", "ec_param_enc:explicit"]), "explicit parameters"),
        (&["-newkey", "rsa:2048", "-sha1"], "sha1WithRSAEncryption"),
        (&with(&["-subj", "/C=de/CN=web.internal"]), "two upper-case letters"),
        (&with(&["-addext", "subjectAltName=DNS:my_host.internal"]), "is not a DNS name"),
        (&with(&["-addext", "subjectAltName=DER:30028200"]), "is not a DNS name"),
        (&with(&["-addext", "1.2.3.4=critical,DER:0500"]), "unknown extension 1.2.3.4"),
        (&with(&["-addext", "subjectAltName=DER:3000"]), "without names"),
        (&with(&["-addext", "subjectAltName=DER:30058703010203"]), "neither 4 nor 16 octets"),
        (&with(&["-addext", "subjectAltName=DER:300482026161ff"]), "1 bytes behind its end"),
        (&with(&["-addext", "subjectAltName=DER:300482026180"]), "not ASCII"),
    ];
    for (options, words) in cases {
        let mut command = OPENSSL.command();
        command.args(["req", "-new", "-nodes", "-subj", "/CN=web.internal"]).args(options);
        run(command.arg("-keyout").arg(&key).arg("-out").arg(&csr)).succeeds();
        pki.rootlet(&["sign", csr.to_str().expect("UTF-8"), "--profile", "server"]).fails().says(words);
    }
    // Two SPIFFE IDs, and one that is none.
    for (uris, words) in [
        ("URI:spiffe://example.org/a,URI:spiffe://example.org/b", "holds one SPIFFE ID"),
        ("URI:spiffe://Example.org/a", "is not a SPIFFE ID"),
        ("URI:https://example.org/a", "needs a name"),
    ] {
        let mut command = OPENSSL.command();
        command.args(["req", "-new", "-nodes", "-subj", "/"]).args(p256).arg("-addext");
        command.arg(format!("subjectAltName={uris}")).arg("-keyout").arg(&key).arg("-out").arg(&csr);
        run(&mut command).succeeds();
        pki.rootlet(&["sign", csr.to_str().expect("UTF-8"), "--profile", "workload"]).fails().says(words);
    }
}

#[test]
fn of_certtool() {
    if !present(&[&OPENSSL, &CERTTOOL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let folder = scratch();
    let [key, template, csr] = ["key.pem", "template", "a.csr"].map(|n| folder.path().join(n));
    std::fs::write(&template, "cn = web.internal\ndns_name = web.internal\nchallenge_password = x\n").expect("a file");
    run(CERTTOOL.command().args(["--generate-privkey", "--ecc", "--outfile"]).arg(&key)).succeeds();
    let mut command = CERTTOOL.command();
    command.arg("--generate-request").arg("--load-privkey").arg(&key).arg("--template").arg(&template);
    run(command.arg("--outfile").arg(&csr)).succeeds();
    signed(&pki, &csr, "certtool");
}

#[test]
fn of_keytool() {
    if !present(&[&OPENSSL, &KEYTOOL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let folder = scratch();
    let (store, csr) = (folder.path().join("store.p12"), folder.path().join("a.csr"));
    let keytool = |words: &[&str]| {
        let mut command = KEYTOOL.command();
        command.args(words).arg("-keystore").arg(&store).args(["-storepass", "changeit", "-alias", "a"]);
        run(&mut command).succeeds()
    };
    keytool(&["-genkeypair", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=web.internal, O=Example"]);
    keytool(&["-certreq", "-ext", "SAN=dns:web.internal", "-file", csr.to_str().expect("UTF-8")]);
    signed(&pki, &csr, "keytool");
}

#[test]
fn of_go() {
    if !present(&[&OPENSSL, &GO]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let folder = scratch();
    let csr = folder.path().join("a.csr");
    run(clean_command(go_program()).arg("make").arg(&csr)).succeeds();
    signed(&pki, &csr, "go");
}

fn go_program() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| compile("csr"))
}

/// Ours, with each key.
fn ours(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL, &CERTTOOL, &KEYTOOL, &GO]) {
        return;
    }
    let pki = Pki { folder: scratch().keep() };
    let key = match algorithm {
        KeyAlgorithm::P256 => "p256",
        KeyAlgorithm::P384 => "p384",
        KeyAlgorithm::Ed25519 => "ed25519",
        KeyAlgorithm::Rsa2048 => "rsa-2048",
    };
    pki.rootlet(&["request", "web.internal", "--profile", "server", "--ip", "10.1.1.1", "--key", key]).succeeds();
    pki.rootlet(&["request", "Issuing CA", "--profile", "intermediate", "--key", key]).succeeds();
    for (handle, words) in [("web.internal", "DNS:web.internal, IP Address:10.1.1.1"), ("issuing-ca", "CA:TRUE")] {
        let csr = pki.folder.join("pki/requests").join(handle).join("request.csr");
        let openssl = run(OPENSSL.command().args(["req", "-verify", "-noout", "-text", "-in"]).arg(&csr)).succeeds();
        openssl.says("verify OK").says(words);
        run(CERTTOOL.command().arg("--crq-info").arg("--infile").arg(&csr)).succeeds().says("Self signature: verified");
        run(KEYTOOL.command().arg("-printcertreq").arg("-file").arg(&csr))
            .succeeds()
            .says("PKCS #10 Certificate Request");
        run(clean_command(go_program()).arg("check").arg(&csr)).succeeds();
    }
}
for_each_key_algorithm!(ours);

/// A CA elsewhere, made of OpenSSL's commands, signs what we ask for.
#[test]
fn openssl_signs_ours() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki { folder: scratch().keep() };
    pki.rootlet(&["request", "web.internal", "--profile", "server"]).succeeds();
    let at = |name: &str| pki.folder.join(name);
    let mut root = OPENSSL.command();
    root.args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=Corp"]);
    root.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    run(root.arg("-keyout").arg(at("corp.key")).arg("-out").arg(at("corp.pem"))).succeeds();
    let mut sign = OPENSSL.command();
    sign.args(["x509", "-req", "-copy_extensions", "copy", "-days", "90", "-CAcreateserial", "-in"]);
    sign.arg(at("pki/requests/web.internal/request.csr"))
        .arg("-CA")
        .arg(at("corp.pem"))
        .arg("-CAkey")
        .arg(at("corp.key"));
    run(sign.arg("-out").arg(at("web.pem"))).succeeds();
    let mut check = OPENSSL.command();
    check.args(["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "web.internal", "-CAfile"]);
    run(check.arg(at("corp.pem")).arg(at("web.pem"))).succeeds();
}

/// The guide's recipe: a corporate root in OpenSSL signs an intermediate, which issues.
#[test]
fn a_corporate_root_signs_an_intermediate() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki { folder: scratch().keep() };
    let at = |name: &str| pki.folder.join(name);
    let text = |name: &str| at(name).to_str().expect("a path in UTF-8").to_owned();
    let mut root = OPENSSL.command();
    root.args(["req", "-x509", "-nodes", "-newkey", "rsa:3072", "-subj", "/O=Corp/CN=Corp Root", "-days", "3650"]);
    root.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    run(root.arg("-keyout").arg(at("corp.key")).arg("-out").arg(at("corp.pem"))).succeeds();
    pki.rootlet(&["request", "Issuing CA", "--profile", "intermediate", "--subject", "CN=Issuing CA,O=Example"])
        .succeeds();
    let extensions = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n\
                      subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
    std::fs::write(at("ca.ext"), extensions).expect("a file can be written");
    let mut sign = OPENSSL.command();
    sign.args(["x509", "-req", "-days", "1825", "-CAcreateserial"]).arg("-extfile").arg(at("ca.ext"));
    sign.arg("-in").arg(at("pki/requests/issuing-ca/request.csr")).arg("-CA").arg(at("corp.pem"));
    run(sign.arg("-CAkey").arg(at("corp.key")).arg("-out").arg(at("issuing.pem"))).succeeds();
    pki.rootlet(&["import", "Issuing CA", "--cert-file", &text("issuing.pem"), "--chain-file", &text("corp.pem")])
        .succeeds();
    pki.rootlet(&["server", "api.internal"]).succeeds();
    let options = ["-purpose", "sslserver", "-verify_hostname", "api.internal"];
    run(&mut verify(&pki.leaf("api.internal"), &at("corp.pem"), &options)).succeeds();
    pki.rootlet(&["revoke", "api.internal"]).succeeds();
    let crl = text("pki/ca/issuing-ca/crl.pem");
    run(&mut verify(&pki.leaf("api.internal"), &at("corp.pem"), &["-crl_check", "-CRLfile", &crl]))
        .fails()
        .says("certificate revoked");
}
