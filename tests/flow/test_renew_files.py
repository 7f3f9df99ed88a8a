# SPDX-License-Identifier: Apache-2.0
"""hanaper renew on files and directories that it must not, or cannot, replace: found before anything is asked."""
import json
import subprocess
import time

import test_renew
from hnp import BUILD


class Files(test_renew.RenewFiles):
    def daemon(self):
        return ("--url", f"https://localhost:{self.ca.api_port}", "--cacert", self.ca.dir / "root.crt")

    def issued(self, name):
        """How many certificates there are of it."""
        return len(self.ca.ask("GET", f"/v1/certificates?dns={name}.internal").json["certificates"])


class RenewOneFile(Files):
    def test_a_short_life_behind_a_long_backdate_is_not_renewed_without_a_pause(self):
        """The profile backdates by five minutes: most of the life has passed when it begins."""
        ca = self.ca
        ca.issue("backdated", "DNS:backdated.internal", profile="peer")
        cert = ca.file("backdated.crt")
        args = (cert, *self.daemon(), "--validity", "12s")
        begin = time.monotonic()
        self.assertEqual(self.hanaper(*args, "--now").events, ["renewed"])
        note = json.loads(ca.file(".backdated.crt.hanaper.json").read_text())
        self.assertEqual((note["serial"], note["exec_pending"]), (self.serial_of(cert), False))
        if time.monotonic() - begin < 5:
            self.assertEqual(self.hanaper(*args).events, ["not-due"])
        daemon = subprocess.Popen([BUILD / "hanaper", "renew", *map(str, args), "--daemon", "--json"], stdout=subprocess.PIPE, text=True, cwd="/",
                                  env={"PATH": "/usr/bin:/bin"})
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        events = [json.loads(daemon.stdout.readline()) for _ in range(2)]
        self.assertEqual([e["event"] for e in events], ["waiting", "renewed"])
        self.assertGreater(time.monotonic() - begin, 6, "two thirds of what it lives")
        self.assertLess(events[0]["due"], events[0]["not_after"])
        self.assertEqual(self.issued("backdated"), 3)
