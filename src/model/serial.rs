use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// A serial number has at most 20 octets as encoded, sign octet included (RFC 5280 4.1.2.2).
const MAX_OCTETS: usize = 20;

/// A certificate's serial number: positive, at most 20 octets (RFC 5280 4.1.2.2).
///
/// Ordered as numbers are. Kept in place: a CRL may hold millions of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial {
    length: u8,
    octets: [u8; MAX_OCTETS],
}

impl Serial {
    /// From the octets of an unsigned big-endian integer; leading zeros are dropped.
    ///
    /// # Errors
    /// [`ModelError::Serial`] when it is zero or longer than 20 octets.
    pub fn from_unsigned(octets: &[u8]) -> Result<Self, ModelError> {
        let first = octets.iter().position(|b| *b != 0).unwrap_or(octets.len());
        let magnitude = &octets[first..];
        let fail = |problem| Err(ModelError::Serial { value: hex(octets), problem });
        match magnitude {
            [] => fail("it is zero"),
            // The sign octet counts: 20 octets whose top bit is set are 21 as encoded.
            m if m.len() > MAX_OCTETS || m.len() == MAX_OCTETS && m[0] & 0x80 != 0 => {
                fail("it is longer than 20 octets")
            }
            m => {
                let mut octets = [0; MAX_OCTETS];
                octets[..m.len()].copy_from_slice(m);
                Ok(Serial { length: m.len() as u8, octets })
            }
        }
    }

    /// A serial of 16 random octets with the top bit cleared and the next one set, so that its length never varies
    /// (126 random bits; the CA/Browser Forum's 7.1 asks for 64).
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut octets = [0; MAX_OCTETS];
        octets[..16].copy_from_slice(&random);
        octets[0] = octets[0] & 0x7f | 0x40;
        Serial { length: 16, octets }
    }

    /// The magnitude, big-endian, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

impl fmt::Display for Serial {
    /// Lower-case hexadecimal with an even number of digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.as_bytes()))
    }
}

impl serde::Serialize for Serial {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Serial {
    type Err = ModelError;

    /// Hexadecimal in any common dress: upper or lower case, `0x`, `serial=`, colons or spaces between octets.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Serial { value: text.into(), problem };
        let octets = read_hex(text).map_err(fail)?;
        Self::from_unsigned(&octets).map_err(|e| match e {
            ModelError::Serial { problem, .. } => fail(problem),
            other => other,
        })
    }
}

/// A serial number that may be in a CRL, though no certificate ought to have it: zero, negative, or of any length.
///
/// Written as people and programs do: as [`Serial`] is, with a minus in front (`-05`, as openssl does), or by the octets
/// of a negative INTEGER (`fb`), which are also those of a positive one without its sign octet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtSerial {
    minus: bool,
    /// Without leading zeros.
    octets: Vec<u8>,
}

/// How an INTEGER stands to the serial that is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SerialMatch {
    /// It is another one.
    No,
    /// It is negative, and its octets are those that were written without a minus.
    Octets,
    /// It is this number.
    Number,
}

impl SoughtSerial {
    /// Whether an INTEGER, by its content octets, is the one that is sought, however many octets it takes.
    pub fn matches(&self, content: &[u8]) -> SerialMatch {
        let said = |yes, how| if yes { how } else { SerialMatch::No };
        let negative = content.first().is_some_and(|b| b & 0x80 != 0);
        match (negative, self.minus) {
            (false, false) => said(self.octets == without_leading(content, 0), SerialMatch::Number),
            (false, true) => said(self.octets.is_empty() && content.iter().all(|b| *b == 0), SerialMatch::Number),
            (true, true) => said(self.octets == without_leading(&negated(content), 0), SerialMatch::Number),
            (true, false) => {
                let signed = self.octets.first().is_some_and(|b| b & 0x80 != 0);
                let (own, other) = (shortest_negative(&self.octets), shortest_negative(content));
                said(signed && own == other, SerialMatch::Octets)
            }
        }
    }
}

impl FromStr for SoughtSerial {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let body = text.trim().strip_prefix("serial=").unwrap_or(text.trim());
        let (minus, body) = body.strip_prefix('-').map_or((false, body), |rest| (true, rest));
        let octets = read_hex(body).map_err(|problem| ModelError::Serial { value: text.into(), problem })?;
        Ok(SoughtSerial { minus, octets: without_leading(&octets, 0).to_vec() })
    }
}

impl fmt::Display for SoughtSerial {
    /// Lower-case hexadecimal with an even number of digits, behind its minus.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minus { "-" } else { "" };
        let octets = if self.octets.is_empty() { &[0][..] } else { &self.octets };
        write!(f, "{sign}{}", hex(octets))
    }
}

/// The octets of a text in any common dress.
fn read_hex(text: &str) -> Result<Vec<u8>, &'static str> {
    let body = text.trim().strip_prefix("serial=").unwrap_or(text.trim());
    let body = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")).unwrap_or(body);
    let digits: Vec<u8> = body.bytes().filter(|b| !matches!(b, b':' | b' ')).collect();
    if digits.is_empty() {
        return Err("it is empty");
    }
    let value = |d: u8| (d as char).to_digit(16).and_then(|v| u8::try_from(v).ok()).ok_or("it is not hexadecimal");
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    let first = odd.iter().map(|d| value(*d));
    first.chain(pairs.chunks_exact(2).map(|pair| Ok(value(pair[0])? << 4 | value(pair[1])?))).collect()
}

fn without_leading(octets: &[u8], sign: u8) -> &[u8] {
    let first = octets.iter().position(|b| *b != sign).unwrap_or(octets.len());
    octets.get(first..).unwrap_or_default()
}

/// A negative INTEGER's content without octets that only repeat the sign.
fn shortest_negative(content: &[u8]) -> &[u8] {
    let mut content = content;
    while let [0xff, rest @ ..] = content
        && rest.first().is_some_and(|next| next & 0x80 != 0)
    {
        content = rest;
    }
    content
}

/// The number without its minus: the two's complement.
fn negated(content: &[u8]) -> Vec<u8> {
    let mut octets: Vec<u8> = content.iter().map(|b| !b).collect();
    for octet in octets.iter_mut().rev() {
        let (sum, carry) = octet.overflowing_add(1);
        *octet = sum;
        if !carry {
            break;
        }
    }
    octets
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_dresses_are_one_serial() {
        let plain: Serial = "0a1b2c".parse().unwrap();
        for text in ["0A1B2C", "0a:1b:2c", "0x0a1b2c", "a1b2c", "serial=0A1B2C", "00 0a 1b 2c", " 0a1b2c "] {
            assert_eq!(text.parse::<Serial>().as_ref(), Ok(&plain), "{text}");
        }
        assert_eq!(plain.to_string(), "0a1b2c");
    }

    #[test]
    fn refusals() {
        for text in ["", "0", "00:00", "xyz", "0x", "1".repeat(41).as_str(), "12g4"] {
            assert!(text.parse::<Serial>().is_err(), "{text}");
        }
        assert!(Serial::from_unsigned(&[0; 3]).is_err());
        assert!(Serial::from_unsigned(&[1; 21]).is_err());
    }

    #[test]
    fn what_no_certificate_ought_to_have_can_be_sought() {
        use SerialMatch::{No, Number, Octets};
        for (text, content, found) in [
            ("fb", &[0xfb][..], Octets),
            ("FB", &[0xff, 0xfb], Octets),
            ("ff:fb", &[0xfb], Octets),
            ("fb", &[0, 0xfb], Number),
            ("fb", &[5], No),
            ("-05", &[0xfb], Number),
            ("-5", &[0xff, 0xff, 0xfb], Number),
            ("serial=-05", &[0xfb], Number),
            ("-0x5", &[0xfb], Number),
            ("-05", &[5], No),
            ("-05", &[0, 0xfb], No),
            ("5", &[0xfb], No),
            ("-80", &[0x80], Number),
            ("-8000", &[0x80, 0], Number),
            ("-80", &[0x80, 0], No),
            ("0", &[0], Number),
            ("-0", &[0], Number),
            ("00", &[0, 0], Number),
            ("ff", &[0xff], Octets),
            ("7b", &[0xfb], No),
            ("0001", &[1], Number),
            ("5", &[], No),
        ] {
            assert_eq!(text.parse::<SoughtSerial>().unwrap().matches(content), found, "{text} {content:02x?}");
        }
        let long: SoughtSerial = "41".repeat(40).parse().unwrap();
        assert_eq!(long.matches(&[0x41; 40]), Number);
        let shown = |text: &str| text.parse::<SoughtSerial>().map(|s| s.to_string());
        assert_eq!(shown("-5"), Ok("-05".into()));
        assert_eq!(shown("0"), Ok("00".into()));
        assert_eq!(shown("0x0A1"), Ok("a1".into()));
        for text in ["", "-", "--5", "5-", "xyz", "0x"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn random_serials_are_positive_and_of_one_length() {
        for octets in [[0; 16], [0xff; 16]] {
            let s = Serial::from_random(octets);
            assert_eq!(s.as_bytes().len(), 16);
            assert!(s.as_bytes()[0] & 0x80 == 0);
        }
    }
}
