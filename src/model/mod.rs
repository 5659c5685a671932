//! The nouns: names, times, serials, usages. No I/O and no foreign X.509 types.
//!
//! Everything here is parsed once and valid ever after: a [`DnsName`] is a DNS name, and no floor above asks again.

mod algorithm;
mod clock;
mod constraint;
mod dns;
mod email;
mod error;
mod handle;
mod identity;
mod ip;
mod layout;
mod lifetime;
mod oid;
mod profile;
mod reason;
mod san;
mod secret;
mod serial;
mod spiffe;
mod subject;
mod subject_text;
mod timestamp;
mod uri;
mod usage;

pub use algorithm::KeyAlgorithm;
pub use clock::{Clock, FixedClock, SystemClock};
pub use constraint::{Cidr, NameConstraints, Subtree};
pub use dns::{DnsName, DnsProblem};
pub use email::EmailAddress;
pub use error::ModelError;
pub use handle::Handle;
pub use identity::Identity;
pub use ip::IpName;
pub use layout::Layout;
pub use lifetime::{Lifetime, Window};
pub use oid::Oid;
pub use profile::Profile;
pub use reason::Reason;
pub use san::{San, SanSet};
pub use secret::Secret;
pub use serial::{Serial, SerialMatch, SoughtSerial};
pub use spiffe::{SpiffeId, SpiffeProblem, TrustDomain};
pub(crate) use subject::is_printable_string;
pub use subject::{Attribute, AttributeType, Rdn, StringKind, Subject, SubjectProblem};
pub use timestamp::{Timestamp, Validity};
pub use uri::UriName;
pub(crate) use uri::host_of;
pub use usage::{ExtendedKeyUsage, KeyUsage};
