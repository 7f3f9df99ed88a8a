# SPDX-License-Identifier: Apache-2.0
"""The parent: what it starts, when it is ready, how it ends; with roles that only pretend."""
import fcntl
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import time
import unittest

from hnp import BUILD, ROLES, SLOW, UNCONFINED, WRAP, free_port, run

FAKE = BUILD / "tests/unit/daemon/fake_role"


@unittest.skipUnless(FAKE.exists(), "fake_role is not built: make check TESTS=")
class Parent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        cls.bin = cls.tmp / "bin"
        cls.bin.mkdir()
        for name in ROLES:
            shutil.copy(FAKE, cls.bin / name)
        for name in ("hanaperd", "hanaper"):
            shutil.copy(BUILD / name, cls.bin / name)
        cls.made = cls.tmp / "made"
        run(cls.bin / "hanaper", "init", "--dir", cls.made)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.tmp, ignore_errors=True)

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ca-", dir=self.tmp)) / "ca"
        shutil.copytree(self.made, self.dir)
        conf = self.dir / "hanaper.yaml"
        text = conf.read_text()
        for port in ("8443", "8080", "9090"):
            text = text.replace(f'["127.0.0.1:{port}"]', f'["127.0.0.1:{free_port()}"]')
        conf.write_text(text)
        self.daemon = None

    def tearDown(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()

    # -- helpers

    def start(self, *options, **env):
        self.log = open(self.dir.parent / "log", "w+b")
        self.daemon = subprocess.Popen(
            [*WRAP, self.bin / "hanaperd", "-f", "--dir", self.dir, *UNCONFINED, *options],
            stdout=subprocess.PIPE, stderr=self.log, env={**os.environ, **env})
        return self

    def ready(self):
        line = self.daemon.stdout.readline().decode()
        self.assertRegex(line, r"^ready api=\S+ http=\S+ metrics=\S+ pid=\d+\n$", self.said())
        return dict(word.split("=") for word in line.split()[1:])

    def said(self):
        if not (self.dir.parent / "log").exists():
            return ""  # it went to a terminal
        # By a descriptor of its own: the place in the file is the daemon's, too, and a line may come just now.
        return (self.dir.parent / "log").read_text()

    def ends(self, status):
        got = self.daemon.wait(20 * SLOW)
        self.daemon.stdout.close()
        self.assertEqual(got, status, self.said())

    def behave(self, role, how):
        (self.dir / f"behave.{role}").write_text(how)

    def fails(self, role, how, *words):
        self.behave(role, how)
        self.start()
        self.ends(1)
        for word in words:
            self.assertIn(word, self.said())
        self.nobody_is_left()

    def nobody_is_left(self):
        out = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True).stdout
        left = [os.readlink(f"/proc/{pid}/exe") for pid in os.listdir("/proc")
                if pid.isdigit() and self.exe(pid).startswith(str(self.bin))]
        self.assertEqual(left, [], out)
        self.assertEqual(sorted(p.name for p in (self.dir / "run").iterdir()), [])

    @staticmethod
    def exe(pid):
        try:
            return os.readlink(f"/proc/{pid}/exe")
        except OSError:
            return ""

    # -- the tests

    def test_when_all_are_ready_it_says_where_and_ends_in_order(self):
        said = self.start("--recover").ready()
        self.assertEqual(int(said["pid"]), self.daemon.pid)
        self.assertEqual((self.dir / "run/hanaperd.pid").read_text(), f"{self.daemon.pid}\n")
        self.assertEqual((self.dir / "run/addresses").read_text().splitlines(),
                         [f"api {said['api']}", f"http {said['http']}",
                          f"metrics {said['metrics']}", f"unix {self.dir}/run/hanaper.sock"])
        for kind in ("api", "http", "metrics"):
            host, port = said[kind].rsplit(":", 1)
            socket.create_connection((host, int(port)), 5).close()
        self.assertEqual((self.dir / "run").stat().st_mode & 0o7777, 0o750)
        self.assertEqual((self.dir / "run/hanaper.sock").stat().st_mode & 0o7777, 0o660)
        self.assertEqual(sorted((self.dir / "saw").read_text().splitlines()),
                         ["core recover 1 kinds 0", "front recover 1 kinds 30",
                          "prober recover 1 kinds 0", "signer recover 1 kinds 0"])
        began = time.monotonic()
        self.daemon.send_signal(signal.SIGTERM)
        self.ends(0)
        self.assertLess(time.monotonic() - began, 5 * SLOW)  # nobody had to be killed, which is after ten
        self.assertEqual((self.dir / "ended").read_text().split("\n")[:4],
                         ["front in order", "core in order", "prober in order",
                          "signer in order"])
        self.nobody_is_left()

    def test_ctrl_c_reaches_all_and_still_all_end_in_order(self):
        self.log = open(self.dir.parent / "log", "w+b")
        self.daemon = subprocess.Popen([self.bin / "hanaperd", "-f", "--dir", self.dir],
                                       stdout=subprocess.PIPE, stderr=self.log,
                                       start_new_session=True)
        self.ready()
        os.killpg(self.daemon.pid, signal.SIGINT)
        self.ends(0)
        self.assertEqual((self.dir / "ended").read_text().count("in order"), 4)

    def test_a_role_that_fails_ends_the_daemon_and_its_own_words_are_given(self):
        for role in ("signer", "prober", "core", "front"):
            with self.subTest(role=role):
                self.setUp()
                self.fails(role, "fail", f'error="{role}: the disk is full"')

    # S82
    def test_a_role_that_crashes_or_exits_ends_the_daemon(self):
        for role in ("signer", "prober", "core", "front"):
            with self.subTest(role=role):
                self.setUp()
                self.fails(role, "crash", f'error="{role}: was ended by signal 6')
                self.setUp()
                self.fails(role, "exit", f'error="{role}: ended with status 3"')

    # S83
    def test_a_role_that_says_what_it_may_not_ends_the_daemon(self):
        self.fails("front", "shout", "front: message 20 (SIGN_CERT) is not for this role")

    def test_a_killed_role_takes_all_with_it(self):
        self.start().ready()
        pids = subprocess.run(["pgrep", "-P", str(self.daemon.pid), "hanaper-core"],
                              capture_output=True, text=True).stdout.split()
        os.kill(int(pids[0]), signal.SIGKILL)
        self.ends(1)
        self.assertIn("core: was ended by signal 9", self.said())
        self.nobody_is_left()

    def test_when_the_parent_is_killed_the_roles_end_too(self):
        self.start().ready()
        self.daemon.kill()
        self.daemon.wait()
        self.daemon.stdout.close()
        end = time.monotonic() + 10 * SLOW
        while any(self.exe(p).startswith(str(self.bin)) for p in os.listdir("/proc")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.start().ready()  # what it left behind is in nobody's way
        self.daemon.terminate()
        self.ends(0)

    def test_a_role_that_does_not_stop_is_killed_after_ten_seconds(self):
        self.behave("core", "hang")
        self.start().ready()
        began = time.monotonic()
        self.daemon.terminate()
        self.ends(1)
        self.assertTrue(9 < time.monotonic() - began < 12 * SLOW)
        self.assertIn("name=core", self.said())
        # The others wait for it; that run/ was there before is no reason either.
        self.assertRegex(self.said(), r'parent ended error="core: did not end in time"\n$')
        self.nobody_is_left()

    def test_it_can_be_stopped_before_it_is_ready(self):
        self.behave("signer", "never")
        self.start()
        end = time.monotonic() + 5 * SLOW
        while not (self.dir / "saw").exists() or (self.dir / "saw").read_text().count("\n") < 3:
            self.assertLess(time.monotonic(), end, self.said())
            time.sleep(0.02)
        self.daemon.terminate()
        self.ends(0)
        self.assertNotIn("ready", self.said())

    def test_two_daemons_never_share_a_directory(self):
        self.start().ready()
        second = run(self.bin / "hanaperd", "-f", "--dir", self.dir, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another hanaperd serves", second.stderr)
        self.assertTrue((self.dir / "run/hanaperd.pid").exists())
        self.daemon.terminate()
        self.ends(0)

    @unittest.skipIf(os.geteuid() != 0, "takes root")
    def test_a_directory_that_may_not_be_looked_into_is_no_missing_one(self):
        for path in (self.tmp, self.dir.parent, self.bin):
            path.chmod(0o755)
        done = run(self.bin / "hanaperd", "-f", "--dir", self.dir, check=False, user=54321, group=54321, extra_groups=[])
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.dir}/hanaper.yaml: Permission denied; run it as root or as the daemon's user", done.stderr)
        self.assertNotIn("no such file", done.stderr)

    def test_a_start_that_fails_removes_nothing_of_the_daemon_that_lives(self):
        self.start().ready()
        there = sorted(p.name for p in (self.dir / "run").iterdir())
        (self.dir / "run/hanaperd.pid").unlink()  # and its lock with it
        second = run(self.bin / "hanaperd", "-f", "--dir", self.dir, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another program listens there", second.stderr)
        self.change(re.search(r"http: (\[.*?\])", (self.dir / "hanaper.yaml").read_text())[1], "[]")
        self.change(re.search(r"metrics: (\[.*?\])", (self.dir / "hanaper.yaml").read_text())[1], "[]")
        self.change(re.search(r"api: (\[.*?\])", (self.dir / "hanaper.yaml").read_text())[1], f'["127.0.0.1:{free_port()}"]')
        second = run(self.bin / "hanaperd", "-f", "--dir", self.dir, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another daemon answers there", second.stderr)
        self.assertEqual(sorted(p.name for p in (self.dir / "run").iterdir()), [n for n in there if n != "hanaperd.pid"])
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.dir / "run/hanaper.sock"))
        self.daemon.terminate()
        self.ends(0)
        self.nobody_is_left()

    def test_a_start_that_fails_removes_no_file_that_it_has_told_to_move(self):
        (self.dir / "run").mkdir(mode=0o750, exist_ok=True)
        (self.dir / "run/hanaper.sock").write_text("mine")
        self.start()
        self.ends(1)
        self.assertIn("is there and no socket; move it", self.said())
        self.assertEqual((self.dir / "run/hanaper.sock").read_text(), "mine")

    # S81
    def test_loose_modes_are_refused_with_the_command_that_mends_them(self):
        for name, mode, mend in ((".", 0o755, "0750"), ("hanaper.yaml", 0o666, "0644"),
                                 ("hanaper.db", 0o644, "0640"), ("journal", 0o777, "0750")):
            path = self.dir / name
            before = path.stat().st_mode & 0o7777
            path.chmod(mode)
            done = run(self.bin / "hanaperd", "-f", "--dir", self.dir, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, re.escape(f"chmod {mend} {path}"[:40]))
            path.chmod(before)

    def test_detached_it_returns_when_it_serves_or_says_why_not(self):
        done = run(self.bin / "hanaperd", "--dir", self.dir)
        self.assertRegex(done.stdout, r"^ready api=\S+ ")
        pid = int((self.dir / "run/hanaperd.pid").read_text())
        self.assertEqual(os.getsid(pid), pid)
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 5 * SLOW
        while (self.dir / "run/hanaperd.pid").exists():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.assertIn(" ready ", (self.dir / "run/hanaperd.log").read_text())
        self.behave("core", "fail")
        self.behave("front", "never")
        done = run(self.bin / "hanaperd", "--dir", self.dir, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("core: the disk is full", done.stderr)

    def test_it_ends_when_its_terminal_hangs_up(self):
        ours, theirs = pty.openpty()
        self.daemon = subprocess.Popen(
            [*WRAP, self.bin / "hanaperd", "-f", "--dir", self.dir, *UNCONFINED], stdin=theirs, stdout=subprocess.PIPE,
            stderr=theirs, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.ready()
        os.close(ours)
        self.ends(0)
        self.nobody_is_left()

    def test_its_roles_end_is_told_though_who_started_it_ignores_such(self):
        self.log = open(self.dir.parent / "log", "w+b")
        self.daemon = subprocess.Popen(
            [*WRAP, self.bin / "hanaperd", "-f", "--dir", self.dir, *UNCONFINED], stdout=subprocess.PIPE,
            stderr=self.log, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.ready()
        began = time.monotonic()
        self.daemon.terminate()
        self.ends(0)
        self.assertLess(time.monotonic() - began, 5 * SLOW)

    # -- another configuration

    def change(self, was, becomes):
        conf = self.dir / "hanaper.yaml"
        conf.write_text(conf.read_text().replace(was, becomes))

    def reload(self, *words, seconds=20):
        mark = len(self.said())
        self.daemon.send_signal(signal.SIGHUP)
        end = time.monotonic() + seconds * SLOW
        while not all(w in self.said()[mark:] for w in words):
            self.assertLess(time.monotonic(), end, self.said()[mark:])
            time.sleep(0.01)

    def test_a_reload_reaches_the_signer_then_the_prober_then_core_then_front(self):
        self.start().ready()
        self.change("interval: 1h", "interval: 2h")
        self.reload('parent reloaded changed=crl')
        self.assertEqual((self.dir / "took").read_text().splitlines(),
                         [f"{r} interval 7200 was 3600" for r in ("signer", "prober", "core", "front")])
        self.reload('parent reloaded changed=""')
        self.change("interval: 2h", "interval: 2 hours")
        self.reload("parent not-reloaded", "hanaper.yaml:")
        self.assertEqual((self.dir / "took").read_text().count("\n"), 4)
        self.daemon.terminate()
        self.ends(0)

    # S89: front listens before the parent has heard that all are ready
    def test_a_reload_that_core_asks_for_during_the_start_is_done_then(self):
        self.behave("core", "ask")
        self.start().ready()
        end = time.monotonic() + 5 * SLOW
        while not (self.dir / "told").exists():
            self.assertLess(time.monotonic(), end, self.said())
            time.sleep(0.01)
        self.assertEqual((self.dir / "told").read_text(), "core reload 7: 0 octets, done\n")
        self.daemon.terminate()
        self.ends(0)

    def test_whom_acme_asks_for_names_is_told_where_the_file_does_not_say_it(self):
        found = re.findall(r"(?m)^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$",
                           pathlib.Path("/etc/resolv.conf").read_text())
        self.start().ready()
        line = next(x for x in self.said().splitlines() if "acme-resolvers" in x)
        for address in found:
            self.assertIn(f"{address}:53", line)
        self.assertIn("/etc/resolv.conf", line)
        self.change("      challenges:", "      resolvers: [10.9.8.7]\n      challenges:")
        self.reload("parent reloaded changed=", "profiles")
        self.assertEqual(self.said().count("acme-resolvers"), 1)
        self.daemon.terminate()
        self.ends(0)

    # S89
    def test_a_reload_that_one_role_does_not_take_in_reaches_none(self):
        self.behave("front", "deaf")
        self.start().ready()
        time.sleep(0.1 * SLOW)
        self.change("interval: 1h", "interval: 2h")
        self.reload("front did not answer to the new configuration in time", seconds=15)
        self.assertFalse((self.dir / "took").exists())
        self.daemon.kill()

    # S89: each step has its own time
    def test_a_role_has_its_time_although_another_took_long_before(self):
        self.start().ready()
        time.sleep(0.1 * SLOW)
        pids = {role: int(run("pgrep", "-P", self.daemon.pid, role).stdout) for role in ("hanaper-front", "hanaper-core")}
        self.change("interval: 1h", "interval: 2h")
        os.kill(pids["hanaper-front"], signal.SIGSTOP)
        self.daemon.send_signal(signal.SIGHUP)
        time.sleep(8)  # of ten that it has to take it in
        os.kill(pids["hanaper-core"], signal.SIGSTOP)
        os.kill(pids["hanaper-front"], signal.SIGCONT)
        time.sleep(3)
        os.kill(pids["hanaper-core"], signal.SIGCONT)
        end = time.monotonic() + 5 * SLOW
        while "parent reloaded changed=crl" not in self.said():
            self.assertLess(time.monotonic(), end, self.said())
            time.sleep(0.01)
        self.daemon.terminate()
        self.ends(0)

    # -- the service manager

    def manager(self, name):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.bind("\0" + name[1:] if name[0] == "@" else name)
        s.settimeout(5 * SLOW)
        return s

    def test_the_service_manager_hears_of_ready_reload_and_stop(self):
        for name in (str(self.dir.parent / "notify"), f"@hnp-{os.getpid()}"):
            with self.subTest(name=name):
                heard = self.manager(name)
                self.start(NOTIFY_SOCKET=name).ready()
                self.assertEqual(heard.recv(4096).decode().splitlines(),
                                 ["READY=1", f"MAINPID={self.daemon.pid}", "STATUS=serves"])
                before = time.monotonic_ns() // 1000
                self.daemon.send_signal(signal.SIGHUP)
                lines = heard.recv(4096).decode().splitlines()
                self.assertEqual(lines[0], "RELOADING=1")
                self.assertGreaterEqual(int(lines[1].removeprefix("MONOTONIC_USEC=")), before)
                self.assertEqual(heard.recv(4096).decode().splitlines()[0], "READY=1")
                self.change("interval:", "intervall:")
                self.daemon.send_signal(signal.SIGHUP)
                self.assertIn("RELOADING=1", heard.recv(4096).decode())
                lines = heard.recv(4096).decode().splitlines()
                self.assertEqual(lines[0], "READY=1")
                self.assertRegex(lines[2], r"STATUS=serves by the configuration before: .*"
                                           r"hanaper.yaml:\d+: .*intervall")
                self.change("intervall:", "interval:")
                self.daemon.terminate()
                self.assertEqual(heard.recv(4096).decode().splitlines()[0], "STOPPING=1")
                self.ends(0)

    def test_the_watchdog_is_fed_while_all_roles_answer_and_no_longer(self):
        heard = self.manager(str(self.dir.parent / "notify"))
        env = {"NOTIFY_SOCKET": str(self.dir.parent / "notify"), "WATCHDOG_USEC": "300000"}
        began = time.monotonic()  # before the first of the six, which may be heard late
        self.start(**env).ready()
        self.assertIn("READY=1", heard.recv(4096).decode())
        for _ in range(6):
            self.assertEqual(heard.recv(4096).decode(), "WATCHDOG=1")
        self.assertTrue(0.5 < time.monotonic() - began < 5 * SLOW)
        self.daemon.terminate()
        self.ends(0)
        # Of another process: nothing is due.
        self.start(**env, WATCHDOG_PID="1").ready()
        while "READY=1" not in heard.recv(4096).decode():
            pass
        heard.settimeout(0.5)
        self.assertRaises(TimeoutError, heard.recv, 4096)
        self.daemon.terminate()
        self.ends(0)

    def test_the_watchdog_starves_when_a_role_hangs(self):
        heard = self.manager(str(self.dir.parent / "notify"))
        self.behave("core", "deaf")
        self.start(NOTIFY_SOCKET=str(self.dir.parent / "notify"), WATCHDOG_USEC="150000").ready()
        time.sleep(0.5 * SLOW)
        heard.settimeout(0)
        fed = 0
        with self.assertRaises(BlockingIOError):
            while True:
                fed += heard.recv(4096) == b"WATCHDOG=1"
        self.assertLess(fed, 5)
        self.daemon.kill()

    def test_a_manager_that_is_gone_or_a_wrong_address_is_no_reason_to_end(self):
        for name in ("/absent/notify", "relative", "/", "@", "/" + 200 * "x"):
            with self.subTest(name=name):
                self.start(NOTIFY_SOCKET=name).ready()
                self.assertIn("not-notified", self.said())
                self.daemon.terminate()
                self.ends(0)

    def test_check_and_usage(self):
        done = run(self.bin / "hanaperd", "--check", "--dir", self.dir)
        self.assertIn("good", done.stdout)
        conf = self.dir / "hanaper.yaml"
        conf.write_text(conf.read_text() + "\nnonsense: 1\n")
        done = run(self.bin / "hanaperd", "--check", "--dir", self.dir, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nonsense", done.stderr)
        first = conf.read_text().replace("nonsense: 1\n", "")
        port = re.search(r'api: \["(127\S+)"', first)[1]
        conf.write_text(re.sub(r'http: \["127\S+"\]', f'http: ["{port}"]', first))
        done = run(self.bin / "hanaperd", "--check", "--dir", self.dir, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"hanaper\.yaml:\d+: listen\.http\[0\]: .* is there twice")
        for args in (["--wrong"], ["extra"]):
            done = run(self.bin / "hanaperd", *args, check=False)
            self.assertEqual(done.returncode, 2)
        self.assertIn("usage:", run(self.bin / "hanaperd", "--help").stdout)
        self.assertIn("hanaperd", run(self.bin / "hanaperd", "--version").stdout)
        done = run(self.bin / "hanaperd", "-f", "--dir", "/absent", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("hanaper init", done.stderr)
