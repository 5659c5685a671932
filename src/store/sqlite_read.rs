use super::StoreError;
use super::record::{
    Authority, AuthorityId, CertificateId, CertificateRequest, Delivery, Event, Holder, KeyPlace, Record,
};
use super::sqlite::SqliteTransaction;
use crate::model::{Handle, Profile, Serial, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, ToSql, params};
use std::path::Path;

/// The columns that [`record`] reads.
pub(super) const RECORD: &str =
    "SELECT c.id, c.issuer, a.handle, c.serial, c.handle, c.profile, c.not_before, c.not_after,
 c.spki_sha256, c.predecessor, c.recorded_at, h.current = c.id, d.der, c.key_here
 FROM certificate c JOIN authority a ON a.id = c.issuer JOIN holder h ON h.handle = c.handle
 JOIN certificate_der d ON d.id = c.id ";

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.into())
}

fn handle(text: &str) -> Result<Handle, StoreError> {
    text.parse().map_err(|_| damaged("a handle"))
}

pub(super) fn profile(text: &str) -> Result<Profile, StoreError> {
    text.parse().map_err(|_| damaged("a profile"))
}

pub(super) fn time(seconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_unix(seconds).map_err(|_| damaged("a time"))
}

pub(super) fn serial(bytes: &[u8]) -> Result<Serial, StoreError> {
    Serial::from_unsigned(bytes).map_err(|_| damaged("a serial"))
}

pub(super) fn digest(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| damaged("a digest"))
}

pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    row.get_ref(column)?.as_str().map_err(|_| damaged("a text"))
}

pub(super) fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], StoreError> {
    row.get_ref(column)?.as_blob().map_err(|_| damaged("bytes"))
}

fn key_place(name: &str) -> Result<KeyPlace, StoreError> {
    KeyPlace::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| damaged("the place of a key"))
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, StoreError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(seconds) => time(seconds).map(Some),
        _ => Err(damaged("a time")),
    }
}

impl SqliteTransaction<'_> {
    pub(super) fn record(&self, row: &Row<'_>) -> Result<Record, StoreError> {
        let mut record = Record {
            id: CertificateId(row.get(0)?),
            issuer: AuthorityId(row.get(1)?),
            issuer_handle: handle(text(row, 2)?)?,
            serial: serial(blob(row, 3)?)?,
            handle: handle(text(row, 4)?)?,
            profile: profile(text(row, 5)?)?,
            not_before: time(row.get(6)?)?,
            not_after: time(row.get(7)?)?,
            spki_sha256: digest(blob(row, 8)?)?,
            predecessor: row.get::<_, Option<i64>>(9)?.map(CertificateId),
            recorded_at: time(row.get(10)?)?,
            key_here: row.get(13)?,
            is_current: row.get(11)?,
            revocation: None,
            der: blob(row, 12)?.to_vec(),
        };
        record.revocation = self.read_revocation(record.issuer, &record.serial)?;
        Ok(record)
    }

    fn records(&self, clause: &str, parameters: &[&dyn ToSql]) -> Result<Vec<Record>, StoreError> {
        let mut all = Vec::new();
        let mut statement = self.0.prepare_cached(&format!("{RECORD}{clause}"))?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            all.push(self.record(row)?);
        }
        Ok(all)
    }

    pub(super) fn read_holder(&self, name: &Handle) -> Result<Option<Holder>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT identity, profile, current, manifest FROM holder WHERE handle = ?1")?;
        let mut rows = statement.query([name.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Holder {
            handle: name.clone(),
            identity: text(row, 0)?.into(),
            profile: profile(text(row, 1)?)?,
            current: CertificateId(row.get(2)?),
            manifest: row.get(3)?,
        }))
    }

    pub(super) fn read_authorities(&self) -> Result<Vec<Authority>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, handle, generation, certificate, past_known, key_place FROM authority
             WHERE certificate IS NOT NULL ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let id = CertificateId(row.get(3)?);
            all.push(Authority {
                id: AuthorityId(row.get(0)?),
                handle: handle(text(row, 1)?)?,
                generation: row.get(2)?,
                past_known: row.get(4)?,
                key_place: key_place(text(row, 5)?)?,
                certificate: self.read_certificate(id)?.ok_or_else(|| damaged("a CA without certificate"))?,
            });
        }
        Ok(all)
    }

    pub(super) fn read_requests(
        &self,
        clause: &str,
        parameters: &[&dyn ToSql],
    ) -> Result<Vec<CertificateRequest>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT handle, identity, profile, spki_sha256, csr, recorded_at FROM request {clause}"
        ))?;
        let mut rows = statement.query(parameters)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(CertificateRequest {
                handle: handle(text(row, 0)?)?,
                identity: text(row, 1)?.into(),
                profile: profile(text(row, 2)?)?,
                spki_sha256: digest(blob(row, 3)?)?,
                csr: blob(row, 4)?.to_vec(),
                recorded_at: time(row.get(5)?)?,
            });
        }
        Ok(all)
    }

    pub(super) fn read_certificate(&self, id: CertificateId) -> Result<Option<Record>, StoreError> {
        Ok(self.records("WHERE c.id = ?1", &[&id.0])?.pop())
    }

    pub(super) fn read_with_serial(&self, number: &Serial) -> Result<Vec<Record>, StoreError> {
        self.records("WHERE c.serial = ?1 ORDER BY c.id", &[&number.as_bytes()])
    }

    pub(super) fn read_with_key(&self, spki_sha256: &[u8; 32]) -> Result<Vec<Record>, StoreError> {
        self.records("WHERE c.spki_sha256 = ?1 ORDER BY c.id", &[&&spki_sha256[..]])
    }

    pub(super) fn read_due(&self, now: Timestamp, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError> {
        let mut statement = self
            .0
            .prepare_cached(&format!("{RECORD}WHERE h.current = c.id AND h.due_at < ?1 ORDER BY h.due_at, c.handle"))?;
        let mut rows = statement.query([now.unix()])?;
        while let Some(row) = rows.next()? {
            if !visit(self.record(row)?) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn read_next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT min(due_at) FROM holder WHERE due_at >= ?1")?;
        let at: Option<i64> = statement.query_row([now.unix()], |r| r.get(0))?;
        // One is due when that second is over.
        at.map(|at| time(at).map(|t| t.plus(1))).transpose()
    }

    pub(super) fn read_signs_leaves(&self, issuer: AuthorityId) -> Result<bool, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT EXISTS(SELECT 1 FROM certificate WHERE issuer = ?1 AND profile NOT IN ('root', 'intermediate'))",
        )?;
        Ok(statement.query_row([issuer.0], |r| r.get(0))?)
    }

    pub(super) fn read_last_event(&self, issuer: AuthorityId) -> Result<i64, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT max(event) FROM revocation WHERE issuer = ?1")?;
        Ok(statement.query_row([issuer.0], |r| r.get::<_, Option<i64>>(0))?.unwrap_or(0))
    }

    pub(super) fn read_acts(
        &self,
        name: Option<&Handle>,
        since: Option<Timestamp>,
        visit: &mut dyn FnMut(Event) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT at, action, handle, detail FROM history
             WHERE (?1 IS NULL OR handle = ?1) AND (?2 IS NULL OR at >= ?2) ORDER BY id",
        )?;
        let mut rows = statement.query(params![name.map(Handle::as_str), since.map(Timestamp::unix)])?;
        while let Some(row) = rows.next()? {
            if !visit(event(row)?) {
                break;
            }
        }
        Ok(())
    }

    /// The newest time that the inventory knows of.
    pub(super) fn read_newest_act(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT max(at) FROM history WHERE id > (SELECT max(id) - 64 FROM history)")?;
        statement.query_row([], |r| r.get::<_, Option<i64>>(0))?.map(time).transpose()
    }

    pub(super) fn read_integrity(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.0.prepare("PRAGMA integrity_check(20)")?;
        let rows = statement.query_map([], |r| r.get::<_, String>(0))?;
        let found: Vec<String> = rows.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    pub(super) fn read_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT key_identifier, barred_at IS NOT NULL FROM public_key WHERE spki_sha256 = ?1")?;
        Ok(statement.query_row([&spki_sha256[..]], |r| Ok((r.get(0)?, r.get(1)?))).optional()?)
    }

    pub(super) fn read_deliveries(&self, name: &Handle) -> Result<Vec<Delivery>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT folder, owner, key_mode, declared FROM delivery WHERE handle = ?1 ORDER BY folder",
        )?;
        let rows = statement.query_map([name.as_str()], |r| {
            let folder: String = r.get(0)?;
            Ok(Delivery { folder: folder.into(), owner: r.get(1)?, key_mode: r.get(2)?, declared: r.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn read_is_delivery_due(&self, handle: &Handle) -> Result<bool, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT 1 FROM delivery WHERE handle = ?1 AND due")?;
        Ok(statement.exists([handle.as_str()])?)
    }

    pub(super) fn read_due_deliveries(&self) -> Result<Vec<Handle>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT DISTINCT handle FROM delivery WHERE due ORDER BY handle")?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(handle(text(row, 0)?)?);
        }
        Ok(all)
    }

    pub(super) fn read_owed_commands(&self) -> Result<Vec<(Handle, String)>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT handle, command FROM owed_command ORDER BY handle")?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((handle(text(row, 0)?)?, row.get(1)?));
        }
        Ok(all)
    }

    pub(super) fn read_history(&self, limit: usize) -> Result<Vec<Event>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT at, action, handle, detail FROM history ORDER BY id DESC LIMIT ?1")?;
        let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(event(row)?);
        }
        all.reverse();
        Ok(all)
    }

    pub(super) fn read_delivered_to(&self, folder: &Path) -> Result<Option<Handle>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT handle FROM delivery WHERE folder = ?1")?;
        let mut rows = statement.query([folder.to_string_lossy()])?;
        match rows.next()? {
            Some(row) => handle(text(row, 0)?).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn read_flag(&self, name: &str) -> Result<i64, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT value FROM flag WHERE name = ?1")?;
        Ok(statement.query_row([name], |r| r.get::<_, i64>(0)).optional()?.unwrap_or(0))
    }
}

fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event { at: time(row.get(0)?)?, action: row.get(1)?, handle: row.get(2)?, detail: row.get(3)? })
}
