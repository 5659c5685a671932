use super::issuing::{read, view_record};
use super::target::{Found, find};
use super::view::{CertificateView, Status, name_view};
use super::{Error, Pki, Target};
use crate::model::{Lifetime, Profile, Timestamp};
use crate::store::Filter;
use crate::x509::GeneralName;

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
        let (ends_before, unexpired_at) = match (request.expires_within, request.status) {
            (Some(within), _) => (Some(now.plus(within.seconds()).plus(1)), Some(now)),
            (None, Some(Status::Expired)) => (Some(now), None),
            _ => (None, None),
        };
        // As much as the inventory can tell by itself; how a certificate stands now is looked at one by one.
        let filter = Filter {
            issuer_handle: issuer,
            profile: request.profile,
            unexpired_at,
            ends_before,
            recorded_since: request.since,
            has_events: matches!(request.status, Some(Status::Revoked | Status::OnHold)),
            all_generations: request.all,
            ..Filter::default()
        };
        let mut failed = None;
        transaction.walk(&filter, &mut |record| {
            if request.status.is_some_and(|s| Status::of(&record, now) != s) {
                return true;
            }
            // Names first: the rest of a view takes longer than to see that it is not wanted.
            let view = match &request.name {
                Some(name) => read(&record).map(|c| c.names.iter().flatten().any(|n| is_named(n, name))),
                None => Ok(true),
            };
            match view.and_then(|wanted| wanted.then(|| view_record(place, &*transaction, &record)).transpose()) {
                Ok(None) => true,
                Ok(Some(mut view)) => {
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

fn is_named(name: &GeneralName, wanted: &str) -> bool {
    name_view(name).value.eq_ignore_ascii_case(wanted)
}
