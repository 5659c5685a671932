use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use clap::{ArgMatches, Args, Command};
use rootlet::pki::DoctorRequest;
use std::path::PathBuf;

#[derive(Debug, Args)]
struct Options {
    /// Finish or undo half-done work, and rewrite what can be derived; keys are never touched
    #[arg(long)]
    repair: bool,
    /// Write a consistent copy of the inventory to a new file, while the PKI is in use
    #[arg(long, value_name = "FILE", conflicts_with = "repair")]
    backup: Option<PathBuf>,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "doctor",
        "Check the PKI against itself; exit code 3 when something does not agree",
        "Example:\n  rootlet doctor\n  rootlet doctor --repair\n  rootlet doctor --backup /backup/inventory.db",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    if let Some(file) = &options.backup {
        let outcome = context.open()?.backup(file)?;
        if context.printer.is_json() {
            context.printer.object(&outcome)?;
        } else {
            context.printer.text(&place(&outcome.file))?;
            context.printer.say("holds the inventory; keys and files of the PKI folder are not in it");
        }
        return Ok(Exit::Done);
    }
    let outcome = context.open()?.doctor(&DoctorRequest { repair: options.repair })?;
    let exit = if outcome.has_findings() { Exit::No } else { Exit::Done };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(exit);
    }
    for p in &outcome.problems {
        let mended = if p.repaired { "mended" } else { "found" };
        context.printer.text(&format!("{mended:<7} {:<10} {}", p.code, p.message))?;
        if let Some(hint) = &p.hint {
            context.printer.say(&format!("       {:<10} hint: {hint}", ""));
        }
    }
    let good = match outcome.problems.len() {
        0 => "everything agrees".into(),
        1 => "1 problem".into(),
        n => format!("{n} problems"),
    };
    context.printer.say(&format!("{} names looked at: {good}", outcome.certificates));
    Ok(exit)
}
