use super::record::{
    Authority, AuthorityId, CertificateId, CertificateRequest, Change, CrlRecord, Delivery, Event, Filter, Holder,
    KeyPlace, NewAuthority, NewCertificate, NewRevocation, Record, Revocation, Standing,
};
use super::sqlite::SqliteTransaction;
use super::{StoreError, Transaction};
use crate::model::{Handle, Serial, Timestamp, Window};
use rusqlite::{ErrorCode, params};
use std::path::Path;

/// Changes that `public/` has to show are counted; so is the last one that it shows.
const CHANGED: &str = "changed";
const PUBLISHED: &str = "published";

impl Transaction for SqliteTransaction<'_> {
    fn holder(&self, handle: &Handle) -> Result<Option<Holder>, StoreError> {
        self.read_holder(handle)
    }

    fn request(&self, handle: &Handle) -> Result<Option<CertificateRequest>, StoreError> {
        Ok(self.read_requests("WHERE handle = ?1", &[&handle.as_str()])?.pop())
    }

    fn request_with_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRequest>, StoreError> {
        let key = &&spki_sha256[..];
        Ok(self.read_requests("WHERE spki_sha256 = ?1 ORDER BY handle LIMIT 1", &[key])?.pop())
    }

    fn requests(&self) -> Result<Vec<CertificateRequest>, StoreError> {
        self.read_requests("ORDER BY handle", &[])
    }

    fn authorities(&self) -> Result<Vec<Authority>, StoreError> {
        self.read_authorities()
    }

    fn certificate(&self, id: CertificateId) -> Result<Option<Record>, StoreError> {
        self.read_certificate(id)
    }

    fn is_revoked(&self, issuer: AuthorityId, serial: &Serial) -> Result<bool, StoreError> {
        Ok(self.read_revocation(issuer, serial)?.is_some())
    }

    fn revocation(&self, issuer: AuthorityId, serial: &Serial) -> Result<Option<Revocation>, StoreError> {
        self.read_revocation(issuer, serial)
    }

    fn released_at(&self, issuer: AuthorityId, serial: &Serial) -> Result<Option<Timestamp>, StoreError> {
        self.read_released_at(issuer, serial)
    }

    fn with_serial(&self, serial: &Serial) -> Result<Vec<Record>, StoreError> {
        self.read_with_serial(serial)
    }

    fn with_key(&self, spki_sha256: &[u8; 32]) -> Result<Vec<Record>, StoreError> {
        self.read_with_key(spki_sha256)
    }

    fn walk(&self, filter: &Filter, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError> {
        self.read_walk(filter, visit)
    }

    fn survey(&self, der: bool, visit: &mut dyn FnMut(Standing<'_>) -> bool) -> Result<(), StoreError> {
        self.read_survey(der, visit)
    }

    fn elsewhere(&self, now: Timestamp, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError> {
        self.read_elsewhere(now, visit)
    }

    fn due(&self, now: Timestamp, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError> {
        self.read_due(now, visit)
    }

    fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read_next_due(now)
    }

    fn signs_leaves(&self, issuer: AuthorityId) -> Result<bool, StoreError> {
        self.read_signs_leaves(issuer)
    }

    fn revoked(&self, issuer: AuthorityId, visit: &mut dyn FnMut(Revocation)) -> Result<(), StoreError> {
        self.read_revoked(issuer, visit)
    }

    fn changes(&self, since: &CrlRecord, most: usize) -> Result<Option<Vec<Change>>, StoreError> {
        self.read_changes(since, most)
    }

    fn last_crl(&self, issuer: AuthorityId) -> Result<Option<CrlRecord>, StoreError> {
        self.read_last_crl(issuer)
    }

    fn last_event(&self, issuer: AuthorityId) -> Result<i64, StoreError> {
        self.read_last_event(issuer)
    }

    fn is_barred(&self, spki_sha256: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.read_key(spki_sha256)?.is_some_and(|(_, barred)| barred))
    }

    fn key_identifier(&self, spki_sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read_key(spki_sha256)?.map(|(id, _)| id).filter(|id| !id.is_empty()))
    }

    fn deliveries(&self, handle: &Handle) -> Result<Vec<Delivery>, StoreError> {
        self.read_deliveries(handle)
    }

    fn is_delivery_due(&self, handle: &Handle) -> Result<bool, StoreError> {
        self.read_is_delivery_due(handle)
    }

    fn due_deliveries(&self) -> Result<Vec<Handle>, StoreError> {
        self.read_due_deliveries()
    }

    fn owed_commands(&self) -> Result<Vec<(Handle, String)>, StoreError> {
        self.read_owed_commands()
    }

    fn history(&self, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.read_history(limit)
    }

    fn acts(
        &self,
        handle: Option<&Handle>,
        since: Option<Timestamp>,
        visit: &mut dyn FnMut(Event) -> bool,
    ) -> Result<(), StoreError> {
        self.read_acts(handle, since, visit)
    }

    fn newest_act(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read_newest_act()
    }

    fn crls(&self, issuer: AuthorityId, visit: &mut dyn FnMut(CrlRecord) -> bool) -> Result<(), StoreError> {
        self.read_crls(issuer, visit)
    }

    fn integrity(&self) -> Result<Vec<String>, StoreError> {
        self.read_integrity()
    }

    fn unpublished(&self) -> Result<Option<i64>, StoreError> {
        let (changed, published) = (self.read_flag(CHANGED)?, self.read_flag(PUBLISHED)?);
        Ok((changed != published).then_some(changed))
    }

    fn delivered_to(&self, folder: &Path) -> Result<Option<Handle>, StoreError> {
        self.read_delivered_to(folder)
    }

    fn add_authority(&self, new: &NewAuthority) -> Result<AuthorityId, StoreError> {
        let db = self.writable()?;
        let mut statement = db.prepare_cached("INSERT INTO authority(handle, generation) VALUES(?1, ?2)")?;
        statement.execute(params![new.handle.as_str(), new.generation])?;
        Ok(AuthorityId(db.last_insert_rowid()))
    }

    fn set_past_known(&self, authority: AuthorityId, known: bool) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("UPDATE authority SET past_known = ?2 WHERE id = ?1")?
            .execute(params![authority.0, known])?;
        Ok(())
    }

    fn set_key_place(&self, authority: AuthorityId, place: KeyPlace) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("UPDATE authority SET key_place = ?2 WHERE id = ?1")?
            .execute(params![authority.0, place.name()])?;
        Ok(())
    }

    fn put_request(&self, request: &CertificateRequest) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached(
            "INSERT OR REPLACE INTO request(handle, identity, profile, spki_sha256, csr, recorded_at)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            request.handle.as_str(),
            request.identity,
            request.profile.name(),
            &request.spki_sha256[..],
            &request.csr[..],
            request.recorded_at.unix(),
        ])?;
        Ok(())
    }

    fn remove_request(&self, handle: &Handle) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("DELETE FROM request WHERE handle = ?1")?.execute([handle.as_str()])?;
        Ok(())
    }

    fn record(&self, new: &NewCertificate) -> Result<CertificateId, StoreError> {
        let db = self.writable()?;
        let inserted = db
            .prepare_cached(
                "INSERT INTO certificate(issuer, serial, handle, profile, not_before, not_after, spki_sha256,
                 predecessor, recorded_at, key_here) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                new.issuer.0,
                new.serial.as_bytes(),
                new.handle.as_str(),
                new.profile.name(),
                new.not_before.unix(),
                new.not_after.unix(),
                &new.spki_sha256[..],
                new.predecessor.map(|p| p.0),
                new.recorded_at.unix(),
                new.key_here,
            ]);
        match inserted {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Err(StoreError::SerialTaken { serial: new.serial.to_string() });
            }
            other => other?,
        };
        let id = db.last_insert_rowid();
        db.prepare_cached("INSERT INTO certificate_der(id, der) VALUES(?1, ?2)")?.execute(params![id, &new.der[..]])?;
        db.prepare_cached(
            "INSERT INTO holder(handle, identity, profile, current, due_at) VALUES(?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT(handle) DO UPDATE
                 SET profile = excluded.profile, current = excluded.current, due_at = excluded.due_at",
        )?
        .execute(params![new.handle.as_str(), new.identity, new.profile.name(), id, due_at(new)])?;
        db
            .prepare_cached("INSERT INTO public_key(spki_sha256, key_identifier) VALUES(?1, ?2)
                 ON CONFLICT(spki_sha256) DO UPDATE SET key_identifier = excluded.key_identifier WHERE key_identifier = x''")?
            .execute(params![&new.spki_sha256[..], &new.subject_key_id[..]])?;
        if let Some(authority) = new.authority {
            db.prepare_cached("UPDATE authority SET certificate = ?1 WHERE id = ?2")?
                .execute(params![id, authority.0])?;
        }
        Ok(CertificateId(id))
    }

    fn set_manifest(&self, handle: &Handle, id: &str) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("UPDATE holder SET manifest = ?2 WHERE handle = ?1")?
            .execute(params![handle.as_str(), id])?;
        Ok(())
    }

    fn revoke(&self, new: &NewRevocation) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached(
            "INSERT INTO revocation(issuer, serial, event, not_after, at, reason, invalidity_date)
             VALUES(?1, ?2, (SELECT coalesce(max(event), 0) + 1 FROM revocation WHERE issuer = ?1), ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            new.issuer.0,
            new.serial.as_bytes(),
            new.not_after.unix(),
            new.at.unix(),
            new.reason.map(|r| r.code()),
            new.invalidity_date.map(Timestamp::unix),
        ])?;
        Ok(())
    }

    fn record_crl(&self, crl: &CrlRecord) -> Result<(), StoreError> {
        let db = self.writable()?;
        let signed = |n: u64| i64::try_from(n).map_err(|_| StoreError::Damaged("a number beyond 63 bits".into()));
        db.prepare_cached(
            "INSERT INTO crl(issuer, number, this_update, next_update, entries, last_event, sha256, follows)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            crl.issuer.0,
            signed(crl.number)?,
            crl.this_update.unix(),
            crl.next_update.unix(),
            signed(crl.entries)?,
            crl.last_event,
            &crl.sha256[..],
            crl.follows.map(signed).transpose()?,
        ])?;
        Ok(())
    }

    fn bar_key(&self, spki_sha256: &[u8; 32], at: Timestamp) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached(
            "INSERT INTO public_key(spki_sha256, key_identifier, barred_at) VALUES(?1, x'', ?2)
                 ON CONFLICT(spki_sha256) DO UPDATE SET barred_at = coalesce(barred_at, excluded.barred_at)",
        )?
        .execute(params![&spki_sha256[..], at.unix()])?;
        Ok(())
    }

    fn remember_delivery(&self, handle: &Handle, delivery: &Delivery) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached(
            "INSERT INTO delivery(handle, folder, owner, key_mode, declared) VALUES(?1, ?2, ?3, ?4, ?5)
             ON CONFLICT(handle, folder)
             DO UPDATE SET owner = excluded.owner, key_mode = excluded.key_mode, declared = excluded.declared",
        )?
        .execute(params![
            handle.as_str(),
            delivery.folder.to_string_lossy(),
            delivery.owner,
            delivery.key_mode,
            delivery.declared
        ])?;
        Ok(())
    }

    fn forget_delivery(&self, handle: &Handle, folder: &Path) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("DELETE FROM delivery WHERE handle = ?1 AND folder = ?2")?
            .execute(params![handle.as_str(), folder.to_string_lossy()])?;
        Ok(())
    }

    fn set_deliveries_due(&self, handle: &Handle, due: bool) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("UPDATE delivery SET due = ?2 WHERE handle = ?1")?.execute(params![handle.as_str(), due])?;
        Ok(())
    }

    fn owe_command(&self, handle: &Handle, command: Option<&str>) -> Result<(), StoreError> {
        let db = self.writable()?;
        match command {
            Some(command) => {
                db.prepare_cached("INSERT OR REPLACE INTO owed_command(handle, command) VALUES(?1, ?2)")?
                    .execute(params![handle.as_str(), command])?;
            }
            None => {
                db.prepare_cached("DELETE FROM owed_command WHERE handle = ?1")?.execute([handle.as_str()])?;
            }
        }
        Ok(())
    }

    fn note(&self, at: Timestamp, action: &str, handle: Option<&Handle>, detail: &str) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached("INSERT INTO history(at, action, handle, detail) VALUES(?1, ?2, ?3, ?4)")?
            .execute(params![at.unix(), action, handle.map(Handle::as_str), detail])?;
        Ok(())
    }

    fn mark_unpublished(&self) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached(
            "INSERT INTO flag(name, value) VALUES(?1, 1) ON CONFLICT(name) DO UPDATE SET value = value + 1",
        )?
        .execute([CHANGED])?;
        Ok(())
    }

    fn mark_published(&self, change: i64) -> Result<(), StoreError> {
        let db = self.writable()?;
        db.prepare_cached(
            "INSERT INTO flag(name, value) VALUES(?1, ?2)
             ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute(params![PUBLISHED, change])?;
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let failed = |e: std::io::Error| StoreError::Database(e.to_string());
        crate::disk::fault_point().map_err(failed)?;
        self.0.commit()?;
        // What is committed is committed: from here on a process can only die.
        drop(crate::disk::fault_point());
        Ok(())
    }
}

/// When the last third of a certificate's life begins.
fn due_at(new: &NewCertificate) -> i64 {
    let life = new.not_after.since(new.not_before) + 1;
    new.not_after.unix() - Window::LastThird.seconds(life)
}
