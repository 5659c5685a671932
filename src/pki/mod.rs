//! A PKI directory and its verbs: a request goes in, an outcome comes out.
//!
//! Every verb is one file. Requests hold values that are valid already; outcomes serialize to the documented JSON.

mod adopt;
mod authority;
mod bundle;
mod ca_request;
mod config;
mod create_ca;
mod crl;
mod deliver;
mod doctor;
mod doctor_history;
mod easy_rsa;
mod error;
mod folder;
mod history;
mod import;
mod import_error;
mod import_leaf;
mod import_past;
mod index_file;
mod issuer_choice;
mod issuing;
mod key_file;
mod keyring;
mod leaf;
mod leaf_request;
mod lineage;
mod list;
mod make_ca;
mod material;
mod past;
mod publish;
mod recover;
mod release;
mod revoke;
mod salvage;
mod salvage_pieces;
mod secret_source;
mod state;
mod status;
mod target;
mod view;

pub use bundle::{Bundle, BundleRequest};
pub use ca_request::CaRequest;
pub use config::{Config, Urls};

pub use crl::{CrlError, CrlOutcome, CrlReport, CrlRequest};
pub use doctor::{BackupOutcome, DoctorOutcome, DoctorRequest, Problem};
pub use error::{Difference, Error};
pub use folder::Pki;
pub use history::{Act, HistoryRequest};
pub use import::{ImportOutcome, ImportRequest};
pub use import_error::ImportError;
pub use key_file::KeyFile;
pub use leaf_request::{LeafKey, LeafRequest};
pub use list::ListRequest;
pub use past::{PastReport, PastSources};
pub use revoke::{RevokeOutcome, RevokeRequest, Revoked};
pub use salvage::SalvageOutcome;
pub use secret_source::{KeyRole, NoSecrets, PassphraseOf, PassphraseProblem, SecretSource};
pub use state::{Again, Outcome};
pub use status::{Due, StatusOutcome, StatusRequest};
pub use target::Target;
pub use view::{CertificateView, Files, NameView, RevocationView, Status};
