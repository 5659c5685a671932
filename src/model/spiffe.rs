use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// The longest SPIFFE ID that must be supported, and the longest that is made (SPIFFE-ID 2.3).
const MAX_ID: usize = 2048;
/// The longest trust domain name (SPIFFE-ID 2.1).
const MAX_TRUST_DOMAIN: usize = 255;
const SCHEME: &str = "spiffe://";

/// Why a text is not a SPIFFE ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeProblem {
    /// Another scheme, or none.
    #[error("it does not start with spiffe://")]
    Scheme,
    /// No trust domain.
    #[error("its trust domain is empty")]
    NoTrustDomain,
    /// A trust domain with characters outside `[a-z0-9.-_]`: user info, ports, percent-encoding, upper case.
    #[error("its trust domain has characters outside a-z, 0-9, dot, dash and underscore")]
    TrustDomainCharacters,
    /// Over 255 bytes of trust domain or 2048 in all.
    #[error("it is too long")]
    TooLong,
    /// A query or a fragment, even an empty one.
    #[error("it has a query or a fragment")]
    QueryOrFragment,
    /// Path characters outside `[a-zA-Z0-9.-_]`.
    #[error("its path has characters outside letters, digits, dot, dash and underscore")]
    PathCharacters,
    /// An empty path segment or a trailing slash.
    #[error("its path has an empty segment or ends in a slash")]
    EmptySegment,
    /// A path segment `.` or `..`.
    #[error("its path has a relative segment")]
    RelativeSegment,
    /// A leaf needs a path (X509-SVID 5.2).
    #[error("a workload's ID has a path")]
    PathMissing,
    /// A signer's ID must have none (SPIFFE-ID 2.4, X509-SVID 2).
    #[error("a trust domain's ID has no path")]
    PathUnexpected,
}

impl SpiffeProblem {
    pub(super) fn hint(self, value: &str) -> Option<String> {
        match self {
            SpiffeProblem::Scheme => Some("write it as spiffe://example.org/ns/prod/sa/api".into()),
            SpiffeProblem::PathMissing => {
                Some(format!("name the workload, as {}/ns/prod/sa/api", value.trim_end_matches('/')))
            }
            SpiffeProblem::TrustDomainCharacters if value.bytes().any(|b| b.is_ascii_uppercase()) => {
                Some("trust domains are lower case".into())
            }
            _ => None,
        }
    }
}

/// A trust domain's name: `[a-z0-9.-_]`, 255 bytes at most, compared as a whole (SPIFFE-ID 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrustDomain(String);

impl TrustDomain {
    /// Reads a bare trust domain name.
    ///
    /// # Errors
    /// [`SpiffeProblem`].
    pub fn parse(text: &str) -> Result<Self, SpiffeProblem> {
        if text.is_empty() {
            return Err(SpiffeProblem::NoTrustDomain);
        }
        if text.len() > MAX_TRUST_DOMAIN {
            return Err(SpiffeProblem::TooLong);
        }
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
        if !text.bytes().all(good) {
            return Err(SpiffeProblem::TrustDomainCharacters);
        }
        Ok(TrustDomain(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TrustDomain {
    type Err = ModelError;

    /// A bare name or the trust domain's ID `spiffe://name`.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::parse(text.strip_prefix(SCHEME).unwrap_or(text))
            .map_err(|problem| ModelError::Spiffe { value: text.into(), problem })
    }
}

/// A SPIFFE ID: a trust domain, and a path for a workload (SPIFFE-ID 2). Never anything but its normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpiffeId {
    text: String,
    trust_domain: TrustDomain,
}

impl SpiffeId {
    /// Reads a SPIFFE ID in the form in which it may be issued.
    ///
    /// # Errors
    /// [`SpiffeProblem`].
    pub fn parse(text: &str) -> Result<Self, SpiffeProblem> {
        let rest = text.strip_prefix(SCHEME).ok_or(SpiffeProblem::Scheme)?;
        if text.len() > MAX_ID {
            return Err(SpiffeProblem::TooLong);
        }
        if rest.contains(['?', '#']) {
            return Err(SpiffeProblem::QueryOrFragment);
        }
        let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let trust_domain = TrustDomain::parse(domain)?;
        for segment in path.split('/').skip(1) {
            match segment {
                "" => return Err(SpiffeProblem::EmptySegment),
                "." | ".." => return Err(SpiffeProblem::RelativeSegment),
                s if !s.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)) => {
                    return Err(SpiffeProblem::PathCharacters);
                }
                _ => {}
            }
        }
        Ok(SpiffeId { text: text.into(), trust_domain })
    }

    /// Reads the ID of a workload, which has a path.
    ///
    /// # Errors
    /// [`ModelError::Spiffe`].
    pub fn workload(text: &str) -> Result<Self, ModelError> {
        let id: SpiffeId = text.parse()?;
        if id.path().is_empty() {
            return Err(ModelError::Spiffe { value: text.into(), problem: SpiffeProblem::PathMissing });
        }
        Ok(id)
    }

    /// Reads the ID of a trust domain, which has no path.
    ///
    /// # Errors
    /// [`ModelError::Spiffe`].
    pub fn signer(text: &str) -> Result<Self, ModelError> {
        let id: SpiffeId = text.parse()?;
        if !id.path().is_empty() {
            return Err(ModelError::Spiffe { value: text.into(), problem: SpiffeProblem::PathUnexpected });
        }
        Ok(id)
    }

    /// The whole ID.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// The path with its leading slash; empty for a trust domain's own ID.
    pub fn path(&self) -> &str {
        &self.text[SCHEME.len() + self.trust_domain.0.len()..]
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SpiffeId {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::parse(text).map_err(|problem| ModelError::Spiffe { value: text.into(), problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let id = SpiffeId::parse("spiffe://example.org/ns/prod/sa/API_1.x").unwrap();
        assert_eq!((id.trust_domain().as_str(), id.path()), ("example.org", "/ns/prod/sa/API_1.x"));
        assert_eq!(SpiffeId::parse("spiffe://10.0.0.1").unwrap().path(), "");
        let longest = format!("spiffe://td/{}", "a".repeat(MAX_ID - 12));
        assert!(SpiffeId::parse(&longest).is_ok());
        assert!(SpiffeId::workload("spiffe://td").is_err() && SpiffeId::signer("spiffe://td/x").is_err());
    }

    #[test]
    fn refusals() {
        let long = format!("spiffe://td/{}", "a".repeat(MAX_ID));
        let long_domain = format!("spiffe://{}/x", "a".repeat(256));
        for (text, problem) in [
            ("", SpiffeProblem::Scheme),
            ("https://td/x", SpiffeProblem::Scheme),
            ("SPIFFE://td/x", SpiffeProblem::Scheme),
            ("spiffe:/td/x", SpiffeProblem::Scheme),
            ("spiffe://", SpiffeProblem::NoTrustDomain),
            ("spiffe:///x", SpiffeProblem::NoTrustDomain),
            ("spiffe://TD/x", SpiffeProblem::TrustDomainCharacters),
            ("spiffe://u@td/x", SpiffeProblem::TrustDomainCharacters),
            ("spiffe://td:/x", SpiffeProblem::TrustDomainCharacters),
            ("spiffe://td:8443/x", SpiffeProblem::TrustDomainCharacters),
            ("spiffe://t%64/x", SpiffeProblem::TrustDomainCharacters),
            ("spiffe://[::1]/x", SpiffeProblem::TrustDomainCharacters),
            ("spiffe://td/x?", SpiffeProblem::QueryOrFragment),
            ("spiffe://td/x?a=b", SpiffeProblem::QueryOrFragment),
            ("spiffe://td#", SpiffeProblem::QueryOrFragment),
            ("spiffe://td/", SpiffeProblem::EmptySegment),
            ("spiffe://td/x/", SpiffeProblem::EmptySegment),
            ("spiffe://td//x", SpiffeProblem::EmptySegment),
            ("spiffe://td/./x", SpiffeProblem::RelativeSegment),
            ("spiffe://td/x/..", SpiffeProblem::RelativeSegment),
            ("spiffe://td/x%20y", SpiffeProblem::PathCharacters),
            ("spiffe://td/ü", SpiffeProblem::PathCharacters),
            (long.as_str(), SpiffeProblem::TooLong),
            (long_domain.as_str(), SpiffeProblem::TooLong),
        ] {
            assert_eq!(SpiffeId::parse(text), Err(problem), "{text}");
        }
    }
}
