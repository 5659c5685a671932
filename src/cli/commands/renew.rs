use super::super::args::{IssuerSecretArgs, LifeArgs, SubjectSecretArgs, key_algorithm, secrets};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::{Failure, OutputLost};
use super::super::hook::Hook;
use super::super::render;
use super::super::secrets::Secrets;
use super::super::signals::Ending;
use clap::{ArgMatches, Args, Command};
use rootlet::model::{Serial, Window};
use rootlet::pki::{
    Attendant, CrlReport, Error, ItemError, KeyFile, LeafKey, RenewRequest, Renewed, SecretSource, Target, Watch,
};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
struct Options {
    /// Handles, or serials or files of their newest certificates [with --due or --watch: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A serial, where a word could mean something else too
    #[arg(long, value_name = "HEX")]
    serial: Vec<String>,
    /// The CA that issued the serial
    #[arg(long, value_name = "CA", requires = "serial")]
    issuer: Option<String>,
    /// Only what ends within WINDOW [default and most: the last third of its life]
    #[arg(long, value_name = "WINDOW", num_args = 0..=1, default_missing_value = "")]
    due: Option<String>,
    /// Stay, and renew whenever something is due; end with SIGTERM or Ctrl-C
    #[arg(long)]
    watch: bool,
    /// With a new key; leaves only
    #[arg(long)]
    rekey: bool,
    /// The new key: p256, p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: as it was]
    #[arg(long, value_name = "ALGORITHM", requires = "rekey")]
    key: Option<String>,
    /// The new key is the one in FILE; it is copied, encrypted if it is encrypted
    #[arg(long, value_name = "FILE", requires = "rekey", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    #[command(flatten)]
    issuer_secret: IssuerSecretArgs,
    #[command(flatten)]
    life: LifeArgs,
    /// Revoke the old certificate of a leaf when the new one is in place
    #[arg(long)]
    revoke_old: bool,
    /// Run this with `sh -c` after each renewal; ROOTLET_NAME, ROOTLET_FULLCHAIN, … say what was renewed
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// One JSON object a line, as they come
    #[arg(long, conflicts_with = "json")]
    jsonl: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "renew",
        "Renew certificates: new dates, same names and key",
        "Example:\n  rootlet renew api.internal\n  rootlet renew --due --exec 'systemctl reload nginx'\n  rootlet renew --watch",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let secrets = secrets(Some(&options.secret), Some(&options.issuer_secret))?;
    let request = request(&options, &secrets)?;
    if options.watch && context.printer.is_json() {
        return Err(Failure::usage("--watch never ends, and --json is one object", "use --jsonl: one object a line"));
    }
    let mut pki = context.open()?.with_secrets(secrets.clone());
    let keep_stdout = context.printer.is_json() || options.jsonl;
    let pki_folder = pki.root().to_path_buf();
    let hook = options.exec.map(|command| Hook { command, pki: pki_folder, keep_stdout });
    let ending = if options.watch { Some(Ending::watch()?) } else { None };
    let mut screen = Screen { context, secrets, jsonl: options.jsonl, hook, ending, closed: None };
    if options.watch {
        drop(pki);
        return watch(request, &mut screen);
    }
    let outcome = pki.renew(&request, &mut screen)?;
    if let Some(closed) = screen.closed {
        return Err(closed.into());
    }
    let exit = if outcome.has_failed() { Exit::Failed } else { Exit::Done };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(exit);
    }
    screen.end(&outcome)?;
    if outcome.results.is_empty() && !screen.jsonl {
        context.printer.say("nothing is due");
    }
    Ok(exit)
}

fn request(options: &Options, secrets: &Arc<Secrets>) -> Result<RenewRequest, Failure> {
    let mut targets: Vec<Target> = options.names.iter().map(|n| Target::parse(n)).collect();
    for text in &options.serial {
        targets.push(Target::Serial { serial: text.parse::<Serial>()?, issuer: options.issuer.clone() });
    }
    let due = match options.due.as_deref() {
        Some("") => Some(Window::default()),
        Some(text) => match (text.parse::<Window>(), targets.is_empty()) {
            (Ok(window), _) => Some(window),
            // The shell gave a NAME to the option: say so rather than what it is not.
            (Err(_), true) => {
                return Err(Failure::usage(
                    format!("`{text}` was read as the WINDOW of --due"),
                    format!("put names first: `{text} --due`, or write --due=30d"),
                ));
            }
            (Err(e), false) => return Err(e.into()),
        },
        None => options.watch.then(Window::default),
    };
    options.life.check()?;
    let source: Arc<dyn SecretSource> = secrets.clone();
    let name = options.names.first().map_or("it", String::as_str);
    let key_file = options.key_file.as_ref().map(|path| KeyFile::read(path, name, &source)).transpose()?;
    if options.key_file.is_some() && targets.len() != 1 {
        return Err(Failure::usage("--key-file is the key of one certificate", "name one"));
    }
    let key = match key_file {
        Some(file) => LeafKey::Given(Arc::new(file)),
        None => LeafKey::New(key_algorithm(options.key.as_deref())?),
    };
    let request = RenewRequest {
        targets,
        due,
        rekey: options.rekey.then_some(key),
        not_before: options.life.not_before()?,
        end: options.life.end()?,
        revoke_old: options.revoke_old,
    };
    request.check()?;
    Ok(request)
}

/// Renews until somebody asks for the end.
fn watch(request: RenewRequest, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    /// The pause after a round that could not be made at all, as when the inventory is busy.
    const PAUSE: u64 = 10;
    let mut watch = Watch::new(request);
    let mut first = true;
    loop {
        // Opened each time: rootlet.toml may have changed, and nothing is held in between.
        let secrets = screen.secrets.clone();
        let opened = screen.context.open().map(|pki| pki.with_secrets(secrets));
        let round = opened.and_then(|mut pki| watch.round(&mut pki, screen));
        if let Some(closed) = screen.closed.take() {
            return Err(closed.into());
        }
        let sleep = match round {
            Ok(round) => {
                screen.end(&round.outcome)?;
                for crl in &round.crls {
                    screen.crl(crl)?;
                }
                round.sleep
            }
            // What is wrong at the start is a mistake; later it is trouble that may pass.
            Err(e) if first => return Err(e.into()),
            Err(e) => {
                screen.trouble(e)?;
                PAUSE
            }
        };
        if std::mem::take(&mut first) && !screen.jsonl {
            screen.context.printer.say("watching; SIGTERM or Ctrl-C ends it");
        }
        if !screen.ending.as_ref().is_some_and(|e| e.sleep(sleep)) {
            return Ok(Exit::Done);
        }
    }
}

/// Says what happens as it happens, and runs the user's command.
struct Screen<'c> {
    context: &'c Context,
    secrets: Arc<Secrets>,
    jsonl: bool,
    hook: Option<Hook>,
    ending: Option<Ending>,
    /// Why nothing can be said any more.
    closed: Option<anyhow::Error>,
}

/// One line of `--jsonl`.
#[derive(Serialize)]
struct Line<'a, T> {
    at: String,
    #[serde(flatten)]
    what: &'a T,
}

impl Attendant for Screen<'_> {
    fn issued(&mut self, renewed: &Renewed) -> Result<(), Error> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook.run(renewed))
    }

    fn done(&mut self, renewed: &Renewed) -> bool {
        if !self.context.printer.is_json() {
            self.closed = self.say(renewed).err();
        }
        self.closed.is_none() && !self.ending.as_ref().is_some_and(Ending::is_asked_for)
    }
}

impl Screen<'_> {
    fn say(&self, renewed: &Renewed) -> anyhow::Result<()> {
        if self.jsonl {
            return self.line(renewed);
        }
        let printer = &self.context.printer;
        let name = &renewed.name;
        match (&renewed.certificate, &renewed.reason) {
            (Some(c), _) => {
                let end = render::precise(c.not_after, c.not_after.since(c.not_before));
                printer.text(&format!("{} {} {name}, ends {end}", renewed.action, c.profile))?;
            }
            (None, Some(reason)) => printer.text(&format!("{} {name}: {reason}", renewed.action))?,
            (None, None) => printer.text(&format!("{} {name}", renewed.action))?,
        }
        for folder in &renewed.delivered {
            printer.say(&format!("  delivered   {}/", render::place(folder)));
        }
        if renewed.is_new() && renewed.certificate.as_ref().is_some_and(|c| c.profile == "root") {
            printer.say(
                "  cert.pem    whoever trusts the old one needs this one before that ends; also in public/roots.pem",
            );
        }
        printer.warnings(&renewed.warnings);
        if let Some(error) = &renewed.error {
            printer.failure(&Failure::from(error));
        }
        Ok(())
    }

    /// What is told when all items are done.
    fn end(&self, outcome: &rootlet::pki::RenewOutcome) -> anyhow::Result<()> {
        let printer = &self.context.printer;
        for one in &outcome.revoked {
            if self.jsonl {
                self.line(one)?;
            } else {
                printer.text(&format!(
                    "{} {} (serial {})",
                    one.action,
                    one.name.as_deref().unwrap_or(&one.ca),
                    one.serial
                ))?;
            }
        }
        if let Some(error) = &outcome.error {
            self.failed(error)?;
        }
        if !self.jsonl {
            printer.warnings(&outcome.warnings);
        }
        Ok(())
    }

    fn crl(&self, report: &CrlReport) -> anyhow::Result<()> {
        if self.jsonl {
            return self.line(report);
        }
        let printer = &self.context.printer;
        let until = report.next_update.map(|t| format!(", good until {t}")).unwrap_or_default();
        printer.text(&format!("{} the CRL of {}{until}", report.action, report.name))?;
        if let Some(error) = &report.error {
            printer.failure(&Failure::of_item(&report.name, error));
        }
        Ok(())
    }

    fn trouble(&self, error: Error) -> anyhow::Result<()> {
        self.failed(&ItemError::from(error))
    }

    fn failed(&self, error: &ItemError) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Failed<'a> {
            action: &'static str,
            error: &'a ItemError,
        }
        if self.jsonl {
            return self.line(&Failed { action: "failed", error });
        }
        self.context.printer.failure(&Failure::from(error));
        Ok(())
    }

    fn line(&self, what: &impl Serialize) -> anyhow::Result<()> {
        use anyhow::Context as _;
        use rootlet::model::{Clock, SystemClock};
        let mut text = serde_json::to_string(&Line { at: SystemClock.now().to_string(), what })
            .context("the result could not be put into JSON")?;
        text.push('\n');
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| OutputLost(e).into())
    }
}
