//! Parse, run, render. Decisions are the library's.

mod args;
mod commands;
mod context;
mod draw;
mod exit;
mod failure;
mod given;
mod hook;
mod look;
mod plan_text;
mod printer;
mod progress;
mod render;
mod secrets;
mod signals;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use context::Context;
use exit::Exit;
use failure::Failure;
use printer::{Color, Printer};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const PKI_VARIABLE: &str = "ROOTLET_PKI";
const DEFAULT_PKI: &str = "pki";
/// How many seconds to wait for others that work on the same PKI.
const WAIT_VARIABLE: &str = "ROOTLET_LOCK_WAIT";

/// Runs the command line.
pub fn main() -> Exit {
    rootlet::disk::guard_memory();
    let words = help_last(std::env::args_os().collect());
    let matches = match command().try_get_matches_from(&words) {
        Ok(matches) => matches,
        Err(error) => return usage(&error, &words),
    };
    let context = context(&matches);
    let outcome = choose_patience().and_then(|()| match matches.subcommand() {
        Some((name, sub)) => commands::run(name, sub, &context),
        None => Ok(Exit::Usage),
    });
    match outcome {
        Ok(exit) => exit,
        Err(failure) if failure.is_closed_pipe() => Exit::Done,
        Err(failure) => {
            let failure = failure.with_command(&words);
            context.printer.failure(&failure);
            failure.exit()
        }
    }
}

/// The whole command line. Options of a command are built only when it is used: that keeps the start fast.
pub(crate) fn command() -> Command {
    let global = |arg: Arg| arg.global(true).help_heading("Global options");
    Command::new("rootlet")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A private certificate authority in one binary")
        .after_help("Start with:\n  rootlet root \"Internal CA\"\n  rootlet intermediate \"Issuing CA\"\n  rootlet server api.internal\n  rootlet client service-a")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .max_term_width(110)
        .arg(global(Arg::new("pki").long("pki").value_name("DIR").value_parser(clap::value_parser!(PathBuf)).help(
            "The PKI folder [default: $ROOTLET_PKI, else ./pki]",
        )))
        .arg(global(
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object, for scripts"),
        ))
        .arg(global(
            Arg::new("quiet").long("quiet").short('q').action(ArgAction::SetTrue).help("Print results only, no words"),
        ))
        .arg(global(
            Arg::new("color").long("color").value_name("WHEN").value_parser(["auto", "always", "never"]).help(
                "Color words on a terminal [default: auto]",
            ),
        ))
        .subcommands(commands::all())
}

/// `rootlet help server` means `rootlet server --help`.
fn help_last(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|w| w == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

fn choose_patience() -> Result<(), Failure> {
    let Some(text) = std::env::var_os(WAIT_VARIABLE).filter(|v| !v.is_empty()) else { return Ok(()) };
    match text.to_str().and_then(|t| t.parse::<u32>().ok()) {
        Some(seconds) => {
            rootlet::disk::set_patience(Duration::from_secs(seconds.into()));
            Ok(())
        }
        None => Err(Failure::usage(
            format!("{WAIT_VARIABLE} is `{}`, not a number of seconds", text.to_string_lossy()),
            "set it to a whole number, as 5, or unset it",
        )),
    }
}

fn context(matches: &ArgMatches) -> Context {
    let pki = matches.get_one::<PathBuf>("pki").cloned();
    let pki = pki.or_else(|| std::env::var_os(PKI_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from));
    let color = match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    };
    let printer = Printer::new(matches.get_flag("json"), matches.get_flag("quiet"), color);
    Context { pki: pki.unwrap_or_else(|| PathBuf::from(DEFAULT_PKI)), printer }
}

/// Help and the version are answers; anything else is wrong usage.
fn usage(error: &clap::Error, words: &[OsString]) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that went away has seen enough.
        drop(error.print());
        return Exit::Done;
    }
    if words.iter().any(|w| w == "--json") {
        // Everything before the usage line, in one line: what is missing stands in lines of its own.
        let text = error.render().to_string();
        let lines = text.lines().take_while(|l| !l.starts_with("Usage:") && !l.starts_with("For more"));
        let whole = lines.map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
        let message = whole.strip_prefix("error: ").unwrap_or(&whole).to_string();
        Printer::new(true, false, Color::Never)
            .failure(&Failure::usage(message, "see `rootlet --help`, or `rootlet COMMAND --help`"));
    } else {
        drop(error.print());
    }
    Exit::Usage
}
