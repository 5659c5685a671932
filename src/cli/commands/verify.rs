use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::given;
use super::super::render::span;
use clap::{ArgMatches, Args, Command};
use rootlet::disk::exists;
use rootlet::issue::Warning;
use rootlet::judge::input::Object;
use rootlet::judge::verify::{Bag, Budgets, Crls, Place, Purpose, Question, verify};
use rootlet::model::{Clock, EmailAddress, San, SpiffeId, SystemClock, Timestamp, TrustDomain};
use rootlet::pki::{Error, VerifyReport};
use std::path::{Path, PathBuf};

/// The longest path that may be asked for.
const MOST_DEPTH: usize = 1_000;

#[derive(Debug, Args)]
struct Options {
    /// The certificate, and after it what lies between it and the root; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Roots to trust [default: those of the PKI]
    #[arg(long, value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// Certificates that may lie in between
    #[arg(long, value_name = "FILE")]
    untrusted: Vec<PathBuf>,
    /// What it is to be used for [default: server with --host, else any]
    #[arg(long, value_parser = ["server", "client", "any"])]
    purpose: Option<String>,
    /// The host name or address that a client means to reach
    #[arg(long, help_heading = "Names", value_name = "NAME")]
    host: Option<String>,
    /// A mailbox that it is to name
    #[arg(long, help_heading = "Names", value_name = "ADDRESS")]
    email: Option<String>,
    /// The SPIFFE ID that it is to carry
    #[arg(long, help_heading = "Names", value_name = "ID")]
    spiffe: Option<String>,
    /// The trust domain that its SPIFFE ID is to be in
    #[arg(long, help_heading = "Names", value_name = "DOMAIN")]
    trust_domain: Option<String>,
    /// The time at which it is to be good: 2030-01-31T12:00:00Z, or a date [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// CRLs; then every CA of the path must have one that is current [default: those of the PKI]
    #[arg(long, help_heading = "Revocation", value_name = "FILE", conflicts_with = "no_crl")]
    crl: Vec<PathBuf>,
    /// Do not ask whether it is revoked
    #[arg(long, help_heading = "Revocation")]
    no_crl: bool,
    /// The most certificates above it, the root included
    #[arg(long, value_name = "N")]
    max_depth: Option<String>,
    /// Tell every step of the judgment, and every path that was tried and why it is none
    #[arg(long)]
    explain: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "verify",
        "Is this chain good? If not, which certificate, which rule, and what would mend it; exit code 3",
        "Example:\n  rootlet verify fullchain.pem --host api.internal\n  rootlet verify svid.pem --roots bundle.pem --trust-domain example.org\n  rootlet verify server.pem --roots ca.pem --untrusted chain.pem --crl crls.pem --explain",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let question = options.question()?;
    let given = [&options.roots, &options.untrusted, &options.crl].into_iter().flatten();
    if given.chain([&options.file]).filter(|p| *p == Path::new(given::STDIN)).count() > 1 {
        return Err(Failure::usage("standard input is named twice", "name it once, and files for the rest"));
    }
    let mut evidence = Evidence::default();
    let target = evidence.certificates(&options.file, Role::Target)?.ok_or_else(|| nothing(&options.file))?;
    for path in &options.untrusted {
        evidence.certificates(path, Role::Untrusted)?.ok_or_else(|| nothing(path))?;
    }
    for path in &options.roots {
        evidence.certificates(path, Role::Root)?.ok_or_else(|| nothing(path))?;
    }
    for path in &options.crl {
        evidence.crls(path)?;
    }
    let question = if options.roots.is_empty() { evidence.pki(context, &options, question)? } else { question };
    let verdict = verify(&evidence.bag, target, &evidence.crls, &question);
    let report =
        VerifyReport::new(&verdict, &evidence.bag, &evidence.crls, &question, options.explain, evidence.warnings);
    let exit = if report.is_valid() { Exit::Done } else { Exit::No };
    if context.printer.is_json() {
        context.printer.object(&report)?;
    } else {
        context.printer.text(&told(&report, &question))?;
        context.printer.warnings(&report.warnings);
        if let Some(reason) = &report.reason {
            context.printer.say(&format!("hint: {}", reason.hint));
        }
    }
    Ok(exit)
}

fn nothing(path: &Path) -> Failure {
    Failure::unreadable(&given::name(path), &"there is no certificate in it that can be read")
}

impl Options {
    /// What is asked, before any file is looked at.
    fn question(&self) -> Result<Question, Failure> {
        let at = self.at.as_deref().map(|text| whole_seconds(text).parse::<Timestamp>()).transpose()?;
        let mut question = Question::new(at.unwrap_or_else(|| SystemClock.now()));
        question.host = self.host.as_deref().map(San::host).transpose()?;
        if let Some(San::Dns(name)) = question.host.as_ref().filter(|h| matches!(h, San::Dns(n) if n.is_wildcard())) {
            let message = format!("`{name}` is no host: nobody reaches a wildcard");
            return Err(Failure::usage(message, "name one of the hosts that it stands for"));
        }
        question.purpose = match (self.purpose.as_deref(), &question.host) {
            (Some("server"), _) | (None, Some(_)) => Purpose::Server,
            (Some("client"), _) => Purpose::Client,
            _ => Purpose::Any,
        };
        question.email = self.email.as_deref().map(str::parse::<EmailAddress>).transpose()?;
        question.spiffe = self.spiffe.as_deref().map(SpiffeId::workload).transpose()?;
        question.trust_domain = self.trust_domain.as_deref().map(str::parse::<TrustDomain>).transpose()?;
        if let (Some(id), Some(domain)) = (&question.spiffe, &question.trust_domain)
            && id.trust_domain() != domain
        {
            let message = format!("`{id}` is not in the trust domain `{domain}`");
            return Err(Failure::usage(message, "--spiffe alone says both"));
        }
        question.revocation = !self.crl.is_empty();
        if let Some(text) = &self.max_depth {
            let depth = text.parse::<usize>().ok().filter(|n| (1..=MOST_DEPTH).contains(n));
            let wrong =
                || Failure::usage(format!("`{text}` is no depth"), format!("write a number from 1 to {MOST_DEPTH}"));
            question.budgets = Budgets { depth: depth.ok_or_else(wrong)?, ..question.budgets };
        }
        Ok(question)
    }
}

/// A time without the fraction of its second: a certificate is valid until the end of its last second, and not yet valid
/// until its first one has begun.
fn whole_seconds(text: &str) -> String {
    let Some((before, rest)) = text.split_once('.') else { return text.into() };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_fraction =
        before.ends_with(|c: char| c.is_ascii_digit()) && before.contains(':') && after.len() < rest.len();
    if is_fraction { format!("{before}{after}") } else { text.into() }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Target,
    Untrusted,
    Root,
}

/// What was given to judge by.
#[derive(Default)]
struct Evidence {
    bag: Bag,
    crls: Crls,
    warnings: Vec<Warning>,
}

impl Evidence {
    /// The first certificate of a file; all of them go into the bag.
    fn certificates(&mut self, path: &Path, role: Role) -> Result<Option<Place>, Failure> {
        let (mut first, mut unreadable) = (None, 0usize);
        for found in given::objects(path)? {
            match found.object {
                Object::Certificate(certificate) => {
                    let place = match role {
                        Role::Root => self.bag.add_anchor(&certificate),
                        Role::Target | Role::Untrusted => self.bag.add_untrusted(&certificate),
                    };
                    first = first.or(Some(place));
                }
                Object::Unreadable { problem, .. } => {
                    if role == Role::Target && first.is_none() {
                        return Err(Failure::unreadable(&given::name(path), &problem));
                    }
                    unreadable += 1;
                    if unreadable == 1 {
                        let line = found.line.map(|l| format!(" on line {l}")).unwrap_or_default();
                        let text = format!("something in `{}`{line} was left out: {problem}", given::name(path));
                        self.warnings.push(Warning::new("left-out", text));
                    }
                }
                _ => {}
            }
        }
        if unreadable > 1 {
            let text = format!("{} more things in `{}` were left out", unreadable - 1, given::name(path));
            self.warnings.push(Warning::new("left-out", text));
        }
        Ok(first)
    }

    fn crls(&mut self, path: &Path) -> Result<(), Failure> {
        let mut any = false;
        for found in given::objects(path)? {
            match found.object {
                Object::Crl(crl) => {
                    any = true;
                    self.crls.add(given::name(path), *crl);
                }
                Object::Unreadable { problem, .. } => return Err(Failure::unreadable(&given::name(path), &problem)),
                _ => {}
            }
        }
        if any { Ok(()) } else { Err(Failure::unreadable(&given::name(path), &"there is no CRL in it")) }
    }

    /// The PKI's roots, intermediates and CRLs.
    fn pki(&mut self, context: &Context, options: &Options, mut question: Question) -> Result<Question, Failure> {
        if !exists(&context.pki) {
            return Err(Failure::failed(
                "no-pki",
                format!("there is no PKI in `{}` whose roots could be trusted", context.pki.display()),
                "name the roots with --roots FILE, or the PKI with --pki DIR",
            ));
        }
        let mut pki = context.open()?;
        if options.at.is_none() {
            question.at = pki.now();
        }
        let own_crls = options.crl.is_empty() && !options.no_crl;
        let trust = pki.trust(own_crls)?;
        if trust.roots.is_empty() {
            let hint = "create one with `rootlet root NAME`, or name others with --roots FILE";
            return Err(Error::NoIssuer {
                what: "a judgment: there is no root that is not revoked",
                hint: hint.into(),
            }
            .into());
        }
        for root in &trust.roots {
            self.bag.add_anchor(root);
        }
        for other in &trust.others {
            self.bag.add_untrusted(other);
        }
        for (path, crl) in trust.crls {
            self.crls.add(path.display().to_string(), crl);
        }
        for (key, one) in trust.recorded {
            self.crls.add_recorded(&key, one.serial, one.at, one.reason);
        }
        question.revocation |= own_crls;
        Ok(question)
    }
}

/// The answer for people.
fn told(report: &VerifyReport, question: &Question) -> String {
    let name = |i: usize| report.path.get(i).map_or("", |c| c.subject.as_str());
    let mut lines = vec![match report.verdict {
        "valid" => format!("{}: valid", name(0)),
        "unknown" => format!("{}: not known to be valid", name(0)),
        _ => format!("{}: not valid", name(0)),
    }];
    if let Some(reason) = &report.reason {
        lines.push(format!("  because  {}", reason.message));
        lines.push(format!("  rule     {} ({})", reason.rule, reason.citation));
    }
    for (i, c) in report.path.iter().enumerate() {
        let head = if i == 0 { "  path     " } else { "           " };
        let trusted = if c.trusted { ", trusted" } else { "" };
        let revocation = match c.revocation {
            Some("good") => ", not revoked",
            Some("revoked") => ", revoked",
            Some(_) => ", revocation unknown",
            None => "",
        };
        let end = if c.not_after < question.at { "ended" } else { "ends" };
        let days = span(c.not_after, question.at);
        lines.push(format!("{head}{} ({end} {days}{trusted}{revocation})", c.subject));
    }
    if let (Some(id), Some(domain)) = (&report.spiffe_id, &report.trust_domain) {
        let path = id.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(domain.as_str())).unwrap_or_default();
        lines.push(format!("  spiffe   {id} (trust domain {domain}, path {path})"));
    }
    if !report.revocation_checked {
        lines.push("  revoked  not asked".into());
    }
    let mut about = None;
    for step in report.steps.iter().flatten() {
        if about != Some(&step.certificate) {
            lines.push(format!("  steps    {}", step.certificate));
            about = Some(&step.certificate);
        }
        let mark = if step.passed { "  " } else { "no" };
        lines.push(format!("        {mark} {:<16} {}", step.check, step.message));
    }
    for tried in report.tried.iter().flatten() {
        let path = tried.path.iter().map(|c| c.subject.as_str()).collect::<Vec<_>>().join(" < ");
        lines.push(format!("  tried    {path}"));
        lines.push(format!("           {} ({}, {})", tried.reason.message, tried.reason.rule, tried.reason.citation));
    }
    if report.tried.is_none() && report.tries > 1 {
        lines.push(format!("  tried    {} paths; --explain tells them all", report.tries));
    }
    lines.join("\n")
}
