# SPDX-License-Identifier: Apache-2.0
"""Judges what a client got: the certificate's signature, names, key and time."""
import datetime
import re
import subprocess
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.S)


class Certificate:
    """A chain as a client wrote it down: the leaf, and what came with it."""

    def __init__(self, path, *more):
        self.path = path
        text = "".join(p.read_text() for p in (path, *more))
        self.pems = [p if p.endswith("\n") else p + "\n" for p in PEM.findall(text)]
        if not self.pems:
            raise AssertionError(f"{path} holds no certificate")
        self.chain = [x509.load_pem_x509_certificate(p.encode()) for p in self.pems]
        self.leaf = self.chain[0]
        self.serial = f"{self.leaf.serial_number:x}"
        if len(self.serial) % 2:
            self.serial = "0" + self.serial

    @property
    def names(self):
        san = self.leaf.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        return sorted(str(n.value) for n in san)

    @property
    def issued_by_root(self):
        """The CN of the issuer of the last certificate: which root this chain leads to."""
        names = self.chain[-1].issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return names[0].value

    def public(self):
        return self.leaf.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def write_parts(self):
        """The leaf and its intermediates as files for openssl."""
        leaf, rest = self.path.with_suffix(".judged-leaf"), self.path.with_suffix(".judged-rest")
        leaf.write_text(self.pems[0])
        rest.write_text("".join(self.pems[1:]) or self.pems[0])
        return leaf, rest


def verify(certificate, root):
    leaf, rest = certificate.write_parts()
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver",
                           "-CAfile", str(root), "-untrusted", str(rest), str(leaf)],
                          capture_output=True, text=True, timeout=30)
    if done.returncode != 0 or not done.stdout.endswith(": OK\n"):
        raise AssertionError(f"{certificate.path} does not verify: {done.stdout}{done.stderr}")


def same_key(certificate, key):
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if public != certificate.public():
        raise AssertionError(f"{certificate.path} is not for the key {key}")


def times(certificate):
    """(notBefore, notAfter), UTC without a zone: Debian 12's module has no others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # later ones do not like these
        return certificate.leaf.not_valid_before, certificate.leaf.not_valid_after


def in_time(certificate):
    begin, end = times(certificate)
    if not begin <= datetime.datetime.utcnow() < end:
        raise AssertionError(f"{certificate.path} is not valid now: {begin} to {end}")


def ends_at(certificate, end):
    if abs((times(certificate)[1] - end).total_seconds()) > 1:
        raise AssertionError(f"notAfter is {times(certificate)[1]}, not {end}")


def certificate(path, names, root, key=None, more=()):
    """The chain in this file, if all is well with it."""
    if not path.is_file():
        raise AssertionError(f"no certificate: there is no {path.name}")
    got = Certificate(path, *more)
    verify(got, root)
    if got.names != sorted(names):
        raise AssertionError(f"{path} is for {got.names}, not {sorted(names)}")
    if key is not None:
        same_key(got, key)
    in_time(got)
    return got
