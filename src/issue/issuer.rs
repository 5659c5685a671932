use super::token::{CertificateBody, CrlBody, Linted};
use super::{CertificateDraft, CrlDraft, IssueError, Warning, second};
use crate::judge::Checked;
use crate::keys::{Signer, key_identifier};
use crate::model::{KeyUsage, Timestamp};
use crate::policy::{CrlContext, Finding, LintContext, Severity, lint_certificate, lint_crl};
use crate::x509::{
    Certificate, CertificateFields, CrlEntries, CrlFields, NameDer, SignatureAlgorithm, TbsCrl, encode_certificate,
    read_tbs,
};

/// A CA that can issue: its certificate, everything above it, and a key that is proven to be its own.
pub struct Issuer {
    /// The CA first, its root last, all checked; empty while a root signs itself.
    above: Checked,
    signer: Box<dyn Signer>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.certificate().map_or_else(|| "self".into(), |c| c.subject.subject.to_string());
        write!(f, "Issuer({name}, {}, …)", self.signer.algorithm())
    }
}

impl Issuer {
    /// A CA from its chain, its own certificate first and the root last.
    ///
    /// # Errors
    /// [`IssueError::NotAnIssuer`] when it is no CA, may not sign certificates or the key is not its own (RFC 5280
    /// 4.2.1.3, 4.2.1.9), [`IssueError::IssuerNotValid`] when any of the chain is not valid at `now`,
    /// [`IssueError::Chain`] when the chain itself does not hold.
    pub fn new(chain: Vec<Certificate>, signer: Box<dyn Signer>, now: Timestamp) -> Result<Self, IssueError> {
        let above = Checked::new(&chain.iter().collect::<Vec<_>>())?;
        Self::proven(above, signer, now)
    }

    /// As [`Issuer::new`], for a chain out of the inventory, whose signatures were checked before it was recorded.
    pub(crate) fn from_inventory(
        chain: &[&Certificate],
        signer: Box<dyn Signer>,
        now: Timestamp,
    ) -> Result<Self, IssueError> {
        Self::proven(Checked::with_known_signatures(chain)?, signer, now)
    }

    fn proven(above: Checked, signer: Box<dyn Signer>, now: Timestamp) -> Result<Self, IssueError> {
        let chain = above.issuers();
        let Some(own) = chain.first() else {
            return Err(IssueError::NotAnIssuer { issuer: String::new(), problem: "it has no certificate" });
        };
        let refuse = |problem| IssueError::NotAnIssuer { issuer: own.subject.subject.to_string(), problem };
        if !own.is_ca() {
            return Err(refuse("it is not a CA"));
        }
        if own.key_usage.is_some_and(|u| !u.has(KeyUsage::KEY_CERT_SIGN)) {
            return Err(refuse("its key usage does not allow signing certificates"));
        }
        if own.public_key != signer.public_key() {
            return Err(refuse("the key is not the one in its certificate"));
        }
        for c in chain {
            if now < c.not_before || c.not_after < now {
                return Err(IssueError::IssuerNotValid {
                    issuer: c.subject.subject.to_string(),
                    not_before: c.not_before,
                    not_after: c.not_after,
                });
            }
        }
        Ok(Issuer { above, signer })
    }

    /// A root about to sign its own certificate.
    ///
    /// # Errors
    /// None in practice: there is nothing above it to check.
    pub fn for_root(signer: Box<dyn Signer>) -> Result<Self, IssueError> {
        Ok(Issuer { above: Checked::new(&[])?, signer })
    }

    /// The root after it signed its own certificate.
    ///
    /// # Errors
    /// As [`Issuer::new`].
    pub fn crowned(self, own: Certificate, now: Timestamp) -> Result<Self, IssueError> {
        Self::new(vec![own], self.signer, now)
    }

    /// Its certificate; `None` while a root signs itself.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.above.issuers().first()
    }

    /// Its certificate and those above it, the root last.
    pub fn chain(&self) -> &[Certificate] {
        self.above.issuers()
    }

    pub(super) fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    pub(super) fn signature_algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::of_key(self.signer.algorithm())
    }

    /// Encodes a certificate and judges it without touching the key: every lint, and the whole chain above.
    ///
    /// # Errors
    /// [`IssueError::Lint`] with every error finding, [`IssueError::Chain`] with the first rule of path validation that it
    /// would break (RFC 5280 6.1).
    pub fn rehearse(&self, draft: CertificateDraft) -> Result<Linted<'_, CertificateBody>, IssueError> {
        let own = self.certificate();
        let fields = CertificateFields {
            serial: draft.serial,
            signature_algorithm: self.signature_algorithm(),
            issuer: own.map_or_else(|| draft.subject.clone(), |c| c.subject.der.clone()),
            validity: draft.validity,
            ca: draft.profile.is_ca().then_some(draft.path_len),
            subject: draft.subject,
            public_key: draft.public_key,
            key_usage: draft.key_usage,
            extended_key_usage: draft.extended_key_usage,
            names: draft.names,
            name_constraints: draft.name_constraints,
            authority_key_id: own.map(named_key).transpose()?,
            subject_key_id: draft.subject_key_id,
            crl_urls: draft.crl_urls,
            issuer_urls: draft.issuer_urls,
            ocsp_urls: draft.ocsp_urls,
        };
        let tbs = encode_certificate(&fields)?;
        let facts = read_tbs(&tbs)?;
        let context =
            LintContext { profile: Some(draft.profile), issuer: own.map(|c| c.facts()), ..LintContext::default() };
        let (errors, rest): (Vec<Finding>, Vec<Finding>) =
            lint_certificate(&facts, &context).into_iter().partition(|f| f.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(IssueError::Lint(errors));
        }
        // At the first second of the draft: the issuer's own validity was proven for now, and encloses the draft's.
        let at = fields.validity.not_before();
        self.above.check_draft(&facts, at)?;
        let second_verifier = second::choose(&facts, own);
        let warnings = rest.iter().filter(|f| f.severity == Severity::Warning).map(Warning::from).collect();
        Ok(Linted::new(self, CertificateBody::new(tbs, second_verifier), warnings))
    }

    /// Puts the head of a CRL in front of its entries, each serial once and none revoked after thisUpdate, and judges it.
    ///
    /// # Errors
    /// [`IssueError::NotAnIssuer`] when the CA may not sign CRLs (RFC 5280 6.3.3),
    /// [`IssueError::OutlivesIssuer`] when the CRL would outlive its CA, [`IssueError::Lint`] with every error finding.
    pub fn rehearse_crl(&self, draft: CrlDraft, entries: CrlEntries) -> Result<Linted<'_, CrlBody>, IssueError> {
        let Some(own) = self.certificate() else {
            return Err(IssueError::NotAnIssuer { issuer: "self".into(), problem: "it has no certificate yet" });
        };
        let refuse = |problem| IssueError::NotAnIssuer { issuer: own.subject.subject.to_string(), problem };
        if own.key_usage.is_some_and(|u| !u.has(KeyUsage::CRL_SIGN)) {
            return Err(refuse("its key usage does not allow signing CRLs"));
        }
        let authority_key_id = named_key(own)?;
        if draft.next_update > own.not_after {
            return Err(IssueError::OutlivesIssuer {
                issuer: own.subject.subject.to_string(),
                not_after: draft.next_update,
                issuer_not_after: own.not_after,
            });
        }
        if draft.next_update <= draft.this_update {
            return Err(refuse("its CRL would end before it starts"));
        }
        let fields = CrlFields {
            signature_algorithm: self.signature_algorithm(),
            issuer: NameDer::clone(&own.subject.der),
            this_update: draft.this_update,
            next_update: draft.next_update,
            authority_key_id,
            number: draft.number,
        };
        let crl = TbsCrl::encode(&fields, entries).unsigned_crl()?;
        let crl_context = CrlContext { issuer: Some(own.facts()), ..CrlContext::default() };
        let errors: Vec<Finding> =
            lint_crl(&crl, &crl_context).into_iter().filter(|f| f.severity == Severity::Error).collect();
        if !errors.is_empty() {
            return Err(IssueError::Lint(errors));
        }
        let tbs = TbsCrl::of_unsigned(crl, self.signature_algorithm());
        Ok(Linted::new(self, CrlBody::new(tbs), Vec::new()))
    }
}

/// How a CA's key is named below it: by the identifier in its certificate (RFC 5280 4.2.1.1). One that was made elsewhere
/// without any has the identifier that it will get when it is renewed here.
fn named_key(ca: &Certificate) -> Result<Vec<u8>, IssueError> {
    match &ca.subject_key_id {
        Some(id) => Ok(id.clone()),
        None => Ok(key_identifier(&ca.public_key)?),
    }
}
