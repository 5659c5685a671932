use std::fmt;

/// So many permitted subtrees are listed in a sentence.
const LISTED: usize = 3;

/// How a certificate's names break the name constraints of a CA above it (RFC 5280 4.2.1.10).
///
/// Names and constraints are written `type:value`, networks as CIDR, escaped for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameViolation {
    /// Names of this type are constrained, and this one is in none of the permitted subtrees.
    #[error("`{name}` is outside the permitted {permitted}")]
    OutsidePermitted {
        /// The name.
        name: String,
        /// The permitted subtrees of its type.
        permitted: PermittedList,
    },
    /// The name, or for a wildcard one of the names that it stands for, is in an excluded subtree.
    #[error("`{name}` is inside the excluded `{excluded}`")]
    InsideExcluded {
        /// The name.
        name: String,
        /// The excluded subtree.
        excluded: String,
    },
    /// Names of this type are constrained, and this one cannot be compared with anything.
    #[error("`{name}` cannot be compared with the constraint `{constraint}`: {problem}")]
    UnreadableName {
        /// The name.
        name: String,
        /// The first constraint on its type.
        constraint: String,
        /// What is wrong with the name.
        problem: &'static str,
    },
    /// Names of this type are constrained in a way that is not understood here.
    #[error("there is a constraint on names of type `{kind}`, which cannot be checked, and there is such a name")]
    UnknownType {
        /// The type's name in the standard.
        kind: &'static str,
    },
    /// A constraint that says nothing; it cannot be obeyed.
    #[error("the constraint `{constraint}` is malformed: {problem}")]
    MalformedConstraint {
        /// The constraint.
        constraint: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The extension holds neither permitted nor excluded subtrees.
    #[error("the name constraints are empty")]
    Empty,
    /// Names times constraints are more than is compared.
    #[error("names and constraints would take more than {most} comparisons")]
    TooMany {
        /// The bound.
        most: usize,
    },
}

impl NameViolation {
    /// What would mend it.
    pub fn remedy(&self) -> &'static str {
        match self {
            NameViolation::OutsidePermitted { .. } | NameViolation::InsideExcluded { .. } => {
                "issue it with names that the CA permits, or below another CA"
            }
            NameViolation::UnreadableName { .. } => {
                "issue it anew, with names that can be compared, or below a CA without constraints on that type"
            }
            NameViolation::MalformedConstraint { .. } | NameViolation::Empty => {
                "no name of the certificate mends it: issue the CA anew, with name constraints as the standard has them"
            }
            NameViolation::UnknownType { .. } => {
                "issue it without that name, or below a CA that constrains no names of that type"
            }
            NameViolation::TooMany { .. } => "issue it with fewer names, or below a CA with fewer constraints",
        }
    }
}

/// The permitted subtrees that a name is in none of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermittedList {
    shown: Vec<String>,
    more: usize,
}

impl PermittedList {
    pub(super) fn of(all: impl Iterator<Item = String>) -> Self {
        let mut all = all;
        let shown: Vec<String> = all.by_ref().take(LISTED).collect();
        PermittedList { shown, more: all.count() }
    }
}

impl fmt::Display for PermittedList {
    /// "`dns:a`, `dns:b`, `dns:c` and 4 more".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, subtree) in self.shown.iter().enumerate() {
            write!(f, "{}`{subtree}`", if i == 0 { "" } else { ", " })?;
        }
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}
