//! x509-parser's view of a certificate, turned into owned facts.

use super::der::{self, Reader};
use super::name::read_name;
use super::{
    BasicConstraints, Certificate, Constraints, ExtensionFacts, GeneralName, NameDer, NameFacts, OtherName,
    ReadSubtree, TbsFacts, X509Error,
};
use crate::model::{ExtendedKeyUsage, KeyUsage, Oid, Serial, Timestamp};
use x509_parser::certificate::TbsCertificate;
use x509_parser::extensions::{self as ext, DistributionPointName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

const WHAT: &str = "the certificate";
/// The content octets of id-on-SmtpUTF8Mailbox, and what such a name is called (RFC 9598 3).
const SMTP_UTF8_MAILBOX: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 8, 9];
pub(crate) const UTF8_MAILBOX: &str = "SmtpUTF8Mailbox";

/// Reads a certificate; nothing may follow it.
///
/// # Errors
/// [`X509Error`] when it is not a certificate in DER.
pub fn read_certificate(bytes: &[u8]) -> Result<Certificate, X509Error> {
    let mut outer = Reader::new(bytes, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut parts = outer.inside(sequence);
    let tbs = parts.expect(der::SEQUENCE)?;
    let algorithm = parts.expect(der::SEQUENCE)?;
    let signature = parts.expect(der::BIT_STRING)?;
    parts.end()?;
    let signature = match signature.content.split_first() {
        Some((0, octets)) => octets.to_vec(),
        _ => return Err(parts.fail("a signature with unused bits")),
    };
    Ok(Certificate {
        der: bytes.to_vec(),
        facts: read_tbs(tbs.whole)?,
        outer_algorithm: algorithm.whole.to_vec(),
        signature,
    })
}

/// Reads the to-be-signed part of a certificate.
///
/// # Errors
/// [`X509Error`] when it is not a tbsCertificate in DER.
pub fn read_tbs(bytes: &[u8]) -> Result<TbsFacts, X509Error> {
    let (rest, tbs) = TbsCertificate::from_der(bytes).map_err(|e| X509Error::malformed(WHAT, reason(&e)))?;
    if !rest.is_empty() {
        return Err(X509Error::TrailingBytes { what: WHAT, count: rest.len() });
    }
    let raw_serial = tbs.raw_serial().to_vec();
    let positive = raw_serial.first().is_some_and(|b| b & 0x80 == 0);
    let mut facts = TbsFacts {
        der: bytes.to_vec(),
        version: tbs.version.0 + 1,
        serial: if positive { Serial::from_unsigned(&raw_serial).ok() } else { None },
        raw_serial,
        signature_algorithm: inner_algorithm(bytes)?,
        issuer: name(&tbs.issuer)?,
        not_before: Timestamp::clamped(tbs.validity.not_before.timestamp()),
        not_after: Timestamp::clamped(tbs.validity.not_after.timestamp()),
        subject: name(&tbs.subject)?,
        public_key: tbs.subject_pki.raw.to_vec(),
        has_unique_ids: tbs.issuer_uid.is_some() || tbs.subject_uid.is_some(),
        extensions: Vec::new(),
        basic_constraints: None,
        key_usage: None,
        extended_key_usage: None,
        names: None,
        name_constraints: None,
        subject_key_id: None,
        authority_key_id: None,
        authority_names_serial: false,
        crl_urls: Vec::new(),
        issuer_urls: Vec::new(),
        ocsp_urls: Vec::new(),
    };
    for extension in tbs.extensions() {
        let oid = oid(&extension.oid).ok_or_else(|| X509Error::malformed(WHAT, "an extension with a broken OID"))?;
        let malformed = !take_extension(&mut facts, extension.parsed_extension())
            || !matches!(extension.parsed_extension(), ParsedExtension::UnsupportedExtension { .. })
                && whole(extension.value).is_err()
            || oid.arcs() == super::oid::NAME_CONSTRAINTS && whole_constraints(extension.value).is_err();
        facts.extensions.push(ExtensionFacts {
            oid,
            critical: extension.critical,
            value: extension.value.to_vec(),
            malformed,
        });
    }
    Ok(facts)
}

fn reason<E: std::fmt::Debug>(error: &E) -> String {
    // x509-parser's errors are enums without sentences; their debug form is the shortest that says where.
    let text = format!("{error:?}");
    text.chars().take(80).collect()
}

fn inner_algorithm(tbs: &[u8]) -> Result<Vec<u8>, X509Error> {
    let mut outer = Reader::new(tbs, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut fields = outer.inside(sequence);
    fields.optional(der::context_constructed(0))?;
    fields.expect(der::INTEGER)?;
    Ok(fields.expect(der::SEQUENCE)?.whole.to_vec())
}

fn name(name: &X509Name<'_>) -> Result<NameFacts, X509Error> {
    Ok(NameFacts::new(NameDer::as_read(name.as_raw()), read_name(name.as_raw())?))
}

fn oid(oid: &x509_parser::der_parser::oid::Oid<'_>) -> Option<Oid> {
    der::read_oid(oid.as_bytes())
}

/// An extension's value is one DER value with nothing behind it; x509-parser does not ask.
fn whole(value: &[u8]) -> Result<(), X509Error> {
    let mut outer = Reader::new(value, WHAT);
    outer.any()?;
    outer.end()
}

/// Every part of nameConstraints is read by x509-parser or none: it drops a list that it cannot read, and everything
/// behind the base of a subtree, without a word. `minimum` is 0 and so left out, `maximum` absent (RFC 5280 4.2.1.10).
fn whole_constraints(value: &[u8]) -> Result<(), X509Error> {
    let mut outer = Reader::new(value, WHAT);
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut lists = outer.inside(sequence);
    for tag in [0, 1] {
        let Some(list) = lists.optional(der::context_constructed(tag))? else { continue };
        let mut subtrees = lists.inside(list);
        if subtrees.is_empty() {
            return Err(subtrees.fail("an empty list of subtrees"));
        }
        while !subtrees.is_empty() {
            let subtree = subtrees.expect(der::SEQUENCE)?;
            let mut base = subtrees.inside(subtree);
            if base.any()?.tag & 0xc0 != 0x80 {
                return Err(base.fail("a subtree that is no name"));
            }
            base.end()?;
        }
    }
    lists.end()
}

/// Takes what an extension says into the facts; `false` when it is known and broken. The first of several wins, as
/// the lint for repeated extensions will say.
fn take_extension(facts: &mut TbsFacts, parsed: &ParsedExtension<'_>) -> bool {
    match parsed {
        ParsedExtension::ParseError { .. } => return false,
        ParsedExtension::BasicConstraints(b) => {
            let read = BasicConstraints { ca: b.ca, path_len: b.path_len_constraint };
            facts.basic_constraints.get_or_insert(read);
        }
        ParsedExtension::KeyUsage(u) => {
            facts.key_usage.get_or_insert(KeyUsage::from_bits(u.flags));
        }
        ParsedExtension::ExtendedKeyUsage(e) => {
            let Some(list) = purposes(e) else { return false };
            facts.extended_key_usage.get_or_insert(list);
        }
        ParsedExtension::SubjectAlternativeName(s) => {
            let names: Option<Vec<_>> = s.general_names.iter().map(general_name).collect();
            let Some(names) = names else { return false };
            facts.names.get_or_insert(names);
        }
        ParsedExtension::NameConstraints(c) => {
            let list = |l: &Option<Vec<ext::GeneralSubtree<'_>>>| {
                l.iter().flatten().map(|s| subtree(&s.base)).collect::<Option<Vec<_>>>()
            };
            let (Some(permitted), Some(excluded)) = (list(&c.permitted_subtrees), list(&c.excluded_subtrees)) else {
                return false;
            };
            facts.name_constraints.get_or_insert(Constraints { permitted, excluded });
        }
        ParsedExtension::SubjectKeyIdentifier(id) => {
            facts.subject_key_id.get_or_insert(id.0.to_vec());
        }
        ParsedExtension::AuthorityKeyIdentifier(a) => {
            facts.authority_names_serial |= a.authority_cert_issuer.is_some() || a.authority_cert_serial.is_some();
            if facts.authority_key_id.is_none() {
                facts.authority_key_id = a.key_identifier.as_ref().map(|k| k.0.to_vec());
            }
        }
        ParsedExtension::CRLDistributionPoints(points) => {
            for point in points.iter() {
                if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                    facts.crl_urls.extend(names.iter().filter_map(uri));
                }
            }
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            for d in access.iter() {
                let Some(url) = uri(&d.access_location) else { continue };
                match d.access_method.to_id_string().as_str() {
                    "1.3.6.1.5.5.7.48.1" => facts.ocsp_urls.push(url),
                    "1.3.6.1.5.5.7.48.2" => facts.issuer_urls.push(url),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    true
}

fn purposes(e: &ext::ExtendedKeyUsage<'_>) -> Option<Vec<ExtendedKeyUsage>> {
    const FLAGGED: [&str; 7] = [
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.3",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.5.5.7.3.8",
        "1.3.6.1.5.5.7.3.9",
    ];
    let flags =
        [e.any, e.server_auth, e.client_auth, e.code_signing, e.email_protection, e.time_stamping, e.ocsp_signing];
    let flagged = FLAGGED.iter().zip(flags).filter(|(_, set)| *set).map(|(o, _)| o.parse::<Oid>().ok());
    let others = e.other.iter().map(oid);
    flagged.chain(others).map(|o| o.map(ExtendedKeyUsage::from_oid)).collect()
}

fn uri(name: &ext::GeneralName<'_>) -> Option<String> {
    if let ext::GeneralName::URI(u) = name { Some((*u).to_string()) } else { None }
}

fn general_name(n: &ext::GeneralName<'_>) -> Option<GeneralName> {
    Some(match n {
        ext::GeneralName::DNSName(s) => GeneralName::Dns((*s).into()),
        ext::GeneralName::IPAddress(o) => GeneralName::Ip(o.to_vec()),
        ext::GeneralName::RFC822Name(s) => GeneralName::Email((*s).into()),
        ext::GeneralName::URI(s) => GeneralName::Uri((*s).into()),
        ext::GeneralName::DirectoryName(d) => GeneralName::Directory(name(d).ok()?),
        ext::GeneralName::Invalid(..) => return None,
        other => GeneralName::Other(other_name(other)),
    })
}

fn subtree(n: &ext::GeneralName<'_>) -> Option<ReadSubtree> {
    Some(match n {
        ext::GeneralName::DNSName(s) => ReadSubtree::Dns((*s).into()),
        ext::GeneralName::IPAddress(o) => ReadSubtree::Ip(o.to_vec()),
        ext::GeneralName::RFC822Name(s) => ReadSubtree::Email((*s).into()),
        ext::GeneralName::URI(s) => ReadSubtree::Uri((*s).into()),
        ext::GeneralName::DirectoryName(d) => ReadSubtree::Directory(name(d).ok()?.subject),
        ext::GeneralName::Invalid(..) => return None,
        other => ReadSubtree::Other(kind(other)),
    })
}

fn other_name(n: &ext::GeneralName<'_>) -> OtherName {
    let (oid, value) = match n {
        ext::GeneralName::OtherName(oid, explicit) => (der::read_oid(oid.as_bytes()), super::csr::explicit(explicit)),
        ext::GeneralName::RegisteredID(oid) => (der::read_oid(oid.as_bytes()), &[][..]),
        ext::GeneralName::X400Address(any) | ext::GeneralName::EDIPartyName(any) => (None, any.data),
        _ => (None, &[][..]),
    };
    OtherName { kind: kind(n), oid, value: value.to_vec() }
}

fn kind(n: &ext::GeneralName<'_>) -> &'static str {
    match n {
        ext::GeneralName::OtherName(kind, _) if kind.as_bytes() == SMTP_UTF8_MAILBOX => UTF8_MAILBOX,
        ext::GeneralName::OtherName(..) => "otherName",
        ext::GeneralName::X400Address(_) => "x400Address",
        ext::GeneralName::EDIPartyName(_) => "ediPartyName",
        ext::GeneralName::RegisteredID(_) => "registeredID",
        _ => "unknown",
    }
}
