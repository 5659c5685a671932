use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Serial;
use rootlet::pki::Target;

/// What `--field` takes: the names of the JSON form.
const FIELDS: [&str; 35] = [
    "name",
    "profile",
    "ca",
    "current",
    "serial",
    "subject",
    "issuer",
    "issuer_name",
    "not_before",
    "not_after",
    "sans",
    "key_algorithm",
    "signature_algorithm",
    "key_usage",
    "eku",
    "path_len",
    "subject_key_id",
    "authority_key_id",
    "fingerprint_sha256",
    "spki_sha256",
    "status",
    "revocation",
    "revocation.reason",
    "revocation.at",
    "revocation.invalidity_date",
    "revocation.crl_number",
    "predecessor",
    "files",
    "files.cert",
    "files.key",
    "files.chain",
    "files.fullchain",
    "files.ca",
    "files.crl",
    "pem",
];

#[derive(Debug, Args)]
struct Options {
    /// A handle, a serial, or a certificate file
    #[arg(value_name = "NAME")]
    target: Option<String>,
    /// A serial, where a word could mean something else too
    #[arg(long, value_name = "HEX", conflicts_with = "target")]
    serial: Option<String>,
    /// The CA that issued the serial
    #[arg(long, value_name = "CA", requires = "serial")]
    issuer: Option<String>,
    /// Print one value: a name of the JSON form, as not_after or files.key
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
}

#[derive(serde::Serialize)]
struct Shown {
    certificate: rootlet::pki::CertificateView,
    warnings: [(); 0],
}

pub fn definition() -> Command {
    super::command::<Options>(
        "show",
        "Show one certificate",
        "Example:\n  rootlet show api.internal\n  rootlet show api.internal --field not_after\n  rootlet show api.internal --json",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let target = match (&options.target, &options.serial) {
        (Some(text), _) => Target::parse(text),
        (None, Some(serial)) => Target::Serial { serial: serial.parse::<Serial>()?, issuer: options.issuer },
        (None, None) => return Err(Failure::usage("NAME is missing", "name a handle, a serial or a certificate file")),
    };
    if let Some(field) = &options.field
        && !FIELDS.contains(&field.as_str())
    {
        return Err(Failure::usage(
            format!("a certificate has no field `{field}`"),
            format!("one of {}", FIELDS.join(", ")),
        ));
    }
    let mut pki = context.open()?;
    let view = pki.show(&target)?;
    if let Some(field) = &options.field {
        let value = serde_json::to_value(&view).map_err(std::io::Error::from)?;
        // What is inside something that is null is null too.
        let found = field.split('.').fold(&value, |v, key| v.get(key).unwrap_or(&serde_json::Value::Null));
        if context.printer.is_json() {
            context.printer.object(found)?;
        } else {
            context.printer.text(&render::field(found))?;
        }
        return Ok(Exit::Done);
    }
    if context.printer.is_json() {
        context.printer.object(&Shown { certificate: view, warnings: [] })?;
    } else {
        context.printer.text(&render::certificate(&view, pki.now()))?;
    }
    Ok(Exit::Done)
}
