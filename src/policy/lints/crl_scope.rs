//! What a CRL covers: issuingDistributionPoint, and deltas.

use super::crl_view::{CrlView, DELTA, extension};
use super::{crl_rule as rule, hex};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::X509Error;
use crate::x509::der::{self, Reader, Value};

pub(super) static LINTS: &[Lint] = &[
    rule("crl-scope-malformed", "RFC 5280 5.2.5", "an issuingDistributionPoint can be read", malformed)
        .mend("write the CRL again with software that encodes this extension rightly, or without it"),
    rule("crl-scope-empty", "RFC 5280 5.2.5", "an issuingDistributionPoint says something", empty)
        .mend("write the CRL again without the extension"),
    rule("crl-scope-default", "X.690 11.5", "an issuingDistributionPoint writes out no FALSE", default_written)
        .mend("write the CRL again with software that writes DER"),
    rule("crl-scope-kinds", "RFC 5280 5.2.5", "a CRL is for one kind of certificates at most", kinds)
        .mend("write one CRL for leaves and one for CAs, or one for both without these flags"),
    rule("crl-scope-reasons", "RFC 5280 5.2.5", "a CRL lists revocations for every reason", reasons)
        .mend("write one CRL for all reasons")
        .notes(),
    rule("crl-scope-relative", "RFC 5280 4.2.1.13", "a distribution point has a full name", relative)
        .mend("write the distribution point as a full name: a URI")
        .warns(),
    rule("crl-indirect", "RFC 5280 5.2.5", "a CRL lists certificates of its own issuer only", indirect)
        .mend("write a CRL for each issuer")
        .warns(),
    rule("crl-delta-base", "RFC 5280 5.2.4", "a delta CRL names an earlier complete CRL", base)
        .mend("name the number of the complete CRL that it adds to; its own number is greater"),
    rule("crl-delta-freshest", "RFC 5280 5.2.6", "a delta CRL points to no delta CRL", freshest)
        .mend("write the delta CRL again without freshestCRL"),
    rule("platform-crl-kind", "rustls-webpki 0.103", "rustls takes no delta, indirect or partial CRLs", rustls_kind)
        .mend("give rustls the complete CRL of each issuer")
        .warns()
        .on(&[RuleSet::Rustls]),
];

/// issuingDistributionPoint (RFC 5280 5.2.5).
pub(super) const SCOPE: &[u64] = &[2, 5, 29, 28];
const FRESHEST: &[u64] = &[2, 5, 29, 46];

/// An issuingDistributionPoint as encoded.
pub(in crate::policy) struct Scope<'a> {
    /// Its fields: tag and content.
    fields: Vec<Value<'a>>,
}

const POINT: u8 = der::context_constructed(0);
const USERS: u8 = der::context(1);
const CAS: u8 = der::context(2);
const SOME_REASONS: u8 = der::context(3);
const INDIRECT: u8 = der::context(4);
const ATTRIBUTES: u8 = der::context(5);
const RELATIVE: u8 = der::context_constructed(1);

impl<'a> Scope<'a> {
    /// Reads one; each field at most once, in order.
    pub fn read(value: &'a [u8]) -> Result<Self, X509Error> {
        let mut outer = Reader::new(value, "issuingDistributionPoint");
        let sequence = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut reader = outer.inside(sequence);
        let mut fields = Vec::new();
        for tag in [POINT, USERS, CAS, SOME_REASONS, INDIRECT, ATTRIBUTES] {
            fields.extend(reader.optional(tag)?);
        }
        reader.end()?;
        let flag = |f: &Value<'_>| matches!(f.tag, USERS | CAS | INDIRECT | ATTRIBUTES);
        if fields.iter().any(|f| flag(f) && f.content.len() != 1) {
            return Err(reader.fail("a BOOLEAN that is not one octet long"));
        }
        Ok(Scope { fields })
    }

    fn has(&self, tag: u8) -> bool {
        self.fields.iter().any(|f| f.tag == tag && f.content != [0])
    }

    /// Whether its entries may be other issuers' certificates.
    pub fn is_indirect(&self) -> bool {
        self.has(INDIRECT)
    }
}

fn with_scope(v: &CrlView<'_>, check: impl FnOnce(&Scope<'_>)) {
    if let Some(scope) = &v.scope {
        check(scope);
    }
}

fn malformed(v: &CrlView<'_>, report: &mut Report) {
    if extension(v.crl, SCOPE).is_some() && v.scope.is_none() {
        report.say("the CRL's issuingDistributionPoint does not have the structure that its standard gives it");
    }
}

fn empty(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.fields.iter().all(|f| f.content == [0]) {
            report.say("the CRL's issuingDistributionPoint limits nothing");
        }
    });
}

fn default_written(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.fields.iter().any(|f| f.tag != POINT && f.content == [0]) {
            report.say("the CRL's issuingDistributionPoint has a FALSE written out");
        }
    });
}

fn kinds(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if [USERS, CAS, ATTRIBUTES].into_iter().filter(|t| s.has(*t)).count() > 1 {
            report.say("the CRL says that it is for one kind of certificates only, and for another kind only");
        }
    });
}

fn reasons(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.has(SOME_REASONS) {
            report.say(
                "the CRL lists some reasons only: without CRLs for the others, certificates stay of unknown status",
            );
        }
    });
}

fn relative(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.fields.iter().any(|f| f.tag == POINT && f.content.first() == Some(&RELATIVE)) {
            report.say("the CRL's distribution point is named relative to its issuer");
        }
    });
}

fn indirect(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.is_indirect() {
            report.say("the CRL lists certificates of other issuers too, which most software does not understand");
        }
    });
}

fn base(v: &CrlView<'_>, report: &mut Report) {
    let Some(indicator) = extension(v.crl, DELTA) else { return };
    let mut reader = Reader::new(&indicator.value, "deltaCRLIndicator");
    let number = reader.expect(der::INTEGER).ok().filter(|_| reader.is_empty()).map(|i| i.content);
    let Some(base) = number.filter(|n| n.first().is_some_and(|b| b & 0x80 == 0)) else {
        report.say("the delta CRL does not say to which CRL it adds: its deltaCRLIndicator holds no positive number");
        return;
    };
    let base = &base[base.iter().take_while(|b| **b == 0).count()..];
    if let Some(own) = v.crl.number.as_deref().filter(|own| (base.len(), base) >= (own.len(), *own)) {
        report.say(format!("the delta CRL `{}` adds to `{}`, which is not an earlier one", hex(own), hex(base)));
    }
}

fn freshest(v: &CrlView<'_>, report: &mut Report) {
    if v.delta && extension(v.crl, FRESHEST).is_some() {
        report.say("it is a delta CRL and has freshestCRL");
    }
}

fn rustls_kind(v: &CrlView<'_>, report: &mut Report) {
    let limited = v.scope.as_ref().is_some_and(|s| s.is_indirect() || s.has(SOME_REASONS) || s.has(ATTRIBUTES));
    if v.delta || limited {
        let what = if v.delta { "a delta CRL" } else { "an indirect or partial CRL" };
        report.say(format!("it is {what}, and rustls-webpki refuses to read it"));
    }
}
