//! What is done to chains: each by a name that the table of disagreements uses.

use crate::case::{AT, Chain, Plan};
use crate::forge::{extension, find, items, tlv, value_of};
use rootlet::model::{ExtendedKeyUsage, KeyUsage, NameConstraints, Validity};
use rootlet::x509::{CertificateFields, NameDer};

const DAY: i64 = 86_400;

type Change = (&'static str, fn(&mut Chain));

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

    /// The lowest CA, which issued the leaf.
    fn issuer(&mut self) -> &mut Plan {
        let at = self.all.len() - 2;
        &mut self.all[at]
    }

    /// Another certificate of a CA.
    fn twin(&mut self, edit: impl FnOnce(&mut CertificateFields)) -> Plan {
        let ca = self.ca();
        let mut fields = ca.fields.clone();
        edit(&mut fields);
        Plan::of(fields, ca.key, ca.signer)
    }

    /// A policy in so many certificates from the first CA downward, and a demand for it in the first CA.
    fn demand_policy(&mut self, until: usize) {
        for plan in self.all.iter_mut().skip(1).take(until) {
            plan.extensions.push(|all| all.push(extension(POLICIES, false, &GOLD)));
        }
        self.all[1].extensions.push(|all| all.push(extension(DEMAND, true, &[0x30, 3, 0x80, 1, 0])));
    }
}

/// The names of a leaf, as encoded.
macro_rules! names {
    ($($bytes:expr),*) => {
        |all: &mut Vec<Vec<u8>>| {
            drop_extension(all, NAMES);
            let names: &[&[u8]] = &[$(&$bytes[..]),*];
            all.push(extension(NAMES, false, &tlv(0x30, &names.concat())));
        }
    };
}

/// A CA's name constraints, as encoded.
macro_rules! constraints {
    ($($bytes:expr),*) => {
        |all: &mut Vec<Vec<u8>>| {
            drop_extension(all, CONSTRAINTS);
            let lists: &[&[u8]] = &[$(&$bytes[..]),*];
            all.push(extension(CONSTRAINTS, true, &tlv(0x30, &lists.concat())));
        }
    };
}

fn dns(name: &str) -> Vec<u8> {
    tlv(0x82, name.as_bytes())
}

fn email(name: &str) -> Vec<u8> {
    tlv(0x81, name.as_bytes())
}

fn uri(name: &str) -> Vec<u8> {
    tlv(0x86, name.as_bytes())
}

fn permitted(base: &[u8]) -> Vec<u8> {
    tlv(0xa0, &tlv(0x30, base))
}

fn excluded(base: &[u8]) -> Vec<u8> {
    tlv(0xa1, &tlv(0x30, base))
}

/// A tbsCertificate whose serial number has this content.
fn with_serial(tbs: &[u8], serial: &[u8]) -> Vec<u8> {
    let all = items(tbs);
    let rest = all[2..].concat();
    tlv(0x30, &[&all[0][..], &tlv(2, serial), &rest].concat())
}

fn named(text: &str) -> NameDer {
    NameDer::of(&text.parse().unwrap())
}

const BASIC: &[u8] = &[0x55, 0x1d, 0x13];
const USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];
const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const UNKNOWN: &[u8] = &[0x2a, 3, 4, 5];
const PURPOSES: &[u8] = &[0x55, 0x1d, 0x25];
const POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
const DEMAND: &[u8] = &[0x55, 0x1d, 0x24];
const NO_ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x36];
/// certificatePolicies: one, another one, any.
const GOLD: [u8; 7] = [0x30, 5, 0x30, 3, 6, 1, 0x2a];
const BLUE: [u8; 7] = [0x30, 5, 0x30, 3, 6, 1, 0x2b];
const ANY: [u8; 10] = [0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];

fn drop_extension(all: &mut Vec<Vec<u8>>, oid: &[u8]) {
    if let Some(at) = find(all, oid) {
        all.remove(at);
    }
}

/// keyUsage without a bit.
fn use_for_nothing(all: &mut Vec<Vec<u8>>) {
    drop_extension(all, USAGE);
    all.push(extension(USAGE, true, &[3, 1, 0]));
}

fn set_critical(all: &mut [Vec<u8>], oid: &[u8], critical: bool) {
    if let Some(at) = find(all, oid) {
        all[at] = extension(oid, critical, &value_of(&all[at]));
    }
}

/// From and to in days.
pub fn life(from: i64, to: i64) -> Validity {
    seconds(from * DAY, to * DAY)
}

fn seconds(from: i64, to: i64) -> Validity {
    let at = |s: i64| rootlet::model::Timestamp::from_unix(AT + s).unwrap();
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
    ("leaf-first-second", |c| c.leaf().fields.validity = seconds(0, DAY)),
    ("leaf-second-before", |c| c.leaf().fields.validity = seconds(1, DAY)),
    ("leaf-last-second", |c| c.leaf().fields.validity = seconds(-DAY, 0)),
    ("leaf-second-after", |c| c.leaf().fields.validity = seconds(-DAY, -1)),
    ("leaf-outlives-all", |c| c.leaf().fields.validity = life(-1, 5_000)),
    ("leaf-serial-zero", |c| c.leaf().rewrite = Some(|tbs| with_serial(tbs, &[0]))),
    ("leaf-serial-negative", |c| c.leaf().rewrite = Some(|tbs| with_serial(tbs, &[0x80, 1]))),
    ("leaf-serial-long", |c| c.leaf().rewrite = Some(|tbs| with_serial(tbs, &[0x11; 21]))),
    ("leaf-version-2", |c| {
        c.leaf().rewrite = Some(|tbs| {
            let mut all = items(tbs);
            all[0] = vec![0xa0, 3, 2, 1, 1];
            tlv(0x30, &all.concat())
        });
    }),
    ("leaf-other-issuer", |c| c.leaf().fields.issuer = named("CN=Nobody,O=Lab")),
    ("leaf-issuer-in-capitals", |c| {
        let depth = c.all.len() - 2;
        c.leaf().fields.issuer = named(&format!("CN=ca {depth},O=LAB"));
    }),
    ("leaf-issuer-with-spaces", |c| {
        let depth = c.all.len() - 2;
        c.leaf().fields.issuer = named(&format!("CN=CA  {depth},O=Lab"));
    }),
    ("leaf-critical-names", |c| c.leaf().extensions.push(|all| set_critical(all, NAMES, true))),
    ("leaf-empty-names", |c| c.leaf().extensions.push(names!())),
    ("leaf-wildcard", |c| c.leaf().extensions.push(names!(dns("*.lab.internal")))),
    ("leaf-double-wildcard", |c| c.leaf().extensions.push(names!(dns("*.*.lab.internal")))),
    ("leaf-half-wildcard", |c| c.leaf().extensions.push(names!(dns("a*.lab.internal")))),
    ("leaf-trailing-dot", |c| c.leaf().extensions.push(names!(dns("api.lab.internal.")))),
    ("leaf-leading-dot", |c| c.leaf().extensions.push(names!(dns(".lab.internal")))),
    ("leaf-name-with-null", |c| c.leaf().extensions.push(names!(dns("api.lab.internal\0.evil")))),
    ("leaf-empty-name", |c| c.leaf().extensions.push(names!(dns("")))),
    ("leaf-name-in-capitals", |c| c.leaf().extensions.push(names!(dns("API.Lab.INTERNAL")))),
    ("leaf-address", |c| c.leaf().extensions.push(names!(dns("api.lab.internal"), tlv(0x87, &[10, 0, 0, 1])))),
    ("leaf-odd-address", |c| c.leaf().extensions.push(names!(dns("api.lab.internal"), tlv(0x87, &[10, 0, 0, 0, 1])))),
    ("leaf-mailbox", |c| c.leaf().extensions.push(names!(email("ops@lab.internal"), dns("api.lab.internal")))),
    ("leaf-no-mailbox", |c| c.leaf().extensions.push(names!(email("ops"), dns("api.lab.internal")))),
    ("leaf-uri", |c| c.leaf().extensions.push(names!(uri("https://lab.internal/x"), dns("api.lab.internal")))),
    ("leaf-any-purpose", |c| {
        c.leaf().extensions.push(|all| {
            drop_extension(all, PURPOSES);
            all.push(extension(PURPOSES, false, &[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0]));
        });
    }),
    ("leaf-critical-purposes", |c| c.leaf().extensions.push(|all| set_critical(all, PURPOSES, true))),
    ("leaf-critical-subject-key-id", |c| c.leaf().extensions.push(|all| set_critical(all, SUBJECT_KEY, true))),
    ("leaf-no-extensions", |c| c.leaf().extensions.push(Vec::clear)),
    ("ca-not-yet", |c| c.ca().fields.validity = life(1, 20)),
    ("ca-empty-subject", |c| {
        let below = c.all.len() - 1;
        c.issuer().fields.subject = named("");
        c.all[below].fields.issuer = named("");
    }),
    ("ca-twice", |c| c.ca().extensions.push(|all| all.push(extension(UNKNOWN, false, &[5, 0]).repeat(2)))),
    ("ca-critical-subject-key-id", |c| c.ca().extensions.push(|all| set_critical(all, SUBJECT_KEY, true))),
    ("ca-other-authority-key-id", |c| c.ca().fields.authority_key_id = Some(vec![7; 20])),
    ("ca-path-length-1", |c| c.ca().fields.ca = Some(Some(1))),
    ("ca-any-purpose", |c| {
        c.ca().extensions.push(|all| all.push(extension(PURPOSES, false, &[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0])));
    }),
    ("ca-empty-purposes", |c| c.ca().extensions.push(|all| all.push(extension(PURPOSES, false, &[0x30, 0])))),
    ("ca-empty-constraints", |c| c.ca().extensions.push(constraints!())),
    ("ca-permits-with-dot", |c| c.ca().extensions.push(constraints!(permitted(&dns(".lab.internal"))))),
    ("ca-permits-all", |c| c.ca().extensions.push(constraints!(permitted(&dns(""))))),
    ("ca-excludes-all", |c| c.ca().extensions.push(constraints!(excluded(&dns(""))))),
    ("ca-permits-and-excludes", |c| {
        c.ca().extensions.push(constraints!(permitted(&dns("lab.internal")), excluded(&dns("www.lab.internal"))));
    }),
    ("ca-permits-with-minimum", |c| {
        c.ca().extensions.push(constraints!(permitted(&[&dns("lab.internal")[..], &[0x80, 1, 1]].concat())));
    }),
    ("wildcard-below-exclusion", |c| {
        c.leaf().extensions.push(names!(dns("*.lab.internal")));
        c.ca().extensions.push(constraints!(excluded(&dns("admin.lab.internal"))));
    }),
    ("wildcard-below-permission", |c| {
        c.leaf().extensions.push(names!(dns("*.lab.internal")));
        c.ca().extensions.push(constraints!(permitted(&dns("api.lab.internal"))));
    }),
    ("address-inside", |c| {
        c.leaf().extensions.push(names!(dns("api.lab.internal"), tlv(0x87, &[10, 0, 0, 1])));
        c.ca().extensions.push(constraints!(permitted(&tlv(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]))));
    }),
    ("address-outside", |c| {
        c.leaf().extensions.push(names!(dns("api.lab.internal"), tlv(0x87, &[10, 0, 0, 1])));
        c.ca().extensions.push(constraints!(permitted(&tlv(0x87, &[11, 0, 0, 0, 255, 0, 0, 0]))));
    }),
    ("address-odd-mask", |c| {
        c.leaf().extensions.push(names!(dns("api.lab.internal"), tlv(0x87, &[10, 0, 0, 1])));
        c.ca().extensions.push(constraints!(permitted(&tlv(0x87, &[10, 0, 0, 1, 255, 0, 255, 255]))));
    }),
    ("mailbox-inside", |c| {
        c.leaf().extensions.push(names!(email("ops@lab.internal"), dns("api.lab.internal")));
        c.ca().extensions.push(constraints!(permitted(&email("lab.internal"))));
    }),
    ("mailbox-outside", |c| {
        c.leaf().extensions.push(names!(email("ops@lab.internal"), dns("api.lab.internal")));
        c.ca().extensions.push(constraints!(permitted(&email(".lab.internal"))));
    }),
    ("uri-inside", |c| {
        c.leaf().extensions.push(names!(uri("https://lab.internal/x"), dns("api.lab.internal")));
        c.ca().extensions.push(constraints!(permitted(&uri("lab.internal"))));
    }),
    ("uri-outside", |c| {
        c.leaf().extensions.push(names!(uri("https://lab.internal/x"), dns("api.lab.internal")));
        c.ca().extensions.push(constraints!(permitted(&uri(".lab.internal"))));
    }),
    ("uri-without-host", |c| {
        c.leaf().extensions.push(names!(uri("urn:x:y"), dns("api.lab.internal")));
        c.ca().extensions.push(constraints!(excluded(&uri("other.internal"))));
    }),
    ("root-not-yet", |c| c.root().fields.validity = life(1, 20)),
    ("root-client", |c| c.root().fields.extended_key_usage = vec![ExtendedKeyUsage::client_auth()]),
    ("root-may-not-sign", |c| c.root().fields.key_usage = KeyUsage::CRL_SIGN.and(KeyUsage::DIGITAL_SIGNATURE)),
    ("root-no-basic-constraints", |c| c.root().extensions.push(|all| drop_extension(all, BASIC))),
    ("root-other-authority-key-id", |c| c.root().fields.authority_key_id = Some(vec![7; 20])),
    ("root-permits", |c| c.root().fields.name_constraints = limits(&["dns:lab.internal"], &[])),
    ("root-path-length", |c| c.root().fields.ca = Some(Some(c.all.len() as u8 - 2))),
    ("root-in-between", |c| c.root_between = true),
    ("policy-demanded", |c| c.demand_policy(usize::MAX)),
    ("policy-missing", |c| c.demand_policy(1)),
    ("policy-other", |c| {
        let below = c.all.len() - 2;
        c.demand_policy(below);
        c.leaf().extensions.push(|all| all.push(extension(POLICIES, false, &BLUE)));
    }),
    ("policy-any", |c| {
        let below = c.all.len() - 2;
        c.demand_policy(below);
        c.leaf().extensions.push(|all| all.push(extension(POLICIES, false, &ANY)));
    }),
    ("policy-no-any", |c| {
        let below = c.all.len() - 2;
        c.demand_policy(below);
        c.all[1].extensions.push(|all| all.push(extension(NO_ANY_POLICY, true, &[2, 1, 0])));
        c.leaf().extensions.push(|all| all.push(extension(POLICIES, false, &ANY)));
    }),
    ("for-its-host", |c| c.host = Some("api.lab.internal")),
    ("for-its-host-in-capitals", |c| c.host = Some("API.LAB.internal")),
    ("for-another-host", |c| c.host = Some("b.lab.internal")),
    ("for-a-host-by-wildcard", |c| {
        c.leaf().extensions.push(names!(dns("*.lab.internal")));
        c.host = Some("b.lab.internal");
    }),
    ("for-a-host-far-below-wildcard", |c| {
        c.leaf().extensions.push(names!(dns("*.lab.internal")));
        c.host = Some("a.b.lab.internal");
    }),
    ("for-a-host-by-common-name", |c| {
        c.leaf().extensions.push(|all| drop_extension(all, NAMES));
        c.host = Some("api.lab.internal");
    }),
    ("a-bad-twin", |c| {
        // The same CA once more, expired: another path has to be tried.
        let twin = c.twin(|fields| fields.validity = life(-20, -1));
        c.more.push(twin);
    }),
    ("a-bad-twin-first", |c| {
        let twin = c.twin(|fields| fields.validity = life(-20, -1));
        c.first.push(twin);
    }),
    ("a-good-twin", |c| {
        let twin = c.twin(|fields| fields.validity = life(-20, 20));
        c.first.push(twin);
    }),
    ("a-tight-twin-first", |c| {
        // Of two certificates of a CA the first one forbids the leaf.
        let twin = c.twin(|fields| fields.name_constraints = limits(&["dns:other.internal"], &[]));
        c.first.push(twin);
    }),
    ("a-twin-with-another-key-first", |c| {
        // Another CA of that name: a key that signed nothing.
        let mut twin = c.twin(|_| ());
        (twin.fields.public_key, twin.key) = (c.all[0].fields.public_key.clone(), 0);
        c.first.push(twin);
    }),
    ("a-cross-certificate-first", |c| {
        // The first CA is certified by a stranger, too, whom nobody trusts.
        let (first, stranger) = (&c.all[1], c.all.len() - 1);
        let mut fields = first.fields.clone();
        fields.issuer = named("CN=Stranger");
        fields.authority_key_id = Some(c.all[stranger].fields.subject_key_id.clone());
        let plan = Plan::of(fields, first.key, stranger);
        c.first.push(plan);
    }),
    ("a-ring", |c| {
        // The first CA below the root is certified by the last one, too.
        let (first, last) = (&c.all[1], &c.all[c.all.len() - 2]);
        let mut fields = first.fields.clone();
        fields.issuer = last.fields.subject.clone();
        fields.authority_key_id = Some(last.fields.subject_key_id.clone());
        let (key, signer) = (first.key, last.key);
        c.more.push(Plan::of(fields, key, signer));
    }),
    ("leaf-path-length", |c| {
        c.leaf().extensions.push(|all| {
            drop_extension(all, BASIC);
            all.push(extension(BASIC, true, &[0x30, 3, 2, 1, 0]));
        });
    }),
    ("leaf-usage-for-nothing", |c| c.leaf().extensions.push(use_for_nothing)),
    ("ca-usage-for-nothing", |c| c.ca().extensions.push(use_for_nothing)),
];
