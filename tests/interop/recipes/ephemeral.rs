//! A PKI for one test run.

use std::fs;

use super::super::openssl::OPENSSL;
use super::super::program::{present, run};
use super::page::Recipe;
use super::place::Place;

#[test]
fn is_made_used_and_thrown_away() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let recipe = Recipe::called("A PKI for one test run");
    let place = Place::of(&recipe);
    let folder = place.at("tmp");
    fs::create_dir(&folder).expect("a folder can be made");
    for _ in 0..2 {
        let ran = run(place.command("bash").arg("with-pki.sh").env("TMPDIR", &folder)).succeeds();
        assert!(ran.stdout.ends_with("with a certificate: let in\nwithout one: turned away\n"), "{ran}");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "nothing is left: {ran}");
    }
    assert!(!place.at("pki").exists());

    // A client of another root fails the script, and nothing is left then either.
    let script = recipe.file("with-pki.sh");
    let foreign = "rootlet --quiet --pki pki apply test.toml\n";
    let swapped = script.replace(
        foreign,
        &format!(
            "{foreign}rootlet --quiet --pki other apply test.toml\ncp other/certs/tester/*.pem pki/certs/tester/\n"
        ),
    );
    assert_ne!(script, swapped);
    fs::write(place.at("swapped.sh"), swapped).expect("a file can be written");
    let ran = run(place.command("bash").arg("swapped.sh").env("TMPDIR", &folder)).fails();
    assert!(!ran.stdout.contains("let in"), "{ran}");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
}
