//! Input made to hurt: an answer or a clear refusal within 10 seconds and 500 MB, and no panic, whichever command looks.
//!
//! The bounds are those of the program as people have it: `cargo test --release --test hostile`. Without optimisation there
//! is nothing here.
#![cfg(not(debug_assertions))]

mod common;
mod forge;
mod hostile {
    pub mod lists;
}

use common::{ROOTLET, Ran, Sandbox};
use forge::{Maker, hosts, pem, tlv};
use rootlet::disk::encode_pem;
use std::process::Command;

/// The most memory, in KiB of address space: 500 MB, and what a process has before it does anything.
const KIB: u32 = 500_000 + 20_000;
/// The most CPU time, in seconds.
const SECONDS: u32 = 10;
/// A thread that recurses per level dies of this.
const DEPTH: usize = 200_000;

/// Runs a command within the bounds; it may say yes, no, or that it cannot, in a sentence.
fn bounded(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let script = format!("ulimit -v {KIB}; ulimit -t {SECONDS}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, ROOTLET, "--pki", "pki"]).args(words).current_dir(sandbox.path(""));
    let ran = Ran::of(command);
    let code = ran.code.unwrap_or_else(|| panic!("it was killed: {}", short(&ran)));
    assert!(matches!(code, 0 | 1 | 3), "exit code {code}: {}", short(&ran));
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("RUST_BACKTRACE"), "{}", short(&ran));
    if code != 0 {
        assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty(), "it said nothing: {words:?}");
    }
    ran
}

fn short(ran: &Ran) -> String {
    ran.to_string().chars().take(2_000).collect()
}

/// Every command that looks at files.
fn every_command(sandbox: &Sandbox, file: &str) {
    for words in [
        &["inspect", file][..],
        &["inspect", file, "--json"],
        &["lint", file],
        &["lint", file, "--json"],
        &["tree", file],
        &["verify", file, "--roots", "root.pem"],
        &["verify", file, "--roots", "root.pem", "--json"],
        &["verify", "leaf.pem", "--roots", "root.pem", "--untrusted", file],
        &["verify", "leaf.pem", "--roots", file],
        &["verify", "leaf.pem", "--roots", "root.pem", "--crl", file],
        &["lint", file, "--for", "apple,chromium,java,nss,python-strict,rustls,spiffe"],
        &["lint", file, "--json"],
        &["lint", "leaf.pem", "--issuer-file", file],
    ] {
        bounded(sandbox, words);
    }
}

fn lab() -> (Sandbox, Maker) {
    let (sandbox, mut maker) = (Sandbox::new(), Maker::new());
    sandbox.write("root.pem", pem(&[maker.ca("CN=Root", "CN=Root")]));
    sandbox.write("leaf.pem", pem(&[maker.leaf("CN=Root")]));
    bounded(&sandbox, &["verify", "leaf.pem", "--roots", "root.pem"]).exits(0);
    (sandbox, maker)
}

/// Forty layers of two CAs, each certified by both above: 2^40 paths, and none of them ends at a root.
#[test]
fn exponentially_many_paths() {
    let (sandbox, mut maker) = lab();
    let mut all = vec![maker.leaf("CN=A 0")];
    for layer in 0..40 {
        for own in ["A", "B"] {
            for above in ["A", "B"] {
                all.push(maker.ca(&format!("CN={own} {layer}"), &format!("CN={above} {}", layer + 1)));
            }
        }
    }
    sandbox.write("paths.pem", pem(&all));
    every_command(&sandbox, "paths.pem");
    bounded(&sandbox, &["verify", "paths.pem", "--roots", "root.pem"]).exits(3);
    // Where one path in a trillion ends at the root, it may be found or given up on; it is never called broken.
    all.push(maker.ca("CN=A 40", "CN=Root"));
    sandbox.write("paths.pem", pem(&all));
    let ran = bounded(&sandbox, &["verify", "paths.pem", "--roots", "root.pem", "--json", "--max-depth", "60"]);
    assert!(ran.code == Some(0) || ran.code == Some(3), "{}", short(&ran));
}

#[test]
fn a_ring_of_cas() {
    let (sandbox, mut maker) = lab();
    let mut all = vec![maker.leaf("CN=C 0")];
    all.extend((0..500).map(|i| maker.ca(&format!("CN=C {i}"), &format!("CN=C {}", (i + 1) % 500))));
    sandbox.write("ring.pem", pem(&all));
    every_command(&sandbox, "ring.pem");
    bounded(&sandbox, &["verify", "ring.pem", "--roots", "root.pem"]).exits(3);
}

#[test]
fn ten_thousand_names_below_ten_thousand_constraints() {
    let (sandbox, mut maker) = lab();
    let names: Vec<String> = (0..10_000).map(|i| format!("host-{i}.example")).collect();
    let mut fields = maker.fields("CN=Limits", "CN=Root", true);
    let subtrees = |zone: &str| (0..10_000).map(|i| format!("dns:zone-{i}.{zone}").parse().unwrap()).collect();
    fields.name_constraints.permitted = subtrees("test");
    fields.name_constraints.excluded = subtrees("invalid");
    let limits = maker.sign(&fields);
    let mut fields = maker.fields("CN=a.example", "CN=Limits", false);
    fields.names = hosts(&names);
    let leaf = maker.sign(&fields);
    sandbox.write("names.pem", pem(&[leaf.clone(), limits]));
    every_command(&sandbox, "names.pem");
    bounded(&sandbox, &["verify", "names.pem", "--roots", "root.pem"]).exits(3);
    let mut fields = maker.fields("CN=a.example", "CN=Root", false);
    fields.names = hosts(&names);
    sandbox.write("free.pem", pem(&[maker.sign(&fields)]));
    bounded(&sandbox, &["verify", "free.pem", "--roots", "root.pem", "--host", "host-9999.example"]).exits(0);
    bounded(&sandbox, &["verify", "free.pem", "--roots", "root.pem", "--host", "host-10000.example"]).exits(3);
}

#[test]
fn an_extension_of_64_megabytes() {
    let (sandbox, mut maker) = lab();
    let huge = maker.leaf_with_extension("CN=Root", &vec![0x5a; 64 << 20]);
    sandbox.write("huge.der", &huge);
    every_command(&sandbox, "huge.der");
    bounded(&sandbox, &["inspect", "huge.der"]).exits(1);
    sandbox.write("huge.pem", encode_pem("CERTIFICATE", &huge));
    every_command(&sandbox, "huge.pem");
    let large = maker.leaf_with_extension("CN=Root", &vec![0x5a; 1 << 20]);
    sandbox.write("large.der", &large);
    every_command(&sandbox, "large.der");
    bounded(&sandbox, &["verify", "large.der", "--roots", "root.pem"]).exits(0);
}

#[test]
fn values_inside_values() {
    let (sandbox, mut maker) = lab();
    // From the inside out: each length has to be right for the whole to be looked at.
    let mut nested: Vec<u8> = Vec::new();
    for _ in 0..DEPTH / 100 {
        nested = tlv(0x30, &nested);
    }
    let certificate = maker.leaf_with_extension("CN=Root", &nested);
    sandbox.write("nested.der", &nested);
    sandbox.write("extension.der", &certificate);
    for label in ["CERTIFICATE", "X509 CRL", "CERTIFICATE REQUEST", "PRIVATE KEY", "PUBLIC KEY", "PKCS7", "PKCS12"] {
        let name = format!("{}.pem", label.to_lowercase().replace(' ', "-"));
        sandbox.write(&name, encode_pem(label, &nested));
        every_command(&sandbox, &name);
    }
    every_command(&sandbox, "nested.der");
    every_command(&sandbox, "extension.der");
    for text in ["[".repeat(DEPTH), "{\"keys\":".repeat(DEPTH), "-----BEGIN A-----\n".repeat(DEPTH)] {
        sandbox.write("deep", text);
        every_command(&sandbox, "deep");
    }
}

#[test]
fn a_hundred_thousand_certificates() {
    let (sandbox, mut maker) = lab();
    // All of one name and key, none signed by it: the worst that can stand beside a chain. Only the serial differs, so
    // the signature is broken, and each has to be tried to know.
    let one = maker.ca("CN=Same", "CN=Same");
    let serial = [[0x41u8; 8].as_slice(), &maker_serial(&one)].concat();
    let at = one.windows(serial.len()).position(|w| w == serial).expect("the serial stands in it");
    let mut text = pem(&[maker.leaf("CN=Same")]);
    for i in 0..100_000u64 {
        let mut copy = one.clone();
        copy[at + 8..at + 16].copy_from_slice(&(i + (1 << 40)).to_be_bytes());
        text.push_str(&encode_pem("CERTIFICATE", &copy));
    }
    sandbox.write("many.pem", text);
    every_command(&sandbox, "many.pem");
}

/// The counted part of a serial number: its last eight octets, which stand behind the first eight.
fn maker_serial(der: &[u8]) -> Vec<u8> {
    let at = der.windows(8).position(|w| w == [0x41; 8]).expect("the serial stands in it");
    der[at + 8..at + 16].to_vec()
}

#[test]
fn names_that_talk_to_the_terminal() {
    let (sandbox, mut maker) = lab();
    // The library makes no such name: it is put in the place of another one of the same length.
    let nasty = "\u{1b}[31mred\u{7}\u{202e}txt\u{200b}<script>alert(1)</script>";
    let place = "_".repeat(nasty.len());
    let mut sign = |subject: &str, issuer: &str| {
        let fields = maker.fields(subject, issuer, true);
        let mut tbs = rootlet::x509::encode_certificate(&fields).unwrap();
        while let Some(at) = tbs.windows(place.len()).position(|w| w == place.as_bytes()) {
            tbs[at..at + place.len()].copy_from_slice(nasty.as_bytes());
        }
        maker.sign_bytes(&tbs)
    };
    let name = format!("CN={place}");
    let all = [sign(&name, &name), sign("CN=x", &name)];
    sandbox.write("nasty.pem", pem(&all));
    for words in [
        &["inspect", "nasty.pem"][..],
        &["lint", "nasty.pem"],
        &["tree", "nasty.pem"],
        &["verify", "nasty.pem", "--roots", "root.pem", "--explain"],
        &["inspect", "nasty.pem", "--field", "subject"],
    ] {
        let ran = bounded(&sandbox, words);
        assert!(ran.stdout.contains("alert"), "{words:?} shows no name");
        for said in [&ran.stdout, &ran.stderr] {
            let raw =
                |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200b}';
            assert!(!said.contains(raw), "{words:?} lets something through: {said:?}");
        }
    }
}

#[test]
fn nothing_that_could_be_read() {
    let (sandbox, _) = lab();
    sandbox.write("empty", "");
    sandbox.write("spaces", " \n\t\n");
    sandbox.write("text", "hello\n");
    sandbox.write("binary", [0xff; 4096]);
    sandbox.write("zeros", vec![0; 1 << 20]);
    sandbox.write("half.pem", &sandbox.bytes("root.pem")[..200]);
    for file in ["empty", "spaces", "text", "binary", "zeros", "half.pem", "missing", "."] {
        every_command(&sandbox, file);
        for verb in ["inspect", "tree"] {
            bounded(&sandbox, &[verb, file]).exits(1);
        }
        // A certificate that is cut off is a finding.
        bounded(&sandbox, &["lint", file]).exits(if file == "half.pem" { 3 } else { 1 });
        bounded(&sandbox, &["verify", file, "--roots", "root.pem"]).exits(1);
        bounded(&sandbox, &["verify", "leaf.pem", "--roots", file]).exits(1);
    }
}
