//! Signing the CSR of a CA whose key is somebody else's.

use super::ca_request::CaRequest;
use super::sign::{SignOutcome, SignRequest, checked_subject, dropped_rest, wished_key, wished_name};
use super::{Error, Pki, ProvenCsr};
use crate::model::{AttributeType, NameConstraints, Profile, San};
use crate::x509::GeneralName;

impl Pki {
    /// Issues an intermediate for somebody's key. Its subject is taken; of its names a trust domain alone, where it is the
    /// one that `request` has. What it may do is what the profile and `limits` say: path length and name constraints. Its CRL
    /// is for its owner to sign and for an import to bring.
    ///
    /// # Errors
    /// [`Error::Csr`] when its subject cannot be certified, [`super::CustodyError::KeyInUse`] when somebody has the key already, and as
    /// [`Pki::ca`].
    pub fn sign_ca(&mut self, csr: &ProvenCsr, request: &SignRequest, limits: &CaLimits) -> Result<SignOutcome, Error> {
        request.check()?;
        self.check_key_elsewhere(csr)?;
        let (subject, subject_taken, mut dropped) = checked_subject(csr, request)?;
        let common_name = subject.as_ref().and_then(|s| s.values(&AttributeType::common_name()).last().copied());
        let name = common_name
            .ok_or_else(|| csr.refuse("a CA needs a name, and it has no common name: give one with `--subject`"))?;
        let mut ca = CaRequest::new(Profile::Intermediate, name).map_err(|e| csr.refuse(e))?;
        let spiffe = request.names.iter().find_map(|n| if let San::Spiffe(id) = n { Some(id) } else { None });
        let mut taken = vec![wished_key(csr)];
        for name in &csr.csr().names {
            match name {
                GeneralName::Uri(text) if spiffe.is_some_and(|id| id.as_str() == text) => taken.push(wished_name(name)),
                _ => dropped.push(wished_name(name)),
            }
        }
        taken.extend(subject_taken);
        dropped_rest(csr, &mut dropped);
        ca.spiffe = spiffe.cloned();
        ca.subject = subject;
        ca.foreign_key = Some(csr.csr().public_key.clone());
        ca.purposes.clone_from(&request.purposes);
        (ca.not_before, ca.end) = (request.not_before, request.end);
        (ca.issuer, ca.name, ca.again) = (request.issuer.clone(), request.name.clone(), request.again);
        (ca.path_len, ca.constraints) = (limits.path_len, limits.constraints.clone());
        let outcome = self.ca(&ca)?;
        Ok(SignOutcome { outcome, taken, dropped })
    }
}

/// What a CA that is signed from a CSR may do at most.
#[derive(Debug, Clone, Default)]
pub struct CaLimits {
    /// How many CAs may follow below it; the profile's path length when nothing is said.
    pub path_len: Option<u8>,
    /// Names it may certify.
    pub constraints: NameConstraints,
}
