use super::super::failure::Failure;
use super::super::secrets::Secrets;
use super::again::required;
use super::{AgainArgs, IssuerSecretArgs, LifeArgs, SubjectSecretArgs, declared, each, key_algorithm, secrets};
use clap::Args;
use rootlet::model::{NameConstraints, Profile, SpiffeId, Subject, Subtree, UriName};
use rootlet::pki::{Again, CaRequest, KeyFile, SecretFiles, SecretSource, Urls};
use std::path::PathBuf;
use std::sync::Arc;

// The options of the verbs that create CAs.
#[derive(Debug, Args)]
pub struct CaArgs {
    /// Its name, as "Internal CA"
    #[arg(value_name = "NAME")]
    name_argument: Option<String>,
    /// Its subject, as CN=Internal CA,O=Example or /O=Example/CN=Internal CA [default: CN=NAME]
    #[arg(long, value_name = "DN")]
    subject: Option<String>,
    /// The key: p256, p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: as rootlet.toml says, else p256]
    #[arg(long, value_name = "ALGORITHM")]
    key: Option<String>,
    /// Certify the key in FILE; it is copied, encrypted if it is encrypted
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    /// Encrypt its key with a passphrase
    #[arg(long, help_heading = "Secrets")]
    encrypt_key: bool,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    #[command(flatten)]
    life: LifeArgs,
    /// The handle, which names its folder [default: from NAME]
    #[arg(long, value_name = "HANDLE")]
    name: Option<String>,
    /// How many CAs may follow below it
    #[arg(long, help_heading = "Limits", value_name = "N")]
    path_len: Option<String>,
    /// Names it may certify: dns:lab.internal, ip:10.0.0.0/8, email:example.org, uri:host, dn:O=Example, spiffe:example.org
    #[arg(long, help_heading = "Limits", value_name = "TYPE:VALUE")]
    permit: Vec<String>,
    /// Names it may not certify
    #[arg(long, help_heading = "Limits", value_name = "TYPE:VALUE")]
    exclude: Vec<String>,
    /// The trust domain it signs for: spiffe://example.org
    #[arg(long, help_heading = "Limits", value_name = "ID")]
    spiffe: Option<String>,
    /// Where this CA's CRL is published; goes into what it issues
    #[arg(long, help_heading = "Publication", value_name = "URL")]
    crl_url: Vec<String>,
    /// Where this CA's certificate is published
    #[arg(long, help_heading = "Publication", value_name = "URL")]
    issuer_url: Vec<String>,
    /// Where this CA's OCSP responder is
    #[arg(long, help_heading = "Publication", value_name = "URL")]
    ocsp_url: Vec<String>,
    #[command(flatten)]
    again: AgainArgs,
    /// Print the manifest that declares this, and do nothing
    #[arg(long)]
    pub print_manifest: bool,
}

// What only an intermediate has.
#[derive(Debug, Args)]
pub struct IntermediateArgs {
    /// The CA that issues it [default: the only one that can]
    #[arg(long, value_name = "CA")]
    pub issuer: Option<String>,
    /// A purpose that everything below is limited to: serverAuth, clientAuth, … or an OID
    #[arg(long, help_heading = "Limits", value_name = "NAME|OID")]
    pub eku: Vec<String>,
    #[command(flatten)]
    pub secret: IssuerSecretArgs,
}

impl CaArgs {
    /// The files with secrets, for a manifest.
    pub fn secret_files(&self, below: Option<&IntermediateArgs>) -> Result<SecretFiles, Failure> {
        declared(&self.secret, below.map(|b| &b.secret), below.and_then(|b| b.issuer.as_deref()))
    }

    /// The request, and the secrets of the CA and of what issues it.
    pub fn translate(
        &self,
        profile: Profile,
        below: Option<&IntermediateArgs>,
    ) -> Result<(CaRequest, Arc<Secrets>), Failure> {
        let again = self.again.translate(false, self.name_argument.as_deref())?;
        let mut request = CaRequest::new(profile, required(self.name_argument.as_deref(), profile.name())?)?;
        request.again = again;
        request.subject = self.subject.as_deref().map(str::parse::<Subject>).transpose()?;
        request.key = key_algorithm(self.key.as_deref())?;
        request.end = self.life.end()?;
        request.not_before = self.life.not_before()?;
        self.life.check()?;
        request.name = self.name.as_deref().map(str::parse).transpose()?;
        request.path_len = self.path_len.as_deref().map(path_len).transpose()?;
        request.constraints =
            NameConstraints { permitted: each::<Subtree>(&self.permit)?, excluded: each::<Subtree>(&self.exclude)? };
        request.spiffe = self.spiffe.as_deref().map(SpiffeId::signer).transpose()?;
        let urls = |texts: &[String]| texts.iter().map(|t| UriName::published_at(t)).collect::<Result<Vec<_>, _>>();
        request.urls = Urls { crl: urls(&self.crl_url)?, issuer: urls(&self.issuer_url)?, ocsp: urls(&self.ocsp_url)? };
        if let Some(below) = below {
            request.issuer.clone_from(&below.issuer);
            request.purposes = each(&below.eku)?;
        }
        request.encrypt_key = self.encrypt_key;
        let renews = matches!(request.again, Again::RenewWithin(_));
        if self.secret.was_typed() && !(self.encrypt_key || self.key_file.is_some() || renews) {
            let hint = "add --encrypt-key; the passphrase of the CA that signs is --issuer-passphrase-file";
            return Err(Failure::usage("--passphrase-file opens nothing here", hint));
        }
        request.check()?;
        let secrets = secrets(Some(&self.secret), below.map(|b| &b.secret))?;
        let source: Arc<dyn SecretSource> = secrets.clone();
        let given = self.key_file.as_deref().map(|path| KeyFile::read(path, &request.display_name, &source));
        request.key_file = given.transpose()?.map(Arc::new);
        request.check()?;
        Ok((request, secrets))
    }
}

pub fn path_len(text: &str) -> Result<u8, Failure> {
    text.parse().map_err(|_| Failure::usage(format!("`{text}` is not a path length"), "write a number from 0 to 255"))
}
