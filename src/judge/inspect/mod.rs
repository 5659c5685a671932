//! What is in a file, told without judging it: every field of every certificate, CRL, request, key and keystore.
//!
//! [`Contents`] walks a file and yields one [`Item`] after the other; [`report`] makes of one what people and scripts see.
//! [`Arrangement`] says how the certificates and keys of one file belong together.

mod arrangement;
mod certificate;
mod contents;
mod crl;
mod item;
mod key;
mod names;
mod request;
mod spiffe_bundle;

pub use arrangement::{Arranged, Arrangement, Issuance, KeyMatch, MAX_ARRANGED};
pub use certificate::{CertificateReport, ExtensionReport, NameConstraintsReport, Validity};
pub use contents::{Contents, OpenError};
pub use crl::{CrlReport, Currency, EntryReport, Lookup};
pub use item::{Body, Content, Item, Report, UnreadableReport, report};
pub use key::{EncryptionReport, KeyReport, KeystoreReport, MacReport, PartReport};
pub use names::NameReport;
pub use request::CsrReport;
pub use spiffe_bundle::{BundleRefusal, BundleReport, IgnoredKey, TrustDomainReport};
