/// Why a file is not a private key that can be used here. No variant holds anything secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefusal {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// Neither PEM nor DER.
    #[error("it is neither PEM nor DER of a private key")]
    Unknown,
    /// Something that is no private key.
    #[error("it holds {what} where a private key is wanted")]
    NoKey {
        /// With its article: `a certificate`.
        what: String,
    },
    /// A keystore of another kind.
    #[error("it is {what}, which is not read here")]
    Keystore {
        /// With its article.
        what: &'static str,
        /// How to get the key out of it, with `FILE` for the file.
        hint: &'static str,
    },
    /// More than one key.
    #[error("it holds {0} private keys, and one is wanted")]
    Several(usize),
    /// A traditional key file with `Proc-Type: 4,ENCRYPTED` (RFC 1421): one round of MD5 guards it.
    #[error("it is encrypted in the old way (`Proc-Type: 4,ENCRYPTED`), which protects little")]
    LegacyEncryption,
    /// Encrypted with something else than PBES2 and AES.
    #[error("it is encrypted with {scheme}, and only PBES2 with AES is read here")]
    Encryption {
        /// The scheme, by name or OID.
        scheme: String,
        /// Whether OpenSSL 3 reads it with its legacy provider only.
        legacy: bool,
    },
    /// Its work factor would keep the machine busy for too long, or fill its memory.
    #[error("it is encrypted with {given}, and {limit} is the most that is read here")]
    WorkFactor {
        /// What the file asks for.
        given: String,
        /// The most that is granted.
        limit: String,
    },
    /// An algorithm that this build lacks, or that nobody should use.
    #[error("it is {article} {name} key, which this build does not have")]
    Algorithm {
        /// `a` or `an`.
        article: &'static str,
        /// The algorithm's name or OID.
        name: String,
    },
    /// A curve that is written out instead of named (RFC 5480 2.1.1 forbids it).
    #[error("its curve is given by explicit parameters and not by name")]
    ExplicitCurve,
    /// A traditional EC key that does not say its curve.
    #[error("it does not name its curve")]
    NoCurve,
    /// An RSA modulus of a size that is not used here.
    #[error("it is an RSA key of {0} bits, and 2048, 3072 or 4096 are used here")]
    RsaBits(usize),
    /// An RSA modulus of a size that is not certified for somebody else either.
    #[error("it is an RSA key of {0} bits, and 2048 to 8192 in whole octets are certified here")]
    ForeignRsaBits(usize),
    /// An RSA exponent other than 65537.
    #[error("it is an RSA key with the exponent {0}, and only 65537 is used here")]
    RsaExponent(String),
    /// Bytes after the key.
    #[error("{0} bytes follow the key")]
    Trailing(usize),
    /// It is a key, and something about it is broken.
    #[error("the key is damaged: {0}")]
    Damaged(String),
}

impl KeyRefusal {
    pub(crate) fn damaged(problem: impl std::fmt::Display) -> Self {
        KeyRefusal::Damaged(problem.to_string())
    }

    /// An RSA exponent, given by its octets, that is not the usual one.
    pub(super) fn exponent(octets: &[u8]) -> Self {
        KeyRefusal::RsaExponent(match octets.len() {
            0..=8 => octets.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)).to_string(),
            n => format!("of {} bits", n * 8),
        })
    }

    pub(crate) fn no_key(what: &str) -> Self {
        KeyRefusal::NoKey { what: what.into() }
    }

    /// What makes a usable key of the file, with the path put in: an openssl command where there is one.
    pub fn hint(&self, file: &str) -> Option<String> {
        let file = &quoted(file);
        let encrypt = format!(
            "openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000 -in {file} -out {file}.new"
        );
        Some(match self {
            KeyRefusal::LegacyEncryption | KeyRefusal::Encryption { legacy: false, .. } => {
                format!("convert it: {encrypt}")
            }
            KeyRefusal::Encryption { legacy: true, .. } => {
                format!("convert it: {encrypt} -provider legacy -provider default")
            }
            KeyRefusal::WorkFactor { .. } => format!("encrypt it with less: {encrypt}"),
            KeyRefusal::ExplicitCurve | KeyRefusal::NoCurve => {
                format!("convert it: openssl ec -param_enc named_curve -in {file} -out {file}.new")
            }
            KeyRefusal::Several(_) => {
                format!("put each into a file of its own; the first of them: openssl pkey -in {file} -out {file}.new")
            }
            KeyRefusal::Keystore { hint, .. } => hint.replace("FILE", file),
            KeyRefusal::Trailing(_) => format!("convert it: openssl pkey -in {file} -out {file}.new"),
            KeyRefusal::RsaBits(_) | KeyRefusal::RsaExponent(_) | KeyRefusal::Algorithm { .. } => {
                format!(
                    "make a new key: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {file}.new"
                )
            }
            _ => return None,
        })
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
