use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// Why a certificate was revoked (RFC 5280 5.3.1). `removeFromCRL` is not among them: a hold is released instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not said; left out of the CRL.
    Unspecified,
    /// The subject's key is in other hands.
    KeyCompromise,
    /// The CA's key is in other hands.
    CaCompromise,
    /// The subject's name or affiliation changed.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// On hold; may be released or turned into a final reason.
    CertificateHold,
    /// A privilege was withdrawn.
    PrivilegeWithdrawn,
    /// The attribute authority's key is in other hands.
    AaCompromise,
}

const NAMES: [(Reason, &str, &str, u8); 9] = [
    (Reason::Unspecified, "unspecified", "unspecified", 0),
    (Reason::KeyCompromise, "key-compromise", "keyCompromise", 1),
    (Reason::CaCompromise, "ca-compromise", "CACompromise", 2),
    (Reason::AffiliationChanged, "affiliation-changed", "affiliationChanged", 3),
    (Reason::Superseded, "superseded", "superseded", 4),
    (Reason::CessationOfOperation, "cessation-of-operation", "cessationOfOperation", 5),
    (Reason::CertificateHold, "certificate-hold", "certificateHold", 6),
    (Reason::PrivilegeWithdrawn, "privilege-withdrawn", "privilegeWithdrawn", 9),
    (Reason::AaCompromise, "aa-compromise", "AACompromise", 10),
];

impl Reason {
    /// The CRLReason value; `unspecified` is 0 and is never written.
    pub fn code(self) -> u8 {
        NAMES.iter().find(|n| n.0 == self).map_or(0, |n| n.3)
    }

    /// The reason of a CRLReason value; 7 does not exist and 8 only lifts a hold.
    pub fn from_code(code: u8) -> Option<Self> {
        NAMES.iter().find(|n| n.3 == code).map(|n| n.0)
    }

    /// The name in options and JSON.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|n| n.0 == self).map_or("unspecified", |n| n.1)
    }

    /// All names, for help and hints.
    pub fn names() -> String {
        NAMES.map(|n| n.1).join(", ")
    }
}

pub(super) fn is_remove_from_crl(text: &str) -> bool {
    text.eq_ignore_ascii_case("remove-from-crl") || text.eq_ignore_ascii_case("removeFromCRL") || text == "8"
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Reason {
    type Err = ModelError;

    /// The name with dashes, or the standard's own (as openssl takes it).
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let found = NAMES.iter().find(|n| n.1.eq_ignore_ascii_case(text) || n.2.eq_ignore_ascii_case(text));
        let problem = if is_remove_from_crl(text) { "it only lifts a hold" } else { "the standard has no such reason" };
        found.map(|n| n.0).ok_or_else(|| ModelError::Reason { value: text.into(), problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (reason, name, standard, code) in NAMES {
            assert_eq!(name.parse(), Ok(reason));
            assert_eq!(standard.parse(), Ok(reason));
            assert_eq!(Reason::from_code(code), Some(reason));
            assert_eq!(reason.code(), code);
        }
        assert_eq!((Reason::from_code(7), Reason::from_code(8), Reason::from_code(11)), (None, None, None));
        assert!("remove-from-crl".parse::<Reason>().is_err() && "7".parse::<Reason>().is_err());
    }
}
