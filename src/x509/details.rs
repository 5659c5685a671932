//! Extensions by name, and what they say in words where no field of the facts says it: for those who look at
//! certificates, not for those who judge them.

use super::der::{self, Reader};
use super::extension::oid;
use super::name::read_name;
use super::{ALL_REASONS, ExtensionFacts, IssuingPoint, X509Error};
use crate::model::{ExtendedKeyUsage, KeyUsage, Oid};

const WHAT: &str = "the extension";
/// More of these in one extension say nothing to a reader.
const MAX_DETAILS: usize = 64;

const NAMES: [(&[u64], &str); 43] = [
    (&[2, 5, 29, 9], "subjectDirectoryAttributes"),
    (oid::SUBJECT_KEY_ID, "subjectKeyIdentifier"),
    (oid::KEY_USAGE, "keyUsage"),
    (&[2, 5, 29, 16], "privateKeyUsagePeriod"),
    (oid::SUBJECT_ALT_NAME, "subjectAltName"),
    (ISSUER_ALT_NAME, "issuerAltName"),
    (oid::BASIC_CONSTRAINTS, "basicConstraints"),
    (oid::CRL_NUMBER, "cRLNumber"),
    (oid::REASON_CODE, "reasonCode"),
    (oid::INVALIDITY_DATE, "invalidityDate"),
    (oid::DELTA_CRL_INDICATOR, "deltaCRLIndicator"),
    (oid::ISSUING_POINT, "issuingDistributionPoint"),
    (&[2, 5, 29, 29], "certificateIssuer"),
    (oid::NAME_CONSTRAINTS, "nameConstraints"),
    (oid::CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
    (oid::CERTIFICATE_POLICIES, "certificatePolicies"),
    (oid::POLICY_MAPPINGS, "policyMappings"),
    (oid::AUTHORITY_KEY_ID, "authorityKeyIdentifier"),
    (oid::POLICY_CONSTRAINTS, "policyConstraints"),
    (oid::EXTENDED_KEY_USAGE, "extKeyUsage"),
    (oid::FRESHEST_CRL, "freshestCRL"),
    (oid::INHIBIT_ANY_POLICY, "inhibitAnyPolicy"),
    (&[2, 5, 29, 60], "expiredCertsOnCRL"),
    (oid::AUTHORITY_INFO_ACCESS, "authorityInfoAccess"),
    (&[1, 3, 6, 1, 5, 5, 7, 1, 2], "biometricInfo"),
    (&[1, 3, 6, 1, 5, 5, 7, 1, 3], "qcStatements"),
    (&[1, 3, 6, 1, 5, 5, 7, 1, 11], "subjectInfoAccess"),
    (&[1, 3, 6, 1, 5, 5, 7, 1, 12], "logotype"),
    (TLS_FEATURE, "tlsFeature"),
    (&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], "ocspNoCheck"),
    (SCT_LIST, "signedCertificateTimestampList"),
    (&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3], "precertificatePoison"),
    (&[2, 16, 840, 1, 113730, 1, 1], "netscapeCertType"),
    (NETSCAPE_COMMENT, "netscapeComment"),
    (MS_TEMPLATE_NAME, "msCertificateTemplateName"),
    (MS_TEMPLATE, "msCertificateTemplate"),
    (&[1, 3, 6, 1, 4, 1, 311, 21, 1], "msCaVersion"),
    (&[1, 3, 6, 1, 4, 1, 311, 21, 2], "msPreviousCaCertificateHash"),
    (&[1, 3, 6, 1, 4, 1, 311, 21, 10], "msApplicationPolicies"),
    (&[1, 3, 6, 1, 4, 1, 311, 25, 2], "msNtdsSecurity"),
    (&[1, 2, 840, 113533, 7, 65, 0], "entrustVersion"),
    (&[2, 23, 140, 3, 1], "cabfOrganizationIdentifier"),
    (&[1, 3, 6, 1, 4, 1, 37476, 9000, 64, 1], "stepProvisioner"),
];
const ISSUER_ALT_NAME: &[u64] = &[2, 5, 29, 18];
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
const SCT_LIST: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
const NETSCAPE_COMMENT: &[u64] = &[2, 16, 840, 1, 113730, 1, 13];
const MS_TEMPLATE_NAME: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 20, 2];
const MS_TEMPLATE: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 21, 7];
/// Policies that many certificates name (CABF TLS BR 7.1.6.1, RFC 5280 4.2.1.4).
const POLICIES: [(&[u64], &str); 5] = [
    (&[2, 5, 29, 32, 0], "any policy"),
    (&[2, 23, 140, 1, 1], "extended validation"),
    (&[2, 23, 140, 1, 2, 1], "domain validated"),
    (&[2, 23, 140, 1, 2, 2], "organization validated"),
    (&[2, 23, 140, 1, 2, 3], "individual validated"),
];
/// otherName of Microsoft's user principal name.
const UPN: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 20, 2, 3];

/// The standard's name of an extension, where this crate knows one.
pub fn extension_name(oid: &Oid) -> Option<&'static str> {
    NAMES.iter().find(|(arcs, _)| *arcs == oid.arcs()).map(|(_, name)| *name)
}

/// What an extension says, a line for each thing in it; nothing where it cannot be read or nobody taught us.
pub fn extension_details(extension: &ExtensionFacts) -> Vec<String> {
    let mut all = match extension.oid.arcs() {
        oid::KEY_USAGE => key_usage(&extension.value),
        oid::BASIC_CONSTRAINTS => basic_constraints(&extension.value),
        oid::EXTENDED_KEY_USAGE => oids(&extension.value, |o| ExtendedKeyUsage::from_oid(o).to_string()),
        oid::CERTIFICATE_POLICIES => policies(&extension.value),
        oid::POLICY_CONSTRAINTS => policy_constraints(&extension.value),
        oid::INHIBIT_ANY_POLICY | oid::DELTA_CRL_INDICATOR | oid::CRL_NUMBER => number(&extension.value),
        oid::SUBJECT_ALT_NAME | ISSUER_ALT_NAME => other_names(&extension.value, extension.oid.arcs()),
        oid::ISSUING_POINT => issuing_point(&extension.value),
        TLS_FEATURE => tls_features(&extension.value),
        SCT_LIST => timestamps(&extension.value),
        NETSCAPE_COMMENT | MS_TEMPLATE_NAME => one_text(&extension.value),
        MS_TEMPLATE => first_oid(&extension.value),
        _ => Ok(Vec::new()),
    }
    .unwrap_or_default();
    if all.len() > MAX_DETAILS {
        let more = all.len() - MAX_DETAILS;
        all.truncate(MAX_DETAILS);
        all.push(format!("and {more} more"));
    }
    all
}

type Lines = Result<Vec<String>, X509Error>;

fn sequence(value: &[u8]) -> Result<Reader<'_>, X509Error> {
    let mut outer = Reader::new(value, WHAT);
    let inner = outer.expect(der::SEQUENCE)?;
    Ok(outer.inside(inner))
}

fn read_oid(list: &mut Reader<'_>) -> Result<Oid, X509Error> {
    der::read_oid(list.expect(der::OID)?.content).ok_or_else(|| list.fail("a broken OID"))
}

fn oids(value: &[u8], name: fn(Oid) -> String) -> Lines {
    let (mut list, mut all) = (sequence(value)?, Vec::new());
    while !list.is_empty() {
        all.push(name(read_oid(&mut list)?));
    }
    Ok(all)
}

fn first_oid(value: &[u8]) -> Lines {
    Ok(vec![read_oid(&mut sequence(value)?)?.to_string()])
}

fn key_usage(value: &[u8]) -> Lines {
    let bits = Reader::new(value, WHAT).expect(der::BIT_STRING)?.content;
    let octet = |n: usize| bits.get(n).copied().unwrap_or_default().reverse_bits();
    let usage = KeyUsage::from_bits(u16::from(octet(1)) | u16::from(octet(2)) << 8);
    Ok(usage.names().into_iter().map(String::from).collect())
}

fn basic_constraints(value: &[u8]) -> Lines {
    let mut fields = sequence(value)?;
    let ca = fields.optional(der::BOOLEAN)?.is_some_and(|v| v.content != [0]);
    let mut all = vec![if ca { "CA" } else { "not a CA" }.to_string()];
    if let Some(length) = fields.optional(der::INTEGER)? {
        all.push(format!("path length {}", decimal(length.content)));
    }
    Ok(all)
}

fn policies(value: &[u8]) -> Lines {
    let (mut list, mut all) = (sequence(value)?, Vec::new());
    while !list.is_empty() {
        let one = list.expect(der::SEQUENCE)?;
        let policy = read_oid(&mut list.inside(one))?;
        let name = POLICIES.iter().find(|(arcs, _)| *arcs == policy.arcs());
        all.push(name.map_or_else(|| policy.to_string(), |(_, name)| format!("{policy} ({name})")));
    }
    Ok(all)
}

fn policy_constraints(value: &[u8]) -> Lines {
    let (mut fields, mut all) = (sequence(value)?, Vec::new());
    for (tag, name) in [(0, "explicit policy required after"), (1, "policy mapping forbidden after")] {
        if let Some(count) = fields.optional(der::context(tag))? {
            all.push(format!("{name} {} certificates", decimal(count.content)));
        }
    }
    Ok(all)
}

fn number(value: &[u8]) -> Lines {
    Ok(vec![decimal(Reader::new(value, WHAT).expect(der::INTEGER)?.content)])
}

/// A non-negative INTEGER, in hexadecimal where it is longer than eight octets.
fn decimal(octets: &[u8]) -> String {
    let first = octets.iter().position(|b| *b != 0).unwrap_or(octets.len());
    match octets.get(first..).unwrap_or_default() {
        rest if rest.len() <= 8 => rest.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)).to_string(),
        rest => format!("0x{}", rest.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}

/// Names that the facts know by their type only; of issuerAltName all that are text.
fn other_names(value: &[u8], kind: &[u64]) -> Lines {
    let (mut list, mut all) = (sequence(value)?, Vec::new());
    while !list.is_empty() {
        let name = list.any()?;
        match name.tag {
            0xa0 => {
                let mut fields = list.inside(name);
                let kind = read_oid(&mut fields)?;
                let explicit = fields.expect(der::context_constructed(0))?;
                let inner = fields.inside(explicit).any()?;
                let shown = string_text(inner.tag, inner.content).unwrap_or_else(|| format!("#{}", hex(inner.whole)));
                all.push(if kind.arcs() == UPN { format!("UPN {shown}") } else { format!("{kind} {shown}") });
            }
            0x88 => all.extend(der::read_oid(name.content).map(|o| format!("registeredID {o}"))),
            0x81 | 0x82 | 0x86 if kind == ISSUER_ALT_NAME => {
                all.push(String::from_utf8_lossy(name.content).into_owned());
            }
            0xa4 if kind == ISSUER_ALT_NAME => all.extend(read_name(name.content).map(|n| n.to_string())),
            _ => {}
        }
    }
    Ok(all)
}

/// The text of a string of any of the usual types.
pub(super) fn string_text(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING | 0x1a => {
            std::str::from_utf8(content).ok().map(String::from)
        }
        der::BMP_STRING if content.len().is_multiple_of(2) => {
            let units: Vec<u16> = content.chunks_exact(2).map(|c| u16::from(c[0]) << 8 | u16::from(c[1])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ => None,
    }
}

fn one_text(value: &[u8]) -> Lines {
    let value = Reader::new(value, WHAT).any()?;
    Ok(string_text(value.tag, value.content).into_iter().collect())
}

/// What of the issuer's certificates a CRL covers (RFC 5280 5.2.5).
fn issuing_point(value: &[u8]) -> Lines {
    let point = IssuingPoint::read(value)?;
    let said = [
        (point.is_for_users(), "only certificates of users"),
        (point.is_for_cas(), "only certificates of CAs"),
        (point.reasons() != ALL_REASONS, "only some reasons"),
        (point.is_indirect(), "certificates of other issuers too"),
        (point.is_for_attributes(), "only attribute certificates"),
    ];
    let mut all: Vec<String> = said.into_iter().filter(|(is_set, _)| *is_set).map(|(_, words)| words.into()).collect();
    for name in point.names().into_iter().flatten() {
        let name = name?;
        if name.tag == 0x86 {
            all.push(format!("at {}", String::from_utf8_lossy(name.content)));
        }
    }
    Ok(all)
}

fn tls_features(value: &[u8]) -> Lines {
    let (mut list, mut all) = (sequence(value)?, Vec::new());
    while !list.is_empty() {
        all.push(match list.expect(der::INTEGER)?.content {
            [5] => "status_request: an OCSP staple is demanded".into(),
            [17] => "status_request_v2".into(),
            other => decimal(other),
        });
    }
    Ok(all)
}

/// How many timestamps a list holds (RFC 6962 3.3): each behind its length.
fn timestamps(value: &[u8]) -> Lines {
    let list = Reader::new(value, WHAT).expect(der::OCTET_STRING)?.content;
    let (mut rest, mut count) = (list.get(2..).unwrap_or_default(), 0);
    while let [high, low, behind @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        rest = behind.get(length..).ok_or_else(|| X509Error::malformed(WHAT, "a timestamp that is cut"))?;
        count += 1;
    }
    Ok(vec![if count == 1 { "1 timestamp".into() } else { format!("{count} timestamps") }])
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(arcs: &[u64], value: &[u8]) -> Vec<String> {
        let oid = Oid::from_arcs(arcs).unwrap();
        extension_details(&ExtensionFacts { oid, critical: false, value: value.to_vec(), malformed: false })
    }

    fn seq(parts: &[&[u8]]) -> Vec<u8> {
        der::constructed(der::SEQUENCE, parts)
    }

    #[test]
    fn every_name_stands_once() {
        for (n, (arcs, name)) in NAMES.iter().enumerate() {
            assert!(NAMES[..n].iter().all(|(a, m)| a != arcs && m != name), "{name}");
            assert_eq!(extension_name(&Oid::from_arcs(arcs).unwrap()), Some(*name));
        }
        assert_eq!(extension_name(&"1.2.3".parse().unwrap()), None);
    }

    #[test]
    fn what_they_say() {
        let policy = |arcs: &[u64]| seq(&[&der::oid(&Oid::from_arcs(arcs).unwrap())]);
        let list = seq(&[&policy(&[2, 23, 140, 1, 2, 1]), &policy(&[1, 2, 3])]);
        assert_eq!(says(oid::CERTIFICATE_POLICIES, &list), ["2.23.140.1.2.1 (domain validated)", "1.2.3"]);
        assert_eq!(says(TLS_FEATURE, &seq(&[&[2, 1, 5]]))[0], "status_request: an OCSP staple is demanded");
        assert_eq!(says(oid::KEY_USAGE, &[3, 2, 1, 6]), ["keyCertSign", "cRLSign"]);
        assert_eq!(says(oid::KEY_USAGE, &[3, 3, 7, 0x80, 0x80]), ["digitalSignature", "decipherOnly"]);
        assert_eq!(says(oid::BASIC_CONSTRAINTS, &[0x30, 6, 1, 1, 0xff, 2, 1, 2]), ["CA", "path length 2"]);
        assert_eq!(says(oid::BASIC_CONSTRAINTS, &[0x30, 0]), ["not a CA"]);
        assert_eq!(says(oid::INHIBIT_ANY_POLICY, &[2, 1, 3]), ["3"]);
        assert_eq!(says(SCT_LIST, &[4, 8, 0, 6, 0, 1, 9, 0, 1, 9]), ["2 timestamps"]);
        assert_eq!(
            says(oid::POLICY_CONSTRAINTS, &[0x30, 3, 0x80, 1, 0]),
            ["explicit policy required after 0 certificates"]
        );
        assert_eq!(says(oid::ISSUING_POINT, &[0x30, 3, 0x81, 1, 0xff]), ["only certificates of users"]);
        let upn = der::constructed(
            0xa0,
            &[&der::oid(&Oid::from_arcs(UPN).unwrap()), &der::tlv(0xa0, &der::tlv(der::UTF8_STRING, b"u@corp"))],
        );
        assert_eq!(says(oid::SUBJECT_ALT_NAME, &seq(&[&der::tlv(0x82, b"a"), &upn])), ["UPN u@corp"]);
        assert_eq!(says(MS_TEMPLATE_NAME, &[0x1e, 4, 0, b'C', 0, b'A']), ["CA"]);
    }

    #[test]
    fn damage_and_size_are_borne() {
        for (arcs, _) in NAMES {
            for value in
                [&b""[..], &[0x30], &[0x30, 1, 0x30], &[4, 4, 0, 9, 0, 9], &[3, 0], &[0x30, 2, 0xa0, 0], &[2, 0]]
            {
                says(arcs, value);
            }
        }
        let many = [&[0x06, 1, 0x2a][..]; 100].concat();
        let said = says(oid::EXTENDED_KEY_USAGE, &seq(&[&many]));
        assert_eq!((said.len(), said[64].as_str()), (65, "and 36 more"));
    }
}
