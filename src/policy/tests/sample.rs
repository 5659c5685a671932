//! Good certificates and CRLs to break.

use crate::keys::{Approved, PrivateKey, Signer, SoftwareSigner, key_identifier};
use crate::model::{KeyAlgorithm, Lifetime, NameConstraints, Profile, San, SanSet, Serial, Timestamp, Validity};
use crate::policy::{Audience, CrlContext, LintContext, Signed, rules};
use crate::x509::der::{self, Reader, tlv};
use crate::x509::{
    CertificateFields, Crl, CrlFields, ExtensionFacts, GeneralName, NameDer, NameFacts, SignatureAlgorithm, TbsCrl,
    TbsFacts, encode_certificate, read_name, read_tbs, spki,
};

/// A certificate with what the rules know beside it.
#[derive(Clone)]
pub struct Sample {
    fields: CertificateFields,
    pub facts: TbsFacts,
    pub issuer: Option<TbsFacts>,
    pub profile: Option<Profile>,
    pub now: Option<Timestamp>,
    pub today: Option<Timestamp>,
    /// The algorithm and the signature beside the to-be-signed part.
    pub signed: Option<(Vec<u8>, Vec<u8>)>,
    pub audience: Audience,
}

/// When everything is issued.
pub fn now() -> Timestamp {
    "2026-06-01".parse().unwrap()
}

/// A key of the right shape: the rules look no deeper.
pub fn public_key(algorithm: KeyAlgorithm, seed: u8) -> Vec<u8> {
    match algorithm {
        KeyAlgorithm::P256 => spki(algorithm, &[&[4][..], &[seed; 64]].concat()),
        KeyAlgorithm::P384 => spki(algorithm, &[&[4][..], &[seed; 96]].concat()),
        KeyAlgorithm::Ed25519 => spki(algorithm, &[seed; 32]),
        rsa => rsa_key(&[&[0xc0 | seed][..], &vec![seed | 1; rsa.rsa_bits().unwrap() / 8 - 1]].concat(), &[1, 0, 1]),
    }
}

pub fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = der::constructed(der::SEQUENCE, &[&der::unsigned(modulus), &der::unsigned(exponent)]);
    spki(KeyAlgorithm::Rsa2048, &key)
}

/// A public key of any algorithm: the AlgorithmIdentifier's content from an OID and parameters in DER.
pub fn foreign_key(oid: &str, parameters: &[u8]) -> Vec<u8> {
    key_of(oid, parameters, &[1, 2, 3])
}

pub fn key_of(oid: &str, parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = der::constructed(der::SEQUENCE, &[&der::oid(&oid.parse().unwrap()), parameters]);
    der::constructed(der::SEQUENCE, &[&algorithm, &tlv(der::BIT_STRING, &[&[0], key].concat())])
}

pub fn names(texts: &[&str]) -> SanSet {
    let one = |t: &&str| if t.contains("://") { San::uri(t) } else { San::host(t) };
    SanSet::new(texts.iter().map(|t| one(t).unwrap())).unwrap()
}

fn fields(profile: Profile, key: KeyAlgorithm, issuer: Option<&TbsFacts>, signer: KeyAlgorithm) -> CertificateFields {
    let rules = rules(profile);
    let (subject, alternatives): (&str, &[&str]) = match profile {
        Profile::Root => ("CN=Lab Root,O=Example", &[]),
        Profile::Intermediate => ("CN=Lab CA,O=Example", &[]),
        Profile::Server | Profile::Peer => ("CN=api.lab.internal", &["api.lab.internal", "*.lab.internal", "10.0.0.1"]),
        Profile::Client => ("CN=alice", &[]),
        Profile::Workload => ("", &["spiffe://example.org/ns/prod/sa/api"]),
    };
    let subject = NameDer::of(&subject.parse().unwrap());
    let public_key = public_key(key, 1 + profile as u8);
    let start = now().plus(-300);
    let not_after = start.plus(rules.lifetime.seconds() - 1);
    let urls = |name: &str| match profile {
        Profile::Root => Vec::new(),
        _ => vec![format!("http://pki.lab/ca.{name}").parse().unwrap()],
    };
    CertificateFields {
        serial: Serial::from_random([7; 16]),
        signature_algorithm: SignatureAlgorithm::of_key(signer),
        issuer: issuer.map_or_else(|| subject.clone(), |i| i.subject.der.clone()),
        validity: Validity::new(start, not_after).unwrap(),
        ca: rules.ca.then_some(rules.default_path_len),
        key_usage: rules.key_usage(key),
        extended_key_usage: rules.purposes(),
        names: names(alternatives),
        name_constraints: NameConstraints::default(),
        subject_key_id: key_identifier(&public_key).unwrap(),
        authority_key_id: issuer.and_then(|i| i.subject_key_id.clone()),
        crl_urls: urls("crl"),
        issuer_urls: urls("crt"),
        ocsp_urls: Vec::new(),
        subject,
        public_key,
    }
}

fn encode(fields: &CertificateFields) -> TbsFacts {
    read_tbs(&encode_certificate(fields).unwrap()).unwrap()
}

impl Sample {
    pub fn new(profile: Profile) -> Self {
        Self::with_keys(profile, KeyAlgorithm::P256, KeyAlgorithm::P256)
    }

    /// A certificate with its own and its issuer's key algorithm; a root has one.
    pub fn with_keys(profile: Profile, key: KeyAlgorithm, issuer_key: KeyAlgorithm) -> Self {
        let issuer = match profile {
            Profile::Root => None,
            Profile::Intermediate => Some(Self::with_keys(Profile::Root, issuer_key, issuer_key).facts),
            _ => Some(Self::with_keys(Profile::Intermediate, issuer_key, issuer_key).facts),
        };
        let signer = if issuer.is_some() { issuer_key } else { key };
        let fields = fields(profile, key, issuer.as_ref(), signer);
        let facts = encode(&fields);
        let audience = Audience::Everyone;
        let (profile, now) = (Some(profile), Some(now()));
        Sample { fields, facts, issuer, profile, now, today: None, signed: None, audience }
    }

    /// A server's certificate with a real signature of its issuer's.
    pub fn signed() -> Self {
        let signer = SoftwareSigner::new(PrivateKey::generate(KeyAlgorithm::P256).unwrap()).unwrap();
        let mut sample = Sample::new(Profile::Server);
        sample.issuer().public_key = signer.public_key().to_vec();
        let signature = signer.sign(Approved::after_rehearsal(&sample.facts.der)).unwrap();
        sample.signed = Some((sample.facts.signature_algorithm.clone(), signature));
        sample
    }

    pub fn context(&self) -> LintContext<'_> {
        LintContext {
            profile: self.profile,
            issuer: self.issuer.as_ref(),
            now: self.now,
            today: self.today,
            signed: self.signed.as_ref().map(|(algorithm, signature)| Signed { algorithm, signature }),
            audience: self.audience.clone(),
        }
    }

    /// The same with other fields, encoded again.
    pub fn rebuild(mut self, change: impl FnOnce(&mut CertificateFields)) -> Self {
        self.change(change);
        self
    }

    pub fn change(&mut self, change: impl FnOnce(&mut CertificateFields)) {
        change(&mut self.fields);
        self.facts = encode(&self.fields);
    }

    pub fn issuer(&mut self) -> &mut TbsFacts {
        self.issuer.as_mut().unwrap()
    }

    pub fn lifetime(&mut self, days: i64) {
        let start = self.facts.not_before;
        self.facts.not_after = start.plus(Lifetime::days(days).seconds() - 1);
    }

    pub fn critical(&mut self, arcs: &[u64], critical: bool) {
        self.extension(arcs).critical = critical;
    }

    /// An extension; an empty one is added where it is missing.
    pub fn extension(&mut self, arcs: &[u64]) -> &mut ExtensionFacts {
        let all = &mut self.facts.extensions;
        let at = all.iter().position(|e| e.oid.arcs() == arcs).unwrap_or_else(|| {
            let oid = crate::model::Oid::from_arcs(arcs).unwrap();
            all.push(ExtensionFacts { oid, critical: false, value: vec![0x30, 0], malformed: false });
            all.len() - 1
        });
        &mut all[at]
    }

    pub fn drop_extension(&mut self, arcs: &[u64]) {
        self.facts.extensions.retain(|e| e.oid.arcs() != arcs);
    }

    pub fn names(&mut self, names: Vec<GeneralName>) {
        self.extension(crate::x509::oid::SUBJECT_ALT_NAME);
        self.facts.names = Some(names);
    }

    pub fn dns(&mut self, name: &str) {
        self.names(vec![GeneralName::Dns("api.lab.internal".into()), GeneralName::Dns(name.into())]);
    }

    /// A subject of RDNs of raw attributes: OID, string tag, content.
    pub fn subject(&mut self, rdns: &[&[(&str, u8, &[u8])]]) {
        let attribute = |a: &(&str, u8, &[u8])| {
            der::constructed(der::SEQUENCE, &[&der::oid(&a.0.parse().unwrap()), &tlv(a.1, a.2)])
        };
        let rdn = |r: &&[(&str, u8, &[u8])]| tlv(der::SET, &r.iter().flat_map(attribute).collect::<Vec<_>>());
        let name = tlv(der::SEQUENCE, &rdns.iter().flat_map(rdn).collect::<Vec<_>>());
        self.facts.subject = name_facts(&name);
    }

    /// Writes one field of the to-be-signed bytes anew.
    pub fn raw_field(&mut self, index: usize, change: impl FnOnce(&[u8]) -> Vec<u8>) {
        self.facts.der = replace_field(&self.facts.der, index, change);
    }
}

pub fn name_facts(name: &[u8]) -> NameFacts {
    NameFacts::new(NameDer::as_read(name), read_name(name).unwrap())
}

fn replace_field(sequence: &[u8], index: usize, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut outer = Reader::new(sequence, "a sample");
    let whole = outer.expect(der::SEQUENCE).unwrap();
    let mut reader = outer.inside(whole);
    let mut fields = Vec::new();
    while !reader.is_empty() {
        fields.push(reader.any().unwrap().whole.to_vec());
    }
    fields[index] = change(&fields[index]);
    tlv(der::SEQUENCE, &fields.concat())
}

/// A CRL with its issuer.
pub struct CrlSample {
    pub crl: Crl,
    pub issuer: TbsFacts,
    pub today: Option<Timestamp>,
    pub signed: bool,
    pub audience: Audience,
}

const THIS_UPDATE: usize = 3;

impl CrlSample {
    pub fn new() -> Self {
        let issuer = Sample::new(Profile::Intermediate).facts;
        let fields = CrlFields {
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            issuer: issuer.subject.der.clone(),
            this_update: now(),
            next_update: now().plus(Lifetime::days(30).seconds()),
            authority_key_id: issuer.subject_key_id.clone().unwrap(),
            number: 300,
        };
        let crl = Crl::read(TbsCrl::encode(&fields, Default::default()).assemble(&[1; 64])).unwrap();
        let mut this = CrlSample { crl, issuer, today: None, signed: false, audience: Audience::Everyone };
        let invalid = tlv(der::GENERALIZED_TIME, b"20260101000000Z");
        this.set_entries(&[
            entry(&[5], "2026-01-02T00:00:00Z", &[(0x15, false, &[10, 1, 1])]),
            entry(&[3], "2026-06-01T00:00:00Z", &[(0x15, false, &[10, 1, 4]), (0x18, false, &invalid)]),
            entry(&[4], "2026-01-02T00:00:00Z", &[]),
        ]);
        this
    }

    pub fn context(&self) -> CrlContext<'_> {
        let (issuer, audience) = (Some(&self.issuer), self.audience.clone());
        CrlContext { issuer, today: self.today, signed: self.signed, audience }
    }

    /// The same as version 1: without a version, extensions and entries.
    pub fn unversioned(&mut self) {
        let mut outer = Reader::new(self.crl.tbs(), "a sample");
        let whole = outer.expect(der::SEQUENCE).unwrap();
        let mut fields = outer.inside(whole);
        fields.any().unwrap();
        let kept: Vec<&[u8]> = (0..4).map(|_| fields.any().unwrap().whole).collect();
        let tbs = der::constructed(der::SEQUENCE, &kept);
        let bits = tlv(der::BIT_STRING, &[0, 1]);
        let whole = [&tbs, &self.crl.outer_algorithm, &bits].map(Vec::as_slice);
        self.crl = Crl::read_old(der::constructed(der::SEQUENCE, &whole)).unwrap();
    }

    /// An extension with this value.
    pub fn value(&mut self, arcs: &[u64], critical: bool, value: &[u8]) {
        self.extension(arcs, critical);
        self.crl.extensions.last_mut().unwrap().value = value.to_vec();
    }

    /// An issuingDistributionPoint of these fields.
    pub fn scope(&mut self, fields: &[u8]) {
        self.value(&[2, 5, 29, 28], true, &tlv(der::SEQUENCE, fields));
    }

    /// Signs the CRL with a real key, and gives its issuer that.
    pub fn sign(&mut self) {
        let signer = SoftwareSigner::new(PrivateKey::generate(KeyAlgorithm::P256).unwrap()).unwrap();
        self.issuer.public_key = signer.public_key().to_vec();
        let signature = signer.sign(Approved::after_rehearsal(self.crl.tbs())).unwrap();
        let bits = tlv(der::BIT_STRING, &[&[0], &signature[..]].concat());
        let parts = [self.crl.tbs(), &self.crl.outer_algorithm, &bits];
        self.crl = Crl::read(der::constructed(der::SEQUENCE, &parts)).unwrap();
        self.signed = true;
    }

    /// Writes the CRL anew with other to-be-signed fields: version, algorithm, issuer, thisUpdate, nextUpdate, entries.
    pub fn rewrite(&mut self, index: usize, change: impl FnOnce(&[u8]) -> Vec<u8>) {
        let tbs = replace_field(self.crl.tbs(), index, change);
        let bits = tlv(der::BIT_STRING, &[0, 1]);
        self.crl =
            Crl::read(der::constructed(der::SEQUENCE, &[&tbs, &self.crl.outer_algorithm.clone(), &bits])).unwrap();
    }

    pub fn set_entries(&mut self, entries: &[Vec<u8>]) {
        let list = tlv(der::SEQUENCE, &entries.concat());
        let next_update = THIS_UPDATE + 1;
        let mut tbs = Reader::new(self.crl.tbs(), "a sample");
        let whole = tbs.expect(der::SEQUENCE).unwrap();
        let mut fields = tbs.inside(whole);
        for _ in 0..=next_update {
            fields.any().unwrap();
        }
        if fields.peek() == Some(der::SEQUENCE) {
            self.rewrite(next_update + 1, |_| list);
        } else {
            self.rewrite(next_update, |date| [date, &list].concat());
        }
    }

    pub fn one_entry(&mut self, serial: &[u8], date: &str, extensions: &[(u8, bool, &[u8])]) {
        self.set_entries(&[entry(serial, date, extensions)]);
    }

    pub fn extension(&mut self, arcs: &[u64], critical: bool) {
        self.crl.extensions.retain(|e| e.oid.arcs() != arcs);
        let oid = crate::model::Oid::from_arcs(arcs).unwrap();
        self.crl.extensions.push(ExtensionFacts { oid, critical, value: vec![0x30, 0], malformed: false });
    }
}

/// An entry with extensions of the arc 2.5.29: the last arc, critical, value.
pub fn entry(serial: &[u8], date: &str, extensions: &[(u8, bool, &[u8])]) -> Vec<u8> {
    raw_entry(serial, &der::time(date.parse().unwrap()), extensions)
}

pub fn raw_entry(serial: &[u8], date: &[u8], extensions: &[(u8, bool, &[u8])]) -> Vec<u8> {
    let one = |e: &(u8, bool, &[u8])| {
        let critical: &[u8] = if e.1 { &[der::BOOLEAN, 1, 0xff] } else { &[] };
        der::constructed(der::SEQUENCE, &[&[der::OID, 3, 0x55, 0x1d, e.0], critical, &tlv(der::OCTET_STRING, e.2)])
    };
    let all: Vec<u8> = extensions.iter().flat_map(one).collect();
    let all = if all.is_empty() { all } else { tlv(der::SEQUENCE, &all) };
    der::constructed(der::SEQUENCE, &[&tlv(der::INTEGER, serial), date, &all])
}
