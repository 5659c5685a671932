use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// A key algorithm with its parameters, as the `--key` option names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256, signing with SHA-256 (RFC 5480, RFC 5758).
    P256,
    /// ECDSA on NIST P-384, signing with SHA-384 (RFC 5480, RFC 5758).
    P384,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA with a 2048-bit modulus, signing with SHA-256 (RFC 4055).
    Rsa2048,
    /// RSA with a 3072-bit modulus, signing with SHA-256 (RFC 4055).
    Rsa3072,
    /// RSA with a 4096-bit modulus, signing with SHA-256 (RFC 4055).
    Rsa4096,
}

impl KeyAlgorithm {
    /// Every algorithm of this build, in the order in which help lists them.
    pub const ALL: [KeyAlgorithm; 6] = [
        KeyAlgorithm::P256,
        KeyAlgorithm::P384,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::Rsa4096,
    ];

    /// Names that DESIGN knows and this build lacks.
    const ELSEWHERE: [&'static str; 4] = ["p521", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];

    /// The name of the algorithm in options and JSON.
    pub fn name(self) -> &'static str {
        match self {
            KeyAlgorithm::P256 => "p256",
            KeyAlgorithm::P384 => "p384",
            KeyAlgorithm::Ed25519 => "ed25519",
            KeyAlgorithm::Rsa2048 => "rsa-2048",
            KeyAlgorithm::Rsa3072 => "rsa-3072",
            KeyAlgorithm::Rsa4096 => "rsa-4096",
        }
    }

    /// All names, for help and hints.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Whether `name` is an algorithm that exists but is not in this build.
    pub fn is_elsewhere(name: &str) -> bool {
        Self::ELSEWHERE.contains(&name)
    }

    /// The modulus size in bits, for RSA.
    pub fn rsa_bits(self) -> Option<usize> {
        match self {
            KeyAlgorithm::Rsa2048 => Some(2048),
            KeyAlgorithm::Rsa3072 => Some(3072),
            KeyAlgorithm::Rsa4096 => Some(4096),
            _ => None,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let lower = text.to_ascii_lowercase();
        Self::ALL.into_iter().find(|a| a.name() == lower).ok_or_else(|| ModelError::Algorithm { value: text.into() })
    }
}
