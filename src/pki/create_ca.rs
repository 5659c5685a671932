use super::authority::{Ca, Cas};
use super::config::Urls;
use super::folder::Place;
use super::leaf::{
    check_gain, check_holder, names_of, new_certificate, purposes_of, read, renewed_key, sorted, still_issuing,
};
use super::material::ca_files;
use super::release::Pending;
use super::state::{Again, Decision, Outcome, decide};
use super::{Config, Difference, Error, Pki};
use crate::disk::exists;
use crate::issue::{CertificateBody, CertificateDraft, End, Issuer, Signed, Warning};
use crate::keys::{PrivateKey, SoftwareSigner, key_identifier, random_serial, sha256};
use crate::model::{
    ExtendedKeyUsage, Handle, Identity, KeyAlgorithm, Lifetime, NameConstraints, Profile, San, SanSet, SpiffeId,
    Subject, Timestamp,
};
use crate::policy::rules;
use crate::store::{AuthorityId, CrlRecord, NewAuthority, NewCertificate, Record};
use crate::x509::{Certificate, Crl, NameDer, ReadSubtree, public_key_kind};
use std::path::Path;
use zeroize::Zeroizing;

const ATTEMPTS: usize = 8;
/// How long the first CRL is good for: of a CA that can sign leaves only, and of any other.
const FIRST_CRL_LEAVES: Lifetime = Lifetime::days(30);
const FIRST_CRL_CAS: Lifetime = Lifetime::days(365);

/// A CA that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
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
            not_before: None,
            end: None,
            issuer: None,
            name: None,
            path_len: None,
            constraints: NameConstraints::default(),
            urls: Urls::default(),
            again: Again::default(),
        })
    }

    /// Everything about the request that can be wrong without looking at a PKI.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Model`].
    pub fn check(&self) -> Result<(), Error> {
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
            None => Subject::common_name(&self.display_name, organization).map_err(|problem| {
                crate::model::ModelError::Subject { value: self.display_name.clone(), problem }.into()
            }),
        }
    }

    fn path_len(&self) -> Option<u8> {
        self.path_len.or(rules(self.profile).default_path_len)
    }

    fn names(&self) -> Result<SanSet, Error> {
        Ok(SanSet::new(self.spiffe.clone().map(San::Spiffe))?)
    }
}

struct Wanted<'r> {
    request: &'r CaRequest,
    handle: Handle,
    identity: Identity,
    subject: Subject,
    names: SanSet,
}

impl<'r> Wanted<'r> {
    fn new(request: &'r CaRequest, config: &Config) -> Result<Self, Error> {
        request.check()?;
        Ok(Wanted {
            handle: request.name.clone().unwrap_or_else(|| Pki::handle_of(&request.display_name)),
            identity: Identity::Authority(request.display_name.clone()),
            subject: request.subject(config.organization())?,
            names: request.names()?,
            request,
        })
    }

    fn differences(&self, record: &Record, issuer: Option<&Handle>, urls: &Urls) -> Result<Vec<Difference>, Error> {
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

struct Found {
    cas: Cas,
    current: Option<Record>,
    /// The newest generation, when the CA exists.
    existing: Option<Ca>,
    decision: Decision,
    issuer: Option<AuthorityId>,
}

struct Made {
    signed: Signed<CertificateBody>,
    /// The CA ready to sign its first CRL, when it is valid now.
    crl: Option<Crl>,
    key_pem: Zeroizing<Vec<u8>>,
    /// The CA itself first, the root last.
    chain: Vec<Certificate>,
    warnings: Vec<Warning>,
}

impl Pki {
    /// Creates a root CA, and the PKI folder where there is none. Nothing is written before the root is signed.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released.
    pub fn root_ca(folder: &Path, request: &CaRequest) -> Result<(Pki, Outcome), Error> {
        request.check()?;
        if !Self::exists(folder) {
            // A rehearsal beside the folder: what would be refused is refused before the folder exists.
            Self::check_free(folder)?;
            let place = Place::unborn(folder);
            let wanted = Wanted::new(request, &place.config)?;
            if request.profile == Profile::Root {
                place.make_root(&wanted, KeyAlgorithm::P256, None)?;
            }
        }
        let mut pki = Self::open_or_create(folder)?;
        let outcome = pki.ca(request)?;
        Ok((pki, outcome))
    }

    /// Creates a CA, or leaves alone or renews what exists, as the request says.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released.
    pub fn ca(&mut self, request: &CaRequest) -> Result<Outcome, Error> {
        let wanted = Wanted::new(request, &self.place.config)?;
        self.recover()?;
        for _ in 0..ATTEMPTS {
            let found = self.look_for_ca(&wanted)?;
            if let (Decision::Keep { due }, Some(record)) = (&found.decision, &found.current) {
                let mut warnings = Vec::new();
                if *due {
                    let text = format!(
                        "`{}` ends {} and is due: renew it with --renew-within",
                        record.handle, record.not_after
                    );
                    warnings.push(Warning::new("due", text));
                }
                let certificate = self.view_of(record.id)?;
                return Ok(Outcome {
                    action: "unchanged",
                    certificate,
                    warnings,
                    second_verifier: None,
                    delivered: Vec::new(),
                });
            }
            let made = self.place.make_ca(&wanted, &found, &*self.store.begin(crate::store::Access::Read)?)?;
            if let Some(outcome) = self.record_ca(&wanted, &found, made)? {
                return Ok(outcome);
            }
        }
        Err(Error::Store(crate::store::StoreError::Busy { waited_seconds: 0 }))
    }

    fn look_for_ca(&mut self, wanted: &Wanted<'_>) -> Result<Found, Error> {
        let (place, request) = (&self.place, wanted.request);
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let holder = check_holder(&*transaction, &wanted.handle, &wanted.identity, request.profile)?;
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        let cas = Cas::load(&*transaction)?;
        let named = match &request.issuer {
            Some(name) => Some(place.named_ca(&cas, name)?),
            None => None,
        };
        let urls = place.config.urls(&wanted.handle);
        let decision = decide(current.as_ref(), request.again, place.now(), false, |record| {
            wanted.differences(record, named.map(Ca::handle), &urls)
        })?;
        let subject = NameDer::of(&wanted.subject);
        let same_subject = |c: &&Ca| c.handle() != &wanted.handle && c.certificate.subject.der == subject;
        if let Some(other) = cas.iter().find(same_subject) {
            return Err(Error::SubjectTaken { handle: other.handle().clone(), subject: wanted.subject.to_string() });
        }
        let folder = place.ca_folder(&wanted.handle);
        if current.is_none() && exists(&folder) {
            return Err(Error::UnknownFolder { path: folder });
        }
        let issuer = match (&decision, request.profile, &current) {
            (Decision::Keep { .. }, _, _) | (_, Profile::Root, _) => None,
            (_, _, _) if named.is_some() => named.map(Ca::id),
            (Decision::Renew, _, Some(record)) => cas.named(&record.issuer_handle).map(Ca::id),
            _ => Some(place.choose_ca_issuer(&cas, None)?.id()),
        };
        if issuer.is_some_and(|i| cas.by_id(i).is_some_and(|c| *c.handle() == wanted.handle)) {
            let problem = "a CA cannot issue itself".to_string();
            return Err(Error::IssuerUnusable { issuer: wanted.handle.to_string(), problem, hint: None });
        }
        Ok(Found { existing: cas.named(&wanted.handle).cloned(), cas, current, decision, issuer })
    }

    /// `None` when another command overtook this one.
    fn record_ca(&mut self, wanted: &Wanted<'_>, found: &Found, made: Made) -> Result<Option<Outcome>, Error> {
        let Pki { place, store } = self;
        let renewing = found.decision == Decision::Renew;
        let action = match found.decision {
            Decision::Issue { action } => action,
            _ => "renewed",
        };
        let certificate = made.signed.certificate().clone();
        let second_verifier = Some(made.signed.second_verifier());
        let files = ca_files(&made.key_pem, &made.chain, made.crl.as_ref());
        let serial = certificate.serial.as_ref().map(ToString::to_string).unwrap_or_default();
        let pending = Pending::create(place, &serial)?;
        let mut configured = None;
        let recorded = (|| {
            if let Some(existing) = &found.existing
                && !renewing
            {
                let name = format!("gen-{}", existing.authority.generation);
                pending.add_earlier(place, &name, &place.ca_folder(&wanted.handle))?;
            }
            pending.fill(place, &files)?;
            let transaction = store.begin(crate::store::Access::Write)?;
            let holder = transaction.holder(&wanted.handle)?;
            let same_issuer = match found.issuer {
                Some(id) => still_issuing(&*transaction, &found.cas, id)?,
                None => true,
            };
            let unchanged = holder.as_ref().map(|h| h.current) == found.current.as_ref().map(|r| r.id);
            let others = transaction.authorities()?.len() == found.cas.iter().count();
            if !unchanged || !same_issuer || !others {
                return Ok(None);
            }
            let authority = match (&found.existing, renewing) {
                (Some(existing), true) => existing.id(),
                (existing, _) => {
                    let generation = existing.as_ref().map_or(1, |e| e.authority.generation + 1);
                    transaction.add_authority(&NewAuthority { handle: wanted.handle.clone(), generation })?
                }
            };
            let issuer = found.issuer.unwrap_or(authority);
            let profile = wanted.request.profile;
            let new = new_certificate(issuer, &wanted.handle, &wanted.identity, profile, &certificate, place.now())?;
            let predecessor = found.current.as_ref().map(|r| r.id);
            let new = NewCertificate { authority: Some(authority), predecessor, ..new };
            if transaction.is_barred(&new.spki_sha256)? {
                return Err(Error::KeyBarred { handle: wanted.handle.clone() });
            }
            let id = transaction.record(&new)?;
            if let (Some(crl), false) = (&made.crl, renewing) {
                transaction.record_crl(&crl_record(authority, crl))?;
            }
            transaction.set_public_stale(true)?;
            transaction.note(place.now(), action, Some(&wanted.handle), &serial)?;
            if !wanted.request.urls.is_empty() {
                let path = place.root.join(super::config::FILE);
                configured = Some((path.clone(), crate::disk::read_optional(&path, 1 << 20)?));
                Config::keep_urls(&place.root, &place.disk, &wanted.handle, &wanted.request.urls)?;
            }
            transaction.commit()?;
            Ok(Some(id))
        })();
        let id = match recorded {
            Ok(Some(id)) => id,
            other => {
                pending.abandon(place);
                if let Some((path, Some(old))) = configured {
                    place.disk.replace(&path, &old, crate::disk::Access::Public)?;
                }
                return other.map(|_| None);
            }
        };
        pending.release(place, &place.ca_folder(&wanted.handle))?;
        place.config = Config::load(&place.root)?;
        self.publish()?;
        let certificate = self.view_of(id)?;
        Ok(Some(Outcome { action, certificate, warnings: made.warnings, second_verifier, delivered: Vec::new() }))
    }
}

fn crl_record(issuer: AuthorityId, crl: &Crl) -> CrlRecord {
    CrlRecord {
        issuer,
        number: crl.number_u64().unwrap_or(0),
        this_update: crl.this_update,
        next_update: crl.next_update.unwrap_or(crl.this_update),
        entries: 0,
        last_event: 0,
        sha256: sha256(crl.der()),
    }
}

impl Place {
    fn make_ca(
        &self,
        wanted: &Wanted<'_>,
        found: &Found,
        transaction: &dyn crate::store::Transaction,
    ) -> Result<Made, Error> {
        let request = wanted.request;
        let fail = || Error::issue(&request.display_name);
        let algorithm = request.key.unwrap_or_else(|| self.config.key(request.profile));
        let Some(id) = found.issuer else {
            return match (&found.decision, &found.current) {
                (Decision::Renew, Some(record)) => self.make_root(wanted, algorithm, Some((record, found))),
                _ => self.make_root(wanted, algorithm, None),
            };
        };
        let issuer = self.issuer(&found.cas, id)?;
        let (dates, lifetime) = self.dates(request.profile, request.not_before, request.end, &issuer).map_err(fail())?;
        let key = match (&found.decision, &found.current) {
            (Decision::Renew, Some(record)) => {
                check_gain(record, dates.validity.not_after(), lifetime, &issuer, &found.cas, id, self.now())?;
                renewed_key(&self.ca_folder(&wanted.handle).join("key.pem"), record)?
            }
            _ => PrivateKey::generate(algorithm).map_err(|e| fail()(e.into()))?,
        };
        let recorded = transaction.key_identifier(&sha256(key.public_key()))?.filter(|id| !id.is_empty());
        let urls = found.cas.by_id(id).map(|c| self.config.urls(c.handle())).unwrap_or_default();
        let draft = draft(wanted, &key, recorded, dates.validity, urls)?;
        let key_pem = key.to_pem();
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        let mut warnings = dates.warnings;
        warnings.extend(signed.warnings().iter().cloned());
        let mut chain = vec![signed.certificate().clone()];
        chain.extend(issuer.chain().iter().cloned());
        let crl = match found.decision {
            Decision::Renew => super::crl::read_crl(&self.ca_folder(&wanted.handle).join("crl.pem"))?,
            _ => {
                let signer = SoftwareSigner::new(key).map_err(|e| fail()(e.into()))?;
                let own = Issuer::new(chain.clone(), Box::new(signer), self.now());
                self.first_crl(wanted, own.ok(), &mut warnings)?
            }
        };
        Ok(Made { signed, crl, key_pem, chain, warnings })
    }

    fn make_root(
        &self,
        wanted: &Wanted<'_>,
        algorithm: KeyAlgorithm,
        renewal: Option<(&Record, &Found)>,
    ) -> Result<Made, Error> {
        let request = wanted.request;
        let fail = || Error::issue(&request.display_name);
        let key = match renewal {
            Some((record, _)) => renewed_key(&self.ca_folder(&wanted.handle).join("key.pem"), record)?,
            None => PrivateKey::generate(algorithm).map_err(|e| fail()(e.into()))?,
        };
        // A renewed root keeps the key identifier that everything below it points to.
        let before = renewal.map(|(record, _)| read(record)).transpose()?.and_then(|c| c.subject_key_id.clone());
        let key_pem = key.to_pem();
        let signer = SoftwareSigner::new(key).map_err(|e| fail()(e.into()))?;
        let key = crate::keys::Signer::public_key(&signer).to_vec();
        let root_algorithm = crate::keys::Signer::algorithm(&signer);
        let issuer = Issuer::for_root(Box::new(signer)).map_err(fail())?;
        let (dates, _) = self.dates(request.profile, request.not_before, request.end, &issuer).map_err(fail())?;
        let draft = draft_of(wanted, &key, root_algorithm, before, dates.validity, Urls::default())?;
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        let mut warnings = dates.warnings;
        warnings.extend(signed.warnings().iter().cloned());
        let chain = vec![signed.certificate().clone()];
        let crl = match renewal {
            Some(_) => super::crl::read_crl(&self.ca_folder(&wanted.handle).join("crl.pem"))?,
            None => {
                let own = issuer.crowned(signed.certificate().clone(), self.now());
                self.first_crl(wanted, own.ok(), &mut warnings)?
            }
        };
        Ok(Made { signed, crl, key_pem, chain, warnings })
    }

    /// The empty CRL that every CA gets at birth, unless it is not valid now.
    fn first_crl(
        &self,
        wanted: &Wanted<'_>,
        own: Option<Issuer>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Crl>, Error> {
        let Some((issuer, own)) = own.as_ref().and_then(|i| i.certificate().map(|c| (i, c))) else {
            let text = format!("`{}` is not valid now and has no CRL yet: run `rootlet crl` when it is", wanted.handle);
            warnings.push(Warning::new("no-crl", text));
            return Ok(None);
        };
        let lifetime = if wanted.request.path_len() == Some(0) { FIRST_CRL_LEAVES } else { FIRST_CRL_CAS };
        let on_disk = super::crl::read_crl(&self.ca_folder(&wanted.handle).join("crl.pem")).ok().flatten();
        let draft = super::crl::next_crl_of(own, None, on_disk.and_then(|c| c.number_u64()), &[], lifetime, self.now());
        let signed = issuer.rehearse_crl(draft, std::iter::empty()).and_then(|linted| linted.sign());
        Ok(Some(signed.map_err(Error::issue(format!("the CRL of {}", wanted.handle)))?.into_output()))
    }
}

fn draft(
    wanted: &Wanted<'_>,
    key: &PrivateKey,
    key_id: Option<Vec<u8>>,
    validity: crate::model::Validity,
    urls: Urls,
) -> Result<CertificateDraft, Error> {
    draft_of(wanted, key.public_key(), key.algorithm(), key_id, validity, urls)
}

fn draft_of(
    wanted: &Wanted<'_>,
    public_key: &[u8],
    algorithm: KeyAlgorithm,
    key_id: Option<Vec<u8>>,
    validity: crate::model::Validity,
    urls: Urls,
) -> Result<CertificateDraft, Error> {
    let request = wanted.request;
    let fail = || Error::issue(&request.display_name);
    Ok(CertificateDraft {
        profile: request.profile,
        serial: random_serial().map_err(|e| fail()(e.into()))?,
        validity,
        subject: NameDer::of(&wanted.subject),
        public_key: public_key.to_vec(),
        subject_key_id: match key_id {
            Some(id) => id,
            None => key_identifier(public_key).map_err(|e| fail()(e.into()))?,
        },
        path_len: request.path_len(),
        key_usage: rules(request.profile).key_usage(algorithm),
        extended_key_usage: request.purposes.clone(),
        names: wanted.names.clone(),
        name_constraints: request.constraints.clone(),
        crl_urls: urls.crl,
        issuer_urls: urls.issuer,
        ocsp_urls: urls.ocsp,
    })
}
