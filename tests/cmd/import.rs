//! `import`: what was made elsewhere comes here, and what does not hold together leaves everything as it was.
//!
//! Elsewhere is another PKI folder, `there`; what other programs make is imported in `tests/interop`.

use crate::common::ran::warnings;
use crate::common::{DAY, Sandbox};
use serde_json::Value;

const ROOT: &[&str] = &["--cert-file", "there/ca/old-root/cert.pem", "--key-file", "there/ca/old-root/key.pem"];
pub const ISSUING: &[&str] =
    &["--cert-file", "there/ca/old-issuing/cert.pem", "--key-file", "there/ca/old-issuing/key.pem"];
pub const CHAIN: &[&str] = &["--chain-file", "there/ca/old-root/cert.pem"];

/// A root, an intermediate and leaves, of which `mallory` is revoked and `eve` on hold.
pub fn elsewhere() -> Sandbox {
    let s = Sandbox::new();
    let there = |words: &[&str]| drop(s.ok(&[&["--pki", "there"], words].concat()));
    there(&["root", "Old Root", "--subject", "/DC=com/DC=example/DC=corp/OU=a/OU=b/CN=Old Root"]);
    there(&["intermediate", "Old Issuing"]);
    there(&["server", "web.internal"]);
    for name in ["alice", "mallory", "eve"] {
        there(&["client", name]);
    }
    there(&["revoke", "mallory", "--reason", "key-compromise", "--invalidity-date", "2025-01-02"]);
    there(&["revoke", "eve", "--reason", "certificate-hold"]);
    s
}

pub fn import(s: &Sandbox, name: &str, words: &[&[&str]]) -> Value {
    s.json(&[&["import", name], &words.concat()[..]].concat())
}

pub fn there(s: &Sandbox, name: &str, field: &str) -> String {
    s.ok(&["--pki", "there", "show", name, "--field", field]).stdout.trim_end().into()
}

fn crl_entries(s: &Sandbox, ca: &str) -> (u64, u64) {
    let report = &s.json(&["crl", ca, "--check"])["results"][0];
    (report["number"].as_u64().unwrap_or(0), report["entries"].as_u64().unwrap_or(0))
}

#[test]
fn a_root_is_adopted_and_goes_on_as_ours() {
    let s = elsewhere();
    let outcome = import(&s, "Taken Over", &[ROOT, &["--no-past"]]);
    assert_eq!((&outcome["action"], &outcome["certificate"]["profile"]), (&"adopted".into(), &"root".into()));
    assert_eq!(outcome["certificate"]["name"], "taken-over");
    assert_eq!(warnings(&outcome), Vec::<&str>::new());
    for file in ["cert.pem", "key.pem"] {
        let (here, there) =
            (s.bytes(&format!("pki/ca/taken-over/{file}")), s.bytes(&format!("there/ca/old-root/{file}")));
        assert_eq!(here, there, "{file}");
    }
    assert_eq!((s.mode("pki/ca/taken-over"), s.mode("pki/ca/taken-over/key.pem")), (0o700, 0o600));
    assert_eq!(s.text("pki/public/roots.pem"), s.text("pki/ca/taken-over/cert.pem"));
    assert!(crl_entries(&s, "taken-over").0 > 0);
    s.ok(&["intermediate", "New Issuing"]);
    s.ok(&["server", "api.internal"]);
    for field in ["issuer", "authority_key_id"] {
        let of_root = if field == "issuer" { "subject" } else { "subject_key_id" };
        assert_eq!(s.field("new-issuing", field), there(&s, "old-root", of_root), "{field}");
    }
    s.ok(&["revoke", "new-issuing"]);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn the_same_import_again_changes_nothing() {
    let s = elsewhere();
    import(&s, "Old Root", &[ROOT, &["--no-past"]]);
    let before = s.state();
    // The CRL that was signed there is older than the one that was signed here since: all it lists is known.
    for words in [&[][..], &["--no-past"], &["--crl-file", "there/ca/old-root/crl.pem"]] {
        assert_eq!(import(&s, "Old Root", &[ROOT, words])["action"], "unchanged");
        before.assert_unchanged(&s.state(), "import again");
    }
}

#[test]
fn numbers_of_a_crl_go_on_and_its_entries_stay() {
    let s = elsewhere();
    let number: u64 =
        s.json(&["--pki", "there", "crl", "old-issuing", "--check"])["results"][0]["number"].as_u64().unwrap();
    let past = &["--crl-file", "there/public/crls.pem"];
    let outcome = import(&s, "Old Issuing", &[ISSUING, CHAIN, past]);
    assert_eq!((&outcome["action"], &outcome["authorities"]), (&"adopted".into(), &serde_json::json!(["old-root"])));
    assert_eq!((&outcome["past"]["revocations"], outcome["crl_number"].as_u64()), (&2.into(), Some(number)));
    // The CRL that was given stands until the next one: here there is nothing to add to it.
    assert_eq!(s.bytes("pki/ca/old-issuing/crl.pem"), s.bytes("there/ca/old-issuing/crl.pem"));

    let alice = there(&s, "alice", "serial");
    s.ok(&["revoke", "--serial", &alice, "--issuer", "old-issuing", "--reason", "superseded"]);
    let (after, entries) = crl_entries(&s, "old-issuing");
    assert!(after > number && entries == 3, "{after} {entries}");
    // A hold that was made there can be lifted here.
    let eve = there(&s, "eve", "serial");
    s.ok(&["revoke", "--serial", &eve, "--issuer", "old-issuing", "--release"]);
    assert_eq!(crl_entries(&s, "old-issuing").1, 2);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn what_is_above_is_recorded_as_somebody_elses() {
    let s = elsewhere();
    import(&s, "Old Issuing", &[ISSUING, CHAIN, &["--no-past"]]);
    assert_eq!(s.names("pki/ca/old-root"), ["cert.pem", "chain.pem"]);
    assert_eq!(s.text("pki/public/roots.pem"), s.text("there/ca/old-root/cert.pem"));
    s.ok(&["server", "api.internal"]);
    assert_eq!(s.text("pki/certs/api.internal/ca.pem"), s.text("there/ca/old-root/cert.pem"));
    assert_eq!(s.text("pki/certs/api.internal/chain.pem"), s.text("there/ca/old-issuing/cert.pem"));
    // Its CRL and its certificates are made where its key is.
    for words in [&["intermediate", "X", "--issuer", "old-root"][..], &["crl", "old-root"]] {
        let ran = s.run(words).exits(1);
        assert!((ran.stdout.clone() + &ran.stderr).contains("somebody else's"), "{ran}");
    }
    for words in [&["revoke", "old-issuing"][..], &["revoke", "--serial", "0a", "--issuer", "old-root", "--no-crl"]] {
        s.refuses(words, 1, "issuer-unusable");
    }
    s.refuses(&["intermediate", "X"], 1, "no-issuer");
    s.ok(&["crl"]);
    s.ok(&["crl", "--check"]);
    s.ok(&["doctor", "--history"]);
    s.ok(&["status"]);

    let taken = import(&s, "Old Root", &[&["--crl-file", "there/ca/old-root/crl.pem"]]);
    assert_eq!((&taken["action"], &taken["past"]["revocations"]), (&"updated".into(), &0.into()));
    assert_eq!(s.bytes("pki/ca/old-root/crl.pem"), s.bytes("there/ca/old-root/crl.pem"));
    assert_eq!(s.bytes("pki/public/old-root.crl"), s.bytes("there/public/old-root.crl"));
    assert_eq!(s.text("pki/public/crls.pem").matches("BEGIN X509 CRL").count(), 2);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn a_foreign_crl_is_never_replaced_by_an_older_one() {
    let s = elsewhere();
    s.write("first.crl", s.bytes("there/ca/old-root/crl.pem"));
    s.ok(&["--pki", "there", "revoke", "old-issuing", "--reason", "certificate-hold"]);
    let root = &["--cert-file", "there/ca/old-root/cert.pem", "--crl-file", "there/public/old-root.crl"];
    let outcome = import(&s, "Old Root", &[root]);
    assert_eq!((&outcome["action"], &outcome["past"]["revocations"]), (&"recorded".into(), &0.into()));
    s.refuses(&["import", "Old Root", "--crl-file", "first.crl"], 1, "crl-refused");
    assert_eq!(import(&s, "Old Root", &[&["--crl-file", "there/public/old-root.crl"]])["action"], "unchanged");

    // What it says of a CA of ours counts, and so does what it no longer says.
    import(&s, "Old Issuing", &[ISSUING, &["--no-past"]]);
    assert_eq!(s.field("old-issuing", "status"), "on-hold");
    s.refuses(&["server", "api.internal", "--issuer", "old-issuing"], 1, "issuer-unusable");
    s.ok(&["--pki", "there", "revoke", "old-issuing", "--release"]);
    import(&s, "Old Root", &[&["--crl-file", "there/public/old-root.crl"]]);
    assert_eq!(s.field("old-issuing", "status"), "valid");
    s.ok(&["server", "api.internal", "--issuer", "old-issuing"]);
}

#[test]
fn a_foreign_ca_becomes_ours_with_its_key_and_its_past() {
    let s = elsewhere();
    import(&s, "Old Root", &[&ROOT[..2]]);
    s.refuses(&[&["import", "Old Root"], ROOT].concat(), 1, "past-missing");
    let outcome = import(&s, "Old Root", &[ROOT, &["--crl-file", "there/ca/old-root/crl.pem"]]);
    assert_eq!(outcome["action"], "adopted");
    assert_eq!((s.mode("pki/ca/old-root/key.pem"), s.bytes("pki/ca/old-root/key.pem")), (0o600, s.bytes(ROOT[3])));
    s.ok(&["server", "api.internal"]);
    s.ok(&["crl", "old-root"]);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn a_newer_certificate_of_the_same_key_renews() {
    let s = Sandbox::new();
    let there = |words: &[&str]| s.ok(&[&["--pki", "there"], words].concat());
    there(&["root", "Old Root", "--not-before", &s.time(-100 * DAY)]);
    there(&["intermediate", "Old Issuing", "--not-before", &s.time(-95 * DAY), "--not-after", &s.time(-5 * DAY)]);
    s.write("zeroth.pem", s.bytes("there/ca/old-issuing/cert.pem"));
    let again = ["--renew-within", "9d", "--not-before", &s.time(-90 * DAY), "--not-after", &s.time(9 * DAY)];
    there(&[&["intermediate", "Old Issuing"], &again[..]].concat());
    s.write("first.pem", s.bytes("there/ca/old-issuing/cert.pem"));
    import(&s, "Old Issuing", &[ISSUING, CHAIN, &["--no-past"]]);
    s.ok(&["client", "alice", "--lifetime", "1d"]);
    there(&["intermediate", "Old Issuing", "--renew-within", "30d"]);
    let outcome = import(&s, "Old Issuing", &[&ISSUING[..2]]);
    assert_eq!(outcome["action"], "renewed");
    assert_eq!(s.bytes("pki/ca/old-issuing/cert.pem"), s.bytes("there/ca/old-issuing/cert.pem"));
    assert_eq!(s.bytes("pki/ca/old-issuing/key.pem"), s.bytes("there/ca/old-issuing/key.pem"));
    // The one before it is known, and changes nothing; one that was never here is too old.
    assert_eq!(s.json(&["import", "Old Issuing", "--cert-file", "first.pem"])["action"], "unchanged");
    s.refuses(&["import", "Old Issuing", "--cert-file", "zeroth.pem"], 1, "exists");
    s.ok(&["server", "api.internal"]);
    s.ok(&["doctor", "--history"]);
}

/// Its certificates may have to be looked up, and it can be renewed: it comes in, and issues nothing.
#[test]
fn a_ca_that_ended_is_adopted_with_a_warning() {
    let s = Sandbox::new();
    let (start, end) = (s.time(-90 * DAY), s.time(-2 * DAY));
    s.ok(&["--pki", "there", "root", "Old Root", "--not-before", &start, "--not-after", &end]);
    let outcome = import(&s, "Old Root", &[ROOT, &["--no-past"]]);
    assert_eq!(warnings(&outcome), ["expired", "no-crl"]);
    assert_eq!(outcome["certificate"]["status"], "expired");
    s.refuses(&["server", "api.internal"], 1, "issuer-unusable");
    s.ok(&["doctor"]);
}

#[test]
fn a_leaf_of_an_adopted_ca_is_recorded_and_can_be_revoked() {
    let s = elsewhere();
    let web = &["import", "web.internal", "--cert-file", "there/certs/web.internal/cert.pem"];
    import(&s, "Old Root", &[ROOT, &["--no-past"]]);
    s.refuses(web, 1, "not-found");
    import(&s, "Old Issuing", &[ISSUING, &["--crl-file", "there/ca/old-issuing/crl.pem"]]);
    let outcome = s.json(web);
    assert_eq!((&outcome["action"], &outcome["certificate"]["profile"]), (&"recorded".into(), &"server".into()));
    assert_eq!(s.names("pki/certs/web.internal"), ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem"]);
    assert_eq!(s.text("pki/certs/web.internal/ca.pem"), s.text("there/certs/web.internal/ca.pem"));
    assert_eq!(s.json(web)["action"], "unchanged");
    let with_key = &[&web[..], &["--key-file", "there/certs/web.internal/key.pem"]].concat();
    assert_eq!(s.json(with_key)["action"], "updated");
    assert_eq!(s.mode("pki/certs/web.internal/key.pem"), 0o600);
    assert_eq!(s.json(with_key)["action"], "unchanged");
    // The name is the one that issuing it here would have: the handle goes on.
    s.refuses(&["server", "web.internal", "--issuer", "old-issuing"], 1, "exists");
    s.ok(&["server", "web.internal", "--issuer", "old-issuing", "--force"]);
    // The older one stays what it is.
    assert_eq!(s.json(web)["certificate"]["current"], false);
    assert_eq!(s.json(&["revoke", "web.internal"])["results"].as_array().unwrap().len(), 2);

    // Revoked there, known here: and its key is never certified again.
    let mallory = &["import", "mallory", "--cert-file", "there/certs/mallory/fullchain.pem"];
    assert_eq!(s.json(mallory)["certificate"]["status"], "revoked");
    assert_eq!(s.json(&["show", "mallory"])["certificate"]["revocation"]["invalidity_date"], "2025-01-02T00:00:00Z");
    s.ok(&["doctor", "--history"]);
}

/// What is renewed elsewhere with another key comes with that, or the one that lies here would be lost.
#[test]
fn a_key_is_never_replaced_by_none() {
    let s = elsewhere();
    import(&s, "Old Root", &[ROOT, &["--no-past"]]);
    import(&s, "Old Issuing", &[ISSUING, &["--no-past"]]);
    let web = ["import", "web.internal", "--cert-file", "there/certs/web.internal/cert.pem"];
    let with_key = [&web[..], &["--key-file", "there/certs/web.internal/key.pem"]].concat();
    assert_eq!(s.json(&with_key)["action"], "recorded");
    s.ok(&["--pki", "there", "server", "web.internal", "--force"]);
    let error = s.refuses(&web, 1, "key");
    assert!(error["message"].as_str().unwrap().contains("would be removed"), "{error}");
    assert_eq!(s.json(&with_key)["action"], "renewed");
    assert_eq!(s.bytes("pki/certs/web.internal/key.pem"), s.bytes("there/certs/web.internal/key.pem"));
    // With the same key it stays where it is.
    s.ok(&["--pki", "there", "renew", "web.internal"]);
    assert_eq!(s.json(&web)["action"], "renewed");
    assert_eq!(s.bytes("pki/certs/web.internal/key.pem"), s.bytes("there/certs/web.internal/key.pem"));
    s.ok(&["doctor"]);
}

#[test]
fn a_salvaged_ca_gets_its_past() {
    let s = elsewhere();
    s.ok(&["--pki", "there", "crl", "old-root"]);
    std::fs::remove_file(s.path("there/inventory.db")).unwrap();
    let past = s.bytes("there/ca/old-issuing/crl.pem");
    s.write("past.pem", past);
    for file in ["ca/old-issuing/crl.pem", "public/old-issuing.crl"] {
        std::fs::remove_file(s.path(&format!("there/{file}"))).unwrap();
    }
    s.ok(&["--pki", "there", "doctor", "--salvage"]);
    s.run(&["--pki", "there", "revoke", "alice", "--json"]).exits(1).error("past-unknown");
    s.ok(&["--pki", "there", "import", "old-root", "--no-past"]);
    let outcome = s.json(&["--pki", "there", "import", "Old Issuing", "--crl-file", "past.pem"]);
    assert_eq!((&outcome["action"], &outcome["past"]["revocations"]), (&"updated".into(), &2.into()));
    assert_eq!(s.json(&["--pki", "there", "show", "mallory"])["certificate"]["status"], "revoked");
    s.ok(&["--pki", "there", "revoke", "alice"]);
    s.ok(&["--pki", "there", "doctor", "--history"]);
    assert_eq!(s.json(&["--pki", "there", "import", "old-root", "--no-past"])["action"], "unchanged");
}

/// openssl's index says more than a CRL: when a certificate ends, and why it was revoked.
#[test]
fn an_index_and_a_crl_make_one_past() {
    let s = elsewhere();
    let mallory = there(&s, "mallory", "serial");
    let eve = there(&s, "eve", "serial");
    let index = format!(
        "V\t20991231235959Z\t\t01\tunknown\t/CN=x\nE\t200101000000Z\t\t02\tunknown\t/CN=y\n\
         R\t20991231235959Z\t250101000000Z\t{mallory}\tunknown\t/CN=mallory\n\
         R\t20991231235959Z\t250201000000Z,superseded\t{eve}\tunknown\t/CN=eve\n\
         R\t200101000000Z\t190101000000Z,keyTime,20180101000000Z\t0A\tunknown\t/CN=old\n"
    );
    s.write("index.txt", index);
    let past = &["--index-file", "index.txt", "--crl-file", "there/ca/old-issuing/crl.pem"];
    let outcome = import(&s, "Old Issuing", &[ISSUING, CHAIN, past]);
    let report = &outcome["past"];
    let counts = ["revocations", "known", "index_valid", "index_expired"].map(|f| report[f].as_u64().unwrap());
    assert_eq!(counts, [3, 0, 1, 1]);
    // One of three is not on the CRL that was given: the next one was signed at once. It lists the one that ended too,
    // because no CRL listed that before (RFC 5280 5); the one after that need not.
    assert_eq!(crl_entries(&s, "old-issuing").1, 3);
    s.ok(&["crl", "old-issuing"]);
    assert_eq!(crl_entries(&s, "old-issuing").1, 2);
    let reason = |serial: &str| {
        let ran = s.run(&["revoke", "--serial", serial, "--issuer", "old-issuing", "--reason", "unspecified"]);
        ran.exits(1).stderr
    };
    // The hold became final, and a compromised key stays one.
    assert!(reason(&eve).contains("for superseded"), "{}", reason(&eve));
    assert!(reason(&mallory).contains("for key-compromise"), "{}", reason(&mallory));
}

#[test]
fn an_encrypted_key_stays_encrypted_and_a_plain_one_can_be() {
    let s = Sandbox::new();
    s.write("secret", "correct horse\n");
    s.write("wrong", "battery\n");
    s.ok(&["--pki", "there", "root", "Old Root", "--encrypt-key", "--passphrase-file", "secret"]);
    let import = &[&["import", "Old Root", "--no-past"], ROOT].concat();
    for (words, code) in [(&[][..], "key-encrypted"), (&["--passphrase-file", "wrong"], "passphrase")] {
        s.run(&[&import[..], words, &["--json"]].concat()).exits(1).error(code);
        assert!(!s.path("pki").exists());
    }
    s.ok(&[&import[..], &["--passphrase-file", "secret"]].concat());
    assert_eq!(s.bytes("pki/ca/old-root/key.pem"), s.bytes("there/ca/old-root/key.pem"));
    assert!(crl_entries(&s, "old-root").0 > 0);
    s.refuses(&["server", "api.internal"], 1, "key-encrypted");
    s.ok(&["server", "api.internal", "--issuer-passphrase-file", "secret"]);
    // A past needs a new CRL, and that the key.
    s.write("index.txt", "R\t20991231235959Z\t250101000000Z\t0A\tunknown\t/CN=old\n");
    let past = &["import", "Old Root", "--index-file", "index.txt"];
    s.refuses(past, 1, "key-encrypted");
    s.ok(&[&past[..], &["--passphrase-file", "secret"]].concat());
    assert_eq!(crl_entries(&s, "old-root").1, 1);

    let s = elsewhere();
    s.write("secret", "correct horse\n");
    let encrypted =
        &[&["import", "Old Root", "--no-past", "--encrypt-key", "--passphrase-file", "secret"], ROOT].concat();
    s.ok(encrypted);
    assert!(s.text("pki/ca/old-root/key.pem").contains("BEGIN ENCRYPTED PRIVATE KEY"));
    assert_eq!(s.mode("pki/ca/old-root/key.pem"), 0o600);
    s.ok(&["server", "api.internal", "--issuer-passphrase-file", "secret"]);
    s.refuses(&["import", "X", "--cert-file", "x", "--encrypt-key"], 2, "usage");
}

/// Another CA signs what was requested here: the key never left.
#[test]
fn the_answer_to_a_request_completes_it() {
    let s = elsewhere();
    s.ok(&["request", "api.internal", "--profile", "server", "--dns", "api"]);
    let key = s.bytes("pki/requests/api.internal/key.pem");
    s.ok(&["--pki", "there", "sign", "pki/requests/api.internal/request.csr", "--profile", "server"]);
    let answer = &["import", "api.internal", "--cert-file", "there/certs/api.internal/fullchain.pem"];
    s.refuses(answer, 1, "chain");
    let complete = &[&answer[..], CHAIN].concat();
    s.refuses(&["import", "api.internal", "--cert-file", "there/certs/alice/cert.pem"], 1, "key");
    s.refuses(&[&["import", "api.internal", "--no-past"], ISSUING, CHAIN].concat(), 1, "key");
    let outcome = s.json(complete);
    assert_eq!((&outcome["action"], &outcome["certificate"]["profile"]), (&"completed".into(), &"server".into()));
    assert_eq!(outcome["authorities"], serde_json::json!(["old-issuing", "old-root"]));
    assert_eq!(s.names("pki/certs/api.internal"), ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"]);
    assert_eq!(s.bytes("pki/certs/api.internal/key.pem"), key);
    assert_eq!(s.mode("pki/certs/api.internal/key.pem"), 0o600);
    assert_eq!(s.bytes("pki/certs/api.internal/fullchain.pem"), s.bytes("there/certs/api.internal/fullchain.pem"));
    assert_eq!(s.text("pki/public/roots.pem"), s.text("there/ca/old-root/cert.pem"));
    assert!(s.names("pki/requests").is_empty());
    assert_eq!(s.json(complete)["action"], "unchanged");
    s.ok(&["doctor", "--history"]);

    // Requested again while it is there, and answered: the old one is its predecessor.
    s.ok(&["request", "api.internal", "--profile", "server"]);
    let csr = "pki/requests/api.internal/request.csr";
    s.ok(&["--pki", "there", "sign", csr, "--profile", "server", "--force"]);
    let again = s.json(answer);
    assert_eq!(
        (&again["action"], &again["certificate"]["predecessor"]),
        (&"completed".into(), &outcome["certificate"]["serial"])
    );
    assert_ne!(s.bytes("pki/certs/api.internal/key.pem"), key);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn of_several_at_once_one_adopts() {
    let s = elsewhere();
    let words = [&["import", "Old Issuing", "--crl-file", "there/ca/old-issuing/crl.pem"], ISSUING, CHAIN].concat();
    let actions: Vec<Value> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| s.json(&words)["action"].clone())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(actions.iter().filter(|a| **a == "adopted").count(), 1, "{actions:?}");
    assert_eq!(actions.iter().filter(|a| **a == "unchanged").count(), 3, "{actions:?}");
    assert_eq!(s.json(&["list", "--all"])["certificates"].as_array().unwrap().len(), 2);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn refusals_leave_everything_as_it_was() {
    let s = elsewhere();
    import(&s, "Old Root", &[ROOT, &["--no-past"]]);
    s.ok(&["client", "somebody", "--issuer", "old-root"]);
    let crl = s.bytes("there/public/old-issuing.crl");
    s.write("cut.crl", &crl[..crl.len() - 1]);
    let mut bad = crl.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    s.write("bad.crl", &bad);
    s.write("binary.txt", [0x30, 0x82, 0xff, 0x00, 0x0a, 0x80]);
    s.write("lines.txt", "V\t20991231235959Z\t\t01\tunknown\t/CN=x\nV\t20991231235959Z\t\tzz\tunknown\t/CN=x\n");
    s.write("future.txt", "R\t20991231235959Z\t20980101000000Z\t01\tunknown\t/CN=x\n");
    s.write("long.txt", "x".repeat(1 << 20));
    s.write("empty.txt", "");
    let (cert, key) = (ISSUING[1], ISSUING[3]);
    let issuing = &["--cert-file", cert, "--key-file", key];
    let leaf = &["--cert-file", "there/certs/alice/cert.pem"];
    let rows: &[(&[&[&str]], i32, &str, &str)] = &[
        (&[issuing], 1, "past-missing", "--easy-rsa-dir"),
        (&[&["--cert-file", cert, "--key-file", ROOT[3]], &["--no-past"]], 1, "key", "is not the one"),
        (&[&["--cert-file", cert], &["--no-past"]], 1, "past-needless", "without its key"),
        (&[leaf, &["--no-past"]], 1, "not-a-ca", "basicConstraints"),
        (&[leaf], 1, "not-found", "no CA here issued it"),
        (&[&["--cert-file", "empty.txt"]], 1, "malformed", "empty.txt"),
        (&[&["--cert-file", "binary.txt"]], 1, "malformed", "binary.txt"),
        (&[&["--cert-file", "absent.pem"]], 1, "io", "absent.pem"),
        (&[&["--cert-file", cert, "--key-file", "empty.txt", "--no-past"]], 1, "key", "empty.txt"),
        (&[issuing, &["--crl-file", "there/ca/old-root/crl.pem"]], 1, "crl-refused", "is of"),
        (&[issuing, &["--crl-file", "bad.crl"]], 1, "crl-refused", "does not verify"),
        (&[issuing, &["--crl-file", "cut.crl"]], 1, "malformed", "cut.crl"),
        (&[issuing, &["--crl-file", "empty.txt"]], 1, "malformed", "empty.txt"),
        (&[issuing, &["--index-file", "binary.txt"]], 1, "malformed", "line 1"),
        (&[issuing, &["--index-file", "lines.txt"]], 1, "malformed", "line 2: `zz` is no serial number"),
        (&[issuing, &["--index-file", "future.txt"]], 1, "malformed", "future"),
        (&[issuing, &["--index-file", "long.txt"]], 1, "malformed", "longer"),
        (&[issuing, &["--easy-rsa-dir", "there"]], 1, "malformed", "index.txt"),
        (&[issuing, &["--index-file", "empty.txt", "--no-past"]], 2, "usage", "--no-past"),
        (&[issuing, &["--index-file", "empty.txt", "--easy-rsa-dir", "there"]], 2, "usage", "two pasts"),
        (&[&["--key-file", key]], 2, "usage", "--cert-file"),
        (&[], 2, "usage", "nothing to import"),
        (&[&["--no-past"]], 1, "not-found", "called"),
        (&[issuing, &["--no-past", "--name", "old-root"]], 1, "name-taken", "old-root"),
        (&[issuing, &["--no-past", "--name", "somebody"]], 1, "name-taken", "somebody"),
        (&[ROOT, &["--no-past"]], 1, "subject-taken", "old-root"),
    ];
    for (words, exit, code, says) in rows {
        let line = [&["import", "Another"], &words.concat()[..]].concat();
        let error = s.refuses(&line, *exit, code);
        let text = format!("{} {}", error["message"], error["hints"]);
        assert!(text.contains(says), "{line:?}: {text}");
        // A folder that is no PKI yet does not become one.
        let fresh = s.run(&[&["--pki", "fresh"], &line[..]].concat());
        assert!(*code == "subject-taken" || *code == "name-taken" || fresh.code != Some(0), "{fresh}");
        if s.path("fresh").exists() {
            assert_eq!(fresh.code, Some(0), "{fresh}");
            std::fs::remove_dir_all(s.path("fresh")).unwrap();
        }
    }
    // Above it there is nothing here.
    let fresh = s.run(&[&["--pki", "fresh", "import", "X", "--no-past", "--json"], ISSUING].concat()).exits(1);
    fresh.error("chain");
    assert!(!s.path("fresh").exists());
    let with_wrong_root = &["--chain-file", "pki/certs/somebody/cert.pem"];
    let fresh = &["--pki", "fresh", "import", "X", "--no-past", "--json"];
    s.run(&[fresh, ISSUING, with_wrong_root].concat()).exits(1).error("chain");
    // A name that is above it, with another key.
    s.ok(&["--pki", "twin", "root", "Old Root", "--subject", "/DC=com/DC=example/DC=corp/OU=a/OU=b/CN=Old Root"]);
    let twin = &["--chain-file", "twin/ca/old-root/cert.pem"];
    let error = s.run(&[fresh, ISSUING, twin].concat()).exits(1).error("chain");
    assert!(error["message"].as_str().unwrap().contains("above"), "{error}");
    assert!(!s.path("fresh").exists());
}
