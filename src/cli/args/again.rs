use super::super::failure::Failure;
use clap::Args;
use rootlet::model::Window;
use rootlet::pki::Again;

// What to do when the certificate exists already.
#[derive(Debug, Args)]
pub struct AgainArgs {
    /// Do nothing if it exists and is what was asked for
    #[arg(long, help_heading = "When it exists", conflicts_with = "renew_within")]
    pub if_missing: bool,
    /// Do nothing if it exists, and renew it with the same key when it ends within WINDOW [default: the last third of its life]
    #[arg(long, help_heading = "When it exists", value_name = "WINDOW", num_args = 0..=1, default_missing_value = "")]
    pub renew_within: Option<String>,
}

impl AgainArgs {
    /// The choice that was typed; `force` comes from the commands that have it.
    pub fn translate(&self, force: bool, name: Option<&str>) -> Result<Again, Failure> {
        Ok(match &self.renew_within {
            _ if force => Again::Force,
            Some(text) if text.is_empty() => Again::RenewWithin(Window::default()),
            Some(text) => match (text.parse::<Window>(), name) {
                (Ok(window), _) => Again::RenewWithin(window),
                // The shell gave the NAME to the option: say so rather than what it is not.
                (Err(_), None) => {
                    let hint = format!("put NAME first: `{text} --renew-within`, or write --renew-within=30d");
                    return Err(Failure::usage(
                        format!("`{text}` was read as the WINDOW of --renew-within, and NAME is missing"),
                        hint,
                    ));
                }
                (Err(e), Some(_)) => return Err(e.into()),
            },
            None if self.if_missing => Again::IfMissing,
            None => Again::Refuse,
        })
    }
}

/// NAME, which must be there.
pub fn required<'a>(name: Option<&'a str>, command: &str) -> Result<&'a str, Failure> {
    name.ok_or_else(|| Failure::usage("NAME is missing", format!("see `rootlet {command} --help`")))
}
