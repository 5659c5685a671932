//! New RSA keys, which *ring* cannot make: the random search for probable primes of FIPS 186-5 A.1.3.
//!
//! Every candidate is drawn afresh from the system, so each prime is uniform over its range, and two threads can share
//! one search: the first two primes that either finds make the key. (The generator of the `rsa` crate steps upward from
//! one random start, which favors primes after long gaps, and relies on a base-2 Miller–Rabin and a Lucas test alone.)
//!
//! What this module holds is wiped when dropped. Temporaries inside `crypto-primes`, `crypto-bigint` and `rsa` are not
//! (`BoxedUint` has no `Drop`), so freed memory may keep copies until it is used again.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::{mem, panic, thread};

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, CtAssign, Limb, MontyForm, MontyMultiplier, NonZero};
use crypto_primes::Flavor;
use crypto_primes::fips::{self, FipsOptions};
use getrandom::SysRng;
use getrandom::rand_core::{TryCryptoRng, TryRng, utils};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::traits::PrivateKeyParts;
use zeroize::Zeroizing;

/// Makes an RSA key of 2048, 3072 or 4096 bits with the exponent 65537, as PKCS#8 DER (RFC 5208, `rsaEncryption`).
///
/// # Errors
/// Any other size, and a random number generator that fails or yields no primes.
pub(crate) fn generate(bits: usize) -> Result<Zeroizing<Vec<u8>>, GenerateError> {
    let (prime_bits, rounds) = match bits {
        2048 => (1024, ROUNDS_RSA_2048),
        3072 => (1536, ROUNDS_RSA_3072),
        4096 => (2048, ROUNDS_RSA_4096),
        _ => return Err(GenerateError::Size(bits)),
    };
    loop {
        let (mut p, mut q) = find_probable_primes(prime_bits)?;
        let (p_is_prime, q_is_prime) = both(|| is_prime(&p, rounds), || is_prime(&q, rounds));
        if !(p_is_prime? && q_is_prime?) {
            continue;
        }
        // Taken and not cloned: these very buffers become the key's, which wipes them.
        let key = RsaPrivateKey::from_p_q(mem::take(&mut *p), mem::take(&mut *q), PUBLIC_EXPONENT.get().into())?;
        // FIPS 186-5 A.1.1: d > 2^(bits/2). As d is odd, to be longer than that half is enough.
        if key.d().bits() > prime_bits {
            return Ok(key.to_pkcs8_der().map_err(rsa::Error::from)?.to_bytes());
        }
    }
}

/// Why no RSA key came about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// Smaller keys are weak, and *ring* signs with none that are larger. Holds the bits that were asked for.
    #[error("an rsa key has 2048, 3072 or 4096 bits, not {0}")]
    Size(usize),
    /// The system's random number generator reported a failure.
    #[error("the system's random number generator failed")]
    Random(#[from] getrandom::Error),
    /// That generator is broken: a sound one comes to this once in 2^75 keys. Holds how many numbers were tried.
    #[error("no two primes for an rsa key among {0} random numbers")]
    NoPrimes(usize),
    /// The `rsa` crate refused the primes, or could not encode its key.
    #[error("the primes found cannot be made an rsa key")]
    Key(#[from] rsa::Error),
}

/// e. It is prime, so gcd(p − 1, e) = 1 means p mod e ≠ 1.
const PUBLIC_EXPONENT: NonZeroU32 = NonZeroU32::new(65_537).unwrap();

/// FIPS 186-5 A.1.1: |p − q| > 2^(bits/2 − 100), or Fermat's method could factor the modulus.
const CLOSENESS_BITS: u32 = 100;

/// FIPS 186-5 Table B.1: rounds of Miller–Rabin for p and q of 1024 bits, error probability 2^−112.
const ROUNDS_RSA_2048: usize = 5;
/// The same for 1536 bits, 2^−128.
const ROUNDS_RSA_3072: usize = 4;
/// The same for 2048 bits, 2^−144.
const ROUNDS_RSA_4096: usize = 4;

/// Random numbers tried before the search gives up, per bit of a prime. Two primes take 0.7 on average.
const CANDIDATES_PER_BIT: usize = 20;

/// Trial division ends where four primes still fit a word, and about where it begins to cost more than it spares.
const SMALL_PRIMES_BELOW: usize = 1 << 16;

/// The larger one first: RFC 8017 leaves that open, but then q⁻¹ mod p needs no reduction of q.
fn find_probable_primes(prime_bits: u32) -> Result<(Zeroizing<BoxedUint>, Zeroizing<BoxedUint>), GenerateError> {
    let candidates = prime_bits as usize * CANDIDATES_PER_BIT;
    let search = Search { prime_bits, candidates, divisors: small_primes(), drawn: 0.into(), found: Mutex::default() };
    let (one, other) = both(|| search.run(), || search.run());
    one.and(other)?;
    let mut found = search.found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
    let (p, q) = found.next().zip(found.next()).ok_or(GenerateError::NoPrimes(candidates))?;
    Ok(if *p < *q { (q, p) } else { (p, q) })
}

/// Runs both at once, or one after the other where the system grants no second thread.
fn both<T: Send>(one: impl Fn() -> T + Sync, other: impl Fn() -> T) -> (T, T) {
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, &one) {
        Ok(helper) => {
            let other = other();
            (helper.join().unwrap_or_else(|cause| panic::resume_unwind(cause)), other)
        }
        Err(_) => (one(), other()),
    })
}

struct Search {
    prime_bits: u32,
    candidates: usize,
    divisors: Vec<SmallPrimes>,
    /// At `candidates` the search is over.
    drawn: AtomicUsize,
    found: Mutex<Vec<Zeroizing<BoxedUint>>>,
}

impl Search {
    fn run(&self) -> Result<(), GenerateError> {
        let mut bytes = Zeroizing::new(vec![0; self.prime_bits as usize / 8]);
        while self.drawn.fetch_add(1, Relaxed) < self.candidates {
            SysRng.try_fill_bytes(&mut bytes).inspect_err(|_| self.drawn.store(self.candidates, Relaxed))?;
            // Odd, and above the √2 · 2^(bits/2 − 1) of FIPS 186-5 A.1.1, so that no product falls a bit short.
            bytes[0] |= 0b1;
            *bytes.last_mut().expect("primes have bytes") |= 0b1100_0000;
            if self.divisors.iter().any(|primes| primes.divide(&bytes)) {
                continue;
            }
            let candidate = Zeroizing::new(BoxedUint::from_le_slice_truncated(&bytes, self.prime_bits));
            if suits_exponent(&candidate) && passes_fermat(&candidate) {
                let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                if found.iter().all(|other| far_apart(other, &candidate, self.prime_bits)) {
                    found.push(candidate);
                }
                if found.len() >= 2 {
                    self.drawn.store(self.candidates, Relaxed);
                }
            }
        }
        Ok(())
    }
}

fn suits_exponent(candidate: &BoxedUint) -> bool {
    candidate.rem_limb(NonZero::<Limb>::from_u32(PUBLIC_EXPONENT)) != Limb::ONE
}

fn far_apart(p: &BoxedUint, q: &BoxedUint, prime_bits: u32) -> bool {
    let distance = Zeroizing::new(if p < q { q.wrapping_sub(p) } else { p.wrapping_sub(q) });
    *distance > BoxedUint::one_with_precision(prime_bits) << (prime_bits - CLOSENESS_BITS)
}

/// Whether 2^(n − 1) ≡ 1 (mod n). It only keeps composites from the proper tests, a sixth faster than these would find
/// them, because a power of two needs no multiplications. It branches on no bit of n, which may become a secret.
fn passes_fermat(n: &BoxedUint) -> bool {
    let Some(odd) = n.to_odd().into_option() else { return false };
    let modulus = BoxedMontyParams::new_vartime(odd);
    let one = BoxedMontyForm::one(&modulus);
    let mut power = one.clone();
    let mut multiplier = <BoxedMontyForm as MontyForm>::Multiplier::from(&modulus);
    for bit in (1..n.bits_precision()).rev() {
        multiplier.square_assign(&mut power);
        let doubled = power.as_montgomery().double_mod(modulus.modulus().as_nz_ref());
        power.as_montgomery_mut().ct_assign(&doubled, n.bit(bit));
    }
    multiplier.square_assign(&mut power);
    power == one
}

/// The rounds of FIPS 186-5 B.3 with random bases, and a Lucas test, whose rare errors are other numbers.
fn is_prime(candidate: &BoxedUint, rounds: usize) -> Result<bool, GenerateError> {
    let mut bases = BaseRng(None);
    let options = FipsOptions::with_mr_iterations(rounds).with_lucas_test();
    let prime = fips::is_prime(&mut bases, Flavor::Any, candidate, options);
    bases.0.map_or(Ok(prime), |failure| Err(failure.into()))
}

/// Four odd primes that one pass over a candidate tries together. Fresh candidates allow no running sieve, and the
/// trial division of `crypto-primes`, prime by prime, would take a seventh of the search.
struct SmallPrimes {
    primes: [u64; 4],
    product: u64,
    /// product⁻¹ mod 2^64
    inverse: u64,
}

fn small_primes() -> Vec<SmallPrimes> {
    let mut composite = vec![false; SMALL_PRIMES_BELOW];
    let mut primes = Vec::new();
    for n in (3..SMALL_PRIMES_BELOW).step_by(2) {
        if !composite[n] {
            primes.push(n as u64);
            (n * n..SMALL_PRIMES_BELOW).step_by(n).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes.as_chunks().0.iter().map(|four| SmallPrimes::new(*four)).collect()
}

impl SmallPrimes {
    fn new(primes: [u64; 4]) -> Self {
        let product = primes.iter().product::<u64>();
        // Newton: an odd number is its own inverse to three bits, and each step doubles them.
        let step = |inverse: u64, _| inverse.wrapping_mul(2u64.wrapping_sub(product.wrapping_mul(inverse)));
        Self { primes, product, inverse: (0..5).fold(product, step) }
    }

    /// Whether one of them divides the number with these little-endian bytes, a multiple of eight.
    fn divide(&self, bytes: &[u8]) -> bool {
        // Hensel's division from the low end, faster than from the high end: each step takes away the multiple of the
        // product that clears a word. In the end carry · 2^(64 · words) ≡ −number (mod product), and as a power of two
        // has no odd factor, what divides the carry divides the number.
        let carry = bytes.as_chunks().0.iter().fold(0, |carry, word| {
            let (rest, borrow) = u64::from_le_bytes(*word).overflowing_sub(carry);
            let cleared = u128::from(rest.wrapping_mul(self.inverse)) * u128::from(self.product);
            (cleared >> 64) as u64 + u64::from(borrow)
        });
        self.primes.iter().any(|prime| carry.is_multiple_of(*prime))
    }
}

/// The system's generator for `crypto-primes`, which takes only one that cannot fail. A failure yields zeros, so that
/// the test ends, and is kept: with one there is no verdict.
struct BaseRng(Option<getrandom::Error>);

impl TryCryptoRng for BaseRng {}

impl TryRng for BaseRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if let Err(failure) = SysRng.try_fill_bytes(bytes) {
            bytes.fill(0);
            self.0 = Some(failure);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_primes::hazmat::minimum_mr_iterations;
    use ring::signature::{self, RsaKeyPair};

    #[test]
    fn ring_signs_with_a_new_key_of_exactly_the_bits() {
        let key = RsaKeyPair::from_pkcs8(&generate(2048).unwrap()).unwrap();
        let mut signed = vec![0; key.public().modulus_len()];
        key.sign(&signature::RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), b"text", &mut signed).unwrap();
        let public = signature::RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
        public.verify(&signature::RSA_PKCS1_2048_8192_SHA256, b"text", &signed).unwrap();
        assert_eq!((public.n.len(), public.n[0] >> 7, public.e), (256, 1, vec![1, 0, 1]));
    }

    #[test]
    fn other_sizes_are_refused() {
        for bits in [0, 1024, 2047, 8192, usize::MAX] {
            assert!(matches!(generate(bits), Err(GenerateError::Size(refused)) if refused == bits));
        }
    }

    #[test]
    fn the_rounds_follow_from_the_formula_behind_the_table() {
        let rounds = [(1024, 112), (1536, 128), (2048, 144)].map(|(bits, error)| minimum_mr_iterations(bits, error));
        assert_eq!(rounds, [ROUNDS_RSA_2048, ROUNDS_RSA_3072, ROUNDS_RSA_4096].map(Some));
    }

    #[test]
    fn close_primes_are_refused() {
        let (q, bound) = (BoxedUint::one_with_precision(1024) << 1023, BoxedUint::one_with_precision(1024) << 924);
        let at = &q + &bound;
        let beyond = &at + &BoxedUint::one_with_precision(1024);
        assert!(!far_apart(&q, &q, 1024) && !far_apart(&at, &q, 1024) && !far_apart(&q, &at, 1024));
        assert!(far_apart(&beyond, &q, 1024) && far_apart(&q, &beyond, 1024));
    }

    #[test]
    fn the_filters_agree_with_plain_arithmetic() {
        let few = SmallPrimes::new([3, 5, 65_519, 65_521]);
        for n in (1..100_000u128).chain(u128::MAX - 100_000..u128::MAX) {
            assert_eq!(few.divide(&n.to_le_bytes()), few.primes.iter().any(|prime| n % u128::from(*prime) == 0), "{n}");
        }
        let [prime, carmichael, composite] = [65_521u64, 561, 65_523].map(BoxedUint::from);
        assert!(passes_fermat(&prime) && passes_fermat(&carmichael) && !passes_fermat(&composite));
        assert!(is_prime(&prime, 4).unwrap() && !is_prime(&carmichael, 4).unwrap());
        assert!(!suits_exponent(&BoxedUint::from(6 * 65_537 + 1u64)) && suits_exponent(&prime));
    }
}
