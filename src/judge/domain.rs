/// The longest domain name in presentation form, and the longest label (RFC 1035 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A domain name to compare with: lower case, labels of letters, digits, hyphens and underscores.
///
/// Underscores are no host names, but SPIFFE trust domains and many a private network have them; whether they may stand
/// in a certificate is not decided here. Everything else is refused: a name that programs could read in two ways must
/// not slip past a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain(String);

impl Domain {
    /// Reads a name without wildcard, leading dot or trailing dot.
    pub fn read(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let label = |l: &str| (1..=MAX_LABEL).contains(&l.len()) && l.bytes().all(plain);
        (text.len() <= MAX_NAME && text.split('.').all(label)).then(|| Domain(text.to_ascii_lowercase()))
    }

    /// Whether it is strictly below `top`.
    pub fn is_below(&self, top: &Domain) -> bool {
        self.0.strip_suffix(top.0.as_str()).is_some_and(|front| front.ends_with('.'))
    }

    /// Whether it is `top` or below it.
    pub fn is_within(&self, top: &Domain) -> bool {
        self == top || self.is_below(top)
    }

    /// Whether it is exactly one label below `top`, where a wildcard reaches (RFC 9525 6.3).
    pub fn is_child_of(&self, top: &Domain) -> bool {
        self.0.split_once('.').is_some_and(|(_, parent)| parent == top.0)
    }
}

/// A dNSName as a certificate may present it: a domain, perhaps with a wildcard as its whole leftmost label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PresentedDomain {
    /// The domain, without the wildcard.
    pub base: Domain,
    /// Whether `*.` stands in front of it.
    pub wildcard: bool,
}

impl PresentedDomain {
    pub fn read(text: &str) -> Option<Self> {
        let (wildcard, base) = match text.strip_prefix("*.") {
            Some(base) => (true, base),
            None => (false, text),
        };
        Domain::read(base).map(|base| PresentedDomain { base, wildcard })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_domain() {
        for text in ["a", "A.Example", "_x.example", "xn--bcher-kva.example", "a-.b", "1.2"] {
            assert!(Domain::read(text).is_some(), "{text}");
        }
        let long = ["a"; 128].join(".");
        for text in ["", ".", ".a", "a.", "a..b", "*.a", "a b", "a\0", "bücher", "a:1", "[::1]", "%41", long.as_str()]
        {
            assert!(Domain::read(text).is_none(), "{text}");
        }
        assert!(Domain::read(&"a".repeat(64)).is_none());
    }

    #[test]
    fn relations() {
        let d = |t: &str| Domain::read(t).unwrap();
        assert!(d("a.Example").is_below(&d("example")) && !d("example").is_below(&d("example")));
        assert!(!d("badexample").is_within(&d("example")) && d("EXAMPLE").is_within(&d("example")));
        assert!(d("b.a.example").is_child_of(&d("a.example")) && !d("c.b.a.example").is_child_of(&d("a.example")));
        assert!(!d("example").is_child_of(&d("example")));
        assert!(PresentedDomain::read("*.a").unwrap().wildcard);
        for text in ["*", "*.", "*.*.a", "a*.b", "a.*.b", "*a.b"] {
            assert!(PresentedDomain::read(text).is_none(), "{text}");
        }
    }
}
