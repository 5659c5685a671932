//! Entries of a manifest as the requests that the commands make.

use super::folder::CERTS;
use super::home::combined_name;
use super::{CaRequest, Error, KeyFile, LeafKey, LeafRequest, SecretSource, Urls};
use crate::manifest::{CaEntry, Entry, LeafEntry, Manifest, ManifestError, Part, ProblemKind, Problems};
use crate::model::{Handle, Layout};
use crate::store::Delivery;
use crate::x509::NameDer;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an entry asks for.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Ca(Box<CaRequest>),
    Leaf(Box<LeafRequest>),
}

impl Asked {
    /// How the files of a leaf are to lie.
    pub fn layout(&self) -> Option<Layout> {
        match self {
            Asked::Ca(_) => None,
            Asked::Leaf(request) => request.layout,
        }
    }
}

/// An entry and what it asks for.
#[derive(Debug, Clone)]
pub(super) struct Wish<'m> {
    pub entry: &'m Entry,
    pub asked: Asked,
}

impl Wish<'_> {
    pub fn handle(&self) -> &Handle {
        &self.entry.handle
    }

    pub fn is_ca(&self) -> bool {
        self.entry.profile.is_ca()
    }
}

/// Every entry as a request, in the order in which they are made. Nothing but key files is looked at.
pub(super) fn wishes<'m>(manifest: &'m Manifest, secrets: &Arc<dyn SecretSource>) -> Result<Vec<Wish<'m>>, Error> {
    let mut problems = Problems::default();
    let order = crate::manifest::in_order(&manifest.entries, &mut problems);
    let mut all = Vec::with_capacity(order.len());
    for entry in order.into_iter().filter_map(|n| manifest.entries.get(n)) {
        match ask(entry, manifest.id.as_deref()) {
            Ok(asked) => all.push(Wish { entry, asked }),
            Err(e) => problems.add(&entry.at, refused(&e)),
        }
    }
    check_folders(&all, &mut problems);
    check_homes(&all, &mut problems);
    check_subjects(&all, &mut problems);
    problems.settle()?;
    let mut problems = Problems::default();
    for wish in &mut all {
        let Some(path) = &wish.entry.key_file else { continue };
        let file = Arc::new(KeyFile::read(path, &wish.entry.name, secrets)?);
        match &mut wish.asked {
            Asked::Ca(request) => request.key_file = Some(file),
            Asked::Leaf(request) => {
                request.key = LeafKey::Given(file);
                if let Err(e) = request.check() {
                    problems.add(&wish.entry.at, refused(&e));
                }
            }
        }
    }
    problems.settle()?;
    Ok(all)
}

/// What another part refuses, at the place of the entry.
pub(super) fn refused(error: &Error) -> ProblemKind {
    ProblemKind::Refused { message: error.to_string(), hints: error.hints() }
}

impl From<ManifestError> for Error {
    fn from(error: ManifestError) -> Self {
        Error::Manifest(Box::new(error))
    }
}

fn ask(entry: &Entry, manifest: Option<&str>) -> Result<Asked, Error> {
    match &entry.part {
        Part::Ca(ca) => ask_ca(entry, ca, manifest).map(|r| Asked::Ca(Box::new(r))),
        Part::Leaf(leaf) => ask_leaf(entry, leaf, manifest).map(|r| Asked::Leaf(Box::new(r))),
    }
}

fn ask_ca(entry: &Entry, ca: &CaEntry, manifest: Option<&str>) -> Result<CaRequest, Error> {
    let mut request = CaRequest::new(entry.profile, &entry.name)?;
    request.subject.clone_from(&entry.subject);
    request.purposes.clone_from(&entry.purposes);
    request.spiffe.clone_from(&ca.spiffe);
    request.key = entry.key;
    request.encrypt_key = ca.encrypt_key;
    request.not_before = entry.not_before;
    request.end = entry.end;
    request.issuer = entry.issuer.as_ref().map(|g| g.value.to_string());
    request.name = Some(entry.handle.clone());
    request.path_len = ca.path_len;
    request.constraints = ca.constraints.clone();
    request.urls = Urls { crl: ca.crl_urls.clone(), issuer: ca.issuer_urls.clone(), ocsp: ca.ocsp_urls.clone() };
    request.manifest = manifest.map(Into::into);
    request.check()?;
    Ok(request)
}

fn ask_leaf(entry: &Entry, leaf: &LeafEntry, manifest: Option<&str>) -> Result<LeafRequest, Error> {
    let mut request = LeafRequest::new(entry.profile, &entry.name)?;
    request.subject.clone_from(&entry.subject);
    request.names.clone_from(&leaf.names);
    request.purposes.clone_from(&entry.purposes);
    request.key = LeafKey::New(entry.key);
    request.not_before = entry.not_before;
    request.end = entry.end;
    request.issuer = entry.issuer.as_ref().map(|g| g.value.to_string());
    request.name = Some(entry.handle.clone());
    request.manifest = manifest.map(Into::into);
    request.declared = true;
    request.layout = Some(leaf.layout);
    request.delivery = match &leaf.out_dir {
        Some(folder) => Some(Delivery {
            declared: !leaf.out_dir_beside,
            ..Delivery::checked(folder.clone(), leaf.owner.clone(), leaf.key_mode)?
        }),
        None if leaf.owner.is_some() || leaf.key_mode.is_some() => {
            return Err(Error::usage("`owner`, `group` and `key_mode` are of delivered files", "add `out_dir`"));
        }
        None => None,
    };
    request.check()?;
    // As it is remembered.
    Ok(super::deliver::with_real_folder(&request))
}

/// Two leaves cannot be delivered to one folder, nor one below what is to be a file of another.
fn check_folders(all: &[Wish<'_>], problems: &mut Problems) {
    let mut folders: HashMap<PathBuf, &Entry> = HashMap::new();
    for wish in all {
        let Asked::Leaf(request) = &wish.asked else { continue };
        let Some(folder) = request.delivery.as_ref().map(|d| &d.folder) else { continue };
        if let Some(first) = folders.insert(folder.clone(), wish.entry) {
            let message = format!(
                "`{}` is where the files of `{}` are delivered, which is declared at {}",
                folder.display(),
                first.handle,
                first.at
            );
            let hints = vec!["give each leaf a folder of its own, as `out_dir = \"deploy/${each}\"`".into()];
            problems.add(&wish.entry.at, ProblemKind::Refused { message, hints });
        }
    }
    for wish in all {
        let Asked::Leaf(request) = &wish.asked else { continue };
        let Some(folder) = request.delivery.as_ref().map(|d| &d.folder) else { continue };
        if let Some(other) = super::deliver::hidden_by(folder).find_map(|hidden| folders.get(hidden)) {
            let message = format!(
                "`{}` would lie where a file of `{}` is delivered, which is declared at {}",
                folder.display(),
                other.handle,
                other.at
            );
            let hints = vec!["name a folder that is not called as a delivered file".into()];
            problems.add(&wish.entry.at, ProblemKind::Refused { message, hints });
        }
    }
}

/// No leaf is named as the combined file of another one, whatever its own layout is: that may change.
fn check_homes(all: &[Wish<'_>], problems: &mut Problems) {
    let (mut names, mut files) = (HashMap::<&str, &Entry>::new(), HashMap::<String, &Entry>::new());
    for wish in all.iter().filter(|w| !w.is_ca()) {
        let name = wish.handle().as_str();
        let file = (wish.asked.layout() == Some(Layout::Combined)).then(|| combined_name(wish.handle()));
        let mut in_the_way = |lies_at: &str, other: &Entry| {
            let error = Error::InTheWay { path: Path::new(CERTS).join(lies_at), other: other.handle.clone() };
            problems.add(&wish.entry.at, refused(&error));
        };
        if let Some(other) = files.get(name) {
            in_the_way(name, other);
        }
        if let Some((file, other)) = file.as_deref().and_then(|f| Some((f, names.get(f)?))) {
            in_the_way(file, other);
        }
        names.insert(name, wish.entry);
        files.extend(file.map(|f| (f, wish.entry)));
    }
}

/// Verifiers tell CAs apart by subject.
fn check_subjects(all: &[Wish<'_>], problems: &mut Problems) {
    let mut subjects: HashMap<Vec<u8>, &Entry> = HashMap::new();
    for wish in all {
        let Asked::Ca(request) = &wish.asked else { continue };
        let default = || crate::model::Subject::common_name(&request.display_name, None).ok();
        let Some(subject) = request.subject.clone().or_else(default) else { continue };
        if let Some(first) = subjects.insert(NameDer::of(&subject).as_bytes().to_vec(), wish.entry) {
            let message = format!("the CA `{}` at {} has the subject `{subject}` already", first.handle, first.at);
            let hints = vec!["give one of them another `name` or `subject`".into()];
            problems.add(&wish.entry.at, ProblemKind::Refused { message, hints });
        }
    }
}
