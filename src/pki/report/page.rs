//! The page: head, summary, what is due, findings, counts. Pure: the same report gives the same bytes.

use super::hierarchy;
use super::html::Html;
use super::model::{Authority, Report};
use super::timeline;
use super::words::{Mark, REVOKED, SOON, VALID, badge, bar, counted, many, mark, number, span, time};
use crate::keys::sha256;
use crate::pki::status::Due;
use crate::policy::Severity;
use base64::Engine;

const STYLE: &str = include_str!("style.css");
/// Things that are due and lie open, and those that are folded behind them.
const DUE_OPEN: usize = 10;
const MAX_DUE: usize = 200;

/// Draws the whole page.
pub(super) fn draw(report: &Report) -> String {
    Html::document(|h| head(h, report), |h| body(h, report))
}

fn head(h: &mut Html, report: &Report) {
    // Nothing may be loaded, sent or run; the one style sheet is known by its digest, so that no other is taken.
    let digest = base64::engine::general_purpose::STANDARD.encode(sha256(STYLE.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'");
    h.void("meta", &[("charset", "utf-8")]);
    h.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
    h.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    h.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    h.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    h.void("meta", &[("name", "robots"), ("content", "noindex")]);
    h.void("meta", &[("name", "generator"), ("content", concat!("rootlet ", env!("CARGO_PKG_VERSION")))]);
    h.line("title", "", &super::html::shortened(&report.title, 80));
    h.style(STYLE);
}

const PARTS: [(&str, &str); 5] = [
    ("due", "What is due"),
    ("hierarchy", "Hierarchy"),
    ("timeline", "Timeline"),
    ("counts", "Counts"),
    ("findings", "Findings"),
];

fn body(h: &mut Html, report: &Report) {
    h.with("a", &[("class", "skip"), ("href", "#main")], |h| h.text("Skip to the report"));
    h.el("header", "", |h| {
        h.el("div", "wrap", |h| {
            h.el("h1", "", |h| h.name(&report.title));
            h.el("p", "when", |h| {
                h.text("As of ");
                let at = report.now.to_string();
                h.with("time", &[("datetime", &at)], |h| h.text(&at.replace('T', " ").replace('Z', " UTC")));
            });
            h.with("nav", &[("aria-label", "Parts of this report")], |h| {
                h.el("ul", "", |h| {
                    for (id, name) in PARTS {
                        h.el("li", "", |h| {
                            let link = format!("#{id}");
                            h.with("a", &[("href", &link)], |h| h.text(name));
                        });
                    }
                });
            });
        });
    });
    h.with("main", &[("id", "main"), ("class", "wrap")], |h| {
        summary(h, report);
        section(h, "due", |h| due(h, report));
        section(h, "hierarchy", |h| hierarchy::draw(h, report));
        section(h, "timeline", |h| timeline::draw(h, report));
        section(h, "counts", |h| counts(h, report));
        section(h, "findings", |h| findings(h, report));
    });
    h.el("footer", "", |h| {
        h.el("div", "wrap", |h| {
            h.line("p", "", concat!("Made by rootlet ", env!("CARGO_PKG_VERSION"), " from the inventory of the PKI. Times are in UTC. Each name counts once, by its newest certificate."));
        });
    });
}

fn section(h: &mut Html, id: &'static str, inside: impl FnOnce(&mut Html)) {
    let heading = format!("{id}-heading");
    h.with("section", &[("id", id), ("aria-labelledby", &heading)], |h| {
        let name = PARTS.iter().find(|p| p.0 == id).map_or(id, |p| p.1);
        h.with("h2", &[("id", &heading)], |h| h.text(name));
        inside(h);
    });
}

fn summary(h: &mut Html, report: &Report) {
    let errors = report.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let verdict = match (report.due.len(), errors) {
        (0, 0) => (VALID, "Nothing is due".to_string()),
        (n, 0) => (SOON, format!("{} due", many(n as u64, "thing is", "things are"))),
        (0, e) => (REVOKED, many(e as u64, "error was found", "errors were found")),
        (n, e) => (
            REVOKED,
            format!(
                "{} due, and {}",
                many(n as u64, "thing is", "things are"),
                many(e as u64, "error was found", "errors were found")
            ),
        ),
    };
    let class = format!("verdict {}", verdict.0.class);
    h.with("p", &[("class", &class)], |h| {
        h.with("span", &[("class", "sign"), ("aria-hidden", "true")], |h| h.text(verdict.0.sign));
        h.text(" ");
        h.line("b", "", &verdict.1);
    });
    let (cas, leaves) = (&report.cas, &report.leaves);
    h.el("ul", "tiles", |h| {
        let foreign = if cas.foreign > 0 {
            format!("{} valid, {} foreign", number(cas.valid), number(cas.foreign))
        } else {
            format!("{} valid", number(cas.valid))
        };
        tile(h, "", cas.total, if cas.total == 1 { "CA" } else { "CAs" }, &foreign);
        let share = match leaves.total {
            0 => "none yet".to_string(),
            n => format!("of {}", many(n, "certificate", "certificates")),
        };
        tile(h, "good", leaves.valid, "valid", &share);
        tile(h, "soon", leaves.expiring + cas.expiring, "end soon", "in the last third of their lives");
        let held =
            if leaves.on_hold > 0 { format!("and {} on hold", number(leaves.on_hold)) } else { "certificates".into() };
        tile(h, "bad", leaves.revoked, "revoked", &held);
        tile(h, "past", leaves.expired, "expired", "certificates");
    });
}

fn tile(h: &mut Html, class: &'static str, n: u64, what: &str, more: &str) {
    h.el("li", class, |h| {
        h.line("span", "n", &number(n));
        h.text(" ");
        h.line("span", "what", what);
        h.text(" ");
        h.line("span", "more", more);
    });
}

fn due(h: &mut Html, report: &Report) {
    if report.due.is_empty() {
        h.line("p", "empty", "Nothing ends soon, every CRL is fresh, and nothing was left half-done.");
        return;
    }
    let (first, others) = report.due.split_at(report.due.len().min(DUE_OPEN));
    due_table(h, "What somebody should see to, the most urgent first", first, report);
    if others.is_empty() {
        return;
    }
    h.el("details", "", |h| {
        h.line("summary", "", &format!("{} more", number(others.len() as u64)));
        due_table(h, "What comes after that", others.get(..MAX_DUE).unwrap_or(others), report);
        if let Some(more @ 1..) = others.len().checked_sub(MAX_DUE) {
            h.line("p", "muted", &format!("And {} more: rootlet status lists them.", number(more as u64)));
        }
    });
}

fn due_table(h: &mut Html, caption: &str, due: &[Due], report: &Report) {
    table(h, caption, &["What", "When", "What to do"], |h| {
        for due in due {
            h.el("tr", "", |h| {
                h.with("th", &[("scope", "row")], |h| h.prose(&due.message));
                h.el("td", "nowrap", |h| {
                    if let Some(at) = due.at {
                        time(h, at, i64::MAX);
                        h.line("span", "muted block", &span(at, report.now));
                    }
                });
                h.el("td", "", |h| h.prose(&due.hint));
            });
        }
    });
}

fn findings(h: &mut Html, report: &Report) {
    if report.findings.is_empty() {
        h.line(
            "p",
            "empty",
            "The CAs in use keep every rule that was checked, and so do certificates that were made elsewhere or signed for others.",
        );
    } else {
        table(h, "Rules that are broken, errors first", &["Weight", "Where", "What", "Rule"], |h| {
            for f in &report.findings {
                h.el("tr", "", |h| {
                    let weight = match f.severity {
                        Severity::Error => Mark { word: "error", ..REVOKED },
                        Severity::Warning | Severity::Notice => Mark { word: "warning", ..SOON },
                    };
                    h.el("td", "nowrap", |h| badge(h, weight));
                    h.with("th", &[("scope", "row")], |h| {
                        h.name(&f.name);
                        h.line("span", "muted block", if f.kind == "ca" { "CA" } else { f.kind });
                    });
                    h.el("td", "", |h| {
                        h.prose(&f.message);
                        if let Some(hint) = &f.hint {
                            h.el("span", "muted block", |h| h.prose(hint));
                        }
                    });
                    h.el("td", "", |h| {
                        h.line("code", "", f.lint);
                        h.line("span", "muted block", f.citation);
                    });
                });
            }
        });
    }
    for remark in &report.remarks {
        h.line("p", "muted", &remark.message);
    }
}

fn counts(h: &mut Html, report: &Report) {
    h.el("div", "columns", |h| {
        h.el("div", "", |h| {
            h.line("h3", "", "By status");
            let leaves = &report.leaves;
            table(h, "Certificates by status", &["Status", "Certificates"], |h| {
                for (mark, n) in super::words::parts(leaves) {
                    let (mark, n) = match mark {
                        VALID => (VALID, leaves.valid),
                        SOON => (Mark { word: "of these, end soon", ..SOON }, n),
                        other => (other, n),
                    };
                    h.el("tr", "", |h| {
                        h.with("th", &[("scope", "row")], |h| badge(h, mark));
                        h.line("td", "n", &number(n));
                    });
                }
                if leaves.replaced > 0 {
                    h.el("tr", "", |h| {
                        h.with("th", &[("scope", "row")], |h| h.text("earlier ones, still valid"));
                        h.line("td", "n", &number(leaves.replaced));
                    });
                }
            });
        });
        h.el("div", "", |h| {
            h.line("h3", "", "By key algorithm");
            if report.keys.is_empty() {
                h.line("p", "empty", "Nothing is valid.");
            } else {
                table(
                    h,
                    "Valid certificates by the algorithm of their key",
                    &["Algorithm", "Certificates", "CAs"],
                    |h| {
                        for (key, (leaves, cas)) in &report.keys {
                            h.el("tr", "", |h| {
                                h.with("th", &[("scope", "row")], |h| h.name(key));
                                h.line("td", "n", &number(*leaves));
                                h.line("td", "n", &number(*cas));
                            });
                        }
                    },
                );
            }
        });
        h.el("div", "", |h| {
            h.line("h3", "", "By profile");
            if report.profiles.is_empty() {
                h.line("p", "empty", "No certificate was issued yet.");
            } else {
                table(h, "Certificates by profile", &["Profile", "Valid", "All"], |h| {
                    for (profile, counts) in &report.profiles {
                        h.el("tr", "", |h| {
                            h.with("th", &[("scope", "row")], |h| h.text(profile));
                            h.line("td", "n", &number(counts.valid));
                            h.line("td", "n", &number(counts.total));
                        });
                    }
                });
            }
        });
    });
    h.line("h3", "", "By issuer");
    let mut issuers = Vec::new();
    Authority::walk(&report.roots, &mut |ca| issuers.push(ca));
    issuers.retain(|ca| ca.state.leaves.counts.total > 0);
    issuers.sort_by_key(|ca| std::cmp::Reverse(ca.state.leaves.counts.total));
    if issuers.is_empty() {
        h.line("p", "empty", "No certificate was issued yet.");
        return;
    }
    table(h, "Certificates by issuer, the largest first", &["Issuer", "Certificates", "How they stand"], |h| {
        for ca in issuers {
            let counts = &ca.state.leaves.counts;
            h.el("tr", "", |h| {
                h.with("th", &[("scope", "row")], |h| {
                    h.name(&ca.certificate.name);
                    let standing = mark(ca.certificate.status, ca.expiring);
                    if standing != VALID {
                        h.text(" ");
                        badge(h, standing);
                    }
                });
                h.line("td", "n", &number(counts.total));
                h.el("td", "wide", |h| {
                    bar(h, counts);
                    h.line("span", "muted block", &counted(counts));
                });
            });
        }
    });
}

/// A table with a caption and heads of columns.
pub(super) fn table(h: &mut Html, caption: &str, heads: &[&'static str], rows: impl FnOnce(&mut Html)) {
    // Wide tables scroll by themselves, and by keys where they are focused.
    h.with("div", &[("class", "scroll"), ("tabindex", "0"), ("role", "group"), ("aria-label", caption)], |h| {
        h.el("table", "", |h| {
            h.line("caption", "", caption);
            h.el("thead", "", |h| {
                h.el("tr", "", |h| {
                    for head in heads {
                        let class = if matches!(*head, "Certificates" | "CAs" | "Valid" | "All") { "n" } else { "" };
                        h.with("th", &[("scope", "col"), ("class", class)], |h| h.text(head));
                    }
                });
            });
            h.el("tbody", "", rows);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// The custom properties of every `:root` block: light, dark, print.
    fn palettes() -> Vec<HashMap<&'static str, &'static str>> {
        let blocks = STYLE.split(":root {").skip(1).map(|b| b.split('}').next().unwrap());
        let pairs = |block: &'static str| block.split(';').filter_map(|d| d.trim().split_once(": "));
        blocks.map(|b| pairs(b).filter(|(name, _)| name.starts_with("--")).collect()).collect()
    }

    /// Relative luminance of a color (WCAG 2.2).
    fn luminance(color: &str) -> f64 {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Text stands out at least 4.5 to 1, what is drawn 3 to 1, in light, dark and print (WCAG 2.2, 1.4.3 and 1.4.11).
    #[test]
    fn colors_can_be_told_apart() {
        assert!(
            (contrast("#ffffff", "#000000") - 21.0).abs() < 0.01
                && (contrast("#777777", "#ffffff") - 4.48).abs() < 0.01
        );
        let palettes = palettes();
        assert_eq!(palettes.len(), 3);
        for palette in palettes {
            let of = |name: &str| *palette.get(format!("--{name}").as_str()).unwrap_or_else(|| panic!("no {name}"));
            let mut pairs = vec![
                ("text", "card"),
                ("text", "page"),
                ("muted", "card"),
                ("muted", "page"),
                ("accent", "card"),
                ("accent", "page"),
                ("bad", "card"),
            ];
            pairs.extend([
                ("good", "good-tint"),
                ("soon", "soon-tint"),
                ("bad", "bad-tint"),
                ("hold", "hold-tint"),
                ("info", "info-tint"),
                ("past", "past-tint"),
            ]);
            for (text, ground) in pairs {
                let ratio = contrast(of(text), of(ground));
                assert!(ratio >= 4.5, "{text} {} on {ground} {}: {ratio:.2}", of(text), of(ground));
            }
        }
    }

    #[test]
    fn the_style_asks_for_nothing() {
        for word in ["</", "url(", "@import", "@font-face", "expression", "http"] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
