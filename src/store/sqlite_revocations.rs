//! How serials stand, and what CRLs say of them.

use super::StoreError;
use super::record::{AuthorityId, Change, CrlRecord, Revocation};
use super::sqlite::SqliteTransaction;
use super::sqlite_read::{blob, damaged, digest, optional_time, serial, time};
use crate::model::{Reason, Serial, Timestamp};
use rusqlite::{Row, ToSql, params};

/// The columns that [`crl`] reads.
const CRL: &str = "SELECT number, this_update, next_update, entries, last_event, sha256, follows FROM crl ";

/// What a CRL has told of: whatever it listed although it was expired then has been seen often enough (RFC 5280 5).
struct Told {
    at: i64,
    event: i64,
}

impl Told {
    fn by(crl: Option<&CrlRecord>) -> Self {
        crl.map_or(Told { at: i64::MIN, event: 0 }, |c| Told { at: c.this_update.unix(), event: c.last_event })
    }

    /// Whether an event is still to be listed.
    fn leaves_listed(&self, not_after: i64, event: i64) -> bool {
        not_after >= self.at || event > self.event
    }
}

impl SqliteTransaction<'_> {
    /// How a serial stands: its newest event, unless that lifted a hold.
    pub(super) fn read_revocation(
        &self,
        issuer: AuthorityId,
        number: &Serial,
    ) -> Result<Option<Revocation>, StoreError> {
        // Events and CRLs are numbered as they come: the first CRL that knows an event is the next one in that order.
        let mut statement = self.0.prepare_cached(
            "SELECT at, reason, invalidity_date, event,
               (SELECT number FROM crl WHERE crl.issuer = r.issuer AND crl.last_event >= r.event
                ORDER BY crl.last_event, crl.number LIMIT 1)
             FROM revocation r WHERE issuer = ?1 AND serial = ?2 ORDER BY event DESC LIMIT 1",
        )?;
        let mut rows = statement.query(params![issuer.0, number.as_bytes()])?;
        match rows.next()? {
            Some(row) => {
                let first = row.get::<_, Option<i64>>(4)?.and_then(|n| u64::try_from(n).ok());
                Ok(revocation(*number, row)?.map(|r| Revocation { crl_number: first, ..r }))
            }
            None => Ok(None),
        }
    }

    /// When the newest event of a serial lifted a hold.
    pub(super) fn read_released_at(
        &self,
        issuer: AuthorityId,
        number: &Serial,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT at, reason IS NULL FROM revocation WHERE issuer = ?1 AND serial = ?2 ORDER BY event DESC LIMIT 1",
        )?;
        let mut rows = statement.query(params![issuer.0, number.as_bytes()])?;
        match rows.next()? {
            Some(row) if row.get(1)? => time(row.get(0)?).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn read_revoked(
        &self,
        issuer: AuthorityId,
        visit: &mut dyn FnMut(Revocation),
    ) -> Result<(), StoreError> {
        let told = Told::by(self.read_last_crl(issuer)?.as_ref());
        let mut statement = self.0.prepare_cached(
            "SELECT at, reason, invalidity_date, event, not_after, serial FROM revocation
             WHERE issuer = ?1 ORDER BY serial, event",
        )?;
        let mut rows = statement.query([issuer.0])?;
        // The events of a serial follow each other; the last one counts, and none when it lifted a hold.
        let mut newest: Option<(Serial, Option<Revocation>)> = None;
        while let Some(row) = rows.next()? {
            let number = serial(blob(row, 5)?)?;
            if newest.as_ref().is_some_and(|(n, _)| *n != number)
                && let Some((_, Some(r))) = newest.take()
            {
                visit(r);
            }
            newest = Some((number, listed(&told, number, row)?));
        }
        if let Some((_, Some(r))) = newest {
            visit(r);
        }
        Ok(())
    }

    pub(super) fn read_changes(&self, since: &CrlRecord, most: usize) -> Result<Option<Vec<Change>>, StoreError> {
        let Some(follows) = since.follows else { return Ok(None) };
        let (issuer, told) = (since.issuer, Told::by(Some(since)));
        let most = i64::try_from(most).unwrap_or(i64::MAX - 1);
        let mut before = Told::by(self.read_crl(issuer, follows)?.as_ref());
        if told.event - before.event > most {
            // Among so many events, those of certificates that were expired already are found by their end.
            before = Told { at: i64::MIN, event: told.event };
        }
        // What was told since, and what the CRL listed of certificates that had ended: those that ended since the one
        // before it, and those that were revoked since although they had ended. SQLite would rather walk everything than
        // sort, so it is told which index to use, and the serials are sorted here.
        let told_since = self.read_serials(
            "INDEXED BY revocation_event WHERE issuer = ?1 AND event > ?2 AND (event > ?3 OR not_after < ?4) LIMIT ?5",
            params![issuer.0, before.event, told.event, told.at, most + 1],
        )?;
        let ended_since = self.read_serials(
            "INDEXED BY revocation_end WHERE issuer = ?1 AND not_after >= ?2 AND not_after < ?3 LIMIT ?4",
            params![issuer.0, before.at, told.at, most + 1],
        )?;
        // Events are counted, not serials: a list that was cut short may name one serial again and again.
        if told_since.len().max(ended_since.len()) as i64 > most {
            return Ok(None);
        }
        let mut serials = [told_since, ended_since].concat();
        serials.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        serials.dedup();
        let mut newest = self.0.prepare_cached(
            "SELECT at, reason, invalidity_date, event, not_after FROM revocation
             WHERE issuer = ?1 AND serial = ?2 ORDER BY event DESC LIMIT 1",
        )?;
        let mut all = Vec::with_capacity(serials.len());
        for number in serials {
            let now = newest.query_row(params![issuer.0, number.as_bytes()], |r| Ok(listed(&told, number, r)))??;
            all.push((number, now));
        }
        Ok(Some(all))
    }

    fn read_serials(&self, clause: &str, parameters: &[&dyn ToSql]) -> Result<Vec<Serial>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("SELECT serial FROM revocation {clause}"))?;
        let mut rows = statement.query(parameters)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(serial(blob(row, 0)?)?);
        }
        Ok(all)
    }

    pub(super) fn read_last_crl(&self, issuer: AuthorityId) -> Result<Option<CrlRecord>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("{CRL} WHERE issuer = ?1 ORDER BY number DESC LIMIT 1"))?;
        let mut rows = statement.query([issuer.0])?;
        rows.next()?.map(|row| crl(issuer, row)).transpose()
    }

    fn read_crl(&self, issuer: AuthorityId, number: u64) -> Result<Option<CrlRecord>, StoreError> {
        let number = i64::try_from(number).map_err(|_| damaged("a CRL number"))?;
        let mut statement = self.0.prepare_cached(&format!("{CRL} WHERE issuer = ?1 AND number = ?2"))?;
        let mut rows = statement.query([issuer.0, number])?;
        rows.next()?.map(|row| crl(issuer, row)).transpose()
    }

    pub(super) fn read_crls(
        &self,
        issuer: AuthorityId,
        visit: &mut dyn FnMut(CrlRecord) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(&format!("{CRL} WHERE issuer = ?1 ORDER BY number"))?;
        let mut rows = statement.query([issuer.0])?;
        while let Some(row) = rows.next()? {
            if !visit(crl(issuer, row)?) {
                break;
            }
        }
        Ok(())
    }
}

fn crl(issuer: AuthorityId, row: &Row<'_>) -> Result<CrlRecord, StoreError> {
    let number = |n: i64| u64::try_from(n).map_err(|_| damaged("a CRL number"));
    Ok(CrlRecord {
        issuer,
        number: number(row.get(0)?)?,
        this_update: time(row.get(1)?)?,
        next_update: time(row.get(2)?)?,
        entries: u64::try_from(row.get::<_, i64>(3)?).map_err(|_| damaged("a count"))?,
        last_event: row.get(4)?,
        sha256: digest(blob(row, 5)?)?,
        follows: row.get::<_, Option<i64>>(6)?.map(number).transpose()?,
    })
}

/// What the next CRL says of the newest event of a serial: at, reason, invalidity_date, event, not_after.
fn listed(told: &Told, serial: Serial, row: &Row<'_>) -> Result<Option<Revocation>, StoreError> {
    if told.leaves_listed(row.get(4)?, row.get(3)?) { revocation(serial, row) } else { Ok(None) }
}

/// An event: at, reason, invalidity_date, event. `None` for the release of a hold.
fn revocation(serial: Serial, row: &Row<'_>) -> Result<Option<Revocation>, StoreError> {
    let Some(code) = row.get::<_, Option<u8>>(1)? else { return Ok(None) };
    Ok(Some(Revocation {
        serial,
        at: time(row.get(0)?)?,
        reason: Reason::from_code(code).ok_or_else(|| damaged("a reason"))?,
        invalidity_date: optional_time(row, 2)?,
        event: row.get(3)?,
        crl_number: None,
    }))
}
