//! PKCS#12 keystores (RFC 7292), read with our own reader of DER, so that every work factor is known before any of it is
//! spent: what can be told without the passphrase, and what is inside with it.

use super::KeyRefusal;
use super::encryption::Protection;
use super::pkcs12_scheme::Scheme;
use crate::x509::der::{self, Reader, Value};
use crate::x509::{DerKind, X509Error, definite_ber, octet_pieces};
use ring::digest::Algorithm;
use ring::hmac;
use std::borrow::Cow;

pub(super) const WHAT: &str = "the keystore";
pub(super) const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];
const ENVELOPED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 3];
const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 6];
pub(super) const BAG: &[u64] = &[1, 2, 840, 113549, 1, 12, 10, 1];
const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113549, 1, 9, 22, 1];
const X509_CRL: &[u64] = &[1, 2, 840, 113549, 1, 9, 23, 1];
const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113549, 1, 9, 20];
const PBMAC1: &str = "1.2.840.113549.1.5.14";
/// The most parts and bags; keystores of whole trust stores have a few hundred.
pub(super) const MAX_BAGS: usize = 10_000;

type HashRow = (&'static str, &'static str, &'static Algorithm, hmac::Algorithm);

/// Hashes of the MAC: OID, name, digest, HMAC.
pub(super) static HASHES: [HashRow; 4] = [
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
    pub(super) salt: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// One part of a keystore.
#[derive(Debug)]
pub(super) enum Part {
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

/// A keystore, closed.
#[derive(Debug)]
pub struct Keystore {
    /// The seal; some have none.
    pub mac: Option<KeystoreMac>,
    pub(super) sealed: Vec<u8>,
    pub(super) parts: Vec<Part>,
}

/// A bag of SafeContents.
pub(super) struct Bag<'a> {
    pub kind: u64,
    pub value: Value<'a>,
    pub name: Option<String>,
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
pub(super) fn in_der<'a, T>(bytes: &'a [u8], read: fn(&'a [u8]) -> Result<T, X509Error>) -> Cow<'a, [u8]> {
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

pub(super) fn read_bags(contents: &[u8]) -> Result<Vec<Bag<'_>>, X509Error> {
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
pub(super) fn shrouded(value: Value<'_>) -> Result<(Scheme, Vec<u8>), X509Error> {
    let mut fields = Reader::new(value.content, WHAT);
    let scheme = Scheme::read(fields.expect(der::SEQUENCE)?.whole);
    let octets = octets(fields.any()?, &fields)?;
    Ok((scheme, octets))
}

/// The certificate or CRL of a bag; nothing for other types of them.
pub(super) fn inner(value: Value<'_>) -> Result<Option<(DerKind, Vec<u8>)>, X509Error> {
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
