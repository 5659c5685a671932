mod policies;
mod revocation;
mod thickets;

use super::*;
use crate::judge::tests::certificates::*;
use crate::judge::tests::lab::{Lab, lab, limits, sans};
use crate::keys::{Approved, Signer};
use crate::model::{ExtendedKeyUsage, KeyUsage, Reason, San, SanSet, SpiffeId};
use crate::x509::der::{self, Reader, constructed, tlv};
use crate::x509::{
    Certificate, CertificateFields, Crl, CrlEntries, CrlFields, NameDer, RevokedEntry, SignatureAlgorithm, TbsCrl,
};

fn question() -> Question {
    Question::new(at(0))
}

/// Judges a leaf by what may lie in between and what is trusted.
fn judged(leaf: &Certificate, untrusted: &[&Certificate], roots: &[&Certificate], question: &Question) -> Verdict {
    asked(leaf, untrusted, roots, &Crls::new(), question)
}

fn asked(
    leaf: &Certificate,
    untrusted: &[&Certificate],
    roots: &[&Certificate],
    crls: &Crls,
    question: &Question,
) -> Verdict {
    let mut bag = Bag::new();
    let target = bag.add_untrusted(leaf);
    for c in untrusted {
        bag.add_untrusted(c);
    }
    for c in roots {
        bag.add_anchor(c);
    }
    let verdict = verify(&bag, target, crls, question);
    // Every refusal is a sentence with a rule, a source and a remedy.
    for refusal in verdict.refusal.iter().chain(verdict.tried.iter().map(|t| &t.refusal)) {
        assert!(!refusal.rule().is_empty() && !refusal.citation().is_empty() && !refusal.hint().is_empty());
        assert!(!refusal.to_string().ends_with('.') && refusal.to_string().len() < 2_000, "{refusal}");
    }
    assert_eq!(verdict.refusal.is_none(), verdict.outcome == Outcome::Valid);
    verdict
}

fn rule(verdict: &Verdict) -> &'static str {
    verdict.refusal.as_ref().map_or("good", Refusal::rule)
}

struct Chain {
    lab: Lab,
    root: Certificate,
    middle: Certificate,
}

fn chain() -> Chain {
    let lab = lab();
    let (root, middle) = (lab.root.self_signed(None), lab.root.sign(&lab.middle_fields()));
    Chain { lab, root, middle }
}

impl Chain {
    fn leaf(&self, edit: impl FnOnce(&mut CertificateFields)) -> Certificate {
        let mut fields = self.lab.leaf_fields();
        edit(&mut fields);
        self.lab.middle.sign(&fields)
    }

    fn ask(&self, leaf: &Certificate, edit: impl FnOnce(&mut Question)) -> Verdict {
        let mut question = question();
        edit(&mut question);
        judged(leaf, &[&self.middle], &[&self.root], &question)
    }

    /// The rule that a leaf of these fields breaks.
    fn of(&self, edit: impl FnOnce(&mut CertificateFields)) -> &'static str {
        rule(&self.ask(&self.leaf(edit), |_| {}))
    }

    /// The rule that breaks when the intermediate has these extensions.
    fn with_middle(&self, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> &'static str {
        let middle = self.lab.root.sign_bytes(&edit_extensions(&self.lab.middle_fields(), edit));
        rule(&judged(&self.leaf(|_| {}), &[&middle], &[&self.root], &question()))
    }

    fn with_root(&self, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> &'static str {
        let root = self.lab.root.sign_bytes(&edit_extensions(&self.lab.root.ca(None, None), edit));
        rule(&judged(&self.leaf(|_| {}), &[&self.middle], &[&root], &question()))
    }

    fn with_leaf(&self, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> &'static str {
        let leaf = self.lab.middle.sign_bytes(&edit_extensions(&self.lab.leaf_fields(), edit));
        rule(&self.ask(&leaf, |_| {}))
    }
}

#[test]
fn a_good_chain_in_any_order() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    let verdict = c.ask(&leaf, |_| {});
    assert_eq!((rule(&verdict), verdict.path.len(), verdict.warnings.len()), ("good", 3, 0));
    let strange = party("CN=Stranger").self_signed(None);
    let verdict = judged(&leaf, &[&strange, &c.root, &leaf, &c.middle, &strange], &[&strange, &c.root], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 3));
    assert_eq!(rule(&judged(&leaf, &[], &[&c.root], &question())), "path-no-issuer");
    assert_eq!(rule(&judged(&leaf, &[&c.middle], &[&strange], &question())), "path-no-issuer");
    assert_eq!(rule(&judged(&leaf, &[&c.middle, &c.root], &[&strange], &question())), "path-untrusted-root");
    // An intermediate that is trusted is enough.
    assert_eq!(rule(&judged(&leaf, &[], &[&c.middle], &question())), "good");
}

#[test]
fn the_first_and_the_last_second_belong_to_a_life() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    for (offset, wanted) in
        [(-DAY - 1, "chain-not-yet-valid"), (-DAY, "good"), (DAY, "good"), (DAY + 1, "chain-expired")]
    {
        assert_eq!(rule(&c.ask(&leaf, |q| q.at = at(offset))), wanted, "{offset}");
    }
    let long = c.leaf(|f| f.validity = crate::model::Validity::new(at(-DAY), at(1000 * DAY)).unwrap());
    // That it outlives its issuer is no reason to refuse it while both are valid; an expired root is.
    assert_eq!(rule(&c.ask(&long, |_| {})), "good");
    let late = c.ask(&long, |q| q.at = at(101 * DAY));
    assert_eq!(rule(&late), "chain-expired");
}

#[test]
fn what_a_leaf_must_be() {
    let c = chain();
    assert_eq!(c.of(|_| {}), "good");
    assert_eq!(c.of(|f| f.ca = Some(None)), "leaf-is-ca");
    // SPIFFE forbids it of workloads only.
    let cited = |name: &str, ask: fn(&mut Question)| {
        let name = name.parse().map_or_else(|_| San::host(name).unwrap(), San::Spiffe);
        let ca = c.leaf(|f| (f.ca, f.names) = (Some(None), SanSet::new([name]).unwrap()));
        c.ask(&ca, ask).refusal.unwrap().citation()
    };
    let id = "spiffe://example.org/api";
    assert_eq!(cited("api.lab.internal", |_| {}), "RFC 5280 4.2.1.9");
    assert_eq!(cited("spiffe://example.org", |_| {}), "RFC 5280 4.2.1.9");
    assert_eq!(cited(id, |_| {}), "X509-SVID 5.2, RFC 5280 4.2.1.9");
    let spiffe = |q: &mut Question| q.trust_domain = Some("example.org".parse().unwrap());
    assert_eq!(cited("api.lab.internal", spiffe), "X509-SVID 5.2, RFC 5280 4.2.1.9");
    assert_eq!(c.of(|f| f.key_usage = KeyUsage::KEY_CERT_SIGN), "chain-leaf-signs");
    assert_eq!(c.of(|f| f.authority_key_id = None), "no-authority-key-id");
    assert_eq!(c.of(|f| f.authority_key_id = Some(vec![1; 20])), "chain-key-identifier");
    assert_eq!(c.of(|f| f.name_constraints = limits(&["dns:lab.internal"], &[])), "chain-constraints-on-leaf");
    let san = |name: &[u8]| constructed(der::SEQUENCE, &[name]);
    for (name, wanted) in [
        (tlv(der::context(2), b"a_b.lab.internal"), "name-malformed"),
        (tlv(der::context(2), b".lab.internal"), "name-malformed"),
        (tlv(der::context(2), b"lab.internal."), "name-malformed"),
        (tlv(der::context(2), b""), "name-malformed"),
        (tlv(der::context(7), &[10, 0, 0]), "name-malformed"),
        (tlv(der::context(1), b"nobody"), "name-malformed"),
        (tlv(der::context(6), b"no scheme"), "name-malformed"),
        (tlv(der::context(2), b"xn--bcher-kva.lab.internal"), "good"),
        (tlv(der::context(2), b"*.lab.internal"), "good"),
    ] {
        let replaced = c.with_leaf(|all| {
            without(all, "2.5.29.17");
            all.push(extension("2.5.29.17", false, &san(&name)));
        });
        assert_eq!(replaced, wanted, "{name:02x?}");
    }
    assert_eq!(c.with_leaf(|all| all.push(extension("1.2.3.4", true, &[5, 0]))), "chain-unknown-critical");
    assert_eq!(c.with_leaf(|all| all.push(extension("1.2.3.4", false, &[5, 0]))), "good");
    assert_eq!(c.with_leaf(|all| all.push(extension("2.5.29.37", false, &[0x30, 0]))), "chain-malformed-extension");
}

/// keyUsage has one bit at least (RFC 5280 4.2.1.3), wherever it stands and however its zeros are written.
#[test]
fn a_key_usage_for_nothing() {
    let c = chain();
    for bits in [&[3u8, 1, 0][..], &[3, 2, 7, 0], &[3, 3, 0, 0, 0]] {
        let empty = |all: &mut Vec<Vec<u8>>| {
            without(all, "2.5.29.15");
            all.push(extension("2.5.29.15", true, bits));
        };
        assert_eq!(c.with_leaf(empty), "chain-malformed-extension", "{bits:02x?}");
        assert_eq!(c.with_middle(empty), "chain-malformed-extension", "{bits:02x?}");
        assert_eq!(c.with_root(empty), "chain-malformed-extension", "{bits:02x?}");
    }
}

#[test]
fn what_a_ca_must_be() {
    let c = chain();
    assert_eq!(c.with_middle(|_| {}), "good");
    assert_eq!(c.with_middle(|all| without(all, "2.5.29.19")), "chain-leaf-signs");
    let bare = |all: &mut Vec<Vec<u8>>| {
        without(all, "2.5.29.19");
        without(all, "2.5.29.15");
    };
    assert_eq!(c.with_middle(bare), "chain-not-a-ca");
    assert_eq!(c.with_middle(|all| without(all, "2.5.29.14")), "ca-no-subject-key-id");
    assert_eq!(c.with_middle(|all| without(all, "2.5.29.35")), "no-authority-key-id");
    assert_eq!(c.with_middle(|all| all.push(extension("1.2.3", true, &[5, 0]))), "chain-unknown-critical");
    assert_eq!(c.with_root(|_| {}), "good");
    assert_eq!(c.with_root(|all| all.push(extension("1.2.3", true, &[5, 0]))), "chain-unknown-critical");
    let plain = constructed(der::SEQUENCE, &[&[der::BOOLEAN, 1, 0xff]]);
    let loose = |all: &mut Vec<Vec<u8>>| {
        without(all, "2.5.29.19");
        all.push(extension("2.5.29.19", false, &plain));
    };
    assert_eq!(c.with_root(loose), "root-basic-constraints");
    // Of an intermediate it is told with the software that refuses it, and so is a missing keyUsage.
    let middle = c.lab.root.sign_bytes(&edit_extensions(&c.lab.middle_fields(), |all| {
        loose(all);
        without(all, "2.5.29.15");
    }));
    let verdict = judged(&c.leaf(|_| {}), &[&middle], &[&c.root], &question());
    assert_eq!((rule(&verdict), verdict.warnings.len()), ("good", 2), "{:?}", verdict.warnings);
    assert!(verdict.warnings.iter().all(|w| w.contains("Python") && w.contains("openssl")));
}

/// What is good and refused by some: told with who they are.
#[test]
fn what_some_software_refuses() {
    let c = chain();
    let told = |verdict: Verdict| {
        assert_eq!(rule(&verdict), "good");
        verdict.warnings.join("; ")
    };
    let any = c.leaf(|f| f.extended_key_usage = vec![ExtendedKeyUsage::from_oid("2.5.29.37.0".parse().unwrap())]);
    assert!(told(c.ask(&any, |q| q.purpose = Purpose::Server)).contains("rustls"));
    assert_eq!(told(c.ask(&any, |_| {})), "");
    // cA FALSE and a path length, which the standard keeps to CAs (RFC 5280 4.2.1.9).
    let limited = |content: &[u8]| {
        let value = tlv(der::SEQUENCE, content);
        let tbs = edit_extensions(&c.lab.leaf_fields(), |all| {
            without(all, "2.5.29.19");
            all.push(extension("2.5.29.19", true, &value));
        });
        told(c.ask(&c.lab.middle.sign_bytes(&tbs), |_| {}))
    };
    assert!(limited(&[der::INTEGER, 1, 0]).contains("is no CA and has a pathLenConstraint"));
    assert_eq!(limited(&[]), "");
    // Which of the things that a serial number must not be.
    let numbered = |serial: &[u8]| {
        let tbs = crate::x509::encode_certificate(&c.lab.leaf_fields()).unwrap();
        let mut fields = Reader::new(&tbs, "a test");
        let whole = fields.expect(der::SEQUENCE).unwrap();
        let mut fields = fields.inside(whole);
        let (version, _) = (fields.any().unwrap(), fields.any().unwrap());
        let mut parts = vec![version.whole.to_vec(), tlv(der::INTEGER, serial)];
        while !fields.is_empty() {
            parts.push(fields.any().unwrap().whole.to_vec());
        }
        told(c.ask(&c.lab.middle.sign_bytes(&tlv(der::SEQUENCE, &parts.concat())), |_| {}))
    };
    assert!(numbered(&[0]).contains("is zero"));
    assert!(numbered(&[0xfb]).contains("is negative, which pyca/cryptography and Go"));
    assert!(numbered(&[0x41; 21]).contains("has 21 octets"));
    assert_eq!(numbered(&[0x41; 20]), "");
    let mut fields = c.lab.root.ca(None, None);
    fields.authority_key_id = Some(vec![7; 20]);
    let root = c.lab.root.sign(&fields);
    assert!(told(judged(&c.leaf(|_| {}), &[&c.middle], &[&root], &question())).contains("OpenSSL"));
    fields.authority_key_id = Some(c.lab.root.key_id());
    let root = c.lab.root.sign(&fields);
    assert_eq!(told(judged(&c.leaf(|_| {}), &[&c.middle], &[&root], &question())), "");
}

/// A certificate that is not self-signed names the key that signed it, whatever its name is.
#[test]
fn key_identifiers_of_self_issued_certificates() {
    let c = chain();
    let renewed = party("CN=Middle,O=Lab");
    let leaf = renewed.sign(&c.lab.leaf.leaf(&renewed, &["api.lab.internal"]));
    let mut fields = renewed.ca(Some(&c.lab.middle), None);
    let mut middle = c.lab.middle_fields();
    middle.ca = Some(None);
    let middle = c.lab.root.sign(&middle);
    let ask = |own: &Certificate, roots: &[&Certificate]| rule(&judged(&leaf, &[own, &middle], roots, &question()));
    assert_eq!(ask(&c.lab.middle.sign(&fields), &[&c.root]), "good");
    fields.authority_key_id = None;
    let own = c.lab.middle.sign(&fields);
    assert_eq!(ask(&own, &[&c.root]), "no-authority-key-id");
    // An anchor is what somebody trusts, whoever issued it.
    let mut fields = c.lab.middle_fields();
    fields.authority_key_id = None;
    let anchor = c.lab.root.sign(&fields);
    assert_eq!(rule(&judged(&c.leaf(|_| {}), &[], &[&anchor], &question())), "good");
}

#[test]
fn every_step_is_told() {
    let c = chain();
    let leaf = c.leaf(|f| f.extended_key_usage = crate::judge::tests::lab::purposes(&["serverAuth"]));
    let mut bag = Bag::new();
    let target = bag.add_untrusted(&leaf);
    bag.add_untrusted(&c.middle);
    bag.add_anchor(&c.root);
    let mut question = Question { purpose: Purpose::Server, revocation: true, ..question() };
    question.host = Some(San::host("api.lab.internal").unwrap());
    let mut crls = Crls::new();
    crls.add("root.crl", revocation::crl(&c.lab.root, 1, &[]));
    crls.add("middle.crl", revocation::crl(&c.lab.middle, 7, &[]));
    let failed = |question: &Question, crls: &Crls| {
        let verdict = verify(&bag, target, crls, question);
        let all = steps(&bag, &verdict.path, crls, question);
        assert!(all.iter().all(|s| !s.fact.is_empty() && !s.fact.ends_with('.')), "{all:?}");
        let failed: Vec<_> = all.iter().filter(|s| s.refusal.is_some()).map(|s| s.check).collect();
        assert_eq!(failed.is_empty(), verdict.outcome == Outcome::Valid, "{failed:?}");
        (all.len(), failed)
    };
    assert_eq!(failed(&question, &crls), (23, vec![]));
    let told = steps(&bag, &verify(&bag, target, &crls, &question).path, &crls, &question);
    assert!(told.iter().any(|s| s.check == "revocation" && s.fact.contains("number 7")));
    // Whatever fails is told, and not the first thing only.
    question.host = Some(San::host("b.lab.internal").unwrap());
    question.purpose = Purpose::Client;
    assert_eq!(failed(&question, &Crls::new()).1[..2], ["purpose", "host"]);
    question.at = at(2 * DAY);
    assert_eq!(failed(&question, &crls).1[..3], ["time", "purpose", "host"]);
}

#[test]
fn purposes() {
    let c = chain();
    let usage = |names: &[&str]| crate::judge::tests::lab::purposes(names);
    let server = c.leaf(|f| f.extended_key_usage = usage(&["serverAuth"]));
    assert_eq!(rule(&c.ask(&server, |q| q.purpose = Purpose::Server)), "good");
    assert_eq!(rule(&c.ask(&server, |q| q.purpose = Purpose::Client)), "purpose");
    let free = c.leaf(|_| {});
    assert_eq!(rule(&c.ask(&free, |q| q.purpose = Purpose::Client)), "good");
    let mut fields = c.lab.middle_fields();
    fields.extended_key_usage = usage(&["clientAuth"]);
    let middle = c.lab.root.sign(&fields);
    for (leaf, purpose, wanted) in [
        (&server, Purpose::Server, "purpose-of-ca"),
        (&server, Purpose::Any, "purpose-of-ca"),
        (&free, Purpose::Server, "purpose-of-ca"),
        (&free, Purpose::Client, "good"),
        (&free, Purpose::Any, "good"),
    ] {
        let question = Question { purpose, ..question() };
        assert_eq!(rule(&judged(leaf, &[&middle], &[&c.root], &question)), wanted, "{purpose:?}");
    }
    assert!(ExtendedKeyUsage::server_auth() != ExtendedKeyUsage::client_auth());
}

#[test]
fn hosts_and_mailboxes() {
    let c = chain();
    let leaf = c.leaf(|f| f.names = sans(&["api.lab.internal", "*.apps.lab.internal", "10.0.0.1"]));
    for (host, wanted) in [
        ("api.lab.internal", "good"),
        ("API.lab.internal", "good"),
        ("x.apps.lab.internal", "good"),
        ("a.b.apps.lab.internal", "name-mismatch"),
        ("apps.lab.internal", "name-mismatch"),
        ("10.0.0.1", "good"),
        ("10.0.0.2", "name-mismatch"),
        ("CN=api", "name-mismatch"),
    ] {
        let Ok(host) = San::host(host) else { continue };
        assert_eq!(rule(&c.ask(&leaf, |q| q.host = Some(host.clone()))), wanted, "{host}");
    }
    let mail = c.leaf(|f| f.names = SanSet::new([San::Email("ops@lab.internal".parse().unwrap())]).unwrap());
    for (address, wanted) in
        [("ops@lab.internal", "good"), ("ops@LAB.internal", "good"), ("OPS@lab.internal", "name-mismatch")]
    {
        assert_eq!(rule(&c.ask(&mail, |q| q.email = Some(address.parse().unwrap()))), wanted, "{address}");
    }
}

/// What mends a chain depends on whether the names or the constraints are wrong.
#[test]
fn hints_about_constraints() {
    let c = chain();
    let hint = |constraints: &[u8]| {
        let middle = c.lab.root.sign_bytes(&edit_extensions(&c.lab.middle_fields(), |all| {
            all.push(extension("2.5.29.30", true, &tlv(der::SEQUENCE, constraints)));
        }));
        let verdict = judged(&c.leaf(|_| {}), &[&middle], &[&c.root], &question());
        assert_eq!(rule(&verdict), "chain-name-constraints");
        verdict.refusal.unwrap().hint()
    };
    let permitted = |base: &[u8]| hint(&tlv(der::context_constructed(0), &tlv(der::SEQUENCE, base)));
    assert!(permitted(&tlv(der::context(2), b"other.internal")).starts_with("issue it with names that the CA permits"));
    for malformed in [&permitted(&tlv(der::context(2), b".lab.internal")), &hint(&[])] {
        assert!(malformed.contains("issue the CA anew"), "{malformed}");
    }
}

#[test]
fn constraints_and_another_path_around_them() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    let mut fields = c.lab.middle_fields();
    fields.name_constraints = limits(&["dns:elsewhere.internal"], &[]);
    let tight = c.lab.root.sign(&fields);
    let verdict = judged(&leaf, &[&tight], &[&c.root], &question());
    assert_eq!(rule(&verdict), "chain-name-constraints");
    // The same CA with another certificate: that path is good, and the other one is told.
    let verdict = judged(&leaf, &[&tight, &c.middle], &[&c.root], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 3));
    // A wildcard is excluded with any name that it stands for.
    let mut fields = c.lab.middle_fields();
    fields.name_constraints = limits(&[], &["dns:admin.lab.internal"]);
    let excluding = c.lab.root.sign(&fields);
    let wild = c.leaf(|f| f.names = sans(&["*.lab.internal"]));
    assert_eq!(rule(&judged(&wild, &[&excluding], &[&c.root], &question())), "chain-name-constraints");
    assert_eq!(rule(&judged(&leaf, &[&excluding], &[&c.root], &question())), "good");
}

#[test]
fn cross_signs_loops_and_several_issuers() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    let other = party("CN=Other Root,O=Lab");
    // The intermediate and the root are certified by each other and by a second root; one of the paths has ended.
    let cross = other.sign(&c.lab.root.ca(Some(&other), None));
    let looped = c.lab.middle.sign(&c.lab.root.ca(Some(&c.lab.middle), None));
    let mut ended = c.lab.middle_fields();
    ended.validity = crate::model::Validity::new(at(-10 * DAY), at(-DAY)).unwrap();
    let ended = c.lab.root.sign(&ended);
    let pile = [&looped, &ended, &cross, &c.middle];
    let verdict = judged(&leaf, &pile, &[&other.self_signed(None)], &question());
    assert_eq!((rule(&verdict), verdict.path.len()), ("good", 4));
    // Without the good one, the reason is the nearest: the certificate that ended, not the ring.
    let verdict = judged(&leaf, &[&looped, &ended, &cross], &[&other.self_signed(None)], &question());
    assert_eq!(rule(&verdict), "chain-expired");
    assert!(verdict.tries >= 1);
}

#[test]
fn path_lengths_do_not_count_the_self_issued() {
    let c = chain();
    let renewed = party("CN=Middle,O=Lab");
    let own = c.lab.middle.sign(&renewed.ca(Some(&c.lab.middle), Some(0)));
    let leaf = renewed.sign(&c.lab.leaf.leaf(&renewed, &["api.lab.internal"]));
    assert_eq!(rule(&judged(&leaf, &[&own, &c.middle], &[&c.root], &question())), "good");
    let below = party("CN=Below,O=Lab");
    let third = c.lab.middle.sign(&below.ca(Some(&c.lab.middle), None));
    let leaf = below.sign(&c.lab.leaf.leaf(&below, &["api.lab.internal"]));
    assert_eq!(rule(&judged(&leaf, &[&third, &c.middle], &[&c.root], &question())), "chain-path-length");
}

#[test]
fn wrong_signatures() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    let mut der = leaf.der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let broken = crate::x509::read_certificate(&der).unwrap();
    assert_eq!(rule(&c.ask(&broken, |_| {})), "chain-signature");
    let thief = party("CN=Middle,O=Lab");
    let forged = thief.sign(&c.lab.leaf.leaf(&c.lab.middle, &["api.lab.internal"]));
    assert_eq!(rule(&c.ask(&forged, |_| {})), "chain-signature");
}

#[test]
fn budgets() {
    let c = chain();
    let leaf = c.leaf(|_| {});
    let verdict = c.ask(&leaf, |q| q.budgets.depth = 1);
    assert_eq!((rule(&verdict), verdict.outcome), ("path-too-deep", Outcome::Invalid));
    let verdict = c.ask(&leaf, |q| q.budgets.signatures = 1);
    assert_eq!((rule(&verdict), verdict.outcome), ("path-gave-up", Outcome::Unknown));
    let verdict = c.ask(&leaf, |q| q.budgets.steps = 1);
    assert_eq!((rule(&verdict), verdict.outcome), ("path-gave-up", Outcome::Unknown));
    assert_eq!(rule(&c.ask(&leaf, |q| q.budgets = Budgets { depth: 2, signatures: 2, paths: 1, steps: 2 })), "good");
}

fn svid_rule(c: &Chain, edit: impl FnOnce(&mut CertificateFields), ask: impl FnOnce(&mut Question)) -> &'static str {
    rule(&c.ask(&c.leaf(edit), ask))
}

#[test]
fn spiffe() {
    let c = chain();
    let set = |all: &[&str]| SanSet::new(all.iter().map(|t| San::uri(t).unwrap())).unwrap();
    let good = set(&["spiffe://lab.internal/api"]);
    let domain = |q: &mut Question| q.trust_domain = Some("lab.internal".parse().unwrap());
    assert_eq!(svid_rule(&c, |f| f.names = good.clone(), domain), "good");
    let id = |q: &mut Question| q.spiffe = Some(SpiffeId::workload("spiffe://lab.internal/api").unwrap());
    assert_eq!(svid_rule(&c, |f| f.names = good.clone(), id), "good");
    let other = |q: &mut Question| q.spiffe = Some(SpiffeId::workload("spiffe://lab.internal/web").unwrap());
    assert_eq!(svid_rule(&c, |f| f.names = good.clone(), other), "name-mismatch");
    let foreign = |q: &mut Question| q.trust_domain = Some("internal".parse().unwrap());
    assert_eq!(svid_rule(&c, |f| f.names = good.clone(), foreign), "spiffe-trust-domain");
    assert_eq!(svid_rule(&c, |_| {}, domain), "spiffe-svid");
    assert_eq!(svid_rule(&c, |f| f.key_usage = f.key_usage.and(KeyUsage::CRL_SIGN), domain), "spiffe-svid");
    let uri = |text: &str| tlv(der::context(6), text.as_bytes());
    let with_uris = |all: &[&str]| {
        let names: Vec<Vec<u8>> = all.iter().map(|t| uri(t)).collect();
        let parts: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let tbs = edit_extensions(&c.lab.leaf_fields(), |extensions| {
            without(extensions, "2.5.29.17");
            extensions.push(extension("2.5.29.17", false, &constructed(der::SEQUENCE, &parts)));
        });
        rule(&c.ask(&c.lab.middle.sign_bytes(&tbs), domain))
    };
    for (uris, wanted) in [
        (&["spiffe://lab.internal/a"][..], "good"),
        (&["SPIFFE://LAB.internal/A"], "good"),
        (&["spiffe://lab.internal/a", "spiffe://lab.internal/a"], "spiffe-svid"),
        (&["spiffe://lab.internal/a", "https://lab.internal/"], "spiffe-svid"),
        (&["https://lab.internal/a"], "spiffe-svid"),
        (&["spiffe://lab.internal"], "spiffe-svid"),
        (&["spiffe://lab.internal/"], "spiffe-svid"),
        (&["spiffe://lab.internal/a/"], "spiffe-svid"),
        (&["spiffe://lab.internal/a//b"], "spiffe-svid"),
        (&["spiffe://lab.internal/../a"], "spiffe-svid"),
        (&["spiffe://lab.internal/%61"], "spiffe-svid"),
        (&["spiffe://lab.internal:443/a"], "spiffe-svid"),
        (&["spiffe://user@lab.internal/a"], "spiffe-svid"),
        (&["spiffe://lab.internal/a?b"], "spiffe-svid"),
        (&["spiffe://lab.internal/a#b"], "spiffe-svid"),
        (&["spiffe:///a"], "spiffe-svid"),
        (&["spiffe://lab.internal.evil/a"], "spiffe-trust-domain"),
        (&["spiffe://sub.lab.internal/a"], "spiffe-trust-domain"),
    ] {
        assert_eq!(with_uris(uris), wanted, "{uris:?}");
    }
    // A root that belongs to another trust domain vouches for nothing in this one.
    let mut fields = c.lab.root.ca(None, None);
    fields.names = set(&["spiffe://elsewhere.internal"]);
    let root = c.lab.root.sign(&fields);
    let mut question = question();
    domain(&mut question);
    let leaf = c.leaf(|f| f.names = good.clone());
    assert_eq!(rule(&judged(&leaf, &[&c.middle], &[&root], &question)), "spiffe-bundle");
}
