# SPDX-License-Identifier: Apache-2.0
"""A journal in which core has once had a revocation that no CRL shows."""
import time

import journal
from hnp import BUILD, SLOW, FlowTest, run

HANAPER = BUILD / "hanaper"
KEY_COMPROMISE = 1


class Lied(FlowTest):
    def listed(self, serial):
        return serial.upper().lstrip("0") in self.ca.crl_text()

    def verify(self, status, *words):
        done = run(HANAPER, "audit", "verify", "--dir", self.ca.dir, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout)

    # S84, S87, R27
    def test_what_was_kept_off_all_lists_is_told_and_comes_back_when_it_is_revoked_again(self):
        ca, at = self.ca, int(time.time())
        serial, other = ca.issue("lied", "DNS:lied.internal"), ca.issue("other", "DNS:other.internal")
        ca.stop()
        journal.append(ca.dir / "journal", journal.REVOCATION, at,
                       [journal.revocation("main", bytes.fromhex(serial), 1, at, KEY_COMPROMISE)])
        ca.start()
        self.assertEqual(ca.ocsp(serial), "revoked")
        self.assertEqual(ca.revoke(other).status, 200)
        self.wait_listed(other)
        self.assertFalse(self.listed(serial))
        self.verify(1, serial, "it is on no CRL any more from 1970-01-01T00:00:01Z on", "revoke it again")
        again = ca.revoke(serial, "superseded")
        self.assertEqual(again.status, 200, again)
        self.assertEqual(again.json["reason"], "keyCompromise", "it is not lowered")
        self.wait_listed(serial)
        self.verify(0)
        self.problem(ca.revoke(serial, "superseded"), 409, "already-revoked", "keyCompromise")
        ca.stop()
        ca.start()
        self.assertTrue(self.listed(serial))
        self.assertNotIn("oracle-refused", ca.said())

    def wait_listed(self, serial):
        end = time.monotonic() + 15 * SLOW
        while not self.listed(serial):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
