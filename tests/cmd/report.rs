//! `report`: one page that shows the PKI. What a browser makes of it is tested in `tests/browser.rs`.

use crate::common::{DAY, Sandbox, hostile};
use rootlet::model::{FixedClock, Timestamp};
use rootlet::pki::{Pki, ReportRequest};

/// The page as text: no tags, no style.
pub fn visible(page: &str) -> String {
    let body = page.split_once("<body>").expect("a body").1;
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = ["&lt; <", "&gt; >", "&quot; \"", "&#39; '", "&#96; `", "&amp; &"]
        .iter()
        .fold(text, |t, pair| pair.split_once(' ').map_or(t.clone(), |(from, to)| t.replace(from, to)));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lab() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--ip", "10.0.0.1"]);
    s.ok(&["client", "gone"]);
    s.ok(&["revoke", "gone", "--reason", "superseded"]);
    s.ok(&["client", "late", "--not-before", &s.time(-9), "--not-after", &s.time(3)]);
    s
}

#[test]
fn the_page_shows_the_pki() {
    let s = lab();
    let before = s.state();
    let ran = s.ok(&["report"]);
    before.assert_unchanged(&s.state(), "report");
    let text = visible(&ran.stdout);
    for words in [
        "PKI of Lab Root",
        "1 thing is due",
        "rootlet renew late",
        "lab-root root ✓ valid",
        "lab-issuing intermediate ✓ valid",
        "api.internal server api.internal , 10.0.0.1 ✓ valid",
        "✕ revoked superseded",
        "3 certificates",
        "Lives of the CAs",
        "Certificates that end, by month",
        "By key algorithm",
        "The CAs in use keep every rule that was checked",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    ran.says("shows 2 CAs and 3 certificates");
}

#[test]
fn it_is_written_like_a_bundle() {
    let s = lab();
    let outcome = s.json(&["report", "--output", "pki.html"]);
    let path = s.path("pki.html");
    assert_eq!(outcome["file"], path.to_str().unwrap());
    assert_eq!(
        (&outcome["title"], &outcome["authorities"], &outcome["certificates"]),
        (&"PKI of Lab Root".into(), &2.into(), &3.into())
    );
    assert!(outcome.get("html").is_none(), "it is in the file");
    assert_eq!(s.mode("pki.html"), 0o644);
    // In place of what is there, in one step, and nothing is left beside it.
    s.ok(&["report", "--output", "pki.html", "--title", "Our <PKI>"]).prints("pki.html");
    assert!(s.text("pki.html").contains("<h1><bdi>Our &lt;PKI&gt;</bdi></h1>"));
    assert_eq!(s.names("."), ["pki", "pki.html"]);
    let inline = s.json(&["report"]);
    assert!(inline["html"].as_str().unwrap().starts_with("<!DOCTYPE html>\n") && inline["file"].is_null());
    s.refuses(&["report", "--output", "nowhere/pki.html"], 1, "io");
    s.refuses(&["report", "--output", "pki"], 1, "io");
    s.refuses(&["report", "--title", " "], 2, "usage");
    s.refuses(&["report", "--within", "30"], 2, "invalid-value");
    s.refuses(&["report", "--pki", "nowhere"], 1, "no-pki");
}

/// It is what people show to others.
#[test]
fn nothing_secret_is_in_it() {
    let s = lab();
    let page = s.ok(&["report"]).stdout;
    assert!(
        !page.contains("PRIVATE") && !page.contains(s.path("").to_str().unwrap()),
        "no keys, no places of this machine"
    );
    for key in ["pki/ca/lab-root/key.pem", "pki/certs/api.internal/key.pem"] {
        let body: String = s.text(key).lines().filter(|l| !l.starts_with('-')).collect();
        assert!(!page.contains(&body[..20]));
    }
}

#[test]
fn an_empty_pki_has_a_page() {
    let s = Sandbox::new();
    s.ok(&["request", "web.internal", "--profile", "server"]);
    let text = visible(&s.ok(&["report"]).stdout);
    assert!(text.contains("A PKI without a root") && text.contains("There is no CA yet."), "{text}");
    s.ok(&["tree"]).says("there is no CA yet");
}

#[test]
fn many_leaves_are_folded() {
    let s = Sandbox::with_issuing_ca();
    for n in 0..15 {
        s.ok(&["client", &format!("c-{n}"), "--lifetime", if n < 5 { "40d" } else { "200d" }]);
    }
    let page = s.ok(&["report"]).stdout;
    assert_eq!(page.matches("<details class=\"month\">").count(), 2, "{page}");
    let text = visible(&page);
    assert!(text.contains(" 5 5 valid ") && text.contains(" 10 10 valid "), "{text}");
}

/// Every tag is one of ours, whatever the names say.
#[test]
fn hostile_names_are_text() {
    let s = hostile::adopted("192.0.2.1");
    s.ok(&["client", "c", "--lifetime", &format!("{}s", 10 * DAY)]);
    let ran = s.run(&["report", "--title", hostile::NAMES[1]]).exits(0);
    let page = ran.stdout;
    let tags: std::collections::BTreeSet<&str> =
        page.split('<').skip(1).filter_map(|t| t.split([' ', '>', '\n']).next()).collect();
    for tag in ["script", "img", "svg/onload", "iframe", "long", "b&gt;already", "!--"] {
        assert!(!tags.contains(tag), "{tag}: {tags:?}");
    }
    for known in &tags {
        let name = known.trim_start_matches('/');
        assert!(name == "!DOCTYPE" || name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{known}");
    }
    assert_eq!((page.matches("<style>").count(), page.matches("<title>").count()), (1, 1));
    for attribute in [" onerror=\"", " onload=\"", " style=\"", " src=\""] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!page.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{ad}']) && page.contains("\\u{202e}"));
    let text = visible(&page);
    assert!(text.contains("<script>document.title='owned'</script>"), "it is shown as it is: {text}");
    assert!(text.contains("(10002 characters)") || !text.contains("<long><long>"), "{text}");
}

/// The same PKI at the same second is the same page; and later it says what has become of everything.
#[test]
fn it_is_as_of_one_second() {
    let s = lab();
    let page = |at: &str| {
        let clock = FixedClock(at.parse::<Timestamp>().unwrap());
        let mut pki = Pki::open(&s.path("pki")).unwrap().with_clock(clock);
        pki.report(&ReportRequest::default()).unwrap().html.unwrap()
    };
    let end = s.field("lab-issuing", "not_after");
    assert_eq!(page(&end), page(&end));
    let text = visible(&page(&end));
    assert!(text.contains(&format!("As of {}", end.replace('T', " ").replace('Z', " UTC"))), "{text}");
    assert!(text.contains("lab-issuing intermediate ▲ ends soon ✕ CRL ended"), "{text}");
    assert!(text.contains("(in 0 seconds)") && text.contains("3 things are due"), "{text}");
    let text = visible(&page("2099-01-01T00:00:00Z"));
    assert!(
        text.contains("lab-root root – expired ✕ CRL ended") && text.contains("No certificate is valid."),
        "{text}"
    );
    let text = visible(&page("1999-12-31T23:59:59Z"));
    assert!(text.contains("lab-root root ○ not valid yet"), "{text}");
}
