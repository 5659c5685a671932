use super::certificates::*;
use crate::judge::{Checked, Violation, check_draft};
use crate::model::{ExtendedKeyUsage, NameConstraints, San, SanSet};
use crate::x509::{CertificateFields, TbsFacts};

/// Root, intermediate, and what else a test adds.
pub struct Lab {
    pub root: Party,
    pub middle: Party,
    pub leaf: Party,
}

pub fn lab() -> Lab {
    Lab { root: party("CN=Root,O=Lab"), middle: party("CN=Middle,O=Lab"), leaf: party("CN=api.lab.internal") }
}

impl Lab {
    pub fn middle_fields(&self) -> CertificateFields {
        self.middle.ca(Some(&self.root), Some(0))
    }

    pub fn leaf_fields(&self) -> CertificateFields {
        self.leaf.leaf(&self.middle, &["api.lab.internal", "10.0.0.1"])
    }

    /// Judges the leaf below an intermediate of these fields.
    pub fn with_middle(&self, fields: &CertificateFields) -> Result<(), Violation> {
        let (root, middle) = (self.root.self_signed(None), self.root.sign(fields));
        check_draft(&draft(&self.leaf_fields()), &[&middle, &root], at(0))
    }

    /// Judges a draft below the ordinary chain.
    pub fn with_draft(&self, draft: &TbsFacts) -> Result<(), Violation> {
        let (root, middle) = (self.root.self_signed(None), self.root.sign(&self.middle_fields()));
        let free = check_draft(draft, &[&middle, &root], at(0));
        let kept = Checked::new(&[&middle, &root]).unwrap().check_draft(draft, at(0));
        assert_eq!(rule(&free), rule(&kept));
        free
    }
}

pub fn rule(result: &Result<(), Violation>) -> &'static str {
    match result {
        Ok(()) => "good",
        Err(v) => {
            assert!(v.citation().starts_with("RFC "));
            assert!(!v.to_string().ends_with('.'), "{v}");
            v.rule()
        }
    }
}

pub fn limits(permit: &[&str], exclude: &[&str]) -> NameConstraints {
    let all = |list: &[&str]| list.iter().map(|t| t.parse().unwrap()).collect();
    NameConstraints { permitted: all(permit), excluded: all(exclude) }
}

pub fn sans(names: &[&str]) -> SanSet {
    SanSet::new(names.iter().map(|n| San::host(n).unwrap())).unwrap()
}

pub fn purposes(names: &[&str]) -> Vec<ExtendedKeyUsage> {
    names.iter().map(|n| n.parse().unwrap()).collect()
}
