//! Running the table over one certificate or one CRL.

use super::lint::{Check, Finding, Lint, Report, all};
use super::lints::{CrlView, View};
use super::set::Audience;
use crate::model::{Profile, Timestamp};
use crate::x509::{Certificate, Crl, TbsFacts};

/// What is known beside the certificate itself.
#[derive(Debug, Clone, Default)]
pub struct LintContext<'a> {
    /// The profile it is to follow.
    pub profile: Option<Profile>,
    /// The certificate of its issuer.
    pub issuer: Option<&'a TbsFacts>,
    /// The moment of issuance; `None` for a certificate that exists already, whose dates then tell no mistake.
    pub now: Option<Timestamp>,
    /// Today, for a certificate that exists already: whether it has ended.
    pub today: Option<Timestamp>,
    /// What stands around the to-be-signed part; `None` for what is not signed yet.
    pub signed: Option<Signed<'a>>,
    /// Who asks.
    pub audience: Audience,
}

/// What stands beside the to-be-signed part of a certificate (RFC 5280 4.1.1).
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The AlgorithmIdentifier of the signature, in DER.
    pub algorithm: &'a [u8],
    /// The octets of the signature.
    pub signature: &'a [u8],
}

impl<'a> From<&'a Certificate> for Signed<'a> {
    fn from(certificate: &'a Certificate) -> Self {
        Signed { algorithm: certificate.outer_algorithm(), signature: certificate.signature() }
    }
}

/// What is known beside a CRL itself.
#[derive(Debug, Clone, Default)]
pub struct CrlContext<'a> {
    /// The certificate of its issuer.
    pub issuer: Option<&'a TbsFacts>,
    /// Today, for a CRL that exists already: whether it has ended.
    pub today: Option<Timestamp>,
    /// Whether it is signed, and its signature is to be checked with the issuer's key.
    pub signed: bool,
    /// Who asks.
    pub audience: Audience,
}

/// Judges the to-be-signed part of a certificate by every rule for certificates, in the table's order (RFC 5280 4).
pub fn lint_certificate(facts: &TbsFacts, context: &LintContext<'_>) -> Vec<Finding> {
    let view = View::new(facts, context);
    run(&context.audience, |lint, report| {
        if let Check::Certificate(check) = lint.check {
            check(&view, report);
        }
    })
}

/// Judges a CRL by every rule for CRLs: its headers, and its entries in one walk (RFC 5280 5).
pub fn lint_crl(crl: &Crl, context: &CrlContext<'_>) -> Vec<Finding> {
    let entry_checks = all().filter(|l| l.severity_for(&context.audience).is_some());
    let entry_checks =
        entry_checks.filter_map(|l| if let Check::Entry(check) = l.check { Some((l.id, check)) } else { None });
    let view = CrlView::new(crl, context, entry_checks.collect());
    run(&context.audience, |lint, report| match lint.check {
        Check::Certificate(_) | Check::Chain => {}
        Check::Crl(check) => check(&view, report),
        Check::Entry(_) => {
            if let Some(message) = view.entry_message(lint.id) {
                report.say(message);
            }
        }
    })
}

fn run(audience: &Audience, mut check: impl FnMut(&Lint, &mut Report)) -> Vec<Finding> {
    let mut report = Report::default();
    for lint in all() {
        if let Some(severity) = lint.severity_for(audience) {
            report.begin(lint, severity);
            check(lint, &mut report);
            report.end();
        }
    }
    report.into_findings()
}
