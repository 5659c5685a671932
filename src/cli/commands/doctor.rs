use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use clap::{ArgMatches, Args, Command};
use rootlet::pki::{DoctorRequest, Pki};
use std::path::PathBuf;

#[derive(Debug, Args)]
struct Options {
    /// Finish or undo half-done work, and rewrite what can be derived; keys are never touched
    #[arg(long)]
    repair: bool,
    /// Write a consistent copy of the inventory to a new file, while the PKI is in use
    #[arg(long, value_name = "FILE", conflicts_with = "repair")]
    backup: Option<PathBuf>,
    /// Look at the whole history too: every certificate, revocation and CRL there ever was
    #[arg(long, conflicts_with = "backup")]
    history: bool,
    /// Make a lost or damaged inventory again from the certificates and CRLs on disk
    #[arg(long, conflicts_with_all = ["repair", "backup", "history"])]
    salvage: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "doctor",
        "Check the PKI against itself; exit code 3 when something does not agree",
        "Example:\n  rootlet doctor\n  rootlet doctor --repair\n  rootlet doctor --backup /backup/inventory.db\n  rootlet doctor --salvage",
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
    if options.salvage {
        return salvage(context);
    }
    let request = DoctorRequest { repair: options.repair, history: options.history };
    let outcome = context.open()?.doctor(&request)?;
    let exit = if outcome.has_findings() { Exit::No } else { Exit::Done };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(exit);
    }
    for p in &outcome.problems {
        let mended = if p.repaired { "mended" } else { "found" };
        context.printer.text(&format!("{mended:<7} {:<12} {}", p.code, p.message))?;
        if let Some(hint) = &p.hint {
            context.printer.say(&format!("       {:<12} hint: {hint}", ""));
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

fn salvage(context: &Context) -> Result<Exit, Failure> {
    let outcome = Pki::salvage(&context.pki)?;
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(Exit::Done);
    }
    let (cas, leaves, revocations) = (outcome.authorities, outcome.leaves, outcome.revocations);
    context.printer.text(&format!("salvaged {}", place(&outcome.file)))?;
    context.printer.say(&format!("  certificates {cas} of CAs, {leaves} of leaves"));
    context.printer.say(&format!("  revocations  {revocations}, from the CRLs on disk"));
    if outcome.requests > 0 {
        context.printer.say(&format!("  requests     {}, which wait for a certificate", outcome.requests));
    }
    if let Some(damaged) = &outcome.damaged {
        context.printer.say(&format!("  the damaged inventory is kept as {}", place(damaged)));
    }
    context.printer.warnings(&outcome.warnings);
    Ok(Exit::Done)
}
