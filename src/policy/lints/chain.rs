//! Rules about more than one object: whoever has the whole file checks them, and reports by these rows.

use crate::policy::lint::{Check, Lint};

/// Something in the file cannot be read.
pub const UNREADABLE: &str = "unreadable";
/// A name lies outside the name constraints of a CA above.
pub const NAME_CONSTRAINTS: &str = "path-name-constraints";
/// More CAs stand below a CA than its pathLenConstraint allows.
pub const PATH_LENGTH: &str = "path-length";
/// A purpose is not one of a CA above its issuer.
pub const PURPOSE: &str = "path-purpose";
/// Two certificates of one issuer have one serial number.
pub const SERIAL: &str = "serial-unique";
/// A leaf stands behind its issuer in the file.
pub const ORDER: &str = "file-order";
/// A newer CRL has no greater number.
pub const CRL_NUMBER: &str = "crl-number-rising";
/// The certificate and the CRL of its issuer do not name one distribution point.
pub const CRL_POINT: &str = "crl-scope-point";

const fn rule(id: &'static str, citation: &'static str, about: &'static str) -> Lint {
    Lint::new(id, citation, about, Check::Chain)
}

pub(in crate::policy) static LINTS: &[Lint] = &[
    rule(UNREADABLE, "RFC 5280 4.1, 5.1", "every certificate and CRL of a file can be read")
        .mend("look at it with `openssl asn1parse`; it may be cut off, or not what its label says"),
    rule(NAME_CONSTRAINTS, "RFC 5280 4.2.1.10", "every name is within the name constraints of every CA above")
        .mend("issue it under a CA that permits the name, or without the name"),
    rule(PATH_LENGTH, "RFC 5280 4.2.1.9", "no more CAs stand below a CA than its pathLenConstraint allows")
        .mend("issue it under a CA that is higher up, or renew that CA with a greater pathLenConstraint"),
    rule(PURPOSE, "CABF TLS BR 7.1.2.10.6", "the extKeyUsage of every CA above allows each purpose")
        .mend("issue it under a CA that allows the purpose, or without the purpose"),
    rule(SERIAL, "RFC 5280 4.1.2.2", "no two certificates of one issuer have one serial number")
        .mend("issue one of them again: a CRL cannot revoke one and leave the other"),
    rule(ORDER, "RFC 8446 4.4.2", "a leaf stands before its issuers, as a server sends them")
        .mend("put the leaf first, then its issuer, and so on upward")
        .warns(),
    rule(CRL_NUMBER, "RFC 5280 5.2.3", "a newer CRL of one issuer has a greater number")
        .mend("write a CRL with a greater number: those who keep the greatest one never see this one"),
    rule(CRL_POINT, "RFC 5280 5.2.5", "a CRL for one distribution point names one of its certificates' own")
        .mend("name the same address in the certificates' cRLDistributionPoints and in the CRL")
        .warns(),
];
