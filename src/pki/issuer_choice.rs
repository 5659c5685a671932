//! Which CA issues: the one that was named, the configured one, or the only one that can.

use super::authority::{Ca, Cas};
use super::folder::Place;
use super::{Error, Pki};
use crate::model::Handle;
use crate::store::KeyPlace;

impl Place {
    /// The issuer of a leaf: named, configured, or the only CA with a key that never issued a CA. One that is expired
    /// or revoked is an error, never passed over.
    pub(super) fn choose_leaf_issuer<'c>(&self, cas: &'c Cas, named: Option<&str>) -> Result<&'c Ca, Error> {
        if let Some(name) = named.or(self.config.issuer()) {
            return self.named_ca(cas, name);
        }
        let candidates = cas.active().filter(|c| self.has_key(c) && !cas.issued_a_ca(c.handle()));
        self.only(cas, candidates.collect(), "leaves", || {
            let keyless = cas.active().filter(|c| self.lost_its_key(c) && !cas.issued_a_ca(c.handle()));
            no_candidate(cas, &names(keyless), "every CA with a key has issued CAs: name one with `--issuer`, or create one with `rootlet intermediate NAME`")
        })
    }

    /// The issuer of an intermediate: named, or the only CA with a key whose whole chain allows one more CA.
    pub(super) fn choose_ca_issuer<'c>(&self, cas: &'c Cas, named: Option<&str>) -> Result<&'c Ca, Error> {
        if let Some(name) = named {
            return self.named_ca(cas, name);
        }
        let candidates = cas.active().filter(|c| self.has_key(c) && cas.room_below(c.id()).is_none_or(|room| room > 0));
        self.only(cas, candidates.collect(), "an intermediate", || {
            let roomy = |c: &&Ca| cas.room_below(c.id()).is_none_or(|room| room > 0);
            let keyless = cas.active().filter(|c| self.lost_its_key(c)).filter(roomy);
            no_candidate(
                cas,
                &names(keyless),
                "the path lengths of the CAs here leave no room: create a CA with a larger --path-len",
            )
        })
    }

    /// Whether it could issue if its key were here; of a CA of somebody else nobody expects one.
    fn lost_its_key(&self, ca: &Ca) -> bool {
        ca.authority.key_place != KeyPlace::Foreign && !self.has_key(ca)
    }

    pub(super) fn named_ca<'c>(&self, cas: &'c Cas, name: &str) -> Result<&'c Ca, Error> {
        let exact = name.parse::<Handle>().ok().and_then(|h| cas.named(&h));
        exact.or_else(|| cas.named(&Pki::handle_of(name))).ok_or_else(|| Error::NotFound {
            target: name.into(),
            similar: cas.active().map(|c| c.handle().to_string()).take(8).collect(),
        })
    }

    fn only<'c>(
        &self,
        cas: &Cas,
        candidates: Vec<&'c Ca>,
        what: &'static str,
        hint: impl FnOnce() -> String,
    ) -> Result<&'c Ca, Error> {
        match candidates[..] {
            [] => Err(Error::NoIssuer { what, hint: hint() }),
            [one] => Ok(one),
            _ => {
                let now = self.now();
                let describe = |c: &&Ca| match cas.problem(c.id(), now) {
                    Some(problem) => format!("{} ({problem})", c.handle()),
                    None => c.handle().to_string(),
                };
                Err(Error::SeveralIssuers { what, candidates: candidates.iter().map(describe).collect() })
            }
        }
    }
}

fn names<'c>(cas: impl Iterator<Item = &'c Ca>) -> Vec<String> {
    cas.map(|c| format!("`{}`", c.handle())).collect()
}

fn no_candidate(cas: &Cas, keyless: &[String], otherwise: &str) -> String {
    if cas.active().next().is_none() {
        "create a root with `rootlet root NAME`".into()
    } else if keyless.is_empty() {
        otherwise.into()
    } else {
        format!(
            "the key of {} is not in the PKI folder: put its key.pem back, or name its file with `--issuer CA --issuer-key-file FILE`",
            keyless.join(", ")
        )
    }
}
