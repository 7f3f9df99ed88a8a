# SPDX-License-Identifier: Apache-2.0
"""A file system that is full, has no file left to give, or is read-only: a real one, of memory."""
import ctypes
import os
import re
import shutil
import subprocess
import time
import unittest

import hnp
from test_faults import FaultTest

CLONE_NEWNS = 0x20000


def own_mounts():
    """What is mounted from here on goes with this process; False: it may not be."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode == 0


class DiskTest(FaultTest):
    def setUp(self):
        super().setUp()
        if not own_mounts():
            self.skipTest("needs root and mount namespaces")
        aside = self.ca.file("aside")
        shutil.move(self.ca.dir, aside)
        self.ca.dir.mkdir(mode=0o700)
        hnp.run("mount", "-t", "tmpfs", "-o", "size=12m,mode=700", "hnp", self.ca.dir)
        self.addCleanup(hnp.run, "umount", "-l", self.ca.dir)
        self.addCleanup(self.ca.stop)
        shutil.copytree(aside, self.ca.dir, dirs_exist_ok=True)
        self.filler = self.ca.dir / "filler"

    def remount(self, options):
        hnp.run("mount", "-o", "remount," + options, self.ca.dir)

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f:
            size = 1 << 20
            while size > 0:
                try:
                    f.write(bytes(size))
                except OSError:
                    size //= 2

    def refused(self, *words):
        """It does not start, and says why; or it does."""
        if self.ca.serves():
            return False
        self.assertRegex(self.ca.said(), r"(?m)^\S+ error parent ended")
        for word in words:
            self.assertIn(word, self.ca.said())
        return True

    def works_again(self):
        end = time.monotonic() + 15 * hnp.SLOW
        while self.issue() != 201:
            self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
            self.assertLess(time.monotonic(), end, self.ca.said()[-2000:])
            time.sleep(0.1)


class Full(DiskTest):
    # R90, S88
    def test_while_it_runs(self):
        """503 to who writes; CRL and OCSP go on; with space again all is well, of itself."""
        self.ca.start()
        for _ in range(2):
            self.assertEqual(self.issue(), 201)
        gone = self.before.pop(0)
        self.assertEqual(self.revoke(gone), 200)
        self.await_crl(2)
        self.fill()
        end = time.monotonic() + 60 * hnp.SLOW
        status = 201
        while status == 201:  # files have room of their own
            status = self.issue()
            self.assertLess(time.monotonic(), end)
        self.assertEqual(status, 503)
        answer = self.ca.ask("POST", "/v1/certificates?profile=server", self.csr, {"Content-Type": "text/plain"})
        self.assertEqual(answer.status, 503, answer)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        for _ in range(3):
            self.assertEqual(self.ca.ask_http("GET", "/crl/main.crl").status, 200)
            self.assertNotEqual(self.ocsp(gone), "good")
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        self.filler.unlink()
        self.works_again()
        self.restart()

    # R90, S88
    def test_at_the_start(self):
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        self.ca.kill_all()
        self.fill()
        if not self.refused():
            self.ca.kill_all()
        self.filler.unlink()
        self.ca.start()
        self.judge.judge(whole=True)

    # R90, R34: a list that was signed and found no place has used its number up
    def test_no_room_for_lists_alone(self):
        """Nothing that is asked of the signer meanwhile looks as if core were captured."""
        conf = self.ca.dir / "hanaper.yaml"
        conf.write_text(re.sub(r"(?m)^(crl: \{.*) \}$", r"\1, shards: 4, delta: 1h }", conf.read_text()))
        self.ca.start()
        self.await_crl(1)
        self.ca.stop()
        lists = self.ca.dir / "pub/crl"
        hnp.run("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "hnp", lists)
        self.addCleanup(hnp.run, "umount", "-l", lists)
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        self.await_crl(2)
        self.filler = lists / "filler"
        self.fill()
        serial = self.before.pop(0)
        self.assertEqual(self.revoke(serial), 200)
        end = time.monotonic() + 20 * hnp.SLOW
        while len(re.findall(r"(?m) crl-failed .*No space", self.ca.said())) < 4:
            self.assertLess(time.monotonic(), end, self.ca.said()[-2000:])
            time.sleep(0.1)
        self.assertEqual(self.ocsp(serial), "revoked")
        self.filler.unlink()
        self.works_again()
        self.judge.judge(whole=True)
        self.assertNotIn("oracle-refused", self.ca.said())

    # R90: there is room, but for no new file
    def test_no_file_is_left_to_make(self):
        self.ca.start()
        for _ in range(2):
            self.assertEqual(self.issue(), 201)
        self.await_crl(1)
        used = os.statvfs(self.ca.dir)
        self.remount(f"nr_inodes={used.f_files - used.f_ffree}")
        serial = self.before.pop(0)
        self.assertEqual(self.revoke(serial), 200, "the CRL waits, the revocation does not")
        self.assertEqual(self.ocsp(serial), "revoked")
        self.assertEqual(self.ca.ask_http("GET", "/crl/main.crl").status, 200)
        time.sleep(1)
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        self.remount("nr_inodes=0")
        self.works_again()
        self.judge.judge(whole=True)  # with a CRL that holds it
        self.restart()


class ReadOnly(DiskTest):
    # R90, R91, S88
    def test_at_the_start(self):
        """It is refused with what to do; nothing is the worse for it."""
        self.ca.start()
        self.assertEqual(self.issue(), 201)
        for stop in (self.ca.kill_all, self.ca.stop):
            with self.subTest(stop.__name__):
                stop()
                self.remount("ro")
                self.assertTrue(self.refused())
                self.assertRegex(self.ca.said(), r"(?im)parent ended.*(mount it for writing|check the mount)")
                self.remount("rw")
                self.ca.start()
                self.judge.judge(whole=True)


if __name__ == "__main__":
    unittest.main()
