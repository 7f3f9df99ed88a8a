# SPDX-License-Identifier: Apache-2.0
"""A journal of more than one file: what is kept of the closed ones saves time, and nothing else."""
import struct
import time

import journal
from hnp import BUILD, SLOW, FlowTest, run

OLD = b"\x55" * 19 + b"\x01"


def raised(requester):
    """A revocation as journal.revocation() makes it, but large."""
    now = int(time.time())
    return journal.field(b"main") + journal.field(OLD) + struct.pack(">qqB", now + 86400 * 30, now - 1, 1) + \
        journal.field(requester) + journal.field(b"0123456789abcdef")


class Kept(FlowTest):
    running = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        journal.append(cls.ca.dir / "journal", journal.REVOCATION, int(time.time()),
                       (raised(b"r" * 60000) for _ in range(1130)))
        cls.ca.start(wait=False)
        cls.ca.wait_ready(60)

    def setUp(self):
        self.state = self.ca.dir / "journal" / "state"

    def restart(self, *options):
        """What the daemon says of it."""
        self.ca.stop()
        self.ca.start(*options, wait=False)
        self.ca.wait_ready(60)
        return self.ca.said()

    def wait_for_state(self, *modes):
        end = time.monotonic() + 10 * SLOW
        while not self.state.exists() or modes and self.state.stat().st_mode & 0o777 not in modes:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_it_is_a_cache(self):
        """S87, R91: with it, without it, damaged, of before: nothing that was revoked comes back."""
        ca = self.ca
        self.wait_for_state()
        self.assertEqual(self.state.stat().st_mode & 0o777, 0o600)
        serials = []

        def all_is_known():
            serial = ca.issue("kept", "DNS:kept.internal")
            self.assertEqual(ca.revoke(serial, "superseded").status, 200)
            serials.append(serial)
            for one in [OLD.hex(), *serials]:
                self.assertEqual(ca.ocsp(one), "revoked")

        def all_is_listed():
            end = time.monotonic() + 10 * SLOW
            while serials[-1] not in ca.crl_text().replace(":", "").lower():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            self.assertIn(OLD.hex(), ca.crl_text().replace(":", "").lower())

        all_is_known()
        all_is_listed()
        self.assertNotIn("state-", self.restart())  # used, and not written again
        all_is_known()
        for mode, used in ((0o640, True), (0o660, False), (0o644, False), (0o600, True)):
            self.state.chmod(mode)  # as the rest of the journal (hanaperd.8): its group may read
            self.assertEqual("state-not-used" not in self.restart(), used, oct(mode))
            if not used:
                self.wait_for_state(0o600)  # another takes its place
        first = self.state.read_bytes()
        for content in (first[:-1], first[:40] + b"\xff" + first[41:], b""):
            self.state.write_bytes(content)
            self.assertIn("state-not-used", self.restart())
            all_is_known()
        self.state.unlink()
        said = self.restart()
        self.assertNotIn("state-not-used", said)
        self.wait_for_state()
        all_is_known()
        self.state.write_bytes(first)  # an older one is as good: the rest is read
        self.assertNotIn("state-not-used", self.restart())
        all_is_known()
        # A database that is lost is made from the journal, whose first file only a replay reads.
        for name in ("hanaper.db", "hanaper.db-wal", "hanaper.db-shm"):
            (ca.dir / name).unlink(missing_ok=True)
        self.assertNotIn("state-not-used", self.restart("--recover"))
        all_is_known()
        all_is_listed()
        self.assertEqual(run(BUILD / "hanaper", "audit", "verify", "--dir", ca.dir).returncode, 0)

    def test_a_closed_file_that_was_edited_is_refused_as_ever(self):
        """S87: what is kept does not hide it."""
        ca = self.ca
        self.wait_for_state()
        ca.stop()
        path = ca.dir / "journal" / "00000001.hj"
        with open(path, "r+b") as f:
            f.seek(1000000)
            was = f.read(1)
            f.seek(1000000)
            f.write(bytes([was[0] ^ 1]))
        done = run(BUILD / "hanaperd", "-f", "--dir", ca.dir, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("its hash is wrong", done.stderr)
        with open(path, "r+b") as f:
            f.seek(1000000)
            f.write(was)
        ca.start(wait=False)
        ca.wait_ready(60)
        self.assertIn("state-not-used", ca.said())
