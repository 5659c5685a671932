//! What a PKI folder without inventory still holds: certificates, and what they say about who they are.

use super::folder::{CA, CERTS, PENDING};
use super::home::{Combined, owner_of_combined};
use super::pending::is_batch;
use super::{Error, Pki};
use crate::disk::{decode_pem, entries, exists, read_optional};
use crate::issue::Warning;
use crate::model::{ExtendedKeyUsage, Handle, Identity, Profile, San, SpiffeId};
use crate::x509::{Certificate, Csr, GeneralName, NameFacts, X509Error, read_certificate};
use std::collections::HashMap;
use std::path::Path;

/// Certificate files are small.
const MAX_FILE: u64 = 16 << 20;

/// A certificate that was found, and where.
pub(super) struct Piece {
    pub certificate: Certificate,
    /// The folder that it is the current certificate of.
    pub owner: Option<Owner>,
}

#[derive(Clone)]
pub(super) struct Owner {
    pub handle: Handle,
    /// The number of `gen-N`; nothing for the folder itself.
    pub generation: Option<u32>,
    /// Whether a key lies there.
    pub has_key: bool,
}

/// Every certificate below the PKI folder, none twice.
pub(super) fn collect(root: &Path, warnings: &mut Vec<Warning>) -> Result<Vec<Piece>, Error> {
    let mut folders = Vec::new();
    for name in entries(&root.join(CA))? {
        let folder = root.join(CA).join(&name);
        for inner in entries(&folder)? {
            let generation = inner.strip_prefix("gen-").and_then(|n| n.parse().ok());
            if let Some(generation) = generation {
                folders.push((folder.join(inner), name.clone(), Some(generation)));
            }
        }
        folders.push((folder, name, None));
    }
    let mut combined = Vec::new();
    for name in entries(&root.join(CERTS))? {
        let path = root.join(CERTS).join(&name);
        match owner_of_combined(&name).filter(|_| path.is_file()) {
            Some(handle) => combined.push((path, handle)),
            None => folders.push((path, name, None)),
        }
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut add = |der: Vec<u8>, owner: Option<Owner>| {
        if let Some(&at) = known.get(&der) {
            let piece = &mut pieces[at];
            piece.owner = piece.owner.take().or(owner);
        } else if let Ok(certificate) = read_certificate(&der) {
            known.insert(der, pieces.len());
            pieces.push(Piece { certificate, owner });
        } else {
            return false;
        }
        true
    };
    let unreadable =
        |path: &Path| Warning::new("not-salvaged", format!("`{}` has no certificate that can be read", path.display()));
    // Before the folders: where both are, a command died before it had removed the folder, and the file is the newer one.
    for (path, handle) in combined {
        let found = read_optional(&path, MAX_FILE)?.map(zeroize::Zeroizing::new).map(|b| Combined::take_apart(&b));
        let has_key = found.as_ref().is_some_and(|f| f.key.is_some());
        let own = found.and_then(|f| decode_pem(&f.chain).ok()).unwrap_or_default();
        let mut owner = Some(Owner { handle, generation: None, has_key });
        for (at, block) in own.into_iter().enumerate() {
            if !add(block.der, owner.take()) && at == 0 {
                warnings.push(unreadable(&path));
            }
        }
        if owner.is_some() {
            warnings.push(unreadable(&path));
        }
    }
    for (folder, name, generation) in folders {
        let owner =
            name.parse().ok().map(|handle| Owner { handle, generation, has_key: exists(&folder.join("key.pem")) });
        let own = certificates(&folder.join("cert.pem"))?;
        if owner.is_none() || own.len() != 1 || !own.into_iter().all(|der| add(der, owner.clone())) {
            warnings.push(unreadable(&folder));
        }
        for file in ["chain.pem", "ca.pem"] {
            certificates(&folder.join(file))?.into_iter().for_each(|der| {
                add(der, None);
            });
        }
    }
    // Half-done issues: whether they were recorded nobody knows, and what is recorded can be revoked.
    for name in entries(&root.join(PENDING))? {
        let folder = root.join(PENDING).join(&name);
        let mut halves = vec![folder.clone()];
        if is_batch(&name) {
            halves.extend(entries(&folder)?.iter().map(|inner| folder.join(inner)));
        }
        for half in halves {
            let file = if half.is_file() { half } else { half.join("cert.pem") };
            certificates(&file)?.into_iter().for_each(|der| {
                add(der, None);
            });
        }
    }
    Ok(pieces)
}

fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let Some(bytes) = read_optional(path, MAX_FILE)? else { return Ok(Vec::new()) };
    let blocks = decode_pem(&bytes).unwrap_or_default();
    Ok(blocks.into_iter().filter(|b| b.label == "CERTIFICATE").map(|b| b.der).collect())
}

/// What a certificate, or a request for one, says of what it is.
pub(super) struct Said<'a> {
    ca: bool,
    subject: &'a NameFacts,
    names: &'a [GeneralName],
    purposes: Vec<ExtendedKeyUsage>,
}

impl<'a> Said<'a> {
    fn by(certificate: &'a Certificate) -> Self {
        Said {
            ca: certificate.is_ca(),
            subject: &certificate.subject,
            names: certificate.names.as_deref().unwrap_or_default(),
            purposes: certificate.extended_key_usage.clone().unwrap_or_default(),
        }
    }

    /// By a request.
    pub fn by_csr(csr: &'a Csr) -> Result<Self, X509Error> {
        Ok(Said { ca: csr.is_for_a_ca(), subject: &csr.subject, names: &csr.names, purposes: csr.purposes()? })
    }

    /// Whether it is a CA.
    pub fn is_ca(&self) -> bool {
        self.ca
    }

    /// The profile that it fits.
    pub fn profile(&self, self_issued: bool) -> Profile {
        if self.ca {
            return if self_issued { Profile::Root } else { Profile::Intermediate };
        }
        let has = |purpose| self.purposes.contains(&purpose);
        let (server, client) = (has(ExtendedKeyUsage::server_auth()), has(ExtendedKeyUsage::client_auth()));
        let svid = self.names.iter().any(|n| matches!(n, GeneralName::Uri(u) if is_spiffe(u)));
        match (server, client) {
            (true, true) if svid && self.subject.der.is_empty() => Profile::Workload,
            (true, true) => Profile::Peer,
            (true, false) => Profile::Server,
            _ => Profile::Client,
        }
    }

    /// The names that a handle may have been derived from, the likeliest first.
    fn likely_names(&self) -> Vec<String> {
        let san = self.names.iter().filter_map(|n| match n {
            GeneralName::Dns(n) | GeneralName::Uri(n) => Some(n.clone()),
            GeneralName::Ip(octets) => Some(super::view::ip_text(octets)),
            _ => None,
        });
        san.chain(self.subject.common_name().map(ToString::to_string)).collect()
    }

    /// Who has a handle: the name that the handle is derived from, else the first of its kind.
    pub fn identity(&self, profile: Profile, handle: &Handle) -> Identity {
        let common_name = || self.subject.common_name().map_or_else(|| handle.to_string(), ToString::to_string);
        match profile {
            Profile::Root | Profile::Intermediate => Identity::Authority(common_name()),
            Profile::Client => Identity::CommonName(common_name()),
            Profile::Server | Profile::Peer | Profile::Workload => {
                let typed = |name: &String| match profile {
                    Profile::Workload => SpiffeId::workload(name).ok().map(San::Spiffe),
                    _ => San::host(name).ok(),
                };
                let all: Vec<(String, San)> =
                    self.likely_names().into_iter().filter_map(|n| typed(&n).map(|s| (n, s))).collect();
                let derived = all.iter().find(|(name, _)| Pki::handle_of(name) == *handle);
                match derived.or(all.first()) {
                    Some((_, san)) => Identity::Named(san.clone()),
                    None => Identity::CommonName(common_name()),
                }
            }
        }
    }
}

pub(super) fn profile_of(certificate: &Certificate, self_issued: bool) -> Profile {
    Said::by(certificate).profile(self_issued)
}

pub(super) fn identity_of(certificate: &Certificate, profile: Profile, handle: &Handle) -> Identity {
    Said::by(certificate).identity(profile, handle)
}

fn is_spiffe(uri: &str) -> bool {
    uri.starts_with("spiffe://")
}

pub(super) fn name_of(certificate: &Certificate) -> Handle {
    let name = match certificate.is_ca() {
        true => certificate.subject.common_name().map(ToString::to_string),
        false => Said::by(certificate).likely_names().into_iter().next(),
    };
    Pki::handle_of(&name.unwrap_or_else(|| certificate.subject.subject.to_string()))
}
