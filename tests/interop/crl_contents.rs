//! Everybody reads our CRLs as we mean them: empty ones, every reason, dates beyond 2049, and long ones.

use rootlet::model::{Clock, Reason, Serial, SystemClock};
use rootlet::store::{Access, NewRevocation, SqliteStore, Store};
use serde_json::{Value, json};

use super::crl_readers::{Listed, Reader};
use super::gnutls::CERTTOOL;
use super::openssl::OPENSSL;
use super::pki::{Entry, KeyAlgorithm, Pki};
use super::program::{Ran, present, run};

/// Every reason that may be said, and the one that is not written.
const REASONS: [&str; 9] = [
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "certificate-hold",
    "privilege-withdrawn",
    "aa-compromise",
];

/// Whoever is installed and takes the algorithm reads this CRL as we mean it, and none takes it for another CA's.
fn everybody_reads(readers: &[Reader], pki: &Pki, handle: &str, expected: &Value) {
    let list = Listed::of(pki, handle);
    // Another CA, of the same name where there is one.
    let other = if handle == "interop-issuing" { Pki::impostor().issuing() } else { Pki::impostor().root() };
    let foreign = Listed { authority: other.certificate(), ..Listed::of(pki, handle) };
    for reader in readers.iter().filter(|reader| reader.is_present()) {
        let seen = reader.read(&list).unwrap_or_else(|ran| panic!("{reader:?}, {handle}: {ran}"));
        // Not `assert_eq`, which would print a hundred thousand entries.
        assert!(seen == reader.sees(expected), "{reader:?}, {handle}: {}", difference(&seen, &reader.sees(expected)));
        assert!(reader.read(&foreign).is_err(), "{reader:?} takes the CRL of {handle} for another CA's");
    }
}

/// Where two CRLs first differ.
fn difference(seen: &Value, expected: &Value) -> String {
    let (found, wanted) = (&seen["entries"], &expected["entries"]);
    let serials = [found, wanted].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
    let other = serials.into_iter().find(|serial| found.get(serial.as_str()) != wanted.get(serial.as_str()));
    match other {
        Some(serial) => format!("{serial}: {:?} and not {:?}", found.get(serial), wanted.get(serial)),
        None => format!("{} and not {}", without_entries(seen), without_entries(expected)),
    }
}

fn without_entries(list: &Value) -> Value {
    json!({"number": list["number"], "this_update": list["this_update"], "next_update": list["next_update"]})
}

/// Who reads CRLs signed with this algorithm.
fn readers_of(algorithm: KeyAlgorithm) -> Vec<Reader> {
    let takes = |reader: &Reader| *reader != Reader::Nss || algorithm != KeyAlgorithm::Ed25519;
    Reader::ALL.into_iter().filter(takes).collect()
}

fn json_of(ran: Ran) -> Value {
    serde_json::from_str(&ran.succeeds().stdout).expect("JSON")
}

/// What we say ourselves of a CRL and of everything that is revoked under its CA.
fn expected(pki: &Pki, handle: &str) -> Value {
    let listed = json_of(pki.rootlet(&["list", "--all", "--issuer", handle, "--json"]));
    let mut entries = serde_json::Map::new();
    for certificate in listed["certificates"].as_array().expect("a list") {
        let revocation = &certificate["revocation"];
        if revocation.is_null() {
            continue;
        }
        let reason = Some(&revocation["reason"]).filter(|reason| *reason != "unspecified");
        let serial = certificate["serial"].as_str().expect("a serial").trim_start_matches('0').to_string();
        let (at, since) = (&revocation["at"], &revocation["invalidity_date"]);
        entries.insert(serial, json!({"at": at, "reason": reason, "invalidity_date": since}));
    }
    with_entries(pki, handle, entries)
}

fn with_entries(pki: &Pki, handle: &str, entries: serde_json::Map<String, Value>) -> Value {
    let checked = json_of(pki.rootlet(&["crl", "--check", handle, "--json"]));
    let mut expected = without_entries(&checked["results"][0]);
    expected["entries"] = Value::Object(entries);
    expected
}

fn every_reason(algorithm: KeyAlgorithm) {
    let pki = Pki::authorities(algorithm);
    for name in REASONS {
        pki.rootlet(&["client", name]).succeeds();
        let more: &[&str] = if name == "key-compromise" { &["--invalidity-date", "2021-03-04T05:06:07Z"] } else { &[] };
        pki.rootlet(&[&["revoke", name, "--reason", name], more].concat()).succeeds();
    }
    // A hold that was lifted leaves no trace; one that became final has its last reason.
    for (name, then) in [("released", &["--release"][..]), ("held-then-final", &["--reason", "superseded"])] {
        pki.rootlet(&["client", name]).succeeds();
        pki.rootlet(&["revoke", name, "--reason", "certificate-hold"]).succeeds();
        pki.rootlet(&[&["revoke", name], then].concat()).succeeds();
    }
    // A CA on its root's CRL.
    pki.rootlet(&["intermediate", "Second", "--issuer", "interop-root"]).succeeds();
    pki.rootlet(&["revoke", "second", "--reason", "ca-compromise"]).succeeds();

    for (handle, count) in [("interop-issuing", REASONS.len() + 1), ("interop-root", 1)] {
        let expected = expected(&pki, handle);
        assert_eq!(expected["entries"].as_object().map(serde_json::Map::len), Some(count), "{handle}");
        everybody_reads(&readers_of(algorithm), &pki, handle, &expected);
    }
}
for_each_key_algorithm!(every_reason);

/// An empty one, and dates that UTCTime cannot say.
fn empty_and_far_away(algorithm: KeyAlgorithm) {
    let pki = Pki::authorities(algorithm);
    for handle in ["interop-root", "interop-issuing"] {
        everybody_reads(&readers_of(algorithm), &pki, handle, &with_entries(&pki, handle, serde_json::Map::new()));
    }
    pki.rootlet(&["root", "Far Root", "--lifetime", "60y"]).succeeds();
    pki.rootlet(&["client", "a", "--issuer", "far-root"]).succeeds();
    pki.rootlet(&["revoke", "a"]).succeeds();
    pki.rootlet(&["crl", "far-root", "--next-update", "50y"]).succeeds();
    let expected = expected(&pki, "far-root");
    let year: u32 = expected["next_update"].as_str().and_then(|t| t[..4].parse().ok()).expect("a year");
    assert!(year >= 2050, "{expected}");
    everybody_reads(&readers_of(algorithm), &pki, "far-root", &expected);
}
for_each_key_algorithm!(empty_and_far_away);

/// A hundred thousand entries.
#[test]
fn a_long_one() {
    let (pki, expected) = with_many(100_000);
    let readers = [Reader::OpenSsl, Reader::Nss, Reader::Pyca, Reader::Go, Reader::Java];
    everybody_reads(&readers, &pki, "interop-issuing", &expected);
    if !present(&[&OPENSSL]) {
        return;
    }
    refuses_the_revoked(&pki, |pki, leaf| {
        let crls = pki.crls();
        let crls = crls.to_str().expect("a path in UTF-8");
        let ran = run(&mut super::openssl::verify(leaf, &pki.roots(), &["-crl_check_all", "-CRLfile", crls]));
        (ran.code == Some(0), ran)
    });
}

/// GnuTLS takes quadratic time: minutes for ten times as many.
#[test]
fn a_long_one_for_gnutls() {
    let (pki, expected) = with_many(5_000);
    everybody_reads(&[Reader::Certtool], &pki, "interop-issuing", &expected);
    if !present(&[&CERTTOOL]) {
        return;
    }
    refuses_the_revoked(&pki, |pki, leaf| {
        let mut certtool = CERTTOOL.command();
        certtool.args(["--verify", "--verify-profile=medium", "--load-ca-certificate"]).arg(pki.roots());
        let ran = run(certtool.arg("--load-crl").arg(pki.issuing().crl()).arg("--infile").arg(leaf.full_chain()));
        (ran.stdout.contains("Chain verification output: Verified."), ran)
    });
}

/// Two clients, of which one is revoked, beside all the others.
fn refuses_the_revoked(pki: &Pki, judge: impl Fn(&Pki, &Entry) -> (bool, Ran)) {
    for name in ["good", "bad"] {
        pki.rootlet(&["client", name]).succeeds();
    }
    pki.rootlet(&["revoke", "bad"]).succeeds();
    for (name, trusted) in [("good", true), ("bad", false)] {
        let (said, ran) = judge(pki, &pki.leaf(name));
        assert_eq!(said, trusted, "{name}: {ran}");
        assert!(trusted || format!("{ran}").contains("revoked"), "{ran}");
    }
}

/// A PKI whose issuing CA has so many revocations on record, and what its CRL must hold. That many certificates need not
/// be issued for it.
fn with_many(count: u32) -> (Pki, Value) {
    let pki = Pki::authorities(KeyAlgorithm::P256);
    let mut store = SqliteStore::open(&pki.folder.join("pki/inventory.db")).expect("an inventory");
    let transaction = store.begin(Access::Write).expect("a transaction");
    let authorities = transaction.authorities().expect("CAs");
    let issuing = authorities.iter().find(|a| a.handle.as_str() == "interop-issuing").expect("the issuing CA");
    let (issuer, not_after, at) = (issuing.id, issuing.certificate.not_after, SystemClock.now());
    let mut entries = serde_json::Map::new();
    for n in 0..count {
        // Not in the order of their numbers, and of many lengths that a serial may have.
        let octets = n.wrapping_mul(2_654_435_761).to_be_bytes();
        let serial = [&[0x11; 15][..(n % 16) as usize], &octets, &[1]].concat();
        let serial = Serial::from_unsigned(&serial).expect("a serial");
        let reason = Reason::from_code([0, 1, 3, 4, 5, 6, 9][n as usize % 7]);
        let invalidity_date = (n % 5 == 0).then_some(at);
        let new = NewRevocation { issuer, serial, not_after, at, reason, invalidity_date };
        transaction.revoke(&new).expect("it is recorded");
        let reason = reason.filter(|reason| *reason != Reason::Unspecified).map(Reason::name);
        let entry = json!({"at": at, "reason": reason, "invalidity_date": invalidity_date});
        entries.insert(serial.to_string().trim_start_matches('0').to_owned(), entry);
    }
    transaction.commit().expect("a commit");
    drop(store);
    let written = json_of(pki.rootlet(&["crl", "--due", "--json"]));
    assert_eq!(written["results"][1]["entries"], count, "{written}");
    let expected = with_entries(&pki, "interop-issuing", entries);
    (pki, expected)
}
