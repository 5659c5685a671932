//! curl as an HTTPS client with a client certificate.

use std::path::Path;
use std::process::Command;

use super::pki::{Entry, Pki};
use super::program::{Program, Ran, run};

pub const CURL: Program = Program { name: "curl", version: &["curl", "--version"] };

/// curl's exit code for a server certificate that it does not trust.
const PEER_FAILED_VERIFICATION: i32 = 60;

/// What an HTTPS server answered.
pub struct Answer {
    /// 0 when the connection was refused before there was an answer.
    pub status: u16,
    /// The answer's header lines.
    pub headers: String,
    pub ran: Ran,
}

/// Asks for `https://HOST:PORT/` on the loopback address, trusting `roots`, with the leaf's files as they are.
pub fn get(host: &str, port: u16, roots: &Path, client: Option<&Entry>) -> Answer {
    let ran = run(&mut request(host, port, roots, client));
    let status =
        ran.stdout.lines().find_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()).unwrap_or(0);
    Answer { status, headers: ran.stdout.clone(), ran }
}

/// The client takes our server, CRLs checked, under both its names, and refuses it under another name or other roots.
pub fn client_judges_server(pki: &Pki, port: u16) {
    let client = pki.client();
    let trust = client.trust();

    for host in ["localhost", "127.0.0.1"] {
        let mut checked = request(host, port, &trust, Some(&client));
        run(checked.arg("--crlfile").arg(pki.crls())).succeeds().says("HTTP/1.1 200");
    }
    for (host, roots) in [("wrong.example", &trust), ("localhost", &Pki::impostor().roots())] {
        let refused = get(host, port, roots, Some(&client)).ran;
        assert_eq!(refused.code, Some(PEER_FAILED_VERIFICATION), "curl should refuse the server: {refused}");
    }
}

fn request(host: &str, port: u16, roots: &Path, client: Option<&Entry>) -> Command {
    let mut command = CURL.command();
    // `--disable` must come first: it keeps a user's own settings out.
    command.args(["--disable", "--silent", "--show-error", "--http1.1", "--max-time", "10", "--noproxy", "*"]);
    command.args(["--output", "/dev/null", "--dump-header", "-"]);
    command.arg("--resolve").arg(format!("{host}:{port}:127.0.0.1"));
    command.arg("--cacert").arg(roots);
    if let Some(client) = client {
        command.arg("--cert").arg(client.full_chain()).arg("--key").arg(client.key());
    }
    command.arg(format!("https://{host}:{port}/"));
    command
}
