//! What is wrong with a manifest is told with file, line and column, all of it, before anything is written.

use crate::common::Sandbox;

const ROOT: &str = "[ca.r]\nprofile = 'root'\n";

/// Manifests below a root, which takes two lines, and what is said of each.
const WRONG: [(&str, &str, &str); 50] = [
    ("x = ", "3:5: ", "TOML, or JSON"),
    ("[cert.a]\nprofile = 'client'\n[cert.a]\n", "5:7: duplicate key", "say it once"),
    ("[certs.a]", "3:2: there is no key `certs` here", "is `cert` meant?"),
    ("[cert.a]\nprofile = 'client'\nisuer = 'r'", "5:1: there is no key `isuer` here", "is `issuer` meant?"),
    (
        "[cert.a]\nprofile = 'client'\nrenew-within = '3d'",
        "5:1: there is no key `renew-within`",
        "keys are written with `_`: `renew_within`",
    ),
    ("[cert.a]\nprofile = 'client'\nbanana = 1", "5:1: there is no key `banana` here", "known here: profile, name"),
    ("[cert.a]\nprofile = 'client'\npath_len = 1", "5:1: a client has no `path_len`", "leave `path_len` away"),
    ("[ca.q]\nprofile = 'root'\nissuer = 'r'", "5:1: a root has no `issuer`", "leave `issuer` away"),
    ("[ca.q]\nprofile = 'client'", "3:5: a client does not belong in `[ca]`", "[cert.NAME]"),
    ("[cert.q]\nprofile = 'root'", "3:7: a root does not belong in `[cert]`", "[ca.NAME]"),
    ("[cert.a]\nname = 'x'", "3:7: `profile` is missing", "one of root"),
    ("[cert.a]\nprofile = 'servr'", "4:11: `profile`: `servr` is not a profile", "one of root"),
    ("[cert.a]\nprofile = 7", "4:11: `profile` is a text, not a number", "write a text"),
    ("[cert]\na = 7", "4:5: `a` is a table, not a number", "write a table"),
    (
        "[cert.a]\nprofile = 'client'\ndns = ['a.b', 7]",
        "5:15: `dns` is a text, or a list of texts, not a number",
        "[\"…\", \"…\"]",
    ),
    ("[cert.a]\nprofile = 'client'\ndays = 'x'", "5:8: `days` is a whole number, not a text", "write a whole number"),
    (
        "[cert.a]\nprofile = 'client'\ndays = 1.5",
        "5:8: `days` is a whole number, not a number with a fraction",
        "write a whole number",
    ),
    ("[cert.a]\nprofile = 'client'\ndays = 0", "5:8: `days`: `0s` is not a duration", "write a number of days"),
    (
        "[ca.q]\nprofile = 'root'\nencrypt_key = 'yes'",
        "5:15: `encrypt_key` is true or false, not a text",
        "write true or false",
    ),
    ("[cert.a]\nprofile = 'client'\nlifetime = '90'", "5:12: `lifetime`: `90` is not a duration", "`90d` for days"),
    (
        "[cert.a]\nprofile = 'client'\ndns = ['ok.b', 'a b']",
        "5:16: `dns`: `a b` is not a DNS name",
        "write a name as `api.internal`",
    ),
    (
        "[cert.a]\nprofile = 'client'\ndays = 3\nlifetime = '3d'",
        "5:1: `days` and `lifetime` exclude each other",
        "leave `days` or `lifetime` away",
    ),
    (
        "[cert.a]\nprofile = 'client'\nkey = 'p256'\nkey_file = 'x'",
        "6:1: `key_file` and `key` exclude each other",
        "leave `key_file` or `key` away",
    ),
    (
        "[cert.a]\nprofile = 'client'\npassphrase_file = 'x'",
        "5:1: `passphrase_file` says nothing without `key_file`",
        "add `key_file`",
    ),
    (
        "[cert.a]\nprofile = 'client'\nissuer_passphrase_file = 'x'",
        "5:1: `issuer_passphrase_file` says nothing without `issuer`",
        "add `issuer`",
    ),
    (
        "[cert.a]\nprofile = 'client'\nissuer_key_file = 'x'",
        "5:1: `issuer_key_file` says nothing without `issuer`",
        "add `issuer`",
    ),
    (
        "[cert.a]\nprofile = 'client'\nowner = 'root'",
        "3:7: `owner`, `group` and `key_mode` are of delivered files",
        "add `out_dir`",
    ),
    ("[cert.a]\nprofile = 'client'\nout = ''", "5:7: `out` is empty", "name a folder"),
    ("[cert.a]\nprofile = 'client'\nout_dir = ' '", "5:11: `out_dir` is empty", "name a folder"),
    ("[cert.a]\nprofile = 'client'\nexec = ''", "5:8: `exec` is empty", "write a command"),
    ("[cert.a]\nprofile = 'client'\nexec = ' \t '", "5:8: `exec` is empty", "write a command"),
    (
        "[cert.a]\nprofile = 'client'\nout = 'x'\nkey_mode = '0644'",
        "3:7: a key file is never for everybody",
        "0600 or 0640",
    ),
    (
        "[cert.a]\nprofile = 'client'\nout = 'x'\nkey_mode = '0040'",
        "3:7: a key file that its owner cannot read is of no use",
        "0600 or 0640",
    ),
    (
        "[cert.a]\nprofile = 'client'\nout = 'x'\nkey_mode = '0000'",
        "3:7: a key file that its owner cannot read is of no use",
        "0600 or 0640",
    ),
    ("[cert.a]\nprofile = 'client'\nout = 'x'\nkey_mode = 'rw'", "6:12: `rw` is not a file mode", "\"0640\""),
    (
        "[cert.a]\nprofile = 'client'\nissuer = 'rr'",
        "5:10: there is no CA `rr`, neither in the manifest nor in the PKI",
        "is `r` meant?",
    ),
    (
        "[cert.a]\nprofile = 'client'\nissuer = 'b'\n[cert.b]\nprofile = 'client'",
        "5:10: `b` is a client and issues nothing",
        "name a CA",
    ),
    (
        "[ca.p]\nprofile = 'intermediate'\nissuer = 'q'\n[ca.q]\nprofile = 'intermediate'\nissuer = 'p'",
        "3:5: these CAs issue each other: p ← q ← p",
        "by a root",
    ),
    ("[ca.p]\nprofile = 'intermediate'\nissuer = 'p'", "3:5: these CAs issue each other: p ← p", "by a root"),
    (
        "[cert.'A.b']\nprofile = 'client'\n[cert.'a.b']\nprofile = 'client'",
        "5:7: `a.b` is declared twice; first at m.toml:3:7",
        "another key",
    ),
    ("[cert.a]\nfor_each = ['x', 'y']\nprofile = 'client'", "3:7: `a` is declared twice", "`${each}` in theirs"),
    ("[cert.a]\nprofile = 'client'\ndns = '${each}'", "5:7: there is no `${each}` here", "`for_each`"),
    (
        "[cert.'${each}']\nfor_each = ['x']\nprofile = 'client'\ndns = '${each.name}'",
        "6:7: there is no `${each.name}` here",
        "FIELD",
    ),
    ("[cert.a]\nprofile = 'client'\ndns = '${HOME}'", "5:7: there is no `${HOME}` here", "`${env:NAME}`"),
    ("[cert.a]\nprofile = 'client'\ndns = 'a${'", "5:7: a `${` has no `}`", "$${"),
    (
        "[cert.'${each}']\nprofile = 'client'\nfor_each = []",
        "5:12: `for_each` has no values",
        "leave the entry away where nothing is wanted",
    ),
    (
        "[cert.'${each}']\nfor_each = 'none.jsonl'\nprofile = 'client'",
        "4:12: `none.jsonl` cannot be read",
        "relative to the manifest",
    ),
    (
        "[ca.q]\nprofile = 'root'\nname = 'r'",
        "3:5: the CA `r` at m.toml:1:5 has the subject `CN=r` already",
        "another `name`",
    ),
    ("[ca.q]\nprofile = 'root'\npath_len = 300", "5:12: `path_len` is a number from 0 to 255", "how many CAs"),
    ("[cert.a]\nprofile = 'server'", "", ""),
];

#[test]
fn each_with_its_place_and_a_hint() {
    for (text, message, hint) in WRONG {
        let s = Sandbox::new();
        s.write("m.toml", format!("{ROOT}{text}\n"));
        if message.is_empty() {
            s.run(&["plan", "m.toml"]).exits(3);
            continue;
        }
        for command in ["plan", "apply"] {
            let error = s.refuses(&[command, "m.toml"], 1, "manifest");
            let is = error["message"].as_str().unwrap();
            assert!(is.starts_with(&format!("m.toml:{message}")), "{text}\n{is}");
            let hints = error["problems"][0]["hints"].to_string();
            assert!(!hint.is_empty() && hints != "[]", "{text}: what would mend it?\n{hints}");
            assert!(hints.contains(&*hint.replace('"', "\\\"")), "{text}\n{hints}");
            assert!(!s.path("pki").exists(), "{text}");
        }
    }
}

#[test]
fn all_of_it_is_told() {
    let s = Sandbox::new();
    s.write("a.toml", format!("{ROOT}[cert.x]\nprofile = 'client'\ndays = 'x'\nkay = 1\n"));
    s.write(
        "b.json",
        "{\"cert\": {\"x\": {\"profile\": \"client\"}, \"y\": {\"profile\": \"client\", \"dns\": [null]}}}",
    );
    let error = s.refuses(&["apply", "a.toml", "b.json"], 1, "manifest");
    let places: Vec<_> = error["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| format!("{}:{}:{}", p["file"].as_str().unwrap(), p["line"], p["column"]))
        .collect();
    assert_eq!(places.len(), 4, "{error}");
    for place in ["a.toml:5:8", "a.toml:6:1", "b.json:1:11", "b.json:1:74"] {
        assert!(places.iter().any(|p| p == place), "{place}: {error}");
    }
    let ran = s.run(&["plan", "a.toml", "b.json"]).exits(1);
    assert_eq!(ran.stderr.matches("error:").count(), 4, "{ran}");
}

#[test]
fn json_is_strict() {
    for (text, place) in [
        ("{\"ca\": {},}", "1:10"),
        ("{\"ca\": {} // x\n}", "1:11"),
        ("{ca: {}}", "1:2"),
        ("", "1:1"),
        ("[]", "1:1"),
        ("{\"ca\": {\"r\": {\"profile\": \"root\", \"profile\": \"root\"}}}", "1:34"),
    ] {
        let s = Sandbox::new();
        s.write("m.json", text);
        let error = s.refuses(&["plan", "m.json"], 1, "manifest");
        let is = error["message"].as_str().unwrap();
        assert!(is.starts_with(&format!("m.json:{place}: ")), "{text}: {is}");
    }
    let s = Sandbox::new();
    s.write("m.toml", [b"[ca.r]\nprofile = 'root' # \xff\n".to_vec()].concat());
    let error = s.refuses(&["plan", "m.toml"], 1, "manifest");
    assert!(error["message"].as_str().unwrap().starts_with("m.toml:2:20: it is not UTF-8"), "{error}");
}

/// A file that was cut off is not a manifest that wishes for nothing.
#[test]
fn a_blank_file() {
    for (name, text) in [("m.toml", ""), ("m.toml", "# later\n\n"), ("m.json", "{}"), ("m.json", " { } \n")] {
        let s = Sandbox::new();
        s.write(name, text);
        s.write("good.toml", ROOT);
        for files in [&[name][..], &["good.toml", name]] {
            for command in ["plan", "apply"] {
                let error = s.refuses(&[&[command], files].concat(), 1, "manifest");
                assert_eq!(error["message"], format!("{name}:1:1: it declares nothing"));
                assert!(error["hints"].to_string().contains("[ca.NAME]"), "{error}");
                assert!(!s.path("pki").exists());
            }
        }
        // What stands for other files is something.
        s.write("pki.d/1.toml", "[defaults]\nlifetime = '1d'\n");
        s.write("pki.d/2.toml", ROOT);
        s.run(&["plan", "pki.d"]).exits(3);
    }
}

#[test]
fn wrong_usage() {
    let s = Sandbox::new();
    s.refuses(&["plan"], 2, "usage");
    s.refuses(&["apply"], 2, "usage");
    s.write("m.toml", ROOT);
    s.refuses(&["plan", "m.toml", "--export"], 2, "usage");
    s.refuses(&["apply", "m.toml", "--check", "--yes"], 2, "usage");
    s.refuses(&["plan", "none.toml"], 1, "io");
    s.write("empty/x.txt", "");
    s.refuses(&["plan", "empty"], 1, "manifest");
    s.write("pki/precious", "");
    s.refuses(&["apply", "m.toml"], 1, "no-pki");
    s.refuses(&["plan", "m.toml"], 1, "no-pki");
}

/// A root that is refused leaves no folder behind.
#[test]
fn nothing_is_begun_that_cannot_be_issued() {
    let s = Sandbox::new();
    s.write("m.toml", "[ca.r]\nprofile = 'root'\nnot_before = '2030-01-01'\nnot_after = '2029-01-01'\n");
    s.refuses(&["apply", "m.toml"], 1, "manifest");
    s.write("m.toml", "[ca.r]\nprofile = 'root'\nencrypt_key = true\n");
    s.refuses(&["apply", "m.toml"], 1, "passphrase");
}

#[test]
fn what_is_too_much_is_counted() {
    let s = Sandbox::new();
    let entry = |n: usize| format!("[cert.x{n}]\nprofile = 'client'\nx = 1\n");
    s.write("m.toml", (0..70).map(entry).collect::<String>());
    let error = s.refuses(&["plan", "m.toml"], 1, "manifest");
    assert_eq!(error["problems"].as_array().unwrap().len(), 50);
    assert!(error["message"].as_str().unwrap().ends_with(", and 69 more problems"), "{error}");
    s.run(&["plan", "m.toml"]).exits(1).says("and 20 more");
    // Nested beyond reason: an answer, and no end of the stack.
    for open in ["[", "{\"a\":"] {
        s.write("deep.json", open.repeat(200_000));
        let error = s.refuses(&["plan", "deep.json"], 1, "manifest");
        assert!(error["message"].as_str().unwrap().contains("nested deeper than 64 levels"), "{error}");
    }
    s.write("deep.toml", format!("x = {}", "[".repeat(200_000)));
    s.refuses(&["plan", "deep.toml"], 1, "manifest");
}

/// A list that came out empty does not wish a fleet away.
#[test]
fn an_empty_list_revokes_nothing() {
    let s = Sandbox::new();
    let with = |each: &str| {
        s.write(
            "m.toml",
            format!("id = 'lab'\n{ROOT}[cert.'${{each}}']\nfor_each = {each}\nprofile = 'client'\nissuer = 'r'\n"),
        )
    };
    s.write("fleet.jsonl", "\"a\"\n\"b\"\n");
    with("'fleet.jsonl'");
    s.ok(&["apply", "m.toml"]);
    for (each, file) in
        [("[]", "\"a\"\n"), ("'fleet.jsonl'", ""), ("'fleet.jsonl'", "\n \n"), ("'fleet.jsonl'", "\u{feff}")]
    {
        with(each);
        s.write("fleet.jsonl", file);
        let error = s.refuses(&["apply", "m.toml", "--prune", "--yes"], 1, "manifest");
        assert!(error["message"].as_str().unwrap().ends_with("m.toml:5:12: `for_each` has no values"), "{error}");
        s.refuses(&["plan", "m.toml", "--prune"], 1, "manifest");
        assert!(!s.ok(&["list", "--json"]).stdout.contains("cessation-of-operation"));
    }
    // What is wrong in each line is told alone.
    s.write("fleet.jsonl", "a\n");
    let error = s.refuses(&["apply", "m.toml", "--prune", "--yes"], 1, "manifest");
    assert!(!error.to_string().contains("no values"), "{error}");
}
