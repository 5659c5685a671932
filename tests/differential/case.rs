//! Chains from a seed: a good one, and up to two things done to it.

use crate::changes::{CHANGES, life};
use crate::forge::{Maker, edit, hosts};
use rootlet::x509::{CertificateFields, encode_certificate};

/// The second of judgment.
pub const AT: i64 = 1_900_000_000;

/// A small generator (SplitMix64), so that a seed makes a case.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

/// What is done to a whole tbsCertificate.
type Rewrite = fn(&[u8]) -> Vec<u8>;

/// A certificate that is about to be made.
pub struct Plan {
    pub fields: CertificateFields,
    /// Which key it has, and which one signs it.
    pub key: usize,
    pub signer: usize,
    pub extensions: Vec<fn(&mut Vec<Vec<u8>>)>,
    /// What becomes of the whole tbsCertificate in the end.
    pub rewrite: Option<Rewrite>,
    pub break_signature: bool,
}

impl Plan {
    pub fn of(fields: CertificateFields, key: usize, signer: usize) -> Self {
        Plan { fields, key, signer, extensions: Vec::new(), rewrite: None, break_signature: false }
    }
}

/// Root, CAs downward, leaf; and what was done.
pub struct Case {
    pub root: Vec<u8>,
    /// In the order in which they are given.
    pub between: Vec<Vec<u8>>,
    pub leaf: Vec<u8>,
    /// The host that is asked for.
    pub host: Option<&'static str>,
    pub changes: Vec<&'static str>,
}

/// The plan of a chain, from the root down to the leaf.
pub struct Chain {
    pub all: Vec<Plan>,
    /// Which of the CAs between is meant by a change.
    pub which: usize,
    pub left_out: Option<usize>,
    /// Certificates besides, behind the others and before them.
    pub more: Vec<Plan>,
    pub first: Vec<Plan>,
    pub shuffled: bool,
    pub host: Option<&'static str>,
    /// Whether the root is among what lies in between, too.
    pub root_between: bool,
}

/// The certificate of a plan; each has a serial number of its own.
fn make(makers: &[Maker], plan: &Plan) -> Vec<u8> {
    let mut tbs = encode_certificate(&plan.fields).unwrap();
    for change in &plan.extensions {
        tbs = edit(&tbs, change);
    }
    if let Some(rewrite) = plan.rewrite {
        tbs = rewrite(&tbs);
    }
    let mut der = makers[plan.signer].sign_bytes(&tbs);
    if plan.break_signature {
        let last = der.len() - 1;
        der[last] ^= 1;
    }
    der
}

/// The case of a seed. The first seeds do one thing each, so that each is done.
pub fn case(makers: &mut [Maker], seed: u64) -> Case {
    let mut chance = Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let between = 1 + chance.below(3);
    let mut all = Vec::new();
    for depth in 0..between + 2 {
        let above = depth.saturating_sub(1);
        let (name, issuer) = (name(depth, between), name(above, between));
        let id = makers[above].key_id();
        let mut fields = makers[depth].fields(&name, &issuer, depth <= between);
        fields.validity = life(-100, 100);
        fields.authority_key_id = (depth > 0).then_some(id);
        if depth > between {
            fields.names = hosts(&["api.lab.internal".into(), "www.lab.internal".into()]);
        }
        all.push(Plan::of(fields, depth, above));
    }
    let which = chance.below(between);
    let mut chain = Chain {
        all,
        which,
        left_out: None,
        more: Vec::new(),
        first: Vec::new(),
        shuffled: false,
        host: None,
        root_between: false,
    };
    let wanted = seed as usize;
    let picked = match wanted {
        0 => Vec::new(),
        n if n <= 3 * CHANGES.len() => vec![(n - 1) % CHANGES.len()],
        _ => (0..1 + chance.below(2)).map(|_| chance.below(CHANGES.len())).collect(),
    };
    let mut changes = Vec::new();
    for at in picked {
        let (name, change) = CHANGES[at];
        if !changes.contains(&name) {
            change(&mut chain);
            changes.push(name);
        }
    }
    let mut given: Vec<Vec<u8>> = chain.first.iter().map(|p| make(makers, p)).collect();
    for (at, plan) in chain.all.iter().enumerate().skip(1).take(between).rev() {
        if chain.left_out != Some(at) {
            given.push(make(makers, plan));
        }
    }
    given.extend(chain.more.iter().map(|p| make(makers, p)));
    if chain.shuffled {
        for i in (1..given.len()).rev() {
            let other = chance.below(i + 1);
            given.swap(i, other);
        }
    }
    let (root, leaf) = (make(makers, &chain.all[0]), make(makers, chain.all.last().unwrap()));
    if chain.root_between {
        given.insert(0, root.clone());
    }
    Case { root, between: given, leaf, host: chain.host, changes }
}

fn name(depth: usize, between: usize) -> String {
    match depth {
        0 => "CN=Root,O=Lab".into(),
        d if d <= between => format!("CN=CA {d},O=Lab"),
        _ => "CN=api.lab.internal,O=Lab".into(),
    }
}
