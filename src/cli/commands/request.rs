use super::super::args::{each, key_algorithm};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use clap::{ArgMatches, Args, Command};
use rootlet::model::{DnsName, EmailAddress, IpName, Profile, San, SpiffeId, Subject};
use rootlet::pki::{Again, CaRequest, CsrRequest, LeafKey, LeafRequest, Pki};

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
    /// A DNS name besides NAME
    #[arg(long, help_heading = "Names", value_name = "NAME")]
    dns: Vec<String>,
    /// An IP address besides NAME
    #[arg(long, help_heading = "Names", value_name = "ADDRESS")]
    ip: Vec<String>,
    /// An email address
    #[arg(long, help_heading = "Names", value_name = "ADDRESS")]
    email: Vec<String>,
    /// A URI
    #[arg(long, help_heading = "Names", value_name = "URI")]
    uri: Vec<String>,
    /// A SPIFFE ID; of an intermediate, its trust domain
    #[arg(long, help_heading = "Names", value_name = "ID")]
    spiffe: Vec<String>,
    /// The key: p256, p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: as rootlet.toml says, else p256]
    #[arg(long, value_name = "ALGORITHM")]
    key: Option<String>,
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
    fn translate(&self) -> Result<CsrRequest, Failure> {
        let profile: Profile = self.profile.parse()?;
        let again = match (self.if_missing, self.force) {
            (true, _) => Again::IfMissing,
            (_, true) => Again::Force,
            _ => Again::Refuse,
        };
        let subject = self.subject.as_deref().map(str::parse::<Subject>).transpose()?;
        let name = self.name.as_deref().map(str::parse).transpose()?;
        let algorithm = key_algorithm(self.key.as_deref())?;
        if profile.is_ca() {
            return self.translate_ca(profile, subject, name, algorithm, again);
        }
        let mut leaf = LeafRequest::new(profile, &self.name_argument)?;
        leaf.names.extend(each::<DnsName>(&self.dns)?.into_iter().map(San::Dns));
        leaf.names.extend(each::<IpName>(&self.ip)?.into_iter().map(San::Ip));
        leaf.names.extend(each::<EmailAddress>(&self.email)?.into_iter().map(San::Email));
        for uri in &self.uri {
            leaf.names.push(San::uri(uri)?);
        }
        leaf.names.extend(each::<SpiffeId>(&self.spiffe)?.into_iter().map(San::Spiffe));
        (leaf.subject, leaf.name, leaf.key, leaf.again) = (subject, name, LeafKey::New(algorithm), again);
        leaf.check()?;
        Ok(CsrRequest::Leaf(leaf))
    }

    fn translate_ca(
        &self,
        profile: Profile,
        subject: Option<Subject>,
        name: Option<rootlet::model::Handle>,
        algorithm: Option<rootlet::model::KeyAlgorithm>,
        again: Again,
    ) -> Result<CsrRequest, Failure> {
        if profile == Profile::Root {
            return Err(Failure::usage("nobody signs a root but itself", "use `rootlet root`"));
        }
        if [&self.dns, &self.ip, &self.email, &self.uri].into_iter().any(|names| !names.is_empty()) {
            let hint = "only --spiffe with a trust domain";
            return Err(Failure::usage("a CA has no alternative names", hint));
        }
        let mut ca = CaRequest::new(profile, &self.name_argument)?;
        ca.spiffe = match &self.spiffe[..] {
            [] => None,
            [one] => Some(SpiffeId::signer(one)?),
            _ => return Err(Failure::usage("a CA has one trust domain", "give --spiffe once")),
        };
        (ca.subject, ca.name, ca.key) = (subject, name, algorithm);
        ca.check()?;
        ca.again = again;
        Ok(CsrRequest::Authority(ca))
    }
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let request = super::parse::<Options>(matches)?.translate()?;
    let (_, outcome) = Pki::request(&context.pki, &request)?;
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
