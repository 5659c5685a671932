"""pyca/cryptography's path building, with the rules that it has for the web.

usage: chains.py ROOTS [as-client CHAIN | as-nameless-client CHAIN | NAME CHAIN]...

Prints one line per chain: `accepted`, or `refused:` and why. NAME is what a server is called by.
"""

import ipaddress
import sys

from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError


def certificates(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificates(file.read())


def verifier(policy, role):
    if role == "as-client":
        return policy.build_client_verifier()
    if role == "as-nameless-client":
        # It wants a subjectAltName of everybody unless it is told otherwise.
        leaf = ExtensionPolicy.webpki_defaults_ee()
        leaf = leaf.may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        policies = {"ca_policy": ExtensionPolicy.webpki_defaults_ca(), "ee_policy": leaf}
        return policy.extension_policies(**policies).build_client_verifier()
    try:
        return policy.build_server_verifier(x509.IPAddress(ipaddress.ip_address(role)))
    except ValueError:
        return policy.build_server_verifier(x509.DNSName(role))


policy = PolicyBuilder().store(Store(certificates(sys.argv[1])))
for role, chain in zip(sys.argv[2::2], sys.argv[3::2]):
    leaf, *intermediates = certificates(chain)
    try:
        verifier(policy, role).verify(leaf, intermediates)
        print("accepted")
    except VerificationError as error:
        print("refused:", error)
