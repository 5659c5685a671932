//! How PKCS#12 stretches a passphrase (RFC 7292 B.2). It is weak, and every keystore of more than a few years needs it;
//! the MAC of almost every keystore does to this day.

use ring::digest::{self, Algorithm};
use zeroize::Zeroizing;

/// What the octets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// A passphrase as the function takes it: UTF-16 with a zero behind it. No passphrase at all is not the empty one.
pub(super) fn wide(passphrase: Option<&[u8]>) -> Option<Zeroizing<Vec<u8>>> {
    let Some(passphrase) = passphrase else { return Some(Zeroizing::new(Vec::new())) };
    let text = std::str::from_utf8(passphrase).ok()?;
    let mut wide = Zeroizing::new(Vec::with_capacity(4 * text.len() + 2));
    text.encode_utf16().for_each(|unit| wide.extend_from_slice(&unit.to_be_bytes()));
    wide.extend_from_slice(&[0, 0]);
    Some(wide)
}

/// So many octets from a [`wide`] passphrase.
pub(super) fn derive(
    hash: &'static Algorithm,
    wide: &[u8],
    salt: &[u8],
    purpose: Purpose,
    iterations: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let filled = |from: &[u8]| {
        let length = from.len().div_ceil(block) * block;
        from.iter().copied().cycle().take(length).collect::<Vec<u8>>()
    };
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new([filled(salt), filled(wide)].concat());
    let mut out = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while out.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(&diversifier);
        context.update(&input);
        let mut round = context.finish();
        for _ in 1..iterations {
            round = digest::digest(hash, round.as_ref());
        }
        out.extend_from_slice(round.as_ref());
        // Every block of the input plus the round plus one, modulo 2^(8 · block).
        let addend: Vec<u8> = round.as_ref().iter().copied().cycle().take(block).collect();
        for part in input.chunks_exact_mut(block) {
            let mut carry = 1u16;
            for (to, add) in part.iter_mut().zip(&addend).rev() {
                carry += u16::from(*to) + u16::from(*add);
                *to = carry as u8;
                carry >>= 8;
            }
        }
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 7292's own reference, as Bouncy Castle and the `pkcs12` crate test them (`smeg`, `queeg`).
    #[test]
    fn known_answers() {
        let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        let smeg = wide(Some(b"smeg")).unwrap();
        let derive = |pass: &[u8], salt: [u8; 8], purpose, iterations, length| {
            hex(&super::derive(sha1, pass, &salt, purpose, iterations, length))
        };
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        assert_eq!(derive(&smeg, salt, Purpose::Key, 1, 24), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        assert_eq!(derive(&smeg, salt, Purpose::Iv, 1, 8), "79993dfe048d3b76");
        let queeg = wide(Some(b"queeg")).unwrap();
        let salt = [0x05, 0xde, 0xc9, 0x59, 0xac, 0xff, 0x72, 0xf7];
        assert_eq!(derive(&queeg, salt, Purpose::Key, 1000, 24), "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4");
        assert_eq!(derive(&queeg, salt, Purpose::Iv, 1000, 8), "11dedad7758d4860");
    }

    #[test]
    fn no_passphrase_is_not_the_empty_one() {
        assert_eq!(wide(None).unwrap().as_slice(), b"");
        assert_eq!(wide(Some(b"")).unwrap().as_slice(), &[0, 0]);
        assert_eq!(wide(Some("ü".as_bytes())).unwrap().as_slice(), &[0, 0xfc, 0, 0]);
        assert!(wide(Some(&[0xff])).is_none());
    }
}
