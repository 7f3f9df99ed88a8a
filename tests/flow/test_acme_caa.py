# SPDX-License-Identifier: Apache-2.0
"""CAA records are looked at again before a certificate whose validation was long ago."""
import os
import signal
import sqlite3
import threading
import time
import unittest

from acme_client import b64, make_csr
from acme_dns import CAA, Names
import acme_world
from hnp import SLOW


class Again(acme_world.AcmeTest):
    site = {"caa_identities": "[ca.example]"}

    @classmethod
    def setUpClass(cls):
        cls.names, cls.second = Names(), Names()
        cls.second.caa = cls.names.caa
        for names in (cls.names, cls.second):
            cls.addClassCleanup(names.close)
        cls.settings = {"caa": "true", "resolvers": [f"127.0.0.1:{n.port}" for n in (cls.names, cls.second)]}
        super().setUpClass()

    def proven(self, client, name):
        order = client.order(name)
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        self.assertEqual(client.post(challenge["url"], {}).json["status"], "valid")
        return order

    def finalize(self, client, order, name):
        return client.post(order.json["finalize"], {"csr": b64(make_csr([name]))})

    def make_old(self):
        self.ca.stop()
        with sqlite3.connect(self.ca.dir / "hanaper.db") as db:
            db.execute("UPDATE acme_challenge SET validated_at = validated_at - 8 * 3600")
        self.ca.start()

    # A205, A240
    def test_a_record_that_came_later_forbids_it(self):
        client = self.client()
        order = self.proven(client, "late.internal")
        self.make_old()
        client.close()
        self.names.caa["late.internal"] = [(0, "issue", "other.example")]
        refused = self.finalize(client, order, "late.internal")
        self.assertEqual((refused.status, refused.type), (403, "caa"), refused)
        self.assertEqual(client.post(order.headers["Location"]).json["status"], "ready")
        self.names.caa["late.internal"] = [(0, "issue", "ca.example")]
        self.assertEqual(self.finalize(client, order, "late.internal").json["status"], "valid")

    # R68, A205: each name of an order, not one of them as often
    def test_of_five_names_the_one_that_is_forbidden_is_named(self):
        names = [f"{c}.five.internal" for c in "abcde"]
        client = self.client()
        first = client.order(*names)
        for url in first.json["authorizations"]:
            challenge, _ = client.challenge(url)
            self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
            self.assertEqual(client.post(challenge["url"], {}).json["status"], "valid")
        self.make_old()
        client.close()
        order = client.order(*names)
        self.assertEqual((order.status, order.json["status"]), (201, "ready"), "the authorizations are the same")
        for forbidden in (names[2:3], names[1:4:2]):
            for name in names:
                self.names.caa[name] = [(0, "issue", "other.example" if name in forbidden else "ca.example")]
            refused = client.post(order.json["finalize"], {"csr": b64(make_csr(names))})
            self.assertEqual((refused.status, refused.type), (403, "caa"), refused)
            found = {p["identifier"]["value"]: p["type"].rsplit(":", 1)[1] for p in refused.json["subproblems"]}
            self.assertEqual(found, {name: "caa" for name in forbidden}, refused)
        self.names.caa.clear()
        done = client.post(order.json["finalize"], {"csr": b64(make_csr(names))})
        self.assertEqual(done.json["status"], "valid", done)

    def switch(self, caa, restart):
        acme_world.directory(self.ca, caa=caa)
        if restart:
            self.ca.stop()
            self.ca.start()
        else:
            self.assertEqual(self.ca.ask("POST", "/v1/reload").status, 200)

    # A205, A240: records that nobody looked at permit nothing
    def test_a_proof_from_before_it_was_turned_on_is_none_of_the_records(self):
        for restart in (False, True):
            name = f"on-{restart}.internal".lower()
            with self.subTest(name):
                self.names.caa[name] = [(0, "issue", "other.example")]
                self.switch("false", False)
                client = self.client()
                order = self.proven(client, name)
                self.switch("true", restart)
                client.close()
                refused = self.finalize(client, order, name)
                self.assertEqual((refused.status, refused.type), (403, "caa"), refused)
                self.names.caa[name] = [(0, "issue", "ca.example")]
                self.assertEqual(self.finalize(client, order, name).json["status"], "valid")

    # A205
    def test_a_fresh_one_is_not_asked_for_twice(self):
        time.sleep(1.1)  # what was proven in the second of the start may have been so before it
        client = self.client()
        order = self.proven(client, "fresh.internal")
        asked = [a for a in self.names.asked if a[1] == CAA]
        self.assertEqual(self.finalize(client, order, "fresh.internal").json["status"], "valid")
        self.assertEqual([a for a in self.names.asked if a[1] == CAA], asked)

    def let(self, silent):
        self.names.silent = self.second.silent = silent

    def stays_ready(self, order, client, name, *types):
        """It cannot be finalized now; the answer, and how long that took to hear."""
        jws = client.jws(client.protected(order.json["finalize"], nonce=client.nonce()), {"csr": b64(make_csr([name]))})
        began = time.monotonic()
        answer = client.send(order.json["finalize"], jws)
        took = time.monotonic() - began
        self.assertIn(answer.type, types, answer)
        self.assertEqual(client.post(order.headers["Location"]).json["status"], "ready")
        return answer, took

    # A206, A205: resolvers that keep us waiting keep nobody else waiting
    def test_resolvers_that_say_nothing_are_not_waited_for(self):
        client = self.client()
        order = self.proven(client, "silent.internal")
        self.make_old()
        client.close()
        self.let(True)
        try:
            self.assertLess(self.stays_ready(order, client, "silent.internal", "dns")[1], 10 * SLOW)
        finally:
            self.let(False)
        self.assertEqual(self.finalize(client, order, "silent.internal").json["status"], "valid")

    # A205, A206: each label is a question, and one time-out is for all of them
    def test_one_silent_resolver_holds_up_no_name_of_many_labels(self):
        client = self.client()
        order = self.proven(client, "a.b.c.d.e.internal")
        self.make_old()
        client.close()
        self.names.silent = True
        try:
            done = self.finalize(client, order, "a.b.c.d.e.internal")
        finally:
            self.names.silent = False
        self.assertEqual((done.status, done.json["status"]), (200, "valid"), done)

    # A205, A206: it is refused, and not told to be ready as if nobody had asked
    def test_a_prober_that_hangs_is_told_with_when_to_come_again(self):
        client = self.client()
        order = self.proven(client, "hang.internal")
        self.make_old()
        client.close()
        prober = self.ca.role_pids()["hanaper-prober"]
        os.kill(prober, signal.SIGSTOP)
        try:
            answer, took = self.stays_ready(order, client, "hang.internal", "serverInternal")
        finally:
            os.kill(prober, signal.SIGCONT)
        self.assertEqual(answer.status, 503)
        self.assertRegex(answer.headers["Retry-After"], r"^[1-9]\d*$")
        self.assertLess(took, 11 * SLOW)
        self.assertEqual(self.finalize(client, order, "hang.internal").json["status"], "valid")

    # A206: a resolver and a signer that are both slow are one wait
    def test_resolvers_and_signer_together_are_waited_for_ten_seconds(self):
        client = self.client()
        order = self.proven(client, "slow.internal")
        self.make_old()
        client.close()
        jws = client.jws(client.protected(order.json["finalize"], nonce=client.nonce()),
                         {"csr": b64(make_csr(["slow.internal"]))})
        signer = self.ca.role_pids()["hanaper-signer"]
        self.let(True)
        os.kill(signer, signal.SIGSTOP)
        speak = threading.Timer(2, self.let, [False])
        try:
            speak.start()
            began = time.monotonic()
            answer = client.send(order.json["finalize"], jws)
            self.assertLess(time.monotonic() - began, 10 + 3 * SLOW)
            self.assertEqual((answer.status, answer.json["status"]), (200, "processing"), answer)
        finally:
            speak.join()
            self.let(False)
            os.kill(signer, signal.SIGCONT)
        self.assertEqual(client.poll(order.headers["Location"]).json["status"], "valid")

    # A205: no answer is no permission
    def test_without_a_name_server_the_order_stays_ready(self):
        client = self.client()
        order = self.proven(client, "stop.internal")
        self.make_old()
        client.close()
        self.names.close()
        self.second.close()
        self.stays_ready(order, client, "stop.internal", "dns", "caa")


if __name__ == "__main__":
    unittest.main()
