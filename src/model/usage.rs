use super::{ModelError, Oid};
use std::fmt;
use std::str::FromStr;

/// The bits of keyUsage (RFC 5280 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// digitalSignature (0)
    pub const DIGITAL_SIGNATURE: KeyUsage = KeyUsage(1);
    /// keyEncipherment (2)
    pub const KEY_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 2);
    /// dataEncipherment (3)
    pub const DATA_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 3);
    /// keyAgreement (4)
    pub const KEY_AGREEMENT: KeyUsage = KeyUsage(1 << 4);
    /// keyCertSign (5)
    pub const KEY_CERT_SIGN: KeyUsage = KeyUsage(1 << 5);
    /// cRLSign (6)
    pub const CRL_SIGN: KeyUsage = KeyUsage(1 << 6);

    const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// From the named bits: bit n of the integer is bit n of the extension.
    pub fn from_bits(bits: u16) -> Self {
        KeyUsage(bits & 0x1ff)
    }

    /// The bits, bit n for bit n of the extension.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Both sets together.
    pub const fn and(self, other: KeyUsage) -> KeyUsage {
        KeyUsage(self.0 | other.0)
    }

    /// Whether every bit of `other` is set.
    pub fn has(self, other: KeyUsage) -> bool {
        self.0 & other.0 == other.0
    }

    /// The standard's names of the bits that are set, in order.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().enumerate().filter(|(i, _)| self.0 >> i & 1 == 1).map(|(_, n)| *n).collect()
    }
}

/// A purpose of extKeyUsage (RFC 5280 4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtendedKeyUsage(Oid);

const KNOWN: [(&str, &[u64]); 12] = [
    ("serverAuth", &[1, 3, 6, 1, 5, 5, 7, 3, 1]),
    ("clientAuth", &[1, 3, 6, 1, 5, 5, 7, 3, 2]),
    ("codeSigning", &[1, 3, 6, 1, 5, 5, 7, 3, 3]),
    ("emailProtection", &[1, 3, 6, 1, 5, 5, 7, 3, 4]),
    ("timeStamping", &[1, 3, 6, 1, 5, 5, 7, 3, 8]),
    ("OCSPSigning", &[1, 3, 6, 1, 5, 5, 7, 3, 9]),
    ("ipsecIKE", &[1, 3, 6, 1, 5, 5, 7, 3, 17]),
    ("sshClient", &[1, 3, 6, 1, 5, 5, 7, 3, 21]),
    ("smartcardLogon", &[1, 3, 6, 1, 4, 1, 311, 20, 2, 2]),
    ("pkinitClient", &[1, 3, 6, 1, 5, 2, 3, 4]),
    ("pkinitKDC", &[1, 3, 6, 1, 5, 2, 3, 5]),
    ("anyExtendedKeyUsage", &[2, 5, 29, 37, 0]),
];

impl ExtendedKeyUsage {
    /// id-kp-serverAuth
    pub fn server_auth() -> Self {
        Self::known(0)
    }

    /// id-kp-clientAuth
    pub fn client_auth() -> Self {
        Self::known(1)
    }

    fn known(index: usize) -> Self {
        // The table above holds valid arcs; a broken one would fail every test of this file.
        ExtendedKeyUsage(Oid::from_arcs(KNOWN[index].1).unwrap_or_else(|_| unreachable!("the table is valid")))
    }

    /// From any OID, anyExtendedKeyUsage included: for what was read, not for what is asked.
    pub fn from_oid(oid: Oid) -> Self {
        ExtendedKeyUsage(oid)
    }

    /// The OID.
    pub fn oid(&self) -> &Oid {
        &self.0
    }

    /// Whether it is anyExtendedKeyUsage.
    pub fn is_any(&self) -> bool {
        self.0.arcs() == KNOWN[11].1
    }
}

impl fmt::Display for ExtendedKeyUsage {
    /// The standard's name where there is one, else the dotted OID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match KNOWN.iter().find(|(_, arcs)| *arcs == self.0.arcs()) {
            Some((name, _)) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

impl FromStr for ExtendedKeyUsage {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::ExtendedKeyUsage { value: text.into(), problem };
        let index = KNOWN.iter().position(|(name, _)| name.eq_ignore_ascii_case(text));
        let usage = match index {
            Some(i) => Self::known(i),
            None => ExtendedKeyUsage(text.parse().map_err(|_| fail("it is neither a known name nor an OID"))?),
        };
        if usage.is_any() {
            return Err(fail("a certificate for any purpose defeats every check of purpose"));
        }
        Ok(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!("SERVERAUTH".parse::<ExtendedKeyUsage>().unwrap(), ExtendedKeyUsage::server_auth());
        assert_eq!("1.3.6.1.5.5.7.3.2".parse::<ExtendedKeyUsage>().unwrap().to_string(), "clientAuth");
        assert_eq!("1.2.3".parse::<ExtendedKeyUsage>().unwrap().to_string(), "1.2.3");
        for text in ["anyExtendedKeyUsage", "2.5.29.37.0", "tls", ""] {
            assert!(text.parse::<ExtendedKeyUsage>().is_err(), "{text}");
        }
        let ca = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
        assert_eq!(ca.names(), ["keyCertSign", "cRLSign"]);
        assert!(ca.has(KeyUsage::CRL_SIGN) && !ca.has(KeyUsage::DIGITAL_SIGNATURE));
        for i in 0..KNOWN.len() {
            ExtendedKeyUsage::known(i);
        }
    }
}
