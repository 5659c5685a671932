//! The recipes of `docs/ci.md`: their files and commands, read from the page itself.

use std::path::Path;

/// Every section that holds a recipe; each has its test in this folder.
const RECIPES: [&str; 7] = [
    "A workflow that keeps its PKI in a cache",
    "A PKI for one test run",
    "A lab in Docker Compose",
    "Kubernetes secrets",
    "Istio",
    "Renewing by cron or systemd",
    "Failing when something is due",
];

/// A section of the page.
pub struct Recipe {
    blocks: Vec<Block>,
}

/// A fenced block. The sentence before it ends with the name of a file when that is what it is: "…, `lab.toml`:".
struct Block {
    language: String,
    file: Option<String>,
    text: String,
}

impl Recipe {
    #[track_caller]
    pub fn called(title: &str) -> Self {
        assert!(RECIPES.contains(&title), "not in the list of recipes: {title}");
        let page = page();
        let (_, section) = sections(&page).into_iter().find(|(t, _)| *t == title).expect("the page has the section");
        Self { blocks: blocks(section) }
    }

    /// The text of a file.
    #[track_caller]
    pub fn file(&self, name: &str) -> &str {
        let found = self.blocks.iter().find(|block| block.file.as_deref() == Some(name));
        &found.unwrap_or_else(|| panic!("the recipe has no file {name}")).text
    }

    /// Writes every file of the recipe to where it belongs.
    pub fn write(&self, folder: &Path) {
        for block in &self.blocks {
            if let Some(file) = &block.file {
                let path = folder.join(file);
                std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
                std::fs::write(path, &block.text).expect("a file can be written");
            }
        }
    }

    /// What is to be typed, in order.
    pub fn commands(&self) -> String {
        self.blocks.iter().filter(|block| block.file.is_none()).map(|block| block.text.as_str()).collect()
    }
}

fn page() -> String {
    super::super::pki::text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md"))
}

/// Title and text of each section.
fn sections(page: &str) -> Vec<(&str, &str)> {
    page.split("\n## ").skip(1).map(|section| section.split_once('\n').expect("a title is a line")).collect()
}

fn blocks(section: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = section;
    while let Some((before, after)) = rest.split_once("```") {
        let (language, after) = after.split_once('\n').expect("a fence is a line");
        let (text, after) = after.split_once("```").expect("a block has an end");
        let file = before.trim_end().strip_suffix("`:").and_then(|words| words.rsplit('`').next());
        assert!(file.is_none_or(|file| !file.contains(' ')), "no file is called {file:?}");
        blocks.push(Block { language: language.into(), file: file.map(Into::into), text: text.into() });
        rest = after;
    }
    blocks
}

/// A recipe that nobody runs is none.
#[test]
fn every_block_is_used() {
    let page = page();
    let titles: Vec<_> = sections(&page).into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, RECIPES);
    for (title, section) in sections(&page) {
        let blocks = blocks(section);
        assert!(!blocks.is_empty(), "{title}");
        for block in blocks {
            assert!(
                block.file.is_some() || block.language == "sh",
                "neither file nor commands, in {title}: {}",
                block.text
            );
        }
        let link = title.to_lowercase().replace(' ', "-");
        assert!(page.contains(&format!("- [{title}](#{link})")), "{title} is in the table of contents");
    }
    assert_eq!(page.split("\n## ").next().expect("a beginning").matches("```").count(), 0);
}
