use std::fmt;

/// A named set of rules: what one platform, or one specification beside RFC 5280, asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RuleSet {
    /// macOS, iOS and their relatives.
    Apple,
    /// Chromium, Chrome, Edge and what else is built of BoringSSL and its verifier.
    Chromium,
    /// The TLS and path validation of the JDK.
    Java,
    /// Firefox, Thunderbird and other programs with NSS.
    Nss,
    /// Python 3.13 and later, whose default contexts ask OpenSSL to be strict.
    PythonStrict,
    /// Programs with rustls and rustls-webpki.
    Rustls,
    /// X.509-SVIDs and the CAs that sign them.
    Spiffe,
}

impl RuleSet {
    /// Every set, by name.
    pub const ALL: [RuleSet; 7] = [
        RuleSet::Apple,
        RuleSet::Chromium,
        RuleSet::Java,
        RuleSet::Nss,
        RuleSet::PythonStrict,
        RuleSet::Rustls,
        RuleSet::Spiffe,
    ];

    /// Its name in commands and JSON.
    pub fn name(self) -> &'static str {
        match self {
            RuleSet::Apple => "apple",
            RuleSet::Chromium => "chromium",
            RuleSet::Java => "java",
            RuleSet::Nss => "nss",
            RuleSet::PythonStrict => "python-strict",
            RuleSet::Rustls => "rustls",
            RuleSet::Spiffe => "spiffe",
        }
    }

    /// The set of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Whom it stands for, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            RuleSet::Apple => "macOS, iOS, iPadOS, watchOS and tvOS as TLS clients, under private roots too",
            RuleSet::Chromium => "Chromium, Chrome, Edge and others with BoringSSL and Chromium's verifier",
            RuleSet::Java => "the JDK's TLS and its PKIX validator",
            RuleSet::Nss => "Firefox, Thunderbird and others with NSS, its classic verifier (`certutil`) included",
            RuleSet::PythonStrict => {
                "Python 3.13 and later, whose default contexts set VERIFY_X509_STRICT, and `openssl verify -x509_strict`"
            }
            RuleSet::Rustls => "programs with rustls, which verifies with rustls-webpki",
            RuleSet::Spiffe => {
                "X.509-SVIDs: every certificate given is judged as one, whether it carries a SPIFFE ID or not"
            }
        }
    }

    /// Where what it asks for is written or was seen.
    pub fn source(self) -> &'static str {
        match self {
            RuleSet::Apple => "support.apple.com HT210176 (since iOS 13 and macOS 10.15)",
            RuleSet::Chromium => {
                "the signature schemes that Chrome offers in TLS, and Chromium's verifier; Ed25519 seen refused"
            }
            RuleSet::Java => "seen with the JDK 17; its `jdk.certpath.disabledAlgorithms`",
            RuleSet::Nss => "seen with NSS 3.87",
            RuleSet::PythonStrict => {
                "the checks that OpenSSL 3 makes under X509_V_FLAG_X509_STRICT, and its security level 2"
            }
            RuleSet::Rustls => "the source of rustls-webpki 0.103, and seen with it; X509-SVID 4.2 on name constraints",
            RuleSet::Spiffe => "SPIFFE-ID, X509-SVID and SPIFFE Trust Domain and Bundle",
        }
    }
}

impl fmt::Display for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for RuleSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// For whom a certificate is judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audience {
    /// Whoever will meet it: what a platform refuses counts, by the rule's own severity. So is judged what is about to
    /// be issued.
    #[default]
    Everyone,
    /// The standards, and these sets: a rule of a platform counts when its set is here, and then as an error.
    Only(Vec<RuleSet>),
}

impl Audience {
    /// Whether one of these sets was asked for.
    pub(super) fn asks_for(&self, sets: &[RuleSet]) -> bool {
        matches!(self, Audience::Only(asked) if sets.iter().any(|s| asked.contains(s)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for set in RuleSet::ALL {
            assert_eq!(RuleSet::from_name(set.name()), Some(set));
            assert!(!set.about().is_empty() && !set.source().is_empty());
        }
        assert!(RuleSet::ALL.is_sorted_by_key(|s| s.name()));
        assert_eq!(RuleSet::from_name("windows"), None);
    }
}
