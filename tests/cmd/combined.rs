//! `layout = "combined"`: a leaf whose key, certificate and intermediates are one file.

use super::manifest::{applied, map, planned, settles};
use crate::common::{DAY, Sandbox};
use rootlet::disk::decode_pem;
use std::fs;

const CAS: &str = "id = 'fleet'\n[ca.root]\nprofile = 'root'\n[ca.issuing]\nprofile = 'intermediate'\n";

/// A manifest of leaves with these lines each.
pub fn manifest(leaves: &[(&str, &str)]) -> String {
    let leaf = |(name, lines): &(&str, &str)| format!("[cert.\"{name}\"]\nprofile = 'server'\n{lines}\n");
    format!("{CAS}{}", leaves.iter().map(leaf).collect::<String>())
}

pub const COMBINED: &str = "layout = 'combined'";
pub const FILE: &str = "pki/certs/a.internal.pem";
pub const FOLDER: &str = "pki/certs/a.internal";

/// A PKI with `a.internal` in one file.
pub fn fleet() -> Sandbox {
    let s = Sandbox::new();
    s.write("m.toml", manifest(&[("a.internal", COMBINED)]));
    s.ok(&["apply", "m.toml"]);
    s
}

/// The key and the certificates of a combined file.
pub fn parts(s: &Sandbox) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut blocks = decode_pem(&s.bytes(FILE)).unwrap();
    assert_eq!(blocks[0].label, "PRIVATE KEY");
    let key = blocks.remove(0).der;
    assert!(blocks.iter().all(|b| b.label == "CERTIFICATE"));
    (key, blocks.into_iter().map(|b| b.der).collect())
}

fn der_of(s: &Sandbox, file: &str) -> Vec<Vec<u8>> {
    decode_pem(&s.bytes(file)).unwrap().into_iter().map(|b| b.der).collect()
}

#[test]
fn one_file_with_key_certificate_and_intermediates() {
    let s = fleet();
    assert_eq!(s.names("pki/certs"), ["a.internal.pem"]);
    assert_eq!(s.mode(FILE), 0o600);
    let (_, chain) = parts(&s);
    assert_eq!(chain.len(), 2, "the leaf and its issuer, without the root");
    assert_eq!(chain[1], der_of(&s, "pki/ca/issuing/cert.pem")[0]);
    let list = s.json(&["list"]);
    let leaf = list["certificates"].as_array().unwrap().iter().find(|c| c["ca"] == false).unwrap();
    let files = &leaf["files"];
    for field in ["cert", "key", "fullchain"] {
        assert_eq!(files[field], s.path(FILE).to_str().unwrap(), "{field}");
    }
    assert!(files["chain"].is_null() && files["ca"].is_null(), "{files}");
    assert!(fs::read_dir(s.path("pki/pending")).unwrap().next().is_none());
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
    s.ok(&["doctor", "--history"]);
}

#[test]
fn many_beside_folders() {
    let s = Sandbox::new();
    let names: Vec<String> = (0..40).map(|n| format!("h{n}.internal")).collect();
    let leaves = names.iter().enumerate().map(|(n, name)| (name.as_str(), if n % 2 == 0 { COMBINED } else { "" }));
    s.write("m.toml", manifest(&leaves.collect::<Vec<_>>()));
    s.ok(&["apply", "m.toml"]);
    for (n, name) in names.iter().enumerate() {
        let (file, folder) = (format!("pki/certs/{name}.pem"), format!("pki/certs/{name}"));
        assert_eq!((s.path(&file).is_file(), s.path(&folder).is_dir()), (n % 2 == 0, n % 2 == 1), "{name}");
    }
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
}

/// Whatever issues it anew keeps the file, and what should keep the key keeps it.
#[test]
fn renewals_keep_the_layout() {
    let s = fleet();
    let (key, chain) = parts(&s);
    let changed = |words: &[&str], keeps_key: bool| {
        let before = parts(&s);
        s.ok(words);
        let now = parts(&s);
        assert_eq!(s.names("pki/certs"), ["a.internal.pem"], "{words:?}");
        assert_eq!(s.mode(FILE), 0o600);
        assert_ne!(now.1[0], before.1[0], "{words:?}");
        assert_eq!(now.0 == before.0, keeps_key, "{words:?}");
        assert_eq!(now.1[0], decode_pem(s.field("a.internal", "pem").as_bytes()).unwrap()[0].der);
        s.ok(&["doctor"]);
    };
    changed(&["renew", "a.internal"], true);
    changed(&["renew", "a.internal", "--rekey"], false);
    changed(&["server", "a.internal", "--renew-within", "100%"], true);
    changed(&["server", "a.internal", "--force"], false);
    assert_ne!(parts(&s), (key, chain));
    s.ok(&["revoke", "a.internal"]);
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "created")]));
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
}

#[test]
fn from_a_folder_to_a_file_and_back() {
    let s = Sandbox::new();
    s.write("m.toml", manifest(&[("a.internal", "")]));
    s.ok(&["apply", "m.toml"]);
    s.write(&format!("{FOLDER}/notes.txt"), "mine");
    let serial = s.field("a.internal", "serial");
    let key = der_of(&s, &format!("{FOLDER}/key.pem"));

    s.write("m.toml", manifest(&[("a.internal", COMBINED)]));
    assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "restore")]));
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "restored")]));
    assert_eq!(s.field("a.internal", "serial"), serial, "nothing is issued");
    assert_eq!(parts(&s).0, key[0], "the key goes along");
    assert_eq!(s.names(FOLDER), ["notes.txt"], "what is the user's stays, and no second key");
    settles(&s, "m.toml");
    s.ok(&["doctor"]);

    s.write("m.toml", manifest(&[("a.internal", "")]));
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "restored")]));
    assert_eq!(s.field("a.internal", "serial"), serial);
    assert!(!s.path(FILE).exists(), "no second key");
    assert_eq!(s.names(FOLDER), ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem", "notes.txt"]);
    assert_eq!(der_of(&s, &format!("{FOLDER}/key.pem")), key);
    assert_eq!((s.mode(FOLDER), s.mode(&format!("{FOLDER}/key.pem"))), (0o700, 0o600));
    settles(&s, "m.toml");
    s.ok(&["doctor"]);

    // What is issued anew for another reason comes in the layout that is asked for, too.
    s.write("m.toml", manifest(&[("a.internal", "layout = 'combined'\ndns = 'b.internal'")]));
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "reissued")]));
    assert_eq!((s.names(FOLDER), parts(&s).1.len()), (vec!["notes.txt".to_string()], 2));
    s.write("m.toml", manifest(&[("a.internal", "dns = ['b.internal', 'c.internal']")]));
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "reissued")]));
    assert!(!s.path(FILE).exists() && s.path(FOLDER).join("key.pem").exists());
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
}

/// A leaf whose handle is the name of the other's file.
#[test]
fn one_leaf_is_in_the_way_of_another() {
    for first in ["a.internal", "a.internal.pem"] {
        let s = Sandbox::new();
        let of = |name: &'static str| (name, if name == "a.internal" { COMBINED } else { "" });
        let key = if first == "a.internal" { FILE } else { "pki/certs/a.internal.pem/key.pem" };
        let second = if first == "a.internal" { "a.internal.pem" } else { "a.internal" };
        s.write("one.toml", manifest(&[of(first)]));
        // In another manifest, and in the same.
        s.write("other.toml", manifest(&[of(second)]));
        s.write("both.toml", manifest(&[of(first), of(second)]));
        s.refuses(&["apply", "both.toml"], 1, "manifest");
        assert!(!s.path("pki").exists(), "nothing is made that cannot be placed");
        s.ok(&["apply", "one.toml"]);
        let file = der_of(&s, key).remove(0);
        let failed = s.run(&["apply", "other.toml", "--json"]).exits(1).object();
        let error = &failed["results"].as_array().unwrap().iter().find(|r| r["name"] == second).unwrap()["error"];
        assert_eq!(error["code"], "exists", "{error}");
        assert!(
            error["message"].as_str().unwrap().contains(&format!("that is where the files of `{first}` belong")),
            "{error}"
        );
        let said = s.refuses(&["apply", "both.toml"], 1, "manifest")["problems"][0].clone();
        let message = format!("`certs/a.internal.pem` is in the way: that is where the files of `{first}` belong");
        // Below ten lines: the second leaf.
        let (line, hint) = (said["line"].as_u64().unwrap(), &error["hints"]);
        assert_eq!((said["message"].as_str(), &said["hints"]), (Some(&*message), hint), "{said}");
        assert_eq!(s.text("both.toml").lines().nth(line as usize - 1), Some(&*format!("[cert.\"{second}\"]")));
        assert_eq!(der_of(&s, key).remove(0), file);
        s.ok(&["doctor"]);
        settles(&s, "one.toml");
    }
    // Whatever the layout of the leaf with the longer handle is; of a file of its own that can be seen.
    let s = Sandbox::new();
    s.write("m.toml", manifest(&[("a.internal.pem", COMBINED), ("a.internal", COMBINED)]));
    s.refuses(&["plan", "m.toml"], 1, "manifest");
    s.write("m.toml", manifest(&[("a.internal.pem", COMBINED), ("a.internal", "")]));
    s.ok(&["apply", "m.toml"]);
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
    // Nobody's file is replaced.
    let s = Sandbox::new();
    s.write("m.toml", manifest(&[]));
    s.ok(&["apply", "m.toml"]);
    s.write(FILE, "mine");
    s.write("m.toml", manifest(&[("a.internal", COMBINED)]));
    s.run(&["apply", "m.toml"]).exits(1).says("a.internal.pem");
    assert_eq!(s.text(FILE), "mine");
    s.run(&["doctor"]).exits(3).prints("a.internal.pem");
}

/// The layout of one of them changes while the other is there, or comes.
#[test]
fn one_leaf_comes_in_the_way_of_another() {
    let long = "a.internal.pem";
    // It is to be a file where the other one has its folder.
    let s = Sandbox::new();
    s.write("m.toml", manifest(&[("a.internal", ""), (long, "")]));
    s.ok(&["apply", "m.toml"]);
    let before = s.state();
    s.write("both.toml", manifest(&[("a.internal", COMBINED), (long, "")]));
    s.refuses(&["apply", "both.toml"], 1, "manifest");
    s.write("alone.toml", manifest(&[("a.internal", COMBINED)]));
    assert_eq!(planned(&s, &["alone.toml"]), map([("a.internal", "refused")]));
    let failed = s.run(&["apply", "alone.toml", "--json"]).exits(1).object();
    let result = failed["results"].as_array().unwrap().iter().find(|r| r["name"] == "a.internal").unwrap();
    assert_eq!((&result["action"], &result["error"]["code"]), (&"failed".into(), &"exists".into()), "{result}");
    for file in ["both.toml", "alone.toml"] {
        std::fs::remove_file(s.path(file)).unwrap();
    }
    before.assert_unchanged(&s.state(), "what cannot be placed");
    settles(&s, "m.toml");
    // It leaves the place to a new one: that is refused once.
    let s = fleet();
    let key = parts(&s).0;
    s.write("m.toml", manifest(&[("a.internal", ""), (long, "")]));
    assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "restore"), (long, "refused")]));
    s.run(&["apply", "m.toml"]).exits(1).says("is in the way");
    assert_eq!(der_of(&s, "pki/certs/a.internal/key.pem"), [key]);
    assert_eq!(applied(&s, &["m.toml"]), map([(long, "created")]));
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
}

#[test]
fn a_key_in_a_combined_file_is_in_the_clear() {
    let s = fleet();
    s.write("pass", "correct horse");
    let before = s.state();
    for action in ["encrypt", "decrypt", "change-passphrase"] {
        let error = s.refuses(&["key", action, "a.internal", "--passphrase-file", "pass"], 1, "combined");
        assert!(error["hints"][0].as_str().unwrap().contains("layout"), "{error}");
    }
    before.assert_unchanged(&s.state(), "a key verb");

    let s = Sandbox::new();
    s.write("pass", "correct horse");
    s.write("m.toml", manifest(&[("a.internal", "")]));
    s.ok(&["apply", "m.toml"]);
    s.ok(&["key", "encrypt", "a.internal", "--passphrase-file", "pass"]);
    s.write("m.toml", manifest(&[("a.internal", COMBINED)]));
    assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "refused")]));
    let before = s.state();
    s.run(&["apply", "m.toml"]).exits(1).says("encrypted");
    before.assert_unchanged(&s.state(), "a refused apply");
    // The same of a key that is given.
    fs::rename(s.path(&format!("{FOLDER}/key.pem")), s.path("own.pem")).unwrap();
    let lines = "layout = 'combined'\nkey_file = 'own.pem'\npassphrase_file = 'pass'";
    s.write("other.toml", manifest(&[("b.internal", lines)]).replace("fleet", "other"));
    s.run(&["apply", "other.toml", "--pki", "other", "--passphrase-file", "pass"]).exits(1).says("encrypted");
    assert!(!s.path("other").exists());
}

#[test]
fn deliveries_are_five_files_all_the_same() {
    let s = Sandbox::new();
    s.write("m.toml", manifest(&[("a.internal", "layout = 'combined'\nout = 'tls'")]));
    s.ok(&["apply", "m.toml"]);
    assert_eq!(s.names("tls"), ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"]);
    let (key, chain) = parts(&s);
    assert_eq!(der_of(&s, "tls/key.pem"), [key]);
    assert_eq!(der_of(&s, "tls/fullchain.pem"), chain);
    assert_eq!([der_of(&s, "tls/cert.pem"), der_of(&s, "tls/chain.pem")].concat(), chain);
    assert_eq!(der_of(&s, "tls/ca.pem"), der_of(&s, "pki/ca/root/cert.pem"));
    assert_eq!((s.mode("tls/key.pem"), s.mode("tls/ca.pem")), (0o600, 0o644));
    settles(&s, "m.toml");
    s.write("tls/ca.pem", "");
    assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "deliver")]));
    s.ok(&["apply", "m.toml"]);
    settles(&s, "m.toml");
    s.ok(&["renew", "a.internal"]);
    assert_eq!(der_of(&s, "tls/fullchain.pem"), parts(&s).1);
}

#[test]
fn manifests_of_what_exists_say_it() {
    let s = fleet();
    s.ok(&["server", "b.internal"]);
    let text = s.ok(&["plan", "--export"]).stdout;
    assert_eq!(text.matches("layout = \"combined\"").count(), 1, "{text}");
    s.write("export.toml", &text);
    assert_eq!(planned(&s, &["export.toml"]), map([]));
    s.write("bad.toml", manifest(&[("c.internal", "layout = 'single'")]));
    s.run(&["plan", "bad.toml"]).exits(1).says("is not a layout").says("folder, combined");
    s.write("bad.toml", format!("{CAS}layout = 'combined'\n"));
    s.run(&["plan", "bad.toml"]).exits(1).says("layout");
}

#[test]
fn a_lost_inventory_comes_back_with_it() {
    let s = fleet();
    s.ok(&["server", "b.internal"]);
    let before = s.json(&["list", "--pem"])["certificates"].clone();
    for file in ["inventory.db", "inventory.db-wal", "inventory.db-shm"] {
        drop(fs::remove_file(s.path(&format!("pki/{file}"))));
    }
    s.ok(&["doctor", "--salvage"]);
    assert_eq!(s.json(&["list", "--pem"])["certificates"], before);
    assert_eq!(planned(&s, &["m.toml"]), map([]));
    s.ok(&["renew", "a.internal"]);
    assert_eq!(parts(&s).1.len(), 2);
}

/// Renewed elsewhere, or taken over: the files come as they come from an import, and the key stays.
#[test]
fn an_import_of_its_renewal() {
    let s = fleet();
    let elsewhere = s.copied();
    let late = elsewhere.time(300 * DAY);
    elsewhere.ok(&["renew", "a.internal", "--not-after", &late]);
    let (key, chain) = parts(&elsewhere);
    s.write("new.pem", rootlet::disk::encode_pem("CERTIFICATE", &chain[0]));
    s.ok(&["import", "a.internal", "--cert-file", "new.pem"]);
    let home = s.field("a.internal", "files.key");
    assert_eq!(decode_pem(&fs::read(&home).unwrap()).unwrap()[0].der, key);
    s.ok(&["doctor"]);
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "restored")]));
    assert_eq!(parts(&s), (key, chain));
    settles(&s, "m.toml");
}
