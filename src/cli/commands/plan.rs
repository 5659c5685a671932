use super::super::args::ManifestArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::plan_text;
use clap::{ArgMatches, Args, Command};
use rootlet::pki::Pki;

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Write the manifest of the PKI as it is, instead of comparing one
    #[arg(long, conflicts_with_all = ["files", "replace_ca", "prune"])]
    export: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "plan",
        "Compare a manifest with the PKI; exit code 3 when something is to be done",
        "Example:\n  rootlet plan lab.toml\n  rootlet plan pki.d/ --prune --json\n  rootlet plan --export > lab.toml",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    if options.export {
        if context.printer.is_json() {
            return Err(Failure::usage("--export prints a manifest, not JSON", "leave --json away"));
        }
        context.printer.raw(&context.open()?.export_manifest()?)?;
        return Ok(Exit::Done);
    }
    let request = options.manifest.request("plan")?;
    show(&options.manifest, &request, context)
}

/// Shows what would be done; also what `apply --check` does.
pub fn show(files: &ManifestArgs, request: &rootlet::pki::PlanRequest, context: &Context) -> Result<Exit, Failure> {
    let (manifest, secrets) = files.read()?;
    let plan = Pki::plan(&context.pki, &manifest, request, secrets)?;
    let exit = match (plan.is_refused(), plan.changes) {
        (true, _) => Exit::Failed,
        (false, 0) => Exit::Done,
        (false, _) => Exit::No,
    };
    if context.printer.is_json() {
        context.printer.object(&plan)?;
    } else {
        plan_text::plan(context, &plan)?;
    }
    Ok(exit)
}
