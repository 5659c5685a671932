use super::block::Block;
use rootlet::judge::inspect::{CertificateReport, NameReport, Validity};
use rootlet::model::Timestamp;

/// Extensions that have a line of their own.
const SHOWN: [&str; 9] = [
    "subjectKeyIdentifier",
    "keyUsage",
    "subjectAltName",
    "basicConstraints",
    "nameConstraints",
    "cRLDistributionPoints",
    "authorityKeyIdentifier",
    "extKeyUsage",
    "authorityInfoAccess",
];
const YEAR: i64 = 365 * 86_400;

/// How long from one second to another, as people say it.
pub fn distance(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.since(from).abs();
    let (n, unit) = match seconds {
        s if s >= 2 * YEAR => (s / YEAR, "years"),
        s if s >= 2 * 86_400 => (s / 86_400, "days"),
        s if s >= 2 * 3_600 => (s / 3_600, "hours"),
        s if s >= 120 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    format!("{n} {unit}")
}

fn names(list: &[NameReport]) -> impl Iterator<Item = String> + '_ {
    list.iter().map(|n| if n.value.is_empty() { n.kind.to_string() } else { format!("{} {}", n.kind, n.value) })
}

pub fn certificate(block: &mut Block, c: &CertificateReport) {
    let critical = |name: &str| c.extension(name).is_some_and(|e| e.critical);
    let marked = |text: String, name: &str| match text.is_empty() {
        false if critical(name) => format!("{text} (critical)"),
        _ => text,
    };
    block.add("subject", if c.subject.is_empty() { "none" } else { &c.subject });
    block.add("issuer", if c.self_issued { "itself" } else { &c.issuer });
    block.add("serial", &c.serial);
    block.add("valid", &format!("{} to {}", c.not_before, c.not_after));
    let now = block.now();
    match c.status {
        Validity::Valid if c.not_after == Timestamp::MAX => block.add("", "never expires"),
        Validity::Valid => block.add("", &format!("expires in {}", distance(now, c.not_after))),
        Validity::Expired => block.mark(&format!("expired {} ago", distance(now, c.not_after))),
        Validity::NotYetValid => block.mark(&format!("valid in {} only", distance(now, c.not_before))),
    }
    let others = c.extension("subjectAltName").map(|e| e.details.as_slice()).unwrap_or_default();
    // Those that have a type of their own stand among the details of the extension, in words.
    let named = c.sans.iter().filter(|n| others.is_empty() || n.oid.is_none());
    let named = named.map(|n| if n.value.is_empty() { n.kind.to_string() } else { format!("{} {}", n.kind, n.value) });
    block.list("names", named.chain(others.iter().map(|o| format!("other {o}"))));
    if critical("subjectAltName") {
        block.add("", "(critical)");
    }
    block.add("usage", &marked(c.key_usage.join(", "), "keyUsage"));
    block.add("purposes", &marked(c.eku.join(", "), "extKeyUsage"));
    let role = match (c.ca, c.path_len) {
        (true, None) => "yes, any path length".to_string(),
        (true, Some(n)) => format!("yes, path length {n}"),
        (false, _) => "no".into(),
    };
    block.add("CA", &marked(role, "basicConstraints"));
    if let Some(n) = &c.name_constraints {
        block.list("permitted", names(&n.permitted));
        block.list("excluded", names(&n.excluded));
        if critical("nameConstraints") {
            block.add("", "(critical)");
        }
    }
    block.add("key", &c.key_algorithm);
    block.add("signed with", &c.signature_algorithm);
    block.add("SHA-256", &c.fingerprint_sha256);
    block.add("SHA-1", &c.fingerprint_sha1);
    block.add("key SHA-256", &c.spki_sha256);
    block.add("key id", c.subject_key_id.as_deref().unwrap_or_default());
    block.add("issuer key id", c.authority_key_id.as_deref().unwrap_or_default());
    block.list("CRL", &c.crl_urls);
    block.list("OCSP", &c.ocsp_urls);
    block.list("issuer at", &c.issuer_urls);
    let is_shown = |name: Option<&str>| name.is_some_and(|n| SHOWN.contains(&n));
    block.extensions(c.extensions.iter().filter(|e| e.malformed || !is_shown(e.name)));
    if c.version != 3 {
        block.mark(&format!("it is of version {}", c.version));
    }
    block.findings(&c.findings);
}
