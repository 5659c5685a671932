use super::key::Key;
use super::name::{Raw, attributes};
use crate::model::{DnsName, DnsProblem, ExtendedKeyUsage, Profile, Timestamp};
use crate::policy::judgment::{LintContext, Signed};
use crate::policy::set::RuleSet;
use crate::x509::{GeneralName, TbsFacts, oid};

/// A certificate as the rules look at it: its facts, and what several rules would each work out again.
pub(in crate::policy) struct View<'a> {
    pub facts: &'a TbsFacts,
    pub profile: Option<Profile>,
    pub issuer: Option<&'a TbsFacts>,
    pub now: Option<Timestamp>,
    pub today: Option<Timestamp>,
    pub signed: Option<Signed<'a>>,
    pub ca: bool,
    /// Issuer and subject are one name (RFC 5280 3.2).
    pub self_issued: bool,
    /// The same, and nothing says that another key signs.
    pub self_signed: bool,
    /// The public key; `None` when it is malformed.
    pub key: Option<Key<'a>>,
    /// The issuer's public key, where the issuer is known.
    pub issuer_key: Option<Key<'a>>,
    /// The attributes of the subject as encoded.
    pub subject: Vec<Raw<'a>>,
    /// Every dNSName, and why it is none.
    pub dns: Vec<(&'a str, Option<DnsProblem>)>,
    pub server_auth: bool,
    pub client_auth: bool,
    /// Whether a URI name has the scheme `spiffe`.
    pub spiffe: bool,
    /// Whether it is judged as an SVID: it has such a name, or somebody asked.
    pub svid: bool,
}

impl<'a> View<'a> {
    pub fn new(facts: &'a TbsFacts, context: &LintContext<'a>) -> Self {
        let self_issued = facts.is_self_issued();
        let own_key = match (&facts.authority_key_id, &facts.subject_key_id) {
            (Some(authority), Some(own)) => authority == own,
            (Some(_), None) => false,
            (None, _) => true,
        } && context.issuer.is_none_or(|i| i.public_key == facts.public_key);
        let purpose = |p: ExtendedKeyUsage| facts.extended_key_usage.as_ref().is_some_and(|all| all.contains(&p));
        let spiffe = facts.uris().any(is_spiffe);
        View {
            facts,
            profile: context.profile,
            issuer: context.issuer,
            now: context.now,
            today: context.today,
            signed: context.signed,
            ca: facts.is_ca(),
            self_issued,
            self_signed: self_issued && own_key,
            key: Key::read(&facts.public_key),
            issuer_key: context.issuer.and_then(|i| Key::read(&i.public_key)),
            subject: attributes(facts.subject.der.as_bytes()),
            dns: facts.names.iter().flatten().filter_map(dns).collect(),
            server_auth: purpose(ExtendedKeyUsage::server_auth()),
            client_auth: purpose(ExtendedKeyUsage::client_auth()),
            spiffe,
            svid: spiffe || context.audience.asks_for(&[RuleSet::Spiffe]),
        }
    }

    pub fn is_root(&self) -> bool {
        self.ca && self.self_signed
    }

    pub fn names(&self) -> &'a [GeneralName] {
        self.facts.names.as_deref().unwrap_or_default()
    }

    /// Whether its names are looked up as hosts: a server that is more than a workload.
    pub fn is_host(&self) -> bool {
        match self.profile {
            Some(p) => matches!(p, Profile::Server | Profile::Peer),
            None => !self.ca && self.server_auth && !self.spiffe,
        }
    }

    pub fn is_critical(&self, arcs: &[u64]) -> Option<bool> {
        self.facts.extension(arcs).map(|e| e.critical)
    }

    pub fn has_alt_names(&self) -> bool {
        self.facts.extension(oid::SUBJECT_ALT_NAME).is_some()
    }
}

fn dns(name: &GeneralName) -> Option<(&str, Option<DnsProblem>)> {
    if let GeneralName::Dns(n) = name { Some((n, DnsName::parse(n).err())) } else { None }
}

/// Whether a URI has the scheme `spiffe`, which is compared without case (SPIFFE-ID 2).
pub(super) fn is_spiffe(uri: &str) -> bool {
    uri.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("spiffe:"))
}
