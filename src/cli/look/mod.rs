//! What `inspect` says to people: a block for each thing, or a line where there are many.

mod arrangement;
mod block;
mod certificate;
mod crl;
mod line;

pub use arrangement::arrangement;
pub use block::{Style, report, server};
pub use crl::entry;
pub use line::Lines;
