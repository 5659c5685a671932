use crate::model::{EmailAddress, ExtendedKeyUsage, San, SpiffeId, Timestamp, TrustDomain};

/// What a certificate is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Authenticating a TLS server: serverAuth.
    Server,
    /// Authenticating a TLS client: clientAuth.
    Client,
    /// Whatever it says itself, as long as something is left of it below its CAs.
    #[default]
    Any,
}

impl Purpose {
    pub(super) fn usage(self) -> Option<ExtendedKeyUsage> {
        match self {
            Purpose::Server => Some(ExtendedKeyUsage::server_auth()),
            Purpose::Client => Some(ExtendedKeyUsage::client_auth()),
            Purpose::Any => None,
        }
    }
}

/// How much work an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    /// The most certificates above the one in question.
    pub depth: usize,
    /// Signatures of certificates that are checked. A hundred thousand certificates of one name could all be the issuer.
    pub signatures: usize,
    /// Paths to a trust anchor that are judged whole.
    pub paths: usize,
    /// Steps from a certificate to a candidate above it.
    pub steps: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Budgets { depth: 128, signatures: 2_000, paths: 500, steps: 200_000 }
    }
}

/// What is asked about a certificate.
#[derive(Debug, Clone)]
pub struct Question {
    /// The time at which it is to be good.
    pub at: Timestamp,
    /// What it is to be used for.
    pub purpose: Purpose,
    /// The host that a client means to reach: a DNS name or an IP address.
    pub host: Option<San>,
    /// A mailbox that it is to name.
    pub email: Option<EmailAddress>,
    /// The SPIFFE ID that it is to carry.
    pub spiffe: Option<SpiffeId>,
    /// The trust domain that its SPIFFE ID is to be in.
    pub trust_domain: Option<TrustDomain>,
    /// Whether every certificate of the path but the anchor has to be on no CRL; without a usable CRL of its issuer that is
    /// unknown, and unknown is no.
    pub revocation: bool,
    /// Bounds of the work.
    pub budgets: Budgets,
}

impl Question {
    /// Whether it is good at a time, for anything, revocation left aside.
    pub fn new(at: Timestamp) -> Self {
        Question {
            at,
            purpose: Purpose::Any,
            host: None,
            email: None,
            spiffe: None,
            trust_domain: None,
            revocation: false,
            budgets: Budgets::default(),
        }
    }

    /// Whether it is asked about as an X.509-SVID.
    pub(super) fn is_spiffe(&self) -> bool {
        self.spiffe.is_some() || self.trust_domain.is_some()
    }
}
