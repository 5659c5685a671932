//! Whatever a manifest declares and whatever is edited or broken: after `apply` nothing is planned, and the next `apply`
//! writes nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use rootlet::manifest::{Manifest, parse};
use rootlet::pki::{DoctorRequest, NoSecrets, Pki, PlanRequest};
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

/// What somebody or something did to the files of a PKI.
#[derive(Debug, Clone, Copy)]
enum Damage {
    None,
    Removed,
    Garbage,
    /// A file of a leaf holds somebody's key.
    AnotherKey,
    /// Two leaves have each other's file of that name.
    SwappedFiles,
    /// Two leaves have each other's folder.
    SwappedFolders,
    LeafFolder,
    AllLeaves,
    /// Files of a CA that everybody may read.
    CaFileRemoved,
    CaFileGarbage,
    SwappedCaFiles,
    /// With its key: another CA takes its place.
    CaFolder,
    AllCas,
}

const DAMAGES: [Damage; 13] = [
    Damage::None,
    Damage::Removed,
    Damage::Garbage,
    Damage::AnotherKey,
    Damage::SwappedFiles,
    Damage::SwappedFolders,
    Damage::LeafFolder,
    Damage::AllLeaves,
    Damage::CaFileRemoved,
    Damage::CaFileGarbage,
    Damage::SwappedCaFiles,
    Damage::CaFolder,
    Damage::AllCas,
];

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(of).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    all.sort();
    all
}

fn swap(one: &Path, other: &Path) {
    let aside = one.with_extension("aside");
    fs::rename(one, &aside).unwrap();
    fs::rename(other, one).unwrap();
    fs::rename(aside, other).unwrap();
}

/// Damages the PKI; nothing where it has nothing of the kind.
fn break_it(pki: &Path, damage: Damage, which: usize, other: usize) {
    let (leaves, cas) = (folders(&pki.join("certs")), folders(&pki.join("ca")));
    if leaves.is_empty() {
        return;
    }
    let (leaf, another) = (&leaves[which % leaves.len()], &leaves[other % leaves.len()]);
    let (ca, another_ca) = (&cas[which % cas.len()], &cas[other % cas.len()]);
    let file = ["cert.pem", "chain.pem", "fullchain.pem", "ca.pem", "key.pem"][which % 5];
    let of_ca = ["cert.pem", "chain.pem"][other % 2];
    let both = |name: &str, one: &Path, other: &Path| {
        let (one, other) = (one.join(name), other.join(name));
        if one != other && one.exists() && other.exists() {
            swap(&one, &other);
        }
    };
    match damage {
        Damage::None => {}
        Damage::Removed => drop(fs::remove_file(leaf.join(file))),
        Damage::Garbage => fs::write(leaf.join(file), "garbage").unwrap(),
        Damage::AnotherKey => {
            if ca.join("key.pem").exists() {
                fs::copy(ca.join("key.pem"), leaf.join(file)).unwrap();
            }
        }
        Damage::SwappedFiles => both(file, leaf, another),
        Damage::SwappedFolders if leaf != another => swap(leaf, another),
        Damage::SwappedFolders => {}
        Damage::LeafFolder => fs::remove_dir_all(leaf).unwrap(),
        Damage::AllLeaves => fs::remove_dir_all(pki.join("certs")).unwrap(),
        Damage::CaFileRemoved => drop(fs::remove_file(ca.join(of_ca))),
        Damage::CaFileGarbage => fs::write(ca.join(of_ca), "garbage").unwrap(),
        Damage::SwappedCaFiles => both(of_ca, ca, another_ca),
        Damage::CaFolder => fs::remove_dir_all(ca).unwrap(),
        Damage::AllCas => fs::remove_dir_all(pki.join("ca")).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn applied_once_is_applied(
        edits in vec((vec(wished(), 3), vec(wished(), 5), any::<[usize; 2]>(), 0..DAMAGES.len()), 1..4)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let pki = folder.path().join("pki");
        for (cas, leaves, [which, other], damage) in edits {
            let text = text(&cas, &leaves);
            let manifest = parse("random", &text, &|_| None).unwrap();
            apply(&pki, &manifest);
            let before = files(&pki);
            let again = apply(&pki, &manifest);
            prop_assert!(again.keys().all(|action| *action == "nothing"), "{:?}", again);
            prop_assert!(before == files(&pki), "the second time something was written: {}", text);
            // Whatever is broken in the folders of what the manifest declares is mended.
            break_it(&pki, DAMAGES[damage], which, other);
            apply(&pki, &manifest);
            let again = apply(&pki, &manifest);
            prop_assert!(again.keys().all(|action| *action == "nothing"), "{:?}: {:?}", DAMAGES[damage], again);
            // What a CA issued whose key is lost cannot be revoked by a CRL of it any more: nothing can be pruned there.
            if matches!(DAMAGES[damage], Damage::CaFolder | Damage::AllCas) {
                break;
            }
        }
    }
}

/// Every kind once, of a PKI that has some of everything: what is told and issued again is bounded by what was broken.
#[test]
fn each_kind_of_damage_is_mended() {
    let wished = |there, flavour| Wished { there, key: 1, days: 1, issuer: flavour, flavour };
    let all: Vec<Wished> = (0..5).map(|n| wished(true, n % 3)).collect();
    let manifest = parse("all", &text(&all[..3], &all), &|_| None).unwrap();
    for damage in DAMAGES {
        for (which, other) in [(0, 1), (1, 2), (2, 0), (4, 3)] {
            let folder = tempfile::tempdir().unwrap();
            let pki = folder.path().join("pki");
            apply(&pki, &manifest);
            break_it(&pki, damage, which, other);
            apply(&pki, &manifest);
            // A CA that is replaced has an earlier generation, whose files nobody brings back.
            if !matches!(damage, Damage::CaFolder | Damage::AllCas) {
                let request = DoctorRequest { repair: false, history: true };
                let found = Pki::open(&pki).unwrap().doctor(&request).unwrap();
                assert!(found.problems.is_empty(), "{damage:?} {which} {other}: {:#?}", found.problems);
            }
        }
    }
}
