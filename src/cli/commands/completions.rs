use super::super::exit::Exit;
use super::super::failure::Failure;
use clap::{ArgMatches, Args, Command};
use clap_complete::Shell;

#[derive(Debug, Args)]
struct Options {
    /// The shell
    shell: Shell,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "completions",
        "Print the completions of a shell",
        "Example:\n  rootlet completions bash > /etc/bash_completion.d/rootlet",
    )
}

pub fn run(matches: &ArgMatches) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut super::super::command(), "rootlet", &mut script);
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}
