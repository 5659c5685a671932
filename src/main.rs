//! The `rootlet` command: it translates a command line into calls of the library, and renders what comes back.
#![forbid(unsafe_code)]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main().into()
}
