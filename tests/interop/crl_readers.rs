//! What others find in a CRL, each in its own words, brought into one shape.
//!
//! That shape is `{"number", "this_update", "next_update", "entries": {SERIAL: {"at", "reason", "invalidity_date"}}}`: times
//! as in our own JSON, serials in hexadecimal without leading zeros, reasons by our names, `null` for what is not there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, OnceLock};

use rootlet::model::Reason;
use serde_json::{Map, Value, json};

use super::gnutls::CERTTOOL;
use super::go::{GO, compile};
use super::java::{JAVA, JAVAC, QUICK, compile_java};
use super::nss::{CERTUTIL, CRLUTIL, Database};
use super::openssl::OPENSSL;
use super::pki::Pki;
use super::program::{Program, Ran, clean_command, present, run, source};

/// A Python that has pyca/cryptography: `.ci/run` makes it.
pub static PYCA: LazyLock<Program> = LazyLock::new(|| {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("venv").join("bin/python");
    let python: &'static str = python.to_str().expect("a path in UTF-8").to_string().leak();
    let asked = vec![python, "-c", "import cryptography; print('cryptography', cryptography.__version__)"];
    Program { name: python, version: asked.leak() }
});

/// A CRL in both forms, and the certificate of the CA that should have signed it.
pub struct Listed {
    pub pem: PathBuf,
    pub der: PathBuf,
    pub authority: PathBuf,
}

impl Listed {
    pub fn of(pki: &Pki, handle: &str) -> Self {
        let authority = pki.authority(handle);
        let der = pki.public(&format!("{handle}.crl"));
        Self { pem: authority.crl(), der, authority: authority.certificate() }
    }
}

/// Who reads CRLs and checks their signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    OpenSsl,
    Certtool,
    Nss,
    Pyca,
    Go,
    Java,
}

impl Reader {
    pub const ALL: [Self; 6] = [Self::OpenSsl, Self::Certtool, Self::Nss, Self::Pyca, Self::Go, Self::Java];

    pub fn is_present(self) -> bool {
        match self {
            Self::OpenSsl => present(&[&OPENSSL]),
            Self::Certtool => present(&[&CERTTOOL]),
            Self::Nss => present(&[&CERTUTIL, &CRLUTIL]),
            Self::Pyca => present(&[&PYCA]),
            Self::Go => present(&[&GO]),
            Self::Java => present(&[&JAVA, &JAVAC]),
        }
    }

    /// What it finds in both forms alike, or what it said when it refused one.
    pub fn read(self, list: &Listed) -> Result<Value, Ran> {
        let authority = &list.authority;
        match self {
            Self::OpenSsl => same(by_openssl(&list.pem, authority)?, by_openssl(&list.der, authority)?),
            Self::Certtool => by_certtool(list),
            // It takes no PEM.
            Self::Nss => by_nss(&list.der, authority),
            Self::Pyca => {
                let mut command = clean_command(PYCA.name);
                command.arg("-I").arg(source("python/crl.py"));
                by_program(&mut command, list)
            }
            Self::Go => {
                static COMPILED: OnceLock<PathBuf> = OnceLock::new();
                by_program(&mut clean_command(COMPILED.get_or_init(|| compile("crl"))), list)
            }
            Self::Java => {
                static COMPILED: OnceLock<PathBuf> = OnceLock::new();
                let classes = COMPILED.get_or_init(|| compile_java("ReadCrl"));
                by_program(JAVA.command().args(QUICK).arg("-cp").arg(classes).arg("ReadCrl"), list)
            }
        }
    }

    /// What it can have found when the truth is `whole`: certtool does not show why and since when.
    pub fn sees(self, whole: &Value) -> Value {
        let mut seen = whole.clone();
        if self == Self::Certtool {
            for entry in seen["entries"].as_object_mut().into_iter().flat_map(Map::values_mut) {
                *entry = self::entry(entry["at"].clone());
            }
        }
        seen
    }
}

fn entry(at: Value) -> Value {
    json!({"at": at, "reason": null, "invalidity_date": null})
}

#[track_caller]
fn same(pem: Value, der: Value) -> Result<Value, Ran> {
    assert_eq!(pem, der, "PEM and DER are the same CRL");
    Ok(pem)
}

/// A program of ours in another language, which prints one line of JSON per CRL.
fn by_program(command: &mut Command, list: &Listed) -> Result<Value, Ran> {
    command.arg(&list.pem).arg(&list.authority).arg(&list.der).arg(&list.authority);
    let ran = run(command);
    if ran.code != Some(0) {
        return Err(ran);
    }
    let mut lines = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let (pem, der) = (lines.next(), lines.next());
    same(pem.expect("a line for PEM"), der.expect("a line for DER"))
}

fn by_openssl(crl: &Path, authority: &Path) -> Result<Value, Ran> {
    let mut command = OPENSSL.command();
    command.args(["crl", "-noout", "-text", "-verify", "-no-CAstore", "-no-CApath", "-in"]).arg(crl);
    let ran = run(command.arg("-CAfile").arg(authority));
    let labels = [
        ("Last Update:", Field::ThisUpdate),
        ("Next Update:", Field::NextUpdate),
        ("X509v3 CRL Number:", Field::Number { radix: 10 }),
        ("Serial Number:", Field::Serial),
        ("Revocation Date:", Field::At),
        ("X509v3 CRL Reason Code:", Field::Reason),
        ("Invalidity Date:", Field::InvalidityDate),
    ];
    // The exit code says nothing before OpenSSL 3.2.
    let verified = ran.code == Some(0) && (ran.stderr.contains("verify OK") || ran.stdout.contains("verify OK"));
    if verified { Ok(read_listing(&ran.stdout, &labels)) } else { Err(ran) }
}

/// It verifies in PEM alone: what says that a CRL is DER says it of the CA's certificate too.
fn by_certtool(list: &Listed) -> Result<Value, Ran> {
    let mut command = CERTTOOL.command();
    command.arg("--verify-crl").arg("--load-ca-certificate").arg(&list.authority).arg("--infile").arg(&list.pem);
    let verified = run(&mut command);
    if verified.code != Some(0) || !verified.stdout.contains("Verification output: Verified.") {
        return Err(verified);
    }
    let labels = [
        ("Issued:", Field::ThisUpdate),
        ("Next at:", Field::NextUpdate),
        ("CRL Number (not critical):", Field::Number { radix: 16 }),
        ("Serial Number (hex):", Field::Serial),
        ("Revoked at:", Field::At),
    ];
    let shown = |form: Option<&str>, crl: &Path| {
        let ran = run(CERTTOOL.command().args(form).arg("--crl-info").arg("--infile").arg(crl)).succeeds();
        read_listing(&ran.stdout, &labels)
    };
    same(shown(None, &list.pem), shown(Some("--inder"), &list.der))
}

/// NSS checks the signature when it imports a CRL, and lists it by the name of its CA.
fn by_nss(crl: &Path, authority: &Path) -> Result<Value, Ran> {
    let database = Database::empty();
    database.add("authority", "CT,,", authority).succeeds();
    let imported = run(database.opened_by(&CRLUTIL).args(["-I", "-t", "1", "-i"]).arg(crl));
    if imported.code != Some(0) {
        return Err(imported);
    }
    let shown = run(database.opened_by(&CRLUTIL).args(["-L", "-n", "authority"])).succeeds();
    let labels = [
        ("This Update:", Field::ThisUpdate),
        ("Next Update:", Field::NextUpdate),
        ("Name: CRL Number", Field::Number { radix: 10 }),
        ("Serial Number:", Field::Serial),
        ("Revocation Date:", Field::At),
        ("Name: CRL reason code", Field::Reason),
        ("Name: Invalid Date", Field::InvalidityDate),
    ];
    Ok(read_listing(&shown.stdout, &labels))
}

/// What a label of a listing announces; the value stands after it or on the next line.
#[derive(Clone, Copy)]
enum Field {
    ThisUpdate,
    NextUpdate,
    Number { radix: u32 },
    Serial,
    At,
    Reason,
    InvalidityDate,
}

/// A listing for people.
fn read_listing(text: &str, labels: &[(&str, Field)]) -> Value {
    let mut seen = json!({"number": null, "this_update": null, "next_update": null});
    let mut entries = Map::new();
    let mut serial = String::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some((field, rest)) = labels.iter().find_map(|(label, field)| Some((field, line.strip_prefix(label)?)))
        else {
            continue;
        };
        let value = if rest.is_empty() { lines.next().expect("a value after its label") } else { rest.trim() };
        let value = value.trim_start_matches("Data: ").trim_start_matches("Date: ");
        // NSS says a number twice: `6 (0x6)`.
        let number = value.split(' ').next().unwrap_or(value);
        match field {
            Field::ThisUpdate => seen["this_update"] = time(value),
            Field::NextUpdate => seen["next_update"] = time(value),
            Field::Number { radix } => seen["number"] = u64::from_str_radix(number, *radix).expect("a number").into(),
            Field::Serial => {
                let short = value.split_once("(0x").map(|(_, digits)| digits.trim_end_matches(')'));
                let mut digits = short.unwrap_or(value).to_owned();
                // NSS breaks a long one into lines.
                while digits.ends_with(':') {
                    digits += lines.next().expect("the rest of a serial");
                }
                serial = digits.replace(':', "").to_ascii_lowercase().trim_start_matches('0').to_owned();
                assert!(entries.insert(serial.clone(), entry(Value::Null)).is_none(), "{serial} stands there twice");
            }
            Field::At => entries[&serial]["at"] = time(value),
            Field::Reason => {
                let code = number.parse().ok().map(|code| Reason::from_code(code).expect("a reason").name().to_owned());
                entries[&serial]["reason"] = code.unwrap_or_else(|| value.to_lowercase().replace(' ', "-")).into();
            }
            Field::InvalidityDate => entries[&serial]["invalidity_date"] = time(value),
        }
    }
    seen["entries"] = Value::Object(entries);
    seen
}

/// A time as C libraries write it, in any order: `Mar  4 05:06:07 2021 GMT`, `Thu Mar 04 05:06:07 UTC 2021`.
fn time(words: &str) -> Value {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let all: Vec<&str> = words.split_whitespace().collect();
    let place = all.iter().position(|word| MONTHS.contains(word)).expect("a month");
    let month = MONTHS.iter().position(|month| *month == all[place]).expect("a month") + 1;
    let day: u32 = all[place + 1].parse().expect("a day");
    let year = all.iter().find(|word| word.len() == 4 && word.parse::<u32>().is_ok()).expect("a year");
    format!("{year}-{month:02}-{day:02}T{}Z", all[place + 2]).into()
}
