# SPDX-License-Identifier: Apache-2.0
"""Root renews in a directory of another user, who may exchange all that lies there at any moment."""
import json
import os
import pathlib
import subprocess
import time
import unittest

import test_renew
from hnp import BUILD, SLOW, WRAP, run

USER, GROUP = 54331, 54332

# As that user: what "renew" has just made in his directory becomes a link to where he may not write.
EXCHANGE = """
import os, sys
where, victim = sys.argv[1:]
os.chdir(where)
print("ready", flush=True)
while True:
    for name in os.listdir("."):
        if name[:2] == "20" and not name.endswith(".x") and os.path.exists(name + "/key.pem"):
            os.rename(name, name + ".x")
            os.symlink(victim, name)
            sys.exit(0)
"""


@unittest.skipIf(os.geteuid() != 0, "takes root")
@unittest.skipIf(WRAP, "wrapped")
class RenewByRoot(test_renew.RenewFiles):
    def place(self, name, *names, **kw):
        return self.give(super().place(name, *names, **kw), USER, USER)

    def owners(self, where):
        return {(s.st_uid, s.st_gid) for s in (p.lstat() for p in (where, *where.rglob("*")))}

    # S81, S82
    def test_what_it_makes_is_the_owners(self):
        where = self.place("theirs", "DNS:theirs.internal")
        os.chown(where / "key.pem", USER, GROUP)  # of a group that he need not be in
        (where / "key.pem").chmod(0o640)
        told = self.ca.file("told-uid")
        for options in ((), ("--rekey",), ("--rekey",), ("--rekey",), ()):
            done = self.hanaper(where, "--now", *options, "--exec", f"id -u > {told}")
            self.assertEqual(done.events, ["renewed", "exec-done"])
            self.assertEqual(told.read_text(), "0\n", "the command is root's")
            self.assertEqual({uid for uid, _ in self.owners(where)}, {USER})
            key = (where / "key.pem").stat()
            self.assertEqual((key.st_mode & 0o777, key.st_uid, key.st_gid), (0o640, USER, GROUP))
            self.fits(where)
        self.assertEqual(len(list(where.glob("20*"))), 2)

    # S81
    def test_a_directory_of_roots_keeps_the_keys_owner_and_the_group(self):
        where = self.place("mixed", "DNS:mixed.internal")
        for path, mode in ((where, 0o750), (where / "key.pem", 0o640)):
            os.chown(path, 0 if path == where else USER, GROUP)
            path.chmod(mode)
        for _ in range(2):
            self.hanaper(where, "--now", "--rekey")
            key, version = (where / "key.pem").stat(), (where / "current").stat()
            self.assertEqual((key.st_mode & 0o777, key.st_uid, key.st_gid), (0o640, USER, GROUP))
            self.assertEqual((version.st_mode & 0o777, version.st_uid, version.st_gid), (0o750, 0, GROUP))

    # S81, S82: the name of what root has made leads to another's key, which is then given away
    def test_a_version_that_is_exchanged_gives_nothing_away(self):
        victim = self.ca.file("victim")
        victim.mkdir(mode=0o755)
        key = victim / "key.pem"
        key.write_text("root's")
        key.chmod(0o600)
        for i in range(3):
            where = self.place(f"swap{i}", f"DNS:swap{i}.internal")
            other = subprocess.Popen(["python3", "-c", EXCHANGE, where, victim], user=USER, group=USER, extra_groups=[],
                                     stdout=subprocess.PIPE, text=True)
            self.assertEqual(other.stdout.readline(), "ready\n")
            run(BUILD / "hanaper", "renew", where, "--now", "--rekey", check=False, cwd="/", env={"PATH": "/usr/bin:/bin"})
            end = time.monotonic() + 5 * SLOW
            while other.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
            other.kill()
            other.wait()
            other.stdout.close()
            self.assertEqual((key.stat().st_uid, key.read_text()), (0, "root's"))
            self.assertEqual([p.name for p in victim.iterdir()], ["key.pem"])

    # S81, S82
    def test_what_it_takes_away_the_owner_could(self):
        where = self.place("sweep", "DNS:sweep.internal")
        old = where / "20200101T000000Z-00000000"
        old.mkdir()
        os.chown(old, USER, USER)
        kept = old / "roots"
        kept.mkdir(mode=0o700)
        (kept / "file").write_text("kept")
        more = old / "theirs"
        more.mkdir()
        os.chown(more, USER, USER)
        self.hanaper(where, "--now", "--rekey")
        self.assertEqual((kept / "file").read_text(), "kept")
        self.assertFalse(more.exists())

    # S81, S82: the certificate's own key is what root authenticates with
    def test_it_reads_what_the_owner_may_read_and_says_what_to_do(self):
        where = self.place("unread", "DNS:unread.internal")
        secret = self.ca.file("secret.pem")
        (where / "key.pem").rename(secret)
        os.chown(secret, 0, 0)
        for here in (lambda: os.link(secret, where / "key.pem"), lambda: secret.rename(where / "key.pem")):
            here()
            done = self.hanaper(where, "--now", status=1)
            self.assertIn(f"chown {USER} {where / 'key.pem'}", done.stderr)
            self.assertEqual(done.events, [])
            if secret.exists():
                (where / "key.pem").unlink()
        os.chown(where / "key.pem", USER, USER)
        self.assertEqual(self.hanaper(where, "--now", "--rekey").events, ["renewed"])

    # S81
    def test_roots_certificate_in_anothers_directory_gets_a_copy_beside_it(self):
        if pathlib.Path("/proc/sys/fs/protected_hardlinks").read_text() == "0\n":
            self.skipTest("here whoever may read a file may link it: no copy is needed")
        where = self.place("copy", "DNS:copy.internal")
        os.chown(where / "cert.pem", 0, 0)
        self.assertEqual(self.hanaper(where, "--now", "--rekey").events, ["renewed"])
        self.fits(where)
        self.assertEqual({uid for uid, _ in self.owners(where)}, {USER})

    # S81
    def test_two_files_of_anothers_directory_too_by_a_link_of_roots_as_well(self):
        where = self.place("files", "DNS:files.internal")
        link = self.ca.file("files-link.crt")
        link.symlink_to(where / "cert.pem")
        daemon = ("--key", where / "key.pem", "--url", f"https://localhost:{self.ca.api_port}", "--cacert", where / "root.crt")
        for name in (where / "cert.pem", link):
            os.chown(where / "cert.pem", 0, 0)
            self.assertEqual(self.hanaper(name, "--now", *daemon).events, ["renewed"])
            self.assertEqual(self.owners(where), {(USER, USER)})
            self.fits(where)
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.hanaper(self.ca.file("none/none"), "--now", *daemon[2:], status=1).events, [])

    # S81, S82
    def test_enroll_makes_what_renew_then_reads(self):
        ca = self.ca
        where = self.place("enrolled", "DNS:enrolled.internal")
        for args in (("--out", where, "--force"), ("--out", f"{where / 'below'}/"), ("--out", where / "below", "--force")):
            token = json.loads(run(BUILD / "hanaper", "token", "create", "localhost", "--profile", "peer", "--json", "--dir",
                                   ca.dir).stdout)["token"]
            run(BUILD / "hanaper", "enroll", "--url", f"https://localhost:{ca.api_port}", "--token", token, *args, cwd="/",
                env={"PATH": "/usr/bin:/bin"})
            self.assertEqual(self.owners(where), {(USER, USER)})
            at = pathlib.Path(args[1])
            self.assertEqual(self.hanaper(at, "--now", "--rekey").events, ["renewed"])
            self.assertEqual(self.owners(where), {(USER, USER)})
