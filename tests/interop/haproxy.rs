//! HAProxy asks for client certificates; curl presents them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use super::https::{CURL, client_judges_server, get};
use super::pki::{KeyAlgorithm, Pki, text};
use super::program::{Program, present};
use super::server::Server;

const HAPROXY: Program = Program { name: "haproxy", version: &["haproxy", "-v"] };

/// HAProxy breaks the handshake of a client whose certificate it refuses, and logs OpenSSL's number for why: 20 is an
/// unknown issuer, 23 a revoked certificate, 26 one for another purpose.
fn admits_and_refuses_clients(algorithm: KeyAlgorithm) {
    if !present(&[&HAPROXY, &CURL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let server = Server::start(|folder, port| haproxy(pki, folder, port));

    let trust = pki.client().trust();
    for leaf in [pki.client(), pki.peer(), pki.workload()] {
        let answer = get("localhost", server.port, &trust, Some(&leaf));
        assert_eq!(answer.status, 200, "should be admitted: {}\nHAProxy said:\n{}", answer.ran, server.words());
    }
    let refused = [
        (Some(pki.revoked_client()), "leaf=23 "),
        (Some(pki.server()), "leaf=26 "),
        (Some(Pki::impostor().client()), "authority=20 "),
        (None, "peer did not return a certificate"),
    ];
    for (leaf, verdict) in refused {
        let answer = get("localhost", server.port, &trust, leaf.as_ref());
        let shown = server.words();
        assert!(answer.status == 0 && answer.ran.code != Some(0), "should be refused: {}\n{shown}", answer.ran);
        server.says(verdict);
    }
    client_judges_server(pki, server.port);
}
for_each_key_algorithm!(admits_and_refuses_clients);

/// A client on hold is refused, and admitted again when the hold is lifted; a compromised one is refused for good.
/// HAProxy reads the CRLs when it starts.
#[test]
fn admits_a_released_client() {
    if !present(&[&HAPROXY, &CURL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    pki.rootlet(&["server", "localhost", "--ip", "127.0.0.1"]).succeeds();
    pki.rootlet(&["client", "service-a"]).succeeds();
    for (act, admitted) in [
        (&["--reason", "certificate-hold"][..], false),
        (&["--release"], true),
        (&["--reason", "key-compromise"], false),
    ] {
        pki.rootlet(&[&["revoke", "service-a"], act].concat()).succeeds();
        let server = Server::start(|folder, port| haproxy(&pki, folder, port));
        let answer = get("localhost", server.port, &pki.client().trust(), Some(&pki.client()));
        let shown = server.words();
        assert_eq!(answer.status == 200, admitted, "after {act:?}: {}\nHAProxy said:\n{shown}", answer.ran);
        if !admitted {
            server.says("leaf=23 ");
        }
    }
}

/// `layout = "combined"` makes the one file that HAProxy takes, and curl too: neither is told anything else.
#[test]
fn takes_the_combined_file_as_it_is() {
    if !present(&[&HAPROXY, &CURL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let folder = super::pki::scratch();
    let manifest = folder.path().join("fleet.toml");
    let leaf = |name: &str, lines: &str| format!("[cert.{name}]\nlayout = 'combined'\n{lines}\n");
    let leaves = [leaf("localhost", "profile = 'server'\nip = '127.0.0.1'"), leaf("device", "profile = 'client'")];
    fs::write(&manifest, leaves.concat()).expect("a file can be written");
    pki.rootlet(&["apply", manifest.to_str().expect("a path in UTF-8")]).succeeds();
    let file = |name: &str| pki.roots().with_file_name(format!("../certs/{name}.pem"));
    let server = Server::start(|folder, port| configured(&pki, &file("localhost"), folder, port));
    let url = format!("https://localhost:{}/", server.port);
    let ask = |more: &[&str]| {
        let mut curl = CURL.command();
        curl.args(["--silent", "--show-error", "--max-time", "20", "--write-out", "%{http_code}", "--cacert"]);
        curl.arg(pki.roots()).args(more).arg(&url);
        super::program::run(&mut curl)
    };
    let device = file("device");
    let answer = ask(&["--cert", device.to_str().expect("a path in UTF-8")]);
    assert!(answer.code == Some(0) && answer.stdout.ends_with("200"), "{answer}\nHAProxy said:\n{}", server.words());
    let refused = ask(&[]);
    assert!(refused.code != Some(0), "without a certificate nobody is admitted: {refused}");
}

/// In the foreground, one process, everything it writes in `folder`.
fn haproxy(pki: &Pki, folder: &Path, port: u16) -> Command {
    let leaf = pki.server();
    let combined = folder.join("server.pem");
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&combined).expect("a new file");
    file.write_all(text(&leaf.full_chain()).as_bytes()).expect("a file can be written");
    file.write_all(text(&leaf.key()).as_bytes()).expect("a file can be written");
    configured(pki, &combined, folder, port)
}

/// With this file, which holds a key and its chain.
fn configured(pki: &Pki, combined: &Path, folder: &Path, port: u16) -> Command {
    let configuration = format!(
        "global
    log stdout format raw local0
    maxconn 64
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend interop
    log global
    error-log-format \"refused leaf=%[ssl_c_err] authority=%[ssl_c_ca_err] handshake=%[ssl_fc_err_str]\"
    bind 127.0.0.1:{port} ssl crt {combined} ca-file {trust} crl-file {crls} verify required
    http-request return status 200
",
        combined = combined.display(),
        trust = pki.roots().display(),
        crls = pki.crls().display(),
    );
    fs::write(folder.join("haproxy.cfg"), configuration).expect("a file can be written");

    let mut command = HAPROXY.command();
    command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
    command
}
