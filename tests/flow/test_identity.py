# SPDX-License-Identifier: Apache-2.0
"""Who may do what: certificates of every wrong kind, every route, every role."""
import socket
import time

from hnp import BUILD, SLOW, FlowTest, run


class Identity(FlowTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.ca
        cls.client_serial = ca.issue("client", "DNS:client.internal", profile="client")
        ca.issue("server", "DNS:server.internal")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", ca.file("alien.key"), "-out", ca.file("alien.crt"), "-subj", "/CN=admin",
            "-addext", "extendedKeyUsage=clientAuth", "-addext", "subjectAltName=DNS:admin")

    def who(self, base):
        return {"cert": self.ca.file(base + ".crt"), "key": self.ca.file(base + ".key")}

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
            with socket.create_connection(("127.0.0.1", ca.api_port), timeout=10 * SLOW) as plain, \
                    tls.wrap_socket(plain, server_hostname="localhost", session=session) as s:
                s.sendall(b"GET /v1/whoami HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b"".join(iter(lambda: s.recv(4096), b""))
                session = s.session
                met.append((s.session_reused, answer.split()[1]))
            if len(met) == 2:
                self.assertEqual(ca.revoke(serial).status, 200)
        self.assertEqual(met, [(False, b"200"), (True, b"200"), (True, b"401")])
        self.assertIn(b"revoked", answer)

    # S4, S5, S6, R45: the whole square of routes and roles
    def test_every_route_with_every_role(self):
        ca = self.ca
        other = ca.issue("other", "DNS:other.internal")
        own = ca.csr("own", "DNS:client.internal")
        foreign = ca.csr("foreign", "DNS:foreign.internal")
        text = {"Content-Type": "text/plain"}
        square = [
            # method, path, body, no certificate, a client's certificate, the administrator
            ("GET", "/v1/certificates", None, 401, 403, 200),
            ("GET", f"/v1/certificates/{other}", None, 401, 403, 200),
            ("GET", "/v1/profiles", None, 401, 403, 200),
            ("GET", "/v1/issuers", None, 401, 403, 200),
            ("GET", "/v1/whoami", None, 401, 200, 200),
            ("POST", "/v1/certificates?profile=client", own, 401, 201, 201),
            ("POST", "/v1/certificates?profile=client", foreign, 401, 403, 201),
            ("POST", "/v1/certificates?profile=admin", own, 401, 403, 422),
            ("POST", f"/v1/certificates/{other}/revoke", None, 401, 403, 200),
            ("GET", "/healthz", None, 200, 200, 200),
            ("GET", "/readyz", None, 200, 200, 200),
            ("GET", "/ca/roots.pem", None, 200, 200, 200),
        ]
        for method, path, body, *expected in square:
            for role, status in zip(({"cert": None}, self.who("client"), {}), expected):
                with self.subTest(method=method, path=path, role=role):
                    self.assertEqual(ca.ask(method, path, body, text if body else {},
                                            **role).status, status)

    # S6, R54: lists and the administration are of all profiles
    def test_a_grant_of_some_profiles_opens_no_list(self):
        ca = self.ca
        conf = ca.dir / "hanaper.yaml"
        good = conf.read_text()
        grant = "\ngrants:\n  - who: { cn: client.internal }\n    may: [%s]\n    profiles: [server]\n    names: any\n"

        def reload(grants, check=True):
            conf.write_text(good.replace("\ngrants:\n", grants, 1))
            return run(BUILD / "hanaper", "reload", "--dir", ca.dir, check=check)

        def status(*asked):
            return ca.ask(*asked, **self.who("client")).status

        self.addCleanup(reload, "\ngrants:\n")
        for right in ("read", "admin"):
            with self.subTest(right):
                done = reload(grant % f"issue, {right}", check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f'"{right}" is of all profiles: write a grant of its own for it', done.stderr)
                self.assertEqual(status("GET", "/v1/certificates"), 403)
        reload(grant % "issue" + "  - who: { cn: client.internal }\n    may: [read]\n")
        csr, text = ca.csr("narrow", "DNS:narrow.internal"), {"Content-Type": "text/plain"}
        self.assertEqual(status("POST", "/v1/certificates?profile=server", csr, text), 201)
        self.assertEqual(status("POST", "/v1/certificates?profile=short", csr, text), 403)
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
