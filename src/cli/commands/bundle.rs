use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use clap::{ArgMatches, Args, Command};
use rootlet::pki::BundleRequest;
use std::path::PathBuf;

#[derive(Debug, Args)]
struct Options {
    /// Whose roots [default: every live root]
    #[arg(value_name = "CA")]
    cas: Vec<String>,
    /// The file to write, in place of one that is there [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The form
    #[arg(long, value_parser = ["pem"], default_value = "pem")]
    format: String,
    /// Add the intermediates
    #[arg(long)]
    with_intermediates: bool,
    /// Add the newest CRLs
    #[arg(long)]
    crls: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "bundle",
        "Collect trust anchors in one file",
        "Example:\n  rootlet bundle --output ca.pem\n  rootlet bundle issuing-ca --with-intermediates --crls",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    // The only form so far, and the parser admits no other.
    debug_assert_eq!(options.format, "pem");
    let request =
        BundleRequest { cas: options.cas, with_intermediates: options.with_intermediates, crls: options.crls };
    let mut bundle = context.open()?.bundle(&request)?;
    if let Some(path) = &options.output {
        bundle.write(path)?;
    }
    if context.printer.is_json() {
        context.printer.object(&bundle)?;
        return Ok(Exit::Done);
    }
    match &bundle.file {
        None => context.printer.raw(&bundle.pem)?,
        Some(file) => {
            context.printer.text(&place(file))?;
            context.printer.say(&format!("holds {}", bundle.certificates.join(", ")));
        }
    }
    context.printer.warnings(&bundle.warnings);
    Ok(Exit::Done)
}
