/// How the key identifier that a certificate or a CRL names as its issuer's stands to the one that a possible issuer has
/// (RFC 5280 4.2.1.1): the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyFit {
    /// It is that very key.
    Named,
    /// One of the two says nothing.
    Open,
    /// It is another key.
    Other,
}

impl KeyFit {
    /// Of what is named and what the issuer has.
    pub fn of<T: PartialEq + ?Sized>(named: Option<&T>, own: Option<&T>) -> Self {
        match (named, own) {
            (Some(named), Some(own)) if named == own => KeyFit::Named,
            (Some(_), Some(_)) => KeyFit::Other,
            _ => KeyFit::Open,
        }
    }

    /// Whether the identifiers do not speak against it.
    pub fn is_possible(self) -> bool {
        self != KeyFit::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_first() {
        let (a, b) = (&[1u8][..], &[2u8][..]);
        let mut all = [(Some(a), Some(b)), (None, Some(b)), (Some(a), None), (None, None), (Some(a), Some(a))]
            .map(|(named, own)| KeyFit::of(named, own));
        assert_eq!(all.map(KeyFit::is_possible), [false, true, true, true, true]);
        all.sort_unstable();
        assert_eq!(all, [KeyFit::Named, KeyFit::Open, KeyFit::Open, KeyFit::Open, KeyFit::Other]);
    }
}
