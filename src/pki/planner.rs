//! What would have to be done so that a PKI has what a manifest declares. Pure: wishes and a snapshot go in, steps come out.

use super::folder::Place;
use super::held::{Held, KeyState, OnDisk, Snapshot};
use super::leaf_request::{LeafKey, LeafRequest};
use super::plan::{Action, PlanRequest, PlanStep};
use super::plan_issuers::Issuers;
use super::state::{is_final, life_of};
use super::wish::{Asked, Wish};
use super::{CaRequest, Difference, Error, ca_request, leaf_request};
use crate::issue::End;
use crate::manifest::Entry;
use crate::model::{Handle, Layout, Profile, Timestamp};
use crate::store::Record;
use std::collections::{HashMap, HashSet};

/// The steps of all wishes, which stand in the order of their issuers.
pub(super) fn steps(
    wishes: &[Wish<'_>],
    snapshot: &Snapshot,
    request: &PlanRequest,
    place: &Place,
) -> Result<Vec<PlanStep>, Error> {
    let issuers = Issuers::new(wishes, snapshot, place)?;
    let mut planner = Planner {
        snapshot,
        request,
        place,
        issuers: &issuers,
        now: place.now(),
        replaced: HashSet::new(),
        cascaded: HashSet::new(),
    };
    let mut steps = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let step = planner.step(wish)?;
        if step.action == Action::Replace {
            planner.replaced.insert(wish.handle().clone());
        }
        if step.action == Action::Cascade && wish.is_ca() {
            planner.cascaded.insert(wish.handle().clone());
        }
        steps.push(step);
    }
    list_cascades(wishes, &issuers, &mut steps);
    Ok(steps)
}

struct Planner<'p> {
    snapshot: &'p Snapshot,
    request: &'p PlanRequest,
    place: &'p Place,
    issuers: &'p Issuers,
    now: Timestamp,
    /// CAs that get a new key.
    replaced: HashSet<Handle>,
    /// CAs that keep their key and are issued again, because one above them has a new key.
    cascaded: HashSet<Handle>,
}

/// What was decided, before it is put into words.
struct Verdict {
    action: Action,
    reason: String,
    differences: Vec<Difference>,
    hints: Vec<String>,
    replaces: bool,
}

impl Verdict {
    fn new(action: Action, reason: impl Into<String>) -> Self {
        Verdict { action, reason: reason.into(), differences: Vec::new(), hints: Vec::new(), replaces: false }
    }

    fn refused(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Verdict { hints: vec![hint.into()], ..Self::new(Action::Refused, reason) }
    }
}

/// Nothing is done about what cannot be looked at.
fn unreadable(disk: &OnDisk) -> Option<Verdict> {
    let problem = disk.unreadable.as_ref()?;
    Some(Verdict::refused(problem.clone(), "make it readable for who runs this, or put the right file back"))
}

impl Planner<'_> {
    fn step(&self, wish: &Wish<'_>) -> Result<PlanStep, Error> {
        let verdict = match (self.snapshot.held.get(wish.handle()), &wish.asked) {
            (None, _) => Verdict::new(Action::Create, "there is none"),
            (Some(held), Asked::Ca(request)) => self.ca(wish, request, held)?,
            (Some(held), Asked::Leaf(request)) => self.leaf(wish, request, held)?,
        };
        let verdict = self.with_its_command(wish, verdict);
        Ok(PlanStep {
            name: wish.handle().to_string(),
            profile: wish.entry.profile.name(),
            action: verdict.action,
            reason: Some(verdict.reason).filter(|r| !r.is_empty()),
            issuer: self.issuers.of.get(wish.handle()).map(ToString::to_string),
            differences: verdict.differences,
            cascades: Vec::new(),
            hints: verdict.hints,
            replaces: verdict.replaces,
            is_below_refused: false,
            error: None,
        })
    }

    /// A command that failed is run again although nothing changes, and one that is no longer declared is forgotten.
    fn with_its_command(&self, wish: &Wish<'_>, verdict: Verdict) -> Verdict {
        let owed = self.snapshot.held.get(wish.handle()).and_then(|held| held.owed.as_ref());
        match (owed.filter(|_| verdict.action == Action::Nothing), &wish.entry.exec) {
            (None, _) => verdict,
            (Some(_), Some(command)) => {
                Verdict::new(Action::Run, format!("`{command}` has not succeeded since it changed"))
            }
            (Some(was), None) => Verdict::new(Action::Run, format!("`{was}` is no longer declared, and is forgotten")),
        }
    }

    fn leaf(&self, wish: &Wish<'_>, request: &LeafRequest, held: &Held) -> Result<Verdict, Error> {
        let (record, disk) = (&held.record, &held.disk);
        if let Some(verdict) = taken(wish, held, &request.identity.key()) {
            return Ok(verdict);
        }
        match &record.revocation {
            Some(r) if is_final(r.reason) => {
                return Ok(Verdict::new(Action::Create, format!("it is revoked ({})", r.reason.name())));
            }
            Some(_) if self.now <= record.not_after => return Ok(on_hold(wish)),
            _ => {}
        }
        if let Some(verdict) = unreadable(disk) {
            return Ok(verdict);
        }
        let wanted = leaf_request::Wanted::new(std::borrow::Cow::Borrowed(request), self.place)?;
        let mut differences = wanted.differences(record, wish.entry.issuer.as_ref().map(|g| &g.value))?;
        differences.extend(self.dates(wish.entry, record));
        let of_key = |d: &Difference| matches!(d.field, "key" | "public-key");
        let anew = if !differences.is_empty() {
            let action = if differences.iter().all(of_key) { Action::Rekey } else { Action::Reissue };
            Some(Verdict { differences, ..Verdict::new(action, "it differs from what is declared") })
        } else {
            match disk.key {
                KeyState::Missing => Some(Verdict::new(Action::Rekey, "its key file is missing")),
                KeyState::Wrong => Some(Verdict::new(Action::Rekey, "its key file is not the key of its certificate")),
                KeyState::Good | KeyState::Elsewhere => None,
            }
        };
        if let Some(verdict) = anew {
            return Ok(self.with_a_new_key(request, held, verdict));
        }
        if let Some(reason) = self.cascade(wish, held) {
            return Ok(Verdict::new(Action::Cascade, reason));
        }
        if let Some(reason) = self.due(wish.entry, record) {
            return Ok(Verdict::new(Action::Renew, reason));
        }
        if disk.waits {
            return Ok(Verdict::new(Action::Restore, "it is recorded, and its files are not in their place yet"));
        }
        if let Some(file) = disk.wrong {
            return Ok(Verdict::new(Action::Restore, format!("its {file} is missing or is not what was recorded")));
        }
        let layout = request.layout.filter(|_| disk.key != KeyState::Elsewhere).unwrap_or(disk.layout);
        if layout != disk.layout {
            return Ok(match (layout, disk.encrypted) {
                (Layout::Combined, true) => {
                    let hint = "decrypt it first with `rootlet key decrypt`, or leave the layout at `folder`";
                    Verdict::refused("its key is encrypted, and a combined file has its key in the clear", hint)
                }
                (Layout::Combined, false) => Verdict::new(Action::Restore, "its files are to be one"),
                (Layout::Folder, _) => Verdict::new(Action::Restore, "its files are to be in a folder"),
            });
        }
        if disk.remains {
            return Ok(Verdict::new(Action::Restore, "what it had before its layout changed is still there"));
        }
        let forgotten: Vec<String> =
            request.forgotten(&held.deliveries).map(|d| d.folder.display().to_string()).collect();
        let forgotten = Some(forgotten.join(", ")).filter(|f| !f.is_empty());
        if let Some(delivery) = &request.delivery {
            let known = held.deliveries.iter().find(|d| d.folder == delivery.folder);
            let same = |d: &crate::store::Delivery| {
                delivery.owner.as_ref().is_none_or(|o| d.owner.as_ref() == Some(o))
                    && delivery.key_mode.is_none_or(|m| d.key_mode == Some(m))
            };
            if known.is_none_or(|d| !same(d)) {
                let folder = delivery.folder.display();
                let no_longer = forgotten.map(|old| format!(", and no longer in {old}")).unwrap_or_default();
                return Ok(Verdict::new(Action::Deliver, format!("its files are to be in {folder}{no_longer}")));
            }
        }
        if let Some(old) = forgotten {
            return Ok(Verdict::new(
                Action::Deliver,
                format!("its files are no longer to be in {old}; those there stay"),
            ));
        }
        if let Some(folder) = &disk.undelivered {
            return Ok(Verdict::new(Action::Deliver, format!("its files in {folder} are not the newest")));
        }
        Ok(Verdict::new(Action::Nothing, ""))
    }

    /// A new key is not made in place of one that is somebody else's, or that has a passphrase.
    fn with_a_new_key(&self, request: &LeafRequest, held: &Held, verdict: Verdict) -> Verdict {
        if matches!(request.key, LeafKey::Given(_)) {
            return verdict;
        }
        let differences = verdict.differences.clone();
        if held.disk.key == KeyState::Elsewhere {
            let hint = "let whoever has the key make a new CSR, and sign it with `rootlet sign`";
            return Verdict { differences, ..Verdict::refused("it differs, and its key is not here", hint) };
        }
        if held.disk.encrypted {
            let hint = "give the new one with `key_file`, or decrypt it first with `rootlet key decrypt`";
            let reason = "it differs; its key is encrypted, and a new one would not be";
            return Verdict { differences, ..Verdict::refused(reason, hint) };
        }
        verdict
    }

    fn ca(&self, wish: &Wish<'_>, request: &CaRequest, held: &Held) -> Result<Verdict, Error> {
        let (record, disk, handle) = (&held.record, &held.disk, wish.handle());
        let wanted = ca_request::Wanted::new(request, &self.place.config)?;
        if let Some(verdict) = taken(wish, held, &wanted.identity.key()) {
            return Ok(verdict);
        }
        match &record.revocation {
            Some(r) if is_final(r.reason) => {
                return Ok(self.replace(handle, format!("it is revoked ({})", r.reason.name()), Vec::new()));
            }
            Some(_) if self.now <= record.not_after => return Ok(on_hold(wish)),
            _ => {}
        }
        if let Some(verdict) = unreadable(disk) {
            return Ok(verdict);
        }
        // Where it publishes is no part of its own certificate.
        let issuer = wish.entry.issuer.as_ref().map(|g| &g.value);
        let differences = wanted.differences(record, issuer, &request.urls)?;
        if !differences.is_empty() {
            return Ok(self.replace(handle, "it differs from what is declared".into(), differences));
        }
        if request.encrypt_key && disk.key == KeyState::Good && !disk.encrypted {
            let hint = format!("encrypt it with `rootlet key encrypt {handle}`");
            return Ok(Verdict::refused("its key is not encrypted, and `encrypt_key` asks for it", hint));
        }
        match disk.key {
            KeyState::Missing => return Ok(self.replace(handle, "its key file is missing".into(), Vec::new())),
            KeyState::Wrong => {
                return Ok(self.replace(handle, "its key file is not its key".into(), Vec::new()));
            }
            KeyState::Good | KeyState::Elsewhere => {}
        }
        if let Some(reason) = self.cascade(wish, held) {
            return Ok(Verdict::new(Action::Cascade, reason));
        }
        let differences: Vec<Difference> = self.dates(wish.entry, record).collect();
        if !differences.is_empty() {
            let reason = "its dates differ from what is declared; it keeps its key";
            return Ok(Verdict { differences, ..Verdict::new(Action::Renew, reason) });
        }
        if let Some(reason) = self.due(wish.entry, record) {
            return Ok(Verdict::new(Action::Renew, reason));
        }
        if disk.waits {
            return Ok(Verdict::new(Action::Restore, "it is recorded, and its files are not in their place yet"));
        }
        if let Some(file) = disk.wrong {
            return Ok(Verdict::new(Action::Restore, format!("its {file} is missing or is not what was recorded")));
        }
        let differences = self.addresses(handle, request);
        if !differences.is_empty() {
            let reason = "where it publishes goes into what it issues from now on";
            return Ok(Verdict { differences, ..Verdict::new(Action::Configure, reason) });
        }
        Ok(Verdict::new(Action::Nothing, ""))
    }

    /// A CA is replaced only when that was said.
    fn replace(&self, handle: &Handle, reason: String, differences: Vec<Difference>) -> Verdict {
        if self.request.replace_cas.contains(handle) {
            return Verdict { differences, ..Verdict::new(Action::Replace, reason) };
        }
        let hint = format!("`--replace-ca {handle}` makes a new one, with a new key, beside the old");
        let reason = format!("{reason}; a CA is never replaced unasked");
        Verdict { differences, replaces: true, ..Verdict::refused(reason, hint) }
    }

    fn addresses(&self, handle: &Handle, request: &CaRequest) -> Vec<Difference> {
        let is = self.place.config.urls(handle);
        let urls = &request.urls;
        let all = [
            ("crl_url", &is.crl, &urls.crl),
            ("issuer_url", &is.issuer, &urls.issuer),
            ("ocsp_url", &is.ocsp, &urls.ocsp),
        ];
        let text = |all: &[crate::model::UriName]| all.iter().map(|u| u.as_str()).collect::<Vec<_>>().join(" ");
        let differing = all.into_iter().filter(|(_, is, wished)| !wished.is_empty() && is != wished);
        differing.map(|(field, is, wished)| Difference { field, is: text(is), wished: text(wished) }).collect()
    }

    /// Dates that were typed and are others. What was cut to the end of its issuer is as good as it can be.
    fn dates(&self, entry: &Entry, record: &Record) -> impl Iterator<Item = Difference> + use<> {
        let cut = {
            let chain = self.snapshot.cas.by_id(record.issuer).map(|ca| self.snapshot.cas.chain(ca.id()));
            let ends = chain.unwrap_or_default().into_iter().map(|c| c.authority.certificate.not_after);
            entry.profile != Profile::Root && ends.into_iter().any(|end| end == record.not_after)
        };
        let end = match entry.end {
            Some(End::Lifetime(l)) if l.seconds() != life_of(record) && !(cut && l.seconds() > life_of(record)) => {
                let is = crate::model::Lifetime::from_seconds(life_of(record)).map(|l| l.to_string());
                Some(Difference { field: "lifetime", is: is.unwrap_or_default(), wished: l.to_string() })
            }
            Some(End::At(t)) if t != record.not_after && !(cut && t > record.not_after) => {
                Some(Difference { field: "not_after", is: record.not_after.to_string(), wished: t.to_string() })
            }
            _ => None,
        };
        let start = entry.not_before.filter(|t| *t != record.not_before).map(|t| Difference {
            field: "not_before",
            is: record.not_before.to_string(),
            wished: t.to_string(),
        });
        start.into_iter().chain(end)
    }

    /// Why its issuer has another key than the one that issued it, or will have.
    fn cascade(&self, wish: &Wish<'_>, held: &Held) -> Option<String> {
        if wish.entry.profile == Profile::Root {
            return None;
        }
        let cas = &self.snapshot.cas;
        let issuer = self.issuers.of.get(wish.handle())?;
        if self.replaced.contains(issuer) {
            return Some(format!("its issuer `{issuer}` gets a new key"));
        }
        if cas.by_id(held.record.issuer).is_some_and(|ca| !ca.active) {
            return Some(format!("its issuer `{issuer}` has a new key"));
        }
        if wish.is_ca() {
            return None;
        }
        let mut above = issuer;
        // Chains are short; the limit is for a ring that damage made.
        for _ in 0..32 {
            if self.cascaded.contains(above) {
                return Some(format!("`{above}` above it is issued again by a new key"));
            }
            let Some(next) = self.issuers.of.get(above) else { break };
            if self.replaced.contains(next) {
                return Some(format!("`{next}` above its issuer gets a new key"));
            }
            above = next;
        }
        held.disk.chain_is_old.then(|| "a CA above it has a new key".to_string())
    }

    /// Why it is to be renewed now. Never more than the last third of a life counts as near its end: it would be renewed for
    /// ever.
    fn due(&self, entry: &Entry, record: &Record) -> Option<String> {
        // An end that was typed stays: nothing is gained by the same again.
        if matches!(entry.end, Some(End::At(t)) if t == record.not_after) || !self.is_ours(record) {
            return None;
        }
        if self.now > record.not_after {
            return Some(format!("it ended {}", record.not_after));
        }
        let left = record.not_after.since(self.now);
        let window = entry.renew_within.seconds_at_most_a_third(life_of(record));
        (left < window).then(|| format!("it ends in {}, inside {}", span(left), span(window)))
    }

    /// A CA of somebody else, and what it issued, is renewed by them.
    fn is_ours(&self, record: &Record) -> bool {
        let issuer = self.snapshot.cas.by_id(record.issuer);
        issuer.is_none_or(|ca| ca.authority.key_place != crate::store::KeyPlace::Foreign)
    }
}

fn taken(wish: &Wish<'_>, held: &Held, identity: &str) -> Option<Verdict> {
    if held.identity == identity {
        return None;
    }
    let holder = held.identity.split_once(':').map_or(held.identity.as_str(), |(_, name)| name);
    let reason = format!("the name `{}` is taken by {} `{holder}`", wish.handle(), held.record.profile);
    Some(Verdict::refused(reason, "declare it under another key, and say its NAME with `name`"))
}

fn on_hold(wish: &Wish<'_>) -> Verdict {
    let hint = format!("lift the hold with `rootlet revoke {} --release`, or revoke it for good", wish.handle());
    Verdict::refused("it is on hold", hint)
}

/// The handles below a CA that is, or would be replaced.
fn list_cascades(wishes: &[Wish<'_>], issuers: &Issuers, steps: &mut [PlanStep]) {
    let mut below: HashMap<&Handle, Vec<&Handle>> = HashMap::new();
    for wish in wishes {
        if let Some(issuer) = issuers.of.get(wish.handle()) {
            below.entry(issuer).or_default().push(wish.handle());
        }
    }
    for (wish, step) in wishes.iter().zip(steps) {
        if step.action != Action::Replace && !step.replaces {
            continue;
        }
        let (mut queue, mut found) = (vec![wish.handle()], HashSet::new());
        while let Some(handle) = queue.pop() {
            queue.extend(below.get(handle).into_iter().flatten().copied().filter(|child| found.insert(*child)));
        }
        let mut names: Vec<String> = found.into_iter().map(ToString::to_string).collect();
        names.sort();
        step.cascades = names;
    }
}

/// A length of time as people say it.
fn span(seconds: i64) -> String {
    match seconds {
        s if s >= 2 * 86_400 => format!("{} d", s / 86_400),
        s if s >= 2 * 3_600 => format!("{} h", s / 3_600),
        s if s >= 120 => format!("{} min", s / 60),
        s => format!("{} s", s.max(0)),
    }
}
