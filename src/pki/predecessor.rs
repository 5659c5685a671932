//! What a renewal takes from the certificate that it renews: everything but serial, dates and the issuer's part.

use super::Error;
use super::folder::Place;
use super::issuing::read;
use super::state::life_of;
use crate::issue::{CertificateDraft, Warning};
use crate::keys::{key_identifier, random_serial};
use crate::model::{Cidr, Handle, Lifetime, NameConstraints, Oid, Profile, San, SanSet, Subtree, Validity};
use crate::policy::rules;
use crate::store::{Filter, Record, Transaction};
use crate::x509::{Certificate, GeneralName, ReadSubtree, public_key_kind};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far back a lifetime is looked for that was not cut to its issuer's end.
const LOOKED_BACK: usize = 16;

/// A certificate that is to be renewed, read.
pub(super) struct Predecessor<'r> {
    pub record: &'r Record,
    pub certificate: Certificate,
    names: SanSet,
    constraints: NameConstraints,
    path_len: Option<u8>,
}

/// The key that goes into the renewed certificate.
pub(super) struct RenewedKey {
    /// SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// The key identifier that was first used for it.
    pub id: Option<Vec<u8>>,
}

impl<'r> Predecessor<'r> {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::NotRenewable`] when it says something that this library would not write.
    pub fn new(record: &'r Record) -> Result<Self, Error> {
        let certificate = read(record)?;
        let refuse = |problem| not_renewable(record, problem);
        let names = certificate.names.iter().flatten().map(san).collect::<Result<Vec<_>, _>>().map_err(refuse)?;
        let names = SanSet::new(names).map_err(|e| refuse(e.to_string()))?;
        let subtrees = |all: &[ReadSubtree]| all.iter().map(subtree).collect::<Result<Vec<_>, _>>().map_err(refuse);
        let constraints = match &certificate.name_constraints {
            Some(c) => NameConstraints { permitted: subtrees(&c.permitted)?, excluded: subtrees(&c.excluded)? },
            None => NameConstraints::default(),
        };
        let path_len = certificate.basic_constraints.and_then(|b| b.path_len).map(u8::try_from).transpose();
        let path_len = path_len.map_err(|_| refuse("its path length is above 255".into()))?;
        Ok(Predecessor { record, names, constraints, path_len, certificate })
    }

    /// Its names.
    pub fn names(&self) -> &SanSet {
        &self.names
    }

    /// Its name constraints.
    pub fn constraints(&self) -> &NameConstraints {
        &self.constraints
    }

    /// Its path length.
    pub fn path_len(&self) -> Option<u8> {
        self.path_len
    }

    /// The certificate that follows it, before its issuer puts its own part in.
    pub fn draft(
        &self,
        place: &Place,
        issuer: &Handle,
        validity: Validity,
        key: RenewedKey,
    ) -> Result<CertificateDraft, Error> {
        let fail = || Error::issue(&self.record.handle);
        let profile = self.record.profile;
        let rsa = matches!(public_key_kind(&key.public_key), Ok(k) if k.is_rsa());
        let urls = if profile == Profile::Root { Default::default() } else { place.config.urls(issuer) };
        Ok(CertificateDraft {
            profile,
            serial: random_serial().map_err(|e| fail()(e.into()))?,
            validity,
            subject: self.certificate.subject.der.clone(),
            subject_key_id: match key.id {
                Some(id) => id,
                None => key_identifier(&key.public_key).map_err(|e| fail()(e.into()))?,
            },
            public_key: key.public_key,
            path_len: self.path_len,
            key_usage: rules(profile).key_usage_of(rsa),
            extended_key_usage: self.certificate.extended_key_usage.clone().unwrap_or_default(),
            names: self.names.clone(),
            name_constraints: self.constraints.clone(),
            crl_urls: urls.crl,
            issuer_urls: urls.issuer,
            ocsp_urls: urls.ocsp,
        })
    }

    /// One warning for each extension that it had and its successor has not: it was made elsewhere, or the issuer's
    /// addresses are gone from rootlet.toml.
    pub fn dropped(&self, successor: &Certificate) -> Vec<Warning> {
        let kept: HashSet<&Oid> = successor.extensions.iter().map(|e| &e.oid).collect();
        let dropped = self.certificate.extensions.iter().filter(|e| !kept.contains(&e.oid));
        let text = |oid: &Oid| {
            format!("the new certificate of `{}` has no extension {oid}, and the old one had it", self.record.handle)
        };
        dropped.map(|e| Warning::new("extension-dropped", text(&e.oid))).collect()
    }

    /// How long it was meant to last: its own lifetime, unless that was cut to the end of its issuer. Then that of the
    /// nearest certificate before it that was not cut, else that of its profile.
    pub fn lifetime(&self, place: &Place, transaction: &dyn Transaction) -> Result<Lifetime, Error> {
        let mut one = self.record.clone();
        for _ in 0..LOOKED_BACK {
            if !was_cut(transaction, &one)? {
                return Ok(Lifetime::from_seconds(life_of(&one))?);
            }
            match one.predecessor.map(|p| transaction.certificate(p)).transpose()?.flatten() {
                Some(earlier) => one = earlier,
                None => break,
            }
        }
        Ok(place.config.lifetime(self.record.profile))
    }
}

/// Whether a certificate ends with one of its issuer: nobody means the very second.
fn was_cut(transaction: &dyn Transaction, record: &Record) -> Result<bool, Error> {
    if record.profile == Profile::Root {
        return Ok(false);
    }
    let mut cut = false;
    let filter = Filter { handle: Some(record.issuer_handle.clone()), all_generations: true, ..Filter::default() };
    transaction.walk(&filter, &mut |issuer| {
        cut |= issuer.not_after == record.not_after;
        !cut
    })?;
    Ok(cut)
}

pub(super) fn not_renewable(record: &Record, problem: String) -> Error {
    let hint = format!("issue it again under another handle: `rootlet {} NAME --name HANDLE`", record.profile);
    Error::NotRenewable { handle: record.handle.clone(), problem, hint }
}

fn san(name: &GeneralName) -> Result<San, String> {
    let read = match name {
        GeneralName::Dns(n) => n.parse().map(San::Dns),
        GeneralName::Email(n) => n.parse().map(San::Email),
        GeneralName::Uri(n) => San::uri(n),
        GeneralName::Ip(octets) => super::view::ip_text(octets).parse().map(San::Ip),
        GeneralName::Directory(n) => {
            return Err(format!("its name `dn:{}` is of a type that is not issued here", n.subject));
        }
        GeneralName::Other(other) => {
            return Err(format!("it has a name of the type {}, which is not issued here", other.kind));
        }
    };
    read.map_err(|e| format!("one of its names would not be issued here: {e}"))
}

fn subtree(read: &ReadSubtree) -> Result<Subtree, String> {
    let typed = |text: String| {
        text.parse::<Subtree>().map_err(|e| format!("one of its constraints would not be issued here: {e}"))
    };
    match read {
        ReadSubtree::Dns(n) => typed(format!("dns:{n}")),
        ReadSubtree::Email(n) => typed(format!("email:{n}")),
        ReadSubtree::Uri(n) => typed(format!("uri:{n}")),
        ReadSubtree::Directory(n) => Ok(Subtree::Dn(n.clone())),
        ReadSubtree::Ip(octets) => {
            network(octets).map(Subtree::Ip).ok_or_else(|| "one of its constraints is no network".into())
        }
        ReadSubtree::Other(kind) => Err(format!("it constrains names of the type {kind}, which is not issued here")),
    }
}

/// Address and mask, if the mask is contiguous and no bit stands behind it.
fn network(octets: &[u8]) -> Option<Cidr> {
    let (address, mask) = octets.split_at(octets.len() / 2);
    let prefix: u32 = mask.iter().map(|b| b.count_ones()).sum();
    let address = match address.len() {
        4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?)),
        16 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?)),
        _ => return None,
    };
    Cidr::new(address, u8::try_from(prefix).ok()?).ok().filter(|c| c.octets() == octets)
}
