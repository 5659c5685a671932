use super::strict;
use crate::judge::key_fit::KeyFit;
use crate::keys::sha256;
use crate::model::Timestamp;
use crate::x509::{Certificate, NameKey, read_certificate};
use std::cell::OnceCell;
use std::collections::{HashMap, VecDeque};

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
    by_subject: HashMap<NameKey, Vec<usize>>,
    by_issuer: HashMap<NameKey, Vec<usize>>,
}

/// So many certificates that cannot be the issuer are looked at, to say why they are not.
const MOST_HOPELESS: usize = 20;

/// Who may have issued a certificate.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// The most promising first.
    pub places: Vec<Place>,
    /// Whether some that may be it are not among them.
    pub left_out: bool,
}

#[derive(Debug)]
struct Slot {
    der: Vec<u8>,
    subject: NameKey,
    issuer: NameKey,
    key_id: Option<Vec<u8>>,
    not_before: Timestamp,
    not_after: Timestamp,
    anchor: bool,
    /// Whether it may stand above another certificate, as far as it says itself.
    issuer_by_form: bool,
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
        let (subject, issuer) = (certificate.subject.key(), certificate.issuer.key());
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
            issuer_by_form: strict::check_issuer(certificate).is_ok(),
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

    /// The certificates whose subject is the issuer of this one and that lead to an anchor, the most promising first:
    /// those that may be it before those that cannot, those whose key it names, those nearest to an anchor. No more than
    /// `most` of those that may be it, and a few of the others, for the explanation.
    pub(super) fn issuers_of(
        &self,
        child: &Certificate,
        distances: &HashMap<NameKey, usize>,
        at: Timestamp,
        most: usize,
    ) -> Candidates {
        let key = child.issuer.key();
        let Some(all) = self.by_subject.get(&key) else { return Candidates::default() };
        let rank = |number: usize| {
            let slot = self.slots.get(number)?;
            // An anchor below another anchor leads there by itself; the others have to be led to one.
            let distance = if slot.anchor { 0 } else { 1 + distances.get(&slot.issuer)? };
            let fit = KeyFit::of(child.authority_key_id.as_deref(), slot.key_id.as_deref());
            let ended = at < slot.not_before || slot.not_after < at;
            let hopeless = !fit.is_possible() || ended || !slot.issuer_by_form;
            Some((hopeless, fit, ended, distance, number))
        };
        let mut ranked: Vec<_> = all.iter().copied().filter_map(rank).collect();
        ranked.sort_unstable();
        let hopeful = ranked.partition_point(|(hopeless, ..)| !hopeless);
        let kept = ranked.iter().take(hopeful.min(most)).chain(ranked.iter().skip(hopeful).take(MOST_HOPELESS));
        Candidates { places: kept.map(|(.., number)| Place(*number)).collect(), left_out: hopeful > most }
    }

    /// A certificate with the name, and where both say so the key, of this one's issuer; whether it leads to an anchor or not.
    pub(super) fn any_issuer_of(&self, child: &Certificate) -> Option<Place> {
        let all = self.by_subject.get(&child.issuer.key())?;
        let fits = |number: &&usize| {
            let own = self.slots.get(**number).and_then(|slot| slot.key_id.as_deref());
            KeyFit::of(child.authority_key_id.as_deref(), own).is_possible()
        };
        all.iter().find(fits).map(|number| Place(*number))
    }

    /// The names from which chains of names lead up to an anchor, with the number of steps; everything else need not be
    /// tried.
    pub(super) fn distances(&self) -> HashMap<NameKey, usize> {
        let mut found: HashMap<NameKey, usize> = HashMap::new();
        let mut next: VecDeque<(NameKey, usize)> =
            self.slots.iter().filter(|s| s.anchor).map(|s| (s.subject, 0)).collect();
        while let Some((name, distance)) = next.pop_front() {
            if found.contains_key(&name) {
                continue;
            }
            found.insert(name, distance);
            let below = self.by_issuer.get(&name).into_iter().flatten();
            let subjects = below.filter_map(|number| self.slots.get(*number)).map(|s| s.subject);
            next.extend(subjects.filter(|s| !found.contains_key(s)).map(|s| (s, distance + 1)));
        }
        found
    }
}
