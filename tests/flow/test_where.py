# SPDX-License-Identifier: Apache-2.0
"""Which CA directory is meant, and what is said where it is none, half of one, or a service's."""
import os
import subprocess
import unittest

from hnp import BUILD, FlowTest, run

# A machine that has nothing in /etc and /var/lib, for as long as the commands run.
BARE = "mount -t tmpfs -o mode=755 tmpfs /etc; mount -t tmpfs -o mode=755 tmpfs /var/lib; "


def bare_machine():
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "sh", "-ec", BARE], capture_output=True, check=False).returncode == 0


@unittest.skipUnless(bare_machine(), "needs root, and namespaces")
class Service(FlowTest):
    """hanaper.yaml in /etc/hanaper, all else in /var/lib/hanaper."""

    running = False
    # What init --system makes, for the user that there is.
    LAID_OUT = ("mkdir /etc/hanaper; cp -a {ca} /var/lib/hanaper; rm /var/lib/hanaper/hanaper.yaml; "
                "(echo dir: /var/lib/hanaper; cat {ca}/hanaper.yaml) > /etc/hanaper/hanaper.yaml; ")

    def machine(self, script):
        script = (BARE + script).format(ca=self.ca.dir)
        env = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "HANAPER_DIR": ""}
        return run("unshare", "--mount", "sh", "-ec", script, cwd=self.ca.tmp, env=env)

    def test_doctor_names_the_journal_of_the_service(self):
        done = self.machine(self.LAID_OUT + "hanaper doctor || true")
        self.assertIn("see journalctl -u hanaper for why it ended, and start it", done.stdout)


if __name__ == "__main__":
    unittest.main()
