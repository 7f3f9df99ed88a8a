# SPDX-License-Identifier: Apache-2.0
"""What contrib/setup.sh does to the machine when it installs packages: apt-get and dpkg-query are stand-ins."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from hnp import SLOW, SOURCE

APT = """#!/bin/sh
case " $* " in
*" install "*)
	/usr/sbin/policy-rc.d nginx start && exit 3
	[ $? = 101 ] || exit 4
	touch "$HERE/there"
	[ ! -e "$HERE/slow" ] || exec sleep 60
	;;
esac
"""
DPKG = """#!/bin/sh
[ -e "$HERE/there" ] && echo "install ok installed"
"""


def as_from_a_terminal():
    """What was ignored when a shell began it cannot trap: behind a & that is SIGINT, under nohup SIGHUP."""
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)


def may():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


@unittest.skipUnless(may(), "needs root and mount namespaces")
class Install(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        for name in ("bin", "sbin", "temporary"):
            (self.tmp / name).mkdir()
        for name, text in (("apt-get", APT), ("dpkg-query", DPKG)):
            (self.tmp / "bin" / name).write_text(text)
            (self.tmp / "bin" / name).chmod(0o755)
        self.policy = self.tmp / "sbin/policy-rc.d"

    def begin(self, script):
        """In its own process group, /usr/sbin being ours."""
        setup = 'mount --make-rprivate / && mount --bind "$HERE/sbin" /usr/sbin && '
        run = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", setup + script], cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, preexec_fn=as_from_a_terminal,
            env={"PATH": f"{self.tmp}/bin:/usr/bin:/bin", "HERE": str(self.tmp), "TMPDIR": str(self.tmp / "temporary")})
        self.addCleanup(run.stdout.close)
        self.addCleanup(lambda: run.poll() is None and os.killpg(run.pid, signal.SIGKILL))
        return run

    def end(self, run):
        said, _ = run.communicate(timeout=30 * SLOW)
        return said, run.returncode

    def install(self):
        return self.end(self.begin("sh -ec '. contrib/setup.sh; install_missing build; echo DONE'"))

    def sleeps(self, group):
        """Does apt-get?  Before that a shell may be between two commands, and lose a signal."""
        return subprocess.run(["pgrep", "-x", "-g", str(group), "sleep"], capture_output=True, check=False).returncode == 0

    def interrupted(self, signum, script="exec sh contrib/quickstart"):
        (self.tmp / "slow").touch()
        (self.tmp / "there").unlink(missing_ok=True)
        run = self.begin(script)
        end = time.monotonic() + 20 * SLOW
        while not self.sleeps(run.pid) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertTrue(self.policy.exists(), run.poll())
        os.killpg(run.pid, signum)
        said = self.end(run)
        for name in ("slow", "there"):
            (self.tmp / name).unlink()
        return said

    def test_services_are_held_while_it_installs_and_no_longer(self):
        said, status = self.install()
        self.assertEqual((status, said.splitlines()[-1]), (0, "DONE"), said)
        self.assertTrue((self.tmp / "there").exists())
        self.assertFalse(self.policy.exists())
        (self.tmp / "there").unlink()
        (self.tmp / "bin/apt-get").write_text("#!/bin/sh\ncase \"$*\" in *install*) echo it failed; exit 100;; esac\n")
        said, status = self.install()
        self.assertNotEqual(status, 0)
        self.assertIn("it failed", said)
        self.assertFalse(self.policy.exists())
        self.assertEqual(os.listdir(self.tmp / "temporary"), [])

    def test_interrupted_it_leaves_nothing(self):
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signum.name):
                said, status = self.interrupted(signum)
                self.assertNotEqual(status, 0, said)
                self.assertFalse(self.policy.exists())
                if signum != signal.SIGHUP:
                    self.assertEqual(os.listdir(self.tmp / "temporary"), [])

    def test_what_a_killed_one_left_the_next_takes_away(self):
        for there in (False, True):
            self.interrupted(signal.SIGKILL)
            self.assertTrue(self.policy.exists())
            if there:
                (self.tmp / "there").touch()
            said, status = self.install()
            self.assertEqual((status, said.splitlines()[-1]), (0, "DONE"), said)
            self.assertFalse(self.policy.exists())

    def test_a_policy_of_the_machines_own_stays_as_it_is(self):
        for text in ("#!/bin/sh\nexit 101\n", f"#!/bin/sh\n# of contrib/setup.sh, process {os.getpid()}\nexit 101\n"):
            self.policy.write_text(text)
            self.policy.chmod(0o755)
            said, status = self.install()
            self.assertEqual(status, 0, said)
            self.interrupted(signal.SIGINT, "exec sh -ec '. contrib/setup.sh; install_missing build'")
            self.assertEqual(self.policy.read_text(), text)


if __name__ == "__main__":
    unittest.main()
