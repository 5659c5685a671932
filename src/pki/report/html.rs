//! HTML that cannot be broken by what is put into it.
//!
//! Tags, classes and attribute names are words of this program; everything else comes in through [`Html::text`] or as the
//! value of an attribute, and both escape it. There is no way to add markup as text.

/// Names from certificates are shown to this length: the longest that a reader looks at. Hostile ones have megabytes.
const MAX_NAME: usize = 160;

/// Sentences hold names too.
const MAX_SENTENCE: usize = 600;

/// A piece of a page.
#[derive(Debug, Default)]
pub(super) struct Html {
    out: String,
}

impl Html {
    /// A whole document: `head` and `body` are written by the two functions.
    pub fn document(head: impl FnOnce(&mut Html), body: impl FnOnce(&mut Html)) -> String {
        let mut page = Html { out: "<!DOCTYPE html>\n".into() };
        page.with("html", &[("lang", "en")], |h| {
            h.with("head", &[], head);
            h.out.push('\n');
            h.with("body", &[], body);
        });
        page.out.push('\n');
        page.out
    }

    /// An element with attributes, and what is in it.
    pub fn with(&mut self, tag: &'static str, attributes: &[(&'static str, &str)], inside: impl FnOnce(&mut Html)) {
        self.open(tag, attributes);
        inside(self);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        if is_block(tag) {
            self.out.push('\n');
        }
    }

    /// An element of a class, and what is in it.
    pub fn el(&mut self, tag: &'static str, class: &'static str, inside: impl FnOnce(&mut Html)) {
        if class.is_empty() { self.with(tag, &[], inside) } else { self.with(tag, &[("class", class)], inside) }
    }

    /// An element of a class with text in it.
    pub fn line(&mut self, tag: &'static str, class: &'static str, text: &str) {
        self.el(tag, class, |h| h.text(text));
    }

    /// An element that has no end, as `meta`.
    pub fn void(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.open(tag, attributes);
        if is_block(tag) {
            self.out.push('\n');
        }
    }

    /// A style sheet of this program; it must hold no `</`.
    pub fn style(&mut self, sheet: &'static str) {
        self.with("style", &[], |h| h.out.push_str(sheet));
    }

    /// Text, whatever it holds.
    pub fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// A name from a certificate: cut when it is long, and kept from turning what is around it.
    pub fn name(&mut self, name: &str) {
        self.el("bdi", "", |h| h.text(&shortened(name, MAX_NAME)));
    }

    /// A sentence of this program's: what stands between backticks in it is a name or a command. Names in it are kept from
    /// turning what is around them.
    pub fn prose(&mut self, sentence: &str) {
        let sentence = shortened(sentence, MAX_SENTENCE);
        self.el("bdi", "", |h| {
            for (i, part) in sentence.split('`').enumerate() {
                if i % 2 == 0 { h.text(part) } else { h.line("code", "", part) }
            }
        });
    }

    fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
    }
}

/// Elements behind which a new line begins, so that the source can be read.
fn is_block(tag: &str) -> bool {
    !matches!(tag, "bdi" | "span" | "a" | "abbr" | "b" | "code" | "time" | "title" | "desc" | "text" | "rect")
}

/// The first characters of a text, and how many there are when it is cut.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            format!("{}… ({} characters)", text.get(..end).unwrap_or_default(), text.chars().count())
        }
        None => text.into(),
    }
}

/// Writes text so that it is text in an element and in a quoted attribute, and so that everything in it is seen:
/// what steers, turns or hides is written as `\u{…}`.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c if is_hidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
}

/// Controls, directions, joiners and other characters that nobody sees, and those that are none.
fn is_hidden(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || code & 0xfffe == 0xfffe
        || matches!(
            code,
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
                | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfdd0..=0xfdef | 0xfe00..=0xfe0f | 0xfeff
                | 0xffa0 | 0xfff0..=0xfffb | 0xe0000..=0xe0fff
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(inside: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        inside(&mut html);
        html.out
    }

    #[test]
    fn text_is_text() {
        let hostile = "<script>alert('1')</script>&amp;\"`]]>";
        let expected = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;&quot;&#96;]]&gt;";
        assert_eq!(written(|h| h.text(hostile)), expected);
        assert_eq!(written(|h| h.with("a", &[("href", hostile)], |_| {})), format!("<a href=\"{expected}\"></a>"));
    }

    #[test]
    fn what_hides_is_seen() {
        assert_eq!(
            written(|h| h.text("a\0b\n\u{202e}c\u{2066}\u{200d}\u{7f}")),
            "a\\u{0}b\\u{a}\\u{202e}c\\u{2066}\\u{200d}\\u{7f}"
        );
        assert_eq!(
            written(|h| h.text("\u{e0041}\u{ad}\u{feff}\u{fffe}\u{fe0f}")),
            "\\u{e0041}\\u{ad}\\u{feff}\\u{fffe}\\u{fe0f}"
        );
        assert_eq!(written(|h| h.text("Lü *.例え")), "Lü *.例え");
    }

    /// Whatever one character does, it does not leave the text.
    #[test]
    fn no_character_is_markup() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let out = written(|h| h.text(&c.to_string()));
            assert!(!out.contains(['<', '>', '"', '\'']), "{c:?}");
            assert!(!out.chars().any(is_hidden), "{c:?}");
            assert!(c == '&' || !out.contains('&') || out.ends_with(';'));
        }
    }

    #[test]
    fn long_names_are_cut() {
        let name = "é".repeat(10_000);
        let out = written(|h| h.name(&name));
        assert!(out.ends_with("… (10000 characters)</bdi>") && out.chars().count() < 200, "{out}");
        assert_eq!(shortened("abc", 3), "abc");
    }

    #[test]
    fn sentences_set_names_apart() {
        assert_eq!(written(|h| h.prose("see `a<b` now")), "<bdi>see <code>a&lt;b</code> now</bdi>");
        assert_eq!(written(|h| h.prose("`a` and `b")), "<bdi><code>a</code> and <code>b</code></bdi>");
    }

    #[test]
    fn a_document() {
        let page = Html::document(|h| h.line("title", "", "a<b"), |h| h.el("p", "x", |h| h.void("br", &[])));
        assert_eq!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><title>a&lt;b</title></head>\n\n<body><p class=\"x\"><br>\n</p>\n</body>\n</html>\n\n"
        );
    }
}
