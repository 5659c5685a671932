//! Groups of options that several commands share, as they were typed; `translate` turns them into library types.

mod again;
mod ca;
mod leaf;
mod life;
mod manifest;
mod names;
mod secret;

pub use again::AgainArgs;
pub use ca::{CaArgs, IntermediateArgs, path_len};
pub use leaf::LeafArgs;
pub use life::LifeArgs;
pub use manifest::ManifestArgs;
pub use names::NameArgs;
pub use secret::{IssuerSecretArgs, SubjectSecretArgs, change_secrets, declared, secrets, secrets_beside_stdin};

use super::failure::Failure;
use rootlet::model::{KeyAlgorithm, ModelError};

/// Reads a key algorithm; one that exists but is not in this build is refused by name.
pub fn key_algorithm(text: Option<&str>) -> Result<Option<KeyAlgorithm>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<KeyAlgorithm>() {
        Ok(algorithm) => Ok(Some(algorithm)),
        Err(_) if KeyAlgorithm::is_elsewhere(text) => {
            let hint = format!("this build has {}", KeyAlgorithm::names());
            Err(Failure::usage(format!("this build has no {text} keys"), hint))
        }
        Err(e) => Err(e.into()),
    }
}

/// Reads every value of a repeatable option.
pub fn each<T: std::str::FromStr<Err = ModelError>>(texts: &[String]) -> Result<Vec<T>, Failure> {
    texts.iter().map(|t| t.parse::<T>().map_err(Failure::from)).collect()
}
