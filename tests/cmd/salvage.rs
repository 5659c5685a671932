//! `doctor --salvage` and `doctor --history`: an inventory that was lost, and one that does not hold together.

use crate::common::{DAY, Sandbox};
use crate::forge::{Maker, items, pem, tlv};
use serde_json::Value;
use std::fs;

fn lose(s: &Sandbox) {
    for file in ["inventory.db", "inventory.db-wal", "inventory.db-shm"] {
        drop(fs::remove_file(s.path(&format!("pki/{file}"))));
    }
}

/// What scripts see of every newest certificate, without when it was revoked first.
fn newest(s: &Sandbox) -> Vec<Value> {
    let mut all = s.json(&["list", "--pem"])["certificates"].as_array().unwrap().clone();
    for one in &mut all {
        // Earlier certificates that no file holds are lost.
        one["predecessor"] = Value::Null;
        if !one["revocation"].is_null() {
            one["revocation"]["crl_number"] = Value::Null;
        }
    }
    all
}

fn populated() -> Sandbox {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--path-len", "2"]);
    s.ok(&["intermediate", "Upper", "--path-len", "1", "--issuer", "lab-root"]);
    s.ok(&["intermediate", "Lower", "--issuer", "upper"]);
    let below = |words: &[&str]| drop(s.ok(&[words, &["--issuer", "lower"]].concat()));
    below(&["server", "*.lab.internal", "--dns", "lab.internal"]);
    below(&["server", "2001:db8::1"]);
    below(&["server", "api.internal", "--name", "front"]);
    below(&["peer", "etcd.internal"]);
    below(&["client", "alice", "--email", "alice@example.org"]);
    below(&["client", "mallory"]);
    below(&["workload", "spiffe://example.org/ns/prod/sa/api"]);
    s.ok(&["revoke", "mallory", "--reason", "key-compromise", "--invalidity-date", &s.time(-3 * DAY)]);
    s.ok(&["revoke", "alice", "--reason", "certificate-hold"]);
    s
}

#[test]
fn a_lost_inventory_comes_back_from_the_files() {
    let s = populated();
    let before = newest(&s);
    lose(&s);
    s.run(&["list"]).exits(1).says("--salvage");
    let outcome = s.json(&["doctor", "--salvage"]);
    assert_eq!((&outcome["action"], &outcome["damaged"]), (&"salvaged".into(), &Value::Null));
    let codes: Vec<_> = outcome["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"deliveries-lost") && codes.contains(&"past-unknown"), "{codes:?}");
    assert_eq!([&outcome["authorities"], &outcome["leaves"], &outcome["revocations"]], [&3, &7, &2]);
    assert_eq!(newest(&s), before);
    assert_eq!(s.mode("pki/inventory.db"), 0o600);
    assert!(s.names("pki").iter().all(|n| !n.starts_with(".new-")), "{:?}", s.names("pki"));

    // The same names mean the same identities: a re-run changes nothing, another identity is refused.
    let again = s.json(&["server", "*.lab.internal", "--dns", "lab.internal", "--issuer", "lower", "--if-missing"]);
    assert_eq!(again["action"], "unchanged");
    s.refuses(&["client", "etcd.internal", "--issuer", "lower"], 1, "name-taken");
}

/// What no CRL on disk lists is not known: until somebody says what it was, no CRL is signed that might lack it.
#[test]
fn after_it_no_crl_is_signed_until_the_past_is_given() {
    let s = populated();
    lose(&s);
    s.ok(&["doctor", "--salvage"]);
    let found = s.run(&["doctor", "--history", "--json"]).exits(3).object();
    let codes: Vec<&str> = found["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["past-unknown"; 3]);
    // The first command that writes brings public/ in line.
    s.run(&["doctor", "--repair"]).exits(3);
    s.refuses(&["revoke", "front"], 1, "past-unknown");
    s.run(&["crl", "lower"]).exits(1).says("what `lower` revoked before is not known").says("rootlet import lower");
    // It may be recorded, and certificates may be issued.
    assert_eq!(s.json(&["revoke", "front", "--no-crl"])["crl"], "pending");
    s.ok(&["server", "new.internal", "--issuer", "lower"]);
}

#[test]
fn a_damaged_inventory_is_kept_beside_the_new_one() {
    let s = populated();
    let before = newest(&s);
    for (n, damage) in [&b"not a database at all, and longer than a header"[..], b""].into_iter().enumerate() {
        lose(&s);
        s.write("pki/inventory.db", damage);
        s.run(&["list"]).exits(1).says("--salvage");
        let outcome = s.json(&["doctor", "--salvage"]);
        let kept = format!("pki/inventory.db.damaged-{}", n + 1);
        assert_eq!(outcome["damaged"], s.path(&kept).to_str().unwrap());
        assert_eq!(s.bytes(&kept), damage);
        assert_eq!(newest(&s), before);
    }
}

#[test]
fn what_lay_beside_a_lost_inventory_is_not_taken_for_the_new_ones() {
    let s = populated();
    let before = newest(&s);
    lose(&s);
    s.write("pki/inventory.db-wal", "the log of another database");
    s.ok(&["doctor", "--salvage"]);
    assert_eq!(newest(&s), before);
    assert_eq!(s.text("pki/inventory.db.damaged-1-wal"), "the log of another database");
}

#[test]
fn what_cannot_be_salvaged_is_said_and_left() {
    let s = populated();
    let other = Sandbox::new();
    other.ok(&["root", "Other Root"]);
    other.ok(&["client", "bob"]);
    lose(&s);
    s.write("pki/certs/bob/cert.pem", other.bytes("pki/certs/bob/cert.pem"));
    s.write("pki/certs/front/cert.pem", "no certificate");
    let outcome = s.json(&["doctor", "--salvage"]);
    let said: Vec<&str> =
        outcome["warnings"].as_array().unwrap().iter().map(|w| w["message"].as_str().unwrap()).collect();
    assert!(said.iter().any(|m| m.contains("CN=bob")) && said.iter().any(|m| m.contains("certs/front")), "{said:?}");
    assert_eq!(outcome["leaves"], 6);
}

#[test]
fn there_must_be_something_to_salvage_and_no_inventory() {
    let s = Sandbox::with_issuing_ca();
    s.refuses(&["doctor", "--salvage"], 1, "exists");
    s.refuses(&["doctor", "--salvage", "--repair"], 2, "usage");
    s.refuses(&["doctor", "--salvage", "--pki", "nothing"], 1, "no-pki");
    fs::create_dir(s.path("empty")).unwrap();
    s.refuses(&["doctor", "--salvage", "--pki", "empty"], 1, "no-pki");
    fs::create_dir_all(s.path("hollow/ca")).unwrap();
    s.refuses(&["doctor", "--salvage", "--pki", "hollow"], 1, "no-pki");
}

#[test]
fn the_history_holds_together_and_what_does_not_is_found() {
    let s = populated();
    s.ok(&["server", "api.internal", "--name", "front", "--issuer", "lower", "--force"]);
    s.ok(&["doctor", "--history"]).says("everything agrees");
    let find = |s: &Sandbox, what: &str| {
        let found = s.run(&["doctor", "--history", "--json"]).exits(3).object();
        let all = found["problems"].as_array().unwrap().clone();
        assert!(all.iter().any(|p| p["code"] == "history" && p["message"].as_str().unwrap().contains(what)), "{all:?}");
        // Without the history nobody looks that far.
        let plain = s.run(&["doctor", "--json"]).object();
        assert!(plain["problems"].as_array().unwrap().iter().all(|p| p["code"] != "history"), "{plain}");
    };
    for (change, what) in [
        (
            "UPDATE certificate SET not_after = not_after + 1 WHERE id = (SELECT min(id) FROM certificate WHERE handle = 'front')",
            "is not what the inventory says",
        ),
        (
            "UPDATE certificate_der SET der = (SELECT der FROM certificate_der ORDER BY id LIMIT 1)
             WHERE id = (SELECT min(id) FROM certificate WHERE handle = 'front')",
            "is not what the inventory says",
        ),
        (
            "UPDATE certificate SET issuer = 1 WHERE id = (SELECT min(id) FROM certificate WHERE handle = 'front')",
            "was not signed by",
        ),
        (
            "UPDATE crl SET this_update = this_update - 900000 WHERE number = (SELECT max(number) FROM crl)",
            "is older than the one before it",
        ),
    ] {
        let copy = s.copied();
        let database = rusqlite::Connection::open(copy.path("pki/inventory.db")).unwrap();
        assert_eq!(database.execute(change, []).unwrap(), 1, "{change}");
        drop(database);
        find(&copy, what);
    }
}

#[test]
fn a_clock_that_went_back_is_found() {
    let s = Sandbox::with_issuing_ca();
    let database = rusqlite::Connection::open(s.path("pki/inventory.db")).unwrap();
    database.execute("UPDATE history SET at = at + 7200", []).unwrap();
    drop(database);
    let found = s.run(&["doctor", "--json"]).exits(3).object();
    assert_eq!(found["problems"][0]["code"], "clock", "{found}");
}

/// Certificates of leaves that were made together and recorded lie deeper than those of one.
#[test]
fn half_done_batches_are_searched() {
    let s = populated();
    let serial = s.field("front", "serial");
    lose(&s);
    fs::create_dir_all(s.path("pki/pending/batch-7f")).unwrap();
    fs::rename(s.path("pki/certs/front"), s.path(&format!("pki/pending/batch-7f/{serial}"))).unwrap();
    assert_eq!(s.json(&["doctor", "--salvage"])["leaves"], 7);
    // The next command that writes finishes it, as if nothing had been lost.
    s.run(&["doctor", "--repair"]).exits(3);
    let found = s.json(&["list", "--pem"])["certificates"].as_array().unwrap().iter().any(|c| c["serial"] == *serial);
    assert!(found && s.names("pki/pending").is_empty());
}

/// Nothing else could be done with it, and whatever counts its days would be wrong.
#[test]
fn a_certificate_that_ends_before_it_begins_is_left_out() {
    let s = populated();
    lose(&s);
    let mut maker = Maker::new();
    let tbs = rootlet::x509::encode_certificate(&maker.fields("CN=Bad", "CN=Bad", true)).unwrap();
    let mut fields = items(&tbs);
    let mut dates = items(&fields[4]);
    dates.reverse();
    fields[4] = tlv(0x30, &dates.concat());
    let backwards = tlv(0x30, &fields.concat());
    s.write("pki/ca/bad/cert.pem", pem(&[maker.sign_bytes(&backwards)]));
    let outcome = s.json(&["doctor", "--salvage"]);
    assert_eq!((&outcome["authorities"], &outcome["leaves"]), (&3.into(), &7.into()));
    let said = outcome["warnings"].to_string();
    assert!(said.contains("the certificate of `CN=Bad` ends before it begins: it is left out"), "{said}");
    s.ok(&["report", "--output", "page.html"]);
}

/// Their keys may be all that there is of them: somebody elsewhere has the CSRs.
#[test]
fn requests_that_wait_come_back() {
    let s = populated();
    s.write("secret", "correct horse\n");
    let ask = |words: &[&str]| drop(s.ok(&[&["request"], words].concat()));
    ask(&["web.internal", "--profile", "server", "--dns", "web"]);
    ask(&["etcd.internal", "--profile", "peer"]);
    ask(&["bob", "--profile", "client"]);
    ask(&["spiffe://example.org/ns/prod/sa/web", "--profile", "workload"]);
    ask(&["Other Issuing", "--profile", "intermediate", "--encrypt-key", "--passphrase-file", "secret"]);
    ask(&["lost", "--profile", "client"]);
    fs::remove_file(s.path("pki/requests/lost/key.pem")).unwrap();
    let waiting = |s: &Sandbox| {
        let mut all = s.json(&["list", "--requests"])["requests"].as_array().unwrap().clone();
        all.retain(|r| r["name"] != "lost");
        all.iter_mut().for_each(|r| r["requested_at"] = Value::Null);
        all
    };
    let before = waiting(&s);
    assert_eq!(before.len(), 5);
    lose(&s);
    let outcome = s.json(&["doctor", "--salvage"]);
    assert_eq!(outcome["requests"], 5);
    let left_out = outcome["warnings"].as_array().unwrap().iter().find(|w| w["code"] == "not-salvaged").unwrap();
    assert!(left_out["message"].as_str().unwrap().contains("requests/lost` has no key"), "{left_out}");
    assert_eq!(waiting(&s), before);
    let folders = || s.names("pki/requests");
    let waited = folders();
    // What waits is still what was asked for, and can be answered.
    assert_eq!(
        s.json(&["request", "web.internal", "--profile", "server", "--dns", "web", "--if-missing"])["action"],
        "unchanged"
    );
    s.ok(&["--pki", "there", "root", "There"]);
    s.ok(&["--pki", "there", "sign", "pki/requests/web.internal/request.csr", "--profile", "server"]);
    s.ok(&[
        "import",
        "web.internal",
        "--cert-file",
        "there/certs/web.internal/fullchain.pem",
        "--chain-file",
        "there/ca/there/cert.pem",
    ]);
    assert_eq!(folders().len(), waited.len() - 1);

    // A PKI that has nothing else.
    let s = Sandbox::new();
    s.ok(&["request", "web.internal", "--profile", "server"]);
    lose(&s);
    assert_eq!(s.json(&["doctor", "--salvage"])["requests"], 1);
    s.ok(&["doctor"]);
}

/// The newest CRL may lie where it was published, or on its way to its place.
#[test]
fn a_crl_is_found_wherever_it_lies() {
    let s = populated();
    let number = s.json(&["crl", "lower", "--check"])["results"][0]["number"].as_u64().unwrap();
    lose(&s);
    let crl = s.path("pki/ca/lower/crl.pem");
    for state in ["published", "pending"] {
        let s = s.copied();
        if state == "pending" {
            fs::remove_file(s.path("pki/public/lower.crl")).unwrap();
            s.write(&format!("pki/pending/crl-{number}-1-lower/crl.pem"), fs::read(&crl).unwrap());
        }
        fs::remove_file(s.path("pki/ca/lower/crl.pem")).unwrap();
        assert_eq!(s.json(&["doctor", "--salvage"])["revocations"], 2, "{state}");
        assert_eq!(s.field("mallory", "status"), "revoked", "{state}");
    }
}
