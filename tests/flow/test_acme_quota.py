# SPDX-License-Identifier: Apache-2.0
"""An external account's quota holds against orders that are finalized at the same moment."""
import threading
import unittest

import acme_client
from acme_client import b64, make_csr
import acme_world


class Quota(acme_world.AcmeTest):
    # A83, A122
    def test_orders_that_race_for_the_last_certificates(self):
        made = self.ca.ask_unix("POST", "/v1/acme/eab", {
            "directory": "server", "names": ["localhost"], "certificates_max": 3, "accounts_max": 8})
        self.assertEqual(made.status, 201, made)
        ready = []
        for _ in range(8):
            client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
            self.addCleanup(client.close)
            answer = client.register(externalAccountBinding=client.binding(
                made.json["kid"], made.json["hmac_key"]))
            self.assertEqual(answer.status, 201, answer)
            order = client.order("localhost")
            challenge, _ = client.challenge(order.json["authorizations"][0])
            self.responder.tokens[challenge["token"]] = client.key_authorization(challenge["token"])
            self.assertEqual(client.post(challenge["url"], {}).json["status"], "valid")
            url = order.json["finalize"]
            ready.append((client, url, client.jws(client.protected(url, nonce=client.nonce()),
                                                  {"csr": b64(make_csr(["localhost"]))})))
        answers = []
        threads = [threading.Thread(target=lambda c, u, j: answers.append(c.send(u, j)), args=item) for item in ready]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(a.status for a in answers), [200] * 3 + [429] * 5, answers)
        self.assertEqual({a.headers["Retry-After"] for a in answers if a.status == 429}, {"86400"})
        with self.ca.database() as db:
            n, = db.execute("SELECT certificates_n FROM acme_eab").fetchone()
            issued, = db.execute("SELECT count(*) FROM certificate WHERE requester LIKE 'acme:%'").fetchone()
        self.assertEqual((n, issued), (3, 3))


if __name__ == "__main__":
    unittest.main()
