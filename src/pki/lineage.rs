//! The certificates above one that was made elsewhere, from a file and from the inventory, proven link by link.

use super::authority::Cas;
use super::import_error::ImportError;
use crate::judge::Checked;
use crate::keys::{KeyError, verify_signature};
use crate::store::AuthorityId;
use crate::x509::Certificate;

/// Longer chains are no chains that anybody uses.
const MAX_ABOVE: usize = 32;

/// What is above a certificate.
#[derive(Debug)]
pub(super) struct Lineage {
    /// Those that the inventory does not know, the nearest first.
    pub new: Vec<Certificate>,
    /// The nearest one that it knows.
    pub known: Option<AuthorityId>,
    /// All of them, the nearest first and the root last; of a root none.
    pub above: Vec<Certificate>,
}

impl Lineage {
    /// Whether the certificate is its own root.
    pub fn is_of_a_root(&self) -> bool {
        self.above.is_empty()
    }

    /// Finds and proves everything above a certificate: signatures, forms, limits, names; of a CA its own too. Dates are
    /// not looked at.
    ///
    /// A root's own signature proves nothing to those who trust it: where this build cannot check its algorithm, as
    /// SHA-1, the root is taken all the same.
    pub fn find(certificate: &Certificate, given: &[Certificate], cas: &Cas) -> Result<Self, ImportError> {
        let mut lineage = Lineage { new: Vec::new(), known: None, above: Vec::new() };
        let mut at = certificate.clone();
        while !is_self_signed(&at)? {
            let next = if let Some(ca) = cas.iter().find(|c| issued(&c.certificate, &at).is_ok()) {
                lineage.known = Some(ca.id());
                let rest = cas.chain(ca.id());
                lineage.above.extend(rest.into_iter().map(|c| c.certificate.clone()));
                break;
            } else {
                above(&at, given, cas)?
            };
            if lineage.above.len() == MAX_ABOVE || lineage.above.contains(&next) {
                return Err(ImportError::Chain { problem: "it has no end".into() });
            }
            lineage.above.push(next.clone());
            lineage.new.push(next.clone());
            at = next;
        }
        let whole: Vec<&Certificate> = std::iter::once(certificate).chain(&lineage.above).collect();
        let issuers = if certificate.is_ca() { &whole[..] } else { &whole[1..] };
        Checked::with_known_signatures(issuers).map_err(|e| ImportError::Chain { problem: e.to_string() })?;
        Ok(lineage)
    }
}

/// The certificate in the file that issued this one; of several the one that ends last.
fn above(at: &Certificate, given: &[Certificate], cas: &Cas) -> Result<Certificate, ImportError> {
    let named = |c: &&Certificate| c.subject.matches(&at.issuer);
    let issuer = at.issuer.subject.to_string();
    let signed = given.iter().filter(named).filter(|c| issued(c, at).is_ok());
    if let Some(found) = signed.max_by_key(|c| c.not_after) {
        return Ok(found.clone());
    }
    let subject = at.subject.subject.to_string();
    let here = given.iter().find(named).or_else(|| cas.iter().map(|c| &c.certificate).find(named));
    match here.map(|c| issued(c, at)) {
        Some(Err(e)) => {
            Err(ImportError::Chain { problem: format!("`{issuer}` is above `{subject}` by its name, but {e}") })
        }
        _ => Err(ImportError::IssuerMissing { subject, issuer }),
    }
}

/// Whether a certificate is of this CA, by name and signature.
pub(super) fn issued(ca: &Certificate, certificate: &Certificate) -> Result<(), KeyError> {
    if !ca.subject.matches(&certificate.issuer) {
        return Err(KeyError::BadSignature);
    }
    let message = &certificate.facts().der;
    verify_signature(&ca.public_key, certificate.outer_algorithm(), message, certificate.signature())
}

fn is_self_signed(certificate: &Certificate) -> Result<bool, ImportError> {
    if !certificate.is_self_issued() {
        return Ok(false);
    }
    match issued(certificate, certificate) {
        Ok(()) => Ok(true),
        Err(KeyError::BadSignature) => match (&certificate.authority_key_id, &certificate.subject_key_id) {
            // One key of a CA that certifies another one of the same name.
            (Some(above), Some(own)) if above != own => Ok(false),
            _ => {
                let name = &certificate.subject.subject;
                Err(ImportError::Chain { problem: format!("the signature of `{name}` by itself is not good") })
            }
        },
        Err(KeyError::UnsupportedAlgorithm { .. }) => Ok(true),
        Err(e) => Err(ImportError::Chain { problem: e.to_string() }),
    }
}
