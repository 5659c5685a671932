//! CAs that OpenSSL made go on as ours: what is issued below them, and their CRLs, are judged by OpenSSL and GnuTLS.

use std::fs;
use std::path::{Path, PathBuf};

use rootlet::x509::{Certificate, read_certificate};
use serde_json::Value;
use tempfile::TempDir;

use super::gnutls::CERTTOOL;
use super::openssl::OPENSSL;
use super::program::{Program, Ran, clean_command, present, run};

const KEYTOOL: Program = Program { name: "keytool", version: &["java", "-version"] };

/// A folder in which somebody's CA lies, and our PKI in `pki`.
pub struct Lab {
    folder: TempDir,
}

impl Lab {
    pub fn new() -> Self {
        Lab { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch folder") }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).expect("a file can be written");
    }

    /// Runs a program in the folder.
    pub fn run(&self, program: &Program, arguments: &[&str]) -> Ran {
        run(program.command().current_dir(self.folder.path()).args(arguments))
    }

    #[track_caller]
    pub fn openssl(&self, line: &str) -> Ran {
        self.run(&OPENSSL, &words(line)).succeeds()
    }

    pub fn rootlet(&self, line: &str) -> Ran {
        let mut command = clean_command(env!("CARGO_BIN_EXE_rootlet"));
        run(command.current_dir(self.folder.path()).args(words(line)))
    }

    /// What a command printed as JSON; it succeeds.
    #[track_caller]
    pub fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.rootlet(&format!("{line} --json")).succeeds().stdout).expect("one JSON object")
    }

    pub fn certificate(&self, relative: &str) -> Certificate {
        let text = fs::read(self.path(relative)).unwrap_or_else(|e| panic!("{relative}: {e}"));
        let blocks = rootlet::disk::decode_pem(&text).expect("PEM");
        read_certificate(&blocks[0].der).expect("a certificate")
    }

    /// `openssl verify` of a certificate below a root, with intermediates and CRLs where they are named.
    pub fn verify(&self, root: &str, certificate: &str, options: &[&str]) -> Ran {
        let mut arguments = vec!["verify", "-no-CAstore", "-no-CApath", "-CAfile", root];
        arguments.extend(options);
        arguments.push(certificate);
        self.run(&OPENSSL, &arguments)
    }

    /// The codes of what an import warns of.
    pub fn warned(outcome: &Value) -> Vec<&str> {
        outcome["warnings"].as_array().expect("warnings").iter().filter_map(|w| w["code"].as_str()).collect()
    }
}

/// The words of a line; `'…'` keeps spaces.
fn words(line: &str) -> Vec<&str> {
    line.split('\'')
        .enumerate()
        .flat_map(|(i, part)| if i % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect()
}

/// A configuration of `openssl ca`, in the words of its manual page; `mask` says which string types names have.
fn configuration(mask: &str, extensions: &str) -> String {
    format!(
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\ncrlnumber = crlnumber\n\
         default_md = sha256\ndefault_days = 365\ndefault_crl_days = 30\npolicy = p\nx509_extensions = leaf\n\
         [old]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\ndefault_md = sha256\ndefault_crl_days = 30\n\
         policy = p\n[p]\ncommonName = supplied\n\
         [leaf]\nbasicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\nsubjectAltName = DNS:old.internal\n\
         [req]\ndistinguished_name = dn\nprompt = no\nstring_mask = {mask}\nx509_extensions = v3_ca\n\
         [dn]\n0.DC = com\n1.DC = example\n2.DC = corp\nO = Exämple & Söhne\n0.OU = One\n1.OU = Two\nCN = Old CA\n\
         +serialNumber = 7\n[v3_ca]\n{extensions}\n"
    )
}

const GOOD: &str = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n\
                    subjectKeyIdentifier = hash";

/// A self-signed CA in `ca.pem` and `ca.key`.
fn old_ca(lab: &Lab, mask: &str, extensions: &str) {
    lab.write("ca.cnf", &configuration(mask, extensions));
    lab.write("index.txt", "");
    lab.write("serial", "01\n");
    lab.write("crlnumber", "1000\n");
    lab.openssl("ecparam -name prime256v1 -genkey -noout -out ca.key");
    lab.openssl("req -x509 -utf8 -new -key ca.key -out ca.pem -days 3000 -config ca.cnf");
}

/// `NAME.pem` by `openssl ca`.
fn issue_there(lab: &Lab, name: &str) {
    lab.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
    lab.openssl(&format!("req -new -key {name}.key -out {name}.csr -subj /CN={name}.internal"));
    lab.openssl(&format!("ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in {name}.csr -out {name}.pem"));
}

const IMPORT: &str = "import 'Old CA' --cert-file ca.pem --key-file ca.key";

#[test]
fn names_go_on_byte_for_byte_whatever_string_types_they_have() {
    if !present(&[&OPENSSL, &CERTTOOL]) {
        return;
    }
    // What fits best, T.61, UTF-8, UCS-2: openssl writes no other directory strings.
    for mask in ["default", "MASK:0x4", "utf8only", "MASK:0x800"] {
        let lab = Lab::new();
        old_ca(&lab, mask, GOOD);
        lab.json(&format!("{IMPORT} --no-past"));
        lab.json("intermediate Below");
        lab.json("server api.internal --issuer below");
        lab.json("client alice --issuer old-ca");
        let ca = lab.certificate("ca.pem");
        for below in ["ca/below", "certs/alice"] {
            let below = lab.certificate(&format!("pki/{below}/cert.pem"));
            assert_eq!(below.issuer.der, ca.subject.der, "{mask}");
            assert_eq!(below.authority_key_id, ca.subject_key_id, "{mask}");
        }
        assert_eq!(lab.certificate("pki/ca/old-ca/cert.pem").der(), ca.der());
        let strict = ["-x509_strict", "-crl_check_all", "-CRLfile", "pki/public/crls.pem"];
        lab.verify("ca.pem", "pki/certs/alice/cert.pem", &strict).succeeds();
        let chain = ["-untrusted", "pki/certs/api.internal/chain.pem"];
        lab.verify("pki/certs/api.internal/ca.pem", "pki/certs/api.internal/cert.pem", &[&strict, &chain[..]].concat())
            .succeeds();
        let chain = "--infile pki/certs/api.internal/fullchain.pem --load-ca-certificate ca.pem";
        lab.run(&CERTTOOL, &words(&format!("--verify --verify-profile low {chain}"))).succeeds();
    }
}

/// A SHA-1 identifier stays; without one the key is named by what it will get.
#[test]
fn key_identifiers_stay() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let without = GOOD.replace("subjectKeyIdentifier = hash", "subjectKeyIdentifier = none");
    for (extensions, finding) in [(GOOD, None), (&without, Some("ca-subject-key-id"))] {
        let lab = Lab::new();
        old_ca(&lab, "utf8only", extensions);
        let outcome = lab.json(&format!("{IMPORT} --no-past"));
        let warned = Lab::warned(&outcome);
        assert_eq!(warned, finding.map_or(vec![], |_| vec!["adopted-finding", "renewal-advised"]), "{outcome}");
        lab.json("server api.internal");
        let (ca, leaf) = (lab.certificate("ca.pem"), lab.certificate("pki/certs/api.internal/cert.pem"));
        match finding {
            None => assert_eq!(leaf.authority_key_id, ca.subject_key_id),
            Some(_) => {
                assert_eq!((ca.subject_key_id.clone(), leaf.authority_key_id.as_ref().map(Vec::len)), (None, Some(20)))
            }
        }
        let options = ["-crl_check", "-CRLfile", "pki/public/crls.pem"];
        lab.verify("ca.pem", "pki/certs/api.internal/cert.pem", &options).succeeds();
    }
}

#[test]
fn the_database_of_openssl_ca_is_taken_over() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    old_ca(&lab, "utf8only", GOOD);
    for name in ["a", "b", "c", "d"] {
        issue_there(&lab, name);
    }
    let there = "ca -config ca.cnf -cert ca.pem -keyfile ca.key";
    lab.openssl(&format!("{there} -revoke b.pem -crl_reason superseded"));
    lab.openssl(&format!("{there} -gencrl -out crl.pem"));
    lab.openssl(&format!("{there} -revoke c.pem -crl_compromise 20250101000000Z"));
    let outcome = lab.json(&format!("{IMPORT} --crl-file crl.pem --index-file index.txt"));
    assert_eq!((&outcome["past"]["revocations"], &outcome["past"]["index_valid"]), (&2.into(), &2.into()));
    // Larger than any that was there: 0x1000.
    assert!(outcome["crl_number"].as_u64() > Some(0x1000), "{outcome}");
    let judged = |name: &str| {
        let options = ["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"];
        lab.verify("ca.pem", &format!("{name}.pem"), &options)
    };
    judged("a").succeeds();
    judged("b").fails().says("certificate revoked");
    judged("c").fails().says("certificate revoked");
    judged("d").succeeds();
    // A serial that was made there, and one whose certificate is recorded first.
    lab.json("revoke --serial 04 --issuer old-ca --reason cessation-of-operation");
    judged("d").fails().says("certificate revoked");
    assert_eq!(lab.json("import old.internal --cert-file a.pem --key-file a.key")["action"], "recorded");
    lab.json("revoke old.internal --reason superseded");
    judged("a").fails().says("certificate revoked");
    let shown = lab.openssl("crl -in pki/ca/old-ca/crl.pem -noout -text");
    for text in ["Superseded", "Key Compromise", "Cessation Of Operation", "Jan  1 00:00:00 2025 GMT"] {
        assert!(shown.stdout.contains(text), "{text}: {shown}");
    }
    lab.rootlet("doctor --history").succeeds();
}

/// The next number is larger than any that was there, also where the clock in seconds is not.
#[test]
fn crl_numbers_go_on_from_where_they_are() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    old_ca(&lab, "utf8only", GOOD);
    let gencrl = "ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem";
    lab.write("crlnumber", "8000000000000000\n");
    lab.openssl(gencrl);
    lab.rootlet(&format!("{IMPORT} --crl-file crl.pem")).fails().says("larger than 63 bits");
    assert!(!lab.path("pki").exists());
    lab.write("crlnumber", "7FFFFFFFFFFF0000\n");
    lab.openssl(gencrl);
    assert_eq!(lab.json(&format!("{IMPORT} --crl-file crl.pem"))["crl_number"], 0x7fff_ffff_ffff_0000u64);
    lab.json("crl");
    assert_eq!(lab.json("crl --check")["results"][0]["number"], 0x7fff_ffff_ffff_0001u64);
}

/// A CRL of version 1, as `openssl ca` writes one where no number is configured, still says what was revoked.
#[test]
fn a_crl_of_version_1_is_a_past() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    old_ca(&lab, "utf8only", GOOD);
    issue_there(&lab, "a");
    lab.openssl("ca -config ca.cnf -name old -cert ca.pem -keyfile ca.key -revoke a.pem");
    lab.openssl("ca -config ca.cnf -name old -cert ca.pem -keyfile ca.key -gencrl -out crl.pem");
    lab.openssl("crl -in crl.pem -noout -text").says("Version 1");
    assert_eq!(lab.json(&format!("{IMPORT} --crl-file crl.pem"))["past"]["revocations"], 1);
    let options = ["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"];
    lab.verify("ca.pem", "a.pem", &options).fails().says("certificate revoked");
}

/// `sub.cnf`, the extensions of a CA below as AD CS writes them: a template name, issuer and serial beside the key
/// identifier, and some more.
fn sub_ca_extensions(lab: &Lab, more: &str) {
    let extensions = "[sub]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = digitalSignature,keyCertSign,cRLSign\n\
        subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid,issuer:always\n\
        1.3.6.1.4.1.311.20.2 = ASN1:BMP:SubCA\n";
    lab.write("sub.cnf", &format!("{extensions}{more}"));
}

/// An intermediate that a root elsewhere signed, with the root's own ideas of extensions, its CRL, and what it revokes.
#[test]
fn an_intermediate_below_a_foreign_root_goes_on() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    old_ca(&lab, "utf8only", GOOD);
    // As AD CS writes it: a CA version besides.
    sub_ca_extensions(
        &lab,
        "1.3.6.1.4.1.311.21.1 = ASN1:INTEGER:0\ncrlDistributionPoints = URI:http://pki.example/old.crl\n",
    );
    lab.openssl(
        "req -new -newkey rsa:2048 -nodes -keyout sub.key -out sub.csr -subj '/DC=com/DC=example/CN=Issuing CA'",
    );
    lab.openssl("x509 -req -in sub.csr -CA ca.pem -CAkey ca.key -days 900 -set_serial 0x62000000 -extfile sub.cnf -extensions sub -out sub.pem");
    lab.openssl("ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem");
    let import = "import 'Issuing CA' --cert-file sub.pem --key-file sub.key --no-past";
    lab.rootlet(import).fails().says("--chain-file");
    assert!(!lab.path("pki").exists());
    let outcome = lab.json(&format!("{import} --chain-file ca.pem"));
    assert_eq!(outcome["authorities"], serde_json::json!(["old-ca"]));
    assert!(Lab::warned(&outcome).contains(&"crl-stale"), "the root's CRL is missing: {outcome}");
    assert!(!Lab::warned(&outcome).contains(&"renewal-advised"), "its issuer is elsewhere: {outcome}");
    assert_eq!(Lab::warned(&lab.json("import old-ca --crl-file crl.pem")), Vec::<&str>::new());
    lab.json("server api.internal --ip 10.0.0.1");
    let judged = |root: &str| {
        let chain = ["-untrusted", "pki/certs/api.internal/chain.pem", "-x509_strict", "-purpose", "sslserver"];
        let crls = ["-crl_check_all", "-CRLfile", "pki/public/crls.pem"];
        lab.verify(root, "pki/certs/api.internal/cert.pem", &[&chain[..], &crls].concat())
    };
    judged("ca.pem").succeeds();
    judged("pki/public/roots.pem").succeeds();
    judged("pki/certs/api.internal/ca.pem").succeeds();

    // The root revokes it: nobody trusts what is below any more, and we see it.
    lab.openssl("ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke sub.pem -crl_reason cessationOfOperation");
    lab.openssl("ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl2.pem");
    assert_eq!(lab.json("import old-ca --crl-file crl2.pem")["past"]["revocations"], 1);
    judged("ca.pem").fails().says("certificate revoked");
    lab.rootlet("server b.internal").fails().says("revoked");
    lab.rootlet("import old-ca --crl-file crl.pem").fails().says("number 4096, and number 4097 is here");
}

/// As with AD CS: the key is made here, a root elsewhere signs the CSR as it sees fit, the answer comes back.
#[test]
fn a_requested_intermediate_is_completed() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    old_ca(&lab, "utf8only", GOOD);
    sub_ca_extensions(&lab, "");
    lab.json("request 'Issuing CA' --profile intermediate");
    let sign = |extensions: &str, out: &str| {
        let csr =
            "x509 -req -in pki/requests/issuing-ca/request.csr -CA ca.pem -CAkey ca.key -days 900 -set_serial 0x62";
        lab.openssl(&format!("{csr} {extensions} -out {out}"));
    };
    sign("", "leaf.pem");
    sign("-extfile sub.cnf -extensions sub", "sub.pem");
    let import = "import issuing-ca --chain-file ca.pem --cert-file";
    lab.rootlet(&format!("{import} leaf.pem")).fails().says("does not answer the request of `issuing-ca`");
    lab.rootlet(&format!("{import} sub.pem --no-past")).fails().says("answers a request");
    let outcome = lab.json(&format!("{import} sub.pem"));
    assert_eq!((&outcome["action"], &outcome["authorities"]), (&"completed".into(), &serde_json::json!(["old-ca"])));
    assert!(outcome["crl_number"].is_u64(), "its first CRL: {outcome}");
    assert!(lab.path("pki/ca/issuing-ca/key.pem").exists() && !lab.path("pki/requests/issuing-ca").exists());
    lab.openssl("ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem");
    lab.json("import old-ca --crl-file crl.pem");
    lab.json("server api.internal");
    let chain = ["-untrusted", "pki/certs/api.internal/chain.pem", "-x509_strict", "-purpose", "sslserver"];
    let crls = ["-crl_check_all", "-CRLfile", "pki/public/crls.pem"];
    lab.verify("ca.pem", "pki/certs/api.internal/cert.pem", &[&chain[..], &crls].concat()).succeeds();
    lab.rootlet("doctor --history").succeeds();
}

/// mkcert's CA may not sign CRLs, easy-rsa's and openssl's own say less than they should: they are adopted with findings.
#[test]
fn what_a_ca_lacks_is_a_finding() {
    if !present(&[&OPENSSL]) {
        return;
    }
    for (extensions, findings, has_crl) in [
        (
            "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign\nsubjectKeyIdentifier = hash",
            &["ca-without-crl-sign"][..],
            false,
        ),
        (
            "basicConstraints = CA:TRUE\nsubjectKeyIdentifier = hash",
            &["ca-basic-constraints-critical", "ca-key-usage"],
            true,
        ),
    ] {
        let lab = Lab::new();
        old_ca(&lab, "utf8only", extensions);
        let outcome = lab.json(&format!("{IMPORT} --no-past"));
        let said = outcome["warnings"].to_string();
        assert!(findings.iter().all(|f| said.contains(f)) && said.contains("rootlet renew old-ca"), "{said}");
        assert_eq!(outcome["crl_number"].is_u64(), has_crl, "{outcome}");
        lab.json("server api.internal");
        let leaf = "pki/certs/api.internal/cert.pem";
        lab.verify("ca.pem", leaf, &["-purpose", "sslserver"]).succeeds();
        // Renewed it is clean, and what it issued is good below either certificate.
        lab.verify("ca.pem", leaf, &["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"]).fails();
        issue_there(&lab, "old");
        lab.json("renew old-ca");
        let strict = ["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"];
        for leaf in [leaf, "old.pem"] {
            lab.verify("pki/ca/old-ca/cert.pem", leaf, &strict).succeeds();
            lab.verify("ca.pem", leaf, &[]).succeeds();
        }
        let (renewed, before) = (lab.certificate("pki/ca/old-ca/cert.pem"), lab.certificate("ca.pem"));
        assert_eq!((&renewed.subject.der, &renewed.public_key), (&before.subject.der, &before.public_key));
        assert_eq!(renewed.subject_key_id, before.subject_key_id);
    }
}

#[test]
fn what_is_no_ca_is_refused() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let lab = Lab::new();
    old_ca(&lab, "utf8only", GOOD);
    let refused = |line: &str, words: &str| {
        lab.rootlet(line).fails().says(words);
        assert!(!lab.path("pki").exists(), "{line}");
    };
    // Version 1, as `x509 -req` without extensions writes it.
    lab.openssl("req -new -key ca.key -out ca.csr -subj '/CN=Version 1'");
    lab.openssl("x509 -req -in ca.csr -signkey ca.key -days 30 -out v1.pem");
    refused("import v1 --cert-file v1.pem --key-file ca.key --no-past", "version 1");
    lab.openssl("req -x509 -key ca.key -subj '/CN=Zero' -set_serial 0 -days 30 -out zero.pem");
    refused("import zero --cert-file zero.pem --key-file ca.key --no-past", "serial number is zero");
    lab.openssl("req -x509 -key ca.key -subj '/CN=Mute' -days 30 -addext keyUsage=cRLSign -out mute.pem");
    refused("import mute --cert-file mute.pem --key-file ca.key --no-past", "keyCertSign");
    issue_there(&lab, "a");
    refused("import a --cert-file a.pem --key-file a.key --no-past", "not one of a CA");
    lab.openssl("genrsa -out other.key 2048");
    refused("import x --cert-file ca.pem --key-file other.key --no-past", "is not the one of the certificate");
}

/// GnuTLS makes CAs too: key, certificate, CRL.
#[test]
fn a_ca_of_certtool_goes_on() {
    if !present(&[&OPENSSL, &CERTTOOL]) {
        return;
    }
    let lab = Lab::new();
    let certtool = |line: &str| drop(lab.run(&CERTTOOL, &words(line)).succeeds());
    lab.write("ca.tmpl", "dn = \"CN=GnuTLS CA,OU=b,OU=a,O=Example\"\nca\ncert_signing_key\ncrl_signing_key\nserial = 7\nexpiration_days = 900\n");
    lab.write(
        "a.tmpl",
        "cn = a.internal\ndns_name = a.internal\ntls_www_server\nsigning_key\nserial = 8\nexpiration_days = 90\n",
    );
    lab.write("crl.tmpl", "crl_next_update = 30\ncrl_number = 41\n");
    certtool("--generate-privkey --key-type ecdsa --curve secp256r1 --outfile ca.key");
    certtool("--generate-privkey --key-type ecdsa --curve secp256r1 --outfile a.key");
    certtool("--generate-self-signed --load-privkey ca.key --template ca.tmpl --outfile ca.pem");
    certtool(
        "--generate-certificate --load-privkey a.key --load-ca-certificate ca.pem --load-ca-privkey ca.key --template a.tmpl --outfile a.pem",
    );
    certtool(
        "--generate-crl --load-ca-privkey ca.key --load-ca-certificate ca.pem --load-certificate a.pem --template crl.tmpl --outfile crl.pem",
    );
    let outcome = lab.json("import 'GnuTLS CA' --cert-file ca.pem --key-file ca.key --crl-file crl.pem");
    assert_eq!((&outcome["past"]["revocations"], &outcome["crl_number"]), (&1.into(), &41.into()));
    assert_eq!(lab.json("import a.internal --cert-file a.pem")["certificate"]["status"], "revoked");
    lab.json("server b.internal");
    lab.json("crl");
    let crls = ["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"];
    lab.verify("ca.pem", "pki/certs/b.internal/cert.pem", &crls).succeeds();
    lab.verify("ca.pem", "a.pem", &crls).fails().says("certificate revoked");
    assert_crl_is_good(&lab, "pki/ca/gnutls-ca/crl.pem", "ca.pem");
}

/// A CA in a keystore of Java, out of which openssl takes the key and the certificate.
#[test]
fn a_ca_of_keytool_goes_on() {
    if !present(&[&OPENSSL, &KEYTOOL]) {
        return;
    }
    let lab = Lab::new();
    let store = "-keystore ca.p12 -storetype PKCS12 -storepass changeit -alias ca";
    let extensions = "-ext bc:critical=ca:true -ext ku:critical=keyCertSign,cRLSign";
    let name = "-dname 'CN=Java CA, OU=b, OU=a, O=Example, DC=example, DC=org'";
    let make = format!("-genkeypair {store} -keyalg EC -groupname secp384r1 -validity 900 {name} {extensions}");
    lab.run(&KEYTOOL, &words(&make)).succeeds();
    lab.openssl("pkcs12 -in ca.p12 -passin pass:changeit -nokeys -out ca.pem");
    lab.openssl("pkcs12 -in ca.p12 -passin pass:changeit -nocerts -nodes -out ca.key");
    // Attributes stand in front of both, as openssl prints them.
    assert!(fs::read_to_string(lab.path("ca.key")).unwrap().starts_with("Bag Attributes"));
    assert_eq!(lab.json("import 'Java CA' --cert-file ca.pem --key-file ca.key --no-past")["action"], "adopted");
    lab.json("server api.internal");
    assert_eq!(lab.certificate("pki/certs/api.internal/cert.pem").issuer.der, lab.certificate("ca.pem").subject.der);
    let strict = ["-x509_strict", "-crl_check", "-CRLfile", "pki/public/crls.pem"];
    lab.verify("ca.pem", "pki/certs/api.internal/cert.pem", &strict).succeeds();
}

/// GnuTLS checks the signature of a CRL.
fn assert_crl_is_good(lab: &Lab, crl: &str, ca: &str) {
    assert!(Path::new(&lab.path(crl)).exists());
    lab.run(&CERTTOOL, &["--verify-crl", "--load-ca-certificate", ca, "--infile", crl]).succeeds();
}
