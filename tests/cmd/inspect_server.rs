//! `inspect HOST:PORT`, beside TLS servers of rustls on free loopback ports. Those of OpenSSL are in `tests/interop`.

use crate::common::Sandbox;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;

/// What a server does about client certificates.
#[derive(Clone, Copy, PartialEq)]
enum Clients {
    NotAsked,
    Asked,
    Required,
}

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "127.0.0.1"]);
    s
}

/// A server of one connection; returns its port.
fn serve(s: &Sandbox, version: &'static SupportedProtocolVersion, clients: Clients) -> u16 {
    let folder = "pki/certs/api.internal";
    let chain =
        CertificateDer::pem_slice_iter(&s.bytes(&format!("{folder}/fullchain.pem"))).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(&s.bytes(&format!("{folder}/key.pem"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[version]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&s.bytes("pki/public/roots.pem")).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
    let builder = match clients {
        Clients::NotAsked => builder.with_no_client_auth(),
        Clients::Asked => builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap()),
        Clients::Required => builder.with_client_cert_verifier(verifier.build().unwrap()),
    };
    let config = Arc::new(builder.with_single_cert(chain.unwrap(), key).unwrap());
    answer(move |mut socket| {
        let mut tls = ServerConnection::new(config).unwrap();
        drop(Stream::new(&mut tls, &mut socket).read(&mut [0; 64]));
    })
}

/// Takes one connection; returns the port.
fn answer(with: impl FnOnce(std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        if let Ok((socket, _)) = listener.accept() {
            with(socket);
        }
    });
    port
}

#[test]
fn what_it_presents() {
    let s = lab();
    let port = serve(&s, &rustls::version::TLS13, Clients::NotAsked);
    let told = s.json(&["inspect", &format!("127.0.0.1:{port}")]);
    let server = &told["server"];
    assert_eq!((&server["protocol"], &server["host_matches"]), (&"TLSv1.3".into(), &true.into()), "{server}");
    assert!(server["cipher"].as_str().unwrap().starts_with("TLS_"), "{server}");
    assert_eq!((&server["client_certificate"], &server["server_name"]), (&"not-requested".into(), &().into()));
    assert_eq!((&server["presented"], &server["ocsp_staple"]), (&2.into(), &false.into()));
    assert_eq!(told["objects"][0]["subject"], "CN=api.internal");
    assert_eq!((&told["objects"][1]["within"], &told["arrangement"]["in_order"]), (&"tls".into(), &true.into()));
}

#[test]
fn in_words_and_by_another_name() {
    let s = lab();
    let port = serve(&s, &rustls::version::TLS12, Clients::NotAsked);
    s.ok(&["inspect", &format!("localhost:{port}")])
        .prints("asked for      localhost")
        .prints("spoke          TLSv1.2, TLS_ECDHE_")
        .prints("! the certificate is not for `localhost`")
        .prints("nothing of this was verified")
        .prints("in order: each certificate is signed by the next");
    let port = serve(&s, &rustls::version::TLS13, Clients::NotAsked);
    s.ok(&["inspect", &format!("127.0.0.1:{port}"), "--servername", "api.internal"])
        .prints("asked for      api.internal")
        .prints("the certificate is for `api.internal`");
    let port = serve(&s, &rustls::version::TLS13, Clients::NotAsked);
    let one = s.ok(&["inspect", &format!("localhost:{port}"), "--field", "server.protocol"]);
    assert_eq!(one.stdout, "TLSv1.3\n");
}

#[test]
fn client_certificates() {
    let s = lab();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (clients, word) in [(Clients::Asked, "requested"), (Clients::Required, "required")] {
            let port = serve(&s, version, clients);
            let told = s.json(&["inspect", &format!("127.0.0.1:{port}")]);
            assert_eq!(told["server"]["client_certificate"], word, "{told}");
            assert_eq!(told["objects"].as_array().unwrap().len(), 2);
            assert_eq!(told["server"]["refusal"].is_null(), clients == Clients::Asked, "{told}");
        }
    }
}

#[test]
fn what_is_no_tls_server() {
    let s = Sandbox::new();
    let refuses = |port: u16, words: &str| {
        let target = format!("127.0.0.1:{port}");
        s.run(&["inspect", &target, "--timeout", "2s"]).exits(1).says(words);
    };
    refuses(
        answer(|mut s| drop(s.write_all(b"220 mail.example ESMTP\r\n").map(|()| s.read(&mut [0; 1024])))),
        "does not speak TLS",
    );
    refuses(answer(drop), "does not speak TLS: it closed the connection");
    // It listens, and says nothing.
    refuses(
        answer(|s| {
            thread::sleep(
                std::time::Duration::from_secs(10)
                    .min(s.read_timeout().unwrap().unwrap_or(std::time::Duration::from_secs(10))),
            )
        }),
        "did not finish the handshake within 2 seconds",
    );
    // An alert as servers of TLS 1.0 send it: protocol_version, and handshake_failure.
    let alert = |description: u8| {
        answer(move |mut s| {
            drop(s.read(&mut [0; 1024]));
            drop(s.write_all(&[0x15, 3, 1, 0, 2, 2, description]));
        })
    };
    refuses(alert(70), "speaks neither TLS 1.3 nor TLS 1.2");
    refuses(alert(40), "no cipher suite in common");
    refuses(alert(112), "does not serve `127.0.0.1`");
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let error = s.refuses(&["inspect", &format!("127.0.0.1:{closed}")], 1, "connection");
    assert_eq!(
        (&error["retryable"], error["message"].as_str().unwrap().contains("connection refused")),
        (&true.into(), true)
    );
}

/// A file of that name is a file: nothing is connected to.
#[test]
fn a_file_wins() {
    let s = lab();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let name = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    s.write(&name, s.text("pki/certs/api.internal/cert.pem"));
    assert_eq!(s.ok(&["inspect", &name, "--field", "subject"]).stdout, "CN=api.internal\n");
    assert!(listener.accept().is_err(), "nobody came");
}
