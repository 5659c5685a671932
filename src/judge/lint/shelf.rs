use crate::judge::key_fit::KeyFit;
use crate::judge::link;
use crate::keys::{sha256, verify_signature};
use crate::x509::{Certificate, Crl, NameFacts, NameKey, read_certificate};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// So many certificates are kept as facts at once: those above the one that is judged, and more.
const KEPT: usize = 512;
/// So many certificates of one name are tried as an issuer.
const CANDIDATES: usize = 8;

/// The certificates of a file, and the issuers given beside it. Facts take many times the space of DER, so a certificate
/// is read when it is needed.
pub(super) struct Shelf {
    slots: Vec<Slot>,
    by_subject: HashMap<NameKey, Vec<usize>>,
    by_key: HashMap<(NameKey, Vec<u8>), Vec<usize>>,
    kept: RefCell<HashMap<usize, Rc<Certificate>>>,
    /// How many signatures may still be checked to choose an issuer.
    checks: RefCell<usize>,
}

struct Slot {
    der: Vec<u8>,
    issuer: NameKey,
    key_id: Option<Vec<u8>>,
    ca: bool,
}

impl Shelf {
    pub fn new(checks: usize) -> Self {
        Shelf {
            slots: Vec::new(),
            by_subject: HashMap::new(),
            by_key: HashMap::new(),
            kept: RefCell::default(),
            checks: RefCell::new(checks),
        }
    }

    /// Puts a certificate behind the others, and says where.
    pub fn put(&mut self, certificate: &Certificate) -> usize {
        let place = self.slots.len();
        let subject = certificate.subject.key();
        self.slots.push(Slot {
            der: certificate.der().to_vec(),
            issuer: certificate.issuer.key(),
            key_id: certificate.subject_key_id.clone(),
            ca: certificate.is_ca(),
        });
        Self::enlist(&self.slots, self.by_subject.entry(subject).or_default(), place);
        if let Some(id) = &certificate.subject_key_id {
            Self::enlist(&self.slots, self.by_key.entry((subject, id.clone())).or_default(), place);
        }
        place
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The key of the name of a certificate's issuer.
    pub fn issuer_name(&self, place: usize) -> Option<NameKey> {
        self.slots.get(place).map(|s| s.issuer)
    }

    pub fn fingerprint(&self, place: usize) -> [u8; 32] {
        sha256(self.slots.get(place).map_or(&[], |s| &s.der))
    }

    /// The certificate at a place. It was read when it was put there, so there always is one.
    pub fn get(&self, place: usize) -> Option<Rc<Certificate>> {
        if let Some(known) = self.kept.borrow().get(&place) {
            return Some(known.clone());
        }
        let read = Rc::new(read_certificate(&self.slots.get(place)?.der).ok()?);
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(place, read.clone());
        Some(read)
    }

    /// The most likely issuer of a certificate, itself if it is signed by itself. Of several with the name, the one with
    /// the key that it names and whose key made the signature.
    pub fn issuer_of(&self, place: usize) -> Option<usize> {
        let child = self.get(place)?;
        let signed = |candidate: usize| {
            let mut checks = self.checks.borrow_mut();
            *checks = checks.checked_sub(1)?;
            Some(link::check_signature(&child, self.get(candidate)?.facts()).is_ok())
        };
        let mut all = self.candidates(&child.issuer, child.authority_key_id.as_deref());
        // Of the same certificate twice each is its own issuer, and so is one beyond what is tried.
        if child.is_self_issued() {
            let same = |other: &usize| self.slots.get(*other).is_some_and(|s| s.der == child.der());
            all.retain(|other| !same(other));
            let own = child.authority_key_id.is_none() || child.authority_key_id == child.subject_key_id;
            all.insert(if own { 0 } else { all.len() }, place);
        }
        match all[..] {
            [] => None,
            // A certificate that names itself and another key was signed by a CA of its own name that is not here.
            [one] if one == place => {
                let own = child.authority_key_id.is_none() || child.authority_key_id == child.subject_key_id;
                (own || signed(one) == Some(true)).then_some(one)
            }
            [one] => Some(one),
            _ => all.iter().copied().find(|c| signed(*c) == Some(true)).or_else(|| {
                let other = |c: &usize| *c != place && self.slots.get(*c).is_some_and(|s| s.ca);
                all.iter().copied().find(other)
            }),
        }
    }

    /// The most likely issuer of a CRL: of several with its name the one whose key made the signature.
    pub fn issuer_of_crl(&self, crl: &Crl) -> Option<usize> {
        let all = self.candidates(&crl.issuer, crl.authority_key_id.as_deref());
        let signed = |candidate: &usize| {
            let mut checks = self.checks.borrow_mut();
            let Some(left) = checks.checked_sub(1) else { return false };
            *checks = left;
            let Some(ca) = self.get(*candidate) else { return false };
            verify_signature(&ca.public_key, &crl.outer_algorithm, crl.tbs(), crl.signature()).is_ok()
        };
        let several = all.len() > 1;
        all.iter().copied().find(|c| several && signed(c)).or(all.first().copied())
    }

    /// Certificates of a name that may have issued something, the most likely first: those with the key that is named, CAs.
    pub fn candidates(&self, name: &NameFacts, key_id: Option<&[u8]>) -> Vec<usize> {
        let name = name.key();
        let with_key = key_id.and_then(|id| self.by_key.get(&(name, id.to_vec()))).into_iter().flatten();
        let mut all: Vec<usize> = with_key.chain(self.by_subject.get(&name).into_iter().flatten()).copied().collect();
        let rank = |place: &usize| {
            let (own, ca) = self.slots.get(*place).map_or((None, false), |s| (s.key_id.as_deref(), s.ca));
            (KeyFit::of(key_id, own), !ca, *place)
        };
        all.sort_unstable_by_key(rank);
        all.dedup();
        all
    }

    /// Puts a certificate on a list of candidates: each once, and no more than are ever tried.
    fn enlist(slots: &[Slot], list: &mut Vec<usize>, place: usize) {
        let known = |other: &usize| slots.get(*other).zip(slots.get(place)).is_some_and(|(a, b)| a.der == b.der);
        if list.len() < CANDIDATES && !list.iter().any(known) {
            list.push(place);
        }
    }
}
