//! Whatever a manifest declares and whatever is edited or broken: after `apply` nothing is planned, and the next `apply`
//! writes nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use rootlet::manifest::{Manifest, parse};
use rootlet::pki::{NoSecrets, Pki, PlanRequest};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One CA or leaf; what each may be leaves its identity alone.
#[derive(Debug, Clone)]
struct Wished {
    there: bool,
    key: usize,
    days: usize,
    issuer: usize,
    flavour: usize,
}

fn wished() -> impl Strategy<Value = Wished> {
    (any::<bool>(), 0..3usize, 0..3usize, 0..3usize, 0..4usize).prop_map(|(there, key, days, issuer, flavour)| Wished {
        there,
        key,
        days,
        issuer,
        flavour,
    })
}

const KEYS: [&str; 3] = ["", "key = 'p256'", "key = 'ed25519'"];
const DAYS: [&str; 3] = ["", "days = 30", "lifetime = '60d'"];

fn text(cas: &[Wished], leaves: &[Wished]) -> String {
    let mut text = String::from("id = 'random'\n[ca.root]\nprofile = 'root'\n");
    text.push_str(["", "lifetime = '15y'\n"][cas[0].flavour % 2]);
    let mut there = vec!["root".to_string()];
    for (n, ca) in cas.iter().enumerate().skip(1) {
        if ca.there {
            let limit =
                ["", "permit = ['dns:internal', 'dns:example']", "eku = ['serverAuth', 'clientAuth']", "path_len = 0"];
            text.push_str(&format!(
                "[ca.ca{n}]\nprofile = 'intermediate'\nissuer = 'root'\n{}\n{}\n",
                KEYS[ca.key], limit[ca.flavour]
            ));
            there.push(format!("ca{n}"));
        }
    }
    for (n, leaf) in leaves.iter().enumerate().filter(|(_, l)| l.there) {
        let issuer = &there[leaf.issuer % there.len()];
        let (name, profile) = if n % 2 == 0 {
            (format!("s{n}.internal"), ["server", "peer"][leaf.flavour % 2])
        } else {
            (format!("c{n}"), "client")
        };
        let names = ["", "dns = ['x.internal', 'y.example']", "dns = 'x.internal'", "subject = 'CN=other,O=Example'"];
        text.push_str(&format!(
            "[cert.'{name}']\nprofile = '{profile}'\nissuer = '{issuer}'\n{}\n{}\n{}\n",
            KEYS[leaf.key], DAYS[leaf.days], names[leaf.flavour]
        ));
    }
    text
}

fn apply(pki: &Path, manifest: &Manifest) -> BTreeMap<&'static str, usize> {
    let replace_cas = manifest.entries.iter().filter(|e| e.profile.is_ca()).map(|e| e.handle.clone()).collect();
    let request = PlanRequest { replace_cas, prune: true };
    let outcome = Pki::apply(pki, manifest, &request, Arc::new(NoSecrets), &mut |_| Ok(()), &mut ()).unwrap();
    assert!(!outcome.has_failed(), "{outcome:#?}");
    let plan = Pki::plan(pki, manifest, &request, Arc::new(NoSecrets)).unwrap();
    assert_eq!(plan.changes, 0, "{plan:#?}");
    outcome.summary
}

fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            all.extend(files(&entry));
        } else {
            let changed = fs::metadata(&entry).unwrap().modified().unwrap();
            all.insert(entry.clone(), (fs::read(&entry).unwrap(), changed));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn applied_once_is_applied(
        edits in vec((vec(wished(), 3), vec(wished(), 5), any::<prop::sample::Index>(), 0..4u8), 1..4)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let pki = folder.path().join("pki");
        for (cas, leaves, which, damage) in edits {
            let text = text(&cas, &leaves);
            let manifest = parse("random", &text, &|_| None).unwrap();
            apply(&pki, &manifest);
            let before = files(&pki);
            let again = apply(&pki, &manifest);
            prop_assert!(again.keys().all(|action| *action == "nothing"), "{:?}", again);
            prop_assert!(before == files(&pki), "the second time something was written: {}", text);
            // Whatever is broken in the folder of a leaf is mended.
            let mut broken: Vec<_> = before.keys().filter(|p| p.starts_with(pki.join("certs"))).collect();
            broken.retain(|p| p.extension().is_some_and(|e| e == "pem"));
            if let (false, true) = (broken.is_empty(), damage > 0) {
                let path = which.get(&broken);
                match damage {
                    1 => fs::remove_file(path).unwrap(),
                    2 => fs::write(path, "garbage").unwrap(),
                    _ => drop(fs::copy(which.get(&before.keys().filter(|p| p.ends_with("key.pem")).collect::<Vec<_>>()), path).unwrap()),
                }
                apply(&pki, &manifest);
            }
        }
    }
}
