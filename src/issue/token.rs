use super::second::{self, SecondVerifier};
use super::{IssueError, Issuer, Warning};
use crate::judge;
use crate::keys::Approved;
use crate::x509::{Certificate, Crl, TbsCrl, assemble_certificate, read_certificate};

mod sealed {
    pub trait Sealed {}
}

/// A body that can be signed. Only this library has such bodies.
pub trait SignableBody: sealed::Sealed + Sized {
    /// What signing makes of it.
    type Output;

    #[doc(hidden)]
    fn bytes(&self) -> &[u8];

    #[doc(hidden)]
    fn finish(self, issuer: &Issuer, signature: &[u8]) -> Result<Self::Output, IssueError>;
}

/// The to-be-signed part of a certificate that passed rehearsal.
#[derive(Debug)]
pub struct CertificateBody {
    tbs: Vec<u8>,
    second_verifier: SecondVerifier,
}

impl CertificateBody {
    pub(super) fn new(tbs: Vec<u8>, second_verifier: SecondVerifier) -> Self {
        CertificateBody { tbs, second_verifier }
    }
}

/// The to-be-signed part of a CRL that passed rehearsal.
#[derive(Debug)]
pub struct CrlBody {
    tbs: TbsCrl,
}

impl CrlBody {
    pub(super) fn new(tbs: TbsCrl) -> Self {
        CrlBody { tbs }
    }
}

/// Proof that a body was rehearsed by this issuer. Signing consumes it; nothing else can be signed.
///
/// It carries its issuer, so another one cannot sign it:
///
/// ```compile_fail,E0061
/// # use rootlet::issue::{CertificateBody, Issuer, Linted};
/// fn with_another(token: Linted<'_, CertificateBody>, another: &Issuer) {
///     let _ = token.sign(another); // takes no issuer
/// }
/// ```
///
/// It cannot be forged, because its fields are private and there is no constructor:
///
/// ```compile_fail,E0451
/// # use rootlet::issue::{CrlBody, Issuer, Linted};
/// fn forge(issuer: &Issuer, body: CrlBody) -> Linted<'_, CrlBody> {
///     Linted { issuer, body, warnings: Vec::new() }
/// }
/// ```
///
/// A CRL's token is not a certificate's:
///
/// ```compile_fail,E0308
/// # use rootlet::issue::{CertificateBody, CrlBody, Linted};
/// fn confuse(token: Linted<'_, CrlBody>) -> Linted<'_, CertificateBody> {
///     token
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is issued until it is signed"]
pub struct Linted<'i, B: SignableBody> {
    issuer: &'i Issuer,
    body: B,
    warnings: Vec<Warning>,
}

impl<'i, B: SignableBody> Linted<'i, B> {
    pub(super) fn new(issuer: &'i Issuer, body: B, warnings: Vec<Warning>) -> Self {
        Linted { issuer, body, warnings }
    }

    /// What the lints warn of.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Signs exactly the rehearsed bytes, reads the result back and lets a second verifier judge it.
    ///
    /// # Errors
    /// [`IssueError::Key`], and [`IssueError::SecondVerifier`] or [`IssueError::NotAsRehearsed`] when the result is not
    /// good: it is then lost, and must not be released.
    pub fn sign(self) -> Result<Signed<B>, IssueError> {
        let signature = self.issuer.signer().sign(Approved::after_rehearsal(self.body.bytes()))?;
        let output = self.body.finish(self.issuer, &signature)?;
        Ok(Signed { output, warnings: self.warnings })
    }
}

/// As long as some signature.
const NO_SIGNATURE: [u8; 64] = [0; 64];

impl Linted<'_, CertificateBody> {
    /// The certificate as it would be, with a signature that nobody made and nobody accepts: to rehearse what is below a CA
    /// that does not exist yet.
    ///
    /// # Errors
    /// [`IssueError`] when it could not be read back.
    pub(crate) fn unsigned(self) -> Result<Certificate, IssueError> {
        let algorithm = self.issuer.signature_algorithm();
        Ok(read_certificate(&assemble_certificate(&self.body.tbs, algorithm, &NO_SIGNATURE))?)
    }
}

/// What was rehearsed, signed and judged.
#[derive(Debug)]
pub struct Signed<B: SignableBody> {
    output: B::Output,
    warnings: Vec<Warning>,
}

impl<B: SignableBody> Signed<B> {
    /// What the lints warned of.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The result.
    pub fn into_output(self) -> B::Output {
        self.output
    }
}

impl Signed<CertificateBody> {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.output.0
    }

    /// Who judged it besides ourselves.
    pub fn second_verifier(&self) -> SecondVerifier {
        self.output.1
    }
}

impl Signed<CrlBody> {
    /// The CRL.
    pub fn crl(&self) -> &Crl {
        &self.output
    }
}

impl sealed::Sealed for CertificateBody {}

impl SignableBody for CertificateBody {
    type Output = (Certificate, SecondVerifier);

    fn bytes(&self) -> &[u8] {
        &self.tbs
    }

    fn finish(self, issuer: &Issuer, signature: &[u8]) -> Result<Self::Output, IssueError> {
        let der = assemble_certificate(&self.tbs, issuer.signature_algorithm(), signature);
        let certificate = read_certificate(&der)?;
        if certificate.der != self.tbs[..] || certificate.outer_algorithm() != certificate.signature_algorithm {
            return Err(IssueError::NotAsRehearsed);
        }
        let chain: Vec<&Certificate> = std::iter::once(&certificate).chain(issuer.chain()).collect();
        second::verify(self.second_verifier, &certificate, issuer.certificate())?;
        if self.second_verifier != SecondVerifier::RustlsWebpki {
            judge::check_chain(&chain, certificate.not_before)?;
        }
        Ok((certificate, self.second_verifier))
    }
}

impl sealed::Sealed for CrlBody {}

impl SignableBody for CrlBody {
    type Output = Crl;

    fn bytes(&self) -> &[u8] {
        self.tbs.as_bytes()
    }

    fn finish(self, issuer: &Issuer, signature: &[u8]) -> Result<Crl, IssueError> {
        let own = issuer.certificate().ok_or(IssueError::NotAsRehearsed)?;
        // The very bytes that were judged: they moved into the CRL.
        let crl = Crl::read(self.tbs.assemble(signature))?;
        if crl.inner_algorithm != crl.outer_algorithm {
            return Err(IssueError::NotAsRehearsed);
        }
        second::verify_crl(&crl, own)?;
        Ok(crl)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CertificateDraft, CrlDraft, End, Wish, choose_dates};
    use super::*;
    use crate::keys::{KeyError, PrivateKey, Signer, SoftwareSigner, key_identifier};
    use crate::model::{KeyAlgorithm, NameConstraints, Profile, SanSet, Serial, Timestamp};
    use crate::policy::rules;
    use crate::x509::NameDer;

    /// A signer with a fault: it says that it has one key, and signs with another.
    struct Faulty {
        said: SoftwareSigner,
        used: SoftwareSigner,
    }

    impl Signer for Faulty {
        fn algorithm(&self) -> KeyAlgorithm {
            self.said.algorithm()
        }

        fn public_key(&self) -> &[u8] {
            self.said.public_key()
        }

        fn sign(&self, approved: Approved<'_>) -> Result<Vec<u8>, KeyError> {
            self.used.sign(approved)
        }
    }

    fn signer(key: &PrivateKey) -> SoftwareSigner {
        let pem = key.to_pem();
        SoftwareSigner::new(PrivateKey::from_pem(&pem).unwrap()).unwrap()
    }

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyAlgorithm::P256).unwrap()
    }

    fn draft(profile: Profile, key: &PrivateKey, issuer: &Issuer, now: Timestamp) -> CertificateDraft {
        let rules = rules(profile);
        let outer = issuer.certificate().and_then(|c| c.validity()).map(|v| ("its issuer", v));
        let wish = Wish { not_before: None, end: End::Default(rules.lifetime) };
        CertificateDraft {
            profile,
            serial: Serial::from_random([profile as u8 + 1; 16]),
            validity: choose_dates(wish, outer, now).unwrap().validity,
            subject: NameDer::of(&format!("CN={profile}").parse().unwrap()),
            public_key: key.public_key().to_vec(),
            subject_key_id: key_identifier(key.public_key()).unwrap(),
            path_len: rules.default_path_len,
            key_usage: rules.key_usage(key.algorithm()),
            extended_key_usage: if profile.is_ca() { Vec::new() } else { rules.purposes() },
            names: SanSet::default(),
            name_constraints: NameConstraints::default(),
            crl_urls: Vec::new(),
            issuer_urls: Vec::new(),
            ocsp_urls: Vec::new(),
        }
    }

    /// What a key made that is not the issuer's is never handed out, whatever the signer says.
    #[test]
    fn a_wrong_signature_is_not_released() {
        let (root_key, leaf_key, now) = (key(), key(), "2030-01-01".parse().unwrap());
        let newborn = Issuer::for_root(Box::new(signer(&root_key))).unwrap();
        let root = newborn.rehearse(draft(Profile::Root, &root_key, &newborn, now)).unwrap().sign().unwrap();
        let root = root.certificate().clone();
        let faulty = |used: &PrivateKey| {
            let signer = Faulty { said: signer(&root_key), used: signer(used) };
            Issuer::new(vec![root.clone()], Box::new(signer), now).unwrap()
        };
        let crl = || CrlDraft { number: 1, this_update: now, next_update: now.plus(86_400) };
        for profile in [Profile::Client, Profile::Intermediate] {
            let sound = faulty(&root_key);
            assert!(sound.rehearse(draft(profile, &leaf_key, &sound, now)).unwrap().sign().is_ok());
            let faulty = faulty(&leaf_key);
            let error = faulty.rehearse(draft(profile, &leaf_key, &faulty, now)).unwrap().sign().unwrap_err();
            assert_eq!(error.code(), "second-verifier", "{error}");
            assert!(error.to_string().contains("is not released"), "{error}");
            assert!(error.hints()[0].contains("fault of rootlet"));
            let error = faulty.rehearse_crl(crl(), Default::default()).unwrap().sign().unwrap_err();
            assert_eq!(error.code(), "second-verifier", "{error}");
        }
        assert!(faulty(&root_key).rehearse_crl(crl(), Default::default()).unwrap().sign().is_ok());
    }
}
