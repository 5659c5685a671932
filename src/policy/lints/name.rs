//! The subject and the issuer: presence, string types, characters and bounds. The strings of the issuer are its own
//! certificate's matter: they are copied byte for byte, whatever they are.

use super::{Cut, View, repeated, rule};
use crate::model::{AttributeType, StringKind, is_printable_string};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::der::{self, Reader, Value};
use crate::x509::{GeneralName, X509Error};
use std::collections::HashSet;

pub(super) static LINTS: &[Lint] = &[
    rule("issuer-empty", "RFC 5280 4.1.2.4", "the issuer has a name", issuer_empty)
        .mend("give the issuing CA a subject, and issue it again")
        .also_of(&[RuleSet::PythonStrict]),
    rule("ca-subject-empty", "RFC 5280 4.1.2.6", "a CA's subject is not empty", ca_subject_empty)
        .mend("renew the CA with a subject")
        .also_of(&[RuleSet::PythonStrict]),
    rule("holder-unnamed", "RFC 5280 4.1.2.6", "the holder is named by subject or subjectAltName", unnamed)
        .mend("issue it again with a subject, or with names in subjectAltName")
        .also_of(&[RuleSet::PythonStrict]),
    rule("subject-string-type", "RFC 5280 A.1", "an attribute of a fixed string type has that type", string_type)
        .mend("issue it again with the string type that the standard fixes"),
    rule("subject-string-legacy", "RFC 5280 4.1.2.4", "new names are UTF8String or PrintableString", legacy)
        .mend("issue it again with UTF8String (openssl: `string_mask = utf8only`)")
        .warns(),
    rule("subject-characters", "X.680 41", "a value holds only characters of its string type", characters)
        .mend("issue it again with UTF8String"),
    rule("subject-control", "RFC 4518 2.2", "a value holds no control character", control)
        .mend("issue it again without the control character"),
    rule("subject-value-empty", "RFC 5280 A.1", "an attribute has a value", value_empty)
        .mend("issue it again without that attribute"),
    rule("subject-bounds", "RFC 5280 A.1", "a value is no longer than its attribute's upper bound", bounds)
        .mend("issue it again with a shorter value"),
    rule("subject-country", "RFC 5280 A.1", "a country is two letters", country)
        .mend("issue it again with the country's two letters, as DE"),
    rule("subject-duplicate-in-rdn", "X.501 9.3", "an RDN holds each attribute type once", duplicate_in_rdn)
        .mend("issue it again with each attribute in an RDN of its own"),
    rule("subject-set-order", "X.690 11.6", "the attributes of an RDN are in the order of their encoding", set_order)
        .mend("issue it again with software that writes DER"),
    rule("subject-email", "RFC 5280 4.1.2.6", "an emailAddress in a leaf's subject is an rfc822Name too", leaf_email)
        .mend("issue it again with that mailbox as rfc822Name in subjectAltName"),
    rule("subject-country-case", "ISO 3166-1", "a country is two upper-case letters", country_case)
        .mend("issue it again with the country in upper case")
        .warns(),
    rule("subject-order", "X.521 B", "a subject goes from the general to the specific: C, O, OU, CN", order)
        .mend("pass the subject in the other order: `CN=a,O=b` to rootlet, `/O=b/CN=a` to openssl")
        .notes(),
    rule("ca-subject-email", "RFC 5280 4.1.2.6", "a CA's subject has no emailAddress", ca_email)
        .mend("leave it out of the next CA's subject")
        .warns(),
    rule("common-name-repeats", "CABF TLS BR 7.1.4.3", "a server's common name repeats a subjectAltName", common_name)
        .mend("add it as a name, or leave it out")
        .warns(),
];

/// One attribute of a Name as encoded.
pub(in crate::policy) struct Raw<'a> {
    rdn: usize,
    whole: &'a [u8],
    kind: AttributeType,
    value: Value<'a>,
}

impl Raw<'_> {
    fn text(&self) -> String {
        String::from_utf8_lossy(self.value.content).into_owned()
    }

    /// Its length in characters.
    fn length(&self) -> usize {
        let c = self.value.content;
        match self.value.tag {
            der::UTF8_STRING => String::from_utf8_lossy(c).chars().count(),
            der::BMP_STRING => c.len() / 2,
            der::UNIVERSAL_STRING => c.len() / 4,
            _ => c.len(),
        }
    }

    /// The standard's upper bound (RFC 5280 A.1, X.520), where it sets one.
    fn bound(&self) -> Option<usize> {
        const BOUNDED: [&str; 15] = [
            "CN",
            "C",
            "ST",
            "L",
            "O",
            "OU",
            "DC",
            "UID",
            "emailAddress",
            "serialNumber",
            "street",
            "postalCode",
            "title",
            "dnQualifier",
            "pseudonym",
        ];
        BOUNDED.contains(&self.kind.name().as_str()).then(|| self.kind.bound())
    }
}

pub(super) fn attributes(name: &[u8]) -> Vec<Raw<'_>> {
    let mut all = Vec::new();
    // The facts hold only names that could be read; what could not is no name at all.
    let _ = walk(name, &mut all);
    all
}

fn walk<'a>(name: &'a [u8], all: &mut Vec<Raw<'a>>) -> Result<(), X509Error> {
    let mut outer = Reader::new(name, "a name");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut sets = outer.inside(sequence);
    let mut rdn = 0;
    while !sets.is_empty() {
        let set = sets.expect(der::SET)?;
        let mut pairs = sets.inside(set);
        while !pairs.is_empty() {
            let pair = pairs.expect(der::SEQUENCE)?;
            let mut fields = pairs.inside(pair);
            let oid = der::read_oid(fields.expect(der::OID)?.content).ok_or_else(|| fields.fail("a broken OID"))?;
            let value = fields.any()?;
            all.push(Raw { rdn, whole: pair.whole, kind: AttributeType::from_oid(oid), value });
        }
        rdn += 1;
    }
    Ok(())
}

fn each(v: &View<'_>, check: impl FnMut(&Raw<'_>)) {
    v.subject.iter().for_each(check);
}

fn issuer_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.issuer.der.is_empty() {
        report.say("the issuer is empty");
    }
}

fn ca_subject_empty(v: &View<'_>, report: &mut Report) {
    if v.ca && v.facts.subject.der.is_empty() {
        report.say("it is a CA without a subject, and nothing can name it as its issuer");
    }
}

fn unnamed(v: &View<'_>, report: &mut Report) {
    if !v.ca && v.facts.subject.der.is_empty() && !v.has_alt_names() {
        report.say("it has neither a subject nor a subjectAltName");
    }
}

fn string_type(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        let wanted = match a.kind.string_kind() {
            StringKind::Directory => return,
            StringKind::Printable => (der::PRINTABLE_STRING, "PrintableString"),
            StringKind::Ia5 => (der::IA5_STRING, "IA5String"),
        };
        if a.value.tag != wanted.0 {
            report.say(format!("`{}` is not a {}", a.kind.name(), wanted.1));
        }
    });
}

fn legacy(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        let used = match a.value.tag {
            der::TELETEX_STRING => "TeletexString",
            der::BMP_STRING => "BMPString",
            der::UNIVERSAL_STRING => "UniversalString",
            _ => return,
        };
        report.say(format!("`{}` is a {used}", a.kind.name()));
    });
}

fn characters(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        let c = a.value.content;
        let fits = match a.value.tag {
            der::PRINTABLE_STRING => std::str::from_utf8(c).is_ok_and(is_printable_string),
            der::IA5_STRING => c.is_ascii(),
            der::UTF8_STRING => std::str::from_utf8(c).is_ok(),
            der::BMP_STRING => c.len().is_multiple_of(2),
            der::UNIVERSAL_STRING => c.len().is_multiple_of(4),
            _ => true,
        };
        if !fits {
            report.say(format!("`{}` holds `{}`, which its string type cannot hold", a.kind.name(), Cut(&a.text())));
        }
    });
}

fn control(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        let is_text = matches!(a.value.tag, der::PRINTABLE_STRING | der::IA5_STRING | der::UTF8_STRING);
        if is_text && a.text().chars().any(char::is_control) {
            report.say(format!("`{}` holds a control character", a.kind.name()));
        }
    });
}

fn value_empty(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        if a.value.content.is_empty() {
            report.say(format!("`{}` has no value", a.kind.name()));
        }
    });
}

fn bounds(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        let length = a.length();
        if let Some(bound) = a.bound().filter(|bound| length > *bound) {
            report.say(format!("`{}` is {length} characters long, and {bound} is the most", a.kind.name()));
        }
    });
}

fn country(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        let c = a.value.content;
        if a.kind.name() == "C" && !(c.len() == 2 && c.iter().all(u8::is_ascii_alphabetic)) {
            report.say(format!("the country `{}` is not two letters", Cut(&a.text())));
        }
    });
}

fn country_case(v: &View<'_>, report: &mut Report) {
    each(v, |a| {
        if a.kind.name() == "C" && a.value.content.iter().any(u8::is_ascii_lowercase) {
            report.say(format!("the country `{}` is not in upper case", Cut(&a.text())));
        }
    });
}

/// How general the common attributes are; the most general first.
fn rank(kind: &str) -> Option<u8> {
    ["C", "ST", "L", "O", "OU", "CN"].iter().position(|k| *k == kind).map(|at| at as u8)
}

fn order(v: &View<'_>, report: &mut Report) {
    let ranks: Vec<u8> = v.subject.iter().filter_map(|a| rank(&a.kind.name())).collect();
    if ranks.len() > 1 && ranks.is_sorted_by(|a, b| a > b) {
        report.say("its subject begins with the specific, the common name, and ends with the general, against custom");
    }
}

fn duplicate_in_rdn(v: &View<'_>, report: &mut Report) {
    for (_, kind) in repeated(v.subject.iter().map(|a| (a.rdn, &a.kind))) {
        report.say(format!("`{}` stands twice in one RDN", kind.name()));
    }
}

fn set_order(v: &View<'_>, report: &mut Report) {
    let all = &v.subject;
    if all.windows(2).any(|w| w[0].rdn == w[1].rdn && w[0].whole > w[1].whole) {
        report.say("the attributes of a multi-valued RDN are not sorted");
    }
}

fn leaf_email(v: &View<'_>, report: &mut Report) {
    if v.ca {
        return;
    }
    let wanted = v.facts.subject.subject.values(&AttributeType::email_address());
    let found = v.names().iter().filter(|_| !wanted.is_empty()).filter_map(|n| match n {
        GeneralName::Email(mailbox) => Some(mailbox.to_ascii_lowercase()),
        _ => None,
    });
    let found: HashSet<String> = found.collect();
    for value in wanted {
        if !found.contains(&value.to_ascii_lowercase()) {
            let value = Cut(value);
            let hint = format!("pass `--email {value}`, and leave it out of the subject");
            report.say_with(format!("the subject's emailAddress `{value}` is not in subjectAltName"), hint);
        }
    }
}

fn ca_email(v: &View<'_>, report: &mut Report) {
    if v.ca && !v.facts.subject.subject.values(&AttributeType::email_address()).is_empty() {
        report.say("the CA's subject has an emailAddress");
    }
}

fn common_name(v: &View<'_>, report: &mut Report) {
    let Some(name) = v.facts.subject.common_name().filter(|_| v.is_host()) else { return };
    let same = |n: &GeneralName| match n {
        GeneralName::Dns(d) | GeneralName::Uri(d) | GeneralName::Email(d) => d.eq_ignore_ascii_case(name),
        GeneralName::Ip(octets) => {
            let address = name.parse::<std::net::IpAddr>();
            address.is_ok_and(|a| match a {
                std::net::IpAddr::V4(a) => a.octets()[..] == octets[..],
                std::net::IpAddr::V6(a) => a.octets()[..] == octets[..],
            })
        }
        _ => false,
    };
    if !v.names().iter().any(same) {
        let message = format!("the common name `{}` is not among the subjectAltNames, where clients look", Cut(name));
        report.say_with(message, "add it as a name, or leave it out");
    }
}
