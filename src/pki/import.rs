//! Taking over what was made elsewhere: a CA with or without its key, its past, a leaf, the answer to a request.

use super::authority::Cas;
use super::create_ca::encrypted_pem;
use super::easy_rsa::{EasyRsa, Issued};
use super::folder::Place;
use super::import_error::ImportError;
use super::key_file::KeyFile;
use super::keyring::Keyring;
use super::lineage::Lineage;
use super::past::{Past, PastReport, PastSources};
use super::secret_source::{PassphraseOf, SecretSource};
use super::view::CertificateView;
use super::{Error, Pki};
use crate::disk::{decode_pem, read_public};
use crate::issue::Warning;
use crate::model::Handle;
use crate::policy::{LintContext, Severity, lint_certificate};
use crate::x509::der::SEQUENCE;
use crate::x509::{Certificate, X509Error, read_certificate};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bundles of thousands of certificates fit.
const MAX_FILE: u64 = 16 << 20;

/// What is to be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportRequest {
    /// Its NAME: of a CA as for `root`, of a leaf what its handle is derived from.
    pub display_name: String,
    /// Its certificate, in PEM or DER; others in the file count as those above it.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Whether that is to be encrypted here.
    pub encrypt_key: bool,
    /// The certificates above it, in any order.
    pub chain: Option<PathBuf>,
    /// What the CA revoked before.
    pub past: PastSources,
    /// A handle instead of the one derived from NAME.
    pub name: Option<Handle>,
}

/// What `import` did.
#[derive(Debug, Clone, Serialize)]
pub struct ImportOutcome {
    /// `adopted` (a CA with its key), `recorded` (a CA without its key, or a leaf), `completed` (the answer to a request),
    /// `renewed` (another certificate of a key that was here), `updated` (a past or a CRL), `unchanged`.
    pub action: &'static str,
    /// The certificate.
    pub certificate: CertificateView,
    /// The handles of the CAs above it that were recorded with it, the nearest first.
    pub authorities: Vec<String>,
    /// What was taken over of what the CA did before; nothing where that was not asked for.
    pub past: Option<PastReport>,
    /// The number of the CA's newest CRL.
    pub crl_number: Option<u64>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

/// What the files hold, read before anything is looked up.
pub(super) struct Given {
    pub name: String,
    pub handle: Handle,
    /// The file of the certificate.
    pub file: PathBuf,
    pub certificate: Certificate,
    pub key: Option<KeyFile>,
    /// What `key.pem` shall hold.
    pub key_pem: Option<Zeroizing<Vec<u8>>>,
    /// Whatever may stand above it.
    pub bag: Vec<Certificate>,
}

impl ImportRequest {
    /// Everything about the request that can be wrong without looking at a file.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn check(&self) -> Result<(), Error> {
        if self.display_name.trim().is_empty() {
            return Err(Error::usage("NAME is empty", "give it a name, as \"Internal CA\""));
        }
        let PastSources { crl, index, easy_rsa, none } = &self.past;
        if *none && (crl.is_some() || index.is_some() || easy_rsa.is_some()) {
            return Err(Error::usage("--no-past says that there is no past", "leave it or the others away"));
        }
        if index.is_some() && easy_rsa.is_some() {
            let hint = "easy-rsa's folder has an index.txt: leave --index-file away";
            return Err(Error::usage("--index-file and --easy-rsa-dir are two pasts", hint));
        }
        if self.encrypt_key && self.key.is_none() && easy_rsa.is_none() {
            return Err(Error::usage("--encrypt-key encrypts the key in --key-file", "add that"));
        }
        let certificate = self.certificate.is_some() || easy_rsa.is_some();
        if !certificate && (self.key.is_some() || self.chain.is_some()) {
            return Err(Error::usage("a key or a chain is nothing without its certificate", "add --cert-file"));
        }
        if !certificate && self.past.is_empty() {
            let hint = "name a certificate with --cert-file, or of a CA that is here what it revoked: --crl-file";
            return Err(Error::usage("nothing to import was named", hint));
        }
        Ok(())
    }
}

impl Pki {
    /// Takes over a CA, a leaf, the answer to a request, or what a CA that is here revoked before. The PKI folder is
    /// created where there is none; nothing is written before everything was proven.
    ///
    /// # Errors
    /// [`Error`]; nothing was then recorded or released.
    pub fn import(
        folder: &Path,
        request: &ImportRequest,
        secrets: &Arc<dyn SecretSource>,
    ) -> Result<(Pki, ImportOutcome), Error> {
        request.check()?;
        let now = Place::unborn(folder).now();
        let easy_rsa = request.past.easy_rsa.as_deref().map(EasyRsa::at).transpose()?;
        let mut given = Given::read(request, easy_rsa.as_ref(), secrets)?;
        let mut past = Some(Past::read(&request.past, easy_rsa.as_ref())?);
        let mut checked = None;
        if let Some(given) = &given {
            given.check(request)?;
            if given.certificate.is_ca() {
                checked = past.take().map(|p| p.check(&given.certificate, now)).transpose()?;
            }
        }
        if !Self::exists(folder) {
            Self::check_free(folder)?;
            match &given {
                None => return Err(Error::NoPki { path: folder.into() }),
                Some(given) if given.certificate.is_ca() => {
                    Lineage::find(&given.certificate, &given.bag, &Cas::default())?;
                    given.check_past(&request.past)?;
                }
                Some(given) => return Err(given.not_ours().into()),
            }
        }
        let mut pki = Self::open_or_create(folder)?.with_secrets(secrets.clone());
        pki.recover()?;
        if let Some(given) = given.as_mut().filter(|g| g.certificate.is_ca() && g.name == g.handle.as_str())
            && let Some(name) = pki.name_of_ca(&given.handle)?
        {
            given.name = name;
        }
        let mut outcome = match (given, checked) {
            (Some(given), Some(checked)) => pki.adopt(&given, &request.past, checked)?,
            (Some(given), None) => pki.import_leaf(&given, &request.past)?,
            (None, _) => {
                let handle = request.name.clone();
                pki.give_past(&request.display_name, handle, &request.past, past.unwrap_or_default())?
            }
        };
        outcome.warnings.extend(secrets.warnings());
        Ok((pki, outcome))
    }

    /// The name under which a CA, or the request for one, took its handle: who types the handle means it.
    fn name_of_ca(&mut self, handle: &Handle) -> Result<Option<String>, Error> {
        let transaction = self.read()?;
        let holder = transaction.holder(handle)?.map(|h| h.identity);
        let identity = holder.or(transaction.request(handle)?.map(|r| r.identity));
        Ok(identity.and_then(|i| i.strip_prefix("ca:").map(str::to_string)))
    }

    /// What became of it, and how it stands.
    pub(super) fn import_outcome(
        &mut self,
        action: &'static str,
        id: crate::store::CertificateId,
        warnings: Vec<Warning>,
    ) -> Result<ImportOutcome, Error> {
        let certificate = self.view_of(id)?;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let ca = Cas::load(&*transaction)?.iter().find(|c| c.authority.certificate.id == id).map(|c| c.id());
        let crl_number = ca.map(|id| transaction.last_crl(id)).transpose()?.flatten().map(|c| c.number);
        Ok(ImportOutcome { action, certificate, authorities: Vec::new(), past: None, crl_number, warnings })
    }
}

impl Given {
    fn read(
        request: &ImportRequest,
        easy_rsa: Option<&EasyRsa>,
        secrets: &Arc<dyn SecretSource>,
    ) -> Result<Option<Self>, Error> {
        let file = request.certificate.as_ref().or(easy_rsa.map(|e| &e.certificate));
        let Some(file) = file else { return Ok(None) };
        let mut all = certificates(file)?.into_iter();
        let Some(certificate) = all.next() else { return Ok(None) };
        let mut bag: Vec<Certificate> = all.collect();
        if let Some(chain) = &request.chain {
            bag.extend(certificates(chain)?);
        }
        // The key beside easy-rsa's certificate is its key; one that was moved away is named.
        let beside = easy_rsa.filter(|_| request.certificate.is_none()).map(|e| &e.key);
        let name = request.display_name.trim().to_string();
        let key = request.key.as_ref().or(beside).map(|path| KeyFile::read(path, &name, secrets)).transpose()?;
        let mut key_pem = None;
        if let Some(key) = &key {
            if key.public_key() != certificate.public_key {
                let (key, certificate) = (key.path().to_path_buf(), file.clone());
                return Err(ImportError::WrongKey { key, certificate }.into());
            }
            let pem = Zeroizing::new(key.pem().expose().to_vec());
            key_pem = Some(match request.encrypt_key && !key.is_encrypted() {
                true => {
                    let passphrase = Keyring::new(secrets.clone()).passphrase(PassphraseOf::New(&name), key.path())?;
                    encrypted_pem(&pem, &passphrase)?
                }
                false => pem,
            });
        }
        let handle = request.name.clone().unwrap_or_else(|| Pki::handle_of(&name));
        Ok(Some(Given { name, handle, file: file.clone(), certificate, key, key_pem, bag }))
    }

    /// What can be wrong with the certificate by itself, and with what was said beside it.
    fn check(&self, request: &ImportRequest) -> Result<(), Error> {
        let certificate = &self.certificate;
        let not_a_ca = |problem: String| ImportError::NotACa { path: self.file.clone(), problem };
        if !certificate.is_ca() && !request.past.is_empty() {
            let problem = match certificate.version {
                3 => "its basicConstraints do not say so".into(),
                version => format!("it is of version {version}, which has no basicConstraints"),
            };
            return Err(not_a_ca(problem).into());
        }
        if certificate.is_self_issued() && certificate.version != 3 {
            return Err(not_a_ca(format!("it is of version {}, not 3", certificate.version)).into());
        }
        if certificate.serial.is_none() {
            let problem = "its serial number is zero, negative or longer than 20 octets";
            return Err(ImportError::Unrecordable { path: self.file.clone(), problem }.into());
        }
        let above = self.bag.iter().find(|c| c.serial.is_none() && c.subject.matches(&certificate.issuer));
        if above.is_some() {
            let problem = "the serial number of the CA above it is zero, negative or longer than 20 octets";
            return Err(ImportError::Unrecordable { path: self.file.clone(), problem }.into());
        }
        Ok(())
    }

    /// A CA with its key comes with its past, one without its key with its CRL at most.
    pub(super) fn check_past(&self, past: &PastSources) -> Result<(), ImportError> {
        let name = self.name.clone();
        if self.key.is_some() {
            return if past.is_empty() { Err(ImportError::PastMissing { name }) } else { Ok(()) };
        }
        if past.none || past.index.is_some() || past.easy_rsa.is_some() {
            return Err(ImportError::PastUseless { name, problem: "is imported without its key" });
        }
        Ok(())
    }

    pub(super) fn not_ours(&self) -> ImportError {
        let subject = &self.certificate.subject;
        let subject = if subject.der.is_empty() { self.name.clone() } else { subject.subject.to_string() };
        ImportError::NotOurs { subject }
    }

    /// What the rules find in a certificate that was made elsewhere, as warnings.
    pub(super) fn findings(&self, issuer: Option<&Certificate>) -> Vec<Warning> {
        let context = LintContext { issuer: issuer.map(|c| c.facts()), ..LintContext::default() };
        let found = lint_certificate(self.certificate.facts(), &context);
        let weighty = found.iter().filter(|f| f.severity != Severity::Notice);
        let warning = |f: &crate::policy::Finding| {
            Warning::new("adopted-finding", format!("{} ({}, {})", f.message, f.lint, f.citation))
        };
        weighty.map(warning).collect()
    }

    /// What a renewal does about findings: it mends them, unless certificates below name the serial number that it changes.
    pub(super) fn renewal_advice(&self, issued: &[Issued]) -> Warning {
        let named = |c: &Certificate| c.authority_names_serial;
        let handle = &self.handle;
        let text = if named(&self.certificate) || issued.iter().any(|i| named(&i.certificate)) {
            format!(
                "`rootlet renew {handle}` gives it a clean certificate of the same name and key; but what it issued names \
                 its serial number, as easy-rsa does, and verifies below the old certificate alone: keep that trusted"
            )
        } else {
            format!("`rootlet renew {handle}` gives it a clean certificate of the same name and key")
        };
        Warning::new("renewal-advised", text)
    }
}

/// Every certificate in a file, in PEM or DER; one at least.
fn certificates(path: &Path) -> Result<Vec<Certificate>, Error> {
    let fail = |source| Error::File { path: path.into(), source };
    // Some keep their key in the same file.
    let bytes = Zeroizing::new(read_public(path, MAX_FILE)?);
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![read_certificate(&bytes).map_err(fail)?]);
    }
    let blocks = decode_pem(&bytes).map_err(|e| fail(X509Error::malformed("the certificate", e.to_string())))?;
    let blocks = blocks.into_iter().map(|b| (b.label, Zeroizing::new(b.der)));
    let all: Vec<Certificate> = blocks
        .filter(|(label, _)| label == "CERTIFICATE")
        .map(|(_, der)| read_certificate(&der).map_err(fail))
        .collect::<Result<_, _>>()?;
    if all.is_empty() {
        return Err(fail(X509Error::malformed("the certificate", "there is none in it")));
    }
    Ok(all)
}

/// Nothing of this CA's past was asked for.
pub(super) fn report_of(past: &PastSources, report: PastReport) -> Option<PastReport> {
    (!past.is_empty()).then_some(report)
}
