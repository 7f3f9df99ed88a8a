# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every step of issue, revoke, enroll, finalize and publish (base/fault.h).

Each step is found in the sources, so that none is forgotten; at its n-th passage the process that comes there
is killed.  Then the daemon is started without, and judged.  HNP_FAULTS=all: more of n.
"""
import os
import re
import threading
import time
import unittest

import acme_client
import acme_world
import hnp
import oracle
from test_faults import ALL, FaultTest

POINTS = sorted({name for path in (hnp.SOURCE / "src").rglob("*.c")
                 for name in re.findall(r'fault_point\("([a-z.]+)"\)', path.read_text())})
PASSAGES = (1, 2, 3, 4, 5, 6, 8) if ALL else (3, 1)  # the short form: the third, or the first where there is none
COMPILED = b"HNP_FAULT" in (hnp.BUILD / "hanaper-core").read_bytes()


class Points(FaultTest):
    def setUp(self):
        super().setUp()
        self.responder = acme_client.Responder()
        self.addCleanup(self.responder.close)
        acme_world.directory(self.ca, http_port=self.responder.port)
        path = self.ca.dir / "hanaper.yaml"
        path.write_text(path.read_text() + "\nacme:\n  limits: { accounts_per_hour: 0 }\n")
        self.orders = []  # (client, URL) that could be finalized
        self.addCleanup(os.environ.pop, "HNP_FAULT", None)

    def start(self, fault=None):
        os.environ.pop("HNP_FAULT", None)
        if fault:
            os.environ["HNP_FAULT"] = fault
        self.ca.program = hnp.BUILD / "hanaperd"  # nothing is preloaded
        self.ca.start(wait=False)
        os.environ.pop("HNP_FAULT", None)
        try:
            self.ca.wait_ready()
        except AssertionError:
            if not fault or self.ca.daemon.poll() is None:
                raise

    def ready_order(self):
        """Up to where finalize may come."""
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
        self.assertEqual(client.register().status, 201)
        order = client.order("localhost")
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
        client.post(challenge["url"], {})
        where = order.headers["Location"]
        self.assertEqual(client.poll(where).json["status"], "ready")
        client.close()
        return client, where, order.json["finalize"]

    def finalize(self):
        client, where, url = self.orders[-1]
        try:
            client.post(url, {"csr": acme_client.b64(acme_client.make_csr(["localhost"]))})
        except oracle.GONE:
            pass
        finally:
            client.close()

    def token(self):
        names = [{"type": "dns", "value": "load0.internal"}]
        status, body = self.post("/v1/tokens", oracle.json.dumps({"profile": "server", "names": names}))
        if status != 201:
            return
        token = oracle.json.loads(body)["token"]
        self.told.note("token", token)
        status, body = self.post("/v1/enroll", self.csr, "text/plain", Authorization="Bearer " + token)
        if status == 201:
            self.told.note("used", token)
            answer = oracle.json.loads(body)
            self.told.note("issued", (answer["serial"], oracle.der_of(answer["certificate"])))

    def everything(self):
        for step in (self.issue, lambda: self.revoke(self.before.pop(0)), self.token, self.finalize,
                     lambda: self.await_crl(0.3)):
            if self.ca.daemon.poll() is not None:
                return
            step()

    def prepare(self, cycles):
        """What the cycles will use up."""
        self.start()
        for _ in range(cycles + 1):
            self.assertEqual(self.issue(), 201)
        self.orders = [self.ready_order() for _ in range(cycles)]
        self.ca.kill_all()

    def one(self, point, n):
        """True: it came to that."""
        self.start(f"{point}:{n}:kill")
        if self.ca.daemon.poll() is None:
            self.everything()
        end = time.monotonic() + 0.3
        while self.ca.daemon.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        killed = self.ca.daemon.poll() is not None
        if killed:
            self.ca.wait_end()
            self.assertIn("signal 9", self.ca.said())
        else:
            self.ca.kill_all()
        self.start()
        self.judge.judge(whole=True, samples=1)
        self.judge.clients(most=1)
        self.order_ends()
        self.ca.kill_all()
        return killed

    def order_ends(self):
        """The order that was being finalized is ready or valid, and comes to its end, once."""
        client, where, _ = self.orders[-1]
        if client.poll(where, ("ready", "valid", "invalid")).json["status"] == "ready":
            self.finalize()
        self.assertEqual(client.poll(where, ("valid", "invalid")).json["status"], "valid")
        client.close()
        with self.ca.database() as db:
            notes = [oracle.json.loads(r[0]).get("order") for r in db.execute(
                "SELECT note FROM certificate WHERE requester LIKE 'acme:%'")]
        self.assertEqual(len(notes), len(set(notes)), "one certificate an order")
        self.orders.pop()

    # design section 5, R89, R34, A207, A208
    @unittest.skipUnless(COMPILED, "it is built without --enable-faults")
    def test_killed_at_every_step(self):
        self.assertGreater(len(POINTS), 15)
        self.prepare(len(POINTS) * len(PASSAGES))
        reached = dict.fromkeys(POINTS, False)
        for point in POINTS:
            for n in PASSAGES:
                if ALL or not reached[point]:
                    with self.subTest(point, n=n):
                        reached[point] |= self.one(point, n)
        self.assertEqual([p for p, r in reached.items() if not r], [], "each is come to")
        print(f"     {len(POINTS)} steps: {' '.join(POINTS)}")

    @unittest.skipUnless(COMPILED, "it is built without --enable-faults")
    def test_a_signer_that_hangs_at_a_step_does_not_keep_the_daemon_from_ending(self):
        self.start()
        self.issue()
        self.ca.kill_all()
        self.start("signer.signed:2:hang")
        asked = threading.Thread(target=self.issue)
        asked.start()
        time.sleep(0.5)
        began = time.monotonic()
        self.ca.daemon.terminate()
        self.ca.wait_end(seconds=30)
        self.assertLess(time.monotonic() - began, 25 * hnp.SLOW)
        asked.join(60)
        self.start()
        self.judge.judge(whole=True)


if __name__ == "__main__":
    unittest.main()
