use super::super::args::{SubjectSecretArgs, secrets};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::{adopted, place};
use clap::{ArgMatches, Args, Command};
use rootlet::pki::{ImportRequest, PastSources, Pki, SecretSource};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
struct Options {
    /// Its name here, as "Corp Root"; of a request the NAME that it was made with
    #[arg(value_name = "NAME")]
    name_argument: Option<String>,
    /// The certificate: of a CA, of a leaf that a CA here signed elsewhere, or the answer to a request
    #[arg(long, value_name = "FILE")]
    cert_file: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Encrypt the key here with a passphrase; one that is encrypted stays as it is
    #[arg(long, help_heading = "Secrets")]
    encrypt_key: bool,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    /// The certificates above it, up to the root, in any order
    #[arg(long, value_name = "FILE")]
    chain_file: Option<PathBuf>,
    /// The handle, which names its folder [default: from NAME]
    #[arg(long, value_name = "HANDLE")]
    name: Option<String>,
    /// Its newest CRL: entries stay, numbers go on from there
    #[arg(long, help_heading = "What the CA revoked before", value_name = "FILE")]
    crl_file: Option<PathBuf>,
    /// openssl's index.txt
    #[arg(long, help_heading = "What the CA revoked before", value_name = "FILE")]
    index_file: Option<PathBuf>,
    /// The folder of an easy-rsa PKI: its CA, its index, its CRL and the certificates it issued
    #[arg(long, help_heading = "What the CA revoked before", value_name = "DIR")]
    easy_rsa_dir: Option<PathBuf>,
    /// It never revoked anything that is still valid
    #[arg(long, help_heading = "What the CA revoked before")]
    no_past: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "import",
        "Adopt a CA that was made elsewhere, what it revoked, or the answer to a request",
        "Example:\n  rootlet import \"Old CA\" --cert-file ca.pem --key-file ca.key --index-file index.txt --crl-file crl.pem\n  rootlet import \"VPN CA\" --easy-rsa-dir ~/easy-rsa/pki\n  rootlet import \"Corp Root\" --cert-file corp-root.pem --crl-file corp-root.crl",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let Some(display_name) = options.name_argument else {
        return Err(Failure::usage(
            "NAME is missing",
            "write it, as in `rootlet import \"Old CA\" --cert-file ca.pem`",
        ));
    };
    let request = ImportRequest {
        display_name,
        certificate: options.cert_file,
        key: options.key_file,
        encrypt_key: options.encrypt_key,
        chain: options.chain_file,
        name: options.name.as_deref().map(str::parse).transpose()?,
        past: PastSources {
            crl: options.crl_file,
            index: options.index_file,
            easy_rsa: options.easy_rsa_dir,
            none: options.no_past,
        },
    };
    let source: Arc<dyn SecretSource> = secrets(Some(&options.secret), None)?;
    let (pki, outcome) = Pki::import(&context.pki, &request, &source)?;
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(Exit::Done);
    }
    adopted(context, &outcome, &place(pki.root()))
}
