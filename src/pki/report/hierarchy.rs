//! The hierarchy: a card for each CA, what it issued folded by month, and the CAs below it.

use super::html::Html;
use super::model::{Authority, Group, Leaf, Report};
use super::page::table;
use super::words::{
    EXPIRED, Mark, REVOKED, SOON, VALID, badge, bar, counted, many, mark, month, number, rect, span, time,
};
use crate::model::Timestamp;
use crate::pki::view::Status;

/// The leaves of a CA that has at most so many lie open.
const FEW: u64 = 12;

pub(super) fn draw(h: &mut Html, report: &Report) {
    if report.roots.is_empty() {
        h.line("p", "empty", "There is no CA yet.");
        return;
    }
    h.el("ul", "tree", |h| {
        for root in &report.roots {
            authority(h, root, report.now);
        }
    });
}

fn authority(h: &mut Html, ca: &Authority, now: Timestamp) {
    let c = &ca.certificate;
    h.el("li", "", |h| {
        let class = format!("ca {}", mark(c.status, ca.expiring).class);
        h.with("article", &[("class", &class)], |h| {
            h.el("div", "top", |h| {
                h.el("h3", "", |h| h.name(&c.name));
                h.line("span", "kind", c.profile);
                badge(h, mark(c.status, ca.expiring));
                if let (Some(_), Status::Valid) = (&ca.state.problem, c.status) {
                    badge(h, Mark { word: "issues nothing", ..REVOKED });
                }
                if ca.state.key_place == "foreign" {
                    badge(h, Mark { class: "info", sign: "⇄", word: "foreign" });
                }
                if !ca.state.newest {
                    badge(h, Mark { class: "past", sign: "↶", word: "earlier generation" });
                }
                crl_badge(h, ca);
            });
            h.el("p", "subject", |h| h.name(&c.subject));
            life(h, c.not_before, c.not_after, now);
            facts(h, ca, now);
            leaves(h, ca, now);
        });
        if !ca.below.is_empty() {
            h.el("ul", "", |h| {
                for below in &ca.below {
                    authority(h, below, now);
                }
            });
        }
    });
}

fn crl_badge(h: &mut Html, ca: &Authority) {
    let (class, word) = match (ca.state.crl.state, &ca.state.crl.reason) {
        ("good", _) => (VALID, "CRL"),
        ("ended", _) => (REVOKED, "CRL ended"),
        ("due", _) => (SOON, "CRL due"),
        (_, Some(_)) => (SOON, "no CRL"),
        _ => (EXPIRED, "no CRL"),
    };
    badge(h, Mark { word, ..class });
}

/// From when to when it lives, and how much of that is over.
fn life(h: &mut Html, not_before: Timestamp, not_after: Timestamp, now: Timestamp) {
    let whole = not_after.since(not_before).max(1);
    let over = now.since(not_before).clamp(0, whole);
    let share = u64::try_from(over * 1_000 / whole).unwrap_or(0);
    h.el("div", "life", |h| {
        time(h, not_before, whole);
        let attributes =
            [("class", "bar"), ("viewBox", "0 0 1000 10"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
        h.with("svg", &attributes, |h| {
            rect(h, "rest", (0, 0), (1_000, 10));
            rect(h, "over", (0, 0), (share, 10));
        });
        h.el("span", "end", |h| {
            time(h, not_after, whole);
            h.line("span", "muted", &format!(" ({})", span(not_after, now)));
        });
    });
}

fn facts(h: &mut Html, ca: &Authority, now: Timestamp) {
    let c = &ca.certificate;
    let fact = |h: &mut Html, name: &str, value: &mut dyn FnMut(&mut Html)| {
        h.el("div", "", |h| {
            h.line("dt", "", name);
            h.el("dd", "", |h| value(h));
        });
    };
    h.el("dl", "facts", |h| {
        fact(h, "Key", &mut |h| {
            h.name(&c.key_algorithm);
            match ca.state.key_place {
                "detached" => h.text(", detached"),
                "foreign" => h.text(", elsewhere"),
                _ => {}
            }
        });
        let crl = &ca.state.crl;
        fact(h, "CRL", &mut |h| match (crl.next_update, &crl.reason) {
            (Some(end), reason) => {
                h.text("until ");
                time(h, end, i64::MAX);
                h.line("span", "muted", &format!(" ({})", span(end, now)));
                h.text(&format!(", {}", many(crl.entries.unwrap_or(0), "entry", "entries")));
                if let Some(reason) = reason {
                    h.text("; due: ");
                    h.prose(reason);
                }
            }
            (None, Some(reason)) => h.prose(reason),
            (None, None) => h.text("none"),
        });
        if ca.state.generation > 1 || !ca.state.newest {
            fact(h, "Generation", &mut |h| h.text(&ca.state.generation.to_string()));
        }
        if let Some(n) = c.path_len {
            fact(h, "Path length", &mut |h| h.text(&n.to_string()));
        }
        if let Some(r) = &c.revocation {
            fact(h, "Revoked", &mut |h| {
                time(h, r.at, i64::MAX);
                h.text(", ");
                h.text(r.reason);
            });
        }
        if let (Some(problem), Status::Valid) = (&ca.state.problem, c.status) {
            fact(h, "Issues nothing", &mut |h| h.prose(problem));
        }
    });
    h.el("details", "ids", |h| {
        h.line("summary", "", "Identifiers");
        h.el("dl", "facts", |h| {
            fact(h, "Serial", &mut |h| h.line("code", "", &c.serial));
            fact(h, "Issuer", &mut |h| h.name(&c.issuer));
            if let Some(id) = &c.subject_key_id {
                fact(h, "Key identifier", &mut |h| h.line("code", "", &super::html::shortened(id, 64)));
            }
            fact(h, "SHA-256", &mut |h| h.line("code", "", &c.fingerprint_sha256));
            fact(h, "Signed with", &mut |h| h.name(&c.signature_algorithm));
        });
    });
}

fn leaves(h: &mut Html, ca: &Authority, now: Timestamp) {
    let counts = &ca.state.leaves.counts;
    if counts.total == 0 {
        return;
    }
    h.el("div", "leaves", |h| {
        h.el("p", "", |h| {
            h.line("b", "", &many(counts.total, "certificate", "certificates"));
            h.text(": ");
            h.text(&counted(counts));
        });
        bar(h, counts);
        if ca.state.problem.is_some() && counts.valid > 0 {
            h.line(
                "p",
                "alarm",
                "Nobody who checks the whole chain takes them: see above why their issuer is not good.",
            );
        }
        let listed: u64 = ca.groups.iter().map(|g| g.leaves.len() as u64).sum();
        if counts.total <= FEW && listed == counts.total {
            let all: Vec<&Leaf> = ca.groups.iter().flat_map(|g| &g.leaves).collect();
            list(h, &format!("Certificates of {}", short(&ca.certificate.name)), &all, now);
            return;
        }
        for group in &ca.groups {
            folded(h, ca, group, now);
        }
    });
}

fn short(name: &str) -> String {
    super::html::shortened(name, 60)
}

fn folded(h: &mut Html, ca: &Authority, group: &Group, now: Timestamp) {
    let when = group.month.map_or("Ended".to_string(), |m| format!("Ends in {}", month(m)));
    let left_out = group.counts.total.saturating_sub(group.leaves.len() as u64);
    let more =
        || format!("And {} more: rootlet list --issuer {} lists them.", number(left_out), short(&ca.certificate.name));
    h.el("details", "month", |h| {
        h.el("summary", "", |h| {
            h.line("span", "label", &when);
            h.line("span", "n", &number(group.counts.total));
            h.line("span", "muted", &counted(&group.counts));
        });
        if !group.leaves.is_empty() {
            let caption = format!("{when}, issued by {}", short(&ca.certificate.name));
            list(h, &caption, &group.leaves.iter().collect::<Vec<_>>(), now);
        }
        if left_out > 0 {
            h.line("p", "muted", &more());
        }
    });
}

fn list(h: &mut Html, caption: &str, leaves: &[&Leaf], now: Timestamp) {
    table(h, caption, &["Name", "Status", "Ends", "Serial"], |h| {
        for leaf in leaves {
            h.el("tr", "", |h| {
                h.with("th", &[("scope", "row")], |h| {
                    h.name(&leaf.name);
                    h.text(" ");
                    h.line("span", "kind", leaf.profile);
                    names(h, leaf);
                });
                h.el("td", "nowrap", |h| {
                    badge(h, mark(leaf.status, leaf.expiring));
                    if let Some(reason) = leaf.reason {
                        h.line("span", "muted block", reason);
                    }
                });
                h.el("td", "nowrap", |h| {
                    time(h, leaf.not_after, leaf.not_after.since(leaf.not_before));
                    h.line("span", "muted block", &span(leaf.not_after, now));
                });
                h.el("td", "", |h| h.line("code", "", &leaf.serial));
            });
        }
    });
}

/// Its alternative names where they say more than its handle, else its subject.
fn names(h: &mut Html, leaf: &Leaf) {
    if leaf.names.iter().all(|n| *n == leaf.name) && leaf.more_names == 0 {
        let plain = format!("CN={}", leaf.name);
        if !leaf.subject.is_empty() && leaf.subject != plain {
            h.el("span", "muted block", |h| h.name(&leaf.subject));
        }
        return;
    }
    h.el("span", "muted block", |h| {
        for (i, name) in leaf.names.iter().enumerate() {
            if i > 0 {
                h.text(", ");
            }
            h.name(name);
        }
        if leaf.more_names > 0 {
            h.text(&format!(", and {} more", number(leaf.more_names as u64)));
        }
    });
}
