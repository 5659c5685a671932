//! The headers of a CRL. A CRL of another version than 2, or with a number of over 20 octets, is not even read.

use super::crl_view::{CrlView, DELTA};
use super::hex;
use super::key::Key;
use super::signature::Algorithm;
use super::validity::is_misencoded;
use crate::model::{KeyUsage, Lifetime};
use crate::policy::lint::{Check, Lint, Report};
use crate::x509::oid;

const fn rule(
    id: &'static str,
    citation: &'static str,
    about: &'static str,
    check: fn(&CrlView<'_>, &mut Report),
) -> Lint {
    Lint::new(id, citation, about, Check::Crl(check))
}

pub(super) static LINTS: &[Lint] = &[
    rule("crl-issuer-empty", "RFC 5280 5.1.2.3", "a CRL's issuer has a name", issuer_empty),
    rule("crl-issuer-name", "RFC 5280 5.1.2.3", "a CRL's issuer is byte for byte the CA's subject", issuer_name),
    rule("crl-issuer-usage", "RFC 5280 6.3.3 (f)", "a CRL's issuer may sign CRLs", issuer_usage),
    rule("crl-authority-key-id", "RFC 5280 5.2.1", "a CRL names the key that signs it", authority),
    rule("crl-authority-key-id-issuer", "RFC 5280 5.2.1", "a CRL names its CA's own key identifier", authority_issuer),
    rule("crl-number", "RFC 5280 5.2.3", "a CRL has a number", number),
    rule("crl-number-critical", "RFC 5280 5.2.3", "a CRL's number is not critical", number_critical),
    rule(
        "crl-dates-encoding",
        "RFC 5280 5.1.2.4",
        "dates are UTCTime through 2049 and GeneralizedTime after",
        encoding,
    ),
    rule("crl-next-update", "RFC 5280 5.1.2.5", "a CRL says when the next one comes", next_update),
    rule("crl-next-update-order", "RFC 5280 5.1.2.5", "nextUpdate is later than thisUpdate", order),
    rule("crl-outlives-issuer", "RFC 5280 6.3.3 (f)", "a CRL ends with its CA at the latest", outlives),
    rule("crl-lifetime", "CABF TLS BR 4.9.7", "a CRL lasts a year at most", lifetime).warns(),
    rule("crl-algorithms-differ", "RFC 5280 5.1.1.2", "both AlgorithmIdentifiers of a CRL are equal", algorithms),
    rule("crl-signature-weak", "RFC 6194, RFC 6151", "no CRL is signed with MD5, SHA-1 or DSA", weak),
    rule("crl-signature-key", "RFC 5280 5.1.1.2", "the signature algorithm is one of the issuer's key", key_fits),
    rule("crl-signature-hash", "RFC 5480 4", "the hash is as strong as the issuer's curve", hash_fits).warns(),
    rule("crl-extension-duplicate", "RFC 5280 5.2", "no extension stands twice in a CRL", duplicate),
    rule("crl-extension-unknown-critical", "RFC 5280 5.2", "no unknown extension of a CRL is critical", unknown),
    rule("crl-extension-critical", "RFC 5280 5.2", "extensions of a CRL are critical as they must be", critical),
    rule("crl-entries-empty", "RFC 5280 5.1.2.6", "a CRL without entries has no list of them", entries_empty),
    rule("crl-entry-malformed", "RFC 5280 5.1.2.6", "every entry of a CRL can be read", entry_malformed),
    rule("crl-entry-duplicate", "RFC 5280 5.1.2.6", "no serial number stands twice in a CRL", entry_duplicate),
];

/// The longest that relying parties should go on with one CRL: a year, and a day for leap years.
const MOST_DAYS: i64 = 366;
/// issuingDistributionPoint (RFC 5280 5.2.5).
const SCOPE: &[u64] = &[2, 5, 29, 28];
/// CRL extensions that RFC 5280 5.2 defines, and whether they must be critical.
const KNOWN: [(&[u64], bool); 6] = [
    (oid::AUTHORITY_KEY_ID, false),
    (&[2, 5, 29, 18], false),
    (oid::CRL_NUMBER, false),
    (DELTA, true),
    (SCOPE, true),
    (&[2, 5, 29, 46], false),
];

fn issuer_empty(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.issuer.der.is_empty() {
        report.say("the CRL's issuer is empty");
    }
}

fn issuer_name(v: &CrlView<'_>, report: &mut Report) {
    if let Some(issuer) = v.issuer.filter(|i| i.subject.der != v.crl.issuer.der) {
        let (used, real) = (&v.crl.issuer.subject, &issuer.subject.subject);
        report.say(format!("the CRL's issuer `{used}` is not byte for byte the CA's subject `{real}`"));
    }
}

fn issuer_usage(v: &CrlView<'_>, report: &mut Report) {
    let refuses = |u: KeyUsage| !u.has(KeyUsage::CRL_SIGN);
    if let Some(issuer) = v.issuer.filter(|i| i.key_usage.is_some_and(refuses)) {
        report.say(format!("`{}` may not sign CRLs: its keyUsage lacks cRLSign", issuer.subject.subject));
    }
}

fn authority(v: &CrlView<'_>, report: &mut Report) {
    if v.crl.authority_key_id.is_none() {
        report.say("the CRL does not say which key signs it");
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
        report.say("the CRL has no number");
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
        Algorithm::Weak(oid) => report.say(format!("the signature algorithm `{oid}` is broken or withdrawn")),
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
    let all = &v.crl.extensions;
    for (i, e) in all.iter().enumerate() {
        if all[..i].iter().any(|other| other.oid == e.oid) {
            report.say(format!("the extension `{}` stands more than once", e.oid));
        }
    }
}

fn unknown(v: &CrlView<'_>, report: &mut Report) {
    for e in v.crl.extensions.iter().filter(|e| e.critical) {
        if !KNOWN.iter().any(|k| k.0 == e.oid.arcs()) {
            report.say(format!("the extension `{}` is critical, and validators that do not know it refuse", e.oid));
        }
    }
}

fn critical(v: &CrlView<'_>, report: &mut Report) {
    for e in &v.crl.extensions {
        match KNOWN.iter().find(|k| k.0 == e.oid.arcs()) {
            Some((_, true)) if !e.critical => report.say(format!("the extension `{}` is not critical", e.oid)),
            Some((arcs, false)) if e.critical && *arcs != oid::CRL_NUMBER => {
                report.say(format!("the extension `{}` is critical", e.oid));
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
