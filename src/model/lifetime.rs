use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// The longest lifetime that can be typed: a thousand years, so that sums stay far from every limit.
const MAX_SECONDS: i64 = 1_000 * 365 * 86_400;
/// What "due" means when nobody said otherwise: the last third of an object's own life.
const DUE_FRACTION: i64 = 3;

/// A length of time in whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(i64);

impl Lifetime {
    /// A lifetime of whole days; a year has 365 of them.
    pub const fn days(days: i64) -> Self {
        Lifetime(days * 86_400)
    }

    /// A lifetime of seconds.
    ///
    /// # Errors
    /// [`ModelError::Duration`] for less than a second or more than a thousand years.
    pub fn from_seconds(seconds: i64) -> Result<Self, ModelError> {
        let fail = |problem| Err(ModelError::Duration { value: format!("{seconds}s"), problem });
        match seconds {
            i64::MIN..=0 => fail("it is not longer than nothing"),
            1..=MAX_SECONDS => Ok(Lifetime(seconds)),
            _ => fail("it is longer than a thousand years"),
        }
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Lifetime {
    type Err = ModelError;

    /// A whole number and a unit: `s`, `m` (minutes), `h`, `d`, `w`, `y` (365 days).
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Duration { value: text.into(), problem };
        let split = text
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(|| fail(if text.is_empty() { "it is empty" } else { "it has no unit" }))?;
        let (digits, unit) = text.split_at(split);
        if digits.is_empty() {
            return Err(fail("it does not start with a whole number"));
        }
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "y" => 365 * 86_400,
            _ => return Err(fail("its unit is none of s, m, h, d, w, y")),
        };
        let seconds = digits.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)).unwrap_or(i64::MAX);
        match seconds {
            0 => Err(fail("it is not longer than nothing")),
            1..=MAX_SECONDS => Ok(Lifetime(seconds)),
            _ => Err(fail("it is longer than a thousand years")),
        }
    }
}

impl fmt::Display for Lifetime {
    /// The largest unit that says it exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (factor, unit) in [(365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "m")] {
            if self.0 % factor == 0 {
                return write!(f, "{}{unit}", self.0 / factor);
            }
        }
        write!(f, "{}s", self.0)
    }
}

/// How long before its end something is due: a duration, a percentage of its life, or the default, a third of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// The last third of each object's own life.
    #[default]
    LastThird,
    /// A fixed time before the end.
    Before(Lifetime),
    /// A percentage of the object's own life, 1 to 100.
    Percent(u8),
}

impl Window {
    /// Seconds before the end at which an object that lives `life` seconds is due.
    pub fn seconds(self, life: i64) -> i64 {
        match self {
            Window::LastThird => life / DUE_FRACTION,
            Window::Before(d) => d.seconds(),
            Window::Percent(p) => life * i64::from(p) / 100,
        }
    }

    /// As [`Window::seconds`], and never more than the last third: for lists of what is due.
    pub fn seconds_at_most_a_third(self, life: i64) -> i64 {
        self.seconds(life).min(life / DUE_FRACTION)
    }
}

impl FromStr for Window {
    type Err = ModelError;

    /// `30d` or `25%`.
    fn from_str(text: &str) -> Result<Self, ModelError> {
        match text.strip_suffix('%') {
            None => text.parse().map(Window::Before),
            Some(digits) => match digits.parse::<u8>() {
                Ok(p @ 1..=100) => Ok(Window::Percent(p)),
                _ => Err(ModelError::Duration { value: text.into(), problem: "a percentage is from 1% to 100%" }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (text, seconds) in
            [("1s", 1), ("5m", 300), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600), ("10y", 315_360_000)]
        {
            assert_eq!(text.parse::<Lifetime>().unwrap().seconds(), seconds);
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string().parse::<Lifetime>().unwrap().seconds(), seconds);
        }
        for text in ["", "0d", "365", "-1d", "1.5d", "1M", "d", "99999999999999999999y", "1001y", " 1d"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }

    #[test]
    fn windows() {
        assert_eq!(Window::default().seconds(900), 300);
        assert_eq!("25%".parse::<Window>().unwrap().seconds(900), 225);
        assert_eq!("30d".parse::<Window>().unwrap().seconds_at_most_a_third(900), 300);
        assert!(
            "0%".parse::<Window>().is_err() && "101%".parse::<Window>().is_err() && "30".parse::<Window>().is_err()
        );
    }
}
