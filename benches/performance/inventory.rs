//! One act in a PKI that has issued many certificates.

use crate::measure::{Taken, cells, head, measure, row};
use crate::{Failure, ROOTLET, fill, openssl};
use std::path::Path;

pub fn table(folder: &Path, sizes: &[u32], runs: usize) -> Result<(), Failure> {
    println!("\n## One act beside many certificates");
    head(&["act", "certificates", "wall", "CPU", "memory", "CPU beside the fewest"]);
    let mut fewest: Vec<(String, Taken)> = Vec::new();
    let mut line = |act: &str, size: u32, taken: Option<Taken>| {
        let first = fewest.iter().find(|f| f.0 == act).map(|f| f.1);
        if let (None, Some(t)) = (first, taken) {
            fewest.push((act.into(), t));
        }
        let mut cells = cells(act, taken, first.or(taken));
        cells.insert(1, size.to_string());
        row(&cells);
    };
    for size in sizes {
        let pki = folder.join(format!("inventory-{size}"));
        fill::root(&pki)?;
        fill::fill(&pki, *size, false)?;
        let acts: [(&str, &dyn Fn(usize) -> String); 5] = [
            ("rootlet server NAME", &|n| format!("server new{n}.scale.test")),
            ("rootlet revoke NAME --no-crl", &|n| format!("revoke h{:07}.scale.test --no-crl", n + 1)),
            ("rootlet show NAME", &|_| "show h0000500.scale.test".into()),
            ("rootlet list --expires-within 1d", &|_| "list --expires-within 1d".into()),
            ("rootlet status", &|_| "status".into()),
        ];
        for (act, words) in acts {
            let command = |n: usize| {
                let words = words(n);
                let words = [ROOTLET, "--pki"]
                    .map(String::from)
                    .into_iter()
                    .chain([pki.display().to_string()])
                    .chain(words.split_whitespace().map(String::from));
                // What is due is no failure here.
                let through = act.ends_with("status").then_some(["sh", "-c", "\"$0\" \"$@\" || [ $? = 3 ]"]);
                through.into_iter().flatten().map(String::from).chain(words).collect()
            };
            line(act, *size, measure(folder, runs, &|_| Ok(()), &command)?);
        }
        std::fs::remove_dir_all(&pki)?;
        let Some(ca) = openssl::ca(folder, *size, false)? else { continue };
        let issue = "openssl ca -config ca.cnf -batch -notext -in l.csr -out l.crt";
        let words = |_| issue.split_whitespace().map(String::from).collect();
        line("openssl ca", *size, measure(&ca, runs.min(5), &|_| openssl::restore(&ca), &words)?);
        std::fs::remove_dir_all(&ca)?;
    }
    Ok(())
}
