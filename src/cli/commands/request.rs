use super::super::args::{NameArgs, SubjectSecretArgs, each, key_algorithm, secrets};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use super::super::secrets::Secrets;
use clap::{ArgMatches, Args, Command};
use rootlet::model::{ExtendedKeyUsage, Profile, Subject};
use rootlet::pki::{Again, CaRequest, CsrRequest, CustodyError, KeyFile, LeafKey, LeafRequest, Pki, SecretSource};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
struct Options {
    /// What the certificate is for
    #[arg(value_name = "NAME")]
    name_argument: String,
    /// What it is to be: server, client, peer, workload or intermediate
    #[arg(long, value_name = "PROFILE")]
    profile: String,
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
    /// Ask for a certificate of the key in FILE; it is copied, encrypted if it is encrypted
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    /// Encrypt its key
    #[arg(long, help_heading = "Secrets")]
    encrypt_key: bool,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    /// The handle, which names its folder [default: from NAME]
    #[arg(long, value_name = "HANDLE")]
    name: Option<String>,
    /// Do nothing if it waits already and is what was asked for
    #[arg(long, help_heading = "When it exists", conflicts_with = "force")]
    if_missing: bool,
    /// Make another one, with a new key
    #[arg(long, help_heading = "When it exists")]
    force: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "request",
        "Make a key and a CSR here, for a CA elsewhere to sign",
        "Example:\n  rootlet request api.internal --profile server\n  rootlet request \"Issuing CA\" --profile intermediate",
    )
}

impl Options {
    fn translate(&self, secrets: &Arc<Secrets>) -> Result<CsrRequest, Failure> {
        let profile: Profile = self.profile.parse()?;
        let again = match (self.if_missing, self.force) {
            (true, _) => Again::IfMissing,
            (_, true) => Again::Force,
            _ => Again::Refuse,
        };
        let subject = self.subject.as_deref().map(str::parse::<Subject>).transpose()?;
        let name = self.name.as_deref().map(str::parse).transpose()?;
        let purposes = each::<ExtendedKeyUsage>(&self.eku)?;
        let algorithm = key_algorithm(self.key.as_deref())?;
        if self.secret.was_typed() && self.key_file.is_none() && !self.encrypt_key {
            let hint = "it opens the key in --key-file, or goes with --encrypt-key";
            return Err(Failure::usage("--passphrase-file opens nothing here", hint));
        }
        if profile.is_ca() {
            let ca = self.translate_ca(profile, subject, name, again)?;
            let ca = CaRequest { key: algorithm, purposes, encrypt_key: self.encrypt_key, ..ca };
            ca.check()?;
            let key_file = self.key_file(&ca.display_name, secrets)?;
            return Ok(CsrRequest::Authority(CaRequest { key_file, ..ca }));
        }
        let mut leaf = LeafRequest::new(profile, &self.name_argument)?;
        (leaf.names, leaf.purposes) = (self.names.translate()?, purposes);
        (leaf.subject, leaf.name, leaf.key, leaf.again) = (subject, name, LeafKey::New(algorithm), again);
        leaf.check()?;
        if let Some(file) = self.key_file(&leaf.identity.name(), secrets)? {
            if self.encrypt_key && file.is_encrypted() {
                return Err(
                    rootlet::pki::Error::from(CustodyError::EncryptedAlready { path: file.path().into() }).into()
                );
            }
            leaf.key = LeafKey::Given(file);
        }
        Ok(CsrRequest::Leaf { request: leaf, encrypt_key: self.encrypt_key })
    }

    fn key_file(&self, name: &str, secrets: &Arc<Secrets>) -> Result<Option<Arc<KeyFile>>, Failure> {
        let source: Arc<dyn SecretSource> = secrets.clone();
        let file = self.key_file.as_ref().map(|path| KeyFile::read(path, name, &source)).transpose()?;
        Ok(file.map(Arc::new))
    }

    fn translate_ca(
        &self,
        profile: Profile,
        subject: Option<Subject>,
        name: Option<rootlet::model::Handle>,
        again: Again,
    ) -> Result<CaRequest, Failure> {
        if profile == Profile::Root {
            return Err(Failure::usage("nobody signs a root but itself", "use `rootlet root`"));
        }
        let mut ca = CaRequest::new(profile, &self.name_argument)?;
        ca.spiffe = self.names.trust_domain()?;
        (ca.subject, ca.name, ca.again) = (subject, name, again);
        Ok(ca)
    }
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let secrets = secrets(Some(&options.secret), None)?;
    let request = options.translate(&secrets)?;
    let (_, mut outcome) = Pki::request(&context.pki, &request, secrets.clone())?;
    outcome.warnings.extend(secrets.warnings());
    let printer = &context.printer;
    if printer.is_json() {
        printer.object(&outcome)?;
        return Ok(Exit::Done);
    }
    let made = &outcome.request;
    let folder = made.files.csr.parent().map(place).unwrap_or_default();
    printer.text(&if printer.is_quiet() {
        folder.clone()
    } else {
        format!("{} request {} ({})  {folder}/", outcome.action, made.name, made.profile)
    })?;
    if !made.sans.is_empty() {
        let names: Vec<String> = made.sans.iter().map(|s| s.value.clone()).collect();
        printer.say(&format!("  names       {}", names.join(", ")));
    }
    printer.say("  request.csr                 goes to the CA");
    printer.say("  key.pem                     stays here");
    printer.say(&format!("  then        rootlet import {} --cert-file ANSWER", made.name));
    printer.warnings(&outcome.warnings);
    Ok(Exit::Done)
}
