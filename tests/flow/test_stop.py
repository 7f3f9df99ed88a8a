# SPDX-License-Identifier: Apache-2.0
"""The orderly end: what was accepted is finished, what was not answered took no effect unseen."""
import http.client
import json
import signal
import socket
import threading
import time

from hnp import FlowTest, SLOW


class Stop(FlowTest):
    def client(self, got, csr, begun):
        conn = self.ca.connect()
        try:
            while True:
                conn.request("POST", "/v1/certificates?profile=server", body=csr,
                             headers={"Content-Type": "text/plain"})
                begun.set()
                r = conn.getresponse()
                body = r.read()
                got.append((r.status, body))
                if r.status != 201:
                    return
        except (OSError, http.client.HTTPException) as e:
            got.append((0, repr(e).encode()))
        finally:
            conn.close()

    def test_what_is_in_flight_is_answered_and_stored(self):
        ca = self.ca
        csr = ca.csr("s", "DNS:s.internal")
        for _ in range(3):
            got, begun = [], threading.Event()
            threads = [threading.Thread(target=self.client, args=(got, csr, begun))
                       for _ in range(8)]
            for t in threads:
                t.start()
            begun.wait()
            time.sleep(0.2 * SLOW)
            began = time.monotonic()
            self.assertEqual(ca.stop(), 0, ca.said()[-2000:])
            self.assertLess(time.monotonic() - began, 5 * SLOW)
            for t in threads:
                t.join()
            issued = [b for s, b in got if s == 201]
            self.assertGreater(len(issued), 8)
            # A connection may end between two requests; a half answer is none.
            for status, body in got:
                self.assertIn(status, (0, 201, 503), body)
                if status == 0:
                    self.assertNotIn(b"IncompleteRead", body)
            ca.start()
            serials = {row[0].hex() for row in
                       ca.database().execute("SELECT serial FROM certificate")}
            for body in issued:
                self.assertIn(json.loads(body)["serial"].lstrip("0"),
                              {s.lstrip("0") for s in serials})

    def test_a_request_that_is_half_sent_when_the_end_begins_is_still_answered(self):
        ca = self.ca
        csr = ca.csr("h", "DNS:h.internal")
        with socket.create_connection(("127.0.0.1", ca.api_port), 10 * SLOW) as raw:
            ctx = ca.context(ca.dir / "admin.crt", ca.dir / "admin.key")
            with ctx.wrap_socket(raw, server_hostname="localhost") as s:
                s.sendall(b"POST /v1/certificates?profile=server HTTP/1.1\r\nHost: localhost\r\n"
                          b"Content-Type: text/plain\r\nConnection: close\r\n"
                          b"Content-Length: %d\r\n\r\n" % len(csr) + csr[:100])
                time.sleep(0.2 * SLOW)
                ca.daemon.send_signal(signal.SIGTERM)
                time.sleep(0.3 * SLOW)
                # New ones are not taken any more, or are refused.
                s.sendall(csr[100:])
                answer = b""
                while block := s.recv(65536):
                    answer += block
        self.assertTrue(answer.startswith(b"HTTP/1.1 201"), answer[:500])
        self.assertEqual(ca.wait_end(), 0)
        ca.start()
