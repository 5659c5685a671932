//! The TLS handshakes that a small program in another language performs over the loopback address, and what must
//! come of each.
//!
//! Such a program takes `SERVER-FOLDER ROOTS CRLS` and then, per handshake, `NAME CLIENT-FOLDER ROOTS HOST` (`-` for no
//! client certificate). Both sides check each other against their roots and the CRLs. It prints one line per handshake:
//! `NAME accepted`, or `NAME refused:` and both sides' words.

use std::process::Command;

use super::pki::Pki;
use super::program::run;

/// What a program calls the reasons for which it must refuse.
pub struct Words {
    pub revoked: &'static str,
    pub unknown_client: &'static str,
    pub no_certificate: &'static str,
    pub wrong_purpose: &'static str,
    pub wrong_name: &'static str,
    pub unknown_server: &'static str,
}

/// Lets the program perform all handshakes on this PKI and compares what came of them.
pub fn judge(program: &mut Command, pki: &Pki, words: &Words) {
    let ours = pki.server().trust();
    let theirs = Pki::impostor().roots();
    let handshakes = [
        ("client", Some(pki.client()), &ours, "localhost", None),
        ("client-by-address", Some(pki.client()), &ours, "127.0.0.1", None),
        ("peer", Some(pki.peer()), &ours, "localhost", None),
        ("workload", Some(pki.workload()), &ours, "localhost", None),
        ("revoked", Some(pki.revoked_client()), &ours, "localhost", Some(words.revoked)),
        ("impostor", Some(Pki::impostor().client()), &ours, "localhost", Some(words.unknown_client)),
        ("nobody", None, &ours, "localhost", Some(words.no_certificate)),
        ("server-as-client", Some(pki.server()), &ours, "localhost", Some(words.wrong_purpose)),
        ("wrong-name", Some(pki.client()), &ours, "wrong.example", Some(words.wrong_name)),
        ("impostors-roots", Some(pki.client()), &theirs, "localhost", Some(words.unknown_server)),
    ];

    program.arg(&pki.server().folder).arg(pki.roots()).arg(pki.crls());
    for (name, client, roots, host, _) in &handshakes {
        program.arg(name);
        match client {
            Some(client) => program.arg(&client.folder),
            None => program.arg("-"),
        };
        program.arg(roots).arg(host);
    }
    let ran = run(program).succeeds();

    for (name, _, _, _, refusal) in &handshakes {
        let result = ran.stdout.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let as_expected = match (result, refusal) {
            (Some(result), None) => result == "accepted",
            (Some(result), Some(reason)) => result.starts_with("refused:") && result.contains(reason),
            (None, _) => false,
        };
        let expected = refusal.unwrap_or("accepted");
        assert!(as_expected, "`{name}` should end in `{expected}`: {ran}");
    }
}
