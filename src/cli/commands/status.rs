use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::span;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Window;
use rootlet::pki::StatusRequest;
use rootlet::policy::{self, Severity};

#[derive(Debug, Args)]
struct Options {
    /// How near an end must be: a duration or a percentage of a life, at most its last third [default: the last third]
    #[arg(long, value_name = "WINDOW")]
    within: Option<String>,
    /// A rule whose findings are known and accepted (repeatable)
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "status",
        "Tell what is due or wrong; exit code 3 when something is",
        "Example:\n  rootlet status\n  rootlet status --within 30d --json\n  rootlet status --allow RULE",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let within = options.within.as_deref().map(str::parse::<Window>).transpose()?.unwrap_or_default();
    let allowed = options.allow.iter().map(|id| rule(id)).collect::<Result<_, _>>()?;
    let mut pki = context.open()?;
    let outcome = pki.status(&StatusRequest { within, allowed })?;
    let exit = if outcome.wants_attention() { Exit::No } else { Exit::Done };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(exit);
    }
    for due in &outcome.due {
        let when = due.at.map(|at| format!(" ({})", span(at, pki.now()))).unwrap_or_default();
        context.printer.text(&format!("{}{when}", due.message))?;
        context.printer.say(&format!("  hint: {}", due.hint));
    }
    for f in &outcome.findings {
        let weight = if f.severity == Severity::Error { "error" } else { "warning" };
        context.printer.text(&format!("{weight} in {} `{}`: {} [{}]", f.kind, f.name, f.message, f.lint))?;
        if let Some(hint) = &f.hint {
            context.printer.say(&format!("  hint: {hint}"));
        }
    }
    context.printer.warnings(&outcome.warnings);
    match outcome.findings.len() {
        0 => {}
        1 => context.printer.say("1 finding: `--allow RULE` accepts those of a rule"),
        n => context.printer.say(&format!("{n} findings: `--allow RULE` accepts those of a rule")),
    }
    context.printer.say(&match outcome.due.len() {
        0 => "nothing is due".to_string(),
        1 => "1 thing is due".to_string(),
        n => format!("{n} things are due"),
    });
    Ok(exit)
}

fn rule(id: &str) -> Result<&'static str, Failure> {
    let hint = "the id of a rule stands in brackets behind its finding";
    let found = policy::all().map(|rule| rule.id).find(|known| *known == id);
    found.ok_or_else(|| Failure::usage(format!("there is no rule `{id}`"), hint))
}
