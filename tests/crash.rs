//! A kill at any instant loses nothing and leaves nothing half-made.
//!
//! Built with the feature `fault-injection` the binary kills itself at its n-th write (`ROOTLET_FAULT_AT=n`). Each
//! scenario runs one command for n = 1, 2, 3, … until it survives, and looks at what every death left behind:
//!
//!     cargo test --features fault-injection --test crash
#![cfg(unix)]

mod crash {
    pub mod folder;
    pub mod kills;
    pub mod program;
    pub mod scenario;
    pub mod syscalls;
}

use crash::folder::{State, copy, scratch};
use crash::program::{Fault, Program, STDIN};
use crash::scenario::{FEWEST_DEATHS, PLAIN, Scenario};
use crash::syscalls::{self, End};
use rootlet::model::{Clock, SystemClock};
use std::path::Path;

const ROOT: &[&str] = &["root", "Root", "--not-before", "2020-01-01", "--lifetime", "60y", "--path-len", "1"];
const ISSUING: &[&str] = &["intermediate", "Issuing", "--not-before", "2020-01-01", "--lifetime", "50y"];
const SERVER: &[&str] = &["server", "api.internal", "--dns", "api", "--ip", "10.0.0.1"];
const OTHER: &[&str] = &["client", "alice"];

#[test]
fn root() {
    Scenario { before: &[], command: ROOT, creates: true, new_crl_of: &[], ..PLAIN }.run();
}

#[test]
fn intermediate() {
    let command = &["intermediate", "Issuing", "--crl-url", "http://pki.internal/issuing.crl"];
    Scenario { before: &[ROOT], command, creates: true, new_crl_of: &[], ..PLAIN }.run();
}

#[test]
fn server() {
    Scenario { before: &[ROOT, ISSUING, OTHER], command: SERVER, creates: true, new_crl_of: &[], ..PLAIN }.run();
}

#[test]
fn server_force() {
    let command = &[SERVER, &["--force"]].concat();
    Scenario { before: &[ROOT, ISSUING, SERVER], command, creates: false, new_crl_of: &[], ..PLAIN }.run();
}

/// A cron job that renews: in time one of its runs finds the certificate due, and dies.
#[test]
fn server_renew_within() {
    let soon = SystemClock.now().plus(3 * 86_400).to_string();
    let due = &[SERVER, &["--not-before", "2020-01-01", "--not-after", &soon]].concat();
    let command = &[SERVER, &["--renew-within", "30d"]].concat();
    Scenario { before: &[ROOT, ISSUING, due], command, creates: false, new_crl_of: &[], ..PLAIN }.run();
}

/// As above, with a folder that a server reads: `--out-dir` was said once, and holds for every renewal.
#[test]
fn server_renew_within_delivers() {
    let soon = SystemClock.now().plus(3 * 86_400).to_string();
    // Outside of the PKI, which is copied for each death: the inventory keeps where it lies.
    let delivered = scratch();
    let out = delivered.path().to_str().unwrap();
    let due = &[SERVER, &["--not-before", "2020-01-01", "--not-after", &soon, "--out-dir", out]].concat();
    let command = &[SERVER, &["--renew-within", "30d"]].concat();
    let scenario = Scenario { before: &[ROOT, ISSUING, due], command, creates: false, new_crl_of: &[], ..PLAIN };
    scenario.run_with(|folder, n| {
        let files = std::fs::read_dir(&delivered).unwrap().map(|e| e.unwrap().path());
        let left: Vec<_> = files.filter(|f| f.file_name().unwrap().to_string_lossy().starts_with('.')).collect();
        // The next death starts with what a good run leaves.
        left.iter().for_each(|f| std::fs::remove_file(f).unwrap());
        for file in ["cert.pem", "key.pem", "chain.pem", "fullchain.pem", "ca.pem"] {
            let at = |place: &Path| std::fs::read(place.join(file)).unwrap();
            let same = at(delivered.path()) == at(&folder.join("pki/certs/api.internal"));
            assert!(same, "dead at write {n}, repaired, run again: the delivered {file} is not the certificate's");
        }
        assert!(left.is_empty(), "dead at write {n}, repaired, run again: beside the delivered files lie {left:?}");
    });
}

/// The first delivery is remembered with the certificate, or neither is.
#[test]
fn server_delivers_for_the_first_time() {
    let command = &[SERVER, &["--out-dir", "etc/tls"]].concat();
    let scenario = Scenario { before: &[ROOT, ISSUING], command, creates: true, ..PLAIN };
    scenario.run_with(|folder, n| {
        let mut names: Vec<_> =
            std::fs::read_dir(folder.join("etc/tls")).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"], "dead at write {n}");
        for file in names {
            let at = |place: &str| std::fs::read(folder.join(place).join(&file)).unwrap();
            assert!(at("etc/tls") == at("pki/certs/api.internal"), "dead at write {n}: {file:?}");
        }
    });
}

/// A manifest of one leaf in one file, and the same in a folder.
fn manifests(folder: &Path) {
    let cas = "[ca.root]\nprofile = 'root'\nname = 'Root'\npath_len = 1\n[ca.issuing]\nprofile = 'intermediate'\nname = 'Issuing'\n";
    for (name, lines) in
        [("file", "layout = 'combined'"), ("folder", ""), ("new", "layout = 'combined'\ndns = 'b.internal'")]
    {
        let leaf = format!("[cert.'api.internal']\nprofile = 'server'\nissuer = 'issuing'\n{lines}\n");
        std::fs::write(folder.join(format!("{name}.toml")), format!("{cas}{leaf}")).unwrap();
    }
}

/// What a manifest asks for lies there when the command was completed, once.
fn lies_as(file: bool) -> impl Fn(&Path, u32) {
    move |folder, n| {
        let certs = folder.join("pki/certs");
        let there = (certs.join("api.internal.pem").exists(), certs.join("api.internal").exists());
        assert_eq!(there, (file, !file), "dead at write {n}");
    }
}

#[test]
fn apply_from_nothing_in_one_file() {
    let command = &["apply", "file.toml"];
    Scenario { command, prepare: manifests, ..PLAIN }.run_with(lies_as(true));
}

#[test]
fn renew_a_combined_file() {
    for command in [&["renew", "api.internal"][..], &["renew", "api.internal", "--rekey"]] {
        let prepare = |folder: &Path| {
            manifests(folder);
            Program { folder: folder.into() }.run(&["apply", "file.toml"], Fault::None).succeeds();
        };
        Scenario { before: &[ROOT, ISSUING], command, prepare, ..PLAIN }.run_with(lies_as(true));
    }
}

#[test]
fn from_a_folder_to_a_file_and_back() {
    for (from, to) in [("folder", "file"), ("file", "folder"), ("folder", "new"), ("new", "folder")] {
        let prepare = match from {
            "folder" => |folder: &Path| {
                manifests(folder);
                Program { folder: folder.into() }.run(&["apply", "folder.toml"], Fault::None).succeeds();
            },
            "new" => |folder: &Path| {
                manifests(folder);
                Program { folder: folder.into() }.run(&["apply", "new.toml"], Fault::None).succeeds();
            },
            _ => |folder: &Path| {
                manifests(folder);
                Program { folder: folder.into() }.run(&["apply", "file.toml"], Fault::None).succeeds();
            },
        };
        let file = format!("{to}.toml");
        let command = &["apply", file.as_str()];
        Scenario { before: &[ROOT, ISSUING], command, prepare, ..PLAIN }.run_with(lies_as(to != "folder"));
    }
}

#[test]
fn intermediate_renew_within() {
    let soon = SystemClock.now().plus(30 * 86_400).to_string();
    let due = &["intermediate", "Issuing", "--not-before", "2020-01-01", "--not-after", &soon];
    let command = &["intermediate", "Issuing", "--renew-within", "60d"];
    Scenario { before: &[ROOT, due, OTHER], command, creates: false, new_crl_of: &[], ..PLAIN }.run();
}

const KEY: &str = "pki/ca/root/key.pem";
const ENCRYPT: &[&str] = &["key", "encrypt", "root", "--passphrase-file", "one"];

fn passphrases(folder: &Path) {
    std::fs::write(folder.join("one"), "correct horse").unwrap();
    std::fs::write(folder.join("two"), "battery staple").unwrap();
}

/// The root's key, wherever it is: a CRL can be signed with it.
fn signs(folder: &Path, words: &[&str]) {
    let program = Program { folder: folder.into() };
    program.run(&[&["crl", "root"][..], words].concat(), Fault::None).succeeds();
}

#[test]
fn intermediate_with_an_encrypted_key() {
    let command = &["intermediate", "Issuing", "--encrypt-key", "--passphrase-file", "one"];
    Scenario { before: &[ROOT], command, creates: true, prepare: passphrases, ..PLAIN }.run();
}

#[test]
fn key_encrypt() {
    let scenario = Scenario { before: &[ROOT, ISSUING], command: ENCRYPT, prepare: passphrases, ..PLAIN };
    scenario.run_with(|folder, _| {
        assert!(std::fs::read_to_string(folder.join(KEY)).unwrap().contains("ENCRYPTED"));
        signs(folder, &["--issuer-passphrase-file", "one"]);
    });
}

/// A leaf's key, which lies in two places.
#[test]
fn key_encrypt_and_decrypt_delivered() {
    let delivered = scratch();
    let server = &[SERVER, &["--out-dir", delivered.path().to_str().unwrap()]].concat();
    let command = &["key", "encrypt", "api.internal", "--passphrase-file", "one"];
    let scenario = Scenario { before: &[ROOT, ISSUING, server], command, prepare: passphrases, ..PLAIN };
    scenario.run_with(|folder, _| {
        let key = std::fs::read_to_string(folder.join("pki/certs/api.internal/key.pem")).unwrap();
        assert!(key.contains("ENCRYPTED"));
        assert_eq!(std::fs::read_to_string(delivered.path().join("key.pem")).unwrap(), key);
        let files = std::fs::read_dir(&delivered).unwrap().map(|e| e.unwrap().path());
        files.filter(|f| f.to_string_lossy().contains(".new-")).for_each(|f| std::fs::remove_file(f).unwrap());
    });
}

#[test]
fn key_change_passphrase_and_decrypt() {
    let prepare = |folder: &Path| {
        passphrases(folder);
        Program { folder: folder.into() }.run(ENCRYPT, Fault::None).succeeds();
    };
    let command = &["key", "change-passphrase", "root", "--passphrase-file", "one", "--new-passphrase-file", "two"];
    Scenario { before: &[ROOT], command, prepare, ..PLAIN }
        .run_with(|folder, _| signs(folder, &["--issuer-passphrase-file", "two"]));
    let command = &["key", "decrypt", "root", "--passphrase-file", "one"];
    Scenario { before: &[ROOT], command, prepare, ..PLAIN }.run_with(|folder, _| signs(folder, &[]));
}

/// Whatever is left by a death, the key is here or there, and in the end it is there alone.
#[test]
fn key_detach() {
    let command = &["key", "detach", "root", "--output", "usb/root.key"];
    let prepare = |folder: &Path| std::fs::create_dir(folder.join("usb")).unwrap();
    Scenario { before: &[ROOT, ISSUING], command, prepare, ..PLAIN }.run_with(|folder, _| {
        assert!(!folder.join(KEY).exists());
        signs(folder, &["--issuer-key-file", "usb/root.key"]);
    });
}

#[test]
fn key_attach() {
    let prepare = |folder: &Path| {
        let program = Program { folder: folder.into() };
        program.run(&["key", "detach", "root", "--output", "root.key"], Fault::None).succeeds();
    };
    let command = &["key", "attach", "root", "--key-file", "root.key"];
    Scenario { before: &[ROOT, ISSUING], command, prepare, ..PLAIN }.run_with(|folder, _| signs(folder, &[]));
}

#[test]
fn renew_leaf() {
    Scenario { before: &[ROOT, ISSUING, SERVER], command: &["renew", "api.internal"], ..PLAIN }.run();
}

/// The new key is in place with its certificate, or the old one with its own; and the old certificate is revoked when the
/// new one is there.
#[test]
fn renew_leaf_with_a_new_key() {
    let command = &["renew", "api.internal", "--rekey", "--revoke-old"];
    Scenario { before: &[ROOT, ISSUING, SERVER], command, new_crl_of: &["issuing"], ..PLAIN }.run();
}

#[test]
fn renew_intermediate_and_root() {
    let command = &["renew", "issuing", "root"];
    Scenario { before: &[ROOT, ISSUING, OTHER], command, ..PLAIN }.run();
}

#[test]
fn revoke() {
    let again = &[SERVER, &["--force"]].concat();
    // Two certificates of one handle, and with the CA's own revocation two CRLs in one act.
    let before = &[ROOT, ISSUING, SERVER, again, OTHER];
    let command = &["revoke", "api.internal", "--reason", "key-compromise"];
    Scenario { before, command, creates: false, new_crl_of: &["issuing"], ..PLAIN }.run();
}

#[test]
fn revoke_under_two_cas() {
    let second = &["intermediate", "Second", "--issuer", "root"];
    let leaf = &["client", "bob", "--issuer", "second"];
    let alice = &["client", "alice", "--issuer", "issuing"];
    let before = &[ROOT, ISSUING, second, alice, leaf];
    let command = &["revoke", "alice", "bob", "--reason", "superseded"];
    Scenario { before, command, creates: false, new_crl_of: &["issuing", "second"], ..PLAIN }.run();
}

#[test]
fn crl() {
    let revoked = &["revoke", "alice", "--reason", "superseded", "--no-crl"];
    let before = &[ROOT, ISSUING, OTHER, revoked];
    Scenario { before, command: &["crl"], creates: false, new_crl_of: &["root", "issuing"], ..PLAIN }.run();
}

/// What was made elsewhere, in another folder, before `import` has it.
const OLD_ROOT: &[&str] = &["--pki", "there", "root", "Old Root"];
const OLD_ISSUING: &[&str] = &["--pki", "there", "intermediate", "Old Issuing"];
const OLD_LEAF: &[&str] = &["--pki", "there", "client", "mallory"];
const OLD_REVOKED: &[&str] = &["--pki", "there", "revoke", "mallory", "--reason", "key-compromise"];
const ADOPT: &[&str] = &[
    "import",
    "Old Issuing",
    "--cert-file",
    "there/ca/old-issuing/cert.pem",
    "--key-file",
    "there/ca/old-issuing/key.pem",
    "--chain-file",
    "there/ca/old-root/cert.pem",
];

/// With its root, its key, its CRL, and an index that has one revocation more: the CRL is signed anew.
#[test]
fn import_a_ca_with_its_past() {
    let past = &["--crl-file", "there/ca/old-issuing/crl.pem", "--index-file", "index.txt"];
    let command = &[ADOPT, past].concat();
    let prepare = |folder: &Path| {
        let line = "R\t20991231235959Z\t250101000000Z,superseded\t0A\tunknown\t/CN=old\n";
        std::fs::write(folder.join("index.txt"), line).unwrap();
    };
    let before = &[ROOT, OLD_ROOT, OLD_ISSUING, OLD_LEAF, OLD_REVOKED];
    Scenario { before, command, prepare, ..PLAIN }.run_with(|folder, n| {
        let program = Program { folder: folder.into() };
        let shown = program.run(&["crl", "old-issuing", "--check"], Fault::None).succeeds().json();
        assert_eq!(shown["results"][0]["entries"], 2, "dead at write {n}: {shown}");
    });
}

/// A CA of somebody else: its certificate, then its CRL.
#[test]
fn import_a_foreign_ca_and_its_crl() {
    let root = &["import", "Old Root", "--cert-file", "there/ca/old-root/cert.pem"];
    let crl = &["--crl-file", "there/ca/old-root/crl.pem"];
    Scenario { before: &[ROOT, OLD_ROOT], command: &[&root[..], crl].concat(), ..PLAIN }.run();
    Scenario { before: &[ROOT, OLD_ROOT, root], command: &[&root[..2], crl].concat(), ..PLAIN }.run();
    let key = &["--key-file", "there/ca/old-root/key.pem", "--no-past"];
    Scenario { before: &[ROOT, OLD_ROOT, root], command: &[&root[..], key].concat(), ..PLAIN }.run();
}

/// The answer to a request: the key is in the folder of the request, in `pending/`, or where it belongs.
#[test]
fn import_the_answer_to_a_request() {
    let request = &["request", "api.internal", "--profile", "server"];
    let csr = "pki/requests/api.internal/request.csr";
    let sign = &["--pki", "there", "sign", csr, "--profile", "server"];
    let answer = "there/certs/api.internal/fullchain.pem";
    let command = &["import", "api.internal", "--cert-file", answer, "--chain-file", "there/ca/old-root/cert.pem"];
    Scenario { before: &[ROOT, OLD_ROOT, OLD_ISSUING, request, sign], command, ..PLAIN }.run_with(|folder, n| {
        assert!(folder.join("pki/certs/api.internal/key.pem").exists(), "dead at write {n}");
        assert!(!folder.join("pki/requests/api.internal").exists(), "dead at write {n}");
    });
}

#[test]
fn import_a_leaf() {
    let adopt = &[ADOPT, &["--no-past"]].concat();
    let cert = &["import", "mallory", "--cert-file", "there/certs/mallory/cert.pem"];
    let command = &[&cert[..], &["--key-file", "there/certs/mallory/key.pem"]].concat();
    Scenario { before: &[OLD_ROOT, OLD_ISSUING, OLD_LEAF, adopt], command, ..PLAIN }.run();
    Scenario { before: &[OLD_ROOT, OLD_ISSUING, OLD_LEAF, adopt, cert], command, ..PLAIN }.run();
}

#[test]
fn revoke_without_a_crl() {
    // The CRL is due before and after.
    let before = &[ROOT, ISSUING, OTHER, &["client", "bob"], &["revoke", "bob", "--no-crl"]];
    Scenario { before, command: &["revoke", "alice", "--no-crl"], ..PLAIN }.run();
}

#[test]
fn hold_and_release() {
    let held = &["revoke", "alice", "--reason", "certificate-hold"];
    Scenario { before: &[ROOT, ISSUING, OTHER], command: held, new_crl_of: &["issuing"], ..PLAIN }.run();
    let before = &[ROOT, ISSUING, OTHER, held];
    let worse = &["revoke", "alice", "--reason", "key-compromise"];
    Scenario { before, command: worse, new_crl_of: &["issuing"], ..PLAIN }.run();
    // Released already, a second run has nothing to lift: it is told so, and nothing is lost.
    let release = &["revoke", "alice", "--release"];
    Scenario { before, command: release, done: "not-on-hold", new_crl_of: &["issuing"], ..PLAIN }.run();
}

#[test]
fn revoke_what_was_made_elsewhere() {
    let command = &["revoke", "--issuer", "issuing", "--serial", "0a0b0c", "--reason", "superseded"];
    Scenario { before: &[ROOT, ISSUING], command, new_crl_of: &["issuing"], ..PLAIN }.run();
}

#[test]
fn root_renew_within() {
    let soon = SystemClock.now().plus(30 * 86_400).to_string();
    let due = &["root", "Root", "--not-before", "2020-01-01", "--not-after", &soon];
    let command = &["root", "Root", "--not-before", "2020-01-01", "--lifetime", "60y", "--renew-within", "60d"];
    Scenario { before: &[due, OTHER], command, ..PLAIN }.run();
}

#[test]
fn request() {
    let command = &["request", "api.internal", "--profile", "server"];
    Scenario { before: &[], command, creates: true, ..PLAIN }.run();
    let again = &["request", "api.internal", "--profile", "server", "--force"];
    Scenario { before: &[ROOT, command], command: again, ..PLAIN }.run();
}

/// Somebody else's keys are certified, a leaf's and a CA's.
#[test]
fn sign() {
    let request = |name: &'static str, profile: &'static str| ["--pki", "there", "request", name, "--profile", profile];
    let (leaf, ca) = (request("web.internal", "server"), request("Team CA", "intermediate"));
    let csr = "there/requests/web.internal/request.csr";
    let command = &["sign", csr, "--profile", "server"];
    Scenario { before: &[ROOT, ISSUING, &leaf], command, creates: true, ..PLAIN }.run();
    let command = &["sign", "there/requests/team-ca/request.csr", "--profile", "intermediate"];
    Scenario { before: &[ROOT, &ca], command, creates: true, ..PLAIN }.run_with(|folder, n| {
        assert!(!folder.join("pki/ca/team-ca/key.pem").exists(), "dead at write {n}");
        let shown = Program { folder: folder.into() }.run(&["crl"], Fault::None).succeeds().json();
        assert_eq!(shown["results"].as_array().unwrap().len(), 1, "dead at write {n}: {shown}");
    });
}

/// The repair itself dies, with everything to do that it can do.
#[test]
fn repair() {
    let prepare = |folder: &Path| {
        let program = Program { folder: folder.into() };
        // Two half-done issues: one that is not recorded yet, and one that is.
        assert!(program.run(&["server", "early.internal"], Fault::Dies(5)).was_killed());
        let late = program.run(&["server", "late.internal"], Fault::Dies(18));
        assert!(late.was_killed());
        std::fs::remove_file(folder.join("pki/certs/alice/chain.pem")).unwrap();
        std::fs::remove_file(folder.join("pki/public/crls.pem")).unwrap();
        std::fs::copy(folder.join("pki/ca/root/cert.pem"), folder.join("pki/ca/issuing/cert.pem")).unwrap();
        std::fs::write(folder.join("pki/.new-inventory.db.1"), "").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.join("pki/ca"), open).unwrap();
    };
    Scenario { before: &[ROOT, ISSUING, OTHER], command: &["doctor", "--repair"], prepare, ..PLAIN }.run();
}

/// A bundle or backup is there whole, or not at all.
#[test]
fn backup_and_bundle() {
    for command in [&["doctor", "--backup", "copy.db"][..], &["bundle", "--output", "roots.pem"]] {
        let template = scratch();
        let program = Program { folder: template.path().into() };
        [ROOT, ISSUING].into_iter().for_each(|c| drop(program.run(c, Fault::None).succeeds()));
        let output = template.path().join(command[2]);
        let mut n = 1;
        let good = template.path().join("good");
        program.run(&[&command[..2], &["good"]].concat(), Fault::None).succeeds();
        // What has its name is whole, be it not synced.
        let look = |when: String| {
            let size = |path: &Path| std::fs::metadata(path).map(|m| m.len()).ok();
            assert!(!output.exists() || size(&output) == size(&good), "{when}: half of {}", output.display());
            drop(std::fs::remove_file(&output));
        };
        while !program.run(command, Fault::Dies(n)).succeeded() {
            look(format!("dead at write {n}"));
            n += 1;
        }
        assert!(n > 2, "`rootlet {}` never died", command.join(" "));
        drop(std::fs::remove_file(&output));
        for n in 1..n {
            let failed = program.run(command, Fault::FailsFrom(n));
            look(failed.to_string());
        }
    }
}

/// A lost inventory that is made again: until it is whole there is none.
#[test]
fn salvage() {
    let template = scratch();
    let made = Program { folder: template.path().into() };
    [ROOT, ISSUING, OTHER, SERVER].into_iter().for_each(|c| drop(made.run(c, Fault::None).succeeds()));
    let mut known = made.known();
    known.sort();
    std::fs::remove_file(template.path().join("pki/inventory.db")).unwrap();
    for n in 1.. {
        let folder = scratch();
        copy(template.path(), folder.path());
        let program = Program { folder: folder.path().into() };
        let outcome = program.run(&["doctor", "--salvage"], Fault::Dies(n));
        if !outcome.was_killed() {
            outcome.succeeds();
            assert!(n > FEWEST_DEATHS, "it died {} times only", n - 1);
            break;
        }
        if !program.has_pki() {
            program.run(&["doctor", "--salvage"], Fault::None).succeeds();
        }
        program.repair();
        State::of(&program.pki()).assert_clean(&format!("dead at write {n}"));
        let mut salvaged = program.known();
        salvaged.sort();
        assert_eq!(salvaged, known, "dead at write {n}");
    }
}

/// All of a list, or nothing of it.
#[test]
fn revoke_a_list() {
    let prepare = |folder: &Path| std::fs::write(folder.join(STDIN), "alice\napi.internal\n").unwrap();
    let command = &["revoke", "--stdin", "--reason", "superseded"];
    let before = &[ROOT, ISSUING, OTHER, SERVER];
    let scenario = Scenario { before, command, prepare, new_crl_of: &["issuing"], ..PLAIN };
    scenario.run_with(|folder, n| {
        let program = Program { folder: folder.into() };
        let shown = program.run(&["crl", "issuing", "--check"], Fault::None).succeeds().json();
        assert_eq!(shown["results"][0]["entries"], 2, "dead at write {n}: {shown}");
    });
}

#[test]
fn kills_at_random_instants() {
    crash::kills::run();
}

const REVOKE: &[&str] = &["revoke", "alice", "--reason", "superseded"];

#[test]
fn kills_at_every_system_call() {
    syscalls::run(&[ROOT, ISSUING], SERVER, End::Killed);
    syscalls::run(&[ROOT, ISSUING, OTHER], REVOKE, End::Killed);
}

/// Each one in turn, once on a full disk and once on one that breaks.
#[test]
fn failures_of_every_system_call() {
    for error in ["ENOSPC", "EIO"] {
        syscalls::run(&[ROOT, ISSUING], SERVER, End::Fails(error));
        syscalls::run(&[ROOT, ISSUING, OTHER], REVOKE, End::Fails(error));
    }
}
