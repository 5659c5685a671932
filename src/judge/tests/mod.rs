pub mod certificates;
mod chain;
pub mod lab;
mod limits;
mod names;
mod properties;
