# SPDX-License-Identifier: Apache-2.0
"""What is long, but not too long for one process, must not end the next: the limits between roles."""
import http.client
import json
import socket
import ssl
import subprocess
import unittest

from hnp import CA, SLOW


def tlv(tag, body):
    n = len(body)
    octets = bytes([n]) if n < 128 else n.to_bytes((n.bit_length() + 7) // 8, "big")
    length = octets if n < 128 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + length + body


def ocsp_request(hashes, serials):
    sha1 = tlv(0x30, tlv(0x06, bytes.fromhex("2b0e03021a")))
    ids = (tlv(0x30, sha1 + tlv(4, hashes[0]) + tlv(4, hashes[1]) + tlv(2, s)) for s in serials)
    return tlv(0x30, tlv(0x30, tlv(0x30, b"".join(tlv(0x30, i) for i in ids))))


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ca = CA().start()

    @classmethod
    def tearDownClass(cls):
        cls.ca.close()

    def lives(self):
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        self.assertEqual(self.ca.ask("GET", "/v1/whoami").status, 200)

    # S64, R82
    def test_a_header_of_any_length_never_ends_the_daemon(self):
        for name in ("Accept", "Content-Type", "Authorization", "Idempotency-Key", "X-Other"):
            for octets in (5000, 9000, 20000, 40000, 70000):
                with self.subTest(name=name, octets=octets):
                    try:
                        a = self.ca.ask("GET", "/v1/whoami", headers={name: "a" * octets})
                        self.assertLess(a.status, 500)
                    except (OSError, http.client.HTTPException):
                        pass  # closed on who sends so much
                    self.lives()

    def whole(self, tls, octets):
        """Sends a request; the status of its answer, which is whole."""
        with socket.create_connection(
                ("127.0.0.1", self.ca.api_port if tls else self.ca.http_port), timeout=10 * SLOW) as s:
            if tls:
                s = self.tls.wrap_socket(s)
            s.sendall(octets)
            a = http.client.HTTPResponse(s)
            a.begin()
            body = a.read()
            a.close()
            s.close()
        if a.getheader("Content-Type") == "application/problem+json":
            self.assertEqual(json.loads(body)["status"], a.status)
        return a.status

    # R82: where the memory of a connection ends, an answer has room nevertheless
    def test_a_head_of_every_length_gets_a_whole_answer(self):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        shapes = {
            "a query": (lambda n: ("?" + "q" * n, "")),
            "parameters": (lambda n: ("?" + ("a&" * n)[:n], "")),
            "a path": (lambda n: ("/" + "p" * n, "")),
            "a header": (lambda n: ("", "X-Other: " + "h" * n + "\r\n")),
            "headers": (lambda n: ("", "a:b\r\n" * (n // 32)))}
        for tls, memory in ((False, 8192), (True, 16384)):
            near = set(range(memory - 700, memory + 100, 9))
            for name, shape in shapes.items():
                seen = set()
                for n in sorted({100, 300, 3000, *range(7000, 20001, 500), *near}):
                    target, headers = shape(n)
                    with self.subTest(tls=tls, what=name, octets=n):
                        status = self.whole(tls, (f"GET /healthz{target} HTTP/1.1\r\nHost: localhost\r\n"
                                                  f"{headers}\r\n").encode())
                        self.assertIn(status, (200, 404, 414, 431))
                        if n <= 3000:
                            self.assertIn(status, (200, 404))
                        if n > memory:
                            self.assertIn(status, (414, 431))
                        seen.add(status)
                self.assertEqual(414 in seen, "header" not in name, (name, seen))
        self.lives()

    # R82, RFC 9112 3, RFC 6585 5
    def test_what_is_too_long_is_told_as_a_problem(self):
        for ask, target, header, status, kind in (
                (self.ca.ask, 8300, 0, 414, "target-too-long"),
                (self.ca.ask, 0, 15800, 431, "head-too-large"),
                (self.ca.ask_http, 7500, 0, 414, "target-too-long"),
                (self.ca.ask_http, 0, 7500, 431, "head-too-large")):
            with self.subTest(target=target, header=header):
                a = ask("GET", "/healthz?" + "q" * target, headers={"X-Other": "h" * header})
                self.assertEqual((a.status, a.json["type"]),
                                 (status, "urn:hanaper:problem:" + kind))
                self.assertEqual(a.headers["X-Request-Id"], a.json["request_id"])
        self.lives()

    # R82
    def test_a_head_over_plain_http_is_half_as_long_at_most(self):
        for path in ("/healthz", "/crl/main.crl", "/ocsp/" + "A" * 2000):
            for octets, passes in ((4000, True), (9000, False), (70000, False)):
                with self.subTest(path=path[:20], octets=octets):
                    try:
                        a = self.ca.ask_http("GET", path, headers={"X-Other": "a" * octets})
                        self.assertEqual(a.status != 431, passes)
                        self.assertLess(a.status, 500)
                    except (OSError, http.client.HTTPException):
                        self.assertFalse(passes)  # closed on who sends so much
                    self.lives()

    def hashes(self):
        out = subprocess.run(["openssl", "x509", "-noout", "-ocspid", "-in",
                              str(self.ca.dir / "issuers/main.crt")],
                             capture_output=True, text=True, check=True).stdout
        return [bytes.fromhex(line.split(": ")[1]) for line in out.splitlines() if ": " in line]

    # R87
    def test_an_ocsp_request_of_any_shape_never_ends_the_daemon(self):
        serials = [[b"\1" * n] for n in (1, 20, 21, 100, 1000, 1100, 8000, 15000, 16400)]
        serials += [[b"\0"], [b"\x80"], [b"\xff" * 500]]
        serials += [[b"\1" * 20] * n for n in (2, 32, 33, 100)] + [[b"\1" * 440] * 32]
        for some in serials:
            with self.subTest(octets=len(some[0]), count=len(some)):
                conn = http.client.HTTPConnection("127.0.0.1", self.ca.http_port,
                                                  timeout=10 * SLOW)
                conn.request("POST", "/ocsp", ocsp_request(self.hashes(), some),
                             {"Content-Type": "application/ocsp-request"})
                self.assertLess(conn.getresponse().status, 500)
                conn.close()
                self.lives()
