use super::super::failure::Failure;
use clap::Args;
use rootlet::issue::End;
use rootlet::model::{Lifetime, Timestamp};

// The dates of a certificate.
#[derive(Debug, Args)]
pub struct LifeArgs {
    /// How long it is valid: 90d, 12h, 2y
    #[arg(long, help_heading = "Dates", value_name = "DURATION")]
    lifetime: Option<String>,
    /// How many days it is valid
    #[arg(long, help_heading = "Dates", value_name = "N", conflicts_with = "lifetime")]
    days: Option<String>,
    /// Its last valid second: 2030-01-31T12:00:00Z, or a date
    #[arg(long, help_heading = "Dates", value_name = "TIME", conflicts_with_all = ["lifetime", "days"])]
    not_after: Option<String>,
    /// Its first valid second [default: a little before now]
    #[arg(long, help_heading = "Dates", value_name = "TIME")]
    not_before: Option<String>,
}

impl LifeArgs {
    pub fn end(&self) -> Result<Option<End>, Failure> {
        if let Some(text) = &self.lifetime {
            return Ok(Some(End::Lifetime(text.parse::<Lifetime>()?)));
        }
        if let Some(text) = &self.days {
            let days = text.bytes().all(|b| b.is_ascii_digit()).then(|| format!("{text}d").parse::<Lifetime>());
            return match days {
                Some(Ok(lifetime)) => Ok(Some(End::Lifetime(lifetime))),
                _ => Err(Failure::usage(
                    format!("`{text}` is not a number of days"),
                    "write a whole number, as --days 90",
                )),
            };
        }
        Ok(self.not_after.as_deref().map(str::parse::<Timestamp>).transpose()?.map(End::At))
    }

    /// Dates that contradict each other need no PKI to be wrong.
    pub fn check(&self) -> Result<(), Failure> {
        if let (Some(end), Some(start)) = (self.end()?, self.not_before()?)
            && let End::At(not_after) = end
        {
            rootlet::model::Validity::new(start, not_after)?;
        }
        Ok(())
    }

    pub fn not_before(&self) -> Result<Option<Timestamp>, Failure> {
        Ok(self.not_before.as_deref().map(str::parse::<Timestamp>).transpose()?)
    }
}
