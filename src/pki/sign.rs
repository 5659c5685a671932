//! Signing somebody's CSR: its key and its wished names, never its wished powers.

use super::issuing::check_key_is_free;
use super::leaf_request::{LeafKey, LeafRequest};
use super::state::Outcome;
use super::view::{NameView, name_view};
use super::{Again, CustodyError, Error, Pki, ProvenCsr};
use crate::issue::End;
use crate::keys::sha256;
use crate::model::{AttributeType, ExtendedKeyUsage, Handle, Oid, Profile, San, SanSet, SpiffeId, Subject, Timestamp};
use crate::store::Delivery;
use crate::x509::{GeneralName, oid, read_name_to_issue};
use serde::Serialize;

/// What is to be made of a CSR.
#[derive(Debug, Clone)]
pub struct SignRequest {
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
    pub fn new(profile: Profile) -> Self {
        SignRequest {
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

    /// Everything about the request that can be wrong without looking at the CSR or a PKI.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Model`].
    pub fn check(&self) -> Result<(), Error> {
        let names = SanSet::new(self.names.iter().cloned())?;
        if self.profile == Profile::Root {
            return Err(Error::usage("nobody signs a root but itself", "use `--profile intermediate`"));
        }
        if self.profile.is_ca() {
            if let Some(other) = self.names.iter().find(|n| !matches!(n, San::Spiffe(_))) {
                let message = format!("a CA has no alternative names, and not the {} `{other}`", other.kind());
                return Err(Error::usage(message, "only --spiffe with a trust domain"));
            }
            names.spiffe_id().map(|id| SpiffeId::signer(id.as_str())).transpose()?;
            if self.delivery.is_some() || self.again == Again::Force {
                let hint = "its files are in `ca/`; the certificate goes to stdout";
                return Err(Error::usage("a CA is not delivered and not replaced by force", hint));
            }
            if self.subject.as_ref().is_some_and(|s| s.values(&AttributeType::common_name()).is_empty()) {
                return Err(Error::usage("a CA's subject needs a common name", "write it as CN=Team CA,O=Example"));
            }
            return Ok(());
        }
        names.spiffe_id().map(|id| SpiffeId::workload(id.as_str())).transpose()?;
        if self.profile == Profile::Workload {
            super::leaf_request::check_workload(self.subject.as_ref(), &self.names)?;
        }
        Ok(())
    }
}

impl Pki {
    /// Issues a leaf for somebody's key: its subject and names as far as the profile expects them, and nothing else of what
    /// it wishes for.
    ///
    /// # Errors
    /// [`Error::Csr`] when its names or subject cannot be certified, [`super::CustodyError::KeyInUse`] when its key is a CA's, and as
    /// [`Pki::leaf`].
    pub fn sign(&mut self, csr: &ProvenCsr, request: &SignRequest) -> Result<SignOutcome, Error> {
        request.check()?;
        let Translated { leaf, taken, dropped } = translate(csr, request)?;
        self.check_key_elsewhere(csr)?;
        check_key_is_free(&*self.read()?, &csr.csr().public_key, None)?;
        let outcome = self.leaf(&leaf)?;
        Ok(SignOutcome { outcome, taken, dropped })
    }

    /// Refuses to sign what this PKI requested: its key would be here, and the certificate would say that it is not.
    pub(super) fn check_key_elsewhere(&mut self, csr: &ProvenCsr) -> Result<(), Error> {
        let Some(here) = self.read()?.request_with_key(&sha256(&csr.csr().public_key))? else { return Ok(()) };
        let name = here.identity.split_once(':').map_or(here.identity.as_str(), |(_, name)| name);
        let key = self.place.request_folder(&here.handle).join("key.pem");
        let command = format!("rootlet {} '{name}' --key-file {}", here.profile, key.display());
        Err(CustodyError::RequestedHere { handle: here.handle, command }.into())
    }
}

struct Translated {
    leaf: LeafRequest,
    taken: Vec<Wished>,
    dropped: Vec<Wished>,
}

/// What becomes of each wish.
fn translate(csr: &ProvenCsr, request: &SignRequest) -> Result<Translated, Error> {
    let (mut taken, mut dropped) = (vec![wished_key(csr)], vec![]);
    let spiffe = request.names.iter().find_map(|n| if let San::Spiffe(id) = n { Some(id) } else { None });
    let mut names = Vec::new();
    for name in &csr.csr().names {
        match expected(name, request.profile, spiffe).map_err(|problem| csr.refuse(problem))? {
            Some(san) if request.names.is_empty() || request.names.contains(&san) => {
                taken.push(wished_name(name));
                names.push(san);
            }
            _ => dropped.push(wished_name(name)),
        }
    }
    if !request.names.is_empty() {
        names.clone_from(&request.names);
    }
    SanSet::new(names.iter().cloned()).map_err(|e| csr.refuse(e))?;
    let (subject, subject_taken, subject_dropped) = checked_subject(csr, request)?;
    taken.extend(subject_taken);
    dropped.extend(subject_dropped);
    let common_name = subject.as_ref().and_then(|s| s.values(&AttributeType::common_name()).last().copied());
    let identity = identity(request.profile, &names, common_name, spiffe).ok_or_else(|| {
        let what = match request.profile {
            Profile::Workload => "no SPIFFE ID: give one with `--spiffe`",
            Profile::Client => "no common name: give one with `--subject`",
            _ => "no DNS name and no IP address: give one with `--dns` or `--ip`",
        };
        csr.refuse(format!("a {} needs a name, and it has {what}", request.profile))
    })?;
    dropped_rest(csr, &mut dropped);
    let mut leaf = LeafRequest::new(request.profile, &identity).map_err(|e| csr.refuse(e))?;
    leaf.names = names;
    leaf.subject = subject;
    leaf.purposes.clone_from(&request.purposes);
    leaf.key = LeafKey::Foreign(csr.csr().public_key.clone());
    (leaf.not_before, leaf.end) = (request.not_before, request.end);
    (leaf.issuer, leaf.name) = (request.issuer.clone(), request.name.clone());
    (leaf.again, leaf.delivery) = (request.again, request.delivery.clone());
    Ok(Translated { leaf, taken, dropped })
}

/// The key, which is always taken.
pub(super) fn wished_key(csr: &ProvenCsr) -> Wished {
    Wished { kind: "key", value: super::view::hex(&sha256(&csr.csr().public_key)) }
}

/// A name with its type; of some types the type is all that is read.
pub(super) fn wished_name(name: &GeneralName) -> Wished {
    let NameView { kind, value } = name_view(name);
    let value = if value.is_empty() { kind.to_string() } else { format!("{kind}:{value}") };
    Wished { kind: "name", value }
}

type Subjects = (Option<Subject>, Vec<Wished>, Vec<Wished>);

/// The subject of the certificate, what was taken of the CSR's, and what was not.
pub(super) fn checked_subject(csr: &ProvenCsr, request: &SignRequest) -> Result<Subjects, Error> {
    let wish = &csr.csr().subject;
    let wished = |text: String| vec![Wished { kind: "subject", value: text }];
    if request.subject.is_some() || request.profile == Profile::Workload || wish.der.is_empty() {
        let dropped = if wish.der.is_empty() { Vec::new() } else { wished(wish.subject.to_string()) };
        return Ok((request.subject.clone(), Vec::new(), dropped));
    }
    let checked = read_name_to_issue(wish.der.as_bytes())
        .map_err(|e| csr.refuse(format!("its subject `{}` cannot be certified: {e}", wish.subject)))?;
    let taken = wished(checked.to_string());
    Ok((Some(checked), taken, Vec::new()))
}

/// Extensions but for names, and attributes: none of them is taken.
pub(super) fn dropped_rest(csr: &ProvenCsr, dropped: &mut Vec<Wished>) {
    for extension in csr.csr().extensions.iter().filter(|e| e.oid.arcs() != oid::SUBJECT_ALT_NAME) {
        dropped.push(Wished { kind: "extension", value: extension_name(&extension.oid) });
    }
    for attribute in &csr.csr().other_attributes {
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
