//! One walk over the whole inventory, for counting; and what was signed for others or adopted.

use super::StoreError;
use super::record::{AuthorityId, CertificateId, Record, Standing};
use super::sqlite::SqliteTransaction;
use super::sqlite_read::{RECORD, blob, damaged, profile, text, time};
use crate::model::{Reason, Timestamp};
use rusqlite::params;

/// Revocations and the certificates that they are of lie in the same order, so that neither is searched through. The
/// newest event of a serial comes last; it has no reason when it lifted a hold.
const REVOKED: &str = "SELECT c.id, r.reason FROM revocation r
 CROSS JOIN certificate c ON c.issuer = r.issuer AND c.serial = r.serial ORDER BY r.issuer, r.serial, r.event";

impl SqliteTransaction<'_> {
    pub(super) fn read_survey(&self, der: bool, visit: &mut dyn FnMut(Standing<'_>) -> bool) -> Result<(), StoreError> {
        let current = self.read_current()?;
        let revoked = self.read_revoked_marks()?;
        let (column, table) = if der { ("d.der", "JOIN certificate_der d ON d.id = c.id ") } else { ("NULL", "") };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT c.id, c.issuer, c.handle, c.profile, c.not_before, c.not_after, {column}
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
                is_current: current.of(id) != 0,
                revoked: reason_of(revoked.of(id))?,
                der: if der { Some(blob(row, 6)?) } else { None },
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
            marks.set(row.get(0)?, 1);
        }
        Ok(marks)
    }

    /// Why certificates are revoked or on hold: the code of the reason and one.
    fn read_revoked_marks(&self) -> Result<Marks, StoreError> {
        let mut marks = Marks::default();
        let mut statement = self.0.prepare_cached(REVOKED)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let code = row.get::<_, Option<u8>>(1)?;
            marks.set(row.get(0)?, code.map_or(0, |c| c.saturating_add(1)));
        }
        Ok(marks)
    }

    pub(super) fn read_elsewhere(
        &self,
        now: Timestamp,
        visit: &mut dyn FnMut(Record) -> bool,
    ) -> Result<(), StoreError> {
        let not_here = "WHERE c.key_here = 0 AND c.not_after >= ?1 AND h.current = c.id";
        let imported = "WHERE c.handle IN (SELECT handle FROM history WHERE action IN ('recorded', 'completed'))
             AND c.key_here <> 0 AND +c.not_after >= ?1 AND h.current = c.id";
        for which in [not_here, imported] {
            let mut statement = self.0.prepare_cached(&format!("{RECORD}{which} ORDER BY c.not_after, c.id"))?;
            let mut rows = statement.query(params![now.unix()])?;
            while let Some(row) = rows.next()? {
                if !visit(self.record(row)?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn reason_of(mark: u8) -> Result<Option<Reason>, StoreError> {
    match mark.checked_sub(1) {
        None => Ok(None),
        Some(code) => Reason::from_code(code).map(Some).ok_or_else(|| damaged("a reason")),
    }
}

/// An octet for each row number: they are given one after the other, so a million take a megabyte.
#[derive(Default)]
struct Marks(Vec<u8>);

/// More than this is no number that rows here ever get; a damaged inventory must not take all memory.
const MAX_MARK: usize = 1 << 28;

impl Marks {
    fn set(&mut self, id: i64, mark: u8) {
        let Some(at) = usize::try_from(id).ok().filter(|at| *at < MAX_MARK) else { return };
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        if let Some(old) = self.0.get_mut(at) {
            *old = mark;
        }
    }

    fn of(&self, id: i64) -> u8 {
        usize::try_from(id).ok().and_then(|at| self.0.get(at)).copied().unwrap_or(0)
    }
}
