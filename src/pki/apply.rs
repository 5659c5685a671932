use super::held::{Other, Snapshot};
use super::keyring::Keyring;
use super::plan::{Plan, PlanRequest, Unmanaged};
use super::planner::steps;
use super::rehearse::Rehearsal;
use super::renew::Attendant;
use super::wish::{Asked, Wish, wishes};
use super::{Error, ItemError, Pki, Renewed, Revoked, SecretSource};
use crate::issue::Warning;
use crate::manifest::Manifest;
use crate::model::{Handle, Profile};
use crate::store::Access;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What `apply` did.
#[derive(Debug, Clone, Serialize)]
pub struct ApplyOutcome {
    /// How many entries of each action were planned.
    pub summary: BTreeMap<&'static str, usize>,
    /// One for each entry, CAs first: `created`, `renewed`, `reissued`, `restored`, `delivered`, `configured`, `ran` (its
    /// command), `unchanged`,
    /// `skipped` or `failed`.
    pub results: Vec<Renewed>,
    /// What was revoked because the manifest no longer names it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pruned: Vec<Revoked>,
    /// Why it was not; or what ended it all: what stands in no result was then not told of, and the next command that
    /// writes finishes what of it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ItemError>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl ApplyOutcome {
    /// Whether anything failed, or was skipped because of that.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.results.iter().any(|r| r.error.is_some() || r.action == "skipped")
    }
}

impl Pki {
    /// Compares a manifest with a PKI folder, which need not exist. Nothing is written.
    ///
    /// # Errors
    /// [`Error::Manifest`] with everything that is wrong, and as [`Pki::open`].
    pub fn plan(
        folder: &Path,
        manifest: &Manifest,
        request: &PlanRequest,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Plan, Error> {
        let wishes = wishes(manifest, &secrets)?;
        let mut plan = if Self::exists(folder) {
            let mut pki = Self::open(folder)?.with_secrets(secrets.clone());
            pki.plan_wishes(manifest, &wishes, request)?
        } else {
            Self::plan_unborn(folder, &wishes, request, secrets.clone())?
        };
        plan.warnings.extend(secrets.warnings());
        Ok(plan)
    }

    /// The plan for a folder that is no PKI yet.
    fn plan_unborn(
        folder: &Path,
        wishes: &[Wish<'_>],
        request: &PlanRequest,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Plan, Error> {
        Self::check_free(folder)?;
        let mut place = super::folder::Place::unborn(&super::folder::absolute(folder)?);
        place.keyring = Keyring::new(secrets);
        let snapshot = Snapshot::default();
        let mut steps = steps(wishes, &snapshot, request, &place)?;
        Rehearsal::new(&place, &snapshot, None)?.of(wishes, &mut steps)?;
        Ok(Plan::new(steps, Vec::new(), Vec::new()))
    }

    fn plan_wishes(&mut self, manifest: &Manifest, wishes: &[Wish<'_>], request: &PlanRequest) -> Result<Plan, Error> {
        let handles: Vec<&Handle> = wishes.iter().map(Wish::handle).collect();
        let snapshot = self.snapshot(&handles)?;
        check_request(manifest, request)?;
        let mut steps = steps(wishes, &snapshot, request, &self.place)?;
        {
            let transaction = self.store.begin(Access::Read)?;
            Rehearsal::new(&self.place, &snapshot, Some(&*transaction))?.of(wishes, &mut steps)?;
        }
        let prunes = |o: &Other| request.prune && o.manifest == manifest.id && !o.profile.is_ca();
        let unmanaged = snapshot.others.iter().map(|other| Unmanaged {
            name: other.handle.to_string(),
            profile: other.profile.name(),
            action: if prunes(other) { "revoke" } else { "keep" },
        });
        Ok(Plan::new(steps, unmanaged.collect(), open_keys(&snapshot)))
    }

    /// Makes a PKI what a manifest declares, and the folder where there is none. Entries are made in the order of their
    /// issuers; one that fails stops only what is below it. `confirm` is asked with the plan before anything is written,
    /// and again when what it destroys has become something else while it was asked.
    ///
    /// # Errors
    /// [`Error::Manifest`], [`Error::CaChange`], and whatever `confirm` returns; nothing was then written.
    pub fn apply(
        folder: &Path,
        manifest: &Manifest,
        request: &PlanRequest,
        secrets: Arc<dyn SecretSource>,
        confirm: &mut dyn FnMut(&Plan) -> Result<(), Error>,
        attendant: &mut dyn Attendant,
    ) -> Result<ApplyOutcome, Error> {
        let wishes = wishes(manifest, &secrets)?;
        let mut confirmed = None;
        if !Self::exists(folder) {
            // What would be refused is refused before the folder exists.
            check_request(manifest, request)?;
            let plan = Self::plan_unborn(folder, &wishes, request, secrets.clone())?;
            confirm(&plan)?;
            confirmed = Some(plan.destroys());
            for wish in &wishes {
                if let Asked::Ca(root) = &wish.asked
                    && root.profile == Profile::Root
                {
                    Self::rehearse_root(folder, root, &secrets)?;
                }
            }
            if wishes.is_empty() && !Self::exists(folder) {
                return Ok(ApplyOutcome::of(&plan));
            }
        }
        let mut pki = Self::open_or_create(folder)?.with_secrets(secrets);
        pki.recover()?;
        let plan = loop {
            let plan = pki.plan_wishes(manifest, &wishes, request)?;
            if let Some(step) = plan.steps.iter().find(|s| s.replaces) {
                return Err(Error::CaChange {
                    handle: step.name.parse()?,
                    reason: step.reason.clone().unwrap_or_default(),
                    differences: step.differences.clone(),
                    cascades: step.cascades.clone(),
                });
            }
            let destroys = plan.destroys();
            if confirmed.as_ref() == Some(&destroys) {
                break plan;
            }
            confirm(&plan)?;
            // Somebody may have thought about it for an hour.
            if destroys.is_empty() {
                break plan;
            }
            confirmed = Some(destroys);
        };
        pki.carry_out(&wishes, &plan, attendant)
    }
}

impl ApplyOutcome {
    pub(super) fn of(plan: &Plan) -> Self {
        ApplyOutcome {
            summary: plan.summary.clone(),
            results: Vec::new(),
            pruned: Vec::new(),
            error: None,
            warnings: plan.warnings.clone(),
        }
    }
}

/// So many key files are told of one by one.
const MOST_OPEN_KEYS: usize = 12;

/// Key files that others may read, as `doctor` finds them.
fn open_keys(snapshot: &Snapshot) -> Vec<Warning> {
    let told = snapshot.open_keys.iter().take(MOST_OPEN_KEYS).map(|(path, mode)| {
        format!("`{}` has mode {mode:04o}, so others can read it: `rootlet doctor --repair` closes it", path.display())
    });
    let more = snapshot.open_keys.len().saturating_sub(MOST_OPEN_KEYS);
    let more = (more > 0).then(|| format!("others can read {more} more key files: see `rootlet doctor`"));
    told.chain(more).map(|text| Warning::new("key-readable", text)).collect()
}

fn check_request(manifest: &Manifest, request: &PlanRequest) -> Result<(), Error> {
    if request.prune && manifest.id.is_none() {
        return Err(Error::NoManifestId);
    }
    let is_ca = |h: &Handle| manifest.entries.iter().any(|e| e.handle == *h && e.profile.is_ca());
    match request.replace_cas.iter().find(|h| !is_ca(h)) {
        Some(other) => Err(Error::NotFound {
            target: other.to_string(),
            similar: manifest
                .entries
                .iter()
                .filter(|e| e.profile.is_ca())
                .map(|e| e.handle.to_string())
                .take(8)
                .collect(),
        }),
        None => Ok(()),
    }
}
