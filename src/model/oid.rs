use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// The most arcs that are read: longer ones are hostile.
const MAX_ARCS: usize = 32;

/// An object identifier in dotted form (X.660).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Vec<u64>);

impl Oid {
    /// From its arcs.
    ///
    /// # Errors
    /// [`ModelError::Oid`] for fewer than two arcs, or a first or second arc out of range.
    pub fn from_arcs(arcs: &[u64]) -> Result<Self, ModelError> {
        let valid = matches!(arcs, [0 | 1, second, ..] if *second < 40)
            || matches!(arcs, [2, second, ..] if *second <= u64::MAX - 80);
        if valid && arcs.len() <= MAX_ARCS {
            Ok(Oid(arcs.to_vec()))
        } else {
            let value = arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
            Err(ModelError::Oid { value })
        }
    }

    /// Its arcs, two at least.
    pub fn arcs(&self) -> &[u64] {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arc) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            write!(f, "{arc}")?;
        }
        Ok(())
    }
}

impl FromStr for Oid {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = || ModelError::Oid { value: text.into() };
        let arc = |s: &str| {
            let plain = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'));
            plain.then(|| s.parse::<u64>().ok()).flatten()
        };
        let arcs = text.split('.').map(arc).collect::<Option<Vec<_>>>().ok_or_else(fail)?;
        Self::from_arcs(&arcs).map_err(|_| fail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted() {
        assert_eq!("1.3.6.1.5.5.7.3.1".parse::<Oid>().unwrap().to_string(), "1.3.6.1.5.5.7.3.1");
        assert!("2.999.1".parse::<Oid>().is_ok());
        for text in ["", "1", "1.", "3.1", "1.40", "1.02", "a.b", "1..2", "-1.2", "1.3.99999999999999999999"] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
    }
}
