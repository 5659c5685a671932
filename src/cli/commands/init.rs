use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use clap::{ArgMatches, Args, Command};
use rootlet::disk::{Access, Disk, exists};
use rootlet::manifest::Starter;
use rootlet::model::DnsName;
use rootlet::pki::Error;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
struct Options {
    /// What it is for: lab, mesh, postgres, fleet
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,
    /// The domain that names lie in; of a mesh also its trust domain
    #[arg(long, value_name = "DOMAIN", default_value = "lab.internal")]
    domain: String,
    /// O of the CAs' subjects
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// The file to write [default: TEMPLATE.toml]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Written {
    action: &'static str,
    template: &'static str,
    files: Vec<PathBuf>,
    next: String,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "init",
        "Write a starter manifest, with comments",
        "Example:\n  rootlet init --template lab --domain lab.internal --organization Example\n  rootlet apply lab.toml",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let known = || format!("one of {}", Starter::ALL.map(Starter::name).join(", "));
    let template = options.template.as_deref().ok_or_else(|| Failure::usage("--template is missing", known()))?;
    let unknown = |()| Failure::usage(format!("there is no template `{template}`"), known());
    let starter: Starter = template.parse().map_err(unknown)?;
    let text = starter.manifest(&options.domain.parse::<DnsName>()?, options.organization.as_deref())?;
    let path = options.output.unwrap_or_else(|| format!("{starter}.toml").into());
    let mut files = vec![(path.clone(), text)];
    if let Some((name, values)) = starter.values() {
        let beside = path.parent().unwrap_or(Path::new("")).join(name);
        // Values that are there are those that are meant.
        files.extend((!exists(&beside)).then_some((beside, values)));
    }
    if exists(&path) {
        return Err(Error::FileExists { path }.into());
    }
    // The manifest last: where it is, all that it needs is there, whole.
    for (path, text) in files.iter().rev() {
        Disk::default().create_whole(path, text.as_bytes(), Access::Public).map_err(Error::from)?;
    }
    let next = format!("rootlet apply {}", path.display());
    if context.printer.is_json() {
        let absolute = |p: &PathBuf| std::path::absolute(p).unwrap_or_else(|_| p.clone());
        let files = files.iter().map(|(path, _)| absolute(path)).collect();
        context.printer.object(&Written { action: "written", template: starter.name(), files, next })?;
        return Ok(Exit::Done);
    }
    for (path, _) in &files {
        context.printer.text(&format!("written {}", path.display()))?;
    }
    context.printer.say(&format!("read it, change it, and then: {next}"));
    Ok(Exit::Done)
}
