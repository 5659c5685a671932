//! A PKI with a root and an issuing CA, and a fleet that wants certificates.

use crate::bulk::lab::state::State;
use rootlet::model::Profile;
use rootlet::pki::{Again, CaRequest, CertificateView, DoctorRequest, LeafRequest, ListRequest, Pki};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

#[path = "../common/state.rs"]
#[allow(dead_code)]
pub mod state;

pub struct Lab(TempDir);

impl Lab {
    pub fn new() -> Self {
        let lab = Lab(tempfile::tempdir().unwrap());
        Pki::root_ca(&lab.root(), &CaRequest::new(Profile::Root, "Lab Root").unwrap()).unwrap();
        lab.open().ca(&CaRequest::new(Profile::Intermediate, "Lab Issuing").unwrap()).unwrap();
        lab
    }

    pub fn root(&self) -> PathBuf {
        self.0.path().join("pki")
    }

    pub fn open(&self) -> Pki {
        Pki::open(&self.root()).unwrap()
    }

    /// Another folder with the same PKI.
    #[cfg(feature = "fault-injection")]
    pub fn copy(&self) -> Self {
        let copy = Lab(tempfile::tempdir().unwrap());
        let done = std::process::Command::new("cp").arg("-a").arg(self.root()).arg(copy.root()).status().unwrap();
        assert!(done.success());
        copy
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        rootlet::disk::entries(&self.root().join(folder)).unwrap()
    }

    pub fn state(&self) -> State {
        State::of(&self.root())
    }

    /// Every leaf of the fleet that was ever issued.
    pub fn all(&self) -> Vec<CertificateView> {
        list(&self.root(), true)
    }

    /// The newest of each.
    pub fn current(&self) -> Vec<CertificateView> {
        list(&self.root(), false)
    }

    #[track_caller]
    pub fn assert_sound(&self) {
        let found = self.open().doctor(&DoctorRequest { repair: false, history: true }).unwrap();
        assert!(found.problems.is_empty(), "{:#?}", found.problems);
    }
}

fn list(root: &Path, all: bool) -> Vec<CertificateView> {
    let mut found = Vec::new();
    let request = ListRequest { all, ..ListRequest::default() };
    let visit = &mut |view: CertificateView| {
        found.extend((!view.ca).then_some(view));
        true
    };
    Pki::open(root).unwrap().list(&request, visit).unwrap();
    found
}

pub fn fleet(numbers: std::ops::Range<usize>) -> impl Iterator<Item = LeafRequest> {
    numbers.filter_map(|n| LeafRequest::new(Profile::Client, &format!("device-{n}")).ok()).map(|mut r| {
        r.again = Again::IfMissing;
        r
    })
}

/// How often each action was taken, and each error.
pub fn issue_all(pki: &mut Pki, requests: impl IntoIterator<Item = LeafRequest>) -> BTreeMap<String, usize> {
    let mut actions = BTreeMap::new();
    pki.leaves(requests, &mut |issued| {
        let action = issued.result.map_or_else(|e| e.code().to_string(), |o| o.action.to_string());
        *actions.entry(action).or_default() += 1;
    })
    .unwrap();
    actions
}
