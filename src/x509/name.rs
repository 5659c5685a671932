use super::X509Error;
use super::der::{self, Reader, Value, tlv};
use crate::model::{Attribute, AttributeType, Rdn, StringKind, Subject, SubjectProblem};

/// Encodes a subject as a Name: PrintableString where the characters suffice, else UTF8String; the attributes of a
/// multi-valued RDN in DER's SET order (RFC 5280 4.1.2.4, X.690 11.6).
pub fn encode_name(subject: &Subject) -> Vec<u8> {
    let rdns: Vec<u8> = subject.rdns().iter().flat_map(encode_rdn).collect();
    tlv(der::SEQUENCE, &rdns)
}

fn encode_rdn(rdn: &Rdn) -> Vec<u8> {
    let mut attributes: Vec<Vec<u8>> = rdn
        .attributes()
        .iter()
        .map(|a| {
            let tag = match a.kind().string_kind() {
                StringKind::Ia5 => der::IA5_STRING,
                StringKind::Printable => der::PRINTABLE_STRING,
                StringKind::Directory if crate::model::is_printable_string(a.value()) => der::PRINTABLE_STRING,
                StringKind::Directory => der::UTF8_STRING,
            };
            der::constructed(der::SEQUENCE, &[&der::oid(a.kind().oid()), &tlv(tag, a.value().as_bytes())])
        })
        .collect();
    attributes.sort();
    tlv(der::SET, &attributes.concat())
}

/// Reads a Name, whatever string types it uses; for display and comparison.
///
/// # Errors
/// [`X509Error`] when it is not a Name.
pub fn read_name(bytes: &[u8]) -> Result<Subject, X509Error> {
    let attribute = |kind, value: Value<'_>| Ok(Attribute::as_read(kind, text(value)));
    read_with(bytes, attribute, |attributes| Ok(Rdn::as_read(attributes)))
}

/// Why a Name cannot be certified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is none.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// A value in it is not what the standard allows.
    #[error(transparent)]
    Subject(#[from] SubjectProblem),
}

/// Reads a Name that somebody wishes for: the order of its RDNs stays, and every value must be one that may be issued
/// (RFC 5280 4.1.2.4), whatever string type it came in.
///
/// # Errors
/// [`NameError`].
pub fn read_name_to_issue(bytes: &[u8]) -> Result<Subject, NameError> {
    let attribute = |kind: AttributeType, value: Value<'_>| {
        let text = decoded(value).ok_or_else(|| SubjectProblem::NoText(kind.name()))?;
        Ok(Attribute::new(kind, &text)?)
    };
    read_with(bytes, attribute, |attributes| Ok(Rdn::new(attributes)?))
}

fn read_with<E: From<X509Error>>(
    bytes: &[u8],
    attribute: impl Fn(AttributeType, Value<'_>) -> Result<Attribute, E>,
    rdn: impl Fn(Vec<Attribute>) -> Result<Rdn, E>,
) -> Result<Subject, E> {
    let mut outer = Reader::new(bytes, "a name");
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut rdns = Vec::new();
    let mut sets = outer.inside(sequence);
    while !sets.is_empty() {
        let set = sets.expect(der::SET)?;
        let mut pairs = sets.inside(set);
        let mut attributes = Vec::new();
        while !pairs.is_empty() {
            let pair = pairs.expect(der::SEQUENCE)?;
            let mut fields = pairs.inside(pair);
            let kind = der::read_oid(fields.expect(der::OID)?.content).ok_or_else(|| fields.fail("a broken OID"))?;
            let value = fields.any()?;
            fields.end()?;
            attributes.push(attribute(AttributeType::from_oid(kind), value)?);
        }
        if attributes.is_empty() {
            return Err(sets.fail("an empty RDN").into());
        }
        rdns.push(rdn(attributes)?);
    }
    Ok(Subject::new(rdns))
}

/// The text of a directory string; what is no text is shown in hex.
fn text(value: Value<'_>) -> String {
    let hex = || format!("#{}", value.whole.iter().map(|b| format!("{b:02x}")).collect::<String>());
    decoded(value).unwrap_or_else(hex)
}

/// The text of a directory string, if it is one.
fn decoded(value: Value<'_>) -> Option<String> {
    let c = value.content;
    match value.tag {
        der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING => String::from_utf8(c.to_vec()).ok(),
        // T.61 in name only: every program reads it as Latin-1.
        der::TELETEX_STRING => Some(c.iter().map(|b| char::from(*b)).collect()),
        der::BMP_STRING if c.len().is_multiple_of(2) => {
            let units: Vec<u16> = c.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
            String::from_utf16(&units).ok()
        }
        der::UNIVERSAL_STRING if c.len().is_multiple_of(4) => {
            c.chunks_exact(4).map(|p| char::from_u32(u32::from_be_bytes([p[0], p[1], p[2], p[3]]))).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_types() {
        let der = |t: &str| encode_name(&t.parse().unwrap());
        assert_eq!(der("CN=a")[11..14], [der::PRINTABLE_STRING, 1, b'a']);
        assert_eq!(der("CN=a*")[11..13], [der::UTF8_STRING, 2]);
        assert_eq!(der("")[..], [der::SEQUENCE, 0]);
        assert!(der("DC=corp").windows(2).any(|w| w == [der::IA5_STRING, 4]));
        assert!(der("emailAddress=a@b.c").windows(2).any(|w| w == [der::IA5_STRING, 5]));
    }

    /// What a CSR wishes for: in its own order, and only what may be issued.
    #[test]
    fn names_to_issue() {
        let name = |kind: &str, tag, content: &[u8]| {
            let pair = der::constructed(der::SEQUENCE, &[&der::oid(&kind.parse().unwrap()), &tlv(tag, content)]);
            tlv(der::SET, &pair)
        };
        let read = |rdns: &[Vec<u8>]| read_name_to_issue(&tlv(der::SEQUENCE, &rdns.concat()));
        let (cn, c) = ("2.5.4.3", "2.5.4.6");
        let specific_first = [name(cn, der::TELETEX_STRING, b"L\xfc"), name(c, der::PRINTABLE_STRING, b"DE")];
        assert_eq!(read(&specific_first), Ok("/CN=L\u{fc}/C=DE".parse().unwrap()));
        let problem = |one: Vec<u8>| read(&[one]).unwrap_err().to_string();
        assert_eq!(problem(name(cn, der::UTF8_STRING, &[0xff])), "the value of `CN` is not text");
        assert_eq!(problem(name(cn, der::BIT_STRING, &[0])), "the value of `CN` is not text");
        assert!(problem(name(cn, der::UTF8_STRING, b"a\0b")).contains("control character"));
        assert!(problem(name(cn, der::UTF8_STRING, b"")).contains("no value"));
        assert!(problem(name(cn, der::UTF8_STRING, &[b'a'; 65])).contains("64 is the most"));
        assert!(problem(name(c, der::PRINTABLE_STRING, b"Germany")).contains("two upper-case letters"));
        assert_eq!(read(&[tlv(der::SET, &[])]).unwrap_err().to_string(), "a name is malformed: an empty RDN");
        let pair = der::constructed(der::SEQUENCE, &[&der::oid(&cn.parse().unwrap()), &tlv(der::UTF8_STRING, b"a")]);
        assert!(read(&[tlv(der::SET, &pair.repeat(2))]).unwrap_err().to_string().contains("stands twice"));
    }

    #[test]
    fn names_round_trip_with_repeats_and_order() {
        for text in ["CN=ca,DC=corp,DC=example,DC=com", "CN=x,OU=b,OU=a,O=Lü", "1.2.3=y,C=DE"] {
            let s: Subject = text.parse().unwrap();
            assert_eq!(read_name(&encode_name(&s)), Ok(s));
        }
        // A SET is sorted by its encoding, whatever was typed.
        assert_eq!(encode_name(&"UID=b+CN=a".parse().unwrap()), encode_name(&"CN=a+UID=b".parse().unwrap()));
    }

    #[test]
    fn foreign_string_types() {
        let name = |tag: u8, content: &[u8]| {
            let cn = der::oid(&"2.5.4.3".parse().unwrap());
            let pair = der::constructed(der::SEQUENCE, &[&cn, &tlv(tag, content)]);
            read_name(&tlv(der::SEQUENCE, &tlv(der::SET, &pair))).map(|s| s.to_string())
        };
        assert_eq!(name(der::BMP_STRING, &[0, b'a', 0, 0xfc]).as_deref(), Ok("CN=aü"));
        assert_eq!(name(der::TELETEX_STRING, &[0xfc]).as_deref(), Ok("CN=ü"));
        assert_eq!(name(der::UNIVERSAL_STRING, &[0, 0, 0, b'a']).as_deref(), Ok("CN=a"));
        assert_eq!(name(der::UTF8_STRING, &[0xff]).as_deref(), Ok("CN=\\#0c01ff"));
        assert!(read_name(&[0x30, 2, 0x31, 0]).is_err());
        assert!(read_name(b"").is_err());
    }
}
