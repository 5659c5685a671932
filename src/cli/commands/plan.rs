use super::super::args::ManifestArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::plan_text;
use super::super::render;
use clap::{ArgMatches, Args, Command};
use rootlet::disk::{Access, Disk, exists};
use rootlet::pki::{Error, Pki};
use std::path::PathBuf;

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Write the manifest of the PKI as it is, instead of comparing one
    #[arg(long, conflicts_with_all = ["files", "replace_ca", "prune"])]
    export: bool,
    /// The file that `--export` writes, whole or not at all; printed when left out
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What `--export` wrote.
#[derive(serde::Serialize)]
struct Exported {
    file: PathBuf,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "plan",
        "Compare a manifest with the PKI; exit code 3 when something is to be done",
        "Example:\n  rootlet plan lab.toml\n  rootlet plan pki.d/ --prune --json\n  rootlet plan --export --output lab.toml",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    if options.export {
        if context.printer.is_json() && options.output.is_none() {
            return Err(Failure::usage(
                "--export prints a manifest, not JSON",
                "leave --json away, or name a file with --output",
            ));
        }
        let manifest = context.open()?.export_manifest()?;
        let Some(path) = options.output else {
            context.printer.raw(&manifest)?;
            return Ok(Exit::Done);
        };
        // Somebody may have written at it since.
        if exists(&path) {
            return Err(Error::FileExists { path }.into());
        }
        Disk::default().create_whole(&path, manifest.as_bytes(), Access::Public).map_err(Error::from)?;
        if context.printer.is_json() {
            context.printer.object(&Exported { file: std::path::absolute(&path).unwrap_or(path) })?;
        } else {
            context.printer.text(&render::place(&path))?;
        }
        return Ok(Exit::Done);
    }
    if options.output.is_some() {
        return Err(Failure::usage("--output is where --export writes", "add --export, or leave --output away"));
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
