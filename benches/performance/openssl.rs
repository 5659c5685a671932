//! A CA as `openssl ca` wants it, with the index of as many certificates.

use crate::Failure;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Its folder, where `openssl` is installed.
pub fn ca(parent: &Path, count: u32, revoked: bool) -> Result<Option<PathBuf>, Failure> {
    let folder = parent.join(format!("openssl-{count}"));
    std::fs::create_dir_all(folder.join("new"))?;
    std::fs::write(folder.join("req.cnf"), "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=x\n")?;
    let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=./index.txt\nrand_serial=yes\ncrlnumber=./crlnumber\n\
        new_certs_dir=./new\ncertificate=./ca.crt\nprivate_key=./ca.key\ndefault_md=sha256\npolicy=p\n\
        default_days=90\nunique_subject=no\ndefault_crl_days=30\ncrl_extensions=e\n[p]\ncommonName=supplied\n\
        [e]\nauthorityKeyIdentifier=keyid\n";
    std::fs::write(folder.join("ca.cnf"), config)?;
    std::fs::write(folder.join("index.txt.attr"), "unique_subject = no\n")?;
    std::fs::write(folder.join("crlnumber"), "01\n")?;
    index(&folder.join("index.txt"), count, revoked)?;
    std::fs::copy(folder.join("index.txt"), folder.join("index.before"))?;
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let root = "-x509 -keyout ca.key -out ca.crt -days 3650 -subj /CN=Root -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign";
    for rest in [root, "-new -keyout l.key -out l.csr -subj /CN=new.scale.test"] {
        let line = format!("req -config req.cnf {key} {rest}");
        let mut command = Command::new("openssl");
        command.args(line.split_whitespace()).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("openssl {line}: {status}").into()),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(folder))
}

/// Puts the index back to what it was.
pub fn restore(folder: &Path) -> Result<(), Failure> {
    std::fs::copy(folder.join("index.before"), folder.join("index.txt"))?;
    std::fs::write(folder.join("index.txt.attr"), "unique_subject = no\n")?;
    Ok(())
}

fn index(path: &Path, count: u32, revoked: bool) -> Result<(), Failure> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut line = String::new();
    for n in 0..count {
        line.clear();
        let (state, at) = if revoked { ('R', "261101000000Z,keyCompromise") } else { ('V', "") };
        let spread = n.wrapping_mul(2_654_435_761) & 0x0fff_ffff;
        writeln!(line, "{state}\t330101000000Z\t{at}\t4{spread:07X}{n:024X}\tunknown\t/CN=h{n:07}.scale.test")?;
        file.write_all(line.as_bytes())?;
    }
    Ok(file.flush()?)
}
