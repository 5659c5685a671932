//! Certificate policies: nobody asks for one, and CAs may demand that one be left.

use super::*;

/// The content octets of two policies, and of anyPolicy.
const GOLD: &[u8] = &[0x2a, 3, 1];
const BLUE: &[u8] = &[0x2a, 3, 2];
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];

type Extensions = Vec<Vec<u8>>;

fn policies(all: &[&[u8]]) -> Vec<u8> {
    let items: Vec<u8> = all.iter().flat_map(|p| tlv(der::SEQUENCE, &tlv(der::OID, p))).collect();
    extension("2.5.29.32", false, &tlv(der::SEQUENCE, &items))
}

fn mapping(issuer: &[u8], subject: &[u8]) -> Vec<u8> {
    let pair = constructed(der::SEQUENCE, &[&tlv(der::OID, issuer), &tlv(der::OID, subject)]);
    extension("2.5.29.33", true, &tlv(der::SEQUENCE, &pair))
}

/// requireExplicitPolicy and inhibitPolicyMapping.
fn demand(explicit: Option<u8>, no_mapping: Option<u8>) -> Vec<u8> {
    let number = |tag, n: Option<u8>| n.map(|n| tlv(der::context(tag), &[n])).unwrap_or_default();
    extension("2.5.29.36", true, &constructed(der::SEQUENCE, &[&number(0, explicit), &number(1, no_mapping)]))
}

fn explicit(n: u8) -> Vec<u8> {
    demand(Some(n), None)
}

fn no_any(n: u8) -> Vec<u8> {
    extension("2.5.29.54", true, &[der::INTEGER, 1, n])
}

/// The rule that a chain of root, two CAs and a leaf breaks that have these extensions besides.
fn of(root: Extensions, upper: Extensions, lower: Extensions, leaf: Extensions) -> &'static str {
    let (r, u, l) = (party("CN=Root,O=Lab"), party("CN=Upper,O=Lab"), party("CN=Lower,O=Lab"));
    let more = |fields: &CertificateFields, more: Extensions| edit_extensions(fields, |all| all.extend(more));
    let root = r.sign_bytes(&more(&r.ca(None, None), root));
    let upper = r.sign_bytes(&more(&u.ca(Some(&r), None), upper));
    let lower = u.sign_bytes(&more(&l.ca(Some(&u), None), lower));
    let leaf = l.sign_bytes(&more(&party("CN=leaf").leaf(&l, &["api.lab.internal"]), leaf));
    rule(&judged(&leaf, &[&lower, &upper], &[&root], &question()))
}

#[test]
fn nobody_asks() {
    assert_eq!(of(vec![], vec![], vec![], vec![]), "good");
    assert_eq!(of(vec![], vec![policies(&[GOLD])], vec![policies(&[BLUE])], vec![]), "good");
    assert_eq!(of(vec![], vec![], vec![no_any(0), policies(&[ANY])], vec![policies(&[ANY])]), "good");
}

#[test]
fn a_ca_demands_one() {
    let good = |upper, lower, leaf| assert_eq!(of(vec![], upper, lower, leaf), "good");
    let bad = |upper, lower, leaf| assert_eq!(of(vec![], upper, lower, leaf), "policy-required");
    let gold = || policies(&[GOLD]);
    good(vec![explicit(0), gold()], vec![gold()], vec![gold()]);
    good(vec![explicit(0), policies(&[ANY])], vec![policies(&[GOLD, BLUE])], vec![gold()]);
    good(vec![explicit(0), gold()], vec![policies(&[ANY])], vec![gold()]);
    bad(vec![explicit(0), gold()], vec![gold()], vec![]);
    bad(vec![explicit(0), gold()], vec![], vec![gold()]);
    bad(vec![explicit(0)], vec![gold()], vec![gold()]);
    bad(vec![explicit(0), gold()], vec![gold()], vec![policies(&[BLUE])]);
    bad(vec![explicit(0), gold()], vec![policies(&[BLUE])], vec![policies(&[BLUE])]);
    // So many certificates may follow first; the last one counts as one that follows.
    bad(vec![explicit(1)], vec![], vec![]);
    bad(vec![explicit(2)], vec![], vec![]);
    good(vec![explicit(3)], vec![], vec![]);
    bad(vec![], vec![explicit(0)], vec![]);
    bad(vec![], vec![explicit(1)], vec![]);
    good(vec![], vec![explicit(2)], vec![]);
    // The leaf may demand one of itself, a later CA may not ask for less, and the demand need not be critical.
    bad(vec![], vec![], vec![explicit(0)]);
    good(vec![], vec![], vec![explicit(1)]);
    bad(vec![explicit(0)], vec![explicit(5)], vec![]);
    let loose = extension("2.5.29.36", false, &tlv(der::SEQUENCE, &tlv(der::context(0), &[0])));
    bad(vec![loose], vec![], vec![]);
    // What a root says holds as well.
    assert_eq!(of(vec![explicit(0)], vec![], vec![], vec![]), "policy-required");
    assert_eq!(of(vec![explicit(4)], vec![], vec![], vec![]), "good");
    assert_eq!(of(vec![explicit(0)], vec![gold()], vec![gold()], vec![gold()]), "good");
}

#[test]
fn any_policy_and_its_end() {
    let any = || policies(&[ANY]);
    let gold = || policies(&[GOLD]);
    let all = |upper: Extensions, lower, leaf| of(vec![explicit(0)], upper, lower, leaf);
    assert_eq!(all(vec![any()], vec![any()], vec![any()]), "good");
    assert_eq!(all(vec![any(), no_any(0)], vec![any()], vec![gold()]), "policy-required");
    assert_eq!(all(vec![any(), no_any(1)], vec![any()], vec![gold()]), "good");
    assert_eq!(all(vec![any(), no_any(1)], vec![any()], vec![any()]), "policy-required");
    assert_eq!(all(vec![any(), no_any(0)], vec![gold()], vec![gold()]), "good");
}

#[test]
fn mappings() {
    let gold = || policies(&[GOLD]);
    let blue = || policies(&[BLUE]);
    let all = |upper: Extensions, lower, leaf| of(vec![explicit(0)], upper, lower, leaf);
    assert_eq!(all(vec![gold(), mapping(GOLD, BLUE)], vec![blue()], vec![blue()]), "good");
    assert_eq!(all(vec![gold(), mapping(GOLD, BLUE)], vec![gold()], vec![gold()]), "policy-required");
    assert_eq!(all(vec![policies(&[ANY]), mapping(GOLD, BLUE)], vec![blue()], vec![blue()]), "good");
    assert_eq!(all(vec![blue(), mapping(GOLD, BLUE)], vec![gold()], vec![gold()]), "policy-required");
    // A root can forbid it, at once or further down; what is mapped nevertheless is gone.
    let forbidding = |n, upper, lower, leaf| of(vec![demand(Some(0), Some(n))], upper, lower, leaf);
    assert_eq!(forbidding(0, vec![gold(), mapping(GOLD, BLUE)], vec![blue()], vec![blue()]), "policy-required");
    assert_eq!(forbidding(1, vec![gold(), mapping(GOLD, BLUE)], vec![blue()], vec![blue()]), "good");
    assert_eq!(forbidding(1, vec![gold()], vec![gold(), mapping(GOLD, BLUE)], vec![blue()]), "policy-required");
    let both = || policies(&[GOLD, BLUE]);
    assert_eq!(forbidding(0, vec![both(), mapping(GOLD, BLUE)], vec![blue()], vec![blue()]), "good");
    for (issuer, subject) in [(ANY, GOLD), (GOLD, ANY)] {
        assert_eq!(of(vec![], vec![gold(), mapping(issuer, subject)], vec![], vec![]), "policy-mapping");
    }
}

#[test]
fn what_cannot_be_read() {
    let constraints = |value: &[u8]| of(vec![], vec![], vec![extension("2.5.29.36", true, value)], vec![]);
    for value in [&[0x30, 0][..], &[0x30, 2, 0x80, 0], &[0x30, 3, 0x80, 1, 0xff], &[5, 0], &[0x30, 3, 0x82, 1, 0]] {
        assert!(["policy-malformed", "chain-malformed-extension"].contains(&constraints(value)), "{value:02x?}");
    }
    let many: Vec<Vec<u8>> =
        (0..=1_000u16).map(|n| [&[0x2a, 3][..], &[(n >> 7) as u8 | 0x80, (n & 0x7f) as u8]].concat()).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    assert_eq!(of(vec![], vec![], vec![], vec![policies(&many)]), "policy-malformed");
    assert_eq!(of(vec![], vec![], vec![], vec![policies(&many[..1_000])]), "good");
}

/// The tree of RFC 5280 grows with every level here; the work of RFC 9618 does not.
#[test]
fn no_tree_grows() {
    let names: Vec<Vec<u8>> = (0..60u8).map(|n| vec![0x2a, 3, n]).collect();
    let all: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let pairs: Vec<u8> = all
        .iter()
        .take(30)
        .flat_map(|a| all.iter().take(30).map(|b| constructed(der::SEQUENCE, &[&tlv(der::OID, a), &tlv(der::OID, b)])))
        .flatten()
        .collect();
    let mut above = party("CN=Root");
    let root = above.sign_bytes(&edit_extensions(&above.ca(None, None), |e| e.push(explicit(0))));
    let mut between = Vec::new();
    for n in 0..40 {
        let below = party(&format!("CN=CA {n}"));
        let tbs = edit_extensions(&below.ca(Some(&above), None), |e| {
            e.push(policies(&all));
            e.push(extension("2.5.29.33", true, &tlv(der::SEQUENCE, &pairs)));
        });
        between.push(above.sign_bytes(&tbs));
        above = below;
    }
    let tbs = edit_extensions(&party("CN=leaf").leaf(&above, &["a.internal"]), |e| e.push(policies(&all[..1])));
    let leaf = above.sign_bytes(&tbs);
    let between: Vec<&Certificate> = between.iter().collect();
    let started = std::time::Instant::now();
    assert_eq!(rule(&judged(&leaf, &between, &[&root], &question())), "good");
    assert!(started.elapsed().as_secs() < 10);
}

/// A certificate has a thousand policies and mappings at most: more would make validation quadratic.
#[test]
fn a_thousand_and_no_more() {
    let c = chain();
    let numbered = |n: u16| [&[0x2a, 3][..], &[0x80 | (n >> 7) as u8 | 1, n as u8 & 0x7f]].concat();
    let ask = |make: &dyn Fn(&[u8]) -> Vec<u8>, arcs: &str, count: u16| {
        let items: Vec<u8> = (0..count).flat_map(|n| make(&numbered(n))).collect();
        let middle = c.lab.root.sign_bytes(&edit_extensions(&c.lab.middle_fields(), |all| {
            all.push(extension(arcs, false, &tlv(der::SEQUENCE, &items)));
        }));
        let verdict = judged(&c.leaf(|_| {}), &[&middle], &[&c.root], &question());
        (rule(&verdict), verdict.refusal.map(|r| r.to_string()).unwrap_or_default())
    };
    let policy = |oid: &[u8]| tlv(der::SEQUENCE, &tlv(der::OID, oid));
    let mapping = |oid: &[u8]| tlv(der::SEQUENCE, &[tlv(der::OID, oid), tlv(der::OID, oid)].concat());
    for (make, arcs) in [(&policy as &dyn Fn(&[u8]) -> Vec<u8>, "2.5.29.32"), (&mapping, "2.5.29.33")] {
        assert_eq!(ask(make, arcs, 1_000).0, "good", "{arcs}");
        let (rule, words) = ask(make, arcs, 1_001);
        assert_eq!(rule, "policy-malformed", "{arcs}");
        assert!(words.contains("more than a thousand policies"), "{words}");
    }
}
