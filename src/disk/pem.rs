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

/// Encodes one public object.
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    let mut out = Vec::with_capacity(der.len().div_ceil(48) * 65 + 2 * label.len() + 32);
    // A vector takes everything, and base64 is ASCII.
    drop(super::write_pem(&mut out, label, der));
    String::from_utf8(out).unwrap_or_default()
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

/// One block of a file with secrets in it.
pub struct SecretBlock {
    /// The label between `BEGIN` and the dashes.
    pub label: String,
    /// The decoded bytes; nothing when they do not decode.
    pub der: Option<Zeroizing<Vec<u8>>>,
    /// Whether it has header lines (RFC 1421), which only the encryption of old key files uses.
    pub has_headers: bool,
}

impl std::fmt::Debug for SecretBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretBlock({}, …)", self.label)
    }
}

/// Takes the blocks of a file apart that may hold secrets, in constant time for their bytes, wiping what they were
/// copied through. Text around the blocks is ignored, and lines may have any length.
pub fn decode_secret_pem(bytes: &[u8]) -> Vec<SecretBlock> {
    let (mut blocks, mut rest) = (Vec::new(), bytes);
    while let Some((label, body, after)) = next_block(rest) {
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        let mut has_headers = false;
        for line in body.split(|b| *b == b'\n') {
            let line = line.trim_ascii();
            if line.contains(&b':') {
                has_headers = true;
            } else {
                base64.extend(line.iter().filter(|b| !b.is_ascii_whitespace()));
            }
        }
        let mut der = Zeroizing::new(vec![0; base64.len() / 4 * 3 + 3]);
        let length = Base64::decode(&base64[..], &mut der).map(<[u8]>::len);
        let der = length.ok().map(|length| {
            der.truncate(length);
            der
        });
        blocks.push(SecretBlock { label, der, has_headers });
        rest = after;
    }
    blocks
}

/// The label and the body of the next block, and what follows it; a block without an end goes to the end.
fn next_block(text: &[u8]) -> Option<(String, &[u8], &[u8])> {
    const DASHES: &[u8] = b"-----";
    let start = find(text, b"-----BEGIN ")? + b"-----BEGIN ".len();
    let label = start..start + find(&text[start..], DASHES)?;
    let body = label.end + DASHES.len();
    let (body, after) = match find(&text[body..], b"-----END ") {
        Some(length) => {
            let end = body + length + b"-----END ".len();
            let after = find(&text[end..], DASHES).map_or(text.len(), |n| end + n + DASHES.len());
            (&text[body..body + length], &text[after..])
        }
        None => (&text[body..], &[][..]),
    };
    Some((String::from_utf8_lossy(&text[label]).into_owned(), body, after))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
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

    #[test]
    fn secret_blocks_of_any_shape() {
        let der = vec![0xa5; 100];
        let tidy = encode_pem("PRIVATE KEY", &der);
        let one_line: String = tidy.lines().filter(|l| !l.starts_with('-')).collect();
        let odd = format!("-----BEGIN PRIVATE KEY-----\r\n {one_line}\r\n-----END PRIVATE KEY-----");
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\npaWl\n-----END RSA PRIVATE KEY-----\n";
        let all = format!("text\n{tidy}{odd}\n{old}");
        let blocks = decode_secret_pem(all.as_bytes());
        let shown: Vec<_> =
            blocks.iter().map(|b| (b.label.as_str(), b.der.as_ref().map(|d| d.len()), b.has_headers)).collect();
        assert_eq!(
            shown,
            [("PRIVATE KEY", Some(100), false), ("PRIVATE KEY", Some(100), false), ("RSA PRIVATE KEY", Some(3), true)]
        );
        assert!(blocks[..2].iter().all(|b| b.der.as_ref().is_some_and(|d| **d == der)));
        assert!(!format!("{blocks:?}").contains("165"));
        for damaged in ["-----BEGIN A-----\n***\n-----END A-----", "-----BEGIN A-----\npaWlp", "-----BEGIN A-----"] {
            assert_eq!(decode_secret_pem(damaged.as_bytes()).len(), 1, "{damaged}");
        }
        assert!(decode_secret_pem(b"-----BEGIN A-----\npaWlp").pop().unwrap().der.is_none());
        assert!(decode_secret_pem(b"nothing").is_empty() && decode_secret_pem(b"-----BEGIN ").is_empty());
    }
}
