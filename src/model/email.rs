use super::{DnsName, ModelError};
use std::fmt;
use std::str::FromStr;

/// The longest local part (RFC 5321 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest mailbox (RFC 5321 4.5.3.1.3, less the angle brackets).
const MAX_MAILBOX: usize = 254;

/// An ASCII mailbox `local@domain`; the domain is lower case (RFC 5280 4.2.1.6, RFC 5321 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The whole mailbox.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |problem| ModelError::Email { value: text.into(), problem };
        if !text.is_ascii() {
            return Err(fail("it is not ASCII (internationalized mailboxes, RFC 9598, are not issued)"));
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| fail("it has no @"))?;
        let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        if local.len() > MAX_LOCAL || !local.split('.').all(|a| !a.is_empty() && a.bytes().all(atom)) {
            return Err(fail("what stands before the @ is not a dot-atom of 64 characters at most"));
        }
        match DnsName::parse(domain) {
            Ok(d) if !d.is_wildcard() && local.len() + 1 + d.as_str().len() <= MAX_MAILBOX => {
                Ok(EmailAddress(format!("{local}@{d}")))
            }
            _ => Err(fail("what stands behind the @ is not a host name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes() {
        assert_eq!("Ops@Example.ORG".parse::<EmailAddress>().unwrap().as_str(), "Ops@example.org");
        assert!("a.b+c@example.org".parse::<EmailAddress>().is_ok());
        for text in
            ["", "a", "@b.c", "a@", "a@b@c d", "a b@c.d", "a..b@c.d", "\"a\"@c.d", "ü@c.d", "a@*.c.d", "a@10.0.0.1"]
        {
            assert!(text.parse::<EmailAddress>().is_err(), "{text}");
        }
    }
}
