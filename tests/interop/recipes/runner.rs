//! The part of GitHub Actions that the recipe uses: checkout, a cache that is never written twice, `run` steps, outputs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::super::pki::scratch;
use super::super::program::{Ran, run};
use super::page::Recipe;
use super::place::{Place, Snapshot};

/// A repository with workflows, and the cache that its runs share.
pub struct Runner {
    recipe: Recipe,
    /// Oldest first: the key, and the folder that was kept under it.
    pub cache: Vec<(String, PathBuf)>,
    store: TempDir,
    runs: usize,
    pub variables: BTreeMap<String, String>,
    /// What the manifest is changed to, if it is.
    pub manifest: Option<String>,
}

/// A run of one job.
pub struct Job {
    pub place: Place,
    /// What each step said, by its name.
    pub said: Vec<(String, Ran)>,
    /// The PKI as it came from the cache.
    pub restored: Option<Snapshot>,
    pub failed: bool,
}

impl Runner {
    pub fn of(recipe: Recipe) -> Self {
        Self { recipe, cache: Vec::new(), store: scratch(), runs: 0, variables: BTreeMap::new(), manifest: None }
    }

    /// What `actions/checkout` brings.
    pub fn checkout(&self) -> Place {
        let place = Place::of(&self.recipe);
        if let Some(manifest) = &self.manifest {
            fs::write(place.at("ci.toml"), manifest).expect("a file can be written");
        }
        place
    }

    /// Puts a folder into the cache, as an earlier run would have.
    pub fn keep(&mut self, key: &str, folder: &Path) {
        let kept = self.store.path().join(self.cache.len().to_string());
        copy(folder, &kept);
        self.cache.push((key.into(), kept));
    }

    /// Runs the steps of a job in their order, up to the first that fails.
    pub fn run(&mut self, workflow: &str, job: &str) -> Job {
        self.runs += 1;
        let mut of = Job { place: self.checkout(), said: Vec::new(), restored: None, failed: false };
        let workflow = super::yaml::read(&of.place.at(workflow));
        let steps = workflow["jobs"][job]["steps"].as_array().expect("a job has steps").clone();
        let mut outputs = BTreeMap::new();
        for step in &steps {
            if step["if"].as_str().is_some_and(|condition| !holds(condition, &outputs)) {
                continue;
            }
            of.failed = match (step["uses"].as_str(), step["run"].as_str()) {
                (Some(action), None) => !self.uses(action, &step["with"], &mut of),
                (None, Some(script)) => !self.script(step, script, &mut of, &mut outputs),
                _ => panic!("a step uses an action or runs a script: {step}"),
            };
            if of.failed {
                break;
            }
        }
        of
    }

    fn uses(&mut self, action: &str, with: &Value, job: &mut Job) -> bool {
        let (name, version) = action.split_once('@').expect("an action has a version");
        assert!(version.starts_with('v'), "{action}");
        if name == "actions/checkout" {
            return true;
        }
        let text = |key: &str| with[key].as_str().map(|text| self.expand(text));
        let folder = job.place.at(&text("path").expect("a cache has a path"));
        let key = text("key").expect("a cache has a key");
        match name {
            "actions/cache/restore" => {
                let prefix = text("restore-keys").expect("a key that changes needs a prefix").trim().to_string();
                let found = self.cache.iter().rev().find(|(k, _)| *k == key);
                match found.or_else(|| self.cache.iter().rev().find(|(k, _)| k.starts_with(&prefix))) {
                    Some((_, kept)) => {
                        copy(kept, &folder);
                        job.restored = Some(Snapshot::of(&folder));
                        true
                    }
                    None => with["fail-on-cache-miss"] != true,
                }
            }
            "actions/cache/save" => {
                assert!(self.cache.iter().all(|(k, _)| *k != key), "a cache is never written twice");
                self.keep(&key, &folder);
                true
            }
            _ => panic!("an action that no test plays: {action}"),
        }
    }

    fn script(&self, step: &Value, script: &str, job: &mut Job, outputs: &mut BTreeMap<String, String>) -> bool {
        let file = self.store.path().join("script");
        let output = self.store.path().join("output");
        fs::write(&file, self.expand(script)).expect("a file can be written");
        fs::write(&output, "").expect("a file can be written");
        let mut bash = job.place.command("bash");
        // As a runner does where a step says no shell.
        let ran = run(bash.arg("-e").arg(&file).env("GITHUB_OUTPUT", &output).envs(&self.variables));
        for line in fs::read_to_string(&output).expect("a text").lines() {
            let (name, value) = line.split_once('=').expect("name=value");
            let id = step["id"].as_str().expect("a step with outputs has an id");
            outputs.insert(format!("steps.{id}.outputs.{name}"), value.into());
        }
        let good = ran.code == Some(0);
        job.said.push((step["name"].as_str().expect("a step has a name").into(), ran));
        good
    }

    fn expand(&self, text: &str) -> String {
        let expanded =
            text.replace("${{ github.run_id }}", &self.runs.to_string()).replace("${{ github.run_attempt }}", "1");
        assert!(!expanded.contains("${{"), "an expression that no test knows: {text}");
        expanded
    }
}

impl Job {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert!(!self.failed, "the job should succeed:\n{}", self.words());
        self
    }

    /// It fails with what this step said.
    #[track_caller]
    pub fn fails_at(&self, step: &str) -> &Ran {
        let (name, ran) = self.said.last().expect("a step that ran");
        assert!(self.failed && name == step, "`{step}` should fail:\n{}", self.words());
        ran
    }

    #[track_caller]
    pub fn step(&self, step: &str) -> &Ran {
        let found = self.said.iter().find(|(name, _)| name == step);
        &found.unwrap_or_else(|| panic!("`{step}` should run:\n{}", self.words())).1
    }

    fn words(&self) -> String {
        self.said.iter().map(|(name, ran)| format!("{name}: {ran}\n")).collect()
    }
}

/// `steps.ID.outputs.NAME == 'VALUE'`.
fn holds(condition: &str, outputs: &BTreeMap<String, String>) -> bool {
    let (output, value) = condition.split_once(" == ").expect("a comparison");
    outputs.get(output).is_some_and(|is| value == format!("'{is}'"))
}

/// As tar does, which a cache is kept with: with modes and times.
fn copy(from: &Path, to: &Path) {
    run(std::process::Command::new("cp").arg("-a").arg(from).arg(to)).succeeds();
}
