use crate::keys::sha256;
use crate::model::Timestamp;
use crate::x509::{Certificate, NameFacts, fold_rdn, read_certificate};
use std::cell::OnceCell;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};

/// Which certificate of a [`Bag`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(pub(super) usize);

/// Certificates that a path may be built of: trust anchors, and what lies between.
///
/// It keeps their DER and what it takes to find them; a hundred thousand of them are no burden.
#[derive(Debug, Default)]
pub struct Bag {
    slots: Vec<Slot>,
    seen: HashMap<[u8; 32], usize>,
    by_subject: HashMap<u64, Vec<usize>>,
    by_issuer: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Slot {
    der: Vec<u8>,
    subject: u64,
    issuer: u64,
    key_id: Option<Vec<u8>>,
    not_before: Timestamp,
    not_after: Timestamp,
    anchor: bool,
    /// Read again when it is looked at: most never are.
    read: OnceCell<Option<Box<Certificate>>>,
}

impl Bag {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a trust anchor. What was there as something else becomes one.
    pub fn add_anchor(&mut self, certificate: &Certificate) -> Place {
        self.add(certificate, true)
    }

    /// Adds a certificate that nobody trusts by itself.
    pub fn add_untrusted(&mut self, certificate: &Certificate) -> Place {
        self.add(certificate, false)
    }

    fn add(&mut self, certificate: &Certificate, anchor: bool) -> Place {
        let digest = sha256(certificate.der());
        if let Some(known) = self.seen.get(&digest) {
            self.slots[*known].anchor |= anchor;
            return Place(*known);
        }
        let (subject, issuer) = (self.key(&certificate.subject), self.key(&certificate.issuer));
        let number = self.slots.len();
        self.seen.insert(digest, number);
        self.by_subject.entry(subject).or_default().push(number);
        self.by_issuer.entry(issuer).or_default().push(number);
        self.slots.push(Slot {
            der: certificate.der().to_vec(),
            subject,
            issuer,
            key_id: certificate.subject_key_id.clone(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            anchor,
            read: OnceCell::new(),
        });
        Place(number)
    }

    /// How many certificates are in it.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether a certificate is a trust anchor.
    pub fn is_anchor(&self, place: Place) -> bool {
        self.slots.get(place.0).is_some_and(|s| s.anchor)
    }

    /// The certificate. It was read when it was put in, so there always is one.
    pub fn get(&self, place: Place) -> Option<&Certificate> {
        let slot = self.slots.get(place.0)?;
        slot.read.get_or_init(|| read_certificate(&slot.der).ok().map(Box::new)).as_deref()
    }

    /// Names that are one (RFC 5280 7.1) have one key.
    fn key(&self, name: &NameFacts) -> u64 {
        let mut state = self.hasher.build_hasher();
        for rdn in name.subject.rdns() {
            fold_rdn(rdn.attributes()).hash(&mut state);
        }
        state.finish()
    }

    /// The certificates whose subject is the issuer of this one and that lead to an anchor, the most promising first:
    /// anchors, those whose key it names, those that are valid. No more than `most` of them.
    pub(super) fn issuers_of(
        &self,
        child: &Certificate,
        leads_up: &HashSet<u64>,
        at: Timestamp,
        most: usize,
    ) -> Vec<Place> {
        let key = self.key(&child.issuer);
        let Some(all) = self.by_subject.get(&key).filter(|_| leads_up.contains(&key)) else { return Vec::new() };
        let rank = |number: usize| {
            let slot = &self.slots[number];
            let named = match (&child.authority_key_id, &slot.key_id) {
                (Some(named), Some(own)) if named == own => 0,
                (Some(_), Some(_)) => 2,
                _ => 1,
            };
            let valid = slot.not_before <= at && at <= slot.not_after;
            (named, !valid, !slot.anchor, number)
        };
        // An anchor below another anchor leads there by itself; the others have to be led to one.
        let leads = |number: &usize| self.slots[*number].anchor || leads_up.contains(&self.slots[*number].issuer);
        let mut ranked: Vec<_> = all.iter().copied().filter(leads).map(rank).collect();
        if ranked.len() > most && most > 0 {
            ranked.select_nth_unstable(most - 1);
            ranked.truncate(most);
        }
        ranked.sort_unstable();
        ranked.into_iter().map(|(.., number)| Place(number)).collect()
    }

    /// A certificate with the name, and where both say so the key, of this one's issuer; whether it leads to an anchor or not.
    pub(super) fn any_issuer_of(&self, child: &Certificate) -> Option<Place> {
        let all = self.by_subject.get(&self.key(&child.issuer))?;
        let named = |number: &&usize| match (&child.authority_key_id, &self.slots[**number].key_id) {
            (Some(named), Some(own)) => named == own,
            _ => true,
        };
        all.iter().find(named).map(|number| Place(*number))
    }

    /// The names from which chains of names lead up to an anchor; everything else need not be tried.
    pub(super) fn names_below_anchors(&self) -> HashSet<u64> {
        let mut found: HashSet<u64> = HashSet::new();
        let mut next: Vec<u64> = self.slots.iter().filter(|s| s.anchor).map(|s| s.subject).collect();
        while let Some(name) = next.pop() {
            if found.insert(name) {
                let below = self.by_issuer.get(&name).into_iter().flatten();
                next.extend(below.map(|number| self.slots[*number].subject).filter(|s| !found.contains(s)));
            }
        }
        found
    }
}
