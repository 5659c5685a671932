//! Certificate signing requests (PKCS#10, RFC 2986), read as strictly as certificates.

use super::crl_read::read_list;
use super::csr_write::EXTENSION_REQUEST;
use super::der::{self, Reader, Value};
use super::extension::oid;
use super::name::read_name;
use super::{ExtensionFacts, GeneralName, NameDer, NameFacts, OtherName, X509Error};
use crate::model::{ExtendedKeyUsage, Oid};
use std::collections::HashSet;

const WHAT: &str = "the CSR";
/// The same attribute as Microsoft's older tools name it.
const MICROSOFT_EXTENSION_REQUEST: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 2, 1, 14];
/// TLS feature (RFC 7633).
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
/// Extensions that may be asked for, critical or not, and that an issuer knows how to leave out.
const KNOWN: [&[u64]; 11] = [
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::AUTHORITY_INFO_ACCESS,
    TLS_FEATURE,
];

/// A certificate signing request as read; that its signature is good is for others to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csr {
    der: Vec<u8>,
    info: std::ops::Range<usize>,
    signature: Vec<u8>,
    /// The AlgorithmIdentifier of the signature, in DER.
    pub signature_algorithm: Vec<u8>,
    /// The subject that is wished for.
    pub subject: NameFacts,
    /// subjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// The names that are wished for; none without a subjectAltName.
    pub names: Vec<GeneralName>,
    /// Every extension that is wished for, subjectAltName included.
    pub extensions: Vec<ExtensionFacts>,
    /// Attributes besides the request for extensions, as a challenge password.
    pub other_attributes: Vec<Oid>,
}

impl Csr {
    /// Reads a request in DER; nothing may follow it.
    ///
    /// # Errors
    /// [`X509Error`] when it is none, asks twice for an attribute or extension, has names that cannot be read, or asks for
    /// a critical extension that nobody knows.
    pub fn read(bytes: &[u8]) -> Result<Self, X509Error> {
        let csr = Self::read_loose(bytes)?;
        match csr.extensions.iter().find(|e| e.critical && !KNOWN.contains(&e.oid.arcs())) {
            Some(e) => {
                Err(X509Error::malformed(WHAT, format!("the unknown extension {} asked for as critical", e.oid)))
            }
            None => Ok(csr),
        }
    }

    /// As [`Csr::read`], and takes critical extensions that nobody knows too: for those who look, not for issuers.
    ///
    /// # Errors
    /// [`X509Error`] when it is none, asks twice for an attribute or extension, or has names that cannot be read.
    pub fn read_loose(bytes: &[u8]) -> Result<Self, X509Error> {
        let mut outer = Reader::new(bytes, WHAT);
        let request = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut parts = outer.inside(request);
        let info = parts.expect(der::SEQUENCE)?;
        let signature_algorithm = parts.expect(der::SEQUENCE)?.whole.to_vec();
        let bits = parts.expect(der::BIT_STRING)?;
        parts.end()?;
        let signature = match bits.content.split_first() {
            Some((0, octets)) => octets.to_vec(),
            _ => return Err(parts.fail("a signature with unused bits")),
        };
        let mut fields = parts.inside(info);
        if fields.expect(der::INTEGER)?.content != [0] {
            return Err(fields.fail("a version other than 1"));
        }
        let subject = fields.expect(der::SEQUENCE)?.whole;
        let subject = NameFacts::new(NameDer::as_read(subject), read_name(subject)?);
        let public_key = fields.expect(der::SEQUENCE)?.whole.to_vec();
        // RFC 2986 wants the set, be it empty; some tools leave it out.
        let attributes = fields.optional(der::context_constructed(0))?;
        fields.end()?;
        let start = info.whole.as_ptr() as usize - bytes.as_ptr() as usize;
        let mut csr = Csr {
            der: bytes.to_vec(),
            info: start..start + info.whole.len(),
            signature,
            signature_algorithm,
            subject,
            public_key,
            names: Vec::new(),
            extensions: Vec::new(),
            other_attributes: Vec::new(),
        };
        if let Some(attributes) = attributes {
            csr.take_attributes(&mut fields.inside(attributes))?;
        }
        Ok(csr)
    }

    fn take_attributes(&mut self, attributes: &mut Reader<'_>) -> Result<(), X509Error> {
        // A set: a hostile request has as many attributes as there is room for.
        let mut seen = HashSet::new();
        let mut asked = false;
        while !attributes.is_empty() {
            let one = attributes.expect(der::SEQUENCE)?;
            let mut parts = attributes.inside(one);
            let kind = der::read_oid(parts.expect(der::OID)?.content).ok_or_else(|| parts.fail("a broken OID"))?;
            let values = parts.expect(der::SET)?;
            parts.end()?;
            if !seen.insert(kind.clone()) {
                return Err(parts.fail("an attribute that stands twice"));
            }
            if [EXTENSION_REQUEST, MICROSOFT_EXTENSION_REQUEST].contains(&kind.arcs()) {
                if asked {
                    return Err(parts.fail("extensions that are asked for twice"));
                }
                asked = true;
                let mut values = parts.inside(values);
                let list = values.expect(der::SEQUENCE)?;
                values.end()?;
                self.take_extensions(&mut values.inside(list))?;
            } else {
                self.other_attributes.push(kind);
            }
        }
        Ok(())
    }

    fn take_extensions(&mut self, list: &mut Reader<'_>) -> Result<(), X509Error> {
        self.extensions = read_list(list)?;
        let mut seen = HashSet::new();
        for e in &self.extensions {
            if !seen.insert(&e.oid) {
                return Err(list.fail(&format!("the extension {} asked for twice", e.oid)));
            }
        }
        let names = self.extensions.iter().find(|e| e.oid.arcs() == oid::SUBJECT_ALT_NAME);
        if let Some(names) = names {
            self.names = read_general_names(&names.value)?;
        }
        Ok(())
    }

    /// The purposes that are wished for; none without an extKeyUsage.
    ///
    /// # Errors
    /// [`X509Error`] when the extension cannot be read.
    pub fn purposes(&self) -> Result<Vec<ExtendedKeyUsage>, X509Error> {
        let wished = self.extensions.iter().find(|e| e.oid.arcs() == oid::EXTENDED_KEY_USAGE);
        let Some(wished) = wished else { return Ok(Vec::new()) };
        let mut outer = Reader::new(&wished.value, WHAT);
        let sequence = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let (mut list, mut all) = (outer.inside(sequence), Vec::new());
        while !list.is_empty() {
            let one = der::read_oid(list.expect(der::OID)?.content).ok_or_else(|| list.fail("a broken OID"))?;
            all.push(ExtendedKeyUsage::from_oid(one));
        }
        Ok(all)
    }

    /// Whether the powers of a CA are wished for.
    pub fn is_for_a_ca(&self) -> bool {
        let wished = self.extensions.iter().find(|e| e.oid.arcs() == oid::BASIC_CONSTRAINTS);
        let ca = |value: &[u8]| {
            let mut outer = Reader::new(value, WHAT);
            let sequence = outer.expect(der::SEQUENCE).ok()?;
            outer.inside(sequence).optional(der::BOOLEAN).ok()?.map(|b| b.content == [0xff])
        };
        wished.is_some_and(|e| ca(&e.value) == Some(true))
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The bytes that are signed: certificationRequestInfo.
    pub fn info(&self) -> &[u8] {
        &self.der[self.info.clone()]
    }

    /// The octets of the signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// The names of a subjectAltName (RFC 5280 4.2.1.6): not none, and each of the structure of its type.
fn read_general_names(value: &[u8]) -> Result<Vec<GeneralName>, X509Error> {
    let mut outer = Reader::new(value, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut list = outer.inside(sequence);
    if list.is_empty() {
        return Err(list.fail("a subjectAltName without names"));
    }
    let mut names = Vec::new();
    while !list.is_empty() {
        let name = list.any()?;
        names.push(read_general_name(name, &list)?);
    }
    Ok(names)
}

/// What stands in the explicit tag around the value of an otherName; all of it where there is no such tag.
pub(super) fn explicit(value: &[u8]) -> &[u8] {
    let tagged = Reader::new(value, WHAT).expect(der::context_constructed(0));
    tagged.map_or(value, |tagged| tagged.content)
}

fn read_general_name(name: Value<'_>, list: &Reader<'_>) -> Result<GeneralName, X509Error> {
    let text = || match std::str::from_utf8(name.content) {
        Ok(text) if text.is_ascii() => Ok(text.to_string()),
        _ => Err(list.fail("a name that is not ASCII")),
    };
    let octets = |kind| GeneralName::Other(OtherName { kind, oid: None, value: name.content.to_vec() });
    Ok(match name.tag {
        0x81 => GeneralName::Email(text()?),
        0x82 => GeneralName::Dns(text()?),
        0x86 => GeneralName::Uri(text()?),
        0x87 if matches!(name.content.len(), 4 | 16) => GeneralName::Ip(name.content.to_vec()),
        0x87 => return Err(list.fail("an IP address of neither 4 nor 16 octets")),
        0xa4 => GeneralName::Directory(NameFacts::new(NameDer::as_read(name.content), read_name(name.content)?)),
        0xa0 => {
            let mut fields = list.inside(name);
            let oid = der::read_oid(fields.expect(der::OID)?.content);
            let value = explicit(fields.any()?.whole).to_vec();
            GeneralName::Other(OtherName { kind: "otherName", oid, value })
        }
        0xa3 => octets("x400Address"),
        0xa5 => octets("ediPartyName"),
        0x88 => {
            let oid = der::read_oid(name.content);
            let value = if oid.is_none() { name.content.to_vec() } else { Vec::new() };
            GeneralName::Other(OtherName { kind: "registeredID", oid, value })
        }
        _ => return Err(list.fail("a name of an unknown type")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::der::tlv;
    use super::super::{CsrFields, SignatureAlgorithm, assemble_csr, encode_csr_info};
    use super::*;
    use crate::model::{KeyUsage, San, SanSet};

    #[test]
    fn names_of_other_types_keep_their_value() {
        let named = |name: &[u8]| {
            let mut list = Reader::new(name, WHAT);
            match read_general_name(list.any().unwrap(), &list) {
                Ok(GeneralName::Other(other)) => {
                    (other.kind, other.oid.as_ref().map(ToString::to_string).unwrap_or_default(), other.text())
                }
                other => panic!("{other:?}"),
            }
        };
        let upn = [tlv(der::OID, &[0x2a, 3]), tlv(0xa0, &tlv(der::UTF8_STRING, b"user"))].concat();
        assert_eq!(named(&tlv(0xa0, &upn)), ("otherName", "1.2.3".into(), "user".into()));
        assert_eq!(named(&tlv(0x88, &[0x2a, 3])), ("registeredID", "1.2.3".into(), "1.2.3".into()));
        assert_eq!(named(&tlv(0x88, &[0x80])), ("registeredID", String::new(), "#80".into()));
        assert_eq!(named(&tlv(0xa3, &[0x30, 0])), ("x400Address", String::new(), "#3000".into()));
        let list = Reader::new(&[], WHAT);
        let broken = tlv(0xa0, &[1, 2]);
        assert!(read_general_name(Reader::new(&broken, WHAT).any().unwrap(), &list).is_err());
    }

    fn fields() -> CsrFields {
        let names = ["a.example", "10.0.0.1", "2001:db8::1"].map(|t| San::host(t).unwrap());
        let more = [San::Email("a@b.example".parse().unwrap()), San::uri("https://x.example/").unwrap()];
        CsrFields {
            subject: NameDer::of(&"CN=a,O=b".parse().unwrap()),
            public_key: super::super::spki(crate::model::KeyAlgorithm::Ed25519, &[7; 32]),
            ca: false,
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            extended_key_usage: vec![ExtendedKeyUsage::server_auth()],
            names: SanSet::new(names.into_iter().chain(more)).unwrap(),
        }
    }

    fn whole(fields: &CsrFields) -> Vec<u8> {
        assemble_csr(&encode_csr_info(fields), SignatureAlgorithm::Ed25519, &[9; 64])
    }

    #[test]
    fn reads_what_it_writes() {
        let csr = Csr::read(&whole(&fields())).unwrap();
        assert_eq!((&csr.subject.der, &csr.public_key), (&fields().subject, &fields().public_key));
        assert_eq!((csr.info(), csr.signature()), (&encode_csr_info(&fields())[..], &[9; 64][..]));
        let expected = [
            GeneralName::Dns("a.example".into()),
            GeneralName::Ip(vec![10, 0, 0, 1]),
            GeneralName::Ip("2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec()),
            GeneralName::Email("a@b.example".into()),
            GeneralName::Uri("https://x.example/".into()),
        ];
        assert_eq!(csr.names, expected);
        assert!(csr.other_attributes.is_empty() && csr.extensions.len() == 3);
        assert_eq!(csr.purposes(), Ok(fields().extended_key_usage));
        let bare = Csr::read(&whole(&CsrFields { names: SanSet::default(), ca: true, ..fields() })).unwrap();
        assert!(bare.names.is_empty() && bare.extensions[0].oid.arcs() == oid::BASIC_CONSTRAINTS);
    }

    fn with_attributes(attributes: &[u8]) -> Result<Csr, X509Error> {
        Csr::read(&request(attributes))
    }

    fn request(attributes: &[u8]) -> Vec<u8> {
        let version = tlv(der::INTEGER, &[0]);
        let set = tlv(der::context_constructed(0), attributes);
        let info =
            der::constructed(der::SEQUENCE, &[&version, fields().subject.as_bytes(), &fields().public_key, &set]);
        assemble_csr(&info, SignatureAlgorithm::Ed25519, &[9; 64])
    }

    fn attribute(arcs: &[u64], value: &[u8]) -> Vec<u8> {
        let kind = der::oid(&Oid::from_arcs(arcs).unwrap());
        der::constructed(der::SEQUENCE, &[&kind, &tlv(der::SET, value)])
    }

    fn extension(arcs: &[u64], critical: bool, value: &[u8]) -> Vec<u8> {
        let kind = der::oid(&Oid::from_arcs(arcs).unwrap());
        let critical = if critical { tlv(der::BOOLEAN, &[0xff]) } else { Vec::new() };
        der::constructed(der::SEQUENCE, &[&kind, &critical, &tlv(der::OCTET_STRING, value)])
    }

    fn asking(extensions: &[u8]) -> Vec<u8> {
        attribute(EXTENSION_REQUEST, &tlv(der::SEQUENCE, extensions))
    }

    #[test]
    fn attributes_and_extensions_stand_once() {
        let password = attribute(&[1, 2, 840, 113_549, 1, 9, 7], &tlv(der::UTF8_STRING, b"x"));
        assert_eq!(with_attributes(&password).unwrap().other_attributes.len(), 1);
        assert!(with_attributes(&[&password[..], &password].concat()).is_err());
        let ours = asking(&extension(oid::KEY_USAGE, true, &[3, 2, 7, 0x80]));
        let theirs = attribute(MICROSOFT_EXTENSION_REQUEST, &tlv(der::SEQUENCE, &[]));
        assert!(with_attributes(&ours).is_ok() && with_attributes(&theirs).is_ok());
        assert!(with_attributes(&[&ours[..], &theirs].concat()).is_err());
        let twice = extension(oid::KEY_USAGE, true, &[3, 2, 7, 0x80]).repeat(2);
        assert!(with_attributes(&asking(&twice)).is_err());
    }

    #[test]
    fn what_nobody_knows_must_not_be_critical() {
        let unknown = |critical| with_attributes(&asking(&extension(&[1, 2, 3, 4], critical, &[5, 0])));
        assert!(unknown(false).is_ok());
        assert!(unknown(true).is_err());
        let asking = asking(&extension(&[1, 2, 3, 4], true, &[5, 0]));
        let loose = Csr::read_loose(&request(&asking)).unwrap();
        assert!(loose.extensions[0].critical, "who looks sees it");
    }

    #[test]
    fn names_that_cannot_be_read_are_an_error() {
        let names = |value: &[u8]| with_attributes(&asking(&extension(oid::SUBJECT_ALT_NAME, false, value)));
        assert!(names(&tlv(der::SEQUENCE, &tlv(0x82, b"a.example"))).is_ok());
        for bad in [
            &tlv(der::SEQUENCE, &[])[..],
            &tlv(der::SEQUENCE, &tlv(0x82, &[0xff])),
            &tlv(der::SEQUENCE, &tlv(0x87, &[1, 2, 3])),
            &tlv(der::SEQUENCE, &tlv(0x9e, &[])),
            &tlv(der::SEQUENCE, &[0x82, 9, b'a']),
            &[tlv(der::SEQUENCE, &tlv(0x82, b"a")), vec![0]].concat(),
        ] {
            assert!(names(bad).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = whole(&fields());
        for cut in 0..good.len() {
            assert!(Csr::read(&good[..cut]).is_err());
        }
        assert!(Csr::read(&[&good[..], &[0]].concat()).is_err());
        for i in 0..good.len() {
            for flip in [1, 0x55, 0x80] {
                let mut bad = good.clone();
                bad[i] ^= flip;
                drop(Csr::read(&bad));
            }
        }
    }
}
