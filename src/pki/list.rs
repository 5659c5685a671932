use super::issuing::view_record;
use super::target::{Found, find};
use super::view::{CertificateView, Status};
use super::{Error, Pki, Target};
use crate::model::{Lifetime, Profile, Timestamp};
use crate::store::Filter;

/// Which certificates are to be listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListRequest {
    /// Only those that this CA issued.
    pub issuer: Option<String>,
    /// Only those of this profile.
    pub profile: Option<Profile>,
    /// Only those that stand so.
    pub status: Option<Status>,
    /// Only those that end within this time.
    pub expires_within: Option<Lifetime>,
    /// Only those with this subjectAltName, compared without case.
    pub name: Option<String>,
    /// Only those that were recorded at or after this time.
    pub since: Option<Timestamp>,
    /// Older ones too, not the newest of each handle alone.
    pub all: bool,
    /// With the certificates in PEM.
    pub pem: bool,
}

impl Pki {
    /// Walks the certificates of the inventory, by handle and then oldest first, without holding them all.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the issuer does not exist, [`Error::Store`].
    pub fn list(&mut self, request: &ListRequest, visit: &mut dyn FnMut(CertificateView) -> bool) -> Result<(), Error> {
        let now = self.now();
        let place = &self.place;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let issuer = match &request.issuer {
            Some(name) => Some(place.named_ca(&super::authority::Cas::load(&*transaction)?, name)?.handle().clone()),
            None => None,
        };
        let filter = Filter { profile: request.profile, all_generations: request.all, ..Filter::default() };
        let mut failed = None;
        transaction.walk(&filter, &mut |record| {
            let wanted = issuer.as_ref().is_none_or(|i| record.issuer_handle == *i)
                && request.since.is_none_or(|t| record.recorded_at >= t)
                && request.status.is_none_or(|s| Status::of(&record, now) == s)
                && request
                    .expires_within
                    .is_none_or(|w| record.not_after >= now && record.not_after.since(now) <= w.seconds());
            if !wanted {
                return true;
            }
            match view_record(place, &*transaction, &record) {
                Ok(view) if !has_name(&view, request.name.as_deref()) => true,
                Ok(mut view) => {
                    if !request.pem {
                        view.pem = None;
                    }
                    visit(view)
                }
                Err(e) => {
                    failed = Some(e);
                    false
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// One certificate: the newest of a handle, or the one of a serial or file.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::AmbiguousTarget`].
    pub fn show(&mut self, target: &Target) -> Result<CertificateView, Error> {
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let record = match find(&*transaction, target)? {
            Found::Certificate(record) => *record,
            Found::Handle(handle) => {
                let holder = transaction.holder(&handle)?;
                let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
                current.ok_or_else(|| Error::Internal(format!("`{handle}` has no certificate")))?
            }
        };
        view_record(&self.place, &*transaction, &record)
    }
}

/// Whether a certificate has a name, where one is asked for.
fn has_name(view: &CertificateView, name: Option<&str>) -> bool {
    name.is_none_or(|n| view.sans.iter().any(|s| s.value.eq_ignore_ascii_case(n)))
}
