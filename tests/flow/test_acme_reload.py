# SPDX-License-Identifier: Apache-2.0
"""What a reload changes for ACME clients that are in the middle of something; wildcards and issuewild."""
import hashlib
import re
import sqlite3
import threading
import time
import unittest

import acme_world
from acme_client import b64, make_csr
from acme_dns import CAA, Names


def digest(text):
    return b64(hashlib.sha256(text.encode()).digest())


class Slow(Names):
    """CAA records come late."""

    late = 0

    def records(self, name, kind):
        if kind == CAA:
            time.sleep(self.late)
        return super().records(name, kind)


class Middle(acme_world.AcmeTest):
    site = {"caa_identities": "[ca.example]"}

    @classmethod
    def setUpClass(cls):
        cls.names = Slow()
        cls.addClassCleanup(cls.names.close)
        cls.settings = {"caa": "true", "subdomains": "true", "challenges": ["http-01", "dns-01"],
                        "resolvers": [f"127.0.0.1:{cls.names.port}"]}
        super().setUpClass()
        path = cls.ca.dir / "hanaper.yaml"
        path.write_text(re.sub(r"(?m)^(\s*)names:$", r"\1names:\n\1  wildcards: true", path.read_text(), count=1))
        assert cls.ca.ask("POST", "/v1/reload").status == 200

    def reload(self, **settings):
        acme_world.directory(self.ca, **settings)
        self.assertEqual(self.ca.ask("POST", "/v1/reload").status, 200)

    def asked(self, client, url, payload, life):
        """The answer to a request that waits while the configuration changes a few times."""
        got = []
        waits = threading.Thread(target=lambda: got.append(client.post(url, payload)))
        waits.start()
        time.sleep(0.3)
        for i in range(4):
            self.reload(authorization_lifetime=f"{life + i}h")
            self.ca.ask("GET", "/v1/profiles")
        waits.join()
        return got[0]

    # A66, A208: an answer names URLs of the directory, whatever was changed meanwhile
    def test_who_waits_is_answered_after_a_reload(self):
        client = self.client()
        order = client.order("waits.internal")
        authz = order.json["authorizations"][0]
        challenge, _ = client.challenge(authz)
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        self.names.late = 3
        try:
            answer = self.asked(client, challenge["url"], {}, 20)
        finally:
            self.names.late = 0
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["url"], challenge["url"])
        self.assertIn(f"<{authz}>;rel=\"up\"", answer.headers.get_all("Link"))
        self.assertEqual(client.poll(authz).json["status"], "valid")

    # A205, A66
    def test_an_order_whose_records_are_looked_at_is_finished_after_a_reload(self):
        client = self.client()
        order = client.order("looks.internal")
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        client.post(challenge["url"], {})
        client.poll(order.json["authorizations"][0])
        self.ca.stop()
        with sqlite3.connect(self.ca.dir / "hanaper.db") as db:
            db.execute("UPDATE acme_challenge SET validated_at = validated_at - 8 * 3600")
        self.ca.start()
        client.close()
        self.names.late = 1
        try:
            answer = self.asked(client, order.json["finalize"], {"csr": b64(make_csr(["looks.internal"]))}, 40)
        finally:
            self.names.late = 0
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Location"], order.headers["Location"])
        self.assertEqual(client.poll(order.headers["Location"], ("valid", "invalid")).json["status"], "valid")

    # A142: what an administrator has taken away proves nothing more
    def test_a_challenge_that_is_offered_no_more_is_not_begun(self):
        client = self.client()
        order = client.order("gone.internal")
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        self.reload(challenges=["dns-01"])
        try:
            answer = client.post(challenge["url"], {})
            self.assertEqual((answer.status, answer.type), (400, "malformed"), answer)
            self.assertEqual(client.post(order.json["authorizations"][0]).json["status"], "pending")
        finally:
            self.reload(challenges=["http-01", "dns-01"])

    # A205, A240, RFC 8659 4.3: whoever may issue for a name may not yet for its wildcard
    def test_a_wildcard_below_an_authorized_domain_has_its_own_property(self):
        client = self.client()
        self.names.caa["wild.internal"] = [(0, "issue", "ca.example"), (0, "issuewild", ";")]
        authz = client.post(client.base + "/new-authz", {"identifier": {"type": "dns", "value": "wild.internal"},
                                                         "subdomainAuthAllowed": True})
        self.assertEqual(authz.status, 201, authz)
        challenge = next(c for c in authz.json["challenges"] if c["type"] == "dns-01")
        self.names.txt["_acme-challenge.wild.internal"] = [digest(client.key_authorization(challenge["token"]))]
        client.post(challenge["url"], {})
        self.assertEqual(client.poll(authz.headers["Location"]).json["status"], "valid")
        for name, allowed in (("*.wild.internal", False), ("wild.internal", True), ("a.wild.internal", True),
                              ("*.a.wild.internal", False)):
            with self.subTest(name):
                order = client.order(name)
                self.assertEqual(order.json["status"], "ready", order)
                answer = client.post(order.json["finalize"], {"csr": b64(make_csr([name]))})
                self.assertEqual((answer.status, answer.type if answer.status != 200 else ""),
                                 (200, "") if allowed else (403, "caa"), answer)


if __name__ == "__main__":
    unittest.main()
