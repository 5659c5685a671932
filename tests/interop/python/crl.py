"""pyca/cryptography reads CRLs and checks their signatures.

usage: crl.py [CRL CA]...

Prints one line of JSON per CRL: what crl_readers.rs says.
"""

import json
import sys

from cryptography import x509


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    pem = data.startswith(b"-----")
    return x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)


def time(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def extension(of, kind):
    try:
        return of.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def entry(revoked):
    reason = extension(revoked, x509.CRLReason)
    invalid = extension(revoked, x509.InvalidityDate)
    assert not any(e.critical for e in revoked.extensions)
    return {
        "at": time(revoked.revocation_date_utc),
        "reason": reason.value.reason.name.replace("_", "-") if reason else None,
        "invalidity_date": time(invalid.value.invalidity_date_utc) if invalid else None,
    }


def judge(crl_path, ca_path):
    crl = read(crl_path)
    with open(ca_path, "rb") as file:
        ca = x509.load_pem_x509_certificate(file.read())
    assert crl.is_signature_valid(ca.public_key()), "the signature is not the CA's"
    assert crl.issuer == ca.subject
    subject_key_id = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    authority_key_id = extension(crl, x509.AuthorityKeyIdentifier)
    number = extension(crl, x509.CRLNumber)
    assert authority_key_id.value.key_identifier == subject_key_id.digest
    assert not number.critical and not authority_key_id.critical
    assert len(list(crl.extensions)) == 2
    entries = [(format(r.serial_number, "x"), entry(r)) for r in crl]
    assert len(dict(entries)) == len(entries), "a serial stands there twice"
    return {
        "number": number.value.crl_number,
        "this_update": time(crl.last_update_utc),
        "next_update": time(crl.next_update_utc),
        "entries": dict(entries),
    }


for crl_path, ca_path in zip(sys.argv[1::2], sys.argv[2::2]):
    print(json.dumps(judge(crl_path, ca_path)))
