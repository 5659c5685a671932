use crate::model::Timestamp;
use crate::policy::judgment::CrlContext;
use crate::x509::der::{self, Reader};
use crate::x509::{Crl, ExtensionFacts, IssuingPoint, TbsFacts, X509Error, oid};

/// Looks at one entry, and says what is wrong with it.
pub(in crate::policy) type EntryCheck = fn(&Entry<'_>, &CrlView<'_>) -> Option<String>;

/// A CRL as the rules look at it. Its entries are walked once, without copies, by all rules for entries together.
pub(in crate::policy) struct CrlView<'a> {
    pub crl: &'a Crl,
    pub issuer: Option<&'a TbsFacts>,
    pub today: Option<Timestamp>,
    /// Whether its signature is to be checked.
    pub signed: bool,
    /// The tags of thisUpdate and nextUpdate as encoded.
    pub date_tags: Vec<u8>,
    /// The content of revokedCertificates, where it is present.
    pub entries: Option<&'a [u8]>,
    /// Whether it has a deltaCRLIndicator.
    pub delta: bool,
    /// Its issuingDistributionPoint, where it has one that can be read.
    pub scope: Option<IssuingPoint<'a>>,
    /// Whether it names a version: CRLs of version 1 name none.
    pub versioned: bool,
    /// Why the walk ended early.
    pub broken: Option<String>,
    /// Whether each serial number is greater than the one before.
    pub ascending: bool,
    tallies: Vec<Tally>,
}

/// What one rule found in the walk: the first message, and how many there were.
struct Tally {
    lint: &'static str,
    check: EntryCheck,
    first: Option<String>,
    count: usize,
}

/// One entry of revokedCertificates as encoded (RFC 5280 5.1.2.6).
pub(in crate::policy) struct Entry<'a> {
    /// The content octets of its serial number.
    pub serial: &'a [u8],
    /// The tag of its date.
    pub date_tag: u8,
    /// Its date, where it can be read.
    pub revoked_at: Option<Timestamp>,
    extensions: [EntryExtension<'a>; COMMON_EXTENSIONS],
    count: usize,
    more: Vec<EntryExtension<'a>>,
}

/// An extension of an entry as encoded (RFC 5280 5.3).
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::policy) struct EntryExtension<'a> {
    /// The content octets of its OID.
    pub oid: &'a [u8],
    pub critical: bool,
    /// extnValue's content.
    pub value: &'a [u8],
}

/// The standard defines three; what has more of them may take more time.
const COMMON_EXTENSIONS: usize = 3;

impl<'a> CrlView<'a> {
    pub fn new(crl: &'a Crl, context: &CrlContext<'a>, checks: Vec<(&'static str, EntryCheck)>) -> Self {
        let tallies = checks.into_iter().map(|(lint, check)| Tally { lint, check, first: None, count: 0 }).collect();
        let delta = crl.extensions.iter().any(|e| e.oid.arcs() == oid::DELTA_CRL_INDICATOR);
        // The CRL was read once already, so its headers cannot fail here.
        let Headers { versioned, date_tags, entries } = headers(crl.tbs()).unwrap_or_default();
        let mut view = CrlView {
            crl,
            issuer: context.issuer,
            today: context.today,
            signed: context.signed,
            date_tags,
            entries,
            delta,
            scope: IssuingPoint::of(crl).and_then(Result::ok),
            versioned,
            broken: None,
            ascending: true,
            tallies: Vec::new(),
        };
        view.tallies = view.walk(tallies);
        view
    }

    fn walk(&mut self, mut tallies: Vec<Tally>) -> Vec<Tally> {
        let mut reader = Reader::new(self.entries.unwrap_or_default(), "the CRL");
        let mut last: &[u8] = &[];
        let mut number = 0usize;
        while !reader.is_empty() {
            number += 1;
            let entry = match Entry::read(&mut reader) {
                Ok(entry) => entry,
                Err(e) => {
                    self.broken = Some(format!("entry {number}: {e}"));
                    break;
                }
            };
            self.ascending &= (last.len(), last) < (entry.serial.len(), entry.serial);
            last = entry.serial;
            for tally in &mut tallies {
                if let Some(message) = (tally.check)(&entry, self) {
                    tally.first.get_or_insert(message);
                    tally.count += 1;
                }
            }
        }
        tallies
    }

    /// What a rule for entries found.
    pub fn entry_message(&self, lint: &str) -> Option<String> {
        let tally = self.tallies.iter().find(|t| t.lint == lint)?;
        let first = tally.first.as_ref()?;
        Some(if tally.count > 1 { format!("{first}, and {} more", tally.count - 1) } else { first.clone() })
    }

    /// The serial numbers again, in order.
    pub fn serials(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.entries.unwrap_or_default(), "the CRL");
        std::iter::from_fn(
            move || {
                if reader.is_empty() { None } else { Entry::read(&mut reader).ok().map(|e| e.serial) }
            },
        )
    }
}

/// The first extension of a CRL with this OID.
pub(super) fn extension<'a>(crl: &'a Crl, arcs: &[u64]) -> Option<&'a ExtensionFacts> {
    crl.extensions.iter().find(|e| e.oid.arcs() == arcs)
}

#[derive(Default)]
struct Headers<'a> {
    versioned: bool,
    date_tags: Vec<u8>,
    entries: Option<&'a [u8]>,
}

fn headers(tbs: &[u8]) -> Result<Headers<'_>, X509Error> {
    let mut outer = Reader::new(tbs, "the CRL");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut fields = outer.inside(sequence);
    let versioned = fields.optional(der::INTEGER)?.is_some();
    fields.expect(der::SEQUENCE)?;
    fields.expect(der::SEQUENCE)?;
    let mut tags = Vec::new();
    while matches!(fields.peek(), Some(der::UTC_TIME | der::GENERALIZED_TIME)) {
        tags.push(fields.any()?.tag);
    }
    let entries = fields.optional(der::SEQUENCE)?.map(|v| v.content);
    Ok(Headers { versioned, date_tags: tags, entries })
}

impl<'a> Entry<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Self, X509Error> {
        let one = list.expect(der::SEQUENCE)?;
        let mut parts = list.inside(one);
        let serial = parts.expect(der::INTEGER)?.content;
        let date = parts.any()?;
        let (date_tag, revoked_at) = (date.tag, der::read_time(date));
        let extensions = [EntryExtension::default(); COMMON_EXTENSIONS];
        let mut entry = Entry { serial, date_tag, revoked_at, extensions, count: 0, more: Vec::new() };
        if let Some(sequence) = parts.optional(der::SEQUENCE)? {
            let mut all = parts.inside(sequence);
            while !all.is_empty() {
                let extension = all.expect(der::SEQUENCE)?;
                let mut fields = all.inside(extension);
                let oid = fields.expect(der::OID)?.content;
                let critical = fields.optional(der::BOOLEAN)?.is_some_and(|b| b.content != [0]);
                let value = fields.expect(der::OCTET_STRING)?.content;
                fields.end()?;
                entry.add(EntryExtension { oid, critical, value });
            }
        }
        parts.end()?;
        Ok(entry)
    }

    fn add(&mut self, extension: EntryExtension<'a>) {
        match self.extensions.get_mut(self.count) {
            Some(place) => *place = extension,
            None => self.more.push(extension),
        }
        self.count += 1;
    }

    /// How many extensions it has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Its extensions in order.
    pub fn extensions(&self) -> impl Iterator<Item = &EntryExtension<'a>> + Clone {
        self.extensions.iter().take(self.count).chain(&self.more)
    }

    /// The extension whose OID has these content octets.
    pub fn extension(&self, oid: &[u8]) -> Option<&EntryExtension<'a>> {
        self.extensions().find(|e| e.oid == oid)
    }
}
