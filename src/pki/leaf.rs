use super::authority::{Cas, read_key};
use super::deliver;
use super::folder::Place;
use super::material::{OutFile, leaf_files};
use super::release::Pending;
use super::state::{Again, Decision, Outcome, decide};
use super::view::CertificateView;
use super::{Difference, Error, Pki};
use crate::disk::{Access, exists};
use crate::issue::{CertificateBody, CertificateDraft, End, Issuer, Signed, Warning, Wish, choose_dates};
use crate::keys::{PrivateKey, key_identifier, random_serial, sha256};
use crate::model::{
    DnsName, ExtendedKeyUsage, Handle, Identity, KeyAlgorithm, NameConstraints, Profile, San, SanSet, SpiffeId,
    Subject, Timestamp,
};
use crate::policy::rules;
use crate::store::{AuthorityId, CertificateId, Delivery, Holder, NewCertificate, Record, Transaction};
use crate::x509::{Certificate, NameDer, PublicKeyKind, public_key_kind, read_certificate};
use std::path::PathBuf;

/// The longest common name (RFC 5280 appendix A, ub-common-name).
const MAX_COMMON_NAME: usize = 64;
/// How often a command that another one overtook starts again.
const ATTEMPTS: usize = 8;
/// A renewal must gain at least this part of the lifetime.
const GAIN_FRACTION: i64 = 3;

/// A leaf that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A key algorithm instead of the default.
    pub key: Option<KeyAlgorithm>,
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
                    .map_err(|problem| crate::model::ModelError::Subject { value: name.into(), problem })?;
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
        Ok(LeafRequest {
            profile,
            identity,
            subject: None,
            names: Vec::new(),
            purposes: Vec::new(),
            key: None,
            not_before: None,
            end: None,
            issuer: None,
            name: None,
            again: Again::default(),
            delivery: None,
        })
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
            if self.subject.is_some() {
                return Err(Error::usage(
                    "a workload's subject is empty: its SPIFFE ID names it",
                    "leave --subject away",
                ));
            }
            if let Some(other) = self.names.iter().find(|n| !matches!(n, San::Dns(_) | San::Spiffe(_))) {
                let message = format!("a workload has one SPIFFE ID and DNS names, not the {} `{other}`", other.kind());
                return Err(Error::usage(message, "use `rootlet peer` with --spiffe for other names"));
            }
        }
        self.names()?;
        Ok(())
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
                .map_err(|problem| crate::model::ModelError::Subject { value: cn.into(), problem }.into()),
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

/// A request with nothing left open but the issuer, the key and the dates.
struct Wanted<'r> {
    request: &'r LeafRequest,
    handle: Handle,
    subject: Subject,
    names: SanSet,
    purposes: Vec<ExtendedKeyUsage>,
    warnings: Vec<Warning>,
}

impl<'r> Wanted<'r> {
    fn new(request: &'r LeafRequest, place: &Place) -> Result<Self, Error> {
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

    fn differences(&self, record: &Record, issuer: Option<&Handle>) -> Result<Vec<Difference>, Error> {
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
        if let Some(key) = self.request.key {
            compare(
                "key",
                public_key_kind(&is.public_key).map_or_else(|e| e.to_string(), |k| k.to_string()),
                key.to_string(),
            );
        }
        Ok(all)
    }
}

pub(super) fn sorted(texts: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = texts.collect();
    all.sort();
    all.join(" ")
}

pub(super) fn names_of(certificate: &Certificate) -> String {
    use crate::x509::GeneralName as G;
    sorted(certificate.names.iter().flatten().map(|n| match n {
        G::Dns(n) => format!("dns:{n}"),
        G::Ip(o) => format!("ip:{}", super::view::ip_text(o)),
        G::Email(n) => format!("email:{n}"),
        G::Uri(n) => format!("uri:{n}"),
        G::Directory(n) => format!("dn:{}", n.subject),
        G::Other(kind) => (*kind).to_string(),
    }))
}

pub(super) fn purposes_of(certificate: &Certificate) -> String {
    sorted(certificate.extended_key_usage.iter().flatten().map(ToString::to_string))
}

/// The certificate of a record.
pub(super) fn read(record: &Record) -> Result<Certificate, Error> {
    read_certificate(&record.der)
        .map_err(|e| Error::Internal(format!("the recorded certificate of `{}` cannot be read: {e}", record.handle)))
}

/// Refuses a handle that another identity has.
pub(super) fn check_holder(
    transaction: &dyn Transaction,
    handle: &Handle,
    identity: &Identity,
    profile: Profile,
) -> Result<Option<Holder>, Error> {
    let Some(holder) = transaction.holder(handle)? else { return Ok(None) };
    if holder.identity == identity.key() {
        return Ok(Some(holder));
    }
    let mut free = format!("{handle}-{profile}");
    for n in 2..100 {
        match free.parse::<Handle>() {
            Ok(h) if transaction.holder(&h)?.is_some() => free = format!("{handle}-{profile}-{n}"),
            _ => break,
        }
    }
    let shown = holder.identity.split_once(':').map_or(holder.identity.as_str(), |(_, name)| name).to_string();
    Err(Error::NameTaken { handle: handle.clone(), profile: holder.profile, holder: shown, free })
}

/// What was found before anything was made.
struct Found {
    cas: Cas,
    current: Option<Record>,
    decision: Decision,
    issuer: Option<AuthorityId>,
    deliveries: Vec<Delivery>,
}

/// What was made and waits to be recorded.
struct Made {
    signed: Signed<CertificateBody>,
    issuer: AuthorityId,
    key_pem: zeroize::Zeroizing<Vec<u8>>,
    chain: Vec<Certificate>,
    warnings: Vec<Warning>,
}

impl Pki {
    /// Issues a leaf, or leaves alone what exists, as the request says.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released, except for [`Error::Delivery`].
    pub fn leaf(&mut self, request: &LeafRequest) -> Result<Outcome, Error> {
        let wanted = Wanted::new(request, &self.place)?;
        self.recover()?;
        for _ in 0..ATTEMPTS {
            let found = self.look(&wanted)?;
            if let Decision::Keep { due } = found.decision {
                return self.keep(&wanted, &found, due);
            }
            let made = self.make(&wanted, &found)?;
            let issuer = made.issuer;
            if let Some(mut outcome) = self.record_leaf(&wanted, &found, made)? {
                if let Err(e) = self.refresh_crl(&found.cas, issuer) {
                    let text = format!("the CRL of the issuer is past half of its life and could not be renewed: {e}");
                    outcome.warnings.push(Warning::new("crl-stale", text));
                }
                return Ok(outcome);
            }
        }
        Err(Error::Store(crate::store::StoreError::Busy { waited_seconds: 0 }))
    }

    fn look(&mut self, wanted: &Wanted<'_>) -> Result<Found, Error> {
        let (place, request) = (&self.place, wanted.request);
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let holder = check_holder(&*transaction, &wanted.handle, &request.identity, request.profile)?;
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        let cas = Cas::load(&*transaction)?;
        // An issuer that nobody named now stays the one that issued: a PKI that grew must not make a re-run differ.
        let named = match &request.issuer {
            Some(name) => Some(place.named_ca(&cas, name)?),
            None => None,
        };
        let decision = decide(current.as_ref(), request.again, place.now(), true, |record| {
            wanted.differences(record, named.map(super::authority::Ca::handle))
        })?;
        let issuer = match (&decision, named, &current) {
            (Decision::Keep { .. }, _, _) => None,
            (_, Some(ca), _) => Some(ca.id()),
            (Decision::Renew, None, Some(record)) => Some(active_generation(&cas, record)?),
            _ => Some(place.choose_leaf_issuer(&cas, None)?.id()),
        };
        if let Some(delivery) = &request.delivery {
            deliver::check(&*transaction, &wanted.handle, delivery)?;
        }
        let folder = place.leaf_folder(&wanted.handle);
        if current.is_none() && exists(&folder) {
            return Err(Error::UnknownFolder { path: folder });
        }
        let mut deliveries = transaction.deliveries(&wanted.handle)?;
        if let Some(new) = &request.delivery {
            deliveries.retain(|d| d.folder != new.folder);
            deliveries.push(new.clone());
        }
        Ok(Found { cas, current, decision, issuer, deliveries })
    }

    fn make(&mut self, wanted: &Wanted<'_>, found: &Found) -> Result<Made, Error> {
        let (place, request) = (&self.place, wanted.request);
        let fail = || Error::issue(&request.identity);
        let id = found.issuer.ok_or_else(|| Error::Internal("no issuer was chosen".into()))?;
        let issuer = place.issuer(&found.cas, id)?;
        let mut warnings = wanted.warnings.clone();
        let (dates, lifetime) =
            place.dates(request.profile, request.not_before, request.end, &issuer).map_err(fail())?;
        warnings.extend(dates.warnings);
        let key = match (&found.decision, &found.current) {
            (Decision::Renew, Some(record)) => {
                check_gain(record, dates.validity.not_after(), lifetime, &issuer, &found.cas, id, place.now())?;
                same_key(place, record)?
            }
            (_, current) => {
                let before = current.as_ref().and_then(|r| key_of(r).ok());
                let algorithm = request.key.or(before).unwrap_or_else(|| place.config.key(request.profile));
                PrivateKey::generate(algorithm).map_err(|e| fail()(e.into()))?
            }
        };
        let recorded = self.store.begin(crate::store::Access::Read)?.key_identifier(&sha256(key.public_key()))?;
        let subject_key_id = match recorded.filter(|id| !id.is_empty()) {
            Some(id) => id,
            None => key_identifier(key.public_key()).map_err(|e| fail()(e.into()))?,
        };
        let ca_handle = found.cas.by_id(id).map(|c| c.handle().clone());
        let urls = ca_handle.map(|h| place.config.urls(&h)).unwrap_or_default();
        let draft = CertificateDraft {
            profile: request.profile,
            serial: random_serial().map_err(|e| fail()(e.into()))?,
            validity: dates.validity,
            subject: NameDer::of(&wanted.subject),
            public_key: key.public_key().to_vec(),
            subject_key_id,
            path_len: None,
            key_usage: rules(request.profile).key_usage(key.algorithm()),
            extended_key_usage: wanted.purposes.clone(),
            names: wanted.names.clone(),
            name_constraints: NameConstraints::default(),
            crl_urls: urls.crl,
            issuer_urls: urls.issuer,
            ocsp_urls: urls.ocsp,
        };
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        warnings.extend(signed.warnings().iter().cloned());
        Ok(Made { key_pem: key.to_pem(), issuer: id, chain: issuer.chain().to_vec(), signed, warnings })
    }

    /// `None` when another command overtook this one, and the state has to be looked at again.
    fn record_leaf(&mut self, wanted: &Wanted<'_>, found: &Found, made: Made) -> Result<Option<Outcome>, Error> {
        let Pki { place, store } = self;
        let request = wanted.request;
        let certificate = made.signed.certificate().clone();
        let second_verifier = Some(made.signed.second_verifier());
        let files = leaf_files(&certificate, &made.key_pem, &made.chain);
        let action = match found.decision {
            Decision::Issue { action } => action,
            _ => "renewed",
        };
        let new = new_certificate(
            made.issuer,
            &wanted.handle,
            &request.identity,
            request.profile,
            &certificate,
            place.now(),
        )?;
        let new = NewCertificate { predecessor: found.current.as_ref().map(|r| r.id), ..new };
        let pending = Pending::create(place, &new.serial.to_string())?;
        let recorded = (|| {
            pending.fill(place, &files)?;
            let transaction = store.begin(crate::store::Access::Write)?;
            let now_current = transaction.holder(&wanted.handle)?;
            if let Some(h) = &now_current
                && h.identity != request.identity.key()
            {
                return Ok(None);
            }
            if now_current.map(|h| h.current) != found.current.as_ref().map(|r| r.id)
                || !still_issuing(&*transaction, &found.cas, made.issuer)?
            {
                return Ok(None);
            }
            if transaction.is_barred(&new.spki_sha256)? {
                return Err(Error::KeyBarred { handle: wanted.handle.clone() });
            }
            let id = transaction.record(&new)?;
            if let Some(delivery) = &request.delivery {
                transaction.remember_delivery(&wanted.handle, delivery)?;
            }
            transaction.note(place.now(), action, Some(&wanted.handle), &new.serial.to_string())?;
            transaction.commit()?;
            Ok(Some(id))
        })();
        let id = match recorded {
            Ok(Some(id)) => id,
            Ok(None) => {
                pending.abandon(place);
                return Ok(None);
            }
            Err(e) => {
                pending.abandon(place);
                return Err(e);
            }
        };
        pending.release(place, &place.leaf_folder(&wanted.handle))?;
        let delivered = deliver::deliver(place, &wanted.handle, &found.deliveries, &files)?;
        let certificate = self.view_of(id)?;
        Ok(Some(Outcome { action, certificate, warnings: made.warnings, second_verifier, delivered }))
    }

    fn keep(&mut self, wanted: &Wanted<'_>, found: &Found, due: bool) -> Result<Outcome, Error> {
        let record = found.current.as_ref().ok_or_else(|| Error::Internal("nothing to keep".into()))?;
        let mut warnings = Vec::new();
        if due {
            let text =
                format!("`{}` ends {} and is due: renew it with --renew-within", record.handle, record.not_after);
            warnings.push(Warning::new("due", text));
        }
        let mut delivered = Vec::new();
        if let Some(delivery) = &wanted.request.delivery {
            let files = existing_files(&self.place, &record.handle)?;
            let current = |f: &OutFile| std::fs::read(delivery.folder.join(f.name)).is_ok_and(|b| b == *f.bytes);
            if !files.iter().all(current) {
                let transaction = self.store.begin(crate::store::Access::Write)?;
                transaction.remember_delivery(&record.handle, delivery)?;
                transaction.commit()?;
                delivered = deliver::deliver(&self.place, &record.handle, std::slice::from_ref(delivery), &files)?;
            }
        }
        let certificate = self.view_of(record.id)?;
        Ok(Outcome { action: "unchanged", certificate, warnings, second_verifier: None, delivered })
    }

    /// The view of a recorded certificate.
    pub(super) fn view_of(&mut self, id: CertificateId) -> Result<CertificateView, Error> {
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let record =
            transaction.certificate(id)?.ok_or_else(|| Error::Internal("a certificate that is gone".into()))?;
        view_record(&self.place, &*transaction, &record)
    }
}

/// The view of a record.
pub(super) fn view_record(
    place: &Place,
    transaction: &dyn Transaction,
    record: &Record,
) -> Result<CertificateView, Error> {
    let predecessor = record.predecessor.map(|p| transaction.certificate(p)).transpose()?.flatten();
    Ok(CertificateView::new(place, record, &read(record)?, predecessor.map(|p| p.serial.to_string())))
}

impl Place {
    /// The dates of a certificate, and the lifetime that was meant.
    pub(super) fn dates(
        &self,
        profile: Profile,
        not_before: Option<Timestamp>,
        end: Option<End>,
        issuer: &Issuer,
    ) -> Result<(crate::issue::Dates, i64), crate::issue::IssueError> {
        let default = self.config.lifetime(profile);
        let wish = Wish { not_before, end: end.unwrap_or(End::Default(default)) };
        let outer = issuer.certificate().and_then(|c| c.validity().map(|v| (c.subject.subject.to_string(), v)));
        let dates = choose_dates(wish, outer.as_ref().map(|(n, v)| (n.as_str(), *v)), self.now())?;
        let lifetime = match end {
            Some(End::Lifetime(l) | End::Default(l)) => l.seconds(),
            Some(End::At(_)) => 0,
            None => default.seconds(),
        };
        Ok((dates, lifetime))
    }
}

fn existing_files(place: &Place, handle: &Handle) -> Result<Vec<OutFile>, Error> {
    let folder = place.leaf_folder(handle);
    let mut files = Vec::new();
    for name in ["cert.pem", "key.pem", "chain.pem", "fullchain.pem", "ca.pem"] {
        if let Some(bytes) = crate::disk::read_optional(&folder.join(name), super::authority::MAX_KEY_BYTES)? {
            let access = if name == "key.pem" { Access::Private } else { Access::Public };
            files.push(OutFile { name, bytes: zeroize::Zeroizing::new(bytes), access });
        }
    }
    Ok(files)
}

fn active_generation(cas: &Cas, record: &Record) -> Result<AuthorityId, Error> {
    let ca = cas.named(&record.issuer_handle).ok_or_else(|| Error::Internal("an issuer that is gone".into()))?;
    Ok(ca.id())
}

/// Whether every CA of the issuer's chain is as it was, and unrevoked.
pub(super) fn still_issuing(transaction: &dyn Transaction, cas: &Cas, issuer: AuthorityId) -> Result<bool, Error> {
    for ca in cas.chain(issuer) {
        let now = transaction.certificate(ca.authority.certificate.id)?;
        if now.is_none_or(|r| r.revocation.is_some()) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn new_certificate(
    issuer: AuthorityId,
    handle: &Handle,
    identity: &Identity,
    profile: Profile,
    certificate: &Certificate,
    now: Timestamp,
) -> Result<NewCertificate, Error> {
    let serial = certificate.serial.clone().ok_or_else(|| Error::Internal("a certificate without a serial".into()))?;
    Ok(NewCertificate {
        issuer,
        authority: None,
        serial,
        handle: handle.clone(),
        identity: identity.key(),
        profile,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        spki_sha256: sha256(&certificate.public_key),
        subject_key_id: certificate.subject_key_id.clone().unwrap_or_default(),
        predecessor: None,
        recorded_at: now,
        der: certificate.der().to_vec(),
    })
}

fn key_of(record: &Record) -> Result<KeyAlgorithm, Error> {
    match public_key_kind(&read(record)?.public_key) {
        Ok(PublicKeyKind::Known(algorithm)) => Ok(algorithm),
        _ => Err(Error::Internal("a key of an unknown kind".into())),
    }
}

/// The key of a certificate that is renewed: the one in the folder, if it is still the one in the certificate.
fn same_key(place: &Place, record: &Record) -> Result<PrivateKey, Error> {
    let path: PathBuf = place.leaf_folder(&record.handle).join("key.pem");
    renewed_key(&path, record)
}

pub(super) fn renewed_key(path: &std::path::Path, record: &Record) -> Result<PrivateKey, Error> {
    let key = read_key(path)?;
    if sha256(key.public_key()) != record.spki_sha256 {
        let problem = "it is not the key of the certificate that is to be renewed".into();
        return Err(Error::KeyFile { path: path.into(), source: crate::keys::KeyError::Unusable { problem } });
    }
    Ok(key)
}

/// A renewal that ends hardly later than what it renews only hides that the issuer is ending.
pub(super) fn check_gain(
    record: &Record,
    not_after: Timestamp,
    lifetime: i64,
    issuer: &Issuer,
    cas: &Cas,
    id: AuthorityId,
    now: Timestamp,
) -> Result<(), Error> {
    let gained = not_after.since(record.not_after.max(now));
    if let Some(own) = issuer.certificate()
        && not_after == own.not_after
        && gained < lifetime / GAIN_FRACTION
    {
        return Err(Error::NoGain {
            handle: record.handle.clone(),
            issuer: cas.by_id(id).map(|c| c.handle().to_string()).unwrap_or_default(),
            gained: format!("{} days", gained.max(0) / 86_400),
            issuer_not_after: own.not_after,
        });
    }
    Ok(())
}
