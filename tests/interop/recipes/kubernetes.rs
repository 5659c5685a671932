//! Kubernetes Secrets, and those of Istio.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::openssl::OPENSSL;
use super::super::program::{present, run};
use super::page::Recipe;
use super::place::Place;

/// The Secret in a file that only its owner may read: its `data` holds these files, and nothing else.
#[track_caller]
fn holds(place: &Place, file: &str, about: (&str, &str, &str), data: &[(&str, String)]) {
    let mode = fs::metadata(place.at(file)).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{file} has keys in it");
    let secret: Value = super::yaml::read(&place.at(file));
    let (name, namespace, kind) = about;
    assert_eq!((secret["apiVersion"].as_str(), secret["kind"].as_str()), (Some("v1"), Some("Secret")));
    assert_eq!(secret["metadata"], serde_json::json!({ "name": name, "namespace": namespace }));
    assert_eq!(secret["type"], kind);
    let entries = secret["data"].as_object().expect("data");
    assert_eq!(entries.len(), data.len(), "{entries:?}");
    for (key, path) in data {
        let content = STANDARD.decode(entries[*key].as_str().expect("a text")).expect("base64");
        assert_eq!(content, fs::read(place.at(path)).expect("a file"), "{file}: {key}");
    }
}

#[test]
fn secrets() {
    if !super::yaml::present() {
        return;
    }
    let recipe = Recipe::called("Kubernetes secrets");
    let place = Place::of(&recipe);
    place.bash(&recipe.commands()).succeeds();
    for (file, handle) in [("api-tls.yaml", "api.prod.svc"), ("orders-tls.yaml", "orders")] {
        let path = |name: &str| format!("pki/certs/{handle}/{name}.pem");
        let name = file.strip_suffix(".yaml").expect("a name");
        holds(
            &place,
            file,
            (name, "prod", "kubernetes.io/tls"),
            &[("tls.crt", path("fullchain")), ("tls.key", path("key")), ("ca.crt", path("ca"))],
        );
    }
    // The same again is the same file: nothing in the cluster changes.
    let before = place.text("api-tls.yaml");
    place.bash(&recipe.commands()).succeeds();
    assert_eq!(before, place.text("api-tls.yaml"));
    // A file that is missing makes no Secret that looks whole.
    place.bash("bash secret.sh a b Opaque x=missing.pem > broken.yaml").fails();
}

#[test]
fn istio() {
    if !present(&[&OPENSSL]) || !super::yaml::present() {
        return;
    }
    let recipe = Recipe::called("Istio");
    let place = Place::of(&Recipe::called("Kubernetes secrets"));
    place.bash(&recipe.commands()).succeeds();
    let all = ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"];
    for cluster in ["east", "west"] {
        let ca = format!("pki/ca/mesh-{cluster}");
        let file = format!("cacerts-{cluster}.yaml");
        let sources = [
            format!("{ca}/cert.pem"),
            format!("{ca}/key.pem"),
            "pki/ca/mesh-root/cert.pem".into(),
            format!("{ca}/chain.pem"),
        ];
        let data: Vec<_> = all.into_iter().zip(sources).collect();
        holds(&place, &file, ("cacerts", "istio-system", "Opaque"), &data);
        works_for_istiod(&place, &file, cluster);
    }
    let root_key = place.text("pki/ca/mesh-root/key.pem");
    let body = STANDARD.encode(root_key);
    assert!(!place.text("cacerts-east.yaml").contains(&body), "the root's key is in no cluster");
}

/// What istiod does with the four files alone: it checks its CA against the root, and signs a workload's certificate,
/// whose chain is `cert-chain.pem` and which the other side verifies with `root-cert.pem`.
fn works_for_istiod(place: &Place, file: &str, cluster: &str) {
    let folder: PathBuf = place.at(&format!("istiod-{cluster}"));
    fs::create_dir(&folder).expect("a folder can be made");
    let secret = super::yaml::read(&place.at(file));
    for (name, content) in secret["data"].as_object().expect("data") {
        let content = STANDARD.decode(content.as_str().expect("a text")).expect("base64");
        fs::write(folder.join(name), content).expect("a file can be written");
    }
    let openssl = |arguments: &str| {
        run(OPENSSL.command().current_dir(&folder).args(arguments.split_whitespace())).succeeds();
    };
    openssl("verify -x509_strict -no-CAstore -no-CApath -CAfile root-cert.pem -untrusted cert-chain.pem ca-cert.pem");
    openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout w.key -subj / -out w.csr");
    let extensions = "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n\
         basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
         subjectAltName=critical,URI:spiffe://example.org/ns/prod/sa/api\n";
    fs::write(folder.join("workload.ext"), extensions).expect("a file can be written");
    openssl(
        "x509 -req -in w.csr -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -days 1 -extfile workload.ext -out w.pem",
    );
    for purpose in ["sslserver", "sslclient"] {
        openssl(&format!(
            "verify -x509_strict -no-CAstore -no-CApath -purpose {purpose} -CAfile root-cert.pem \
             -untrusted cert-chain.pem w.pem"
        ));
    }
    // The CA names the trust domain that it signs for.
    let domain = run(OPENSSL.command().current_dir(&folder).args([
        "x509",
        "-noout",
        "-ext",
        "subjectAltName",
        "-in",
        "ca-cert.pem",
    ]));
    domain.succeeds().says("URI:spiffe://example.org\n");
}
