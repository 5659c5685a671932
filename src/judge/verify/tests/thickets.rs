//! Cross-certificates without end: an answer all the same, and the right one.

use super::*;
use crate::model::Validity;
use std::time::{Duration, Instant};

/// However slow the machine and the build, an answer comes within this.
const SOON: Duration = Duration::from_secs(10);

/// CAs that all certified each other.
fn clique(count: usize) -> (Vec<Party>, Vec<Certificate>) {
    let cas: Vec<Party> = (0..count).map(|n| party(&format!("CN=CA {n}"))).collect();
    let mut all = Vec::new();
    for (n, ca) in cas.iter().enumerate() {
        for (m, other) in cas.iter().enumerate() {
            if n != m {
                all.push(other.sign(&ca.ca(Some(other), None)));
            }
        }
    }
    (cas, all)
}

fn soon(leaf: &Certificate, all: &[Certificate], roots: &[&Certificate], question: &Question) -> Verdict {
    let started = Instant::now();
    let verdict = judged(leaf, &all.iter().collect::<Vec<_>>(), roots, question);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    verdict
}

fn leaf_of(ca: &Party) -> Certificate {
    ca.sign(&party("CN=leaf").leaf(ca, &["api.lab.internal"]))
}

#[test]
fn the_short_way_out_of_a_clique() {
    let (cas, mut all) = clique(9);
    let root = party("CN=Root");
    // The root certifies the CA of the leaf, and that certificate comes last.
    all.push(root.sign(&cas[0].ca(Some(&root), None)));
    let verdict = soon(&leaf_of(&cas[0]), &all, &[&root.self_signed(None)], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 3));
    // It certifies another one: the way leads over two.
    all.pop();
    all.push(root.sign(&cas[8].ca(Some(&root), None)));
    let verdict = soon(&leaf_of(&cas[0]), &all, &[&root.self_signed(None)], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 4));
}

#[test]
fn a_clique_without_a_way_out() {
    let (cas, mut all) = clique(9);
    let root = party("CN=Root");
    // By name it leads to the root, which signed nothing of it.
    let thief = party("CN=Root");
    let mut fields = cas[8].ca(Some(&thief), None);
    fields.authority_key_id = Some(root.key_id());
    all.push(thief.sign(&fields));
    let verdict = soon(&leaf_of(&cas[0]), &all, &[&root.self_signed(None)], &question());
    assert!(matches!(verdict.outcome, Outcome::Invalid | Outcome::Unknown), "{:?}", verdict.refusal);
}

/// 2^20 paths lead over the CA whose constraints refuse the leaf, and one around it.
#[test]
fn a_constraint_below_a_ladder() {
    let root = party("CN=Root");
    let mut all = Vec::new();
    let mut above = vec![root.ca(None, None)];
    let mut parties = vec![root];
    for n in 0..20 {
        let ca = party(&format!("CN=Rung {n}"));
        // Two certificates of one CA with one key, by one issuer: each doubles the paths.
        let top = parties.last().unwrap();
        for _ in 0..2 {
            all.push(top.sign(&ca.ca(Some(top), None)));
        }
        above.push(ca.ca(Some(top), None));
        parties.push(ca);
    }
    let (first, bottom) = (party("CN=Issuer"), parties.last().unwrap());
    let ladder = all.clone();
    let mut tight = first.ca(Some(bottom), None);
    tight.name_constraints = limits(&["dns:other.internal"], &[]);
    all.push(bottom.sign(&tight));
    let leaf = leaf_of(&first);
    let root = parties[0].self_signed(None);
    let verdict = soon(&leaf, &all, &[&root], &question());
    assert_eq!((rule(&verdict), verdict.outcome), ("chain-name-constraints", Outcome::Invalid));
    assert_eq!(verdict.path.len(), 23, "it is told of the whole path");
    all.push(bottom.sign(&first.ca(Some(bottom), None)));
    let verdict = soon(&leaf, &all, &[&root], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 23));
    // So does a path length, and a purpose.
    let whole = std::mem::replace(&mut all, ladder);
    let between = party("CN=Between");
    let mut short = between.ca(Some(bottom), Some(0));
    all.push(bottom.sign(&short));
    all.push(between.sign(&first.ca(Some(&between), None)));
    let deep = party("CN=Deep");
    all.push(first.sign(&deep.ca(Some(&first), None)));
    let below = leaf_of(&deep);
    assert_eq!(rule(&soon(&below, &all, &[&root], &question())), "chain-path-length");
    short.ca = Some(Some(2));
    all.push(bottom.sign(&short));
    assert_eq!(rule(&soon(&below, &all, &[&root], &question())), "good");
    let mut client = party("CN=Clients").ca(Some(bottom), None);
    client.extended_key_usage = crate::judge::tests::lab::purposes(&["clientAuth"]);
    let clients = party("CN=Clients");
    (client.public_key, client.subject_key_id) = (clients.ca(None, None).public_key, clients.key_id());
    all.push(bottom.sign(&client));
    let mut server = party("CN=leaf").leaf(&clients, &["api.lab.internal"]);
    server.extended_key_usage = crate::judge::tests::lab::purposes(&["serverAuth"]);
    let for_server = clients.sign(&server);
    for purpose in [Purpose::Any, Purpose::Server] {
        let question = Question { purpose, ..question() };
        assert_eq!(rule(&soon(&for_server, &all, &[&root], &question)), "purpose-of-ca");
    }
    client.extended_key_usage = Vec::new();
    all.push(bottom.sign(&client));
    assert_eq!(rule(&soon(&for_server, &all, &[&root], &question())), "good");
    let all = whole;
    // A CRL that is missing at the bottom of the ladder does not send the search up every way.
    let mut crls = Crls::new();
    for p in &parties {
        crls.add("crl", revocation::crl(p, 1, &[]));
    }
    let started = Instant::now();
    let question = Question { revocation: true, ..question() };
    let verdict = asked(&leaf, &all.iter().collect::<Vec<_>>(), &[&root], &crls, &question);
    assert_eq!((rule(&verdict), verdict.outcome), ("revocation-unknown", Outcome::Unknown));
    assert!(started.elapsed() < SOON);
}

/// The good issuer among many of its name, wherever it stands.
#[test]
fn one_of_many_of_one_name() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    let mut ended = c.lab.middle_fields();
    ended.validity = Validity::new(at(-10 * DAY), at(-DAY)).unwrap();
    let mut all: Vec<Certificate> = (0..150).map(|_| c.lab.root.sign(&ended)).collect();
    let others = (0..150).map(|_| {
        let other = party("CN=Middle,O=Lab");
        c.lab.root.sign(&other.ca(Some(&c.lab.root), None))
    });
    all.extend(others);
    all.push(c.middle.clone());
    assert_eq!(rule(&soon(&leaf, &all, &[&c.root], &question())), "good");
    all.pop();
    let verdict = soon(&leaf, &all, &[&c.root], &question());
    assert_eq!((rule(&verdict), verdict.outcome), ("chain-expired", Outcome::Invalid));
    // Without key identifiers each may be it, and only so many signatures are checked.
    let leaf = c.leaf(|f| f.authority_key_id = Some(c.lab.middle.key_id()));
    let same_id = |n: usize| {
        let mut fields = party(&format!("CN={n}")).ca(Some(&c.lab.root), None);
        fields.subject = NameDer::of(&"CN=Middle,O=Lab".parse().unwrap());
        fields.subject_key_id = c.lab.middle.key_id();
        c.lab.root.sign(&fields)
    };
    let all: Vec<Certificate> = (0..40).map(same_id).collect();
    let mut few = question();
    few.budgets.signatures = 30;
    let verdict = soon(&leaf, &all, &[&c.root], &few);
    assert_eq!((rule(&verdict), verdict.outcome), ("path-gave-up", Outcome::Unknown));
    few.budgets.signatures = 40;
    assert_eq!(rule(&soon(&leaf, &all, &[&c.root], &few)), "chain-signature");
}

#[test]
fn names_without_end() {
    let c = chain();
    let mut fields = c.lab.middle_fields();
    let many: Vec<String> = (0..2_000).map(|n| format!("dns:d{n}.internal")).collect();
    fields.name_constraints = limits(&[], &many.iter().map(String::as_str).collect::<Vec<_>>());
    let middle = c.lab.root.sign(&fields);
    let names: Vec<String> = (0..2_000).map(|n| format!("n{n}.lab.internal")).collect();
    let leaf = c.leaf(|f| f.names = sans(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let verdict = soon(&leaf, &[middle], &[&c.root], &question());
    assert_eq!((rule(&verdict), verdict.outcome), ("path-gave-up", Outcome::Unknown));
    assert!(verdict.refusal.unwrap().to_string().contains("comparisons of names"));
}

/// A chain of a hundred CAs is odd, and good.
#[test]
fn a_hundred_cas() {
    let mut above = party("CN=Root");
    let root = above.self_signed(None);
    let mut all = Vec::new();
    for n in 0..100 {
        let ca = party(&format!("CN=CA {n}"));
        all.push(above.sign(&ca.ca(Some(&above), None)));
        above = ca;
    }
    let verdict = soon(&leaf_of(&above), &all, &[&root], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 102));
}
