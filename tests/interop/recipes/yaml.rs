//! Reads YAML as other programs do, by PyYAML.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use super::super::crl_readers::PYCA;
use super::super::program::{clean_command, run};

/// Python with PyYAML: that of `.ci/run`, or the one of the machine.
static PYTHON: LazyLock<Option<&'static str>> = LazyLock::new(|| {
    let reads = |python: &&str| {
        std::process::Command::new(python).args(["-c", "import yaml"]).output().is_ok_and(|o| o.status.success())
    };
    let found = [PYCA.name, "python3"].into_iter().find(reads);
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(found.is_some() || !in_ci, "there is no PyYAML, and `CI` is set");
    if found.is_none() {
        eprintln!("skipped: there is no PyYAML");
    }
    found
});

/// Whether it is there; where `CI` is set a missing one is a failure.
pub fn present() -> bool {
    PYTHON.is_some()
}

/// What a file says. The key `on` is the truth value that YAML 1.1 takes it for.
pub fn read(file: &Path) -> Value {
    let program = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let mut python = clean_command(PYTHON.expect("it was asked for"));
    let ran = run(python.args(["-c", program]).arg(file)).succeeds();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"))
}
