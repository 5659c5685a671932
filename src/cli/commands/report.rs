use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Window;
use rootlet::pki::ReportRequest;
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Debug, Args)]
struct Options {
    /// The file to write, in place of one that is there [default: stdout, unless that is a terminal]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the page is called [default: after the root]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// How near an end must be, as for `status` [default: the last third]
    #[arg(long, value_name = "WINDOW")]
    within: Option<String>,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "report",
        "Draw the PKI as one HTML page",
        "Example:\n  rootlet report --output pki.html\n  rootlet report --output pki.html --title \"PKI of Example Inc.\"",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    if options.title.as_ref().is_some_and(|t| t.trim().is_empty()) {
        return Err(Failure::usage("the title is empty", "leave `--title` out, or say what the page is called"));
    }
    let within = options.within.as_deref().map(str::parse::<Window>).transpose()?.unwrap_or_default();
    if options.output.is_none() && !context.printer.is_json() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("a page of HTML says little on a terminal", "add `--output pki.html`"));
    }
    let mut page = context.open()?.report(&ReportRequest { title: options.title, within })?;
    if let Some(path) = &options.output {
        page.write(path)?;
    }
    if context.printer.is_json() {
        context.printer.object(&page)?;
        return Ok(Exit::Done);
    }
    match (&page.file, &page.html) {
        (Some(file), _) => context.printer.text(&place(file))?,
        (None, Some(html)) => context.printer.raw(html)?,
        (None, None) => {}
    }
    let words = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    context.printer.say(&format!(
        "shows {} and {}",
        words(page.authorities, "CA", "CAs"),
        words(page.certificates, "certificate", "certificates")
    ));
    context.printer.warnings(&page.warnings);
    Ok(Exit::Done)
}
