use super::super::args::CaArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render;
use clap::{ArgMatches, Command};
use rootlet::model::Profile;
use rootlet::pki::Pki;

pub fn definition() -> Command {
    super::command::<CaArgs>(
        "root",
        "Create a self-signed root CA, and the PKI folder where there is none",
        "Example:\n  rootlet root \"Internal CA\"\n  rootlet root \"Internal CA\" --key rsa-4096 --lifetime 10y --if-missing",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<CaArgs>(matches)?;
    let (request, secrets) = options.translate(Profile::Root, None)?;
    if options.print_manifest {
        return render::manifest(context, &request.to_manifest(&options.secret_files(None)?));
    }
    let (_, outcome) = Pki::root_ca_with(&context.pki, &request, secrets)?;
    render::issued(context, &outcome)
}
