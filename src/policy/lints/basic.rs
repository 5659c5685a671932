//! Version, unique identifiers, serial number, and what holds for every extension.

use super::extension::named;
use super::{View, hex, repeated, rule};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::der::{self, Reader};
use crate::x509::{X509Error, oid};

pub(super) static LINTS: &[Lint] = &[
    rule("version", "RFC 5280 4.1.2.1", "a certificate is version 3, the only one with extensions", version)
        .mend("issue it again with extensions (with openssl: `-extfile`, or `-addext` and `-copy_extensions copy`)")
        .also_of(&[RuleSet::PythonStrict, RuleSet::Rustls]),
    rule("unique-ids", "RFC 5280 4.1.2.8", "issuerUniqueID and subjectUniqueID are left out", unique_ids)
        .mend("issue it again without them"),
    rule("serial-positive", "RFC 5280 4.1.2.2", "the serial number is positive", serial_positive)
        .mend("issue it again with a random positive serial number"),
    rule("serial-length", "RFC 5280 4.1.2.2", "the serial number has at most 20 octets", serial_length)
        .mend("issue it again with a serial number of 16 to 20 octets")
        .also_of(&[RuleSet::Rustls]),
    rule("serial-entropy", "CABF TLS BR 7.1", "the serial number has 64 random bits at least", serial_entropy)
        .mend("issue it again with 16 random octets as serial number (openssl: leave `-set_serial` out)")
        .warns(),
    rule("extension-duplicate", "RFC 5280 4.2", "no extension stands twice in a certificate", duplicate)
        .mend("issue it again with each extension once"),
    rule("extension-unknown-critical", "RFC 5280 4.2", "no unknown extension is critical", unknown_critical)
        .mend("issue it again with that extension not critical, unless all software that meets it knows it")
        .also_of(&[
            RuleSet::PythonStrict,
            RuleSet::Rustls,
            RuleSet::Java,
            RuleSet::Chromium,
            RuleSet::Nss,
            RuleSet::Apple,
        ]),
    rule("extension-malformed", "RFC 5280 4.2", "every known extension has the structure of its definition", malformed)
        .mend("issue it again with software that encodes this extension rightly"),
    rule("der-default", "X.690 11.5", "a value that equals its DEFAULT is not encoded", default_encoded)
        .mend("issue it again with software that writes DER"),
    rule("der-minimal", "X.690 8.3.2, 11.2.2", "integers and named bits have no needless octets or bits", minimal)
        .mend("issue it again with software that writes DER"),
];

/// A serial of fewer octets cannot hold 64 random bits.
const ENTROPY_OCTETS: usize = 8;
/// The most octets of a serial number, sign octet included.
pub(super) const SERIAL_OCTETS: usize = 20;

/// Extensions that this crate reads or its validator processes.
pub(super) const KNOWN: [&[u64]; 13] = [
    oid::SUBJECT_KEY_ID,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::AUTHORITY_KEY_ID,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
    oid::AUTHORITY_INFO_ACCESS,
];

fn version(v: &View<'_>, report: &mut Report) {
    if v.facts.version != 3 {
        let version = v.facts.version;
        report.say(format!(
            "it is a version {version} certificate, which cannot say what it is for or whether it is a CA"
        ));
    }
}

fn unique_ids(v: &View<'_>, report: &mut Report) {
    if v.facts.has_unique_ids {
        report.say("it has an issuerUniqueID or a subjectUniqueID");
    }
}

fn serial_positive(v: &View<'_>, report: &mut Report) {
    let raw = &v.facts.raw_serial;
    if raw.first().is_none_or(|b| b & 0x80 != 0) {
        report.say(format!("the serial number `{}` is negative", hex(raw)));
    } else if raw.iter().all(|b| *b == 0) {
        report.say("the serial number is zero");
    }
}

fn serial_length(v: &View<'_>, report: &mut Report) {
    let length = v.facts.raw_serial.len();
    if length > SERIAL_OCTETS {
        report.say(format!("the serial number has {length} octets, and {SERIAL_OCTETS} is the most"));
    }
}

fn serial_entropy(v: &View<'_>, report: &mut Report) {
    let raw = &v.facts.raw_serial;
    if raw.len() < ENTROPY_OCTETS {
        report.say(format!("the serial number `{}` is too short to hold 64 random bits", hex(raw)));
    }
}

fn duplicate(v: &View<'_>, report: &mut Report) {
    for oid in repeated(v.facts.extensions.iter().map(|e| &e.oid)) {
        report.say(format!("the extension {} stands more than once", named(oid)));
    }
}

fn unknown_critical(v: &View<'_>, report: &mut Report) {
    for e in v.facts.extensions.iter().filter(|e| e.critical && !KNOWN.contains(&e.oid.arcs())) {
        report.say(format!(
            "the extension {} is critical, and software that does not know it refuses the certificate",
            named(&e.oid)
        ));
    }
}

fn malformed(v: &View<'_>, report: &mut Report) {
    for e in v.facts.extensions.iter().filter(|e| e.malformed) {
        report.say(format!("the extension {} does not have the structure that its standard gives it", named(&e.oid)));
    }
}

/// The extensions of a tbsCertificate with the octets of `critical` where they are written.
fn raw_criticals(tbs: &[u8]) -> Result<Vec<&[u8]>, X509Error> {
    let mut outer = Reader::new(tbs, "the certificate");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut fields = outer.inside(sequence);
    let mut found = Vec::new();
    while !fields.is_empty() {
        let field = fields.any()?;
        if field.tag != der::context_constructed(3) {
            continue;
        }
        let list = fields.inside(field).expect(der::SEQUENCE)?;
        let mut list = fields.inside(list);
        while !list.is_empty() {
            let one = list.expect(der::SEQUENCE)?;
            let mut parts = list.inside(one);
            parts.expect(der::OID)?;
            found.extend(parts.optional(der::BOOLEAN)?.map(|b| b.content));
        }
    }
    Ok(found)
}

fn default_encoded(v: &View<'_>, report: &mut Report) {
    let criticals = raw_criticals(&v.facts.der).unwrap_or_default();
    if criticals.contains(&&[0][..]) {
        report.say("an extension has `critical` FALSE written out");
    }
    let whole = v.facts.extension(oid::BASIC_CONSTRAINTS).map(|e| e.value.as_slice());
    if matches!(whole, Some([der::SEQUENCE, _, der::BOOLEAN, 1, value, ..]) if !matches!(value, 0 | 0xff)) {
        report.say("basicConstraints has a cA that is neither FALSE nor TRUE in DER");
    }
    if criticals.iter().any(|c| !matches!(c, [0 | 0xff])) {
        report.say("an extension has a `critical` that is neither FALSE nor TRUE in DER");
    }
    let written = v.facts.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| {
        let mut outer = Reader::new(&e.value, "basicConstraints");
        outer.expect(der::SEQUENCE).is_ok_and(|s| s.content.starts_with(&[der::BOOLEAN, 1, 0]))
    });
    if written {
        report.say("basicConstraints has cA FALSE written out");
    }
}

/// Whether the pathLenConstraint of a basicConstraints is an INTEGER that is longer than it has to be.
fn has_padded_length(value: &[u8]) -> Result<bool, X509Error> {
    let mut outer = Reader::new(value, "basicConstraints");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut fields = outer.inside(sequence);
    fields.optional(der::BOOLEAN)?;
    let length = fields.optional(der::INTEGER)?;
    Ok(length.is_some_and(|l| matches!(l.content, [0, next, ..] if next & 0x80 == 0)))
}

fn minimal(v: &View<'_>, report: &mut Report) {
    let raw = &v.facts.raw_serial;
    if matches!(raw[..], [0, next, ..] if next & 0x80 == 0) {
        report.say(format!("the serial number `{}` has a needless leading octet", hex(raw)));
    }
    if v.facts.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| has_padded_length(&e.value) == Ok(true)) {
        report.say("the pathLenConstraint has a needless leading octet");
    }
    let Some(usage) = v.facts.extension(oid::KEY_USAGE) else { return };
    let mut reader = Reader::new(&usage.value, "keyUsage");
    let Ok(bits) = reader.expect(der::BIT_STRING) else { return };
    // The lowest used bit of a named bit list is set (X.690 11.2.2).
    if let [unused @ 0..=7, .., last] = bits.content
        && last >> unused & 1 == 0
    {
        report.say("keyUsage has trailing zero bits");
    }
}
