# SPDX-License-Identifier: Apache-2.0
"""An issuer whose own certificate has ended: no list and no OCSP answer of it any more, and all else goes on."""
import datetime
import http.client
import os
import time
import unittest
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import faults
import hnp
import journal
import oracle
from test_metrics import parse

DAY = 86400
SHORT, LONG = 30 * DAY, 900 * DAY  # what main and main-2 live
warnings.filterwarnings("ignore", message="Properties that return a na")  # Debian 12's has no others


@unittest.skipIf(hnp.WRAP or hnp.SANITIZED and "HNP_FAULTS" not in os.environ, "it preloads a library")
class Ended(unittest.TestCase):
    """All by the local socket and plain HTTP: the test's own TLS goes by another clock."""

    def setUp(self):
        self.ca = faults.FaultCA("--issuer-validity", "30d", "--root-validity", "1000d")
        self.addCleanup(self.ca.close)
        self.configure("debounce: 2s", "debounce: 0s")
        self.csr = self.ca.csr("any", "DNS:any.internal")

    def configure(self, old, new):
        path = self.ca.dir / "hanaper.yaml"
        yaml = path.read_text()
        self.assertIn(old, yaml)
        path.write_text(yaml.replace(old, new))

    def rotate(self):
        hnp.run(hnp.BUILD / "hanaper", "rotate", "--validity", "900d", "--dir", self.ca.dir)

    def issue(self, profile="server"):
        return self.ca.ask_unix("POST", f"/v1/certificates?profile={profile}", self.csr, {"Content-Type": "text/plain"})

    def revoke(self, serial):
        a = self.ca.ask_unix("POST", f"/v1/certificates/{serial}/revoke", {"reason": "superseded"})
        self.assertEqual(a.status, 200, a)
        return a.json["effective_by"]

    def serial(self):
        a = self.issue()
        self.assertEqual(a.status, 201, a)
        return a.json["serial"]

    def crl(self, path="/crl/main.crl"):
        a = self.ca.ask_http("GET", path)
        self.assertEqual(a.status, 200, a)
        return x509.load_der_x509_crl(a.body)

    @staticmethod
    def number(crl):
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    def await_newer(self, path, number, serial=None):
        end = time.monotonic() + 10 * hnp.SLOW
        while time.monotonic() < end:
            crl = self.crl(path)
            if self.number(crl) > number and (
                    serial is None or crl.get_revoked_certificate_by_serial_number(int(serial, 16))):
                return crl
            time.sleep(0.02)
        self.fail(f"{path} does not follow: {self.ca.said()[-2000:]}")

    def ocsp(self, serial, issuer="main"):
        pem = (self.ca.dir / f"issuers/{issuer}.crt").read_bytes()
        return oracle.ask_ocsp(self.ca, serial, x509.load_pem_x509_certificate(pem))[0]

    def ready(self):
        return self.ca.ask_unix("GET", "/readyz")

    def await_ready(self):
        """Each 10 s it is looked at what the clock has done."""
        end = time.monotonic() + 20 * hnp.SLOW
        while self.ready().status != 200:
            self.assertLess(time.monotonic(), end, self.ready())
            time.sleep(0.05)

    def metrics(self):
        conn = http.client.HTTPConnection("127.0.0.1", self.ca.metrics_port, timeout=30)
        conn.request("GET", "/metrics")
        try:
            return parse(conn.getresponse().read().decode())
        finally:
            conn.close()

    def lives(self, issuers=1):
        """It has not ended, tries nothing again and again, and says once of each issuer that it is over."""
        time.sleep(1.5)
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        said = self.ca.said()
        for word in ("crl-failed", "oracle-refused", "ocsp-responder-failed", "failed error="):
            self.assertNotIn(word, said)
        self.assertLessEqual(said.count("crl-over"), issuers, said[-3000:])

    # P67, R35, S26
    def test_one_that_was_followed_ends_and_the_daemon_goes_on(self):
        ca = self.ca
        ca.start()
        old, older = self.serial(), self.serial()
        self.assertEqual(self.ocsp(old), "good")
        ca.stop()
        self.rotate()
        self.configure("debounce: 0s", "debounce: 0s, delta: 10m, shards: 2")
        ca.start()
        new = self.serial()
        before = self.number(self.crl())
        ca.clock(SHORT + DAY)

        with self.subTest("what is revoked under it is told by no list, and nobody is told otherwise"):
            self.assertEqual(self.revoke(old), {"ocsp": None, "crl": None})
            self.lives()
            self.assertEqual(journal.count(ca.dir / "journal", journal.REVOCATION), 1)
            self.assertEqual(self.number(self.crl()), before, "what is there stays")
            self.assertIn("crl-over", ca.said())
            self.assertEqual(self.ocsp(old), "UNAUTHORIZED")
            self.assertNotIn("ocsp-refused", ca.said(), "who asks does not fill the log")
        with self.subTest("its successor does all"):
            number = self.number(self.crl("/crl/main-2.crl"))
            self.assertIsNotNone(self.revoke(new)["crl"])
            crl = self.await_newer("/crl/main-2.crl", number, new)
            self.assertGreater(crl.next_update.timestamp(), time.time() + SHORT)
            self.assertEqual(self.ocsp(new, "main-2"), "revoked")
            self.assertEqual(self.ocsp(self.serial(), "main-2"), "good")
        with self.subTest("it is said to be well"):
            self.await_ready()
            families = self.metrics()
            self.assertEqual(families["hanaper_ready"][2][("hanaper_ready", ())], 1)
            ends = families["hanaper_issuer_not_after_timestamp_seconds"][2]
            self.assertLess(ends[("hanaper_issuer_not_after_timestamp_seconds", (("issuer", "main"),))], time.time() + SHORT + DAY)
        with self.subTest("its list is due by the interval"):
            self.configure("interval: 1h", "interval: 1m")
            ca.command("reload", "--dir", ca.dir)
            self.lives()
        with self.subTest("the doctor knows why"):
            told = ca.command("doctor", "--dir", ca.dir, check=False).stdout
            self.assertIn("take its row out of hanaper.yaml", told)
            self.assertNotIn("crl/main.crl", told)
        for how in ("stopped", "killed"):
            with self.subTest("started anew", how=how):
                ca.stop() if how == "stopped" else ca.kill_all()
                ca.start()
                self.lives()
                self.await_ready()
                self.assertEqual(self.ocsp(older), "UNAUTHORIZED")
                self.assertEqual(self.ocsp(self.serial(), "main-2"), "good")
        with self.subTest("the clock was wrong"):
            ca.clock(0)
            number = self.number(self.crl())
            self.assertIsNotNone(self.revoke(older)["crl"])
            crl = self.await_newer("/crl/main.crl", number, older)
            self.assertIsNotNone(crl.get_revoked_certificate_by_serial_number(int(old, 16)), "nothing was forgotten")
            self.assertEqual(self.ocsp(older), "revoked")
            self.await_ready()
            end = time.monotonic() + 20 * hnp.SLOW
            while self.crl("/crl/main-2.crl").last_update > datetime.datetime.utcnow() + datetime.timedelta(minutes=1):
                self.assertLess(time.monotonic(), end, "it stays one from the future")
                time.sleep(0.1)

    def test_the_only_one_ends(self):
        """Nothing can be issued; what there is to be had is served.  Started anew it says how to get on."""
        ca = self.ca
        ca.start()
        serial = self.serial()
        number = self.number(self.crl("/crl/root.crl"))
        ca.clock(SHORT + DAY)
        a = self.issue()
        self.assertEqual((a.status, "issuer.validity" in a.body.decode()), (422, True), a)
        self.lives()
        self.assertEqual(self.ocsp(serial), "UNAUTHORIZED")
        self.assertGreater(len(ca.ask_http("GET", "/crl/main.crl").body), 100)
        self.assertEqual(self.revoke(serial), {"ocsp": None, "crl": None})
        told = ca.ask_unix("POST", "/v1/issuers/main/revoke", {"reason": "superseded"})
        self.assertIsNotNone(told.json["effective_by"]["crl"], "the root has not ended")
        self.await_newer("/crl/root.crl", number, told.json["serial"])
        self.lives()
        ca.stop()
        self.assertFalse(ca.serves(), "it has no certificate to be known by")
        self.assertRegex(ca.said(), r"issuer main ended at 20\S+Z: if that is not so, set the clock; else .*hanaper rotate")
        ca.command("rotate", "--validity", "900d", "--dir", ca.dir)
        ca.start()
        self.assertEqual(self.ocsp(self.serial(), "main-2"), "good")
        self.lives()

    def test_the_root_ends(self):
        ca = self.ca
        self.rotate()
        for key in ("here", "elsewhere"):
            with self.subTest(key=key):
                ca.clock(0)
                ca.start()
                serial = self.serial()
                ca.clock(1001 * DAY)
                self.assertEqual(self.revoke(serial), {"ocsp": None, "crl": None})
                self.assertEqual(self.issue().status, 422)
                self.lives(issuers=3 if key == "here" else 2)
                self.assertEqual(ca.ask_http("GET", "/crl/root.crl").status, 200)
                ca.stop()
                self.assertFalse(ca.serves())
                self.assertRegex(ca.said(), r"issuer main-2 ended at 20\S+Z: .*the root has ended, too: hanaper init")
                if key == "here":
                    (ca.dir / "root.key").rename(ca.file("root.key"))


if __name__ == "__main__":
    unittest.main()


class Queue(unittest.TestCase):
    """Lists are built one after the other."""

    # P66
    def test_a_list_that_cannot_be_begun_keeps_no_other_waiting(self):
        ca = hnp.CA()
        self.addCleanup(ca.close)
        hnp.run(hnp.BUILD / "hanaper", "rotate", "--dir", ca.dir)
        ca.start()
        lists = [ca.dir / f"pub/crl/{name}.crl" for name in ("root", "main-2", "main")]
        for i, stuck in enumerate(lists):
            ca.stop()
            for path in lists:
                path.unlink(missing_ok=True)
            block = stuck.with_name(stuck.name + ".new")
            block.mkdir()
            ca.start()
            end = time.monotonic() + 10 * hnp.SLOW
            while [p for p in lists if p.exists()] != lists[:i] + lists[i + 1:]:
                self.assertLess(time.monotonic(), end, [p.name for p in lists if p.exists()])
                time.sleep(0.05)
            block.rmdir()
