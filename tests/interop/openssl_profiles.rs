//! What `openssl x509 -text` reads in a certificate of each profile: these facts and no others.

use std::collections::BTreeMap;

use super::openssl::OPENSSL;
use super::pki::{Entry, KeyAlgorithm, Pki, WORKLOAD};
use super::program::{present, run};

const KEY_USAGE: &str = "X509v3 Key Usage";
const EXTENDED_KEY_USAGE: &str = "X509v3 Extended Key Usage";
const BASIC_CONSTRAINTS: &str = "X509v3 Basic Constraints";
const ALTERNATIVE_NAMES: &str = "X509v3 Subject Alternative Name";
const SUBJECT_KEY: &str = "X509v3 Subject Key Identifier";
const AUTHORITY_KEY: &str = "X509v3 Authority Key Identifier";

const TO_AUTHENTICATE_SERVERS: &str = "TLS Web Server Authentication";
const TO_AUTHENTICATE_CLIENTS: &str = "TLS Web Client Authentication";
const BOTH: &str = "TLS Web Server Authentication, TLS Web Client Authentication";

/// A SHA-256 hash cut to 160 bits, in openssl's colon form (RFC 7093, method 1).
const KEY_IDENTIFIER_LENGTH: usize = 20 * 3 - 1;
/// Fewest and most octets of a serial number, as two hex digits and a separator each.
const SERIAL_LENGTHS: std::ops::RangeInclusive<usize> = 16 * 3 - 1..=20 * 3 - 1;

struct Facts {
    text: String,
    /// Name to whether it is critical and what it holds.
    extensions: BTreeMap<String, (bool, String)>,
}

impl Facts {
    fn of(entry: &Entry) -> Self {
        let ran = run(OPENSSL
            .command()
            .args(["x509", "-noout", "-text", "-nameopt", "RFC2253", "-in"])
            .arg(entry.certificate()))
        .succeeds();
        let mut extensions = BTreeMap::new();
        let mut name = None;
        let lines = ran.stdout.lines().skip_while(|line| line.trim() != "X509v3 extensions:").skip(1);
        for line in lines.take_while(|line| line.starts_with("            ")) {
            if line.starts_with("                ") {
                let name: &String = name.as_ref().expect("a value follows its extension");
                let (_, value): &mut (bool, String) = extensions.get_mut(name).expect("the extension was seen");
                let separator = if value.is_empty() { "" } else { "\n" };
                *value += &format!("{separator}{}", line.trim());
            } else {
                let (label, critical) = line.trim().rsplit_once(':').expect("a label ends in a colon");
                name = Some(label.to_owned());
                let earlier = extensions.insert(label.to_owned(), (critical.trim() == "critical", String::new()));
                assert!(earlier.is_none(), "{label} is there twice:\n{}", ran.stdout);
            }
        }
        Self { text: ran.stdout, extensions }
    }

    fn value_after(&self, label: &str) -> &str {
        let rest = self.text.split_once(label).unwrap_or_else(|| panic!("no `{label}` in\n{}", self.text)).1;
        rest.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// The identifier alone: some versions put `keyid:` before it.
    fn key_identifier(&self, extension: &str) -> &str {
        let (critical, value) =
            self.extensions.get(extension).unwrap_or_else(|| panic!("no {extension}:\n{}", self.text));
        assert!(!critical, "{extension} must not be critical:\n{}", self.text);
        value.trim_start_matches("keyid:")
    }

    /// Everything but the key identifiers, exactly as expected.
    #[track_caller]
    fn hold(&self, expected: &[(&str, bool, &str)]) {
        let mut seen = self.extensions.clone();
        seen.retain(|name, _| name != SUBJECT_KEY && name != AUTHORITY_KEY);
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|(name, critical, value)| ((*name).to_owned(), (*critical, (*value).to_owned())))
            .collect();
        assert_eq!(seen, expected, "the extensions of\n{}", self.text);
    }
}

fn facts(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let to_sign_others = (KEY_USAGE, true, "Certificate Sign, CRL Sign");
    let signature = (KEY_USAGE, true, "Digital Signature");
    let serving = match algorithm {
        KeyAlgorithm::Rsa2048 => (KEY_USAGE, true, "Digital Signature, Key Encipherment"),
        _ => signature,
    };
    let end_entity = (BASIC_CONSTRAINTS, true, "CA:FALSE");
    let purpose = |value| (EXTENDED_KEY_USAGE, false, value);

    Facts::of(&pki.root()).hold(&[(BASIC_CONSTRAINTS, true, "CA:TRUE"), to_sign_others]);
    Facts::of(&pki.issuing()).hold(&[(BASIC_CONSTRAINTS, true, "CA:TRUE, pathlen:0"), to_sign_others]);
    Facts::of(&pki.server()).hold(&[
        end_entity,
        serving,
        purpose(TO_AUTHENTICATE_SERVERS),
        (ALTERNATIVE_NAMES, false, "DNS:localhost, IP Address:127.0.0.1"),
    ]);
    Facts::of(&pki.client()).hold(&[end_entity, signature, purpose(TO_AUTHENTICATE_CLIENTS)]);
    Facts::of(&pki.peer()).hold(&[
        end_entity,
        serving,
        purpose(BOTH),
        (ALTERNATIVE_NAMES, false, "DNS:node-1, DNS:localhost, IP Address:127.0.0.1"),
    ]);
    let identity = format!("URI:{WORKLOAD}");
    Facts::of(&pki.workload()).hold(&[end_entity, signature, purpose(BOTH), (ALTERNATIVE_NAMES, true, &identity)]);
}
for_each_key_algorithm!(facts);

fn names_and_numbers(algorithm: KeyAlgorithm) {
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let certified_by = |authority: &Entry, issuer: &str, entry: &Entry, subject: &str| {
        let facts = Facts::of(entry);
        let identifier = facts.key_identifier(SUBJECT_KEY);
        assert_eq!(identifier.len(), KEY_IDENTIFIER_LENGTH, "a cut SHA-256:\n{}", facts.text);
        assert_eq!(facts.key_identifier(AUTHORITY_KEY), Facts::of(authority).key_identifier(SUBJECT_KEY));
        assert_eq!(facts.value_after("Issuer:"), issuer);
        assert_eq!(
            facts.text.lines().find_map(|line| line.trim().strip_prefix("Subject:")).map(str::trim),
            Some(subject)
        );
        assert!(facts.text.contains("Version: 3 (0x2)"));
        let serial = facts.value_after("Serial Number:");
        assert!(SERIAL_LENGTHS.contains(&serial.len()) && !serial.contains('-'), "the serial number {serial}");
        let signature = match algorithm {
            KeyAlgorithm::P256 => "ecdsa-with-SHA256",
            KeyAlgorithm::P384 => "ecdsa-with-SHA384",
            KeyAlgorithm::Ed25519 => "ED25519",
            KeyAlgorithm::Rsa2048 => "sha256WithRSAEncryption",
        };
        assert_eq!(facts.text.matches(&format!("Signature Algorithm: {signature}\n")).count(), 2, "{}", facts.text);
        serial.to_owned()
    };
    let (root, issuing) = (pki.root(), pki.issuing());
    let mut serials = vec![certified_by(&root, "CN=Interop Root", &issuing, "CN=Interop Issuing")];
    for (leaf, subject) in [
        (pki.server(), "CN=localhost"),
        (pki.client(), "CN=service-a"),
        (pki.peer(), "CN=node-1"),
        (pki.workload(), ""),
    ] {
        serials.push(certified_by(&issuing, "CN=Interop Issuing", &leaf, subject));
    }
    serials.sort();
    assert!(serials.windows(2).all(|pair| pair[0] != pair[1]), "every serial number is another one: {serials:?}");
}
for_each_key_algorithm!(names_and_numbers);

fn lifetimes(algorithm: KeyAlgorithm) {
    const HOUR: u64 = 60 * 60;
    const DAY: u64 = 24 * HOUR;
    if !present(&[&OPENSSL]) {
        return;
    }
    let pki = Pki::of(algorithm);
    for (entry, at_least, at_most) in [
        (pki.root(), 3649 * DAY, 3650 * DAY),
        (pki.issuing(), 1824 * DAY, 1825 * DAY),
        (pki.server(), 364 * DAY, 365 * DAY),
        (pki.client(), 364 * DAY, 365 * DAY),
        (pki.peer(), 364 * DAY, 365 * DAY),
        (pki.workload(), 22 * HOUR, 24 * HOUR),
    ] {
        let lasts = |seconds: u64| {
            let mut command = OPENSSL.command();
            command.args(["x509", "-noout", "-checkend", &seconds.to_string(), "-in"]).arg(entry.certificate());
            run(&mut command)
        };
        lasts(at_least).succeeds().says("Certificate will not expire");
        lasts(at_most).fails().says("Certificate will expire");
    }
}
for_each_key_algorithm!(lifetimes);
