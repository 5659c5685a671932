//! Signing somebody's CSR: its key and its wished names, never its wished powers.

use super::issuing::check_key_is_free;
use super::leaf_request::{LeafKey, LeafRequest};
use super::request::MAX_CSR_BYTES;
use super::state::Outcome;
use super::view::name_view;
use super::{Again, Error, Pki};
use crate::disk::decode_pem;
use crate::issue::{End, check_possession};
use crate::keys::sha256;
use crate::model::{ExtendedKeyUsage, Handle, Oid, Profile, San, SpiffeId, Subject, Timestamp};
use crate::store::Delivery;
use crate::x509::{Csr, GeneralName, X509Error, oid};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the PEM of a request is called: by the standard, and by older tools (RFC 7468 7).
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// A CSR that is to be signed.
#[derive(Debug, Clone)]
pub struct SignRequest {
    /// The request.
    pub csr: Csr,
    /// Where it was read, for messages.
    pub source: PathBuf,
    /// What the certificate is to be.
    pub profile: Profile,
    /// A subject instead of the one that is wished for.
    pub subject: Option<Subject>,
    /// Names instead of those that are wished for.
    pub names: Vec<San>,
    /// Purposes besides the profile's.
    pub purposes: Vec<ExtendedKeyUsage>,
    /// A start instead of now.
    pub not_before: Option<Timestamp>,
    /// An end instead of the profile's lifetime.
    pub end: Option<End>,
    /// The CA that is to issue it, by handle or name.
    pub issuer: Option<String>,
    /// A handle instead of the one derived from its first name.
    pub name: Option<Handle>,
    /// What to do when it exists.
    pub again: Again,
    /// Where its files are to be delivered, besides the PKI folder.
    pub delivery: Option<Delivery>,
}

/// One thing that a CSR wishes for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wished {
    /// `key`, `subject`, `name`, `extension` or `attribute`.
    pub kind: &'static str,
    /// What it is.
    pub value: String,
}

/// What `sign` did.
#[derive(Debug, Clone, Serialize)]
pub struct SignOutcome {
    /// The certificate, as with the other issuing verbs.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was taken from the CSR.
    pub taken: Vec<Wished>,
    /// What was not.
    pub dropped: Vec<Wished>,
}

impl SignRequest {
    /// The rest is left to the profile, the CSR and the configuration.
    pub fn new(profile: Profile, csr: Csr, source: &Path) -> Self {
        SignRequest {
            csr,
            source: source.into(),
            profile,
            subject: None,
            names: Vec::new(),
            purposes: Vec::new(),
            not_before: None,
            end: None,
            issuer: None,
            name: None,
            again: Again::default(),
            delivery: None,
        }
    }
}

/// Reads a CSR in PEM or DER, and checks that whoever made it has the key. `source` says where it came from.
///
/// # Errors
/// [`Error::Csr`] when it is none, is too large, or its signature is not of its key.
pub fn read_csr(bytes: &[u8], source: &Path) -> Result<Csr, Error> {
    let refuse = |problem: String| Error::Csr { path: source.into(), problem };
    if bytes.len() as u64 > MAX_CSR_BYTES {
        return Err(refuse(format!("it is larger than {MAX_CSR_BYTES} bytes")));
    }
    if bytes.is_empty() {
        return Err(refuse("it is empty".into()));
    }
    let der = if bytes[0] == 0x30 { bytes.to_vec() } else { from_pem(bytes).map_err(refuse)? };
    let csr = Csr::read(&der).map_err(|e: X509Error| refuse(e.to_string()))?;
    check_possession(&csr).map_err(|e| refuse(format!("it does not prove that its maker has the key: {e}")))?;
    Ok(csr)
}

fn from_pem(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let blocks = decode_pem(bytes).map_err(|e| e.to_string())?;
    let mut requests = blocks.into_iter().filter(|b| LABELS.contains(&b.label.as_str()));
    match (requests.next(), requests.next()) {
        (Some(one), None) => Ok(one.der),
        (Some(_), Some(_)) => Err("it holds several requests".into()),
        (None, _) => Err("it holds no `CERTIFICATE REQUEST`".into()),
    }
}

impl Pki {
    /// Issues a leaf for somebody's key: its subject and names as far as the profile expects them, and nothing else of what
    /// it wishes for.
    ///
    /// # Errors
    /// [`Error::Csr`] when its names or subject cannot be certified, [`super::CustodyError::KeyInUse`] when its key is a CA's, and as
    /// [`Pki::leaf`].
    pub fn sign(&mut self, request: &SignRequest) -> Result<SignOutcome, Error> {
        let Translated { leaf, taken, dropped } = translate(request)?;
        check_key_is_free(&*self.read()?, &request.csr.public_key, None)?;
        let outcome = self.leaf(&leaf)?;
        Ok(SignOutcome { outcome, taken, dropped })
    }
}

struct Translated {
    leaf: LeafRequest,
    taken: Vec<Wished>,
    dropped: Vec<Wished>,
}

/// What becomes of each wish.
fn translate(request: &SignRequest) -> Result<Translated, Error> {
    let refuse = |problem: String| Error::Csr { path: request.source.clone(), problem };
    let (mut taken, mut dropped) = (vec![], vec![]);
    let wished = |kind, value: String| Wished { kind, value };
    taken.push(wished("key", super::view::hex(&sha256(&request.csr.public_key))));
    let spiffe = request.names.iter().find_map(|n| if let San::Spiffe(id) = n { Some(id) } else { None });
    let mut names = Vec::new();
    for name in &request.csr.names {
        let view = name_view(name);
        let shown = wished("name", format!("{}:{}", view.kind, view.value));
        match expected(name, request.profile, spiffe).map_err(refuse)? {
            Some(san) if request.names.is_empty() || Some(&san) == spiffe.map(|s| San::Spiffe(s.clone())).as_ref() => {
                taken.push(shown);
                names.push(san);
            }
            _ => dropped.push(shown),
        }
    }
    if !request.names.is_empty() {
        names.clone_from(&request.names);
    }
    let (subject, subject_taken, subject_dropped) = checked_subject(request)?;
    taken.extend(subject_taken);
    dropped.extend(subject_dropped);
    let common_name = match &request.subject {
        Some(typed) => typed.values(&crate::model::AttributeType::common_name()).last().map(ToString::to_string),
        None => request.csr.subject.common_name().map(ToString::to_string),
    };
    let identity = identity(request.profile, &names, common_name.as_deref(), spiffe).ok_or_else(|| {
        let what = match request.profile {
            Profile::Workload => "no SPIFFE ID: give one with `--spiffe`",
            Profile::Client => "no common name: give one with `--subject`",
            _ => "no DNS name and no IP address: give one with `--dns` or `--ip`",
        };
        refuse(format!("a {} needs a name, and it has {what}", request.profile))
    })?;
    dropped_rest(request, &mut dropped);
    let mut leaf = LeafRequest::new(request.profile, &identity)?;
    leaf.names = names;
    leaf.subject = subject;
    leaf.purposes.clone_from(&request.purposes);
    leaf.key = LeafKey::Foreign(request.csr.public_key.clone());
    (leaf.not_before, leaf.end) = (request.not_before, request.end);
    (leaf.issuer, leaf.name) = (request.issuer.clone(), request.name.clone());
    (leaf.again, leaf.delivery) = (request.again, request.delivery.clone());
    Ok(Translated { leaf, taken, dropped })
}

type Subjects = (Option<Subject>, Vec<Wished>, Vec<Wished>);

/// The subject of the certificate, what was taken of the CSR's, and what was not.
pub(super) fn checked_subject(request: &SignRequest) -> Result<Subjects, Error> {
    let refuse = |problem: String| Error::Csr { path: request.source.clone(), problem };
    let wish = &request.csr.subject;
    let text = wish.subject.to_string();
    let wished = |text: &str| vec![Wished { kind: "subject", value: text.into() }];
    if request.subject.is_some() || request.profile == Profile::Workload || wish.der.is_empty() {
        let dropped = if wish.der.is_empty() { Vec::new() } else { wished(&text) };
        return Ok((request.subject.clone(), Vec::new(), dropped));
    }
    // Through its text, so that every rule for what is typed holds for it too.
    let checked = text.parse::<Subject>().map_err(|e| refuse(format!("its subject cannot be certified: {e}")))?;
    Ok((Some(checked), wished(&text), Vec::new()))
}

/// Extensions but for names, and attributes: none of them is taken.
pub(super) fn dropped_rest(request: &SignRequest, dropped: &mut Vec<Wished>) {
    for extension in request.csr.extensions.iter().filter(|e| e.oid.arcs() != oid::SUBJECT_ALT_NAME) {
        dropped.push(Wished { kind: "extension", value: extension_name(&extension.oid) });
    }
    for attribute in &request.csr.other_attributes {
        dropped.push(Wished { kind: "attribute", value: attribute_name(attribute) });
    }
}

/// The standard's name of an extension (RFC 5280 4.2), else its OID.
fn extension_name(id: &Oid) -> String {
    const NAMES: [(&[u64], &str); 9] = [
        (oid::BASIC_CONSTRAINTS, "basicConstraints"),
        (oid::KEY_USAGE, "keyUsage"),
        (oid::EXTENDED_KEY_USAGE, "extKeyUsage"),
        (oid::SUBJECT_KEY_ID, "subjectKeyIdentifier"),
        (oid::AUTHORITY_KEY_ID, "authorityKeyIdentifier"),
        (oid::NAME_CONSTRAINTS, "nameConstraints"),
        (oid::CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
        (oid::CERTIFICATE_POLICIES, "certificatePolicies"),
        (oid::AUTHORITY_INFO_ACCESS, "authorityInfoAccess"),
    ];
    let known = NAMES.iter().find(|n| n.0 == id.arcs());
    known.map_or_else(|| id.to_string(), |n| n.1.into())
}

/// The standard's name of an attribute (RFC 2985 5), else its OID.
fn attribute_name(id: &Oid) -> String {
    match id.arcs() {
        [1, 2, 840, 113_549, 1, 9, 7] => "challengePassword".into(),
        [1, 2, 840, 113_549, 1, 9, 2] => "unstructuredName".into(),
        _ => id.to_string(),
    }
}

/// A wished name, if the profile expects names of its type; an error when it is of an expected type and no such name.
fn expected(name: &GeneralName, profile: Profile, spiffe: Option<&SpiffeId>) -> Result<Option<San>, String> {
    let read = |san: Result<San, crate::model::ModelError>| san.map(Some).map_err(|e| e.to_string());
    match name {
        GeneralName::Dns(text) => read(text.parse().map(San::Dns)),
        GeneralName::Ip(octets) if profile != Profile::Workload => {
            read(super::view::ip_text(octets).parse().map(San::Ip))
        }
        GeneralName::Email(text) if profile == Profile::Client => read(text.parse().map(San::Email)),
        GeneralName::Uri(text) if profile == Profile::Workload => match San::uri(text) {
            Ok(San::Spiffe(id)) => Ok(Some(San::Spiffe(id))),
            Ok(_) => Ok(None),
            Err(e) => Err(e.to_string()),
        },
        GeneralName::Uri(text) => Ok(spiffe.filter(|id| id.as_str() == text).map(|id| San::Spiffe(id.clone()))),
        _ => Ok(None),
    }
}

/// The NAME that the verb of the profile would have been given.
fn identity(profile: Profile, names: &[San], common_name: Option<&str>, spiffe: Option<&SpiffeId>) -> Option<String> {
    match profile {
        Profile::Workload => {
            let first = names.iter().find_map(|n| if let San::Spiffe(id) = n { Some(id) } else { None });
            spiffe.or(first).map(ToString::to_string)
        }
        Profile::Client => common_name.map(ToString::to_string),
        // Requests of old tools name a server by its common name alone; a certificate does so no more (RFC 9525 2).
        _ => {
            let first = names.iter().find(|n| matches!(n, San::Dns(_) | San::Ip(_)));
            let name = first.map(ToString::to_string);
            name.or_else(|| common_name.filter(|n| names.is_empty() && San::host(n).is_ok()).map(ToString::to_string))
        }
    }
}
