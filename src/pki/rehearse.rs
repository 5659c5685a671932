//! Rehearsing a plan, without any key: what could not be issued is refused where it is planned, as issuing it would refuse it.

use super::carry_out::{below, leaf_request};
use super::create_ca::{check_folder, check_subject};
use super::folder::Place;
use super::held::{Held, Snapshot};
use super::issuing::{check_gain, check_holder, check_key_is_free, read};
use super::keyring::no_key;
use super::leaf_request::Wanted;
use super::leaf_steps::{Before, leaf_draft};
use super::make_ca::draft;
use super::plan::{Action, PlanStep};
use super::predecessor::{Predecessor, RenewedKey};
use super::wish::{Asked, Wish};
use super::{CaRequest, CustodyError, Error, LeafRequest, PassphraseOf, RenewRequest, Urls, ca_request};
use crate::disk::exists;
use crate::issue::{CertificateDraft, Issuer};
use crate::keys::{PrivateKey, Unsigning, key_identifier};
use crate::model::{Handle, KeyAlgorithm, Profile};
use crate::store::{Record, Transaction};
use crate::x509::{Certificate, PublicKeyKind, public_key_kind};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The steps of a plan as far as they were rehearsed.
pub(super) struct Rehearsal<'r> {
    place: &'r Place,
    snapshot: &'r Snapshot,
    /// Nothing where there is no PKI yet.
    transaction: Option<&'r dyn Transaction>,
    /// The public half of a key that stands for every one that is still to be made.
    some_key: Vec<u8>,
    /// CAs as they will be: nothing where one cannot be rehearsed. Those that are refused are not among them, and stay as
    /// they are.
    cas: HashMap<Handle, Option<Arc<Stage>>>,
    /// CAs that are refused: nothing is issued by them.
    refused: HashSet<String>,
    /// Addresses that the manifest gives its CAs.
    urls: HashMap<Handle, Urls>,
}

/// A CA that can be rehearsed with, or why it cannot issue.
type Stage = Result<Issuer, Arc<Error>>;

impl<'r> Rehearsal<'r> {
    pub fn new(
        place: &'r Place,
        snapshot: &'r Snapshot,
        transaction: Option<&'r dyn Transaction>,
    ) -> Result<Self, Error> {
        // Of whatever algorithm the keys will be: none is refused for that.
        let key = PrivateKey::generate(KeyAlgorithm::P256).map_err(|e| Error::Internal(e.to_string()))?;
        let some_key = key.public_key().to_vec();
        Ok(Rehearsal {
            place,
            snapshot,
            transaction,
            some_key,
            cas: HashMap::new(),
            refused: HashSet::new(),
            urls: HashMap::new(),
        })
    }

    /// Turns steps that cannot be done into refused ones.
    ///
    /// # Errors
    /// Of the inventory only.
    pub fn of(mut self, wishes: &[Wish<'_>], steps: &mut [PlanStep]) -> Result<(), Error> {
        for (wish, step) in wishes.iter().zip(steps) {
            let held = self.snapshot.held.get(wish.handle());
            let above = step.issuer.as_ref().filter(|issuer| step.action.issues() && self.refused.contains(*issuer));
            if let Some(issuer) = above {
                step.reason = Some(below(issuer, Action::Refused));
                step.hints = vec![format!("mend what is said of `{issuer}` first")];
                (step.action, step.is_below_refused) = (Action::Refused, true);
            } else {
                let refusal = match &wish.asked {
                    Asked::Ca(request) => self.ca(wish, request, step, held),
                    Asked::Leaf(request) => self.leaf(request, step, held),
                };
                match refusal {
                    Ok(()) => {}
                    Err(e @ Error::Store(_)) => return Err(e),
                    Err(e) => {
                        let error = Arc::new(e);
                        step.action = Action::Refused;
                        (step.reason, step.hints) = (Some(error.to_string()), error.hints_in_manifest());
                        step.error = Some(error);
                    }
                }
            }
            if wish.is_ca() && step.action == Action::Refused {
                self.refused.insert(step.name.clone());
            }
        }
        Ok(())
    }

    fn ca(&mut self, wish: &Wish<'_>, request: &CaRequest, step: &PlanStep, held: Option<&Held>) -> Result<(), Error> {
        if !request.urls.is_empty() {
            self.urls.insert(wish.handle().clone(), request.urls.clone());
        }
        if !step.action.issues() {
            return Ok(());
        }
        let fail = || Error::issue(wish.handle());
        let above = match &step.issuer {
            Some(issuer) => {
                let Some(stage) = self.stage(&issuer.parse()?) else { return self.skip(wish) };
                Some(stage)
            }
            None => None,
        };
        let own = match (step.action, held) {
            (Action::Renew | Action::Cascade, Some(held)) => read(&held.record)?.public_key.clone(),
            _ => request.given_key().map_or_else(|| self.some_key.clone(), <[u8]>::to_vec),
        };
        let root;
        let issuer = match above.as_deref() {
            Some(Ok(issuer)) => issuer,
            Some(Err(e)) => return Err(Error::Shared(e.clone())),
            None => {
                let Some(signer) = unsigning(&own) else { return self.skip(wish) };
                root = Issuer::for_root(Box::new(signer)).map_err(fail())?;
                &root
            }
        };
        let draft = match (step.action, held) {
            (Action::Renew | Action::Cascade, Some(held)) => self.renewed_ca(wish, step, &held.record, own, issuer)?,
            _ => self.new_ca(request, step, held, &own, issuer)?,
        };
        let certificate = issuer.rehearse(draft).and_then(|linted| linted.unsigned()).map_err(fail())?;
        let chain: Vec<&Certificate> = std::iter::once(&certificate).chain(issuer.chain()).collect();
        let stage = unsigning(&certificate.public_key).map(|s| Arc::new(self.issuer_of(wish.handle(), &chain, s)));
        self.cas.insert(wish.handle().clone(), stage);
        Ok(())
    }

    /// What is below it is then not rehearsed either.
    fn skip(&mut self, wish: &Wish<'_>) -> Result<(), Error> {
        self.cas.insert(wish.handle().clone(), None);
        Ok(())
    }

    fn new_ca(
        &self,
        request: &CaRequest,
        step: &PlanStep,
        held: Option<&Held>,
        own: &[u8],
        issuer: &Issuer,
    ) -> Result<CertificateDraft, Error> {
        let wanted = ca_request::Wanted::new(request, &self.place.config)?;
        if let Some(transaction) = self.transaction {
            check_holder(transaction, &wanted.handle, &wanted.identity.key(), request.profile)?;
            if let Some(public_key) = request.given_key() {
                check_key_is_free(transaction, public_key, Some(&wanted.handle))?;
            }
        }
        check_subject(&self.snapshot.cas, &wanted)?;
        let folder = self.place.ca_folder(&wanted.handle);
        check_folder(&folder, held.is_some(), exists(&folder))?;
        let (new, source) = (PassphraseOf::New(&request.display_name), &self.place.keyring.source);
        if request.encrypt_key && source.was_given(new) {
            self.place.new_passphrase(&request.display_name, true)?;
        } else if request.encrypt_key && !source.can_be_had(new) {
            return Err(CustodyError::NoPassphrase { name: request.display_name.clone() }.into());
        }
        let fail = Error::issue(&request.display_name);
        let (dates, _) = self.place.dates(request.profile, request.not_before, request.end, issuer).map_err(fail)?;
        draft(&wanted, own, None, dates.validity, self.urls_of(step))
    }

    fn renewed_ca(
        &self,
        wish: &Wish<'_>,
        step: &PlanStep,
        record: &Record,
        public_key: Vec<u8>,
        issuer: &Issuer,
    ) -> Result<CertificateDraft, Error> {
        let (entry, cas) = (wish.entry, &self.snapshot.cas);
        let transaction = self.transaction.ok_or_else(|| Error::Internal("a renewal without a PKI".into()))?;
        if transaction.is_barred(&record.spki_sha256)? {
            return Err(Error::KeyBarred { handle: record.handle.clone() });
        }
        let root = cas.named(wish.handle()).filter(|_| wish.entry.profile == Profile::Root);
        if let Some(keyless) = root.filter(|ca| !self.place.has_key(ca)) {
            return Err(no_key(self.place, keyless));
        }
        let before = Predecessor::new(record)?;
        let lifetime = before.lifetime(self.place, transaction)?;
        let key = RenewedKey { public_key, id: transaction.key_identifier(&record.spki_sha256)? };
        let request = RenewRequest { not_before: entry.not_before, end: entry.end, ..RenewRequest::default() };
        let above = step.issuer.as_ref().and_then(|i| cas.named(&i.parse().ok()?));
        let below = above.map(|ca| (cas, ca.id()));
        Ok(self.place.draft_again(&before, &request, lifetime, key, issuer, below)?.0)
    }

    fn leaf(&mut self, request: &LeafRequest, step: &PlanStep, held: Option<&Held>) -> Result<(), Error> {
        if let (Action::Restore, Some(held), Some(layout)) = (step.action, held, request.layout) {
            return self.place.home(&held.record.handle).check_way(layout);
        }
        if !step.action.issues() && step.action != Action::Deliver {
            return Ok(());
        }
        let wanted = Wanted::new(Cow::Owned(leaf_request(request, step)), self.place)?;
        let request = &*wanted.request;
        if let Some(transaction) = self.transaction {
            check_holder(transaction, &wanted.handle, &request.identity.key(), request.profile)?;
        }
        let before = Before::look(self.place, &wanted);
        let (is_there, keeps) = (held.is_some(), step.action == Action::Deliver);
        self.place.check_surroundings(self.transaction, &wanted, &before, is_there, keeps)?;
        if keeps {
            return Ok(());
        }
        let Some(handle) = &step.issuer else { return Ok(()) };
        let handle: Handle = handle.parse()?;
        let stage = self.stage(&handle);
        let issuer = match stage.as_deref() {
            Some(Ok(issuer)) => issuer,
            Some(Err(e)) => return Err(Error::Shared(e.clone())),
            None => return Ok(()),
        };
        let fail = || Error::issue(&request.identity);
        let dates = self.place.dates(request.profile, request.not_before, request.end, issuer);
        let (dates, lifetime) = dates.map_err(fail())?;
        let public_key = match (step.action, held) {
            (Action::Renew | Action::Cascade, Some(Held { record, .. })) => {
                if self.transaction.map(|t| t.is_barred(&record.spki_sha256)).transpose()?.unwrap_or_default() {
                    return Err(Error::KeyBarred { handle: record.handle.clone() });
                }
                let cas = &self.snapshot.cas;
                if let (Action::Renew, Some(ca)) = (step.action, cas.named(&handle)) {
                    let (end, now) = (dates.validity.not_after(), self.place.now());
                    check_gain(record, end, lifetime, issuer, cas, ca.id(), now)?;
                }
                read(record)?.public_key.clone()
            }
            _ => request.key.public_key().map_or_else(|| self.some_key.clone(), <[u8]>::to_vec),
        };
        let key_id = key_identifier(&public_key).map_err(|e| fail()(e.into()))?;
        let draft = leaf_draft(&wanted, public_key, key_id, dates.validity, self.urls_of(step))?;
        issuer.rehearse(draft).map(drop).map_err(fail())
    }

    /// Where the issuer of a step publishes, when everything before that step is done.
    fn urls_of(&self, step: &PlanStep) -> Urls {
        let issuer = step.issuer.as_ref().and_then(|i| i.parse::<Handle>().ok());
        issuer.map(|i| self.urls.get(&i).cloned().unwrap_or_else(|| self.place.config.urls(&i))).unwrap_or_default()
    }

    /// A CA as it will be.
    fn stage(&mut self, handle: &Handle) -> Option<Arc<Stage>> {
        if let Some(known) = self.cas.get(handle) {
            return known.clone();
        }
        let stage = self.existing(handle).map(Arc::new);
        self.cas.insert(handle.clone(), stage.clone());
        stage
    }

    /// A CA that is there and stays as it is, below others that need not.
    fn existing(&self, handle: &Handle) -> Option<Stage> {
        let cas = &self.snapshot.cas;
        let ca = cas.named(handle)?;
        if !self.place.has_key(ca) {
            return Some(Err(Arc::new(no_key(self.place, ca))));
        }
        let mut chain = cas.chain(ca.id()).into_iter().map(|c| (c.handle(), &c.certificate)).collect::<Vec<_>>();
        // One above it that is replaced is another CA from then on: what the old one issued stays below that.
        let goes_on = |handle: &Handle, is: &Certificate| match self.cas.get(handle).map(Option::as_deref) {
            Some(Some(Ok(will_be))) => will_be.certificate().is_none_or(|c| c.public_key == is.public_key),
            other => other.is_some(),
        };
        let changed = chain.iter().skip(1).position(|(handle, is)| goes_on(handle, is)).map(|at| at + 1);
        let mut remade = None;
        match changed.and_then(|at| Some((at, self.cas.get(chain.get(at)?.0)?))) {
            Some((at, Some(stage))) => {
                chain.truncate(at);
                remade = Some(stage.clone());
            }
            Some((_, None)) => return None,
            None => {
                if let Some(problem) = cas.problem(ca.id(), self.place.now()) {
                    return Some(Err(Arc::new(Error::cannot_issue(handle, problem))));
                }
            }
        }
        let above = match remade.as_deref() {
            Some(Ok(issuer)) => issuer.chain(),
            Some(Err(e)) => return Some(Err(e.clone())),
            None => &[],
        };
        let whole: Vec<&Certificate> = chain.into_iter().map(|(_, c)| c).chain(above).collect();
        Some(self.issuer_of(handle, &whole, unsigning(&ca.certificate.public_key)?))
    }

    fn issuer_of(&self, handle: &Handle, chain: &[&Certificate], signer: Unsigning) -> Stage {
        let issuer = Issuer::from_inventory(chain, Box::new(signer), self.place.now());
        issuer.map_err(|e| {
            let (issuer, problem) = (handle.to_string(), e.to_string());
            Arc::new(Error::IssuerUnusable { issuer, problem, hint: None })
        })
    }
}

/// What stands for the key of a CA; nothing for one of a kind that signs nothing here.
fn unsigning(public_key: &[u8]) -> Option<Unsigning> {
    match public_key_kind(public_key) {
        Ok(PublicKeyKind::Known(algorithm)) => Some(Unsigning::new(algorithm, public_key.to_vec())),
        _ => None,
    }
}
