use super::San;
use std::fmt;

/// Whose handle it is: the typed name that a command was given. Two identities never share a handle.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A CA, by the name it was created with.
    Authority(String),
    /// A leaf that is named by one of its subjectAltNames: servers, peers, workloads.
    Named(San),
    /// A client, by its common name.
    CommonName(String),
}

impl Identity {
    /// `TYPE:NAME` with the type as in options, `ca` for CAs and `cn` for clients; unique for each identity.
    pub fn key(&self) -> String {
        match self {
            Identity::Authority(name) => format!("ca:{name}"),
            Identity::Named(san) => format!("{}:{san}", san.kind()),
            Identity::CommonName(name) => format!("cn:{name}"),
        }
    }

    /// The name as it was typed.
    pub fn name(&self) -> String {
        match self {
            Identity::Authority(name) | Identity::CommonName(name) => name.clone(),
            Identity::Named(san) => san.to_string(),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
