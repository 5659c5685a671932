//! Every step of the judgment of one path, with the facts that it rests on: for who wants to see why.

use super::crls::{self, Answer};
use super::work::Work;
use super::{Bag, Crls, Place, Question, Refusal, end, policies, strict};
use crate::judge::names::Budget;
use crate::judge::{Violation, limits, link, shown};
use crate::x509::{Certificate, SignatureAlgorithm, extension_name, oid};

/// So many names are told in one step.
const LISTED: usize = 3;

/// One step: what was asked of a certificate, and what came of it.
#[derive(Debug)]
pub struct Step {
    /// The certificate.
    pub place: Place,
    /// What was asked; a word that never changes.
    pub check: &'static str,
    /// What is so, if the answer is good.
    pub fact: String,
    /// Why the answer is not good.
    pub refusal: Option<Refusal>,
}

/// Goes along a path from the certificate in question up to the anchor, or as far as it comes, and does every check,
/// whatever became of the one before. A path of [`super::verify`]'s verdict.
pub fn steps(bag: &Bag, path: &[Place], crls: &Crls, question: &Question) -> Vec<Step> {
    let places: Vec<(Place, &Certificate)> = path.iter().filter_map(|p| Some((*p, bag.get(*p)?))).collect();
    let certificates: Vec<&Certificate> = places.iter().map(|(_, c)| *c).collect();
    let mut all = Steps { all: Vec::new() };
    for (depth, (place, certificate)) in places.iter().enumerate() {
        let at = *place;
        all.add(at, "form", form(certificate), strict::check_form(certificate));
        let life = format!("valid from {} to {}", certificate.not_before, certificate.not_after);
        all.add(at, "time", life, link::check_time(certificate, question.at));
        all.add(at, "names", names(certificate), strict::check_names(certificate));
        if depth == 0 {
            all.end(at, certificate, question);
        } else {
            all.add(at, "ca", role(certificate), strict::check_issuer(certificate));
            let below = certificates.get(..depth).unwrap_or_default();
            all.limits(at, certificate, below, question);
        }
        if bag.is_anchor(at) && depth + 1 == places.len() {
            all.add(at, "anchor", "trusted".into(), strict::check_anchor(certificate, question.at));
        } else if let Some((_, issuer)) = places.get(depth + 1) {
            all.link(at, certificate, issuer);
            if question.revocation {
                let answer = crls.ask(certificate, issuer, question.at);
                let fact = match &answer {
                    Answer::Good(Some(number)) => format!("not on the CRL number {number}"),
                    _ => "not on the CRL".into(),
                };
                let refusal = crls::refusal(answer, certificate).map_or(Ok(()), Err);
                all.add(at, "revocation", fact, refusal);
            }
        }
    }
    if let (Some((leaf, _)), Some((top, _))) = (places.first(), places.last())
        && bag.is_anchor(*top)
    {
        let result = policies::check(&certificates, &mut Work::new());
        all.add(*leaf, "policies", "no CA demands a policy that is missing".into(), result);
    }
    all.all
}

struct Steps {
    all: Vec<Step>,
}

impl Steps {
    fn add(&mut self, place: Place, check: &'static str, fact: String, result: Result<(), impl Into<Refusal>>) {
        self.all.push(Step { place, check, fact, refusal: result.err().map(Into::into) });
    }

    /// What is asked of the certificate in question alone.
    fn end(&mut self, at: Place, end: &Certificate, question: &Question) {
        self.add(at, "leaf", "no CA".into(), end::check_kind(end, question));
        let usages = end.extended_key_usage.as_deref().unwrap_or_default();
        let purposes = if usages.is_empty() {
            "for any purpose".to_string()
        } else {
            format!("for {}", usages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        };
        self.add(at, "purpose", shown::escaped(&purposes), end::check_purpose(end, question.purpose));
        if let Some(host) = &question.host {
            self.add(at, "host", format!("for {host}"), end::check_host(end, question));
        }
        if let Some(email) = &question.email {
            self.add(at, "email", format!("for {}", email.as_str()), end::check_mailbox(end, question));
        }
        if question.is_spiffe() {
            let fact = end::svid(end).map_or_else(|_| "an X.509-SVID".into(), |id| format!("an X.509-SVID, {id}"));
            self.add(at, "spiffe", fact, end::check_svid(end, question));
        }
    }

    /// What a CA imposes on what is below it.
    fn limits(&mut self, at: Place, ca: &Certificate, below: &[&Certificate], question: &Question) {
        if let Some(most) = ca.basic_constraints.and_then(|b| b.path_len) {
            let cas = below.iter().skip(1).rev().map(|c| c.facts());
            let result = limits::check_path_lengths([ca.facts()].into_iter().chain(cas));
            self.add(at, "path-length", format!("{most} CAs below it at most"), result);
        }
        if let Some(constraints) = &ca.name_constraints {
            let (permitted, excluded) = (constraints.permitted.len(), constraints.excluded.len());
            let fact = format!("every name below it fits its subtrees: {permitted} permitted, {excluded} excluded");
            let (end, between) = (below.iter().take(1), below.iter().skip(1).filter(|c| !c.is_self_issued()));
            let mut budget = Budget::new();
            let result: Result<(), Violation> =
                end.chain(between).try_for_each(|c| limits::check_names_under(c, ca, &mut budget));
            self.add(at, "name-constraints", fact, result);
        }
        if let (Some(usages), Some(leaf)) = (&ca.extended_key_usage, below.first()) {
            let usages = usages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let result = end::check_purpose_below(leaf, ca, question.purpose);
            self.add(at, "purpose", shown::escaped(&format!("issues for {usages}")), result);
        }
    }

    /// What must hold between a certificate and the one above it.
    fn link(&mut self, at: Place, certificate: &Certificate, issuer: &Certificate) {
        let by = shown::certificate(issuer);
        let linked = link::check_names_chain(certificate, issuer);
        let linked = linked.map_err(Refusal::from).and_then(|()| strict::check_below(certificate, issuer));
        self.add(at, "issuer", format!("issued by `{by}`, by its name and key identifier"), linked);
        let algorithm = SignatureAlgorithm::name_of(certificate.outer_algorithm());
        let fact = format!("signed by the key of `{by}` with {}", shown::escaped(&algorithm));
        self.add(at, "signature", fact, link::check_signature(certificate, issuer));
    }
}

fn form(certificate: &Certificate) -> String {
    let critical = certificate.extensions.iter().filter(|e| e.critical);
    let name = |e: &crate::x509::ExtensionFacts| {
        extension_name(&e.oid).map_or_else(|| e.oid.to_string(), std::string::ToString::to_string)
    };
    let all: Vec<String> = critical.map(name).collect();
    let version = certificate.version;
    if all.is_empty() {
        format!("version {version}, nothing critical")
    } else {
        format!("version {version}, critical: {}", all.join(", "))
    }
}

fn names(certificate: &Certificate) -> String {
    let all = certificate.names.as_deref().unwrap_or_default();
    if all.is_empty() {
        return "no alternative names".into();
    }
    let told: Vec<String> = all.iter().take(LISTED).map(shown::general_name).collect();
    let more = all.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    told.join(", ") + &more
}

fn role(certificate: &Certificate) -> String {
    let critical = certificate.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| e.critical);
    let usage = match certificate.key_usage {
        Some(usage) => usage.names().join(", "),
        None => "no key usage".into(),
    };
    format!("a CA{}, {usage}", if critical { "" } else { ", not critically" })
}
