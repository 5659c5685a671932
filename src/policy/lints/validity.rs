//! The validity period.

use super::{Cut, View, rule};
use crate::model::{Lifetime, Timestamp};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::X509Error;
use crate::x509::der::{self, Reader, Value};

pub(super) static LINTS: &[Lint] = &[
    rule("validity-encoding", "RFC 5280 4.1.2.5", "dates are UTCTime through 2049 and GeneralizedTime after", encoding)
        .mend("issue it again with software that follows RFC 5280"),
    rule("validity-order", "RFC 5280 4.1.2.5", "notAfter is not before notBefore", order)
        .mend("issue it again with an end behind its start"),
    rule("validity-form", "RFC 5280 4.1.2.5.1", "a date has seconds and ends in Z, without fractions", form)
        .mend("issue it again with software that writes DER"),
    rule("validity-ended", "RFC 5280 4.1.2.5", "a certificate has not ended", ended)
        .mend("renew it, and have whoever uses it load the new one")
        .warns(),
    rule("validity-future", "RFC 5280 4.1.2.5", "a certificate has begun", future)
        .mend("look at the clock here, or wait")
        .warns(),
    rule("validity-server-year", "CABF TLS BR 6.3.2", "a TLS server certificate lasts 398 days at most", server_year)
        .mend("issue it for a year, and renew it by a machine")
        .notes(),
    rule("validity-past", "RFC 5280 4.1.2.5", "a certificate is issued for the future", past)
        .mend("pass an end in the future")
        .warns(),
    rule("validity-backdated", "CABF TLS BR 7.1.2.7", "notBefore lies an hour before issuance at most", backdated)
        .mend("start it at most an hour back")
        .warns(),
    rule("validity-issuer-end", "RFC 5280 6.1.3 (a)(2)", "a certificate does not outlive its issuer", issuer_end)
        .mend("shorten its lifetime, or renew the issuer first"),
    rule("validity-issuer-start", "RFC 5280 6.1.3 (a)(2)", "a certificate is not older than its issuer", issuer_start)
        .mend("start it no earlier than its issuer"),
    rule("validity-server-days", "Apple HT210176", "a TLS server certificate lasts 825 days at most", server_days)
        .mend("issue it for 825 days or less")
        .warns()
        .on(&[RuleSet::Apple]),
];

/// Backdating beyond the usual clock skew.
const MOST_BACKDATED: i64 = 3_600;
/// What Apple's software takes of a TLS server under a private root (support.apple.com/HT210176).
const APPLE_DAYS: i64 = 825;

/// What public CAs may issue at most, and what is sane elsewhere (CABF TLS BR 6.3.2).
const PUBLIC_DAYS: i64 = 398;

/// notBefore and notAfter as encoded.
fn dates(tbs: &[u8]) -> Result<[Value<'_>; 2], X509Error> {
    let mut outer = Reader::new(tbs, "the certificate");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut fields = outer.inside(sequence);
    fields.optional(der::context_constructed(0))?;
    fields.expect(der::INTEGER)?;
    fields.expect(der::SEQUENCE)?;
    fields.expect(der::SEQUENCE)?;
    let validity = fields.expect(der::SEQUENCE)?;
    let mut dates = fields.inside(validity);
    Ok([dates.any()?, dates.any()?])
}

/// Whether a date of this tag should have the other one.
pub(super) fn is_misencoded(tag: u8, at: Timestamp) -> bool {
    (tag == der::UTC_TIME) != at.is_utc_time()
}

fn encoding(v: &View<'_>, report: &mut Report) {
    let Ok(values) = dates(&v.facts.der) else { return };
    let dates = [("notBefore", v.facts.not_before), ("notAfter", v.facts.not_after)];
    for (value, (name, at)) in values.into_iter().zip(dates) {
        let tag = value.tag;
        if is_misencoded(tag, at) {
            let (used, right) =
                if tag == der::UTC_TIME { ("UTCTime", "GeneralizedTime") } else { ("GeneralizedTime", "UTCTime") };
            report.say(format!("{name} {at} is a {used} and should be a {right}"));
        }
    }
}

fn form(v: &View<'_>, report: &mut Report) {
    let Ok(values) = dates(&v.facts.der) else { return };
    for (value, name) in values.into_iter().zip(["notBefore", "notAfter"]) {
        if der::read_time(value).is_none() {
            let text = String::from_utf8_lossy(value.content).into_owned();
            report.say(format!("{name} is written `{}`, not as date, hours, minutes, seconds and Z", Cut(&text)));
        }
    }
}

fn ended(v: &View<'_>, report: &mut Report) {
    if let Some(today) = v.today.filter(|today| v.facts.not_after < *today) {
        report.say(format!("it ended at {}, {} ago", v.facts.not_after, span(today.since(v.facts.not_after))));
    }
}

fn future(v: &View<'_>, report: &mut Report) {
    if let Some(today) = v.today.filter(|today| *today < v.facts.not_before) {
        report.say(format!("it begins at {}, in {}", v.facts.not_before, span(v.facts.not_before.since(today))));
    }
}

fn server_year(v: &View<'_>, report: &mut Report) {
    let Some(validity) = v.facts.validity().filter(|_| !v.ca && v.server_auth) else { return };
    let days = validity.seconds() / 86_400;
    if days > PUBLIC_DAYS {
        report.say(format!(
            "it lasts {days} days, and a key of a server should be replaced at least once in {PUBLIC_DAYS}"
        ));
    }
}

fn order(v: &View<'_>, report: &mut Report) {
    let f = v.facts;
    if f.not_after < f.not_before {
        report.say(format!("it ends at {}, before it starts at {}", f.not_after, f.not_before));
    }
}

fn past(v: &View<'_>, report: &mut Report) {
    if let Some(now) = v.now.filter(|now| v.facts.not_after < *now) {
        report.say(format!("it ended at {}, and now it is {now}", v.facts.not_after));
    }
}

fn backdated(v: &View<'_>, report: &mut Report) {
    let Some(now) = v.now else { return };
    let seconds = now.since(v.facts.not_before);
    if seconds > MOST_BACKDATED {
        report.say(format!("it starts at {}, {} before its issuance", v.facts.not_before, span(seconds)));
    }
}

fn issuer_end(v: &View<'_>, report: &mut Report) {
    let Some(issuer) = v.issuer else { return };
    let seconds = v.facts.not_after.since(issuer.not_after);
    if seconds > 0 {
        let message = format!(
            "it ends at {}, {} after its issuer, which ends at {}",
            v.facts.not_after,
            span(seconds),
            issuer.not_after
        );
        report.say_with(message, "shorten its lifetime, or renew the issuer first");
    }
}

fn issuer_start(v: &View<'_>, report: &mut Report) {
    if let Some(issuer) = v.issuer.filter(|i| v.facts.not_before < i.not_before) {
        report.say(format!("it starts at {}, before its issuer at {}", v.facts.not_before, issuer.not_before));
    }
}

fn server_days(v: &View<'_>, report: &mut Report) {
    let Some(validity) = v.facts.validity().filter(|_| !v.ca && v.server_auth) else { return };
    if validity.seconds() > Lifetime::days(APPLE_DAYS).seconds() {
        let days = validity.seconds() / 86_400;
        report.say_with(
            format!("it lasts {days} days, and macOS and iOS refuse TLS servers of more than {APPLE_DAYS}"),
            format!("pass `--lifetime {APPLE_DAYS}d` or less"),
        );
    }
}

/// A length of time in its largest whole unit.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
