mod certificates;
mod chain;
mod forest;
mod lab;
mod limits;
mod names;
mod properties;
