# SPDX-License-Identifier: Apache-2.0
"""The n-th call fails, for each n and each error: what was handed out stays, what was revoked stays so.

Calls are made to fail in the running daemon (faults.py).  After each the daemon is killed, started without
faults and judged.  HNP_FAULTS=all tries each n; else each STEP-th.
"""
import errno
import os
import time
import unittest

import faults
import hnp
import oracle

STEP = 1 if os.environ.get("HNP_FAULTS") == "all" else 13
DISK = faults.WRITE | faults.SYNC | faults.TRUNCATE | faults.NAME

# What fails, and how.
SINGLE = {
    "full": (DISK | faults.OPEN, faults.ERROR, errno.ENOSPC, 1),
    "broken": (DISK | faults.OPEN, faults.ERROR, errno.EIO, 1),
    "read only": (DISK | faults.OPEN, faults.ERROR, errno.EROFS, 1),
    "short": (faults.WRITE, faults.SHORT, 0, 1),
    "interrupted": (faults.WRITE, faults.ERROR, errno.EINTR, 1),
    "no descriptor": (faults.OPEN, faults.ERROR, errno.EMFILE, 1),
    "full from here on": (DISK | faults.OPEN, faults.ERROR, errno.ENOSPC, faults.FOR_EVER),
    "broken from here on": (DISK | faults.OPEN, faults.ERROR, errno.EIO, faults.FOR_EVER),
    "killed before": (DISK | faults.OPEN | faults.SEND, faults.KILL_BEFORE, 0, 1),
    "killed after": (DISK | faults.OPEN | faults.SEND, faults.KILL_AFTER, 0, 1),
}


@unittest.skipIf(hnp.WRAP, "it preloads a library")
class FaultTest(unittest.TestCase):
    options = ()

    def setUp(self):
        self.ca = faults.FaultCA(*self.options)
        self.addCleanup(self.ca.close)
        path = self.ca.dir / "hanaper.yaml"
        path.write_text(path.read_text().replace("debounce: 2s", "debounce: 0s"))
        self.told = oracle.Told()
        self.judge = oracle.Oracle(self, self.ca, self.told)
        self.csr = self.ca.csr("load0", "DNS:load0.internal")
        self.before = []  # issued, not yet revoked

    # -- what clients do: each hears an answer, or something that is none

    def post(self, path, body, kind="application/json", **headers):
        connection = self.ca.connect()
        connection.timeout = 20 * hnp.SLOW
        try:
            return oracle.Load.ask(connection, path, body, kind, **headers)
        except oracle.GONE:
            return 0, b""
        finally:
            connection.close()

    def issue(self):
        status, body = self.post("/v1/certificates?profile=server", self.csr, "text/plain")
        if status == 201:
            serial, der = oracle.json.loads(body)["serial"], oracle.der_of(oracle.json.loads(body)["certificate"])
            self.told.note("issued", (serial, der))
            self.before.append(serial)
        return status

    def revoke(self, serial):
        status, _ = self.post(f"/v1/certificates/{serial}/revoke", '{"reason": "superseded"}')
        if status in (200, 409):
            self.told.note("revoked", serial)
        return status

    def ocsp(self, serial):
        try:
            return oracle.ask_ocsp(self.ca, serial, self.judge.issuer)[0]
        except oracle.GONE:
            return ""

    def sequence(self):
        """Issue, revoke, ask; the CRL follows at once."""
        serial = self.before.pop(0)
        statuses = [self.issue(), self.revoke(serial)]
        said = self.ocsp(serial)
        if statuses[1] in (200, 409):
            self.assertNotEqual(said, "good", "what was revoked is not good again")
        self.await_crl(0.2)
        return statuses

    def await_crl(self, seconds):
        end = time.monotonic() + seconds
        at = (self.ca.dir / "pub/crl/main.crl")
        was = at.stat().st_mtime_ns
        while time.monotonic() < end and at.stat().st_mtime_ns == was:
            time.sleep(0.005)

    # -- after a fault

    def recover(self):
        """Without the fault it works again, or it has ended and said so."""
        self.ca.unplan()
        end = time.monotonic() + 15 * hnp.SLOW
        while self.ca.daemon.poll() is None:
            if self.issue() == 201:
                return True
            self.assertLess(time.monotonic(), end, f"it does not recover: {self.ca.said()[-2000:]}")
            time.sleep(0.1)
        self.assertRegex(self.ca.said(), r"(?m)^\S+ error parent ended", "it says why")
        self.ca.wait_end()
        return False

    def restart(self):
        if self.ca.daemon is not None:
            self.ca.kill_all()
        self.ca.start()
        self.judge.judge(whole=True, samples=1)


class Calls(FaultTest):
    def sweep(self, role, name):
        calls, action, error, times = SINGLE[name]
        n, ended, tried = 1, 0, 0
        while True:
            while len(self.before) < 2:
                self.assertEqual(self.issue(), 201)
            self.ca.plan(role, calls, action, error, first=n, times=times)
            self.sequence()
            hits = self.ca.seen(role)[1]
            if not self.recover():
                ended += 1
            self.restart()
            if hits == 0:
                break
            tried += 1
            n += STEP
        print(f"     {role}, {name}: {tried} of {n} calls failed, {ended} times it ended; "
              f"{len(self.judge.issued)} certificates, {len(self.judge.revoked)} revoked", flush=True)
        self.assertGreater(tried, 0)
        if action == faults.ERROR and times == 1 or action == faults.SHORT:
            self.assertEqual(ended, 0, "one failed call is no end")

    # R89, R90, S88, design section 5
    def test_the_nth_call_of_the_signer(self):
        self.ca.start()
        for name in SINGLE:
            with self.subTest(name):
                if name != "no descriptor":  # it opens nothing while it serves
                    self.sweep("signer", name)

    # R89, R90, S88
    def test_the_nth_call_of_core(self):
        self.ca.start()
        for name in SINGLE:
            with self.subTest(name):
                self.sweep("core", name)


class Verify(FaultTest):
    def test_what_is_written_while_it_reads_is_no_old_copy(self):
        """It reads the database first; the journal then tells of more than that held."""
        self.ca.start()
        load = oracle.Load(self.ca, self.told, issuing=6, revoking=2)
        try:
            time.sleep(0.3)
            for _ in range(3):
                self.ca.plan("cli", faults.OPEN, faults.HANG, error=40, times=faults.FOR_EVER)
                done = self.ca.command("audit", "verify", "--dir", self.ca.dir, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        finally:
            load.end()


if __name__ == "__main__":
    unittest.main()
