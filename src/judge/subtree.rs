use super::domain::{Domain, PresentedDomain};
use super::{NameViolation, shown};
use crate::model::{Oid, Subject, host_of};
use crate::x509::{GeneralName, NameFacts, ReadSubtree, UTF8_MAILBOX, fold_rdn};
use std::net::IpAddr;

/// The RDNs of a name in a form in which equal ones compare equal (RFC 5280 7.1).
type FoldedName = Vec<Vec<(Oid, String)>>;

/// A type of name; constraints apply to names of their own type only (RFC 5280 4.2.1.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Dns,
    Ip,
    Email,
    Uri,
    Directory,
    Other(&'static str),
}

impl Kind {
    /// Whether a constraint of this kind speaks of names of `name`'s kind. What could not be told apart is taken as one.
    pub fn applies_to(self, name: Kind) -> bool {
        match (self, name) {
            // Constraints on mailboxes hold for mailboxes of any script (RFC 9598 6), and they are names of other types.
            (Kind::Email | Kind::Other(OTHER_NAME), Kind::Other(UTF8_MAILBOX)) => true,
            (Kind::Other(a), Kind::Other(b)) => a == b || a == UNKNOWN || b == UNKNOWN,
            (a, b) => a == b,
        }
    }
}

/// What the reader calls names whose type is told by an OID.
const OTHER_NAME: &str = "otherName";
/// What the reader calls a type of name that has no name.
const UNKNOWN: &str = "unknown";

/// The hosts that a URI or email constraint speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    Exactly(Domain),
    Below(Domain),
}

impl Hosts {
    fn read(text: &str) -> Option<Self> {
        match text.strip_prefix('.') {
            _ if text.is_empty() => Some(Hosts::All),
            Some(top) => Domain::read(top).map(Hosts::Below),
            None => Domain::read(text).map(Hosts::Exactly),
        }
    }

    fn cover(&self, host: &Domain) -> bool {
        match self {
            Hosts::All => true,
            Hosts::Exactly(one) => host == one,
            Hosts::Below(top) => host.is_below(top),
        }
    }
}

/// What one subtree covers, parsed once for many comparisons.
///
/// An empty dNSName, rfc822Name or URI constraint covers every name of its type: the standard is silent, NSS, GnuTLS and
/// Go agree, and CAs write it to exclude a type altogether.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    EveryDomain,
    Domain(Domain),
    Network { base: Vec<u8>, mask: Vec<u8> },
    Mailbox { local: String, host: Domain },
    MailHosts(Hosts),
    UriHosts(Hosts),
    Directory(FoldedName),
    NotUnderstood,
}

/// A subtree ready for comparison.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub subtree: &'a ReadSubtree,
    pub kind: Kind,
    reach: Reach,
}

impl<'a> Prepared<'a> {
    pub fn new(subtree: &'a ReadSubtree) -> Result<Self, NameViolation> {
        let malformed = |problem| NameViolation::MalformedConstraint { constraint: shown::subtree(subtree), problem };
        let (kind, reach) = match subtree {
            ReadSubtree::Dns(text) if text.is_empty() => (Kind::Dns, Reach::EveryDomain),
            ReadSubtree::Dns(text) if text.starts_with('.') => {
                return Err(malformed("a domain covers all below it without a leading dot"));
            }
            ReadSubtree::Dns(text) => {
                let domain = Domain::read(text).ok_or_else(|| malformed("it is not a domain name"))?;
                (Kind::Dns, Reach::Domain(domain))
            }
            ReadSubtree::Ip(octets) => (Kind::Ip, network(octets).map_err(malformed)?),
            ReadSubtree::Email(text) => (Kind::Email, mail(text).ok_or_else(|| malformed("it is no host or mailbox"))?),
            ReadSubtree::Uri(text) => {
                let hosts = Hosts::read(text).ok_or_else(|| malformed("it is not a host name"))?;
                (Kind::Uri, Reach::UriHosts(hosts))
            }
            ReadSubtree::Directory(name) => (Kind::Directory, Reach::Directory(fold(name))),
            ReadSubtree::Other(kind) => (Kind::Other(kind), Reach::NotUnderstood),
        };
        Ok(Prepared { subtree, kind, reach })
    }

    /// Whether everything that the name stands for is inside.
    pub fn covers_all_of(&self, name: &Readable) -> bool {
        match (&self.reach, name) {
            (Reach::EveryDomain, Readable::Domain(_)) => true,
            // What a wildcard stands for is below its base, and so below whatever the base is within.
            (Reach::Domain(top), Readable::Domain(d)) => d.base.is_within(top),
            (Reach::Network { base, mask }, Readable::Address(octets)) => {
                octets.len() == base.len() && octets.iter().zip(base).zip(mask).all(|((o, b), m)| o & m == b & m)
            }
            (Reach::Mailbox { local, host }, Readable::Mailbox { local: l, host: h }) => local == l && host == h,
            (Reach::MailHosts(hosts), Readable::Mailbox { host, .. }) => hosts.cover(host),
            (Reach::UriHosts(hosts), Readable::UriHost(host)) => hosts.cover(host),
            (Reach::Directory(top), Readable::Directory(name)) => name.starts_with(top),
            _ => false,
        }
    }

    /// Whether anything that the name stands for is inside.
    pub fn covers_any_of(&self, name: &Readable) -> bool {
        match (&self.reach, name) {
            (Reach::Domain(top), Readable::Domain(d)) if d.wildcard && top.is_child_of(&d.base) => true,
            _ => self.covers_all_of(name),
        }
    }
}

/// Address and mask of one family, the mask contiguous.
fn network(octets: &[u8]) -> Result<Reach, &'static str> {
    if octets.len() != 8 && octets.len() != 32 {
        return Err("an address with its mask has 8 or 32 octets");
    }
    let (base, mask) = octets.split_at(octets.len() / 2);
    match shown::prefix_length(mask) {
        Some(_) => Ok(Reach::Network { base: base.to_vec(), mask: mask.to_vec() }),
        None => Err("its mask is not contiguous"),
    }
}

fn mail(text: &str) -> Option<Reach> {
    match mailbox(text) {
        Some((local, host)) => Some(Reach::Mailbox { local, host }),
        None if text.contains('@') => None,
        None => Hosts::read(text).map(Reach::MailHosts),
    }
}

/// Local part and host of a mailbox. Quoted local parts and address literals have more than one spelling, and a name
/// that can be spelled twice can slip past an exclusion: they are not read.
fn mailbox(text: &str) -> Option<(String, Domain)> {
    let (local, host) = text.rsplit_once('@')?;
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let dot_atom = local.split('.').all(|a| !a.is_empty() && a.bytes().all(atom));
    if dot_atom { Domain::read(host).map(|h| (local.to_string(), h)) } else { None }
}

fn fold(name: &Subject) -> FoldedName {
    name.rdns().iter().map(|r| fold_rdn(r.attributes())).collect()
}

/// A name that constraints are applied to, as it stands in the certificate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named<'a> {
    /// The subject's distinguished name.
    Subject(&'a NameFacts),
    /// An emailAddress attribute of the subject.
    SubjectEmail(&'a str),
    /// A name of subjectAltName.
    Alternative(&'a GeneralName),
}

impl Named<'_> {
    pub fn kind(self) -> Kind {
        match self {
            Named::Subject(_) | Named::Alternative(GeneralName::Directory(_)) => Kind::Directory,
            Named::SubjectEmail(_) | Named::Alternative(GeneralName::Email(_)) => Kind::Email,
            Named::Alternative(GeneralName::Dns(_)) => Kind::Dns,
            Named::Alternative(GeneralName::Ip(_)) => Kind::Ip,
            Named::Alternative(GeneralName::Uri(_)) => Kind::Uri,
            Named::Alternative(GeneralName::Other(other)) => Kind::Other(other.kind),
        }
    }

    pub fn shown(self) -> String {
        match self {
            Named::Subject(name) => shown::directory(&name.subject),
            Named::SubjectEmail(text) => shown::email(text),
            Named::Alternative(name) => shown::general_name(name),
        }
    }

    /// The name in comparable form, or why it has none.
    pub fn read(self) -> Result<Readable, &'static str> {
        match self {
            Named::Subject(n) | Named::Alternative(GeneralName::Directory(n)) => {
                Ok(Readable::Directory(fold(&n.subject)))
            }
            Named::SubjectEmail(text) => read_mailbox(text),
            Named::Alternative(GeneralName::Email(text)) => read_mailbox(text),
            Named::Alternative(GeneralName::Dns(text)) => {
                PresentedDomain::read(text).map(Readable::Domain).ok_or("it is not a domain name")
            }
            Named::Alternative(GeneralName::Ip(octets)) if matches!(octets.len(), 4 | 16) => {
                Ok(Readable::Address(octets.clone()))
            }
            Named::Alternative(GeneralName::Ip(_)) => Err("an address has 4 or 16 octets"),
            Named::Alternative(GeneralName::Uri(text)) => uri_host(text).map(Readable::UriHost),
            Named::Alternative(GeneralName::Other(_)) => Err("names of this type are not understood"),
        }
    }
}

fn read_mailbox(text: &str) -> Result<Readable, &'static str> {
    mailbox(text)
        .map(|(local, host)| Readable::Mailbox { local, host })
        .ok_or("it is not a mailbox of host and dot-atom")
}

/// The host of a URI. Without one, or with an IP address for it, no URI constraint can be met (RFC 5280 4.2.1.10).
fn uri_host(text: &str) -> Result<Domain, &'static str> {
    let host = host_of(text).ok_or("it is not a URI with a host")?;
    if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
        return Err("its host is an IP address");
    }
    Domain::read(&host).ok_or("its host is not a domain name")
}

/// A name in comparable form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readable {
    Domain(PresentedDomain),
    Address(Vec<u8>),
    Mailbox { local: String, host: Domain },
    UriHost(Domain),
    Directory(FoldedName),
}
