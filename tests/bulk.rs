//! Many leaves at once are what one by one would have made, whatever is refused, asked for twice, done beside it, or dies.
#![cfg(unix)]

mod bulk {
    mod commands;
    pub mod deaths;
    pub mod equality;
    pub mod lab;
}

use bulk::lab::{Lab, fleet, issue_all};
use rootlet::pki::{Again, LeafRequest, Pki};
use rootlet::store::{Access, Delivery, SqliteStore, Store};
use std::collections::BTreeMap;
use std::thread;

#[test]
fn more_than_two_batches() {
    let lab = Lab::new();
    let count = 1_300;
    let mut seen = vec![false; count];
    let (mut told, mut done) = (0, 0);
    let end = lab
        .open()
        .leaves(fleet(0..count), &mut |issued| {
            assert_eq!(issued.result.unwrap().action, "created");
            assert!(!std::mem::replace(&mut seen[issued.index], true), "told of twice");
            told += 1;
            assert_eq!((issued.progress.done, issued.progress.total), (told, None), "a filter has no length");
            done = issued.progress.done;
        })
        .unwrap();
    assert_eq!((end.done, end.failed, done), (count as u64, 0, count as u64));
    assert!(end.rate() > 0.0);
    assert_eq!(lab.current().len(), count);
    for n in [0, 511, 512, count - 1] {
        let names = lab.names(&format!("certs/device-{n}"));
        assert_eq!(names, ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"]);
    }
    assert!(lab.names("pending").is_empty());
    lab.assert_sound();
    // Again nothing is written.
    let before = lab.state();
    let actions = issue_all(&mut lab.open(), fleet(0..count));
    assert_eq!(actions, BTreeMap::from([("unchanged".to_string(), count)]));
    before.assert_unchanged(&lab.state(), "the second run");
}

#[test]
fn a_refusal_does_not_stop_the_others() {
    let lab = Lab::new();
    let mut requests: Vec<LeafRequest> = fleet(0..20).collect();
    requests[3].issuer = Some("nobody".into());
    requests[7].delivery =
        Some(Delivery { folder: lab.root().join("certs"), owner: None, key_mode: None, declared: false });
    // Once more under the handle of another identity, and once more as it is.
    requests[9].name = Some("device-8".parse().unwrap());
    requests.push(requests[0].clone());
    requests.push(LeafRequest { again: Again::Refuse, ..requests[1].clone() });
    let actions = issue_all(&mut lab.open(), requests);
    let expected =
        [("created", 17), ("delivery-inside", 1), ("exists", 1), ("name-taken", 1), ("not-found", 1), ("unchanged", 1)];
    assert_eq!(actions.iter().map(|(k, v)| (k.as_str(), *v)).collect::<Vec<_>>(), expected);
    lab.assert_sound();
}

/// A CA that cannot issue is tried once, and every leaf of it is refused.
#[test]
fn an_issuer_without_its_key() {
    let lab = Lab::new();
    std::fs::remove_file(lab.root().join("ca/lab-issuing/key.pem")).unwrap();
    let named = |r: LeafRequest| LeafRequest { issuer: Some("lab-issuing".into()), ..r };
    let actions = issue_all(&mut lab.open(), fleet(0..30).map(named));
    assert_eq!(actions, BTreeMap::from([("issuer-unusable".to_string(), 30)]));
    let mut said = std::collections::BTreeSet::new();
    let each = &mut |issued: rootlet::pki::Issued| {
        let error = issued.result.unwrap_err();
        said.insert((error.to_string(), error.hints()));
    };
    lab.open().leaves(fleet(0..30).map(named), each).unwrap();
    // The same of each, as it is said of one.
    let alone = lab.open().leaf(&fleet(0..1).map(named).next().unwrap()).unwrap_err();
    assert_eq!(said.into_iter().collect::<Vec<_>>(), [(alone.to_string(), alone.hints())]);
    assert!(!alone.hints().is_empty());
    // What else goes wrong with its key keeps its code.
    std::fs::write(lab.root().join("ca/lab-issuing/key.pem"), "x").unwrap();
    assert_eq!(issue_all(&mut lab.open(), fleet(0..30).map(named)), BTreeMap::from([("key".to_string(), 30)]));
    std::fs::remove_file(lab.root().join("ca/lab-issuing/key.pem")).unwrap();
    assert!(lab.names("pending").is_empty() && lab.names("certs").is_empty());
}

/// Who was overtaken by another command still comes before who asks for the same name later.
#[test]
fn requests_for_one_name_stay_in_order() {
    let lab = Lab::new();
    let (first, again) = (fleet(0..1), fleet(0..1).map(|r| LeafRequest { again: Again::Force, ..r }));
    // Asked for when the first batch is being made, and not recorded yet.
    let overtakes = std::iter::once(()).filter_map(|()| {
        lab.open().leaf(&fleet(0..1).next().unwrap()).unwrap();
        fleet(600..601).next()
    });
    let requests = first.chain(fleet(1..512)).chain(again).chain(overtakes);
    let mut told = Vec::new();
    lab.open()
        .leaves(requests, &mut |issued| {
            let outcome = issued.result.unwrap();
            if outcome.certificate.name == "device-0" {
                told.push((issued.index, outcome.action));
            }
        })
        .unwrap();
    assert_eq!(told, [(0, "unchanged"), (512, "reissued")]);
    lab.assert_sound();
}

#[test]
fn deliveries_go_where_they_should() {
    let lab = Lab::new();
    let to = |n: usize| lab.root().parent().unwrap().join(format!("out-{n}"));
    let requests = || {
        fleet(0..30).enumerate().map(|(n, r)| LeafRequest {
            delivery: Some(Delivery { folder: to(n % 15), owner: None, key_mode: None, declared: false }),
            ..r
        })
    };
    // Each folder is wanted twice: the first gets it.
    let actions = issue_all(&mut lab.open(), requests());
    assert_eq!(actions, BTreeMap::from([("created".to_string(), 15), ("exists".to_string(), 15)]));
    for n in 0..15 {
        let delivered = std::fs::read(to(n).join("cert.pem")).unwrap();
        assert_eq!(delivered, std::fs::read(lab.root().join(format!("certs/device-{n}/cert.pem"))).unwrap());
    }
    lab.assert_sound();
}

/// What could not be delivered stays due, and nothing else.
#[test]
fn a_delivery_that_fails_among_others() {
    let lab = Lab::new();
    let beside = lab.root().parent().unwrap().to_path_buf();
    std::fs::write(beside.join("file"), "").unwrap();
    let to = |n: usize| if n == 3 { beside.join("file/3") } else { beside.join(format!("out-{n}")) };
    let requests = fleet(0..6).enumerate().map(|(n, r)| LeafRequest {
        delivery: Some(Delivery { folder: to(n), owner: None, key_mode: None, declared: false }),
        ..r
    });
    let actions = issue_all(&mut lab.open(), requests);
    assert_eq!(actions, BTreeMap::from([("created".to_string(), 5), ("io".to_string(), 1)]));
    let due = || {
        let mut store = SqliteStore::open(&lab.root().join("inventory.db")).unwrap();
        let transaction = store.begin(Access::Read).unwrap();
        transaction.due_deliveries().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(due(), ["device-3"]);
    std::fs::remove_file(beside.join("file")).unwrap();
    issue_all(&mut lab.open(), fleet(6..8));
    assert_eq!(due(), [""; 0]);
    assert!(beside.join("file/3/key.pem").exists());
    lab.assert_sound();
}

#[test]
fn several_runs_at_once() {
    let lab = Lab::new();
    let count = 400;
    let all: Vec<BTreeMap<String, usize>> = thread::scope(|scope| {
        let mut runs = Vec::new();
        for run in 0..3 {
            let lab = &lab;
            runs.push(scope.spawn(move || {
                let mut pki = lab.open();
                match run {
                    2 => {
                        let mut actions = BTreeMap::new();
                        for request in fleet(0..count).step_by(7) {
                            *actions.entry(pki.leaf(&request).unwrap().action.to_string()).or_default() += 1;
                        }
                        actions
                    }
                    _ => issue_all(&mut pki, fleet(0..count)),
                }
            }));
        }
        runs.into_iter().map(|r| r.join().unwrap()).collect()
    });
    let sum = |action: &str| all.iter().filter_map(|a| a.get(action)).sum::<usize>();
    assert_eq!(sum("created"), count, "{all:?}");
    assert_eq!(sum("unchanged"), count + count.div_ceil(7), "{all:?}");
    assert_eq!(lab.current().len(), count);
    assert!(lab.names("pending").is_empty());
    lab.assert_sound();
}

/// The part of the other process; see `bulk::deaths`.
#[test]
fn child() {
    if let Some((folder, requests)) = bulk::deaths::of_child() {
        let mut failed = None;
        let run = Pki::open(&folder)
            .and_then(|mut pki| pki.leaves(requests, &mut |issued| failed = issued.result.err().or(failed.take())));
        if let Some(e) = run.err().or(failed) {
            eprintln!("code {}: {e}", e.code());
            std::process::exit(1);
        }
    }
}
