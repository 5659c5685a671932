//! What becomes of the dates that were typed and of those that were not.

use crate::common::ran::warnings;
use crate::common::{DAY, Sandbox};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn seconds(value: &Value) -> i64 {
    OffsetDateTime::parse(value.as_str().expect("a time"), &Rfc3339).expect("RFC 3339").unix_timestamp()
}

fn life(certificate: &Value) -> i64 {
    seconds(&certificate["not_after"]) - seconds(&certificate["not_before"]) + 1
}

#[test]
fn each_profile_has_its_lifetime() {
    let s = Sandbox::new();
    let life_of = |arguments: &[&str]| life(&s.json(arguments)["certificate"]);
    assert_eq!(life_of(&["root", "Lab Root"]), 3_650 * DAY);
    assert_eq!(life_of(&["intermediate", "Lab Issuing"]), 5 * 365 * DAY);
    assert_eq!(life_of(&["server", "a.internal"]), 365 * DAY);
    assert_eq!(life_of(&["client", "c"]), 365 * DAY);
    assert_eq!(life_of(&["peer", "b.internal"]), 365 * DAY);
    assert_eq!(life_of(&["workload", "spiffe://example.org/x"]), DAY);
}

#[test]
fn every_unit_of_a_lifetime() {
    let s = Sandbox::with_issuing_ca();
    for (text, length) in
        [("90s", 90), ("10m", 600), ("12h", 43_200), ("3d", 3 * DAY), ("2w", 14 * DAY), ("1y", 365 * DAY)]
    {
        let made = s.json(&["client", text, "--lifetime", text]);
        assert_eq!(life(&made["certificate"]), length, "{text}");
        // Backdated by a tenth of its life, five minutes at most.
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let back = now - seconds(&made["certificate"]["not_before"]);
        let most = 300.min(length / 10);
        assert!((0..=most + 30).contains(&back), "{text} is backdated by {back} s");
    }
    assert_eq!(life(&s.json(&["client", "days", "--days", "90"])["certificate"]), 90 * DAY);
}

#[test]
fn a_lifetime_that_nobody_typed_ends_with_the_issuer() {
    let s = Sandbox::new();
    s.ok(&["root", "Short Root", "--lifetime", "30d"]);
    let made = s.json(&["server", "a.internal"]);
    assert_eq!(made["certificate"]["not_after"], s.field("short-root", "not_after"));
    assert_eq!(warnings(&made), ["clamped"]);
    // Never before the issuer's start.
    assert!(seconds(&made["certificate"]["not_before"]) >= seconds(&s.field("short-root", "not_before").into()));
    s.ok(&["client", "c"]).says("warning: it ends with its issuer `CN=Short Root`");
    // Below it, an intermediate too.
    assert_eq!(warnings(&s.json(&["intermediate", "Issuing"])), ["clamped"]);
}

#[test]
fn a_typed_lifetime_is_clamped_only_when_it_overshoots_a_little() {
    let s = Sandbox::new();
    s.ok(&["root", "Short Root", "--lifetime", "30d"]);
    // The same length as the issuer, and minutes later: a little too long.
    let made = s.json(&["server", "b.internal", "--not-before", &s.time(0), "--lifetime", "30d"]);
    assert_eq!(warnings(&made), ["clamped"]);
    assert_eq!(made["certificate"]["not_after"], s.field("short-root", "not_after"));
    // Half an hour is less than an hour and than 1 % of 30 days; two hours are not.
    let made = s.json(&["server", "c.internal", "--not-after", &s.time(30 * DAY + 1_800)]);
    assert_eq!(warnings(&made), ["clamped"]);
    s.refuses(&["server", "d.internal", "--not-after", &s.time(30 * DAY + 7_200)], 1, "outlives-issuer");
    let error = s.refuses(&["server", "d.internal", "--lifetime", "31d"], 1, "outlives-issuer");
    let end = s.field("short-root", "not_after");
    assert!(error["message"].as_str().unwrap().contains(&end), "both dates are shown: {error}");
    assert!(error["hints"][0].as_str().unwrap().contains(&format!("--not-after {end}")), "{error}");
    // 1 % of two hours is 72 seconds: a quarter of an hour is too much.
    let s = Sandbox::new();
    s.ok(&["root", "Brief Root", "--lifetime", "2h"]);
    s.refuses(&["server", "a.internal", "--not-after", &s.time(2 * 3_600 + 900)], 1, "outlives-issuer");
}

#[test]
fn an_end_in_the_past_must_be_typed_and_warns() {
    let s = Sandbox::new();
    let made = s.json(&["root", "Old Root", "--not-before", "2020-01-01", "--not-after", "2021-01-01T00:00:00Z"]);
    assert_eq!(made["certificate"]["not_before"], "2020-01-01T00:00:00Z");
    assert_eq!(made["certificate"]["not_after"], "2021-01-01T00:00:00Z");
    assert_eq!(made["certificate"]["status"], "expired");
    assert!(warnings(&made).contains(&"already-expired"), "{made}");

    let s = Sandbox::new();
    s.ok(&["root", "Elder Root", "--not-before", "2020-01-01", "--lifetime", "30y"]);
    let made = s.json(&["client", "c", "--not-before", "2020-01-01", "--lifetime", "1d"]);
    assert_eq!(warnings(&made), ["already-expired"]);
    assert_eq!(made["certificate"]["not_after"], "2020-01-01T23:59:59Z");
}

#[test]
fn a_start_in_the_future_is_not_yet_valid() {
    let s = Sandbox::with_issuing_ca();
    let made = s.json(&["client", "c", "--not-before", &s.time(DAY), "--lifetime", "1d"]);
    assert_eq!(made["certificate"]["status"], "not-yet-valid");
    s.ok(&["list", "--status", "not-yet-valid"]).prints("c ");
}

#[test]
fn the_configuration_sets_lifetimes_keys_and_the_organization() {
    let s = Sandbox::with_issuing_ca();
    s.write("pki/rootlet.toml", "key = \"p384\"\norganization = \"Example\"\n[lifetime]\nserver = \"7d\"\n");
    let made = s.json(&["server", "a.internal"])["certificate"].clone();
    assert_eq!(
        (life(&made), &made["key_algorithm"], &made["subject"]),
        (7 * DAY, &"p384".into(), &"CN=a.internal,O=Example".into())
    );
    // Options come first.
    let made = s.json(&["server", "b.internal", "--key", "ed25519", "--lifetime", "1d", "--subject", "CN=b"]);
    let made = &made["certificate"];
    assert_eq!((life(made), &made["key_algorithm"], &made["subject"]), (DAY, &"ed25519".into(), &"CN=b".into()));
}
