use super::KeyFile;
use super::folder::Place;
use super::issuing::{names_of, purposes_of, read, sorted};
use super::state::Again;
use super::view::hex;
use super::{Difference, Error, Pki};
use crate::issue::{End, Warning};
use crate::keys::sha256;
use crate::model::{
    DnsName, ExtendedKeyUsage, Handle, Identity, KeyAlgorithm, Layout, ModelError, Profile, San, SanSet, SpiffeId,
    Subject, Timestamp,
};
use crate::policy::rules;
use crate::store::{Delivery, Record};
use crate::x509::{NameDer, public_key_kind};
use std::borrow::Cow;
use std::sync::Arc;

/// The longest common name (RFC 5280 appendix A, ub-common-name).
const MAX_COMMON_NAME: usize = 64;

/// Which key a leaf gets.
#[derive(Debug, Clone)]
pub enum LeafKey {
    /// A new one of this algorithm; when nothing is said, of the one it had, else of the default.
    New(Option<KeyAlgorithm>),
    /// This one. Its file goes into the leaf's folder.
    Given(Arc<KeyFile>),
    /// Somebody else's, of which only the public half is known (SubjectPublicKeyInfo in DER). The leaf has no key file.
    Foreign(Vec<u8>),
}

impl LeafKey {
    /// The public key, where it is known before anything is made.
    pub(super) fn public_key(&self) -> Option<&[u8]> {
        match self {
            LeafKey::New(_) => None,
            LeafKey::Given(file) => Some(file.public_key()),
            LeafKey::Foreign(public_key) => Some(public_key),
        }
    }
}

/// A leaf that somebody wants.
#[derive(Debug, Clone)]
pub struct LeafRequest {
    /// server, client, peer or workload.
    pub profile: Profile,
    /// Its NAME, typed.
    pub identity: Identity,
    /// A subject instead of the profile's.
    pub subject: Option<Subject>,
    /// Names besides NAME.
    pub names: Vec<San>,
    /// Purposes besides the profile's.
    pub purposes: Vec<ExtendedKeyUsage>,
    /// Its key.
    pub key: LeafKey,
    /// A start instead of now.
    pub not_before: Option<Timestamp>,
    /// An end instead of the profile's lifetime.
    pub end: Option<End>,
    /// The CA that is to issue it, by handle or name.
    pub issuer: Option<String>,
    /// A handle instead of the one derived from NAME.
    pub name: Option<Handle>,
    /// What to do when it exists.
    pub again: Again,
    /// Where its files are to be delivered, besides the PKI folder.
    pub delivery: Option<Delivery>,
    /// How its files lie in the PKI folder; as they do, and in a folder where there are none, when nothing is said.
    pub layout: Option<Layout>,
    /// The id of the manifest that declares it: kept when it is created.
    pub manifest: Option<String>,
    /// Whether a manifest declares it: a folder that one asked for before, and that is not that of `delivery`, is forgotten.
    pub declared: bool,
}

impl LeafRequest {
    /// A leaf with everything but its NAME left to the profile and the configuration.
    ///
    /// # Errors
    /// [`Error::Model`] when NAME is not what the profile takes: a DNS name or IP address, a common name, a SPIFFE ID with
    /// a path. [`Error::Usage`] for a profile of CAs.
    pub fn new(profile: Profile, name: &str) -> Result<Self, Error> {
        let identity = match profile {
            Profile::Server | Profile::Peer => Identity::Named(San::host(name)?),
            Profile::Client => {
                if name.chars().count() > MAX_COMMON_NAME {
                    let message = format!("`{name}` is longer than the {MAX_COMMON_NAME} characters of a common name");
                    return Err(Error::usage(
                        message,
                        "shorten NAME and say the rest with --subject, --dns, --email or --uri",
                    ));
                }
                Subject::common_name(name, None)
                    .map_err(|problem| ModelError::Subject { value: name.into(), problem })?;
                Identity::CommonName(name.into())
            }
            Profile::Workload => Identity::Named(San::Spiffe(SpiffeId::workload(name)?)),
            Profile::Root | Profile::Intermediate => {
                return Err(Error::usage(
                    format!("a {profile} is not a leaf"),
                    "use `rootlet root` or `rootlet intermediate`",
                ));
            }
        };
        Ok(LeafRequest::of(profile, identity))
    }

    /// Of an identity that is known; everything else is left open.
    pub(super) fn of(profile: Profile, identity: Identity) -> Self {
        LeafRequest {
            profile,
            identity,
            subject: None,
            names: Vec::new(),
            purposes: Vec::new(),
            key: LeafKey::New(None),
            not_before: None,
            end: None,
            issuer: None,
            name: None,
            again: Again::default(),
            delivery: None,
            layout: None,
            manifest: None,
            declared: false,
        }
    }

    /// The deliveries that the manifest behind it no longer asks for.
    pub(super) fn forgotten<'d>(&self, deliveries: &'d [Delivery]) -> impl Iterator<Item = &'d Delivery> {
        let stays = self.delivery.as_ref().map(|d| d.folder.clone());
        deliveries.iter().filter(move |d| self.declared && d.declared && Some(&d.folder) != stays.as_ref())
    }

    /// Everything about the request that can be wrong without looking at a PKI.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Model`].
    pub fn check(&self) -> Result<(), Error> {
        if let Some(San::Spiffe(id)) = self.names.iter().find(|n| matches!(n, San::Spiffe(_))) {
            SpiffeId::workload(id.as_str())?;
        }
        if self.profile == Profile::Workload {
            check_workload(self.subject.as_ref(), &self.names)?;
        }
        if self.layout == Some(Layout::Combined) {
            self.check_combined()?;
        }
        self.names()?;
        Ok(())
    }

    /// The programs that take a key and its chain in one file cannot be asked for a passphrase.
    fn check_combined(&self) -> Result<(), Error> {
        match &self.key {
            LeafKey::Given(file) if file.is_encrypted() => Err(Error::usage(
                format!(
                    "the key in `{}` is encrypted, and a combined file has its key in the clear",
                    file.path().display()
                ),
                "decrypt it first, or leave the layout at `folder`",
            )),
            LeafKey::Foreign(_) => Err(Error::usage(
                "a combined file needs the key, and that is somebody else's",
                "leave the layout at `folder`",
            )),
            _ => Ok(()),
        }
    }

    fn names(&self) -> Result<SanSet, Error> {
        let own = match &self.identity {
            Identity::Named(san) => Some(san.clone()),
            _ => None,
        };
        Ok(SanSet::new(own.into_iter().chain(self.names.iter().cloned()))?)
    }

    fn subject(&self, organization: Option<&str>) -> Result<Subject, Error> {
        if let Some(subject) = &self.subject {
            return Ok(subject.clone());
        }
        let common_name = match &self.identity {
            Identity::CommonName(name) => Some(name.as_str()),
            Identity::Named(San::Dns(name)) => Some(DnsName::as_str(name)).filter(|n| n.len() <= MAX_COMMON_NAME),
            _ => None,
        };
        match common_name {
            Some(cn) => Subject::common_name(cn, organization)
                .map_err(|problem| ModelError::Subject { value: cn.into(), problem }.into()),
            None => Ok(Subject::default()),
        }
    }

    fn purposes(&self, names: &SanSet) -> Vec<ExtendedKeyUsage> {
        let mut all = rules(self.profile).purposes();
        // An X.509-SVID with any purpose has both (X509-SVID 4.4).
        let svid = [ExtendedKeyUsage::server_auth(), ExtendedKeyUsage::client_auth()];
        let svid = svid.into_iter().filter(|_| names.spiffe_id().is_some());
        for purpose in svid.chain(self.purposes.iter().cloned()) {
            if !all.contains(&purpose) {
                all.push(purpose);
            }
        }
        all
    }
}

/// What may be said of a workload: no subject, and besides its SPIFFE ID only DNS names.
pub(super) fn check_workload(subject: Option<&Subject>, names: &[San]) -> Result<(), Error> {
    if subject.is_some() {
        return Err(Error::usage("a workload's subject is empty: its SPIFFE ID names it", "leave --subject away"));
    }
    if let Some(other) = names.iter().find(|n| !matches!(n, San::Dns(_) | San::Spiffe(_))) {
        let message = format!("a workload has one SPIFFE ID and DNS names, not the {} `{other}`", other.kind());
        return Err(Error::usage(message, "use `rootlet peer` with --spiffe for other names"));
    }
    Ok(())
}

/// A request with nothing left open but the issuer, the key and the dates.
pub(super) struct Wanted<'r> {
    pub request: Cow<'r, LeafRequest>,
    pub handle: Handle,
    pub subject: Subject,
    pub names: SanSet,
    pub purposes: Vec<ExtendedKeyUsage>,
    pub warnings: Vec<Warning>,
}

impl<'r> Wanted<'r> {
    pub fn new(request: Cow<'r, LeafRequest>, place: &Place) -> Result<Self, Error> {
        request.check()?;
        let names = request.names()?;
        let purposes = request.purposes(&names);
        let mut warnings = Vec::new();
        if names.spiffe_id().is_some() && rules(request.profile).purposes().len() < 2 {
            let text = "a certificate with a SPIFFE ID is for both TLS roles: it got serverAuth and clientAuth";
            warnings.push(Warning::new("svid-both-purposes", text));
        }
        Ok(Wanted {
            handle: request.name.clone().unwrap_or_else(|| Pki::handle_of(&request.identity.name())),
            subject: request.subject(place.config.organization())?,
            names,
            purposes,
            warnings,
            request,
        })
    }

    pub fn differences(&self, record: &Record, issuer: Option<&Handle>) -> Result<Vec<Difference>, Error> {
        let is = read(record)?;
        let mut all = Vec::new();
        let mut compare = |field, is: String, wished: String| {
            if is != wished {
                all.push(Difference { field, is, wished });
            }
        };
        compare("profile", record.profile.to_string(), self.request.profile.to_string());
        if let Some(issuer) = issuer {
            compare("issuer", record.issuer_handle.to_string(), issuer.to_string());
        }
        if is.subject.der != NameDer::of(&self.subject) {
            compare("subject", is.subject.subject.to_string(), self.subject.to_string());
        }
        compare("names", names_of(&is), sorted(self.names.iter().map(|n| format!("{}:{n}", n.kind()))));
        compare("eku", purposes_of(&is), sorted(self.purposes.iter().map(ToString::to_string)));
        match &self.request.key {
            LeafKey::New(None) => {}
            LeafKey::New(Some(key)) => compare("key", kind_of(&is.public_key), key.to_string()),
            LeafKey::Given(_) | LeafKey::Foreign(_) => {
                let wished = self.request.key.public_key().unwrap_or_default();
                compare("public-key", hex(&sha256(&is.public_key)), hex(&sha256(wished)));
            }
        }
        Ok(all)
    }
}

fn kind_of(public_key: &[u8]) -> String {
    public_key_kind(public_key).map_or_else(|e| e.to_string(), |k| k.to_string())
}
