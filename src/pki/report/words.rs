//! Words and small shapes that several parts of the page use.

use super::html::Html;
use crate::model::Timestamp;
use crate::pki::census::{LeafCounts, Month};
use crate::pki::view::Status;

/// How something stands, as the page tells it: a class for its color, a sign and a word, so that color is never alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub class: &'static str,
    pub sign: &'static str,
    pub word: &'static str,
}

pub(super) const VALID: Mark = Mark { class: "good", sign: "✓", word: "valid" };
pub(super) const SOON: Mark = Mark { class: "soon", sign: "▲", word: "ends soon" };
pub(super) const NOT_YET: Mark = Mark { class: "info", sign: "○", word: "not valid yet" };
pub(super) const HOLD: Mark = Mark { class: "hold", sign: "‖", word: "on hold" };
pub(super) const REVOKED: Mark = Mark { class: "bad", sign: "✕", word: "revoked" };
pub(super) const EXPIRED: Mark = Mark { class: "past", sign: "–", word: "expired" };

pub(super) fn mark(status: Status, expiring: bool) -> Mark {
    match status {
        Status::Valid if expiring => SOON,
        Status::Valid => VALID,
        Status::NotYetValid => NOT_YET,
        Status::OnHold => HOLD,
        Status::Revoked => REVOKED,
        Status::Expired => EXPIRED,
    }
}

/// What a count is made of; the valid ones without those that end soon.
pub(super) fn parts(counts: &LeafCounts) -> [(Mark, u64); 6] {
    [
        (VALID, counts.valid.saturating_sub(counts.expiring)),
        (SOON, counts.expiring),
        (NOT_YET, counts.not_yet_valid),
        (HOLD, counts.on_hold),
        (REVOKED, counts.revoked),
        (EXPIRED, counts.expired),
    ]
}

/// A count in words; those that end soon are among the valid ones.
pub(super) fn counted(counts: &LeafCounts) -> String {
    let all = parts(counts).into_iter().filter(|(mark, _)| *mark != SOON);
    let all = all.map(|(mark, n)| (mark, if mark == VALID { counts.valid } else { n })).filter(|(_, n)| *n > 0);
    let words = all.map(|(mark, n)| match (mark, counts.expiring) {
        (VALID, soon @ 1..) => format!("{} valid ({} soon)", number(n), many(soon, "ends", "end")),
        _ => format!("{} {}", number(n), mark.word),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A badge.
pub(super) fn badge(h: &mut Html, mark: Mark) {
    let class = format!("badge {}", mark.class);
    h.with("span", &[("class", &class)], |h| {
        h.with("span", &[("aria-hidden", "true")], |h| h.text(mark.sign));
        h.text(" ");
        h.text(mark.word);
    });
}

/// A bar of parts as wide as their share. What it says is said in words beside it.
pub(super) fn bar(h: &mut Html, counts: &LeafCounts) {
    const WIDTH: u64 = 1_000;
    let attributes =
        [("class", "bar"), ("viewBox", "0 0 1000 10"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    h.with("svg", &attributes, |h| {
        let (total, mut before) = (counts.total.max(1), 0);
        for (mark, n) in parts(counts).into_iter().filter(|(_, n)| *n > 0) {
            let (start, end) = (before * WIDTH / total, (before + n) * WIDTH / total);
            before += n;
            // However few, they are seen.
            rect(h, mark.class, (start, 0), ((end - start).max(4), 10));
        }
    });
}

/// A rectangle of a drawing.
pub(super) fn rect(h: &mut Html, class: &'static str, (x, y): (u64, u64), (width, height): (u64, u64)) {
    let [x, y, width, height] = [x, y, width, height].map(|n| n.to_string());
    h.with("rect", &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)], |_| {});
}

/// A time, to the day where it is far away.
pub(super) fn time(h: &mut Html, at: Timestamp, life: i64) {
    const SHORT: i64 = 3 * 86_400;
    let whole = at.to_string();
    let shown = if life < SHORT { whole.replace('T', " ") } else { at.date() };
    h.with("time", &[("datetime", &whole)], |h| h.text(&shown));
}

/// How far away a time is.
pub(super) fn span(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.since(now);
    let (n, unit) = match seconds.abs() {
        // Far away nobody counts days: to the nearest.
        s if s >= 3 * 365 * 86_400 => ((s + 182 * 86_400) / (365 * 86_400), "years"),
        s if s >= 120 * 86_400 => ((s * 12 + 182 * 86_400) / (365 * 86_400), "months"),
        s if s >= 2 * 86_400 => (s / 86_400, "days"),
        s if s >= 2 * 3_600 => (s / 3_600, "hours"),
        s if s >= 120 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    if seconds < 0 { format!("{n} {unit} ago") } else { format!("in {n} {unit}") }
}

/// A number with its thousands apart.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number of things.
pub(super) fn many(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { several })
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `March 2027`.
pub(super) fn month(m: Month) -> String {
    let name = usize::try_from(m.number()).ok().and_then(|n| MONTHS.get(n - 1)).copied().unwrap_or_default();
    format!("{name} {}", m.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_words() {
        let counts =
            LeafCounts { total: 1_240, valid: 1_234, expiring: 1, revoked: 5, on_hold: 1, ..LeafCounts::default() };
        assert_eq!(counted(&counts), "1,234 valid (1 ends soon), 1 on hold, 5 revoked");
        assert_eq!(counted(&LeafCounts { valid: 2, ..LeafCounts::default() }), "2 valid");
        assert_eq!(counted(&LeafCounts::default()), "");
    }

    #[test]
    fn numbers_and_spans() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1_000, 1_234_567].map(number).each_ref().map(String::as_str)
        );
        let now: Timestamp = "2030-01-01".parse().unwrap();
        let day = 86_400;
        let shown = [day * 4_000, day * 200, day * 30, 7_300, -day * 3, 30].map(|s| span(now.plus(s), now));
        assert_eq!(shown, ["in 11 years", "in 7 months", "in 30 days", "in 2 hours", "3 days ago", "in 30 seconds"]);
        assert_eq!(month(Month::of(now)), "January 2030");
        assert_eq!((many(1, "leaf", "leaves"), many(2, "leaf", "leaves")), ("1 leaf".into(), "2 leaves".into()));
    }
}
