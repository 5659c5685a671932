use super::Oid;

/// How an attribute's value is encoded (RFC 5280 4.1.2.4 and appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringKind {
    /// PrintableString where its characters suffice, else UTF8String.
    Directory,
    /// PrintableString only.
    Printable,
    /// IA5String.
    Ia5,
}

/// A known attribute: short name, OID, encoding, and upper bound in characters (RFC 5280 appendix A, X.520).
struct Known {
    name: &'static str,
    arcs: &'static [u64],
    kind: StringKind,
    bound: usize,
}

/// Where the standard sets no bound, ours: long enough for anything a person means.
const UNBOUNDED: usize = 255;

const fn known(name: &'static str, arcs: &'static [u64], kind: StringKind, bound: usize) -> Known {
    Known { name, arcs, kind, bound }
}

static TABLE: [Known; 23] = [
    known("CN", &[2, 5, 4, 3], StringKind::Directory, 64),
    known("C", &[2, 5, 4, 6], StringKind::Printable, 2),
    known("ST", &[2, 5, 4, 8], StringKind::Directory, 128),
    known("L", &[2, 5, 4, 7], StringKind::Directory, 128),
    known("O", &[2, 5, 4, 10], StringKind::Directory, 64),
    known("OU", &[2, 5, 4, 11], StringKind::Directory, 64),
    known("DC", &[0, 9, 2342, 19200300, 100, 1, 25], StringKind::Ia5, 63),
    known("UID", &[0, 9, 2342, 19200300, 100, 1, 1], StringKind::Directory, 256),
    known("emailAddress", &[1, 2, 840, 113549, 1, 9, 1], StringKind::Ia5, 255),
    known("serialNumber", &[2, 5, 4, 5], StringKind::Printable, 64),
    known("street", &[2, 5, 4, 9], StringKind::Directory, 128),
    known("postalCode", &[2, 5, 4, 17], StringKind::Directory, 40),
    known("title", &[2, 5, 4, 12], StringKind::Directory, 64),
    known("description", &[2, 5, 4, 13], StringKind::Directory, 1024),
    known("businessCategory", &[2, 5, 4, 15], StringKind::Directory, 128),
    known("name", &[2, 5, 4, 41], StringKind::Directory, UNBOUNDED),
    known("SN", &[2, 5, 4, 4], StringKind::Directory, UNBOUNDED),
    known("GN", &[2, 5, 4, 42], StringKind::Directory, UNBOUNDED),
    known("initials", &[2, 5, 4, 43], StringKind::Directory, UNBOUNDED),
    known("generationQualifier", &[2, 5, 4, 44], StringKind::Directory, UNBOUNDED),
    known("dnQualifier", &[2, 5, 4, 46], StringKind::Printable, 64),
    known("pseudonym", &[2, 5, 4, 65], StringKind::Directory, 128),
    known("organizationIdentifier", &[2, 5, 4, 97], StringKind::Directory, UNBOUNDED),
];

/// Other names under which people know the same attributes; compared without case.
static ALIASES: [(&str, &str); 10] = [
    ("commonName", "CN"),
    ("countryName", "C"),
    ("stateOrProvinceName", "ST"),
    ("S", "ST"),
    ("localityName", "L"),
    ("organizationName", "O"),
    ("organizationalUnitName", "OU"),
    ("domainComponent", "DC"),
    ("E", "emailAddress"),
    ("streetAddress", "street"),
];

/// The type of a name attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributeType(Oid);

impl AttributeType {
    /// commonName
    pub fn common_name() -> Self {
        Self::of_oid(&[2, 5, 4, 3])
    }

    /// organizationName
    pub fn organization() -> Self {
        Self::of_oid(&[2, 5, 4, 10])
    }

    /// emailAddress (PKCS #9)
    pub fn email_address() -> Self {
        Self::of_oid(&[1, 2, 840, 113549, 1, 9, 1])
    }

    fn of_oid(arcs: &[u64]) -> Self {
        // Only called with arcs of the table, which the tests walk through.
        AttributeType(Oid::from_arcs(arcs).unwrap_or_else(|_| unreachable!("the table is valid")))
    }

    /// From a short name, a long name or a dotted OID.
    pub fn named(text: &str) -> Option<Self> {
        let short = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(text)).map_or(text, |(_, short)| short);
        match TABLE.iter().find(|k| k.name.eq_ignore_ascii_case(short)) {
            Some(k) => Some(Self::of_oid(k.arcs)),
            None => text.parse().ok().map(AttributeType),
        }
    }

    /// From any OID.
    pub fn from_oid(oid: Oid) -> Self {
        AttributeType(oid)
    }

    fn known(&self) -> Option<&'static Known> {
        TABLE.iter().find(|k| k.arcs == self.0.arcs())
    }

    /// The short name, or the dotted OID of an unknown type.
    pub fn name(&self) -> String {
        self.known().map_or_else(|| self.0.to_string(), |k| k.name.to_string())
    }

    /// The OID.
    pub fn oid(&self) -> &Oid {
        &self.0
    }

    /// How values of this type are encoded; unknown types as directory strings.
    pub fn string_kind(&self) -> StringKind {
        self.known().map_or(StringKind::Directory, |k| k.kind)
    }

    /// The most characters a value may have.
    pub fn bound(&self) -> usize {
        self.known().map_or(UNBOUNDED, |k| k.bound)
    }
}

/// Why a text is not a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectProblem {
    /// Neither comma nor slash form.
    #[error("`{0}` is not of the form TYPE=value")]
    Form(String),
    /// An attribute type that is neither a known name nor an OID.
    #[error("`{0}` is not an attribute type")]
    UnknownType(String),
    /// An attribute without a value (RFC 5280 4.1.2.4 leaves no room for one).
    #[error("`{0}` has no value")]
    EmptyValue(String),
    /// Over the upper bound.
    #[error("`{name}` is {length} characters long, and {bound} is the most")]
    TooLong {
        /// The attribute.
        name: String,
        /// Its length in characters.
        length: usize,
        /// The bound.
        bound: usize,
    },
    /// A country that is not two upper-case letters (ISO 3166).
    #[error("a country is two upper-case letters, not `{0}`")]
    Country(String),
    /// Characters that the attribute's string type cannot hold.
    #[error("`{0}` has characters that its string type cannot hold")]
    Characters(String),
    /// Control characters, NUL among them.
    #[error("`{0}` holds a control character")]
    Control(String),
    /// The same type twice inside one RDN (X.501 9.3).
    #[error("`{0}` stands twice in one multi-valued RDN")]
    DuplicateInRdn(String),
    /// A broken escape sequence.
    #[error("the escape at `{0}` is broken")]
    Escape(String),
    /// A value in `#hex` form.
    #[error("a value given as #hex is not accepted")]
    HexValue,
    /// A value that was read and is no text, or of a string type that it does not fit.
    #[error("the value of `{0}` is not text")]
    NoText(String),
    /// Longer than anything a person means.
    #[error("it has more than {0} characters")]
    Oversized(usize),
}

impl SubjectProblem {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            SubjectProblem::Form(_) => {
                Some("write `CN=api,O=Example` (RFC 4514) or `/O=Example/CN=api` (as openssl)".into())
            }
            SubjectProblem::UnknownType(_) => {
                Some("use CN, O, OU, C, ST, L, DC, UID, serialNumber, emailAddress, … or a dotted OID".into())
            }
            SubjectProblem::Country(c) if c.len() == 2 => Some(format!("write C={}", c.to_ascii_uppercase())),
            _ => None,
        }
    }
}

/// One attribute of a name: a type and a value that is not empty and within its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    kind: AttributeType,
    value: String,
}

/// PrintableString (X.680 41.4).
pub(crate) fn is_printable_string(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b))
}

impl Attribute {
    /// An attribute whose value the standard allows.
    ///
    /// # Errors
    /// [`SubjectProblem`].
    pub fn new(kind: AttributeType, value: &str) -> Result<Self, SubjectProblem> {
        let name = kind.name();
        if value.is_empty() {
            return Err(SubjectProblem::EmptyValue(name));
        }
        if value.chars().any(char::is_control) {
            return Err(SubjectProblem::Control(name));
        }
        if name == "C" && !(value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase())) {
            return Err(SubjectProblem::Country(value.into()));
        }
        let (length, bound) = (value.chars().count(), kind.bound());
        if length > bound {
            return Err(SubjectProblem::TooLong { name, length, bound });
        }
        let fits = match kind.string_kind() {
            StringKind::Directory => true,
            StringKind::Printable => is_printable_string(value),
            StringKind::Ia5 => value.is_ascii(),
        };
        if !fits {
            return Err(SubjectProblem::Characters(name));
        }
        Ok(Attribute { kind, value: value.into() })
    }

    /// As read from a certificate, whatever it holds: for display and comparison, never for issuing.
    pub(crate) fn as_read(kind: AttributeType, value: String) -> Self {
        Attribute { kind, value }
    }

    /// Its type.
    pub fn kind(&self) -> &AttributeType {
        &self.kind
    }

    /// Its value.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// A relative distinguished name: one attribute, rarely more (X.501 9.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rdn(Vec<Attribute>);

impl Rdn {
    /// An RDN of one or more attributes of different types.
    ///
    /// # Errors
    /// [`SubjectProblem::DuplicateInRdn`], [`SubjectProblem::EmptyValue`] when there is none.
    pub fn new(attributes: Vec<Attribute>) -> Result<Self, SubjectProblem> {
        if attributes.is_empty() {
            return Err(SubjectProblem::EmptyValue("RDN".into()));
        }
        for (i, a) in attributes.iter().enumerate() {
            if attributes[..i].iter().any(|b| b.kind == a.kind) {
                return Err(SubjectProblem::DuplicateInRdn(a.kind.name()));
            }
        }
        Ok(Rdn(attributes))
    }

    pub(crate) fn as_read(attributes: Vec<Attribute>) -> Self {
        Rdn(attributes)
    }

    /// Its attributes, as given.
    pub fn attributes(&self) -> &[Attribute] {
        &self.0
    }
}

/// A distinguished name: RDNs in encoding order, general to specific, repeated types included (RFC 5280 4.1.2.4).
///
/// Text in comma form (RFC 4514) runs the other way and is turned around when read and written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Subject(Vec<Rdn>);

impl Subject {
    /// A subject of these RDNs, in encoding order; none at all is the empty name.
    pub fn new(rdns: Vec<Rdn>) -> Self {
        Subject(rdns)
    }

    /// `CN=value` and, when given, `O=organization` in front of it.
    ///
    /// # Errors
    /// [`SubjectProblem`].
    pub fn common_name(value: &str, organization: Option<&str>) -> Result<Self, SubjectProblem> {
        let mut rdns = Vec::new();
        if let Some(o) = organization {
            rdns.push(Rdn(vec![Attribute::new(AttributeType::organization(), o)?]));
        }
        rdns.push(Rdn(vec![Attribute::new(AttributeType::common_name(), value)?]));
        Ok(Subject(rdns))
    }

    /// The RDNs in encoding order.
    pub fn rdns(&self) -> &[Rdn] {
        &self.0
    }

    /// Whether it is the empty name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of every attribute of a type, in encoding order.
    pub fn values(&self, kind: &AttributeType) -> Vec<&str> {
        self.0.iter().flat_map(|r| &r.0).filter(|a| a.kind == *kind).map(|a| a.value.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_valid() {
        for k in &TABLE {
            assert_eq!(AttributeType::named(k.name).map(|t| t.name()).as_deref(), Some(k.name));
        }
        for (alias, short) in ALIASES {
            assert_eq!(AttributeType::named(alias).map(|t| t.name()).as_deref(), Some(short));
        }
        assert!(AttributeType::named("1.2.3.4").is_some() && AttributeType::named("XY").is_none());
    }

    #[test]
    fn bounds_and_characters() {
        let new = |t: &str, v: &str| Attribute::new(AttributeType::named(t).unwrap(), v);
        assert!(new("CN", &"ü".repeat(64)).is_ok() && new("CN", &"ü".repeat(65)).is_err());
        assert!(new("C", "DE").is_ok() && new("C", "de").is_err() && new("C", "DEU").is_err());
        assert!(new("DC", "corp").is_ok() && new("DC", "ü").is_err());
        assert!(new("serialNumber", "A-1").is_ok() && new("serialNumber", "a@b").is_err());
        assert!(new("O", "").is_err() && new("O", "a\0b").is_err() && new("O", "a\u{1b}[31m").is_err());
    }
}
