use super::super::failure::Failure;
use super::super::secrets::Secrets;
use super::again::required;
use super::{
    AgainArgs, IssuerSecretArgs, LifeArgs, NameArgs, SubjectSecretArgs, declared, each, key_algorithm, secrets,
};
use clap::Args;
use rootlet::model::{ExtendedKeyUsage, Profile, Subject};
use rootlet::pki::{KeyFile, LeafKey, LeafRequest, SecretFiles, SecretSource};
use rootlet::store::Delivery;
use std::path::PathBuf;
use std::sync::Arc;

// The options of the verbs that issue leaves.
#[derive(Debug, Args)]
pub struct LeafArgs {
    /// What the certificate is for
    #[arg(value_name = "NAME")]
    name_argument: Option<String>,
    /// The CA that issues it [default: the only one that can]
    #[arg(long, value_name = "CA")]
    issuer: Option<String>,
    /// Its subject, as CN=api,O=Example or /O=Example/CN=api [default: from NAME]
    #[arg(long, value_name = "DN")]
    subject: Option<String>,
    #[command(flatten)]
    names: NameArgs,
    /// A purpose besides the profile's: a name as codeSigning, or an OID
    #[arg(long, value_name = "NAME|OID")]
    eku: Vec<String>,
    /// The key: p256, p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: as rootlet.toml says, else p256]
    #[arg(long, value_name = "ALGORITHM")]
    key: Option<String>,
    /// Certify the key in FILE; it is copied, encrypted if it is encrypted
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    #[command(flatten)]
    issuer_secret: IssuerSecretArgs,
    #[command(flatten)]
    life: LifeArgs,
    /// The handle, which names its folder [default: from NAME]
    #[arg(long, value_name = "HANDLE")]
    name: Option<String>,
    /// Deliver the files there too, now and at every renewal
    #[arg(long, help_heading = "Delivery", value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Who owns the delivered files
    #[arg(long, help_heading = "Delivery", value_name = "USER[:GROUP]", requires = "out_dir")]
    owner: Option<String>,
    /// The mode of the delivered key [default: 0600]
    #[arg(long, help_heading = "Delivery", value_name = "MODE", requires = "out_dir")]
    key_mode: Option<String>,
    #[command(flatten)]
    again: AgainArgs,
    /// Print the manifest that declares this, and do nothing
    #[arg(long)]
    pub print_manifest: bool,
    /// Replace it, with a new key
    #[arg(long, help_heading = "When it exists", conflicts_with_all = ["if_missing", "renew_within", "print_manifest"])]
    force: bool,
}

impl LeafArgs {
    /// The files with secrets, for a manifest.
    pub fn secret_files(&self) -> Result<SecretFiles, Failure> {
        declared(&self.secret, Some(&self.issuer_secret), self.issuer.as_deref())
    }

    /// The request, and the secrets of the leaf and of what issues it.
    pub fn translate(&self, profile: Profile) -> Result<(LeafRequest, Arc<Secrets>), Failure> {
        let again = self.again.translate(self.force, self.name_argument.as_deref())?;
        let mut request = LeafRequest::new(profile, required(self.name_argument.as_deref(), profile.name())?)?;
        request.again = again;
        request.names.extend(self.names.translate()?);
        request.purposes = each::<ExtendedKeyUsage>(&self.eku)?;
        request.subject = self.subject.as_deref().map(str::parse::<Subject>).transpose()?;
        request.key = LeafKey::New(key_algorithm(self.key.as_deref())?);
        request.end = self.life.end()?;
        request.not_before = self.life.not_before()?;
        self.life.check()?;
        request.issuer.clone_from(&self.issuer);
        request.name = self.name.as_deref().map(str::parse).transpose()?;
        if let Some(folder) = &self.out_dir {
            let folder = std::path::absolute(folder)?;
            request.delivery = Some(Delivery::checked(folder, self.owner.clone(), mode(self.key_mode.as_deref())?)?);
        }
        request.check()?;
        if self.secret.was_typed() && self.key_file.is_none() {
            let hint =
                "it opens the key in --key-file; the passphrase of the CA that signs is --issuer-passphrase-file";
            return Err(Failure::usage("--passphrase-file opens nothing here", hint));
        }
        let secrets = secrets(Some(&self.secret), Some(&self.issuer_secret))?;
        if let Some(path) = &self.key_file {
            let source: Arc<dyn SecretSource> = secrets.clone();
            request.key = LeafKey::Given(Arc::new(KeyFile::read(path, &request.identity.name(), &source)?));
        }
        Ok((request, secrets))
    }
}

fn mode(text: Option<&str>) -> Result<Option<u32>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = if octal { u32::from_str_radix(text, 8).ok() } else { None };
    mode.map(Some).ok_or_else(|| Failure::usage(format!("`{text}` is not a file mode"), "write it in octal, as 0640"))
}
