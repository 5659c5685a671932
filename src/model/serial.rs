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
        let body = text.trim().strip_prefix("serial=").unwrap_or(text.trim());
        let body = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")).unwrap_or(body);
        let digits: Vec<u8> = body.bytes().filter(|b| !matches!(b, b':' | b' ')).collect();
        if digits.is_empty() {
            return Err(fail("it is empty"));
        }
        if digits.len() > 2 * MAX_OCTETS + 2 {
            return Err(fail("it is longer than 20 octets"));
        }
        let value = |d: u8| (d as char).to_digit(16).and_then(|v| u8::try_from(v).ok());
        let mut octets = Vec::with_capacity(MAX_OCTETS + 1);
        let odd = digits.len() % 2;
        if odd == 1 {
            octets.push(value(digits[0]).ok_or_else(|| fail("it is not hexadecimal"))?);
        }
        for pair in digits[odd..].chunks_exact(2) {
            let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else {
                return Err(fail("it is not hexadecimal"));
            };
            octets.push(high << 4 | low);
        }
        Self::from_unsigned(&octets).map_err(|e| match e {
            ModelError::Serial { problem, .. } => fail(problem),
            other => other,
        })
    }
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
    fn random_serials_are_positive_and_of_one_length() {
        for octets in [[0; 16], [0xff; 16]] {
            let s = Serial::from_random(octets);
            assert_eq!(s.as_bytes().len(), 16);
            assert!(s.as_bytes()[0] & 0x80 == 0);
        }
    }
}
