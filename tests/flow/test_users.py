# SPDX-License-Identifier: Apache-2.0
"""Started as root, each role has a user of its own; numbers that nobody has will do for that."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

import faults
import journal
from hnp import BUILD, CA, ROLES, SANITIZED, SLOW, WRAP, run

FAKE = BUILD / "tests/unit/daemon/fake_role"
OWNER, USERS = 54321, {"signer": 54322, "prober": 54323, "front": 54324, "core": 54321}
OPTIONS = [o for role, uid in USERS.items() if uid != OWNER for o in ("--user", f"{role}={uid}")]


def reachable(path):
    """May a user who is nobody run what lies there?"""
    return all(p.stat().st_mode & 0o001 for p in (path, *path.parents))


@unittest.skipIf(os.geteuid() != 0, "takes root")
@unittest.skipIf(WRAP, "wrapped")
class Users(unittest.TestCase):
    def setUp(self):
        self.ca = CA()
        self.addCleanup(self.ca.close)
        self.bin = pathlib.Path(tempfile.mkdtemp(prefix="hnp-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.bin, ignore_errors=True)
        self.bin.chmod(0o755)
        for name in (*ROLES, "hanaperd"):
            shutil.copy(BUILD / name, self.bin / name)
        self.ca.tmp.chmod(0o711)
        if not reachable(self.ca.tmp):
            self.skipTest(f"{self.ca.tmp} is closed to others")
        self.ca.program = self.bin / "hanaperd"

    def give(self):
        """What docs/hanaperd.8, Users, says."""
        d = self.ca.dir
        for path in (d, *d.rglob("*")):
            os.lchown(path, OWNER, OWNER)
        for path in (d / "journal", *(d / "journal").iterdir(), d / "root.key", d / "issuers/main.key"):
            os.lchown(path, USERS["signer"], OWNER)
        (d / "issuers").chmod(0o750)

    def wait_free(self):
        """The kernel ends roles of other users just after the parent that failed."""
        end = time.monotonic() + 10 * SLOW
        while time.monotonic() < end:
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(("127.0.0.1", self.ca.api_port))
                    return
                except OSError:
                    time.sleep(0.01)
        self.fail("a role is left")

    def ids(self, pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return [set(re.search(rf"^{key}:\t(.*)$", status, re.M)[1].split()) for key in ("Uid", "Gid", "Groups")]

    def permissions(self):
        """As root sees them, who is not the daemon's user."""
        done = run(BUILD / "hanaper", "doctor", "--json", "--dir", self.ca.dir, check=False)
        return [f["level"] for f in json.loads(done.stdout)["findings"] if f["check"] == "permissions"]

    # S82: a role that is taken over is stopped by the file system too
    def test_each_role_has_a_user_of_its_own_and_nobody_is_root(self):
        self.give()
        self.ca.start(*OPTIONS)
        for program, pid in self.ca.role_pids().items():
            uid = USERS[program.removeprefix("hanaper-")]
            self.assertEqual(self.ids(pid), [{str(uid)}, {str(OWNER)}, set()], program)
        self.assertEqual(self.ids(self.ca.daemon.pid), [{str(OWNER)}, {str(OWNER)}, set()])
        self.assertEqual(self.permissions(), ["ok"])
        serial = self.ca.issue("a", "DNS:localhost")
        self.assertEqual(self.ca.revoke(serial, "keyCompromise").status, 200)
        self.assertEqual(self.ca.ocsp(serial), "revoked")
        self.ca.crl()
        self.assertEqual(self.ca.stop(), 0, self.ca.said()[-2000:])
        for path in ("journal", "issuers/main.key", "root.key"):
            self.assertEqual((self.ca.dir / path).stat().st_uid, USERS["signer"])
        self.ca.start(*OPTIONS)  # on what these users have made
        self.assertEqual(self.ca.ocsp(serial), "revoked")

    # S82, S81: a key that another role's user could read is refused as any other
    def test_keys_of_another_user_are_refused(self):
        self.give()
        os.lchown(self.ca.dir / "issuers/main.key", USERS["front"], OWNER)
        self.ca.start(*OPTIONS, wait=False)
        self.assertEqual(self.ca.wait_end(), 1)
        self.assertIn("main.key", self.ca.said())
        self.assertEqual(self.permissions(), ["FAIL"])

    # S81, S89: made by root, or laid out for one user: each start says whose one more file has to be
    def test_files_of_the_wrong_owner_are_told_with_what_mends_them(self):
        d, signer = self.ca.dir, USERS["signer"]
        rows = (("issuers/main.key", 0, signer), ("issuers/main.key", OWNER, signer), ("root.key", 0, signer),
                ("journal", 0, signer), ("journal", OWNER, signer), ("hanaper.db", 0, OWNER))
        for path, owner, wanted in rows:
            with self.subTest(path=path, owner=owner):
                self.give()
                os.lchown(d / path, owner, owner)
                self.ca.start(*OPTIONS, wait=False)
                self.assertEqual(self.ca.wait_end(), 1, self.ca.said()[-2000:])
                self.assertRegex(self.ca.said(), f"run: chown (-R )?{wanted} {d / path}\"")
                os.lchown(d / path, wanted, OWNER)
                self.wait_free()
        self.ca.start(*OPTIONS)

    # S82, S86
    def test_a_restore_gives_the_signer_what_is_the_signers(self):
        self.give()
        self.ca.start(*OPTIONS)
        serial = self.ca.issue("a", "DNS:localhost")
        self.ca.revoke(serial, "keyCompromise")
        backup = self.ca.tmp / "b.tar"
        run(BUILD / "hanaper", "backup", backup, "--dir", self.ca.dir, "--with-keys")
        self.ca.stop()
        signers = ("journal", "journal/00000001.hj", "issuers/main.key", "root.key")
        for how, options in (("journal is there", ()), ("nothing is there", ("--nothing-since",))):
            with self.subTest(how):
                kept = [] if options else ["journal"]
                for path in self.ca.dir.iterdir():
                    if path.name not in kept:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
                named = ("--user", f"signer={USERS['signer']}") if options else ()
                run(BUILD / "hanaper", "restore", backup, "--dir", self.ca.dir, *options, *named)
                for path in signers:
                    self.assertEqual((self.ca.dir / path).stat().st_uid, USERS["signer"], path)
                for path in ("hanaper.db", "issuers", "issuers/main.crt", "hanaper.yaml"):
                    self.assertEqual((self.ca.dir / path).stat().st_uid, OWNER, path)
                self.ca.start(*OPTIONS)
                self.assertEqual(self.ca.ocsp(serial), "revoked")
                self.ca.issue("b", "DNS:localhost")
                self.assertEqual(self.ca.stop(), 0)
        done = run(BUILD / "hanaper", "restore", backup, "--dir", self.ca.dir, "--user", "front=1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("signer=USER", done.stderr)

    # S82, P43
    def test_a_rotation_gives_the_signer_what_is_the_signers(self):
        self.give()
        self.ca.start(*OPTIONS)
        self.assertEqual(self.ca.stop(), 0)
        run(BUILD / "hanaper", "rotate", "--dir", self.ca.dir)
        for path in self.ca.dir.rglob("*"):
            signers = path.parent.name == "journal" or path.name == "journal" or path.name in ("root.key", "main.key", "main-2.key")
            self.assertEqual(path.stat().st_uid, USERS["signer"] if signers else OWNER, path)
        self.assertTrue((self.ca.dir / "issuers/main-2.crt").exists())
        self.ca.start(*OPTIONS)
        self.assertEqual(self.permissions(), ["ok"])
        self.ca.issue("b", "DNS:localhost")

    # S82, P43: there is no way back from a certificate
    def test_a_rotation_keeps_the_configurations_group_and_makes_nothing_where_it_cannot_be_replaced(self):
        ca = self.ca
        self.give()
        conf = ca.dir / "hanaper.yaml"
        was = conf.read_text()
        os.chown(conf, 0, OWNER + 1)
        before = {p.relative_to(ca.dir): p.read_bytes() for p in ca.dir.rglob("*.??*") if p.suffix not in (".db", ".pid")}
        for _ in range(2):
            done = run(BUILD / "hanaper", "rotate", "--dir", ca.dir, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(f"chown {OWNER} {conf}", done.stderr)
            self.assertEqual({p.relative_to(ca.dir): p.read_bytes() for p in ca.dir.rglob("*.??*")
                              if p.suffix not in (".db", ".pid")}, before)
        os.chown(conf, OWNER, OWNER + 1)
        conf.chmod(0o640)
        run(BUILD / "hanaper", "rotate", "--dir", ca.dir)
        st = conf.stat()
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode & 0o7777), (OWNER, OWNER + 1, 0o640))
        self.assertNotEqual(conf.read_text(), was)
        self.assertEqual([p.name for p in ca.dir.glob("hanaper.yaml?*")], [])
        ca.start(*OPTIONS)
        ca.issue("b", "DNS:localhost")

    # S81, S82: what is in the owner's directory may be exchanged for anything while root looks
    def test_rotate_as_root_does_no_more_than_the_owner_may(self):
        ca, keys = self.ca, self.ca.dir / "issuers"
        elsewhere = ca.tmp / "elsewhere"
        elsewhere.mkdir(mode=0o755)
        for path in (ca.dir, *ca.dir.rglob("*")):
            os.lchown(path, OWNER, OWNER)
        for name in ("main.key", "main.crt"):
            shutil.copy2(keys / name, elsewhere / name)
            os.chown(elsewhere / name, OWNER, OWNER)
        keys.rename(ca.dir / "were")
        keys.symlink_to(elsewhere)
        os.lchown(keys, OWNER, OWNER)
        for other in ("journal/lnk", "journal/00000002.hj"):
            (ca.dir / other).symlink_to("/etc/passwd")
        done = run(BUILD / "hanaper", "rotate", "--dir", ca.dir, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(sorted(p.name for p in elsewhere.iterdir()), ["main.crt", "main.key"])
        self.assertEqual(os.stat("/etc/passwd").st_uid, 0)
        for other in ("journal/lnk", "journal/00000002.hj", "issuers"):
            (ca.dir / other).unlink()
        (ca.dir / "were").rename(keys)
        killed = subprocess.Popen([BUILD / "hanaper", "rotate", "--dir", ca.dir, "--key-type", "rsa-4096"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lock = ca.dir / "run/hanaperd.pid"
        end = time.monotonic() + 10 * SLOW
        while not lock.exists() and killed.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        killed.kill()
        killed.wait()
        for path in (ca.dir, *ca.dir.rglob("*")):
            self.assertEqual(path.lstat().st_uid, OWNER, path)
        ca.start()
        ca.issue("a", "DNS:localhost")

    def hostile(self):
        """The directory is another user's; and one of root's, beside it, which nobody else may write to."""
        for path in (self.ca.dir, *self.ca.dir.rglob("*")):
            os.lchown(path, OWNER, OWNER)
        victim = self.ca.tmp / "victim"
        victim.mkdir(mode=0o755)
        (victim / "shadow").write_text("a secret of root's\n")
        (victim / "shadow").chmod(0o600)
        return victim

    def unharmed(self, victim):
        self.assertEqual([(p.name, p.read_text(), p.stat().st_uid, p.stat().st_mode & 0o777) for p in victim.iterdir()],
                         [("shadow", "a secret of root's\n", 0, 0o600)])

    def link(self, name, to):
        (self.ca.dir / name).symlink_to(to)
        os.lchown(self.ca.dir / name, OWNER, OWNER)

    # S81, S82, S86: no link in the owner's directory leads root elsewhere
    def test_restore_as_root_does_no_more_than_the_owner_may(self):
        ca, victim, backup = self.ca, self.hostile(), self.ca.tmp / "b.tar"
        run(BUILD / "hanaper", "backup", backup, "--dir", ca.dir, "--with-keys")
        for name in ("issuers", "pub"):
            shutil.rmtree(ca.dir / name)
            self.link(name, victim)
        done = run(BUILD / "hanaper", "restore", backup, "--dir", ca.dir, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.unharmed(victim)
        for name in ("issuers", "pub"):
            (ca.dir / name).unlink()
        now = int(time.time())
        for at in range(now, now + 60):
            self.link(time.strftime("before-restore-%Y%m%dT%H%M%SZ", time.gmtime(at)), victim)
        (ca.dir / "admin.crt").write_text("another\n")
        run(BUILD / "hanaper", "restore", backup, "--dir", ca.dir)
        self.unharmed(victim)
        kept, = ca.dir.glob("before-restore-*-2/admin.crt")
        self.assertEqual(kept.read_text(), "another\n")
        for path in ca.dir.glob("before-restore-*Z"):
            path.unlink()
        run(BUILD / "hanaper", "restore", backup, "--dir", ca.dir)
        for path in (ca.dir, *ca.dir.rglob("*")):
            self.assertEqual(path.lstat().st_uid, OWNER, path)
        ca.start()
        ca.issue("a", "DNS:localhost")

    # S81, S86
    def test_backup_as_root_reads_no_more_than_the_owner_may(self):
        ca, victim, backup = self.ca, self.hostile(), self.ca.tmp / "b.tar"
        os.rename(ca.dir / "admin.crt", ca.dir / "were.crt")
        for name, to in (("admin.crt", victim / "shadow"), ("y", victim)):
            self.link(name, to)
            yaml = (ca.dir / "hanaper.yaml").read_text()
            if name == "y":
                (ca.dir / "hanaper.yaml").write_text(yaml.replace("issuers/main.crt", "y/shadow"))
            done = run(BUILD / "hanaper", "backup", backup, "--dir", ca.dir, "--with-keys", check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertFalse(backup.exists())
            (ca.dir / name).unlink()
            (ca.dir / "hanaper.yaml").write_text(yaml)
        (ca.dir / "journal/00000002.hj").unlink(missing_ok=True)
        os.mkfifo(ca.dir / "journal/00000002.hj", 0o600)
        for command in (["backup", backup], ["audit", "verify"]):
            done = run(BUILD / "hanaper", *command, "--dir", ca.dir, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
        self.link("last-backup", victim / "new")
        (ca.dir / "journal/00000002.hj").unlink()
        run(BUILD / "hanaper", "backup", backup, "--dir", ca.dir)
        self.unharmed(victim)

    # S86: a journal of more than one file, which the owner of the backup's directory may not look at
    def test_backup_as_root_takes_every_file_of_the_journal(self):
        ca, kept = self.ca, self.ca.tmp / "kept"
        self.give()
        kept.mkdir()
        os.chown(kept, OWNER + 100, OWNER + 100)
        first = ca.dir / "journal/00000001.hj"
        octets = first.read_bytes()
        head = octets[:12] + struct.pack(">Q", journal.last_seq(ca.dir / "journal") + 1) + octets[-32:]
        second = first.with_name("00000002.hj")
        second.write_bytes(head)
        second.chmod(0o600)
        os.chown(second, USERS["signer"], OWNER)
        run(BUILD / "hanaper", "backup", kept / "b.tar", "--dir", ca.dir)
        with tarfile.open(kept / "b.tar") as tar:
            self.assertEqual([tar.extractfile(f"journal/{n:08}.hj").read() for n in (1, 2)], [octets, head])

    # S86: the operator's own files are root's to read
    def test_restore_as_root_reads_crls_where_only_root_may(self):
        ca, backup = self.ca, self.ca.tmp / "b.tar"
        self.hostile()
        ca.start()
        run(BUILD / "hanaper", "backup", backup, "--dir", ca.dir, "--with-keys")
        roots = ca.tmp / "roots"
        roots.mkdir(mode=0o700)
        lists = [shutil.copy(ca.crl(name), roots) for name in ("main", "root")]
        ca.stop()
        shutil.rmtree(ca.dir / "journal")
        for path in ca.dir.glob("hanaper.db*"):
            path.unlink()
        run(BUILD / "hanaper", "restore", backup, "--dir", ca.dir, "--crl", lists[0], "--crl", lists[1])
        for path in (ca.dir, *ca.dir.rglob("*")):
            self.assertEqual(path.lstat().st_uid, OWNER, path)

    # S81: SQLite removes what a journal beside a database names
    def test_a_journal_beside_the_database_removes_nothing_of_roots(self):
        ca, victim = self.ca, self.hostile()
        db = ca.dir / "hanaper.db"
        connection = sqlite3.connect(db)
        connection.execute("PRAGMA journal_mode = delete")
        connection.close()
        magic, name = bytes.fromhex("d9d505f920a163d7"), os.fsencode(victim / "shadow")
        head = magic + struct.pack(">IIIII", 0, 0, db.stat().st_size // 4096, 512, 4096)
        hot = head.ljust(512, b"\0") + struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(
            ">II", len(name), sum(name)) + magic
        for command in (["doctor"], ["audit", "verify"], ["backup", ca.tmp / "b.tar"], ["rotate"]):
            (ca.dir / "hanaper.db-journal").write_bytes(hot)
            for path in ca.dir.glob("hanaper.db*"):
                os.lchown(path, OWNER, OWNER)
                path.chmod(0o600)
            run(BUILD / "hanaper", *command, "--dir", ca.dir, check=False)
            self.unharmed(victim)

    # S81, S86: a file of one user says nothing of another's directory to root
    def test_what_one_user_wrote_leads_root_to_no_other(self):
        ca, victim = self.ca, self.hostile()
        other = ca.tmp / "other"
        other.mkdir()
        (other / "hanaper.yaml").write_text(f"dir: {ca.dir}\n" + (ca.dir / "hanaper.yaml").read_text())
        (other / "hanaper.yaml").chmod(0o640)
        for path in (other, other / "hanaper.yaml"):
            os.chown(path, OWNER + 100, OWNER + 100)
        for command in (["backup", ca.tmp / "b.tar", "--with-keys"], ["rotate"]):
            done = run(BUILD / "hanaper", *command, "--dir", other, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("which is not", done.stderr)
        self.assertFalse((ca.tmp / "b.tar").exists())
        run(BUILD / "hanaper", "backup", ca.tmp / "b.tar", "--dir", ca.dir, "--with-keys")
        os.chown(ca.tmp / "b.tar", OWNER + 100, OWNER + 100)
        done = run(BUILD / "hanaper", "restore", ca.tmp / "b.tar", "--dir", ca.dir, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("which is not", done.stderr)
        os.chown(ca.tmp / "b.tar", OWNER, OWNER)
        run(BUILD / "hanaper", "restore", ca.tmp / "b.tar", "--dir", ca.dir)
        self.unharmed(victim)

    # S81, S86: a link of another user, wherever it leads, hands that user nobody's CA
    def test_a_link_of_another_user_leads_root_to_no_ca(self):
        ca, victim = self.ca, self.hostile()
        run(BUILD / "hanaper", "backup", ca.dir / "b.tar", "--dir", ca.dir, "--with-keys")
        shutil.copy(ca.dir / "b.tar", victim / "b.tar")
        (victim / "b.tar").chmod(0o600)
        other, elsewhere = ca.tmp / "other", ca.tmp / "elsewhere"
        elsewhere.mkdir(mode=0o755)
        shutil.copy(ca.dir / "b.tar", ca.tmp / "mine.tar")
        for name, to in (("ca", ca.dir), ("to", elsewhere), ("mine/hanaper.yaml", ca.dir / "hanaper.yaml"), ("roots.tar", victim / "b.tar"),
                         ("owners.tar", ca.dir / "b.tar")):
            (other / name).parent.mkdir(exist_ok=True)
            (other / name).symlink_to(to)
        for path in (other, *other.rglob("*")):
            os.lchown(path, OWNER + 100, OWNER + 100)
        before = sorted(other.rglob("*"))
        for args, why in ((("backup", other / "b.tar", "--with-keys", "--dir", other / "ca"), "which is not"),
                          (("backup", other / "b.tar", "--with-keys", "--dir", other / "mine"), "which is not"),
                          (("rotate", "--dir", other / "ca"), "which is not"),
                          (("rotate", "--dir", other / "mine"), "which is not"),
                          (("restore", other / "owners.tar", "--dir", other / "mine", "--nothing-since"), "which is not"),
                          (("restore", other / "roots.tar", "--dir", other / "mine", "--nothing-since"), "Permission denied"),
                          (("restore", ca.tmp / "mine.tar", "--dir", other / "ca", "--nothing-since"), "another user's"),
                          (("restore", ca.tmp / "mine.tar", "--dir", other / "to", "--nothing-since"), "another user's"),
                          (("restore", ca.tmp / "mine.tar", "--dir", other / "to/new", "--nothing-since"), "Permission denied"),
                          (("restore", "--check", other / "roots.tar"), "Permission denied")):
            with self.subTest(args):
                done = run(BUILD / "hanaper", *args, check=False)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(why, done.stderr)
                self.assertEqual(sorted(other.rglob("*")), before)
                self.assertEqual(list(elsewhere.iterdir()), [])
        made = other.stat().st_mtime_ns
        (ca.tmp / "tmp").mkdir()
        (ca.tmp / "tmp").chmod(0o700)
        run(BUILD / "hanaper", "restore", "--check", other / "owners.tar", env={**os.environ, "TMPDIR": str(ca.tmp / "tmp")})
        self.assertEqual((other.stat().st_mtime_ns, list((ca.tmp / "tmp").iterdir())), (made, []))

    # S81, S82: what is made in a directory of another user he makes
    def test_a_ca_that_root_makes_in_a_directory_of_another_user_is_his(self):
        ca = self.ca
        ca.tmp.chmod(0o711)
        at, victim = ca.tmp / "at", ca.tmp / "victim"
        at.mkdir()
        os.chown(at, OWNER, OWNER)
        victim.mkdir(mode=0o700)
        init = BUILD / "hanaper", "init", "--api", f"127.0.0.1:{ca.api_port}", "--http", f"127.0.0.1:{ca.http_port}"
        run(*init, "--dir", at / "ca")
        for path in (at / "ca", *(at / "ca").rglob("*")):
            self.assertEqual((path.stat().st_uid, path.stat().st_gid), (OWNER, OWNER), path)
        self.assertEqual((at / "ca/root.key").stat().st_mode & 0o777, 0o600)
        # Where he may not write, root makes nothing for him.
        (at / "to").symlink_to(victim)
        os.lchown(at / "to", OWNER, OWNER)
        (at / "roots").mkdir()
        said = f"as user {OWNER}, whose directory it is in: "
        for name in ("to/ca", "roots/ca"):
            done = run(*init, "--dir", at / name, check=False)
            self.assertRegex(done.stderr, f"{said}.*: Permission denied")
        self.assertEqual(list(victim.iterdir()), [])
        # A passphrase that his daemon could not read is no use.
        (ca.tmp / "pass").write_text("of root's\n")
        (ca.tmp / "pass").chmod(0o600)
        done = run(*init, "--dir", at / "closed", "--passphrase-file", ca.tmp / "pass", check=False)
        self.assertIn(f"{said}{ca.tmp}/pass: is root's and closed to user {OWNER}", done.stderr)
        self.assertFalse((at / "closed").exists())
        os.chown(ca.tmp / "pass", OWNER, OWNER)
        run(*init, "--dir", at / "closed", "--passphrase-file", ca.tmp / "pass")
        self.assertIn("ENCRYPTED", (at / "closed/root.key").read_text())

    # And where TMPDIR is his
    def test_an_ephemeral_ca_is_made_in_another_users_tmpdir(self):
        ca, bin_dir = self.ca, self.ca.tmp / "bin"
        bin_dir.mkdir()
        shutil.copy(BUILD / "hanaper", bin_dir)
        # Meanwhile he gives what is root's the name of what will be removed.
        (bin_dir / "hanaperd").write_text("#!/bin/sh\nstat -c %u \"$3\" \"$3/root.key\"\n"
                                          "cd \"$3/../..\" && setpriv --reuid 54321 --clear-groups sh -c "
                                          "'d=$(echo hanaper-*); mv $d gone; mv roots $d'\n")
        (bin_dir / "hanaperd").chmod(0o755)
        tmp = ca.tmp / "tmp"
        tmp.mkdir(mode=0o700)
        ca.tmp.chmod(0o711)
        os.chown(tmp, OWNER, OWNER)
        (tmp / "roots").mkdir(mode=0o700)
        (tmp / "roots/file").touch()
        up = bin_dir / "hanaper", "up", "--ephemeral", "--api", f"127.0.0.1:{ca.api_port}", "--http", f"127.0.0.1:{ca.http_port}"
        done = run(*up, env={**os.environ, "TMPDIR": str(tmp)})
        self.assertIn(f"\n{OWNER}\n{OWNER}\n", done.stdout)
        self.assertEqual(len(list(tmp.glob("hanaper-*/file"))), 1)

    # S86: nor is root's hanaper.yaml replaced by what another user says
    def test_a_backup_of_another_user_replaces_no_configuration_of_roots(self):
        ca = self.ca
        theirs, etc = ca.tmp / "theirs", ca.tmp / "etc"
        for path in (theirs, etc):
            path.mkdir(mode=0o755)
        conf = (ca.dir / "hanaper.yaml").read_text()
        ca.dir.rename(theirs / "ca")
        (theirs / "ca/hanaper.yaml").unlink()
        (etc / "hanaper.yaml").write_text(f"dir: {theirs}/ca\n" + conf)
        (etc / "hanaper.yaml").chmod(0o640)
        run(BUILD / "hanaper", "backup", theirs / "b.tar", "--dir", etc)
        for path in (theirs, *theirs.rglob("*")):
            os.lchown(path, OWNER, OWNER)
        restore = BUILD / "hanaper", "restore", theirs / "b.tar", "--nothing-since", "--dir", etc
        run(*restore)  # the same is nobody's word against another's
        ours = "# root's\n" + (etc / "hanaper.yaml").read_text()
        (etc / "hanaper.yaml").write_text(ours)
        done = run(*restore, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"b.tar is user {OWNER}'s, and names {etc}, which is not", done.stderr)
        self.assertEqual((etc / "hanaper.yaml").read_text(), ours)
        done = run(*restore[:-1], ca.tmp / "new", check=False)
        self.assertIn(f"and names {ca.tmp}, which is not", done.stderr)
        self.assertFalse((ca.tmp / "new").exists())
        self.assertEqual(list(theirs.glob("ca/before-restore-*")), [])
        (theirs / "ca").rename(ca.dir)

    # S81: no link, whatever it is called by
    def test_a_ca_below_another_users_home_is_put_back_by_any_of_its_names(self):
        ca = self.ca
        home = ca.tmp / "home"
        home.mkdir(mode=0o755)
        run(BUILD / "hanaper", "backup", ca.tmp / "b.tar", "--with-keys", "--dir", ca.dir)
        shutil.copytree(ca.dir, home / "ca")
        os.chown(home, OWNER + 100, OWNER + 100)
        for path in (home / "ca", *(home / "ca").rglob("*")):
            os.lchown(path, OWNER, OWNER)
        for cwd, name in ((home, "ca"), (home, "./ca/"), (home / "ca", "."), (home, f"{home}//ca/.")):
            (home / "ca/hanaper.db").unlink()
            done = run(BUILD / "hanaper", "restore", ca.tmp / "b.tar", "--dir", name, cwd=cwd)
            self.assertIn(f"configuration {home}/ca/hanaper.yaml\n", done.stdout)
            self.assertEqual((home / "ca/hanaper.db").stat().st_uid, OWNER)

    # S86: nothing that somebody puts there meanwhile is looked at
    @unittest.skipUnless(faults.LIBRARY.exists(), "faults.so is not built: make check_PROGRAMS")
    @unittest.skipIf(WRAP or SANITIZED, "it preloads a library")
    def test_a_restore_makes_its_directory_before_it_looks_at_anything(self):
        ca = faults.FaultCA()
        self.addCleanup(ca.close)
        at = ca.tmp / "at"
        at.mkdir()
        at.chmod(0o1777)
        run(BUILD / "hanaper", "backup", ca.tmp / "b.tar", "--with-keys", "--dir", ca.dir)
        ca.plan("cli", faults.NAME, faults.HANG, error=200, times=faults.FOR_EVER)
        env = {**os.environ, **{k: str(v) for k, v in ca.variables("cli").items()}, "HANAPER_DIR": ""}
        for args in ((), ("--dir", "named")):
            name = at / (args[-1] if args else "hanaper")
            with subprocess.Popen([BUILD / "hanaper", "restore", ca.tmp / "b.tar", *args], cwd=at, env=env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) as restore:
                while not list(at.glob("*.restore-*")) and restore.poll() is None:
                    time.sleep(0.001)
                self.assertTrue(name.is_dir())
                self.assertIn("--nothing-since", restore.communicate(timeout=30 * SLOW)[1])
            self.assertEqual(list(at.iterdir()), [])  # and takes it away again

    # S81: the file that was read counts, not what has its name a moment later
    @unittest.skipUnless(faults.LIBRARY.exists(), "faults.so is not built: make check_PROGRAMS")
    @unittest.skipIf(WRAP or SANITIZED, "it preloads a library")
    def test_a_configuration_that_is_exchanged_when_it_was_read_counts_by_its_owner(self):
        ca = faults.FaultCA()
        self.addCleanup(ca.close)
        at = ca.tmp / "at"
        (at / "ca").mkdir(parents=True)
        (at / "ca/hanaper.yaml").write_text(f"dir: {ca.dir}\n" + (ca.dir / "hanaper.yaml").read_text())
        (at / "ca/hanaper.yaml").chmod(0o640)
        (at / "link").symlink_to(ca.dir)
        for path in (at, *at.rglob("*")):
            os.lchown(path, OWNER, OWNER)
        env = {**os.environ, **{k: str(v) for k, v in ca.variables("cli").items()}}
        said = ""
        for first in range(1, 7):
            ca.plan("cli", faults.OPEN, faults.HANG, error=400, first=first)
            with subprocess.Popen([BUILD / "hanaperd", "-f", "--dir", at / "ca"], env=env, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True) as daemon:
                time.sleep(0.2)
                (at / "ca").rename(at / "was")
                (at / "link").rename(at / "ca")
                threading.Timer(10 * SLOW, daemon.kill).start()  # which serves
                said += daemon.communicate()[0]
            self.assertEqual(daemon.returncode, 1)
            (at / "ca").rename(at / "link")
            (at / "was").rename(at / "ca")
        self.assertIn(f"belongs to user {OWNER}", said)

    # S82: what was made is taken away as the owner, who may exchange it meanwhile
    @unittest.skipUnless(faults.LIBRARY.exists(), "faults.so is not built: make check_PROGRAMS")
    @unittest.skipIf(WRAP or SANITIZED, "it preloads a library")
    def test_a_start_that_fails_removes_nothing_as_root(self):
        ca = faults.FaultCA()
        self.addCleanup(ca.close)
        ca.tmp.chmod(0o711)
        self.ca, victim = ca, ca.tmp / "victim"
        self.hostile()
        (victim / "hanaperd.pid").write_text("root's\n")
        ca.plan("cli", faults.NAME, faults.HANG, error=1000, times=faults.FOR_EVER)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", ca.api_port))
            taken.listen()
            started = subprocess.Popen([BUILD / "hanaperd", "-f", "--dir", ca.dir], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       text=True, env={**os.environ, **{k: str(v) for k, v in ca.variables("cli").items()}})
            # With its number in it the file is locked, and its name is not looked up again.
            pid = ca.dir / "run/hanaperd.pid"
            while not (pid.exists() and pid.stat().st_size) and started.poll() is None:
                time.sleep(0.001)
            (ca.dir / "run").rename(ca.dir / "were")
            self.link("run", victim)
            said, _ = started.communicate(timeout=30)
        self.assertEqual(started.returncode, 1)
        self.assertIn("another program listens", said)
        self.assertEqual((victim / "hanaperd.pid").read_text(), "root's\n")

    # S82
    def test_without_users_the_owner_of_the_directory_runs_all(self):
        for path in (self.ca.dir, *self.ca.dir.rglob("*")):
            os.lchown(path, OWNER, OWNER)
        self.ca.start()
        for pid in (self.ca.daemon.pid, *self.ca.role_pids().values()):
            self.assertEqual(self.ids(pid), [{str(OWNER)}, {str(OWNER)}, set()])
        self.ca.issue("a", "DNS:localhost")

    # S82
    def test_a_killed_role_takes_those_of_other_users_with_it(self):
        self.give()
        self.ca.start(*OPTIONS)
        pids = self.ca.role_pids()
        os.kill(pids["hanaper-prober"], 9)
        self.assertEqual(self.ca.wait_end(), 1)
        for program, pid in pids.items():
            self.assertFalse(pathlib.Path(f"/proc/{pid}/exe").exists(), program)

    # S82: nobody is left behind who does not hear that his channels have closed
    def test_a_parent_that_is_killed_takes_hanging_roles_of_other_users_with_it(self):
        self.give()
        self.ca.start(*OPTIONS)
        pids = self.ca.role_pids()
        for pid in pids.values():
            os.kill(pid, signal.SIGSTOP)
        self.ca.daemon.kill()
        self.ca.wait_end()
        self.assert_gone(pids)

    def assert_gone(self, pids):
        end = time.monotonic() + 10 * SLOW
        left = dict(pids)
        while left and time.monotonic() < end:
            left = {program: pid for program, pid in left.items() if pathlib.Path(f"/proc/{pid}/exe").exists()}
            time.sleep(0.02)
        for pid in left.values():
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(left, {})

    def pretend(self, **behaviours):
        """Roles that only pretend, and behave so."""
        for name in ROLES:
            shutil.copy(FAKE, self.bin / name)
        for role, behaviour in behaviours.items():
            (self.ca.dir / f"behave.{role}").write_text(behaviour)
        self.give()
        self.ca.start(*OPTIONS, wait=False)
        end = time.monotonic() + 10 * SLOW
        pids = {}
        while not (len(pids) == 4 and " parent ready " in self.ca.said()) and time.monotonic() < end:
            if len(pids) < 4:
                pids = {name: pid for name, pid in self.ca.role_pids().items() if name in ROLES}
            time.sleep(0.002)
        self.assertEqual(len(pids), 4, self.ca.said())
        return pids

    # S82: one that was taken over has nothing that it could undo or close
    @unittest.skipUnless(FAKE.exists(), "fake_role is not built: make check TESTS=")
    def test_no_role_of_another_user_outlives_the_parent_whatever_it_closes(self):
        for killed in (False, True):
            with self.subTest(killed=killed):
                go = self.ca.dir / "go"
                go.unlink(missing_ok=True)
                pids = self.pretend(signer="cut loose", prober="cut loose", front="cut loose")
                go.touch()
                if killed:
                    time.sleep(0.1 * SLOW)  # by then they have
                    self.ca.daemon.kill()
                self.ca.wait_end()
                self.assert_gone(pids)

    # S82: what could not be done is not told as done
    @unittest.skipUnless(FAKE.exists(), "fake_role is not built: make check TESTS=")
    def test_a_role_of_another_user_that_does_not_stop_is_told_as_what_it_is(self):
        pids = self.pretend(prober="hang", core="hang")
        self.ca.daemon.terminate()
        self.assertEqual(self.ca.wait_end(), 1)
        self.assert_gone(pids)
        self.assertRegex(self.ca.said(), r"warn parent not-killed name=prober why=\"[^\"]*\" error=\"Operation not permitted")
        self.assertIn("warn parent killed name=core ", self.ca.said())

    # S89
    def test_users_that_cannot_be_are_refused(self):
        for option, words in (("signer=root", "does not run as root"), ("signer=0", "does not run as root"),
                              ("cook=1", "ROLE=USER"), ("signer", "ROLE=USER"), ("signer=no-such-user", "no user")):
            self.give()
            self.ca.start("--user", option, wait=False)
            self.assertEqual(self.ca.wait_end(), 2 if words == "ROLE=USER" else 1)
            self.assertIn(words, self.ca.said())
        for path in (self.ca.dir, *self.ca.dir.rglob("*")):
            os.lchown(path, 0, 0)
        self.ca.start(*OPTIONS, wait=False)
        self.assertEqual(self.ca.wait_end(), 1)
        self.assertIn("another user's", self.ca.said())
