//! Signing the CSR of a CA whose key is somebody else's.

use super::ca_request::CaRequest;
use super::sign::{SignOutcome, SignRequest, Wished, checked_subject, dropped_rest};
use super::view::{hex, name_view};
use super::{Error, Pki};
use crate::keys::sha256;
use crate::model::{AttributeType, NameConstraints, Profile, San};

impl Pki {
    /// Issues an intermediate for somebody's key. Its subject is taken, its names are not, and what it may do is what the
    /// profile and `limits` say: path length and name constraints. Its CRL is for its owner to sign and for an import to
    /// bring.
    ///
    /// # Errors
    /// [`Error::Csr`] when its subject cannot be certified, [`super::CustodyError::KeyInUse`] when somebody has the key already, and as
    /// [`Pki::ca`].
    pub fn sign_ca(&mut self, request: &SignRequest, limits: &CaLimits) -> Result<SignOutcome, Error> {
        let refuse = |problem: String| Error::Csr { path: request.source.clone(), problem };
        let (subject, mut taken, mut dropped) = checked_subject(request)?;
        let common_name = subject.as_ref().and_then(|s| s.values(&AttributeType::common_name()).last().copied());
        let name = common_name
            .ok_or_else(|| refuse("a CA needs a name, and it has no common name: give one with `--subject`".into()))?;
        let mut ca = CaRequest::new(Profile::Intermediate, name)?;
        for name in &request.csr.names {
            let view = name_view(name);
            dropped.push(Wished { kind: "name", value: format!("{}:{}", view.kind, view.value) });
        }
        for name in &request.names {
            match name {
                San::Spiffe(id) => ca.spiffe = Some(crate::model::SpiffeId::signer(id.as_str())?),
                other => {
                    let message = format!("a CA has no alternative names, and not the {} `{other}`", other.kind());
                    return Err(Error::usage(message, "only --spiffe with a trust domain"));
                }
            }
        }
        dropped_rest(request, &mut dropped);
        taken.insert(0, Wished { kind: "key", value: hex(&sha256(&request.csr.public_key)) });
        ca.subject = subject;
        ca.foreign_key = Some(request.csr.public_key.clone());
        ca.purposes.clone_from(&request.purposes);
        (ca.not_before, ca.end) = (request.not_before, request.end);
        (ca.issuer, ca.name, ca.again) = (request.issuer.clone(), request.name.clone(), request.again);
        (ca.path_len, ca.constraints) = (limits.path_len, limits.constraints.clone());
        ca.check()?;
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
