//! nginx asks for client certificates; curl presents them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::https::{CURL, client_judges_server, get};
use super::openssl::{OPENSSL, verify};
use super::pki::{KeyAlgorithm, Pki, text};
use super::program::{Program, present, run};
use super::server::Server;

pub const NGINX: Program = Program { name: "nginx", version: &["nginx", "-v"] };

/// nginx answers a client whose certificate it refuses with "400 Bad Request" and says in `$ssl_client_verify` why.
fn admits_and_refuses_clients(algorithm: KeyAlgorithm) {
    if !present(&[&NGINX, &CURL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let server = Server::start(|folder, port| nginx(pki, folder, port));

    let trust = pki.client().trust();
    let client = pki.client();
    let peer = pki.peer();
    let workload = pki.workload();
    let server_leaf = pki.server();
    let revoked = pki.revoked_client();
    let impostor = Pki::impostor().client();
    for (leaf, status, verdict) in [
        (Some(&client), 200, "X-Verdict: SUCCESS"),
        (Some(&peer), 200, "X-Verdict: SUCCESS"),
        (Some(&workload), 200, "X-Verdict: SUCCESS"),
        (None, 400, "X-Verdict: NONE"),
        (Some(&revoked), 400, "X-Verdict: FAILED:certificate revoked"),
        (Some(&impostor), 400, "X-Verdict: FAILED:"),
        (Some(&server_leaf), 400, "X-Verdict: FAILED:"),
    ] {
        let answer = get("localhost", server.port, &trust, leaf);
        let name = leaf.map(|leaf| leaf.folder.display().to_string());
        assert!(
            answer.status == status && answer.headers.contains(verdict),
            "{name:?} should get {status} and `{verdict}`: {}\nnginx said:\n{}",
            answer.ran,
            server.words()
        );
    }
    client_judges_server(pki, server.port);
}
for_each_key_algorithm!(admits_and_refuses_clients);

/// A client on hold is refused, and admitted again when the hold is lifted; a compromised one is refused for good. nginx
/// reads the CRLs when it starts.
#[test]
fn admits_a_released_client() {
    if !present(&[&NGINX, &CURL]) {
        return;
    }
    let pki = Pki::authorities(KeyAlgorithm::P256);
    pki.rootlet(&["server", "localhost", "--ip", "127.0.0.1"]).succeeds();
    pki.rootlet(&["client", "service-a"]).succeeds();
    for (act, status, verdict) in [
        (&["--reason", "certificate-hold"][..], 400, "X-Verdict: FAILED:certificate revoked"),
        (&["--release"], 200, "X-Verdict: SUCCESS"),
        (&["--reason", "key-compromise"], 400, "X-Verdict: FAILED:certificate revoked"),
    ] {
        pki.rootlet(&[&["revoke", "service-a"], act].concat()).succeeds();
        let server = Server::start(|folder, port| nginx(&pki, folder, port));
        let answer = get("localhost", server.port, &pki.client().trust(), Some(&pki.client()));
        let good = answer.status == status && answer.headers.contains(verdict);
        assert!(good, "after {act:?}: {}\nnginx said:\n{}", answer.ran, server.words());
    }
}

/// When everything was renewed, root and intermediate too, old and new meet in every way: what a server presents, what a
/// client presents, and what each trusts.
fn old_and_new_meet(algorithm: KeyAlgorithm) {
    if !present(&[&NGINX, &CURL, &OPENSSL]) {
        return;
    }
    let new = Pki::authorities(algorithm);
    for leaf in [&["server", "localhost", "--ip", "127.0.0.1"][..], &["client", "service-a"]] {
        new.rootlet(leaf).succeeds();
    }
    let old = new.copied();
    new.rootlet(&["renew", "interop-root", "interop-issuing", "localhost", "service-a"]).succeeds();
    for (file, of) in [("cert.pem", new.root()), ("cert.pem", new.issuing()), ("cert.pem", new.server())] {
        let before = old.folder.join(of.folder.strip_prefix(&new.folder).expect("inside")).join(file);
        assert_ne!(text(&of.folder.join(file)), text(&before), "{} was renewed", before.display());
    }
    for (presented, judged) in [(&old, &new), (&new, &old), (&new, &new)] {
        for leaf in [presented.server(), presented.client()] {
            run(&mut verify(&leaf, &judged.roots(), &[])).succeeds();
            run(&mut verify(&leaf, &judged.server().trust(), &[])).succeeds();
        }
        let server = Server::start(|folder, port| nginx(presented, folder, port));
        for client in [old.client(), new.client()] {
            let answer = get("localhost", server.port, &judged.client().trust(), Some(&client));
            let good = answer.status == 200 && answer.headers.contains("X-Verdict: SUCCESS");
            assert!(good, "{}\nnginx said:\n{}", answer.ran, server.words());
        }
    }
}
for_each_key_algorithm!(old_and_new_meet);

/// A server that asks for certificates of this PKI, and says in a header what it thinks of them.
fn nginx(pki: &Pki, folder: &Path, port: u16) -> Command {
    let leaf = pki.server();
    let server = format!(
        "server {{
            listen 127.0.0.1:{port} ssl;
            server_name localhost;
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_certificate '{certificate}';
            ssl_certificate_key '{key}';
            ssl_client_certificate '{trust}';
            ssl_crl '{crls}';
            ssl_verify_client on;
            ssl_verify_depth 3;
            add_header X-Verdict $ssl_client_verify always;
            location / {{ return 200 'admitted'; }}
        }}",
        certificate = leaf.full_chain().display(),
        key = leaf.key().display(),
        trust = leaf.trust().display(),
        crls = pki.crls().display(),
    );
    serving(folder, &server)
}

/// nginx with this `server` block: in the foreground, everything it writes in `folder`, and one process that may be killed.
pub fn serving(folder: &Path, server: &str) -> Command {
    configured(folder, "master_process off;", server)
}

/// The same with a worker, as it must have to read its files again; who starts it has to end it with SIGTERM.
pub fn reloading(folder: &Path, server: &str) -> Command {
    configured(folder, "", server)
}

fn configured(folder: &Path, processes: &str, server: &str) -> Command {
    // Only root may and must say as whom to run.
    let user = match fs::metadata(folder).map(|folder| folder.uid()) {
        Ok(0) => "user root;",
        _ => "",
    };
    let configuration = format!(
        "daemon off; {processes} worker_processes 1; pid nginx.pid; error_log stderr info; {user}
        events {{ worker_connections 64; }}
        http {{
            access_log off;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            {server}
        }}"
    );
    fs::write(folder.join("nginx.conf"), configuration).expect("a file can be written");

    let mut command = NGINX.command();
    command.arg("-e").arg("stderr").arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command
}
