# SPDX-License-Identifier: Apache-2.0
"""The n-th call of a command fails, for each n: what it leaves behind is whole, and the next try does it.

HNP_FAULTS=all tries each n; else each so many.
"""
import errno
import json
import os
import re
import shutil
import unittest

import faults
import hnp

ALL = os.environ.get("HNP_FAULTS") == "all"
CALLS = faults.WRITE | faults.SYNC | faults.TRUNCATE | faults.NAME | faults.OPEN
STEP = 1 if ALL else 5


def public_of(key):
    return hnp.run("openssl", "pkey", "-in", key, "-pubout").stdout


def public_in(cert):
    return hnp.run("openssl", "x509", "-in", cert, "-noout", "-pubkey").stdout


@unittest.skipIf(hnp.WRAP or hnp.SANITIZED and not ALL, "it preloads a library")
class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ca = faults.FaultCA()
        cls.addClassCleanup(cls.ca.close)
        cls.ca.start()

    def each(self, *args, error=errno.ENOSPC, step=STEP, action=faults.ERROR, least=1):
        """Runs the command with its n-th call failing, until no call is left; the caller judges what is there."""
        n, failed = 1, 0
        while True:
            self.ca.plan("cli", CALLS, action, error, first=n)
            done = self.ca.command(*args, check=False)
            hits = self.ca.seen("cli")[1]
            self.ca.unplan()
            self.assertIn(done.returncode, (0, 1), (args, n, done.stderr))
            if done.returncode == 1:
                failed += 1
                self.assertTrue((done.stdout + done.stderr).strip(), f"{args}, call {n}: it says why")
            yield done
            if hits == 0:
                self.assertEqual(done.returncode, 0, done.stderr)
                break
            n += step
        self.assertGreaterEqual(failed, least)
        print(f"     {args[0]}: {n} calls, {failed} times it failed", flush=True)

    # S81: no key that nothing is certified for, no certificate without its key
    def test_issue(self):
        base = self.ca.file("i")
        for done in self.each("issue", "i.internal", "--out", base, "--force", "--dir", self.ca.dir):
            key, cert = base.with_suffix(".key"), base.with_suffix(".crt")
            if done.returncode == 0:
                self.assertEqual(public_of(key), public_in(cert))
            elif cert.exists():
                self.assertTrue(key.exists())
            key.unlink(missing_ok=True)
            cert.unlink(missing_ok=True)

    def test_init(self):
        into = self.ca.file("made")
        for done in self.each("init", "--dir", into, "--api", "127.0.0.1:18443", error=errno.EIO, step=1 if ALL else 11):
            if done.returncode == 0:
                hnp.run(hnp.BUILD / "hanaperd", "--check", "--dir", into)
                hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", into)
            elif into.exists():
                self.assertFalse((into / "hanaper.yaml").exists(), "half a CA that a daemon would take for one")
            shutil.rmtree(into, ignore_errors=True)

    # P43: whatever fails, who signs has key and certificate, and the next run makes the next one
    def test_rotate(self):
        into, as_made = self.ca.file("rotated"), self.ca.file("as-made")
        hnp.run(hnp.BUILD / "hanaper", "init", "--dir", as_made)
        shutil.copytree(as_made, into)
        for done in self.each("rotate", "--dir", into, error=errno.EIO, step=1 if ALL else 7):
            yaml = (into / "hanaper.yaml").read_text()
            rotated = "  - name: main-2\n" in yaml
            self.assertEqual(rotated, "    issuer: main-2\n" in yaml)
            self.assertTrue(rotated or done.returncode == 1 and yaml == (as_made / "hanaper.yaml").read_text())
            for name in ("main", "main-2") if rotated else ("main",):
                self.assertEqual(public_of(into / f"issuers/{name}.key"), public_in(into / f"issuers/{name}.crt"))
            self.assertEqual(list(into.glob("*.new-*")), [])
            hnp.run(hnp.BUILD / "hanaperd", "--check", "--dir", into)
            hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", into)
            if not rotated:
                again = json.loads(hnp.run(hnp.BUILD / "hanaper", "rotate", "--dir", into, "--json").stdout)
                self.assertIn(again["issuer"], ("main-2", "main-3"))
            shutil.rmtree(into)
            shutil.copytree(as_made, into)

    def token(self, name, uses):
        done = hnp.run(hnp.BUILD / "hanaper", "token", "create", name, "--uses", str(uses), "--dir", self.ca.dir,
                       "--json")
        return json.loads(done.stdout)["token"]

    def url(self):
        return f"https://localhost:{self.ca.api_port}"

    def test_enroll(self):
        into, token = self.ca.file("enrolled"), self.token("e.internal", 500)
        for done in self.each("enroll", "--url", self.url(), "--token", token, "--out", into):
            if done.returncode == 0:
                self.assertEqual(public_of(into / "key.pem"), public_in(into / "cert.pem"))
                self.assertTrue(json.loads((into / "hanaper.json").read_text())["serial"])
            shutil.rmtree(into, ignore_errors=True)
        for _ in self.each("enroll", "--url", self.url(), "--token", token, "--out", into, "--force", least=0):
            pass

    # What a server reads while it is renewed is a pair at any moment.
    def renewed(self, *options, **kw):
        into = self.ca.file("renewed")
        hnp.run(hnp.BUILD / "hanaper", "enroll", "--url", self.url(), "--token", self.token("r.internal", 1),
                "--out", into)
        # A disk that is full may have room again: each is tried anew, and none fails for good.
        for done in self.each("renew", into, "--now", *options, least=0, **kw):
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(public_of(into / "key.pem"), public_in(into / "cert.pem"))
        shutil.rmtree(into)

    def test_renew(self):
        self.renewed()

    def test_renew_with_a_new_key(self):
        self.renewed("--rekey", error=errno.EROFS)

    def test_renew_of_a_file(self):
        base = self.ca.file("f")
        hnp.run(hnp.BUILD / "hanaper", "issue", "f.internal", "--out", base, "--dir", self.ca.dir)
        for _ in self.each("renew", base.with_suffix(".crt"), "--now", "--url", self.url(), "--cacert",
                           self.ca.dir / "root.crt", least=0):
            self.assertEqual(public_of(base.with_suffix(".key")), public_in(base.with_suffix(".crt")))

    def test_what_only_reads_or_writes_one_file(self):
        ca = self.ca
        serial = ca.issue("web", "DNS:web.internal")
        out = ca.file("out")
        for args in (("crl", "--out", out, "--dir", ca.dir), ("ca", "--out", out, "--dir", ca.dir),
                     ("show", ca.file("web.crt"), "--dir", ca.dir), ("ocsp", ca.file("web.crt"), "--dir", ca.dir),
                     ("explain", ca.file("web.csr"), "--dir", ca.dir), ("lint", ca.file("web.crt")),
                     ("audit", "verify", "--dir", ca.dir), ("doctor", "--dir", ca.dir),
                     ("revoke", ca.file("web.crt"), "--dir", ca.dir)):
            with self.subTest(args):
                for done in self.each(*args, least=0, step=3 * STEP):
                    out.unlink(missing_ok=True)
                    if args[0] == "revoke" and done.returncode == 0:
                        break
        self.assertEqual(ca.ocsp(serial), "revoked")

    # S86
    def test_backup_and_restore(self):
        ca = self.ca
        file, into = ca.file("b.tar"), ca.file("restored")
        for done in self.each("backup", file, "--dir", ca.dir, "--with-keys", error=errno.EIO):
            if done.returncode == 0:
                hnp.run(hnp.BUILD / "hanaper", "restore", "--check", file)
            file.unlink(missing_ok=True)
        hnp.run(hnp.BUILD / "hanaper", "backup", file, "--dir", ca.dir, "--with-keys")
        for _ in self.each("restore", "--check", file):
            pass
        crl = ca.file("main.crl")
        hnp.run(hnp.BUILD / "hanaper", "crl", "--out", crl, "--dir", ca.dir)
        for done in self.each("restore", file, "--dir", into, "--crl", crl, "--nothing-since"):
            if (into / "hanaper.yaml").exists():
                hnp.run(hnp.BUILD / "hanaper", "audit", "verify", "--dir", into)
            else:
                self.assertEqual(done.returncode, 1, done.stderr)
            shutil.rmtree(into, ignore_errors=True)
        hnp.run(hnp.BUILD / "hanaper", "restore", file, "--dir", into, "--crl", crl, "--nothing-since")
        # What is there already makes way, and is not lost.
        for done in self.each("restore", file, "--dir", into, error=errno.EIO, least=0):
            self.assertTrue((into / "hanaper.yaml").exists() or list(into.glob("before-restore-*/hanaper.yaml")))


if __name__ == "__main__":
    unittest.main()
