# SPDX-License-Identifier: Apache-2.0
"""Who may do what: certificates of every wrong kind, every route, every role."""
import re
import time

from acme_case import AcmeTest
from acme_client import make_csr
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hnp import BUILD, SOURCE, FlowTest, run

TEXT = {"Content-Type": "text/plain"}


def gated_routes():
    """{(method, path): gate} of what is not open to all, as the product's own table has it."""
    table = (SOURCE / "include/tbl/routes.h").read_text()
    rows = re.findall(r'(?m)^ROUTE\("(\w+)", +"([^"]+)", +[^,]+, +(GATE_\w+),', table)
    assert len(rows) == table.count("\nROUTE("), rows
    return {(method, path): gate for method, path, gate in rows if gate != "GATE_OPEN"}


class Identity(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.ca
        cls.client_serial = ca.issue("client", "DNS:client.internal", profile="client")
        cls.conf = (ca.dir / "hanaper.yaml").read_text()
        ca.issue("server", "DNS:server.internal")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", ca.file("alien.key"), "-out", ca.file("alien.crt"), "-subj", "/CN=admin",
            "-addext", "extendedKeyUsage=clientAuth", "-addext", "subjectAltName=DNS:admin")

    def who(self, base):
        return {"cert": self.ca.file(base + ".crt"), "key": self.ca.file(base + ".key")}

    def reload(self, grants, check=True):
        """With these in front of its own."""
        (self.ca.dir / "hanaper.yaml").write_text(self.conf.replace("\ngrants:\n", "\ngrants:\n" + grants, 1))
        return run(BUILD / "hanaper", "reload", "--dir", self.ca.dir, check=check)

    # R44, R46
    def test_certificates_that_do_not_count(self):
        ca = self.ca
        self.problem(ca.ask("GET", "/v1/whoami", cert=None), 401, "unauthenticated", "certificate")
        self.problem(ca.ask("GET", "/v1/whoami", **self.who("alien")), 401, "unauthenticated")
        self.problem(ca.ask("GET", "/v1/whoami", **self.who("server")), 401, "unauthenticated")
        self.assertEqual(ca.ask("GET", "/v1/whoami", **self.who("client")).status, 200)

    def test_an_expired_one(self):
        ca = self.ca
        csr = ca.csr("short", "DNS:short.internal").decode()
        a = ca.ask("POST", "/v1/certificates", {"profile": "client", "csr": csr, "validity": "2s"})
        self.assertEqual(a.status, 201, a)
        ca.file("short.crt").write_text(a.json["chain"])
        time.sleep(3.1)
        self.problem(ca.ask("GET", "/v1/whoami", **self.who("short")), 401, "unauthenticated", "expired")

    # R43
    def test_a_revoked_one_loses_access_at_once_on_an_open_connection_too(self):
        ca = self.ca
        serial = ca.issue("gone", "DNS:gone.internal", profile="client")
        connection = ca.connect(*self.who("gone").values())
        self.assertEqual(ca.ask("GET", "/v1/whoami", connection=connection).status, 200)
        self.assertEqual(ca.revoke(serial).status, 200)
        self.problem(ca.ask("GET", "/v1/whoami", connection=connection), 401, "unauthenticated", "revoked")
        self.problem(ca.ask("GET", "/v1/whoami", **self.who("gone")), 401, "unauthenticated", "revoked")
        connection.close()

    # R43: a ticket bears the certificate; what became of it since is asked each time
    def test_a_revoked_one_loses_access_in_a_resumed_session_too(self):
        ca = self.ca
        serial = ca.issue("ticket", "DNS:ticket.internal", profile="client")
        tls = ca.context(*self.who("ticket").values())
        session, met = None, []
        for _ in range(3):
            session, again, answer = ca.resume(tls, session)
            met.append((again, answer.split()[1]))
            if len(met) == 2:
                self.assertEqual(ca.revoke(serial).status, 200)
        self.assertEqual(met, [(False, b"200"), (True, b"200"), (True, b"401")])
        self.assertIn(b"revoked", answer)

    # S4, S5, S6, R45, R54: the whole square of routes and roles
    def test_every_route_with_every_role(self):
        ca = self.ca
        other = ca.issue("other", "DNS:other.internal")
        own = ca.csr("own", "DNS:client.internal")
        foreign = ca.csr("foreign", "DNS:foreign.internal")
        ca.issue("reader", "DNS:reader.internal", profile="client")
        self.addCleanup(self.reload, "")
        self.reload("  - who: { cn: reader.internal }\n    may: [read]\n")
        square = [
            # method, path, body, no certificate, a client's certificate, a reader's, the administrator
            ("GET", "/v1/certificates", None, 401, 403, 200, 200),
            ("GET", f"/v1/certificates/{other}", None, 401, 403, 200, 200),
            ("GET", "/v1/profiles", None, 401, 403, 200, 200),
            ("GET", "/v1/issuers", None, 401, 403, 200, 200),
            ("GET", "/v1/audit", None, 401, 403, 200, 200),
            ("GET", "/v1/stats", None, 401, 403, 200, 200),
            ("GET", "/v1/whoami", None, 401, 200, 200, 200),
            ("POST", "/v1/certificates?profile=client", own, 401, 201, 403, 201),
            ("POST", "/v1/certificates?profile=client", foreign, 401, 403, 403, 201),
            ("POST", "/v1/certificates?profile=admin", own, 401, 403, 403, 422),
            ("POST", "/v1/explain?profile=client", own, 401, 200, 200, 200),
            ("POST", "/v1/renew", own, 401, 201, 422, 422),
            ("POST", "/v1/renewals", {}, 401, 403, 403, 400),
            ("POST", f"/v1/certificates/{other}/revoke", None, 401, 403, 403, 200),
            ("POST", "/v1/issuers/main/revoke", {}, 404, 404, 404, 404),  # by the local socket alone
            ("POST", "/v1/tokens", {}, 401, 403, 403, 400),
            ("GET", "/v1/tokens", None, 401, 403, 403, 200),
            ("DELETE", "/v1/tokens/none", None, 401, 403, 403, 400),
            ("POST", "/v1/acme/eab", {}, 401, 403, 403, 400),
            ("GET", "/v1/acme/eab", None, 401, 403, 403, 200),
            ("DELETE", "/v1/acme/eab/none", None, 401, 403, 403, 404),
            ("GET", "/v1/acme/accounts", None, 401, 403, 200, 200),
            ("POST", "/v1/acme/accounts/none/revoke", {}, 401, 403, 403, 404),
            ("GET", "/v1/acme/orders", None, 401, 403, 200, 200),
            ("GET", "/v1/acme/attempts", None, 401, 403, 403, 200),
            ("POST", "/v1/acme/test", {}, 401, 403, 403, 400),
            ("POST", "/v1/reload", {}, 401, 403, 403, 200),
            ("GET", "/healthz", None, 200, 200, 200, 200),
            ("GET", "/readyz", None, 200, 200, 200, 200),
            ("GET", "/ca/roots.pem", None, 200, 200, 200, 200),
        ]
        for method, path in gated_routes():
            asked = re.compile(re.sub(r":\w+", "[^/]+", path) + r"(\?.*)?")
            self.assertTrue(any(row[0] == method and asked.fullmatch(row[1]) for row in square), (method, path))
        for method, path, body, *expected in square:
            for role, status in zip(({"cert": None}, self.who("client"), self.who("reader"), {}), expected):
                with self.subTest(method=method, path=path, role=role):
                    self.assertEqual(ca.ask(method, path, body, TEXT if isinstance(body, bytes) else {},
                                            **role).status, status)

    # S6, R54: lists and the administration are of all profiles
    def test_a_grant_of_some_profiles_opens_no_list(self):
        ca = self.ca
        grant = "  - who: { cn: client.internal }\n    may: [%s]\n    profiles: [server]\n    names: any\n"

        def status(*asked):
            return ca.ask(*asked, **self.who("client")).status

        self.addCleanup(self.reload, "")
        for right in ("read", "admin"):
            with self.subTest(right):
                done = self.reload(grant % f"issue, {right}", check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f'"{right}" is of all profiles: write a grant of its own for it', done.stderr)
                self.assertEqual(status("GET", "/v1/certificates"), 403)
        self.reload(grant % "issue" + "  - who: { cn: client.internal }\n    may: [read]\n")
        csr = ca.csr("narrow", "DNS:narrow.internal")
        self.assertEqual(status("POST", "/v1/certificates?profile=server", csr, TEXT), 201)
        self.assertEqual(status("POST", "/v1/certificates?profile=short", csr, TEXT), 403)
        self.assertEqual(status("GET", "/v1/certificates"), 200)
        self.assertEqual(status("GET", "/v1/tokens"), 403)

    def test_ones_own_certificate_may_be_revoked_without_a_grant(self):
        ca = self.ca
        serial = ca.issue("mine", "DNS:mine.internal", profile="client")
        self.problem(ca.revoke(serial, **self.who("client")), 403, "forbidden")
        a = ca.revoke(serial, "keyCompromise", **self.who("mine"))
        self.assertEqual(a.status, 200, a)

    # R40
    def test_a_ca_certificate_is_not_revoked_by_the_leaf_route(self):
        ca = self.ca
        serial = run("openssl", "x509", "-in", ca.issuers_pem(), "-noout",
                     "-serial").stdout.strip().split("=")[1]
        self.problem(ca.revoke(serial), 403, "forbidden", "CA certificate")

    # R48
    def test_identity_headers_are_ignored(self):
        headers = {"X-SSL-Client-S-DN": "CN=admin", "X-Forwarded-For": "127.0.0.1",
                   "X-Tls-Client-Cert": "admin", "Authorization": "Bearer admin"}
        self.problem(self.ca.ask("GET", "/v1/certificates", headers=headers, cert=None), 401,
                     "unauthenticated")


class ByAcme(AcmeTest):
    # R45
    def test_what_acme_issued_opens_nothing_that_needs_a_right(self):
        c = self.client(register=True)
        key = ec.generate_private_key(ec.SECP256R1())
        chain = c.certificate("127.0.0.1", responder=self.responder, csr=make_csr(["127.0.0.1"], key))
        crt, key_file = self.ca.file("acme.crt"), self.ca.file("acme.key")
        crt.write_text(chain)
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.assertEqual(self.ca.ask("GET", "/v1/whoami", cert=crt, key=key_file).status, 200)
        asked = [row for row, gate in gated_routes().items() if gate in ("GATE_READ", "GATE_ADMIN")]
        self.assertGreater(len(asked), 15)
        for method, path in asked:
            with self.subTest(method=method, path=path):
                a = self.ca.ask(method, re.sub(r":\w+", "1", path), {} if method == "POST" else None, cert=crt,
                                key=key_file)
                self.assertEqual(a.status, 404 if path == "/v1/issuers/:name/revoke" else 403, a)
