use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Timestamp;
use rootlet::pki::{Act, HistoryRequest};
use std::io::Write;

#[derive(Debug, Args)]
struct Options {
    /// Only what was done to this name
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only what was done at or after this time
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only the newest N acts
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// One JSON object a line, as they come
    #[arg(long, conflicts_with = "json")]
    jsonl: bool,
}

#[derive(serde::Serialize)]
struct Told {
    acts: Vec<Act>,
    warnings: [(); 0],
}

pub fn definition() -> Command {
    super::command::<Options>(
        "history",
        "Tell every act in order",
        "Example:\n  rootlet history --last 20\n  rootlet history api.internal --json",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let since = options.since.as_deref().map(str::parse::<Timestamp>).transpose()?;
    let request = HistoryRequest { name: options.name, since, last: options.last };
    let mut pki = context.open()?;
    if context.printer.is_json() {
        let mut acts = Vec::new();
        pki.history(&request, &mut |act| {
            acts.push(act);
            true
        })?;
        context.printer.object(&Told { acts, warnings: [] })?;
        return Ok(Exit::Done);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut failed = None;
    pki.history(&request, &mut |act| {
        let written = if options.jsonl {
            serde_json::to_writer(&mut out, &act).map_err(std::io::Error::from).and_then(|()| out.write_all(b"\n"))
        } else {
            let line = format!("{}  {:<9} {}  {}", act.at, act.action, act.name.as_deref().unwrap_or("-"), act.detail);
            writeln!(out, "{}", super::super::printer::safe(line.trim_end()))
        };
        failed = written.err();
        failed.is_none()
    })?;
    match failed {
        Some(e) => Err(e.into()),
        None => {
            out.flush()?;
            Ok(Exit::Done)
        }
    }
}
