//! Leaves in one file that somebody broke, or that a command which died left: found, and mended.

use super::combined::{COMBINED, FILE, FOLDER, fleet, manifest, parts};
use super::manifest::{applied, map, planned, settles};
use crate::common::Sandbox;
use std::fs;

#[test]
fn what_somebody_broke_is_mended() {
    // The certificates in it: written again, with the key that is there.
    let breaks: [fn(&str) -> String; 4] = [
        |text| text[..text.find("-----BEGIN CERTIFICATE").unwrap()].into(),
        |text| text.replacen("-----BEGIN CERTIFICATE-----\nM", "-----BEGIN CERTIFICATE-----\nN", 1),
        |text| text[..text.rfind("-----BEGIN CERTIFICATE").unwrap()].into(),
        |text| {
            let at = text.rfind("-----BEGIN CERTIFICATE").unwrap();
            let own = text.find("-----BEGIN CERTIFICATE").unwrap();
            [&text[..own], &text[at..], &text[own..at]].concat()
        },
    ];
    for (n, damage) in breaks.into_iter().enumerate() {
        for doctor in [false, true] {
            let s = fleet();
            let good = s.text(FILE);
            s.write(FILE, damage(&good));
            s.set_mode(FILE, 0o600);
            assert_eq!(
                planned(&s, &["m.toml"]),
                map([("a.internal", if n == 2 { "cascade" } else { "restore" })]),
                "{n}"
            );
            if doctor && n != 2 {
                s.run(&["doctor"]).exits(3).prints("a.internal");
                s.ok(&["doctor", "--repair"]);
                assert_eq!(s.text(FILE), good, "{n}");
            } else {
                s.ok(&["apply", "m.toml"]);
            }
            assert_eq!(parts(&s).1.len(), 2);
            settles(&s, "m.toml");
            s.ok(&["doctor"]);
        }
    }
    // The key: nobody can bring it back.
    let breaks: [fn(&Sandbox); 3] = [
        |s| fs::remove_file(s.path(FILE)).unwrap(),
        |s| drop(s.write(FILE, &s.text(FILE)[s.text(FILE).find("-----BEGIN CERTIFICATE").unwrap()..])),
        |s| {
            let certificates = s.text(FILE)[s.text(FILE).find("-----BEGIN CERTIFICATE").unwrap()..].to_string();
            s.write(FILE, [s.text("pki/ca/issuing/key.pem"), certificates].concat());
        },
    ];
    for damage in breaks {
        let s = fleet();
        damage(&s);
        s.run(&["doctor"]).exits(3).prints("a.internal");
        assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "reissued")]));
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
    let s = fleet();
    s.set_mode(FILE, 0o644);
    s.run(&["doctor"]).exits(3).prints("0644");
    s.ok(&["doctor", "--repair"]);
    assert_eq!(s.mode(FILE), 0o600);
}

/// A command died when the file was in its place and the folder not removed yet: the file counts.
#[test]
fn a_folder_that_is_left_beside_the_file() {
    for doctor in [false, true] {
        let s = Sandbox::new();
        s.write("m.toml", manifest(&[("a.internal", "")]));
        s.ok(&["apply", "m.toml"]);
        let old = s.copied();
        s.write("m.toml", manifest(&[("a.internal", "layout = 'combined'\nkey = 'p384'")]));
        assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "reissued")]));
        let good = s.bytes(FILE);
        fs::rename(old.path(FOLDER), s.path(FOLDER)).unwrap();
        assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "restore")]));
        if doctor {
            s.run(&["doctor"]).exits(3).prints("half-done");
            s.ok(&["doctor", "--repair"]);
        } else {
            s.ok(&["apply", "m.toml"]);
        }
        assert!(!s.path(FOLDER).exists() && s.bytes(FILE) == good);
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
}

/// What HAProxy's users do: parameters behind the certificates. Longer than it should be is no reason not to mend it.
#[test]
fn something_was_added_to_the_file() {
    for doctor in [false, true] {
        let s = fleet();
        let good = s.text(FILE);
        s.write(FILE, format!("{good}-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n"));
        s.set_mode(FILE, 0o600);
        assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "restore")]));
        if doctor {
            s.run(&["doctor"]).exits(3).prints("combined file of `a.internal`");
            s.ok(&["doctor", "--repair"]);
        } else {
            s.ok(&["apply", "m.toml"]);
        }
        assert_eq!(s.text(FILE), good);
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
}

/// One file that cannot be read is a matter of its leaf alone.
#[test]
fn a_file_that_is_too_large() {
    for file in [FILE, "pki/certs/b.internal/key.pem"] {
        let s = Sandbox::new();
        let leaves = [("a.internal", COMBINED), ("b.internal", ""), ("c.internal", "")];
        s.write("m.toml", manifest(&leaves));
        s.ok(&["apply", "m.toml"]);
        let good = s.bytes(file);
        s.write(file, [good.as_slice(), &vec![b'\n'; 3 << 20]].concat());
        s.set_mode(file, 0o600);
        s.write("pki/certs/c.internal/ca.pem", "");
        let name = if file == FILE { "a.internal" } else { "b.internal" };
        assert_eq!(planned(&s, &["m.toml"]), map([(name, "refused"), ("c.internal", "restore")]), "{file}");
        let failed = s.run(&["apply", "m.toml"]).exits(1);
        failed.prints("restored").says("is larger than");
        s.run(&["doctor"]).exits(3).prints(&format!("a file of `{name}` cannot be read"));
        s.run(&["doctor", "--repair"]).exits(3);
        s.write(file, good);
        s.set_mode(file, 0o600);
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
}

/// Nobody was asked for a passphrase when it was made: a key that needs one is somebody else's.
#[test]
fn an_encrypted_key_in_the_file_is_not_its_own() {
    let s = fleet();
    s.write("pass", "correct horse");
    s.ok(&["server", "other.internal"]);
    s.ok(&["key", "encrypt", "other.internal", "--passphrase-file", "pass"]);
    let certificates = s.text(FILE)[s.text(FILE).find("-----BEGIN CERTIFICATE").unwrap()..].to_string();
    s.write(FILE, [s.text("pki/certs/other.internal/key.pem"), certificates].concat());
    s.set_mode(FILE, 0o600);
    s.run(&["renew", "a.internal"]).exits(1);
    s.run(&["doctor"]).exits(3).prints("is encrypted");
    assert_eq!(applied(&s, &["m.toml"]), map([("a.internal", "reissued")]));
    settles(&s, "m.toml");
    s.ok(&["doctor"]);
}

/// A command died between two steps of a change of the layout: the old key goes with the next one.
#[test]
fn a_file_that_was_set_aside() {
    const ASIDE: &str = "pki/certs/a.internal/.new-key.pem.0";
    for back in [false, true] {
        let s = fleet();
        let old = s.text(FILE);
        s.write("m.toml", manifest(&[("a.internal", "")]));
        s.ok(&["apply", "m.toml"]);
        if back {
            s.write("m.toml", manifest(&[("a.internal", COMBINED)]));
            s.ok(&["apply", "m.toml"]);
            fs::create_dir(s.path(FOLDER)).unwrap();
            s.set_mode(FOLDER, 0o700);
        }
        s.write(ASIDE, &old);
        s.set_mode(ASIDE, 0o600);
        assert_eq!(planned(&s, &["m.toml"]), map([("a.internal", "restore")]), "{back}");
        s.run(&["doctor"]).exits(3).prints("half-done");
        s.ok(&["apply", "m.toml"]);
        assert!(!s.path(ASIDE).exists(), "{back}");
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
}

/// Recorded, and its place cannot be written to: that is not "nothing to do".
#[test]
fn what_cannot_be_put_in_place_is_told_until_it_can() {
    for layout in [COMBINED, ""] {
        let s = Sandbox::new();
        s.write("m.toml", manifest(&[("a.internal", layout)]));
        s.ok(&["apply", "m.toml"]);
        // As root nothing is forbidden: something that is none of ours stands in the way instead.
        let (home, kept) = if layout.is_empty() { (FOLDER, "kept") } else { (FILE, "kept") };
        fs::rename(s.path(home), s.path(kept)).unwrap();
        let serial = s.field("a.internal", "serial");
        let waiting = format!("pki/pending/{serial}");
        fs::create_dir(s.path(&waiting)).unwrap();
        s.set_mode(&waiting, 0o700);
        if layout.is_empty() {
            fs::rename(s.path(kept), s.path(&waiting).join("moved")).unwrap();
            for file in fs::read_dir(s.path(&waiting).join("moved")).unwrap().map(|e| e.unwrap().path()) {
                fs::rename(&file, s.path(&waiting).join(file.file_name().unwrap())).unwrap();
            }
            fs::remove_dir(s.path(&waiting).join("moved")).unwrap();
            s.write(home, "mine");
        } else {
            fs::remove_dir(s.path(&waiting)).unwrap();
            fs::create_dir(s.path("pki/pending/batch-7f")).unwrap();
            fs::rename(s.path(kept), s.path(&format!("pki/pending/batch-7f/{serial}.pem"))).unwrap();
            fs::create_dir(s.path(home)).unwrap();
        }
        let found = &planned(&s, &["m.toml"])["a.internal"];
        assert!(["restore", "refused"].contains(&found.as_str()), "{found}");
        for _ in 0..2 {
            let ran = s.run(&["apply", "m.toml"]).exits(1);
            assert!(ran.stderr.contains("is in the way") || ran.stderr.contains("exists, and the inventory"), "{ran}");
            let check = s.run(&["apply", "m.toml", "--check"]);
            assert_ne!(check.code, Some(0), "{check}");
        }
        if layout.is_empty() {
            fs::remove_file(s.path(home)).unwrap()
        } else {
            fs::remove_dir(s.path(home)).unwrap()
        }
        s.ok(&["apply", "m.toml"]);
        assert_eq!(s.field("a.internal", "serial"), serial);
        settles(&s, "m.toml");
        s.ok(&["doctor"]);
    }
}
