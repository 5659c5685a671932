//! One command as a whole process: start-up, one leaf, a root of RSA.

use crate::measure::{Taken, cells, head, measure, milliseconds, row};
use crate::{Failure, ROOTLET, fill};
use std::path::Path;

fn in_shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(String::from).to_vec()
}

fn lines(title: &str, all: &[(&str, Option<Taken>)]) {
    println!("\n## {title}");
    head(&["command", "wall", "CPU", "memory", "CPU beside the first"]);
    for (label, taken) in all {
        row(&cells(label, *taken, all[0].1));
    }
}

pub fn start(folder: &Path, runs: usize) -> Result<(), Failure> {
    let mut all = Vec::new();
    for (label, program, argument) in [
        ("rootlet --version", ROOTLET, "--version"),
        ("openssl version", "openssl", "version"),
        ("certtool --version", "certtool", "--version"),
        ("true", "true", ""),
    ] {
        let command = |_| [program, argument].iter().filter(|w| !w.is_empty()).map(ToString::to_string).collect();
        all.push((label, measure(folder, runs, &|_| Ok(()), &command)?));
    }
    lines("Start-up", &all);
    Ok(())
}

/// A P-256 key and its certificate with two names. The peers' scripts run in a shell, as they would; ours too.
pub fn leaf(folder: &Path, runs: usize) -> Result<(), Failure> {
    let pki = folder.join("leaf");
    fill::root(&pki)?;
    let peers = folder.join("peers");
    std::fs::create_dir_all(&peers)?;
    std::fs::write(
        peers.join("ca.tmpl"),
        "cn=\"Root\"\nca\ncert_signing_key\ncrl_signing_key\nexpiration_days=3650\n",
    )?;
    let template = "cn=\"a.test\"\ndns_name=\"a.test\"\ndns_name=\"www.a.test\"\ntls_www_server\nsigning_key\nexpiration_days=90\n";
    std::fs::write(peers.join("l.tmpl"), template)?;
    std::fs::write(peers.join("req.cnf"), "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=x\n")?;
    let extensions = "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:a.test,DNS:www.a.test\n\
        extendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n\
        authorityKeyIdentifier=keyid\n";
    std::fs::write(peers.join("l.ext"), extensions)?;
    let certtool_key = "certtool --generate-privkey --key-type ecdsa --curve secp256r1 --no-text --outfile";
    let certtool_ca = format!(
        "{certtool_key} c.key && certtool --generate-self-signed --load-privkey c.key --template ca.tmpl --no-text --outfile c.crt"
    );
    let certtool = format!(
        "{certtool_key} l.key && exec certtool --generate-certificate --load-privkey l.key --load-ca-certificate c.crt \
         --load-ca-privkey c.key --template l.tmpl --no-text --outfile l.crt"
    );
    let key = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out";
    let openssl_ca = format!(
        "{key} o.key && openssl req -config req.cnf -x509 -new -key o.key -days 3650 -subj /CN=Root -out o.crt \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign"
    );
    let openssl = format!(
        "{key} l.key && openssl req -config req.cnf -new -key l.key -subj /CN=a.test -out l.csr && exec openssl x509 -req \
         -in l.csr -CA o.crt -CAkey o.key -days 90 -extfile l.ext -CAcreateserial -out l.crt"
    );
    let rootlet =
        |n: usize| in_shell(&format!("exec {ROOTLET} --pki {} server n{n}.test --dns www.n{n}.test", pki.display()));
    let nothing = |_| Ok(());
    let mut all = Vec::new();
    for (label, make, command) in
        [("certtool, two commands", certtool_ca, certtool), ("openssl, three commands", openssl_ca, openssl)]
    {
        // Where the peer is missing its CA cannot be made, and the table says so.
        let made = measure(&peers, 0, &nothing, &|_| in_shell(&format!("{make} || exit 127")))?;
        let taken = if made.is_some() { measure(&peers, runs, &nothing, &|_| in_shell(&command))? } else { None };
        all.push((label, taken));
    }
    all.push(("rootlet server NAME", measure(folder, runs, &nothing, &rootlet)?));
    all.push(("an empty shell script", measure(folder, runs, &nothing, &|_| in_shell(":"))?));
    lines("One leaf", &all);
    Ok(())
}

pub fn root(folder: &Path, runs: usize) -> Result<(), Failure> {
    let openssl = |_| ["openssl", "genrsa", "-out", "rsa.key", "4096"].map(String::from).to_vec();
    let rootlet = |n: usize| {
        let pki = folder.join(format!("rsa-{n}")).display().to_string();
        [ROOTLET, "--pki", &pki, "root", "Root", "--key", "rsa-4096"].map(String::from).to_vec()
    };
    let nothing = |_| Ok(());
    println!("\n## A root of RSA-4096, {runs} of each");
    head(&["command", "wall, median", "CPU, median", "CPU, mean"]);
    let (openssl, rootlet) = (measure(folder, runs, &nothing, &openssl)?, measure(folder, runs, &nothing, &rootlet)?);
    for (label, taken) in
        [("openssl genrsa 4096 (the key alone)", openssl), ("rootlet root NAME --key rsa-4096", rootlet)]
    {
        let cells = taken.map_or(["not here".to_string(), String::new(), String::new()], |t| {
            [t.wall, t.cpu, t.mean_cpu].map(milliseconds)
        });
        row(&std::iter::once(label.to_string()).chain(cells).collect::<Vec<_>>());
    }
    Ok(())
}
