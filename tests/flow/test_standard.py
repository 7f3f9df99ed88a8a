# SPDX-License-Identifier: Apache-2.0
"""Started without standard input, output or error, as by a careless script or service: nothing takes their numbers."""
import os
import signal
import socket
import subprocess
import time
import unittest

from hnp import BUILD, CA, SLOW, UNCONFINED, WRAP, run, wait_gone

CLOSED = ("<&-", ">&-", "2>&-")


def without(closed, *args, **more):
    """Runs it with these closed, as a shell writes it."""
    return run("sh", "-c", f'exec "$@" {" ".join(closed)}', "sh", *args, **more)


@unittest.skipIf(WRAP, "wrapped")
class Standard(unittest.TestCase):
    def setUp(self):
        self.ca = CA()
        self.addCleanup(self.ca.close)
        self.pid = 0
        self.addCleanup(self.end)

    # -- a daemon that nobody reads

    def await_serving(self):
        end = time.monotonic() + 15 * SLOW
        while not (self.ca.dir / "run/addresses").exists():
            self.assertLess(time.monotonic(), end, "it does not serve")
            time.sleep(0.01)
        self.pid = int((self.ca.dir / "run/hanaperd.pid").read_text())

    def processes(self):
        out = run("ps", "-o", "pid=", "--ppid", self.pid).stdout.split()
        return [self.pid, *map(int, out)]

    def end(self):
        if self.pid:
            pids, self.pid = self.processes(), 0
            os.kill(pids[0], signal.SIGTERM)
            if self.ca.daemon:
                self.ca.wait_end()
            wait_gone(pids, 15)

    def look(self, closed):
        """What was closed leads nowhere, in each process; and it serves, alone."""
        for pid in self.processes():
            for fd, how in enumerate(CLOSED):
                if how in closed:
                    self.assertEqual(os.readlink(f"/proc/{pid}/fd/{fd}"), "/dev/null", (pid, fd))
        self.assertEqual(self.ca.ask("GET", "/healthz", cert=None).status, 200)
        self.assertEqual(self.ca.ask_unix("GET", "/healthz").status, 200)
        second = run(BUILD / "hanaperd", "-f", "--dir", self.ca.dir, *UNCONFINED, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another hanaperd serves", second.stderr)

    # the log went over the journal's lock and segments
    def test_in_the_foreground(self):
        self.ca.start(wait=False, wrap=("sh", "-c", f'exec "$@" {" ".join(CLOSED)}', "sh"))
        self.await_serving()
        self.look(CLOSED)
        self.ca.issue("a", "DNS:a.internal")
        self.end()
        self.ca.start()
        self.ca.issue("b", "DNS:b.internal")

    # its listener, its lock or who waited for it was lost
    def test_in_the_background(self):
        for closed in (CLOSED, CLOSED[:1], CLOSED[2:]):
            with self.subTest(closed=closed):
                done = without(closed, BUILD / "hanaperd", "--dir", self.ca.dir, check=False)
                self.await_serving()
                self.assertEqual(done.returncode, 0, done.stderr)
                if ">&-" not in closed:
                    self.assertIn("ready api=", done.stdout)
                self.look(CLOSED[:2])
                log = os.readlink(f"/proc/{self.pid}/fd/2")
                self.assertEqual(log, str(self.ca.dir / "run/hanaperd.log"))
                self.end()

    def test_a_command(self):
        """It waits for an answer, so that it can be looked at; that its output is lost it tells as before."""
        (self.ca.dir / "run").mkdir(mode=0o750, exist_ok=True)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(self.ca.dir / "run/hanaper.sock"))
            s.listen()
            command = subprocess.Popen(["sh", "-c", f'exec "$@" {" ".join(CLOSED)}', "sh", BUILD / "hanaper", "whoami",
                                        "--dir", self.ca.dir])
            s.settimeout(15 * SLOW)
            c, _ = s.accept()
            for fd in range(3):
                self.assertEqual(os.readlink(f"/proc/{command.pid}/fd/{fd}"), "/dev/null", fd)
            c.close()
            self.assertNotEqual(command.wait(15 * SLOW), 0)
        self.assertEqual(without((">&-",), BUILD / "hanaper", "version", check=False).returncode, 1)


if __name__ == "__main__":
    unittest.main()
