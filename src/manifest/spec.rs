//! From trees to entries: defaults, templates, and the type of every key.

use super::entry::{CaEntry, Entry, Given, LeafEntry, Manifest, Part};
use super::error::{ProblemKind, Problems};
use super::fields::Fields;
use super::files::values;
use super::node::{Key, Node, Place, Value};
use super::order::in_order;
use super::template::{Environment, Scope};
use crate::issue::End;
use crate::keys::sha256;
use crate::model::{
    DnsName, EmailAddress, Handle, IpName, Lifetime, ModelError, NameConstraints, Profile, San, SpiffeId, UriName,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const TOP: [&str; 4] = ["id", "defaults", "ca", "cert"];
const EVERY: [&str; 13] = [
    "profile",
    "name",
    "subject",
    "key",
    "key_file",
    "passphrase_file",
    "lifetime",
    "days",
    "not_after",
    "not_before",
    "renew_within",
    "exec",
    "for_each",
];
const CA: [&str; 8] = ["path_len", "permit", "exclude", "spiffe", "crl_url", "issuer_url", "ocsp_url", "encrypt_key"];
const BELOW: [&str; 4] = ["issuer", "eku", "issuer_passphrase_file", "issuer_key_file"];
const LEAF: [&str; 11] =
    ["dns", "ip", "email", "uri", "spiffe", "out_dir", "out", "owner", "group", "key_mode", "layout"];
/// Keys of which one says what the others would: one in an entry hides all of them in the defaults.
const GROUPS: [&[&str]; 3] = [&["lifetime", "days", "not_after"], &["key", "key_file"], &["out_dir", "out"]];
/// What makes no sense for several entries at once.
const NEVER_DEFAULT: [&str; 2] = ["name", "for_each"];
const PROFILES: [&str; 6] = ["root", "intermediate", "server", "client", "peer", "workload"];

/// The keys of a profile.
fn keys_of(profile: Profile) -> Vec<&'static str> {
    let mut keys = EVERY.to_vec();
    if profile != Profile::Root {
        keys.extend(BELOW);
    }
    keys.extend_from_slice(if profile.is_ca() { &CA } else { &LEAF });
    keys
}

fn all_keys() -> Vec<&'static str> {
    let mut keys: Vec<_> = EVERY.into_iter().chain(BELOW).chain(CA).chain(LEAF).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

type Table = Vec<(Key, Node)>;

/// Reads the trees of a manifest.
pub(super) struct Reader<'r> {
    environment: Environment<'r>,
    problems: &'r mut Problems,
    /// What `[defaults]` and the tables in it say, by the name of the table; empty for `[defaults]` itself.
    defaults: HashMap<String, Table>,
}

impl<'r> Reader<'r> {
    pub fn new(environment: Environment<'r>, problems: &'r mut Problems) -> Self {
        Reader { environment, problems, defaults: HashMap::new() }
    }

    pub fn manifest(mut self, trees: &[Node]) -> Manifest {
        let (mut manifest, mut id_at) = (Manifest::default(), None::<Place>);
        let mut declared: Vec<(&'static str, &Key, &Node)> = Vec::new();
        for tree in trees {
            let Value::Table(table) = &tree.value else {
                self.wrong(tree, "the manifest", "a table");
                continue;
            };
            Fields::new(&tree.at, table, self.problems).only(&TOP, &[], "");
            for (key, node) in table {
                match key.text.as_str() {
                    "id" => {
                        let id = Fields::new(&tree.at, table, self.problems).text("id");
                        if let (Some(first), true) = (&id_at, id.is_some()) {
                            let first = first.clone();
                            self.problems.add(&key.at, ProblemKind::Duplicate { handle: "id".into(), first });
                        }
                        if let Some(id) = id {
                            self.check_id(&id);
                            id_at = Some(key.at.clone());
                            manifest.id = Some(id.value);
                        }
                    }
                    "defaults" => self.read_defaults(node),
                    "ca" => declared.extend(self.tables(node, "ca")),
                    "cert" => declared.extend(self.tables(node, "cert")),
                    _ => {}
                }
            }
        }
        for (table, key, node) in declared {
            self.declare(table, key, node, &mut manifest.entries);
        }
        self.check_handles(&manifest.entries);
        self.check_issuers(&manifest.entries);
        in_order(&manifest.entries, self.problems);
        manifest
    }

    fn wrong(&mut self, node: &Node, key: &str, wanted: &'static str) {
        self.problems.add(&node.at, ProblemKind::WrongType { key: key.into(), wanted, is: node.value.kind() });
    }

    fn check_id(&mut self, id: &Given<String>) {
        if id.value.is_empty() || id.value.len() > 120 || id.value.chars().any(char::is_control) {
            let message = "the id of a manifest has 1 to 120 letters".into();
            let hints = vec!["write one line, as `id = \"lab\"`".into()];
            self.problems.add(&id.at, ProblemKind::Refused { message, hints });
        }
    }

    fn tables<'t>(&mut self, node: &'t Node, table: &'static str) -> Vec<(&'static str, &'t Key, &'t Node)> {
        match &node.value {
            Value::Table(entries) => entries.iter().map(|(key, node)| (table, key, node)).collect(),
            _ => {
                self.wrong(node, table, "a table of tables");
                Vec::new()
            }
        }
    }

    /// `[defaults]` is for everything, `[defaults.ca]` and `[defaults.cert]` for those tables, `[defaults.server]` and so
    /// on for a profile.
    fn read_defaults(&mut self, node: &Node) {
        let Value::Table(table) = &node.value else { return self.wrong(node, "defaults", "a table") };
        let mut general = Vec::new();
        for (key, inner) in table {
            let name = key.text.as_str();
            let known = match name {
                "ca" => keys_of(Profile::Intermediate),
                "cert" => keys_of(Profile::Server),
                _ => match name.parse::<Profile>() {
                    Ok(profile) => keys_of(profile),
                    Err(_) => {
                        general.push((key.clone(), inner.clone()));
                        continue;
                    }
                },
            };
            match &inner.value {
                Value::Table(fields) => self.add_defaults(name, &inner.at, fields, &known),
                _ => self.wrong(inner, name, "a table"),
            }
        }
        let mut known = all_keys();
        known.extend(["ca", "cert"].into_iter().chain(PROFILES));
        self.add_defaults("", &node.at, &general, &known);
    }

    fn add_defaults(&mut self, name: &str, at: &Place, table: &[(Key, Node)], known: &[&'static str]) {
        let known: Vec<_> = known.iter().copied().filter(|k| !NEVER_DEFAULT.contains(k)).collect();
        let mut fields = Fields::new(at, table, self.problems);
        fields.only(&known, &[], "");
        for group in GROUPS {
            fields.exclude(group);
        }
        let defaults = self.defaults.entry(name.into()).or_default();
        // What is not known was told of, and is for no entry.
        for (key, node) in table.iter().filter(|(k, _)| known.contains(&k.text.as_str())) {
            match defaults.iter().find(|(k, _)| k.text == key.text) {
                Some((first, _)) => {
                    let kind = ProblemKind::Duplicate { handle: key.text.clone(), first: first.at.clone() };
                    self.problems.add(&key.at, kind);
                }
                None => defaults.push((key.clone(), node.clone())),
            }
        }
    }

    /// One table of a file is one entry, or one for each value.
    fn declare(&mut self, table: &'static str, key: &Key, node: &Node, entries: &mut Vec<Entry>) {
        let Value::Table(own) = &node.value else { return self.wrong(node, &key.text, "a table") };
        let Some((_, each)) = own.iter().find(|(k, _)| k.text == "for_each") else {
            entries.extend(self.entry(table, key, own, None));
            return;
        };
        // Each entry is a copy of what it says: the list of all of them is no part of any.
        let own: Table = own.iter().filter(|(k, _)| k.text != "for_each").cloned().collect();
        let read;
        let rounds: &[Node] = match &each.value {
            Value::List(nodes) => nodes,
            Value::Text(file) => {
                let scope = Scope { each: None, environment: self.environment };
                let Some(file) = scope.text(file, &each.at, self.problems) else { return };
                let Some(values) = values(&beside(&each.at, &file), &each.at, self.problems) else { return };
                read = values;
                &read
            }
            _ => return self.wrong(each, "for_each", "a list, or the name of a file with one JSON value a line"),
        };
        // A file that was cut off, or is still to be written, does not wish everything away, which `--prune` would revoke.
        if rounds.is_empty() {
            self.problems.add(&each.at, ProblemKind::NoValues);
        }
        for round in rounds {
            entries.extend(self.entry(table, key, &own, Some(round)));
        }
    }

    fn entry(&mut self, table: &'static str, key: &Key, own: &[(Key, Node)], each: Option<&Node>) -> Option<Entry> {
        let scope = Scope { each, environment: self.environment };
        let text = scope.text(&key.text, &key.at, self.problems)?;
        let is_ca = table == "ca";
        // The profile says which keys there are, and may itself be a default.
        let profile = self.profile(table, key, own, &scope)?;
        if profile.is_ca() != is_ca {
            self.problems.add(&key.at, ProblemKind::WrongTable { profile: profile.name(), table });
            return None;
        }
        let known = keys_of(profile);
        let merged = self.merged(table, profile, own, &known);
        let expanded = scope.table(&merged, self.problems);
        let mut fields = Fields::new(&key.at, &expanded, self.problems);
        fields.only(&known, &all_keys(), profile.name());
        for group in GROUPS {
            fields.exclude(group);
        }
        read_entry(&mut fields, &text, profile)
    }

    fn profile(&mut self, table: &str, key: &Key, own: &[(Key, Node)], scope: &Scope<'_>) -> Option<Profile> {
        let found = own.iter().chain(self.defaults.get(table).into_iter().flatten());
        let found = found.chain(self.defaults.get("").into_iter().flatten()).find(|(k, _)| k.text == "profile");
        let Some((_, node)) = found else {
            self.problems.add(&key.at, ProblemKind::Missing { key: "profile" });
            return None;
        };
        let one = [(Key { text: "profile".into(), at: key.at.clone() }, node.clone())];
        let expanded = scope.table(&one, self.problems);
        Fields::new(&key.at, &expanded, self.problems).parsed("profile", str::parse).map(|g: Given<Profile>| g.value)
    }

    /// An entry with what the defaults add to it, the nearest first.
    fn merged(&self, table: &str, profile: Profile, own: &[(Key, Node)], known: &[&str]) -> Table {
        let mut merged = own.to_vec();
        for name in [profile.name(), table, ""] {
            let before = merged.len();
            for (key, node) in self.defaults.get(name).into_iter().flatten() {
                let group = GROUPS.into_iter().find(|g| g.contains(&key.text.as_str()));
                let hides = |k: &str| k == key.text || group.is_some_and(|g| g.contains(&k));
                // A default that a profile has no key for is for others.
                if known.contains(&key.text.as_str()) && !merged.iter().take(before).any(|(k, _)| hides(&k.text)) {
                    merged.push((key.clone(), node.clone()));
                }
            }
        }
        merged
    }

    fn check_handles(&mut self, entries: &[Entry]) {
        let mut seen: HashMap<&Handle, &Place> = HashMap::new();
        for entry in entries {
            if let Some(first) = seen.insert(&entry.handle, &entry.at) {
                let kind = ProblemKind::Duplicate { handle: entry.handle.to_string(), first: first.clone() };
                self.problems.add(&entry.at, kind);
                seen.insert(&entry.handle, first);
            }
        }
    }

    fn check_issuers(&mut self, entries: &[Entry]) {
        let profiles: HashMap<&Handle, Profile> = entries.iter().map(|e| (&e.handle, e.profile)).collect();
        for entry in entries {
            if let Some(issuer) = &entry.issuer
                && let Some(profile) = profiles.get(&issuer.value).filter(|p| !p.is_ca())
            {
                let kind = ProblemKind::IssuerIsLeaf { issuer: issuer.value.to_string(), profile: profile.name() };
                self.problems.add(&issuer.at, kind);
            }
        }
    }
}

/// A path that stands in a manifest, relative to that file.
fn beside(at: &Place, path: &str) -> PathBuf {
    Path::new(&*at.file).parent().unwrap_or(Path::new("")).join(path)
}

fn handle_of(name: &str) -> Handle {
    name.parse().unwrap_or_else(|_| Handle::derive(name, sha256))
}

/// Reads the keys of one entry. Every key is looked at, whatever is wrong with another.
fn read_entry(f: &mut Fields<'_>, key: &str, profile: Profile) -> Option<Entry> {
    let name = f.text("name");
    let path = |f: &mut Fields<'_>, key| f.text(key).map(|g| beside(&g.at, &g.value));
    let entry = Entry {
        at: f.at.clone(),
        handle: handle_of(key),
        name: name.map_or_else(|| key.to_string(), |g| g.value),
        profile,
        issuer: f.text("issuer").map(|g| Given { value: handle_of(&g.value), at: g.at }),
        subject: f.parsed("subject", str::parse).map(|g| g.value),
        purposes: f.each("eku", str::parse),
        key: f.parsed("key", str::parse).map(|g| g.value),
        key_file: path(f, "key_file"),
        passphrase_file: path(f, "passphrase_file"),
        issuer_passphrase_file: path(f, "issuer_passphrase_file"),
        issuer_key_file: path(f, "issuer_key_file"),
        not_before: f.parsed("not_before", str::parse).map(|g| g.value),
        end: end(f),
        renew_within: f.parsed("renew_within", str::parse).map(|g| g.value).unwrap_or_default(),
        exec: f.words("exec", "write a command for `sh -c`, or leave it away").map(|g| g.value),
        part: if profile.is_ca() { Part::Ca(Box::new(ca(f))) } else { Part::Leaf(leaf(f)) },
    };
    let opens = entry.key_file.is_some() || matches!(&entry.part, Part::Ca(ca) if ca.encrypt_key);
    if let (Some(at), false) = (f.place("passphrase_file"), opens || profile.is_ca()) {
        f.problem(&at, ProblemKind::Alone { key: "passphrase_file", needs: "key_file" });
    }
    for key in ["issuer_passphrase_file", "issuer_key_file"] {
        if let (Some(at), None) = (f.place(key), &entry.issuer) {
            f.problem(&at, ProblemKind::Alone { key, needs: "issuer" });
        }
    }
    if let (Some(start), Some(End::At(end))) = (entry.not_before, entry.end)
        && let Err(source) = crate::model::Validity::new(start, end)
    {
        let at = f.place("not_after").unwrap_or_else(|| f.at.clone());
        f.problem(&at, ProblemKind::Value { key: "not_after", source: Box::new(source) });
    }
    Some(entry)
}

fn end(f: &mut Fields<'_>) -> Option<End> {
    let lifetime = f.parsed("lifetime", str::parse::<Lifetime>).map(|g| End::Lifetime(g.value));
    let days = f.whole("days").and_then(|g| {
        // Long enough for any certificate, and no sum of it overflows.
        let seconds = g.value.clamp(-1_000_000, 1_000_000) * 86_400;
        match Lifetime::from_seconds(seconds) {
            Ok(lifetime) => Some(End::Lifetime(lifetime)),
            Err(source) => {
                f.problem(&g.at, ProblemKind::Value { key: "days", source: Box::new(source) });
                None
            }
        }
    });
    let at = f.parsed("not_after", str::parse).map(|g| End::At(g.value));
    lifetime.or(days).or(at)
}

fn ca(f: &mut Fields<'_>) -> CaEntry {
    let path_len = f.whole("path_len").and_then(|g| match u8::try_from(g.value) {
        Ok(n) => Some(n),
        Err(_) => {
            let message = format!("`path_len` is a number from 0 to 255, not {}", g.value);
            let hints = vec!["write how many CAs may follow below it, or leave it away".into()];
            f.problem(&g.at, ProblemKind::Refused { message, hints });
            None
        }
    });
    CaEntry {
        path_len,
        constraints: NameConstraints {
            permitted: f.each("permit", str::parse),
            excluded: f.each("exclude", str::parse),
        },
        spiffe: f.parsed("spiffe", SpiffeId::signer).map(|g| g.value),
        crl_urls: f.each("crl_url", UriName::published_at),
        issuer_urls: f.each("issuer_url", UriName::published_at),
        ocsp_urls: f.each("ocsp_url", UriName::published_at),
        encrypt_key: f.flag("encrypt_key"),
    }
}

fn leaf(f: &mut Fields<'_>) -> LeafEntry {
    let mut names: Vec<San> = Vec::new();
    names.extend(f.each("dns", str::parse::<DnsName>).into_iter().map(San::Dns));
    names.extend(f.each("ip", str::parse::<IpName>).into_iter().map(San::Ip));
    names.extend(f.each("email", str::parse::<EmailAddress>).into_iter().map(San::Email));
    names.extend(f.each("uri", San::uri));
    names.extend(f.each("spiffe", workload).into_iter().map(San::Spiffe));
    let out = if f.place("out").is_some() { "out" } else { "out_dir" };
    let out = f.words(out, "name a folder, or leave it away");
    let out_dir = out.map(|g| {
        let path = beside(&g.at, &g.value);
        std::path::absolute(&path).unwrap_or(path)
    });
    let (owner, group) = (f.text("owner").map(|g| g.value), f.text("group").map(|g| g.value));
    if let (Some(at), Some(owner)) = (f.place("group"), owner.as_ref().filter(|o| o.contains(':'))) {
        let message = format!("`group` and the owner `{owner}` both name a group");
        f.problem(&at, ProblemKind::Refused { message, hints: vec!["keep one of them".into()] });
    }
    let owner = match (owner, group) {
        (owner, None) => owner,
        (owner, Some(group)) => Some(format!("{}:{group}", owner.unwrap_or_default())),
    };
    let key_mode = f.text("key_mode").and_then(|g| match octal(&g.value) {
        Some(mode) => Some(mode),
        None => {
            let message = format!("`{}` is not a file mode", g.value);
            f.problem(&g.at, ProblemKind::Refused { message, hints: vec!["write it in octal, as \"0640\"".into()] });
            None
        }
    });
    let layout = f.parsed("layout", str::parse).map(|g| g.value).unwrap_or_default();
    LeafEntry { names, out_dir, out_dir_beside: false, owner, key_mode, layout }
}

fn workload(text: &str) -> Result<SpiffeId, ModelError> {
    SpiffeId::workload(text)
}

fn octal(text: &str) -> Option<u32> {
    let digits = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if digits { u32::from_str_radix(text, 8).ok() } else { None }
}
