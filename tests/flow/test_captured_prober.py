# SPDX-License-Identifier: Apache-2.0
"""A prober that was taken over and says nothing at all (what it may say wrongly: test_captured)."""
import http.client
import json
import threading
import time

import acme_client
from hnp import SLOW
from test_captured import Rows, but, once

LATE = 23  # seconds: 20 for the prober, 3 more for its answer


class Liar(Rows):
    around = ("prober",)

    # R69, S83: no row of what speaks against it is no proof
    def test_what_was_not_proved_is_valid_for_nobody(self):
        self.start(prober=once("PROBED", but(code=0, proved=0, detail=b"", seen=b"")))
        self.ca.wait_ready()
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
        self.assertEqual(client.register().status, 201)
        order = client.order("localhost")
        challenge, _ = client.challenge(order.json["authorizations"][0])
        try:
            self.assertNotEqual(client.post(challenge["url"], {}).json["status"], "valid")
        except (OSError, http.client.HTTPException):
            pass  # it ends
        client.close()
        self.ends("PROBED: good, and the challenge is not proved")
        self.serves()


class Silent(Rows):
    around = ("prober",)

    # S32, S83: what waits for it would fill core's memory, and nobody would hear why
    def test_who_waits_for_it_is_told_and_it_is_asked_again(self):
        self.start(prober=lambda f: [] if f.type == "PROBE" else None)
        self.ca.wait_ready()
        tested = []
        body = json.dumps({"profile": "server", "name": "localhost", "challenge": "http-01"}).encode()
        asking = threading.Thread(target=lambda: tested.append(
            self.ca.ask("POST", "/v1/acme/test", body, {"Content-Type": "application/json"})))
        began = time.monotonic()
        asking.start()
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt")
        self.assertEqual(client.register().status, 201)
        order = client.order("localhost")
        self.assertEqual(order.status, 201, order)
        challenge, _ = client.challenge(order.json["authorizations"][0])
        self.assertEqual(client.post(challenge["url"], {}).json["status"], "processing")
        asking.join(2 * LATE * SLOW)
        took = time.monotonic() - began
        self.assertEqual((tested[0].status, tested[0].json["result"], tested[0].json["detail"]),
                         (200, "unavailable", "the prober does not answer"), tested)
        self.assertGreater(took, LATE - 1)
        self.assertLess(took, (LATE + 6) * SLOW)
        token = challenge["token"].encode()
        asked = [0]

        def again(frame):
            if frame.type == "PROBE" and frame.fields["token"] == token:
                asked[0] += 1
            return asked[0] == 2
        self.assertIsNotNone(self.ca.at["prober"].heard(again))
        client.close()
        self.serves()
