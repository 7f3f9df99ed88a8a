# SPDX-License-Identifier: Apache-2.0
"""The walls around each role: what is left to it, tried from inside, and how the daemon ends by it."""
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from hnp import BUILD, CA, ROLES, SLOW, WRAP, FlowTest

FAKE = BUILD / "tests/unit/daemon/fake_role"
OPEN = bool(WRAP) or b"it is built with" in (BUILD / "hanaper-core").read_bytes()  # sys/sandbox.c

# System calls that are left to each role (include/tbl/syscalls.h).  One more is a hole more: say why, there.
CALLS = {"signer": 43, "prober": 43, "core": 53, "front": 53}

# What a library does once in a long while, and must not die of.
RARE = dict.fromkeys(("sleep", "ask-for-memory"), "EFAULT")

# What each role still does of tests/unit/daemon/forbidden.c; all else kills it.
# Files: EACCES is Landlock's word; a kernel without it lets the signer and core open files of their user.
FILES = {"read-passwd", "read-conf", "read-root-key", "read-issuer-key", "read-database", "read-acme-key",
         "read-journal",
         "read-published", "list-ca", "read-random"}
WRITES = {"write-database", "write-journal", "make-in-journal", "make-published", "write-root-cert", "make-in-ca",
          "make-in-tmp", "make-nameless", "read-memory"}
LEFT = {
    "signer": {
        **dict.fromkeys(FILES | WRITES | {"remove-root-key"}, "EACCES"),
        **dict.fromkeys(("read-journal", "write-journal", "make-in-journal", "rename-journal",
                        "remove-journal"), "done"),
    },
    "prober": {
        **dict.fromkeys(FILES, "EACCES"),
        "read-random": "done",
        **dict.fromkeys(("tcp", "tcp-6", "udp"), "done"),
        "connect": "EBADF",
    },
    "core": {
        **dict.fromkeys(FILES | WRITES | {"remove-root-key", "rename-journal", "remove-journal"}, "EACCES"),
        **dict.fromkeys(("read-database", "write-database", "read-acme-key", "read-published", "make-published",
                        "list-ca"), "done"),
    },
    "front": {
        **dict.fromkeys(FILES, "EACCES"),
        "read-published": "done",
        "accept": "EBADF",
        "fork-3": "ENOSYS",
    },
}


def has_landlock():
    return subprocess.run(["python3", "-c", "import ctypes, sys; "
                           "sys.exit(0 if ctypes.CDLL(None).syscall(444, None, 0, 1) > 0 else 1)"]).returncode == 0


@unittest.skipIf(OPEN, "wrapped, or built with a sanitizer or counters: no role is shut in")
class Real(FlowTest):
    """The roles themselves."""

    # S82
    def test_each_role_is_shut_in_and_says_so(self):
        said = dict((m[1], (int(m[2]), int(m[3]))) for m in
                    re.finditer(r" info (\w+) sandboxed seccomp=(\d+) landlock=(\d+)$", self.ca.said(), re.M))
        self.assertEqual(set(said), set(CALLS))
        for program, pid in self.ca.role_pids().items():
            role = program.removeprefix("hanaper-")
            print(f"     {role}: {said[role][0]} system calls, Landlock {said[role][1]}")
            self.assertLessEqual(said[role][0], CALLS[role], f"{role} may do more than before")
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                status = (task / "status").read_text()
                self.assertRegex(status, r"\nSeccomp:\t2\n")
                self.assertRegex(status, r"\nNoNewPrivs:\t1\n")
        self.assertNotIn("not-sandboxed", self.ca.said())

    # S82
    def test_a_clean_stop_leaves_no_log_of_the_database_behind(self):
        """Core cannot remove it; but there is nothing in it that a database put in place could get mixed with."""
        self.assertEqual(self.ca.stop(), 0)
        self.assertEqual((self.ca.dir / "hanaper.db-wal").stat().st_size, 0)
        self.ca.start()


@unittest.skipIf(OPEN, "wrapped, or built with a sanitizer or counters: no role is shut in")
class Off(unittest.TestCase):
    # S82
    def test_without_it_each_start_warns(self):
        ca = CA()
        try:
            ca.start("--no-sandbox")
            for role in CALLS:
                self.assertRegex(ca.said(), rf"warn {role} not-sandboxed why=--no-sandbox\n")
            for pid in ca.role_pids().values():
                self.assertRegex(pathlib.Path(f"/proc/{pid}/status").read_text(), r"\nSeccomp:\t0\n")
        finally:
            ca.close()


@unittest.skipIf(OPEN, "wrapped, or built with a sanitizer or counters: no role is shut in")
@unittest.skipUnless(FAKE.exists(), "fake_role is not built: make check TESTS=")
class Taken(unittest.TestCase):
    """A role that was taken over: fake_role in the place of each, shut in as that role is."""

    @classmethod
    def setUpClass(cls):
        cls.tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        cls.bin = cls.tmp / "bin"
        cls.bin.mkdir()
        for name in ROLES:
            shutil.copy(FAKE, cls.bin / name)
        for name in ("hanaperd", "hanaper"):
            shutil.copy(BUILD / name, cls.bin / name)
        cls.ca = CA()
        # The files of a CA that has run, for those who try to open them.
        cls.ca.start()
        cls.ca.stop()

    @classmethod
    def tearDownClass(cls):
        cls.ca.close()
        shutil.rmtree(cls.tmp, ignore_errors=True)

    def fresh(self, role, behaviour):
        where = pathlib.Path(tempfile.mkdtemp(prefix="ca-", dir=self.tmp)) / "ca"
        shutil.copytree(self.ca.dir, where, ignore=shutil.ignore_patterns("*.sock"))
        (where / f"behave.{role}").write_text(behaviour)
        return where

    def daemon(self, where):
        return subprocess.Popen([self.bin / "hanaperd", "-f", "--dir", where], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def tried(self, role):
        """{act: what became of it}, tried by the role while it has the real file rights."""
        where = self.fresh(role, "try all")
        daemon = self.daemon(where)
        timer = threading.Timer(60 * SLOW, daemon.kill)
        timer.start()
        try:
            line = daemon.stdout.readline()
            daemon.terminate()
            _, said = daemon.communicate(timeout=30)
        finally:
            timer.cancel()
        self.assertTrue(line.startswith("ready "), said[-3000:])
        acts = dict(line.split(" ", 1) for line in (where / "acts").read_text().splitlines())
        self.assertGreater(len(acts), 55)
        return acts

    def judge(self, role):
        landlock = has_landlock()
        acts = self.tried(role)
        for act, became in acts.items():
            want = {**RARE, **LEFT[role]}.get(act, f"killed {signal.SIGSYS:d}")
            if want == "EACCES" and not landlock:
                continue
            with self.subTest(role=role, act=act):
                self.assertEqual(became, want)
        self.assertEqual(set(LEFT[role]) - set(acts), set(), "acts that nobody tried")

    # S82, S80
    def test_the_signer_reaches_its_journal_and_nothing_else(self):
        self.judge("signer")

    # S82
    def test_the_prober_reaches_the_network_and_no_file(self):
        self.judge("prober")

    # S82, S80
    def test_core_reaches_its_database_and_no_network(self):
        self.judge("core")

    # S82, S80
    def test_front_reads_what_is_published_and_writes_nothing(self):
        self.judge("front")

    # S82
    def test_a_forbidden_act_ends_the_role_and_the_daemon_with_one_line(self):
        for role, act in (("signer", "tcp"), ("core", "tcp"), ("prober", "make-in-ca"), ("front", "write-database"),
                          ("core", "execute"), ("front", "be-traced")):
            with self.subTest(role=role, act=act):
                daemon = self.daemon(self.fresh(role, f"do {act}"))
                _, said = daemon.communicate(timeout=30 * SLOW)
                self.assertEqual(daemon.returncode, 1, said)
                lines = [line for line in said.splitlines() if " error " in line]
                self.assertEqual(len(lines), 1, said)
                self.assertRegex(lines[0], rf"error parent ended error=\"{role}: was ended by signal {signal.SIGSYS:d} "
                                 r"\(Bad system call\): it called what its sandbox forbids\"$")

