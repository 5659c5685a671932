/// Who may read what is written. The mode is set at birth and does not depend on the umask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner alone: files 0600, folders 0700.
    Private,
    /// Everybody may read: files 0644, folders 0755.
    Public,
}

impl Access {
    /// The mode of a file.
    pub fn file_mode(self) -> u32 {
        match self {
            Access::Private => 0o600,
            Access::Public => 0o644,
        }
    }

    /// The mode of a folder.
    pub fn folder_mode(self) -> u32 {
        match self {
            Access::Private => 0o700,
            Access::Public => 0o755,
        }
    }
}
