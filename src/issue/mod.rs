//! The mechanism of issuing: draft → rehearsal → token → signature → second opinion.
//!
//! [`Issuer::rehearse`] encodes and judges a draft without touching the key and yields a [`Linted`] token, which is the
//! only thing that can be signed, once, by the issuer that rehearsed it:
//!
//! ```compile_fail,E0382
//! # fn f(issuer: &rootlet::issue::Issuer, draft: rootlet::issue::CertificateDraft) -> Result<(), rootlet::issue::IssueError> {
//! let linted = issuer.rehearse(draft)?;
//! let once = linted.sign()?;
//! let twice = linted.sign()?; // use of moved value
//! # Ok(()) }
//! ```

mod csr;
mod dates;
mod draft;
mod error;
mod issuer;
mod second;
mod token;

pub use csr::{check_possession, sign_csr};
pub use dates::{Dates, End, Wish, choose as choose_dates};
pub use draft::{CertificateDraft, CrlDraft};
pub use error::{IssueError, Warning};
pub use issuer::Issuer;
pub use second::SecondVerifier;
pub use token::{CertificateBody, CrlBody, Linted, SignableBody, Signed};
