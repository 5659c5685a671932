use super::{IssueError, Warning};
use crate::model::{Lifetime, Timestamp, Validity};

/// notBefore lies this many seconds before now at most, for clocks that are a little behind.
const BACKDATE_SECONDS: i64 = 300;
/// It lies at most this part of the lifetime before now.
const BACKDATE_FRACTION: i64 = 10;
/// How long a certificate was valid whose typed end is past and whose start nobody typed.
const PAST_SECONDS: i64 = 86_400;
/// A typed end may overshoot the issuer's by this much, or by a hundredth of the lifetime, and is clamped.
const OVERSHOOT_SECONDS: i64 = 3_600;
const OVERSHOOT_FRACTION: i64 = 100;

/// How the end of a certificate was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nobody said anything: the profile's or the configuration's lifetime.
    Default(Lifetime),
    /// A lifetime was typed.
    Lifetime(Lifetime),
    /// A last second was typed.
    At(Timestamp),
}

/// What was said about the dates of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// A typed notBefore.
    pub not_before: Option<Timestamp>,
    /// The end.
    pub end: End,
}

/// The dates that were chosen, and what the user should know about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dates {
    /// The period.
    pub validity: Validity,
    /// Clamping, an end in the past.
    pub warnings: Vec<Warning>,
}

/// Chooses the dates of a certificate inside those of its issuer, by name and validity; a root has none.
///
/// notAfter belongs to the validity: a lifetime of 90 days ends one second before the 90 days are over (RFC 5280
/// 4.1.2.5).
///
/// # Errors
/// [`IssueError::OutlivesIssuer`], [`IssueError::PrecedesIssuer`], [`IssueError::Model`] when it would end before it
/// starts.
pub fn choose(wish: Wish, issuer: Option<(&str, Validity)>, now: Timestamp) -> Result<Dates, IssueError> {
    let mut warnings = Vec::new();
    let length = match wish.end {
        End::Default(l) | End::Lifetime(l) => l.seconds(),
        End::At(t) => t.since(wish.not_before.unwrap_or(now)).max(0) + 1,
    };
    let not_before = match wish.not_before {
        Some(t) => t,
        None => {
            let backdated = now.plus(-BACKDATE_SECONDS.min(length / BACKDATE_FRACTION));
            // An end in the past was typed: it is as long as it would have been, and over.
            let started = match wish.end {
                End::At(t) if t < backdated => t.plus(1 - PAST_SECONDS),
                _ => backdated,
            };
            issuer.map_or(started, |(_, v)| started.max(v.not_before()))
        }
    };
    let mut not_after = match wish.end {
        End::Default(l) | End::Lifetime(l) => not_before.plus(l.seconds() - 1),
        End::At(t) => t,
    };
    if let Some((name, outer)) = issuer {
        if not_before < outer.not_before() {
            let (issuer, issuer_not_before) = (name.to_string(), outer.not_before());
            return Err(IssueError::PrecedesIssuer { issuer, not_before, issuer_not_before });
        }
        let overshoot = not_after.since(outer.not_after());
        let tolerated = match wish.end {
            End::Default(_) => i64::MAX,
            _ => OVERSHOOT_SECONDS.min(length / OVERSHOOT_FRACTION),
        };
        if overshoot > tolerated {
            let (issuer, issuer_not_after) = (name.to_string(), outer.not_after());
            return Err(IssueError::OutlivesIssuer { issuer, not_after, issuer_not_after });
        }
        if overshoot > 0 {
            not_after = outer.not_after();
            // What nobody typed and what the clock's tolerance explains is not worth a word.
            if !matches!(wish.end, End::Default(_)) || overshoot > BACKDATE_SECONDS {
                let text = format!("it ends with its issuer `{name}`, {not_after}, and not {} later", span(overshoot));
                warnings.push(Warning::new("clamped", text));
            }
        }
    }
    let validity = Validity::new(not_before, not_after)?;
    if not_after < now {
        warnings.push(Warning::new("already-expired", format!("it ended {not_after}, before it was made")));
    }
    Ok(Dates { validity, warnings })
}

/// A length of time in the largest unit that fits, for people.
fn span(seconds: i64) -> String {
    match seconds {
        s if s >= 2 * 86_400 => format!("{} days", s / 86_400),
        s if s >= 2 * 3_600 => format!("{} hours", s / 3_600),
        s if s >= 120 => format!("{} minutes", s / 60),
        s => format!("{s} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn wish(end: End) -> Wish {
        Wish { not_before: None, end }
    }

    const NOW: &str = "2030-06-01T12:00:00Z";

    #[test]
    fn ninety_days_are_ninety_days() {
        let d = choose(wish(End::Default(Lifetime::days(90))), None, t(NOW)).unwrap();
        assert_eq!(d.validity.not_before(), t("2030-06-01T11:55:00Z"));
        assert_eq!(d.validity.seconds(), 90 * 86_400);
        // Short lives are backdated by a tenth only.
        let d = choose(wish(End::Lifetime("10m".parse().unwrap())), None, t(NOW)).unwrap();
        assert_eq!(d.validity.not_before(), t("2030-06-01T11:59:00Z"));
    }

    #[test]
    fn inside_the_issuer() {
        let outer = Validity::new(t("2030-06-01T11:59:00Z"), t("2030-12-31T23:59:59Z")).unwrap();
        let go = |end| choose(wish(end), Some(("ca", outer)), t(NOW));
        let d = go(End::Default(Lifetime::days(365))).unwrap();
        assert_eq!((d.validity.not_before(), d.validity.not_after()), (outer.not_before(), outer.not_after()));
        assert_eq!(d.warnings[0].code, "clamped");
        assert!(matches!(go(End::Lifetime(Lifetime::days(365))), Err(IssueError::OutlivesIssuer { .. })));
        assert!(matches!(go(End::At(t("2031-01-01T01:00:00Z"))), Err(IssueError::OutlivesIssuer { .. })));
        assert_eq!(go(End::At(t("2031-01-01T00:30:00Z"))).unwrap().validity.not_after(), outer.not_after());
        assert!(go(End::Lifetime(Lifetime::days(30))).unwrap().warnings.is_empty());
        let early = Wish { not_before: Some(t("2030-01-01")), end: End::Default(Lifetime::days(1)) };
        assert!(matches!(choose(early, Some(("ca", outer)), t(NOW)), Err(IssueError::PrecedesIssuer { .. })));
    }

    #[test]
    fn the_past_must_be_typed_and_warns() {
        let past = Wish { not_before: Some(t("2020-01-01")), end: End::Lifetime(Lifetime::days(1)) };
        assert_eq!(choose(past, None, t(NOW)).unwrap().warnings[0].code, "already-expired");
        let backwards = Wish { not_before: Some(t("2030-01-02")), end: End::At(t("2030-01-01")) };
        assert!(choose(backwards, None, t(NOW)).is_err());
    }
}
