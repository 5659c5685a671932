//! Speed and memory. See docs/performance.md.

mod fill;

use std::path::Path;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["fill", folder, count] => {
            fill::root(Path::new(folder)).and_then(|()| fill::fill(Path::new(folder), count.parse()?, false))
        }
        ["fill", folder, count, "revoked"] => {
            fill::root(Path::new(folder)).and_then(|()| fill::fill(Path::new(folder), count.parse()?, true))
        }
        _ => Err("what?".into()),
    }
}
