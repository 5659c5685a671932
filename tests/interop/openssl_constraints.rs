//! OpenSSL honors the name constraints that `rootlet` wrote, also on a leaf that `rootlet` would not issue.

use std::fs;
use std::path::Path;

use super::openssl::{OPENSSL, verify};
use super::pki::{Entry, KeyAlgorithm, Pki};
use super::program::{present, run};

/// A PKI whose issuing CA may name nothing outside `lab.internal`, and a leaf inside.
fn constrained() -> Pki {
    let pki = Pki::authorities(KeyAlgorithm::P256);
    pki.rootlet(&["intermediate", "Lab", "--permit", "dns:lab.internal", "--key", "p256"]).succeeds();
    pki.rootlet(&["server", "api.lab.internal", "--issuer", "lab"]).succeeds();
    pki
}

#[test]
fn a_leaf_inside_verifies() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = constrained();
    let mut read = OPENSSL.command();
    read.args(["x509", "-noout", "-ext", "nameConstraints", "-in"]).arg(pki.authority("lab").certificate());
    run(&mut read).succeeds().says("X509v3 Name Constraints: critical").says("DNS:lab.internal");

    let inside = pki.leaf("api.lab.internal");
    run(&mut verify(&inside, &pki.roots(), &["-purpose", "sslserver", "-verify_hostname", "api.lab.internal"]))
        .succeeds();
    fs::remove_dir_all(&pki.folder).expect("the folder can be removed");
}

#[test]
fn a_leaf_outside_is_neither_issued_nor_believed() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = constrained();
    let refused = pki.rootlet(&["server", "api.elsewhere.example", "--issuer", "lab"]).fails();
    assert_eq!(refused.code, Some(1), "{refused}");
    let outside = pki.leaf("api.elsewhere.example");
    assert!(!outside.folder.exists(), "nothing is left of a refused leaf");

    // With the CA's key in hand openssl signs what rootlet does not.
    let forged = Entry { folder: pki.folder.join("forged") };
    fs::create_dir(&forged.folder).expect("a folder can be made");
    fs::copy(pki.leaf("api.lab.internal").chain(), forged.chain()).expect("a file can be copied");
    for (name, believed) in [("api.elsewhere.example", false), ("web.lab.internal", true)] {
        sign_with_openssl(&pki, &forged.folder, name);
        let judged = run(&mut verify(&forged, &pki.roots(), &["-purpose", "sslserver", "-verify_hostname", name]));
        if believed {
            judged.succeeds();
        } else {
            judged.fails().says("permitted subtree violation");
        }
    }
    fs::remove_dir_all(&pki.folder).expect("the folder can be removed");
}

/// A server certificate for `name` from the constrained CA, made by openssl alone.
fn sign_with_openssl(pki: &Pki, folder: &Path, name: &str) {
    let (csr, extensions) = (folder.join("request.csr"), folder.join("extensions"));
    let settings = format!(
        "[req]\ndistinguished_name = subject\n[subject]\n[leaf]\nbasicConstraints = critical, CA:FALSE\n\
         keyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\nsubjectKeyIdentifier = hash\n\
         authorityKeyIdentifier = keyid\nsubjectAltName = DNS:{name}\n"
    );
    fs::write(&extensions, settings).expect("a file can be written");

    let mut request = OPENSSL.command();
    request.args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout"]);
    request.arg(folder.join("key.pem")).arg("-subj").arg(format!("/CN={name}"));
    run(request.arg("-config").arg(&extensions).arg("-out").arg(&csr)).succeeds();

    let lab = pki.authority("lab");
    let mut sign = OPENSSL.command();
    sign.args(["x509", "-req", "-days", "1", "-sha256", "-extensions", "leaf", "-set_serial", "4660", "-in"]).arg(&csr);
    sign.arg("-CA").arg(lab.certificate()).arg("-CAkey").arg(lab.key()).arg("-extfile").arg(&extensions);
    run(sign.arg("-out").arg(folder.join("cert.pem"))).succeeds();
}
