//! Requests, and what a PKI has, as the manifest that declares them.

use super::authority::{Ca, Cas};
use super::held::Snapshot;
use super::keyring::is_encrypted;
use super::plan::{Action, PlanRequest};
use super::planner::steps;
use super::predecessor::Predecessor;
use super::secret_source::{NoSecrets, SecretSource};
use super::state::{Again, life_of};
use super::wish::wishes;
use super::{CaRequest, Error, LeafKey, LeafRequest, Pki};
use crate::issue::End;
use crate::manifest::parse;
use crate::model::{Handle, Identity, Layout, Lifetime, Profile, San, Subject, Timestamp, UriName, Window};
use crate::policy::rules;
use crate::store::{Access, Delivery, Filter, KeyPlace, Record, Transaction};
use crate::x509::{NameDer, PublicKeyKind, public_key_kind};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use toml_edit::{Array, DocumentMut, Item, Table, value};

/// The table of one entry while it is written.
#[derive(Default)]
struct Declared(Table);

impl Declared {
    fn text(&mut self, key: &str, text: impl ToString) {
        // A dollar sign and a brace would be read as a variable.
        self.0.insert(key, value(text.to_string().replace("${", "$${")));
    }

    fn some(&mut self, key: &str, text: Option<impl ToString>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn list(&mut self, key: &str, texts: impl Iterator<Item = String>) {
        let all: Array = texts.map(|t| t.replace("${", "$${")).collect();
        if !all.is_empty() {
            self.0.insert(key, value(all));
        }
    }

    fn start(profile: Profile, name: &str, handle: &Handle) -> Self {
        let mut own = Declared::default();
        own.text("profile", profile);
        own.some("name", Some(name).filter(|n| *n != handle.as_str()));
        own
    }

    fn dates(&mut self, not_before: Option<Timestamp>, end: Option<End>) {
        self.some("not_before", not_before);
        match end {
            Some(End::Lifetime(l)) => self.text("lifetime", l),
            Some(End::At(t)) => self.text("not_after", t),
            Some(End::Default(_)) | None => {}
        }
    }

    fn again(&mut self, again: Again) {
        match again {
            Again::RenewWithin(Window::Before(l)) => self.text("renew_within", l),
            Again::RenewWithin(Window::Percent(p)) => self.text("renew_within", format!("{p}%")),
            _ => {}
        }
    }
}

/// The files with secrets that an entry of a manifest names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretFiles {
    /// The passphrase of its own key.
    pub passphrase: Option<PathBuf>,
    /// The passphrase of the key of its issuer.
    pub issuer_passphrase: Option<PathBuf>,
    /// The key of its issuer, where that is not in the PKI folder.
    pub issuer_key: Option<PathBuf>,
}

impl SecretFiles {
    fn declare(&self, mut own: Table) -> Table {
        let files = [
            ("passphrase_file", &self.passphrase),
            ("issuer_passphrase_file", &self.issuer_passphrase),
            ("issuer_key_file", &self.issuer_key),
        ];
        for (key, file) in files {
            if let Some(file) = file {
                own.insert(key, value(absolute(file).replace("${", "$${")));
            }
        }
        own
    }
}

impl CaRequest {
    /// The manifest of this CA alone, in TOML.
    pub fn to_manifest(&self, secrets: &SecretFiles) -> String {
        let handle = self.name.clone().unwrap_or_else(|| Pki::handle_of(&self.display_name));
        document([("ca", handle, secrets.declare(self.declare()))].into_iter())
    }

    fn declare(&self) -> Table {
        let handle = self.name.clone().unwrap_or_else(|| Pki::handle_of(&self.display_name));
        let mut own = Declared::start(self.profile, &self.display_name, &handle);
        own.some("issuer", self.issuer.as_deref());
        own.some("subject", self.subject.as_ref());
        own.list("eku", self.purposes.iter().map(ToString::to_string));
        own.some("spiffe", self.spiffe.as_ref());
        own.some("key", self.key);
        own.some("key_file", self.key_file.as_ref().map(|f| absolute(f.path())));
        if self.encrypt_key {
            own.0.insert("encrypt_key", value(true));
        }
        own.dates(self.not_before, self.end);
        if let Some(n) = self.path_len {
            own.0.insert("path_len", value(i64::from(n)));
        }
        own.list("permit", self.constraints.permitted.iter().map(ToString::to_string));
        own.list("exclude", self.constraints.excluded.iter().map(ToString::to_string));
        let urls = |all: &[UriName]| all.iter().map(ToString::to_string).collect::<Vec<_>>().into_iter();
        own.list("crl_url", urls(&self.urls.crl));
        own.list("issuer_url", urls(&self.urls.issuer));
        own.list("ocsp_url", urls(&self.urls.ocsp));
        own.again(self.again);
        own.0
    }
}

impl LeafRequest {
    /// The manifest of this leaf alone, in TOML.
    pub fn to_manifest(&self, secrets: &SecretFiles) -> String {
        let name = self.identity.name();
        let handle = self.name.clone().unwrap_or_else(|| Pki::handle_of(&name));
        document([("cert", handle, secrets.declare(self.declare()))].into_iter())
    }

    fn declare(&self) -> Table {
        let name = self.identity.name();
        let handle = self.name.clone().unwrap_or_else(|| Pki::handle_of(&name));
        let mut own = Declared::start(self.profile, &name, &handle);
        own.some("issuer", self.issuer.as_deref());
        own.some("subject", self.subject.as_ref());
        let of = |kind: fn(&San) -> bool| self.names.iter().filter(move |n| kind(n)).map(ToString::to_string);
        own.list("dns", of(|n| matches!(n, San::Dns(_))));
        own.list("ip", of(|n| matches!(n, San::Ip(_))));
        own.list("email", of(|n| matches!(n, San::Email(_))));
        own.list("uri", of(|n| matches!(n, San::Uri(_))));
        own.list("spiffe", of(|n| matches!(n, San::Spiffe(_))));
        own.list("eku", self.purposes.iter().map(ToString::to_string));
        match &self.key {
            LeafKey::New(key) => own.some("key", *key),
            LeafKey::Given(file) => own.text("key_file", absolute(file.path())),
            LeafKey::Foreign(_) => {}
        }
        own.dates(self.not_before, self.end);
        if let Some(delivery) = &self.delivery {
            own.text("out_dir", delivery.folder.display());
            own.some("owner", delivery.owner.as_deref());
            own.some("key_mode", delivery.key_mode.map(|m| format!("{m:04o}")));
        }
        own.some("layout", self.layout.filter(|l| *l != Layout::default()));
        own.again(self.again);
        own.0
    }
}

fn absolute(path: &std::path::Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.into()).to_string_lossy().into_owned()
}

/// One table for each entry, CAs and leaves as they come.
fn document(entries: impl Iterator<Item = (&'static str, Handle, Table)>) -> String {
    let mut document = DocumentMut::new();
    for (table, handle, own) in entries {
        let group = document.entry(table).or_insert_with(|| {
            let mut group = Table::new();
            group.set_implicit(true);
            Item::Table(group)
        });
        if let Some(group) = group.as_table_mut() {
            group.insert(handle.as_str(), Item::Table(own));
        }
    }
    document.to_string()
}

/// Something that a manifest cannot say.
type Omitted = BTreeMap<Handle, String>;

impl Pki {
    /// The manifest of what is live, in TOML: applied to this PKI it changes nothing that is not due. What cannot be declared,
    /// as keys of somebody else, stands in it as a comment.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Internal`] when it cannot be read back.
    pub fn export_manifest(&mut self) -> Result<String, Error> {
        let (mut entries, mut omitted) = (Vec::new(), Omitted::new());
        {
            let place = &self.place;
            let now = place.now();
            let transaction = self.store.begin(Access::Read)?;
            let cas = Cas::load(&*transaction)?;
            let mut records = Vec::new();
            let filter = Filter { unexpired_at: Some(now), ..Filter::default() };
            transaction.walk(&filter, &mut |record| {
                if record.revocation.is_none() {
                    records.push(record);
                }
                true
            })?;
            let depth = |r: &Record| match r.profile.is_ca() {
                true => cas.named(&r.handle).map_or(0, |ca| cas.chain(ca.id()).len()),
                false => usize::MAX,
            };
            records.sort_by_key(depth);
            for record in &records {
                match place.declared(&*transaction, &cas, record) {
                    Ok(Some((table, own))) => entries.push((table, record.handle.clone(), own)),
                    Ok(None) => drop(omitted.insert(record.handle.clone(), "its key is not here".into())),
                    Err(Error::NotRenewable { problem, .. }) => drop(omitted.insert(record.handle.clone(), problem)),
                    Err(e) => return Err(e),
                }
            }
        }
        self.leave_out_what_differs(&mut entries, &mut omitted)?;
        let mut text = String::from("# What this PKI has.\n");
        for (handle, why) in &omitted {
            let why = why.replace(['\n', '\r'], " ");
            text.push_str(&format!("# not declared: {handle}: {why}\n"));
        }
        text.push('\n');
        text.push_str(&document(entries.into_iter()));
        Ok(text)
    }

    /// What would be issued anew by its own declaration says something that a manifest has no word for.
    fn leave_out_what_differs(
        &mut self,
        entries: &mut Vec<(&'static str, Handle, Table)>,
        omitted: &mut Omitted,
    ) -> Result<(), Error> {
        let text = document(entries.iter().cloned());
        let unreadable = |e: crate::manifest::ManifestError| Error::Internal(format!("the export cannot be read: {e}"));
        let manifest = parse("export", &text, &|_| None).map_err(unreadable)?;
        let secrets: Arc<dyn SecretSource> = Arc::new(NoSecrets);
        let wishes = wishes(&manifest, &secrets)?;
        let handles: Vec<&Handle> = wishes.iter().map(|w| w.handle()).collect();
        let snapshot: Snapshot = self.snapshot(&handles)?;
        let differing: HashMap<String, String> = steps(&wishes, &snapshot, &PlanRequest::default(), &self.place)?
            .into_iter()
            .filter(|s| !s.differences.is_empty() && !matches!(s.action, Action::Configure | Action::Nothing))
            .map(|s| {
                let fields: Vec<_> = s.differences.iter().map(|d| d.field).collect();
                (s.name, format!("no manifest says its {} as it is", fields.join(", ")))
            })
            .collect();
        entries.retain(|(_, handle, _)| match differing.get(handle.as_str()) {
            Some(why) => {
                omitted.insert(handle.clone(), why.clone());
                false
            }
            None => true,
        });
        Ok(())
    }
}

impl super::folder::Place {
    /// The entry that declares a certificate; nothing when its key is somebody else's.
    fn declared(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        record: &Record,
    ) -> Result<Option<(&'static str, Table)>, Error> {
        let Some(holder) = transaction.holder(&record.handle)? else { return Ok(None) };
        let Some(identity) = Identity::from_key(&holder.identity) else { return Ok(None) };
        let before = Predecessor::new(record)?;
        let key = match public_key_kind(&before.certificate.public_key) {
            Ok(PublicKeyKind::Known(algorithm)) => Some(algorithm),
            _ => None,
        };
        let end = self.declared_end(cas, record)?;
        let issuer = (record.profile != Profile::Root).then(|| record.issuer_handle.to_string());
        let subject = |default: &Subject| {
            (NameDer::of(default) != before.certificate.subject.der).then(|| before.certificate.subject.subject.clone())
        };
        if record.profile.is_ca() {
            let here = |ca: &Ca| ca.authority.key_place != KeyPlace::Foreign;
            if !cas.named(&record.handle).is_some_and(here) {
                return Ok(None);
            }
            let mut request = CaRequest::new(record.profile, &identity.name())?;
            request.name = Some(record.handle.clone());
            let default = Subject::common_name(&request.display_name, self.config.organization());
            request.subject = subject(&default.unwrap_or_default());
            request.purposes = before.certificate.extended_key_usage.clone().unwrap_or_default();
            request.spiffe = before.names().spiffe_id().cloned();
            (request.key, request.end, request.issuer) = (key, end, issuer);
            request.path_len = before.path_len().filter(|n| rules(record.profile).default_path_len != Some(*n));
            request.constraints = before.constraints().clone();
            request.urls = self.config.urls(&record.handle);
            request.encrypt_key = is_encrypted(&self.ca_folder(&record.handle).join("key.pem"));
            return Ok(Some(("ca", request.declare())));
        }
        if !record.key_here {
            return Ok(None);
        }
        let mut request = LeafRequest::of(record.profile, identity);
        request.name = Some(record.handle.clone());
        let own = request.identity.clone();
        let is_own = |n: &&San| !matches!(&own, Identity::Named(name) if name == *n);
        request.names = before.names().iter().filter(is_own).cloned().collect();
        let wanted = super::leaf_request::Wanted::new(std::borrow::Cow::Borrowed(&request), self)?;
        let purposes = before.certificate.extended_key_usage.iter().flatten();
        let more = purposes.filter(|p| !wanted.purposes.contains(p)).cloned().collect();
        let default = wanted.subject.clone();
        request.subject = subject(&default);
        request.purposes = more;
        (request.key, request.end, request.issuer) = (LeafKey::New(key), end, issuer);
        request.layout = Some(self.home(&record.handle).layout);
        // One that a manifest asked for would be forgotten if this one did not.
        let mut deliveries = transaction.deliveries(&record.handle)?;
        deliveries.sort_by_key(|d| !d.declared);
        request.delivery = deliveries.into_iter().next().filter(is_utf8);
        Ok(Some(("cert", request.declare())))
    }

    /// Its lifetime, where that is not the default one and was not cut to the end of its issuer.
    fn declared_end(&self, cas: &Cas, record: &Record) -> Result<Option<End>, Error> {
        let default = self.config.lifetime(record.profile).seconds();
        let above = cas.by_id(record.issuer).map(|ca| cas.chain(ca.id())).unwrap_or_default();
        let cut = record.profile != Profile::Root
            && above.iter().any(|ca| ca.authority.certificate.not_after == record.not_after);
        if life_of(record) == default || cut {
            return Ok(None);
        }
        Ok(Some(End::Lifetime(Lifetime::from_seconds(life_of(record))?)))
    }
}

fn is_utf8(delivery: &Delivery) -> bool {
    delivery.folder.to_str().is_some()
}

/// Kept beside the writers: whatever they write must be a key that is read.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Entry, Part};

    fn read_back(text: &str) -> Entry {
        parse("text", text, &|_| None).unwrap().entries.remove(0)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut ca = CaRequest::new(Profile::Intermediate, "Mesh ${x} CA").unwrap();
        ca.issuer = Some("root".into());
        ca.subject = Some("CN=Mesh,O=A\\, B".parse().unwrap());
        ca.path_len = Some(3);
        ca.constraints.permitted.push("dns:lab.internal".parse().unwrap());
        ca.end = Some(End::Lifetime("90d".parse().unwrap()));
        ca.again = Again::RenewWithin(Window::Percent(20));
        ca.urls.crl.push("http://a.example/x.crl".parse().unwrap());
        let entry = read_back(&ca.to_manifest(&SecretFiles::default()));
        let Part::Ca(part) = &entry.part else { panic!("{entry:?}") };
        assert_eq!((entry.name.as_str(), entry.handle.as_str()), ("Mesh ${x} CA", "mesh---x--ca"));
        assert_eq!((&entry.subject, entry.end, entry.renew_within), (&ca.subject, ca.end, Window::Percent(20)));
        assert_eq!((part.path_len, &part.constraints, &part.crl_urls), (Some(3), &ca.constraints, &ca.urls.crl));

        let mut leaf = LeafRequest::new(Profile::Peer, "*.lab.internal").unwrap();
        for name in ["a.internal", "10.0.0.1"] {
            leaf.names.push(San::host(name).unwrap());
        }
        leaf.purposes.push("codeSigning".parse().unwrap());
        leaf.not_before = Some("2030-01-01T00:00:00Z".parse().unwrap());
        leaf.end = Some(End::At("2031-01-01T00:00:00Z".parse().unwrap()));
        leaf.delivery = Some(Delivery {
            folder: "/srv/tls".into(),
            owner: Some("0:0".into()),
            key_mode: Some(0o640),
            declared: false,
        });
        let entry = read_back(&leaf.to_manifest(&SecretFiles::default()));
        let Part::Leaf(part) = &entry.part else { panic!("{entry:?}") };
        assert_eq!((entry.name.as_str(), entry.handle.as_str()), ("*.lab.internal", "_wildcard.lab.internal"));
        assert_eq!((&part.names, &entry.purposes), (&leaf.names, &leaf.purposes));
        assert_eq!((entry.not_before, entry.end), (leaf.not_before, leaf.end));
        assert_eq!((part.owner.as_deref(), part.key_mode), (Some("0:0"), Some(0o640)));
    }
}
