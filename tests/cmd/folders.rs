//! Where the PKI is, folders that are something else, and a configuration that cannot be read.

use crate::common::Sandbox;
use std::fs;

#[test]
fn the_first_root_makes_the_folder() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root"]);
    assert_eq!(s.names("."), ["pki"]);
    let names = s.names("pki");
    let shown: Vec<&str> =
        names.iter().map(String::as_str).filter(|n| !n.ends_with("-wal") && !n.ends_with("-shm")).collect();
    assert_eq!(shown, ["ca", "certs", "inventory.db", "pending", "public", "rootlet.toml"]);
    for (path, mode) in [
        ("pki", 0o755),
        ("pki/rootlet.toml", 0o644),
        ("pki/inventory.db", 0o600),
        ("pki/public", 0o755),
        ("pki/public/roots.pem", 0o644),
        ("pki/ca", 0o700),
        ("pki/ca/lab-root", 0o700),
        ("pki/ca/lab-root/key.pem", 0o600),
        ("pki/ca/lab-root/cert.pem", 0o644),
        ("pki/certs", 0o700),
        ("pki/pending", 0o700),
    ] {
        assert_eq!(s.mode(path), mode, "{path}");
    }
    assert_eq!(s.names("pki/public"), ["crls.pem", "lab-root.crl", "lab-root.crt", "roots.pem"]);
    assert_eq!(s.names("pki/ca/lab-root"), ["cert.pem", "chain.pem", "crl.pem", "key.pem"]);
}

/// umask never decides.
#[test]
fn modes_do_not_depend_on_umask() {
    let s = Sandbox::new();
    let shell = |umask: &str, words: &str| {
        let script = format!("umask {umask}; exec \"$0\" {words}");
        let status = std::process::Command::new("sh")
            .args(["-c", &script, crate::common::ROOTLET])
            .current_dir(s.path(""))
            .env_remove("ROOTLET_PKI")
            .output()
            .expect("a shell");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    };
    shell("000", "root 'Lab Root'");
    shell("077", "server a.internal --out-dir tls");
    for (path, mode) in [
        ("pki", 0o755),
        ("pki/ca/lab-root", 0o700),
        ("pki/ca/lab-root/key.pem", 0o600),
        ("pki/inventory.db", 0o600),
        ("pki/certs/a.internal/key.pem", 0o600),
        ("pki/certs/a.internal/cert.pem", 0o644),
        ("pki/public/roots.pem", 0o644),
        ("tls/key.pem", 0o600),
        ("tls/cert.pem", 0o644),
    ] {
        assert_eq!(s.mode(path), mode, "{path}");
    }
}

#[test]
fn a_folder_that_is_something_else() {
    let s = Sandbox::new();
    s.write("pki/letters.txt", "precious\n");
    s.refuses(&["root", "Lab Root"], 1, "no-pki");
    let error = s.refuses(&["list"], 1, "no-pki");
    assert!(error["message"].as_str().unwrap().contains("no PKI in `pki`"), "{error}");
    // A file instead of a folder.
    let s = Sandbox::new();
    s.write("pki", "");
    s.refuses(&["root", "Lab Root"], 1, "no-pki");
    // An empty folder is taken.
    let s = Sandbox::new();
    fs::create_dir(s.path("pki")).unwrap();
    s.ok(&["root", "Lab Root"]);
    // A folder below folders that do not exist.
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--pki", "a/b/c"]);
    assert!(s.path("a/b/c/inventory.db").exists());
}

#[test]
fn a_pki_named_by_option_or_variable() {
    let s = Sandbox::new();
    // Global options stand before the verb, between, and after.
    s.ok(&["--pki", "one", "root", "Lab Root"]);
    s.ok(&["root", "--pki", "two", "Lab Root"]);
    s.ok(&["root", "Lab Root", "--pki=three"]);
    assert_eq!(s.names("."), ["one", "three", "two"]);
    let name = |ran: crate::common::Ran| ran.exits(0).object()["certificates"][0]["files"]["cert"].clone();
    let path = |pki: &str| s.path(&format!("{pki}/ca/lab-root/cert.pem")).display().to_string();
    assert_eq!(name(s.run(&["--json", "--pki", "one", "list"])), path("one").as_str());
    assert_eq!(name(s.run(&["list", "--json", "--pki", "two"])), path("two").as_str());
    let with = |variable: &str, arguments: &[&str]| {
        let mut command = s.command(arguments);
        command.env("ROOTLET_PKI", variable);
        crate::common::Ran::of(command)
    };
    assert_eq!(name(with("three", &["list", "--json"])), path("three").as_str());
    // The option comes before the variable; an empty variable is none.
    assert_eq!(name(with("three", &["list", "--json", "--pki", "one"])), path("one").as_str());
    with("", &["list"]).exits(1).says("there is no PKI in `pki`");
    with("four", &["list"]).exits(1).says("there is no PKI in `four`");
    s.run(&["list", "--pki", "one", "--pki", "two"]).exits(2);
}

#[test]
fn a_configuration_that_is_wrong_stops_everything_and_says_where() {
    let cases: [(&[u8], &str); 11] = [
        (b"kee = \"p256\"\n", "kee"),
        (b"key = \"dsa\"\n", "dsa"),
        (b"key = \"ml-dsa-44\"\n", "ml-dsa-44"),
        (b"key = 256\n", "line 1, column 7"),
        (b"ca_key = \"p256\"\n\n[lifetime\n", "line 3"),
        (b"[lifetime]\nserver = \"365\"\n", "365"),
        (b"[lifetime]\nservers = \"365d\"\n", "servers"),
        (b"[ca.lab-root]\ncrl_url = [\"nowhere\"]\n", "nowhere"),
        (b"[ca.\"Lab Root\"]\ncrl_url = []\n", "Lab Root"),
        (b"key\n", "line 1"),
        (&[0xff, 0xfe, 0x00, 0x01], "UTF-8"),
    ];
    let s = Sandbox::with_issuing_ca();
    for (text, says) in cases {
        s.write("pki/rootlet.toml", text);
        for command in [&["server", "a.internal"][..], &["root", "X"], &["list"], &["revoke", "lab-issuing"], &["crl"]]
        {
            let error = s.refuses(command, 1, "config");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("rootlet.toml") && message.contains(says), "{message}");
        }
    }
    // An empty one, and none at all, say nothing.
    s.write("pki/rootlet.toml", "");
    s.ok(&["list"]);
    fs::remove_file(s.path("pki/rootlet.toml")).unwrap();
    s.ok(&["list"]);
    s.ok(&["server", "a.internal"]);
    // One that is no file.
    fs::create_dir(s.path("pki/rootlet.toml")).unwrap();
    s.refuses(&["list"], 1, "io");
    s.refuses(&["server", "b.internal"], 1, "io");
}

/// An issuer in rootlet.toml is the default; one that does not exist is an error, never passed over.
#[test]
fn the_issuer_of_the_configuration() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["intermediate", "Second", "--issuer", "lab-root"]);
    s.refuses(&["server", "a.internal"], 1, "several-issuers");
    s.write("pki/rootlet.toml", "issuer = \"second\"\n");
    assert_eq!(s.json(&["server", "a.internal"])["certificate"]["issuer_name"], "second");
    assert_eq!(
        s.json(&["server", "b.internal", "--issuer", "lab-issuing"])["certificate"]["issuer_name"],
        "lab-issuing"
    );
    s.write("pki/rootlet.toml", "issuer = \"nobody\"\n");
    s.refuses(&["server", "c.internal"], 1, "not-found");
    s.write("pki/rootlet.toml", "issuer = \"second\"\n");
    s.ok(&["revoke", "second"]);
    s.refuses(&["server", "c.internal"], 1, "issuer-unusable");
}

/// Where a CA publishes is kept, and goes into what it issues, not into itself.
#[test]
fn the_urls_of_a_ca_are_kept_beside_what_people_wrote() {
    let s = Sandbox::with_issuing_ca();
    s.write("pki/rootlet.toml", "# mine\nkey = \"p384\"\n");
    s.ok(&["intermediate", "Public", "--issuer", "lab-root", "--crl-url", "http://pki.example.org/public.crl"]);
    let text = s.text("pki/rootlet.toml");
    assert!(text.starts_with("# mine\nkey = \"p384\"\n"), "{text}");
    assert!(text.contains("[ca.public]") && text.contains("http://pki.example.org/public.crl"), "{text}");
    let has_url = |s: &Sandbox, path: &str| {
        let der = pem::parse(s.bytes(path)).unwrap().into_contents();
        String::from_utf8_lossy(&der).contains("http://pki.example.org/public.crl")
    };
    s.ok(&["server", "a.internal", "--issuer", "public"]);
    assert!(has_url(&s, "pki/certs/a.internal/cert.pem"));
    assert!(!has_url(&s, "pki/ca/public/cert.pem"));
}
