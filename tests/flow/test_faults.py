# SPDX-License-Identifier: Apache-2.0
"""The n-th call fails, for each n and each error: what was handed out stays, what was revoked stays so.

Calls are made to fail in the running daemon (faults.py).  After each the daemon is killed, started without
faults and judged.  HNP_FAULTS=all tries each n, HNP_FAULTS=3 each third; else each so many of STEPS.  Where it
is set, to "short" perhaps, a sanitizer build is tried too.
"""
import collections
import errno
import os
import shutil
import tarfile
import time
import unittest

import faults
import hnp
import oracle

FAULTS = os.environ.get("HNP_FAULTS", "")
ALL = FAULTS == "all"
STEPS = {"signer": 3, "core": 31}  # of a round: some 10 and some 90 calls
if ALL or FAULTS.isdigit():
    STEPS = dict.fromkeys(STEPS, 1 if ALL else int(FAULTS))
DISK = faults.WRITE | faults.SYNC | faults.TRUNCATE | faults.NAME

# What fails, and how.
SINGLE = {
    "full": (DISK | faults.OPEN, faults.ERROR, errno.ENOSPC, 1),
    "broken": (DISK | faults.OPEN, faults.ERROR, errno.EIO, 1),
    "read only": (DISK | faults.OPEN, faults.ERROR, errno.EROFS, 1),
    "short": (faults.WRITE, faults.SHORT, 0, 1),
    "interrupted": (faults.WRITE | faults.SYNC | faults.TRUNCATE | faults.OPEN, faults.ERROR, errno.EINTR, 1),
    "no descriptor": (faults.OPEN, faults.ERROR, errno.EMFILE, 1),
    "full from here on": (DISK | faults.OPEN, faults.ERROR, errno.ENOSPC, faults.FOR_EVER),
    "broken from here on": (DISK | faults.OPEN, faults.ERROR, errno.EIO, faults.FOR_EVER),
    "killed before": (DISK | faults.OPEN | faults.SEND, faults.KILL_BEFORE, 0, 1),
    "killed after": (DISK | faults.OPEN | faults.SEND, faults.KILL_AFTER, 0, 1),
}


@unittest.skipIf(hnp.WRAP or hnp.SANITIZED and "HNP_FAULTS" not in os.environ, "it preloads a library")
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
        self.ca.wait_end()
        self.assertRegex(self.ca.said(), r"(?m)^\S+ error parent ended", "it says why")
        self.by_design = "flush the database" in self.ca.said()  # what is on disk is not known then
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
                ended += not self.by_design
            self.restart()
            if hits == 0:
                break
            tried += 1
            n += STEPS[role]
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


class Life(FaultTest):
    """Start, reload, backup and restore, each with its n-th call failing."""

    turn = 1

    def each(self, role, calls, action, error, step):
        """n-th calls, until none is left: plans one, the caller does the work."""
        n = 1
        while True:
            self.ca.plan(role, calls, action, error, first=n)
            yield n
            hits = self.ca.seen(role)[1]
            self.ca.unplan()
            if hits == 0:
                return
            n += step

    # R89, S88: it starts or says why not; the next start is whole again
    def test_the_start(self):
        self.ca.start()
        self.issue()
        self.ca.kill_all()
        for role, step in (("signer", 3), ("core", 17), ("front", 5)):
            refused = tried = 0
            n = hits = 1
            while hits:
                self.ca.plan(role, DISK | faults.OPEN, faults.ERROR, errno.EIO, first=n)
                started = self.ca.serves()
                if started:
                    self.ca.kill_all()
                hits = self.ca.seen(role)[1]
                self.ca.unplan()
                if not started:
                    self.assertRegex(self.ca.said(), "error parent ended .*; (see the kernel's log|check )", "what to do")
                    self.assertNotIn("--no-sandbox", self.ca.said(), "that is no cure for a disk")
                    refused += 1
                    self.ca.start()  # what it had signed is taken in: else each start had more to do than the last
                    self.ca.kill_all()
                tried += hits
                n += 1 if ALL else step
            self.restart()
            self.ca.kill_all()
            print(f"     start, {role}: {tried} tried, {refused} times refused", flush=True)

    # R91: who is interrupted runs it again
    def test_the_recovery_of_a_lost_database_that_is_killed(self):
        self.ca.start()
        self.issue()
        self.ca.kill_all()
        lost, n, killed, after, ready = self.ca.dir / "hanaper.db", 1, 0, 0, False
        while after < 2 and not ready:  # once it is there it is a database
            for path in self.ca.dir.glob("hanaper.db*"):
                if path.suffix != ".unfinished":  # what the last one left
                    path.unlink()
            self.ca.plan("core", DISK | faults.OPEN, faults.KILL_BEFORE, first=n)
            ready = self.ca.serves("--recover")  # with so few calls that the n-th was none of them
            if ready:
                self.ca.kill_all()
            self.ca.unplan()
            killed += not ready
            after += lost.exists() and not ready
            self.ca.start("--recover")
            self.ca.kill_all()
            n += 1 if ALL else 97
        self.restart()
        self.ca.kill_all()
        self.assertGreaterEqual(killed, 3)
        self.assertGreaterEqual(after, 1)
        print(f"     recovery: killed {killed} times, {after} of them with the database there, {n} calls", flush=True)

    # S88
    def test_a_reload(self):
        self.ca.start()
        self.issue()
        for role in ("signer", "core", "front"):
            for _ in self.each(role, DISK | faults.OPEN, faults.ERROR, errno.EIO, 3):
                path = self.ca.dir / "hanaper.yaml"
                was, now = ("interval: 1h", "interval: 2h")[::self.turn]
                path.write_text(path.read_text().replace(was, now))
                self.turn = -self.turn
                hnp.run(hnp.BUILD / "hanaper", "reload", "--dir", self.ca.dir, check=False)
                if not self.recover():
                    self.assertTrue(self.by_design, "a reload ends nothing")
                    self.ca.start()
        self.restart()

    # S86: a backup is whole or is not there
    def test_backup_and_restore(self):
        self.ca.start()
        self.issue()
        file, failed = self.ca.file("backup.tar"), 0
        for error in (errno.ENOSPC, errno.EIO):
            for _ in self.each("cli", DISK | faults.OPEN, faults.ERROR, error, 1 if ALL else 9):
                file.unlink(missing_ok=True)
                done = self.ca.command("backup", file, "--dir", self.ca.dir, check=False)
                failed += done.returncode != 0
                if done.returncode == 0:
                    self.assertTrue(file.exists())
                if file.exists():  # whole, whatever was said of it
                    with tarfile.open(file) as tar:
                        self.assertIn("MANIFEST", tar.getnames())
        self.assertGreater(failed, 0)
        # One whose journal is ahead of its database: the restore has something to replay.
        file.unlink()
        load = oracle.Load(self.ca, self.told, issuing=4, revoking=1)
        self.ca.plan("cli", faults.OPEN, faults.HANG, error=10, times=faults.FOR_EVER)
        self.ca.command("backup", file, "--dir", self.ca.dir)
        self.ca.unplan()
        load.end()
        self.assertEqual(self.ca.stop(), 0)
        into, refused = self.ca.file("restored"), 0
        for _ in self.each("cli", DISK | faults.OPEN, faults.ERROR, errno.ENOSPC, 1 if ALL else 9):
            shutil.rmtree(into, ignore_errors=True)
            done = self.ca.command("restore", file, "--dir", into, "--nothing-since", check=False)
            refused += done.returncode != 0
            if (into / "hanaper.yaml").exists():  # whole, whatever was said of it
                hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", into)
        self.assertGreater(refused, 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", into)
        print(f"     backup: {failed} failed; restore: {refused} refused", flush=True)


class Search(FaultTest):
    # R90, S88, ADR 0030: it writes into the transaction that a certificate waits in
    def test_a_search_that_fails_loses_no_certificate(self):
        """What was answered is there, or core says that it does not know; soon it is there again."""
        self.ca.start()
        connection = self.ca.connect()
        self.addCleanup(connection.close)

        def ask(method, path, body=None):
            return self.ca.ask(method, path, body, {"Content-Type": "text/plain"}, connection=connection)

        self.assertEqual(ask("GET", "/v1/whoami").status, 200)
        refused = 0
        for n in range(40):
            issued = ask("POST", "/v1/certificates?profile=server", self.csr)
            self.ca.plan("core", faults.WRITE, faults.ERROR, errno.ENOSPC, times=faults.FOR_EVER)
            searched = ask("GET", "/v1/certificates?q=load0")
            self.ca.unplan()
            self.assertEqual(issued.status, 201, issued)
            path = "/v1/certificates/" + issued.json["serial"]
            end, now = time.monotonic() + 15 * hnp.SLOW, ask("GET", path)
            while now.status == 503 and time.monotonic() < end:
                time.sleep(0.05)
                now = ask("GET", path)
            self.assertEqual(now.status, 200, (n, searched, now, self.ca.said()[-2000:]))
            refused += searched.status == 503
            if refused == 2:
                break
        self.assertEqual(refused, 2, "no search met the fault")
        self.assertEqual(self.issue(), 201)
        self.restart()


@unittest.skipIf(hnp.SANITIZED, "a sanitizer has an allocator of its own")
class Memory(FaultTest):
    # S61, style: small memory never fails, it ends the process; nothing is lost by that
    def test_the_nth_allocation(self):
        self.ca.start()
        ended, tried = collections.Counter(), collections.Counter()
        for role, step in (("signer", 211), ("core", 1409), ("front", 307)):
            n, hits = 3, 1
            while hits:
                while len(self.before) < 2:
                    self.assertEqual(self.issue(), 201)
                self.ca.plan(role, faults.MEMORY, faults.ERROR, errno.ENOMEM, first=n)
                self.sequence()
                hits = self.ca.seen(role)[1]
                tried[role] += hits
                if not self.recover():  # in libtasn1 by a null pointer, in our own code by words
                    ended[role] += 1
                self.restart()
                n += step // 32 if ALL else step
        print(f"     tried {dict(tried)}, ended by lack of memory: {dict(ended)}", flush=True)


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
