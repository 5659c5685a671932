//! `tree`: the hierarchy of the PKI, and of any file.

use crate::common::{DAY, Sandbox, hostile};
use serde_json::Value;

/// `name[children]`, and `name:what` where a field is asked for.
fn shape(tree: &Value, field: &str) -> String {
    let node = |n: &Value| {
        let name = n["name"].as_str().or(n["subject"].as_str()).unwrap();
        let more = if field.is_empty() { String::new() } else { format!(":{}", n[field].to_string().replace('"', "")) };
        let below = shape(&n["children"], field);
        if below.is_empty() { format!("{name}{more}") } else { format!("{name}{more}[{below}]") }
    };
    tree.as_array().unwrap().iter().map(node).collect::<Vec<_>>().join(" ")
}

/// A node by its name, wherever it is.
fn node<'a>(tree: &'a Value, name: &str) -> Option<&'a Value> {
    tree.as_array()?.iter().find_map(|n| if n["name"] == name { Some(n) } else { node(&n["children"], name) })
}

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["intermediate", "Mesh", "--issuer", "lab-root"]);
    let leaf = |name: &str, from: i64, to: i64| {
        s.ok(&["client", name, "--issuer", "lab-issuing", "--not-before", &s.time(from), "--not-after", &s.time(to)]);
    };
    for name in ["fresh", "gone", "held", "again"] {
        s.ok(&["client", name, "--issuer", "lab-issuing"]);
    }
    s.ok(&["client", "again", "--issuer", "lab-issuing", "--force"]);
    leaf("soon", -10, DAY / 10);
    leaf("old", -3, -1);
    s.ok(&["revoke", "gone", "--reason", "key-compromise"]);
    s.ok(&["revoke", "held", "--reason", "certificate-hold"]);
    s
}

#[test]
fn every_ca_stands_below_its_issuer_with_its_leaves_counted() {
    let s = lab();
    let before = s.state();
    let outcome = s.json(&["tree"]);
    before.assert_unchanged(&s.state(), "tree");
    assert_eq!(shape(&outcome["tree"], ""), "lab-root[lab-issuing mesh]", "leaves are there when they are asked for");
    let issuing = node(&outcome["tree"], "lab-issuing").unwrap();
    let leaves = &issuing["leaves"];
    let count = |field: &str| leaves[field].as_u64().unwrap();
    let fields = ["total", "valid", "expiring", "not_yet_valid", "expired", "revoked", "on_hold", "replaced"];
    assert_eq!(fields.map(count), [6, 3, 0, 0, 1, 1, 1, 1]);
    assert_eq!(leaves["listed"], false);
    let ends: u64 = leaves["ends"].as_array().unwrap().iter().map(|m| m["certificates"].as_u64().unwrap()).sum();
    assert_eq!((ends, leaves["ends"][0]["month"].is_null()), (6, true));
    assert_eq!((&issuing["crl"]["state"], &issuing["crl"]["entries"]), (&"good".into(), &2.into()));
    let all = s.json(&["tree", "--leaves"]);
    assert_eq!(
        shape(&all["tree"], "status"),
        "lab-root:valid[lab-issuing:valid[old:expired soon:valid again:valid fresh:valid gone:revoked held:on-hold] mesh:valid]"
            .replace("again:valid fresh:valid gone:revoked held:on-hold", &by_end(&s, &["again", "fresh", "gone", "held"]))
    );
}

/// Leaves come by their ends, which may differ by a second.
fn by_end(s: &Sandbox, names: &[&str]) -> String {
    let mut all: Vec<_> = names.iter().map(|n| (s.field(n, "not_after"), *n, s.field(n, "status"))).collect();
    all.sort();
    all.iter().map(|(_, n, status)| format!("{n}:{status}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn people_see_few_leaves_and_counts_of_many() {
    let s = lab();
    let text = s.ok(&["tree"]).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 9, "{text}");
    assert!(lines[0].starts_with("lab-root  root, p256, ends ") && lines[0].contains("CRL until "), "{text}");
    assert!(lines[1].starts_with("|- lab-issuing  intermediate, p256, ends "), "{text}");
    assert!(text.contains("|  |- gone  client, revoked since ") && text.contains("(key-compromise)"), "{text}");
    assert!(text.contains("held  client, on hold since ") && text.contains("old  client, expired "), "{text}");
    assert!(lines[8].starts_with("`- mesh  intermediate"), "{text}");
    for n in 0..8 {
        s.ok(&["client", &format!("more-{n}"), "--issuer", "lab-issuing"]);
    }
    let ran = s.ok(&["tree"]).says("see --leaves");
    assert!(ran.stdout.contains("|  `- 14 leaves: 11 valid, 1 on hold, 1 revoked, 1 expired\n"), "{ran}");
    assert_eq!(s.ok(&["tree", "--leaves"]).stdout.lines().count(), 17);
    // Nothing is colored where nobody looks; lines are drawn with what the locale has.
    let colored = s.ok(&["tree", "--color", "always"]).stdout;
    assert!(colored.contains("\x1b[1mlab-root\x1b[0m") && !text.contains('\x1b'), "{colored}");
    let mut command = s.command(&["tree"]);
    command.env("LC_ALL", "").env("LANG", "en_US.UTF-8").env_remove("LC_CTYPE");
    let drawn = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(drawn.contains("├─ lab-issuing") && drawn.contains("└─ mesh"), "{drawn}");
}

#[test]
fn a_ca_that_is_not_good_shows() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c"]);
    s.ok(&["revoke", "c", "--no-crl"]);
    s.ok(&["tree"]).prints("CRL due: it does not list the newest revocations");
    s.ok(&["revoke", "lab-issuing", "--reason", "ca-compromise"]);
    let tree = s.json(&["tree"]);
    let ca = node(&tree["tree"], "lab-issuing").unwrap();
    assert_eq!((&ca["status"], &ca["problem"]), (&"revoked".into(), &"it is revoked".into()));
    s.ok(&["tree"]).prints("lab-issuing  intermediate, p256, revoked since ");
}

#[test]
fn foreign_cas_and_generations_are_marked() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["root", "Theirs", "--pki", "there"]);
    s.ok(&["import", "Partner", "--cert-file", "there/ca/theirs/cert.pem"]);
    let tree = s.json(&["tree"]);
    assert_eq!(shape(&tree["tree"], "key_place"), "lab-root:here[lab-issuing:here] partner:foreign");
    let theirs = node(&tree["tree"], "partner").unwrap();
    assert_eq!((&theirs["crl"]["state"], &theirs["crl"]["reason"]), (&"none".into(), &Value::Null));
    s.ok(&["tree"]).prints("partner  root, p256, foreign, ends ").prints("no CRL");
    // Made again, with a key of its own.
    s.ok(&["revoke", "lab-issuing", "--reason", "superseded"]);
    s.ok(&["intermediate", "Lab Issuing"]);
    let tree = s.json(&["tree"]);
    assert_eq!(shape(&tree["tree"], "generation"), "lab-root:1[lab-issuing:1 lab-issuing:2] partner:1");
    s.ok(&["tree"]).prints("generation 1, an earlier one").prints("generation 2");
}

#[test]
fn a_file_in_any_order() {
    let s = lab();
    let file = |names: &[&str]| names.iter().map(|n| s.text(n)).collect::<String>();
    let (root, issuing, leaf) = ("pki/ca/lab-root/cert.pem", "pki/ca/lab-issuing/cert.pem", "pki/certs/fresh/cert.pem");
    s.write("mixed.pem", file(&[leaf, "pki/certs/fresh/key.pem", root, leaf, issuing]));
    let tree = s.json(&["tree", "mixed.pem"]);
    assert_eq!(shape(&tree["tree"], "place"), "CN=Lab Root:self-signed[CN=Lab Issuing:signed[CN=fresh:signed]]");
    assert_eq!(
        (&tree["certificates"], &tree["others"], &tree["unreadable"]),
        (&3.into(), &1.into(), &Value::Array(vec![]))
    );
    let deepest = &tree["tree"][0]["children"][0]["children"][0];
    assert_eq!(
        (&deepest["number"], &deepest["copies"], &deepest["fingerprint_sha256"].as_str().unwrap().len()),
        (&1.into(), &2.into(), &64)
    );
    s.ok(&["tree", "mixed.pem"])
        .prints("`- CN=Lab Issuing  #5, CA, p256, ends ")
        .says("1 object that is no certificate");
    // What is missing, and what only claims to be.
    s.write("part.pem", file(&[leaf]));
    s.ok(&["tree", "part.pem"]).prints("its issuer is not in the file: CN=Lab Issuing");
    s.ok(&["root", "Lab Issuing", "--pki", "there"]);
    s.write("wrong.pem", file(&[leaf, "there/ca/lab-issuing/cert.pem"]));
    let tree = s.json(&["tree", "wrong.pem"]);
    assert_eq!(shape(&tree["tree"], "place"), "CN=fresh:not-signed CN=Lab Issuing:self-signed");
    assert_eq!(tree["tree"][0]["other"], 2);
    s.ok(&["tree", "wrong.pem"]).prints("#2 has the name of its issuer and did not sign it");
}

#[test]
fn standard_input_and_what_cannot_be_read() {
    let s = Sandbox::with_issuing_ca();
    let broken =
        format!("{}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", s.text("pki/ca/lab-root/cert.pem"));
    let file = s.write("broken.pem", broken);
    let mut command = s.command(&["tree", "-", "--json"]);
    command.stdin(std::fs::File::open(file).unwrap());
    let ran = crate::common::Ran::of(command).exits(0);
    let tree = ran.object();
    assert_eq!(shape(&tree["tree"], ""), "CN=Lab Root");
    assert_eq!((&tree["unreadable"][0]["number"], tree["unreadable"].as_array().unwrap().len()), (&2.into(), 1));
    assert_eq!(tree["warnings"][0]["code"], "unreadable");
    s.ok(&["tree", "broken.pem"]).says("not read: object 2 (line ");
    s.refuses(&["tree", "pki/ca/lab-root/key.pem"], 1, "malformed");
    // A file that was cut off is no file without certificates.
    s.write("cut.pem", &s.bytes("pki/ca/lab-root/cert.pem")[..200]);
    s.run(&["tree", "cut.pem"]).exits(1).says("no certificate in it that can be read: line 1: its PEM is damaged");
    s.write("cut.der", &s.bytes("pki/public/lab-root.crt")[..200]);
    s.run(&["tree", "cut.der"])
        .exits(1)
        .says("no certificate in it that can be read: ")
        .says("in the middle of a value");
    s.run(&["tree", "pki/ca/lab-root/key.pem"]).exits(1).says("it holds no certificate");
    s.write("empty", "");
    s.refuses(&["tree", "empty"], 1, "malformed");
    s.refuses(&["tree", "nothing.pem"], 1, "io");
    s.refuses(&["tree", "broken.pem", "--leaves"], 2, "usage");
    s.refuses(&["tree", "--pki", "nowhere"], 1, "no-pki");
}

/// Names are text, whatever they hold.
#[test]
fn hostile_names_steer_nothing() {
    let s = Sandbox::new();
    let leaves = hostile::write(&s, "example.org");
    let all: String = (0..leaves).map(|n| s.text(&format!("leaf-{n}.pem"))).collect();
    s.write("all.pem", all + &s.text("hostile.pem"));
    let ran = s.ok(&["tree", "all.pem"]);
    assert_eq!(ran.stdout.lines().count(), leaves + 1, "{ran}");
    assert!(ran.stdout.chars().all(|c| c == '\n' || !c.is_control()), "{ran}");
    assert!(!ran.stdout.contains(['\u{202e}', '\u{2066}', '\u{200b}']) && ran.stdout.contains("\\u{202e}"), "{ran}");
    assert!(ran.stdout.lines().all(|l| l.chars().count() < 1_000), "{ran}");
    let tree = s.json(&["tree", "all.pem"]);
    assert_eq!(tree["tree"][0]["children"].as_array().unwrap().len(), leaves);
}

/// So many say nothing to anybody, and comparing them all would take for ever.
#[test]
fn a_heap_that_is_too_large_is_refused() {
    let s = Sandbox::with_issuing_ca();
    let pem = s.bytes("pki/ca/lab-root/cert.pem");
    let der = rootlet::disk::decode_pem(&pem).unwrap().remove(0).der;
    let serial = rootlet::x509::read_certificate(&der).unwrap().raw_serial.clone();
    let at = der.windows(serial.len()).position(|w| w == serial).unwrap();
    let numbered = |n: u32| {
        let mut copy = der.clone();
        copy[at + 1..at + 5].copy_from_slice(&n.to_be_bytes());
        copy
    };
    // All of one name and key, each a possible issuer of all others, and none of them is one.
    s.write("many.der", (0..1_500).flat_map(numbered).collect::<Vec<u8>>());
    let tree = s.json(&["tree", "many.der"]);
    assert_eq!((&tree["certificates"], tree["tree"].as_array().unwrap().len()), (&1_500.into(), 1_500));
    s.write("more.der", (0..20_001).flat_map(numbered).collect::<Vec<u8>>());
    let error = s.refuses(&["tree", "more.der"], 1, "malformed");
    assert!(error["message"].as_str().unwrap().contains("more than 20000 certificates"), "{error}");
}
