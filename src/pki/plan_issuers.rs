use super::Error;
use super::folder::Place;
use super::held::Snapshot;
use super::wish::{Asked, Wish};
use crate::manifest::{Entry, ProblemKind, Problems};
use crate::model::{Handle, Profile};
use std::collections::{HashMap, HashSet};

/// Which CA issues each entry: the one that it names, the one that issued it, or the only one that can.
pub(super) struct Issuers {
    pub of: HashMap<Handle, Handle>,
}

impl Issuers {
    pub fn new(wishes: &[Wish<'_>], snapshot: &Snapshot, place: &Place) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let declared: HashMap<&Handle, &Entry> =
            wishes.iter().filter(|w| w.is_ca()).map(|w| (w.handle(), w.entry)).collect();
        let mut issuers = Issuers { of: HashMap::new() };
        // Leaves stand behind all CAs, and one answer is for all of them.
        let mut of_leaves = None;
        for wish in wishes.iter().filter(|w| w.entry.profile != Profile::Root) {
            let entry = wish.entry;
            let held = snapshot.held.get(&entry.handle);
            let issuer = match (&entry.issuer, held) {
                (Some(given), _) => {
                    let issuer = &given.value;
                    if !declared.contains_key(issuer) && snapshot.cas.named(issuer).is_none() {
                        let known = declared.keys().map(|h| h.as_str());
                        let known = known.chain(snapshot.cas.active().map(|c| c.handle().as_str()));
                        let nearest = crate::manifest::nearest(issuer.as_str(), known).map(Into::into);
                        let kind = ProblemKind::NoIssuer { issuer: issuer.to_string(), nearest };
                        problems.add(&given.at, kind);
                        continue;
                    }
                    issuer.clone()
                }
                (None, Some(held)) => held.record.issuer_handle.clone(),
                (None, None) => {
                    let choose = || issuers.default(wishes, snapshot, place, entry.profile);
                    let chosen = if wish.is_ca() { choose() } else { of_leaves.get_or_insert_with(choose).clone() };
                    match chosen {
                        Ok(issuer) => issuer,
                        Err(kind) => {
                            problems.add(&entry.at, kind);
                            continue;
                        }
                    }
                }
            };
            issuers.of.insert(entry.handle.clone(), issuer);
        }
        problems.settle()?;
        Ok(issuers)
    }

    /// As the commands choose, among the CAs of the manifest and of the PKI.
    fn default(
        &self,
        wishes: &[Wish<'_>],
        snapshot: &Snapshot,
        place: &Place,
        profile: Profile,
    ) -> Result<Handle, ProblemKind> {
        let mut all: Vec<&Handle> = wishes.iter().filter(|w| w.is_ca()).map(|w| w.handle()).collect();
        let here = snapshot.cas.active().map(|c| c.handle()).filter(|h| snapshot.with_key.contains(*h));
        all.extend(here.filter(|h| !all.contains(h)).collect::<Vec<_>>());
        let (what, candidates): (_, Vec<&Handle>) = if profile.is_ca() {
            ("an intermediate", all.into_iter().filter(|h| self.room(wishes, snapshot, h, 0)).collect())
        } else {
            if let Some(named) = place.config.issuer() {
                let handle = named.parse().unwrap_or_else(|_| super::Pki::handle_of(named));
                if all.contains(&&handle) {
                    return Ok(handle);
                }
            }
            let issues_cas: HashSet<&Handle> =
                wishes.iter().filter(|w| w.is_ca()).filter_map(|w| self.of.get(w.handle())).collect();
            let free = |h: &&Handle| !issues_cas.contains(*h) && !snapshot.cas.issued_a_ca(h);
            ("leaves", all.into_iter().filter(free).collect())
        };
        match candidates[..] {
            [one] => Ok(one.clone()),
            [] => Err(ProblemKind::Refused {
                message: format!("no CA can issue {what}, neither in the manifest nor in the PKI"),
                hints: vec!["declare one as `[ca.NAME]`, or name one with `issuer`".into()],
            }),
            _ => {
                let names: Vec<_> = candidates.iter().map(|h| h.as_str()).collect();
                Err(ProblemKind::Refused {
                    message: format!("several CAs could issue {what}: {}", names.join(", ")),
                    hints: vec!["choose one with `issuer`".into()],
                })
            }
        }
    }

    /// Whether the path lengths of a CA and of all above it allow one more CA below, when `below` follow already.
    fn room(&self, wishes: &[Wish<'_>], snapshot: &Snapshot, ca: &Handle, below: u32) -> bool {
        let wish = wishes.iter().find_map(|w| match &w.asked {
            Asked::Ca(request) if w.handle() == ca => Some(request),
            _ => None,
        });
        let Some(request) = wish else {
            let room = snapshot.cas.named(ca).map(|c| snapshot.cas.room_below(c.id()));
            return room.is_some_and(|r| r.is_none_or(|room| room > below));
        };
        if request.path_len().is_some_and(|limit| u32::from(limit) <= below) {
            return false;
        }
        match self.of.get(ca) {
            // A ring was refused before; the limit is for whatever else could be long.
            Some(above) if below < 32 => self.room(wishes, snapshot, above, below + 1),
            Some(_) => false,
            None => true,
        }
    }
}
