//! What the CRL of a CA that is somebody else's says of a certificate that comes here after it.

use super::Error;
use super::authority::Cas;
use super::crl_file::valid_crl;
use super::folder::Place;
use super::past::{PastEntry, PastReport, record_entry};
use crate::issue::Warning;
use crate::keys::sha256;
use crate::model::{Reason, Serial, Timestamp};
use crate::store::{KeyPlace, NewCertificate, Transaction};

impl Place {
    /// Looks a certificate that was just recorded up on the CRL of its issuer, where that is a CA of somebody else: what
    /// is revoked there is revoked here from the start.
    pub(super) fn heed_foreign_crl(
        &self,
        transaction: &dyn Transaction,
        cas: &Cas,
        new: &NewCertificate,
        now: Timestamp,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Error> {
        let issuer = cas.by_id(new.issuer).filter(|c| c.authority.key_place == KeyPlace::Foreign);
        let Some(issuer) = issuer else { return Ok(()) };
        let Some(last) = transaction.last_crl(issuer.id())? else { return Ok(()) };
        let path = self.ca_generation_folder(issuer).join("crl.pem");
        let (name, by) = (&new.handle, issuer.handle());
        let crl = valid_crl(&path, &issuer.certificate).filter(|c| sha256(c.der()) == last.sha256);
        let Some(crl) = crl else {
            let text = format!(
                "the CRL of `{by}` is missing or damaged here, so nobody can tell whether `{name}` is on it: \
                 bring it with `rootlet import {by} --crl-file FILE`"
            );
            warnings.push(Warning::new("crl-stale", text));
            return Ok(());
        };
        let Some(entry) = entry_of(&crl, &new.serial).map_err(|source| Error::File { path, source })? else {
            return Ok(());
        };
        record_entry(transaction, issuer.id(), &entry, false, now, &mut PastReport::default())?;
        let how = match entry.reason {
            Reason::CertificateHold => "is on hold".to_string(),
            reason => format!("is revoked ({reason})"),
        };
        let text = format!("`{name}` {how} since {}: it is on the CRL {} of `{by}`", entry.at, last.number);
        warnings.push(Warning::new("revoked", text));
        Ok(())
    }
}

fn entry_of(crl: &crate::x509::Crl, serial: &Serial) -> Result<Option<PastEntry>, crate::x509::X509Error> {
    for entry in crl.entries() {
        let e = entry?;
        if e.serial == *serial {
            return Ok(Some(PastEntry {
                serial: e.serial,
                at: e.revoked_at,
                reason: e.reason,
                invalidity_date: e.invalidity_date,
                not_after: None,
                on_crl: true,
                as_listed: true,
            }));
        }
    }
    Ok(None)
}
