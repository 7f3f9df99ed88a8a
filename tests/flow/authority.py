# SPDX-License-Identifier: Apache-2.0
"""CA certificates that hanaper did not make: what an operator may have from elsewhere."""
import datetime
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

warnings.filterwarnings("ignore", message="Properties that return a na")  # Debian 12's has no others


class Authority:
    """A certificate and its key."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    @classmethod
    def of_files(cls, certificate, key):
        return cls(x509.load_pem_x509_certificate(certificate.read_bytes()),
                   serialization.load_pem_private_key(key.read_bytes(), None))

    def sign(self, cn, like=None, path_len=None, permitted=()):
        """A CA below this one; 'like' has its subject and its key instead."""
        issuer = self.certificate
        key = like.key if like else ec.generate_private_key(ec.SECP256R1())
        subject = like.certificate.subject if like else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, cn)])
        now = datetime.datetime.now(datetime.timezone.utc)
        new = (x509.CertificateBuilder(issuer.subject, subject, key.public_key(), x509.random_serial_number(),
                                       now - datetime.timedelta(hours=1), now + datetime.timedelta(days=900))
               .add_extension(x509.BasicConstraints(True, path_len), True)
               .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                   issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value), False))
        if permitted:
            new = new.add_extension(x509.NameConstraints([x509.DNSName(name) for name in permitted], None), True)
        return Authority(new.sign(self.key, hashes.SHA256()), key)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def subject(self):
        return self.certificate.subject.public_bytes()

    def put(self, certificate, key, others=()):
        """Writes its files, and 'others' behind its certificate."""
        certificate.write_text("".join(a.pem for a in (self, *others)))
        key.touch(0o600)
        key.write_bytes(self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
