//! Where passphrases come from: files, stdin, the environment, or a person at a terminal. None is ever an argument.

use super::failure::Failure;
use rootlet::disk::{DiskError, is_open_to_others, read_given};
use rootlet::issue::Warning;
use rootlet::manifest::Manifest;
use rootlet::model::{Handle, Secret};
use rootlet::pki::{CustodyError, Error, PassphraseOf, PassphraseProblem, Pki, SecretSource};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// OpenSSL takes no longer ones (PEM_BUFSIZE).
const MAX_PASSPHRASE: usize = 1024;
pub const STDIN: &str = "-";
const ISSUER_VARIABLE: &str = "ROOTLET_ISSUER_PASSPHRASE";

/// Where one passphrase comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    Stdin,
    /// A variable of the environment, by name.
    Variable(&'static str),
}

impl Origin {
    /// The option, else the variable where it is set.
    pub fn of(option: Option<&Path>, variable: &'static str) -> Option<Self> {
        match option {
            Some(path) if path == Path::new(STDIN) => Some(Origin::Stdin),
            Some(path) => Some(Origin::File(path.into())),
            None => std::env::var_os(variable).map(|_| Origin::Variable(variable)),
        }
    }

    fn shown(&self) -> String {
        match self {
            Origin::File(path) => format!("`{}`", path.display()),
            Origin::Stdin => "stdin".into(),
            Origin::Variable(name) => format!("${name}"),
        }
    }

    fn read(&self) -> Result<Secret, Error> {
        let mut bytes = match self {
            Origin::File(path) => {
                Zeroizing::new(read_given(path, MAX_PASSPHRASE as u64 + 2).map_err(|e| self.too_long(e))?)
            }
            Origin::Stdin => {
                let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE + 3));
                let read = io::stdin().lock().take(MAX_PASSPHRASE as u64 + 3).read_to_end(&mut bytes);
                read.map_err(|source| DiskError::Io { action: "read", path: "stdin".into(), source })?;
                bytes
            }
            Origin::Variable(name) => {
                Zeroizing::new(std::env::var_os(name).map(OsString::into_encoded_bytes).unwrap_or_default())
            }
        };
        if !matches!(self, Origin::Variable(_)) {
            let ending = if bytes.ends_with(b"\r\n") { 2 } else { usize::from(bytes.ends_with(b"\n")) };
            let length = bytes.len() - ending;
            bytes.truncate(length);
        }
        if bytes.is_empty() {
            return Err(CustodyError::from(PassphraseProblem::Empty(self.shown())).into());
        }
        if bytes.len() > MAX_PASSPHRASE {
            return Err(CustodyError::from(PassphraseProblem::TooLong(self.shown(), MAX_PASSPHRASE)).into());
        }
        Ok(bytes.into())
    }

    fn too_long(&self, error: DiskError) -> Error {
        match error {
            DiskError::TooLarge { .. } => {
                CustodyError::from(PassphraseProblem::TooLong(self.shown(), MAX_PASSPHRASE)).into()
            }
            other => other.into(),
        }
    }
}

/// The passphrase that an option names, and what there is to say about where it came from. Nobody is asked, and the
/// environment is not: what is looked at is hardly what the variable is for.
pub fn given_passphrase(
    option: Option<&Path>,
    stdin_is_taken: bool,
) -> Result<(Option<Arc<Secret>>, Vec<Warning>), Failure> {
    let Some(path) = option else { return Ok((None, Vec::new())) };
    let origin = if path == Path::new(STDIN) { Origin::Stdin } else { Origin::File(path.into()) };
    let builder = SecretsBuilder { subject: Some(origin), stdin_is_taken, ..SecretsBuilder::default() };
    let secrets = builder.build()?;
    let secret = secrets.passphrase(PassphraseOf::Subject("the file"))?;
    Ok((secret, secrets.warnings()))
}

/// Everything that was said about secrets on the command line.
#[derive(Debug, Default)]
pub struct SecretsBuilder {
    /// The passphrase of the subject's own key.
    pub subject: Option<Origin>,
    /// The same, by the NAME that it is of: a manifest has many.
    subjects: Vec<(String, Origin)>,
    /// The passphrase that the subject's key gets, where that is another one.
    pub new: Option<Origin>,
    /// Passphrases of issuers; of any one where no CA is named.
    issuers: Vec<(Option<Handle>, Origin)>,
    key_files: Vec<(Option<Handle>, PathBuf)>,
    /// Whether something else is read from stdin.
    pub stdin_is_taken: bool,
    /// Whether the subject's key has a passphrase that is replaced by another one: the two do not stand for each other.
    pub changes: bool,
}

impl SecretsBuilder {
    /// Reads `[CA=]FILE` values, and the variable where none is for every CA.
    pub fn add_issuers(&mut self, passphrases: &[String], key_files: &[String]) -> Result<(), Failure> {
        for text in passphrases {
            let (ca, file) = of_ca(text);
            let origin = if file == STDIN { Origin::Stdin } else { Origin::File(file.into()) };
            self.issuers.push((ca, origin));
        }
        if self.issuers.iter().all(|(ca, _)| ca.is_some()) {
            self.issuers.extend(Origin::of(None, ISSUER_VARIABLE).map(|origin| (None, origin)));
        }
        self.key_files = key_files.iter().map(|t| of_ca(t)).map(|(ca, file)| (ca, file.into())).collect();
        if let Some(twice) = twice(&self.issuers) {
            return Err(twice_said("--issuer-passphrase-file", twice));
        }
        match twice(&self.key_files) {
            Some(twice) => Err(twice_said("--issuer-key-file", twice)),
            None => Ok(()),
        }
    }

    /// What the entries of a manifest say of passphrases and keys. What was typed for the command comes first.
    pub fn add_manifest(&mut self, manifest: &Manifest) -> Result<(), Failure> {
        for entry in &manifest.entries {
            if let Some(path) = &entry.passphrase_file {
                let origin = Origin::File(path.clone());
                // One entry creates the CA, others are issued by it.
                if entry.profile.is_ca() && self.issuers.iter().all(|(ca, _)| ca.as_ref() != Some(&entry.handle)) {
                    self.issuers.push((Some(entry.handle.clone()), origin.clone()));
                }
                match self.subjects.iter().find(|(name, _)| *name == entry.name) {
                    Some((_, other)) if *other != origin => {
                        return Err(twice_declared("passphrase_file", &entry.name));
                    }
                    Some(_) => {}
                    None => self.subjects.push((entry.name.clone(), origin)),
                }
            }
            let Some(issuer) = entry.issuer.as_ref().map(|g| g.value.clone()) else { continue };
            if let Some(path) = &entry.issuer_passphrase_file {
                add(&mut self.issuers, &issuer, Origin::File(path.clone()), "issuer_passphrase_file")?;
            }
            if let Some(path) = &entry.issuer_key_file {
                add(&mut self.key_files, &issuer, path.clone(), "issuer_key_file")?;
            }
        }
        Ok(())
    }

    /// Refuses what reads stdin twice.
    pub fn build(self) -> Result<Arc<Secrets>, Failure> {
        let all = self.subject.iter().chain(&self.new).chain(self.issuers.iter().map(|(_, origin)| origin));
        let from_stdin = all.filter(|o| **o == Origin::Stdin).count() + usize::from(self.stdin_is_taken);
        if from_stdin > 1 {
            return Err(Failure::usage(
                "stdin can be read only once",
                "take one of them from a file or from the environment",
            ));
        }
        Ok(Arc::new(Secrets { said: self, known: Mutex::default(), warnings: Mutex::default() }))
    }
}

/// One value for each CA, whoever says it.
fn add<T: PartialEq>(
    all: &mut Vec<(Option<Handle>, T)>,
    ca: &Handle,
    value: T,
    key: &'static str,
) -> Result<(), Failure> {
    match all.iter().find(|(name, _)| name.as_ref() == Some(ca)) {
        Some((_, other)) if *other != value => Err(twice_declared(key, ca.as_str())),
        Some(_) => Ok(()),
        None => {
            all.push((Some(ca.clone()), value));
            Ok(())
        }
    }
}

fn twice_declared(key: &str, name: &str) -> Failure {
    Failure::of_a_file(
        format!("`{key}` is said of `{name}` twice, and differently"),
        "say it once, or the same each time",
    )
}

fn twice<T>(all: &[(Option<Handle>, T)]) -> Option<&Option<Handle>> {
    all.iter().enumerate().find(|(n, (ca, _))| all[..*n].iter().any(|(other, _)| other == ca)).map(|(_, (ca, _))| ca)
}

fn twice_said(option: &str, ca: &Option<Handle>) -> Failure {
    match ca {
        Some(ca) => Failure::usage(format!("{option} was given twice for `{ca}`"), "give it once for each CA"),
        None => Failure::usage(format!("{option} was given twice"), format!("say whose each is: {option} CA=FILE")),
    }
}

/// `CA=FILE`, or a file alone; a path with a `/` before its `=` is a file.
pub fn of_ca(text: &str) -> (Option<Handle>, &str) {
    match text.split_once('=') {
        Some((ca, file)) if !ca.contains('/') && !ca.is_empty() => (Some(Pki::handle_of(ca)), file),
        _ => (None, text),
    }
}

/// The secrets of one command: each is read when it is needed, once.
pub struct Secrets {
    said: SecretsBuilder,
    /// What was read or typed, by who it is for.
    known: Mutex<BTreeMap<String, Arc<Secret>>>,
    warnings: Mutex<Vec<Warning>>,
}

impl Secrets {
    fn origin(&self, of: PassphraseOf<'_>) -> Option<&Origin> {
        match of {
            PassphraseOf::Subject(name) | PassphraseOf::New(name) if !self.said.subjects.is_empty() => {
                let own = self.said.subjects.iter().find(|(n, _)| n == name).map(|(_, origin)| origin);
                own.or(self.said.subject.as_ref())
            }
            PassphraseOf::Subject(_) => self.said.subject.as_ref(),
            PassphraseOf::New(_) if self.said.changes => self.said.new.as_ref(),
            PassphraseOf::New(_) => self.said.subject.as_ref(),
            PassphraseOf::Issuer(ca) => for_ca(&self.said.issuers, ca),
        }
    }

    fn type_in(&self, of: PassphraseOf<'_>) -> Result<Secret, Error> {
        let ask = |prompt: String| {
            let typed = rpassword::prompt_password(prompt);
            typed.map(|text| Secret::new(text.into_bytes())).map_err(|source| {
                Error::Disk(DiskError::Io { action: "read from", path: "the terminal".into(), source })
            })
        };
        let name = super::printer::safe(of.name());
        let typed = match of {
            PassphraseOf::New(_) => {
                let first = ask(format!("New passphrase for the key of {name}: "))?;
                let second = ask("The same again: ".into())?;
                if first.expose() != second.expose() {
                    return Err(CustodyError::from(PassphraseProblem::TypedDifferently).into());
                }
                first
            }
            _ => ask(format!("Passphrase for the key of {name}: "))?,
        };
        if typed.expose().is_empty() {
            return Err(CustodyError::from(PassphraseProblem::NothingTyped).into());
        }
        Ok(typed)
    }

    fn warn_about(&self, origin: &Origin) {
        if let Origin::File(path) = origin
            && is_open_to_others(path)
        {
            let text = format!("every user of this machine can read the passphrase in `{}`", path.display());
            lock(&self.warnings).push(Warning::new("passphrase-readable", text));
        }
    }
}

impl SecretSource for Secrets {
    fn passphrase(&self, of: PassphraseOf<'_>) -> Result<Option<Arc<Secret>>, Error> {
        let origin = self.origin(of);
        // What comes from one place is read once; what is typed is asked for once for each key.
        let id = match (origin, of) {
            (Some(origin), _) => origin.shown(),
            (None, PassphraseOf::New(name)) => format!("new {name}"),
            (None, of) => of.name().to_string(),
        };
        let mut known = lock(&self.known);
        if let Some(secret) = known.get(&id) {
            return Ok(Some(secret.clone()));
        }
        let secret = match origin {
            Some(origin) => {
                self.warn_about(origin);
                origin.read()?
            }
            None if somebody_is_there() => self.type_in(of)?,
            None => return Ok(None),
        };
        let secret = Arc::new(secret);
        known.insert(id, secret.clone());
        Ok(Some(secret))
    }

    fn was_given(&self, of: PassphraseOf<'_>) -> bool {
        self.origin(of).is_some()
    }

    fn can_be_had(&self, of: PassphraseOf<'_>) -> bool {
        self.was_given(of) || somebody_is_there()
    }

    fn issuer_key_file(&self, ca: &Handle) -> Option<PathBuf> {
        for_ca(&self.said.key_files, ca).cloned()
    }

    fn warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut lock(&self.warnings))
    }
}

/// Whether there is a terminal at which a passphrase can be typed.
fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// What was said for a CA by name, else for any.
fn for_ca<'a, T>(all: &'a [(Option<Handle>, T)], ca: &Handle) -> Option<&'a T> {
    let named = all.iter().find(|(name, _)| name.as_ref() == Some(ca));
    named.or_else(|| all.iter().find(|(name, _)| name.is_none())).map(|(_, value)| value)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_may_stand_before_a_file() {
        let shown = |text: &'static str| {
            let (ca, file) = of_ca(text);
            (ca.map(|c| c.to_string()), file)
        };
        assert_eq!(shown("root.pass"), (None, "root.pass"));
        assert_eq!(shown("Lab Root=root.pass"), (Some("lab-root".into()), "root.pass"));
        assert_eq!(shown("./a=b"), (None, "./a=b"));
        assert_eq!(shown("a=./b=c"), (Some("a".into()), "./b=c"));
        assert_eq!(shown("lab-root=-"), (Some("lab-root".into()), "-"));
    }
}
