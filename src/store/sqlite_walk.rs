//! Walking the certificates that a filter lets through.

use super::StoreError;
use super::record::{Filter, Record};
use super::sqlite::SqliteTransaction;
use super::sqlite_read::RECORD;
use rusqlite::ToSql;

/// So many certificates are sorted by handle; more are found in the order of an index over all handles.
const FEW: i64 = 10_000;

/// Conditions on `certificate c`, `holder h` and `authority a`, and the values they speak of.
#[derive(Default)]
struct Conditions {
    clauses: Vec<String>,
    parameters: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    /// `?` in the clause stands for the value.
    fn add(&mut self, clause: &str, value: impl ToSql + 'static) {
        self.parameters.push(Box::new(value));
        self.clauses.push(clause.replace('?', &format!("?{}", self.parameters.len())));
    }

    fn text(&self) -> String {
        if self.clauses.is_empty() { String::new() } else { format!("WHERE {} ", self.clauses.join(" AND ")) }
    }
}

impl SqliteTransaction<'_> {
    pub(super) fn read_walk(&self, filter: &Filter, visit: &mut dyn FnMut(Record) -> bool) -> Result<(), StoreError> {
        let mut conditions = Conditions::default();
        if let Some(h) = &filter.handle {
            conditions.add("c.handle = ?", h.as_str().to_string());
        } else if let Some(ids) = self.few_candidates(filter)? {
            conditions.clauses.push(ids);
        }
        // A `+` keeps SQLite from using an index of its own choice: it would sort everything by handle, DER included.
        if let Some(i) = filter.issuer {
            conditions.add("+c.issuer = ?", i.0);
        }
        if let Some(h) = &filter.issuer_handle {
            conditions.add("+a.handle = ?", h.as_str().to_string());
        }
        if let Some(p) = filter.profile {
            conditions.add("+c.profile = ?", p.name());
        }
        if let Some(t) = filter.unexpired_at {
            conditions.add("+c.not_after >= ?", t.unix());
        }
        if let Some(t) = filter.ends_before {
            conditions.add("+c.not_after < ?", t.unix());
        }
        if let Some(t) = filter.recorded_since {
            conditions.add("+c.recorded_at >= ?", t.unix());
        }
        if filter.has_events {
            let clause = "EXISTS(SELECT 1 FROM revocation r WHERE r.issuer = c.issuer AND r.serial = c.serial)";
            conditions.clauses.push(clause.into());
        }
        if !filter.all_generations {
            conditions.clauses.push("h.current = c.id".into());
        }
        let mut statement = self.0.prepare_cached(&format!("{RECORD}{}ORDER BY c.handle, c.id", conditions.text()))?;
        let mut rows = statement.query(rusqlite::params_from_iter(conditions.parameters.iter()))?;
        while let Some(row) = rows.next()? {
            if !visit(self.record(row)?) {
                break;
            }
        }
        Ok(())
    }

    /// A condition that names few certificates, by an index, where the filter lets only few through; how many those are
    /// is found by counting no further than that.
    fn few_candidates(&self, filter: &Filter) -> Result<Option<String>, StoreError> {
        let ids = if let Some(end) = filter.ends_before {
            let start = filter.unexpired_at.map_or(i64::MIN, |t| t.unix());
            format!("SELECT id FROM certificate WHERE not_after >= {start} AND not_after < {}", end.unix())
        } else if filter.has_events {
            "SELECT x.id FROM revocation r CROSS JOIN certificate x ON x.issuer = r.issuer AND x.serial = r.serial"
                .into()
        } else {
            return Ok(None);
        };
        let count = format!("SELECT count(*) FROM ({ids} LIMIT {})", FEW + 1);
        let count: i64 = self.0.query_row(&count, [], |r| r.get(0))?;
        Ok((count <= FEW).then(|| format!("c.id IN ({ids})")))
    }
}
