//! What can go wrong around a PKI: a full disk, a folder that may not be written, one that disappears, somebody who never
//! lets go. A clear error, exit code 1, and everything as before.
#![cfg(unix)]

mod common;

mod faults {
    pub mod mount;
}

use common::{ROOTLET, Sandbox};
use faults::mount::{Mount, is_root, may_mount};
use rootlet::disk::Lock;
use rootlet::model::Profile;
use rootlet::pki::{Again, LeafRequest, Pki};
use std::fs;
use std::process::Command;

/// One command of every kind that writes.
const WRITERS: [&[&str]; 9] = [
    &["root", "Another Root"],
    &["intermediate", "Another", "--issuer", "lab-root"],
    &["server", "new.internal"],
    &["server", "api.internal", "--force"],
    &["client", "alice", "--renew-within", "100%"],
    &["revoke", "api.internal"],
    &["revoke", "api.internal", "--no-crl"],
    &["crl", "lab-issuing"],
    &["doctor", "--backup", "pki/copy.db"],
];
const READERS: [&[&str]; 5] = [&["list"], &["show", "api.internal"], &["history"], &["status"], &["bundle"]];

fn populated() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    s.ok(&["client", "alice"]);
    s
}

/// The error of a command that failed: in the object on stderr, or in the results of one that goes on past a failure.
#[track_caller]
fn failed(s: &Sandbox, words: &[&str]) -> (String, String) {
    let ran = s.run(&[words, &["--json"]].concat()).exits(1);
    let text = if ran.stderr.is_empty() { &ran.stdout } else { &ran.stderr };
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let error = if json["error"].is_object() { &json["error"] } else { &json["results"][0]["error"] };
    let part = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("{ran}")).to_string();
    (part("code"), part("message"))
}

/// A command on the PKI that lies on a file system of its own.
fn on_disk<'w>(words: &[&'w str]) -> Vec<&'w str> {
    [words, &["--pki", "disk/pki"]].concat()
}

/// A file system of a few pages, filled to the last byte, with a PKI on it.
#[test]
fn a_full_disk() {
    if !may_mount() {
        return;
    }
    for words in WRITERS {
        let s = Sandbox::new();
        let _mount = Mount::small(&s.path("disk"));
        for made in [&["root", "Lab Root"][..], &["intermediate", "Lab Issuing"]] {
            s.ok(&on_disk(made));
        }
        s.ok(&on_disk(&["server", "api.internal"]));
        s.ok(&on_disk(&["client", "alice"]));
        let known = s.json(&on_disk(&["list", "--all"]));
        let mut filler = fs::File::create(s.path("disk/filler")).unwrap();
        while std::io::Write::write(&mut filler, &[0; 512]).is_ok() {}
        drop(filler);
        let words: Vec<&str> = words.iter().map(|w| if *w == "pki/copy.db" { "disk/copy.db" } else { w }).collect();
        let (code, message) = failed(&s, &on_disk(&words));
        assert!(["io", "inventory"].contains(&code.as_str()), "{words:?}: {code}: {message}");
        fs::remove_file(s.path("disk/filler")).unwrap();
        s.ok(&on_disk(&["doctor", "--repair"]));
        assert_eq!(s.json(&on_disk(&["list", "--all"])), known, "{words:?}");
        s.ok(&on_disk(&["doctor", "--history"]));
        // With room it can be done.
        s.ok(&on_disk(&words));
    }
}

/// Many leaves at once, and room for some of them: those stand, the rest is as if nobody had asked.
#[test]
fn a_disk_that_fills_up_in_the_middle_of_many() {
    const COUNT: usize = 2_000;
    if !may_mount() {
        return;
    }
    let s = Sandbox::new();
    let mount = Mount::of_size(&s.path("disk"), "20m");
    s.ok(&on_disk(&["root", "Lab Root"]));
    s.ok(&on_disk(&["client", "first"]));
    let fleet = || {
        (0..COUNT).map(|n| {
            let request = LeafRequest::new(Profile::Client, &format!("device-{n}")).unwrap();
            LeafRequest { again: Again::IfMissing, ..request }
        })
    };
    let mut pki = Pki::open(&s.path("disk/pki")).unwrap();
    let mut issued = 0;
    let error = pki.leaves(fleet(), &mut |one| issued += usize::from(one.result.is_ok())).unwrap_err();
    assert!(["io", "inventory"].contains(&error.code()), "{}: {error}", error.code());
    assert!(issued > 0 && issued < COUNT, "{issued}");
    assert!(s.names("disk/pki/pending").is_empty());
    assert_eq!(s.names("disk/pki/certs").len(), issued + 1);
    let recorded = s.json(&on_disk(&["list", "--all"]))["certificates"].as_array().unwrap().len();
    assert_eq!(recorded, issued + 2);
    s.ok(&on_disk(&["doctor", "--history"]));
    // Where nothing can be written the first batch says so.
    drop(pki);
    mount.make_read_only();
    let mut pki = Pki::open(&s.path("disk/pki")).unwrap();
    let error = pki.leaves(fleet().skip(issued), &mut |_| panic!("nothing can be done")).unwrap_err();
    assert!(["io", "inventory"].contains(&error.code()) && error.to_string().contains("read-only"), "{error}");
}

/// Reading goes on, and nothing can be changed.
#[test]
fn a_read_only_file_system() {
    if !may_mount() {
        return;
    }
    let s = Sandbox::new();
    let mount = Mount::small(&s.path("disk"));
    for made in [&["root", "Lab Root"][..], &["intermediate", "Lab Issuing"], &["server", "api.internal"]] {
        s.ok(&on_disk(made));
    }
    s.ok(&["client", "alice", "--pki", "disk/pki"]);
    mount.make_read_only();
    for words in READERS {
        s.ok(&on_disk(words));
    }
    s.ok(&["doctor", "--pki", "disk/pki"]);
    for words in WRITERS.into_iter().filter(|w| w[0] != "doctor") {
        let (code, message) = failed(&s, &on_disk(words));
        assert!(["io", "inventory"].contains(&code.as_str()) && message.contains("read-only"), "{words:?}: {message}");
    }
}

/// A folder of somebody else.
#[test]
fn a_folder_that_may_not_be_written_or_entered() {
    let s = populated();
    let anyone = s.path("rootlet");
    // The binary where that user may run it.
    fs::copy(ROOTLET, &anyone).unwrap();
    open_the_way(&s);
    let as_nobody = |words: &[&str]| {
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&anyone);
            command
        } else {
            Command::new(&anyone)
        };
        command.args(words).arg("--json").current_dir(s.path("")).output().expect("it runs")
    };
    if !is_root() {
        for folder in ["pki", "pki/ca", "pki/certs", "pki/pending", "pki/public"] {
            s.set_mode(folder, 0o500);
        }
    }
    let before = s.state();
    for words in WRITERS {
        let output = as_nobody(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains(r#""code": "io""#) || said.contains(r#""code": "inventory""#), "{words:?}: {said}");
    }
    before.assert_unchanged(&s.state(), "a user who may not");
    if is_root() {
        let said = String::from_utf8_lossy(&as_nobody(&["list"]).stderr).into_owned();
        assert!(said.contains("may not be opened by this user") && said.contains("run as the owner"), "{said}");
    }
}

/// The scratch folder may lie where others may not go.
fn open_the_way(s: &Sandbox) {
    use std::os::unix::fs::PermissionsExt;
    for folder in s.path("pki").ancestors().skip(1).filter(|a| a.parent().is_some()) {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        if is_root() && mode & 0o001 == 0 {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o011)).unwrap();
        }
    }
}

/// Where nobody can be told what was done, it is done all the same, and the error says so.
#[test]
fn an_output_that_cannot_be_written() {
    let s = populated();
    for words in [&["server", "new.internal"][..], &["revoke", "new.internal", "--json"], &["list", "--json"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = s.command(words).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("output could not be written: no space left on device"), "{words:?}: {said}");
        assert!(said.contains("whatever the command changed stands"), "{words:?}: {said}");
    }
    assert_eq!(s.json(&["show", "new.internal"])["certificate"]["status"], "revoked");
    s.ok(&["doctor"]);
}

/// Somebody removes the PKI while a command waits for its turn.
#[test]
fn a_folder_that_disappears() {
    let s = populated();
    let lock = Lock::exclusive(&s.path("pki/certs")).unwrap();
    let waiting =
        s.command(&["server", "new.internal", "--json"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It has recorded its certificate when it waits to release it.
    while s.names("pki/pending").is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    fs::rename(s.path("pki"), s.path("moved")).unwrap();
    drop(lock);
    let output = waiting.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(r#""code": "not-released""#), "{said}");
    assert!(!s.path("pki").exists(), "it does not come back half");
    // Where it lies now, everything can be finished.
    s.ok(&["doctor", "--repair", "--pki", "moved"]);
    assert_eq!(s.json(&["show", "new.internal", "--pki", "moved"])["certificate"]["status"], "valid");
}

/// The same while they wait for the inventory, before anything is recorded.
#[test]
fn a_folder_that_disappears_under_every_writer() {
    for gone in [false, true] {
        let s = populated();
        let waits = |words: &&&[&str]| words[0] != "doctor" && !words.contains(&"--no-crl");
        let inventory = rusqlite::Connection::open(s.path("pki/inventory.db")).unwrap();
        inventory.execute_batch("BEGIN IMMEDIATE").unwrap();
        let start = |words: &&[&str]| {
            let mut command = s.command(words);
            command.arg("--json").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        };
        let waiting: Vec<_> = WRITERS.iter().filter(waits).map(|w| (w, start(w))).collect();
        std::thread::sleep(std::time::Duration::from_millis(500));
        fs::rename(s.path("pki"), s.path("moved")).unwrap();
        if gone {
            fs::remove_dir_all(s.path("moved")).unwrap();
        }
        inventory.execute_batch("ROLLBACK").unwrap();
        drop(inventory);
        for (words, waiting) in waiting {
            let output = waiting.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
            let codes = ["not-released", "io", "inventory", "issuer-unusable", "no-key"];
            assert!(codes.iter().any(|c| said.contains(&format!(r#""code": "{c}""#))), "{words:?}: {said}");
        }
        assert!(!s.path("pki").exists(), "it does not come back half");
        if !gone {
            s.ok(&["doctor", "--repair", "--pki", "moved"]);
            s.ok(&["crl", "--pki", "moved"]);
            s.ok(&["doctor", "--history", "--pki", "moved"]);
        }
    }
}

/// Who waits too long is told for whom; who died holds nothing.
#[test]
fn a_busy_pki_says_who_keeps_it_busy() {
    let s = populated();
    let impatient = |words: &[&str]| {
        let output = s.command(words).arg("--json").env("ROOTLET_LOCK_WAIT", "0").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let lock = Lock::exclusive(&s.path("pki/certs")).unwrap();
    let (code, said) = impatient(&["server", "new.internal"]);
    // It is recorded; what is missing is its turn in the folder.
    assert!(code == Some(1) && said.contains("not-released") && said.contains(r#""retryable": true"#), "{said}");
    let me = format!("process {}", std::process::id());
    assert!(said.contains(&me), "{said} does not name {me}");
    drop(lock);
    assert_eq!(s.json(&["server", "new.internal", "--if-missing"])["action"], "unchanged");

    let database = rusqlite::Connection::open(s.path("pki/inventory.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = s.names("pki/certs");
    let (code, said) = impatient(&["server", "other.internal"]);
    assert!(code == Some(1) && said.contains(r#""code": "busy""#) && said.contains(&me), "{said}");
    assert_eq!(s.names("pki/certs"), before);
    assert!(s.names("pki/pending").is_empty());
    // Readers wait for nobody.
    assert_eq!(impatient(&["list"]).0, Some(0));
    database.execute_batch("ROLLBACK").unwrap();
    s.ok(&["server", "other.internal"]);

    let output = s.command(&["list"]).env("ROOTLET_LOCK_WAIT", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// A mount shows the PKI, or the key itself, by a path that says nothing of it: the key is not moved onto itself, nor to
/// where others read it.
#[test]
fn a_key_is_not_detached_to_where_it_lies() {
    if !may_mount() {
        return;
    }
    let s = populated();
    let key = s.bytes("pki/ca/lab-root/key.pem");
    for (from, to, output) in [
        ("pki", "usb", "usb/root.key"),
        ("pki/public", "usb", "usb/root.key"),
        ("pki/ca", "usb", "usb/lab-root/root.key"),
        ("pki/ca/lab-root", "usb", "usb/key.pem"),
        ("pki/ca/lab-root/key.pem", "stick/root.key", "stick/root.key"),
    ] {
        fs::create_dir_all(s.path("usb")).unwrap();
        s.write("stick/root.key", "");
        let mount = Mount::bind(&s.path(from), &s.path(to));
        let error = s.run(&["key", "detach", "lab-root", "--output", output, "--json"]).exits(1).read_error().unwrap();
        let expected = if from.ends_with(".pem") { "exists" } else { "delivery-inside" };
        assert_eq!(error["code"], expected, "{from}: {error}");
        drop(mount);
        assert!(s.bytes("pki/ca/lab-root/key.pem") == key, "{from}");
    }
    s.ok(&["doctor"]);
}

/// Other users may open what is public, and hold locks on it: nobody here waits for those.
#[test]
fn what_others_may_open_is_no_lock_of_ours() {
    let s = populated();
    fs::create_dir(s.path("empty")).unwrap();
    let public = s.names("pki/public").iter().map(|n| format!("pki/public/{n}")).collect::<Vec<_>>();
    let mut locks = Vec::new();
    for path in ["pki", "pki/public", "pki/rootlet.toml", "empty"].into_iter().chain(public.iter().map(String::as_str))
    {
        assert_eq!(s.mode(path) & 0o004, 0o004, "{path}");
        locks.push(Lock::exclusive(&s.path(path)).unwrap());
    }
    for path in ["pki/ca", "pki/certs", "pki/pending", "pki/inventory.db"] {
        assert_eq!(s.mode(path) & 0o077, 0, "{path}");
    }
    for words in WRITERS.iter().rev().chain(&[&["--pki", "empty", "root", "X"][..], &["crl"], &["doctor", "--repair"]])
    {
        let output = s.command(words).env("ROOTLET_LOCK_WAIT", "0").output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A lock goes with the process that had it.
#[test]
fn a_dead_process_holds_nothing() {
    let s = populated();
    let holds = "import fcntl, os, sys, time; f = os.open(sys.argv[1], os.O_RDONLY); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)";
    let holder = Command::new("python3")
        .args(["-c", holds])
        .arg(s.path("pki/certs"))
        .stdout(std::process::Stdio::piped())
        .spawn();
    let Ok(mut holder) = holder else {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        return;
    };
    let mut held = [0; 4];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut held).unwrap();
    let waiting =
        s.command(&["server", "new.internal", "--quiet"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(waiting.wait_with_output().unwrap().status.success());
    s.ok(&["doctor"]);
}
