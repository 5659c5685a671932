//! Key files made by other programs, in every form: the library reads them, or says why not and what converts them.

use std::fs;
use std::path::{Path, PathBuf};

use rootlet::keys::{KeyDocument, KeyError, KeyRefusal, PrivateKey};
use rootlet::model::Secret;
use tempfile::TempDir;

use super::gnutls::CERTTOOL;
use super::java::JAVA;
use super::openssl::OPENSSL;
use super::program::{Program, clean_command, present, run};

const KEYTOOL: Program = Program { name: "keytool", version: &["java", "-version"] };
const PASSPHRASE: &str = "pass:correct horse";

fn secret() -> Secret {
    Secret::new(b"correct horse".to_vec())
}

/// A folder in which programs make keys.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Bench(tempfile::tempdir().expect("a scratch folder can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs openssl in this folder; the words are split at spaces, and `@` is a space inside one.
    #[track_caller]
    fn openssl(&self, line: &str) {
        let words: Vec<String> = line.split(' ').map(|w| w.replace('@', " ")).collect();
        run(OPENSSL.command().args(words).current_dir(self.0.path())).succeeds();
    }

    fn read(&self, name: &str) -> Result<KeyDocument, KeyError> {
        KeyDocument::read(&fs::read(self.path(name)).expect("the file was made"))
    }

    #[track_caller]
    fn plain(&self, name: &str) -> PrivateKey {
        match self.read(name) {
            Ok(KeyDocument::Plain(key)) => key,
            other => panic!("{name} should be a plain key: {other:?}"),
        }
    }

    #[track_caller]
    fn refusal(&self, name: &str) -> KeyRefusal {
        match self.read(name) {
            Err(KeyError::Refused(refusal)) => refusal,
            other => panic!("{name} should be refused: {other:?}"),
        }
    }

    /// SubjectPublicKeyInfo as openssl sees it.
    fn public_key(&self, name: &str) -> Vec<u8> {
        self.openssl(&format!("pkey -in {name} -passin {} -pubout -outform DER -out public.der", at(PASSPHRASE)));
        fs::read(self.path("public.der")).expect("openssl wrote it")
    }

    /// Runs the openssl command of a hint.
    #[track_caller]
    fn follow(&self, refusal: &KeyRefusal, name: &str) {
        let hint = refusal.hint(name).expect("it has a hint");
        let command = &hint[hint.find("openssl ").expect("an openssl command")..];
        let command = command.strip_prefix("openssl ").unwrap_or(command);
        let passphrases = if command.starts_with("pkcs8") {
            format!(" -passin {0} -passout {0}", at(PASSPHRASE))
        } else {
            String::new()
        };
        self.openssl(&format!("{command}{passphrases}"));
    }
}

fn at(word: &str) -> String {
    word.replace(' ', "@")
}

const MADE_BY: [(&str, &str); 5] = [
    ("p256", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p384", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    ("ed25519", "genpkey -algorithm ED25519"),
    ("rsa-2048", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsa-3072", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
];

#[test]
fn every_form_that_openssl_writes() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    for (name, command) in MADE_BY {
        bench.openssl(&format!("{command} -out {name}"));
        let public = bench.public_key(name);
        let same = |file: &str| {
            let key = bench.plain(file);
            assert_eq!(key.public_key(), public, "{file}");
            assert_eq!(key.algorithm().to_string(), name, "{file}");
            // What is written of it is openssl's key again.
            fs::write(bench.path("again"), key.to_pem()).expect("it can be written");
            assert_eq!(bench.public_key("again"), public, "{file} written again");
        };
        same(name);
        bench.openssl(&format!("pkey -in {name} -outform DER -out {name}.der"));
        same(&format!("{name}.der"));
        if name != "ed25519" {
            bench.openssl(&format!("pkey -in {name} -traditional -out {name}.old"));
            bench.openssl(&format!("pkey -in {name} -traditional -outform DER -out {name}.old.der"));
            same(&format!("{name}.old"));
            same(&format!("{name}.old.der"));
        }
        for (n, how) in [
            "-v2 aes-256-cbc -v2prf hmacWithSHA256",
            "-v2 aes-192-cbc -v2prf hmacWithSHA1",
            "-v2 aes-128-cbc -v2prf hmacWithSHA512 -iter 20000",
            "-v2 aes-256-cbc -v2prf hmacWithSHA384",
            "-scrypt -v2 aes-256-cbc",
            "-scrypt -scrypt_N 8192 -scrypt_r 8 -scrypt_p 2 -v2 aes-128-cbc -outform DER",
        ]
        .into_iter()
        .enumerate()
        {
            let file = format!("{name}.{n}");
            bench.openssl(&format!("pkcs8 -topk8 -in {name} {how} -passout {} -out {file}", at(PASSPHRASE)));
            let Ok(KeyDocument::Encrypted(key)) = bench.read(&file) else { panic!("{file} is encrypted") };
            assert_eq!(key.unlock(&secret()).expect("it opens").public_key(), public, "{file}");
            let wrong = key.unlock(&Secret::new(b"correct house".to_vec()));
            assert!(matches!(wrong, Err(KeyError::WrongPassphrase)), "{file}: {wrong:?}");
        }
    }
}

#[test]
fn elliptic_keys_without_their_public_half() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    for curve in ["prime256v1", "secp384r1"] {
        bench.openssl(&format!("ecparam -name {curve} -genkey -out full"));
        let public = bench.public_key("full");
        // The file begins with the parameters of its curve in a block of their own.
        assert!(fs::read_to_string(bench.path("full")).expect("text").contains("EC PARAMETERS"));
        for (how, file) in [
            ("ec -in full -no_public -out bare", "bare"),
            ("ec -in full -no_public -outform DER -out bare.der", "bare.der"),
            ("ec -in full -conv_form compressed -out compressed", "compressed"),
            ("pkcs8 -topk8 -nocrypt -in bare -out bare.p8", "bare.p8"),
            ("pkcs8 -topk8 -nocrypt -in compressed -out compressed.p8", "compressed.p8"),
        ] {
            bench.openssl(how);
            assert_eq!(bench.plain(file).public_key(), public, "{curve} {file}");
        }
        assert_eq!(bench.plain("full").public_key(), public);
        // A public half of another key.
        bench.openssl(&format!("ecparam -name {curve} -genkey -noout -outform DER -out other.der"));
        bench.openssl("ec -in full -outform DER -out full.der");
        let (mut key, other) = (fs::read(bench.path("full.der")).unwrap(), fs::read(bench.path("other.der")).unwrap());
        let point = key.len() - 64;
        key[point..].copy_from_slice(&other[point..]);
        fs::write(bench.path("mixed"), key).unwrap();
        assert!(matches!(bench.refusal("mixed"), KeyRefusal::Damaged(_)));
    }
}

#[test]
fn what_openssl_can_convert_is_refused_with_its_command() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa");
    bench.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec");
    let pass = at(PASSPHRASE);
    bench.openssl(&format!("pkey -in rsa -traditional -aes256 -passout {pass} -out legacy"));
    bench.openssl(&format!("pkcs8 -topk8 -in rsa -v1 PBE-SHA1-3DES -passout {pass} -out pbes1"));
    bench.openssl(&format!(
        "pkcs8 -topk8 -in rsa -v1 PBE-MD5-DES -passout {pass} -out des -provider legacy -provider default"
    ));
    bench.openssl(&format!("pkcs8 -topk8 -in rsa -v2 des3 -passout {pass} -out triple"));
    bench.openssl(&format!("pkcs8 -topk8 -in rsa -iter 10000001 -passout {pass} -out slow"));
    bench
        .openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out explicit");
    bench.openssl("ec -in explicit -out explicit.old");

    for (file, sentence) in [
        ("legacy", "Proc-Type: 4,ENCRYPTED"),
        ("pbes1", "pbeWithSHA1And3-KeyTripleDES-CBC"),
        ("des", "pbeWithMD5AndDES-CBC"),
        ("triple", "PBES2 and des-ede3-cbc"),
        ("slow", "10000001 iterations of PBKDF2, and 10000000 is the most"),
        ("explicit", "explicit parameters"),
        ("explicit.old", "explicit parameters"),
    ] {
        let refusal = bench.refusal(file);
        assert!(refusal.to_string().contains(sentence), "{file}: {refusal}");
        bench.follow(&refusal, file);
        let converted = match bench.read(&format!("{file}.new")).expect("it was converted") {
            KeyDocument::Plain(key) => key,
            KeyDocument::Encrypted(key) => key.unlock(&secret()).expect("the passphrase is the same"),
        };
        // With explicit parameters it has another SubjectPublicKeyInfo: both files hold the same key.
        let same = if file.starts_with("explicit") { "explicit.new" } else { "rsa" };
        assert_eq!(converted.public_key(), bench.public_key(same), "{file}");
    }

    fs::write(bench.path("two"), [fs::read(bench.path("rsa")).unwrap(), fs::read(bench.path("ec")).unwrap()].concat())
        .unwrap();
    assert_eq!(bench.refusal("two"), KeyRefusal::Several(2));
    bench.follow(&KeyRefusal::Several(2), "two");
    assert_eq!(bench.plain("two.new").public_key(), bench.public_key("rsa"));

    bench.openssl("req -x509 -key rsa -subj /CN=x -out cert -days 1");
    bench.openssl(&format!("pkcs12 -export -in cert -inkey rsa -passout {pass} -out store.p12"));
    assert!(matches!(bench.refusal("store.p12"), KeyRefusal::Keystore { what: "a PKCS#12 keystore", .. }));
}

#[test]
fn what_is_no_usable_key_is_refused_by_name() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small");
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3 -out three");
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2560 -out odd");
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3 -out primes");
    bench.openssl("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss");
    bench.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521");
    bench.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out bitcoin");
    bench.openssl("genpkey -algorithm X25519 -out x25519");
    bench.openssl("genpkey -algorithm ED448 -out ed448");
    bench.openssl("dsaparam -genkey -noout -out dsa.old 2048");
    bench.openssl("pkcs8 -topk8 -nocrypt -in dsa.old -out dsa");
    bench.openssl("dsa -in dsa.old -outform DER -out dsa.der");
    bench.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out good");
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa");
    bench.openssl("pkey -in good -pubout -out public");
    bench.openssl("pkey -in good -pubout -outform DER -out public.der");
    bench.openssl("rsa -in rsa -RSAPublicKey_out -outform DER -out public.rsa");
    bench.openssl("req -x509 -key good -subj /CN=x -out cert -days 1");
    bench.openssl("x509 -in cert -outform DER -out cert.der");
    bench.openssl("req -new -key good -subj /CN=x -out request");
    bench.openssl("pkey -in rsa -outform DER -out rsa.der");
    let write = |name: &str, bytes: &[u8]| fs::write(bench.path(name), bytes).unwrap();
    let (good, rsa) = (fs::read(bench.path("good")).unwrap(), fs::read(bench.path("rsa.der")).unwrap());
    write("empty", b"");
    write("words", b"no key at all\n");
    write("noise", &[0x30, 0x82, 1, 2, 3, 4]);
    write("longer", &[&rsa[..], b"more"].concat());
    write("cut", &good[..good.len() / 2]);
    write("cut.der", &rsa[..rsa.len() - 5]);
    let mut flipped = rsa.clone();
    // In the middle of the primes.
    flipped[rsa.len() / 2 + 40] ^= 1;
    write("flipped", &flipped);
    write("openssh", b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n");

    for (file, sentence) in [
        ("small", "an RSA key of 1024 bits"),
        ("odd", "an RSA key of 2560 bits"),
        ("three", "the exponent 3"),
        ("primes", "more than two primes"),
        ("pss", "an RSASSA-PSS key, which this build does not have"),
        ("p521", "a p521 key, which this build does not have"),
        ("bitcoin", "a secp256k1 key"),
        ("x25519", "an X25519 key"),
        ("ed448", "an Ed448 key"),
        ("dsa", "a DSA key"),
        ("dsa.old", "a DSA key"),
        ("dsa.der", "a DSA key"),
        ("public", "a public key where a private key is wanted"),
        ("public.der", "a public key where a private key is wanted"),
        ("public.rsa", "a public key where a private key is wanted"),
        ("cert", "a certificate where a private key is wanted"),
        ("cert.der", "a certificate, a request or a CRL where a private key is wanted"),
        ("request", "a certificate request where a private key is wanted"),
        ("empty", "it is empty"),
        ("words", "neither PEM nor DER"),
        ("noise", "neither PEM nor DER"),
        ("longer", "4 bytes follow the key"),
        ("cut", "the key is damaged"),
        ("cut.der", "neither PEM nor DER"),
        ("flipped", "the key is damaged: its numbers do not belong together"),
        ("openssh", "the format of OpenSSH"),
    ] {
        let refusal = bench.refusal(file);
        assert!(refusal.to_string().contains(sentence), "{file}: {refusal}");
    }
    // A certificate beside the one key, as in the combined files of HAProxy.
    write("combined", &[&fs::read(bench.path("cert")).unwrap()[..], &good].concat());
    assert_eq!(bench.plain("combined").public_key(), bench.plain("good").public_key());
}

#[test]
fn every_cut_and_every_flipped_byte_of_an_encrypted_key_is_refused() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    bench.openssl("genpkey -algorithm ED25519 -out key");
    bench.openssl(&format!("pkcs8 -topk8 -in key -iter 1 -outform DER -passout {} -out locked", at(PASSPHRASE)));
    let (whole, public) = (fs::read(bench.path("locked")).unwrap(), bench.public_key("key"));
    let opens = |bytes: &[u8]| match KeyDocument::read(bytes) {
        Ok(KeyDocument::Encrypted(key)) => key.unlock(&secret()).ok().map(|k| k.public_key().to_vec()),
        _ => None,
    };
    assert_eq!(opens(&whole).as_ref(), Some(&public));
    for n in 0..whole.len() {
        assert_eq!(opens(&whole[..n]), None, "cut at {n}");
        let mut flipped = whole.clone();
        flipped[n] ^= 0x40;
        // The seed of an Ed25519 key has no check of its own: what must not happen is that the right key is claimed.
        assert_ne!(opens(&flipped).as_ref(), Some(&public), "flipped at {n}");
    }
}

#[test]
fn encrypted_keys_that_we_write_are_read_by_others() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    for (name, command) in MADE_BY {
        bench.openssl(&format!("{command} -out {name}"));
        let key = bench.plain(name);
        fs::write(bench.path("locked"), key.to_encrypted_pem(&secret()).expect("it can be encrypted")).unwrap();
        assert_eq!(bench.public_key("locked"), key.public_key(), "{name}");
        let shown = run(OPENSSL.command().args(["asn1parse", "-in"]).arg(bench.path("locked"))).succeeds();
        for word in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":0927C0"] {
            assert!(shown.stdout.contains(word), "{name}: {word}\n{}", shown.stdout);
        }
        if present(&[&CERTTOOL]) {
            let mut certtool = CERTTOOL.command();
            certtool.args(["--pubkey-info", "--pkcs8", "--password", "correct horse", "--load-privkey"]);
            run(certtool.arg(bench.path("locked"))).succeeds().says("Public Key Info");
        }
        if present(&[&JAVA]) {
            let source = super::program::source("java/OpenKey.java");
            let mut java = JAVA.command();
            java.arg(source).arg(bench.path("locked")).arg("correct horse");
            run(&mut java).succeeds().says("opened");
        }
    }
}

/// What the command writes: a CA that is made with an encrypted key, and keys that are encrypted later.
#[test]
fn key_files_of_a_pki_are_opened_by_openssl() {
    if !present(&[&OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    let rootlet = |words: &[&str]| {
        let mut command = clean_command(env!("CARGO_BIN_EXE_rootlet"));
        command.env("ROOTLET_PASSPHRASE", "correct horse").env("ROOTLET_ISSUER_PASSPHRASE", "correct horse");
        run(command.args(words).current_dir(bench.0.path())).succeeds()
    };
    rootlet(&["root", "Root", "--encrypt-key", "--key", "rsa-3072"]);
    rootlet(&["intermediate", "Issuing", "--key", "p384"]);
    rootlet(&["client", "service-a", "--key", "ed25519"]);
    rootlet(&["key", "encrypt", "issuing"]);
    rootlet(&["key", "encrypt", "service-a"]);
    rootlet(&["key", "detach", "root", "--output", "root.key"]);
    for (certificate, key) in [
        ("pki/ca/root/cert.pem", "root.key"),
        ("pki/ca/issuing/cert.pem", "pki/ca/issuing/key.pem"),
        ("pki/certs/service-a/cert.pem", "pki/certs/service-a/key.pem"),
    ] {
        bench.openssl(&format!("x509 -in {certificate} -pubkey -noout -out public.pem"));
        bench.openssl("pkey -pubin -in public.pem -outform DER -out certified.der");
        let certified = fs::read(bench.path("certified.der")).expect("openssl wrote it");
        assert_eq!(bench.public_key(key), certified, "{key}");
        let locked = fs::read_to_string(bench.path(key)).expect("a key file");
        assert!(locked.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{key}");
        let mut wrong = OPENSSL.command();
        wrong.args(["pkey", "-noout", "-passin", "pass:wrong", "-in"]).arg(bench.path(key));
        run(&mut wrong).fails();
    }
    // And a key that openssl made signs, as openssl encrypted it.
    bench.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own");
    bench.openssl(&format!("pkcs8 -topk8 -in own -scrypt -passout {} -out own.key", at(PASSPHRASE)));
    rootlet(&["intermediate", "Own", "--key-file", "own.key", "--issuer-key-file", "root.key"]);
    rootlet(&["client", "service-b", "--issuer", "own"]);
    bench.openssl("verify -x509_strict -CAfile pki/public/roots.pem -untrusted pki/certs/service-b/chain.pem pki/certs/service-b/cert.pem");
}

#[test]
fn keys_made_by_certtool() {
    if !present(&[&CERTTOOL]) {
        return;
    }
    let bench = Bench::new();
    let make = |file: &str, options: &[&str]| {
        run(CERTTOOL.command().arg("--generate-privkey").args(options).arg("--outfile").arg(bench.path(file)))
            .succeeds();
        file.to_string()
    };
    for (file, options) in [
        ("rsa", &["--key-type=rsa", "--bits=2048"][..]),
        ("ec", &["--key-type=ecdsa", "--curve=secp256r1"]),
        ("ec384", &["--key-type=ecdsa", "--curve=secp384r1", "--pkcs8", "--password="]),
        ("ed", &["--key-type=ed25519"]),
        ("ed8", &["--key-type=ed25519", "--pkcs8", "--password="]),
    ] {
        bench.plain(&make(file, options));
    }
    for cipher in ["aes-128", "aes-192", "aes-256"] {
        let cipher = format!("--pkcs-cipher={cipher}");
        make("locked", &["--key-type=ecdsa", "--pkcs8", "--password=correct horse", &cipher]);
        let Ok(KeyDocument::Encrypted(key)) = bench.read("locked") else { panic!("{cipher}") };
        key.unlock(&secret()).expect(&cipher);
    }
    make("weak", &["--key-type=ecdsa", "--pkcs8", "--password=correct horse", "--pkcs-cipher=3des"]);
    assert!(matches!(bench.refusal("weak"), KeyRefusal::Encryption { .. }));
}

#[test]
fn keystores_of_java_are_named() {
    if !present(&[&KEYTOOL, &OPENSSL]) {
        return;
    }
    let bench = Bench::new();
    let store = |kind: &str, path: &Path| {
        let mut keytool = KEYTOOL.command();
        keytool.args(["-genkeypair", "-alias", "a", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=a"]);
        keytool.args(["-storepass", "correct horse", "-keypass", "correct horse", "-storetype", kind, "-keystore"]);
        run(keytool.arg(path)).succeeds();
    };
    store("PKCS12", &bench.path("store.p12"));
    store("JKS", &bench.path("store.jks"));
    let refusal = bench.refusal("store.p12");
    assert_eq!(refusal.to_string(), "it is a PKCS#12 keystore, which is not read here");
    bench.openssl(&format!("pkcs12 -nocerts -noenc -in store.p12 -passin {} -out store.pem", at(PASSPHRASE)));
    bench.plain("store.pem");
    assert_eq!(bench.refusal("store.jks").to_string(), "it is a Java keystore, which is not read here");
}
