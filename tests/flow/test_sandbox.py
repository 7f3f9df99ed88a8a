# SPDX-License-Identifier: Apache-2.0
"""The walls around each process: what is left to it, tried from inside, and how the daemon ends by it."""
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from hnp import BUILD, CA, ROLES, SLOW, SOURCE, WRAP, FlowTest

FAKE = BUILD / "tests/unit/daemon/fake_role"
INTO_PARENT = BUILD / "tests/flow/forbidden_parent.so"
OPEN = bool(WRAP) or b"it is built with" in (BUILD / "hanaper-core").read_bytes()  # sys/sandbox.c

# How many system calls are left to each process: the table that contrib/lint/hardening compares by name.
CALLS = collections.Counter(
    line.split()[0] for line in (SOURCE / "contrib/lint/hardening.calls").read_text().splitlines()
    if not line.startswith("#") and not line.endswith(" ABSENT"))

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
    # It reads where its configuration lies, which may be the CA directory; it changes nothing anywhere.
    "parent": {
        **dict.fromkeys(FILES - {"list-ca", "read-random"}, "done"),
        **dict.fromkeys(("list-ca", "read-random", "unlink-root-key"), "EACCES"),
        "sleep": f"killed {signal.SIGSYS:d}",
    },
}
LEFT["core"]["unlink-root-key"] = "EACCES"

# Runs what follows on a kernel that has no Landlock, as far as it can tell: ENOSYS for the call that asks.
NO_LANDLOCK = (sys.executable, "-c", """
import ctypes, os, struct, sys
code = b"".join(struct.pack("HBBI", *row) for row in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7fff0000)))
libc, room = ctypes.CDLL(None), ctypes.create_string_buffer(code)
prog = struct.pack("HxxxxxxP", 4, ctypes.addressof(room))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
""")


def has_landlock():
    return subprocess.run(["python3", "-c", "import ctypes, sys; "
                           "sys.exit(0 if ctypes.CDLL(None).syscall(444, None, 0, 1) > 0 else 1)"]).returncode == 0


@unittest.skipIf(OPEN, "wrapped, or built with a sanitizer or counters: no role is shut in")
class Real(FlowTest):
    """The processes themselves."""

    def processes(self):
        """{name: pid}, the parent too."""
        of = {program.removeprefix("hanaper-"): pid for program, pid in self.ca.role_pids().items()}
        return {**of, "parent": self.ca.daemon.pid}

    # S82
    def test_each_process_is_shut_in_and_says_so(self):
        said = dict((m[1], (int(m[2]), int(m[3]))) for m in
                    re.finditer(r" info (\w+) sandboxed seccomp=(\d+) landlock=(\d+)$", self.ca.said(), re.M))
        self.assertEqual(set(said), set(CALLS))
        for role, pid in self.processes().items():
            print(f"     {role}: {said[role][0]} system calls, Landlock {said[role][1]}")
            self.assertEqual(said[role][0], CALLS[role], f"{role}: not those of contrib/lint/hardening.calls")
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                status = (task / "status").read_text()
                self.assertRegex(status, r"\nSeccomp:\t2\n")
                self.assertRegex(status, r"\nNoNewPrivs:\t1\n")
                for which in ("Inh", "Prm", "Eff", "Amb"):
                    self.assertRegex(status, rf"\nCap{which}:\t0+\n", f"{role}: more than a user may")
        self.assertNotIn("not-sandboxed", self.ca.said())

    # S80, S82
    def test_nothing_of_their_memory_reaches_a_disk(self):
        limits = {role: pathlib.Path(f"/proc/{pid}/limits").read_text() for role, pid in self.processes().items()}
        for role, text in limits.items():
            self.assertRegex(text, r"\nMax core file size +0 +0 +bytes", role)
        pid = self.processes()["signer"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        if "memory-not-locked" in self.ca.said():
            self.skipTest("the limits of this machine let no memory be locked")
        self.assertRegex(status, r"\nVmSwap:\t +0 kB")
        smaps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
        written = re.findall(r"^[0-9a-f]+-[0-9a-f]+ rw-p .*?(\S*)\n(?:[A-Z].*\n)*?VmFlags:(.*)\n", smaps, re.M)
        heaps = [" lo" in flags for name, flags in written if name == "[heap]"]
        self.assertTrue(heaps and heaps[0], "what was read at the start is not locked")
        if re.search(r"\nMax locked memory +unlimited", limits["signer"]):
            self.assertEqual([name for name, flags in written if " lo" not in flags], [], "not locked")

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
            for pid in (ca.daemon.pid, *ca.role_pids().values()):
                self.assertRegex(pathlib.Path(f"/proc/{pid}/status").read_text(), r"\nSeccomp:\t0\n")
        finally:
            ca.close()

    # S82: the other wall stands, and what it lacks is said
    def test_without_landlock_it_serves_behind_the_other_wall(self):
        ca = CA()
        try:
            ca.start(wrap=NO_LANDLOCK)
            for role in CALLS:
                self.assertRegex(ca.said(), rf"info {role} sandboxed seccomp={CALLS[role]} landlock=0\n")
            ca.issue("a", "DNS:localhost")
            self.assertEqual(ca.stop(), 0)
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

    def daemon(self, where, wrap=(), **env):
        return subprocess.Popen([*wrap, self.bin / "hanaperd", "-f", "--dir", where], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, **env})

    def preloaded(self, where, **env):
        """Into the parent, and into no role: their environment is theirs."""
        return dict(LD_PRELOAD=str(INTO_PARENT), HNP_FORBIDDEN_DIR=str(where), **env)

    def tried(self, role, wrap=()):
        """{act: what became of it}, tried by the process while it has the real file rights."""
        where = self.fresh(role, "try all" if role != "parent" else "")
        env = self.preloaded(where, HNP_FORBIDDEN_TO=str(where / "acts")) if role == "parent" else {}
        daemon = self.daemon(where, wrap, **env)
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
        self.assertGreater(len(acts), 65)
        return acts

    def judge(self, role, landlock=None):
        wrap = () if landlock is None else NO_LANDLOCK
        landlock = has_landlock() if landlock is None else landlock
        acts = self.tried(role, wrap)
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
    @unittest.skipUnless(INTO_PARENT.exists(), "forbidden_parent.so is not built")
    def test_the_parent_changes_no_file_and_starts_nothing(self):
        self.judge("parent")

    # S82: what the other wall refuses does not lean on it
    def test_without_landlock_what_kills_kills(self):
        for role in ("signer", "prober", "core", "front"):
            self.judge(role, landlock=False)

    # S82
    @unittest.skipUnless(INTO_PARENT.exists(), "forbidden_parent.so is not built")
    def test_a_forbidden_act_of_the_parent_ends_all(self):
        where = self.fresh("core", "")
        daemon = self.daemon(where, **self.preloaded(where, HNP_FORBIDDEN_DO="execute"))
        _, said = daemon.communicate(timeout=30 * SLOW)  # the end of its output: no role is left
        self.assertEqual(daemon.returncode, -signal.SIGSYS, said)

    # S82
    def test_a_forbidden_act_ends_the_role_and_the_daemon_with_one_line(self):
        for role, act in (("signer", "tcp"), ("signer", "unix"), ("signer", "execute"), ("signer", "file-in-memory"),
                          ("core", "tcp"), ("core", "udp"), ("core", "unix"), ("core", "execute"),
                          ("prober", "make-in-ca"), ("prober", "write-root-cert"), ("prober", "unix"), ("prober", "bind"),
                          ("front", "write-database"), ("front", "make-published"), ("front", "tcp"),
                          ("front", "be-traced")):
            with self.subTest(role=role, act=act):
                daemon = self.daemon(self.fresh(role, f"do {act}"))
                _, said = daemon.communicate(timeout=30 * SLOW)
                self.assertEqual(daemon.returncode, 1, said)
                lines = [line for line in said.splitlines() if " error " in line]
                self.assertEqual(len(lines), 1, said)
                self.assertRegex(lines[0], rf"error parent ended error=\"{role}: was ended by signal {signal.SIGSYS:d} "
                                 r"\(Bad system call\): it called what its sandbox forbids\"$")

