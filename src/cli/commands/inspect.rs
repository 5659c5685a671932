use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::look::{self, Lines, Style};
use super::super::{given, render, secrets};
use clap::{ArgMatches, Args, Command};
use rootlet::issue::Warning;
use rootlet::judge::input::Object;
use rootlet::judge::inspect::{Arrangement, Body, Content, Contents, EntryReport, Item, MAX_ARRANGED, Report, report};
use rootlet::judge::{ClientCertificate, Endpoint, matches_host, presented};
use rootlet::keys::KeyDocument;
use rootlet::model::{Clock, Lifetime, San, SoughtSerial, SystemClock, Timestamp};
use rootlet::x509::{Certificate, read_certificate};
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More things than this are told in a line each, unless all of it is asked for.
const MAX_BLOCKS: usize = 20;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// A handshake that takes longer has failed.
const MAX_TIMEOUT: i64 = 3_600;

/// What `--field` takes before its first dot: the names of the JSON form.
const FIELDS: [&str; 58] = [
    "kind",
    "number",
    "line",
    "within",
    "name",
    "version",
    "ca",
    "serial",
    "subject",
    "issuer",
    "self_issued",
    "not_before",
    "not_after",
    "status",
    "sans",
    "key_algorithm",
    "signature_algorithm",
    "key_usage",
    "eku",
    "path_len",
    "name_constraints",
    "subject_key_id",
    "authority_key_id",
    "crl_urls",
    "ocsp_urls",
    "issuer_urls",
    "fingerprint_sha256",
    "fingerprint_sha1",
    "spki_sha256",
    "extensions",
    "findings",
    "pem",
    "crl_number",
    "crl_number_hex",
    "this_update",
    "next_update",
    "bytes",
    "entry_count",
    "reasons",
    "other_critical",
    "newest",
    "lookup",
    "problem",
    "entries",
    "signature_good",
    "attributes",
    "encryption",
    "key_id",
    "signers",
    "mac",
    "parts",
    "open",
    "empty_passphrase",
    "others",
    "map",
    "trust_domains",
    "claims",
    "server",
];

#[derive(Debug, Args)]
struct Options {
    /// A file, - for standard input, or HOST:PORT for what a TLS server presents
    #[arg(value_name = "FILE|-|HOST:PORT")]
    target: PathBuf,
    /// Show everything in full: every thing, every name, every entry
    #[arg(long, conflicts_with_all = ["field", "serial"])]
    all: bool,
    /// Print one value of each thing that has it, one a line: a name of the JSON form, as not_after
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Look this serial up in the CRLs
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    serial: Option<String>,
    /// What opens an encrypted key or a PKCS#12 keystore: a file, or - for stdin. Never asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The name to greet the server with, and to look for in its certificate [default: HOST]
    #[arg(long, value_name = "NAME")]
    servername: Option<String>,
    /// How long to wait for the server [default: 10s]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
}

/// What a server did in the handshake.
#[derive(Debug, Serialize)]
pub struct ServerView {
    #[serde(skip)]
    pub target: String,
    /// What was looked for in the certificate.
    pub host: String,
    pub port: u16,
    pub address: String,
    /// The name that it was greeted with; addresses have none.
    pub server_name: Option<String>,
    pub protocol: Option<&'static str>,
    pub cipher: Option<String>,
    pub client_certificate: ClientCertificate,
    pub host_matches: bool,
    pub ocsp_staple: bool,
    pub presented: usize,
    pub refusal: Option<String>,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "inspect",
        "Tell what is in a certificate, CRL, request, key or bundle, or what a server presents",
        "Example:\n  rootlet inspect fullchain.pem\n  rootlet inspect server.crt --field not_after\n  rootlet inspect ca.crl --serial 0a1b2c\n  rootlet inspect api.internal:443 --json",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    check_usage(&options, context)?;
    let wanted = options.serial.as_deref().map(str::parse::<SoughtSerial>).transpose()?;
    let timeout = timeout(options.timeout.as_deref())?;
    let server_name = options.servername.as_deref().map(San::host).transpose()?;
    let endpoint = match options.target.to_str().filter(|_| !options.target.exists()).and_then(Endpoint::parse) {
        Some(endpoint) => Some(endpoint?),
        None => None,
    };
    let (mut contents, server, warnings) = match &endpoint {
        Some(endpoint) => {
            let (contents, view) = greet(endpoint, server_name.as_ref(), timeout)?;
            (contents, Some(view), Vec::new())
        }
        None => {
            let from_stdin = options.target == Path::new(given::STDIN);
            let (passphrase, warnings) = secrets::given_passphrase(options.passphrase_file.as_deref(), from_stdin)?;
            let refuse = |e| Failure::unreadable(&given::name(&options.target), &e);
            let file = given::bytes(&options.target).map_err(|e| e.with_hint(meant(&options.target)))?;
            (Contents::new(file, passphrase).map_err(refuse)?, None, warnings)
        }
    };
    let look = Look { context, options: &options, wanted, now: SystemClock.now(), server, warnings };
    if options.field.is_some() {
        look.field(&mut contents)
    } else if context.printer.is_json() {
        look.json(&mut contents)
    } else {
        look.words(&mut contents)
    }
}

fn check_usage(options: &Options, context: &Context) -> Result<(), Failure> {
    if let Some(field) = &options.field
        && !field.split('.').next().is_some_and(|f| FIELDS.contains(&f))
    {
        let hint = format!("one of {}", FIELDS.join(", "));
        return Err(Failure::usage(format!("nothing has a field `{field}`"), hint));
    }
    if options.all && context.printer.is_json() {
        return Err(Failure::usage("--all is for people: --json shows everything", "leave out --all"));
    }
    let text = options.target.to_str();
    let is_file = text.is_none_or(|t| Endpoint::parse(t).is_none()) || options.target.exists();
    if is_file && (options.servername.is_some() || options.timeout.is_some()) {
        let target = given::name(&options.target);
        let message = format!("--servername and --timeout are for a server, and `{target}` is a file");
        return Err(Failure::usage(message, "name a server as HOST:PORT"));
    }
    if !is_file && (options.passphrase_file.is_some() || options.serial.is_some()) {
        let message = "--passphrase-file and --serial are for files, and a server presents certificates only";
        return Err(Failure::usage(message, "leave them out"));
    }
    Ok(())
}

/// What to write for the server that somebody meant, where there is no file of that name.
fn meant(target: &Path) -> Option<String> {
    target.to_str().filter(|_| !target.exists()).and_then(Endpoint::hint)
}

fn timeout(text: Option<&str>) -> Result<Duration, Failure> {
    let Some(text) = text else { return Ok(DEFAULT_TIMEOUT) };
    let seconds = text.parse::<Lifetime>()?.seconds();
    match u64::try_from(seconds) {
        Ok(n) if seconds <= MAX_TIMEOUT => Ok(Duration::from_secs(n)),
        _ => Err(Failure::usage(format!("a handshake does not take `{text}`"), "an hour is the most")),
    }
}

/// What a server presents.
fn greet(endpoint: &Endpoint, name: Option<&San>, timeout: Duration) -> Result<(Contents, ServerView), Failure> {
    let seen = presented(endpoint, name, timeout).map_err(|e| Failure::connection(&e))?;
    let host = name.unwrap_or(endpoint.host());
    let leaf = seen.certificates.first().and_then(|der| read_certificate(der).ok());
    let view = ServerView {
        target: endpoint.to_string(),
        host: host.to_string(),
        port: endpoint.port(),
        address: seen.address.to_string(),
        server_name: matches!(host, San::Dns(_)).then(|| host.to_string()),
        protocol: seen.protocol,
        cipher: seen.cipher,
        client_certificate: seen.client_certificate,
        host_matches: leaf.is_some_and(|c| matches_host(&c, host)),
        ocsp_staple: seen.ocsp_staple.is_some(),
        presented: seen.certificates.len(),
        refusal: seen.refusal,
    };
    Ok((Contents::presented(seen.certificates), view))
}

struct Look<'a> {
    context: &'a Context,
    options: &'a Options,
    wanted: Option<SoughtSerial>,
    now: Timestamp,
    server: Option<ServerView>,
    warnings: Vec<Warning>,
}

/// What is gathered on the way: how things belong together, and how many are broken.
#[derive(Default)]
struct Gathered {
    certificates: Vec<(usize, Certificate)>,
    keys: Vec<(usize, Vec<u8>)>,
    too_many: bool,
    crls: usize,
    total: usize,
    damaged: usize,
}

impl Gathered {
    fn take(&mut self, item: &Item, damaged: bool) {
        self.total += 1;
        self.damaged += usize::from(damaged);
        match &item.content {
            Content::Object(Object::Certificate(_)) if self.too_many => {}
            Content::Object(Object::Certificate(_)) if self.certificates.len() >= MAX_ARRANGED => {
                self.too_many = true;
                self.certificates = Vec::new();
            }
            Content::Object(Object::Certificate(c)) => self.certificates.push((item.number, c.as_ref().clone())),
            Content::Object(Object::Crl(_)) => self.crls += 1,
            Content::Object(Object::PrivateKey(Ok(key))) => {
                if let KeyDocument::Plain(key) = key.as_ref() {
                    self.keys.push((item.number, key.public_key().to_vec()));
                }
            }
            Content::OpenedKey(_, Ok(key)) => self.keys.push((item.number, key.public_key().to_vec())),
            _ => {}
        }
    }

    fn arrangement(&self) -> Option<Arrangement> {
        (!self.too_many).then(|| Arrangement::new(&self.certificates, &self.keys))
    }
}

impl Look<'_> {
    fn report<'i>(&self, item: &'i Item) -> Report<'i> {
        report(item, self.now, self.wanted.as_ref())
    }

    /// That the passphrase was given in vain.
    fn unused(&self) -> String {
        format!("the passphrase was not used: nothing in `{}` is encrypted", given::name(&self.options.target))
    }

    fn note(&self, unused: bool) {
        if unused && !self.context.printer.is_json() {
            self.context.printer.say(&self.unused());
        }
    }

    /// How it ends: what cannot be read was said, and is a failure.
    fn end(&self, gathered: &Gathered) -> Result<Exit, Failure> {
        let name = given::name(&self.options.target);
        if let Some(serial) = self.wanted.as_ref().filter(|_| gathered.crls == 0) {
            return Err(Failure::nothing_found(format!("`{name}` holds no CRL in which `{serial}` could be listed")));
        }
        match gathered.damaged {
            0 => Ok(Exit::Done),
            // In JSON every object says what is wrong with it, and an error beside it would be a second answer.
            _ if self.context.printer.is_json() => Ok(Exit::Failed),
            n => {
                let message = format!("{n} of {} objects in `{name}` cannot be read or opened", gathered.total);
                Err(Failure::damaged(message))
            }
        }
    }

    fn words(&self, contents: &mut Contents) -> Result<Exit, Failure> {
        let printer = &self.context.printer;
        printer.warnings(&self.warnings);
        let mut gathered = Gathered::default();
        let mut first: Vec<Item> = Vec::new();
        if !self.options.all && self.wanted.is_none() {
            first.extend(contents.take(MAX_BLOCKS + 1));
            if first.len() > MAX_BLOCKS {
                return self.lines(first, contents);
            }
        }
        let total = if self.options.all || self.wanted.is_some() { None } else { Some(first.len()) };
        let style = Style { all: self.options.all, now: self.now, total };
        let mut parted = false;
        if let Some(server) = &self.server {
            printer.text(&look::server(server, style))?;
            parted = true;
        }
        for item in first.into_iter().chain(contents.by_ref()) {
            let report = self.report(&item);
            gathered.take(&item, report.is_damaged());
            if self.wanted.is_some() && item.kind() != "crl" {
                continue;
            }
            if parted {
                printer.text("\n")?;
            }
            parted = true;
            printer.text(&look::report(&report, style))?;
            if let Body::Crl(crl) = &report.body
                && self.options.all
            {
                self.entries(crl.entries())?;
            }
        }
        let unused = contents.has_unused_passphrase();
        let arrangement = gathered.arrangement().filter(|_| self.wanted.is_none());
        let said = arrangement.map(|a| look::arrangement(&a)).unwrap_or_default();
        if !said.is_empty() {
            printer.text(&format!("\n{said}"))?;
        }
        self.note(unused);
        self.end(&gathered)
    }

    /// A line for each.
    fn lines(&self, first: Vec<Item>, contents: &mut Contents) -> Result<Exit, Failure> {
        let printer = &self.context.printer;
        let (mut lines, mut gathered) = (Lines::new(self.now), Gathered { too_many: true, ..Gathered::default() });
        if let Some(server) = &self.server {
            printer.text(&(look::server(server, Style { all: false, now: self.now, total: None }) + "\n"))?;
        }
        for item in first.into_iter().chain(contents.by_ref()) {
            let damaged = match &item.content {
                // Certificates that are here could be read: nothing more is asked of so many. Entries of CRLs were not yet.
                Content::Object(Object::Certificate(_)) => false,
                _ => self.report(&item).is_damaged(),
            };
            gathered.take(&item, damaged);
            if let Some(page) = lines.add(&item) {
                printer.text(&page)?;
            }
        }
        printer.text(&lines.finish())?;
        printer.say("--all shows them in full");
        self.note(contents.has_unused_passphrase());
        self.end(&gathered)
    }

    fn entries(&self, entries: impl Iterator<Item = EntryReport>) -> Result<(), Failure> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        for entry in entries {
            writeln!(out, "  revoked        {}", look::entry(&entry))?;
        }
        Ok(out.flush()?)
    }

    /// Everything, one thing after the other: nothing is held but what says how they belong together.
    fn json(&self, contents: &mut Contents) -> Result<Exit, Failure> {
        let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
        let mut gathered = Gathered::default();
        out.write_all(b"{\n")?;
        if let Some(server) = &self.server {
            out.write_all(b"\"server\":")?;
            put(&mut out, server)?;
            out.write_all(b",\n")?;
        }
        out.write_all(b"\"objects\":[")?;
        for item in contents.by_ref() {
            let report = self.report(&item);
            out.write_all(if gathered.total == 0 { b"\n" } else { b",\n" })?;
            gathered.take(&item, report.is_damaged());
            put(&mut out, &report)?;
        }
        out.write_all(b"\n],\n\"arrangement\":")?;
        put(&mut out, &gathered.arrangement())?;
        out.write_all(b",\n\"warnings\":")?;
        let unused = contents.has_unused_passphrase().then(|| Warning::new("passphrase-unused", self.unused()));
        put(&mut out, &self.warnings.iter().chain(&unused).collect::<Vec<_>>())?;
        out.write_all(b"\n}\n")?;
        out.flush()?;
        let in_vain = self.wanted.is_some() && gathered.crls == 0;
        Ok(if gathered.damaged > 0 || in_vain { Exit::Failed } else { Exit::Done })
    }

    /// One value: a line, and a line for each element of a list; in JSON always one.
    fn value(&self, value: &serde_json::Value) -> Result<(), Failure> {
        let printer = &self.context.printer;
        if printer.is_json() {
            printer.raw(&format!("{value}\n"))?;
        } else {
            printer.text(&(render::field(value) + "\n"))?;
        }
        Ok(())
    }

    /// One value of each thing that has it.
    fn field(&self, contents: &mut Contents) -> Result<Exit, Failure> {
        let printer = &self.context.printer;
        let path = self.options.field.as_deref().unwrap_or_default();
        let (mut gathered, mut found) = (Gathered::default(), false);
        printer.warnings(&self.warnings);
        if let Some(rest) = path.strip_prefix("server").filter(|r| r.is_empty() || r.starts_with('.')) {
            let server = serde_json::to_value(&self.server).map_err(std::io::Error::from)?;
            if let Some(value) = value_at(&server, rest.trim_start_matches('.')).filter(|v| !v.is_null()) {
                self.value(value)?;
                found = true;
            }
        }
        for item in contents.by_ref() {
            let mut report = self.report(&item);
            gathered.take(&item, report.is_damaged());
            if let Body::Crl(crl) = &mut report.body {
                if path == "entries" {
                    found = true;
                    let mut out = BufWriter::new(std::io::stdout().lock());
                    for e in crl.entries() {
                        if printer.is_json() {
                            put(&mut out, &e)?;
                            out.write_all(b"\n")?;
                        } else {
                            writeln!(out, "{} {} {}", e.serial, e.at, e.reason)?;
                        }
                    }
                    out.flush()?;
                    continue;
                }
                // Millions of entries are not put into one value to ask for another.
                crl.crl = None;
            }
            let value = serde_json::to_value(&report).map_err(std::io::Error::from)?;
            if let Some(value) = value_at(&value, path) {
                found = true;
                self.value(value)?;
            }
        }
        self.note(contents.has_unused_passphrase());
        let end = self.end(&gathered)?;
        if !found {
            let name = given::name(&self.options.target);
            return Err(Failure::nothing_found(format!("nothing in `{name}` has a field `{path}`")));
        }
        Ok(end)
    }
}

/// The value at a dotted path; null inside something that is null, nothing where there is no such name.
fn value_at<'v>(value: &'v serde_json::Value, path: &str) -> Option<&'v serde_json::Value> {
    path.split('.').filter(|key| !key.is_empty()).try_fold(value, |v, key| match v {
        serde_json::Value::Object(members) => members.get(key),
        serde_json::Value::Array(all) => key.parse::<usize>().ok().and_then(|n| all.get(n)),
        serde_json::Value::Null => Some(v),
        _ => None,
    })
}

fn put(out: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(out, value).map_err(std::io::Error::from)?;
    Ok(())
}
