//! Encrypting a key that is there, and decrypting it: the file is replaced in one step, after what is to replace it was
//! opened and read back.

use super::authority::{Cas, MAX_KEY_BYTES};
use super::issuing::{ATTEMPTS, back_off};
use super::key_subject::{KeyBytes, KeyOutcome, KeySubject};
use super::release::GENERATION;
use super::secret_source::PassphraseOf;
use super::{CustodyError, Error, Pki};
use crate::disk::{Access, entries, read_optional};
use crate::issue::Warning;
use crate::keys::{KeyDocument, KeyError, PrivateKey};
use zeroize::Zeroizing;

impl Pki {
    /// Encrypts the key of a CA, a leaf or a request with the new passphrase of the PKI's [`super::SecretSource`].
    ///
    /// # Errors
    /// [`Error`]; the key file is then as it was. [`CustodyError::WrongPassphrase`] when it is encrypted with another one.
    pub fn encrypt_key(&mut self, name: &str) -> Result<KeyOutcome, Error> {
        self.again(|pki| pki.try_encrypt_key(name))
    }

    fn try_encrypt_key(&mut self, name: &str) -> Result<KeyOutcome, Error> {
        let subject = self.key_subject(name)?;
        let before = subject.read()?;
        let of = PassphraseOf::New(subject.handle.as_str());
        let key = match &before.document {
            KeyDocument::Plain(key) => key,
            KeyDocument::Encrypted(key) => {
                // Asked for again: it is what was asked for when the passphrase opens it.
                let passphrase = self.place.keyring.passphrase(of, &subject.path)?;
                return match key.unlock(&passphrase) {
                    Ok(_) => {
                        let mut outcome = subject.outcome("unchanged", true);
                        outcome.warnings.extend(earlier_in_the_clear(&subject)?);
                        Ok(outcome)
                    }
                    Err(e) => Err(failed(&subject, of, e)),
                };
            }
        };
        subject.check_key(key, &subject.path)?;
        let passphrase = self.place.keyring.passphrase(of, &subject.path)?;
        let pem = key.to_encrypted_pem(&passphrase).map_err(|e| failed(&subject, of, e))?;
        let mut outcome = self.replace_key(&subject, &before, &pem, "encrypted", true)?;
        if let Some(ca) = &subject.ca {
            self.place.keyring.remember(&pem, key)?;
            let cas = Cas::load(&*self.read()?)?;
            match self.long_crl(&cas, ca.id()) {
                Ok(number) => outcome.crl_number = number,
                Err(e) => {
                    let text = format!("the CRL of `{}` could not be made to last longer: {e}", subject.handle);
                    outcome.warnings.push(Warning::new("crl-stale", text));
                }
            }
            outcome.warnings.extend(earlier_in_the_clear(&subject)?);
        }
        Ok(outcome)
    }

    /// Puts the key of a CA, a leaf or a request into the clear.
    ///
    /// # Errors
    /// [`Error`]; the key file is then as it was.
    pub fn decrypt_key(&mut self, name: &str) -> Result<KeyOutcome, Error> {
        self.again(|pki| pki.try_decrypt_key(name))
    }

    fn try_decrypt_key(&mut self, name: &str) -> Result<KeyOutcome, Error> {
        let subject = self.key_subject(name)?;
        let before = subject.read()?;
        if !before.document.is_encrypted() {
            return Ok(subject.outcome("unchanged", false));
        }
        let key = self.open_key(&subject, &before)?;
        self.replace_key(&subject, &before, &key.to_pem(), "decrypted", false)
    }

    /// Encrypts the key of a CA, a leaf or a request with another passphrase.
    ///
    /// # Errors
    /// [`Error`]; the key file is then as it was. [`CustodyError::NotEncrypted`] when it is in the clear.
    pub fn change_passphrase(&mut self, name: &str) -> Result<KeyOutcome, Error> {
        self.again(|pki| pki.try_change_passphrase(name))
    }

    fn try_change_passphrase(&mut self, name: &str) -> Result<KeyOutcome, Error> {
        let subject = self.key_subject(name)?;
        let before = subject.read()?;
        let KeyDocument::Encrypted(encrypted) = &before.document else {
            return Err(CustodyError::NotEncrypted { handle: subject.handle.clone() }.into());
        };
        let (was, new) = (PassphraseOf::Subject(subject.handle.as_str()), PassphraseOf::New(subject.handle.as_str()));
        let old_passphrase = self.place.keyring.passphrase(was, &subject.path)?;
        let passphrase = self.place.keyring.source.passphrase(new)?;
        let passphrase = passphrase.ok_or_else(|| CustodyError::NoNewPassphrase { handle: subject.handle.clone() })?;
        let key = match encrypted.unlock(&old_passphrase) {
            Ok(key) => key,
            // Asked for again: it was changed to this one already.
            Err(KeyError::WrongPassphrase) if encrypted.unlock(&passphrase).is_ok() => {
                return Ok(subject.outcome("unchanged", true));
            }
            Err(e) => return Err(failed(&subject, was, e)),
        };
        subject.check_key(&key, &subject.path)?;
        let pem = key.to_encrypted_pem(&passphrase).map_err(|e| failed(&subject, new, e))?;
        self.replace_key(&subject, &before, &pem, "passphrase-changed", true)
    }

    /// Starts again while other commands change what this one looked at.
    pub(super) fn again(&mut self, act: impl Fn(&mut Self) -> Result<KeyOutcome, Error>) -> Result<KeyOutcome, Error> {
        let mut attempt = 0;
        loop {
            back_off(attempt);
            self.recover()?;
            attempt += 1;
            match act(self) {
                Err(Error::Overtaken { handle, .. }) if attempt == ATTEMPTS => {
                    return Err(Error::Overtaken { handle, attempts: ATTEMPTS });
                }
                Err(Error::Overtaken { .. }) => {}
                other => return other,
            }
        }
    }

    /// The private key in a key file, with its passphrase if it needs one; it must be the subject's.
    pub(super) fn open_key(&self, subject: &KeySubject, before: &KeyBytes) -> Result<PrivateKey, Error> {
        let document = KeyDocument::read(&before.bytes);
        let document = document.map_err(|source| Error::KeyFile { path: subject.path.clone(), source })?;
        let of = PassphraseOf::Subject(subject.handle.as_str());
        let key = self.place.keyring.open(document, &subject.path, of)?;
        subject.check_key(&key, &subject.path)?;
        Ok(key)
    }

    fn replace_key(
        &mut self,
        subject: &KeySubject,
        before: &KeyBytes,
        pem: &Zeroizing<Vec<u8>>,
        action: &'static str,
        encrypted: bool,
    ) -> Result<KeyOutcome, Error> {
        let deliveries = self.read()?.deliveries(&subject.handle)?;
        if !deliveries.is_empty() {
            // Before the key changes: a command that dies after that is finished by the next one.
            let transaction = self.write()?;
            transaction.set_deliveries_due(&subject.handle, true)?;
            transaction.commit()?;
        }
        let half_done = || Error::not_released(format!("the key of {}", subject.handle));
        {
            let _lock = self.lock_keys(subject)?;
            let Pki { place, store } = self;
            // Nobody records a renewal with the old file meanwhile, and none waits to be released.
            let transaction = store.begin(crate::store::Access::Write)?;
            subject.check_released(&*transaction)?;
            subject.check_unchanged(before)?;
            let folder = subject.path.parent().unwrap_or(&subject.path);
            place.disk.sweep(folder, |name| name == "key.pem")?;
            place.disk.replace_verified(&subject.path, pem, Access::Private)?;
            let noted = transaction.note(place.now(), "key", Some(&subject.handle), action);
            noted.and_then(|()| transaction.commit()).map_err(Error::from).map_err(half_done())?;
        }
        let mut outcome = subject.outcome(action, encrypted);
        if !deliveries.is_empty() {
            outcome.delivered = self.deliver(&subject.handle).map_err(half_done())?;
        }
        if encrypted && action == "encrypted" && subject.ca.is_none() && !deliveries.is_empty() {
            let text = "the delivered copies are encrypted now too: the programs that read them need the passphrase";
            outcome.warnings.push(Warning::new("delivered-encrypted", text));
        }
        outcome.warnings.extend(self.place.keyring.source.warnings());
        Ok(outcome)
    }
}

/// The keys of earlier generations of a CA stay as they are: somebody may need one to sign its CRL.
fn earlier_in_the_clear(subject: &KeySubject) -> Result<Option<Warning>, Error> {
    let Some(folder) = subject.path.parent().filter(|_| subject.ca.is_some()) else { return Ok(None) };
    let mut files = Vec::new();
    for name in entries(folder)?.iter().filter(|n| n.starts_with(GENERATION)) {
        let file = folder.join(name).join("key.pem");
        let bytes = read_optional(&file, MAX_KEY_BYTES)?.map(Zeroizing::new);
        if bytes.is_some_and(|b| !KeyDocument::needs_passphrase(&b)) {
            files.push(format!("`{}`", file.display()));
        }
    }
    let text = || format!("the keys of earlier generations are still in the clear: {}", files.join(", "));
    Ok((!files.is_empty()).then(|| Warning::new("earlier-key", text())))
}

fn failed(subject: &KeySubject, of: PassphraseOf<'_>, source: KeyError) -> Error {
    match source {
        KeyError::WrongPassphrase => {
            CustodyError::WrongPassphrase { path: subject.path.clone(), role: of.into() }.into()
        }
        source => Error::KeyFile { path: subject.path.clone(), source },
    }
}
