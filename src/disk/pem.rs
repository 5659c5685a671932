//! PEM (RFC 7468): 64 columns, LF, one object a block.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// One PEM block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The label between `BEGIN` and the dashes.
    pub label: String,
    /// The decoded bytes.
    pub der: Vec<u8>,
}

/// Why a text is not PEM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// A block that does not decode.
    #[error("its PEM is damaged")]
    Damaged,
    /// No block at all.
    #[error("it holds no PEM block")]
    Nothing,
}

/// Octets of one line: 64 columns of base64 (RFC 7468 2).
const LINE_OCTETS: usize = 48;

/// Encodes one public object, line by line: a CRL of a million entries is held once, not three times.
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    let mut out = String::with_capacity(der.len().div_ceil(LINE_OCTETS) * 65 + 2 * label.len() + 32);
    out.push_str("-----BEGIN ");
    out.push_str(label);
    out.push_str("-----\n");
    for line in der.chunks(LINE_OCTETS) {
        let mut columns = [0; 64];
        // 48 octets are 64 columns: the buffer is never too short.
        out.push_str(Base64::encode(line, &mut columns).unwrap_or_default());
        out.push('\n');
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

/// Encodes a secret without leaving copies behind, in constant time.
pub fn encode_secret_pem(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let ending = pem_rfc7468::LineEnding::LF;
    // Lines of 64 columns, two boundary lines, and room to spare: the length never depends on the secret.
    let mut buffer = Zeroizing::new(vec![0; der.len().div_ceil(48) * 65 + 2 * label.len() + 64]);
    let length = pem_rfc7468::encode(label, ending, der, &mut buffer).map_or(0, str::len);
    buffer.truncate(length);
    buffer
}

/// Decodes every block of a file; text around the blocks is ignored.
///
/// # Errors
/// [`PemError`].
pub fn decode_pem(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let blocks = pem::parse_many(bytes).map_err(|_| PemError::Damaged)?;
    if blocks.is_empty() {
        return Err(PemError::Nothing);
    }
    Ok(blocks.into_iter().map(|b| Block { label: b.tag().to_string(), der: b.into_contents() }).collect())
}

/// Decodes the first block of a secret file that has this label, wiping what it was copied through.
///
/// # Errors
/// [`PemError`].
pub fn first_pem_body(bytes: &[u8], label: &str) -> Result<Zeroizing<Vec<u8>>, PemError> {
    let (found, body) = pem_rfc7468::decode_vec(bytes).map_err(|_| PemError::Damaged)?;
    let body = Zeroizing::new(body);
    if found == label { Ok(body) } else { Err(PemError::Nothing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encoders_agree() {
        for n in [0, 1, 47, 48, 49, 138, 2000] {
            let der = vec![0xa5; n];
            let secret = encode_secret_pem("PRIVATE KEY", &der);
            if n > 0 {
                assert_eq!(std::str::from_utf8(&secret).unwrap(), encode_pem("PRIVATE KEY", &der));
                assert_eq!(first_pem_body(&secret, "PRIVATE KEY").unwrap().to_vec(), der);
            }
            let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
            if n > 0 {
                assert_eq!(encode_pem("X", &der), pem::encode_config(&pem::Pem::new("X", der.clone()), config));
            }
            assert!(!encode_pem("X", &der).contains('\r'));
        }
    }

    #[test]
    fn reading() {
        let two = format!("text\n{}more\n{}", encode_pem("A", b"1"), encode_pem("B", b"2"));
        let labels: Vec<_> = decode_pem(two.as_bytes()).unwrap().into_iter().map(|b| b.label).collect();
        assert_eq!(labels, ["A", "B"]);
        assert_eq!(decode_pem(b"nothing"), Err(PemError::Nothing));
        assert_eq!(decode_pem(b"-----BEGIN A-----\n***\n-----END A-----\n"), Err(PemError::Damaged));
    }
}
