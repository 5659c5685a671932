//! Certificates of a CA that wants to be seen as something else: names that are markup, steer terminals, turn the direction
//! of reading, hide, or have no end.

use super::Sandbox;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rootlet::disk::encode_pem;

/// What would happen if it were taken for more than text. `@` stands for an address that listens.
pub const NAMES: [&str; 12] = [
    "<script>document.title='owned'</script>",
    "</style></title></textarea><img src=http://@/img onerror=fetch('http://@/fetch')>",
    "\" onmouseover=\"alert(1)\" style=\"background:url(http://@/style)",
    "' autofocus onfocus='alert(1)",
    "]]><svg onload=alert(1)><link rel=stylesheet href=http://@/link>",
    "&lt;b&gt;already escaped&amp;",
    "<!-- --><iframe src=http://@/frame></iframe><!--",
    "right\u{202e}to left\u{2066} and \u{200b}hidden\u{ad}",
    "\x1b[31mred\x1b]0;title\x07",
    "nul\0 and\r\nlines\ttabs",
    "`backticks` `$(id)` {{7*7}} ${7*7}",
    "\u{e0041}tags\u{fe0f}\u{fffe}",
];

/// What stands in one of them, with its address filled in.
fn filled(name: &str, address: &str) -> String {
    name.replace('@', address)
}

/// A name of ten thousand characters.
pub fn endless() -> String {
    "<long>".repeat(1_667)
}

fn named(names: impl IntoIterator<Item = (DnType, String)>) -> DistinguishedName {
    let mut all = DistinguishedName::new();
    for (kind, name) in names {
        all.push(kind, DnValue::Utf8String(name));
    }
    all
}

fn params(subject: DistinguishedName) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.not_before = time::OffsetDateTime::now_utc() - time::Duration::days(1);
    params.not_after = params.not_before + time::Duration::days(90);
    params.use_authority_key_identifier_extension = true;
    params
}

/// A CA `hostile.pem` with its key `hostile.key`, and one leaf for each name: `leaf-N.pem`, `leaf-N.key`. Returns how many leaves.
pub fn write(s: &Sandbox, address: &str) -> usize {
    let mut ca = params(named([
        (DnType::CommonName, filled(NAMES[0], address)),
        (DnType::OrganizationName, filled(NAMES[1], address)),
    ]));
    ca.not_after = ca.not_before + time::Duration::days(900);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    s.write("hostile.pem", encode_pem("CERTIFICATE", ca.der()));
    s.write("hostile.key", encode_pem("PRIVATE KEY", &ca.key().serialize_der()));
    let names: Vec<String> = NAMES.iter().map(|n| filled(n, address)).chain([endless()]).collect();
    for (n, name) in names.iter().enumerate() {
        let mut leaf =
            params(named([(DnType::CommonName, name.clone()), (DnType::OrganizationalUnitName, names[n / 2].clone())]));
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if name.is_ascii() {
            // What an IA5String holds is anybody's.
            let ascii = || name.as_str().try_into().unwrap();
            leaf.subject_alt_names =
                vec![SanType::Rfc822Name(ascii()), SanType::DnsName(ascii()), SanType::URI(ascii())];
        }
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &ca).unwrap();
        s.write(&format!("leaf-{n}.key"), encode_pem("PRIVATE KEY", &key.serialize_der()));
        s.write(&format!("leaf-{n}.pem"), encode_pem("CERTIFICATE", leaf.der()));
    }
    names.len()
}

/// A PKI that took the CA over, and as many of its leaves as are taken.
pub fn adopted(address: &str) -> Sandbox {
    let s = Sandbox::new();
    let leaves = write(&s, address);
    s.ok(&["import", "hostile", "--cert-file", "hostile.pem", "--key-file", "hostile.key", "--no-past"]);
    let taken = (0..leaves).filter(|n| {
        let (name, file) = (format!("leaf-{n}"), format!("leaf-{n}.pem"));
        s.run(&["import", &name, "--cert-file", &file]).code == Some(0)
    });
    assert!(taken.count() >= 8, "most of them are taken");
    s
}
