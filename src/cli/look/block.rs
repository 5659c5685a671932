use super::super::commands::inspect::ServerView;
use super::super::printer::safe;
use super::{certificate, crl};
use rootlet::judge::inspect::{Body, BundleReport, CsrReport, EncryptionReport, ExtensionReport, KeyReport};
use rootlet::judge::inspect::{KeystoreReport, Report, UnreadableReport};
use rootlet::model::Timestamp;
use rootlet::policy::Finding;

/// More characters of one value, more values of one kind and more findings tell a reader nothing, unless all is asked for.
const MAX_VALUE: usize = 300;
const MAX_VALUES: usize = 20;
const MAX_FINDINGS: usize = 8;
/// Octets of an extension that nobody here knows.
const MAX_OCTETS: usize = 64;

/// How much is said, and when.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Everything.
    pub all: bool,
    /// The second that dates are told from.
    pub now: Timestamp,
    /// How many things there are, where that is known.
    pub total: Option<usize>,
}

/// The lines of one thing. Every value in it is escaped: a line break in a name makes no line.
pub struct Block {
    text: String,
    style: Style,
}

impl Block {
    pub fn new(head: &str, style: Style) -> Self {
        Block { text: safe(head), style }
    }

    pub fn all(&self) -> bool {
        self.style.all
    }

    pub fn now(&self) -> Timestamp {
        self.style.now
    }

    /// One value; nothing where it is empty.
    pub fn add(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            let value = self.fitted(value);
            self.text.push_str(&format!("\n  {label:<14} {value}"));
        }
    }

    /// Several of one kind, the label before the first.
    pub fn list<T: AsRef<str>>(&mut self, label: &str, values: impl IntoIterator<Item = T>) {
        let most = if self.style.all { usize::MAX } else { MAX_VALUES };
        let (mut label, mut more) = (label, 0);
        for (n, value) in values.into_iter().enumerate() {
            if n < most {
                self.add(label, value.as_ref());
                label = "";
            } else {
                more += 1;
            }
        }
        if more > 0 {
            self.add("", &format!("and {more} more (--all shows them)"));
        }
    }

    /// Something odd.
    pub fn mark(&mut self, words: &str) {
        let words = self.fitted(words);
        self.text.push_str(&format!("\n  ! {words}"));
    }

    pub fn findings(&mut self, findings: &[Finding]) {
        let most = if self.style.all { usize::MAX } else { MAX_FINDINGS };
        for finding in findings.iter().take(most) {
            self.mark(&format!("{} ({})", finding.message, finding.lint));
        }
        if findings.len() > most {
            self.mark(&format!("and {} more (--all shows them)", findings.len() - most));
        }
    }

    /// Extensions that have no line of their own.
    pub fn extensions<'e>(&mut self, extensions: impl Iterator<Item = &'e ExtensionReport>) {
        for e in extensions {
            let mut value = if e.details.is_empty() { self.octets(&e.value_hex) } else { e.details.join(", ") };
            if e.critical {
                value = format!("critical, {value}");
            }
            match e.name {
                // A long name is no label.
                Some(name) if name.len() <= 14 => self.add(name, &value),
                Some(name) => self.add("extension", &format!("{name}: {value}")),
                None => self.add("extension", &format!("{}: {value}", e.oid)),
            }
            if e.malformed {
                self.mark(&format!("the extension {} cannot be read", e.name.unwrap_or(&e.oid)));
            }
        }
    }

    fn octets(&self, hex: &str) -> String {
        match hex.get(..MAX_OCTETS * 2) {
            Some(start) if !self.style.all && hex.len() > MAX_OCTETS * 2 => {
                format!("{start}… ({} bytes)", hex.len() / 2)
            }
            _ => hex.to_string(),
        }
    }

    fn fitted(&self, value: &str) -> String {
        let cut = (!self.style.all).then(|| value.char_indices().nth(MAX_VALUE)).flatten();
        match cut {
            Some((at, _)) => format!("{}… ({} bytes)", safe(value.get(..at).unwrap_or_default()), value.len()),
            None => safe(value),
        }
    }

    pub fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }
}

/// A thing in full.
pub fn report(report: &Report<'_>, style: Style) -> String {
    let mut block = Block::new(&head(report, style), style);
    match &report.body {
        Body::Certificate(c) => certificate::certificate(&mut block, c),
        Body::Crl(c) => crl::crl(&mut block, c),
        Body::Csr(c) => csr(&mut block, c),
        Body::Key(k) => key(&mut block, k),
        Body::EmptyPkcs7 { signers } => {
            block.add("signers", &signers.to_string());
            block.add("holds", "neither certificates nor CRLs");
        }
        Body::Keystore(k) => keystore(&mut block, k),
        Body::SpiffeBundle(b) => bundle(&mut block, b),
        Body::Unreadable(u) => unreadable(&mut block, u),
        _ => {}
    }
    block.finish()
}

fn head(report: &Report<'_>, style: Style) -> String {
    let kind = match report.kind {
        "crl" => "CRL",
        "csr" => "certificate request",
        "private-key" => "private key",
        "public-key" => "public key",
        "pkcs7" => "PKCS#7",
        "pkcs12" => "PKCS#12 keystore",
        "spiffe-bundle" => "SPIFFE bundle",
        other => other,
    };
    let mut head = match style.total {
        Some(1) => kind.to_string(),
        Some(total) => format!("{kind} ({} of {total})", report.number),
        None => format!("{kind} ({})", report.number),
    };
    if let Some(line) = report.line.filter(|_| style.total != Some(1)) {
        head.push_str(&format!(", line {line}"));
    }
    match report.within {
        Some("pkcs7") => head.push_str(", in PKCS#7"),
        Some("pkcs12") => head.push_str(", in PKCS#12"),
        Some("spiffe-bundle") => head.push_str(", trust anchor"),
        _ => {}
    }
    if let Some(name) = report.name {
        head.push_str(&format!(", `{name}`"));
    }
    head
}

fn csr(block: &mut Block, c: &CsrReport) {
    block.add("subject", if c.subject.is_empty() { "none" } else { &c.subject });
    block.list("names", c.sans.iter().filter(|n| !n.value.is_empty()).map(|n| format!("{} {}", n.kind, n.value)));
    block.add("key", &c.key_algorithm);
    block.add("signed with", &c.signature_algorithm);
    block.add("key SHA-256", &c.spki_sha256);
    let named = c.extensions.iter().filter(|e| e.name != Some("subjectAltName") || !e.details.is_empty());
    block.extensions(named);
    block.list("attributes", &c.attributes);
    match c.signature_good {
        Some(true) => block.add("signature", "good: whoever made it has the key"),
        Some(false) => block.mark("its signature is wrong: who made it has not shown that the key is theirs"),
        None => block.mark("its signature is of an algorithm that is not checked here"),
    }
}

fn encryption(e: &EncryptionReport) -> String {
    match (&e.problem, e.cipher, e.kdf, e.work) {
        (Some(problem), ..) => problem.clone(),
        (None, Some(cipher), Some(kdf), Some(work)) => format!("{cipher}, {kdf}, {work} {}", rounds(kdf)),
        _ => String::new(),
    }
}

fn rounds(kdf: &str) -> &'static str {
    if kdf == "scrypt" { "(N)" } else { "iterations" }
}

fn key(block: &mut Block, k: &KeyReport) {
    block.add("key", k.key_algorithm.as_deref().unwrap_or_default());
    if let Some(e) = &k.encryption {
        block.add("encrypted", &encryption(e));
        if k.key_algorithm.is_none() && k.problem.is_none() {
            block.add("", "--passphrase-file opens it, to tell its algorithm and public half");
        }
    }
    block.add("key SHA-256", k.spki_sha256.as_deref().unwrap_or_default());
    block.add("key id", k.key_id.as_deref().unwrap_or_default());
    if let Some(problem) = &k.problem {
        block.mark(problem);
    }
}

fn keystore(block: &mut Block, k: &KeystoreReport) {
    match &k.mac {
        Some(mac) if mac.iterations > 0 => {
            block.add("sealed with", &format!("{}, {} iterations", mac.algorithm, mac.iterations));
        }
        Some(mac) => block.add("sealed with", &mac.algorithm),
        None => block.mark("nothing seals it: a change in it goes unnoticed"),
    }
    for (part, n) in k.parts.iter().zip(1..) {
        let label = format!("part {n}");
        match &part.encryption {
            Some(e) => block.add(&label, &format!("encrypted: {}", encryption(e))),
            None => {
                let counts = [(part.certificates, "certificates"), (part.clear_keys, "private keys in the clear")];
                let mut said: Vec<_> =
                    counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
                said.extend(part.keys.iter().map(|e| format!("private key encrypted: {}", encryption(e))));
                block.list(&label, if said.is_empty() { vec!["in the clear".to_string()] } else { said });
            }
        }
        if part.clear_keys > 0 {
            block.mark("a private key in it is not encrypted");
        }
    }
    if k.others > 0 {
        block.add("others", &format!("{} things that are neither certificates, CRLs nor keys", k.others));
    }
    match &k.problem {
        Some(problem) => block.mark(problem),
        None if k.empty_passphrase => block.mark("the empty passphrase opens it, so it protects nothing"),
        None if k.open => {}
        None => block.add("", "--passphrase-file opens it"),
    }
}

fn bundle(block: &mut Block, b: &BundleReport) {
    for d in &b.trust_domains {
        if b.map {
            block.add("trust domain", d.trust_domain.as_deref().unwrap_or_default());
        }
        block.add("trust anchors", &format!("{} of {} keys", d.trust_anchors, d.keys));
        if d.jwt_keys > 0 {
            block.add("", &format!("{} keys are for JWT-SVIDs", d.jwt_keys));
        }
        block.add("sequence", &d.sequence.map(|n| n.to_string()).unwrap_or_default());
        block.add("refresh", &d.refresh_hint.map(|n| format!("every {n} seconds")).unwrap_or_default());
        if d.trust_anchors == 0 {
            block.mark("without a trust anchor, no X.509-SVID of the trust domain is trusted");
        }
        d.ignored.iter().for_each(|i| block.mark(&format!("key {} is ignored: {}", i.key, i.reason)));
        d.notes.iter().for_each(|n| block.mark(n));
    }
}

fn unreadable(block: &mut Block, u: &UnreadableReport) {
    block.add("claims to be", u.claims.unwrap_or_default());
    // Of damaged PEM nothing was decoded, and nothing is there that has a size.
    if u.bytes > 0 {
        block.add("size", &format!("{} bytes", u.bytes));
    }
    block.mark(&u.problem);
}

/// What a server did in the handshake.
pub fn server(view: &ServerView, style: Style) -> String {
    let mut block = Block::new(&format!("server {}", view.target), style);
    block.add("address", &view.address);
    block.add("asked for", view.server_name.as_deref().unwrap_or("no name: addresses have none"));
    if let (Some(protocol), Some(cipher)) = (view.protocol, &view.cipher) {
        block.add("spoke", &format!("{protocol}, {cipher}"));
    }
    block.add(
        "client cert",
        match view.client_certificate {
            rootlet::judge::ClientCertificate::NotRequested => "not asked for",
            rootlet::judge::ClientCertificate::Requested => "asked for, and not required",
            rootlet::judge::ClientCertificate::Required => "required",
        },
    );
    block.add("OCSP staple", if view.ocsp_staple { "yes" } else { "no" });
    block.add(
        "presented",
        &if view.presented == 1 { "1 certificate".into() } else { format!("{} certificates", view.presented) },
    );
    if view.host_matches {
        block.add("names", &format!("the certificate is for `{}`", view.host));
    } else {
        block.mark(&format!("the certificate is not for `{}`", view.host));
    }
    if let Some(refusal) = &view.refusal {
        block.add("ended early", refusal);
    }
    block.add("", "nothing of this was verified: `rootlet verify` judges a chain");
    block.finish()
}
