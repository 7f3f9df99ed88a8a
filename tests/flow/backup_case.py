# SPDX-License-Identifier: Apache-2.0
"""A CA for each test, a backup of it, and what may get lost."""
import shutil
import time

from hnp import BUILD, CA, SLOW, FlowTest, run

HANAPER = BUILD / "hanaper"


class BackupCase(FlowTest):
    kind, begun = CA, True

    def setUp(self):
        self.ca = self.kind()
        self.addCleanup(self.ca.close)
        if self.begun:
            self.ca.start()
        self.file = self.ca.tmp / "backup.tar"

    @classmethod
    def setUpClass(cls):
        pass

    # -- helpers

    def backup(self, *options, check=True, file=None):
        return run(HANAPER, "backup", file or self.file, "--dir", self.ca.dir, *options,
                   check=check)

    def restore(self, *options, dir=None, check=True):
        return run(HANAPER, "restore", self.file, "--dir", dir or self.ca.dir, *options,
                   check=check)

    def says(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def statuses(self, serials):
        """What OCSP says, by serial; the CRL of the same moment agrees."""
        return {s: self.ca.ocsp(s) for s in serials}

    def verified(self):
        done = run(HANAPER, "audit", "verify", "--dir", self.ca.dir, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def grown(self, number, name="main"):
        """The list of before goes on being served until the next one is made."""
        end = time.monotonic() + 10 * SLOW
        while self.ca.crl_number(name) <= number:
            self.assertLess(time.monotonic(), end, f"{name}: no CRL of a higher number than {number}")
            time.sleep(0.05)

    def tree(self):
        return {str(p.relative_to(self.ca.dir)): p.read_bytes()
                for p in self.ca.dir.rglob("*")
                if p.is_file() and not p.name.endswith(("-wal", "-shm"))}

    def lose(self, *names):
        for name in names:
            path = self.ca.dir / name
            for p in [path, *path.parent.glob(path.name + "-*")]:
                if p.is_dir():
                    shutil.rmtree(p)
                elif p.exists():
                    p.unlink()
