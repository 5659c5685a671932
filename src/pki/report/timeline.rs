//! What ends when: the lives of the CAs as bars, and how many leaves end in each month. Both drawings are told again as
//! tables.

use super::html::{Html, shortened};
use super::model::{Authority, Report};
use super::page::table;
use super::words::{MONTHS, many, mark, month, number, rect, span, time};
use crate::model::Timestamp;
use crate::pki::census::Month;

/// CAs that are drawn; more are in the table only.
const MAX_ROWS: usize = 40;
/// A year on the scale.
const YEAR: i64 = 31_556_952;
/// What lies further away than this is cut: a root until the year 9999 would leave no room for the others.
const MAX_YEARS: i64 = 30;
/// Months of the lower drawing, at least and at most.
const MONTHS_SHOWN: (u32, u32) = (12, 36);
const WIDTH: u64 = 1_000;

pub(super) fn draw(h: &mut Html, report: &Report) {
    let mut cas = Vec::new();
    Authority::walk(&report.roots, &mut |ca| cas.push(ca));
    if cas.is_empty() {
        h.line("p", "empty", "There is nothing that could end.");
        return;
    }
    h.line("h3", "", "Lives of the CAs");
    lives(h, report, &cas);
    h.line("h3", "", "Certificates that end, by month");
    if report.months.is_empty() {
        h.line("p", "empty", "No certificate is valid.");
    } else {
        months(h, report);
    }
}

/// Where a time stands on the scale of the upper drawing.
struct Scale {
    start: Timestamp,
    end: Timestamp,
}

/// The bars lie between these.
const LEFT: u64 = 230;
const RIGHT: u64 = 900;

impl Scale {
    fn of(cas: &[&Authority], now: Timestamp) -> Self {
        let bound = MAX_YEARS * YEAR;
        let earliest = cas.iter().map(|c| c.certificate.not_before).min().unwrap_or(now);
        let latest = cas.iter().map(|c| c.certificate.not_after).max().unwrap_or(now);
        let start = earliest.clamp(now.plus(-bound), now);
        Scale { start, end: latest.clamp(now.plus(86_400), now.plus(bound)) }
    }

    fn at(&self, time: Timestamp) -> u64 {
        let whole = self.end.since(self.start).max(1);
        let part = time.clamp(self.start, self.end).since(self.start);
        LEFT + u64::try_from(part * (RIGHT - LEFT) as i64 / whole).unwrap_or(0)
    }

    /// Where a life begins and ends on it, the left one first: what was made elsewhere may end before it begins.
    fn life(&self, not_before: Timestamp, not_after: Timestamp) -> (u64, u64) {
        let (a, b) = (self.at(not_before), self.at(not_after));
        (a.min(b), a.max(b))
    }
}

fn lives(h: &mut Html, report: &Report, cas: &[&Authority]) {
    const ROW: u64 = 28;
    const TOP: u64 = 30;
    let now = report.now;
    let shown = cas.get(..MAX_ROWS).unwrap_or(cas);
    let scale = Scale::of(cas, now);
    let height = TOP + ROW * shown.len() as u64 + 24;
    drawing(
        h,
        height,
        "lives",
        "Lives of the CAs",
        &format!(
            "A bar for each of {}, from its first to its last day; the table below says the same.",
            many(shown.len() as u64, "CA", "CAs")
        ),
        |h| {
            years(h, &scale, height);
            for (row, ca) in (0_u64..).zip(shown) {
                let c = &ca.certificate;
                let y = TOP + row * ROW;
                text(h, "label", (LEFT - 12, y + 17), &shortened(&c.name, 26));
                let (from, to) = scale.life(c.not_before, c.not_after);
                let standing = mark(c.status, ca.expiring);
                rect(h, standing.class, (from, y + 5), ((to - from).max(3), 16));
                let over = scale.at(now).clamp(from, to) - from;
                rect(h, "shade", (from, y + 5), (over, 16));
                text(h, "date", (RIGHT + 10, y + 17), &c.not_after.date());
            }
            let x = scale.at(now);
            line(h, "now", x, (18, height - 20));
            text(h, "now", (x, 13), "now");
        },
    );
    h.el("details", "", |h| {
        h.line("summary", "", "The lives of the CAs as a table");
        table(h, "Lives of the CAs", &["CA", "Status", "From", "Until"], |h| {
            for ca in cas {
                let c = &ca.certificate;
                let life = c.not_after.since(c.not_before);
                h.el("tr", "", |h| {
                    h.with("th", &[("scope", "row")], |h| h.name(&c.name));
                    h.el("td", "nowrap", |h| super::words::badge(h, mark(c.status, ca.expiring)));
                    h.el("td", "nowrap", |h| time(h, c.not_before, life));
                    h.el("td", "nowrap", |h| {
                        time(h, c.not_after, life);
                        h.line("span", "muted", &format!(" ({})", span(c.not_after, now)));
                    });
                });
            }
        });
    });
}

/// Lines at the beginnings of years, not too many of them.
fn years(h: &mut Html, scale: &Scale, height: u64) {
    let years = (scale.end.since(scale.start) / YEAR).max(1);
    let step = [1, 2, 5, 10, 20].into_iter().find(|s| years / s <= 12).unwrap_or(50);
    let first = Month::of(scale.start).year();
    for year in first + 1..=Month::of(scale.end).year() {
        let Ok(at) = format!("{year:04}-01-01").parse::<Timestamp>() else { continue };
        if i64::from(year) % step == 0 && at <= scale.end {
            let x = scale.at(at);
            line(h, "grid", x, (18, height - 20));
            // What stands beside the word "now" could not be read.
            if x.abs_diff(scale.at(scale.start)) > 0 {
                text(h, "year", (x, height - 6), &year.to_string());
            }
        }
    }
}

fn months(h: &mut Html, report: &Report) {
    const BASE: u64 = 200;
    const TALLEST: u64 = 160;
    let first = Month::of(report.now);
    let last = report.months.keys().next_back().copied().unwrap_or(first);
    let columns = (last.since(first) + 1).clamp(MONTHS_SHOWN.0, MONTHS_SHOWN.1);
    let of = |column: u32| report.months.get(&first.plus(column)).copied().unwrap_or(0);
    let later: u64 = report.months.range(first.plus(columns)..).map(|(_, n)| n).sum();
    let most = (0..columns).map(of).max().unwrap_or(1).max(1);
    let step = (WIDTH - 20) / u64::from(columns);
    let about = format!(
        "A bar for each month from {} on, as high as the number of certificates that end in it, {} at most; the table below says the same.",
        month(first),
        number(most)
    );
    drawing(h, BASE + 44, "months", "Certificates that end, by month", &about, |h| {
        rect(h, "axis", (10, BASE), (step * u64::from(columns), 1));
        for column in 0..columns {
            let (n, at) = (of(column), first.plus(column));
            let x = 10 + u64::from(column) * step;
            if n > 0 {
                let height = (n * TALLEST / most).max(3);
                let class = if column == 0 { "soon" } else { "good" };
                rect(h, class, (x + 3, BASE - height), (step - 6, height));
                text(h, "count", (x + step / 2, BASE - height - 6), &brief(n));
            }
            let name = usize::try_from(at.number()).ok().and_then(|m| MONTHS.get(m - 1)).copied().unwrap_or_default();
            let letters = if columns > 18 { 1 } else { 3 };
            text(h, "month", (x + step / 2, BASE + 18), name.get(..letters).unwrap_or(name));
            if column == 0 || at.number() == 1 {
                text(h, "month strong", (x + step / 2, BASE + 36), &at.year().to_string());
            }
        }
    });
    if later > 0 {
        h.line("p", "muted", &format!("{} later.", many(later, "certificate ends", "certificates end")));
    }
    h.el("details", "", |h| {
        h.line("summary", "", "The months as a table");
        table(h, "Certificates that end, by month", &["Month", "Certificates"], |h| {
            for (m, n) in &report.months {
                h.el("tr", "", |h| {
                    h.with("th", &[("scope", "row")], |h| h.text(&month(*m)));
                    h.line("td", "n", &number(*n));
                });
            }
        });
    });
}

/// A number that fits above a bar.
fn brief(n: u64) -> String {
    match n {
        0..=9_999 => n.to_string(),
        10_000..=999_999 => format!("{}k", n / 1_000),
        _ => format!("{}M", n / 1_000_000),
    }
}

fn drawing(h: &mut Html, height: u64, id: &'static str, title: &str, about: &str, inside: impl FnOnce(&mut Html)) {
    let (view, names) = (format!("0 0 {WIDTH} {height}"), format!("{id}-title {id}-about"));
    h.el("div", "drawing", |h| {
        h.with("svg", &[("viewBox", &view), ("role", "img"), ("aria-labelledby", &names)], |h| {
            h.with("title", &[("id", &format!("{id}-title"))], |h| h.text(title));
            h.with("desc", &[("id", &format!("{id}-about"))], |h| h.text(about));
            inside(h);
        });
    });
}

fn text(h: &mut Html, class: &'static str, (x, y): (u64, u64), words: &str) {
    h.with("text", &[("class", class), ("x", &x.to_string()), ("y", &y.to_string())], |h| h.text(words));
}

fn line(h: &mut Html, class: &'static str, x: u64, (from, to): (u64, u64)) {
    let x = x.to_string();
    let (from, to) = (from.to_string(), to.to_string());
    h.with("line", &[("class", class), ("x1", &x), ("x2", &x), ("y1", &from), ("y2", &to)], |_| {});
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_that_ends_before_it_begins_is_a_bar_too() {
        let t = |text: &str| text.parse::<Timestamp>().unwrap();
        let scale = Scale { start: t("2020-01-01T00:00:00Z"), end: t("2040-01-01T00:00:00Z") };
        let (early, late) = (t("2025-01-01T00:00:00Z"), t("2035-01-01T00:00:00Z"));
        let (from, to) = scale.life(early, late);
        assert!(LEFT < from && from < to && to < RIGHT);
        assert_eq!(scale.life(late, early), (from, to));
    }
}
