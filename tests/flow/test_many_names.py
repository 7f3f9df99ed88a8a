# SPDX-License-Identifier: Apache-2.0
"""Certificates of as many names as hanaper.yaml allows, by every way."""
import hashlib

import acme_case
from acme_client import b64, make_csr

MOST = 600
ABOVE = "many.internal"


def names(n, label="h"):
    return [f"{label}{i}.{ABOVE}" for i in range(n)]


class ManyNames(acme_case.AcmeTest):
    more = "subdomains: true"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        conf = cls.ca.dir / "hanaper.yaml"
        text = conf.read_text().replace("\nacme: { ", f"\nacme: {{ max_identifiers: {MOST}, ")
        conf.write_text(f"{text}\nlimits: {{ names: {MOST} }}\n")
        a = cls.ca.ask_unix("POST", "/v1/reload")
        assert a.status == 200, a

    def issue(self, csr, **members):
        return self.ca.ask("POST", "/v1/certificates", {"profile": "acme", "csr": csr.decode()} | members)

    # P57
    def test_a_csr_may_name_as_many_as_are_configured(self):
        many = self.ca.csr("many", *(f"DNS:{n}" for n in names(MOST)))
        a = self.issue(many, metadata={"k": "x" * 4000})
        self.assertEqual((a.status, len(a.json.get("names", []))), (201, MOST), a)
        shown = self.ca.ask("GET", "/v1/certificates/" + a.json["serial"])
        self.assertEqual(len(shown.json["names"]), MOST)
        over = self.ca.csr("over", *(f"DNS:{n}" for n in names(MOST + 1)))
        # By their count, before any of them is looked at.
        p = self.problem(self.issue(over), 400, "bad-csr", f"{MOST + 1} names; {MOST} are allowed")
        self.assertEqual([v["rule"] for v in p["violations"]], ["csr.names"])
        self.lives()

    def prove(self, c, order):
        url, = order.json["authorizations"]
        challenge, authz = c.challenge(url, "dns-01")
        digest = b64(hashlib.sha256(c.key_authorization(challenge["token"]).encode()).digest())
        self.names.txt["_acme-challenge." + authz["identifier"]["value"]] = [digest]
        self.assertEqual(c.post(challenge["url"], {}).status, 200)
        self.assertEqual(c.poll(url).json["status"], "valid")

    # P57, A199
    def test_an_order_of_as_many_is_finalized(self):
        c = self.client(register=True)
        asked = [{"type": "dns", "value": n, "ancestorDomain": ABOVE} for n in names(250)]
        order = c.post(c.base + "/new-order", {"identifiers": asked})
        self.assertEqual((order.status, len(order.json.get("authorizations", []))), (201, 1), order)
        self.prove(c, order)
        done = c.post(order.json["finalize"], {"csr": b64(make_csr(names(250)))})
        self.assertEqual(done.status, 200, done)
        self.assertEqual(c.poll(order.headers["Location"], ("valid", "invalid")).json["status"], "valid")

    # What could never be finalized is not begun.
    def test_names_that_fit_in_no_csr_make_no_order(self):
        c = self.client(register=True)
        long = [f"{i:03d}{'a' * 60}.{'b' * 20}.{ABOVE}" for i in range(200)]
        self.refused(c.order(*long), 400, "malformed", "too long")
        self.assertEqual(c.order(*long[:150]).status, 201)
