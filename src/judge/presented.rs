//! What a TLS server presents: a handshake that judges nothing. The only home of rustls.

use super::endpoint::Endpoint;
use crate::disk::reason;
use crate::model::San;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, DnsName, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error as TlsError, PeerIncompatible,
    ProtocolVersion, SignatureScheme,
};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// How long a server that asked for a client certificate is given to say that it wanted one: in TLS 1.3 it says so after
/// the handshake.
const SECOND_THOUGHTS: Duration = Duration::from_secs(1);
/// The system takes no zero.
const LEAST_SHARE: Duration = Duration::from_millis(1);

/// What a server does about client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificate {
    /// It did not ask for one.
    NotRequested,
    /// It asked for one, and went on without.
    Requested,
    /// It asked for one, and refused to go on without.
    Required,
}

/// What a server presented. Nothing of it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The address that answered.
    pub address: SocketAddr,
    /// `TLSv1.3` or `TLSv1.2`; nothing where the server ended the handshake before it was settled.
    pub protocol: Option<&'static str>,
    /// The cipher suite by its registered name.
    pub cipher: Option<String>,
    /// What it does about client certificates.
    pub client_certificate: ClientCertificate,
    /// The OCSP response that it stapled, in DER.
    pub ocsp_staple: Option<Vec<u8>>,
    /// The certificates in DER, in its order: its own first.
    pub certificates: Vec<Vec<u8>>,
    /// Why the handshake ended early; the certificates came before.
    pub refusal: Option<String>,
}

/// Why there is nothing that a server presented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresentedError {
    /// The name has no address.
    #[error("`{0}` has no address: {problem}", problem = reason(.1))]
    Resolve(String, #[source] io::Error),
    /// Nobody answers.
    #[error("no connection to `{0}`: {problem}", problem = reason(.1))]
    Connect(Endpoint, #[source] io::Error),
    /// It takes too long.
    #[error("`{0}` did not {1} within {2} seconds")]
    Timeout(Endpoint, &'static str, u64),
    /// Whatever answers does not speak TLS.
    #[error("`{0}` does not speak TLS: {1}")]
    NotTls(Endpoint, String),
    /// It speaks only versions that are out of use (RFC 8996).
    #[error("`{0}` speaks neither TLS 1.3 nor TLS 1.2, which are what is spoken here")]
    TooOld(Endpoint),
    /// It has no cipher suite or group in common with us.
    #[error("`{0}` broke the handshake off: it has no cipher suite in common with TLS 1.3 or forward-secret TLS 1.2")]
    NothingInCommon(Endpoint),
    /// It does not know the name that it was asked for.
    #[error("`{0}` does not serve `{1}`")]
    UnknownName(Endpoint, String),
    /// The handshake failed before any certificate.
    #[error("the handshake with `{0}` failed before it presented a certificate: {1}")]
    Handshake(Endpoint, String),
}

impl PresentedError {
    /// A stable word for scripts.
    pub fn code(&self) -> &'static str {
        "connection"
    }

    /// What to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            PresentedError::UnknownName(..) => Some("name what it serves: --servername NAME".into()),
            PresentedError::Timeout(..) => Some("give it longer: --timeout 60s".into()),
            PresentedError::NotTls(..) => {
                Some("a service that begins in the clear (STARTTLS) is not greeted here: give its TLS port".into())
            }
            _ => None,
        }
    }

    /// Whether the same may work later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, PresentedError::Resolve(..) | PresentedError::Connect(..) | PresentedError::Timeout(..))
    }
}

/// Connects, greets `server_name` (by default the endpoint's host), and takes what the server presents, whatever it is.
/// Nothing is sent but the handshake. An address is greeted without a name (RFC 6066 3).
///
/// # Errors
/// [`PresentedError`]. A handshake that fails after the certificates came is no error.
pub fn presented(
    endpoint: &Endpoint,
    server_name: Option<&San>,
    timeout: Duration,
) -> Result<Presented, PresentedError> {
    let limit = Limit { endpoint, end: Instant::now() + timeout, seconds: timeout.as_secs() };
    let asked = server_name.unwrap_or(endpoint.host());
    let name = tls_name(asked).ok_or_else(|| PresentedError::UnknownName(endpoint.clone(), asked.to_string()))?;
    let (mut socket, address) = connect(&limit)?;
    let seen = Arc::new(Seen::default());
    let broken = |e: TlsError| PresentedError::Handshake(endpoint.clone(), e.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous()
        .with_custom_certificate_verifier(seen.clone())
        .with_client_cert_resolver(seen.clone());
    config.resumption = rustls::client::Resumption::disabled();
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(broken)?;
    let ended = handshake(&mut tls, &mut socket, &limit);
    let (certificates, ocsp_staple) = seen.take();
    if certificates.is_empty() {
        let Err(ended) = ended else {
            return Err(PresentedError::Handshake(endpoint.clone(), "it presented none".into()));
        };
        return Err(nothing(ended, &limit, server_name));
    }
    let requested = seen.requested.load(Ordering::Relaxed);
    let ended = if ended.is_ok() && requested { second_thoughts(&mut tls, &mut socket, &limit) } else { ended };
    tls.send_close_notify();
    drop(tls.write_tls(&mut socket));
    let client_certificate = match (&ended, requested) {
        (_, false) => ClientCertificate::NotRequested,
        (Ok(()), true) => ClientCertificate::Requested,
        (Err(_), true) => ClientCertificate::Required,
    };
    Ok(Presented {
        address,
        protocol: tls.protocol_version().and_then(|v| match v {
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            _ => None,
        }),
        cipher: tls.negotiated_cipher_suite().map(|s| {
            let name = s.suite().as_str().unwrap_or("unknown");
            name.strip_prefix("TLS13_").map_or_else(|| name.to_string(), |rest| format!("TLS_{rest}"))
        }),
        client_certificate,
        ocsp_staple,
        certificates,
        refusal: ended.err().map(|e| e.to_string()),
    })
}

struct Limit<'a> {
    endpoint: &'a Endpoint,
    end: Instant,
    seconds: u64,
}

impl Limit<'_> {
    /// What is left, at least a moment: the system takes no zero.
    fn left(&self, action: &'static str) -> Result<Duration, PresentedError> {
        match self.end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
            Some(left) => Ok(left),
            None => Err(PresentedError::Timeout(self.endpoint.clone(), action, self.seconds)),
        }
    }
}

/// How a handshake ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("it took too long")]
    Late,
    #[error("the server closed the connection")]
    Closed,
    #[error("{}", reason(.0))]
    Io(io::Error),
    #[error("{}", refused(.0))]
    Tls(TlsError),
}

/// What went wrong, in words: alerts by their registered names.
fn refused(error: &TlsError) -> String {
    let TlsError::AlertReceived(alert) = error else { return error.to_string() };
    let mut words = String::new();
    for c in format!("{alert:?}").chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
    }
    format!("the server sent the alert {words}")
}

fn connect(limit: &Limit<'_>) -> Result<(TcpStream, SocketAddr), PresentedError> {
    first_that_answers(&addresses(limit)?, limit, TcpStream::connect_timeout)
}

/// Dials one address after the other. Each gets its share of what time is left, so that one that never answers, as that of
/// a network without a route back, does not take it from those behind it; what is not used is theirs too.
fn first_that_answers<S>(
    addresses: &[SocketAddr],
    limit: &Limit<'_>,
    mut dial: impl FnMut(&SocketAddr, Duration) -> io::Result<S>,
) -> Result<(S, SocketAddr), PresentedError> {
    let mut last = None;
    for (left, address) in (1..=addresses.len()).rev().zip(addresses) {
        let share = limit.left("answer")? / u32::try_from(left).unwrap_or(u32::MAX);
        match dial(address, share.max(LEAST_SHARE)) {
            Ok(socket) => return Ok((socket, *address)),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                last = Some(PresentedError::Timeout(limit.endpoint.clone(), "answer", limit.seconds));
            }
            Err(e) => last = Some(PresentedError::Connect(limit.endpoint.clone(), e)),
        }
    }
    let none = || io::Error::new(io::ErrorKind::NotFound, "no address was found");
    Err(last.unwrap_or_else(|| PresentedError::Resolve(limit.endpoint.name(), none())))
}

/// The addresses of the host. The system's resolver knows no time limit: it is asked on a thread that is left behind.
fn addresses(limit: &Limit<'_>) -> Result<Vec<SocketAddr>, PresentedError> {
    let port = limit.endpoint.port();
    let name = match limit.endpoint.host() {
        San::Ip(address) => return Ok(vec![(address.address(), port).into()]),
        _ => limit.endpoint.name(),
    };
    let (send, receive) = mpsc::channel();
    let asked = name.clone();
    let spawned = std::thread::Builder::new().name("resolver".into()).spawn(move || {
        drop(send.send((asked.as_str(), port).to_socket_addrs().map(Iterator::collect)));
    });
    if let Err(e) = spawned {
        return Err(PresentedError::Resolve(name, e));
    }
    match receive.recv_timeout(limit.left("get an address")?) {
        Ok(found) => found.map_err(|e| PresentedError::Resolve(name, e)),
        Err(_) => Err(PresentedError::Timeout(limit.endpoint.clone(), "get an address", limit.seconds)),
    }
}

fn tls_name(host: &San) -> Option<ServerName<'static>> {
    match host {
        San::Ip(address) => Some(ServerName::IpAddress(address.address().into())),
        San::Dns(name) => DnsName::try_from(name.as_str().to_string()).ok().map(ServerName::DnsName),
        _ => None,
    }
}

fn handshake(tls: &mut ClientConnection, socket: &mut TcpStream, limit: &Limit<'_>) -> Result<(), Ended> {
    while tls.is_handshaking() || tls.wants_write() {
        step(tls, socket, limit.end)?;
    }
    Ok(())
}

/// Waits for whatever comes first behind the handshake: an alert, or a sign that it goes on.
fn second_thoughts(tls: &mut ClientConnection, socket: &mut TcpStream, limit: &Limit<'_>) -> Result<(), Ended> {
    let end = limit.end.min(Instant::now() + SECOND_THOUGHTS);
    match step(tls, socket, end) {
        Err(Ended::Tls(e)) => Err(Ended::Tls(e)),
        _ => Ok(()),
    }
}

/// Writes what is to be written, else reads once.
fn step(tls: &mut ClientConnection, socket: &mut TcpStream, end: Instant) -> Result<(), Ended> {
    let left = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()).ok_or(Ended::Late)?;
    socket.set_read_timeout(Some(left)).and_then(|()| socket.set_write_timeout(Some(left))).map_err(Ended::Io)?;
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ended::Late,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => Ended::Closed,
        _ => Ended::Io(e),
    };
    if tls.wants_write() {
        tls.write_tls(socket).map_err(failed)?;
        return Ok(());
    }
    if tls.read_tls(socket).map_err(failed)? == 0 {
        return Err(Ended::Closed);
    }
    if let Err(e) = tls.process_new_packets() {
        // The server is told why, if it still listens.
        drop(tls.write_tls(socket));
        return Err(Ended::Tls(e));
    }
    Ok(())
}

fn nothing(ended: Ended, limit: &Limit<'_>, server_name: Option<&San>) -> PresentedError {
    let endpoint = limit.endpoint.clone();
    match ended {
        Ended::Late => PresentedError::Timeout(endpoint, "finish the handshake", limit.seconds),
        Ended::Closed => PresentedError::NotTls(endpoint, "it closed the connection when it was greeted".into()),
        other @ Ended::Io(_) => PresentedError::Handshake(endpoint, other.to_string()),
        Ended::Tls(TlsError::InvalidMessage(_)) => PresentedError::NotTls(endpoint, "its answer is none of TLS".into()),
        Ended::Tls(
            TlsError::AlertReceived(AlertDescription::ProtocolVersion)
            | TlsError::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ),
        ) => PresentedError::TooOld(endpoint),
        Ended::Tls(TlsError::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        )) => PresentedError::NothingInCommon(endpoint),
        Ended::Tls(TlsError::AlertReceived(AlertDescription::UnrecognisedName)) => {
            let asked = server_name.map_or_else(|| endpoint.name(), ToString::to_string);
            PresentedError::UnknownName(endpoint, asked)
        }
        other @ Ended::Tls(_) => PresentedError::Handshake(endpoint, other.to_string()),
    }
}

/// Certificates in DER, and the stapled OCSP response.
type Shown = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// What came by: the verifier and the resolver of client certificates write it down, and agree to everything.
#[derive(Debug, Default)]
struct Seen {
    presented: Mutex<Shown>,
    requested: AtomicBool,
}

impl Seen {
    fn take(&self) -> Shown {
        std::mem::take(&mut *self.presented.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let all = std::iter::once(end_entity).chain(intermediates).map(|c| c.to_vec()).collect();
        let staple = (!ocsp_response.is_empty()).then(|| ocsp_response.to_vec());
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = (all, staple);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    /// All that a server may have a certificate for, what ring cannot check included: nothing is checked.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]
    }
}

impl ResolvesClientCert for Seen {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.requested.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled(time: Duration, answers: &[Option<io::ErrorKind>]) -> (Result<usize, PresentedError>, Vec<Duration>) {
        let endpoint = Endpoint::parse("a.example:443").unwrap().unwrap();
        let limit = Limit { endpoint: &endpoint, end: Instant::now() + time, seconds: time.as_secs() };
        let addresses: Vec<SocketAddr> = (0..answers.len() as u16).map(|n| ([192, 0, 2, 1], n).into()).collect();
        let mut shares = Vec::new();
        let found = first_that_answers(&addresses, &limit, |address, share| {
            shares.push(share);
            match answers[usize::from(address.port())] {
                Some(kind) => {
                    if kind == io::ErrorKind::TimedOut {
                        std::thread::sleep(share);
                    }
                    Err(kind.into())
                }
                None => Ok(usize::from(address.port())),
            }
        });
        (found.map(|(place, _)| place), shares)
    }

    #[test]
    fn an_address_that_never_answers_leaves_time_for_the_others() {
        let (time, late) = (Duration::from_secs(2), Some(io::ErrorKind::TimedOut));
        let (found, shares) = dialled(time, &[late, late, None, None]);
        assert_eq!(found.unwrap(), 2);
        assert!(shares.iter().all(|s| *s <= time / 2), "{shares:?}");
        // Whoever refuses at once leaves its share to the next, and the last one gets all that is left.
        let refused = Some(io::ErrorKind::ConnectionRefused);
        let (found, shares) = dialled(time, &[refused, None]);
        assert_eq!(found.unwrap(), 1);
        assert!(shares[1] > time / 2, "{shares:?}");
        assert!(matches!(dialled(time / 8, &[late, late]).0, Err(PresentedError::Timeout(..))));
        assert!(matches!(dialled(time, &[late, refused]).0, Err(PresentedError::Connect(..))));
        assert!(matches!(dialled(time, &[]).0, Err(PresentedError::Resolve(..))));
    }
}
