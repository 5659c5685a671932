//! `request`: keys made here, for CAs elsewhere to certify.

use crate::common::Sandbox;
use rootlet::keys::PrivateKey;
use rootlet::model::KeyAlgorithm;
use serde_json::json;

#[test]
fn a_request_is_made_in_a_folder_of_its_own() {
    let s = Sandbox::new();
    let made = s.json(&["request", "api.internal", "--profile", "server", "--ip", "10.0.0.7", "--key", "p384"]);
    assert_eq!(made["action"], "created");
    let request = &made["request"];
    assert_eq!((&request["name"], &request["profile"]), (&"api.internal".into(), &"server".into()));
    assert_eq!((&request["subject"], &request["key_algorithm"]), (&"CN=api.internal".into(), &"p384".into()));
    let sans = json!([{"type": "dns", "value": "api.internal"}, {"type": "ip", "value": "10.0.0.7"}]);
    assert_eq!(request["sans"], sans);
    assert_eq!(s.mode("pki/requests") & 0o777, 0o700);
    assert_eq!(s.mode("pki/requests/api.internal") & 0o777, 0o700);
    assert_eq!(s.mode("pki/requests/api.internal/key.pem"), 0o600);
    assert_eq!(s.text("pki/requests/api.internal/request.csr"), request["pem"].as_str().unwrap());
    s.ok(&["doctor"]).says("everything agrees");
    assert_eq!(s.json(&["history"])["acts"][0]["action"], "requested");
}

/// Whoever looks for it by its name is told what it waits for.
#[test]
fn what_waits_is_listed() {
    let s = Sandbox::new();
    s.ok(&["request", "Issuing CA", "--profile", "intermediate"]);
    s.ok(&["list"]).says("1 request waits for its certificate");
    s.ok(&["request", "api.internal", "--profile", "server", "--key", "p384"]);
    s.ok(&["list"]).says("2 requests wait for their certificates");
    let table = s.ok(&["list", "--requests"]).stdout;
    let lines: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(
        (lines[1][..2].join(" "), lines[2][..2].join(" ")),
        ("api.internal server".into(), "issuing-ca intermediate".into())
    );
    assert!(lines[1].ends_with(&["p384", "pki/requests/api.internal/request.csr"]), "{table}");
    let listed = s.json(&["list", "--requests"])["requests"].clone();
    assert_eq!(listed[0]["pem"], s.text("pki/requests/api.internal/request.csr"));
    for line in [&["show", "issuing-ca"][..], &["show", "Issuing CA"], &["revoke", "api.internal"]] {
        let error = s.refuses(line, 1, "not-found");
        assert!(error["message"].as_str().unwrap().contains("it was requested"), "{error}");
    }
    s.refuses(&["list", "--requests", "--all"], 2, "usage");
    // Of a CA elsewhere nothing is known before it answers.
    s.ok(&["status"]).says("nothing is due");
}

#[test]
fn purposes_are_asked_for() {
    let s = Sandbox::new();
    let line = ["request", "signer", "--profile", "client", "--eku", "codeSigning", "--if-missing"];
    let made = s.json(&line);
    s.write("signer.csr", made["request"]["pem"].as_str().unwrap());
    let csr = rootlet::pki::read_csr(&s.bytes("signer.csr"), std::path::Path::new("x")).unwrap();
    let asked: Vec<String> = csr.csr().purposes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["clientAuth", "codeSigning"]);
    assert_eq!(s.json(&line)["action"], "unchanged");
    let error = s.refuses(&["request", "signer", "--profile", "client", "--if-missing"], 1, "differs");
    assert_eq!(error["differences"][0]["field"], "eku");
}

#[test]
fn again_and_again() {
    let s = Sandbox::new();
    let line = ["request", "api.internal", "--profile", "server"];
    let with = |more: &[&'static str]| [&line[..], more].concat();
    s.ok(&line);
    let key = s.bytes("pki/requests/api.internal/key.pem");
    s.refuses(&line, 1, "exists");
    assert_eq!(s.json(&with(&["--if-missing"]))["action"], "unchanged");
    s.refuses(&with(&["--if-missing", "--dns", "b.internal"]), 1, "differs");
    s.refuses(&with(&["--if-missing", "--key", "p384"]), 1, "differs");
    s.refuses(&with(&["--if-missing", "--force"]), 2, "usage");
    assert!(s.bytes("pki/requests/api.internal/key.pem") == key);
    assert_eq!(s.json(&with(&["--force"]))["action"], "reissued");
    assert!(s.bytes("pki/requests/api.internal/key.pem") != key);
    // The CSR of a CA may lie elsewhere for a year: its key is not replaced.
    let ca = ["request", "Issuing CA", "--profile", "intermediate"];
    s.ok(&ca);
    let error = s.refuses(&ca, 1, "exists");
    assert!(!error["hints"].to_string().contains("--force"), "{error}");
    s.refuses(&[&ca[..], &["--force"]].concat(), 2, "usage");
    s.refuses(&[&ca[..], &["--force", "--key-file", "nowhere.pem"]].concat(), 2, "usage");
    let error = s.refuses(&[&ca[..], &["--if-missing", "--key", "p384"]].concat(), 1, "differs");
    assert!(!error["hints"].to_string().contains("--force"), "{error}");
    assert_eq!(s.json(&[&ca[..], &["--if-missing"]].concat())["action"], "unchanged");
    s.ok(&["doctor"]);
}

/// CAs, leaves and requests share one namespace.
#[test]
fn a_handle_belongs_to_one_identity() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["request", "api.internal", "--profile", "server"]);
    s.refuses(&["client", "api.internal"], 1, "name-taken");
    s.refuses(&["root", "api.internal"], 1, "name-taken");
    s.refuses(&["request", "api.internal", "--profile", "client"], 1, "name-taken");
    s.ok(&["client", "c"]);
    s.refuses(&["request", "c", "--profile", "server"], 1, "name-taken");
    s.refuses(&["request", "Lab Root", "--profile", "server", "--name", "lab-root"], 2, "invalid-value");
    s.refuses(&["request", "x.internal", "--profile", "server", "--name", "lab-root"], 1, "name-taken");
    // The same identity may ask elsewhere for what it has here.
    s.ok(&["request", "c", "--profile", "client"]);
    s.ok(&["doctor"]);
}

#[test]
fn what_cannot_be_requested() {
    let s = Sandbox::new();
    for (line, code) in [
        ("request x --profile root", "usage"),
        ("request x --profile nothing", "invalid-value"),
        ("request x", "usage"),
        ("request my_host --profile server", "invalid-value"),
        ("request x --profile intermediate --dns a.internal", "usage"),
        ("request x --profile intermediate --spiffe spiffe://td/path", "invalid-value"),
        ("request spiffe://td --profile workload", "invalid-value"),
        ("request x --profile client --lifetime 1d", "usage"),
        ("request x --profile client --issuer y", "usage"),
        ("request x --profile client --key p521", "usage"),
    ] {
        s.refuses(&line.split(' ').collect::<Vec<_>>(), 2, code);
    }
    assert!(!s.path("pki").exists());
}

#[test]
fn doctor_knows_requests() {
    let s = Sandbox::new();
    s.ok(&["request", "api.internal", "--profile", "server"]);
    let csr = s.bytes("pki/requests/api.internal/request.csr");
    s.write("pki/requests/api.internal/request.csr", "something else");
    s.set_mode("pki/requests/api.internal/key.pem", 0o644);
    s.run(&["doctor"]).exits(3).prints("is not what was recorded").prints("has mode");
    s.ok(&["doctor", "--repair"]);
    assert_eq!(s.bytes("pki/requests/api.internal/request.csr"), csr);
    assert_eq!(s.mode("pki/requests/api.internal/key.pem"), 0o600);
    std::fs::rename(s.path("pki/requests/api.internal/key.pem"), s.path("gone.pem")).unwrap();
    s.run(&["doctor"]).exits(3).prints("the key of the request `api.internal` is missing");
    std::fs::create_dir(s.path("pki/requests/strange")).unwrap();
    s.run(&["doctor"]).exits(3).prints("does not know");
}

/// A key that exists already, and one that is encrypted from the start.
#[test]
fn a_request_for_a_given_or_an_encrypted_key() {
    let s = Sandbox::with_issuing_ca();
    let key = PrivateKey::generate(KeyAlgorithm::P384).unwrap();
    s.write("mine.pem", key.to_pem().as_slice());
    let made = s.json(&["request", "a", "--profile", "client", "--key-file", "mine.pem"]);
    assert_eq!(made["request"]["key_algorithm"], "p384");
    assert!(s.bytes("pki/requests/a/key.pem") == key.to_pem().as_slice());
    s.write("passphrase", "correct horse\n");
    s.set_mode("passphrase", 0o600);
    let encrypted = ["request", "b", "--profile", "client", "--encrypt-key", "--passphrase-file", "passphrase"];
    s.ok(&encrypted);
    assert!(s.text("pki/requests/b/key.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    s.ok(&["doctor"]);
    s.refuses(&["request", "c", "--profile", "client", "--encrypt-key"], 1, "passphrase");
    s.refuses(&["request", "c", "--profile", "client", "--passphrase-file", "passphrase"], 2, "usage");
    s.refuses(&["request", "c", "--profile", "client", "--key-file", "mine.pem", "--key", "p256"], 2, "usage");
    let ca_key = ["request", "c", "--profile", "client", "--key-file", "pki/ca/lab-issuing/key.pem"];
    s.refuses(&ca_key, 1, "key-in-use");
    let again = ["request", "a", "--profile", "client", "--key-file", "pki/requests/b/key.pem", "--if-missing"];
    s.refuses(&again, 1, "key-encrypted");
    s.refuses(&["sign", "x.csr", "--profile", "client", "--passphrase-file", "passphrase"], 2, "usage");
}

/// One PKI asks, another one signs, and the answer comes home.
#[test]
fn an_answer_completes_a_request() {
    let (s, corp) = (Sandbox::new(), Sandbox::new());
    corp.ok(&["root", "Corp"]);
    s.ok(&["request", "api.internal", "--profile", "server"]);
    corp.write("api.csr", s.bytes("pki/requests/api.internal/request.csr"));
    let signed = corp.ok(&["sign", "api.csr", "--profile", "server"]);
    s.write("answer.pem", signed.stdout);
    s.write("corp.pem", corp.bytes("pki/ca/corp/cert.pem"));
    s.ok(&["import", "Corp", "--cert-file", "corp.pem"]);
    let key = s.bytes("pki/requests/api.internal/key.pem");
    assert_eq!(s.json(&["import", "api.internal", "--cert-file", "answer.pem"])["action"], "completed");
    assert!(s.bytes("pki/certs/api.internal/key.pem") == key);
    assert!(!s.path("pki/requests/api.internal").exists());
    assert_eq!(s.field("api.internal", "issuer_name"), "corp");
}
