//! What `apply` would do, as people and scripts see it.

use super::{Difference, Error};
use crate::issue::Warning;
use crate::model::Handle;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is done about one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is issued: there is none, or it is revoked.
    Create,
    /// Same key, new dates.
    Renew,
    /// A new certificate with a new key, because a field differs.
    Reissue,
    /// A new certificate because its key is another one, or gone.
    Rekey,
    /// Same key, by the new key of its issuer.
    Cascade,
    /// A CA gets a new generation, with a new key.
    Replace,
    /// Its files are written again; nothing is issued.
    Restore,
    /// Its files are delivered; nothing is issued.
    Deliver,
    /// Where a CA publishes is written to `rootlet.toml`; nothing is issued.
    Configure,
    /// The command after an earlier change is run, because it failed, or nobody ran it; nothing is issued.
    Run,
    /// It cannot or may not be done.
    Refused,
    /// It is as it should be.
    Nothing,
}

impl Action {
    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Renew => "renew",
            Action::Reissue => "reissue",
            Action::Rekey => "rekey",
            Action::Cascade => "cascade",
            Action::Replace => "replace",
            Action::Restore => "restore",
            Action::Deliver => "deliver",
            Action::Configure => "configure",
            Action::Run => "run",
            Action::Refused => "refused",
            Action::Nothing => "nothing",
        }
    }

    /// Whether a certificate is issued.
    pub fn issues(self) -> bool {
        matches!(
            self,
            Action::Create | Action::Renew | Action::Reissue | Action::Rekey | Action::Cascade | Action::Replace
        )
    }
}

/// What is done about one entry of a manifest, and why.
#[derive(Debug, Clone, Serialize)]
pub struct PlanStep {
    /// The handle.
    pub name: String,
    /// What it is.
    pub profile: &'static str,
    /// What is done.
    pub action: Action,
    /// Why; nothing when nothing is done.
    pub reason: Option<String>,
    /// The CA that issues it; nothing for a root.
    pub issuer: Option<String>,
    /// Which fields differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Of a CA that is, or would be replaced: what is issued again because it is below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cascades: Vec<String>,
    /// What would mend it, when it is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Whether it is refused because it would replace a CA.
    #[serde(skip)]
    pub replaces: bool,
    /// Whether it is refused because its issuer is.
    #[serde(skip)]
    pub is_below_refused: bool,
    /// Why it is refused, where issuing it would be.
    #[serde(skip)]
    pub error: Option<Arc<Error>>,
}

/// Something live that the manifest does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmanaged {
    /// Its handle.
    pub name: String,
    /// What it is.
    pub profile: &'static str,
    /// `keep`, or `revoke` when it is pruned.
    pub action: &'static str,
}

/// What `apply` would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// How many changes there are, refused ones too.
    pub changes: usize,
    /// How many entries of each action.
    pub summary: BTreeMap<&'static str, usize>,
    /// One for each entry, CAs first.
    pub steps: Vec<PlanStep>,
    /// What the PKI has that the manifest does not name.
    pub unmanaged: Vec<Unmanaged>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl Plan {
    /// Whether something in it is refused.
    pub fn is_refused(&self) -> bool {
        self.steps.iter().any(|s| s.action == Action::Refused)
    }

    /// The handles that are revoked because the manifest no longer names them.
    pub fn pruned(&self) -> Vec<String> {
        self.unmanaged.iter().filter(|u| u.action == "revoke").map(|u| u.name.clone()).collect()
    }

    /// What cannot be undone: the CAs that are replaced, and what is revoked.
    pub(super) fn destroys(&self) -> Vec<String> {
        let replaced = self.steps.iter().filter(|s| s.action == Action::Replace).map(|s| s.name.clone());
        // A CA is replaced, and never pruned: no name can stand for both.
        replaced.chain(self.pruned()).collect()
    }

    pub(super) fn new(steps: Vec<PlanStep>, unmanaged: Vec<Unmanaged>, warnings: Vec<Warning>) -> Self {
        let mut summary = BTreeMap::new();
        for step in &steps {
            *summary.entry(step.action.name()).or_default() += 1;
        }
        let revoked = unmanaged.iter().filter(|u| u.action == "revoke").count();
        if revoked > 0 {
            summary.insert("revoke", revoked);
        }
        let changes = steps.iter().filter(|s| s.action != Action::Nothing).count() + revoked;
        Plan { changes, summary, steps, unmanaged, warnings }
    }
}

/// What the person who plans allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanRequest {
    /// CAs that may be replaced.
    pub replace_cas: Vec<Handle>,
    /// Whether leaves that a manifest of this id created and no longer names are revoked.
    pub prune: bool,
}
