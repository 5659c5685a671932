//! Every refusal, one row each: the command, its exit code, its error code, and words of its message or hints. Each row
//! is run for scripts and for people, and leaves every file and every row of the inventory as it was.

use crate::common::{Ran, Sandbox, State};
use serde_json::Value;

/// A command as it is typed (with `'…'` around words that have spaces), exit code, error code, words.
type Row = (&'static str, i32, &'static str, &'static str);

/// The words of a command line; `'…'` keeps spaces.
pub fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quoted, mut started) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, started) = (!quoted, true),
            ' ' if !quoted => {
                if started {
                    all.push(std::mem::take(&mut word));
                }
                started = false;
            }
            c => {
                word.push(c);
                started = true;
            }
        }
    }
    if started {
        all.push(word);
    }
    all
}

/// Runs all rows, and shows all that fail, not only the first.
#[track_caller]
fn check(sandbox: &Sandbox, rows: &[Row]) {
    let before = sandbox.state();
    let wrong: Vec<String> = rows.iter().filter_map(|row| check_row(sandbox, &before, row).err()).collect();
    assert!(wrong.is_empty(), "{} of {} rows are wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n---\n"));
}

fn check_row(sandbox: &Sandbox, before: &State, (line, exit, code, says): &Row) -> Result<(), String> {
    let line = line.replace("@64", &"x".repeat(64)).replace("@121", &"x".repeat(121));
    let arguments = words(&line);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

    let ran = sandbox.run(&[&["--json"], &arguments[..]].concat());
    let fail = |what: String, ran: &Ran| Err(format!("{what}: {ran}"));
    if ran.code != Some(*exit) {
        return fail(format!("exit code {exit} was expected"), &ran);
    }
    let error = match ran.read_error() {
        Ok(error) => error,
        Err(problem) => return fail(problem, &ran),
    };
    if error["code"] != *code {
        return fail(format!("the code `{code}` was expected"), &ran);
    }
    let hints = error["hints"].as_array().into_iter().flatten();
    let texts: Vec<&str> = std::iter::once(&error["message"]).chain(hints).filter_map(Value::as_str).collect();
    if !texts.join("\n").contains(says) {
        return fail(format!("{says:?} was expected"), &ran);
    }

    let ran = sandbox.run(&arguments);
    let alike = ran.code == Some(*exit) && ran.stdout.is_empty() && ran.stderr.starts_with("error: ");
    if !alike || !ran.stderr.contains(says) {
        return fail(format!("people are to be told {says:?} as well"), &ran);
    }
    before.compare(&sandbox.state()).map_err(|changes| format!("`{line}` {changes}"))
}

/// What is wrong in itself is seen without a PKI: in an empty folder.
#[test]
fn usage_of_verbs_and_options() {
    check(
        &Sandbox::new(),
        &[
            ("nonsense", 2, "usage", "nonsense"),
            ("serve api.internal", 2, "usage", "serve"),
            ("root", 2, "usage", "NAME is missing"),
            ("intermediate", 2, "usage", "NAME is missing"),
            ("server", 2, "usage", "NAME is missing"),
            ("client", 2, "usage", "NAME is missing"),
            ("peer", 2, "usage", "NAME is missing"),
            ("workload", 2, "usage", "NAME is missing"),
            ("show", 2, "usage", "NAME is missing"),
            ("revoke", 2, "usage", "nothing to revoke"),
            ("completions", 2, "usage", "SHELL"),
            ("server a.internal b.internal", 2, "usage", "b.internal"),
            ("list api.internal", 2, "usage", "api.internal"),
            ("doctor x", 2, "usage", "x"),
            // Long options are never abbreviated.
            ("server a.internal --life 90d", 2, "usage", "--life"),
            ("server a.internal --if-miss", 2, "usage", "--if-miss"),
            ("server a.internal --pk elsewhere", 2, "usage", "--pk"),
            // An option that cannot take effect is refused.
            ("root X --force", 2, "usage", "--force"),
            ("root X --issuer y", 2, "usage", "--issuer"),
            ("root X --eku serverAuth", 2, "usage", "--eku"),
            ("root X --dns a.internal", 2, "usage", "--dns"),
            ("root X --out-dir o", 2, "usage", "--out-dir"),
            ("intermediate X --force", 2, "usage", "--force"),
            ("intermediate X --out-dir o", 2, "usage", "--out-dir"),
            ("server a.internal --path-len 0", 2, "usage", "--path-len"),
            ("server a.internal --permit dns:a", 2, "usage", "--permit"),
            ("server a.internal --crl-url http://a.example/x.crl", 2, "usage", "--crl-url"),
            ("server a.internal --owner root", 2, "usage", "--out-dir"),
            ("server a.internal --key-mode 0640", 2, "usage", "--out-dir"),
            ("workload spiffe://example.org/x --subject CN=x", 2, "usage", "--subject"),
            ("workload spiffe://example.org/x --ip 10.0.0.1", 2, "usage", "rootlet peer"),
            ("workload spiffe://example.org/x --email a@b.example", 2, "usage", "rootlet peer"),
            ("workload spiffe://example.org/x --uri https://a.example/", 2, "usage", "rootlet peer"),
            ("show --issuer lab-root", 2, "usage", "--serial"),
            ("revoke x --issuer lab-root", 2, "usage", "--serial"),
            // Options that exclude each other.
            ("server a.internal --lifetime 1d --days 1", 2, "usage", "cannot be used with"),
            ("server a.internal --lifetime 1d --not-after 2040-01-01", 2, "usage", "cannot be used with"),
            ("server a.internal --days 1 --not-after 2040-01-01", 2, "usage", "cannot be used with"),
            ("root X --lifetime 1d --not-after 2040-01-01", 2, "usage", "cannot be used with"),
            ("server a.internal --if-missing --renew-within", 2, "usage", "cannot be used with"),
            ("server a.internal --if-missing --renew-within 30d", 2, "usage", "cannot be used with"),
            ("server a.internal --if-missing --force", 2, "usage", "cannot be used with"),
            ("server a.internal --renew-within 30d --force", 2, "usage", "cannot be used with"),
            ("root X --if-missing --renew-within", 2, "usage", "cannot be used with"),
            ("crl --check --next-update 7d", 2, "usage", "cannot be used with"),
            ("show x --serial 01", 2, "usage", "cannot be used with"),
            ("revoke x --release --reason superseded", 2, "usage", "cannot be used with"),
            ("revoke x --release --invalidity-date 2026-01-01", 2, "usage", "cannot be used with"),
            // Values from a closed list.
            ("completions tcsh", 2, "usage", "tcsh"),
            ("list --status gone", 2, "usage", "gone"),
            ("list --color sometimes", 2, "usage", "sometimes"),
            ("bundle --format xml", 2, "usage", "xml"),
            ("list --profile ca", 2, "invalid-value", "one of root, intermediate, server"),
            // The shell gave NAME to an option whose value may be left out.
            ("server --renew-within a.internal", 2, "usage", "a.internal --renew-within"),
            ("root --renew-within X", 2, "usage", "X --renew-within"),
        ],
    );
}

#[test]
fn names_of_the_wrong_type() {
    check(
        &Sandbox::new(),
        &[
            // DNS names
            ("server my_host.internal", 2, "invalid-value", "write `my-host.internal`"),
            ("server a.internal --dns my_host.internal", 2, "invalid-value", "write `my-host.internal`"),
            ("server a.*.internal", 2, "invalid-value", "whole leftmost label"),
            ("server a*.lab.internal", 2, "invalid-value", "write `*.` and a domain"),
            ("server *.internal", 2, "invalid-value", "*.lab.internal"),
            ("server *", 2, "invalid-value", "wildcard"),
            ("server ''", 2, "invalid-value", "it is empty"),
            ("server a..internal", 2, "invalid-value", "empty label"),
            ("server @64.internal", 2, "invalid-value", "too long"),
            ("server -a.internal", 2, "usage", "-a"),
            ("server a.internal --dns 10.0.0.1", 2, "invalid-value", "--ip 10.0.0.1"),
            ("server a.internal --dns 2001:db8::1", 2, "invalid-value", "--ip 2001:db8::1"),
            ("server a.internal --dns https://b.internal/", 2, "invalid-value", "--uri"),
            ("server a.internal --dns b.internal:443", 2, "invalid-value", "without a port"),
            ("server a.internal --dns 'b internal'", 2, "invalid-value", "characters"),
            ("server a.internal --dns 1.2.3", 2, "invalid-value", "last label is a number"),
            ("client c --dns my_host.internal", 2, "invalid-value", "underscore"),
            ("peer my_host.internal", 2, "invalid-value", "underscore"),
            ("workload spiffe://example.org/x --dns my_host.internal", 2, "invalid-value", "underscore"),
            // IP addresses
            ("server [2001:db8::1]", 2, "invalid-value", "`2001:db8::1`"),
            ("server fe80::1%eth0", 2, "invalid-value", "zone id"),
            ("server ::ffff:10.0.0.1", 2, "invalid-value", "IPv4-mapped"),
            ("server a.internal --ip [::1]", 2, "invalid-value", "`::1`"),
            ("server a.internal --ip fe80::1%eth0", 2, "invalid-value", "zone id"),
            ("server a.internal --ip ::ffff:10.0.0.1", 2, "invalid-value", "IPv4-mapped"),
            ("server a.internal --ip 10.0.0.0/8", 2, "invalid-value", "not networks"),
            ("server a.internal --ip 010.0.0.1", 2, "invalid-value", "neither IPv4 nor IPv6"),
            ("server a.internal --ip b.internal", 2, "invalid-value", "neither IPv4 nor IPv6"),
            ("server a.internal --ip ''", 2, "invalid-value", "neither IPv4 nor IPv6"),
            // Email addresses
            ("client c --email nobody", 2, "invalid-value", "email address"),
            ("client c --email a@b@c.example", 2, "invalid-value", "email address"),
            ("client c --email 'A <a@b.example>'", 2, "invalid-value", "email address"),
            ("client c --email @b.example", 2, "invalid-value", "email address"),
            // URIs
            ("client c --uri a.example", 2, "invalid-value", "absolute URI"),
            ("client c --uri /path", 2, "invalid-value", "absolute URI"),
            ("client c --uri 'https://a.example/a b'", 2, "invalid-value", "absolute URI"),
            ("client c --uri spiffe://example.org", 2, "invalid-value", "path"),
            // SPIFFE IDs
            ("workload api", 2, "invalid-value", "spiffe://example.org/ns/prod/sa/api"),
            ("workload https://example.org/x", 2, "invalid-value", "does not start with spiffe://"),
            ("workload spiffe://example.org", 2, "invalid-value", "a workload's ID has a path"),
            ("workload spiffe:///x", 2, "invalid-value", "trust domain is empty"),
            ("workload spiffe://Example.org/x", 2, "invalid-value", "lower case"),
            ("workload spiffe://example.org/x/", 2, "invalid-value", "ends in a slash"),
            ("workload spiffe://example.org/../x", 2, "invalid-value", "relative"),
            ("workload spiffe://example.org/x?y=z", 2, "invalid-value", "query"),
            ("workload spiffe://example.org:80/x", 2, "invalid-value", "trust domain"),
            ("server a.internal --spiffe spiffe://example.org", 2, "invalid-value", "has a path"),
            ("peer a.internal --spiffe spiffe://example.org", 2, "invalid-value", "has a path"),
            ("root X --spiffe spiffe://example.org/x", 2, "invalid-value", "a trust domain's ID has no path"),
            ("intermediate X --spiffe spiffe://example.org/x", 2, "invalid-value", "a trust domain's ID has no path"),
            ("root X --spiffe example.org", 2, "invalid-value", "does not start with spiffe://"),
            (
                "workload spiffe://example.org/x --spiffe spiffe://example.org/y",
                2,
                "invalid-value",
                "issue one certificate for each",
            ),
            (
                "peer a.internal --spiffe spiffe://example.org/x --spiffe spiffe://example.org/y",
                2,
                "invalid-value",
                "issue one certificate for each",
            ),
            (
                "peer a.internal --spiffe spiffe://example.org/x --uri spiffe://example.org/y",
                2,
                "invalid-value",
                "issue one certificate for each",
            ),
            // Common names and names of CAs
            ("client ''", 2, "invalid-value", ""),
            ("client @64x", 2, "usage", "64 characters"),
            ("root ''", 2, "usage", "NAME is empty"),
            ("root ' '", 2, "usage", "NAME is empty"),
            ("root @64x", 2, "invalid-value", "64"),
            // Handles
            ("server a.internal --name a/b", 2, "invalid-value", "not safe in a file name"),
            ("server a.internal --name ..", 2, "invalid-value", "starts or ends"),
            ("server a.internal --name .hidden", 2, "invalid-value", "starts or ends"),
            ("server a.internal --name con", 2, "invalid-value", "device"),
            ("server a.internal --name ''", 2, "invalid-value", "it is empty"),
            ("server a.internal --name @121", 2, "invalid-value", "120 bytes"),
            ("root X --name 'lab root'", 2, "invalid-value", "not safe in a file name"),
        ],
    );
}

#[test]
fn subjects_of_the_wrong_form() {
    check(
        &Sandbox::new(),
        &[
            ("client c --subject 'C=DE,O=Example,CN=c'", 2, "subject-order", "pass `CN=c,O=Example,C=DE`"),
            ("client c --subject 'C=DE,O=Example,CN=c'", 2, "subject-order", "pass `/C=DE/O=Example/CN=c`"),
            ("root X --subject 'O=Example,CN=X'", 2, "subject-order", "pass `CN=X,O=Example`"),
            ("intermediate X --subject 'DC=org,DC=example,CN=X'", 2, "subject-order", "pass `CN=X,DC=example,DC=org`"),
            ("server a.internal --subject 'ST=B,O=Example,CN=a'", 2, "subject-order", "general to specific"),
            ("server a.internal --subject 'L=B,O=Example,CN=a'", 2, "subject-order", "general to specific"),
            ("client c --subject alice", 2, "invalid-value", "TYPE=value"),
            ("client c --subject CN=", 2, "invalid-value", "has no value"),
            ("client c --subject NOPE=x", 2, "invalid-value", "attribute type"),
            ("client c --subject C=DEU,CN=c", 2, "invalid-value", "two upper-case letters"),
            ("client c --subject CN=a+CN=b", 2, "invalid-value", "twice"),
            ("client c --subject 'CN=a\\4z'", 2, "invalid-value", "escape"),
            ("client c --subject CN=#0c0161", 2, "invalid-value", "#hex"),
            ("client c --subject CN=@64x", 2, "invalid-value", "64"),
            ("root X --subject ''", 2, "usage", "cannot be empty"),
            ("intermediate X --subject /", 2, "invalid-value", "TYPE=value"),
        ],
    );
}

#[test]
fn dates_keys_and_other_values_of_the_wrong_type() {
    check(
        &Sandbox::new(),
        &[
            // Durations
            ("server a.internal --lifetime 365", 2, "invalid-value", "`365d` for days"),
            ("root X --lifetime 10", 2, "invalid-value", "`10d` for days"),
            ("server a.internal --lifetime 10x", 2, "invalid-value", "s, m, h, d, w, y"),
            ("server a.internal --lifetime 90D", 2, "invalid-value", "s, m, h, d, w, y"),
            ("server a.internal --lifetime d", 2, "invalid-value", "whole number"),
            ("server a.internal --lifetime 1.5d", 2, "invalid-value", "90d, 12h, 2y"),
            ("server a.internal --lifetime=-1d", 2, "invalid-value", "whole number"),
            ("server a.internal --lifetime 0d", 2, "invalid-value", "longer than nothing"),
            ("server a.internal --lifetime ''", 2, "invalid-value", "it is empty"),
            ("server a.internal --lifetime 1001y", 2, "invalid-value", "thousand years"),
            ("server a.internal --lifetime 99999999999999999999d", 2, "invalid-value", "thousand years"),
            ("server a.internal --days 90d", 2, "usage", "--days 90"),
            ("server a.internal --days=-1", 2, "usage", "--days 90"),
            ("server a.internal --days 0", 2, "usage", "number of days"),
            ("crl --next-update 30", 2, "invalid-value", "`30d` for days"),
            ("list --expires-within 30", 2, "invalid-value", "`30d` for days"),
            // Windows
            ("server a.internal --renew-within 30", 2, "invalid-value", "30"),
            ("server a.internal --renew-within 0%", 2, "invalid-value", "0%"),
            ("server a.internal --renew-within 101%", 2, "invalid-value", "101%"),
            ("root X --renew-within soon", 2, "invalid-value", "soon"),
            // Times
            ("server a.internal --not-after tomorrow", 2, "invalid-value", "2030-01-31T12:00:00Z"),
            ("server a.internal --not-after 2030-02-30", 2, "invalid-value", "2030-02-30"),
            ("server a.internal --not-after 2030-01-31T12:00:00", 2, "invalid-value", "RFC 3339"),
            ("server a.internal --not-before 01.02.2030", 2, "invalid-value", "RFC 3339"),
            ("root X --not-before now", 2, "invalid-value", "RFC 3339"),
            ("revoke x --invalidity-date yesterday", 2, "invalid-value", "RFC 3339"),
            // Keys
            ("server a.internal --key dsa", 2, "invalid-value", "p256, p384, ed25519"),
            ("server a.internal --key rsa-1024", 2, "invalid-value", "rsa-2048"),
            ("server a.internal --key rsa", 2, "invalid-value", "rsa-2048"),
            ("server a.internal --key p521", 2, "usage", "this build has no p521 keys"),
            ("server a.internal --key ml-dsa-44", 2, "usage", "this build has no ml-dsa-44 keys"),
            ("root X --key ml-dsa-65", 2, "usage", "this build has no ml-dsa-65 keys"),
            ("intermediate X --key ml-dsa-87", 2, "usage", "this build has no ml-dsa-87 keys"),
            // Purposes
            ("server a.internal --eku anyExtendedKeyUsage", 2, "invalid-value", "anyExtendedKeyUsage"),
            ("server a.internal --eku 2.5.29.37.0", 2, "invalid-value", "2.5.29.37.0"),
            ("intermediate X --eku anyExtendedKeyUsage", 2, "invalid-value", "anyExtendedKeyUsage"),
            ("server a.internal --eku web", 2, "invalid-value", "dotted OID"),
            ("server a.internal --eku 1.99", 2, "invalid-value", "1.99"),
            // Path lengths and name constraints
            ("root X --path-len=-1", 2, "usage", "0 to 255"),
            ("root X --path-len 256", 2, "usage", "0 to 255"),
            ("intermediate X --path-len many", 2, "usage", "0 to 255"),
            ("root X --permit lab.internal", 2, "invalid-value", "TYPE:VALUE"),
            ("root X --permit host:lab.internal", 2, "invalid-value", "none of dns, ip, email, uri, dn, spiffe"),
            ("root X --permit dns:", 2, "invalid-value", "name constraint"),
            ("root X --permit dns:*.lab.internal", 2, "invalid-value", "without a wildcard"),
            ("root X --permit dns:.lab.internal", 2, "invalid-value", "without a leading dot"),
            ("root X --exclude dns:my_lab.internal", 2, "invalid-value", "underscore"),
            ("root X --exclude ip:10.0.0.1", 2, "invalid-value", "prefix length"),
            ("root X --exclude ip:10.0.0.1/8", 2, "invalid-value", "behind its prefix"),
            ("root X --exclude ip:10.0.0.0/33", 2, "invalid-value", "longer than the address"),
            ("root X --exclude email:a@b@c", 2, "invalid-value", "mailbox"),
            ("root X --exclude uri:https://a.example/", 2, "invalid-value", "without scheme or path"),
            ("root X --exclude dn:Example", 2, "invalid-value", "name constraint"),
            ("intermediate X --permit spiffe:Example.org", 2, "invalid-value", "name constraint"),
            // URLs
            ("root X --crl-url pki.example.org", 2, "invalid-value", "pki.example.org"),
            ("root X --issuer-url /x.crt", 2, "invalid-value", "/x.crt"),
            ("root X --ocsp-url 'http://a b/'", 2, "invalid-value", "http://a b/"),
            // Delivery
            ("server a.internal --out-dir ''", 2, "usage", "a value is required for '--out-dir"),
            ("sign none.csr --profile server --out-dir ''", 2, "usage", "a value is required for '--out-dir"),
            ("apply none.toml --out-dir ''", 2, "usage", "a value is required for '--out-dir"),
            ("plan none.toml --out-dir ''", 2, "usage", "a value is required for '--out-dir"),
            ("server a.internal --out-dir o --key-mode 0644", 2, "usage", "0600 or 0640"),
            ("server a.internal --out-dir o --key-mode 0602", 2, "usage", "0600 or 0640"),
            ("server a.internal --out-dir o --key-mode 4640", 2, "usage", "0600 or 0640"),
            ("server a.internal --out-dir o --key-mode 0000", 2, "usage", "0600 or 0640"),
            ("server a.internal --out-dir o --key-mode 0040", 2, "usage", "0600 or 0640"),
            ("server a.internal --out-dir o --key-mode 888", 2, "usage", "octal"),
            ("server a.internal --out-dir o --key-mode u=rw", 2, "usage", "octal"),
            // Revocations
            ("revoke x --reason lost", 2, "invalid-value", "key-compromise"),
            ("revoke x --reason remove-from-crl", 2, "invalid-value", "--release"),
            ("revoke x --reason 8", 2, "invalid-value", "--release"),
            ("revoke x --reason 7", 2, "invalid-value", "reason"),
            ("revoke --serial xyz", 2, "invalid-value", "hexadecimal"),
            ("revoke --serial 0", 2, "invalid-value", "it is zero"),
            ("show --serial 0102030405060708090a0b0c0d0e0f1011121314aa", 2, "invalid-value", "20 octets"),
        ],
    );
}

#[test]
fn without_a_pki() {
    check(
        &Sandbox::new(),
        &[
            ("intermediate X", 1, "no-pki", "rootlet root NAME"),
            ("server a.internal", 1, "no-pki", "rootlet root NAME"),
            ("client c", 1, "no-pki", "there is no PKI in `pki`"),
            ("peer a.internal", 1, "no-pki", "--pki"),
            ("workload spiffe://example.org/x", 1, "no-pki", "--pki"),
            ("revoke a.internal", 1, "no-pki", "--pki"),
            ("crl", 1, "no-pki", "--pki"),
            ("crl --check", 1, "no-pki", "--pki"),
            ("bundle", 1, "no-pki", "--pki"),
            ("bundle --output roots.pem", 1, "no-pki", "--pki"),
            ("list", 1, "no-pki", "--pki"),
            ("list --jsonl", 1, "no-pki", "--pki"),
            ("show a.internal", 1, "no-pki", "--pki"),
            ("doctor", 1, "no-pki", "--pki"),
            ("doctor --repair", 1, "no-pki", "--pki"),
            ("list --pki elsewhere", 1, "no-pki", "there is no PKI in `elsewhere`"),
        ],
    );
}

#[test]
fn of_a_root_that_would_be_the_first() {
    // Nothing is left behind: no folder, no key, no inventory.
    check(
        &Sandbox::new(),
        &[("root X --not-before 2030-01-02 --not-after 2030-01-01", 2, "invalid-value", "not later than")],
    );
}

/// A root and one issuing CA, and some leaves in every state.
fn simple() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    s.ok(&["client", "service-a"]);
    s.ok(&["client", "lost", "--name", "lost"]);
    s.ok(&["revoke", "lost", "--reason", "superseded"]);
    s.ok(&["client", "held"]);
    s.ok(&["revoke", "held", "--reason", "certificate-hold"]);
    s.write("garbage.pem", "no certificate\n");
    s.write("empty.pem", "");
    s.write("binary.der", [0x30, 0x82, 0xff, 0xff, 0x00]);
    let foreign = Sandbox::new();
    foreign.ok(&["root", "Lab Root"]);
    s.write("foreign.pem", foreign.bytes("pki/ca/lab-root/cert.pem"));
    s.write("key.pem", s.bytes("pki/certs/api.internal/key.pem"));
    s
}

#[test]
fn of_names_and_targets_that_are_taken_or_unknown() {
    check(
        &simple(),
        &[
            // A live certificate that nobody allowed to touch.
            ("server api.internal", 1, "exists", "--if-missing"),
            ("server api.internal", 1, "exists", "--force"),
            ("server API.internal.", 1, "exists", "`api.internal` exists already"),
            ("root 'Lab Root'", 1, "exists", "--renew-within"),
            ("intermediate 'Lab Issuing'", 1, "exists", "--if-missing"),
            // One that is not what was asked for.
            ("server api.internal --dns b.internal --if-missing", 1, "differs", "dns:api.internal dns:b.internal"),
            ("server api.internal --ip 10.0.0.1 --renew-within", 1, "differs", "ip:10.0.0.1"),
            (
                "server api.internal --subject CN=b --if-missing",
                1,
                "differs",
                "subject is `CN=api.internal`, not `CN=b`",
            ),
            ("server api.internal --eku codeSigning --if-missing", 1, "differs", "codeSigning"),
            ("server api.internal --key p384 --if-missing", 1, "differs", "key is `p256`, not `p384`"),
            (
                "server api.internal --issuer lab-root --if-missing",
                1,
                "differs",
                "issuer is `lab-issuing`, not `lab-root`",
            ),
            ("root 'Lab Root' --path-len 1 --if-missing", 1, "differs", "path_len is `none`, not `1`"),
            ("root 'Lab Root' --key p384 --if-missing", 1, "differs", "a CA is never replaced"),
            ("root 'Lab Root' --permit dns:a.internal --renew-within", 1, "differs", "dns:a.internal"),
            ("root 'Lab Root' --exclude dns:a.internal --if-missing", 1, "differs", "exclude"),
            ("root 'Lab Root' --spiffe spiffe://example.org --if-missing", 1, "differs", "uri:spiffe://example.org"),
            ("intermediate 'Lab Issuing' --path-len 1 --if-missing", 1, "differs", "path_len is `0`, not `1`"),
            ("intermediate 'Lab Issuing' --eku serverAuth --if-missing", 1, "differs", "serverAuth"),
            ("root 'Lab Root' --crl-url http://a.example/x.crl --if-missing", 1, "differs", "http://a.example/x.crl"),
            // Handles of others: one case-insensitive namespace.
            ("client api.internal", 1, "name-taken", "--name api.internal-client"),
            ("client API.INTERNAL", 1, "name-taken", "taken by server `api.internal`"),
            ("client api.internal --force", 1, "name-taken", "--name api.internal-client"),
            ("client api.internal --if-missing", 1, "name-taken", "--name api.internal-client"),
            ("client 'Lab Issuing'", 1, "name-taken", "taken by intermediate"),
            ("server x.internal --name service-a", 1, "name-taken", "taken by client `service-a`"),
            ("root 'Service-A'", 1, "name-taken", "taken by client"),
            ("root X --name api.internal", 1, "name-taken", "taken by server"),
            ("intermediate 'lab root'", 1, "name-taken", "taken by root"),
            // Subjects of CAs
            ("root Other --subject 'CN=Lab Root'", 1, "subject-taken", "--subject"),
            ("root Other --subject 'CN=Lab Issuing'", 1, "subject-taken", "`lab-issuing`"),
            ("intermediate Other --subject 'CN=Lab Root'", 1, "subject-taken", "`lab-root`"),
            // Issuers that do not exist
            ("server b.internal --issuer nobody", 1, "not-found", "similar: lab-root, lab-issuing"),
            ("server b.internal --issuer api.internal", 1, "not-found", "api.internal"),
            ("intermediate X --issuer nobody", 1, "not-found", "similar"),
            ("crl nobody", 1, "not-found", "nobody"),
            ("crl lab-root api.internal", 1, "not-found", "api.internal"),
            ("bundle nobody", 1, "not-found", "nobody"),
            ("list --issuer nobody", 1, "not-found", "nobody"),
            ("list --issuer nobody --jsonl", 1, "not-found", "nobody"),
            // Targets that do not exist
            ("show nobody", 1, "not-found", "rootlet list"),
            ("show service", 1, "not-found", "similar: service-a"),
            ("show 0a0b0c", 1, "not-found", "0a0b0c"),
            ("show --serial 0a0b0c", 1, "not-found", "0a0b0c"),
            ("show ./nothing.pem", 1, "io", "nothing.pem"),
            ("show garbage.pem", 1, "malformed", "garbage.pem"),
            ("show empty.pem", 1, "malformed", "empty.pem"),
            ("show binary.der", 1, "malformed", "binary.der"),
            ("show key.pem", 1, "malformed", "key.pem"),
            ("show foreign.pem", 1, "not-found", "was not issued here"),
            ("revoke nobody", 1, "not-found", "rootlet list"),
            ("revoke foreign.pem", 1, "not-found", "was not issued here"),
            ("revoke ./nothing.crt", 1, "io", "nothing.crt"),
            ("revoke garbage.pem", 1, "malformed", "garbage.pem"),
            ("revoke --serial 0a0b0c", 1, "not-found", "0a0b0c"),
            ("revoke --serial 0a0b0c --issuer nobody", 1, "not-found", "nobody"),
            // All or nothing
            ("revoke api.internal nobody", 1, "not-found", "nobody"),
            ("revoke api.internal lab-root", 1, "root-revocation", "lab-root"),
            ("revoke api.internal lost --reason key-compromise garbage.pem", 1, "malformed", "garbage.pem"),
            ("revoke api.internal lost", 1, "already-revoked", "superseded"),
            // Revocations that cannot be
            ("revoke lab-root", 1, "root-revocation", "no CRL can list a root"),
            ("revoke lab-root --reason key-compromise", 1, "root-revocation", "trust store"),
            ("revoke lost --reason privilege-withdrawn", 1, "already-revoked", "key-compromise"),
            ("revoke lost --reason certificate-hold", 1, "already-revoked", "superseded"),
            ("revoke api.internal --release", 1, "not-on-hold", "api.internal"),
            ("revoke lost --release", 1, "not-on-hold", "lost"),
            ("revoke held api.internal --release", 1, "not-on-hold", "api.internal"),
            ("revoke api.internal --invalidity-date 2999-01-01", 2, "usage", "future"),
            ("show api.internal --field nope", 2, "usage", "one of"),
            ("show api.internal --field files.nope", 2, "usage", "files.nope"),
            // Files that cannot be written
            ("bundle --output nowhere/roots.pem", 1, "io", "nowhere"),
            ("bundle --output pki", 1, "io", "pki"),
            ("server b.internal --out-dir o --owner no-such-user", 1, "unknown-owner", "no-such-user"),
            ("server b.internal --out-dir o --owner root:no-such-group", 1, "unknown-owner", "no-such-group"),
            // The only CA with a path to give has given it; the only one below it may have none.
            ("intermediate X --issuer lab-issuing", 1, "lint", "issuer-path-len"),
        ],
    );
}

/// CAs with limits of every kind, and CAs that cannot issue.
fn limited() -> Sandbox {
    let s = Sandbox::with_issuing_ca();
    let run = |line: &str| {
        let words = words(line);
        s.ok(&words.iter().map(String::as_str).collect::<Vec<_>>());
    };
    run(
        "intermediate Names --issuer lab-root --permit dns:lab.internal --permit ip:10.0.0.0/8 --permit email:example.org \
         --permit uri:web.example --exclude dns:secret.lab.internal --exclude ip:10.1.0.0/16 --exclude email:ceo@example.org \
         --exclude uri:hidden.web.example",
    );
    run("intermediate 'Only Example' --issuer lab-root --permit dn:O=Example");
    run("intermediate 'Never Example' --issuer lab-root --exclude dn:O=Example");
    run("intermediate Mesh --issuer lab-root --permit spiffe:example.org");
    run("intermediate 'Not Mesh' --issuer lab-root --exclude spiffe:example.org");
    run("intermediate Servers --issuer lab-root --eku serverAuth");
    run("intermediate Short --issuer lab-root --lifetime 30d");
    run("root 'Elder Root' --not-before 2020-01-01 --lifetime 20y");
    run("intermediate Elder --issuer elder-root --not-before 2020-01-01 --not-after 2021-01-01");
    run("intermediate Future --issuer lab-root --not-before 2030-01-01 --lifetime 1y");
    run("intermediate Gone --issuer lab-root");
    run("revoke gone --reason cessation-of-operation");
    run("intermediate 'Above Gone' --issuer lab-root --path-len 1");
    run("intermediate 'Below Gone' --issuer above-gone");
    run("revoke above-gone");
    run("intermediate Keyless --issuer lab-root");
    run("client old --issuer elder-root --not-before 2020-01-01 --lifetime 1y");
    run("intermediate Domain --spiffe spiffe://example.org --issuer lab-root");
    run("client sold --issuer keyless");
    std::fs::remove_file(s.path("pki/ca/keyless/key.pem")).expect("the key can be removed");
    s
}

#[test]
fn of_what_the_issuer_does_not_allow() {
    check(
        &limited(),
        &[
            // Which issuer
            ("server a.internal", 1, "several-issuers", "gone (it is revoked)"),
            ("server a.internal", 1, "several-issuers", "elder (it expired"),
            ("server a.internal", 1, "several-issuers", "--issuer"),
            ("client c", 1, "several-issuers", "rootlet.toml"),
            ("intermediate X", 1, "several-issuers", "elder-root"),
            ("server a.internal --issuer elder", 1, "issuer-unusable", "expired 2021-01-01"),
            ("server a.internal --issuer future", 1, "issuer-unusable", "not valid before 2030-01-01"),
            ("server a.internal --issuer gone", 1, "issuer-unusable", "revoked"),
            ("server a.internal --issuer below-gone", 1, "issuer-unusable", "`above-gone` above it is revoked"),
            ("server a.internal --issuer keyless", 1, "issuer-unusable", "put the key file back"),
            ("intermediate X --issuer gone", 1, "issuer-unusable", "revoked"),
            ("intermediate Short --issuer short --renew-within 31d", 1, "differs", "issuer is `lab-root`"),
            ("revoke sold", 1, "issuer-unusable", "--no-crl"),
            // Dates
            ("server a.internal --issuer short --lifetime 60d", 1, "outlives-issuer", "--not-after"),
            ("server a.internal --issuer short --days 31", 1, "outlives-issuer", "renew the issuer first"),
            ("server a.internal --issuer short --not-after 2040-01-01", 1, "outlives-issuer", "2040-01-01"),
            (
                "server a.internal --issuer lab-issuing --not-before 2020-01-01 --lifetime 90d",
                1,
                "outlives-issuer",
                "--not-before",
            ),
            ("intermediate X --issuer lab-root --lifetime 50y", 1, "outlives-issuer", "Lab Root"),
            (
                "server a.internal --issuer lab-issuing --not-before 2028-01-02 --not-after 2028-01-01",
                2,
                "invalid-value",
                "not later than",
            ),
            // Path lengths
            ("intermediate X --issuer lab-issuing", 1, "lint", "issuer-path-len"),
            ("intermediate X --issuer mesh", 1, "lint", "issuer-path-len"),
            // Purposes
            ("client c --issuer servers", 1, "lint", "clientAuth"),
            ("peer a.internal --issuer servers", 1, "lint", "clientAuth"),
            ("server a.internal --issuer servers --eku codeSigning", 1, "lint", "codeSigning"),
            // Name constraints: what is not permitted, and what is excluded
            ("server a.example --issuer names", 1, "issuer-limits", "a.example"),
            ("server notlab.internal --issuer names", 1, "issuer-limits", "notlab.internal"),
            ("server a.secret.lab.internal --issuer names", 1, "issuer-limits", "a.secret.lab.internal"),
            ("server *.lab.internal --issuer names", 1, "issuer-limits", "*.lab.internal"),
            ("server a.lab.internal --dns b.example --issuer names", 1, "issuer-limits", "b.example"),
            ("server 192.168.0.1 --issuer names", 1, "issuer-limits", "192.168.0.1"),
            ("server 10.1.2.3 --issuer names", 1, "issuer-limits", "10.1.2.3"),
            ("server 2001:db8::1 --issuer names", 1, "issuer-limits", "2001:db8::1"),
            ("client c --email a@b.example --issuer names", 1, "issuer-limits", "a@b.example"),
            ("client c --email ceo@example.org --issuer names", 1, "issuer-limits", "ceo@example.org"),
            ("client c --uri https://other.example/ --issuer names", 1, "issuer-limits", "other.example"),
            ("client c --uri https://hidden.web.example/ --issuer names", 1, "issuer-limits", "hidden.web.example"),
            ("workload spiffe://example.org/x --issuer names", 1, "issuer-limits", "spiffe://example.org/x"),
            ("client c --issuer only-example", 1, "issuer-limits", "CN=c"),
            ("client c --subject CN=c,O=Other --issuer only-example", 1, "issuer-limits", "O=Other"),
            ("client c --subject CN=c,O=Example --issuer never-example", 1, "issuer-limits", "O=Example"),
            ("workload spiffe://other.example/x --issuer mesh", 1, "issuer-limits", "spiffe://other.example/x"),
            ("workload spiffe://sub.example.org/x --issuer mesh", 1, "issuer-limits", "spiffe://sub.example.org/x"),
            ("workload spiffe://example.org/x --issuer not-mesh", 1, "issuer-limits", "spiffe://example.org/x"),
            // Another trust domain than the one it signs for
            ("workload spiffe://other.example/x --issuer domain", 1, "lint", "spiffe-trust-domain"),
            ("server a.internal --spiffe spiffe://other.example/x --issuer domain", 1, "lint", "spiffe-trust-domain"),
            // Nothing that may be revoked by its name
            ("revoke old", 1, "nothing-to-revoke", "name the serial"),
        ],
    );
}

#[test]
fn of_a_renewal_that_would_gain_nothing() {
    let s = Sandbox::new();
    s.ok(&["root", "Lab Root"]);
    s.ok(&["intermediate", "Ending", "--lifetime", "30d"]);
    s.ok(&["server", "api.internal"]);
    let error = s.refuses(&["server", "api.internal", "--renew-within", "60d"], 1, "no-gain");
    assert_eq!(error["hints"][0], "renew `ending` first");
    // A CA too: its root ends with it.
    let s = Sandbox::new();
    s.ok(&["root", "Ending Root", "--lifetime", "60d"]);
    s.ok(&["intermediate", "Issuing"]);
    s.refuses(&["intermediate", "Issuing", "--renew-within", "90d"], 1, "no-gain");
}

#[test]
fn where_no_ca_can_be_the_issuer() {
    let s = Sandbox::new();
    s.ok(&["root", "Only", "--path-len", "0"]);
    let error = s.refuses(&["intermediate", "X"], 1, "no-issuer");
    assert!(error["hints"][0].as_str().unwrap().contains("--path-len"), "{error}");

    // A root that issued a CA is never the default issuer of leaves.
    let s = Sandbox::with_issuing_ca();
    std::fs::remove_file(s.path("pki/ca/lab-issuing/key.pem")).unwrap();
    s.refuses(&["server", "a.internal"], 1, "no-issuer");

    // The only candidate is expired, or revoked: an error, never a fallback to the root.
    let s = Sandbox::with_issuing_ca();
    s.ok(&["revoke", "lab-issuing"]);
    s.refuses(&["server", "a.internal"], 1, "issuer-unusable");

    let s = Sandbox::new();
    s.ok(&["root", "Old Root", "--not-before", "2020-01-01", "--not-after", "2021-01-01"]);
    s.refuses(&["server", "a.internal"], 1, "issuer-unusable");
    s.refuses(&["intermediate", "X"], 1, "issuer-unusable");
    s.refuses(&["bundle"], 1, "no-issuer");
}

#[test]
fn of_a_key_that_was_compromised() {
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal", "--lifetime", "3d"]);
    s.ok(&["revoke", "api.internal", "--reason", "key-compromise"]);
    let before = s.field("api.internal", "spki_sha256");
    s.ok(&["server", "api.internal", "--renew-within"]);
    assert_ne!(s.field("api.internal", "spki_sha256"), before, "a barred key is not certified again");

    // An expired one could be renewed with its key, if that were not barred.
    s.ok(&["client", "old", "--not-after", &s.time(-60), "--not-before", &s.time(-240)]);
    let serial = s.field("old", "serial");
    s.ok(&["revoke", &serial, "--reason", "key-compromise"]);
    let made = s.json(&["client", "old", "--renew-within"]);
    assert_eq!(made["action"], "created");
}

/// Verifiers compare names without regard to case and to runs of spaces (RFC 5280 7.1), so these are the same subject.
#[test]
fn of_a_ca_whose_subject_reads_like_that_of_another() {
    let s = Sandbox::with_issuing_ca();
    s.refuses(&["root", "lab root", "--name", "second"], 1, "subject-taken");
    s.refuses(&["root", "Second", "--subject", "CN=Lab  Root"], 1, "subject-taken");
}

/// An option that cannot take effect is refused, never ignored.
#[test]
fn of_options_that_could_not_take_effect() {
    let s = Sandbox::with_issuing_ca();
    let ran = s.run(&["list", "--pem"]).exits(2).says("--pem needs --json or --jsonl");
    assert_eq!(ran.stdout, "");
    s.refuses(&["list", "--jsonl"], 2, "usage");
    s.refuses(&["crl", "--check", "--due"], 2, "usage");
}
