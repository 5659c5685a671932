//! An easy-rsa PKI goes on as ours, with everything it issued and revoked.

use super::adopt::Lab;
use super::openssl::OPENSSL;
use super::program::{Program, clean_command, present, run};

/// Where Debian puts it; a package that puts it elsewhere is found on the `PATH`.
const INSTALLED: &str = "/usr/share/easy-rsa";
const EASY_RSA: Program = Program { name: "easyrsa", version: &["easyrsa", "--version"] };

/// Runs easy-rsa in the folder, as its documentation says: without questions, on P-256.
#[track_caller]
fn easy_rsa(lab: &Lab, line: &str) {
    let script = format!("{INSTALLED}/easyrsa");
    let installed = std::path::Path::new(&script).is_file();
    let mut command = clean_command(if installed { &script } else { EASY_RSA.name });
    command.env("PATH", format!("/usr/bin:/bin:{}", std::env::var("PATH").unwrap_or_default()));
    command.env("EASYRSA_BATCH", "1").env("EASYRSA_PKI", lab.path("pki-there")).env("EASYRSA_ALGO", "ec");
    command.env("EASYRSA_CURVE", "prime256v1");
    run(command.current_dir(lab.path(".")).args(line.split_whitespace())).succeeds();
}

fn is_here() -> bool {
    std::path::Path::new(INSTALLED).join("easyrsa").is_file() && present(&[&OPENSSL]) || present(&[&EASY_RSA, &OPENSSL])
}

#[test]
fn fifty_certificates_five_of_them_revoked() {
    if !is_here() {
        return;
    }
    let lab = Lab::new();
    easy_rsa(&lab, "init-pki");
    easy_rsa(&lab, "--req-cn=VPN-CA build-ca nopass");
    for n in 0..10 {
        easy_rsa(&lab, &format!("build-server-full gw{n}.example nopass"));
    }
    for n in 0..40 {
        easy_rsa(&lab, &format!("build-client-full client{n} nopass"));
    }
    for n in 0..4 {
        easy_rsa(&lab, &format!("revoke client{n} superseded"));
    }
    easy_rsa(&lab, "gen-crl");
    // After the last CRL, and known from the index alone.
    easy_rsa(&lab, "revoke gw0.example keyCompromise");

    let outcome = lab.json("import 'VPN CA' --easy-rsa-dir pki-there");
    let counts = ["revocations", "certificates"].map(|f| outcome["past"][f].as_u64());
    assert_eq!((&outcome["action"], counts), (&"adopted".into(), [Some(5), Some(50)]));
    let listed = lab.json("list --issuer vpn-ca");
    let of = |status: &str| listed["certificates"].as_array().unwrap().iter().filter(|c| c["status"] == status).count();
    assert_eq!((of("valid"), of("revoked")), (46, 5));
    assert_eq!(lab.json("show gw1.example")["certificate"]["profile"], "server");
    lab.rootlet("doctor --history").succeeds();

    let judged = |file: &str| lab.verify("pki-there/ca.crt", file, &["-crl_check", "-CRLfile", "pki/public/crls.pem"]);
    judged("pki-there/issued/client7.crt").succeeds();
    for entry in std::fs::read_dir(lab.path("pki-there/revoked/certs_by_serial")).unwrap() {
        let file = entry.unwrap().path();
        judged(file.to_str().unwrap()).fails().says("certificate revoked");
    }
    lab.json("revoke client7 --reason cessation-of-operation");
    judged("pki-there/issued/client7.crt").fails().says("certificate revoked");
    lab.json("server new.example");
    judged("pki/certs/new.example/cert.pem").succeeds();

    // What easy-rsa issued names the CA's serial number: it stays good below the certificate that is out there. What is
    // issued here is good below both, and strictly below the renewed one.
    assert!(outcome["warnings"].to_string().contains("keep that trusted"), "{outcome}");
    lab.json("renew vpn-ca");
    judged("pki-there/issued/client9.crt").succeeds();
    judged("pki/certs/new.example/cert.pem").succeeds();
    let strict = ["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"];
    lab.verify("pki/ca/vpn-ca/cert.pem", "pki/certs/new.example/cert.pem", &strict).succeeds();

    // The files of one, with its key; and all of it again, with what easy-rsa issued since.
    let key = "--key-file pki-there/private/gw1.example.key";
    let one = lab.json(&format!("import gw1.example --cert-file pki-there/issued/gw1.example.crt {key}"));
    assert_eq!(one["action"], "updated");
    assert!(lab.path("pki/certs/gw1.example/key.pem").exists());
    easy_rsa(&lab, "build-client-full late nopass");
    let again = lab.json("import 'VPN CA' --easy-rsa-dir pki-there");
    let counts = ["revocations", "known", "certificates"].map(|f| again["past"][f].as_u64());
    assert_eq!((&again["action"], counts), (&"updated".into(), [Some(0), Some(5), Some(1)]));
    assert_eq!(lab.json("show late")["certificate"]["status"], "valid");
}
