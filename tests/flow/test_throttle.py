# SPDX-License-Identifier: Apache-2.0
"""Limits: a runaway client is told to wait, others are served, the administrator gets through."""
from hnp import FlowTest

SIGN = "/v1/certificates?profile=client"
TEXT = {"Content-Type": "text/plain"}


class Throttle(FlowTest):
    running = False

    def configure(self, limits):
        path = self.ca.dir / "hanaper.yaml"
        text = path.read_text().split("\n# test limits")[0]
        path.write_text(text + f"\n# test limits\nlimits: {limits}\n")
        self.ca.start()
        self.addCleanup(self.ca.stop)
        self.ca.issue("client", "DNS:client.internal", profile="client")
        self.ca.issue("other", "DNS:other.internal", profile="client")

    def sign(self, base):
        return self.ca.ask("POST", SIGN, self.ca.file(base + ".csr").read_bytes(), TEXT,
                           cert=self.ca.file(base + ".crt"), key=self.ca.file(base + ".key"))

    # S32
    def test_writing_requests_of_one_identity(self):
        self.configure("{ rate: 60, burst: 3 }")
        self.assertEqual([self.sign("client").status for _ in range(3)], [201] * 3)
        a = self.sign("client")
        self.problem(a, 429, "rate-limited", "this identity")
        self.assertIn(int(a.headers["Retry-After"]), (1, 2))
        self.assertEqual(self.sign("other").status, 201, "another one is not held back")
        self.assertEqual(self.ca.ask("GET", "/v1/whoami", cert=self.ca.file("client.crt"),
                                     key=self.ca.file("client.key")).status, 200, "reading goes on")
        for _ in range(10):
            self.ca.issue("more", "DNS:more.internal")  # the administrator

    def test_certificates_for_one_set_of_names(self):
        self.configure("{ same_names: 2 }")
        self.assertEqual([self.sign("client").status for _ in range(2)], [201] * 2)
        a = self.sign("client")
        self.problem(a, 429, "rate-limited", "these names")
        self.assertGreater(int(a.headers["Retry-After"]), 60)
        self.assertEqual(self.sign("other").status, 201)

    def test_the_body_may_be_as_large_as_configured(self):
        self.configure("{ body: 2048 }")
        a = self.ca.ask("POST", SIGN, b"x" * 2049, TEXT)
        self.problem(a, 413, "too-large", "2048")
        self.problem(self.ca.ask("POST", SIGN, b"x" * 2048, TEXT), 400, "bad-csr")
