use super::authority::{Ca, Cas};
use super::crl_file::valid_crl;
use super::material::{certificate_pem, crl_pem};
use super::{Error, Pki};
use crate::disk::Disk;
use crate::issue::Warning;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a bundle is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BundleRequest {
    /// Whose roots; all live roots when empty.
    pub cas: Vec<String>,
    /// Whether the intermediates are added.
    pub with_intermediates: bool,
    /// Whether the newest CRLs are added.
    pub crls: bool,
}

/// A bundle of trust anchors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bundle {
    /// The handles of the CAs in it, in order.
    pub certificates: Vec<String>,
    /// The handles of the CAs whose CRLs are in it.
    pub crls: Vec<String>,
    /// Where it was written.
    pub file: Option<PathBuf>,
    /// The bundle in PEM.
    pub pem: String,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// Collects trust anchors in PEM: the roots of the CAs that were named, or every root that is not expired.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoIssuer`] when there is no live root.
    pub fn bundle(&mut self, request: &BundleRequest) -> Result<Bundle, Error> {
        let cas = Cas::load(&*self.read()?)?;
        let now = self.now();
        let live = |c: &Ca| now <= c.certificate.not_after && c.authority.certificate.revocation.is_none();
        let mut roots: Vec<&Ca> = Vec::new();
        if request.cas.is_empty() {
            roots.extend(cas.iter().filter(|c| c.is_root() && live(c)));
        }
        for name in &request.cas {
            let ca = self.place.named_ca(&cas, name)?;
            if let Some(root) = cas.chain(ca.id()).last()
                && !roots.iter().any(|r| r.id() == root.id())
            {
                roots.push(root);
            }
        }
        if roots.is_empty() {
            let hint = "create one with `rootlet root NAME`".into();
            return Err(Error::NoIssuer { what: "a bundle: there is no live root", hint });
        }
        let below = |c: &&Ca| {
            !c.is_root() && live(c) && cas.chain(c.id()).last().is_some_and(|r| roots.iter().any(|x| x.id() == r.id()))
        };
        let mut chosen = roots.clone();
        if request.with_intermediates {
            chosen.extend(cas.iter().filter(below));
        }
        let mut bundle = Bundle {
            certificates: chosen.iter().map(|c| c.handle().to_string()).collect(),
            crls: Vec::new(),
            file: None,
            pem: chosen.iter().map(|c| certificate_pem(&c.certificate)).collect(),
            warnings: Vec::new(),
        };
        if request.crls {
            for ca in roots.iter().copied().chain(cas.iter().filter(below)) {
                match valid_crl(&self.place.ca_generation_folder(ca).join("crl.pem"), &ca.certificate) {
                    Some(crl) => {
                        bundle.pem.push_str(&crl_pem(&crl));
                        bundle.crls.push(ca.handle().to_string());
                    }
                    None => {
                        bundle.warnings.push(Warning::new("crl-stale", format!("`{}` has no good CRL", ca.handle())))
                    }
                }
            }
        }
        for ca in chosen.iter().filter(|c| !live(c)) {
            bundle.warnings.push(Warning::new("expired", format!("`{}` is expired or revoked", ca.handle())));
        }
        Ok(bundle)
    }
}

impl Bundle {
    /// Writes the bundle to a file, in place of one that is there.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn write(&mut self, path: &Path) -> Result<(), Error> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Disk::following(folder).write_output(path, self.pem.as_bytes())?;
        self.file = std::path::absolute(path).ok();
        Ok(())
    }
}
