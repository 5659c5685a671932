//! Mutual TLS from nothing: makes a small PKI with the `rootlet` command, lets a real TLS server
//! and its clients meet over loopback, and shows who gets in and who does not.
//!
//!     cargo run --release --example mtls
//!     cargo run --release --example mtls -- --pki ./demo-pki     # keep the PKI, to look around
//!
//! The exit status is 0 only if the good client is accepted and each of the four bad connections
//! is refused for the right reason.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{env, fs, thread};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore};
use rustls::{ProtocolVersion, ServerConfig, ServerConnection, Stream};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// `println!` panics when nobody reads any more (as with `| head`), and a release build, which
/// aborts on a panic, would leave the temporary keys behind.
macro_rules! say {
    ($($words:tt)*) => { writeln!(io::stdout(), $($words)*) };
}

const USAGE: &str = "usage: mtls [--rootlet PATH] [--pki NEW-FOLDER]";

/// How long either side waits for the other. Loopback needs milliseconds; this ends a broken run.
const PATIENCE: Duration = Duration::from_secs(5);

/// The line of application data that goes each way.
const HELLO: &str = "hello, server";
const WELCOME: &str = "welcome, client";

/// The most bytes either side reads: what a peer sends is bounded, even if the peer is ourselves.
const LINE_MAX: u64 = 256;

/// How a connection can end.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Accepted,
    NoCertificate,
    Untrusted,
    Revoked,
    WrongName,
    /// None of these: something is broken.
    Unforeseen,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The exit status still tells when nobody listens to stderr.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (mut rootlet, mut kept) = (None, None);
    let mut args = env::args_os().skip(1);
    while let Some(arg) = args.next() {
        let slot = match arg.to_str() {
            Some("--rootlet") => &mut rootlet,
            Some("--pki") => &mut kept,
            _ => return Err(format!("unexpected argument `{}`\n{USAGE}", arg.display()).into()),
        };
        *slot = Some(PathBuf::from(args.next().ok_or(USAGE)?));
    }
    // Never somebody's real PKI: certificates are issued here, and one is revoked.
    if let Some(folder) = kept.as_deref().filter(|folder| folder.exists()) {
        return Err(at(folder, "exists already; name a new folder").into());
    }
    let rootlet = rootlet.map_or_else(find_rootlet, Ok)?;

    // Removed when it goes out of scope, whichever way this function ends.
    let temporary = tempfile::Builder::new().prefix("rootlet-mtls-").tempdir()?;
    let pki = kept.clone().unwrap_or_else(|| temporary.path().join("pki"));
    let ours = |args: &[&str]| run_rootlet(&rootlet, &pki, args);
    say!("$ export ROOTLET_PKI={pki:?}")?;
    ours(&["root", "Internal CA"])?;
    ours(&["intermediate", "Issuing CA"])?;
    ours(&["server", "localhost", "--ip", "127.0.0.1"])?;
    ours(&["client", "service-a"])?;
    ours(&["client", "service-b"])?;
    ours(&["revoke", "service-b", "--reason", "key-compromise"])?;

    // Same names, other keys: what a certificate says about itself must count for nothing.
    say!("\nAn impostor: another CA and client under the same names")?;
    let foreign = temporary.path().join("foreign");
    let theirs = |args: &[&str]| run_rootlet(&rootlet, &foreign, args);
    say!("$ export ROOTLET_PKI={foreign:?}")?;
    theirs(&["root", "Internal CA"])?;
    theirs(&["client", "service-a"])?;

    let trust = Trust::load(&pki.join("public"))?;
    let server = server_config(&trust, &pki.join("certs/localhost"))?;
    // Port 0: the system picks a free one.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    say!("\nMutual TLS with localhost on {address}")?;
    say!("(both sides trust public/roots.pem and check public/crls.pem)")?;

    use Verdict::{Accepted, NoCertificate, Revoked, Untrusted, WrongName};
    let good = pki.join("certs/service-a");
    let revoked = pki.join("certs/service-b");
    let impostor = foreign.join("certs/service-a");
    let host = "localhost";
    let attempts = [
        ("service-a", Some(&good), host, Accepted),
        ("no certificate", None, host, NoCertificate),
        ("impostor service-a", Some(&impostor), host, Untrusted),
        ("revoked service-b", Some(&revoked), host, Revoked),
        ("another host name", Some(&good), "db.internal", WrongName),
    ];
    let mut wrong = 0;
    for (label, identity, host, expected) in attempts {
        // A new configuration each time: it holds no session ticket, so that no client is let in
        // on the strength of a check that an earlier one passed.
        let client = client_config(&trust, identity.map(PathBuf::as_path))?;
        let (verdict, words) = meet(&listener, server.clone(), client, host)?;
        let outcome = match verdict {
            Accepted => "accepted",
            _ => "refused",
        };
        say!("{outcome:<10}{label:<21}{words}")?;
        if verdict != expected {
            say!("          ^ this is not how it must end")?;
            wrong += 1;
        }
    }
    // Closed by hand because a drop would not tell that the keys in it could not be removed.
    temporary.close()?;
    if wrong > 0 {
        return Err(format!("{wrong} of 5 connections did not end as they must").into());
    }
    say!("\nAll five ended as they must.")?;
    match kept {
        Some(folder) => say!("The PKI is in {folder:?}.")?,
        None => say!("The PKI was temporary and is gone; with `-- --pki FOLDER` it stays.")?,
    }
    Ok(())
}

/// The binary that belongs to this example. `cargo run --example` builds the library but not the
/// binary: where that is missing or older than its sources, cargo is asked to build it.
fn find_rootlet() -> Result<PathBuf> {
    // This program is target/PROFILE/examples/mtls, the binary target/PROFILE/rootlet.
    let this = env::current_exe()?;
    let mut above = this.ancestors().skip(2);
    let (Some(folder), Some(target)) = (above.next(), above.next()) else {
        return Err("this example lies in no target folder: pass `--rootlet PATH`".into());
    };
    let binary = folder.join(format!("rootlet{}", env::consts::EXE_SUFFIX));
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let changed = last_change(&package.join("src")).max(last_change(&package.join("Cargo.toml")));
    if binary.is_file() && last_change(&binary) >= changed {
        return Ok(binary);
    }

    // `debug` is the folder of the profile `dev`; the others are named like their profile.
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    say!("The rootlet binary is missing or older than its sources; cargo builds it now:")?;
    say!("$ cargo build --profile {profile} --bin rootlet")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Two things let cargo reuse the dependencies it has just built: the example, named too, makes
    // it choose their features as before, and their build scripts must not see what `cargo run`
    // tells a program about its package (ring would be compiled again, now and at the next run).
    cargo.args(["build", "--profile", profile, "--bin", "rootlet", "--example", "mtls"]);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo.arg("--target-dir").arg(target).current_dir(package).stdin(Stdio::null());
    let status = cargo.status().map_err(|error| format!("cannot start cargo ({error}): pass `--rootlet PATH`"))?;
    if !status.success() || !binary.is_file() {
        return Err(at(&binary, "cargo did not build it; pass `--rootlet PATH`").into());
    }
    say!()?;
    Ok(binary)
}

/// When a file, or the latest file in a folder, was written; `None`, the earliest of all, where there is none.
fn last_change(path: &Path) -> Option<SystemTime> {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().filter_map(|entry| last_change(&entry.path())).max(),
        Err(_) => fs::metadata(path).and_then(|file| file.modified()).ok(),
    }
}

/// Shows the command line and runs it. What the command says is shown only if it fails: it would
/// fill the screen here, though it is worth reading when you work by hand.
fn run_rootlet(rootlet: &Path, pki: &Path, args: &[&str]) -> Result<()> {
    let mut line = "rootlet".to_owned();
    for arg in args {
        // As one would type it in a shell.
        let quote = if arg.contains(' ') { "\"" } else { "" };
        line += &format!(" {quote}{arg}{quote}");
    }
    say!("$ {line}")?;
    let mut command = Command::new(rootlet);
    command.args(args).env("ROOTLET_PKI", pki).stdin(Stdio::null());
    let output = command.output().map_err(|error| at(rootlet, error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{line}`: {}\n{}", output.status, said.trim_end()).into());
    }
    Ok(())
}

/// What everybody holds about the others: the roots they trust, and what the CAs have revoked.
struct Trust {
    roots: Arc<RootCertStore>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    fn load(public: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for root in read_pem::<CertificateDer>(&public.join("roots.pem"))? {
            roots.add(root)?;
        }
        let crls = read_pem(&public.join("crls.pem"))?;
        Ok(Trust { roots: roots.into(), crls, provider: ring::default_provider().into() })
    }
}

// Both verifiers are strict by default about what matters here: the whole chain is looked up in
// the CRLs, not only the leaf, and a certificate that no CRL speaks for is refused. That outdated
// CRLs are refused too has to be asked for.

fn server_config(trust: &Trust, identity: &Path) -> Result<Arc<ServerConfig>> {
    let provider = trust.provider.clone();
    let verifier = WebPkiClientVerifier::builder_with_provider(trust.roots.clone(), provider.clone())
        .with_crls(trust.crls.clone())
        .enforce_revocation_expiration()
        .build()?;
    let (chain, key) = read_identity(identity)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn client_config(trust: &Trust, identity: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let provider = trust.provider.clone();
    let verifier = WebPkiServerVerifier::builder_with_provider(trust.roots.clone(), provider.clone())
        .with_crls(trust.crls.clone())
        .enforce_revocation_expiration()
        .build()?;
    let config =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?.with_webpki_verifier(verifier);
    let Some(folder) = identity else {
        return Ok(Arc::new(config.with_no_client_auth()));
    };
    let (chain, key) = read_identity(folder)?;
    Ok(Arc::new(config.with_client_auth_cert(chain, key)?))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What one side presents: its certificate with the intermediates above it, and the key.
fn read_identity(folder: &Path) -> Result<Identity> {
    let key = folder.join("key.pem");
    let chain = read_pem(&folder.join("fullchain.pem"))?;
    Ok((chain, PrivateKeyDer::from_pem_file(&key).map_err(|error| at(&key, error))?))
}

/// All items of one kind in a PEM file. None at all is an error: a verifier that is given no CRL
/// checks no CRL, and does not say so.
fn read_pem<T: PemObject>(file: &Path) -> Result<Vec<T>> {
    let items = T::pem_file_iter(file).and_then(|items| items.collect());
    let items: Vec<T> = items.map_err(|error| at(file, error))?;
    if items.is_empty() { Err(at(file, "nothing in it").into()) } else { Ok(items) }
}

/// Lets one client meet the server; says how it ended, in the words of the side that decided.
fn meet(
    listener: &TcpListener,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    host: &'static str,
) -> Result<(Verdict, String)> {
    let host = ServerName::try_from(host)?;
    // `accept` knows no timeout: connecting first means that somebody is already waiting.
    let near = TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)?;
    let (far, _) = listener.accept()?;
    for socket in [&near, &far] {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
    }
    let (served, asked) = thread::scope(|scope| {
        let server = scope.spawn(move || serve(far, server));
        let asked = ask(near, client, host);
        (server.join(), asked)
    });
    Ok(match (served.map_err(|_| "the server thread panicked")?, asked) {
        (Ok((tls, heard)), Ok(answer)) if heard == HELLO && answer == WELCOME => {
            (Verdict::Accepted, format!("{tls}\n{:31}\"{heard}\" / \"{answer}\"", ""))
        }
        // The other side is merely told, by an alert or by a connection that breaks off.
        (Err(_), Err(error)) if is_own_decision(&error) => refusal("client", &error),
        (Err(error), Err(_)) => refusal("server", &error),
        (Ok(_), Ok(_)) => (Verdict::Unforeseen, "by nobody, but the lines did not come through".to_owned()),
        (Ok(_), Err(error)) => (Verdict::Unforeseen, format!("by nobody, but: {error}")),
        (Err(error), Ok(_)) => (Verdict::Unforeseen, format!("too late, by the server: {error}")),
    })
}

/// The server's side: its TLS parameters, and the line it heard. In TLS 1.3 a client is done with
/// its handshake before the server has seen its certificate; so the error here is the verdict.
fn serve(mut tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<(String, String)> {
    let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    let version = match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "not TLS 1.3",
    };
    let suite = tls.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let parameters = format!("{version}, {}", suite.unwrap_or("unknown cipher suite"));

    let mut stream = Stream::new(&mut tls, &mut tcp);
    let mut heard = String::new();
    BufReader::new((&mut stream).take(LINE_MAX)).read_line(&mut heard)?;
    stream.write_all(format!("{WELCOME}\n").as_bytes())?;
    // The goodbye tells the client that nothing was cut off.
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok((parameters, heard.trim_end().to_owned()))
}

/// The client's side: says a line and returns the answer. A refused client hears of it only here,
/// when it reads.
fn ask(mut tcp: TcpStream, config: Arc<ClientConfig>, host: ServerName<'static>) -> io::Result<String> {
    let mut tls = ClientConnection::new(config, host).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut tls, &mut tcp);
    stream.write_all(format!("{HELLO}\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(LINE_MAX).read_to_string(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}

/// Why one side broke off: what it amounts to, and the words of its verifier.
fn refusal(side: &str, error: &io::Error) -> (Verdict, String) {
    use CertificateError::{BadSignature, NotValidForNameContext, Revoked, UnknownIssuer};
    let verdict = match tls_error(error) {
        Some(rustls::Error::NoCertificatesPresented) => Verdict::NoCertificate,
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            // An issuer of an unknown name, or of a trusted root's name but without its key.
            UnknownIssuer | BadSignature => Verdict::Untrusted,
            Revoked => Verdict::Revoked,
            NotValidForNameContext { .. } => Verdict::WrongName,
            _ => Verdict::Unforeseen,
        },
        _ => Verdict::Unforeseen,
    };
    let words = error.to_string();
    // The words about a name go on, after a semicolon, with all the names that would be valid.
    let words = words.split(';').next().unwrap_or_default();
    let words = words.trim_start_matches("invalid peer certificate: ");
    (verdict, format!("by the {side}: {words}"))
}

/// The TLS error inside an I/O error, if that is what it is.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether a side broke off by itself, rather than because the other did.
fn is_own_decision(error: &io::Error) -> bool {
    tls_error(error).is_some_and(|error| !matches!(error, rustls::Error::AlertReceived(_)))
}

fn at(path: &Path, error: impl Display) -> String {
    format!("`{}`: {error}", path.display())
}
