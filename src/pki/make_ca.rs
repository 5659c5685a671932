//! Making a CA in memory: its key, its certificate, its first CRL. Nothing is written here.

use super::Error;
use super::ca_request::Wanted;
use super::config::Urls;
use super::create_ca::{Found, Made};
use super::folder::Place;
use super::issuing::{check_gain, read, renewed_key};
use super::keyring::is_encrypted;
use super::state::Decision;
use crate::issue::{CertificateDraft, Issuer, Warning};
use crate::keys::{PrivateKey, Signer, SoftwareSigner, key_identifier, random_serial, sha256};
use crate::model::{KeyAlgorithm, Lifetime, Validity};
use crate::policy::rules;
use crate::store::{KeyPlace, Record, Transaction};
use crate::x509::{Crl, CrlEntries, NameDer, public_key_kind};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How long the first CRL is good for: of a CA that can sign leaves only, and of any other.
const FIRST_CRL_LEAVES: Lifetime = Lifetime::days(30);
const FIRST_CRL_CAS: Lifetime = Lifetime::days(365);

impl Place {
    pub(super) fn make_ca(
        &self,
        wanted: &Wanted<'_>,
        found: &Found,
        transaction: &dyn Transaction,
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
        let (public_key, own) = match (&found.decision, &found.current) {
            (Decision::Renew, Some(record)) => {
                check_gain(record, dates.validity.not_after(), lifetime, &issuer, &found.cas, id, self.now())?;
                (self.renewed_public_key(wanted, found, record)?, None)
            }
            _ if request.foreign_key.is_some() => (request.foreign_key.clone().unwrap_or_default(), None),
            _ => {
                let own = self.own_key(wanted, algorithm)?;
                (own.signer.public_key().to_vec(), Some(own))
            }
        };
        let recorded = transaction.key_identifier(&sha256(&public_key))?.filter(|id| !id.is_empty());
        let urls = found.cas.by_id(id).map(|c| self.config.urls(c.handle())).unwrap_or_default();
        let draft = draft(wanted, &public_key, recorded, dates.validity, urls)?;
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        let mut warnings = dates.warnings;
        warnings.extend(signed.warnings().iter().cloned());
        let mut chain = vec![signed.certificate().clone()];
        chain.extend(issuer.chain().iter().cloned());
        let (crl, key_pem) = match own {
            None => (None, Zeroizing::default()),
            Some(own) => {
                let ready = Issuer::new(chain.clone(), Box::new(own.signer), self.now());
                (self.first_crl(wanted, ready.ok(), &mut warnings)?, own.pem)
            }
        };
        Ok(Made { signed, crl, key_pem, chain, warnings })
    }

    pub(super) fn make_root(
        &self,
        wanted: &Wanted<'_>,
        algorithm: KeyAlgorithm,
        renewal: Option<(&Record, &Found)>,
    ) -> Result<Made, Error> {
        let request = wanted.request;
        let fail = || Error::issue(&request.display_name);
        let own = match renewal {
            Some((_, Found { existing: Some(ca), .. })) => {
                OwnKey { signer: self.own_signer(ca)?, pem: Zeroizing::default() }
            }
            _ => self.own_key(wanted, algorithm)?,
        };
        // A renewed root keeps the key identifier that everything below it points to.
        let before = renewal.map(|(record, _)| read(record)).transpose()?.and_then(|c| c.subject_key_id.clone());
        let (key, key_pem) = (own.signer.public_key().to_vec(), own.pem);
        let issuer = Issuer::for_root(Box::new(own.signer)).map_err(fail())?;
        let (dates, _) = self.dates(request.profile, request.not_before, request.end, &issuer).map_err(fail())?;
        let draft = draft(wanted, &key, before, dates.validity, Urls::default())?;
        let signed = issuer.rehearse(draft).and_then(|linted| linted.sign()).map_err(fail())?;
        let mut warnings = dates.warnings;
        warnings.extend(signed.warnings().iter().cloned());
        let chain = vec![signed.certificate().clone()];
        let crl = match renewal {
            Some(_) => None,
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
        let guarded = wanted.request.encrypt_key || wanted.request.key_file.as_ref().is_some_and(|f| f.is_encrypted());
        let signs_leaves = wanted.request.path_len() == Some(0);
        let lifetime = if signs_leaves && !guarded { FIRST_CRL_LEAVES } else { FIRST_CRL_CAS };
        let on_disk = super::crl_file::read_crl(&self.ca_folder(&wanted.handle).join("crl.pem")).ok().flatten();
        let draft =
            super::crl_sign::next_crl_of(own, None, on_disk.and_then(|c| c.number_u64()), None, lifetime, self.now());
        let signed = issuer.rehearse_crl(draft, CrlEntries::default()).and_then(|linted| linted.sign());
        Ok(Some(signed.map_err(Error::issue(format!("the CRL of {}", wanted.handle)))?.into_output()))
    }
}

/// The key of a CA that is made: ready to sign, and what `key.pem` holds of it; nothing when that stays as it is.
struct OwnKey {
    signer: Arc<SoftwareSigner>,
    pem: Zeroizing<Vec<u8>>,
}

impl Place {
    /// The key that was given, or a new one.
    fn own_key(&self, wanted: &Wanted<'_>, algorithm: KeyAlgorithm) -> Result<OwnKey, Error> {
        if let Some(file) = &wanted.request.key_file {
            return Ok(OwnKey { signer: file.signer().clone(), pem: Zeroizing::new(file.pem().expose().to_vec()) });
        }
        let fail = |e: crate::keys::KeyError| Error::issue(&wanted.request.display_name)(e.into());
        let key = PrivateKey::generate(algorithm).map_err(fail)?;
        let pem = key.to_pem();
        Ok(OwnKey { signer: Arc::new(SoftwareSigner::new(key).map_err(fail)?), pem })
    }

    /// The public key of a CA below another one, which is all that its renewal needs. A key file that can be read must
    /// still be its key.
    fn renewed_public_key(&self, wanted: &Wanted<'_>, found: &Found, record: &Record) -> Result<Vec<u8>, Error> {
        let here = found.existing.as_ref().is_none_or(|ca| ca.authority.key_place == KeyPlace::Here);
        let path = self.ca_folder(&wanted.handle).join("key.pem");
        if here && !is_encrypted(&path) {
            let pem = Zeroizing::new(crate::disk::read(&path, super::authority::MAX_KEY_BYTES)?);
            renewed_key(&pem, &path, record)?;
        }
        Ok(read(record)?.public_key.clone())
    }
}

/// A CA before its issuer puts its own part in.
pub(super) fn draft(
    wanted: &Wanted<'_>,
    public_key: &[u8],
    key_id: Option<Vec<u8>>,
    validity: Validity,
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
        key_usage: rules(request.profile).key_usage_of(public_key_kind(public_key).is_ok_and(|k| k.is_rsa())),
        extended_key_usage: request.purposes.clone(),
        names: wanted.names.clone(),
        name_constraints: request.constraints.clone(),
        crl_urls: urls.crl,
        issuer_urls: urls.issuer,
        ocsp_urls: urls.ocsp,
    })
}
