mod certificates;
mod chain;
mod lab;
mod limits;
mod names;
mod properties;
