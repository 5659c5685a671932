//! Opening a keystore: its seal, what is encrypted as a whole, and what by itself, within one budget of work.

use super::encryption;
use super::pkcs12::{HASHES, Keystore, MAX_BAGS, Part, in_der, inner, read_bags, shrouded};
use super::pkcs12_kdf::{self, Purpose};
use super::pkcs12_scheme::Scheme;
use super::{KeyDocument, KeyError, KeyRefusal};
use crate::model::Secret;
use crate::x509::DerKind;
use ring::hmac;
use zeroize::Zeroizing;

/// All rounds of hashing that one keystore may ask for: some seconds.
const MAX_WORK: u64 = 10_000_000;
/// Bags in bags: nobody writes them, and the standard allows it.
const MAX_NESTING: usize = 4;

/// What a keystore holds, once it is open.
#[derive(Debug, Default)]
pub struct KeystoreContents {
    /// Certificates in DER, with the name that programs show.
    pub certificates: Vec<(Vec<u8>, Option<String>)>,
    /// CRLs in DER.
    pub crls: Vec<Vec<u8>>,
    /// Private keys, with the name that programs show.
    pub keys: Vec<(Result<KeyDocument, KeyError>, Option<String>)>,
    /// Bags of other kinds.
    pub others: usize,
    /// Whether the passphrase was needed and is proven right: it fits the seal, or something opened with it.
    pub proven: bool,
}

impl Keystore {
    /// What anybody can read in it: certificates, CRLs and keys that are not encrypted. Its seal is not checked.
    pub fn visible(&self) -> KeystoreContents {
        let mut opening = Opening { passphrase: None, work: 0, contents: KeystoreContents::default(), bags: 0 };
        for part in &self.parts {
            if let Part::Clear(bags) = part {
                // Without any work to spend, what is encrypted is refused, and what cannot be read was counted before.
                drop(opening.take(bags, 0));
            }
        }
        opening.contents.keys.retain(|(key, _)| matches!(key, Ok(KeyDocument::Plain(_))));
        opening.contents
    }

    /// Opens it; `None` is a keystore without any passphrase, which is not the empty one (RFC 7292 B.1).
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], and [`KeyError::Refused`] for work factors past any reason and encryption that is not
    /// read here.
    pub fn open(&self, passphrase: Option<&Secret>) -> Result<KeystoreContents, KeyError> {
        self.open_within(passphrase, MAX_WORK)
    }

    fn open_within(&self, passphrase: Option<&Secret>, work: u64) -> Result<KeystoreContents, KeyError> {
        let mut opening = Opening { passphrase, work, contents: KeystoreContents::default(), bags: 0 };
        opening.check_mac(self)?;
        for part in &self.parts {
            match part {
                Part::Clear(bags) => opening.take(bags, 0)?,
                Part::Enveloped => return Err(encrypted_for_a_key().into()),
                Part::Encrypted { scheme, octets } => {
                    let plain = opening.decrypt(scheme, octets)?;
                    // Noise is what a wrong passphrase leaves where no MAC told.
                    opening
                        .take(&plain, 0)
                        .map_err(|e| if self.mac.is_none() { KeyError::WrongPassphrase } else { e })?;
                    opening.contents.proven = true;
                }
            }
        }
        Ok(opening.contents)
    }
}

fn encrypted_for_a_key() -> KeyRefusal {
    KeyRefusal::Encryption { scheme: "somebody's public key".into(), legacy: false }
}

struct Opening<'a> {
    passphrase: Option<&'a Secret>,
    /// Rounds that may still be spent.
    work: u64,
    contents: KeystoreContents,
    bags: usize,
}

impl Opening<'_> {
    fn spend(&mut self, rounds: u64) -> Result<(), KeyError> {
        self.work = self.work.checked_sub(rounds).ok_or_else(|| {
            let given = "more rounds of key derivation".into();
            KeyRefusal::WorkFactor { given, limit: format!("{MAX_WORK} in all") }
        })?;
        Ok(())
    }

    fn wide(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        pkcs12_kdf::wide(self.passphrase.map(Secret::expose)).ok_or(KeyError::WrongPassphrase)
    }

    fn check_mac(&mut self, keystore: &Keystore) -> Result<(), KeyError> {
        let Some(mac) = &keystore.mac else { return Ok(()) };
        let Some((_, _, hash, keyed)) = HASHES.iter().find(|(_, name, ..)| *name == mac.algorithm) else {
            return Ok(());
        };
        self.spend(mac.iterations)?;
        let rounds = u32::try_from(mac.iterations).unwrap_or(u32::MAX);
        let length = hash.output_len();
        let key = pkcs12_kdf::derive(hash, &self.wide()?, &mac.salt, Purpose::Mac, rounds, length);
        let key = hmac::Key::new(*keyed, &key);
        hmac::verify(&key, &keystore.sealed, &mac.value).map_err(|_| KeyError::WrongPassphrase)?;
        self.contents.proven = true;
        Ok(())
    }

    fn decrypt(&mut self, scheme: &Scheme, octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.spend(scheme.rounds())?;
        match scheme {
            Scheme::Pbes2(parameters) => {
                encryption::decrypt(parameters, self.passphrase.map_or(&[][..], Secret::expose), octets)
            }
            Scheme::Old(old) => old.decrypt(&self.wide()?, octets),
            Scheme::Unreadable(refusal) => Err(refusal.clone().into()),
        }
    }

    fn take(&mut self, bags: &[u8], depth: usize) -> Result<(), KeyError> {
        let bags = in_der(bags, read_bags);
        for bag in read_bags(&bags).map_err(KeyRefusal::damaged)? {
            self.bags += 1;
            if self.bags > MAX_BAGS || depth > MAX_NESTING {
                return Err(KeyRefusal::damaged("it holds more than anybody puts into a keystore").into());
            }
            match bag.kind {
                1 => self.contents.keys.push((KeyDocument::read(bag.value.whole), bag.name)),
                2 => {
                    let (scheme, octets) = shrouded(bag.value).map_err(KeyRefusal::damaged)?;
                    let key = match self.decrypt(&scheme, &octets).and_then(|plain| KeyDocument::read(&plain)) {
                        // Nobody gave a passphrase: it is an encrypted key, and no wrong one.
                        Err(KeyError::WrongPassphrase) if self.passphrase.is_none_or(|p| p.expose().is_empty()) => {
                            KeyDocument::read(bag.value.whole)
                        }
                        other => {
                            self.contents.proven |= other.is_ok();
                            other
                        }
                    };
                    self.contents.keys.push((key, bag.name));
                }
                3 | 4 => match inner(bag.value).map_err(KeyRefusal::damaged)? {
                    Some((DerKind::Crl, der)) => self.contents.crls.push(der),
                    Some((_, der)) => self.contents.certificates.push((der, bag.name)),
                    None => self.contents.others += 1,
                },
                6 => self.take(bag.value.whole, depth + 1)?,
                _ => self.contents.others += 1,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::pkcs12::{BAG, DATA};
    use super::super::{Encryption, Protection};
    use super::*;
    use crate::x509::der::{self, constructed, tlv};

    const TRIPLE_DES: &str = "1.2.840.113549.1.12.1.3";

    fn oid(arcs: &[u64]) -> Vec<u8> {
        der::oid(&crate::model::Oid::from_arcs(arcs).unwrap())
    }

    fn data(content: &[u8]) -> Vec<u8> {
        constructed(der::SEQUENCE, &[&oid(DATA), &tlv(0xa0, &tlv(der::OCTET_STRING, content))])
    }

    fn scheme(name: &str, rounds: u32) -> Vec<u8> {
        let parameters =
            constructed(der::SEQUENCE, &[&tlv(der::OCTET_STRING, &[1; 8]), &der::unsigned(&rounds.to_be_bytes())]);
        constructed(der::SEQUENCE, &[&der::oid(&name.parse().unwrap()), &parameters])
    }

    /// Shrouded keys of noise, each with so many rounds; and a seal with so many, if any.
    fn keystore(name: &str, keys: &[u32], seal: Option<u32>) -> Result<Keystore, KeyRefusal> {
        let bag = |rounds: &u32| {
            let key = constructed(der::SEQUENCE, &[&scheme(name, *rounds), &tlv(der::OCTET_STRING, &[7; 24])]);
            constructed(der::SEQUENCE, &[&oid(&[BAG, &[2]].concat()), &tlv(0xa0, &key)])
        };
        let bags = tlv(der::SEQUENCE, &keys.iter().map(bag).collect::<Vec<_>>().concat());
        let safe = data(&tlv(der::SEQUENCE, &data(&bags)));
        let mac = seal.map_or_else(Vec::new, |rounds| {
            let sha256 = constructed(der::SEQUENCE, &[&der::oid(&HASHES[1].0.parse().unwrap()), &[5, 0]]);
            let digest = constructed(der::SEQUENCE, &[&sha256, &tlv(der::OCTET_STRING, &[0; 32])]);
            let rounds = der::unsigned(&rounds.to_be_bytes());
            constructed(der::SEQUENCE, &[&digest, &tlv(der::OCTET_STRING, &[1; 8]), &rounds])
        });
        Keystore::read(&constructed(der::SEQUENCE, &[&[2, 1, 3], &safe, &mac]))
    }

    fn opened(keystore: &Keystore) -> Result<KeystoreContents, KeyError> {
        keystore.open(Some(&Secret::new(b"secret".to_vec())))
    }

    #[test]
    fn work_is_bounded_before_it_is_done() {
        let is_refused = |k: &Keystore| {
            opened(k).map_or_else(
                |e| matches!(e, KeyError::Refused(KeyRefusal::WorkFactor { .. })),
                |c| c.keys.iter().any(|k| matches!(&k.0, Err(KeyError::Refused(KeyRefusal::WorkFactor { .. })))),
            )
        };
        assert!(is_refused(&keystore(TRIPLE_DES, &[], Some(u32::MAX)).unwrap()), "the seal");
        assert!(is_refused(&keystore(TRIPLE_DES, &[u32::MAX], None).unwrap()), "one key");
        let bound = keystore(TRIPLE_DES, &[], Some(10_000_001)).unwrap();
        assert_eq!(
            opened(&bound).unwrap_err().to_string(),
            "it is encrypted with more rounds of key derivation, and 10000000 in all is the most that is read here"
        );
        let within =
            |rounds, work| keystore(TRIPLE_DES, &[], Some(rounds)).unwrap().open_within(None, work).unwrap_err();
        assert!(matches!(within(1_000, 1_000), KeyError::WrongPassphrase));
        assert!(matches!(within(1_001, 1_000), KeyError::Refused(KeyRefusal::WorkFactor { .. })));
        // Each is within the bounds, and all of them are not.
        let many = keystore(TRIPLE_DES, &[100; 20], None).unwrap();
        let secret = Secret::new(b"secret".to_vec());
        let tried = many.open_within(Some(&secret), 1_000).unwrap().keys;
        let refused = tried.iter().filter(|k| !matches!(k.0, Err(KeyError::WrongPassphrase))).count();
        assert_eq!((tried.len(), refused), (20, 17), "three times 300 rounds are spent");
        let few = keystore(TRIPLE_DES, &[1; 200], Some(1)).unwrap();
        assert!(matches!(opened(&few), Err(KeyError::WrongPassphrase)), "noise is sealed by nothing");
    }

    #[test]
    fn what_is_told_of_a_closed_one() {
        let old = keystore(TRIPLE_DES, &[2048], Some(1000)).unwrap();
        let mac = old.mac.as_ref().unwrap();
        assert_eq!((mac.algorithm.as_str(), mac.iterations), ("hmac-sha256", 1000));
        let part = old.parts().remove(0);
        let known = Protection { cipher: "3des-cbc", kdf: "pkcs12-sha1", work: 2048 };
        assert_eq!((part.encryption, part.keys), (None, vec![Encryption::Known(known)]));
        let rc4 = keystore("1.2.840.113549.1.12.1.1", &[1], None).unwrap();
        assert!(matches!(rc4.parts()[0].keys[0], Encryption::Unknown(KeyRefusal::Encryption { .. })));
        assert!(keystore(TRIPLE_DES, &[0], None).unwrap().parts()[0].keys[0] != Encryption::Enveloped);
        assert!(matches!(Keystore::read(b"\x30\x00"), Err(KeyRefusal::Damaged(_))));
    }

    #[test]
    fn bags_in_bags_end() {
        let mut bags = tlv(der::SEQUENCE, &[]);
        for _ in 0..MAX_NESTING + 2 {
            let bag = constructed(der::SEQUENCE, &[&oid(&[BAG, &[6]].concat()), &tlv(0xa0, &bags)]);
            bags = tlv(der::SEQUENCE, &bag);
        }
        let safe = data(&tlv(der::SEQUENCE, &data(&bags)));
        let deep = Keystore::read(&constructed(der::SEQUENCE, &[&[2, 1, 3], &safe])).unwrap();
        assert!(matches!(opened(&deep), Err(KeyError::Refused(KeyRefusal::Damaged(_)))));
    }
}
