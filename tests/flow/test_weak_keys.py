# SPDX-License-Identifier: Apache-2.0
"""weak-keys in the CA directory: what is on that list gets neither certificate nor account."""
import base64
import hashlib

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from acme_case import AcmeTest
from acme_client import Key
from hnp import FlowTest, run

TEXT = {"Content-Type": "text/plain"}
RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


class WeakKeys(FlowTest):
    running = False

    def sign(self, csr, path="/v1/certificates"):
        return self.ca.ask("POST", path + "?profile=server", csr, TEXT)

    # P52, R15
    def test_a_listed_key_is_refused_and_told_why(self):
        ca = self.ca
        debian = ca.csr("debian", "DNS:a.internal", key=RSA)
        listed = ca.csr("listed", "DNS:a.internal")
        other = ca.csr("other", "DNS:a.internal", key=RSA)
        # As openssl-vulnkey makes it.
        modulus = run("openssl", "rsa", "-in", ca.file("debian.key"), "-noout", "-modulus").stdout
        spki = run("openssl", "pkey", "-in", ca.file("listed.key"), "-pubout").stdout
        der = base64.b64decode("".join(spki.splitlines()[1:-1]))
        (ca.dir / "weak-keys").write_text(
            "# two\n" + hashlib.sha1(modulus.encode()).hexdigest()[20:] + "\n\n" + hashlib.sha256(der).hexdigest() + "\n")
        ca.start()
        self.assertRegex(ca.said(), r"weak-keys .*keys=2")
        for csr in (debian, listed):
            self.problem(self.sign(csr), 400, "bad-key", "key.weak", "list of weak keys")
            rows = [r for r in self.sign(csr, "/v1/explain").json["rules"] if r["rule"] == "key.weak"]
            self.assertEqual([r["pass"] for r in rows], [False])
        self.assertEqual(self.sign(other).status, 201)
        self.assertEqual(ca.stop(), 0)
        with self.subTest("a line that is none"):
            (ca.dir / "weak-keys").write_text("#\nBlacklist\n")
            ca.start(wait=False)
            self.assertEqual(ca.wait_end(), 1)
            self.assertRegex(ca.said(), "weak-keys: line 2 is neither 20 nor 64 hex digits")


class WeakAccountKeys(AcmeTest):
    # A52
    def test_a_listed_key_opens_no_account(self):
        key = Key()
        der = key.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        (self.ca.dir / "weak-keys").write_text(hashlib.sha256(der).hexdigest())
        self.assertEqual(self.ca.stop(), 0)
        self.ca.start()
        c = self.client(key=key)
        self.refused(c.post(c.base + "/new-account", {}, True), 400, "badPublicKey", "weak")
        self.client(register=True)
