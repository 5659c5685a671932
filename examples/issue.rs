//! A PKI without the command line, twice: in a folder through `rootlet::pki`, and in memory through `rootlet::issue`.
//!
//!     cargo run --example issue
//!
//! The exit status is 0 only if everything was issued, and the names outside the constraints were refused.

use rootlet::issue::{CertificateDraft, CrlDraft, IssueError, Issuer, Wish, choose_dates};
use rootlet::keys::{PrivateKey, SoftwareSigner, key_identifier, random_serial};
use rootlet::model::{
    Clock, KeyAlgorithm, NameConstraints, Profile, Reason, San, SanSet, Subject, SystemClock, Timestamp,
};
use rootlet::pki::{CaRequest, LeafRequest, ListRequest, Pki, RevokeRequest, Target};
use rootlet::policy::rules;
use rootlet::x509::{Certificate, NameDer, RevokedEntry};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    in_a_folder()?;
    in_memory()
}

/// Everything that the command does, as calls: keys, files, the inventory, CRLs. A request goes in, an outcome comes out.
fn in_a_folder() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // Requests are parsed when they are made: a name that no certificate can hold is refused here.
    let root = CaRequest::new(Profile::Root, "Example Root")?;
    let (mut pki, made) = Pki::root_ca(&folder.path().join("pki"), &root)?;
    println!("{} {}: {}", made.action, made.certificate.profile, made.certificate.subject);

    let mut issuing = CaRequest::new(Profile::Intermediate, "Example Issuing CA")?;
    issuing.constraints.permitted = vec!["dns:lab.internal".parse()?];
    pki.ca(&issuing)?;

    let mut server = LeafRequest::new(Profile::Server, "api.lab.internal")?;
    server.names.push(San::host("*.api.lab.internal")?);
    let made = pki.leaf(&server)?;
    println!("its files: {:?}", made.certificate.files.fullchain);

    // The chain above would refuse this name, so nothing is signed and nothing is recorded.
    let refused = pki.leaf(&LeafRequest::new(Profile::Server, "api.elsewhere.example")?).err().ok_or("issued")?;
    println!("refused ({}): {refused}", refused.code());

    let targets = vec![Target::parse("api.lab.internal")];
    let reason = Some(Reason::Superseded);
    let done = pki.revoke(&RevokeRequest { targets, reason, at: None, invalidity_date: None, no_crl: false })?;
    println!("revoked; new CRLs: {:?}", done.crl_numbers);
    // The inventory is walked, never held as a whole.
    pki.list(&ListRequest::default(), &mut |c| {
        println!("  {:<20} {:<13} {:<8} until {}", c.name, c.profile, c.status.name(), c.not_after);
        true
    })?;
    Ok(())
}

/// The mechanism alone: no files, no inventory. Who uses it keeps the records, or cannot revoke.
fn in_memory() -> Result<(), Box<dyn Error>> {
    let now = SystemClock.now();
    // A root is an issuer before it has a certificate, and is crowned with the one that it signs itself.
    let key = PrivateKey::generate(KeyAlgorithm::P256)?;
    let draft = draft(Profile::Root, "CN=Memory Root,O=Example", &[], &key, None, now)?;
    let newborn = Issuer::for_root(Box::new(SoftwareSigner::new(key)?))?;
    let root = issue(&newborn, draft)?;
    let issuer = newborn.crowned(root.clone(), now)?;

    let key = PrivateKey::generate(KeyAlgorithm::Ed25519)?;
    let names = ["spiffe://lab.internal/ns/prod/sa/api"];
    let workload = issue(&issuer, self::draft(Profile::Workload, "", &names, &key, Some(&root), now)?)?;
    let names: Vec<_> = workload.uris().collect();
    println!("in memory: {names:?}, {} bytes, {} to {}", workload.der().len(), workload.not_before, workload.not_after);

    let serial = workload.serial.ok_or("a certificate without a serial")?;
    let entry = RevokedEntry { serial, revoked_at: now, reason: Reason::KeyCompromise, invalidity_date: None };
    let draft = CrlDraft { number: 1, this_update: now, next_update: now.plus(86_400) };
    let crl = issuer.rehearse_crl(draft, [entry].iter().collect())?.sign()?.into_output();
    println!("its CRL: {} bytes, {} revoked", crl.der().len(), crl.entries().count());
    Ok(())
}

/// Rehearsal lints the draft and walks the chain above it without the key. Its token is all that can be signed, once.
fn issue(issuer: &Issuer, draft: CertificateDraft) -> Result<Certificate, IssueError> {
    Ok(issuer.rehearse(draft)?.sign()?.certificate().clone())
}

/// A draft as its profile wants it. The issuer adds its own name, key identifier and algorithm.
fn draft(
    profile: Profile,
    subject: &str,
    uris: &[&str],
    key: &PrivateKey,
    issuer: Option<&Certificate>,
    now: Timestamp,
) -> Result<CertificateDraft, Box<dyn Error>> {
    let rules = rules(profile);
    let outer = issuer.and_then(|c| c.validity()).map(|v| ("its issuer", v));
    let wish = Wish { not_before: None, end: rootlet::issue::End::Default(rules.lifetime) };
    Ok(CertificateDraft {
        profile,
        serial: random_serial()?,
        validity: choose_dates(wish, outer, now)?.validity,
        subject: NameDer::of(&subject.parse::<Subject>()?),
        public_key: key.public_key().to_vec(),
        subject_key_id: key_identifier(key.public_key())?,
        path_len: rules.default_path_len,
        key_usage: rules.key_usage(key.algorithm()),
        extended_key_usage: rules.purposes(),
        names: SanSet::new(uris.iter().map(|u| San::uri(u)).collect::<Result<Vec<_>, _>>()?)?,
        name_constraints: NameConstraints::default(),
        crl_urls: Vec::new(),
        issuer_urls: Vec::new(),
        ocsp_urls: Vec::new(),
    })
}
