//! One file a command: translate, call, render.

mod apply;
mod bundle;
mod completions;
mod crl;
mod doctor;
mod history;
mod import;
mod init;
pub mod inspect;
mod intermediate;
mod key;
mod leaf;
mod lint;
mod list;
mod plan;
mod renew;
mod report;
mod request;
mod revoke;
mod root;
mod show;
mod sign;
mod status;
mod tree;
mod verify;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use clap::{ArgMatches, Args, Command, FromArgMatches};

/// Reads a command's options; clap has checked them against its definition already.
fn parse<A: FromArgMatches>(matches: &ArgMatches) -> Result<A, Failure> {
    A::from_arg_matches(matches).map_err(|e| Failure::usage(e.to_string(), ""))
}

/// A command whose options are defined when it is used.
fn command<A: Args>(name: &'static str, about: &'static str, example: &'static str) -> Command {
    Command::new(name).about(about).after_help(example).defer(A::augment_args)
}

pub fn all() -> Vec<Command> {
    vec![
        root::definition(),
        intermediate::definition(),
        leaf::server(),
        leaf::client(),
        leaf::peer(),
        leaf::workload(),
        request::definition(),
        sign::definition(),
        import::definition(),
        renew::definition(),
        revoke::definition(),
        key::definition(),
        crl::definition(),
        bundle::definition(),
        list::definition(),
        show::definition(),
        init::definition(),
        plan::definition(),
        apply::definition(),
        tree::definition(),
        status::definition(),
        report::definition(),
        inspect::definition(),
        verify::definition(),
        lint::definition(),
        history::definition(),
        doctor::definition(),
        completions::definition(),
    ]
}

pub fn run(name: &str, matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    match name {
        "root" => root::run(matches, context),
        "intermediate" => intermediate::run(matches, context),
        "server" | "client" | "peer" | "workload" => leaf::run(name, matches, context),
        "request" => request::run(matches, context),
        "sign" => sign::run(matches, context),
        "import" => import::run(matches, context),
        "renew" => renew::run(matches, context),
        "revoke" => revoke::run(matches, context),
        "key" => key::run(matches, context),
        "crl" => crl::run(matches, context),
        "bundle" => bundle::run(matches, context),
        "lint" => lint::run(matches, context),
        "list" => list::run(matches, context),
        "show" => show::run(matches, context),
        "init" => init::run(matches, context),
        "plan" => plan::run(matches, context),
        "apply" => apply::run(matches, context),
        "tree" => tree::run(matches, context),
        "report" => report::run(matches, context),
        "status" => status::run(matches, context),
        "inspect" => inspect::run(matches, context),
        "verify" => verify::run(matches, context),
        "history" => history::run(matches, context),
        "doctor" => doctor::run(matches, context),
        "completions" => completions::run(matches),
        other => Err(Failure::usage(format!("there is no command `{other}`"), "see `rootlet --help`")),
    }
}
