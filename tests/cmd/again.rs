//! The table "Again and again", every cell: what a command does with what exists already.

use crate::common::ran::warnings;
use crate::common::{DAY, Sandbox};
use serde_json::Value;

/// The columns.
const PLAIN: &[&str] = &[];
const IF_MISSING: &[&str] = &["--if-missing"];
const RENEW_WITHIN: &[&str] = &["--renew-within"];
const FORCE: &[&str] = &["--force"];

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    /// A certificate with a new key: `created`, or `reissued` where one was replaced.
    NewKey(&'static str),
    /// A new certificate with the same key.
    SameKey,
    /// Nothing changes; the warning, if there is one.
    Unchanged(Option<&'static str>),
    /// Exit code 1, this error code, and nothing changes.
    Refused(&'static str),
}
use Cell::{NewKey, Refused, SameKey, Unchanged};

/// Runs `base` with the option of each column on a copy of the PKI in one state.
fn row(state: &Sandbox, name: &str, base: &[&str], cells: &[(&[&str], Cell)]) {
    for (option, cell) in cells {
        let s = state.copied();
        let arguments = [base, option].concat();
        let shown = arguments.join(" ");
        let was = current(&s, name);
        if let Refused(code) = cell {
            s.refuses(&arguments, 1, code);
            continue;
        }
        let before = s.state();
        let outcome = s.json(&arguments);
        let (is, certificate) = (current(&s, name).expect("it exists"), &outcome["certificate"]);
        assert_eq!(is["serial"], certificate["serial"], "`{shown}`");
        let was_text = |field: &str| was.as_ref().map_or(&Value::Null, |w| &w[field]);
        match cell {
            NewKey(action) => {
                assert_eq!(outcome["action"], *action, "`{shown}`");
                assert_ne!(is["serial"], *was_text("serial"), "`{shown}`");
                assert_ne!(is["spki_sha256"], *was_text("spki_sha256"), "`{shown}`");
                assert_eq!(is["predecessor"], *was_text("serial"), "`{shown}`");
            }
            SameKey => {
                assert_eq!(outcome["action"], "renewed", "`{shown}`");
                assert_ne!(is["serial"], *was_text("serial"), "`{shown}`");
                assert_eq!(is["predecessor"], *was_text("serial"), "`{shown}`");
                for same in ["spki_sha256", "subject_key_id", "subject", "sans", "eku", "issuer_name", "profile"] {
                    assert_eq!(is[same], *was_text(same), "`{shown}`: {same}");
                }
                assert!(is["not_after"].as_str() > was_text("not_after").as_str(), "`{shown}`");
            }
            Unchanged(warning) => {
                assert_eq!(outcome["action"], "unchanged", "`{shown}`");
                assert_eq!(warnings(&outcome), warning.iter().copied().collect::<Vec<_>>(), "`{shown}`");
                before.assert_unchanged(&s.state(), &shown);
            }
            Refused(_) => unreachable!("handled above"),
        }
        if certificate["ca"] == true {
            s.ok(&["crl", "--due"]);
        }
        s.ok(&["doctor"]);
    }
}

fn current(s: &Sandbox, name: &str) -> Option<Value> {
    let ran = s.run(&["show", name, "--json"]);
    (ran.code == Some(0)).then(|| ran.object()["certificate"].clone())
}

const LEAF: &[&str] = &["server", "api.internal", "--dns", "b.internal"];

/// A leaf of ten days that has lived for this many of them.
fn leaf_at_day(day: i64) -> Sandbox {
    let s = Sandbox::new();
    // Old enough to issue something that has ended.
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-400 * DAY), "--lifetime", "20y"]);
    s.ok(&["intermediate", "Lab Issuing", "--not-before", &s.time(-300 * DAY), "--lifetime", "5y"]);
    s.ok(&[LEAF, &["--not-before", &s.time(-day * DAY), "--lifetime", "10d"]].concat());
    s
}

#[test]
fn a_leaf_never_issued() {
    let s = Sandbox::with_issuing_ca();
    let created = NewKey("created");
    row(
        &s,
        "api.internal",
        LEAF,
        &[(PLAIN, created), (IF_MISSING, created), (RENEW_WITHIN, created), (FORCE, created)],
    );
}

#[test]
fn a_leaf_that_is_revoked() {
    let s = leaf_at_day(8);
    let created = NewKey("created");
    let cells: &[(&[&str], Cell)] =
        &[(PLAIN, created), (IF_MISSING, created), (RENEW_WITHIN, created), (FORCE, created)];
    s.ok(&["revoke", "api.internal", "--reason", "superseded"]);
    row(&s, "api.internal", LEAF, cells);
    // Other names make no difference to one that is not live.
    row(&s, "api.internal", &["server", "api.internal"], &cells[..3]);
}

#[test]
fn a_leaf_that_is_on_hold() {
    let s = leaf_at_day(2);
    s.ok(&["revoke", "api.internal", "--reason", "certificate-hold"]);
    // A hold may be lifted: the key must still be there then.
    let refused = [PLAIN, IF_MISSING, RENEW_WITHIN].map(|option| (option, Refused("on-hold")));
    row(&s, "api.internal", LEAF, &refused);
    row(&s, "api.internal", LEAF, &[(FORCE, NewKey("reissued"))]);
}

#[test]
fn a_leaf_that_is_expired() {
    let s = leaf_at_day(12);
    assert_eq!(s.field("api.internal", "status"), "expired");
    let created = NewKey("created");
    let cells = [(PLAIN, created), (IF_MISSING, created), (RENEW_WITHIN, SameKey), (FORCE, NewKey("reissued"))];
    row(&s, "api.internal", LEAF, &cells);
}

#[test]
fn a_leaf_that_is_live_and_the_same() {
    let s = leaf_at_day(2);
    let cells = [
        (PLAIN, Refused("exists")),
        (IF_MISSING, Unchanged(None)),
        (RENEW_WITHIN, Unchanged(None)),
        (&["--renew-within", "5d"], Unchanged(None)),
        (&["--renew-within=79%"], Unchanged(None)),
        (FORCE, NewKey("reissued")),
    ];
    row(&s, "api.internal", LEAF, &cells);
}

#[test]
fn a_leaf_that_is_live_and_the_same_and_due() {
    let s = leaf_at_day(8);
    let cells: &[(&[&str], Cell)] = &[
        (PLAIN, Refused("exists")),
        (IF_MISSING, Unchanged(Some("due"))),
        (RENEW_WITHIN, SameKey),
        (&["--renew-within", "3d"], SameKey),
        (&["--renew-within=25%"], SameKey),
        (&["--renew-within", "1d"], Unchanged(None)),
        (FORCE, NewKey("reissued")),
    ];
    row(&s, "api.internal", LEAF, cells);
}

#[test]
fn a_leaf_that_is_live_and_different() {
    for day in [2, 8] {
        let s = leaf_at_day(day);
        let different: [&[&str]; 8] = [
            &["server", "api.internal"],
            &["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal"],
            &["server", "api.internal", "--dns", "b.internal", "--ip", "10.0.0.1"],
            &["server", "api.internal", "--dns", "b.internal", "--eku", "codeSigning"],
            &["server", "api.internal", "--dns", "b.internal", "--subject", "CN=api.internal,O=Example"],
            &["server", "api.internal", "--dns", "b.internal", "--key", "ed25519"],
            &["server", "api.internal", "--dns", "b.internal", "--issuer", "lab-root"],
            &["peer", "api.internal", "--dns", "b.internal"],
        ];
        let refused = Refused("differs");
        for (n, command) in different.into_iter().enumerate() {
            let cells = [(IF_MISSING, refused), (RENEW_WITHIN, refused), (PLAIN, Refused("exists"))];
            row(&s, "api.internal", command, &cells[..if day == 8 { 2 } else { 3 }]);
            if n % 3 == 1 {
                row(&s, "api.internal", command, &[(FORCE, NewKey("reissued"))]);
            }
        }
    }
}

/// The order of names, upper case and a key algorithm that nobody typed make no difference.
#[test]
fn what_counts_as_the_same() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal", "--key", "p384"]);
    for same in [
        &["server", "api.internal", "--dns", "c.internal", "--dns", "b.internal"][..],
        &["server", "API.internal.", "--dns", "B.INTERNAL", "--dns", "c.internal", "--dns", "c.internal"],
        &["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal", "--key", "p384"],
        &["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal", "--issuer", "Lab Issuing"],
        &["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal", "--eku", "serverAuth"],
        &["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal", "--subject", "CN=api.internal"],
        // A lifetime is no part of it.
        &["server", "api.internal", "--dns", "b.internal", "--dns", "c.internal", "--lifetime", "5d"],
    ] {
        row(&s, "api.internal", same, &[(IF_MISSING, Unchanged(None))]);
    }
    // The key of what is replaced sets the algorithm of the new one.
    s.ok(&["server", "api.internal", "--force"]);
    assert_eq!(s.field("api.internal", "key_algorithm"), "p384");
}

#[test]
fn every_profile_of_leaves_keeps_and_renews() {
    for base in [
        &["server", "x.internal"][..],
        &["client", "x.internal"],
        &["peer", "x.internal"],
        &["workload", "spiffe://example.org/x", "--name", "x.internal"],
    ] {
        let s = Sandbox::with_issuing_ca();
        let name = "x.internal";
        assert_eq!(s.json(&[base, IF_MISSING].concat())["action"], "created");
        let cells = [(PLAIN, Refused("exists")), (IF_MISSING, Unchanged(None)), (RENEW_WITHIN, Unchanged(None))];
        row(&s, name, base, &cells);
    }
}

/// What is typed and cannot take effect in a renewal is refused, also where the old certificate has ended.
#[test]
fn an_expired_leaf_is_not_renewed_with_another_key_algorithm_than_the_one_that_was_typed() {
    let s = leaf_at_day(12);
    let command = [LEAF, &["--key", "p384", "--renew-within"]].concat();
    let ran = s.run(&command);
    let algorithm = s.field("api.internal", "key_algorithm");
    assert!(ran.code == Some(1) || algorithm == "p384", "asked for p384, got {algorithm}: {ran}");
}

fn ca_at(age_days: i64) -> Sandbox {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "20y"]);
    s.ok(&["intermediate", "Lab Issuing", "--not-before", &s.time(-age_days * DAY), "--lifetime", "30d"]);
    s
}

const CA: &[&str] = &["intermediate", "Lab Issuing"];

#[test]
fn a_ca_never_issued() {
    let created = NewKey("created");
    let cells: &[(&[&str], Cell)] = &[(PLAIN, created), (IF_MISSING, created), (RENEW_WITHIN, created)];
    row(&Sandbox::new(), "lab-root", &["root", "Lab Root"], cells);
    row(&ca_at(2), "second", &["intermediate", "Second", "--issuer", "lab-root"], cells);
}

#[test]
fn a_ca_that_is_revoked() {
    let s = ca_at(2);
    s.ok(&["revoke", "lab-issuing", "--reason", "superseded"]);
    let created = NewKey("created");
    row(&s, "lab-issuing", CA, &[(PLAIN, created), (IF_MISSING, created), (RENEW_WITHIN, created)]);
}

#[test]
fn a_ca_that_is_expired() {
    let created = NewKey("created");
    let cells = [(PLAIN, created), (IF_MISSING, created), (RENEW_WITHIN, SameKey)];
    row(&ca_at(40), "lab-issuing", CA, &cells);

    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-40 * DAY), "--lifetime", "30d"]);
    row(&s, "lab-root", &["root", "Lab Root"], &cells);
}

/// Whoever holds a CA's key keeps its CRL fresh.
#[test]
fn a_ca_renewed_after_its_end_has_a_crl_again() {
    let s = ca_at(40);
    s.ok(&["intermediate", "Lab Issuing", "--renew-within"]);
    s.ok(&["crl", "--check"]);
}

#[test]
fn a_ca_that_is_live_and_the_same() {
    let cells = [(PLAIN, Refused("exists")), (IF_MISSING, Unchanged(None)), (RENEW_WITHIN, Unchanged(None))];
    let s = ca_at(2);
    row(&s, "lab-issuing", CA, &cells);
    row(&s, "lab-root", &["root", "Lab Root"], &cells);
}

#[test]
fn a_ca_that_is_live_and_the_same_and_due() {
    let cells = [(PLAIN, Refused("exists")), (IF_MISSING, Unchanged(Some("due"))), (RENEW_WITHIN, SameKey)];
    row(&ca_at(25), "lab-issuing", CA, &cells);

    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-25 * DAY), "--lifetime", "30d"]);
    row(&s, "lab-root", &["root", "Lab Root"], &cells);
}

#[test]
fn a_ca_that_is_live_and_different() {
    let s = ca_at(25);
    let cells = [(IF_MISSING, Refused("differs")), (RENEW_WITHIN, Refused("differs"))];
    for different in [&["--path-len", "1"][..], &["--permit", "dns:lab.internal"], &["--subject", "CN=Lab Issuing,O=B"]]
    {
        row(&s, "lab-issuing", &[CA, different].concat(), &cells);
        row(&s, "lab-root", &[&["root", "Lab Root"], different].concat(), &cells);
    }
}

/// Leaves stay valid under a CA that was renewed, and its CRL goes on.
#[test]
fn a_renewed_ca_keeps_its_leaves_and_its_crl() {
    let s = ca_at(25);
    s.ok(&["server", "api.internal", "--lifetime", "3d"]);
    s.ok(&["revoke", "api.internal"]);
    let crl = s.bytes("pki/ca/lab-issuing/crl.pem");
    s.ok(&["intermediate", "Lab Issuing", "--renew-within"]);
    assert_eq!(s.bytes("pki/ca/lab-issuing/crl.pem"), crl);
    s.ok(&["server", "api.internal"]);
    s.ok(&["crl"]);
    s.ok(&["doctor"]);
}

/// `differs` says what differs: in words, and field by field.
#[test]
fn the_difference_is_shown() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    let error =
        s.refuses(&["server", "api.internal", "--dns", "b.internal", "--key", "p384", "--if-missing"], 1, "differs");
    let fields: Vec<_> = error["differences"].as_array().unwrap().iter().map(|d| &d["field"]).collect();
    assert_eq!(fields, ["names", "key"]);
    assert_eq!(error["differences"][0]["is"], "dns:api.internal");
    assert_eq!(error["differences"][0]["wished"], "dns:api.internal dns:b.internal");
}
