use rootlet::judge::inspect::{Arranged, Arrangement, Issuance};

/// How the things of a file belong together: lines, none where there is nothing to say.
pub fn arrangement(a: &Arrangement) -> String {
    let mut lines = Vec::new();
    let proven = |p: &Arranged| p.signature == Issuance::Good;
    let mut roots = a.certificates.iter().filter(|p| p.is_root() && p.copy_of.is_none());
    match a.in_order {
        Some(true) => {
            let last = a.certificates.last();
            let end = match last {
                Some(p) if p.is_root() => format!("; {} is the root", p.number),
                Some(p) => format!("; who signed {} is not here", p.number),
                None => String::new(),
            };
            lines.push(format!("in order: each certificate is signed by the next{end}"));
        }
        Some(false) if a.certificates.iter().all(Arranged::is_root) => {
            lines.push("each certificate is a root of its own".into());
        }
        Some(false) => {
            lines.push("no chain in order:".into());
            for p in &a.certificates {
                lines.push(match p.signed_by {
                    _ if p.is_root() => format!("  {} signed itself", p.number),
                    Some(n) if proven(p) => format!("  {} is signed by {n}", p.number),
                    Some(n) if p.signature == Issuance::Unchecked => {
                        format!("  {} names {n}, with a signature that cannot be checked here", p.number)
                    }
                    Some(n) => format!("  ! {} names {n} as its issuer, and is not signed by it", p.number),
                    None => format!("  {}: its issuer is not here", p.number),
                });
            }
        }
        None => {}
    }
    if a.in_order.is_none() {
        for p in a.certificates.iter().filter(|p| p.signature == Issuance::Bad) {
            lines.push(format!("! {} names itself as its issuer, and did not sign itself", p.number));
        }
    }
    if a.in_order == Some(false) && roots.next().is_none() && !a.certificates.is_empty() {
        lines.push("no root is here".into());
    }
    for p in &a.certificates {
        if let Some(first) = p.copy_of {
            lines.push(format!("! {} is a copy of {first}", p.number));
        }
    }
    for k in &a.keys {
        lines.push(match k.certificate {
            Some(n) => format!("the private key {} belongs to certificate {n}", k.number),
            None if a.certificates.is_empty() => continue,
            None => format!("! the private key {} belongs to no certificate here", k.number),
        });
    }
    lines.iter().map(|l| l.clone() + "\n").collect()
}
