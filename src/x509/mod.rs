//! The only home of ASN.1: certificates and CRLs read into owned facts, and written from plain fields.

mod algorithm;
mod ber;
mod crl_entries;
mod crl_find;
mod crl_loose;
mod crl_points;
mod crl_read;
mod crl_write;
mod csr;
mod csr_write;
pub(crate) mod der;
mod details;
mod encode;
mod error;
mod extension;
mod facts;
mod fields;
mod issuing_point;
mod key_name;
mod kind;
mod name;
mod peek;
mod pkcs7;
mod policies;
mod pss;
mod read;

pub use algorithm::{PublicKeyKind, SignatureAlgorithm, public_key_bits, public_key_kind, rsa_public_key_info};
pub(crate) use algorithm::{algorithm_identifier, rsa_key_bits, spki};
pub use ber::definite as definite_ber;
pub(crate) use ber::pieces as octet_pieces;
pub use crl_entries::CrlEntries;
pub use crl_loose::LooseEntry;
pub(crate) use crl_points::CrlPoints;
pub use crl_read::{Crl, RevokedEntry};
pub use crl_write::{CrlFields, TbsCrl};
pub use csr::Csr;
pub use csr_write::{CsrFields, assemble_csr, encode_csr_info};
pub use details::{extension_details, extension_name};
pub use encode::{assemble_certificate, encode_certificate};
pub use error::X509Error;
pub use extension::oid;
pub use facts::{
    BasicConstraints, Certificate, Constraints, ExtensionFacts, GeneralName, NameFacts, OtherName, ReadSubtree,
    TbsFacts,
};
pub(crate) use facts::{NameKey, fold_rdn};
pub use fields::{CertificateFields, NameDer};
pub(crate) use issuing_point::{ALL_REASONS, IssuingPoint};
pub use key_name::public_key_name;
pub use kind::{DerKind, split_der};
pub use name::{NameError, encode_name, read_name, read_name_to_issue};
pub use peek::{SignedParts, public_key_of, signed_parts_of};
pub use pkcs7::Pkcs7;
pub(crate) use policies::{ANY_POLICY, PolicyFacts};
pub(crate) use pss::{PssHash, PssProblem, pss_hash, pss_key_takes, read_pss};
pub(crate) use read::UTF8_MAILBOX;
pub use read::{read_certificate, read_tbs};
