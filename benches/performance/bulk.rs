//! Many leaves in one run, beside what their cryptography alone takes on this machine, and beside loops of other programs.

use crate::measure::{head, measure, row};
use crate::{Failure, fill};
use nix::sys::resource::{UsageWho, getrusage};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use rootlet::model::{Layout, Profile, San};
use rootlet::pki::{CaRequest, LeafRequest, Pki};
use std::path::Path;
use std::time::Instant;

/// How many leaves the loops of other programs make: their rate does not depend on how long they run.
const LOOP: usize = 200;
/// The to-be-signed part of a leaf is about as long.
const MESSAGE: [u8; 480] = [7; 480];

/// What a number of leaves took, in seconds.
#[derive(Clone, Copy)]
struct Spent {
    wall: f64,
    cpu: f64,
    count: usize,
}

impl Spent {
    fn by(count: usize, work: impl FnOnce() -> Result<(), Failure>) -> Result<Self, Failure> {
        let (before, started) = (cpu()?, Instant::now());
        work()?;
        Ok(Spent { wall: started.elapsed().as_secs_f64(), cpu: cpu()? - before, count })
    }

    /// CPU of one leaf in microseconds.
    fn each(&self) -> f64 {
        self.cpu * 1e6 / self.count as f64
    }

    fn row(&self, label: &str, primitives: &Spent) {
        row(&[
            label.into(),
            self.count.to_string(),
            format!("{:.0}", self.count as f64 / self.wall),
            format!("{:.0} µs", self.each()),
            format!("{:.0} %", 100.0 * primitives.each() / self.each()),
        ]);
    }
}

/// What all threads of this process have taken so far.
fn cpu() -> Result<f64, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

pub fn table(folder: &Path, count: usize, runs: usize) -> Result<(), Failure> {
    println!("\n## {count} leaves (P-256) in one run");
    head(&["what", "leaves", "a second", "CPU each", "primitives' share of the CPU"]);
    let (mut primitives, mut below_root, mut below_issuing, mut combined) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // In turn, so that what else the machine does falls on all alike.
    for run in 0..runs {
        primitives.push(Spent::by(count, || primitive(count))?);
        below_root.push(leaves(&folder.join(format!("bulk-root-{run}")), count, None, Layout::Folder)?);
        let issuing = Some("Issuing");
        below_issuing.push(leaves(&folder.join(format!("bulk-issuing-{run}")), count, issuing, Layout::Folder)?);
        combined.push(leaves(&folder.join(format!("bulk-combined-{run}")), count, issuing, Layout::Combined)?);
    }
    let primitives = median(primitives);
    primitives.row("key, signature, one verification: nothing else, all cores", &primitives);
    median(below_root).row("rootlet, four files each (below a root)", &primitives);
    median(below_issuing).row("rootlet, five files each (below an intermediate)", &primitives);
    median(combined).row("rootlet, one file each (`layout = \"combined\"`)", &primitives);
    for (label, script) in LOOPS {
        let script = format!("{script}\ni=0; while [ $i -lt {LOOP} ]; do i=$((i+1)); leaf h$i.bulk.test; done");
        let words = |_: usize| ["sh", "-ec", &script].map(String::from).to_vec();
        let own = folder.join(label.split(' ').next().unwrap_or(label));
        std::fs::create_dir_all(&own)?;
        match measure(&own, 1, &|_| Ok(()), &words)? {
            Some(t) => Spent { wall: t.wall / 1e3, cpu: t.cpu / 1e3, count: LOOP }.row(label, &primitives),
            None => row(&[label.into(), "not here".into(), String::new(), String::new(), String::new()]),
        }
    }
    println!(
        "\nThe loops made {LOOP} each, nothing of it synced to the disk or recorded; {count} would take {} times as long.",
        count / LOOP
    );
    Ok(())
}

fn median(mut all: Vec<Spent>) -> Spent {
    all.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    all[all.len() / 2]
}

/// The provider's errors say nothing.
const BROKEN: &str = "the primitives do not work";

/// What cannot be spared: a key, a signature, and a verification of it.
fn primitive(count: usize) -> Result<(), Failure> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| BROKEN)?;
    let ca = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map_err(|_| BROKEN)?;
    let threads = std::thread::available_parallelism()?.get();
    let one = || -> Result<(), ring::error::Unspecified> {
        EcdsaKeyPair::generate_pkcs8(algorithm, &random)?;
        let signature = ca.sign(&random, &MESSAGE)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, ca.public_key().as_ref()).verify(&MESSAGE, signature.as_ref())
    };
    std::thread::scope(|scope| {
        let share = |n: usize| (count + n) / threads;
        let all: Vec<_> = (0..threads)
            .map(|n| {
                let one = &one;
                scope.spawn(move || (0..share(n)).try_for_each(|_| one()))
            })
            .collect();
        all.into_iter().try_for_each(|t| Ok(t.join().map_err(|_| BROKEN)?.map_err(|_| BROKEN)?))
    })
}

fn leaves(pki: &Path, count: usize, issuing: Option<&str>, layout: Layout) -> Result<Spent, Failure> {
    fill::root(pki)?;
    if let Some(name) = issuing {
        Pki::open(pki)?.ca(&CaRequest::new(Profile::Intermediate, name)?)?;
    }
    let request = |n: usize| -> Result<LeafRequest, rootlet::pki::Error> {
        let mut request = LeafRequest::new(Profile::Server, &format!("h{n}.bulk.test"))?;
        request.names.push(San::host(&format!("www.h{n}.bulk.test"))?);
        request.layout = Some(layout);
        Ok(request)
    };
    let mut failed = None;
    let spent = Spent::by(count, || {
        let requests = (0..count).filter_map(|n| request(n).ok());
        let end = Pki::open(pki)?.leaves(requests, &mut |issued| failed = issued.result.err())?;
        if end.done == count as u64 && end.failed == 0 { Ok(()) } else { Err("not all were issued".into()) }
    })?;
    failed.map_or(Ok(spent), |e| Err(e.into()))
}

/// A CA, and a function that makes a key and a certificate of it, as one would write them.
const LOOPS: [(&str, &str); 3] = [
    (
        "openssl, three commands in a loop",
        "command -v openssl >/dev/null || exit 127
printf '[req]\\ndistinguished_name=dn\\nprompt=no\\n[dn]\\nCN=x\\n' >req.cnf
k='openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out'
$k ca.key; openssl req -config req.cnf -x509 -new -key ca.key -days 3650 -subj /CN=Root -out ca.crt \
 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
leaf() { $k $1.key
printf 'basicConstraints=critical,CA:FALSE\\nsubjectAltName=DNS:%s,DNS:www.%s\\nextendedKeyUsage=serverAuth\\n\
keyUsage=critical,digitalSignature\\nsubjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' $1 $1 >l.ext
openssl req -config req.cnf -new -key $1.key -subj /CN=$1 -out l.csr
openssl x509 -req -in l.csr -CA ca.crt -CAkey ca.key -days 90 -extfile l.ext -CAcreateserial -out $1.crt; }",
    ),
    (
        "certtool, two commands in a loop",
        "command -v certtool >/dev/null || exit 127
printf 'cn=\"Root\"\\nca\\ncert_signing_key\\ncrl_signing_key\\nexpiration_days=3650\\n' >ca.tmpl
k='certtool --generate-privkey --key-type ecdsa --curve secp256r1 --no-text --outfile'
$k ca.key; certtool --generate-self-signed --load-privkey ca.key --template ca.tmpl --no-text --outfile ca.crt
leaf() { $k $1.key
printf 'cn=\"%s\"\\ndns_name=\"%s\"\\ndns_name=\"www.%s\"\\ntls_www_server\\nsigning_key\\nexpiration_days=90\\n' $1 $1 $1 >l.tmpl
certtool --generate-certificate --load-privkey $1.key --load-ca-certificate ca.crt --load-ca-privkey ca.key \
 --template l.tmpl --no-text --outfile $1.crt; }",
    ),
    (
        "cfssl, one command in a loop",
        "command -v cfssl >/dev/null && command -v cfssljson >/dev/null || exit 127
printf '{\"CN\":\"Root\",\"key\":{\"algo\":\"ecdsa\",\"size\":256},\"ca\":{\"expiry\":\"87600h\"}}' >root.json
printf '{\"signing\":{\"default\":{\"expiry\":\"2160h\",\"usages\":[\"digital signature\",\"server auth\"]}}}' >sign.json
cfssl gencert -loglevel 5 -initca root.json | cfssljson -bare ca
leaf() { printf '{\"CN\":\"%s\",\"key\":{\"algo\":\"ecdsa\",\"size\":256}}' $1 >l.json
cfssl gencert -loglevel 5 -ca ca.pem -ca-key ca-key.pem -config sign.json -hostname $1,www.$1 l.json | cfssljson -bare $1; }",
    ),
];
