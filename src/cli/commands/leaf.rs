use super::super::args::LeafArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render;
use clap::{ArgMatches, Command};
use rootlet::model::Profile;

pub fn server() -> Command {
    super::command::<LeafArgs>(
        "server",
        "Issue a server certificate; NAME is its first DNS name or IP address",
        "Example:\n  rootlet server api.internal\n  rootlet server api.internal --dns api2.internal --ip 10.0.0.7 --renew-within 30d",
    )
}

pub fn client() -> Command {
    super::command::<LeafArgs>(
        "client",
        "Issue a client certificate; NAME is its common name",
        "Example:\n  rootlet client service-a\n  rootlet client alice --email alice@example.org --lifetime 90d",
    )
}

pub fn peer() -> Command {
    super::command::<LeafArgs>(
        "peer",
        "Issue a certificate for both TLS roles, as cluster nodes need; NAME is its first DNS name or IP address",
        "Example:\n  rootlet peer etcd-1.internal --ip 10.0.0.11",
    )
}

pub fn workload() -> Command {
    super::command::<LeafArgs>(
        "workload",
        "Issue an X.509-SVID; NAME is its SPIFFE ID",
        "Example:\n  rootlet workload spiffe://example.org/ns/prod/sa/api",
    )
}

pub fn run(name: &str, matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let profile: Profile = name.parse()?;
    let options = super::parse::<LeafArgs>(matches)?;
    let (request, secrets) = options.translate(profile)?;
    if options.print_manifest {
        return render::manifest(context, &request.to_manifest(&options.secret_files()?));
    }
    let outcome = context.open()?.with_secrets(secrets).leaf(&request)?;
    render::issued(context, &outcome)
}
