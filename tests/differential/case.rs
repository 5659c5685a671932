//! Chains from a seed: a good one, and up to two things done to it.

use crate::forge::{Maker, edit, extension, find, hosts, value_of};
use rootlet::model::{ExtendedKeyUsage, KeyUsage, NameConstraints, Validity};
use rootlet::x509::{CertificateFields, NameDer, encode_certificate};

/// The second of judgment.
pub const AT: i64 = 1_900_000_000;
const DAY: i64 = 86_400;

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

/// A certificate that is about to be made.
pub struct Plan {
    pub fields: CertificateFields,
    /// Which key it has, and which one signs it.
    pub key: usize,
    pub signer: usize,
    pub extensions: Vec<fn(&mut Vec<Vec<u8>>)>,
    pub break_signature: bool,
}

/// Root, CAs downward, leaf; and what was done.
pub struct Case {
    pub root: Vec<u8>,
    /// In the order in which they are given.
    pub between: Vec<Vec<u8>>,
    pub leaf: Vec<u8>,
    pub changes: Vec<&'static str>,
}

type Change = (&'static str, fn(&mut Chain));

/// The plan of a chain, from the root down to the leaf.
pub struct Chain {
    pub all: Vec<Plan>,
    /// Which of the CAs between is meant by a change.
    pub which: usize,
    pub left_out: Option<usize>,
    pub more: Vec<Plan>,
    pub shuffled: bool,
}

impl Chain {
    fn root(&mut self) -> &mut Plan {
        &mut self.all[0]
    }

    fn ca(&mut self) -> &mut Plan {
        let at = 1 + self.which % (self.all.len() - 2);
        &mut self.all[at]
    }

    fn leaf(&mut self) -> &mut Plan {
        self.all.last_mut().unwrap()
    }
}

const BASIC: &[u8] = &[0x55, 0x1d, 0x13];
const USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];
const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const UNKNOWN: &[u8] = &[0x2a, 3, 4, 5];

fn drop_extension(all: &mut Vec<Vec<u8>>, oid: &[u8]) {
    if let Some(at) = find(all, oid) {
        all.remove(at);
    }
}

fn set_critical(all: &mut [Vec<u8>], oid: &[u8], critical: bool) {
    if let Some(at) = find(all, oid) {
        all[at] = extension(oid, critical, &value_of(&all[at]));
    }
}

fn life(from: i64, to: i64) -> Validity {
    let at = |s: i64| rootlet::model::Timestamp::from_unix(AT + s * DAY).unwrap();
    Validity::new(at(from), at(to)).unwrap()
}

fn limits(permit: &[&str], exclude: &[&str]) -> NameConstraints {
    let all = |list: &[&str]| list.iter().map(|t| t.parse().unwrap()).collect();
    NameConstraints { permitted: all(permit), excluded: all(exclude) }
}

/// Everything that is done to chains.
pub const CHANGES: &[Change] = &[
    ("leaf-expired", |c| c.leaf().fields.validity = life(-20, -1)),
    ("leaf-not-yet", |c| c.leaf().fields.validity = life(1, 20)),
    ("leaf-no-authority-key-id", |c| c.leaf().fields.authority_key_id = None),
    ("leaf-other-authority-key-id", |c| c.leaf().fields.authority_key_id = Some(vec![7; 20])),
    ("leaf-is-ca", |c| {
        let leaf = &mut c.leaf().fields;
        leaf.ca = Some(None);
        leaf.key_usage = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::DIGITAL_SIGNATURE);
    }),
    ("leaf-signs", |c| c.leaf().fields.key_usage = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::DIGITAL_SIGNATURE)),
    ("leaf-constraints", |c| c.leaf().fields.name_constraints = limits(&["dns:lab.internal"], &[])),
    ("leaf-client", |c| c.leaf().fields.extended_key_usage = vec![ExtendedKeyUsage::client_auth()]),
    ("leaf-no-purposes", |c| c.leaf().fields.extended_key_usage = Vec::new()),
    ("leaf-no-usage", |c| c.leaf().extensions.push(|all| drop_extension(all, USAGE))),
    ("leaf-no-subject-key-id", |c| c.leaf().extensions.push(|all| drop_extension(all, SUBJECT_KEY))),
    ("leaf-no-names", |c| c.leaf().extensions.push(|all| drop_extension(all, NAMES))),
    ("leaf-unknown-critical", |c| c.leaf().extensions.push(|all| all.push(extension(UNKNOWN, true, &[5, 0])))),
    ("leaf-unknown", |c| c.leaf().extensions.push(|all| all.push(extension(UNKNOWN, false, &[5, 0])))),
    ("leaf-twice", |c| c.leaf().extensions.push(|all| all.push(extension(USAGE, true, &[3, 2, 7, 0x80])))),
    ("leaf-empty-purposes", |c| {
        c.leaf().fields.extended_key_usage = Vec::new();
        c.leaf().extensions.push(|all| all.push(extension(&[0x55, 0x1d, 0x25], false, &[0x30, 0])));
    }),
    ("leaf-critical-authority-key-id", |c| c.leaf().extensions.push(|all| set_critical(all, AUTHORITY_KEY, true))),
    ("leaf-empty-subject", |c| {
        c.leaf().fields.subject = NameDer::of(&"".parse().unwrap());
    }),
    ("leaf-empty-subject-loose", |c| {
        c.leaf().fields.subject = NameDer::of(&"".parse().unwrap());
        c.leaf().extensions.push(|all| set_critical(all, NAMES, false));
    }),
    ("leaf-underscore", |c| {
        c.leaf().extensions.push(|all| {
            drop_extension(all, NAMES);
            all.push(extension(NAMES, false, &[&[0x30, 18, 0x82, 16][..], b"a_b.lab.internal"].concat()));
        });
    }),
    ("leaf-signature", |c| c.leaf().break_signature = true),
    ("ca-expired", |c| c.ca().fields.validity = life(-20, -1)),
    ("ca-no-basic-constraints", |c| c.ca().extensions.push(|all| drop_extension(all, BASIC))),
    ("ca-loose-basic-constraints", |c| c.ca().extensions.push(|all| set_critical(all, BASIC, false))),
    ("ca-no-usage", |c| c.ca().extensions.push(|all| drop_extension(all, USAGE))),
    ("ca-may-not-sign", |c| c.ca().fields.key_usage = KeyUsage::CRL_SIGN.and(KeyUsage::DIGITAL_SIGNATURE)),
    ("ca-no-subject-key-id", |c| c.ca().extensions.push(|all| drop_extension(all, SUBJECT_KEY))),
    ("ca-no-authority-key-id", |c| c.ca().fields.authority_key_id = None),
    ("ca-path-length-0", |c| c.ca().fields.ca = Some(Some(0))),
    ("ca-client", |c| c.ca().fields.extended_key_usage = vec![ExtendedKeyUsage::client_auth()]),
    ("ca-server", |c| c.ca().fields.extended_key_usage = vec![ExtendedKeyUsage::server_auth()]),
    ("ca-permits", |c| c.ca().fields.name_constraints = limits(&["dns:lab.internal"], &[])),
    ("ca-permits-other", |c| c.ca().fields.name_constraints = limits(&["dns:other.internal"], &[])),
    ("ca-excludes", |c| c.ca().fields.name_constraints = limits(&[], &["dns:api.lab.internal"])),
    ("ca-excludes-other", |c| c.ca().fields.name_constraints = limits(&[], &["dns:b.lab.internal"])),
    ("ca-permits-addresses", |c| c.ca().fields.name_constraints = limits(&["ip:10.0.0.0/8"], &[])),
    ("ca-permits-other-addresses", |c| c.ca().fields.name_constraints = limits(&["ip:192.168.0.0/16"], &[])),
    ("ca-permits-directory", |c| c.ca().fields.name_constraints = limits(&["dn:O=Lab"], &[])),
    ("ca-permits-other-directory", |c| c.ca().fields.name_constraints = limits(&["dn:O=Other"], &[])),
    ("ca-loose-constraints", |c| {
        c.ca().fields.name_constraints = limits(&["dns:other.internal"], &[]);
        c.ca().extensions.push(|all| set_critical(all, CONSTRAINTS, false));
    }),
    ("ca-unknown-critical", |c| c.ca().extensions.push(|all| all.push(extension(UNKNOWN, true, &[5, 0])))),
    ("ca-signature", |c| c.ca().break_signature = true),
    ("ca-left-out", |c| c.left_out = Some(1 + c.which % (c.all.len() - 2))),
    ("root-expired", |c| c.root().fields.validity = life(-20, -1)),
    ("root-no-usage", |c| c.root().extensions.push(|all| drop_extension(all, USAGE))),
    ("root-loose-basic-constraints", |c| c.root().extensions.push(|all| set_critical(all, BASIC, false))),
    ("root-no-subject-key-id", |c| c.root().extensions.push(|all| drop_extension(all, SUBJECT_KEY))),
    ("root-unknown-critical", |c| c.root().extensions.push(|all| all.push(extension(UNKNOWN, true, &[5, 0])))),
    ("root-path-length-0", |c| c.root().fields.ca = Some(Some(0))),
    ("root-signature", |c| c.root().break_signature = true),
    ("root-permits-other", |c| c.root().fields.name_constraints = limits(&["dns:other.internal"], &[])),
    ("shuffled", |c| c.shuffled = true),
    ("a-bad-twin", |c| {
        // The same CA once more, expired: another path has to be tried.
        let ca = c.ca();
        let fields = CertificateFields { validity: life(-20, -1), ..ca.fields.clone() };
        let (key, signer) = (ca.key, ca.signer);
        c.more.push(Plan { fields, key, signer, extensions: Vec::new(), break_signature: false });
    }),
    ("a-ring", |c| {
        // The first CA below the root is certified by the last one, too.
        let (first, last) = (&c.all[1], &c.all[c.all.len() - 2]);
        let mut fields = first.fields.clone();
        fields.issuer = last.fields.subject.clone();
        fields.authority_key_id = Some(last.fields.subject_key_id.clone());
        let (key, signer) = (first.key, last.key);
        c.more.push(Plan { fields, key, signer, extensions: Vec::new(), break_signature: false });
    }),
];

/// The certificate of a plan; each has a serial number of its own.
fn make(makers: &[Maker], plan: &Plan) -> Vec<u8> {
    let mut tbs = encode_certificate(&plan.fields).unwrap();
    for change in &plan.extensions {
        tbs = edit(&tbs, change);
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
        all.push(Plan { fields, key: depth, signer: above, extensions: Vec::new(), break_signature: false });
    }
    let which = chance.below(between);
    let mut chain = Chain { all, which, left_out: None, more: Vec::new(), shuffled: false };
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
    let mut given = Vec::new();
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
    Case { root, between: given, leaf, changes }
}

fn name(depth: usize, between: usize) -> String {
    match depth {
        0 => "CN=Root,O=Lab".into(),
        d if d <= between => format!("CN=CA {d},O=Lab"),
        _ => "CN=api.lab.internal,O=Lab".into(),
    }
}
