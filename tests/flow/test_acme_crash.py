# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every role while ACME clients are at work: what they began can be ended, once."""
import collections
import http.client
import json
import os
import random
import signal
import threading
import time
import unittest

from cryptography import x509

import acme_client
import acme_world
import hnp

FLOWS = int(os.environ.get("HNP_ACME_FLOWS", "500"))
CLIENTS = 8
GONE = (OSError, http.client.HTTPException)


class Flow:
    """One order, taken up again at whatever step it was cut off."""

    def __init__(self, client, responder):
        self.client, self.responder = client, responder
        self.order = self.finalize = self.pem = None
        self.orders = []
        self.authorizations = []
        self.csr = acme_client.make_csr(["localhost"])

    def ask(self, url, payload=None):
        answer = self.client.post(url, payload)
        if answer.status >= 500 or answer.status == 429:
            raise OSError(f"{answer}")
        return answer

    def step(self):
        """True when the certificate is there."""
        c = self.client
        if self.order is None:
            answer = self.ask(c.base + "/new-order",
                              {"identifiers": [{"type": "dns", "value": "localhost"}]})
            assert answer.status == 201, answer
            self.order = answer.headers["Location"]
            self.orders.append(self.order)
            self.finalize, self.authorizations = answer.json["finalize"], answer.json["authorizations"]
            return False
        state = self.ask(self.order).json
        if state["status"] == "pending":
            for url in self.authorizations:
                authz = self.ask(url).json
                challenge = next(x for x in authz["challenges"] if x["type"] == "http-01")
                if authz["status"] == "pending":
                    self.responder.tokens[challenge["token"]] = c.key_authorization(challenge["token"])
                    self.ask(challenge["url"], {})
                assert authz["status"] in ("pending", "valid"), authz
        elif state["status"] == "ready":
            answer = self.ask(self.finalize, {"csr": acme_client.b64(self.csr)})
            assert answer.status == 200, answer
        elif state["status"] == "valid":
            answer = self.ask(state["certificate"])
            assert answer.status == 200, answer
            self.pem = answer.body.decode()
            return True
        else:
            assert state["status"] == "processing", state
            time.sleep(0.05)
        return False


class Crash(acme_world.AcmeTest):
    site = {"limits": "{ accounts_per_hour: 0 }"}

    def work(self, number):
        try:
            while True:
                with self.lock:
                    if self.left == 0:
                        return
                    self.left -= 1
                # An account of its own, so that each order proves anew.
                client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
                self.until_there(client.register)
                flow = Flow(client, self.responder)
                self.flows.append(flow)
                while not self.until_there(flow.step):
                    pass
                client.close()
        except Exception as fault:  # told by the test
            self.faults.append(f"client {number}: {fault!r}")

    def until_there(self, call):
        end = time.monotonic() + 60 * hnp.SLOW
        while True:
            try:
                return call()
            except GONE:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    # A207, A208, A244, A249
    def test_kill_of_every_role_loses_no_flow_and_makes_no_certificate_twice(self):
        self.lock, self.left = threading.Lock(), FLOWS
        self.flows, self.faults = [], []
        threads = [threading.Thread(target=self.work, args=(i,)) for i in range(CLIENTS)]
        for t in threads:
            t.start()
        chance, killed = random.Random(8555), collections.Counter()
        while True:
            time.sleep(chance.uniform(0.02, 0.5) * hnp.SLOW)
            if not any(t.is_alive() for t in threads):
                break
            role, pid = chance.choice(sorted(self.ca.role_pids().items()))
            os.kill(pid, signal.SIGKILL)
            killed[role] += 1
            self.ca.wait_end()
            self.ca.start()
        for t in threads:
            t.join(300 * hnp.SLOW)
        self.assertEqual(self.faults, [])
        self.assertFalse(any(t.is_alive() for t in threads))
        self.assertEqual(len(self.flows), FLOWS)
        self.judge()
        print(f"     {FLOWS} flows by {CLIENTS} clients, killed {dict(killed)}")

    def judge(self):
        with self.ca.database() as db:
            stored = {serial.hex(): note for serial, note in
                      db.execute("SELECT serial, note FROM certificate WHERE requester LIKE 'acme:%'")}
            orders = collections.Counter(json.loads(note)["order"] for note in stored.values())
            valid = {row[0] for row in db.execute("SELECT id FROM acme_order WHERE status = 4")}
        self.assertEqual({o: n for o, n in orders.items() if n != 1}, {})
        for flow in self.flows:
            serial = x509.load_pem_x509_certificate(flow.pem.encode()).serial_number
            self.assertIn(format(serial, "x").zfill(40), {s.zfill(40) for s in stored})
            self.assertIn(flow.order.rsplit("/", 1)[1], valid)


if __name__ == "__main__":
    unittest.main()
