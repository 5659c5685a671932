use super::super::args::{CaArgs, IntermediateArgs};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Profile;

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    below: IntermediateArgs,
    #[command(flatten)]
    ca: CaArgs,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "intermediate",
        "Issue a subordinate CA",
        "Example:\n  rootlet intermediate \"Issuing CA\"\n  rootlet intermediate \"Lab CA\" --permit dns:lab.internal --lifetime 2y",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let (request, secrets) = options.ca.translate(Profile::Intermediate, Some(&options.below))?;
    if options.ca.print_manifest {
        return render::manifest(context, &request.to_manifest(&options.ca.secret_files(Some(&options.below))?));
    }
    let outcome = context.open()?.with_secrets(secrets).ca(&request)?;
    render::issued(context, &outcome)
}
