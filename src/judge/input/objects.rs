use super::{Found, Object, Problem};
use crate::disk::PemWalk;
use crate::keys::KeyDocument;
use crate::x509::{Crl, Csr, DerKind, Pkcs7, definite_ber, read_certificate, rsa_public_key_info, split_der};
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// The most bytes of a file: a CRL of five million entries in DER, three million in PEM, with room in 500 MB for what is
/// read of it.
pub const MAX_INPUT: u64 = 256 << 20;
/// The most bytes of one certificate, request, public key or keystore: fifty thousand names fit. What is made of a name
/// takes many times the octets that it has in DER, so this bounds memory.
pub const MAX_OBJECT: usize = 2 << 20;

/// Labels of PEM blocks and what they promise (RFC 7468, and what OpenSSL and others have written).
const LABELS: [(&str, DerKind); 13] = [
    ("CERTIFICATE", DerKind::Certificate),
    ("X509 CERTIFICATE", DerKind::Certificate),
    ("TRUSTED CERTIFICATE", DerKind::Certificate),
    ("X509 CRL", DerKind::Crl),
    ("CRL", DerKind::Crl),
    ("CERTIFICATE REQUEST", DerKind::Csr),
    ("NEW CERTIFICATE REQUEST", DerKind::Csr),
    ("PUBLIC KEY", DerKind::PublicKey),
    ("RSA PUBLIC KEY", DerKind::RsaPublicKey),
    ("PKCS7", DerKind::Pkcs7),
    ("PKCS #7 SIGNED DATA", DerKind::Pkcs7),
    ("CMS", DerKind::Pkcs7),
    ("PKCS12", DerKind::Pkcs12),
];
/// A certificate with OpenSSL's settings of trust behind it.
const TRUSTED: &str = "TRUSTED CERTIFICATE";
const PARAMETERS: &str = " PARAMETERS";
const PRIVATE_KEY: &str = "PRIVATE KEY";
const SEQUENCE: u8 = 0x30;
/// How BER begins that does not say its length: keystores of NSS, bundles that were written as they came.
const INDEFINITE: [u8; 2] = [SEQUENCE, 0x80];

/// Why there is nothing to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// An empty file.
    #[error("it is empty")]
    Empty,
    /// More than [`MAX_INPUT`].
    #[error("it is larger than {MAX_INPUT} bytes")]
    TooLarge,
    /// Neither PEM nor DER.
    #[error("it holds neither PEM nor DER")]
    Nothing,
}

/// The things of a file, one after the other.
///
/// PEM with any text around its blocks, and DER values one after the other, are taken. The file may hold secrets: it is
/// wiped when the walk ends.
pub struct Objects {
    file: Zeroizing<Vec<u8>>,
    walk: Walk,
    number: usize,
    /// What a bundle held and nobody has taken yet: DER, and whether it should be a certificate.
    bundled: VecDeque<(Vec<u8>, DerKind)>,
    bundle: (Option<usize>, Option<String>),
}

#[derive(Debug)]
enum Walk {
    Pem(PemWalk),
    Der(usize),
    Ended,
}

impl Objects {
    /// Looks at a file.
    ///
    /// # Errors
    /// [`InputError`] when there is nothing in it that could be read.
    pub fn new(file: Vec<u8>) -> Result<Self, InputError> {
        let mut file = Zeroizing::new(file);
        if file.len() as u64 > MAX_INPUT {
            return Err(InputError::TooLarge);
        }
        if file.iter().all(u8::is_ascii_whitespace) {
            return Err(InputError::Empty);
        }
        if file.starts_with(&INDEFINITE)
            && let Some(der) = definite_ber(&file)
        {
            file = Zeroizing::new(der);
        }
        // A text may begin with the digit zero, which is the octet of a SEQUENCE; and a certificate may hold what looks like
        // PEM in a name.
        let walk = if split_der(&file).is_ok_and(|(first, _)| DerKind::of(first).is_some()) {
            Walk::Der(0)
        } else if PemWalk::default().next(&file).is_some() {
            Walk::Pem(PemWalk::default())
        } else if file[0] == SEQUENCE {
            Walk::Der(0)
        } else {
            return Err(InputError::Nothing);
        };
        Ok(Objects { file, walk, number: 0, bundled: VecDeque::new(), bundle: (None, None) })
    }

    fn found(&mut self, line: Option<usize>, label: Option<String>, bundled: bool, object: Object) -> Found {
        self.number += 1;
        Found { number: self.number, line, label, bundled, object }
    }

    /// Takes what was read apart: a bundle with something in it yields that instead.
    fn take(&mut self, line: Option<usize>, label: Option<String>, read: Read) -> Option<Found> {
        match read {
            Read::Object(object) => Some(self.found(line, label, false, object)),
            Read::Bundle(all) => {
                self.bundled = all.into();
                self.bundle = (line, label);
                None
            }
        }
    }

    fn next_bundled(&mut self) -> Option<Found> {
        let (der, kind) = self.bundled.pop_front()?;
        let (line, label) = self.bundle.clone();
        let object = match read_der(der, Some(kind)) {
            Read::Object(object) => object,
            // A set of certificates and CRLs holds no bundle: the kind was given.
            Read::Bundle(_) => Object::Unreadable { kind: None, der: Vec::new(), problem: Problem::Unknown },
        };
        Some(self.found(line, label, true, object))
    }

    fn next_der(&mut self, start: usize) -> Option<Found> {
        let Some(rest) = self.file.get(start..).filter(|r| !r.is_empty()) else {
            self.walk = Walk::Ended;
            return None;
        };
        // White space behind the last value is what editors and shells leave.
        if start > 0 && rest.iter().all(u8::is_ascii_whitespace) {
            self.walk = Walk::Ended;
            return None;
        }
        let length = match split_der(rest) {
            Ok((value, _)) => value.len(),
            Err(e) => {
                let kind = None;
                let der = rest[..rest.len().min(MAX_OBJECT)].to_vec();
                self.walk = Walk::Ended;
                return Some(self.found(None, None, false, Object::Unreadable { kind, der, problem: e.into() }));
            }
        };
        let whole = start == 0 && length == rest.len();
        self.walk = Walk::Der(start + length);
        let kind = DerKind::of(&self.file[start..start + length]);
        let read = if kind == Some(DerKind::PrivateKey) {
            Read::Object(private_key(&self.file[start..start + length]))
        } else if whole {
            // A CRL may be large: it is not held twice.
            read_der(std::mem::take(&mut *self.file), None)
        } else {
            read_der(self.file[start..start + length].to_vec(), None)
        };
        self.take(None, None, read)
    }

    fn next_pem(&mut self) -> Option<Found> {
        let Walk::Pem(walk) = &mut self.walk else { return None };
        let Some(block) = walk.next(&self.file) else {
            self.walk = Walk::Ended;
            return None;
        };
        let (line, label) = (Some(block.line), block.label.to_string());
        let read = if label.ends_with(PRIVATE_KEY) {
            Read::Object(private_key(block.text))
        } else {
            let promised = LABELS.iter().find(|(l, _)| *l == label).map(|(_, kind)| *kind);
            match block.decode() {
                Err(_) => Read::Object(Object::Unreadable { kind: promised, der: Vec::new(), problem: Problem::Pem }),
                Ok(_) if label.ends_with(PARAMETERS) => Read::Object(Object::Parameters),
                Ok(mut der) => {
                    if label == TRUSTED
                        && let Ok((value, _)) = split_der(&der)
                    {
                        der.truncate(value.len());
                    }
                    read_der(der, promised)
                }
            }
        };
        self.take(line, Some(label), read)
    }
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Objects({:?}, …)", self.walk)
    }
}

impl Iterator for Objects {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if let Some(found) = self.next_bundled() {
                return Some(found);
            }
            let found = match self.walk {
                Walk::Ended => return None,
                Walk::Der(start) => self.next_der(start),
                Walk::Pem(_) => self.next_pem(),
            };
            if found.is_some() {
                return found;
            }
        }
    }
}

enum Read {
    Object(Object),
    Bundle(Vec<(Vec<u8>, DerKind)>),
}

fn private_key(file: &[u8]) -> Object {
    Object::PrivateKey(KeyDocument::read(file).map(Box::new))
}

/// Reads one structure that should be of this kind.
pub(in crate::judge) fn read_object(der: Vec<u8>, kind: DerKind) -> Object {
    match read_der(der, Some(kind)) {
        Read::Object(object) => object,
        Read::Bundle(_) => Object::Unreadable { kind: Some(kind), der: Vec::new(), problem: Problem::Unknown },
    }
}

/// Reads one structure. `promised` is what its label, or the bundle around it, says that it is.
fn read_der(mut der: Vec<u8>, promised: Option<DerKind>) -> Read {
    if der.starts_with(&INDEFINITE) {
        der = definite_ber(&der).unwrap_or(der);
    }
    let holds = DerKind::of(&der);
    let kind = holds.or(promised);
    let unreadable = |der, problem| Read::Object(Object::Unreadable { kind, der, problem });
    if let (Some(promised), Some(holds)) = (promised, holds)
        && promised != holds
    {
        let (promised, holds) = (promised.with_article(), holds.with_article());
        return unreadable(der, Problem::Label { promised, holds });
    }
    let limit = match kind {
        // A bundle holds many, and each is bounded by itself.
        Some(DerKind::Crl | DerKind::Pkcs7) => usize::MAX,
        _ => MAX_OBJECT,
    };
    if der.len() > limit {
        let (what, length) = (kind.map_or("an object", DerKind::with_article), der.len());
        return unreadable(Vec::new(), Problem::TooLarge { what, length, limit });
    }
    let object = match kind {
        None => Err(Problem::Unknown),
        Some(DerKind::Certificate) => {
            read_certificate(&der).map(|c| Object::Certificate(Box::new(c))).map_err(Problem::from)
        }
        // What is wrong with a CRL is found before its bytes are taken, so they are at hand for the report.
        Some(DerKind::Crl) => {
            return match Crl::read_old(der) {
                Ok(crl) => Read::Object(Object::Crl(Box::new(crl))),
                Err(e) => unreadable(Vec::new(), e.into()),
            };
        }
        Some(DerKind::Csr) => Csr::read_loose(&der).map(|c| Object::Csr(Box::new(c))).map_err(Problem::from),
        Some(DerKind::PublicKey) => return Read::Object(Object::PublicKey(der)),
        Some(DerKind::RsaPublicKey) => return Read::Object(Object::PublicKey(rsa_public_key_info(&der))),
        Some(DerKind::PrivateKey) => return Read::Object(private_key(&Zeroizing::new(der))),
        Some(DerKind::Pkcs12) => return Read::Object(Object::Pkcs12(der)),
        Some(DerKind::Pkcs7) => match Pkcs7::read(&der) {
            Ok(bundle) if bundle.certificates.is_empty() && bundle.crls.is_empty() => {
                Ok(Object::EmptyPkcs7(bundle.signers))
            }
            Ok(bundle) => {
                let of = |all: &[&[u8]], kind| all.iter().map(|d| (d.to_vec(), kind)).collect::<Vec<_>>();
                let mut all = of(&bundle.certificates, DerKind::Certificate);
                all.extend(of(&bundle.crls, DerKind::Crl));
                return Read::Bundle(all);
            }
            Err(e) => Err(e.into()),
        },
    };
    match object {
        Ok(object) => Read::Object(object),
        Err(problem) => unreadable(der, problem),
    }
}
