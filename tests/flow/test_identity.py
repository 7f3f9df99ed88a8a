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

    # R18, R43
    def test_a_key_that_was_revoked_loses_access_by_its_other_certificates_too(self):
        ca = self.ca
        csr = ca.csr("stolen", "DNS:stolen.internal")
        first, second, third = (ca.ask("POST", "/v1/certificates?profile=" + p, csr, TEXT).json
                                for p in ("server", "peer", "server"))
        ca.file("stolen.crt").write_text(second["chain"])
        connection = ca.connect(*self.who("stolen").values())
        self.assertEqual(ca.ask("GET", "/v1/whoami", connection=connection).status, 200)
        told = ca.revoke(first["serial"], "keyCompromise")
        self.assertEqual((told.status, told.json["same_key"]), (200, [third["serial"], second["serial"]]))
        new = ca.csr("fresh", "DNS:stolen.internal")
        for ask in (("GET", "/v1/whoami"), ("POST", "/v1/renew", new, TEXT)):
            self.problem(ca.ask(*ask, connection=connection), 401, "unauthenticated", "keyCompromise")
            self.problem(ca.ask(*ask, **self.who("stolen")), 401, "unauthenticated", "keyCompromise")
        connection.close()
        ca.stop()
        ca.start()
        self.problem(ca.ask("GET", "/v1/whoami", **self.who("stolen")), 401, "unauthenticated", "keyCompromise")
        self.assertEqual(ca.ask("GET", "/v1/certificates/" + second["serial"]).json["status"], "valid")
        done = run(BUILD / "hanaper", "revoke", third["serial"], "--reason", "keyCompromise", "--dir", ca.dir)
        self.assertRegex(done.stdout, "same key +" + second["serial"])
        self.assertEqual(ca.revoke(second["serial"], "keyCompromise").json["same_key"], [])

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
        self.assertNotIn("same_key", a.json, "it may not read")

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


class Administrators(FlowTest):
    """Who has a certificate by the profile "admin" may do all: it is asked for by those alone."""

    OTHERS = ("server", "client", "peer", "short")
    NAME = "ops.internal"  # one that the other profiles let in, too

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yaml = cls.ca.dir / "hanaper.yaml"
        cls.allow("alice", cls.NAME)

    @classmethod
    def allow(cls, *names):
        """What the file itself says about another administrator, up to "hanaper reload"."""
        text = cls.yaml.read_text()
        told = re.search(r'(# .*"hanaper reload".*\n(?: +#.*\n)*) +dns: \["admin"', text)
        assert told and "hanaper issue NAME --profile admin" in told[1], text
        cls.yaml.write_text(text.replace('dns: ["admin"', 'dns: ["admin", ' + ", ".join(f'"{n}"' for n in names)))
        run(BUILD / "hanaper", "reload", "--dir", cls.ca.dir)

    def rights(self, who):
        a = self.ca.ask("GET", "/v1/whoami", **who)
        self.assertEqual(a.status, 200, a)
        return sorted(a.json["may"]), a.json["profile"]

    def test_a_name_in_the_profile_makes_another_administrator(self):
        ca, base = self.ca, self.ca.file("alice")
        run(BUILD / "hanaper", "issue", "alice", "--profile", "admin", "--out", base, "--dir", ca.dir)
        alice = {"cert": base.with_suffix(".crt"), "key": base.with_suffix(".key")}
        for _ in range(2):
            self.assertEqual(self.rights(alice), (["admin", "issue", "read", "renew", "revoke"], "admin"))
            self.assertEqual(ca.ask("GET", "/v1/certificates", **alice).status, 200)
            self.assertEqual(ca.ask("POST", "/v1/certificates?profile=server", ca.csr("by-alice", "DNS:a.internal"), TEXT,
                                    **alice).status, 201)
            run(BUILD / "hanaper", "renew", alice["cert"], "--now", "--dir", ca.dir)
        self.problem(ca.ask("POST", "/v1/certificates?profile=admin", ca.csr("bob", "DNS:bob"), TEXT), 422, "policy", "alice")

    # R45, S4, S6
    def test_nobody_else_gets_a_certificate_by_the_profile(self):
        ca = self.ca
        csr = ca.csr("wanted", "DNS:" + self.NAME)
        asks = [("/v1/certificates?profile=admin", csr, TEXT),
                ("/v1/certificates", {"profile": "admin", "csr": csr.decode()}, {}),
                ("/v1/tokens", {"profile": "admin", "names": [{"type": "dns", "value": self.NAME}]}, {})]
        callers = {"nobody": ({"cert": None}, 401)}
        for profile in self.OTHERS:  # a server's certificate is no client's
            ca.issue(profile, "DNS:" + self.NAME, profile=profile)
            who = {"cert": ca.file(profile + ".crt"), "key": ca.file(profile + ".key")}
            callers[profile] = (who, 403 if profile in ("client", "peer") else 401)
        for caller, (who, status) in callers.items():
            for path, body, headers in asks:
                with self.subTest(caller=caller, path=path):
                    self.assertEqual(ca.ask("POST", path, body, headers, **who).status, status)

    # R45, S4
    def test_a_renewal_or_a_token_by_another_profile_stays_with_it(self):
        ca = self.ca
        ca.issue("own", "DNS:" + self.NAME, profile="client")
        own = {"cert": ca.file("own.crt"), "key": ca.file("own.key")}
        made = ca.ask_unix("POST", "/v1/tokens", {"profile": "client", "names": [{"type": "dns", "value": self.NAME}], "uses": 9})
        bearer = {"Authorization": "Bearer " + made.json["token"]}
        csr = ca.csr("next", "DNS:" + self.NAME)
        asks = [(path, body, kind) for path in ("/v1/renew", "/v1/renew?profile=admin", "/v1/enroll", "/v1/enroll?profile=admin")
                for body, kind in ((csr, TEXT), ({"csr": csr.decode(), "profile": "admin"}, {}))]
        got = 0
        for path, body, kind in asks:
            with self.subTest(path=path, kind=kind):
                by_token = path.startswith("/v1/enroll")
                a = ca.ask("POST", path, body, {**kind, **(bearer if by_token else {})}, **({"cert": None} if by_token else own))
                self.assertIn(a.status, (201, 400, 422), a)
                if a.status == 201:
                    got += 1
                    ca.file("next.crt").write_text(a.json["chain"])
                    self.assertEqual(self.rights({"cert": ca.file("next.crt"), "key": ca.file("next.key")}),
                                     (["issue", "renew"], "client"))
        self.assertGreaterEqual(got, 2, "without a profile it is done")


class ByAcme(AcmeTest):
    # R45
    def test_the_administrators_profile_has_no_directory_and_is_in_no_order(self):
        c = self.client(register=True)
        self.assertEqual(self.ca.ask("GET", "/acme/admin/directory", cert=None).status, 404)
        a = c.order("a.internal", profile="admin")
        self.assertEqual((a.status, a.json["type"].rsplit(":", 1)[1]), (400, "invalidProfile"), a)

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
