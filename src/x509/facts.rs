use super::NameDer;
use super::der::Reader;
use super::details::string_text;
use crate::model::{Attribute, AttributeType, ExtendedKeyUsage, KeyUsage, Oid, Serial, Subject, Timestamp, Validity};
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{LazyLock, OnceLock};

/// A Name as it stands in a certificate: its bytes, and what they say.
#[derive(Debug, Clone)]
pub struct NameFacts {
    /// The bytes.
    pub der: NameDer,
    /// What they say; for display and comparison.
    pub subject: Subject,
    key: OnceLock<NameKey>,
}

/// Names that are one (RFC 5280 7.1) have one key, and no two others do: 128 bits that differ from run to run, so that nobody
/// can choose names whose keys collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NameKey(u64, u64);

impl NameFacts {
    /// Of a Name's bytes and what they say.
    pub fn new(der: NameDer, subject: Subject) -> Self {
        NameFacts { der, subject, key: OnceLock::new() }
    }

    /// What stands for it where names are compared or looked up, found out once: a name may be longer than any sentence,
    /// and stand in the way of every path.
    pub(crate) fn key(&self) -> NameKey {
        *self.key.get_or_init(|| {
            let folded = fold(&self.subject);
            let [one, other] = &*HASHERS;
            NameKey(one.hash_one(&folded), other.hash_one(&folded))
        })
    }

    /// The last common name, which is the one that programs show.
    pub fn common_name(&self) -> Option<&str> {
        self.subject.values(&AttributeType::common_name()).last().copied()
    }

    /// Whether two names are the same: binary, else without case and with white space folded (RFC 5280 7.1).
    pub fn matches(&self, other: &NameFacts) -> bool {
        self.der == other.der || self.key() == other.key()
    }
}

impl PartialEq for NameFacts {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der && self.subject == other.subject
    }
}

impl Eq for NameFacts {}

static HASHERS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);

type FoldedRdn = Vec<(Oid, String)>;

fn fold(subject: &Subject) -> Vec<FoldedRdn> {
    subject.rdns().iter().map(|r| fold_rdn(r.attributes())).collect()
}

/// An RDN in a form in which equal ones compare equal (RFC 5280 7.1).
pub(crate) fn fold_rdn(attributes: &[Attribute]) -> FoldedRdn {
    let text = |v: &str| v.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut all: FoldedRdn = attributes.iter().map(|a| (a.kind().oid().clone(), text(a.value()))).collect();
    all.sort();
    all
}

/// basicConstraints as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// cA
    pub ca: bool,
    /// pathLenConstraint
    pub path_len: Option<u32>,
}

/// One name of a subjectAltName as read; nothing about it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeneralName {
    /// dNSName
    Dns(String),
    /// iPAddress, any number of octets
    Ip(Vec<u8>),
    /// rfc822Name
    Email(String),
    /// uniformResourceIdentifier
    Uri(String),
    /// directoryName
    Directory(NameFacts),
    /// A name of another type.
    Other(OtherName),
}

/// A name of a type that is told and not understood (RFC 5280 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherName {
    /// The type's name in the standard, or that of a type of otherName.
    pub kind: &'static str,
    /// The type of an otherName; of a registeredID the ID itself.
    pub oid: Option<Oid>,
    /// What it holds besides: of an otherName the DER of its value, of the others their content octets.
    pub value: Vec<u8>,
}

impl OtherName {
    /// What it says: the text of its value, else its octets in hexadecimal behind `#`; a registeredID's ID.
    pub fn text(&self) -> String {
        if let (true, Some(oid)) = (self.value.is_empty(), &self.oid) {
            return oid.to_string();
        }
        let mut reader = Reader::new(&self.value, "a name");
        let whole = reader.any().ok().filter(|_| reader.is_empty());
        let text = whole.and_then(|value| string_text(value.tag, value.content));
        text.unwrap_or_else(|| format!("#{}", self.value.iter().map(|b| format!("{b:02x}")).collect::<String>()))
    }
}

/// One subtree of nameConstraints as read; nothing about it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadSubtree {
    /// dNSName
    Dns(String),
    /// iPAddress with mask
    Ip(Vec<u8>),
    /// rfc822Name
    Email(String),
    /// uniformResourceIdentifier
    Uri(String),
    /// directoryName
    Directory(Subject),
    /// A subtree of another type, by the type's name.
    Other(&'static str),
}

/// nameConstraints as read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Constraints {
    /// permittedSubtrees
    pub permitted: Vec<ReadSubtree>,
    /// excludedSubtrees
    pub excluded: Vec<ReadSubtree>,
}

/// One extension as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionFacts {
    /// extnID
    pub oid: Oid,
    /// critical
    pub critical: bool,
    /// The octets of extnValue.
    pub value: Vec<u8>,
    /// Whether this crate knows the extension and could not read it.
    pub malformed: bool,
}

/// What the to-be-signed part of a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TbsFacts {
    /// The to-be-signed bytes.
    pub der: Vec<u8>,
    /// 1, 2 or 3.
    pub version: u32,
    /// The octets of the serial number as encoded, sign octet included.
    pub raw_serial: Vec<u8>,
    /// The serial number, if the standard allows it.
    pub serial: Option<Serial>,
    /// The AlgorithmIdentifier of the signature, in DER.
    pub signature_algorithm: Vec<u8>,
    /// The issuer.
    pub issuer: NameFacts,
    /// notBefore
    pub not_before: Timestamp,
    /// notAfter
    pub not_after: Timestamp,
    /// The subject.
    pub subject: NameFacts,
    /// subjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// Whether it has an issuerUniqueID or subjectUniqueID.
    pub has_unique_ids: bool,
    /// All extensions in order.
    pub extensions: Vec<ExtensionFacts>,
    /// basicConstraints
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage
    pub key_usage: Option<KeyUsage>,
    /// extKeyUsage
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// subjectAltName
    pub names: Option<Vec<GeneralName>>,
    /// nameConstraints
    pub name_constraints: Option<Constraints>,
    /// subjectKeyIdentifier
    pub subject_key_id: Option<Vec<u8>>,
    /// keyIdentifier of the authorityKeyIdentifier
    pub authority_key_id: Option<Vec<u8>>,
    /// Whether the authorityKeyIdentifier names issuer and serial.
    pub authority_names_serial: bool,
    /// URLs of cRLDistributionPoints.
    pub crl_urls: Vec<String>,
    /// caIssuers URLs of authorityInfoAccess.
    pub issuer_urls: Vec<String>,
    /// OCSP URLs of authorityInfoAccess.
    pub ocsp_urls: Vec<String>,
}

impl TbsFacts {
    /// The first extension of this OID.
    pub fn extension(&self, arcs: &[u64]) -> Option<&ExtensionFacts> {
        self.extensions.iter().find(|e| e.oid.arcs() == arcs)
    }

    /// Whether basicConstraints says CA.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|b| b.ca)
    }

    /// Whether issuer and subject are one name (RFC 5280 3.2).
    pub fn is_self_issued(&self) -> bool {
        self.issuer.matches(&self.subject)
    }

    /// The validity period; `None` when it ends before it starts.
    pub fn validity(&self) -> Option<Validity> {
        Validity::new(self.not_before, self.not_after).ok()
    }

    /// Whether extKeyUsage, where present, allows a purpose.
    pub fn allows_purpose(&self, purpose: &ExtendedKeyUsage) -> bool {
        self.extended_key_usage.as_ref().is_none_or(|all| all.iter().any(|e| e == purpose || e.is_any()))
    }

    /// Those of its purposes that an issuer's extKeyUsage does not allow, anyExtendedKeyUsage among them.
    pub fn purposes_beyond(&self, issuer: &TbsFacts) -> Vec<&ExtendedKeyUsage> {
        let Some(allowed) = issuer.extended_key_usage.as_ref().filter(|all| !all.iter().any(ExtendedKeyUsage::is_any))
        else {
            return Vec::new();
        };
        let own = self.extended_key_usage.iter().flatten();
        let allowed: HashSet<&ExtendedKeyUsage> = allowed.iter().collect();
        own.filter(|purpose| !allowed.contains(purpose)).collect()
    }

    /// The URI names.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flatten().filter_map(|n| if let GeneralName::Uri(u) = n { Some(u.as_str()) } else { None })
    }
}

/// A whole certificate: its bytes and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) facts: TbsFacts,
    pub(super) outer_algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Certificate {
    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The AlgorithmIdentifier beside the signature, in DER; it must equal the one inside (RFC 5280 4.1.1.2).
    pub fn outer_algorithm(&self) -> &[u8] {
        &self.outer_algorithm
    }

    /// The octets of the signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What the to-be-signed part says.
    pub fn facts(&self) -> &TbsFacts {
        &self.facts
    }
}

impl std::ops::Deref for Certificate {
    type Target = TbsFacts;

    fn deref(&self) -> &TbsFacts {
        &self.facts
    }
}
