//! What stands beside the to-be-signed part: the second AlgorithmIdentifier, and the signature itself. Nothing of it is
//! there before a certificate is signed.

use super::key::Family;
use super::signature::{Algorithm, is_forged};
use super::{View, rule};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::SignatureAlgorithm;
use crate::x509::der::{self, Reader};

pub(super) static LINTS: &[Lint] = &[
    rule("algorithms-differ", "RFC 5280 4.1.1.2", "both AlgorithmIdentifiers are equal, byte for byte", differ)
        .mend("issue it again: it was put together wrongly, or tampered with")
        .also_of(&[RuleSet::PythonStrict, RuleSet::Rustls]),
    rule("signature-form", "RFC 3279 2.2.3", "an ECDSA signature is two positive INTEGERs in DER", form)
        .mend("issue it again: it was put together wrongly, or tampered with"),
    rule("signature-wrong", "RFC 5280 6.1.3 (a)(1)", "the signature is the issuer's", wrong)
        .mend("look for the issuer that has that key, or issue it again"),
];

fn differ(v: &View<'_>, report: &mut Report) {
    let Some(signed) = v.signed else { return };
    if signed.algorithm != v.facts.signature_algorithm {
        let (inside, outside) =
            (SignatureAlgorithm::name_of(&v.facts.signature_algorithm), SignatureAlgorithm::name_of(signed.algorithm));
        let which = if inside == outside { "their parameters".into() } else { format!("`{inside}` and `{outside}`") };
        report.say(format!("the AlgorithmIdentifiers inside and beside the signature differ: {which}"));
    }
}

fn is_ecdsa(signature: &[u8]) -> bool {
    let mut outer = Reader::new(signature, "a signature");
    let Ok(sequence) = outer.expect(der::SEQUENCE) else { return false };
    let mut pair = outer.inside(sequence);
    let mut number = || match pair.expect(der::INTEGER).map(|i| i.content) {
        Ok([0, next, ..]) => next & 0x80 != 0,
        Ok([first, ..]) => *first != 0 && first & 0x80 == 0,
        _ => false,
    };
    number() && number() && pair.is_empty() && outer.is_empty()
}

fn form(v: &View<'_>, report: &mut Report) {
    let Some(signed) = v.signed else { return };
    let ecdsa = Algorithm::read(&v.facts.signature_algorithm).family() == Some(Family::Ec);
    if ecdsa && !is_ecdsa(signed.signature) {
        report.say("the ECDSA signature is not two positive INTEGERs in their shortest form");
    }
}

fn wrong(v: &View<'_>, report: &mut Report) {
    let Some(signed) = v.signed else { return };
    let own = v.self_signed && v.issuer.is_none();
    let Some(issuer) = v.issuer.or(own.then_some(v.facts)) else { return };
    if is_forged(&issuer.public_key, &v.facts.signature_algorithm, &v.facts.der, signed.signature) {
        let whose = if issuer.public_key == v.facts.public_key { "its own key" } else { "its issuer's key" };
        report.say(format!("the signature was not made with {whose}, or the certificate was changed afterwards"));
    }
}
