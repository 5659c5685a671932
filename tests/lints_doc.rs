//! `docs/lints.md` is the table of lints, written out. After a change of the table, write it anew:
//! `ROOTLET_WRITE_LINTS=1 cargo test --test lints_doc`.

use rootlet::policy::{Counts, Lint, RuleSet, all, groups};
use std::fs;
use std::path::Path;

/// Set to write the file instead of comparing it.
const WRITE: &str = "ROOTLET_WRITE_LINTS";

const HEAD: &str = "# Lints

What `rootlet lint` looks for, and what guards every certificate and CRL before rootlet signs it. This page is generated
from the table in `src/policy/lints/`; `rootlet lint --rules` prints the same, with `--json` for programs.

A rule has a stable id, which never changes its meaning and is never given to another rule. Its severity:

- **error**: a standard is broken, and some software refuses it. rootlet signs no such thing.
- **warning**: a good practice is not followed, or software in use has trouble with it.
- **notice**: worth knowing.

A severity in parentheses is that of a rule for platforms: it counts only where `--for` names one of its sets. A rule of
a set that was asked for is an error, unless a second severity after an arrow says otherwise. What a platform refuses is a
warning when rootlet issues.

## Sets

| set | stands for | source |
|---|---|---|
";

const TAIL: &str = "
## What no rule can see

Some of what a certificate or CRL must be does not show in a file:

- serial numbers that a counter or a bad generator made: only their length and their uniqueness within one file show;
- that a CA's subject is no other CA's, and that a key is certified for one holder only;
- that a CRL number was never used before, that an entry stayed until its certificate expired and one CRL longer, that a
  revocation was not taken back: rules about CRLs compare those of one file with each other, not with history;
- that the partitions of a partitioned CRL cover every certificate together, and that a complete CRL came with a delta;
- that an address serves what it promises: nothing is fetched;
- that a wildcard does not stand on a public suffix: the list of those changes daily, and private names are not on it;
- that the point of an EC key is on its curve, and that an RSA modulus has two large primes;
- how a subjectKeyIdentifier was made: any value that is unique will do;
- how PEM is wrapped, and what stands around it;
- lengths and tags that are not DER: what is not DER is `unreadable` or `extension-malformed`.
";

fn severity(lint: &Lint) -> String {
    let base = lint.severity.name();
    let asked = lint.severity.max(lint.severity_if_asked).name();
    match (lint.counts, lint.sets.is_empty()) {
        (Counts::Always, true) => base.into(),
        (Counts::Always, false) if asked == "error" => base.into(),
        (Counts::Always, false) => format!("{base} → {asked}"),
        (Counts::OnPlatforms | Counts::WhenAsked, _) => format!("({asked})"),
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn page() -> String {
    let mut page = HEAD.to_string();
    for set in RuleSet::ALL {
        page += &format!("| `{set}` | {} | {} |\n", cell(set.about()), cell(set.source()));
    }
    for (about, lints) in groups() {
        page += &format!(
            "\n## {about}\n\n| id | severity | sets | rule | source | what mends it |\n|---|---|---|---|---|---|\n"
        );
        for lint in lints {
            let sets = lint.sets.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(" ");
            page += &format!(
                "| `{}` | {} | {sets} | {} | {} | {} |\n",
                lint.id,
                severity(lint),
                cell(lint.about),
                cell(lint.citation),
                cell(lint.mend)
            );
        }
    }
    page + TAIL
}

#[test]
fn the_page_is_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lints.md");
    let page = page();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&file, &page).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap();
    assert!(all().all(|l| written.contains(&format!("| `{}` |", l.id))), "a rule is missing");
    assert!(written == page, "docs/lints.md is not the table of lints: write it anew with {WRITE}=1");
}
