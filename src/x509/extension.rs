//! Extension values that rcgen cannot write: addresses, and constraints with URIs and exact directory names.

use super::der::{self, tlv};
use super::name::encode_name;
use crate::model::{NameConstraints, Subtree, UriName};

/// OIDs of the extensions that this crate knows.
pub mod oid {
    /// subjectKeyIdentifier
    pub const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
    /// keyUsage
    pub const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
    /// subjectAltName
    pub const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
    /// basicConstraints
    pub const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
    /// cRLNumber
    pub const CRL_NUMBER: &[u64] = &[2, 5, 29, 20];
    /// reasonCode of a CRL entry
    pub const REASON_CODE: &[u64] = &[2, 5, 29, 21];
    /// invalidityDate of a CRL entry
    pub const INVALIDITY_DATE: &[u64] = &[2, 5, 29, 24];
    /// deltaCRLIndicator
    pub const DELTA_CRL_INDICATOR: &[u64] = &[2, 5, 29, 27];
    /// issuingDistributionPoint
    pub const ISSUING_POINT: &[u64] = &[2, 5, 29, 28];
    /// nameConstraints
    pub const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
    /// cRLDistributionPoints
    pub const CRL_DISTRIBUTION_POINTS: &[u64] = &[2, 5, 29, 31];
    /// certificatePolicies
    pub const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
    /// policyMappings
    pub const POLICY_MAPPINGS: &[u64] = &[2, 5, 29, 33];
    /// authorityKeyIdentifier
    pub const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
    /// policyConstraints
    pub const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
    /// extKeyUsage
    pub const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
    /// freshestCRL
    pub const FRESHEST_CRL: &[u64] = &[2, 5, 29, 46];
    /// inhibitAnyPolicy
    pub const INHIBIT_ANY_POLICY: &[u64] = &[2, 5, 29, 54];
    /// authorityInfoAccess
    pub const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
}

/// GeneralName tags (RFC 5280 4.2.1.6).
pub(super) const RFC822_NAME: u8 = 1;
pub(super) const DNS_NAME: u8 = 2;
const DIRECTORY_NAME: u8 = 4;
pub(super) const URI: u8 = 6;
pub(super) const IP_ADDRESS: u8 = 7;

/// AccessDescription methods (RFC 5280 4.2.2.1).
const OCSP: &[u8] = &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
const CA_ISSUERS: &[u8] = &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];

pub(super) fn authority_info_access(ocsp: &[UriName], ca_issuers: &[UriName]) -> Vec<u8> {
    let describe = |method: &[u8], uri: &UriName| {
        der::constructed(der::SEQUENCE, &[method, &tlv(der::context(URI), uri.as_str().as_bytes())])
    };
    let all: Vec<u8> = ocsp
        .iter()
        .map(|u| describe(OCSP, u))
        .chain(ca_issuers.iter().map(|u| describe(CA_ISSUERS, u)))
        .flatten()
        .collect();
    tlv(der::SEQUENCE, &all)
}

pub(super) fn name_constraints(constraints: &NameConstraints) -> Vec<u8> {
    let list = |tag: u8, subtrees: &[Subtree]| {
        if subtrees.is_empty() {
            return Vec::new();
        }
        // minimum is 0, the default, and maximum absent: both are left out (RFC 5280 4.2.1.10).
        let all: Vec<u8> = subtrees.iter().flat_map(|s| tlv(der::SEQUENCE, &base(s))).collect();
        tlv(der::context_constructed(tag), &all)
    };
    der::constructed(der::SEQUENCE, &[&list(0, &constraints.permitted), &list(1, &constraints.excluded)])
}

fn base(subtree: &Subtree) -> Vec<u8> {
    match subtree {
        Subtree::Dns(name) => tlv(der::context(DNS_NAME), name.as_str().as_bytes()),
        Subtree::Ip(network) => tlv(der::context(IP_ADDRESS), &network.octets()),
        Subtree::Email(name) => tlv(der::context(RFC822_NAME), name.as_bytes()),
        Subtree::Uri(host) => tlv(der::context(URI), host.as_bytes()),
        // A Name is a CHOICE, so its tag is explicit (X.680 31.2.7).
        Subtree::Dn(name) => tlv(der::context_constructed(DIRECTORY_NAME), &encode_name(name)),
    }
}
