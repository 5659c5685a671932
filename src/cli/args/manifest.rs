use super::super::failure::Failure;
use super::super::secrets::{Origin, Secrets, SecretsBuilder};
use super::{IssuerSecretArgs, SubjectSecretArgs};
use clap::Args;
use rootlet::manifest::{Manifest, load};
use rootlet::model::Handle;
use rootlet::pki::{Error, Pki, PlanRequest};
use std::path::PathBuf;
use std::sync::Arc;

// The files of a manifest, and what may be done.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// Manifests in TOML or JSON; of a folder every .toml and .json in it
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A CA that may be replaced by a new one, with a new key
    #[arg(long, value_name = "CA")]
    replace_ca: Vec<String>,
    /// Revoke leaves that a manifest of the same id created and no longer names
    #[arg(long)]
    pub prune: bool,
    /// Deliver the files of every leaf that has no `out` of its own to DIR/HANDLE
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    #[command(flatten)]
    issuer_secret: IssuerSecretArgs,
}

impl ManifestArgs {
    /// What was allowed. Needs no file.
    pub fn request(&self, command: &str) -> Result<PlanRequest, Failure> {
        if self.files.is_empty() {
            return Err(Failure::usage("FILE is missing", format!("see `rootlet {command} --help`")));
        }
        let handle = |name: &String| name.parse::<Handle>().unwrap_or_else(|_| Pki::handle_of(name));
        Ok(PlanRequest { replace_cas: self.replace_ca.iter().map(handle).collect(), prune: self.prune })
    }

    /// The manifest, and the secrets that it and the command line name.
    pub fn read(&self) -> Result<(Manifest, Arc<Secrets>), Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        let mut manifest = load(&self.files, &environment).map_err(Error::from)?;
        if let Some(folder) = &self.out_dir {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            manifest.deliver_below(&folder);
        }
        let mut builder = SecretsBuilder::default();
        builder.subject = Origin::of(self.secret.file().map(PathBuf::as_path), "ROOTLET_PASSPHRASE");
        self.issuer_secret.add_to(&mut builder)?;
        builder.add_manifest(&manifest)?;
        Ok((manifest, builder.build()?))
    }
}
