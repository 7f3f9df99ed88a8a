# SPDX-License-Identifier: Apache-2.0
"""A hostile client: whatever it sends, the daemon lives, and others are served."""
import contextlib
import re
import resource
import socket
import ssl
import time

from hnp import SLOW, FlowTest, run

TEXT = {"Content-Type": "text/plain"}


def evil_rsa(ca, name):
    """NAME.key, NAME.crt: a private exponent of 17 bits, so that the public one is as long as the modulus."""
    text = run("openssl", "rsa", "-in", ca.file(name + ".good"), "-noout", "-text").stdout

    def number(field):
        return int(re.sub(r"[\s:]", "", re.search(field + r":\n((?:    .*\n)+)", text)[1]), 16)

    p, q, d = number("prime1"), number("prime2"), 65537
    members = {"v": 0, "n": p * q, "e": pow(d, -1, (p - 1) * (q - 1)), "d": d, "p": p, "q": q,
               "dp": d % (p - 1), "dq": d % (q - 1), "qi": pow(q, -1, p)}
    ca.file("asn1.cnf").write_text("asn1=SEQUENCE:k\n[k]\n" + "".join(
        f"{k}=INTEGER:{v}\n" for k, v in members.items()))
    run("openssl", "asn1parse", "-genconf", ca.file("asn1.cnf"), "-noout", "-out", ca.file("key.der"))
    run("openssl", "rsa", "-inform", "DER", "-in", ca.file("key.der"), "-out", ca.file(name + ".key"))
    run("openssl", "req", "-new", "-x509", "-key", ca.file(name + ".key"), "-subj", "/CN=admin",
        "-days", "2", "-out", ca.file(name + ".crt"))


class Attack(FlowTest):
    def tearDown(self):
        self.assertIsNone(self.ca.daemon.poll(), self.ca.said()[-2000:])
        self.assertEqual(self.ca.ask("GET", "/v1/whoami").status, 200)

    def test_a_caller_with_a_very_long_name_ends_nobody(self):
        """The signer takes a requester of 1 KiB; a SPIFFE ID may have two."""
        uri = "spiffe://example.internal/" + "a" * 1900
        serial = self.ca.issue("long", "URI:" + uri, profile="spiffe")
        mine = {"cert": self.ca.file("long.crt"), "key": self.ca.file("long.key")}
        who = self.ca.ask("GET", "/v1/whoami", **mine).json
        self.assertEqual(who["names"], [{"type": "uri", "value": uri}])
        self.assertLess(len(who["identity"]), 600)
        self.assertIn(serial, who["identity"])
        self.assertEqual(self.ca.revoke(serial, **mine).status, 200)
        self.assertEqual(self.ca.ocsp(serial), "revoked")

    # R16, S67
    def test_a_client_key_that_is_dear_to_verify_is_refused_before(self):
        run("openssl", "genrsa", "-out", self.ca.file("evil.good"), "2048")
        evil_rsa(self.ca, "evil")
        context = self.ca.context(self.ca.file("evil.crt"), self.ca.file("evil.key"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.maximum_version = version
            with self.subTest(version), self.assertRaises(OSError):
                with socket.create_connection(("127.0.0.1", self.ca.api_port), 10) as s:
                    with context.wrap_socket(s, server_hostname="localhost") as tls:
                        tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        if not tls.recv(100):
                            raise ConnectionResetError

    # R8, R84
    def test_what_a_client_writes_stays_text_in_the_log(self):
        """Neither a control character of ISO 6429's 8 bit form nor one that turns the writing around."""
        csr = self.ca.csr("log", "DNS:log.internal").decode()
        bad = "\u009b31m\u202e\u2028\n2026-01-01T00:00:00Z info core issued"
        good = {"profile": "server", "csr": csr}
        for body in ({**good, bad: 1}, {**good, "metadata": {bad: 1}}, {**good, "profile": bad}):
            a = self.ca.ask("POST", "/v1/certificates", body)
            self.assertIn(a.status, (400, 422), a)
            self.assertTrue(a.json["detail"], a)
        for text in ("%9b31m", "%ff", "%c2%9b", "%e2%80%ae", "%0a"):
            self.problem(self.ca.ask("GET", f"/v1/certificates?{text}=1"), 400, "malformed", "query")
            if text == "%0a":
                continue
            p = self.problem(self.ca.ask("POST", f"/v1/certificates?profile={text}", csr, TEXT), 422, "policy",
                             "profile")
            self.assertEqual(p["violations"][0]["rule"], "profile", p)
        said = self.ca.said().encode("utf-8", "surrogateescape")
        self.assertTrue(all(c < 0x7f and (c >= 0x20 or c == 0x0a) for c in said),
                        [c for c in said if c >= 0x7f])
        self.assertNotRegex(said, rb"(?m)^2026-01-01T")

    def test_a_query_beside_json_is_refused(self):
        csr = self.ca.csr("query", "DNS:query.internal").decode()
        a = self.ca.ask("POST", "/v1/certificates?profile=client", {"profile": "server", "csr": csr})
        self.problem(a, 400, "malformed", "profile")

    # S61, S62, R82
    def test_idle_connections_do_not_keep_others_out(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
        for port, n, ask in ((self.ca.api_port, 1100, lambda: self.ca.ask("GET", "/healthz")),
                             (self.ca.http_port, 4300, lambda: self.ca.ask_http("GET", "/crl/main.crl"))):
            with self.subTest(connections=n), contextlib.ExitStack() as idle:
                for _ in range(n):
                    idle.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                began = time.monotonic()
                self.assertEqual(ask().status, 200)
                self.assertLess(time.monotonic() - began, 5 * SLOW)
