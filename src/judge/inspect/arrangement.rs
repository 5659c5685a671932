//! How the certificates and keys of one file belong together.

use crate::judge::key_fit::KeyFit;
use crate::keys::{KeyError, verify_signature};
use crate::x509::Certificate;
use serde::Serialize;

/// The most certificates that are compared with each other; a bundle of more is no chain.
pub const MAX_ARRANGED: usize = 100;
/// The most signatures that are checked for that.
const MAX_CHECKS: usize = 400;

/// What became of a certificate's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Issuance {
    /// The certificate of who signed it is in the file, and the signature is good.
    Good,
    /// A certificate of that name is in the file, and the signature is not by its key.
    Bad,
    /// A certificate of that name is in the file, and the algorithm cannot be checked here.
    Unchecked,
    /// No certificate of that name is in the file.
    Absent,
}

/// Where a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arranged {
    /// The item's number in the file.
    pub number: usize,
    /// The number of the certificate that signed it, by its names; its own where it signed itself.
    pub signed_by: Option<usize>,
    /// Whether that is proven.
    pub signature: Issuance,
    /// The number of an earlier certificate that is the same, byte for byte.
    pub copy_of: Option<usize>,
}

impl Arranged {
    /// Whether it is proven to have signed itself.
    pub fn is_root(&self) -> bool {
        self.signed_by == Some(self.number) && self.signature == Issuance::Good
    }
}

/// Whose a private key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyMatch {
    /// The item's number in the file.
    pub number: usize,
    /// The number of the first certificate with its public half.
    pub certificate: Option<usize>,
}

/// How the certificates and keys of one file belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrangement {
    /// Whether each certificate is signed by the one behind it, as servers present them; nothing for fewer than two.
    pub in_order: Option<bool>,
    /// Every certificate in order.
    pub certificates: Vec<Arranged>,
    /// Every private key that could be read.
    pub keys: Vec<KeyMatch>,
}

impl Arrangement {
    /// Of certificates and the public halves of private keys (SubjectPublicKeyInfo in DER), each with its number.
    pub fn new(certificates: &[(usize, Certificate)], keys: &[(usize, Vec<u8>)]) -> Self {
        let mut left = MAX_CHECKS;
        let places: Vec<Arranged> = (0..certificates.len()).filter_map(|i| place(certificates, i, &mut left)).collect();
        let follows = |pair: &[Arranged]| match pair {
            [one, next] => one.signature == Issuance::Good && one.signed_by == Some(next.number),
            _ => true,
        };
        let in_order = (places.len() > 1).then(|| places.windows(2).all(follows));
        let of_key = |spki: &[u8]| certificates.iter().find(|(_, c)| c.public_key == spki).map(|(n, _)| *n);
        let keys = keys.iter().map(|(number, spki)| KeyMatch { number: *number, certificate: of_key(spki) }).collect();
        Arrangement { in_order, certificates: places, keys }
    }
}

fn place(all: &[(usize, Certificate)], index: usize, left: &mut usize) -> Option<Arranged> {
    let (number, certificate) = all.get(index)?;
    let copy_of = all.iter().take(index).find(|(_, c)| c.der() == certificate.der()).map(|(n, _)| *n);
    let mut place = Arranged { number: *number, signed_by: None, signature: Issuance::Absent, copy_of };
    let fits = |other: &Certificate| {
        let fit = KeyFit::of(certificate.authority_key_id.as_deref(), other.subject_key_id.as_deref());
        certificate.issuer.matches(&other.subject) && fit.is_possible()
    };
    // The next one first, as in a chain; then itself, then the others.
    let (behind, before) = (all.iter().skip(index + 1), all.iter().take(index));
    let order = behind.clone().take(1).chain(all.get(index)).chain(behind.skip(1)).chain(before);
    for (n, issuer) in order.filter(|(_, c)| fits(c)) {
        let is_better = |found: Issuance, than: Issuance| match found {
            Issuance::Good => true,
            Issuance::Unchecked => than != Issuance::Unchecked,
            _ => than == Issuance::Absent,
        };
        let found = match left.checked_sub(1) {
            None => Issuance::Unchecked,
            Some(rest) => {
                *left = rest;
                let message = &certificate.facts().der;
                let algorithm = certificate.outer_algorithm();
                match verify_signature(&issuer.public_key, algorithm, message, certificate.signature()) {
                    Ok(()) => Issuance::Good,
                    Err(KeyError::BadSignature) => Issuance::Bad,
                    Err(_) => Issuance::Unchecked,
                }
            }
        };
        if is_better(found, place.signature) {
            place.signed_by = Some(*n);
            place.signature = found;
        }
        if found == Issuance::Good {
            break;
        }
    }
    Some(place)
}
