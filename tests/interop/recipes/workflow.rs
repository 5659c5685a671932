//! The workflow that keeps its PKI in a cache, and the one that only asks.

use std::fs;

use super::page::Recipe;
use super::place::{Place, Snapshot};
use super::runner::{Job, Runner};

const TEST: &str = ".github/workflows/test.yml";
const CHECK: &str = ".github/workflows/check.yml";
const ASKS: &str = "Fail when something is to be done";
const MAKES: &str = "Create what is missing, renew what is due";
const USES: &str = "Use it";

fn runner() -> Option<Runner> {
    super::yaml::present().then(|| Runner::of(Recipe::called("A workflow that keeps its PKI in a cache")))
}

/// The PKI in the job's folder is, file by file, what came from the cache.
#[track_caller]
fn changes_nothing(job: &Job) {
    let restored = job.restored.as_ref().expect("a PKI from the cache");
    restored.assert_same(&Snapshot::of(&job.place.at("pki")), "the job");
    job.place.rootlet(&["plan", "ci.toml"]).succeeds();
    restored.assert_same(&Snapshot::of(&job.place.at("pki")), "a plan");
}

#[test]
fn the_second_run_changes_nothing() {
    let Some(mut runner) = runner() else { return };
    let first = runner.run(TEST, "test").succeeds();
    assert!(first.restored.is_none());
    assert!(first.step(USES).code == Some(0), "what it made is good");
    assert_eq!(runner.cache.len(), 1, "and kept");
    for _ in 0..2 {
        let next = runner.run(TEST, "test").succeeds();
        changes_nothing(&next);
        assert_eq!(next.place.field("tester", "serial"), first.place.field("tester", "serial"));
        assert_eq!(runner.cache.len(), 1, "what did not change is not kept again");
    }
    changes_nothing(&runner.run(CHECK, "check").succeeds());
}

#[test]
fn what_is_due_fails_the_check_and_is_renewed_by_the_test() {
    let Some(mut runner) = runner() else { return };
    let long_ago = runner.checkout();
    long_ago.apply_long_ago("ci.toml", 25);
    runner.keep("pki-0-1", &long_ago.at("pki"));
    let check = runner.run(CHECK, "check");
    let said = check.fails_at(ASKS);
    assert_eq!(said.code, Some(3), "{said}");
    assert!(said.stdout.contains("renew     server api.ci.internal"), "{said}");
    check.restored.as_ref().expect("a PKI").assert_same(&Snapshot::of(&check.place.at("pki")), "the check");

    let renewed = runner.run(TEST, "test").succeeds();
    assert_eq!(runner.cache.len(), 2, "the renewed PKI is kept: {}", renewed.step(MAKES));
    assert_ne!(renewed.place.field("tester", "serial"), long_ago.field("tester", "serial"));
    assert_eq!(renewed.place.field("tester", "spki_sha256"), long_ago.field("tester", "spki_sha256"));
    assert_eq!(renewed.place.field("ci-root", "serial"), long_ago.field("ci-root", "serial"));
    // The newest of the caches is the one that is found.
    changes_nothing(&runner.run(CHECK, "check").succeeds());
    changes_nothing(&runner.run(TEST, "test").succeeds());
}

#[test]
fn a_crl_that_is_due_is_written() {
    let Some(mut runner) = runner() else { return };
    let first = runner.run(TEST, "test").succeeds();
    fs::remove_file(first.place.at("pki/ca/ci-issuing/crl.pem")).expect("a CRL");
    runner.keep("pki-1-2", &first.place.at("pki"));
    let next = runner.run(TEST, "test").succeeds();
    assert!(next.place.at("pki/ca/ci-issuing/crl.pem").exists(), "{}", next.step(MAKES));
    assert_eq!(runner.cache.len(), 3);
    changes_nothing(&runner.run(TEST, "test").succeeds());
}

#[test]
fn a_changed_or_wrong_manifest_and_a_lost_cache() {
    let Some(mut runner) = runner() else { return };
    assert!(runner.run(CHECK, "check").failed, "there is nothing to check");
    runner.run(TEST, "test").succeeds();
    let good = Recipe::called("A workflow that keeps its PKI in a cache").file("ci.toml").to_string();
    let other = good.replace("dns = \"localhost\"", "dns = [\"localhost\", \"api2.ci.internal\"]");
    assert_ne!(good, other);
    runner.manifest = Some(other);
    assert_eq!(runner.run(CHECK, "check").fails_at(ASKS).code, Some(3));
    let test = runner.run(TEST, "test").succeeds();
    assert!(test.place.field("api.ci.internal", "sans").contains("api2.ci.internal"));
    runner.run(CHECK, "check").succeeds();

    runner.manifest = Some(good.replace("lifetime = \"30d\"", "lifetime = 30"));
    for (workflow, job, step) in [(CHECK, "check", ASKS), (TEST, "test", MAKES)] {
        let ran = runner.run(workflow, job);
        let said = ran.fails_at(step);
        assert!(said.code == Some(1) && said.stderr.contains("ci.toml"), "{said}");
    }
    assert_eq!(runner.cache.len(), 2);
}

/// With encrypted CA keys, who reads the cache signs nothing; where nothing is due nobody needs the passphrase.
#[test]
fn encrypted_keys_in_the_cache() {
    let Some(mut runner) = runner() else { return };
    let manifest = Recipe::called("A workflow that keeps its PKI in a cache").file("ci.toml").to_string();
    let manifest = manifest.replace("lifetime = \"1y\"\n", "lifetime = \"1y\"\nencrypt_key = true\n");
    assert_eq!(manifest.matches("encrypt_key").count(), 2);
    runner.manifest = Some(manifest);
    for variable in ["ROOTLET_PASSPHRASE", "ROOTLET_ISSUER_PASSPHRASE"] {
        runner.variables.insert(variable.into(), "correct horse battery".into());
    }
    let first = runner.run(TEST, "test").succeeds();
    for ca in ["ci-root", "ci-issuing"] {
        assert!(first.place.text(&format!("pki/ca/{ca}/key.pem")).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }
    runner.variables.clear();
    let second: Job = runner.run(TEST, "test").succeeds();
    changes_nothing(&second);
    let place: &Place = &second.place;
    place.rootlet(&["client", "mallory", "--issuer", "ci-issuing"]).fails().says("passphrase");
}
