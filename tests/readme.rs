//! The transcript at the top of the README is what the binary prints.

use std::path::Path;
use std::process::Command;

/// Digits and serials differ from run to run, and columns move with them.
fn normal(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words = Vec::new();
        for word in line.split_whitespace() {
            let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let changes = core.chars().all(|c| c.is_ascii_digit() || c == '-')
                || core.len() == 32 && core.chars().all(|c| c.is_ascii_hexdigit());
            let kept = if changes && !core.is_empty() { word.replace(core, "#") } else { word.to_string() };
            words.push(kept);
        }
        lines.push(words.join(" "));
    }
    lines
}

fn first_console_block(readme: &str) -> &str {
    let start = readme.find("```console\n").expect("a console block") + "```console\n".len();
    let end = readme[start..].find("```").expect("its end");
    &readme[start..start + end]
}

#[test]
fn the_first_transcript_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README.md");
    let block = first_console_block(&readme);
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = String::new();
    for command in block.lines().filter_map(|l| l.strip_prefix("$ ")) {
        let rest = command.strip_prefix("rootlet").expect("a rootlet command");
        let script = format!("exec '{}'{rest} 2>&1", env!("CARGO_BIN_EXE_rootlet"));
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env_remove("ROOTLET_PKI")
            .output()
            .expect("sh runs");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stdout));
        seen.push_str(&format!("$ {command}\n{}", String::from_utf8_lossy(&output.stdout)));
    }
    assert_eq!(normal(&seen), normal(block));
    assert!(block.lines().filter(|l| l.starts_with("$ ")).count() >= 5, "a transcript of real use");
}

#[test]
fn the_two_commands_are_there() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    for command in ["cargo run --release --example mtls", "./.ci/test"] {
        assert!(readme.contains(&format!("```sh\n{command}\n```")), "{command}");
    }
}
