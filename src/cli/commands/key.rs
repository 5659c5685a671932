use super::super::args::{SubjectSecretArgs, change_secrets, secrets};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::render::place;
use clap::{ArgMatches, Args, Command};
use rootlet::pki::KeyOutcome;
use std::path::PathBuf;

#[derive(Debug, Args)]
struct Protect {
    /// Whose key: a CA, a leaf or a request
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    secret: SubjectSecretArgs,
}

#[derive(Debug, Args)]
struct Change {
    /// Whose key: a CA, a leaf or a request
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    secret: SubjectSecretArgs,
    /// The new passphrase: a file, or - for stdin [default: $ROOTLET_NEW_PASSPHRASE, else asked for on a terminal]
    #[arg(long, help_heading = "Secrets", value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Detach {
    /// The CA
    #[arg(value_name = "CA")]
    name: String,
    /// Where the key goes; nothing may be there
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    secret: SubjectSecretArgs,
}

#[derive(Debug, Args)]
struct Attach {
    /// The CA
    #[arg(value_name = "CA")]
    name: String,
    /// Its key; the file stays where it is
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    secret: SubjectSecretArgs,
}

pub fn definition() -> Command {
    Command::new("key")
        .about("Encrypt a key, or keep a CA's key elsewhere")
        .after_help("Example:\n  rootlet key encrypt internal-ca\n  rootlet key detach internal-ca --output /media/offline/internal-ca.key")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(super::command::<Protect>(
            "encrypt",
            "Encrypt a key with a passphrase",
            "Example:\n  rootlet key encrypt internal-ca --passphrase-file ca.pass",
        ))
        .subcommand(super::command::<Protect>(
            "decrypt",
            "Put a key into the clear",
            "Example:\n  rootlet key decrypt internal-ca --passphrase-file ca.pass",
        ))
        .subcommand(super::command::<Change>(
            "change-passphrase",
            "Encrypt a key with another passphrase",
            "Example:\n  rootlet key change-passphrase internal-ca --passphrase-file old.pass --new-passphrase-file new.pass",
        ))
        .subcommand(super::command::<Detach>(
            "detach",
            "Move a CA's key out of the PKI folder",
            "Example:\n  rootlet key detach internal-ca --output /media/offline/internal-ca.key",
        ))
        .subcommand(super::command::<Attach>(
            "attach",
            "Bring a CA's key back into the PKI folder",
            "Example:\n  rootlet key attach internal-ca --key-file /media/offline/internal-ca.key",
        ))
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let Some((action, matches)) = matches.subcommand() else {
        return Err(Failure::usage("the action is missing", "see `rootlet key --help`"));
    };
    let outcome = match action {
        "encrypt" | "decrypt" => {
            let options = super::parse::<Protect>(matches)?;
            let mut pki = context.open()?.with_secrets(secrets(Some(&options.secret), None)?);
            if action == "encrypt" { pki.encrypt_key(&options.name) } else { pki.decrypt_key(&options.name) }
        }
        "change-passphrase" => {
            let options = super::parse::<Change>(matches)?;
            let secrets = change_secrets(&options.secret, options.new_passphrase_file.as_deref())?;
            context.open()?.with_secrets(secrets).change_passphrase(&options.name)
        }
        "detach" => {
            let options = super::parse::<Detach>(matches)?;
            let mut pki = context.open()?.with_secrets(secrets(Some(&options.secret), None)?);
            pki.detach_key(&options.name, &options.output)
        }
        _ => {
            let options = super::parse::<Attach>(matches)?;
            let mut pki = context.open()?.with_secrets(secrets(Some(&options.secret), None)?);
            pki.attach_key(&options.name, &options.key_file)
        }
    };
    render(context, &outcome?)
}

fn render(context: &Context, outcome: &KeyOutcome) -> Result<Exit, Failure> {
    let printer = &context.printer;
    if printer.is_json() {
        printer.object(outcome)?;
        return Ok(Exit::Done);
    }
    printer.text(&format!("{} {}  {}", outcome.action.replace('-', " "), outcome.name, place(&outcome.file)))?;
    match outcome.action {
        "encrypted" | "passphrase-changed" => {
            printer.say("  keep the passphrase: without it nobody can use the key, and nothing can make it again");
        }
        "detached" => {
            let name = &outcome.name;
            printer.say("  make a second copy of the file: nothing can make it again");
            printer.say(&format!("  commands that need it take --issuer-key-file FILE; `rootlet key attach {name} --key-file FILE` brings it back"));
        }
        "attached" => printer.say("  the file that it came from is still there"),
        _ => {}
    }
    if let Some(number) = outcome.crl_number {
        printer.say(&format!("  its CRL was written to last, number {number}"));
    }
    for folder in &outcome.delivered {
        printer.say(&format!("  delivered   {}/", place(folder)));
    }
    printer.warnings(&outcome.warnings);
    Ok(Exit::Done)
}
