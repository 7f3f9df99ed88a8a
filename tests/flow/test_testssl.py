# SPDX-License-Identifier: Apache-2.0
"""The api listener before testssl.sh: protocols, ciphers, certificate, known vulnerabilities."""
import json
import shutil
import subprocess
import unittest

from hnp import SANITIZED, WRAP, FlowTest

# What testssl.sh finds high and is meant so: the listener's certificate lives a week and is renewed by itself at half of that.
MEANT = ("cert_expirationStatus", "cert_notAfter")
# What it could not look at is no finding: its client may close before TLS 1.3's ticket comes, and then has no session to resume; and
# the openssl that it has may know no GOST.
MISSED = {"sessionresumption_ticket": "WARN", "engine_problem": "WARN"}
GOOD = ("OK", "INFO", "LOW")


@unittest.skipIf(SANITIZED or WRAP, "one build is enough")
class Listener(FlowTest):
    def look(self, *what):
        """What it found, by its id, and what it printed."""
        out = self.ca.file("testssl.json")
        out.unlink(missing_ok=True)
        done = subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--add-ca",
                               self.ca.dir / "root.crt", "--jsonfile", out, *what, f"localhost:{self.ca.api_port}"],
                              capture_output=True, text=True, timeout=1200)
        return {f["id"]: f for f in json.loads(out.read_text())}, done.stdout

    # S66
    def test_nothing_above_low(self):
        if not shutil.which("testssl"):
            self.skipTest("testssl.sh is not installed")
        found, said = self.look("--protocols", "--std", "--fs", "--server-defaults", "--vulnerable")
        if found["secure_client_renego"]["severity"] == "HIGH":
            # Its client may have closed before it heard of the refusal; test_attack waits for it.
            found.update(self.look("--renegotiation")[0])
        self.assertGreater(len(found), 60, said[-2000:])
        for what, text in (("SSLv3", "not offered"), ("TLS1", "not offered"), ("TLS1_1", "not offered"), ("TLS1_2", "offered"),
                           ("TLS1_3", "offered")):
            self.assertTrue(found[what]["finding"].startswith(text), found[what])
        worse = [f"{f['severity']} {f['id']}: {f['finding']}" for f in found.values()
                 if f["severity"] not in GOOD and f["id"] not in MEANT and MISSED.get(f["id"]) != f["severity"]]
        self.assertEqual(worse, [])
        print(f"     {len(found)} looks, {sum(f['severity'] == 'LOW' for f in found.values())} of them LOW, none above")
