# SPDX-License-Identifier: Apache-2.0
"""Issuers that are not directly below the root, and files that hold more than, or not, what their chains need."""
import re
import ssl

from authority import Authority
from der import Certificate
from hnp import BUILD, FlowTest, run


def blocks(text):
    return re.findall(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", text, re.S)


class Chain(FlowTest):
    running = False

    def setUp(self):
        self.ca.stop()
        self.yaml = (self.ca.dir / "hanaper.yaml").read_text()
        self.addCleanup((self.ca.dir / "hanaper.yaml").write_text, self.yaml)
        self.addCleanup(self.ca.stop)
        self.root = Authority.of_files(self.ca.dir / "root.crt", self.ca.dir / "root.key")

    def issuers(self, **issuers):
        """They sign, the first of them for all profiles and the listener; NAME=(authority, other certificates)."""
        names = [*issuers, "main"]
        for name, (authority, others) in issuers.items():
            authority.put(self.ca.dir / f"issuers/{name}.crt", self.ca.dir / f"issuers/{name}.key", others)
        rows = "".join(f"  - {{ name: {name} }}\n" for name in names)
        yaml = re.sub(r"issuers:\n(  .*\n)+", "issuers:\n" + rows, self.yaml, count=1)
        (self.ca.dir / "hanaper.yaml").write_text(yaml.replace("issuer: main", f"issuer: {names[0]}"))

    def answered(self):
        """Each way in which a certificate's chain is had, by name: blocks of PEM."""
        ca = self.ca
        path = "/v1/certificates/" + ca.issue("web", "DNS:web.internal")
        json = ca.ask("POST", "/v1/certificates?profile=server", ca.csr("two", "DNS:two.internal"),
                      {"Content-Type": "text/plain"}).json
        leaf = ca.file("web.leaf.crt").read_text()
        shown = run("openssl", "s_client", "-connect", f"127.0.0.1:{ca.api_port}", "-showcerts", stdin="").stdout
        return {
            "raw": blocks(ca.file("web.crt").read_text()),
            "json": blocks(json["chain"]),
            "later": blocks(ca.ask("GET", path, headers={"Accept": "application/pem-certificate-chain"}).body.decode()),
            "published": [leaf, *blocks(ca.ask_http("GET", "/ca/sub/chain.pem").body.decode())],
            "listener": blocks(shown),
        }

    def judge(self, *between):
        """Leaf, then these in order; and openssl, which trusts the root alone, is led there by it."""
        for way, chain in self.answered().items():
            with self.subTest(way):
                subjects = [Certificate(ssl.PEM_cert_to_DER_cert(block)).subject.whole for block in chain]
                self.assertEqual(subjects[1:], [a.subject for a in between])
                for name, text in (("leaf.pem", chain[0]), ("chain.pem", "".join(chain[1:]))):
                    self.ca.file(name).write_text(text)
                run("openssl", "verify", "-x509_strict", "-CAfile", self.ca.dir / "root.crt",
                    "-untrusted", self.ca.file("chain.pem"), self.ca.file("leaf.pem"))

    def doctor(self):
        return run(BUILD / "hanaper", "doctor", "--dir", self.ca.dir, check=False).stdout

    def test_a_file_out_of_order_is_answered_in_order(self):
        """P41: leaf, then those between, without the root; what leads nowhere is told and not handed out."""
        high = self.root.sign("high")
        low = high.sign("low")
        sub = low.sign("sub", path_len=0)
        other = self.root.sign("other")
        self.issuers(sub=(sub, [high, other, self.root, low]))
        self.ca.start()
        self.judge(sub, low, high)
        said = re.findall(r" certificate-left-over .*", self.ca.said())
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], 'issuer=sub cn=other serial=[0-9a-f]+')
        self.assertRegex(" ".join(self.doctor().split()), 'file of issuer sub has a certificate .* "other", serial')

    def test_an_issuers_issuer_is_of_its_chain_and_its_constraints_bind(self):
        """P36, P41: it lies in a file of its own, for it signs, too."""
        ca = self.ca
        mid = self.root.sign("mid", permitted=["internal", "localhost"])
        sub = mid.sign("sub", path_len=0)
        self.issuers(sub=(sub, []), mid=(mid, []))
        ca.start()
        self.judge(sub, mid)
        a = ca.ask("POST", "/v1/certificates?profile=server", ca.csr("no", "DNS:web.test"), {"Content-Type": "text/plain"})
        self.problem(a, 422, "policy", "web.test", "issuer.constraints")
        self.assertNotIn("oracle", ca.said())
        self.assertNotIn("certificate-left-over", ca.said())

    def test_no_ca_is_below_one_that_lets_none_be_there(self):
        """P19: strangers refuse all that it signs."""
        main = Authority.of_files(self.ca.dir / "issuers/main.crt", self.ca.dir / "issuers/main.key")
        self.issuers(sub=(main.sign("sub"), []))
        self.assertFalse(self.ca.serves())
        self.assertRegex(self.ca.said(), "issuer sub: the path length of a CA above it")
        self.assertIn("the path length of a CA above it", " ".join(self.doctor().split()))
