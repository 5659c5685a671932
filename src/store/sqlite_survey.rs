//! One walk over the whole inventory, for counting; and what was signed for others or adopted.

use super::StoreError;
use super::record::{AuthorityId, CertificateId, Record, Standing};
use super::sqlite::SqliteTransaction;
use super::sqlite_read::{RECORD, blob, damaged, profile, text, time};
use crate::model::{Reason, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Row, params};

/// How a certificate stands now: the newest event of its serial, which has no reason when it lifted a hold.
const NEWEST_REASON: &str =
    "(SELECT reason FROM revocation r WHERE r.issuer = c.issuer AND r.serial = c.serial ORDER BY event DESC LIMIT 1)";

impl SqliteTransaction<'_> {
    pub(super) fn read_survey(&self, der: bool, visit: &mut dyn FnMut(Standing<'_>) -> bool) -> Result<(), StoreError> {
        let current = self.read_current()?;
        // Where nothing was ever revoked, nobody needs to look for each.
        let any: bool = self.0.query_row("SELECT EXISTS(SELECT 1 FROM revocation)", [], |r| r.get(0))?;
        let reason = if any { NEWEST_REASON } else { "NULL" };
        let (column, table) = if der { ("d.der", "JOIN certificate_der d ON d.id = c.id ") } else { ("NULL", "") };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT c.id, c.issuer, c.handle, c.profile, c.not_before, c.not_after, {reason}, {column}
             FROM certificate c {table}ORDER BY c.id"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let standing = Standing {
                id: CertificateId(id),
                issuer: AuthorityId(row.get(1)?),
                handle: text(row, 2)?,
                profile: profile(text(row, 3)?)?,
                not_before: time(row.get(4)?)?,
                not_after: time(row.get(5)?)?,
                is_current: current.has(id),
                revoked: reason_of(row, 6)?,
                der: if der { Some(blob(row, 7)?) } else { None },
            };
            if !visit(standing) {
                break;
            }
        }
        Ok(())
    }

    fn read_current(&self) -> Result<Marks, StoreError> {
        let mut marks = Marks::default();
        let mut statement = self.0.prepare_cached("SELECT current FROM holder")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            marks.set(row.get(0)?);
        }
        Ok(marks)
    }

    pub(super) fn read_elsewhere(
        &self,
        now: Timestamp,
        visit: &mut dyn FnMut(Record) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "{RECORD}WHERE c.key_here = 0 AND c.not_after >= ?1 AND h.current = c.id ORDER BY c.not_after, c.id"
        ))?;
        let mut rows = statement.query(params![now.unix()])?;
        while let Some(row) = rows.next()? {
            if !visit(self.record(row)?) {
                break;
            }
        }
        Ok(())
    }
}

fn reason_of(row: &Row<'_>, column: usize) -> Result<Option<Reason>, StoreError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(code) => {
            let reason = u8::try_from(code).ok().and_then(Reason::from_code);
            reason.map(Some).ok_or_else(|| damaged("a reason"))
        }
        _ => Err(damaged("a reason")),
    }
}

/// A set of row numbers, a bit each: they are given one after the other, so a million take 125 kB.
#[derive(Default)]
struct Marks {
    words: Vec<u64>,
}

/// More than this is no number that rows here ever get; a damaged inventory must not take all memory.
const MAX_MARK: i64 = 1 << 32;

impl Marks {
    fn set(&mut self, id: i64) {
        let Some((word, bit)) = place(id) else { return };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(w) = self.words.get_mut(word) {
            *w |= 1 << bit;
        }
    }

    fn has(&self, id: i64) -> bool {
        place(id).and_then(|(word, bit)| self.words.get(word).map(|w| w >> bit & 1 == 1)).unwrap_or(false)
    }
}

fn place(id: i64) -> Option<(usize, u32)> {
    let id = if (0..MAX_MARK).contains(&id) { u64::try_from(id).ok()? } else { return None };
    Some((usize::try_from(id / 64).ok()?, (id % 64) as u32))
}
