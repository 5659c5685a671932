//! PKCS#12 keystores (RFC 7292), read with our own reader of DER, so that every work factor is known before any of it is
//! spent: what can be told without the passphrase, and what is inside with it.

use super::encryption::{self, Protection};
use super::pkcs12_kdf::{self, Purpose};
use super::pkcs12_scheme::Scheme;
use super::{KeyDocument, KeyError, KeyRefusal};
use crate::model::Secret;
use crate::x509::der::{self, Reader, Value};
use crate::x509::{DerKind, X509Error, definite_ber, octet_pieces};
use ring::digest::Algorithm;
use ring::hmac;
use std::borrow::Cow;
use zeroize::Zeroizing;

pub(super) const WHAT: &str = "the keystore";
const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];
const ENVELOPED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 3];
const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 6];
const BAG: &[u64] = &[1, 2, 840, 113549, 1, 12, 10, 1];
const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113549, 1, 9, 22, 1];
const X509_CRL: &[u64] = &[1, 2, 840, 113549, 1, 9, 23, 1];
const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113549, 1, 9, 20];
const PBMAC1: &str = "1.2.840.113549.1.5.14";
/// All rounds of hashing that one keystore may ask for: some seconds.
const MAX_WORK: u64 = 10_000_000;
/// The most parts and bags; keystores of whole trust stores have a few hundred.
const MAX_BAGS: usize = 10_000;
/// Bags in bags: nobody writes them, and the standard allows it.
const MAX_NESTING: usize = 4;

type HashRow = (&'static str, &'static str, &'static Algorithm, hmac::Algorithm);

/// Hashes of the MAC: OID, name, digest, HMAC.
static HASHES: [HashRow; 4] = [
    ("1.3.14.3.2.26", "hmac-sha1", &ring::digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    ("2.16.840.1.101.3.4.2.1", "hmac-sha256", &ring::digest::SHA256, hmac::HMAC_SHA256),
    ("2.16.840.1.101.3.4.2.2", "hmac-sha384", &ring::digest::SHA384, hmac::HMAC_SHA384),
    ("2.16.840.1.101.3.4.2.3", "hmac-sha512", &ring::digest::SHA512, hmac::HMAC_SHA512),
];

/// The seal over a keystore's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeystoreMac {
    /// `hmac-sha256`, or the OID of another algorithm.
    pub algorithm: String,
    /// Rounds of the key derivation; 0 where they are not read here.
    pub iterations: u64,
    salt: Vec<u8>,
    value: Vec<u8>,
}

/// One part of a keystore.
#[derive(Debug)]
enum Part {
    /// Bags in the clear: its keys may be encrypted by themselves.
    Clear(Vec<u8>),
    /// Bags encrypted together.
    Encrypted { scheme: Scheme, octets: Vec<u8> },
    /// Encrypted for the holder of a key: no passphrase opens it.
    Enveloped,
}

/// What can be told of a part without the passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeystorePart {
    /// How all of it is encrypted; nothing for a part in the clear.
    pub encryption: Option<Encryption>,
    /// Certificates in the clear.
    pub certificates: usize,
    /// Keys in the clear.
    pub clear_keys: usize,
    /// Keys that are encrypted by themselves, by how they are.
    pub keys: Vec<Encryption>,
}

/// How something in a keystore is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// As read here.
    Known(Protection),
    /// As not read here, and why.
    Unknown(KeyRefusal),
    /// For the holder of a key.
    Enveloped,
}

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

/// A keystore, closed.
#[derive(Debug)]
pub struct Keystore {
    /// The seal; some have none.
    pub mac: Option<KeystoreMac>,
    sealed: Vec<u8>,
    parts: Vec<Part>,
}

/// A bag of SafeContents.
struct Bag<'a> {
    kind: u64,
    value: Value<'a>,
    name: Option<String>,
}

impl Keystore {
    /// Reads a keystore in DER or BER. Nothing is decrypted, and no work that it asks for is done yet.
    ///
    /// # Errors
    /// [`KeyRefusal`] when it is none, or sealed with a signature instead of a passphrase.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyRefusal> {
        match read(bytes) {
            Ok(keystore) => Ok(keystore),
            // Strings in pieces and indefinite lengths may be anywhere inside.
            Err(refusal) => match definite_ber(bytes) {
                Some(der) if der != bytes => read(&der),
                _ => Err(refusal),
            },
        }
    }

    /// What can be told without the passphrase.
    pub fn parts(&self) -> Vec<KeystorePart> {
        self.parts.iter().map(part).collect()
    }

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

fn read(bytes: &[u8]) -> Result<Keystore, KeyRefusal> {
    let mut outer = Reader::new(bytes, WHAT);
    let sequence = outer.expect(der::SEQUENCE).map_err(KeyRefusal::damaged)?;
    match outer.end() {
        Err(X509Error::TrailingBytes { count, .. }) => return Err(KeyRefusal::Trailing(count)),
        other => other.map_err(KeyRefusal::damaged)?,
    }
    let mut fields = outer.inside(sequence);
    let (kind, sealed, mac) = (|| {
        fields.expect(der::INTEGER)?;
        let info = fields.expect(der::SEQUENCE)?;
        let (kind, content) = content_info(&mut fields.inside(info))?;
        let sealed = match content {
            Some(mut content) if kind.arcs() == DATA => octets(content.any()?, &content)?,
            _ => Vec::new(),
        };
        let mac = fields.optional(der::SEQUENCE)?.map(|mac| read_mac(&mut fields.inside(mac))).transpose()?;
        fields.end()?;
        Ok::<_, X509Error>((kind, sealed, mac))
    })()
    .map_err(KeyRefusal::damaged)?;
    match kind.arcs() {
        DATA => {}
        SIGNED_DATA => {
            return Err(KeyRefusal::Keystore {
                what: "a keystore that a signature seals instead of a passphrase",
                hint: "export it again with a passphrase",
            });
        }
        _ => return Err(KeyRefusal::damaged("its contents are of a type that the standard does not know")),
    }
    let parts = read_parts(&in_der(&sealed, read_parts)).map_err(KeyRefusal::damaged)?;
    Ok(Keystore { mac, sealed, parts })
}

/// What cannot be read may be in BER, as NSS writes each layer: made definite it may be.
fn in_der<'a, T>(bytes: &'a [u8], read: fn(&'a [u8]) -> Result<T, X509Error>) -> Cow<'a, [u8]> {
    match read(bytes) {
        Ok(_) => Cow::Borrowed(bytes),
        Err(_) => definite_ber(bytes).map_or(Cow::Borrowed(bytes), Cow::Owned),
    }
}

/// A ContentInfo's type, and a reader of its content.
fn content_info<'a>(info: &mut Reader<'a>) -> Result<(crate::model::Oid, Option<Reader<'a>>), X509Error> {
    let kind = der::read_oid(info.expect(der::OID)?.content).ok_or_else(|| info.fail("a broken OID"))?;
    let content = info.optional(der::context_constructed(0))?.map(|v| info.inside(v));
    info.end()?;
    Ok((kind, content))
}

/// The octets of an OCTET STRING, in one piece or several.
fn octets(value: Value<'_>, reader: &Reader<'_>) -> Result<Vec<u8>, X509Error> {
    match value.tag {
        der::OCTET_STRING | 0x80 => Ok(value.content.to_vec()),
        0x24 | 0xa0 => octet_pieces(value.content).ok_or_else(|| reader.fail("a string in pieces that are none")),
        _ => Err(reader.fail("something where octets belong")),
    }
}

fn read_mac(fields: &mut Reader<'_>) -> Result<KeystoreMac, X509Error> {
    let digest_info = fields.expect(der::SEQUENCE)?;
    let salt = fields.expect(der::OCTET_STRING)?.content.to_vec();
    let iterations = match fields.optional(der::INTEGER)? {
        Some(count) => unsigned(count.content).ok_or_else(|| fields.fail("an absurd number of rounds"))?,
        None => 1,
    };
    fields.end()?;
    let mut digest_info = fields.inside(digest_info);
    let algorithm = digest_info.expect(der::SEQUENCE)?;
    let value = digest_info.expect(der::OCTET_STRING)?.content.to_vec();
    let mut algorithm = digest_info.inside(algorithm);
    let oid = der::read_oid(algorithm.expect(der::OID)?.content).ok_or_else(|| fields.fail("a broken OID"))?;
    let oid = oid.to_string();
    let known = HASHES.iter().find(|(o, ..)| *o == oid).map(|(_, name, ..)| (*name).to_string());
    // PBMAC1 (RFC 9579) carries its own parameters, and the field for rounds says nothing.
    let (algorithm, iterations) = match known {
        Some(name) => (name, iterations),
        None if oid == PBMAC1 => ("pbmac1".into(), 0),
        None => (oid, 0),
    };
    Ok(KeystoreMac { algorithm, iterations, salt, value })
}

pub(super) fn unsigned(content: &[u8]) -> Option<u64> {
    let short = matches!(content.first(), Some(first) if first & 0x80 == 0) && content.len() <= 9;
    short.then(|| content.iter().try_fold(0u64, |n, b| n.checked_mul(256).map(|n| n | u64::from(*b)))).flatten()
}

fn read_parts(sealed: &[u8]) -> Result<Vec<Part>, X509Error> {
    let mut outer = Reader::new(sealed, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let (mut list, mut parts) = (outer.inside(sequence), Vec::new());
    while !list.is_empty() {
        let info = list.expect(der::SEQUENCE)?;
        let (kind, content) = content_info(&mut list.inside(info))?;
        let mut content = content.ok_or_else(|| list.fail("a part without content"))?;
        parts.push(match kind.arcs() {
            DATA => Part::Clear(octets(content.any()?, &content)?),
            ENVELOPED_DATA => Part::Enveloped,
            ENCRYPTED_DATA => {
                let sequence = content.expect(der::SEQUENCE)?;
                let mut fields = content.inside(sequence);
                fields.expect(der::INTEGER)?;
                let info = fields.expect(der::SEQUENCE)?;
                let mut info = fields.inside(info);
                info.expect(der::OID)?;
                let scheme = Scheme::read(info.expect(der::SEQUENCE)?.whole);
                let octets = octets(info.any()?, &info)?;
                Part::Encrypted { scheme, octets }
            }
            _ => return Err(list.fail("a part of an unknown type")),
        });
        if parts.len() > MAX_BAGS {
            return Err(list.fail("more parts than anybody puts into a keystore"));
        }
    }
    Ok(parts)
}

fn read_bags(contents: &[u8]) -> Result<Vec<Bag<'_>>, X509Error> {
    let mut outer = Reader::new(contents, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let (mut list, mut bags) = (outer.inside(sequence), Vec::new());
    while !list.is_empty() {
        let bag = list.expect(der::SEQUENCE)?;
        let mut fields = list.inside(bag);
        let kind = der::read_oid(fields.expect(der::OID)?.content).ok_or_else(|| list.fail("a broken OID"))?;
        let kind = match kind.arcs().split_last() {
            Some((last, BAG)) => *last,
            _ => 0,
        };
        let explicit = fields.expect(der::context_constructed(0))?;
        let value = fields.inside(explicit).any()?;
        let attributes = fields.optional(der::SET)?;
        let name = attributes.and_then(|set| friendly_name(&mut fields.inside(set)));
        bags.push(Bag { kind, value, name });
        if bags.len() > MAX_BAGS {
            return Err(list.fail("more than anybody puts into a keystore"));
        }
    }
    Ok(bags)
}

fn friendly_name(attributes: &mut Reader<'_>) -> Option<String> {
    while !attributes.is_empty() {
        let one = attributes.expect(der::SEQUENCE).ok()?;
        let mut fields = attributes.inside(one);
        let kind = der::read_oid(fields.expect(der::OID).ok()?.content)?;
        let values = fields.expect(der::SET).ok()?;
        if kind.arcs() == FRIENDLY_NAME {
            let text = fields.inside(values).expect(der::BMP_STRING).ok()?.content;
            let units: Vec<u16> = text.chunks_exact(2).map(|c| u16::from(c[0]) << 8 | u16::from(c[1])).collect();
            return Some(String::from_utf16_lossy(&units));
        }
    }
    None
}

/// EncryptedPrivateKeyInfo: how it is encrypted, and the octets.
fn shrouded(value: Value<'_>) -> Result<(Scheme, Vec<u8>), X509Error> {
    let mut fields = Reader::new(value.content, WHAT);
    let scheme = Scheme::read(fields.expect(der::SEQUENCE)?.whole);
    let octets = octets(fields.any()?, &fields)?;
    Ok((scheme, octets))
}

/// The certificate or CRL of a bag; nothing for other types of them.
fn inner(value: Value<'_>) -> Result<Option<(DerKind, Vec<u8>)>, X509Error> {
    let mut fields = Reader::new(value.content, WHAT);
    let kind = der::read_oid(fields.expect(der::OID)?.content).ok_or_else(|| fields.fail("a broken OID"))?;
    let explicit = fields.expect(der::context_constructed(0))?;
    let mut explicit = fields.inside(explicit);
    let value = explicit.any()?;
    Ok(match kind.arcs() {
        X509_CERTIFICATE => Some((DerKind::Certificate, octets(value, &explicit)?)),
        X509_CRL => Some((DerKind::Crl, octets(value, &explicit)?)),
        _ => None,
    })
}

fn part(part: &Part) -> KeystorePart {
    let mut shown = KeystorePart { encryption: None, certificates: 0, clear_keys: 0, keys: Vec::new() };
    match part {
        Part::Enveloped => shown.encryption = Some(Encryption::Enveloped),
        Part::Encrypted { scheme, .. } => shown.encryption = Some(scheme.shown()),
        Part::Clear(bags) => {
            let bags = in_der(bags, read_bags);
            for bag in read_bags(&bags).unwrap_or_default() {
                match bag.kind {
                    1 => shown.clear_keys += 1,
                    2 => shown.keys.extend(shrouded(bag.value).map(|(scheme, _)| scheme.shown())),
                    3 => shown.certificates += 1,
                    _ => {}
                }
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::der::{constructed, tlv};

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
