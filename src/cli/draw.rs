//! A hierarchy in lines, with colors where they are wanted.

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// A name.
    Name,
    /// What matters less.
    Dim,
    Good,
    Soon,
    Bad,
}

/// Text and how it is meant. Whoever prints it escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub style: Style,
}

/// One line of it, and what is below.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Branch {
    pub label: Vec<Span>,
    pub below: Vec<Branch>,
}

impl Branch {
    /// Adds a piece of text.
    pub fn add(&mut self, style: Style, text: impl Into<String>) {
        self.label.push(Span { text: text.into(), style });
    }

    /// Adds one after a comma.
    pub fn also(&mut self, style: Style, text: impl Into<String>) {
        self.add(Style::Plain, ", ");
        self.add(style, text);
    }
}

/// The lines that lead to what is below: for one that others follow, the last one, and what is below each.
struct Marks {
    more: &'static str,
    last: &'static str,
    beside: &'static str,
    under: &'static str,
}

const UNICODE: Marks = Marks { more: "├─ ", last: "└─ ", beside: "│  ", under: "   " };
const ASCII: Marks = Marks { more: "|- ", last: "`- ", beside: "|  ", under: "   " };

/// The lines of a hierarchy.
pub fn lines(tree: &[Branch], unicode: bool) -> Vec<Vec<Span>> {
    let marks = if unicode { &UNICODE } else { &ASCII };
    let mut all = Vec::new();
    for top in tree {
        all.push(top.label.clone());
        descend(&top.below, "", marks, &mut all);
    }
    all
}

fn descend(below: &[Branch], before: &str, marks: &Marks, all: &mut Vec<Vec<Span>>) {
    for (i, branch) in below.iter().enumerate() {
        let is_last = i + 1 == below.len();
        let (lead, further) = if is_last { (marks.last, marks.under) } else { (marks.more, marks.beside) };
        let mut line = vec![Span { text: format!("{before}{lead}"), style: Style::Dim }];
        line.extend(branch.label.iter().cloned());
        all.push(line);
        descend(&branch.below, &format!("{before}{further}"), marks, all);
    }
}

/// Whether the locale says that the terminal reads UTF-8.
pub fn is_unicode() -> bool {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(name: &str, below: Vec<Branch>) -> Branch {
        let mut branch = Branch { below, ..Branch::default() };
        branch.add(Style::Name, name);
        branch
    }

    #[test]
    fn lines_lead_to_what_is_below() {
        let tree = [
            branch("a", vec![branch("b", vec![branch("c", vec![]), branch("d", vec![])]), branch("e", vec![])]),
            branch("f", vec![branch("g", vec![branch("h", vec![])])]),
        ];
        let text = |unicode| {
            let line = |spans: &Vec<Span>| spans.iter().map(|s| s.text.as_str()).collect::<String>();
            lines(&tree, unicode).iter().map(line).collect::<Vec<_>>()
        };
        assert_eq!(text(true), ["a", "├─ b", "│  ├─ c", "│  └─ d", "└─ e", "f", "└─ g", "   └─ h"]);
        assert_eq!(text(false), ["a", "|- b", "|  |- c", "|  `- d", "`- e", "f", "`- g", "   `- h"]);
    }
}
