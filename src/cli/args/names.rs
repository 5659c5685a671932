use super::super::failure::Failure;
use super::each;
use clap::Args;
use rootlet::model::{DnsName, EmailAddress, IpName, San, SpiffeId};

// Alternative names, each of the type that its option says.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// A DNS name
    #[arg(long, help_heading = "Names", value_name = "NAME")]
    dns: Vec<String>,
    /// An IP address
    #[arg(long, help_heading = "Names", value_name = "ADDRESS")]
    ip: Vec<String>,
    /// An email address
    #[arg(long, help_heading = "Names", value_name = "ADDRESS")]
    email: Vec<String>,
    /// A URI
    #[arg(long, help_heading = "Names", value_name = "URI")]
    uri: Vec<String>,
    /// A SPIFFE ID; on a server, client or peer it makes an X.509-SVID for both TLS roles
    #[arg(long, help_heading = "Names", value_name = "ID")]
    spiffe: Vec<String>,
}

impl NameArgs {
    /// All of them, in the order of their types.
    pub fn translate(&self) -> Result<Vec<San>, Failure> {
        let mut names: Vec<San> = Vec::new();
        names.extend(each::<DnsName>(&self.dns)?.into_iter().map(San::Dns));
        names.extend(each::<IpName>(&self.ip)?.into_iter().map(San::Ip));
        names.extend(each::<EmailAddress>(&self.email)?.into_iter().map(San::Email));
        for uri in &self.uri {
            names.push(San::uri(uri)?);
        }
        names.extend(each::<SpiffeId>(&self.spiffe)?.into_iter().map(San::Spiffe));
        Ok(names)
    }

    /// The trust domain of a CA, which has no other name.
    pub fn trust_domain(&self) -> Result<Option<SpiffeId>, Failure> {
        if [&self.dns, &self.ip, &self.email, &self.uri].into_iter().any(|names| !names.is_empty()) {
            return Err(Failure::usage("a CA has no alternative names", "only --spiffe with a trust domain"));
        }
        match &self.spiffe[..] {
            [] => Ok(None),
            [one] => Ok(Some(SpiffeId::signer(one)?)),
            _ => Err(Failure::usage("a CA has one trust domain", "give --spiffe once")),
        }
    }
}
