pub mod certificates;
mod chain;
mod forest;
pub mod lab;
mod limits;
mod names;
mod properties;
