use super::super::args::{IssuerSecretArgs, secrets_beside_stdin};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use anyhow::Context as _;
use clap::{ArgMatches, Args, Command};
use rootlet::model::{Reason, Serial, Timestamp};
use rootlet::pki::{RevokeRequest, Target};
use std::io::Read;

#[derive(Debug, Args)]
struct Options {
    /// Handles (every unexpired certificate of it), serials, or certificate files
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// A serial, where a word could mean something else too
    #[arg(long, value_name = "HEX")]
    serial: Vec<String>,
    /// The CA that issued the serial; one that the inventory does not know counts as made elsewhere
    #[arg(long, value_name = "CA", requires = "serial")]
    issuer: Option<String>,
    /// Why: key-compromise, superseded, cessation-of-operation, certificate-hold, … [default: unspecified]
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// When it was revoked, if not now
    #[arg(long, value_name = "TIME", conflicts_with = "release")]
    at: Option<String>,
    /// Read more targets from stdin, one a line; empty lines and those that start with # are skipped
    #[arg(long)]
    stdin: bool,
    /// Since when the key is suspect
    #[arg(long, value_name = "TIME")]
    invalidity_date: Option<String>,
    /// Lift a certificate-hold
    #[arg(long, conflicts_with_all = ["reason", "invalidity_date"])]
    release: bool,
    /// Record it now and leave the CRL for later
    #[arg(long)]
    no_crl: bool,
    #[command(flatten)]
    secret: IssuerSecretArgs,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "revoke",
        "Revoke certificates and write the CRL",
        "Example:\n  rootlet revoke service-b --reason key-compromise\n  rootlet revoke ./old/cert.pem 4f2a6b…\n  rootlet revoke service-c --release",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let mut targets: Vec<Target> = options.targets.iter().map(|t| Target::parse(t)).collect();
    for text in &options.serial {
        targets.push(Target::Serial { serial: text.parse::<Serial>()?, issuer: options.issuer.clone() });
    }
    let secrets = secrets_beside_stdin(&options.secret, options.stdin)?;
    if options.stdin {
        targets.extend(from_stdin()?);
    }
    if targets.is_empty() {
        return Err(Failure::usage("nothing to revoke was named", "name a handle, a serial or a certificate file"));
    }
    let reason = match (&options.reason, options.release) {
        (_, true) => None,
        (Some(text), _) => Some(text.parse::<Reason>()?),
        (None, _) => Some(Reason::Unspecified),
    };
    let invalidity_date = options.invalidity_date.as_deref().map(str::parse::<Timestamp>).transpose()?;
    let at = options.at.as_deref().map(str::parse::<Timestamp>).transpose()?;
    let request = RevokeRequest { targets, reason, at, invalidity_date, no_crl: options.no_crl };
    let outcome = context.open()?.with_secrets(secrets).revoke(&request)?;
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(Exit::Done);
    }
    for one in &outcome.results {
        let revocation = one.certificate.as_ref().and_then(|c| c.revocation.as_ref());
        let why = revocation.map(|r| format!(", {}", r.reason)).unwrap_or_default();
        let elsewhere = || format!("a certificate of {} made elsewhere", one.ca);
        let name = one.name.clone().unwrap_or_else(elsewhere);
        context.printer.text(&format!("{} {name} (serial {}{why})", one.action, one.serial))?;
    }
    for (ca, number) in &outcome.crl_numbers {
        context.printer.say(&format!("wrote the CRL of {ca}, number {number}"));
    }
    if outcome.crl == "pending" {
        context.printer.say("the CRL is not written yet: run `rootlet crl --due`");
    }
    context.printer.warnings(&outcome.warnings);
    Ok(Exit::Done)
}

/// Targets on stdin, one a line.
fn from_stdin() -> Result<Vec<Target>, Failure> {
    /// A list of a million serials takes half of it.
    const MAX_BYTES: u64 = 64 << 20;
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_BYTES + 1).read_to_string(&mut text);
    read.context("the targets on stdin could not be read")?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Failure::usage("stdin holds more than 64 MiB of targets", "revoke them in several commands"));
    }
    Ok(text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(Target::parse).collect())
}
