# SPDX-License-Identifier: Apache-2.0
"""What a reload changes for ACME clients that are in the middle of something; wildcards and issuewild."""
import hashlib
import re
import sqlite3
import threading
import time
import unittest

import acme_world
from acme_client import Client, b64, make_csr
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
    site = {"caa_identities": "[ca.example]", "limits": "{ failures_per_hour: 10 }"}

    @classmethod
    def setUpClass(cls):
        cls.names = Slow()
        cls.addClassCleanup(cls.names.close)
        cls.settings = {"caa": "true", "subdomains": "true", "challenges": ["http-01", "dns-01", "dns-persist-01"],
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

    # A10, A15: an answer names URLs of the directory, whatever was changed meanwhile
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

    # A14, A205
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

    def crowd(self, client, n):
        """The same account on connections of their own, each with a nonce."""
        crowd = [Client(self.ca.api_port, self.ca.dir / "root.crt", key=client.key) for _ in range(n)]
        for c in crowd:
            c.kid = client.kid
            c.nonces.append(c.nonce())
            self.addCleanup(c.close)
        return crowd

    def at_once(self, crowd, url, payload):
        """The answers, and after how many seconds each came."""
        answers, began = [], time.monotonic()

        def ask(c):
            answer = c.post(url, payload)
            answers.append((answer, time.monotonic() - began))

        threads = [threading.Thread(target=ask, args=(c,)) for c in crowd]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return answers

    # S53: all who wait for one validation are answered in one round
    def test_not_everybody_waits_for_one_challenge(self):
        client = self.client()
        order = client.order("crowd.internal")
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        crowd = self.crowd(client, 40)
        self.names.late = 3
        try:
            answers = self.at_once(crowd, challenge["url"], {})
        finally:
            self.names.late = 0
        self.assertEqual({a.status for a, _ in answers}, {200})
        self.assertEqual(sum(took >= 0.95 for _, took in answers), 16, [took for _, took in answers])
        self.assertEqual(client.poll(order.json["authorizations"][0]).json["status"], "valid")

    def proven_domain(self, client, domain, kind="dns-01"):
        authz = client.post(client.base + "/new-authz", {"identifier": {"type": "dns", "value": domain},
                                                         "subdomainAuthAllowed": True})
        self.assertEqual(authz.status, 201, authz)
        challenge = next(c for c in authz.json["challenges"] if c["type"] == kind)
        self.names.txt[f"_acme-challenge.{domain}"] = [digest(client.key_authorization(challenge["token"]))]
        self.names.txt[f"_validation-persist.{domain}"] = [f"ca.example; accounturi={client.kid}; policy=wildcard"]
        client.post(challenge["url"], {})
        self.assertEqual(client.poll(authz.headers["Location"]).json["status"], "valid")

    # S53: so many names are looked at for one account, and no more; that is no failure of the client's
    def test_not_every_finalization_looks_at_the_records(self):
        client = self.client()
        self.proven_domain(client, "many.internal")
        names = [f"a{i}.many.internal" for i in range(100)]
        order = client.order(*names)
        self.assertEqual(order.json["status"], "ready", order)
        crowd = self.crowd(client, 20)
        self.names.late = 0.002
        try:
            answers = self.at_once(crowd, order.json["finalize"], {"csr": b64(make_csr(names))})
        finally:
            self.names.late = 0
        refused = [a for a, _ in answers if a.status == 429]
        self.assertGreaterEqual(len(refused), 17, answers)  # the others are all that go on at once
        self.assertTrue(all(a.type == "rateLimited" and a.headers["Retry-After"] for a in refused), refused)
        self.assertEqual({a.json["detail"] for a in refused}, {"CAA records of too many names are looked at"})
        answer = client.post(order.json["finalize"], {"csr": b64(make_csr(names))})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(client.poll(order.headers["Location"], ("valid", "invalid")).json["status"], "valid")

    # What an administrator has taken away proves nothing more
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
            self.reload(challenges=["http-01", "dns-01", "dns-persist-01"])

    # A240, A242: a record that stays is for its own name, unless it says that it is for more; its TTL is a second
    def test_a_persistent_record_without_a_policy_proves_nothing_below(self):
        client = self.client()
        for policy, status in (("", "invalid"), ("; policy=wildcard", "valid")):
            with self.subTest(policy):
                self.names.txt["_validation-persist.stays.internal"] = [f"ca.example; accounturi={client.kid}{policy}"]
                authz = client.post(client.base + "/new-authz", {"identifier": {"type": "dns", "value": "stays.internal"},
                                                                 "subdomainAuthAllowed": True})
                challenge = next(c for c in authz.json["challenges"] if c["type"] == "dns-persist-01")
                client.post(challenge["url"], {})
                answer = client.poll(authz.headers["Location"], ("valid", "invalid"))
                self.assertEqual(answer.json["status"], status, answer)
        self.names.caa["stays.internal"] = [(0, "issue", ";"), (0, "issuewild", "ca.example")]
        for name, allowed in (("*.stays.internal", True), ("stays.internal", False)):
            with self.subTest(name):
                self.issues(client, name, allowed)

    # A205, A240, RFC 8659 4.3: whoever may issue for a name may not yet for its wildcard
    def test_a_wildcard_below_an_authorized_domain_has_its_own_property(self):
        client = self.client()
        for kind in ("dns-01", "dns-persist-01"):
            domain = f"wild.{kind}.internal"
            self.names.caa[domain] = [(0, "issue", "ca.example"), (0, "issuewild", ";")]
            self.proven_domain(client, domain, kind)
            for name, allowed in ((f"*.{domain}", False), (domain, True), (f"a.{domain}", True), (f"*.a.{domain}", False)):
                with self.subTest(name):
                    self.issues(client, name, allowed)

    # A205, A239, A240: to be proven a domain needs no permission; each name below has its own records
    def test_a_domain_that_may_have_no_certificate_speaks_for_those_below_it(self):
        client = self.client()
        for kind in ("dns-01", "dns-persist-01"):
            domain = f"none.{kind}.internal"
            self.names.caa.update({domain: [(0, "issue", ";")], f"own.{domain}": [(0, "issue", "ca.example")]})
            self.proven_domain(client, domain, kind)
            for name, allowed in ((domain, False), (f"own.{domain}", True), (f"other.{domain}", False)):
                with self.subTest(name):
                    self.issues(client, name, allowed)

    def issues(self, client, name, allowed):
        order = client.order(name)
        self.assertEqual(order.json["status"], "ready", order)
        answer = client.post(order.json["finalize"], {"csr": b64(make_csr([name]))})
        self.assertEqual((answer.status, answer.type if answer.status != 200 else ""),
                         (200, "") if allowed else (403, "caa"), answer)


if __name__ == "__main__":
    unittest.main()
