# SPDX-License-Identifier: Apache-2.0
"""Everything that meets in the threads of the signer and of front, at once; for a build with TSan above all.

HNP_THREADS_SECONDS=60: longer than the usual 3.
"""
import json
import os
import signal
import subprocess
import time

from hnp import BUILD, SLOW, FlowTest, run

SECONDS = int(os.environ.get("HNP_THREADS_SECONDS", "3"))
LOAD = {"sign": 24, "ocsp-nonce": 8, "ocsp": 4, "crl": 2}  # mode: connections


class Threads(FlowTest):
    running = False

    def bench(self, mode):
        return subprocess.Popen(
            [BUILD / "hanaper", "bench", f"https://localhost:{self.ca.api_port}", "--dir", self.ca.dir, "--mode", mode,
             "--yes", "--connections", str(LOAD[mode]), "--seconds", str(SECONDS), "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    # R29, S43, S84
    def test_certificates_answers_revocations_lists_and_reloads_at_once(self):
        with open(self.ca.dir / "hanaper.yaml", "a") as conf:
            conf.write("\nlimits: { rate: 0, same_names: 0 }\n")
        self.ca.start()
        serials = [self.ca.issue(f"c{n}", f"DNS:c{n}.internal") for n in range(8)]
        load = {mode: self.bench(mode) for mode in LOAD}
        end = time.monotonic() + SECONDS * SLOW
        for serial in serials:
            if serial != serials[0] and time.monotonic() > end:
                break
            self.assertEqual(self.ca.ocsp(serial), "good")
            self.assertEqual(self.ca.revoke(serial).status, 200)
            for _ in range(3):
                self.assertEqual(self.ca.ocsp(serial), "revoked")
            self.ca.daemon.send_signal(signal.SIGHUP)
        for mode, process in load.items():
            out, err = process.communicate(timeout=120 * SLOW)
            self.assertEqual(process.returncode, 0, f"{mode}: {out} {err}")
            done, = json.loads(out)
            print(f"     {mode}: {done['done']}")
            self.assertEqual((done["wrong"], done["failed"]), (0, 0), done)
            self.assertGreater(done["done"], 0)
        self.assertNotIn("oracle-refused", self.ca.said())
        self.assertEqual(self.ca.stop(), 0)
        run(BUILD / "hanaper", "audit", "verify", "--dir", self.ca.dir)
