//! CRLs: what they say, and when they say nothing.

use super::*;

pub(super) fn crl(by: &Party, number: u64, revoked: &[&Certificate]) -> Crl {
    crl_with(by, number, revoked, |_| {}, |_| {})
}

/// A CRL whose fields and extensions may be edited.
fn crl_with(
    by: &Party,
    number: u64,
    revoked: &[&Certificate],
    edit: impl FnOnce(&mut CrlFields),
    extensions: impl FnOnce(&mut Vec<Vec<u8>>),
) -> Crl {
    let mut fields = CrlFields {
        signature_algorithm: SignatureAlgorithm::of_key(by.signer.algorithm()),
        issuer: NameDer::of(&by.name.parse().unwrap()),
        this_update: at(-DAY),
        next_update: at(DAY),
        authority_key_id: by.key_id(),
        number,
    };
    edit(&mut fields);
    let entry = |c: &&Certificate| RevokedEntry {
        serial: c.serial.unwrap(),
        revoked_at: at(-DAY),
        reason: Reason::KeyCompromise,
        invalidity_date: None,
    };
    let entries: Vec<RevokedEntry> = revoked.iter().map(entry).collect();
    let tbs = TbsCrl::encode(&fields, entries.iter().collect::<CrlEntries>());
    let bytes = edit_list(tbs.as_bytes(), der::context_constructed(0), extensions);
    let signature = by.signer.sign(Approved::after_rehearsal(&bytes)).unwrap();
    let whole = [&[0][..], &signature].concat();
    let parts = [&bytes[..], fields.signature_algorithm.der(), &tlv(der::BIT_STRING, &whole)];
    Crl::read_old(constructed(der::SEQUENCE, &parts)).unwrap()
}

/// The answer about a leaf when the intermediate's CRLs are these and the root's is fine.
fn with_crls(c: &Chain, leaf: &Certificate, all: Vec<Crl>) -> (&'static str, Outcome, String) {
    let mut crls = Crls::new();
    crls.add("root.crl", crl(&c.lab.root, 1, &[]));
    all.into_iter().for_each(|one| crls.add("middle.crl", one));
    let question = Question { revocation: true, ..question() };
    let verdict = asked(leaf, &[&c.middle], &[&c.root], &crls, &question);
    let text = verdict.refusal.as_ref().map(ToString::to_string).unwrap_or_default();
    (rule(&verdict), verdict.outcome, text)
}

fn good() -> (&'static str, Outcome, String) {
    ("good", Outcome::Valid, String::new())
}

#[test]
fn revocation() {
    let c = chain();
    let (leaf, m) = (c.leaf(|_| {}), &c.lab.middle);
    let good = good();
    assert_eq!(with_crls(&c, &leaf, vec![crl(m, 1, &[])]), good);
    assert_eq!(with_crls(&c, &leaf, vec![crl(m, 1, &[&c.middle, &c.root])]), good, "others are revoked");
    let (rule, outcome, text) = with_crls(&c, &leaf, vec![crl(m, 1, &[&c.root, &leaf])]);
    assert_eq!((rule, outcome), ("revoked", Outcome::Invalid));
    assert!(text.contains("key-compromise"), "{text}");
    // The newest counts, in whatever order they are given: a hold may have been lifted.
    let (old, new) = (|| crl(m, 7, &[&leaf]), || crl(m, 300, &[]));
    assert_eq!(with_crls(&c, &leaf, vec![old(), new()]), good);
    assert_eq!(with_crls(&c, &leaf, vec![new(), old()]), good);
    assert_eq!(with_crls(&c, &leaf, vec![crl(m, 300, &[&leaf]), crl(m, 7, &[])]).0, "revoked");
    // An intermediate that is revoked takes the leaf along, and the root is on no CRL.
    let mut crls = Crls::new();
    crls.add("a", crl(&c.lab.root, 1, &[&c.middle, &c.root]));
    crls.add("b", crl(m, 1, &[]));
    let question = Question { revocation: true, ..question() };
    let verdict = asked(&leaf, &[&c.middle], &[&c.root], &crls, &question);
    assert_eq!((super::rule(&verdict), verdict.statuses[1]), ("revoked", Status::Revoked));
    assert_eq!(verdict.statuses[2], Status::Anchor);
}

#[test]
fn crls_that_say_nothing() {
    let c = chain();
    let (leaf, m) = (c.leaf(|_| {}), &c.lab.middle);
    let unknown = |crls: Vec<Crl>, words: &str| {
        let (rule, outcome, text) = with_crls(&c, &leaf, crls);
        assert_eq!((rule, outcome), ("revocation-unknown", Outcome::Unknown), "{words}");
        assert!(text.contains(words), "{words}: {text}");
    };
    let fields = |edit: fn(&mut CrlFields)| crl_with(m, 1, &[], edit, |_| {});
    let extensions = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| crl_with(m, 1, &[], |_| {}, edit);
    unknown(vec![], "there is no CRL");
    unknown(vec![fields(|f| f.next_update = at(-1))], "was to be replaced");
    unknown(vec![fields(|f| f.this_update = at(1))], "begins at");
    unknown(vec![fields(|f| f.authority_key_id = vec![9; 20])], "another key");
    unknown(vec![extensions(&|all| without(all, "2.5.29.20"))], "no CRL number");
    let critical = |all: &mut Vec<Vec<u8>>| {
        without(all, "2.5.29.20");
        all.push(extension("2.5.29.20", true, &[2, 1, 1]));
    };
    unknown(vec![extensions(&critical)], "critical CRL number");
    unknown(vec![extensions(&|all| all.push(extension("2.5.29.27", true, &[2, 1, 1])))], "delta");
    unknown(vec![extensions(&|all| all.push(extension("1.2.3", true, &[5, 0])))], "critical extension 1.2.3");
    let thief = party("CN=Middle,O=Lab");
    unknown(vec![crl_with(&thief, 1, &[], |f| f.authority_key_id = m.key_id(), |_| {})], "not signed by");
    let scope = |content: &[u8]| {
        let value = tlv(der::SEQUENCE, content);
        crl_with(m, 1, &[], |_| {}, move |all| all.push(extension("2.5.29.28", true, &value)))
    };
    let flag = |n: u8| tlv(der::context(n), &[0xff]);
    unknown(vec![scope(&flag(2))], "another kind");
    unknown(vec![scope(&flag(5))], "another kind");
    unknown(vec![scope(&flag(4))], "indirect");
    unknown(vec![scope(&[1, 2])], "scope");
    unknown(vec![scope(&tlv(der::context(3), &[6, 0x40]))], "some reasons");
    assert_eq!(with_crls(&c, &leaf, vec![scope(&flag(1))]).0, "good");
    // Two that share the reasons say it together.
    let (one, rest) = (tlv(der::context(3), &[6, 0x40]), tlv(der::context(3), &[7, 0x3f, 0x80]));
    assert_eq!(with_crls(&c, &leaf, vec![scope(&one), scope(&rest)]).0, "good");
    // One that names every reason speaks of all of them; bit 0 is no reason (RFC 5280 4.2.1.13, 6.3.3 (d)).
    for all in [&[7u8, 0x7f, 0x80], &[7, 0xff, 0x80], &[0, 0xff, 0xff]] {
        assert_eq!(with_crls(&c, &leaf, vec![scope(&tlv(der::context(3), all))]), good(), "{all:02x?}");
    }
    unknown(vec![scope(&tlv(der::context(3), &[7, 0x7f, 0]))], "some reasons");
    unknown(vec![scope(&tlv(der::context(3), &[7, 0x80]))], "some reasons");
    let point = |url: &str| {
        let name = tlv(der::context(6), url.as_bytes());
        let full = tlv(der::context_constructed(0), &name);
        tlv(der::context_constructed(0), &full)
    };
    unknown(vec![scope(&point("http://lab.internal/a.crl"))], "distribution point");
    let url = |f: &mut CertificateFields| {
        f.crl_urls = vec![crate::model::UriName::published_at("http://lab.internal/a.crl").unwrap()];
    };
    let named = c.leaf(url);
    assert_eq!(with_crls(&c, &named, vec![scope(&point("http://lab.internal/a.crl"))]).0, "good");
    assert_eq!(with_crls(&c, &named, vec![scope(&point("http://lab.internal/b.crl"))]).0, "revocation-unknown");
    // One that can be used is enough.
    assert_eq!(with_crls(&c, &leaf, vec![scope(&flag(4)), crl(m, 1, &[])]).0, "good");
    // A CA that may not sign CRLs.
    let mut fields = c.lab.middle_fields();
    fields.key_usage = KeyUsage::KEY_CERT_SIGN;
    let silent = Chain { middle: c.lab.root.sign(&fields), root: c.root.clone(), lab: lab() };
    let mut crls = Crls::new();
    crls.add("root.crl", crl(&c.lab.root, 1, &[]));
    crls.add("middle.crl", crl(m, 1, &[]));
    let question = Question { revocation: true, ..question() };
    let verdict = asked(&leaf, &[&silent.middle], &[&c.root], &crls, &question);
    assert!(verdict.refusal.unwrap().to_string().contains("lacks cRLSign"));
}

fn delta(by: &Party, number: u64, base: u8, entries: &[(&Certificate, u8)]) -> Crl {
    let reason = |code: u8| {
        let value = constructed(der::SEQUENCE, &[&extension("2.5.29.21", false, &[der::ENUMERATED, 1, code])]);
        if code == 0 { Vec::new() } else { value }
    };
    let entry = |(c, code): &(&Certificate, u8)| {
        let date = der::time(at(-DAY));
        constructed(der::SEQUENCE, &[&tlv(der::INTEGER, &c.raw_serial), &date, &reason(*code)])
    };
    let list: Vec<u8> = entries.iter().flat_map(entry).collect();
    crl_of(by, number, &list, |all| {
        all.push(extension("2.5.29.27", true, &[der::INTEGER, 1, base]));
    })
}

/// A CRL with these entries as encoded.
fn crl_of(by: &Party, number: u64, entries: &[u8], extensions: impl FnOnce(&mut Vec<Vec<u8>>)) -> Crl {
    let algorithm = SignatureAlgorithm::of_key(by.signer.algorithm()).der();
    let key = constructed(der::SEQUENCE, &[&tlv(der::context(0), &by.key_id())]);
    let mut all =
        vec![extension("2.5.29.35", false, &key), extension("2.5.29.20", false, &der::unsigned(&number.to_be_bytes()))];
    extensions(&mut all);
    let list = if entries.is_empty() { Vec::new() } else { tlv(der::SEQUENCE, entries) };
    let tbs = constructed(
        der::SEQUENCE,
        &[
            &[2, 1, 1],
            algorithm,
            NameDer::of(&by.name.parse().unwrap()).as_bytes(),
            &der::time(at(-DAY)),
            &der::time(at(DAY)),
            &list,
            &tlv(der::context_constructed(0), &tlv(der::SEQUENCE, &all.concat())),
        ],
    );
    let signature = [&[0][..], &by.signer.sign(Approved::after_rehearsal(&tbs)).unwrap()].concat();
    Crl::read(constructed(der::SEQUENCE, &[&tbs, algorithm, &tlv(der::BIT_STRING, &signature)])).unwrap()
}

#[test]
fn delta_crls_change_the_complete_one() {
    let c = chain();
    let (leaf, m) = (c.leaf(|_| {}), &c.lab.middle);
    let answer = |all: Vec<Crl>| with_crls(&c, &leaf, all).0;
    let clear = || crl(m, 10, &[]);
    let listed = || crl(m, 10, &[&leaf]);
    assert_eq!(answer(vec![clear(), delta(m, 12, 10, &[(&leaf, 1)])]), "revoked");
    assert_eq!(answer(vec![delta(m, 12, 10, &[(&leaf, 1)]), clear()]), "revoked");
    assert_eq!(answer(vec![clear(), delta(m, 12, 10, &[])]), "good");
    assert_eq!(answer(vec![listed(), delta(m, 12, 10, &[])]), "revoked");
    // removeFromCRL takes it off, in the newest one only.
    assert_eq!(answer(vec![listed(), delta(m, 12, 10, &[(&leaf, 8)])]), "good");
    assert_eq!(answer(vec![listed(), delta(m, 12, 10, &[(&leaf, 8)]), delta(m, 13, 10, &[(&leaf, 6)])]), "revoked");
    assert_eq!(answer(vec![listed(), delta(m, 13, 10, &[(&leaf, 8)]), delta(m, 12, 10, &[(&leaf, 6)])]), "good");
    // It builds on a newer one, is older, speaks of something else, or stands alone: it says nothing.
    assert_eq!(answer(vec![listed(), delta(m, 12, 11, &[(&leaf, 8)])]), "revoked");
    assert_eq!(answer(vec![listed(), delta(m, 10, 9, &[(&leaf, 8)])]), "revoked");
    let scoped = crl_of(m, 12, &[], |all| {
        all.push(extension("2.5.29.27", true, &[der::INTEGER, 1, 10]));
        all.push(extension("2.5.29.28", true, &tlv(der::SEQUENCE, &tlv(der::context(1), &[0xff]))));
    });
    assert_eq!(answer(vec![clear(), scoped]), "good");
    assert_eq!(answer(vec![delta(m, 12, 10, &[])]), "revocation-unknown");
    // Nobody else's.
    let thief = party("CN=Middle,O=Lab");
    assert_eq!(answer(vec![listed(), delta(&thief, 12, 10, &[(&leaf, 8)])]), "revoked");
}

#[test]
fn entries_of_any_kind() {
    let c = chain();
    let (leaf, m) = (c.leaf(|_| {}), &c.lab.middle);
    let entry = |serial: &[u8], code: u8| {
        let reason = extension("2.5.29.21", false, &[der::ENUMERATED, 1, code]);
        let all = constructed(der::SEQUENCE, &[&reason]);
        constructed(der::SEQUENCE, &[&tlv(der::INTEGER, serial), &der::time(at(-DAY)), &all])
    };
    let answer = |entries: &[u8]| with_crls(&c, &leaf, vec![crl_of(m, 1, entries, |_| {})]).0;
    let serial = &leaf.raw_serial;
    assert_eq!(answer(&entry(serial, 1)), "revoked");
    assert_eq!(answer(&entry(serial, 7)), "revoked", "a reason that does not exist is one");
    assert_eq!(answer(&entry(&[&[0][..], serial].concat(), 1)), "revoked", "not the shortest form");
    assert_eq!(answer(&entry(serial, 8)), "good");
    assert_eq!(answer(&entry(&[0xff], 1)), "good", "an impossible serial of another one");
    let unknown = extension("1.2.3", true, &[5, 0]);
    let parts: [&[u8]; 3] = [&tlv(der::INTEGER, &[9]), &der::time(at(-DAY)), &constructed(der::SEQUENCE, &[&unknown])];
    assert_eq!(answer(&constructed(der::SEQUENCE, &parts)), "revocation-unknown");
    // An extension that stands twice says two things.
    let twice = crl_of(m, 1, &[], |all| all.push(extension("2.5.29.20", false, &[der::INTEGER, 1, 9])));
    let (rule, _, text) = with_crls(&c, &leaf, vec![twice]);
    assert_eq!(rule, "revocation-unknown");
    assert!(text.contains("more than once"), "{text}");
}

/// A distribution point of the certificate may have some reasons only, or another issuer.
#[test]
fn points_of_a_certificate() {
    let c = chain();
    let m = &c.lab.middle;
    let name = tlv(der::context(6), b"http://lab.internal/a.crl");
    let point = tlv(der::context_constructed(0), &tlv(der::context_constructed(0), &name));
    let scoped = || {
        let value = tlv(der::SEQUENCE, &point);
        crl_of(m, 1, &[], |all| all.push(extension("2.5.29.28", true, &value)))
    };
    let leaf_with = |points: &[&[u8]]| {
        let points: Vec<u8> = points.iter().flat_map(|p| tlv(der::SEQUENCE, p)).collect();
        let tbs = edit_extensions(&c.lab.leaf_fields(), |all| {
            all.push(extension("2.5.29.31", false, &tlv(der::SEQUENCE, &points)));
        });
        m.sign_bytes(&tbs)
    };
    let answer = |leaf: &Certificate| with_crls(&c, leaf, vec![scoped()]).0;
    let reasons = |bits: &[u8]| [&point[..], &tlv(der::context(1), bits)].concat();
    assert_eq!(answer(&leaf_with(&[&point])), "good");
    assert_eq!(answer(&leaf_with(&[&reasons(&[7, 0xff, 0x80])])), "good");
    assert_eq!(answer(&leaf_with(&[&reasons(&[6, 0x40])])), "revocation-unknown");
    assert_eq!(answer(&leaf_with(&[&reasons(&[6, 0x40]), &reasons(&[7, 0x3f, 0x80])])), "good");
    let issuer = tlv(
        der::context_constructed(2),
        &tlv(der::context_constructed(4), NameDer::of(&"CN=Other".parse().unwrap()).as_bytes()),
    );
    assert_eq!(answer(&leaf_with(&[&[&point[..], &issuer].concat()])), "revocation-unknown");
}
