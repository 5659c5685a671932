//! The same chains, judged by `verify`, rustls-webpki, `openssl verify -x509_strict` and plain `openssl verify`. Wherever two of them disagree,
//! the table in `docs/verify.md` says why, with the word of the standard; a disagreement that it does not explain fails.
//!
//! `ROOTLET_DIFFERENTIAL=SEED,COUNT` judges other chains.
#![cfg(unix)]

#[path = "differential/case.rs"]
mod case;
#[path = "differential/changes.rs"]
mod changes;
#[path = "forge/mod.rs"]
mod forge;
#[path = "differential/judges.rs"]
mod judges;

use case::case;
use changes::CHANGES;
use forge::Maker;
use std::collections::{BTreeMap, BTreeSet};

/// How many chains are judged.
const CASES: u64 = 2_500;

type Row = (&'static str, &'static str, bool, &'static str);

/// Who differs from `verify`, what was done to the chain, whether the other one says yes, and what the standard says: the
/// rows of the table.
const EXPLAINED: &[Row] = &[
    (
        "webpki",
        "leaf-signs",
        true,
        "RFC 5280 4.2.1.9: keyCertSign without cA must not be asserted; webpki reads no key usage",
    ),
    ("webpki", "leaf-constraints", true, "RFC 5280 4.2.1.10: name constraints stand in CA certificates only"),
    (
        "webpki",
        "leaf-no-authority-key-id",
        true,
        "RFC 5280 4.2.1.1: every certificate has it but a self-signed one; webpki does not look",
    ),
    (
        "webpki",
        "leaf-other-authority-key-id",
        true,
        "RFC 5280 4.2.1.1: it names another key than the issuer has; webpki does not look",
    ),
    ("webpki", "leaf-empty-subject-loose", true, "RFC 5280 4.1.2.6: an empty subject takes a critical subjectAltName"),
    (
        "webpki",
        "leaf-empty-subject",
        true,
        "RFC 5280 4.1.2.6, where the names are taken away too: nothing names it; webpki then matches no host",
    ),
    (
        "webpki",
        "leaf-underscore",
        true,
        "RFC 5280 4.2.1.6, RFC 1034 3.5: no host name has an underscore; webpki takes what is in use",
    ),
    (
        "webpki",
        "ca-may-not-sign",
        true,
        "RFC 5280 6.1.4 (n): keyCertSign is required where key usage is present; webpki reads no key usage",
    ),
    ("webpki", "ca-no-subject-key-id", true, "RFC 5280 4.2.1.2: every CA has it"),
    ("webpki", "ca-no-authority-key-id", true, "RFC 5280 4.2.1.1: every certificate has it but a self-signed one"),
    (
        "webpki",
        "ca-permits-directory",
        false,
        "RFC 5280 4.2.1.10: directory names are compared; webpki refuses every name under such a constraint",
    ),
    (
        "webpki",
        "root-expired",
        true,
        "RFC 5280 6.1.1 (d): an anchor is a name and a key, and its dates are a matter of policy; here an expired root vouches for nothing",
    ),
    (
        "webpki",
        "root-loose-basic-constraints",
        true,
        "RFC 5280 4.2.1.9: they must be critical; an anchor's certificate is not read by webpki",
    ),
    (
        "webpki",
        "root-no-subject-key-id",
        true,
        "RFC 5280 4.2.1.2: every CA has it; an anchor's certificate is not read by webpki",
    ),
    (
        "webpki",
        "root-unknown-critical",
        true,
        "RFC 5280 4.2: what is critical and unknown is refused, wherever it stands",
    ),
    (
        "webpki",
        "root-path-length-0",
        true,
        "RFC 5280 6.1.1 leaves an anchor's own limits open; here they count, as with OpenSSL and Go",
    ),
    ("openssl", "leaf-is-ca", true, "X509-SVID 5.2: a CA authenticates nobody; OpenSSL leaves it to the caller"),
    ("openssl", "leaf-constraints", true, "RFC 5280 4.2.1.10: name constraints stand in CA certificates only"),
    ("openssl", "leaf-underscore", true, "RFC 5280 4.2.1.6, RFC 1034 3.5: no host name has an underscore"),
    (
        "openssl",
        "leaf-no-names",
        false,
        "RFC 9525 6.4.4: a common name is no host name; OpenSSL holds it against DNS constraints where there is no subjectAltName",
    ),
    (
        "openssl",
        "ca-loose-basic-constraints",
        false,
        "RFC 5280 4.2.1.9 asks it of CAs, 6.1.4 (k) of no validator: a warning here",
    ),
    (
        "openssl",
        "ca-no-usage",
        false,
        "RFC 5280 4.2.1.3 asks it of CAs, 6.1.4 (n) only where it is present: a warning here",
    ),
    ("openssl", "root-no-usage", false, "the same of the root"),
    (
        "openssl",
        "a-ring",
        false,
        "RFC 4158: OpenSSL takes the first issuer that fits and does not go back when it leads round",
    ),
    ("webpki", "ca-empty-subject", true, "RFC 5280 4.1.2.6: a CA has a name; webpki takes an empty one as any other"),
    (
        "webpki",
        "ca-empty-constraints",
        true,
        "RFC 5280 4.2.1.10: name constraints must not be an empty sequence; webpki takes them as none",
    ),
    (
        "webpki",
        "ca-permits-with-dot",
        true,
        "RFC 5280 4.2.1.10 gives a leading dot a meaning in URI constraints only; webpki reads it as all below the domain",
    ),
    (
        "webpki",
        "ca-other-authority-key-id",
        true,
        "RFC 5280 4.2.1.1: it names another key than the issuer has; webpki does not look",
    ),
    ("webpki", "ca-twice", true, "RFC 5280 4.2: no extension stands twice; webpki looks at those that it knows"),
    (
        "webpki",
        "ca-any-purpose",
        false,
        "RFC 5280 4.2.1.12: anyExtendedKeyUsage is for every purpose, and who wants a certain one may refuse it: a warning here",
    ),
    ("webpki", "leaf-any-purpose", false, "the same of the leaf"),
    (
        "webpki",
        "leaf-double-wildcard",
        true,
        "RFC 9525 6.3: a wildcard is the whole leftmost label, once; webpki then matches no host",
    ),
    ("webpki", "leaf-half-wildcard", true, "RFC 9525 6.3: a wildcard is a whole label; webpki then matches no host"),
    (
        "webpki",
        "leaf-empty-name",
        true,
        "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax; webpki then matches no host",
    ),
    ("webpki", "leaf-empty-names", true, "RFC 5280 4.2.1.6: at least one name is present; webpki then matches no host"),
    (
        "webpki",
        "leaf-leading-dot",
        true,
        "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax; webpki then matches no host",
    ),
    (
        "webpki",
        "leaf-trailing-dot",
        true,
        "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax; webpki then matches no host",
    ),
    (
        "webpki",
        "leaf-name-with-null",
        true,
        "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax; webpki then matches no host",
    ),
    ("webpki", "leaf-no-mailbox", true, "RFC 5280 4.2.1.6: an rfc822Name is a mailbox"),
    (
        "webpki",
        "leaf-odd-address",
        true,
        "RFC 5280 4.2.1.6: an iPAddress has 4 or 16 octets; webpki then matches no host",
    ),
    (
        "webpki",
        "leaf-no-extensions",
        true,
        "RFC 5280 4.2.1.1: every certificate has an authorityKeyIdentifier but a self-signed one",
    ),
    ("webpki", "leaf-issuer-in-capitals", false, "RFC 5280 7.1: names compare without case; webpki compares bytes"),
    ("webpki", "leaf-issuer-with-spaces", false, "RFC 5280 7.1: white space is folded; webpki compares bytes"),
    (
        "webpki",
        "mailbox-inside",
        false,
        "RFC 5280 4.2.1.10: mailboxes are compared; webpki refuses every mailbox under such a constraint",
    ),
    (
        "webpki",
        "uri-inside",
        false,
        "RFC 5280 4.2.1.10: the hosts of URIs are compared; webpki refuses every URI under such a constraint",
    ),
    (
        "webpki",
        "policy-demanded",
        false,
        "RFC 5280 6.1.3 (d) to (f): policies are processed; webpki does not know policyConstraints",
    ),
    ("webpki", "policy-any", false, "the same with anyPolicy in the leaf"),
    (
        "webpki",
        "root-client",
        true,
        "RFC 5280 6.1.1 leaves an anchor's own limits open; here its purposes count, as with OpenSSL and Go",
    ),
    (
        "webpki",
        "root-may-not-sign",
        true,
        "RFC 5280 4.2.1.3: its key is for other things; an anchor's certificate is not read by webpki",
    ),
    (
        "webpki",
        "root-no-basic-constraints",
        true,
        "RFC 5280 4.2.1.9: without cA its key verifies no certificates; an anchor's certificate is not read by webpki",
    ),
    ("webpki", "root-not-yet", true, "as with one that is expired"),
    (
        "openssl",
        "leaf-last-second",
        false,
        "RFC 5280 4.1.2.5: notAfter belongs to the period; OpenSSL's ends a second before",
    ),
    (
        "openssl",
        "leaf-any-purpose",
        false,
        "RFC 5280 4.2.1.12: anyExtendedKeyUsage is for every purpose, and who wants a certain one may refuse it: a warning here",
    ),
    ("openssl", "ca-any-purpose", false, "the same of the CA"),
    ("openssl", "leaf-double-wildcard", true, "RFC 9525 6.3: a wildcard is the whole leftmost label, once"),
    ("openssl", "leaf-half-wildcard", true, "RFC 9525 6.3: a wildcard is a whole label"),
    ("openssl", "leaf-empty-name", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    ("openssl", "leaf-leading-dot", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    ("openssl", "leaf-trailing-dot", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    ("openssl", "leaf-name-with-null", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    ("openssl", "leaf-no-mailbox", true, "RFC 5280 4.2.1.6: an rfc822Name is a mailbox"),
    ("openssl", "leaf-odd-address", true, "RFC 5280 4.2.1.6: an iPAddress has 4 or 16 octets"),
    ("openssl", "ca-twice", true, "RFC 5280 4.2: no extension stands twice; OpenSSL looks at those that it knows"),
    ("openssl", "ca-empty-constraints", true, "RFC 5280 4.2.1.10: name constraints must not be an empty sequence"),
    (
        "openssl",
        "ca-permits-with-dot",
        true,
        "RFC 5280 4.2.1.10 gives a leading dot a meaning in URI constraints only; OpenSSL reads it as all below the domain",
    ),
    (
        "openssl",
        "address-odd-mask",
        true,
        "RFC 5280 4.2.1.10: an address range is one of CIDR, RFC 4632; OpenSSL takes any mask",
    ),
    (
        "openssl",
        "wildcard-below-exclusion",
        true,
        "RFC 5280 4.2.1.10: a wildcard stands for the excluded name too; OpenSSL compares the wildcard as it is written",
    ),
    (
        "openssl",
        "for-a-host-by-common-name",
        true,
        "RFC 9525 2: the common name is no host name; OpenSSL takes it where there is no DNS name",
    ),
    (
        "openssl",
        "root-other-authority-key-id",
        false,
        "RFC 5280 6.1.1 (d): an anchor is a name and a key, and nobody issued it: a warning here",
    ),
    (
        "openssl",
        "a-tight-twin-first",
        false,
        "RFC 4158 2.4: another path is to be tried; OpenSSL takes the first issuer that fits and does not go back",
    ),
    ("openssl", "a-twin-with-another-key-first", false, "the same"),
    ("openssl", "a-cross-certificate-first", false, "the same"),
    (
        "openssl",
        "leaf-no-names",
        true,
        "RFC 9525 2: the common name is no host name; OpenSSL takes it for the host where there is no DNS name",
    ),
    ("webpki", "leaf-usage-for-nothing", true, "RFC 5280 4.2.1.3: at least one bit is set; webpki reads no key usage"),
    ("webpki", "ca-usage-for-nothing", true, "the same of the CA"),
    (
        "webpki",
        "leaf-uri",
        false,
        "RFC 5280 4.2.1.10: the hosts of URIs are compared; webpki refuses every URI under such a constraint",
    ),
    (
        "openssl",
        "leaf-path-length",
        false,
        "RFC 5280 4.2.1.9: a path length belongs to cA and says nothing without it: a warning here",
    ),
    (
        "openssl",
        "leaf-wildcard",
        true,
        "RFC 5280 4.2.1.10: a wildcard stands for the excluded name too; OpenSSL compares the wildcard as it is written",
    ),
    (
        "plain openssl",
        "leaf-last-second",
        false,
        "RFC 5280 4.1.2.5: notAfter belongs to the period; OpenSSL's ends a second before",
    ),
    (
        "plain openssl",
        "a-twin-with-another-key-first",
        false,
        "RFC 4158 2.4: another path is to be tried; OpenSSL takes the first issuer that fits and does not go back",
    ),
    ("plain openssl", "a-tight-twin-first", false, "the same"),
    ("plain openssl", "a-cross-certificate-first", false, "the same"),
    (
        "plain openssl",
        "root-other-authority-key-id",
        false,
        "RFC 5280 6.1.1 (d): an anchor is a name and a key, and nobody issued it: a warning here",
    ),
    (
        "plain openssl",
        "ca-any-purpose",
        false,
        "RFC 5280 4.2.1.12: anyExtendedKeyUsage is for every purpose, and who wants a certain one may refuse it: a warning here",
    ),
    ("plain openssl", "leaf-any-purpose", false, "the same of the leaf"),
    (
        "plain openssl",
        "address-odd-mask",
        true,
        "RFC 5280 4.2.1.10: an address range is one of CIDR, RFC 4632; OpenSSL takes any mask",
    ),
    (
        "plain openssl",
        "ca-empty-constraints",
        true,
        "RFC 5280 4.2.1.10: name constraints must not be an empty sequence",
    ),
    (
        "plain openssl",
        "ca-empty-subject",
        true,
        "RFC 5280 4.1.2.6: a CA has a name; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "ca-no-authority-key-id",
        true,
        "RFC 5280 4.2.1.1: every certificate has it but a self-signed one; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "ca-no-subject-key-id",
        true,
        "RFC 5280 4.2.1.2: every CA has it; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "ca-permits-with-dot",
        true,
        "RFC 5280 4.2.1.10 gives a leading dot a meaning in URI constraints only; OpenSSL reads it as all below the domain",
    ),
    (
        "plain openssl",
        "ca-twice",
        true,
        "RFC 5280 4.2: no extension stands twice; OpenSSL looks at those that it knows",
    ),
    (
        "plain openssl",
        "for-a-host-by-common-name",
        true,
        "RFC 9525 2: the common name is no host name; OpenSSL takes it where there is no DNS name",
    ),
    ("plain openssl", "leaf-constraints", true, "RFC 5280 4.2.1.10: name constraints stand in CA certificates only"),
    ("plain openssl", "leaf-double-wildcard", true, "RFC 9525 6.3: a wildcard is the whole leftmost label, once"),
    ("plain openssl", "leaf-half-wildcard", true, "RFC 9525 6.3: a wildcard is a whole label"),
    ("plain openssl", "leaf-empty-name", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    (
        "plain openssl",
        "leaf-empty-names",
        true,
        "RFC 5280 4.2.1.6: at least one name is present; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "leaf-empty-subject-loose",
        true,
        "RFC 5280 4.1.2.6: an empty subject takes a critical subjectAltName; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "leaf-empty-subject",
        true,
        "RFC 5280 4.1.2.6, where the names are replaced by some that are not critical; OpenSSL asks for it with -x509_strict",
    ),
    ("plain openssl", "leaf-is-ca", true, "X509-SVID 5.2: a CA authenticates nobody; OpenSSL leaves it to the caller"),
    ("plain openssl", "leaf-leading-dot", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    ("plain openssl", "leaf-trailing-dot", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    ("plain openssl", "leaf-name-with-null", true, "RFC 5280 4.2.1.6: a dNSName is a name in preferred syntax"),
    (
        "plain openssl",
        "leaf-no-authority-key-id",
        true,
        "RFC 5280 4.2.1.1: every certificate has it but a self-signed one; OpenSSL asks for it with -x509_strict",
    ),
    ("plain openssl", "leaf-no-extensions", true, "the same"),
    ("plain openssl", "leaf-no-mailbox", true, "RFC 5280 4.2.1.6: an rfc822Name is a mailbox"),
    ("plain openssl", "leaf-odd-address", true, "RFC 5280 4.2.1.6: an iPAddress has 4 or 16 octets"),
    (
        "plain openssl",
        "leaf-signs",
        true,
        "RFC 5280 4.2.1.9: keyCertSign without cA must not be asserted; OpenSSL asks for it with -x509_strict",
    ),
    ("plain openssl", "leaf-underscore", true, "RFC 5280 4.2.1.6, RFC 1034 3.5: no host name has an underscore"),
    (
        "plain openssl",
        "leaf-version-2",
        true,
        "RFC 5280 4.1.2.1: extensions make it version 3; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "root-loose-basic-constraints",
        true,
        "RFC 5280 4.2.1.9: they must be critical; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "root-no-basic-constraints",
        true,
        "RFC 5280 4.2.1.9: without cA its key verifies no certificates; OpenSSL takes a self-signed one with keyCertSign for a CA",
    ),
    (
        "plain openssl",
        "root-no-subject-key-id",
        true,
        "RFC 5280 4.2.1.2: every CA has it; OpenSSL asks for it with -x509_strict",
    ),
    (
        "plain openssl",
        "wildcard-below-exclusion",
        true,
        "RFC 5280 4.2.1.10: a wildcard stands for the excluded name too; OpenSSL compares the wildcard as it is written",
    ),
    ("plain openssl", "leaf-wildcard", true, "the same"),
];

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("ROOTLET_DIFFERENTIAL") else { return 0..CASES };
    let (seed, count) = text.split_once(',').expect("SEED,COUNT");
    let (seed, count): (u64, u64) = (seed.parse().unwrap(), count.parse().unwrap());
    seed..seed + count
}

#[test]
fn disagreements_are_explained() {
    let mut makers: Vec<Maker> = (0..6).map(|_| Maker::new()).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut unexplained: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut good, mut bad) = (0, 0);
    for seed in seeds() {
        let case = case(&mut makers, seed);
        let ours = judges::rootlet(&case);
        *(if ours.is_ok() { &mut good } else { &mut bad }) += 1;
        let others = [
            ("webpki", judges::webpki(&case)),
            ("openssl", judges::openssl(&case, folder.path())),
            ("plain openssl", judges::plain_openssl(&case, folder.path())),
        ];
        for (judge, theirs) in others {
            if theirs.is_ok() == ours.is_ok() {
                continue;
            }
            let explanation = EXPLAINED
                .iter()
                .find(|(j, change, yes, _)| *j == judge && *yes == theirs.is_ok() && case.changes.contains(change));
            match explanation {
                Some((judge, change, ..)) => drop(seen.insert((judge, change))),
                None => {
                    let key = format!("{judge} says {theirs:?} to {}", case.changes.join(" and "));
                    let told = unexplained.entry(key).or_insert((0, format!("seed {seed}; verify says {ours:?}")));
                    told.0 += 1;
                }
            }
        }
    }
    let mut text = String::new();
    for (what, (count, example)) in &unexplained {
        text.push_str(&format!("{count} × {what} ({example})\n"));
    }
    assert!(unexplained.is_empty(), "nobody explains:\n{text}");
    if std::env::var_os("ROOTLET_DIFFERENTIAL").is_none() {
        assert!(good > 200 && bad > 200, "{good} good and {bad} bad chains");
        let never: Vec<_> = EXPLAINED.iter().filter(|(j, c, ..)| !seen.contains(&(*j, *c))).collect();
        assert!(never.is_empty(), "explained, and never seen: {never:#?}");
    }
}

/// The table in the documentation is this one.
#[test]
fn the_table_is_documented() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.md")).unwrap();
    let names: BTreeSet<_> = CHANGES.iter().map(|(name, _)| *name).collect();
    for (judge, change, yes, why) in EXPLAINED {
        assert!(names.contains(change), "{change} is done to no chain");
        let row = format!("| {judge} | `{change}` | {} | {why} |", if *yes { "yes" } else { "no" });
        assert!(text.contains(&row), "docs/verify.md lacks this row:\n{row}");
    }
    let judges = ["| webpki |", "| openssl |", "| plain openssl |"];
    let rows = text.lines().filter(|l| judges.iter().any(|judge| l.starts_with(judge))).count();
    assert_eq!(rows, EXPLAINED.len(), "docs/verify.md has rows that nobody checks");
}
