use super::printer::Printer;
use rootlet::pki::{Error, Pki};
use std::path::PathBuf;

/// What every command gets: where the PKI is, and how to speak.
pub struct Context {
    pub pki: PathBuf,
    pub printer: Printer,
}

impl Context {
    /// Opens the PKI, which must exist.
    pub fn open(&self) -> Result<Pki, Error> {
        Pki::open(&self.pki)
    }
}
