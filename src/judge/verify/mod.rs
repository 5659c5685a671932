//! Is this chain good? Path building and validation (RFC 5280 6, RFC 4158), names (RFC 9525), SPIFFE (X509-SVID 5), CRLs
//! (RFC 5280 6.3), under budgets for hostile input, with an answer that says why.
//!
//! A [`Bag`] holds what a path may be built of, [`Crls`] what may speak of revocation, a [`Question`] what is asked.
//! [`verify`] tries one path after the other, the most promising first, and gives a [`Verdict`].

mod bag;
mod crls;
mod end;
mod policies;
mod question;
mod refusal;
mod scope;
mod search;
mod software;
mod steps;
mod strict;
mod verdict;
mod whole;
mod work;

pub use bag::{Bag, Place};
pub use crls::{CrlProblem, Crls};
pub use question::{Budgets, Purpose, Question};
pub use refusal::{CrlFault, Refusal};
pub(super) use scope::check_kind;
pub use steps::{Step, steps};
pub use verdict::{Outcome, Status, Tried, Verdict, verify};

#[cfg(test)]
mod tests;
