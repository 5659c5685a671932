//! SPIFFE bundles (SPIFFE Trust Domain and Bundle 4, 5): a JWK Set of trust anchors, or a map of several by trust domain.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// The most bytes of a bundle: thousands of trust anchors.
const MAX_BUNDLE: usize = 16 << 20;
/// Keys that are ignored are told one by one up to here.
const MAX_TOLD: usize = 100;

/// Why some JSON is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleRefusal {
    /// Not JSON, or a name stands twice in one object (RFC 7517 4, SPIFFE Trust Domain and Bundle 5.1).
    #[error("its JSON is broken: {0}")]
    Json(String),
    /// More than any bundle.
    #[error("it has {0} bytes, and {MAX_BUNDLE} is the most that is read of a SPIFFE bundle")]
    TooLarge(usize),
    /// JSON of something else.
    #[error("it is JSON without the `keys` of a SPIFFE bundle or the `trust_domains` of a bundle map")]
    NoBundle,
    /// A member of the wrong type.
    #[error("its `{0}` is not {1}")]
    Type(&'static str, &'static str),
}

/// A key that a reader ignores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredKey {
    /// Which one of the keys, from 1 on.
    pub key: usize,
    /// Why.
    pub reason: String,
}

/// The bundle of one trust domain. Its trust anchors follow as items of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustDomainReport {
    /// Its name, where a map says it; a bundle alone does not.
    pub trust_domain: Option<String>,
    /// `spiffe_sequence`
    pub sequence: Option<u64>,
    /// `spiffe_refresh_hint`, in seconds.
    pub refresh_hint: Option<u64>,
    /// How many keys it has.
    pub keys: usize,
    /// How many of them are trust anchors of X.509-SVIDs. With none, no SVID of the domain is trusted.
    pub trust_anchors: usize,
    /// How many are for JWT-SVIDs, which are not X.509's.
    pub jwt_keys: usize,
    /// Those that a reader ignores.
    pub ignored: Vec<IgnoredKey>,
    /// What is against the standard and read all the same.
    pub notes: Vec<String>,
}

/// A SPIFFE bundle, or a map of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleReport {
    /// Whether it is a map by trust domain.
    pub map: bool,
    /// One for a bundle, any number for a map.
    pub trust_domains: Vec<TrustDomainReport>,
}

/// A trust anchor's certificate in DER, and its trust domain where that is said.
pub(super) type Anchor = (Vec<u8>, Option<String>);

/// Whether a file begins as JSON of an object does.
pub(super) fn looks_like_json(file: &[u8]) -> bool {
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let Some(text) = text.trim_ascii_start().strip_prefix(b"{") else { return false };
    matches!(text.trim_ascii_start().first(), Some(b'"' | b'}'))
}

/// Reads a bundle or a map.
pub(super) fn read(file: &[u8]) -> Result<(BundleReport, Vec<Anchor>), BundleRefusal> {
    if file.len() > MAX_BUNDLE {
        return Err(BundleRefusal::TooLarge(file.len()));
    }
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let json: Json = serde_json::from_slice(text).map_err(|e| BundleRefusal::Json(e.to_string()))?;
    let mut anchors = Vec::new();
    if let Some(map) = json.get("trust_domains") {
        let Json::Object(domains) = map else { return Err(BundleRefusal::Type("trust_domains", "an object")) };
        let read_one = |(name, bundle): &(String, Json)| trust_domain(bundle, Some(name), &mut anchors);
        let trust_domains = domains.iter().map(read_one).collect::<Result<_, _>>()?;
        return Ok((BundleReport { map: true, trust_domains }, anchors));
    }
    let one = trust_domain(&json, None, &mut anchors)?;
    Ok((BundleReport { map: false, trust_domains: vec![one] }, anchors))
}

fn trust_domain(
    bundle: &Json,
    name: Option<&String>,
    anchors: &mut Vec<Anchor>,
) -> Result<TrustDomainReport, BundleRefusal> {
    let keys = match bundle.get("keys") {
        Some(Json::Array(keys)) => keys,
        Some(_) => return Err(BundleRefusal::Type("keys", "an array")),
        None => return Err(BundleRefusal::NoBundle),
    };
    let mut report = TrustDomainReport {
        trust_domain: name.cloned(),
        sequence: None,
        refresh_hint: None,
        keys: keys.len(),
        trust_anchors: 0,
        jwt_keys: 0,
        ignored: Vec::new(),
        notes: Vec::new(),
    };
    report.sequence = number(bundle, "spiffe_sequence", &mut report.notes);
    report.refresh_hint = number(bundle, "spiffe_refresh_hint", &mut report.notes);
    let mut more = 0;
    for (key, n) in keys.iter().zip(1..) {
        match anchor(key, n, &mut report.notes) {
            Ok(Some(der)) => {
                report.trust_anchors += 1;
                anchors.push((der, name.cloned()));
            }
            Ok(None) => report.jwt_keys += 1,
            Err(reason) if report.ignored.len() < MAX_TOLD => report.ignored.push(IgnoredKey { key: n, reason }),
            Err(_) => more += 1,
        }
    }
    if more > 0 {
        report.notes.push(format!("{more} more keys are ignored"));
    }
    Ok(report)
}

fn number(bundle: &Json, name: &str, notes: &mut Vec<String>) -> Option<u64> {
    match bundle.get(name)? {
        Json::Number(n) if n.as_u64().is_some() => n.as_u64(),
        _ => {
            notes.push(format!("`{name}` is not a whole number"));
            None
        }
    }
}

/// The certificate of a key; nothing for a key of JWT-SVIDs. An error is why a reader ignores it (4.2.2).
fn anchor(key: &Json, n: usize, notes: &mut Vec<String>) -> Result<Option<Vec<u8>>, String> {
    let text = |name: &str| if let Some(Json::String(s)) = key.get(name) { Some(s.as_str()) } else { None };
    let mut note = |words: String| {
        if notes.len() < MAX_TOLD {
            notes.push(words);
        }
    };
    match text("kty") {
        Some("RSA" | "EC" | "OKP") => {}
        Some(other) => return Err(format!("its `kty` is `{other}`, which is unknown")),
        None => return Err("it has no `kty`".into()),
    }
    match text("use") {
        Some("x509-svid") => {}
        Some("jwt-svid") => return Ok(None),
        Some(other) => return Err(format!("its `use` is `{other}`, which is unknown")),
        None => return Err("it has no `use`".into()),
    }
    if key.get("kid").is_some() {
        note(format!("key {n} has a `kid`, which a key of X.509-SVIDs must not have"));
    }
    let Some(Json::Array(chain)) = key.get("x5c") else { return Err("it has no `x5c`".into()) };
    let Some(first) = chain.first() else { return Err("its `x5c` is empty".into()) };
    if chain.len() > 1 {
        note(format!("key {n} has {} certificates, and only the first is used", chain.len()));
    }
    let Json::String(first) = first else { return Err("its `x5c` is not text".into()) };
    STANDARD.decode(first).map(Some).map_err(|_| "its `x5c` is not standard base64".into())
}

/// JSON whose names stand once in each object.
#[derive(Debug)]
enum Json {
    Number(serde_json::Number),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
    /// Null, true, false: nothing here asks which.
    Other,
}

impl Json {
    fn get(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        members.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, n: u64) -> Result<Json, E> {
        Ok(Json::Number(n.into()))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Json, E> {
        Ok(Json::Number(n.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let (mut members, mut seen) = (Vec::new(), HashSet::new());
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("the name `{name}` stands twice in one object")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> (TrustDomainReport, usize) {
        let (mut report, anchors) = read(text.as_bytes()).unwrap();
        assert!(!report.map);
        (report.trust_domains.remove(0), anchors.len())
    }

    #[test]
    fn what_is_ignored_and_why() {
        let (report, anchors) = one(r#"{"keys":[
            {"kty":"EC","use":"x509-svid","x5c":["QUJD"]},
            {"kty":"EC","use":"x509-svid","x5c":["QUJD","QUJD"],"kid":"a"},
            {"kty":"EC","use":"x509-svid","x5c":[]},
            {"kty":"EC","use":"x509-svid"},
            {"kty":"EC","use":"x509-svid","x5c":["QUJ_"]},
            {"kty":"EC","use":"x509-svid","x5c":[7]},
            {"kty":"EC","use":"X509-SVID","x5c":["QUJD"]},
            {"kty":"EC","x5c":["QUJD"]},
            {"kty":"oct","use":"x509-svid","x5c":["QUJD"]},
            {"use":"x509-svid","x5c":["QUJD"]},
            {"kty":"EC","use":"jwt-svid","kid":"b"}
        ],"spiffe_sequence":18446744073709551615,"spiffe_refresh_hint":300,"other":{"a":[1.5,null,-1,true]}}"#);
        assert_eq!((report.keys, report.trust_anchors, report.jwt_keys, anchors), (11, 2, 1, 2));
        assert_eq!((report.sequence, report.refresh_hint), (Some(u64::MAX), Some(300)));
        assert_eq!(report.ignored.iter().map(|i| i.key).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(report.ignored[4].reason, "its `use` is `X509-SVID`, which is unknown");
        assert_eq!(report.notes.len(), 2, "{:?}", report.notes);
    }

    #[test]
    fn no_keys_is_an_answer_and_no_list_is_none() {
        assert_eq!(one(r#"{"keys":[]}"#).0.trust_anchors, 0);
        assert_eq!(one(r#"{"keys":[],"spiffe_sequence":"1"}"#).0.notes, ["`spiffe_sequence` is not a whole number"]);
        assert_eq!(read(b"{}"), Err(BundleRefusal::NoBundle));
        assert_eq!(read(br#"{"keys":{}}"#), Err(BundleRefusal::Type("keys", "an array")));
        assert_eq!(read(br#"{"trust_domains":[]}"#), Err(BundleRefusal::Type("trust_domains", "an object")));
        assert!(matches!(read(b"{\"keys\":["), Err(BundleRefusal::Json(_))));
    }

    #[test]
    fn names_stand_once() {
        for text in [
            r#"{"keys":[],"keys":[]}"#,
            r#"{"trust_domains":{"a":{"keys":[]},"a":{"keys":[]}}}"#,
            r#"{"keys":[{"use":"x509-svid","use":"jwt-svid"}]}"#,
        ] {
            let refusal = read(text.as_bytes()).unwrap_err().to_string();
            assert!(refusal.contains("stands twice"), "{refusal}");
        }
    }

    #[test]
    fn a_map_names_its_domains() {
        let text = br#"{"trust_domains":{"a.example":{"keys":[{"kty":"RSA","use":"x509-svid","x5c":["QUJD"]}]},"b":{"keys":[]}}}"#;
        let (report, anchors) = read(text).unwrap();
        let names: Vec<_> = report.trust_domains.iter().map(|d| d.trust_domain.as_deref()).collect();
        assert_eq!((report.map, names), (true, vec![Some("a.example"), Some("b")]));
        assert_eq!(anchors, [(b"ABC".to_vec(), Some("a.example".to_string()))]);
    }

    #[test]
    fn deep_and_large_is_refused() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
        assert!(matches!(read(deep.as_bytes()), Err(BundleRefusal::Json(_))));
        assert_eq!(read(&vec![b' '; MAX_BUNDLE + 1]), Err(BundleRefusal::TooLarge(MAX_BUNDLE + 1)));
        assert!(looks_like_json(b"\xef\xbb\xbf { \"a\"") && looks_like_json(b"{}") && !looks_like_json(b"{x"));
    }
}
