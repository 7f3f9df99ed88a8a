# SPDX-License-Identifier: Apache-2.0
"""What of ACME an old copy of the database may bring back, and what is told of it."""
import shutil

import acme_world
from hnp import BUILD, run

HANAPER = BUILD / "hanaper"
NAME = "localhost"


class Restore(acme_world.AcmeTest):
    def setUp(self):
        super().setUp()
        if self.ca.daemon is None or self.ca.daemon.poll() is not None:
            self.ca.start()

    def ask(self, method, path, body=None):
        answer = self.ca.ask_unix(method, path, body)
        self.assertIn(answer.status, (200, 201, 204), answer)
        return answer.json

    def accounts(self):
        """One that issued, an open order of its, and a key that binds one more account."""
        one = self.client()
        one.certificate(NAME, responder=self.responder)
        order = one.order(NAME)
        self.assertEqual(order.json["status"], "ready", order)
        key = self.ask("POST", "/v1/acme/eab", {"directory": "server", "accounts_max": 2})
        return one, order, key

    def end_them(self, one, key):
        """After the copy; and the signer hears that core has stored what the copy lacks."""
        self.ask("POST", f"/v1/acme/accounts/{one.kid.rsplit('/', 1)[1]}/revoke", {})
        self.ask("DELETE", f"/v1/acme/eab/{key['kid']}")
        self.assertEqual(one.order(NAME).status, 401)
        self.ca.issue("more", "DNS:more.internal")
        self.ca.issue("less", "DNS:less.internal")

    def look(self, one, order, key):
        """The account is back, but not what it had proved."""
        one.close()  # its connection was the other daemon's
        again = one.post(order.headers["Location"])
        self.assertEqual((again.status, again.json["status"]), (200, "invalid"), again)
        anew = one.order(NAME)
        self.assertEqual((anew.status, anew.json["status"]), (201, "pending"), anew)
        listed = {k["kid"]: k["status"] for k in self.ask("GET", "/v1/acme/eab?limit=1000")["keys"]}
        self.assertEqual(listed[key["kid"]], "expired")
        one.certificate(NAME, responder=self.responder)  # who lives on proves anew, by himself

    # S86
    def test_a_copy_put_back_revives_no_authorization_and_tells_of_the_accounts(self):
        ca = self.ca
        one, order, key = self.accounts()
        ca.stop()
        one.close()
        copy = ca.tmp / "yesterday.db"
        shutil.copy(ca.dir / "hanaper.db", copy)
        ca.start()
        self.end_them(one, key)
        ca.stop()
        for name in ("hanaper.db-wal", "hanaper.db-shm"):
            (ca.dir / name).unlink(missing_ok=True)
        shutil.copy(copy, ca.dir / "hanaper.db")
        ca.start("--recover")
        self.assertRegex(ca.said(), r"warn \S+ restored .*object=\"\d+ ACME accounts\".*valid again")
        self.look(one, order, key)
        events = self.ask("GET", "/v1/audit?event=restored")["events"]
        self.assertTrue(any("ACME accounts" in e["object"] for e in events), events)

    # S86
    def test_so_does_restore(self):
        ca = self.ca
        one, order, key = self.accounts()
        archive = ca.tmp / "acme.tar"
        run(HANAPER, "backup", archive, "--dir", ca.dir)
        self.end_them(one, key)
        ca.stop()
        for path in ca.dir.glob("hanaper.db*"):
            path.unlink()
        said = run(HANAPER, "restore", archive, "--dir", ca.dir).stdout
        self.assertRegex(said, r"\d+ ACME accounts? (is|are) valid as in the backup: .*hanaper acme accounts revoke")
        ca.start()
        self.look(one, order, key)
