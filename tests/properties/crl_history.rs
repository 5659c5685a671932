//! A CRL is the same whether its entries come from the inventory or from the CRL before it: random histories of a PKI.

use proptest::prelude::*;
use rootlet::disk::decode_pem;
use rootlet::issue::End;
use rootlet::model::{Clock, Lifetime, Profile, Reason, Timestamp};
use rootlet::pki::{CaRequest, CrlRequest, LeafRequest, Pki, RevokeRequest, Target};
use rootlet::store::{Access, SqliteStore, Store};
use rootlet::x509::{Crl, RevokedEntry};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR: i64 = 3_600;

/// A clock that the test moves.
#[derive(Debug, Clone)]
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A leaf that lasts so many hours.
    Issue(i64),
    /// One of the leaves, by its place.
    Revoke(usize, Reason, bool),
    Release(usize),
    /// So many hours.
    Wait(i64),
    Crl,
    /// Somebody puts an older CRL, or none, in the place of the last one.
    Older(bool),
}

fn any_step() -> impl Strategy<Value = Step> {
    let reason = prop_oneof![
        Just(Reason::CertificateHold),
        Just(Reason::Superseded),
        Just(Reason::Unspecified),
        Just(Reason::KeyCompromise)
    ];
    prop_oneof![
        3 => (1..200i64).prop_map(Step::Issue),
        5 => (any::<prop::sample::Index>(), reason, any::<bool>())
            .prop_map(|(i, r, d)| Step::Revoke(i.index(1_000), r, d)),
        2 => any::<prop::sample::Index>().prop_map(|i| Step::Release(i.index(1_000))),
        2 => (1..100i64).prop_map(Step::Wait),
        4 => Just(Step::Crl),
        1 => any::<bool>().prop_map(Step::Older),
    ]
}

/// What the next CRL must list, as the inventory tells it in one walk.
fn listed(folder: &Path) -> Vec<RevokedEntry> {
    let mut store = SqliteStore::open(&folder.join("inventory.db")).unwrap();
    let transaction = store.begin(Access::Read).unwrap();
    let ca = transaction.authorities().unwrap().remove(0).id;
    let mut all = Vec::new();
    let add = &mut |r: rootlet::store::Revocation| {
        let (serial, revoked_at) = (r.serial, r.at);
        all.push(RevokedEntry { serial, revoked_at, reason: r.reason, invalidity_date: r.invalidity_date });
    };
    transaction.revoked(ca, add).unwrap();
    all
}

fn on_disk(path: &Path) -> Crl {
    let block = decode_pem(&std::fs::read(path).unwrap()).unwrap().remove(0);
    Crl::read(block.der).unwrap()
}

fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("pki");
    // The root is made by the clock of this machine, and time goes on from there.
    let time = Hand(Arc::new(AtomicI64::new(rootlet::model::SystemClock.now().unix())));
    let mut root = CaRequest::new(Profile::Root, "ca").unwrap();
    root.end = Some(End::Lifetime(Lifetime::days(3_650)));
    Pki::root_ca(&folder, &root).unwrap();
    let mut pki = Pki::open(&folder).unwrap().with_clock(time.clone());
    let path = folder.join("ca/ca/crl.pem");
    let (mut leaves, mut older) = (0usize, std::fs::read(&path).unwrap());
    for step in steps {
        let mut act = |target: usize, reason, dated: bool| {
            let (now, targets) = (time.now(), vec![Target::parse(&format!("l{}", target % leaves.max(1)))]);
            let invalidity_date = dated.then(|| now.plus(-HOUR));
            // What may not be is refused, and changes nothing.
            drop(pki.revoke(&RevokeRequest { targets, reason, at: None, invalidity_date, no_crl: true }));
        };
        match step {
            Step::Issue(hours) => {
                let mut leaf = LeafRequest::new(Profile::Client, &format!("l{leaves}")).unwrap();
                leaf.end = Some(End::Lifetime(Lifetime::from_seconds(hours * HOUR).unwrap()));
                pki.leaf(&leaf).unwrap();
                leaves += 1;
            }
            Step::Revoke(target, reason, dated) => act(*target, Some(*reason), *dated),
            Step::Release(target) => act(*target, None, false),
            Step::Wait(hours) => drop(time.0.fetch_add(hours * HOUR, Ordering::Relaxed)),
            Step::Older(true) => std::fs::write(&path, &older).unwrap(),
            Step::Older(false) => drop(std::fs::remove_file(&path)),
            Step::Crl => {
                let before = std::fs::read(&path).ok();
                let must = listed(&folder);
                let outcome = pki.crl(&CrlRequest::default()).unwrap();
                prop_assert_eq!(outcome.results[0].action, "written", "{:?}", outcome.results[0].error);
                prop_assert_eq!(outcome.results[0].entries, Some(must.len() as u64));
                let crl = on_disk(&path);
                let is: Vec<_> = crl.entries().collect::<Result<_, _>>().unwrap();
                prop_assert_eq!(is, must);
                let der = std::fs::read(folder.join("public/ca.crl")).unwrap();
                prop_assert_eq!(&der[..], crl.der());
                prop_assert_eq!(std::fs::read(folder.join("public/crls.pem")).unwrap(), std::fs::read(&path).unwrap());
                if let Some(before) = before {
                    older = before;
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_crl_lists_what_the_inventory_tells(steps in prop::collection::vec(any_step(), 20..60)) {
        play(&steps)?;
    }
}
