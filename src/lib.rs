//! rootlet: a private certificate authority.
//!
//! The library holds everything that the `rootlet` command can do; the command only translates a command line into calls
//! of [`pki`], and sees nothing but this public interface.
//!
//! ```
//! use rootlet::model::Profile;
//! use rootlet::pki::{CaRequest, LeafRequest, Pki};
//!
//! # fn main() -> Result<(), rootlet::pki::Error> {
//! # let folder = std::env::temp_dir().join(format!("rootlet-doc-{}", std::process::id()));
//! # drop(std::fs::remove_dir_all(&folder));
//! let (mut pki, root) = Pki::root_ca(&folder, &CaRequest::new(Profile::Root, "Internal CA")?)?;
//! pki.ca(&CaRequest::new(Profile::Intermediate, "Issuing CA")?)?;
//! let server = pki.leaf(&LeafRequest::new(Profile::Server, "api.internal")?)?;
//! assert_eq!(server.certificate.issuer, "CN=Issuing CA");
//! assert!(server.certificate.files.fullchain.is_some());
//! # drop(std::fs::remove_dir_all(&folder));
//! # Ok(())
//! # }
//! ```
//!
//! # The house
//!
//! Floors go up; each uses only those above it in this list:
//!
//! - [`model`]: the nouns. Parsed once, valid ever after.
//! - [`disk`]: the one door to the disk, and PEM.
//! - [`x509`]: ASN.1. Certificates and CRLs read into facts, and written from fields.
//! - [`keys`]: custody of keys; the crypto provider.
//! - [`store`]: the inventory: every certificate, revocation and CRL there ever was.
//! - [`policy`]: the profiles, and the lints that guard them.
//! - [`judge`]: path validation (RFC 5280 6).
//! - [`issue`]: draft → rehearsal → token → signature → second opinion.
//! - [`manifest`]: files that declare a whole PKI, read and typed.
//! - [`pki`]: a PKI folder and its verbs.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod disk;
pub mod issue;
pub mod judge;
pub mod keys;
pub mod manifest;
pub mod model;
pub mod pki;
pub mod policy;
pub mod store;
pub mod x509;
