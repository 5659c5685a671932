//! Manifests to start from.

use crate::model::{DnsName, ModelError, Subject};
use std::fmt;
use std::str::FromStr;

/// What a starter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starter {
    /// A two-tier lab.
    Lab,
    /// A mesh with a CA for each cluster.
    Mesh,
    /// PostgreSQL with client certificates.
    Postgres,
    /// Many devices.
    Fleet,
}

impl Starter {
    /// Every starter.
    pub const ALL: [Starter; 4] = [Starter::Lab, Starter::Mesh, Starter::Postgres, Starter::Fleet];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Starter::Lab => "lab",
            Starter::Mesh => "mesh",
            Starter::Postgres => "postgres",
            Starter::Fleet => "fleet",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Starter::Lab => include_str!("starters/lab.toml"),
            Starter::Mesh => include_str!("starters/mesh.toml"),
            Starter::Postgres => include_str!("starters/postgres.toml"),
            Starter::Fleet => include_str!("starters/fleet.toml"),
        }
    }

    /// Its manifest for a domain, and an organization where there is one.
    ///
    /// # Errors
    /// [`ModelError::Subject`] when no subject can hold the organization.
    pub fn manifest(self, domain: &DnsName, organization: Option<&str>) -> Result<String, ModelError> {
        let mut text = String::new();
        // No variable is meant in it.
        let organization = organization.map(|o| o.replace("${", "$${"));
        let organization = organization.as_deref();
        for line in self.text().lines() {
            // `@CN@` stands for a subject, as a text of TOML.
            match line.strip_prefix("subject = @").and_then(|l| l.strip_suffix('@')) {
                Some(name) => {
                    let subject = Subject::common_name(name, organization);
                    let subject = subject.map_err(|problem| ModelError::Subject {
                        value: organization.unwrap_or(name).into(),
                        problem,
                    })?;
                    text.push_str(&format!("subject = {}", toml_edit::Value::from(subject.to_string())));
                }
                None => text.push_str(&line.replace("DOMAIN", domain.as_str())),
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// A file that the manifest names: its name, and what is in it.
    pub fn values(self) -> Option<(&'static str, String)> {
        let line = |n| format!("{{\"id\": \"device-{n:04}\"}}\n");
        (self == Starter::Fleet).then(|| ("devices.jsonl", (1..=3).map(line).collect()))
    }
}

impl fmt::Display for Starter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Starter {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or(())
    }
}
