//! The headers of a CRL. A CRL of another version than 2, or with a number of over 20 octets, is not even read.

use super::crl_view::{CrlView, extension};
use super::extension::named;
use super::key::Key;
use super::signature::{Algorithm, is_forged};
use super::validity::is_misencoded;
use super::{crl_rule as rule, hex, repeated, shown};
use crate::model::{KeyUsage, Lifetime};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::der::{self, Reader};
use crate::x509::{SignatureAlgorithm, oid};

pub(super) static LINTS: &[Lint] = &[
    rule("crl-version", "RFC 5280 5.1.2.1", "a CRL is version 2", version)
        .mend("write the CRL again as version 2 (with openssl: `crl_extensions` in its configuration)")
        .also_of(&[RuleSet::Rustls]),
    rule("crl-issuer-empty", "RFC 5280 5.1.2.3", "a CRL's issuer has a name", issuer_empty)
        .mend("give the CA a subject, and write the CRL again"),
    rule("crl-issuer-name", "RFC 5280 5.1.2.3", "a CRL's issuer is byte for byte the CA's subject", issuer_name)
        .mend("write the CRL again with the subject copied from the CA's certificate, or give the right issuer"),
    rule("crl-issuer-usage", "RFC 5280 6.3.3 (f)", "a CRL's issuer may sign CRLs", issuer_usage)
        .mend("renew the CA with cRLSign in its keyUsage"),
    rule("crl-authority-key-id", "RFC 5280 5.2.1", "a CRL names the key that signs it", authority).mend(
        "write the CRL again with authorityKeyIdentifier (openssl: `authorityKeyIdentifier=keyid` in crl_extensions)",
    ),
    rule("crl-authority-key-id-issuer", "RFC 5280 5.2.1", "a CRL names its CA's own key identifier", authority_issuer)
        .mend("write the CRL again with the CA's own subjectKeyIdentifier, or give the right issuer"),
    rule("crl-number", "RFC 5280 5.2.3", "a CRL has a number", number).mend(
        "write the CRL again with a number (openssl: `crlnumber` in its configuration); validators throw this one away",
    ),
    rule("crl-number-critical", "RFC 5280 5.2.3", "a CRL's number is not critical", number_critical)
        .mend("write the CRL again with its number not critical"),
    rule(
        "crl-dates-encoding",
        "RFC 5280 5.1.2.4",
        "dates are UTCTime through 2049 and GeneralizedTime after",
        encoding,
    )
    .mend("write the CRL again with software that follows RFC 5280"),
    rule("crl-next-update", "RFC 5280 5.1.2.5", "a CRL says when the next one comes", next_update)
        .mend("write the CRL again with nextUpdate")
        .also_of(&[RuleSet::Rustls]),
    rule("crl-next-update-order", "RFC 5280 5.1.2.5", "nextUpdate is later than thisUpdate", order)
        .mend("write the CRL again with a nextUpdate that lies ahead"),
    rule("crl-outlives-issuer", "RFC 5280 6.3.3 (f)", "a CRL ends with its CA at the latest", outlives)
        .mend("write the CRL again with an earlier nextUpdate, or renew the CA"),
    rule("crl-lifetime", "CABF TLS BR 4.9.7", "a CRL lasts a year at most", lifetime)
        .mend("write CRLs more often, each for a month or less where it lists leaves")
        .warns(),
    rule("crl-algorithms-differ", "RFC 5280 5.1.1.2", "both AlgorithmIdentifiers of a CRL are equal", algorithms)
        .mend("write the CRL again: it was put together wrongly, or tampered with"),
    rule("crl-signature-weak", "RFC 6194, RFC 6151", "no CRL is signed with MD5, SHA-1 or DSA", weak)
        .mend("write the CRL again with SHA-256 or better"),
    rule("crl-signature-key", "RFC 5280 5.1.1.2", "the signature algorithm is one of the issuer's key", key_fits)
        .mend("write the CRL again with the CA's own key, or give the right issuer"),
    rule("crl-signature-hash", "RFC 5480 4", "the hash is as strong as the issuer's curve", hash_fits)
        .mend("write the CRL again with the hash that goes with the curve")
        .warns(),
    rule("crl-signature-wrong", "RFC 5280 6.3.3 (g)", "a CRL's signature is its issuer's", signature)
        .mend("write the CRL again; do not trust this one"),
    rule(
        "crl-authority-key-id-form",
        "RFC 5280 5.2.1",
        "a CRL names its key by the key identifier alone",
        authority_form,
    )
    .mend("write the CRL again with the key identifier alone (openssl: `keyid`, without `issuer`)")
    .warns(),
    rule("crl-ended", "RFC 5280 6.3.3 (a)", "a CRL is still good", ended)
        .mend("write a new CRL and publish it before the old one ends")
        .warns(),
    rule("crl-issuer-is-ca", "RFC 5280 5", "a CRL's issuer is a CA", issuer_is_ca)
        .mend("give the certificate of the CA that signs it"),
    rule("crl-expired-certificates", "X.509 9.5.2.8", "expiredCertsOnCRL is a GeneralizedTime", expired_certificates)
        .mend("write the CRL again with a GeneralizedTime there, or without the extension"),
    rule("crl-extension-duplicate", "RFC 5280 5.2", "no extension stands twice in a CRL", duplicate)
        .mend("write the CRL again with each extension once"),
    rule("crl-extension-unknown-critical", "RFC 5280 5.2", "no unknown extension of a CRL is critical", unknown)
        .mend("write the CRL again with that extension not critical")
        .also_of(&[RuleSet::Rustls, RuleSet::PythonStrict]),
    rule("crl-extension-critical", "RFC 5280 5.2", "extensions of a CRL are critical as they must be", critical)
        .mend("write the CRL again with the criticality that RFC 5280 5.2 fixes"),
    rule("crl-entries-empty", "RFC 5280 5.1.2.6", "a CRL without entries has no list of them", entries_empty)
        .mend("write the CRL again, and leave the list out while nothing is revoked"),
    rule("crl-entry-malformed", "RFC 5280 5.1.2.6", "every entry of a CRL can be read", entry_malformed)
        .mend("write the CRL again: no verifier reads behind the broken entry"),
    rule("crl-entry-duplicate", "RFC 5280 5.1.2.6", "no serial number stands twice in a CRL", entry_duplicate)
        .mend("write the CRL again with each serial number once"),
];

/// The longest that relying parties should go on with one CRL: a year, and a day for leap years.
const MOST_DAYS: i64 = 366;
/// CRL extensions that RFC 5280 5.2 defines, and whether they must be critical.
const KNOWN: [(&[u64], bool); 8] = [
    (oid::AUTHORITY_KEY_ID, false),
    (&[2, 5, 29, 18], false),
    (oid::CRL_NUMBER, false),
    (oid::DELTA_CRL_INDICATOR, true),
    (oid::ISSUING_POINT, true),
    (oid::FRESHEST_CRL, false),
    (EXPIRED_CERTIFICATES, false),
    (oid::AUTHORITY_INFO_ACCESS, false),
];
/// expiredCertsOnCRL: since when entries of expired certificates are kept (X.509 9.5.2.8).
const EXPIRED_CERTIFICATES: &[u64] = &[2, 5, 29, 60];

fn version(v: &CrlView<'_>, report: &mut Report) {
    if !v.versioned {
        report.say("it is a version 1 CRL, which can have neither a number nor say which key signs it");
    }
}

fn signature(v: &CrlView<'_>, report: &mut Report) {
    let Some(issuer) = v.issuer.filter(|_| v.signed) else { return };
    if is_forged(&issuer.public_key, &v.crl.inner_algorithm, v.crl.tbs(), v.crl.signature()) {
        report.say("the signature was not made with its issuer's key, or the CRL was changed afterwards");
    }
}

fn authority_form(v: &CrlView<'_>, report: &mut Report) {
    let Some(extension) = extension(v.crl, oid::AUTHORITY_KEY_ID) else { return };
    let mut outer = Reader::new(&extension.value, "authorityKeyIdentifier");
    let Ok(sequence) = outer.expect(der::SEQUENCE) else { return };
    let mut fields = outer.inside(sequence);
    if fields.optional(der::context(0)).is_ok() && !fields.is_empty() {
        report.say("authorityKeyIdentifier names the issuer's issuer and serial, which a renewed issuer no longer has");
    }
}

fn ended(v: &CrlView<'_>, report: &mut Report) {
    let Some((next, today)) = v.crl.next_update.zip(v.today) else { return };
    if next < today {
        report.say(format!("the next CRL was promised for {next}; most servers refuse every client now"));
    }
}

fn issuer_is_ca(v: &CrlView<'_>, report: &mut Report) {
    if let Some(issuer) = v.issuer.filter(|i| !i.is_ca()) {
        report.say(format!("the CRL's issuer `{}` is not a CA", shown(&issuer.subject.subject)));
    }
}

fn expired_certificates(v: &CrlView<'_>, report: &mut Report) {
    let Some(extension) = extension(v.crl, EXPIRED_CERTIFICATES) else { return };
    let mut reader = Reader::new(&extension.value, "expiredCertsOnCRL");
    let time = reader.expect(der::GENERALIZED_TIME).ok().filter(|_| reader.is_empty()).and_then(der::read_time);
    if time.is_none() {
        report.say("the CRL's expiredCertsOnCRL is not a GeneralizedTime");
    }
}

fn issuer_empty(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.issuer.der.is_empty() {
        report.say("the CRL's issuer is empty");
    }
}

fn issuer_name(v: &CrlView<'_>, report: &mut Report) {
    if let Some(issuer) = v.issuer.filter(|i| i.subject.der != v.crl.issuer.der) {
        let (used, real) = (shown(&v.crl.issuer.subject), shown(&issuer.subject.subject));
        report.say(format!("the CRL's issuer `{used}` is not byte for byte the CA's subject `{real}`"));
    }
}

fn issuer_usage(v: &CrlView<'_>, report: &mut Report) {
    let refuses = |u: KeyUsage| !u.has(KeyUsage::CRL_SIGN);
    if let Some(issuer) = v.issuer.filter(|i| i.key_usage.is_some_and(refuses)) {
        report.say(format!("`{}` may not sign CRLs: its keyUsage lacks cRLSign", shown(&issuer.subject.subject)));
    }
}

fn authority(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.authority_key_id.is_none() {
        report.say("the CRL has no authorityKeyIdentifier, so it does not say which key signed it");
    }
}

fn authority_issuer(v: &CrlView<'_>, report: &mut Report) {
    let issuer = v.issuer.and_then(|i| i.subject_key_id.as_deref());
    if let (Some(named), Some(real)) = (v.crl.authority_key_id.as_deref(), issuer)
        && named != real
    {
        report.say(format!("authorityKeyIdentifier is `{}`, and the issuer's own is `{}`", hex(named), hex(real)));
    }
}

fn number(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.number.is_none() {
        report.say("the CRL has no number, and validators throw such a CRL away");
    }
}

fn number_critical(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.extensions.iter().any(|e| e.critical && e.oid.arcs() == oid::CRL_NUMBER) {
        report.say("the CRL's number is critical, and validators throw such a CRL away");
    }
}

fn encoding(v: &CrlView<'_>, report: &mut Report) {
    let dates = [("thisUpdate", Some(v.crl.this_update)), ("nextUpdate", v.crl.next_update)];
    for (tag, (name, at)) in v.date_tags.iter().zip(dates) {
        if let Some(at) = at.filter(|at| is_misencoded(*tag, *at)) {
            report.say(format!("{name} {at} is not of the type that its year asks for"));
        }
    }
}

fn next_update(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.next_update.is_none() {
        report.say("the CRL has no nextUpdate");
    }
}

fn order(v: &CrlView<'_>, report: &mut Report) {
    if let Some(next) = v.crl.next_update.filter(|n| *n <= v.crl.this_update) {
        report.say(format!("nextUpdate {next} is not later than thisUpdate {}", v.crl.this_update));
    }
}

fn outlives(v: &CrlView<'_>, report: &mut Report) {
    let Some(end) = v.issuer.map(|i| i.not_after) else { return };
    if let Some(next) = v.crl.next_update.filter(|n| *n > end) {
        report.say(format!("nextUpdate {next} is after its CA's end {end}"));
    }
}

fn lifetime(v: &CrlView<'_>, report: &mut Report) {
    let Some(next) = v.crl.next_update else { return };
    let seconds = next.since(v.crl.this_update);
    if seconds > Lifetime::days(MOST_DAYS).seconds() {
        report.say(format!("the CRL lasts {} days, and a revocation may go unseen as long", seconds / 86_400));
    }
}

fn algorithms(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.inner_algorithm != v.crl.outer_algorithm {
        report.say("the AlgorithmIdentifiers inside the CRL and beside its signature differ");
    }
}

fn weak(v: &CrlView<'_>, report: &mut Report) {
    match Algorithm::read(&v.crl.inner_algorithm) {
        Algorithm::Weak(_) => {
            let name = SignatureAlgorithm::name_of(&v.crl.inner_algorithm);
            report.say(format!("the CRL is signed with `{name}`, which is broken or withdrawn"));
        }
        Algorithm::Misencoded(oid) => {
            report.say(format!("the signature algorithm `{oid}` has parameters other than its definition's"));
        }
        _ => {}
    }
}

fn misfit(v: &CrlView<'_>, check: fn(&Algorithm, &Key<'_>) -> Option<String>) -> Option<String> {
    check(&Algorithm::read(&v.crl.inner_algorithm), &Key::read(&v.issuer?.public_key)?)
}

fn key_fits(v: &CrlView<'_>, report: &mut Report) {
    if let Some(message) = misfit(v, Algorithm::misfit) {
        report.say(message);
    }
}

fn hash_fits(v: &CrlView<'_>, report: &mut Report) {
    if let Some(message) = misfit(v, Algorithm::hash_misfit) {
        report.say(message);
    }
}

fn duplicate(v: &CrlView<'_>, report: &mut Report) {
    for oid in repeated(v.crl.extensions.iter().map(|e| &e.oid)) {
        report.say(format!("the extension {} stands more than once", named(oid)));
    }
}

fn unknown(v: &CrlView<'_>, report: &mut Report) {
    for e in v.crl.extensions.iter().filter(|e| e.critical) {
        if !KNOWN.iter().any(|k| k.0 == e.oid.arcs()) {
            report.say(format!(
                "the extension {} is critical, and software that does not know it refuses the CRL",
                named(&e.oid)
            ));
        }
    }
}

fn critical(v: &CrlView<'_>, report: &mut Report) {
    for e in &v.crl.extensions {
        match KNOWN.iter().find(|k| k.0 == e.oid.arcs()) {
            Some((_, true)) if !e.critical => {
                report.say(format!("the extension {} is not critical, and must be", named(&e.oid)))
            }
            Some((arcs, false)) if e.critical && *arcs != oid::CRL_NUMBER => {
                report.say(format!("the extension {} is critical, and must not be", named(&e.oid)));
            }
            _ => {}
        }
    }
}

fn entries_empty(v: &CrlView<'_>, report: &mut Report) {
    if v.entries.is_some_and(<[u8]>::is_empty) {
        report.say("revokedCertificates is an empty list instead of absent");
    }
}

fn entry_malformed(v: &CrlView<'_>, report: &mut Report) {
    if let Some(problem) = &v.broken {
        report.say(problem.clone());
    }
}

fn entry_duplicate(v: &CrlView<'_>, report: &mut Report) {
    // Serial numbers in rising order are all different; only without that order are they gathered and sorted.
    if v.ascending {
        return;
    }
    let mut serials: Vec<&[u8]> = v.serials().collect();
    serials.sort_unstable();
    if let Some(pair) = serials.windows(2).find(|w| w[0] == w[1]) {
        report.say(format!("the serial number `{}` stands more than once", hex(pair[0])));
    }
}
