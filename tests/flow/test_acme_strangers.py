# SPDX-License-Identifier: Apache-2.0
"""ACME and those who have proved nothing: what they leave behind, whom they name, what they may cost."""
import json
import time
import unittest

from acme_case import AcmeTest
from acme_client import b64
from hnp import WRAP

ROWS_OF_ONE = 300  # refusals that leave a row at once (ca/throttle.c)
FAILED_AT_ONCE = 1000  # signatures that fail (ca/acme.c)


class StrangersTest(AcmeTest):
    def rows(self, event="refused", wait=1.3):
        """The audit's newest, once all is written."""
        time.sleep(wait)
        a = self.ca.ask("GET", f"/v1/audit?event={event}&limit=1000")
        self.assertEqual(a.status, 200, a)
        return a.json["events"]

    def repeat(self, c, url, jws, n, until=None):
        """The same octets n times; the answers."""
        body, answers = json.dumps(jws), []
        for _ in range(n):
            answers.append(c.send(url, body))
            if answers[-1].status == until:
                break
        return answers

    def forged(self, c, url, **more):
        """With a nonce that is good, and a signature that is not."""
        by_jwk = c.kid is None
        return c.jws(c.protected(url, by_jwk, **({"nonce": c.nonce()} | more)), {}) | {"signature": b64(b"\1" * 64)}


class Traces(StrangersTest):
    # A247, S32
    def test_what_nobody_signed_leaves_no_row_and_hides_no_refusal(self):
        c, nobody = self.client(register=True), self.client()
        new_order, said = c.base + "/new-order", len(self.ca.said())
        before, dropped = {r["id"] for r in self.rows()}, self.rows("dropped", 0)
        for n in range(60):
            for a in (nobody.get(f"{c.base}/nothing{n}"), nobody.send(new_order, "{}"),
                      nobody.send(new_order, self.forged(c, new_order)),
                      nobody.send(c.base + "/new-account", self.forged(nobody, c.base + "/new-account"))):
                self.assertIn(a.status, (400, 404), a)
            if n == 30:
                self.refused(c.order("www.example.com"), 400, "rejectedIdentifier")
        rows = [r for r in self.rows() if r["id"] not in before]
        self.assertEqual([(r["identity"], r["profile"], r["names"][0]["value"]) for r in rows],
                         [("acme:" + c.kid.rsplit("/", 1)[1], "acme", "www.example.com")])
        self.assertEqual(self.rows("dropped", 0), dropped)
        lines = self.ca.said()[said:]
        self.assertEqual(lines.count(rows[0]["request_id"]), 1)
        self.assertLess(lines.count("identity=anonymous"), 200)
        nobody.get(c.base + "/nothing")
        self.assertIn("unlogged", self.ca.said()[said:])

    # A62, A247
    def test_an_account_is_named_only_by_what_it_signed(self):
        c = self.client(register=True)
        name, where, said = "acme:" + c.kid.rsplit("/", 1)[1], c.base + "/order/x", len(self.ca.said())
        time.sleep(1.1)  # strangers have their lines again
        good = c.jws(c.protected(where, nonce=c.nonce()), None)
        self.refused(c.send(where, good | {"signature": b64(b"\1" * 64)}), 400, "malformed", "signature")
        self.assertIn("does not verify", self.ca.said()[said:])
        self.assertNotIn(name, self.ca.said()[said:])
        self.refused(c.send(where, good), 404, "malformed")  # its own, though nothing is there
        self.refused(c.send(where, good), 400, "badNonce")  # whoever has seen it may send it again
        self.assertEqual(self.ca.said()[said:].count(name), 1)
        self.assertEqual([r["reason"] for r in self.rows() if r["identity"] == name], ["there is no such order"])

    # S32
    def test_a_flood_of_signed_refusals_is_bounded_and_counted(self):
        account, nobody = self.client(register=True), self.client("bound")
        for ask in (lambda: account.post(account.base + "/order/x"),
                    lambda: nobody.post(nobody.base + "/new-account", {}, True)):
            before, dropped, began = {r["id"] for r in self.rows()}, len(self.rows("dropped", 0)), time.monotonic()
            for _ in range(ROWS_OF_ONE + 60):
                self.assertIn(ask().status, (403, 404))
            rows = [r for r in self.rows() if r["id"] not in before]
            self.assertGreaterEqual(len(rows), ROWS_OF_ONE)
            self.assertLess(len(rows), ROWS_OF_ONE + 30)
            dropped = len(self.rows("dropped", 0)) - dropped
            self.assertIn(dropped, range(1, 2 + int(time.monotonic() - began)), "one a second")


class Costs(StrangersTest):
    # S30, S32, A83, A85
    @unittest.skipIf(WRAP, "slower than what is allowed")
    def test_signatures_that_fail_are_bounded_by_address(self):
        c, nobody = self.client(register=True), self.client(alg="ES512")
        url = c.base + "/new-account"
        answers = self.repeat(nobody, url, self.forged(nobody, url), FAILED_AT_ONCE + 500, 429)
        self.assertGreaterEqual(len(answers), FAILED_AT_ONCE)
        for a in answers[:-1]:
            self.refused(a, 400, "malformed", "signature")
        self.refused(answers[-1], 429, "rateLimited", "this address")
        self.assertIn(int(answers[-1].headers["Retry-After"]), (1, 2))
        self.assertTrue(answers[-1].headers["Replay-Nonce"])
        for _ in range(20):  # accounts from there go on
            self.assertEqual(c.order("a.internal").status, 201)
        answers = self.repeat(nobody, c.kid, self.forged(c, c.kid), FAILED_AT_ONCE + 500, 429)
        self.refused(answers[-1], 429, "rateLimited", "this account from this address")
        time.sleep(1.1)
        self.assertEqual(c.post(c.kid).status, 200)
        self.assertEqual(self.client().register().status, 201, "who signs is let in again at once")

    # A69, A65: a client may come with old nonces as often as it likes, and others from its address
    @unittest.skipIf(WRAP, "a thousand requests")
    def test_nonces_that_are_bad_are_not_counted(self):
        c, nobody = self.client(register=True), self.client()
        for who, url in ((c, c.kid), (nobody, c.base + "/new-account")):
            jws = who.jws(who.protected(url, who.kid is None, nonce="x" * 32), {"onlyReturnExisting": True})
            for a in self.repeat(nobody, url, jws, FAILED_AT_ONCE + 100):
                self.refused(a, 400, "badNonce", "JWS has an invalid anti-replay nonce")
        self.assertEqual(c.post(c.kid).status, 200)
        self.assertEqual(nobody.register().status, 201)


if __name__ == "__main__":
    unittest.main()
