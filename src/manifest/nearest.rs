//! The known word that is nearest to one that is not known.

/// The farthest that a word may be from the one that was meant, in letters.
const FARTHEST: usize = 3;

/// The nearest of `known`, if one is near at all.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let folded = word.to_ascii_lowercase().replace('-', "_");
    // The name of an option is meant as it is; else whatever takes the fewest changes.
    let scored = known.into_iter().map(|k| (distance(&folded, k), k));
    let best = scored.min_by_key(|(d, _)| *d)?;
    let near = best.0 <= FARTHEST.min(folded.chars().count() / 2);
    near.then_some(best.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let here = (diagonal + usize::from(x != *y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let known = ["issuer", "lifetime", "path_len", "renew_within", "key"];
        for (word, found) in [
            ("isuer", Some("issuer")),
            ("path-len", Some("path_len")),
            ("Lifetime", Some("lifetime")),
            ("renew_witin", Some("renew_within")),
            ("kay", Some("key")),
            ("banana", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), found, "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
