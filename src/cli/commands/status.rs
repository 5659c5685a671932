use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::span;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Window;
use rootlet::pki::StatusRequest;

#[derive(Debug, Args)]
struct Options {
    /// How near an end must be: a duration or a percentage of a life, at most its last third [default: the last third]
    #[arg(long, value_name = "WINDOW")]
    within: Option<String>,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "status",
        "Tell what is due; exit code 3 when something is",
        "Example:\n  rootlet status\n  rootlet status --within 30d --json",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let within = options.within.as_deref().map(str::parse::<Window>).transpose()?.unwrap_or_default();
    let mut pki = context.open()?;
    let outcome = pki.status(&StatusRequest { within })?;
    let exit = if outcome.due.is_empty() { Exit::Done } else { Exit::No };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(exit);
    }
    for due in &outcome.due {
        let when = due.at.map(|at| format!(" ({})", span(at, pki.now()))).unwrap_or_default();
        context.printer.text(&format!("{}{when}", due.message))?;
        context.printer.say(&format!("  hint: {}", due.hint));
    }
    context.printer.say(&match outcome.due.len() {
        0 => "nothing is due".to_string(),
        1 => "1 thing is due".to_string(),
        n => format!("{n} things are due"),
    });
    Ok(exit)
}
