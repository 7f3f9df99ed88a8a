# SPDX-License-Identifier: Apache-2.0
"""Backup and restore: whole or refused, and never back in time."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from backup_case import HANAPER, BackupCase
from hnp import BUILD, CA, SLOW, run


class Backup(BackupCase):
    # -- what is in it

    # S86
    def test_it_is_whole_and_any_tar_reads_it_and_plain_keys_stay_out(self):
        ca = self.ca
        serial = ca.issue("web", "DNS:web.internal")
        said = json.loads(self.backup("--json").stdout)
        self.assertEqual(self.file.stat().st_mode & 0o7777, 0o600)
        self.assertEqual(said["octets"], self.file.stat().st_size)
        self.assertGreaterEqual(said["journal_seq"], said["database_seq"])
        self.assertEqual(len([x for x in said["left_out"] if "not encrypted" in x]), 4)
        names = run("tar", "tf", self.file).stdout.split()
        self.assertEqual([n for n in names if n.endswith(".key")], [])
        self.assertEqual(names[0], "hanaper.yaml")
        self.assertEqual(names[-1], "MANIFEST")
        out = ca.tmp / "out"
        out.mkdir()
        run("tar", "xf", self.file, "-C", out)
        for line in (out / "MANIFEST").read_text().splitlines():
            if line.startswith("file "):
                _, sha, _, size, name = line.split()
                self.assertEqual((out / name).stat().st_size, int(size))
                self.assertEqual(run("sha256sum", out / name).stdout.split()[0], sha)
        self.assertEqual(run("sqlite3", out / "hanaper.db", "PRAGMA integrity_check").stdout,
                         "ok\n")
        self.assertIn(serial.lstrip("0"), run(
            "sqlite3", out / "hanaper.db", "SELECT lower(hex(serial)) FROM certificate").stdout)
        for secret in ("root.key", "issuers/main.key", "admin.key"):
            self.assertNotIn((ca.dir / secret).read_bytes(), self.file.read_bytes())
        # No other one is overwritten, and nothing is left beside it.
        self.says(self.backup(check=False), "is there already")
        self.assertEqual(sorted(p.name for p in ca.tmp.glob("backup.tar*")), ["backup.tar"])
        other = ca.tmp / "with-keys.tar"
        self.backup("--with-keys", file=other)
        self.assertIn((ca.dir / "issuers/main.key").read_bytes(), other.read_bytes())

    def test_encrypted_keys_are_in_it_and_their_passphrase_is_not(self):
        self.ca.close()
        phrase = pathlib.Path(self.ca.tmp.parent) / f"hnp-phrase-{os.getpid()}"
        phrase.write_text("a long passphrase\n")
        phrase.chmod(0o600)
        self.addCleanup(phrase.unlink)
        self.ca = CA("--passphrase-file", phrase)
        self.addCleanup(self.ca.close)
        self.ca.start()
        self.file = self.ca.tmp / "backup.tar"
        said = json.loads(self.backup("--json").stdout)
        names = run("tar", "tf", self.file).stdout.split()
        self.assertIn("issuers/main.key", names)
        self.assertIn("root.key", names)
        self.assertNotIn("admin.key", names)
        self.assertTrue(any("passphrase" in x for x in said["left_out"]))
        self.assertNotIn(b"a long passphrase", self.file.read_bytes())
        # From nothing but this file and the passphrase it serves again.
        serial = self.ca.issue("after", "DNS:after.internal")
        self.ca.stop()
        shutil.rmtree(self.ca.dir)
        self.restore("--nothing-since")
        self.ca.start()
        self.assertEqual(self.ca.ocsp(serial), "unknown")
        run(HANAPER, "issue", "web.internal", "--dir", self.ca.dir, cwd=self.ca.tmp)

    def test_made_under_load_it_is_of_one_moment(self):
        ca = self.ca
        csr, over, done = ca.csr("load", "DNS:load.internal"), threading.Event(), []

        def load():
            conn = ca.connect()
            while not over.is_set():
                a = ca.ask("POST", "/v1/certificates?profile=server", csr,
                           {"Content-Type": "text/plain"}, connection=conn)
                if a.status == 201:
                    done.append(a.json["serial"])
                    if random.random() < 0.3:
                        ca.revoke(a.json["serial"], connection=conn)

        threads = [threading.Thread(target=load) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            made = []
            for i in range(8):
                before = len(done)
                said = json.loads(self.backup("--json", file=ca.tmp / f"b{i}.tar").stdout)
                made.append((before, said))
        finally:
            over.set()
            for t in threads:
                t.join()
        self.assertGreater(len(done), 20)
        for i, (before, said) in enumerate(made):
            out = ca.tmp / f"out{i}"
            run(HANAPER, "restore", ca.tmp / f"b{i}.tar", "--dir", out, "--nothing-since")
            held = {row.lstrip("0") for row in run(
                "sqlite3", out / "hanaper.db", "SELECT lower(hex(serial)) FROM certificate"
            ).stdout.split()}
            # All that was answered before it began is there.
            self.assertEqual([s for s in done[:before] if s.lstrip("0") not in held], [])

    # -- put back

    # S86, R34, R91
    def test_what_was_revoked_after_it_stays_revoked_and_crl_numbers_grow(self):
        ca = self.ca
        before, after = ca.issue("before", "DNS:before.internal"), None
        token = json.loads(run(HANAPER, "token", "create", "--profile", "server", "--dns",
                               "t.internal", "--json", "--dir", ca.dir).stdout)
        self.assertIn("token", token)
        self.backup()
        after = ca.issue("after", "DNS:after.internal")
        for s in (before, after):
            number = ca.crl_number()
            self.assertEqual(ca.revoke(s).status, 200)
            self.grown(number)
        good = ca.issue("good", "DNS:good.internal")
        number = ca.crl_number()
        ca.stop()
        for lost in (("hanaper.db",), ("hanaper.db", "hanaper.yaml", "root.crt", "issuers/main.crt"),
                     ("pub",)):
            with self.subTest(lost=lost):
                self.lose(*lost)
                done = self.restore()
                self.assertIn("journal here is kept", done.stdout)
                ca.start()
                self.assertEqual(self.statuses([before, after, good]),
                                 {before: "revoked", after: "revoked", good: "good"})
                self.assertGreaterEqual(ca.crl_number(), number)
                number = ca.crl_number()
                self.verified()
                listed = run(HANAPER, "token", "ls", "--json", "--dir", ca.dir).stdout
                self.assertNotIn('"pending"', listed)
                ca.stop()
        audit = run("sqlite3", ca.dir / "hanaper.db",
                    "SELECT count(*) FROM audit WHERE kind = 12").stdout
        self.assertGreaterEqual(int(audit), 1)

    # S86
    def test_without_the_issuers_key_it_says_that_it_cannot_start_yet(self):
        ca = self.ca
        self.backup()
        ca.stop()
        into = ca.tmp / "into"
        last = self.restore("--nothing-since", dir=into).stdout.splitlines()[-1]
        self.assertRegex(last, "^done, but it cannot start yet: .*/issuers/main.key is missing: put the key of issuer main")
        done = run(HANAPER, "doctor", "--dir", into, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, "(?m)^FAIL  issuer key .*/issuers/main.key: no such file$")

    # S86
    def test_yesterdays_database_in_place_is_brought_up(self):
        ca = self.ca
        serial = ca.issue("x", "DNS:x.internal")
        ca.stop()
        old = ca.tmp / "old.db"
        shutil.copy(ca.dir / "hanaper.db", old)
        ca.start()
        ca.revoke(serial)
        self.backup()
        late = ca.issue("late", "DNS:late.internal")
        ca.revoke(late)
        ca.stop()
        self.lose("hanaper.db")
        shutil.copy(old, ca.dir / "hanaper.db")
        done = self.restore()
        self.assertIn("replayed", done.stdout)
        self.assertEqual(len(list(ca.dir.glob("before-restore-*"))), 1)
        ca.start()
        self.assertEqual(self.statuses([serial, late]), {serial: "revoked", late: "revoked"})
        self.verified()

    def test_a_newer_database_and_journal_are_kept(self):
        ca = self.ca
        self.backup("--with-keys")
        serial = ca.issue("n", "DNS:n.internal")
        ca.revoke(serial)
        ca.stop()
        before = self.tree()
        done = self.restore()
        self.assertIn("journal here is kept", done.stdout)
        self.assertIn("database here is kept", done.stdout)
        after = self.tree()
        for name in before:
            if name != "hanaper.db":  # it has one row more, the auditor's
                self.assertEqual(before[name], after.get(name), name)
        ca.start()
        self.assertEqual(ca.ocsp(serial), "revoked")
        self.verified()

    # S86
    def test_where_the_journal_is_lost_it_wants_to_know_what_was_revoked_since(self):
        ca = self.ca
        serials = [ca.issue(f"c{i}", f"DNS:c{i}.internal") for i in range(4)]
        self.backup("--with-keys")
        self.assertEqual(ca.revoke(serials[0], "keyCompromise").status, 200)
        self.assertEqual(ca.revoke(serials[1]).status, 200)
        late = ca.issue("late", "DNS:late.internal")
        ca.revoke(late)
        time.sleep(2.5)
        end = time.monotonic() + 10 * SLOW
        while late.upper() not in ca.crl_text() and time.monotonic() < end:
            time.sleep(0.1)
        shutil.copy(ca.crl(), ca.tmp / "last.crl")
        number = ca.crl_number()
        ca.crl("root")
        ca.stop()
        shutil.copy(ca.dir / "root.crt", ca.tmp / "no-crl.pem")
        shutil.rmtree(ca.dir)
        self.says(self.restore(check=False), "--crl", "--nothing-since")
        self.assertFalse(ca.dir.exists() and any(ca.dir.iterdir()))
        self.says(self.restore("--crl", ca.tmp / "root.crl", check=False), "issuer main")
        bad = bytearray((ca.tmp / "last.crl").read_bytes())
        bad[-3] ^= 1
        (ca.tmp / "bad.crl").write_bytes(bad)
        self.says(self.restore("--crl", ca.tmp / "bad.crl", check=False), "bad.crl")
        (ca.tmp / "cut.crl").write_bytes((ca.tmp / "last.crl").read_bytes()[:-20])
        self.says(self.restore("--crl", ca.tmp / "cut.crl", check=False), "cut.crl")
        self.says(self.restore("--crl", ca.tmp / "no-crl.pem", check=False), "no-crl.pem", '"CERTIFICATE", not "X509 CRL"')
        self.says(self.restore("--crl", ca.tmp / "last.crl", check=False), "no CRL of the root", "/crl/root.crl")
        done = self.restore("--crl", ca.tmp / "last.crl", "--crl", ca.tmp / "root.crl")
        self.assertIn("3 revocations", done.stdout)
        self.assertRegex(done.stdout, rf"(?m)^main: CRL {number} of 20\S+Z$")
        self.assertNotIn("main: CRL", done.stderr, "that one is newer than the backup")
        self.assertNotIn("cannot start", done.stdout)
        ca.start()
        self.assertEqual(self.statuses(serials),
                         {serials[0]: "revoked", serials[1]: "revoked", serials[2]: "good",
                          serials[3]: "good"})
        # R34: no number is given out twice.
        self.grown(number)
        text = ca.crl_text()
        for s in (serials[0], serials[1], late):
            self.assertIn(s.upper(), text)
        self.assertIn("Key Compromise", text)
        self.verified()
        # A restore that was cut off is done again, and changes no more.
        ca.stop()
        self.assertIn("journal here is kept", self.restore().stdout)
        ca.start()
        self.verified()

    # P70: the root's list tells of issuers
    def test_an_issuer_that_was_revoked_since_stays_revoked(self):
        ca = self.ca
        self.backup("--with-keys")
        number = ca.crl_number("root")
        run(HANAPER, "issuer", "revoke", "main", "--reason", "superseded", "--dir", ca.dir)
        end = time.monotonic() + 10 * SLOW
        while ca.crl_number("root") == number and time.monotonic() < end:
            time.sleep(0.1)
        for name in ("main", "root"):
            shutil.copy(ca.crl(name), ca.tmp / f"{name}.last")
        ca.stop()
        self.lose("journal", "hanaper.db")
        self.says(self.restore("--crl", ca.tmp / "main.last", check=False), "no CRL of the root")
        done = self.restore("--crl", ca.tmp / "main.last", "--crl", ca.tmp / "root.last")
        self.assertIn("1 revocation that the backup lacked", done.stdout)
        ca.start()
        done = run(HANAPER, "issue", "x.internal", "--dir", ca.dir, cwd=ca.tmp, check=False)
        self.assertIn("issuer.revoked", done.stderr)
        ca.stop()

    def rotated(self):
        """A backup, and behind it another issuer, which signs one that is revoked; that one's serial."""
        ca = self.ca
        self.backup("--with-keys")
        ca.stop()
        run(HANAPER, "rotate", "--dir", ca.dir)
        ca.start()
        serials = [ca.issue(n, f"DNS:{n}.internal") for n in ("late", "kept")]
        number = ca.crl_number("main-2")
        self.assertEqual(ca.revoke(serials[0]).status, 200)
        self.grown(number, "main-2")
        self.number = ca.crl_number("main-2")
        ca.stop()
        return serials

    def with_its_row_back(self, serials):
        ca = self.ca
        kept, = ca.dir.glob("before-restore-*/hanaper.yaml")
        shutil.copy(kept, ca.dir / "hanaper.yaml")
        ca.start()
        self.assertEqual([ca.ocsp(s, issuer=ca.dir / "issuers/main-2.crt") for s in serials], ["revoked", "good"])
        ca.stop()

    def test_a_rotation_that_the_backups_configuration_does_not_know_is_told(self):
        serials = self.rotated()
        done = self.restore()
        self.assertRegex(done.stdout, "hanaper.yaml is the backup's; .*/before-restore-.*/hanaper.yaml, was another")
        self.assertIn("issuer main-2 has signed certificates that have not ended", done.stdout)
        self.with_its_row_back(serials)

    # R34
    def test_what_only_a_database_knows_of_a_newer_issuer_is_kept(self):
        serials = self.rotated()
        self.lose("journal")
        done = self.restore()
        self.assertIn("1 revocation that the backup lacked", done.stdout)
        kept, = self.ca.dir.glob("before-restore-*/hanaper.yaml")
        shutil.copy(kept, self.ca.dir / "hanaper.yaml")
        self.ca.start()
        self.assertEqual(self.ca.ocsp(serials[0], issuer=self.ca.dir / "issuers/main-2.crt"), "revoked")
        self.grown(self.number, "main-2")
        self.ca.stop()

    def test_a_crl_older_than_the_backup_or_of_others_is_no_answer(self):
        ca = self.ca
        shutil.copy(ca.crl(), ca.tmp / "old.crl")
        number = ca.crl_number()
        ca.revoke(ca.issue("z", "DNS:z.internal"))
        self.grown(number)
        self.backup()
        other = CA()
        self.addCleanup(other.close)
        other.start()
        shutil.copy(other.crl(), ca.tmp / "other.crl")
        ca.stop()
        self.lose("journal", "hanaper.db")
        self.says(self.restore("--crl", ca.tmp / "old.crl", check=False), "older than the backup")
        self.says(self.restore("--crl", ca.tmp / "other.crl", check=False),
                  "signature does not verify")
        self.says(self.restore("--crl", "/etc/passwd", check=False), "/etc/passwd")

    def test_a_database_that_outlived_its_journal_knows_what_was_revoked(self):
        ca = self.ca
        one, two = ca.issue("one", "DNS:one.internal"), ca.issue("two", "DNS:two.internal")
        self.backup()
        number = ca.crl_number()
        ca.revoke(one)
        self.grown(number)
        number = ca.crl_number()
        ca.stop()
        self.lose("journal")
        done = self.restore()
        self.assertIn("1 revocation that the backup lacked was added", done.stdout)
        ca.start()
        self.assertEqual(self.statuses([one, two]), {one: "revoked", two: "good"})
        self.grown(number)
        self.verified()

    # -- refused

    # S86
    def test_cut_or_altered_anywhere_it_is_refused_and_nothing_is_touched(self):
        ca = self.ca
        self.backup("--with-keys")
        ca.stop()
        whole = self.file.read_bytes()
        before = self.tree()
        rng = random.Random(7)
        size = len(whole)
        cuts = [0, 1, 511, 512, 513, size - 1024, size - 1023, size - 513, size - 512, size - 1,
                *(rng.randrange(size) for _ in range(20))]
        flips = [0, 100, 124, 156, 257, 512, size - 1, size - 1024, size - 1500,
                 *(rng.randrange(size) for _ in range(40))]
        for cut in cuts:
            self.file.write_bytes(whole[:cut])
            self.says(self.restore("--check", check=False), "backup")
            self.assertEqual(self.restore(check=False).returncode, 1, cut)
        for at in flips:
            bad = bytearray(whole)
            bad[at] ^= 1 << rng.randrange(8)
            self.file.write_bytes(bad)
            self.assertEqual(self.restore("--check", check=False).returncode, 1, at)
        self.file.write_bytes(whole + b"\0")
        self.says(self.restore(check=False), "follows")
        self.assertEqual(before, self.tree())
        self.assertEqual([p.name for p in ca.tmp.glob("*restore-*")], [])
        self.file.write_bytes(whole)
        self.restore("--check")
        # One that somebody made up with tar is none either.
        made = ca.tmp / "made"
        made.mkdir()
        run("tar", "xf", self.file, "-C", made)
        run("tar", "--format=ustar", "-cf", self.file, "-C", made,
            *sorted(p.name for p in made.iterdir()))
        self.assertEqual(self.restore(check=False).returncode, 1)

    def test_a_running_daemon_another_ca_and_a_forked_journal_are_refused(self):
        ca = self.ca
        self.backup("--with-keys")
        self.says(self.restore(check=False), "stop it first")
        pid = ca.dir / "run/hanaperd.pid"
        pid.rename(ca.tmp / "pid")  # as who takes it for one that a crash has left
        before = self.tree()
        self.says(self.restore(check=False), "stop it first")
        self.assertEqual(self.tree(), before)
        (ca.tmp / "pid").rename(pid)
        other = CA()
        self.addCleanup(other.close)
        self.says(self.restore(dir=other.dir, check=False), "another CA's")
        # From one moment on two copies of a CA went different ways.
        ca.stop()
        twin = ca.tmp / "twin"
        shutil.copytree(ca.dir, twin)
        ca.start()
        ca.issue("a", "DNS:a.internal")
        os.unlink(self.file)
        self.backup()
        ca.stop()
        real, ca.dir = ca.dir, twin
        try:
            ca.start()
            for i in range(4):
                ca.issue(f"b{i}", f"DNS:b{i}.internal")
            ca.stop()
        finally:
            ca.dir = real
        self.says(self.restore(dir=twin, check=False), "two different histories")

    def test_a_damaged_journal_is_told_and_a_damaged_database_replaced(self):
        ca = self.ca
        serial = ca.issue("d", "DNS:d.internal")
        self.backup()
        ca.revoke(serial)
        ca.stop()
        db = ca.dir / "hanaper.db"
        octets = bytearray(db.read_bytes())
        octets[4096:4096 + 2000] = b"\xff" * 2000
        db.write_bytes(octets)
        self.restore()
        ca.start()
        self.assertEqual(ca.ocsp(serial), "revoked")
        self.verified()
        ca.stop()
        journal = ca.dir / "journal/00000001.hj"
        octets = bytearray(journal.read_bytes())
        octets[300] ^= 1
        journal.write_bytes(octets)
        self.says(self.restore(check=False), "journal here is damaged")

    def test_an_interrupted_one_leaves_nothing(self):
        self.ca.stop()
        # Large enough to be caught at work, at each of its steps.
        run("sqlite3", self.ca.dir / "hanaper.db", "CREATE TABLE large AS SELECT randomblob(30000000)")
        caught = 0
        for i, number in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGHUP) * 4):
            doing = subprocess.Popen([HANAPER, "backup", self.file, "--dir", self.ca.dir],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while doing.poll() is None and not list(self.ca.tmp.glob("backup.tar.scratch-*")):
                time.sleep(0.001)
            time.sleep(i * 0.01)
            doing.send_signal(number)
            caught += doing.wait(60) == -number
            self.assertEqual([p.name for p in self.ca.tmp.iterdir() if p.name.startswith("backup.tar.")], [])
            self.file.unlink(missing_ok=True)
        self.assertGreater(caught, 3)

    def test_backup_of_nothing_and_usage(self):
        self.says(self.backup(file="/absent/x.tar", check=False), "/absent/x.tar")
        done = run(HANAPER, "backup", self.file, "--dir", self.ca.tmp, check=False)
        self.says(done, f"{self.ca.tmp} is no CA directory")
        self.assertEqual(run(HANAPER, "backup", check=False).returncode, 2)
        self.says(self.restore(check=False), "backup.tar")

    def lost_with(self, etc):
        """A CA whose hanaper.yaml is there; both are lost, and put back."""
        ca = self.ca
        etc.mkdir()
        conf = (ca.dir / "hanaper.yaml").read_text()
        (etc / "hanaper.yaml").write_text(f"dir: {ca.dir}\n" + conf)
        (etc / "hanaper.yaml").chmod(0o640)
        run(HANAPER, "backup", self.file, "--dir", etc, "--with-keys")
        ca.stop()
        shutil.rmtree(ca.dir)
        shutil.rmtree(etc, ignore_errors=True)
        self.says(run(HANAPER, "restore", self.file, "--dir", etc, check=False), "--nothing-since")
        self.assertFalse(ca.dir.exists() or etc.exists())
        run(HANAPER, "restore", self.file, "--dir", etc, "--nothing-since")

    def test_hanaper_yaml_may_lie_below_the_ca_directory(self):
        ca = self.ca
        etc = ca.dir / "etc"
        self.lost_with(etc)
        run(BUILD / "hanaperd", "--check", "--dir", etc)
        self.assertTrue((ca.dir / "root.key").exists())

    def test_hanaper_yaml_goes_to_its_directory_and_the_rest_where_it_says(self):
        ca = self.ca
        etc = ca.tmp / "etc"
        self.lost_with(etc)
        self.assertEqual(sorted(p.name for p in etc.iterdir()), ["hanaper.yaml", "root.crt"])
        self.assertEqual((etc / "root.crt").read_bytes(), (ca.dir / "root.crt").read_bytes())
        self.assertEqual((etc / "root.crt").stat().st_mode & 0o777, 0o644)
        self.assertTrue((ca.dir / "journal").is_dir())
        with open(ca.log, "ab") as log:
            daemon = subprocess.Popen([BUILD / "hanaperd", "-f", "--dir", etc], stdout=log,
                                      stderr=log)
        self.addCleanup(daemon.kill)
        end = time.monotonic() + 10 * SLOW
        while run(HANAPER, "ls", "--dir", etc, check=False).returncode != 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        run(HANAPER, "audit", "verify", "--dir", etc)
        run(HANAPER, "issue", "web.internal", "--out", ca.tmp / "web", "--dir", etc)
        run(HANAPER, "renew", ca.tmp / "web.crt", "--now", "--dir", etc)
        daemon.terminate()
        self.assertEqual(daemon.wait(10 * SLOW), 0)

    # S86: also on a medium that is read-only, and beside the file nothing is made
    @unittest.skipUnless(os.geteuid() == 0, "needs root, to mount")
    def test_it_is_checked_where_nothing_can_be_written(self):
        ca, medium, tmp = self.ca, self.ca.tmp / "medium", self.ca.tmp / "tmp"
        medium.mkdir()
        tmp.mkdir()
        self.backup("--with-keys", file=medium / "b.tar")
        before = medium.stat().st_mtime_ns
        check = (HANAPER, "restore", "--check", medium / "b.tar")
        done = run("unshare", "--mount", "sh", "-ec", 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"',
                   "sh", medium, *check)
        self.assertIn("is whole", done.stdout)
        run(*check, env={**os.environ, "TMPDIR": str(tmp)})
        self.assertEqual((medium.stat().st_mtime_ns, list(tmp.iterdir())), (before, []))
        self.says(run(*check, env={**os.environ, "TMPDIR": str(ca.tmp / "none")}, check=False), str(ca.tmp / "none"))

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to mount")
    def test_a_copy_of_the_root_that_cannot_be_written_is_told(self):
        ca = self.ca
        etc = ca.tmp / "ro"
        etc.mkdir()
        (etc / "hanaper.yaml").write_text(f"dir: {ca.dir}\n" + (ca.dir / "hanaper.yaml").read_text())
        (etc / "hanaper.yaml").chmod(0o640)
        run(HANAPER, "backup", self.file, "--dir", etc, "--with-keys")
        ca.stop()
        shutil.rmtree(ca.dir)
        done = run("unshare", "--mount", "sh", "-ec", 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"',
                   "sh", etc, HANAPER, "restore", self.file, "--dir", etc, "--nothing-since")
        self.assertIn(f"{etc}/root.crt could not be written: copy {ca.dir}/root.crt there", done.stdout)
        self.assertTrue((ca.dir / "journal").is_dir())

    def test_hanaper_yaml_may_be_on_another_file_system(self):
        ca = self.ca
        shm = pathlib.Path("/dev/shm")
        if not os.access(shm, os.W_OK) or shm.stat().st_dev == ca.tmp.stat().st_dev:
            self.skipTest("there is no other file system")
        etc = pathlib.Path(tempfile.mkdtemp(prefix="hnp-", dir=shm))
        self.addCleanup(shutil.rmtree, etc)
        conf = f"dir: {ca.dir}\n" + (ca.dir / "hanaper.yaml").read_text()
        (etc / "hanaper.yaml").write_text(conf)
        run(HANAPER, "backup", self.file, "--dir", etc)
        ca.stop()
        (etc / "hanaper.yaml").write_text(conf + "# changed since\n")
        (etc / "root.crt").write_text("of another CA\n")
        done = run(HANAPER, "restore", self.file, "--dir", etc)
        self.assertIn(f"{etc}/root.crt is not the root of this CA: copy {ca.dir}/root.crt there", done.stdout + done.stderr)
        self.assertEqual((etc / "root.crt").read_text(), "of another CA\n")
        self.assertEqual((etc / "hanaper.yaml").read_text(), conf)
        kept, = ca.dir.glob("before-restore-*/hanaper.yaml")
        self.assertEqual(kept.read_text(), conf + "# changed since\n")
