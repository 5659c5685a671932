//! The public key of an EC private key that came without it: ring only compares the two.

use crate::model::KeyAlgorithm;

/// The uncompressed point (SEC 1 2.3.3) of a scalar as long as the curve's order; nothing when it is out of range.
pub(super) fn of(algorithm: KeyAlgorithm, scalar: &[u8]) -> Option<Vec<u8>> {
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    // The scalar is wiped when the crates' secret key is dropped.
    match algorithm {
        KeyAlgorithm::P256 => {
            let key = p256::SecretKey::from_slice(scalar).ok()?;
            Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
        }
        KeyAlgorithm::P384 => {
            let key = p384::SecretKey::from_slice(scalar).ok()?;
            Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
        }
        _ => None,
    }
}

/// A claimed point as it is when written out: one that is compressed (SEC 1 2.3.3) and agrees with `point` is `point`.
pub(super) fn expanded(claimed: Vec<u8>, point: &[u8]) -> Vec<u8> {
    let half = point.len() / 2;
    let parity = point.last().map_or(2, |last| 2 + (last & 1));
    let agrees = claimed.split_first().is_some_and(|(first, x)| *first == parity && Some(x) == point.get(1..1 + half));
    if agrees { point.to_vec() } else { claimed }
}
