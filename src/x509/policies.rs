use super::der::{self, Reader};
use super::{ExtensionFacts, TbsFacts, X509Error, oid};

const WHAT: &str = "the certificate";

/// The content octets of anyPolicy (RFC 5280 4.2.1.4).
pub(crate) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];

/// No certificate of a public or private hierarchy names a tenth of these. More would make validation quadratic.
const MOST: usize = 1_000;

/// A policy of the issuer's domain and what it is called in the subject's.
type Mapping<'a> = (&'a [u8], &'a [u8]);

/// What a certificate says of policies (RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14). Policies are the content octets of
/// their OIDs: arcs may be longer than any integer here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PolicyFacts<'a> {
    /// certificatePolicies, the qualifiers left aside.
    pub policies: Option<Vec<&'a [u8]>>,
    /// policyMappings: the issuer's policy and the subject's.
    pub mappings: Vec<Mapping<'a>>,
    /// requireExplicitPolicy, in certificates.
    pub require_explicit: Option<u32>,
    /// inhibitPolicyMapping, in certificates.
    pub inhibit_mapping: Option<u32>,
    /// inhibitAnyPolicy, in certificates.
    pub inhibit_any: Option<u32>,
}

impl<'a> PolicyFacts<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// [`X509Error`] when one of the extensions is malformed, or longer than anybody's.
    pub fn of(facts: &'a TbsFacts) -> Result<Self, X509Error> {
        let mut found = PolicyFacts::default();
        for e in &facts.extensions {
            match e.oid.arcs() {
                oid::CERTIFICATE_POLICIES => found.policies = Some(policies(e)?),
                oid::POLICY_MAPPINGS => found.mappings = mappings(e)?,
                oid::POLICY_CONSTRAINTS => (found.require_explicit, found.inhibit_mapping) = constraints(e)?,
                oid::INHIBIT_ANY_POLICY => {
                    let mut outer = Reader::new(&e.value, WHAT);
                    found.inhibit_any = Some(count(outer.expect(der::INTEGER)?.content, &outer)?);
                    outer.end()?;
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The items of a SEQUENCE OF SEQUENCE that is not empty.
fn items<'a, T>(
    extension: &'a ExtensionFacts,
    read: impl Fn(&mut Reader<'a>) -> Result<T, X509Error>,
) -> Result<Vec<T>, X509Error> {
    let mut outer = Reader::new(&extension.value, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut list = outer.inside(sequence);
    let mut all = Vec::new();
    while !list.is_empty() {
        if all.len() == MOST {
            return Err(list.fail("more than a thousand policies"));
        }
        let item = list.expect(der::SEQUENCE)?;
        all.push(read(&mut list.inside(item))?);
    }
    if all.is_empty() { Err(list.fail("an empty list of policies")) } else { Ok(all) }
}

fn policies(extension: &ExtensionFacts) -> Result<Vec<&[u8]>, X509Error> {
    items(extension, |fields| {
        let policy = fields.expect(der::OID)?.content;
        fields.optional(der::SEQUENCE)?;
        fields.end()?;
        Ok(policy)
    })
}

fn mappings(extension: &ExtensionFacts) -> Result<Vec<Mapping<'_>>, X509Error> {
    items(extension, |fields| {
        let pair = (fields.expect(der::OID)?.content, fields.expect(der::OID)?.content);
        fields.end()?;
        Ok(pair)
    })
}

fn constraints(extension: &ExtensionFacts) -> Result<(Option<u32>, Option<u32>), X509Error> {
    let mut outer = Reader::new(&extension.value, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut fields = outer.inside(sequence);
    let mut one = |tag| match fields.optional(der::context(tag))? {
        Some(value) => count(value.content, &fields).map(Some),
        None => Ok(None),
    };
    let found = (one(0)?, one(1)?);
    fields.end()?;
    if found == (None, None) { Err(fields.fail("policy constraints that say nothing")) } else { Ok(found) }
}

/// SkipCerts: a whole number from 0 on. What does not fit is more certificates than any path has.
fn count(content: &[u8], reader: &Reader<'_>) -> Result<u32, X509Error> {
    match content {
        [] => Err(reader.fail("a number of no octets")),
        [first, ..] if first & 0x80 != 0 => Err(reader.fail("a negative number of certificates")),
        _ if content.len() > 5 => Ok(u32::MAX),
        _ => Ok(u32::try_from(content.iter().fold(0u64, |n, b| n << 8 | u64::from(*b))).unwrap_or(u32::MAX)),
    }
}
