//! The entries of a CRL. Each rule sees every entry in one walk, tells of the first and counts the rest.

use super::basic::SERIAL_OCTETS;
use super::crl_view::{CrlView, Entry, EntryCheck};
use super::validity::is_misencoded;
use super::{hex, repeated};
use crate::model::Reason;
use crate::policy::lint::{Check, Lint};
use crate::x509::IssuingPoint;
use crate::x509::der::{self, Reader};

const fn rule(id: &'static str, citation: &'static str, about: &'static str, check: EntryCheck) -> Lint {
    Lint::new(id, citation, about, Check::Entry(check))
}

pub(super) static LINTS: &[Lint] = &[
    rule("crl-entry-serial", "RFC 5280 5.1.2.6", "an entry's serial number is positive, 20 octets at most", serial)
        .mend("write the CRL again with the serial numbers as they are in the certificates"),
    rule("crl-entry-date", "RFC 5280 5.1.2.6", "a revocation is not later than its CRL", date)
        .mend("write the CRL again, with dates up to its own"),
    rule("crl-entry-date-encoding", "RFC 5280 5.1.2.6", "a revocation date has the type of its year", encoding)
        .mend("write the CRL again with software that follows RFC 5280"),
    rule("crl-entry-reason", "RFC 5280 5.3.1", "a reason is one that the standard has", reason)
        .mend("write the CRL again with one of the reasons 1 to 6, 9 or 10"),
    rule("crl-entry-reason-delta", "RFC 5280 5.3.1", "removeFromCRL stands in delta CRLs only", remove)
        .mend("write the CRL again without the entry: that is how a hold ends in a complete CRL"),
    rule("crl-entry-reason-unspecified", "RFC 5280 5.3.1", "the reason unspecified is left out", unspecified)
        .mend("write the CRL again, and leave the reason out where there is none")
        .warns(),
    rule(
        "crl-entry-invalidity-date",
        "RFC 5280 5.3.2",
        "an invalidityDate is a GeneralizedTime before its CRL",
        invalidity,
    )
    .mend("write the CRL again with a GeneralizedTime that is not after the CRL"),
    rule("crl-entry-critical", "RFC 5280 5.3", "no entry extension is critical but certificateIssuer", critical)
        .mend("write the CRL again with reasons and dates not critical, certificateIssuer critical"),
    rule("crl-entry-issuer", "RFC 5280 5.3.3", "certificateIssuer stands in indirect CRLs only", certificate_issuer)
        .mend("write a CRL for each issuer"),
    rule("crl-entry-extension-duplicate", "RFC 5280 4.2", "no extension stands twice in an entry", duplicate)
        .mend("write the CRL again with each entry extension once"),
];

/// The content octets of the OIDs of the entry extensions (RFC 5280 5.3).
const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 0x18];
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 0x1d];
const REMOVE_FROM_CRL: u8 = 8;

fn name(entry: &Entry<'_>) -> String {
    format!("the entry `{}`", hex(entry.serial))
}

fn serial(entry: &Entry<'_>, _: &CrlView<'_>) -> Option<String> {
    let s = entry.serial;
    let zero = s.iter().all(|b| *b == 0);
    let negative = s.first().is_some_and(|b| b & 0x80 != 0);
    let padded = matches!(s, [0, next, ..] if next & 0x80 == 0);
    (zero || negative || padded || s.len() > SERIAL_OCTETS)
        .then(|| format!("{} has a serial number that no certificate may have", name(entry)))
}

fn date(entry: &Entry<'_>, v: &CrlView<'_>) -> Option<String> {
    match entry.revoked_at {
        None => Some(format!("{} has a date that cannot be read", name(entry))),
        Some(at) if at > v.crl.this_update => {
            Some(format!("{} was revoked at {at}, after the CRL's thisUpdate {}", name(entry), v.crl.this_update))
        }
        Some(_) => None,
    }
}

fn encoding(entry: &Entry<'_>, _: &CrlView<'_>) -> Option<String> {
    let at = entry.revoked_at?;
    is_misencoded(entry.date_tag, at)
        .then(|| format!("{} has a date of {at} that is not of the type that its year asks for", name(entry)))
}

fn code(entry: &Entry<'_>) -> Option<Result<u8, ()>> {
    let value = entry.extension(REASON_CODE)?.value;
    Some(if let [der::ENUMERATED, 1, code] = value { Ok(*code) } else { Err(()) })
}

fn reason(entry: &Entry<'_>, _: &CrlView<'_>) -> Option<String> {
    match code(entry)? {
        Ok(code) if code == REMOVE_FROM_CRL || Reason::from_code(code).is_some() => None,
        Ok(code) => Some(format!("{} has the reason {code}, which does not exist", name(entry))),
        Err(()) => Some(format!("{} has a reason that is not an ENUMERATED", name(entry))),
    }
}

fn remove(entry: &Entry<'_>, v: &CrlView<'_>) -> Option<String> {
    (code(entry)? == Ok(REMOVE_FROM_CRL) && !v.delta)
        .then(|| format!("{} has the reason removeFromCRL in a complete CRL", name(entry)))
}

fn unspecified(entry: &Entry<'_>, _: &CrlView<'_>) -> Option<String> {
    (code(entry)? == Ok(0)).then(|| format!("{} has the reason unspecified written out", name(entry)))
}

fn invalidity(entry: &Entry<'_>, v: &CrlView<'_>) -> Option<String> {
    let value = entry.extension(INVALIDITY_DATE)?.value;
    let mut reader = Reader::new(value, "invalidityDate");
    let time = reader.expect(der::GENERALIZED_TIME).ok().filter(|_| reader.is_empty()).and_then(der::read_time);
    match time {
        None => Some(format!("{} has an invalidityDate that is not a GeneralizedTime", name(entry))),
        Some(at) if at > v.crl.this_update => {
            Some(format!("{} has the invalidityDate {at}, after the CRL's thisUpdate", name(entry)))
        }
        Some(_) => None,
    }
}

fn critical(entry: &Entry<'_>, _: &CrlView<'_>) -> Option<String> {
    let wrong = entry.extensions().any(|e| e.critical != (e.oid == CERTIFICATE_ISSUER));
    wrong.then(|| format!("{} has an extension that is critical and must not be, or the other way round", name(entry)))
}

fn certificate_issuer(entry: &Entry<'_>, v: &CrlView<'_>) -> Option<String> {
    let indirect = v.scope.as_ref().is_some_and(IssuingPoint::is_indirect);
    (!indirect && entry.extension(CERTIFICATE_ISSUER).is_some())
        .then(|| format!("{} names a certificateIssuer, and the CRL is not an indirect one", name(entry)))
}

fn duplicate(entry: &Entry<'_>, _: &CrlView<'_>) -> Option<String> {
    // Most entries have one extension or two, and a CRL has millions of entries: only a longer list is gathered.
    let all = entry.extensions();
    let twice = match entry.count() {
        0 | 1 => false,
        2 | 3 => all.clone().enumerate().any(|(i, e)| all.clone().take(i).any(|other| other.oid == e.oid)),
        _ => repeated(all.map(|e| e.oid)).next().is_some(),
    };
    twice.then(|| format!("{} has an extension twice", name(entry)))
}
