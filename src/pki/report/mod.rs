//! One HTML page that shows a whole PKI: nothing in it asks for anything else, and no script is needed to read it.
//!
//! [`gather`] looks up what is shown, [`page`] draws it; between them stands plain data. Everything that goes into the page
//! is escaped by [`html`].

mod gather;
mod hierarchy;
mod html;
mod model;
mod page;
mod timeline;
mod words;

use super::{Error, Pki};
use crate::disk::Disk;
use crate::issue::Warning;
use crate::model::{Timestamp, Window};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a report is to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportRequest {
    /// What the page is called; after the root when it is nothing.
    pub title: Option<String>,
    /// How near an end must be to be due, as for [`Pki::status`].
    pub within: Window,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageOutcome {
    /// What the page is called.
    pub title: String,
    /// The second that everything in it is told of.
    pub generated_at: Timestamp,
    /// How many CAs it shows, every generation by itself.
    pub authorities: u64,
    /// How many leaves it counts.
    pub certificates: u64,
    /// How many things are due.
    pub due: usize,
    /// How many findings it tells.
    pub findings: usize,
    /// Where it was written.
    pub file: Option<PathBuf>,
    /// The page, where it was not written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// Draws the PKI as one HTML page: its hierarchy, what ends when, counts, findings and what is due. It holds nothing
    /// secret: names, dates, serial numbers. The same PKI at the same second gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Disk`].
    pub fn report(&mut self, request: &ReportRequest) -> Result<PageOutcome, Error> {
        let report = self.gather(request)?;
        let html = page::draw(&report);
        Ok(PageOutcome {
            title: report.title,
            generated_at: report.now,
            authorities: report.cas.total,
            certificates: report.leaves.total,
            due: report.due.len(),
            findings: report.findings.len(),
            file: None,
            html: Some(html),
            warnings: report.remarks,
        })
    }
}

impl PageOutcome {
    /// Writes the page to a file, in place of one that is there.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn write(&mut self, path: &Path) -> Result<(), Error> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let html = self.html.take().unwrap_or_default();
        Disk::following(folder).write_output(path, html.as_bytes())?;
        self.file = std::path::absolute(path).ok();
        Ok(())
    }
}
