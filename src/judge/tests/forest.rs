//! Certificates in any order find their places.

use super::certificates::*;
use crate::judge::{Forest, Link, Stand, Standing, Top};
use crate::x509::Certificate;

/// `name(top or link)[children]` for each tree; letters are places in the heap.
fn shape(heap: &[&Certificate]) -> String {
    let mut forest = Forest::default();
    for certificate in heap {
        forest.add(certificate).unwrap();
    }
    forest.grow().iter().map(draw).collect::<Vec<_>>().join(" ")
}

fn draw(stand: &Stand) -> String {
    let letter = |i: usize| char::from(b'a' + i as u8);
    let mark = match stand.place {
        Standing::Top(Top::SelfSigned) => "!".to_string(),
        Standing::Top(Top::SelfIssued) => "~".into(),
        Standing::Top(Top::IssuerMissing) => "?".into(),
        Standing::Top(Top::NotSigned(other)) => format!("≠{}", letter(other)),
        Standing::Top(Top::Loop) => "↺".into(),
        Standing::Top(Top::Continued(above)) => format!("↓{}", letter(above)),
        Standing::Below(Link::Signed) => String::new(),
        Standing::Below(Link::Unchecked) => "*".into(),
        Standing::Again(_) => "=".into(),
        Standing::Loop(_) => "@".into(),
    };
    let children: Vec<_> = stand.children.iter().map(draw).collect();
    let below = if children.is_empty() { String::new() } else { format!("[{}]", children.join(" ")) };
    format!("{}{mark}{below}", letter(stand.index))
}

#[test]
fn a_chain_in_any_order() {
    let lab = super::lab::lab();
    let (root, middle) = (lab.root.self_signed(None), lab.root.sign(&lab.middle_fields()));
    let leaf = lab.middle.sign(&lab.leaf_fields());
    assert_eq!(shape(&[&root, &middle, &leaf]), "a![b[c]]");
    assert_eq!(shape(&[&leaf, &root, &middle]), "b![c[a]]");
    assert_eq!(shape(&[&leaf, &middle, &leaf]), "b?[a]", "a copy is no other certificate");
    assert_eq!(shape(&[&leaf]), "a?");
    assert_eq!(shape(&[&leaf, &root]), "a? b!");
}

#[test]
fn a_name_alone_proves_nothing() {
    let lab = super::lab::lab();
    let impostor = party("CN=Middle,O=Lab");
    let (other, leaf) = (impostor.self_signed(None), lab.middle.sign(&lab.leaf_fields()));
    assert_eq!(shape(&[&leaf, &other]), "a≠b b!");
    // Key identifiers that lie do not help either, and a wrong one does no harm where the signature is good.
    let mut fields = impostor.ca(None, None);
    fields.subject_key_id = lab.middle.key_id();
    assert_eq!(shape(&[&leaf, &impostor.sign(&fields)]), "a≠b b!");
    let mut fields = lab.leaf_fields();
    fields.authority_key_id = Some(vec![1; 20]);
    let middle = lab.root.sign(&lab.middle_fields());
    assert_eq!(shape(&[&lab.middle.sign(&fields), &other, &middle]), "b! c?[a]");
    // One that has its own name as issuer and another one's signature.
    let fields = lab.root.ca(None, None);
    assert_eq!(shape(&[&impostor.sign(&fields)]), "a~");
}

#[test]
fn cross_certificates_stand_below_each_issuer() {
    let (a, b, ca) = (party("CN=A"), party("CN=B"), party("CN=CA"));
    let leaf = ca.sign(&party("CN=leaf").leaf(&ca, &["leaf.example"]));
    let (by_a, by_b) = (a.sign(&ca.ca(Some(&a), None)), b.sign(&ca.ca(Some(&b), None)));
    let heap = [&a.self_signed(None), &b.self_signed(None), &by_a, &by_b, &leaf];
    assert_eq!(shape(&heap), "a![c[e]] b![d[e=]]");
    // Two certificates of one root are no loop.
    assert_eq!(shape(&[&a.self_signed(None), &a.self_signed(None), &by_a]), "a![c] b![c=]");
}

#[test]
fn loops_end() {
    let (a, b, c) = (party("CN=A"), party("CN=B"), party("CN=C"));
    let leaf = c.sign(&party("CN=leaf").leaf(&c, &["leaf.example"]));
    let ring = [a.sign(&b.ca(Some(&a), None)), b.sign(&c.ca(Some(&b), None)), c.sign(&a.ca(Some(&c), None))];
    assert_eq!(shape(&[&ring[0], &ring[1], &ring[2], &leaf]), "a↺[b[c[a@] d]]");
    assert_eq!(shape(&[&ring[0], &ring[1], &ring[2], &a.self_signed(None)]), "d![a[b[c[a@]]]]");
}

#[test]
fn what_is_too_deep_goes_on_at_the_top() {
    let parties: Vec<_> = (0..70).map(|n| party(&format!("CN=CA {n}"))).collect();
    let mut all = vec![parties[0].self_signed(None)];
    all.extend(parties.windows(2).map(|p| p[0].sign(&p[1].ca(Some(&p[0]), None))));
    let mut forest = Forest::default();
    for certificate in &all {
        forest.add(certificate).unwrap();
    }
    let tops = forest.grow();
    let places: Vec<_> = tops.iter().map(|t| (t.index, t.place.clone())).collect();
    let deep = |n| (n, Standing::Top(Top::Continued(n - 1)));
    assert_eq!(places, [(0, Standing::Top(Top::SelfSigned)), deep(32), deep(64)]);
}

/// Of very many that could have issued each other some are tried.
#[test]
fn many_of_one_name_are_bounded() {
    let issuers: Vec<_> = (0..80).map(|_| party("CN=Same")).collect();
    let mut forest = Forest::default();
    for one in &issuers {
        forest.add(&one.self_signed(None)).unwrap();
    }
    let mut fields = party("CN=leaf").leaf(&issuers[79], &["leaf.example"]);
    let leaf = issuers[79].sign(&fields);
    fields.authority_key_id = None;
    let unnamed = issuers[79].sign(&fields);
    let (leaf, unnamed) = (forest.add(&leaf).unwrap(), forest.add(&unnamed).unwrap());
    let tops = forest.grow();
    assert_eq!(tops[79].children[0].index, leaf, "the key identifier finds it");
    assert!(tops.iter().any(|t| t.index == unnamed && matches!(t.place, Standing::Top(Top::NotSigned(0)))));
}
