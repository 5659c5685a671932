//! NSS, with its classic verifier (`certutil -V`) and with libpkix (`vfychain -pp`).

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::pki::{Entry, KeyAlgorithm, Pki, scratch};
use super::program::{Program, Ran, present, run};

// None of these tells its version.
const PACKAGE_VERSION: &[&str] = &["dpkg-query", "-W", "-f", "${Package} ${Version}", "libnss3-tools"];
pub const CERTUTIL: Program = Program { name: "certutil", version: PACKAGE_VERSION };
pub const CRLUTIL: Program = Program { name: "crlutil", version: PACKAGE_VERSION };
const VFYCHAIN: Program = Program { name: "vfychain", version: PACKAGE_VERSION };

/// A certificate database of its own.
pub struct Database(TempDir);

impl Database {
    /// With our root trusted for both sides of TLS.
    fn new(pki: &Pki) -> Self {
        let database = Self::empty();
        database.add("root", "CT,,", &pki.root().certificate()).succeeds();
        database.add("issuing", ",,", &pki.issuing().certificate()).succeeds();
        database
    }

    pub fn empty() -> Self {
        let database = Self(scratch());
        run(database.opened_by(&CERTUTIL).args(["-N", "--empty-password"])).succeeds();
        database
    }

    pub fn opened_by(&self, program: &Program) -> Command {
        let mut command = program.command();
        command.arg("-d").arg(format!("sql:{}", self.0.path().display()));
        command
    }

    pub fn add(&self, name: &str, trust: &str, certificate: &Path) -> Ran {
        run(self.opened_by(&CERTUTIL).args(["-A", "-a", "-n", name, "-t", trust, "-i"]).arg(certificate))
    }

    fn import_crl(&self, crl: &Path) {
        run(self.opened_by(&CRLUTIL).args(["-I", "-t", "1", "-i"]).arg(crl)).succeeds();
    }

    /// The classic verifier. `usage`: `V` a server, `C` a client.
    fn classic(&self, name: &str, usage: &str) -> Ran {
        run(self.opened_by(&CERTUTIL).args(["-V", "-e", "-n", name, "-u", usage]))
    }

    /// libpkix. `usage`: 1 a server, 0 a client. Every certificate needs a CRL in the database when `checked`.
    fn pkix(&self, leaf: &Entry, usage: &str, checked: bool) -> Ran {
        let mut command = self.opened_by(&VFYCHAIN);
        command.args(["-pp", "-u", usage]);
        if checked {
            command.args(["-g", "leaf", "-m", "crl", "-s", "failIfNoInfo"]);
        }
        command.arg("-a").arg(leaf.certificate()).arg("-a").arg(leaf.chain());
        run(&mut command)
    }
}

fn judges_chains_and_crls(algorithm: KeyAlgorithm) {
    if !present(&[&CERTUTIL, &CRLUTIL, &VFYCHAIN]) {
        return;
    }
    let pki = Pki::of(algorithm);
    let database = Database::new(pki);
    // For an RSA server NSS wants keyEncipherment, which a workload's certificate does not have.
    let workload_serves = algorithm != KeyAlgorithm::Rsa2048;
    let leaves = [
        ("server", pki.server(), true, false),
        ("client", pki.client(), false, true),
        ("peer", pki.peer(), true, true),
        ("workload", pki.workload(), workload_serves, true),
        ("revoked", pki.revoked_client(), false, true),
    ];
    for (name, leaf, _, _) in &leaves {
        database.add(name, ",,", &leaf.certificate()).succeeds();
    }
    let judge = |revoked_yet: bool| {
        for (name, leaf, serves, connects) in &leaves {
            let good = |suits: bool| suits && !(revoked_yet && *name == "revoked");
            for (suits, classic, pkix) in [(*serves, "V", "1"), (*connects, "C", "0")] {
                let judged = [database.classic(name, classic), database.pkix(leaf, pkix, revoked_yet)];
                for ran in judged {
                    match (good(suits), suits) {
                        (true, _) => ran.succeeds(),
                        (false, true) => ran.fails().says("has been revoked"),
                        // NSS looks at the key usage before the purpose.
                        (false, false) => {
                            ran.fails().says_one_of(&["Certificate type not approved", "usage inadequate"])
                        }
                    };
                }
            }
        }
    };
    judge(false);
    database.import_crl(&pki.public("interop-root.crl"));
    database.import_crl(&pki.public("interop-issuing.crl"));
    judge(true);

    database.pkix(&Pki::impostor().client(), "0", false).fails().says("Chain is bad!");
}

for_each_key_algorithm!(judges_chains_and_crls: p256 P256, p384 P384, rsa_2048 Rsa2048);

/// The one algorithm that NSS does not take. When it learns it this fails: judge Ed25519 like the others, and say so.
#[test]
fn ed25519_is_refused_and_the_documents_say_so() {
    if !present(&[&CERTUTIL]) {
        return;
    }
    let database = Database::new(Pki::of(KeyAlgorithm::P256));
    database.add("ed25519", "CT,,", &Pki::of(KeyAlgorithm::Ed25519).root().certificate()).fails();

    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(home.join("docs")).expect("there are documents").flatten().map(|entry| entry.path());
    let said = pages.chain([home.join("README.md")]).any(|page| {
        let text = fs::read_to_string(page).unwrap_or_default();
        text.split("\n\n").any(|paragraph| paragraph.contains("Ed25519") && paragraph.contains("NSS"))
    });
    assert!(said, "no paragraph of README.md or docs/ says that NSS does not take Ed25519");
}
