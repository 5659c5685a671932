//! Issuers before what they issue.

use super::entry::Entry;
use super::error::{ProblemKind, Problems};
use crate::model::Handle;
use std::collections::HashMap;

/// The entries so that each stands behind its issuer, as far as that is declared; those that issue each other are a problem.
/// CAs come first, and otherwise they stay in the order in which they were declared.
pub(crate) fn in_order(entries: &[Entry], problems: &mut Problems) -> Vec<usize> {
    let by_handle: HashMap<&Handle, usize> = entries.iter().enumerate().map(|(n, e)| (&e.handle, n)).collect();
    let above = |n: usize| {
        let issuer = entries.get(n).and_then(|e| e.issuer.as_ref())?;
        by_handle.get(&issuer.value).copied()
    };
    let mut depths: HashMap<usize, usize> = HashMap::new();
    for start in 0..entries.len() {
        let (mut path, mut at) = (Vec::new(), Some(start));
        while let Some(n) = at.filter(|n| !depths.contains_key(n)) {
            if let Some(first) = path.iter().position(|p| *p == n) {
                let ring = path.iter().skip(first).chain([&n]);
                let ring = ring.filter_map(|i| entries.get(*i)).map(|e| e.handle.to_string()).collect();
                if let Some(entry) = entries.get(n) {
                    problems.add(&entry.at, ProblemKind::Cycle { ring });
                }
                break;
            }
            path.push(n);
            at = above(n);
        }
        let first = at.and_then(|n| depths.get(&n)).map_or(0, |d| d + 1);
        depths.extend(path.into_iter().rev().zip(first..));
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let is_leaf = |n: &usize| entries.get(*n).is_some_and(|e| !e.profile.is_ca());
    order.sort_by_key(|n| (is_leaf(n), if is_leaf(n) { 0 } else { depths.get(n).copied().unwrap_or(0) }));
    order
}
