//! `lint` finds in what other tools make what is known to be wrong with it, and OpenSSL's strict mode agrees.

use super::adopt::Lab;
use super::gnutls::CERTTOOL;
use super::openssl::OPENSSL;
use super::program::present;
use serde_json::Value;

/// A CA and a leaf as OpenSSL makes them of an `-extfile`.
struct Recipe {
    ca_key: &'static str,
    ca: &'static str,
    leaf_key: &'static str,
    leaf: &'static str,
    days: u32,
}

const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const RSA: &str = "rsa:2048";
const GOOD_CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
const GOOD_LEAF: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n\
    subjectAltName=DNS:www.example\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n";
const GOOD: Recipe = Recipe { ca_key: P256, ca: GOOD_CA, leaf_key: P256, leaf: GOOD_LEAF, days: 300 };

fn make(lab: &Lab, recipe: &Recipe) {
    lab.write("ca.ext", recipe.ca);
    lab.write("leaf.ext", recipe.leaf);
    lab.write("empty.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
    let request = |name: &str, key: &str, subject: &str| {
        lab.openssl(&format!(
            "req -config empty.cnf -new -nodes -newkey {key} -keyout {name}.key -subj {subject} -out {name}.csr"
        ));
    };
    request("ca", recipe.ca_key, "/O=Lab/CN=CA");
    request("leaf", recipe.leaf_key, "/CN=www.example");
    lab.openssl("x509 -req -in ca.csr -signkey ca.key -extfile ca.ext -days 400 -out ca.pem");
    let days = recipe.days;
    lab.openssl(&format!(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -days {days} -out leaf.pem"
    ));
}

fn lint(lab: &Lab, line: &str) -> Vec<String> {
    let ran = lab.rootlet(&format!("lint {line} --fail-on never --json")).succeeds();
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let weighty = |f: &&Value| f["severity"] != "notice";
    let all = report["findings"].as_array().expect("findings");
    all.iter().filter(weighty).map(|f| f["rule"].as_str().expect("a rule").to_string()).collect()
}

fn is_strictly_good(lab: &Lab) -> bool {
    let words = ["verify", "-x509_strict", "-no-CAstore", "-no-CApath", "-CAfile", "ca.pem", "leaf.pem"];
    lab.run(&OPENSSL, &words).code == Some(0)
}

/// What each tool is known to get wrong, in certificates of the same form.
#[test]
fn forms_of_other_tools() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let recipe = |change: fn(&mut Recipe)| {
        let mut recipe = Recipe { ..GOOD };
        change(&mut recipe);
        recipe
    };
    let no_ski = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n\
        subjectAltName=DNS:www.example\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=keyid:always\n";
    let with_usage = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:www.example\n\
        subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\nkeyUsage=critical,digitalSignature,";
    let agreement: &'static str = Box::leak(format!("{with_usage}keyAgreement\n").into());
    let encipherment: &'static str = Box::leak(format!("{with_usage}keyEncipherment\n").into());
    let forms: [(&str, Recipe, &[&str]); 8] = [
        ("clean", recipe(|_| {}), &[]),
        (
            "no keyUsage",
            recipe(|r| r.ca = "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"),
            &["ca-key-usage"],
        ),
        (
            "mkcert's CA",
            recipe(|r| {
                r.ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
            }),
            &["ca-without-crl-sign"],
        ),
        (
            "easy-rsa's CA",
            recipe(|r| r.ca = "basicConstraints=CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"),
            &["ca-basic-constraints-critical", "key-usage-critical"],
        ),
        ("strongSwan's leaf", recipe(|r| r.days = 500), &["validity-issuer-end"]),
        ("mkcert's leaf", Recipe { leaf: no_ski, ..GOOD }, &["leaf-subject-key-id"]),
        ("minica's leaf", Recipe { leaf: agreement, leaf_key: RSA, ..GOOD }, &["key-usage-rsa"]),
        ("cfssl's leaf", Recipe { leaf: encipherment, ..GOOD }, &["key-usage-ec"]),
    ];
    for (form, recipe, wanted) in forms {
        let lab = Lab::new();
        make(&lab, &recipe);
        let mut found = lint(&lab, "leaf.pem --issuer-file ca.pem");
        found.extend(lint(&lab, "ca.pem"));
        assert_eq!(found, wanted, "{form}");
        // What OpenSSL refuses when it is strict is an error for whoever asks for that.
        let strict = ["ca-key-usage", "ca-basic-constraints-critical"].iter().any(|r| found.iter().any(|f| f == r));
        assert_eq!(is_strictly_good(&lab), !strict, "{form}");
        lab.write(
            "both.pem",
            &["leaf.pem", "ca.pem"].map(|f| std::fs::read_to_string(lab.path(f)).expect("PEM")).concat(),
        );
        let code = lab.rootlet("lint both.pem --for python-strict --allow validity-issuer-end,key-usage-ec").code;
        assert_eq!(code, Some(if strict { 3 } else { 0 }), "{form}");
    }
}

/// OpenSSL's own defaults: nothing said about extensions.
#[test]
fn openssl_without_a_word() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    make(&lab, &Recipe { leaf_key: RSA, ..GOOD });
    lab.openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 1 -out plain.pem");
    let found = lint(&lab, "plain.pem --issuer-file ca.pem --for apple");
    // Before OpenSSL 3.4 such a leaf is of version 1.
    let first = lab.openssl("x509 -in plain.pem -noout -text").stdout.contains("Version: 1");
    assert_eq!(found.contains(&"version".to_string()), first, "{found:?}");
    assert!(["serial-entropy", "leaf-names"].iter().all(|r| found.iter().any(|f| f == r)), "{found:?}");
    lab.rootlet("lint plain.pem --issuer-file ca.pem --for apple").says("it has no subjectAltName");
    // RSASSA-PSS with as much salt as fits, and with as much as the standard says.
    lab.write("pss.ext", "subjectAltName=DNS:www.example\n");
    let pss = |more: &str| {
        let line = "x509 -req -in leaf.csr -CA rsa.pem -CAkey rsa.key -extfile pss.ext -out pss.pem -sha256";
        lab.openssl(&format!("{line} -CAcreateserial -sigopt rsa_padding_mode:pss {more}"));
        lint(&lab, "pss.pem --issuer-file rsa.pem").contains(&"signature-pss".to_string())
    };
    lab.openssl("req -config empty.cnf -x509 -nodes -newkey rsa:2048 -keyout rsa.key -subj /CN=RSA -out rsa.pem");
    assert!(pss("-sigopt rsa_pss_saltlen:max"));
    assert!(!pss("-sigopt rsa_pss_saltlen:digest"));
}

/// CRLs of `openssl ca`: without anything, with a number alone, with the key alone as easy-rsa has it, and whole.
#[test]
fn crls_of_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    make(&lab, &GOOD);
    lab.write("index.txt", "");
    lab.write("crlnumber", "01\n");
    let key = "crl_extensions=crl\n[crl]\nauthorityKeyIdentifier=keyid:always\n";
    for (settings, wanted) in [
        ("", &["crl-version", "crl-authority-key-id", "crl-number"][..]),
        ("crlnumber=crlnumber\n", &["crl-authority-key-id"]),
        (key, &["crl-number"]),
        (&format!("crlnumber=crlnumber\n{key}"), &[]),
    ] {
        let basic = "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncertificate=ca.pem\nprivate_key=ca.key\n";
        lab.write("ca.cnf", &format!("{basic}default_md=sha256\ndefault_crl_days=30\n{settings}"));
        lab.openssl("ca -config ca.cnf -gencrl -out crl.pem");
        assert_eq!(lint(&lab, "crl.pem --issuer-file ca.pem"), wanted, "{settings}");
    }
}

/// GnuTLS makes what nothing is wrong with, but for the list of a CRL that lists nothing.
#[test]
fn certtool_is_nearly_clean() {
    if !present(&[&CERTTOOL]) {
        return;
    }
    let lab = Lab::new();
    lab.write("ca.cfg", "cn = CA\nca\ncert_signing_key\ncrl_signing_key\nexpiration_days = 400\n");
    lab.write(
        "leaf.cfg",
        "cn = www.example\ndns_name = www.example\ntls_www_server\nsigning_key\nexpiration_days = 300\n",
    );
    lab.write("crl.cfg", "crl_next_update = 30\ncrl_number = 7\n");
    let run = |line: &str| lab.run(&CERTTOOL, &line.split(' ').collect::<Vec<_>>()).succeeds();
    run("--generate-privkey --key-type ecdsa --curve secp256r1 --outfile ca.key");
    run("--generate-privkey --key-type ecdsa --curve secp256r1 --outfile leaf.key");
    run("--generate-self-signed --load-privkey ca.key --template ca.cfg --outfile ca.pem");
    let signer = "--load-ca-certificate ca.pem --load-ca-privkey ca.key";
    run(&format!("--generate-certificate --load-privkey leaf.key {signer} --template leaf.cfg --outfile leaf.pem"));
    run(&format!("--generate-crl {signer} --template crl.cfg --outfile crl.pem"));
    assert_eq!(lint(&lab, "crl.pem --issuer-file ca.pem"), ["crl-entries-empty"]);
    run(&format!("--generate-crl {signer} --load-certificate leaf.pem --template crl.cfg --outfile crl.pem"));
    for file in ["leaf.pem --issuer-file ca.pem", "ca.pem", "crl.pem --issuer-file ca.pem"] {
        assert_eq!(lint(&lab, file), [""; 0], "{file}");
    }
}
