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

    /// Reads what [`Identity::key`] wrote; nothing when it is none.
    pub fn from_key(key: &str) -> Option<Self> {
        let (kind, name) = key.split_once(':')?;
        let identity = match kind {
            "ca" => Identity::Authority(name.into()),
            "cn" => Identity::CommonName(name.into()),
            "dns" => Identity::Named(San::Dns(name.parse().ok()?)),
            "ip" => Identity::Named(San::Ip(name.parse().ok()?)),
            "email" => Identity::Named(San::Email(name.parse().ok()?)),
            "uri" => Identity::Named(San::uri(name).ok()?),
            _ => return None,
        };
        (identity.key() == key).then_some(identity)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        for key in ["ca:Internal CA", "cn:alice: x", "dns:*.a.internal", "ip:2001:db8::1", "uri:spiffe://td/x"] {
            assert_eq!(Identity::from_key(key).map(|i| i.key()).as_deref(), Some(key));
        }
        for key in ["", "a.internal", "dns:A.internal", "ip:x", "ou:x"] {
            assert_eq!(Identity::from_key(key), None, "{key}");
        }
    }
}
