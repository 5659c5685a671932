use super::super::args::{IssuerSecretArgs, secrets};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::{place, span};
use clap::{ArgMatches, Args, Command};
use rootlet::model::Lifetime;
use rootlet::pki::CrlRequest;

#[derive(Debug, Args)]
struct Options {
    /// Which CAs [default: every one with a key]
    #[arg(value_name = "CA")]
    cas: Vec<String>,
    /// Only those that need a new one
    #[arg(long, conflicts_with = "check")]
    due: bool,
    /// How long they are good for [default: 30d for a CA that signs leaves, 1y for one that signs CAs only or whose key is encrypted or elsewhere]
    #[arg(long, value_name = "DURATION", conflicts_with = "check")]
    next_update: Option<String>,
    /// Write nothing; end with exit code 3 when one is due
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    secret: IssuerSecretArgs,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "crl",
        "Write certificate revocation lists",
        "Example:\n  rootlet crl\n  rootlet crl --due\n  rootlet crl issuing-ca --next-update 7d",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let next_update = options.next_update.as_deref().map(str::parse::<Lifetime>).transpose()?;
    let request = CrlRequest { cas: options.cas, due: options.due, check: options.check, next_update };
    let mut pki = context.open()?.with_secrets(secrets(None, Some(&options.secret))?);
    let outcome = pki.crl(&request)?;
    let exit = match (outcome.has_failed(), outcome.has_due()) {
        (true, _) => Exit::Failed,
        (_, true) => Exit::No,
        _ => Exit::Done,
    };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(exit);
    }
    let silent = |action: &str| context.printer.is_quiet() && action == "unchanged";
    for one in outcome.results.iter().filter(|r| !silent(r.action)) {
        let number = one.number.map(|n| format!(", number {n}")).unwrap_or_default();
        let entries = one.entries.map(|n| format!(", {n} revoked")).unwrap_or_default();
        let until =
            one.next_update.map(|t| format!(", good until {} ({})", t.date(), span(t, pki.now()))).unwrap_or_default();
        let reason = one.reason.as_ref().filter(|_| one.action == "due").map(|r| format!(": {r}")).unwrap_or_default();
        context.printer.text(&format!("{} {}{number}{entries}{until}{reason}", one.action, one.name))?;
        if let Some(error) = &one.error {
            context.printer.failure(&Failure::of_item(&one.name, error));
        }
        if let (Some(file), "written") = (&one.file, one.action) {
            context.printer.say(&format!("  {}", place(file)));
        }
    }
    if outcome.results.is_empty() {
        context.printer.say(
            "nothing to write: no CRL is due, and the keys are encrypted or elsewhere; name a CA to write its CRL",
        );
    }
    if outcome.results.iter().any(|r| r.action == "written") {
        context.printer.say(&format!("all of them in one file: {}", place(&pki.root().join("public/crls.pem"))));
    }
    context.printer.warnings(&outcome.warnings);
    Ok(exit)
}
