use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::{Table, span};
use clap::{ArgMatches, Args, Command};
use rootlet::model::{Lifetime, Profile, Timestamp};
use rootlet::pki::{CertificateView, ListRequest, Pki, RequestView, Status};
use std::io::Write;

/// Rows that are held to find the widths of the columns.
const PAGE: usize = 1_000;

#[derive(Debug, Args)]
struct Options {
    /// Only those of this issuer
    #[arg(long, value_name = "CA")]
    issuer: Option<String>,
    /// Only those of this profile
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Only those that are valid, expired, revoked, on-hold or not-yet-valid
    #[arg(long, value_parser = ["valid", "expired", "revoked", "on-hold", "not-yet-valid"])]
    status: Option<String>,
    /// Only those that end within this time
    #[arg(long, value_name = "DURATION")]
    expires_within: Option<String>,
    /// Only those with this DNS name, IP address, email address or URI
    #[arg(long, value_name = "NAME")]
    san: Option<String>,
    /// Only those that were issued at or after this time
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Earlier certificates too, not the newest of each name alone
    #[arg(long)]
    all: bool,
    /// With the certificates in PEM (needs --json or --jsonl)
    #[arg(long)]
    pem: bool,
    /// One JSON object a line, as they come
    #[arg(long, conflicts_with = "json")]
    jsonl: bool,
    /// What waits for a certificate from elsewhere, instead of certificates
    #[arg(long, conflicts_with_all = ["issuer", "profile", "status", "expires_within", "san", "since", "all", "pem", "jsonl"])]
    requests: bool,
}

#[derive(serde::Serialize)]
struct Listed {
    certificates: Vec<CertificateView>,
    warnings: [(); 0],
}

#[derive(serde::Serialize)]
struct Waiting {
    requests: Vec<RequestView>,
    warnings: [(); 0],
}

pub fn definition() -> Command {
    super::command::<Options>(
        "list",
        "List what was issued",
        "Example:\n  rootlet list\n  rootlet list --expires-within 30d --json",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let json = context.printer.is_json();
    if options.pem && !json && !options.jsonl {
        return Err(Failure::usage(
            "--pem needs --json or --jsonl",
            "for one certificate use `rootlet show NAME --field pem`",
        ));
    }
    let statuses = [Status::Valid, Status::Expired, Status::Revoked, Status::OnHold, Status::NotYetValid];
    let request = ListRequest {
        issuer: options.issuer,
        profile: options.profile.as_deref().map(str::parse::<Profile>).transpose()?,
        status: options.status.and_then(|s| statuses.into_iter().find(|x| x.name() == s)),
        expires_within: options.expires_within.as_deref().map(str::parse::<Lifetime>).transpose()?,
        name: options.san,
        since: options.since.as_deref().map(str::parse::<Timestamp>).transpose()?,
        all: options.all,
        pem: options.pem,
    };
    let mut pki = context.open()?;
    let now = pki.now();
    if options.requests {
        return waiting(&mut pki, context);
    }
    if options.jsonl {
        return stream(&mut pki, &request);
    }
    if json {
        let mut certificates: Vec<CertificateView> = Vec::new();
        pki.list(&request, &mut |view| {
            certificates.push(view);
            true
        })?;
        context.printer.object(&Listed { certificates, warnings: [] })?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["NAME", "PROFILE", "STATUS", "ENDS", "", "ISSUER", "SERIAL"]);
    let (mut some, mut printed) = (false, Ok(()));
    pki.list(&request, &mut |c| {
        let status = if c.current { c.status.name().to_string() } else { format!("{} (earlier)", c.status.name()) };
        let (ends, left) = (c.not_after.date(), span(c.not_after, now));
        table.row([c.name, c.profile.into(), status, ends, left, c.issuer_name, c.serial]);
        some = true;
        if table.len() > PAGE {
            printed = context.printer.text(&table.page());
        }
        printed.is_ok()
    })?;
    printed?;
    if some {
        context.printer.text(&table.page())?;
    } else {
        context.printer.say("nothing to list");
    }
    match pki.requests()?.len() {
        0 => {}
        1 => context.printer.say("1 request waits for its certificate: see --requests"),
        n => context.printer.say(&format!("{n} requests wait for their certificates: see --requests")),
    }
    Ok(Exit::Done)
}

fn waiting(pki: &mut Pki, context: &Context) -> Result<Exit, Failure> {
    let (requests, now) = (pki.requests()?, pki.now());
    if context.printer.is_json() {
        context.printer.object(&Waiting { requests, warnings: [] })?;
        return Ok(Exit::Done);
    }
    if requests.is_empty() {
        context.printer.say("nothing to list");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["NAME", "PROFILE", "REQUESTED", "", "KEY", "CSR"]);
    for r in requests {
        let since = span(r.requested_at, now);
        let place = super::super::render::place(&r.files.csr);
        table.row([r.name, r.profile.into(), r.requested_at.date(), since, r.key_algorithm, place]);
    }
    context.printer.text(&table.page())?;
    Ok(Exit::Done)
}

fn stream(pki: &mut Pki, request: &ListRequest) -> Result<Exit, Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut failed = None;
    pki.list(request, &mut |view| {
        let written =
            serde_json::to_writer(&mut out, &view).map_err(std::io::Error::from).and_then(|()| out.write_all(b"\n"));
        failed = written.err();
        failed.is_none()
    })?;
    match failed {
        Some(e) => Err(e.into()),
        None => {
            out.flush()?;
            Ok(Exit::Done)
        }
    }
}
