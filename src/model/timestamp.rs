use super::ModelError;
use std::fmt;
use std::str::FromStr;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcDateTime};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days of 400 years: the calendar repeats itself then.
const DAYS_OF_400_YEARS: u32 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// 2050-01-01T00:00:00Z, the first second that UTCTime cannot say (RFC 5280 4.1.2.5).
const GENERALIZED_FROM: Timestamp = Timestamp(2_524_608_000);

/// A second in UTC, from 1950 to the end of 9999: the span of UTCTime and GeneralizedTime (RFC 5280 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1950-01-01T00:00:00Z, the first second of UTCTime.
    pub const MIN: Timestamp = Timestamp(-631_152_000);
    /// 9999-12-31T23:59:59Z, which means "no end" (RFC 5280 4.1.2.5).
    pub const MAX: Timestamp = Timestamp(253_402_300_799);

    /// A timestamp from seconds since 1970.
    ///
    /// # Errors
    /// [`ModelError::Time`] outside 1950–9999.
    pub fn from_unix(seconds: i64) -> Result<Self, ModelError> {
        if (Self::MIN.0..=Self::MAX.0).contains(&seconds) {
            Ok(Timestamp(seconds))
        } else {
            Err(ModelError::Time { value: seconds.to_string(), problem: "it is outside the years 1950 to 9999" })
        }
    }

    /// As [`Timestamp::from_unix`], moved to the nearest end of the span where it is outside.
    pub fn clamped(seconds: i64) -> Self {
        Timestamp(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This second moved by `seconds`, kept inside the span.
    pub fn plus(self, seconds: i64) -> Self {
        Self::clamped(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this one; negative when it is later.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0 - earlier.0
    }

    /// The calendar form, for encoders.
    pub fn to_calendar(self) -> OffsetDateTime {
        // The span of the type is inside time's: the fallback is never taken.
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Whether UTCTime can say it, as it must then: through 2049 (RFC 5280 4.1.2.5).
    pub fn is_utc_time(self) -> bool {
        self < GENERALIZED_FROM
    }

    /// Year, month, day, hour, minute, second in UTC. CRLs hold millions of dates: this is a few operations for each.
    pub(crate) fn to_parts(self) -> (u32, u32, u32, u32, u32, u32) {
        let (day, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY) as u32);
        // Days since 0000-03-01: the leap day is the last of a year that begins in March. None of it is negative.
        let day = (day + DAYS_TO_1970) as u32;
        let (era, of_era) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        // Five months from March on are 153 days, again and again.
        let month = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (era * 400 + year + next, month, of_month, second / 3_600, second / 60 % 60, second % 60)
    }

    /// The other way round; nothing where there is no such second, or it is outside the span.
    pub(crate) fn from_parts(year: u32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        if !(1950..10_000).contains(&year) || day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
        let second = hour * 3_600 + minute * 60 + second;
        Some(Timestamp((i64::from(days) - DAYS_TO_1970) * DAY + i64::from(second)))
    }

    /// The date alone, `2030-01-31`.
    pub fn date(self) -> String {
        let c = self.to_calendar();
        format!("{:04}-{:02}-{:02}", c.year(), u8::from(c.month()), c.day())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, whole seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = self.to_calendar();
        let (y, mo, d) = (c.year(), u8::from(c.month()), c.day());
        write!(f, "{y:04}-{mo:02}-{d:02}T{:02}:{:02}:{:02}Z", c.hour(), c.minute(), c.second())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Timestamp {
    type Err = ModelError;

    /// RFC 3339, or a date alone (its first second in UTC). Fractions of a second are refused: X.509 has none.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Time { value: text.into(), problem };
        if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Self::from_unix(UtcDateTime::new(date, time::Time::MIDNIGHT).unix_timestamp());
        }
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| fail("it is not in RFC 3339 form"))?;
        if at.nanosecond() != 0 {
            return Err(fail("it has a fraction of a second"));
        }
        Self::from_unix(at.unix_timestamp())
    }
}

/// The validity period of a certificate: both ends belong to it (RFC 5280 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// A period that lasts at least one second.
    ///
    /// # Errors
    /// [`ModelError::Validity`] when `not_after` is before `not_before`.
    pub fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, ModelError> {
        if not_after < not_before {
            return Err(ModelError::Validity { not_before: not_before.to_string(), not_after: not_after.to_string() });
        }
        Ok(Validity { not_before, not_after })
    }

    /// The first valid second.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last valid second.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Its length in seconds, both ends included.
    pub fn seconds(&self) -> i64 {
        self.not_after.since(self.not_before) + 1
    }

    /// Whether `at` is inside, both ends included.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// Whether the whole of `inner` is inside.
    pub fn encloses(&self, inner: &Validity) -> bool {
        self.not_before <= inner.not_before && inner.not_after <= self.not_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["2030-01-31T12:00:00Z", "1950-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2049-12-31T23:59:59Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(text.to_string()));
        }
        assert_eq!("2030-01-31".parse::<Timestamp>().unwrap().to_string(), "2030-01-31T00:00:00Z");
        assert_eq!("2030-01-31T12:00:00+02:00".parse::<Timestamp>().unwrap().to_string(), "2030-01-31T10:00:00Z");
    }

    #[test]
    fn refuses_what_x509_cannot_say() {
        for text in
            ["", "tomorrow", "2030-13-01", "1949-12-31", "2030-01-31T12:00:00.5Z", "2030-01-31 12:00", "10000-01-01"]
        {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        let mut at = Timestamp::MIN;
        // A little more than eleven days at a time: every month of every year, and other hours each time.
        while at < Timestamp::MAX {
            let c = at.to_calendar();
            let parts = at.to_parts();
            let (month, day) = (u32::from(u8::from(c.month())), u32::from(c.day()));
            let time = (u32::from(c.hour()), u32::from(c.minute()), u32::from(c.second()));
            assert_eq!(parts, (c.year() as u32, month, day, time.0, time.1, time.2));
            assert_eq!(Timestamp::from_parts(parts.0, month, day, time.0, time.1, time.2), Some(at));
            at = at.plus(1_000_003);
        }
        for (date, is_one) in
            [((2000, 2, 29), true), ((2024, 2, 29), true), ((2100, 2, 29), false), ((2023, 2, 29), false)]
        {
            assert_eq!(Timestamp::from_parts(date.0, date.1, date.2, 0, 0, 0).is_some(), is_one, "{date:?}");
        }
        for (y, mo, d, h, mi, s) in [
            (1949, 12, 31, 0, 0, 0),
            (10_000, 1, 1, 0, 0, 0),
            (2030, 0, 1, 0, 0, 0),
            (2030, 13, 1, 0, 0, 0),
            (2030, 4, 31, 0, 0, 0),
            (2030, 1, 0, 0, 0, 0),
            (2030, 1, 1, 24, 0, 0),
            (2030, 1, 1, 0, 60, 0),
            (2030, 1, 1, 0, 0, 60),
        ] {
            assert_eq!(Timestamp::from_parts(y, mo, d, h, mi, s), None);
        }
        assert!("2049-12-31T23:59:59Z".parse::<Timestamp>().unwrap().is_utc_time());
        assert!(!"2050-01-01".parse::<Timestamp>().unwrap().is_utc_time());
    }

    #[test]
    fn validity_counts_both_ends() {
        let t = |s| Timestamp::from_unix(s).unwrap();
        let v = Validity::new(t(0), t(86_399)).unwrap();
        assert_eq!(v.seconds(), 86_400);
        assert!(v.contains(t(0)) && v.contains(t(86_399)) && !v.contains(t(86_400)));
        assert!(Validity::new(t(1), t(0)).is_err());
    }
}
