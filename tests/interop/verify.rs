//! `verify` judges signatures of every algorithm that OpenSSL makes; what nobody can check here is not known to be good.

use super::adopt::Lab;
use super::openssl::OPENSSL;
use super::program::present;
use serde_json::Value;

const CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
const LEAF: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n\
    subjectAltName=DNS:www.example\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n";

/// A leaf below a root whose key is of this kind, signed with these options; the answer, the rule, and the reason.
fn judged(lab: &Lab, key: &str, sign: &str) -> (String, String, String) {
    lab.write("ca.ext", CA);
    lab.write("leaf.ext", LEAF);
    lab.openssl(&format!("genpkey -algorithm {key} -out ca.key"));
    lab.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key");
    lab.write("empty.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
    lab.openssl("req -config empty.cnf -new -key ca.key -subj /CN=CA -out ca.csr");
    lab.openssl("req -config empty.cnf -new -key leaf.key -subj /CN=www.example -out leaf.csr");
    lab.openssl(&format!("x509 -req -in ca.csr -signkey ca.key -extfile ca.ext -days 9 -out ca.pem {sign}"));
    lab.openssl(&format!(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -days 9 -out leaf.pem {sign}"
    ));
    let ran = lab.rootlet("verify leaf.pem --roots ca.pem --host www.example --json");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    (text(&report["verdict"]), text(&report["reason"]["rule"]), text(&report["reason"]["message"]))
}

#[test]
fn signatures_of_every_algorithm() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
    for (key, sign, verdict, rule) in [
        ("RSA -pkeyopt rsa_keygen_bits:2048", "-sha256", "valid", ""),
        ("RSA -pkeyopt rsa_keygen_bits:2048", "-sha512", "valid", ""),
        ("EC -pkeyopt ec_paramgen_curve:P-384", "-sha384", "valid", ""),
        ("ED25519", "", "valid", ""),
        ("RSA -pkeyopt rsa_keygen_bits:2048", &format!("-sha256 {pss}"), "valid", ""),
        ("RSA -pkeyopt rsa_keygen_bits:2048", &format!("-sha384 {pss}"), "valid", ""),
        ("RSA-PSS -pkeyopt rsa_keygen_bits:2048", &format!("-sha512 {pss}"), "valid", ""),
        (
            "RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32",
            &format!("-sha256 {pss}"),
            "valid",
            "",
        ),
        // A key that is too weak is told to be that, and not that it signed something else.
        ("RSA -pkeyopt rsa_keygen_bits:1024", "-sha256", "invalid", "chain-signature-unchecked"),
        // What is not checked here is not known.
        ("RSA -pkeyopt rsa_keygen_bits:2048", "-sha1", "unknown", "chain-signature-unchecked"),
        (
            "RSA -pkeyopt rsa_keygen_bits:2048",
            "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20",
            "unknown",
            "chain-signature-unchecked",
        ),
        ("EC -pkeyopt ec_paramgen_curve:P-521", "-sha512", "unknown", "chain-signature-unchecked"),
        ("ED448", "", "unknown", "chain-signature-unchecked"),
    ] {
        let (found, why, message) = judged(&lab, key, sign);
        assert_eq!((found.as_str(), why.as_str()), (verdict, rule), "{key} {sign}: {message}");
        if key.contains("1024") {
            assert!(message.contains("1024 bits"), "{message}");
        }
    }
}
