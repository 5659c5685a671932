//! Keys encrypted with a passphrase: PKCS#8 with PBES2 (RFC 5958 3, RFC 8018 6.2).
//!
//! New files are made with PBKDF2-HMAC-SHA256 and AES-256-CBC. scrypt would resist graphics cards better, but GnuTLS and
//! Java do not read it; this form is read by OpenSSL since 1.0.1, GnuTLS, Java, NSS, Go's and Python's libraries.

use super::{KeyError, KeyRefusal};
use crate::model::Secret;
use crate::x509::der::{self, Reader};
use pkcs5::EncryptionScheme;
use pkcs5::der::Encode as _;
pub(super) use pkcs5::pbes2::Parameters;
use pkcs5::pbes2::{self, Kdf, Pbkdf2Prf};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// What OWASP recommends for PBKDF2-HMAC-SHA256 (Password Storage Cheat Sheet, 2023).
pub const PBKDF2_ITERATIONS: u32 = 600_000;
/// The most that a file may ask for: some seconds.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// The most memory that scrypt may take (RFC 7914 2: 128 · N · r octets).
const MAX_SCRYPT_OCTETS: u64 = 256 << 20;
/// The most passes over that memory.
const MAX_SCRYPT_PASSES: u16 = 16;
const SALT_OCTETS: usize = 16;
const IV_OCTETS: usize = 16;

/// Schemes of PKCS#5 version 1 and of PKCS#12, which are weak; of each, whether OpenSSL 3 has it in its legacy provider.
const WEAK_SCHEMES: [(&str, &str, bool); 12] = [
    ("1.2.840.113549.1.5.1", "pbeWithMD2AndDES-CBC", true),
    ("1.2.840.113549.1.5.3", "pbeWithMD5AndDES-CBC", true),
    ("1.2.840.113549.1.5.4", "pbeWithMD2AndRC2-CBC", true),
    ("1.2.840.113549.1.5.6", "pbeWithMD5AndRC2-CBC", true),
    ("1.2.840.113549.1.5.10", "pbeWithSHA1AndDES-CBC", true),
    ("1.2.840.113549.1.5.11", "pbeWithSHA1AndRC2-CBC", true),
    ("1.2.840.113549.1.12.1.1", "pbeWithSHA1And128BitRC4", true),
    ("1.2.840.113549.1.12.1.2", "pbeWithSHA1And40BitRC4", true),
    ("1.2.840.113549.1.12.1.3", "pbeWithSHA1And3-KeyTripleDES-CBC", false),
    ("1.2.840.113549.1.12.1.4", "pbeWithSHA1And2-KeyTripleDES-CBC", false),
    ("1.2.840.113549.1.12.1.5", "pbeWithSHA1And128BitRC2-CBC", true),
    ("1.2.840.113549.1.12.1.6", "pbeWithSHA1And40BitRC2-CBC", true),
];
/// Ciphers of PBES2 that are not read here.
const OTHER_CIPHERS: [(&str, &str, bool); 3] = [
    ("1.2.840.113549.3.7", "PBES2 and des-ede3-cbc", false),
    ("1.2.840.113549.3.2", "PBES2 and rc2-cbc", true),
    ("1.3.14.3.2.7", "PBES2 and des-cbc", true),
];
const PBES2: &str = "1.2.840.113549.1.5.13";

/// How a key file is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// The cipher: `aes-256-cbc`.
    pub cipher: &'static str,
    /// How the passphrase is stretched: `pbkdf2-hmac-sha256`, `scrypt`.
    pub kdf: &'static str,
    /// Iterations of PBKDF2, or N of scrypt.
    pub work: u64,
}

impl Protection {
    /// What files are written with now.
    pub const CURRENT: Protection =
        Protection { cipher: "aes-256-cbc", kdf: "pbkdf2-hmac-sha256", work: PBKDF2_ITERATIONS as u64 };
}

/// A private key that only a passphrase opens.
pub struct EncryptedKey {
    der: Vec<u8>,
    scheme: Parameters,
}

impl std::fmt::Debug for EncryptedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncryptedKey({:?}, …)", self.protection())
    }
}

impl EncryptedKey {
    /// Reads EncryptedPrivateKeyInfo in DER. Nothing is decrypted, and no work that the file asks for is done yet.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, KeyRefusal> {
        let (algorithm, _) = split(bytes)?;
        Ok(EncryptedKey { der: bytes.to_vec(), scheme: read_scheme(algorithm)? })
    }

    /// How it is protected.
    pub fn protection(&self) -> Protection {
        protection(&self.scheme)
    }

    /// EncryptedPrivateKeyInfo in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PrivateKeyInfo in DER.
    pub(super) fn decrypt(&self, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (_, encrypted) = split(&self.der)?;
        let buffer = decrypt(&self.scheme, passphrase.expose(), encrypted)?;
        // One wrong passphrase in 256 leaves padding that looks right, and noise before it.
        if !looks_like_a_key(&buffer) {
            return Err(KeyError::WrongPassphrase);
        }
        Ok(buffer)
    }
}

/// The parameters of PBES2 in an AlgorithmIdentifier in DER; their work factor is within bounds.
pub(super) fn read_scheme(algorithm: &[u8]) -> Result<Parameters, KeyRefusal> {
    let parameters = match EncryptionScheme::try_from(algorithm) {
        Ok(EncryptionScheme::Pbes2(parameters)) => parameters,
        _ => return Err(unreadable_scheme(algorithm)),
    };
    check_work(&parameters.kdf)?;
    Ok(parameters)
}

/// How parameters of PBES2 protect.
pub(super) fn protection(scheme: &Parameters) -> Protection {
    let (kdf, work) = match &scheme.kdf {
        Kdf::Scrypt(p) => ("scrypt", p.cost_parameter),
        Kdf::Pbkdf2(p) => {
            let name = match p.prf {
                Pbkdf2Prf::HmacWithSha1 => "pbkdf2-hmac-sha1",
                Pbkdf2Prf::HmacWithSha224 => "pbkdf2-hmac-sha224",
                Pbkdf2Prf::HmacWithSha256 => "pbkdf2-hmac-sha256",
                Pbkdf2Prf::HmacWithSha384 => "pbkdf2-hmac-sha384",
                Pbkdf2Prf::HmacWithSha512 => "pbkdf2-hmac-sha512",
                _ => "pbkdf2",
            };
            (name, u64::from(p.iteration_count))
        }
        _ => ("unknown", 0),
    };
    let cipher = match scheme.encryption {
        pbes2::EncryptionScheme::Aes128Cbc { .. } => "aes-128-cbc",
        pbes2::EncryptionScheme::Aes192Cbc { .. } => "aes-192-cbc",
        pbes2::EncryptionScheme::Aes256Cbc { .. } => "aes-256-cbc",
        pbes2::EncryptionScheme::Aes128Gcm { .. } => "aes-128-gcm",
        pbes2::EncryptionScheme::Aes256Gcm { .. } => "aes-256-gcm",
        _ => "unknown",
    };
    Protection { cipher, kdf, work }
}

/// Rounds of hashing that opening takes; of scrypt a measure of the same size.
pub(super) fn rounds(scheme: &Parameters) -> u64 {
    match &scheme.kdf {
        Kdf::Pbkdf2(p) => u64::from(p.iteration_count),
        Kdf::Scrypt(p) => {
            p.cost_parameter.saturating_mul(u64::from(p.block_size)).saturating_mul(u64::from(p.parallelization))
        }
        _ => u64::MAX,
    }
}

/// Opens something that is encrypted so.
pub(super) fn decrypt(scheme: &Parameters, passphrase: &[u8], octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut buffer = Zeroizing::new(octets.to_vec());
    let length = scheme.decrypt_in_place(passphrase, &mut buffer).map_err(|_| KeyError::WrongPassphrase)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

/// Encrypts PKCS#8 with a passphrase, as [`Protection::CURRENT`] says.
pub(super) fn encrypt(pkcs8: &[u8], passphrase: &Secret) -> Result<Vec<u8>, KeyError> {
    let (mut salt, mut iv) = ([0; SALT_OCTETS], [0; IV_OCTETS]);
    let random = SystemRandom::new();
    random.fill(&mut salt).and_then(|()| random.fill(&mut iv)).map_err(|_| KeyError::Random)?;
    let fail = |e: &dyn std::fmt::Display| KeyError::Encrypt { problem: e.to_string() };
    let parameters =
        Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ITERATIONS, &salt, iv).map_err(|e| fail(&e))?;
    let encrypted = parameters.encrypt(passphrase.expose(), pkcs8).map_err(|e| fail(&e))?;
    let algorithm = EncryptionScheme::from(parameters).to_der().map_err(|e| fail(&e))?;
    Ok(der::constructed(der::SEQUENCE, &[&algorithm, &der::tlv(der::OCTET_STRING, &encrypted)]))
}

/// The AlgorithmIdentifier and the encrypted octets.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), KeyRefusal> {
    let parts = (|| {
        let mut outer = Reader::new(bytes, "the encrypted key");
        let sequence = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut fields = outer.inside(sequence);
        let algorithm = fields.expect(der::SEQUENCE)?;
        let encrypted = fields.expect(der::OCTET_STRING)?;
        fields.end()?;
        Ok((algorithm.whole, encrypted.content))
    })();
    parts.map_err(|e: crate::x509::X509Error| KeyRefusal::damaged(e))
}

/// Why an AlgorithmIdentifier is not PBES2 with AES.
fn unreadable_scheme(algorithm: &[u8]) -> KeyRefusal {
    let oids = oids(algorithm);
    let known = |table: &[(&str, &str, bool)]| {
        let found = table.iter().find(|(oid, ..)| oids.iter().any(|o| o == oid));
        found.map(|(_, name, legacy)| KeyRefusal::Encryption { scheme: (*name).into(), legacy: *legacy })
    };
    match oids.first().map(String::as_str) {
        Some(PBES2) => match known(&OTHER_CIPHERS) {
            Some(refusal) => refusal,
            None => KeyRefusal::Encryption { scheme: "PBES2 of an unusual kind".into(), legacy: false },
        },
        Some(other) => known(&WEAK_SCHEMES).unwrap_or(KeyRefusal::Encryption { scheme: other.into(), legacy: false }),
        None => KeyRefusal::damaged("its encryption has no name"),
    }
}

/// Every object identifier in nested sequences, in order.
fn oids(bytes: &[u8]) -> Vec<String> {
    let (mut found, mut reader) = (Vec::new(), Reader::new(bytes, "the encrypted key"));
    while let Ok(value) = reader.any() {
        match value.tag {
            der::OID => found.extend(der::read_oid(value.content).map(|o| o.to_string())),
            der::SEQUENCE => found.extend(oids(value.content)),
            _ => {}
        }
    }
    found
}

/// Before any of it is spent.
fn check_work(kdf: &Kdf) -> Result<(), KeyRefusal> {
    match kdf {
        Kdf::Pbkdf2(p) => {
            if p.iteration_count == 0 {
                return Err(KeyRefusal::damaged("its passphrase is not stretched at all"));
            }
            if p.iteration_count > MAX_PBKDF2_ITERATIONS {
                let given = format!("{} iterations of PBKDF2", p.iteration_count);
                return Err(KeyRefusal::WorkFactor { given, limit: MAX_PBKDF2_ITERATIONS.to_string() });
            }
        }
        Kdf::Scrypt(p) => {
            let octets = p.cost_parameter.saturating_mul(128).saturating_mul(u64::from(p.block_size));
            if p.cost_parameter < 2
                || !p.cost_parameter.is_power_of_two()
                || p.block_size == 0
                || p.parallelization == 0
            {
                return Err(KeyRefusal::damaged("its parameters of scrypt are out of range"));
            }
            if octets > MAX_SCRYPT_OCTETS || p.parallelization > MAX_SCRYPT_PASSES {
                let given = format!("scrypt over {} MiB, {} times", octets >> 20, p.parallelization);
                let limit = format!("{} MiB, {MAX_SCRYPT_PASSES} times,", MAX_SCRYPT_OCTETS >> 20);
                return Err(KeyRefusal::WorkFactor { given, limit });
            }
        }
        _ => return Err(KeyRefusal::Encryption { scheme: "PBES2 of an unusual kind".into(), legacy: false }),
    }
    Ok(())
}

fn looks_like_a_key(bytes: &[u8]) -> bool {
    let mut outer = Reader::new(bytes, "the key");
    let Ok(sequence) = outer.expect(der::SEQUENCE) else { return false };
    let mut fields = outer.inside(sequence);
    outer.end().is_ok() && fields.expect(der::INTEGER).is_ok() && fields.expect(der::SEQUENCE).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pkcs5::pbes2::{Salt, ScryptParams};

    fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> Result<(), KeyRefusal> {
        let salt = Salt::new([1; 8]).unwrap();
        let kdf = Kdf::Scrypt(ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None });
        let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [2; 16] };
        let algorithm = EncryptionScheme::from(Parameters { kdf, encryption }).to_der().unwrap();
        let file = der::constructed(der::SEQUENCE, &[&algorithm, &der::tlv(der::OCTET_STRING, &[3; 48])]);
        EncryptedKey::read(&file).map(drop)
    }

    #[test]
    fn work_is_bounded_before_it_is_done() {
        for (n, r, p) in [(2, 1, 1), (1 << 14, 8, 1), (1 << 18, 8, 1), (1 << 14, 8, 16)] {
            assert_eq!(scrypt(n, r, p), Ok(()), "{n} {r} {p}");
        }
        for (n, r, p) in [(1 << 19, 8, 1), (1 << 14, 8, 17), (1 << 62, 8, 1), (2, u16::MAX, u16::MAX)] {
            assert!(matches!(scrypt(n, r, p), Err(KeyRefusal::WorkFactor { .. })), "{n} {r} {p}");
        }
        for (n, r, p) in [(0, 8, 1), (1, 8, 1), (3, 8, 1), (1 << 14, 0, 1), (1 << 14, 8, 0)] {
            assert!(matches!(scrypt(n, r, p), Err(KeyRefusal::Damaged(_))), "{n} {r} {p}");
        }
        let refusal = scrypt(1 << 20, 8, 1).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "it is encrypted with scrypt over 1024 MiB, 1 times, and 256 MiB, 16 times, is the most that is read here"
        );
    }

    #[test]
    fn rounds_are_bounded() {
        let pbkdf2 = |iterations| {
            let parameters = pbes2::Pbkdf2Params::hmac_sha256(iterations, &[1; 8]).unwrap();
            let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [2; 16] };
            let scheme = EncryptionScheme::from(Parameters { kdf: parameters.into(), encryption }).to_der().unwrap();
            let file = der::constructed(der::SEQUENCE, &[&scheme, &der::tlv(der::OCTET_STRING, &[3; 48])]);
            EncryptedKey::read(&file).map(drop)
        };
        assert_eq!(pbkdf2(10_000_000), Ok(()));
        assert_eq!(
            pbkdf2(10_000_001).unwrap_err().to_string(),
            "it is encrypted with 10000001 iterations of PBKDF2, and 10000000 is the most that is read here"
        );
    }

    #[test]
    fn what_we_encrypt_opens_again() {
        let passphrase = Secret::new(b"p".to_vec());
        let key = crate::keys::PrivateKey::generate(crate::model::KeyAlgorithm::P256).unwrap();
        let one = EncryptedKey::read(&encrypt(key.pkcs8(), &passphrase).unwrap()).unwrap();
        let other = EncryptedKey::read(&encrypt(key.pkcs8(), &passphrase).unwrap()).unwrap();
        assert_eq!(one.protection(), Protection::CURRENT);
        assert_eq!(one.unlock(&passphrase).unwrap().public_key(), key.public_key());
        // Salt and initialization vector are new each time.
        assert_ne!(one.der(), other.der());
        assert!(!format!("{one:?}").contains("der"));
    }
}
