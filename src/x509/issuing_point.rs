use super::der::{self, Reader, Value};
use super::extension::oid;
use super::{Crl, X509Error};

/// Every reason of ReasonFlags but its bit 0, which is unused: bit n for bit n (RFC 5280 4.2.1.13).
pub(crate) const ALL_REASONS: u16 = 0b1_1111_1110;

const NAME: &str = "a distribution point";
const POINT: u8 = der::context_constructed(0);
const USERS: u8 = der::context(1);
const CAS: u8 = der::context(2);
const SOME_REASONS: u8 = der::context(3);
const INDIRECT: u8 = der::context(4);
const ATTRIBUTES: u8 = der::context(5);
const FULL_NAME: u8 = der::context_constructed(0);
const RELATIVE: u8 = der::context_constructed(1);

/// What a CRL covers: an issuingDistributionPoint as encoded (RFC 5280 5.2.5).
pub(crate) struct IssuingPoint<'a> {
    /// Its fields, each at most once and in order.
    fields: Vec<Value<'a>>,
}

impl<'a> IssuingPoint<'a> {
    /// The one of a CRL, if it has one.
    ///
    /// # Errors
    /// [`X509Error`] when it does not have the structure that its standard gives it.
    pub fn of(crl: &'a Crl) -> Option<Result<Self, X509Error>> {
        let extension = crl.extensions.iter().find(|e| e.oid.arcs() == oid::ISSUING_POINT)?;
        Some(Self::read(&extension.value))
    }

    /// Reads the extension's value. The names inside are not looked at yet.
    ///
    /// # Errors
    /// As of [`IssuingPoint::of`].
    pub fn read(value: &'a [u8]) -> Result<Self, X509Error> {
        let mut outer = Reader::new(value, "issuingDistributionPoint");
        let sequence = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut reader = outer.inside(sequence);
        let mut fields = Vec::new();
        for tag in [POINT, USERS, CAS, SOME_REASONS, INDIRECT, ATTRIBUTES] {
            fields.extend(reader.optional(tag)?);
        }
        reader.end()?;
        let flag = |f: &Value<'_>| matches!(f.tag, USERS | CAS | INDIRECT | ATTRIBUTES);
        if fields.iter().any(|f| flag(f) && f.content.len() != 1) {
            return Err(reader.fail("a BOOLEAN that is not one octet long"));
        }
        Ok(IssuingPoint { fields })
    }

    fn field(&self, tag: u8) -> Option<&Value<'a>> {
        self.fields.iter().find(|f| f.tag == tag)
    }

    fn is_set(&self, tag: u8) -> bool {
        self.field(tag).is_some_and(|f| f.content != [0])
    }

    /// Whether it covers no certificates of CAs.
    pub fn is_for_users(&self) -> bool {
        self.is_set(USERS)
    }

    /// Whether it covers nothing but certificates of CAs.
    pub fn is_for_cas(&self) -> bool {
        self.is_set(CAS)
    }

    /// Whether it covers nothing but attribute certificates.
    pub fn is_for_attributes(&self) -> bool {
        self.is_set(ATTRIBUTES)
    }

    /// Whether its entries may be other issuers' certificates.
    pub fn is_indirect(&self) -> bool {
        self.is_set(INDIRECT)
    }

    /// Whether it has onlySomeReasons, whichever they are.
    pub fn names_reasons(&self) -> bool {
        self.field(SOME_REASONS).is_some()
    }

    /// The reasons that it covers, bit n for bit n of ReasonFlags, without the unused one.
    pub fn reasons(&self) -> u16 {
        self.field(SOME_REASONS).map_or(ALL_REASONS, |f| read_reasons(f.content))
    }

    /// Whether it limits anything, were it only where the CRL is published.
    pub fn is_empty(&self) -> bool {
        self.fields.iter().all(|f| f.content == [0])
    }

    /// Whether it limits anything but where the CRL is published.
    pub fn is_partial(&self) -> bool {
        self.fields.iter().any(|f| f.tag != POINT)
    }

    /// Whether a FALSE is written out, which DER leaves out.
    pub fn writes_default(&self) -> bool {
        self.fields.iter().any(|f| f.tag != POINT && f.content == [0])
    }

    /// Whether its point is named relative to the issuer.
    pub fn is_relative(&self) -> bool {
        self.field(POINT).is_some_and(|f| f.content.first() == Some(&RELATIVE))
    }

    /// The full names of its point; nothing where it has no point. A name relative to the issuer equals none.
    pub fn names(&self) -> Option<FullNames<'a>> {
        self.field(POINT).map(|point| FullNames::of(point.content))
    }
}

/// The full names of a DistributionPointName (RFC 5280 4.2.1.13), each as encoded; an error ends them. There may be millions:
/// they are walked where they lie.
pub(crate) struct FullNames<'a> {
    rest: Reader<'a>,
    failed: Option<X509Error>,
}

impl<'a> FullNames<'a> {
    /// Those in the content of a DistributionPointName.
    pub fn of(content: &'a [u8]) -> Self {
        let mut fields = Reader::new(content, NAME);
        let none = Reader::new(&[], NAME);
        match fields.optional(FULL_NAME) {
            Ok(full) => FullNames { rest: full.map_or(none, |full| fields.inside(full)), failed: None },
            Err(e) => FullNames { rest: none, failed: Some(e) },
        }
    }
}

impl<'a> Iterator for FullNames<'a> {
    type Item = Result<Value<'a>, X509Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(e) = self.failed.take() {
            return Some(Err(e));
        }
        if self.rest.is_empty() {
            return None;
        }
        let name = self.rest.any();
        if name.is_err() {
            self.rest = Reader::new(&[], NAME);
        }
        Some(name)
    }
}

/// ReasonFlags' content: bit n for bit n, without bit 0, which is unused, and without bits that no reason has.
pub(crate) fn read_reasons(content: &[u8]) -> u16 {
    let octets = content.get(1..).unwrap_or_default();
    let is_set = |n: &u16| octets.get(usize::from(n / 8)).is_some_and(|b| b >> (7 - n % 8) & 1 == 1);
    (0..16).filter(is_set).fold(0, |all, n| all | 1 << n) & ALL_REASONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_those_that_exist() {
        for (content, reasons) in [
            (&[7u8, 0x7f, 0x80][..], ALL_REASONS),
            (&[7, 0xff, 0x80], ALL_REASONS),
            (&[0, 0xff, 0xff], ALL_REASONS),
            (&[7, 0x80], 0),
            (&[6, 0x40], 0b10),
            (&[], 0),
        ] {
            assert_eq!(read_reasons(content), reasons, "{content:02x?}");
        }
    }

    #[test]
    fn fields_are_in_order_and_whole() {
        let read = |fields: &[u8]| IssuingPoint::read(&der::tlv(der::SEQUENCE, fields)).map(|p| p.fields.len());
        assert_eq!(read(&[]), Ok(0));
        assert_eq!(read(&[0x81, 1, 0xff, 0x84, 1, 0xff]), Ok(2));
        for bad in [&[0x84, 1, 0xff, 0x81, 1, 0xff][..], &[0x81, 1, 0xff, 0x81, 1, 0xff], &[0x81, 0], &[0x82, 2, 1, 1]]
        {
            assert!(read(bad).is_err(), "{bad:02x?}");
        }
        assert!(IssuingPoint::read(&[0x30, 0, 0]).is_err());
    }

    #[test]
    fn names_of_the_point() {
        let names = |point: &[u8]| {
            let value = der::tlv(der::SEQUENCE, &der::tlv(POINT, point));
            let names = IssuingPoint::read(&value).unwrap().names().unwrap();
            names.map(|n| n.map(|n| n.whole.to_vec())).collect::<Result<Vec<_>, _>>()
        };
        let uri = der::tlv(der::context(6), b"a");
        assert_eq!(names(&der::tlv(FULL_NAME, &[&uri[..], &uri].concat())), Ok(vec![uri.clone(), uri]));
        assert_eq!(names(&der::tlv(RELATIVE, &[])), Ok(Vec::new()));
        assert!(names(&der::tlv(FULL_NAME, &[1])).is_err());
        assert!(names(&[FULL_NAME]).is_err());
    }
}
