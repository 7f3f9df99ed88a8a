# SPDX-License-Identifier: Apache-2.0
"""Limits: a runaway client is told to wait, others are served, the administrator gets through."""
import base64
import hashlib
import urllib.parse

from hnp import BUILD, FlowTest, run

SIGN = "/v1/certificates?profile=client"
TEXT = {"Content-Type": "text/plain"}


def same_sum(name, others):
    """Some of the others whose SHA-256, added without carry, begin with the 16 octets of the name's."""
    basis = {}

    def reduced(value, used):
        while value and value.bit_length() in basis:
            more = basis[value.bit_length()]
            value, used = value ^ more[0], used ^ more[1]
        return value, used

    def begin(text):
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    for i, other in enumerate(others):
        value, used = reduced(begin(other), 1 << i)
        if value:
            basis[value.bit_length()] = value, used
    rest, used = reduced(begin(name), 0)
    assert not rest
    return [other for i, other in enumerate(others) if used >> i & 1]


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
        self.configure("{ rate: 1, burst: 3 }")
        self.assertEqual([self.sign("client").status for _ in range(3)], [201] * 3)
        a = self.sign("client")
        self.problem(a, 429, "rate-limited", "this identity")
        self.assertIn(int(a.headers["Retry-After"]), range(20, 62))
        self.assertEqual(self.sign("other").status, 201, "another one is not held back")
        self.assertEqual(self.ca.ask("GET", "/v1/whoami", cert=self.ca.file("client.crt"),
                                     key=self.ca.file("client.key")).status, 200, "reading goes on")
        for _ in range(10):
            self.ca.issue("more", "DNS:more.internal")  # the administrator

    # S32: whoever has stolen it spends its rate
    def test_ones_own_certificate_can_always_be_revoked(self):
        self.configure("{ rate: 1, burst: 3 }")
        own, other = (run("openssl", "x509", "-in", self.ca.file(base + ".leaf.crt"), "-noout", "-serial").stdout.strip()
                      .split("=")[1] for base in ("client", "other"))
        who = {"cert": self.ca.file("client.crt"), "key": self.ca.file("client.key")}
        for status in [201] * 3 + [429] * 3:
            self.assertEqual(self.sign("client").status, status)
        self.problem(self.ca.revoke(other, **who), 429, "rate-limited", "this identity")
        self.problem(self.ca.revoke("none", **who), 429, "rate-limited", "this identity")
        self.problem(self.ca.revoke(own, "no reason", **who), 400, "malformed", "reason must be")
        self.assertEqual(self.ca.revoke(own, "keyCompromise", **who).status, 200)
        self.problem(self.ca.revoke(own, **who), 401, "unauthenticated", "revoked")

    def test_certificates_for_one_set_of_names(self):
        self.configure("{ same_names: 2 }")
        self.assertEqual([self.sign("client").status for _ in range(2)], [201] * 2)
        a = self.sign("client")
        self.problem(a, 429, "rate-limited", "these names")
        self.assertGreater(int(a.headers["Retry-After"]), 60)
        self.assertEqual(self.sign("other").status, 201)

    # S32
    def test_what_is_refused_uses_up_no_certificate(self):
        self.configure("{ same_names: 1 }")
        good = self.ca.file("client.csr").read_bytes()
        der = bytearray(base64.b64decode(b"".join(good.splitlines()[1:-1])))
        der[-1] ^= 1  # the signer alone looks at the signature
        bad = b"-----BEGIN CERTIFICATE REQUEST-----\n%s-----END CERTIFICATE REQUEST-----\n" % base64.encodebytes(der)
        for csr, status in ((bad, 400), (bad, 400), (good, 201), (bad, 429), (good, 429)):
            self.ca.file("client.csr").write_bytes(csr)
            self.assertEqual(self.sign("client").status, status)

    # S32: nobody finds names of his own that count as those of another
    def test_other_names_never_use_up_the_limit_of_these(self):
        self.configure("{ same_names: 1 }")
        ca = self.ca
        with ca.configured("  # Everyone renews", "  - who: { dns: other.internal, profile: client }\n    may: [issue]\n"
                           "    profiles: [client]\n    names: { dns: ['*.other.internal'] }\n  # Everyone renews"):
            names = same_sum("client.internal", [f"x{i}.other.internal" for i in range(140)])
            self.assertLessEqual(len(names), 100)
            who = {"cert": ca.file("other.crt"), "key": ca.file("other.key")}
            body = {"profile": "client", "csr": ca.file("other.csr").read_text(),
                    "names": [{"type": "dns", "value": n} for n in names]}
            self.assertEqual(ca.ask("POST", "/v1/certificates", body, **who).status, 201)
            self.assertEqual(self.sign("client").status, 201)
            body["names"].reverse()
            self.problem(ca.ask("POST", "/v1/certificates", body, **who), 429, "rate-limited", "these names")

    # S32
    def test_enrolments_from_one_address_and_by_one_token(self):
        self.configure("{ rate: 1, burst: 3 }")
        ca = self.ca
        token = ca.ask("POST", "/v1/tokens", {"profile": "server", "names": [
            {"type": "dns", "value": "many.internal"}], "uses": 9}).json["token"]
        csr = ca.csr("many", "DNS:many.internal")

        def enroll(ask, text):
            return ask("POST", "/v1/enroll", csr, {**TEXT, "Authorization": "Bearer " + text})

        for _ in range(3):
            self.problem(enroll(ca.ask, "hnp1.no.token"), 401, "token-unknown")
        for text in ("hnp1.no.token", token):
            a = enroll(ca.ask, text)
            self.problem(a, 429, "rate-limited", "this address")
            self.assertIn(int(a.headers["Retry-After"]), range(20, 62))
        ca.issue("more", "DNS:more.internal")  # the administrator, from there too
        # The socket has no address; the token is counted wherever it comes from.
        self.assertEqual([enroll(ca.ask_unix, token).status for _ in range(3)], [201] * 3)
        a = enroll(ca.ask_unix, token)
        self.problem(a, 429, "rate-limited", "this token")
        self.assertIn(int(a.headers["Retry-After"]), range(20, 62))
        self.problem(enroll(ca.ask_unix, "hnp1.no.token"), 401, "token-unknown")

    def test_the_body_may_be_as_large_as_configured(self):
        self.configure("{ body: 2048 }")
        a = self.ca.ask("POST", SIGN, b"x" * 2049, TEXT)
        self.problem(a, 413, "too-large", "2048")
        self.problem(self.ca.ask("POST", SIGN, b"x" * 2048, TEXT), 400, "bad-csr")


class Once(FlowTest):
    """Idempotency-Key: the same request again gives the same certificate."""

    def sign(self, csr, key, profile="server", **kw):
        return self.ca.ask("POST", f"/v1/certificates?profile={profile}", csr,
                           {**TEXT, "Idempotency-Key": key}, **kw)

    def count(self):
        db = self.ca.database()
        try:
            return db.execute("SELECT count(*) FROM certificate").fetchone()[0]
        finally:
            db.close()

    def test_the_same_request_gives_the_same_certificate(self):
        ca = self.ca
        csr = ca.csr("once", "DNS:once.internal")
        before = self.count()
        first = self.sign(csr, "a-1")
        self.assertEqual(first.status, 201, first)
        again = self.sign(csr, "a-1")
        self.assertEqual((again.status, again.json), (201, first.json))
        self.assertEqual(again.headers["Location"], first.headers["Location"])
        self.assertEqual(self.count(), before + 1)
        ca.stop()
        ca.start()  # it outlives a restart
        before = self.count()
        self.assertEqual(self.sign(csr, "a-1").json, first.json)
        self.assertNotEqual(self.sign(csr, "a-2").json["serial"], first.json["serial"])
        self.assertNotEqual(self.sign(csr, "a-3").json["serial"], first.json["serial"])
        self.problem(self.sign(ca.csr("two", "DNS:two.internal"), "a-1"), 409, "conflict", "another request")
        self.assertEqual(self.count(), before + 2)

    # A client that asks again over an upgrade is not to hear that it asked for something else
    def test_what_a_key_stands_for_is_kept_as_it_was_in_any_version(self):
        ca = self.ca
        csr = ca.csr("any", "DNS:any.internal")
        first = self.sign(csr, "a-any").json
        db = ca.database()
        try:
            kept = db.execute("SELECT request FROM once WHERE serial = ?", (bytes.fromhex(first["serial"]),)).fetchone()
        finally:
            db.close()
        self.assertEqual(kept[0], hashlib.sha256(b"profile=server\0" + csr).digest())

    def test_a_key_counts_for_its_caller_alone(self):
        ca = self.ca
        ca.issue("client", "DNS:client.internal", profile="client")
        csr = ca.file("client.csr").read_bytes()
        mine = self.sign(csr, "b-1", profile="client")
        other = ca.ask(
            "POST", SIGN, csr, {**TEXT, "Idempotency-Key": "b-1"}, cert=ca.file("client.crt"),
            key=ca.file("client.key"))
        self.assertEqual((mine.status, other.status), (201, 201))
        self.assertNotEqual(mine.json["serial"], other.json["serial"])

    def test_parallel_ones_make_one_certificate(self):
        import threading
        csr = self.ca.csr("race", "DNS:race.internal")
        before, answers = self.count(), []
        threads = [threading.Thread(target=lambda: answers.append(self.sign(csr, "c-1"))) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(self.count(), before + 1)
        serials = {a.json["serial"] for a in answers if a.status == 201}
        self.assertEqual(len(serials), 1)
        for a in answers:
            if a.status != 201:
                self.problem(a, 409, "conflict", "being answered")
                self.assertEqual(a.headers["Retry-After"], "1")

    def test_a_refusal_is_not_remembered_and_a_bad_key_is_refused(self):
        csr = self.ca.csr("bad", "DNS:www.example.com")
        self.problem(self.sign(csr, "d-1"), 422, "policy")
        self.problem(self.sign(csr, "d-1"), 422, "policy")
        for key in ("x" * 65, "a b", "\u00e9"):
            self.problem(self.sign(csr, key.encode("latin-1")), 400, "malformed", "idempotency-key")


class OnceAndTheIssuer(FlowTest):
    """The same request again, when the configuration names other issuers than before."""

    running = False
    MAIN = "  - name: main\n    certificate: issuers/main.crt\n    key: issuers/main.key\n"

    def sign(self, csr):
        return self.ca.ask_unix("POST", "/v1/certificates?profile=server", csr, {**TEXT, "Idempotency-Key": "k1"})

    def restart(self, yaml):
        self.ca.stop()
        (self.ca.dir / "hanaper.yaml").write_text(yaml)
        self.ca.start()

    # R89
    def test_the_chain_is_that_of_the_certificate_or_there_is_none(self):
        ca = self.ca
        ca.start()
        csr = ca.csr("once", "DNS:once.internal")
        first = self.sign(csr)
        self.assertEqual(first.status, 201, first)
        place = first.headers["Location"]
        admins = ca.ask("POST", SIGN, csr, {**TEXT, "Idempotency-Key": "k2"}).json
        leaf = ca.ask_unix("GET", place).json["certificate"]
        ca.stop()
        rotate = run(BUILD / "hanaper", "rotate", "--dir", ca.dir)
        yaml = (ca.dir / "hanaper.yaml").read_text()
        self.assertIn(self.MAIN, yaml, rotate)

        self.restart(yaml)
        self.assertEqual(self.sign(csr).json, first.json, "the one before is still there")
        again = ca.ask("POST", SIGN, csr, {**TEXT, "Idempotency-Key": "k2"})
        self.assertEqual(again.json, admins, "what its caller is called has changed, not who it is")
        # It has another name.
        self.restart(yaml.replace(self.MAIN, self.MAIN.replace("name: main", "name: former")))
        again = self.sign(csr)
        self.assertEqual((again.status, again.json["chain"]), (201, first.json["chain"]))
        # It is gone; it is gone, and another has its name.
        gone = yaml.replace(self.MAIN, "")
        for text in (gone, gone.replace("name: main-2\n", "name: main\n").replace("issuer: main-2\n", "issuer: main\n")):
            self.restart(text)
            again = self.sign(csr)
            self.problem(again, 409, "conflict", "Idempotency-Key", first.json["serial"], "issuer")
            got = ca.ask_unix("GET", place)
            self.assertEqual((got.status, got.json["chain"]), (200, leaf), "of its own issuer, or of none")


class TwoIssuers(FlowTest):
    running = False
    configure, sign = Throttle.configure, Throttle.sign

    # R46: two holders of one name, of whom each issuer knows one
    def test_one_name_under_two_issuers_is_two_identities(self):
        ca = self.ca
        self.configure("{ rate: 1, burst: 3 }")
        ca.stop()
        run(BUILD / "hanaper", "rotate", "--dir", ca.dir)
        ca.start()
        ca.issue("second", "DNS:client.internal", profile="client")
        names = {}
        for base in ("client", "second"):
            who = {"cert": ca.file(base + ".crt"), "key": ca.file(base + ".key")}
            names[base] = ca.ask("GET", "/v1/whoami", **who).json["identity"]
            self.assertEqual([self.sign(base).status for _ in range(3)], [201] * 3)
            self.problem(self.sign(base), 429, "rate-limited", "this identity")
        self.assertEqual(names, {"client": "cert:client.internal (main)", "second": "cert:client.internal (main-2)"})
        for identity in names.values():
            events = ca.ask("GET", "/v1/audit?event=issued&identity=" + urllib.parse.quote(identity)).json["events"]
            self.assertEqual(len(events), 3)
