use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// How the files of a leaf lie in the PKI folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// A folder of its own with five files.
    #[default]
    Folder,
    /// One file with the key, the certificate and the intermediates.
    Combined,
}

impl Layout {
    /// The word in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Folder => "folder",
            Layout::Combined => "combined",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let all = [Layout::Folder, Layout::Combined];
        all.into_iter().find(|l| l.name() == text).ok_or_else(|| ModelError::Layout { value: text.into() })
    }
}
