# SPDX-License-Identifier: Apache-2.0
"""What a stranger, a refusal, a log and a health check must not tell."""
import base64
import json
import re
import time

from hnp import FlowTest

TEXT = {"Content-Type": "text/plain"}
SIGN = "/v1/certificates?profile=server"


class Silence(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.serial = cls.ca.issue("web", "DNS:web.internal")
        cls.ca.issue("client", "DNS:client.internal", profile="client")

    def client(self):
        return {"cert": self.ca.file("client.crt"), "key": self.ca.file("client.key")}

    def test_a_stranger_cannot_tell_what_exists(self):
        """S72: what is there and what is not get the same answer, to the request's id."""
        for who in ({"cert": None}, self.client()):
            for path in ("/v1/certificates/{}", "/v1/certificates?q={}"):
                answers = []
                for serial in (self.serial, "12" * 20):
                    a = self.ca.ask("GET", path.format(serial), **who)
                    problem = {k: v for k, v in a.json.items() if k != "request_id"}
                    answers.append((a.status, {k: v for k, v in problem.items() if k != "instance"}))
                with self.subTest(who=bool(who.get("cert")), path=path):
                    self.assertIn(answers[0][0], (401, 403))
                    self.assertEqual(*answers)

    def answers_alike(self, ask, *words):
        """What 'ask' gets for each word differs in the word alone; the first of them."""
        told = []
        for word in words:
            a = ask(word)
            text = {k: v for k, v in a.json.items() if k != "request_id"}
            told.append((a.status, json.dumps(text).replace(word, "?")))
        for other in told[1:]:
            self.assertEqual(told[0], other)
        return told[0]

    def test_who_may_not_read_cannot_tell_what_may_be_revoked_or_issued(self):
        """S72: neither whose a serial is, nor which profiles there are, nor what they are like."""
        csr = self.ca.csr("client-2", "DNS:client.internal")

        def revoke(serial):
            return self.ca.revoke(serial, **self.client())

        def issue(profile, path="/v1/certificates?profile="):
            return self.ca.ask("POST", path + profile, csr, TEXT, **self.client())

        status, text = self.answers_alike(revoke, self.serial, "12" * 20)
        self.assertEqual(status, 403)
        self.assertNotIn("server", text)
        status, text = self.answers_alike(issue, "admin", "nothing")
        self.assertEqual(status, 403)
        self.assertIn("client", text, "those that a grant of his is for")
        status, text = self.answers_alike(lambda p: issue(p, "/v1/explain?profile="), "admin", "nothing")
        self.assertEqual(status, 200)
        self.assertIn("grant", text)
        self.assertEqual(issue("client").status, 201)

    def test_lists_need_a_right_to_read(self):
        """R54: every list, with a certificate that may issue and not read."""
        for path in ("/v1/certificates", "/v1/certificates?limit=1", "/v1/certificates?dns=client.internal",
                     f"/v1/certificates/{self.serial}", "/v1/profiles", "/v1/issuers"):
            with self.subTest(path):
                a = self.ca.ask("GET", path, **self.client())
                self.problem(a, 403, "forbidden")
                self.assertNotIn(b"BEGIN CERT", a.body)

    def test_a_refusal_bears_no_result(self):
        """R58: neither a certificate nor where one would be."""
        csr = self.ca.csr("no", "DNS:www.example.com")
        for answer in (
                self.ca.ask("POST", SIGN, csr, TEXT), self.ca.ask("POST", SIGN, b"no CSR", TEXT),
                self.ca.ask("POST", SIGN, csr, TEXT, **self.client()), self.ca.ask("POST", SIGN, csr, TEXT, cert=None),
                self.ca.ask("POST", SIGN, csr, {**TEXT, "Accept": "application/pem-certificate-chain"}),
                self.ca.ask("POST", "/v1/certificates", {"profile": "server", "csr": csr.decode(),
                                                         "validity": "100y"})):
            self.assertGreaterEqual(answer.status, 400)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertNotIn("Location", answer.headers)
            self.assertFalse({"serial", "certificate", "chain"} & set(answer.json), answer)
            self.assertNotIn(b"BEGIN", answer.body)

    def test_revoked_between_two_requests_of_one_connection(self):
        """R57: who asks is judged when the request is, not when the connection was made."""
        serial = self.ca.issue("turn", "DNS:turn.internal", profile="client")
        csr = self.ca.csr("turned", "DNS:turn.internal")
        connection = self.ca.connect(self.ca.file("turn.crt"), self.ca.file("turn.key"))
        path = "/v1/certificates?profile=client"
        self.assertEqual(self.ca.ask("POST", path, csr, TEXT, connection=connection).status, 201)
        self.assertEqual(self.ca.revoke(serial).status, 200)
        a = self.ca.ask("POST", path, csr, TEXT, connection=connection)
        self.problem(a, 401, "unauthenticated", "revoked")
        connection.close()

    def test_kinds_that_nobody_knows(self):
        """R49: of a name, of a body, of a method, of a member: refused, never passed on."""
        csr = self.ca.csr("kind", "DNS:kind.internal").decode()
        good = {"profile": "server", "csr": csr}
        before = len(self.ca.ask("GET", "/v1/certificates?dns=kind.internal").json["certificates"])
        for body in ({**good, "type": "ca"}, {**good, "action": "sign"}, {**good, "names": [{"type": "dn",
                                                                                             "value": "x"}]},
                     {**good, "names": [{"type": 2, "value": "kind.internal"}]}, {"kind": "x"}, []):
            self.assertIn(self.ca.ask("POST", "/v1/certificates", body).status, (400, 422), body)
        for kind in ("application/xml", "application/cms", "application/x-pki-message"):
            self.problem(self.ca.ask("POST", SIGN, csr, {"Content-Type": kind}), 415, "media-type")
        for method in ("PUT", "PATCH", "DELETE", "SIGN", "PROPFIND"):
            self.assertIn(self.ca.ask(method, SIGN, csr, TEXT).status, (400, 405, 501), method)
        after = len(self.ca.ask("GET", "/v1/certificates?dns=kind.internal").json["certificates"])
        self.assertEqual(before, after)

    def test_health_names_nobody(self):
        """S71: on every listener that has it."""
        import http.client
        for path in ("/healthz", "/readyz", "/metrics"):
            for port in (self.ca.metrics_port, self.ca.http_port):
                conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                conn.request("GET", path)
                body = conn.getresponse().read().decode()
                conn.close()
                for word in (self.serial, "web.internal", "client.internal", "admin", "127.0.0.1", str(self.ca.dir)):
                    self.assertNotIn(word, body, path)
        conn = http.client.HTTPConnection("127.0.0.1", self.ca.metrics_port, timeout=30)
        conn.request("GET", "/v1/certificates")
        self.assertEqual(conn.getresponse().status, 404, "no API on the listener of metrics")
        conn.close()

    def test_no_door_is_open_by_default(self):
        """S91: no password, no token, no debug route; what listens is on loopback."""
        for path in ("/debug", "/debug/pprof/", "/admin", "/login", "/console", "/v1/sys/init", "/status", "/config",
                     "/hanaper.yaml", "/v1/debug", "/root.key", "/ca/root.key", "/.git/config", "/server-status"):
            for ask in (self.ca.ask, self.ca.ask_http):
                self.assertIn(ask("GET", path, cert=None).status if ask == self.ca.ask else ask("GET", path).status,
                              (400, 401, 404), path)
        for header in ("Basic YWRtaW46YWRtaW4=", "Basic YWRtaW46", "Bearer root", "Bearer hnp1.x.y"):
            a = self.ca.ask("GET", "/v1/certificates", headers={"Authorization": header}, cert=None)
            self.problem(a, 401, "unauthenticated")
        listening = re.findall(r"listening kind=(\w+) address=(\S+)", self.ca.said())
        self.assertTrue(listening)
        for kind, address in listening:
            self.assertTrue(kind == "unix" or address.startswith(("127.0.0.1:", "[::1]:")), address)

    def test_keys_are_in_no_log_record_or_page(self):
        """R55, S80: not one of their octets, in no form, in no file but their own."""
        ca = self.ca
        time.sleep(0.2)
        secrets = []
        for path in (ca.dir / "root.key", ca.dir / "issuers/main.key", ca.dir / "admin.key"):
            pem = path.read_text()
            body = "".join(line for line in pem.splitlines() if not line.startswith("-"))
            der = base64.b64decode(body)
            # The private scalar: an OCTET STRING of 32 octets, or of 33 that begin with 0.
            scalar = re.search(rb"\x04(?:\x20|\x21\x00)(.{32})", der, re.S)[1]
            secrets.append((path, [scalar, scalar.hex().encode(), scalar.hex().upper().encode(),
                                   base64.b64encode(scalar)[:40], body[:60].encode()]))
        files = [ca.log] + [p for p in ca.dir.rglob("*") if p.is_file()]
        self.assertGreater(len(files), 8)
        for file in files:
            octets = file.read_bytes()
            for own, forms in secrets:
                if file != own:
                    self.assertFalse(any(form in octets for form in forms), f"{own} in {file}")
        for role, pid in ca.role_pids().items():
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    octets = f.read()
                self.assertNotIn(b"PRIVATE", octets, role)
