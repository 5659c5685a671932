use super::held::{Other, Snapshot};
use super::plan::{Action, Plan, PlanRequest, PlanStep, Unmanaged, steps};
use super::renew::Attendant;
use super::renew_one::{Step, When};
use super::state::{Again, Outcome};
use super::wish::{Asked, Wish, wishes};
use super::{
    CaRequest, Config, Error, ItemError, LeafRequest, Pki, RenewRequest, Renewed, RevokeRequest, Revoked, SecretSource,
    Target,
};
use crate::issue::Warning;
use crate::manifest::Manifest;
use crate::model::{Handle, Profile, Reason, Window};
use crate::store::{Access, Filter};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// How many leaves are made together before each is told of: what is held of them is bounded by that.
const TOGETHER: usize = 4_096;

/// The leaf that a step makes, where it makes one.
fn leaf_of<'w>(wish: &'w Wish<'_>, step: &PlanStep) -> Option<&'w LeafRequest> {
    let makes = !matches!(
        step.action,
        Action::Nothing | Action::Refused | Action::Restore | Action::Configure | Action::Cascade
    );
    match &wish.asked {
        Asked::Leaf(request) if makes => Some(request),
        _ => None,
    }
}

/// The request as the step wants it.
fn leaf_request(request: &LeafRequest, step: &PlanStep) -> LeafRequest {
    LeafRequest { issuer: step.issuer.clone(), again: again(step.action), ..request.clone() }
}

fn issued_leaf(outcome: Outcome, step: &PlanStep) -> Renewed {
    let delivers = step.action == Action::Deliver && outcome.action == "unchanged";
    let mut done = Renewed::issued(outcome);
    if delivers {
        done.action = "delivered";
    }
    done
}

/// What `apply` did.
#[derive(Debug, Clone, Serialize)]
pub struct ApplyOutcome {
    /// How many entries of each action were planned.
    pub summary: BTreeMap<&'static str, usize>,
    /// One for each entry, CAs first: `created`, `renewed`, `reissued`, `restored`, `delivered`, `configured`, `unchanged`,
    /// `skipped` or `failed`.
    pub results: Vec<Renewed>,
    /// What was revoked because the manifest no longer names it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pruned: Vec<Revoked>,
    /// Why it was not.
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
        if Self::exists(folder) {
            let mut pki = Self::open(folder)?.with_secrets(secrets);
            return pki.plan_wishes(manifest, &wishes, request);
        }
        Self::check_free(folder)?;
        let place = super::folder::Place::unborn(folder);
        Ok(Plan::new(steps(&wishes, &Snapshot::default(), request, &place)?, Vec::new()))
    }

    fn plan_wishes(&mut self, manifest: &Manifest, wishes: &[Wish<'_>], request: &PlanRequest) -> Result<Plan, Error> {
        let handles: Vec<&Handle> = wishes.iter().map(Wish::handle).collect();
        let snapshot = self.snapshot(&handles)?;
        check_request(manifest, request)?;
        let steps = steps(wishes, &snapshot, request, &self.place)?;
        let prunes = |o: &Other| request.prune && o.manifest == manifest.id && !o.profile.is_ca();
        let unmanaged = snapshot.others.iter().map(|other| Unmanaged {
            name: other.handle.to_string(),
            profile: other.profile.name(),
            action: if prunes(other) { "revoke" } else { "keep" },
        });
        Ok(Plan::new(steps, unmanaged.collect()))
    }

    /// Makes a PKI what a manifest declares, and the folder where there is none. Entries are made in the order of their
    /// issuers; one that fails stops only what is below it. `confirm` is asked with the plan before anything is written.
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
        let existed = Self::exists(folder);
        if !existed {
            // What would be refused is refused before the folder exists.
            check_request(manifest, request)?;
            let plan = Self::plan(folder, manifest, request, secrets.clone())?;
            confirm(&plan)?;
            for wish in &wishes {
                if let Asked::Ca(root) = &wish.asked
                    && root.profile == Profile::Root
                {
                    Self::rehearse_root(folder, root, &secrets)?;
                }
            }
            if wishes.is_empty() {
                return Ok(ApplyOutcome::of(&plan));
            }
        }
        let mut pki = Self::open_or_create(folder)?.with_secrets(secrets);
        pki.recover()?;
        let plan = pki.plan_wishes(manifest, &wishes, request)?;
        if let Some(step) = plan.steps.iter().find(|s| s.replaces) {
            return Err(Error::CaChange {
                handle: step.name.parse()?,
                reason: step.reason.clone().unwrap_or_default(),
                differences: step.differences.clone(),
                cascades: step.cascades.clone(),
            });
        }
        if existed {
            confirm(&plan)?;
        }
        pki.carry_out(&wishes, &plan, attendant)
    }

    fn carry_out(
        &mut self,
        wishes: &[Wish<'_>],
        plan: &Plan,
        attendant: &mut dyn Attendant,
    ) -> Result<ApplyOutcome, Error> {
        let mut outcome = ApplyOutcome::of(plan);
        // Whose issuer failed cannot be issued.
        let mut failed: HashMap<String, ()> = HashMap::new();
        let (mut go_on, mut together, mut ready) = (true, true, HashMap::new());
        let below_failed = |step: &PlanStep, failed: &HashMap<String, ()>| {
            step.issuer.clone().filter(|i| step.action.issues() && failed.contains_key(i))
        };
        for (at, (wish, step)) in wishes.iter().zip(&plan.steps).enumerate() {
            let is_above_failed = below_failed(step, &failed);
            if go_on
                && together
                && is_above_failed.is_none()
                && leaf_of(wish, step).is_some()
                && !ready.contains_key(&at)
            {
                let open = (at..wishes.len()).filter(|i| {
                    let (wish, step) = (&wishes[*i], &plan.steps[*i]);
                    leaf_of(wish, step).is_some() && below_failed(step, &failed).is_none()
                });
                let many: Vec<usize> = open.take(TOGETHER).collect();
                if many.len() > 1 {
                    together = self.make_leaves(&many, wishes, plan, &mut ready);
                }
            }
            let mut done = match (is_above_failed, ready.remove(&at)) {
                (Some(issuer), _) if go_on => {
                    let reason = format!("its issuer `{issuer}` was not made");
                    Renewed { reason: Some(reason), ..Renewed::bare(&step.name, "skipped") }
                }
                // What was made together with others is told even where it is to end.
                (_, Some(made)) => self.told(wish, step, made.map(|outcome| issued_leaf(outcome, step)))?,
                _ if !go_on => continue,
                (_, None) => self.carry_out_one(wish, step)?,
            };
            if (done.error.is_some() || done.action == "skipped") && done.certificate.is_none() && wish.is_ca() {
                failed.insert(step.name.clone(), ());
            }
            if done.is_change()
                && done.error.is_none()
                && let Err(e) = attendant.issued(&done)
            {
                done.error = Some(e.into());
            }
            go_on &= attendant.done(&done);
            outcome.results.push(done);
        }
        if go_on {
            self.prune(plan, &mut outcome)?;
        }
        outcome.warnings.extend(self.place.keyring.source.warnings());
        Ok(outcome)
    }

    /// What fails is told with the entry; only an inventory that cannot be used ends it all.
    fn carry_out_one(&mut self, wish: &Wish<'_>, step: &PlanStep) -> Result<Renewed, Error> {
        let done = match (step.action, &wish.asked) {
            (Action::Nothing, _) => self.kept(wish.handle(), "unchanged", Vec::new()),
            (Action::Refused, _) => Ok(refused(step)),
            (Action::Restore, asked) => match self.restore(wish.handle(), asked.layout()) {
                Ok(Some(delivered)) => self.kept(wish.handle(), "restored", delivered),
                Ok(None) => self.kept(wish.handle(), "unchanged", Vec::new()),
                Err(e) => Err(e),
            },
            (Action::Configure, Asked::Ca(request)) => {
                self.configure(request, wish.handle()).and_then(|()| self.kept(wish.handle(), "configured", Vec::new()))
            }
            (Action::Cascade, _) | (Action::Renew, Asked::Ca(_)) => self.renew_entry(wish),
            (_, Asked::Ca(request)) => self.make_ca_of(request, step),
            (_, Asked::Leaf(request)) => self.make_leaf_of(request, step),
        };
        self.told(wish, step, done)
    }

    fn told(&mut self, wish: &Wish<'_>, step: &PlanStep, done: Result<Renewed, Error>) -> Result<Renewed, Error> {
        match done {
            Ok(done) => Ok(done),
            // It exists; its files are not where they belong.
            Err(e @ (Error::Delivery { .. } | Error::NotReleased { .. })) => {
                let kept = self.kept(wish.handle(), "failed", Vec::new())?;
                Ok(Renewed { error: Some(e.into()), ..kept })
            }
            Err(e) => Ok(Renewed::failed(&step.name, e)),
        }
    }

    /// Issues one leaf.
    fn make_leaf_of(&mut self, request: &LeafRequest, step: &PlanStep) -> Result<Renewed, Error> {
        let outcome = self.leaf(&leaf_request(request, step))?;
        Ok(issued_leaf(outcome, step))
    }

    /// Issues many leaves together, on all cores. Where the disk or the inventory ends that, it returns `false`, and the
    /// entries that are left are tried one by one, and say so themselves.
    fn make_leaves(
        &mut self,
        many: &[usize],
        wishes: &[Wish<'_>],
        plan: &Plan,
        ready: &mut HashMap<usize, Result<Outcome, Error>>,
    ) -> bool {
        let requests = many.iter().filter_map(|i| {
            let (wish, step) = (wishes.get(*i)?, plan.steps.get(*i)?);
            leaf_of(wish, step).map(|request| leaf_request(request, step))
        });
        let each = &mut |issued: super::Issued| {
            if let Some(at) = many.get(issued.index) {
                ready.insert(*at, issued.result);
            }
        };
        self.leaves(requests, each).is_ok()
    }

    fn make_ca_of(&mut self, request: &CaRequest, step: &PlanStep) -> Result<Renewed, Error> {
        let mut request = request.clone();
        request.issuer.clone_from(&step.issuer);
        request.again = again(step.action);
        self.ca(&request).map(Renewed::issued)
    }

    /// The same key again, by the newest key of its issuer.
    fn renew_entry(&mut self, wish: &Wish<'_>) -> Result<Renewed, Error> {
        let entry = wish.entry;
        let request = RenewRequest { not_before: entry.not_before, end: entry.end, ..RenewRequest::default() };
        match self.renew_handle(wish.handle(), &request, &When::Now)? {
            Step::Issued(outcome) => {
                if let Asked::Ca(request) = &wish.asked {
                    self.configure(request, wish.handle())?;
                }
                Ok(Renewed::issued(*outcome))
            }
            Step::Unchanged(_) => self.kept(wish.handle(), "unchanged", Vec::new()),
            Step::Skipped(reason) => Ok(Renewed { reason: Some(reason), ..Renewed::bare(wish.handle(), "skipped") }),
        }
    }

    /// Writes where a CA publishes.
    fn configure(&mut self, request: &CaRequest, handle: &Handle) -> Result<(), Error> {
        let is = self.place.config.urls(handle);
        let differs =
            |is: &[crate::model::UriName], wished: &[crate::model::UriName]| !wished.is_empty() && is != wished;
        let urls = &request.urls;
        if differs(&is.crl, &urls.crl) || differs(&is.issuer, &urls.issuer) || differs(&is.ocsp, &urls.ocsp) {
            // Nobody else writes it meanwhile: that happens inside a write transaction.
            let _transaction = self.store.begin(Access::Write)?;
            Config::keep_urls(&self.place.root, &self.place.disk, handle, urls)?;
            let config = Config::load(&self.place.root)?;
            // Nothing else holds the place between commands' steps: workers end with the batch they were started for.
            let place = std::sync::Arc::get_mut(&mut self.place);
            place.ok_or_else(|| Error::Internal("the PKI is at work".into()))?.config = config;
        }
        Ok(())
    }

    fn kept(
        &mut self,
        handle: &Handle,
        action: &'static str,
        delivered: Vec<std::path::PathBuf>,
    ) -> Result<Renewed, Error> {
        let certificate = Some(self.current_view(handle)?);
        Ok(Renewed { certificate, delivered, ..Renewed::bare(handle, action) })
    }

    /// Revokes every unexpired certificate of what the manifest no longer names.
    fn prune(&mut self, plan: &Plan, outcome: &mut ApplyOutcome) -> Result<(), Error> {
        let (names, now) = (plan.pruned(), self.now());
        if names.is_empty() {
            return Ok(());
        }
        let mut targets = Vec::new();
        {
            let transaction = self.store.begin(Access::Read)?;
            for name in &names {
                let handle = Some(name.parse()?);
                let filter = Filter { handle, unexpired_at: Some(now), all_generations: true, ..Filter::default() };
                transaction.walk(&filter, &mut |r| {
                    if r.revocation.is_none() {
                        targets.push(Target::Serial { serial: r.serial, issuer: Some(r.issuer_handle.to_string()) });
                    }
                    true
                })?;
            }
        }
        let reason = Some(Reason::CessationOfOperation);
        let request = RevokeRequest { targets, reason, at: None, invalidity_date: None, no_crl: false };
        match self.revoke(&request) {
            Ok(revoked) => {
                outcome.pruned = revoked.results;
                outcome.warnings.extend(revoked.warnings);
            }
            Err(e) => outcome.error = Some(e.into()),
        }
        Ok(())
    }
}

impl ApplyOutcome {
    fn of(plan: &Plan) -> Self {
        ApplyOutcome {
            summary: plan.summary.clone(),
            results: Vec::new(),
            pruned: Vec::new(),
            error: None,
            warnings: Vec::new(),
        }
    }
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

/// What a command does with what exists.
fn again(action: Action) -> Again {
    match action {
        Action::Reissue | Action::Rekey => Again::Force,
        Action::Replace => Again::Replace,
        // Always due by the plan's own window, which is the smaller one.
        Action::Renew => Again::RenewWithin(Window::Percent(100)),
        _ => Again::IfMissing,
    }
}

fn refused(step: &PlanStep) -> Renewed {
    let error = Error::Refused {
        name: step.name.clone(),
        reason: step.reason.clone().unwrap_or_default(),
        hints: step.hints.clone(),
    };
    Renewed::failed(&step.name, error)
}
