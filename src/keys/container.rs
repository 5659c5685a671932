//! What a key file holds: one private key in one of the forms that are read, or something else that has a name.

use super::KeyRefusal;
use crate::disk::decode_secret_pem;
use crate::x509::X509Error;
use crate::x509::der::{self, Reader};
use zeroize::Zeroizing;

/// The forms of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// PrivateKeyInfo or OneAsymmetricKey (RFC 5958 2).
    Pkcs8,
    /// EncryptedPrivateKeyInfo (RFC 5958 3).
    Encrypted,
    /// RSAPrivateKey (RFC 8017 A.1.2).
    Pkcs1,
    /// ECPrivateKey (RFC 5915 3).
    Sec1,
}

/// Labels of PEM blocks that are a private key, with its form.
const KEY_LABELS: [(&str, Form); 4] = [
    ("PRIVATE KEY", Form::Pkcs8),
    ("ENCRYPTED PRIVATE KEY", Form::Encrypted),
    ("RSA PRIVATE KEY", Form::Pkcs1),
    ("EC PRIVATE KEY", Form::Sec1),
];
/// Labels of blocks that are no private key.
const OTHER_LABELS: [(&str, &str); 10] = [
    ("CERTIFICATE", "a certificate"),
    ("TRUSTED CERTIFICATE", "a certificate"),
    ("X509 CERTIFICATE", "a certificate"),
    ("CERTIFICATE REQUEST", "a certificate request"),
    ("NEW CERTIFICATE REQUEST", "a certificate request"),
    ("X509 CRL", "a CRL"),
    ("PUBLIC KEY", "a public key"),
    ("RSA PUBLIC KEY", "a public key"),
    ("PKCS7", "a PKCS#7 bundle"),
    ("EC PARAMETERS", "the parameters of a curve"),
];
const PKCS12_HINT: &str = "take the key out of it: openssl pkcs12 -nocerts -in FILE -out FILE.pem";

/// The DER of the one private key in a file, and its form. Certificates beside it are ignored, as in the combined files
/// of HAProxy.
pub(super) fn open(bytes: &[u8]) -> Result<(Form, Zeroizing<Vec<u8>>), KeyRefusal> {
    if bytes.is_empty() {
        return Err(KeyRefusal::Empty);
    }
    if bytes.starts_with(&[der::SEQUENCE]) {
        return form_of_der(bytes).map(|form| (form, Zeroizing::new(bytes.to_vec())));
    }
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        let hint = "turn it into PKCS#12 first: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12";
        return Err(KeyRefusal::Keystore { what: "a Java keystore", hint });
    }
    let blocks = decode_secret_pem(bytes);
    let Some(first) = blocks.first() else { return Err(KeyRefusal::Unknown) };
    let is_key = |label: &str| label.ends_with("PRIVATE KEY");
    let count = blocks.iter().filter(|b| is_key(&b.label)).count();
    let what = match OTHER_LABELS.iter().find(|(label, _)| *label == first.label) {
        Some((_, what)) => (*what).to_string(),
        None => format!("a `{}`", first.label),
    };
    if count > 1 {
        return Err(KeyRefusal::Several(count));
    }
    let Some(block) = blocks.into_iter().find(|b| is_key(&b.label)) else {
        return Err(KeyRefusal::NoKey { what });
    };
    if block.has_headers {
        return Err(KeyRefusal::LegacyEncryption);
    }
    let form = match KEY_LABELS.iter().find(|(label, _)| *label == block.label) {
        Some((_, form)) => *form,
        None => return Err(foreign_key(&block.label)),
    };
    let der = block.der.filter(|der| !der.is_empty()).ok_or_else(|| KeyRefusal::damaged("its PEM does not decode"))?;
    match form_of_der(&der) {
        // A label that says less than its content: what is inside counts, as for OpenSSL.
        Ok(inside) => Ok((inside, der)),
        Err(KeyRefusal::Unknown) => {
            Err(KeyRefusal::damaged(format!("there is no {} in its `{}` block", form.name(), block.label)))
        }
        Err(e) => Err(e),
    }
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Form::Pkcs8 => "PrivateKeyInfo",
            Form::Encrypted => "EncryptedPrivateKeyInfo",
            Form::Pkcs1 => "RSAPrivateKey",
            Form::Sec1 => "ECPrivateKey",
        }
    }
}

fn foreign_key(label: &str) -> KeyRefusal {
    match label {
        "DSA PRIVATE KEY" => dsa(),
        "OPENSSH PRIVATE KEY" => KeyRefusal::Keystore {
            what: "a key in the format of OpenSSH",
            hint: "convert a copy of it: cp FILE FILE.new && ssh-keygen -p -m PKCS8 -f FILE.new",
        },
        other => KeyRefusal::NoKey { what: format!("a `{other}`") },
    }
}

pub(super) fn dsa() -> KeyRefusal {
    KeyRefusal::Algorithm { article: "a", name: "DSA".into() }
}

/// Tells the forms apart by their first fields.
fn form_of_der(bytes: &[u8]) -> Result<Form, KeyRefusal> {
    let mut outer = Reader::new(bytes, "the key");
    let sequence = outer.expect(der::SEQUENCE).map_err(|_| KeyRefusal::Unknown)?;
    let trailing = match outer.end() {
        Err(X509Error::TrailingBytes { count, .. }) => count,
        _ => 0,
    };
    let mut fields = outer.inside(sequence);
    let first = fields.any().map_err(|_| KeyRefusal::Unknown)?;
    let second = fields.any().map_err(|_| KeyRefusal::Unknown)?;
    let third = fields.any().ok().map(|v| v.tag);
    let form = match (first.tag, second.tag) {
        (der::INTEGER, der::SEQUENCE) if first.content == [3] => {
            return Err(KeyRefusal::Keystore { what: "a PKCS#12 keystore", hint: PKCS12_HINT });
        }
        (der::INTEGER, der::SEQUENCE) => Form::Pkcs8,
        (der::INTEGER, der::OCTET_STRING) => Form::Sec1,
        (der::INTEGER, der::INTEGER) => match fields_left(&fields) {
            // n, e stand alone in an RSAPublicKey; p, q, g, y, x follow the version of a DSA key.
            None if third.is_none() => return Err(KeyRefusal::no_key("a public key")),
            Some(3) => return Err(dsa()),
            _ => Form::Pkcs1,
        },
        (der::SEQUENCE, der::OCTET_STRING) => Form::Encrypted,
        (der::SEQUENCE, der::BIT_STRING) => return Err(KeyRefusal::no_key("a public key")),
        (der::SEQUENCE, der::SEQUENCE) if third == Some(der::BIT_STRING) => {
            return Err(KeyRefusal::no_key("a certificate, a request or a CRL"));
        }
        _ => return Err(KeyRefusal::Unknown),
    };
    if trailing > 0 { Err(KeyRefusal::Trailing(trailing)) } else { Ok(form) }
}

/// How many values are left; nothing when there is none.
fn fields_left(fields: &Reader<'_>) -> Option<usize> {
    let (mut rest, mut count) = (fields.clone(), 0);
    while !rest.is_empty() {
        rest.any().ok()?;
        count += 1;
    }
    (count > 0).then_some(count)
}
