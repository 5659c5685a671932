//! The issuers and drafts whose bytes are pinned.

use rootlet::issue::{CertificateDraft, CrlDraft, End, Issuer, Wish, choose_dates};
use rootlet::keys::{PrivateKey, SoftwareSigner, key_identifier};
use rootlet::model::{
    ExtendedKeyUsage, Lifetime, NameConstraints, Profile, Reason, San, SanSet, Serial, Timestamp, UriName,
};
use rootlet::policy::rules;
use rootlet::x509::{Certificate, Crl, NameDer, RevokedEntry};
use std::path::PathBuf;

const NOW: &str = "2030-06-01T12:00:00Z";
/// An end behind 2049, so that the root shows both forms of time.
const ROOT_END: &str = "2055-01-01T00:00:00Z";

/// What kind of key the CAs have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    P256,
    Ed25519,
    Rsa,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Family::P256 => "p256",
            Family::Ed25519 => "ed25519",
            Family::Rsa => "rsa",
        }
    }

    fn key(self, role: &str) -> PrivateKey {
        let suffix = if self == Family::Rsa { "rsa2048" } else { self.name() };
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/keys/{role}-{suffix}.pem"));
        PrivateKey::from_pem(&std::fs::read(&path).unwrap()).unwrap()
    }
}

/// A root, and below it the CA that issues; an RSA root issues itself.
pub struct Lab {
    family: Family,
    root: Certificate,
    issuer: Issuer,
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn uris(texts: &[&str]) -> Vec<UriName> {
    texts.iter().map(|t| UriName::published_at(t).unwrap()).collect()
}

impl Lab {
    pub fn new(family: Family) -> Self {
        let now = time(NOW);
        let signer = |role| Box::new(SoftwareSigner::new(family.key(role)).unwrap());
        let newborn = Issuer::for_root(signer("root")).unwrap();
        let draft = draft(Profile::Root, &family.key("root"), &newborn);
        let root = newborn.rehearse(draft).unwrap().sign().unwrap().certificate().clone();
        let root_issuer = newborn.crowned(root.clone(), now).unwrap();
        if family == Family::Rsa {
            return Lab { family, root, issuer: root_issuer };
        }
        let draft = self::draft(Profile::Intermediate, &family.key("issuer"), &root_issuer);
        let own = root_issuer.rehearse(draft).unwrap().sign().unwrap().certificate().clone();
        let issuer = Issuer::new(vec![own, root.clone()], signer("issuer"), now).unwrap();
        Lab { family, root, issuer }
    }

    pub fn certificate(&self, profile: Profile) -> Certificate {
        match profile {
            Profile::Root => self.root.clone(),
            Profile::Intermediate => self.issuer.certificate().unwrap().clone(),
            leaf => {
                let draft = draft(leaf, &self.family.key("leaf"), &self.issuer);
                self.issuer.rehearse(draft).unwrap().sign().unwrap().certificate().clone()
            }
        }
    }

    pub fn crl(&self, entries: &[RevokedEntry], this_update: &str) -> Crl {
        let this_update = time(this_update);
        let next_update = this_update.plus(Lifetime::days(30).seconds());
        let draft = CrlDraft { number: 1_909_137_600, this_update, next_update };
        self.issuer.rehearse_crl(draft, entries.iter().collect()).unwrap().sign().unwrap().into_output()
    }
}

fn draft(profile: Profile, key: &PrivateKey, issuer: &Issuer) -> CertificateDraft {
    let rules = rules(profile);
    let end = if profile == Profile::Root { End::At(time(ROOT_END)) } else { End::Default(rules.lifetime) };
    let outer = issuer.certificate().and_then(|c| c.validity());
    let dates = choose_dates(Wish { not_before: None, end }, outer.map(|v| ("its issuer", v)), time(NOW)).unwrap();
    let published = profile != Profile::Root;
    CertificateDraft {
        profile,
        serial: Serial::from_random([profile as u8 + 1; 16]),
        validity: dates.validity,
        subject: NameDer::of(&subject(profile).parse().unwrap()),
        public_key: key.public_key().to_vec(),
        subject_key_id: key_identifier(key.public_key()).unwrap(),
        path_len: rules.default_path_len,
        key_usage: rules.key_usage(key.algorithm()),
        extended_key_usage: purposes(profile),
        names: SanSet::new(names(profile)).unwrap(),
        name_constraints: if profile == Profile::Intermediate { constraints() } else { NameConstraints::default() },
        crl_urls: if published { uris(&["http://pki.lab.internal/ca.crl"]) } else { Vec::new() },
        issuer_urls: if published { uris(&["http://pki.lab.internal/ca.crt"]) } else { Vec::new() },
        ocsp_urls: if published { uris(&["http://ocsp.lab.internal/"]) } else { Vec::new() },
    }
}

/// Every string type, a repeated attribute and a multi-valued RDN are among them.
fn subject(profile: Profile) -> &'static str {
    match profile {
        Profile::Root => "/DC=internal/DC=lab/O=Example/CN=Golden Root",
        Profile::Intermediate => "/C=DE/O=Example/OU=b/OU=a/CN=Zwischenstelle für Tests",
        Profile::Server => "/O=Example/CN=api.lab.internal",
        Profile::Client => "/O=Example/CN=alice+UID=a-17",
        Profile::Peer => "/O=Example/CN=node1.lab.internal",
        Profile::Workload => "",
    }
}

fn names(profile: Profile) -> Vec<San> {
    match profile {
        Profile::Root | Profile::Intermediate => vec![],
        Profile::Server => ["api.lab.internal", "*.api.lab.internal", "10.1.2.3"].map(host).into(),
        Profile::Client => vec![San::Email("alice@lab.internal".parse().unwrap())],
        Profile::Peer => ["node1.lab.internal", "fd00::1"].map(host).into(),
        Profile::Workload => {
            vec![San::uri("spiffe://lab.internal/ns/prod/sa/api").unwrap(), host("api.lab.internal")]
        }
    }
}

fn host(text: &str) -> San {
    San::host(text).unwrap()
}

fn purposes(profile: Profile) -> Vec<ExtendedKeyUsage> {
    let mut all = rules(profile).purposes();
    if profile == Profile::Client {
        all.push("emailProtection".parse().unwrap());
    }
    all
}

/// One subtree of every type, permitted and excluded.
fn constraints() -> NameConstraints {
    let list = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect();
    NameConstraints {
        permitted: list(&[
            "dns:lab.internal",
            "ip:10.0.0.0/8",
            "ip:fd00::/8",
            "email:lab.internal",
            "spiffe:lab.internal",
            "dn:O=Example",
        ]),
        excluded: list(&[
            "dns:secret.lab.internal",
            "ip:10.9.0.0/16",
            "email:.secret.lab.internal",
            "uri:.secret.test",
        ]),
    }
}

fn entry(serial: &[u8], revoked_at: &str, reason: Reason, invalidity_date: Option<&str>) -> RevokedEntry {
    let serial = Serial::from_unsigned(serial).unwrap();
    RevokedEntry { serial, revoked_at: time(revoked_at), reason, invalidity_date: invalidity_date.map(time) }
}

/// Every reason once, serials with and without a sign octet in front, an invalidity date.
pub fn every_reason() -> Vec<RevokedEntry> {
    let codes = [0, 1, 2, 3, 4, 5, 6, 9, 10];
    let reasons = codes.map(|c| Reason::from_code(c).unwrap());
    let mut all: Vec<_> = reasons
        .iter()
        .zip(1..)
        .map(|(reason, n): (_, u8)| entry(&[n * 0x1c, n, 0xff], "2030-06-20T08:00:00Z", *reason, None))
        .collect();
    all.push(entry(&[0x7f; 20], "2030-06-30T23:59:59Z", Reason::KeyCompromise, Some("2030-06-15T00:00:00Z")));
    all
}

/// An invalidity date is GeneralizedTime although its year is below 2050 (RFC 5280 5.3.2).
pub fn early_invalidity() -> Vec<RevokedEntry> {
    vec![entry(&[1], "2030-06-01T12:00:00Z", Reason::Superseded, Some("2029-12-31T23:59:59Z"))]
}
