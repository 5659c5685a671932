//! `renew`: what stays, what changes, what is refused, and what runs after it.

use crate::common::ran::warnings;
use crate::common::{DAY, Sandbox};
use serde_json::Value;

/// A root and an issuing CA that are old enough to have issued things which have ended.
pub fn old_lab() -> Sandbox {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-400 * DAY), "--lifetime", "20y"]);
    s.ok(&["intermediate", "Lab Issuing", "--not-before", &s.time(-300 * DAY), "--lifetime", "5y"]);
    s
}

pub fn show(s: &Sandbox, name: &str) -> Value {
    s.json(&["show", name])["certificate"].clone()
}

/// A leaf that has lived for `day` days of ten.
pub fn leaf(s: &Sandbox, name: &str, day: i64) {
    s.ok(&["client", name, "--not-before", &s.time(-day * DAY), "--lifetime", "10d"]);
}

/// Name and action of each result.
pub fn acts(outcome: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_string();
    let results = outcome["results"].as_array().expect("results");
    results.iter().map(|r| (text(&r["name"]), text(&r["action"]))).collect()
}

pub fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

/// It fails for the one name that it is about, with this code, and nothing changes.
#[track_caller]
pub fn refuses(s: &Sandbox, arguments: &[&str], code: &str) -> Value {
    let before = s.state();
    let ran = s.run(&[&["renew", "--json"], arguments].concat()).exits(1);
    assert_eq!(ran.stderr, "", "{ran}");
    let result = ran.object()["results"][0].clone();
    assert_eq!((&result["action"], &result["error"]["code"]), (&"failed".into(), &code.into()), "{ran}");
    assert!(result.get("certificate").is_none(), "{ran}");
    before.assert_unchanged(&s.state(), &arguments.join(" "));
    result["error"].clone()
}

fn seconds(certificate: &Value) -> i64 {
    let unix = |field: &str| {
        let text = certificate[field].as_str().expect("a time");
        let form = &time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(text, form).expect("a time").unix_timestamp()
    };
    unix("not_after") - unix("not_before") + 1
}

const KEPT: [&str; 13] = [
    "name",
    "profile",
    "ca",
    "subject",
    "issuer",
    "issuer_name",
    "sans",
    "key_algorithm",
    "key_usage",
    "eku",
    "path_len",
    "subject_key_id",
    "spki_sha256",
];

#[test]
fn everything_stays_but_serial_and_dates() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--spiffe", "spiffe://example.org", "--path-len", "2", "--lifetime", "9y"]);
    let constraints = ["--permit", "dns:lab.internal", "--permit", "uri:.example.org", "--permit", "email:a.org"];
    let more = ["--exclude", "ip:10.0.0.0/8", "--exclude", "dn:O=Other", "--eku", "serverAuth", "--path-len", "1"];
    s.ok(&[&["intermediate", "Narrow", "--subject", "CN=Narrow,O=a+OU=b"], &constraints[..], &more[..]].concat());
    s.ok(&["intermediate", "Lab Issuing", "--issuer", "lab-root"]);
    for (command, more) in [
        (["server", "a.lab.internal"], &["--issuer", "narrow", "--dns", "*.lab.internal", "--key", "p384"][..]),
        (["peer", "10.0.0.1"], &["--ip", "2001:db8::1", "--lifetime", "90d", "--eku", "codeSigning"]),
        (["client", "c"], &["--subject", "CN=c,OU=b,OU=a,O=Lü", "--email", "c@a.org", "--uri", "https://a.org/"]),
        (["workload", "spiffe://example.org/x"], &["--name", "w", "--lifetime", "1h"]),
    ] {
        s.ok(&[&command[..], &["--issuer", "lab-issuing"][..if more[0] == "--issuer" { 0 } else { 2 }], more].concat());
    }
    for name in ["lab-root", "narrow", "lab-issuing", "a.lab.internal", "10.0.0.1", "c", "w"] {
        let before = show(&s, name);
        let key = s.bytes(before["files"]["key"].as_str().unwrap());
        let outcome = s.json(&["renew", name]);
        assert_eq!(acts(&outcome), pairs(&[(name, "renewed")]));
        let after = show(&s, name);
        assert_eq!(outcome["results"][0]["certificate"], after);
        for field in KEPT {
            assert_eq!(after[field], before[field], "{name}: {field}");
        }
        assert_ne!(after["serial"], before["serial"]);
        assert_eq!(after["predecessor"], before["serial"]);
        assert_eq!(seconds(&after), seconds(&before), "{name} lives as long");
        assert!(s.bytes(after["files"]["key"].as_str().unwrap()) == key, "{name} keeps its key file");
        // Byte for byte, which no field shows.
        let of = |c: &Value| {
            let der = pem::parse(c["pem"].as_str().unwrap()).unwrap().into_contents();
            let c = rootlet::x509::read_certificate(&der).unwrap();
            (c.subject.der.clone(), c.name_constraints.clone())
        };
        assert_eq!(of(&after), of(&before), "{name}");
        // The old one stays what it was.
        assert_eq!(show(&s, before["serial"].as_str().unwrap())["status"], "valid");
    }
    s.ok(&["doctor"]);
    // The renewed CAs issue, and what was issued before is renewed below them.
    s.ok(&["server", "b.lab.internal", "--issuer", "narrow"]);
    s.ok(&["renew", "c", "a.lab.internal"]);
    assert!(s.text("pki/certs/c/chain.pem") == s.text("pki/ca/lab-issuing/cert.pem"), "the new chain");
    s.ok(&["doctor"]);
}

#[test]
fn the_dates_may_be_typed() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "c", "--lifetime", "90d"]);
    for (option, value, life) in [("--lifetime", "20d", 20 * DAY), ("--days", "30", 30 * DAY)] {
        let outcome = s.json(&["renew", "c", option, value]);
        assert_eq!(seconds(&outcome["results"][0]["certificate"]), life);
    }
    let (start, end) = (s.time(-60), s.time(5 * DAY));
    let outcome = s.json(&["renew", "c", "--not-before", &start, "--not-after", &end]);
    let certificate = &outcome["results"][0]["certificate"];
    assert_eq!((&certificate["not_before"], &certificate["not_after"]), (&start.into(), &end.into()));
    refuses(&s, &["c", "--lifetime", "30y"], "outlives-issuer");
    refuses(&s, &["c", "--not-before", "2001-01-01"], "outlives-issuer");
}

/// What was cut to its issuer's end was not meant to be so short.
#[test]
fn a_lifetime_that_was_cut_is_not_inherited() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-100 * DAY), "--lifetime", "200d"]);
    let made = s.json(&["client", "long"]);
    assert_eq!(warnings(&made), ["clamped"]);
    s.ok(&["client", "typed", "--lifetime", "150d", "--not-before", &s.time(-90 * DAY)]);
    s.ok(&["renew", "typed", "--not-after", &s.field("lab-root", "not_after")]);
    let error = refuses(&s, &["long"], "no-gain");
    assert!(error["hints"][0].as_str().unwrap().contains("`lab-root`"), "{error}");
    s.ok(&["renew", "lab-root", "--lifetime", "10y"]);
    let outcome = s.json(&["renew", "long", "typed"]);
    assert_eq!(seconds(&outcome["results"][0]["certificate"]), 365 * DAY, "its profile's");
    assert_eq!(seconds(&outcome["results"][1]["certificate"]), 150 * DAY, "that of the one before");
}

#[test]
fn what_is_refused() {
    let s = old_lab();
    for name in ["gone", "held", "stolen", "twice", "lost", "swapped"] {
        leaf(&s, name, 1);
    }
    s.ok(&["revoke", "gone", "--reason", "superseded"]);
    let error = refuses(&s, &["gone"], "revoked");
    assert!(error["hints"][0].as_str().unwrap().contains("rootlet client"), "{error}");
    s.ok(&["revoke", "held", "--reason", "certificate-hold"]);
    refuses(&s, &["held"], "on-hold");
    refuses(&s, &["nobody"], "not-found");
    refuses(&s, &["./nowhere.pem"], "io");

    let old = s.field("twice", "serial");
    std::fs::copy(s.path("pki/certs/twice/cert.pem"), s.path("old.pem")).unwrap();
    s.ok(&["renew", "twice"]);
    refuses(&s, &[&old], "not-current");
    refuses(&s, &["--serial", &old, "--issuer", "lab-issuing"], "not-current");
    refuses(&s, &["old.pem"], "not-current");
    s.ok(&["renew", &s.field("twice", "serial")]);
    s.ok(&["renew", "pki/certs/twice/cert.pem"]);

    // A compromised key, whose certificate is another one by now.
    let serial = s.field("stolen", "serial");
    s.ok(&["renew", "stolen"]);
    s.ok(&["revoke", &serial, "--reason", "key-compromise"]);
    refuses(&s, &["stolen"], "revoked");
    std::fs::remove_file(s.path("pki/certs/lost/key.pem")).unwrap();
    refuses(&s, &["lost"], "io");
    std::fs::copy(s.path("pki/certs/twice/key.pem"), s.path("pki/certs/swapped/key.pem")).unwrap();
    refuses(&s, &["swapped"], "key");

    refuses(&s, &["lab-issuing", "--revoke-old"], "not-renewable");
    // An issuer without its key, and a revoked one.
    std::fs::rename(s.path("pki/ca/lab-issuing/key.pem"), s.path("away")).unwrap();
    refuses(&s, &["twice"], "issuer-unusable");
    std::fs::rename(s.path("away"), s.path("pki/ca/lab-issuing/key.pem")).unwrap();
    s.ok(&["revoke", "lab-issuing", "--reason", "superseded"]);
    refuses(&s, &["twice"], "issuer-unusable");
    refuses(&s, &["lab-issuing"], "revoked");

    for wrong in [
        &["renew"][..],
        &["renew", "a", "--key", "p256"],
        &["renew", "a", "--rekey", "--key", "dsa"],
        &["renew", "--due", "a"],
        &["renew", "a", "--due", "30"],
        &["renew", "a", "--issuer", "b"],
        &["renew", "--watch"],
        &["renew", "a", "--lifetime", "1d", "--days", "1"],
    ] {
        let before = s.state();
        let ran = s.run(&[wrong, &["--json"]].concat()).exits(2);
        assert!(ran.read_error().is_ok(), "{ran}");
        before.assert_unchanged(&s.state(), &wrong.join(" "));
    }
    s.refuses(&["renew", "a", "--pki", "nowhere"], 1, "no-pki");
}

/// Others go on past one that fails, and an issuer comes before what it issues.
#[test]
fn one_that_fails_stops_nobody() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a"]);
    s.ok(&["client", "b"]);
    let ran = s.run(&["renew", "a", "nobody", "b", "a", "lab-issuing", "lab-root", "--json"]).exits(1);
    let expected =
        [("lab-root", "renewed"), ("lab-issuing", "renewed"), ("a", "renewed"), ("nobody", "failed"), ("b", "renewed")];
    assert_eq!(acts(&ran.object()), pairs(&expected));
    s.run(&["renew", "nobody", "a"]).exits(1).prints("renewed client a").says("nothing here is called `nobody`");
    let lines = s.run(&["renew", "nobody", "a", "--jsonl"]).exits(1);
    assert_eq!((lines.stdout.lines().count(), lines.stderr.as_str()), (2, ""));
}

#[test]
fn what_is_due() {
    let s = old_lab();
    for (name, day) in [("fresh", 1), ("soon", 7), ("sooner", 9), ("ended", 14), ("given-up", 40)] {
        leaf(&s, name, day);
    }
    leaf(&s, "gone", 8);
    leaf(&s, "held", 8);
    s.ok(&["revoke", "gone"]);
    s.ok(&["revoke", "held", "--reason", "certificate-hold"]);
    let due = |more: &[&str]| {
        let s = s.copied();
        let outcome = s.json(&[&["renew"], more].concat());
        s.ok(&["doctor"]);
        acts(&outcome)
    };
    let renewed = |names: &[&str]| names.iter().map(|n| (n.to_string(), "renewed".to_string())).collect::<Vec<_>>();
    assert_eq!(due(&["--due"]), renewed(&["ended", "sooner", "soon"]));
    assert_eq!(due(&["--due", "2d"]), renewed(&["ended", "sooner"]));
    assert_eq!(due(&["--due=5%"]), renewed(&["ended"]));
    // Never more than the last third of a life.
    assert_eq!(due(&["--due", "9d"]), renewed(&["ended", "sooner", "soon"]));
    assert_eq!(due(&["--due=100%"]), renewed(&["ended", "sooner", "soon"]));
    // Of those that are named. What was given up is not, when it is named.
    let named = due(&["fresh", "soon", "given-up", "held", "--due"]);
    let expected = [("fresh", "unchanged"), ("soon", "renewed"), ("given-up", "renewed"), ("held", "skipped")];
    assert_eq!(named, pairs(&expected));
    s.ok(&["renew", "--due"]);
    let before = s.state();
    s.ok(&["renew", "--due"]).says("nothing is due");
    assert_eq!(s.json(&["renew", "--due"])["results"], serde_json::json!([]));
    before.assert_unchanged(&s.state(), "renew --due");
}

/// The last third of a CA comes before that of what it issued; it goes first.
#[test]
fn what_is_due_comes_from_above() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root", "--not-before", &s.time(-80 * DAY), "--lifetime", "100d"]);
    s.ok(&["intermediate", "Lab Issuing", "--not-before", &s.time(-79 * DAY), "--not-after", &s.time(19 * DAY)]);
    leaf(&s, "a", 8);
    let outcome = s.json(&["renew", "--due"]);
    let expected = [("lab-root", "renewed"), ("lab-issuing", "renewed"), ("a", "renewed")];
    assert_eq!(acts(&outcome), pairs(&expected));
    assert_eq!(outcome["results"][0]["certificate"]["not_before"], s.field("lab-root", "not_before"));
    s.ok(&["crl", "--due"]);
    s.ok(&["doctor"]);
}

#[test]
fn deliveries() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal", "--out-dir", "tls", "--key-mode", "0640"]);
    let outcome = s.json(&["renew", "a.internal"]);
    assert_eq!(outcome["results"][0]["delivered"], serde_json::json!([s.path("tls")]));
    for file in ["ca.pem", "cert.pem", "chain.pem", "fullchain.pem", "key.pem"] {
        assert!(s.bytes(&format!("tls/{file}")) == s.bytes(&format!("pki/certs/a.internal/{file}")), "{file}");
    }
    assert_eq!(s.mode("tls/key.pem"), 0o640);
    // It exists, whatever became of its files: both are told, and nothing runs after it.
    std::fs::remove_dir_all(s.path("tls")).unwrap();
    s.write("tls", "in the way");
    let ran = s.run(&["renew", "a.internal", "--exec", "touch ran", "--revoke-old", "--json"]).exits(1);
    let result = &ran.object()["results"][0];
    assert_eq!((&result["action"], &result["error"]["code"]), (&"renewed".into(), &"io".into()), "{ran}");
    assert_eq!(result["certificate"]["serial"], s.field("a.internal", "serial").as_str());
    assert!(!s.path("ran").exists());
    assert_eq!(show(&s, &s.field("a.internal", "predecessor"))["status"], "valid");
    std::fs::remove_file(s.path("tls")).unwrap();
    s.ok(&["renew", "--due"]);
    assert!(s.bytes("tls/cert.pem") == s.bytes("pki/certs/a.internal/cert.pem"), "the next command delivers it");
}

#[test]
fn the_old_one_is_revoked_when_the_new_one_is_in_place() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["client", "a"]);
    s.ok(&["client", "b"]);
    let outcome = s.json(&["renew", "a", "b", "--revoke-old"]);
    let revoked = outcome["revoked"].as_array().unwrap();
    assert_eq!(revoked.len(), 2);
    for (one, name) in revoked.iter().zip(["a", "b"]) {
        assert_eq!((&one["name"], &one["action"]), (&name.into(), &"revoked".into()));
        assert_eq!(one["serial"], s.field(name, "predecessor").as_str());
        assert_eq!(one["certificate"]["revocation"]["reason"], "superseded");
        assert_eq!(s.field(name, "status"), "valid");
    }
    s.ok(&["crl", "--check"]);
    // What the user's command says no to is not in place.
    let outcome = s.run(&["renew", "a", "--revoke-old", "--exec", "exit 3", "--json"]).exits(1).object();
    assert!(outcome.get("revoked").is_none(), "{outcome}");
    assert_eq!(show(&s, &s.field("a", "predecessor"))["status"], "valid");
    s.ok(&["renew", "--due", "--revoke-old"]);
    s.ok(&["renew", "a", "--revoke-old"]).prints("revoked a (serial");
}

/// A descriptor with a passphrase behind it, or a lock that the caller took, is no affair of the command.
#[test]
fn the_command_after_it_inherits_no_descriptor() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal"]);
    s.write("secret", "correct horse");
    let hook = "for n in 3 9; do test -e /proc/$$/fd/$n && echo $n >> leaked; done; touch ran";
    let shell = format!("exec 3<secret 9>>lock; exec {} renew a.internal --exec '{hook}'", crate::common::ROOTLET);
    let mut command = std::process::Command::new("sh");
    command.current_dir(s.path("")).args(["-c", &shell]);
    crate::common::Ran::of(command).exits(0);
    assert!(s.path("ran").exists());
    assert!(!s.path("leaked").exists(), "{}", s.text("leaked"));
}

#[test]
fn the_command_after_it() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "a.internal"]);
    s.ok(&["client", "old", "--not-before", &s.time(-60), "--not-after", &s.time(DAY)]);
    let mut command = s.command(&["renew", "a.internal", "--exec", "env | grep ^ROOTLET_ | sort > env.txt"]);
    command.env("ROOTLET_PASSPHRASE", "secret").env("ROOTLET_ISSUER_PASSPHRASE", "secret");
    command.env("ROOTLET_CRL", "kept").env("ROOTLET_CHAIN", "replaced");
    crate::common::Ran::of(command).exits(0);
    let file = |name: &str| s.path(&format!("pki/certs/a.internal/{name}.pem")).display().to_string();
    let expected = [
        "ROOTLET_ACTION=renewed".to_string(),
        format!("ROOTLET_CA={}", file("ca")),
        format!("ROOTLET_CERT={}", file("cert")),
        format!("ROOTLET_CHAIN={}", file("chain")),
        "ROOTLET_CRL=kept".into(),
        format!("ROOTLET_FULLCHAIN={}", file("fullchain")),
        format!("ROOTLET_KEY={}", file("key")),
        "ROOTLET_NAME=a.internal".into(),
        format!("ROOTLET_NOT_AFTER={}", s.field("a.internal", "not_after")),
        format!("ROOTLET_PKI={}", s.path("pki").display()),
        "ROOTLET_PROFILE=server".into(),
        format!("ROOTLET_SERIAL={}", s.field("a.internal", "serial")),
    ];
    assert_eq!(s.text("env.txt").lines().collect::<Vec<_>>(), expected);

    // It may use the PKI itself; it runs for what was renewed and nothing else.
    let nested = format!("{} renew --due && echo $ROOTLET_NAME >> names.txt", crate::common::ROOTLET);
    s.ok(&["renew", "a.internal", "old", "--exec", &nested]);
    s.ok(&["renew", "a.internal", "old", "--due", "--exec", &nested]);
    assert_eq!(s.text("names.txt"), "a.internal\nold\n");

    let serial = s.field("a.internal", "serial");
    let ran = s.run(&["renew", "a.internal", "old", "--exec", "echo out; exit 7", "--json"]).exits(1);
    assert_eq!(ran.stderr, "out\nout\n", "stdout is one object");
    for result in ran.object()["results"].as_array().unwrap() {
        assert_eq!((&result["action"], &result["error"]["code"]), (&"renewed".into(), &"exec".into()));
        assert!(result["error"]["message"].as_str().unwrap().contains('7'), "{result}");
    }
    assert_ne!(s.field("a.internal", "serial"), serial, "the renewal stands");
    s.run(&["renew", "a.internal", "--exec", "echo out"]).exits(0).prints("out\n");
    s.run(&["renew", "a.internal", "--exec", "kill -9 $$"]).exits(1).says("the command after it failed");
}

/// What is below a detached key is nobody's fault until somebody brings the key.
#[test]
fn what_cannot_be_renewed_here_is_skipped() {
    let s = old_lab();
    leaf(&s, "a", 8);
    s.ok(&["key", "detach", "lab-issuing", "--output", "away.pem"]);
    let before = s.state();
    let outcome = s.json(&["renew", "--due"]);
    assert_eq!(acts(&outcome), pairs(&[("a", "skipped")]));
    assert!(outcome["results"][0]["reason"].as_str().unwrap().contains("detached"), "{outcome}");
    before.assert_unchanged(&s.state(), "renew --due");
    let outcome = s.json(&["renew", "--due", "--issuer-key-file", "away.pem"]);
    assert_eq!(acts(&outcome), pairs(&[("a", "renewed")]));
}
