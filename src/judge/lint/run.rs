use super::path::{self, MOST_COMPARISONS};
use super::report::{LintReport, LintRequest, LintedKind, LintedObject};
use super::shelf::Shelf;
use super::whole::{self, CrlsByIssuer, Serials};
use crate::judge::input::{Found, Object, Problem};
use crate::judge::shown;
use crate::keys::sha256;
use crate::policy::{CrlContext, Finding, LintContext, Signed, chain_rules, find, lint_certificate, lint_crl};
use crate::x509::{Crl, DerKind};
use std::collections::HashMap;

/// So many signatures are checked for one file: a bundle of a hundred thousand certificates ends in seconds.
const MOST_SIGNATURES: usize = 25_000;

const PASS_IT: &str = "pass it with `--issuer-file`";

/// Why a file cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// There is neither a certificate nor a CRL in it, not even a broken one.
    #[error("there is neither a certificate nor a CRL in it{}", holds(.0))]
    Nothing(Vec<String>),
    /// The file that should hold issuers holds none.
    #[error("there is no certificate in it that can be read")]
    NoIssuer,
}

fn holds(what: &[String]) -> String {
    if what.is_empty() { String::new() } else { format!(", but {}", what.join(", ")) }
}

impl LintError {
    /// What would help.
    pub fn hint(&self) -> &'static str {
        match self {
            LintError::Nothing(_) => "rules are about certificates and CRLs: give one of those, in PEM or DER",
            LintError::NoIssuer => "give the certificate of the issuing CA",
        }
    }
}

/// What one object of the file is, by its place of [`LintReport::objects`].
enum Judged {
    /// A certificate, by its place on the shelf.
    Certificate(usize),
    /// A CRL, by its place among the CRLs.
    Crl(usize),
    /// Something that cannot be read, and why.
    Unreadable(String),
    Skipped,
}

/// Judges every certificate and CRL of a file by every rule that counts.
///
/// `file` is what is judged; `issuers` are certificates beside it that are no part of it.
///
/// # Errors
/// [`LintError`] when there is nothing to judge.
pub fn lint_file(
    file: impl Iterator<Item = Found>,
    issuers: Option<impl Iterator<Item = Found>>,
    request: &LintRequest,
) -> Result<LintReport, LintError> {
    let mut report = LintReport::new();
    let mut shelf = Shelf::new(MOST_SIGNATURES);
    let mut crls = Vec::new();
    let mut judged = Vec::new();
    let mut ordered = true;
    for found in file {
        // A PKCS#7 bundle holds sets: their order says nothing.
        ordered &= !found.bundled;
        let (object, what) = take(found, &mut shelf, &mut crls);
        report.objects.push(object);
        judged.push(what);
    }
    let in_file = shelf.len();
    if let Some(issuers) = issuers {
        for found in issuers {
            if let Object::Certificate(certificate) = found.object {
                shelf.put(&certificate);
            }
        }
        if shelf.len() == in_file {
            return Err(LintError::NoIssuer);
        }
    }
    if judged.iter().all(|j| matches!(j, Judged::Skipped)) {
        return Err(LintError::Nothing(held(&report.objects)));
    }
    Run { request, shelf, in_file, ordered, crls, numbers: Vec::new(), issuers: Vec::new(), crl_issuers: Vec::new() }
        .judge(&judged, report)
}

/// What else is in a file, each kind once.
fn held(objects: &[LintedObject]) -> Vec<String> {
    let mut all: Vec<String> = objects.iter().map(|o| o.name.clone()).collect();
    all.sort();
    all.dedup();
    all.truncate(3);
    all
}

fn take(found: Found, shelf: &mut Shelf, crls: &mut Vec<Crl>) -> (LintedObject, Judged) {
    let Found { number, line, object, label, .. } = found;
    let mut linted = LintedObject {
        number,
        kind: LintedKind::Skipped,
        name: String::new(),
        line,
        fingerprint_sha256: None,
        issuer: None,
        issuer_known: false,
    };
    let (kind, name, judged) = match object {
        Object::Certificate(c) => {
            linted.fingerprint_sha256 = Some(shown::hex(&sha256(c.der())));
            (LintedKind::Certificate, shown::certificate(&c), Judged::Certificate(shelf.put(&c)))
        }
        Object::Crl(crl) => {
            let name = format!("CRL of {}", shown::escaped(&crl.issuer.subject.to_string()));
            crls.push(*crl);
            (LintedKind::Crl, name, Judged::Crl(crls.len() - 1))
        }
        Object::Unreadable { kind, problem, .. } => match is_ours(kind, &problem) {
            true => {
                let what = kind.map(DerKind::with_article).unwrap_or("something");
                (LintedKind::Unreadable, what.to_string(), Judged::Unreadable(problem.to_string()))
            }
            false => (LintedKind::Skipped, unread_name(kind, label), Judged::Skipped),
        },
        Object::Csr(_) => (LintedKind::Skipped, "a certificate request".into(), Judged::Skipped),
        Object::PublicKey(_) => (LintedKind::Skipped, "a public key".into(), Judged::Skipped),
        Object::PrivateKey(_) => (LintedKind::Skipped, "a private key".into(), Judged::Skipped),
        Object::EmptyPkcs7(_) => (LintedKind::Skipped, "an empty PKCS#7 bundle".into(), Judged::Skipped),
        Object::Pkcs12(_) => (LintedKind::Skipped, "a PKCS#12 keystore".into(), Judged::Skipped),
        Object::Parameters => (LintedKind::Skipped, "parameters".into(), Judged::Skipped),
    };
    (linted.kind, linted.name) = (kind, name);
    (linted, judged)
}

/// Whether something unreadable is, or may be, a certificate or a CRL.
fn is_ours(kind: Option<DerKind>, problem: &Problem) -> bool {
    match kind {
        Some(DerKind::Certificate | DerKind::Crl | DerKind::Pkcs7) => true,
        Some(_) => false,
        // In DER there is no label that promises anything else.
        None => !matches!(problem, Problem::Pem | Problem::Unknown),
    }
}

fn unread_name(kind: Option<DerKind>, label: Option<String>) -> String {
    match (kind, label) {
        (Some(kind), _) => kind.with_article().into(),
        (None, Some(label)) => format!("`{}`", shown::escaped(&label)),
        (None, None) => "something that is no X.509".into(),
    }
}

struct Run<'a> {
    request: &'a LintRequest,
    shelf: Shelf,
    /// So many certificates of the shelf are the file's; the others stand beside it.
    in_file: usize,
    /// Whether the order of the objects is somebody's choice.
    ordered: bool,
    crls: Vec<Crl>,
    /// The numbers of the objects that the certificates of the file are.
    numbers: Vec<usize>,
    /// Where the issuer of each certificate of the shelf is.
    issuers: Vec<Option<usize>>,
    /// And of each CRL.
    crl_issuers: Vec<Option<usize>>,
}

impl Run<'_> {
    fn judge(mut self, judged: &[Judged], mut report: LintReport) -> Result<LintReport, LintError> {
        let certificates = judged.iter().zip(&report.objects);
        self.numbers = certificates
            .filter_map(|(j, object)| matches!(j, Judged::Certificate(_)).then_some(object.number))
            .collect();
        self.issuers = (0..self.shelf.len()).map(|place| self.shelf.issuer_of(place)).collect();
        self.crl_issuers = self.crls.iter().map(|crl| self.shelf.issuer_of_crl(crl)).collect();
        if let Some(given) = self.misfit() {
            for issuer in self.issuers.iter_mut().take(self.in_file).chain(&mut self.crl_issuers) {
                issuer.get_or_insert(given);
            }
        }
        self.certificates(judged, &mut report);
        self.crls(judged, &mut report);
        self.rest(judged, &mut report);
        Ok(report.finish())
    }

    /// The certificate that was given for the issuer, when it is a single one and issued nothing in the file. Whatever has
    /// no issuer is then judged under it: that it does not fit is what there is to tell.
    fn misfit(&self) -> Option<usize> {
        let given = self.in_file;
        let issued = self.issuers.iter().take(given).chain(&self.crl_issuers).any(|i| *i == Some(given));
        (self.shelf.len() == given + 1 && !issued).then_some(given)
    }

    fn certificates(&self, judged: &[Judged], report: &mut LintReport) {
        let audience = self.request.audience();
        let scopes = CrlsByIssuer::new(&self.crls).scopes(&self.crls);
        let mut serials = Serials::default();
        let (mut comparisons, mut signatures) = (MOST_COMPARISONS, MOST_SIGNATURES);
        let (mut leaves, mut last_leaf, mut enough, mut unknown) = (0usize, None, true, 0usize);
        for (at, what) in judged.iter().enumerate() {
            let &Judged::Certificate(place) = what else { continue };
            let Some(certificate) = self.shelf.get(place) else { continue };
            report.counts.certificates += 1;
            let number = report.objects[at].number;
            let issuer_place = self.issuers[place];
            let issuer = issuer_place.and_then(|i| self.shelf.get(i));
            report.objects[at].issuer = issuer_place.and_then(|i| self.numbers.get(i).copied());
            report.objects[at].issuer_known = issuer.is_some();
            unknown += usize::from(issuer.is_none());
            signatures = signatures.saturating_sub(1);
            let context = LintContext {
                profile: self.request.profile.filter(|p| p.is_ca() == certificate.is_ca()),
                issuer: issuer.as_ref().map(|i| i.facts()),
                now: None,
                today: Some(self.request.today),
                signed: (signatures > 0).then(|| Signed::from(certificate.as_ref())),
                audience: audience.clone(),
            };
            let mut found = lint_certificate(certificate.facts(), &context);
            let above = path::above(&self.shelf, &self.issuers, place, &mut comparisons);
            enough &= path::check(&certificate, &above, &audience, &mut comparisons, &mut found);
            found.extend(serials.check(&self.shelf, place, number, &certificate, &audience));
            if let Some(name) = self.shelf.issuer_name(place).filter(|_| !certificate.is_self_issued()) {
                found.extend(scopes.get(&name).and_then(|s| whole::points(s, &certificate, &audience)));
            }
            report.add(at, found, &self.request.allowed);
            if !certificate.is_ca() {
                leaves += 1;
                last_leaf = Some((at, number));
            }
        }
        if let Some((at, number)) = last_leaf.filter(|_| leaves == 1 && self.ordered)
            && let Some(issuer) = report.objects[at].issuer
        {
            report.add(at, whole::order(number, issuer, &audience).into_iter().collect(), &self.request.allowed);
        }
        if unknown > 0 {
            let whose = if unknown == 1 { "one certificate".into() } else { format!("{unknown} certificates") };
            report.note(
                "issuer-unknown",
                format!(
                    "the issuer of {whose} is not in the file, so the rules about issuers were left out; {PASS_IT}"
                ),
            );
        }
        if !enough || comparisons < MOST_COMPARISONS / 1_000 {
            report.note("names-unchecked", "there are too many names, name constraints and CAs to compare them all");
        }
        if signatures == 0 {
            report.note("signatures-unchecked", format!("only the first {MOST_SIGNATURES} signatures were checked"));
        }
    }

    fn crls(&self, judged: &[Judged], report: &mut LintReport) {
        let audience = self.request.audience();
        let numbers = CrlsByIssuer::new(&self.crls).numbers(&self.crls, &audience);
        let mut numbers: HashMap<usize, Vec<Finding>> = numbers.into_iter().fold(HashMap::new(), |mut all, (n, f)| {
            all.entry(n).or_default().push(f);
            all
        });
        let (mut unknown, mut signatures) = (0usize, MOST_SIGNATURES);
        for (at, what) in judged.iter().enumerate() {
            let &Judged::Crl(place) = what else { continue };
            let crl = &self.crls[place];
            report.counts.crls += 1;
            let issuer_place = self.crl_issuers[place];
            let issuer = issuer_place.and_then(|i| self.shelf.get(i));
            report.objects[at].issuer = issuer_place.and_then(|i| self.numbers.get(i).copied());
            report.objects[at].issuer_known = issuer.is_some();
            unknown += usize::from(issuer.is_none());
            signatures = signatures.saturating_sub(1);
            let context = CrlContext {
                issuer: issuer.as_ref().map(|i| i.facts()),
                today: Some(self.request.today),
                signed: signatures > 0,
                audience: audience.clone(),
            };
            let mut found: Vec<Finding> = lint_crl(crl, &context);
            found.extend(numbers.remove(&place).unwrap_or_default());
            report.add(at, found, &self.request.allowed);
        }
        if signatures == 0 {
            report.note("signatures-unchecked", format!("only the first {MOST_SIGNATURES} signatures were checked"));
        }
        if unknown > 0 {
            let whose = if unknown == 1 { "one CRL".into() } else { format!("{unknown} CRLs") };
            report.note(
                "issuer-unknown",
                format!(
                    "the issuer of {whose} is not in the file, so the rules about issuers were left out; {PASS_IT}"
                ),
            );
        }
    }

    fn rest(&self, judged: &[Judged], report: &mut LintReport) {
        let audience = self.request.audience();
        let mut skipped = 0usize;
        for (at, what) in judged.iter().enumerate() {
            match what {
                Judged::Unreadable(problem) => {
                    let message = format!("it cannot be read: {problem}");
                    let found = find(chain_rules::UNREADABLE).and_then(|r| r.finding(&audience, message, None));
                    report.add(at, found.into_iter().collect(), &self.request.allowed);
                }
                Judged::Skipped => skipped += 1,
                Judged::Certificate(_) | Judged::Crl(_) => {}
            }
        }
        if skipped > 0 {
            let list = report.objects.iter().filter(|o| o.kind == LintedKind::Skipped).cloned().collect::<Vec<_>>();
            let what = held(&list).join(", ");
            let count = if skipped == 1 { "one object is".into() } else { format!("{skipped} objects are") };
            report.note("skipped", format!("{count} neither certificate nor CRL, and no rule is about them: {what}"));
        }
    }
}
