//! `rootlet.toml`: defaults that people edit by hand.

use super::Error;
use crate::disk::{Access, Disk, read_optional};
use crate::model::{Handle, KeyAlgorithm, Lifetime, Profile, UriName};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The name of the file in the PKI folder.
pub(super) const FILE: &str = "rootlet.toml";
/// Larger files are not configuration.
const MAX_BYTES: u64 = 1 << 20;

const STARTER: &str = "\
# Defaults of this PKI. Options on the command line come first; what is commented out is built in.

# key = \"p256\"                  # of leaves: p256, p384, ed25519, rsa-2048, rsa-3072, rsa-4096
# ca_key = \"p256\"               # of roots and intermediates
# organization = \"Example\"      # O in front of the CN of default subjects
# issuer = \"issuing-ca\"         # the CA that issues leaves when --issuer is not given

# [lifetime]
# root = \"10y\"
# intermediate = \"5y\"
# server = \"365d\"
# client = \"365d\"
# peer = \"365d\"
# workload = \"24h\"

# [ca.issuing-ca]               # where this CA publishes; goes into what it issues
# crl_url = [\"http://pki.example.org/issuing-ca.crl\"]
# issuer_url = [\"http://pki.example.org/issuing-ca.crt\"]
# ocsp_url = []
";

/// Where a CA publishes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Urls {
    /// Its CRL.
    pub crl: Vec<UriName>,
    /// Its certificate.
    pub issuer: Vec<UriName>,
    /// Its OCSP responder.
    pub ocsp: Vec<UriName>,
}

impl Urls {
    /// Whether nothing is published.
    pub fn is_empty(&self) -> bool {
        self.crl.is_empty() && self.issuer.is_empty() && self.ocsp.is_empty()
    }
}

/// What is wrong in the text, and where: `line 3, column 7: …`.
fn at(text: &str, error: &toml_edit::de::Error) -> String {
    let message = error.message().replace('\n', ", ");
    let Some(span) = error.span() else { return message };
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    format!("line {line}, column {column}: {message}")
}

/// The defaults of a PKI.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    key: Option<KeyAlgorithm>,
    ca_key: Option<KeyAlgorithm>,
    organization: Option<String>,
    issuer: Option<String>,
    lifetimes: BTreeMap<Profile, Lifetime>,
    cas: BTreeMap<Handle, Urls>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    key: Option<String>,
    ca_key: Option<String>,
    organization: Option<String>,
    issuer: Option<String>,
    lifetime: BTreeMap<String, String>,
    ca: BTreeMap<String, RawCa>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawCa {
    crl_url: Vec<String>,
    issuer_url: Vec<String>,
    ocsp_url: Vec<String>,
}

impl Config {
    /// Reads the configuration of a PKI folder; without the file everything is built in.
    ///
    /// # Errors
    /// [`Error::Config`] with line and column, [`Error::Disk`].
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let Some(bytes) = read_optional(&path, MAX_BYTES)? else { return Ok(Config::default()) };
        let fail = |problem: String| Error::Config { path: path.clone(), problem };
        let text = String::from_utf8(bytes).map_err(|_| fail("it is not UTF-8".into()))?;
        let raw: Raw = toml_edit::de::from_str(&text).map_err(|e| fail(at(&text, &e)))?;
        Self::from_raw(raw).map_err(|e| fail(e.to_string()))
    }

    fn from_raw(raw: Raw) -> Result<Self, crate::model::ModelError> {
        let key = |text: Option<String>| text.map(|t| t.parse::<KeyAlgorithm>()).transpose();
        let mut config = Config {
            key: key(raw.key)?,
            ca_key: key(raw.ca_key)?,
            organization: raw.organization,
            issuer: raw.issuer,
            ..Config::default()
        };
        for (profile, lifetime) in raw.lifetime {
            config.lifetimes.insert(profile.parse()?, lifetime.parse()?);
        }
        if let Some(o) = &config.organization {
            crate::model::Subject::common_name("any", Some(o))
                .map_err(|problem| crate::model::ModelError::Subject { value: o.clone(), problem })?;
        }
        for (name, ca) in raw.ca {
            let urls = |list: Vec<String>| list.iter().map(|u| UriName::published_at(u)).collect::<Result<Vec<_>, _>>();
            let urls = Urls { crl: urls(ca.crl_url)?, issuer: urls(ca.issuer_url)?, ocsp: urls(ca.ocsp_url)? };
            config.cas.insert(name.parse()?, urls);
        }
        Ok(config)
    }

    /// The key algorithm of a profile.
    pub fn key(&self, profile: Profile) -> KeyAlgorithm {
        let said = if profile.is_ca() { self.ca_key } else { self.key };
        said.unwrap_or(KeyAlgorithm::P256)
    }

    /// The lifetime of a profile.
    pub fn lifetime(&self, profile: Profile) -> Lifetime {
        self.lifetimes.get(&profile).copied().unwrap_or_else(|| crate::policy::rules(profile).lifetime)
    }

    /// The organization of default subjects.
    pub fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// The CA that issues leaves.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Where a CA publishes.
    pub fn urls(&self, ca: &Handle) -> Urls {
        self.cas.get(ca).cloned().unwrap_or_default()
    }

    /// Writes the commented starter file, unless there is one.
    pub(super) fn write_starter(folder: &Path, disk: &Disk) -> Result<(), Error> {
        let path = folder.join(FILE);
        if !crate::disk::exists(&path) {
            disk.replace(&path, STARTER.as_bytes(), Access::Public)?;
        }
        Ok(())
    }

    /// Keeps where a CA publishes, leaving everything else in the file as people wrote it.
    pub(super) fn keep_urls(folder: &Path, disk: &Disk, ca: &Handle, urls: &Urls) -> Result<(), Error> {
        let path = folder.join(FILE);
        let old = read_optional(&path, MAX_BYTES)?.unwrap_or_default();
        let fail = |problem: String| Error::Config { path: path.clone(), problem };
        let text = String::from_utf8(old).map_err(|_| fail("it is not UTF-8".into()))?;
        let mut document: toml_edit::DocumentMut =
            text.parse().map_err(|e: toml_edit::TomlError| fail(e.to_string()))?;
        let list = |all: &[UriName]| toml_edit::value(all.iter().map(UriName::as_str).collect::<toml_edit::Array>());
        let cas = document.entry("ca").or_insert_with(|| {
            let mut table = toml_edit::Table::new();
            table.set_implicit(true);
            toml_edit::Item::Table(table)
        });
        let cas = cas.as_table_mut().ok_or_else(|| fail("`ca` is not a table".into()))?;
        // What was typed replaces its own key only: other keys and comments stay as people wrote them.
        if !cas.contains_key(ca.as_str()) {
            cas.insert(ca.as_str(), toml_edit::Item::Table(toml_edit::Table::new()));
        }
        let table = cas.get_mut(ca.as_str()).and_then(toml_edit::Item::as_table_like_mut);
        let table = table.ok_or_else(|| fail(format!("`ca.{ca}` is not a table")))?;
        for (key, values) in [("crl_url", &urls.crl), ("issuer_url", &urls.issuer), ("ocsp_url", &urls.ocsp)] {
            if !values.is_empty() {
                table.insert(key, list(values));
            }
        }
        // What a command that died was writing; nobody else writes it, because this happens inside a transaction.
        disk.sweep(folder, |name| name == FILE)?;
        disk.replace(&path, document.to_string().as_bytes(), Access::Public)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_is_valid_with_and_without_its_comments() {
        let folder = tempfile::tempdir().unwrap();
        Config::write_starter(folder.path(), &Disk::default()).unwrap();
        assert_eq!(Config::load(folder.path()).unwrap(), Config::default());
        let open: String =
            STARTER.lines().skip(1).map(|l| l.strip_prefix("# ").unwrap_or(l).to_string() + "\n").collect();
        std::fs::write(folder.path().join(FILE), open).unwrap();
        let config = Config::load(folder.path()).unwrap();
        assert_eq!(config.lifetime(Profile::Workload), Lifetime::days(1));
        assert_eq!(config.organization(), Some("Example"));
    }

    #[test]
    fn urls_are_kept_beside_what_people_wrote() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "# mine\nkey = \"p384\"\n").unwrap();
        let urls = Urls { crl: vec!["http://a.example/x.crl".parse().unwrap()], ..Urls::default() };
        let ca: Handle = "mesh.1".parse().unwrap();
        Config::keep_urls(folder.path(), &Disk::default(), &ca, &urls).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.starts_with("# mine\nkey = \"p384\"\n"), "{text}");
        let config = Config::load(folder.path()).unwrap();
        assert_eq!((config.urls(&ca), config.key(Profile::Server)), (urls, KeyAlgorithm::P384));
    }

    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for (text, word) in
            [("kee = 1", "kee"), ("key = \"dsa\"", "dsa"), ("[lifetime]\nserver = \"365\"", "365"), ("x", "1")]
        {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let e = Config::load(folder.path()).unwrap_err();
            assert!(e.to_string().contains(word) && e.code() == "config", "{e}");
        }
    }
}
