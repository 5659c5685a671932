//! What is done with bytes from anybody, one function for each way in. Shared by the fuzz targets and `tests/corpus.rs`,
//! which replays the corpus.
//!
//! Besides not panicking, each says something that must hold of what was read.

use rootlet::disk::{PemWalk, decode_pem, decode_secret_pem};
use rootlet::judge::input::{Object, Objects};
use rootlet::judge::inspect::{Contents, report};
use rootlet::judge::lint::{LintRequest, lint_file};
use rootlet::judge::{check_chain, check_names};
use rootlet::keys::{Encryption, KeyDocument, Keystore, PrivateKey, check_public_key, verify_signature};
use rootlet::manifest::{ManifestError, parse};
use rootlet::model::{Profile, Secret, Serial, SpiffeId, Subject, Subtree, Timestamp, TrustDomain};
use rootlet::pki::read_csr;
use rootlet::policy::{Audience, CrlContext, LintContext, RuleSet, Signed, lint_certificate, lint_crl};
use rootlet::x509::{Crl, Pkcs7, read_certificate, read_name, read_name_to_issue};
use std::path::Path;

/// A way in: what it is called, and what is done.
pub type Entry = (&'static str, fn(&[u8]));

/// Every way in.
pub const ENTRIES: [Entry; 12] = [
    ("certificate", certificate),
    ("crl", crl),
    ("csr", csr),
    ("key", key),
    ("pem", pem),
    ("spiffe_id", spiffe_id),
    ("distinguished_name", distinguished_name),
    ("pkcs7", pkcs7),
    ("objects", objects),
    ("keystore", keystore),
    ("spiffe_bundle", spiffe_bundle),
    ("manifest", manifest),
];

fn now() -> Option<Timestamp> {
    "2030-06-01".parse().ok()
}

/// A certificate in DER.
pub fn certificate(bytes: &[u8]) {
    let Ok(read) = read_certificate(bytes) else { return };
    assert_eq!(read.der(), bytes);
    for profile in std::iter::once(None).chain(Profile::ALL.map(Some)) {
        let (issuer, signed) = (Some(read.facts()), Some(Signed::from(&read)));
        let audience = if profile.is_none() { Audience::Only(RuleSet::ALL.into()) } else { Audience::Everyone };
        let context = LintContext { profile, issuer, now: now(), today: now(), signed, audience };
        assert!(lint_certificate(read.facts(), &context).iter().all(|f| !f.message.is_empty()));
    }
    if let Some(at) = now() {
        // Only its own key can have signed a certificate that stands alone.
        let good = check_chain(&[&read], at).is_ok();
        let signed = verify_signature(&read.public_key, read.outer_algorithm(), &read.facts().der, read.signature());
        assert!(!good || signed.is_ok());
    }
    if let Some(constraints) = &read.name_constraints {
        drop(check_names(constraints, &read.subject, read.names.as_deref().unwrap_or_default()));
    }
    drop(read_name_to_issue(read.subject.der.as_bytes()).map_err(|e| e.to_string()));
}

/// A CRL in DER.
pub fn crl(bytes: &[u8]) {
    let Ok(read) = Crl::read_old(bytes.to_vec()) else { return };
    assert_eq!(read.der(), bytes);
    let broken = read.entries().filter(|e| e.is_err()).count();
    assert!(broken <= 1, "a broken entry ends the walk");
    let audience = Audience::Only(RuleSet::ALL.into());
    let context = CrlContext { issuer: None, today: now(), signed: true, audience };
    assert!(lint_crl(&read, &context).iter().all(|f| !f.message.is_empty()));
}

/// A request in PEM or DER.
pub fn csr(bytes: &[u8]) {
    if let Ok(proven) = read_csr(bytes, Path::new("a.csr")) {
        let csr = proven.csr();
        assert!(check_public_key(&csr.public_key).is_ok());
        assert!(verify_signature(&csr.public_key, &csr.signature_algorithm, csr.info(), csr.signature()).is_ok());
    }
}

/// A private key in PEM or DER. Encrypted ones are not opened: that takes a tenth of a second, by design.
pub fn key(bytes: &[u8]) {
    match KeyDocument::read(bytes) {
        Ok(document) => {
            assert_eq!(KeyDocument::needs_passphrase(bytes), document.is_encrypted());
            let again = KeyDocument::read(&document.to_pem());
            assert!(again.is_ok_and(|a| a.is_encrypted() == document.is_encrypted()));
        }
        Err(e) => assert!(!e.to_string().is_empty()),
    }
    if let Ok(key) = PrivateKey::from_pem(bytes) {
        assert!(check_public_key(key.public_key()).is_ok());
    }
}

/// PEM, in all the ways in which it is read.
pub fn pem(bytes: &[u8]) {
    let (mut walk, mut last) = (PemWalk::default(), 0);
    while let Some(block) = walk.next(bytes) {
        assert!(block.line > 0 && block.line >= last && block.text.starts_with(b"-----BEGIN "));
        last = block.line;
        drop(block.decode());
    }
    drop((decode_pem(bytes), decode_secret_pem(bytes)));
}

/// A SPIFFE ID, and other short texts with a grammar.
pub fn spiffe_id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(id) = SpiffeId::parse(text) {
        assert!(SpiffeId::parse(id.as_str()).is_ok_and(|again| again == id));
        assert!(id.as_str().starts_with(&format!("spiffe://{}", id.trust_domain().as_str())));
        assert!(TrustDomain::parse(id.trust_domain().as_str()).is_ok());
        assert!(!id.as_str().contains(['%', '?', '#', '@']) && !id.path().ends_with('/'));
    }
    if let Ok(serial) = text.parse::<Serial>() {
        assert!(serial.to_string().parse::<Serial>().is_ok_and(|again| again == serial));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        assert!(at.to_string().parse::<Timestamp>().is_ok_and(|again| again == at));
    }
    if let Ok(subtree) = text.parse::<Subtree>() {
        assert!(subtree.to_string().parse::<Subtree>().is_ok_and(|again| again == subtree), "{subtree}");
    }
}

/// A distinguished name, as text and as DER.
pub fn distinguished_name(bytes: &[u8]) {
    if let Ok(subject) = read_name(bytes) {
        let _shown = (subject.to_string(), subject.to_slash_form());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(subject) = text.parse::<Subject>() {
        let slash = subject.to_slash_form();
        assert!(slash.parse::<Subject>().is_ok_and(|again| again == subject), "{slash}");
    }
}

/// A PKCS#7 bundle in DER.
pub fn pkcs7(bytes: &[u8]) {
    if let Ok(bundle) = Pkcs7::read(bytes) {
        let length = |all: &[&[u8]]| all.iter().map(|d| d.len()).sum::<usize>();
        assert!(length(&bundle.certificates) + length(&bundle.crls) < bytes.len());
    }
}

/// A file with anything in it.
pub fn objects(bytes: &[u8]) {
    let Ok(objects) = Objects::new(bytes.to_vec()) else { return };
    for (found, number) in objects.zip(1..) {
        assert_eq!(found.number, number);
        if let Object::Unreadable { problem, .. } = found.object {
            assert!(!problem.to_string().is_empty());
        }
    }
    let (Some(today), Ok(objects)) = (now(), Objects::new(bytes.to_vec())) else { return };
    let mut request = LintRequest::new(today);
    request.sets = RuleSet::ALL.into();
    if let Ok(report) = lint_file(objects, None::<Objects>, &request) {
        let listed = report.objects.iter().map(|o| report.findings_about(o.number).count()).sum::<usize>();
        assert_eq!(listed, report.findings.len());
    }
}

/// A keystore in DER or BER. What asks for more work than a few thousand rounds is not opened: that takes its time, by
/// design.
pub fn keystore(bytes: &[u8]) {
    const ROUNDS: u64 = 4_096;
    let Ok(keystore) = Keystore::read(bytes) else { return };
    let is_quick = |e: &Encryption| if let Encryption::Known(p) = e { p.work <= ROUNDS } else { true };
    let parts = keystore.parts();
    let all = parts.iter().flat_map(|p| p.encryption.iter().chain(&p.keys));
    if all.take(64).all(is_quick) && keystore.mac.as_ref().is_none_or(|m| m.iterations <= ROUNDS) {
        let opened = keystore.open(Some(&Secret::new(b"secret".to_vec())));
        assert!(opened.is_ok_and(|c| c.certificates.len() <= bytes.len()) || !bytes.is_empty());
    }
}

/// A file that may be a SPIFFE bundle, told in full.
pub fn spiffe_bundle(bytes: &[u8]) {
    let (Ok(contents), Some(now)) = (Contents::new(bytes.to_vec(), None), now()) else { return };
    for item in contents.take(64) {
        assert_eq!(report(&item, now, None).number, item.number);
    }
}

/// A manifest, as TOML and as JSON.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // A file of values is another file, and may be any.
    let text = text.replace("jsonl", "");
    for name in ["manifest.toml", "manifest.json"] {
        if let Err(ManifestError { problems, .. }) = parse(name, &text, &|_| Some("x".into())) {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(problem.at.line > 0 && problem.at.column > 0 && !problem.to_string().is_empty());
                assert!(problem.at.line <= text.lines().count() + 1, "{problem}");
            }
        }
    }
}
