use super::ModelError;
use std::fmt;
use std::str::FromStr;

/// The kind of a certificate; its rules are in `policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// A self-signed CA.
    Root,
    /// A subordinate CA.
    Intermediate,
    /// A TLS server.
    Server,
    /// A TLS client.
    Client,
    /// Both at once, as cluster nodes are.
    Peer,
    /// An X.509-SVID.
    Workload,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 6] =
        [Profile::Root, Profile::Intermediate, Profile::Server, Profile::Client, Profile::Peer, Profile::Workload];

    /// The name in commands and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Root => "root",
            Profile::Intermediate => "intermediate",
            Profile::Server => "server",
            Profile::Client => "client",
            Profile::Peer => "peer",
            Profile::Workload => "workload",
        }
    }

    /// Whether it makes CAs.
    pub fn is_ca(self) -> bool {
        matches!(self, Profile::Root | Profile::Intermediate)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::ALL.into_iter().find(|p| p.name() == text).ok_or_else(|| ModelError::Profile { value: text.into() })
    }
}
