use super::super::args::{AgainArgs, IssuerSecretArgs, LifeArgs, NameArgs, each, path_len, secrets_beside_stdin};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render;
use anyhow::Context as _;
use clap::{ArgMatches, Args, Command};
use rootlet::disk::read_given;
use rootlet::model::{ExtendedKeyUsage, NameConstraints, Profile, Subject, Subtree};
use rootlet::pki::{CaLimits, Error, SignRequest, read_csr};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Larger than any request: what is longer is not read to its end.
const MOST_BYTES: u64 = 2 << 20;

#[derive(Debug, Args)]
struct Options {
    /// The CSR in PEM or DER; `-` is stdin
    #[arg(value_name = "CSR")]
    csr: PathBuf,
    /// What the certificate is to be: server, client, peer, workload or intermediate
    #[arg(long, value_name = "PROFILE")]
    profile: String,
    /// The CA that issues it [default: the only one that can]
    #[arg(long, value_name = "CA")]
    issuer: Option<String>,
    /// Its subject, instead of the one that the CSR wishes for
    #[arg(long, value_name = "DN")]
    subject: Option<String>,
    #[command(flatten)]
    names: NameArgs,
    /// A purpose besides the profile's: a name as codeSigning, or an OID
    #[arg(long, value_name = "NAME|OID")]
    eku: Vec<String>,
    #[command(flatten)]
    issuer_secret: IssuerSecretArgs,
    #[command(flatten)]
    life: LifeArgs,
    /// Of an intermediate: how many CAs may follow below it [default: 0]
    #[arg(long, help_heading = "Limits", value_name = "N")]
    path_len: Option<String>,
    /// Of an intermediate: names it may certify, as dns:lab.internal
    #[arg(long, help_heading = "Limits", value_name = "TYPE:VALUE")]
    permit: Vec<String>,
    /// Of an intermediate: names it may not certify
    #[arg(long, help_heading = "Limits", value_name = "TYPE:VALUE")]
    exclude: Vec<String>,
    /// The handle, which names its folder [default: from its first name]
    #[arg(long, value_name = "HANDLE")]
    name: Option<String>,
    /// Deliver the files there too, now and at every renewal
    #[arg(long, help_heading = "Delivery", value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Who owns the delivered files
    #[arg(long, help_heading = "Delivery", value_name = "USER[:GROUP]", requires = "out_dir")]
    owner: Option<String>,
    #[command(flatten)]
    again: AgainArgs,
    /// Replace what exists
    #[arg(long, help_heading = "When it exists", conflicts_with_all = ["if_missing", "renew_within"])]
    force: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "sign",
        "Sign somebody's CSR: its key and its names, never its powers; the certificate goes to stdout too",
        "Example:\n  rootlet sign api.csr --profile server\n  rootlet sign - --profile client --subject CN=alice < alice.csr > alice.pem",
    )
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path != Path::new("-") {
        return Ok(read_given(path, MOST_BYTES).map_err(Error::from)?);
    }
    let mut bytes = Vec::new();
    let taken = std::io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes);
    taken.context("stdin could not be read")?;
    Ok(bytes)
}

impl Options {
    /// The limits of a CA; nothing for a leaf, which has none.
    fn limits(&self, profile: Profile) -> Result<Option<CaLimits>, Failure> {
        if !profile.is_ca() {
            if self.path_len.is_some() || !self.permit.is_empty() || !self.exclude.is_empty() {
                return Err(Failure::usage("a leaf has no path length and no name constraints", "leave them away"));
            }
            return Ok(None);
        }
        let path_len = self.path_len.as_deref().map(path_len).transpose()?;
        let constraints =
            NameConstraints { permitted: each::<Subtree>(&self.permit)?, excluded: each::<Subtree>(&self.exclude)? };
        Ok(Some(CaLimits { path_len, constraints }))
    }

    fn translate(&self, profile: Profile) -> Result<SignRequest, Failure> {
        let names = self.names.translate()?;
        let purposes = each::<ExtendedKeyUsage>(&self.eku)?;
        let subject = self.subject.as_deref().map(str::parse::<Subject>).transpose()?;
        let (end, not_before) = (self.life.end()?, self.life.not_before()?);
        self.life.check()?;
        let name = self.name.as_deref().map(str::parse).transpose()?;
        let again = self.again.translate(self.force, Some(""))?;
        let delivery = match &self.out_dir {
            Some(folder) => {
                let folder = std::path::absolute(folder)?;
                Some(rootlet::store::Delivery::checked(folder, self.owner.clone(), None)?)
            }
            None => None,
        };
        let issuer = self.issuer.clone();
        let request = SignRequest {
            subject,
            names,
            purposes,
            not_before,
            end,
            issuer,
            name,
            again,
            delivery,
            ..SignRequest::new(profile)
        };
        request.check()?;
        Ok(request)
    }
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let profile: Profile = options.profile.parse()?;
    let (request, limits) = (options.translate(profile)?, options.limits(profile)?);
    let from_stdin = options.csr == Path::new("-");
    let secrets = secrets_beside_stdin(&options.issuer_secret, from_stdin)?;
    let source = if from_stdin { Path::new("stdin") } else { &options.csr };
    let csr = read_csr(&read(&options.csr)?, source)?;
    let mut pki = context.open()?.with_secrets(secrets);
    let outcome = match &limits {
        Some(limits) => pki.sign_ca(&csr, &request, limits)?,
        None => pki.sign(&csr, &request)?,
    };
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(Exit::Done);
    }
    render::signed(context, &outcome)
}
