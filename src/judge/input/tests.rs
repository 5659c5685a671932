use super::*;
use crate::disk::encode_pem;
use crate::keys::PrivateKey;
use crate::model::{KeyAlgorithm, KeyUsage, SanSet, Secret};
use crate::x509::der::{self, constructed, tlv};
use crate::x509::{CsrFields, NameDer, SignatureAlgorithm, assemble_csr, encode_csr_info, read_certificate};

const ROOT: &[u8] = include_bytes!("../../../tests/golden/root-ed25519.der");
const LEAF: &[u8] = include_bytes!("../../../tests/golden/server-ed25519.der");
const CRL: &[u8] = include_bytes!("../../../tests/golden/crl-reasons-ed25519.der");

fn objects(file: impl AsRef<[u8]>) -> Vec<Found> {
    Objects::new(file.as_ref().to_vec()).unwrap().collect()
}

/// What was found, in short.
fn short(file: impl AsRef<[u8]>) -> Vec<String> {
    let one = |f: Found| {
        let what = match f.object {
            Object::Certificate(c) => format!("certificate {}", c.subject.subject),
            Object::Crl(c) => format!("crl of {}", c.entries().count()),
            Object::Csr(c) => format!("csr {}", c.subject.subject),
            Object::PublicKey(k) => format!("public key {}", k.len()),
            Object::PrivateKey(Ok(k)) => format!("key, encrypted {}", k.is_encrypted()),
            Object::PrivateKey(Err(e)) => format!("no key: {e}"),
            Object::EmptyPkcs7(n) => format!("nothing from {n}"),
            Object::Pkcs12(_) => "pkcs12".into(),
            Object::Parameters => "parameters".into(),
            Object::Unreadable { problem, .. } => format!("unreadable: {problem}"),
        };
        format!("{} {}{what}", f.number, f.line.map(|l| format!("line {l} ")).unwrap_or_default())
    };
    objects(file).into_iter().map(one).collect()
}

fn csr() -> Vec<u8> {
    let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let fields = CsrFields {
        subject: NameDer::of(&"CN=wish".parse().unwrap()),
        public_key: key.public_key().to_vec(),
        ca: false,
        key_usage: KeyUsage::default(),
        extended_key_usage: Vec::new(),
        names: SanSet::default(),
    };
    assemble_csr(&encode_csr_info(&fields), SignatureAlgorithm::Ed25519, &[7; 64])
}

fn pkcs7(certificates: &[&[u8]], crls: &[&[u8]]) -> Vec<u8> {
    let oid = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
    let kind = |n: u8| [&oid[..], &[n]].concat();
    let signed = constructed(
        der::SEQUENCE,
        &[
            &[der::INTEGER, 1, 1],
            &[der::SET, 0],
            &constructed(der::SEQUENCE, &[&kind(1)]),
            &constructed(der::context_constructed(0), certificates),
            &constructed(der::context_constructed(1), crls),
            &[der::SET, 0],
        ],
    );
    constructed(der::SEQUENCE, &[&kind(2), &tlv(der::context_constructed(0), &signed)])
}

#[test]
fn der_of_every_kind() {
    let root = read_certificate(ROOT).unwrap();
    let name = format!("1 certificate {}", root.subject.subject);
    assert_eq!(short(ROOT), [name.as_str()]);
    assert!(short(CRL)[0].starts_with("1 crl of "), "{:?}", short(CRL));
    assert_eq!(short(csr()), ["1 csr CN=wish"]);
    assert_eq!(short(&root.public_key), ["1 public key 44"]);
    let two = [ROOT, LEAF, b"\n"].concat();
    assert_eq!(short(&two).len(), 2);
    assert_eq!(
        short([ROOT, &[0x30, 0x80]].concat())[1],
        "2 unreadable: the file is malformed: an indefinite or absurd length"
    );
    assert_eq!(short([0x30, 3, 2, 1, 5]), ["1 unreadable: it is none of the structures that are known here"]);
    let bundle = short(pkcs7(&[ROOT, LEAF], &[CRL]));
    assert_eq!(bundle.len(), 3);
    assert!(bundle[0] == name && bundle[1].starts_with("2 certificate") && bundle[2].starts_with("3 crl"));
    assert_eq!(short(pkcs7(&[], &[])), ["1 nothing from 0"]);
    assert_eq!(short(pkcs7(&[CRL], &[])), ["1 unreadable: its label promises a certificate, and it holds a CRL"]);
}

#[test]
fn pem_of_every_kind() {
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let text = |der: &[u8], label: &str| encode_pem(label, der);
    let mut file = b"some words\n".to_vec();
    file.extend_from_slice(text(ROOT, "CERTIFICATE").as_bytes());
    file.extend_from_slice(text(&[ROOT, &[0x30, 0]].concat(), "TRUSTED CERTIFICATE").as_bytes());
    file.extend_from_slice(text(CRL, "X509 CRL").as_bytes());
    file.extend_from_slice(text(&csr(), "NEW CERTIFICATE REQUEST").as_bytes());
    file.extend_from_slice(&key.to_pem());
    file.extend_from_slice(&key.to_encrypted_pem(&Secret::new(b"word".to_vec())).unwrap());
    file.extend_from_slice(text(&[6, 1, 1], "EC PARAMETERS").as_bytes());
    file.extend_from_slice(text(&pkcs7(&[LEAF], &[]), "PKCS7").as_bytes());
    file.extend_from_slice(text(CRL, "CERTIFICATE").as_bytes());
    file.extend_from_slice(text(b"text", "PGP MESSAGE").as_bytes());
    file.extend_from_slice(b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n");
    let all = short(&file);
    assert!(all[0].starts_with("1 line 2 certificate") && all[1].contains("certificate"), "{all:?}");
    assert!(all[2].contains("crl of") && all[3].ends_with("csr CN=wish"), "{all:?}");
    assert!(all[4].ends_with("key, encrypted false") && all[5].ends_with("key, encrypted true"), "{all:?}");
    assert!(all[6].ends_with("parameters") && all[7].contains("certificate"), "{all:?}");
    assert!(all[8].ends_with("promises a certificate, and it holds a CRL"), "{all:?}");
    assert!(all[9].ends_with("none of the structures that are known here"), "{all:?}");
    assert!(all[10].contains("PEM is damaged"), "{all:?}");
    assert_eq!(all.len(), 11);
    let bundled: Vec<_> = objects(&file).iter().map(|f| f.bundled).collect();
    assert_eq!(bundled.iter().filter(|b| **b).count(), 1);
    assert!(!format!("{:?}", Objects::new(file).unwrap()).contains("45, 45"));
}

#[test]
fn what_holds_nothing() {
    let problem = |file: &[u8]| Objects::new(file.to_vec()).unwrap_err();
    assert_eq!(problem(b""), InputError::Empty);
    assert_eq!(problem(b" \n"), InputError::Empty);
    assert_eq!(problem(b"nothing here"), InputError::Nothing);
    assert_eq!(problem(&[0x31, 0]), InputError::Nothing);
    // A text that begins as DER does.
    assert_eq!(short([b"0 ", encode_pem("CERTIFICATE", ROOT).as_bytes()].concat()).len(), 1);
}

#[test]
fn every_cut_and_flip_is_an_answer() {
    for whole in [ROOT, CRL, &csr(), &pkcs7(&[LEAF], &[CRL]), encode_pem("CERTIFICATE", LEAF).as_bytes()] {
        for cut in 1..whole.len() {
            drop(Objects::new(whole[..cut].to_vec()).map(Iterator::count));
        }
        for i in 0..whole.len() {
            let mut bad = whole.to_vec();
            bad[i] ^= 0x55;
            drop(Objects::new(bad).map(Iterator::count));
        }
    }
}

#[test]
fn an_object_has_a_bound() {
    let huge = tlv(der::SEQUENCE, &vec![0; MAX_OBJECT]);
    for (label, der) in [("CERTIFICATE", &huge), ("PUBLIC KEY", &huge)] {
        assert!(short(encode_pem(label, der))[0].contains("the most that is read"), "{label}");
    }
    assert_eq!(short(&huge).len(), 1);
    let unreadable = objects(encode_pem("CERTIFICATE", &huge)).pop().unwrap();
    assert!(matches!(unreadable.object, Object::Unreadable { kind: Some(crate::x509::DerKind::Certificate), .. }));
}
