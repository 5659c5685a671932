//! Several processes use one PKI at once: nobody fails, nothing is lost, nothing is half-made.
#![cfg(unix)]

mod common;

use common::{Ran, Sandbox};
use rootlet::x509::Crl;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const PROCESSES: usize = 8;
const EACH: usize = 25;

fn list(s: &Sandbox) -> Vec<Value> {
    s.json(&["list", "--all"])["certificates"].as_array().unwrap().clone()
}

fn number_and_serials(s: &Sandbox) -> (u64, BTreeSet<String>) {
    let der = pem::parse(s.bytes("pki/ca/lab-issuing/crl.pem")).expect("a whole CRL").into_contents();
    let crl = Crl::read(der).expect("a CRL");
    let serials = crl.entries().map(|e| e.expect("an entry").serial.to_string()).collect();
    (crl.number_u64().expect("a number"), serials)
}

#[test]
fn many_processes_issue_from_one_pki() {
    let s = Sandbox::with_issuing_ca();
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let s = &s;
            scope.spawn(move || {
                for n in 0..EACH {
                    let made = s.json(&["server", &format!("n{n}.p{process}.internal")]);
                    assert_eq!(made["action"], "created");
                }
            });
        }
    });
    let all = list(&s);
    assert_eq!(all.len(), 2 + PROCESSES * EACH, "no record is lost");
    let serials: BTreeSet<_> = all.iter().map(|c| c["serial"].as_str().unwrap()).collect();
    let keys: BTreeSet<_> = all.iter().map(|c| c["spki_sha256"].as_str().unwrap()).collect();
    assert_eq!((serials.len(), keys.len()), (all.len(), all.len()), "nothing is shared");
    for name in s.names("pki/certs") {
        let files = s.names(&format!("pki/certs/{name}"));
        assert_eq!(files, ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"], "{name}");
    }
    assert_eq!(s.names("pki/certs").len(), PROCESSES * EACH);
    assert!(s.names("pki/pending").is_empty());
    s.ok(&["doctor"]);
}

#[test]
fn many_processes_want_the_same_name() {
    for option in ["--if-missing", "--renew-within"] {
        let s = Sandbox::with_issuing_ca();
        let mut actions: Vec<String> = at_once(&s, &["server", "api.internal", option, "--json"])
            .into_iter()
            .map(|ran| ran.exits(0).object()["action"].as_str().unwrap().to_string())
            .collect();
        actions.sort();
        let mut expected = vec!["created"];
        expected.extend(["unchanged"; PROCESSES - 1]);
        assert_eq!(actions, expected, "{option}");
        assert_eq!(list(&s).len(), 3);
        s.ok(&["doctor"]);
    }
}

/// Without an option one gets it, and the others hear that it exists.
#[test]
fn many_processes_want_the_same_name_and_do_not_say_what_if() {
    let s = Sandbox::with_issuing_ca();
    let ran = at_once(&s, &["server", "api.internal", "--json"]);
    let (done, refused): (Vec<Ran>, Vec<Ran>) = ran.into_iter().partition(|r| r.code == Some(0));
    assert_eq!((done.len(), refused.len()), (1, PROCESSES - 1));
    refused.iter().for_each(|r| drop(r.error("exists")));
    s.ok(&["doctor"]);
}

#[test]
fn many_processes_force_the_same_name() {
    let s = Sandbox::with_issuing_ca();
    at_once(&s, &["server", "api.internal", "--force", "--out-dir", "tls"]).into_iter().for_each(|r| drop(r.exits(0)));
    assert_eq!(list(&s).iter().filter(|c| c["name"] == "api.internal").count(), PROCESSES);
    s.ok(&["doctor"]);
    // What lies in both folders is one certificate, its key with it, and the newest.
    let current = s.json(&["show", "api.internal"])["certificate"]["pem"].as_str().unwrap().to_string();
    assert_eq!(s.text("pki/certs/api.internal/cert.pem"), current);
    assert_eq!(s.text("tls/cert.pem"), current, "the newest was delivered last");
    assert!(s.bytes("tls/key.pem") == s.bytes("pki/certs/api.internal/key.pem"));
}

/// Each renewal makes a certificate; what lies in the folders is the newest, with its own key.
#[test]
fn many_processes_renew_the_same_name() {
    for option in [&["renew", "api.internal"][..], &["renew", "api.internal", "--rekey"]] {
        let s = Sandbox::with_issuing_ca();
        s.ok(&["server", "api.internal", "--out-dir", "tls"]);
        at_once(&s, option).into_iter().for_each(|r| drop(r.exits(0)));
        assert_eq!(list(&s).iter().filter(|c| c["name"] == "api.internal").count(), PROCESSES + 1);
        s.ok(&["doctor"]);
        let current = s.json(&["show", "api.internal"])["certificate"]["pem"].as_str().unwrap().to_string();
        assert_eq!(s.text("tls/cert.pem"), current);
        assert!(s.bytes("tls/key.pem") == s.bytes("pki/certs/api.internal/key.pem"));
    }
}

/// What is due is renewed once, however many look for it; the others find it done.
#[test]
fn many_processes_renew_what_is_due() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * common::DAY), "--lifetime", "10y"]);
    for n in 0..3 {
        s.ok(&["client", &format!("c{n}"), "--not-before", &s.time(-8 * common::DAY), "--lifetime", "10d"]);
    }
    at_once(&s, &["renew", "--due"]).into_iter().for_each(|r| drop(r.exits(0)));
    assert_eq!(list(&s).len(), 1 + 3 * 2);
    s.ok(&["doctor"]);
}

/// One keeps the key, one replaces it: whichever is last, certificate and key belong together.
#[test]
fn a_renewal_beside_a_new_key() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    thread::scope(|scope| {
        for command in [
            &["renew", "api.internal"][..],
            &["renew", "api.internal", "--rekey"],
            &["server", "api.internal", "--force"],
        ] {
            let s = &s;
            scope.spawn(move || (0..10).for_each(|_| drop(s.ok(command))));
        }
    });
    s.ok(&["doctor"]);
}

/// One CSR and its own key are left, and one handle goes to one identity, whatever wants it.
#[test]
fn many_processes_request_the_same_name() {
    let s = Sandbox::new();
    let line = ["request", "api.internal", "--profile", "server", "--if-missing", "--json"];
    let mut actions: Vec<String> = at_once(&s, &line)
        .into_iter()
        .map(|ran| ran.exits(0).object()["action"].as_str().unwrap().to_string())
        .collect();
    actions.sort();
    assert_eq!((actions[0].as_str(), actions[1].as_str()), ("created", "unchanged"));
    at_once(&s, &["request", "api.internal", "--profile", "server", "--force"]);
    s.ok(&["doctor"]).says("everything agrees");
    s.ok(&["root", "Lab Root"]);
    for n in 0..4 {
        let name = format!("n{n}");
        let ran: Vec<Ran> = thread::scope(|scope| {
            let lines = [vec!["request", &name, "--profile", "server"], vec!["client", &name]];
            let running = lines.map(|line| {
                scope.spawn({
                    let s = &s;
                    move || s.run(&line)
                })
            });
            running.into_iter().map(|r| r.join().expect("a process ended")).collect()
        });
        let done = ran.iter().filter(|r| r.code == Some(0)).count();
        assert_eq!(done, 1, "`{name}` is a server's or a client's");
    }
    s.ok(&["doctor"]).says("everything agrees");
}

#[test]
fn many_processes_make_the_first_root() {
    let s = Sandbox::new();
    let mut actions: Vec<String> = at_once(&s, &["root", "Lab Root", "--if-missing", "--json"])
        .into_iter()
        .map(|ran| ran.exits(0).object()["action"].as_str().unwrap().to_string())
        .collect();
    actions.sort();
    assert_eq!((actions[0].as_str(), actions[1].as_str(), actions.len()), ("created", "unchanged", PROCESSES));
    assert_eq!(list(&s).len(), 1);
    s.ok(&["doctor"]);
}

#[test]
fn revocations_while_others_issue() {
    let s = Sandbox::with_issuing_ca();
    for n in 0..20 {
        s.ok(&["client", &format!("old{n}")]);
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let revokers: Vec<_> = (0..2)
            .map(|half| {
                let s = &s;
                scope.spawn(move || {
                    let mut last = 0;
                    for n in (half..20).step_by(2) {
                        let outcome = s.json(&["revoke", &format!("old{n}")]);
                        assert_eq!(outcome["crl"], "written");
                        let number = outcome["crl_numbers"]["lab-issuing"].as_u64().unwrap();
                        assert!(number > last, "{number} after {last}");
                        last = number;
                    }
                })
            })
            .collect();
        for process in 0..2 {
            let s = &s;
            scope.spawn(move || (0..15).for_each(|n| drop(s.ok(&["client", &format!("new{n}-{process}")]))));
        }
        // Whoever reads the file sees a whole CRL, and never an older one than before.
        scope.spawn(|| {
            let mut last = (0, BTreeSet::new());
            while !done.load(Ordering::Relaxed) {
                let now = number_and_serials(&s);
                assert!(now.0 >= last.0 && now.1.is_superset(&last.1), "{now:?} after {last:?}");
                last = now;
                thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let ended: Vec<_> = revokers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
    let all = list(&s);
    assert_eq!(all.len(), 2 + 20 + 30);
    let revoked: BTreeSet<String> =
        all.iter().filter(|c| c["status"] == "revoked").map(|c| c["serial"].as_str().unwrap().to_string()).collect();
    assert_eq!(revoked.len(), 20);
    assert_eq!(number_and_serials(&s).1, revoked, "the last CRL lists all of them");
    let published = Crl::read(s.bytes("pki/public/lab-issuing.crl")).expect("a CRL");
    assert_eq!(published.number_u64(), Some(number_and_serials(&s).0));
    s.ok(&["crl", "--check"]);
    s.ok(&["doctor"]);
}

/// Sixteen workers, fifty certificates each, every other one revoked at once; somebody reads all the while and is never
/// kept waiting or refused.
#[test]
fn sixteen_processes_issue_and_revoke_beside_a_reader() {
    const WORKERS: usize = 16;
    const ROUNDS: usize = 50;
    let s = Sandbox::with_issuing_ca();
    let done = AtomicBool::new(false);
    let mut numbers = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let s = &s;
                scope.spawn(move || {
                    let mut numbers = Vec::new();
                    for n in 0..ROUNDS {
                        let name = format!("n{n}.w{worker}.internal");
                        assert_eq!(s.json(&["server", &name])["action"], "created");
                        if n % 2 == 1 {
                            let outcome = s.json(&["revoke", &name, "--reason", "superseded"]);
                            numbers.push(outcome["crl_numbers"]["lab-issuing"].as_u64().expect("a new CRL"));
                        }
                    }
                    numbers
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let (mut reads, mut most) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                // What was there once stays there.
                let count = list(&s).len();
                assert!(count >= most, "{count} certificates after {most}");
                s.ok(&["show", "lab-issuing"]);
                (reads, most) = (reads + 1, count);
            }
            reads
        });
        let ended: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        numbers.extend(ended.into_iter().flat_map(|e| e.expect("a worker ended well")));
        assert!(reader.join().expect("the reader ended well") > 0);
    });
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), count), (WORKERS * ROUNDS / 2, WORKERS * ROUNDS / 2), "no CRL number comes twice");
    let all = list(&s);
    assert_eq!(all.len(), 2 + WORKERS * ROUNDS);
    let serials: BTreeSet<_> = all.iter().map(|c| c["serial"].as_str().unwrap()).collect();
    assert_eq!(serials.len(), all.len());
    let revoked: BTreeSet<String> =
        all.iter().filter(|c| c["status"] == "revoked").map(|c| c["serial"].as_str().unwrap().to_string()).collect();
    assert_eq!(revoked.len(), count);
    assert_eq!(number_and_serials(&s), (numbers[count - 1], revoked), "the last CRL lists all of them");
    s.ok(&["doctor", "--history"]);
}

/// A leaf's key is encrypted, and decrypted, while others renew its certificate: whoever comes last, the key stays as it
/// was asked for, there and where it is delivered.
#[test]
fn keys_are_encrypted_while_others_renew() {
    let s = Sandbox::with_issuing_ca();
    s.write("passphrase", "correct horse");
    let leaf = ["server", "api.internal", "--lifetime", "10d", "--out-dir", "delivered"];
    s.ok(&leaf);
    for (action, encrypted) in [("encrypt", true), ("decrypt", false)].into_iter().cycle().take(6) {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| s.ok(&[&leaf[..4], &["--renew-within", "11d"]].concat()));
            }
            scope.spawn(|| s.ok(&["key", action, "api.internal", "--passphrase-file", "passphrase"]));
        });
        let key = s.text("pki/certs/api.internal/key.pem");
        assert_eq!(key.contains("ENCRYPTED"), encrypted, "after {action}");
        assert_eq!(s.text("delivered/key.pem"), key);
    }
    s.ok(&["doctor"]);
}

/// The same command in many processes at the same time.
fn at_once(s: &Sandbox, arguments: &[&str]) -> Vec<Ran> {
    thread::scope(|scope| {
        let running: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(|| s.run(arguments))).collect();
        running.into_iter().map(|r| r.join().expect("a process ended")).collect()
    })
}

/// A command that is held up between its record and its release must not put its files over those of a later one: the
/// later key would be lost.
#[test]
fn a_slow_command_does_not_undo_a_faster_one() {
    // Nothing but strace can stop a process at one system call; where it is not there, or may not trace, the test is left
    // out.
    let may_trace = std::process::Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !may_trace.is_ok_and(|o| o.status.success()) {
        return;
    }
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--out-dir", "tls"]);
    let delay = "inject=renameat2:delay_enter=4000000:when=1";
    let slow = std::process::Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", "trace=renameat2", "-e", delay, common::ROOTLET])
        .args(["server", "api.internal", "--force", "--quiet"])
        .current_dir(s.path(""))
        .env_remove("ROOTLET_PKI")
        .stdout(std::process::Stdio::null())
        .spawn();
    let mut slow = slow.expect("strace starts");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while list(&s).len() < 4 && std::time::Instant::now() < deadline {
        thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(list(&s).len(), 4, "the slow one has recorded its certificate");
    assert!(!s.names("pki/pending").is_empty(), "and has not released it");

    s.ok(&["server", "api.internal", "--force"]);
    assert!(slow.wait().expect("strace ends").success());
    s.ok(&["doctor"]);
    let current = s.json(&["show", "api.internal"])["certificate"]["pem"].as_str().unwrap().to_string();
    assert_eq!(s.text("pki/certs/api.internal/cert.pem"), current);
    assert_eq!(s.text("tls/cert.pem"), current);
    assert!(s.bytes("tls/key.pem") == s.bytes("pki/certs/api.internal/key.pem"));
}
