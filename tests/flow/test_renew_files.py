# SPDX-License-Identifier: Apache-2.0
"""hanaper renew on files and directories that it must not, or cannot, replace: found before anything is asked."""
import json
import os
import subprocess
import time

import test_renew
from hnp import BUILD, run


class Files(test_renew.RenewFiles):
    def daemon(self):
        return ("--url", f"https://localhost:{self.ca.api_port}", "--cacert", self.ca.dir / "root.crt")

    def issued(self, name):
        """How many certificates there are of it."""
        return len(self.ca.ask("GET", f"/v1/certificates?dns={name}.internal").json["certificates"])


class RenewOneFile(Files):
    # S81
    def test_a_file_that_holds_more_than_certificates_is_never_replaced(self):
        ca = self.ca
        ca.issue("both", "DNS:both.internal")
        cert, key = ca.file("both.crt").read_text(), ca.file("both.key").read_text()
        encrypted = run("openssl", "ec", "-in", ca.file("both.key"), "-aes128", "-passout", "pass:x").stdout
        self.assertIn("Proc-Type", encrypted)
        one, link, twin, other = (ca.file(f"both{end}") for end in (".pem", "-link.key", "-twin.key", ".key"))
        one.touch()
        link.symlink_to(one)
        os.link(one, twin)
        params = "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"
        for text, keys in ((cert + key, (one, link, twin, other)), (key + cert, (one, link, twin)), (cert + encrypted, (other,)),
                           (params + cert, (other,))):
            one.write_text(text)
            for name in keys:
                for options in (("--now",), (), ("--now", "--exec", "true")):
                    done = self.hanaper(one, "--key", name, *options, *self.daemon(), status=1)
                    self.assertEqual(done.events, [])
                    self.assertIn(f"{one} holds more than certificates", done.stderr)
                    self.assertIn("--exec", done.stderr)
                self.assertEqual((one.read_text(), twin.read_text()), (text, text))
        self.assertEqual(self.issued("both"), 1)
        one.write_text(cert)
        self.assertEqual(self.hanaper(one, "--key", other, "--now", *self.daemon()).events, ["renewed"])

        where = self.place("bothdir", "DNS:bothdir.internal")
        with open(where / "cert.pem", "a") as f:
            f.write((where / "key.pem").read_text())
        for options in ((), ("--rekey",)):
            self.assertIn("more than certificates", self.hanaper(where, "--now", *options, status=1).stderr)

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
