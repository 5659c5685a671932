use super::super::printer::safe;
use super::super::render::{Table, span};
use rootlet::judge::input::Object;
use rootlet::judge::inspect::{Content, Item, NameReport};
use rootlet::model::Timestamp;
use rootlet::x509::{Certificate, public_key_name};

/// Rows of a page: what is printed at once.
const PAGE: usize = 500;
const MAX_NAME: usize = 80;

/// One line for each thing, page by page.
pub struct Lines {
    table: Table<6>,
    now: Timestamp,
}

impl Lines {
    pub fn new(now: Timestamp) -> Self {
        Lines { table: Table::new(["NO", "KIND", "WHAT", "ENDS", "", "KEY"]), now }
    }

    /// Takes one; returns a page when there is one.
    pub fn add(&mut self, item: &Item) -> Option<String> {
        let kind = item.kind();
        let (what, end, key) = match &item.content {
            Content::Object(Object::Certificate(c)) => (named(c), Some(c.not_after), public_key_name(&c.public_key)),
            Content::Object(Object::Crl(c)) => (c.issuer.subject.to_string(), c.next_update, String::new()),
            Content::Object(Object::Csr(c)) => (c.subject.subject.to_string(), None, public_key_name(&c.public_key)),
            Content::Object(Object::PublicKey(spki)) => (String::new(), None, public_key_name(spki)),
            Content::Object(Object::PrivateKey(Err(e))) => (format!("! {e}"), None, String::new()),
            Content::Object(Object::Unreadable { problem, .. }) => (format!("! {problem}"), None, String::new()),
            Content::Unreadable(u) => (format!("! {}", u.problem), None, String::new()),
            _ => (String::new(), None, String::new()),
        };
        let (date, left) = end.map(|t| (t.date(), span(t, self.now))).unwrap_or_default();
        self.table.row([item.number.to_string(), kind.into(), fitted(&what), date, left, key]);
        (self.table.len() > PAGE).then(|| self.table.page())
    }

    /// What is left.
    pub fn finish(mut self) -> String {
        self.table.page()
    }
}

fn named(c: &Certificate) -> String {
    match c.names.iter().flatten().next() {
        Some(name) if c.subject.subject.is_empty() => NameReport::from(name).value,
        _ => c.subject.subject.to_string(),
    }
}

fn fitted(text: &str) -> String {
    match text.char_indices().nth(MAX_NAME) {
        Some((at, _)) => format!("{}…", safe(text.get(..at).unwrap_or_default())),
        None => safe(text),
    }
}
