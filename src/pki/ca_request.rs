use super::config::Urls;
use super::issuing::{names_of, purposes_of, read, sorted};
use super::state::Again;
use super::view::hex;
use super::{Config, CustodyError, Difference, Error, KeyFile, Pki};
use crate::issue::End;
use crate::keys::sha256;
use crate::model::{
    ExtendedKeyUsage, Handle, Identity, KeyAlgorithm, ModelError, NameConstraints, Profile, San, SanSet, SpiffeId,
    Subject, Timestamp,
};
use crate::policy::rules;
use crate::store::Record;
use crate::x509::{Certificate, NameDer, ReadSubtree, public_key_kind};
use std::sync::Arc;

/// A CA that somebody wants.
#[derive(Debug, Clone)]
pub struct CaRequest {
    /// root or intermediate.
    pub profile: Profile,
    /// Its NAME, which becomes the common name.
    pub display_name: String,
    /// A subject instead of `CN=NAME`.
    pub subject: Option<Subject>,
    /// Purposes that everything below is limited to; intermediates only.
    pub purposes: Vec<ExtendedKeyUsage>,
    /// The trust domain that it signs for.
    pub spiffe: Option<SpiffeId>,
    /// A key algorithm instead of the default.
    pub key: Option<KeyAlgorithm>,
    /// Its key, when it has one already.
    pub key_file: Option<Arc<KeyFile>>,
    /// Its public key (SubjectPublicKeyInfo in DER), when the key itself is somebody else's: then there is no `key.pem`, and
    /// its CRL is theirs to sign.
    pub foreign_key: Option<Vec<u8>>,
    /// Whether `key.pem` is encrypted, with the new passphrase of the PKI's [`super::SecretSource`].
    pub encrypt_key: bool,
    /// A start instead of now.
    pub not_before: Option<Timestamp>,
    /// An end instead of the profile's lifetime.
    pub end: Option<End>,
    /// The CA that is to issue it, by handle or name; intermediates only.
    pub issuer: Option<String>,
    /// A handle instead of the one derived from NAME.
    pub name: Option<Handle>,
    /// How many CAs may follow below; the profile's default when nobody said.
    pub path_len: Option<u8>,
    /// What it may name.
    pub constraints: NameConstraints,
    /// Where it publishes; kept in `rootlet.toml`.
    pub urls: Urls,
    /// What to do when it exists; [`Again::Force`] is refused.
    pub again: Again,
    /// The id of the manifest that declares it: kept when it is created.
    pub manifest: Option<String>,
}

impl CaRequest {
    /// A CA with everything but its NAME left to the profile and the configuration.
    ///
    /// # Errors
    /// [`Error::Usage`] for a profile of leaves or an empty NAME, [`Error::Model`] for a NAME that no subject can hold.
    pub fn new(profile: Profile, name: &str) -> Result<Self, Error> {
        if !profile.is_ca() {
            return Err(Error::usage(format!("a {profile} is not a CA"), format!("use `rootlet {profile}`")));
        }
        if name.trim().is_empty() {
            return Err(Error::usage("NAME is empty", "give the CA a name, as \"Internal CA\""));
        }
        Ok(CaRequest {
            profile,
            display_name: name.trim().into(),
            subject: None,
            purposes: Vec::new(),
            spiffe: None,
            key: None,
            key_file: None,
            foreign_key: None,
            encrypt_key: false,
            not_before: None,
            end: None,
            issuer: None,
            name: None,
            path_len: None,
            constraints: NameConstraints::default(),
            urls: Urls::default(),
            again: Again::default(),
            manifest: None,
        })
    }

    /// Everything about the request that can be wrong without looking at a PKI.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Model`].
    pub fn check(&self) -> Result<(), Error> {
        if self.key.is_some() && self.key_file.is_some() {
            return Err(Error::usage("a key that is given has its algorithm", "leave --key or --key-file away"));
        }
        if let Some(file) = self.key_file.as_ref().filter(|f| self.encrypt_key && f.is_encrypted()) {
            return Err(CustodyError::EncryptedAlready { path: file.path().into() }.into());
        }
        if self.again == Again::Force {
            return Err(Error::usage("a CA is never replaced by force", "create a new one beside it"));
        }
        if self.profile == Profile::Root {
            if self.issuer.is_some() {
                return Err(Error::usage("a root has no issuer", "use `rootlet intermediate` with --issuer"));
            }
            if !self.purposes.is_empty() {
                return Err(Error::usage("a root has no extended key usage", "put --eku on an intermediate"));
            }
        }
        if self.subject.as_ref().is_some_and(Subject::is_empty) {
            return Err(Error::usage("a CA's subject cannot be empty", "write it as CN=Internal CA,O=Example"));
        }
        self.subject(None)?;
        Ok(())
    }

    fn subject(&self, organization: Option<&str>) -> Result<Subject, Error> {
        match &self.subject {
            Some(subject) => Ok(subject.clone()),
            None => Subject::common_name(&self.display_name, organization)
                .map_err(|problem| ModelError::Subject { value: self.display_name.clone(), problem }.into()),
        }
    }

    /// The public key, where it is known before anything is made.
    pub(super) fn given_key(&self) -> Option<&[u8]> {
        self.key_file.as_ref().map(|f| f.public_key()).or(self.foreign_key.as_deref())
    }

    pub(super) fn path_len(&self) -> Option<u8> {
        self.path_len.or(rules(self.profile).default_path_len)
    }

    fn names(&self) -> Result<SanSet, Error> {
        Ok(SanSet::new(self.spiffe.clone().map(San::Spiffe))?)
    }
}

/// A request with nothing left open but the issuer, the key and the dates.
pub(super) struct Wanted<'r> {
    pub request: &'r CaRequest,
    pub handle: Handle,
    pub identity: Identity,
    pub subject: Subject,
    pub names: SanSet,
}

impl<'r> Wanted<'r> {
    pub fn new(request: &'r CaRequest, config: &Config) -> Result<Self, Error> {
        request.check()?;
        Ok(Wanted {
            handle: request.name.clone().unwrap_or_else(|| Pki::handle_of(&request.display_name)),
            identity: Identity::Authority(request.display_name.clone()),
            subject: request.subject(config.organization())?,
            names: request.names()?,
            request,
        })
    }

    pub fn differences(&self, record: &Record, issuer: Option<&Handle>, urls: &Urls) -> Result<Vec<Difference>, Error> {
        let (is, request) = (read(record)?, self.request);
        let mut all = Vec::new();
        let mut compare = |field, is: String, wished: String| {
            if is != wished {
                all.push(Difference { field, is, wished });
            }
        };
        compare("profile", record.profile.to_string(), request.profile.to_string());
        if let Some(issuer) = issuer {
            compare("issuer", record.issuer_handle.to_string(), issuer.to_string());
        }
        if is.subject.der != NameDer::of(&self.subject) {
            compare("subject", is.subject.subject.to_string(), self.subject.to_string());
        }
        compare("names", names_of(&is), sorted(self.names.iter().map(|n| format!("{}:{n}", n.kind()))));
        compare("eku", purposes_of(&is), sorted(request.purposes.iter().map(ToString::to_string)));
        if let Some(key) = request.key {
            compare(
                "key",
                public_key_kind(&is.public_key).map_or_else(|e| e.to_string(), |k| k.to_string()),
                key.to_string(),
            );
        }
        if let Some(public_key) = request.given_key() {
            compare("public-key", hex(&sha256(&is.public_key)), hex(&sha256(public_key)));
        }
        let shown = |n: Option<u32>| n.map_or_else(|| "none".to_string(), |n| n.to_string());
        compare(
            "path_len",
            shown(is.basic_constraints.and_then(|b| b.path_len)),
            shown(request.path_len().map(u32::from)),
        );
        let (permitted, excluded) = constraints_of(&is);
        compare("permit", permitted, sorted(request.constraints.permitted.iter().map(ToString::to_string)));
        compare("exclude", excluded, sorted(request.constraints.excluded.iter().map(ToString::to_string)));
        if !request.urls.is_empty() {
            compare("urls", format!("{:?}", urls), format!("{:?}", request.urls));
        }
        Ok(all)
    }
}

fn constraints_of(certificate: &Certificate) -> (String, String) {
    let one = |s: &ReadSubtree| match s {
        ReadSubtree::Dns(n) => format!("dns:{n}"),
        ReadSubtree::Email(n) => format!("email:{n}"),
        ReadSubtree::Uri(n) => format!("uri:{n}"),
        ReadSubtree::Directory(n) => format!("dn:{n}"),
        ReadSubtree::Other(kind) => (*kind).to_string(),
        ReadSubtree::Ip(octets) => {
            let (address, mask) = octets.split_at(octets.len() / 2);
            let prefix: u32 = mask.iter().map(|b| b.count_ones()).sum();
            format!("ip:{}/{prefix}", super::view::ip_text(address))
        }
    };
    let Some(c) = &certificate.name_constraints else { return (String::new(), String::new()) };
    (sorted(c.permitted.iter().map(one)), sorted(c.excluded.iter().map(one)))
}
