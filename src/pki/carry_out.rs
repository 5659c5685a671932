//! Carrying out a plan: step after step, leaves together.

use super::plan::{Action, Plan, PlanStep};
use super::renew::Attendant;
use super::renew_one::{Step, When};
use super::state::{Again, Outcome};
use super::wish::{Asked, Wish};
use super::{
    ApplyOutcome, CaRequest, Config, Error, ItemError, LeafRequest, Pki, Progress, RenewRequest, Renewed,
    RevokeRequest, Target,
};
use crate::model::{Handle, Reason, Window};
use crate::store::{Access, Filter};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How many leaves are made together before each is told of: what is held of them is bounded by that.
const TOGETHER: usize = 4_096;

/// The leaf that a step makes, where it makes one.
fn leaf_of<'w>(wish: &'w Wish<'_>, step: &PlanStep) -> Option<&'w LeafRequest> {
    let makes =
        !matches!(step.action, Action::Nothing | Action::Refused | Action::Restore | Action::Configure | Action::Run);
    match &wish.asked {
        Asked::Leaf(request) if makes => Some(request),
        _ => None,
    }
}

/// How far a plan has come.
struct Course {
    started: Instant,
    progress: Progress,
}

impl Course {
    /// Of everything in it that changes something.
    fn of(plan: &Plan) -> Self {
        let acts = |s: &&PlanStep| !matches!(s.action, Action::Nothing | Action::Refused);
        let total = Some(plan.steps.iter().filter(acts).count() as u64);
        let progress = Progress { done: 0, failed: 0, total, elapsed: Duration::ZERO };
        Course { started: Instant::now(), progress }
    }

    fn add(&mut self, failed: bool) -> &Progress {
        self.progress.done += 1;
        self.progress.failed += u64::from(failed);
        self.progress.elapsed = self.started.elapsed();
        &self.progress
    }
}

/// The request as the step wants it.
pub(super) fn leaf_request(request: &LeafRequest, step: &PlanStep) -> LeafRequest {
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

impl Pki {
    /// Does what a plan says. What cannot be done is told with its entry.
    pub(super) fn carry_out(
        &mut self,
        wishes: &[Wish<'_>],
        plan: &Plan,
        attendant: &mut dyn Attendant,
    ) -> Result<ApplyOutcome, Error> {
        let mut outcome = ApplyOutcome::of(plan);
        // What is not changed at all owes nothing.
        let (newly_owed, mut unchanged) = (self.owe_commands(wishes, plan)?, Vec::new());
        // CAs that are not as they should be, and how so: nothing is issued by them.
        let mut failed: HashMap<&str, Action> = HashMap::new();
        let (mut go_on, mut ready, mut course) = (true, HashMap::new(), Course::of(plan));
        let below_failed = |step: &PlanStep, failed: &HashMap<&str, Action>| {
            let issuer = step.issuer.as_deref().filter(|_| step.action.issues() || step.is_below_refused)?;
            failed.get(issuer).map(|action| below(issuer, *action))
        };
        for (at, (wish, step)) in wishes.iter().zip(&plan.steps).enumerate() {
            let is_above_failed = below_failed(step, &failed);
            if go_on && is_above_failed.is_none() && leaf_of(wish, step).is_some() && !ready.contains_key(&at) {
                let open = (at..wishes.len()).filter(|i| {
                    let (wish, step) = (&wishes[*i], &plan.steps[*i]);
                    leaf_of(wish, step).is_some() && below_failed(step, &failed).is_none()
                });
                let many: Vec<usize> = open.take(TOGETHER).collect();
                // Some of them may be recorded and not told of: tried again they would be issued twice.
                if many.len() > 1
                    && let Err(e) = self.make_leaves(&many, wishes, plan, &mut |index, result| {
                        attendant.come(course.add(result.is_err()));
                        ready.insert(index, result);
                    })
                {
                    outcome.error = Some(e.into());
                    go_on = false;
                }
            }
            let done = match (is_above_failed, ready.remove(&at)) {
                (Some(reason), _) if go_on => {
                    Ok(Renewed { reason: Some(reason), ..Renewed::bare(&step.name, "skipped") })
                }
                // What was made together with others is told even where it is to end.
                (_, Some(made)) => self.told(wish, step, made.map(|outcome| issued_leaf(outcome, step))),
                _ if !go_on => continue,
                (_, None) => self.carry_out_one(wish, step).inspect(|done| {
                    if !matches!(step.action, Action::Nothing | Action::Refused) {
                        attendant.come(course.add(done.error.is_some()));
                    }
                }),
            };
            let mut done = match done {
                Ok(done) => done,
                // What was done before stands, and is told.
                Err(e) => {
                    outcome.error.get_or_insert(e.into());
                    go_on = false;
                    continue;
                }
            };
            if (done.error.is_some() || done.action == "skipped") && done.certificate.is_none() && wish.is_ca() {
                failed.insert(&step.name, step.action);
            }
            if done.is_change()
                && done.error.is_none()
                && let Err(e) = attendant.issued(&done)
            {
                done.error = Some(e.into());
            }
            if !done.is_change() && done.certificate.is_none() && newly_owed.contains(wish.handle()) {
                unchanged.push(wish.handle().clone());
            }
            go_on &= attendant.done(&done);
            outcome.results.push(attendant.keep(done));
        }
        let mut last = self.commands_ran(&unchanged);
        if go_on && last.is_ok() {
            last = self.prune(plan, &mut outcome);
        }
        if let Err(e) = last {
            outcome.error.get_or_insert(e.into());
        }
        outcome.warnings.extend(self.place.keyring.source.warnings());
        Ok(outcome)
    }

    /// Remembers, before anything is changed, the commands that are to run after it: whoever is killed in between, or meets
    /// a command that fails, leaves them to the next. Returns the handles that owed none before.
    fn owe_commands(&mut self, wishes: &[Wish<'_>], plan: &Plan) -> Result<HashSet<Handle>, Error> {
        let changes = |step: &PlanStep| !matches!(step.action, Action::Nothing | Action::Refused | Action::Run);
        let both = wishes.iter().zip(&plan.steps).filter(|(_, step)| changes(step));
        let wanted: Vec<_> = both.filter_map(|(w, _)| Some((w.handle(), w.entry.exec.as_deref()?))).collect();
        if wanted.is_empty() {
            return Ok(HashSet::new());
        }
        let transaction = self.write()?;
        let owed: HashMap<Handle, String> = transaction.owed_commands()?.into_iter().collect();
        for (handle, command) in &wanted {
            if owed.get(*handle).is_none_or(|is| is != command) {
                transaction.owe_command(handle, Some(command))?;
            }
        }
        transaction.commit()?;
        Ok(wanted.into_iter().map(|(handle, _)| handle).filter(|h| !owed.contains_key(h)).cloned().collect())
    }

    /// Forgets the commands that were to run after these handles changed: they have, with success.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn commands_ran(&mut self, handles: &[Handle]) -> Result<(), Error> {
        if handles.is_empty() {
            return Ok(());
        }
        let transaction = self.write()?;
        handles.iter().try_for_each(|handle| transaction.owe_command(handle, None))?;
        Ok(transaction.commit()?)
    }

    /// What fails is told with the entry; only an inventory that cannot be used ends it all.
    fn carry_out_one(&mut self, wish: &Wish<'_>, step: &PlanStep) -> Result<Renewed, Error> {
        let done = match (step.action, &wish.asked) {
            (Action::Nothing, _) => self.kept(wish.handle(), "unchanged", Vec::new()),
            (Action::Refused, _) => Ok(refused(step)),
            (Action::Restore, asked) => match self.restore(wish.handle(), asked.layout()) {
                Ok(Some(delivered)) => self.kept(wish.handle(), "restored", delivered),
                Ok(None) => self.released_by_now(wish.handle()),
                Err(e) => Err(e),
            },
            (Action::Configure, Asked::Ca(request)) => {
                self.configure(request, wish.handle()).and_then(|()| self.kept(wish.handle(), "configured", Vec::new()))
            }
            (Action::Run, _) if wish.entry.exec.is_some() => self.kept(wish.handle(), "ran", Vec::new()),
            (Action::Run, _) => {
                let forgotten = self.commands_ran(std::slice::from_ref(wish.handle()));
                forgotten.and_then(|()| self.kept(wish.handle(), "unchanged", Vec::new()))
            }
            (Action::Cascade | Action::Renew, Asked::Ca(_)) => self.renew_entry(wish),
            (_, Asked::Ca(request)) => self.make_ca_of(request, step),
            (_, Asked::Leaf(request)) => self.make_leaf_of(request, step),
        };
        self.told(wish, step, done)
    }

    /// What waited to be released: by another command, which may have done so by now, or because that cannot be done.
    fn released_by_now(&mut self, handle: &Handle) -> Result<Renewed, Error> {
        let recovered = self.recover_pending()?;
        let serial = {
            let transaction = self.read()?;
            let holder = transaction.holder(handle)?;
            holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten().map(|r| r.serial)
        };
        let waits = match &serial {
            Some(serial) => self.place.waiting()?.contains(serial),
            None => false,
        };
        // Of leaves that were made together the first problem is told for all.
        let problem = recovered.into_iter().filter(|_| waits).find_map(|r| r.failed);
        match problem {
            Some(problem) => Err(Error::NotReleased { name: handle.to_string(), problem }),
            None => self.kept(handle, if waits { "unchanged" } else { "restored" }, Vec::new()),
        }
    }

    fn told(&mut self, wish: &Wish<'_>, step: &PlanStep, done: Result<Renewed, Error>) -> Result<Renewed, Error> {
        match done {
            Ok(done) => Ok(done),
            Err(e) => {
                let done = match e {
                    // It exists; its files are not where they belong.
                    Error::Delivery { .. } | Error::NotReleased { .. } => {
                        self.kept(wish.handle(), "failed", Vec::new())?
                    }
                    _ => Renewed::bare(&step.name, "failed"),
                };
                let hints = e.hints_in_manifest();
                Ok(Renewed { error: Some(ItemError { hints, ..e.into() }), ..done })
            }
        }
    }

    /// Issues one leaf.
    fn make_leaf_of(&mut self, request: &LeafRequest, step: &PlanStep) -> Result<Renewed, Error> {
        let outcome = self.leaf(&leaf_request(request, step))?;
        Ok(issued_leaf(outcome, step))
    }

    /// Issues many leaves together, on all cores. An error is one of the disk or the inventory, which ended that: what was
    /// told of is there, and of the rest something may be recorded.
    fn make_leaves(
        &mut self,
        many: &[usize],
        wishes: &[Wish<'_>],
        plan: &Plan,
        made: &mut dyn FnMut(usize, Result<Outcome, Error>),
    ) -> Result<(), Error> {
        let requests = many.iter().filter_map(|i| {
            let (wish, step) = (wishes.get(*i)?, plan.steps.get(*i)?);
            leaf_of(wish, step).map(|request| leaf_request(request, step))
        });
        let each = &mut |issued: super::Issued| {
            if let Some(at) = many.get(issued.index) {
                made(*at, issued.result);
            }
        };
        self.leaves(requests, each).map(drop)
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

/// What a command does with what exists.
fn again(action: Action) -> Again {
    match action {
        Action::Reissue | Action::Rekey => Again::Force,
        Action::Replace => Again::Replace,
        // Always due by the plan's own window, which is the smaller one.
        Action::Renew => Again::RenewWithin(Window::Percent(100)),
        Action::Cascade => Again::Renew,
        _ => Again::IfMissing,
    }
}

/// Why nothing is issued by a CA of which that was not done.
pub(super) fn below(issuer: &str, action: Action) -> String {
    let undone = match action {
        Action::Create => "was not made",
        Action::Refused => "is refused",
        Action::Replace => "was not replaced",
        Action::Cascade => "was not issued again",
        Action::Renew => "was not renewed",
        Action::Restore => "was not restored",
        Action::Configure => "was not configured",
        Action::Reissue | Action::Rekey | Action::Deliver | Action::Run | Action::Nothing => "is not as declared",
    };
    format!("its issuer `{issuer}` {undone}")
}

fn refused(step: &PlanStep) -> Renewed {
    if let Some(error) = &step.error {
        let error = ItemError { hints: step.hints.clone(), ..Error::Shared(error.clone()).into() };
        return Renewed { error: Some(error), ..Renewed::bare(&step.name, "failed") };
    }
    let error = Error::Refused {
        name: step.name.clone(),
        reason: step.reason.clone().unwrap_or_default(),
        hints: step.hints.clone(),
    };
    Renewed::failed(&step.name, error)
}
