//! Long lists of everything that is compared with another list: in time that grows with their lengths, not with the product.

use crate::common::Sandbox;
use crate::forge::{Maker, edit, extension, find, items, tlv};
use crate::{bounded, lab};
use rootlet::x509::encode_certificate;
use std::fmt::Write;

/// The content octets of OIDs of extensions.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const CRL_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
const ISSUING_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
const POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
const MAPPINGS: &[u8] = &[0x55, 0x1d, 0x21];
const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x24];
const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// A certificate that has these extensions, in place of those of the same kind.
fn with(maker: &mut Maker, subject: &str, issuer: &str, ca: bool, extensions: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let tbs = encode_certificate(&maker.fields(subject, issuer, ca)).unwrap();
    let tbs = edit(&tbs, |all| {
        for (oid, value) in extensions {
            if let Some(at) = find(all, oid) {
                all.remove(at);
            }
            all.push(extension(oid, false, value));
        }
    });
    maker.sign_bytes(&tbs)
}

/// A DistributionPointName of URIs that begin with a letter.
fn point(letter: char, count: usize) -> Vec<u8> {
    let names: Vec<u8> = (0..count).flat_map(|i| tlv(0x86, format!("{letter}{i:06}").as_bytes())).collect();
    tlv(0xa0, &tlv(0xa0, &names))
}

fn issuing_point(letter: char, count: usize) -> Vec<Vec<u8>> {
    vec![extension(ISSUING_POINT, true, &tlv(0x30, &point(letter, count)))]
}

fn crl_points(letter: char, count: usize) -> (&'static [u8], Vec<u8>) {
    (CRL_POINTS, tlv(0x30, &tlv(0x30, &point(letter, count))))
}

#[test]
fn names_of_distribution_points() {
    let (sandbox, mut maker) = lab();
    sandbox.write("leaf.der", with(&mut maker, "CN=leaf", "CN=Root", false, &[crl_points('a', 180_000)]));
    let ask = |crl: &[u8], code| {
        sandbox.write("root.crl", crl);
        bounded(&sandbox, &["verify", "leaf.der", "--roots", "root.pem", "--crl", "root.crl"]).exits(code)
    };
    ask(&maker.crl("CN=Root", 1, &issuing_point('b', 300_000)), 3).prints("the certificate does not name");
    ask(&maker.crl("CN=Root", 1, &issuing_point('a', 300_000)), 0);
    // Many certificates beside many of them.
    let mut all = maker.ca("CN=Root", "CN=Root");
    for number in 1..=16 {
        all.extend(maker.crl("CN=Root", number, &issuing_point('b', 60_000)));
    }
    for _ in 0..10_000 {
        all.extend(with(&mut maker, "CN=leaf", "CN=Root", false, &[crl_points('z', 1)]));
    }
    sandbox.write("points.der", all);
    let ran = bounded(&sandbox, &["lint", "points.der", "--json"]).exits(3);
    // As many as are told of one rule.
    assert!(ran.stdout.matches("\"crl-scope-point\"").count() > 1_000);
}

/// extKeyUsage with purposes from one number up to another.
fn purposes(numbers: impl Iterator<Item = usize>) -> (&'static [u8], Vec<u8>) {
    let one = |i: usize| tlv(6, &[0x2a, 3, 0x80 | (i >> 14) as u8, 0x80 | (i >> 7) as u8, i as u8 & 0x7f]);
    (EXTENDED_KEY_USAGE, tlv(0x30, &numbers.flat_map(one).collect::<Vec<_>>()))
}

#[test]
fn purposes_of_a_chain() {
    const MANY: usize = 150_000;
    let (sandbox, mut maker) = lab();
    let first = 1 << 14;
    let write = |name: &str, all: &[&[u8]]| sandbox.write(name, all.concat());
    let root = with(&mut maker, "CN=R", "CN=R", true, &[purposes(first + MANY..first + 2 * MANY)]);
    let leaf = with(&mut maker, "CN=leaf", "CN=R", false, &[purposes(first..first + MANY)]);
    write("root.der", &[&root]);
    write("leaf.der", &[&leaf]);
    bounded(&sandbox, &["verify", "leaf.der", "--roots", "root.der"])
        .exits(3)
        .prints("is for nothing that all the CAs");
    bounded(&sandbox, &["lint", "leaf.der", "--issuer-file", "root.der"]).exits(3).prints("issuer-purpose");
    // All of them, from the last to the first, two steps up.
    let root = with(&mut maker, "CN=R", "CN=R", true, &[purposes((first..first + MANY).rev())]);
    let middle = maker.ca("CN=M", "CN=R");
    let leaf = with(&mut maker, "CN=leaf", "CN=M", false, &[purposes(first..first + MANY)]);
    write("root.der", &[&root]);
    write("chain.der", &[&leaf, &middle]);
    write("file.der", &[&leaf, &middle, &root]);
    bounded(&sandbox, &["verify", "chain.der", "--roots", "root.der"]).exits(0);
    bounded(&sandbox, &["lint", "file.der"]);
}

/// A hundred CAs that map a thousand policies each, and 2^9 paths through them.
#[test]
fn policies_of_a_chain() {
    let (sandbox, mut maker) = lab();
    let mut all = maker.leaf("CN=N 0");
    for level in 0..100u8 {
        let policy = |domain: u8, i: u16| tlv(6, &[0x2a, 3, domain, level, 0x80 | (i >> 7) as u8, i as u8 & 0x7f]);
        let mapping = |i: u16| tlv(0x30, &[policy(4, i + 128), policy(5, i + 128)].concat());
        let extensions = [
            (POLICIES, tlv(0x30, &tlv(0x30, &tlv(6, ANY_POLICY)))),
            (MAPPINGS, tlv(0x30, &(0..1_000).flat_map(mapping).collect::<Vec<_>>())),
        ];
        for _ in 0..if level < 9 { 2 } else { 1 } {
            let (own, above) = (format!("CN=N {level}"), format!("CN=N {}", level + 1));
            all.extend(with(&mut maker, &own, &above, true, &extensions));
        }
    }
    sandbox.write("chain.der", all);
    let demand = [(CONSTRAINTS, tlv(0x30, &tlv(0x80, &[0])))];
    sandbox.write("root.der", with(&mut maker, "CN=N 100", "CN=N 100", true, &demand));
    bounded(&sandbox, &["verify", "chain.der", "--roots", "root.der"]).exits(3).prints("path-gave-up");
}

/// A Name of these attributes: the content octets of their types, and their values.
fn name<'a>(attributes: impl IntoIterator<Item = (&'a [u8], String)>) -> Vec<u8> {
    let one =
        |(oid, value): (&[u8], String)| tlv(0x31, &tlv(0x30, &[tlv(6, oid), tlv(0x0c, value.as_bytes())].concat()));
    tlv(0x30, &attributes.into_iter().flat_map(one).collect::<Vec<_>>())
}

/// A tbsCertificate with another issuer and subject.
fn rename(tbs: &[u8], subject: &[u8], issuer: &[u8]) -> Vec<u8> {
    let mut all = items(tbs);
    (all[3], all[5]) = (issuer.to_vec(), subject.to_vec());
    tlv(0x30, &all.concat())
}

/// Names that differ at their ends only.
#[test]
fn long_names() {
    let (sandbox, mut maker) = lab();
    let long = |tag: usize, words: usize| {
        name([(&[0x55, 4, 3][..], "a b ".repeat(words)), (&[0x55, 4, 11][..], tag.to_string())])
    };
    let root = name([(&[0x55, 4, 3][..], "Root".to_string())]);
    let mut sign = |subject: &[u8], issuer: &[u8], ca: bool| {
        let tbs = encode_certificate(&maker.fields("CN=a.example", "CN=Root", ca)).unwrap();
        maker.sign_bytes(&rename(&tbs, subject, issuer))
    };
    // A ring of CAs, each certified by each other one.
    const RING: usize = 11;
    let mut all = sign(&root, &long(0, 15_000), false);
    for (a, b) in (0..RING).flat_map(|a| (0..RING).map(move |b| (a, b))).filter(|(a, b)| a != b) {
        all.extend(sign(&long(a, 15_000), &long(b, 15_000), true));
    }
    sandbox.write("ring.der", all);
    let mut other = Maker::new();
    let tbs = encode_certificate(&other.fields("CN=a.example", "CN=Root", true)).unwrap();
    let cross = other.sign_bytes(&rename(&tbs, &long(RING - 1, 15_000), &root));
    sandbox.write("roots.der", [sign(&root, &root, true), cross].concat());
    bounded(&sandbox, &["verify", "ring.der", "--roots", "roots.der"]).exits(3);
    // A file of as many certificates as are arranged.
    let many: Vec<u8> = (0..100).flat_map(|i| sign(&long(1_000 + i, 87_500), &long(i, 87_500), true)).collect();
    sandbox.write("many.der", many);
    bounded(&sandbox, &["inspect", "many.der", "--field", "serial"]).exits(0);
    bounded(&sandbox, &["inspect", "many.der", "--json"]).exits(0);
}

/// A certificate has two megabytes at most: six of them, with as many mailboxes as fit.
#[test]
fn mailboxes_of_a_subject() {
    let (sandbox, mut maker) = lab();
    let email: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let subject = name((0..40_000).map(|i| (email, format!("a{i:05}@b"))));
    let names: Vec<u8> = (0..80_000).flat_map(|i| tlv(0x81, format!("b{i:05}@b").as_bytes())).collect();
    let names = tlv(0x30, &names);
    let mut leaf = || {
        let tbs = encode_certificate(&maker.fields("CN=a.example", "CN=Root", false)).unwrap();
        let tbs = edit(&tbs, |all| {
            let at = find(all, SUBJECT_ALT_NAME).unwrap();
            all[at] = extension(SUBJECT_ALT_NAME, false, &names);
        });
        let issuer = items(&tbs)[3].clone();
        maker.sign_bytes(&rename(&tbs, &subject, &issuer))
    };
    sandbox.write("emails.der", (0..6).flat_map(|_| leaf()).collect::<Vec<u8>>());
    bounded(&sandbox, &["lint", "emails.der"]).exits(3).prints("subject-email");
}

/// A manifest of which each value stands in the first line.
#[test]
fn a_manifest_in_one_line() {
    let sandbox = Sandbox::new();
    let mut text = String::from("{\"ca\":{\"root\":{\"profile\":\"root\"}},\"cert\":{");
    for i in 0..60_000 {
        let comma = if i > 0 { "," } else { "" };
        write!(
            text,
            "{comma}\"h{i}\":{{\"profile\":\"server\",\"dns\":[\"h{i}.example\",\"www.h{i}.example\"],\"issuer\":\"root\"}}"
        )
        .unwrap();
    }
    sandbox.write("one.json", text + "}}");
    let ran = bounded(&sandbox, &["plan", "one.json"]).exits(3);
    assert_eq!(ran.stdout.lines().filter(|l| l.starts_with("+ create")).count(), 60_001);
}

/// One entry with many values in it: in the file itself, in one line, and in a file of values.
#[test]
fn a_list_of_values() {
    const VALUES: usize = 60_000;
    let list: Vec<String> = (0..VALUES).map(|i| format!("\"h{i}\"")).collect();
    let (inline, lines) = (list.join(","), list.join("\n"));
    let toml = |each: &str| {
        format!(
            "[ca.root]\nprofile = 'root'\n[cert.'${{each}}']\nprofile = 'client'\nissuer = 'root'\nfor_each = {each}\n"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.write("values.jsonl", lines);
    sandbox.write("file.toml", toml("'values.jsonl'"));
    sandbox.write("inline.toml", toml(&format!("[{inline}]")));
    sandbox.write(
        "inline.json",
        format!(
            "{{\"ca\":{{\"root\":{{\"profile\":\"root\"}}}},\"cert\":{{\"${{each}}\":{{\"profile\":\"client\",\"issuer\":\"root\",\"for_each\":[{inline}]}}}}}}"
        ),
    );
    for file in ["file.toml", "inline.toml", "inline.json"] {
        let ran = bounded(&sandbox, &["plan", file]).exits(3);
        assert_eq!(ran.stdout.lines().filter(|l| l.starts_with("+ create")).count(), VALUES + 1, "{file}");
    }
}
