use super::block::Block;
use super::certificate::distance;
use rootlet::judge::inspect::{CrlReport, Currency, EntryReport};

/// Entries that are shown, unless all are asked for.
const MAX_ENTRIES: usize = 10;

pub fn crl(block: &mut Block, c: &CrlReport<'_>) {
    block.add("issuer", &c.issuer);
    block.add("number", &c.crl_number.map(|n| n.to_string()).or_else(|| c.crl_number_hex.clone()).unwrap_or_default());
    block.add("issued", &c.this_update.to_string());
    block.add("next", &c.next_update.map_or_else(|| "not said".into(), |t| t.to_string()));
    let now = block.now();
    match (c.status, c.next_update) {
        (Currency::Overdue, Some(next)) => block.mark(&format!("overdue for {}", distance(now, next))),
        (Currency::NotYetValid, _) => block.mark(&format!("issued in the future, in {}", distance(now, c.this_update))),
        (_, Some(next)) => block.add("", &format!("due in {}", distance(now, next))),
        _ => {}
    }
    block.add("signed with", &c.signature_algorithm);
    block.add("issuer key id", c.authority_key_id.as_deref().unwrap_or_default());
    block.add("size", &format!("{} bytes", c.bytes));
    block.add("SHA-256", &c.fingerprint_sha256);
    let shown = ["cRLNumber", "authorityKeyIdentifier"];
    block.extensions(c.extensions.iter().filter(|e| e.malformed || !e.name.is_some_and(|n| shown.contains(&n))));
    block.add("entries", &c.entry_count.to_string());
    block.list("", c.reasons.iter().map(|(reason, n)| format!("{n} {reason}")));
    block.add("newest", &c.newest.map(|t| t.to_string()).unwrap_or_default());
    if c.other_critical > 0 {
        let n = c.other_critical;
        block
            .mark(&format!("{n} entries have critical extensions that are unknown here, so validators refuse the CRL"));
    }
    if let Some(problem) = &c.problem {
        block.mark(problem);
    }
    block.findings(&c.findings);
    if let Some(lookup) = &c.lookup {
        match &lookup.entry {
            Some(e) => block.add("listed", &entry(e)),
            None => block.add("not listed", &lookup.serial),
        }
        return;
    }
    // With everything asked for, the entries follow one by one.
    if !block.all() {
        c.entries().take(MAX_ENTRIES).for_each(|e| block.add("revoked", &entry(&e)));
        if c.entry_count > MAX_ENTRIES as u64 {
            block.add("", &format!("and {} more (--all shows them)", c.entry_count - MAX_ENTRIES as u64));
        }
    }
}

/// An entry in one line.
pub fn entry(e: &EntryReport) -> String {
    let since = e.invalidity_date.map(|t| format!(", key suspect since {t}")).unwrap_or_default();
    format!("{}  {}  {}{since}", e.serial, e.at, e.reason)
}
