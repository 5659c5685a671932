//! What people read. Everything here goes through the printer, which escapes it.

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use rootlet::issue::SecondVerifier;
use rootlet::model::{Timestamp, Window};
use rootlet::pki::{CertificateView, ImportOutcome, Outcome, SignOutcome, Wished};
use std::path::Path;

/// After issuing: what it is, where it is, when it ends, which file goes where.
pub fn issued(context: &Context, outcome: &Outcome) -> Result<Exit, Failure> {
    let printer = &context.printer;
    if printer.is_json() {
        printer.object(outcome)?;
        return Ok(Exit::Done);
    }
    printer.text(&headline(context, outcome))?;
    details(context, outcome);
    Ok(Exit::Done)
}

/// The manifest of one command.
pub fn manifest(context: &Context, text: &str) -> Result<Exit, Failure> {
    if context.printer.is_json() {
        return Err(Failure::usage("--print-manifest prints a manifest, not JSON", "leave --json away"));
    }
    context.printer.raw(text)?;
    Ok(Exit::Done)
}

/// After signing somebody's CSR: the certificate for whoever asked on stdout, words about it on stderr.
pub fn signed(context: &Context, outcome: &SignOutcome) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let c = &outcome.outcome.certificate;
    if printer.is_quiet() {
        printer.text(&headline(context, &outcome.outcome))?;
    } else {
        printer.say(&headline(context, &outcome.outcome));
        let with_those_above = if c.ca { &c.files.chain } else { &c.files.fullchain };
        let whole = with_those_above.as_deref().and_then(|f| std::fs::read_to_string(f).ok());
        printer.raw(&whole.or_else(|| c.pem.clone()).unwrap_or_default())?;
    }
    let list = |all: &[Wished]| {
        all.iter().filter(|w| w.kind != "key").map(|w| format!("{} {}", w.kind, w.value)).collect::<Vec<_>>().join(", ")
    };
    for (label, all) in [("taken", &outcome.taken), ("dropped", &outcome.dropped)] {
        let listed = list(all);
        if !listed.is_empty() {
            printer.say(&format!("  {label:<11} {listed}"));
        }
    }
    details(context, &outcome.outcome);
    Ok(Exit::Done)
}

fn headline(context: &Context, outcome: &Outcome) -> String {
    let c = &outcome.certificate;
    let home = home(c).unwrap_or_default();
    if context.printer.is_quiet() {
        return home;
    }
    let slash = if is_combined(c) { "" } else { "/" };
    format!("{} {} {}  {home}{slash}", outcome.action, c.profile, c.name)
}

/// Where the files of a certificate are: a folder, or the one file.
fn home(c: &CertificateView) -> Option<String> {
    let cert = c.files.cert.as_deref()?;
    if is_combined(c) { Some(place(cert)) } else { cert.parent().map(place) }
}

/// Whether key and certificates are in one file.
fn is_combined(c: &CertificateView) -> bool {
    c.files.cert.is_some() && c.files.cert == c.files.key
}

fn details(context: &Context, outcome: &Outcome) {
    let (printer, c) = (&context.printer, &outcome.certificate);
    let issuer = if c.profile == "root" { "itself".to_string() } else { c.issuer_name.clone() };
    let life = c.not_after.since(c.not_before);
    let renew = c.not_after.plus(-Window::LastThird.seconds(life));
    let day = |t: Timestamp| precise(t, life);
    printer.say(&format!("  issued by   {issuer}"));
    printer.say(&format!("  ends        {}; renew it from {}", day(c.not_after), day(renew)));
    if !c.sans.is_empty() {
        printer
            .say(&format!("  names       {}", c.sans.iter().map(|s| s.value.clone()).collect::<Vec<_>>().join(", ")));
    }
    for (files, use_) in file_uses(c) {
        printer.say(&format!("  {files:<27} {use_}"));
    }
    if outcome.second_verifier == Some(SecondVerifier::SignatureOnlyConstraints) {
        printer.say("  judged by   our own validator: rustls-webpki takes no names under such constraints, and checked the signature");
    }
    for folder in &outcome.delivered {
        printer.say(&format!("  delivered   {}/", place(folder)));
    }
    printer.warnings(&outcome.warnings);
}

/// After an import: what it is now, where it is, what was taken over.
pub fn adopted(context: &Context, outcome: &ImportOutcome, root: &str) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let c = &outcome.certificate;
    let folder = home(c).unwrap_or_else(|| root.to_string());
    printer.text(&if printer.is_quiet() {
        folder.clone()
    } else {
        format!("{} {} {}  {folder}/", outcome.action, c.profile, c.name)
    })?;
    let issuer = if c.profile == "root" { "itself".to_string() } else { c.issuer_name.clone() };
    printer.say(&format!("  issued by   {issuer}"));
    printer.say(&format!("  ends        {}", c.not_after.date()));
    if !outcome.authorities.is_empty() {
        printer.say(&format!("  above it    {}", outcome.authorities.join(", ")));
    }
    if let Some(past) = &outcome.past {
        let known = if past.known > 0 { format!(", {} known before", past.known) } else { String::new() };
        printer.say(&format!("  revoked     {}{known}", past.revocations));
        if past.certificates > 0 {
            printer.say(&format!("  recorded    {} certificates that it issued", past.certificates));
        }
        if past.index_valid > 0 && past.certificates == 0 {
            printer.say(&format!(
                "  not here    {} valid certificates of the index: `revoke --serial HEX --issuer {}` reaches them",
                past.index_valid, c.name
            ));
        }
    }
    if let Some(number) = outcome.crl_number {
        printer.say(&format!("  CRL         number {number}"));
    }
    printer.warnings(&outcome.warnings);
    Ok(Exit::Done)
}

fn file_uses(c: &CertificateView) -> Vec<(&'static str, &'static str)> {
    match c.profile {
        _ if is_combined(c) => vec![
            ("this file", "key, certificate and intermediates, for a program that takes one file"),
            ("public/roots.pem", "the other side is verified with"),
        ],
        "server" | "client" | "peer" | "workload" if c.files.key.is_none() => {
            vec![("fullchain.pem", "goes to whoever has the key"), ("ca.pem", "the other side trusts")]
        }
        "root" | "intermediate" if c.files.key.is_none() => {
            vec![("chain.pem", "goes to whoever has the key, and with what it issues")]
        }
        "root" => vec![
            ("cert.pem", "whoever shall trust it; also in public/roots.pem"),
            ("key.pem", "keep it where nobody else comes"),
        ],
        "intermediate" => {
            vec![("chain.pem", "goes with what it issues"), ("key.pem", "keep it where nobody else comes")]
        }
        "client" => vec![
            ("fullchain.pem + key.pem", "the client presents"),
            ("ca.pem", "the servers it talks to are verified with"),
        ],
        "server" => vec![("fullchain.pem + key.pem", "the server presents"), ("ca.pem", "its clients trust")],
        _ => vec![
            ("fullchain.pem + key.pem", "it presents, in both roles"),
            ("ca.pem", "the other side is verified with"),
        ],
    }
}

/// One certificate at a glance.
pub fn certificate(c: &CertificateView, now: Timestamp) -> String {
    let mut lines =
        vec![format!("{} ({}){}", c.name, c.profile, if c.current { "" } else { ", an earlier certificate" })];
    let mut add = |label: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("  {label:<13} {value}"));
        }
    };
    let status = match &c.revocation {
        Some(r) => format!("{} since {}, {}", c.status.name(), r.at, r.reason),
        None => c.status.name().to_string(),
    };
    add("status", status);
    add("subject", c.subject.clone());
    add("issuer", format!("{} ({})", c.issuer, c.issuer_name));
    add("serial", c.serial.clone());
    add("valid from", c.not_before.to_string());
    add("valid until", format!("{} ({})", c.not_after, span(c.not_after, now)));
    for san in &c.sans {
        add(san.kind, san.value.clone());
    }
    add("key", c.key_algorithm.clone());
    add("signed with", c.signature_algorithm.clone());
    add("key usage", c.key_usage.join(", "));
    add("purposes", c.eku.join(", "));
    add("path length", c.path_len.map(|n| n.to_string()).unwrap_or_default());
    add("fingerprint", format!("{} (SHA-256)", c.fingerprint_sha256));
    let f = &c.files;
    let mut files: Vec<_> = [&f.cert, &f.key, &f.chain, &f.fullchain, &f.ca, &f.crl].into_iter().flatten().collect();
    files.dedup();
    for file in files {
        add("file", place(file));
    }
    lines.join("\n")
}

/// One value for a script: text as it is, lists one a line, nothing for null.
pub fn field(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(s) => s.clone(),
        serde_json::Value::Array(all) => all
            .iter()
            .map(|v| match v {
                serde_json::Value::Object(o) if o.contains_key("value") => {
                    format!("{}:{}", o["type"].as_str().unwrap_or_default(), o["value"].as_str().unwrap_or_default())
                }
                other => field(other),
            })
            .collect::<Vec<_>>()
            .join("\n"),
        other => other.to_string(),
    }
}

/// A path as short as it can be said from here.
pub fn place(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    here.and_then(|h| path.strip_prefix(h).ok().map(|p| p.display().to_string()))
        .filter(|p| !p.is_empty())
        .unwrap_or_else(|| path.display().to_string())
}

/// A time of a certificate that lives for so many seconds: the day will do for long ones.
pub fn precise(at: Timestamp, life: i64) -> String {
    if life < 3 * 86_400 { at.to_string() } else { at.date() }
}

/// How far away a time is.
pub fn span(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.since(now);
    let (n, unit) = match seconds.abs() {
        s if s >= 2 * 86_400 => (s / 86_400, "days"),
        s if s >= 2 * 3_600 => (s / 3_600, "hours"),
        s if s >= 120 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    if seconds < 0 { format!("{n} {unit} ago") } else { format!("in {n} {unit}") }
}

/// Columns as wide as they need to be. Long tables are taken page by page; a later page may be wider, never narrower.
pub struct Table<const N: usize> {
    rows: Vec<[String; N]>,
    widths: [usize; N],
}

impl<const N: usize> Table<N> {
    pub fn new(heads: [&str; N]) -> Self {
        let mut table = Table { rows: Vec::new(), widths: [0; N] };
        table.row(heads.map(String::from));
        table
    }

    pub fn row(&mut self, cells: [String; N]) {
        for (width, cell) in self.widths.iter_mut().zip(&cells) {
            *width = (*width).max(cell.chars().count());
        }
        self.rows.push(cells);
    }

    /// How many rows wait for the next page, heads included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows since the last page.
    pub fn page(&mut self) -> String {
        let mut text = String::new();
        for row in self.rows.drain(..) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(self.widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
